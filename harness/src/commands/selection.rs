//! Selection of scripts and generated suites: by name, by file, by suite and by rule.
//!
//! The first edition's names of script folders still work ([`RENAMED_FOLDERS`]).

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::{Args, ValueEnum};
use iamspec_conformance::generate::GeneratedSuite;
use iamspec_conformance::mutation::cover::covering_subset;
use iamspec_conformance::results::rule_set::RuleSet;
use iamspec_conformance::runner::observe::ObserveMode;
use iamspec_conformance::script::corpus::{built_in_scripts, reached_rules};
use iamspec_conformance::script::pattern::glob;
use iamspec_conformance::script::pattern::suggestion;
use iamspec_conformance::script::{parse, print};
use iamspec_conformance::{Endpoint as _, Oracle, Reference, Script, Suite, Verdict};

use crate::exit_code;
use crate::report::format::summary::counted;
use crate::wire::output::visible::say;

/// The options that select what a run executes.
#[derive(Args, Debug)]
#[command(next_help_heading = "Selection")]
pub struct SelectionArgs {
    /// Suite to run; repeatable
    ///
    /// Default: `scripts`, unless scripts are named.
    #[arg(long, value_enum, value_name = "NAME")]
    pub suite: Vec<SuiteArg>,
    /// Run only scripts that reach matching rules
    ///
    /// `*` matches any text, for example `DeleteUser/*`. Generated suites ignore rules: the option
    /// cannot be combined with them.
    #[arg(long, value_name = "GLOB")]
    pub rule: Option<String>,
    /// Seed of `--suite random`
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Maximum number of calls of `--suite random`
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = calls)]
    pub calls: usize,
    /// Folder for the scripts of saved findings
    ///
    /// Generated suites save their findings here as short scripts. A run without named scripts
    /// also runs the scripts of this folder.
    #[arg(long, value_name = "FOLDER", default_value = "regressions")]
    pub regressions: PathBuf,
    /// Script files, or names of built-in scripts (`iamspec list scripts`)
    ///
    /// `*` in a name matches any text, and `-` is a script on stdin. Default: all built-in scripts.
    #[arg(value_name = "SCRIPT", help_heading = None::<&str>)]
    pub scripts: Vec<String>,
}

/// More random calls than this take years, and their batches do not fit into memory.
const CALLS_MAX: usize = 1_000_000_000;

fn calls(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|it| *it <= CALLS_MAX);
    number.ok_or_else(|| format!("expected a number from 0 to {CALLS_MAX}, found `{text}`"))
}

/// A suite, as typed.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuiteArg {
    /// The hand-written scripts
    Scripts,
    /// A subset of the scripts that tests the same rules and kills the same mutants
    Cover,
    /// The scripts that send invalid requests
    #[value(alias = "defects")]
    Validation,
    /// Properties of any IAM-like service, whatever its codes and messages
    #[value(alias = "checkers")]
    Invariants,
    /// `DeleteUser` with every set of attachment kinds, small sets first
    Lattice,
    /// `DeleteUser` with every pair of kinds, attached in either order
    Pairs,
    /// A user filled to every quota, then emptied by its deletion plan
    Drain,
    /// Every call about one user, in every state with at most one attachment of each kind
    Tour,
    /// Random calls
    Random,
}

impl SuiteArg {
    /// Whether a generator makes the calls of the suite.
    pub(crate) const fn is_generated(self) -> bool {
        matches!(self, Self::Lattice | Self::Pairs | Self::Drain | Self::Tour | Self::Random)
    }
}

/// The scripts and generated suites that the options select, without scripts newer than the rule set
/// unless they are named.
///
/// # Errors
/// An unknown or invalid script, or a rule together with a generated suite.
pub(crate) fn select(args: &SelectionArgs, rules: Option<&RuleSet>) -> Result<Suite> {
    let newer = newer_scripts(rules)?;
    let mut scripts = scripts(args, &newer)?;
    let count = scripts.len();
    let is_named = |name: &str| args.scripts.iter().any(|typed| current_name(typed) == name);
    scripts.retain(|it| !newer.contains(&it.name) || is_named(&it.name));
    if let (Some(set), true) = (rules, scripts.len() < count) {
        let left_out = counted(count - scripts.len(), "built-in script");
        say(&format!("iamspec: without {left_out} newer than the rule set {}", set.name));
    }
    Ok(Suite::new(scripts).with_generated(generated(args)?))
}

