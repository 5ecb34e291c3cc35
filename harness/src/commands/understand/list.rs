//! `iamspec list`: tables of kinds, rules, scripts and more. The documents contain the same tables.

use std::io::Write;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use iamspec_conformance::results::rule_set::RuleSet;
use iamspec_conformance::script::corpus::reached_rules;
use iamspec_conformance::{Mutant, Script, Suite};
use iamspec_model::check::exhaustive;
use iamspec_model::check::exhaustive::PropertyResult;
use iamspec_model::check::model_mutants::{EQUIVALENT, ModelMutant};
use iamspec_model::logic::invariants::invariants;
use iamspec_model::logic::notation::tla;
use iamspec_model::{Scope, rules};
use serde::Serialize;
use stateright::Model as _;

use crate::commands::selection::{builtin, by_name};
use crate::docs::tables::{UNMODELED, kinds_table, wire_rules_table};
use crate::exit_code;
use crate::report::format::style::{terminal_width, wrapped};
use crate::report::format::summary::counted;
use crate::server::served_actions;

/// The arguments of `iamspec list`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  # The attachment kinds.
  iamspec list
  iamspec list rules
  # Each script with its rules and kinds, for other programs.
  iamspec list scripts --format json")]
pub struct ListArgs {
    /// Topic to list
    #[arg(value_enum, value_name = "TOPIC", default_value = "kinds")]
    pub topic: ListTopic,
    /// Script files, or names of built-in scripts; only with `scripts`
    ///
    /// `*` in a name matches any text. Default: all built-in scripts.
    #[arg(value_name = "SCRIPT")]
    pub scripts: Vec<String>,
    /// Format of the list; `json` only with `scripts`
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub format: ListFormat,
}

/// The form of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// A table for people
    Text,
    /// One JSON object per line: name, idea, number of calls, kinds and rules
    Json,
}

/// A line of `iamspec list scripts --format json`.
#[derive(Serialize)]
struct ListedScript<'a> {
    /// The name, as `iamspec run` reads it.
    name: &'a str,
    /// What the script shows, in one sentence.
    idea: &'a str,
    /// The number of calls, without the reads that verify effects.
    calls: usize,
    /// The kinds of attachments that its calls name.
    kinds: Vec<&'static str>,
    /// The rules that it reaches on a conforming endpoint.
    rules: Vec<String>,
}

/// A topic of `iamspec list`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ListTopic {
    /// The kinds of attachment that block a deletion
    Kinds,
    /// All rules, with their level in each tier
    Rules,
    /// The rules about the form of responses, with their tiers
    WireRules,
    /// The frozen rule sets of `iamspec run --rules`, the current one last
    RuleSets,
    /// All actions of the reference endpoint
    #[value(name = "actions", alias = "calls")]
    Actions,
    /// All built-in scripts, in the order of a run
    Scripts,
    /// Named defects of the reference endpoint
    ///
    /// `iamspec mutants` runs the systematic defects.
    Mutants,
    /// Properties of all states and of all calls that `iamspec verify` checks
    Properties,
    /// Statements about accounts of any size: in English, in logic and in TLA+
    Invariants,
    /// Deliberate errors in the model, which its exhaustive check must detect
    #[value(alias = "faults")]
    ModelMutants,
    /// The meaning of the exit codes
    ExitCodes,
    /// The parts of IAM that the model does not cover
    #[value(alias = "unmodelled")]
    Unmodeled,
}

/// A scope that contains every property.
const WIDEST: Scope = Scope {
    users: 2,
    items: 2,
    quotas: true,
    groups: 11,
    policies: 10,
    devices: 9,
    statuses: true,
    ..Scope::EMPTY
};

/// Prints a topic. On a terminal, long lines are broken and the table of kinds becomes a list.
pub(crate) fn list(args: &ListArgs, out: &mut dyn Write) -> Result<u8> {
    let of_scripts = matches!(args.topic, ListTopic::Scripts);
    ensure!(
        of_scripts || args.scripts.is_empty() && args.format == ListFormat::Text,
        "script names and --format json belong to `iamspec list scripts`; this topic has only text"
    );
    let scripts = if of_scripts { selected(&args.scripts)? } else { Vec::new() };
    if args.format == ListFormat::Json {
        for script in &scripts {
            writeln!(out, "{}", serde_json::to_string(&listed(script))?)?;
        }
        return Ok(exit_code::CONFORMS);
    }
    let Some(width) = terminal_width() else {
        print(args.topic, &scripts, out)?;
        return Ok(exit_code::CONFORMS);
    };
    let mut text = Vec::new();
    print(args.topic, &scripts, &mut text)?;
    let text = String::from_utf8(text)?;
    let text = if matches!(args.topic, ListTopic::Kinds | ListTopic::WireRules) {
        records(&text)
    } else {
        text
    };
    write!(out, "{}", wrapped(&text, width, 4))?;
    Ok(exit_code::CONFORMS)
}

