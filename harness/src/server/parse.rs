//! From a form to an operation. Names become symbols; a name that nobody has becomes a symbol that
//! nothing is called by.
//!
//! The calls that may be about several tags at once.
//!
//! The members of a request, and what is wrong with them.

use std::collections::{HashMap, HashSet};

use iamspec_model::evidence::B_TG_10;
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    Account, Action, AttachmentAction, AttachmentKind, CreateUserOptions, Fact, Filter, InputError,
    InvalidRequest, IssueOptions, Item, Operation, Path, Resource, ResourceAction, ResourceKind,
    Service, Status, SubResource, SubResourceAction, User, UserChange,
};

use crate::server::store::{Store, Within, key};
use crate::wire::attachments::{kind_of, wire};
use crate::wire::{names, xml_write};

/// An operation that a call stands for, and the tag that it is about.
pub(crate) struct ParsedCall {
    pub(crate) operation: Operation,
    pub(crate) tag: Option<(String, String)>,
}

impl From<Operation> for ParsedCall {
    fn from(operation: Operation) -> Self {
        Self { operation, tag: None }
    }
}

/// Understands a call: the operations that it stands for, which are carried out together or not at
/// all. There is one, but for tags.
pub(crate) fn read(
    form: &ParsedForm,
    registry: &mut Store,
    account: &Account,
    caller: Option<User>,
) -> Result<Vec<ParsedCall>, Refusal> {
    let action = form.get("Action").unwrap_or_default();
    if let Some(tagged) = read_tags(form, registry, action)? {
        return Ok(tagged);
    }
    let named = |call: Option<&Action>| call.is_some_and(|call| call.api == action);
    let object = ResourceKind::all().find_map(|class| {
        Some((class, ResourceAction::ALL.into_iter().find(|it| named(class.row().call(*it)))?))
    });
    let part = SubResource::all().find_map(|part| {
        Some((part, SubResourceAction::ALL.into_iter().find(|it| named(part.row().call(*it)))?))
    });
    let operation = match (object, part) {
        (_, Some((SubResource::Version, SubResourceAction::Add))) => {
            return new_version(form, registry, account);
        }
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
    form: &ParsedForm,
    registry: &mut Store,
    account: &Account,
    caller: Option<User>,
) -> Result<Option<Operation>, Refusal> {
    let user = |registry: &Store| Ok(registry.user(form.need("UserName")?));
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
            Operation::PutBoundary(user, registry.object(ResourceKind::Policy, arn))
        }
        "DeleteUserPermissionsBoundary" => Operation::DeleteBoundary(user(registry)?),
        "ChangePassword" => {
            form.need("OldPassword")?;
            form.need("NewPassword")?;
            Operation::ChangePassword(caller.ok_or(Refusal::NoUser)?)
        }
        "GetAccessKeyLastUsed" => {
            let kind = AttachmentKind::AccessKey;
            let id = form.need(kind.row().member)?;
            Operation::LastUsed(registry.item(Within::Everything, kind, id, false))
        }
        "GetAccountSummary" => Operation::Summary,
        "GetAccountAuthorizationDetails" => Operation::Details,
        _ => return Ok(None),
    }))
}

fn update_user(
    form: &ParsedForm,
    registry: &mut Store,
    account: &Account,
    user: User,
) -> Operation {
    let name = form.get("NewUserName").map(|name| registry.new_user(name));
    let path = form.get("NewPath").map(|_| account.path(user));
    let own = name == Some(user) && form.get("NewUserName") != form.get("UserName");
    match recased().filter(|_| own) {
        Some(flaw) => Operation::Flawed(user, flaw),
        None => Operation::UpdateUser(user, UserChange { name, path }),
    }
}

/// The name that a user has, in another case (C-036).
fn recased() -> Option<InvalidRequest> {
    let rename = |user| Operation::UpdateUser(user, UserChange { name: Some(user), path: None });
    InvalidRequest::of(rename, "NewUserName", InputError::OtherCase)
}

