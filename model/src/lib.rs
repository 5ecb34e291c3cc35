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
//! let script = [create, Operation::Issue(user, Kind::AccessKey, Item(0), With::Nothing)];
//! let account = script.iter().fold(Account::default(), |account, op| next(&account, op, Outcome::Done));
//! let answer = allowed(&account, &Operation::DeleteUser(user));
//! assert!(!answer.may_be_done());
//! assert_eq!(answer.rules().map(|rule| rule.id()).collect::<Vec<_>>(), ["DeleteUser/holds-access-key"]);
//! ```

pub mod interleave;

pub mod kind;

pub mod object;

mod packed;

pub mod account;

mod change;

mod print;

pub mod symbol;

pub mod operation;

pub mod thing;

pub mod evidence;

pub mod reason;

pub mod claim;

pub mod flaw;

pub mod statement;

pub mod precedence;

pub mod step;

mod shown;

pub mod beside;

pub mod scope;

pub mod property;

pub mod symmetry;

pub mod catalogue;

pub mod plan;

pub mod engine;

pub mod walk;

mod transition;

mod neighbour;

mod recount;

mod progress;

mod split;

pub mod fault;

pub use account::{Account, Held, Piece, USERS_PER_ACCOUNT};
pub use claim::{Answer, Call, Claim, Code, Rule, rules};
pub use evidence::{Evidence, FACTS, Fact, Level, Strength};
pub use flaw::{Defect, FLAWS, Flaw};
pub use kind::{Item, Kind, Row, Service, Status, TABLE};
pub use object::{Class, Object, Part};
pub use operation::{Change, Extras, Operation, Path, User, Verb, Which, With};
pub use plan::{plan, plan_with_devices};
pub use reason::Reason;
pub use scope::Scope;
pub use shown::shown;
pub use step::{Allowed, Outcome, allowed, apply, next, worlds};
pub use thing::{Seen, Thing};
