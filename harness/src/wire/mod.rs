//! TODO describe wire.

pub mod names;
pub mod payload;
pub(crate) mod redact;
pub mod xml_read;
pub(crate) mod xml_write;
