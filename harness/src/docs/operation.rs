//! One page per operation: its rules, and per rule the shortest script that shows its response.
//!
//! An example always ends in the response of its rule. A rule that no script shows has none.

use iamspec_conformance::oracle::messages;
use iamspec_conformance::results::undecidable::undecidable;
use iamspec_conformance::script::print;
use iamspec_conformance::{EndpointText, Exchange, Reference, Response, Script, ScriptRun, Suite};
use iamspec_model::tables::precedence::{PRECEDENCES, Precedence, decisive_rule};
use iamspec_model::{Action, Expected, Rule};

use crate::docs::ScriptIndex;
use crate::docs::markdown::{LEGEND, anchor, escape, fact_links};
use crate::docs::wire_example::WireExample;

/// The page. `sections` has the [`section`] of each rule of the operation.
pub(crate) fn page(action: &'static Action, sections: &[&(Rule, String)]) -> String {
    let mut page = format!("# {}\n\n{TABLE_HEAD}", action.api);
    for (rule, _) in sections {
        let name = format!("[{}](#{})", rule.clause.condition.slug(), anchor(&rule.id()));
        page.push_str(&row(*rule, &name, "../"));
    }
    page.push_str(&format!("\n{LEGEND}"));
    let orders = orders(action, None, "../");
    page.push_str(if orders.is_empty() {
        "\nIf several rules refuse, any of them may be reported: no order is known.\n"
    } else {
        &orders
    });
    for (rule, section) in sections {
        page.push_str(&format!("\n## {}\n\n{section}", rule.id()));
    }
    page
}

/// The head of a table of rules.
pub(crate) const TABLE_HEAD: &str =
    "| rule | response | status | code | text | facts |\n|---|---|---|---|---|---|\n";

/// The row of a rule. `base` is the relative path from the page to the root folder.
pub(crate) fn row(rule: Rule, name: &str, base: &str) -> String {
    let clause = rule.clause;
    let response = match clause.expected {
        Expected::Success => "200".to_owned(),
        Expected::Refused(code) => format!("{} {}", code.http_status(), code.name()),
    };
    let tiers = [clause.status, clause.code, clause.text];
    let [status, code, text] = tiers.map(|it| it.level.name());
    let text = if clause.expected == Expected::Success { "–" } else { text };
    let facts: Vec<&str> = tiers.iter().flat_map(|it| it.facts).map(|fact| fact.id).collect();
    format!("| {name} | {response} | {status} | {code} | {text} | {} |\n", fact_links(&facts, base))
}

/// The known orders among the refusals of the operation, or those that name the rule.
pub(crate) fn orders(action: &Action, rule: Option<Rule>, base: &str) -> String {
    let mut text = String::new();
    let names = |order: &&Precedence, rule: Rule| {
        let condition = rule.clause.condition;
        order.first == condition || order.then.contains(&condition)
    };
    let orders = PRECEDENCES.iter().filter(|it| it.actions.contains(&action.api));
    for order in orders.filter(|it| rule.is_none_or(|rule| names(it, rule))) {
        let others: Vec<String> = order.then.iter().map(|it| it.slug()).collect();
        let facts: Vec<&str> = order.evidence.facts.iter().map(|fact| fact.id).collect();
        text.push_str(&format!(
            "\nIf several rules refuse, `{}` is reported before `{}` ({}, {}).\n",
            order.first.slug(),
            others.join("`, `"),
            order.evidence.level.name(),
            fact_links(&facts, base)
        ));
    }
    text
}

/// The rule in words, its messages, and its example.
pub(crate) fn section(rule: Rule, scripts: &ScriptIndex, wire: &mut WireExample) -> String {
    let mut text = escape(&rule.statement()) + "\n";
    let mut messages: Vec<String> = rule.clause.text.texts().map(escape).collect();
    messages.dedup();
    if !messages.is_empty() {
        text.push_str(&format!("\n> {}\n", messages.join("<br>\n> or ")));
    }
    if let Some(reason) = undecidable(rule) {
        text.push_str(&format!("\nNo call can test this rule alone: {}.\n", escape(reason)));
    }
    let is_reached = scripts.reaching(rule).next().is_some();
    let candidates = scripts.testing(rule).chain(scripts.reaching(rule));
    match candidates.into_iter().find_map(|script| Example::find(rule, script)) {
        Some(example) => text.push_str(&example.markdown(wire)),
        None if is_reached => text.push_str(
            "\nScripts reach this rule, but the reference endpoint responds as another rule requires.\n",
        ),
        None => text.push_str("\nNo script reaches this rule.\n"),
    }
    text
}

/// A run of a script up to the request that a rule answers.
struct Example<'a> {
    script: &'a Script,
    run: ScriptRun,
    /// The index of the request.
    last: usize,
}

impl<'a> Example<'a> {
    /// Runs the script against the reference and looks for the response of the rule.
    fn find(rule: Rule, script: &'a Script) -> Option<Self> {
        let suite = Suite::new(vec![script.clone()]);
        let report = suite.run(&mut Reference::default(), &mut |_| (), &|| false);
        let run = report.script_runs.into_iter().next()?;
        let mut written = run.exchanges.iter().take(script.steps.len());
        let is_decisive = |it: &Exchange| decisive_rule(&it.in_force) == Some(rule);
        let last = match written.clone().position(is_decisive) {
            Some(last) => last,
            None => written.position(|it| is_response_of(rule, it))?,
        };
        Some(Self { script, run, last })
    }

    fn markdown(&self, wire: &mut WireExample) -> String {
        let name = &self.script.name;
        let mut text =
            format!("\nThe shortest script that shows it, `iamspec run {name}`:\n\n```text\n");
        for step in &self.run.history().until(self.last).steps {
            let operation = print::operation(&step.operation);
            match &step.response {
                Some(response) => text.push_str(&format!("{operation:<40} -> {response}\n")),
                None => text.push_str(&format!("{operation}\n")),
            }
        }
        text.push_str("```\n");
        if let Some(exchange) = wire.exchange(self.script, self.last) {
            text.push_str(&format!(
                "\n<details><summary>Request and response, with example names</summary>\n\n```text\n{exchange}\n```\n\n</details>\n"
            ));
        }
        text
    }
}

/// Whether this rule gave the response, and not another rule that was in force as well.
fn is_response_of(rule: Rule, exchange: &Exchange) -> bool {
    if !exchange.in_force.contains(&rule) {
        return false;
    }
    match (&exchange.response, rule.clause.expected) {
        (Some(Response::Success(_)), Expected::Success) => true,
        (Some(Response::Refused { code, message, .. }), Expected::Refused(expected)) => {
            let symbols = messages::symbols(&exchange.operation);
            let text =
                messages::reference_message(rule, &exchange.before, &exchange.operation, &symbols);
            code == expected.name()
                && message.as_ref().map(EndpointText::complete) == text.as_deref()
        }
        _ => false,
    }
}
