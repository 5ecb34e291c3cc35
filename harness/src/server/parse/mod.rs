//! Parses the form of a request into operations of the model.
//!
//! Names become symbols, with the help of the store. An unknown name becomes a symbol that no entry
//! has. Tables of the model decide which action is which operation; only actions that are in no
//! table are matched by name. Constraints on the values are left to `validation`.

pub(super) mod form;
pub(super) mod validation;

use std::collections::HashSet;

use iamspec_model::evidence::B_TG_10;
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    Account, Action, AttachmentAction, AttachmentKind, CreateUserOptions, Filter, InputError,
    InvalidRequest, IssueOptions, Item, Operation, Path, Resource, ResourceAction, ResourceKind,
    Service, Status, SubResource, SubResourceAction, User, UserChange,
};

use crate::server::outside_model::service_credentials;
use crate::server::parse::form::{ParsedForm, RequestError};
use crate::server::store::{NameScope, Store, name_key};
use crate::wire::attachments::{kind_of, wire};

/// One operation of an action, with the key and value of the tag that it attaches.
pub(super) struct ParsedCall {
    pub(super) operation: Operation,
    pub(super) tag: Option<(String, String)>,
}

impl From<Operation> for ParsedCall {
    fn from(operation: Operation) -> Self {
        Self { operation, tag: None }
    }
}

/// Parses an action into its operations, which succeed together or not at all. Most actions have
/// one operation; actions with tags, and those that set a default version, have several.
pub(super) fn parse(
    form: &ParsedForm,
    store: &mut Store,
    account: &Account,
    caller: Option<User>,
) -> Result<Vec<ParsedCall>, RequestError> {
    let action = form.action();
    if let Some(calls) = parse_tag_action(form, store, action)? {
        return Ok(calls);
    }
    let is_this = |row: Option<&Action>| row.is_some_and(|row| row.api == action);
    let resource = ResourceKind::all().find_map(|kind| {
        Some((kind, ResourceAction::ALL.into_iter().find(|it| is_this(kind.row().action(*it)))?))
    });
    let sub_resource = SubResource::all().find_map(|part| {
        Some((part, SubResourceAction::ALL.into_iter().find(|it| is_this(part.row().action(*it)))?))
    });
    let operation = match (resource, sub_resource) {
        (_, Some((SubResource::Version, SubResourceAction::Add))) => {
            return parse_new_version(form, store, account);
        }
        (Some((kind, act)), _) => parse_resource_action(form, store, kind, act)?,
        (_, Some((part, act))) => parse_sub_resource_action(form, store, part, act)?,
        _ => match parse_user_action(form, store, account, caller)? {
            Some(operation) => operation,
            None => parse_attachment_action(form, store, account, action)?,
        },
    };
    Ok(vec![operation.into()])
}

/// Parses the actions that are in no table of the model; `None` for any other action.
fn parse_user_action(
    form: &ParsedForm,
    store: &mut Store,
    account: &Account,
    caller: Option<User>,
) -> Result<Option<Operation>, RequestError> {
    let user = |store: &Store| Ok(store.user(form.require("UserName")?));
    Ok(Some(match form.action() {
        "GetUser" => Operation::GetUser(user(store)?),
        // The server filters by path itself: its paths are not the symbols of the model.
        "ListUsers" => Operation::ListUsers(Path::default()),
        "UpdateUser" => {
            let user = user(store)?;
            parse_update_user(form, store, account, user)
        }
        "DeleteUser" => Operation::DeleteUser(user(store)?),
        "PutUserPermissionsBoundary" => {
            let user = user(store)?;
            let arn = form.require("PermissionsBoundary")?;
            Operation::PutBoundary(user, store.resource(ResourceKind::Policy, arn))
        }
        "DeleteUserPermissionsBoundary" => Operation::DeleteBoundary(user(store)?),
        "ChangePassword" => {
            form.require("OldPassword")?;
            form.require("NewPassword")?;
            Operation::ChangePassword(caller.ok_or(RequestError::CallerIsNoUser)?)
        }
        "GetAccessKeyLastUsed" => {
            let kind = AttachmentKind::AccessKey;
            let id = form.require(kind.row().parameter)?;
            Operation::GetAccessKeyLastUsed(store.item(NameScope::Account, kind, id, false))
        }
        "GetAccountSummary" => Operation::GetAccountSummary,
        "GetAccountAuthorizationDetails" => Operation::GetAuthorizationDetails,
        _ => return Ok(None),
    }))
}

fn parse_update_user(
    form: &ParsedForm,
    store: &mut Store,
    account: &Account,
    user: User,
) -> Operation {
    let name = form.get("NewUserName").map(|name| store.new_user(name));
    // Any other symbol: the server keeps the real path.
    let moves = |path: &str| path != store.user_record(user).path;
    let path = form.get("NewPath").map(|path| Path(account.path(user).0 ^ u8::from(moves(path))));
    let changes_case = name == Some(user) && form.get("NewUserName") != form.get("UserName");
    match rename_to_other_case().filter(|_| changes_case) {
        Some(invalid) => Operation::Invalid(user, invalid),
        None => Operation::UpdateUser(user, UserChange { name, path }),
    }
}

