//! A driver as a process: a line in, a line out, each in time and of a size that can be borne.

use std::fmt;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};

use crate::driver::protocol::{DriverMessage, DriverRequest};

/// A longer line is no message.
pub(crate) const LINE_MAX: u64 = 4 << 20;

/// So long a driver may take to end when it is told to.
const STOP_MAX: Duration = Duration::from_secs(5);

/// The driver runs, and has sent no message in this time.
#[derive(Clone, Copy, Debug)]
pub struct Silent(pub Duration);

impl std::error::Error for Silent {}

impl fmt::Display for Silent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the driver said nothing for {:.1} s", self.0.as_secs_f64())
    }
}

/// A driver that runs. It ends when this goes.
pub struct Process {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<Result<String>>,
}

impl Process {
    /// Starts a driver: words as a shell splits them, without the rest of a shell.
    ///
    /// # Errors
    /// No word; a program that cannot be run.
    pub fn start(command: &str) -> Result<Self> {
        let words =
            shlex::split(command).context("a quote in the driver's command is not closed")?;
        let (program, arguments) = words.split_first().context("the driver's command is empty")?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run the driver `{program}`"))?;
        let stdin = child.stdin.take().context("the driver has no stdin")?;
        let stdout = child.stdout.take().context("the driver has no stdout")?;
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stdout);
            while let Some(line) = next(&mut reader) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, stdin, lines })
    }

    /// Tells the driver something.
    ///
    /// # Errors
    /// It hears nothing any more.
    pub fn tell(&mut self, message: &DriverRequest) -> Result<()> {
        self.tell_line(&serde_json::to_string(message)?)
    }

    /// Tells the driver a line, whatever it is.
    ///
    /// # Errors
    /// It hears nothing any more.
    pub fn tell_line(&mut self, line: &str) -> Result<()> {
        let told = writeln!(self.stdin, "{line}").and_then(|()| self.stdin.flush());
        told.map_err(|_| self.gone())
    }

    /// What the driver says next.
    ///
    /// # Errors
    /// Nothing in time; its end; a line that is no message.
    pub fn hear(&mut self, within: Duration) -> Result<DriverMessage> {
        let line = match self.lines.recv_timeout(within) {
            Ok(line) => line?,
            Err(RecvTimeoutError::Timeout) => return Err(Silent(within).into()),
            Err(RecvTimeoutError::Disconnected) => return Err(self.gone()),
        };
        serde_json::from_str(&line).with_context(|| {
            let shown: String = line.chars().take(120).collect();
            format!("the driver said what is no message: {shown:?}")
        })
    }

    /// Tells it to stop, and what it ended with; nothing where it did not end in time and was killed.
    #[must_use]
    pub fn stop(mut self) -> Option<i32> {
        _ = self.tell(&DriverRequest::Stop);
        let begun = Instant::now();
        while begun.elapsed() < STOP_MAX {
            match self.child.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(5)),
                ended => return ended.ok().flatten().and_then(|it| it.code()),
            }
        }
        None
    }

    fn gone(&mut self) -> anyhow::Error {
        // Whoever has closed its pipes is about to end.
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(1) {
            match self.child.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(5)),
                Ok(Some(status)) => return anyhow!("the driver has ended, {status}"),
                Err(_) => break,
            }
        }
        anyhow!("the driver has closed its stdin or stdout, and runs on")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// The next line; nothing at the end.
fn next(reader: &mut BufReader<ChildStdout>) -> Option<Result<String>> {
    let mut line = Vec::new();
    let read = reader.by_ref().take(LINE_MAX).read_until(b'\n', &mut line);
    match read {
        Ok(0) | Err(_) => None,
        Ok(_) if !line.ends_with(b"\n") && line.len() as u64 == LINE_MAX => {
            Some(Err(anyhow!("the driver said a line of more than {LINE_MAX} bytes")))
        }
        Ok(_) => {
            Some(String::from_utf8(line).map_err(|_| anyhow!("the driver said what is not UTF-8")))
        }
    }
}
