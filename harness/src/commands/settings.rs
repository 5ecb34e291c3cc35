//! `iamspec.toml`: the settings of a project, so that `iamspec run` needs no options.
//!
//! The file is in the working directory or in a folder above it. Its settings become options of the
//! command line, as if they were typed. An option that is typed replaces the setting.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use iamspec_conformance::results::known_failures::KnownFailures;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::commands::options::shell_line;
use crate::commands::selection::SuiteArg;
use crate::commands::test::invariants::SUPPORTED;
use crate::commands::test::run_args::RunArgs;
use crate::wire::output::visible::say;

/// The name of the file.
const NAME: &str = "iamspec.toml";

/// The value of `--config` that ignores every file.
const NONE: &str = "none";

/// The content of the file. Paths are relative to its folder.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ProjectSettings {
    /// `--endpoint`.
    endpoint: Option<String>,
    /// `--wait`; only together with the endpoint of the file.
    wait: Option<String>,
    /// `--known-failures`, which belong to the endpoint of the file.
    known_failures: Option<PathBuf>,
    /// `--tier`.
    tier: Option<String>,
    /// `--level`.
    level: Option<String>,
    /// `--rules`.
    rules: Option<String>,
    /// `--suite`, unless suites, scripts or rules are selected.
    #[serde(default)]
    suites: Vec<String>,
    /// `--report FORMAT=FILE`.
    #[serde(default)]
    reports: Vec<String>,
    /// `--site`.
    site: Option<String>,
}

/// The JSON Schemas of the files that people write: `iamspec.toml`, and a file of known failures.
///
/// # Errors
/// A schema cannot be serialized.
pub fn schemas() -> Result<[String; 2]> {
    let text = |schema| Ok(serde_json::to_string_pretty(&schema)? + "\n");
    let settings: Result<String> = text(schemars::schema_for!(ProjectSettings));
    Ok([settings?, text(schemars::schema_for!(KnownFailures))?])
}

/// The settings file of this run.
pub(crate) fn settings_file(args: &RunArgs) -> Option<PathBuf> {
    match args.config.as_deref() {
        Some(file) if file == Path::new(NONE) => None,
        Some(file) => Some(file.to_owned()),
        None => std::env::current_dir().ok().and_then(|it| find(&it)),
    }
}

/// The options that the settings add to this run. One line on stderr names them and the file.
///
/// # Errors
/// A named file that does not exist, or a file that is not a valid settings file.
pub fn added_options(args: &RunArgs) -> Result<Vec<String>> {
    let Some(file) = settings_file(args) else { return Ok(Vec::new()) };
    let text = std::fs::read_to_string(&file);
    let text = text.with_context(|| format!("cannot read the settings {}", file.display()))?;
    let settings: ProjectSettings = toml::from_str(&text).map_err(|error| {
        anyhow!("{} is not a settings file: {}", file.display(), error.message())
    })?;
    let typed: Vec<String> = args.typed.options::<RunArgs>().into_iter().map(|it| it.0).collect();
    let folder = file.parent().unwrap_or(Path::new(""));
    let added = options(&settings, folder, &typed, !args.selection.scripts.is_empty())
        .with_context(|| format!("{} is not a settings file", file.display()))?;
    let of_invariants = args.selection.suite.contains(&SuiteArg::Invariants);
    let added = if of_invariants { supported_by_invariants(&added) } else { added };
    if !added.is_empty() {
        say(&format!("iamspec: {}: {}", file.display(), shell_line(&added)));
    }
    Ok(added)
}

/// The options, each with its value, that also belong to a run of the invariants.
fn supported_by_invariants(words: &[String]) -> Vec<String> {
    let is_supported = |it: &&[String]| {
        let name = it.first().and_then(|it| it.strip_prefix("--"));
        name.is_some_and(|it| SUPPORTED.contains(&it))
    };
    words.chunks(2).filter(is_supported).flatten().cloned().collect()
}

/// The settings file in this folder or in the nearest one above it.
fn find(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().map(|it| it.join(NAME)).find(|it| it.is_file())
}

