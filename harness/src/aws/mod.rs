//! The configuration that AWS tools share: variables, shared files, credentials and endpoints.
//!
//! The names of variables and settings are AWS's. No fact of the specification depends on them.

pub mod config;
pub mod credentials;
pub mod destination;
pub mod emulator;
pub mod signing;
pub mod trust;
