//! The outcome of a run: its findings compared with the known failures, its report and exit code.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use iamspec_conformance::response::FailureKind;
use iamspec_conformance::results::known_failures::{
    EntryStatus, KnownFailureError, KnownFailures, RunContext,
};
use iamspec_conformance::results::{Threshold, Totals, decisive_rules, minimal_findings};
use iamspec_conformance::runner::EndReason;
use iamspec_conformance::{Finding, Origin, Report, Verdict};
use time::OffsetDateTime;

use crate::client::HttpClient;
use crate::commands::leftovers::cleanup_command;
use crate::commands::options::shell_line;
use crate::commands::test::known_failures::NewEntry;
use crate::commands::test::reproduce::run_command;
use crate::commands::test::run_args::{ObserveArg, RunArgs};
use crate::commands::test::target::EndpointArgs;
use crate::driver::Driver;
use crate::exit_code;
use crate::exit_code::Outcome;
use crate::report::RunReport;
use crate::report::build::{ReportInput, build_report};
use crate::report::events::{EndEvent, KnownFailureEvent, NotDeletedEvent, RemarkEvent, RunHeader};
use crate::wire::output::private_file;

/// The outcome of a run, compared with the known failures.
pub(crate) struct RunOutcome {
    findings: Vec<Finding>,
    threshold: Threshold,
    known_failures: KnownFailures,
    /// The status of each known failure, if the run is a part of the default suite.
    statuses: Vec<EntryStatus>,
    /// The errors of the known-failures file, each with the index of its entry.
    pub(crate) complaints: Vec<(usize, KnownFailureError)>,
    totals: Totals,
    /// The run is a shard, which may be empty.
    is_shard: bool,
}

impl RunOutcome {
    pub(crate) fn new(report: &Report, args: &RunArgs, known_failures: &KnownFailures) -> Self {
        let threshold = args.threshold();
        let findings = minimal_findings(&report.script_runs, &report.minimal_runs, known_failures);
        // Only a complete run can show that an entry is stale.
        let is_judged = args.selection.suite.is_empty()
            && args.selection.rule.is_none()
            && report.end_reason.is_none()
            && args.observe != ObserveArg::Off;
        let complete = is_judged && args.selection.scripts.is_empty();
        let is_shard = args.shard.is_some();
        // Together, several runs may be complete: shards of all scripts, or runs of named scripts.
        let is_part = is_shard == args.selection.scripts.is_empty();
        let played = RunContext {
            replays: &report.script_runs,
            findings: &findings,
            decisive: &decisive_rules(&report.script_runs),
            whole: complete && !is_shard,
            today: &today(),
        };
        let complaints = known_failures.errors(&played);
        let statuses =
            if is_judged && is_part { known_failures.statuses(&played) } else { Vec::new() };
        let totals = Totals::of(&report.script_runs, threshold, known_failures);
        Self {
            findings,
            threshold,
            known_failures: known_failures.clone(),
            statuses,
            complaints,
            totals,
            is_shard,
        }
    }

    /// Saves each unexpected finding of a generated suite as a script. From then on, the finding
    /// has the name of its file.
    pub(crate) fn save_findings(&mut self, folder: &Path) -> Result<()> {
        let is_new = |it: &&mut Finding| {
            it.origin == Origin::Shrunk
                && self.threshold.includes(&it.divergence)
                && it.known_failure.is_none()
        };
        for finding in self.findings.iter_mut().filter(is_new) {
            let text = iamspec_conformance::script::print::print(&finding.script());
            let rule = finding.rule_id().replace('/', "-");
            let name = format!("{rule}-{}", finding.divergence.tier.name());
            let path = save_script(folder, &name, &text)?;
            finding.history.name = path.display().to_string();
        }
        Ok(())
    }

