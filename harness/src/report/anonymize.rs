//! The record of a run, a report that can be published; `--record` writes it.
//!
//! This module lists each member of the record. A new member of the report is not in the record
//! until it is listed here. This module does not handle secrets: the client removes them before a
//! report exists.

use crate::report::RunReport;
use crate::report::events::{
    CallEvent, CoverageEvent, EndEvent, ExerciseEvent, KindEvent, MissingEvent, RunHeader,
    RunTarget, UnspecifiedEvent,
};
use crate::report::events::{ExpectedResponse, FindingEvent, FindingStep, export_command};
use crate::wire::identifiers::{
    PartShape, WordShape, map_parts, map_words, without_run_names, word_shape,
};

/// The account number that replaces every other one.
const ACCOUNT: &str = "123456789012";

/// The target of a record whose name could identify somebody.
const UNNAMED: &str = "an endpoint";

/// The endpoints whose name identifies nobody.
const PUBLIC: [&str; 2] = ["the embedded reference endpoint", "https://iam."];

impl RunReport {
    /// Returns the report without HTTP exchanges, real names, account numbers, ARNs and ids.
    #[must_use]
    pub fn anonymous(&self) -> Self {
        Self {
            header: header(&self.header),
            calls: self.calls.iter().map(call).collect(),
            findings: self.findings.iter().map(finding).collect(),
            remarks: Vec::new(),
            unspecified: self.unspecified.iter().map(unspecified).collect(),
            coverage: coverage(&self.coverage),
            not_deleted: Vec::new(),
            known_failures: Vec::new(),
            known_failure_errors: Vec::new(),
            end: end(&self.end),
        }
    }
}

fn header(it: &RunHeader) -> RunHeader {
    RunHeader {
        format: it.format,
        version: it.version.clone(),
        revision: it.revision.clone(),
        target: target(&it.target),
        client: it.client.clone(),
        selection: it.selection.clone(),
        tier: it.tier.clone(),
        level: it.level.clone(),
        rules: it.rules.clone(),
        settle: it.settle,
        seed: it.seed,
        started: it.started.clone(),
        shard: it.shard,
        // The address may be internal.
        site: None,
    }
}

/// A target with a version is described by a file of its own, which has a public name.
fn target(it: &RunTarget) -> RunTarget {
    let aws = it.name.strip_prefix(PUBLIC[1]).is_some_and(is_public_host);
    let is_public = it.version.is_some() || it.name.starts_with(PUBLIC[0]) || aws;
    let name = if is_public { it.name.clone() } else { UNNAMED.to_owned() };
    RunTarget { name, version: it.version.clone(), license: it.license.clone() }
}

/// Whether the rest of an endpoint of AWS has no id of a VPC.
fn is_public_host(rest: &str) -> bool {
    let host = rest.split('/').next().unwrap_or_default();
    (host.ends_with("amazonaws.com") || host.ends_with("amazonaws.com.cn"))
        && !host.contains("vpce")
}

fn call(it: &CallEvent) -> CallEvent {
    CallEvent {
        script: it.script.clone(),
        call: it.call.clone(),
        action: it.action.clone(),
        request: it.request,
        response: it.response.as_deref().map(anonymous),
        verdict: it.verdict,
        reason: it.reason.as_deref().map(anonymous),
        known_failure: it.known_failure,
        newer: it.newer,
        rules: it.rules.clone(),
        holds: it.holds.clone(),
        converged: it.converged,
        starts_script: it.starts_script,
        request_id: it.request_id.clone().filter(|it| word_shape(it) == WordShape::Uuid),
    }
}

fn finding(it: &FindingEvent) -> FindingEvent {
    let history = it
        .history
        .iter()
        .map(|step| FindingStep { call: step.call.clone(), response: anonymous(&step.response) });
    let expected = it.expected.iter().map(|expected| ExpectedResponse {
        response: anonymous(&expected.response),
        rule: expected.rule.clone(),
    });
    FindingEvent {
        rule: it.rule.clone(),
        action: it.action.clone(),
        statement: it.statement.clone(),
        level: it.level.clone(),
        tier: it.tier.clone(),
        status: it.status,
        newer: it.newer,
        // The owner of the known-failures file wrote them.
        reason: None,
        issue: None,
        script: it.script.clone(),
        history: history.collect(),
        observed: anonymous(&it.observed),
        expected: expected.collect(),
        evidence: it.evidence.clone(),
        state: it.state.clone(),
        assumed_state: it.assumed_state.clone(),
        possibly_stale: it.possibly_stale.clone(),
        cause: it.cause.clone(),
        earlier: it.earlier.clone(),
        other_scripts: it.other_scripts.clone(),
        wire: None,
        // The command has the endpoint, the account and local paths.
        reproduce: "(not recorded)".to_owned(),
        // The command has the endpoint.
        export: it.export.as_ref().map(|_| export_command(&it.script, None)),
    }
}

