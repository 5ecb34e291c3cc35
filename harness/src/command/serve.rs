//! `iamspec serve`: the reference endpoint, until Ctrl-C.

use std::io::Write;

use anyhow::{Context as _, Result, bail};
use iamspec_model::{Account, Kind, TABLE};

use crate::cli::Serve;
use crate::exit;
use crate::server::fault::FaultPlan;
use crate::server::{Options, Server};

pub(super) fn serve(args: &Serve, out: &mut dyn Write) -> Result<u8> {
    if !args.listen.ip().is_loopback() {
        bail!(
            "{} is not a loopback address; the reference endpoint lets anybody in, so it listens on this machine only",
            args.listen.ip()
        );
    }
    let behaviour = super::behaviour(args.may, args.mutant.as_deref())?;
    let faults = args.faults.as_deref().map(FaultPlan::read).transpose()?.unwrap_or_default();
    let account = quotas(&args.quota)?;
    let verify_signatures = args.verify_signatures;
    let options = Options { account, behaviour, faults, verify_signatures, ..Options::default() };
    let server = Server::start(args.listen, options)?;
    writeln!(out, "{}", server.url())?;
    out.flush()?;
    eprintln!("the reference endpoint listens; Ctrl-C ends it");
    server.join();
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
