//! The events of a run, as the JSON Lines report stores them.
//!
//! Events hold only text and numbers, so a reader needs no part of the model. The aliases are the
//! names of format 1, the first edition.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One line of the report.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum ReportEvent {
    /// The header: the first line.
    Run(RunHeader),
    /// A call and its verdict.
    Call(CallEvent),
    /// A rule that the endpoint breaks in one way.
    Finding(Box<FindingEvent>),
    /// A deviation of the client under test.
    Remark(RemarkEvent),
    /// A response in a situation that the evidence leaves unspecified.
    #[serde(alias = "open")]
    Unspecified(UnspecifiedEvent),
    /// The coverage of the run.
    Coverage(CoverageEvent),
    /// A resource that the cleanup could not delete.
    #[serde(alias = "kept")]
    NotDeleted(NotDeletedEvent),
    /// The result of one shard, or of named scripts, for an entry of the known-failures file.
    #[serde(alias = "entry")]
    KnownFailure(KnownFailureEvent),
    /// A problem in the known-failures file.
    #[serde(alias = "complaint")]
    KnownFailureError {
        /// The problem, in a sentence.
        text: String,
    },
    /// The footer: the last line.
    End(EndEvent),
}

/// The header of a run: the target, the selected suite and the options.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct RunHeader {
    /// The version of the report format.
    pub format: u32,
    /// The version of iamspec.
    pub version: String,
    /// A digest of the rules and scripts of this iamspec.
    pub revision: String,
    /// The endpoint under test.
    pub target: RunTarget,
    /// The client that sent the calls; absent for the client of iamspec.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<RunClient>,
    /// The selected scripts and generators, in words.
    #[serde(alias = "asked")]
    pub selection: String,
    /// The finest tier in which a difference fails the run.
    pub tier: String,
    /// The lowest level at which a difference fails the run.
    pub level: String,
    /// The rule set whose rules may fail the run; absent if every rule may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<String>,
    /// How many seconds the endpoint had to converge.
    pub settle: f64,
    /// The seed of the random generator.
    pub seed: u64,
    /// The start time, in UTC (RFC 3339).
    #[serde(alias = "begun")]
    pub started: String,
    /// The shard of the suite; absent if the run covers the whole suite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<ShardOf>,
    /// The address of a site that `iamspec site` wrote; findings link to its pages of the rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
}

impl RunHeader {
    /// Returns the name and version of the client that sent the calls.
    #[must_use]
    pub fn client_name(&self) -> String {
        let client = self.client.as_ref();
        client.map_or_else(|| "iamspec".to_owned(), |it| format!("{} {}", it.sdk, it.version))
    }
}

/// One of several shards of a suite.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, JsonSchema)]
pub struct ShardOf {
    /// The number of the shard, from 1.
    pub number: usize,
    /// The number of shards.
    pub of: usize,
}

/// The endpoint under test.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct RunTarget {
    /// Its name.
    pub name: String,
    /// Its version, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its license, if known.
    #[serde(default, alias = "licence", skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
}

/// The client that sent the calls.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct RunClient {
    /// The name of the SDK.
    pub sdk: String,
    /// Its version.
    pub version: String,
    /// Its programming language.
    pub language: String,
}

/// A call and its verdict.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct CallEvent {
    /// The script that contains the call.
    pub script: String,
    /// The call in symbols: `DeleteUser u0`.
    pub call: String,
    /// The action of the API: `DeleteUser`.
    #[serde(alias = "api")]
    pub action: String,
    /// The number of the request in the run, from 1; absent if the call was not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<usize>,
    /// The response, in symbols.
    #[serde(default, alias = "answer")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
    /// The verdict on the response.
    pub verdict: CallVerdict,
    /// The tier and level of a divergence, or the reason why there is no verdict.
    #[serde(default, alias = "why")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// True if the file of known failures covers the divergence or the failure.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub known_failure: bool,
    /// True if a divergence does not count because its rule is newer than the rule set of the run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub newer: bool,
    /// The rules that apply to the call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// The kinds of attachments that the user of a `DeleteUser` call has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<Vec<String>>,
    /// The retries until the response conformed.
    #[serde(default, alias = "settled", skip_serializing_if = "Option::is_none")]
    pub converged: Option<ConvergedEvent>,
    /// True for the first call of a script, which starts in an empty account.
    #[serde(default, alias = "begins")]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub starts_script: bool,
    /// The request id of the service, if it was recorded.
    #[serde(default, alias = "id")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// The retries of a call whose response conformed only after a while.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct ConvergedEvent {
    /// The number of retries.
    #[serde(alias = "tries")]
    pub retries: u32,
    /// The seconds from the first attempt to the conforming response.
    pub seconds: f64,
}

