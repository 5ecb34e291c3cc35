//! `iamspec run`.
//!
//! `iamspec run`: scripts against an endpoint.

use std::cell::Cell;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use iamspec_conformance::generate::GeneratedSuite;
use iamspec_conformance::results::Threshold;
use iamspec_conformance::results::known_failures::glob;
use iamspec_conformance::runner::EndReason;
use iamspec_conformance::runner::observe::ObserveMode;
use iamspec_conformance::runner::shard::Shard;
use iamspec_conformance::script::corpus::{covering, rules_of};
use iamspec_conformance::script::parse;
use iamspec_conformance::script::pattern::suggestion;
use iamspec_conformance::{Reference, Report, Script, Suite, script};

use crate::client::HttpClient;
use crate::commands::reports::report::{ReportArg, write_down, write_file};
use crate::commands::test::dry_run::rehearse;
use crate::commands::test::jobs::{Progress, jobs};
use crate::commands::test::known_failures::TargetFile;
use crate::commands::test::options::{
    Budget, Jobs, LevelArg, ObserveArg, SuiteArg, TierArg, Typed,
};
use crate::commands::test::outcome::{RunOutcome, today};
use crate::commands::test::shard::ShardArg;
use crate::commands::test::target::{OpenTarget, TargetArgs};
use crate::commands::test::{invariants, known_failures, options};
use crate::driver::Driver;
use crate::exit_code;
use crate::report::diff::revision;
use crate::report::events::{RunClient, RunHeader, RunTarget, ShardOf};
use crate::report::format::style::Style;
use crate::report::{FORMAT, RunReport};

/// What counts.
#[derive(Args, Clone, Copy, Debug)]
pub struct ThresholdArgs {
    /// How closely answers are compared
    #[arg(long, value_enum, default_value = "code")]
    pub tier: TierArg,
    /// From which level on a divergence fails the run
    #[arg(long, value_enum, default_value = "must")]
    pub level: LevelArg,
}

impl From<ThresholdArgs> for Threshold {
    fn from(counts: ThresholdArgs) -> Self {
        Self { tier: counts.tier.into(), level: counts.level.into() }
    }
}

/// `iamspec run`.
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct RunArgs {
    /// What the user typed. It must stay the first field.
    #[command(flatten)]
    pub typed: Typed,
    /// Whom to ask.
    #[command(flatten)]
    pub target: TargetArgs,
    /// What counts.
    #[command(flatten)]
    pub counts: ThresholdArgs,
    /// What to play: repeatable; the hand-written scripts if left out and no script is named
    #[arg(long, value_enum, value_name = "NAME")]
    pub suite: Vec<SuiteArg>,
    /// When what calls change is read, from both sides
    #[arg(long, value_enum, default_value = "end")]
    pub observe: ObserveArg,
    /// How long the endpoint may take until its answers are as they should be, such as `10s`: a read that
    /// shows otherwise and a refusal are asked again, and what settled is reported; not at all if left out
    #[arg(long, value_name = "TIME", value_parser = options::time, default_value = "0s")]
    pub settle: Duration,
    /// What the chance of `--suite random` begins with
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// How many calls `--suite random` makes at most
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub calls: usize,
    /// End after so many requests, or so many seconds (`60s`), and clean up
    #[arg(long, value_name = "N")]
    pub budget: Option<Budget>,
    /// End a generated suite where nothing new comes up for a while
    #[arg(long)]
    pub until_coverage: bool,
    /// Play so many scripts and courses at the same time, or as many as the endpoint answers fastest, `auto`, which
    /// some hundred reads of nobody show; what comes of them does not depend on it. With --driver and --trace one after the other all the same
    #[arg(long, value_name = "N", default_value = "1")]
    pub jobs: Jobs,
    /// Play one part of several, `2/8`; `env`: the part that a Slurm array, an AWS Batch array job, Buildkite,
    /// `CircleCI` or GitLab says; `env/8`: where only the number is said, as by a Kubernetes Indexed Job
    #[arg(long, value_name = "K/N", conflicts_with_all = ["update_expectations", "dry_run"])]
    pub shard: Option<ShardArg>,
    /// Write what was asked and what was not, as JSON
    #[arg(long, value_name = "FILE")]
    pub coverage: Option<PathBuf>,
    /// Write the run down as evidence: calls and answers in symbols, without names, accounts and secrets, and
    /// what the service called each request. `iamspec evidence show` shows what of it is news
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Write a report as well, such as `json=run.jsonl`; repeatable
    #[arg(long, value_name = "FORMAT=FILE")]
    pub report: Vec<ReportArg>,
    /// What the endpoint is, for reports: a file with `name`, `version` and `licence`, in TOML
    #[arg(long, value_name = "FILE")]
    pub about: Option<PathBuf>,
    /// Where the finds of generated suites are kept as scripts, which are played again next time
    #[arg(long, value_name = "FOLDER", default_value = "regressions")]
    pub regressions: PathBuf,
    /// Play only scripts that reach a rule of this name; `*` stands for anything
    #[arg(long, value_name = "GLOB")]
    pub rule: Option<String>,
    /// Known divergences of this target, in TOML
    #[arg(long, value_name = "FILE")]
    pub expect: Option<PathBuf>,
    /// Add what is unexpected to the file of known divergences, and take out what is stale
    #[arg(long, requires = "expect")]
    pub update_expectations: bool,
    /// Print what would be played, and play nothing
    #[arg(long)]
    pub list: bool,
    /// Print every request that would be sent to an endpoint that conforms, and send none
    #[arg(long)]
    pub dry_run: bool,
    /// Scripts to play instead of all: files, or names of ours (`iamspec list scripts`)
    #[arg(value_name = "SCRIPT")]
    pub scripts: Vec<String>,
}

