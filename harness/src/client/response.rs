//! Interprets a raw response: success, refusal, or a failure that describes what arrived instead.
//!
//! `read` parses the XML, records the names and secrets that the service gave in [`Names`], and
//! translates what the response shows into symbols. A response that is not a valid IAM response
//! becomes an interruption; its content is never guessed.

use iamspec_conformance::oracle::formats::FormatDeviation;
use iamspec_conformance::oracle::messages;
use iamspec_conformance::response::FailureKind;
use iamspec_conformance::{EndpointText, Listing, Response};
use iamspec_model::{
    AttachmentKind, CreateUserOptions, Entity, ErrorCode, InputError, Item, Operation, Path,
    Resource, ResourceKind, Status, SubResource, User, UserChange,
};

use crate::aws::credentials::Identity;
use crate::client::connection::transport::{Disclosure, RawResponse};
use crate::client::session::{KnownNames, Names, Usable, base_name};
use crate::client::wire_rules::formats::deviations;
use crate::client::wire_rules::{error_of, refusal_in_json};
use crate::client::{pages, request};
use crate::wire::attachments::{IssuedSecret, ListResponse, kind_of, wire};
use crate::wire::names;
use crate::wire::names::RequestForm;
use crate::wire::xml_read::{DECLARATION, Element, TOO_LARGE};

