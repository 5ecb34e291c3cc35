//! A run for what reads `JUnit`: a test case a rule, a suite a call of the API.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::report::RunReport;
use crate::report::events::CallVerdict;
use crate::report::finding::{FindingEvent, FindingStatus};
use crate::report::format::finding::finding;
use crate::report::format::style::Style;
use crate::report::format::summary::last_line;
use crate::report::format::terminal::kept;

/// The XML. What is expected is skipped with its reason; what was not asked is skipped with why.
///
/// # Errors
/// What the XML library says.
pub fn junit(stream: &RunReport) -> Result<String> {
    let mut report = Report::new(format!("iamspec: {}", stream.header.target.name));
    report.set_time(Duration::try_from_secs_f64(stream.end.seconds).unwrap_or_default());
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    let rules = &stream.coverage.rules;
    let asked = rules.asked.iter().map(|it| (it.as_str(), None));
    let not_asked = rules.not_asked.iter().map(|it| (it.name.as_str(), Some(it.why.as_str())));
    for (rule, why) in asked.chain(not_asked) {
        let api = rule.split('/').next().unwrap_or(rule);
        let mut case = TestCase::new(rule, status(stream, rule, why));
        case.set_classname(format!("iamspec.{api}"));
        suites.entry(api).or_insert_with(|| TestSuite::new(api)).add_test_case(case);
    }
    report.add_test_suites(suites.into_values());
    report.add_test_suite(of_the_run(stream));
    report.to_string().context("cannot write the report as JUnit")
}

fn status(stream: &RunReport, rule: &str, not_asked: Option<&str>) -> TestCaseStatus {
    let of = |counted| {
        let mine = move |it: &&FindingEvent| it.rule == rule && it.counted == counted;
        stream.findings.iter().filter(mine).collect::<Vec<_>>()
    };
    let (unexpected, expected) = (of(FindingStatus::Unexpected), of(FindingStatus::Expected));
    if let Some(first) = unexpected.first() {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        let text: Vec<String> = unexpected.iter().map(|it| finding(it, Style::none())).collect();
        status.set_type(format!("{}, {}", first.level, first.tier));
        status.set_message(format!("{} It answered {}.", first.statement, first.observed));
        status.set_description(text.join("\n"));
        return status;
    }
    let expected = expected.first().map(|it| {
        format!(
            "expected: {}",
            it.reason.as_deref().unwrap_or("listed among the known divergences")
        )
    });
    match expected.or_else(|| not_asked.map(|why| format!("not exercised: {why}"))) {
        None => TestCaseStatus::success(),
        Some(why) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(why);
            status
        }
    }
}

/// What is of no rule: answers that say nothing, wrong expectations, what was left behind, an early end.
fn of_the_run(stream: &RunReport) -> TestSuite {
    let mut suite = TestSuite::new("the run");
    let error = |kind, text: String| {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_message(text);
        status
    };
    let inconclusive = stream.calls.iter().filter(|it| it.verdict == CallVerdict::Inconclusive);
    for (number, call) in inconclusive.enumerate() {
        let why = call.why.clone().unwrap_or_default();
        let name = format!("inconclusive {}: {} in {}", number + 1, call.call, call.script);
        suite.add_test_case(TestCase::new(name, error(NonSuccessKind::Error, why)));
    }
    for (number, text) in stream.complaints.iter().enumerate() {
        let name = format!("expectation {}", number + 1);
        suite.add_test_case(TestCase::new(name, error(NonSuccessKind::Failure, text.clone())));
    }
    for it in &stream.kept {
        let name = format!("left behind {}", it.name);
        suite.add_test_case(TestCase::new(name, error(NonSuccessKind::Error, kept(it))));
    }
    let end = stream.end.early.clone().map_or_else(TestCaseStatus::success, |early| {
        error(NonSuccessKind::Error, format!("ended early: {early}"))
    });
    let mut end = TestCase::new("the end", end);
    end.set_system_out(last_line(&stream.end));
    suite.add_test_case(end);
    suite
}
