//! `iamspec mutants`: runs the default scripts, or the cover suite, against endpoints with one
//! defect each and checks that each defect is detected.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Result;
use clap::{Args, ValueEnum};
use iamspec_conformance::mutation::cover::covering_subset;
use iamspec_conformance::mutation::fate::{Kill, MutantFate, fate};
use iamspec_conformance::reference::ReferenceOptions;
use iamspec_conformance::script::pattern::glob;
use iamspec_conformance::{Deviation, Mutant, Reference, Report, Suite};
use iamspec_model::{Condition, Level, rules};

use crate::client::HttpClient;
use crate::commands::selection::builtin;
use crate::exit_code;
use crate::exit_code::Outcome;
use crate::report::format::summary::counted;
use crate::server::{Options, Server};
use crate::wire::output::visible::say;

/// The arguments of `iamspec mutants`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  # All mutants, over HTTP; takes some minutes.
  iamspec mutants
  # The mutants of one action.
  iamspec mutants 'DeleteUser/*'
  # All mutants, without HTTP; takes some seconds.
  iamspec mutants --in-memory
  # What `run --suite cover` detects.
  iamspec mutants --suite cover --in-memory")]
pub struct MutantsArgs {
    /// Call the reference directly, without HTTP
    ///
    /// Mutants that are visible only in HTTP responses are left out.
    #[arg(long)]
    pub in_memory: bool,
    /// Suite to run against each mutant
    #[arg(long, value_enum, value_name = "NAME", default_value_t = MutantSuite::Scripts)]
    pub suite: MutantSuite,
    /// Mutants to run; `*` matches any text
    #[arg(value_name = "GLOB", default_value = "*")]
    pub name: String,
}

/// The suites that can run against the mutants.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum MutantSuite {
    /// The hand-written scripts
    Scripts,
    /// A subset of the scripts that tests the same rules and kills the same mutants
    Cover,
}

impl MutantSuite {
    fn suite(self) -> Result<Suite> {
        let scripts = builtin()?;
        Ok(Suite::new(match self {
            Self::Scripts => scripts,
            Self::Cover => covering_subset(scripts),
        }))
    }
}

pub(crate) fn mutants(args: &MutantsArgs, out: &mut dyn Write) -> Result<u8> {
    let suite = args.suite.suite()?;
    let selected: Vec<Mutant> =
        Mutant::systematic().filter(|it| glob(&args.name, &it.name)).collect();
    if selected.is_empty() {
        say(&format!(
            "iamspec: there is no mutant `{}`; without a name, all mutants run",
            args.name
        ));
        return Ok(exit_code::NOTHING_RAN);
    }
    writeln!(out, "{:<72} {:<10} {:>7} {:>5}  by", "mutant", "fate", "request", "calls")?;
    let mut totals = MutantTotals::default();
    for (number, mutant) in selected.iter().enumerate() {
        if args.in_memory && mutant.deviation.is_wire_format() {
            totals.only_over_http += 1;
            continue;
        }
        if number.is_multiple_of(100) {
            say(&format!("{number} of {} mutants", selected.len()));
        }
        let over_http = !args.in_memory && reason_for_memory(mutant).is_none();
        totals.in_memory += usize::from(!over_http);
        let report = if over_http {
            run_over_http(&suite, mutant)?
        } else {
            suite.run(&mut Reference::with_mutant(mutant.clone()), &mut |_| (), &|| false)
        };
        let fate = fate(mutant, &report);
        totals.add(mutant, &fate);
        writeln!(out, "{}", row(mutant, &fate))?;
    }
    let diverges = totals.undetected > 0;
    let size = suite.size(&mut Reference::default());
    let (scripts, calls) = (suite.scripts().len(), size.calls);
    writeln!(out, "\n{}, {}", counted(scripts, "script"), counted(calls, "call"))?;
    write!(out, "{}", totals.text())?;
    Ok(exit_code::of(Outcome { diverges, ..Outcome::default() }))
}

fn run_over_http(suite: &Suite, mutant: &Mutant) -> Result<Report> {
    let behavior = ReferenceOptions { mutant: Some(mutant.clone()), ..ReferenceOptions::default() };
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::start(free, Options { behavior, ..Options::default() })?;
    let mut http = HttpClient::new(&server.url(), "mutant", Duration::from_secs(10))?;
    Ok(suite.run(&mut http, &mut |_| (), &|| false))
}

