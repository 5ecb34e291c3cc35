//! The packed facts of the state: a value at the limit of its field does not leak into the next
//! field.

use iamspec_model::{
    Account, AttachmentKind, Item, Operation, Resource, ResourceKind, User, apply,
};

#[test]
fn numbers_out_of_range_have_no_effect() {
    let mut account = Account::default();
    let group = Resource { kind: ResourceKind::Group, item: Item(0) };
    apply(&mut account, &Operation::create_user(User(0)));
    apply(&mut account, &Operation::CreateResource(group));
    let before = account.clone();
    for number in [(1 << 24) - 1, 1 << 24, u32::MAX] {
        let resource = Resource { kind: ResourceKind::Group, item: Item(number) };
        apply(&mut account, &Operation::create_user(User(number)));
        apply(&mut account, &Operation::CreateResource(resource));
        apply(
            &mut account,
            &Operation::Attach(User(0), AttachmentKind::InlinePolicy, Item(number)),
        );
        assert!(!account.has_user(User(number)) && !account.has_resource(resource));
    }
    assert_eq!(account, before);
}

#[test]
fn the_largest_numbers_are_distinct() {
    let mut account = Account::default();
    let last = (1 << 24) - 2;
    for user in [0, 1, last].map(User) {
        apply(&mut account, &Operation::create_user(user));
        apply(&mut account, &Operation::Attach(user, AttachmentKind::InlinePolicy, Item(last)));
    }
    apply(&mut account, &Operation::DeleteUser(User(1)));
    assert_eq!(account.users().collect::<Vec<_>>(), [User(0), User(last)]);
    assert_eq!(
        account.attachments().map(|it| (it.user, it.item)).collect::<Vec<_>>(),
        [(User(0), Item(last)), (User(last), Item(last)),]
    );
}

#[test]
fn the_last_quota_of_a_kind_counts() {
    let account = Account::with_quotas(
        None,
        &[(AttachmentKind::AccessKey, 1), (AttachmentKind::AccessKey, 5)],
    );
    assert_eq!(account.quota(AttachmentKind::AccessKey), 5);
}
