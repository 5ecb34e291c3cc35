//! What an SDK's paginators and waiters make of listings that come in pages, and of what comes late.

use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use crate::commands::sdks::probe::{Bench, NAME, form};
use crate::driver::Driver;
use crate::driver::protocol::{CallVia, DriverOutcome, SdkError};
use crate::wire::xml_read::Element;

/// A listing: the call, what it is about, what is in the account, the size of a page, the days, and how many it must list.
type ProbedListing =
    (&'static str, &'static str, fn(&mut Bench) -> Result<usize>, Option<u32>, &'static str);

const LISTINGS: [ProbedListing; 11] = [
    ("ListUsers", "no user", |_| Ok(0), None, ""),
    ("ListUsers", "1 user", |it| it.users(1), None, ""),
    ("ListUsers", "100 users", |it| it.users(100), None, ""),
    ("ListUsers", "101 users", |it| it.users(101), None, ""),
    ("ListUsers", "3 users, pages of 1", |it| it.users(3), Some(1), ""),
    (
        "ListUsers",
        "the same, the second page empty",
        |it| it.users(3),
        Some(1),
        "sort = \"empty-page\"\nevery = 2\ntimes = 1",
    ),
    (
        "ListUsers",
        "the same, markers of `&+=% /é;`",
        |it| it.users(3),
        Some(1),
        "sort = \"odd-marker\"",
    ),
    (
        "ListUsers",
        "the same, throttled at the second page",
        |it| it.users(3),
        Some(1),
        "sort = \"throttle\"\nevery = 2\ntimes = 1",
    ),
    (
        "ListUsers",
        "the same, each page leads back to itself",
        |it| it.users(3),
        Some(1),
        "sort = \"same-marker\"",
    ),
    ("GetGroup", "3 members, pages of 1", Bench::group, Some(1), ""),
    ("ListEntitiesForPolicy", "2 groups and 2 users, pages of 1", Bench::policy, Some(1), ""),
];

/// What is waited for: what is said of it, and the days.
const WAITS: [(&str, &str); 4] = [
    ("there is one", ""),
    ("it shows when asked for the third time", "sort = \"lag\"\ncalls = 2"),
    ("throttled once", "sort = \"throttle\"\ntimes = 1"),
    ("500 once", "sort = \"fail\"\ntimes = 1"),
];

/// A listing that has no end is given up after so long.
const DEADLINE: Duration = Duration::from_secs(4);

pub(crate) fn tables(drivers: &mut [Driver], names: &str, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "\nHow many requests its paginator sends, and how many it lists.\n")?;
    writeln!(out, "| call | what there is | {names} |")?;
    writeln!(out, "|---|---|{}", "---|".repeat(drivers.len()))?;
    for listing in LISTINGS {
        let cells = drivers.iter_mut().map(|it| listed(it, listing)).collect::<Result<Vec<_>>>()?;
        writeln!(out, "| {} | {} | {} |", listing.0, listing.1, cells.join(" | "))?;
    }
    writeln!(
        out,
        "\nHow many requests its waiter sends that waits for a user, and what it says.\n"
    )?;
    writeln!(out, "| what there is | {names} |")?;
    writeln!(out, "|---|{}", "---|".repeat(drivers.len()))?;
    for wait in WAITS {
        let cells = drivers.iter_mut().map(|it| waited(it, wait)).collect::<Result<Vec<_>>>()?;
        writeln!(out, "| {} | {} |", wait.0, cells.join(" | "))?;
    }
    Ok(())
}

impl Bench {
    fn users(&mut self, many: usize) -> Result<usize> {
        for place in 0..many {
            self.post("CreateUser", &[("UserName", &format!("{NAME}-{place}"))])?;
        }
        Ok(many)
    }

    /// A group with three members.
    fn group(&mut self) -> Result<usize> {
        self.post("CreateGroup", &[("GroupName", NAME)])?;
        for place in 0..self.users(3)? {
            let user = format!("{NAME}-{place}");
            self.post("AddUserToGroup", &[("GroupName", NAME), ("UserName", &user)])?;
        }
        Ok(3)
    }

