//! One request, from its bytes to its reply.
//!
//! Second step of a request, after the listener. The handler decides which fault is injected, and
//! runs the steps of one action in order: parse, validate, model, store, responses, pagination. It
//! knows no wire names; those belong to the steps.

use std::time::Duration;

use hyper::header::{self, HeaderMap};
use hyper::http::request::Parts;
use iamspec_conformance::reference::respond_and_apply;
use iamspec_conformance::response::FailureKind;
use iamspec_conformance::{EndpointText, Listing, Response};
use iamspec_model::evidence::{B_AK_11, B_LP_13, B_LP_17};
use iamspec_model::{
    Attachment, AttachmentKind, Item, Operation, Resource, ResourceKind, Rule, User,
};

use crate::server::auth::{RequestedService, SignatureError, SignedRequest, caller, secret_of};
use crate::server::fault_injection::history::{PastState, StateHistory, Timestamp};
use crate::server::fault_injection::{InjectedFault, PageFault, mutants};
use crate::server::outside_model::{aws_policies, mfa_codes, policy_size};
use crate::server::pagination::{Page, has_pages, prefetch};
use crate::server::parse::form::{ParsedForm, RequestError};
use crate::server::parse::{ParsedCall, validation};
use crate::server::reply::Reply;
use crate::server::store::ACCOUNT;
use crate::server::{
    CapturedRequest, ModelState, ResponseBody, ServerState, SharedState, auth, clock, details,
    outside_model, parse, responses,
};
use crate::wire::xml_write;

/// The page that AWS redirects to if a request names no action (E-012).
const IAM_PAGE: &str = "https://aws.amazon.com/iam";

/// How often a check-then-act mutant polls for another request, and the pause between two polls.
const RACE_POLLS: usize = 30;
const RACE_POLL_PAUSE: Duration = Duration::from_millis(1);

/// Handles one request. `None` if an injected fault drops the connection.
pub(super) async fn handle_request(
    state: &SharedState,
    head: &Parts,
    body: &[u8],
) -> Option<Reply> {
    let pairs = form_pairs(head, body);
    let early = check_early(state, head, body, &pairs);
    if let Some(check) = &early {
        wait_for_next_request(state, check.request_count).await;
    }
    handle_form(state, head, body, pairs, early.map(|check| check.rule))
}

/// The outcome of the early check of a check-then-act mutant.
struct EarlyCheck {
    /// The rule that permits the operation, evaluated before the wait.
    rule: Rule,
    /// The number of requests that had arrived by then.
    request_count: u64,
}

/// Counts the request, and runs the early check of a check-then-act mutant. `None` if the server
/// is no such mutant, or if the operation would be refused.
fn check_early(
    state: &SharedState,
    head: &Parts,
    body: &[u8],
    pairs: &[(String, String)],
) -> Option<EarlyCheck> {
    let mut state = state.lock();
    state.request_count += 1;
    let request_count = state.request_count;
    let mutant = state.model.behavior.mutant.as_ref()?;
    let form = ParsedForm::new(pairs.iter().cloned());
    if !mutant.checks_first(form.get("Action")?) {
        return None;
    }
    let access_key = state.authenticate(head, body, &form).ok()?;
    let mut copy = state.model.clone();
    let access_key = access_key.as_deref();
    let request = ActionRequest { form: &form, access_key, id: "", page_fault: None };
    let response = handle_action(&mut copy, &request);
    let rule = copy.behavior.last_rule.filter(|_| response.status == 200)?;
    Some(EarlyCheck { rule, request_count })
}

/// Waits, for a limited time, until another request arrives between check and act.
async fn wait_for_next_request(state: &SharedState, request_count: u64) {
    for _ in 0..RACE_POLLS {
        tokio::time::sleep(RACE_POLL_PAUSE).await;
        if state.lock().request_count > request_count {
            return;
        }
    }
}

