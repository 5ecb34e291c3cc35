//! One page per rule, at an address that does not change: the statement, the levels, the evidence,
//! the precedence, the shortest script, and the mutants that break the rule.

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use iamspec_conformance::Mutant;
use iamspec_conformance::oracle::wire::{WIRE_RULES, WireRule};
use iamspec_model::{Fact, Rule, rules};

use crate::docs::markdown::{LEGEND, escape, fact_links};
use crate::docs::operation;
use crate::docs::tables::fact_text;

/// The way from a page of a rule to the root folder.
const BASE: &str = "../../";

static RULE_IDS: LazyLock<HashSet<String>> = LazyLock::new(|| rules().map(|it| it.id()).collect());

/// Every mutant of the reference endpoint: the rule that it breaks, and its name.
static MUTANTS: LazyLock<Vec<(String, String)>> = LazyLock::new(|| {
    let all = Mutant::hand_written().chain(Mutant::systematic());
    all.map(|it| (it.rule, it.name)).collect()
});

/// The page of a rule by its id, without an extension, or nothing if there is no such rule. A wire rule
/// has one page for all operations.
pub(crate) fn page_name(id: &str) -> Option<String> {
    if RULE_IDS.contains(id) {
        return Some(format!("rules/{id}"));
    }
    let name = wire_name(id)?;
    WIRE_RULES.iter().any(|rule| rule.name == name).then(|| format!("rules/wire/{name}"))
}

/// The name of a wire rule in an id, with or without an operation.
fn wire_name(id: &str) -> Option<&str> {
    id.split('/').next_back()?.strip_prefix("wire-")
}

/// The page of a rule. `section` states the rule and shows an example.
pub(crate) fn page(rule: Rule, section: &str) -> String {
    let (id, api, clause) = (rule.id(), rule.action.api, rule.clause);
    let own = format!("`{}`", clause.condition.slug());
    let mut page = format!(
        "# {id}\n\n{section}\n## Levels\n\n{}{}\n{LEGEND}",
        operation::TABLE_HEAD,
        operation::row(rule, &own, BASE)
    );
    page.push_str(&format!("\n[Rules of {api}]({BASE}operations/{api}.md)\n"));
    page.push_str(&operation::orders(rule.action, Some(rule), BASE));
    let tiers = [clause.status, clause.code, clause.text];
    page.push_str(&evidence(tiers.iter().flat_map(|it| it.facts).copied(), api));
    page.push_str(&mutants(|it| it == id));
    page
}

/// The facts in full, each once.
fn evidence(facts: impl Iterator<Item = &'static Fact>, api: &str) -> String {
    let mut text = "\n## Evidence\n".to_owned();
    let mut shown: Vec<&str> = Vec::new();
    for fact in facts {
        if shown.contains(&fact.id) {
            continue;
        }
        shown.push(fact.id);
        let (link, note) = (fact_links(&[fact.id], BASE), fact.note_for(api));
        text.push_str(&format!("\n### {link}\n\n{}", fact_text(fact, note)));
    }
    if shown.is_empty() {
        text.push_str("\nThere is no evidence.\n");
    }
    text
}

/// The mutants of the reference endpoint that break the rule.
fn mutants(breaks: impl Fn(&str) -> bool) -> String {
    let names = MUTANTS.iter().filter(|it| breaks(&it.0)).map(|it| it.1.as_str());
    let quoted = names.filter_map(|it| shlex::try_quote(it).ok());
    let lines: Vec<String> = quoted.map(|it| format!("- `iamspec run --mutant {it}`\n")).collect();
    if lines.is_empty() {
        return String::new();
    }
    format!(
        "\n## Endpoints that break it\n\n\
        Each of these commands tests an endpoint with one defect. `--tier wire --level info` also \
        shows what the default tier and level leave out.\n\n{}",
        lines.concat()
    )
}

/// The pages of the wire rules.
pub(crate) fn wire_pages() -> BTreeMap<String, String> {
    WIRE_RULES.iter().map(|it| (format!("rules/wire/{}.md", it.name), wire_page(it))).collect()
}

fn wire_page(rule: &WireRule) -> String {
    let (tier, level) = (rule.tier.name(), rule.level().name());
    let facts = rule.evidences();
    format!(
        "# wire-{}\n\n{}\n\nTier *{tier}*, level *{level}*. Tested by `iamspec run {} --tier wire`.\n\n{LEGEND}{}{}",
        rule.name,
        escape(rule.statement),
        rule.script,
        evidence(facts.iter().flat_map(|it| it.facts).copied(), ""),
        mutants(|it| wire_name(it) == Some(rule.name))
    )
}

/// All rules with their statements, in one page, so that the search of a browser finds them.
pub(crate) fn list() -> String {
    let mut page = "# Rules\n\nSearch this page with your browser.\n".to_owned();
    let mut by_api: BTreeMap<&str, Vec<Rule>> = BTreeMap::new();
    for rule in rules() {
        by_api.entry(rule.action.api).or_default().push(rule);
    }
    for (api, rules) in by_api {
        page.push_str(&format!("\n## {api}\n\n"));
        for rule in rules {
            let (id, statement) = (rule.id(), escape(&rule.statement()));
            page.push_str(&format!("- [{id}](rules/{id}.md): {statement}\n"));
        }
    }
    page.push_str("\n## Form of responses\n\n");
    for WireRule { name, statement, .. } in WIRE_RULES {
        let statement = escape(statement);
        page.push_str(&format!("- [wire-{name}](rules/wire/{name}.md): {statement}\n"));
    }
    page
}
