//! A finding as the JSON Lines report stores it: divergence, evidence and reproduction.
//!
//! The aliases are the names of format 1, the first edition.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether a finding fails the run.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FindingStatus {
    /// The finding fails the run.
    Unexpected,
    /// The finding is a known failure.
    #[serde(alias = "expected")]
    KnownFailure,
    /// The finding is below the selected tier or level.
    Below,
}

/// A rule that the endpoint breaks in one way.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct FindingEvent {
    /// The rule.
    pub rule: String,
    /// The action of the API.
    #[serde(alias = "api")]
    pub action: String,
    /// The rule as a sentence.
    pub statement: String,
    /// The level of the rule: `must`, `should` or `info`.
    pub level: String,
    /// The first tier in which the response differs: `status`, `code` or `text`.
    pub tier: String,
    /// Whether the finding fails the run.
    #[serde(rename = "status", alias = "counted")]
    pub status: FindingStatus,
    /// The reason, if the finding is a known failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The issue of the known failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<String>,
    /// The shortest script that shows the finding.
    pub script: String,
    /// The calls of that script up to the one that diverges, with their responses.
    pub history: Vec<FindingStep>,
    /// The response of the endpoint.
    pub observed: String,
    /// The responses that conform.
    #[serde(alias = "allowed")]
    pub expected: Vec<ExpectedResponse>,
    /// The facts that support the rule.
    #[serde(rename = "evidence", alias = "because")]
    pub evidence: Vec<CitedFact>,
    /// The state of the account before the call.
    pub state: String,
    /// The state that the oracle assumes after the call.
    #[serde(alias = "going_on")]
    pub assumed_state: String,
    /// For a read: the call before which the response was right. The read may be stale.
    #[serde(default, alias = "late", skip_serializing_if = "Option::is_none")]
    pub possibly_stale: Option<String>,
    /// The other scripts that show the finding.
    #[serde(default, alias = "also", skip_serializing_if = "Vec::is_empty")]
    pub other_scripts: Vec<String>,
    /// The HTTP exchange, without secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire: Option<FindingWire>,
    /// The command that reproduces the finding.
    #[serde(alias = "again")]
    pub reproduce: String,
    /// The command that exports the script as a program, without the language. Absent for
    /// generated calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<String>,
}

/// A call of a history.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct FindingStep {
    /// The call in symbols.
    pub call: String,
    /// The response, in symbols.
    #[serde(alias = "answer")]
    pub response: String,
}

/// A response that conforms.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct ExpectedResponse {
    /// The response.
    #[serde(alias = "answer")]
    pub response: String,
    /// The rule that allows it.
    pub rule: String,
}

/// A fact that supports a rule.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct CitedFact {
    /// Its id.
    pub fact: String,
    /// The strength of its evidence.
    pub strength: String,
    /// The fact as a sentence.
    #[serde(alias = "says")]
    pub statement: String,
    /// Its source.
    pub source: String,
}

/// The HTTP exchange of a call.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct FindingWire {
    /// The form that was sent.
    pub request: String,
    /// The status and the body of the response.
    #[serde(alias = "answer")]
    pub response: String,
}
