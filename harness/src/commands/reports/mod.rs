//! TODO describe commands::reports.

pub(crate) mod matrix;
pub mod report;
