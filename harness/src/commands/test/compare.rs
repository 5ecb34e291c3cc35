//! `iamspec compare`: sends the same calls to two endpoints and shows how their responses differ.
//!
//! The command compares the responses with each other, and not with the rules. Beside each
//! difference, it shows what the specification says about both responses.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use iamspec_conformance::generate::GeneratedSuite;
use iamspec_conformance::oracle::Tier;
use iamspec_conformance::results::difference::{Comparison, Difference, compare as compare_runs};
use iamspec_conformance::results::history::{Exchange, ScriptRun};
use iamspec_conformance::runner::observe::ObserveMode;
use iamspec_conformance::script::print;
use iamspec_conformance::{Reference, Report, Script, Suite, Verdict};

use crate::commands::connection::ConnectionArgs;
use crate::commands::leftovers::{cleanup_command, sweep, sweep_journal};
use crate::commands::options::{TierArg, duration};
use crate::commands::selection::by_name;
use crate::commands::test::target::{
    EndpointArgs, MAX_WAIT, OpenTarget, TargetArgs, stop_all_on_ctrl_c,
};
use crate::exit_code;
use crate::exit_code::Outcome;
use crate::report::format::summary::counted;
use crate::wire::output::visible::{say, visible_line};

/// The arguments of `iamspec compare`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  # Two versions of an emulator.
  iamspec compare http://127.0.0.1:5000 http://127.0.0.1:5001
  # An emulator and the reference endpoint.
  iamspec compare http://127.0.0.1:5000 reference
  # The reference endpoint, and the same with a known defect.
  iamspec compare reference reference:forgets-mfa-device 'delete-user/*'

The exit code is 1 if the endpoints differ, and 3 if some calls could not be compared.")]
pub struct CompareArgs {
    /// First endpoint: as for `run --endpoint`; `reference`; or `reference:MUTANT`
    #[arg(value_name = "A")]
    pub first: String,
    /// Second endpoint
    #[arg(value_name = "B")]
    pub second: String,
    /// Script files, or names of built-in scripts; default: all built-in scripts
    #[arg(value_name = "SCRIPT")]
    pub scripts: Vec<String>,
    /// How much of a response to compare; `wire` is not possible
    #[arg(long, value_enum, default_value = "code", help_heading = "Verdicts")]
    pub tier: TierArg,
    /// Number of random calls after the scripts
    ///
    /// Default: 1000, or none if scripts are named.
    #[arg(long, value_name = "N", help_heading = "Selection")]
    pub calls: Option<usize>,
    /// Seed of the random calls
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Selection")]
    pub seed: u64,
    /// Maximum number of calls to each endpoint that shorten the scripts of differences
    #[arg(long, value_name = "N", default_value_t = 2000, help_heading = "Execution")]
    pub shrink: usize,
    /// Wait until the endpoints respond, for this time at most, such as `30s`
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = "Target")]
    pub wait: Option<Duration>,
    /// Account of an endpoint that is not on this machine
    #[arg(long, value_name = "ID", help_heading = "Safety")]
    pub i_own_this_account: Option<String>,
    /// Folder for the journals of created resources
    #[arg(long, value_name = "FOLDER", help_heading = "Safety")]
    pub journal: Option<PathBuf>,
    /// Credentials and certificates, for both endpoints.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// The number of calls of one random script. Nothing after its first difference counts.
const RANDOM_SCRIPT_LEN: usize = 150;

/// The default number of random calls.
const RANDOM_CALLS: usize = 1000;

/// Seconds to wait for a response.
const TIMEOUT: u64 = 10;

