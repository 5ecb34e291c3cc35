//! The invariants suite: each invariant holds on the reference, and each detects a violation.

use iamspec_conformance::endpoint::Namespace;
use iamspec_conformance::invariants::{INVARIANTS, check, scripts};
use iamspec_conformance::response::FailureKind;
use iamspec_conformance::runner::observe::ObserveMode;
use iamspec_conformance::{Endpoint, Mutant, Reference, Report, Response, Suite};
use iamspec_model::{AttachmentKind, Item, Operation};

fn run(endpoint: &mut dyn Endpoint) -> Report {
    Suite::new(scripts()).with_observe_mode(ObserveMode::Off).run(endpoint, &mut |_| (), &|| false)
}

/// The ids of the violated invariants.
fn violated(endpoint: &mut dyn Endpoint) -> Vec<&'static str> {
    let report = run(endpoint);
    let results = check(&report.script_runs);
    results.iter().filter(|it| !it.violations.is_empty()).map(|it| it.invariant.id).collect()
}

#[test]
fn every_invariant_is_tested_and_holds_on_the_reference() {
    let report = run(&mut Reference::default());
    for it in check(&report.script_runs) {
        assert!(it.tested > 0 && it.violations.is_empty(), "{}", it.invariant.id);
    }
}

/// Hides a deleted user instead of deleting it, and shows it with its attachments when a user of
/// the same name is created.
#[derive(Default)]
struct HidesDeletedUsers {
    inner: Reference,
    hidden: bool,
}

impl Endpoint for HidesDeletedUsers {
    fn enter_new_namespace(&mut self) -> Namespace {
        self.hidden = false;
        self.inner.enter_new_namespace()
    }

    fn enter_namespace(&mut self, space: Namespace) {
        self.inner.enter_namespace(space);
    }

    fn execute(&mut self, op: &Operation) -> Response {
        match op {
            Operation::DeleteUser(_) => self.hidden = true,
            Operation::CreateUser(..) if self.hidden => self.hidden = false,
            _ if self.hidden => {
                let (http, code) = (404, "NoSuchEntity".to_owned());
                return Response::Refused { http, code, message: None };
            }
            op => return self.inner.execute(op),
        }
        Response::SUCCESS
    }

    fn assign_symbol(&mut self, kind: AttachmentKind, name: &str) -> Item {
        self.inner.assign_symbol(kind, name)
    }
}

#[test]
fn every_invariant_detects_a_violation() {
    let mutants = [
        ("use-after-delete", "CreateAccessKey/no-such-user is forgotten"),
        ("rename-carries-everything", "UpdateUser/carried-out loses every access key"),
        ("refusal-changes-nothing", "DeleteUser/holds-access-key is refused and done"),
        ("both-sides-agree", "ListGroupsForUser/carried-out shows nothing"),
        ("list-and-get-agree", "ListSSHPublicKeys/carried-out shows nothing"),
        ("detach-twice", "DeleteAccessKey/carried-out does nothing"),
        ("one-device-one-user", "EnableMFADevice/held-by-another is forgotten"),
    ];
    let mut covered = vec!["resurrection"];
    assert!(violated(&mut HidesDeletedUsers::default()).contains(&"resurrection"));
    for (invariant, name) in mutants {
        let Some(mutant) = Mutant::find(name) else { panic!("{name}") };
        let violated = violated(&mut Reference::with_mutant(mutant));
        assert!(violated.contains(&invariant), "{name}: {violated:?}");
        covered.push(invariant);
    }
    assert!(INVARIANTS.iter().all(|it| covered.contains(&it.id)));
}

/// Loses the response to the first deletion, which has no effect.
#[derive(Default)]
struct LosesADeletion {
    inner: Reference,
    is_lost: bool,
    with_effect: bool,
}

impl Endpoint for LosesADeletion {
    fn enter_new_namespace(&mut self) -> Namespace {
        self.is_lost = false;
        self.inner.enter_new_namespace()
    }

    fn enter_namespace(&mut self, space: Namespace) {
        self.is_lost = true;
        self.inner.enter_namespace(space);
    }

    fn execute(&mut self, op: &Operation) -> Response {
        if matches!(op, Operation::DeleteUser(_)) && !std::mem::replace(&mut self.is_lost, true) {
            if self.with_effect {
                self.inner.execute(op);
            }
            return Response::failed(FailureKind::Reset, "lost");
        }
        self.inner.execute(op)
    }

    fn assign_symbol(&mut self, kind: AttachmentKind, name: &str) -> Item {
        self.inner.assign_symbol(kind, name)
    }
}

#[test]
fn a_lost_response_violates_no_invariant() {
    for with_effect in [false, true] {
        let mut endpoint = LosesADeletion { with_effect, ..LosesADeletion::default() };
        assert_eq!(violated(&mut endpoint), [""; 0], "with effect: {with_effect}");
    }
}
