//! `iamspec race`: sends calls concurrently and checks that some order of them explains the result.
//!
//! The races and the search for an order are in [`iamspec_conformance::concurrency`].

use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use clap::Args;
use iamspec_conformance::concurrency::Race;
use iamspec_conformance::concurrency::catalog::races;
use iamspec_conformance::concurrency::execute::{RaceOptions, RaceResult, execute_with_clients};
use iamspec_conformance::script::pattern::glob;
use iamspec_conformance::script::pattern::suggestion;
use iamspec_conformance::script::print;

use crate::client::HttpClient;
use crate::commands::leftovers::{cleanup_command, sweep_journal};
use crate::commands::options::{Typed, duration};
use crate::commands::reports::report::{all_written, check_files, write_file};
use crate::commands::test::reproduce::race_command;
use crate::commands::test::target::{OpenTarget, TargetArgs, is_local, stop_on_ctrl_c};
use crate::exit_code;
use crate::exit_code::Outcome;
use crate::report::format::html::races::races as html_page;
use crate::report::format::style::Style;
use crate::report::format::summary::counted;
use crate::report::format::timeline::timeline;
use crate::wire::output::visible::visible_line;

/// The arguments of `iamspec race`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  # The embedded reference endpoint.
  iamspec race
  # An emulator on this machine.
  iamspec race --endpoint http://127.0.0.1:5000
  # Every race with DeleteUser, more often.
  iamspec race 'DeleteUser+*' --repeats 200
  # An endpoint that checks first and acts later.
  iamspec race --mutant check-then-act:DeleteUser

The command first sends the calls of a race one after the other, in every order. If that already
diverges, it does not run the race. Exit code 1 if no order of the calls explains the responses and
the final state.")]
pub struct RaceArgs {
    /// The options as typed. It must stay the first field.
    #[command(flatten)]
    pub typed: Typed,
    /// The target.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Races to run; `*` matches any text
    ///
    /// Default: all races (`iamspec race --list`).
    #[arg(value_name = "RACE", help_heading = "Arguments")]
    pub races: Vec<String>,
    /// Number of runs of each race
    #[arg(long, value_name = "N", default_value_t = 20, help_heading = "Execution")]
    pub repeats: usize,
    /// Number of concurrent clients, from 2 to 8
    ///
    /// A finding is shown with the smallest number of clients that reproduces it.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(2..=8), help_heading = "Execution")]
    pub clients: u8,
    /// Seed of the delays between the clients
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Execution")]
    pub seed: u64,
    /// Maximum delay of one client behind another
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "2ms", help_heading = "Execution")]
    pub jitter: Duration,
    /// Retry reads that may be stale this long
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "0s", help_heading = "Execution")]
    pub settle: Duration,
    /// Write the findings as an HTML page with timelines
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub html: Option<PathBuf>,
    /// Print the races, send nothing
    #[arg(long, help_heading = "Safety")]
    pub list: bool,
}

/// The totals of all races. Each announced race is broken, explained, undecided or not run.
#[derive(Default)]
struct RaceTotals {
    announced: usize,
    broken: usize,
    explained: usize,
    undecided: usize,
    /// The races that are not run, because AWS's response is unspecified.
    unspecified: usize,
    histories: usize,
    failures: usize,
    not_deleted: usize,
}