pub(crate) fn compare(args: &CompareArgs, out: &mut dyn Write) -> Result<u8> {
    let scripts = scripts(args)?;
    let tier: Tier = args.tier.into();
    ensure!(
        tier < Tier::Wire,
        "the form of responses on the wire is not compared; use --tier text, or `iamspec run --tier wire` \
         for each endpoint"
    );
    let mut sides = [Side::open("A", &args.first, args)?, Side::open("B", &args.second, args)?];
    for side in &sides {
        writeln!(out, "{}: {}", side.letter, visible_line(&side.target.title))?;
    }
    let stopped =
        stop_all_on_ctrl_c(&sides.each_ref().map(|it| (&it.target.http, &it.args.endpoint)))?;
    let reports: [Report; 2] = sides.each_mut().map(|side| side.run(&scripts, &stopped));
    let ended = reports.iter().any(|it| it.end_reason.is_some());
    for (side, report) in sides.iter().zip(&reports) {
        if let Some(reason) = &report.end_reason {
            say(&format!("iamspec: the run against {} ended early: {reason}", side.letter));
        }
    }
    let mut found = Found::default();
    let [left, right] = &reports;
    for (one, other) in left.script_runs.iter().zip(&right.script_runs) {
        found.add(&[one.clone(), other.clone()], tier);
    }
    let mut budget = args.shrink;
    let mut shown = 0;
    for difference in std::mem::take(&mut found.groups).into_values() {
        let mut both = |script: &Script| run_both(&mut sides, script, &stopped);
        let name = difference.script.name.clone();
        if let Some(difference) = difference.minimized(tier, &mut budget, &mut both) {
            print_difference(&difference, out)?;
            shown += 1;
        } else {
            found.add_unknown(&format!("{name} showed a difference only once"));
        }
    }
    let calls: usize = left.script_runs.iter().map(|it| it.exchanges.len()).sum();
    writeln!(
        out,
        "\n{} in {} of {}; {} in each; {}",
        counted(shown, "difference"),
        found.scripts,
        counted(scripts.len(), "script"),
        counted(calls, "call"),
        match found.unknown {
            0 => "every script was compared".to_owned(),
            some =>
                format!("{some} could not be compared to their end, for example: {}", found.reason),
        }
    )?;
    let left_behind = finish(&mut sides, &reports)?;
    let inconclusive = ended || found.unknown > 0 || left_behind;
    Ok(exit_code::of(Outcome { diverges: shown > 0, inconclusive, nothing_ran: calls == 0 }))
}

/// The scripts that both endpoints run: the selected ones, and random ones that conform to the
/// specification.
fn scripts(args: &CompareArgs) -> Result<Vec<Script>> {
    let mut scripts = Vec::new();
    for name in &args.scripts {
        scripts.extend(by_name(name)?);
    }
    if args.scripts.is_empty() {
        scripts.extend(by_name("*")?);
    }
    let default_calls = if args.scripts.is_empty() { RANDOM_CALLS } else { 0 };
    scripts.extend(random_scripts(args.seed, args.calls.unwrap_or(default_calls)));
    ensure!(
        !scripts.is_empty(),
        "there is nothing to compare; name a script (`iamspec list scripts`)"
    );
    Ok(scripts)
}

/// Random calls as scripts: those that the generator sends to the reference in memory.
fn random_scripts(seed: u64, calls: usize) -> Vec<Script> {
    let suites = (0..calls.div_ceil(RANDOM_SCRIPT_LEN) as u64).map(|number| {
        let calls = RANDOM_SCRIPT_LEN;
        GeneratedSuite::Random { seed: seed.wrapping_add(number), calls }
    });
    let suite = Suite::new(Vec::new()).with_generated(suites.collect());
    let report = suite.run(&mut Reference::default(), &mut |_| (), &|| false);
    let numbered = report.script_runs.iter().enumerate().map(|(number, run)| {
        let mut script = run.history();
        script.name = format!("random/{seed}/{}", number + 1);
        script.steps.iter_mut().for_each(|it| it.response = None);
        script
    });
    numbered.collect()
}

/// One of the endpoints.
struct Side {
    letter: &'static str,
    args: TargetArgs,
    target: OpenTarget,
}

impl Side {
    fn open(letter: &'static str, endpoint: &str, args: &CompareArgs) -> Result<Self> {
        let reference = endpoint.strip_prefix("reference");
        let mutant = reference.and_then(|it| it.strip_prefix(':')).map(str::to_owned);
        let is_reference = mutant.is_some() || reference == Some("");
        let args = TargetArgs {
            endpoint: EndpointArgs {
                endpoint: (!is_reference).then(|| endpoint.to_owned()),
                wait: args.wait.filter(|_| !is_reference),
                timeout: TIMEOUT,
                max_wait: MAX_WAIT,
                rate: None,
                trace: None,
                i_own_this_account: args.i_own_this_account.clone(),
                journal: args.journal.clone(),
                connection: args.connection.clone(),
            },
            mutant,
            unspecified: None,
            driver: None,
        };
        let target = OpenTarget::open(&args).with_context(|| format!("cannot test {letter}"))?;
        Ok(Self { letter, args, target })
    }

