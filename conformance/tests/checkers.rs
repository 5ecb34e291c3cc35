//! The checkers that need no text: each holds on the reference, and each has been seen to say no.

use iamspec_conformance::endpoint::Namespace;
use iamspec_conformance::invariants::{CHECKERS, check, scripts};
use iamspec_conformance::runner::observe::ObserveMode;
use iamspec_conformance::{Endpoint, Mutant, Reference, Report, Response, Suite};
use iamspec_model::{AttachmentKind, Item, Operation};

fn run(endpoint: &mut dyn Endpoint) -> Report {
    Suite::new(scripts()).observing(ObserveMode::Off).run(endpoint, &mut |_| (), &|| false)
}

fn broken(endpoint: &mut dyn Endpoint) -> Vec<&'static str> {
    let report = run(endpoint);
    let checked = check(&report.replays);
    checked.iter().filter(|it| !it.broken.is_empty()).map(|it| it.checker.id).collect()
}

#[test]
fn every_checker_is_asked_and_holds_on_the_reference() {
    let report = run(&mut Reference::default());
    for it in check(&report.replays) {
        assert!(it.asked > 0 && it.broken.is_empty(), "{}", it.checker.id);
    }
}

/// Says that it deletes users, and gives everything back to who makes them again.
#[derive(Default)]
struct Keeping {
    inner: Reference,
    gone: bool,
}

impl Endpoint for Keeping {
    fn fresh(&mut self) -> Namespace {
        self.gone = false;
        self.inner.fresh()
    }

    fn enter(&mut self, space: Namespace) {
        self.inner.enter(space);
    }

    fn ask(&mut self, op: &Operation) -> Response {
        match op {
            Operation::DeleteUser(_) => self.gone = true,
            Operation::CreateUser(..) if self.gone => self.gone = false,
            _ if self.gone => {
                let (http, code) = (404, "NoSuchEntity".to_owned());
                return Response::Refused { http, code, message: None };
            }
            op => return self.inner.ask(op),
        }
        Response::DONE
    }

    fn adopt(&mut self, kind: AttachmentKind, name: &str) -> Item {
        self.inner.adopt(kind, name)
    }
}

#[test]
fn every_checker_says_no_where_it_should() {
    let mutants = [
        ("use-after-delete", "CreateAccessKey/no-such-user is forgotten"),
        ("rename-carries-everything", "UpdateUser/carried-out loses every access key"),
        ("refusal-changes-nothing", "DeleteUser/holds-access-key is refused and done"),
        ("both-sides-agree", "ListGroupsForUser/carried-out shows nothing"),
        ("list-and-get-agree", "ListSSHPublicKeys/carried-out shows nothing"),
        ("detach-twice", "DeleteAccessKey/carried-out does nothing"),
        ("one-device-one-user", "EnableMFADevice/held-by-another is forgotten"),
    ];
    let mut seen = vec!["resurrection"];
    assert!(broken(&mut Keeping::default()).contains(&"resurrection"));
    for (checker, name) in mutants {
        let Some(mutant) = Mutant::named(name) else { panic!("{name}") };
        let broken = broken(&mut Reference::mutated(mutant));
        assert!(broken.contains(&checker), "{name}: {broken:?}");
        seen.push(checker);
    }
    assert!(CHECKERS.iter().all(|it| seen.contains(&it.id)));
}
