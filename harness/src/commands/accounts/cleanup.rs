//! `iamspec cleanup`.
//!
//! `iamspec cleanup`: what a run that was killed has left.
//!
//! What an endpoint did not let go, where no run is told of.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::Args;
use clap::builder::Resettable;
use iamspec_conformance::Report;

use crate::aws::config::Config;
use crate::aws::destination::Destination;
use crate::client::HttpClient;
use crate::client::cleanup::{CleanupResult, LeftoverResource};
use crate::client::journal::{Journal, JournalHeader};
use crate::commands::test::reproduce::line;
use crate::commands::test::target::{EndpointArgs, asked_as};
use crate::exit_code;
use crate::report::build::kept;
use crate::report::format::summary::counted;

/// `iamspec cleanup`.
#[derive(Args, Debug)]
// A journal names its endpoint, so that neither option needs one.
#[command(mut_arg("i_own_this_account", |it| it.requires(Resettable::Reset)))]
#[command(mut_arg("journal", |it| it.requires(Resettable::Reset)))]
pub struct CleanupArgs {
    /// Whom to ask: by their journals if left out.
    #[command(flatten)]
    pub whom: EndpointArgs,
    /// Say what is there, and remove nothing
    #[arg(long)]
    pub list: bool,
    /// The run, as it was called when it was left; every run that has a journal if left out
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
}

pub(crate) fn cleanup(args: &CleanupArgs, out: &mut dyn Write) -> Result<u8> {
    let surroundings = Config::read()?;
    let folder = args.whom.journal.clone().map_or_else(|| Journal::folder(&surroundings), Ok)?;
    let journals = journals(&folder, args.run.as_deref())?;
    if journals.is_empty() {
        return without_journal(args, &surroundings, &folder, out);
    }
    let asked = args.whom.endpoint.as_ref().filter(|_| args.run.is_none());
    let asked = asked.map(|it| Destination::of(it, &surroundings)).transpose()?;
    let mut worst = exit_code::CONFORMS;
    for path in journals {
        match Journal::take_up(&path) {
            // What is not found at one endpoint may well be at another.
            Ok(journal) if is_elsewhere(&journal, asked.as_ref(), &surroundings) => {
                let JournalHeader { run, endpoint, .. } = journal.header();
                writeln!(
                    out,
                    "left alone: run {run} was at {endpoint}; name it to ask for it here"
                )?;
            }
            Ok(journal) => match of_journal(journal, &path, args, &surroundings, out) {
                Ok(code) => worst = exit_code::gravest([worst, code]),
                Err(error) if args.run.is_some() => return Err(error),
                // The others are cleaned up all the same.
                Err(error) => {
                    writeln!(out, "left alone: {error:#}")?;
                    worst = exit_code::gravest([worst, exit_code::INCONCLUSIVE]);
                }
            },
            Err(error) if args.run.is_some() => return Err(error),
            Err(error) => writeln!(out, "left alone: {error:#}")?,
        }
    }
    Ok(worst)
}

/// Whether a journal is of another endpoint than the one that is asked.
fn is_elsewhere(journal: &Journal, asked: Option<&Destination>, surroundings: &Config) -> bool {
    let of = Destination::of(&journal.header().endpoint, surroundings);
    asked.is_some_and(|asked| of.map_or(true, |of| of.url != asked.url))
}

/// The journal of the run that was named, or all.
fn journals(folder: &Path, run: Option<&str>) -> Result<Vec<PathBuf>> {
    let mut journals = Journal::all(folder)?;
    if let Some(run) = run {
        journals.retain(|it| it.file_stem().is_some_and(|it| it == run));
    }
    Ok(journals)
}

/// Removes what a journal says is there, and what else carries the prefix of its run.
fn of_journal(
    journal: Journal,
    path: &Path,
    args: &CleanupArgs,
    surroundings: &Config,
    out: &mut dyn Write,
) -> Result<u8> {
    let header = journal.header().clone();
    let endpoint = args.whom.endpoint.as_ref().unwrap_or(&header.endpoint);
    let destination = Destination::of(endpoint, surroundings)?;
    if let Some(account) = &header.account
        && !destination.loopback
        && args.whom.i_own_this_account.as_ref() != Some(account)
    {
        bail!(
            "run {} was at {endpoint}, in the account {account}; if the account is yours, remove what the \
             run left, with credentials of the account:\n  {}",
            header.run,
            by_the_owner(path, account, args)
        );
    }
    let (mut http, caller) = asked_as((&args.whom, None), surroundings, destination, &header.run)?;
    let account = caller.map(|it| it.account);
    if account != header.account {
        let [made, now] = [header.account, account].map(|it| it.unwrap_or("none".to_owned()));
        bail!("run {} was in the account {made}, and these credentials are of {now}", header.run);
    }
    // What the journal has and no listing shows is asked for all the same: listings lag.
    let listed = http.leftovers();
    let mut found = listed.as_ref().map_or_else(|_| Vec::new(), Clone::clone);
    found.retain(|it| it.run().is_some_and(|run| run.eq_ignore_ascii_case(&header.run)));
    for (made, name) in journal.there() {
        if !found.iter().any(|it| it.made == made && it.name == name) {
            found.push(http.by_name(made, name));
        }
    }
    http.write_down(journal);
    let code = remove(&mut http, &header.run, &found, args.list, out)?;
    if let Err(CleanupResult { asked, answer, .. }) = listed {
        writeln!(out, "{asked} was answered {answer}; what the journal has not is not found")?;
        return Ok(exit_code::INCONCLUSIVE);
    }
    Ok(code)
}

