//! An executable model of what can be attached to an AWS IAM user, and of when `DeleteUser` is
//! carried out.
//!
//! Read in this order: [`kind`] (the nine kinds of attachment, one row each), [`object`] (what
//! exists besides users), [`account`] (the state, a set of facts), [`operation`] (the questions),
//! [`reason`] (predicates on the state), [`claim`] (when a call is refused or carried out, and how
//! we know), [`step`] (the two pure
//! functions), [`scope`] and [`property`] (the exhaustive check of states), [`catalogue`] (the scopes that are
//! checked), [`mod@plan`] (what must be done before a user can go), [`engine`] (a search through scopes that are too large
//! for stateright), [`walk`] (the exhaustive check of calls; its sentences stand in `transition.rs`), [`fault`] (what
//! these must notice).
//!
//! ```
//! use iamspec_model::{
//!     Account, Item, Kind, Operation, Outcome, User, With, allowed, next,
//! };
//!
//! let user = User(0);
//! let create = Operation::create_user(user);
//! let script = [create, Operation::Issue(user, AttachmentKind::AccessKey, Item(0), IssueOptions::Nothing)];
//! let account = script.iter().fold(Account::default(), |account, op| next(&account, op, Effect::Done));
//! let answer = allowed(&account, &Operation::DeleteUser(user));
//! assert!(!answer.may_be_done());
//! assert_eq!(answer.rules().map(|rule| rule.id()).collect::<Vec<_>>(), ["DeleteUser/holds-access-key"]);
//! ```

pub mod check;
pub mod evidence;
pub mod ids;
pub mod operation;
pub mod rule;
pub mod semantics;
pub mod state;
pub mod tables;

pub use check::scope::Scope;
pub use evidence::{Evidence, FACTS, Fact, Level, Strength};
pub use ids::{
    AttachmentAction, CreateUserOptions, Entity, Filter, IssueOptions, Listed, Path, User,
    UserChange,
};
pub use operation::Operation;
pub use rule::{Action, Clause, ErrorCode, Expected, Rule, rules};
pub use semantics::conditions::Condition;
pub use semantics::deletion_plan::{plan, plan_with_devices};
pub use semantics::listing::shown;
pub use semantics::{Allowed, Effect, allowed, apply, next, worlds};
pub use state::{Account, Attachment, SubResourceEntry, USERS_PER_ACCOUNT};
pub use tables::attachments::{AttachmentKind, AttachmentRow, Item, Service, Status, TABLE};
pub use tables::resources::{Resource, ResourceKind};
pub use tables::sub_resources::SubResource;
pub use tables::validation::{INVALID_REQUESTS, InputError, InvalidRequest};
