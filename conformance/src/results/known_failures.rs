//! Divergences that are known: a file in TOML, the user's own, that can only shrink.
//!
//! What a run has seen of an entry of the known divergences, and whether that entry is out of date.

use std::fmt;

use iamspec_model::{Rule, evidence, rules};
use serde::Deserialize;

use crate::oracle::{Divergence, Tier, Verdict};
use crate::response::Response;
use crate::results::Finding;
use crate::results::history::ScriptRun;

/// What a target is known to do otherwise.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownFailures {
    /// The target of which they hold.
    pub target: Option<KnownFailureFile>,
    /// One entry a rule.
    #[serde(default)]
    pub expected: Vec<KnownFailure>,
    /// What the client that makes the calls is known to do otherwise.
    #[serde(default)]
    pub client: Vec<ClientDeviation>,
}

/// Something that a client is known to do otherwise than it should.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct ClientDeviation {
    /// The call, or a pattern.
    pub call: String,
    /// What it does, as a run says it, or a pattern.
    pub what: String,
    /// Why it is listed.
    pub reason: String,
}

/// The target of which a file of expectations holds.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct KnownFailureFile {
    /// What it is called.
    pub name: String,
    /// The versions of which they hold, such as `>=5.2, <6`; any where it is left out.
    pub versions: Option<String>,
}

/// One known divergence.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct KnownFailure {
    /// The rule, or a pattern in which `*` stands for anything.
    pub rule: String,
    /// The script, or a pattern, if it is known of some scripts only.
    pub script: Option<String>,
    /// What the answer begins with, such as `200` or `409 DeleteConflict`, if only that is known.
    pub outcome: Option<String>,
    /// The tier in which it differs.
    #[serde(default)]
    pub tier: TierName,
    /// Why it is listed.
    pub reason: String,
    /// The facts that say what AWS does.
    #[serde(default)]
    pub facts: Vec<String>,
    /// Where it is talked about.
    pub issue: Option<String>,
    /// The day on which it was listed, such as `2026-11-25`.
    pub since: Option<String>,
    /// The last day on which it is expected.
    pub expires: Option<String>,
    /// It diverges now and then only: so many calls of a run must conform at least.
    pub flaky: Option<usize>,
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
pub enum KnownFailureError {
    /// No rule has this name, or matches this pattern.
    Unknown(String),
    /// No fact has this id.
    UnknownFact(String),
    /// No script that was played has this name, or matches this pattern.
    Unmatched(String),
    /// What should be a day is none.
    NoDay(String),
    /// It was to be mended by this day.
    Expired(String, String),
    /// It was asked, and the endpoint conforms: take the entry out.
    Stale(String),
    /// It was to conform now and then, and did so less often than that.
    TooFlaky(String, usize),
}

impl fmt::Display for KnownFailureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(rule) => write!(f, "unknown expectation: no rule is called `{rule}`"),
            Self::UnknownFact(id) => write!(f, "unknown fact in the expectations: `{id}`"),
            Self::Unmatched(script) => {
                write!(f, "unmatched expectation: no script that was played is called `{script}`")
            }
            Self::NoDay(text) => {
                write!(f, "wrong expectation: `{text}` is no day; write it as 2026-11-25")
            }
            Self::Expired(rule, day) => {
                write!(f, "expired expectation: {rule} was to be mended by {day}")
            }
            Self::Stale(rule) => {
                write!(f, "stale expectation: {rule} was asked and conforms; take the entry out")
            }
            Self::TooFlaky(rule, least) => {
                write!(f, "flaky expectation: {rule} conforms in fewer than {least} calls")
            }
        }
    }
}

/// What a run knows when its expectations are looked at.
#[derive(Clone, Copy, Debug, Default)]
pub struct Played<'a> {
    /// What was played.
    pub replays: &'a [ScriptRun],
    /// What was found, and which entry lists it.
    pub findings: &'a [Finding],
    /// The rules that alone decided an answer.
    pub decisive: &'a [Rule],
    /// Whether the whole of the default suite was played: only then an entry may be stale.
    pub whole: bool,
    /// The day, such as `2026-11-25`.
    pub today: &'a str,
}

impl KnownFailures {
    /// Reads the file.
    ///
    /// # Errors
    /// What TOML expected, and where.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The entry that lists a divergence, by its place.
    #[must_use]
    pub fn place(
        &self,
        divergence: &Divergence,
        script: &str,
        observed: &Response,
    ) -> Option<usize> {
        self.expected.iter().position(|it| it.lists(divergence, script, observed))
    }

    /// Why something is listed that a client does in a call.
    #[must_use]
    pub fn known_of_client(&self, api: &str, what: &str) -> Option<&str> {
        let lists = |it: &&ClientDeviation| glob(&it.call, api) && glob(&it.what, what);
        self.client.iter().find(lists).map(|it| it.reason.as_str())
    }