    fn run(&mut self, scripts: &[Script], stopped: &AtomicBool) -> Report {
        let suite = Suite::new(scripts.to_vec()).with_observe_mode(ObserveMode::Off);
        let is_stopped = || stopped.load(Ordering::Relaxed);
        suite.run(&mut self.target.http, &mut |_| (), &is_stopped)
    }
}

fn run_both(
    sides: &mut [Side; 2],
    script: &Script,
    stopped: &AtomicBool,
) -> Option<[ScriptRun; 2]> {
    let scripts = std::slice::from_ref(script);
    let [left, right] = sides.each_mut().map(|side| {
        let report = side.run(scripts, stopped);
        let complete = report.end_reason.is_none();
        report.script_runs.into_iter().next().filter(|_| complete)
    });
    Some([left?, right?])
}

/// The differences, one for each action and pair of responses: the one with the shortest script.
#[derive(Default)]
struct Found {
    groups: BTreeMap<(&'static str, [String; 2]), Box<Difference>>,
    /// The number of scripts with a difference.
    scripts: usize,
    /// The number of scripts with a call that could not be compared, and the first reason.
    unknown: usize,
    reason: String,
}

impl Found {
    fn add_unknown(&mut self, reason: &str) {
        self.unknown += 1;
        if self.reason.is_empty() {
            self.reason = visible_line(reason);
        }
    }

    fn add(&mut self, runs: &[ScriptRun; 2], tier: Tier) {
        match compare_runs(runs, tier) {
            Comparison::Same => {}
            Comparison::Unknown(reason) => self.add_unknown(&reason),
            Comparison::Differs(difference) => {
                self.scripts += 1;
                match self.groups.entry(difference.group()) {
                    Entry::Vacant(free) => {
                        free.insert(difference);
                    }
                    Entry::Occupied(mut known) => {
                        if difference.script.steps.len() < known.get().script.steps.len() {
                            known.insert(difference);
                        }
                    }
                }
            }
        }
    }
}

fn print_difference(difference: &Difference, out: &mut dyn Write) -> Result<()> {
    let action = difference.group().0;
    writeln!(out, "\nDIFFERS  {action}  {}", difference.script.name)?;
    for (letter, exchange) in ["A", "B"].iter().zip(&difference.exchanges) {
        let response = exchange.response.as_ref().map_or_else(String::new, ToString::to_string);
        writeln!(out, "  {letter}: {}", visible_line(&response))?;
        writeln!(out, "     {}", verdict(exchange))?;
    }
    for step in &difference.script.steps {
        writeln!(out, "    {}", print::operation(&step.operation))?;
    }
    Ok(())
}

/// What the specification says about the response.
fn verdict(exchange: &Exchange) -> String {
    match &exchange.verdict {
        Verdict::Conforms(unspecified) if unspecified.is_empty() => "conforms".to_owned(),
        Verdict::Conforms(_) => "conforms; no evidence decides between the responses".to_owned(),
        Verdict::Diverges(it) => format!("diverges at {}: {}", it.level.name(), it.rule_id()),
        Verdict::Inconclusive(failure) => {
            format!("no verdict: {}", visible_line(&failure.to_string()))
        }
        Verdict::Unsupported(action) => format!("no verdict: {action} is unsupported"),
        Verdict::Skipped(reason) => format!("no verdict: {}", visible_line(reason)),
    }
}

/// Deletes what the runs have left. Returns true if something remains.
fn finish(sides: &mut [Side; 2], reports: &[Report; 2]) -> Result<bool> {
    let mut remains = false;
    for (side, report) in sides.iter_mut().zip(reports) {
        let http = &mut side.target.http;
        remains |= !sweep(report, http).is_empty();
        remains |= sweep_journal(http, true).is_some_and(|left| left > 0);
        http.check_trace()?;
        if let Some(command) = cleanup_command(http, &side.args.endpoint) {
            say(&format!(
                "not everything is deleted from {}; when it accepts the deletion, run: {command}",
                side.letter
            ));
        }
    }
    Ok(remains)
}
