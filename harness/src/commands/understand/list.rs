//! `iamspec list`: tables of kinds, rules, scripts and more. The documents contain the same tables.

use std::io::Write;

use anyhow::Result;
use clap::{Args, ValueEnum};
use iamspec_conformance::{Mutant, Suite};
use iamspec_model::check::exhaustive;
use iamspec_model::check::exhaustive::PropertyResult;
use iamspec_model::check::model_mutants::{EQUIVALENT, ModelMutant};
use iamspec_model::tables::actions;
use iamspec_model::{Scope, rules};
use stateright::Model as _;

use crate::commands::selection::builtin;
use crate::docs::tables::{UNMODELLED, kinds_table};
use crate::exit_code;

/// The arguments of `iamspec list`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  # The nine attachment kinds.
  iamspec list
  iamspec list rules")]
pub struct ListArgs {
    /// Topic to list
    #[arg(value_enum, value_name = "TOPIC", default_value = "kinds")]
    pub topic: ListTopic,
}

/// A topic of `iamspec list`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ListTopic {
    /// The nine kinds of attachment that block a deletion
    Kinds,
    /// All rules, with their level in each tier
    Rules,
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
    /// Systematic defects of the model, and the equivalent ones
    Faults,
    /// The meaning of the exit codes
    ExitCodes,
    /// The parts of IAM that the model does not cover
    Unmodelled,
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

pub(crate) fn list(args: &ListArgs, out: &mut dyn Write) -> Result<u8> {
    match args.topic {
        ListTopic::Kinds => write!(out, "{}", kinds_table())?,
        ListTopic::Rules => write!(out, "{}", rule_table())?,
        ListTopic::Actions => {
            for call in actions() {
                writeln!(out, "{}", call.api)?;
            }
        }
        ListTopic::Scripts => scripts(out)?,
        ListTopic::Mutants => {
            for mutant in Mutant::hand_written() {
                writeln!(out, "{:<30} {}", mutant.name, mutant.rule)?;
            }
        }
        ListTopic::Properties => properties(out)?,
        ListTopic::Faults => faults(out)?,
        ListTopic::ExitCodes => {
            for (code, name, meaning) in exit_code::ALL {
                writeln!(out, "{code}  {name:<12}  {meaning}")?;
            }
        }
        ListTopic::Unmodelled => {
            for line in UNMODELLED {
                writeln!(out, "{line}")?;
            }
        }
    }
    Ok(exit_code::CONFORMS)
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
        let [status, code, text] = [claim.status, claim.code, claim.text].map(|it| it.level.name());
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

fn faults(out: &mut dyn Write) -> Result<()> {
    for fault in ModelMutant::all() {
        let fault = fault.to_string();
        match EQUIVALENT.iter().find(|(equivalent, _)| *equivalent == fault) {
            Some((_, why)) => writeln!(out, "{fault:<60} equivalent: {why}")?,
            None => writeln!(out, "{fault}")?,
        }
    }
    Ok(())
}

fn scripts(out: &mut dyn Write) -> Result<()> {
    for script in Suite::new(builtin()?).scripts() {
        writeln!(out, "{:<44} {}", script.name, script.idea)?;
    }
    Ok(())
}
