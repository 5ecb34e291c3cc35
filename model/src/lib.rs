//! An executable specification of AWS IAM user attachments and of the preconditions of
//! `DeleteUser`.
//!
//! The modules in dependency order; each one uses only those before it:
//!
//! - [`ids`]: symbolic names and request options.
//! - [`evidence`]: the facts about AWS, and the level of a rule that cites them.
//! - [`kind`]: the kinds of attachments, resources and sub-resources.
//! - [`rule`]: the types of rules: actions, clauses, conditions, error codes.
//! - [`operation`]: API calls with symbolic parameters.
//! - [`tables`]: every action with its clauses, one row for each kind.
//! - [`state`]: the state of an account, a set of facts.
//! - [`semantics`]: two pure functions: the allowed responses, and the state after a response.
//! - [`logic`]: a second description of the model in first-order logic, for proofs without bounds.
//! - `check` (a feature): the exhaustive check of the specification itself.
//!
//! ```
//! use iamspec_model::{
//!     Account, AttachmentKind, Effect, IssueOptions, Item, Operation, User, allowed, next,
//! };
//!
//! let user = User(0);
//! let key = Operation::Issue(user, AttachmentKind::AccessKey, Item(0), IssueOptions::None);
//! let script = [Operation::create_user(user), key];
//! let account =
//!     script.iter().fold(Account::default(), |account, op| next(&account, op, Effect::Success));
//! let allowed = allowed(&account, &Operation::DeleteUser(user));
//! assert!(!allowed.may_succeed());
//! let ids: Vec<_> = allowed.rules().map(|rule| rule.id()).collect();
//! assert_eq!(ids, ["DeleteUser/holds-access-key"]);
//! ```

#[cfg(feature = "check")]
pub mod check;
pub mod evidence;
pub mod ids;
pub mod kind;
pub mod logic;
pub mod operation;
pub mod rule;
pub mod semantics;
pub mod state;
pub mod tables;

#[cfg(feature = "check")]
pub use check::scope::Scope;
pub use evidence::{Evidence, FACTS, Fact, Level, Strength};
pub use ids::{
    CreateUserOptions, Filter, IssueOptions, Item, Path, SERVICES, Service, Status, User,
    UserChange,
};
pub use kind::{
    AttachmentAction, AttachmentKind, Resource, ResourceAction, ResourceKind, SubResource,
    SubResourceAction,
};
pub use operation::{InvalidRequest, Operation};
pub use rule::{Action, Clause, Condition, ErrorCode, Expected, InputError, Rule};
pub use semantics::deletion_plan::{deletion_plan, deletion_plan_with_devices};
pub use semantics::listing::{Entity, Listed, listing};
pub use semantics::{Allowed, Effect, allowed, apply, next, possible_states};
pub use state::{Account, Attachment, SubResourceEntry, USERS_PER_ACCOUNT};
pub use tables::attachments::{ATTACHMENTS, AttachmentRow};
pub use tables::validation::INVALID_REQUESTS;
pub use tables::{ActionEntry, ActionTarget, find_action, rules};
