//! What a user reads, and what other programs read: all of it from the stream of a run, but for races.

pub mod changes;
pub mod finding;
pub mod html;
pub mod issue;
pub mod junit;
pub mod kinds;
pub mod markdown;
pub mod matrix;
pub mod style;
pub mod summary;
pub mod terminal;
pub mod timeline;
