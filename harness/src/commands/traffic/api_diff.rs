//! `iamspec api-diff`: compares a service model with the one that the facts come from, action by
//! action.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use iamspec_model::rules;

use crate::exit_code;
use crate::exit_code::Outcome;
use crate::report::format::summary::counted;
use crate::wire::service_model;

/// The arguments of `iamspec api-diff`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  # Exit code 1 if an action differs.
  iamspec api-diff botocore/data/iam/2010-05-08/service-2.json.gz")]
pub struct ApiDiffArgs {
    /// Print the checksums of this model, compare nothing
    #[arg(long)]
    pub print: bool,
    /// Service model file of botocore
    ///
    /// For example `botocore/data/iam/2010-05-08/service-2.json.gz`.
    #[arg(value_name = "SERVICE_MODEL")]
    pub model: PathBuf,
}

pub(crate) fn diff(args: &ApiDiffArgs, out: &mut dyn Write) -> Result<u8> {
    let name = args.model.display();
    let bytes = std::fs::read(&args.model).with_context(|| format!("cannot read {name}"))?;
    let sums = service_model::checksums(&bytes)
        .with_context(|| format!("{name} is not a service model of IAM"))?;
    if args.print {
        for (action, sum) in &sums {
            writeln!(out, "{action} {sum}")?;
        }
        return Ok(exit_code::CONFORMS);
    }
    let (version, known) = service_model::known();
    let (mut changed, mut new, mut removed) = (0, 0, 0);
    for (action, sum) in &sums {
        match known.get(action) {
            Some(before) if before == sum => {}
            Some(_) => {
                changed += 1;
                writeln!(out, "changed  {action}")?;
                print_rules(action, out)?;
            }
            None => {
                new += 1;
                writeln!(out, "new      {action}")?;
            }
        }
    }
    for action in known.keys().filter(|it| !sums.contains_key(*it)) {
        removed += 1;
        writeln!(out, "removed  {action}")?;
        print_rules(action, out)?;
    }
    let actions = counted(sums.len(), "action");
    writeln!(
        out,
        "{actions}, compared with {version}: {changed} changed, {new} new, {removed} removed"
    )?;
    let diverges = changed + new + removed > 0;
    Ok(exit_code::of(Outcome { diverges, ..Outcome::default() }))
}

/// Prints the rules of an action.
fn print_rules(action: &str, out: &mut dyn Write) -> Result<()> {
    for rule in rules().filter(|rule| rule.action.api == action) {
        writeln!(out, "           review {}", rule.id())?;
    }
    Ok(())
}