    /// The report of the run.
    pub(crate) fn report(
        &self,
        (report, left, duration): (&Report, Vec<NotDeletedEvent>, Duration),
        args: &RunArgs,
        http: &HttpClient,
        header: RunHeader,
    ) -> RunReport {
        let entry = |index| self.known_failures.entries.get(index);
        let findings = self
            .findings
            .iter()
            .map(|it| (it, it.known_failure.and_then(entry), run_command(args, it)));
        let remarks = self.client_deviations(http);
        let journal = http.journal().filter(|it| it.remaining().next().is_some());
        let early =
            report.end_reason.as_ref().map(|it| format!("{it}; {}", advice(it, &http.signer())));
        let end = EndEvent {
            seconds: duration.as_secs_f64(),
            ended_early: early,
            responded: !matches!(report.end_reason, Some(EndReason::NeverResponded(_))),
            journal: journal.map(|it| it.header().run.clone()),
            cleanup: cleanup_command(http, &args.target.endpoint).into_iter().collect(),
            exit: self.exit_code(report, &left, &remarks),
            ..EndEvent::default()
        };
        let url = args.target.endpoint.endpoint.as_ref().filter(|it| it.contains("://"));
        let input = ReportInput {
            header,
            findings: findings.collect(),
            threshold: self.threshold,
            remarks,
            not_deleted: left,
            known_failures: self.entries(),
            known: &self.known_failures,
            known_failure_errors: self.complaints.iter().map(|(_, it)| it.to_string()).collect(),
            totals: self.totals,
            endpoint_option: url.map(|it| shell_line(&["--endpoint".to_owned(), it.clone()])),
            end,
        };
        build_report(report, input)
    }

    fn entries(&self) -> Vec<KnownFailureEvent> {
        let entries = self.known_failures.entries.iter().zip(&self.statuses);
        let entries = entries.map(|(entry, status)| KnownFailureEvent {
            rule: entry.rule.clone(),
            script: entry.script.clone(),
            outcome: entry.outcome.clone(),
            flaky: entry.flaky,
            run: status.script_ran,
            tested: status.tested,
            matched: status.matched,
            conforms: status.conforming,
        });
        entries.collect()
    }

    /// The deviations of the client, each with the reason if it is known.
    fn client_deviations(&self, http: &HttpClient) -> Vec<RemarkEvent> {
        let deviations = http.driver().map(Driver::remarks).unwrap_or_default().into_iter();
        let events = deviations.map(|it| RemarkEvent {
            reason: self.known_failures.client_reason(&it.api, &it.what).map(str::to_owned),
            action: it.api,
            deviation: it.what,
            calls: it.times,
            parameters: it.params,
        });
        events.collect()
    }

    fn exit_code(
        &self,
        report: &Report,
        left: &[NotDeletedEvent],
        client_deviations: &[RemarkEvent],
    ) -> u8 {
        let diverges = client_deviations.iter().any(|it| it.reason.is_none())
            || self.totals.unexpected > 0
            || !self.complaints.is_empty();
        exit_code::of(Outcome { diverges, ..self.without_findings(report, left) })
    }

    /// The exit code with this file of known failures.
    pub(crate) fn exit_code_with(
        known_failures: &KnownFailures,
        report: &Report,
        args: &RunArgs,
        (left, client_deviations): (&[NotDeletedEvent], &[RemarkEvent]),
    ) -> u8 {
        Self::new(report, args, known_failures).exit_code(report, left, client_deviations)
    }

    /// The entries that cover what the file does not list yet: each divergence above the threshold,
    /// and each kind of failure of an action.
    pub(crate) fn new_entries(&self, report: &Report) -> Vec<NewEntry> {
        let mut entries: Vec<NewEntry> = Vec::new();
        for run in &report.script_runs {
            // An entry for a divergence also covers the calls after it.
            let mut has_diverged = false;
            let covered = self.known_failures.covered(run, self.threshold);
            for (exchange, _) in run.exchanges.iter().zip(covered).filter(|(_, it)| !it) {
                let lists = |it| self.known_failures.lists(it, &run.script.name, exchange);
                let counted = exchange.divergences().filter(|it| self.threshold.includes(it));
                let mut new: Vec<_> = counted
                    .filter(|it| !lists(it))
                    .map(|it| NewEntry::of_divergence(it, exchange))
                    .collect();
                match &exchange.verdict {
                    Verdict::Diverges(it) => has_diverged |= self.threshold.includes(it),
                    Verdict::Inconclusive(it) if !has_diverged && new.is_empty() => {
                        new.push(NewEntry::of_failure(it, exchange));
                    }
                    _ => {}
                }
                for entry in new {
                    if !entries.iter().any(|it| it.is_same(&entry)) {
                        entries.push(entry);
                    }
                }
            }
        }
        entries
    }

