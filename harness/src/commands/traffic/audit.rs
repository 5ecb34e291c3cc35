//! `iamspec audit`: checks recorded traffic against the specification.
//!
//! The traffic is either a log (CloudTrail, HAR), whose account state is unknown at the start, or a
//! history: a saved run, or a script with responses, which starts with an empty account.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, IsTerminal as _, Read as _, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use iamspec_conformance::Response;
use iamspec_conformance::audit::{
    AuditCall, AuditEvent, AuditFinding, AuditOptions, AuditVerdict, Auditor,
};
use iamspec_conformance::oracle::Tier;
use iamspec_conformance::results::known_failures::KnownFailures;
use iamspec_conformance::results::shrink::Shortened;
use iamspec_conformance::results::{Threshold, Totals, findings};
use iamspec_conformance::runner::record::check_history;
use iamspec_conformance::script::parse;
use iamspec_conformance::{Finding, Report, ScriptRun};
use iamspec_model::evidence;

use crate::audit_log::consistency::{CallFacts, CallPlace, EarlierResponses};
use crate::audit_log::symbols::Symbols;
use crate::audit_log::{LogCounts, LogEvent, UnreadableRecords, translate};
use crate::commands::options::{ThresholdArgs, duration, shell_line};
use crate::commands::reports::report::{
    ReportArg, check_files, read_run, terminal_text, write_reports,
};
use crate::commands::test::target::now;
use crate::commands::traffic::learned::Learned;
use crate::exit_code::Outcome;
use crate::report::audited::audited_report;
use crate::report::build::{ReportInput, build_report};
use crate::report::diff::revision;
use crate::report::events::{EndEvent, RunHeader, RunTarget, RunTotals};
use crate::report::format::summary::counted;
use crate::report::{FORMAT, RunReport};
use crate::wire::output::visible::{visible, visible_line};
use crate::{audit_log, exit_code};

/// The arguments of `iamspec audit`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  iamspec audit events.json
  iamspec audit AWSLogs/123456789012/CloudTrail/us-east-1/
  aws cloudtrail lookup-events --output json | iamspec audit -
  # HTTP traffic that a browser or a proxy recorded.
  iamspec audit traffic.har
  # A saved run, with the current rules.
  iamspec audit run.jsonl
  # A script with responses. A call without a response counts as conforming.
  iamspec audit my.script

At the start of a log, the state of the account is unknown. A response is impossible if no account
state explains it together with all earlier events. Therefore, include every log file of the period.
Exit code 1 if a response is impossible.")]
pub struct AuditArgs {
    /// Time in which a change may not be visible yet
    ///
    /// IAM is eventually consistent: within this time, a read or a refusal may show the state
    /// before the change.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "60s", help_heading = "Verdicts")]
    pub lag: Duration,
    /// What exists before the first event
    ///
    /// Default: unknown. A script or a saved run starts from an empty account.
    #[arg(long, value_enum, help_heading = "Verdicts")]
    pub start: Option<StartArg>,
    /// Which divergences count.
    ///
    /// The tier `wire` needs `iamspec run`: a recording does not keep the form of a response.
    #[command(flatten)]
    pub threshold: ThresholdArgs,
    /// Also print responses to calls with unspecified behavior
    ///
    /// For example, which of two refusals AWS reports first.
    #[arg(long, help_heading = "Output")]
    pub learn: bool,
    /// Write these responses as facts, for `iamspec evidence add`
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub learned: Option<PathBuf>,
    /// Declare that AWS gave the responses: --learned then writes recorded facts
    ///
    /// Nothing in a log shows this: an emulator writes the same ids and hosts.
    #[arg(long, requires = "learned", help_heading = "Output")]
    pub from_aws: bool,
    /// Replace the names of users, keys, groups and policies by symbols
    #[arg(long, help_heading = "Output")]
    pub anonymize: bool,
    /// Report to write, such as `json=audit.jsonl`; repeatable
    ///
    /// Formats: json, junit, markdown, html, badge, sarif.
    #[arg(long, value_name = "FORMAT=FILE", help_heading = "Output")]
    pub report: Vec<ReportArg>,
    /// Log files, folders of logs, saved runs or scripts; `-` is a log in stdin
    ///
    /// Logs: CloudTrail logs, HAR files, cassettes, placebo recordings and traces, also compressed.
    /// Or, without logs: saved runs (`.jsonl`) and scripts with responses (`.script`).
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

/// What exists before the first event, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum StartArg {
    /// Any account: a response is impossible if no account explains it
    Unknown,
    /// No user, group, policy or device
    Empty,
}

