//! `iamspec race`.
//!
//! `iamspec race`: calls at the same time.

use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use clap::Args;
use iamspec_conformance::concurrency::Race;
use iamspec_conformance::concurrency::catalog::races;
use iamspec_conformance::concurrency::execute::{RaceOptions, RaceResult, hold};
use iamspec_conformance::results::known_failures::glob;
use iamspec_conformance::script::pattern::suggestion;

use crate::client::HttpClient;
use crate::commands::reports::report::write_file;
use crate::commands::test::options;
use crate::commands::test::options::Typed;
use crate::commands::test::reproduce::race_again;
use crate::commands::test::run::stopped_by_ctrl_c;
use crate::commands::test::target::{OpenTarget, TargetArgs, is_alone};
use crate::exit_code;
use crate::report::format::style::Style;
use crate::report::format::summary::counted;
use crate::report::format::timeline::timeline;

/// `iamspec race`.
#[derive(Args, Debug)]
pub struct RaceArgs {
    /// What the user typed. It must stay the first field.
    #[command(flatten)]
    pub typed: Typed,
    /// Whom to ask.
    #[command(flatten)]
    pub target: TargetArgs,
    /// How often the calls of a race are asked together
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub repeats: usize,
    /// How many clients ask at once, from 2 to 8; what shows is shown with as few as it still shows with
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(2..=8))]
    pub clients: u8,
    /// What the head starts begin with
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// The longest head start that one client has of the others
    #[arg(long, value_name = "TIME", value_parser = options::time, default_value = "2ms")]
    pub jitter: Duration,
    /// How long reads may show what was true earlier: what no order explains is read again until then
    #[arg(long, value_name = "TIME", value_parser = options::time, default_value = "0s")]
    pub settle: Duration,
    /// Write those that were lost as a page as well, each with a timeline; it needs no network
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Print the races, and hold none
    #[arg(long)]
    pub list: bool,
    /// Races to hold instead of all; `*` stands for anything
    #[arg(value_name = "RACE")]
    pub races: Vec<String>,
}

/// What stands below the help.
pub(crate) const EXAMPLES: &str = "Examples:
  iamspec race                                            the embedded reference endpoint
  iamspec race --endpoint http://127.0.0.1:5000           an emulator on this machine
  iamspec race 'DeleteUser+*' --repeats 200               every race with DeleteUser, more often
  iamspec race --mutant check-then-act:DeleteUser         an endpoint that looks first and acts then

The calls of a race are first asked one after the other, in every order; where that already goes wrong,
the race is not held. Exit code 1 where an answer or what is true afterwards fits no order of the calls.";

/// What all races came to.
#[derive(Default)]
struct RaceTotals {
    held: usize,
    histories: usize,
    broken: usize,
    not_held: usize,
    unknown: usize,
    failures: usize,
    left: usize,
}

pub(crate) fn race(args: &RaceArgs, out: &mut dyn Write) -> Result<u8> {
    ensure!(
        args.target.driver.is_none(),
        "a driver is asked one call after the other; hold races without --driver"
    );
    ensure!(
        is_alone(&args.target)?,
        "a race is judged as if each answer told what is so at that moment, which AWS does not promise (F-001); \
         hold races against an endpoint on this machine"
    );
    let races = chosen(&args.races)?;
    if args.list {
        return list(&races, out);
    }
    let mut open = OpenTarget::of(&args.target)?;
    writeln!(out, "{}: {}", open.name, counted(races.len(), "race"))?;
    out.flush()?;
    let begun = Instant::now();
    let stopped = stopped_by_ctrl_c(&open.http)?;
    let stop = || stopped.load(Ordering::Relaxed);
    let RaceArgs { repeats, seed, jitter, settle, .. } = *args;
    let manner = RaceOptions { repeats, seed, jitter, settle, once: false, stop: &stop };
    let (mut sums, mut lost) = (RaceTotals::default(), Vec::new());
    for race in races.iter().filter(|it| it.certain) {
        if stop() {
            break;
        }
        let (race, came) = hold(race, args.clients.into(), &mut open.http, manner);
        tell(&race, &came, args, &open.http, out)?;
        out.flush()?;
        sums.add(&came);
        let again = race_again(args, &race);
        lost.extend((came.broken > 0).then_some((race, came, again)));
    }
    writeln!(out, "{sums}, in {:.1} s", begun.elapsed().as_secs_f64())?;
    if let Some(file) = &args.html {
        write_file(
            file,
            &crate::report::format::html::races::races(&open.name, &sums.to_string(), &lost)?,
        )?;
    }
    Ok(sums.exit(stop()))
}

