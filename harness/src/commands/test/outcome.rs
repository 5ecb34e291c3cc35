//! What a run comes to, against what was expected: the exit code, and what is told of it.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use iamspec_conformance::response::FailureKind;
use iamspec_conformance::results::known_failures::{
    EntryStatus, KnownFailureError, KnownFailures, Played,
};
use iamspec_conformance::results::{Threshold, Totals, decisive, findings_against};
use iamspec_conformance::runner::EndReason;
use iamspec_conformance::{Finding, Origin, Report};
use time::OffsetDateTime;

use crate::client::HttpClient;
use crate::commands::test::options::ObserveArg;
use crate::commands::test::reproduce::again;
use crate::commands::test::run::RunArgs;
use crate::driver::Driver;
use crate::exit_code;
use crate::report::RunReport;
use crate::report::build::{ReportInput, kept, told};
use crate::report::events::{EndEvent, KnownFailureEvent, RemarkEvent, RunHeader};

/// What a run comes to, against what was expected.
pub(crate) struct RunOutcome {
    findings: Vec<Finding>,
    threshold: Threshold,
    expectations: KnownFailures,
    /// What a part of a suite has seen of each of them.
    standings: Vec<EntryStatus>,
    pub(crate) complaints: Vec<(usize, KnownFailureError)>,
    tally: Totals,
    /// Whether this is one of several parts, of which one may be empty.
    partly: bool,
}

impl RunOutcome {
    pub(crate) fn of(report: &Report, args: &RunArgs, expectations: &KnownFailures) -> Self {
        let threshold = args.counts.into();
        let findings = findings_against(&report.replays, expectations);
        // That a rule is kept here says nothing of what else would show.
        let whole = args.suite.is_empty()
            && args.scripts.is_empty()
            && args.rule.is_none()
            && report.ended.is_none()
            && args.observe != ObserveArg::Off;
        let played = Played {
            replays: &report.replays,
            findings: &findings,
            decisive: &decisive(&report.replays),
            whole: whole && args.shard.is_none(),
            today: &today(),
        };
        let complaints = expectations.complaints(&played);
        let standings = args
            .shard
            .filter(|_| whole)
            .map(|_| expectations.standings(&played))
            .unwrap_or_default();
        let tally = Totals::of(&report.replays, threshold, expectations);
        Self {
            findings,
            threshold,
            expectations: expectations.clone(),
            standings,
            complaints,
            tally,
            partly: args.shard.is_some(),
        }
    }

    /// Keeps each find that a generated suite has made as a script, and calls it by its file from then
    /// on.
    pub(crate) fn keep(&mut self, folder: &Path) -> Result<()> {
        let counts = |it: &&mut Finding| {
            it.origin == Origin::Shrunk
                && self.threshold.counts(&it.divergence)
                && it.entry.is_none()
        };
        for finding in self.findings.iter_mut().filter(counts) {
            let text = iamspec_conformance::script::print::print(&finding.script());
            let file = finding.rule().id().replace('/', "-");
            let name = format!("{file}-{}", finding.divergence.tier.name());
            let path = keep_script(folder, &name, &text)?;
            finding.history.name = path.display().to_string();
        }
        Ok(())
    }

    /// The run as it is told.
    pub(crate) fn stream(
        &self,
        (report, took): (&Report, Duration),
        args: &RunArgs,
        http: &HttpClient,
        header: RunHeader,
    ) -> RunReport {
        let entry = |place| self.expectations.expected.get(place);
        let findings =
            self.findings.iter().map(|it| (it, it.entry.and_then(entry), again(args, it)));
        let kept = kept(report, &|space, undo| http.name_of(space, undo));
        let remarks = self.remarks(http);
        let journal = http.journal().filter(|it| it.there().next().is_some());
        let early = report.ended.as_ref().map(|it| format!("{it}; {}", advice(it)));
        let end = EndEvent {
            seconds: took.as_secs_f64(),
            early,
            heard: !matches!(report.ended, Some(EndReason::NeverHeard(_))),
            journal: journal.map(|it| it.header().run.clone()),
            exit: self.exit_code(report, &remarks),
            ..EndEvent::default()
        };
        let told_of = ReportInput {
            header,
            findings: findings.collect(),
            threshold: self.threshold,
            remarks,
            kept,
            entries: self.entries(),
            complaints: self.complaints.iter().map(|(_, it)| it.to_string()).collect(),
            tally: self.tally,
            end,
        };
        told(report, told_of)
    }

