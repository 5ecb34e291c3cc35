//! Credentials, from the same sources and in the same order as AWS's tools.
//!
//! Variables, profiles and `credential_process` are read here, so that a small build needs no SDK.
//! The feature `aws-config` adds the other sources with AWS's own library.

use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, bail};
use aws_credential_types::Credentials;
use serde_json::Value;

use crate::aws::config::Config;
use crate::wire::secrets;

/// Credentials are renewed if they expire within this time.
const RENEWAL_MARGIN: Duration = Duration::from_mins(1);

/// The example access key of AWS's documents, which gives access to nothing. The client signs with
/// it on this machine, and the reference server knows it.
pub const FAKE: (&str, &str) = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");

/// Credentials and their source. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Identity {
    credentials: Credentials,
    source: String,
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
        Self { credentials, source: source.to_owned() }
    }

    /// Finds credentials: in variables, then in the profile.
    ///
    /// # Errors
    /// There are no credentials, or their source is broken.
    pub fn find(config: &Config) -> Result<Self> {
        if let Some(found) = Self::of_variables(config) {
            return Ok(found);
        }
        let setting = |key| config.setting(key);
        let profile = format!("the profile {}", config.profile());
        if let (Some(id), Some(secret)) =
            (setting("aws_access_key_id"), setting("aws_secret_access_key"))
        {
            return Ok(Self::new(id, secret, setting("aws_session_token"), &profile));
        }
        if let Some(command) = setting("credential_process") {
            return Self::of_process(command, &profile);
        }
        from_other_sources(config)
    }

    /// The credentials in variables.
    #[must_use]
    pub fn of_variables(config: &Config) -> Option<Self> {
        let id = config.variable("AWS_ACCESS_KEY_ID")?;
        let secret = config.variable("AWS_SECRET_ACCESS_KEY")?;
        let token = config.variable("AWS_SESSION_TOKEN");
        Some(Self::new(id, secret, token, "the environment"))
    }

    /// The credentials that a command prints.
    fn of_process(command: &str, profile: &str) -> Result<Self> {
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
        Ok(Self::expiring(id, secret, text("SessionToken"), expiry, profile))
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

/// Other sources, through AWS's own library: roles, single sign-on, containers, instances.
#[cfg(feature = "aws-config")]
fn from_other_sources(_: &Config) -> Result<Identity> {
    use aws_credential_types::provider::ProvideCredentials as _;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let found = runtime.block_on(async {
        let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
        let provider = config.credentials_provider()?;
        Some(provider.provide_credentials().await)
    });
    let credentials = found.context("no credentials were found")?.context("no credentials")?;
    Ok(Identity::of(credentials, "AWS's own library"))
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
         set the variables, or AWS_PROFILE"
    )
}
