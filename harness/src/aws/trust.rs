//! Which certificates a client trusts.

use std::fmt;
use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::aws::config::Config;
use crate::aws::destination::Destination;

/// A file of certificates, and what names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The file.
    pub file: PathBuf,
    /// The option, the variable or the setting.
    pub source: String,
}

impl fmt::Display for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.source, self.file.display())
    }
}

/// Which certificates a client trusts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// Certificates that the authorities of the machine have signed.
    #[default]
    Machine,
    /// Certificates in a file, and certificates that the authorities in it have signed.
    Bundle(Bundle),
    /// Every certificate.
    Everything,
}

impl Trust {
    /// The choice of the options, or else of the variables and the profile, as in AWS's tools.
    ///
    /// # Errors
    /// Every certificate of an endpoint on another machine is to be trusted.
    pub fn choose(
        option: Option<&PathBuf>,
        insecure: bool,
        config: &Config,
        destination: &Destination,
    ) -> Result<Self> {
        ensure!(
            !insecure || destination.loopback,
            "--insecure is for endpoints on this machine, and {} is not one; name its certificate \
             with --ca-bundle",
            destination.shown_url()
        );
        if insecure {
            return Ok(Self::Everything);
        }
        let bundle = |file, source: &str| Bundle { file, source: source.to_owned() };
        let of_emulator =
            destination.emulator.as_ref().map(|it| bundle(it.authorities.clone(), "the emulator"));
        let variable = |name| config.variable(name).map(|it| bundle(config.expanded(it), name));
        let of_profile = || {
            let source = format!("ca_bundle of the profile {}", config.profile());
            config.setting("ca_bundle").map(|it| bundle(config.expanded(it), &source))
        };
        let found = option
            .map(|it| bundle(it.clone(), "--ca-bundle"))
            .or(of_emulator)
            .or_else(|| variable("AWS_CA_BUNDLE"))
            .or_else(of_profile)
            .or_else(|| variable("REQUESTS_CA_BUNDLE"));
        Ok(found.map_or(Self::Machine, Self::Bundle))
    }
}
