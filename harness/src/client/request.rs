//! From an operation to the form that is sent.

use anyhow::{Context as _, Result, bail};
use iamspec_model::kind::Naming;
use iamspec_model::{
    Class, Item, Kind, Object, Operation, Part, Path, Service, Status, User, Which, With,
};
use secrecy::ExposeSecret as _;

use super::spoil;
use crate::names::Names;
use crate::{payload, wire};

pub(crate) type Form = Vec<(String, String)>;

/// The members of the request, `Action` and `Version` first.
pub(crate) fn form(op: &Operation, names: &mut Names) -> Result<Form> {
    let mut form = sound(&op.sound(), names)?;
    if let Operation::Flawed(_, flaw) = op {
        spoil::spoil(&mut form, flaw.row().member, flaw.row().defect);
    }
    Ok(form)
}

fn sound(op: &Operation, names: &mut Names) -> Result<Form> {
    let call = op.call().context("the kind has no such call")?;
    let mut form = vec![member("Action", call.api), member("Version", wire::VERSION)];
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
fn of_user(op: &Operation, names: &mut Names) -> Form {
    let policy = |item| Object { class: Class::Policy, item };
    match *op {
        Operation::CreateUser(_, extras) => {
            let path = Some(extras.path).filter(|it| *it != Path::default());
            let path = path.map(|path| names.path(path)).or(names.folder());
            let path = path.map(|path| member("Path", path));
            let boundary = extras.boundary.map(|it| names.object(policy(it)));
            let boundary = boundary.map(|arn| member("PermissionsBoundary", arn));
            let tag = extras.tag.map(|tag| self::tag(tag, names)).into_iter().flatten();
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
            vec![member(Kind::AccessKey.row().member, names.item(Kind::AccessKey, key))]
        }
        Operation::Details => vec![member("Filter.member.1", "User")],
        _ => Vec::new(),
    }
}

fn more_of_object(op: &Operation, names: &Names) -> Option<(String, String)> {
    match *op {
        Operation::Rename(_, None) => Some(member("NewPath", names.path(Path(1)))),
        Operation::Rename(object, Some(item)) => {
            Some(member("NewGroupName", names.object_name(Object { item, ..object })))
        }
        // Those for whom it is a permissions boundary only are not asked for.
        Operation::Holders(_) => Some(member("PolicyUsageFilter", "PermissionsPolicy")),
        _ => None,
    }
}

/// What chooses among the objects of a class: of policies, those of the customer.
fn choice(class: Class, which: Which) -> Form {
    match (class, which) {
        (Class::Group, _) | (Class::Device, Which::All) => Vec::new(),
        (Class::Policy, Which::Held) => {
            vec![member("Scope", "Local"), member("OnlyAttached", "true")]
        }
        (Class::Policy, _) => vec![member("Scope", "Local")],
        (Class::Device, Which::Held) => vec![member("AssignmentStatus", "Assigned")],
        (Class::Device, Which::Free) => vec![member("AssignmentStatus", "Unassigned")],
    }
}

/// What names a part, and what a new one holds.
fn piece(op: &Operation, part: Part, item: Item, names: &Names) -> Form {
    let adds = matches!(op, Operation::Add(..));
    let name = match part {
        Part::Version if adds => None,
        Part::Version => Some(part.symbol(item)),
        Part::AttachedPolicy => Some(names.object(Object { class: Class::Policy, item })),
        Part::InlinePolicy => Some(names.item(Kind::InlinePolicy, item)),
    };
    let name = name.map(|name| member(part.row().member, name));
    let body = (adds && part != Part::AttachedPolicy).then(document);
    name.into_iter().chain(body).collect()
}

/// What the calls about an attachment need beside the user.
fn attachment(op: &Operation, names: &mut Names) -> Result<Form> {
    Ok(match *op {
        Operation::Attach(user, kind, item) => body(user, kind, item, With::Nothing, names)?,
        Operation::Issue(user, kind, item, with) => body(user, kind, item, with, names)?,
        Operation::Get(_, kind, item) => {
            let encoding = (kind == Kind::SshPublicKey).then(|| member("Encoding", "SSH"));
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
        Operation::Renew(_, Kind::MfaDevice, item) => {
            [named(Kind::MfaDevice, item, names)].into_iter().chain(codes(item, names)?).collect()
        }
        Operation::Detach(_, Kind::Tag, tag) => {
            vec![member("TagKeys.member.1", names.item(Kind::Tag, tag))]
        }
        Operation::Detach(_, kind, _) if kind.row().naming == Naming::Single => Vec::new(),
        Operation::Renew(_, kind, item) | Operation::Detach(_, kind, item) => {
            vec![named(kind, item, names)]
        }
        _ => Vec::new(),
    })
}

/// What the creating call of a class needs.
fn created(object: Object, names: &Names) -> Form {
    let name = names.object_name(object);
    let members = match object.class {
        Class::Group => vec![member("GroupName", name)],
        Class::Device => vec![member("VirtualMFADeviceName", name)],
        Class::Policy => vec![member("PolicyName", name), document()],
    };
    members.into_iter().chain(names.folder().map(|path| member("Path", path))).collect()
}

/// What the attaching call of a kind needs beside the user.
fn body(user: User, kind: Kind, item: Item, with: With, names: &mut Names) -> Result<Form> {
    Ok(match kind {
        Kind::LoginProfile => {
            let new = payload::password();
            names.keyring.keep_password(user, &new);
            vec![member("Password", new)]
        }
        Kind::AccessKey => Vec::new(),
        Kind::SigningCertificate => {
            let name = format!("{} {}", names.user(user), kind.symbol(item));
            let body = uploaded(kind, item, with, names, || payload::certificate(&name))?;
            vec![member("CertificateBody", body)]
        }
        Kind::SshPublicKey => {
            let own = || Ok(payload::ssh_key(item).to_owned());
            vec![member("SSHPublicKeyBody", uploaded(kind, item, with, names, own)?)]
        }
        Kind::ServiceCredential => {
            let Service(number) =
                if let With::Service(service) = with { service } else { Service(0) };
            let service = wire::SERVICES
                .get(usize::from(number))
                .context("no such service; use `s0` or `s1`")?;
            vec![member("ServiceName", *service)]
        }
        Kind::MfaDevice => {
            [named(kind, item, names)].into_iter().chain(codes(item, names)?).collect()
        }
        Kind::Tag => tag(item, names).to_vec(),
        Kind::InlinePolicy => vec![named(kind, item, names), document()],
        Kind::ManagedPolicy | Kind::GroupMembership => vec![named(kind, item, names)],
    })
}

/// Two codes of a device, one after the other; guesses where its seed is not known.
fn codes(device: Item, names: &mut Names) -> Result<Form> {
    let [first, second] = match names.keyring.seed(device) {
        None => payload::GUESSES.map(str::to_owned),
        Some(seed) => {
            let payload::Codes { codes, window } = payload::codes(seed)?;
            names.keyring.keep_codes(device, window);
            codes
        }
    };
    Ok(vec![member("AuthenticationCode1", first), member("AuthenticationCode2", second)])
}

fn tag(tag: Item, names: &Names) -> [(String, String); 2] {
    let key = names.item(Kind::Tag, tag);
    [member("Tags.member.1.Key", key), member("Tags.member.1.Value", "iamspec")]
}

/// The body of an item: that of the other one where the script says so, and else its own.
fn uploaded(
    kind: Kind,
    item: Item,
    with: With,
    names: &mut Names,
    own: impl FnOnce() -> Result<String>,
) -> Result<String> {
    let body = match with {
        With::BodyOf(other) => {
            names.keyring.body(kind, other).map(str::to_owned).with_context(|| {
                format!("nothing was uploaded for `{}` before", kind.symbol(other))
            })?
        }
        _ => own()?,
    };
    names.keyring.keep_body(kind, item, &body);
    Ok(body)
}

fn named(kind: Kind, item: Item, names: &Names) -> (String, String) {
    member(kind.row().member, names.item(kind, item))
}

fn document() -> (String, String) {
    member("PolicyDocument", payload::policy_document())
}

pub(super) fn member(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}
