//! The form of answers: what is odd about it is said at tier `text`, and what cannot be read is charged to
//! a call only where a control shows that it is the call's doing.

use super::leftovers::{Failing, Fault};
use iamspec_conformance::mutation::kill::{MutantFate, kill};
use iamspec_conformance::oracle::formats::FORMS;
use iamspec_conformance::response::FailureKind;
use iamspec_conformance::results::findings;
use iamspec_conformance::runner::EndReason;
use iamspec_conformance::script::corpus::probes;
use iamspec_conformance::{Deviation, Mutant, Report, Suite, Tier, Verdict};
use iamspec_model::{Level, Operation, rules};

fn is(op: &Operation, api: &str) -> bool {
    op.call().is_some_and(|call| call.api == api)
}

/// A run in which this call is lost in this way, always or the first time only.
fn lost(api: &str, cause: FailureKind, always: bool) -> Report {
    let mut broken = true;
    super::run(&mut Failing::new(|_, op| {
        let lost = broken && is(op, api);
        broken &= always || !lost;
        lost.then_some(Fault::LostAfterItsEffect(cause))
    }))
}

#[test]
fn a_call_whose_every_answer_is_garbled_breaks_its_rule() {
    for api in ["ListAccessKeys", "DeleteAccessKey", "CreateGroup"] {
        let found = findings(&lost(api, FailureKind::Garbled, true).replays);
        let said: Vec<_> = found
            .iter()
            .map(|it| (it.rule().id(), it.divergence.tier, it.divergence.level))
            .collect();
        assert_eq!(said, [(format!("{api}/carried-out"), Tier::Status, Level::Must)]);
        assert!(found.iter().all(|it| it.divergence.evidence == ["E-001"]));
    }
}

#[test]
fn what_may_be_the_doing_of_something_else_is_no_divergence() {
    let causes = [
        FailureKind::Unreadable,
        FailureKind::Reset,
        FailureKind::Timeout,
        FailureKind::Failure,
        FailureKind::Crash,
    ];
    let always = causes.map(|cause| lost("ListAccessKeys", cause, true));
    let once = lost("ListAccessKeys", FailureKind::Garbled, false);
    for report in always.iter().chain([&once]) {
        assert!(findings(&report.replays).is_empty());
    }
    let inconclusive = |it: &Verdict| matches!(it, Verdict::Inconclusive(_));
    let exchanges = once.replays.iter().flat_map(|it| &it.exchanges);
    assert_eq!(exchanges.filter(|it| inconclusive(&it.verdict)).count(), 1);
}

/// Where nobody can be made there is no control.
#[test]
fn a_run_that_understands_no_answer_accuses_nobody() {
    let report = lost("CreateUser", FailureKind::Garbled, true);
    assert!(findings(&report.replays).is_empty());
    assert!(matches!(report.ended, Some(EndReason::NeverHeard(_))), "{:?}", report.ended);
}

/// A mutant in the scripts that put its rule to an endpoint, behind HTTP.
fn played(mutant: &Mutant) -> Report {
    let rule = rules().find(|rule| rule.id() == mutant.rule).unwrap();
    let scripts = probes(rule).unwrap().into_iter().take(3).collect();
    let server = super::server(Some(mutant.clone()));
    Suite::new(scripts).run(&mut super::client(&server.url()), &mut |_| (), &|| false)
}

#[test]
fn every_member_that_is_not_as_it_should_be_is_found_at_tier_text() {
    let odd = Mutant::systematic().filter(|it| matches!(it.fault, Deviation::Odd(_)));
    let odd: Vec<Mutant> = odd.collect();
    assert!(odd.len() >= FORMS.len());
    for mutant in odd {
        let report = played(&mutant);
        let MutantFate::Killed(kill) = kill(&mutant, &report) else {
            panic!("{} passes", mutant.name)
        };
        assert_eq!(kill.rule, mutant.rule, "{}", mutant.name);
        let found = findings(&report.replays);
        let first = found.iter().find(|it| it.divergence.tier == Tier::Text);
        if let Some(first) = first {
            assert!(!first.divergence.evidence.is_empty(), "{}", mutant.name);
        }
    }
}

#[test]
fn xml_that_breaks_off_is_charged_to_its_call_over_http() {
    for api in ["DeleteUser", "ListGroupsForUser", "TagUser"] {
        let mutant = Mutant::named(&format!("{api}/carried-out breaks its XML")).unwrap();
        let found = findings(
            &super::run(&mut super::client(&super::server(Some(mutant.clone())).url())).replays,
        );
        let named: Vec<String> = found.iter().map(|it| it.rule().id()).collect();
        assert_eq!(named, [mutant.rule]);
    }
}

/// What is odd is shown below a default run, and stands in the way of nothing.
#[test]
fn an_odd_id_fails_no_default_run() {
    let name = "CreateUser/carried-out has an odd UserId";
    let output = super::iamspec(&["run", "--mutant", name, "delete-user/alone/*"]);
    assert_eq!(output.status.code(), Some(0), "{}", super::stdout(&output));
    let output =
        super::iamspec(&["run", "--mutant", name, "--tier", "text", "delete-user/alone/*"]);
    let text = super::stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("CreateUser/carried-out  must, text"), "{text}");
    assert!(
        text.contains("UserId of 21 letters A-Z and digits 2-7 that begin with AIDA"),
        "{text}"
    );
    assert!(text.contains("E-017"), "{text}");
}
