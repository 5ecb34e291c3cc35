//! A running AWS Emulator: the folder that it writes at its start and removes at its end.
//!
//! This module follows the documentation of AWS Emulator: `~/.aws/emulator/PORT/` has an access
//! key, a `config` file and the certificate `ca.pem`, and all of them change with each start. The
//! emulator itself was not available.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};

use crate::aws::config::Config;
use crate::aws::credentials::Identity;

/// The port that the emulator uses by default.
const DEFAULT_PORT: u16 = 9297;

/// The word that stands for the endpoint of a running emulator.
const WORD: &str = "emulator";

/// A running instance, as its folder described it when the command began.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Its port, which names its folder.
    pub port: u16,
    /// Its access key.
    pub identity: Identity,
    /// The file with its certificate.
    pub authorities: PathBuf,
    /// The settings of its config file.
    pub(crate) config: Config,
    /// The files that change with each start, and their contents.
    written: Vec<(PathBuf, Vec<u8>)>,
}

impl Instance {
    /// The port of an endpoint option `emulator` or `emulator:PORT`; `None` if it is another one.
    ///
    /// # Errors
    /// The port is not a valid port.
    pub fn port_of(endpoint: &str) -> Result<Option<u16>> {
        let Some(rest) = endpoint.strip_prefix(WORD) else { return Ok(None) };
        if rest.is_empty() {
            return Ok(Some(DEFAULT_PORT));
        }
        let Some(port) = rest.strip_prefix(':') else { return Ok(None) };
        match port.parse() {
            Ok(port) if port > 0 => Ok(Some(port)),
            _ => bail!("expected `{WORD}` or `{WORD}:PORT` with a port from 1 to 65535"),
        }
    }

    /// Reads the folder of the instance at this port.
    ///
    /// # Errors
    /// No emulator runs at this port, or its files are not as documented.
    pub fn read(port: u16, config: &Config) -> Result<Self> {
        let home = config.home().context(
            "the folder of the emulator is in the home folder, and HOME is not set; set it",
        )?;
        let folder = home.join(".aws").join(WORD).join(port.to_string());
        ensure!(
            folder.is_dir(),
            "no AWS Emulator runs at port {port}: expected its folder {}; start it, or add its port \
             as `{WORD}:PORT`",
            folder.display()
        );
        let file = |name: &str| folder.join(name);
        let (credentials, settings) = (file("credentials"), file("config"));
        let own = Config::from_variables([
            ("AWS_SHARED_CREDENTIALS_FILE".to_owned(), credentials.display().to_string()),
            ("AWS_CONFIG_FILE".to_owned(), settings.display().to_string()),
        ])?;
        let identity = Identity::of_profile_key(&own)?.with_context(|| {
            format!(
                "the folder {} has no access key; expected aws_access_key_id and \
                 aws_secret_access_key in its file `credentials`",
                folder.display()
            )
        })?;
        let authorities = own.setting("ca_bundle").map_or_else(|| file("ca.pem"), PathBuf::from);
        let identity = identity.of_source(&format!("the emulator at port {port}"));
        let files = [credentials, settings, authorities.clone()];
        let written = files.into_iter().map(|it| (it.clone(), content(&it))).collect();
        Ok(Self { port, identity, authorities, config: own, written })
    }

    /// The URL of the endpoint, from the config file or by the port.
    #[must_use]
    pub fn url(&self) -> String {
        let url = self.config.setting("endpoint_url").map(str::to_owned);
        url.unwrap_or_else(|| format!("https://127.0.0.1:{}", self.port))
    }

    /// The endpoint option that names the instance.
    #[must_use]
    pub fn option(&self) -> String {
        format!("{WORD}:{}", self.port)
    }

    /// Why the instance is not the one that the command began with; `None` while it is.
    #[must_use]
    pub fn change(&self) -> Option<String> {
        let (file, _) = self.written.iter().find(|(file, old)| content(file) != *old)?;
        let what = if file.exists() {
            "was restarted: its files have changed"
        } else {
            "has stopped: its files are gone"
        };
        let port = self.port;
        Some(format!("the emulator at port {port} {what}, and what it held is lost"))
    }
}

/// The content of a file; nothing if it cannot be read.
fn content(file: &Path) -> Vec<u8> {
    std::fs::read(file).unwrap_or_default()
}
