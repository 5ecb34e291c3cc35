//! Divergences that are known: a file in TOML, the user's own, that can only shrink.

use iamspec_model::{Rule, evidence, rules};
use serde::Deserialize;

use crate::finding::Finding;
use crate::verdict::{Divergence, Tier};

/// What a target is known to do otherwise.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectations {
    /// One entry a rule.
    #[serde(default)]
    pub expected: Vec<Expectation>,
}

/// One known divergence.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The rule, or a pattern in which `*` stands for anything.
    pub rule: String,
    /// The tier in which it differs.
    #[serde(default)]
    pub tier: TierName,
    /// Why it is listed.
    pub reason: String,
    /// The facts that say what AWS does.
    #[serde(default)]
    pub facts: Vec<String>,
}

/// A tier as the file writes it.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum TierName {
    /// Carried out or refused.
    #[default]
    Status,
    /// The code, or the items of a listing.
    Code,
    /// The text.
    Text,
}

impl From<TierName> for Tier {
    fn from(name: TierName) -> Self {
        match name {
            TierName::Status => Self::Status,
            TierName::Code => Self::Code,
            TierName::Text => Self::Text,
        }
    }
}

/// What is wrong with an entry. Each of them fails the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Complaint {
    /// No rule has this name, or matches this pattern.
    Unknown(String),
    /// No fact has this id.
    UnknownFact(String),
    /// It was asked, and the endpoint conforms: take the entry out.
    Stale(String),
}

impl Expectations {
    /// Reads the file.
    ///
    /// # Errors
    /// What TOML expected, and where.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Whether a divergence is listed.
    #[must_use]
    pub fn lists(&self, divergence: &Divergence) -> bool {
        self.expected
            .iter()
            .any(|it| it.matches(&divergence.rule) && Tier::from(it.tier) == divergence.tier)
    }

    /// The reason of the entry that lists it.
    #[must_use]
    pub fn reason(&self, divergence: &Divergence) -> Option<&str> {
        let entry = self
            .expected
            .iter()
            .find(|it| it.matches(&divergence.rule) && Tier::from(it.tier) == divergence.tier);
        entry.map(|it| it.reason.as_str())
    }

    /// What is wrong with the entries, given what was found and which rules decided an answer. That an
    /// entry is stale is known only where the whole of the default suite was played.
    #[must_use]
    pub fn complaints(
        &self,
        findings: &[Finding],
        decisive: &[Rule],
        whole: bool,
    ) -> Vec<Complaint> {
        let mut complaints = Vec::new();
        for entry in &self.expected {
            let unknown = entry.facts.iter().filter(|id| evidence::fact(id).is_none());
            complaints.extend(unknown.map(|id| Complaint::UnknownFact(id.clone())));
            if !rules().any(|rule| entry.matches(&rule)) {
                complaints.push(Complaint::Unknown(entry.rule.clone()));
                continue;
            }
            let seen = findings.iter().any(|it| {
                entry.matches(&it.rule()) && Tier::from(entry.tier) == it.divergence.tier
            });
            if whole && !seen && decisive.iter().any(|rule| entry.matches(rule)) {
                complaints.push(Complaint::Stale(entry.rule.clone()));
            }
        }
        complaints
    }
}

impl Expectation {
    fn matches(&self, rule: &Rule) -> bool {
        glob(&self.rule, &rule.id())
    }
}

/// Whether a text matches a pattern in which `*` stands for anything.
#[must_use]
pub fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            after.is_empty()
                || rest
                    .char_indices()
                    .any(|(at, _)| rest.get(at..).is_some_and(|tail| glob(after, tail)))
        }),
    }
}
