//! The page that compares current emulators: the tables of `iamspec matrix`, with a column that
//! states what the model expects of AWS, and a legend.

use iamspec_conformance::oracle::wire::WIRE_RULES;
use iamspec_model::{AttachmentKind, rules};

use crate::docs::markdown::{LEGEND_LINK, SYMBOLS, escape};
use crate::docs::removal::response;

/// The comparison of current emulators, from the last campaign.
const EMULATORS: &str = include_str!("../../data/emulators.md");

/// The head of the column.
const AWS: &str = "AWS, as the model has it";

/// What the rows of a table are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rows {
    Kinds,
    Rules,
}

/// The page: the legend before the first table, and the column in the tables of kinds and rules.
pub(crate) fn page() -> String {
    let (intro, tables) = EMULATORS.split_once("\n\nDeleteUser of ").unwrap_or((EMULATORS, ""));
    let lines: Vec<&str> = tables.lines().collect();
    format!("{intro}\n\n{SYMBOLS}\n{LEGEND_LINK}\nDeleteUser of {}", with_aws(&lines))
}

/// The table of the responses to `DeleteUser`, one row for each kind of attachment.
pub(crate) fn deletion_table() -> String {
    let lines = EMULATORS.lines().skip_while(|it| rows_of(it) != Some(Rows::Kinds));
    let table: Vec<&str> = lines.take_while(|it| it.starts_with('|')).collect();
    with_aws(&table)
}

/// These lines, with the column of AWS after the first column of each table of kinds or rules.
fn with_aws(lines: &[&str]) -> String {
    let mut text = String::new();
    let mut rows = None;
    for line in lines {
        let head = rows_of(line);
        rows = if line.starts_with('|') { head.or(rows) } else { None };
        let cells = line.strip_prefix('|').and_then(|it| it.split_once('|'));
        match (rows, cells) {
            (Some(_), Some((name, rest))) if head.is_some() => {
                text.push_str(&format!("|{name}| {AWS} |{rest}\n"));
            }
            (Some(_), Some(("---", rest))) => text.push_str(&format!("|---|---|{rest}\n")),
            (Some(rows), Some((name, rest))) => {
                let expected = expected(rows, name.trim().trim_matches('`'));
                let expected = expected.unwrap_or_else(|| "–".to_owned());
                text.push_str(&format!("|{name}| {expected} |{rest}\n"));
            }
            _ => text.push_str(&format!("{line}\n")),
        }
    }
    text
}

/// What the rows of the table with this head are.
fn rows_of(head: &str) -> Option<Rows> {
    match head {
        _ if head.starts_with("| kind |") => Some(Rows::Kinds),
        _ if head.starts_with("| rule |") => Some(Rows::Rules),
        _ => None,
    }
}

/// The response of AWS to `DeleteUser` if the user has this kind, or what a rule requires.
fn expected(rows: Rows, name: &str) -> Option<String> {
    if rows == Rows::Kinds {
        let mut kinds = AttachmentKind::blockers().map(AttachmentKind::row);
        return Some(response(&kinds.find(|it| it.noun == name)?.blocks?).0);
    }
    if let Some(rule) = rules().find(|it| it.id() == name) {
        return Some(response(rule.clause).0);
    }
    let (_, of_wire) = name.split_once("/wire-")?;
    Some(escape(WIRE_RULES.iter().find(|it| it.name == of_wire)?.statement))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_and_every_rule_of_the_page_has_the_response_of_aws() {
        let rows = |first: &str| -> Vec<String> {
            let page = page();
            let table = page.lines().skip_while(|it| !it.starts_with(first)).skip(2);
            table.take_while(|it| it.starts_with('|')).map(str::to_owned).collect()
        };
        let (kinds, rules) = (rows("| kind |"), rows("| rule |"));
        assert_eq!(kinds.len(), AttachmentKind::blockers().count());
        assert!(rules.len() > 20, "{}", rules.len());
        for row in kinds.iter().chain(&rules) {
            let cell = row.split('|').nth(2).unwrap().trim();
            assert!(!cell.is_empty() && cell != "–", "{row}");
        }
        for line in deletion_table().lines().skip(2) {
            assert!(line.contains("| 409 DeleteConflict |"), "{line}");
        }
    }
}
