//! The messages between iamspec and a driver: JSON Lines, one message per line.
//!
//! `harness/schemas/driver.json` is the schema of these types and contains their doc comments.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::aws::credentials::Identity;
use crate::aws::destination::Destination;

/// The version of the protocol.
pub const PROTOCOL: u32 = 1;

/// A message to the driver, on its stdin.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum DriverRequest {
    /// The first message. The answer is `hello`.
    Hello {
        /// The version of the protocol.
        protocol: u32,
    },
    /// The endpoint and the credentials to use from now on. The answer is `session`.
    Session(DriverSession),
    /// Make one call. The answer is `answer`, with the same `seq`.
    Call(DriverCall),
    /// End, with exit code 0.
    Stop,
}

/// The endpoint and the credentials of a client.
#[derive(Clone, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct DriverSession {
    /// The URL of the IAM endpoint.
    pub endpoint: String,
    /// The region of the client.
    pub region: String,
    /// The id of the access key.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: String,
    /// The session token, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token: Option<String>,
}

impl DriverSession {
    /// The session of an identity at a destination.
    #[must_use]
    pub fn new(identity: &Identity, destination: &Destination) -> Self {
        let credentials = identity.credentials();
        Self {
            endpoint: destination.pinned_url().to_string().trim_end_matches('/').to_owned(),
            region: destination.region.clone(),
            access_key_id: credentials.access_key_id().to_owned(),
            secret_access_key: credentials.secret_access_key().to_owned(),
            session_token: credentials.session_token().map(str::to_owned),
        }
    }
}

/// Shows no secret.
impl fmt::Debug for DriverSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, region, access_key_id, .. } = self;
        write!(f, "{endpoint} in {region} as {access_key_id}")
    }
}

/// One call.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct DriverCall {
    /// The number of this call.
    pub seq: u64,
    /// The operation by its API name: `CreateUser`.
    pub op: String,
    /// Its members by their API names: strings, numbers, booleans, lists and structures.
    pub params: Map<String, Value>,
    /// The time limit in milliseconds, including retries of the SDK.
    pub deadline_ms: u64,
    /// Make the call through a paginator or a waiter. Only sent to drivers that announce it in
    /// `hello`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<CallVia>,
}

impl DriverCall {
    /// A call that is made directly, with the retries of the SDK.
    #[must_use]
    pub fn plain(seq: u64, op: &str, params: Map<String, Value>, deadline: Duration) -> Self {
        let deadline_ms = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
        Self { seq, op: op.to_owned(), params, deadline_ms, through: None }
    }
}

/// A feature of an SDK that makes calls of its own.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallVia {
    /// Requests the pages of a listing, one after the other; `MaxItems` is the size of a page. The
    /// result has the lists of all pages, each joined into one, and nothing else.
    Paginator,
    /// Repeats a request until a resource exists: `UserExists` for `GetUser`. The result is empty.
    Waiter,
}

/// A message of the driver, on its stdout.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum DriverMessage {
    /// The driver's description of itself.
    Hello(Hello),
    /// The session is set up.
    Session,
    /// The outcome of a call.
    Answer {
        /// The number of the call.
        seq: u64,
        /// The outcome.
        outcome: DriverOutcome,
    },
}

/// A driver's description of itself.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Hello {
    /// The version of the protocol that the driver speaks.
    pub protocol: u32,
    /// The name of the driver.
    pub driver: String,
    /// The SDK behind the driver.
    pub sdk: String,
    /// The version of the SDK.
    pub version: String,
    /// The language, with its version.
    pub language: String,
    /// The supported operations; empty if all are supported.
    #[serde(default)]
    pub ops: Vec<String>,
    /// The SDK features that calls can be made through.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub through: Vec<CallVia>,
}

/// The outcome of a call.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DriverOutcome {
    /// The SDK returned a result.
    Ok {
        /// The result of the SDK, by the members of the API: dates as RFC 3339 in UTC, blobs in
        /// base 64, without absent members and without members that the SDK adds.
        result: Map<String, Value>,
    },
    /// The SDK raised an error that the service returned.
    AwsError {
        /// The HTTP status, if the SDK reports it.
        #[serde(default)]
        http_status: Option<u16>,
        /// The code, such as `NoSuchEntity`.
        code: String,
        /// The message.
        #[serde(default)]
        message: Option<String>,
        /// The class of the exception.
        #[serde(default)]
        exception: Option<String>,
    },
    /// The SDK raised an error of its own.
    SdkError {
        /// Its kind.
        kind: SdkError,
        /// Its message, in one line.
        detail: String,
        /// The HTTP status of the response that the SDK could not read, if the SDK reports it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        http_status: Option<u16>,
    },
    /// The SDK has no such operation, or does not accept these members.
    Unsupported {
        /// The reason.
        reason: String,
    },
}

/// The kind of an error that the SDK itself raised.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SdkError {
    /// The SDK rejected the members and sent nothing.
    Validation,
    /// There was no response in time.
    Timeout,
    /// The connection failed or was closed.
    Transport,
    /// The SDK could not read the response.
    Parse,
}