    /// A policy that two users and two groups hold.
    pub(crate) fn policy(&mut self) -> Result<usize> {
        let document = r#"{"Version":"2012-10-17","Statement":[]}"#;
        let made =
            self.post("CreatePolicy", &[("PolicyName", NAME), ("PolicyDocument", document)])?;
        let made = Element::parse(&made).unwrap_or_default();
        let arn =
            made.child("CreatePolicyResult").and_then(|it| it.child("Policy")?.text_of("Arn"));
        arn.unwrap_or_default().clone_into(&mut self.policy);
        let arn = self.policy.clone();
        for place in 0..self.users(2)? {
            let name = format!("{NAME}-{place}");
            self.post("CreateGroup", &[("GroupName", &name)])?;
            self.post("AttachGroupPolicy", &[("GroupName", &name), ("PolicyArn", &arn)])?;
            self.post("AttachUserPolicy", &[("UserName", &name), ("PolicyArn", &arn)])?;
        }
        Ok(4)
    }
}

fn listed(driver: &mut Driver, (api, _, prepare, size, plan): ProbedListing) -> Result<String> {
    let mut bench = Bench::new(api, plan, DEADLINE)?;
    let there = prepare(&mut bench)?;
    let mut form = form(api);
    form.extend(size.map(|it| ("MaxItems".to_owned(), it.to_string())));
    match api {
        "GetGroup" => form.push(("GroupName".to_owned(), NAME.to_owned())),
        "ListEntitiesForPolicy" => form.push(("PolicyArn".to_owned(), bench.policy.clone())),
        _ => {}
    }
    let ears = bench.server.ears();
    let Ok(answer) = driver.through(CallVia::Paginator, &form, &bench.session, DEADLINE) else {
        return Ok("does not end".to_owned());
    };
    let sent = crate::report::format::summary::counted(ears.take().len(), "request");
    Ok(match answer {
        None | Some(DriverOutcome::Unsupported { .. }) => "has none".to_owned(),
        Some(DriverOutcome::Ok { result }) => format!("{sent}, {}", items(&result, there)),
        Some(DriverOutcome::SdkError { kind: SdkError::Timeout, .. }) => "does not end".to_owned(),
        Some(other) => format!("{sent}, {}", told(&other)),
    })
}

/// How many items there are in the lists of a result, which are told apart by the whole of them.
fn items(result: &serde_json::Map<String, Value>, there: usize) -> String {
    let all: Vec<&Value> = result.values().filter_map(Value::as_array).flatten().collect();
    let mut apart: Vec<String> = all.iter().map(ToString::to_string).collect();
    apart.sort();
    apart.dedup();
    match (apart.len(), all.len()) {
        (apart, all) if apart == there && all == there => format!("all {there}"),
        (apart, all) if apart == all => format!("**{all} of {there}**"),
        (apart, all) => format!("**{all}, of which {} are there twice**", all - apart),
    }
}

fn waited(driver: &mut Driver, (_, plan): (&str, &str)) -> Result<String> {
    let mut bench = Bench::new("GetUser", plan, DEADLINE)?;
    bench.raw.post(&form("CreateUser"))?;
    let ears = bench.server.ears();
    let answer = driver.through(
        CallVia::Waiter,
        &form("GetUser"),
        &bench.session,
        crate::commands::sdks::probe::DEADLINE,
    )?;
    let sent = crate::report::format::summary::counted(ears.take().len(), "request");
    Ok(match answer {
        None | Some(DriverOutcome::Unsupported { .. }) => "has none".to_owned(),
        Some(DriverOutcome::Ok { .. }) => format!("{sent}, there it is"),
        Some(other) => format!("{sent}, {}", told(&other)),
    })
}

fn told(outcome: &DriverOutcome) -> String {
    match outcome {
        DriverOutcome::AwsError { http_status, code, .. } => {
            let status = http_status.map(|it| format!("{it} ")).unwrap_or_default();
            format!("{status}{code}")
        }
        DriverOutcome::SdkError { detail, .. } => {
            // Without the marker that it met twice.
            let short: String = detail.split(": {").take(1).collect();
            let short: String = short.chars().take(100).collect();
            format!("an error of its own: {}", short.replace('|', "/"))
        }
        DriverOutcome::Ok { .. } | DriverOutcome::Unsupported { .. } => String::new(),
    }
}