impl RawResponse {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// One page of a response.
pub(crate) struct ResponsePage {
    pub(crate) response: Response,
    /// The marker of the next page, if there is one.
    pub(crate) next: Option<String>,
    pub(crate) deviations: Vec<FormatDeviation>,
}

impl From<Response> for ResponsePage {
    fn from(response: Response) -> Self {
        Self { response, next: None, deviations: Vec::new() }
    }
}

/// Interprets the response to the request of an operation. An error is an interruption.
///
/// `is_flagged` says that the response violates a wire rule so that SDKs cannot read it. Then a part that
/// is missing or malformed is the violation: the rest is read, and an incomplete listing is compared with
/// nothing.
pub(crate) fn read(
    (op, form): (&Operation, &RequestForm),
    raw: &RawResponse,
    (names, is_flagged): (&mut Names, bool),
) -> Result<ResponsePage, Response> {
    let root = parse(raw)?;
    if let Some(error) = error_of(&root) {
        let (code, message) = refusal(error, raw)?;
        let message = message.map(|text| {
            let complete = names.in_symbols(&text, op);
            let quoted =
                messages::quoted(op, &complete).filter(|_| raw.disclosure != Disclosure::Redacted);
            let shown = quoted.unwrap_or_else(|| names.in_symbols(&raw.shown(&text), op));
            EndpointText::new(complete, shown)
        });
        return Ok(Response::refused(op.action(), raw.status, code, message).into());
    }
    let missing = |element: &str| failure(raw, &format!("no {element} in the response"));
    let result = &result_of(op.action().map_or("", |call| call.api), root, raw)?;
    record_names(op, result, names).map_err(missing)?;
    let next = pages::after(result).map_err(|what| failure(raw, what));
    let shown = read_listing(&op.well_formed(), result, (raw, &*names)).map_err(missing);
    let (next, shown) = match (next, shown) {
        (Ok(next), Ok(shown)) => (next, shown),
        (next, _) if is_flagged => (next.unwrap_or_default(), None),
        (next, shown) => (next?, shown?),
    };
    let deviations =
        if is_flagged { Vec::new() } else { deviations(op, (form, raw), result, names) };
    Ok(ResponsePage { response: Response::Success(shown), next, deviations })
}

/// The result of an action that is not an operation of the model, by the action's name.
pub(crate) fn result(api: &str, raw: &RawResponse) -> Result<Element, Response> {
    let root = parse(raw)?;
    match error_of(&root) {
        Some(error) => {
            let (code, message) = refusal(error, raw)?;
            let message = message.map(|text| {
                let shown = raw.shown(&text);
                EndpointText::new(text, shown)
            });
            Err(Response::refused(None, raw.status, code, message))
        }
        None => result_of(api, root, raw),
    }
}

/// The codes by which endpoints refuse a signature (E-013..E-015), and those that only endpoints other
/// than IAM have for it.
const SIGNATURE_CODES: [&str; 13] = [
    "SignatureDoesNotMatch",
    "InvalidClientTokenId",
    "MissingAuthenticationToken",
    "ExpiredToken",
    "RequestExpired",
    "IncompleteSignature",
    "InvalidSignatureException",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "AuthorizationHeaderMalformed",
    "InvalidToken",
    "RequestTimeTooSkewed",
    "AuthFailure",
];

/// The response, with the key that has signed if the signature was refused. Such a refusal says nothing
/// about the operation, whatever its code.
pub(crate) fn with_signer(response: Response, signer: &Identity) -> Response {
    let detail = match &response {
        Response::Refused { http, code, message } => {
            let message = message.as_ref().map(|it| format!(" {it}")).unwrap_or_default();
            format!("{http} {code}{message}")
        }
        Response::Failed(it) if it.kind == FailureKind::Denied => it.detail.clone(),
        _ => return response,
    };
    let code = detail.split(' ').nth(1).unwrap_or_default();
    if !SIGNATURE_CODES.contains(&code) {
        return response;
    }
    Response::failed(FailureKind::Denied, format!("{detail} (signed with {signer})"))
}

/// The form of a response, before it is interpreted.
pub(crate) enum Appearance {
    /// A result of the action.
    Result,
    /// An error.
    Error {
        /// Its code, as it is shown.
        code: String,
        /// Whether an IAM endpoint may send it: it has the form of IAM's errors (E-003), or the bare
        /// form of some endpoints with a code that IAM has.
        is_of_iam: bool,
    },
    /// Anything else, in words.
    Other(String),
}

/// What the response to this action looks like.
pub(crate) fn appearance(api: &str, raw: &RawResponse) -> Appearance {
    let other = |response: &Response| match response {
        Response::Failed(it) => Appearance::Other(it.detail.clone()),
        response => Appearance::Other(response.to_string()),
    };
    let root = match parse(raw) {
        Ok(root) => root,
        Err(response) => return other(&response),
    };
    let Some(error) = error_of(&root) else {
        return result_of(api, root, raw).map_or_else(|it| other(&it), |_| Appearance::Result);
    };
    let code = error.text_of("Code").unwrap_or_default();
    let of_any_action = FailureKind::from_code(code);
    let is_known = ErrorCode::named(code).is_some()
        || of_any_action.is_some_and(|it| it != FailureKind::Unimplemented);
    let is_of_iam = !code.is_empty() && (root.name == "ErrorResponse" || is_known);
    Appearance::Error { code: raw.shown_code(code), is_of_iam }
}

fn result_of(api: &str, mut root: Element, raw: &RawResponse) -> Result<Element, Response> {
    let name = format!("{api}Result");
    let is_of_action =
        root.name == format!("{api}Response") || root.name == name || root.child(&name).is_some();
    if !raw.is_success() || !is_of_action {
        let what = format!("<{}> instead of <{api}Response>", raw.shown(&root.name));
        // A response to another action comes from the service, and not from a proxy in between.
        let from_service = root.name.ends_with("Response");
        return Err(if from_service { garbled(raw, &what) } else { failure(raw, &what) });
    }
    // Without the element around the result, its members are read where they are.
    let place = root.children.iter().position(|it| it.name == name);
    Ok(match place {
        Some(place) => root.children.swap_remove(place),
        None => root,
    })
}

fn refusal(error: &Element, raw: &RawResponse) -> Result<(String, Option<String>), Response> {
    let code = error.text_of("Code").unwrap_or_default();
    if code.is_empty() {
        return Err(failure(raw, "an error without a code"));
    }
    // No known code holds a secret, and an unknown one is compared with nothing.
    let known = ErrorCode::named(code).is_some() || FailureKind::from_code(code).is_some();
    let code = if known { code.to_owned() } else { raw.shown_code(code) };
    Ok((code, error.text_of("Message").map(str::to_owned)))
}

fn parse(raw: &RawResponse) -> Result<Element, Response> {
    if (300..400).contains(&raw.status) {
        return Err(failure(raw, "a redirect"));
    }
    if raw.body.is_empty() {
        return Err(failure(raw, "an empty response"));
    }
    let document = std::str::from_utf8(&raw.body).map_err(|_| {
        let is_xml = raw.body.trim_ascii_start().starts_with(b"<");
        if is_xml { garbled(raw, "not UTF-8") } else { failure(raw, "not UTF-8") }
    })?;
    // SDKs read XML whatever content type the endpoint gives it.
    let is_blank = |it: char| it == '\u{feff}' || it.is_whitespace();
    let text = document.trim_start_matches(is_blank);
    let has_tags = text.starts_with('<');
    let json = raw.content_type.contains("json") && !has_tags || text.starts_with('{');
    if let Some(error) = refusal_in_json(raw.status, text).filter(|_| json) {
        return Ok(error);
    }
    let parsed = Element::parse(document);
    let html = raw.content_type.contains("html")
        || ["<!doctype html", "<html"].iter().any(|it| text.to_ascii_lowercase().contains(it));
    let html = html && !parsed.as_ref().is_ok_and(is_of_service);
    if html || json {
        return Err(failure(raw, if html { "HTML" } else { "JSON" }));
    }
    parsed.map_err(|error| {
        let is_xml = has_tags || text.contains("Response>");
        if !is_xml {
            return failure(raw, &format!("no XML (Content-Type: {})", raw.shown_content_type()));
        }
        let what = format!("broken XML, {}", raw.shown(&error));
        // XML beyond the limits of the reader may be well-formed.
        let limit = error == TOO_LARGE || error == DECLARATION;
        if limit { failure(raw, &what) } else { garbled(raw, &what) }
    })
}

/// Whether a root element has the form of a name in the protocol of IAM.
fn is_of_service(root: &Element) -> bool {
    root.name == "Error" || root.name.ends_with("Response") || root.name.ends_with("Result")
}

/// A success whose body is not a response to the action (E-001). Without a status of success, the
/// response is an ordinary failure.
fn garbled(raw: &RawResponse, what: &str) -> Response {
    match failure(raw, what) {
        Response::Failed(it) if raw.is_success() => {
            Response::failed(FailureKind::Garbled, it.detail)
        }
        other => other,
    }
}

/// A failure of the service if the status says so; otherwise a response that is not from IAM.
fn failure(raw: &RawResponse, what: &str) -> Response {
    let kind = FailureKind::from_status(raw.status);
    Response::failed(kind, format!("HTTP {}: {what}", raw.status))
}

/// A response that cannot be read, and why.
pub(crate) fn unreadable(why: String) -> Response {
    Response::failed(FailureKind::Unreadable, why)
}

/// Records the names, ids and secrets that the service gave.
fn record_names(op: &Operation, result: &Element, names: &mut Names) -> Result<(), &'static str> {
    record_accepted_name(op, result, names);
    match op.well_formed() {
        Operation::CreateUser(..) => {
            let id = result.child("User").and_then(|user| user.text_of("UserId"));
            if let Some(id) = id {
                names.sent.record_user_id(id);
            }
            let arn = result.child("User").and_then(|user| user.text_of("Arn"));
            if let Some(arn) = arn {
                names.learn_account(arn);
            }
        }
        Operation::CreateResource(resource) => {
            let (structure, name) = names::created(resource.kind);
            let created = result.child(structure).ok_or(structure)?;
            let name = created.text_of(name).filter(|it| !it.is_empty()).ok_or(name)?.to_owned();
            // The endpoint must not make the run name what somebody else has created.
            let is_named = base_name(&name).eq_ignore_ascii_case(&names.resource_name(resource));
            let is_invalid = matches!(op, Operation::Invalid(..));
            if !(is_named || is_invalid && names.is_ours(&name)) {
                return Err("name of what the request has created");
            }
            names.learn_account(&name);
            names.bind_resource(resource, &name);
            if resource.kind == ResourceKind::Device {
                // Without a seed the codes are guesses. An endpoint that checks no code takes them.
                match created.text_of("Base32StringSeed").and_then(decode_seed) {
                    Some(seed) => names.keyring.set_seed(resource.item, seed),
                    None => names.keyring.mark_seed_lost(resource.item),
                }
            }
        }
        Operation::Issue(user, kind, item, _) => {
            let structure = wire(kind).structure.ok_or("structure")?;
            let issued = result.child(structure).ok_or(structure)?;
            let id = issued.text_of(kind.row().parameter).filter(|it| !it.is_empty());
            let id = id.ok_or(kind.row().parameter)?;
            names.bind(kind, item, id);
            if let IssuedSecret::SigningKey(element) = wire(kind).issued
                && let Some(secret) = issued.text_of(element)
            {
                names.keyring.add_key(user, id, secret);
            }
        }
        _ => {}
    }
    record_key_change(op, names);
    Ok(())
}

