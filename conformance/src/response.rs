//! The response of an endpoint to one operation, with real names replaced by symbols.
//!
//! [`Response`] separates success, refusal and failure. A [`Failure`] gives no evidence about the
//! semantics of the operation: the request was not sent, or the response is missing or unusable.

use std::fmt;

use iamspec_model::{Action, Clause, ErrorCode, Listed, Status};

/// The response to one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// The operation succeeded. Reads include a listing.
    Success(Option<Listing>),
    /// The endpoint returned an IAM error.
    Refused {
        /// The HTTP status.
        http: u16,
        /// The content of the `<Code>` element. The model may not know this code.
        code: String,
        /// The content of `<Message>`, with real names replaced by symbols.
        message: Option<EndpointText>,
    },
    /// No response, or a response that does not show whether the operation succeeded.
    Failed(Failure),
}

/// A text of the endpoint: complete for the comparison with the model, and as it is shown.
///
/// Secrets are removed from the shown text only, and only the shown text may be cut. So neither can
/// change a verdict. `Display` and `Debug` print the shown text.
#[derive(Clone)]
pub struct EndpointText {
    complete: String,
    /// `None` if the complete text is shown.
    shown: Option<String>,
}

impl EndpointText {
    /// A text that is shown in another form.
    #[must_use]
    pub fn new(complete: String, shown: String) -> Self {
        let shown = Some(shown).filter(|it| *it != complete);
        Self { complete, shown }
    }

    /// The complete text, for comparison only.
    #[must_use]
    pub fn complete(&self) -> &str {
        &self.complete
    }

    /// The text to show.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.shown.as_deref().unwrap_or(&self.complete)
    }

    /// Drops the complete text, which may be long and may contain secrets.
    fn drop_complete(&mut self) {
        if let Some(shown) = self.shown.take() {
            self.complete = shown;
        }
    }
}

impl<T: Into<String>> From<T> for EndpointText {
    fn from(text: T) -> Self {
        Self { complete: text.into(), shown: None }
    }
}

impl PartialEq for EndpointText {
    fn eq(&self, other: &Self) -> bool {
        self.complete == other.complete
    }
}

impl Eq for EndpointText {}

impl fmt::Debug for EndpointText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.shown(), f)
    }
}

impl fmt::Display for EndpointText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown())
    }
}

/// The number of entries without a symbol that a compared listing keeps.
const UNKNOWN_NAMES_MAX: usize = 100;

/// The entries of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The entries that have a symbol, sorted.
    pub items: Vec<Listed>,
    /// The real names of the entries that have no symbol.
    pub unknown_names: Vec<String>,
}

impl Listing {
    /// Creates a listing of known entries.
    #[must_use]
    pub fn of(items: Vec<Listed>) -> Self {
        Self { items, unknown_names: Vec::new() }
    }
}

/// Script syntax: `[key#0, key#1 Inactive]`. An entry without a symbol is printed as `?name`.
impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entry = |(entity, status): &Listed| match status {
            Status::Active => entity.to_string(),
            Status::Inactive => format!("{entity} Inactive"),
        };
        let mut entries: Vec<String> = self.items.iter().map(entry).collect();
        entries.extend(self.unknown_names.iter().map(|name| format!("?{}", quote_if_needed(name))));
        write!(f, "[{}]", entries.join(", "))
    }
}

/// A failure: the response gives no evidence about the semantics of the operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The kind of failure.
    pub kind: FailureKind,
    /// Details, in one line.
    pub detail: String,
}

/// The kinds of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The client could not build the request. Nothing was sent.
    Unsent,
    /// The connection failed. Nothing was sent.
    Unreachable,
    /// The connection closed before the response was complete.
    Reset,
    /// The response did not arrive before the timeout.
    Timeout,
    /// The response is not an IAM response: HTML, JSON, not UTF-8, too long, or a redirect.
    Unreadable,
    /// A success status (2xx) with malformed XML, or with the XML of another action.
    Garbled,
    /// The service reports an internal failure (5xx with an IAM error).
    Failure,
    /// The service crashed (5xx without an IAM error).
    Crash,
    /// The service asks the client to retry later.
    Transient,
    /// The service denies access to the caller.
    Denied,
    /// The endpoint reports that it does not implement the action.
    Unimplemented,
    /// The refusal may have a cause outside the model, such as other resources in the account.
    Doubtful,
    /// The client under test rejected the operation. Nothing was sent.
    Client,
    /// The client driver exited, or sent a message that violates its protocol.
    Driver,
}

