//! From scripts to text.

use std::fmt::Write as _;

use iamspec_model::{AttachmentKind, IssueOptions, Operation, Resource, SubResource};

use crate::script::Script;
use crate::script::parse::which_word;

/// The whole script, with its answers where it has some.
#[must_use]
pub fn print(script: &Script) -> String {
    let mut text = format!("# {}\n", script.idea);
    for step in &script.steps {
        let call = operation(&step.operation);
        match &step.answer {
            None => text.push_str(&call),
            Some(answer) => {
                let _ = write!(text, "{call:<32} -> {answer}");
            }
        }
        text.push('\n');
    }
    text
}

/// One operation: `AddUserToGroup u0 g0`.
#[must_use]
pub fn operation(op: &Operation) -> String {
    if let Operation::Flawed(_, flaw) = op {
        let row = flaw.row();
        return format!("{} {}:{}", operation(&op.sound()), row.member, row.defect.name());
    }
    let mut words = vec![op.call().map_or("?", |call| call.api).to_owned()];
    words.extend(op.user().map(|user| format!("u{}", user.0)));
    match *op {
        Operation::CreateUser(_, extras) => {
            words.extend(Some(extras.path).filter(|it| it.0 > 0).map(|it| it.to_string()));
            words.extend(extras.boundary.map(|it| format!("p{}", it.0)));
            words.extend(extras.tag.map(|it| format!("t{}", it.0)));
        }
        Operation::ListUsers(path) => {
            words.extend(Some(path).filter(|it| it.0 > 0).map(|it| it.to_string()));
        }
        Operation::UpdateUser(_, change) => {
            words.extend(change.name.map(|it| format!("u{}", it.0)));
            words.extend(change.path.map(|it| it.to_string()));
        }
        Operation::PutBoundary(_, policy) => words.push(format!("p{}", policy.0)),
        Operation::LastUsed(key) => words.push(AttachmentKind::AccessKey.symbol(key)),
        Operation::ListAll(class, which) => {
            words.extend(which_word(class, which).map(str::to_owned));
        }
        Operation::Create(_)
        | Operation::Read(_)
        | Operation::Holders(_)
        | Operation::Delete(_) => {
            words.extend(op.object().map(|it| it.to_string()));
        }
        Operation::Rename(object, name) => {
            words.push(object.to_string());
            words.extend(name.map(|item| Resource { item, ..object }.to_string()));
        }
        _ if op.part().is_some() => words.extend(parts(op)),
        _ => words.extend(attached(op)),
    }
    words.join(" ")
}

/// An object and its part; the number of a new version is the service's to tell.
fn parts(op: &Operation) -> Vec<String> {
    let Some((object, part)) = op.part() else { return Vec::new() };
    let numbered = matches!(op, Operation::Add(_, SubResource::Version, _));
    let piece = op.piece().filter(|_| !numbered).map(|it| part.symbol(it));
    [object.to_string()].into_iter().chain(piece).collect()
}

/// The item of a kind, and what goes with it.
fn attached(op: &Operation) -> Vec<String> {
    let (Some(kind), Some(item)) = (op.kind(), op.item()) else { return Vec::new() };
    let mut words: Vec<String> = Vec::new();
    words.extend((!kind.row().symbol.is_empty()).then(|| kind.symbol(item)));
    match *op {
        Operation::SetStatus(.., status) => words.push(status.name().to_owned()),
        Operation::Issue(.., IssueOptions::BodyOf(other)) => {
            words = vec![format!("{}={}", kind.symbol(item), kind.symbol(other))];
        }
        Operation::Issue(.., IssueOptions::Service(service)) => {
            words.push(format!("s{}", service.0))
        }
        _ => {}
    }
    words
}
