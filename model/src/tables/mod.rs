//! TODO describe tables.

pub mod attachments;
pub mod precedence;
pub mod resources;
pub mod sub_resources;
pub mod validation;
