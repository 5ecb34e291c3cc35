//! One call, carried out in the model: from its form to its XML.

use iamspec_conformance::reference::settle;
use iamspec_conformance::{Observed, Shown};
use iamspec_model::{Held, Operation, User};

use super::call::{self, Asked};
use super::fault::BadPage;
use super::form::{Form, Refusal};
use super::narrow::narrowed;
use super::page::Page;
use super::registry::ACCOUNT;
use super::xml::Node;
use super::{World, constraint, details, respond, wrong, xml};

/// What is asked, and by whom.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) form: &'a Form,
    /// The access key that it is signed with.
    pub(super) signer: Option<&'a str>,
    pub(super) id: &'a str,
    /// How its page is on a bad day.
    pub(super) bad: Option<BadPage>,
}

/// One call, from its form to its XML. What it stands for is carried out in full or not at all.
pub(super) fn answer(world: &mut World, request: &Request<'_>) -> (u16, String) {
    let Request { form, signer, id, bad } = *request;
    let fault = wrong::fault(&world.behaviour, form.get("Action").unwrap_or_default());
    let page = match Page::asked(form) {
        Ok(page) => page.with(fault, bad),
        Err(refusal) => return refusal.respond(id),
    };
    let caller = signer.and_then(|key| world.registry.owner(key, &world.account));
    let named = form.naming(|| caller.map(|user| world.registry.user_record(user).name));
    let form = &named;
    let asked = match read(world, form, caller) {
        Ok(asked) => asked,
        Err(refusal) => return refusal.respond(id),
    };
    let held = held_before(world, &asked);
    let shown = match carry_out(world, form, &asked, caller) {
        Ok(shown) => shown,
        Err(refused) => {
            for it in &asked {
                world.registry.drop_unused(&it.operation);
            }
            return refusal(&refused, id);
        }
    };
    for it in &asked {
        world.registry.note(it, form, &world.account);
    }
    wrong::again(world, &asked, form);
    let result = asked.first().and_then(|it| {
        let shown = shown.map(|shown| chosen(world, &it.operation, shown, form, &page));
        told(world, form, &it.operation, shown)
    });
    let result = result.map(|whole| wrong::result(fault, page.cut(whole)));
    let body = xml::success(form.get("Action").unwrap_or_default(), result, id);
    for it in asked.iter().filter(|_| !wrong::keeps(&world.behaviour)) {
        world.registry.forget(&it.operation, &held, &world.account);
    }
    (200, wrong::body(fault, body))
}

/// What a user holds that is to be deleted.
fn held_before(world: &World, asked: &[Asked]) -> Vec<Held> {
    match asked.first().map(|it| it.operation) {
        Some(Operation::DeleteUser(user)) => world.account.held_by(user).collect(),
        _ => Vec::new(),
    }
}

/// All that is told of a call that was carried out.
fn told(world: &World, form: &Form, op: &Operation, shown: Option<Shown>) -> Option<Vec<Node>> {
    respond::result(op, shown, world).map(|whole| details::chosen(whole, form))
}

/// What the request asks for of what could be shown, as far as its page needs it.
fn chosen(world: &World, op: &Operation, shown: Shown, form: &Form, page: &Page<'_>) -> Shown {
    let registry = &world.registry;
    narrowed(op, registry.filtered(op, shown, form, &world.account), page, registry)
}

/// Understands a call, and looks at what is wrong with it.
fn read(world: &mut World, form: &Form, caller: Option<User>) -> Result<Vec<Asked>, Refusal> {
    let asked = call::read(form, &mut world.registry, &world.account, caller);
    let user = form.get("UserName").map(|name| world.registry.user(name));
    let user_exists = user.is_none_or(|user| world.account.has_user(user));
    let refused = constraint::refuse(form, user_exists);
    if let (Ok(asked), Err(_)) = (&asked, &refused) {
        for it in asked {
            world.registry.drop_unused(&it.operation);
        }
    }
    refused.and(asked)
}

/// Carries all of it out, or nothing. What is shown is what the first operation shows.
fn carry_out(
    world: &mut World,
    form: &Form,
    asked: &[Asked],
    caller: Option<User>,
) -> Result<Option<Shown>, Observed> {
    // A text names a boundary as the policy that it is, and who asks about itself by its name.
    let own = || Some(world.registry.user_record(asked.first()?.operation.user()?).name);
    let caller = || caller.map_or("root".to_owned(), |it| world.registry.user_path(it));
    let value = |member: &str| match (form.get(member), member) {
        (Some(value), _) => Some(value.to_owned()),
        (None, "PolicyArn") => form.get("PermissionsBoundary").map(str::to_owned),
        (None, "UserName") => own(),
        (None, "CallerArn") => Some(format!("arn:aws:iam::{}:{}", ACCOUNT, caller())),
        (None, _) => None,
    };
    let settled = |observed| match observed {
        Observed::Done(shown) => Ok(shown),
        refused => Err(refused),
    };
    if let [one] = asked {
        let (account, behaviour) = (&mut world.account, &mut world.behaviour);
        return settled(settle(account, &one.operation, behaviour, &value));
    }
    let mut account = world.account.clone();
    let mut first = None;
    for it in asked {
        let shown = settled(settle(&mut account, &it.operation, &mut world.behaviour, &value))?;
        first = first.or(shown);
    }
    world.account = account;
    Ok(first)
}

fn refusal(observed: &Observed, request_id: &str) -> (u16, String) {
    match observed {
        Observed::Refused { http, code, message } => {
            (*http, xml::error(code, message.as_deref(), request_id))
        }
        Observed::Interrupted(it) => {
            (500, xml::error("ServiceFailure", Some(&it.detail), request_id))
        }
        Observed::Done(_) => (200, String::new()),
    }
}
