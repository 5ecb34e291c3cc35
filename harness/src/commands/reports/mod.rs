//! Commands that read saved runs.

pub mod report;