/// The totals of all events.
#[derive(Default)]
struct AuditTotals {
    possible: usize,
    impossible: usize,
    too_soon: usize,
    uninformative: usize,
    ignored: usize,
    late: usize,
}

/// What is known about one account, and its events that may overlap.
struct AuditedAccount {
    auditor: Auditor,
    symbols: Symbols,
    responses: EarlierResponses,
    pending: Vec<(AuditEvent, CallFacts)>,
    /// Calls that the model lacks and that may change what responses show, each with its end and its place.
    other_changes: Vec<(CallFacts, i64, String)>,
    /// Events that arrived after later ones.
    late: Vec<AuditEvent>,
    /// The latest end of a pending event.
    end: i64,
    /// Whether a record that cannot be read overlaps with the pending events.
    has_gap: bool,
}

impl AuditedAccount {
    /// Forgets everything but the symbols.
    fn forget(&mut self, options: AuditOptions) {
        self.auditor = Auditor::new(options);
        self.symbols.forget_stored_names();
        self.responses.forget_all();
    }

    /// The pending events, with what differs from earlier responses.
    fn take_pending(&mut self, anonymize: bool) -> Vec<Rc<AuditEvent>> {
        let mut pending = std::mem::take(&mut self.pending);
        let overlaps = pending.len() > 1;
        for (event, facts) in &mut pending {
            let place = CallPlace { source: &event.source, start: event.start, end: event.end };
            let mut found = self.responses.check(facts, place, overlaps);
            found.retain(|it| event.deviations.iter().all(|other| other.detail != it.detail));
            event.deviations.extend(found);
        }
        for (facts, end, source) in std::mem::take(&mut self.other_changes) {
            self.responses.forget(&facts, end, &source);
        }
        let mut events: Vec<AuditEvent> = pending.into_iter().map(|(event, _)| event).collect();
        for deviation in events.iter_mut().flat_map(|it| &mut it.deviations).filter(|_| anonymize) {
            let element = deviation.detail.split(' ').next().unwrap_or_default();
            deviation.detail = format!("another {element}");
        }
        events.into_iter().map(Rc::new).collect()
    }
}

/// The accounts of the logs.
struct AuditSession<'a> {
    options: AuditOptions,
    /// Responses to calls with unspecified behavior.
    learned: Learned,
    accounts: BTreeMap<String, AuditedAccount>,
    totals: AuditTotals,
    anonymize: bool,
    /// The first findings, for the reports.
    findings: Vec<AuditFinding>,
    progress: ReadProgress,
    out: &'a mut dyn Write,
}

/// How much was read, as a bar on stderr if that is a terminal.
struct ReadProgress(Option<indicatif::ProgressBar>);

impl ReadProgress {
    fn new() -> Self {
        Self(std::io::stderr().is_terminal().then(|| indicatif::ProgressBar::new(0)))
    }

    fn update(&self, done: u64, total: u64) {
        if let Self(Some(bar)) = self {
            bar.set_length(total);
            bar.set_position(done);
        }
    }

    fn finish(&self) {
        if let Self(Some(bar)) = self {
            bar.finish_and_clear();
        }
    }
}

/// The number of findings in a report.
const FINDINGS_MAX: usize = 1000;

/// An account with more names than this is forgotten, if it was unknown at the start: its memory
/// must not grow with the log.
const NAMES_MAX: usize = 100_000;

