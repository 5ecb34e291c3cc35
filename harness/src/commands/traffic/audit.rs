//! `iamspec judge`.
//!
//! `iamspec judge`: what others asked, and whether the model allows what they were answered.
//!
//! Histories in text: scripts with what was answered behind each call.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use iamspec_conformance::audit::{AuditEvent, AuditFinding, AuditVerdict, Auditor};
use iamspec_conformance::results::known_failures::KnownFailures;
use iamspec_conformance::results::{Threshold, Totals, findings};
use iamspec_conformance::runner::record::judged;
use iamspec_conformance::script::parse;
use iamspec_conformance::{Report, ScriptRun};
use iamspec_model::evidence;

use crate::audit_log::cloudtrail::Understood;
use crate::audit_log::{LogCounts, LogEvent};
use crate::commands::reports::report::read;
use crate::commands::test::options;
use crate::commands::test::reproduce::line;
use crate::report::build::{ReportInput, told};
use crate::report::diff::revision;
use crate::report::events::{EndEvent, RunHeader, RunTarget};
use crate::report::format::style::Style;
use crate::report::format::summary::counted;
use crate::report::{FORMAT, RunReport};
use crate::{audit_log, exit_code};

/// `iamspec judge`.
#[derive(Args, Debug)]
pub struct AuditArgs {
    /// How long a change may not be seen yet: nothing is said of an answer that comes sooner after one
    #[arg(long, value_name = "TIME", value_parser = options::time, default_value = "60s")]
    pub lag: Duration,
    /// Say what answers teach where nobody knows: of two things that stand in the way, which one is named
    #[arg(long)]
    pub learn: bool,
    /// Logs of `CloudTrail`: files, packed or not, and folders of them; HTTP traffic that was recorded, `.har`; or histories in text, whose names end in
    /// `.script`, and runs that were written down, `.jsonl`
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

/// What stands below the help.
pub(crate) const EXAMPLES: &str = "Examples:
  iamspec judge events.json
  iamspec judge AWSLogs/123456789012/CloudTrail/us-east-1/
  iamspec judge traffic.har     what a browser or a proxy has recorded of it
  iamspec judge run.jsonl       a run of last year, by the rules of today
  iamspec judge my.script       calls with what was answered behind each; a call without one was answered as it should be

Of logs, nothing is known of the account at first. An answer is held against AWS only where no account may give it that agrees
with all events before it, none of which is missing: leave out no file in between. Exit code 1 where there is one.";

/// What all events came to.
#[derive(Default)]
struct AuditTotals {
    possible: usize,
    impossible: usize,
    soon: usize,
    nothing: usize,
    ignored: usize,
    late: usize,
}

/// The rules that may have decided an answer, the facts that leave it open, and the answer.
type TaughtRows = (Vec<String>, Vec<&'static str>, String);

/// What is known of each account, and the events of the second that is being read.
struct AuditSession<'a> {
    lag: i64,
    learn: bool,
    /// How often it was answered so where nobody knows, and where first.
    taught: BTreeMap<TaughtRows, (usize, String)>,
    accounts: BTreeMap<String, Auditor>,
    second: i64,
    waiting: BTreeMap<String, Vec<AuditEvent>>,
    sums: AuditTotals,
    out: &'a mut dyn Write,
}

pub(crate) fn judge(args: &AuditArgs, out: &mut dyn Write) -> Result<u8> {
    let is_history = |file: &&PathBuf| is_one(file);
    let histories: Vec<&PathBuf> = args.files.iter().filter(is_history).collect();
    if histories.len() == args.files.len() {
        return judge_runs(&histories, out);
    }
    ensure!(
        histories.is_empty(),
        "histories and logs of CloudTrail are told apart; judge the `.script` and `.jsonl` files alone"
    );
    let lag = i64::try_from(args.lag.as_secs()).unwrap_or(i64::MAX);
    let (accounts, waiting) = (BTreeMap::new(), BTreeMap::new());
    let (learn, taught, sums) = (args.learn, BTreeMap::new(), AuditTotals::default());
    let mut desk = AuditSession { lag, learn, taught, accounts, second: 0, waiting, sums, out };
    let mut written = Ok(());
    let counts = audit_log::read(&args.files, &mut |told| {
        if written.is_ok() {
            written = desk.take(told);
        }
    })?;
    written?;
    desk.judge_second()?;
    desk.tell_lessons()?;
    writeln!(desk.out, "{}", desk.sums.line(counts))?;
    Ok(desk.sums.exit())
}

impl AuditSession<'_> {
    fn take(&mut self, told: LogEvent) -> Result<()> {
        let (record, late) = match told {
            LogEvent::Event(record) => (record, false),
            LogEvent::Late(record) => (record, true),
        };
        let Understood::Event(event) = record.understood() else {
            self.sums.ignored += 1;
            return Ok(());
        };
        if late {
            self.sums.late += 1;
            self.account(record.account()).missed(&event);
            return Ok(());
        }
        if event.at != self.second {
            self.judge_second()?;
            self.second = event.at;
        }
        self.waiting.entry(record.account().to_owned()).or_default().push(event);
        Ok(())
    }

