//! `iamspec cleanup`: deletes the resources that a killed run, or a run on an endpoint that refused
//! a deletion, did not delete.
//!
//! The journal of a run lists its resources. Without a journal, the names of resources identify
//! their run.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use iamspec_conformance::Response;
use iamspec_conformance::response::FailureKind;

use crate::aws::config::Config;
use crate::aws::destination::Destination;
use crate::client::HttpClient;
use crate::client::cleanup::{CleanupResult, LeftoverResource, RunCleanup, RunResources};
use crate::client::journal::{Journal, JournalHeader};
use crate::commands::connection::ConnectionArgs;
use crate::commands::options::{seconds, shell_line};
use crate::commands::test::target::{EndpointArgs, MAX_WAIT, owned_account_client, positive};
use crate::exit_code;
use crate::report::format::summary::counted;
use crate::wire::output::visible::visible_line;

/// A run in an account whose owner has not been confirmed.
#[derive(Debug)]
struct OwnerRequired {
    reason: String,
    /// The command for the owner.
    command: String,
}

impl fmt::Display for OwnerRequired {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  {}", visible_line(&self.reason), visible_line(&self.command))
    }
}

impl std::error::Error for OwnerRequired {}

/// Why a journal was skipped, on one line. The command for the owner is on a line of its own.
fn reason_and_command(error: &anyhow::Error) -> String {
    match error.downcast_ref::<OwnerRequired>() {
        Some(it) => it.to_string(),
        None => visible_line(&format!("{error:#}")),
    }
}

/// The arguments of `iamspec cleanup`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  # The resources of every run that has a journal and has ended.
  iamspec cleanup
  # The resources of one run.
  iamspec cleanup 1f3a9c02 --list
  # A run whose journal is lost: its resources are found by name.
  iamspec cleanup 1f3a9c02 --endpoint http://127.0.0.1:5000
  # A run at an endpoint on this machine that does not exist any more.
  iamspec cleanup 1f3a9c02 --forget")]
pub struct CleanupArgs {
    /// Id of the run; default: every run that has a journal
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Print the resources, delete nothing
    #[arg(long, help_heading = "Safety")]
    pub list: bool,
    /// Delete the journal of RUN although its resources remain
    ///
    /// For an endpoint on this machine that does not exist any more. The command prints what the
    /// journal names, and sends nothing.
    #[arg(long, requires = "run", conflicts_with_all = ["list", "endpoint"], help_heading = "Safety")]
    pub forget: bool,
    /// Account that the command may delete resources in
    ///
    /// Required if the endpoint is not on this machine. It must be the account of the run.
    #[arg(long, value_name = "ID", help_heading = "Safety")]
    pub i_own_this_account: Option<String>,
    /// Folder with the journals of runs
    ///
    /// Default: `iamspec` in the user's state folder.
    #[arg(long, value_name = "FOLDER", help_heading = "Safety")]
    pub journal: Option<PathBuf>,
    /// Endpoint of the runs
    ///
    /// A URL; `env` for the endpoint that `AWS_ENDPOINT_URL_IAM`, `AWS_ENDPOINT_URL` or the AWS
    /// profile names; `aws` for AWS itself; or `emulator[:PORT]` for a running AWS Emulator. Default:
    /// the endpoint in each journal.
    #[arg(long, value_name = "URL|env|aws|emulator", help_heading = "Target")]
    pub endpoint: Option<String>,
    /// Seconds to wait for a response
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = seconds::<1, 600>, help_heading = "Target")]
    pub timeout: u64,
    /// Maximum number of requests per second
    ///
    /// Default: 5 if the endpoint is not on this machine, otherwise unlimited.
    #[arg(long, value_name = "N", value_parser = positive, help_heading = "Target")]
    pub rate: Option<f64>,
    /// Write all requests and responses as JSON Lines, without secrets
    #[arg(long, value_name = "FILE", help_heading = "Target")]
    pub trace: Option<PathBuf>,
    /// Credentials and certificates.
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

impl CleanupArgs {
    fn endpoint_args(&self) -> EndpointArgs {
        EndpointArgs {
            endpoint: self.endpoint.clone(),
            timeout: self.timeout,
            rate: self.rate,
            trace: self.trace.clone(),
            i_own_this_account: self.i_own_this_account.clone(),
            journal: self.journal.clone(),
            connection: self.connection.clone(),
            wait: None,
            max_wait: MAX_WAIT,
        }
    }
}

