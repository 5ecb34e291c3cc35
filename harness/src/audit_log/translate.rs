//! Translates a recorded call into an event of the audit: operations and a response in symbols.
//!
//! If a parameter changes the meaning of a call and the audit does not understand it, the audit
//! learns nothing from the response.

use std::collections::BTreeMap;

use iamspec_conformance::audit::{
    AuditCall, AuditEvent, ShownPart, aws_policy, is_about_policies_of_others,
};
use iamspec_conformance::oracle::messages;
use iamspec_conformance::response::FailureKind;
use iamspec_conformance::script::print;
use iamspec_conformance::{EndpointText, Response};
use iamspec_model::tables::ActionTarget;
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    ActionEntry, AttachmentAction, AttachmentKind, CreateUserOptions, Entity, ErrorCode, Filter,
    InputError, InvalidRequest, IssueOptions, Item, Operation, Path, Resource, ResourceAction,
    ResourceKind, Service, Status, SubResource, SubResourceAction, User, UserChange, find_action,
};

use crate::audit_log::account_details::listings;
use crate::audit_log::record::{RecordedCall, RecordedCaller, RecordedResponse};
use crate::audit_log::replaced_values::is_replaced;
use crate::audit_log::request_errors::{Defect, defect};
use crate::audit_log::symbols::Symbols;
use crate::client::response::read_listing;
use crate::client::wire_rules::formats::{no_response, recorded_deviations};
use crate::wire::attachments::{kind_of, wire};
use crate::wire::names;
use crate::wire::names::RequestForm;
use crate::wire::xml_read::Element;

/// Why a call has no operation.
enum NoOperation {
    /// A name is missing. The call may concern this user, or any.
    Concerns(Option<User>),
    /// It concerns only tags of the user: their keys are known in another case.
    Tags(User),
    /// It concerns nothing that the model has, such as a key of the root user.
    Nothing,
}

type Translated<T> = Result<T, NoOperation>;

const NO_NAME: NoOperation = NoOperation::Concerns(None);

/// The event of a recorded call. `None` if the call concerns nothing that the model has.
pub(crate) fn event(call: &RecordedCall, symbols: &Symbols, anonymize: bool) -> Option<AuditEvent> {
    let entry = find_action(&call.action)?;
    if call.lacks_request {
        let translation = Translation { call, entry, symbols, user: None };
        return Some(translation.response_only(anonymize));
    }
    let translation = Translation { call, entry, symbols, user: user_name(call, entry, symbols) };
    translation.learn_account();
    let operations = match translation.operations() {
        Ok(operations) => AuditCall::Operation(operations.0, operations.1),
        Err(NoOperation::Concerns(user)) => AuditCall::Unknown(user),
        Err(NoOperation::Tags(user)) => AuditCall::UnknownTags(user),
        Err(NoOperation::Nothing) => return None,
    };
    let operation = match &operations {
        AuditCall::Operation(operation, _) => Some(*operation),
        _ => None,
    };
    let response = translation.response(operation.as_ref());
    let response = without_other_items(&operations, response);
    let (response, shown_part) = translation.shown_part(operation.as_ref(), response);
    translation.learn_names(operation.as_ref(), &response);
    let start = call.start.unwrap_or_default();
    Some(AuditEvent {
        id: call.id.clone(),
        shown: match operation.filter(|_| anonymize) {
            Some(op) => in_symbols(&op, &response),
            None if anonymize => call.action.clone(),
            None => translation.shown(&response),
        },
        source: call.source.clone(),
        time: call.time.clone(),
        start,
        end: call.end.unwrap_or(start).max(start),
        action: entry.action,
        call: operations,
        shown_part,
        repeated: operation.map(|op| translation.repeated(&op)).unwrap_or_default(),
        hides_message: call.hides_message(),
        external: translation.external(operation.as_ref()),
        namesakes: translation.namesakes(operation.as_ref()),
        details: listings(call).iter().filter_map(|it| event(it, symbols, anonymize)).collect(),
        aws_policy: call.member("PolicyArn").and_then(aws_policy),
        deviations: operation.map(|op| translation.deviations(&op)).unwrap_or_default(),
        response,
    })
}

/// The user that made a call, if the log names it or has shown whose key signs.
pub(crate) fn caller(call: &RecordedCall, symbols: &Symbols) -> Option<User> {
    Some(symbols.user(&caller_name(call, symbols)?))
}

fn caller_name(call: &RecordedCall, symbols: &Symbols) -> Option<String> {
    match &call.caller {
        RecordedCaller::User(name) => Some(name.clone()),
        RecordedCaller::AccessKey(key) => symbols.owner_of_key(key),
        RecordedCaller::Unknown | RecordedCaller::Other => None,
    }
}

/// The members that name a policy or a device.
const REFERENCES: [(&str, ResourceKind); 3] = [
    ("PolicyArn", ResourceKind::Policy),
    ("PermissionsBoundary", ResourceKind::Policy),
    ("SerialNumber", ResourceKind::Device),
];

