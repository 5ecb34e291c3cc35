//! A writer that removes secrets from each line: for stdout, stderr, and the stderr of drivers.
//!
//! Texts of an endpoint have no secrets when they arrive here. This is the second barrier.

use std::io;
use std::io::Write;

use crate::wire::secrets::redact;

/// Removes secrets from what is written, line by line.
pub struct RedactingWriter<W: Write> {
    inner: W,
    line: Vec<u8>,
}

impl<W: Write> RedactingWriter<W> {
    /// A writer in front of another one.
    pub const fn new(inner: W) -> Self {
        Self { inner, line: Vec::new() }
    }

    fn write_line(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        // What is not UTF-8 is written without a change.
        match std::str::from_utf8(&line) {
            Ok(text) => self.inner.write_all(redact(text).as_bytes()),
            Err(_) => self.inner.write_all(&line),
        }
    }
}

impl<W: Write> Write for RedactingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for part in bytes.split_inclusive(|it| *it == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.write_line()?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.line.is_empty() {
            self.write_line()?;
        }
        self.inner.flush()
    }
}

impl<W: Write> Drop for RedactingWriter<W> {
    fn drop(&mut self) {
        _ = self.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::secrets::remember;

    #[test]
    fn each_line_is_written_without_secrets() {
        remember("writerAAAABBBB");
        let mut written = Vec::new();
        {
            let mut writer = RedactingWriter::new(&mut written);
            for part in ["a writer", "AAAABBBB b\nc ", "writerAAAA", "BBBB", " d"] {
                writer.write_all(part.as_bytes()).unwrap();
            }
            writer.write_all(b"\n\xff\n").unwrap();
        }
        assert_eq!(written, b"a (secret) b\nc (secret) d\n\xff\n");
    }
}
