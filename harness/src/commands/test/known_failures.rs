//! The known-failures file of a target: read it, check that it belongs to the target, update it.
//!
//! The file format and its meaning are in [`iamspec_conformance::results::known_failures`].

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use iamspec_conformance::results::known_failures::{
    KnownFailureError, KnownFailureTarget, KnownFailures,
};
use semver::{Version, VersionReq};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use crate::commands::test::target::TargetFile;
use crate::report::events::{FindingEvent, FindingStatus};

/// The table of an entry.
const TABLE: &str = "known-failure";

/// The first edition's name of the table.
const OLD_TABLE: &str = "expected";

/// Reads the file and checks that it belongs to the target. Without a file, nothing is known.
///
/// With `may_be_missing`, a missing file counts as empty: the update creates it.
pub(crate) fn read(
    file: Option<&Path>,
    about: Option<&TargetFile>,
    may_be_missing: bool,
) -> Result<KnownFailures> {
    let Some(file) = file else { return Ok(KnownFailures::default()) };
    let text = text_of(file, may_be_missing)?;
    let known = KnownFailures::parse(&text)
        .with_context(|| format!("the known-failures file {} is invalid", file.display()))?;
    if let (Some(owner), Some(about)) = (&known.target, about) {
        check_target(owner, about).with_context(|| {
            format!("the known-failures file {} belongs to another target", file.display())
        })?;
    }
    Ok(known)
}

fn text_of(file: &Path, may_be_missing: bool) -> Result<String> {
    match std::fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound && may_be_missing => Ok(String::new()),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(error).with_context(|| {
            format!(
                "cannot read the known-failures file {}; --update-known-failures creates it",
                file.display()
            )
        }),
        read => {
            read.with_context(|| format!("cannot read the known-failures file {}", file.display()))
        }
    }
}

fn check_target(owner: &KnownFailureTarget, about: &TargetFile) -> Result<()> {
    let (name, version) = (&about.name, &about.version);
    ensure!(owner.name == *name, "it is for {}, and the target is {name}", owner.name);
    let Some(range) = &owner.versions else { return Ok(()) };
    let required = VersionReq::parse(range).with_context(|| {
        format!("`{range}` is not a range of versions; write it as `>=5.2, <6`")
    })?;
    let actual = Version::parse(version)
        .with_context(|| format!("`{version}` is not a version such as 5.2.5"))?;
    ensure!(
        required.matches(&actual),
        "it is for {name} {range}, and the target is {version}; review each entry, then change \
         the range"
    );
    Ok(())
}

/// The changes of an update.
#[derive(Default)]
pub(crate) struct Update {
    pub(crate) added: usize,
    pub(crate) removed: usize,
    /// Errors that only the owner of the file can fix.
    pub(crate) left: usize,
}

/// Removes stale entries and adds unexpected findings. The other entries, their order and all
/// comments stay unchanged. A missing file is created.
pub(crate) fn update(
    file: &Path,
    findings: &[FindingEvent],
    complaints: &[(usize, KnownFailureError)],
    today: &str,
) -> Result<Update> {
    let text = text_of(file, true)?;
    let mut document: DocumentMut =
        text.parse().context("the known-failures file is not valid TOML")?;
    let table = match (document.contains_key(OLD_TABLE), document.contains_key(TABLE)) {
        (true, true) => bail!(
            "{} has both [[{OLD_TABLE}]] and [[{TABLE}]]; rename all entries to [[{TABLE}]]",
            file.display()
        ),
        (true, false) => OLD_TABLE,
        (false, _) => TABLE,
    };
    let entries = document.entry(table).or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    let Some(entries) = entries.as_array_of_tables_mut() else {
        bail!("`{table}` is not a list of tables; write each entry below a line [[{table}]]")
    };
    let mut update = Update::default();
    let mut stale: Vec<usize> = Vec::new();
    for (index, complaint) in complaints {
        match complaint {
            KnownFailureError::Stale(_) => stale.push(*index),
            _ => update.left += 1,
        }
    }
    stale.sort_unstable();
    for index in stale.into_iter().rev() {
        entries.remove(index);
        update.removed += 1;
    }
    for finding in findings.iter().filter(|it| it.status == FindingStatus::Unexpected) {
        entries.push(entry(finding, today));
        update.added += 1;
    }
    replace(file, &document.to_string())
        .with_context(|| format!("cannot write the known-failures file {}", file.display()))?;
    Ok(update)
}

/// Replaces the text atomically: the file has the old text or the new one, even after a crash.
fn replace(file: &Path, text: &str) -> Result<()> {
    let temporary = file.with_extension("toml.new");
    std::fs::write(&temporary, text)?;
    Ok(std::fs::rename(&temporary, file)?)
}

/// The entry for a finding. Its owner replaces the reason.
fn entry(finding: &FindingEvent, today: &str) -> Table {
    let mut entry = Table::new();
    entry.insert("rule", value(&finding.rule));
    if finding.tier != "status" {
        entry.insert("tier", value(&finding.tier));
    }
    let reason = format!("not explained yet: the response was {}", finding.observed);
    entry.insert("reason", value(reason));
    let facts = finding.evidence.iter().map(|it| it.fact.as_str());
    entry.insert("facts", value(facts.collect::<toml_edit::Array>()));
    entry.insert("since", value(today));
    entry
}