/// The members with the ARN of a policy.
fn policy_members() -> impl Iterator<Item = &'static str> {
    REFERENCES.into_iter().filter(|it| it.1 == ResourceKind::Policy).map(|it| it.0)
}

/// Whether a role may use a policy after the call. Roles are not modeled.
pub(crate) fn is_use_by_role(call: &RecordedCall) -> bool {
    let is_refused = matches!(call.response, RecordedResponse::Error { .. });
    let is_about_role = call.action.contains("Role") && find_action(&call.action).is_none();
    let names = |it: &str| call.member(it).is_some() || call.hidden.contains(it);
    is_about_role && !is_refused && policy_members().any(names)
}

/// The policy that a call names, unless the log hides which.
pub(crate) fn named_policy(call: &RecordedCall, symbols: &Symbols) -> Option<Resource> {
    let arn = policy_members().find_map(|it| call.member(it))?;
    Some(symbols.resource(ResourceKind::Policy, arn))
}

/// The response without the tags of `CreateUser` that the operation does not have.
fn without_other_items(call: &AuditCall, mut response: Response) -> Response {
    if let AuditCall::Operation(Operation::CreateUser(..), others) = call
        && let Response::Success(Some(listing)) = &mut response
    {
        let is_other =
            |entity: Entity| others.iter().any(|it| it.item() == entity.item(AttachmentKind::Tag));
        listing.items.retain(|it| !is_other(it.0));
    }
    response
}

/// The user of a request, or the caller if the action permits that (D-023).
fn user_name(call: &RecordedCall, entry: ActionEntry, symbols: &Symbols) -> Option<String> {
    let is_default = match entry.target {
        ActionTarget::Attachment(kind, action) => wire(kind).caller_is_default.contains(&action),
        _ => ["GetUser", "ChangePassword"].contains(&entry.action.api),
    };
    let named = call.member("UserName").map(str::to_owned);
    let has_default = is_default && !call.hidden.contains("UserName");
    named.or_else(|| has_default.then(|| caller_name(call, symbols)).flatten()).or_else(|| {
        let result = call.result()?;
        // The root user shows the alias of the account as its name, if there is one.
        let is_root = |it: &Element| it.text_of("Arn").is_some_and(|arn| arn.ends_with(":root"));
        let mut users = result.children.iter().filter(|it| !is_root(it));
        let shown = users.find_map(|it| it.text_of("UserName"));
        shown.filter(|_| is_default).map(str::to_owned)
    })
}

impl RecordedCall {
    fn result(&self) -> Option<&Element> {
        match &self.response {
            RecordedResponse::Success(result) => result.as_ref(),
            _ => None,
        }
    }

    /// Whether a tool has replaced the message of the error, or a part of it.
    fn hides_message(&self) -> bool {
        matches!(&self.response, RecordedResponse::Error { message: Some(text), .. } if is_replaced(text))
    }

    fn error_code(&self) -> Option<&str> {
        match &self.response {
            RecordedResponse::Error { code, .. } => Some(code),
            _ => None,
        }
    }
}

struct Translation<'a> {
    call: &'a RecordedCall,
    entry: ActionEntry,
    symbols: &'a Symbols,
    user: Option<String>,
}

