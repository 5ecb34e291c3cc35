//! The views of the whole account: `GetAccountSummary` and `GetAccountAuthorizationDetails`.
//!
//! Both build on the elements of `responses`.

use iamspec_conformance::Listing;
use iamspec_model::{
    Account, AttachmentKind, Entity, Item, Resource, ResourceKind, SubResource, User,
};

use crate::server::outside_model::{aws_policies, policy_size};
use crate::server::parse::form::ParsedForm;
use crate::server::responses::{
    attached_policy_elements, group_elements, list, optional_user_elements, percent_encode,
    policy_elements, tag_members, user_elements, version_elements,
};
use crate::server::store::Store;
use crate::wire::xml_write::{Node, node, text};

/// The summary of the account: the number of entities, and the quotas of G-001. It has the keys of
/// G-012. There are no roles, certificates and providers, and the root user has no credentials.
pub(super) fn summary(account: &Account, store: &Store) -> Node {
    let count = |kind| account.resources().filter(|it| it.kind == kind).count() as u64;
    let devices = account.attachments().filter(|it| it.kind == AttachmentKind::MfaDevice);
    let assigned = devices.count() as u64;
    let versions = aws_policies::of_account(account, store)
        .map(|policy| account.sub_resources(policy, SubResource::Version).count() as u64)
        .sum();
    let entries = [
        ("Users", account.users().count() as u64),
        ("UsersQuota", account.users_quota()),
        ("Groups", count(ResourceKind::Group)),
        ("GroupsQuota", 300),
        ("Policies", aws_policies::of_account(account, store).count() as u64),
        ("PoliciesQuota", 1500),
        ("PolicyVersionsInUse", versions),
        ("PolicyVersionsInUseQuota", 10_000),
        ("VersionsPerPolicyQuota", SubResource::Version.row().max),
        ("MFADevices", count(ResourceKind::Device)),
        ("MFADevicesInUse", assigned),
        ("AccessKeysPerUserQuota", account.quota(AttachmentKind::AccessKey)),
        ("SigningCertificatesPerUserQuota", account.quota(AttachmentKind::SigningCertificate)),
        ("GroupsPerUserQuota", account.quota(AttachmentKind::GroupMembership)),
        ("AttachedPoliciesPerUserQuota", account.quota(AttachmentKind::ManagedPolicy)),
        ("AttachedPoliciesPerGroupQuota", SubResource::AttachedPolicy.row().max),
        ("AttachedPoliciesPerRoleQuota", 10),
        ("UserPolicySizeQuota", account.quota(AttachmentKind::InlinePolicy)),
        ("GroupPolicySizeQuota", policy_size::GROUP_MAX),
        ("RolePolicySizeQuota", 10_240),
        ("AssumeRolePolicySizeQuota", 2048),
        ("PolicySizeQuota", policy_size::MANAGED_MAX),
        ("Roles", 0),
        ("RolesQuota", 1000),
        ("InstanceProfiles", 0),
        ("InstanceProfilesQuota", 1000),
        ("ServerCertificates", 0),
        ("ServerCertificatesQuota", 20),
        ("Providers", 0),
        ("AccountMFAEnabled", 0),
        ("AccountAccessKeysPresent", 0),
        ("AccountSigningCertificatesPresent", 0),
        ("AccountPasswordPresent", 0),
        ("GlobalEndpointTokenVersion", 1),
    ];
    let entry = |(key, value): (&str, u64)| {
        node("entry", vec![text("key", key), text("value", value.to_string())])
    };
    node("SummaryMap", entries.map(entry).into())
}

/// All users, groups and policies with their details. There are no roles.
pub(super) fn details(
    listing: &Listing,
    store: &Store,
    account: &Account,
    form: &ParsedForm,
) -> Vec<Node> {
    let users = list("UserDetailList", listing, |entity| match entity {
        Entity::User(user) => Some(user_details(user, store, account)),
        _ => None,
    });
    let resources = |kind| account.resources().filter(move |it| it.kind == kind);
    let groups = resources(ResourceKind::Group)
        .map(|group| node("member", group_details(group, store, account)));
    let selected: Vec<&str> = form.list("Filter", "").collect();
    let is_selected = |policy: &Resource| {
        let is_of_aws = aws_policies::is_aws_policy(&store.resource_record(*policy));
        let filter = if is_of_aws { "AWSManagedPolicy" } else { "LocalManagedPolicy" };
        selected.is_empty() || selected.contains(&filter)
    };
    let policies = resources(ResourceKind::Policy)
        .filter(is_selected)
        .map(|policy| node("member", policy_details(policy, store, account)));
    let others = [
        node("GroupDetailList", groups.collect()),
        node("RoleDetailList", Vec::new()),
        node("Policies", policies.collect()),
    ];
    users.into_iter().chain(others).collect()
}

