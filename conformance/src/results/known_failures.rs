//! Known failures: a TOML file of the user that lists divergences not yet fixed.
//!
//! [`KnownFailures`] is the file, [`KnownFailure`] one entry. An entry lists a divergence, or, if its
//! outcome begins with `interrupted`, a response without a verdict. Each entry is checked against the
//! run: an entry that is stale, expired or matches nothing fails the run, so that the list only
//! shrinks. This module parses text; the commands read and write the file.

use std::fmt;

use iamspec_model::tables::precedence::decisive_rule;
use iamspec_model::{Rule, evidence, rules};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::oracle::wire::{WIRE_RULES, is_wire_rule_id, wire_rule_ids};
use crate::oracle::{Divergence, Tier, Verdict};
use crate::response::Response;
use crate::results::history::{Exchange, ScriptRun};
use crate::results::{Finding, Threshold};
use crate::script::pattern::{glob, suggestion};

/// A file of known failures.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KnownFailures {
    /// The target to which the entries apply.
    pub target: Option<KnownFailureTarget>,
    /// The entries: `[[known-failure]]` in the file, or `[[expected]]` in older files.
    #[serde(default, rename = "known-failure", alias = "expected")]
    pub entries: Vec<KnownFailure>,
    /// Known deviations of the client that sends the requests: `[[client]]` in the file.
    #[serde(default)]
    pub client: Vec<ClientDeviation>,
}

/// The beginning of every response without a verdict.
const INTERRUPTED: &str = "interrupted ";

/// The words for deviations of a client in files of the first edition, and the current words.
const FIRST_EDITION: [(&str, &str); 3] =
    [("asks again", "retries"), ("does not hand out", "does not return"), ("hands out", "returns")];

/// A known deviation of the client that sends the requests.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ClientDeviation {
    /// The action, or a pattern.
    pub call: String,
    /// The deviation as the run reports it, or a pattern.
    pub what: String,
    /// The reason why it is listed.
    pub reason: String,
}

/// The target to which a file of known failures applies.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KnownFailureTarget {
    /// The target's name.
    pub name: String,
    /// The target's versions, such as `>=5.2, <6`. All versions if absent.
    pub versions: Option<String>,
}

/// One known failure.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KnownFailure {
    /// The rule, or a pattern in which `*` matches any text.
    pub rule: String,
    /// The script, or a pattern. All scripts if absent.
    pub script: Option<String>,
    /// The beginning of the response, such as `200` or `409 DeleteConflict`. Any response with a
    /// verdict if absent. `interrupted crash` lists crashes of the action.
    pub outcome: Option<String>,
    /// The tier of the divergence.
    #[serde(default)]
    pub tier: TierName,
    /// The reason why it is listed.
    pub reason: String,
    /// The ids of the facts that document the behavior of AWS.
    #[serde(default)]
    pub facts: Vec<String>,
    /// The issue that tracks the failure.
    pub issue: Option<String>,
    /// The date on which the entry was added, such as `2026-11-25`.
    pub since: Option<String>,
    /// The last date on which the failure is accepted.
    pub expires: Option<String>,
    /// For an intermittent failure: the minimum number of calls of a run that must conform.
    pub flaky: Option<usize>,
}

/// A tier as the file spells it.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum TierName {
    /// Success or refusal.
    #[default]
    Status,
    /// The error code, or the items of a listing.
    Code,
    /// The error message.
    Text,
    /// The form of the response.
    Wire,
}

impl From<TierName> for Tier {
    fn from(name: TierName) -> Self {
        match name {
            TierName::Status => Self::Status,
            TierName::Code => Self::Code,
            TierName::Text => Self::Text,
            TierName::Wire => Self::Wire,
        }
    }
}

/// An invalid or outdated entry. Each one fails the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KnownFailureError {
    /// No rule matches this name or pattern.
    UnknownRule(String),
    /// No fact has this id.
    UnknownFact(String),
    /// No script of the run matches this name or pattern.
    Unmatched(String),
    /// This text is not a date.
    InvalidDate(String),
    /// The failure of this rule was accepted until this date only.
    Expired(String, String),
    /// The run tested this rule, and the endpoint conforms.
    Stale(String),
    /// The endpoint conforms to this rule in fewer calls than the entry's `flaky` requires.
    TooFlaky(String, usize),
}

