//! TODO describe commands::sdks.

pub mod driver;
pub mod export;
pub(crate) mod probe;
pub mod serve;
