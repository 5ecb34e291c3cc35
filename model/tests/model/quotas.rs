//! Every quota of the tables is the one that the facts state.

use iamspec_model::check::model_mutants::ModelMutant;
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    Account, AttachmentKind, IssueOptions, Item, Operation, Resource, ResourceKind, Scope, Service,
    SubResource, User, apply,
};

/// The quotas of G-001 and G-002, independently of the tables. Inline policies are limited by
/// characters, which sixteen test documents use up.
const QUOTAS: [(AttachmentKind, u32); 10] = [
    (AttachmentKind::LoginProfile, 1),
    (AttachmentKind::AccessKey, 2),
    (AttachmentKind::SigningCertificate, 2),
    (AttachmentKind::SshPublicKey, 5),
    (AttachmentKind::ServiceCredential, 2),
    (AttachmentKind::MfaDevice, 8),
    (AttachmentKind::InlinePolicy, 16),
    (AttachmentKind::ManagedPolicy, 10),
    (AttachmentKind::GroupMembership, 10),
    (AttachmentKind::Tag, 50),
];

/// The quotas of G-001 and C-017. A policy starts with one of its five versions; forty test
/// documents use up the characters of a group.
const SUB_RESOURCE_QUOTAS: [(SubResource, u32); 3] =
    [(SubResource::InlinePolicy, 40), (SubResource::AttachedPolicy, 10), (SubResource::Version, 4)];

fn attach(kind: AttachmentKind, item: u32) -> Operation {
    match kind.row().naming {
        Naming::Service if kind.row().per_service => {
            Operation::Issue(User(0), kind, Item(item), IssueOptions::Service(Service(0)))
        }
        Naming::Service => Operation::Issue(User(0), kind, Item(item), IssueOptions::None),
        Naming::Single => Operation::Attach(User(0), kind, Item(0)),
        Naming::Caller => Operation::Attach(User(0), kind, Item(item)),
    }
}

/// The number of consecutive calls that are certain to succeed; at most sixty.
fn successful_calls(scope: Scope, mut account: Account, op: impl Fn(u32) -> Operation) -> u32 {
    for number in 0..60 {
        if !scope.allowed(&account, &op(number)).must_succeed() {
            return number;
        }
        account = scope.next(&account, &op(number));
    }
    60
}

/// Returns true if every quota is right, in the model with this mutant, if any.
pub(crate) fn are_right(mutant: Option<ModelMutant>) -> bool {
    let scope = Scope { mutant, ..super::mutants::NONE };
    let mut account = Account::default();
    apply(&mut account, &Operation::create_user(User(0)));
    for (class, number) in
        ResourceKind::all().flat_map(|it| (0..20).map(move |number| (it, number)))
    {
        let item = Item(number);
        apply(&mut account, &Operation::CreateResource(Resource { kind: class, item }));
    }
    let full = Account::with_quotas(Some(3), &[]);
    QUOTAS.iter().all(|(kind, quota)| {
        successful_calls(scope, account.clone(), |item| attach(*kind, item)) == *quota
    }) && SUB_RESOURCE_QUOTAS.iter().all(|(kind, quota)| {
        let resource = Resource { kind: kind.row().resource, item: Item(0) };
        let add = |item| Operation::AddSubResource(resource, *kind, Item(item));
        successful_calls(scope, account.clone(), add) == *quota
    }) && successful_calls(scope, full, |user| Operation::create_user(User(user))) == 3
}

#[test]
fn every_quota_is_right() {
    assert!(are_right(None));
}
