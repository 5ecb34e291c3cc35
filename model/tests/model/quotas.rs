//! Every quota of the table is reached exactly where the facts say.

use iamspec_model::check::model_mutants::ModelMutant;
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    Account, AttachmentKind, IssueOptions, Item, Operation, Resource, ResourceKind, Scope, Service,
    SubResource, User, apply,
};

/// As G-001 and G-002 have them, once more; inline policies are measured in characters, of which
/// sixteen of ours use all.
const MOST: [(AttachmentKind, u32); 10] = [
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

/// As G-001 and C-017 have them: a policy begins with one of its five versions, and of our documents
/// forty have the characters that a group may have.
const PARTS: [(SubResource, u32); 3] =
    [(SubResource::InlinePolicy, 40), (SubResource::AttachedPolicy, 10), (SubResource::Version, 4)];

fn attach(kind: AttachmentKind, item: u32) -> Operation {
    match kind.row().naming {
        Naming::Service if kind.row().services => {
            Operation::Issue(User(0), kind, Item(item), IssueOptions::Service(Service(0)))
        }
        Naming::Service => Operation::Issue(User(0), kind, Item(item), IssueOptions::Nothing),
        Naming::Single => Operation::Attach(User(0), kind, Item(0)),
        Naming::Caller => Operation::Attach(User(0), kind, Item(item)),
    }
}

/// How many calls are carried out for certain, one after the other; at most sixty.
fn carried_out(scope: Scope, mut account: Account, op: impl Fn(u32) -> Operation) -> u32 {
    for number in 0..60 {
        if !scope.allowed(&account, &op(number)).must_be_done() {
            return number;
        }
        account = scope.next(&account, &op(number));
    }
    60
}

/// Whether every quota is what it is said to be, in a model with this fault or none.
pub(crate) fn are_right(fault: Option<ModelMutant>) -> bool {
    let scope = Scope { fault, ..super::faults::NONE };
    let mut account = Account::default();
    apply(&mut account, &Operation::create_user(User(0)));
    for object in ResourceKind::all().flat_map(|class| (0..20).map(move |it| (class, it))) {
        let (class, item) = (object.0, Item(object.1));
        apply(&mut account, &Operation::Create(Resource { class, item }));
    }
    let full = Account::with_quotas(Some(3), &[]);
    MOST.iter().all(|(kind, most)| {
        carried_out(scope, account.clone(), |item| attach(*kind, item)) == *most
    }) && PARTS.iter().all(|(part, most)| {
        let object = Resource { class: part.row().of, item: Item(0) };
        let add = |item| Operation::Add(object, *part, Item(item));
        carried_out(scope, account.clone(), add) == *most
    }) && carried_out(scope, full, |user| Operation::create_user(User(user))) == 3
}

#[test]
fn a_user_may_hold_as_many_as_the_quota_says_and_no_more() {
    assert!(are_right(None));
}
