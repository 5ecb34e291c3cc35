//! The forms in which the plan of one user is printed.
//!
//! Every form begins with what was not read. A plan that is not complete has no step that deletes
//! the user, in no form.

use std::fmt::Write as _;

use anyhow::Result;
use iamspec_conformance::Response;
use iamspec_conformance::response::FailureKind;
use iamspec_model::tables::attachments::Loss;
use iamspec_model::{AttachmentKind, ResourceKind};
use serde_json::{Value, json};

use crate::client::account::holdings::{HeldItem, Presence, UnreadPart};
use crate::client::account::removal::{DeletionStep, is_virtual_device};
use crate::commands::accounts::plan::PlanTarget;
use crate::commands::accounts::plan::deletion::{DeletionPlan, unconfirmed_line};
use crate::export;
use crate::report::format::summary::counted;
use crate::wire::output::visible::{is_invisible, visible};

/// What the plan says about the user, in one line.
pub(super) fn headline(plan: &DeletionPlan) -> String {
    let user = visible(&plan.held.user);
    let number = plan.held.items.len();
    match plan.held.presence {
        Presence::Absent => format!("there is no user {user}"),
        Presence::Gone => format!(
            "{user} is gone: it existed at the first read and not at a later one; nothing is known \
             of what it held"
        ),
        _ if !plan.held.is_complete() => {
            let kinds = AttachmentKind::blockers().count();
            let read = AttachmentKind::blockers().filter(|it| plan.held.count(*it).is_some());
            let unread = kinds - read.count();
            let parts: Vec<String> = [
                plan.held
                    .unread
                    .iter()
                    .any(|it| it.kind.is_none())
                    .then(|| "the user itself was not read".to_owned()),
                (unread > 0).then(|| format!("{unread} of {kinds} kinds were not read")),
                (!plan.held.impossible.is_empty()).then(|| {
                    let items = counted(plan.held.impossible.len(), "item");
                    format!("{items} with an impossible name")
                }),
            ]
            .into_iter()
            .flatten()
            .collect();
            format!("incomplete plan for {user}: {}", parts.join("; "))
        }
        _ if number == 0 && plan.is_assumption_free() => format!("{user} can be deleted now:"),
        _ if number == 0 => format!("{user} can be deleted now, if the assumption holds:"),
        _ => {
            let items = counted(number, "attachment");
            format!("{user} has {items} that must be removed first:")
        }
    }
}

/// What was not read or not planned, one line for each.
fn gaps(plan: &DeletionPlan) -> Vec<String> {
    let unread = plan.held.unread.iter().map(|it| {
        let what = it.kind.map_or("the user itself", |kind| kind.row().noun);
        format!("not read: {what} ({}): {}", it.action, unread_reason(it))
    });
    let impossible = plan.held.impossible.iter().map(|it| {
        let (noun, name) = (it.item.kind.row().noun, visible(&it.item.name));
        let reason = visible(&it.reason);
        format!("not planned: {noun} \"{name}\": AWS has no such name, {reason}; remove it by hand")
    });
    let not_offered = plan.held.not_offered.iter().map(|kind| {
        let action = kind.row().list.api;
        format!(
            "not offered: {} ({action}): the partition does not have the action",
            kind.row().noun
        )
    });
    let assumed = plan.assumed.iter().map(|kind| {
        let action = kind.row().list.api;
        format!("assumed: no {} (the endpoint lacks {action})", kind.row().noun)
    });
    let unconfirmed = plan.held.unconfirmed.iter().map(|kind| unconfirmed_line(*kind));
    unread.chain(impossible).chain(not_offered).chain(assumed).chain(unconfirmed).collect()
}

/// Why a part was not read, with the permission that would help.
pub(super) fn unread_reason(part: &UnreadPart) -> String {
    let reason = visible(&part.reason);
    let denied = matches!(
        &part.response,
        Some(Response::Failed(it)) if it.kind == FailureKind::Denied
    );
    if denied { format!("{reason}; allow iam:{}", part.action) } else { reason }
}

/// The plan for people, with the permanent losses of each step. It is not applied.
pub(super) fn checklist(plan: &DeletionPlan) -> String {
    steps(plan) + "Nothing was changed.\n"
}

/// The plan for people, before it is applied.
pub(super) fn steps(plan: &DeletionPlan) -> String {
    let mut out = headline(plan) + "\n";
    for gap in gaps(plan) {
        _ = writeln!(out, "  {gap}");
    }
    if matches!(plan.held.presence, Presence::Absent | Presence::Gone) {
        return out;
    }
    if !plan.held.is_complete() && !plan.steps.is_empty() {
        let (user, items) =
            (visible(&plan.held.user), counted(plan.held.items.len(), "attachment"));
        _ = writeln!(out, "{user} has {items} that must be removed first, as far as was read:");
    }
    for step in &plan.steps {
        _ = writeln!(out, "  [ ] {}", step_line(step, &plan.held.user));
    }
    for device in kept_devices(plan) {
        _ = writeln!(
            out,
            "The virtual MFA device {} stays and keeps its name; --devices deletes it too.",
            visible(&device.name)
        );
    }
    let read: Vec<&str> = AttachmentKind::blockers()
        .filter(|it| plan.held.count(*it).is_some())
        .filter(|it| !plan.held.not_offered.contains(it) && !plan.assumed.contains(it))
        .map(|kind| kind.row().noun)
        .collect();
    if !read.is_empty() {
        _ = writeln!(out, "Checked: {}.", read.join(", "));
    }
    out
}

