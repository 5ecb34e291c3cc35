//! Credentials, from the same sources and in the same order as AWS's tools.
//!
//! Variables, profiles and `credential_process` are read here, so that a small build needs no SDK.
//! The feature `aws-config` adds the other sources with AWS's own library.

use std::fmt;
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, bail};
use aws_credential_types::Credentials;
use serde_json::Value;

use crate::aws::config::Config;
use crate::wire::secrets;

/// Credentials are renewed if they expire within this time.
const RENEWAL_MARGIN: Duration = Duration::from_mins(1);

/// A shorter id is not the one of an access key (E-017).
const KEY_ID_MIN: usize = 16;

/// The example access key of AWS's documents, which gives access to nothing. The client signs with
/// it on this machine, and the reference server knows it.
pub const FAKE: (&str, &str) = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");

/// Credentials and their source. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Identity {
    credentials: Credentials,
    source: String,
    /// The profile that the command line names, if the credentials must be renewed from it.
    profile: Option<String>,
}

/// The key that signs, and where it comes from.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the key {} from {}", self.key_id(), self.source)
    }
}

impl Identity {
    /// The example credentials, for endpoints on this machine.
    #[must_use]
    pub fn fake() -> Self {
        let (id, secret) = FAKE;
        Self::new(id, secret, None, "the example credentials")
    }

    /// An access key; a temporary one has a session token.
    #[must_use]
    pub fn new(id: &str, secret: &str, token: Option<&str>, source: &str) -> Self {
        Self::expiring(id, secret, token, None, source)
    }

    fn expiring(
        id: &str,
        secret: &str,
        token: Option<&str>,
        expiry: Option<SystemTime>,
        source: &str,
    ) -> Self {
        let token = token.map(str::to_owned);
        Self::of(Credentials::new(id, secret, token, expiry, "iamspec"), source)
    }

    /// The only place that makes an identity. Its secrets are remembered, so that no text shows
    /// them.
    fn of(credentials: Credentials, source: &str) -> Self {
        secrets::remember(credentials.secret_access_key());
        credentials.session_token().into_iter().for_each(secrets::remember);
        Self { credentials, source: source.to_owned(), profile: None }
    }

    /// Finds credentials: in variables, then in the profile. If the command line names the profile,
    /// only there.
    ///
    /// # Errors
    /// There are no credentials, or their source is incomplete or broken.
    pub fn find(config: &Config) -> Result<Self> {
        if !config.is_profile_named()
            && let Some(found) = Self::of_variables(config)?
        {
            return Ok(found);
        }
        Self::of_profile(config)
    }

    /// The credentials of the profile, or of the sources that AWS's tools try after it.
    ///
    /// # Errors
    /// There are no credentials, or their source is incomplete or broken.
    pub fn of_profile(config: &Config) -> Result<Self> {
        config.check_profile()?;
        // A role takes precedence over a key in the same profile, as in AWS's tools.
        if config.setting("role_arn").is_some() {
            return from_other_sources(config);
        }
        if let Some(found) = Self::of_profile_key(config)? {
            return Ok(found);
        }
        if let Some(command) = config.setting("credential_process") {
            return Self::of_process(command, config);
        }
        from_other_sources(config)
    }

    /// The credentials in variables.
    ///
    /// # Errors
    /// There is a key without its secret.
    pub fn of_variables(config: &Config) -> Result<Option<Self>> {
        let Some(id) = config.variable("AWS_ACCESS_KEY_ID") else { return Ok(None) };
        let secret = config.variable("AWS_SECRET_ACCESS_KEY").context(
            "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not; set both, or neither",
        )?;
        let token = ["AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"];
        let token = token.iter().find_map(|it| config.variable(it));
        Ok(Some(Self::new(id, secret, token, "the environment")))
    }

    /// The access key that the profile has in a file.
    ///
    /// # Errors
    /// There is a key without its secret.
    pub fn of_profile_key(config: &Config) -> Result<Option<Self>> {
        let profile = config.profile();
        let Some(id) = config.setting("aws_access_key_id") else { return Ok(None) };
        let secret = config.setting("aws_secret_access_key").with_context(|| {
            format!(
                "the profile {profile} has aws_access_key_id and no aws_secret_access_key; run \
                 `aws configure --profile {profile}`"
            )
        })?;
        let token = ["aws_session_token", "aws_security_token"];
        let token = token.iter().find_map(|it| config.setting(it));
        Ok(Some(Self::new(id, secret, token, &profile_source(config))))
    }

    /// The same credentials, read anew from their profile.
    ///
    /// # Errors
    /// There are no credentials any more, or their source is broken.
    pub(crate) fn renewed(&self) -> Result<Self> {
        let config = Config::read()?;
        match &self.profile {
            Some(profile) => Self::of_profile(&config.with_profile(profile)?),
            None => Self::find(&config),
        }
    }