    /// The parts of the outcome that do not depend on findings and known failures.
    fn without_findings(&self, report: &Report, left: &[NotDeletedEvent]) -> Outcome {
        let exercised = self.totals.calls() - self.totals.not_exercised;
        let stopped = report.end_reason.as_ref().is_some_and(|it| *it != EndReason::BudgetUsedUp);
        Outcome {
            diverges: false,
            inconclusive: stopped
                || self.totals.inconclusive > 0
                || left.iter().any(|it| !it.after_divergence),
            nothing_ran: exercised == 0 && !self.is_shard,
        }
    }
}

/// Prints the resources that a run without a report did not delete, and the command that does.
pub(crate) fn print_not_deleted(
    left: &[NotDeletedEvent],
    http: &HttpClient,
    args: &EndpointArgs,
    out: &mut dyn Write,
) -> Result<()> {
    for it in left {
        writeln!(out, "{}", crate::report::format::terminal::not_deleted_line(it))?;
    }
    if let Some(command) = cleanup_command(http, args) {
        writeln!(out, "when the endpoint accepts the deletion, run: {command}")?;
    }
    Ok(())
}

/// Writes a script into the first unused file of this name. An existing file is never overwritten;
/// a file that already has this text is reused.
///
/// # Errors
/// The file cannot be written.
pub fn save_script(folder: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let cannot = |path: &Path| format!("cannot save the finding as {}", path.display());
    std::fs::create_dir_all(folder).with_context(|| cannot(folder))?;
    let mut number = 0_u64;
    loop {
        let path = match number {
            0 => folder.join(format!("{name}.script")),
            number => folder.join(format!("{name}-{number}.script")),
        };
        if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
            return Ok(path);
        }
        // Another process may save findings in the same folder at the same time.
        match private_file::create_new(&path) {
            Ok(mut file) => {
                let written = file.write_all(text.as_bytes());
                if written.is_err() {
                    _ = std::fs::remove_file(&path);
                }
                return written.map(|()| path.clone()).with_context(|| cannot(&path));
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error).with_context(|| cannot(&path)),
        }
    }
}

/// The current date in UTC.
#[must_use]
pub fn today() -> String {
    OffsetDateTime::now_utc().date().to_string()
}

/// The next step for the user if a run ended early.
fn advice(reason: &EndReason, signer: &str) -> String {
    let advice = match reason {
        EndReason::NeverResponded(it) | EndReason::StoppedResponding(it)
            if it.kind == FailureKind::Denied =>
        {
            let key = Some(format!("requests are signed with {signer}; "));
            let key = key.filter(|_| !it.detail.contains(signer)).unwrap_or_default();
            return format!(
                "{key}check that the endpoint knows this key and lets it do everything"
            );
        }
        EndReason::Stopped => "run it again to test the rest",
        EndReason::BudgetUsedUp => "raise --budget to continue",
        EndReason::OtherAccount(_) => {
            "check where the credentials come from (a profile, a credential_process), then run it again"
        }
        EndReason::StoppedResponding(it) | EndReason::NeverResponded(it)
            if it.kind == FailureKind::Driver =>
        {
            "test the driver with `iamspec driver check COMMAND`"
        }
        EndReason::StoppedResponding(it) if it.detail.contains("--max-wait") => {
            "read the endpoint's log, or raise --max-wait"
        }
        EndReason::StoppedResponding(_) => "read the endpoint's log, restart it, and run it again",
        EndReason::NeverResponded(it) => match it.kind {
            FailureKind::Unreachable if it.detail.contains("certificate") => {
                "name the certificate or that of its authority with --ca-bundle or AWS_CA_BUNDLE"
            }
            FailureKind::Unreachable => "start the endpoint, or fix host and port of --endpoint",
            FailureKind::Timeout => "check that an IAM endpoint listens there, or raise --timeout",
            FailureKind::Transient => "check why the endpoint rejects every request",
            _ => "this is not an IAM endpoint; fix host, port and path of --endpoint",
        },
    };
    advice.to_owned()
}
