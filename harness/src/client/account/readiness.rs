//! Whether an endpoint can be tested: a few calls before the first call of a run.
//!
//! The calls only read. Any response of an IAM endpoint is enough: even a refusal, a denied or
//! throttled call, or a failure of the service. The endpoint is rejected only if each of several
//! calls shows that something else listens there, or nothing: for example, the same refusal of every
//! action, even of one that does not exist.

use std::fmt;
use std::time::{Duration, Instant};

use iamspec_conformance::response::FailureKind;
use iamspec_conformance::{Failure, Response};
use iamspec_model::User;

use crate::client::HttpClient;
use crate::client::connection::transport::{RawResponse, SigningService, speaks_tls};
use crate::client::response::{Appearance, appearance};
use crate::client::sender::Sender;
use crate::wire::names;
use crate::wire::names::{RequestForm, member};

/// The pause between two attempts to reach an endpoint that is starting.
const POLL: Duration = Duration::from_millis(200);

/// The number of calls without a response within the timeout after which no more are sent.
const TIMEOUTS_MAX: usize = 2;

/// The number of connections that fail after which no more are tried.
const UNREACHABLE_MAX: usize = 2;

/// Why an endpoint cannot be tested.
#[derive(Clone, Debug)]
pub struct Unusable {
    /// What the endpoint returned instead of a response of IAM.
    pub failure: Failure,
    /// What was expected, what was found, and what to do next, in one line.
    pub reason: String,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Unusable {}

/// The result of one control call.
enum Evidence {
    /// A response that an IAM endpoint may give.
    Iam,
    /// A refusal with this code, which counts unless the endpoint refuses every action with it.
    Refuses(String),
    /// A listing, which counts unless the endpoint also accepts what it cannot.
    Lists,
    /// A success that no IAM endpoint gives: what the call names does not exist.
    Accepts,
    /// Something else, or nothing.
    Foreign(Failure),
}

/// A control call: its action and one more member.
type ControlCall = (&'static str, (&'static str, Option<&'static str>));

/// An action that IAM does not have.
const ABSENT_ACTION: &str = "IamspecControlCall";

/// What an endpoint does that no IAM endpoint does.
const ACCEPTS_EVERYTHING: &str =
    "success in response to every call, even for a user and an action that do not exist";

/// The control calls. What a member without a value names does not exist, and neither does the last
/// action. A call is repeated, because one response may be lost or damaged on its way.
const CALLS: [ControlCall; 6] = [
    ("GetUser", ("UserName", None)),
    ("GetGroup", ("GroupName", None)),
    ("ListUsers", ("MaxItems", Some("1"))),
    ("GetUser", ("UserName", None)),
    ("ListGroups", ("MaxItems", Some("1"))),
    ABSENT_CALL,
];

/// The call of an action that does not exist.
const ABSENT_CALL: ControlCall = (ABSENT_ACTION, ("UserName", None));

/// The actions of the control calls that exist.
pub(crate) fn actions() -> impl Iterator<Item = &'static str> {
    CALLS.iter().map(|(action, _)| *action).filter(|it| *it != ABSENT_ACTION)
}

impl HttpClient {
    /// Checks that the endpoint speaks the protocol of IAM. `waited` is how long it was waited for.
    ///
    /// # Errors
    /// Something else listens there, or nothing.
    pub fn check_endpoint(&mut self, waited: Option<Duration>) -> Result<(), Unusable> {
        // These calls are not part of the run: its rate limit begins with its first call.
        let rate_limit = self.sender.take_rate_limit();
        let result = self.find_endpoint(waited);
        self.sender.set_rate_limit(rate_limit);
        result
    }

    fn find_endpoint(&mut self, waited: Option<Duration>) -> Result<(), Unusable> {
        let Err((failure, accepts)) = self.survey() else { return Ok(()) };
        let destination = self.sender.destination();
        let is_plain = destination.url.scheme() == "http";
        let may_be_tls = is_plain
            && !self.sender.has_transport()
            && !matches!(failure.kind, FailureKind::Timeout | FailureKind::Unreachable)
            && !accepts;
        let next = if may_be_tls && speaks_tls(destination) {
            "the port speaks TLS: write https:// in --endpoint"
        } else {
            next_step(&failure)
        };
        let waited = waited.map(|it| format!(" after {} s", it.as_secs_f64())).unwrap_or_default();
        let (url, detail) = (destination.shown_url(), &failure.detail);
        let reason = format!("{url}: expected an IAM endpoint, found {detail}{waited}; {next}");
        Err(Unusable { failure, reason })
    }