fn handle_form(
    state: &SharedState,
    head: &Parts,
    body: &[u8],
    pairs: Vec<(String, String)>,
    early: Option<Rule>,
) -> Option<Reply> {
    let form = ParsedForm::new(pairs.iter().cloned());
    if form.get("Action").is_none() {
        // E-012: AWS redirects instead of returning an XML error.
        return Some(Reply::redirect(IAM_PAGE));
    }
    let mut state = state.lock();
    state.model.behavior.prior_rule = early;
    let id = uuid::Uuid::new_v4().to_string();
    let reply = match state.authenticate(head, body, &form) {
        Err(error) => Some(Reply::xml(error.response(&id), &id)),
        Ok(access_key) => {
            let access_key = access_key.as_deref();
            state.handle(ActionRequest { form: &form, access_key, id: &id, page_fault: None })
        }
    };
    if let Some(captured) = &mut state.captured {
        let response = reply.as_ref().map(|reply| (reply.status, reply.body.clone()));
        captured.push(CapturedRequest::new(head, pairs, response));
    }
    reply
}

/// Whether the headers say that the body is a form, or say nothing (E-018).
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).map(|it| it.to_str());
    content_type.is_none_or(|it| {
        let media_type = it.unwrap_or_default().split(';').next().unwrap_or_default();
        media_type.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}

/// The members of the query and of the body.
fn form_pairs(head: &Parts, body: &[u8]) -> Vec<(String, String)> {
    let query = head.uri.query().unwrap_or_default().as_bytes();
    let body = if is_form(&head.headers) { body } else { &[] };
    let pairs = form_urlencoded::parse(query).chain(form_urlencoded::parse(body));
    pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// A request for one action.
#[derive(Clone, Copy)]
struct ActionRequest<'a> {
    form: &'a ParsedForm,
    /// The access key that signs the request.
    access_key: Option<&'a str>,
    id: &'a str,
    /// The fault to inject into its page.
    page_fault: Option<PageFault>,
}

impl ServerState {
    /// Returns the access key of the caller: the verified one if the server verifies signatures, or
    /// else the one that the request names. `None` if the request is not signed.
    fn authenticate(
        &self,
        head: &Parts,
        body: &[u8],
        form: &ParsedForm,
    ) -> Result<Option<String>, SignatureError> {
        let Parts { method, uri, headers, .. } = head;
        let signed = SignedRequest { method, uri, headers, body };
        if !self.verify_signatures {
            return auth::claimed_key(&signed);
        }
        let ModelState { store, account, .. } = &self.model;
        let now = clock::now();
        let secret = |key: &str| secret_of(key, &self.root, store, account);
        auth::verified_key(&signed, RequestedService::of(form), now, secret).map(Some)
    }

    /// Handles one action, with the fault that is due for it. `None` drops the connection.
    fn handle(&mut self, request: ActionRequest<'_>) -> Option<Reply> {
        let ActionRequest { form, id, .. } = request;
        let action = form.action();
        let Self { model, fault_plan, history, .. } = self;
        let now = history.next_call();
        let due = fault_plan.choose(action, |fault| match fault.window() {
            Some(_) => stale_response(fault, history, now, model, &request).map(Some),
            None => (fault.page().is_none() || has_pages(action)).then_some(None),
        });
        let (fault, stale) = due.map_or((None, None), |(fault, stale)| (Some(fault), stale));
        let request = ActionRequest { page_fault: fault.and_then(InjectedFault::page), ..request };
        let response = match stale {
            Some(stale) => stale,
            None if fault.is_some_and(InjectedFault::prevents_effect) => {
                // The fault supplies the response.
                ResponseBody::of_xml(500, String::new())
            }
            None => {
                let before = history.snapshot(action, model);
                let response = handle_action(model, &request);
                if let Some(before) = before.filter(|_| response.status == 200) {
                    history.push(now, action, form.get("UserName"), before);
                }
                response
            }
        };
        let reply = Reply::xml(response, id);
        match fault {
            Some(fault) => reply.with_fault(fault),
            None => Some(reply),
        }
    }
}

/// The response that a fault of eventual consistency gives instead of the current one. `None` if
/// the past makes no difference.
fn stale_response(
    fault: InjectedFault,
    history: &StateHistory,
    now: Timestamp,
    model: &ModelState,
    request: &ActionRequest<'_>,
) -> Option<ResponseBody> {
    let form = request.form;
    let handle = |state: &ModelState| handle_action(&mut state.clone(), request);
    match history.past_state(fault, form.action(), form.get("UserName"), now)? {
        PastState::Read(past) => Some(handle(past)).filter(|stale| *stale != handle(model)),
        PastState::Deletion(states) => {
            let is_conflict =
                |response: &ResponseBody| response.xml.contains("<Code>DeleteConflict</Code>");
            let refused = states.into_iter().map(handle).find(is_conflict)?;
            (handle(model).status == 200).then_some(refused)
        }
        PastState::NewLoginProfile(name) => {
            let user = model.store.user(name);
            model.account.attachment(user, AttachmentKind::LoginProfile, Item(0))?;
            let message = B_LP_17.message.map(|text| text.replace("{UserName}", name));
            Some(ResponseBody::of_fact(B_LP_17, message.as_deref(), request.id))
        }
    }
}

/// Handles one action, in the form in which a mutant responds.
fn handle_action(model: &mut ModelState, request: &ActionRequest<'_>) -> ResponseBody {
    let action = request.form.action();
    let deviation = mutants::deviation(&model.behavior, action);
    aws_policies::prepare(model, request.form);
    let response = carry_out(model, request);
    aws_policies::drop_unused(model);
    mutants::change_form(deviation, action, response)
}

/// Applies all operations of an action, or none, and builds the response.
fn carry_out(model: &mut ModelState, request: &ActionRequest<'_>) -> ResponseBody {
    let ActionRequest { form, access_key, id, page_fault } = *request;
    let action = form.action();
    let deviation = mutants::deviation(&model.behavior, action);
    let page = match Page::requested(form) {
        Ok(page) => page.with_deviations(deviation, page_fault),
        Err(error) => return error.response(id),
    };
    let caller = access_key.and_then(|key| model.store.access_key_user(key, &model.account));
    if let Some(key) = access_key {
        model.store.record_use(key, RequestedService::of(form).name());
    }
    if RequestedService::of(form) == RequestedService::Sts {
        return caller::identity(caller, &model.store, id);
    }
    let caller_name = || caller.map(|user| model.store.user_record(user).name);
    let form = &parse::with_caller(form, caller_name);
    if let Err(error) = outside_model::check_action(form) {
        return error.response(id);
    }
    let is_root = caller.is_none() && !access_key.is_some_and(is_of_session);
    if action == "GetUser" && is_root && !form.has("UserName") {
        return ResponseBody::of_xml(
            200,
            xml_write::success(action, Some(caller::root_user()), id),
        );
    }
    if outside_model::is_outside_model(action) {
        let result = validated(model, form, caller, is_root);
        return match result.and_then(|()| outside_model::result(model, form)) {
            Ok(result) => {
                let result = result.map(|elements| page.cut(elements));
                ResponseBody::of_xml(200, xml_write::success(action, result, id))
            }
            Err(error) => error.response(id),
        };
    }
    let calls = match parse_and_validate(model, form, caller, is_root) {
        Ok(calls) => calls,
        Err(error) => return error.response(id),
    };
    let quotas = policy_size::adjust_quotas(model, form);
    let attachments = attachments_to_delete(model, &calls);
    let applied = apply(model, form, &calls, caller);
    policy_size::restore_quotas(model, quotas);
    let listing = match applied {
        Ok(listing) => listing,
        Err(refused) => {
            release_unused_symbols(model, &calls);
            return refusal_response(&refused, id);
        }
    };
    for call in &calls {
        model.store.update(&call.operation, call.tag.as_ref(), form, &model.account);
    }
    mutants::repeat_effects(model, &calls, form);
    let result = calls.first().and_then(|call| {
        let listing = listing.map(|listing| {
            let filtered = model.store.filtered(&call.operation, listing, form, &model.account);
            prefetch(&call.operation, filtered, &page, &model.store)
        });
        result(&call.operation, listing, form, model)
    });
    let result = result.map(|elements| mutants::change_result(deviation, page.cut(elements)));
    let xml = xml_write::success(action, result, id);
    if !mutants::keeps_records(&model.behavior) {
        for call in &calls {
            model.store.remove_deleted(&call.operation, &attachments, &model.account);
        }
    }
    ResponseBody::of_xml(200, mutants::change_xml(deviation, xml))
}

/// Parses the form into operations, then validates its members.
fn parse_and_validate(
    model: &mut ModelState,
    form: &ParsedForm,
    caller: Option<User>,
    is_root: bool,
) -> Result<Vec<ParsedCall>, RequestError> {
    let calls = parse::parse(form, &mut model.store, &model.account, caller);
    // A violated constraint comes before a missing member.
    let validated = validated(model, form, caller, is_root);
    if let (Ok(calls), Err(_)) = (&calls, &validated) {
        release_unused_symbols(model, calls);
    }
    validated.and(calls)
}

/// Validates the members of a form, then the caller: only a user may leave out its own name (B-AK-11).
fn validated(
    model: &ModelState,
    form: &ParsedForm,
    caller: Option<User>,
    is_root: bool,
) -> Result<(), RequestError> {
    let user = form.get("UserName").map(|name| model.store.user(name));
    let group = form.get("GroupName").filter(|_| form.has("PolicyDocument")).map(|name| {
        let (kind, item) = (ResourceKind::Group, model.store.resource(ResourceKind::Group, name));
        Resource { kind, item }
    });
    let subject_exists = user.is_none_or(|user| model.account.has_user(user))
        && group.is_none_or(|group| model.account.has_resource(group));
    validation::validate(form, subject_exists, model.store.password_policy.as_ref())?;
    aws_policies::check(form)?;
    policy_size::check_managed(form)?;
    if form.action() == "CreatePolicy" {
        outside_model::check_tags(form)?;
    }
    if subject_exists {
        mfa_codes::check_session(model, form, caller)?;
        mfa_codes::check(model, form)?;
    }
    if !form.has("UserName") && parse::has_default_user(form.action()) {
        // Root has no login profile with a name (B-LP-13).
        let is_of_root = is_root && form.action() == "GetLoginProfile";
        let fact = if is_of_root { B_LP_13 } else { B_AK_11 };
        return Err(RequestError::of_fact(fact, form));
    }
    Ok(())
}

/// Returns true if the access key is a temporary one, as a session of a role has (E-017).
fn is_of_session(access_key: &str) -> bool {
    access_key.starts_with("ASIA")
}

fn release_unused_symbols(model: &mut ModelState, calls: &[ParsedCall]) {
    for call in calls {
        model.store.release_unused(&call.operation);
    }
}

/// The attachments of a user that is about to be deleted; the store removes their records later.
fn attachments_to_delete(model: &ModelState, calls: &[ParsedCall]) -> Vec<Attachment> {
    match calls.first().map(|call| call.operation) {
        Some(Operation::DeleteUser(user)) => model.account.attachments_of(user).collect(),
        _ => Vec::new(),
    }
}

/// Applies all operations of an action to the model, or none. Returns the listing of the first
/// operation that has one.
fn apply(
    model: &mut ModelState,
    form: &ParsedForm,
    calls: &[ParsedCall],
    caller: Option<User>,
) -> Result<Option<Listing>, Response> {
    // Values for the placeholders of error messages. A boundary fills the placeholder of a policy;
    // a caller that is the implicit user fills the placeholder of the user.
    let own_name = || {
        let user = calls.first()?.operation.user()?;
        Some(model.store.user_record(user).name)
    };
    let caller_path = || caller.map_or("root".to_owned(), |user| model.store.user_path(user));
    let value = |member: &str| match (form.get(member), member) {
        (Some(value), _) => Some(value.to_owned()),
        (None, "PolicyArn") => form.get("PermissionsBoundary").map(str::to_owned),
        (None, "UserName") => own_name(),
        (None, "CallerArn") => Some(format!("arn:aws:iam::{ACCOUNT}:{}", caller_path())),
        (None, _) => None,
    };
    let listing_of = |response| match response {
        Response::Success(listing) => Ok(listing),
        refused => Err(refused),
    };
    if let [call] = calls {
        let (account, behavior) = (&mut model.account, &mut model.behavior);
        return listing_of(respond_and_apply(account, &call.operation, behavior, &value));
    }
    let mut account = model.account.clone();
    let mut first = None;
    for call in calls {
        let response =
            respond_and_apply(&mut account, &call.operation, &mut model.behavior, &value);
        first = first.or(listing_of(response)?);
    }
    model.account = account;
    Ok(first)
}

/// The result elements of an operation that succeeded; `None` if its response has no result.
fn result(
    op: &Operation,
    listing: Option<Listing>,
    form: &ParsedForm,
    model: &ModelState,
) -> Option<Vec<xml_write::Node>> {
    let (store, account) = (&model.store, &model.account);
    match op {
        Operation::GetAccountSummary => Some(vec![details::summary(account, store)]),
        Operation::GetAuthorizationDetails => {
            let elements = details::details(&listing.unwrap_or_default(), store, account, form);
            Some(details::filter(elements, form))
        }
        _ => responses::result(op, listing, model),
    }
}

fn refusal_response(response: &Response, request_id: &str) -> ResponseBody {
    match response {
        Response::Refused { http, code, message } => ResponseBody::error(
            *http,
            code,
            message.as_ref().map(EndpointText::complete),
            request_id,
        ),
        Response::Failed(failure) if failure.kind == FailureKind::Unimplemented => {
            ResponseBody::error(501, "NotImplemented", Some(&failure.detail), request_id)
        }
        Response::Failed(failure) => {
            ResponseBody::error(500, "ServiceFailure", Some(&failure.detail), request_id)
        }
        Response::Success(_) => ResponseBody::of_xml(200, String::new()),
    }
}

#[cfg(test)]
mod tests {
    use iamspec_conformance::reference::ReferenceOptions;
    use iamspec_model::Account;

    use super::*;
    use crate::server::store::Store;

    const POLICY: &str = "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D";

    /// The state after these calls, each of which must succeed.
    fn state_after(calls: &[&str]) -> ModelState {
        let (account, store) = (Account::default(), Store::default());
        let mut model = ModelState { account, store, behavior: ReferenceOptions::default() };
        for call in calls {
            let call = format!("Version=2010-05-08&{call}");
            let form = ParsedForm::new(form_urlencoded::parse(call.as_bytes()).into_owned());
            let request = ActionRequest { form: &form, access_key: None, id: "", page_fault: None };
            let response = handle_action(&mut model, &request);
            assert_eq!(response.status, 200, "{call}: {}", response.xml);
        }
        model
    }

    /// Calls that create a user with attachments, and delete all of them.
    fn lifecycle(name: &str) -> Vec<String> {
        let calls = "CreateUser&UserName=NAME&Tags.member.1.Key=k&Tags.member.1.Value=v
CreateLoginProfile&UserName=NAME&Password=Aa1!aaaaaaaaaaaaaaaaaaaa
AddUserToGroup&UserName=NAME&GroupName=g
AttachUserPolicy&UserName=NAME&PolicyArn=arn:aws:iam::123456789012:policy/p
PutUserPolicy&UserName=NAME&PolicyName=own&PolicyDocument=POLICY
DeleteUserPolicy&UserName=NAME&PolicyName=own
DetachUserPolicy&UserName=NAME&PolicyArn=arn:aws:iam::123456789012:policy/p
RemoveUserFromGroup&UserName=NAME&GroupName=g
DeleteLoginProfile&UserName=NAME
DeleteUser&UserName=NAME";
        let filled = calls.replace("NAME", name).replace("POLICY", POLICY);
        filled.lines().map(|call| format!("Action={call}")).collect()
    }

    /// Two users share group and policy, so that neither deletion may keep records of the other.
    #[test]
    fn memory_does_not_grow_with_deleted_users_and_resources() {
        let policy = format!("Action=CreatePolicy&PolicyName=p&PolicyDocument={POLICY}");
        let arn = "PolicyArn=arn:aws:iam::123456789012:policy/p";
        let version = format!("Action=CreatePolicyVersion&{arn}&PolicyDocument={POLICY}");
        let delete_version = format!("Action=DeletePolicyVersion&{arn}&VersionId=v2");
        let delete_policy = format!("Action=DeletePolicy&{arn}");
        let users: Vec<(String, String)> = lifecycle("a").into_iter().zip(lifecycle("b")).collect();
        let mut calls = vec!["Action=CreateGroup&GroupName=g", &policy, &version];
        calls.extend(users.iter().flat_map(|(a, b)| [a.as_str(), b]));
        calls.extend([&*delete_version, &delete_policy, "Action=DeleteGroup&GroupName=g"]);
        let model = state_after(&calls);
        assert!(model.account.is_empty());
        let counts = model.store.record_counts();
        assert_eq!(counts.map(|(map, _)| (map, 0)), counts);
    }
}
