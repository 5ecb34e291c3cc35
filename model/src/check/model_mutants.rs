//! Model mutants: deliberate errors in the model, derived from its tables.
//!
//! The properties must detect every mutant, except those in [`EQUIVALENT`], which change no
//! behavior.

use std::fmt;

use crate::ids::{Status, User};
use crate::kind::{AttachmentAction, AttachmentKind, ResourceAction, SubResourceAction};
use crate::operation::Operation;
use crate::rule::{Action, Clause, Condition, InputError};
use crate::semantics::conditions::holds;
use crate::semantics::{Allowed, Effect, allowed_if, apply, next};
use crate::state::Account;
use crate::tables::attachments::ATTACHMENTS;
use crate::tables::{ActionTarget, actions, find_action, resources, rules};

/// One error in the model. Each variant has the API name of the action that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelMutant {
    /// The rule with this condition is never in force.
    NeverApplies(&'static str, Condition),
    /// The rule is always in force.
    AlwaysApplies(&'static str, Condition),
    /// The rule is in force only for the first user, resource and item.
    AppliesToFirstOnly(&'static str, Condition),
    /// The rule is in force only if its condition still holds with any one fact less.
    AppliesOneTooLate(&'static str, Condition),
    /// Each of two rules is in force if the other one should be.
    Swaps(&'static str, Condition, Condition),
    /// The call succeeds and has no effect.
    LosesEffect(&'static str),
    /// The call has the opposite effect.
    ReversesEffect(&'static str),
    /// The call affects the next kind of attachment instead.
    OtherKind(&'static str),
    /// The call affects another user instead.
    OtherUser(&'static str),
    /// The call affects every user that holds the item.
    AllUsers(&'static str),
    /// The call removes all items of the kind from the user.
    AllItems(&'static str),
}

impl ModelMutant {
    /// Every mutant that the tables imply.
    pub fn all() -> impl Iterator<Item = Self> {
        let apis = |column| {
            ATTACHMENTS.iter().filter_map(move |row| row.action(column)).map(|action| action.api)
        };
        let changing = || actions().map(|action| action.api).filter(|api| !has_no_effect(api));
        let of_attachments = move || {
            [AttachmentAction::Attach, AttachmentAction::SetStatus, AttachmentAction::Detach]
                .into_iter()
                .flat_map(apis)
        };
        rule_mutants()
            .chain(actions().flat_map(confusions))
            .chain(changing().map(Self::LosesEffect))
            .chain(changing().filter(|api| has_opposite(api)).map(Self::ReversesEffect))
            .chain(of_attachments().map(Self::OtherKind))
            .chain(of_attachments().map(Self::OtherUser))
            .chain(apis(AttachmentAction::Detach).map(Self::AllUsers))
            .chain(apis(AttachmentAction::Detach).map(Self::AllItems))
    }

    /// The API name of the action that is wrong.
    #[must_use]
    pub const fn api(self) -> &'static str {
        match self {
            Self::NeverApplies(api, _)
            | Self::AlwaysApplies(api, _)
            | Self::AppliesToFirstOnly(api, _)
            | Self::AppliesOneTooLate(api, _)
            | Self::Swaps(api, ..)
            | Self::LosesEffect(api)
            | Self::ReversesEffect(api)
            | Self::OtherKind(api)
            | Self::OtherUser(api)
            | Self::AllUsers(api)
            | Self::AllItems(api) => api,
        }
    }

    /// The allowed responses in the model with this error.
    #[must_use]
    pub fn allowed(self, account: &Account, op: &Operation) -> Allowed {
        allowed_if(account, op, &|action, clause| self.holds(account, op, action, clause))
    }

    /// Returns true if the model with this error evaluates the condition of the clause as true.
    fn holds(self, account: &Account, op: &Operation, action: &Action, clause: &Clause) -> bool {
        let condition = clause.condition;
        let is_affected = |api, of| action.api == api && condition == of;
        let original = |condition: Condition| holds(condition, account, op);
        match self {
            Self::NeverApplies(api, of) if is_affected(api, of) => false,
            Self::AlwaysApplies(api, of) if is_affected(api, of) => true,
            Self::AppliesToFirstOnly(api, of) if is_affected(api, of) => {
                names_only_first(op) && original(condition)
            }
            Self::AppliesOneTooLate(api, of) if is_affected(api, of) => {
                original(condition)
                    && account.without_each().all(|fewer| holds(condition, &fewer, op))
            }
            Self::Swaps(api, one, other) if is_affected(api, one) => original(other),
            Self::Swaps(api, one, other) if is_affected(api, other) => original(one),
            _ => original(condition),
        }
    }

    /// The state after the call succeeds in the model with this error.
    #[must_use]
    pub fn next(self, account: &Account, op: &Operation) -> Account {
        let mut after = next(account, op, Effect::Success);
        let with_instead = |other: Option<Operation>| {
            let mut account = account.clone();
            other.inspect(|other| apply(&mut account, other));
            account
        };
        if op.action().is_none_or(|action| action.api != self.api()) {
            return after;
        }
        match (self, *op) {
            (Self::LosesEffect(_), _) => with_instead(None),
            (Self::ReversesEffect(_), _) => with_instead(opposite(op)),
            (Self::OtherKind(_), _) => {
                with_instead(retarget(op, |user, kind| (user, next_kind(kind))))
            }
            (Self::OtherUser(_), _) => {
                let other = |user: User| account.users().find(|it| *it != user).unwrap_or(user);
                with_instead(retarget(op, |user, kind| (other(user), kind)))
            }
            (Self::AllUsers(_), Operation::Detach(_, kind, item)) => {
                for user in account.holders(kind, item) {
                    apply(&mut after, &Operation::Detach(user, kind, item));
                }
                after
            }
            (Self::AllItems(_), Operation::Detach(user, kind, _)) => {
                for held in account.attachments_of_kind(user, kind) {
                    apply(&mut after, &Operation::Detach(user, kind, held.item));
                }
                after
            }
            _ => after,
        }
    }
}

/// The mutants of single rules.
fn rule_mutants() -> impl Iterator<Item = ModelMutant> {
    rules().flat_map(|rule| {
        let (api, condition) = (rule.action.api, rule.clause.condition);
        // A listing with one item per page succeeds if and only if the plain listing does.
        let is_paged = matches!(condition, Condition::InvalidInput(_, InputError::OnePerPage));
        // A rule that is in force in every state cannot be in force too often.
        let overdoes = match condition {
            Condition::Unhindered => None,
            Condition::InvalidInput(_, error) if !error.needs_subject() || is_paged => None,
            _ => Some(ModelMutant::AlwaysApplies(api, condition)),
        };
        let of_the_first = (!names_nothing(api) && !is_paged)
            .then_some(ModelMutant::AppliesToFirstOnly(api, condition));
        let needs_one_more =
            depends_on_number(condition).then_some(ModelMutant::AppliesOneTooLate(api, condition));
        [Some(ModelMutant::NeverApplies(api, condition)), overdoes, of_the_first, needs_one_more]
            .into_iter()
            .flatten()
    })
}

/// Each pair of rules of an action.
fn confusions(action: &'static Action) -> impl Iterator<Item = ModelMutant> {
    let clauses = action.clauses.iter().enumerate();
    clauses.filter(|(_, it)| it.condition != Condition::Unhindered).flat_map(move |(index, one)| {
        let others = action.clauses.iter().skip(index + 1);
        others.map(move |other| ModelMutant::Swaps(action.api, one.condition, other.condition))
    })
}

const fn depends_on_number(condition: Condition) -> bool {
    matches!(
        condition,
        Condition::AccountFull
            | Condition::InUse
            | Condition::IsBoundary
            | Condition::HasSubResources(_)
            | Condition::SubResourceQuotaReached
            | Condition::QuotaReached
            | Condition::Holds(_)
            | Condition::HoldsInactive(_)
    )
}

/// Returns true if everything that the call names has number 0.
fn names_only_first(op: &Operation) -> bool {
    let named_user = if let Operation::Invalid(user, _) = *op { Some(user) } else { op.user() };
    let user = named_user.map(|user| user.0);
    let resource = op.resource().map(|resource| resource.item.0);
    let items = [op.item(), op.entry()].map(|item| item.map(|item| item.0));
    [user, resource].into_iter().chain(items).flatten().all(|number| number == 0)
}

fn is_one_of(api: &str, actions: &[&Action]) -> bool {
    actions.iter().any(|action| action.api == api)
}

/// Returns true if requests of this action name no entity.
fn names_nothing(api: &str) -> bool {
    match find_action(api).map(|entry| entry.target) {
        Some(ActionTarget::Resource(_, column)) => column == ResourceAction::List,
        Some(ActionTarget::User) => is_one_of(
            api,
            &[
                &resources::LIST_USERS,
                &resources::GET_ACCOUNT_SUMMARY,
                &resources::GET_ACCOUNT_AUTHORIZATION_DETAILS,
            ],
        ),
        _ => false,
    }
}

/// Returns true if a successful call leaves the state unchanged, so no effect can be lost.
fn has_no_effect(api: &str) -> bool {
    match find_action(api).map(|entry| entry.target) {
        Some(ActionTarget::Attachment(_, column)) => matches!(
            column,
            AttachmentAction::List | AttachmentAction::Get | AttachmentAction::ResetSecret
        ),
        Some(ActionTarget::Resource(_, column)) => matches!(
            column,
            ResourceAction::Get | ResourceAction::List | ResourceAction::ListHolders
        ),
        Some(ActionTarget::SubResource(_, column)) => {
            matches!(column, SubResourceAction::List | SubResourceAction::Get)
        }
        Some(ActionTarget::User) => {
            names_nothing(api)
                || is_one_of(
                    api,
                    &[
                        &resources::GET_USER,
                        &resources::CHANGE_PASSWORD,
                        &resources::GET_ACCESS_KEY_LAST_USED,
                    ],
                )
        }
        None => false,
    }
}

/// Returns true if [`opposite`] knows an operation with the opposite effect.
fn has_opposite(api: &str) -> bool {
    match find_action(api).map(|entry| entry.target) {
        Some(ActionTarget::Attachment(_, column)) => {
            matches!(column, AttachmentAction::Attach | AttachmentAction::SetStatus)
        }
        Some(ActionTarget::Resource(_, column)) => column == ResourceAction::Create,
        Some(ActionTarget::SubResource(_, column)) => column == SubResourceAction::Add,
        Some(ActionTarget::User) => {
            is_one_of(api, &[&resources::CREATE_USER, &resources::PUT_USER_PERMISSIONS_BOUNDARY])
        }
        None => false,
    }
}

/// The operation that reverts this one.
fn opposite(op: &Operation) -> Option<Operation> {
    Some(match *op {
        Operation::CreateUser(user, _) => Operation::DeleteUser(user),
        Operation::PutBoundary(user, _) => Operation::DeleteBoundary(user),
        Operation::CreateResource(resource) => Operation::DeleteResource(resource),
        Operation::AddSubResource(resource, kind, item) => {
            Operation::RemoveSubResource(resource, kind, item)
        }
        Operation::Attach(user, kind, item) | Operation::Issue(user, kind, item, _) => {
            Operation::Detach(user, kind, item)
        }
        Operation::SetStatus(user, kind, item, status) => {
            let other = if status == Status::Active { Status::Inactive } else { Status::Active };
            Operation::SetStatus(user, kind, item, other)
        }
        _ => return None,
    })
}

/// The same operation on another user or kind.
fn retarget(
    op: &Operation,
    change: impl Fn(User, AttachmentKind) -> (User, AttachmentKind),
) -> Option<Operation> {
    let (user, kind) = change(op.user()?, op.kind()?);
    Some(match *op {
        Operation::Attach(_, _, item) => Operation::Attach(user, kind, item),
        Operation::Issue(_, _, item, options) => Operation::Issue(user, kind, item, options),
        Operation::SetStatus(_, _, item, status) => Operation::SetStatus(user, kind, item, status),
        Operation::Detach(_, _, item) => Operation::Detach(user, kind, item),
        _ => return None,
    })
}

/// The next kind in the table; the first one after the last.
fn next_kind(kind: AttachmentKind) -> AttachmentKind {
    let kinds = AttachmentKind::all().chain(AttachmentKind::all());
    kinds.skip_while(|it| *it != kind).nth(1).unwrap_or(kind)
}

impl fmt::Display for ModelMutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverApplies(api, condition) => {
                write!(f, "never applies {api}/{}", condition.slug())
            }
            Self::AlwaysApplies(api, condition) => {
                write!(f, "always applies {api}/{}", condition.slug())
            }
            Self::AppliesToFirstOnly(api, condition) => {
                write!(f, "applies {api}/{} to the first only", condition.slug())
            }
            Self::AppliesOneTooLate(api, condition) => {
                write!(f, "applies {api}/{} one fact too late", condition.slug())
            }
            Self::Swaps(api, one, other) => {
                write!(f, "swaps {api}/{} and {}", one.slug(), other.slug())
            }
            Self::LosesEffect(api) => write!(f, "loses the effect of {api}"),
            Self::ReversesEffect(api) => write!(f, "reverses the effect of {api}"),
            Self::OtherKind(api) => write!(f, "applies {api} to another kind"),
            Self::OtherUser(api) => write!(f, "applies {api} to another user"),
            Self::AllUsers(api) => write!(f, "applies {api} to all users"),
            Self::AllItems(api) => write!(f, "removes all items in {api}"),
        }
    }
}

/// Mutants that change no behavior, each with the reason.
pub const EQUIVALENT: [(&str, &str); 13] = [
    ("always applies GetUser/user-name-other-case", MISSING_USER),
    ("always applies GetUser/user-name-absent", MISSING_USER),
    ("always applies ListAccessKeys/user-name-absent", MISSING_USER),
    ("always applies GetGroup/group-name-other-case", MISSING_GROUP),
    ("always applies DeleteGroup/group-name-other-case", MISSING_GROUP),
    ("always applies DeleteUser/user-name-other-case", MISSING_USER),
    ("always applies DeleteAccessKey/user-name-absent", MISSING_USER),
    ("applies CreateGroup/group-name-other-case to the first only", FIRST_GROUP),
    ("applies GetGroup/group-name-other-case to the first only", FIRST_GROUP),
    ("applies DeleteGroup/group-name-other-case to the first only", FIRST_GROUP),
    ("swaps EnableMFADevice/no-such-object and no-right-codes", SAME_STATES),
    ("swaps ResyncMFADevice/no-such-object and no-right-codes", SAME_STATES),
    ("removes all items in DeleteLoginProfile", "a user holds at most one login profile"),
];

const FIRST_GROUP: &str = "the request names the first group and, in scopes with groups, one user";

const MISSING_GROUP: &str = "if the group does not exist, the call is refused in any form";

const MISSING_USER: &str = "if the user does not exist, the call is refused in any form";

const SAME_STATES: &str =
    "a device has no valid codes if and only if it does not exist in the model";
