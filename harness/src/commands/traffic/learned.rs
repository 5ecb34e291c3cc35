//! The inferences of an audit about unspecified behavior: printed, and as rows for
//! `iamspec evidence add`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::{Context as _, Result};
use iamspec_conformance::audit::Inference;
use reqwest::Url;

use crate::aws::destination::Destination;
use crate::commands::traffic::evidence::rows::EvidenceRow;
use crate::report::diff::revision;
use crate::report::format::summary::counted;
use crate::wire::output::private_file;
use crate::wire::output::visible::{visible, visible_line};

/// The responses to calls with unspecified behavior.
pub(super) struct Learned {
    /// The user states that AWS gave the responses.
    from_aws: bool,
    /// How often each response was seen, and the first event.
    responses: BTreeMap<LearnedKey, (usize, Inference)>,
}

/// The rules that may decide a response, the facts that leave it unspecified, the response, and
/// whether AWS gave it.
type LearnedKey = (Vec<String>, Vec<&'static str>, String, bool);

impl Learned {
    /// Nothing yet.
    pub(super) const fn new(from_aws: bool) -> Self {
        Self { from_aws, responses: BTreeMap::new() }
    }

    /// Adds an inference. `account` is the id of an account in a log of AWS, or the host of an endpoint.
    pub(super) fn add(&mut self, account: &str, inference: Inference) {
        let it = &inference;
        let is_aws = self.from_aws && may_be_aws(account);
        let key = (it.rules.clone(), it.facts.clone(), it.response.clone(), is_aws);
        self.responses.entry(key).or_insert((0, inference)).0 += 1;
    }

    /// Prints the responses.
    pub(super) fn print(&self, out: &mut dyn Write) -> Result<()> {
        writeln!(
            out,
            "Responses to calls with unspecified behavior, in accounts whose relevant state was known"
        )?;
        for ((rules, facts, answer, _), (times, first)) in &self.responses {
            let unspecified = if facts.is_empty() {
                String::new()
            } else {
                format!(", unspecified by {}", facts.join(" "))
            };
            writeln!(
                out,
                "  {}{unspecified}\n    {}, {}, first event {}",
                rules.join(" or "),
                visible_line(answer),
                counted(*times, "time"),
                visible(&first.event)
            )?;
        }
        if self.responses.is_empty() {
            writeln!(out, "  none")?;
        }
        writeln!(out)?;
        Ok(())
    }

    /// Writes the responses as rows of facts, without ids and names.
    pub(super) fn write(&self, file: &Path) -> Result<()> {
        let mut text = String::new();
        for ((.., is_aws), (times, first)) in &self.responses {
            text.push_str(&serde_json::to_string(&row(first, *times, *is_aws))?);
            text.push('\n');
        }
        private_file::write(file, &text).with_context(|| format!("cannot write {}", file.display()))
    }
}

/// The row of a response that was seen several times.
fn row(first: &Inference, times: usize, is_aws: bool) -> EvidenceRow {
    let note = if first.facts.is_empty() {
        let names = first.named.join(" and ");
        let others: Vec<&str> = first.rules.iter().map(String::as_str).collect();
        format!("ORDER: of {}, the response names {names}", others.join(" and "))
    } else {
        format!("decides what {} leaves unspecified", first.facts.join(" "))
    };
    let day = first.time.split('T').next().unwrap_or_default();
    let day = if day.is_empty() { String::new() } else { format!(" ({day})") };
    EvidenceRow {
        operation: first.action.to_owned(),
        state: first.conditions.join("; "),
        input: "-".to_owned(),
        http: Some(first.http),
        code: first.code.clone(),
        message: first.message.map(str::to_owned),
        strength: if is_aws { "recorded" } else { "unknown" }.to_owned(),
        source: format!(
            "iamspec {} ({}) audited recorded traffic of {}: {}{day}",
            env!("CARGO_PKG_VERSION"),
            revision(),
            if is_aws { "AWS" } else { "another service" },
            counted(times, "time"),
        ),
        note,
        ..EvidenceRow::default()
    }
}

/// Whether AWS may have given the responses of an account: a log has the id of the account, or a recording the
/// host. An emulator may write the same.
fn may_be_aws(account: &str) -> bool {
    let is_id = account.len() == 12 && account.bytes().all(|it| it.is_ascii_digit());
    let url = format!("https://{account}/");
    is_id || Url::parse(&url).is_ok() && Destination::is_aws(&url)
}
