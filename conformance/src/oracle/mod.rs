//! Does the answer conform? The judge carries the accounts that are still possible (usually one),
//! compares an answer tier by tier, and goes on after a divergence by following what the endpoint
//! says that it did, so that one divergence does not hide the next.
//!
//! What is said of an answer.

pub mod formats;
pub mod messages;
pub(crate) mod possible_states;

use iamspec_model::tables::precedence::outranked;
use iamspec_model::{
    Account, Condition, Effect, ErrorCode, Evidence, Expected, Fact, Level, Operation, Rule,
    Strength, allowed, shown, worlds,
};

use crate::oracle::possible_states::{Untrusted, dangles, follow};
use crate::response::{Failure, FailureKind, Listing, Response};

/// The accounts that are still possible. More than a few are never kept.
#[derive(Clone, Debug)]
pub struct Oracle {
    pub(crate) worlds: Vec<Account>,
    blurred: Untrusted,
    /// The calls that showed what is not so: what they show tells no more in which account the endpoint
    /// is, however they are put.
    lies: Vec<&'static str>,
}

const WORLDS_MAX: usize = 16;

impl Default for Oracle {
    fn default() -> Self {
        Self { worlds: vec![Account::default()], blurred: Untrusted::default(), lies: Vec::new() }
    }
}

impl Oracle {
    /// The account that is thought to be true: the likeliest of those that are possible.
    #[must_use]
    pub fn account(&self) -> Option<&Account> {
        self.worlds.first()
    }

    /// Judges one answer and learns from it.
    pub fn judge(&mut self, op: &Operation, observed: &Response) -> Verdict {
        let observed = &self.blurred.without(op, observed);
        self.blurred.note(op, observed);
        if let Some(doubt) = may_be_full(op, observed).or_else(|| self.may_be_denied(op, observed))
        {
            return self.lost(op, &doubt);
        }
        if let Response::Interrupted(interruption) = observed {
            if interruption.cause == FailureKind::Client {
                return Verdict::Skipped(format!("the client refuses it: {}", interruption.detail));
            }
            return self.lost(op, interruption);
        }
        let judged: Vec<_> =
            self.worlds.iter().map(|it| (it, divergence(it, op, observed))).collect();
        let conforming = judged.iter().find(|(_, it)| it.is_none());
        let mildest = judged
            .iter()
            .filter_map(|(_, it)| it.as_ref())
            .min_by_key(|it| (it.level, std::cmp::Reverse(it.tier)));
        // What an endpoint calls things does not tell in which account they are.
        let possible = |it: &Divergence| {
            it.tier == Tier::Text || conforming.is_none() || self.lies.contains(&it.rule.call.api)
        };
        let from = judged.iter().filter(|(_, it)| it.as_ref().is_none_or(possible));
        let from: Vec<&Account> = from.map(|(account, _)| *account).collect();
        let verdict = match (conforming, mildest) {
            (None, Some(divergence)) => Verdict::Diverges(Box::new(divergence.clone())),
            (first, _) => {
                let open = first.map(|(account, _)| open_points(account, op, observed));
                Verdict::Conforms(open.unwrap_or_default())
            }
        };
        let next = from.into_iter().flat_map(|account| follow(account, op, observed)).collect();
        if let (Verdict::Diverges(it), true) = (&verdict, op.is_read()) {
            self.lies.push(it.rule.call.api);
        }
        self.keep(next);
        verdict
    }

    /// A lost answer leaves two worlds, unless the call cannot have been carried out.
    fn lost(&mut self, op: &Operation, interruption: &Failure) -> Verdict {
        if !interruption.cause.changed_nothing() && !op.is_read() {
            let done = self.worlds.iter().flat_map(|it| worlds(it, op, Effect::Done));
            let next = self.worlds.iter().cloned().chain(done).collect();
            self.keep(next);
        }
        Verdict::Inconclusive(interruption.clone())
    }

