//! The endpoint that a command uses: one of the user's, the embedded reference endpoint, or one that
//! a start script runs.
//!
//! [`OpenTarget`] is an open client. [`TargetFile`] describes a target for reports and for `matrix`.
//! [`StartedEndpoint`] is an endpoint that a start script runs in the foreground.
//!
//! The `kill` program signals the start script. A process group of its own would not receive the
//! terminal's Ctrl-C, and signals from this process need a dependency or unsafe code.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use iamspec_conformance::Mutant;
use iamspec_conformance::reference::{ReferenceOptions, UnspecifiedPolicy};
use iamspec_conformance::script::pattern::suggestion;
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::aws::config::Config;
use crate::aws::destination::Destination;
use crate::aws::emulator::Instance;
use crate::client::HttpClient;
use crate::client::account::Caller;
use crate::client::account::readiness::Unusable;
use crate::client::journal::{Journal, JournalHeader};
use crate::client::sender::ClientSettings;
use crate::client::session::run_id;
use crate::client::trace::Trace;
use crate::commands::connection::ConnectionArgs;
use crate::commands::options::{duration, seconds, shell_line};
use crate::driver::Driver;
use crate::driver::groups::{end_silent_ones, kill_all_and_exit};
use crate::driver::interrupt;
use crate::exit_code;
use crate::server::{Options, Server};
use crate::wire::output::private_file;
use crate::wire::output::visible::{say, visible};

/// The endpoint, and how the client sends requests to it.
#[derive(Args, Debug)]
#[command(next_help_heading = "Target")]
pub struct EndpointArgs {
    /// Endpoint to test
    ///
    /// A URL; `env` for the endpoint that `AWS_ENDPOINT_URL_IAM`, `AWS_ENDPOINT_URL` or the AWS
    /// profile names; `aws` for AWS itself; or `emulator[:PORT]` for a running AWS Emulator. Default:
    /// the embedded reference endpoint.
    #[arg(long, value_name = "URL|env|aws|emulator")]
    pub endpoint: Option<String>,
    /// Wait until the endpoint responds, for this time at most, such as `30s`
    #[arg(long, value_name = "TIME", value_parser = duration, requires = "endpoint")]
    pub wait: Option<Duration>,
    /// Seconds to wait for a response
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = seconds::<1, 600>)]
    pub timeout: u64,
    /// Longest time to wait for the endpoint in total
    ///
    /// The sum of the pauses that the endpoint asks for (`Retry-After`) and of the calls without a
    /// response within --timeout. After this time, the run deletes its resources and ends.
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "300s")]
    pub max_wait: Duration,
    /// Maximum number of requests per second
    ///
    /// Default: 5 if the endpoint is not on this machine, otherwise unlimited.
    #[arg(long, value_name = "N", value_parser = positive)]
    pub rate: Option<f64>,
    /// Write all requests and responses as JSON Lines, without secrets
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Account that the command may create and delete users in
    ///
    /// Required if the endpoint is not on this machine. If the credentials belong to another
    /// account, the command changes nothing.
    #[arg(long, value_name = "ID", requires = "endpoint", help_heading = "Safety")]
    pub i_own_this_account: Option<String>,
    /// Folder for the journal of created resources
    ///
    /// `iamspec cleanup` reads the journal if a run is killed. Default: `iamspec` in the user's
    /// state folder.
    #[arg(long, value_name = "FOLDER", requires = "endpoint", help_heading = "Safety")]
    pub journal: Option<PathBuf>,
    /// Credentials and certificates.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

impl EndpointArgs {
    /// The command that deletes what a run has left.
    pub(crate) fn cleanup_command(&self, run: &str) -> String {
        let mut words = ["iamspec", "cleanup", run].map(str::to_owned).to_vec();
        let folder = self.journal.as_ref().map(|it| it.display().to_string());
        let account = self.i_own_this_account.clone();
        for (name, value) in [("--journal", folder), ("--i-own-this-account", account)] {
            words.extend(value.into_iter().flat_map(|value| [name.to_owned(), value]));
        }
        words.extend(self.connection.words());
        shell_line(&words)
    }
}

