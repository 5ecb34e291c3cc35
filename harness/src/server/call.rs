//! From a form to an operation. Names become symbols; a name that nobody has becomes a symbol that
//! nothing is called by.

use iamspec_model::claim::Call;
use iamspec_model::kind::Naming;
use iamspec_model::object::Deed;
use iamspec_model::object::part::Act;
use iamspec_model::{
    Account, Change, Class, Defect, Flaw, Item, Kind, Object, Operation, Part, Path, Service,
    Status, User, Verb, Which, With,
};

use super::form::{Form, Refusal};
use super::registry::{Registry, Within};
use super::tagged;
use crate::wire;

/// An operation that a call stands for, and the tag that it is about.
pub(super) struct Asked {
    pub(super) operation: Operation,
    pub(super) tag: Option<(String, String)>,
}

impl From<Operation> for Asked {
    fn from(operation: Operation) -> Self {
        Self { operation, tag: None }
    }
}

/// Understands a call: the operations that it stands for, which are carried out together or not at
/// all. There is one, but for tags.
pub(super) fn read(
    form: &Form,
    registry: &mut Registry,
    account: &Account,
    caller: Option<User>,
) -> Result<Vec<Asked>, Refusal> {
    let action = form.get("Action").unwrap_or_default();
    if let Some(tagged) = tagged::read(form, registry, action)? {
        return Ok(tagged);
    }
    let named = |call: Option<&Call>| call.is_some_and(|call| call.api == action);
    let object = Class::all().find_map(|class| {
        Some((class, Deed::ALL.into_iter().find(|it| named(class.row().call(*it)))?))
    });
    let part = Part::all().find_map(|part| {
        Some((part, Act::ALL.into_iter().find(|it| named(part.row().call(*it)))?))
    });
    let operation = match (object, part) {
        (_, Some((Part::Version, Act::Add))) => return new_version(form, registry, account),
        (Some((class, deed)), _) => object_call(form, registry, class, deed)?,
        (_, Some((part, act))) => part_call(form, registry, part, act)?,
        _ => match user_call(form, registry, account, caller)? {
            Some(operation) => operation,
            None => kind_call(form, registry, account, action)?,
        },
    };
    Ok(vec![operation.into()])
}

/// The calls that are in no table of the model.
fn user_call(
    form: &Form,
    registry: &mut Registry,
    account: &Account,
    caller: Option<User>,
) -> Result<Option<Operation>, Refusal> {
    let user = |registry: &Registry| Ok(registry.user(form.need("UserName")?));
    Ok(Some(match form.get("Action").unwrap_or_default() {
        "GetUser" => Operation::GetUser(user(registry)?),
        // The server itself looks at paths, which are not those of a script.
        "ListUsers" => Operation::ListUsers(Path::default()),
        "UpdateUser" => {
            let user = user(registry)?;
            update_user(form, registry, account, user)
        }
        "DeleteUser" => Operation::DeleteUser(user(registry)?),
        "PutUserPermissionsBoundary" => {
            let user = user(registry)?;
            let arn = form.need("PermissionsBoundary")?;
            Operation::PutBoundary(user, registry.object(Class::Policy, arn))
        }
        "DeleteUserPermissionsBoundary" => Operation::DeleteBoundary(user(registry)?),
        "ChangePassword" => {
            form.need("OldPassword")?;
            form.need("NewPassword")?;
            Operation::ChangePassword(caller.ok_or(Refusal::NoUser)?)
        }
        "GetAccessKeyLastUsed" => {
            let id = form.need("AccessKeyId")?;
            Operation::LastUsed(registry.item(Within::Everything, Kind::AccessKey, id, false))
        }
        "GetAccountSummary" => Operation::Summary,
        "GetAccountAuthorizationDetails" => Operation::Details,
        _ => return Ok(None),
    }))
}

fn update_user(form: &Form, registry: &mut Registry, account: &Account, user: User) -> Operation {
    let name = form.get("NewUserName").map(|name| registry.new_user(name));
    let path = form.get("NewPath").map(|_| account.path(user));
    let own = name == Some(user) && form.get("NewUserName") != form.get("UserName");
    match recased().filter(|_| own) {
        Some(flaw) => Operation::Flawed(user, flaw),
        None => Operation::UpdateUser(user, Change { name, path }),
    }
}

