//! `iamspec evidence`.
//!
//! `iamspec evidence`: which facts are old, which contradict others, which rules rest on one report; and what a
//! run has recorded as facts.

mod add;
mod rows;

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::{Args, Subcommand};
use iamspec_model::{FACTS, Fact, Strength, rules};

use crate::exit_code;
use crate::report::format::style::Style;
use crate::report::format::summary::counted;

/// `iamspec evidence`.
#[derive(Args, Debug)]
pub struct EvidenceArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub what: EvidenceCommand,
}

/// What to do with the evidence.
#[derive(Debug, Subcommand)]
pub enum EvidenceCommand {
    /// Say which facts are old, which contradict others, and which rules rest on one report
    Stale(EvidenceStaleArgs),
    /// Say what of recorded runs would be shared, and what of it is news
    Show(EvidenceShowArgs),
    /// Write what of recorded runs is news as rows of facts, behind those that are there
    #[command(after_help = EXAMPLES)]
    Add(EvidenceAddArgs),
}

const EXAMPLES: &str = "Examples:
  iamspec run --endpoint aws --i-own-this-account 123456789012 --rate 2 --record today.jsonl
  iamspec evidence show today.jsonl
  iamspec evidence add today.jsonl --to facts.jsonl

Nothing that is there is changed. A row that says otherwise than another one says so, and which.";

/// `iamspec evidence show`.
#[derive(Args, Debug)]
pub struct EvidenceShowArgs {
    /// What `iamspec run --record FILE` has written
    #[arg(value_name = "FILE", required = true)]
    pub runs: Vec<PathBuf>,
}

/// `iamspec evidence add`.
#[derive(Args, Debug)]
pub struct EvidenceAddArgs {
    /// The file of facts; made where there is none
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// Add what an endpoint has answered that is not AWS, as `unknown`
    #[arg(long)]
    pub whatever_it_is: bool,
    /// What `iamspec run --record FILE` has written
    #[arg(value_name = "FILE", required = true)]
    pub runs: Vec<PathBuf>,
}

/// `iamspec evidence stale`.
#[derive(Args, Debug)]
pub struct EvidenceStaleArgs {
    /// Facts whose sources are all older are listed: a day, a month or a year
    #[arg(long, value_name = "DATE", default_value = "2022-01-01")]
    pub before: String,
}

pub(crate) fn evidence(what: &EvidenceCommand, out: &mut dyn Write) -> Result<u8> {
    match what {
        EvidenceCommand::Stale(args) => stale(args, out),
        EvidenceCommand::Show(args) => add::show(args, out),
        EvidenceCommand::Add(args) => add::add(args, out),
    }
}

fn stale(args: &EvidenceStaleArgs, out: &mut dyn Write) -> Result<u8> {
    let digits = args.before.chars().all(|it| it.is_ascii_digit() || it == '-');
    ensure!(
        digits && args.before.len() >= 4,
        "`{}` is no day; write it as 2022-01-01, 2022-01 or 2022",
        args.before
    );
    let paint = Style::stdout();
    let dated = FACTS.into_iter().map(|fact| (fact, newest(fact.source)));
    let (old, undated): (Vec<_>, Vec<_>) = dated
        .filter(|(_, day)| day.as_ref().is_none_or(|day| is_before(day, &args.before)))
        .partition(|(_, day)| day.is_some());
    writeln!(out, "{}", paint.bold(&format!("Older than {}", args.before)))?;
    for (fact, day) in &old {
        writeln!(out, "  {:<10} {}", day.as_deref().unwrap_or_default(), line(fact))?;
    }
    writeln!(out, "\n{}", paint.bold("Contradicted"))?;
    let contradicts = |fact: &&&Fact| fact.note.to_lowercase().contains("contradict");
    let contradicted: Vec<_> = FACTS.iter().filter(|it| contradicts(it)).collect();
    for fact in &contradicted {
        writeln!(out, "  {}: {}", line(fact), fact.note)?;
    }
    writeln!(out, "\n{}", paint.bold("Rules that rest on one report"))?;
    let alone = |facts: &[&Fact]| matches!(facts, [only] if only.strength == Strength::Reported);
    let resting: Vec<_> = rules().filter(|it| alone(it.claim.status.facts)).collect();
    for rule in &resting {
        let facts = rule.claim.status.facts.iter().map(|it| it.id).collect::<Vec<_>>().join(" ");
        writeln!(out, "  {:<54} {facts}", rule.id())?;
    }
    writeln!(
        out,
        "\n{} of {} older, {} without a date, {} contradicted; {} on one report",
        old.len(),
        counted(FACTS.len(), "fact"),
        undated.len(),
        contradicted.len(),
        counted(resting.len(), "rule")
    )?;
    Ok(exit_code::CONFORMS)
}

fn line(fact: &Fact) -> String {
    let strength = format!("{:?}", fact.strength).to_lowercase();
    format!("{} ({strength}) {}, {}", fact.id, fact.operation, fact.state)
}

/// Whether a day, a month or a year is over before that one begins.
fn is_before(day: &str, before: &str) -> bool {
    before.get(..day.len().min(before.len())).is_some_and(|start| day < start)
}

/// The newest day, month or year that a source tells.
fn newest(source: &str) -> Option<String> {
    let words = source.split(|it: char| !it.is_ascii_digit() && it != '-');
    let days = words.filter_map(|word| {
        let parts: Vec<&str> = word.split('-').collect();
        let two = |it: &&str| it.len() == 2;
        let year = parts.first().filter(|it| it.len() == 4 && (it.starts_with("20")))?;
        let rest = parts.iter().skip(1).take_while(|it| two(it)).take(2);
        Some([*year].into_iter().chain(rest.copied()).collect::<Vec<_>>().join("-"))
    });
    // Versions of the API are days too, and no news.
    days.filter(|it| it != "2010-05-08").max()
}

#[cfg(test)]
mod tests {
    use super::{is_before, newest};

    #[test]
    fn a_year_that_may_hold_the_day_is_not_before_it() {
        assert!(is_before("2021", "2022-01-01") && is_before("2021-12-31", "2022"));
        assert!(!is_before("2022", "2022-06-01") && !is_before("2022-06-01", "2022-06-01"));
    }

    #[test]
    fn the_newest_date_of_a_source_is_found_whatever_its_form() {
        for (source, day) in [
            ("a/b@0e6e2404 data/iam/2010-05-08/x.json", None),
            ("x (2017-10-18, content-length 200); y (2026-02-19)", Some("2026-02-19")),
            ("hashicorp/terraform#3774 (2015); openshift#467 (2022, status 409)", Some("2022")),
            ("userplex#17 (2016-04)", Some("2016-04")),
            ("nothing", None),
        ] {
            assert_eq!(newest(source).as_deref(), day, "{source}");
        }
    }
}