impl Translation<'_> {
    /// The event of a response whose request is not recorded.
    fn response_only(&self, anonymize: bool) -> AuditEvent {
        let response = self.response(None);
        let start = self.call.start.unwrap_or_default();
        let form: RequestForm = self.call.members.clone().into_iter().collect();
        let deviations = self.call.result().map(|result| {
            let api = self.entry.action.api;
            recorded_deviations(api, (&form, &self.call.hidden), (result, true))
        });
        AuditEvent {
            id: self.call.id.clone(),
            shown: if anonymize { self.call.action.clone() } else { self.shown(&response) },
            source: self.call.source.clone(),
            time: self.call.time.clone(),
            start,
            end: start,
            action: self.entry.action,
            call: AuditCall::Unnamed,
            shown_part: ShownPart::Whole,
            repeated: Vec::new(),
            hides_message: self.call.hides_message(),
            external: Vec::new(),
            namesakes: Vec::new(),
            details: Vec::new(),
            aws_policy: None,
            deviations: deviations.unwrap_or_default(),
            response,
        }
    }

    fn user(&self) -> Translated<User> {
        match (&self.user, &self.call.caller) {
            (Some(name), _) => Ok(self.symbols.user(name)),
            (None, RecordedCaller::Other) if !self.call.hidden.contains("UserName") => {
                Err(NoOperation::Nothing)
            }
            _ => Err(NO_NAME),
        }
    }

    fn member(&self, name: &str) -> Translated<&str> {
        self.call.member(name).ok_or(NO_NAME)
    }

    /// The operation and those that succeed together with it.
    fn operations(&self) -> Translated<(Operation, Vec<Operation>)> {
        if let Some(defect) = defect(self.call) {
            let user = self.user.as_deref().map(|it| self.symbols.user(it));
            if let Defect::Known(parameter, error) = defect
                && let Some(invalid) = self.invalid_request(parameter, error)
            {
                let user = user.unwrap_or(User(0));
                return Ok((Operation::Invalid(user, invalid), Vec::new()));
            }
            // A rename concerns its new name too.
            let is_rename = self.call.members.contains_key("NewUserName");
            return Err(NoOperation::Concerns(user.filter(|_| !is_rename)));
        }
        let is_in_other_case = REFERENCES.iter().any(|(member, kind)| {
            let named = self.call.member(member);
            named.is_some_and(|it| self.symbols.is_known_in_other_case(*kind, it))
        });
        if is_in_other_case {
            return Err(NO_NAME);
        }
        let single = |operation| Ok((operation, Vec::new()));
        let operations = match self.entry.target {
            ActionTarget::User => self.user_action(),
            ActionTarget::Resource(kind, action) => single(self.resource_action(kind, action)?),
            ActionTarget::SubResource(part, action) => self.sub_resource_action(part, action),
            ActionTarget::Attachment(kind, action) if takes_several(kind) => {
                self.several_items(kind, action)
            }
            ActionTarget::Attachment(kind, action) => single(self.attachment(kind, action)?),
        }?;
        // A hidden path or name is not the default one. Of a read, `shown_part` removes the listing.
        if self.call.hides_a_choice() && !operations.0.is_read() {
            return Err(NO_NAME);
        }
        Ok(operations)
    }

    fn invalid_request(&self, parameter: &str, error: InputError) -> Option<InvalidRequest> {
        InvalidRequest::all().find(|it| {
            let row = it.row();
            let api = (row.well_formed)(User(0)).action().map(|action| action.api);
            api == Some(self.entry.action.api) && (row.parameter, row.error) == (parameter, error)
        })
    }

    fn policy(&self, member: &str) -> Translated<Item> {
        Ok(self.symbols.resource(ResourceKind::Policy, self.member(member)?).item)
    }

    fn path(&self, member: &str) -> Translated<Path> {
        let path = self.call.member(member).unwrap_or("/");
        self.symbols.path(path).ok_or(NO_NAME)
    }

    fn tags(&self) -> Translated<Vec<Item>> {
        let keys = self.call.list("Tags", ".Key").into_iter();
        let item = |key: &str| self.symbols.item(AttachmentKind::Tag, key);
        keys.map(|key| item(key).ok_or(NO_NAME)).collect()
    }

    fn user_action(&self) -> Translated<(Operation, Vec<Operation>)> {
        let single = |operation| Ok((operation, Vec::new()));
        match self.entry.action.api {
            "CreateUser" => {
                let user = self.user()?;
                let boundary = self.call.member("PermissionsBoundary");
                let boundary = boundary.map(|_| self.policy("PermissionsBoundary")).transpose()?;
                let mut tags = self.tags()?.into_iter();
                let options =
                    CreateUserOptions { path: self.path("Path")?, boundary, tag: tags.next() };
                let others = tags.map(|it| Operation::Attach(user, AttachmentKind::Tag, it));
                Ok((Operation::CreateUser(user, options), others.collect()))
            }
            "GetUser" => single(Operation::GetUser(self.user()?)),
            "ListUsers" => single(Operation::ListUsers(Path::default())),
            "UpdateUser" => single(self.update_user()?),
            "DeleteUser" => single(Operation::DeleteUser(self.user()?)),
            "PutUserPermissionsBoundary" => {
                let user = self.user()?;
                single(Operation::PutBoundary(user, self.policy("PermissionsBoundary")?))
            }
            "DeleteUserPermissionsBoundary" => single(Operation::DeleteBoundary(self.user()?)),
            // It changes nothing that the model has.
            "ChangePassword" => match self.user() {
                Ok(user) => single(Operation::ChangePassword(user)),
                Err(_) => Err(NoOperation::Nothing),
            },
            "GetAccessKeyLastUsed" => {
                let kind = AttachmentKind::AccessKey;
                let key = self.symbols.item(kind, self.member("AccessKeyId")?);
                single(Operation::GetAccessKeyLastUsed(key.ok_or(NO_NAME)?))
            }
            "GetAccountSummary" => single(Operation::GetAccountSummary),
            "GetAccountAuthorizationDetails" => single(Operation::GetAuthorizationDetails),
            _ => Err(NO_NAME),
        }
    }

    fn update_user(&self) -> Translated<Operation> {
        let user = self.user()?;
        let new_name = self.call.member("NewUserName");
        let name = new_name.map(|it| self.symbols.user(it));
        let is_same = name == Some(user);
        let stored = self.user.as_deref().and_then(|it| self.symbols.stored_name(it));
        let differs_from_stored = stored.as_deref().map(|it| new_name != Some(it));
        let is_other_case = is_same && new_name != self.user.as_deref();
        // No fact says with which name the service compares the new one: that of the request, or
        // the stored one.
        let is_taken = self.call.error_code() == Some(ErrorCode::EntityAlreadyExists.name());
        let is_unclear = match differs_from_stored {
            Some(differs) => differs != is_other_case,
            None => is_other_case != is_taken,
        };
        if is_same && is_unclear {
            return Err(NoOperation::Concerns(Some(user)));
        }
        let other_case = self.invalid_request("NewUserName", InputError::OtherCase);
        if let Some(invalid) = other_case.filter(|_| is_other_case) {
            return Ok(Operation::Invalid(user, invalid));
        }
        let path = self.call.member("NewPath").map(|_| self.path("NewPath")).transpose()?;
        Ok(Operation::UpdateUser(user, UserChange { name, path }))
    }

    fn resource_action(&self, kind: ResourceKind, action: ResourceAction) -> Translated<Operation> {
        let reference = || self.member(kind.row().parameter);
        Ok(match action {
            ResourceAction::Create => Operation::CreateResource(self.created(kind)?),
            ResourceAction::List => {
                let filter = match self.call.member("AssignmentStatus") {
                    Some("Assigned") => Filter::InUse,
                    Some("Unassigned") => Filter::Unused,
                    _ if self.call.is_true("OnlyAttached") => Filter::InUse,
                    _ => Filter::All,
                };
                Operation::ListResources(kind, filter)
            }
            ResourceAction::Get => {
                Operation::GetResource(self.symbols.resource(kind, reference()?))
            }
            ResourceAction::ListHolders => {
                Operation::ListHolders(self.symbols.resource(kind, reference()?))
            }
            // The action does not delete hardware (C-070).
            ResourceAction::Delete
                if kind == ResourceKind::Device && !reference()?.contains(":mfa/") =>
            {
                return Err(NoOperation::Nothing);
            }
            ResourceAction::Delete => {
                Operation::DeleteResource(self.symbols.resource(kind, reference()?))
            }
            ResourceAction::Rename => {
                let resource = self.symbols.resource(kind, reference()?);
                let new_name = self.call.member("NewGroupName");
                let name = new_name.map(|it| self.symbols.resource(kind, it).item);
                // No fact says what a change of the case does to a group.
                if name == Some(resource.item) && new_name != self.call.member("GroupName") {
                    return Err(NO_NAME);
                }
                let changes_path = self.call.member("NewPath").is_some();
                Operation::RenameResource(
                    resource,
                    name.or((!changes_path).then_some(resource.item)),
                )
            }
        })
    }

    /// The resource that a request creates. Its ARN is in the response.
    fn created(&self, kind: ResourceKind) -> Translated<Resource> {
        let (structure, element) = names::created(kind);
        let member = match kind {
            ResourceKind::Group => "GroupName",
            ResourceKind::Policy => "PolicyName",
            ResourceKind::Device => "VirtualMFADeviceName",
        };
        let name = self.member(member)?;
        let shown = self.call.result().and_then(|it| it.child(structure)?.text_of(element));
        if let Some(reference) = shown.filter(|it| !it.is_empty()) {
            return Ok(self.symbols.created(kind, reference));
        }
        let path = self.call.member("Path").unwrap_or("/");
        let refused = self.call.error_code().is_some();
        // As long as no ARN of the account is known, the account has created no such resource.
        let placeholder = refused.then(|| format!("{path}{name}"));
        let reference = self.symbols.arn(kind, path, name).or(placeholder).ok_or(NO_NAME)?;
        // The name may be taken under another path.
        let is_in_other_case = || self.symbols.is_known_in_other_case(kind, &reference);
        if refused && (self.symbols.is_known_elsewhere(kind, &reference) || is_in_other_case()) {
            return Err(NO_NAME);
        }
        Ok(self.symbols.resource(kind, &reference))
    }

    fn sub_resource_action(
        &self,
        part: SubResource,
        action: SubResourceAction,
    ) -> Translated<(Operation, Vec<Operation>)> {
        let class = part.row().resource;
        let resource = self.symbols.resource(class, self.member(class.row().parameter)?);
        if action == SubResourceAction::List {
            return Ok((Operation::ListSubResources(resource, part), Vec::new()));
        }
        if (part, action) == (SubResource::Version, SubResourceAction::Add) {
            let shown = self.call.result().and_then(|it| it.child("PolicyVersion"));
            let number = shown.and_then(|it| version(it.text_of("VersionId")?));
            let add = Operation::AddSubResource(resource, part, number.unwrap_or_default());
            let is_default = self.call.is_true("SetAsDefault");
            let set = number.map(|it| Operation::SetDefault(resource, part, it));
            return Ok((add, set.filter(|_| is_default).into_iter().collect()));
        }
        let name = self.member(part.row().parameter)?;
        let item = match part {
            SubResource::AttachedPolicy => self.symbols.resource(ResourceKind::Policy, name).item,
            SubResource::InlinePolicy => {
                let kind = kind_of(part).ok_or(NO_NAME)?;
                self.symbols.item(kind, name).ok_or(NO_NAME)?
            }
            SubResource::Version => version(name).ok_or(NO_NAME)?,
        };
        Ok((action.on(resource, part, item), Vec::new()))
    }

    /// The operations of an action that takes several items.
    fn several_items(
        &self,
        kind: AttachmentKind,
        action: AttachmentAction,
    ) -> Translated<(Operation, Vec<Operation>)> {
        let user = self.user()?;
        let mut operations: Vec<Operation> = match action {
            AttachmentAction::Attach => {
                let tags = self.tags().map_err(|_| NoOperation::Tags(user))?;
                tags.into_iter().map(|it| Operation::Attach(user, kind, it)).collect()
            }
            AttachmentAction::Detach => {
                let keys = self.call.list("TagKeys", "").into_iter();
                let item = |key: &str| self.symbols.item(kind, key);
                let detach = |key| {
                    let detached = item(key).map(|it| Operation::Detach(user, kind, it));
                    detached.ok_or(NoOperation::Tags(user))
                };
                keys.map(detach).collect::<Translated<_>>()?
            }
            _ => vec![Operation::List(user, kind)],
        };
        if operations.is_empty() {
            return Err(NoOperation::Concerns(Some(user)));
        }
        Ok((operations.remove(0), operations))
    }

    fn attachment(&self, kind: AttachmentKind, action: AttachmentAction) -> Translated<Operation> {
        let user = self.user()?;
        let unclear = || NoOperation::Concerns(Some(user));
        let parameter = kind.row().parameter;
        let named = || -> Translated<Item> {
            if kind.row().naming == Naming::Single {
                return Ok(Item(0));
            }
            let name = self.call.member(parameter).ok_or_else(unclear)?;
            self.symbols.item(kind, name).ok_or_else(unclear)
        };
        Ok(match action {
            // It concerns the credentials of every user.
            AttachmentAction::List if self.call.is_true("AllUsers") => {
                return Err(NoOperation::Nothing);
            }
            AttachmentAction::List => {
                // A refusal may be about the service that the filter names.
                let is_known = |it: &str| names::SERVICES.contains(&it);
                let filter = self.call.member("ServiceName");
                if filter.is_some_and(|it| !is_known(it)) && self.call.error_code().is_some() {
                    return Err(unclear());
                }
                Operation::List(user, kind)
            }
            AttachmentAction::Attach if kind.row().naming == Naming::Service => {
                self.issue(user, kind)?
            }
            AttachmentAction::Attach => Operation::Attach(user, kind, named()?),
            AttachmentAction::Get => Operation::Get(user, kind, named()?),
            AttachmentAction::ResetSecret => Operation::ResetSecret(user, kind, named()?),
            AttachmentAction::Detach => Operation::Detach(user, kind, named()?),
            AttachmentAction::SetStatus => {
                let status = match self.call.member("Status") {
                    Some("Inactive") => Status::Inactive,
                    Some("Active") => Status::Active,
                    _ => return Err(unclear()),
                };
                Operation::SetStatus(user, kind, named()?, status)
            }
        })
    }

    fn issue(&self, user: User, kind: AttachmentKind) -> Translated<Operation> {
        let parameter = kind.row().parameter;
        let result = self.call.result();
        let mut issued = result.into_iter().flat_map(|it| &it.children);
        let id = issued.find_map(|it| it.text_of(parameter)).or(self.call.member(parameter));
        let item = match id.filter(|it| !it.is_empty()) {
            Some(id) => self.symbols.item(kind, id).ok_or(NO_NAME)?,
            None => AuditCall::UNNAMED_ITEM,
        };
        let mut options = IssueOptions::None;
        if kind.row().has_body {
            let body = wire(kind).payload_member.and_then(|it| self.call.member(it));
            match body.and_then(|it| self.symbols.with_body(kind, it)) {
                Some(other) if other != item => options = IssueOptions::SameBodyAs(other),
                // The service may compare what the bodies contain, and not how they are written.
                _ if self.call.error_code().is_some_and(|it| it.starts_with("Duplicate")) => {
                    return Err(NoOperation::Concerns(Some(user)));
                }
                _ => {}
            }
        }
        if kind.row().per_service {
            let Some(name) = self.call.member("ServiceName") else {
                return Ok(Operation::Issue(user, kind, item, options));
            };
            let number = names::SERVICES.iter().position(|it| *it == name);
            let number = number.and_then(|it| u8::try_from(it).ok());
            // AWS adds services: a name that no fact records may be one of them.
            let refused = self.call.error_code().is_some();
            match number {
                Some(number) => options = IssueOptions::Service(Service(number)),
                None if refused => {
                    let invalid = self.invalid_request("ServiceName", InputError::UnknownValue);
                    let unclear = NoOperation::Concerns(Some(user));
                    return invalid.map(|it| Operation::Invalid(user, it)).ok_or(unclear);
                }
                None => options = IssueOptions::Service(Service(iamspec_model::SERVICES)),
            }
        }
        Ok(Operation::Issue(user, kind, item, options))
    }

    /// The response in symbols.
    fn response(&self, op: Option<&Operation>) -> Response {
        match &self.call.response {
            RecordedResponse::Lost => {
                Response::failed(FailureKind::Timeout, "the log has no response that can be read")
            }
            RecordedResponse::Success(result) => {
                let listing = result.as_ref().zip(op).and_then(|(result, op)| {
                    read_listing(&op.well_formed(), result, (&no_response(), self.symbols)).ok()?
                });
                // A name without a symbol differs from another one in case only: nothing is known of it.
                Response::Success(listing.filter(|it| it.unknown_names.is_empty()))
            }
            RecordedResponse::Error { status, code, message } => {
                let known = ErrorCode::named(code);
                let is_failure = ["ServiceFailure", "InternalFailure", "ServiceUnavailable"];
                let presumed = match known {
                    _ if is_failure.contains(&code.as_str()) => 500,
                    Some(code) => code.http_status(),
                    None => self.usual_status(),
                };
                let message = message.as_ref().filter(|it| !is_replaced(it));
                let text = message.map(|text| {
                    let sent = |name: &str| self.value(name);
                    let stored = |name: &str| {
                        let sent = self.value(name)?;
                        Some(in_other_case(text, &sent).map_or(sent.clone(), str::to_owned))
                    };
                    let translated = op.and_then(|op| {
                        messages::in_symbols(op, text, &sent)
                            .or_else(|| messages::in_symbols(op, text, &stored))
                    });
                    EndpointText::new(translated.unwrap_or_else(|| text.clone()), text.clone())
                });
                let action = op.map_or(Some(self.entry.action), Operation::action);
                if message.is_some_and(|it| is_about_policies_of_others(it)) {
                    let (http, code) = (status.unwrap_or(presumed), code.clone());
                    return Response::Refused { http, code, message: text };
                }
                Response::refused(action, status.unwrap_or(presumed), code.clone(), text)
            }
        }
    }

    /// The status of a refusal of the action, for a format that has no status.
    fn usual_status(&self) -> u16 {
        let mut refusals = self.entry.action.clauses.iter().filter_map(|it| match it.expected {
            iamspec_model::Expected::Refused(code) => Some(code.http_status()),
            iamspec_model::Expected::Success => None,
        });
        refusals.next_back().unwrap_or(400)
    }

    /// The value of a request member, for messages.
    fn value(&self, name: &str) -> Option<String> {
        let member = |name: &str| self.call.member(name).map(str::to_owned);
        match name {
            "UserName" => self.user.clone(),
            // The message about a boundary names the policy (B-PB-07).
            "PolicyArn" => member(name).or_else(|| member("PermissionsBoundary")),
            _ => member(name),
        }
    }

    /// Which part of a listing the response shows. A listing that a filter changes in a way that is
    /// not modeled, or by a hidden value, is removed.
    fn shown_part(&self, op: Option<&Operation>, response: Response) -> (Response, ShownPart) {
        let (Some(op), Response::Success(Some(_))) = (op.map(Operation::well_formed), &response)
        else {
            return (response, ShownPart::Whole);
        };
        let has = |name: &str| self.call.member(name).is_some();
        let result = self.call.result();
        let is_page =
            has("Marker") || result.is_some_and(|it| it.text_of("IsTruncated") == Some("true"));
        let is_unclear = self.call.hides_a_choice()
            || has("PolicyUsageFilter") && !self.lists_permissions(op)
            || has("EntityFilter")
            || has("AllUsers")
            || has("Filter.member.1") && !self.call.list("Filter", "").contains(&"User")
            // The default version may be on another page.
            || matches!(op, Operation::ListSubResources(_, SubResource::Version)) && is_page
            // The new version is shown as the default, which the model makes it afterwards (C-086).
            || self.call.is_true("SetAsDefault")
            || matches!(op, Operation::ListResources(ResourceKind::Policy, _) if has("Scope")
                && self.call.member("Scope") != Some("Local"));
        if is_unclear {
            return (Response::SUCCESS, ShownPart::Whole);
        }
        let has_prefix = self.call.member("PathPrefix").is_some_and(|it| it != "/");
        if let (Operation::ListUsers(_), Some(result), false) = (op, result, is_page) {
            let prefix = self.call.member("PathPrefix").unwrap_or("/");
            let users = result.child("Users").into_iter().flat_map(|it| &it.children);
            let path = |it: &Element| {
                let user = self.symbols.user(it.text_of("UserName")?);
                Some((user, self.symbols.path(it.text_of("Path")?)?))
            };
            let paths = users.filter_map(path).collect();
            return (
                response,
                ShownPart::Paths { listed: self.symbols.paths_under(prefix), paths },
            );
        }
        let is_part = is_page || has_prefix || has("ServiceName");
        (response, if is_part { ShownPart::Part } else { ShownPart::Whole })
    }

    /// Whether the listing shows to whom a policy is attached, and not whose boundary it is.
    fn lists_permissions(&self, op: Operation) -> bool {
        matches!(op, Operation::ListHolders(_))
            && self.call.member("PolicyUsageFilter") == Some("PermissionsPolicy")
    }

    /// Learns the account from the ARN of what the account has.
    fn learn_account(&self) {
        let account = &self.call.account;
        if account.len() == 12 && account.bytes().all(|it| it.is_ascii_digit()) {
            self.symbols.learn_account(&format!("arn:aws:iam::{account}:root"));
        }
        let is_own = ["CreateUser", "GetUser", "CreateGroup", "CreatePolicy"];
        let created = self.call.result().filter(|_| is_own.contains(&self.call.action.as_str()));
        if let Some(arn) = created.and_then(|it| it.children.first()?.text_of("Arn")) {
            self.symbols.learn_account(arn);
        }
        let device = self.call.result().filter(|_| self.call.action == "CreateVirtualMFADevice");
        if let Some(arn) = device.and_then(|it| it.children.first()?.text_of("SerialNumber")) {
            self.symbols.learn_account(arn);
        }
    }

    fn learn_names(&self, op: Option<&Operation>, response: &Response) {
        let changes_name = ["CreateUser", "UpdateUser", "DeleteUser"];
        if changes_name.contains(&self.call.action.as_str())
            && !matches!(response, Response::Refused { .. })
        {
            let names = [self.user.as_deref(), self.call.member("NewUserName")];
            names.into_iter().flatten().for_each(|it| self.symbols.forget_stored_name(it));
        }
        let (Some(op), Response::Success(_)) = (op, response) else { return };
        let shown = self.call.result().and_then(|it| it.child("User")?.text_of("UserName"));
        if let Some(name) = shown {
            self.symbols.record_stored_name(name);
        }
        match *op {
            Operation::CreateUser(..) => {
                if let Some(name) = shown.or(self.user.as_deref()) {
                    self.symbols.record_stored_name(name);
                }
            }
            Operation::Issue(_, kind, item, _) => {
                let body = wire(kind).payload_member.and_then(|it| self.call.member(it));
                if let Some(body) = body.filter(|_| kind.row().has_body) {
                    self.symbols.record_body(kind, body, item);
                }
                let id =
                    self.call.result().and_then(|it| it.children.first()?.text_of("AccessKeyId"));
                if let (Some(key), Some(user)) = (id, &self.user) {
                    self.symbols.record_key(key, user);
                }
            }
            Operation::UpdateUser(_, UserChange { name: Some(_), .. }) => {
                if let (Some(old), Some(new)) = (&self.user, self.call.member("NewUserName")) {
                    self.symbols.rename_owner(old, new);
                    self.symbols.record_stored_name(new);
                }
            }
            _ => {}
        }
    }

    /// The resources that exist independently of the log.
    fn external(&self, op: Option<&Operation>) -> Vec<Resource> {
        let named = REFERENCES.into_iter().filter_map(|(member, kind)| {
            let reference = self.call.member(member)?;
            let is_external = self.symbols.is_external(kind, reference);
            is_external.then(|| self.symbols.resource(kind, reference))
        });
        let mut external: Vec<Resource> = named.collect();
        let Some(result) = self.call.result().filter(|_| op.is_some_and(Operation::is_read)) else {
            return external;
        };
        add_listed(result, self.symbols, &mut external);
        external
    }

    /// The other policies with the name of the one that the request creates (E-030).
    fn namesakes(&self, op: Option<&Operation>) -> Vec<Resource> {
        let Some(Operation::CreateResource(policy)) = op else { return Vec::new() };
        if policy.kind != ResourceKind::Policy {
            return Vec::new();
        }
        let result = self.call.result().and_then(|it| it.child("Policy")?.text_of("Arn"));
        result.map(|arn| self.symbols.namesakes(policy.kind, arn)).unwrap_or_default()
    }

    /// The entities that a listing of the account shows twice. The entries are equal in everything,
    /// because a tool may have given several entities one name.
    fn repeated(&self, op: &Operation) -> Vec<Entity> {
        let (list, name) = match *op {
            Operation::ListUsers(_) => ("Users", "UserName"),
            Operation::ListResources(kind, _) => names::listed(kind),
            _ => return Vec::new(),
        };
        let entries = self.call.result().and_then(|it| it.child(list)).map(|it| &it.children);
        let mut seen: BTreeMap<&str, &Element> = BTreeMap::new();
        let mut repeated = Vec::new();
        for entry in entries.into_iter().flatten() {
            let Some(text) = entry.text_of(name) else { continue };
            if seen.insert(text, entry).is_some_and(|earlier| earlier == entry) {
                repeated.push(match *op {
                    Operation::ListResources(kind, _) => {
                        Entity::Resource(self.symbols.resource(kind, text))
                    }
                    _ => Entity::User(self.symbols.user(text)),
                });
            }
        }
        repeated
    }

    fn deviations(
        &self,
        op: &Operation,
    ) -> Vec<iamspec_conformance::oracle::formats::FormatDeviation> {
        let Some(result) = self.call.result() else { return Vec::new() };
        // No fact gives the form of a response to an invalid request, and a hidden value is unknown.
        if matches!(op, Operation::Invalid(..)) || self.call.hides_a_choice() {
            return Vec::new();
        }
        let mut form: RequestForm = self.call.members.clone().into_iter().collect();
        // The service shows the stored name, which may have another case than the request (C-066,
        // C-078). No evidence says whether it finds an inline policy by its name in another case.
        for member in ["UserName", "GroupName", "PolicyName"] {
            let sent = match member {
                "UserName" => self.user.clone(),
                _ => self.call.member(member).map(str::to_owned),
            };
            form.retain(|(name, _)| name != member);
            form.extend(sent.map(|name| {
                let stored = stored_name(result, member, &name);
                (member.to_owned(), stored.map_or(name.clone(), str::to_owned))
            }));
        }
        let api = self.entry.action.api;
        let with_dates = self.call.has_wire_format;
        recorded_deviations(api, (&form, &self.call.hidden), (result, with_dates))
    }

    /// The call in the names of the log.
    fn shown(&self, response: &Response) -> String {
        let mut words = vec![self.call.action.clone()];
        words.extend(self.user.clone());
        for (name, value) in &self.call.members {
            let role = names::member_role(name);
            let is_name = matches!(
                role,
                Some(
                    crate::wire::attachments::MemberRole::Name
                        | crate::wire::attachments::MemberRole::Id
                )
            );
            if is_name && name != "UserName" {
                words.push(value.clone());
            }
        }
        let observed = match (&self.call.response, response) {
            (RecordedResponse::Lost, _) => "no response".to_owned(),
            (RecordedResponse::Success(_), _) => "200".to_owned(),
            (RecordedResponse::Error { status, code, message }, _) => {
                let status = status.map(|it| format!("{it} ")).unwrap_or_default();
                let message = message.as_ref().map(|it| format!(" {it:?}")).unwrap_or_default();
                format!("{status}{code}{message}")
            }
        };
        format!("{} -> {observed}", words.join(" "))
    }
}

