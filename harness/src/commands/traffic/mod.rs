//! Commands for recorded traffic: the audit of logs, evidence from runs, changes of AWS's API.

pub mod api_diff;
pub mod audit;
pub mod evidence;
