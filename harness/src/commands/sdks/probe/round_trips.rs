//! Round trips of unusual but valid values: from the caller to the service and back.

use std::io::Write;

use anyhow::Result;

use crate::commands::sdks::probe::{Bench, DEADLINE, NAME, base_form, result_of};
use crate::driver::Driver;

/// A value: a description, the action that sends it, its parameters, and the action that returns it.
type RoundTrip = (&'static str, &'static str, fn() -> Vec<(String, String)>, &'static str);

const ROUND_TRIPS: [RoundTrip; 15] = [
    ("a name with `+=,.@-_`", "CreateUser", || user("a+=,.@-_z"), "ListUsers"),
    ("a name of 64 characters", "CreateUser", || user(&"x".repeat(64)), "ListUsers"),
    ("a name of 65 characters", "CreateUser", || user(&"x".repeat(65)), "ListUsers"),
    ("a path with every character from `!` to `~`", "CreateUser", path, "ListUsers"),
    ("50 tags", "TagUser", || tags(&numbered_tags(50)), "ListUserTags"),
    ("51 tags", "TagUser", || tags(&numbered_tags(51)), "ListUserTags"),
    ("no tag", "TagUser", || tags(&[]), "ListUserTags"),
    ("an empty value of a tag", "TagUser", || tags(&[("a".into(), String::new())]), "ListUserTags"),
    (
        "a tag beyond ASCII",
        "TagUser",
        || tags(&[("grün".into(), "é + 100 % & = \u{1f4e6}".into())]),
        "ListUserTags",
    ),
    (
        "keys that differ in case",
        "TagUser",
        || tags(&[("a".into(), "1".into()), ("A".into(), "2".into())]),
        "ListUserTags",
    ),
    (
        "a key that begins with `aws:`",
        "TagUser",
        || tags(&[("aws:a".into(), "1".into())]),
        "ListUserTags",
    ),
    (
        "a document with spaces, `+`, `%2F`, `~`, `é`, CRLF",
        "PutUserPolicy",
        || document("a +%2F~é", "\r\n"),
        "GetUserPolicy",
    ),
    (
        "a document of 131,073 characters",
        "PutUserPolicy",
        || document(&"x".repeat(131_026), ""),
        "GetUserPolicy",
    ),
    ("a password with all punctuation", "CreateLoginProfile", password, "GetLoginProfile"),
    ("a boundary", "PutUserPermissionsBoundary", boundary, "GetUser"),
];

fn parameter(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn user(name: &str) -> Vec<(String, String)> {
    vec![parameter("UserName", name)]
}

fn path() -> Vec<(String, String)> {
    let every: String = ('!'..='~').collect();
    vec![parameter("UserName", "b"), parameter("Path", &format!("/{every}/"))]
}

fn numbered_tags(count: usize) -> Vec<(String, String)> {
    (0..count).map(|it| (format!("key-{it}"), it.to_string())).collect()
}

fn tags(pairs: &[(String, String)]) -> Vec<(String, String)> {
    let mut form = user(NAME);
    for (index, (key, value)) in pairs.iter().enumerate() {
        form.push((format!("Tags.member.{}.Key", index + 1), key.clone()));
        form.push((format!("Tags.member.{}.Value", index + 1), value.clone()));
    }
    form
}

fn document(id: &str, end: &str) -> Vec<(String, String)> {
    let document = format!("{{\"Version\":\"2012-10-17\",\"Id\":\"{id}\",{end}\"Statement\":[]}}");
    vec![
        parameter("UserName", NAME),
        parameter("PolicyName", NAME),
        parameter("PolicyDocument", &document),
    ]
}

fn password() -> Vec<(String, String)> {
    let every: String = ('!'..='~').filter(char::is_ascii_punctuation).collect();
    vec![
        parameter("UserName", NAME),
        parameter("Password", &format!("Aa1{every}")),
        parameter("PasswordResetRequired", "false"),
    ]
}

/// The boundary. The ARN of the policy replaces the empty value.
fn boundary() -> Vec<(String, String)> {
    vec![parameter("UserName", NAME), parameter("PermissionsBoundary", "")]
}

pub(crate) fn table(drivers: &mut [Driver], names: &str, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "\nUnusual values: ✓ if the SDK sends and returns the value unchanged.\n")?;
    writeln!(out, "| value | actions | {names} |")?;
    writeln!(out, "|---|---|{}", "---|".repeat(drivers.len()))?;
    for round_trip in ROUND_TRIPS {
        let cells =
            drivers.iter_mut().map(|it| cell(it, round_trip)).collect::<Result<Vec<_>>>()?;
        writeln!(
            out,
            "| {} | {}, {} | {} |",
            round_trip.0,
            round_trip.1,
            round_trip.3,
            cells.join(" | ")
        )?;
    }
    Ok(())
}

fn cell(driver: &mut Driver, (_, api, parameters, reads): RoundTrip) -> Result<String> {
    let mut bench = Bench::new(api, "", DEADLINE)?;
    bench.post("CreateUser", &[("UserName", NAME)])?;
    bench.policy()?;
    driver.watch(bench.server.request_log());
    let mut form = base_form(api);
    form.extend(parameters());
    form.iter_mut()
        .filter(|(name, _)| name == "PermissionsBoundary")
        .for_each(|(_, it)| it.clone_from(&bench.policy));
    let response = driver.call(&form, &bench.session, DEADLINE);
    let mut read = base_form(reads);
    let needed: &[&str] = match reads {
        "ListUsers" => &[],
        "GetUserPolicy" => &["UserName", "PolicyName"],
        _ => &["UserName"],
    };
    read.extend(form.iter().filter(|(name, _)| needed.contains(&name.as_str())).cloned());
    if matches!(response, Ok((200, _))) {
        _ = driver.call(&read, &bench.session, DEADLINE);
    }
    let result = result_of(&response).replace("success", "✓");
    let deviations: Vec<String> =
        driver.remarks().iter().map(|it| format!("{} {}", it.api, it.what)).collect();
    Ok(match deviations.as_slice() {
        [] => result,
        deviations => format!("{result}, **{}**", deviations.join("; ")),
    })
}