/// The call and the response without the names of the log.
fn in_symbols(op: &Operation, response: &Response) -> String {
    let call = print::operation(op);
    match response {
        Response::Refused { http, code, message } => {
            // A message that no fact quotes may contain a name.
            let complete = message.as_ref().map(EndpointText::complete);
            let known = complete.and_then(|it| messages::quoted(op, it));
            let known = known.map(|it| format!(" {it:?}")).unwrap_or_default();
            format!("{call} -> {http} {code}{known}")
        }
        Response::Failed(_) => format!("{call} -> no response"),
        Response::Success(_) => format!("{call} -> {response}"),
    }
}

/// A name of a request as a message shows it. No evidence says whether that is the name of the request or
/// the stored one, which may have another case.
fn in_other_case<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    let lower = message.to_ascii_lowercase();
    let is_end = |it: Option<char>| it.is_none_or(|it| !it.is_alphanumeric());
    // The words before a name may be the same, as in `User with name USER already exists.`
    lower.rmatch_indices(&name.to_ascii_lowercase()).find_map(|(begin, matched)| {
        let (before, rest) = message.split_at_checked(begin)?;
        let (shown, after) = rest.split_at_checked(matched.len())?;
        let is_name = is_end(before.chars().next_back()) && is_end(after.chars().next());
        is_name.then_some(shown)
    })
}

