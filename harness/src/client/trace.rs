//! Records requests and responses without their secrets: as JSON Lines, and for findings.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use iamspec_conformance::Response;
use iamspec_conformance::endpoint::WireExchange;
use serde_json::{Value, json};

use crate::client::transport::RawResponse;
use crate::wire::redact::{hide, without_secrets};

/// A file with one exchange per line.
pub struct Trace {
    file: File,
    number: usize,
}

impl Trace {
    /// Creates a trace file, replacing an existing one.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn to(path: &Path) -> Result<Self> {
        let file = File::create(path)
            .with_context(|| format!("cannot write the trace {}", path.display()))?;
        Ok(Self { file, number: 0 })
    }

    /// Records one exchange. A write error is ignored, because a trace must not change a run.
    pub(crate) fn record(
        &mut self,
        form: &[(String, String)],
        response: &Result<RawResponse, Response>,
        elapsed: Duration,
    ) {
        self.number += 1;
        let request: Vec<[String; 2]> =
            without_secrets(form).into_iter().map(|(name, value)| [name, value]).collect();
        let response = match response {
            Ok(it) => json!({
                "status": it.status,
                "content_type": it.content_type,
                "body": hide(&String::from_utf8_lossy(&it.body)),
            }),
            Err(failure) => Value::String(failure.to_string()),
        };
        let line = json!({
            "number": self.number,
            "microseconds": u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
            "request": request,
            "answer": response,
        });
        _ = writeln!(self.file, "{line}");
    }
}

/// The longest part of a body in a finding, in characters.
const BODY_MAX: usize = 4096;

/// An exchange for a finding, without secrets.
pub(crate) fn exchange(form: &[(String, String)], response: &RawResponse) -> WireExchange {
    let members = without_secrets(form);
    let lines = members.iter().map(|(name, value)| format!("{name}={value}"));
    let body = hide(&String::from_utf8_lossy(&response.body));
    let shown: String = body.chars().take(BODY_MAX).collect();
    let cut = if shown.len() < body.len() { "\n(cut)" } else { "" };
    WireExchange {
        request: lines.collect::<Vec<_>>().join("\n"),
        response: format!("{} {}\n{shown}{cut}", response.status, response.content_type),
    }
}
