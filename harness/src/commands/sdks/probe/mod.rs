//! `iamspec driver probe`: how an SDK handles injected faults, one call and one fault at a time.
//!
//! The tables show the number of requests, the result that the caller gets, and the effect.
//! `listing` probes paginators and waiters, `round_trips` probes unusual parameter values.

mod listing;
mod round_trips;

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Result;
use iamspec_conformance::Response;
use iamspec_conformance::response::FailureKind;

use crate::aws::credentials::{FAKE, Identity};
use crate::aws::destination::Destination;
use crate::client::sender::FormSender;
use crate::driver::Driver;
use crate::driver::protocol::DriverSession;
use crate::exit_code;
use crate::report::format::summary::counted;
use crate::server::fault_injection::FaultPlan;
use crate::server::{Options, Server};
use crate::wire::names;
use crate::wire::xml_read::Element;

/// The faults: a description, and the entry of the fault file without its action.
const FAULTS: [(&str, &str); 12] = [
    ("none", ""),
    ("throttled once", "sort = \"throttle\"\ntimes = 1"),
    ("throttled always", "sort = \"throttle\""),
    ("503 once, with Retry-After 1", "sort = \"fail\"\nstatus = 503\nretry-after = 1\ntimes = 1"),
    ("500 once, without effect", "sort = \"fail\"\ntimes = 1"),
    ("500 once, with effect", "sort = \"fail\"\neffect = true\ntimes = 1"),
    ("500 always, with effect", "sort = \"fail\"\neffect = true"),
    ("reset once, without effect", "sort = \"drop\"\ntimes = 1"),
    ("reset once, with effect", "sort = \"drop\"\neffect = true\ntimes = 1"),
    ("response truncated once", "sort = \"truncate\"\ntimes = 1"),
    ("200 with HTML of a proxy once", "sort = \"html\"\nstatus = 200\neffect = true\ntimes = 1"),
    ("ConcurrentModification once", "sort = \"concurrent\"\ntimes = 1"),
];

/// The actions that run with each fault, and how their effect is counted: a list action and the
/// list in its response.
const CALLS: [(&str, &str, &str); 3] = [
    ("CreateUser", "ListUsers", "Users"),
    ("CreateAccessKey", "ListAccessKeys", "AccessKeyMetadata"),
    ("DeleteUser", "ListUsers", "Users"),
];

/// The time limit of a call, including retries.
const DEADLINE: Duration = Duration::from_secs(20);

/// The user name in all calls.
const NAME: &str = "iamspec-probe";

pub(crate) fn probe(commands: &[String], out: &mut dyn Write) -> Result<u8> {
    let drivers = commands.iter().map(|it| Driver::start(it)).collect::<Result<Vec<_>>>();
    let mut drivers = drivers?;
    let names: Vec<String> = drivers
        .iter()
        .map(|it| format!("{} {}<br>{}", it.hello().sdk, it.hello().version, it.hello().language))
        .collect();
    writeln!(
        out,
        "The requests that an SDK sends, the result that its caller gets, and the resources afterwards.\n"
    )?;
    writeln!(out, "| call | fault | {} |", names.join(" | "))?;
    writeln!(out, "|---|---|{}", "---|".repeat(names.len()))?;
    for call in CALLS {
        for fault in FAULTS {
            let cells = drivers.iter_mut().map(|driver| cell(driver, call, fault));
            let cells = cells.collect::<Result<Vec<_>>>()?;
            writeln!(out, "| {} | {} | {} |", call.0, fault.0, cells.join(" | "))?;
            out.flush()?;
        }
    }
    listing::tables(&mut drivers, &names.join(" | "), out)?;
    round_trips::table(&mut drivers, &names.join(" | "), out)?;
    drivers.into_iter().for_each(Driver::stop);
    Ok(exit_code::CONFORMS)
}

/// A reference endpoint with one fault, and a plain client for it.
struct Bench {
    server: Server,
    session: DriverSession,
    raw: FormSender,
    /// The ARN of the policy, if one was created.
    policy: String,
}

impl Bench {
    fn new(api: &str, plan: &str, deadline: Duration) -> Result<Self> {
        let faults = match plan {
            "" => FaultPlan::default(),
            _ => FaultPlan::parse(&format!("[[fault]]\non = \"{api}\"\n{plan}\n"))?,
        };
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Server::start(free, Options { faults, ..Options::default() })?;
        let (id, secret) = FAKE;
        let destination = Destination::loopback(&server.url())?;
        let identity = Identity::new(id, secret, None, "the probe");
        let session = DriverSession::new(&identity, &destination);
        let raw = FormSender::new(destination, identity, deadline)?;
        Ok(Self { server, session, raw, policy: String::new() })
    }

    fn post(&mut self, api: &str, parameters: &[(&str, &str)]) -> Result<String> {
        let mut form = base_form(api);
        form.extend(parameters.iter().map(|(name, it)| ((*name).to_owned(), (*it).to_owned())));
        Ok(self.raw.post(&form)?.1)
    }
}

/// The result of one call with one fault.
fn cell(
    driver: &mut Driver,
    (api, list, of): (&str, &str, &str),
    (_, plan): (&str, &str),
) -> Result<String> {
    let Bench { server, session, mut raw, .. } = Bench::new(api, plan, DEADLINE)?;
    if api != "CreateUser" {
        raw.post(&form("CreateUser"))?;
    }
    let log = server.request_log();
    let response = driver.call(&form(api), &session, DEADLINE);
    let requests = log.take().len();
    let (_, body) = raw.post(&form(list))?;
    let count = Element::parse(&body).ok().and_then(|root| {
        let result = root.child(&format!("{list}Result"))?;
        Some(result.child(of)?.children.len())
    });
    let noun = if list == "ListUsers" { "user" } else { "key" };
    let resources = counted(count.unwrap_or_default(), noun);
    Ok(format!("{}, {}, {resources}", counted(requests, "request"), result_of(&response)))
}

/// The form without parameters.
fn base_form(api: &str) -> Vec<(String, String)> {
    vec![("Action".to_owned(), api.to_owned()), ("Version".to_owned(), names::VERSION.to_owned())]
}

/// The form with the user name, if the action has one.
fn form(api: &str) -> Vec<(String, String)> {
    let mut form = base_form(api);
    if api.ends_with("User") || api == "CreateAccessKey" || api == "ListAccessKeys" {
        form.push(("UserName".to_owned(), NAME.to_owned()));
    }
    form
}

/// The result of a call as the caller gets it.
fn result_of(response: &Result<(u16, String), Response>) -> String {
    match response {
        Ok((200, _)) => "success".to_owned(),
        Ok((status, body)) => {
            let root = Element::parse(body).unwrap_or_default();
            let code = root.child("Error").and_then(|it| it.text_of("Code")).unwrap_or_default();
            format!("{status} {code}")
        }
        Err(Response::Failed(it)) => match it.kind {
            FailureKind::Garbled | FailureKind::Unreadable => "cannot parse it".to_owned(),
            FailureKind::Client => "rejects it itself".to_owned(),
            cause => cause.name().to_owned(),
        },
        Err(other) => other.to_string(),
    }
}
