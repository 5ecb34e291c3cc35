//! From what came back to an answer. Whatever is not an IAM answer is an interruption that says what
//! it was, never a guess.
//!
//! What an answer shows, in symbols.
//!
//! The reading of an answer by itself, so that it can be tried with anything at all.

use iamspec_conformance::oracle::formats::FormatDeviation;
use iamspec_conformance::response::FailureKind;
use iamspec_conformance::{Listing, Response};
use iamspec_model::{
    AttachmentKind, CreateUserOptions, Entity, InputError, Item, Operation, Path, Resource,
    ResourceKind, Status, SubResource, User, UserChange,
};

use crate::client::formats::oddities;
use crate::client::request::RequestForm;
use crate::client::session::{Names, Usable};
use crate::client::trace::HIDDEN;
use crate::client::transport::RawResponse;
use crate::client::{pages, request};
use crate::wire::names;
use crate::wire::xml_read::{DECLARATION, Element, TOO_MUCH};

impl RawResponse {
    fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// One page of an answer.
pub(crate) struct ResponsePage {
    pub(crate) observed: Response,
    /// The marker of the next page if there is one.
    pub(crate) next: Option<String>,
    /// What is odd about its form.
    pub(crate) odd: Vec<FormatDeviation>,
}

impl From<Response> for ResponsePage {
    fn from(observed: Response) -> Self {
        Self { observed, next: None, odd: Vec::new() }
    }
}

/// The answer to an operation that was put like this.
pub(crate) fn read(
    (op, sent): (&Operation, &RequestForm),
    answer: &RawResponse,
    names: &mut Names,
) -> Result<ResponsePage, Response> {
    let root = parse(answer)?;
    if let Some(error) = error_of(&root) {
        let (code, message) = refusal(error, answer)?;
        let message = message.map(|text| names.in_symbols(&text, op));
        return Ok(Response::refused(op.call(), answer.status, code, message).into());
    }
    let result = &result_of(op.call().map_or("", |call| call.api), root, answer)?;
    learn(op, result, names)
        .map_err(|missing| unreadable(answer, &format!("no {missing} in the answer")))?;
    let next = pages::after(result).map_err(|what| unreadable(answer, what))?;
    let shown = read_listing(&op.sound(), result, names)
        .map_err(|missing| unreadable(answer, &format!("no {missing} in the answer")))?;
    let odd = oddities(op, sent, result, names);
    Ok(ResponsePage { observed: Response::Done(shown), next, odd })
}

/// The result of a call by its name, where it is no operation of a script.
pub(crate) fn result(api: &str, answer: &RawResponse, names: &Names) -> Result<Element, Response> {
    let root = parse(answer)?;
    match error_of(&root) {
        Some(error) => {
            let (code, message) = refusal(error, answer)?;
            let message = message.map(|text| names.keyring.hide(&text, HIDDEN));
            Err(Response::refused(None, answer.status, code, message))
        }
        None => result_of(api, root, answer),
    }
}

fn result_of(api: &str, mut root: Element, answer: &RawResponse) -> Result<Element, Response> {
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

fn refusal(error: &Element, answer: &RawResponse) -> Result<(String, Option<String>), Response> {
    let code = error.text_of("Code").unwrap_or_default().to_owned();
    if code.is_empty() {
        return Err(unreadable(answer, "an error without a code"));
    }
    Ok((code, error.text_of("Message").map(str::to_owned)))
}

fn parse(answer: &RawResponse) -> Result<Element, Response> {
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
fn garbled(answer: &RawResponse, what: &str) -> Response {
    match unreadable(answer, what) {
        Response::Interrupted(it) if answer.is_success() => {
            Response::interrupted(FailureKind::Garbled, it.detail)
        }
        other => other,
    }
}

/// A failure of the service where the status says so; otherwise something that is not IAM.
fn unreadable(answer: &RawResponse, what: &str) -> Response {
    let cause = FailureKind::of_status(answer.status);
    Response::interrupted(cause, format!("HTTP {}: {what}", answer.status))
}

/// Keeps the names that the service gave.
fn learn(op: &Operation, result: &Element, names: &mut Names) -> Result<(), &'static str> {
    learn_name(op, result, names);
    match op.sound() {
        Operation::UpdateUser(user, UserChange { name: Some(name), .. }) => {
            names.keyring.rename(user, name);
        }
        Operation::CreateUser(..) => {
            let arn = result.child("User").and_then(|user| user.text_of("Arn"));
            names.learn_account(arn.ok_or("User.Arn")?);
        }
        Operation::Create(object) => {
            let (structure, name) = names::created(object.class);
            let made = result.child(structure).ok_or(structure)?;
            let name = made.text_of(name).filter(|it| !it.is_empty()).ok_or(name)?.to_owned();
            names.learn_account(&name);
            names.bind_object(object, &name);
            if object.class == ResourceKind::Device {
                // Without a seed its codes are guesses, which an endpoint may take that looks at none.
                match made.text_of("Base32StringSeed").and_then(decode) {
                    Some(seed) => names.keyring.keep_seed(object.item, seed),
                    None => names.keyring.lose_seed(object.item),
                }
            }
        }
        Operation::Issue(user, kind, item, _) => {
            let structure = names::structure(kind).ok_or("structure")?;
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
                let id = names.item(AttachmentKind::AccessKey, key);
                names.keyring.set_usable(user, &id, usable);
            }
        }
    }
    Ok(())
}

/// The access key that a call deletes, activates or deactivates, and whether it is usable afterwards.
pub(crate) fn key_changed(op: &Operation) -> Option<(User, Item, Usable)> {
    match op.sound() {
        Operation::Detach(user, AttachmentKind::AccessKey, key)
        | Operation::SetStatus(user, AttachmentKind::AccessKey, key, Status::Inactive) => {
            Some((user, key, Usable::No))
        }
        Operation::SetStatus(user, AttachmentKind::AccessKey, key, Status::Active) => {
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
        (Operation::CreateUser(..), InputError::TooLong | InputError::BadCharacter) => {
            if let Some(name) = made {
                names.bind_user(user, name);
            }
        }
        (Operation::UpdateUser(..), InputError::OtherCase) => {
            let name = request::other_case(&names.user(user));
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
pub(crate) fn join(before: Option<Response>, page: Response) -> Response {
    match (before, page) {
        (Some(Response::Done(Some(mut all))), Response::Done(Some(more))) => {
            all.items.extend(more.items);
            all.strangers.extend(more.strangers);
            all.items.sort_unstable();
            Response::Done(Some(all))
        }
        (_, page) => page,
    }
}

/// What a missing element is called.
type Missing = &'static str;

/// What the answer shows, where the model says that it shows something.
pub(crate) fn read_listing(
    op: &Operation,
    result: &Element,
    names: &Names,
) -> Result<Option<Listing>, Missing> {
    let mut seen = Reader { names, shown: Listing::default() };
    match *op {
        Operation::List(_, kind) => {
            let Some(listing) = names::listing(kind) else { return Ok(None) };
            seen.items(kind, listing, result)?;
        }
        Operation::Renew(_, AttachmentKind::LoginProfile | AttachmentKind::MfaDevice, _) => {
            return Ok(None);
        }
        Operation::Get(_, kind, _) | Operation::Renew(_, kind, _) => {
            let read_listing = match names::structure(kind) {
                Some(structure) => result.child(structure).ok_or(structure)?,
                None => result,
            };
            let member = kind.row().member;
            seen.item(kind, read_listing.text_of(member).ok_or(member)?, read_listing)?;
        }
        _ => {
            if !seen.view(op, result)? {
                return Ok(None);
            }
        }
    }
    seen.shown.items.sort_unstable();
    Ok(Some(seen.shown))
}

struct Reader<'a> {
    names: &'a Names,
    shown: Listing,
}

impl Reader<'_> {
    /// What is no attachment; whether anything is shown.
    fn view(&mut self, op: &Operation, result: &Element) -> Result<bool, Missing> {
        match *op {
            Operation::CreateUser(_, extras) if extras == CreateUserOptions::default() => {
                return Ok(false);
            }
            Operation::CreateUser(..) | Operation::GetUser(_) => {
                self.user(result.child("User").ok_or("User")?)?;
            }
            Operation::LastUsed(_) => {
                self.named_user(result.text_of("UserName").ok_or("UserName")?);
            }
            Operation::ListUsers(_) => self.users(result, "Users", true)?,
            Operation::Details => self.users(result, "UserDetailList", true)?,
            Operation::Read(Resource { class: ResourceKind::Group, .. }) => {
                self.users(result, "Users", false)?;
            }
            Operation::ListAll(class, _) => self.objects(class, result)?,
            Operation::Holders(_) => {
                self.users(result, "PolicyUsers", false)?;
                self.groups(result)?;
            }
            Operation::Add(_, SubResource::Version, _)
            | Operation::Part(_, SubResource::Version, _) => {
                self.version(result.child("PolicyVersion").ok_or("PolicyVersion")?)?;
            }
            Operation::Part(_, SubResource::InlinePolicy, _) => {
                let name = result.text_of("PolicyName").ok_or("PolicyName")?;
                self.item(AttachmentKind::InlinePolicy, name, result)?;
            }
            Operation::Parts(_, part) => self.parts(part, result)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// One thing by its symbol, or by the name that has none.
    fn show(&mut self, thing: Option<Entity>, status: Status, name: &str) {
        match thing {
            Some(thing) => self.shown.items.push((thing, status)),
            None => self.shown.strangers.push(name.to_owned()),
        }
    }

    fn item(&mut self, kind: AttachmentKind, name: &str, element: &Element) -> Result<(), Missing> {
        let thing = self.names.symbol(kind, name).map(|item| Entity::of(kind, item));
        self.show(thing, status(kind, element)?, name);
        Ok(())
    }

    fn items(
        &mut self,
        kind: AttachmentKind,
        listing: names::ListNames,
        from: &Element,
    ) -> Result<(), Missing> {
        for member in &from.child(listing.list).ok_or(listing.list)?.children {
            let name = listing.name.map_or(Some(member.text.trim()), |it| member.text_of(it));
            self.item(kind, name.ok_or(listing.name.unwrap_or("member"))?, member)?;
        }
        Ok(())
    }

    /// The path where it is not the root, the permissions boundary and the tags of a user.
    fn user(&mut self, user: &Element) -> Result<(), Missing> {
        let path = user.text_of("Path").ok_or("Path")?;
        if path != self.names.path(Path::default()) {
            let known = (1..10).map(Path).find(|it| self.names.path(*it) == path);
            self.show(known.map(Entity::Path), Status::Active, path);
        }
        if let Some(boundary) = user.child("PermissionsBoundary") {
            let arn = boundary.text_of("PermissionsBoundaryArn").ok_or("PermissionsBoundaryArn")?;
            self.item(AttachmentKind::ManagedPolicy, arn, boundary)?;
        }
        for tag in user.child("Tags").map(|it| it.children.as_slice()).unwrap_or_default() {
            self.item(AttachmentKind::Tag, tag.text_of("Key").ok_or("Key")?, tag)?;
        }
        Ok(())
    }

    fn named_user(&mut self, name: &str) {
        let user = self.names.number("u", name).map(User).map(Entity::User);
        self.show(user, Status::Active, name);
    }

    /// Users by name. Where all of the account are listed, other people's are passed over.
    fn users(&mut self, from: &Element, list: Missing, all: bool) -> Result<(), Missing> {
        for member in &from.child(list).ok_or(list)?.children {
            let name = member.text_of("UserName").ok_or("UserName")?;
            if !all || self.names.number("u", name).is_some() {
                self.named_user(name);
            }
        }
        Ok(())
    }

    /// All objects of a class; other people's are passed over.
    fn objects(&mut self, class: ResourceKind, from: &Element) -> Result<(), Missing> {
        let (list, name) = names::objects(class);
        for member in &from.child(list).ok_or(list)?.children {
            let name = member.text_of(name).ok_or(name)?;
            if let Some(number) = self.names.number(class.row().symbol, name) {
                let object = Resource { class, item: Item(number) };
                self.show(Some(Entity::Object(object)), Status::Active, name);
            }
        }
        Ok(())
    }

    fn groups(&mut self, from: &Element) -> Result<(), Missing> {
        for member in &from.child("PolicyGroups").ok_or("PolicyGroups")?.children {
            let name = member.text_of("GroupName").ok_or("GroupName")?;
            self.item(AttachmentKind::GroupMembership, name, member)?;
        }
        Ok(())
    }

    fn parts(&mut self, part: SubResource, from: &Element) -> Result<(), Missing> {
        let kind = match part {
            SubResource::InlinePolicy => AttachmentKind::InlinePolicy,
            SubResource::AttachedPolicy => AttachmentKind::ManagedPolicy,
            SubResource::Version => {
                let versions = &from.child("Versions").ok_or("Versions")?.children;
                return versions.iter().try_for_each(|version| self.version(version));
            }
        };
        names::listing(kind).map_or(Ok(()), |listing| self.items(kind, listing, from))
    }

    fn version(&mut self, version: &Element) -> Result<(), Missing> {
        let id = version.text_of("VersionId").ok_or("VersionId")?;
        let default = version.text_of("IsDefaultVersion") == Some("true");
        let number = id.strip_prefix('v').and_then(|it| it.parse().ok());
        self.show(number.map(|number| Entity::Version { number, default }), Status::Active, id);
        Ok(())
    }
}

fn status(kind: AttachmentKind, element: &Element) -> Result<Status, Missing> {
    match element.text_of("Status") {
        _ if !kind.row().statuses => Ok(Status::Active),
        Some("Active") => Ok(Status::Active),
        Some("Inactive") => Ok(Status::Inactive),
        _ => Err("Status that is Active or Inactive"),
    }
}

/// What a client would understand of this answer to an operation. Nothing is sent.
#[must_use]
pub fn understood(
    op: &Operation,
    (status, content_type, body): (u16, &str, &[u8]),
    names: &mut Names,
) -> Response {
    let answer = RawResponse { status, content_type: content_type.to_owned(), body: body.to_vec() };
    let form = request::form(op, names).unwrap_or_default();
    read((op, &form), &answer, names).map_or_else(|it| it, |page| page.observed)
}
