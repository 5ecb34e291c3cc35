//! From an operation to the form that is sent.
//!
//! What is sent where a member is to be otherwise than it should be: a value just beyond what D-021
//! and D-012 allow, or one that was refused when a fact was recorded.

use anyhow::{Context as _, Result, bail};
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    AttachmentKind, Filter, InputError, IssueOptions, Item, Operation, Path, Resource,
    ResourceKind, Service, Status, SubResource, User,
};
use secrecy::ExposeSecret as _;

use crate::client::session::Names;
use crate::wire::{names, payload};

pub(crate) type RequestForm = Vec<(String, String)>;

/// The members of the request, `Action` and `Version` first.
pub(crate) fn form(op: &Operation, names: &mut Names) -> Result<RequestForm> {
    let mut form = sound(&op.sound(), names)?;
    if let Operation::Flawed(_, flaw) = op {
        spoil(&mut form, flaw.row().member, flaw.row().defect);
    }
    Ok(form)
}

fn sound(op: &Operation, names: &mut Names) -> Result<RequestForm> {
    let call = op.call().context("the kind has no such call")?;
    let mut form = vec![member("Action", call.api), member("Version", names::VERSION)];
    // Who changes its own password is known by its signature.
    let about = op.user().filter(|_| !matches!(op, Operation::ChangePassword(_)));
    form.extend(about.map(|user| member("UserName", names.user(user))));
    match *op {
        Operation::Create(object) => form.extend(created(object, names)),
        Operation::Read(object)
        | Operation::Rename(object, _)
        | Operation::Holders(object)
        | Operation::Delete(object) => {
            form.push(member(object.class.row().member, names.object(object)));
            form.extend(more_of_object(op, names));
        }
        Operation::ListAll(class, which) => form.extend(choice(class, which)),
        Operation::Add(object, part, item)
        | Operation::Part(object, part, item)
        | Operation::SetDefault(object, part, item)
        | Operation::Remove(object, part, item) => {
            form.push(member(object.class.row().member, names.object(object)));
            form.extend(piece(op, part, item, names));
        }
        Operation::Parts(object, _) => {
            form.push(member(object.class.row().member, names.object(object)));
        }
        Operation::Attach(..)
        | Operation::Issue(..)
        | Operation::Get(..)
        | Operation::SetStatus(..)
        | Operation::Renew(..)
        | Operation::Detach(..) => form.extend(attachment(op, names)?),
        Operation::ChangePassword(user) if names.keyring.lost_password(user) => {
            bail!("the password of u{} is not known, for an answer was lost", user.0)
        }
        _ => form.extend(of_user(op, names)),
    }
    Ok(form)
}

/// What the calls about a user need that are about no attachment of it.
fn of_user(op: &Operation, names: &mut Names) -> RequestForm {
    let policy = |item| Resource { class: ResourceKind::Policy, item };
    match *op {
        Operation::CreateUser(_, extras) => {
            let path = Some(extras.path).filter(|it| *it != Path::default());
            let path = path.map(|path| names.path(path)).or(names.folder());
            let path = path.map(|path| member("Path", path));
            let boundary = extras.boundary.map(|it| names.object(policy(it)));
            let boundary = boundary.map(|arn| member("PermissionsBoundary", arn));
            let tag =
                extras.tag.map(|tag| crate::client::request::tag(tag, names)).into_iter().flatten();
            path.into_iter().chain(boundary).chain(tag).collect()
        }
        Operation::ListUsers(path) if path != Path::default() => {
            // Any beginning of a path will do, without the slash at its end too (C-048).
            vec![member("PathPrefix", names.path(path).trim_end_matches('/'))]
        }
        Operation::UpdateUser(_, change) => {
            let name = change.name.map(|name| member("NewUserName", names.user(name)));
            let path = change.path.map(|path| member("NewPath", names.path(path)));
            name.into_iter().chain(path).collect()
        }
        Operation::PutBoundary(_, item) => {
            vec![member("PermissionsBoundary", names.object(policy(item)))]
        }
        Operation::ChangePassword(user) => {
            let new = payload::password();
            let old = names.keyring.keep_password(user, &new);
            let old = old.map_or_else(payload::password, |it| it.expose_secret().to_owned());
            vec![member("OldPassword", old), member("NewPassword", new)]
        }
        Operation::LastUsed(key) => {
            vec![member(
                AttachmentKind::AccessKey.row().member,
                names.item(AttachmentKind::AccessKey, key),
            )]
        }
        Operation::Details => vec![member("Filter.member.1", "User")],
        _ => Vec::new(),
    }
}

fn more_of_object(op: &Operation, names: &Names) -> Option<(String, String)> {
    match *op {
        Operation::Rename(_, None) => Some(member("NewPath", names.path(Path(1)))),
        Operation::Rename(object, Some(item)) => {
            Some(member("NewGroupName", names.object_name(Resource { item, ..object })))
        }
        // Those for whom it is a permissions boundary only are not asked for.
        Operation::Holders(_) => Some(member("PolicyUsageFilter", "PermissionsPolicy")),
        _ => None,
    }
}

