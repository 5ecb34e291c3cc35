//! The checkers that need no text: each holds on the reference, and each has been seen to say no.

use iamspec_conformance::endpoint::Space;
use iamspec_conformance::invariants::{CHECKERS, check, scripts};
use iamspec_conformance::runner::observe::Observe;
use iamspec_conformance::{Endpoint, Mutant, Observed, Reference, Report, Suite};
use iamspec_model::{Item, Kind, Operation};

fn run(endpoint: &mut dyn Endpoint) -> Report {
    Suite::new(scripts()).observing(Observe::Off).run(endpoint, &mut |_| (), &|| false)
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
    fn fresh(&mut self) -> Space {
        self.gone = false;
        self.inner.fresh()
    }

    fn enter(&mut self, space: Space) {
        self.inner.enter(space);
    }

    fn ask(&mut self, op: &Operation) -> Observed {
        match op {
            Operation::DeleteUser(_) => self.gone = true,
            Operation::CreateUser(..) if self.gone => self.gone = false,
            _ if self.gone => {
                let (http, code) = (404, "NoSuchEntity".to_owned());
                return Observed::Refused { http, code, message: None };
            }
            op => return self.inner.ask(op),
        }
        Observed::DONE
    }

    fn adopt(&mut self, kind: Kind, name: &str) -> Item {
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
