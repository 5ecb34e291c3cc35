//! What iamspec and a driver say to each other: JSON Lines, a message a line
//! (`harness/schemas/driver.json`).

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::aws::credentials::Identity;
use crate::aws::destination::Destination;

/// The version of the protocol.
pub const PROTOCOL: u32 = 1;

/// What a driver hears on its stdin.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum DriverRequest {
    /// The first message. The answer is `hello`.
    Hello {
        /// The version of the protocol.
        protocol: u32,
    },
    /// Whom to ask from now on, and as whom. The answer is `session`.
    Session(DriverSession),
    /// Make one call. The answer is `answer`, with the same `seq`.
    Call(DriverCall),
    /// End, with exit code 0.
    Stop,
}

/// Whom to ask, and as whom.
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
    /// The session token, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token: Option<String>,
}

impl DriverSession {
    /// The session of an identity at a destination.
    #[must_use]
    pub fn new(identity: &Identity, destination: &Destination) -> Self {
        let credentials = identity.credentials();
        Self {
            endpoint: destination.url.to_string().trim_end_matches('/').to_owned(),
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
    /// Tells this call from others.
    pub seq: u64,
    /// The operation, as the API calls it: `CreateUser`.
    pub op: String,
    /// Its members, as the API calls them: strings, numbers, booleans, lists and structures.
    pub params: Map<String, Value>,
    /// How long it may take, in milliseconds, retries of the SDK included.
    pub deadline_ms: u64,
    /// Not by a plain call. Asked of no driver that does not say that it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<CallVia>,
}

impl DriverCall {
    /// A call that is made once, as far as the SDK does not ask again.
    #[must_use]
    pub fn plain(seq: u64, op: &str, params: Map<String, Value>, deadline: Duration) -> Self {
        let deadline_ms = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
        Self { seq, op: op.to_owned(), params, deadline_ms, through: None }
    }
}

/// What of an SDK makes calls of its own.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallVia {
    /// What asks for page after page of a listing; `MaxItems` is the size of a page. The result has the lists of
    /// all pages, each joined into one, and nothing else.
    Paginator,
    /// What asks again until there is something, `UserExists` for `GetUser`. The result is empty.
    Waiter,
}

/// What a driver says on its stdout.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum DriverMessage {
    /// Who it is.
    Hello(Hello),
    /// The session is set up.
    Session,
    /// What came of a call.
    Answer {
        /// That of the call.
        seq: u64,
        /// What came of it.
        outcome: DriverOutcome,
    },
}

/// Who a driver is.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Hello {
    /// The version of the protocol that it speaks.
    pub protocol: u32,
    /// The name of the driver.
    pub driver: String,
    /// The SDK that it drives.
    pub sdk: String,
    /// The version of the SDK.
    pub version: String,
    /// The language, with its version.
    pub language: String,
    /// The operations that it can call; every one if empty.
    #[serde(default)]
    pub ops: Vec<String>,
    /// What of the SDK it can be asked to call through.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub through: Vec<CallVia>,
}

/// What came of a call.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DriverOutcome {
    /// The SDK returned a result.
    Ok {
        /// The result as the SDK understood it, by the members of the API: dates as RFC 3339 in UTC, blobs in
        /// base 64, what is absent left out. Without what the SDK adds.
        result: Map<String, Value>,
    },
    /// The SDK raised an error that the service had answered.
    AwsError {
        /// The HTTP status, where the client tells it.
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
        /// Of which sort.
        kind: SdkError,
        /// What it says, in one line.
        detail: String,
        /// The HTTP status of the answer that it could not read, where the client tells it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        http_status: Option<u16>,
    },
    /// The SDK has no such call, or cannot be given these members.
    Unsupported {
        /// Why.
        reason: String,
    },
}

/// A sort of error that is an SDK's own.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SdkError {
    /// It refuses the members, and has sent nothing.
    Validation,
    /// It was not answered in time.
    Timeout,
    /// The connection could not be made or ended.
    Transport,
    /// It could not read the answer.
    Parse,
}
