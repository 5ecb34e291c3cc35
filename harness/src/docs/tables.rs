//! What is attached, what is answered, what is not known, and what all of it rests on.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow};
use iamspec_conformance::script::corpus::probes;
use iamspec_model::{Expected, Level, Rule, evidence, rules};

use crate::commands::understand::list::{UNMODELLED, kinds as nine_kinds};
use crate::docs::{plain, ways};

pub(crate) fn kinds() -> String {
    format!(
        "# What can be attached to a user\n\n{}\nThe quotas are AWS's defaults; that of managed policies can be raised (G-002).\n",
        nine_kinds()
    )
}

/// Every code with the rules that answer it.
pub(crate) fn errors() -> String {
    let mut codes: BTreeMap<(&str, u16), Vec<Rule>> = BTreeMap::new();
    for rule in rules() {
        if let Expected::Refused(code) = rule.claim.answer {
            codes.entry((code.name(), code.http())).or_default().push(rule);
        }
    }
    let mut page = "# Errors\n\nOn the wire the code has no suffix; CloudTrail writes it with `Exception` (E-006).\n".to_owned();
    for ((code, http), rules) in codes {
        page.push_str(&format!("\n## {code}\n\nHTTP {http}.\n\n"));
        for rule in rules {
            let (id, api, says) = (rule.id(), rule.call.api, plain(&rule.statement()));
            page.push_str(&format!("- [{id}](calls/{api}.md): {says}\n"));
        }
    }
    page
}

/// What the facts leave open, with the script that would settle it on the real service.
pub(crate) fn unknown() -> Result<String> {
    let mut page = "# What is not known\n\nWhere nobody knows, every answer conforms, and a run says which was seen.\n\n\
        | rule | facts | what would settle it |\n|---|---|---|\n"
        .to_owned();
    for rule in rules().filter(|rule| rule.claim.status.level == Level::Open) {
        let scripts =
            probes(rule).map_err(|(name, error)| anyhow!("our script {name} is wrong: {error}"))?;
        let probe = scripts.first().map_or_else(
            || "no script of ours asks it".to_owned(),
            |it| format!("`iamspec run {}`", it.name),
        );
        let facts: Vec<&str> = rule.claim.status.facts.iter().map(|fact| fact.id).collect();
        let (id, api) = (rule.id(), rule.call.api);
        page.push_str(&format!("| [{id}](calls/{api}.md) | {} | {probe} |\n", ways(&facts, "")));
    }
    page.push_str("\n## What the model does not speak of\n\n");
    for line in UNMODELLED {
        page.push_str(&format!("- {}\n", plain(line)));
    }
    Ok(page)
}

/// Every fact that a rule rests on.
pub(crate) fn facts() -> String {
    let mut ids: Vec<&str> = Vec::new();
    for rule in rules() {
        let tiers = [rule.claim.status, rule.claim.code, rule.claim.text];
        ids.extend(tiers.iter().flat_map(|it| it.facts).map(|fact| fact.id));
    }
    let orders = iamspec_model::tables::precedence::PRECEDENCES.iter();
    ids.extend(orders.flat_map(|it| it.evidence.facts).map(|fact| fact.id));
    ids.sort_unstable();
    ids.dedup();
    let mut page =
        "# Facts\n\nWhat is known of the real service, where it comes from, and how sure it is.\n"
            .to_owned();
    for fact in ids.iter().filter_map(|id| evidence::fact(id)) {
        let strength = format!("{:?}", fact.strength).to_lowercase();
        page.push_str(&format!(
            "\n## {}\n\n{}, {}: {}.",
            fact.id,
            strength,
            plain(fact.operation),
            plain(fact.state)
        ));
        if let Some(http) = fact.http {
            page.push_str(&format!(" {http} {}", fact.code.unwrap_or_default()));
        }
        if let Some(message) = fact.message {
            page.push_str(&format!("\n\n> {}", plain(message)));
        }
        if !fact.note.is_empty() {
            page.push_str(&format!("\n\n{}", plain(fact.note)));
        }
        page.push_str(&format!("\n\nFrom {}\n", plain(fact.source)));
    }
    page
}
