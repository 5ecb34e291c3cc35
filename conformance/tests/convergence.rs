//! A stale response is repeated while the endpoint may converge.

use std::time::Duration;

use iamspec_conformance::endpoint::Namespace;
use iamspec_conformance::results::{Threshold, findings};
use iamspec_conformance::script::parse::parse;
use iamspec_conformance::{Endpoint, Reference, Report, Response, Suite, Tier};
use iamspec_model::{AttachmentKind, Item, Operation};

/// The reference, whose first response to a read of a login profile does not know the user yet.
#[derive(Default)]
struct StaleOnce {
    reference: Reference,
    is_current: bool,
}

impl Endpoint for StaleOnce {
    fn enter_new_namespace(&mut self) -> Namespace {
        self.reference.enter_new_namespace()
    }

    fn enter_namespace(&mut self, space: Namespace) {
        self.reference.enter_namespace(space);
    }

    fn execute(&mut self, op: &Operation) -> Response {
        let is_read = matches!(op, Operation::List(_, AttachmentKind::LoginProfile));
        if is_read && !std::mem::replace(&mut self.is_current, true) {
            let message = Some("The user with name u0 cannot be found.".into());
            return Response::Refused { http: 404, code: "NoSuchEntity".to_owned(), message };
        }
        self.reference.execute(op)
    }

    fn assign_symbol(&mut self, kind: AttachmentKind, name: &str) -> Item {
        self.reference.assign_symbol(kind, name)
    }
}

fn run(convergence: Duration) -> Option<Report> {
    let script = parse("stale", "# A read.\nCreateUser u0\nGetLoginProfile u0\n").ok()?;
    let suite = Suite::new(vec![script]).with_convergence_timeout(convergence);
    Some(suite.run(&mut StaleOnce::default(), &mut |_| (), &|| false))
}

/// The code is right, and only the text says that the read is stale.
#[test]
fn a_refusal_with_the_text_of_another_absence_is_repeated() {
    let threshold = Threshold { tier: Tier::Text, ..Threshold::default() };
    let count = |convergence| {
        let found = run(convergence).map(|it| findings(&it.script_runs));
        found.map(|it| it.iter().filter(|it| threshold.includes(&it.divergence)).count())
    };
    assert_eq!(count(Duration::ZERO), Some(1));
    assert_eq!(count(Duration::from_secs(5)), Some(0));
}
