//! The model itself as an endpoint: it answers with the rule that is known best, in its words.
//!
//! What the reference does where nobody knows what AWS does. Each way must conform.

pub mod deviation;
mod response;

use std::fmt;
use std::str::FromStr;

use iamspec_model::check::model_mutants::ModelMutant;
use iamspec_model::{
    Account, AttachmentKind, Condition, Expected, Item, Level, Operation, Rule, allowed, apply,
};

use crate::endpoint::{Endpoint, Namespace};
use crate::oracle::messages;
use crate::oracle::messages::Value;
use crate::reference::deviation::{Memory, Mutant};
use crate::reference::response::answer;
use crate::response::{FailureKind, Response};
use crate::rng::Rng;

/// How the reference answers.
#[derive(Clone, Debug, Default)]
pub struct ReferenceOptions {
    /// Where nobody knows.
    pub may: UnspecifiedPolicy,
    /// What it does wrong, if anything.
    pub mutant: Option<Mutant>,
    /// What it remembers, where that is what is wrong.
    pub memory: Memory,
    /// The rule by which the next call is answered, where it was looked at before, in another account.
    pub looked: Option<Rule>,
    /// The rule by which the last call was answered.
    pub last: Option<Rule>,
}

/// The model in memory, or a mutant of it.
#[derive(Clone, Debug, Default)]
pub struct Reference {
    behaviour: ReferenceOptions,
    spaces: Vec<Account>,
    here: usize,
}

impl Reference {
    /// One with this fault.
    #[must_use]
    pub fn mutated(mutant: Mutant) -> Self {
        Self::behaving(ReferenceOptions { mutant: Some(mutant), ..ReferenceOptions::default() })
    }

    /// One that answers like this.
    #[must_use]
    pub fn behaving(behaviour: ReferenceOptions) -> Self {
        Self { behaviour, ..Self::default() }
    }

    /// Whether nothing exists in any name space.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spaces.iter().all(Account::is_empty)
    }
}

impl Endpoint for Reference {
    fn fresh(&mut self) -> Namespace {
        self.spaces.push(Account::default());
        self.enter(Namespace(self.spaces.len() - 1));
        Namespace(self.here)
    }

    fn enter(&mut self, space: Namespace) {
        self.here = space.0;
        self.behaviour.memory = Memory::default();
    }

    fn ask(&mut self, op: &Operation) -> Response {
        match self.spaces.get_mut(self.here) {
            Some(account) => ask(account, op, &mut self.behaviour),
            None => Response::interrupted(FailureKind::Unreachable, "no name space was entered"),
        }
    }

    fn adopt(&mut self, _: AttachmentKind, _: &str) -> Item {
        Item::default()
    }
}

/// So far from the items of scripts are those that nobody asked for.
const FAR: u32 = 1 << 16;

fn ask(account: &mut Account, op: &Operation, behaviour: &mut ReferenceOptions) -> Response {
    let observed = settle(account, op, behaviour, &messages::symbols(op));
    let item = op.item().unwrap_or_default();
    let twice = behaviour.mutant.as_ref().and_then(|it| it.twice(op, || Item(item.0 + FAR)));
    if let (Some(twice), Response::Done(_)) = (twice, &observed) {
        apply(account, &twice);
    }
    observed
}

/// Answers one operation and makes its effect: what the reference endpoint does, in memory and
/// behind HTTP. `value` gives the names as the caller wrote them, for the texts.
pub fn settle(
    account: &mut Account,
    op: &Operation,
    behaviour: &mut ReferenceOptions,
    value: Value<'_>,
) -> Response {
    let fault = behaviour.mutant.as_ref().map(|it| it.fault).filter(|it| it.remembers());
    let before = fault.map(|fault| (fault, account.clone()));
    let observed = decided(account, op, behaviour, value);
    if let Some((fault, before)) = before {
        behaviour.memory.note(fault, op, before, account);
    }
    observed
}

