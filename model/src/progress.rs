//! From every state every user can be deleted: by its plan, which is as short as any way.

use crate::account::Account;
use crate::operation::Operation;
use crate::plan::{plan, plan_with_devices};
use crate::transition::{Sentence, exists};
use crate::walk::Visit;

/// Every sentence.
pub(crate) const ALL: [(&str, Sentence); 2] = [
    ("every user can be deleted by its plan, which leaves the others as they are", plan_works),
    ("no call brings the end of a user nearer than its plan says", plan_is_shortest),
];

/// Asked once for every user and state: where it is read.
fn plan_works(visit: &Visit<'_>) -> bool {
    let Operation::GetUser(user) = visit.op else { return true };
    if !exists(visit.before, user) {
        return true;
    }
    if carried_out(visit, &plan_with_devices(visit.before, user)).is_none() {
        return false;
    }
    let Some(account) = carried_out(visit, &plan(visit.before, user)) else { return false };
    let others = |it: &Account| it.holdings().filter(|held| held.user != user).collect::<Vec<_>>();
    !exists(&account, user)
        && others(&account) == others(visit.before)
        && account.objects().eq(visit.before.objects())
}

/// What is true after these calls, if each of them is carried out for certain.
fn carried_out(visit: &Visit<'_>, plan: &[Operation]) -> Option<Account> {
    plan.iter().try_fold(visit.before.clone(), |account, op| {
        let certain = visit.scope.allowed(&account, op).must_be_done();
        certain.then(|| visit.scope.next(&account, op))
    })
}

/// A plan is as long as a shortest way only if no single call is worth two of its steps.
fn plan_is_shortest(visit: &Visit<'_>) -> bool {
    let length = |account: &Account, user| plan(account, user).len();
    let called = |user| match visit.op {
        Operation::UpdateUser(renamed, change) if renamed == user => change.name.unwrap_or(user),
        _ => user,
    };
    !visit.must_be_done()
        || visit.before == visit.after
        || visit
            .before
            .users()
            .all(|user| length(visit.after, called(user)) + 1 >= length(visit.before, user))
}
