//! The evidence of every rule states the status, the code and the text that the rule states.

use iamspec_model::{Condition, Expected, FACTS, Fact, Level, Rule, Strength, rules};

/// Returns true if the fact is about this action: it has its name, or an abbreviated list of names
/// such as `Upload/List/DeleteSigningCertificate` or `UpdateServiceSpecificCredential / Delete...`.
fn is_about(fact: &Fact, api: &str) -> bool {
    let verb_end = api.chars().skip(1).position(char::is_uppercase).map_or(api.len(), |it| it + 1);
    let (verb, noun) = api.split_at(verb_end);
    let shortened = fact.operation.split(['/', ' ']).any(|it| it.trim_end_matches('.') == verb);
    let general = match fact.operation {
        "any" => true,
        several if several.contains("any user op") => true,
        "List*" => api.starts_with("List"),
        "*PolicyVersion" => api.ends_with("PolicyVersion"),
        _ => false,
    };
    general
        || fact.operation.contains(api)
        || fact.state == api
        || shortened && fact.operation.contains(noun.trim_end_matches('s'))
}

/// Returns true if the fact states the code and status of the rule: in its columns, or in its note
/// for this action (A-016, D-022).
fn supports(fact: &Fact, rule: &Rule) -> bool {
    let about = is_about(fact, rule.action.api);
    let Expected::Refused(code) = rule.clause.expected else {
        // E-001 has the response lengths of a few actions.
        let length = fact.note.split(&format!("{} ", rule.action.api)).nth(1);
        return about && fact.http == Some(200)
            || fact.note.contains(&format!("{}(", rule.action.api))
            || length.is_some_and(|it| it.starts_with(|it: char| it.is_ascii_digit()));
    };
    let code_and_status = format!("{} {}", code.name(), code.http_status());
    let of_action = |part: &str| part.trim().starts_with(&format!("{}: ", rule.action.api));
    let in_note =
        fact.note.split(';').any(|part| of_action(part) && part.contains(&code_and_status));
    let in_columns = fact.http == Some(code.http_status()) && fact.code == Some(code.name());
    in_note || about && (in_columns || fact.note.contains(&code_and_status))
}

#[test]
fn a_fact_supports_every_binding_response() {
    for rule in rules().filter(|rule| rule.clause.code.level > Level::Info) {
        let facts = rule.clause.code.facts.iter().chain(rule.clause.status.facts);
        assert!(
            facts.clone().any(|fact| supports(fact, &rule)),
            "no fact supports {}: {:?}",
            rule.id(),
            facts.map(|it| it.id).collect::<Vec<_>>()
        );
    }
}

#[test]
fn no_cited_fact_contradicts_its_rule() {
    for rule in rules().filter(|rule| rule.clause.status.level > Level::Unspecified) {
        let Expected::Refused(code) = rule.clause.expected else { continue };
        for fact in rule.clause.code.facts.iter().chain(rule.clause.text.facts) {
            assert!(
                fact.http.is_none_or(|http| http == code.http_status() || fact.message.is_none()),
                "{}: {}",
                rule.id(),
                fact.id
            );
            assert!(fact.code.is_none_or(|it| it == code.name()), "{}: {}", rule.id(), fact.id);
        }
    }
}

#[test]
fn a_fact_has_every_binding_text() {
    for rule in rules().filter(|rule| rule.clause.expected != Expected::Success) {
        let text = rule.clause.text;
        assert!(text.level == Level::Unspecified || text.texts().next().is_some(), "{}", rule.id());
    }
}

#[test]
fn no_level_exceeds_the_strongest_fact() {
    for rule in rules() {
        for evidence in [rule.clause.status, rule.clause.code, rule.clause.text] {
            let strongest =
                evidence.facts.iter().map(|fact| fact.strength).max().unwrap_or(Strength::Unknown);
            let highest = match strongest {
                Strength::Recorded | Strength::Documented => Level::Must,
                Strength::Reported => Level::Should,
                Strength::Inferred => Level::Info,
                Strength::Unknown => Level::Unspecified,
            };
            assert!(evidence.level <= highest, "{}", rule.id());
        }
        let text = rule.clause.text;
        let texts = text.facts.iter().filter(|fact| fact.message.is_some());
        if let Some(strongest) = texts.map(|fact| fact.text_strength).max() {
            let highest = match strongest {
                Strength::Recorded | Strength::Documented => Level::Must,
                Strength::Reported => Level::Should,
                Strength::Inferred | Strength::Unknown => Level::Info,
            };
            assert!(text.level <= highest, "{}: the text", rule.id());
        }
    }
}

#[test]
fn rule_ids_and_fact_ids_are_unique() {
    let mut ids: Vec<String> = rules().map(|rule| rule.id()).collect();
    ids.extend(FACTS.iter().map(|fact| fact.id.to_owned()));
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

#[test]
fn the_first_clause_of_every_action_is_unhindered() {
    assert!(
        iamspec_model::tables::actions()
            .all(|call| call.clauses.len() <= 32
                && call.clauses[0].condition == Condition::Unhindered)
    );
}