/// The command that removes what the run of this journal left in an account.
fn by_the_owner(path: &Path, account: &str, args: &CleanupArgs) -> String {
    // A journal is found by the name of its file.
    let run = path.file_stem().unwrap_or_default().to_string_lossy();
    let folder = args.whom.journal.as_ref().map(|it| it.display().to_string());
    let mut words =
        ["iamspec", "cleanup", &run, "--i-own-this-account", account].map(str::to_owned).to_vec();
    let options = [("--journal", folder), ("--endpoint", args.whom.endpoint.clone())];
    for (name, value) in options {
        words.extend(value.into_iter().flat_map(|value| [name.to_owned(), value]));
    }
    line(&words)
}

/// Without a journal, what runs have left is known by its names; which run is meant must be said.
fn without_journal(
    args: &CleanupArgs,
    surroundings: &Config,
    folder: &Path,
    out: &mut dyn Write,
) -> Result<u8> {
    let Some(endpoint) = &args.whom.endpoint else {
        let of = args.run.as_ref().map(|run| format!(" of run {run}")).unwrap_or_default();
        writeln!(out, "no journal{of} in {}: nothing is left by it", folder.display())?;
        if args.run.is_some() {
            eprintln!("iamspec: if the journal is lost, name the --endpoint as well");
            return Ok(exit_code::NOTHING_RAN);
        }
        return Ok(exit_code::CONFORMS);
    };
    let destination = Destination::of(endpoint, surroundings)?;
    let run = args.run.as_deref().unwrap_or("nobody");
    let (mut http, _) = asked_as((&args.whom, None), surroundings, destination, run)?;
    let found = match http.leftovers() {
        Ok(found) => found,
        Err(CleanupResult { asked, answer, .. }) => {
            writeln!(out, "{asked} was answered {answer}; what runs have left is not known")?;
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
        return remove(&mut http, run, &own, args.list, out);
    }
    for (run, left) in &runs {
        writeln!(out, "run {run} left {}", counted(left.len(), "thing"))?;
    }
    if runs.is_empty() {
        writeln!(out, "no run has left anything")?;
        return Ok(exit_code::CONFORMS);
    }
    writeln!(out, "nothing was removed: a run may still go on; name the one that does not")?;
    Ok(exit_code::NOTHING_RAN)
}

fn remove(
    http: &mut HttpClient,
    run: &str,
    found: &[LeftoverResource],
    list: bool,
    out: &mut dyn Write,
) -> Result<u8> {
    if list {
        for it in found {
            writeln!(out, "{:<8} {}", it.made.noun(), it.name)?;
        }
        writeln!(out, "run {run} left {}", counted(found.len(), "thing"))?;
        return Ok(exit_code::CONFORMS);
    }
    let remains = http.sweep(found);
    for CleanupResult { name, asked, answer } in &remains {
        writeln!(out, "left behind: {name}, because {asked} was answered {answer}")?;
    }
    let gone = found.len() - remains.len();
    writeln!(out, "run {run}: {} gone, {} left", counted(gone, "thing"), remains.len())?;
    Ok(if remains.is_empty() { exit_code::CONFORMS } else { exit_code::INCONCLUSIVE })
}

pub(crate) fn print_kept(report: &Report, http: &HttpClient, out: &mut dyn Write) -> Result<()> {
    for it in kept(report, &|space, undo| http.name_of(space, undo)) {
        writeln!(out, "{}", crate::report::format::terminal::kept(&it))?;
    }
    let journal = http.journal().filter(|it| it.there().next().is_some());
    if let Some(run) = journal.map(|it| it.header().run.clone()) {
        writeln!(out, "once the endpoint lets go of it: iamspec cleanup {run}")?;
    }
    Ok(())
}
