//! Cleanup also deletes what an endpoint creates or keeps wrongly.

use iamspec_conformance::endpoint::Namespace;
use iamspec_conformance::response::FailureKind;
use iamspec_conformance::script::parse::parse;
use iamspec_conformance::{Endpoint, Reference, Report, Response, Suite};
use iamspec_model::{AttachmentKind, Item, Operation, Resource, ResourceKind, User};

const USER: User = User(0);
const GROUP: Resource = Resource { kind: ResourceKind::Group, item: Item(0) };

/// The reference with overridden responses. The function may change the account first.
struct Override<F>(Reference, F);

impl<F: FnMut(&mut Reference, &Operation) -> Option<Response>> Endpoint for Override<F> {
    fn enter_new_namespace(&mut self) -> Namespace {
        self.0.enter_new_namespace()
    }

    fn enter_namespace(&mut self, space: Namespace) {
        self.0.enter_namespace(space);
    }

    fn execute(&mut self, op: &Operation) -> Response {
        (self.1)(&mut self.0, op).unwrap_or_else(|| self.0.execute(op))
    }

    fn assign_symbol(&mut self, kind: AttachmentKind, name: &str) -> Item {
        self.0.assign_symbol(kind, name)
    }
}

fn run(script: &str, endpoint: &mut dyn Endpoint) -> Report {
    let script = parse("test", script).ok();
    assert!(script.is_some(), "the script is invalid");
    Suite::new(script.into_iter().collect()).run(endpoint, &mut |_| (), &|| false)
}

fn refused(code: &str) -> Response {
    Response::Refused { http: 409, code: code.to_owned(), message: None }
}

#[test]
fn a_device_that_was_created_twice_is_deleted_twice() {
    let mut devices = 0;
    let mut endpoint = Override(Reference::default(), |_: &mut Reference, op: &Operation| {
        match op {
            Operation::CreateResource(it) if it.kind == ResourceKind::Device => devices += 1,
            Operation::DeleteResource(it) if it.kind == ResourceKind::Device => devices -= 1,
            _ => return None,
        }
        Some(Response::SUCCESS)
    });
    let script = "# Two devices.\nCreateVirtualMFADevice d0\nCreateVirtualMFADevice d0\n";
    let report = run(script, &mut endpoint);
    assert!(report.not_deleted.is_empty(), "{:?}", report.not_deleted);
    drop(endpoint);
    assert_eq!(devices, 0);
}

#[test]
fn a_user_that_was_created_although_the_call_was_refused_is_deleted() {
    let mut endpoint =
        Override(Reference::default(), |reference: &mut Reference, op: &Operation| {
            let Operation::CreateUser(..) = op else { return None };
            reference.execute(op);
            Some(refused("ConcurrentUpdate"))
        });
    let report = run("# A user.\nCreateUser u0\n", &mut endpoint);
    assert!(report.not_deleted.is_empty() && endpoint.0.is_empty(), "{:?}", report.not_deleted);
}

#[test]
fn an_access_key_that_was_created_although_the_call_was_refused_is_deleted_with_its_user() {
    let mut endpoint =
        Override(Reference::default(), |reference: &mut Reference, op: &Operation| {
            let Operation::Issue(..) = op else { return None };
            reference.execute(op);
            Some(refused("ConcurrentUpdate"))
        });
    let report = run("# A key.\nCreateUser u0\nCreateAccessKey u0 key#0\n", &mut endpoint);
    assert!(report.not_deleted.is_empty() && endpoint.0.is_empty(), "{:?}", report.not_deleted);
}

#[test]
fn a_membership_of_a_deleted_user_is_removed_by_creating_the_user_again() {
    let (mut user_exists, mut is_member) = (false, false);
    let mut endpoint = Override(Reference::default(), |_: &mut Reference, op: &Operation| {
        match *op {
            Operation::CreateUser(USER, _) => user_exists = true,
            // The user is deleted with its membership, which stays.
            Operation::DeleteUser(USER) => user_exists = false,
            Operation::Attach(USER, AttachmentKind::GroupMembership, _) => is_member = true,
            Operation::Detach(USER, AttachmentKind::GroupMembership, _) if !user_exists => {
                return Some(refused("NoSuchEntity"));
            }
            Operation::Detach(USER, AttachmentKind::GroupMembership, _) => is_member = false,
            Operation::DeleteResource(GROUP) if is_member => {
                return Some(refused("DeleteConflict"));
            }
            _ => return None,
        }
        Some(Response::SUCCESS)
    });
    let script = "# A group.\nCreateGroup g0\nCreateUser u0\nAddUserToGroup u0 g0\nDeleteUser u0\n";
    let report = run(script, &mut endpoint);
    assert!(report.not_deleted.is_empty(), "{:?}", report.not_deleted);
    drop(endpoint);
    assert!(!is_member && !user_exists);
}

fn is_untagging(op: &Operation) -> bool {
    matches!(op, Operation::Detach(_, AttachmentKind::Tag, _))
}

/// The run and the cleanup of a user with a tag on an endpoint that responds to its deletion in this way until the tag is gone.
fn calls_of_cleanup(until_untagged: Option<&Response>) -> (Report, Vec<Operation>) {
    let mut calls = Vec::new();
    let mut endpoint = Override(Reference::default(), |_: &mut Reference, op: &Operation| {
        calls.push(*op);
        let is_untagged = calls.iter().any(is_untagging);
        let is_deletion = matches!(op, Operation::DeleteUser(_));
        until_untagged.filter(|_| is_deletion && !is_untagged).cloned()
    });
    let report = run("# A tag.\nCreateUser u0\nTagUser u0 t0\n", &mut endpoint);
    drop(endpoint);
    (report, calls)
}

#[test]
fn tags_are_removed_only_if_their_user_cannot_be_deleted() {
    let (report, calls) = calls_of_cleanup(None);
    assert!(report.not_deleted.is_empty(), "{:?}", report.not_deleted);
    assert!(calls.contains(&Operation::DeleteUser(USER)), "{calls:?}");
    assert!(!calls.iter().any(is_untagging), "{calls:?}");
    let crash = Response::failed(FailureKind::Crash, "HTTP 500".to_owned());
    for response in [refused("DeleteConflict"), refused("ConcurrentModification"), crash] {
        let (report, calls) = calls_of_cleanup(Some(&response));
        assert!(report.not_deleted.is_empty(), "{:?}", report.not_deleted);
        assert_eq!(calls.iter().filter(|it| is_untagging(it)).count(), 1, "{calls:?}");
    }
}

#[test]
fn versions_are_deleted_although_their_listing_is_not_readable() {
    let mut endpoint =
        Override(Reference::default(), |reference: &mut Reference, op: &Operation| {
            let is_unreadable =
                matches!(op, Operation::AddSubResource(..) | Operation::ListSubResources(..));
            is_unreadable.then(|| {
                reference.execute(op);
                Response::SUCCESS
            })
        });
    let report = run("# A version.\nCreatePolicy p0\nCreatePolicyVersion p0\n", &mut endpoint);
    assert!(report.not_deleted.is_empty(), "{:?}", report.not_deleted);
}
