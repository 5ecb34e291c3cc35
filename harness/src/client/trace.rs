//! The parts of requests and responses that may be shown: without secrets, and up to a limit.
//!
//! Every exchange passes [`disclose`] first. This function remembers the secrets of the request and
//! of the response, which `wire::secrets` then removes from every text. Findings and the trace file
//! show an exchange without them.

use std::fs::File;
use std::io;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use iamspec_conformance::endpoint::WireExchange;
use iamspec_conformance::response::FailureKind;
use iamspec_conformance::{Failure, Response};
use serde_json::{Value, json};

use crate::aws::credentials::Identity;
use crate::client::connection::transport::{Disclosure, RawResponse};
use crate::wire::identifiers::{WordShape, is_harmless, word_shape};
use crate::wire::output::private_file;
use crate::wire::redact::{
    hide, hide_unless_harmless, is_secret, issues_secret, secret_values, skeleton, without_secrets,
};
use crate::wire::secrets::{
    is_searchable, redact, redact_and_cut, redact_start, remember, remember_code,
};

/// A longer text of the endpoint is cut when it is shown.
const TEXT_MAX: usize = 4 << 10;

/// A longer content type is cut when it is shown. A longer error code is not shown.
const CODE_MAX: usize = 64;

/// The length of a UUID.
const UUID_LEN: usize = 36;

/// What is shown in place of an error code that is not written like one.
const NO_CODE: &str = "(not shown: not written like an error code)";

/// What is shown in place of a request id that is not a UUID.
const NO_ID: &str = "(not shown: not a UUID)";

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
    sent.clone().for_each(remember_code);
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

/// The id that the service gave to a request, for messages and reports.
pub(crate) fn shown_id(id: &str) -> String {
    let is_uuid = id.len() == UUID_LEN && word_shape(id) == WordShape::Uuid;
    if is_uuid { id.to_owned() } else { NO_ID.to_owned() }
}

/// Whether a text is written like an error code of a service: a short name without digits. A code of
/// an MFA device is none.
fn is_error_code(text: &str) -> bool {
    let may_have = |it: u8| it.is_ascii_alphabetic() || b"._-:#/".contains(&it);
    text.len() <= CODE_MAX && text.bytes().all(may_have)
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
        if is_error_code(code) { self.shown_within(code, CODE_MAX) } else { NO_CODE.to_owned() }
    }

    /// The content type of this response.
    pub(crate) fn shown_content_type(&self) -> String {
        self.shown_within(&self.content_type, CODE_MAX)
    }

    fn shown_within(&self, text: &str, max: usize) -> String {
        match self.disclosure {
            Disclosure::Nothing => WITHHELD.to_owned(),
            Disclosure::Harmless if !is_harmless(text) => WITHHELD.to_owned(),
            _ => redact_and_cut(text, max),
        }
    }

    /// The body without secrets, cut after `max` bytes.
    ///
    /// Known values are removed first: what is hidden by the name of an element may hold a part of
    /// a value, and the rest in another element would not be found any more.
    fn shown_body(&self, max: usize) -> String {
        self.body_with(max, &[])
    }

    /// The same, with these words, although they may look like a secret.
    fn body_with(&self, max: usize, words: &[&str]) -> String {
        let body = redact_start(&String::from_utf8_lossy(&self.body), max);
        match self.disclosure {
            Disclosure::Nothing => redact_and_cut(&skeleton(&body), max),
            Disclosure::Harmless => redact_and_cut(&hide_unless_harmless(&hide(&body), words), max),
            Disclosure::Redacted => redact_and_cut(&hide(&body), max),
        }
    }
}

/// A file with one exchange per line.
pub struct Trace {
    file: File,
    number: usize,
    /// The first error. After it, nothing is written.
    error: Option<io::Error>,
    path: PathBuf,
}

impl Trace {
    /// Creates a trace file, replacing an existing one.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn to(path: &Path) -> Result<Self> {
        ensure!(path != Path::new("-"), "`-` is not a file; name a file for the trace");
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
                "content_type": it.shown_content_type(),
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

/// The body of a response to this form for a recording, without secrets. The names that the request
/// contains are shown.
pub(crate) fn recorded_body(form: &[(String, String)], response: &RawResponse) -> String {
    let sent = form.iter().filter(|(name, _)| !is_secret(name)).map(|(_, value)| value.as_str());
    response.body_with(usize::MAX, &sent.collect::<Vec<_>>())
}

/// An exchange for a finding, without secrets.
pub(crate) fn exchange(form: &[(String, String)], response: &RawResponse) -> WireExchange {
    let members = without_secrets(form);
    let lines =
        members.iter().map(|(name, value)| format!("{name}={}", redact_and_cut(value, TEXT_MAX)));
    let (status, kind) = (response.status, response.shown_content_type());
    WireExchange {
        request: lines.collect::<Vec<_>>().join("\n"),
        response: format!("{status} {kind}\n{}", response.shown_body(TEXT_MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first part of the value is hidden because its element mentions a password.
    #[test]
    fn a_secret_in_two_elements_is_removed_from_both() {
        let (one, two) = ("Zq8first0half0of0the0value", "and0the0second0half0of0it");
        remember(&format!("{one}{two}"));
        let body =
            format!("<R><a>Password: {one}</a><b c='d'>{two}</b><c>{}</c></R>", "x".repeat(300));
        let raw = RawResponse {
            status: 200,
            content_type: String::new(),
            body: body.into_bytes(),
            disclosure: Disclosure::Redacted,
        };
        for max in [100, usize::MAX] {
            let shown = raw.shown_body(max);
            assert!(!shown.contains("half"), "{shown}");
            assert!(shown.starts_with("<R><a>(secret)</a><b c='d'>(secret)</b><c>xxx"), "{shown}");
        }
    }

    #[test]
    fn only_what_is_written_like_a_code_or_an_id_is_shown() {
        let raw = RawResponse {
            status: 400,
            content_type: String::new(),
            body: Vec::new(),
            disclosure: Disclosure::Redacted,
        };
        for code in ["NoSuchEntity", "MalformedXML", "com.amazonaws.iam#NoSuchEntity", "a_b-c"] {
            assert_eq!(raw.shown_code(code), code);
        }
        for code in ["743409", "NoSuchEntity743409", "743409|677016", "a b", &"x".repeat(65)] {
            assert_eq!(raw.shown_code(code), NO_CODE);
        }
        let id = "7a62c49f-347e-4fc4-9331-6e8e01234567";
        assert_eq!(shown_id(id), id);
        for other in ["743409", "", "r", &format!("{id}743409"), &id.replace('-', "")] {
            assert_eq!(shown_id(other), NO_ID, "{other}");
        }
    }
}
