//! What a user reads, and what other programs read: all of it from the stream of a run, but for races.

mod badge;
mod changes;
mod coverage;
mod finding;
mod html;
mod issue;
mod junit;
mod kinds;
mod markdown;
mod matrix;
mod paint;
mod settled;
mod summary;
mod terminal;
mod timeline;

pub use badge::badge;
pub use changes::changes;
pub use coverage::coverage;
pub use finding::finding;
pub use html::{html, races, side_by_side};
pub use issue::issue;
pub use junit::junit;
pub use kinds::{Seen, kinds, nine_rows};
pub use markdown::markdown;
pub use matrix::matrix;
pub use paint::Paint;
pub use settled::settled;
pub use summary::{counted, last_line, open_points, reasons, unexercised};
pub use terminal::{kept, terminal};
pub use timeline::timeline;
