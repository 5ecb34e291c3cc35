//! Reads and writes recorded traffic: CloudTrail logs in every form in which they leave AWS, HAR files,
//! cassettes of test libraries, and traces of this program.
//!
//! [`read`] emits the IAM calls in the order of their times. Files are roughly in that order, by
//! name, but AWS can deliver an event late. The reader therefore buffers the last 15 minutes and
//! reports older events as [`LogEvent::Late`], so that memory use does not depend on the log size.

mod cassette;
mod cloudtrail;
pub(crate) mod entity_records;
mod files;
mod formats;
mod har;
mod placebo;
mod record;
pub(crate) mod recorder;
mod request_errors;
pub(crate) mod symbols;
pub(crate) mod translate;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::audit_log::formats::{FileContent, content};
use crate::audit_log::record::RecordedCall;

pub(crate) use crate::audit_log::files::check_regular;

/// The number of milliseconds for which events are buffered.
const BUFFER: i64 = 15 * 60 * 1000;

/// What the reader emits.
#[derive(Debug)]
pub(crate) enum LogEvent {
    /// A call in the order of times.
    Call(Box<RecordedCall>),
    /// A call that is older than one that was already emitted.
    Late(Box<RecordedCall>),
    /// A file that cannot be read, and why. The others are read.
    Skipped(PathBuf, anyhow::Error),
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
}

/// Reads the files and folders and emits the IAM calls in the order of their times. Calls without a
/// time are `gap` milliseconds apart.
///
/// # Errors
/// Fails if no file can be read. The error names the first one.
pub(crate) fn read(
    paths: &[PathBuf],
    gap: i64,
    emit: &mut dyn FnMut(LogEvent),
) -> Result<LogCounts> {
    let mut counts = LogCounts::default();
    // The event number makes keys unique: events of one second can share an id or have none.
    let mut buffered: BTreeMap<(i64, usize), Box<RecordedCall>> = BTreeMap::new();
    let (mut latest, mut emitted, mut order) = (i64::MIN, i64::MIN, 0);
    let files = files::files(paths)?;
    let (is_single, mut first_error) = (files.len() == 1, None);
    for file in files {
        let read = files::text(&file).and_then(|text| content(&file, &text));
        let context = || format!("cannot read {}", file.display());
        let calls = match read {
            Ok(FileContent::Calls { calls, events }) => {
                counts.files += 1;
                counts.events += events;
                calls
            }
            Ok(FileContent::WithoutCalls) => {
                counts.without_calls += 1;
                continue;
            }
            Err(error) if is_single => return Err(error).with_context(context),
            Err(error) => {
                counts.skipped += 1;
                let text = format!("{error:#}");
                first_error.get_or_insert_with(|| Err(error).with_context(context));
                emit(LogEvent::Skipped(file, anyhow::Error::msg(text)));
                continue;
            }
        };
        for mut call in calls {
            order += 1;
            let at = *call.start.get_or_insert(i64::try_from(order).unwrap_or(i64::MAX) * gap);
            if at < emitted {
                emit(LogEvent::Late(Box::new(call)));
                continue;
            }
            latest = latest.max(at);
            buffered.insert((at, order), Box::new(call));
        }
        while let Some(first) = buffered.first_entry() {
            if first.key().0 >= latest.saturating_sub(BUFFER) {
                break;
            }
            emitted = first.key().0;
            emit(LogEvent::Call(first.remove()));
        }
    }
    if let (Some(error), 0) = (first_error, counts.files + counts.without_calls) {
        error?;
    }
    for call in buffered.into_values() {
        emit(LogEvent::Call(call));
    }
    Ok(counts)
}