    fn entries(&self) -> Vec<KnownFailureEvent> {
        let entries = self.expectations.expected.iter().zip(&self.standings);
        let entries = entries.map(|(entry, standing)| KnownFailureEvent {
            rule: entry.rule.clone(),
            script: entry.script.clone(),
            flaky: entry.flaky,
            played: standing.played,
            asked: standing.asked,
            seen: standing.seen,
            conforms: standing.conforms,
        });
        entries.collect()
    }

    /// What the client did otherwise than it should, with why that is known.
    fn remarks(&self, http: &HttpClient) -> Vec<RemarkEvent> {
        let noticed = http.driver().map(Driver::remarks).unwrap_or_default().into_iter();
        let told = noticed.map(|it| RemarkEvent {
            reason: self.expectations.known_of_client(&it.api, &it.what).map(str::to_owned),
            api: it.api,
            what: it.what,
            times: it.times,
            params: it.params,
        });
        told.collect()
    }

    fn exit_code(&self, report: &Report, remarks: &[RemarkEvent]) -> u8 {
        let asked = self.tally.calls() - self.tally.not_exercised;
        let remarkable = remarks.iter().any(|it| it.reason.is_none());
        if remarkable || self.tally.unexpected > 0 || !self.complaints.is_empty() {
            exit_code::DIVERGES
        } else if asked == 0
            && !self.partly
            && report.ended.as_ref().is_none_or(|it| *it == EndReason::Spent)
        {
            exit_code::NOTHING_RAN
        } else if report.ended.as_ref().is_some_and(|it| *it != EndReason::Spent)
            || self.tally.inconclusive > 0
            || report.kept.iter().any(|(_, diverged)| !diverged)
        {
            exit_code::INCONCLUSIVE
        } else {
            exit_code::CONFORMS
        }
    }
}

/// Writes a script into the first file of this name that does not exist, and never over another one: the file that
/// has the same text already is taken instead.
fn keep_script(folder: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let cannot = |path: &Path| format!("cannot keep the find as {}", path.display());
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
        // Another process may keep its finds in the same folder at the same time.
        match File::create_new(&path) {
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

/// The day, in UTC.
pub(crate) fn today() -> String {
    OffsetDateTime::now_utc().date().to_string()
}

/// What to do where a run ended early.
fn advice(ended: &EndReason) -> &'static str {
    match ended {
        EndReason::Stopped => "run it again to judge the rest",
        EndReason::Spent => "raise --budget to go on",
        EndReason::WentSilent(it) | EndReason::NeverHeard(it)
            if it.cause == FailureKind::Driver =>
        {
            "test the driver with `iamspec driver-check COMMAND`"
        }
        EndReason::WentSilent(_) => "see what the endpoint says, start it anew, and run it again",
        EndReason::NeverHeard(it) => match it.cause {
            FailureKind::Unreachable if it.detail.contains("certificate") => {
                "name the file of the authority that signed it in AWS_CA_BUNDLE"
            }
            FailureKind::Unreachable => {
                "start the endpoint, or mend the host and port of --endpoint"
            }
            FailureKind::Timeout => "see whether an IAM endpoint listens there, or raise --timeout",
            FailureKind::Denied | FailureKind::Transient => "see why the endpoint lets nobody in",
            _ => "that is no IAM endpoint; mend the host, port and path of --endpoint",
        },
    }
}
