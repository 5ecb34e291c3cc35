//! Whom a command asks, and how.
//!
//! Whom a command asks: an endpoint of the user's, or the embedded one.
//!
//! An endpoint that a script starts in the foreground, and that ends with this.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use iamspec_conformance::reference::UnspecifiedPolicy;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::aws::config::Config;
use crate::aws::credentials::Identity;
use crate::aws::destination::Destination;
use crate::client::HttpClient;
use crate::client::inspect::Caller;
use crate::client::journal::{Journal, JournalHeader};
use crate::client::sender::ClientSettings;
use crate::client::trace::Trace;
use crate::driver::Driver;
use crate::server::{Options, Server};

/// Which endpoint, and how it is asked.
#[derive(Args, Debug)]
pub struct EndpointArgs {
    /// The endpoint to ask: a URL; `env` for the one that `AWS_ENDPOINT_URL_IAM`, `AWS_ENDPOINT_URL`
    /// or the profile name; `aws` for AWS; the embedded reference endpoint if left out
    #[arg(long, value_name = "URL|env|aws")]
    pub endpoint: Option<String>,
    /// The id of the account, where the endpoint is not on this machine: users are made in it and deleted
    #[arg(long, value_name = "ID", requires = "endpoint")]
    pub i_own_this_account: Option<String>,
    /// How long to wait for an answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub timeout: u64,
    /// How many requests a second are sent at most; 5 if left out and the endpoint is not on this machine
    #[arg(long, value_name = "N", value_parser = positive)]
    pub rate: Option<f64>,
    /// Where it is written down what a run makes, for `iamspec cleanup`; `iamspec` in the user's folder of
    /// state if left out
    #[arg(long, value_name = "FOLDER", requires = "endpoint")]
    pub journal: Option<PathBuf>,
    /// Write what goes over the wire, without secrets, as JSON Lines
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
}

/// Whom to ask: an endpoint, or the embedded one.
#[derive(Args, Debug)]
pub struct TargetArgs {
    /// Which endpoint.
    #[command(flatten)]
    pub whom: EndpointArgs,
    /// Make the embedded reference endpoint wrong in this way (`iamspec list mutants`)
    #[arg(long, value_name = "NAME", conflicts_with = "endpoint")]
    pub mutant: Option<String>,
    /// What the embedded reference endpoint does where nobody knows: `presume` as the facts do, which
    /// is the default, `accept`, `refuse`, or a seed of chance
    #[arg(long, value_name = "HOW", conflicts_with = "endpoint")]
    pub may: Option<UnspecifiedPolicy>,
    /// Make the calls through this program, which drives an SDK (`iamspec driver-check`)
    #[arg(long, value_name = "COMMAND")]
    pub driver: Option<String>,
}

fn positive(typed: &str) -> Result<f64, String> {
    let number = typed.parse().ok().filter(|it: &f64| it.is_finite() && *it > 0.0);
    number.ok_or_else(|| "not a number above 0".to_owned())
}

/// So many requests a second are sent to an account where others live, if nobody says how many.
const RATE: f64 = 5.0;

/// Somebody who can be asked.
pub(crate) struct OpenTarget {
    /// What the first line calls it.
    pub(crate) name: String,
    pub(crate) http: HttpClient,
    /// Ends with it.
    _server: Option<Server>,
}

impl OpenTarget {
    pub(crate) fn of(target: &TargetArgs) -> Result<Self> {
        let Some(endpoint) = &target.whom.endpoint else { return Self::embedded(target) };
        let surroundings = Config::read()?;
        let destination = Destination::of(endpoint, &surroundings)?;
        let name = destination.url.to_string().trim_end_matches('/').to_owned();
        let run = run_id();
        let (mut http, account) =
            asked_as((&target.whom, driver(target)?), &surroundings, destination, &run)?;
        if let Some(Caller { account, arn }) = &account {
            let alias = http.alias().map(|it| format!(" ({it})")).unwrap_or_default();
            eprintln!(
                "account {account}{alias}, as {arn}: users, groups, policies and devices are made and removed \
                 again, all called iamspec-{run}-…, in the path /iamspec-{run}/"
            );
        }
        let folder =
            target.whom.journal.clone().map_or_else(|| Journal::folder(&surroundings), Ok)?;
        let begun = now();
        let account = account.map(|it| it.account);
        let header = JournalHeader { run, endpoint: name.clone(), account, begun };
        http.write_down(Journal::begin(&folder, header)?);
        Ok(Self { name, http, _server: None })
    }

    fn embedded(target: &TargetArgs) -> Result<Self> {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let behaviour =
            crate::commands::behaviour(target.may.unwrap_or_default(), target.mutant.as_deref())?;
        let server = Server::start(free, Options { behaviour, ..Options::default() })?;
        let url = server.url();
        let timeout = Duration::from_secs(target.whom.timeout);
        let settings = ClientSettings::loopback(&url, &run_id(), timeout)?;
        let mut driver = driver(target)?;
        if let Some(driver) = &mut driver {
            driver.watch(server.ears());
        }
        let settings = ClientSettings {
            rate: target.whom.rate,
            trace: trace(&target.whom)?,
            transport: driver.map(Driver::boxed),
            ..settings
        };
        let mutant = target.mutant.as_ref().map(|it| format!(", mutant {it}")).unwrap_or_default();
        let name = format!("the embedded reference endpoint{mutant}");
        Ok(Self { name, http: HttpClient::with(settings)?, _server: Some(server) })
    }
}

