//! `iamspec mutants`: the default run on endpoints that are wrong in one known way.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Result, anyhow};
use iamspec_conformance::mutation::kill::{Kill, MutantFate, kill};
use iamspec_conformance::reference::ReferenceOptions;
use iamspec_conformance::results::known_failures::glob;
use iamspec_conformance::{Deviation, Mutant, Reference, Report, Suite, script};
use iamspec_model::{Condition, Level, rules};

use crate::cli::MutantsArgs;
use crate::client::HttpClient;
use crate::exit_code;
use crate::server::{Options, Server};

pub(crate) fn mutants(args: &MutantsArgs, out: &mut dyn Write) -> Result<u8> {
    let scripts =
        script::corpus::ours().map_err(|(name, it)| anyhow!("our script {name} is wrong: {it}"))?;
    let suite = Suite::new(scripts);
    let chosen: Vec<Mutant> =
        Mutant::systematic().filter(|it| glob(&args.name, &it.name)).collect();
    if chosen.is_empty() {
        eprintln!("iamspec: no mutant is called `{}`; leave the name out for all", args.name);
        return Ok(exit_code::NOTHING_RAN);
    }
    writeln!(out, "{:<72} {:<10} {:>7} {:>5}  by", "mutant", "fate", "request", "calls")?;
    let mut sums = MutantTotals::default();
    for (number, mutant) in chosen.iter().enumerate() {
        if args.in_memory && mutant.fault.is_of_the_wire() {
            sums.of_the_wire += 1;
            continue;
        }
        if number.is_multiple_of(100) {
            eprintln!("{number} of {} mutants", chosen.len());
        }
        let over_http = !args.in_memory && in_memory_only(mutant).is_none();
        sums.in_memory += usize::from(!over_http);
        let report = if over_http {
            play_over_http(&suite, mutant)?
        } else {
            suite.run(&mut Reference::mutated(mutant.clone()), &mut |_| (), &|| false)
        };
        let fate = kill(mutant, &report);
        sums.add(mutant, &fate);
        writeln!(out, "{}", row(mutant, &fate))?;
    }
    let right = sums.wrong == 0;
    write!(out, "\n{}", sums.text())?;
    Ok(if right { exit_code::CONFORMS } else { exit_code::DIVERGES })
}

fn play_over_http(suite: &Suite, mutant: &Mutant) -> Result<Report> {
    let behaviour =
        ReferenceOptions { mutant: Some(mutant.clone()), ..ReferenceOptions::default() };
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::start(free, Options { behaviour, ..Options::default() })?;
    let mut http = HttpClient::new(&server.url(), "mutant", Duration::from_secs(10))?;
    Ok(suite.run(&mut http, &mut |_| (), &|| false))
}

/// Why a mutant shows in the model alone, and not behind our server.
fn in_memory_only(mutant: &Mutant) -> Option<&'static str> {
    let rule = rules().find(|rule| rule.id() == mutant.rule)?;
    let of_pages = matches!(mutant.fault, Deviation::LosesPage | Deviation::RepeatsPage);
    if matches!(rule.claim.reason, Condition::Flawed(..)) && !of_pages {
        return Some("the server refuses what breaks a constraint before it asks the model");
    }
    let known = IN_MEMORY_ONLY.iter().find(|(name, _)| *name == mutant.name);
    known.map(|(_, why)| *why)
}

const IN_MEMORY_ONLY: [(&str, &str); 4] = [
    (
        "ResyncMFADevice/carried-out is refused as no-right-codes whatever there is",
        "the client believes no refusal of codes that it has sent before",
    ),
    (
        "DeleteUserPolicy/carried-out is for everybody",
        "the server gives each user's inline policies numbers of their own",
    ),
    (
        "UntagUser/carried-out is for everybody",
        "the server gives each user's tags numbers of their own",
    ),
    (
        "CreateServiceSpecificCredential/quota-reached is refused and done",
        "the server gives the number that a refused call took to the next one",
    ),
];

/// Whether something is known so well that the mutant must not pass.
fn binds(mutant: &Mutant) -> bool {
    mutant.level() >= Level::Should
}

fn row(mutant: &Mutant, fate: &MutantFate) -> String {
    let name = &mutant.name;
    match fate {
        MutantFate::Killed(it) => killed(name, "killed", it),
        MutantFate::ByAnother(it) => killed(name, "by another", it),
        MutantFate::Survives => {
            let open = (!binds(mutant)).then_some("it is not known to be wrong");
            let why = mutant.equivalent().or(open);
            let fate = why.map_or("SURVIVES", |_| "passes");
            format!("{name:<72} {fate:<10} {:>7} {:>5}  {}", "-", "-", why.unwrap_or_default())
        }
    }
}

fn killed(name: &str, fate: &str, it: &Kill) -> String {
    let Kill { rule, script, request, calls } = it;
    format!("{name:<72} {fate:<10} {request:>7} {calls:>5}  {rule}, {script}")
}

/// What all came to.
#[derive(Default)]
struct MutantTotals {
    made: usize,
    /// Those that were asked without HTTP.
    in_memory: usize,
    killed: usize,
    by_another: usize,
    equivalent: usize,
    open: usize,
    /// Those that must be killed by what they break, and are not.
    wrong: usize,
    /// Those that were left out, for in memory they are not wrong.
    of_the_wire: usize,
    requests: Vec<usize>,
    calls: Vec<usize>,
}

impl MutantTotals {
    fn add(&mut self, mutant: &Mutant, fate: &MutantFate) {
        self.made += 1;
        match fate {
            MutantFate::Killed(it) => {
                self.killed += 1;
                self.requests.push(it.request);
                self.calls.push(it.calls);
            }
            MutantFate::ByAnother(_) => {
                self.by_another += 1;
                self.wrong += 1;
            }
            MutantFate::Survives if !binds(mutant) => self.open += 1,
            MutantFate::Survives if mutant.equivalent().is_some() => self.equivalent += 1,
            MutantFate::Survives => self.wrong += 1,
        }
    }

    fn text(mut self) -> String {
        self.requests.sort_unstable();
        self.calls.sort_unstable();
        let at = |numbers: &[usize], percent: usize| {
            let place = (numbers.len() * percent / 100).min(numbers.len().saturating_sub(1));
            numbers.get(place).copied().unwrap_or(0)
        };
        let wire = self.of_the_wire;
        let left = format!("{wire} more are wrong on the wire alone, and were left out\n");
        let left = if wire > 0 { left } else { String::new() };
        format!(
            "requests to a kill: median {}, 95th percentile {}; calls of the script that shows it: median {}, most {}\n\
             {} mutants, {} of them in memory: {} killed by what they break, {} by another, {} nobody can tell, {} not known to be wrong, {} wrong\n{left}",
            at(&self.requests, 50),
            at(&self.requests, 95),
            at(&self.calls, 50),
            at(&self.calls, 100),
            self.made,
            self.in_memory,
            self.killed,
            self.by_another,
            self.equivalent,
            self.open,
            self.wrong,
        )
    }
}