pub(crate) fn run(args: &RunArgs, out: &mut dyn Write) -> Result<u8> {
    if args.suite.contains(&SuiteArg::Checkers) {
        return invariants::run(args, out);
    }
    let about = args.about.as_deref().map(TargetFile::read).transpose()?;
    let expectations = known_failures::read(args.expect.as_deref(), about.as_ref())?;
    let (suite, asked) = suite(args)?;
    if args.dry_run {
        return rehearse(&suite, args, out);
    }
    let mut open = OpenTarget::of(&args.target)?;
    let calls = suite.calls(&mut Reference::default());
    let part = asked.shard.map(|it| format!("part {it} of ")).unwrap_or_default();
    let (what, calls_told) = (&asked.what, crate::report::format::summary::counted(calls, "call"));
    writeln!(out, "{}: {part}{what}, {calls_told}", open.name)?;
    if !asked.anything {
        return Ok(nothing(args));
    }
    if args.list {
        return list(&suite, out);
    }
    out.flush()?;
    open.http.record(args.record.is_some());
    let suite = suite.at_once(jobs(args, &open.http));
    let header = header((&open.name, about), open.http.driver(), args, asked);
    let begun = Instant::now();
    let report = play(&suite, calls, args, &mut open.http)?;
    let took = begun.elapsed();
    let mut outcome = RunOutcome::of(&report, args, &expectations);
    // Whatever cannot be written, the result is printed.
    let kept = outcome.keep(&args.regressions);
    let stream = outcome.stream((&report, took), args, &open.http, header);
    write!(out, "{}", crate::report::format::terminal::terminal(&stream, Style::stdout()))?;
    kept?;
    write_files(&stream, args)?;
    match args.expect.as_deref().filter(|_| args.update_expectations) {
        Some(file) => update(file, &stream, &outcome),
        None => Ok(stream.end.exit),
    }
}

fn write_files(stream: &RunReport, args: &RunArgs) -> Result<()> {
    if let Some(file) = &args.coverage {
        write_file(file, &(serde_json::to_string_pretty(&stream.coverage)? + "\n"))?;
    }
    write_down(stream, &args.report)?;
    if let Some(file) = &args.record {
        write_file(file, &crate::report::file::lines(&stream.anonymous())?)?;
    }
    Ok(())
}

/// What all parts play together, and which of them this is.
struct Selection {
    what: String,
    shard: Option<Shard>,
    /// Whether there is anything to play, be it in another part.
    anything: bool,
}

fn suite(args: &RunArgs) -> Result<(Suite, Selection)> {
    let suite = Suite::new(chosen(args)?).with(generated(args)?);
    let suite = suite.observing(args.observe.into()).until_coverage(args.until_coverage);
    let suite = suite.settling(args.settle);
    let shard = args.shard.map(ShardArg::here).transpose()?;
    let anything = !suite.scripts().is_empty() || !suite.generated().is_empty();
    let asked = Selection { what: what(&suite), shard, anything };
    let suite = match shard {
        Some(shard) => suite.part(shard),
        None => suite,
    };
    Ok((suite, asked))
}

