//! What every AWS tool takes from its surroundings: variables, shared files, credentials, endpoints.
//! The names of variables and settings are AWS's own, and stand in no fact.

pub mod config;
pub mod credentials;
pub mod destination;
