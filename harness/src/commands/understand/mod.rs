//! Commands that print the specification, and that check the model itself.

pub mod docs;
pub mod explain;
pub mod list;
pub mod verify;
