//! A reference endpoint that deviates from AWS in one known way.

use iamspec_model::check::model_mutants::ModelMutant as ModelFault;
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    Account, AttachmentKind, Expected, IssueOptions, Item, Operation, Rule, User, UserChange,
    allowed, apply,
};

use crate::oracle::messages::Value;
use crate::reference::response::answer;
use crate::response::{Listing, Response};

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
    pub fault: Deviation,
}

/// What goes wrong where a rule is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deviation {
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
    RenameLoses(AttachmentKind),
    /// A user holds what one of its name that was deleted held of this kind.
    Resurrects(AttachmentKind),
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
pub(crate) const LOOKS_THEN_ACTS: &str = "check-then-act:";

impl Deviation {
    /// Whether it shows on the wire alone: in memory an answer has no form.
    #[must_use]
    pub const fn is_of_the_wire(self) -> bool {
        matches!(self, Self::BreaksXml | Self::Odd(_))
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

impl Deviation {
    /// Whether it is about what was so before.
    #[must_use]
    pub const fn remembers(self) -> bool {
        matches!(self, Self::ListsLate | Self::Resurrects(_) | Self::ResurrectsBoundary)
    }
}

impl Memory {
    /// Takes note of what a call has changed.
    pub(crate) fn note(
        &mut self,
        fault: Deviation,
        op: &Operation,
        before: Account,
        after: &Account,
    ) {
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
        if let Operation::UpdateUser(user, UserChange { name: Some(_), .. }) = *op {
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
fn again(fault: Deviation, account: &Account, user: User) -> Vec<Operation> {
    match fault {
        Deviation::Resurrects(kind) => {
            account.held_of(user, kind).map(|it| attach(user, kind, it.item)).collect()
        }
        Deviation::ResurrectsBoundary => {
            account.boundary(user).map(|it| Operation::PutBoundary(user, it)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn attach(user: User, kind: AttachmentKind, item: Item) -> Operation {
    if kind.row().naming == Naming::Service {
        Operation::Issue(user, kind, item, IssueOptions::Nothing)
    } else {
        Operation::Attach(user, kind, item)
    }
}

impl Mutant {
    /// Whether this call is one that it looks at first and carries out then.
    #[must_use]
    pub fn looks_first(&self, api: &str) -> bool {
        self.fault == Deviation::LooksThenActs
            && self.name.strip_prefix(LOOKS_THEN_ACTS) == Some(api)
    }

    /// The wrong answer, with its effect, where the rule that it breaks decides.
    pub(crate) fn settle(
        &self,
        (account, memory): (&mut Account, &Memory),
        op: &Operation,
        rule: Rule,
        value: Value<'_>,
    ) -> Option<Response> {
        let elsewhere = matches!(self.fault, Deviation::Model(_) | Deviation::LooksThenActs);
        if rule.id() != self.rule || elsewhere {
            return None;
        }
        let late = self.fault == Deviation::ListsLate;
        let right = answer(if late { &memory.before } else { account }, op, rule, value);
        let acts = matches!(self.fault, Deviation::CarriesOut | Deviation::RefusesAndActs);
        let rests = matches!(self.fault, Deviation::Refuses | Deviation::LosesEffect);
        if acts || rule.claim.answer == Expected::Done && !rests {
            apply(account, op);
        }
        if let (Deviation::RenameLoses(kind), Operation::UpdateUser(user, change)) =
            (self.fault, *op)
        {
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
            Operation::Issue(user, kind, ..) if named && self.fault == Deviation::ActsTwice => {
                Some(Operation::Issue(user, kind, other(), IssueOptions::Nothing))
            }
            _ => None,
        }
    }

    fn spoil(&self, right: Response) -> Response {
        match (self.fault, right) {
            (Deviation::CarriesOut, _) => Response::DONE,
            (Deviation::Refuses, _) => Response::Refused {
                http: 409,
                code: "DeleteConflict".to_owned(),
                message: Some("Cannot be done.".to_owned()),
            },
            (Deviation::Code(http, code), Response::Refused { message, .. }) => {
                Response::Refused { http, code: code.to_owned(), message }
            }
            (Deviation::Status(http), Response::Refused { code, message, .. }) => {
                Response::Refused { http, code, message }
            }
            (Deviation::Text(text), Response::Refused { http, code, .. }) => {
                Response::Refused { http, code, message: Some(text.to_owned()) }
            }
            (_, Response::Done(Some(shown))) => Response::Done(Some(self.relist(shown))),
            (_, right) => right,
        }
    }

    /// The wrong listing.
    fn relist(&self, mut shown: Listing) -> Listing {
        match self.fault {
            Deviation::ListsNothing => return Listing::default(),
            Deviation::ListsTwice => {
                shown.items = shown.items.iter().flat_map(|it| [*it, *it]).collect();
            }
            Deviation::LosesPage if shown.items.len() > 1 => drop(shown.items.remove(1)),
            Deviation::RepeatsPage => {
                let again: Vec<_> = shown.items.iter().rev().skip(1).copied().collect();
                shown.items.extend(again);
                shown.items.sort_unstable();
            }
            Deviation::ListsOneLess => drop(shown.items.pop()),
            _ => {}
        }
        shown
    }

    /// The model that it answers by, where that is one with a fault.
    pub(crate) const fn model(&self) -> Option<ModelFault> {
        if let Deviation::Model(fault) = self.fault { Some(fault) } else { None }
    }
}
