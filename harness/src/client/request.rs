//! Builds the request of an operation: its form, valid or with one invalid member, and its signer.
//!
//! [`form`] writes the members in the order in which they are sent. [`HttpClient::prepare`] also
//! checks the form with the guard and records created resources in the journal. Nothing here sends.

use anyhow::{Context as _, Result, bail};
use iamspec_conformance::Response;
use iamspec_conformance::response::FailureKind;
use iamspec_conformance::script::unusual::is_unusual;
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    AttachmentKind, Filter, InputError, IssueOptions, Item, Operation, Path, Resource,
    ResourceKind, Service, SubResource, User,
};
use secrecy::ExposeSecret as _;

use crate::aws::credentials::Identity;
use crate::client::session::Names;
use crate::client::{HttpClient, guard, journal};
use crate::wire::attachments::{Payload, kind_of, wire};
use crate::wire::names::{RequestForm, invalid_value, member, value_of};
use crate::wire::{names, payload};

/// A request that is checked, in the journal, and ready to be sent.
pub(crate) struct PreparedRequest {
    pub(crate) form: RequestForm,
    /// The user that signs the request; `None` if the run's own identity signs it.
    pub(crate) signer: Option<Identity>,
    /// Whether the request creates a resource that was not in the journal before.
    pub(crate) creates_new: bool,
}

impl HttpClient {
    /// Prepares the request of an operation. An error is the response of a request that was not
    /// sent.
    pub(crate) fn prepare(&mut self, op: &Operation) -> Result<PreparedRequest, Response> {
        let unsent =
            |error: anyhow::Error| Response::failed(FailureKind::Unsent, format!("{error:#}"));
        let signer = self.signer_of(op).map_err(unsent)?;
        self.confirm_key(op)?;
        let form = form(op, &mut self.names).map_err(unsent)?;
        guard::check(&form, &self.names, signer.is_some()).map_err(unsent)?;
        let creates_new = journal::before(&form, self.journal()).map_err(unsent)?;
        Ok(PreparedRequest { form, signer, creates_new })
    }

    /// The identity of the user that must sign the operation itself.
    fn signer_of(&self, op: &Operation) -> Result<Option<Identity>> {
        let Some(user) = signed_by(op) else { return Ok(None) };
        let (id, secret) = self.names.keyring.key(user).with_context(|| {
            format!("u{0} has no access key to sign with; call CreateAccessKey u{0} first", user.0)
        })?;
        Ok(Some(Identity::new(id, secret, None, "a user of this run")))
    }
}

/// The error codes by which an endpoint may refuse the content of a payload.
const CONTENT_CODES: [&str; 7] = [
    "MalformedPolicyDocument",
    "MalformedPolicy",
    "PasswordPolicyViolation",
    "ValidationError",
    "InvalidInput",
    "InvalidParameterValue",
    "InvalidRequest",
];

/// The same request with a second policy document or password, if the endpoint refuses the content
/// of a valid payload. `None` if there is no second one.
pub(crate) fn with_second_payload(
    op: &Operation,
    form: &RequestForm,
    response: &Response,
    names: &mut Names,
) -> Option<RequestForm> {
    let is_content = matches!(response, Response::Refused { code, .. }
        if CONTENT_CODES.contains(&code.as_str()));
    if !is_content || op.well_formed() != *op {
        return None;
    }
    let mut form = form.clone();
    let (member, value) =
        form.iter_mut().find(|(it, _)| it == "PolicyDocument" || it == "Password")?;
    if member == "PolicyDocument" {
        *value = payload::second_policy_document();
    } else {
        *value = payload::second_password();
        names.keyring.set_password(op.user()?, value);
    }
    guard::check(&form, names, false).ok()?;
    Some(form)
}