    /// What is wrong with the entries, given what was played, each with the place of its entry.
    #[must_use]
    pub fn complaints(&self, played: &Played<'_>) -> Vec<(usize, KnownFailureError)> {
        let of = |(place, entry): (usize, &KnownFailure)| {
            let complaints = entry.complaints(place, played).into_iter();
            complaints.map(move |it| (place, it)).collect::<Vec<_>>()
        };
        self.expected.iter().enumerate().flat_map(of).collect()
    }
}

impl KnownFailure {
    fn complaints(&self, place: usize, played: &Played<'_>) -> Vec<KnownFailureError> {
        let mut complaints = Vec::new();
        let unknown = self.facts.iter().filter(|id| evidence::fact(id).is_none());
        complaints.extend(unknown.map(|id| KnownFailureError::UnknownFact(id.clone())));
        let days = self.since.iter().chain(&self.expires).filter(|it| !is_day(it));
        complaints.extend(days.map(|it| KnownFailureError::NoDay(it.clone())));
        if let Some(day) =
            self.expires.as_ref().filter(|it| is_day(it) && it.as_str() < played.today)
        {
            complaints.push(KnownFailureError::Expired(self.rule.clone(), day.clone()));
        }
        if !rules().any(|rule| self.matches(&rule)) {
            complaints.push(KnownFailureError::Unknown(self.rule.clone()));
            return complaints;
        }
        let standing = Some(self.standing(place, played)).filter(|_| played.whole);
        complaints.extend(standing.and_then(|it| self.out_of_date(it)));
        complaints
    }

    fn lists(&self, divergence: &Divergence, script: &str, observed: &Response) -> bool {
        self.matches(&divergence.rule)
            && Tier::from(self.tier) == divergence.tier
            && self.script.as_ref().is_none_or(|it| glob(it, script))
            && self.outcome.as_ref().is_none_or(|it| observed.to_string().starts_with(it.as_str()))
    }

    pub(crate) fn matches(&self, rule: &Rule) -> bool {
        glob(&self.rule, &rule.id())
    }
}

/// Whether a text is a day, such as `2026-11-25`: such texts are in the order of their days.
fn is_day(text: &str) -> bool {
    let digits = |it: &str, len| it.len() == len && it.bytes().all(|it| it.is_ascii_digit());
    match text.split('-').collect::<Vec<_>>().as_slice() {
        [year, month, day] => {
            digits(year, 4)
                && digits(month, 2)
                && digits(day, 2)
                && ("01"..="12").contains(month)
                && ("01"..="31").contains(day)
        }
        _ => false,
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

/// What was seen of an entry. One of several parts of a suite says nothing yet; all of them together do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EntryStatus {
    /// Whether a script was played that it is about.
    pub played: bool,
    /// Whether its rule alone decided an answer.
    pub asked: bool,
    /// Whether it lists something that was found.
    pub seen: bool,
    /// In how many calls its rule holds.
    pub conforms: usize,
}

impl KnownFailures {
    /// What was seen of each entry.
    #[must_use]
    pub fn standings(&self, played: &Played<'_>) -> Vec<EntryStatus> {
        self.expected.iter().enumerate().map(|(place, it)| it.standing(place, played)).collect()
    }
}

impl KnownFailure {
    /// What was seen of the entry at this place.
    pub(crate) fn standing(&self, place: usize, played: &Played<'_>) -> EntryStatus {
        let names = played.replays.iter().map(|it| &it.script.name);
        EntryStatus {
            played: self.script.as_ref().is_none_or(|of| names.into_iter().any(|it| glob(of, it))),
            asked: played.decisive.iter().any(|rule| self.matches(rule)),
            seen: played.findings.iter().any(|it| it.entry == Some(place)),
            conforms: self.conforms(played.replays),
        }
    }

    /// What is wrong with an entry that so much was seen of in the whole of the suite.
    #[must_use]
    pub fn out_of_date(&self, standing: EntryStatus) -> Option<KnownFailureError> {
        if !standing.played {
            return self.script.clone().map(KnownFailureError::Unmatched);
        }
        match self.flaky {
            _ if !standing.asked => None,
            Some(least) if standing.conforms < least => {
                Some(KnownFailureError::TooFlaky(self.rule.clone(), least))
            }
            None if !standing.seen => Some(KnownFailureError::Stale(self.rule.clone())),
            _ => None,
        }
    }

    /// In how many calls that the rule alone decided the endpoint conforms.
    fn conforms(&self, replays: &[ScriptRun]) -> usize {
        let mine = |it: &ScriptRun| self.script.as_ref().is_none_or(|of| glob(of, &it.script.name));
        let exchanges = replays.iter().filter(|it| mine(it)).flat_map(|it| &it.exchanges);
        let conforms = exchanges.filter(|it| {
            matches!(it.verdict, Verdict::Conforms(_))
                && matches!(it.in_force.as_slice(), [rule] if self.matches(rule))
        });
        conforms.count()
    }
}
