//! Reads and writes recorded traffic: CloudTrail logs in all formats in which AWS exports them, HAR
//! files, cassettes of test libraries, and traces of this program.
//!
//! [`read`] emits the IAM calls in the order of their times. Files are roughly in that order, by
//! name, but AWS can deliver an event late. The reader therefore buffers the last 15 minutes and
//! reports older events as [`LogEvent::Late`]. It reads one file at a time, and a HAR file entry by
//! entry, so that memory use does not depend on the log size.

mod account_details;
mod call_buffer;
pub(crate) mod consistency;
mod files;
mod formats;
mod record;
pub(crate) mod recorder;
mod replaced_values;
mod request_errors;
pub(crate) mod symbols;
mod times;
pub(crate) mod translate;

use std::io::BufRead as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::audit_log::call_buffer::{BUFFER, CallBuffer};
use crate::audit_log::formats::{FileContent, content, har};
use crate::audit_log::record::RecordedCall;

pub(crate) use crate::audit_log::files::check_regular;
pub(crate) use crate::audit_log::formats::UnreadableRecords;

/// What the reader emits.
#[derive(Debug)]
pub(crate) enum LogEvent {
    /// A call in the order of times.
    Call(Box<RecordedCall>),
    /// A call that is older than one that was already emitted.
    Late(Box<RecordedCall>),
    /// One or more records that cannot be read, at this time. They may be any calls.
    Gap(i64),
    /// A file that cannot be read, and why. The others are read.
    Skipped(PathBuf, anyhow::Error),
    /// The records of a file that cannot be read. The others are read.
    Unreadable(PathBuf, UnreadableRecords),
    /// How many bytes of all files were read.
    Progress { done: u64, total: u64 },
}

/// How much was read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LogCounts {
    /// The number of files with events.
    pub(crate) files: usize,
    /// The number of events of all services.
    pub(crate) events: usize,
    /// The number of digests and insights, which have no calls.
    pub(crate) without_calls: usize,
    /// The number of files that cannot be read.
    pub(crate) skipped: usize,
    /// The number of records that cannot be read, in files of which others can.
    pub(crate) unreadable: usize,
    /// The number of calls that were left out because the same record came before.
    pub(crate) repeated: usize,
}

/// Reads the files and folders and emits the IAM calls in the order of their times. Calls without a
/// time are `gap` microseconds apart.
///
/// # Errors
/// Fails if no file can be read. The error names the first one.
pub(crate) fn read(
    paths: &[PathBuf],
    gap: i64,
    emit: &mut dyn FnMut(LogEvent),
) -> Result<LogCounts> {
    let mut counts = LogCounts::default();
    let files = files::files(paths)?;
    let sizes: Vec<u64> = files.iter().map(|it| it.metadata().map_or(0, |it| it.len())).collect();
    let (total, mut done) = (sizes.iter().sum(), 0);
    let (is_single, mut first_error) = (files.len() == 1, None);
    let mut buffer = CallBuffer::new(gap);
    for (file, size) in files.into_iter().zip(sizes) {
        let progress = |number: usize, of: usize| {
            let part = size.saturating_mul(number as u64) / (of.max(1) as u64);
            LogEvent::Progress { done: done + part, total }
        };
        let read = match each_of_har(&file, &mut buffer, &progress, emit) {
            Some(read) => read,
            None => files::text(&file).and_then(|text| content(&file, &text)),
        };
        done += size;
        match read {
            Ok(FileContent::Calls { items, events, unreadable }) => {
                counts.files += 1;
                counts.events += events;
                if let Some(records) = unreadable {
                    counts.unreadable += records.count;
                    emit(LogEvent::Unreadable(file, records));
                }
                buffer.add_all(items, emit);
            }
            Ok(FileContent::WithoutCalls) => counts.without_calls += 1,
            Err(error) => {
                let context = || format!("cannot read {}", file.display());
                if is_single {
                    return Err(error).with_context(context);
                }
                counts.skipped += 1;
                let text = format!("{error:#}");
                first_error.get_or_insert_with(|| Err(error).with_context(context));
                emit(LogEvent::Skipped(file, anyhow::Error::msg(text)));
            }
        }
        buffer.emit_settled(emit);
        emit(LogEvent::Progress { done, total });
    }
    if let (Some(error), 0) = (first_error, counts.files + counts.without_calls) {
        error?;
    }
    counts.repeated = buffer.repeated();
    buffer.emit_all(emit);
    Ok(counts)
}

/// Makes the event that so many of all entries of a file were read.
type EntryProgress<'a> = &'a dyn Fn(usize, usize) -> LogEvent;

/// Reads a HAR file entry by entry. `None` if it is none, or must be read as a whole.
fn each_of_har(
    file: &Path,
    buffer: &mut CallBuffer,
    progress: EntryProgress<'_>,
    emit: &mut dyn FnMut(LogEvent),
) -> Option<Result<FileContent>> {
    if files::is_stdin(file) {
        return None;
    }
    let mut first = files::open(file).ok()?;
    if !har::begins_like_har(first.fill_buf().ok()?) {
        return None;
    }
    let entries = har::count_ordered(first, BUFFER)?;
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
    let mut events = 0;
    let read = har::each_call(files::open(file).ok()?, &mut |number, call| {
        if let Some(call) = call {
            events += 1;
            let source = format!("{name}, entry {number}");
            buffer.add(RecordedCall { source, ..call }, emit);
            buffer.emit_settled(emit);
        }
        if number.is_multiple_of(PROGRESS_ENTRIES) {
            emit(progress(number, entries));
        }
    });
    Some(read.map(|()| FileContent::Calls { items: Vec::new(), events, unreadable: None }))
}

/// The number of entries after which the progress is emitted.
const PROGRESS_ENTRIES: usize = 1000;
