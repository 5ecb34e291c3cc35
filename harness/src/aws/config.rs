//! Environment variables, and the profile in the shared AWS configuration files.

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow};
use configparser::ini::{Ini, IniDefault};

type Sections = HashMap<String, HashMap<String, Option<String>>>;

/// The environment variables and the selected profile of the shared files.
#[derive(Clone, Default)]
pub struct Config {
    variables: HashMap<String, String>,
    profile: String,
    settings: Sections,
    credentials: Sections,
}

impl Config {
    /// Reads the variables of this process and the shared files.
    ///
    /// # Errors
    /// A shared file exists and cannot be read or parsed.
    pub fn read() -> Result<Self> {
        Self::from_variables(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }))
    }

    /// Reads the shared files that these variables select.
    ///
    /// # Errors
    /// A shared file exists and cannot be read or parsed.
    pub fn from_variables(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self> {
        let variables = variables.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let mut read = Self { variables, ..Self::default() };
        let profile = read.variable("AWS_PROFILE").or_else(|| read.variable("AWS_DEFAULT_PROFILE"));
        read.profile = profile.unwrap_or("default").to_owned();
        read.settings = sections(read.file("AWS_CONFIG_FILE", "config"))?;
        read.credentials = sections(read.file("AWS_SHARED_CREDENTIALS_FILE", "credentials"))?;
        Ok(read)
    }

    /// A variable that is set and not empty.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// The home folder of the user.
    #[must_use]
    pub fn home(&self) -> Option<PathBuf> {
        self.variable("HOME").or_else(|| self.variable("USERPROFILE")).map(PathBuf::from)
    }

    /// A setting of the profile. The credentials file takes precedence over the config file.
    #[must_use]
    pub fn setting(&self, key: &str) -> Option<&str> {
        let in_config = self.settings.get(&self.section()).and_then(|it| it.get(key));
        let in_credentials = self.credentials.get(&self.profile).and_then(|it| it.get(key));
        in_credentials.or(in_config)?.as_deref().filter(|it| !it.is_empty())
    }

    /// A setting of the profile for one service, from the section that its `services` names.
    #[must_use]
    pub fn service_setting(&self, service: &str, key: &str) -> Option<&str> {
        let section = format!("services {}", self.setting("services")?);
        let lines = self.settings.get(&section)?.get(service)?.as_deref()?;
        let pairs = lines.lines().filter_map(|line| line.split_once('='));
        pairs.map(|(name, value)| (name.trim(), value.trim())).find(|it| it.0 == key).map(|it| it.1)
    }

    /// The name of the profile.
    #[must_use]
    pub fn profile(&self) -> &str {
        &self.profile
    }

    /// Whether a shared file has the profile.
    #[must_use]
    pub fn has_profile(&self) -> bool {
        self.settings.contains_key(&self.section()) || self.credentials.contains_key(&self.profile)
    }

    fn section(&self) -> String {
        match self.profile.as_str() {
            "default" => "default".to_owned(),
            name => format!("profile {name}"),
        }
    }

    fn file(&self, variable: &str, name: &str) -> Option<PathBuf> {
        let named = self.variable(variable).map(PathBuf::from);
        named.or_else(|| Some(self.home()?.join(".aws").join(name)))
    }
}

/// The sections of a file; none if the file does not exist.
fn sections(file: Option<PathBuf>) -> Result<Sections> {
    let Some(file) = file.filter(|it| it.is_file()) else { return Ok(Sections::new()) };
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("cannot read the shared file {}", file.display()))?;
    let mut format = IniDefault::default();
    format.case_sensitive = true;
    format.multiline = true;
    format.delimiters = vec!['='];
    format.comment_symbols = vec!['#', ';'];
    format.inline_comment_symbols = Some(Vec::new());
    let sections = Ini::new_from_defaults(format).read(text);
    // The error of the parser is dropped, because it may quote a secret of the file.
    sections
        .map_err(|_| anyhow!("the shared file {} is not a valid file of profiles", file.display()))
}