fn nothing(args: &RunArgs) -> u8 {
    eprintln!(
        "iamspec: none of the chosen scripts reaches a rule called `{}`; `iamspec list rules` prints the names of all rules",
        args.rule.as_deref().unwrap_or("*")
    );
    exit_code::NOTHING_RAN
}

/// Writes the known divergences anew. The exit code is that of a run with the new file.
fn update(file: &Path, stream: &RunReport, outcome: &RunOutcome) -> Result<u8> {
    let update = known_failures::update(file, &stream.findings, &outcome.complaints, &today())?;
    let (added, removed) = (update.added, update.removed);
    eprintln!("{}: {added} added, {removed} removed; say why of each that is new", file.display());
    let mended = stream.end.exit == exit_code::DIVERGES && update.left == 0;
    Ok(if mended { exit_code::CONFORMS } else { stream.end.exit })
}

/// What a run tells before anything was asked.
fn header(
    (name, about): (&str, Option<TargetFile>),
    driver: Option<&Driver>,
    args: &RunArgs,
    asked: Selection,
) -> RunHeader {
    let target = match about {
        Some(it) => RunTarget { name: it.name, version: Some(it.version), licence: it.licence },
        None => RunTarget { name: name.to_owned(), version: None, licence: None },
    };
    let threshold = Threshold::from(args.counts);
    RunHeader {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        revision: revision(),
        target,
        client: driver.map(Driver::hello).map(|it| RunClient {
            sdk: it.sdk.clone(),
            version: it.version.clone(),
            language: it.language.clone(),
        }),
        asked: asked.what,
        tier: threshold.tier.name().to_owned(),
        level: threshold.level.name().to_owned(),
        settle: args.settle.as_secs_f64(),
        seed: args.seed,
        begun: crate::commands::test::target::now(),
        shard: asked.shard.map(|it| ShardOf { number: it.number(), of: it.of() }),
    }
}

/// Plays the suite until it ends, is stopped or has used up its budget.
fn play(suite: &Suite, calls: usize, args: &RunArgs, http: &mut HttpClient) -> Result<Report> {
    let stopped = stopped_by_ctrl_c(http)?;
    let progress = Progress::new(calls);
    let (sent, begun) = (Cell::new(0), Instant::now());
    let used_up = || match args.budget {
        Some(Budget::Requests(most)) => sent.get() >= most,
        Some(Budget::Time(most)) => begun.elapsed() >= most,
        None => false,
    };
    let mut tell = |requests| {
        sent.set(requests);
        progress.tell(requests);
    };
    let told = || stopped.load(Ordering::Relaxed);
    let mut report = suite.run(http, &mut tell, &|| told() || used_up());
    if report.ended == Some(EndReason::Stopped) && !told() {
        report.ended = Some(EndReason::Spent);
    }
    progress.end(&report);
    Ok(report)
}

/// The calls that a generated suite makes on an endpoint that conforms, without its cleanup.
fn calls_of(generated: GeneratedSuite) -> usize {
    let suite = Suite::new(Vec::new()).with(vec![generated]).observing(ObserveMode::Off);
    suite.calls(&mut Reference::default())
}

/// What would be played, and in how many calls.
pub(crate) fn list(suite: &Suite, out: &mut dyn Write) -> Result<u8> {
    for script in suite.scripts() {
        writeln!(out, "{:>5} {:<44} {}", script.steps.len(), script.name, script.idea)?;
    }
    for it in suite.generated() {
        writeln!(out, "{:>5} {:<44} {}", calls_of(*it), it.name(), it.course().idea())?;
    }
    Ok(exit_code::CONFORMS)
}

/// What is played, in words.
fn what(suite: &Suite) -> String {
    let scripts = Some(suite.scripts().len()).filter(|it| *it > 0 || suite.generated().is_empty());
    let scripts = scripts.map(|it| crate::report::format::summary::counted(it, "script"));
    let generated = suite.generated().iter().map(|it| it.name().to_owned());
    scripts.into_iter().chain(generated).collect::<Vec<_>>().join(", ")
}

