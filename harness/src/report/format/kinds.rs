//! The nine rows: what was answered to `DeleteUser` where only an item of one kind was held.

use std::fmt::Write as _;

use iamspec_model::{AttachmentKind, Condition, Expected, rules};

use crate::report::events::{CallEvent, CallVerdict};
use crate::report::format::style::Style;

/// What was seen of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KindResult {
    /// Refused, as it must be.
    Refused {
        /// The status and the code.
        answer: String,
        /// At which request.
        request: usize,
    },
    /// Something else was answered.
    Diverges {
        /// The status and the code.
        answer: String,
        /// In which tier it differs.
        tier: String,
        /// At which request.
        request: usize,
    },
    /// The endpoint lacks the call that attaches it.
    Unsupported,
    /// Nobody asked.
    NotAsked,
}

impl KindResult {
    /// What was seen, in a few words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Refused { .. } => "refused, as it must be".to_owned(),
            Self::Diverges { answer, tier, .. } if tier == "status" && answer == "200" => {
                "deleted, must be refused".to_owned()
            }
            Self::Diverges { tier, .. } => format!("differs in its {tier}"),
            Self::Unsupported => "unsupported".to_owned(),
            Self::NotAsked => "not asked".to_owned(),
        }
    }
}

/// Kind by kind, in the order of the table.
#[must_use]
pub fn kinds(calls: &[CallEvent]) -> Vec<(AttachmentKind, KindResult)> {
    let lacking = |it: &CallEvent, api| {
        it.verdict == CallVerdict::Unsupported && it.why.as_deref() == Some(api)
    };
    let seen = |kind: AttachmentKind| match calls.iter().find(|it| alone(it) == Some(kind)) {
        Some(call) => of(call),
        None if calls.iter().any(|it| lacking(it, kind.row().attach.api)) => {
            KindResult::Unsupported
        }
        None => KindResult::NotAsked,
    };
    AttachmentKind::blockers().map(|kind| (kind, seen(kind))).collect()
}

/// The kind, where its item alone stood in the way of a deletion that was answered.
fn alone(call: &CallEvent) -> Option<AttachmentKind> {
    let [id] = call.rules.as_slice() else { return None };
    if call.api != "DeleteUser" || !call.verdict.is_judged() {
        return None;
    }
    let rule = rules().find(|it| it.id() == *id)?;
    match (rule.claim.reason, rule.claim.answer) {
        (Condition::Holds(kind), Expected::Refused(_)) => Some(kind),
        _ => None,
    }
}

fn of(call: &CallEvent) -> KindResult {
    let answer = call.answer.as_deref().unwrap_or_default();
    let answer = answer.split(" \"").next().unwrap_or_default().to_owned();
    let request = call.request.unwrap_or_default();
    match call.verdict {
        CallVerdict::Diverges => {
            let why = call.why.as_deref().unwrap_or_default();
            let tier = why.split(' ').next().unwrap_or_default().to_owned();
            KindResult::Diverges { answer, tier, request }
        }
        _ => KindResult::Refused { answer, request },
    }
}

/// The nine rows for a terminal. Empty where no kind was asked.
#[must_use]
pub fn nine_rows(calls: &[CallEvent], paint: Style) -> String {
    let kinds = kinds(calls);
    let asked =
        |it: &KindResult| matches!(it, KindResult::Refused { .. } | KindResult::Diverges { .. });
    if !kinds.iter().any(|(_, seen)| asked(seen)) {
        return String::new();
    }
    let mut out = paint.bold("DeleteUser of a user that holds nothing but one") + "\n";
    for (kind, seen) in &kinds {
        let (noun, words) = (kind.row().noun, seen.words());
        _ = match seen {
            KindResult::Refused { answer, request } => {
                writeln!(
                    out,
                    "  {noun:<28} {answer:<20} {}, at request {request}",
                    paint.right(&words)
                )
            }
            KindResult::Diverges { answer, request, .. } => {
                writeln!(
                    out,
                    "  {noun:<28} {answer:<20} {}, at request {request}",
                    paint.wrong(&words)
                )
            }
            KindResult::Unsupported => {
                let api = kind.row().attach.api;
                writeln!(out, "  {noun:<28} {:<20} not asked: {api} is unsupported", "-")
            }
            KindResult::NotAsked => Ok(()),
        };
    }
    let missing = kinds.iter().filter(|(_, seen)| *seen == KindResult::NotAsked).count();
    if missing > 0 {
        _ = writeln!(out, "  {missing} other kinds were not asked");
    }
    out
}