/// The invalid request to rename a user to its own name in another case (C-036).
fn rename_to_other_case() -> Option<InvalidRequest> {
    let rename = |user| Operation::UpdateUser(user, UserChange { name: Some(user), path: None });
    InvalidRequest::of(rename, "NewUserName", InputError::OtherCase)
}

fn parse_resource_action(
    form: &ParsedForm,
    store: &mut Store,
    kind: ResourceKind,
    act: ResourceAction,
) -> Result<Operation, RequestError> {
    if act == ResourceAction::Create {
        let member = match kind {
            ResourceKind::Group => "GroupName",
            ResourceKind::Policy => "PolicyName",
            ResourceKind::Device => "VirtualMFADeviceName",
        };
        let item = store.new_resource(kind, form.require(member)?);
        return Ok(Operation::CreateResource(Resource { kind, item }));
    }
    if act == ResourceAction::List {
        let attached = form.get("OnlyAttached") == Some("true");
        let filter = match form.get("AssignmentStatus") {
            Some("Assigned") => Filter::InUse,
            Some("Unassigned") => Filter::Unused,
            _ if attached => Filter::InUse,
            _ => Filter::All,
        };
        return Ok(Operation::ListResources(kind, filter));
    }
    let item = store.resource(kind, form.require(kind.row().parameter)?);
    let resource = Resource { kind, item };
    Ok(match act {
        ResourceAction::Create | ResourceAction::Delete => Operation::DeleteResource(resource),
        ResourceAction::Get => Operation::GetResource(resource),
        ResourceAction::List => Operation::ListResources(kind, Filter::All),
        ResourceAction::Rename => {
            let name = form.get("NewGroupName").map(|name| store.new_resource(kind, name));
            // A request that changes nothing is as unspecified as a rename to the same name
            //
            let same_name = form.get("NewPath").is_none().then_some(resource.item);
            Operation::RenameResource(resource, name.or(same_name))
        }
        ResourceAction::ListHolders => Operation::ListHolders(resource),
    })
}

/// `CreatePolicyVersion` can also set the new version as the default.
fn parse_new_version(
    form: &ParsedForm,
    store: &Store,
    account: &Account,
) -> Result<Vec<ParsedCall>, RequestError> {
    let class = ResourceKind::Policy;
    let policy =
        Resource { kind: class, item: store.resource(class, form.require(class.row().parameter)?) };
    form.require("PolicyDocument")?;
    let version = account.next_version(policy);
    let add = Operation::AddSubResource(policy, SubResource::Version, version);
    let is_default = form.get("SetAsDefault") == Some("true");
    let set = is_default.then_some(Operation::SetDefault(policy, SubResource::Version, version));
    Ok([add].into_iter().chain(set).map(ParsedCall::from).collect())
}

fn parse_sub_resource_action(
    form: &ParsedForm,
    store: &mut Store,
    part: SubResource,
    act: SubResourceAction,
) -> Result<Operation, RequestError> {
    let class = part.row().resource;
    let resource =
        Resource { kind: class, item: store.resource(class, form.require(class.row().parameter)?) };
    if act == SubResourceAction::List {
        return Ok(Operation::ListSubResources(resource, part));
    }
    let name = form.require(part.row().parameter)?;
    let item = match part {
        SubResource::AttachedPolicy => store.resource(ResourceKind::Policy, name),
        SubResource::InlinePolicy => store.item(
            NameScope::Resource(resource),
            kind_of(part).ok_or(RequestError::MissingMember(part.row().parameter))?,
            name,
            act == SubResourceAction::Add,
        ),
        SubResource::Version => {
            Item(name.strip_prefix('v').and_then(|it| it.parse().ok()).unwrap_or_default())
        }
    };
    Ok(act.on(resource, part, item))
}

fn parse_attachment_action(
    form: &ParsedForm,
    store: &mut Store,
    account: &Account,
    action: &str,
) -> Result<Operation, RequestError> {
    let Some((kind, act)) = attachment_action(action) else {
        return Err(RequestError::unknown_action(form));
    };
    let user = store.user(form.require("UserName")?);
    let issues = kind.row().naming == Naming::Service;
    let item = match (act, kind.row().naming) {
        (AttachmentAction::List, _)
        | (_, Naming::Single)
        | (AttachmentAction::Attach, Naming::Service) => Item(0),
        _ => {
            let name = form.require(kind.row().parameter)?;
            store.item(NameScope::User(user), kind, name, act == AttachmentAction::Attach)
        }
    };
    Ok(match act {
        AttachmentAction::List => {
            if form.get("ServiceName").is_some() {
                issue_options(form, kind, account.has_user(user))?;
            }
            Operation::List(user, kind)
        }
        AttachmentAction::Attach if issues => parse_issue(form, store, account, user, kind)?,
        AttachmentAction::SetStatus => match form.require("Status")? {
            "Active" => act.on(user, kind, item, Status::Active),
            "Inactive" => act.on(user, kind, item, Status::Inactive),
            _ => return Err(RequestError::InvalidStatus),
        },
        _ => act.on(user, kind, item, Status::default()),
    })
}