/// What chooses among the objects of a class: of policies, those of the customer.
fn choice(class: ResourceKind, which: Filter) -> RequestForm {
    match (class, which) {
        (ResourceKind::Group, _) | (ResourceKind::Device, Filter::All) => Vec::new(),
        (ResourceKind::Policy, Filter::Held) => {
            vec![member("Scope", "Local"), member("OnlyAttached", "true")]
        }
        (ResourceKind::Policy, _) => vec![member("Scope", "Local")],
        (ResourceKind::Device, Filter::Held) => vec![member("AssignmentStatus", "Assigned")],
        (ResourceKind::Device, Filter::Free) => vec![member("AssignmentStatus", "Unassigned")],
    }
}

/// What names a part, and what a new one holds.
fn piece(op: &Operation, part: SubResource, item: Item, names: &Names) -> RequestForm {
    let adds = matches!(op, Operation::Add(..));
    let name = match part {
        SubResource::Version if adds => None,
        SubResource::Version => Some(part.symbol(item)),
        SubResource::AttachedPolicy => {
            Some(names.object(Resource { class: ResourceKind::Policy, item }))
        }
        SubResource::InlinePolicy => Some(names.item(AttachmentKind::InlinePolicy, item)),
    };
    let name = name.map(|name| member(part.row().member, name));
    let body = (adds && part != SubResource::AttachedPolicy).then(document);
    name.into_iter().chain(body).collect()
}

/// What the calls about an attachment need beside the user.
fn attachment(op: &Operation, names: &mut Names) -> Result<RequestForm> {
    Ok(match *op {
        Operation::Attach(user, kind, item) => {
            body(user, kind, item, IssueOptions::Nothing, names)?
        }
        Operation::Issue(user, kind, item, with) => body(user, kind, item, with, names)?,
        Operation::Get(_, kind, item) => {
            let encoding =
                (kind == AttachmentKind::SshPublicKey).then(|| member("Encoding", "SSH"));
            [named(kind, item, names)].into_iter().chain(encoding).collect()
        }
        Operation::SetStatus(_, kind, item, status) => {
            vec![named(kind, item, names), member("Status", Status::name(status))]
        }
        Operation::Renew(user, kind, _) if kind.row().naming == Naming::Single => {
            let new = payload::password();
            names.keyring.keep_password(user, &new);
            vec![member("Password", new)]
        }
        Operation::Renew(_, AttachmentKind::MfaDevice, item) => {
            [named(AttachmentKind::MfaDevice, item, names)]
                .into_iter()
                .chain(codes(item, names)?)
                .collect()
        }
        Operation::Detach(_, AttachmentKind::Tag, tag) => {
            vec![member("TagKeys.member.1", names.item(AttachmentKind::Tag, tag))]
        }
        Operation::Detach(_, kind, _) if kind.row().naming == Naming::Single => Vec::new(),
        Operation::Renew(_, kind, item) | Operation::Detach(_, kind, item) => {
            vec![named(kind, item, names)]
        }
        _ => Vec::new(),
    })
}

/// What the creating call of a class needs.
fn created(object: Resource, names: &Names) -> RequestForm {
    let name = names.object_name(object);
    let members = match object.class {
        ResourceKind::Group => vec![member("GroupName", name)],
        ResourceKind::Device => vec![member("VirtualMFADeviceName", name)],
        ResourceKind::Policy => vec![member("PolicyName", name), document()],
    };
    members.into_iter().chain(names.folder().map(|path| member("Path", path))).collect()
}

/// What the attaching call of a kind needs beside the user.
fn body(
    user: User,
    kind: AttachmentKind,
    item: Item,
    with: IssueOptions,
    names: &mut Names,
) -> Result<RequestForm> {
    Ok(match kind {
        AttachmentKind::LoginProfile => {
            let new = payload::password();
            names.keyring.keep_password(user, &new);
            vec![member("Password", new)]
        }
        AttachmentKind::AccessKey => Vec::new(),
        AttachmentKind::SigningCertificate => {
            let name = format!("{} {}", names.user(user), kind.symbol(item));
            let body = uploaded(kind, item, with, names, || payload::certificate(&name))?;
            vec![member("CertificateBody", body)]
        }
        AttachmentKind::SshPublicKey => {
            let own = || Ok(payload::ssh_key(item).to_owned());
            vec![member("SSHPublicKeyBody", uploaded(kind, item, with, names, own)?)]
        }
        AttachmentKind::ServiceCredential => {
            let Service(number) =
                if let IssueOptions::Service(service) = with { service } else { Service(0) };
            let service = names::SERVICES
                .get(usize::from(number))
                .context("no such service; use `s0` or `s1`")?;
            vec![member("ServiceName", *service)]
        }
        AttachmentKind::MfaDevice => {
            [named(kind, item, names)].into_iter().chain(codes(item, names)?).collect()
        }
        AttachmentKind::Tag => tag(item, names).to_vec(),
        AttachmentKind::InlinePolicy => vec![named(kind, item, names), document()],
        AttachmentKind::ManagedPolicy | AttachmentKind::GroupMembership => {
            vec![named(kind, item, names)]
        }
    })
}

