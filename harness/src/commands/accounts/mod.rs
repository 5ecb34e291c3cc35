//! TODO describe commands::accounts.

pub mod cleanup;
pub mod plan;