    /// Of a key that somebody holds `AccessDenied` is not said for want of the key (B-AK-15), but of the
    /// caller.
    fn may_be_denied(&self, op: &Operation, observed: &Response) -> Option<Failure> {
        let Response::Refused { http, code, .. } = observed else { return None };
        let key = op.kind().zip(op.item()).filter(|_| matches!(op, Operation::LastUsed(_)));
        let held =
            |(kind, key)| self.worlds.iter().any(|it| it.holders(kind, key).next().is_some());
        let denied = key.is_some_and(held) && code == ErrorCode::AccessDenied.name();
        let detail = format!("{http} {code}: the caller may not ask this");
        denied.then_some(Failure { cause: FailureKind::Denied, detail })
    }

    fn keep(&mut self, worlds: Vec<Account>) {
        self.worlds.clear();
        for world in worlds {
            if self.worlds.len() < WORLDS_MAX && !self.worlds.contains(&world) {
                self.worlds.push(world);
            }
        }
    }
}

/// A quota of the whole account (G-001) may be used up by what is not ours: such a refusal tells
/// nothing.
fn may_be_full(op: &Operation, observed: &Response) -> Option<Failure> {
    let makes = matches!(op.sound(), Operation::CreateUser(..) | Operation::Create(_));
    match observed {
        Response::Refused { http, code, .. }
            if makes && code == ErrorCode::LimitExceeded.name() =>
        {
            let detail = format!("{http} {code}: the account may be full of what is not ours");
            Some(Failure { cause: FailureKind::Doubtful, detail })
        }
        _ => None,
    }
}

/// How the answer differs from everything that is allowed in this account, if it does.
#[must_use]
pub fn divergence(account: &Account, op: &Operation, observed: &Response) -> Option<Divergence> {
    if dangles(account, op) {
        return None;
    }
    let rules: Vec<Rule> = allowed(account, op).rules().collect();
    let found = match observed {
        Response::Done(seen) => carried_out(account, op, &rules, seen.as_ref()),
        Response::Refused { http, code, message } => {
            refused(account, op, &rules, (*http, code, message.as_deref()))
        }
        Response::Interrupted(_) => None,
    };
    let Difference { tier, level, rule, winner } = found?;
    let order = outranked(rule, &rules).map(|(order, _)| order.evidence.facts);
    let evidence = evidence(winner.unwrap_or(rule), tier).facts;
    let facts = evidence.iter().chain(order.unwrap_or_default());
    // If the order is broken, no refusal that loses conforms.
    let conforms = |it: &&Rule| winner.is_none() || outranked(**it, &rules).is_none();
    let going_on = match (observed, op) {
        (Response::Done(Some(_)), op) if op.is_read() => "what was shown is so, or as it was",
        (Response::Done(_), _) => "carried out",
        _ => "refused, nothing changed",
    };
    Some(Divergence {
        tier,
        level,
        rule,
        allowed: rules
            .iter()
            .filter(conforms)
            .map(|rule| (answer(account, op, *rule), *rule))
            .collect(),
        evidence: facts.map(|fact| fact.id).collect(),
        state: account.to_string(),
        going_on,
    })
}

/// The first tier in which an answer differs from the rule that it comes closest to.
struct Difference {
    tier: Tier,
    level: Level,
    rule: Rule,
    /// The rule that wins, if the answer is that of one that loses against it.
    winner: Option<Rule>,
}

/// How it is known what the rule calls for in this tier.
const fn evidence(rule: Rule, tier: Tier) -> Evidence {
    match tier {
        Tier::Status => rule.claim.status,
        Tier::Code => rule.claim.code,
        Tier::Text => rule.claim.text,
    }
}

fn carried_out(
    account: &Account,
    op: &Operation,
    rules: &[Rule],
    seen: Option<&Listing>,
) -> Option<Difference> {
    if let Some(done) = rules.iter().find(|rule| rule.claim.answer == Expected::Done) {
        // Where a refusal is open as well, nobody knows what carrying out would show.
        let certain = rules.iter().all(|rule| rule.claim.answer == Expected::Done);
        let shown = shown(account, op).filter(|_| certain)?;
        let differs = seen.is_some_and(|seen| *seen != Listing::of(shown));
        return differs.then_some(Difference {
            tier: Tier::Code,
            level: done.claim.code.level,
            rule: *done,
            winner: None,
        });
    }
    // Of several refusals the one that is known best; if several are, the one that is about how the
    // call is put, or the first in table order.
    let flawed = |rule: &Rule| matches!(rule.claim.reason, Condition::Flawed(..));
    let broken = rules.iter().rev().max_by_key(|rule| (rule.claim.status.level, flawed(rule)))?;
    let level = broken.claim.status.level;
    Some(Difference { tier: Tier::Status, level, rule: *broken, winner: None })
}