impl FailureKind {
    /// The failure that an error code means which any action may return at any time, or which a
    /// front end returns for an action that it does not implement (D-022, E-011, E-013..E-016).
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "Throttling"
            | "ThrottlingException"
            | "RequestLimitExceeded"
            | "ConcurrentModification" => Some(Self::Transient),
            "AccessDenied"
            | "InvalidClientTokenId"
            | "SignatureDoesNotMatch"
            | "ExpiredToken"
            | "MissingAuthenticationToken"
            | "RequestExpired"
            | "OptInRequired" => Some(Self::Denied),
            "InvalidAction"
            | "NotImplemented"
            | "UnknownOperation"
            | "UnknownOperationException" => Some(Self::Unimplemented),
            _ => None,
        }
    }

    /// Every kind of failure.
    pub const ALL: [Self; 14] = [
        Self::Unsent,
        Self::Unreachable,
        Self::Reset,
        Self::Timeout,
        Self::Unreadable,
        Self::Garbled,
        Self::Failure,
        Self::Crash,
        Self::Transient,
        Self::Denied,
        Self::Unimplemented,
        Self::Doubtful,
        Self::Client,
        Self::Driver,
    ];

    /// The name in scripts and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unsent => "unsent",
            Self::Unreachable => "unreachable",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::Unreadable => "unreadable",
            Self::Garbled => "garbled",
            Self::Failure => "failure",
            Self::Crash => "crash",
            Self::Transient => "transient",
            Self::Denied => "denied",
            Self::Unimplemented => "unimplemented",
            Self::Doubtful => "doubtful",
            Self::Client => "client",
            Self::Driver => "driver",
        }
    }

    /// Returns the kind of failure for a response that is not an IAM response, by HTTP status.
    #[must_use]
    pub const fn from_status(status: u16) -> Self {
        match status {
            501 => Self::Unimplemented,
            // A gateway did not reach the service, or lost its response.
            502..=504 => Self::Failure,
            500.. => Self::Crash,
            _ => Self::Unreadable,
        }
    }

    /// Returns true if the operation cannot have had an effect.
    #[must_use]
    pub const fn had_no_effect(self) -> bool {
        matches!(
            self,
            Self::Unsent
                | Self::Unreachable
                | Self::Transient
                | Self::Denied
                | Self::Unimplemented
                | Self::Doubtful
                | Self::Client
        )
    }

    /// Returns true if a service that does not implement the action may respond like this.
    #[must_use]
    pub const fn looks_unsupported(self) -> bool {
        matches!(self, Self::Unimplemented | Self::Crash)
    }

    /// Returns true if a retry may succeed.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::Reset | Self::Failure | Self::Crash | Self::Transient)
    }

    /// Returns true if there was a response that cannot be parsed.
    #[must_use]
    pub const fn is_unparsable(self) -> bool {
        matches!(self, Self::Unreadable | Self::Garbled)
    }

    /// Returns true if no endpoint responded in the protocol of IAM.
    #[must_use]
    pub const fn is_unresponsive(self) -> bool {
        matches!(
            self,
            Self::Unreachable
                | Self::Reset
                | Self::Timeout
                | Self::Unreadable
                | Self::Garbled
                | Self::Driver
        )
    }
}

impl Response {
    /// Success without a listing.
    pub const SUCCESS: Self = Self::Success(None);

    /// Creates a failure.
    #[must_use]
    pub fn failed(cause: FailureKind, detail: impl Into<String>) -> Self {
        Self::Failed(Failure { kind: cause, detail: detail.into() })
    }

    /// Classifies an error response as a refusal or a failure.
    ///
    /// `call` is the action of the request, or `None` if the model does not contain it.
    /// - A code that a rule of the action names is a refusal. For example, `AccessDenied` in
    ///   response to `GetAccessKeyLastUsed` means that the key does not exist (B-AK-15).
    /// - A code that any action may return at any time (D-022, F-009, F-011, E-013..E-016) gives no
    ///   evidence about the state: it is a failure.
    /// - A code that a front end returns for an action that it does not implement (E-011) is a
    ///   failure.
    /// - Any other code of the model is a refusal, whatever the status.
    #[must_use]
    pub fn refused(
        call: Option<&Action>,
        http: u16,
        code: String,
        message: Option<EndpointText>,
    ) -> Self {
        let names_code = |clause: &Clause| clause.refuses_with(&code);
        if call.is_some_and(|it| it.clauses.iter().any(names_code)) {
            return Self::Refused { http, code, message };
        }
        let cause = match FailureKind::from_code(&code) {
            Some(kind) => kind,
            _ if ErrorCode::named(&code).is_some() => {
                return Self::Refused { http, code, message };
            }
            _ if http == 501 => FailureKind::Unimplemented,
            _ if http >= 500 => FailureKind::Failure,
            _ => return Self::Refused { http, code, message },
        };
        let message = message.as_ref().map_or("", EndpointText::shown);
        Self::failed(cause, format!("{http} {code} {message}").trim_end())
    }

    /// Reduces a compared response to what is shown of it, so that a run needs little memory
    /// whatever the endpoint returns.
    pub fn keep_shown(&mut self) {
        match self {
            Self::Refused { message: Some(message), .. } => message.drop_complete(),
            Self::Success(Some(listing)) if listing.unknown_names.len() > UNKNOWN_NAMES_MAX => {
                let names = listing.unknown_names.len();
                listing.unknown_names.truncate(UNKNOWN_NAMES_MAX);
                listing.unknown_names.push(format!("… (cut, {names} names)"));
                listing.unknown_names.shrink_to_fit();
            }
            _ => {}
        }
    }

    /// Returns true if a retry may succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Success(_) => false,
            Self::Refused { code, .. } => code == ErrorCode::EntityTemporarilyUnmodifiable.name(),
            Self::Failed(it) => it.kind.is_retryable(),
        }
    }
}

/// Script syntax: `200 [key#0]` or `409 DeleteConflict "message"`.
impl fmt::Display for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Success(Some(listing)) => write!(f, "200 {listing}"),
            Self::Success(None) => f.write_str("200"),
            Self::Refused { http, code, message } => {
                // Quotes distinguish an error with a success status from a success.
                let success = (200..300).contains(http);
                let code = if success { format!("{code:?}") } else { quote_if_needed(code) };
                write!(f, "{http} {code}")?;
                message.as_ref().map_or(Ok(()), |message| write!(f, " {message:?}"))
            }
            Self::Failed(failure) => failure.fmt(f),
        }
    }
}

/// Quotes a text that is not one plain word, so that the parser can read it.
fn quote_if_needed(text: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "-_.:/+=@".contains(it);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("{text:?}")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "interrupted {} {:?}", self.kind.name(), self.detail)
    }
}
