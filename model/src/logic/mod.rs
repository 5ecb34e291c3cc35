//! A second description of the model, in first-order logic: statements of each call, invariants of
//! every account, and proof obligations for accounts of any size.
//!
//! - [`formula`]: formulas over the relations of an account.
//! - [`statements`]: the conditions and the effects of each action.
//! - [`structure`]: one account as a finite structure; [`evaluate`]: the truth of a formula in it.
//! - [`invariants`]: formulas that hold in every account. [`goals`]: the guarantees of each call.
//! - [`obligations`]: the formulas to prove; [`faults`]: errors in the statements that solvers must
//!   detect.
//! - [`smt`]: obligations in SMT-LIB 2, for solvers; [`notation`]: formulas for readers.
//! - [`counterexample`]: the account that a solver found, as calls. [`induction`]: shows why each
//!   invariant is needed.
//!
//! The statements are written from the documentation of AWS, and share no code with the tables and
//! the semantics. `iamspec verify` compares both in every state of its scopes; solvers prove the
//! obligations without a bound on the numbers of users and items.

pub mod counterexample;
pub mod evaluate;
pub mod faults;
pub mod formula;
pub mod goals;
pub mod induction;
pub mod invariants;
pub mod notation;
pub mod obligations;
pub mod smt;
pub mod statements;
pub mod structure;
