//! The files of an audit: folders are searched, links are followed once, and gzip is decompressed.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use flate2::read::MultiGzDecoder;

use crate::audit_log::times::microseconds;

/// The largest file, in bytes, also after it is decompressed.
pub(super) const FILE_MAX: u64 = 1 << 30;

/// Gzip data is decompressed to at most this many times its size, or to [`UNCHECKED_MAX`] bytes.
/// Logs are compressed by a factor of about 20.
const RATIO_MAX: u64 = 200;
const UNCHECKED_MAX: u64 = 16 << 20;

/// The path that means stdin.
const STDIN: &str = "-";

/// Whether a path means stdin, which can be read once only.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path == Path::new(STDIN)
}

/// All files of the paths: in the order of their first times, if each begins with one. Otherwise, the files
/// of a folder are sorted by name.
pub(crate) fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let files = files_within(paths, &mut BTreeSet::new())?;
    if files.len() < 2 {
        return Ok(files);
    }
    let times: Option<Vec<i64>> = files.iter().map(|it| first_time(it)).collect();
    let Some(times) = times else { return Ok(files) };
    let mut in_order: Vec<(i64, PathBuf)> = times.into_iter().zip(files).collect();
    in_order.sort_by_key(|it| it.0);
    Ok(in_order.into_iter().map(|it| it.1).collect())
}

/// The first bytes of a file, in which its first time is.
const HEAD: u64 = 1 << 16;

/// The first time of a log in JSON.
fn first_time(file: &Path) -> Option<i64> {
    if is_stdin(file) {
        return None;
    }
    let mut head = Vec::new();
    // Corrupt data is reported when the file is read.
    _ = open(file).ok()?.take(HEAD).read_to_end(&mut head);
    let head = String::from_utf8_lossy(&head);
    let times = ["\"eventTime\"", "\"startedDateTime\""].iter().filter_map(|member| {
        let (_, value) = head.split_once(member)?;
        let (_, value) = value.split_once('"')?;
        microseconds(value.split('"').next()?)
    });
    times.min()
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
    // An export of CloudWatch Logs has files such as `000000.gz`.
    let stem = path.file_stem().unwrap_or_default().as_encoded_bytes();
    let is_export = name.ends_with(".gz") && stem.iter().all(u8::is_ascii_digit);
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    is_export || [".json", ".jsonl", ".har", ".yaml", ".yml"].iter().any(|end| name.ends_with(end))
}

/// Checks that a path is a file, a folder or `-`. Opening a pipe or a device could block.
///
/// # Errors
/// The path does not exist, or is something else.
pub(crate) fn check_regular(path: &Path) -> Result<()> {
    if is_stdin(path) {
        return Ok(());
    }
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

/// Opens a file to be read from its start to its end: decompressed, without a byte order mark.
pub(crate) fn open(file: &Path) -> Result<BufReader<Box<dyn Read>>> {
    check_regular(file)?;
    let mut opened = BufReader::new(File::open(file)?);
    let most = opened.get_ref().metadata()?.len().saturating_mul(RATIO_MAX).max(UNCHECKED_MAX);
    let is_gzip = opened.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    let content: Box<dyn Read> = if is_gzip {
        Box::new(MultiGzDecoder::new(opened).take(most.min(FILE_MAX)))
    } else {
        Box::new(opened.take(FILE_MAX))
    };
    let mut content = BufReader::new(content);
    if content.fill_buf()?.starts_with("\u{feff}".as_bytes()) {
        content.consume("\u{feff}".len());
    }
    Ok(content)
}

/// The content of a file, or of stdin, as text, without a byte order mark.
pub(crate) fn text(file: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    if is_stdin(file) {
        std::io::stdin().take(FILE_MAX + 1).read_to_end(&mut bytes)?;
    } else {
        check_regular(file)?;
        File::open(file)?.take(FILE_MAX + 1).read_to_end(&mut bytes)?;
    }
    ensure!(bytes.len() as u64 <= FILE_MAX, "the file has more than {FILE_MAX} bytes; split it");
    if bytes.starts_with(&[0x1f, 0x8b]) {
        bytes = decompressed(&bytes)?;
    }
    decoded(bytes)
}

/// Decodes UTF-8, and UTF-16 with a byte order mark, which PowerShell writes.
fn decoded(bytes: Vec<u8>) -> Result<String> {
    let units = |big: bool| {
        let (pairs, _) = bytes.get(2..).unwrap_or_default().as_chunks::<2>();
        let unit = |pair: &[u8; 2]| {
            if big { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) }
        };
        pairs.iter().map(unit).collect::<Vec<u16>>()
    };
    match bytes.as_slice() {
        [0xff, 0xfe, ..] => String::from_utf16(&units(false)).context("the text is not UTF-16"),
        [0xfe, 0xff, ..] => String::from_utf16(&units(true)).context("the text is not UTF-16"),
        _ => {
            let text = String::from_utf8(bytes).context("the text is not UTF-8")?;
            Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
        }
    }
}