pub(crate) fn cleanup(args: &CleanupArgs, out: &mut dyn Write) -> Result<u8> {
    let config = args.connection.config()?;
    let folder = args.journal.clone().map_or_else(|| Journal::folder(&config), Ok)?;
    let journals = journals(&folder, args.run.as_deref())?;
    if args.forget {
        let run = args.run.as_deref().unwrap_or_default();
        let path = journals.first().with_context(|| {
            format!(
                "no journal of run {run} in {}; add --journal if the run had it",
                folder.display()
            )
        })?;
        return forget(Journal::resume(path)?, &config, out);
    }
    if journals.is_empty() {
        return clean_without_journal(args, &config, &folder, out);
    }
    let endpoint = args.endpoint.as_ref().filter(|_| args.run.is_none());
    let destination = endpoint.map(|it| Destination::from_option(it, &config)).transpose()?;
    let mut worst = exit_code::CONFORMS;
    for path in journals {
        match Journal::resume(&path) {
            // A resource that this endpoint does not have may exist at another one.
            Ok(journal) if is_elsewhere(&journal, destination.as_ref(), &config) => {
                let JournalHeader { run, endpoint, .. } = journal.header();
                writeln!(
                    out,
                    "skipped: run {run} used {endpoint}; to clean it up here, name the run"
                )?;
            }
            Ok(journal) => match clean_by_journal(journal, &path, args, &config, out) {
                Ok(code) => worst = exit_code::gravest([worst, code]),
                Err(error) if args.run.is_some() => return Err(error),
                // The other runs are still cleaned up.
                Err(error) => {
                    writeln!(out, "skipped: {}", reason_and_command(&error))?;
                    worst = exit_code::gravest([worst, exit_code::INCONCLUSIVE]);
                }
            },
            Err(error) if args.run.is_some() => return Err(error),
            Err(error) => {
                writeln!(out, "skipped: {}", reason_and_command(&error))?;
                worst = exit_code::gravest([worst, exit_code::INCONCLUSIVE]);
            }
        }
    }
    Ok(worst)
}

/// Prints what a journal names, and deletes the journal only.
fn forget(journal: Journal, config: &Config, out: &mut dyn Write) -> Result<u8> {
    let JournalHeader { run, endpoint, account, .. } = journal.header().clone();
    let local = Destination::from_option(&endpoint, config).is_ok_and(|it| it.loopback);
    ensure!(
        local && account.is_none(),
        "run {run} used {endpoint}, which is not on this machine, so its resources may still \
         exist; delete them with: iamspec cleanup {run} --i-own-this-account ID"
    );
    let mut number = 0;
    for (kind, name) in journal.remaining() {
        number += 1;
        writeln!(out, "{:<8} {}", kind.noun(), visible_line(name))?;
    }
    journal.forget()?;
    let resources = counted(number, "resource");
    writeln!(out, "run {run} at {endpoint}: {resources} not deleted, and the journal is deleted")?;
    Ok(exit_code::CONFORMS)
}

/// Returns true if the journal belongs to another endpoint than the named one.
fn is_elsewhere(journal: &Journal, named: Option<&Destination>, config: &Config) -> bool {
    let own = Destination::from_option(&journal.header().endpoint, config);
    named.is_some_and(|named| own.map_or(true, |own| own.url != named.url))
}

/// The journal of the named run, or all journals.
fn journals(folder: &Path, run: Option<&str>) -> Result<Vec<PathBuf>> {
    let mut journals = Journal::all(folder)?;
    if let Some(run) = run {
        journals.retain(|it| it.file_stem().is_some_and(|it| it == run));
    }
    Ok(journals)
}

/// Deletes the resources in the journal, and other resources with the prefix of the run.
fn clean_by_journal(
    journal: Journal,
    path: &Path,
    args: &CleanupArgs,
    config: &Config,
    out: &mut dyn Write,
) -> Result<u8> {
    let header = journal.header().clone();
    let endpoint = args.endpoint.as_ref().unwrap_or(&header.endpoint).clone();
    let destination = Destination::from_option(&endpoint, config)?;
    let local = destination.loopback;
    if let Some(account) = &header.account
        && !destination.loopback
        && args.i_own_this_account.as_ref() != Some(account)
    {
        let reason = format!(
            "run {} used {endpoint}, account {account}; if you own the account, delete the run's \
             resources with credentials of the account:",
            header.run
        );
        return Err(
            OwnerRequired { reason, command: command_for_owner(path, account, args) }.into()
        );
    }
    let (mut http, caller) =
        owned_account_client(&args.endpoint_args(), config, &destination, &header.run)?;
    let account = caller.map(|it| it.account);
    if account != header.account {
        let [of_run, of_caller] =
            [header.account, account].map(|it| it.unwrap_or("none".to_owned()));
        bail!("run {} used account {of_run}, but the credentials are of {of_caller}", header.run);
    }
    http.set_journal(journal);
    let found = http.run_resources(&header.run);
    let failure = found.listing_failure.as_ref().map(|it| &it.response);
    let unreachable =
        matches!(failure, Some(Response::Failed(it)) if it.kind == FailureKind::Unreachable);
    let code = delete(&mut http, &header.run, found, args.list, out)?;
    if unreachable && local {
        writeln!(
            out,
            "nothing listens at {}; start the endpoint, or if it does not exist any more, delete \
             the journal: {}",
            visible_line(&endpoint),
            visible_line(&forget_command(path, args))
        )?;
    }
    Ok(code)
}

