//! From an operation to the form that is sent.

use anyhow::{Context as _, Result};
use iamspec_model::kind::Naming;
use iamspec_model::{Class, Item, Kind, Object, Operation, Service, Status, User, With};

use crate::names::Names;
use crate::{payload, wire};

pub(super) const CONTENT_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";

type Form = Vec<(String, String)>;

/// The members of the request, `Action` and `Version` first.
pub(super) fn form(op: &Operation, names: &mut Names) -> Result<Form> {
    let call = op.call().context("the kind has no such call")?;
    let mut form = vec![member("Action", call.api), member("Version", wire::VERSION)];
    form.extend(op.user().map(|user| member("UserName", names.user(user))));
    match *op {
        Operation::Create(object) => form.extend(created(object, names)),
        Operation::Delete(object) => {
            form.push(member(object.class.row().member, names.object(object)));
        }
        Operation::Attach(user, kind, item) => {
            form.extend(body(user, kind, item, With::Nothing, names)?);
        }
        Operation::Issue(user, kind, item, with) => {
            form.extend(body(user, kind, item, with, names)?);
        }
        Operation::Get(_, kind, item) => {
            form.push(named(kind, item, names));
            form.extend((kind == Kind::SshPublicKey).then(|| member("Encoding", "SSH")));
        }
        Operation::SetStatus(_, kind, item, status) => {
            form.extend([named(kind, item, names), member("Status", Status::name(status))]);
        }
        Operation::Renew(_, kind, _) if kind.row().naming == Naming::Single => {
            form.push(member("Password", payload::password()));
        }
        Operation::Renew(_, kind, item) => form.push(named(kind, item, names)),
        Operation::Detach(_, kind, item) => {
            form.extend((kind.row().naming != Naming::Single).then(|| named(kind, item, names)));
        }
        Operation::CreateUser(_)
        | Operation::GetUser(_)
        | Operation::DeleteUser(_)
        | Operation::List(..) => {}
    }
    Ok(form)
}

/// What the creating call of a class needs.
fn created(object: Object, names: &Names) -> Form {
    let name = names.object_name(object);
    match object.class {
        Class::Group => vec![member("GroupName", name)],
        Class::Device => vec![member("VirtualMFADeviceName", name)],
        Class::Policy => vec![member("PolicyName", name), document()],
    }
}

/// What the attaching call of a kind needs beside the user.
fn body(user: User, kind: Kind, item: Item, with: With, names: &mut Names) -> Result<Form> {
    Ok(match kind {
        Kind::LoginProfile => vec![member("Password", payload::password())],
        Kind::AccessKey => Vec::new(),
        Kind::SigningCertificate => {
            let name = format!("{} {}", names.user(user), kind.symbol(item));
            let body = uploaded(kind, item, with, names, || payload::certificate(&name))?;
            vec![member("CertificateBody", body)]
        }
        Kind::SshPublicKey => {
            let own = || payload::ssh_key(item).map(str::to_owned);
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
            let [first, second] = match names.seed(item) {
                None => payload::GUESSES.map(str::to_owned),
                Some(seed) => {
                    let payload::Codes { codes, window } = payload::codes(seed)?;
                    names.keep_codes(item, window);
                    codes
                }
            };
            let codes =
                [member("AuthenticationCode1", first), member("AuthenticationCode2", second)];
            [named(kind, item, names)].into_iter().chain(codes).collect()
        }
        Kind::InlinePolicy => vec![named(kind, item, names), document()],
        Kind::ManagedPolicy | Kind::GroupMembership => vec![named(kind, item, names)],
    })
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
        With::BodyOf(other) => names
            .body(kind, other)
            .map(str::to_owned)
            .with_context(|| format!("nothing was uploaded for `{}` before", kind.symbol(other)))?,
        _ => own()?,
    };
    names.keep_body(kind, item, &body);
    Ok(body)
}

fn named(kind: Kind, item: Item, names: &Names) -> (String, String) {
    member(kind.row().member, names.item(kind, item))
}

fn document() -> (String, String) {
    member("PolicyDocument", payload::policy_document())
}

fn member(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}
