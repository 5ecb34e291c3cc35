//! Compares one response with the responses that the model allows in one state.
//!
//! Compares tier by tier: the status, the error code or listing, and the message. Of several rules
//! it reports the one that is closest to the response. The possible states are kept by
//! [`crate::oracle::Oracle`].

use std::cmp::Reverse;

use iamspec_model::tables::precedence::overriding_rule;
use iamspec_model::{
    Account, Condition, Evidence, Expected, Fact, Level, Operation, Rule, Strength, allowed,
    listing,
};

use crate::oracle::possible_states::is_dangling;
use crate::oracle::{Divergence, Tier, UnspecifiedBehavior, messages};
use crate::response::{EndpointText, Listing, Response};

/// An observed refusal: HTTP status, error code, message.
type Refusal<'a> = (u16, &'a str, Option<&'a str>);

/// The difference between a response and the closest rule.
struct Difference {
    /// The first tier in which they differ.
    tier: Tier,
    level: Level,
    rule: Rule,
    /// The rule that takes precedence, if the response is the one of an outranked rule.
    winner: Option<Rule>,
}

/// Returns how the response differs from every allowed response in this state, or `None` if it
/// conforms.
#[must_use]
pub fn divergence(account: &Account, op: &Operation, observed: &Response) -> Option<Divergence> {
    if is_dangling(account, op) {
        return None;
    }
    let rules: Vec<Rule> = allowed(account, op).rules().collect();
    let difference = match observed {
        Response::Success(listing) => compare_success(account, op, &rules, listing.as_ref()),
        Response::Refused { http, code, message } => compare_refusal(
            account,
            op,
            &rules,
            (*http, code, message.as_ref().map(EndpointText::complete)),
        ),
        Response::Failed(_) => None,
    };
    let Difference { tier, level, rule, winner } = difference?;
    let precedence = overriding_rule(rule, &rules).map(|(order, _)| order.evidence.facts);
    let facts = evidence(winner.unwrap_or(rule), tier).facts;
    let facts = facts.iter().chain(precedence.unwrap_or_default());
    // If the response violates the precedence, the response of an outranked rule does not conform.
    let conforms = |it: &&Rule| winner.is_none() || overriding_rule(**it, &rules).is_none();
    let going_on = match (observed, op) {
        (Response::Success(Some(_)), op) if op.is_read() => "as in this response, or unchanged",
        (Response::Success(_), _) => "the operation succeeded",
        _ => "the operation was refused; nothing changed",
    };
    Some(Divergence {
        tier,
        level,
        rule,
        wire_rule: None,
        expected: rules
            .iter()
            .filter(conforms)
            .map(|rule| (print_expected(account, op, *rule), *rule))
            .collect(),
        evidence: facts.map(|fact| fact.id).collect(),
        state: account.to_string(),
        assumed_state: going_on,
    })
}

/// Returns the evidence for the expected response of a rule in one tier.
const fn evidence(rule: Rule, tier: Tier) -> Evidence {
    match tier {
        Tier::Status => rule.clause.status,
        Tier::Code => rule.clause.code,
        Tier::Text | Tier::Wire => rule.clause.text,
    }
}

fn compare_success(
    account: &Account,
    op: &Operation,
    rules: &[Rule],
    observed: Option<&Listing>,
) -> Option<Difference> {
    let Some(success) = rules.iter().find(|rule| rule.clause.expected == Expected::Success) else {
        // Of several refusals, report the one with the strongest evidence; then the one about
        // invalid input; then the first in table order.
        let is_input_error =
            |rule: &Rule| matches!(rule.clause.condition, Condition::InvalidInput(..));
        let rule = *rules
            .iter()
            .rev()
            .max_by_key(|rule| (rule.clause.status.level, is_input_error(rule)))?;
        let level = rule.clause.status.level;
        return Some(Difference { tier: Tier::Status, level, rule, winner: None });
    };
    // If a refusal is allowed too, the listing of a success is unspecified.
    let is_certain = rules.iter().all(|rule| rule.clause.expected == Expected::Success);
    let expected = listing(account, op).filter(|_| is_certain)?;
    let differs = observed.is_some_and(|it| *it != Listing::of(expected));
    differs.then_some(Difference {
        tier: Tier::Code,
        level: success.clause.code.level,
        rule: *success,
        winner: None,
    })
}

fn compare_refusal(
    account: &Account,
    op: &Operation,
    rules: &[Rule],
    observed: Refusal<'_>,
) -> Option<Difference> {
    let candidates = rules.iter().filter(|rule| may_explain(**rule, rules, observed));
    // `None` if the response conforms to one of the rules.
    let differences: Vec<Difference> = candidates
        .map(|rule| compare_with_rule(account, op, (*rule, rules), observed))
        .collect::<Option<_>>()?;
    if differences.is_empty() {
        let success = rules.first()?;
        let level = success.clause.status.level;
        return Some(Difference { tier: Tier::Status, level, rule: *success, winner: None });
    }
    // The closest refusal; then the least binding one; then a violated precedence.
    differences.into_iter().min_by_key(|it| (Reverse(it.tier), it.level, it.winner.is_none()))
}

