//! An endpoint that a script starts in the foreground, and that ends with this.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// So long an endpoint may take to end when it is asked to.
const END_MAX: Duration = Duration::from_secs(12);

/// An endpoint that runs. It ends when this goes.
pub(super) struct Started {
    /// Where it answers.
    pub(super) url: String,
    child: Child,
}

impl Started {
    /// Runs a script that writes the URL as its first line once the endpoint answers; what else it says goes
    /// into a file.
    pub(super) fn by(script: &Path, log: &Path) -> Result<Self> {
        let script = script.canonicalize().with_context(|| {
            format!("cannot find what starts the endpoint, {}", script.display())
        })?;
        let said = std::fs::File::create(log)
            .with_context(|| format!("cannot write {}", log.display()))?;
        let mut child = Command::new(&script)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(said)
            .spawn()
            .with_context(|| format!("cannot run {}", script.display()))?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let started = Self { url: line.trim().to_owned(), child };
        if started.url.is_empty() {
            bail!(
                "{} ended before it wrote where the endpoint answers; what it said is in {}",
                script.display(),
                log.display()
            );
        }
        Ok(started)
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
