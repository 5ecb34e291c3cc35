//! Every rule rests on facts that say what the rule says, tier by tier.

use iamspec_model::{Condition, Expected, FACTS, Fact, Level, Rule, Strength, rules};

/// Whether the fact is about this call: it names it, or shortens a list of names as in
/// `Upload/List/DeleteSigningCertificate` and `UpdateServiceSpecificCredential / Delete...`.
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

/// Whether the fact says that the call is answered with this code and status: in its columns, or
/// by naming them for the call in its note (A-016, D-022).
fn says(fact: &Fact, rule: &Rule) -> bool {
    let about = is_about(fact, rule.call.api);
    let Expected::Refused(code) = rule.claim.answer else {
        // E-001 has the lengths of the answers to a few calls.
        let length = fact.note.split(&format!("{} ", rule.call.api)).nth(1);
        return about && fact.http == Some(200)
            || fact.note.contains(&format!("{}(", rule.call.api))
            || length.is_some_and(|it| it.starts_with(|it: char| it.is_ascii_digit()));
    };
    let words = format!("{} {}", code.name(), code.http());
    let of_call = |part: &str| part.trim().starts_with(&format!("{}: ", rule.call.api));
    let modelled = fact.note.split(';').any(|part| of_call(part) && part.contains(&words));
    let direct = fact.http == Some(code.http()) && fact.code == Some(code.name());
    modelled || about && (direct || fact.note.contains(&words))
}

#[test]
fn every_binding_refusal_and_success_is_said_by_a_fact() {
    for rule in rules().filter(|rule| rule.claim.code.level > Level::Info) {
        let facts = rule.claim.code.facts.iter().chain(rule.claim.status.facts);
        assert!(
            facts.clone().any(|fact| says(fact, &rule)),
            "{} is said by none of {:?}",
            rule.id(),
            facts.map(|it| it.id).collect::<Vec<_>>()
        );
    }
}

#[test]
fn no_fact_that_a_rule_cites_says_the_opposite() {
    for rule in rules().filter(|rule| rule.claim.status.level > Level::Open) {
        let Expected::Refused(code) = rule.claim.answer else { continue };
        for fact in rule.claim.code.facts.iter().chain(rule.claim.text.facts) {
            assert!(
                fact.http.is_none_or(|http| http == code.http() || fact.message.is_none()),
                "{}: {}",
                rule.id(),
                fact.id
            );
            assert!(fact.code.is_none_or(|it| it == code.name()), "{}: {}", rule.id(), fact.id);
        }
    }
}

#[test]
fn every_binding_text_is_quoted_from_a_fact() {
    for rule in rules().filter(|rule| rule.claim.answer != Expected::Done) {
        let text = rule.claim.text;
        assert!(text.level == Level::Open || text.texts().next().is_some(), "{}", rule.id());
    }
}

#[test]
fn a_level_is_never_higher_than_its_strongest_fact() {
    for rule in rules() {
        for evidence in [rule.claim.status, rule.claim.code, rule.claim.text] {
            let strongest =
                evidence.facts.iter().map(|fact| fact.strength).max().unwrap_or(Strength::Unknown);
            let most = match strongest {
                Strength::Recorded | Strength::Documented => Level::Must,
                Strength::Reported => Level::Should,
                Strength::Inferred => Level::Info,
                Strength::Unknown => Level::Open,
            };
            assert!(evidence.level <= most, "{}", rule.id());
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
fn the_first_claim_of_every_call_is_that_nothing_hinders_it() {
    assert!(
        iamspec_model::rule::calls()
            .all(|call| call.claims.len() <= 32 && call.claims[0].reason == Condition::Unhindered)
    );
}
