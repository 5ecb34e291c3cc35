//! The model against its facts, and against what must be true of it.

mod account;
mod evidence;
mod exhaustive;
mod faults;
mod quotas;
