//! The embedded scripts, and the rules that each script reaches.
//!
//! The only module that reads the scripts that `build.rs` embeds.

use iamspec_model::{Account, Rule, allowed, apply};

use crate::script::Script;
use crate::script::isolation::isolation_scripts;
use crate::script::parse::{ParseError, parse};

/// The hand-written scripts as `(name, text)`.
const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/scripts.rs"));

/// Parses the hand-written scripts.
fn hand_written() -> Result<Vec<Script>, (String, ParseError)> {
    EMBEDDED
        .iter()
        .map(|(name, text)| parse(name, text).map_err(|error| ((*name).to_owned(), error)))
        .collect()
}

/// Returns every script of the suite: the hand-written scripts and the isolation scripts.
///
/// # Errors
/// Returns the name and the error of the first script that does not parse. A test rules this out.
pub fn built_in_scripts() -> Result<Vec<Script>, (String, ParseError)> {
    Ok(hand_written()?.into_iter().chain(isolation_scripts()).collect())
}

/// Returns the scripts that reach `rule`, those with the fewest operations first.
///
/// # Errors
/// Returns the name and the error of the first script that does not parse. A test rules this out.
pub fn scripts_reaching(rule: Rule) -> Result<Vec<Script>, (String, ParseError)> {
    let mut scripts = built_in_scripts()?;
    scripts.retain(|script| reached_rules(script).contains(&rule));
    scripts.sort_by_key(|script| script.steps.len());
    Ok(scripts)
}

/// Chooses a small subset of `scripts` with the same rule coverage.
///
/// Greedy: each round takes the script with the most uncovered rules per operation.
#[must_use]
pub fn covering_subset(scripts: Vec<Script>) -> Vec<Script> {
    let with_rules = |script: Script| {
        let rules = reached_rules(&script);
        (script, rules)
    };
    // Each candidate with the rules that no chosen script reaches.
    let mut candidates: Vec<(Script, Vec<Rule>)> = scripts.into_iter().map(with_rules).collect();
    let mut chosen = Vec::new();
    loop {
        candidates.retain(|(_, uncovered)| !uncovered.is_empty());
        // Uncovered rules per 1000 operations.
        let score = |(script, uncovered): &(Script, Vec<Rule>)| {
            uncovered.len() * 1000 / script.steps.len().max(1)
        };
        let best = candidates.iter().enumerate().max_by_key(|(_, it)| score(it));
        let Some(index) = best.map(|(index, _)| index) else { return chosen };
        let (script, covered) = candidates.swap_remove(index);
        for (_, uncovered) in &mut candidates {
            uncovered.retain(|rule| !covered.contains(rule));
        }
        chosen.push(script);
    }
}

/// Returns the rules that a script reaches on a conforming endpoint, by running it in the model.
#[must_use]
pub fn reached_rules(script: &Script) -> Vec<Rule> {
    let mut account = Account::default();
    let mut rules = Vec::new();
    for op in script.operations() {
        let allowed = allowed(&account, &op);
        for rule in allowed.rules() {
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
        if allowed.may_succeed() {
            apply(&mut account, &op);
        }
    }
    rules
}
