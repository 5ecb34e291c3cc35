//! The journal of a run: every user, group, policy and device that the run creates.
//!
//! A line is on the disk before the create request is sent, so that a cleanup finds the resource
//! even if the run is killed. If a line is incomplete, it is the last one, and its request was
//! never sent. The journal has no attachments: the cleanup lists them. A run keeps its journal file
//! locked. The first line names this file, so that a copy of it does not pass for the journal of a
//! run that has ended.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::MutexGuard;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use iamspec_conformance::Response;
use iamspec_model::ErrorCode;
use serde::{Deserialize, Serialize};

use crate::aws::config::Config;
use crate::client::session::base_name;
use crate::wire::names::{RequestForm, value_of};
use crate::wire::output::private_file;

/// The kind of a created resource.
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
    /// The word for it in messages.
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

/// The first line of a journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JournalHeader {
    /// The id of the run, which is a part of every name that the run creates.
    pub run: String,
    /// The endpoint.
    pub endpoint: String,
    /// The account id, if STS returned it.
    pub account: Option<String>,
    /// The start of the run, in UTC.
    pub begun: String,
}

/// The first line as it is in the file.
#[derive(Serialize, Deserialize)]
struct FirstLine {
    #[serde(flatten)]
    header: JournalHeader,
    /// The file that the run keeps locked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    file: Option<PathBuf>,
}

/// A larger journal is not read. A run that creates a million resources writes less.
const JOURNAL_MAX: u64 = 128 << 20;

/// A longer line is not one of a journal. Names have at most 128 characters.
const LINE_MAX: usize = 4096;

/// Any other line.
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
    remaining: BTreeSet<(CreatedResource, String)>,
    /// The resources whose creation got no response. The request may still take effect, also after
    /// their deletion.
    uncertain: BTreeSet<(CreatedResource, String)>,
    /// Whether a line may be incomplete, so that the lines after it would be unreadable.
    torn: bool,
    /// Whether an empty journal proves that nothing of the run is left.
    is_complete: bool,
}

impl Journal {
    /// The folder of journals: `iamspec` in the user's state folder.
    ///
    /// # Errors
    /// Neither `XDG_STATE_HOME` nor `HOME` is set.
    pub fn folder(config: &Config) -> Result<PathBuf> {
        let state = config.variable("XDG_STATE_HOME").map(PathBuf::from);
        let state = state.or_else(|| Some(config.home()?.join(".local").join("state")));
        let state = state.context("no folder for the journal: set HOME, or give --journal")?;
        Ok(state.join("iamspec"))
    }

    /// Creates the journal of a run in a folder. It gets its name when it is locked and names its
    /// run, so that a killed run leaves no journal without a run.
    ///
    /// # Errors
    /// The file cannot be written, or exists.
    pub fn begin(folder: &Path, header: JournalHeader) -> Result<Self> {
        let path = folder.join(format!("{}.jsonl", header.run));
        let cannot =
            || format!("cannot write the journal {}; give another --journal", path.display());
        std::fs::create_dir_all(folder).with_context(cannot)?;
        if path.exists() {
            bail!("{}: the file exists", cannot());
        }
        let new = path.with_extension("jsonl.new");
        let file = private_file::create_new(&new).with_context(cannot)?;
        file.try_lock().with_context(cannot)?;
        let absolute = std::path::absolute(&path).ok();
        let first = FirstLine { header, file: absolute };
        let line = serde_json::to_string(&first).with_context(cannot)?;
        let mut journal = Self::new(file, path.clone(), first.header, true);
        journal.write(&line).and_then(|()| journal.file.sync_all()).with_context(cannot)?;
        std::fs::rename(&new, &path).with_context(cannot)?;
        // The directory entry must be on the disk too.
        File::open(folder).and_then(|it| it.sync_all()).with_context(cannot)?;
        Ok(journal)
    }

    fn new(file: File, path: PathBuf, header: JournalHeader, is_complete: bool) -> Self {
        let (remaining, uncertain) = (BTreeSet::new(), BTreeSet::new());
        Self { file, path, header, remaining, uncertain, torn: false, is_complete }
    }

