//! Files that may contain texts of an endpoint. Only their owner can read them.

use std::fs::{File, OpenOptions};
use std::io;
use std::io::Write as _;
use std::path::{Path, PathBuf};

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

/// Replaces the content of a file as a whole: after an error, it has its old content.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    let Some(mut replacement) = Replacement::begin(path)? else {
        return create(path)?.write_all(text.as_bytes());
    };
    replacement.append(text)?;
    replacement.finish()
}

/// Checks that [`write`] can replace or create the file. Changes nothing.
///
/// # Errors
/// The folder does not exist, or the file or its folder cannot be written.
pub(crate) fn check(path: &Path) -> io::Result<()> {
    Replacement::begin(path).map(drop)
}

/// A new file beside the one that it replaces. It is removed unless it takes its place.
pub(crate) struct Replacement {
    target: PathBuf,
    temporary: PathBuf,
    file: File,
}

impl Replacement {
    /// Creates the new file. `None` if the path is a pipe or a device, or a file in a folder that
    /// cannot be written: these are written in place.
    ///
    /// # Errors
    /// The folder does not exist, or the file or its folder cannot be written.
    pub(crate) fn begin(path: &Path) -> io::Result<Option<Self>> {
        // A link stays, and the file that it names is replaced.
        let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let exists = match target.metadata() {
            Ok(it) if it.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            // Opening a pipe could block.
            Ok(it) if !it.is_file() => return Ok(None),
            // A read-only file is not replaced, although its folder may permit it.
            Ok(_) => OpenOptions::new().append(true).open(&target).map(|_| true)?,
            Err(_) => false,
        };
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let temporary = target.with_file_name(format!(".{name}.{}.new", std::process::id()));
        // What another process has left or prepared there is not followed.
        _ = std::fs::remove_file(&temporary);
        match options().create_new(true).write(true).open(&temporary) {
            Ok(file) => Ok(Some(Self { target, temporary, file })),
            Err(error) if exists && error.kind() == io::ErrorKind::PermissionDenied => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Adds a part of the content.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn append(&mut self, text: &str) -> io::Result<()> {
        self.file.write_all(text.as_bytes())
    }

    /// Puts the new file in the place of the old one.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn finish(self) -> io::Result<()> {
        restrict(&self.file)?;
        std::fs::rename(&self.temporary, &self.target)
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        // It does not exist any more if it has taken its place.
        _ = std::fs::remove_file(&self.temporary);
    }
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
