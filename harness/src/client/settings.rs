//! How an endpoint is asked.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use super::Trace;
use crate::aws::{Destination, Identity};
use crate::driver::Driver;

/// How an endpoint is asked.
pub struct Settings {
    /// Which one.
    pub destination: Destination,
    /// What tells the names of this run from those of others.
    pub run: String,
    /// Who asks.
    pub identity: Identity,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How many requests a second are sent at most.
    pub rate: Option<f64>,
    /// A file of certificates to believe, instead of those of the machine.
    pub authorities: Option<PathBuf>,
    /// Who makes the calls in our place.
    pub driver: Option<Driver>,
    /// Where it is written down what went over the wire.
    pub trace: Option<Trace>,
}

impl Settings {
    /// An endpoint of this machine, with credentials that open nothing.
    ///
    /// # Errors
    /// What is no URL, or of another machine.
    pub fn loopback(endpoint: &str, run: &str, timeout: Duration) -> Result<Self> {
        Ok(Self {
            destination: Destination::loopback(endpoint)?,
            run: run.to_owned(),
            identity: Identity::fake(),
            timeout,
            rate: None,
            authorities: None,
            driver: None,
            trace: None,
        })
    }
}
