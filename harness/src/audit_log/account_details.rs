//! The listings that are parts of a response to `GetAccountAuthorizationDetails`: for each user, group and
//! policy what the listings of its own show (C-050).

use crate::audit_log::record::{RecordedCall, RecordedResponse};
use crate::wire::xml_read::Element;

/// The action whose response has the details.
const ACTION: &str = "GetAccountAuthorizationDetails";

/// The details as the calls that would show the same. If the response shows a part of the account, there are
/// none: no fact says whether it shows a part of an entity. A missing list teaches nothing, because a tool may
/// have removed it.
pub(super) fn listings(call: &RecordedCall) -> Vec<RecordedCall> {
    let RecordedResponse::Success(Some(result)) = &call.response else { return Vec::new() };
    let is_part = call.member("Marker").is_some() || result.text_of("IsTruncated") == Some("true");
    if call.action != ACTION || is_part || call.hides_a_choice() {
        return Vec::new();
    }
    let entities = |list: &str| result.child(list).into_iter().flat_map(|it| &it.children);
    let users = entities("UserDetailList").flat_map(|it| of_user(call, it));
    let groups = entities("GroupDetailList").flat_map(|it| of_group(call, it));
    let policies = entities("Policies").filter_map(|it| of_policy(call, it));
    users.chain(groups).chain(policies).collect()
}

fn of_user(call: &RecordedCall, user: &Element) -> Vec<RecordedCall> {
    let Some(name) = user.text_of("UserName") else { return Vec::new() };
    let named = |action, result| listing(call, action, ("UserName", name), result);
    let mut details = Vec::new();
    if let Some(tags) = user.child("Tags") {
        details.push(named("ListUserTags", tags.clone()));
    }
    if let Some(policies) = user.child("UserPolicyList").and_then(names_of_policies) {
        details.push(named("ListUserPolicies", container("PolicyNames", policies)));
    }
    if let Some(groups) = user.child("GroupList") {
        let group = |it: &Element| container("member", vec![element("GroupName", &it.text)]);
        let groups = groups.children.iter().map(group).collect();
        details.push(named("ListGroupsForUser", container("Groups", groups)));
    }
    if let Some(policies) = user.child("AttachedManagedPolicies") {
        let policies = container("AttachedPolicies", policies.children.clone());
        details.push(named("ListAttachedUserPolicies", policies));
    }
    details
}

fn of_group(call: &RecordedCall, group: &Element) -> Vec<RecordedCall> {
    let Some(name) = group.text_of("GroupName") else { return Vec::new() };
    let named = |action, result| listing(call, action, ("GroupName", name), result);
    let policies = group.child("GroupPolicyList").and_then(names_of_policies);
    let policies = policies.map(|it| named("ListGroupPolicies", container("PolicyNames", it)));
    let attached = group.child("AttachedManagedPolicies").map(|it| {
        named("ListAttachedGroupPolicies", container("AttachedPolicies", it.children.clone()))
    });
    policies.into_iter().chain(attached).collect()
}

fn of_policy(call: &RecordedCall, policy: &Element) -> Option<RecordedCall> {
    let arn = policy.text_of("Arn").filter(|it| !it.contains(":iam::aws:"))?;
    let versions = policy.child("PolicyVersionList")?.children.clone();
    let versions = container("Versions", versions);
    Some(listing(call, "ListPolicyVersions", ("PolicyArn", arn), versions))
}

/// The names in a list of policies with their documents. `None` if one is unknown.
fn names_of_policies(list: &Element) -> Option<Vec<Element>> {
    let name = |it: &Element| Some(element("member", it.text_of("PolicyName")?));
    list.children.iter().map(name).collect()
}

fn listing(
    call: &RecordedCall,
    action: &str,
    (member, name): (&str, &str),
    content: Element,
) -> RecordedCall {
    RecordedCall {
        id: call.id.clone(),
        source: call.source.clone(),
        start: call.start,
        time: call.time.clone(),
        end: call.end,
        account: call.account.clone(),
        action: action.to_owned(),
        members: [(member.to_owned(), name.to_owned())].into(),
        response: RecordedResponse::Success(Some(container("", vec![content]))),
        has_wire_format: call.has_wire_format,
        ..RecordedCall::default()
    }
}

fn container(name: &str, children: Vec<Element>) -> Element {
    Element { name: name.to_owned(), children, ..Element::default() }
}

fn element(name: &str, text: &str) -> Element {
    Element { name: name.to_owned(), text: text.to_owned(), ..Element::default() }
}
