//! Every quota of the table is reached exactly where the facts say.

use iamspec_model::kind::Naming;
use iamspec_model::{
    Account, Class, Item, Kind, Object, Operation, Service, User, With, allowed, apply,
};

/// As G-001 and G-002 have them, once more; inline policies are measured in characters, of which
/// sixteen of ours use all.
const MOST: [(Kind, u32); 9] = [
    (Kind::LoginProfile, 1),
    (Kind::AccessKey, 2),
    (Kind::SigningCertificate, 2),
    (Kind::SshPublicKey, 5),
    (Kind::ServiceCredential, 2),
    (Kind::MfaDevice, 8),
    (Kind::InlinePolicy, 16),
    (Kind::ManagedPolicy, 10),
    (Kind::GroupMembership, 10),
];

fn attach(kind: Kind, item: u32) -> Operation {
    match kind.row().naming {
        Naming::Service if kind.row().services => {
            Operation::Issue(User(0), kind, Item(item), With::Service(Service(0)))
        }
        Naming::Service => Operation::Issue(User(0), kind, Item(item), With::Nothing),
        Naming::Single => Operation::Attach(User(0), kind, Item(0)),
        Naming::Caller => Operation::Attach(User(0), kind, Item(item)),
    }
}

#[test]
fn a_user_may_hold_as_many_as_the_quota_says_and_no_more() {
    for (kind, most) in MOST {
        let mut account = Account::default();
        apply(&mut account, &Operation::CreateUser(User(0)));
        for item in (0..=most).map(Item) {
            for class in Class::all() {
                apply(&mut account, &Operation::Create(Object { class, item }));
            }
        }
        for item in 0..most {
            let op = attach(kind, item);
            assert!(allowed(&account, &op).refusals().all(|it| it.claim.reason.passes()), "{op:?}");
            apply(&mut account, &op);
        }
        let refusals: Vec<String> = allowed(&account, &attach(kind, most))
            .refusals()
            .filter(|it| !it.claim.reason.passes())
            .map(|it| it.claim.reason.slug())
            .collect();
        let single = kind.row().naming == Naming::Single;
        assert_eq!(refusals, [if single { "already-held" } else { "quota-reached" }], "{kind:?}");
    }
}