fn parse_issue(
    form: &ParsedForm,
    store: &mut Store,
    account: &Account,
    user: User,
    kind: AttachmentKind,
) -> Result<Operation, RequestError> {
    let options = match store.item_with_same_body(user, kind, form, account) {
        Some(other) => IssueOptions::SameBodyAs(other),
        None => issue_options(form, kind, account.has_user(user))?,
    };
    Ok(Operation::Issue(user, kind, store.new_item(), options))
}

/// A copy of the form that names the caller as the user, if the action permits that (D-023).
pub(super) fn with_caller(form: &ParsedForm, caller: impl Fn() -> Option<String>) -> ParsedForm {
    let lacks_name = form.get("UserName").is_none() && has_default_user(form.action());
    form.with_member("UserName", lacks_name.then(caller).flatten())
}

/// Returns true if a user may leave out its own name in this action (D-023).
pub(super) fn has_default_user(action: &str) -> bool {
    ["GetUser", "GetMFADevice"].contains(&action)
        || attachment_action(action)
            .is_some_and(|(kind, act)| wire(kind).caller_is_default.contains(&act))
}

/// The attachment kind and the operation of an action.
fn attachment_action(action: &str) -> Option<(AttachmentKind, AttachmentAction)> {
    AttachmentKind::all().find_map(|kind| {
        let is_this =
            |act: &AttachmentAction| kind.row().action(*act).is_some_and(|row| row.api == action);
        Some((kind, AttachmentAction::ALL.into_iter().find(is_this)?))
    })
}

/// The options of an item that the service names. A missing user comes before an unknown service
/// (B-SS-07).
fn issue_options(
    form: &ParsedForm,
    kind: AttachmentKind,
    user_exists: bool,
) -> Result<IssueOptions, RequestError> {
    if !kind.row().per_service {
        return Ok(IssueOptions::None);
    }
    let name = form.require("ServiceName")?;
    match service_credentials::number(name).filter(|_| user_exists) {
        Some(service) => Ok(IssueOptions::Service(service)),
        None if user_exists => Err(RequestError::UnknownService(name.to_owned())),
        None => Ok(IssueOptions::Service(Service(0))),
    }
}

/// Parses the actions that take several tags; `None` for any other action.
fn parse_tag_action(
    form: &ParsedForm,
    store: &mut Store,
    action: &str,
) -> Result<Option<Vec<ParsedCall>>, RequestError> {
    let mut calls: Vec<ParsedCall> = Vec::new();
    let user = match action {
        "CreateUser" => {
            let user = store.new_user(form.require("UserName")?);
            let arn = form.get("PermissionsBoundary");
            let boundary = arn.map(|arn| store.resource(ResourceKind::Policy, arn));
            let options = CreateUserOptions { boundary, ..CreateUserOptions::default() };
            calls.push(Operation::CreateUser(user, options).into());
            user
        }
        "TagUser" => {
            form.require("Tags.member.1.Key")?;
            store.user(form.require("UserName")?)
        }
        "UntagUser" => {
            let user = store.user(form.require("UserName")?);
            form.require("TagKeys.member.1")?;
            for key in form.list("TagKeys", "") {
                let tag = store.item(NameScope::User(user), AttachmentKind::Tag, key, false);
                calls.push(Operation::Detach(user, AttachmentKind::Tag, tag).into());
            }
            return Ok(Some(calls));
        }
        _ => return Ok(None),
    };
    calls.extend(parse_tags(form, store, user)?);
    Ok(Some(calls))
}

/// One operation for each tag. Keys are case-insensitive, and no key may occur twice (B-TG-10).
fn parse_tags(
    form: &ParsedForm,
    store: &mut Store,
    user: User,
) -> Result<Vec<ParsedCall>, RequestError> {
    let tags = form.tags();
    let keys: HashSet<String> = tags.iter().map(|(key, _)| name_key(key)).collect();
    if keys.len() < tags.len() {
        return Err(RequestError::of_fact(B_TG_10, form));
    }
    let calls = tags.into_iter().map(|(key, value)| {
        let item = store.item(NameScope::User(user), AttachmentKind::Tag, &key, true);
        ParsedCall {
            operation: Operation::Attach(user, AttachmentKind::Tag, item),
            tag: Some((key, value)),
        }
    });
    Ok(calls.collect())
}