/// Compares a refusal with one rule. If another rule outranks it, the response must be the response
/// of the other rule, and the first tier that differs from that one counts too.
fn compare_with_rule(
    account: &Account,
    op: &Operation,
    (rule, rules): (Rule, &[Rule]),
    observed: Refusal<'_>,
) -> Option<Difference> {
    let level = |rule: Rule, tier| match tier {
        Tier::Status | Tier::Code => rule.clause.code.level,
        // Only a transient rule without a text differs in it: by the text of another rule.
        Tier::Text if rule.clause.condition.is_transient() => rule.clause.code.level,
        Tier::Text | Tier::Wire => rule.clause.text.level,
    };
    let own_tier = first_differing_tier(account, op, rule, observed);
    let own =
        own_tier.map(|tier| Difference { tier, level: level(rule, tier), rule, winner: None });
    let of_precedence = overriding_rule(rule, rules).and_then(|(order, winner)| {
        let tier = first_differing_tier(account, op, winner, observed)?;
        let level = level(winner, tier).min(order.evidence.level);
        let violates_precedence = own_tier.is_none_or(|own| own > tier);
        Some(if violates_precedence {
            Difference { tier, level, rule, winner: Some(winner) }
        } else {
            Difference { tier, level, rule: winner, winner: None }
        })
    });
    [own, of_precedence].into_iter().flatten().min_by_key(|it| (it.tier, Reverse(it.level)))
}

/// Returns true if a refusal can be the response of this rule.
///
/// A temporary condition is recognized by its code. If some refusal is certain, a rule with an
/// unspecified code explains only its presumed status and code, not any code.
fn may_explain(rule: Rule, rules: &[Rule], (http, code, _): Refusal<'_>) -> bool {
    let Expected::Refused(expected) = rule.clause.expected else { return false };
    let refusal_is_certain = rules.iter().any(|it| {
        it.clause.expected != Expected::Success && it.clause.status.level > Level::Unspecified
    });
    let code_is_open = rule.clause.code.level == Level::Unspecified && refusal_is_certain;
    let is_presumed = (http, code) == (expected.http_status(), expected.name());
    let code_may_match = code == expected.name() || !rule.clause.condition.is_transient();
    is_presumed || !code_is_open && code_may_match
}

/// Returns the first tier in which a refusal differs from the expected response of a rule.
fn first_differing_tier(
    account: &Account,
    op: &Operation,
    rule: Rule,
    (http, code, message): Refusal<'_>,
) -> Option<Tier> {
    let Expected::Refused(expected) = rule.clause.expected else { return Some(Tier::Status) };
    if rule.clause.code.level == Level::Unspecified {
        return None;
    }
    if http != expected.http_status() {
        return Some(Tier::Status);
    }
    if code != expected.name() {
        return Some(Tier::Code);
    }
    let known = messages::expected_messages(rule, account, op, &messages::symbols(op));
    let is_unspecified = rule.clause.text.level == Level::Unspecified || known.is_empty();
    let is_known = message.is_some_and(|message| messages::conforms(rule, &known, message));
    // A reason that passes does not borrow the text that is recorded for another rule.
    if known.is_empty()
        && rule.clause.condition.is_transient()
        && message.is_some_and(|message| messages::quoted(op, message).is_some())
    {
        return Some(Tier::Text);
    }
    (!is_unspecified && !is_known).then_some(Tier::Text)
}

/// The responses that the rules in force allow in this state, each with its rule.
pub(crate) fn expected_responses(account: &Account, op: &Operation) -> Vec<(String, Rule)> {
    let rules = allowed(account, op).rules().collect::<Vec<_>>();
    rules.into_iter().map(|rule| (print_expected(account, op, rule), rule)).collect()
}

/// Prints the expected response of a rule in script syntax.
fn print_expected(account: &Account, op: &Operation, rule: Rule) -> String {
    match rule.clause.expected {
        Expected::Success => Response::Success(listing(account, op).map(Listing::of)).to_string(),
        Expected::Refused(_) if rule.clause.code.level == Level::Unspecified => {
            "a refusal, or 200".to_owned()
        }
        Expected::Refused(code) => {
            let texts = messages::expected_messages(rule, account, op, &messages::symbols(op));
            let shown = |text: &String| format!("{:?}", messages::without_placeholders(text));
            let mut texts: Vec<String> = texts.iter().map(shown).collect();
            texts.dedup();
            format!("{} {} {}", code.http_status(), code.name(), texts.join(" or "))
                .trim_end()
                .to_owned()
        }
    }
}

/// Returns the rules without conclusive evidence that a conforming response relates to: rules that
/// leave the response unspecified, or that cite an open question (an X-row).
pub(crate) fn unspecified_behavior(
    account: &Account,
    op: &Operation,
    observed: &Response,
) -> Vec<UnspecifiedBehavior> {
    let rules: Vec<Rule> = allowed(account, op).rules().collect();
    let is_binding = |rule: &Rule| {
        rule.clause.expected != Expected::Success && rule.clause.status.level > Level::Info
    };
    if rules.iter().any(is_binding) {
        return Vec::new();
    }
    let is_temporary_refusal = |rule: &Rule| match (rule.clause.expected, observed) {
        (Expected::Refused(expected), Response::Refused { code, .. }) => {
            rule.clause.condition.is_transient() && code == expected.name()
        }
        _ => false,
    };
    let is_unspecified = |rule: &Rule| {
        let is_unknown = |fact: &&Fact| fact.strength == Strength::Unknown;
        let is_open =
            rule.clause.status.level == Level::Unspecified && !rule.clause.condition.is_transient();
        is_open || rule.clause.status.facts.iter().any(is_unknown) || is_temporary_refusal(rule)
    };
    rules
        .into_iter()
        .filter(is_unspecified)
        .map(|rule| UnspecifiedBehavior { rule, observed: observed.to_string() })
        .collect()
}
