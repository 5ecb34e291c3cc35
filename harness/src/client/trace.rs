//! What went over the wire, as JSON Lines, without what is secret.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use iamspec_conformance::Response;
use iamspec_conformance::endpoint::WireExchange;
use serde_json::{Value, json};

use crate::client::request::RequestForm;
use crate::client::transport::RawResponse;
use crate::wire::redact::{hide, is_secret};

/// What stands in the place of a secret.
pub const HIDDEN: &str = "(secret)";

/// The members of requests and the elements of answers that hold secrets.
pub const SECRETS: [&str; 12] = [
    "Password",
    "OldPassword",
    "NewPassword",
    "AuthenticationCode1",
    "AuthenticationCode2",
    "SecretAccessKey",
    "SessionToken",
    "ServicePassword",
    "ServiceCredentialSecret",
    "Base32StringSeed",
    "QRCodePNG",
    "SSHPrivateKey",
];

/// A file that requests and answers are written to, one exchange a line.
pub struct Trace {
    file: File,
    number: usize,
}

impl Trace {
    /// A new file, in the place of one that is there.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn to(path: &Path) -> Result<Self> {
        let file = File::create(path)
            .with_context(|| format!("cannot write the trace {}", path.display()))?;
        Ok(Self { file, number: 0 })
    }

    /// One exchange. What cannot be written is left out: a trace changes no run.
    pub(crate) fn note(
        &mut self,
        form: &[(String, String)],
        answer: &Result<RawResponse, Response>,
        took: Duration,
    ) {
        self.number += 1;
        let request: Vec<[String; 2]> =
            without_secrets(form).into_iter().map(|(name, value)| [name, value]).collect();
        let answer = match answer {
            Ok(it) => json!({
                "status": it.status,
                "content_type": it.content_type,
                "body": hide(&String::from_utf8_lossy(&it.body)),
            }),
            Err(interrupted) => Value::String(interrupted.to_string()),
        };
        let line = json!({
            "number": self.number,
            "microseconds": u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            "request": request,
            "answer": answer,
        });
        _ = writeln!(self.file, "{line}");
    }
}

/// So much of an answer is kept with a finding.
const SHOWN_MAX: usize = 4096;

/// A request and its answer for a finding, with a word in the place of each secret.
pub(crate) fn wire(form: &[(String, String)], answer: &RawResponse) -> WireExchange {
    let members = without_secrets(form);
    let lines = members.iter().map(|(name, value)| format!("{name}={value}"));
    let body = hide(&String::from_utf8_lossy(&answer.body));
    let shown: String = body.chars().take(SHOWN_MAX).collect();
    let cut = if shown.len() < body.len() { "\n(cut)" } else { "" };
    WireExchange {
        request: lines.collect::<Vec<_>>().join("\n"),
        answer: format!("{} {}\n{shown}{cut}", answer.status, answer.content_type),
    }
}

/// The members of a request, with a word in the place of each secret.
pub(crate) fn without_secrets(form: &[(String, String)]) -> RequestForm {
    let hidden = |(name, value): &(String, String)| {
        let secret = is_secret(name);
        (name.clone(), if secret { HIDDEN.to_owned() } else { value.clone() })
    };
    form.iter().map(hidden).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown_wherever_an_answer_ends() {
        let whole = "<A><SecretAccessKey>hush</SecretAccessKey><UserName>alice</UserName>\
                     <x:ServicePassword a=\"b\">hush</x:ServicePassword></A>";
        for end in 0..=whole.len() {
            assert!(!hide(&whole[..end]).contains("hush"), "{}", hide(&whole[..end]));
        }
        assert!(hide(whole).contains("<UserName>alice</UserName>"));
        assert!(!hide(r#"{"SecretAccessKey": "hush", "a": 1}"#).contains("hush"));
    }

    #[test]
    fn an_answer_without_secrets_is_shown_as_it_is() {
        let text = "<GetUserResponse><UserName>Password</UserName></GetUserResponse>";
        assert_eq!(hide("<UserName>alice</UserName>"), "<UserName>alice</UserName>");
        assert!(hide(text).starts_with("<GetUserResponse><UserName>"));
    }
}
