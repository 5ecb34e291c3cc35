//! What a user reads.

mod finding;
mod paint;
mod summary;

pub use finding::finding;
pub use paint::Paint;
pub use summary::{counted, last_line, nine_rows, open_points, unexercised};
