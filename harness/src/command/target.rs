//! Whom a command asks: an endpoint of the user's, or the embedded one.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::aws::{Destination, Identity, Surroundings};
use crate::cli::{Target, Whom};
use crate::client::{Caller, Http, Settings, Trace};
use crate::driver::Driver;
use crate::journal::{Header, Journal};
use crate::server::{Options, Server};

/// So many requests a second are sent to an account where others live, if nobody says how many.
const RATE: f64 = 5.0;

/// Somebody who can be asked.
pub(super) struct Open {
    /// What the first line calls it.
    pub(super) name: String,
    pub(super) http: Http,
    /// Ends with it.
    _server: Option<Server>,
}

impl Open {
    pub(super) fn of(target: &Target) -> Result<Self> {
        let Some(endpoint) = &target.whom.endpoint else { return Self::embedded(target) };
        let surroundings = Surroundings::read()?;
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
        let header = Header { run, endpoint: name.clone(), account, begun };
        http.write_down(Journal::begin(&folder, header)?);
        Ok(Self { name, http, _server: None })
    }

    fn embedded(target: &Target) -> Result<Self> {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let behaviour = super::behaviour(target.may.unwrap_or_default(), target.mutant.as_deref())?;
        let server = Server::start(free, Options { behaviour, ..Options::default() })?;
        let url = server.url();
        let timeout = Duration::from_secs(target.whom.timeout);
        let settings = Settings::loopback(&url, &run_id(), timeout)?;
        let mut driver = driver(target)?;
        if let Some(driver) = &mut driver {
            driver.watch(server.ears());
        }
        let settings =
            Settings { rate: target.whom.rate, trace: trace(&target.whom)?, driver, ..settings };
        let mutant = target.mutant.as_ref().map(|it| format!(", mutant {it}")).unwrap_or_default();
        let name = format!("the embedded reference endpoint{mutant}");
        Ok(Self { name, http: Http::with(settings)?, _server: Some(server) })
    }
}

/// Whether the endpoint is on this machine, so that nobody else lives there. Nobody is asked.
pub(super) fn is_alone(target: &Target) -> Result<bool> {
    let Some(endpoint) = &target.whom.endpoint else { return Ok(true) };
    Ok(Destination::of(endpoint, &Surroundings::read()?)?.loopback)
}

/// A client for an endpoint of the user's, and the account, where the endpoint is not on this machine: that
/// of the credentials, which must be the one that the user owns.
pub(super) fn asked_as(
    (whom, driver): (&Whom, Option<Driver>),
    surroundings: &Surroundings,
    destination: Destination,
    run: &str,
) -> Result<(Http, Option<Caller>)> {
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
pub(super) fn reading(whom: &Whom) -> Result<Http> {
    let surroundings = Surroundings::read()?;
    let endpoint = whom.endpoint.as_deref().unwrap_or_default();
    let destination = Destination::of(endpoint, &surroundings)?;
    Ok(client((whom, None), &surroundings, destination, "nobody")?.0)
}

/// The client, and where its credentials come from.
fn client(
    (whom, driver): (&Whom, Option<Driver>),
    surroundings: &Surroundings,
    destination: Destination,
    run: &str,
) -> Result<(Http, String)> {
    let loopback = destination.loopback;
    let identity = if loopback { Identity::fake() } else { Identity::find(surroundings)? };
    let source = identity.source().to_owned();
    let http = Http::with(Settings {
        rate: whom.rate.or((!loopback).then_some(RATE)),
        driver,
        authorities: surroundings.variable("AWS_CA_BUNDLE").map(PathBuf::from),
        destination,
        run: run.to_owned(),
        identity,
        timeout: Duration::from_secs(whom.timeout),
        trace: trace(whom)?,
    })?;
    Ok((http, source))
}

fn driver(target: &Target) -> Result<Option<Driver>> {
    target.driver.as_deref().map(Driver::start).transpose()
}

fn trace(whom: &Whom) -> Result<Option<Trace>> {
    whom.trace.as_deref().map(Trace::to).transpose()
}

/// The time, in UTC, in whole seconds (RFC 3339).
pub(super) fn now() -> String {
    let now = OffsetDateTime::now_utc().replace_nanosecond(0).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    now.format(&Rfc3339).unwrap_or_default()
}

/// Tells this run from others.
fn run_id() -> String {
    uuid::Uuid::new_v4().simple().to_string().chars().take(8).collect()
}
