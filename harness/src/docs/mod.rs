//! The semantics of the model as Markdown pages: how `DeleteUser` decides, one page per operation,
//! and the facts behind each rule.
//!
//! [`pages`] generates every page from the model and the scripts. Only the sentences between the
//! tables are written by hand. The command `iamspec docs` writes the pages to files.

mod delete_user;
mod emulators;
pub(crate) mod markdown;
mod operation;
pub(crate) mod removal;
pub(crate) mod rule;
pub(crate) mod source_links;
pub mod tables;
mod wire_example;

use std::collections::BTreeMap;

use anyhow::{Result, anyhow};
use iamspec_conformance::Script;
use iamspec_conformance::mutation::cover::tested_rules;
use iamspec_conformance::script::corpus::{built_in_scripts, reached_rules};
use iamspec_model::tables::actions;
use iamspec_model::{Rule, rules as all_rules};

use crate::docs::markdown::{LEGEND, STRENGTHS, SYMBOLS};
use crate::docs::wire_example::WireExample;

/// The pages by their file names.
pub(crate) struct SpecificationPages {
    /// The pages that `iamspec docs` prints.
    pub(crate) pages: BTreeMap<String, String>,
    /// The list of rules, and one page for each rule. `iamspec site` writes them.
    pub(crate) rules: BTreeMap<String, String>,
}

/// Every page of `iamspec docs` by its file name.
///
/// # Errors
/// Fails if an embedded script does not parse, which a test rules out, or if the embedded endpoint
/// cannot start.
pub fn pages() -> Result<BTreeMap<String, String>> {
    Ok(specification()?.pages)
}

/// Every page, also those of the rules.
///
/// # Errors
/// As [`pages`].
pub(crate) fn specification() -> Result<SpecificationPages> {
    let scripts = ScriptIndex::new()?;
    let mut pages = BTreeMap::from([
        ("README.md".to_owned(), index()),
        ("delete-user.md".to_owned(), delete_user::page()),
        ("kinds.md".to_owned(), tables::kinds()),
        ("errors.md".to_owned(), tables::errors()),
        ("open-questions.md".to_owned(), tables::open_questions(&scripts)),
        ("facts.md".to_owned(), tables::facts()),
        ("emulators.md".to_owned(), emulators::page()),
    ]);
    let mut rules = rule::wire_pages();
    rules.insert("rules.md".to_owned(), rule::list());
    let mut wire = WireExample::new()?;
    let mut sections: Vec<(Rule, String)> = Vec::new();
    for rule in all_rules() {
        let section = operation::section(rule, &scripts, &mut wire);
        rules.insert(format!("rules/{}.md", rule.id()), rule::page(rule, &section));
        sections.push((rule, section));
    }
    for action in actions() {
        let is_listed = |rule: &Rule| action.clauses.iter().any(|it| std::ptr::eq(it, rule.clause));
        let of_action =
            sections.iter().filter(|(rule, _)| rule.action == action && is_listed(rule));
        let page = operation::page(action, &of_action.collect::<Vec<_>>());
        pages.insert(format!("operations/{}.md", action.api), page);
    }
    Ok(SpecificationPages { pages, rules })
}

/// The start page with links to all others.
fn index() -> String {
    let mut page = "# When does DeleteUser succeed?\n\n\
        `iamspec docs` generates these pages from the model.\n\n\
        - [DeleteUser](delete-user.md): which attachments block it, how to remove them, and the messages\n\
        - [Attachments of a user](kinds.md)\n\
        - [Errors](errors.md)\n\
        - [Open questions](open-questions.md): unspecified behavior, and the scripts that would answer them\n\
        - [Facts](facts.md): the evidence behind the rules\n\
        - [Emulators](emulators.md): where current emulators differ\n\n\
        ## Operations\n\n"
        .to_owned();
    for action in actions() {
        page.push_str(&format!("- [{0}](operations/{0}.md)\n", action.api));
    }
    page.push_str(&format!("\n## Legend\n\n{LEGEND}\n{STRENGTHS}\nSymbols in tables: {SYMBOLS}"));
    page
}

/// Every script, the shortest first.
pub(crate) struct ScriptIndex(Vec<IndexedScript>);

struct IndexedScript {
    script: Script,
    reached: Vec<Rule>,
    /// The ids of the rules that the script tests.
    tested: Vec<String>,
}

impl ScriptIndex {
    /// # Errors
    /// Fails if an embedded script does not parse, which a test rules out.
    pub(crate) fn new() -> Result<Self> {
        let mut scripts = built_in_scripts()
            .map_err(|(name, error)| anyhow!("script {name} does not parse: {error}"))?;
        scripts.sort_by_key(|script| script.steps.len());
        let with_rules = scripts.into_iter().map(|script| IndexedScript {
            reached: reached_rules(&script),
            tested: tested_rules(&script),
            script,
        });
        Ok(Self(with_rules.collect()))
    }

    /// The scripts in which the rule is in force, alone or not.
    pub(crate) fn reaching(&self, rule: Rule) -> impl Iterator<Item = &Script> {
        self.0.iter().filter(move |it| it.reached.contains(&rule)).map(|it| &it.script)
    }

    /// The scripts that test the rule: it alone decides a response.
    pub(crate) fn testing(&self, rule: Rule) -> impl Iterator<Item = &Script> {
        let id = rule.id();
        self.0.iter().filter(move |it| it.tested.contains(&id)).map(|it| &it.script)
    }
}
