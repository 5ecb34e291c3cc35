//! What a run is about to make, written down before it is asked for, so that it can be removed whatever
//! becomes of the run.
//!
//! A user, a group, a policy or a device is a line; what they hold is found by asking. A line that makes
//! is on the disk before the request is sent; a line that was cut is the last one, and its request was
//! never sent. A run holds its file locked for as long as it lives.
//!
//! Which requests make and remove what a journal keeps.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::MutexGuard;

use anyhow::{Context as _, Result, bail};
use iamspec_conformance::Response;
use iamspec_model::ErrorCode;
use serde::{Deserialize, Serialize};

use crate::aws::config::Config;
use crate::client::request::RequestForm;
use crate::client::session::last;

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CreatedResource {
    /// A user, by its name.
    User,
    /// A group, by its name.
    Group,
    /// A managed policy, by its name.
    Policy,
    /// A virtual MFA device, by its name.
    Device,
}

impl CreatedResource {
    /// The word for it.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Policy => "policy",
            Self::Device => "device",
        }
    }
}

/// The first line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JournalHeader {
    /// What tells the names of the run from those of others.
    pub run: String,
    /// Which endpoint was asked.
    pub endpoint: String,
    /// Whose account it was, where that was asked.
    pub account: Option<String>,
    /// When it began, in UTC.
    pub begun: String,
}

/// Every other line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum JournalLine {
    Makes(CreatedResource, String),
    Gone(CreatedResource, String),
}

/// The journal of a run.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    header: JournalHeader,
    there: BTreeSet<(CreatedResource, String)>,
    /// Whether a line may have been cut: what follows it could not be read.
    torn: bool,
}

impl Journal {
    /// Where journals are kept: `iamspec` in the user's folder of state.
    ///
    /// # Errors
    /// Neither `XDG_STATE_HOME` nor `HOME` is set.
    pub fn folder(surroundings: &Config) -> Result<PathBuf> {
        let state = surroundings.variable("XDG_STATE_HOME").map(PathBuf::from);
        let state = state.or_else(|| Some(surroundings.home()?.join(".local").join("state")));
        let state = state.context("no folder for the journal: set HOME, or give --journal")?;
        Ok(state.join("iamspec"))
    }

    /// Begins the journal of a run in a folder.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn begin(folder: &Path, header: JournalHeader) -> Result<Self> {
        let path = folder.join(format!("{}.jsonl", header.run));
        let cannot =
            || format!("cannot write the journal {}; give another --journal", path.display());
        std::fs::create_dir_all(folder).with_context(cannot)?;
        let file =
            OpenOptions::new().create_new(true).append(true).open(&path).with_context(cannot)?;
        file.try_lock().with_context(cannot)?;
        let mut journal =
            Self { file, path: path.clone(), header, there: BTreeSet::new(), torn: false };
        let first = serde_json::to_string(&journal.header).with_context(cannot)?;
        journal.write(&first).and_then(|()| journal.file.sync_all()).with_context(cannot)?;
        // The name of the file must be there as well as its lines.
        File::open(folder).and_then(|it| it.sync_all()).with_context(cannot)?;
        Ok(journal)
    }

    /// Takes up the journal of a run that is over.
    ///
    /// # Errors
    /// No such file, one that is no journal, or the run still goes on.
    pub fn take_up(path: &Path) -> Result<Self> {
        let cannot = || format!("cannot read the journal {}", path.display());
        let file = OpenOptions::new().append(true).open(path).with_context(cannot)?;
        if file.try_lock().is_err() {
            bail!("the run of {} still goes on", path.display());
        }
        // Bytes, and not text: a line may be cut in the middle of a character.
        let bytes = std::fs::read(path).with_context(cannot)?;
        let mut lines = bytes.split(|it| *it == b'\n');
        let header = lines.next().and_then(|it| serde_json::from_slice(it).ok());
        let header = header.with_context(|| {
            format!("{} is no journal: its first line says of no run", path.display())
        })?;
        let mut journal =
            Self { file, path: path.to_owned(), header, there: BTreeSet::new(), torn: false };
        for line in lines {
            match serde_json::from_slice(line) {
                Ok(JournalLine::Makes(made, name)) => _ = journal.there.insert((made, name)),
                Ok(JournalLine::Gone(made, name)) => _ = journal.there.remove(&(made, name)),
                // Cut in the middle: nothing was asked after it.
                Err(_) => {}
            }
        }
        if !bytes.ends_with(b"\n") {
            journal.file.write_all(b"\n").with_context(cannot)?;
        }
        Ok(journal)
    }

    /// The journals in a folder, by name; none where there is no folder.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn all(folder: &Path) -> Result<Vec<PathBuf>> {
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let entries =
            folder.read_dir().with_context(|| format!("cannot read {}", folder.display()))?;
        let mut paths: Vec<PathBuf> = entries.filter_map(|it| Some(it.ok()?.path())).collect();
        paths.retain(|it| it.extension().is_some_and(|it| it == "jsonl"));
        paths.sort();
        Ok(paths)
    }

    /// Writes down what is about to be made; whether it is new.
    ///
    /// # Errors
    /// The line is not on the disk: nothing may be made.
    pub fn makes(&mut self, made: CreatedResource, name: &str) -> Result<bool> {
        if self.there.contains(&(made, name.to_owned())) {
            return Ok(false);
        }
        let cannot =
            || format!("cannot write the journal {}, so nothing more is made", self.path.display());
        let line = serde_json::to_string(&JournalLine::Makes(made, name.to_owned()))
            .with_context(cannot)?;
        let message = cannot();
        if self.torn {
            bail!(message);
        }
        self.write(&line).and_then(|()| self.file.sync_data()).context(message)?;
        self.there.insert((made, name.to_owned()));
        Ok(true)
    }

    /// Strikes what is gone, or was not made. A line that is lost does no harm: what is gone is asked for
    /// once more.
    pub fn gone(&mut self, made: CreatedResource, name: &str) {
        if self.there.remove(&(made, name.to_owned())) {
            let line = serde_json::to_string(&JournalLine::Gone(made, name.to_owned()));
            _ = line.map(|line| self.write(&line));
        }
    }

    fn write(&mut self, line: &str) -> std::io::Result<()> {
        let written = self.file.write_all(format!("{line}\n").as_bytes());
        self.torn |= written.is_err();
        written
    }

    /// Of which run it is.
    #[must_use]
    pub const fn header(&self) -> &JournalHeader {
        &self.header
    }

    /// What may still be there.
    pub fn there(&self) -> impl Iterator<Item = (CreatedResource, &str)> {
        self.there.iter().map(|(made, name)| (*made, name.as_str()))
    }
}

