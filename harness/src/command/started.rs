//! An endpoint that a script starts in the foreground, and that ends with this.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// How long a script may take to write the URL: it may install the endpoint first.
const START_MAX: Duration = Duration::from_mins(10);

/// A longer first line is no URL.
const LINE_MAX: u64 = 4096;

/// So long an endpoint may take to end when it is asked to.
const END_MAX: Duration = Duration::from_secs(12);

/// An endpoint that runs. It ends when this goes.
pub(super) struct Started {
    /// Where it answers.
    pub(super) url: String,
    child: Child,
    /// Copies the rest of the output into the log. It ends with the last process that can write there.
    rest: Option<JoinHandle<()>>,
}

impl Started {
    /// Runs a script that writes the URL as its first line once the endpoint answers; what else it says goes
    /// into a file.
    pub(super) fn by(script: &Path, log: &Path) -> Result<Self> {
        Self::within(script, log, START_MAX)
    }

    fn within(script: &Path, log: &Path, limit: Duration) -> Result<Self> {
        let script = script.canonicalize().with_context(|| {
            format!("cannot find what starts the endpoint, {}", script.display())
        })?;
        let cannot = || format!("cannot write {}", log.display());
        // Both streams are written at the end of the file, so that neither overwrites the other.
        let said = File::create(log)
            .and_then(|_| File::options().append(true).open(log))
            .with_context(cannot)?;
        let rest = said.try_clone().with_context(cannot)?;
        let mut child = Command::new(&script)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(said)
            .spawn()
            .with_context(|| format!("cannot run {}", script.display()))?;
        let stdout = child.stdout.take();
        // From here on the script ends with this, also if it says nothing.
        let mut started = Self { url: String::new(), child, rest: None };
        let (sender, first) = mpsc::channel();
        started.rest = stdout.map(|it| std::thread::spawn(move || read(it, rest, &sender)));
        let (script, log) = (script.display(), log.display());
        match first.recv_timeout(limit) {
            Ok(line) if line.len() as u64 == LINE_MAX => {
                bail!("{script} wrote a first line of more than {LINE_MAX} bytes; expected a URL")
            }
            Ok(line) => String::from_utf8_lossy(&line).trim().clone_into(&mut started.url),
            Err(RecvTimeoutError::Timeout) => bail!(
                "{script} has not written a URL after {:.1} s; what it said is in {log}",
                limit.as_secs_f64()
            ),
            Err(RecvTimeoutError::Disconnected) => {}
        }
        if started.url.is_empty() {
            bail!(
                "{script} ended before it wrote where the endpoint answers; what it said is in {log}"
            );
        }
        Ok(started)
    }
}

/// Sends the first line, and copies the rest until the end: an endpoint must not stop or end because nobody
/// reads what it writes.
fn read(stdout: ChildStdout, mut rest: File, sender: &mpsc::Sender<Vec<u8>>) {
    let mut stdout = BufReader::new(stdout);
    let mut line = Vec::new();
    let read = stdout.by_ref().take(LINE_MAX).read_until(b'\n', &mut line);
    let fits = (line.len() as u64) < LINE_MAX;
    // A script that has failed by now may end at its next write.
    if read.is_err() || sender.send(line).is_err() || !fits {
        return;
    }
    // If the log cannot be written, the output is still read.
    if std::io::copy(&mut stdout, &mut rest).is_err() {
        _ = std::io::copy(&mut stdout, &mut std::io::sink());
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // The script ends its endpoint when it is asked to end; killed, it could not.
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        let begun = Instant::now();
        while asked.is_ok() && begun.elapsed() < END_MAX {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A folder of its own, with a shell script in it.
    fn script(name: &str, lines: &str) -> (std::path::PathBuf, std::path::PathBuf) {
        let folder = std::env::temp_dir().join(format!("iamspec-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let script = folder.join("start.sh");
        std::fs::write(&script, format!("#!/bin/sh\n{lines}\n")).unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        (script, folder)
    }

    /// More than a pipe holds, so that a script whose output is not read would stop or be killed.
    #[test]
    fn an_endpoint_may_write_to_stdout_for_as_long_as_it_runs() {
        let line = "x".repeat(1000);
        let lines = format!(
            "echo http://127.0.0.1:1\ni=0\nwhile [ $i -lt 200 ]; do echo $i {line}; i=$((i+1)); done\n\
             echo failed >&2\nexit 7"
        );
        let (script, folder) = script("writes", &lines);
        let mut started = Started::by(&script, &folder.join("log")).unwrap();
        assert_eq!(started.url, "http://127.0.0.1:1");
        assert_eq!(started.child.wait().unwrap().code(), Some(7));
        started.rest.take().unwrap().join().unwrap();
        let log = std::fs::read_to_string(folder.join("log")).unwrap();
        assert_eq!(log.matches(&line).count(), 200);
        assert!(log.contains("failed"));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_script_that_does_not_say_where_the_endpoint_is_fails_with_its_reason() {
        let within = Duration::from_mins(1);
        for (lines, within, reason) in [
            ("exec sleep 600", Duration::from_millis(100), "has not written a URL after 0.1 s"),
            ("echo why >&2; exit 1", within, "ended before it wrote where the endpoint answers"),
            ("exec yes x | tr -d '\\n'", within, "wrote a first line of more than"),
        ] {
            let (script, folder) = script("silent", lines);
            let started = Started::within(&script, &folder.join("log"), within);
            let error = started.err().unwrap().to_string();
            assert!(error.contains(reason), "{error}");
            std::fs::remove_dir_all(folder).unwrap();
        }
    }
}
