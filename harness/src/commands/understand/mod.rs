//! TODO describe commands::understand.

pub mod docs;
pub(crate) mod explain;
pub mod list;
pub(crate) mod verify;
