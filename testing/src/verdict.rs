//! The verdict on one script as the result of a test.

use iamspec_conformance::response::FailureKind;
use iamspec_conformance::results::known_failures::KnownFailures;
use iamspec_conformance::results::{Threshold, minimal_findings};
use iamspec_conformance::runner::EndReason;
use iamspec_conformance::script::print;
use iamspec_conformance::{Report, Response, Verdict};
use iamspec_harness::report::build;
use iamspec_harness::report::format::finding::finding;
use iamspec_harness::report::format::style::Style;
use iamspec_harness::wire::output::visible::visible_line;
use iamspec_harness::wire::secrets::redact;
use libtest_mimic::{Completion, Failed};

/// A line of a failure, without secrets and controls.
pub(crate) fn shown(text: &str) -> String {
    visible_line(&redact(text))
}

/// The result of a test: it passes if no response diverges within the threshold, except for known
/// failures, and nothing is left without a reason. It is ignored if the endpoint does not implement an
/// action of the script.
pub(crate) fn verdict(
    report: &Report,
    (known, threshold): (&KnownFailures, Threshold),
    reproduce: &str,
) -> Result<Completion, Failed> {
    let mut problems: Vec<String> = Vec::new();
    for it in &minimal_findings(&report.script_runs, &report.minimal_runs, known) {
        if threshold.includes(&it.divergence) && it.known_failure.is_none() {
            let parts = (it, None, reproduce.to_owned());
            let event = build::finding(parts, threshold, (&report.script_runs, None));
            problems.push(redact(&finding(&event.printable(), Style::none())));
        }
    }
    let mut missing: Vec<String> = Vec::new();
    let mut is_tested = false;
    for run in &report.script_runs {
        for (exchange, is_known) in run.exchanges.iter().zip(known.covered(run, threshold)) {
            let call = print::operation(&exchange.operation);
            match &exchange.verdict {
                Verdict::Inconclusive(why) if !is_known => {
                    problems.push(shown(&format!("no verdict on {call}: {why}")));
                }
                Verdict::Unsupported(action) if !missing.iter().any(|it| it == action) => {
                    missing.push((*action).to_owned());
                }
                Verdict::Conforms(_) | Verdict::Diverges(_) => is_tested = true,
                _ => {}
            }
        }
    }
    match &report.end_reason {
        // No call of the script that was sent is implemented.
        Some(EndReason::NeverResponded(why)) if why.kind == FailureKind::Unimplemented => {}
        Some(why) => problems.push(shown(&format!("ended early: {why}"))),
        None => {}
    }
    for (left, after_divergence) in &report.not_deleted {
        // An endpoint without the delete action cannot delete the resource: that is not a problem.
        let is_missing = matches!(&left.response, Response::Failed(why) if why.kind == FailureKind::Unimplemented);
        if !after_divergence && !is_missing {
            let call = print::operation(&left.operation);
            problems.push(shown(&format!("{call} was not deleted: {}", left.response)));
        }
    }
    if !problems.is_empty() {
        return Err(Failed::from(problems.join("\n")));
    }
    if !missing.is_empty() {
        let reason = format!("the endpoint does not implement {}", missing.join(", "));
        return Ok(Completion::ignored_with(reason));
    }
    Ok(if is_tested {
        Completion::Completed
    } else {
        Completion::ignored_with("no call was tested")
    })
}