pub(crate) fn audit(args: &AuditArgs, out: &mut dyn Write) -> Result<u8> {
    for file in &args.files {
        audit_log::check_regular(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
    }
    let histories: Vec<&PathBuf> = args.files.iter().filter(|it| is_history(it)).collect();
    let reports = args.report.iter().map(|it| it.file.as_path());
    let inputs = args.files.iter().map(PathBuf::as_path);
    check_files(reports.chain(args.learned.as_deref()), inputs)?;
    check_options(args, histories.len())?;
    if histories.len() == args.files.len() {
        return audit_histories(&histories, args, out);
    }
    let lag = i64::try_from(args.lag.as_micros()).unwrap_or(i64::MAX);
    let options = AuditOptions {
        starts_empty: args.start == Some(StartArg::Empty),
        lag,
        threshold: args.threshold.into(),
        learn: args.learn || args.learned.is_some(),
    };
    let mut session = AuditSession {
        options,
        learned: Learned::new(args.from_aws),
        accounts: BTreeMap::new(),
        totals: AuditTotals::default(),
        anonymize: args.anonymize,
        findings: Vec::new(),
        progress: ReadProgress::new(),
        out,
    };
    let mut written = Ok(());
    // Calls without times are so far apart that none of them may be stale.
    let gap = lag.saturating_add(1_000_000).min(1 << 44);
    let counts = audit_log::read(&args.files, gap, &mut |event| {
        if written.is_ok() {
            written = session.add(event);
        }
    })?;
    written?;
    session.progress.finish();
    session.finish()?;
    if args.learn {
        session.learned.print(session.out)?;
    }
    if let Some(file) = &args.learned {
        session.learned.write(file)?;
    }
    writeln!(session.out, "{}", session.totals.line(counts))?;
    let exit = session.totals.exit();
    let totals = RunTotals {
        passed: session.totals.possible,
        unexpected: session.totals.impossible,
        inconclusive: session.totals.too_soon + session.totals.uninformative,
        skipped: session.totals.late,
        ..RunTotals::default()
    };
    let end = EndEvent { totals, responded: true, exit, ..EndEvent::default() };
    let header = header(counted(counts.files, "file"), args.threshold.into());
    let run = audited_report(header, &session.findings, &command(&args.files), end);
    write_reports(&run, &args.report, session.out)?;
    Ok(exit)
}

/// Checks that the options fit the files, of which so many are histories.
fn check_options(args: &AuditArgs, histories: usize) -> Result<()> {
    ensure!(
        Threshold::from(args.threshold).tier != Tier::Wire,
        "an audit cannot compare the form of responses (--tier wire), because a recording may have \
         lost headers and elements; use --tier text, or `iamspec run --tier wire` with the endpoint"
    );
    if histories < args.files.len() {
        ensure!(
            histories == 0,
            "logs cannot be mixed with saved runs and scripts; audit the `.script` and `.jsonl` files separately"
        );
        return Ok(());
    }
    ensure!(
        !args.learn && args.learned.is_none(),
        "--learn and --learned need logs, not scripts or saved runs; remove them, or audit logs"
    );
    ensure!(
        args.start != Some(StartArg::Unknown),
        "scripts and saved runs start from an empty account; remove --start unknown, or audit logs"
    );
    Ok(())
}

/// The command that repeats the audit of these files.
fn command(files: &[PathBuf]) -> String {
    let words = ["iamspec".to_owned(), "audit".to_owned()].into_iter();
    let files = files.iter().map(|it| it.display().to_string());
    shell_line(&words.chain(files).collect::<Vec<_>>())
}

impl AuditSession<'_> {
    /// Adds a call. Calls that may overlap are checked together.
    fn add(&mut self, event: LogEvent) -> Result<()> {
        let (call, late) = match event {
            LogEvent::Call(call) => (call, false),
            LogEvent::Late(call) => (call, true),
            LogEvent::Gap(at) => return self.add_gap(at),
            LogEvent::Unreadable(file, records) => return self.print_unreadable(&file, &records),
            LogEvent::Skipped(file, error) => {
                let (file, error) = (file.display().to_string(), format!("{error:#}"));
                writeln!(self.out, "skipped {}: {}\n", visible(&file), visible_line(&error))?;
                return Ok(());
            }
            LogEvent::Progress { done, total } => {
                self.progress.update(done, total);
                return Ok(());
            }
        };
        let options = self.options;
        let new = || AuditedAccount {
            auditor: Auditor::new(options),
            symbols: Symbols::default(),
            responses: EarlierResponses::new(options.lag, options.starts_empty),
            pending: Vec::new(),
            other_changes: Vec::new(),
            late: Vec::new(),
            end: i64::MIN,
            has_gap: false,
        };
        let account = self.accounts.entry(call.account.clone()).or_insert_with(new);
        if translate::is_use_by_role(&call) {
            let policy = translate::named_policy(&call, &account.symbols);
            account.auditor.record_use_by_role(policy);
        }
        let Some(event) = translate::event(&call, &account.symbols, self.anonymize) else {
            self.totals.ignored += 1;
            let facts = CallFacts::of(&call);
            let end = call.end.or(call.start).unwrap_or_default();
            if account.pending.is_empty() {
                account.responses.forget(&facts, end, &call.source);
            } else if facts.may_change_something() {
                account.other_changes.push((facts, end, call.source.clone()));
            }
            return Ok(());
        };
        if late {
            self.totals.late += 1;
            account.late.push(event);
            account.responses.forget_all();
            return Ok(());
        }
        if event.start > account.end {
            self.check_pending(&call.account)?;
        }
        if let Some(account) = self.accounts.get_mut(&call.account) {
            if let Some(user) = translate::caller(&call, &account.symbols) {
                account.auditor.record_caller(user);
            }
            account.end = account.end.max(event.end);
            account.pending.push((event, CallFacts::of(&call)));
        }
        Ok(())
    }

    /// Forgets what is known: a record that may be any call, of any account, cannot be read.
    fn add_gap(&mut self, at: i64) -> Result<()> {
        self.options.starts_empty = false;
        let names: Vec<String> = self.accounts.keys().cloned().collect();
        for name in names {
            if self.accounts.get(&name).is_some_and(|it| it.end < at) {
                self.check_pending(&name)?;
            }
            if let Some(account) = self.accounts.get_mut(&name) {
                account.has_gap = true;
                // The time may be in whole seconds.
                account.end = account.end.max(at.saturating_add(999_999));
            }
        }
        Ok(())
    }

    fn print_unreadable(&mut self, file: &Path, records: &UnreadableRecords) -> Result<()> {
        let UnreadableRecords { count, place, reason } = records;
        let (file, number) = (file.display().to_string(), counted(*count, "record"));
        let first = if *count == 1 { "" } else { "the first one: " };
        let reason = visible_line(&format!("{first}{place}: {reason}"));
        writeln!(self.out, "skipped {number} of {}: {reason}", visible(&file))?;
        writeln!(self.out, "  nothing is known after it about what exists\n")?;
        Ok(())
    }

    /// Checks the pending events of an account. An event that overlaps with a record that cannot be
    /// read is checked without what was known before, and nothing is learned from it.
    fn check_pending(&mut self, name: &str) -> Result<()> {
        let options = self.options;
        let Some(account) = self.accounts.get_mut(name) else { return Ok(()) };
        let has_gap = std::mem::take(&mut account.has_gap);
        if has_gap {
            account.forget(options);
        }
        self.check_events(name)?;
        if let Some(account) = self.accounts.get_mut(name).filter(|_| has_gap) {
            account.forget(options);
        }
        Ok(())
    }

    fn check_events(&mut self, name: &str) -> Result<()> {
        let Some(account) = self.accounts.get_mut(name) else { return Ok(()) };
        let events = account.take_pending(self.anonymize);
        // They may have been made before or after the pending events.
        let late = std::mem::take(&mut account.late);
        for event in &late {
            account.auditor.record_late_event(event);
        }
        let verdicts = if events.is_empty() { Vec::new() } else { account.auditor.check(&events) };
        for event in &late {
            account.auditor.record_late_event(event);
        }
        for verdict in verdicts {
            match verdict {
                AuditVerdict::Possible => self.totals.possible += 1,
                AuditVerdict::TooSoon => self.totals.too_soon += 1,
                AuditVerdict::Uninformative => self.totals.uninformative += 1,
                AuditVerdict::Impossible(finding) => {
                    let finding = if self.anonymize {
                        *finding
                    } else {
                        in_names(*finding, &account.symbols)
                    };
                    self.totals.impossible += 1;
                    let name = if self.anonymize { "an account" } else { name };
                    print_finding(&finding, name, self.options.starts_empty, self.out)?;
                    if self.findings.len() < FINDINGS_MAX {
                        self.findings.push(finding);
                    }
                }
            }
        }
        for it in account.auditor.take_inferences() {
            self.learned.add(name, it);
        }
        if account.symbols.len() > NAMES_MAX && !self.options.starts_empty {
            account.forget(self.options);
            account.symbols = Symbols::default();
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        let names: Vec<String> = self.accounts.keys().cloned().collect();
        names.iter().try_for_each(|it| self.check_pending(it))
    }
}

/// The finding in the names of the log, with what the listings show.
fn in_names(finding: AuditFinding, symbols: &Symbols) -> AuditFinding {
    let shown = |event: &Rc<AuditEvent>| match &event.response {
        Response::Success(Some(listing)) => Rc::new(AuditEvent {
            shown: format!("{} {}", event.shown, symbols.in_names(&listing.to_string())),
            // A report does not show them.
            details: Vec::new(),
            ..AuditEvent::clone(event)
        }),
        _ => Rc::clone(event),
    };
    let allowed = finding.allowed.iter();
    AuditFinding {
        event: shown(&finding.event),
        earlier_events: finding.earlier_events.iter().map(shown).collect(),
        allowed: allowed.map(|(it, rule)| (symbols.in_names(it), rule.clone())).collect(),
        ..finding
    }
}

fn print_finding(
    finding: &AuditFinding,
    account: &str,
    starts_empty: bool,
    out: &mut dyn Write,
) -> Result<()> {
    let (level, tier) = (finding.level.name(), finding.tier.name());
    writeln!(out, "{}  {level}, {tier}\n  {}", finding.rule, finding.statement)?;
    for it in &finding.earlier_events {
        writeln!(out, "    {}", visible_line(&it.to_string()))?;
    }
    writeln!(out, "    {}  IMPOSSIBLE", visible_line(&finding.event.to_string()))?;
    let allowed: Vec<String> =
        finding.allowed.iter().map(|(answer, rule)| format!("{answer}  ({rule})")).collect();
    writeln!(out, "  expected      {}", visible_line(&allowed.join(" or ")))?;
    let facts = finding.evidence.iter().filter_map(|id| evidence::fact(id));
    for (place, fact) in facts.enumerate() {
        let word = if place == 0 { "evidence" } else { "" };
        writeln!(out, "  {word:<13} {} {}", fact.id, fact.source)?;
    }
    if finding.event.call == AuditCall::Unnamed {
        writeln!(out, "  account       any: the request is not recorded\n")?;
        return Ok(());
    }
    let account = visible(account);
    let start = if starts_empty { ", and that nothing existed at the start" } else { "" };
    writeln!(out, "  account       {account}; assumes that no related event is missing{start}\n")?;
    Ok(())
}

/// `, 2 files not readable`, if there are any.
fn some(number: usize, noun: &str, what: &str) -> String {
    if number == 0 { String::new() } else { format!(", {} {what}", counted(number, noun)) }
}

impl AuditTotals {
    fn line(&self, counts: LogCounts) -> String {
        format!(
            "{}, {}: {} possible, {} impossible, {} too soon after a change, {} uninformative, \
             {} out of order, {} of other IAM actions{}{}{}{}",
            counted(counts.files, "file"),
            counted(counts.events, "event"),
            self.possible,
            self.impossible,
            self.too_soon,
            self.uninformative,
            self.late,
            self.ignored,
            some(counts.repeated, "repeated event", "left out"),
            some(counts.without_calls, "digest or insight file", "skipped"),
            some(counts.skipped, "file", "not readable"),
            some(counts.unreadable, "record", "not readable")
        )
    }

    fn exit(&self) -> u8 {
        exit_code::of(Outcome {
            diverges: self.impossible > 0,
            inconclusive: false,
            nothing_ran: self.possible == 0,
        })
    }
}

/// Returns true if the file is a history: a script, or a saved run.
fn is_history(file: &Path) -> bool {
    let begins_with_run = || {
        let mut first = String::new();
        let opened = std::fs::File::open(file).ok();
        opened.map(|it| BufReader::new(it).take(LINE_MAX).read_line(&mut first));
        first.starts_with("{\"event\":\"run\"")
    };
    match file.extension().and_then(std::ffi::OsStr::to_str) {
        Some("script") => true,
        Some("jsonl") => begins_with_run(),
        _ => false,
    }
}

/// The maximum length of the first line of a saved run.
const LINE_MAX: u64 = 1 << 16;

/// Checks histories and prints the result like a run.
fn audit_histories(files: &[&PathBuf], args: &AuditArgs, out: &mut dyn Write) -> Result<u8> {
    let threshold: Threshold = args.threshold.into();
    let replays = script_runs(files)?;
    let report = Report {
        script_runs: replays,
        minimal_runs: Vec::new(),
        not_deleted: Vec::new(),
        requests: 0,
        end_reason: None,
        shortened: Shortened::default(),
    };
    let totals = Totals::of(&report.script_runs, threshold, &KnownFailures::default());
    let findings = findings(&report.script_runs);
    let exit = exit_code::of(Outcome {
        diverges: totals.unexpected > 0,
        inconclusive: totals.inconclusive > 0,
        nothing_ran: false,
    });
    let name = counted(files.len(), "file");
    let header = header(name.clone(), threshold);
    let command = |it: &Finding| {
        shell_line(&["iamspec".to_owned(), "audit".to_owned(), it.history.name.clone()])
    };
    let run = build_report(
        &report,
        ReportInput {
            header,
            findings: findings.iter().map(|it| (it, None, command(it))).collect(),
            threshold,
            remarks: Vec::new(),
            not_deleted: Vec::new(),
            known_failures: Vec::new(),
            known: &KnownFailures::default(),
            known_failure_errors: Vec::new(),
            totals,
            endpoint_option: None,
            end: EndEvent { responded: true, exit, ..EndEvent::default() },
        },
    );
    writeln!(out, "{name}")?;
    write!(out, "{}", terminal_text(&run, &[]))?;
    write_reports(&run, &args.report, out)?;
    Ok(exit)
}

/// The header of the report of an audit.
fn header(name: String, threshold: Threshold) -> RunHeader {
    RunHeader {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        revision: revision(),
        target: RunTarget { name, ..RunTarget::default() },
        tier: threshold.tier.name().to_owned(),
        level: threshold.level.name().to_owned(),
        started: now(),
        ..RunHeader::default()
    }
}

fn script_runs(files: &[&PathBuf]) -> Result<Vec<ScriptRun>> {
    let mut runs = Vec::new();
    for file in files {
        if file.extension().is_some_and(|it| it == "jsonl") {
            runs.extend(of_saved_run(&read_run(file)?)?);
        } else {
            runs.push(of_script(file)?);
        }
    }
    Ok(runs)
}

/// The scripts of a saved run, each with its responses. Calls that were not sent are left out.
fn of_saved_run(run: &RunReport) -> Result<Vec<ScriptRun>> {
    let mut histories: Vec<(&str, String)> = Vec::new();
    for call in &run.calls {
        if call.starts_script || histories.last().is_none_or(|(name, _)| *name != call.script) {
            histories.push((&call.script, String::new()));
        }
        if let (Some((_, text)), Some(answer)) = (histories.last_mut(), &call.response) {
            _ = writeln!(text, "{} -> {answer}", call.call);
        }
    }
    histories.retain(|(_, text)| !text.is_empty());
    let script_run = |(name, text): &(&str, String)| {
        let script =
            parse::parse(name, text).with_context(|| format!("the history {name} is invalid"))?;
        Ok(check_history(&script))
    };
    histories.iter().map(script_run).collect()
}

fn of_script(file: &PathBuf) -> Result<ScriptRun> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
    let script =
        parse::parse(&name, &text).with_context(|| format!("the history {name} is invalid"))?;
    Ok(check_history(&script))
}