    /// Sends the control calls until one shows an IAM endpoint. Otherwise returns what was found, and
    /// whether the endpoint accepts calls that no IAM endpoint accepts.
    fn survey(&mut self) -> Result<(), (Failure, bool)> {
        let mut own = self.sender.without_transport();
        let absent = self.names.user(User(0));
        let (mut accepted, mut last, mut refusal) = (0, None, None);
        let (mut timeouts, mut unreachable) = (0, 0);
        for call in CALLS {
            let sender = own.as_mut().unwrap_or(&mut self.sender);
            match evidence(sender, call, &absent) {
                Evidence::Lists if accepted == 0 => return Ok(()),
                Evidence::Lists => {}
                Evidence::Accepts => accepted += 1,
                Evidence::Refuses(code) if refusal.is_none() => {
                    match evidence(sender, ABSENT_CALL, &absent) {
                        Evidence::Refuses(other) if other == code => refusal = Some(code),
                        _ => return Ok(()),
                    }
                }
                Evidence::Refuses(code) if refusal.as_ref() == Some(&code) => {}
                Evidence::Iam | Evidence::Refuses(_) => return Ok(()),
                Evidence::Foreign(failure) => {
                    timeouts += usize::from(failure.kind == FailureKind::Timeout);
                    unreachable += usize::from(failure.kind == FailureKind::Unreachable);
                    last = Some(failure);
                    if timeouts >= TIMEOUTS_MAX || unreachable >= UNREACHABLE_MAX {
                        break;
                    }
                }
            }
        }
        let unreadable = |detail| Failure { kind: FailureKind::Unreadable, detail };
        match (refusal, last) {
            (Some(_), last) if accepted > 0 || last.is_some() => Ok(()),
            (Some(code), _) => Err((
                unreadable(format!("{code} in response to every call, even for an unknown action")),
                false,
            )),
            (None, Some(failure)) if accepted == 0 => Err((failure, false)),
            (None, _) => Err((unreadable(ACCEPTS_EVERYTHING.to_owned()), true)),
        }
    }

    /// Waits until the endpoint responds, for this time at most. A connection that is refused or
    /// closed, and a gateway without a service behind it (502, 503), mean: not yet.
    pub fn wait_for_endpoint(&mut self, limit: Duration) {
        let started = Instant::now();
        let absent = self.names.user(User(0));
        let Ok(mut sender) = self.sender.for_waiting() else { return };
        while is_starting(&mut sender, &absent) {
            let left = limit.saturating_sub(started.elapsed());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(POLL.min(left));
        }
    }
}

/// Whether the endpoint seems to be starting.
fn is_starting(sender: &mut Sender, absent: &str) -> bool {
    let [first, ..] = CALLS;
    match sender.post(SigningService::Iam, &form(first, absent), None) {
        Ok(raw) => matches!(raw.status, 502 | 503),
        Err(Response::Failed(it)) => match it.kind {
            // A server that shows a certificate is running.
            FailureKind::Unreachable => !it.detail.contains("certificate"),
            FailureKind::Reset | FailureKind::Timeout => true,
            _ => false,
        },
        Err(_) => false,
    }
}

fn form((action, (name, value)): ControlCall, absent: &str) -> RequestForm {
    let value = value.unwrap_or(absent);
    vec![member("Action", action), member("Version", names::VERSION), member(name, value)]
}

fn evidence(sender: &mut Sender, call: ControlCall, absent: &str) -> Evidence {
    let (action, (_, value)) = call;
    let raw = match sender.post(SigningService::Iam, &form(call, absent), None) {
        Ok(raw) => raw,
        Err(Response::Failed(it)) if is_missing(it.kind) => return Evidence::Foreign(it),
        Err(_) => return Evidence::Iam,
    };
    match appearance(action, &raw) {
        // The service, or a gateway before it, fails or throttles. The run decides what that means.
        _ if matches!(raw.status, 429 | 500 | 502..=599) => Evidence::Iam,
        Appearance::Result if value.is_some() => Evidence::Lists,
        Appearance::Result => Evidence::Accepts,
        // It is throttled or denied, the signature is wrong, or the endpoint lacks the action.
        Appearance::Error { is_of_iam: true, code }
            if matches!(raw.status, 401 | 403) || FailureKind::from_code(&code).is_some() =>
        {
            Evidence::Iam
        }
        Appearance::Error { is_of_iam: true, code } => Evidence::Refuses(code),
        Appearance::Error { code, .. } => {
            foreign(&raw, &format!("<Error> with the code {code}, and not <ErrorResponse>"))
        }
        Appearance::Other(what) => foreign(&raw, &what),
    }
}

fn foreign(raw: &RawResponse, what: &str) -> Evidence {
    let detail = match what.strip_prefix("HTTP ") {
        Some(_) => what.to_owned(),
        None => format!("HTTP {}: {what}", raw.status),
    };
    Evidence::Foreign(Failure { kind: FailureKind::Unreadable, detail })
}

/// Whether there was no response, or one that is too long.
const fn is_missing(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::Unreachable
            | FailureKind::Reset
            | FailureKind::Timeout
            | FailureKind::Unreadable
    )
}

/// What the user can do about the failure.
fn next_step(failure: &Failure) -> &'static str {
    let has = |text: &str| failure.detail.contains(text);
    match failure.kind {
        FailureKind::Unreachable if has("InvalidContentType") || has("corrupt message") => {
            "the port does not speak TLS: write http:// in --endpoint"
        }
        FailureKind::Unreachable if has("certificate") => {
            "name the certificate of the server or of its authority with --ca-bundle or AWS_CA_BUNDLE"
        }
        FailureKind::Unreachable => {
            "start the endpoint, or fix host and port of --endpoint; --wait 30s waits for its start"
        }
        FailureKind::Timeout => "check that an IAM endpoint listens there, or raise --timeout",
        _ if has("<Error>") => {
            "this looks like an S3 endpoint; fix host, port and path of --endpoint"
        }
        _ => "this is not an IAM endpoint; fix host, port and path of --endpoint",
    }
}
