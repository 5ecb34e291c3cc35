//! How an SDK's paginators handle paginated listings, and how its waiters handle delays.

use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use crate::commands::sdks::probe::{Bench, DEADLINE as CALL_DEADLINE, NAME, form};
use crate::driver::Driver;
use crate::driver::protocol::{CallVia, DriverOutcome, SdkError};
use crate::report::format::summary::counted;
use crate::wire::xml_read::Element;

/// A listing: the action, a description, the preparation that returns the number of items, the page
/// size, and the fault.
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
        "the same, each page leads to itself",
        |it| it.users(3),
        Some(1),
        "sort = \"same-marker\"",
    ),
    ("GetGroup", "3 members, pages of 1", Bench::group, Some(1), ""),
    ("ListEntitiesForPolicy", "2 groups and 2 users, pages of 1", Bench::policy, Some(1), ""),
];

/// The cases of a waiter: a description and the fault.
const WAITS: [(&str, &str); 4] = [
    ("the user exists", ""),
    ("visible in the third read", "sort = \"lag\"\ncalls = 2"),
    ("throttled once", "sort = \"throttle\"\ntimes = 1"),
    ("500 once", "sort = \"fail\"\ntimes = 1"),
];

/// The time limit of a listing without end.
const DEADLINE: Duration = Duration::from_secs(4);

pub(crate) fn tables(drivers: &mut [Driver], names: &str, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "\nThe requests that the paginator sends, and the items that it lists.\n")?;
    writeln!(out, "| action | case | {names} |")?;
    writeln!(out, "|---|---|{}", "---|".repeat(drivers.len()))?;
    for listing in LISTINGS {
        let cells = drivers.iter_mut().map(|it| listed(it, listing)).collect::<Result<Vec<_>>>()?;
        writeln!(out, "| {} | {} | {} |", listing.0, listing.1, cells.join(" | "))?;
    }
    writeln!(out, "\nThe requests that the waiter for a user sends, and its result.\n")?;
    writeln!(out, "| case | {names} |")?;
    writeln!(out, "|---|{}", "---|".repeat(drivers.len()))?;
    for wait in WAITS {
        let cells = drivers.iter_mut().map(|it| waited(it, wait)).collect::<Result<Vec<_>>>()?;
        writeln!(out, "| {} | {} |", wait.0, cells.join(" | "))?;
    }
    Ok(())
}

impl Bench {
    /// Creates users and returns their number.
    fn users(&mut self, number: usize) -> Result<usize> {
        for index in 0..number {
            self.post("CreateUser", &[("UserName", &format!("{NAME}-{index}"))])?;
        }
        Ok(number)
    }

    /// Creates a group with three members.
    fn group(&mut self) -> Result<usize> {
        self.post("CreateGroup", &[("GroupName", NAME)])?;
        for index in 0..self.users(3)? {
            let user = format!("{NAME}-{index}");
            self.post("AddUserToGroup", &[("GroupName", NAME), ("UserName", &user)])?;
        }
        Ok(3)
    }

    /// Creates a policy and attaches it to two users and two groups.
    pub(crate) fn policy(&mut self) -> Result<usize> {
        let document = r#"{"Version":"2012-10-17","Statement":[]}"#;
        let response =
            self.post("CreatePolicy", &[("PolicyName", NAME), ("PolicyDocument", document)])?;
        let root = Element::parse(&response).unwrap_or_default();
        let arn =
            root.child("CreatePolicyResult").and_then(|it| it.child("Policy")?.text_of("Arn"));
        arn.unwrap_or_default().clone_into(&mut self.policy);
        let arn = self.policy.clone();
        for index in 0..self.users(2)? {
            let name = format!("{NAME}-{index}");
            self.post("CreateGroup", &[("GroupName", &name)])?;
            self.post("AttachGroupPolicy", &[("GroupName", &name), ("PolicyArn", &arn)])?;
            self.post("AttachUserPolicy", &[("UserName", &name), ("PolicyArn", &arn)])?;
        }
        Ok(4)
    }
}

fn listed(driver: &mut Driver, (api, _, prepare, size, plan): ProbedListing) -> Result<String> {
    let mut bench = Bench::new(api, plan, DEADLINE)?;
    let expected = prepare(&mut bench)?;
    let mut form = form(api);
    form.extend(size.map(|it| ("MaxItems".to_owned(), it.to_string())));
    match api {
        "GetGroup" => form.push(("GroupName".to_owned(), NAME.to_owned())),
        "ListEntitiesForPolicy" => form.push(("PolicyArn".to_owned(), bench.policy.clone())),
        _ => {}
    }
    let log = bench.server.request_log();
    let Ok(outcome) = driver.through(CallVia::Paginator, &form, &bench.session, DEADLINE) else {
        return Ok("does not end".to_owned());
    };
    let sent = counted(log.take().len(), "request");
    Ok(match outcome {
        None | Some(DriverOutcome::Unsupported { .. }) => "has none".to_owned(),
        Some(DriverOutcome::Ok { result }) => format!("{sent}, {}", items(&result, expected)),
        Some(DriverOutcome::SdkError { kind: SdkError::Timeout, .. }) => "does not end".to_owned(),
        Some(other) => format!("{sent}, {}", error_text(&other)),
    })
}

/// The number of items in the lists of a result, compared with the expected number. Repeated items
/// are counted separately.
fn items(result: &serde_json::Map<String, Value>, expected: usize) -> String {
    let all: Vec<&Value> = result.values().filter_map(Value::as_array).flatten().collect();
    let mut distinct: Vec<String> = all.iter().map(ToString::to_string).collect();
    distinct.sort();
    distinct.dedup();
    match (distinct.len(), all.len()) {
        (distinct, all) if distinct == expected && all == expected => format!("all {expected}"),
        (distinct, all) if distinct == all => format!("**{all} of {expected}**"),
        (distinct, all) => format!("**{all}, {} of them repeated**", all - distinct),
    }
}

fn waited(driver: &mut Driver, (_, plan): (&str, &str)) -> Result<String> {
    let mut bench = Bench::new("GetUser", plan, DEADLINE)?;
    bench.raw.post(&form("CreateUser"))?;
    let log = bench.server.request_log();
    let outcome =
        driver.through(CallVia::Waiter, &form("GetUser"), &bench.session, CALL_DEADLINE)?;
    let sent = counted(log.take().len(), "request");
    Ok(match outcome {
        None | Some(DriverOutcome::Unsupported { .. }) => "has none".to_owned(),
        Some(DriverOutcome::Ok { .. }) => format!("{sent}, found"),
        Some(other) => format!("{sent}, {}", error_text(&other)),
    })
}

/// The error of an SDK.
fn error_text(outcome: &DriverOutcome) -> String {
    match outcome {
        DriverOutcome::AwsError { http_status, code, .. } => {
            let status = http_status.map(|it| format!("{it} ")).unwrap_or_default();
            format!("{status}{code}")
        }
        DriverOutcome::SdkError { detail, .. } => {
            // Without the repeated marker.
            let short: String = detail.split(": {").take(1).collect();
            let short: String = short.chars().take(100).collect();
            format!("SDK error: {}", short.replace('|', "/"))
        }
        DriverOutcome::Ok { .. } | DriverOutcome::Unsupported { .. } => String::new(),
    }
}
