//! A HAR 1.2 file that is written entry by entry and is complete at the end.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::audit_log::files::FILE_MAX;
use crate::audit_log::recorder::RecordCounts;
use crate::wire::output::private_file::Replacement;
use crate::wire::output::visible::say;

/// The end of the list of entries, of the log, and of the file.
const END: &str = "\n]}}\n";

/// A file that takes its name when it is complete.
pub(super) struct HarFile {
    file: Replacement,
    path: PathBuf,
    /// The length in bytes so far.
    length: u64,
    counts: RecordCounts,
    /// The first error. What follows is not written.
    error: Option<io::Error>,
}

impl HarFile {
    /// Begins a file.
    ///
    /// # Errors
    /// It cannot be written, or is a pipe or a device.
    pub(super) fn begin(path: &Path) -> Result<Self> {
        let context = || format!("cannot write {}", path.display());
        let file = Replacement::begin(path).with_context(context)?.with_context(|| {
            format!("{} is not a file that can be replaced; name a new file", path.display())
        })?;
        let (path, counts) = (path.to_owned(), RecordCounts::default());
        let mut har = Self { file, path, length: 0, counts, error: None };
        let creator = json!({ "name": "iamspec", "version": env!("CARGO_PKG_VERSION") });
        har.write(&format!("{{\"log\":{{\"version\":\"1.2\",\"creator\":{creator},\"entries\":["));
        Ok(har)
    }

    /// Adds an entry. After an error, and if the file would be longer than `iamspec audit` reads,
    /// the entry and every later one is left out: an audit assumes that no call between others is
    /// missing.
    pub(super) fn add(&mut self, entry: &Value) {
        let comma = if self.counts.entries == 0 { "\n" } else { ",\n" };
        let text = format!("{comma}{entry}");
        let is_full = self.length + (text.len() + END.len()) as u64 > FILE_MAX;
        if is_full || self.counts.left_out > 0 {
            self.counts.left_out += 1;
            return;
        }
        self.write(&text);
        self.counts.entries += 1;
    }

    fn write(&mut self, text: &str) {
        if self.error.is_none() {
            self.error = self.file.append(text).err();
            self.length += text.len() as u64;
            if let Some(error) = &self.error {
                let file = self.path.display();
                say(&format!("iamspec: cannot write {file}: {error}; nothing more is recorded"));
            }
        }
    }

    /// Completes the file.
    ///
    /// # Errors
    /// A part of it could not be written. The file keeps its old content.
    pub(super) fn finish(mut self) -> Result<RecordCounts> {
        self.write(END);
        let written = self.error.take().map_or(Ok(()), Err);
        let finished = written.and_then(|()| self.file.finish());
        finished.with_context(|| format!("cannot write {}", self.path.display()))?;
        Ok(self.counts)
    }
}