    fn account(&mut self, name: &str) -> &mut Auditor {
        let (lag, learn) = (self.lag, self.learn);
        let new = || {
            let new = Auditor::lagging(lag);
            if learn { new.learning() } else { new }
        };
        self.accounts.entry(name.to_owned()).or_insert_with(new)
    }

    fn judge_second(&mut self) -> Result<()> {
        for (account, events) in std::mem::take(&mut self.waiting) {
            for said in self.account(&account).judge(&events) {
                match said {
                    AuditVerdict::Possible => self.sums.possible += 1,
                    AuditVerdict::TooSoon => self.sums.soon += 1,
                    AuditVerdict::Nothing => self.sums.nothing += 1,
                    AuditVerdict::Impossible(accused) => {
                        self.sums.impossible += 1;
                        tell(&accused, &account, self.out)?;
                    }
                }
            }
            for it in self.account(&account).lessons() {
                let first = (0, it.event);
                self.taught.entry((it.rules, it.facts, it.answer)).or_insert(first).0 += 1;
            }
        }
        Ok(())
    }
}

impl AuditSession<'_> {
    /// What was answered where the facts leave it open.
    fn tell_lessons(&mut self) -> Result<()> {
        if !self.learn {
            return Ok(());
        }
        writeln!(
            self.out,
            "What was answered where nobody knows, in accounts that were known as far as it matters"
        )?;
        for ((rules, facts, answer), (times, first)) in &self.taught {
            let left = if facts.is_empty() {
                String::new()
            } else {
                format!(", {} leaves it open", facts.join(" "))
            };
            writeln!(
                self.out,
                "  {}{left}\n    {answer}, {}, first event {first}",
                rules.join(" or "),
                counted(*times, "time")
            )?;
        }
        if self.taught.is_empty() {
            writeln!(self.out, "  nothing of that sort")?;
        }
        writeln!(self.out)?;
        Ok(())
    }
}

fn tell(accused: &AuditFinding, account: &str, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "{}  must\n  {}", accused.rule, accused.statement)?;
    for it in &accused.taught {
        writeln!(out, "    {it}")?;
    }
    writeln!(out, "    {}  IMPOSSIBLE", accused.event)?;
    let allowed: Vec<String> =
        accused.allowed.iter().map(|(answer, rule)| format!("{answer}  ({rule})")).collect();
    writeln!(out, "  allowed only  {}", allowed.join(" or "))?;
    let facts = accused.evidence.iter().filter_map(|id| evidence::fact(id));
    for (place, fact) in facts.enumerate() {
        let word = if place == 0 { "because" } else { "" };
        writeln!(out, "  {word:<13} {} {}", fact.id, fact.source)?;
    }
    writeln!(out, "  account       {account}, if no event about these is missing\n")?;
    Ok(())
}

impl AuditTotals {
    fn line(&self, counts: LogCounts) -> String {
        format!(
            "{}, {}: {} possible, {} impossible, {} too soon after a change, {} that tell nothing, {} late, {} of other calls of IAM",
            counted(counts.files, "file"),
            counted(counts.events, "event"),
            self.possible,
            self.impossible,
            self.soon,
            self.nothing,
            self.late,
            self.ignored
        )
    }