/// Whether the endpoint is on this machine, so that nobody else lives there. Nobody is asked.
pub(crate) fn is_alone(target: &TargetArgs) -> Result<bool> {
    let Some(endpoint) = &target.whom.endpoint else { return Ok(true) };
    Ok(Destination::of(endpoint, &Config::read()?)?.loopback)
}

/// A client for an endpoint of the user's, and the account, where the endpoint is not on this machine: that
/// of the credentials, which must be the one that the user owns.
pub(crate) fn asked_as(
    (whom, driver): (&EndpointArgs, Option<Driver>),
    surroundings: &Config,
    destination: Destination,
    run: &str,
) -> Result<(HttpClient, Option<Caller>)> {
    let (url, loopback) = (destination.url.clone(), destination.loopback);
    if !loopback && whom.i_own_this_account.is_none() {
        bail!(
            "{url} is not on this machine, and users are made and deleted there; if the account is yours, \
             say so with --i-own-this-account and its id"
        );
    }
    let (mut http, source) = client((whom, driver), surroundings, destination, run)?;
    let Some(own) = whom.i_own_this_account.as_ref().filter(|_| !loopback) else {
        return Ok((http, None));
    };
    let caller = http.caller()?;
    if caller.account != *own {
        bail!(
            "the credentials, from {source}, are of account {}, and --i-own-this-account says {own}; nothing \
             was made",
            caller.account
        );
    }
    Ok((http, Some(caller)))
}

/// A client that only reads, which nobody needs to own an account for.
pub(crate) fn reading(whom: &EndpointArgs) -> Result<HttpClient> {
    let surroundings = Config::read()?;
    let endpoint = whom.endpoint.as_deref().unwrap_or_default();
    let destination = Destination::of(endpoint, &surroundings)?;
    Ok(client((whom, None), &surroundings, destination, "nobody")?.0)
}

/// The client, and where its credentials come from.
fn client(
    (whom, driver): (&EndpointArgs, Option<Driver>),
    surroundings: &Config,
    destination: Destination,
    run: &str,
) -> Result<(HttpClient, String)> {
    let loopback = destination.loopback;
    let identity = if loopback { Identity::fake() } else { Identity::find(surroundings)? };
    let source = identity.source().to_owned();
    let http = HttpClient::with(ClientSettings {
        rate: whom.rate.or((!loopback).then_some(RATE)),
        transport: driver.map(Driver::boxed),
        authorities: surroundings.variable("AWS_CA_BUNDLE").map(PathBuf::from),
        destination,
        run: run.to_owned(),
        identity,
        timeout: Duration::from_secs(whom.timeout),
        trace: trace(whom)?,
    })?;
    Ok((http, source))
}

fn driver(target: &TargetArgs) -> Result<Option<Driver>> {
    target.driver.as_deref().map(Driver::start).transpose()
}

fn trace(whom: &EndpointArgs) -> Result<Option<Trace>> {
    whom.trace.as_deref().map(Trace::to).transpose()
}

/// The time, in UTC, in whole seconds (RFC 3339).
pub(crate) fn now() -> String {
    let now = OffsetDateTime::now_utc().replace_nanosecond(0).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    now.format(&Rfc3339).unwrap_or_default()
}

/// Tells this run from others.
fn run_id() -> String {
    uuid::Uuid::new_v4().simple().to_string().chars().take(8).collect()
}

/// How long a script may take to write the URL: it may install the endpoint first.
const START_MAX: Duration = Duration::from_mins(10);

/// A longer first line is no URL.
const LINE_MAX: u64 = 4096;

/// So long an endpoint may take to end when it is asked to.
const END_MAX: Duration = Duration::from_secs(12);

/// An endpoint that runs. It ends when this goes.
pub(crate) struct StartedEndpoint {
    /// Where it answers.
    pub(crate) url: String,
    child: Child,
    /// Copies the rest of the output into the log. It ends with the last process that can write there.
    rest: Option<JoinHandle<()>>,
}

impl StartedEndpoint {
    /// Runs a script that writes the URL as its first line once the endpoint answers; what else it says goes
    /// into a file.
    pub(crate) fn by(script: &Path, log: &Path) -> Result<Self> {
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

impl Drop for StartedEndpoint {
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
    fn script(name: &str, lines: &str) -> (PathBuf, PathBuf) {
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
        let mut started = StartedEndpoint::by(&script, &folder.join("log")).unwrap();
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
            let started = StartedEndpoint::within(&script, &folder.join("log"), within);
            let error = started.err().unwrap().to_string();
            assert!(error.contains(reason), "{error}");
            std::fs::remove_dir_all(folder).unwrap();
        }
    }
}
