//! TODO describe commands::traffic.

pub mod api_diff;
pub mod audit;
pub mod evidence;
