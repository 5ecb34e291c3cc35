//! A run without what tells whose account it was: for whoever shares what a service answered.

use crate::report::RunReport;
use crate::report::events::CallEvent;
use crate::report::finding::FindingEvent;

/// What stands in the place of an account's number.
const ACCOUNT: &str = "123456789012";

impl RunReport {
    /// The run with calls and answers in symbols alone: no wire, no real name, no account, no ARN and no id.
    #[must_use]
    pub fn anonymous(&self) -> Self {
        let calls = self.calls.iter().map(|it| CallEvent {
            answer: it.answer.as_deref().map(anonymous),
            why: it.why.as_deref().map(anonymous),
            ..it.clone()
        });
        let findings = self.findings.iter().map(|it| {
            let history = it.history.iter().cloned().map(|mut step| {
                step.answer = anonymous(&step.answer);
                step
            });
            FindingEvent {
                wire: None,
                observed: anonymous(&it.observed),
                history: history.collect(),
                ..it.clone()
            }
        });
        let (calls, findings) = (calls.collect(), findings.collect());
        let mut end = self.end.clone();
        end.early = end.early.as_deref().map(anonymous);
        Self { calls, findings, kept: Vec::new(), end, ..self.clone() }
    }
}

/// A text without ARNs, numbers of accounts and ids that a service gives.
fn anonymous(text: &str) -> String {
    let part = |it: char| it.is_ascii_alphanumeric() || "+=,.@_-:/*".contains(it);
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(part) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|it| !part(it)).unwrap_or(from.len());
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
    let pieces = word.split_inclusive(|it: char| !it.is_ascii_alphanumeric());
    let piece = |it: &str| {
        let bare = it.trim_end_matches(|it: char| !it.is_ascii_alphanumeric());
        let end = it.get(bare.len()..).unwrap_or_default();
        let upper = |it: char| it.is_ascii_uppercase() || it.is_ascii_digit();
        let bare = match bare.len() {
            12 if bare.chars().all(|it| it.is_ascii_digit()) => ACCOUNT,
            // E-017: ids have 20 characters and more.
            16.. if bare.chars().all(upper) => "{Id}",
            _ => bare,
        };
        format!("{bare}{end}")
    };
    pieces.map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::anonymous;

    #[test]
    fn whose_account_it_was_is_not_told() {
        for (told, shown) in [
            (
                "403 AccessDenied \"User: arn:aws:iam::999988887777:user/joe is not authorized\"",
                "403 AccessDenied \"User: {Arn} is not authorized\"",
            ),
            ("account 999988887777, key AKIAIOSFODNN7EXAMPLE.", "account 123456789012, key {Id}."),
            ("409 DeleteConflict \"of u0 and key#1\"", "409 DeleteConflict \"of u0 and key#1\""),
        ] {
            assert_eq!(anonymous(told), shown);
        }
    }
}
