//! Endpoints that are wrong in one known way. A judge is believed when it has said no: each mutant
//! must be caught by a finding that names the rule it breaks.
//!
//! What a mutant remembers of the account, where what is wrong with it is that it does not forget.
//!
//! The faults that have a name of their own, each as some endpoint has had it or might.

pub mod kill;
mod systematic;

use std::collections::BTreeSet;

use iamspec_model::check::model_mutants::Fault as ModelFault;
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    Account, Answer, Change, Item, Kind, Operation, Rule, User, With, allowed, apply,
};

use crate::concurrency::catalog::races;
use crate::oracle::messages::Value;
use crate::reference::answer;
use crate::response::{Observed, Shown};

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

/// What was so before.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// The account before the last call that changed something.
    pub(crate) before: Account,
    /// The calls by which each user would get again what it held last.
    held: Vec<(User, Vec<Operation>)>,
}

impl Fault {
    /// Whether it is about what was so before.
    #[must_use]
    pub const fn remembers(self) -> bool {
        matches!(self, Self::ListsLate | Self::Resurrects(_) | Self::ResurrectsBoundary)
    }
}

impl Memory {
    /// Takes note of what a call has changed.
    pub(crate) fn note(&mut self, fault: Fault, op: &Operation, before: Account, after: &Account) {
        if before == *after {
            return;
        }
        for user in after.users() {
            let held = again(fault, after, user);
            if !held.is_empty() {
                self.held.retain(|(it, _)| *it != user);
                self.held.push((user, held));
            }
        }
        // Who gets another name takes all along, and leaves nothing to the next who has the old one.
        if let Operation::UpdateUser(user, Change { name: Some(_), .. }) = *op {
            self.held.retain(|(it, _)| *it != user);
        }
        self.before = before;
    }

    /// The calls by which a user gets again what the one of its name held last.
    pub(crate) fn held_by(&self, user: User) -> impl Iterator<Item = Operation> + use<'_> {
        self.held.iter().filter(move |(it, _)| *it == user).flat_map(|(_, held)| held).copied()
    }
}

/// How a user would get again what it holds now, of that with which the fault is concerned.
fn again(fault: Fault, account: &Account, user: User) -> Vec<Operation> {
    match fault {
        Fault::Resurrects(kind) => {
            account.held_of(user, kind).map(|it| attach(user, kind, it.item)).collect()
        }
        Fault::ResurrectsBoundary => {
            account.boundary(user).map(|it| Operation::PutBoundary(user, it)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn attach(user: User, kind: Kind, item: Item) -> Operation {
    if kind.row().naming == Naming::Service {
        Operation::Issue(user, kind, item, With::Nothing)
    } else {
        Operation::Attach(user, kind, item)
    }
}

/// The faults that have a name, beside that of forgetting one kind: name, rule, shown by, fault.
pub(crate) const NAMED: [(&str, &str, &str, Fault); 17] = [
    ("deletes-nobody", "DeleteUser/carried-out", "DeleteUser/carried-out", Fault::Refuses),
    (
        "deletes-despite-refusal",
        "DeleteUser/holds-access-key",
        "DeleteAccessKey/carried-out",
        Fault::RefusesAndActs,
    ),
    ("delete-is-lost", "DeleteUser/carried-out", "CreateUser/carried-out", Fault::LosesEffect),
    (
        "conflict-is-validation-error",
        "DeleteUser/holds-managed-policy",
        "DeleteUser/holds-managed-policy",
        Fault::Code(400, "ValidationError"),
    ),
    (
        "conflict-is-limit-exceeded",
        "DeleteUser/holds-inline-policy",
        "DeleteUser/holds-inline-policy",
        Fault::Code(409, "LimitExceeded"),
    ),
    (
        "conflict-is-400",
        "DeleteUser/holds-login-profile",
        "DeleteUser/holds-login-profile",
        Fault::Status(400),
    ),
    (
        "conflict-has-other-words",
        "DeleteUser/holds-inline-policy",
        "DeleteUser/holds-inline-policy",
        Fault::Text("User has inline policies."),
    ),
    (
        "second-password",
        "CreateLoginProfile/already-held",
        "CreateLoginProfile/already-held",
        Fault::CarriesOut,
    ),
    (
        "third-access-key",
        "CreateAccessKey/quota-reached",
        "CreateAccessKey/quota-reached",
        Fault::CarriesOut,
    ),
    (
        "device-on-two-users",
        "EnableMFADevice/held-by-another",
        "EnableMFADevice/held-by-another",
        Fault::CarriesOut,
    ),
    (
        "detach-is-idempotent",
        "DetachUserPolicy/not-held",
        "DetachUserPolicy/not-held",
        Fault::CarriesOut,
    ),
    (
        "leaving-needs-membership",
        "RemoveUserFromGroup/not-held",
        "RemoveUserFromGroup/not-held",
        Fault::Refuses,
    ),
    ("group-with-members-goes", "DeleteGroup/in-use", "DeleteGroup/in-use", Fault::CarriesOut),
    (
        "key-deletion-is-lost",
        "DeleteAccessKey/carried-out",
        "ListAccessKeys/carried-out",
        Fault::LosesEffect,
    ),
    (
        "status-is-lost",
        "UpdateAccessKey/carried-out",
        "ListAccessKeys/carried-out",
        Fault::LosesEffect,
    ),
    (
        "lists-no-groups",
        "ListGroupsForUser/carried-out",
        "ListGroupsForUser/carried-out",
        Fault::ListsNothing,
    ),
    (
        "lists-policies-twice",
        "ListUserPolicies/carried-out",
        "ListUserPolicies/carried-out",
        Fault::ListsTwice,
    ),
];