/// The rows of a Markdown table as paragraphs: the first cell, then one line per column.
fn records(table: &str) -> String {
    let cells = |line: &str| -> Vec<String> {
        line.trim_matches('|').split('|').map(|it| it.trim().replace('*', "")).collect()
    };
    let mut lines = table.lines();
    let names = lines.next().map(cells).unwrap_or_default();
    let mut text = String::new();
    for row in lines.skip(1).map(cells) {
        for (index, (name, cell)) in names.iter().zip(&row).enumerate() {
            match index {
                0 => text.push_str(&format!("{cell}\n")),
                _ => text.push_str(&format!("  {name:<13} {cell}\n")),
            }
        }
    }
    text
}

fn print(topic: ListTopic, scripts: &[Script], out: &mut dyn Write) -> Result<()> {
    match topic {
        ListTopic::Kinds => write!(out, "{}", kinds_table())?,
        ListTopic::Rules => write!(out, "{}", rule_table())?,
        ListTopic::WireRules => write!(out, "{}", wire_rules_table())?,
        ListTopic::RuleSets => {
            for set in RuleSet::all() {
                let [rules, wire_rules, scripts] = set.sizes();
                let (rules, scripts) = (counted(rules, "rule"), counted(scripts, "script"));
                let wire_rules = counted(wire_rules, "wire rule");
                writeln!(out, "{}  {rules}, {wire_rules}, {scripts}", set.name)?;
            }
        }
        ListTopic::Actions => {
            for name in served_actions() {
                writeln!(out, "{name}")?;
            }
        }
        ListTopic::Scripts => {
            for script in scripts {
                writeln!(out, "{:<44} {}", script.name, script.idea)?;
            }
        }
        ListTopic::Mutants => {
            for mutant in Mutant::hand_written() {
                writeln!(out, "{:<30} {}", mutant.name, mutant.rule)?;
            }
            let more = Mutant::systematic().count();
            writeln!(
                out,
                "\nand {more} mutants that the tables generate; `iamspec mutants` runs all of them"
            )?;
        }
        ListTopic::Properties => properties(out)?,
        ListTopic::Invariants => {
            for it in invariants() {
                let (name, sentence, formula) = (it.name, it.sentence, it.formula);
                writeln!(out, "{name}: {sentence}\n  {formula}\n  {}", tla(&formula))?;
            }
        }
        ListTopic::ModelMutants => model_mutants(out)?,
        ListTopic::ExitCodes => {
            for (code, name, meaning) in exit_code::ALL {
                writeln!(out, "{code}  {name:<12}  {meaning}")?;
            }
        }
        ListTopic::Unmodeled => {
            for line in UNMODELED {
                writeln!(out, "{line}")?;
            }
        }
    }
    Ok(())
}

/// All rules with their levels and facts.
#[must_use]
pub(crate) fn rule_table() -> String {
    let mut table = format!("{:<54} {:<7} {:<7} {:<7} facts\n", "rule", "status", "code", "text");
    for rule in rules() {
        let claim = rule.clause;
        let mut facts: Vec<&str> = Vec::new();
        for fact in [claim.status, claim.code, claim.text].iter().flat_map(|it| it.facts) {
            if !facts.contains(&fact.id) {
                facts.push(fact.id);
            }
        }
        let [status, code, text] = rule.levels().map(iamspec_model::Level::name);
        table.push_str(&format!(
            "{:<54} {status:<7} {code:<7} {text:<7} {}\n",
            rule.id(),
            facts.join(" ")
        ));
    }
    table
}

fn properties(out: &mut dyn Write) -> Result<()> {
    for property in WIDEST.properties() {
        let subject = PropertyResult::of(&property, None).subject.name();
        writeln!(out, "{subject:<10}  {}", property.name)?;
    }
    for sentence in exhaustive::property_names() {
        writeln!(out, "every call  {sentence}")?;
    }
    Ok(())
}

fn model_mutants(out: &mut dyn Write) -> Result<()> {
    for mutant in ModelMutant::all() {
        let mutant = mutant.to_string();
        match EQUIVALENT.iter().find(|(equivalent, _)| *equivalent == mutant) {
            Some((_, why)) => writeln!(out, "{mutant:<60} equivalent: {why}")?,
            None => writeln!(out, "{mutant}")?,
        }
    }
    Ok(())
}

/// The named scripts, or all built-in scripts, in the order of a run.
fn selected(names: &[String]) -> Result<Vec<Script>> {
    let mut scripts: Vec<Script> = Vec::new();
    for name in names {
        for script in by_name(name)? {
            if !scripts.contains(&script) {
                scripts.push(script);
            }
        }
    }
    if names.is_empty() {
        scripts = builtin()?;
    }
    Ok(Suite::new(scripts).scripts().to_vec())
}

fn listed(script: &Script) -> ListedScript<'_> {
    let mut kinds = Vec::new();
    for kind in script.operations().filter_map(|it| it.descriptor().kind) {
        if !kinds.contains(&kind.name()) {
            kinds.push(kind.name());
        }
    }
    ListedScript {
        name: &script.name,
        idea: &script.idea,
        calls: script.steps.len(),
        kinds,
        rules: reached_rules(script).iter().map(iamspec_model::Rule::id).collect(),
    }
}