/// Records what a successful operation does to the access keys of the run.
pub(crate) fn record_key_change(op: &Operation, names: &mut Names) {
    if let Operation::DeleteUser(user) = op.well_formed() {
        names.keyring.mark_keys_deleted(user);
    }
    if let Operation::UpdateUser(user, UserChange { name: Some(name), .. }) = op.well_formed() {
        names.keyring.rename(user, name);
    }
    if let Some(KeyChange { user, kind, key, usable }) = key_change(op) {
        let id = names.item(kind, key);
        names.keyring.set_usable(user, &id, usable);
        // The request named the user, so the key is the user's.
        names.keyring.confirm(user, &id);
    }
}

/// An access key that an operation deletes, activates or deactivates.
pub(crate) struct KeyChange {
    pub(crate) user: User,
    pub(crate) kind: AttachmentKind,
    pub(crate) key: Item,
    /// Whether the key is usable afterwards.
    pub(crate) usable: Usable,
}

/// The change of an access key that an operation makes.
pub(crate) fn key_change(op: &Operation) -> Option<KeyChange> {
    let (user, kind, key, usable) = match op.well_formed() {
        Operation::Detach(user, kind, key)
        | Operation::SetStatus(user, kind, key, Status::Inactive) => (user, kind, key, Usable::No),
        Operation::SetStatus(user, kind, key, Status::Active) => (user, kind, key, Usable::Yes),
        _ => return None,
    };
    let signs = matches!(wire(kind).issued, IssuedSecret::SigningKey(_));
    signs.then_some(KeyChange { user, kind, key, usable })
}

