//! AWS's wire format: the names of members and elements, XML, payloads, and the hiding of secrets.
//!
//! [`attachments`] has one row per attachment kind. Nothing here sends a request.

pub mod attachments;
pub mod constraints;
pub(crate) mod encodings;
pub(crate) mod identifiers;
pub mod names;
pub mod output;
pub mod payload;
pub mod redact;
pub mod secrets;
pub mod service_model;
pub mod xml_read;
pub(crate) mod xml_write;
