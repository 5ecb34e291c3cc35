//! A form, signed and sent, and what came back, as it is: for a driver of our own.

use std::time::Duration;

use anyhow::{Result, anyhow};

use super::Settings;
use super::send::{Sender, Service};
use crate::aws::{Destination, Identity};

/// Sends forms.
pub struct Raw(Sender);

impl Raw {
    /// To an endpoint of this machine, as this identity.
    ///
    /// # Errors
    /// A client that cannot be made.
    pub fn new(destination: Destination, identity: Identity, timeout: Duration) -> Result<Self> {
        let settings = Settings {
            destination,
            run: String::new(),
            identity,
            timeout,
            rate: None,
            authorities: None,
            driver: None,
            trace: None,
        };
        Ok(Self(Sender::new(settings)?))
    }

    /// The status and the body of the answer.
    ///
    /// # Errors
    /// There is none, or none in text.
    pub fn post(&mut self, form: &[(String, String)]) -> Result<(u16, String)> {
        let answer = self.0.post(Service::Iam, form, None).map_err(|why| anyhow!("{why}"))?;
        Ok((answer.status, String::from_utf8(answer.body)?))
    }
}