    /// The credentials that a command prints.
    fn of_process(command: &str, config: &Config) -> Result<Self> {
        let profile = &profile_source(config);
        let output = Command::new("sh")
            .args(["-c", command])
            .output()
            .with_context(|| format!("cannot start the credential_process of {profile}"))?;
        if !output.status.success() {
            bail!(
                "the credential_process of {profile} failed ({}); run it manually to see why",
                output.status
            );
        }
        // The output is secret and is not shown.
        let printed: Value = serde_json::from_slice(&output.stdout)
            .ok()
            .with_context(|| format!("the credential_process of {profile} printed no JSON"))?;
        let text = |name: &str| printed.get(name).and_then(Value::as_str);
        let (Some(id), Some(secret)) = (text("AccessKeyId"), text("SecretAccessKey")) else {
            bail!("the credential_process of {profile} printed no AccessKeyId and SecretAccessKey");
        };
        let expiry = text("Expiration").map(|expiry| {
            let format = &time::format_description::well_known::Rfc3339;
            time::OffsetDateTime::parse(expiry, format).map(SystemTime::from)
        });
        let expiry = expiry.transpose().with_context(|| {
            format!("the credential_process of {profile} printed an Expiration that is not an RFC 3339 time")
        })?;
        let found = Self::expiring(id, secret, text("SessionToken"), expiry, profile);
        let profile = config.is_profile_named().then(|| config.profile().to_owned());
        Ok(Self { profile, ..found })
    }

    /// The same credentials with another description of their source.
    #[must_use]
    pub(crate) fn of_source(self, source: &str) -> Self {
        Self { source: source.to_owned(), ..self }
    }

    /// The id of the access key.
    #[must_use]
    pub fn key_id(&self) -> &str {
        self.credentials.access_key_id()
    }

    /// Whether the key may be one of AWS: its id begins with a prefix of AWS's access keys (E-017), and
    /// it is none of the examples in AWS's documents, which end with `EXAMPLE`.
    #[must_use]
    pub fn may_be_of_aws(&self) -> bool {
        let id = self.key_id();
        let has_prefix = ["AKIA", "ASIA"].iter().any(|it| id.starts_with(it));
        has_prefix && id.len() >= KEY_ID_MIN && !id.ends_with("EXAMPLE")
    }

    /// The source of the credentials.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the credentials have expired or expire soon.
    #[must_use]
    pub fn expires(&self) -> bool {
        self.credentials.expiry().is_some_and(|until| until < SystemTime::now() + RENEWAL_MARGIN)
    }

    pub(crate) const fn credentials(&self) -> &Credentials {
        &self.credentials
    }
}

fn profile_source(config: &Config) -> String {
    format!("the profile {}", config.profile())
}

/// Other sources, through AWS's own library: roles, single sign-on, containers, instances.
#[cfg(feature = "aws-config")]
fn from_other_sources(config: &Config) -> Result<Identity> {
    use aws_config::profile::ProfileFileCredentialsProvider;
    use aws_credential_types::provider::ProvideCredentials as _;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let found = runtime.block_on(async {
        // The default sources begin with the variables, and a named profile replaces them.
        if config.is_profile_named() {
            let provider = ProfileFileCredentialsProvider::builder();
            let provider = provider.profile_name(config.profile()).build();
            return Some(provider.provide_credentials().await);
        }
        let loaded = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
        let provider = loaded.credentials_provider()?;
        Some(provider.provide_credentials().await)
    });
    let credentials = found.context("no credentials were found")?.context("no credentials")?;
    let profile = config.is_profile_named().then(|| config.profile().to_owned());
    Ok(Identity { profile, ..Identity::of(credentials, "AWS's own library") })
}

#[cfg(not(feature = "aws-config"))]
fn from_other_sources(config: &Config) -> Result<Identity> {
    let profile = config.profile();
    let keys = ["role_arn", "sso_session", "sso_start_url", "web_identity_token_file"];
    let unsupported = keys.iter().find(|key| config.setting(key).is_some());
    if let Some(key) = unsupported {
        bail!(
            "the profile {profile} has {key}, which this build does not support; \
             run `eval \"$(aws configure export-credentials --profile {profile} --format env)\"` first, \
             or build with --features aws-config"
        );
    }
    if config.has_profile() {
        bail!("the profile {profile} has no credentials; run `aws configure --profile {profile}`");
    }
    bail!(
        "no credentials: neither AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY nor a profile {profile}; \
         set the variables, AWS_PROFILE, or --profile"
    )
}
