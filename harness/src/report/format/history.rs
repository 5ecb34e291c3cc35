//! The results of endpoints over their versions: one row for each version, in a file that grows.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use iamspec_model::AttachmentKind;

use crate::report::RunReport;
use crate::report::format::markdown::plain;
use crate::report::format::matrix::TIERS;
use crate::report::kinds::{KindResult, kinds};

/// The result of one version of an endpoint.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct VersionResult {
    /// The name of the endpoint.
    pub name: String,
    /// Its version, if known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// The date of the run.
    pub date: String,
    /// The rules and scripts of the run.
    pub revision: String,
    /// The selected scripts and generators.
    pub selection: String,
    /// The kinds of attachments that block deletion, as on AWS.
    pub blocks: Vec<String>,
    /// The kinds despite which the endpoint deletes the user.
    pub deletes: Vec<String>,
    /// The findings at level must in the tiers status, code and text.
    pub must: Vec<usize>,
    /// The number of tested rules.
    pub tested: usize,
}

impl VersionResult {
    /// The result of a run.
    #[must_use]
    pub fn of(run: &RunReport) -> Self {
        let kinds = kinds(&run.calls);
        let named = |wanted: &dyn Fn(&KindResult) -> bool| {
            let kinds = kinds.iter().filter(|(_, it)| wanted(it));
            kinds.map(|(kind, _)| kind.row().name.to_owned()).collect()
        };
        let is_must =
            |tier| run.findings.iter().filter(move |it| it.level == "must" && it.tier == tier);
        Self {
            name: run.header.target.name.clone(),
            version: run.header.target.version.clone().unwrap_or_default(),
            date: run.header.started.chars().take(DATE_LEN).collect(),
            revision: run.header.revision.clone(),
            selection: run.header.selection.clone(),
            blocks: named(&|it| matches!(it, KindResult::Refused { .. })),
            deletes: named(&KindResult::is_wrongly_deleted),
            must: TIERS.iter().map(|tier| is_must(*tier).count()).collect(),
            tested: run.coverage.rules.tested.len(),
        }
    }
}

/// The length of a date.
const DATE_LEN: usize = 10;

/// Reads a history: one JSON object per line.
///
/// # Errors
/// The number of the line that is not a result.
pub fn read(text: &str) -> Result<Vec<VersionResult>> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            serde_json::from_str(line)
                .with_context(|| format!("line {} is not a result", index + 1))
        })
        .collect()
}

/// Adds results. A result replaces an older one of the same version and selection.
#[must_use]
pub fn add(mut history: Vec<VersionResult>, results: Vec<VersionResult>) -> Vec<VersionResult> {
    for result in results {
        let key = |it: &VersionResult| (it.name.clone(), it.version.clone(), it.selection.clone());
        let same = |it: &VersionResult| key(it) == key(&result);
        match history.iter_mut().find(|it| same(it)) {
            Some(old) => *old = result,
            None => history.push(result),
        }
    }
    history.sort_by(|one, other| {
        let key = |it: &VersionResult| (it.name.clone(), version_key(&it.version));
        key(one).cmp(&key(other))
    });
    history
}

/// The numbers in a version, so that 4.14 comes after 4.9.
fn version_key(version: &str) -> Vec<u64> {
    version.split(|it: char| !it.is_ascii_digit()).filter_map(|it| it.parse().ok()).collect()
}

/// The file of a history: one JSON object per line.
///
/// # Errors
/// An error of the JSON library.
pub fn write(history: &[VersionResult]) -> Result<String> {
    let mut text = String::new();
    for result in history {
        _ = writeln!(text, "{}", serde_json::to_string(result)?);
    }
    Ok(text)
}

/// A history as a table in Markdown.
#[must_use]
pub fn markdown(history: &[VersionResult]) -> String {
    let mut out =
        "| endpoint | version | date | blocks deletion | deletes despite | findings at must: \
                   status + code + text | rules tested | selection | rule set |\n\
                   |---|---|---|---|---|---|---|---|---|\n"
            .to_owned();
    let kinds = AttachmentKind::blockers().count();
    for it in history {
        let must: Vec<String> = it.must.iter().map(ToString::to_string).collect();
        let deletes = if it.deletes.is_empty() { "–".to_owned() } else { it.deletes.join(", ") };
        _ = writeln!(
            out,
            "| {} | {} | {} | {} of {kinds} | {} | {} | {} | {} | {} |",
            plain(&it.name),
            plain(&it.version),
            plain(&it.date),
            it.blocks.len(),
            plain(&deletes),
            must.join(" + "),
            it.tested,
            plain(&it.selection),
            plain(&it.revision)
        );
    }
    out
}