fn refused(
    account: &Account,
    op: &Operation,
    rules: &[Rule],
    seen: (u16, &str, Option<&str>),
) -> Option<Difference> {
    let refusals = rules.iter().filter(|rule| may_explain(**rule, rules, seen));
    let differences = refusals.map(|rule| difference(account, op, (*rule, rules), seen));
    let differences: Option<Vec<Difference>> = differences.collect();
    if differences.as_ref().is_some_and(Vec::is_empty) {
        let done = rules.first()?;
        let level = done.claim.status.level;
        return Some(Difference { tier: Tier::Status, level, rule: *done, winner: None });
    }
    // The refusal that comes closest; of several the one that binds least, of these a broken order.
    differences?
        .into_iter()
        .min_by_key(|it| (std::cmp::Reverse(it.tier), it.level, it.winner.is_none()))
}

/// How an answer differs from what the rule calls for. The answer of a rule that loses against another
/// one must be the winner's: it differs in the first tier in which it differs from that.
fn difference(
    account: &Account,
    op: &Operation,
    (rule, rules): (Rule, &[Rule]),
    seen: (u16, &str, Option<&str>),
) -> Option<Difference> {
    let own = first_difference(account, op, rule, seen);
    let level = |rule: Rule, tier| match tier {
        Tier::Status | Tier::Code => rule.claim.code.level,
        Tier::Text => rule.claim.text.level,
    };
    let of_order = outranked(rule, rules).and_then(|(order, winner)| {
        let tier = first_difference(account, op, winner, seen)?;
        let level = level(winner, tier).min(order.evidence.level);
        let breaks_order = own.is_none_or(|own| own > tier);
        Some(if breaks_order {
            Difference { tier, level, rule, winner: Some(winner) }
        } else {
            Difference { tier, level, rule: winner, winner: None }
        })
    });
    let own = own.map(|tier| Difference { tier, level: level(rule, tier), rule, winner: None });
    [own, of_order].into_iter().flatten().min_by_key(|it| (it.tier, std::cmp::Reverse(it.level)))
}

/// Whether a refusal can be this rule's. What passes by itself has a code of its own; and where a
/// refusal is certain, what is open does not excuse just any code.
fn may_explain(rule: Rule, rules: &[Rule], seen: (u16, &str, Option<&str>)) -> bool {
    let Expected::Refused(code) = rule.claim.answer else { return false };
    let certain = rules
        .iter()
        .any(|it| it.claim.answer != Expected::Done && it.claim.status.level > Level::Open);
    let loose = rule.claim.code.level == Level::Open && certain;
    let presumed = (seen.0, seen.1) == (code.http(), code.name());
    presumed || !loose && (seen.1 == code.name() || !rule.claim.reason.passes())
}

/// The first tier in which an answer differs from what the rule calls for.
fn first_difference(
    account: &Account,
    op: &Operation,
    rule: Rule,
    seen: (u16, &str, Option<&str>),
) -> Option<Tier> {
    let Expected::Refused(code) = rule.claim.answer else { return Some(Tier::Status) };
    let (http, seen_code, message) = seen;
    if rule.claim.code.level == Level::Open {
        return None;
    }
    if http != code.http() {
        return Some(Tier::Status);
    }
    if seen_code != code.name() {
        return Some(Tier::Code);
    }
    let known = messages::texts(rule, account, op, &messages::symbols(op));
    let open = rule.claim.text.level == Level::Open || known.is_empty();
    let conforms =
        open || message.is_some_and(|message| known.iter().any(|it| messages::is(it, message)));
    (!conforms).then_some(Tier::Text)
}

