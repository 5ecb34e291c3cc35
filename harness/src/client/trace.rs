//! What is shown of requests and responses: no secret, and no text without a limit.
//!
//! Every exchange passes [`disclose`] first. It remembers the secrets of the request and of the
//! response, which `wire::secrets` then removes from every text. Findings and the trace file show
//! an exchange without them.

use std::fs::File;
use std::io;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use iamspec_conformance::endpoint::WireExchange;
use iamspec_conformance::response::FailureKind;
use iamspec_conformance::{Failure, Response};
use serde_json::{Value, json};

use crate::aws::credentials::Identity;
use crate::client::connection::transport::{Disclosure, RawResponse};
use crate::wire::identifiers::is_harmless;
use crate::wire::output::private_file;
use crate::wire::redact::{
    hide, hide_unless_harmless, is_secret, issues_secret, secret_values, skeleton, without_secrets,
};
use crate::wire::secrets::{is_searchable, redact, redact_and_cut, remember};

/// A longer text of the endpoint is cut when it is shown.
const TEXT_MAX: usize = 4 << 10;

/// A longer error code is cut when it is shown.
const CODE_MAX: usize = 256;

/// What is shown in place of a text that may hold a secret that is not known or too short to be
/// searched for.
const WITHHELD: &str = "(not shown: it may hold a secret)";

/// Remembers the secrets of an exchange. Decides whether the texts of the response may be shown,
/// and removes the secrets from a failure.
pub(crate) fn disclose(
    form: &[(String, String)],
    identity: &Identity,
    response: Result<RawResponse, Response>,
) -> Result<RawResponse, Response> {
    let sent = form.iter().filter(|(name, _)| is_secret(name)).map(|(_, value)| value.as_str());
    let token = identity.credentials().session_token();
    let mut withheld = false;
    let mut remember_or_withhold = |value: &str| {
        remember(value);
        withheld |= !value.is_empty() && !is_searchable(value);
    };
    sent.chain(token).for_each(&mut remember_or_withhold);
    match response {
        Ok(raw) => {
            let body = String::from_utf8_lossy(&raw.body);
            for value in secret_values(&body) {
                remember_or_withhold(&value);
            }
            let issues = form.iter().any(|(name, it)| name == "Action" && issues_secret(it));
            let disclosure = match (withheld, issues) {
                (true, _) => Disclosure::Nothing,
                (false, true) => Disclosure::Harmless,
                (false, false) => Disclosure::Redacted,
            };
            Ok(RawResponse { disclosure, ..raw })
        }
        Err(Response::Failed(failure)) => {
            let detail = if withheld && is_of_driver(&failure) {
                WITHHELD.to_owned()
            } else {
                redact_and_cut(&failure.detail, TEXT_MAX)
            };
            Err(Response::failed(failure.kind, detail))
        }
        Err(other) => Err(other),
    }
}

/// Whether a driver wrote the detail of a failure. It may repeat the call.
const fn is_of_driver(failure: &Failure) -> bool {
    use FailureKind::{Client, Driver, Garbled, Unreadable};
    matches!(failure.kind, Client | Driver | Garbled | Unreadable)
}

impl RawResponse {
    /// A text of this response for messages and reports.
    pub(crate) fn shown(&self, text: &str) -> String {
        self.shown_within(text, TEXT_MAX)
    }

    /// An error code of this response that no table has.
    pub(crate) fn shown_code(&self, code: &str) -> String {
        self.shown_within(code, CODE_MAX)
    }

    fn shown_within(&self, text: &str, max: usize) -> String {
        match self.disclosure {
            Disclosure::Nothing => WITHHELD.to_owned(),
            Disclosure::Harmless if !is_harmless(text) => WITHHELD.to_owned(),
            _ => redact_and_cut(text, max),
        }
    }

    /// The id that the service gave to this request.
    pub(crate) fn shown_id(&self, id: &str) -> String {
        // The id of a withheld response is shown if it can be no code or password.
        let is_uuid = uuid::Uuid::parse_str(id).is_ok();
        if is_uuid { id.to_owned() } else { self.shown_code(id) }
    }

    /// The body without secrets, cut after `max` bytes.
    fn shown_body(&self, max: usize) -> String {
        let body = String::from_utf8_lossy(&self.body);
        match self.disclosure {
            Disclosure::Nothing => redact_and_cut(&skeleton(&body), max),
            Disclosure::Harmless => redact_and_cut(&hide_unless_harmless(&hide(&body)), max),
            Disclosure::Redacted => redact_and_cut(&hide(&body), max),
        }
    }
}

/// A file with one exchange per line.
pub struct Trace {
    file: File,
    number: usize,
    /// The first error. What follows is not written.
    error: Option<io::Error>,
    path: PathBuf,
}

impl Trace {
    /// Creates a trace file, replacing an existing one.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn to(path: &Path) -> Result<Self> {
        let file = private_file::create(path)
            .with_context(|| format!("cannot write the trace {}", path.display()))?;
        Ok(Self { file, number: 0, error: None, path: path.to_owned() })
    }

    /// Returns the error because of which exchanges are missing in the file.
    ///
    /// # Errors
    /// An exchange could not be written.
    pub(crate) fn check(&mut self) -> Result<()> {
        match self.error.take() {
            None => Ok(()),
            Some(error) => Err(error).with_context(|| {
                format!(
                    "cannot write the trace {}; it ends before exchange {}",
                    self.path.display(),
                    self.number
                )
            }),
        }
    }

    /// Records one exchange. A write error does not change the run; [`Trace::check`] returns it.
    pub(crate) fn record(
        &mut self,
        form: &[(String, String)],
        response: &Result<RawResponse, Response>,
        elapsed: Duration,
    ) {
        if self.error.is_some() {
            return;
        }
        self.number += 1;
        let request: Vec<[String; 2]> = without_secrets(form)
            .into_iter()
            .map(|(name, value)| [name, redact_and_cut(&value, TEXT_MAX)])
            .collect();
        let response = match response {
            Ok(it) => json!({
                "status": it.status,
                "content_type": it.shown_code(&it.content_type),
                "body": it.shown_body(usize::MAX),
            }),
            Err(failure) => Value::String(redact(&failure.to_string())),
        };
        let line = json!({
            "number": self.number,
            "microseconds": u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
            "request": request,
            "answer": response,
        });
        self.error = writeln!(self.file, "{line}").err();
    }
}

/// An exchange for a finding, without secrets.
pub(crate) fn exchange(form: &[(String, String)], response: &RawResponse) -> WireExchange {
    let members = without_secrets(form);
    let lines =
        members.iter().map(|(name, value)| format!("{name}={}", redact_and_cut(value, TEXT_MAX)));
    let (status, kind) = (response.status, response.shown_code(&response.content_type));
    WireExchange {
        request: lines.collect::<Vec<_>>().join("\n"),
        response: format!("{status} {kind}\n{}", response.shown_body(TEXT_MAX)),
    }
}
