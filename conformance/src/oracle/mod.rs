//! The oracle: decides whether a response conforms to the model.
//!
//! [`Oracle`] keeps the possible states of the account, usually one, and compares each response
//! with each of them. After a divergence it continues with the states that the response implies, so
//! that one divergence does not hide the next. Comparison is in [`compare`], expected error
//! messages are in [`messages`], ids, ARNs and dates in [`formats`], and the rules about the form of
//! responses in [`wire`]. The oracle sends no requests.

mod compare;
pub mod formats;
pub mod messages;
mod possible_states;
pub mod wire;

use std::cmp::Reverse;

use iamspec_model::{Account, Effect, ErrorCode, Level, Operation, Rule, possible_states};

use crate::oracle::compare::unspecified_behavior;
use crate::oracle::possible_states::{Untrusted, next_states};
use crate::oracle::wire::WireRule;
use crate::response::{Failure, FailureKind, Response};

pub use crate::oracle::compare::divergence;
pub(crate) use crate::oracle::compare::expected_responses;

/// The states that are consistent with the responses so far.
#[derive(Clone, Debug)]
pub struct Oracle {
    /// The possible states, the most likely first.
    states: Vec<Account>,
    untrusted: Untrusted,
    /// Read actions with a divergence. Their listings no longer rule out a possible state.
    unreliable_reads: Vec<&'static str>,
}

/// The maximum number of possible states.
const STATES_MAX: usize = 16;

impl Default for Oracle {
    fn default() -> Self {
        Self {
            states: vec![Account::default()],
            untrusted: Untrusted::default(),
            unreliable_reads: Vec::new(),
        }
    }
}

impl Oracle {
    /// Returns the most likely state.
    #[must_use]
    pub fn account(&self) -> Option<&Account> {
        self.states.first()
    }

    /// Returns true if exactly one state is possible.
    pub(crate) fn has_single_state(&self) -> bool {
        self.states.len() == 1
    }

    /// Checks one response, and updates the possible states.
    pub fn check(&mut self, op: &Operation, observed: &Response) -> Verdict {
        let observed = &self.untrusted.without_listing(op, observed);
        self.untrusted.update(op, observed);
        let doubtful =
            account_may_be_full(op, observed).or_else(|| self.caller_may_be_denied(op, observed));
        if let Some(failure) = doubtful {
            return self.inconclusive(op, &failure);
        }
        if let Response::Failed(failure) = observed {
            if failure.kind == FailureKind::Client {
                return Verdict::Skipped(format!(
                    "the client rejected the operation: {}",
                    failure.detail
                ));
            }
            return self.inconclusive(op, failure);
        }
        let comparisons: Vec<(&Account, Option<Divergence>)> =
            self.states.iter().map(|state| (state, divergence(state, op, observed))).collect();
        let conforming = comparisons.iter().find(|(_, divergence)| divergence.is_none());
        let mildest = comparisons
            .iter()
            .filter_map(|(_, divergence)| divergence.as_ref())
            .min_by_key(|it| (it.level, Reverse(it.tier)));
        // A state remains possible if the response conforms in it, or differs only in its text.
        let is_explained =
            comparisons.iter().any(|(_, it)| it.as_ref().is_none_or(|it| it.tier == Tier::Text));
        let remains_possible = |divergence: &Divergence| {
            divergence.tier == Tier::Text
                || !is_explained
                || self.unreliable_reads.contains(&divergence.rule.action.api)
        };
        let next = comparisons
            .iter()
            .filter(|(_, divergence)| divergence.as_ref().is_none_or(remains_possible))
            .flat_map(|(state, _)| next_states(state, op, observed))
            .collect();
        let verdict = match (conforming, mildest) {
            (None, Some(divergence)) => Verdict::Diverges(Box::new(divergence.clone())),
            (first, _) => Verdict::Conforms(
                first
                    .map(|(state, _)| unspecified_behavior(state, op, observed))
                    .unwrap_or_default(),
            ),
        };
        if let (Verdict::Diverges(it), true) = (&verdict, op.is_read()) {
            self.unreliable_reads.push(it.rule.action.api);
        }
        self.set_states(next);
        verdict
    }

    /// Handles a failure. Unless the operation cannot have had an effect, both the states with and
    /// without its effect are possible.
    fn inconclusive(&mut self, op: &Operation, failure: &Failure) -> Verdict {
        if !failure.kind.had_no_effect() && !op.is_read() {
            let with_effect =
                self.states.iter().flat_map(|it| possible_states(it, op, Effect::Success));
            let next = self.states.iter().cloned().chain(with_effect).collect();
            self.set_states(next);
        }
        Verdict::Inconclusive(failure.clone())
    }

