//! The views of the whole account: its counts, and all that is known of what is in it.

use iamspec_conformance::Listing;
use iamspec_model::{
    Account, AttachmentKind, Entity, Item, Resource, ResourceKind, SubResource, User,
};

use crate::server::parse::form::ParsedForm;
use crate::server::responses::{
    attached_members, details_of, encode, group_members, list, policy_members, tags, user_members,
    version_members,
};
use crate::server::store::Store;
use crate::wire::xml_write::{Node, node, text};

/// Counts, and the quotas that G-001 has.
pub(crate) fn summary(account: &Account) -> Node {
    let of = |class| account.objects().filter(|it| it.class == class).count() as u64;
    let used = account.holdings().filter(|it| it.kind == AttachmentKind::MfaDevice).count() as u64;
    let versions = account.pieces().filter(|it| it.part == SubResource::Version).count() as u64;
    let entries = [
        ("Users", account.users().count() as u64),
        ("UsersQuota", account.users_quota()),
        ("Groups", of(ResourceKind::Group)),
        ("GroupsQuota", 300),
        ("Policies", of(ResourceKind::Policy)),
        ("PoliciesQuota", 1500),
        ("PolicyVersionsInUse", versions),
        ("PolicyVersionsInUseQuota", 10_000),
        ("VersionsPerPolicyQuota", SubResource::Version.row().max),
        ("MFADevices", of(ResourceKind::Device)),
        ("MFADevicesInUse", used),
        ("AccessKeysPerUserQuota", account.quota(AttachmentKind::AccessKey)),
        ("SigningCertificatesPerUserQuota", account.quota(AttachmentKind::SigningCertificate)),
        ("GroupsPerUserQuota", account.quota(AttachmentKind::GroupMembership)),
        ("AttachedPoliciesPerUserQuota", account.quota(AttachmentKind::ManagedPolicy)),
        ("AttachedPoliciesPerGroupQuota", SubResource::AttachedPolicy.row().max),
        ("UserPolicySizeQuota", account.quota(AttachmentKind::InlinePolicy)),
        ("GroupPolicySizeQuota", 5120),
        ("PolicySizeQuota", 6144),
        ("GlobalEndpointTokenVersion", 1),
    ];
    let entry = |(key, value): (&str, u64)| {
        node("entry", vec![text("key", key), text("value", value.to_string())])
    };
    node("SummaryMap", entries.map(entry).into())
}

/// Users, groups and policies, each with what it has; there are no roles.
pub(crate) fn details(seen: &Listing, store: &Store, account: &Account) -> Vec<Node> {
    let users = list("UserDetailList", seen, |it| match it {
        Entity::User(user) => Some(user_details(user, store, account)),
        _ => None,
    });
    let all = |class| account.objects().filter(move |it| it.class == class);
    let groups =
        all(ResourceKind::Group).map(|it| node("member", group_details(it, store, account)));
    let policies =
        all(ResourceKind::Policy).map(|it| node("member", policy_details(it, store, account)));
    let others = [
        node("GroupDetailList", groups.collect()),
        node("RoleDetailList", Vec::new()),
        node("Policies", policies.collect()),
    ];
    users.into_iter().chain(others).collect()
}

/// Empties the lists that a request does not ask for; without a filter it asks for all.
pub(crate) fn filter(mut result: Vec<Node>, form: &ParsedForm) -> Vec<Node> {
    let wanted: Vec<&str> = form.list("Filter", "").collect();
    for (list, filters) in [
        ("UserDetailList", ["User"].as_slice()),
        ("GroupDetailList", &["Group"]),
        ("RoleDetailList", &["Role"]),
        ("Policies", &["LocalManagedPolicy"]),
    ] {
        let is_wanted = wanted.is_empty() || filters.iter().any(|it| wanted.contains(it));
        for nodes in result.iter_mut().filter(|it| !is_wanted && it.is(list)) {
            if let Some(members) = nodes.members_mut() {
                members.clear();
            }
        }
    }
    result
}

/// Lists that are empty are there, but for that of inline policies (C-050).
fn user_details(user: User, store: &Store, account: &Account) -> Vec<Node> {
    let mut members = user_members(&store.user_record(user));
    let inline = account.held_of(user, AttachmentKind::InlinePolicy).map(|it| it.item);
    let inline = inline_policies(inline, store);
    members.extend((!inline.is_empty()).then(|| node("UserPolicyList", inline)));
    let groups = account.held_of(user, AttachmentKind::GroupMembership).map(|it| {
        text(
            "member",
            store.resource_record(Resource { class: ResourceKind::Group, item: it.item }).name,
        )
    });
    members.push(node("GroupList", groups.collect()));
    let attached = account.held_of(user, AttachmentKind::ManagedPolicy).map(|it| it.item);
    members.push(attached_policies(attached, store));
    members.extend(details_of(user, store, account).into_iter().filter(|it| !it.is("Tags")));
    members.push(node("Tags", tags(user, store, account)));
    members
}

/// Of groups that list is there too, empty or not (C-050).
fn group_details(group: Resource, store: &Store, account: &Account) -> Vec<Node> {
    let mut members = group_members(&store.resource_record(group));
    let inline = account.parts(group, SubResource::InlinePolicy).map(|it| it.item);
    members.push(node("GroupPolicyList", inline_policies(inline, store)));
    let attached = account.parts(group, SubResource::AttachedPolicy).map(|it| it.item);
    members.push(attached_policies(attached, store));
    members
}

fn policy_details(policy: Resource, store: &Store, account: &Account) -> Vec<Node> {
    let mut members = policy_members(policy, store, account);
    let versions = account.parts(policy, SubResource::Version).map(|it| {
        let mut version = version_members(policy, it.item, it.default, store);
        let document = store.version_record(policy, it.item).body;
        version.push(text("Document", encode(&document)));
        node("member", version)
    });
    members.push(node("PolicyVersionList", versions.collect()));
    members
}

fn inline_policies(items: impl Iterator<Item = Item>, store: &Store) -> Vec<Node> {
    let one = |item| {
        let record = store.item_record(AttachmentKind::InlinePolicy, item);
        let document = text("PolicyDocument", encode(&record.body));
        node("member", vec![text("PolicyName", record.name), document])
    };
    items.map(one).collect()
}

fn attached_policies(items: impl Iterator<Item = Item>, store: &Store) -> Node {
    let one = |item| attached_members(Resource { class: ResourceKind::Policy, item }, store);
    node("AttachedManagedPolicies", items.map(|item| node("member", one(item))).collect())
}
