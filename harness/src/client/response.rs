//! From what came back to an answer. Whatever is not an IAM answer is an interruption that says what
//! it was, never a guess.

use iamspec_conformance::Observed;
use iamspec_conformance::observed::Cause;
use iamspec_conformance::oddity::Oddity;
use iamspec_model::{Change, Class, Defect, Item, Kind, Operation, Status, User};

use super::element::{DECLARATION, TOO_MUCH};
use super::oddity::oddities;
use super::request::Form;
use super::send::Answer;
use super::{Element, HIDDEN, pages, shown, spoil};
use crate::keyring::Usable;
use crate::names::Names;
use crate::wire;

impl Answer {
    fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// One page of an answer.
pub(super) struct Page {
    pub(super) observed: Observed,
    /// The marker of the next page if there is one.
    pub(super) next: Option<String>,
    /// What is odd about its form.
    pub(super) odd: Vec<Oddity>,
}

impl From<Observed> for Page {
    fn from(observed: Observed) -> Self {
        Self { observed, next: None, odd: Vec::new() }
    }
}

/// The answer to an operation that was put like this.
pub(super) fn read(
    (op, sent): (&Operation, &Form),
    answer: &Answer,
    names: &mut Names,
) -> Result<Page, Observed> {
    let root = parse(answer)?;
    if let Some(error) = error_of(&root) {
        let (code, message) = refusal(error, answer)?;
        let message = message.map(|text| names.in_symbols(&text, op));
        return Ok(Observed::refused(op.call(), answer.status, code, message).into());
    }
    let result = &result_of(op.call().map_or("", |call| call.api), root, answer)?;
    learn(op, result, names)
        .map_err(|missing| unreadable(answer, &format!("no {missing} in the answer")))?;
    let next = pages::after(result).map_err(|what| unreadable(answer, what))?;
    let shown = shown::read(&op.sound(), result, names)
        .map_err(|missing| unreadable(answer, &format!("no {missing} in the answer")))?;
    let odd = oddities(op, sent, result, names);
    Ok(Page { observed: Observed::Done(shown), next, odd })
}

/// The result of a call by its name, where it is no operation of a script.
pub(super) fn result(api: &str, answer: &Answer, names: &Names) -> Result<Element, Observed> {
    let root = parse(answer)?;
    match error_of(&root) {
        Some(error) => {
            let (code, message) = refusal(error, answer)?;
            let message = message.map(|text| names.keyring.hide(&text, HIDDEN));
            Err(Observed::refused(None, answer.status, code, message))
        }
        None => result_of(api, root, answer),
    }
}

fn result_of(api: &str, mut root: Element, answer: &Answer) -> Result<Element, Observed> {
    if !answer.is_success() || root.name != format!("{api}Response") {
        let what = format!("<{}> where <{api}Response> was expected", root.name);
        // What looks like an answer to something else is one, not what stands in between.
        let answers = root.name.ends_with("Response");
        return Err(if answers { garbled(answer, &what) } else { unreadable(answer, &what) });
    }
    let name = format!("{api}Result");
    let place = root.children.iter().position(|it| it.name == name);
    Ok(place.map(|place| root.children.swap_remove(place)).unwrap_or_default())
}

fn refusal(error: &Element, answer: &Answer) -> Result<(String, Option<String>), Observed> {
    let code = error.text_of("Code").unwrap_or_default().to_owned();
    if code.is_empty() {
        return Err(unreadable(answer, "an error without a code"));
    }
    Ok((code, error.text_of("Message").map(str::to_owned)))
}

fn parse(answer: &Answer) -> Result<Element, Observed> {
    if (300..400).contains(&answer.status) {
        return Err(unreadable(answer, "a redirect"));
    }
    if answer.body.is_empty() {
        return Err(unreadable(answer, "an empty answer"));
    }
    let text = std::str::from_utf8(&answer.body).map_err(|_| unreadable(answer, "not UTF-8"))?;
    let html = answer.content_type.contains("html")
        || ["<!doctype html", "<html"].iter().any(|it| text.to_ascii_lowercase().contains(it));
    let json = answer.content_type.contains("json") || text.trim_start().starts_with('{');
    if html || json {
        return Err(unreadable(answer, if html { "HTML" } else { "JSON" }));
    }
    Element::parse(text).map_err(|error| {
        let what = format!("broken XML, {error}");
        // What we do not care to read may be in order.
        let ours = error == TOO_MUCH || error == DECLARATION;
        let xml = text.trim_start().starts_with('<') && !ours;
        if xml { garbled(answer, &what) } else { unreadable(answer, &what) }
    })
}

/// `<ErrorResponse><Error>` (E-003), or the bare `<Error>` that some write.
fn error_of(root: &Element) -> Option<&Element> {
    match root.name.as_str() {
        "ErrorResponse" => root.child("Error"),
        "Error" => Some(root),
        _ => None,
    }
}

/// A success that is none to this call (E-001); without a status that says so, just unreadable.
fn garbled(answer: &Answer, what: &str) -> Observed {
    match unreadable(answer, what) {
        Observed::Interrupted(it) if answer.is_success() => {
            Observed::interrupted(Cause::Garbled, it.detail)
        }
        other => other,
    }
}

/// A failure of the service where the status says so; otherwise something that is not IAM.
fn unreadable(answer: &Answer, what: &str) -> Observed {
    let cause = Cause::of_status(answer.status);
    Observed::interrupted(cause, format!("HTTP {}: {what}", answer.status))
}

/// Keeps the names that the service gave.
fn learn(op: &Operation, result: &Element, names: &mut Names) -> Result<(), &'static str> {
    learn_name(op, result, names);
    match op.sound() {
        Operation::UpdateUser(user, Change { name: Some(name), .. }) => {
            names.keyring.rename(user, name);
        }
        Operation::CreateUser(..) => {
            let arn = result.child("User").and_then(|user| user.text_of("Arn"));
            names.learn_account(arn.ok_or("User.Arn")?);
        }
        Operation::Create(object) => {
            let (structure, name) = wire::created(object.class);
            let made = result.child(structure).ok_or(structure)?;
            let name = made.text_of(name).filter(|it| !it.is_empty()).ok_or(name)?.to_owned();
            names.learn_account(&name);
            names.bind_object(object, &name);
            if object.class == Class::Device {
                // Without a seed its codes are guesses, which an endpoint may take that looks at none.
                match made.text_of("Base32StringSeed").and_then(decode) {
                    Some(seed) => names.keyring.keep_seed(object.item, seed),
                    None => names.keyring.lose_seed(object.item),
                }
            }
        }
        Operation::Issue(user, kind, item, _) => {
            let structure = wire::structure(kind).ok_or("structure")?;
            let made = result.child(structure).ok_or(structure)?;
            let id = made.text_of(kind.row().member).filter(|it| !it.is_empty());
            let id = id.ok_or(kind.row().member)?;
            names.bind(kind, item, id);
            if let Some(secret) = made.text_of("SecretAccessKey") {
                names.keyring.keep_key(user, id, secret);
            }
        }
        Operation::DeleteUser(user) => names.keyring.forget_keys(user),
        _ => {
            if let Some((user, key, usable)) = key_changed(op) {
                let id = names.item(Kind::AccessKey, key);
                names.keyring.set_usable(user, &id, usable);
            }
        }
    }
    Ok(())
}

