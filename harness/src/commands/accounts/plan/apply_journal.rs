//! The journal of `plan --apply`: every step of every application of a plan to one user.
//!
//! A line is on the disk before its step is sent. The file stays after the user is deleted. Only its
//! owner can read it. The endpoint decides what is left to do; the journal shows what was done.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use crate::client::account::holdings::Holdings;
use crate::client::account::removal::DeletionStep;
use crate::commands::accounts::plan::PlanTarget;
use crate::commands::test::target::now;

/// A longer journal is not read; its steps are not counted.
const FILE_MAX: u64 = 16 << 20;

/// The longest part of a file name that describes the endpoint.
const ENDPOINT_MAX: usize = 80;

/// One line.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Line {
    /// An application begins.
    Begun {
        /// The time in UTC.
        at: String,
        /// The user.
        user: String,
        /// The id of the user.
        user_id: Option<String>,
        /// The endpoint.
        endpoint: String,
        /// The account, if STS returned it.
        account: Option<String>,
        /// The steps that the user of the command has confirmed.
        steps: Vec<LoggedStep>,
    },
    /// A step is about to be sent.
    Sends(LoggedStep),
    /// The step succeeded.
    Done(LoggedStep),
    /// The step did not succeed, with the response.
    Failed(LoggedStep, String),
    /// The application ends, with the reason.
    Ended(String),
}

/// A step in a journal.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub(super) struct LoggedStep {
    action: String,
    item: Option<String>,
}

impl LoggedStep {
    pub(super) fn of(step: &DeletionStep) -> Self {
        let item = step.item.as_ref().map(|it| it.name.clone()).filter(|it| !it.is_empty());
        Self { action: step.action.to_owned(), item }
    }
}

/// The journal of one user at one endpoint.
pub(super) struct ApplyJournal {
    file: File,
    path: PathBuf,
    earlier: EarlierWork,
}

impl ApplyJournal {
    /// Opens the journal of a user at an endpoint, and creates it if it does not exist.
    ///
    /// # Errors
    /// The file cannot be written; another application of a plan to this user has not ended.
    pub(super) fn open(folder: &Path, held: &Holdings, target: &PlanTarget) -> Result<Self> {
        let user = &held.user;
        let path = folder.join(file_name(user, target));
        let cannot =
            || format!("cannot write the journal {}; give another --journal", path.display());
        std::fs::create_dir_all(folder).with_context(cannot)?;
        let existing = std::fs::symlink_metadata(&path).ok();
        if existing.is_some_and(|it| !it.is_file()) {
            bail!("the journal {} is not a regular file; give another --journal", path.display());
        }
        let mut file = owner_only(OpenOptions::new().create(true).read(true).append(true))
            .open(&path)
            .with_context(cannot)?;
        if file.try_lock().is_err() {
            bail!(
                "another `plan --apply` for {user} has not ended; its journal is {}",
                path.display()
            );
        }
        restrict(&file).with_context(cannot)?;
        // Bytes instead of text: the last line may end inside a character.
        let mut bytes = Vec::new();
        (&file).take(FILE_MAX).read_to_end(&mut bytes).with_context(cannot)?;
        let earlier = EarlierWork::read(&bytes, held.user_id.as_deref());
        if !bytes.is_empty() && !bytes.ends_with(b"\n") {
            file.write_all(b"\n").with_context(cannot)?;
        }
        // The directory entry must be on the disk too.
        File::open(folder).and_then(|it| it.sync_all()).with_context(cannot)?;
        Ok(Self { file, path, earlier })
    }

    /// Writes a line to the disk.
    ///
    /// # Errors
    /// The line is not on the disk, so nothing more must be sent.
    pub(super) fn write(&mut self, line: &Line) -> Result<()> {
        let cannot =
            || format!("cannot write the journal {}, so nothing more is sent", self.path.display());
        let text = serde_json::to_string(line).with_context(cannot)? + "\n";
        self.file.write_all(text.as_bytes()).with_context(cannot)?;
        self.file.sync_data().with_context(cannot)
    }

    /// The line that begins an application.
    pub(super) fn begin(
        &mut self,
        held: &Holdings,
        target: &PlanTarget,
        steps: &[DeletionStep],
    ) -> Result<()> {
        self.write(&Line::Begun {
            at: now(),
            user: held.user.clone(),
            user_id: held.user_id.clone(),
            endpoint: target.url.clone(),
            account: target.account.clone(),
            steps: steps.iter().map(LoggedStep::of).collect(),
        })
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What earlier applications did.
    pub(super) const fn earlier(&self) -> &EarlierWork {
        &self.earlier
    }
}

/// Creates a file that only its owner can read.
#[cfg(unix)]
fn owner_only(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600)
}

/// The folder of the user decides who can read the file.
#[cfg(not(unix))]
fn owner_only(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Lets only the owner read a file that exists.
#[cfg(unix)]
fn restrict(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
}

/// The folder of the user decides who can read the file.
#[cfg(not(unix))]
fn restrict(_: &File) -> std::io::Result<()> {
    Ok(())
}

/// What earlier applications did to the user with an id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct EarlierWork {
    /// The number of steps that they have done.
    pub(super) steps: usize,
    /// The virtual MFA devices that they have deactivated, and should have deleted. No listing of
    /// the user has them any more.
    pub(super) devices_left: BTreeSet<String>,
}

impl EarlierWork {
    /// Reads the lines of a journal. A user of the same name that was deleted had another id.
    fn read(bytes: &[u8], id: Option<&str>) -> Self {
        let (mut same_user, mut work, mut to_delete) = (false, Self::default(), BTreeSet::new());
        let lines = bytes.split(|it| *it == b'\n');
        for line in lines.filter_map(|it| serde_json::from_slice(it).ok()) {
            match line {
                Line::Begun { user_id, steps, .. } => {
                    same_user = user_id.as_deref() == id;
                    let deletes = steps.into_iter().filter(|it| it.action == DELETES_DEVICE);
                    to_delete.extend(deletes.filter_map(|it| it.item));
                }
                Line::Done(LoggedStep { action, item }) if same_user => {
                    work.steps += 1;
                    let device = item.filter(|it| to_delete.contains(it));
                    match (action.as_str(), device) {
                        (DELETES_DEVICE, Some(device)) => _ = work.devices_left.remove(&device),
                        (_, Some(device)) => _ = work.devices_left.insert(device),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        work
    }
}

/// The action that deletes a virtual MFA device.
const DELETES_DEVICE: &str = "DeleteVirtualMFADevice";

/// The name of a journal. Its ending differs from that of the journals of runs, which `cleanup`
/// reads.
fn file_name(user: &str, target: &PlanTarget) -> String {
    let at = target.account.as_ref().unwrap_or(&target.url);
    let plain = |it: char| if it.is_ascii_alphanumeric() || it == '.' { it } else { '-' };
    let at: String = at.chars().map(plain).take(ENDPOINT_MAX).collect();
    format!("{user}@{at}.plan")
}