    /// `AccessDenied` for an access key that a user holds does not mean that the key is missing
    /// (B-AK-15). It means that the caller lacks permission.
    fn caller_may_be_denied(&self, op: &Operation, observed: &Response) -> Option<Failure> {
        let Response::Refused { http, code, .. } = observed else { return None };
        let key =
            op.kind().zip(op.item()).filter(|_| matches!(op, Operation::GetAccessKeyLastUsed(_)));
        let is_held =
            |(kind, key)| self.states.iter().any(|it| it.holders(kind, key).next().is_some());
        let is_denied = key.is_some_and(is_held) && code == ErrorCode::AccessDenied.name();
        let detail = format!("{http} {code}: the caller may lack permission for this operation");
        is_denied.then_some(Failure { kind: FailureKind::Denied, detail })
    }

    fn set_states(&mut self, states: Vec<Account>) {
        self.states.clear();
        for state in states {
            if self.states.len() < STATES_MAX && !self.states.contains(&state) {
                self.states.push(state);
            }
        }
    }
}

/// Resources outside the run may use up a quota of the whole account (G-001). Such a refusal gives
/// no evidence.
pub(crate) fn account_may_be_full(op: &Operation, observed: &Response) -> Option<Failure> {
    let creates =
        matches!(op.well_formed(), Operation::CreateUser(..) | Operation::CreateResource(_));
    match observed {
        Response::Refused { http, code, .. }
            if creates && code == ErrorCode::LimitExceeded.name() =>
        {
            let detail = format!("{http} {code}: other resources may use up the account quota");
            Some(Failure { kind: FailureKind::Doubtful, detail })
        }
        _ => None,
    }
}

/// The parts of a response in which it can differ, the most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Success or refusal, and the HTTP status.
    Status,
    /// The error code, or the entries of a listing.
    Code,
    /// The error message, or a format.
    Text,
    /// The form of the response, if no SDK shows the difference.
    Wire,
}

impl Tier {
    /// Returns the name in reports and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Code => "code",
            Self::Text => "text",
            Self::Wire => "wire",
        }
    }
}

/// The result of checking one response.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The model allows the response. Contains the unspecified behavior that it shows.
    Conforms(Vec<UnspecifiedBehavior>),
    /// The model does not allow the response.
    Diverges(Box<Divergence>),
    /// The response gives no evidence.
    Inconclusive(Failure),
    /// The endpoint does not implement this action, as a control showed.
    Unsupported(&'static str),
    /// The operation was not sent. Contains the reason.
    Skipped(String),
}

impl Verdict {
    /// Returns true if the response conforms, or differs only in its text.
    #[must_use]
    pub fn conforms_except_text(&self) -> bool {
        match self {
            Self::Conforms(_) => true,
            Self::Diverges(it) => it.tier >= Tier::Text,
            Self::Inconclusive(_) | Self::Unsupported(_) | Self::Skipped(_) => false,
        }
    }
}

/// An observation of behavior that the evidence leaves unspecified.
#[derive(Clone, Debug, PartialEq)]
pub struct UnspecifiedBehavior {
    /// The rule without conclusive evidence.
    pub rule: Rule,
    /// The observed response.
    pub observed: String,
}

/// A difference between a response and the model, with its evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Divergence {
    /// The first tier in which the response differs.
    pub tier: Tier,
    /// The level of the evidence.
    pub level: Level,
    /// The violated rule. For a wire rule, the first rule of the action.
    pub rule: Rule,
    /// The violated wire rule, if the form of the response diverges.
    pub wire_rule: Option<&'static WireRule>,
    /// The expected responses, each with its rule.
    pub expected: Vec<(String, Rule)>,
    /// The ids of the facts for this tier.
    pub evidence: Vec<&'static str>,
    /// The state before the operation.
    pub state: String,
    /// The state that the oracle assumes after this response.
    pub assumed_state: &'static str,
}

impl Divergence {
    /// Returns true if both belong to one finding: the same rule, tier and level.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        (self.rule, self.wire_rule, self.tier, self.level)
            == (other.rule, other.wire_rule, other.tier, other.level)
    }

    /// The id of the violated rule.
    #[must_use]
    pub fn rule_id(&self) -> String {
        self.wire_rule.map_or_else(|| self.rule.id(), |it| it.id(self.rule.action.api))
    }

    /// The violated rule in one sentence.
    #[must_use]
    pub fn statement(&self) -> String {
        self.wire_rule.map_or_else(|| self.rule.statement(), |it| it.statement.to_owned())
    }
}
