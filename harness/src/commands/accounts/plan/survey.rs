//! The attachments of many users: one row for each user, as a table, as CSV or as JSON.
//!
//! A row is printed as soon as its user is read, so that an interrupted report keeps its rows.

use std::fmt::{Display, Write as _};
use std::io::Write;

use anyhow::Result;
use iamspec_model::AttachmentKind;
use serde_json::{Value, json};

use crate::client::HttpClient;
use crate::client::account::holdings::{Holdings, Presence, UnreadPart, UserNames};
use crate::commands::accounts::plan::deletion::{assume_none, unconfirmed_line};
use crate::commands::accounts::plan::subject::Selection;
use crate::commands::accounts::plan::{PlanArgs, PlanFormat, forms};
use crate::exit_code;
use crate::report::format::summary::counted;
use crate::wire::attachments::wire;
use crate::wire::constraints::violation;
use crate::wire::output::visible::say;
use crate::wire::output::visible::visible;

/// Reads the users of a selection and prints a row for each.
pub(super) fn survey(
    args: &PlanArgs,
    http: &mut HttpClient,
    selection: &Selection,
    out: &mut dyn Write,
) -> Result<u8> {
    let format = args.format.unwrap_or(PlanFormat::Table);
    let UserNames { names, unread: unlisted, unconfirmed } = match selection {
        Selection::Named(names) => UserNames { names: names.clone(), ..UserNames::default() },
        Selection::Below(prefix) => http.user_names(Some(prefix)),
        Selection::All => http.user_names(None),
    };
    let unlisted_line = unlisted.as_ref().map(|reason| {
        format!("incomplete: the list of users was not read to its end: {}", visible(reason))
    });
    let unconfirmed_line = unconfirmed.then(|| {
        "assumed: no other user (ListUsers does not say that it is complete: no IsTruncated)"
            .to_owned()
    });
    if let Some(line) = unlisted_line.or(unconfirmed_line) {
        say(&format!("iamspec: {line}"));
        if format == PlanFormat::Table {
            writeln!(out, "{line}")?;
        }
    }
    match format {
        PlanFormat::Csv => write!(out, "{}", csv_head())?,
        PlanFormat::Json => {}
        _ => write!(out, "{}", table_head())?,
    }
    let mut codes = Vec::new();
    let mut users = Vec::new();
    let mut incomplete = 0;
    for name in &names {
        let mut held = read(http, name);
        let assumed = assume_none(&mut held, &args.assume_none);
        incomplete += usize::from(status(&held) == "incomplete");
        codes.push(code(&held));
        match format {
            PlanFormat::Csv => write!(out, "{}", csv_row(&held))?,
            PlanFormat::Json => users.push(json_user(&held, &assumed)),
            _ => write!(out, "{}", table_row(&held))?,
        }
        out.flush()?;
    }
    match format {
        PlanFormat::Csv => {}
        PlanFormat::Json => {
            let report = json!({ "complete": unlisted.is_none() && !unconfirmed && incomplete == 0, "list_of_users_not_read": unlisted, "list_of_users_assumed_complete": unconfirmed, "users": users });
            write!(out, "{}", forms::escaped(&report)?)?;
        }
        _ => writeln!(
            out,
            "{}, {incomplete} incomplete; nothing was changed",
            counted(names.len(), "user")
        )?,
    }
    codes.extend(unlisted.map(|_| exit_code::INCONCLUSIVE));
    Ok(exit_code::gravest(codes))
}

/// Reads a user, unless the endpoint returned a name that AWS cannot have.
fn read(http: &mut HttpClient, name: &str) -> Holdings {
    let Some(why) = violation("UserName", name) else { return http.holdings(name) };
    let mut held = Holdings::unknown(name);
    let reason = format!("AWS has no user of this name, {why}");
    let part = |kind: Option<AttachmentKind>| UnreadPart {
        action: kind.map_or("GetUser", |kind| kind.row().list.api),
        kind,
        response: None,
        reason: reason.clone(),
    };
    held.unread =
        [None].into_iter().chain(AttachmentKind::blockers().map(Some)).map(part).collect();
    held
}

fn code(held: &Holdings) -> u8 {
    match held.presence {
        Presence::Absent => exit_code::NOTHING_RAN,
        _ if !held.is_complete() => exit_code::INCONCLUSIVE,
        _ if held.items.is_empty() => exit_code::CONFORMS,
        _ => exit_code::NOT_YET,
    }
}

/// The word for what is known of a user.
fn status(held: &Holdings) -> &'static str {
    match held.presence {
        Presence::Absent => "absent",
        Presence::Gone => "gone",
        _ if held.is_complete() => "complete",
        _ => "incomplete",
    }
}

/// The number of items of each kind; `?` if it is unknown.
fn counts(held: &Holdings) -> Vec<String> {
    let unknown = || if held.presence == Presence::Absent { "-" } else { "?" }.to_owned();
    let count = |kind| held.count(kind).map_or_else(unknown, |it| it.to_string());
    AttachmentKind::blockers().map(count).collect()
}