impl fmt::Display for KnownFailureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownRule(rule) => write!(
                f,
                "unknown known failure: no rule matches `{rule}`{}; \
                 `iamspec list rules` prints the rules",
                suggestion(rule, rules().map(|it| it.id())).trim_end_matches('?')
            ),
            Self::UnknownFact(id) => write!(
                f,
                "unknown fact in a known failure: `{id}`; \
                 `iamspec explain RULE` prints the facts of a rule"
            ),
            Self::Unmatched(script) => write!(
                f,
                "unmatched known failure: no script of this run matches `{script}`; \
                 correct `script` or remove the entry"
            ),
            Self::InvalidDate(text) => {
                write!(f, "invalid date in a known failure: `{text}`; write it like 2026-11-25")
            }
            Self::Expired(rule, date) => write!(
                f,
                "expired known failure: {rule} was accepted until {date}; \
                 fix the endpoint or set a later `expires`"
            ),
            Self::Stale(rule) => {
                write!(f, "stale known failure: {rule} was tested and conforms; remove the entry")
            }
            Self::TooFlaky(rule, min) => write!(
                f,
                "flaky known failure: {rule} conforms in fewer than {min} calls; \
                 lower `flaky` or remove it"
            ),
        }
    }
}

/// The results of a run against which the entries are checked.
#[derive(Clone, Copy, Debug, Default)]
pub struct RunContext<'a> {
    /// The script runs.
    pub replays: &'a [ScriptRun],
    /// The findings, with the entries that list them.
    pub findings: &'a [Finding],
    /// The rules that alone decided an expected response.
    pub decisive: &'a [Rule],
    /// Whether the run covered the whole default suite. Only then can an entry be stale.
    pub whole: bool,
    /// Today's date, such as `2026-11-25`.
    pub today: &'a str,
}

/// What a run observed of one entry. If a suite is sharded, only the merged status is conclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EntryStatus {
    /// Whether a script ran that the entry matches.
    pub script_ran: bool,
    /// Whether the entry's rule alone decided an expected response.
    pub tested: bool,
    /// Whether the entry lists a finding of the run.
    pub matched: bool,
    /// The number of calls that the rule alone decided and that conform.
    pub conforming: usize,
}

impl KnownFailures {
    /// The entries that are wrong for any run: they name a rule or a fact that does not exist, or a
    /// date that is not valid. The run need not begin.
    #[must_use]
    pub fn invalid_entries(&self) -> Vec<KnownFailureError> {
        self.entries.iter().flat_map(KnownFailure::invalid).collect()
    }

