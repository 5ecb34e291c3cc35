//! `iamspec run`: scripts against an endpoint.

use std::cell::Cell;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow, bail};
use iamspec_conformance::expectation::glob;
use iamspec_conformance::finding::Threshold;
use iamspec_conformance::generated::Generated;
use iamspec_conformance::nearest::suggestion;
use iamspec_conformance::script;
use iamspec_conformance::shard::Shard;
use iamspec_conformance::suite::{Ended, covering, rules_of};
use iamspec_conformance::{Report, Script, Suite, text};

use super::about::About;
use super::checkers;
use super::expectations;
use super::jobs::jobs;
use super::outcome::{Outcome, today};
use super::progress::Progress;
use super::rehearse::rehearse;
use super::report::{write_down, write_file};
use super::target::Open;
use crate::cli::{Budget, Run, SuiteArg};
use crate::client::Http;
use crate::driver::Driver;
use crate::exit;
use crate::render::{self, Paint};
use crate::shard::ShardArg;
use crate::stream::{self, Client, FORMAT, Header, Part, Stream, Target, revision};

pub(super) fn run(args: &Run, out: &mut dyn Write) -> Result<u8> {
    if args.suite.contains(&SuiteArg::Checkers) {
        return checkers::run(args, out);
    }
    let about = args.about.as_deref().map(About::read).transpose()?;
    let expectations = expectations::read(args.expect.as_deref(), about.as_ref())?;
    let (suite, asked) = suite(args)?;
    if args.dry_run {
        return rehearse(&suite, args, out);
    }
    let mut open = Open::of(&args.target)?;
    let calls = suite.calls();
    let part = asked.shard.map(|it| format!("part {it} of ")).unwrap_or_default();
    let (what, calls_told) = (&asked.what, render::counted(calls, "call"));
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
    let mut outcome = Outcome::of(&report, args, &expectations);
    // Whatever cannot be written, the result is printed.
    let kept = outcome.keep(&args.regressions);
    let stream = outcome.stream((&report, took), args, &open.http, header);
    write!(out, "{}", render::terminal(&stream, Paint::stdout()))?;
    kept?;
    write_files(&stream, args)?;
    match args.expect.as_deref().filter(|_| args.update_expectations) {
        Some(file) => update(file, &stream, &outcome),
        None => Ok(stream.end.exit),
    }
}

fn write_files(stream: &Stream, args: &Run) -> Result<()> {
    if let Some(file) = &args.coverage {
        write_file(file, &(serde_json::to_string_pretty(&stream.coverage)? + "\n"))?;
    }
    write_down(stream, &args.report)?;
    if let Some(file) = &args.record {
        write_file(file, &stream::lines(&stream.anonymous())?)?;
    }
    Ok(())
}

/// What all parts play together, and which of them this is.
struct Asked {
    what: String,
    shard: Option<Shard>,
    /// Whether there is anything to play, be it in another part.
    anything: bool,
}

fn suite(args: &Run) -> Result<(Suite, Asked)> {
    let suite = Suite::new(chosen(args)?).with(generated(args)?);
    let suite = suite.observing(args.observe.into()).until_coverage(args.until_coverage);
    let suite = suite.settling(args.settle);
    let shard = args.shard.map(ShardArg::here).transpose()?;
    let anything = !suite.scripts().is_empty() || !suite.generated().is_empty();
    let asked = Asked { what: what(&suite), shard, anything };
    let suite = match shard {
        Some(shard) => suite.part(shard),
        None => suite,
    };
    Ok((suite, asked))
}

fn nothing(args: &Run) -> u8 {
    eprintln!(
        "iamspec: none of the chosen scripts reaches a rule called `{}`; `iamspec list rules` prints the names of all rules",
        args.rule.as_deref().unwrap_or("*")
    );
    exit::NOTHING_RAN
}

/// Writes the known divergences anew. The exit code is that of a run with the new file.
fn update(file: &Path, stream: &Stream, outcome: &Outcome) -> Result<u8> {
    let update = expectations::update(file, &stream.findings, &outcome.complaints, &today())?;
    let (added, removed) = (update.added, update.removed);
    eprintln!("{}: {added} added, {removed} removed; say why of each that is new", file.display());
    let mended = stream.end.exit == exit::DIVERGES && update.left == 0;
    Ok(if mended { exit::CONFORMS } else { stream.end.exit })
}

