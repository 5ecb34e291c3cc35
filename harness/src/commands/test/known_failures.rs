//! The known-failures file of a target: read it, check that it belongs to the target, update it.
//!
//! The file format and its meaning are in [`iamspec_conformance::results::known_failures`].

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use iamspec_conformance::oracle::{Divergence, Tier};
use iamspec_conformance::response::Failure;
use iamspec_conformance::results::known_failures::{
    KnownFailureError, KnownFailureTarget, KnownFailures,
};
use iamspec_conformance::{Exchange, Response};
use semver::{Version, VersionReq};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use crate::commands::test::target::TargetFile;

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
    let known = parsed(file, &text_of(file, may_be_missing)?)?;
    if let (Some(owner), Some(about)) = (&known.target, about) {
        check_target(owner, about).with_context(|| {
            format!("the known-failures file {} belongs to another target", file.display())
        })?;
    }
    Ok(known)
}

/// The known failures in the text of this file.
///
/// # Errors
/// The text is not a known-failures file, or an entry names a rule, a fact or a date that does not exist.
pub fn parsed(file: &Path, text: &str) -> Result<KnownFailures> {
    let known = KnownFailures::parse(text)
        .with_context(|| format!("the known-failures file {} is invalid", file.display()))?;
    let invalid = known.invalid_entries();
    let errors: Vec<String> = invalid.iter().map(ToString::to_string).collect();
    let errors = errors.join("\n  ");
    ensure!(
        errors.is_empty(),
        "the known-failures file {} is invalid:\n  {errors}",
        file.display()
    );
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
}

/// An entry that an update adds.
pub(crate) struct NewEntry {
    /// The rule of a divergence, or a pattern for all rules of an action that failed.
    rule: String,
    tier: Option<&'static str>,
    /// The status and the code, or the kind of the failure: another response of the same script is
    /// not covered. Empty if any response is.
    outcome: String,
    observed: String,
    facts: Vec<&'static str>,
}

impl NewEntry {
    pub(crate) fn of_divergence(divergence: &Divergence, exchange: &Exchange) -> Self {
        let observed = exchange.response.as_ref().map(ToString::to_string).unwrap_or_default();
        let outcome = match &exchange.response {
            // The form of a response does not depend on what it says.
            _ if divergence.wire_rule.is_some() => String::new(),
            Some(Response::Success(_)) => "200".to_owned(),
            _ => observed.split(" \"").next().unwrap_or_default().to_owned(),
        };
        let tier = Some(divergence.tier).filter(|it| *it != Tier::Status).map(Tier::name);
        let facts = divergence.evidence.clone();
        Self { rule: divergence.rule_id(), tier, outcome, observed, facts }
    }

    pub(crate) fn of_failure(failure: &Failure, exchange: &Exchange) -> Self {
        let api = exchange.operation.action().map_or("*", |it| it.api);
        Self {
            rule: format!("{api}/*"),
            tier: None,
            outcome: format!("interrupted {}", failure.kind.name()),
            observed: failure.to_string(),
            facts: Vec::new(),
        }
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        (&self.rule, self.tier, &self.outcome) == (&other.rule, other.tier, &other.outcome)
    }
}

/// Removes stale entries and adds new ones. The other entries, their order and all comments stay
/// unchanged. A missing file is created.
pub(crate) fn update(
    file: &Path,
    new: &[NewEntry],
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
        // Only the owner of the file can fix the others.
        if matches!(complaint, KnownFailureError::Stale(_)) {
            stale.push(*index);
        }
    }
    stale.sort_unstable();
    for index in stale.into_iter().rev() {
        entries.remove(index);
        update.removed += 1;
    }
    for it in new {
        entries.push(entry(it, today));
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

/// The table of a new entry. Its owner replaces the reason.
fn entry(new: &NewEntry, today: &str) -> Table {
    let mut entry = Table::new();
    entry.insert("rule", value(&new.rule));
    if let Some(tier) = new.tier {
        entry.insert("tier", value(tier));
    }
    if !new.outcome.is_empty() {
        entry.insert("outcome", value(&new.outcome));
    }
    let reason = format!("not explained yet: the response was {}", new.observed);
    entry.insert("reason", value(reason));
    if !new.facts.is_empty() {
        entry.insert("facts", value(new.facts.iter().copied().collect::<toml_edit::Array>()));
    }
    entry.insert("since", value(today));
    entry
}