    /// Parses the file.
    ///
    /// # Errors
    /// The position of the error, and the TOML expected there.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let mut file: Self = toml::from_str(text)?;
        for deviation in &mut file.client {
            for (old, new) in FIRST_EDITION {
                deviation.what = deviation.what.replace(old, new);
            }
        }
        Ok(file)
    }

    /// The index of the entry that lists a divergence.
    #[must_use]
    pub fn find(
        &self,
        divergence: &Divergence,
        script: &str,
        observed: &Response,
    ) -> Option<usize> {
        self.entries.iter().position(|it| it.lists(divergence, script, observed))
    }

    /// Whether an entry lists a divergence of this exchange.
    #[must_use]
    pub fn lists(&self, divergence: &Divergence, script: &str, exchange: &Exchange) -> bool {
        let response = exchange.response.as_ref();
        response.is_some_and(|it| self.find(divergence, script, it).is_some())
    }

    /// The index of the entry that lists a response without a verdict.
    fn find_inconclusive(&self, script: &str, exchange: &Exchange) -> Option<usize> {
        self.entries.iter().position(|it| it.lists_inconclusive(script, exchange))
    }

    /// For each exchange of a run, whether it fails as the file says: a listed divergence, a listed
    /// failure, or a failure after a listed divergence, which has left an account that no
    /// conforming endpoint has. Of several divergences of a response, all that reach the threshold
    /// must be listed.
    #[must_use]
    pub fn covered(&self, run: &ScriptRun, threshold: Threshold) -> Vec<bool> {
        let script = &run.script.name;
        let mut has_diverged = false;
        let is_covered = |exchange: &Exchange| {
            let is_listed = |it: &Divergence| self.lists(it, script, exchange);
            let of_behavior = match &exchange.verdict {
                Verdict::Diverges(it) => is_listed(it),
                Verdict::Inconclusive(_) => {
                    has_diverged || self.find_inconclusive(script, exchange).is_some()
                }
                _ => false,
            };
            has_diverged |= of_behavior && matches!(exchange.verdict, Verdict::Diverges(_));
            let mut counted = exchange.divergences().filter(|it| threshold.includes(it)).peekable();
            if counted.peek().is_some() { counted.all(is_listed) } else { of_behavior }
        };
        run.exchanges.iter().map(is_covered).collect()
    }

    /// The reason why a deviation of the client is listed for this action, if it is.
    #[must_use]
    pub fn client_reason(&self, api: &str, deviation: &str) -> Option<&str> {
        let lists = |it: &&ClientDeviation| glob(&it.call, api) && glob(&it.what, deviation);
        self.client.iter().find(lists).map(|it| it.reason.as_str())
    }

    /// The outdated entries, each error with the index of its entry.
    #[must_use]
    pub fn errors(&self, run: &RunContext<'_>) -> Vec<(usize, KnownFailureError)> {
        let errors_of = |(index, entry): (usize, &KnownFailure)| {
            entry.errors(index, run).into_iter().map(move |it| (index, it))
        };
        self.entries.iter().enumerate().flat_map(errors_of).collect()
    }

    /// The status of each entry.
    #[must_use]
    pub fn statuses(&self, run: &RunContext<'_>) -> Vec<EntryStatus> {
        self.entries.iter().enumerate().map(|(index, it)| it.status(index, run)).collect()
    }
}

impl KnownFailure {
    fn invalid(&self) -> Vec<KnownFailureError> {
        let mut errors = Vec::new();
        let mut ids = rules().map(|it| it.id()).chain(wire_rule_ids());
        if !ids.any(|id| glob(&self.rule, &id)) {
            errors.push(KnownFailureError::UnknownRule(self.rule.clone()));
        }
        let unknown_facts = self.facts.iter().filter(|id| evidence::fact(id).is_none());
        errors.extend(unknown_facts.map(|id| KnownFailureError::UnknownFact(id.clone())));
        let dates = self.since.iter().chain(&self.expires).filter(|it| !is_date(it));
        errors.extend(dates.map(|it| KnownFailureError::InvalidDate(it.clone())));
        errors
    }

    fn errors(&self, index: usize, run: &RunContext<'_>) -> Vec<KnownFailureError> {
        let expired = self.expires.as_ref().filter(|it| it.as_str() < run.today);
        let expired =
            expired.map(|date| KnownFailureError::Expired(self.rule.clone(), date.clone()));
        let status = Some(self.status(index, run)).filter(|_| run.whole);
        expired.into_iter().chain(status.and_then(|it| self.status_error(it))).collect()
    }

    fn lists(&self, divergence: &Divergence, script: &str, observed: &Response) -> bool {
        glob(&self.rule, &divergence.rule_id())
            && Tier::from(self.tier) == divergence.tier
            && self.matches_script(script)
            && self.outcome.as_ref().is_none_or(|it| observed.to_string().starts_with(it.as_str()))
    }

    /// Whether the entry is about responses without a verdict.
    fn is_of_failures(&self) -> bool {
        self.outcome.as_ref().is_some_and(|it| it.starts_with(INTERRUPTED))
    }

    fn lists_inconclusive(&self, script: &str, exchange: &Exchange) -> bool {
        // The oracle may doubt a response that is not itself a failure.
        let Verdict::Inconclusive(failure) = &exchange.verdict else { return false };
        let failure = failure.to_string();
        self.is_of_failures()
            && self.outcome.as_ref().is_some_and(|it| failure.starts_with(it.as_str()))
            && self.matches_script(script)
            && exchange.in_force.iter().any(|it| self.matches(it))
    }

    fn matches(&self, rule: &Rule) -> bool {
        glob(&self.rule, &rule.id())
    }

    fn matches_script(&self, name: &str) -> bool {
        self.script.as_ref().is_none_or(|pattern| glob(pattern, name))
    }

