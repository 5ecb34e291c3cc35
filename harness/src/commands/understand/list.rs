//! `iamspec list`: what there is. The documents print the same tables.

use std::io::Write;

use anyhow::{Result, anyhow};
use iamspec_conformance::script::corpus::ours;
use iamspec_conformance::{Mutant, Suite};
use iamspec_model::check::exhaustive;
use iamspec_model::check::exhaustive::Violation;
use iamspec_model::check::model_mutants::{EQUIVALENT, ModelMutant};
use iamspec_model::tables::attachments::Naming;
use iamspec_model::tables::calls;
use iamspec_model::{AttachmentAction, AttachmentKind, Scope, rules};
use stateright::Model as _;

use crate::cli::ListTopic;
use crate::exit_code;

/// What the model does not speak of yet, in the words of the API.
pub const UNMODELLED: [&str; 12] = [
    "the account's own password policy, and whether old passwords and MFA codes are right",
    "what access keys were used for (GetAccessKeyLastUsed tells the owner)",
    "the age of service-specific credentials",
    "GetMFADevice, TagMFADevice, hardware and FIDO MFA devices",
    "the values of tags, paths and tags of groups, policies and devices",
    "AWS managed policies, the documents of policies, the counts that GetPolicy tells",
    "what GetAccountSummary counts, and what GetAccountAuthorizationDetails tells of each user",
    "roles, and what else holds a managed policy",
    "constraints of members beyond those of `list rules`; quotas of objects in an account",
    "the size and the order of pages of listings",
    "root and roles as callers, and what callers may do",
    "eventual consistency and throttling, but for what a run is told to allow",
];

/// A scope in which every property is asked.
const WIDEST: Scope = Scope {
    users: 2,
    items: 2,
    quotas: true,
    groups: 11,
    policies: 10,
    devices: 9,
    statuses: true,
    ..Scope::NOTHING
};

pub(crate) fn list(what: ListTopic, out: &mut dyn Write) -> Result<u8> {
    match what {
        ListTopic::Kinds => write!(out, "{}", kinds())?,
        ListTopic::Rules => write!(out, "{}", rule_table())?,
        ListTopic::Calls => {
            for call in calls() {
                writeln!(out, "{}", call.api)?;
            }
        }
        ListTopic::Scripts => scripts(out)?,
        ListTopic::Mutants => {
            for mutant in Mutant::all() {
                writeln!(out, "{:<30} {}", mutant.name, mutant.rule)?;
            }
        }
        ListTopic::Properties => properties(out)?,
        ListTopic::Faults => faults(out)?,
        ListTopic::ExitCodes => {
            for (code, meaning) in exit_code::ALL {
                writeln!(out, "{code}  {meaning}")?;
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

/// The nine kinds as a Markdown table.
#[must_use]
pub(crate) fn kinds() -> String {
    let mut table = "| kind | attach | list | detach | named by | quota | blocked with |\n|---|---|---|---|---|---|---|\n".to_owned();
    for row in AttachmentKind::blockers().map(AttachmentKind::row) {
        let call = |verb| row.call(verb).map_or("", |call| call.api);
        let named = match row.naming {
            Naming::Single => "nobody",
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
            call(AttachmentAction::Attach),
            call(AttachmentAction::List),
            call(AttachmentAction::Detach),
            texts.join(" *or* ")
        ));
    }
    table
}

/// Every rule with its levels.
#[must_use]
pub(crate) fn rule_table() -> String {
    let mut table = format!("{:<54} {:<7} {:<7} {:<7} facts\n", "rule", "status", "code", "text");
    for rule in rules() {
        let claim = rule.claim;
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
        let said_of = Violation::of(&property, None).said_of.name();
        writeln!(out, "{said_of:<10}  {}", property.name)?;
    }
    for sentence in exhaustive::sentences() {
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
    let scripts = ours().map_err(|(name, error)| anyhow!("the script {name} is wrong: {error}"))?;
    for script in Suite::new(scripts).scripts() {
        writeln!(out, "{:<44} {}", script.name, script.idea)?;
    }
    Ok(())
}