fn unspecified(it: &UnspecifiedEvent) -> UnspecifiedEvent {
    UnspecifiedEvent {
        rule: it.rule.clone(),
        facts: it.facts.clone(),
        response: anonymous(&it.response),
    }
}

fn coverage(it: &CoverageEvent) -> CoverageEvent {
    let exercise = |it: &ExerciseEvent| ExerciseEvent {
        tested: it.tested.clone(),
        not_tested: it.not_tested.iter().map(missing).collect(),
        undecidable: it.undecidable.iter().map(missing).collect(),
    };
    CoverageEvent {
        kinds: it.kinds.iter().map(kind).collect(),
        rules: exercise(&it.rules),
        outcomes: exercise(&it.outcomes),
        sets: it.sets.clone(),
        pairs: it.pairs.clone(),
    }
}

fn kind(it: &KindEvent) -> KindEvent {
    KindEvent { reason: it.reason.as_deref().map(anonymous), ..it.clone() }
}

fn missing(it: &MissingEvent) -> MissingEvent {
    MissingEvent { name: it.name.clone(), reason: anonymous(&it.reason) }
}

fn end(it: &EndEvent) -> EndEvent {
    EndEvent {
        scripts: it.scripts,
        requests: it.requests,
        seconds: it.seconds,
        totals: it.totals,
        shortened: it.shortened.clone(),
        ended_early: it.ended_early.as_deref().map(anonymous),
        responded: it.responded,
        // The id of the run is in the names of the account.
        journal: None,
        cleanup: Vec::new(),
        exit: it.exit,
    }
}

/// Replaces the names of a run, ARNs, account numbers, the ids of a service, hosts, and names
/// without a symbol in a text. A text with escapes is not recorded: it may hold any of them.
fn anonymous(text: &str) -> String {
    if text.contains('%') || text.contains("&#") || text.contains("\\u") {
        return without_text(text);
    }
    let text = without_unknown_names(&without_run_names(text));
    map_words(&text, |_, word| match word_shape(word) {
        WordShape::Arn => "{Arn}".to_owned(),
        WordShape::Host => "{Host}".to_owned(),
        _ => map_parts(word, |shape, part| match shape {
            PartShape::Account => ACCOUNT.to_owned(),
            PartShape::Id => "{Id}".to_owned(),
            PartShape::Other => part.to_owned(),
        }),
    })
}

/// A response without its message or detail, which may be anything.
fn without_text(text: &str) -> String {
    match text.split_once('"') {
        Some((before, _)) if !before.contains('%') => format!("{before}\"{{Text}}\""),
        _ => "{Text}".to_owned(),
    }
}

/// A response with the names in its listing that have no symbol, `?name`, replaced.
fn without_unknown_names(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = ["[?", ", ?"].iter().filter_map(|it| Some(rest.find(it)? + it.len())).min()
    {
        let (before, name) = rest.split_at(at);
        out.push_str(before);
        out.push_str("{Name}");
        rest = match name.strip_prefix('"') {
            Some(quoted) => after_quoted(quoted),
            None => name.get(name.find([',', ']']).unwrap_or(name.len())..).unwrap_or_default(),
        };
    }
    out + rest
}

/// The text after the end of a quoted text.
fn after_quoted(quoted: &str) -> &str {
    let mut escaped = false;
    for (place, char) in quoted.char_indices() {
        match char {
            '"' if !escaped => return quoted.get(place + 1..).unwrap_or_default(),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::anonymous;

    #[test]
    fn names_accounts_and_ids_are_removed() {
        for (text, expected) in [
            (
                "403 AccessDenied \"User: arn:aws:iam::999988887777:user/joe is not authorized\"",
                "403 AccessDenied \"User: {Arn} is not authorized\"",
            ),
            ("account 999988887777, key AKIAIOSFODNN7EXAMPLE.", "account 123456789012, key {Id}."),
            ("409 DeleteConflict \"of u0 and key#1\"", "409 DeleteConflict \"of u0 and key#1\""),
            ("User iamspec-1f3a9c02-7-u0 is gone", "User u0 is gone"),
            ("200 [u0, ?joe, ?\"a \\\"]b\", g0]", "200 [u0, ?{Name}, ?{Name}, g0]"),
            ("200 [?joe]", "200 [?{Name}]"),
            ("400 ValidationError \"at emulator.corp:80\"", "400 ValidationError \"at {Host}\""),
            ("400 E \"arn%3Aaws%3Aiam%3A%3A1\"", "400 E \"{Text}\""),
        ] {
            assert_eq!(anonymous(text), expected);
        }
    }
}