/// The target of a test: an endpoint of the user's, or the embedded reference endpoint.
#[derive(Args, Debug)]
#[command(next_help_heading = "Target")]
pub struct TargetArgs {
    /// The endpoint.
    #[command(flatten)]
    pub endpoint: EndpointArgs,
    /// Defect of the embedded reference endpoint (`iamspec list mutants`)
    #[arg(long, value_name = "NAME", conflicts_with = "endpoint", help_heading = "Target")]
    pub mutant: Option<String>,
    /// Reference endpoint's policy for unspecified behavior
    ///
    /// `presume` follows the strongest facts and is the default, `accept` accepts every such
    /// request, `refuse` refuses it, and a number is the seed of a random choice.
    #[arg(
        long,
        alias = "may",
        value_name = "presume|accept|refuse|SEED",
        conflicts_with = "endpoint",
        help_heading = "Target"
    )]
    pub unspecified: Option<UnspecifiedPolicy>,
    /// Send the calls through this SDK driver (`iamspec driver check`)
    #[arg(long, value_name = "COMMAND", help_heading = "Target")]
    pub driver: Option<String>,
}

impl TargetArgs {
    /// The files that the options name and the command reads.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = &Path> {
        self.endpoint.connection.ca_bundle.as_deref().into_iter()
    }
}

pub(crate) fn positive(typed: &str) -> Result<f64, String> {
    let number = typed.parse().ok().filter(|it: &f64| it.is_finite() && *it > 0.0);
    number.ok_or_else(|| "expected a number above 0".to_owned())
}

/// The default of --max-wait.
pub(crate) const MAX_WAIT: Duration = Duration::from_mins(5);

/// The default rate for endpoints that are not on this machine, in requests per second.
const REMOTE_RATE: f64 = 5.0;

/// A target with an open client.
pub(crate) struct OpenTarget {
    /// The name for reports.
    pub(crate) name: String,
    /// The name for the first line of the output, with the key that signs.
    pub(crate) title: String,
    pub(crate) http: HttpClient,
    /// Why the target cannot be tested, if it cannot. Then it has no journal.
    pub(crate) unusable: Option<Unusable>,
    /// The embedded server stops when this is dropped.
    _server: Option<Server>,
}

impl OpenTarget {
    /// Opens a target that can be tested.
    ///
    /// # Errors
    /// Something else than an IAM endpoint is there, or nothing.
    pub(crate) fn open(target: &TargetArgs) -> Result<Self> {
        let mut open = Self::open_any(target, true)?;
        open.unusable.take().map_or(Ok(open), |why| Err(why.into()))
    }

    /// Opens a target, even if it cannot be tested. Without `checks`, the function does not check
    /// whether it can.
    pub(crate) fn open_any(target: &TargetArgs, checks: bool) -> Result<Self> {
        let args = &target.endpoint;
        let Some(endpoint) = &args.endpoint else { return Self::embedded(target) };
        let config = args.connection.config()?;
        let destination = destination(endpoint, &config, args.wait)?;
        let (name, option) = (destination.shown_url(), destination.emulator.as_ref());
        let journaled = option.map_or_else(|| name.clone(), Instance::option);
        let run = run_id();
        check_owner(args, &destination)?;
        let is_aws = destination.aws;
        let mut http = client((args, driver(target)?), &config, destination.clone(), &run)?;
        let title = format!("{name}, signed with {}", http.signer());
        let checks = checks && !is_aws;
        args.wait.filter(|_| checks).inspect(|limit| http.wait_for_endpoint(*limit));
        // The account comes first: in the account of somebody else, nothing more is sent.
        let identified = identified_caller(args, &destination, &mut http);
        let caller = match identified {
            Ok(identified) => Ok(confirmed(args, identified, &http)?),
            Err(unidentified) => Err(unidentified),
        };
        let result = if checks { http.check_endpoint(args.wait) } else { Ok(()) };
        if let Err(why) = result {
            return Ok(Self { name, title, http, unusable: Some(why), _server: None });
        }
        let caller = caller?;
        if let Some(Caller { account, arn }) = &caller {
            let (account, arn) = (visible(account), visible(arn));
            let alias = http.alias().map(|it| format!(" ({})", visible(&it))).unwrap_or_default();
            say(&format!(
                "account {account}{alias}, caller {arn}: this run creates and deletes users, \
                 groups, policies and devices named iamspec-{run}-…, in the path /iamspec-{run}/"
            ));
        }
        let folder = args.journal.clone().map_or_else(|| Journal::folder(&config), Ok)?;
        let begun = now();
        let account = caller.map(|it| it.account);
        let header = JournalHeader { run, endpoint: journaled, account, begun };
        http.set_journal(Journal::begin(&folder, header)?);
        Ok(Self { name, title, http, unusable: None, _server: None })
    }