/// What a run tells before anything was asked.
fn header(
    (name, about): (&str, Option<About>),
    driver: Option<&Driver>,
    args: &Run,
    asked: Asked,
) -> Header {
    let target = match about {
        Some(it) => Target { name: it.name, version: Some(it.version), licence: it.licence },
        None => Target { name: name.to_owned(), version: None, licence: None },
    };
    let threshold = Threshold::from(args.counts);
    Header {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        revision: revision(),
        target,
        client: driver.map(Driver::hello).map(|it| Client {
            sdk: it.sdk.clone(),
            version: it.version.clone(),
            language: it.language.clone(),
        }),
        asked: asked.what,
        tier: threshold.tier.name().to_owned(),
        level: threshold.level.name().to_owned(),
        settle: args.settle.as_secs_f64(),
        seed: args.seed,
        begun: super::target::now(),
        shard: asked.shard.map(|it| Part { number: it.number(), of: it.of() }),
    }
}

/// Plays the suite until it ends, is stopped or has used up its budget.
fn play(suite: &Suite, calls: usize, args: &Run, http: &mut Http) -> Result<Report> {
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
    if report.ended == Some(Ended::Stopped) && !told() {
        report.ended = Some(Ended::Spent);
    }
    progress.end(&report);
    Ok(report)
}

/// What would be played, and in how many calls.
pub(super) fn list(suite: &Suite, out: &mut dyn Write) -> Result<u8> {
    for script in suite.scripts() {
        writeln!(out, "{:>5} {:<44} {}", script.steps.len(), script.name, script.idea)?;
    }
    for it in suite.generated() {
        writeln!(out, "{:>5} {:<44} {}", it.calls(), it.name(), it.course().idea())?;
    }
    Ok(exit::CONFORMS)
}

/// What is played, in words.
fn what(suite: &Suite) -> String {
    let scripts = Some(suite.scripts().len()).filter(|it| *it > 0 || suite.generated().is_empty());
    let scripts = scripts.map(|it| render::counted(it, "script"));
    let generated = suite.generated().iter().map(|it| it.name().to_owned());
    scripts.into_iter().chain(generated).collect::<Vec<_>>().join(", ")
}

/// The generated suites among the chosen ones, each once.
///
/// # Errors
/// A generated suite and a rule: a rule selects scripts, and a generated suite has none.
fn generated(args: &Run) -> Result<Vec<Generated>> {
    let of = |suite: &SuiteArg| match suite {
        SuiteArg::Scripts | SuiteArg::Cover | SuiteArg::Defects | SuiteArg::Checkers => None,
        SuiteArg::Lattice => Some(Generated::Lattice),
        SuiteArg::Pairs => Some(Generated::Pairs),
        SuiteArg::Drain => Some(Generated::Drain),
        SuiteArg::Tour => Some(Generated::Tour),
        SuiteArg::Random => Some(Generated::Random { seed: args.seed, calls: args.calls }),
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
fn chosen(args: &Run) -> Result<Vec<Script>> {
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
            SuiteArg::Defects => named("defects/*")?,
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
    script::ours().map_err(|(name, error)| anyhow!("our script {name} is wrong: {error}"))
}

/// The script in a file, or those of ours that are called so.
pub(super) fn named(name: &str) -> Result<Vec<Script>> {
    if Path::new(name).is_file() {
        let text = std::fs::read_to_string(name)
            .with_context(|| format!("cannot read the script {name}"))?;
        let script = text::parse(name, &text);
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
pub(super) fn stopped_by_ctrl_c(http: &Http) -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let run = http.journal().map(|it| it.header().run.clone());
    let handler = move || {
        if flag.swap(true, Ordering::Relaxed) {
            if let Some(run) = &run {
                eprintln!("left as it is; iamspec cleanup {run} removes what was made");
            }
            std::process::exit(i32::from(exit::USAGE));
        }
        eprintln!("\nstopping: removing what was made; Ctrl-C once more leaves it");
    };
    ctrlc::set_handler(handler).context("cannot watch for Ctrl-C")?;
    Ok(stop)
}
