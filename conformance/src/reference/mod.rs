//! The reference endpoint: the model as an endpoint in memory.
//!
//! [`settle`] responds to one operation and applies its effect. [`Reference`] wraps it as an
//! [`Endpoint`]; the reference server calls it behind HTTP. If several rules apply, the reference
//! responds as the one with the strongest level requires. [`UnspecifiedPolicy`] selects the
//! response if AWS's behavior is unknown. Every response conforms, unless the options contain a
//! [`Mutant`].

pub mod deviation;
pub mod form_fault;

use std::fmt;
use std::str::FromStr;

use iamspec_model::check::model_mutants::ModelMutant;
use iamspec_model::{
    Account, AttachmentKind, Condition, Expected, Item, Level, Operation, Rule, allowed, apply,
};

use crate::endpoint::{Endpoint, Namespace};
use crate::oracle::messages;
use crate::oracle::messages::Value;
use crate::reference::deviation::{Memory, Mutant, expected_response};
use crate::response::{FailureKind, Response};
use crate::rng::Rng;

/// How the reference responds.
#[derive(Clone, Debug, Default)]
pub struct ReferenceOptions {
    /// The policy for unspecified behavior.
    pub unspecified: UnspecifiedPolicy,
    /// The mutant, if the reference deviates.
    pub mutant: Option<Mutant>,
    /// Earlier states, for mutants that need them.
    pub memory: Memory,
    /// The rule that decides the next operation, if it was checked earlier against another account.
    pub prior_rule: Option<Rule>,
    /// The rule that decided the last operation.
    pub last_rule: Option<Rule>,
}

/// The model in memory, or a mutant of it.
#[derive(Clone, Debug, Default)]
pub struct Reference {
    options: ReferenceOptions,
    accounts: Vec<Account>,
    current: usize,
}

impl Reference {
    /// A reference with this mutant.
    #[must_use]
    pub fn with_mutant(mutant: Mutant) -> Self {
        Self::with_options(ReferenceOptions { mutant: Some(mutant), ..ReferenceOptions::default() })
    }

    /// A reference with these options.
    #[must_use]
    pub fn with_options(options: ReferenceOptions) -> Self {
        Self { options, ..Self::default() }
    }

    /// Whether every namespace is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.accounts.iter().all(Account::is_empty)
    }
}

/// The distance between a script's item and the second item that a mutant creates.
const SECOND_ITEM: u32 = 1 << 16;

impl Endpoint for Reference {
    fn enter_new_namespace(&mut self) -> Namespace {
        self.accounts.push(Account::default());
        self.enter_namespace(Namespace(self.accounts.len() - 1));
        Namespace(self.current)
    }

    fn enter_namespace(&mut self, space: Namespace) {
        self.current = space.0;
        self.options.memory = Memory::default();
    }

    fn execute(&mut self, op: &Operation) -> Response {
        let Some(account) = self.accounts.get_mut(self.current) else {
            return Response::failed(FailureKind::Unreachable, "no namespace was entered");
        };
        let response = respond_and_apply(account, op, &mut self.options, &messages::symbols(op));
        let second = Item(op.item().unwrap_or_default().0 + SECOND_ITEM);
        let twice = self.options.mutant.as_ref().and_then(|it| it.second_creation(op, || second));
        if let (Some(twice), Response::Success(_)) = (twice, &response) {
            apply(account, &twice);
        }
        response
    }

    fn assign_symbol(&mut self, _: AttachmentKind, _: &str) -> Item {
        Item::default()
    }
}

/// Responds to one operation and applies its effect to the account. `value` gives the names as the
/// caller wrote them, for the messages.
pub fn respond_and_apply(
    account: &mut Account,
    op: &Operation,
    options: &mut ReferenceOptions,
    value: Value<'_>,
) -> Response {
    let deviation = options.mutant.as_ref().map(|it| it.deviation).filter(|it| it.needs_memory());
    let before = deviation.map(|deviation| (deviation, account.clone()));
    let response = respond(account, op, options, value);
    if let Some((deviation, before)) = before {
        options.memory.record(deviation, op, before, account);
    }
    response
}

