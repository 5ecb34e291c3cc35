//! The scripts of the suite, and the rules that each script reaches.
//!
//! The only module that reads the scripts that `build.rs` embeds. The isolation scripts are
//! generated from the tables, one for each kind of attachment: an operation on one user's
//! attachment does not affect another user.

use std::collections::BTreeSet;

use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    Account, AttachmentKind, IssueOptions, Item, Operation, Resource, ResourceKind, Rule, Service,
    Status, User, allowed, apply,
};

use crate::script::parse::{ParseError, parse};
use crate::script::{Script, Step};

/// The hand-written scripts as `(name, text)`.
const EMBEDDED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/scripts.rs"));

/// Parses the hand-written scripts.
fn hand_written() -> Result<Vec<Script>, (String, ParseError)> {
    EMBEDDED
        .iter()
        .map(|(name, text)| parse(name, text).map_err(|error| ((*name).to_owned(), error)))
        .collect()
}

/// Returns every script of the suite: the hand-written scripts and the isolation scripts.
///
/// # Errors
/// Returns the name and the error of the first script that does not parse. A test rules this out.
pub fn built_in_scripts() -> Result<Vec<Script>, (String, ParseError)> {
    Ok(hand_written()?.into_iter().chain(isolation_scripts()).collect())
}

/// Returns the scripts that reach `rule`, those with the fewest operations first.
///
/// # Errors
/// Returns the name and the error of the first script that does not parse. A test rules this out.
pub fn scripts_reaching(rule: Rule) -> Result<Vec<Script>, (String, ParseError)> {
    let mut scripts = built_in_scripts()?;
    scripts.retain(|script| reached_rules(script).contains(&rule));
    scripts.sort_by_key(|script| script.steps.len());
    Ok(scripts)
}

/// Returns the rules that a script reaches on a conforming endpoint, by running it in the model.
#[must_use]
pub fn reached_rules(script: &Script) -> Vec<Rule> {
    let mut account = Account::default();
    let mut rules = Vec::new();
    for op in script.operations() {
        let allowed = allowed(&account, &op);
        for rule in allowed.rules() {
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
        if allowed.may_succeed() {
            apply(&mut account, &op);
        }
    }
    rules
}

const USERS: [User; 2] = [User(0), User(1)];

/// Generates one script for each kind of attachment.
///
/// Each of two users holds up to two items. The script deactivates one item of the second user,
/// removes another one, and then removes an item of the first user. It lists both users before a
/// later operation can hide an effect on the wrong user.
#[must_use]
pub fn isolation_scripts() -> Vec<Script> {
    AttachmentKind::all().map(isolation_script).collect()
}

fn isolation_script(kind: AttachmentKind) -> Script {
    let row = kind.row();
    let [first, second] = USERS;
    // Two users cannot share an issued item or a device: the second user gets other items.
    let is_exclusive = row.naming == Naming::Service || row.refers_to == Some(ResourceKind::Device);
    let second_numbers = if is_exclusive { [2, 3] } else { [0, 1] };
    let first_count = if row.naming == Naming::Single { 1 } else { 2 };
    let second_count = if is_exclusive { first_count } else { 1 };
    let items = |numbers: [u32; 2], count: usize| -> Vec<Item> {
        numbers.into_iter().take(count).map(Item).collect()
    };
    let first_items = items([0, 1], first_count);
    let second_items = items(second_numbers, second_count);
    let used: BTreeSet<Item> = first_items.iter().chain(&second_items).copied().collect();
    let create_resources = row.refers_to.into_iter().flat_map(|class| {
        used.iter()
            .map(move |item| Operation::CreateResource(Resource { kind: class, item: *item }))
    });
    let attach_all = |user, items: &[Item]| {
        items.iter().map(|it| attach(user, kind, *it, Service(0))).collect::<Vec<_>>()
    };
    let last = |items: &[Item]| items.last().copied().unwrap_or_default();
    let deactivate = Operation::SetStatus(second, kind, last(&second_items), Status::Inactive);
    let list_both = USERS.map(|user| Operation::List(user, kind));
    let removed = second_items.first().copied().unwrap_or_default();
    let operations = create_resources
        .chain(USERS.map(Operation::create_user))
        .chain(attach_all(first, &first_items))
        .chain(list_both)
        .chain(attach_all(second, &second_items))
        .chain(row.has_status.then_some(deactivate))
        .chain(list_both.into_iter().filter(|_| row.has_status))
        .chain([Operation::Detach(second, kind, removed)])
        .chain((first_items.len() > 1).then(|| Operation::Detach(first, kind, last(&first_items))));
    Script {
        name: format!("neighbours/{}", row.name),
        idea: format!("Changing {} of one user does not affect other users.", row.noun),
        steps: operations.map(Step::from).collect(),
    }
}

/// Returns the operation that attaches an item. `service` applies to kinds that have services.
pub(crate) fn attach(user: User, kind: AttachmentKind, item: Item, service: Service) -> Operation {
    match kind.row().naming {
        Naming::Service if kind.row().per_service => {
            Operation::Issue(user, kind, item, IssueOptions::Service(service))
        }
        Naming::Service => Operation::Issue(user, kind, item, IssueOptions::None),
        Naming::Single | Naming::Caller => Operation::Attach(user, kind, item),
    }
}
