//! `iamspec evidence`: lists old, contradicted and thinly supported facts, and turns recorded runs
//! into new facts.

mod add;
pub(super) mod rows;

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::{Args, Subcommand};
use iamspec_model::{FACTS, Fact, Strength, rules};

use crate::exit_code;
use crate::report::format::style::Style;
use crate::report::format::summary::counted;

/// The arguments of `iamspec evidence`.
#[derive(Args, Debug)]
pub struct EvidenceArgs {
    /// The action.
    #[command(subcommand)]
    pub command: EvidenceCommand,
}

/// The actions of `iamspec evidence`.
#[derive(Debug, Subcommand)]
pub enum EvidenceCommand {
    /// List old facts, contradicted facts, and rules with one report
    Stale(EvidenceStaleArgs),
    /// Print the new evidence in recorded runs
    Show(EvidenceShowArgs),
    /// Append the new evidence of recorded runs to a facts file
    Add(EvidenceAddArgs),
}

/// The arguments of `iamspec evidence show`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  iamspec evidence show today.jsonl")]
pub struct EvidenceShowArgs {
    /// Files that `iamspec run --record FILE` wrote
    #[arg(value_name = "FILE", required = true)]
    pub runs: Vec<PathBuf>,
}

/// The arguments of `iamspec evidence add`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  iamspec run --endpoint aws --i-own-this-account 123456789012 --rate 2 --record today.jsonl
  iamspec evidence show today.jsonl
  iamspec evidence add today.jsonl --to facts.jsonl
  # What an audit has learned.
  iamspec audit AWSLogs/ --learned learned.jsonl
  iamspec evidence add learned.jsonl --to facts.jsonl

Existing rows stay unchanged. A new row that contradicts another one names it.")]
pub struct EvidenceAddArgs {
    /// Facts file; created if it does not exist
    #[arg(long, value_name = "FILE")]
    pub to: PathBuf,
    /// Also add responses of other services than AWS
    ///
    /// Their strength is `unknown`.
    #[arg(long, alias = "whatever-it-is", help_heading = "Safety")]
    pub allow_non_aws: bool,
    /// Files that `iamspec run --record FILE` or `iamspec audit --learned FILE` wrote
    #[arg(value_name = "FILE", required = true)]
    pub runs: Vec<PathBuf>,
}

/// The arguments of `iamspec evidence stale`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  iamspec evidence stale --before 2022-01-01")]
pub struct EvidenceStaleArgs {
    /// List facts whose sources are all older than this
    ///
    /// A day, a month or a year.
    #[arg(long, value_name = "DATE", default_value = "2022-01-01")]
    pub before: String,
}

pub(crate) fn evidence(args: &EvidenceArgs, out: &mut dyn Write) -> Result<u8> {
    match &args.command {
        EvidenceCommand::Stale(args) => stale(args, out),
        EvidenceCommand::Show(args) => add::show(args, out),
        EvidenceCommand::Add(args) => add::add(args, out),
    }
}

fn stale(args: &EvidenceStaleArgs, out: &mut dyn Write) -> Result<u8> {
    let digits = args.before.chars().all(|it| it.is_ascii_digit() || it == '-');
    ensure!(
        digits && args.before.len() >= 4,
        "expected a date such as 2022-01-01, 2022-01 or 2022, found `{}`",
        args.before
    );
    let style = Style::stdout();
    let dated = FACTS.into_iter().map(|fact| (fact, newest(fact.source)));
    let (old, undated): (Vec<_>, Vec<_>) = dated
        .filter(|(_, day)| day.as_ref().is_none_or(|day| is_before(day, &args.before)))
        .partition(|(_, day)| day.is_some());
    writeln!(out, "{}", style.bold(&format!("Older than {}", args.before)))?;
    for (fact, day) in &old {
        writeln!(out, "  {:<10} {}", day.as_deref().unwrap_or_default(), line(fact))?;
    }
    writeln!(out, "\n{}", style.bold("Contradicted"))?;
    let contradicts = |fact: &&&Fact| fact.note.to_lowercase().contains("contradict");
    let contradicted: Vec<_> = FACTS.iter().filter(|it| contradicts(it)).collect();
    for fact in &contradicted {
        writeln!(out, "  {}: {}", line(fact), fact.note)?;
    }
    writeln!(out, "\n{}", style.bold("Rules with one report as their only evidence"))?;
    let only_a_report =
        |facts: &[&Fact]| matches!(facts, [only] if only.strength == Strength::Reported);
    let weak: Vec<_> = rules().filter(|it| only_a_report(it.clause.status.facts)).collect();
    for rule in &weak {
        let facts = rule.clause.status.facts.iter().map(|it| it.id).collect::<Vec<_>>().join(" ");
        writeln!(out, "  {:<54} {facts}", rule.id())?;
    }
    writeln!(
        out,
        "\n{} of {} older, {} without a date, {} contradicted; {} with one report",
        old.len(),
        counted(FACTS.len(), "fact"),
        undated.len(),
        contradicted.len(),
        counted(weak.len(), "rule")
    )?;
    Ok(exit_code::CONFORMS)
}

fn line(fact: &Fact) -> String {
    let strength = fact.strength.name();
    format!("{} ({strength}) {}, {}", fact.id, fact.operation, fact.state)
}

/// Returns true if a day, a month or a year ends before the other one begins.
fn is_before(day: &str, before: &str) -> bool {
    before.get(..day.len().min(before.len())).is_some_and(|start| day < start)
}

/// The newest day, month or year in a source.
fn newest(source: &str) -> Option<String> {
    let words = source.split(|it: char| !it.is_ascii_digit() && it != '-');
    let days = words.filter_map(|word| {
        let parts: Vec<&str> = word.split('-').collect();
        let two = |it: &&str| it.len() == 2;
        let year = parts.first().filter(|it| it.len() == 4 && (it.starts_with("20")))?;
        let rest = parts.iter().skip(1).take_while(|it| two(it)).take(2);
        Some([*year].into_iter().chain(rest.copied()).collect::<Vec<_>>().join("-"))
    });
    // The version of the API looks like a day.
    days.filter(|it| it != "2010-05-08").max()
}

#[cfg(test)]
mod tests {
    use super::{is_before, newest};

    #[test]
    fn a_year_that_may_contain_the_day_is_not_before_it() {
        assert!(is_before("2021", "2022-01-01") && is_before("2021-12-31", "2022"));
        assert!(!is_before("2022", "2022-06-01") && !is_before("2022-06-01", "2022-06-01"));
    }

    #[test]
    fn the_newest_date_of_a_source_is_found_in_every_format() {
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
