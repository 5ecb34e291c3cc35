//! `iamspec api-diff`.
//!
//! `iamspec api-diff`: which calls of a service model are not what the facts were taken from.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use iamspec_model::rules;

use crate::exit_code;
use crate::wire::service_model;

/// `iamspec api-diff`.
#[derive(Args, Debug)]
pub struct ApiDiffArgs {
    /// Print the checksums of this model, and compare nothing
    #[arg(long)]
    pub print: bool,
    /// The service model, as botocore ships it: `botocore/data/iam/2010-05-08/service-2.json.gz`
    #[arg(value_name = "SERVICE_MODEL")]
    pub model: PathBuf,
}

pub(crate) fn diff(args: &ApiDiffArgs, out: &mut dyn Write) -> Result<u8> {
    let name = args.model.display();
    let bytes = std::fs::read(&args.model).with_context(|| format!("cannot read {name}"))?;
    let sums = service_model::sums(&bytes)
        .with_context(|| format!("{name} is no service model of IAM"))?;
    if args.print {
        for (api, sum) in &sums {
            writeln!(out, "{api} {sum}")?;
        }
        return Ok(exit_code::CONFORMS);
    }
    let (version, known) = service_model::known();
    let (mut changed, mut new, mut gone) = (0, 0, 0);
    for (api, sum) in &sums {
        match known.get(api) {
            Some(before) if before == sum => {}
            Some(_) => {
                changed += 1;
                writeln!(out, "changed  {api}")?;
                again(api, out)?;
            }
            None => {
                new += 1;
                writeln!(out, "new      {api}")?;
            }
        }
    }
    for api in known.keys().filter(|it| !sums.contains_key(*it)) {
        gone += 1;
        writeln!(out, "gone     {api}")?;
        again(api, out)?;
    }
    let all = sums.len();
    writeln!(out, "{all} calls, against {version}: {changed} changed, {new} new, {gone} gone")?;
    Ok(if changed + new + gone == 0 { exit_code::CONFORMS } else { exit_code::DIVERGES })
}

/// The rules to look at again.
fn again(api: &str, out: &mut dyn Write) -> Result<()> {
    for rule in rules().filter(|rule| rule.call.api == api) {
        writeln!(out, "           look again at {}", rule.id())?;
    }
    Ok(())
}