/// What is unknown of a user, in one line. Actions with the same reason are named together.
fn gaps(held: &Holdings) -> String {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for part in &held.unread {
        match reasons.iter_mut().find(|it| it.0 == part.reason) {
            Some((_, actions)) => actions.push(part.action),
            None => reasons.push((&part.reason, vec![part.action])),
        }
    }
    let unread = reasons.iter().map(|it| format!("{}: {}", it.1.join(", "), visible(it.0)));
    let impossible = held.impossible.iter().map(|it| {
        format!("impossible name of a {}: {}", it.item.kind.row().noun, visible(&it.item.name))
    });
    let unconfirmed = held.unconfirmed.iter().map(|kind| unconfirmed_line(*kind));
    unread.chain(impossible).chain(unconfirmed).collect::<Vec<_>>().join("; ")
}

/// A table of users that were read.
pub(super) fn table(users: &[Holdings]) -> String {
    table_head() + &users.iter().map(table_row).collect::<String>()
}

/// The columns of the kinds in one row.
fn cells<T: Display>(cells: impl IntoIterator<Item = T>) -> String {
    cells.into_iter().fold(String::new(), |mut row, cell| {
        _ = write!(row, "{cell:>8}");
        row
    })
}

fn table_head() -> String {
    let heads = cells(AttachmentKind::blockers().map(|it| wire(it).column));
    format!("{:<10}{heads}  user\n", "status")
}

/// The name is the last column, so that names of any length leave the others aligned.
fn table_row(held: &Holdings) -> String {
    let counts = cells(counts(held));
    let mut out = format!("{:<10}{counts}  {}\n", status(held), visible(&held.user));
    let gaps = gaps(held);
    if !gaps.is_empty() {
        _ = writeln!(out, "{:<10}{gaps}", "");
    }
    out
}

/// Users that were read, as CSV.
pub(super) fn csv(users: &[Holdings]) -> String {
    csv_head() + &users.iter().map(csv_row).collect::<String>()
}

fn csv_head() -> String {
    let kinds: Vec<&str> = AttachmentKind::blockers().map(|it| it.row().name).collect();
    format!("user,status,{},not-read\n", kinds.join(","))
}

fn csv_row(held: &Holdings) -> String {
    let fields = [visible(&held.user), status(held).to_owned()].into_iter();
    let fields = fields.chain(counts(held)).chain([gaps(held)]);
    fields.map(|it| csv_field(&it)).collect::<Vec<_>>().join(",") + "\n"
}

/// A field of RFC 4180. A spreadsheet takes a field that begins with one of four characters for a
/// formula. A name can begin with one, so it then gets an apostrophe, as in a spreadsheet.
fn csv_field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@']) && text.len() > 1;
    let shown = if formula { format!("'{text}") } else { text.to_owned() };
    if shown.contains([',', '"']) { format!("\"{}\"", shown.replace('"', "\"\"")) } else { shown }
}

fn json_user(held: &Holdings, assumed: &[AttachmentKind]) -> Value {
    let items = held.items.iter().map(|it| json!({ "kind": it.kind.row().name, "name": it.name }));
    let unread = held.unread.iter().map(|it| {
        json!({ "action": it.action, "kind": it.kind.map(|it| it.row().name), "reason": it.reason })
    });
    let impossible = held.impossible.iter().map(
        |it| json!({ "kind": it.item.kind.row().name, "name": it.item.name, "reason": it.reason }),
    );
    let names =
        |kinds: &[AttachmentKind]| -> Vec<&str> { kinds.iter().map(|it| it.row().name).collect() };
    json!({
        "user": held.user,
        "status": status(held),
        "held": items.collect::<Vec<_>>(),
        "not_read": unread.collect::<Vec<_>>(),
        "impossible_names": impossible.collect::<Vec<_>>(),
        "not_offered": names(&held.not_offered),
        "assumed_none": names(assumed),
        "assumed_complete": names(&held.unconfirmed),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_kind_that_blocks_has_a_column_of_its_own() {
        let heads: BTreeSet<&str> = AttachmentKind::blockers().map(|it| wire(it).column).collect();
        assert_eq!(heads.len(), AttachmentKind::blockers().count());
        // A column has room for seven letters.
        assert!(heads.iter().all(|it| (1..8).contains(&it.len())), "{heads:?}");
    }

    #[test]
    fn fields_are_quoted_and_never_formulas() {
        assert_eq!(csv_field("alice"), "alice");
        assert_eq!(csv_field("-"), "-");
        assert_eq!(csv_field("a,b"), "\"a,b\"");
        assert_eq!(csv_field("a\"b"), "\"a\"\"b\"");
        assert_eq!(csv_field("=1+1"), "'=1+1");
    }
}