/// A journal that has nothing left is taken away with its run.
impl Drop for Journal {
    fn drop(&mut self) {
        if self.there.is_empty() {
            _ = std::fs::remove_file(&self.path);
        }
    }
}

type Row = (&'static str, CreatedResource, &'static str);

/// The calls that make something, and the member that names it.
const MAKES: [Row; 6] = [
    ("CreateUser", CreatedResource::User, "UserName"),
    ("UpdateUser", CreatedResource::User, "NewUserName"),
    ("CreateGroup", CreatedResource::Group, "GroupName"),
    ("UpdateGroup", CreatedResource::Group, "NewGroupName"),
    ("CreatePolicy", CreatedResource::Policy, "PolicyName"),
    ("CreateVirtualMFADevice", CreatedResource::Device, "VirtualMFADeviceName"),
];

/// The calls after which a name means nothing, and the member that names it.
const REMOVES: [Row; 6] = [
    ("DeleteUser", CreatedResource::User, "UserName"),
    ("UpdateUser", CreatedResource::User, "UserName"),
    ("DeleteGroup", CreatedResource::Group, "GroupName"),
    ("UpdateGroup", CreatedResource::Group, "GroupName"),
    ("DeletePolicy", CreatedResource::Policy, "PolicyArn"),
    ("DeleteVirtualMFADevice", CreatedResource::Device, "SerialNumber"),
];

/// Writes down what a request is about to make; whether that is new.
pub(crate) fn before(form: &RequestForm, journal: Option<MutexGuard<'_, Journal>>) -> Result<bool> {
    let (Some((made, name)), Some(mut journal)) = (named(form, &MAKES), journal) else {
        return Ok(false);
    };
    journal.makes(made, name)
}

/// Strikes what an answer says is gone, or was not made although it was `new`.
pub(crate) fn after(
    form: &RequestForm,
    observed: &Response,
    new: bool,
    journal: Option<MutexGuard<'_, Journal>>,
) {
    let Some(mut journal) = journal else { return };
    let (makes, removes) = (named(form, &MAKES), named(form, &REMOVES));
    let gone = match observed {
        Response::Done(_) => removes.filter(|_| makes.is_some() || !renames(form)),
        Response::Refused { code, .. }
            if code == ErrorCode::NoSuchEntity.name() && !renames(form) =>
        {
            removes
        }
        _ => None,
    };
    if let Some((made, name)) = gone.filter(|_| gone != makes) {
        journal.gone(made, name);
    }
    let not_made = match observed {
        Response::Done(_) => false,
        Response::Refused { .. } => true,
        Response::Interrupted(it) => it.cause.changed_nothing(),
    };
    if let (Some((made, name)), true, true) = (makes, not_made, new) {
        journal.gone(made, name);
    }
}

/// Whether the call changes what something is called, or else where it is.
fn renames(form: &RequestForm) -> bool {
    value(form, "Action").is_some_and(|action| action.starts_with("Update"))
}

fn named<'a>(form: &'a RequestForm, rows: &[Row]) -> Option<(CreatedResource, &'a str)> {
    let action = value(form, "Action")?;
    let (_, made, member) = rows.iter().find(|(name, ..)| *name == action)?;
    Some((*made, last(value(form, member)?)))
}

fn value<'a>(form: &'a RequestForm, member: &str) -> Option<&'a str> {
    form.iter().find(|(name, _)| name == member).map(|(_, value)| value.as_str())
}