pub(crate) fn race(args: &RaceArgs, out: &mut dyn Write) -> Result<u8> {
    ensure!(
        args.target.driver.is_none(),
        "a driver sends one call after the other; remove --driver"
    );
    ensure!(
        is_local(&args.target)?,
        "a race assumes that each response shows the current state, which AWS does not guarantee \
         (F-001); run races against an endpoint on this machine"
    );
    let races = select(&args.races)?;
    if args.list {
        return list(&races, out);
    }
    let outputs = args.html.as_deref().into_iter().chain(args.target.endpoint.trace.as_deref());
    check_files(outputs, args.target.inputs())?;
    let mut target = OpenTarget::open(&args.target)?;
    writeln!(out, "{}: {}", target.title, counted(races.len(), "race"))?;
    out.flush()?;
    let started = Instant::now();
    let stopped = stop_on_ctrl_c(&target.http, &args.target.endpoint)?;
    let stop = || stopped.load(Ordering::Relaxed);
    let RaceArgs { repeats, seed, jitter, settle, .. } = *args;
    let options = RaceOptions { repeats, seed, jitter, settle, stop_at_first: false, stop: &stop };
    let mut totals = RaceTotals { announced: races.len(), ..RaceTotals::default() };
    totals.unspecified = races.iter().filter(|it| !it.is_forbidden).count();
    let (mut findings, mut has_skipped) = (Vec::new(), false);
    for race in races.iter().filter(|it| it.is_forbidden) {
        if stop() {
            break;
        }
        let (race, result) =
            execute_with_clients(race, args.clients.into(), &mut target.http, options);
        let command = race_command::<RaceArgs>(&args.typed, &race);
        print_result(&race, &result, &command, &target.http, out)?;
        out.flush()?;
        totals.add(&result);
        has_skipped |= result.skip_reason.is_some();
        findings.extend((result.violations > 0).then_some((race, result, command)));
    }
    let diverges = !findings.is_empty() || has_skipped;
    if let Some(left) = sweep_journal(&mut target.http, diverges) {
        totals.not_deleted = left;
    }
    if let Some(command) = cleanup_command(&target.http, &args.target.endpoint) {
        writeln!(out, "to delete the rest later: {command}")?;
    }
    writeln!(out, "{totals}, in {:.1} s", started.elapsed().as_secs_f64())?;
    let page = args
        .html
        .as_ref()
        .map(|file| write_file(file, &html_page(&target.name, &totals.to_string(), &findings)?));
    all_written(page.into_iter().chain([target.http.check_trace()]))?;
    Ok(totals.exit(stop()))
}

/// The races that match the names, or all races.
fn select(names: &[String]) -> Result<Vec<Race>> {
    let mut races = races();
    for name in names {
        if !races.iter().any(|it| glob(name, &it.name)) {
            let similar = suggestion(name, races.iter().map(|it| &it.name));
            bail!("there is no race `{name}`{similar}; `iamspec race --list` prints all races");
        }
    }
    races.retain(|it| names.is_empty() || names.iter().any(|name| glob(name, &it.name)));
    Ok(races)
}

/// Prints each race with an interleaving that breaks it, as stateright found it.
fn list(races: &[Race], out: &mut dyn Write) -> Result<u8> {
    for race in races {
        let calls: Vec<String> = race.calls.iter().map(print::operation).collect();
        let mut checked = vec![false; calls.len()];
        let steps = race.anomaly.iter().filter_map(|call| {
            let acts = std::mem::replace(checked.get_mut(*call)?, true);
            Some(format!("{} {}", if acts { "acts" } else { "looks" }, call + 1))
        });
        let steps: Vec<String> = steps.collect();
        let skipped =
            if race.is_forbidden { "" } else { "; not run, because AWS's response is unspecified" };
        let (calls, steps) = (calls.join(", 2 "), steps.join(", "));
        writeln!(out, "{}\n    1 {calls}\n    {steps}{skipped}", race.name)?;
    }
    Ok(exit_code::CONFORMS)
}

/// Prints the result of a race, unless it conforms.
fn print_result(
    race: &Race,
    result: &RaceResult,
    command: &str,
    http: &HttpClient,
    out: &mut dyn Write,
) -> Result<()> {
    if let Some(reason) = &result.skip_reason {
        writeln!(out, "not run   {}: {reason}", race.name)?;
    }
    if let Some((history, before)) = &result.example {
        write!(out, "{}", timeline(race, result, (history, *before), Style::stdout()))?;
        writeln!(out, "  reproduce   {command}\n")?;
    }
    if result.failures > 0 {
        let failures = counted(result.failures, "call");
        writeln!(out, "failed    {}: {failures} ended in a failure of the service", race.name)?;
    }
    for it in &result.not_deleted {
        let name = http.name_of(it.namespace, &it.operation);
        let response = visible_line(&it.response.to_string());
        let call = print::operation(&it.operation);
        writeln!(out, "not deleted: {name}, because the response to {call} was {response}")?;
    }
    Ok(())
}

