//! Files that may contain texts of an endpoint. Only their owner can read them.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Creates a file, or replaces its content.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    let file = options().create(true).write(true).truncate(true).open(path)?;
    restrict(&file)?;
    Ok(file)
}

/// Creates a file that must not exist.
///
/// # Errors
/// The file exists, or cannot be written.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    options().create_new(true).append(true).open(path)
}

/// Replaces the content of a file.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    io::Write::write_all(&mut create(path)?, text.as_bytes())
}

#[cfg(unix)]
fn options() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// A file that existed keeps its mode when it is opened. Pipes and devices keep theirs.
#[cfg(unix)]
fn restrict(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = file.metadata()?;
    if metadata.is_file() && metadata.permissions().mode() & 0o077 != 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn options() -> OpenOptions {
    OpenOptions::new()
}

#[cfg(not(unix))]
fn restrict(_: &File) -> io::Result<()> {
    Ok(())
}
