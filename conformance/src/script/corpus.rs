//! The scripts that the crate contains, and which of them reach a rule.

use iamspec_model::{Rule, allowed};

use crate::Script;
use crate::script::isolation::neighbours;
use crate::script::parse;
use crate::script::parse::ParseError;

/// The hand-written scripts, each with its name and its text: one idea each.
pub const HAND_WRITTEN: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/scripts.rs"));

/// The hand-written scripts.
///
/// # Errors
/// The first that cannot be read, which a test rules out.
pub fn hand_written() -> Result<Vec<Script>, (String, ParseError)> {
    let parse = |(name, text): &(&str, &str)| {
        parse::parse(name, text).map_err(|error| ((*name).to_owned(), error))
    };
    HAND_WRITTEN.iter().map(parse).collect()
}

/// Every script of ours: the hand-written ones, and those about neighbours.
///
/// # Errors
/// The first that cannot be read, which a test rules out.
pub fn ours() -> Result<Vec<Script>, (String, ParseError)> {
    Ok(hand_written()?.into_iter().chain(neighbours()).collect())
}

/// The scripts of ours that put this rule to an endpoint, those first that take the fewest calls.
///
/// # Errors
/// A script of ours cannot be read, which a test rules out.
pub fn probes(rule: Rule) -> Result<Vec<Script>, (String, ParseError)> {
    let mut scripts = ours()?;
    scripts.retain(|script| rules_of(script).contains(&rule));
    scripts.sort_by_key(|script| script.steps.len());
    Ok(scripts)
}

/// Of these scripts so many that every rule is reached that all of them reach, with few calls: each time
/// the one that reaches most for its calls.
#[must_use]
pub fn covering(scripts: Vec<Script>) -> Vec<Script> {
    let with_rules = |script: Script| {
        let rules = rules_of(&script);
        (script, rules)
    };
    // Of each script the rules that no chosen one reaches.
    let mut left: Vec<(Script, Vec<Rule>)> = scripts.into_iter().map(with_rules).collect();
    let mut chosen = Vec::new();
    loop {
        left.retain(|(_, new)| !new.is_empty());
        // Rules for a call, in thousandths.
        let worth =
            |(script, new): &(Script, Vec<Rule>)| new.len() * 1000 / script.steps.len().max(1);
        let best = left.iter().enumerate().max_by_key(|(_, it)| worth(it));
        let Some(place) = best.map(|(place, _)| place) else { return chosen };
        let (script, reached) = left.swap_remove(place);
        for (_, new) in &mut left {
            new.retain(|rule| !reached.contains(rule));
        }
        chosen.push(script);
    }
}

/// The rules that a script reaches on an endpoint that conforms, by playing it in the model.
#[must_use]
pub fn rules_of(script: &Script) -> Vec<Rule> {
    let mut account = iamspec_model::Account::default();
    let mut rules = Vec::new();
    for op in script.steps.iter().map(|step| step.operation) {
        let allowed = allowed(&account, &op);
        for rule in allowed.rules() {
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
        if allowed.may_be_done() {
            iamspec_model::apply(&mut account, &op);
        }
    }
    rules
}
