//! From a form to an operation. Names become symbols; a name that nobody has becomes a symbol that
//! nothing is called by.

use std::collections::HashMap;

use iamspec_model::kind::Naming;
use iamspec_model::{
    Account, Class, Fact, Item, Kind, Object, Operation, Service, Status, Verb, With,
};

use super::registry::Registry;
use super::xml;
use crate::wire;

/// The members of a request.
pub(super) struct Form(HashMap<String, String>);

impl Form {
    pub(super) fn new(pairs: impl Iterator<Item = (String, String)>) -> Self {
        Self(pairs.collect())
    }

    pub(super) fn get(&self, member: &str) -> Option<&str> {
        self.0.get(member).map(String::as_str)
    }

    fn need(&self, member: &'static str) -> Result<&str, Refusal> {
        self.get(member).filter(|it| !it.is_empty()).ok_or(Refusal::Missing(member))
    }
}

/// A call that was not understood.
pub(super) enum Refusal {
    /// No such action.
    Unknown(String, String),
    /// A member that the call needs is missing.
    Missing(&'static str),
    /// The service is not one that credentials are made for.
    Service(String),
    /// A status that is none.
    Status,
    /// What a fact says, in this text of it.
    As(&'static Fact, Option<String>),
}

impl Refusal {
    /// The answer, with the texts of E-011, D-006, B-SS-05 and B-SS-11.
    pub(super) fn respond(&self, request_id: &str) -> (u16, String) {
        let violated = |member: &str, what: &str| {
            let mut field = member.to_owned();
            if let Some(first) = field.get_mut(..1) {
                first.make_ascii_lowercase();
            }
            format!(
                "1 validation error detected: Value at '{field}' failed to satisfy constraint: {what}"
            )
        };
        let (http, code, text) = match self {
            Self::Unknown(action, version) => (
                400,
                "InvalidAction",
                format!("Could not find operation {action} for version {version}"),
            ),
            Self::Missing(member) => {
                (400, "ValidationError", violated(member, "Member must not be null"))
            }
            Self::Service(name) => (
                404,
                "NoSuchEntity",
                format!("No such service {name} is supported for Service Specific Credentials"),
            ),
            Self::Status => {
                (400, "ValidationError", violated("Status", "Member must satisfy enum value set"))
            }
            Self::As(fact, text) => {
                let (http, code) = (fact.http.unwrap_or(400), fact.code.unwrap_or_default());
                return (http, xml::error(code, text.as_deref(), request_id));
            }
        };
        (http, xml::error(code, Some(&text), request_id))
    }
}

/// Understands a call.
pub(super) fn read(
    form: &Form,
    registry: &mut Registry,
    account: &Account,
) -> Result<Operation, Refusal> {
    let action = form.get("Action").unwrap_or_default();
    Ok(match action {
        "CreateUser" => Operation::CreateUser(registry.new_user(form.need("UserName")?)),
        "GetUser" => Operation::GetUser(registry.user(form.need("UserName")?)),
        "DeleteUser" => Operation::DeleteUser(registry.user(form.need("UserName")?)),
        _ => match object_call(action) {
            Some((class, creates)) => object(form, registry, class, creates)?,
            None => kind_call(form, registry, account, action)?,
        },
    })
}

fn object_call(action: &str) -> Option<(Class, bool)> {
    Class::all().find_map(|class| match class.row() {
        row if row.create.api == action => Some((class, true)),
        row if row.delete.api == action => Some((class, false)),
        _ => None,
    })
}

fn object(
    form: &Form,
    registry: &mut Registry,
    class: Class,
    creates: bool,
) -> Result<Operation, Refusal> {
    if !creates {
        let item = registry.object(class, form.need(class.row().member)?);
        return Ok(Operation::Delete(Object { class, item }));
    }
    let member = match class {
        Class::Group => "GroupName",
        Class::Policy => "PolicyName",
        Class::Device => "VirtualMFADeviceName",
    };
    let item = registry.new_object(class, form.need(member)?);
    Ok(Operation::Create(Object { class, item }))
}

fn kind_call(
    form: &Form,
    registry: &mut Registry,
    account: &Account,
    action: &str,
) -> Result<Operation, Refusal> {
    let Some((kind, verb)) = verb_of(action) else {
        let version = form.get("Version").unwrap_or("NO_VERSION_SPECIFIED");
        return Err(Refusal::Unknown(action.to_owned(), version.to_owned()));
    };
    let user = registry.user(form.need("UserName")?);
    let issues = kind.row().naming == Naming::Service;
    let item = match (verb, kind.row().naming) {
        (Verb::List, _) | (_, Naming::Single) | (Verb::Attach, Naming::Service) => Item(0),
        _ => registry.item(user, kind, form.need(kind.row().member)?, verb == Verb::Attach),
    };
    Ok(match verb {
        Verb::List => {
            if form.get("ServiceName").is_some() {
                with(form, kind, account.has_user(user))?;
            }
            Operation::List(user, kind)
        }
        Verb::Attach if issues => {
            let with = match registry.same_body(user, kind, form, account) {
                Some(other) => With::BodyOf(other),
                None => with(form, kind, account.has_user(user))?,
            };
            Operation::Issue(user, kind, registry.new_item(), with)
        }
        Verb::Attach => Operation::Attach(user, kind, item),
        Verb::Get => Operation::Get(user, kind, item),
        Verb::Renew => Operation::Renew(user, kind, item),
        Verb::Detach => Operation::Detach(user, kind, item),
        Verb::SetStatus => match form.need("Status")? {
            "Active" => Operation::SetStatus(user, kind, item, Status::Active),
            "Inactive" => Operation::SetStatus(user, kind, item, Status::Inactive),
            _ => return Err(Refusal::Status),
        },
    })
}

/// The kind that has this call, and what the call does.
fn verb_of(action: &str) -> Option<(Kind, Verb)> {
    let named = |kind: Kind| {
        let is = |verb: &Verb| kind.row().call(*verb).is_some_and(|call| call.api == action);
        Verb::ALL.into_iter().find(is)
    };
    Kind::all().find_map(|kind| Some((kind, named(kind)?)))
}

/// The user is looked for before the service (B-SS-07).
fn with(form: &Form, kind: Kind, user_exists: bool) -> Result<With, Refusal> {
    if !kind.row().services {
        return Ok(With::Nothing);
    }
    let name = form.need("ServiceName")?;
    let number = wire::SERVICES.iter().position(|it| *it == name).filter(|_| user_exists);
    match number.and_then(|it| u8::try_from(it).ok()) {
        Some(number) => Ok(With::Service(Service(number))),
        None if user_exists => Err(Refusal::Service(name.to_owned())),
        None => Ok(With::Service(Service(0))),
    }
}
