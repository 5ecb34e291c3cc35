//! The nine attachment kinds: the response to `DeleteUser` for a user with a single attachment.

use std::fmt::Write as _;

use iamspec_model::{AttachmentKind, Condition, Expected, rules};

use crate::report::events::{CallEvent, CallVerdict};
use crate::report::format::style::Style;
use crate::report::format::summary::counted;

/// The result for one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KindResult {
    /// The endpoint refuses to delete the user, and the response conforms.
    Refused {
        /// The status and the code.
        response: String,
        /// The number of the request.
        request: usize,
    },
    /// The response diverges.
    Diverges {
        /// The status and the code.
        response: String,
        /// The tier in which the response differs.
        tier: String,
        /// The number of the request.
        request: usize,
    },
    /// The endpoint does not implement the action that attaches the kind.
    Unsupported,
    /// No call of the run tests the kind.
    NotTested,
}

impl KindResult {
    /// Returns the result in a few words.
    #[must_use]
    pub fn description(&self) -> String {
        match self {
            Self::Refused { .. } => "conforms".to_owned(),
            Self::Diverges { response, tier, .. } if tier == "status" && response == "200" => {
                "deleted, must be refused".to_owned()
            }
            Self::Diverges { tier, .. } => format!("differs in its {tier}"),
            Self::Unsupported => "unsupported".to_owned(),
            Self::NotTested => "not tested".to_owned(),
        }
    }

    /// Returns true if the run has a verdict on the kind.
    pub(crate) const fn is_tested(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Diverges { .. })
    }
}

/// Returns the result for each kind, in the order of the table of kinds.
#[must_use]
pub fn kinds(calls: &[CallEvent]) -> Vec<(AttachmentKind, KindResult)> {
    let is_unsupported = |it: &CallEvent, action| {
        it.verdict == CallVerdict::Unsupported && it.reason.as_deref() == Some(action)
    };
    let result = |kind: AttachmentKind| match calls.iter().find(|it| tested(it) == Some(kind)) {
        Some(call) => result(call),
        None if calls.iter().any(|it| is_unsupported(it, kind.row().attach.api)) => {
            KindResult::Unsupported
        }
        None => KindResult::NotTested,
    };
    AttachmentKind::blockers().map(|kind| (kind, result(kind))).collect()
}

/// The kind that a call tests: a `DeleteUser` that only an attachment of this kind blocks.
fn tested(call: &CallEvent) -> Option<AttachmentKind> {
    let [id] = call.rules.as_slice() else { return None };
    if call.action != "DeleteUser" || !call.verdict.is_judged() {
        return None;
    }
    let rule = rules().find(|it| it.id() == *id)?;
    match (rule.clause.condition, rule.clause.expected) {
        (Condition::Holds(kind), Expected::Refused(_)) => Some(kind),
        _ => None,
    }
}

fn result(call: &CallEvent) -> KindResult {
    let response = call.response.as_deref().unwrap_or_default();
    let response = response.split(" \"").next().unwrap_or_default().to_owned();
    let request = call.request.unwrap_or_default();
    match call.verdict {
        CallVerdict::Diverges => {
            let tier_and_level = call.reason.as_deref().unwrap_or_default();
            let tier = tier_and_level.split(' ').next().unwrap_or_default().to_owned();
            KindResult::Diverges { response, tier, request }
        }
        _ => KindResult::Refused { response, request },
    }
}

/// Returns the table of the nine kinds for a terminal. Empty if no kind was tested.
#[must_use]
pub fn nine_rows(calls: &[CallEvent], style: Style) -> String {
    let kinds = kinds(calls);
    if !kinds.iter().any(|(_, it)| it.is_tested()) {
        return String::new();
    }
    let mut out = style.bold("DeleteUser of a user with a single attachment") + "\n";
    for (kind, result) in &kinds {
        let (noun, text) = (kind.row().noun, result.description());
        let (response, text) = match result {
            KindResult::Refused { response, request } => {
                (response.as_str(), format!("{}, request {request}", style.success(&text)))
            }
            KindResult::Diverges { response, request, .. } => {
                (response.as_str(), format!("{}, request {request}", style.failure(&text)))
            }
            KindResult::Unsupported => {
                ("-", format!("not tested: {} is unsupported", kind.row().attach.api))
            }
            KindResult::NotTested => continue,
        };
        _ = writeln!(out, "  {noun:<28} {response:<20} {text}");
    }
    let missing = kinds.iter().filter(|(_, it)| *it == KindResult::NotTested).count();
    if missing > 0 {
        _ = writeln!(out, "  not tested: {}", counted(missing, "other kind"));
    }
    out
}