    /// Opens the journal of a run that has ended. The file stays, even if it lists nothing more,
    /// until [`Self::set_complete`] is called.
    ///
    /// # Errors
    /// The file does not exist or is not a journal, or the run has not ended.
    pub fn resume(path: &Path) -> Result<Self> {
        let cannot = || format!("cannot read the journal {}", path.display());
        let metadata = std::fs::symlink_metadata(path).with_context(cannot)?;
        // Opening a pipe blocks, and a link leads to the journal of another folder.
        if !metadata.is_file() {
            bail!("{} is not a journal: it is not a regular file", path.display());
        }
        if metadata.len() > JOURNAL_MAX {
            bail!("{} is not a journal: it has more than {JOURNAL_MAX} bytes", path.display());
        }
        let file = OpenOptions::new().read(true).append(true).open(path).with_context(cannot)?;
        if !is_locked_within(&file, LOCK_PATIENCE) {
            bail!("the run of {} has not ended", path.display());
        }
        // Bytes instead of text: the last line may end inside a character.
        let mut lines = Lines(BufReader::new(&file).take(JOURNAL_MAX));
        let first = lines.next().and_then(|it| serde_json::from_slice(&it).ok());
        let FirstLine { header, file: original } = first.with_context(|| {
            format!(
                "{} is not a journal: its first line does not name a run; remove the file",
                path.display()
            )
        })?;
        refuse_copy_of_running(path, &header, original)?;
        let mut remaining = BTreeSet::new();
        for line in lines {
            match serde_json::from_slice(&line) {
                Ok(JournalLine::Makes(made, name)) => _ = remaining.insert((made, name)),
                Ok(JournalLine::Gone(made, name)) => _ = remaining.remove(&(made, name)),
                // Incomplete: its request was never sent.
                Err(_) => {}
            }
        }
        let mut journal = Self::new(file, path.to_owned(), header, false);
        journal.remaining = remaining;
        if !ends_with_newline(&journal.file).with_context(cannot)? {
            journal.file.write_all(b"\n").with_context(cannot)?;
        }
        Ok(journal)
    }

    /// Deletes the file, although resources of the run remain.
    ///
    /// # Errors
    /// The file cannot be deleted.
    pub fn forget(self) -> Result<()> {
        std::fs::remove_file(&self.path)
            .with_context(|| format!("cannot delete the journal {}", self.path.display()))
    }

    /// Records that an empty journal proves that nothing of the run is left: a complete listing has
    /// shown nothing else. Then the file is removed with the last resource.
    pub const fn set_complete(&mut self) {
        self.is_complete = true;
    }

    /// The journals in a folder, by name; none if the folder does not exist.
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

    /// Records a resource before it is created. Returns whether it was not in the journal before.
    ///
    /// # Errors
    /// The line is not on the disk, so the resource must not be created.
    pub fn record_creation(&mut self, made: CreatedResource, name: &str) -> Result<bool> {
        if self.remaining.contains(&(made, name.to_owned())) {
            return Ok(false);
        }
        let cannot = || {
            format!("cannot write the journal {}, so nothing more is created", self.path.display())
        };
        let line = serde_json::to_string(&JournalLine::Makes(made, name.to_owned()))
            .with_context(cannot)?;
        let message = cannot();
        if self.torn {
            bail!(message);
        }
        self.write(&line).and_then(|()| self.file.sync_data()).context(message)?;
        self.remaining.insert((made, name.to_owned()));
        Ok(true)
    }

    /// Records that a resource is deleted or was not created. If the line is lost, the cleanup
    /// tries to delete the resource once more.
    pub fn record_deletion(&mut self, made: CreatedResource, name: &str) {
        self.uncertain.remove(&(made, name.to_owned()));
        if self.remaining.remove(&(made, name.to_owned())) {
            let line = serde_json::to_string(&JournalLine::Gone(made, name.to_owned()));
            _ = line.map(|line| self.write(&line));
        }
    }

    /// Records that the creation of a resource got no response.
    fn record_lost_creation(&mut self, made: CreatedResource, name: &str) {
        self.uncertain.insert((made, name.to_owned()));
    }

    /// Records a deletion, unless a lost request may create the resource again.
    fn record_deletion_if_certain(&mut self, made: CreatedResource, name: &str) {
        if !self.uncertain.contains(&(made, name.to_owned())) {
            self.record_deletion(made, name);
        }
    }

    /// Whether a lost request may create a resource.
    #[must_use]
    pub fn has_lost_creation(&self) -> bool {
        !self.uncertain.is_empty()
    }

    fn write(&mut self, line: &str) -> std::io::Result<()> {
        let written = self.file.write_all(format!("{line}\n").as_bytes());
        self.torn |= written.is_err();
        written
    }

    /// The first line.
    #[must_use]
    pub const fn header(&self) -> &JournalHeader {
        &self.header
    }

    /// The resources that may still exist.
    pub fn remaining(&self) -> impl Iterator<Item = (CreatedResource, &str)> {
        self.remaining.iter().map(|(made, name)| (*made, name.as_str()))
    }
}

/// How long a lock that another process holds is tried.
const LOCK_PATIENCE: Duration = Duration::from_millis(500);

/// Locks the journal. A process that a thread of this program starts inherits its open files for a
/// moment, and with them the locks of journals that were closed meanwhile.
fn is_locked_within(file: &File, patience: Duration) -> bool {
    let started = Instant::now();
    loop {
        if file.try_lock().is_ok() {
            return true;
        }
        if started.elapsed() > patience {
            return false;
        }
        std::thread::sleep(patience / 20);
    }
}

/// Whether the last line is complete.
fn ends_with_newline(mut file: &File) -> std::io::Result<bool> {
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// The lines of a journal. A line that is too long is empty.
struct Lines<R>(std::io::Take<BufReader<R>>);

impl<R: std::io::Read> Iterator for Lines<R> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let mut line = Vec::new();
        loop {
            let buffer = self.0.fill_buf().ok()?;
            if buffer.is_empty() {
                return (!line.is_empty()).then_some(line);
            }
            let end = buffer.iter().position(|it| *it == b'\n');
            let part = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or(buffer);
            if line.len() + part.len() <= LINE_MAX {
                line.extend_from_slice(part);
            } else {
                line = vec![b' '; LINE_MAX + 1];
            }
            let read = part.len() + usize::from(end.is_some());
            self.0.consume(read);
            if end.is_some() {
                return Some(line);
            }
        }
    }
}

