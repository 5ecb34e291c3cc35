//! What an endpoint answered, as far as it could be understood, in symbols.

use std::fmt;

use iamspec_model::{Action, Clause, ErrorCode, Expected, Listed, Status};

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Response {
    /// Carried out, with what a listing showed.
    Done(Option<Listing>),
    /// Refused: an error in the form of the IAM Query API.
    Refused {
        /// The HTTP status.
        http: u16,
        /// The text of `<ErrorCode>`, known to us or not.
        code: String,
        /// The text of `<Message>`, real names replaced by symbols.
        message: Option<String>,
    },
    /// No answer, or none that says whether the call was carried out.
    Interrupted(Failure),
}

/// The items that a listing showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Those that have a symbol, sorted.
    pub items: Vec<Listed>,
    /// The names of those that have none.
    pub strangers: Vec<String>,
}

impl Listing {
    /// The listing of these.
    #[must_use]
    pub fn of(items: Vec<Listed>) -> Self {
        Self { items, strangers: Vec::new() }
    }
}

/// As scripts write it: `[key#0, key#1 Inactive]`.
impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let item = |(thing, status): &Listed| match status {
            Status::Active => thing.to_string(),
            Status::Inactive => format!("{thing} Inactive"),
        };
        let mut words: Vec<String> = self.items.iter().map(item).collect();
        words.extend(self.strangers.iter().map(|name| format!("?{}", word(name))));
        write!(f, "[{}]", words.join(", "))
    }
}

/// Why an answer says nothing about the semantics of the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What happened.
    pub cause: FailureKind,
    /// What was seen, in one line.
    pub detail: String,
}

/// What can come in place of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// We could not make the request: the call was not sent.
    Unsent,
    /// Nothing listens there: the call was not sent.
    Unreachable,
    /// The connection ended before the answer did.
    Reset,
    /// No answer in time.
    Timeout,
    /// An answer that is not an IAM answer: HTML, JSON, not UTF-8, too long, a redirect.
    Unreadable,
    /// A success (2xx) in XML that is broken, or is the answer to something else.
    Garbled,
    /// The service says that it failed (5xx, with an IAM error).
    Failure,
    /// The endpoint broke down (5xx, without an IAM error).
    Crash,
    /// The service asks to come back later.
    Transient,
    /// The caller is not let in.
    Denied,
    /// The endpoint says that it lacks the call.
    Unimplemented,
    /// The refusal may be due to what we sent.
    Doubtful,
    /// The client itself refuses the call, and has sent nothing.
    Client,
    /// The driver of the client has exited, or sent a message that breaks its protocol.
    Driver,
}

impl FailureKind {
    /// Every cause.
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

    /// The word in histories.
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

    /// That of an answer which cannot be read, by its HTTP status.
    #[must_use]
    pub const fn of_status(status: u16) -> Self {
        match status {
            501 => Self::Unimplemented,
            // What stands before the service could not reach it, or lost its answer.
            502..=504 => Self::Failure,
            500.. => Self::Crash,
            _ => Self::Unreadable,
        }
    }

    /// Whether the call cannot have been carried out.
    #[must_use]
    pub const fn changed_nothing(self) -> bool {
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

    /// Whether an answer like this comes from a service that lacks the call.
    #[must_use]
    pub const fn looks_unsupported(self) -> bool {
        matches!(self, Self::Unimplemented | Self::Crash)
    }

    /// Whether the next try may fare better.
    #[must_use]
    pub const fn may_pass(self) -> bool {
        matches!(self, Self::Reset | Self::Failure | Self::Crash | Self::Transient)
    }

    /// Whether there was an answer, and none that can be read.
    #[must_use]
    pub const fn is_nonsense(self) -> bool {
        matches!(self, Self::Unreadable | Self::Garbled)
    }

    /// Whether nobody answered that speaks the protocol.
    #[must_use]
    pub const fn is_silence(self) -> bool {
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
    /// Carried out, showing nothing.
    pub const DONE: Self = Self::Done(None);

    /// An interruption.
    #[must_use]
    pub fn interrupted(cause: FailureKind, detail: impl Into<String>) -> Self {
        Self::Interrupted(Failure { cause, detail: detail.into() })
    }

    /// The refusal of a call, or of no call of the model. A code that a rule of the call names is a
    /// refusal: `AccessDenied` of `GetAccessKeyLastUsed` says that the key is not there (B-AK-15).
    /// Otherwise a code that any call may return at any time (D-022, F-009, F-011, E-013..E-016), or by
    /// which a front end says that it lacks the call (E-011), tells nothing of the state. Any other code
    /// of the model is a refusal, whatever the status.
    #[must_use]
    pub fn refused(
        call: Option<&Action>,
        http: u16,
        code: String,
        message: Option<String>,
    ) -> Self {
        let names =
            |claim: &Clause| matches!(claim.answer, Expected::Refused(it) if it.name() == code);
        if call.is_some_and(|it| it.claims.iter().any(names)) {
            return Self::Refused { http, code, message };
        }
        let cause = match code.as_str() {
            "Throttling"
            | "ThrottlingException"
            | "RequestLimitExceeded"
            | "ConcurrentModification" => FailureKind::Transient,
            "AccessDenied"
            | "InvalidClientTokenId"
            | "SignatureDoesNotMatch"
            | "ExpiredToken"
            | "MissingAuthenticationToken"
            | "RequestExpired"
            | "OptInRequired" => FailureKind::Denied,
            "InvalidAction" | "NotImplemented" | "UnknownOperationException" => {
                FailureKind::Unimplemented
            }
            _ if ErrorCode::ALL.iter().any(|known| known.name() == code) => {
                return Self::Refused { http, code, message };
            }
            _ if http == 501 => FailureKind::Unimplemented,
            _ if http >= 500 => FailureKind::Failure,
            _ => return Self::Refused { http, code, message },
        };
        Self::interrupted(
            cause,
            format!("{http} {code} {}", message.unwrap_or_default()).trim_end(),
        )
    }

    /// Whether the next try may fare better.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Done(_) => false,
            Self::Refused { code, .. } => code == ErrorCode::EntityTemporarilyUnmodifiable.name(),
            Self::Interrupted(it) => it.cause.may_pass(),
        }
    }
}

/// As scripts and findings write it.
impl fmt::Display for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(Some(shown)) => write!(f, "200 {shown}"),
            Self::Done(None) => f.write_str("200"),
            Self::Refused { http, code, message } => {
                // An error in an answer of success must not read like a success.
                let success = (200..300).contains(http);
                let code = if success { format!("{code:?}") } else { word(code) };
                write!(f, "{http} {code}")?;
                message.as_ref().map_or(Ok(()), |message| write!(f, " {message:?}"))
            }
            Self::Interrupted(interruption) => interruption.fmt(f),
        }
    }
}

/// One word as it is; anything else in quotes, so that it can be read back.
fn word(text: &str) -> String {
    let plain = |it: char| it.is_ascii_alphanumeric() || "-_.:/+=@".contains(it);
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { format!("{text:?}") }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "interrupted {} {:?}", self.cause.name(), self.detail)
    }
}