/// The words that the settings add to the typed options.
fn options(
    settings: &ProjectSettings,
    folder: &Path,
    typed: &[String],
    has_scripts: bool,
) -> Result<Vec<String>> {
    let is_typed = |names: &[&str]| names.iter().any(|it| typed.iter().any(|typed| typed == it));
    let mut words = Vec::new();
    let mut add = |name: &str, value: String| words.extend([format!("--{name}"), value]);
    // Another target has other known failures.
    let has_target = is_typed(&["endpoint", "mutant", "unspecified", "driver"]);
    if let Some(endpoint) = settings.endpoint.as_ref().filter(|_| !has_target) {
        add("endpoint", endpoint.clone());
        if let Some(wait) = settings.wait.as_ref().filter(|_| !is_typed(&["wait"])) {
            add("wait", wait.clone());
        }
    }
    if let Some(file) = &settings.known_failures
        && !has_target
        && !is_typed(&["known-failures"])
    {
        add("known-failures", folder.join(file).display().to_string());
    }
    let verdicts =
        [("tier", &settings.tier), ("level", &settings.level), ("rules", &settings.rules)];
    for (name, value) in verdicts {
        if let Some(value) = value.as_ref().filter(|_| !is_typed(&[name])) {
            add(name, value.clone());
        }
    }
    if !has_scripts && !is_typed(&["suite", "rule"]) {
        settings.suites.iter().for_each(|it| add("suite", it.clone()));
    }
    if let Some(site) = settings.site.as_ref().filter(|_| !is_typed(&["site", "list", "dry-run"])) {
        add("site", site.clone());
    }
    if !is_typed(&["report", "list", "dry-run"]) {
        for report in &settings.reports {
            let Some((format, file)) = report.split_once('=') else {
                bail!("expected reports of the form FORMAT=FILE, found `{report}`");
            };
            add("report", format!("{format}={}", folder.join(file).display()));
        }
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "endpoint = \"http://127.0.0.1:5000\"\nwait = \"30s\"\nknown-failures = \"known.toml\"\n\
                        tier = \"text\"\nrules = \"2026-11\"\nsuites = [\"scripts\", \"pairs\"]\nreports = [\"junit=iamspec.xml\"]\nsite = \"https://example.com/iam\"\n";

    fn added(typed: &[&str], has_scripts: bool) -> String {
        let settings: ProjectSettings = toml::from_str(TEXT).unwrap();
        let typed: Vec<String> = typed.iter().map(ToString::to_string).collect();
        options(&settings, Path::new("/project"), &typed, has_scripts).unwrap().join(" ")
    }

    #[test]
    fn settings_become_options_with_paths_of_their_folder() {
        let expected = "--endpoint http://127.0.0.1:5000 --wait 30s --known-failures /project/known.toml \
                        --tier text --rules 2026-11 --suite scripts --suite pairs --site https://example.com/iam \
                        --report junit=/project/iamspec.xml";
        assert_eq!(added(&[], false), expected);
    }

    #[test]
    fn typed_options_replace_settings() {
        let all = ["endpoint", "tier", "rules", "suite", "report", "site"];
        assert_eq!(added(&all, false), "");
        // The known failures belong to the endpoint of the file.
        assert_eq!(added(&["mutant", "report", "site"], true), "--tier text --rules 2026-11");
        assert!(!added(&["known-failures"], false).contains("--known-failures"));
    }

    #[test]
    fn a_run_of_the_invariants_gets_only_the_endpoint() {
        let settings: ProjectSettings = toml::from_str(TEXT).unwrap();
        let words = options(&settings, Path::new(""), &["suite".to_owned()], false).unwrap();
        let expected = ["--endpoint", "http://127.0.0.1:5000", "--wait", "30s"];
        assert_eq!(supported_by_invariants(&words), expected);
    }

    #[test]
    fn unknown_settings_and_wrong_reports_are_refused() {
        assert!(toml::from_str::<ProjectSettings>("end-point = \"x\"").is_err());
        let settings = ProjectSettings { reports: vec!["junit".to_owned()], ..Default::default() };
        let error = options(&settings, Path::new(""), &[], false).unwrap_err().to_string();
        assert_eq!(error, "expected reports of the form FORMAT=FILE, found `junit`");
    }
}