/// The policies and devices in a listing that exist independently of the log.
fn add_listed(element: &Element, symbols: &Symbols, external: &mut Vec<Resource>) {
    for child in &element.children {
        let kind = match child.name.as_str() {
            "PolicyArn" | "PermissionsBoundaryArn" => Some(ResourceKind::Policy),
            "Arn" if child.text.contains(":policy/") => Some(ResourceKind::Policy),
            "SerialNumber" => Some(ResourceKind::Device),
            _ => None,
        };
        if let Some(kind) = kind.filter(|it| symbols.is_external(*it, child.text.trim())) {
            external.push(symbols.resource(kind, child.text.trim()));
        }
        add_listed(child, symbols, external);
    }
}

/// Whether a request of the kind names several items.
fn takes_several(kind: AttachmentKind) -> bool {
    wire(kind).attach_member.is_some_and(|it| it.contains(".member."))
}

fn version(id: &str) -> Option<Item> {
    id.strip_prefix('v')?.parse().ok().map(Item)
}

/// The name of a request as a response shows it, at any depth, in another case.
fn stored_name<'a>(element: &'a Element, member: &str, name: &str) -> Option<&'a str> {
    let own = element.text_of(member).filter(|it| it.eq_ignore_ascii_case(name));
    own.or_else(|| element.children.iter().find_map(|it| stored_name(it, member, name)))
}