    const fn exit(&self) -> u8 {
        match (self.impossible, self.possible) {
            (1.., _) => exit_code::DIVERGES,
            (0, 0) => exit_code::NOTHING_RAN,
            (0, _) => exit_code::CONFORMS,
        }
    }
}

/// Whether a file holds a history in text, or a run.
pub(crate) fn is_one(file: &Path) -> bool {
    let begins = || {
        let mut first = String::new();
        let opened = std::fs::File::open(file).ok();
        opened.map(|it| BufReader::new(it).take(LINE_MAX).read_line(&mut first));
        first.starts_with("{\"event\":\"run\"")
    };
    match file.extension().and_then(std::ffi::OsStr::to_str) {
        Some("script") => true,
        Some("jsonl") => begins(),
        _ => false,
    }
}

/// The header of a run is shorter.
const LINE_MAX: u64 = 1 << 16;

/// Judges each, and tells it as a run.
pub(crate) fn judge_runs(files: &[&PathBuf], out: &mut dyn Write) -> Result<u8> {
    let replays = replays(files)?;
    let report = Report { replays, kept: Vec::new(), requests: 0, ended: None };
    let threshold = Threshold::default();
    let tally = Totals::of(&report.replays, threshold, &KnownFailures::default());
    let found = findings(&report.replays);
    let diverges = (tally.unexpected > 0).then_some(exit_code::DIVERGES);
    let inconclusive = (tally.inconclusive > 0).then_some(exit_code::INCONCLUSIVE);
    let exit =
        exit_code::gravest([exit_code::CONFORMS].into_iter().chain(diverges).chain(inconclusive));
    let name = counted(files.len(), "file");
    let header = RunHeader {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        revision: revision(),
        target: RunTarget { name: name.clone(), ..RunTarget::default() },
        tier: threshold.tier.name().to_owned(),
        level: threshold.level.name().to_owned(),
        begun: crate::commands::test::target::now(),
        ..RunHeader::default()
    };
    let again = |it: &iamspec_conformance::Finding| {
        line(&["iamspec".to_owned(), "judge".to_owned(), it.history.name.clone()])
    };
    let stream = told(
        &report,
        ReportInput {
            header,
            findings: found.iter().map(|it| (it, None, again(it))).collect(),
            threshold,
            remarks: Vec::new(),
            kept: Vec::new(),
            entries: Vec::new(),
            complaints: Vec::new(),
            tally,
            end: EndEvent { heard: true, exit, ..EndEvent::default() },
        },
    );
    writeln!(out, "{name}")?;
    write!(out, "{}", crate::report::format::terminal::terminal(&stream, Style::stdout()))?;
    Ok(exit)
}

fn replays(files: &[&PathBuf]) -> Result<Vec<ScriptRun>> {
    let mut replays = Vec::new();
    for file in files {
        if file.extension().is_some_and(|it| it == "jsonl") {
            replays.extend(replays_of(&read(file)?)?);
        } else {
            replays.push(replay(file)?);
        }
    }
    Ok(replays)
}

/// The scripts of a run, each with its answers. What was not asked is left out.
fn replays_of(run: &RunReport) -> Result<Vec<ScriptRun>> {
    let mut histories: Vec<(&str, String)> = Vec::new();
    for call in &run.calls {
        if call.begins || histories.last().is_none_or(|(name, _)| *name != call.script) {
            histories.push((&call.script, String::new()));
        }
        if let (Some((_, text)), Some(answer)) = (histories.last_mut(), &call.answer) {
            _ = writeln!(text, "{} -> {answer}", call.call);
        }
    }
    histories.retain(|(_, text)| !text.is_empty());
    let replay = |(name, text): &(&str, String)| {
        let script =
            parse::parse(name, text).with_context(|| format!("the history {name} is wrong"))?;
        Ok(judged(&script))
    };
    histories.iter().map(replay).collect()
}

fn replay(file: &PathBuf) -> Result<ScriptRun> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
    let script =
        parse::parse(&name, &text).with_context(|| format!("the history {name} is wrong"))?;
    Ok(judged(&script))
}