/// The verdict on a response.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CallVerdict {
    /// The model allows the response.
    Conforms,
    /// The model does not allow the response.
    Diverges,
    /// The response allows no verdict.
    Inconclusive,
    /// The endpoint does not implement the action.
    Unsupported,
    /// The call was not sent.
    #[serde(alias = "not-exercised")]
    Skipped,
}

impl CallVerdict {
    /// Returns true if the response was compared with the model.
    #[must_use]
    pub const fn is_judged(self) -> bool {
        matches!(self, Self::Conforms | Self::Diverges)
    }
}

/// A deviation of the client under test: in the request it sent or in its reading of a response.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct RemarkEvent {
    /// The action of the API.
    #[serde(alias = "api")]
    pub action: String,
    /// The deviation.
    #[serde(alias = "what")]
    pub deviation: String,
    /// The number of calls that show it.
    #[serde(alias = "times")]
    pub calls: usize,
    /// The parameters of the first such call, without secrets.
    #[serde(alias = "params")]
    pub parameters: String,
    /// The reason, if the deviation is a known failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A response in a situation that the evidence leaves unspecified.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct UnspecifiedEvent {
    /// The rule.
    pub rule: String,
    /// The facts that leave the behavior unspecified.
    pub facts: Vec<String>,
    /// The response of the endpoint.
    #[serde(alias = "seen")]
    pub response: String,
}

/// The result of one shard, or of named scripts, for an entry of the known-failures file.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct KnownFailureEvent {
    /// The rule, or a pattern, as written in the file.
    pub rule: String,
    /// The script, or a pattern.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    /// The beginning of the response. An entry about responses without a verdict is never stale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// For a flaky entry: the minimum number of conforming calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flaky: Option<usize>,
    /// True if a script to which the entry applies was run.
    #[serde(alias = "played")]
    pub run: bool,
    /// True if the rule alone decided a response.
    #[serde(alias = "asked")]
    pub tested: bool,
    /// True if a finding matches the entry.
    #[serde(alias = "seen")]
    pub matched: bool,
    /// The number of calls that conform to the rule.
    pub conforms: usize,
}

/// The coverage of a run.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct CoverageEvent {
    /// The rules.
    pub rules: ExerciseEvent,
    /// The outcomes of each action.
    pub outcomes: ExerciseEvent,
    /// The sets of attachment kinds that a user had at a `DeleteUser` call.
    pub sets: Vec<Vec<String>>,
    /// The ordered pairs of attachment kinds that a user had at a `DeleteUser` call.
    pub pairs: Vec<[String; 2]>,
    /// The kinds that block `DeleteUser`, each with the result for a user that has only it.
    #[serde(default)]
    pub kinds: Vec<KindEvent>,
}

/// The response to `DeleteUser` for a user with a single attachment of one kind.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct KindEvent {
    /// The kind.
    pub kind: String,
    /// `conforms`, `diverges`, `unsupported` or `not-tested`.
    pub result: String,
    /// The status and the code of the response; absent without a verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
    /// The tier of a divergence, the unsupported action, or the reason why the kind was not tested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The most frequent reason why a rule or a kind was not tested.
pub(crate) const NO_SCRIPT: &str = "no script of this run tests it";

/// The tested and the untested rules, or outcomes.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct ExerciseEvent {
    /// The names of those tested: they alone decided a response, and a later call shows the effect.
    #[serde(alias = "asked")]
    pub tested: Vec<String>,
    /// The others, each with the reason.
    #[serde(alias = "not_asked")]
    pub not_tested: Vec<MissingEvent>,
    /// Those that no call can test alone. They are in neither of the other lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undecidable: Vec<MissingEvent>,
}

