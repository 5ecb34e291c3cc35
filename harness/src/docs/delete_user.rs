//! How `DeleteUser` decides.

use iamspec_model::tables::calls;
use iamspec_model::tables::precedence::PRECEDENCES;
use iamspec_model::{AttachmentAction, AttachmentKind, Evidence};

use crate::docs::{plain, ways};

pub(crate) fn page() -> String {
    let mut page = "# DeleteUser\n\n\
        A user is deleted when it exists and holds nothing of what stands below; what it holds of any of them must be taken away \
        before. [Every rule of the call](calls/DeleteUser.md).\n\n\
        | it holds | which is there by | taken away by | and is refused with 409 DeleteConflict | how sure | facts |\n\
        |---|---|---|---|---|---|\n"
        .to_owned();
    for kind in AttachmentKind::blockers() {
        page.push_str(&row(kind));
    }
    page.push_str(
        "\nOf a user that holds several, any of these may be named, but for what is known:\n\n",
    );
    for order in PRECEDENCES.iter().filter(|it| it.calls.contains(&"DeleteUser")) {
        let others: Vec<String> = order.then.iter().map(|it| it.slug()).collect();
        page.push_str(&format!(
            "- `{}` before `{}` ({}, {})\n",
            order.first.slug(),
            others.join("`, `"),
            order.evidence.level.name(),
            facts(order.evidence)
        ));
    }
    page.push_str("\nWhere every item of a kind is inactive, the answer is inferred: ");
    let inactive =
        AttachmentKind::blockers().filter_map(|kind| Some((kind, kind.row().blocks_inactive?)));
    let inactive =
        inactive.map(|(kind, claim)| format!("{} ({})", kind.row().noun, facts(claim.status)));
    page.push_str(&inactive.collect::<Vec<_>>().join(", "));
    page.push_str(".\n\n## What does not stand in the way\n\nTags, the permissions boundary, and a virtual MFA device that is not enabled for it any more.\n");
    page.push_str(&diagram());
    page
}

fn facts(evidence: Evidence) -> String {
    ways(&evidence.facts.iter().map(|fact| fact.id).collect::<Vec<_>>(), "")
}

fn row(kind: AttachmentKind) -> String {
    let row = kind.row();
    let way = |verb: AttachmentAction| {
        let call = row.call(verb).map_or("", |call| call.api);
        format!("[{call}](calls/{call}.md)")
    };
    let Some(blocks) = row.blocks else { return String::new() };
    let words: Vec<String> = blocks.text.texts().map(plain).collect();
    let all = [blocks.status, blocks.code, blocks.text];
    let ids: Vec<&str> = all.iter().flat_map(|it| it.facts).map(|fact| fact.id).collect();
    let levels = all.map(|it| it.level.name());
    let [status, code, text] = levels;
    format!(
        "| {} | {} | {} | {} | {status}, code {code}, text {text} | {} |\n",
        row.noun,
        way(AttachmentAction::Attach),
        way(AttachmentAction::Detach),
        words.join("<br>*or* "),
        ways(&ids, "")
    )
}

/// A user and one thing that it may hold, as states.
fn diagram() -> String {
    let detach: Vec<&str> = AttachmentKind::blockers()
        .filter_map(|it| it.row().call(AttachmentAction::Detach))
        .map(|it| it.api)
        .collect();
    let attach: Vec<&str> = AttachmentKind::blockers()
        .filter_map(|it| it.row().call(AttachmentAction::Attach))
        .map(|it| it.api)
        .collect();
    // As few lines as there are names for a reader to take in.
    let lines =
        |calls: &[&str]| calls.chunks(3).map(|it| it.join(", ")).collect::<Vec<_>>().join("<br/>");
    let known = calls().count();
    format!(
        "\n## As states\n\nEach of the {} kinds is there or not, which makes {} states of a user that exists, and one in which it does not; \
         only one of them is left by DeleteUser. The model knows {known} calls.\n\n```mermaid\nstateDiagram-v2\n    [*] --> bare: CreateUser\n    bare --> holding: {}\n    \
         holding --> holding: DeleteUser is refused\n    holding --> bare: {}\n    bare --> [*]: DeleteUser\n```\n",
        attach.len(),
        1_usize << attach.len(),
        lines(&attach),
        lines(&detach)
    )
}
