//! The model once more, as first-order logic: what each call requires and changes, what holds in
//! every account, and what has to be proved for accounts of any size.
//!
//! - [`formula`]: formulas over the relations of an account.
//! - [`statements`]: what each action requires and changes.
//! - [`structure`]: one account as a finite structure; [`evaluate`]: the truth of a formula in it.
//! - [`invariants`]: what holds in every account. [`goals`]: what each call must guarantee.
//! - [`obligations`]: what has to be proved; [`faults`]: errors in the statements that must be found.
//! - [`smt`]: obligations in SMT-LIB 2, for solvers; [`notation`]: formulas for readers.
//! - [`counterexample`]: the account that a solver found, as calls. [`induction`]: what each invariant
//!   is for.
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
