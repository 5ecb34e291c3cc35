//! `iamspec driver-probe`: what an SDK does on the endpoint's bad days, one call and one fault at a time.

mod listing;
mod trips;

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::Result;
use iamspec_conformance::Response;
use iamspec_conformance::response::FailureKind;

use crate::aws::credentials::{FAKE, Identity};
use crate::aws::destination::Destination;
use crate::client::sender::FormSender;
use crate::commands::sdks::driver::DriverProbeArgs;
use crate::driver::Driver;
use crate::driver::protocol::DriverSession;
use crate::exit_code;
use crate::server::fault_injection::plan::FaultPlan;
use crate::server::{Options, Server};
use crate::wire::names;
use crate::wire::xml_read::Element;

/// A fault: what it is, and its row but for the call that it is of.
const FAULTS: [(&str, &str); 12] = [
    ("none", ""),
    ("throttled once", "sort = \"throttle\"\ntimes = 1"),
    ("throttled always", "sort = \"throttle\""),
    ("503 once, with Retry-After 1", "sort = \"fail\"\nstatus = 503\nretry-after = 1\ntimes = 1"),
    ("500 once, nothing done", "sort = \"fail\"\ntimes = 1"),
    ("500 once, after the effect", "sort = \"fail\"\neffect = true\ntimes = 1"),
    ("500 always, after the effect", "sort = \"fail\"\neffect = true"),
    ("reset once, nothing done", "sort = \"drop\"\ntimes = 1"),
    ("reset once, after the effect", "sort = \"drop\"\neffect = true\ntimes = 1"),
    ("answer cut off once", "sort = \"truncate\"\ntimes = 1"),
    ("200 with a proxy's HTML once", "sort = \"html\"\nstatus = 200\neffect = true\ntimes = 1"),
    ("ConcurrentModification once", "sort = \"concurrent\"\ntimes = 1"),
];

/// The calls that are made under each of them, and how what is left is counted: a call and the list in its
/// answer.
const CALLS: [(&str, &str, &str); 3] = [
    ("CreateUser", "ListUsers", "Users"),
    ("CreateAccessKey", "ListAccessKeys", "AccessKeyMetadata"),
    ("DeleteUser", "ListUsers", "Users"),
];

/// So long a call may take, retries included.
const DEADLINE: Duration = Duration::from_secs(20);

/// Whom the calls are about.
const NAME: &str = "iamspec-probe";

pub(crate) fn probe(args: &DriverProbeArgs, out: &mut dyn Write) -> Result<u8> {
    let drivers = args.commands.iter().map(|it| Driver::start(it)).collect::<Result<Vec<_>>>();
    let mut drivers = drivers?;
    let names: Vec<String> = drivers
        .iter()
        .map(|it| format!("{} {}<br>{}", it.hello().sdk, it.hello().version, it.hello().language))
        .collect();
    writeln!(
        out,
        "How many requests an SDK sends, what its caller sees, and what is there then.\n"
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
    trips::table(&mut drivers, &names.join(" | "), out)?;
    drivers.into_iter().for_each(Driver::end);
    Ok(exit_code::CONFORMS)
}

/// An endpoint with the days that are asked for, and our own client of it.
struct Bench {
    server: Server,
    session: DriverSession,
    raw: FormSender,
    /// The ARN of the policy, where there is one.
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
        let identity = Identity::of(id, secret, None, "the probe");
        let session = DriverSession::new(&identity, &destination);
        let raw = FormSender::new(destination, identity, deadline)?;
        Ok(Self { server, session, raw, policy: String::new() })
    }

    fn post(&mut self, api: &str, members: &[(&str, &str)]) -> Result<String> {
        let mut form = head(api);
        form.extend(members.iter().map(|(name, it)| ((*name).to_owned(), (*it).to_owned())));
        Ok(self.raw.post(&form)?.1)
    }
}

fn cell(
    driver: &mut Driver,
    (api, list, of): (&str, &str, &str),
    (_, plan): (&str, &str),
) -> Result<String> {
    let Bench { server, session, mut raw, .. } = Bench::new(api, plan, DEADLINE)?;
    if api != "CreateUser" {
        raw.post(&form("CreateUser"))?;
    }
    let ears = server.ears();
    let answer = driver.call(&form(api), &session, DEADLINE);
    let requests = ears.take().len();
    let (_, body) = raw.post(&form(list))?;
    let left = Element::parse(&body).ok().and_then(|root| {
        let result = root.child(&format!("{list}Result"))?;
        Some(result.child(of)?.children.len())
    });
    let noun = if list == "ListUsers" { "user" } else { "key" };
    let left = crate::report::format::summary::counted(left.unwrap_or_default(), noun);
    Ok(format!(
        "{}, {}, {left}",
        crate::report::format::summary::counted(requests, "request"),
        saw(&answer)
    ))
}

fn head(api: &str) -> Vec<(String, String)> {
    vec![("Action".to_owned(), api.to_owned()), ("Version".to_owned(), names::VERSION.to_owned())]
}

fn form(api: &str) -> Vec<(String, String)> {
    let mut form = head(api);
    if api.ends_with("User") || api == "CreateAccessKey" || api == "ListAccessKeys" {
        form.push(("UserName".to_owned(), NAME.to_owned()));
    }
    form
}

fn saw(answer: &Result<(u16, String), Response>) -> String {
    match answer {
        Ok((200, _)) => "success".to_owned(),
        Ok((status, body)) => {
            let root = Element::parse(body).unwrap_or_default();
            let code = root.child("Error").and_then(|it| it.text_of("Code")).unwrap_or_default();
            format!("{status} {code}")
        }
        Err(Response::Interrupted(it)) => match it.cause {
            FailureKind::Garbled | FailureKind::Unreadable => "cannot read it".to_owned(),
            FailureKind::Client => "refuses it itself".to_owned(),
            cause => cause.name().to_owned(),
        },
        Err(other) => other.to_string(),
    }
}
