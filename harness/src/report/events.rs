//! The events of a run, as they stand in a file: words and numbers, nothing that needs the model.
//!
//! The first line of the stream: who is asked what, by whom and how.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::finding::FindingEvent;

/// One line of the stream.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum ReportEvent {
    /// The first line.
    Run(RunHeader),
    /// A call and what is said of its answer.
    Call(CallEvent),
    /// A rule that is broken in one way.
    Finding(Box<FindingEvent>),
    /// Something that the client did otherwise than it should.
    Remark(RemarkEvent),
    /// A question that the facts leave open.
    Open(UnspecifiedEvent),
    /// What was reached.
    Coverage(CoverageEvent),
    /// Something that the endpoint did not let go.
    Kept(NotDeletedEvent),
    /// What a part of a suite has seen of an entry of the expectations.
    Entry(KnownFailureEvent),
    /// Something wrong with the expectations.
    Complaint {
        /// What, in a sentence.
        text: String,
    },
    /// The last line.
    End(EndEvent),
}

/// Something that the client did otherwise than it should: what it sent, or what it made of an answer.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct RemarkEvent {
    /// The call.
    pub api: String,
    /// What it did.
    pub what: String,
    /// In how many calls.
    pub times: usize,
    /// The members of the first such call, without secrets.
    pub params: String,
    /// Why it is expected, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A call and what is said of its answer.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct CallEvent {
    /// The script that it is of.
    pub script: String,
    /// The call in symbols: `DeleteUser u0`.
    pub call: String,
    /// Its name in the API.
    pub api: String,
    /// Which request of the run it was, counted from 1; nothing where it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<usize>,
    /// What was answered, in symbols.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// What is said of it.
    pub verdict: CallVerdict,
    /// Why nothing can be said; the tier and the level of what differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The rules that were in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// The kinds that a user held when it was to be deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<Vec<String>>,
    /// How the answer came to be this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<ConvergedEvent>,
    /// Whether it is the first of its script, in an account in which nothing existed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub begins: bool,
    /// What the service called the request, where it was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// How an answer came to be right only when it was asked for again.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct ConvergedEvent {
    /// How often it was asked again.
    pub tries: u32,
    /// How many seconds after the first time.
    pub seconds: f64,
}

/// What is said of an answer.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CallVerdict {
    /// It is one that the model allows.
    Conforms,
    /// It is none of them.
    Diverges,
    /// Nothing can be said.
    Inconclusive,
    /// The endpoint lacks the call.
    Unsupported,
    /// Not asked.
    NotExercised,
}

impl CallVerdict {
    /// Whether anything is said of the answer.
    #[must_use]
    pub const fn is_judged(self) -> bool {
        matches!(self, Self::Conforms | Self::Diverges)
    }
}

/// A question that the facts leave open, with what was seen.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct UnspecifiedEvent {
    /// The rule.
    pub rule: String,
    /// The facts that leave it open.
    pub facts: Vec<String>,
    /// What the endpoint did.
    pub seen: String,
}

/// What a part of a suite has seen of an entry of the expectations.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct KnownFailureEvent {
    /// The rule, or a pattern, as the file has it.
    pub rule: String,
    /// The script, or a pattern.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    /// In how many calls its rule must hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flaky: Option<usize>,
    /// Whether a script was played that it is about.
    pub played: bool,
    /// Whether its rule alone decided an answer.
    pub asked: bool,
    /// Whether it lists something that was found.
    pub seen: bool,
    /// In how many calls its rule holds.
    pub conforms: usize,
}

/// What was reached, and what was not.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct CoverageEvent {
    /// The rules.
    pub rules: ExerciseEvent,
    /// The answers that each call may be given.
    pub outcomes: ExerciseEvent,
    /// The sets of kinds with which a user was to be deleted.
    pub sets: Vec<Vec<String>>,
    /// The two kinds that a user held when it was to be deleted, in the order attached.
    pub pairs: Vec<[String; 2]>,
}

/// What was asked, and what was not.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct ExerciseEvent {
    /// By name.
    pub asked: Vec<String>,
    /// With why.
    pub not_asked: Vec<MissingEvent>,
}

/// What was not asked.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct MissingEvent {
    /// What.
    pub name: String,
    /// Why.
    pub why: String,
}

/// Something that the endpoint did not let go.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct NotDeletedEvent {
    /// Its real name.
    pub name: String,
    /// The call that was to remove it.
    pub undo: String,
    /// What that was answered.
    pub answer: String,
    /// Whether it may be gone all the same, because the answer was lost.
    pub perhaps: bool,
    /// Whether an answer in its script diverged, which may explain it.
    pub diverged: bool,
}

/// What a run came to.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct EndEvent {
    /// How many scripts were played.
    pub scripts: usize,
    /// How many requests were sent, those of the clean-up included.
    pub requests: usize,
    /// How long it took.
    pub seconds: f64,
    /// The sums of the last line.
    pub sums: RunTotals,
    /// Why it ended early, and what to do, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early: Option<String>,
    /// Whether any answer was understood.
    pub heard: bool,
    /// The run whose journal still names things; of several parts those of each, with blanks between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal: Option<String>,
    /// The exit code.
    pub exit: u8,
}

/// The sums of the last line: every call is in exactly one of these.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize, JsonSchema)]
pub struct RunTotals {
    /// Answers that conform, or differ below the threshold.
    pub passed: usize,
    /// Of these: those that differ below the threshold.
    pub below: usize,
    /// Answers that diverge.
    pub unexpected: usize,
    /// Answers that diverge and are listed.
    pub expected: usize,
    /// Calls that the endpoint lacks.
    pub unsupported: usize,
    /// Calls of whose answer nothing can be said.
    pub inconclusive: usize,
    /// Calls that were not asked.
    pub not_exercised: usize,
}

impl RunTotals {
    /// Every call.
    #[must_use]
    pub const fn calls(&self) -> usize {
        self.passed
            + self.unexpected
            + self.expected
            + self.unsupported
            + self.inconclusive
            + self.not_exercised
    }
}

/// What was to be played, and where.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct RunHeader {
    /// The version of the format.
    pub format: u32,
    /// The version of iamspec.
    pub version: String,
    /// What tells the rules and scripts of this iamspec from those of others.
    pub revision: String,
    /// Who was asked.
    pub target: RunTarget,
    /// Who made the calls, where it was not iamspec itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<RunClient>,
    /// What was to be played, in words.
    pub asked: String,
    /// How closely answers were compared: the tier from which a difference counts.
    pub tier: String,
    /// The level from which it counts.
    pub level: String,
    /// How many seconds the endpoint had until its answers were as they should be.
    pub settle: f64,
    /// What chance began with.
    pub seed: u64,
    /// When it began, in UTC (RFC 3339).
    pub begun: String,
    /// Which part of the suite it played; all of it where this is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<ShardOf>,
}

impl RunHeader {
    /// Who made the calls, in words.
    #[must_use]
    pub fn made_by(&self) -> String {
        let client = self.client.as_ref();
        client.map_or("iamspec".to_owned(), |it| format!("{} {}", it.sdk, it.version))
    }
}

/// One of several parts of a suite.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, JsonSchema)]
pub struct ShardOf {
    /// Its number, from 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
}

/// Who was asked.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct RunTarget {
    /// What it is called.
    pub name: String,
    /// Its version, where somebody said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its licence, where somebody said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
}

/// Who made the calls.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct RunClient {
    /// The SDK.
    pub sdk: String,
    /// Its version.
    pub version: String,
    /// The language.
    pub language: String,
}
