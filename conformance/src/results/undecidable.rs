//! The rules that never decide a response alone, each with the reason.
//!
//! No run can test such a rule: an endpoint that does not follow it conforms to another rule.
//! `tests/cover.rs` compares the list with the calls of the scripts and of the generated suites.

use iamspec_model::tables::precedence::PRECEDENCES;
use iamspec_model::{Condition, Expected, InputError, Level, Rule};

const PASSES: &str = "the refusal passes with time, so a success conforms too";
const UNSPECIFIED: &str = "no fact states whether the call is refused, so a success conforms too";
const NO_USER: &str = "a user that does not exist does not hold the item either, and no order of \
                       the two refusals is known";
const NO_DEVICE: &str = "for a device that does not exist, `no-such-object` and `no-right-codes` \
                         both apply, and no order of the two refusals is known";
const OTHER_CASE: &str = "the name in another case is the name of the existing entity, so \
                          another refusal applies too";

/// Returns the reason why the rule never decides a response alone, if it never does.
#[must_use]
pub fn undecidable(rule: Rule) -> Option<&'static str> {
    always_optional(rule).or_else(|| always_coincides(rule).map(|(_, reason)| reason))
}

/// Returns the reason why this rule never decides the outcome of a call, if it never does. Two
/// rules with the same outcome decide the outcome together.
#[must_use]
pub(super) fn undecidable_outcome(rule: Rule) -> Option<&'static str> {
    let differs = |other: Condition| {
        let mut clauses = rule.action.clauses.iter();
        clauses.any(|it| it.condition == other && it.expected != rule.clause.expected)
    };
    let coincides = always_coincides(rule).filter(|(other, _)| differs(*other));
    always_optional(rule).or(coincides.map(|(_, reason)| reason))
}

/// Returns the reason why a success conforms whenever the rule is in force, if it does.
fn always_optional(rule: Rule) -> Option<&'static str> {
    let is_refusal = rule.clause.expected != Expected::Success;
    match rule.clause.condition {
        condition if condition.is_transient() => Some(PASSES),
        _ if is_refusal && rule.clause.status.level == Level::Unspecified => Some(UNSPECIFIED),
        _ => None,
    }
}

/// Returns another refusal that is in force whenever the rule is, with the reason. For a missing
/// user the other one can also be about the resource or about another user's item.
fn always_coincides(rule: Rule) -> Option<(Condition, &'static str)> {
    let refuses = |condition: &Condition| {
        let mut clauses = rule.action.clauses.iter();
        clauses.any(|it| it.condition == *condition && it.expected != Expected::Success)
    };
    let takes_precedence = PRECEDENCES.iter().any(|order| {
        order.actions.contains(&rule.action.api)
            && order.first == rule.clause.condition
            && order.then.contains(&Condition::NotHeld)
    });
    let (others, reason): (&[Condition], _) = match rule.clause.condition {
        Condition::NoSuchUser if !takes_precedence => (&[Condition::NotHeld], NO_USER),
        Condition::NoSuchResource => (&[Condition::NoValidCodes], NO_DEVICE),
        Condition::NoValidCodes => (&[Condition::NoSuchResource], NO_DEVICE),
        Condition::InvalidInput(_, InputError::OtherCase) => {
            (&[Condition::UserExists, Condition::ResourceExists, Condition::SameName], OTHER_CASE)
        }
        _ => return None,
    };
    let other = others.iter().find(|it| refuses(it))?;
    Some((*other, reason))
}
