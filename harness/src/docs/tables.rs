//! The pages that consist of one table or list: kinds, errors, open questions and facts.

use std::collections::BTreeMap;

use iamspec_conformance::oracle::wire::WIRE_RULES;
use iamspec_model::tables::attachments::Naming;
use iamspec_model::tables::precedence::PRECEDENCES;
use iamspec_model::{AttachmentAction, AttachmentKind, Expected, FACTS, Fact, Level, Rule, rules};

use crate::docs::ScriptIndex;
use crate::docs::markdown::{LEGEND_LINK, STRENGTHS, escape, fact_links};
use crate::docs::removal::losses;
use crate::docs::source_links::{SourcePart, parts};

/// The kinds of attachment, with their operations and quotas.
pub(crate) fn kinds() -> String {
    format!(
        "# Attachments of a user\n\n{}\n\
        The quotas are AWS's defaults. An account can raise the quota of managed policies (G-002).\n\n\
        \"Blocked with\" is the message of DeleteUser while a user has the attachment; \
        [DeleteUser](delete-user.md) has the level of each. {LEGEND_LINK}",
        kinds_table()
    )
}

/// The wire rules, with a script that tests each.
pub(crate) fn wire_rules_table() -> String {
    let mut table =
        "| rule | tier | level | facts | script | statement |\n|---|---|---|---|---|---|\n"
            .to_owned();
    for rule in WIRE_RULES {
        let evidences = rule.evidences();
        let mut facts: Vec<&str> = Vec::new();
        for fact in evidences.iter().flat_map(|it| it.facts) {
            if !facts.contains(&fact.id) {
                facts.push(fact.id);
            }
        }
        table.push_str(&format!(
            "| `wire-{}` | {} | {} | {} | `{}` | {} |\n",
            rule.name,
            rule.tier.name(),
            rule.level().name(),
            facts.join(" "),
            rule.script,
            rule.statement
        ));
    }
    table
}

/// Every error code, with the rules whose response has it.
pub(crate) fn errors() -> String {
    let mut codes: BTreeMap<(&str, u16), Vec<Rule>> = BTreeMap::new();
    for rule in rules() {
        if let Expected::Refused(code) = rule.clause.expected {
            codes.entry((code.name(), code.http_status())).or_default().push(rule);
        }
    }
    let mut page = format!(
        "# Errors\n\n\
        CloudTrail appends `Exception` to a code; a response does not (E-006).\n\n\
        Each rule has the level of its status. {LEGEND_LINK}"
    );
    for ((code, http), rules) in codes {
        page.push_str(&format!("\n## {code}\n\nHTTP {http}.\n\n"));
        for rule in rules {
            let (id, api) = (rule.id(), rule.action.api);
            let statement = escape(&rule.statement());
            let level = rule.clause.status.level.name();
            page.push_str(&format!("- [{id}](operations/{api}.md) (*{level}*): {statement}\n"));
        }
    }
    page
}

/// The unspecified rules, each with the script that shows the behavior of an endpoint.
pub(crate) fn open_questions(scripts: &ScriptIndex) -> String {
    let mut page = format!(
        "# Open questions\n\n\
        No fact states how AWS responds in these cases. Every response conforms, and the report of a run \
        states which one was observed. Each fact of strength unknown has a probe, even if no rule cites it: \
        see [Probes](#probes). A row whose script is *none* needs an account that a run cannot fill.\n\n\
        {LEGEND_LINK}\n\
        | rule | facts | script |\n|---|---|---|\n"
    );
    for rule in rules().filter(|rule| rule.clause.status.level == Level::Unspecified) {
        let script = scripts
            .reaching(rule)
            .next()
            .map_or_else(|| "*none*".to_owned(), |it| format!("`iamspec run {}`", it.name));
        let facts: Vec<&str> = rule.clause.status.facts.iter().map(|fact| fact.id).collect();
        let (id, api, facts) = (rule.id(), rule.action.api, fact_links(&facts, ""));
        page.push_str(&format!("| [{id}](operations/{api}.md) | {facts} | {script} |\n"));
    }
    page.push_str(&probes());
    page.push_str("\n## Not in the model\n\n");
    for line in UNMODELED {
        page.push_str(&format!("- {}\n", escape(line)));
    }
    page
}

/// The open questions among the facts, each with the probe that would answer it.
fn probes() -> String {
    let mut text = "\n## Probes\n\n\
        Each of these questions would be answered by one recording of AWS: of a script, or of requests.\n\n\
        | fact | operation | state | unknown | probe |\n|---|---|---|---|---|\n"
        .to_owned();
    for fact in FACTS.iter().filter(|it| it.is_open_question()) {
        let probe = fact.probe.unwrap_or_default();
        let probe = match probe.strip_prefix("script ") {
            Some(script) => format!("`iamspec run {script}`"),
            None => escape(probe.trim_start_matches("requests: ")),
        };
        text.push_str(&format!(
            "| {} | {} | {} | {} | {probe} |\n",
            fact_links(&[fact.id], ""),
            escape(fact.operation),
            escape(fact.state),
            escape(fact.note)
        ));
    }
    text
}

