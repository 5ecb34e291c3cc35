//! A driver as a child process: one line per message, with limits on time and length.
//!
//! [`groups`] kills drivers when the program is interrupted.

use std::fmt;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::driver::groups;
use crate::driver::protocol::{DriverMessage, DriverRequest, Hello, PROTOCOL};
use crate::wire::output::visible::say;
use crate::wire::secrets::redact;

/// The longest line of a driver, in bytes.
pub(crate) const LINE_MAX: u64 = 4 << 20;

/// The time until `hello`. SDKs are slow to load.
pub const HELLO_TIMEOUT: Duration = Duration::from_mins(1);

/// The time that a driver may take to end after `stop`.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// The time until the end of stderr after the driver has ended.
const STDERR_TIMEOUT: Duration = Duration::from_millis(200);

/// The longest line of a driver's stderr, in bytes. A longer line is shown as several.
const STDERR_LINE_MAX: u64 = 16 << 10;

/// The number of bytes of a driver's stderr that are shown.
const STDERR_MAX: usize = 1 << 20;

/// The driver runs, but has sent no message in this time.
#[derive(Clone, Copy, Debug)]
pub struct Silent(pub Duration);

impl std::error::Error for Silent {}

impl fmt::Display for Silent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the driver sent no message for {:.1} s", self.0.as_secs_f64())
    }
}

/// The program of a driver cannot be run.
#[derive(Clone, Debug)]
pub struct NotStarted(String);

impl std::error::Error for NotStarted {}

impl fmt::Display for NotStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A running driver. Dropping it kills the process.
pub struct Process {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<Result<String>>,
    /// Disconnected at the end of the driver's stderr.
    stderr_closed: Receiver<()>,
}

impl Process {
    /// Starts a driver. The command is split into words like in a shell, without other shell
    /// syntax.
    ///
    /// # Errors
    /// The command has no word, or the program cannot be run.
    pub fn start(command: &str) -> Result<Self> {
        let not_started = |why: &str| NotStarted(why.to_owned());
        let words = shlex::split(command)
            .ok_or_else(|| not_started("a quote in the driver's command is not closed"))?;
        let (program, arguments) =
            words.split_first().ok_or_else(|| not_started("the driver's command is empty"))?;
        let mut command = Command::new(program);
        command.args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = groups::spawn(&mut command)
            .with_context(|| NotStarted(format!("cannot run the driver `{program}`")))?;
        let stdin = child.stdin.take().context("the driver has no stdin")?;
        let stdout = child.stdout.take().context("the driver has no stdout")?;
        let stderr = child.stderr.take().context("the driver has no stderr")?;
        let (stderr_open, stderr_closed) = mpsc::channel();
        std::thread::spawn(move || {
            copy_stderr(stderr);
            drop(stderr_open);
        });
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stdout);
            while let Some(line) = read_line(&mut reader) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, stdin, lines, stderr_closed })
    }

    /// Starts a driver and exchanges `hello`.
    ///
    /// # Errors
    /// The program cannot be run, or does not speak this version of the protocol.
    pub fn start_with_hello(command: &str) -> Result<(Self, Hello)> {
        let mut process = Self::start(command)?;
        process.send(&DriverRequest::Hello { protocol: PROTOCOL })?;
        match process.receive(HELLO_TIMEOUT)? {
            DriverMessage::Hello(hello) if hello.protocol == PROTOCOL => Ok((process, hello)),
            DriverMessage::Hello(hello) => {
                bail!("the driver speaks protocol {}; expected {PROTOCOL}", hello.protocol)
            }
            _ => bail!("the driver did not answer `hello` with `hello`"),
        }
    }

    /// Sends a message.
    ///
    /// # Errors
    /// The driver no longer reads.
    pub fn send(&mut self, message: &DriverRequest) -> Result<()> {
        self.send_line(&serde_json::to_string(message)?)
    }

    /// Sends a line of any content.
    ///
    /// # Errors
    /// The driver no longer reads.
    pub fn send_line(&mut self, line: &str) -> Result<()> {
        let waits = groups::wait_for(&self.child);
        let sent = writeln!(self.stdin, "{line}").and_then(|()| self.stdin.flush());
        drop(waits);
        sent.map_err(|_| self.exit_error())
    }

    /// The next message of the driver.
    ///
    /// # Errors
    /// There is no message in time, the driver has ended, or the line is not a message.
    pub fn receive(&mut self, timeout: Duration) -> Result<DriverMessage> {
        let waits = groups::wait_for(&self.child);
        let received = self.lines.recv_timeout(timeout);
        drop(waits);
        let line = match received {
            Ok(line) => line?,
            Err(RecvTimeoutError::Timeout) => return Err(Silent(timeout).into()),
            Err(RecvTimeoutError::Disconnected) => return Err(self.exit_error()),
        };
        serde_json::from_str(&line).with_context(|| {
            let shown: String = redact(&line).chars().take(120).collect();
            format!("the driver sent a line that is not a message: {shown:?}")
        })
    }

    /// Sends `stop` and returns the exit code; `None` if the driver did not end in time and was
    /// killed.
    #[must_use]
    pub fn stop(mut self) -> Option<i32> {
        _ = self.send(&DriverRequest::Stop);
        let _waits = groups::wait_for(&self.child);
        let start = Instant::now();
        while start.elapsed() < STOP_TIMEOUT {
            match self.child.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(5)),
                ended => return ended.ok().flatten().and_then(|it| it.code()),
            }
        }
        None
    }

    /// The error for closed pipes. The process usually ends soon after.
    fn exit_error(&mut self) -> anyhow::Error {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(1) {
            match self.child.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(5)),
                Ok(Some(status)) => return anyhow!("the driver has ended, {status}"),
                Err(_) => break,
            }
        }
        anyhow!("the driver has closed its stdin or stdout, but still runs")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        groups::end(&self.child);
        _ = self.child.kill();
        _ = self.child.wait();
        // A program that the driver started may keep stderr open.
        _ = self.stderr_closed.recv_timeout(STDERR_TIMEOUT);
    }
}

/// Copies the stderr of a driver without secrets. What exceeds the limit is read and dropped.
fn copy_stderr(stderr: ChildStderr) {
    let mut reader = BufReader::new(stderr);
    let mut copied = 0;
    loop {
        let mut line = Vec::new();
        match reader.by_ref().take(STDERR_LINE_MAX).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(length) if copied <= STDERR_MAX => {
                copied += length;
                let text = String::from_utf8_lossy(&line);
                say(text.trim_end_matches(['\r', '\n']));
                if copied > STDERR_MAX {
                    say(&format!(
                        "… (cut: the driver writes more than {STDERR_MAX} bytes to stderr)"
                    ));
                }
            }
            Ok(_) => {}
        }
    }
}

/// The next line; `None` at the end.
fn read_line(reader: &mut BufReader<ChildStdout>) -> Option<Result<String>> {
    let mut line = Vec::new();
    let read = reader.by_ref().take(LINE_MAX).read_until(b'\n', &mut line);
    match read {
        Ok(0) | Err(_) => None,
        Ok(_) if !line.ends_with(b"\n") && line.len() as u64 == LINE_MAX => {
            Some(Err(anyhow!("the driver sent a line of more than {LINE_MAX} bytes")))
        }
        Ok(_) => Some(
            String::from_utf8(line)
                .map_err(|_| anyhow!("the driver sent a line that is not UTF-8")),
        ),
    }
}