/// Records the name of a user that the endpoint accepted although the name is invalid.
fn record_accepted_name(op: &Operation, result: &Element, names: &mut Names) {
    let Operation::Invalid(user, invalid) = *op else { return };
    let name = result.child("User").and_then(|user| user.text_of("UserName"));
    match (op.well_formed(), invalid.row().error) {
        (Operation::CreateUser(..), InputError::TooLong | InputError::BadCharacter) => {
            // Some endpoints cut a long name, or leave out characters.
            let sent = request::form(op, names).ok();
            let sent = sent.and_then(|form| names::value_of(&form, "UserName").map(str::to_owned));
            if let (Some(name), Some(sent)) = (name, sent)
                && names.is_ours(name)
                && is_part(name, &sent)
            {
                names.bind_user(user, name);
            }
        }
        (Operation::UpdateUser(..), InputError::OtherCase) => {
            let name = names::other_case(&names.user(user));
            names.bind_user(user, &name);
        }
        _ => {}
    }
}

/// Whether a name has characters of another one only, in the same order.
fn is_part(name: &str, whole: &str) -> bool {
    let mut rest = whole.chars();
    name.chars().all(|char| rest.any(|it| it == char))
}

/// The seed in base 32. On the wire it is a blob in base 64, but some endpoints omit that encoding.
fn decode_seed(blob: &str) -> Option<String> {
    let is_seed = |it: &String| {
        data_encoding::BASE32_NOPAD.decode(it.trim_end_matches('=').as_bytes()).is_ok()
    };
    let inner = data_encoding::BASE64.decode(blob.as_bytes()).ok();
    let inner = inner.and_then(|bytes| String::from_utf8(bytes).ok()).filter(is_seed);
    inner.or_else(|| Some(blob.to_owned()).filter(is_seed))
}

/// Joins the next page of a listing to the pages before it.
pub(crate) fn join(before: Option<Response>, page: Response) -> Response {
    match (before, page) {
        (Some(Response::Success(Some(mut all))), Response::Success(Some(more))) => {
            all.items.extend(more.items);
            all.unknown_names.extend(more.unknown_names);
            all.items.sort_unstable();
            Response::Success(Some(all))
        }
        // An incomplete page makes the listing incomplete.
        (Some(Response::Success(None)), Response::Success(_)) => Response::SUCCESS,
        (_, page) => page,
    }
}

