//! Deviations: the ways in which a mutant of the reference endpoint differs from AWS.
//!
//! A [`Mutant`] applies one [`Deviation`] when one rule decides. Deviations of the wire format are
//! applied by the reference server, because a response in memory has no format.

use iamspec_model::check::model_mutants::ModelMutant;
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    Account, AttachmentKind, Expected, IssueOptions, Item, Operation, Rule, User, UserChange,
    allowed, apply, listing,
};

use crate::oracle::messages;
use crate::oracle::messages::Value;
use crate::oracle::wire::WireRule;
use crate::reference::form_fault::FormFault;
use crate::response::{Listing, Response};

/// An endpoint that is wrong in one known way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// The name on the command line.
    pub name: String,
    /// The rule that the mutant breaks.
    pub rule: String,
    /// The rule that a finding must name. It differs from `rule` if another call shows the
    /// deviation.
    pub shown_by: String,
    /// The deviation.
    pub deviation: Deviation,
}

/// A deviation that applies when the mutant's rule decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deviation {
    /// The operation succeeds instead of being refused.
    Succeeds,
    /// The operation is refused instead of succeeding.
    Refuses,
    /// The operation is refused, but takes effect.
    RefusesWithEffect,
    /// The operation succeeds without an effect.
    LosesEffect,
    /// The refusal has this HTTP status and error code.
    Code(u16, &'static str),
    /// The refusal has this HTTP status.
    Status(u16),
    /// The refusal has this message.
    Text(&'static str),
    /// The listing is empty.
    ListsNothing,
    /// The listing contains every item twice.
    ListsTwice,
    /// The listing lacks its last item.
    OmitsLast,
    /// The listing shows the state before the last change.
    ListsStale,
    /// A listing read page by page lacks the first item of the second page.
    LosesPage,
    /// Every page except the first begins with the last item of the previous page.
    RepeatsPage,
    /// A renamed user loses its attachments of this kind.
    RenameLoses(AttachmentKind),
    /// A new user gets the attachments of this kind that a deleted user of the same name held.
    Resurrects(AttachmentKind),
    /// The next user of a name gets the attachments of this kind that a renamed user took with it.
    StaysAtName(AttachmentKind),
    /// A new user gets the permissions boundary of a deleted user of the same name.
    ResurrectsBoundary,
    /// One operation creates two items that the service names.
    CreatesTwo,
    /// The endpoint behaves like the model with this mutation.
    Model(ModelMutant),
    /// The response is truncated XML.
    TruncatesXml,
    /// This member of the response has the wrong format.
    WrongFormat(&'static str),
    /// The form of the response violates this wire rule.
    WrongForm(&'static WireRule, FormFault),
    /// The endpoint checks first and acts later, so that other operations can run in between.
    ChecksThenActs,
    /// The endpoint does not implement the action.
    Unimplemented,
}

/// The name prefix of mutants that check first and act later, before the action.
pub(crate) const CHECK_THEN_ACT: &str = "check-then-act:";

/// The name prefix of mutants without an action, before the action.
pub(crate) const WITHOUT: &str = "without:";

impl Deviation {
    /// Whether only the wire format deviates. A response in memory has no format.
    #[must_use]
    pub const fn is_wire_format(self) -> bool {
        matches!(self, Self::TruncatesXml | Self::WrongFormat(_) | Self::WrongForm(..))
    }

    /// Whether the deviation needs [`Memory`].
    #[must_use]
    pub const fn needs_memory(self) -> bool {
        matches!(
            self,
            Self::ListsStale
                | Self::Resurrects(_)
                | Self::ResurrectsBoundary
                | Self::StaysAtName(_)
        )
    }
}

/// Earlier states, for deviations that need them.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// The account before the last change.
    pub(crate) before: Account,
    /// For each user, the operations that restore what it last held.
    restore: Vec<(User, Vec<Operation>)>,
}

impl Memory {
    /// Records the change that an operation made.
    pub(crate) fn record(
        &mut self,
        fault: Deviation,
        op: &Operation,
        before: Account,
        after: &Account,
    ) {
        if before == *after {
            return;
        }
        if let Deviation::StaysAtName(_) = fault {
            if let Operation::UpdateUser(user, UserChange { name: Some(_), .. }) = *op {
                self.restore.retain(|(it, _)| *it != user);
                self.restore.push((user, restoring(fault, &before, user)));
            }
            self.before = before;
            return;
        }
        for user in after.users() {
            let operations = restoring(fault, after, user);
            if !operations.is_empty() {
                self.restore.retain(|(it, _)| *it != user);
                self.restore.push((user, operations));
            }
        }
        // A rename moves everything to the new name; nothing remains for the next user of the old
        // one.
        if let Operation::UpdateUser(user, UserChange { name: Some(_), .. }) = *op {
            self.restore.retain(|(it, _)| *it != user);
        }
        self.before = before;
    }

    /// The operations that restore what the last user of this name held.
    pub(crate) fn restoring(&self, user: User) -> impl Iterator<Item = Operation> + use<'_> {
        let of_user = self.restore.iter().filter(move |(it, _)| *it == user);
        of_user.flat_map(|(_, operations)| operations).copied()
    }
}

/// The operations that restore what the user holds now, as far as the deviation concerns it.
fn restoring(fault: Deviation, account: &Account, user: User) -> Vec<Operation> {
    match fault {
        Deviation::Resurrects(kind) | Deviation::StaysAtName(kind) => {
            account.attachments_of_kind(user, kind).map(|it| attach(user, kind, it.item)).collect()
        }
        Deviation::ResurrectsBoundary => {
            account.boundary(user).map(|it| Operation::PutBoundary(user, it)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn attach(user: User, kind: AttachmentKind, item: Item) -> Operation {
    if kind.row().naming == Naming::Service {
        Operation::Issue(user, kind, item, IssueOptions::None)
    } else {
        Operation::Attach(user, kind, item)
    }
}

impl Mutant {
    /// Whether the mutant checks this action first and acts later.
    #[must_use]
    pub fn checks_first(&self, api: &str) -> bool {
        self.deviation == Deviation::ChecksThenActs
            && self.name.strip_prefix(CHECK_THEN_ACT) == Some(api)
    }

    /// Whether the mutant does not implement the action of an operation.
    pub(crate) fn lacks(&self, op: &Operation) -> bool {
        self.deviation == Deviation::Unimplemented
            && op.action().is_some_and(|it| self.name.strip_prefix(WITHOUT) == Some(it.api))
    }

    /// Responds with the deviation and applies its effect. Returns `None` if another rule decides.
    pub(crate) fn respond(
        &self,
        (account, memory): (&mut Account, &Memory),
        op: &Operation,
        rule: Rule,
        value: Value<'_>,
    ) -> Option<Response> {
        let is_applied_elsewhere = matches!(
            self.deviation,
            Deviation::Model(_) | Deviation::ChecksThenActs | Deviation::Unimplemented
        );
        if rule.id() != self.rule || is_applied_elsewhere {
            return None;
        }
        let stale = self.deviation == Deviation::ListsStale;
        let correct =
            expected_response(if stale { &memory.before } else { account }, op, rule, value);
        let takes_effect =
            matches!(self.deviation, Deviation::Succeeds | Deviation::RefusesWithEffect);
        let has_no_effect = matches!(self.deviation, Deviation::Refuses | Deviation::LosesEffect);
        if takes_effect || rule.clause.expected == Expected::Success && !has_no_effect {
            apply(account, op);
        }
        if let (Deviation::RenameLoses(kind), Operation::UpdateUser(user, change)) =
            (self.deviation, *op)
        {
            let user = change.name.unwrap_or(user);
            let held: Vec<_> = account.attachments_of_kind(user, kind).collect();
            for it in held {
                apply(account, &Operation::Detach(user, kind, it.item));
            }
        }
        let restoring = op.user().into_iter().flat_map(|user| memory.restoring(user));
        for restore in restoring.filter(|_| matches!(op.well_formed(), Operation::CreateUser(..))) {
            let stays = matches!(self.deviation, Deviation::StaysAtName(_));
            if stays || allowed(account, &restore).may_succeed() {
                apply(account, &restore);
            }
        }
        Some(self.deviate(correct))
    }

    /// The second operation of a mutant that creates two items, with another item.
    #[must_use]
    pub fn second_creation(
        &self,
        op: &Operation,
        other: impl FnOnce() -> Item,
    ) -> Option<Operation> {
        let breaks_action = self.rule.split('/').next() == op.action().map(|call| call.api);
        match *op {
            Operation::Issue(user, kind, ..)
                if breaks_action && self.deviation == Deviation::CreatesTwo =>
            {
                Some(Operation::Issue(user, kind, other(), IssueOptions::None))
            }
            _ => None,
        }
    }

    /// The deviating response.
    fn deviate(&self, correct: Response) -> Response {
        match (self.deviation, correct) {
            (Deviation::Succeeds, _) => Response::SUCCESS,
            (Deviation::Refuses, _) => Response::Refused {
                http: 409,
                code: "DeleteConflict".to_owned(),
                message: Some("Cannot be done.".into()),
            },
            (Deviation::Code(http, code), Response::Refused { message, .. }) => {
                Response::Refused { http, code: code.to_owned(), message }
            }
            (Deviation::Status(http), Response::Refused { code, message, .. }) => {
                Response::Refused { http, code, message }
            }
            (Deviation::Text(text), Response::Refused { http, code, .. }) => {
                Response::Refused { http, code, message: Some(text.into()) }
            }
            (_, Response::Success(Some(shown))) => {
                Response::Success(Some(self.deviating_listing(shown)))
            }
            (_, correct) => correct,
        }
    }

    /// The deviating listing.
    fn deviating_listing(&self, mut listing: Listing) -> Listing {
        match self.deviation {
            Deviation::ListsNothing => return Listing::default(),
            Deviation::ListsTwice => {
                listing.items = listing.items.iter().flat_map(|it| [*it, *it]).collect();
            }
            Deviation::LosesPage if listing.items.len() > 1 => drop(listing.items.remove(1)),
            Deviation::RepeatsPage => {
                let repeated: Vec<_> = listing.items.iter().rev().skip(1).copied().collect();
                listing.items.extend(repeated);
                listing.items.sort_unstable();
            }
            Deviation::OmitsLast => drop(listing.items.pop()),
            _ => {}
        }
        listing
    }

    /// The model mutation, if the deviation is one.
    pub(crate) const fn model(&self) -> Option<ModelMutant> {
        if let Deviation::Model(fault) = self.deviation { Some(fault) } else { None }
    }
}

/// The response to an operation that this rule decides.
pub(crate) fn expected_response(
    account: &Account,
    op: &Operation,
    rule: Rule,
    value: Value<'_>,
) -> Response {
    match rule.clause.expected {
        Expected::Success => Response::Success(listing(account, op).map(Listing::of)),
        Expected::Refused(code) => Response::Refused {
            http: code.http_status(),
            code: code.name().to_owned(),
            message: messages::reference_message(rule, account, op, value).map(Into::into),
        },
    }
}