/// Refuses a copy of the journal of a run that has not ended. The lock is on the original.
fn refuse_copy_of_running(
    path: &Path,
    header: &JournalHeader,
    original: Option<PathBuf>,
) -> Result<()> {
    let is_id = !header.run.is_empty() && header.run.chars().all(|it| it.is_ascii_alphanumeric());
    if !is_id {
        bail!("{} is not a journal: {:?} is not the id of a run", path.display(), header.run);
    }
    let beside = path.with_file_name(format!("{}.jsonl", header.run));
    let same = |other: &Path| other.canonicalize().ok() == path.canonicalize().ok();
    for other in original.into_iter().chain([beside]).filter(|it| !same(it)) {
        let is_file = std::fs::symlink_metadata(&other).is_ok_and(|it| it.is_file());
        let file = is_file.then(|| File::open(&other).ok()).flatten();
        if file.is_some_and(|it| it.try_lock_shared().is_err()) {
            bail!("the run of {} has not ended: it uses {}", path.display(), other.display());
        }
    }
    Ok(())
}

/// Deletes the file of a journal without remaining resources.
impl Drop for Journal {
    fn drop(&mut self) {
        if self.remaining.is_empty() && self.is_complete {
            _ = std::fs::remove_file(&self.path);
        }
    }
}

/// An action, the kind of the resource, and the member that names it.
type ActionRow = (&'static str, CreatedResource, &'static str);

/// The actions after which a name exists.
const CREATES: [ActionRow; 6] = [
    ("CreateUser", CreatedResource::User, "UserName"),
    ("UpdateUser", CreatedResource::User, "NewUserName"),
    ("CreateGroup", CreatedResource::Group, "GroupName"),
    ("UpdateGroup", CreatedResource::Group, "NewGroupName"),
    ("CreatePolicy", CreatedResource::Policy, "PolicyName"),
    ("CreateVirtualMFADevice", CreatedResource::Device, "VirtualMFADeviceName"),
];

/// The actions after which a name does not exist.
const DELETES: [ActionRow; 6] = [
    ("DeleteUser", CreatedResource::User, "UserName"),
    ("UpdateUser", CreatedResource::User, "UserName"),
    ("DeleteGroup", CreatedResource::Group, "GroupName"),
    ("UpdateGroup", CreatedResource::Group, "GroupName"),
    ("DeletePolicy", CreatedResource::Policy, "PolicyArn"),
    ("DeleteVirtualMFADevice", CreatedResource::Device, "SerialNumber"),
];

/// Records the resource that a request creates. Returns whether it was not in the journal before.
pub(crate) fn before(form: &RequestForm, journal: Option<MutexGuard<'_, Journal>>) -> Result<bool> {
    let (Some((made, name)), Some(mut journal)) = (named(form, &CREATES), journal) else {
        return Ok(false);
    };
    journal.record_creation(made, name)
}

/// Records that a resource is deleted, or was not created, as the response says. `creates_new` is
/// the value that [`before`] returned.
pub(crate) fn after(
    form: &RequestForm,
    response: &Response,
    creates_new: bool,
    journal: Option<MutexGuard<'_, Journal>>,
) {
    let Some(mut journal) = journal else { return };
    let (created, deleted) = (named(form, &CREATES), named(form, &DELETES));
    let gone = match response {
        Response::Success(_) => deleted.filter(|_| created.is_some() || !renames(form)),
        Response::Refused { code, .. }
            if code == ErrorCode::NoSuchEntity.name() && !renames(form) =>
        {
            deleted
        }
        _ => None,
    };
    if let Some((made, name)) = gone.filter(|_| gone != created) {
        journal.record_deletion_if_certain(made, name);
    }
    let not_created = match response {
        Response::Success(_) => false,
        Response::Refused { .. } => true,
        Response::Failed(it) => it.kind.had_no_effect(),
    };
    if let (Some((made, name)), true, true) = (created, not_created, creates_new) {
        journal.record_deletion_if_certain(made, name);
    }
    let is_lost = matches!(response, Response::Failed(it) if !it.kind.had_no_effect());
    if let (Some((made, name)), true) = (created, is_lost) {
        journal.record_lost_creation(made, name);
    }
}

/// Whether the action changes the name or the path of a resource.
fn renames(form: &RequestForm) -> bool {
    value_of(form, "Action").is_some_and(|action| action.starts_with("Update"))
}

fn named<'a>(form: &'a RequestForm, rows: &[ActionRow]) -> Option<(CreatedResource, &'a str)> {
    let action = value_of(form, "Action")?;
    let (_, made, member) = rows.iter().find(|(name, ..)| *name == action)?;
    Some((*made, base_name(value_of(form, member)?)))
}
