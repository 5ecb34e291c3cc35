//! From scripts to text.

use std::fmt::Write as _;

use iamspec_model::{Item, Kind, Operation, Status, With};

use crate::script::Script;

/// The whole script, with its answers where it has some.
#[must_use]
pub fn print(script: &Script) -> String {
    let mut text = format!("# {}\n", script.idea);
    for step in &script.steps {
        let call = operation(&step.operation);
        match &step.answer {
            None => text.push_str(&call),
            Some(answer) => {
                let answer = answer.display(step.operation.kind());
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
    let api = op.call().map_or("?", |call| call.api);
    let words = match *op {
        Operation::CreateUser(user) | Operation::GetUser(user) | Operation::DeleteUser(user) => {
            vec![format!("u{}", user.0)]
        }
        Operation::Create(object) | Operation::Delete(object) => {
            vec![format!("{}{}", object.class.row().symbol, object.item.0)]
        }
        Operation::List(user, _) => vec![format!("u{}", user.0)],
        Operation::Attach(user, kind, item)
        | Operation::Get(user, kind, item)
        | Operation::Renew(user, kind, item)
        | Operation::Detach(user, kind, item) => named(user.0, kind, item),
        Operation::SetStatus(user, kind, item, status) => set_status(user.0, kind, item, status),
        Operation::Issue(user, kind, item, with) => issued(user.0, kind, item, with),
    };
    format!("{api} {}", words.join(" "))
}

fn named(user: u32, kind: Kind, item: Item) -> Vec<String> {
    let mut words = vec![format!("u{user}")];
    words.extend((!kind.row().symbol.is_empty()).then(|| kind.symbol(item)));
    words
}

fn set_status(user: u32, kind: Kind, item: Item, status: Status) -> Vec<String> {
    let mut words = named(user, kind, item);
    words.push(status.name().to_owned());
    words
}

fn issued(user: u32, kind: Kind, item: Item, with: With) -> Vec<String> {
    let mut words = vec![format!("u{user}")];
    match with {
        With::Nothing => words.push(kind.symbol(item)),
        With::BodyOf(other) => words.push(format!("{}={}", kind.symbol(item), kind.symbol(other))),
        With::Service(service) => words.extend([kind.symbol(item), format!("s{}", service.0)]),
    }
    words
}