    fn embedded(target: &TargetArgs) -> Result<Self> {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let behavior =
            reference_options(target.unspecified.unwrap_or_default(), target.mutant.as_deref())?;
        let server = Server::start(free, Options { behavior, ..Options::default() })?;
        let url = server.url();
        let timeout = Duration::from_secs(target.endpoint.timeout);
        let settings = ClientSettings::loopback(&url, &run_id(), timeout)?;
        let mut driver = driver(target)?;
        if let Some(driver) = &mut driver {
            driver.watch(server.request_log());
        }
        let settings = ClientSettings {
            rate: target.endpoint.rate,
            trace: trace(&target.endpoint)?,
            transport: driver.map(Driver::boxed),
            ..settings
        };
        let mutant = target.mutant.as_ref().map(|it| format!(", mutant {it}")).unwrap_or_default();
        let name = format!("the embedded reference endpoint{mutant}");
        let (http, title) = (HttpClient::with(settings)?, name.clone());
        Ok(Self { name, title, http, unusable: None, _server: Some(server) })
    }
}

/// The options of a reference endpoint with this policy and this mutant.
///
/// # Errors
/// An unknown mutant.
pub(crate) fn reference_options(
    policy: UnspecifiedPolicy,
    mutant: Option<&str>,
) -> Result<ReferenceOptions> {
    let options = ReferenceOptions { unspecified: policy, ..ReferenceOptions::default() };
    let Some(name) = mutant else { return Ok(options) };
    let Some(mutant) = Mutant::find(name) else {
        let all = Mutant::hand_written().chain(Mutant::systematic());
        let similar = suggestion(name, all.map(|it| it.name));
        bail!(
            "there is no mutant `{name}`{similar}; `iamspec list mutants` prints the hand-written ones"
        )
    };
    Ok(ReferenceOptions { mutant: Some(mutant), ..options })
}

/// Returns true if the endpoint is on this machine. No request is sent.
pub(crate) fn is_local(target: &TargetArgs) -> Result<bool> {
    let Some(endpoint) = &target.endpoint.endpoint else { return Ok(true) };
    let config = target.endpoint.connection.config()?;
    Ok(destination(endpoint, &config, target.endpoint.wait)?.loopback)
}

/// The pause between two looks for an emulator that is starting.
const POLL: Duration = Duration::from_millis(200);

/// The destination of an endpoint option. Waits for the folder of an emulator that is starting.
fn destination(endpoint: &str, config: &Config, wait: Option<Duration>) -> Result<Destination> {
    let started = Instant::now();
    let is_emulator = Instance::port_of(endpoint)?.is_some();
    loop {
        let found = Destination::from_option(endpoint, config);
        let left = wait.unwrap_or_default().saturating_sub(started.elapsed());
        if found.is_ok() || !is_emulator || left.is_zero() {
            return found;
        }
        std::thread::sleep(POLL.min(left));
    }
}

