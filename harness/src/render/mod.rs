//! What a user reads.

mod coverage;
mod finding;
mod paint;
mod settled;
mod summary;

pub use coverage::{coverage, coverage_as_json};
pub use finding::finding;
pub use paint::Paint;
pub use settled::settled;
pub use summary::{counted, last_line, nine_rows, open_points, unexercised};
