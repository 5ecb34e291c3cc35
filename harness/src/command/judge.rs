//! `iamspec judge`: what others asked, and whether the model allows what they were answered.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use iamspec_conformance::foreign::{Accused, Event, Foreign, Said};
use iamspec_model::evidence;

use super::history;
use crate::cli::Judge;
use crate::exit;
use crate::render::counted;
use crate::trail::{self, Counts, Told, Understood};

/// What all events came to.
#[derive(Default)]
struct Sums {
    possible: usize,
    impossible: usize,
    soon: usize,
    nothing: usize,
    ignored: usize,
    late: usize,
}

/// The rules that may have decided an answer, the facts that leave it open, and the answer.
type Taught = (Vec<String>, Vec<&'static str>, String);

/// What is known of each account, and the events of the second that is being read.
struct Desk<'a> {
    lag: i64,
    learn: bool,
    /// How often it was answered so where nobody knows, and where first.
    taught: BTreeMap<Taught, (usize, String)>,
    accounts: BTreeMap<String, Foreign>,
    second: i64,
    waiting: BTreeMap<String, Vec<Event>>,
    sums: Sums,
    out: &'a mut dyn Write,
}

pub(super) fn judge(args: &Judge, out: &mut dyn Write) -> Result<u8> {
    let is_history = |file: &&PathBuf| history::is_one(file);
    let histories: Vec<&PathBuf> = args.files.iter().filter(is_history).collect();
    if histories.len() == args.files.len() {
        return history::judge(&histories, out);
    }
    ensure!(
        histories.is_empty(),
        "histories and logs of CloudTrail are told apart; judge the `.script` and `.jsonl` files alone"
    );
    let lag = i64::try_from(args.lag.as_secs()).unwrap_or(i64::MAX);
    let (accounts, waiting) = (BTreeMap::new(), BTreeMap::new());
    let (learn, taught, sums) = (args.learn, BTreeMap::new(), Sums::default());
    let mut desk = Desk { lag, learn, taught, accounts, second: 0, waiting, sums, out };
    let mut written = Ok(());
    let counts = trail::read(&args.files, &mut |told| {
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

impl Desk<'_> {
    fn take(&mut self, told: Told) -> Result<()> {
        let (record, late) = match told {
            Told::Event(record) => (record, false),
            Told::Late(record) => (record, true),
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

    fn account(&mut self, name: &str) -> &mut Foreign {
        let (lag, learn) = (self.lag, self.learn);
        let new = || {
            let new = Foreign::lagging(lag);
            if learn { new.learning() } else { new }
        };
        self.accounts.entry(name.to_owned()).or_insert_with(new)
    }

    fn judge_second(&mut self) -> Result<()> {
        for (account, events) in std::mem::take(&mut self.waiting) {
            for said in self.account(&account).judge(&events) {
                match said {
                    Said::Possible => self.sums.possible += 1,
                    Said::TooSoon => self.sums.soon += 1,
                    Said::Nothing => self.sums.nothing += 1,
                    Said::Impossible(accused) => {
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

impl Desk<'_> {
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

fn tell(accused: &Accused, account: &str, out: &mut dyn Write) -> Result<()> {
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

impl Sums {
    fn line(&self, counts: Counts) -> String {
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
            (1.., _) => exit::DIVERGES,
            (0, 0) => exit::NOTHING_RAN,
            (0, _) => exit::CONFORMS,
        }
    }
}
