//! Prints scripts and operations in the text format that [`crate::script::parse`] reads.

use std::fmt::Write as _;

use iamspec_model::{AttachmentKind, IssueOptions, Operation, Resource, SubResource};

use crate::script::Script;
use crate::script::parse::filter_word;

/// Prints a whole script, with its responses if it has some.
#[must_use]
pub fn print(script: &Script) -> String {
    format!("# {}\n{}", script.idea, steps(script))
}

/// Prints the steps of a script, with its responses if it has some, without its comment.
#[must_use]
pub fn steps(script: &Script) -> String {
    let mut text = String::new();
    for step in &script.steps {
        let operation = operation(&step.operation);
        match &step.response {
            None => text.push_str(&operation),
            Some(response) => {
                let _ = write!(text, "{operation:<32} -> {response}");
            }
        }
        text.push('\n');
    }
    text
}

/// Prints one operation: `AddUserToGroup u0 g0`.
#[must_use]
pub fn operation(op: &Operation) -> String {
    if let Operation::Invalid(_, invalid) = op {
        let row = invalid.row();
        return format!("{} {}:{}", operation(&op.well_formed()), row.parameter, row.error.name());
    }
    let mut words = vec![op.action().map_or("?", |action| action.api).to_owned()];
    words.extend(op.user().map(|user| format!("u{}", user.0)));
    match *op {
        Operation::CreateUser(_, options) => {
            words.extend(Some(options.path).filter(|it| it.0 > 0).map(|it| it.to_string()));
            words.extend(options.boundary.map(|it| format!("p{}", it.0)));
            words.extend(options.tag.map(|it| format!("t{}", it.0)));
        }
        Operation::ListUsers(path) => {
            words.extend(Some(path).filter(|it| it.0 > 0).map(|it| it.to_string()));
        }
        Operation::UpdateUser(_, change) => {
            words.extend(change.name.map(|it| format!("u{}", it.0)));
            words.extend(change.path.map(|it| it.to_string()));
        }
        Operation::PutBoundary(_, policy) => words.push(format!("p{}", policy.0)),
        Operation::GetAccessKeyLastUsed(key) => words.push(AttachmentKind::AccessKey.symbol(key)),
        Operation::ListResources(class, filter) => {
            words.extend(filter_word(class, filter).map(str::to_owned));
        }
        Operation::CreateResource(_)
        | Operation::GetResource(_)
        | Operation::ListHolders(_)
        | Operation::DeleteResource(_) => {
            words.extend(op.resource().map(|it| it.to_string()));
        }
        Operation::RenameResource(resource, name) => {
            words.push(resource.to_string());
            words.extend(name.map(|item| Resource { item, ..resource }.to_string()));
        }
        _ if op.sub_resource().is_some() => words.extend(sub_resource_words(op)),
        _ => words.extend(attachment_words(op)),
    }
    words.join(" ")
}

/// Returns the resource and its sub-resource. A new version has no number: the service assigns it.
fn sub_resource_words(op: &Operation) -> Vec<String> {
    let Some((resource, kind)) = op.sub_resource() else { return Vec::new() };
    let is_new_version = matches!(op, Operation::AddSubResource(_, SubResource::Version, _));
    let item = op.entry().filter(|_| !is_new_version).map(|it| kind.symbol(it));
    [resource.to_string()].into_iter().chain(item).collect()
}

/// Returns the item of an attachment, and its status, service or body.
fn attachment_words(op: &Operation) -> Vec<String> {
    let (Some(kind), Some(item)) = (op.kind(), op.item()) else { return Vec::new() };
    let mut words: Vec<String> = Vec::new();
    words.extend((!kind.row().prefix.is_empty()).then(|| kind.symbol(item)));
    match *op {
        Operation::SetStatus(.., status) => words.push(status.name().to_owned()),
        Operation::Issue(.., IssueOptions::SameBodyAs(other)) => {
            words = vec![format!("{}={}", kind.symbol(item), kind.symbol(other))];
        }
        Operation::Issue(.., IssueOptions::Service(service)) => {
            words.push(format!("s{}", service.0));
        }
        _ => {}
    }
    words
}
