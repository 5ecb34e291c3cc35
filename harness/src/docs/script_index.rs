//! The scripts of the suite by the rules that they reach.
//!
//! Every page asks for the scripts of its rules, so the index is built once for all pages.

use anyhow::{Result, anyhow};
use iamspec_conformance::Script;
use iamspec_conformance::script::corpus::{built_in_scripts, reached_rules};
use iamspec_model::Rule;

/// Every script with the rules that it reaches, the shortest script first.
pub(crate) struct ScriptIndex(Vec<(Script, Vec<Rule>)>);

impl ScriptIndex {
    /// # Errors
    /// Fails if an embedded script does not parse, which a test rules out.
    pub(crate) fn new() -> Result<Self> {
        let mut scripts = built_in_scripts()
            .map_err(|(name, error)| anyhow!("script {name} does not parse: {error}"))?;
        scripts.sort_by_key(|script| script.steps.len());
        let with_rules = scripts.into_iter().map(|script| {
            let rules = reached_rules(&script);
            (script, rules)
        });
        Ok(Self(with_rules.collect()))
    }

    /// The scripts that reach the rule.
    pub(crate) fn reaching(&self, rule: Rule) -> impl Iterator<Item = &Script> {
        self.0.iter().filter(move |(_, rules)| rules.contains(&rule)).map(|(script, _)| script)
    }
}