/// The reason why a mutant runs in memory even without `--in-memory`: the server hides it.
fn reason_for_memory(mutant: &Mutant) -> Option<&'static str> {
    let rule = rules().find(|rule| rule.id() == mutant.rule)?;
    let is_pagination = matches!(mutant.deviation, Deviation::LosesPage | Deviation::RepeatsPage);
    if matches!(rule.clause.condition, Condition::InvalidInput(..)) && !is_pagination {
        return Some("the server rejects an invalid parameter before it calls the model");
    }
    let known = IN_MEMORY_ONLY.iter().find(|(name, _)| *name == mutant.name);
    known.map(|(_, reason)| *reason)
}

const IN_MEMORY_ONLY: [(&str, &str); 4] = [
    (
        "ResyncMFADevice/carried-out is refused as no-right-codes whatever there is",
        "the client ignores a refusal of codes that it has already sent",
    ),
    (
        "DeleteUserPolicy/carried-out is for everybody",
        "the server numbers the inline policies of each user separately",
    ),
    (
        "UntagUser/carried-out is for everybody",
        "the server numbers the tags of each user separately",
    ),
    (
        "CreateServiceSpecificCredential/quota-reached is refused and done",
        "the server reuses the number of a refused call for the next one",
    ),
];

/// Returns true if the evidence is strong enough to require that the mutant is killed.
fn must_be_killed(mutant: &Mutant) -> bool {
    mutant.level() >= Level::Should
}

fn row(mutant: &Mutant, fate: &MutantFate) -> String {
    let name = &mutant.name;
    let killed = |fate: &str, kill: &Kill| {
        let Kill { rule, script, request, calls } = kill;
        format!("{name:<72} {fate:<10} {request:>7} {calls:>5}  {rule}, {script}")
    };
    match fate {
        MutantFate::Killed(it) => killed("killed", it),
        MutantFate::KilledByOtherRule(it) => killed("by another", it),
        MutantFate::Survives => {
            let unspecified =
                (!must_be_killed(mutant)).then_some("the evidence does not contradict it");
            let reason = mutant.equivalence().or(unspecified);
            let fate = reason.map_or("SURVIVES", |_| "passes");
            format!("{name:<72} {fate:<10} {:>7} {:>5}  {}", "-", "-", reason.unwrap_or_default())
        }
    }
}

/// The totals of all mutants.
#[derive(Default)]
struct MutantTotals {
    run: usize,
    /// Mutants that ran without HTTP.
    in_memory: usize,
    killed: usize,
    by_another: usize,
    equivalent: usize,
    unspecified: usize,
    /// Mutants that their own rule must kill and does not.
    undetected: usize,
    /// Mutants left out because they are visible only over HTTP.
    only_over_http: usize,
    requests: Vec<usize>,
    calls: Vec<usize>,
}

impl MutantTotals {
    fn add(&mut self, mutant: &Mutant, fate: &MutantFate) {
        self.run += 1;
        match fate {
            MutantFate::Killed(it) => {
                self.killed += 1;
                self.requests.push(it.request);
                self.calls.push(it.calls);
            }
            MutantFate::KilledByOtherRule(_) => {
                self.by_another += 1;
                // A rule with weak evidence has no findings, but what breaks it may break another one.
                self.undetected += usize::from(must_be_killed(mutant));
            }
            MutantFate::Survives if !must_be_killed(mutant) => self.unspecified += 1,
            MutantFate::Survives if mutant.equivalence().is_some() => self.equivalent += 1,
            MutantFate::Survives => self.undetected += 1,
        }
    }

    fn text(mut self) -> String {
        self.requests.sort_unstable();
        self.calls.sort_unstable();
        let at = |numbers: &[usize], percent: usize| {
            let index = (numbers.len() * percent / 100).min(numbers.len().saturating_sub(1));
            numbers.get(index).copied().unwrap_or(0)
        };
        let left_out = match self.only_over_http {
            0 => String::new(),
            number => format!("{number} more are visible only over HTTP and were left out\n"),
        };
        format!(
            "requests until the kill: median {}, 95th percentile {}; calls of the killing script: \
             median {}, maximum {}\n\
             {} mutants, {} of them in memory: {} killed by their own rule, {} by another, \
             {} equivalent, {} unspecified, {} undetected\n{left_out}",
            at(&self.requests, 50),
            at(&self.requests, 95),
            at(&self.calls, 50),
            at(&self.calls, 100),
            self.run,
            self.in_memory,
            self.killed,
            self.by_another,
            self.equivalent,
            self.unspecified,
            self.undetected,
        )
    }
}