/// The built-in scripts that are newer than the rule set.
fn newer_scripts(rules: Option<&RuleSet>) -> Result<Vec<String>> {
    let Some(set) = rules else { return Ok(Vec::new()) };
    let names = builtin()?.into_iter().map(|it| it.name);
    Ok(names.filter(|it| !set.has_script(it)).collect())
}

/// The selected generated suites, each once.
fn generated(args: &SelectionArgs) -> Result<Vec<GeneratedSuite>> {
    let generated = |suite: &SuiteArg| match suite {
        SuiteArg::Scripts | SuiteArg::Cover | SuiteArg::Validation | SuiteArg::Invariants => None,
        SuiteArg::Lattice => Some(GeneratedSuite::Lattice),
        SuiteArg::Pairs => Some(GeneratedSuite::Pairs),
        SuiteArg::Drain => Some(GeneratedSuite::Drain),
        SuiteArg::Tour => Some(GeneratedSuite::Tour),
        SuiteArg::Random => Some(GeneratedSuite::Random { seed: args.seed, calls: args.calls }),
    };
    let suites = without_repeats(args.suite.iter().filter_map(generated));
    if let (Some(rule), Some(suite)) = (&args.rule, suites.first()) {
        bail!(
            "--rule `{rule}` selects scripts, but --suite {} generates its calls without scripts; \
             remove one of the two options",
            suite.name()
        );
    }
    Ok(suites)
}

/// The named scripts, or those of the selected suites, filtered by rule.
fn scripts(args: &SelectionArgs, newer: &[String]) -> Result<Vec<Script>> {
    let mut scripts = Vec::new();
    for name in &args.scripts {
        scripts.extend(by_name(name)?);
    }
    if args.scripts.is_empty() && args.suite.is_empty() {
        scripts.extend(builtin()?);
    }
    for suite in &args.suite {
        scripts.extend(match suite {
            SuiteArg::Scripts => builtin()?,
            SuiteArg::Cover => {
                let mut scripts = builtin()?;
                scripts.retain(|it| !newer.contains(&it.name));
                covering_subset(scripts)
            }
            SuiteArg::Validation => by_name("validation/*")?,
            _ => Vec::new(),
        });
    }
    if args.scripts.is_empty() && args.regressions.is_dir() {
        scripts.extend(in_folder(&args.regressions)?);
    }
    scripts.sort_by(|one, other| one.name.cmp(&other.name));
    let mut scripts = without_repeats(scripts);
    if let Some(pattern) = &args.rule {
        scripts.retain(|script| reached_rules(script).iter().any(|rule| glob(pattern, &rule.id())));
    }
    Ok(scripts)
}

/// The name of the script on stdin.
pub(crate) const STDIN: &str = "-";

/// The script in the file of this name, or the built-in scripts that match it. `-` is the script on
/// stdin.
///
/// # Errors
/// An unreadable or invalid script, or neither a file nor a built-in script.
pub(crate) fn by_name(name: &str) -> Result<Vec<Script>> {
    let cannot = || format!("cannot read the script {name}");
    if name == STDIN {
        let text = std::io::read_to_string(std::io::stdin()).with_context(cannot)?;
        return in_text(name, &text);
    }
    if Path::new(name).is_file() {
        return in_text(name, &std::fs::read_to_string(name).with_context(cannot)?);
    }
    let pattern = current_name(name);
    let mut scripts = builtin()?;
    let similar = suggestion(&pattern, scripts.iter().map(|it| &it.name));
    let folder = format!("{}/", pattern.trim_end_matches('/'));
    let is_folder = scripts.iter().any(|it| it.name.starts_with(&folder));
    scripts.retain(|it| glob(&pattern, &current_name(&it.name)));
    if scripts.is_empty() && is_folder {
        bail!("`{name}` is a folder of built-in scripts; to run all of them: '{folder}*'");
    }
    if scripts.is_empty() {
        bail!(
            "`{name}` is neither a file nor a built-in script{similar}; `iamspec list scripts` \
             prints their names"
        );
    }
    Ok(scripts)
}

/// The script in a text, which may begin with a byte order mark.
fn in_text(name: &str, text: &str) -> Result<Vec<Script>> {
    let script = parse::parse(name, text.strip_prefix('\u{feff}').unwrap_or(text));
    Ok(vec![script.with_context(|| format!("the script {name} is invalid"))?])
}