/// Every fact that a rule, a wire rule, an order or a loss cites, and every open question.
pub(crate) fn cited_facts() -> Vec<&'static Fact> {
    let mut facts: Vec<&Fact> = Vec::new();
    for rule in rules() {
        let tiers = [rule.clause.status, rule.clause.code, rule.clause.text];
        facts.extend(tiers.iter().flat_map(|it| it.facts));
    }
    facts.extend(PRECEDENCES.iter().flat_map(|it| it.evidence.facts));
    facts.extend(WIRE_RULES.iter().flat_map(|it| it.evidences()).flat_map(|it| it.facts));
    facts.extend(losses().iter().flat_map(|(_, loss)| loss.facts));
    facts.extend(FACTS.iter().filter(|it| it.is_open_question()));
    facts.sort_unstable_by_key(|it| it.id);
    facts.dedup_by_key(|it| it.id);
    facts
}

/// The page of the cited facts.
pub(crate) fn facts() -> String {
    let mut page = format!(
        "# Facts\n\nEach fact describes AWS's behavior, with its source and its strength. \
            The level of a rule follows the strength of its facts.\n\n{STRENGTHS}\n{LEGEND_LINK}"
    );
    for fact in cited_facts() {
        page.push_str(&format!("\n## {}\n\n{}", fact.id, fact_text(fact, fact.note)));
    }
    page
}

/// A fact without its id: the strength, the response, this note, and the source.
pub(crate) fn fact_text(fact: &Fact, note: &str) -> String {
    let strength = fact.strength.name();
    let mut text = format!("{strength}, {}: {}.", escape(fact.operation), escape(fact.state));
    if let Some(http) = fact.http {
        text.push_str(&format!(" {http} {}", fact.code.unwrap_or_default()));
    }
    if let Some(message) = fact.message {
        text.push_str(&format!("\n\n> {}", escape(message)));
    }
    if !note.is_empty() {
        text.push_str(&format!("\n\n{}", escape(note)));
    }
    let link = |it: &SourcePart| match &it.href {
        Some(href) => format!("[{}](<{href}>)", escape(&it.text)),
        None => escape(&it.text),
    };
    let source: Vec<String> = parts(fact.source).iter().map(link).collect();
    text.push_str(&format!("\n\nSource: {}\n", source.join(" ")));
    text
}

/// The parts of IAM that the model does not cover, in the words of the API.
pub const UNMODELED: [&str; 12] = [
    "the account's own password policy (the reference endpoint serves it), and whether old passwords are right",
    "the last use of access keys (the reference endpoint serves it); of GetAccessKeyLastUsed, the model has the owner of the key",
    "the age of service-specific credentials (the reference endpoint serves it for Bedrock), and sign-in with a password",
    "hardware and FIDO MFA devices; GetMFADevice (the reference endpoint serves it)",
    "the values of tags, paths and tags of groups, policies and devices",
    "AWS managed policies (the reference endpoint serves them, and the audit judges them; a run sends no call that could change one, because it has created none), policy documents, and the counts in GetPolicy",
    "the counts of GetAccountSummary, and the user details of GetAccountAuthorizationDetails",
    "roles, and other holders of managed policies",
    "parameter constraints beyond those of `list rules`; account quotas of resources",
    "the size and the order of pages of listings",
    "root and roles as callers, and the permissions of callers",
    "eventual consistency and throttling, except for --settle and retries",
];

/// The kinds as a Markdown table.
#[must_use]
pub(crate) fn kinds_table() -> String {
    let mut table = "| kind | attach | list | detach | named by | quota | blocked with |\n|---|---|---|---|---|---|---|\n".to_owned();
    for row in AttachmentKind::blockers().map(AttachmentKind::row) {
        let action = |action| row.action(action).map_or("", |call| call.api);
        let named = match row.naming {
            Naming::Single => "(no name)",
            Naming::Service => "the service",
            Naming::Caller => "the caller",
        };
        let texts: Vec<&str> = row.blocks.iter().flat_map(|it| it.text.texts()).collect();
        let quota = if row.quota.each > 1 {
            "2048 characters".to_owned()
        } else {
            row.quota.max.to_string()
        };
        table.push_str(&format!(
            "| {} | {} | {} | {} | {named} | {quota} | {} |\n",
            row.noun,
            action(AttachmentAction::Attach),
            action(AttachmentAction::List),
            action(AttachmentAction::Detach),
            texts.join(" *or* ")
        ));
    }
    table
}
