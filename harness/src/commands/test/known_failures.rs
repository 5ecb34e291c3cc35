//! The file of known divergences: read, held against the target, and written anew where that is asked for.
//!
//! What an endpoint is, by a file beside its expectations.

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use iamspec_conformance::results::known_failures::{
    KnownFailureError, KnownFailureFile, KnownFailures,
};
use semver::{Version, VersionReq};
use serde::Deserialize;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use crate::report::finding::{FindingEvent, FindingStatus};

/// Reads the file, which must be of this target.
pub(crate) fn read(file: Option<&Path>, about: Option<&TargetFile>) -> Result<KnownFailures> {
    let Some(file) = file else { return Ok(KnownFailures::default()) };
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the expectations {}", file.display()))?;
    let read = KnownFailures::parse(&text)
        .with_context(|| format!("the expectations {} are wrong", file.display()))?;
    if let (Some(known), Some(about)) = (&read.target, about) {
        of_this(known, about).with_context(|| {
            format!("the expectations {} are of something else", file.display())
        })?;
    }
    Ok(read)
}

fn of_this(known: &KnownFailureFile, about: &TargetFile) -> Result<()> {
    let (name, version) = (&about.name, &about.version);
    ensure!(known.name == *name, "they are of {}, and this is {name}", known.name);
    let Some(range) = &known.versions else { return Ok(()) };
    let wanted = VersionReq::parse(range)
        .with_context(|| format!("`{range}` is no range of versions; write it as `>=5.2, <6`"))?;
    let is = Version::parse(version)
        .with_context(|| format!("`{version}` is no version such as 5.2.5"))?;
    ensure!(
        wanted.matches(&is),
        "they are of {name} {range}, and this is {version}; look at each again"
    );
    Ok(())
}

/// What was changed in the file.
#[derive(Default)]
pub(crate) struct Update {
    pub(crate) added: usize,
    pub(crate) removed: usize,
    /// What nobody but its owner can mend.
    pub(crate) left: usize,
}

/// Takes out what is stale and adds what is new; the rest, its order and every comment stay as they are.
pub(crate) fn update(
    file: &Path,
    findings: &[FindingEvent],
    complaints: &[(usize, KnownFailureError)],
    today: &str,
) -> Result<Update> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the expectations {}", file.display()))?;
    let mut document: DocumentMut = text.parse().context("the expectations are no TOML")?;
    let entries = document.entry("expected").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    let Some(entries) = entries.as_array_of_tables_mut() else {
        bail!("`expected` is no list of tables; write each entry below a line [[expected]]")
    };
    let mut update = Update::default();
    let mut stale: Vec<usize> = Vec::new();
    for (place, complaint) in complaints {
        match complaint {
            KnownFailureError::Stale(_) => stale.push(*place),
            _ => update.left += 1,
        }
    }
    stale.sort_unstable();
    for place in stale.into_iter().rev() {
        entries.remove(place);
        update.removed += 1;
    }
    for finding in findings.iter().filter(|it| it.counted == FindingStatus::Unexpected) {
        entries.push(entry(finding, today));
        update.added += 1;
    }
    replace(file, &document.to_string())
        .with_context(|| format!("cannot write the expectations {}", file.display()))?;
    Ok(update)
}

/// The old text or the new one, whenever this ends.
fn replace(file: &Path, text: &str) -> Result<()> {
    let beside = file.with_extension("toml.new");
    std::fs::write(&beside, text)?;
    Ok(std::fs::rename(&beside, file)?)
}

/// What is known of a finding; why it is so, its owner knows.
fn entry(finding: &FindingEvent, today: &str) -> Table {
    let mut entry = Table::new();
    entry.insert("rule", value(&finding.rule));
    if finding.tier != "status" {
        entry.insert("tier", value(&finding.tier));
    }
    entry.insert("reason", value(format!("not explained yet: it answered {}", finding.observed)));
    let facts = finding.because.iter().map(|it| it.fact.as_str());
    entry.insert("facts", value(facts.collect::<toml_edit::Array>()));
    entry.insert("since", value(today));
    entry
}

/// What an endpoint is: `tests/emulators/moto/target.toml`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct TargetFile {
    /// What it is called.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// The script that starts it, beside the file; `start.sh` if left out.
    pub(crate) start: Option<String>,
    /// Its licence, as SPDX writes it.
    pub(crate) licence: Option<String>,
}

impl TargetFile {
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read what the target is, {}", file.display()))?;
        toml::from_str(&text).with_context(|| format!("{} says no target", file.display()))
    }
}