fn respond(
    account: &mut Account,
    op: &Operation,
    options: &mut ReferenceOptions,
    value: Value<'_>,
) -> Response {
    let model = options.mutant.as_ref().and_then(Mutant::model);
    let prior = options.prior_rule.take();
    options.last_rule =
        prior.or_else(|| deciding_rule(account, op, &mut options.unspecified, model));
    let lacks_action = options.mutant.as_ref().is_some_and(|it| it.lacks(op));
    let Some(rule) = options.last_rule.filter(|_| !lacks_action) else {
        return Response::failed(FailureKind::Unimplemented, "no such action");
    };
    let deviating =
        |mutant: &Mutant| mutant.respond((&mut *account, &options.memory), op, rule, value);
    if let Some(response) = options.mutant.as_ref().and_then(deviating) {
        return response;
    }
    let response = expected_response(account, op, rule, value);
    if rule.clause.expected == Expected::Success {
        match model {
            Some(mutant) => *account = mutant.next(account, op),
            None => apply(account, op),
        }
    }
    response
}

/// The rule that decides the response. Of several refusals, it is the one with the highest
/// precedence; among equals, the first in table order.
///
/// If AWS's behavior is unspecified, the policy decides; by default that is the refusal that the
/// facts presume. Conditions that pass with time do not apply: nothing takes time to create here.
fn deciding_rule(
    account: &Account,
    op: &Operation,
    policy: &mut UnspecifiedPolicy,
    model: Option<ModelMutant>,
) -> Option<Rule> {
    let allowed = model.map_or_else(|| allowed(account, op), |mutant| mutant.allowed(account, op));
    let rules: Vec<Rule> = allowed.rules().collect();
    if let Some(rule) = policy.pick(&rules) {
        return Some(rule);
    }
    let refuses = |rule: &&Rule| {
        rule.clause.expected != Expected::Success && !rule.clause.condition.is_transient()
    };
    let refusal = rules.iter().rev().filter(refuses).max_by_key(|rule| precedence(**rule));
    let success = rules.iter().find(|rule| rule.clause.expected == Expected::Success);
    refusal.or(success).or(rules.first()).copied()
}

/// The precedence of a refusal: validation errors come first (D-016), then a missing user (D-018),
/// then the stronger level.
fn precedence(rule: Rule) -> (bool, bool, bool, Level) {
    let is_invalid = matches!(rule.clause.condition, Condition::InvalidInput(..));
    let has_validation_code =
        matches!(rule.clause.expected, Expected::Refused(code) if code.is_validation());
    let no_user = rule.clause.condition == Condition::NoSuchUser;
    (is_invalid && has_validation_code, no_user, is_invalid, rule.clause.status.level)
}

/// The response if AWS's behavior is unspecified.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnspecifiedPolicy {
    /// The response that the facts presume, which is a refusal.
    #[default]
    Presume,
    /// The operation succeeds.
    Accept,
    /// The operation is refused.
    Refuse,
    /// A random choice with this seed. It includes refusals by conditions that pass with time.
    Seed(u64),
}

impl UnspecifiedPolicy {
    /// Picks one of the rules in force. Returns `None` if the behavior is specified.
    fn pick(&mut self, rules: &[Rule]) -> Option<Rule> {
        let success = rules.iter().find(|rule| rule.clause.expected == Expected::Success);
        let is_lasting = |rule: &&Rule| !rule.clause.condition.is_transient();
        let unspecified: Vec<&Rule> = rules
            .iter()
            .filter(|rule| rule.clause.expected != Expected::Success)
            .filter(|rule| rule.clause.status.level == Level::Unspecified)
            .collect();
        let success = success.filter(|_| !unspecified.is_empty())?;
        match self {
            Self::Presume => None,
            Self::Accept => Some(*success),
            Self::Refuse => unspecified.into_iter().find(is_lasting).copied(),
            Self::Seed(seed) => {
                let mut rng = Rng(*seed);
                // Mostly, conditions that pass with time have passed already.
                let has_passed = rng.below(8) > 0;
                let refusals =
                    unspecified.into_iter().filter(|rule| !has_passed || is_lasting(rule));
                let choices: Vec<&Rule> = refusals.chain([success]).collect();
                let choice = rng.pick(&choices);
                *seed = rng.0;
                choice.copied()
            }
        }
    }
}

impl FromStr for UnspecifiedPolicy {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "presume" => Ok(Self::Presume),
            "accept" => Ok(Self::Accept),
            "refuse" => Ok(Self::Refuse),
            number => number.parse().map(Self::Seed).map_err(|_| {
                "expected `presume`, `accept`, `refuse`, or a number as the seed of a random choice"
                    .to_owned()
            }),
        }
    }
}

impl fmt::Display for UnspecifiedPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Presume => f.write_str("presume"),
            Self::Accept => f.write_str("accept"),
            Self::Refuse => f.write_str("refuse"),
            Self::Seed(seed) => write!(f, "{seed}"),
        }
    }
}