    /// The status of the entry, which has this index in the file.
    fn status(&self, index: usize, run: &RunContext<'_>) -> EntryStatus {
        let has_run = |it: &ScriptRun| self.matches_script(&it.script.name);
        let of_wire = is_wire_rule_id(&self.rule);
        EntryStatus {
            script_ran: self.script.is_none() || run.replays.iter().any(has_run),
            tested: run.decisive.iter().any(|rule| self.matches(rule))
                || of_wire && self.wire_exchanges(run.replays).next().is_some(),
            matched: run.findings.iter().any(|it| it.known_failure == Some(index)),
            conforming: self.conforming_calls(run.replays),
        }
    }

    /// The error of the entry, given its status after a run of the whole suite.
    #[must_use]
    pub fn status_error(&self, status: EntryStatus) -> Option<KnownFailureError> {
        if !status.script_ran {
            return self.script.clone().map(KnownFailureError::Unmatched);
        }
        match self.flaky {
            _ if !status.tested => None,
            Some(min) if status.conforming < min => {
                Some(KnownFailureError::TooFlaky(self.rule.clone(), min))
            }
            // A failure may depend on time, so its absence proves nothing.
            None if !status.matched && !self.is_of_failures() => {
                Some(KnownFailureError::Stale(self.rule.clone()))
            }
            _ => None,
        }
    }

    /// The calls whose responses have the form that the wire rule of the entry is about, or another one.
    fn wire_exchanges<'a>(&self, replays: &'a [ScriptRun]) -> impl Iterator<Item = &'a Exchange> {
        let matching = replays.iter().filter(|it| self.matches_script(&it.script.name));
        let is_of_rule = |it: &&Exchange| {
            let api = it.operation.action().map_or("", |action| action.api);
            let mut rules = WIRE_RULES.iter().filter(|_| it.response.is_some());
            rules.any(|rule| glob(&self.rule, &rule.id(api)))
        };
        matching.flat_map(|it| &it.exchanges).filter(is_of_rule)
    }

    /// The number of calls that the rule alone decided and that conform.
    fn conforming_calls(&self, replays: &[ScriptRun]) -> usize {
        if is_wire_rule_id(&self.rule) {
            let violates =
                |it: &Exchange| it.violations.iter().any(|it| glob(&self.rule, &it.rule_id()));
            return self.wire_exchanges(replays).filter(|it| !violates(it)).count();
        }
        let matching = replays.iter().filter(|it| self.matches_script(&it.script.name));
        let conforming = matching.flat_map(|it| &it.exchanges).filter(|it| {
            matches!(it.verdict, Verdict::Conforms(_))
                && decisive_rule(&it.in_force).is_some_and(|rule| self.matches(&rule))
        });
        conforming.count()
    }
}

/// Whether a text is a date such as `2026-11-25`. Dates in this form sort as text.
fn is_date(text: &str) -> bool {
    text.len() == 10 && OffsetDateTime::parse(&format!("{text}T00:00:00Z"), &Rfc3339).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_table_names_are_read() -> Result<(), toml::de::Error> {
        for table in ["known-failure", "expected"] {
            let text = format!("[[{table}]]\nrule = \"DeleteUser/*\"\nreason = \"known\"\n");
            assert_eq!(KnownFailures::parse(&text)?.entries.len(), 1, "{table}");
        }
        Ok(())
    }

    #[test]
    fn deviations_of_the_first_edition_are_read() -> Result<(), toml::de::Error> {
        let text = "[[client]]\ncall = \"*\"\nwhat = \"asks again after 409 *\"\nreason = \"x\"\n";
        let file = KnownFailures::parse(text)?;
        assert_eq!(file.client_reason("TagUser", "retries after 409 LimitExceeded"), Some("x"));
        Ok(())
    }

    #[test]
    fn only_dates_of_the_calendar_are_accepted() {
        assert!(is_date("2026-11-25") && is_date("2028-02-29"));
        for text in
            ["2026-02-31", "2026-02-29", "2026-13-01", "2026-1-1", "26-11-25", "2026-11-25Z", ""]
        {
            assert!(!is_date(text), "{text}");
        }
    }
}
