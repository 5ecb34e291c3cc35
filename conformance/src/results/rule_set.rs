//! Frozen rule sets: the rules, levels and scripts of a release, so that a CI job can keep them.
//!
//! A set is data in `rule-sets/`. Each file lists only what is new, and a set also contains the
//! files before it. A set does not change once a release contains it: a new rule, a stronger level
//! and a new script belong to the newest set.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use iamspec_model::{Level, Rule, rules};

use crate::oracle::wire::WIRE_RULES;
use crate::oracle::{Divergence, Tier};
use crate::script::corpus::built_in_scripts;

/// The files, the oldest first.
const FILES: [(&str, &str); 1] = [("2026-11", include_str!("../../rule-sets/2026-11.txt"))];

static SETS: LazyLock<Vec<RuleSet>> = LazyLock::new(|| {
    let mut sets: Vec<RuleSet> = Vec::new();
    for (name, text) in FILES {
        let earlier = sets.last().cloned().unwrap_or_default();
        sets.push(earlier.extended(name, text));
    }
    sets
});

/// The rules, levels and scripts of a release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleSet {
    /// The name, such as `2026-11`.
    pub name: String,
    /// The rules by their id.
    rules: BTreeMap<String, FrozenRule>,
    /// The level of each wire rule.
    wire_rules: BTreeMap<String, Level>,
    /// The names of the built-in scripts.
    scripts: BTreeSet<String>,
}

/// What decides the findings of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FrozenRule {
    /// `success`, or the error code of the refusal.
    expected: String,
    /// The levels in the tiers status, code and text.
    levels: [Level; 3],
}

impl FrozenRule {
    fn of(rule: Rule) -> Self {
        Self { expected: rule.clause.expected.name().to_owned(), levels: rule.levels() }
    }
}

impl RuleSet {
    /// All sets, the oldest first. The last one is the current one.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &SETS
    }

    /// The set of all current rules.
    #[must_use]
    pub fn current() -> &'static Self {
        static NONE: LazyLock<RuleSet> = LazyLock::new(RuleSet::default);
        SETS.last().unwrap_or(&NONE)
    }

    /// The set of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        SETS.iter().find(|it| it.name == name)
    }

    /// This set with the lines of a file, under a new name. Lines that are not entries are left
    /// out.
    #[must_use]
    pub fn extended(mut self, name: &str, text: &str) -> Self {
        name.clone_into(&mut self.name);
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match *words {
                ["rule", id, expected, status, code, text] => {
                    let levels = [status, code, text].map(level);
                    let [Some(status), Some(code), Some(text)] = levels else { continue };
                    let (expected, levels) = (expected.to_owned(), [status, code, text]);
                    self.rules.insert(id.to_owned(), FrozenRule { expected, levels });
                }
                ["wire-rule", name, word] => {
                    self.wire_rules.extend(level(word).map(|it| (name.to_owned(), it)));
                }
                ["script", name] => _ = self.scripts.insert(name.to_owned()),
                _ => {}
            }
        }
        self
    }

    /// The set as the lines of a file.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let rules = self.rules.iter().map(|(id, rule)| {
            let [status, code, text] = rule.levels.map(Level::name);
            format!("rule {id} {} {status} {code} {text}", rule.expected)
        });
        let wire = self.wire_rules.iter().map(|(id, it)| format!("wire-rule {id} {}", it.name()));
        let scripts = self.scripts.iter().map(|it| format!("script {it}"));
        rules.chain(wire).chain(scripts).collect()
    }

    /// The rules, levels and scripts of this program. A test checks that the current set equals them.
    #[must_use]
    pub fn of_program() -> Self {
        // A test shows that the built-in scripts parse.
        let scripts = built_in_scripts().unwrap_or_default();
        Self {
            name: String::new(),
            rules: rules().map(|it| (it.id(), FrozenRule::of(it))).collect(),
            wire_rules: WIRE_RULES.iter().map(|it| (it.name.to_owned(), it.level())).collect(),
            scripts: scripts.into_iter().map(|it| it.name).collect(),
        }
    }

    /// The number of rules, wire rules and scripts.
    #[must_use]
    pub fn sizes(&self) -> [usize; 3] {
        [self.rules.len(), self.wire_rules.len(), self.scripts.len()]
    }

    /// Whether the set contains the built-in script of this name.
    #[must_use]
    pub fn has_script(&self, name: &str) -> bool {
        self.scripts.contains(name)
    }

    /// Whether the rule of a divergence is newer than the set, or the set gives it a weaker level or
    /// another expected response.
    #[must_use]
    pub fn is_older_than(&self, divergence: &Divergence) -> bool {
        // A wire rule applies to every action. Its divergence names the first rule of the action.
        let Some(known) = self.rules.get(&divergence.rule.id()) else { return true };
        let is_raised = |(now, then): (Level, Level)| now > then && divergence.level > then;
        if let Some(rule) = divergence.wire_rule {
            let known = self.wire_rules.get(rule.name);
            return known.is_none_or(|then| is_raised((rule.level(), *then)));
        }
        let current = FrozenRule::of(divergence.rule);
        if current.expected != known.expected {
            return true;
        }
        // A divergence in a tier may have the level of a finer tier.
        let levels: Vec<(Level, Level)> = current.levels.into_iter().zip(known.levels).collect();
        let relevant = match divergence.tier {
            Tier::Status => levels.get(..2),
            Tier::Code => levels.get(1..2),
            Tier::Text | Tier::Wire => levels.get(1..),
        };
        relevant.unwrap_or_default().iter().copied().any(is_raised)
    }
}

fn level(word: &str) -> Option<Level> {
    let levels = [Level::Unspecified, Level::Info, Level::Should, Level::Must];
    levels.into_iter().find(|it| it.name() == word)
}
