//! `iamspec explain`: what a rule means, how sure it is, and how we know.

use std::io::Write;

use anyhow::{Result, bail};
use iamspec_conformance::expectation::glob;
use iamspec_model::precedence::PRECEDENCES;
use iamspec_model::{Answer, Evidence, Rule, rules};

use crate::exit;

pub(super) fn explain(pattern: &str, out: &mut dyn Write) -> Result<u8> {
    let chosen: Vec<Rule> = rules().filter(|rule| glob(pattern, &rule.id())).collect();
    if chosen.is_empty() {
        bail!("no rule is called `{pattern}`; `iamspec list rules` prints their names");
    }
    for (index, rule) in chosen.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        write!(out, "{}", text(*rule))?;
    }
    Ok(exit::CONFORMS)
}

/// One rule, with everything behind it.
fn text(rule: Rule) -> String {
    let mut text = format!("{}\n  {}\n", rule.id(), rule.statement());
    let (claim, api) = (rule.claim, rule.call.api);
    tier(&mut text, "status", claim.status, api);
    if claim.code != claim.status {
        tier(&mut text, "code", claim.code, api);
    }
    if let Answer::Refused(_) = claim.answer {
        tier(&mut text, "text", claim.text, api);
    }
    for order in PRECEDENCES.iter().filter(|it| it.calls.contains(&rule.call.api)) {
        if order.first == claim.reason || order.then.contains(&claim.reason) {
            let others: Vec<String> = order.then.iter().map(|it| it.slug()).collect();
            text.push_str(&format!(
                "  order   {} is named before {} ({})\n",
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
            text.push_str(&format!("      {}\n", fact.note_on(api)));
        }
    }
}
