//! The output formats of a report.
//!
//! Every format reads a [`RunReport`](crate::report::RunReport) and nothing else, so all formats
//! can be made from a stored run. The pictures of races are the exception: a race has no report.

pub mod changes;
pub mod ci;
pub mod finding;
pub mod history;
pub mod html;
pub mod issue;
pub mod kinds;
pub mod markdown;
pub mod matrix;
pub mod style;
pub mod summary;
pub mod terminal;
pub mod timeline;
