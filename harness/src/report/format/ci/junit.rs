//! A run as JUnit XML: one test suite for each action, one test case for each rule.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, Result};
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use crate::report::RunReport;
use crate::report::events::CallVerdict;
use crate::report::events::{FindingEvent, FindingStatus};
use crate::report::format::finding::finding;
use crate::report::format::style::Style;
use crate::report::format::summary::{last_line, of_status};
use crate::report::format::terminal::not_deleted_line;

/// Returns the XML. Known failures and untested rules are skipped test cases, with the reason.
///
/// # Errors
/// An error of the XML library.
pub fn junit(report: &RunReport) -> Result<String> {
    let mut xml = Report::new(format!("iamspec: {}", report.header.target.name));
    xml.set_time(Duration::try_from_secs_f64(report.end.seconds).unwrap_or_default());
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    let rules = &report.coverage.rules;
    let tested = rules.tested.iter().map(|it| (it.as_str(), None));
    let not_tested = rules.not_tested.iter().map(|it| (it.name.as_str(), Some(it.reason.as_str())));
    let undecidable =
        rules.undecidable.iter().map(|it| (it.name.as_str(), Some(it.reason.as_str())));
    // Coverage has no rules about the form of responses.
    let listed: BTreeSet<&str> = rules
        .tested
        .iter()
        .map(String::as_str)
        .chain(rules.not_tested.iter().chain(&rules.undecidable).map(|it| it.name.as_str()))
        .collect();
    let of_form: BTreeSet<&str> = report.findings.iter().map(|it| it.rule.as_str()).collect();
    let of_form = of_form.difference(&listed).map(|it| (*it, None));
    for (rule, reason) in tested.chain(not_tested).chain(undecidable).chain(of_form) {
        let action = rule.split('/').next().unwrap_or(rule);
        let mut case = TestCase::new(rule, status(report, rule, reason));
        case.set_classname(format!("iamspec.{action}"));
        suites.entry(action).or_insert_with(|| TestSuite::new(action)).add_test_case(case);
    }
    xml.add_test_suites(suites.into_values());
    xml.add_test_suite(run_suite(report));
    xml.to_string().context("cannot write the report as JUnit")
}

/// The status of a rule: its findings, or the reason why it was not tested.
fn status(report: &RunReport, rule: &str, not_tested: Option<&str>) -> TestCaseStatus {
    let of = |status| {
        let findings = of_status(report, status).into_iter();
        findings.filter(|it| it.rule == rule).collect::<Vec<&FindingEvent>>()
    };
    let unexpected = of(FindingStatus::Unexpected);
    if let Some(first) = unexpected.first() {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        let text: Vec<String> = unexpected.iter().map(|it| finding(it, Style::none())).collect();
        status.set_type(format!("{}, {}", first.level, first.tier));
        status.set_message(format!("{} Observed: {}.", first.statement, first.observed));
        status.set_description(text.join("\n"));
        return status;
    }
    let known = of(FindingStatus::KnownFailure).first().map(|it| match &it.reason {
        Some(reason) => format!("known failure: {reason}"),
        None => "known failure".to_owned(),
    });
    match known.or_else(|| not_tested.map(|reason| format!("not tested: {reason}"))) {
        None => TestCaseStatus::success(),
        Some(reason) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(reason);
            status
        }
    }
}

/// The problems that belong to no rule: inconclusive calls, problems in the known-failures file,
/// resources that were not deleted, and an early end.
fn run_suite(report: &RunReport) -> TestSuite {
    let mut suite = TestSuite::new("the run");
    let header = &report.header;
    let properties = [
        ("target", header.target.name.as_str()),
        ("iamspec", &header.version),
        ("rules", &header.revision),
        ("selection", &header.selection),
        ("tier", &header.tier),
        ("level", &header.level),
        ("rule-set", header.rules.as_deref().unwrap_or("all rules")),
    ];
    for (name, value) in properties {
        suite.add_property(Property::new(name, value));
    }
    let failed = |kind, text: String| {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_message(text);
        status
    };
    let inconclusive = report.calls.iter().filter(|it| it.verdict == CallVerdict::Inconclusive);
    for (index, call) in inconclusive.enumerate() {
        let reason = call.reason.clone().unwrap_or_default();
        let name = format!("inconclusive {}: {} in {}", index + 1, call.call, call.script);
        suite.add_test_case(TestCase::new(name, failed(NonSuccessKind::Error, reason)));
    }
    for (index, text) in report.known_failure_errors.iter().enumerate() {
        let name = format!("known failures {}", index + 1);
        suite.add_test_case(TestCase::new(name, failed(NonSuccessKind::Failure, text.clone())));
    }
    for it in &report.not_deleted {
        let name = format!("not deleted: {}", it.name);
        suite.add_test_case(TestCase::new(
            name,
            failed(NonSuccessKind::Error, not_deleted_line(it)),
        ));
    }
    let end = report.end.ended_early.as_ref().map_or_else(TestCaseStatus::success, |reason| {
        failed(NonSuccessKind::Error, format!("ended early: {reason}"))
    });
    let mut end = TestCase::new("the end of the run", end);
    end.set_system_out(last_line(report));
    end.set_time(Duration::try_from_secs_f64(report.end.seconds).unwrap_or_default());
    suite.add_test_case(end);
    suite
}