/// The name of an element that a response must have and does not.
type Missing = &'static str;

/// The listing that a response shows, if the model defines one for the operation.
pub(crate) fn read_listing(
    op: &Operation,
    result: &Element,
    (raw, names): (&RawResponse, &dyn KnownNames),
) -> Result<Option<Listing>, Missing> {
    let mut reader = ListingReader { raw, names, shown: Listing::default() };
    match *op {
        Operation::List(_, kind) => {
            let Some(listing) = wire(kind).listing else { return Ok(None) };
            reader.items(kind, listing, result)?;
        }
        Operation::ResetSecret(_, kind, _) if wire(kind).renew_structure.is_none() => {
            return Ok(None);
        }
        Operation::Get(_, kind, _) | Operation::ResetSecret(_, kind, _) => {
            let item = match wire(kind).structure {
                Some(structure) => result.child(structure).ok_or(structure)?,
                None => result,
            };
            let member = kind.row().parameter;
            reader.item(kind, item.text_of(member).ok_or(member)?, item)?;
        }
        _ => {
            if !reader.other(op, result)? {
                return Ok(None);
            }
        }
    }
    reader.shown.items.sort_unstable();
    Ok(Some(reader.shown))
}

struct ListingReader<'a> {
    raw: &'a RawResponse,
    names: &'a dyn KnownNames,
    shown: Listing,
}