/// One step for people.
pub(super) fn step_line(step: &DeletionStep, user: &str) -> String {
    let name = step.item.as_ref().map(|it| it.name.as_str()).filter(|it| !it.is_empty());
    let line = format!("{} {}", step.action, visible(name.unwrap_or(user)));
    match step.item.as_ref().and_then(|it| loss(it.kind, step.action)) {
        None => line,
        Some(loss) => format!("{line:<66} lost permanently: {}", loss.what),
    }
}

/// What the step destroys for good: it detaches the item, or it deletes the resource that the item
/// refers to.
fn loss(kind: AttachmentKind, action: &str) -> Option<Loss> {
    let resource = kind.row().refers_to.map(ResourceKind::row);
    match resource.filter(|row| row.delete.api == action) {
        Some(row) => row.lost_on_deletion,
        None => kind.row().lost_on_removal,
    }
}

/// The virtual MFA devices that the plan deactivates and does not delete.
fn kept_devices(plan: &DeletionPlan) -> impl Iterator<Item = &HeldItem> {
    let deleted = |it: &HeldItem| {
        let deletes = |step: &DeletionStep| step.action == "DeleteVirtualMFADevice";
        plan.steps.iter().any(|step| deletes(step) && step.item.as_ref() == Some(it))
    };
    let devices = plan.held.items.iter().filter(|it| it.kind == AttachmentKind::MfaDevice);
    devices.filter(move |it| is_virtual_device(&it.name) && !deleted(it))
}

/// The lines that a form in a programming language begins with.
fn comments(plan: &DeletionPlan) -> String {
    let complete = plan.held.is_complete();
    let head = (!complete).then(|| headline(plan));
    let lines = head.into_iter().chain(gaps(plan));
    lines.fold(String::new(), |text, line| text + "# " + &line + "\n")
}

/// Commands of the AWS CLI.
pub(super) fn aws_cli(plan: &DeletionPlan, target: &PlanTarget) -> String {
    let profile = target.profile.as_deref().map(|it| ("profile", it));
    let options: Vec<(&str, &str)> =
        [("endpoint-url", target.url.as_str()), ("region", target.region.as_str())]
            .into_iter()
            .chain(profile)
            .collect();
    let commands = plan.steps.iter().map(|step| export::aws_cli(&step.form, &options) + "\n");
    comments(plan) + &commands.collect::<String>()
}

/// Python statements.
pub(super) fn boto3(plan: &DeletionPlan, target: &PlanTarget) -> String {
    let text = |it: &str| Value::from(it).to_string();
    let session = target.profile.as_deref().map_or_else(
        || "boto3".to_owned(),
        |it| format!("boto3.Session(profile_name={})", text(it)),
    );
    let (url, region) = (text(&target.url), text(&target.region));
    let client = format!(
        "import boto3\niam = {session}.client(\"iam\", endpoint_url={url}, region_name={region})\n"
    );
    let calls = plan.steps.iter().map(|step| export::boto3(&step.form) + "\n");
    let calls: String = calls.collect();
    comments(plan) + if calls.is_empty() { "" } else { &client } + &calls
}

/// JSON. Its strings hold full texts, with invisible characters as escapes.
pub(super) fn json(plan: &DeletionPlan, target: &PlanTarget) -> Result<String> {
    let held = &plan.held;
    let kinds =
        |kinds: &[AttachmentKind]| -> Vec<&str> { kinds.iter().map(|it| it.row().name).collect() };
    let unread = held.unread.iter().map(|it| {
        json!({ "action": it.action, "kind": it.kind.map(|it| it.row().name), "reason": it.reason })
    });
    let impossible = held.impossible.iter().map(
        |it| json!({ "kind": it.item.kind.row().name, "name": it.item.name, "reason": it.reason }),
    );
    let items = held.items.iter().map(|it| json!({ "kind": it.kind.row().name, "name": it.name }));
    let calls = plan.steps.iter().map(|step| export::json(&step.form));
    let known = held.is_complete() && plan.is_assumption_free();
    let plan = json!({
        "user": held.user,
        "status": status(plan),
        "can_be_deleted_now": known.then_some(held.items.is_empty()),
        "endpoint": target.url,
        "region": target.region,
        "profile": target.profile,
        "held": items.collect::<Vec<_>>(),
        "calls": calls.collect::<Vec<_>>(),
        "not_read": unread.collect::<Vec<_>>(),
        "impossible_names": impossible.collect::<Vec<_>>(),
        "not_offered": kinds(&held.not_offered),
        "assumed_none": kinds(&plan.assumed),
        "assumed_complete": kinds(&held.unconfirmed),
    });
    escaped(&plan)
}

/// The word for the state of a plan.
pub(super) fn status(plan: &DeletionPlan) -> &'static str {
    match plan.held.presence {
        Presence::Absent => "absent",
        Presence::Gone => "gone",
        _ if plan.held.is_complete() => "complete",
        _ => "incomplete",
    }
}

/// JSON text in which no string can change how a terminal shows it.
pub(super) fn escaped(value: &Value) -> Result<String> {
    let text = serde_json::to_string_pretty(value)? + "\n";
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter != '\n' && is_invisible(letter) {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(letter);
        }
    }
    Ok(out)
}
