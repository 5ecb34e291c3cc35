//! From what a service answered to rows of evidence: what is news, and what of what is known it bears on.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use iamspec_conformance::Response;
use iamspec_conformance::oracle::messages;
use iamspec_conformance::script::parse;
use iamspec_model::{Evidence, Expected, Level, Operation, Rule, Strength, rules};
use serde::{Deserialize, Serialize};

use crate::report::RunReport;
use crate::report::events::{CallEvent, RunHeader};

/// A row as the file of facts has it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EvidenceRow {
    pub(crate) id: String,
    pub(crate) operation: String,
    pub(crate) state: String,
    pub(crate) input: String,
    pub(crate) http: Option<u16>,
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    pub(crate) strength: String,
    pub(crate) source: String,
    pub(crate) note: String,
}

impl EvidenceRow {
    /// Whether both speak of the same call in the same state.
    pub(crate) fn is_about_the_same(&self, other: &Self) -> bool {
        (&self.operation, &self.state, &self.input)
            == (&other.operation, &other.state, &other.input)
    }

    /// Whether both say the same of it.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        self.is_about_the_same(other)
            && (self.http, &self.code, &self.message) == (other.http, &other.code, &other.message)
    }
}

/// What a run teaches.
#[derive(Default)]
pub(crate) struct RecordedAnswer {
    /// Rows that are news, without ids.
    pub(crate) rows: Vec<EvidenceRow>,
    /// Answers that say what is recorded already.
    pub(crate) known: usize,
    /// Answers that several rules called for, or that nothing can be said of.
    pub(crate) unclear: usize,
}

/// The members that a text may name.
const MEMBERS: [&str; 12] = [
    "NewUserName",
    "UserName",
    "NewGroupName",
    "GroupName",
    "PolicyName",
    "PolicyArn",
    "VirtualMFADeviceName",
    "SerialNumber",
    "AccessKeyId",
    "CertificateId",
    "SSHPublicKeyId",
    "ServiceSpecificCredentialId",
];

/// What a run teaches: a row for each rule and each answer to a call that this rule alone decided.
pub(crate) fn lesson(run: &RunReport, strength: &str) -> Result<RecordedAnswer> {
    let by_name: BTreeMap<String, Rule> = rules().map(|rule| (rule.id(), rule)).collect();
    let mut lesson = RecordedAnswer::default();
    for call in &run.calls {
        let rule = match call.rules.as_slice() {
            [only] if call.verdict.is_judged() => by_name.get(only).copied(),
            _ => None,
        };
        let (Some(rule), Some(answer)) = (rule, call.answer.as_deref()) else {
            lesson.unclear += 1;
            continue;
        };
        let (op, observed) = read(call, answer)?;
        match row(rule, (&op, &observed), (call, &run.header, strength)) {
            None => lesson.known += 1,
            Some(row) if lesson.rows.iter().any(|it| it.says_the_same(&row)) => {}
            Some(row) => lesson.rows.push(row),
        }
    }
    Ok(lesson)
}

fn read(call: &CallEvent, answer: &str) -> Result<(Operation, Response)> {
    let line = format!("{} -> {answer}", call.call);
    let script = parse::parse(&call.script, &line).with_context(|| format!("in `{line}`"))?;
    let step = script.steps.into_iter().next().context("a call that is none")?;
    Ok((step.operation, step.answer.context("an answer that is none")?))
}

fn row(
    rule: Rule,
    (op, observed): (&Operation, &Response),
    (call, header, strength): (&CallEvent, &RunHeader, &str),
) -> Option<EvidenceRow> {
    let (http, code, message) = match observed {
        Response::Done(_) => (Some(200), None, None),
        Response::Refused { http, code, message } => {
            (Some(*http), Some(code.clone()), message.as_deref().map(|it| template(rule, op, it)))
        }
        Response::Interrupted(_) => return None,
    };
    let note = news(rule, call, message.is_some())?;
    let id = call.id.as_deref().map(|it| format!(", request id {it}")).unwrap_or_default();
    let day = header.begun.split('T').next().unwrap_or_default();
    let (version, revision) = (&header.version, &header.revision);
    Some(EvidenceRow {
        id: String::new(),
        operation: call.api.clone(),
        state: rule.condition(),
        input: call.call.clone(),
        http,
        code,
        message,
        strength: strength.to_owned(),
        source: format!(
            "iamspec {version} ({revision}) asked {} ({day}{id}), script {}",
            header.target.name, call.script
        ),
        note,
    })
}

/// Why an answer is worth a row; nothing where as much is recorded.
fn news(rule: Rule, call: &CallEvent, has_text: bool) -> Option<String> {
    let claim = rule.claim;
    let ids = |it: Evidence| it.facts.iter().map(|fact| fact.id).collect::<Vec<_>>().join(" ");
    let strongest = claim.status.facts.iter().map(|it| it.strength).max();
    if call
        .why
        .as_deref()
        .is_some_and(|_| call.verdict == crate::report::events::CallVerdict::Diverges)
    {
        let tier = call.why.as_deref().unwrap_or_default();
        return Some(format!("CONTRADICTS {} ({tier})", ids(claim.status)));
    }
    if claim.status.level == Level::Open {
        return Some(format!("settles what {} leaves open", ids(claim.status)));
    }
    if claim.code.level == Level::Open {
        return Some(format!("settles the code, which {} leaves open", ids(claim.code)));
    }
    let refused = matches!(claim.answer, Expected::Refused(_)) && has_text;
    if refused && claim.text.texts().next().is_none() {
        return Some(format!("{}: its text, of which there was no evidence", rule.id()));
    }
    (strongest < Some(Strength::Recorded))
        .then(|| format!("{} says so, and nobody had recorded it", ids(claim.status)))
}

/// The text that is known already, or this one with members in the place of symbols.
fn template(rule: Rule, op: &Operation, message: &str) -> String {
    if let Some(known) = rule.claim.text.texts().find(|known| messages::is(known, message)) {
        return known.to_owned();
    }
    let symbol = messages::symbols(op);
    let mut text = message.to_owned();
    for member in MEMBERS {
        if let Some(symbol) = symbol(member) {
            text = with_member(&text, &symbol, member);
        }
    }
    text
}

/// Replaces a symbol where it is a word of its own.
fn with_member(text: &str, symbol: &str, member: &str) -> String {
    let inside = |it: Option<char>| it.is_some_and(char::is_alphanumeric);
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(symbol) {
        out.push_str(before);
        if inside(out.chars().next_back()) || inside(after.chars().next()) {
            out.push_str(symbol);
        } else {
            out.extend(["{", member, "}"]);
        }
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::with_member;

    #[test]
    fn a_symbol_is_a_member_where_it_is_a_word() {
        let text = "The user u1, not u10 and not su1, is u1.";
        let shown = "The user {UserName}, not u10 and not su1, is {UserName}.";
        assert_eq!(with_member(text, "u1", "UserName"), shown);
    }
}
