//! The attachment kinds that block a deletion: the response to `DeleteUser` for a user with a single attachment, or
//! the reason why the run has none.

use iamspec_model::{AttachmentKind, Condition, Expected, rules};

use crate::report::events::{CallEvent, CallVerdict, KindEvent, NO_SCRIPT};

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
    /// The endpoint does not implement this action, which attaches the kind.
    Unsupported {
        /// The action.
        action: String,
    },
    /// No call of the run tests the kind.
    NotTested {
        /// Why.
        reason: String,
    },
}

impl KindResult {
    /// Returns the result in a few words.
    #[must_use]
    pub fn description(&self) -> String {
        match self {
            Self::Refused { .. } => "conforms".to_owned(),
            Self::Diverges { .. } if self.is_wrongly_deleted() => {
                "deleted, must be refused".to_owned()
            }
            Self::Diverges { tier, .. } => format!("differs in its {tier}"),
            Self::Unsupported { action } => format!("unsupported: {action}"),
            Self::NotTested { reason } => format!("not tested: {reason}"),
        }
    }

    /// Returns true if the endpoint deletes the user.
    pub(crate) fn is_wrongly_deleted(&self) -> bool {
        matches!(self, Self::Diverges { response, tier, .. } if tier == "status" && response == "200")
    }

    /// Returns the word for the result in a JSON report.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "conforms",
            Self::Diverges { .. } => "diverges",
            Self::Unsupported { .. } => "unsupported",
            Self::NotTested { .. } => "not-tested",
        }
    }

    /// Returns the response to `DeleteUser`, if there is one.
    #[must_use]
    pub fn response(&self) -> Option<&str> {
        match self {
            Self::Refused { response, .. } | Self::Diverges { response, .. } => Some(response),
            Self::Unsupported { .. } | Self::NotTested { .. } => None,
        }
    }

    /// Returns true if the run has not tried to test the kind.
    pub(crate) fn is_out_of_scope(&self) -> bool {
        matches!(self, Self::NotTested { reason } if reason == NO_SCRIPT)
    }
}

/// Returns the result for each kind, in the order of the table of kinds.
#[must_use]
pub fn kinds(calls: &[CallEvent]) -> Vec<(AttachmentKind, KindResult)> {
    let mut results: Vec<(AttachmentKind, Option<KindResult>)> =
        AttachmentKind::blockers().map(|kind| (kind, None)).collect();
    for call in calls {
        let Some(kind) = tested(call) else { continue };
        if let Some((_, found @ None)) = results.iter_mut().find(|(it, _)| *it == kind) {
            *found = Some(result(call));
        }
    }
    let of = |(kind, found): (AttachmentKind, Option<KindResult>)| {
        (kind, found.unwrap_or_else(|| without_verdict(kind, calls)))
    };
    results.into_iter().map(of).collect()
}

/// The result for a kind that no call tests: what became of the calls that would attach it, or of
/// the creation of what they refer to.
fn without_verdict(kind: AttachmentKind, calls: &[CallEvent]) -> KindResult {
    let attach = kind.row().attach.api;
    let create = kind.row().refers_to.map(|it| it.row().create.api);
    let is_setup = |it: &&CallEvent| it.action == attach || Some(it.action.as_str()) == create;
    let setup: Vec<&CallEvent> = calls.iter().filter(is_setup).collect();
    let unsupported = setup.iter().find(|it| it.verdict == CallVerdict::Unsupported);
    if let Some(call) = unsupported {
        return KindResult::Unsupported { action: call.action.clone() };
    }
    // A conforming refusal is the aim of a script, so it explains nothing.
    let failed = setup.iter().filter(|it| it.verdict != CallVerdict::Conforms);
    let sent = failed.clone().find(|it| it.response.as_deref().is_some_and(is_failure));
    let deletion = calls.iter().find(|it| of_kind(it) == Some(kind) && it.response.is_some());
    let sent = deletion.or(sent.copied());
    let reason = match (sent, failed.clone().find_map(|it| it.reason.clone())) {
        (Some(call), _) => {
            let response = call.response.as_deref().unwrap_or_default();
            format!("{} got {}", call.action, head(response))
        }
        (None, Some(reason)) if failed.clone().any(|it| it.verdict == CallVerdict::Skipped) => {
            reason
        }
        _ if setup.is_empty() => NO_SCRIPT.to_owned(),
        _ => "DeleteUser was not called while the user held nothing else".to_owned(),
    };
    KindResult::NotTested { reason }
}

/// Whether the response is not a success.
fn is_failure(response: &str) -> bool {
    !response.starts_with("200")
}

/// The status and the code of a response, without its message. The code of an error with a status of success
/// is in quotes.
pub(crate) fn head(response: &str) -> &str {
    let is_success = response.starts_with('2');
    let quotes = response.match_indices('"').nth(1).filter(|_| is_success);
    match quotes {
        Some((end, _)) => response.get(..=end).unwrap_or(response),
        None => response.split(" \"").next().unwrap_or_default(),
    }
}

/// The kind that a call tests, and of which it has a verdict.
fn tested(call: &CallEvent) -> Option<AttachmentKind> {
    of_kind(call).filter(|_| call.verdict.is_judged())
}

/// The kind of a `DeleteUser` that only an attachment of this kind blocks.
fn of_kind(call: &CallEvent) -> Option<AttachmentKind> {
    let [id] = call.rules.as_slice() else { return None };
    if call.action != "DeleteUser" {
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
    let response = head(response).to_owned();
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

/// Returns the results as the JSON report stores them.
#[must_use]
pub fn kind_events(calls: &[CallEvent]) -> Vec<KindEvent> {
    let event = |(kind, result): (AttachmentKind, KindResult)| KindEvent {
        kind: kind.row().name.to_owned(),
        result: result.name().to_owned(),
        response: result.response().map(str::to_owned),
        reason: match result {
            KindResult::Unsupported { action } => Some(action),
            KindResult::NotTested { reason } => Some(reason),
            KindResult::Diverges { tier, .. } => Some(tier),
            KindResult::Refused { .. } => None,
        },
    };
    kinds(calls).into_iter().map(event).collect()
}

#[cfg(test)]
mod tests {
    use super::head;

    #[test]
    fn an_error_with_a_status_of_success_is_no_success() {
        for (response, expected) in [
            ("200", "200"),
            ("200 [key#0]", "200 [key#0]"),
            ("409 DeleteConflict \"words\"", "409 DeleteConflict"),
            ("200 \"DeleteConflict\" \"words\"", "200 \"DeleteConflict\""),
            ("got interrupted timeout \"words\"", "got interrupted timeout"),
        ] {
            assert_eq!(head(response), expected);
        }
    }
}