fn object_call(
    form: &ParsedForm,
    registry: &mut Store,
    class: ResourceKind,
    deed: ResourceAction,
) -> Result<Operation, Refusal> {
    if deed == ResourceAction::Create {
        let member = match class {
            ResourceKind::Group => "GroupName",
            ResourceKind::Policy => "PolicyName",
            ResourceKind::Device => "VirtualMFADeviceName",
        };
        let item = registry.new_object(class, form.need(member)?);
        return Ok(Operation::Create(Resource { class, item }));
    }
    if deed == ResourceAction::ListAll {
        let attached = form.get("OnlyAttached") == Some("true");
        let which = match form.get("AssignmentStatus") {
            Some("Assigned") => Filter::Held,
            Some("Unassigned") => Filter::Free,
            _ if attached => Filter::Held,
            _ => Filter::All,
        };
        return Ok(Operation::ListAll(class, which));
    }
    let item = registry.object(class, form.need(class.row().member)?);
    let object = Resource { class, item };
    Ok(match deed {
        ResourceAction::Create | ResourceAction::Delete => Operation::Delete(object),
        ResourceAction::Read => Operation::Read(object),
        ResourceAction::ListAll => Operation::ListAll(class, Filter::All),
        ResourceAction::Rename => {
            let name = form.get("NewGroupName").map(|name| registry.new_object(class, name));
            // That nothing is asked for is as open as that the own name is.
            let own = form.get("NewPath").is_none().then_some(object.item);
            Operation::Rename(object, name.or(own))
        }
        ResourceAction::Holders => Operation::Holders(object),
    })
}

/// A version can be put in force by the call that makes it.
fn new_version(
    form: &ParsedForm,
    registry: &Store,
    account: &Account,
) -> Result<Vec<ParsedCall>, Refusal> {
    let class = ResourceKind::Policy;
    let policy = Resource { class, item: registry.object(class, form.need(class.row().member)?) };
    form.need("PolicyDocument")?;
    let version = account.next_version(policy);
    let add = Operation::Add(policy, SubResource::Version, version);
    let default = form.get("SetAsDefault") == Some("true");
    let put = default.then_some(Operation::SetDefault(policy, SubResource::Version, version));
    Ok([add].into_iter().chain(put).map(ParsedCall::from).collect())
}

fn part_call(
    form: &ParsedForm,
    registry: &mut Store,
    part: SubResource,
    act: SubResourceAction,
) -> Result<Operation, Refusal> {
    let class = part.row().of;
    let object = Resource { class, item: registry.object(class, form.need(class.row().member)?) };
    if act == SubResourceAction::List {
        return Ok(Operation::Parts(object, part));
    }
    let name = form.need(part.row().member)?;
    let item = match part {
        SubResource::AttachedPolicy => registry.object(ResourceKind::Policy, name),
        SubResource::InlinePolicy => registry.item(
            Within::Object(object),
            kind_of(part).ok_or(Refusal::Missing(part.row().member))?,
            name,
            act == SubResourceAction::Add,
        ),
        SubResource::Version => {
            Item(name.strip_prefix('v').and_then(|it| it.parse().ok()).unwrap_or_default())
        }
    };
    Ok(act.on(object, part, item))
}

fn kind_call(
    form: &ParsedForm,
    registry: &mut Store,
    account: &Account,
    action: &str,
) -> Result<Operation, Refusal> {
    let Some((kind, verb)) = action_of(action) else {
        let version = form.get("Version").unwrap_or("NO_VERSION_SPECIFIED");
        return Err(Refusal::Unknown(action.to_owned(), version.to_owned()));
    };
    let user = registry.user(form.need("UserName")?);
    let issues = kind.row().naming == Naming::Service;
    let item = match (verb, kind.row().naming) {
        (AttachmentAction::List, _)
        | (_, Naming::Single)
        | (AttachmentAction::Attach, Naming::Service) => Item(0),
        _ => {
            let name = form.need(kind.row().member)?;
            registry.item(Within::User(user), kind, name, verb == AttachmentAction::Attach)
        }
    };
    Ok(match verb {
        AttachmentAction::List => {
            if form.get("ServiceName").is_some() {
                with(form, kind, account.has_user(user))?;
            }
            Operation::List(user, kind)
        }
        AttachmentAction::Attach if issues => issue(form, registry, account, user, kind)?,
        AttachmentAction::Attach => Operation::Attach(user, kind, item),
        AttachmentAction::Get => Operation::Get(user, kind, item),
        AttachmentAction::Renew => Operation::Renew(user, kind, item),
        AttachmentAction::Detach => Operation::Detach(user, kind, item),
        AttachmentAction::SetStatus => match form.need("Status")? {
            "Active" => Operation::SetStatus(user, kind, item, Status::Active),
            "Inactive" => Operation::SetStatus(user, kind, item, Status::Inactive),
            _ => return Err(Refusal::Status),
        },
    })
}

