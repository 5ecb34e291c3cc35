//! Why quotas and statuses can be checked in separate scopes.

use stateright::Model as _;

use crate::check::StateProperty;
use crate::check::state_properties::attachments_of;
use crate::ids::Status;
use crate::operation::Operation;
use crate::semantics::apply;
use crate::state::{Account, Attachment};

/// Checked in scopes in which a kind has active and inactive items at once.
///
/// If the property holds, the rules in force in any state are also in force in a state in which
/// every item is active, or in one with at most one item of each kind. One scope with quotas and no
/// statuses, and one with statuses and one item of each kind, therefore cover both together.
pub(crate) const PROPERTY: (&str, StateProperty) =
    ("no rule depends on both the number and the status of items", |scope, account| {
        let mut calls = Vec::new();
        scope.actions(account, &mut calls);
        scope.probes(account, &mut calls);
        calls.iter().all(|op| {
            depends_on_one(account, |state| {
                let rules = scope.allowed(state, op).rules();
                rules.map(|rule| rule.clause.condition).collect::<Vec<_>>()
            })
        })
    });

/// Returns true if the value does not depend on statuses, or does not depend on numbers: it stays
/// the same for every change of one status, or for one item of each kind.
fn depends_on_one<T: PartialEq>(account: &Account, value: impl Fn(&Account) -> T) -> bool {
    let expected = value(account);
    expected == value(&one_of_each_kind(account))
        || with_other_statuses(account).all(|it| expected == value(&it))
}

/// The same items: all active, and then each state with one status changed.
fn with_other_statuses(account: &Account) -> impl Iterator<Item = Account> + use<'_> {
    let with = |mut account: Account, it: Attachment, status| {
        apply(&mut account, &Operation::SetStatus(it.user, it.kind, it.item, status));
        account
    };
    let all_active =
        account.attachments().fold(account.clone(), |after, it| with(after, it, Status::Active));
    let changed = account.attachments().filter(|it| it.kind.row().has_status).map(move |it| {
        let active = it.status == Status::Active;
        let other = if active { Status::Inactive } else { Status::Active };
        with(account.clone(), it, other)
    });
    [all_active].into_iter().chain(changed)
}

/// One item of each kind that a user holds, an active one if there is one.
fn one_of_each_kind(account: &Account) -> Account {
    let mut after = account.clone();
    for it in account.attachments() {
        let replaces = |other: &Attachment| {
            other.kind == it.kind && other.item != it.item && other.status <= it.status
        };
        if attachments_of(&after, it.user).any(|other| replaces(&other)) {
            apply(&mut after, &Operation::Detach(it.user, it.kind, it.item));
        }
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::IssueOptions;
    use crate::ids::Item;
    use crate::ids::User;
    use crate::kind::AttachmentKind;

    /// Every state of one user with zero to two access keys, each active or inactive.
    fn states() -> Vec<Account> {
        let (user, kind) = (User(0), AttachmentKind::AccessKey);
        let mut states = vec![Account::default()];
        apply(&mut states[0], &Operation::create_user(user));
        for item in [Item(0), Item(1)] {
            for status in [Status::Active, Status::Inactive] {
                for mut account in states.clone() {
                    apply(&mut account, &Operation::Issue(user, kind, item, IssueOptions::None));
                    apply(&mut account, &Operation::SetStatus(user, kind, item, status));
                    states.push(account);
                }
            }
        }
        states
    }

    #[test]
    fn only_a_rule_that_depends_on_numbers_and_statuses_is_rejected() {
        let many = |it: &Account| it.attachments().count() > 1;
        let inactive = |it: &Account| it.attachments().any(|it| it.status == Status::Inactive);
        let usable = |it: &Account| it.attachments().any(|it| it.status == Status::Active);
        let always =
            |value: &dyn Fn(&Account) -> bool| states().iter().all(|it| depends_on_one(it, value));
        assert!(always(&many) && always(&usable));
        assert!(!always(&|it| many(it) && inactive(it)));
        assert!(!always(
            &|it| it.attachments().filter(|it| it.status == Status::Active).count() > 1
        ));
    }
}
