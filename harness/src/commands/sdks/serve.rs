//! `iamspec serve`, as it is typed.
//!
//! `iamspec serve`: the reference endpoint, until Ctrl-C.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use iamspec_conformance::reference::UnspecifiedPolicy;
use iamspec_model::{Account, AttachmentKind, TABLE};

use crate::exit_code;
use crate::server::fault_injection::plan::FaultPlan;
use crate::server::{Options, Server};

/// `iamspec serve`.
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4580")]
    pub listen: SocketAddr,
    /// Listen on an address that others can reach
    #[arg(long)]
    pub anybody_may_connect: bool,
    /// Be wrong in this way (`iamspec list mutants`)
    #[arg(long, value_name = "NAME")]
    pub mutant: Option<String>,
    /// What to do where nobody knows: `presume`, `accept`, `refuse`, or a seed of chance
    #[arg(long, value_name = "HOW", default_value_t)]
    pub may: UnspecifiedPolicy,
    /// Raise or lower a quota; repeatable
    #[arg(long, value_name = "NAME=N")]
    pub quota: Vec<String>,
    /// Have bad days: what goes wrong with which calls, in TOML
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
    /// Let in only what is signed, in the last 15 minutes and for us-east-1 and iam, with the key
    /// AKIAIOSFODNN7EXAMPLE, whose secret is wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY, or with an
    /// active one that was made here
    #[arg(long)]
    pub verify_signatures: bool,
}

pub(crate) const EXAMPLES: &str = r#"Examples:
  iamspec serve
  iamspec serve --quota UsersPerAccount=100000
  iamspec serve --faults bad-days.toml
  aws --endpoint-url http://127.0.0.1:4580 iam create-user --user-name alice

A file of faults; where several are due, the first one happens:
  seed = 7                   # what chance begins with

  [[fault]]
  sort = "throttle"          # which, see below
  on = "List*"               # the calls; `*`, which is all, if left out
  chance = 0.1               # or `every = 10`, or `first = 3`; else each time
  times = 20                 # at most so often
  retry-after = 1

  lag           reads show what was true `ms = N` or `calls = N` ago
  lingering     a deletion meets with what was taken away less than `ms` or `calls` ago
  unmodifiable  a login profile is not changed for `ms` or `calls` after it was made
  concurrent    409 ConcurrentModification
  throttle      400 Throttling; `retry-after = SECONDS`
  fail          `status = 500` or 503; `effect = true` if it is carried out all the same
  drop          no answer; `effect = true` if it is carried out all the same
  slow          `ms` late; with `chunk = BYTES`, `ms` from piece to piece
  truncate      half an answer; `clean = true` if its length says nothing of it
  twice         the answer twice in one body
  html          a proxy's page, `status = 502` or 200; `effect = true` as above
  empty-page    a page of a listing that holds nothing, and says that there is more
  odd-marker    a page whose marker is made of what a form must encode
  same-marker   a page whose marker is the one that asked for it
At most 64 changes are kept for the first three."#;

pub(crate) fn serve(args: &ServeArgs, out: &mut dyn Write) -> Result<u8> {
    if !args.listen.ip().is_loopback() && !args.anybody_may_connect {
        bail!(
            "{} is not a loopback address, and whoever reaches the reference endpoint may do anything there; add --anybody-may-connect if that is meant",
            args.listen.ip()
        );
    }
    // Watched before anybody is told where it listens.
    let (ask, asked) = std::sync::mpsc::channel();
    ctrlc::set_handler(move || _ = ask.send(())).context("cannot watch for Ctrl-C")?;
    let behaviour = crate::commands::behaviour(args.may, args.mutant.as_deref())?;
    let faults = args.faults.as_deref().map(FaultPlan::read).transpose()?.unwrap_or_default();
    let account = quotas(&args.quota)?;
    let verify_signatures = args.verify_signatures;
    let options = Options { account, behaviour, faults, verify_signatures, ..Options::default() };
    let server = Server::start(args.listen, options)?;
    writeln!(out, "{}", server.url())?;
    out.flush()?;
    eprintln!("the reference endpoint listens; Ctrl-C ends it");
    // Where nobody can ask any more, it ends as well.
    _ = asked.recv();
    server.end();
    Ok(exit_code::CONFORMS)
}

/// The account with the quotas that were typed.
fn quotas(typed: &[String]) -> Result<Account> {
    let (mut users, mut kinds) = (None, Vec::new());
    for quota in typed {
        let Some((name, max)) = quota.split_once('=') else {
            bail!("`{quota}` is not of the form NAME=N, such as UsersPerAccount=100000");
        };
        let max: u32 = max
            .parse()
            .with_context(|| format!("`{max}` is not a number from 0 to {}", u32::MAX))?;
        match TABLE.iter().find(|row| row.quota.name == name).map(|row| row.kind) {
            Some(kind) => kinds.push((kind, max)),
            None if name == "UsersPerAccount" => users = Some(max),
            None => bail!("no quota is called `{name}`; there are UsersPerAccount, {}", names()),
        }
    }
    Ok(Account::with_quotas(users, &kinds))
}

fn names() -> String {
    AttachmentKind::all().map(|kind| kind.row().quota.name).collect::<Vec<_>>().join(", ")
}
