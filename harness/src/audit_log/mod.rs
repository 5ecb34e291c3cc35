//! Reads audit logs: CloudTrail files, with or without gzip, HAR files, and folders of them.
//!
//! [`read`] emits the IAM events in the order of their times. Files are roughly in that order, by
//! name, but AWS can deliver an event late. The reader therefore buffers the last 15 minutes and
//! reports older events as [`LogEvent::Late`], so that memory use does not depend on the log size.

pub mod cloudtrail;
mod har;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use flate2::read::MultiGzDecoder;

use crate::audit_log::cloudtrail::CloudTrailRecord;
use crate::audit_log::har::Har;

/// The number of seconds for which events are buffered.
const BUFFER_SECONDS: i64 = 15 * 60;

/// The largest file, in bytes, also after it is decompressed.
const FILE_MAX: u64 = 1 << 30;

/// Gzip data is decompressed to at most this many times its size, or to [`UNCHECKED_MAX`] bytes.
/// Logs are compressed by a factor of about 20.
const RATIO_MAX: u64 = 200;
const UNCHECKED_MAX: u64 = 16 << 20;

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
    files_within(paths, &mut BTreeSet::new())
}

/// The files of the paths, without folders that were already seen: links can form a loop, and lead
/// to one folder in many ways.
fn files_within(paths: &[PathBuf], seen: &mut BTreeSet<PathBuf>) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let folder =
            path.canonicalize().with_context(|| format!("cannot read {}", path.display()))?;
        if !seen.insert(folder) {
            continue;
        }
        let entries = path.read_dir().with_context(|| format!("cannot read {}", path.display()))?;
        let mut children = Vec::new();
        for entry in entries {
            children.push(entry.with_context(|| format!("cannot read {}", path.display()))?.path());
        }
        children.sort();
        children.retain(|it| it.is_dir() || is_log(it));
        files.extend(files_within(&children, seen)?);
    }
    Ok(files)
}

fn is_log(path: &Path) -> bool {
    let name = path.to_string_lossy();
    [".json", ".jsonl", ".json.gz", ".jsonl.gz", ".har"].iter().any(|end| name.ends_with(end))
}

/// Checks that a path is a file or a folder. Opening a pipe or a device could block.
///
/// # Errors
/// The path does not exist, or is something else.
pub(crate) fn check_regular(path: &Path) -> Result<()> {
    let kind = std::fs::metadata(path)?.file_type();
    ensure!(
        kind.is_file() || kind.is_dir(),
        "expected a file or a folder, found a pipe, a socket or a device; copy it into a file first"
    );
    Ok(())
}

/// The content of gzip data.
fn decompressed(bytes: &[u8]) -> Result<Vec<u8>> {
    let ratio_max = (bytes.len() as u64).saturating_mul(RATIO_MAX).max(UNCHECKED_MAX);
    let most = ratio_max.min(FILE_MAX);
    let mut content = Vec::new();
    MultiGzDecoder::new(bytes)
        .take(most + 1)
        .read_to_end(&mut content)
        .context("the gzip data is truncated or corrupt")?;
    ensure!(
        content.len() as u64 <= most,
        "the gzip data has more than {most} bytes when it is decompressed, which no log of this \
         size has; decompress and check it yourself"
    );
    Ok(content)
}

/// The events of a file: `{"Records": [...]}`, a JSON list, concatenated events, or a HAR file.
fn records(file: &Path) -> Result<Vec<CloudTrailRecord>> {
    let mut bytes = Vec::new();
    check_regular(file)?;
    File::open(file)?.take(FILE_MAX + 1).read_to_end(&mut bytes)?;
    ensure!(bytes.len() as u64 <= FILE_MAX, "the file has more than {FILE_MAX} bytes; split it");
    if bytes.starts_with(&[0x1f, 0x8b]) {
        bytes = decompressed(&bytes)?;
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
