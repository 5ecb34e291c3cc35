//! Which credentials may sign requests for a destination.
//!
//! Credentials are found in the order of AWS's tools. At AWS, the first ones found sign. At any
//! other endpoint, they sign only if the user has chosen them for it: on the command line, or in a
//! source that has the credentials and also names the endpoint. Otherwise the example key replaces
//! a key that may be an AWS key, so that no signature and no session token for AWS goes to a host
//! that it is not meant for. A key that does not have the form of an AWS key may sign at any
//! endpoint.

use anyhow::{Result, bail};

use crate::aws::config::Config;
use crate::aws::credentials::Identity;
use crate::aws::destination::{Destination, ignores_endpoints};

/// The credentials that the command line chooses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CredentialChoice {
    /// None: the rule of this module decides.
    #[default]
    Automatic,
    /// Those in the variables.
    Environment,
    /// The example key.
    Example,
}

/// The identity that signs, and what the user must know about the choice.
#[derive(Clone, Debug)]
pub struct Signer {
    /// The identity.
    pub identity: Identity,
    /// Why other credentials, which were found, do not sign.
    pub note: Option<String>,
}

impl From<Identity> for Signer {
    fn from(identity: Identity) -> Self {
        Self { identity, note: None }
    }
}

impl Signer {
    /// The identity that signs requests for a destination.
    ///
    /// # Errors
    /// There are no credentials, or their source is incomplete or broken.
    pub fn choose(
        choice: CredentialChoice,
        config: &Config,
        destination: &Destination,
    ) -> Result<Self> {
        if let Some(instance) = &destination.emulator {
            if choice != CredentialChoice::Automatic || config.is_profile_named() {
                bail!(
                    "an endpoint `emulator` signs with the key of the running emulator; remove \
                     --credentials and --profile, or name the emulator by its URL"
                );
            }
            return Ok(instance.identity.clone().into());
        }
        match choice {
            CredentialChoice::Environment => match Identity::of_variables(config)? {
                Some(found) => Ok(found.into()),
                None => bail!(
                    "--credentials env uses AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, which are \
                     not set; set both, or remove the option"
                ),
            },
            CredentialChoice::Example if destination.aws => {
                bail!("AWS does not know the example key; remove --credentials test")
            }
            CredentialChoice::Example => Ok(Identity::fake().into()),
            CredentialChoice::Automatic if destination.aws || config.is_profile_named() => {
                Identity::find(config).map(Self::from)
            }
            CredentialChoice::Automatic => chosen_for(config, destination),
        }
    }
}

/// The first credentials found, if they may sign for an endpoint that is not of AWS; otherwise the
/// example key.
fn chosen_for(config: &Config, destination: &Destination) -> Result<Signer> {
    let url = destination.shown_url();
    if let Some(found) = Identity::of_variables(config)? {
        let own = ["AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL"].map(|it| config.variable(it));
        if is_named(destination, own, config) || !found.may_be_of_aws() {
            return Ok(found.into());
        }
        let next = "set AWS_ENDPOINT_URL to the endpoint, or add --credentials env";
        return Ok(replaced(&format!("{found} may be one of AWS"), &url, next));
    }
    if let Err(absent) = config.check_profile() {
        let note = format!("{absent}; the example key signs");
        return Ok(Signer { identity: Identity::fake(), note: Some(note) });
    }
    let own = [config.service_setting("iam", "endpoint_url"), config.setting("endpoint_url")];
    if is_named(destination, own, config) && has_credentials(config) {
        return Identity::of_profile(config).map(Signer::from);
    }
    let profile = config.profile();
    let next = format!("set endpoint_url in the profile, or add --profile {profile}");
    match Identity::of_profile_key(config)? {
        _ if uses_source_of_aws(config) => {
            let found = format!("the profile {profile} has credentials of AWS");
            Ok(replaced(&found, &url, &next))
        }
        Some(found) if found.may_be_of_aws() => {
            Ok(replaced(&format!("{found} may be one of AWS"), &url, &next))
        }
        Some(found) => Ok(found.into()),
        None => Ok(Identity::fake().into()),
    }
}

/// Whether one of these settings names the endpoint.
fn is_named(destination: &Destination, settings: [Option<&str>; 2], config: &Config) -> bool {
    !ignores_endpoints(config) && destination.is_one_of(settings.into_iter().flatten())
}

/// Whether the profile has credentials, or a source of them.
fn has_credentials(config: &Config) -> bool {
    config.setting("aws_access_key_id").is_some() || uses_source_of_aws(config)
}

/// Whether the credentials of the profile come from a program or from AWS. They are not read to find
/// out what they are: a program may ask for a password, and a request would go to AWS.
fn uses_source_of_aws(config: &Config) -> bool {
    let sources = ["role_arn", "sso_session", "sso_start_url", "web_identity_token_file"];
    let has_source = sources.iter().any(|it| config.setting(it).is_some());
    let has_key = config.setting("aws_access_key_id").is_some();
    has_source || !has_key && config.setting("credential_process").is_some()
}

fn replaced(found: &str, url: &str, next: &str) -> Signer {
    let note = format!(
        "{found}, and nothing says that it is meant for {url}, so the example key signs; if it is \
         meant for this endpoint, {next}"
    );
    Signer { identity: Identity::fake(), note: Some(note) }
}