fn decided(
    account: &mut Account,
    op: &Operation,
    behaviour: &mut ReferenceOptions,
    value: Value<'_>,
) -> Response {
    let model = behaviour.mutant.as_ref().and_then(Mutant::model);
    let looked = behaviour.looked.take();
    behaviour.last = looked.or_else(|| decide(account, op, &mut behaviour.may, model));
    let Some(rule) = behaviour.last else {
        return Response::interrupted(FailureKind::Unimplemented, "no such call");
    };
    let wrong =
        |mutant: &Mutant| mutant.settle((&mut *account, &behaviour.memory), op, rule, value);
    if let Some(observed) = behaviour.mutant.as_ref().and_then(wrong) {
        return observed;
    }
    let observed = answer(account, op, rule, value);
    if rule.claim.answer == Expected::Done {
        match model {
            Some(fault) => *account = fault.next(account, op),
            None => apply(account, op),
        }
    }
    observed
}

/// The rule by which it answers: of several refusals the one that binds most, the first in table
/// order among equals. Where nobody knows, it does as it is told, or else refuses as the facts
/// presume; nothing takes time to make here, so nothing is refused for being made.
fn decide(
    account: &Account,
    op: &Operation,
    may: &mut UnspecifiedPolicy,
    model: Option<ModelMutant>,
) -> Option<Rule> {
    let allowed = model.map_or_else(|| allowed(account, op), |fault| fault.allowed(account, op));
    let rules: Vec<Rule> = allowed.rules().collect();
    if let Some(rule) = may.pick(&rules) {
        return Some(rule);
    }
    let refuses = |rule: &&Rule| rule.claim.answer != Expected::Done && !rule.claim.reason.passes();
    let refusal = rules.iter().rev().filter(refuses).max_by_key(|rule| rank(**rule));
    let done = rules.iter().find(|rule| rule.claim.answer == Expected::Done);
    refusal.or(done).or(rules.first()).copied()
}

/// What is wrong with the form of a request is said first (D-016), then that the user does not exist
/// (D-018); then what binds more.
fn rank(rule: Rule) -> (bool, bool, bool, Level) {
    let flawed = matches!(rule.claim.reason, Condition::Flawed(..));
    let of_form = matches!(rule.claim.answer, Expected::Refused(code) if code.is_of_form());
    let no_user = rule.claim.reason == Condition::NoSuchUser;
    (flawed && of_form, no_user, flawed, rule.claim.status.level)
}

/// What is answered where the facts leave it open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnspecifiedPolicy {
    /// What the facts presume, which is a refusal.
    #[default]
    Presume,
    /// The call is carried out.
    Accept,
    /// The call is refused.
    Refuse,
    /// Now this, now that, by chance from this seed on, also where what hinders a call passes by
    /// itself.
    Seed(u64),
}

impl UnspecifiedPolicy {
    /// Picks one of the rules in force where the facts leave the choice; nothing where they do not.
    pub(crate) fn pick(&mut self, rules: &[Rule]) -> Option<Rule> {
        let done = rules.iter().find(|rule| rule.claim.answer == Expected::Done);
        let lasts = |rule: &&Rule| !rule.claim.reason.passes();
        let open: Vec<&Rule> = rules
            .iter()
            .filter(|rule| rule.claim.answer != Expected::Done)
            .filter(|rule| rule.claim.status.level == Level::Open)
            .collect();
        let done = done.filter(|_| !open.is_empty())?;
        match self {
            Self::Presume => None,
            Self::Accept => Some(*done),
            Self::Refuse => open.into_iter().find(lasts).copied(),
            Self::Seed(seed) => {
                let mut chance = Rng(*seed);
                // What passes by itself does so soon.
                let passes = chance.below(8) > 0;
                let open = open.into_iter().filter(|rule| !passes || lasts(rule));
                let choices: Vec<&Rule> = open.chain([done]).collect();
                let choice = chance.pick(&choices);
                *seed = chance.0;
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
                "expected `presume`, `accept`, `refuse` or a number, the seed of chance".to_owned()
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
