//! The state as a list of packed facts: what is at the end of a field does not leak into the next.

use iamspec_model::{
    Account, AttachmentKind, Item, Operation, Resource, ResourceKind, User, apply,
};

#[test]
fn numbers_that_do_not_fit_are_nobody_and_disturb_nothing() {
    let mut account = Account::default();
    let group = Resource { class: ResourceKind::Group, item: Item(0) };
    apply(&mut account, &Operation::create_user(User(0)));
    apply(&mut account, &Operation::Create(group));
    let before = account.clone();
    for number in [(1 << 24) - 1, 1 << 24, u32::MAX] {
        let object = Resource { class: ResourceKind::Group, item: Item(number) };
        apply(&mut account, &Operation::create_user(User(number)));
        apply(&mut account, &Operation::Create(object));
        apply(
            &mut account,
            &Operation::Attach(User(0), AttachmentKind::InlinePolicy, Item(number)),
        );
        assert!(!account.has_user(User(number)) && !account.has(object));
    }
    assert_eq!(account, before);
}

#[test]
fn the_largest_numbers_that_fit_are_kept_apart() {
    let mut account = Account::default();
    let last = (1 << 24) - 2;
    for user in [0, 1, last].map(User) {
        apply(&mut account, &Operation::create_user(user));
        apply(&mut account, &Operation::Attach(user, AttachmentKind::InlinePolicy, Item(last)));
    }
    apply(&mut account, &Operation::DeleteUser(User(1)));
    assert_eq!(account.users().collect::<Vec<_>>(), [User(0), User(last)]);
    assert_eq!(
        account.holdings().map(|it| (it.user, it.item)).collect::<Vec<_>>(),
        [(User(0), Item(last)), (User(last), Item(last)),]
    );
}

#[test]
fn of_two_quotas_for_one_kind_the_last_counts() {
    let account = Account::with_quotas(
        None,
        &[(AttachmentKind::AccessKey, 1), (AttachmentKind::AccessKey, 5)],
    );
    assert_eq!(account.quota(AttachmentKind::AccessKey), 5);
}