/// The name that a user has, in another case (C-036).
fn recased() -> Option<Flaw> {
    let rename = |user| Operation::UpdateUser(user, Change { name: Some(user), path: None });
    Flaw::of(rename, "NewUserName", Defect::OtherCase)
}

fn object_call(
    form: &Form,
    registry: &mut Registry,
    class: Class,
    deed: Deed,
) -> Result<Operation, Refusal> {
    if deed == Deed::Create {
        let member = match class {
            Class::Group => "GroupName",
            Class::Policy => "PolicyName",
            Class::Device => "VirtualMFADeviceName",
        };
        let item = registry.new_object(class, form.need(member)?);
        return Ok(Operation::Create(Object { class, item }));
    }
    if deed == Deed::ListAll {
        let attached = form.get("OnlyAttached") == Some("true");
        let which = match form.get("AssignmentStatus") {
            Some("Assigned") => Which::Held,
            Some("Unassigned") => Which::Free,
            _ if attached => Which::Held,
            _ => Which::All,
        };
        return Ok(Operation::ListAll(class, which));
    }
    let item = registry.object(class, form.need(class.row().member)?);
    let object = Object { class, item };
    Ok(match deed {
        Deed::Create | Deed::Delete => Operation::Delete(object),
        Deed::Read => Operation::Read(object),
        Deed::ListAll => Operation::ListAll(class, Which::All),
        Deed::Rename => {
            let name = form.get("NewGroupName").map(|name| registry.new_object(class, name));
            // That nothing is asked for is as open as that the own name is.
            let own = form.get("NewPath").is_none().then_some(object.item);
            Operation::Rename(object, name.or(own))
        }
        Deed::Holders => Operation::Holders(object),
    })
}

/// A version can be put in force by the call that makes it.
fn new_version(form: &Form, registry: &Registry, account: &Account) -> Result<Vec<Asked>, Refusal> {
    let class = Class::Policy;
    let policy = Object { class, item: registry.object(class, form.need(class.row().member)?) };
    form.need("PolicyDocument")?;
    let version = account.next_version(policy);
    let add = Operation::Add(policy, Part::Version, version);
    let default = form.get("SetAsDefault") == Some("true");
    let put = default.then_some(Operation::SetDefault(policy, Part::Version, version));
    Ok([add].into_iter().chain(put).map(Asked::from).collect())
}

fn part_call(
    form: &Form,
    registry: &mut Registry,
    part: Part,
    act: Act,
) -> Result<Operation, Refusal> {
    let class = part.row().of;
    let object = Object { class, item: registry.object(class, form.need(class.row().member)?) };
    if act == Act::List {
        return Ok(Operation::Parts(object, part));
    }
    let name = form.need(part.row().member)?;
    let item = match part {
        Part::AttachedPolicy => registry.object(Class::Policy, name),
        Part::InlinePolicy => {
            registry.item(Within::Object(object), Kind::InlinePolicy, name, act == Act::Add)
        }
        Part::Version => {
            Item(name.strip_prefix('v').and_then(|it| it.parse().ok()).unwrap_or_default())
        }
    };
    Ok(act.on(object, part, item))
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
        _ => {
            let name = form.need(kind.row().member)?;
            registry.item(Within::User(user), kind, name, verb == Verb::Attach)
        }
    };
    Ok(match verb {
        Verb::List => {
            if form.get("ServiceName").is_some() {
                with(form, kind, account.has_user(user))?;
            }
            Operation::List(user, kind)
        }
        Verb::Attach if issues => issue(form, registry, account, user, kind)?,
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

fn issue(
    form: &Form,
    registry: &mut Registry,
    account: &Account,
    user: User,
    kind: Kind,
) -> Result<Operation, Refusal> {
    let with = match registry.same_body(user, kind, form, account) {
        Some(other) => With::BodyOf(other),
        None => with(form, kind, account.has_user(user))?,
    };
    Ok(Operation::Issue(user, kind, registry.new_item(), with))
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
