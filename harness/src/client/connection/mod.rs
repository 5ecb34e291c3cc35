//! The connection to an endpoint: how requests reach it, which certificates the client accepts, and
//! how long a run waits.

mod certificates;
pub mod transport;
pub(super) mod waiting_time;