/// Checks that the user has named the account of a remote endpoint.
fn check_owner(args: &EndpointArgs, destination: &Destination) -> Result<()> {
    if !destination.loopback && args.i_own_this_account.is_none() {
        bail!(
            "{} is not on this machine, and this command creates and deletes users there; if you own \
             the account, add --i-own-this-account with its id",
            destination.url
        );
    }
    Ok(())
}

/// A client that may change the account behind an endpoint, and the caller of a remote endpoint.
///
/// # Errors
/// The endpoint is remote, and the credentials' account is not the one that the user owns.
pub(crate) fn owned_account_client(
    args: &EndpointArgs,
    config: &Config,
    destination: &Destination,
    run: &str,
) -> Result<(HttpClient, Option<Caller>)> {
    check_owner(args, destination)?;
    let mut http = client((args, None), config, destination.clone(), run)?;
    let identified = identified_caller(args, destination, &mut http)?;
    let caller = confirmed(args, identified, &http)?;
    Ok((http, caller))
}

/// The caller as the endpoint shows it, and why STS does not.
type IdentifiedCaller = (Option<Caller>, Option<String>);

/// Identifies the caller of a remote endpoint.
fn identified_caller(
    args: &EndpointArgs,
    destination: &Destination,
    http: &mut HttpClient,
) -> Result<Option<IdentifiedCaller>> {
    let owned = args.i_own_this_account.as_ref().filter(|_| !destination.loopback);
    owned.map(|owned| http.caller_without_sts(owned)).transpose()
}

/// Checks that the account of an identified caller is the one that the user owns, as far as the endpoint
/// shows it.
fn confirmed(
    args: &EndpointArgs,
    identified: Option<IdentifiedCaller>,
    http: &HttpClient,
) -> Result<Option<Caller>> {
    let (Some((caller, without_sts)), Some(owned)) = (identified, &args.i_own_this_account) else {
        return Ok(None);
    };
    if let Some(caller) = caller.as_ref().filter(|it| it.account != *owned) {
        bail!(
            "the credentials, {}, belong to account {}, but --i-own-this-account names {owned}; \
             nothing was created",
            http.signer(),
            visible(&caller.account)
        );
    }
    match (caller, without_sts) {
        (Some(caller), None) => {
            http.set_owned_account(owned);
            Ok(Some(caller))
        }
        (Some(caller), Some(why)) => {
            say(&format!(
                "{why}, so the account was read from an ARN; the owner of the credentials is not \
                 verified"
            ));
            Ok(Some(caller))
        }
        (None, why) => {
            let why = why.unwrap_or_default();
            say(&format!(
                "{why}, and no ARN shows an account, so nothing verifies that the endpoint is account \
                 {owned}; --i-own-this-account is trusted"
            ));
            let arn = "unknown".to_owned();
            Ok(Some(Caller { account: owned.clone(), arn }))
        }
    }
}

/// A client that only reads. It needs no owned account.
pub(crate) fn read_only_client(args: &EndpointArgs) -> Result<HttpClient> {
    let config = args.connection.config()?;
    let endpoint = args.endpoint.as_deref().unwrap_or_default();
    let destination = Destination::from_option(endpoint, &config)?;
    client((args, None), &config, destination, "nobody")
}

fn client(
    (args, driver): (&EndpointArgs, Option<Driver>),
    config: &Config,
    destination: Destination,
    run: &str,
) -> Result<HttpClient> {
    let loopback = destination.loopback;
    let identity = args.connection.signer(config, &destination)?.identity;
    HttpClient::with(ClientSettings {
        rate: args.rate.or((!loopback).then_some(REMOTE_RATE)),
        transport: driver.map(Driver::boxed),
        trust: args.connection.trust(config, &destination)?,
        max_wait: args.max_wait,
        destination,
        run: run.to_owned(),
        identity,
        timeout: Duration::from_secs(args.timeout),
        trace: trace(args)?,
    })
}

fn driver(target: &TargetArgs) -> Result<Option<Driver>> {
    target.driver.as_deref().map(Driver::start).transpose()
}