/// The access key that a request uses in place of a name, and the user that it was created for: the
/// key that signs it, or the one that it asks about. The endpoint gave the id, and it may be
/// somebody else's. `None` if a listing has shown it, or if the request names its user.
pub(crate) fn key_to_confirm(op: &Operation, names: &Names) -> Option<(Option<User>, String)> {
    let signer = signed_by(op);
    let id = match (*op, signer) {
        (Operation::GetAccessKeyLastUsed(key), _) => {
            let kind = op.kind()?;
            // A placeholder is nobody's.
            names.has_id(kind, key).then(|| names.item(kind, key))?
        }
        (_, Some(user)) => names.keyring.key(user)?.0.to_owned(),
        (_, None) => return None,
    };
    let user = signer.or_else(|| names.keyring.owner_of(&id));
    let confirmed = user.is_some_and(|user| names.keyring.is_confirmed(user, &id));
    (!confirmed).then_some((user, id))
}

/// The user that must sign the operation itself.
pub(crate) fn signed_by(op: &Operation) -> Option<User> {
    match *op {
        Operation::ChangePassword(user) => Some(user),
        Operation::Invalid(user, invalid) if invalid.row().error.lacks_value() => Some(user),
        _ => None,
    }
}

/// The members of the request, `Action` and `Version` first.
pub(crate) fn form(op: &Operation, names: &mut Names) -> Result<RequestForm> {
    let mut form = well_formed(&op.well_formed(), names)?;
    if let Operation::Invalid(_, invalid) = op {
        make_invalid(&mut form, invalid.row().parameter, invalid.row().error);
    }
    Ok(form)
}

fn well_formed(op: &Operation, names: &mut Names) -> Result<RequestForm> {
    let action = op.action().context("the kind has no such action")?;
    let mut form = vec![member("Action", action.api), member("Version", names::VERSION)];
    // The signature identifies the user that changes its own password.
    let user = op.user().filter(|_| !matches!(op, Operation::ChangePassword(_)));
    form.extend(user.map(|user| member("UserName", names.user(user))));
    match *op {
        Operation::CreateResource(resource) => form.extend(create_members(resource, names)),
        Operation::GetResource(resource)
        | Operation::RenameResource(resource, _)
        | Operation::ListHolders(resource)
        | Operation::DeleteResource(resource) => {
            form.push(member(resource.kind.row().parameter, names.resource(resource)));
            form.extend(resource_option(op, names));
        }
        Operation::ListResources(kind, filter) => form.extend(list_filter(kind, filter)),
        Operation::AddSubResource(resource, part, item)
        | Operation::GetSubResource(resource, part, item)
        | Operation::SetDefault(resource, part, item)
        | Operation::RemoveSubResource(resource, part, item) => {
            form.push(member(resource.kind.row().parameter, names.resource(resource)));
            form.extend(sub_resource_members(op, part, item, names));
        }
        Operation::ListSubResources(resource, _) => {
            form.push(member(resource.kind.row().parameter, names.resource(resource)));
        }
        Operation::Attach(..)
        | Operation::Issue(..)
        | Operation::Get(..)
        | Operation::SetStatus(..)
        | Operation::ResetSecret(..)
        | Operation::Detach(..) => form.extend(attachment_members(op, names)?),
        Operation::ChangePassword(user) if names.keyring.lost_password(user) => {
            bail!("the password of u{} is unknown, because a response was lost", user.0)
        }
        _ => form.extend(user_members(op, names)),
    }
    Ok(form)
}

/// The members of an operation on a user that concerns none of its attachments.
fn user_members(op: &Operation, names: &mut Names) -> RequestForm {
    let policy = |item| Resource { kind: ResourceKind::Policy, item };
    match *op {
        Operation::CreateUser(_, options) => {
            let path = Some(options.path).filter(|it| *it != Path::default());
            let path = path.map(|path| names.path(path)).or(names.folder());
            let path = path.map(|path| member("Path", path));
            let boundary = options.boundary.map(|it| names.resource(policy(it)));
            let boundary = boundary.map(|arn| member("PermissionsBoundary", arn));
            let tag = options.tag.map(|tag| tag_members(tag, names)).into_iter().flatten();
            path.into_iter().chain(boundary).chain(tag).collect()
        }
        Operation::ListUsers(path) if path != Path::default() => {
            // A prefix may end anywhere in a path, also before the last slash (C-048).
            vec![member("PathPrefix", names.path(path).trim_end_matches('/'))]
        }
        Operation::UpdateUser(_, change) => {
            let name = change.name.map(|name| member("NewUserName", names.user(name)));
            let path = change.path.map(|path| member("NewPath", names.path(path)));
            name.into_iter().chain(path).collect()
        }
        Operation::PutBoundary(_, item) => {
            vec![member("PermissionsBoundary", names.resource(policy(item)))]
        }
        Operation::ChangePassword(user) => {
            let new = payload::password();
            let old = names.keyring.set_password(user, &new);
            let old = old.map_or_else(payload::password, |it| it.expose_secret().to_owned());
            vec![member("OldPassword", old), member("NewPassword", new)]
        }
        Operation::GetAccessKeyLastUsed(key) => {
            op.kind().map(|kind| item_member(kind, key, names)).into_iter().collect()
        }
        Operation::GetAuthorizationDetails => vec![member("Filter.member.1", "User")],
        _ => Vec::new(),
    }
}

