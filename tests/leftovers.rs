//! Everything a run makes it removes again, also after a divergence, an interruption or Ctrl-C.

use iamspec_conformance::endpoint::Space;
use iamspec_conformance::observed::Cause;
use iamspec_conformance::script::hand_written;
use iamspec_conformance::{Endpoint, Mutant, Observed, Reference, Suite, Verdict};
use iamspec_model::{Item, Kind, Operation};

/// Loses every n-th answer, after its effect.
struct Losing {
    inner: Reference,
    every: usize,
    asked: usize,
}

impl Endpoint for Losing {
    fn fresh(&mut self) -> Space {
        self.inner.fresh()
    }

    fn enter(&mut self, space: Space) {
        self.inner.enter(space);
    }

    fn ask(&mut self, operation: &Operation) -> Observed {
        self.asked += 1;
        let answer = self.inner.ask(operation);
        let lost = self.asked.is_multiple_of(self.every) && !operation.is_read();
        if lost { Observed::interrupted(Cause::Reset, "lost") } else { answer }
    }

    fn adopt(&mut self, kind: Kind, name: &str) -> Item {
        self.inner.adopt(kind, name)
    }
}

#[test]
fn a_lost_answer_is_no_divergence_and_what_it_made_is_removed_or_listed() {
    for every in [7, 11, 13, 50] {
        let mut endpoint = Losing { inner: Reference::default(), every, asked: 0 };
        let report = super::run(&mut endpoint);
        for exchange in report.replays.iter().flat_map(|it| &it.exchanges) {
            assert!(!matches!(exchange.verdict, Verdict::Diverges(_)), "{exchange:?}");
        }
        // What is left is what a lost answer of the clean-up itself did not confirm, and is listed.
        assert!(endpoint.inner.is_empty() || !report.kept.is_empty());
    }
}

#[test]
fn nothing_is_left_on_a_mutant_that_lets_go() {
    for name in ["forgets-access-key", "conflict-is-400", "second-password", "lists-no-groups"] {
        let mut reference = Reference::mutated(Mutant::named(name).unwrap());
        let report = super::run(&mut reference);
        assert!(report.kept.is_empty() && reference.is_empty(), "{name}");
    }
}

#[test]
fn what_an_endpoint_does_not_let_go_is_listed_with_its_answer() {
    let output = super::iamspec(&["run", "--mutant", "deletes-nobody", "delete-user/bare"]);
    let text = super::stdout(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(text.contains("left behind: iamspec-") && text.contains("was answered 409"), "{text}");
}

#[test]
fn a_run_that_is_stopped_removes_what_it_made() {
    let mut reference = Reference::default();
    let asked = std::cell::Cell::new(0);
    let suite = Suite::new(hand_written().unwrap());
    let report =
        suite.run(&mut reference, &mut |requests| asked.set(requests), &|| asked.get() >= 40);
    assert!(report.ended.is_some());
    assert!(report.kept.is_empty() && reference.is_empty());
}