fn issue(
    form: &ParsedForm,
    registry: &mut Store,
    account: &Account,
    user: User,
    kind: AttachmentKind,
) -> Result<Operation, Refusal> {
    let with = match registry.same_body(user, kind, form, account) {
        Some(other) => IssueOptions::BodyOf(other),
        None => with(form, kind, account.has_user(user))?,
    };
    Ok(Operation::Issue(user, kind, registry.new_item(), with))
}

/// The kind that has this call, and what the call does.
fn action_of(action: &str) -> Option<(AttachmentKind, AttachmentAction)> {
    let named = |kind: AttachmentKind| {
        let is =
            |verb: &AttachmentAction| kind.row().call(*verb).is_some_and(|call| call.api == action);
        AttachmentAction::ALL.into_iter().find(is)
    };
    AttachmentKind::all().find_map(|kind| Some((kind, named(kind)?)))
}

/// The user is looked for before the service (B-SS-07).
fn with(
    form: &ParsedForm,
    kind: AttachmentKind,
    user_exists: bool,
) -> Result<IssueOptions, Refusal> {
    if !kind.row().services {
        return Ok(IssueOptions::Nothing);
    }
    let name = form.need("ServiceName")?;
    let number = names::SERVICES.iter().position(|it| *it == name).filter(|_| user_exists);
    match number.and_then(|it| u8::try_from(it).ok()) {
        Some(number) => Ok(IssueOptions::Service(Service(number))),
        None if user_exists => Err(Refusal::Service(name.to_owned())),
        None => Ok(IssueOptions::Service(Service(0))),
    }
}

/// The calls that may be about several tags at once, and that are about one at least.
pub(crate) fn read_tags(
    form: &ParsedForm,
    registry: &mut Store,
    action: &str,
) -> Result<Option<Vec<ParsedCall>>, Refusal> {
    let mut asked: Vec<ParsedCall> = Vec::new();
    let user = match action {
        "CreateUser" => {
            let user = registry.new_user(form.need("UserName")?);
            let arn = form.get("PermissionsBoundary");
            let boundary = arn.map(|arn| registry.object(ResourceKind::Policy, arn));
            asked.push(
                Operation::CreateUser(
                    user,
                    CreateUserOptions { boundary, ..CreateUserOptions::default() },
                )
                .into(),
            );
            user
        }
        "TagUser" => {
            form.need("Tags.member.1.Key")?;
            registry.user(form.need("UserName")?)
        }
        "UntagUser" => {
            let user = registry.user(form.need("UserName")?);
            form.need("TagKeys.member.1")?;
            for key in form.list("TagKeys", "") {
                let tag = registry.item(Within::User(user), AttachmentKind::Tag, key, false);
                asked.push(Operation::Detach(user, AttachmentKind::Tag, tag).into());
            }
            return Ok(Some(asked));
        }
        _ => return Ok(None),
    };
    asked.extend(put(form, registry, user)?);
    Ok(Some(asked))
}

/// Every tag of the request; keys compare without case, and none may come twice (B-TG-10).
fn put(form: &ParsedForm, registry: &mut Store, user: User) -> Result<Vec<ParsedCall>, Refusal> {
    let tags = form.tags();
    let keys: HashSet<String> = tags.iter().map(|(name, _)| key(name)).collect();
    if keys.len() < tags.len() {
        return Err(Refusal::As(B_TG_10, B_TG_10.message.map(str::to_owned)));
    }
    let asked = tags.into_iter().map(|(key, value)| {
        let item = registry.item(Within::User(user), AttachmentKind::Tag, &key, true);
        ParsedCall {
            operation: Operation::Attach(user, AttachmentKind::Tag, item),
            tag: Some((key, value)),
        }
    });
    Ok(asked.collect())
}