/// Those that are called so, or all.
fn chosen(names: &[String]) -> Result<Vec<Race>> {
    let mut races = races();
    for name in names {
        if !races.iter().any(|it| glob(name, &it.name)) {
            let near = suggestion(name, races.iter().map(|it| &it.name));
            bail!("no race is called `{name}`{near}; `iamspec race --list` prints their names");
        }
    }
    races.retain(|it| names.is_empty() || names.iter().any(|name| glob(name, &it.name)));
    Ok(races)
}

/// Each with a way to go wrong, as stateright has found it.
fn list(races: &[Race], out: &mut dyn Write) -> Result<u8> {
    for race in races {
        let calls: Vec<String> =
            race.calls.iter().map(iamspec_conformance::script::print::operation).collect();
        let mut begun = vec![false; calls.len()];
        let steps = race.way.iter().filter_map(|call| {
            let acts = std::mem::replace(begun.get_mut(*call)?, true);
            Some(format!("{} {}", if acts { "acts" } else { "looks" }, call + 1))
        });
        let steps: Vec<String> = steps.collect();
        let doubt = if race.certain { "" } else { "; not held, for nobody knows what AWS answers" };
        writeln!(
            out,
            "{}\n    1 {}\n    {}{doubt}",
            race.name,
            calls.join(", 2 "),
            steps.join(", ")
        )?;
    }
    Ok(exit_code::CONFORMS)
}

/// What a race came to, where there is something to tell.
fn tell(
    race: &Race,
    raced: &RaceResult,
    args: &RaceArgs,
    http: &HttpClient,
    out: &mut dyn Write,
) -> Result<()> {
    if let Some(why) = &raced.not_raced {
        writeln!(out, "not held  {}: {why}", race.name)?;
    }
    if let Some((history, before)) = &raced.shown {
        write!(out, "{}", timeline(race, raced, (history, *before), Style::stdout()))?;
        writeln!(out, "  again       {}\n", race_again(args, race))?;
    }
    if raced.failures > 0 {
        let failures = counted(raced.failures, "call");
        writeln!(out, "failed    {}: {failures} ended in a failure of the service", race.name)?;
    }
    for it in &raced.kept {
        let (name, answer) = (http.name_of(it.space, &it.undo), &it.answer);
        writeln!(
            out,
            "left behind: {name}, because {} was answered {answer}",
            iamspec_conformance::script::print::operation(&it.undo)
        )?;
    }
    Ok(())
}

impl RaceTotals {
    fn add(&mut self, raced: &RaceResult) {
        self.held += usize::from(raced.histories > 0);
        self.not_held += usize::from(raced.not_raced.is_some());
        self.histories += raced.histories;
        self.broken += usize::from(raced.broken > 0);
        self.unknown += raced.unknown;
        self.failures += raced.failures;
        // Calls that already fail one after the other may leave something behind by that alone.
        let ran_alone_only = raced.not_raced.is_some() && raced.histories == 0;
        self.left += if ran_alone_only { 0 } else { raced.kept.len() };
    }

    fn exit(&self, stopped: bool) -> u8 {
        let broken = (self.broken > 0).then_some(exit_code::DIVERGES);
        let open = self.held == 0 || self.unknown + self.left + self.failures > 0;
        let open = (stopped || open).then_some(exit_code::INCONCLUSIVE);
        exit_code::gravest([exit_code::CONFORMS].into_iter().chain(broken).chain(open))
    }
}

impl std::fmt::Display for RaceTotals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (held, histories) = (counted(self.held, "race"), self.histories);
        write!(
            f,
            "{held} held, {histories} histories: {} broken, {} unknown, {} not held, {} failed calls, {} left behind",
            self.broken, self.unknown, self.not_held, self.failures, self.left
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

    fn left(not_raced: Option<&str>, histories: usize) -> RaceResult {
        let undo = Operation::DeleteUser(User(0));
        let code = "DeleteConflict".to_owned();
        let answer = Response::Refused { http: 409, code, message: None };
        let kept = NotDeleted { space: Namespace(0), undo, answer };
        let not_raced = not_raced.map(str::to_owned);
        RaceResult { not_raced, histories, kept: vec![kept], ..RaceResult::default() }
    }

    fn exit(raced: &RaceResult) -> u8 {
        // Another race conforms.
        let mut sums = RaceTotals { held: 1, histories: 1, ..RaceTotals::default() };
        sums.add(raced);
        sums.exit(false)
    }

    #[test]
    fn leftovers_of_calls_that_ran_together_count() {
        assert_eq!(exit(&left(None, 2)), exit_code::INCONCLUSIVE);
        assert_eq!(exit(&left(Some("it takes 5 clients"), 2)), exit_code::INCONCLUSIVE);
        // A race that was not held because its calls fail alone has no histories.
        assert_eq!(exit(&left(Some("one after the other"), 0)), exit_code::CONFORMS);
    }
}
