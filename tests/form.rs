//! The form of responses: ids and dates of another form are reported at tier `text`, and an unreadable response
//! counts against an action only if other actions work.

use super::leftovers::{Failing, Fault};
use iamspec_conformance::mutation::fate::{MutantFate, fate};
use iamspec_conformance::oracle::formats::FORMAT_RULES;
use iamspec_conformance::response::FailureKind;
use iamspec_conformance::results::findings;
use iamspec_conformance::runner::EndReason;
use iamspec_conformance::script::corpus::scripts_reaching;
use iamspec_conformance::{Deviation, Finding, Mutant, Report, Suite, Tier, Verdict};
use iamspec_model::{Level, Operation, rules};

fn is(op: &Operation, api: &str) -> bool {
    op.action().is_some_and(|call| call.api == api)
}

/// A run in which the responses to an action fail, always or the first time only.
fn lost(api: &str, cause: FailureKind, always: bool) -> Report {
    let mut broken = true;
    super::run(&mut Failing::new(|_, op| {
        let lost = broken && is(op, api);
        broken &= always || !lost;
        lost.then_some(Fault::LostAfterItsEffect(cause))
    }))
}

#[test]
fn an_action_whose_every_response_is_garbled_diverges() {
    for api in ["ListAccessKeys", "DeleteAccessKey", "CreateGroup"] {
        let found = findings(&lost(api, FailureKind::Garbled, true).script_runs);
        let reported: Vec<_> = found
            .iter()
            .map(|it| (it.rule().id(), it.divergence.tier, it.divergence.level))
            .collect();
        assert_eq!(reported, [(format!("{api}/carried-out"), Tier::Status, Level::Must)]);
        assert!(found.iter().all(|it| it.divergence.evidence == ["E-001"]));
    }
}

const CAUSES: [FailureKind; 5] = [
    FailureKind::Unreadable,
    FailureKind::Reset,
    FailureKind::Timeout,
    FailureKind::Failure,
    FailureKind::Garbled,
];

#[test]
fn a_single_failure_is_inconclusive() {
    for cause in CAUSES {
        let once = lost("ListAccessKeys", cause, false);
        assert!(findings(&once.script_runs).is_empty());
        let inconclusive = |it: &Verdict| matches!(it, Verdict::Inconclusive(_));
        let exchanges = once.script_runs.iter().flat_map(|it| &it.exchanges);
        let retried =
            matches!(cause, FailureKind::Reset | FailureKind::Failure | FailureKind::Timeout);
        let count = exchanges.filter(|it| inconclusive(&it.verdict)).count();
        assert_eq!(count, usize::from(!retried), "{cause:?}");
    }
}

#[test]
fn a_failure_of_every_call_is_a_finding_of_the_rule_that_states_the_response() {
    // Many scripts repeat the last two.
    let apis = ["ListAccessKeys", "GetUser", "DeleteUser"].into_iter();
    for (api, cause) in apis.flat_map(|api| CAUSES.map(|cause| (api, cause))) {
        let report = lost(api, cause, true);
        assert!(report.end_reason.is_none(), "{api} {cause:?}: {:?}", report.end_reason);
        let found = findings(&report.script_runs);
        let rules: Vec<String> = found.iter().map(Finding::rule_id).collect();
        // An action that hangs is not called in another form than the first one.
        let rule = match (api, cause) {
            ("GetUser", FailureKind::Timeout) => "no-such-user",
            ("DeleteUser", FailureKind::Timeout) => "holds-access-key",
            _ => "carried-out",
        };
        assert!(rules.contains(&format!("{api}/{rule}")), "{cause:?}: {rules:?}");
        assert!(rules.iter().all(|it| it.starts_with(&format!("{api}/"))), "{cause:?}: {rules:?}");
        assert!(found.iter().all(|it| it.divergence.tier == Tier::Status), "{cause:?}");
    }
}

#[test]
fn an_action_that_crashes_in_every_form_is_unsupported() {
    let report = lost("ListAccessKeys", FailureKind::Crash, true);
    assert!(findings(&report.script_runs).is_empty());
    let exchanges = report.script_runs.iter().flat_map(|it| &it.exchanges);
    let unsupported = |it: &Verdict| matches!(it, Verdict::Unsupported("ListAccessKeys"));
    assert!(exchanges.filter(|it| unsupported(&it.verdict)).count() > 0);
}

/// Reads of what nobody has created show that the endpoint works.
#[test]
fn an_endpoint_that_can_create_no_user_has_findings_of_this_action_only() {
    let found = findings(&lost("CreateUser", FailureKind::Garbled, true).script_runs);
    let rules: Vec<String> = found.iter().map(Finding::rule_id).collect();
    assert!(rules.contains(&"CreateUser/carried-out".to_owned()), "{rules:?}");
    assert!(rules.iter().all(|it| it.starts_with("CreateUser/")), "{rules:?}");
}

#[test]
fn a_run_without_a_readable_response_has_no_findings() {
    let report =
        super::run(&mut Failing::new(|_, _| Some(Fault::LostAfterItsEffect(FailureKind::Garbled))));
    assert!(findings(&report.script_runs).is_empty());
    assert!(
        matches!(report.end_reason, Some(EndReason::NeverResponded(_))),
        "{:?}",
        report.end_reason
    );
}

/// A run of a mutant server with the scripts that test its rule.
fn run_mutant(mutant: &Mutant) -> Report {
    // A wire rule of an action is broken in every success.
    let api = mutant.rule.split('/').next().unwrap();
    let rule = rules().find(|rule| rule.id() == format!("{api}/carried-out")).unwrap();
    let scripts = scripts_reaching(rule).unwrap().into_iter().enumerate();
    // The shortest scripts that list tags show none.
    let scripts = scripts.filter(|(place, it)| *place < 3 || it.name.starts_with("tags/"));
    let scripts = scripts.map(|(_, it)| it).collect();
    let server = super::server(Some(mutant.clone()));
    Suite::new(scripts).run(&mut super::client(&server.url()), &mut |_| (), &|| false)
}

#[test]
fn every_format_deviation_is_found() {
    let mutants =
        Mutant::systematic().filter(|it| matches!(it.deviation, Deviation::WrongFormat(_)));
    let mutants: Vec<Mutant> = mutants.collect();
    assert!(mutants.len() >= FORMAT_RULES.len());
    for mutant in mutants {
        let report = run_mutant(&mutant);
        let MutantFate::Killed(kill) = fate(&mutant, &report) else {
            panic!("{} survives", mutant.name)
        };
        assert_eq!(kill.rule, mutant.rule, "{}", mutant.name);
        let found = findings(&report.script_runs);
        let first = found.iter().find(|it| it.rule_id() == mutant.rule).unwrap();
        assert!(!first.divergence.evidence.is_empty(), "{}", mutant.name);
        // A wrong name is a wrong value in every SDK.
        if mutant.name.ends_with("Name") {
            assert_eq!(first.divergence.tier, Tier::Code, "{}", mutant.name);
        }
    }
}

#[test]
fn truncated_xml_counts_against_its_action_over_http() {
    for api in ["DeleteUser", "ListGroupsForUser", "TagUser"] {
        let mutant = Mutant::find(&format!("{api}/carried-out breaks its XML")).unwrap();
        let found = findings(
            &super::run(&mut super::client(&super::server(Some(mutant.clone())).url())).script_runs,
        );
        let rules: Vec<String> = found.iter().map(|it| it.rule().id()).collect();
        assert_eq!(rules, [mutant.rule]);
    }
}

/// A default run does not report format deviations.
#[test]
fn a_format_deviation_fails_only_a_run_at_tier_text() {
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
