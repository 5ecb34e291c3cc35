//! `iamspec explain`: the meaning of a rule, its levels, its evidence, and a script that tests it.
//!
//! Other words name a kind or a fact, or are searched for.

use std::io::Write;

use anyhow::{Result, anyhow, bail};
use clap::Args;
use iamspec_conformance::mutation::cover::scripts_by_rule;
use iamspec_conformance::oracle::wire::{WIRE_RULES, WireRule, wire_rule_ids};
use iamspec_conformance::results::undecidable::undecidable;
use iamspec_conformance::script::pattern::glob;
use iamspec_conformance::script::pattern::suggestion;
use iamspec_model::tables::actions;
use iamspec_model::tables::precedence::PRECEDENCES;
use iamspec_model::tables::resources::DELETE_USER;
use iamspec_model::{Evidence, Expected, Fact, Rule, rules};

use crate::commands::understand::look_up::look_up;
use crate::docs::removal::{fact_ids, losses, step_orders};
use crate::exit_code;
use crate::report::format::style::{terminal_width, wrapped};
use crate::report::format::summary::counted;

/// The width of a line if stdout is not a terminal.
const WIDTH: usize = 100;

/// The arguments of `iamspec explain`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  iamspec explain DeleteUser/holds-mfa-device
  # Every rule of an action.
  iamspec explain DeleteUser
  # A rule about the form of responses.
  iamspec explain wire-list-framing
  # A kind, a fact, or everything that contains some words.
  iamspec explain mfa-device
  iamspec explain A-003
  iamspec explain temporarily unmodifiable")]
pub struct ExplainArgs {
    /// Rule, such as `DeleteUser/holds-access-key`; action; kind; fact; or any words
    ///
    /// `*` in a rule matches any text.
    #[arg(value_name = "RULE|WORDS", required = true)]
    pub words: Vec<String>,
}

pub(crate) fn explain(args: &ExplainArgs, out: &mut dyn Write) -> Result<u8> {
    let pattern = &args.words.join(" ");
    let matches = |rule: &Rule| glob(pattern, &rule.id()) || *pattern == rule.action.api;
    let selected: Vec<Rule> = rules().filter(matches).collect();
    if selected.is_empty() {
        return explain_wire_rules(pattern, out);
    }
    let scripts = scripts_by_rule()
        .map_err(|(name, error)| anyhow!("the built-in script {name} is invalid: {error}"))?;
    for (index, rule) in selected.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        let testing = scripts.get(&rule.id()).map(Vec::as_slice).unwrap_or_default();
        let text = text(*rule) + &tests(*rule, testing);
        write!(out, "{}", wrapped(&text, terminal_width().unwrap_or(WIDTH), 2))?;
    }
    if *pattern == DELETE_USER.api {
        write!(out, "\n{}", wrapped(&removal(), terminal_width().unwrap_or(WIDTH), 2))?;
    }
    Ok(exit_code::CONFORMS)
}

/// The order of the steps that remove a user, and what they destroy.
fn removal() -> String {
    let mut text =
        "Order of removal: free, except that a resource to delete comes after its attachment\n"
            .to_owned();
    for order in step_orders() {
        let facts = fact_ids(order.refusal).join(", ");
        text.push_str(&format!("  {} before {} ({facts})\n", order.first, order.then));
    }
    text.push_str("\nLost for good:\n");
    for (api, loss) in losses() {
        let facts: Vec<&str> = loss.facts.iter().map(|fact| fact.id).collect();
        text.push_str(&format!("  {api}: {} ({})\n", loss.what, facts.join(", ")));
    }
    text
}

/// Prints the wire rules that a pattern names, with or without an action.
fn explain_wire_rules(pattern: &str, out: &mut dyn Write) -> Result<u8> {
    let matches = |rule: &&&WireRule| {
        *pattern == format!("wire-{}", rule.name)
            || actions().any(|action| glob(pattern, &rule.id(action.api)))
    };
    let selected: Vec<&WireRule> = WIRE_RULES.iter().filter(matches).copied().collect();
    if selected.is_empty() {
        let mut text = Vec::new();
        if look_up(pattern, &mut text)? {
            let text = String::from_utf8_lossy(&text);
            write!(out, "{}", wrapped(&text, terminal_width().unwrap_or(WIDTH), 2))?;
            return Ok(exit_code::CONFORMS);
        }
        let rules = rules().map(|rule| rule.id()).chain(wire_rule_ids());
        let similar = suggestion(pattern, rules.chain(actions().map(|it| it.api.to_owned())));
        bail!(
            "no rule, action, kind, fact or script has `{pattern}`{similar}; `iamspec list rules` and \
             `iamspec list wire-rules` print all rules"
        );
    }
    for (index, rule) in selected.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        let (tier, level) = (rule.tier.name(), rule.level().name());
        let mut text = format!("wire-{}\n  {}\n  {tier:<7} {level}\n", rule.name, rule.statement);
        let mut shown = Vec::new();
        for evidence in rule.evidences() {
            facts(&mut text, evidence, "", &mut shown);
        }
        text.push_str(&format!("  tested by `iamspec run {} --tier wire`\n", rule.script));
        write!(out, "{}", wrapped(&text, terminal_width().unwrap_or(WIDTH), 2))?;
    }
    Ok(exit_code::CONFORMS)
}

/// The shortest script that tests the rule, and the number of other scripts that do.
fn tests(rule: Rule, scripts: &[String]) -> String {
    if let Some(reason) = undecidable(rule) {
        return format!("  never decides a response alone: {reason}\n");
    }
    match scripts {
        [] => "  tested by no built-in script\n".to_owned(),
        [first] => format!("  tested by `iamspec run {first}`\n"),
        [first, others @ ..] => {
            let others = counted(others.len(), "other script");
            format!("  tested by `iamspec run {first}` and {others}\n")
        }
    }
}

/// The rule with its levels, its evidence and its precedence.
fn text(rule: Rule) -> String {
    let mut text = format!("{}\n  {}\n", rule.id(), rule.statement());
    let (clause, api) = (rule.clause, rule.action.api);
    let mut tiers = vec![("status", clause.status), ("code", clause.code)];
    if let Expected::Refused(_) = clause.expected {
        tiers.push(("text", clause.text));
    }
    let mut shown = Vec::new();
    for same in tiers.chunk_by(|(_, one), (_, other)| one == other) {
        let names: Vec<&str> = same.iter().map(|(name, _)| *name).collect();
        if let [(_, evidence), ..] = same {
            text.push_str(&format!("  {:<7} {}\n", names.join(", "), evidence.level.name()));
            facts(&mut text, *evidence, api, &mut shown);
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
            facts(&mut text, order.evidence, api, &mut shown);
        }
    }
    text
}

/// The facts of the evidence: in full if they are not in `shown`, else by their ids.
fn facts(text: &mut String, evidence: Evidence, api: &str, shown: &mut Vec<&'static str>) {
    if evidence.facts.is_empty() {
        text.push_str("    no evidence\n");
    }
    let (again, new): (Vec<&Fact>, Vec<&Fact>) =
        evidence.facts.iter().partition(|it| shown.contains(&it.id));
    if !again.is_empty() {
        let ids: Vec<&str> = again.iter().map(|it| it.id).collect();
        text.push_str(&format!("    {}: see above\n", ids.join(", ")));
    }
    for fact in new {
        shown.push(fact.id);
        let strength = fact.strength.name();
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
