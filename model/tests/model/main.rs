//! Tests of the specification: its evidence, its quotas, its properties, and the mutants of the
//! model.

mod account;
mod evidence;
mod exhaustive;
mod logic;
mod mutants;
mod quotas;
