//! Environment variables, and the profile in the shared AWS configuration files.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, ensure};
use configparser::ini::{Ini, IniDefault};

type Sections = HashMap<String, HashMap<String, Option<String>>>;

/// The environment variables and the selected profile of the shared files.
#[derive(Clone, Default)]
pub struct Config {
    variables: HashMap<String, String>,
    profile: String,
    /// Whether the command line names the profile. Then the variables with a key do not count.
    is_named: bool,
    settings: Sections,
    credentials: Sections,
}

/// Shows no secret.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the profile {}", self.profile)
    }
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
        read.settings = sections(read.file("AWS_CONFIG_FILE", "config"), named_section)?;
        let credentials = read.file("AWS_SHARED_CREDENTIALS_FILE", "credentials");
        read.credentials = sections(credentials, str::to_owned)?;
        Ok(read)
    }

    /// The same with the profile that the command line names.
    ///
    /// # Errors
    /// No shared file has the profile.
    pub fn with_profile(self, name: &str) -> Result<Self> {
        let config = Self { profile: name.to_owned(), is_named: true, ..self };
        config.check_profile().map(|()| config)
    }

    /// Whether the command line names the profile.
    #[must_use]
    pub const fn is_profile_named(&self) -> bool {
        self.is_named
    }

    /// Checks that a selected profile exists.
    ///
    /// # Errors
    /// No shared file has the profile that the command line or a variable selects.
    pub fn check_profile(&self) -> Result<()> {
        let variables = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"];
        let selected = self.is_named || variables.iter().any(|it| self.variable(it).is_some());
        ensure!(
            !selected || self.has_profile(),
            "there is no profile {}: neither the config file nor the credentials file has it; \
             `aws configure list-profiles` prints their names",
            self.profile
        );
        Ok(())
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
        let in_config = self.settings.get(&self.profile).and_then(|it| it.get(key));
        let in_credentials = self.credentials.get(&self.profile).and_then(|it| it.get(key));
        in_credentials.or(in_config)?.as_deref().filter(|it| !it.is_empty())
    }

    /// A setting of the profile for one service, from the section that its `services` names.
    #[must_use]
    pub fn service_setting(&self, service: &str, key: &str) -> Option<&str> {
        let section = services_section(self.setting("services")?);
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
        self.settings.contains_key(&self.profile) || self.credentials.contains_key(&self.profile)
    }

    fn file(&self, variable: &str, name: &str) -> Option<PathBuf> {
        let named = self.variable(variable).map(|it| self.expanded(it));
        named.or_else(|| Some(self.home()?.join(".aws").join(name)))
    }

    /// A path with the home folder of the user in place of `~`.
    #[must_use]
    pub fn expanded(&self, path: &str) -> PathBuf {
        let in_home = path.strip_prefix("~/").and_then(|rest| Some(self.home()?.join(rest)));
        in_home.unwrap_or_else(|| Path::new(path).to_owned())
    }
}

/// The key of a section of services. No profile has it: the names of others have no tab.
fn services_section(name: &str) -> String {
    format!("services\t{name}")
}

/// The key of a section of the config file: the name of its profile, or that of its services. As in
/// AWS's tools, a name may be quoted.
fn named_section(section: &str) -> String {
    let words = shlex::split(section).unwrap_or_default();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["profile", name] => name.to_owned(),
        ["services", name] => services_section(name),
        ["default"] => "default".to_owned(),
        // Any other section is not a profile.
        _ => format!("other\t{section}"),
    }
}

/// The sections of a file, by the key that `name` gives them; none if the file does not exist.
fn sections(file: Option<PathBuf>, name: fn(&str) -> String) -> Result<Sections> {
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
    let sections = sections.map_err(|_| {
        anyhow!("the shared file {} is not a valid file of profiles", file.display())
    })?;
    let mut named = Sections::new();
    // `[profile default]` comes after `[default]`, and takes precedence.
    for (section, settings) in sections.into_iter().collect::<BTreeMap<_, _>>() {
        // AWS's tools read the names of settings in any case.
        let settings = settings.into_iter().map(|(key, it)| (key.to_ascii_lowercase(), it));
        named.entry(name(&section)).or_default().extend(settings);
    }
    Ok(named)
}
