//! `iamspec explain`: the meaning of a rule, its levels, its evidence, and a script that tests it.

use std::io::Write;

use anyhow::{Result, anyhow, bail};
use clap::Args;
use iamspec_conformance::script::corpus::scripts_reaching;
use iamspec_conformance::script::pattern::glob;
use iamspec_conformance::script::pattern::suggestion;
use iamspec_model::tables::precedence::PRECEDENCES;
use iamspec_model::{Evidence, Expected, Rule, rules};

use crate::exit_code;
use crate::report::format::summary::counted;

/// The arguments of `iamspec explain`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  iamspec explain DeleteUser/holds-mfa-device
  iamspec explain 'DeleteUser/*'")]
pub struct ExplainArgs {
    /// Rule, such as `DeleteUser/holds-access-key`; `*` matches any text
    #[arg(value_name = "RULE")]
    pub rule: String,
}

pub(crate) fn explain(args: &ExplainArgs, out: &mut dyn Write) -> Result<u8> {
    let pattern = &args.rule;
    let selected: Vec<Rule> = rules().filter(|rule| glob(pattern, &rule.id())).collect();
    if selected.is_empty() {
        let similar = suggestion(pattern, rules().map(|rule| rule.id()));
        bail!("there is no rule `{pattern}`{similar}; `iamspec list rules` prints all rules");
    }
    for (index, rule) in selected.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        write!(out, "{}{}", text(*rule), tests(*rule)?)?;
    }
    Ok(exit_code::CONFORMS)
}

/// The shortest script that tests the rule, and the number of other scripts that do.
fn tests(rule: Rule) -> Result<String> {
    let scripts = scripts_reaching(rule)
        .map_err(|(name, error)| anyhow!("the built-in script {name} is invalid: {error}"))?;
    Ok(match scripts.as_slice() {
        [] => "  tested by no built-in script\n".to_owned(),
        [first] => format!("  tested by `iamspec run {}`\n", first.name),
        [first, others @ ..] => {
            let others = counted(others.len(), "other script");
            format!("  tested by `iamspec run {}` and {others}\n", first.name)
        }
    })
}

/// The rule with its levels, its evidence and its precedence.
fn text(rule: Rule) -> String {
    let mut text = format!("{}\n  {}\n", rule.id(), rule.statement());
    let (clause, api) = (rule.clause, rule.action.api);
    let mut tiers = vec![("status", clause.status), ("code", clause.code)];
    if let Expected::Refused(_) = clause.expected {
        tiers.push(("text", clause.text));
    }
    for same in tiers.chunk_by(|(_, one), (_, other)| one == other) {
        let names: Vec<&str> = same.iter().map(|(name, _)| *name).collect();
        if let [(_, evidence), ..] = same {
            tier(&mut text, &names.join(", "), *evidence, api);
        }
    }
    for order in PRECEDENCES.iter().filter(|it| it.actions.contains(&rule.action.api)) {
        if order.first == clause.condition || order.then.contains(&clause.condition) {
            let others: Vec<String> = order.then.iter().map(|it| it.slug()).collect();
            text.push_str(&format!(
                "  order   {} is reported before {} ({})\n",
                order.first.slug(),
                others.join(", "),
                order.evidence.level.name()
            ));
            facts(&mut text, order.evidence, api);
        }
    }
    text
}

fn tier(text: &mut String, name: &str, evidence: Evidence, api: &str) {
    text.push_str(&format!("  {name:<7} {}\n", evidence.level.name()));
    if evidence.facts.is_empty() {
        text.push_str("    no evidence\n");
    }
    facts(text, evidence, api);
}

fn facts(text: &mut String, evidence: Evidence, api: &str) {
    for fact in evidence.facts {
        let strength = format!("{:?}", fact.strength).to_lowercase();
        text.push_str(&format!(
            "    {} ({strength}): {}: {}\n",
            fact.id, fact.operation, fact.state
        ));
        if let Some(message) = fact.message {
            text.push_str(&format!("      {message:?}\n"));
        }
        text.push_str(&format!("      from {}\n", fact.source));
        if !fact.note.is_empty() {
            text.push_str(&format!("      {}\n", fact.note_for(api)));
        }
    }
}
