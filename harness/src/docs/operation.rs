//! One page a call: its rules, and for each the shortest script that shows it.

use anyhow::{Result, anyhow};
use iamspec_conformance::script::corpus::probes;
use iamspec_conformance::{Reference, Suite};
use iamspec_model::tables::precedence::PRECEDENCES;
use iamspec_model::{Action, Expected, Rule};

use crate::docs::wire_example::WireExample;
use crate::docs::{plain, ways};

pub(crate) fn page(call: &'static Action, wire: &mut WireExample) -> Result<String> {
    let mut page = format!(
        "# {}\n\nHow sure each part of an answer is stands behind it: *must* is recorded or documented, *should* is reported, *info* is \
         inferred, and of what is *open* nobody knows.\n\n| rule | answer | status | code | text | facts |\n|---|---|---|---|---|---|\n",
        call.api
    );
    let rules: Vec<Rule> = call.claims.iter().map(|claim| Rule { call, claim }).collect();
    for rule in &rules {
        page.push_str(&row(*rule));
    }
    page.push_str(&orders(call));
    for rule in rules {
        page.push_str(&shown(rule, wire)?);
    }
    Ok(page)
}

fn row(rule: Rule) -> String {
    let claim = rule.claim;
    let answer = match claim.answer {
        Expected::Done => "200".to_owned(),
        Expected::Refused(code) => format!("{} {}", code.http(), code.name()),
    };
    let tiers = [claim.status, claim.code, claim.text];
    let [status, code, words] = tiers.map(|it| it.level.name());
    let words = if claim.answer == Expected::Done { "–" } else { words };
    let facts: Vec<&str> = tiers.iter().flat_map(|it| it.facts).map(|fact| fact.id).collect();
    let id = rule.id();
    let slug = claim.reason.slug();
    format!(
        "| [{slug}](#{}) | {answer} | {status} | {code} | {words} | {} |\n",
        anchor(&id),
        ways(&facts, "../")
    )
}

/// The anchor that a code forge gives a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|it| it.is_alphanumeric() || matches!(it, '-' | ' ' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

/// Which of several refusals is named, where that is known.
fn orders(call: &Action) -> String {
    let mut text = String::new();
    for order in PRECEDENCES.iter().filter(|it| it.calls.contains(&call.api)) {
        let others: Vec<String> = order.then.iter().map(|it| it.slug()).collect();
        let facts: Vec<&str> = order.evidence.facts.iter().map(|fact| fact.id).collect();
        text.push_str(&format!(
            "\nWhere several refuse, `{}` is named before `{}` ({}, {}).\n",
            order.first.slug(),
            others.join("`, `"),
            order.evidence.level.name(),
            ways(&facts, "../")
        ));
    }
    if text.is_empty() {
        text.push_str("\nWhere several refuse, each of them may be named: no order is known.\n");
    }
    text
}

/// The rule in words, its texts, and the shortest script that reaches it, with the answers of the model.
fn shown(rule: Rule, wire: &mut WireExample) -> Result<String> {
    let mut text = format!("\n## {}\n\n{}\n", rule.id(), plain(&rule.statement()));
    let words: Vec<&str> = rule.claim.text.texts().collect();
    if !words.is_empty() {
        text.push_str(&format!(
            "\n> {}\n",
            words.iter().map(|it| plain(it)).collect::<Vec<_>>().join("<br>\n> or ")
        ));
    }
    let scripts =
        probes(rule).map_err(|(name, error)| anyhow!("our script {name} is wrong: {error}"))?;
    let Some(script) = scripts.into_iter().next() else {
        text.push_str("\nNo script of ours asks it.\n");
        return Ok(text);
    };
    let name = script.name.clone();
    let report =
        Suite::new(vec![script.clone()]).run(&mut Reference::default(), &mut |_| (), &|| false);
    let Some(replay) = report.replays.first() else { return Ok(text) };
    let place = replay.exchanges.iter().position(|it| it.in_force.contains(&rule));
    let history = place.map_or_else(|| replay.history(), |place| replay.history().until(place));
    text.push_str(&format!(
        "\nThe shortest of our scripts that asks it, `iamspec run {name}`:\n\n```text\n"
    ));
    for step in &history.steps {
        let call = iamspec_conformance::script::print::operation(&step.operation);
        match &step.answer {
            Some(answer) => text.push_str(&format!("{call:<40} -> {answer}\n")),
            None => text.push_str(&format!("{call}\n")),
        }
    }
    text.push_str("```\n");
    if let Some(exchange) = place.and_then(|place| wire.exchange(&script, place)) {
        text.push_str(&format!(
            "\n<details><summary>Its request and its answer, in names of no account</summary>\n\n```text\n{exchange}\n```\n\n</details>\n"
        ));
    }
    Ok(text)
}