/// The members of a request.
pub(crate) struct ParsedForm(HashMap<String, String>);

/// Whether an action uses the caller as the user if the request has no `UserName` (D-023).
fn caller_is_default(action: &str) -> bool {
    let of_kind =
        action_of(action).is_some_and(|(kind, it)| wire(kind).caller_is_default.contains(&it));
    of_kind || ["GetUser", "GetMFADevice"].contains(&action)
}

impl ParsedForm {
    pub(crate) fn new(pairs: impl Iterator<Item = (String, String)>) -> Self {
        Self(pairs.collect())
    }

    pub(crate) fn get(&self, member: &str) -> Option<&str> {
        self.0.get(member).map(String::as_str)
    }

    pub(crate) fn need(&self, member: &'static str) -> Result<&str, Refusal> {
        self.get(member).filter(|it| !it.is_empty()).ok_or(Refusal::Missing(member))
    }

    /// The same, naming who asks where the request names nobody and need not (D-023).
    pub(crate) fn naming(&self, caller: impl Fn() -> Option<String>) -> Self {
        let action = self.get("Action").unwrap_or_default();
        let optional = caller_is_default(action) && self.get("UserName").is_none();
        let name = optional.then(caller).flatten().map(|name| ("UserName".to_owned(), name));
        Self(self.0.clone().into_iter().chain(name).collect())
    }

    /// A member that was looked at before.
    pub(crate) fn text(&self, member: &str) -> String {
        self.get(member).unwrap_or_default().to_owned()
    }

    /// The root where none is given (C-042).
    pub(crate) fn path(&self, member: &str) -> String {
        self.get(member).unwrap_or("/").to_owned()
    }

    /// The payload of an attach request: the uploaded body, or the service of a credential.
    pub(crate) fn payload(&self, kind: AttachmentKind) -> Option<&str> {
        self.get(wire(kind).payload_member?)
    }

    /// The members of a list, from 1 on, without what stands behind their number (E-018).
    pub(crate) fn list<'a>(
        &'a self,
        list: &'a str,
        rest: &'a str,
    ) -> impl Iterator<Item = &'a str> {
        (1..).map_while(move |number| self.get(&format!("{list}.member.{number}{rest}")))
    }

    /// Keys and values by their number. A tag without a value has an empty one.
    pub(crate) fn tags(&self) -> Vec<(String, String)> {
        let value = |number: usize| self.text(&format!("Tags.member.{number}.Value"));
        let keys = (1..).zip(self.list("Tags", ".Key"));
        keys.map(|(number, key)| (key.to_owned(), value(number))).collect()
    }
}

/// A call that was not understood.
pub(crate) enum Refusal {
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
    /// Who asks is no user, and has no password of its own.
    NoUser,
}

impl Refusal {
    /// The answer, with the texts of E-011, D-006, B-SS-05 and B-SS-11.
    pub(crate) fn respond(&self, request_id: &str) -> (u16, String) {
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
            Self::As(fact, text) => {
                let (http, code) = (fact.http.unwrap_or(400), fact.code.unwrap_or_default());
                return (http, xml_write::error(code, text.as_deref(), request_id));
            }
            // The code is documented for ChangePassword (D-022), and no text known.
            Self::NoUser => return (400, xml_write::error("InvalidUserType", None, request_id)),
            Self::Status => {
                (400, "ValidationError", violated("Status", "Member must satisfy enum value set"))
            }
        };
        (http, xml_write::error(code, Some(&text), request_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(members: &[(&str, &str)]) -> ParsedForm {
        ParsedForm::new(
            members.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        )
    }

    #[test]
    fn each_tag_keeps_its_own_value() {
        let tags = form(&[
            ("Tags.member.1.Key", "a"),
            ("Tags.member.2.Key", "b"),
            ("Tags.member.2.Value", "x"),
            ("Tags.member.3.Key", "c"),
            ("Tags.member.4.Key", "d"),
            ("Tags.member.4.Value", "y"),
        ])
        .tags();
        let told: Vec<(&str, &str)> = tags.iter().map(|(key, value)| (&**key, &**value)).collect();
        assert_eq!(told, [("a", ""), ("b", "x"), ("c", ""), ("d", "y")]);
    }
}
