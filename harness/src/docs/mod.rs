//! Pages of semantics in Markdown, all of it from the model: how deletion works, call by call, and how that is known.

mod delete_user;
mod operation;
mod tables;
mod wire_example;

use std::collections::BTreeMap;

use anyhow::Result;
use iamspec_model::tables::calls;

use crate::docs::wire_example::WireExample;

/// Where the emulators of today differ, as they were last asked.
const EMULATORS: &str = include_str!("../../../tests/reports/emulators.md");

/// The pages by the names of their files.
///
/// # Errors
/// A script of ours that cannot be read, which a test rules out; an embedded endpoint that cannot be started.
pub fn pages() -> Result<BTreeMap<String, String>> {
    let mut pages = BTreeMap::from([
        ("README.md".to_owned(), index()),
        ("delete-user.md".to_owned(), delete_user::page()),
        ("kinds.md".to_owned(), tables::kinds()),
        ("errors.md".to_owned(), tables::errors()),
        ("unknown.md".to_owned(), tables::unknown()?),
        ("facts.md".to_owned(), tables::facts()),
        ("emulators.md".to_owned(), EMULATORS.to_owned()),
    ]);
    let mut wire = WireExample::new()?;
    for call in calls() {
        pages.insert(format!("calls/{}.md", call.api), operation::page(call, &mut wire)?);
    }
    Ok(pages)
}

/// Where to begin.
fn index() -> String {
    let mut page = "# When is an IAM user deleted?\n\n\
        Printed by `iamspec docs` from the model; a test keeps these pages as it prints them.\n\n\
        - [DeleteUser](delete-user.md): what stands in the way, what takes it away, what is said\n\
        - [What can be attached to a user](kinds.md)\n\
        - [Errors](errors.md)\n\
        - [What is not known](unknown.md), and what would settle it\n\
        - [Facts](facts.md): what all of it rests on\n\
        - [Emulators](emulators.md): where those of today differ\n\n\
        ## Calls\n\n"
        .to_owned();
    for call in calls() {
        page.push_str(&format!("- [{0}](calls/{0}.md)\n", call.api));
    }
    page
}

/// Text that is no markup in Markdown, in a table neither.
fn plain(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}

/// The facts of a claim, each with a way to it from a page so many folders down.
fn ways(facts: &[&str], up: &str) -> String {
    let mut known: Vec<&str> = Vec::new();
    for id in facts {
        if !known.contains(id) {
            known.push(id);
        }
    }
    if known.is_empty() {
        return "no evidence".to_owned();
    }
    let way = |id: &&str| format!("[{id}]({up}facts.md#{})", id.to_lowercase());
    known.iter().map(way).collect::<Vec<_>>().join(" ")
}
