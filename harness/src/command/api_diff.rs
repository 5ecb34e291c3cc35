//! `iamspec api-diff`: which calls of a service model are not what the facts were taken from.

use std::io::Write;

use anyhow::{Context as _, Result};
use iamspec_model::rules;

use crate::api;
use crate::cli::ApiDiff;
use crate::exit;

pub(super) fn diff(args: &ApiDiff, out: &mut dyn Write) -> Result<u8> {
    let name = args.model.display();
    let bytes = std::fs::read(&args.model).with_context(|| format!("cannot read {name}"))?;
    let sums = api::sums(&bytes).with_context(|| format!("{name} is no service model of IAM"))?;
    if args.print {
        for (api, sum) in &sums {
            writeln!(out, "{api} {sum}")?;
        }
        return Ok(exit::CONFORMS);
    }
    let (version, known) = api::known();
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
    Ok(if changed + new + gone == 0 { exit::CONFORMS } else { exit::DIVERGES })
}

/// The rules to look at again.
fn again(api: &str, out: &mut dyn Write) -> Result<()> {
    for rule in rules().filter(|rule| rule.call.api == api) {
        writeln!(out, "           look again at {}", rule.id())?;
    }
    Ok(())
}
