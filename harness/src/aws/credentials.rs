//! Who asks: credentials, in the order in which AWS's own tools look for them.

use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, bail};
use aws_credential_types::Credentials;
use serde_json::Value;

use crate::aws::config::Config;

/// Credentials are fetched again when they have no longer than this to live.
const SOON: Duration = Duration::from_mins(1);

/// An access key of AWS's own documents, which opens nothing: the client signs with it on this machine,
/// and the reference endpoint knows it.
pub const FAKE: (&str, &str) = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");

/// Who asks, and where that was found. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Identity {
    credentials: Credentials,
    source: String,
}

impl Identity {
    /// Credentials that open nothing, for endpoints on this machine.
    #[must_use]
    pub fn fake() -> Self {
        let (id, secret) = FAKE;
        Self::of(id, secret, None, "credentials that open nothing")
    }

    /// An access key, with the token that belongs to it where it is a temporary one.
    #[must_use]
    pub fn of(id: &str, secret: &str, token: Option<&str>, source: &str) -> Self {
        Self::until(id, secret, token, None, source)
    }

    fn until(
        id: &str,
        secret: &str,
        token: Option<&str>,
        end: Option<SystemTime>,
        source: &str,
    ) -> Self {
        let token = token.map(str::to_owned);
        let credentials = Credentials::new(id, secret, token, end, "iamspec");
        Self { credentials, source: source.to_owned() }
    }

    /// The variables, then the profile.
    ///
    /// # Errors
    /// There are none, or not where they should be.
    pub fn find(surroundings: &Config) -> Result<Self> {
        if let Some(found) = Self::of_variables(surroundings) {
            return Ok(found);
        }
        let setting = |key| surroundings.setting(key);
        let profile = format!("the profile {}", surroundings.profile());
        if let (Some(id), Some(secret)) =
            (setting("aws_access_key_id"), setting("aws_secret_access_key"))
        {
            return Ok(Self::of(id, secret, setting("aws_session_token"), &profile));
        }
        if let Some(command) = setting("credential_process") {
            return Self::of_process(command, &profile);
        }
        elsewhere(surroundings)
    }

    /// Those that variables give.
    #[must_use]
    pub fn of_variables(surroundings: &Config) -> Option<Self> {
        let id = surroundings.variable("AWS_ACCESS_KEY_ID")?;
        let secret = surroundings.variable("AWS_SECRET_ACCESS_KEY")?;
        let token = surroundings.variable("AWS_SESSION_TOKEN");
        Some(Self::of(id, secret, token, "the environment"))
    }

    /// What a command of the profile prints.
    fn of_process(command: &str, profile: &str) -> Result<Self> {
        let made = Command::new("sh")
            .args(["-c", command])
            .output()
            .with_context(|| format!("cannot start the credential_process of {profile}"))?;
        if !made.status.success() {
            bail!("the credential_process of {profile} failed ({}); run it by hand", made.status);
        }
        // What it printed is not shown: it is a secret.
        let printed: Value = serde_json::from_slice(&made.stdout)
            .ok()
            .with_context(|| format!("the credential_process of {profile} printed no JSON"))?;
        let text = |name: &str| printed.get(name).and_then(Value::as_str);
        let (Some(id), Some(secret)) = (text("AccessKeyId"), text("SecretAccessKey")) else {
            bail!("the credential_process of {profile} printed no AccessKeyId and SecretAccessKey");
        };
        let end = text("Expiration").map(|end| {
            let form = &time::format_description::well_known::Rfc3339;
            time::OffsetDateTime::parse(end, form).map(SystemTime::from)
        });
        let end = end.transpose().with_context(|| {
            format!("the credential_process of {profile} printed an Expiration that is no time")
        })?;
        Ok(Self::until(id, secret, text("SessionToken"), end, profile))
    }

    /// Where they were found.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether they must be fetched again.
    #[must_use]
    pub fn expires(&self) -> bool {
        self.credentials.expiry().is_some_and(|until| until < SystemTime::now() + SOON)
    }

    pub(crate) const fn credentials(&self) -> &Credentials {
        &self.credentials
    }
}

/// Whatever else there is, by AWS's own library: roles, single sign-on, containers, instances.
#[cfg(feature = "aws-config")]
fn elsewhere(_: &Config) -> Result<Identity> {
    use aws_credential_types::provider::ProvideCredentials as _;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let found = runtime.block_on(async {
        let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
        let provider = config.credentials_provider()?;
        Some(provider.provide_credentials().await)
    });
    let credentials = found.context("no credentials were found")?.context("no credentials")?;
    Ok(Identity { credentials, source: "AWS's own library".to_owned() })
}

#[cfg(not(feature = "aws-config"))]
fn elsewhere(surroundings: &Config) -> Result<Identity> {
    let profile = surroundings.profile();
    let needs = ["role_arn", "sso_session", "sso_start_url", "web_identity_token_file"];
    let needed = needs.iter().find(|key| surroundings.setting(key).is_some());
    if let Some(key) = needed {
        bail!(
            "the profile {profile} has {key}, which this build does not follow; \
             run `eval \"$(aws configure export-credentials --profile {profile} --format env)\"` before, \
             or build with --features aws-config"
        );
    }
    if surroundings.has_profile() {
        bail!("the profile {profile} has no credentials; run `aws configure --profile {profile}`");
    }
    bail!(
        "no credentials: neither AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY nor a profile {profile}; \
         set the variables, or AWS_PROFILE"
    )
}