/// What a rule calls for, as scripts write it.
fn answer(account: &Account, op: &Operation, rule: Rule) -> String {
    match rule.claim.answer {
        Expected::Done => Response::Done(shown(account, op).map(Listing::of)).to_string(),
        Expected::Refused(_) if rule.claim.code.level == Level::Open => {
            "a refusal, or 200".to_owned()
        }
        Expected::Refused(code) => {
            let texts = messages::texts(rule, account, op, &messages::symbols(op));
            let mut texts: Vec<String> = texts.iter().map(|text| format!("{text:?}")).collect();
            texts.dedup();
            format!("{} {} {}", code.http(), code.name(), texts.join(" or ")).trim_end().to_owned()
        }
    }
}

/// Whether the answer is the one that this rule calls for while its reason lasts.
fn passed(rule: &Rule, observed: &Response) -> bool {
    match (rule.claim.answer, observed) {
        (Expected::Refused(known), Response::Refused { code, .. }) => {
            rule.claim.reason.passes() && code == known.name()
        }
        _ => false,
    }
}

/// The rules that leave the answer open, or cite a question of the facts (an X-row), and that a
/// conforming answer speaks to.
fn open_points(account: &Account, op: &Operation, observed: &Response) -> Vec<UnspecifiedBehavior> {
    let rules: Vec<Rule> = allowed(account, op).rules().collect();
    let binds =
        |rule: &Rule| rule.claim.answer != Expected::Done && rule.claim.status.level > Level::Info;
    if rules.iter().any(binds) {
        return Vec::new();
    }
    let asks = |rule: &Rule| {
        let unknown = |fact: &&Fact| fact.strength == Strength::Unknown;
        let open = rule.claim.status.level == Level::Open && !rule.claim.reason.passes();
        open || rule.claim.status.facts.iter().any(unknown) || passed(rule, observed)
    };
    let seen = observed.to_string();
    rules
        .into_iter()
        .filter(asks)
        .map(|rule| UnspecifiedBehavior { rule, seen: seen.clone() })
        .collect()
}

/// How closely an answer is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Carried out or refused, with which HTTP status.
    Status,
    /// The error code, or the items of a listing.
    Code,
    /// The text.
    Text,
}

impl Tier {
    /// The word used in reports and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Code => "code",
            Self::Text => "text",
        }
    }
}

/// What is said of one answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is one of the answers that the model allows. Where nobody knew which, the open points
    /// that it speaks to.
    Conforms(Vec<UnspecifiedBehavior>),
    /// It is none of them.
    Diverges(Box<Divergence>),
    /// Nothing can be said.
    Inconclusive(Failure),
    /// The endpoint lacks the call, as a control showed.
    Unsupported(&'static str),
    /// Not asked, because this call is lacking or the script could not go on.
    Skipped(String),
}

impl Verdict {
    /// Whether the call did what it should, whatever the endpoint calls things.
    #[must_use]
    pub fn says_as_it_should(&self) -> bool {
        match self {
            Self::Conforms(_) => true,
            Self::Diverges(it) => it.tier == Tier::Text,
            Self::Inconclusive(_) | Self::Unsupported(_) | Self::Skipped(_) => false,
        }
    }
}

/// A question that the facts leave open, and what was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct UnspecifiedBehavior {
    /// The rule whose evidence is open.
    pub rule: Rule,
    /// What the endpoint did.
    pub seen: String,
}

/// An argument, not a value: what came, what was allowed, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Divergence {
    /// The first tier in which they differ.
    pub tier: Tier,
    /// How binding the evidence is.
    pub level: Level,
    /// The rule that is broken.
    pub rule: Rule,
    /// What conforms, each with its rule.
    pub allowed: Vec<(String, Rule)>,
    /// The ids of the facts in this tier.
    pub evidence: Vec<&'static str>,
    /// The account in which it was asked.
    pub state: String,
    /// How the judge goes on.
    pub going_on: &'static str,
}

impl Divergence {
    /// Whether both belong to one finding: the same rule, broken in the same tier at the same level.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        (self.rule, self.tier, self.level) == (other.rule, other.tier, other.level)
    }
}
