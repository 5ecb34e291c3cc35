//! The options with which every command connects to an endpoint: credentials and certificates.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::aws::config::Config;
use crate::aws::destination::Destination;
use crate::aws::signing::{CredentialChoice, Signer};
use crate::aws::trust::Trust;
use crate::wire::output::visible::say;

/// How a command signs its requests, and which certificates it trusts.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Credentials")]
pub struct ConnectionArgs {
    /// AWS profile with the credentials and the settings
    ///
    /// Its credentials sign at any endpoint. Default: the first credentials of the AWS variables or
    /// the profile that are meant for the endpoint, otherwise the example key.
    #[arg(long, value_name = "NAME", conflicts_with = "credentials")]
    pub profile: Option<String>,
    /// Credentials that sign at any endpoint
    #[arg(long, value_enum, value_name = "SOURCE")]
    pub credentials: Option<CredentialsArg>,
    /// File of trusted certificates: of authorities, or of the server
    ///
    /// Default: `AWS_CA_BUNDLE`, `ca_bundle` of the profile, `REQUESTS_CA_BUNDLE`, or the authorities
    /// of the machine.
    #[arg(long, value_name = "FILE")]
    pub ca_bundle: Option<PathBuf>,
    /// Trust every certificate of an endpoint on this machine
    #[arg(long, conflicts_with = "ca_bundle")]
    pub insecure: bool,
}

/// A source of credentials, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CredentialsArg {
    /// The variables `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`
    Env,
    /// The example key of AWS's documents
    Test,
}

impl ConnectionArgs {
    /// The variables and the profile.
    pub(crate) fn config(&self) -> Result<Config> {
        let config = Config::read()?;
        match &self.profile {
            Some(profile) => config.with_profile(profile),
            None => Ok(config),
        }
    }

    /// The identity that signs. Says why other credentials, which were found, do not.
    pub(crate) fn signer(&self, config: &Config, destination: &Destination) -> Result<Signer> {
        let choice = match self.credentials {
            None => CredentialChoice::Automatic,
            Some(CredentialsArg::Env) => CredentialChoice::Environment,
            Some(CredentialsArg::Test) => CredentialChoice::Example,
        };
        let signer = Signer::choose(choice, config, destination)?;
        signer.note.iter().for_each(|note| say(&format!("iamspec: {note}")));
        Ok(signer)
    }

    /// The certificates to trust.
    pub(crate) fn trust(&self, config: &Config, destination: &Destination) -> Result<Trust> {
        Trust::choose(self.ca_bundle.as_ref(), self.insecure, config, destination)
    }

    /// The options as typed, for the command that cleans up.
    pub(crate) fn words(&self) -> Vec<String> {
        let credentials = self.credentials.and_then(|it| it.to_possible_value());
        let file = self.ca_bundle.as_ref().map(|it| it.display().to_string());
        let options = [
            ("--profile", self.profile.clone()),
            ("--credentials", credentials.map(|it| it.get_name().to_owned())),
            ("--ca-bundle", file),
        ];
        let mut words = Vec::new();
        for (name, value) in options {
            words.extend(value.into_iter().flat_map(|value| [name.to_owned(), value]));
        }
        words.extend(self.insecure.then(|| "--insecure".to_owned()));
        words
    }
}