/// The responses in script files that contradict the model. A run ignores the responses in a
/// script; one line for each script says so.
pub(crate) fn contradictions(scripts: &[Script]) -> Vec<String> {
    let of_user = |script: &&Script| script.name == STDIN || Path::new(&script.name).is_file();
    let contradiction = |script: &Script| {
        let (mut oracle, mut reference) = (Oracle::default(), Reference::default());
        reference.enter_new_namespace();
        let wrong = script.steps.iter().find(|step| {
            let own = reference.execute(&step.operation);
            let response = step.response.as_ref().unwrap_or(&own);
            matches!(oracle.check(&step.operation, response), Verdict::Diverges(_))
        })?;
        let (name, call) = (&script.name, print::operation(&wrong.operation));
        let response = wrong.response.as_ref()?;
        Some(format!(
            "{name}: `{call} -> {response}` contradicts the specification; `run` ignores the \
             responses in a script, and `iamspec audit` checks them"
        ))
    };
    scripts.iter().filter(of_user).filter_map(contradiction).collect()
}

/// All built-in scripts.
///
/// # Errors
/// An invalid built-in script: an internal error.
pub(crate) fn builtin() -> Result<Vec<Script>> {
    built_in_scripts()
        .map_err(|(name, error)| anyhow!("the built-in script {name} is invalid: {error}"))
}

/// The folders of scripts that the first edition had, and their current names.
const RENAMED_FOLDERS: [(&str, &str); 4] = [
    ("defects", "validation"),
    ("of-another", "other-user"),
    ("created-again", "recreated"),
    ("renew", "reset"),
];

/// The name with the current folder in place of that of the first edition.
fn current_name(name: &str) -> String {
    let (folder, rest) = name.split_once('/').unwrap_or((name, ""));
    match RENAMED_FOLDERS.iter().find(|(old, _)| *old == folder) {
        Some((_, new)) => format!("{new}/{rest}"),
        None => name.to_owned(),
    }
}

/// The scripts of a folder.
///
/// # Errors
/// The folder or a script cannot be read.
pub fn in_folder(folder: &Path) -> Result<Vec<Script>> {
    let entries = folder.read_dir().with_context(|| format!("cannot read {}", folder.display()))?;
    let files = entries.filter_map(|it| Some(it.ok()?.path().to_str()?.to_owned()));
    let scripts = files.filter(|it| it.ends_with(".script")).map(|it| by_name(&it));
    Ok(scripts.collect::<Result<Vec<_>>>()?.concat())
}

/// Each item once, at its first position.
fn without_repeats<T: PartialEq>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut unique = Vec::new();
    for item in items {
        if !unique.contains(&item) {
            unique.push(item);
        }
    }
    unique
}

/// Prints the scripts and generated suites, each with its number of calls.
pub(crate) fn list(suite: &Suite, out: &mut dyn Write) -> Result<u8> {
    for script in suite.scripts() {
        writeln!(out, "{:>5} {:<44} {}", script.steps.len(), script.name, script.idea)?;
    }
    for it in suite.generated() {
        writeln!(out, "{:>5} {:<44} {}", calls_of(*it), it.name(), it.generator().description())?;
    }
    Ok(exit_code::CONFORMS)
}

/// The number of calls of a generated suite on a conforming endpoint, without cleanup.
fn calls_of(generated: GeneratedSuite) -> usize {
    let suite =
        Suite::new(Vec::new()).with_generated(vec![generated]).with_observe_mode(ObserveMode::Off);
    suite.size(&mut Reference::default()).calls
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of the scripts that these words select with a rule set of one script.
    fn selected(scripts: &[&str], suite: &[SuiteArg]) -> Vec<String> {
        let set = RuleSet::default().extended("earlier", "script delete-user/bare");
        let args = SelectionArgs {
            suite: suite.to_vec(),
            rule: None,
            seed: 1,
            calls: 1,
            regressions: PathBuf::from("no such folder"),
            scripts: scripts.iter().map(ToString::to_string).collect(),
        };
        let suite = select(&args, Some(&set)).unwrap();
        suite.scripts().iter().map(|it| it.name.clone()).collect()
    }

    #[test]
    fn a_script_newer_than_the_rule_set_runs_only_if_it_is_named() {
        let old = "delete-user/bare";
        assert_eq!(selected(&[], &[]), [old]);
        assert_eq!(selected(&["delete-user/*"], &[]), [old]);
        assert_eq!(selected(&[], &[SuiteArg::Cover]), [old]);
        let new = "delete-user/alone/mfa-device";
        assert_eq!(selected(&["delete-user/b*", new], &[]), [new, old]);
    }
}