/// The access key that a call deletes, activates or deactivates, and whether it is usable afterwards.
pub(super) fn key_changed(op: &Operation) -> Option<(User, Item, Usable)> {
    match op.sound() {
        Operation::Detach(user, Kind::AccessKey, key)
        | Operation::SetStatus(user, Kind::AccessKey, key, Status::Inactive) => {
            Some((user, key, Usable::No))
        }
        Operation::SetStatus(user, Kind::AccessKey, key, Status::Active) => {
            Some((user, key, Usable::Yes))
        }
        _ => None,
    }
}

/// A user whose name was to be refused, and was not, is called so from now on.
fn learn_name(op: &Operation, result: &Element, names: &mut Names) {
    let Operation::Flawed(user, flaw) = *op else { return };
    let made = result.child("User").and_then(|user| user.text_of("UserName"));
    match (op.sound(), flaw.row().defect) {
        (Operation::CreateUser(..), Defect::TooLong | Defect::BadCharacter) => {
            if let Some(name) = made {
                names.bind_user(user, name);
            }
        }
        (Operation::UpdateUser(..), Defect::OtherCase) => {
            let name = spoil::other_case(&names.user(user));
            names.bind_user(user, &name);
        }
        _ => {}
    }
}

/// A blob on the wire is base 64; that of a seed holds base 32. Some endpoints leave out the former.
fn decode(blob: &str) -> Option<String> {
    let is_seed = |it: &String| {
        data_encoding::BASE32_NOPAD.decode(it.trim_end_matches('=').as_bytes()).is_ok()
    };
    let inner = data_encoding::BASE64.decode(blob.as_bytes()).ok();
    let inner = inner.and_then(|bytes| String::from_utf8(bytes).ok()).filter(is_seed);
    inner.or_else(|| Some(blob.to_owned()).filter(is_seed))
}

/// The pages of a listing, one after the other.
pub(super) fn join(before: Option<Observed>, page: Observed) -> Observed {
    match (before, page) {
        (Some(Observed::Done(Some(mut all))), Observed::Done(Some(more))) => {
            all.items.extend(more.items);
            all.strangers.extend(more.strangers);
            all.items.sort_unstable();
            Observed::Done(Some(all))
        }
        (_, page) => page,
    }
}