fn trace(args: &EndpointArgs) -> Result<Option<Trace>> {
    args.trace.as_deref().map(Trace::to).transpose()
}

/// The current time in UTC, in whole seconds (RFC 3339).
#[must_use]
pub fn now() -> String {
    let now = OffsetDateTime::now_utc().replace_nanosecond(0).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    now.format(&Rfc3339).unwrap_or_default()
}

/// The description of a target, for example `tests/emulators/moto/target.toml`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct TargetFile {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The start script, relative to the file. Default: `start.sh`.
    pub(crate) start: Option<String>,
    /// The license, as an SPDX expression.
    #[serde(alias = "licence")]
    pub(crate) license: Option<String>,
}

impl TargetFile {
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read the target description {}", file.display()))?;
        toml::from_str(&text)
            .with_context(|| format!("{} is not a valid target description", file.display()))
    }
}

/// The time limit for the URL of the endpoint. The script may install the endpoint first.
const START_MAX: Duration = Duration::from_mins(10);

/// The maximum length of the first line. A longer one is not a URL.
const LINE_MAX: u64 = 4096;

/// The time limit for the script to exit after SIGTERM. SIGKILL follows.
const EXIT_MAX: Duration = Duration::from_secs(12);

/// A running endpoint. Dropping it stops the endpoint.
pub(crate) struct StartedEndpoint {
    /// The URL of the endpoint.
    pub(crate) url: String,
    child: Child,
    /// The thread that copies the rest of the output into the log. It ends when the last process
    /// that can write there exits.
    rest: Option<JoinHandle<()>>,
}

impl StartedEndpoint {
    /// Runs a script that prints the URL as its first line when the endpoint is ready. The rest of
    /// its output goes into the log.
    pub(crate) fn start(script: &Path, log: &Path) -> Result<Self> {
        Self::start_within(script, log, START_MAX)
    }

    fn start_within(script: &Path, log: &Path, limit: Duration) -> Result<Self> {
        let script = script
            .canonicalize()
            .with_context(|| format!("cannot find the start script {}", script.display()))?;
        let cannot = || format!("cannot write {}", log.display());
        // Both streams append to the file, so that neither overwrites the other.
        let stderr = private_file::create(log)
            .and_then(|_| File::options().append(true).open(log))
            .with_context(cannot)?;
        let rest = stderr.try_clone().with_context(cannot)?;
        let mut child = Command::new(&script)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .spawn()
            .with_context(|| format!("cannot run {}", script.display()))?;
        let stdout = child.stdout.take();
        // From here on, dropping `started` stops the script, even if it prints nothing.
        let mut started = Self { url: String::new(), child, rest: None };
        let (sender, first) = mpsc::channel();
        started.rest = stdout.map(|it| std::thread::spawn(move || read(it, rest, &sender)));
        let (script, log) = (script.display(), log.display());
        match first.recv_timeout(limit) {
            Ok(line) if line.len() as u64 == LINE_MAX => {
                bail!("{script} printed a first line of more than {LINE_MAX} bytes; expected a URL")
            }
            Ok(line) => String::from_utf8_lossy(&line).trim().clone_into(&mut started.url),
            Err(RecvTimeoutError::Timeout) => bail!(
                "{script} has not printed a URL after {:.1} s; its output is in {log}",
                limit.as_secs_f64()
            ),
            Err(RecvTimeoutError::Disconnected) => {}
        }
        if started.url.is_empty() {
            bail!(
                "{script} exited before it printed the URL of the endpoint; its output is in {log}"
            );
        }
        Ok(started)
    }
}

