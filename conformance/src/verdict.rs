//! What is said of an answer.

use iamspec_model::{Level, Rule};

use crate::observed::Interruption;

/// How closely an answer is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Carried out or refused, with which HTTP status.
    Status,
    /// The error code, or the items of a listing.
    Code,
    /// The text.
    Text,
}

impl Tier {
    /// The word used in reports and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Code => "code",
            Self::Text => "text",
        }
    }
}

/// What is said of one answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It is one of the answers that the model allows. Where nobody knew which, the open points
    /// that it speaks to.
    Conforms(Vec<OpenPoint>),
    /// It is none of them.
    Diverges(Box<Divergence>),
    /// Nothing can be said.
    Inconclusive(Interruption),
    /// The endpoint lacks the call, as a control showed.
    Unsupported(&'static str),
    /// Not asked, because this call is lacking or the script could not go on.
    Skipped(String),
}

impl Verdict {
    /// Whether the call did what it should, whatever the endpoint calls things.
    #[must_use]
    pub fn says_as_it_should(&self) -> bool {
        match self {
            Self::Conforms(_) => true,
            Self::Diverges(it) => it.tier == Tier::Text,
            Self::Inconclusive(_) | Self::Unsupported(_) | Self::Skipped(_) => false,
        }
    }
}

/// A question that the facts leave open, and what was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenPoint {
    /// The rule whose evidence is open.
    pub rule: Rule,
    /// What the endpoint did.
    pub seen: String,
}

/// An argument, not a value: what came, what was allowed, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Divergence {
    /// The first tier in which they differ.
    pub tier: Tier,
    /// How binding the evidence is.
    pub level: Level,
    /// The rule that is broken.
    pub rule: Rule,
    /// What conforms, each with its rule.
    pub allowed: Vec<(String, Rule)>,
    /// The ids of the facts in this tier.
    pub evidence: Vec<&'static str>,
    /// The account in which it was asked.
    pub state: String,
    /// How the judge goes on.
    pub going_on: &'static str,
}

impl Divergence {
    /// Whether both belong to one finding: the same rule, broken in the same tier at the same level.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        (self.rule, self.tier, self.level) == (other.rule, other.tier, other.level)
    }
}