/// A rule or outcome that the run did not test.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct MissingEvent {
    /// Its name.
    pub name: String,
    /// The reason.
    #[serde(alias = "why")]
    pub reason: String,
}

/// A resource that the cleanup could not delete.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct NotDeletedEvent {
    /// The name of the resource on the endpoint.
    pub name: String,
    /// The call that should have deleted it.
    #[serde(alias = "undo")]
    pub call: String,
    /// The response to that call.
    #[serde(alias = "answer")]
    pub response: String,
    /// True if the response was lost: the resource may be deleted.
    #[serde(alias = "perhaps")]
    pub uncertain: bool,
    /// True if a response in the same script diverged, which may explain the failure.
    #[serde(alias = "diverged")]
    pub after_divergence: bool,
}

/// The footer of a run: its totals and its exit code.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct EndEvent {
    /// The number of scripts run.
    pub scripts: usize,
    /// The number of requests sent, including the cleanup.
    pub requests: usize,
    /// The duration of the run.
    pub seconds: f64,
    /// The number of calls by verdict.
    #[serde(alias = "sums")]
    pub totals: RunTotals,
    /// The reason why the run ended early and the next step, if it did.
    #[serde(default, alias = "early")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_early: Option<String>,
    /// How the scripts of findings were shortened, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shortened: Option<String>,
    /// True if the endpoint sent at least one IAM response.
    #[serde(alias = "heard")]
    pub responded: bool,
    /// The run whose journal still lists resources. Merged shards list several, separated by blanks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal: Option<String>,
    /// The commands that delete what is left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cleanup: Vec<String>,
    /// The exit code.
    pub exit: u8,
}

/// The number of calls by verdict; each call counts once.
///
/// The stored form of [`iamspec_conformance::results::Totals`], whose crate writes no JSON.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize, JsonSchema)]
pub struct RunTotals {
    /// Responses that conform, or differ below the threshold.
    pub passed: usize,
    /// The passed calls that differ below the threshold.
    pub below: usize,
    /// Responses that diverge and are not known failures.
    pub unexpected: usize,
    /// Responses that diverge and are known failures.
    #[serde(alias = "expected")]
    pub known_failures: usize,
    /// Calls that the endpoint does not implement.
    pub unsupported: usize,
    /// Calls whose response allows no verdict.
    pub inconclusive: usize,
    /// Calls that were not sent.
    #[serde(alias = "not_exercised")]
    pub skipped: usize,
}

impl RunTotals {
    /// Returns the number of calls.
    #[must_use]
    pub const fn calls(&self) -> usize {
        self.passed
            + self.unexpected
            + self.known_failures
            + self.unsupported
            + self.inconclusive
            + self.skipped
    }
}

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
    /// The first tier in which the response differs: `status`, `code`, `text` or `wire`.
    pub tier: String,
    /// Whether the finding fails the run.
    #[serde(alias = "counted")]
    pub status: FindingStatus,
    /// True if it would count, but its rule or its level is newer than the rule set of the run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub newer: bool,
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
    #[serde(alias = "because")]
    pub evidence: Vec<CitedFact>,
    /// The state of the account before the call.
    pub state: String,
    /// The state that the oracle assumes after the call.
    #[serde(alias = "going_on")]
    pub assumed_state: String,
    /// For a read: the call before which the response was right. The read may be stale.
    #[serde(default, alias = "late", skip_serializing_if = "Option::is_none")]
    pub possibly_stale: Option<String>,
    /// The earlier call that seems to cause the divergence: the rule that it breaks, and how. Of the
    /// known faults of one call, only those of this call fit the responses of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The rules that earlier calls of the script break. Without these divergences, the finding may
    /// not occur.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<String>,
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

/// The command that exports a script as a program, without the language. `endpoint_option` is the
/// option that names the endpoint.
pub(crate) fn export_command(script: &str, endpoint_option: Option<&str>) -> String {
    let option = endpoint_option.map(|it| format!(" {it}")).unwrap_or_default();
    format!("iamspec export {script}{option} --as")
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
