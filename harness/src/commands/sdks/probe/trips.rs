//! What becomes of values that are allowed and odd: on their way to the service, and back to whoever called.

use std::io::Write;

use anyhow::Result;

use crate::commands::sdks::probe::{Bench, DEADLINE, NAME, head, saw};
use crate::driver::Driver;

/// A value: what is said of it, the call, the members that it is asked with, and the call that shows it.
type Trip = (&'static str, &'static str, fn() -> Vec<(String, String)>, &'static str);

const TRIPS: [Trip; 15] = [
    ("a name with `+=,.@-_`", "CreateUser", || user("a+=,.@-_z"), "ListUsers"),
    ("a name of 64 characters", "CreateUser", || user(&"x".repeat(64)), "ListUsers"),
    ("a name of 65 characters", "CreateUser", || user(&"x".repeat(65)), "ListUsers"),
    ("a path with every character from `!` to `~`", "CreateUser", path, "ListUsers"),
    ("50 tags", "TagUser", || tags(&many(50)), "ListUserTags"),
    ("51 tags", "TagUser", || tags(&many(51)), "ListUserTags"),
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
    ("a password with every punctuation", "CreateLoginProfile", password, "GetLoginProfile"),
    ("a boundary", "PutUserPermissionsBoundary", boundary, "GetUser"),
];

fn member(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn user(name: &str) -> Vec<(String, String)> {
    vec![member("UserName", name)]
}

fn path() -> Vec<(String, String)> {
    let every: String = ('!'..='~').collect();
    vec![member("UserName", "b"), member("Path", &format!("/{every}/"))]
}

fn many(count: usize) -> Vec<(String, String)> {
    (0..count).map(|it| (format!("key-{it}"), it.to_string())).collect()
}

fn tags(pairs: &[(String, String)]) -> Vec<(String, String)> {
    let mut form = user(NAME);
    for (place, (key, value)) in pairs.iter().enumerate() {
        form.push((format!("Tags.member.{}.Key", place + 1), key.clone()));
        form.push((format!("Tags.member.{}.Value", place + 1), value.clone()));
    }
    form
}

fn document(id: &str, end: &str) -> Vec<(String, String)> {
    let document = format!("{{\"Version\":\"2012-10-17\",\"Id\":\"{id}\",{end}\"Statement\":[]}}");
    vec![member("UserName", NAME), member("PolicyName", NAME), member("PolicyDocument", &document)]
}

fn password() -> Vec<(String, String)> {
    let every: String = ('!'..='~').filter(char::is_ascii_punctuation).collect();
    vec![
        member("UserName", NAME),
        member("Password", &format!("Aa1{every}")),
        member("PasswordResetRequired", "false"),
    ]
}

/// The policy of AWS's that every account has.
fn boundary() -> Vec<(String, String)> {
    vec![member("UserName", NAME), member("PermissionsBoundary", "")]
}

pub(crate) fn table(drivers: &mut [Driver], names: &str, out: &mut dyn Write) -> Result<()> {
    writeln!(
        out,
        "\nWhat becomes of values that are odd: sent as it was asked and handed out as it was answered (✓), or not.\n"
    )?;
    writeln!(out, "| value | call | {names} |")?;
    writeln!(out, "|---|---|{}", "---|".repeat(drivers.len()))?;
    for trip in TRIPS {
        let cells = drivers.iter_mut().map(|it| cell(it, trip)).collect::<Result<Vec<_>>>()?;
        writeln!(out, "| {} | {}, {} | {} |", trip.0, trip.1, trip.3, cells.join(" | "))?;
    }
    Ok(())
}

fn cell(driver: &mut Driver, (_, api, members, shows): Trip) -> Result<String> {
    let mut bench = Bench::new(api, "", DEADLINE)?;
    bench.post("CreateUser", &[("UserName", NAME)])?;
    bench.policy()?;
    driver.watch(bench.server.ears());
    let mut form = head(api);
    form.extend(members());
    form.iter_mut()
        .filter(|(name, _)| name == "PermissionsBoundary")
        .for_each(|(_, it)| it.clone_from(&bench.policy));
    let answer = driver.call(&form, &bench.session, DEADLINE);
    let mut read = head(shows);
    let about: &[&str] = match shows {
        "ListUsers" => &[],
        "GetUserPolicy" => &["UserName", "PolicyName"],
        _ => &["UserName"],
    };
    read.extend(form.iter().filter(|(name, _)| about.contains(&name.as_str())).cloned());
    if matches!(answer, Ok((200, _))) {
        _ = driver.call(&read, &bench.session, DEADLINE);
    }
    let said = saw(&answer).replace("success", "✓");
    let remarks: Vec<String> =
        driver.remarks().iter().map(|it| format!("{} {}", it.api, it.what)).collect();
    Ok(if remarks.is_empty() { said } else { format!("{said}, **{}**", remarks.join("; ")) })
}