/// The member that an operation on a resource needs besides the resource.
fn resource_option(op: &Operation, names: &Names) -> Option<(String, String)> {
    match *op {
        Operation::RenameResource(_, None) => Some(member("NewPath", names.path(Path(1)))),
        Operation::RenameResource(resource, Some(item)) => {
            Some(member("NewGroupName", names.resource_name(Resource { item, ..resource })))
        }
        // Without users that have the policy as their permissions boundary only.
        Operation::ListHolders(_) => Some(member("PolicyUsageFilter", "PermissionsPolicy")),
        _ => None,
    }
}

/// The members that filter a listing of resources; of policies, only the customer's are listed.
fn list_filter(kind: ResourceKind, filter: Filter) -> RequestForm {
    match (kind, filter) {
        (ResourceKind::Group, _) | (ResourceKind::Device, Filter::All) => Vec::new(),
        (ResourceKind::Policy, Filter::InUse) => {
            vec![member("Scope", "Local"), member("OnlyAttached", "true")]
        }
        (ResourceKind::Policy, _) => vec![member("Scope", "Local")],
        (ResourceKind::Device, Filter::InUse) => vec![member("AssignmentStatus", "Assigned")],
        (ResourceKind::Device, Filter::Unused) => vec![member("AssignmentStatus", "Unassigned")],
    }
}

/// The member that names a sub-resource, and the document of a new one.
fn sub_resource_members(
    op: &Operation,
    part: SubResource,
    item: Item,
    names: &Names,
) -> RequestForm {
    let adds = matches!(op, Operation::AddSubResource(..));
    let name = match kind_of(part) {
        Some(kind) => Some(names.item(kind, item)),
        None => (!adds).then(|| part.symbol(item)),
    };
    let name = name.map(|name| member(part.row().parameter, name));
    let policy = match part {
        SubResource::AttachedPolicy => None,
        SubResource::InlinePolicy => Some(item),
        SubResource::Version => op.resource().map(|it| it.item),
    };
    let document = policy.filter(|_| adds).map(document_member);
    name.into_iter().chain(document).collect()
}

/// The members of an operation on an attachment, besides the user.
fn attachment_members(op: &Operation, names: &mut Names) -> Result<RequestForm> {
    Ok(match *op {
        Operation::Attach(user, kind, item) => {
            attach_members(user, kind, item, IssueOptions::None, names)?
        }
        Operation::Issue(user, kind, item, options) => {
            attach_members(user, kind, item, options, names)?
        }
        Operation::Get(_, kind, item) => {
            let constant = wire(kind).get_members.iter().map(|(name, value)| member(name, *value));
            [item_member(kind, item, names)].into_iter().chain(constant).collect()
        }
        Operation::SetStatus(_, kind, item, status) => {
            vec![item_member(kind, item, names), member("Status", status.name())]
        }
        Operation::ResetSecret(user, kind, item) => {
            let has_item = kind.row().naming != Naming::Single;
            let name = has_item.then(|| item_member(kind, item, names));
            let request = PayloadRequest { user, kind, item, options: IssueOptions::None };
            let payload = payload_members(wire(kind).renew_payload, request, names)?;
            name.into_iter().chain(payload).collect()
        }
        Operation::Detach(_, kind, _) if kind.row().naming == Naming::Single => Vec::new(),
        Operation::Detach(_, kind, item) => {
            let name = wire(kind).detach_member.unwrap_or(kind.row().parameter);
            vec![member(name, names.item(kind, item))]
        }
        _ => Vec::new(),
    })
}

