//! The page about `DeleteUser`: which attachments block it, and in which order to remove them.

use iamspec_model::tables::actions;
use iamspec_model::tables::precedence::PRECEDENCES;
use iamspec_model::{AttachmentAction, AttachmentKind, Evidence, Level};

use crate::docs::emulators;
use crate::docs::markdown::{LEGEND, SYMBOLS, escape, fact_links};
use crate::docs::removal::{fact_ids, losses, response, step_orders};

pub(crate) fn page() -> String {
    let mut page = "# DeleteUser\n\n\
        DeleteUser succeeds if the user exists and has none of the attachments in this table. Remove each of them first. \
        See also [all rules of the operation](operations/DeleteUser.md).\n\n\
        | attachment | created by | removed by | message of 409 DeleteConflict | levels | facts |\n\
        |---|---|---|---|---|---|\n"
        .to_owned();
    for kind in AttachmentKind::blockers() {
        page.push_str(&row(kind));
    }
    page.push_str(&format!("\n{LEGEND}"));
    page.push_str(&order());
    page.push_str(&destroyed());
    page.push_str(&reported_first());
    page.push_str(&inactive());
    page.push_str(&emulators());
    page.push_str(
        "\n## What does not block DeleteUser\n\n\
        Tags, the permissions boundary, and a virtual MFA device that is no longer enabled for the user.\n",
    );
    page.push_str(&diagram());
    page
}

/// The order of removal.
fn order() -> String {
    let mut text = "\n## In which order\n\n\
        The order of removal is free: no rule refuses a removal because of another attachment. \
        A resource to which an attachment refers can be deleted only after the attachment is removed. \
        DeleteUser does not require its deletion. If you delete it too, keep this order:\n\n"
        .to_owned();
    for order in step_orders() {
        let (response, message) = response(order.refusal);
        let message = message.map(|it| format!(", *{}*", escape(it))).unwrap_or_default();
        text.push_str(&format!(
            "- {} before {}. Otherwise the response is {response}{message} ({}; {}).\n",
            link(order.first),
            link(order.then),
            order.refusal.status.level.name(),
            fact_links(&fact_ids(order.refusal), "")
        ));
    }
    text + "\n`iamspec plan` prints a complete plan for a user.\n"
}

/// What each step destroys for good.
fn destroyed() -> String {
    let mut text = "\n## What each step destroys\n\n\
        After these steps, no action returns what they destroy. No fact names a loss for another step.\n\n\
        | step | lost for good | facts |\n|---|---|---|\n"
        .to_owned();
    for (api, loss) in losses() {
        let facts: Vec<&str> = loss.facts.iter().map(|fact| fact.id).collect();
        let facts = fact_links(&facts, "");
        text.push_str(&format!("| {} | {} | {facts} |\n", link(api), loss.what));
    }
    text
}

/// The link to the page of an action.
fn link(api: &str) -> String {
    format!("[{api}](operations/{api}.md)")
}

/// Which refusal is reported if several attachments block.
fn reported_first() -> String {
    let mut text = "\n## Which refusal is reported first\n\n\
        If several attachments block DeleteUser, the response names one of them. \
        Any of them conforms, except for these known orders:\n\n"
        .to_owned();
    for order in PRECEDENCES.iter().filter(|it| it.actions.contains(&"DeleteUser")) {
        let others: Vec<String> = order.then.iter().map(|it| it.slug()).collect();
        text.push_str(&format!(
            "- `{}` is reported before `{}` ({}, {})\n",
            order.first.slug(),
            others.join("` and `"),
            order.evidence.level.name(),
            links(order.evidence)
        ));
    }
    text
}

/// The kinds for which the effect of inactive items is not confirmed, each with the response that is
/// inferred, or with both responses.
fn inactive() -> String {
    let kinds =
        AttachmentKind::blockers().filter_map(|kind| Some((kind, kind.row().blocks_inactive?)));
    let kinds = kinds.map(|(kind, clause)| {
        let (noun, level) = (kind.row().noun, clause.status.level);
        let (refusal, message) = response(&clause);
        let message = message.map(|it| format!(", *{}*", escape(it))).unwrap_or_default();
        let expected = match level {
            Level::Unspecified => format!("200 and {refusal} both conform"),
            _ => format!("inferred response {refusal}{message}"),
        };
        format!("- {noun}: {expected} ({}; {})\n", level.name(), links(clause.status))
    });
    format!(
        "\n## Inactive items\n\n\
        If every item of one of these kinds is inactive, no recording confirms the response:\n\n{}",
        kinds.collect::<String>()
    )
}

/// What current emulators respond for each kind.
fn emulators() -> String {
    format!(
        "\n## What emulators respond\n\n\
        A user with a single attachment, in the last comparison of [emulators](emulators.md). {SYMBOLS}\n{}",
        emulators::deletion_table()
    )
}

fn links(evidence: Evidence) -> String {
    fact_links(&evidence.facts.iter().map(|fact| fact.id).collect::<Vec<_>>(), "")
}

fn row(kind: AttachmentKind) -> String {
    let row = kind.row();
    let link = |action: AttachmentAction| link(row.action(action).map_or("", |it| it.api));
    let Some(blocks) = row.blocks else { return String::new() };
    let mut messages: Vec<String> = blocks.text.texts().map(escape).collect();
    messages.dedup();
    let tiers = [blocks.status, blocks.code, blocks.text];
    let ids: Vec<&str> = tiers.iter().flat_map(|it| it.facts).map(|fact| fact.id).collect();
    let [status, code, text] = tiers.map(|it| it.level.name());
    format!(
        "| {} | {} | {} | {} | status {status}, code {code}, text {text} | {} |\n",
        row.noun,
        link(AttachmentAction::Attach),
        link(AttachmentAction::Detach),
        messages.join("<br>*or* "),
        fact_links(&ids, "")
    )
}

/// The states of a user as a Mermaid diagram.
fn diagram() -> String {
    let names = |action: AttachmentAction| -> Vec<&str> {
        let actions = AttachmentKind::blockers().filter_map(|it| it.row().action(action));
        actions.map(|it| it.api).collect()
    };
    let (attach, detach) = (names(AttachmentAction::Attach), names(AttachmentAction::Detach));
    // Three names a line keep the labels readable.
    let lines =
        |names: &[&str]| names.chunks(3).map(|it| it.join(", ")).collect::<Vec<_>>().join("<br/>");
    format!(
        "\n## States\n\n\
        Each of the {kinds} kinds is present or absent, so an existing user has {states} combinations. \
        DeleteUser succeeds in only one of them. The model contains {actions} operations.\n\n\
        ```mermaid\nstateDiagram-v2\n    \
        [*] --> bare: CreateUser\n    \
        bare --> blocked: {attach}\n    \
        blocked --> blocked: DeleteUser is refused\n    \
        blocked --> bare: {detach}\n    \
        bare --> [*]: DeleteUser\n```\n",
        kinds = attach.len(),
        states = 1_usize << attach.len(),
        actions = actions().count(),
        attach = lines(&attach),
        detach = lines(&detach)
    )
}
