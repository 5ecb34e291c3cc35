//! Why quotas and statuses can be checked apart.

use stateright::Model as _;

use crate::check::state_properties::{StateCondition, by};
use crate::operation::Operation;
use crate::semantics::apply;
use crate::state::{Account, Attachment};
use crate::tables::attachments::Status;

/// Asked where items of one kind are active and inactive at once. What a rule says of any state it
/// then says of one in which every item is active, or of one with one item a kind: to check quotas
/// without statuses, and statuses with one item a kind, is to check both.
pub(crate) const SENTENCE: (&str, StateCondition) = (
    "no rule reads both how many items a user holds and whether they are active",
    |scope, account| {
        let mut calls = Vec::new();
        scope.actions(account, &mut calls);
        scope.asked_only(account, &mut calls);
        calls.iter().all(|op| {
            reads_one(account, |it| {
                let rules = scope.allowed(it, op).rules();
                rules.map(|rule| rule.claim.reason).collect::<Vec<_>>()
            })
        })
    },
);

/// Whether it says the same whatever is active, or where one item is left of each kind.
fn reads_one<T: PartialEq>(account: &Account, says: impl Fn(&Account) -> T) -> bool {
    let said = says(account);
    said == says(&one_of_each(account)) || otherwise_active(account).all(|it| said == says(&it))
}

/// The same items: all active, and each time one of them as it was not.
fn otherwise_active(account: &Account) -> impl Iterator<Item = Account> + use<'_> {
    let with = |mut account: Account, it: Attachment, status| {
        apply(&mut account, &Operation::SetStatus(it.user, it.kind, it.item, status));
        account
    };
    let all_active =
        account.holdings().fold(account.clone(), |after, it| with(after, it, Status::Active));
    let changed = account.holdings().filter(|it| it.kind.row().statuses).map(move |it| {
        let active = it.status == Status::Active;
        let other = if active { Status::Inactive } else { Status::Active };
        with(account.clone(), it, other)
    });
    [all_active].into_iter().chain(changed)
}

/// Of what a user holds of a kind one item, active if one is.
fn one_of_each(account: &Account) -> Account {
    let mut after = account.clone();
    for it in account.holdings() {
        let better = |other: &Attachment| {
            other.kind == it.kind && other.item != it.item && other.status <= it.status
        };
        if by(&after, it.user).any(|other| better(&other)) {
            apply(&mut after, &Operation::Detach(it.user, it.kind, it.item));
        }
    }
    after
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::IssueOptions;
    use crate::ids::User;
    use crate::tables::attachments::AttachmentKind;
    use crate::tables::attachments::Item;

    /// Every state of one user with none to two access keys, each active or inactive.
    fn states() -> Vec<Account> {
        let (user, kind) = (User(0), AttachmentKind::AccessKey);
        let mut states = vec![Account::default()];
        apply(&mut states[0], &Operation::create_user(user));
        for item in [Item(0), Item(1)] {
            for status in [Status::Active, Status::Inactive] {
                for mut account in states.clone() {
                    apply(&mut account, &Operation::Issue(user, kind, item, IssueOptions::Nothing));
                    apply(&mut account, &Operation::SetStatus(user, kind, item, status));
                    states.push(account);
                }
            }
        }
        states
    }

    #[test]
    fn a_rule_that_reads_numbers_and_statuses_is_noticed_and_one_that_reads_either_is_not() {
        let many = |it: &Account| it.holdings().count() > 1;
        let inactive = |it: &Account| it.holdings().any(|it| it.status == Status::Inactive);
        let usable = |it: &Account| it.holdings().any(|it| it.status == Status::Active);
        let always =
            |says: &dyn Fn(&Account) -> bool| states().iter().all(|it| reads_one(it, says));
        assert!(always(&many) && always(&usable));
        assert!(!always(&|it| many(it) && inactive(it)));
        assert!(!always(&|it| it.holdings().filter(|it| it.status == Status::Active).count() > 1));
    }
}