/// The members of the create action of a resource.
fn create_members(resource: Resource, names: &Names) -> RequestForm {
    let name = names.resource_name(resource);
    let members = match resource.kind {
        ResourceKind::Group => vec![member("GroupName", name)],
        ResourceKind::Device => vec![member("VirtualMFADeviceName", name)],
        ResourceKind::Policy => vec![member("PolicyName", name), document_member(resource.item)],
    };
    members.into_iter().chain(names.folder().map(|path| member("Path", path))).collect()
}

/// The members of the attach action of a kind, besides the user.
fn attach_members(
    user: User,
    kind: AttachmentKind,
    item: Item,
    options: IssueOptions,
    names: &mut Names,
) -> Result<RequestForm> {
    let row = wire(kind);
    let name = (kind.row().naming == Naming::Caller).then(|| {
        let name = row.attach_member.unwrap_or(kind.row().parameter);
        member(name, names.item(kind, item))
    });
    let request = PayloadRequest { user, kind, item, options };
    let payload = payload_members(row.payload, request, names)?;
    Ok(name.into_iter().chain(payload).collect())
}

/// The attachment that a payload is for.
#[derive(Clone, Copy)]
struct PayloadRequest {
    user: User,
    kind: AttachmentKind,
    item: Item,
    options: IssueOptions,
}

/// The members that hold a payload. Secrets and uploads are recorded in the keyring.
fn payload_members(
    payload: Payload,
    request: PayloadRequest,
    names: &mut Names,
) -> Result<RequestForm> {
    let PayloadRequest { user, kind, item, options } = request;
    let value = match payload {
        Payload::None => return Ok(Vec::new()),
        Payload::Codes => return codes(item, names),
        Payload::Document => document(item),
        Payload::TagValue if is_unusual(item.0) => UNUSUAL_TAG_VALUE.to_owned(),
        Payload::TagValue => TAG_VALUE.to_owned(),
        Payload::Password => {
            let new = payload::password();
            names.keyring.set_password(user, &new);
            new
        }
        Payload::Certificate => {
            let name = format!("{} {}", names.user(user), kind.symbol(item));
            upload(request, names, || payload::certificate(&name))?
        }
        Payload::SshKey => upload(request, names, || Ok(payload::ssh_key(item)))?,
        Payload::Service => {
            let Service(number) =
                if let IssueOptions::Service(service) = options { service } else { Service(0) };
            let service = names::SERVICES.get(usize::from(number));
            (*service.context("no such service; use `s0` or `s1`")?).to_owned()
        }
    };
    Ok(wire(kind).payload_member.map(|name| member(name, value)).into_iter().collect())
}

/// Two consecutive codes of a device; guesses if its seed is unknown.
fn codes(device: Item, names: &mut Names) -> Result<RequestForm> {
    let [first, second] = match names.keyring.seed(device) {
        None => payload::GUESSES.map(str::to_owned),
        Some(seed) => {
            let payload::MfaCodes { codes, window } = payload::codes(seed)?;
            names.keyring.record_codes(device, window);
            codes
        }
    };
    Ok(vec![member("AuthenticationCode1", first), member("AuthenticationCode2", second)])
}

/// The value of every tag.
const TAG_VALUE: &str = "iamspec";

/// The value of a tag with an unusual key: outer blanks, and letters outside ASCII (D-021).
const UNUSUAL_TAG_VALUE: &str = " \u{e9}\u{df} \u{6f22} _.:/=+-@ ";

fn tag_members(tag: Item, names: &Names) -> RequestForm {
    let kind = AttachmentKind::Tag;
    let key = names.item(kind, tag);
    let row = wire(kind);
    let key = row.attach_member.map(|name| member(name, key));
    let value = row.payload_member.map(|name| member(name, TAG_VALUE));
    key.into_iter().chain(value).collect()
}