/// Sends the first line and copies the rest. An endpoint must not block or fail because its output
/// is not read.
fn read(stdout: ChildStdout, mut rest: File, sender: &mpsc::Sender<Vec<u8>>) {
    let mut stdout = BufReader::new(stdout);
    let mut line = Vec::new();
    let read = stdout.by_ref().take(LINE_MAX).read_until(b'\n', &mut line);
    let fits = (line.len() as u64) < LINE_MAX;
    // A script that has failed by now may fail at its next write.
    if read.is_err() || sender.send(line).is_err() || !fits {
        return;
    }
    // A line is written in one piece, because stderr is written into the same log.
    let mut line = Vec::new();
    while stdout.by_ref().take(LINE_MAX).read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        // If the log cannot be written, the output is still drained.
        _ = rest.write_all(&line);
        line.clear();
    }
}

impl Drop for StartedEndpoint {
    fn drop(&mut self) {
        // The script stops its endpoint on SIGTERM. On SIGKILL it could not.
        let signalled = Command::new("kill").arg(self.child.id().to_string()).status();
        let begun = Instant::now();
        while signalled.is_ok() && begun.elapsed() < EXIT_MAX {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// A flag that Ctrl-C sets, and the client if renewed credentials belong to another account.
///
/// After the first Ctrl-C, the command deletes its resources and ends. After the second, it exits
/// at once and prints the command that deletes them.
pub(crate) fn stop_on_ctrl_c(http: &HttpClient, args: &EndpointArgs) -> Result<Arc<AtomicBool>> {
    stop_all_on_ctrl_c(&[(http, args)])
}

/// The same for a command with several clients.
pub(crate) fn stop_all_on_ctrl_c(
    clients: &[(&HttpClient, &EndpointArgs)],
) -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let mut commands = Vec::new();
    for (http, args) in clients {
        http.set_stop_flag(&stop);
        commands.extend(http.journal().map(|it| args.cleanup_command(&it.header().run)));
    }
    let flag = Arc::clone(&stop);
    let handler = move || {
        if flag.swap(true, Ordering::Relaxed) {
            for command in &commands {
                say(&format!("resources were not deleted; run: {command}"));
            }
            kill_all_and_exit(exit_code::USAGE);
        }
        end_silent_ones();
        say("\nstopping and deleting resources; press Ctrl-C again to exit at once");
    };
    interrupt::set(handler)?;
    Ok(stop)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A new folder with a shell script in it.
    fn script(name: &str, lines: &str) -> (PathBuf, PathBuf) {
        let folder = std::env::temp_dir().join(format!("iamspec-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let script = folder.join("start.sh");
        std::fs::write(&script, format!("#!/bin/sh\n{lines}\n")).unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        (script, folder)
    }

    /// The output exceeds the capacity of a pipe: a script whose output is not read would block.
    #[test]
    fn an_endpoint_may_write_to_stdout_while_it_runs() {
        let line = "x".repeat(1000);
        let lines = format!(
            "echo http://127.0.0.1:1\ni=0\nwhile [ $i -lt 200 ]; do echo $i {line}; i=$((i+1)); done\n\
             echo failed >&2\nexit 7"
        );
        let (script, folder) = script("writes", &lines);
        let mut started = StartedEndpoint::start(&script, &folder.join("log")).unwrap();
        assert_eq!(started.url, "http://127.0.0.1:1");
        assert_eq!(started.child.wait().unwrap().code(), Some(7));
        started.rest.take().unwrap().join().unwrap();
        let log = std::fs::read_to_string(folder.join("log")).unwrap();
        assert_eq!(log.matches(&line).count(), 200);
        assert!(log.contains("failed"));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_script_that_prints_no_url_fails_with_the_reason() {
        let within = Duration::from_mins(1);
        for (lines, within, reason) in [
            ("exec sleep 600", Duration::from_millis(100), "has not printed a URL after 0.1 s"),
            ("echo why >&2; exit 1", within, "exited before it printed the URL"),
            ("exec yes x | tr -d '\\n'", within, "printed a first line of more than"),
        ] {
            let (script, folder) = script("silent", lines);
            let started = StartedEndpoint::start_within(&script, &folder.join("log"), within);
            let error = started.err().unwrap().to_string();
            assert!(error.contains(reason), "{error}");
            std::fs::remove_dir_all(folder).unwrap();
        }
    }
}
