//! What every AWS tool takes from its surroundings: variables, shared files, credentials, endpoints.
//! The names of variables and settings are AWS's own, and stand in no fact.

mod credentials;
mod destination;
mod surroundings;

pub use credentials::{FAKE, Identity};
pub use destination::Destination;
pub use surroundings::Surroundings;
