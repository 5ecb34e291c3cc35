//! Commands for SDKs: serve the reference endpoint, check and probe drivers, export scripts.

pub mod driver;
pub mod export;
pub(crate) mod probe;
pub mod serve;
