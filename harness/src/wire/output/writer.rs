//! The writer in front of stdout and of the log on stderr: removes secrets line by line, and shows
//! control characters as escapes.
//!
//! Texts of an endpoint have no secrets when they arrive here. This is the second barrier.

use std::io;
use std::io::Write;

use crate::wire::output::visible::visible_styled;
use crate::wire::secrets::redact;

/// Writes each line without secrets.
pub struct OutputWriter<W: Write> {
    inner: W,
    line: Vec<u8>,
    for_people: bool,
}

impl<W: Write> OutputWriter<W> {
    /// A writer of text for people: control characters become escapes, except for the program's own
    /// terminal sequences.
    pub const fn for_people(inner: W) -> Self {
        Self { inner, line: Vec::new(), for_people: true }
    }

    /// A writer of data: control characters stay, and what is not UTF-8 is written without a change.
    pub const fn for_data(inner: W) -> Self {
        Self { inner, line: Vec::new(), for_people: false }
    }

    fn write_line(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        match std::str::from_utf8(&line).map(redact) {
            Ok(text) if !self.for_people => self.inner.write_all(text.as_bytes()),
            Ok(text) => self.inner.write_all(visible_styled(&text).as_bytes()),
            Err(_) if !self.for_people => self.inner.write_all(&line),
            Err(_) => {
                let text = redact(&String::from_utf8_lossy(&line));
                self.inner.write_all(visible_styled(&text).as_bytes())
            }
        }
    }
}

impl<W: Write> Write for OutputWriter<W> {
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

impl<W: Write> Drop for OutputWriter<W> {
    fn drop(&mut self) {
        _ = self.flush();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::OutputWriter;
    use crate::wire::output::visible::styled;
    use crate::wire::secrets::remember;

    #[test]
    fn each_line_is_written_without_secrets() {
        remember("writerAAAABBBB");
        for is_data in [true, false] {
            let mut written = Vec::new();
            {
                let out = &mut written;
                let mut writer = if is_data {
                    OutputWriter::for_data(out)
                } else {
                    OutputWriter::for_people(out)
                };
                for part in ["a writer", "AAAABBBB b\nc ", "writerAAAA", "BBBB", " d"] {
                    writer.write_all(part.as_bytes()).unwrap();
                }
            }
            assert_eq!(written, b"a (secret) b\nc (secret) d");
        }
        let mut written = Vec::new();
        OutputWriter::for_data(&mut written).write_all(b"\xff\x1b[1m\n").unwrap();
        assert_eq!(written, b"\xff\x1b[1m\n");
    }

    #[test]
    fn only_the_sequences_of_the_program_reach_the_terminal() {
        let mut written = Vec::new();
        {
            let mut writer = OutputWriter::for_people(&mut written);
            let (bold, end) = (styled("\u{1b}[1m\u{1b}[31m"), styled("\u{1b}[0m"));
            write!(writer, "{bold}a\u{1b}[31mb\u{9b}c{end}\td\r\n\u{202e}").unwrap();
            writer.write_all(b"\xff\x1b]8;;x\x07 \x1b[1;7m").unwrap();
        }
        let text = String::from_utf8(written).unwrap();
        let expected = "\u{1b}[1m\u{1b}[31ma\\u{1b}[31mb\\u{9b}c\u{1b}[0m\td\\r\n\\u{202e}\u{fffd}\\u{1b}]8;;x\\u{7} \\u{1b}[1;7m";
        assert_eq!(text, expected);
    }
}