/// The command that deletes the journal of a run.
fn forget_command(path: &Path, args: &CleanupArgs) -> String {
    let run = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut words = ["iamspec", "cleanup", &run, "--forget"].map(str::to_owned).to_vec();
    if let Some(folder) = &args.journal {
        words.extend(["--journal".to_owned(), folder.display().to_string()]);
    }
    shell_line(&words)
}

/// The command with which the owner of the account deletes the run's resources.
fn command_for_owner(path: &Path, account: &str, args: &CleanupArgs) -> String {
    // The file name of a journal is the id of its run.
    let run = path.file_stem().unwrap_or_default().to_string_lossy();
    let folder = args.journal.as_ref().map(|it| it.display().to_string());
    let mut words =
        ["iamspec", "cleanup", &run, "--i-own-this-account", account].map(str::to_owned).to_vec();
    let options = [("--journal", folder), ("--endpoint", args.endpoint.clone())];
    for (name, value) in options {
        words.extend(value.into_iter().flat_map(|value| [name.to_owned(), value]));
    }
    words.extend(args.connection.words());
    shell_line(&words)
}

/// Deletes the resources of a named run by their names. Without a name, only lists the runs.
fn clean_without_journal(
    args: &CleanupArgs,
    config: &Config,
    folder: &Path,
    out: &mut dyn Write,
) -> Result<u8> {
    let Some(endpoint) = &args.endpoint else {
        let folder = folder.display();
        let Some(run) = &args.run else {
            writeln!(
                out,
                "no journal in {folder}; what runs with another --journal left is unknown"
            )?;
            return Ok(exit_code::CONFORMS);
        };
        writeln!(
            out,
            "no journal of run {run} in {folder}, so it is unknown what the run left; add --journal \
             if the run had it, or --endpoint if the journal is lost"
        )?;
        return Ok(exit_code::NOTHING_RAN);
    };
    let destination = Destination::from_option(endpoint, config)?;
    let run = args.run.as_deref().unwrap_or("nobody");
    let (mut http, _) = owned_account_client(&args.endpoint_args(), config, &destination, run)?;
    let found = match http.leftovers() {
        Ok(found) => found,
        Err(CleanupResult { action: asked, response: answer, .. }) => {
            writeln!(
                out,
                "the response to {asked} was {answer}; the resources of runs are unknown"
            )?;
            return Ok(exit_code::INCONCLUSIVE);
        }
    };
    let mut runs: BTreeMap<String, Vec<LeftoverResource>> = BTreeMap::new();
    for it in found {
        let run = it.run().unwrap_or_default().to_lowercase();
        runs.entry(run).or_default().push(it);
    }
    if args.run.is_some() {
        let own = runs.remove(&run.to_lowercase()).unwrap_or_default();
        let found = RunResources { resources: own, ..RunResources::default() };
        return delete(&mut http, run, found, args.list, out);
    }
    for (run, resources) in &runs {
        writeln!(out, "run {run}: {} not deleted", counted(resources.len(), "resource"))?;
    }
    if runs.is_empty() {
        writeln!(out, "no run has resources at this endpoint")?;
        return Ok(exit_code::CONFORMS);
    }
    writeln!(out, "nothing was deleted: a run may be in progress; name the run to clean up")?;
    Ok(exit_code::NOTHING_RAN)
}

/// Deletes the resources of a run, or prints them.
fn delete(
    http: &mut HttpClient,
    run: &str,
    found: RunResources,
    list: bool,
    out: &mut dyn Write,
) -> Result<u8> {
    if list {
        for it in &found.resources {
            writeln!(out, "{:<8} {}", it.kind.noun(), visible_line(&it.name))?;
        }
        writeln!(out, "run {run}: {} not deleted", counted(found.resources.len(), "resource"))?;
        return after_listing(found.listing_failure.as_ref(), exit_code::CONFORMS, out);
    }
    let RunCleanup { deleted, not_deleted, foreign, listing_failure } =
        http.delete_found(found, true);
    for CleanupResult { name, action, response } in &not_deleted {
        let line = format!("not deleted: {name}, because the response to {action} was {response}");
        writeln!(out, "{}", visible_line(&line))?;
    }
    if foreign > 0 {
        let names = counted(foreign, "name");
        writeln!(out, "ignored: {names} in the journal that run {run} cannot have created")?;
    }
    http.check_trace()?;
    let (deleted, left) = (counted(deleted, "resource"), not_deleted.len());
    writeln!(out, "run {run}: {deleted} deleted, {left} not deleted")?;
    let code = if left == 0 { exit_code::CONFORMS } else { exit_code::INCONCLUSIVE };
    after_listing(listing_failure.as_ref(), code, out)
}

/// Prints the listing that was not read to its end, and returns the exit code.
fn after_listing(failure: Option<&CleanupResult>, code: u8, out: &mut dyn Write) -> Result<u8> {
    let Some(CleanupResult { action, response, .. }) = failure else { return Ok(code) };
    writeln!(
        out,
        "the response to {action} was {response}; resources that are not in the journal were not \
         found, and the journal stays"
    )?;
    Ok(exit_code::INCONCLUSIVE)
}