impl RaceTotals {
    fn add(&mut self, result: &RaceResult) {
        self.histories += result.histories;
        match result {
            RaceResult { violations: 1.., .. } => self.broken += 1,
            RaceResult { histories: 0, .. } => {}
            // Violations that did not occur again are left out of the result.
            RaceResult { undecided: 1.., .. } | RaceResult { skip_reason: Some(_), .. } => {
                self.undecided += 1;
            }
            _ => self.explained += 1,
        }
        self.failures += result.failures;
        // Calls that fail one after the other may leave resources for that reason alone.
        let only_sequential = result.skip_reason.is_some() && result.histories == 0;
        self.not_deleted += if only_sequential { 0 } else { result.not_deleted.len() };
    }

    fn exit(&self, stopped: bool) -> u8 {
        exit_code::of(Outcome {
            diverges: self.broken > 0,
            inconclusive: stopped
                || self.not_run() == self.announced
                || self.undecided + self.not_deleted + self.failures > 0,
            nothing_ran: false,
        })
    }

    fn not_run(&self) -> usize {
        self.announced - self.broken - self.explained - self.undecided
    }
}

impl std::fmt::Display for RaceTotals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let announced = counted(self.announced, "race");
        let unspecified = match self.unspecified {
            0 => String::new(),
            number => format!(" ({number} because AWS's response is unspecified)"),
        };
        write!(
            f,
            "{announced}: {} broken, {} explained, {} undecided, {} not run{unspecified}; \
             {} histories, {} failed calls, {} not deleted",
            self.broken,
            self.explained,
            self.undecided,
            self.not_run(),
            self.histories,
            self.failures,
            self.not_deleted
        )
    }
}

#[cfg(test)]
mod tests {
    use iamspec_conformance::Response;
    use iamspec_conformance::endpoint::Namespace;
    use iamspec_conformance::runner::cleanup::NotDeleted;
    use iamspec_model::{Operation, User};

    use super::*;

    /// The result of a race that leaves one user.
    fn one_not_deleted(not_raced: Option<&str>, histories: usize) -> RaceResult {
        let undo = Operation::DeleteUser(User(0));
        let code = "DeleteConflict".to_owned();
        let answer = Response::Refused { http: 409, code, message: None };
        let kept = NotDeleted { namespace: Namespace(0), operation: undo, response: answer };
        let not_raced = not_raced.map(str::to_owned);
        RaceResult {
            skip_reason: not_raced,
            histories,
            not_deleted: vec![kept],
            ..RaceResult::default()
        }
    }

    /// The exit code of this race and another one that conforms.
    fn exit(result: &RaceResult) -> u8 {
        let mut totals =
            RaceTotals { announced: 2, explained: 1, histories: 1, ..RaceTotals::default() };
        totals.add(result);
        let parts = totals.broken + totals.explained + totals.undecided + totals.not_run();
        assert_eq!(parts, totals.announced);
        totals.exit(false)
    }

    #[test]
    fn resources_of_concurrent_calls_that_are_not_deleted_are_inconclusive() {
        assert_eq!(exit(&one_not_deleted(None, 2)), exit_code::INCONCLUSIVE);
        assert_eq!(exit(&one_not_deleted(Some("it takes 5 clients"), 2)), exit_code::INCONCLUSIVE);
        // If the calls already fail one after the other, there are no histories.
        assert_eq!(exit(&one_not_deleted(Some("one after the other"), 0)), exit_code::CONFORMS);
    }
}
