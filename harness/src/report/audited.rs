//! The report of audited traffic: its findings in the names of the log.

use iamspec_conformance::audit::AuditFinding;
use iamspec_model::evidence;

use crate::report::RunReport;
use crate::report::build::cited;
use crate::report::events::{
    CoverageEvent, EndEvent, ExerciseEvent, ExpectedResponse, FindingEvent, FindingStatus,
    FindingStep, RunHeader,
};

/// The report of the findings of an audit.
#[must_use]
pub(crate) fn audited_report(
    header: RunHeader,
    findings: &[AuditFinding],
    command: &str,
    end: EndEvent,
) -> RunReport {
    let mut tested: Vec<String> = findings.iter().map(|it| it.rule.clone()).collect();
    tested.sort();
    tested.dedup();
    let rules = ExerciseEvent { tested, ..ExerciseEvent::default() };
    RunReport {
        header,
        calls: Vec::new(),
        findings: findings.iter().map(|it| finding(it, command)).collect(),
        remarks: Vec::new(),
        unspecified: Vec::new(),
        coverage: CoverageEvent { rules, ..CoverageEvent::default() },
        not_deleted: Vec::new(),
        known_failures: Vec::new(),
        known_failure_errors: Vec::new(),
        end,
    }
}

fn finding(finding: &AuditFinding, command: &str) -> FindingEvent {
    let action = finding.rule.split('/').next().unwrap_or_default();
    let events = finding.earlier_events.iter().chain([&finding.event]);
    let steps = events.map(|event| {
        let shown = event.to_string();
        let (call, response) = shown.split_once(" -> ").unwrap_or((&shown, ""));
        FindingStep { call: call.to_owned(), response: response.to_owned() }
    });
    let expected = finding.allowed.iter().map(|(response, rule)| ExpectedResponse {
        response: response.clone(),
        rule: rule.clone(),
    });
    let facts = finding.evidence.iter().filter_map(|id| evidence::fact(id));
    FindingEvent {
        rule: finding.rule.clone(),
        action: action.to_owned(),
        statement: finding.statement.clone(),
        level: finding.level.name().to_owned(),
        tier: finding.tier.name().to_owned(),
        status: FindingStatus::Unexpected,
        newer: false,
        reason: None,
        issue: None,
        script: finding.event.source.clone(),
        history: steps.collect(),
        observed: finding.event.shown.split_once(" -> ").map_or("", |it| it.1).to_owned(),
        expected: expected.collect(),
        evidence: facts.map(|fact| cited(fact, action)).collect(),
        state: String::new(),
        assumed_state: String::new(),
        possibly_stale: None,
        cause: None,
        earlier: Vec::new(),
        other_scripts: Vec::new(),
        wire: None,
        reproduce: command.to_owned(),
        export: None,
    }
}