/// Empties the lists that the `Filter` of a request does not select. Without a filter, all lists
/// remain.
pub(super) fn filter(mut result: Vec<Node>, form: &ParsedForm) -> Vec<Node> {
    let selected: Vec<&str> = form.list("Filter", "").collect();
    for (list, filter) in
        [("UserDetailList", "User"), ("GroupDetailList", "Group"), ("RoleDetailList", "Role")]
    {
        if selected.is_empty() || selected.contains(&filter) {
            continue;
        }
        for element in result.iter_mut().filter(|element| element.is(list)) {
            if let Some(members) = element.members_mut() {
                members.clear();
            }
        }
    }
    result
}

/// The details of a user. Empty lists are present, except the list of inline policies (C-050).
fn user_details(user: User, store: &Store, account: &Account) -> Vec<Node> {
    let items = |kind| account.attachments_of_kind(user, kind).map(|attachment| attachment.item);
    let mut elements = user_elements(&store.user_record(user));
    let inline = inline_policies(items(AttachmentKind::InlinePolicy), store);
    elements.extend((!inline.is_empty()).then(|| node("UserPolicyList", inline)));
    let groups = items(AttachmentKind::GroupMembership).map(|item| {
        let group = Resource { kind: ResourceKind::Group, item };
        text("member", store.resource_record(group).name)
    });
    elements.push(node("GroupList", groups.collect()));
    elements.push(attached_policies(items(AttachmentKind::ManagedPolicy), store));
    let optional = optional_user_elements(user, store, account);
    elements.extend(optional.into_iter().filter(|element| !element.is("Tags")));
    elements.push(node("Tags", tag_members(user, store, account)));
    elements
}

/// The details of a group. The list of inline policies is present, even if it is empty (C-050).
fn group_details(group: Resource, store: &Store, account: &Account) -> Vec<Node> {
    let items = |part| account.sub_resources(group, part).map(|entry| entry.item);
    let mut elements = group_elements(&store.resource_record(group));
    let inline = inline_policies(items(SubResource::InlinePolicy), store);
    elements.push(node("GroupPolicyList", inline));
    elements.push(attached_policies(items(SubResource::AttachedPolicy), store));
    elements
}

fn policy_details(policy: Resource, store: &Store, account: &Account) -> Vec<Node> {
    let mut elements = policy_elements(policy, store, account);
    let is_of_aws = aws_policies::is_aws_policy(&store.resource_record(policy));
    if is_of_aws {
        // The list of AWS's policies has no documents.
        return elements;
    }
    let versions = account.sub_resources(policy, SubResource::Version);
    let versions = versions.map(|version| {
        let mut elements = version_elements(policy, version.item, version.is_default, store);
        let document = store.version_record(policy, version.item).body;
        elements.push(text("Document", percent_encode(&document)));
        node("member", elements)
    });
    elements.push(node("PolicyVersionList", versions.collect()));
    elements
}

fn inline_policies(items: impl Iterator<Item = Item>, store: &Store) -> Vec<Node> {
    let member = |item| {
        let record = store.item_record(AttachmentKind::InlinePolicy, item);
        let document = text("PolicyDocument", percent_encode(&record.body));
        node("member", vec![text("PolicyName", record.name), document])
    };
    items.map(member).collect()
}

fn attached_policies(items: impl Iterator<Item = Item>, store: &Store) -> Node {
    let member = |item| {
        let policy = Resource { kind: ResourceKind::Policy, item };
        node("member", attached_policy_elements(policy, store))
    };
    node("AttachedManagedPolicies", items.map(member).collect())
}
