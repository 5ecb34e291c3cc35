//! Removes names that identify a run or an account from a report.
//!
//! Two users: `--record` writes a report that can be published ([`RunReport::anonymous`]), and the
//! comparison of two runs ignores the names that differ in every run ([`without_run_names`]).
//! Secrets are not handled here: the client removes them before a report exists.

use crate::report::RunReport;
use crate::report::events::CallEvent;
use crate::report::events::FindingEvent;

/// The account number that replaces every other one.
const ACCOUNT: &str = "123456789012";

/// The start of every name that a run creates.
const PREFIX: &str = "iamspec-";

impl RunReport {
    /// Returns the report without HTTP exchanges, real names, account numbers, ARNs and ids.
    #[must_use]
    pub fn anonymous(&self) -> Self {
        let calls = self.calls.iter().map(|it| CallEvent {
            response: it.response.as_deref().map(anonymous),
            reason: it.reason.as_deref().map(anonymous),
            ..it.clone()
        });
        let findings = self.findings.iter().map(|it| {
            let history = it.history.iter().cloned().map(|mut step| {
                step.response = anonymous(&step.response);
                step
            });
            FindingEvent {
                wire: None,
                observed: anonymous(&it.observed),
                // The command has the endpoint, the account and local paths.
                reproduce: "(not recorded)".to_owned(),
                history: history.collect(),
                ..it.clone()
            }
        });
        let (calls, findings) = (calls.collect(), findings.collect());
        let mut end = self.end.clone();
        end.cleanup.clear();
        end.ended_early = end.ended_early.as_deref().map(anonymous);
        Self { calls, findings, not_deleted: Vec::new(), end, ..self.clone() }
    }
}

/// Replaces each name of a run by its symbol: `iamspec-1f3a9c02-7-u0` by `u0`.
///
/// A name in capitals becomes a symbol in capitals, so a response that changes the case still
/// differs from one that does not.
pub(super) fn without_run_names(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.to_ascii_lowercase().find(PREFIX) {
        let (before, name) = rest.split_at(at);
        out.push_str(before);
        let run = name.get(PREFIX.len()..).unwrap_or_default();
        let space = run.trim_start_matches(|it: char| it.is_ascii_hexdigit());
        let symbol = space.trim_start_matches(|it: char| it == '-' || it.is_ascii_digit());
        if !symbol.starts_with(|it: char| it.is_ascii_alphabetic()) {
            // The prefix that all names of a run share.
            out.push_str(name.get(..PREFIX.len() - 1).unwrap_or_default());
        }
        rest = symbol;
    }
    out + rest
}

/// Replaces the names of a run, ARNs, account numbers and the ids of a service in a text.
fn anonymous(text: &str) -> String {
    let text = without_run_names(text);
    let in_word = |it: char| it.is_ascii_alphanumeric() || "+=,.@_-:/*".contains(it);
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(start) = rest.find(in_word) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|it| !in_word(it)).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        out.push_str(before);
        out.push_str(&anonymous_word(word));
        rest = after;
    }
    out + rest
}

fn anonymous_word(word: &str) -> String {
    if word.starts_with("arn:") {
        return "{Arn}".to_owned();
    }
    let segment = |it: &str| {
        let bare = it.trim_end_matches(|it: char| !it.is_ascii_alphanumeric());
        let end = it.get(bare.len()..).unwrap_or_default();
        let is_upper = |it: char| it.is_ascii_uppercase() || it.is_ascii_digit();
        let bare = match bare.len() {
            12 if bare.chars().all(|it| it.is_ascii_digit()) => ACCOUNT,
            // E-017: ids have 20 characters and more.
            16.. if bare.chars().all(is_upper) => "{Id}",
            _ => bare,
        };
        format!("{bare}{end}")
    };
    word.split_inclusive(|it: char| !it.is_ascii_alphanumeric()).map(segment).collect()
}

#[cfg(test)]
mod tests {
    use super::{anonymous, without_run_names};

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
        ] {
            assert_eq!(anonymous(text), expected);
        }
    }

    #[test]
    fn names_of_a_run_become_symbols_in_the_same_case() {
        for (text, expected) in [
            ("iamspec-4f797a0a-74-u0", "u0"),
            ("\"IAMSPEC-4F797A0A-74-U0 cannot be found\"", "\"U0 cannot be found\""),
            ("/iamspec-4f797a0a/iamspec-4f797a0a-3-g12/", "/iamspec/g12/"),
            ("iamspec-4f797a0a", "iamspec"),
            ("u0", "u0"),
        ] {
            assert_eq!(without_run_names(text), expected);
        }
    }
}
