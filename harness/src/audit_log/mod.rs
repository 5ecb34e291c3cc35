//! `CloudTrail`'s logs: files as AWS delivers them, one event or many, packed or not, and folders of them; and HTTP
//! traffic that was recorded.
//!
//! Events are handed out by their time. Files come roughly in that order, by name, and an event may be
//! delivered late: those of the last quarter of an hour are kept back until a later one has come, so that memory
//! does not grow with the logs.

pub mod cloudtrail;
mod har;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use flate2::read::MultiGzDecoder;

use crate::audit_log::cloudtrail::CloudTrailRecord;
use crate::audit_log::har::Har;

/// So many seconds events are kept back.
const WINDOW: i64 = 15 * 60;

/// What comes out of the logs.
#[derive(Debug)]
pub enum LogEvent {
    /// An event of IAM, in its turn.
    Event(Box<CloudTrailRecord>),
    /// One that comes when later ones are already told.
    Late(Box<CloudTrailRecord>),
}

/// What was read.
#[derive(Clone, Copy, Debug, Default)]
pub struct LogCounts {
    /// Files.
    pub files: usize,
    /// Events of all services.
    pub events: usize,
}

/// Reads the files and folders, and tells the events of IAM in the order of their times.
///
/// # Errors
/// A file that cannot be read or holds no events, and which.
pub fn read(paths: &[PathBuf], tell: &mut dyn FnMut(LogEvent)) -> Result<LogCounts> {
    let mut counts = LogCounts::default();
    // The number of the event tells apart those of one second that have the same id, or none.
    let mut kept: BTreeMap<(i64, String, usize), Box<CloudTrailRecord>> = BTreeMap::new();
    let (mut latest, mut told) = (i64::MIN, i64::MIN);
    for file in files(paths)? {
        counts.files += 1;
        for record in records(&file).with_context(|| format!("cannot read {}", file.display()))? {
            counts.events += 1;
            let Some(at) = record.at().filter(|_| record.is_of_iam()) else { continue };
            if at < told {
                tell(LogEvent::Late(Box::new(record)));
                continue;
            }
            latest = latest.max(at);
            kept.insert((at, record.event_id.clone(), counts.events), Box::new(record));
        }
        while let Some(first) = kept.first_entry() {
            if first.key().0 >= latest.saturating_sub(WINDOW) {
                break;
            }
            told = first.key().0;
            tell(LogEvent::Event(first.remove()));
        }
    }
    for it in kept.into_values() {
        tell(LogEvent::Event(it));
    }
    Ok(counts)
}

/// The files, and those in the folders, each folder in the order of its names.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = path.read_dir().with_context(|| format!("cannot read {}", path.display()))?;
        let mut inner = Vec::new();
        for entry in entries {
            inner.push(entry.with_context(|| format!("cannot read {}", path.display()))?.path());
        }
        inner.sort();
        inner.retain(|it| it.is_dir() || is_log(it));
        files.extend(crate::audit_log::files(&inner)?);
    }
    Ok(files)
}

fn is_log(path: &Path) -> bool {
    let name = path.to_string_lossy();
    [".json", ".jsonl", ".json.gz", ".jsonl.gz", ".har"].iter().any(|end| name.ends_with(end))
}

/// The events of a file: `{"Records": [...]}`, a list, one or many events one after the other, or a HAR.
fn records(file: &Path) -> Result<Vec<CloudTrailRecord>> {
    let mut bytes = std::fs::read(file)?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut unpacked = Vec::new();
        MultiGzDecoder::new(bytes.as_slice())
            .read_to_end(&mut unpacked)
            .context("it is no whole gzip")?;
        bytes = unpacked;
    }
    let wrong = "expected events of CloudTrail in JSON, or a HAR";
    let first = bytes.iter().find(|it| !it.is_ascii_whitespace());
    let records = match (first, serde_json::from_slice::<Many>(&bytes)) {
        (Some(b'['), _) => serde_json::from_slice(&bytes).context(wrong)?,
        (_, Ok(many)) => many.records,
        _ => {
            let one_by_one =
                serde_json::Deserializer::from_slice(&bytes).into_iter::<CloudTrailRecord>();
            let one_by_one = one_by_one.collect::<Result<Vec<_>, _>>();
            let har = || serde_json::from_slice::<Har>(&bytes).ok();
            one_by_one.or_else(|error| har().map(|it| it.records()).ok_or(error)).context(wrong)?
        }
    };
    if records.is_empty() && bytes.iter().all(u8::is_ascii_whitespace) {
        bail!("it is empty; expected events of CloudTrail");
    }
    Ok(records)
}

/// A file as AWS delivers it.
#[derive(serde::Deserialize)]
struct Many {
    #[serde(rename = "Records")]
    records: Vec<CloudTrailRecord>,
}
