//! New evidence from recorded runs: which responses are not in the facts yet, and which rules they
//! concern.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use iamspec_conformance::Response;
use iamspec_conformance::oracle::messages;
use iamspec_conformance::script::parse;
use iamspec_model::{Evidence, Expected, Level, Operation, Rule, Strength, rules};
use serde::{Deserialize, Serialize};

use crate::report::RunReport;
use crate::report::events::{CallEvent, CallVerdict, RunHeader};

/// A row of a facts file.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text_strength: Option<String>,
    pub(crate) source: String,
    pub(crate) note: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) settles: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) confirms: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) contradicts: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) decision: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) probe: Option<String>,
}

impl EvidenceRow {
    /// Returns true if both rows have the same call in the same state.
    pub(crate) fn has_same_call(&self, other: &Self) -> bool {
        (&self.operation, &self.state, &self.input)
            == (&other.operation, &other.state, &other.input)
    }

    /// Returns true if both rows have the same call, state and response.
    pub(crate) fn has_same_response(&self, other: &Self) -> bool {
        self.has_same_call(other)
            && (self.http, &self.code, &self.message) == (other.http, &other.code, &other.message)
    }
}

/// The new evidence of a run.
#[derive(Default)]
pub(crate) struct NewEvidence {
    /// New rows, without ids.
    pub(crate) rows: Vec<EvidenceRow>,
    /// Responses that the facts already contain.
    pub(crate) known: usize,
    /// Calls with several deciding rules, or without a verdict.
    pub(crate) unclear: usize,
}

/// The parameters that an error message may contain.
const PARAMETERS: [&str; 12] = [
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

/// A row for each rule and each response to a call that this rule alone decides.
pub(crate) fn new_evidence(run: &RunReport, strength: &str) -> Result<NewEvidence> {
    let by_name: BTreeMap<String, Rule> = rules().map(|rule| (rule.id(), rule)).collect();
    let mut evidence = NewEvidence::default();
    for call in &run.calls {
        let rule = match call.rules.as_slice() {
            [only] if call.verdict.is_judged() => by_name.get(only).copied(),
            _ => None,
        };
        let (Some(rule), Some(response)) = (rule, call.response.as_deref()) else {
            evidence.unclear += 1;
            continue;
        };
        let (op, response) = parse_call(call, response)?;
        match row(rule, (&op, &response), (call, &run.header, strength)) {
            None => evidence.known += 1,
            Some(row) if evidence.rows.iter().any(|it| it.has_same_response(&row)) => {}
            Some(row) => evidence.rows.push(row),
        }
    }
    Ok(evidence)
}

/// The operation and the response of a recorded call.
fn parse_call(call: &CallEvent, response: &str) -> Result<(Operation, Response)> {
    let line = format!("{} -> {response}", call.call);
    let script = parse::parse(&call.script, &line).with_context(|| format!("in `{line}`"))?;
    let step = script.steps.into_iter().next().context("the line contains no call")?;
    Ok((step.operation, step.response.context("the line contains no response")?))
}

/// The row for a response, unless the facts already contain it.
fn row(
    rule: Rule,
    (op, response): (&Operation, &Response),
    (call, header, strength): (&CallEvent, &RunHeader, &str),
) -> Option<EvidenceRow> {
    let (http, code, message) = match response {
        Response::Success(_) => (Some(200), None, None),
        Response::Refused { http, code, message } => (
            Some(*http),
            Some(code.clone()),
            message.as_ref().map(|it| template(rule, op, it.shown())),
        ),
        Response::Failed(_) => return None,
    };
    let note = reason_for_row(rule, call, message.is_some())?;
    let id = call.request_id.as_deref().map(|it| format!(", request id {it}")).unwrap_or_default();
    let day = header.started.split('T').next().unwrap_or_default();
    let (version, revision) = (&header.version, &header.revision);
    Some(EvidenceRow {
        id: String::new(),
        operation: call.action.clone(),
        state: rule.condition(),
        input: call.call.clone(),
        http,
        code,
        message,
        strength: strength.to_owned(),
        source: format!(
            "iamspec {version} ({revision}) ran against {} ({day}{id}), script {}",
            header.target.name, call.script
        ),
        note,
        ..EvidenceRow::default()
    })
}

/// The reason for a new row. `None` if the facts already contain as much.
fn reason_for_row(rule: Rule, call: &CallEvent, has_message: bool) -> Option<String> {
    let claim = rule.clause;
    let ids = |it: Evidence| it.facts.iter().map(|fact| fact.id).collect::<Vec<_>>().join(" ");
    let strongest = claim.status.facts.iter().map(|it| it.strength).max();
    if let Some(tier) = &call.reason
        && call.verdict == CallVerdict::Diverges
    {
        return Some(format!("CONTRADICTS {} ({tier})", ids(claim.status)));
    }
    if claim.status.level == Level::Unspecified {
        return Some(format!("decides what {} leaves unspecified", ids(claim.status)));
    }
    if claim.code.level == Level::Unspecified {
        return Some(format!("decides the code, which {} leaves unspecified", ids(claim.code)));
    }
    let refused = matches!(claim.expected, Expected::Refused(_)) && has_message;
    if refused && claim.text.texts().next().is_none() {
        return Some(format!("{}: the first evidence of its message", rule.id()));
    }
    (strongest < Some(Strength::Recorded))
        .then(|| format!("confirms {}, which was not recorded", ids(claim.status)))
}

/// The known message, or this one with parameter names in place of symbols.
fn template(rule: Rule, op: &Operation, message: &str) -> String {
    if let Some(known) = rule.clause.text.texts().find(|known| messages::matches(known, message)) {
        return known.to_owned();
    }
    let symbol_of = messages::symbols(op);
    let mut text = message.to_owned();
    for parameter in PARAMETERS {
        if let Some(symbol) = symbol_of(parameter) {
            text = with_parameter(&text, &symbol, parameter);
        }
    }
    text
}

/// Replaces a symbol by a parameter name, if the symbol is a separate word.
fn with_parameter(text: &str, symbol: &str, parameter: &str) -> String {
    let inside = |it: Option<char>| it.is_some_and(char::is_alphanumeric);
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(symbol) {
        out.push_str(before);
        if inside(out.chars().next_back()) || inside(after.chars().next()) {
            out.push_str(symbol);
        } else {
            out.extend(["{", parameter, "}"]);
        }
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::with_parameter;

    #[test]
    fn a_symbol_is_replaced_only_if_it_is_a_separate_word() {
        let text = "The user u1, not u10 and not su1, is u1.";
        let shown = "The user {UserName}, not u10 and not su1, is {UserName}.";
        assert_eq!(with_parameter(text, "u1", "UserName"), shown);
    }
}
