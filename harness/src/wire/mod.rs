//! AWS's wire format: the names of members and elements, XML, payloads, and the hiding of secrets.
//!
//! [`attachments`] has one row per attachment kind. Nothing here sends a request.

pub mod attachments;
pub mod names;
pub mod payload;
pub mod redact;
pub mod service_model;
pub mod xml_read;
pub(crate) mod xml_write;