/// Two codes of a device, one after the other; guesses where its seed is not known.
fn codes(device: Item, names: &mut Names) -> Result<RequestForm> {
    let [first, second] = match names.keyring.seed(device) {
        None => payload::GUESSES.map(str::to_owned),
        Some(seed) => {
            let payload::MfaCodes { codes, window } = payload::codes(seed)?;
            names.keyring.keep_codes(device, window);
            codes
        }
    };
    Ok(vec![member("AuthenticationCode1", first), member("AuthenticationCode2", second)])
}

fn tag(tag: Item, names: &Names) -> [(String, String); 2] {
    let key = names.item(AttachmentKind::Tag, tag);
    [member("Tags.member.1.Key", key), member("Tags.member.1.Value", "iamspec")]
}

/// The body of an item: that of the other one where the script says so, and else its own.
fn uploaded(
    kind: AttachmentKind,
    item: Item,
    with: IssueOptions,
    names: &mut Names,
    own: impl FnOnce() -> Result<String>,
) -> Result<String> {
    let body = match with {
        IssueOptions::BodyOf(other) => {
            names.keyring.body(kind, other).map(str::to_owned).with_context(|| {
                format!("nothing was uploaded for `{}` before", kind.symbol(other))
            })?
        }
        _ => own()?,
    };
    names.keyring.keep_body(kind, item, &body);
    Ok(body)
}

fn named(kind: AttachmentKind, item: Item, names: &Names) -> (String, String) {
    member(kind.row().member, names.item(kind, item))
}

fn document() -> (String, String) {
    member("PolicyDocument", payload::policy_document())
}

pub(crate) fn member(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

/// Makes one member of a request as wrong as is asked for. Names keep the prefix of their run.
pub(crate) fn spoil(form: &mut RequestForm, name: &str, defect: InputError) {
    match (name, defect) {
        (_, InputError::Absent) => form.retain(|(it, _)| it != name),
        (_, InputError::OtherCase) => change(form, name, |value| other_case(&value)),
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
        ("Tags", InputError::Doubled) => set_tag(form, 2, &value_of(form, "Tags.member.1.Key")),
        ("Key", InputError::TooLong) => {
            change(form, "Tags.member.1.Key", |value| padded(value, 129));
        }
        ("AuthenticationCode2", InputError::Doubled) => {
            let first = value_of(form, "AuthenticationCode1");
            change(form, name, |_| first);
        }
        _ => set(form, name, &wrong(name, defect)),
    }
}

/// Values that name nothing, for all their form.
pub(crate) const NOTHINGS: [&str; 3] = [WRONG_ID, NO_ARN, NO_POLICY];

const WRONG_ID: &str = "totally-wrong-credential-id-with-hyphens";
const NO_ARN: &str = "longpolicynamebutnoarn";
const NO_POLICY: &str = "arn:aws:iam::111111111111:not_a_policy/invalid";

/// A value that the member may not have.
fn wrong(name: &str, defect: InputError) -> String {
    match (name, defect) {
        ("Path", InputError::TooLong) => format!("/{}/", "x".repeat(511)),
        ("MaxItems", InputError::TooLong) => "1001".to_owned(),
        ("MaxItems", InputError::OneByOne) => "1".to_owned(),
        ("MaxItems", InputError::TooShort) => "0".to_owned(),
        ("Password", _) => "Aa1!".to_owned(),
        ("Status", _) => "Invalid".to_owned(),
        ("ServiceName", _) => "lambda.amazonaws.com".to_owned(),
        ("ServiceSpecificCredentialId", _) => WRONG_ID.to_owned(),
        ("CertificateBody", _) => "invalid-certificate-body".to_owned(),
        ("PolicyDocument", _) => "{".to_owned(),
        ("PolicyArn", _) => NO_ARN.to_owned(),
        ("PermissionsBoundary", _) => NO_POLICY.to_owned(),
        _ => "none".to_owned(),
    }
}

/// The same name for whom case makes no difference.
pub(crate) fn other_case(name: &str) -> String {
    name.to_ascii_uppercase()
}

fn padded(mut value: String, length: usize) -> String {
    value.extend(std::iter::repeat_n('x', length.saturating_sub(value.len())));
    value
}

fn value_of(form: &RequestForm, name: &str) -> String {
    form.iter().find(|(it, _)| it == name).map(|(_, value)| value.clone()).unwrap_or_default()
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
    set(form, &format!("Tags.member.{number}.Value"), "iamspec");
}