impl ListingReader<'_> {
    /// Reads the response of an operation that is about no attachment of a user. Returns whether it
    /// shows a listing.
    fn other(&mut self, op: &Operation, result: &Element) -> Result<bool, Missing> {
        match *op {
            Operation::CreateUser(_, options) if options == CreateUserOptions::default() => {
                return Ok(false);
            }
            Operation::CreateUser(..) | Operation::GetUser(_) => {
                self.user(result.child("User").ok_or("User")?)?;
            }
            Operation::GetAccessKeyLastUsed(_) => {
                self.named_user(result.text_of("UserName").ok_or("UserName")?);
            }
            Operation::ListUsers(_) => self.users(result, "Users", true)?,
            Operation::GetAuthorizationDetails => self.users(result, "UserDetailList", true)?,
            Operation::GetResource(Resource { kind: ResourceKind::Group, .. }) => {
                self.users(result, "Users", false)?;
            }
            Operation::ListResources(kind, _) => self.resources(kind, result)?,
            Operation::ListHolders(_) => {
                self.users(result, "PolicyUsers", false)?;
                self.groups(result)?;
            }
            Operation::AddSubResource(_, SubResource::Version, _)
            | Operation::GetSubResource(_, SubResource::Version, _) => {
                self.version(result.child("PolicyVersion").ok_or("PolicyVersion")?)?;
            }
            Operation::GetSubResource(_, part, _) => {
                let Some(kind) = kind_of(part) else { return Ok(false) };
                let member = kind.row().parameter;
                self.item(kind, result.text_of(member).ok_or(member)?, result)?;
            }
            Operation::ListSubResources(_, part) => self.sub_resources(part, result)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Adds an entity by its symbol, or by its real name if it has none.
    fn push(&mut self, entity: Option<Entity>, status: Status, name: &str) {
        match entity {
            Some(entity) => self.shown.items.push((entity, status)),
            None => self.shown.unknown_names.push(self.raw.shown(name)),
        }
    }

    fn item(&mut self, kind: AttachmentKind, name: &str, element: &Element) -> Result<(), Missing> {
        let entity = self.names.symbol(kind, name).map(|item| Entity::of(kind, item));
        self.push(entity, status(kind, element)?, name);
        Ok(())
    }

    fn items(
        &mut self,
        kind: AttachmentKind,
        listing: ListResponse,
        result: &Element,
    ) -> Result<(), Missing> {
        for member in &result.child(listing.list).ok_or(listing.list)?.children {
            let name = listing.name.map_or(Some(member.text.trim()), |it| member.text_of(it));
            self.item(kind, name.ok_or(listing.name.unwrap_or("member"))?, member)?;
        }
        Ok(())
    }

    /// The path of a user if it is not the root, the permissions boundary, and the tags.
    fn user(&mut self, user: &Element) -> Result<(), Missing> {
        let path = user.text_of("Path").ok_or("Path")?;
        let known = self.names.path_symbol(path);
        if known != Some(Path::default()) {
            self.push(known.map(Entity::Path), Status::Active, path);
        }
        if let Some(boundary) = user.child("PermissionsBoundary") {
            let arn = boundary.text_of("PermissionsBoundaryArn").ok_or("PermissionsBoundaryArn")?;
            self.resource(ResourceKind::Policy, arn);
        }
        for tag in user.child("Tags").map(|it| it.children.as_slice()).unwrap_or_default() {
            self.item(AttachmentKind::Tag, tag.text_of("Key").ok_or("Key")?, tag)?;
        }
        Ok(())
    }

    fn named_user(&mut self, name: &str) {
        let user = self.names.number("u", name).map(User).map(Entity::User);
        self.push(user, Status::Active, name);
    }

    /// The users of a list. If the list is of the whole account, users of others are skipped.
    fn users(
        &mut self,
        result: &Element,
        list: Missing,
        whole_account: bool,
    ) -> Result<(), Missing> {
        for member in &result.child(list).ok_or(list)?.children {
            let name = member.text_of("UserName").ok_or("UserName")?;
            if !whole_account || self.names.number("u", name).is_some() {
                self.named_user(name);
            }
        }
        Ok(())
    }

    fn resource(&mut self, class: ResourceKind, reference: &str) {
        let number = self.names.number(class.row().prefix, reference);
        let resource = number.map(|number| Resource { kind: class, item: Item(number) });
        self.push(resource.map(Entity::Resource), Status::Active, reference);
    }

    /// The resources of a kind in the account. Resources of others are skipped.
    fn resources(&mut self, class: ResourceKind, result: &Element) -> Result<(), Missing> {
        let (list, name) = names::listed(class);
        for member in &result.child(list).ok_or(list)?.children {
            let name = member.text_of(name).ok_or(name)?;
            if self.names.number(class.row().prefix, name).is_some() {
                self.resource(class, name);
            }
        }
        Ok(())
    }

    fn groups(&mut self, result: &Element) -> Result<(), Missing> {
        for member in &result.child("PolicyGroups").ok_or("PolicyGroups")?.children {
            self.resource(ResourceKind::Group, member.text_of("GroupName").ok_or("GroupName")?);
        }
        Ok(())
    }

    fn sub_resources(&mut self, part: SubResource, result: &Element) -> Result<(), Missing> {
        if let Some(kind) = kind_of(part) {
            wire(kind).listing.map_or(Ok(()), |listing| self.items(kind, listing, result))
        } else {
            let versions = &result.child("Versions").ok_or("Versions")?.children;
            versions.iter().try_for_each(|version| self.version(version))
        }
    }

    fn version(&mut self, version: &Element) -> Result<(), Missing> {
        let id = version.text_of("VersionId").ok_or("VersionId")?;
        let default = version.text_of("IsDefaultVersion").ok_or("IsDefaultVersion")? == "true";
        let number = id.strip_prefix('v').and_then(|it| it.parse().ok());
        self.push(number.map(|number| Entity::Version { number, default }), Status::Active, id);
        Ok(())
    }
}

fn status(kind: AttachmentKind, element: &Element) -> Result<Status, Missing> {
    match element.text_of("Status") {
        _ if !kind.row().has_status => Ok(Status::Active),
        Some("Active") => Ok(Status::Active),
        Some("Inactive") => Ok(Status::Inactive),
        _ => Err("Status that is Active or Inactive"),
    }
}

/// The interpretation of a response to an operation, without sending anything.
#[must_use]
pub fn interpret(
    op: &Operation,
    (status, content_type, body): (u16, &str, &[u8]),
    names: &mut Names,
) -> Response {
    let (content_type, body) = (content_type.to_owned(), body.to_vec());
    let raw = RawResponse { status, content_type, body, disclosure: Disclosure::default() };
    let form = request::form(op, names).unwrap_or_default();
    read((op, &form), &raw, (names, false)).map_or_else(|it| it, |page| page.response)
}
