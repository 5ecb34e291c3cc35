//! A driver as a child process: one line per message, with limits on time and length.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
#[cfg(unix)]
use nix::sys::signal::{Signal, killpg};
#[cfg(unix)]
use nix::unistd::Pid;

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
        let words =
            shlex::split(command).context("a quote in the driver's command is not closed")?;
        let (program, arguments) = words.split_first().context("the driver's command is empty")?;
        let mut command = Command::new(program);
        in_own_group(&mut command);
        let mut child = command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot run the driver `{program}`"))?;
        groups().insert(child.id());
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
        let sent = writeln!(self.stdin, "{line}").and_then(|()| self.stdin.flush());
        sent.map_err(|_| self.exit_error())
    }

    /// The next message of the driver.
    ///
    /// # Errors
    /// There is no message in time, the driver has ended, or the line is not a message.
    pub fn receive(&mut self, timeout: Duration) -> Result<DriverMessage> {
        let line = match self.lines.recv_timeout(timeout) {
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
        kill_group(self.child.id());
        groups().remove(&self.child.id());
        _ = self.child.kill();
        _ = self.child.wait();
        // A program that the driver started may keep stderr open.
        _ = self.stderr_closed.recv_timeout(STDERR_TIMEOUT);
    }
}

/// The process groups of the running drivers.
static GROUPS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

fn groups() -> MutexGuard<'static, BTreeSet<u32>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills every driver and the programs that it started. For an exit that drops nothing.
pub(crate) fn kill_all() {
    groups().iter().copied().for_each(kill_group);
}

/// Starts the driver in a process group of its own: its programs can be killed with it, and the
/// terminal's Ctrl-C does not end it before the cleanup.
#[cfg(unix)]
fn in_own_group(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(unix)]
fn kill_group(group: u32) {
    let group = i32::try_from(group).unwrap_or_default();
    // 0 and 1 would mean other processes.
    if group > 1 {
        _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
    }
}

#[cfg(not(unix))]
fn in_own_group(_: &mut Command) {}

#[cfg(not(unix))]
fn kill_group(_: u32) {}

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
