//! Reads audit logs: CloudTrail files, with or without gzip, HAR files, and folders of them.
//!
//! [`read`] emits the IAM events in the order of their times. Files are roughly in that order, by
//! name, but AWS can deliver an event late. The reader therefore buffers the last 15 minutes and
//! reports older events as [`LogEvent::Late`], so that memory use does not depend on the log size.

pub mod cloudtrail;
mod har;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use flate2::read::MultiGzDecoder;

use crate::audit_log::cloudtrail::CloudTrailRecord;
use crate::audit_log::har::Har;

/// The number of seconds for which events are buffered.
const BUFFER_SECONDS: i64 = 15 * 60;

/// An IAM event of the logs.
#[derive(Debug)]
pub enum LogEvent {
    /// An event in the order of times.
    Event(Box<CloudTrailRecord>),
    /// An event that is older than one that was already emitted.
    Late(Box<CloudTrailRecord>),
}

/// How much was read.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogCounts {
    /// The number of files.
    pub files: usize,
    /// The number of events of all services.
    pub events: usize,
}

/// Reads the files and folders and emits the IAM events in the order of their times.
///
/// # Errors
/// Fails if a file cannot be read or is not a log. The error names the file.
pub fn read(paths: &[PathBuf], emit: &mut dyn FnMut(LogEvent)) -> Result<LogCounts> {
    let mut counts = LogCounts::default();
    // The event number makes keys unique: events of one second can share an id or have none.
    let mut buffered: BTreeMap<(i64, String, usize), Box<CloudTrailRecord>> = BTreeMap::new();
    let (mut latest, mut emitted) = (i64::MIN, i64::MIN);
    for file in files(paths)? {
        counts.files += 1;
        for record in records(&file).with_context(|| format!("cannot read {}", file.display()))? {
            counts.events += 1;
            let Some(at) = record.at().filter(|_| record.is_iam()) else { continue };
            if at < emitted {
                emit(LogEvent::Late(Box::new(record)));
                continue;
            }
            latest = latest.max(at);
            buffered.insert((at, record.event_id.clone(), counts.events), Box::new(record));
        }
        while let Some(first) = buffered.first_entry() {
            if first.key().0 >= latest.saturating_sub(BUFFER_SECONDS) {
                break;
            }
            emitted = first.key().0;
            emit(LogEvent::Event(first.remove()));
        }
    }
    for record in buffered.into_values() {
        emit(LogEvent::Event(record));
    }
    Ok(counts)
}

/// All files of the paths. The files of a folder are sorted by name.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = path.read_dir().with_context(|| format!("cannot read {}", path.display()))?;
        let mut children = Vec::new();
        for entry in entries {
            children.push(entry.with_context(|| format!("cannot read {}", path.display()))?.path());
        }
        children.sort();
        children.retain(|it| it.is_dir() || is_log(it));
        files.extend(crate::audit_log::files(&children)?);
    }
    Ok(files)
}

fn is_log(path: &Path) -> bool {
    let name = path.to_string_lossy();
    [".json", ".jsonl", ".json.gz", ".jsonl.gz", ".har"].iter().any(|end| name.ends_with(end))
}

/// The events of a file: `{"Records": [...]}`, a JSON list, concatenated events, or a HAR file.
fn records(file: &Path) -> Result<Vec<CloudTrailRecord>> {
    let mut bytes = std::fs::read(file)?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut decompressed = Vec::new();
        MultiGzDecoder::new(bytes.as_slice())
            .read_to_end(&mut decompressed)
            .context("the gzip data is truncated or corrupt")?;
        bytes = decompressed;
    }
    let expected = "expected events of CloudTrail in JSON, or a HAR file";
    let first = bytes.iter().find(|it| !it.is_ascii_whitespace());
    let records = match (first, serde_json::from_slice::<Delivery>(&bytes)) {
        (Some(b'['), _) => serde_json::from_slice(&bytes).context(expected)?,
        (_, Ok(delivery)) => delivery.records,
        _ => {
            let concatenated =
                serde_json::Deserializer::from_slice(&bytes).into_iter::<CloudTrailRecord>();
            let concatenated = concatenated.collect::<Result<Vec<_>, _>>();
            let har = || serde_json::from_slice::<Har>(&bytes).ok();
            concatenated
                .or_else(|error| har().map(|it| it.records()).ok_or(error))
                .context(expected)?
        }
    };
    if records.is_empty() && bytes.iter().all(u8::is_ascii_whitespace) {
        bail!("the file is empty; expected events of CloudTrail in JSON, or a HAR file");
    }
    Ok(records)
}

/// A log file in the form in which AWS delivers it.
#[derive(serde::Deserialize)]
struct Delivery {
    #[serde(rename = "Records")]
    records: Vec<CloudTrailRecord>,
}
