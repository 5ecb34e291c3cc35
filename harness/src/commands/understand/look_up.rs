//! `iamspec explain` for words that are not the name of a rule or an action: a kind, a fact, or any
//! words.

use std::io::Write;

use anyhow::{Result, anyhow};
use iamspec_conformance::oracle::formats::FORMAT_RULES;
use iamspec_conformance::oracle::wire::WIRE_RULES;
use iamspec_conformance::script::corpus::built_in_scripts;
use iamspec_model::evidence::{self, FACTS};
use iamspec_model::tables::attachments::{ATTACHMENTS, AttachmentRow};
use iamspec_model::tables::precedence::PRECEDENCES;
use iamspec_model::{AttachmentAction, Evidence, Fact, rules};

use crate::report::format::summary::counted;

/// The most rows of one kind that a search prints.
const SHOWN_MAX: usize = 8;

/// Prints what the word names, or what contains all of the words. Returns false if nothing does.
pub(crate) fn look_up(words: &str, out: &mut dyn Write) -> Result<bool> {
    if let Some(fact) = evidence::fact(&words.to_uppercase()) {
        print_fact(fact, out)?;
        return Ok(true);
    }
    let is_kind = |row: &&AttachmentRow| {
        let typed = words.to_lowercase().replace('-', " ");
        let noun = row.noun.to_lowercase();
        typed == row.name.replace('-', " ") || typed == noun || typed == format!("{noun}s")
    };
    if let Some(row) = ATTACHMENTS.iter().find(is_kind) {
        print_kind(row, out)?;
        return Ok(true);
    }
    search(words, out)
}

/// The fact, and everything that cites it.
fn print_fact(fact: &Fact, out: &mut dyn Write) -> Result<()> {
    let strength = fact.strength.name();
    let strength = if fact.is_open_question() { "open question" } else { strength };
    writeln!(out, "{} ({strength}): {}: {}", fact.id, fact.operation, fact.state)?;
    let http = fact.http.map(|it| it.to_string());
    let response: Vec<&str> = http.as_deref().into_iter().chain(fact.code).collect();
    let message = fact.message.map(|it| format!("{it:?}")).unwrap_or_default();
    let probe = fact.probe.unwrap_or_default();
    let decision = fact.decision.unwrap_or_default();
    let rows = [
        ("request", fact.input),
        ("response", &response.join(" ")),
        ("message", &message),
        ("source", fact.source),
        ("note", fact.note),
        ("decision", decision),
        ("probe", probe),
        ("settles", &fact.settles.join(", ")),
        ("confirms", &fact.confirms.join(", ")),
        ("contradicts", &fact.contradicts.join(", ")),
        ("cited by", &citations(fact).join(", ")),
    ];
    for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        writeln!(out, "  {name:<11} {value}")?;
    }
    Ok(())
}

/// The ids of the rules that cite the fact.
fn citations(fact: &Fact) -> Vec<String> {
    let cites = |it: &Evidence| it.facts.iter().any(|it| it.id == fact.id);
    let of_responses = rules()
        .filter(|it| [it.clause.status, it.clause.code, it.clause.text].iter().any(cites))
        .map(|it| it.id());
    let of_wire = WIRE_RULES
        .iter()
        .filter(|it| it.evidences().iter().any(cites))
        .map(|it| format!("wire-{}", it.name));
    let of_orders = PRECEDENCES
        .iter()
        .filter(|it| cites(&it.evidence))
        .map(|it| format!("the order after {}", it.first.slug()));
    let of_formats = FORMAT_RULES
        .iter()
        .filter(|it| cites(&it.evidence))
        .map(|it| format!("the format of {} in {}", it.element, it.actions.join(" and ")));
    of_responses.chain(of_wire).chain(of_orders).chain(of_formats).collect()
}

/// The kind, its actions, and its rule of `DeleteUser`.
fn print_kind(row: &AttachmentRow, out: &mut dyn Write) -> Result<()> {
    let blocks = match &row.blocks {
        Some(clause) => format!(
            "DeleteUser is refused while a user holds one: DeleteUser/{} ({})",
            clause.condition.slug(),
            clause.status.level.name()
        ),
        None => "DeleteUser succeeds while a user holds one".to_owned(),
    };
    let actions = AttachmentAction::ALL.iter().filter_map(|it| row.action(*it));
    let actions: Vec<&str> = actions.map(|it| it.api).collect();
    let unit = if row.quota.each == 1 { "" } else { " characters" };
    writeln!(out, "{}: an attachment of a user ({})\n  {blocks}", row.name, row.noun)?;
    writeln!(out, "  quota       {}{unit} for one user ({})", row.quota.max, row.quota.name)?;
    if let Some(loss) = row.lost_on_removal {
        writeln!(out, "  removal     destroys for good: {}", loss.what)?;
    }
    writeln!(out, "  actions     {}", actions.join(", "))?;
    if let Some(first) = actions.first() {
        writeln!(
            out,
            "  next        iamspec explain {first}; iamspec show 'delete-user/alone/{}'",
            row.name
        )?;
    }
    Ok(())
}

/// Every rule, fact and script with all of the words.
fn search(words: &str, out: &mut dyn Write) -> Result<bool> {
    let words: Vec<String> = words.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let has_all = |text: &str| {
        let text = text.to_lowercase();
        !words.is_empty() && words.iter().all(|it| text.contains(it.as_str()))
    };
    let of_rules = rules().map(|it| (it.id(), it.statement()));
    let of_wire =
        WIRE_RULES.iter().map(|it| (format!("wire-{}", it.name), it.statement.to_owned()));
    let all_rules: Vec<(String, String)> = of_rules.chain(of_wire).collect();
    let facts = FACTS.iter().map(|it| {
        let (code, message) = (it.code.unwrap_or_default(), it.message.unwrap_or_default());
        let text = format!("{}: {} {code} {message} {}", it.operation, it.state, it.note);
        (it.id.to_owned(), text)
    });
    let scripts = built_in_scripts().map_err(|(name, why)| anyhow!("{name}: {why}"))?;
    let scripts = scripts.into_iter().map(|it| (it.name, it.idea));
    let mut is_found = false;
    for (what, rows) in
        [("rule", all_rules), ("fact", facts.collect()), ("script", scripts.collect::<Vec<_>>())]
    {
        let found: Vec<(String, String)> =
            rows.into_iter().filter(|(name, text)| has_all(&format!("{name} {text}"))).collect();
        if found.is_empty() {
            continue;
        }
        is_found = true;
        writeln!(out, "{}", counted(found.len(), what))?;
        for (name, text) in found.iter().take(SHOWN_MAX) {
            writeln!(out, "  {name}  {text}")?;
        }
        if found.len() > SHOWN_MAX {
            writeln!(out, "  … and {} more", found.len() - SHOWN_MAX)?;
        }
    }
    if is_found {
        writeln!(
            out,
            "`iamspec explain NAME` explains a rule or a fact; `iamspec show NAME` prints a script"
        )?;
    }
    Ok(is_found)
}