/// The generated suites among the chosen ones, each once.
///
/// # Errors
/// A generated suite and a rule: a rule selects scripts, and a generated suite has none.
fn generated(args: &RunArgs) -> Result<Vec<GeneratedSuite>> {
    let of = |suite: &SuiteArg| match suite {
        SuiteArg::Scripts | SuiteArg::Cover | SuiteArg::Defects | SuiteArg::Checkers => None,
        SuiteArg::Lattice => Some(GeneratedSuite::Lattice),
        SuiteArg::Pairs => Some(GeneratedSuite::Pairs),
        SuiteArg::Drain => Some(GeneratedSuite::Drain),
        SuiteArg::Tour => Some(GeneratedSuite::Tour),
        SuiteArg::Random => Some(GeneratedSuite::Random { seed: args.seed, calls: args.calls }),
    };
    let suites = once(args.suite.iter().filter_map(of));
    if let (Some(rule), Some(suite)) = (&args.rule, suites.first()) {
        bail!(
            "--rule `{rule}` selects scripts, and --suite {} generates its calls without scripts; \
             leave one of the two out",
            suite.name()
        );
    }
    Ok(suites)
}

/// Each item once, at its first place.
fn once<T: PartialEq>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut kept = Vec::new();
    for item in items {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    kept
}

/// The scripts that were named, or all of ours; of these those that reach the rule.
fn chosen(args: &RunArgs) -> Result<Vec<Script>> {
    let mut scripts = Vec::new();
    for name in &args.scripts {
        scripts.extend(named(name)?);
    }
    if args.scripts.is_empty() && args.suite.is_empty() {
        scripts.extend(ours()?);
    }
    for suite in &args.suite {
        scripts.extend(match suite {
            SuiteArg::Scripts => ours()?,
            SuiteArg::Cover => covering(ours()?),
            SuiteArg::Defects => named("validation/*")?,
            _ => Vec::new(),
        });
    }
    if args.scripts.is_empty() && args.regressions.is_dir() {
        scripts.extend(kept(&args.regressions)?);
    }
    scripts.sort_by(|one, other| one.name.cmp(&other.name));
    let mut scripts = once(scripts);
    if let Some(pattern) = &args.rule {
        scripts.retain(|script| rules_of(script).iter().any(|rule| glob(pattern, &rule.id())));
    }
    Ok(scripts)
}

/// The finds of earlier runs.
fn kept(folder: &Path) -> Result<Vec<Script>> {
    let entries = folder.read_dir().with_context(|| format!("cannot read {}", folder.display()))?;
    let files = entries.filter_map(|it| Some(it.ok()?.path().to_str()?.to_owned()));
    let scripts = files.filter(|it| it.ends_with(".script")).map(|it| named(&it));
    Ok(scripts.collect::<Result<Vec<_>>>()?.concat())
}

fn ours() -> Result<Vec<Script>> {
    script::corpus::ours().map_err(|(name, error)| anyhow!("our script {name} is wrong: {error}"))
}

/// The script in a file, or those of ours that are called so.
pub(crate) fn named(name: &str) -> Result<Vec<Script>> {
    if Path::new(name).is_file() {
        let text = std::fs::read_to_string(name)
            .with_context(|| format!("cannot read the script {name}"))?;
        let script = parse::parse(name, &text);
        return Ok(vec![script.with_context(|| format!("the script {name} is wrong"))?]);
    }
    let mut named = ours()?;
    let near = suggestion(name, named.iter().map(|it| &it.name));
    named.retain(|it| glob(name, &it.name));
    if named.is_empty() {
        bail!(
            "`{name}` is neither a file nor a script of ours{near}; `iamspec list scripts` prints their names"
        );
    }
    Ok(named)
}

/// The first Ctrl-C ends the run with its clean-up, the second one at once, and says how to remove what is
/// left.
pub(crate) fn stopped_by_ctrl_c(http: &HttpClient) -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let run = http.journal().map(|it| it.header().run.clone());
    let handler = move || {
        if flag.swap(true, Ordering::Relaxed) {
            if let Some(run) = &run {
                eprintln!("left as it is; iamspec cleanup {run} removes what was made");
            }
            std::process::exit(i32::from(exit_code::USAGE));
        }
        eprintln!("\nstopping: removing what was made; Ctrl-C once more leaves it");
    };
    ctrlc::set_handler(handler).context("cannot watch for Ctrl-C")?;
    Ok(stop)
}
