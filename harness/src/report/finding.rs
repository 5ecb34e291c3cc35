//! A finding as it stands in a file: everything that a reader needs to believe it and to repeat it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether a finding fails the run.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FindingStatus {
    /// It does.
    Unexpected,
    /// It is listed as known.
    Expected,
    /// It lies below the tier or level that was asked for.
    Below,
}

/// A rule that the endpoint breaks in one way.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct FindingEvent {
    /// The rule.
    pub rule: String,
    /// Its call in the API.
    pub api: String,
    /// The rule as a sentence.
    pub statement: String,
    /// How binding the evidence is.
    pub level: String,
    /// The first tier in which the answer differs.
    pub tier: String,
    /// Whether it fails the run.
    pub counted: FindingStatus,
    /// Why it is expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where that is talked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<String>,
    /// The shortest of the scripts that show it.
    pub script: String,
    /// The calls of that script up to the one that diverges, with their answers.
    pub history: Vec<FindingStep>,
    /// What was answered.
    pub observed: String,
    /// What conforms.
    pub allowed: Vec<ExpectedResponse>,
    /// What the rule rests on.
    pub because: Vec<CitedFact>,
    /// The account in which it was asked.
    pub state: String,
    /// How the judge went on.
    pub going_on: String,
    /// The call before which this answer to a read was right: one that comes late looks like that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<String>,
    /// The other scripts that show it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// What went over the wire, without what is secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire: Option<FindingWire>,
    /// The command that repeats it.
    pub again: String,
    /// The command that writes its script as a program, but for the language; nothing where it has no script.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<String>,
}

/// A call of a history.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct FindingStep {
    /// The call in symbols.
    pub call: String,
    /// What was answered, in symbols.
    pub answer: String,
}

/// An answer that conforms.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct ExpectedResponse {
    /// The answer.
    pub answer: String,
    /// The rule that allows it.
    pub rule: String,
}

/// A fact that a rule rests on.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct CitedFact {
    /// Its id.
    pub fact: String,
    /// How sure it is.
    pub strength: String,
    /// What it says.
    pub says: String,
    /// Where it comes from.
    pub source: String,
}

/// What went over the wire.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct FindingWire {
    /// The form that was sent.
    pub request: String,
    /// The status and the body.
    pub answer: String,
}