/// The uploaded body of an item: the body of the other item that the script names, or a new one.
fn upload(
    request: PayloadRequest,
    names: &mut Names,
    new: impl FnOnce() -> Result<String>,
) -> Result<String> {
    let PayloadRequest { kind, item, options, .. } = request;
    let body = match options {
        IssueOptions::SameBodyAs(other) => names
            .keyring
            .body(kind, other)
            .map(str::to_owned)
            .with_context(|| format!("`{}` was not uploaded before", kind.symbol(other)))?,
        _ => new()?,
    };
    names.keyring.record_body(kind, item, &body);
    Ok(body)
}

fn item_member(kind: AttachmentKind, item: Item, names: &Names) -> (String, String) {
    member(kind.row().parameter, names.item(kind, item))
}

fn document_member(policy: Item) -> (String, String) {
    member("PolicyDocument", document(policy))
}

/// The document of a policy, which is unusual if its name is.
fn document(policy: Item) -> String {
    if is_unusual(policy.0) {
        payload::unusual_policy_document()
    } else {
        payload::policy_document()
    }
}

/// Makes one member of a request invalid: a value just beyond what D-021 and D-012 allow, or a
/// value that was refused when a fact was recorded. Names keep the prefix of their run.
fn make_invalid(form: &mut RequestForm, name: &str, error: InputError) {
    match (name, error) {
        (_, InputError::Absent) => form.retain(|(it, _)| it != name),
        (_, InputError::Empty) => change(form, name, |_| String::new()),
        (_, InputError::OtherCase) => change(form, name, |value| names::other_case(&value)),
        ("UserName", InputError::TooLong) => {
            let creates = form.iter().any(|(_, value)| value == "CreateUser");
            change(form, name, |value| padded(value, if creates { 65 } else { 129 }));
        }
        ("UserName", InputError::BadCharacter) => change(form, name, |value| value + " !"),
        ("Tags", InputError::TooLong) => {
            for number in 1..=51 {
                set_tag(form, number, &format!("iamspec-{number}"));
            }
        }
        ("Tags", InputError::Duplicate) => {
            let first = value_of(form, "Tags.member.1.Key").unwrap_or_default().to_owned();
            set_tag(form, 2, &first);
        }
        ("Key", InputError::TooLong) => {
            change(form, "Tags.member.1.Key", |value| padded(value, 129));
        }
        ("AuthenticationCode2", InputError::Duplicate) => {
            let first = value_of(form, "AuthenticationCode1").unwrap_or_default().to_owned();
            change(form, name, |_| first);
        }
        ("AuthenticationCode1", InputError::Wrong) => {
            // Neither code is one of the codes of now, and both together are none of any time.
            for code in ["AuthenticationCode1", "AuthenticationCode2"] {
                change(form, code, |value| next_code(&value));
            }
        }
        ("Path", InputError::TooLong) => set(form, name, &format!("/{}/", "x".repeat(511))),
        ("MaxItems", InputError::TooLong) => set(form, name, "1001"),
        ("MaxItems", InputError::OnePerPage) => set(form, name, "1"),
        ("MaxItems", InputError::TooShort) => set(form, name, "0"),
        ("Status", _) => set(form, name, "Invalid"),
        _ => set(form, name, invalid_value(name).unwrap_or("none")),
    }
}

/// Another code of six digits.
fn next_code(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap_or_default() + 1) % 1_000_000)
}

fn padded(mut value: String, length: usize) -> String {
    value.extend(std::iter::repeat_n('x', length.saturating_sub(value.len())));
    value
}

fn change(form: &mut RequestForm, name: &str, to: impl FnOnce(String) -> String) {
    if let Some((_, value)) = form.iter_mut().find(|(it, _)| it == name) {
        *value = to(std::mem::take(value));
    }
}

fn set(form: &mut RequestForm, name: &str, value: &str) {
    form.retain(|(it, _)| it != name);
    form.push(member(name, value));
}

fn set_tag(form: &mut RequestForm, number: u32, key: &str) {
    set(form, &format!("Tags.member.{number}.Key"), key);
    set(form, &format!("Tags.member.{number}.Value"), TAG_VALUE);
}
