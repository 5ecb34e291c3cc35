//! `iamspec serve`: the reference endpoint, until Ctrl-C.

use std::io::Write;

use anyhow::{Context as _, Result, bail};
use iamspec_model::{Account, Kind, TABLE};

use crate::cli::Serve;
use crate::exit;
use crate::server::fault::FaultPlan;
use crate::server::{Options, Server};

pub(super) fn serve(args: &Serve, out: &mut dyn Write) -> Result<u8> {
    if !args.listen.ip().is_loopback() && !args.anybody_may_connect {
        bail!(
            "{} is not a loopback address, and whoever reaches the reference endpoint may do anything there; add --anybody-may-connect if that is meant",
            args.listen.ip()
        );
    }
    // Watched before anybody is told where it listens.
    let (ask, asked) = std::sync::mpsc::channel();
    ctrlc::set_handler(move || _ = ask.send(())).context("cannot watch for Ctrl-C")?;
    let behaviour = super::behaviour(args.may, args.mutant.as_deref())?;
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
    Ok(exit::CONFORMS)
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
    Kind::all().map(|kind| kind.row().quota.name).collect::<Vec<_>>().join(", ")
}
