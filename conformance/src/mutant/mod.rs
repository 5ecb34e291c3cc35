//! Endpoints that are wrong in one known way. A judge is believed when it has said no: each mutant
//! must be caught by a finding that names the rule it breaks.

use std::collections::BTreeSet;

use iamspec_model::fault::Fault as ModelFault;
use iamspec_model::{Account, Answer, Item, Kind, Operation, Rule, With, allowed, apply};

use crate::observed::{Observed, Shown};
use crate::race::hunt::races;
use crate::reference::answer;
use crate::wording::Value;

mod equivalent;
mod kill;
mod memory;
mod named;
mod systematic;

use named::NAMED;

pub use kill::{Fate, Kill, kill};
pub use memory::Memory;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// What it is called on the command line.
    pub name: String,
    /// The rule that it breaks.
    pub rule: String,
    /// The rule that a finding must name: the same, but where the fault shows at another call.
    pub shows: String,
    /// What goes wrong there.
    pub fault: Fault,
}

/// What goes wrong where a rule is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call is carried out although it must be refused.
    CarriesOut,
    /// The call is refused although it must be carried out.
    Refuses,
    /// The call is refused, and carried out all the same.
    RefusesAndActs,
    /// The call is answered as if carried out, and nothing happens.
    LosesEffect,
    /// The refusal has this code and its status.
    Code(u16, &'static str),
    /// The refusal has this HTTP status.
    Status(u16),
    /// The refusal has this text.
    Text(&'static str),
    /// The listing is empty.
    ListsNothing,
    /// The listing shows everything twice.
    ListsTwice,
    /// The listing lacks its last item.
    ListsOneLess,
    /// The listing shows what was so before the last call that changed something.
    ListsLate,
    /// Of a listing that is asked for page by page, the item that the second page begins with is lost.
    LosesPage,
    /// Every page but the first begins with the last item of the one before.
    RepeatsPage,
    /// Users that get another name lose what they hold of this kind.
    RenameLoses(Kind),
    /// A user holds what one of its name that was deleted held of this kind.
    Resurrects(Kind),
    /// A user has the permissions boundary of one of its name that was deleted.
    ResurrectsBoundary,
    /// What the service names is made twice by one call.
    ActsTwice,
    /// Everything is answered and done as the model with this fault would.
    Model(ModelFault),
    /// The answer is XML that ends before its last element does.
    BreaksXml,
    /// This member of the answer is not as it should be.
    Odd(&'static str),
    /// The call is looked at first and carried out then, and others come in between.
    LooksThenActs,
}

/// What the name of a mutant begins with that looks first and acts then, before its call.
const LOOKS_THEN_ACTS: &str = "check-then-act:";

impl Fault {
    /// Whether it shows on the wire alone: in memory an answer has no form.
    #[must_use]
    pub const fn is_of_the_wire(self) -> bool {
        matches!(self, Self::BreaksXml | Self::Odd(_))
    }
}

impl Mutant {
    /// Every mutant that was made by hand.
    pub fn all() -> impl Iterator<Item = Self> {
        let forgets = Kind::blockers().map(|kind| {
            let rule = format!("DeleteUser/holds-{}", kind.row().name);
            let name = format!("forgets-{}", kind.row().name);
            Self { name, shows: rule.clone(), rule, fault: Fault::CarriesOut }
        });
        forgets.chain(NAMED.iter().map(|(name, rule, shows, fault)| Self {
            name: (*name).to_owned(),
            rule: (*rule).to_owned(),
            shows: (*shows).to_owned(),
            fault: *fault,
        }))
    }

    /// The mutant of that name, made by hand or from the tables.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let all = Self::all().chain(Self::systematic()).chain(Self::racing());
        all.into_iter().find(|mutant| mutant.name == name)
    }

    /// One for each call that a race asks: it looks at what stands in the way, and acts then. One after the
    /// other nothing shows.
    pub fn racing() -> impl Iterator<Item = Self> {
        let races = races().into_iter().filter(|it| it.certain);
        let calls = races.flat_map(|it| it.calls).filter_map(|op| op.call());
        let apis: BTreeSet<&str> = calls.map(|call| call.api).collect();
        apis.into_iter().map(|api| {
            let rule = format!("{api}/carried-out");
            let name = format!("{LOOKS_THEN_ACTS}{api}");
            Self { name, shows: rule.clone(), rule, fault: Fault::LooksThenActs }
        })
    }

    /// Whether this call is one that it looks at first and carries out then.
    #[must_use]
    pub fn looks_first(&self, api: &str) -> bool {
        self.fault == Fault::LooksThenActs && self.name.strip_prefix(LOOKS_THEN_ACTS) == Some(api)
    }

    /// The wrong answer, with its effect, where the rule that it breaks decides.
    pub(crate) fn settle(
        &self,
        (account, memory): (&mut Account, &Memory),
        op: &Operation,
        rule: Rule,
        value: Value<'_>,
    ) -> Option<Observed> {
        let elsewhere = matches!(self.fault, Fault::Model(_) | Fault::LooksThenActs);
        if rule.id() != self.rule || elsewhere {
            return None;
        }
        let late = self.fault == Fault::ListsLate;
        let right = answer(if late { &memory.before } else { account }, op, rule, value);
        let acts = matches!(self.fault, Fault::CarriesOut | Fault::RefusesAndActs);
        let rests = matches!(self.fault, Fault::Refuses | Fault::LosesEffect);
        if acts || rule.claim.answer == Answer::Done && !rests {
            apply(account, op);
        }
        if let (Fault::RenameLoses(kind), Operation::UpdateUser(user, change)) = (self.fault, *op) {
            let user = change.name.unwrap_or(user);
            let held: Vec<_> = account.held_of(user, kind).collect();
            for it in held {
                apply(account, &Operation::Detach(user, kind, it.item));
            }
        }
        let held = op.user().into_iter().flat_map(|user| memory.held_by(user));
        for again in held.filter(|_| matches!(op.sound(), Operation::CreateUser(..))) {
            if allowed(account, &again).may_be_done() {
                apply(account, &again);
            }
        }
        Some(self.spoil(right))
    }

    /// The same call once more, about another item, where it is one that does all twice.
    #[must_use]
    pub fn twice(&self, op: &Operation, other: impl FnOnce() -> Item) -> Option<Operation> {
        let named = self.rule.split('/').next() == op.call().map(|call| call.api);
        match *op {
            Operation::Issue(user, kind, ..) if named && self.fault == Fault::ActsTwice => {
                Some(Operation::Issue(user, kind, other(), With::Nothing))
            }
            _ => None,
        }
    }

    fn spoil(&self, right: Observed) -> Observed {
        match (self.fault, right) {
            (Fault::CarriesOut, _) => Observed::DONE,
            (Fault::Refuses, _) => Observed::Refused {
                http: 409,
                code: "DeleteConflict".to_owned(),
                message: Some("Cannot be done.".to_owned()),
            },
            (Fault::Code(http, code), Observed::Refused { message, .. }) => {
                Observed::Refused { http, code: code.to_owned(), message }
            }
            (Fault::Status(http), Observed::Refused { code, message, .. }) => {
                Observed::Refused { http, code, message }
            }
            (Fault::Text(text), Observed::Refused { http, code, .. }) => {
                Observed::Refused { http, code, message: Some(text.to_owned()) }
            }
            (_, Observed::Done(Some(shown))) => Observed::Done(Some(self.relist(shown))),
            (_, right) => right,
        }
    }

    /// The wrong listing.
    fn relist(&self, mut shown: Shown) -> Shown {
        match self.fault {
            Fault::ListsNothing => return Shown::default(),
            Fault::ListsTwice => {
                shown.items = shown.items.iter().flat_map(|it| [*it, *it]).collect();
            }
            Fault::LosesPage if shown.items.len() > 1 => drop(shown.items.remove(1)),
            Fault::RepeatsPage => {
                let again: Vec<_> = shown.items.iter().rev().skip(1).copied().collect();
                shown.items.extend(again);
                shown.items.sort_unstable();
            }
            Fault::ListsOneLess => drop(shown.items.pop()),
            _ => {}
        }
        shown
    }

    /// The model that it answers by, where that is one with a fault.
    pub(crate) const fn model(&self) -> Option<ModelFault> {
        if let Fault::Model(fault) = self.fault { Some(fault) } else { None }
    }
}
