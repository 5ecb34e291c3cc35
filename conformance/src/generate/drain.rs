//! As much as there may be, and its plan.
//!
//! An account out of nothing.

use iamspec_model::{Account, AttachmentKind, Operation, plan_with_devices};

use crate::generate::kind_set::{Fresh, USER, first_its_object};
use crate::generate::{CanHold, Generator};

/// A user is filled to every quota, one more is asked of each kind, and the plan empties it.
#[derive(Clone, Debug)]
pub struct Drain {
    /// The kind that is filled; after the last one the user is emptied.
    filling: Option<AttachmentKind>,
    /// Whether the one that is too many was asked, and whether `DeleteUser` was.
    asked: bool,
    /// Whether the user was made in this name space, and whether all is over.
    begun: bool,
    over: bool,
    fresh: Fresh,
}

impl Default for Drain {
    fn default() -> Self {
        let filling = AttachmentKind::blockers().next();
        Self { filling, asked: false, begun: false, over: false, fresh: Fresh::default() }
    }
}

impl Drain {
    fn fill(
        &mut self,
        account: &Account,
        kind: AttachmentKind,
        can: CanHold<'_>,
    ) -> Option<Operation> {
        let quota = kind.row().quota;
        let most = account.quota(kind) / quota.each.max(1);
        let held = account.held_of(USER, kind).count() as u64;
        let attach = self.fresh.attach(account, USER, kind);
        let op = first_its_object(account, attach);
        if !can(&op) || self.asked || held > most {
            self.filling = AttachmentKind::blockers().skip_while(|it| *it != kind).nth(1);
            self.asked = false;
            return None;
        }
        self.asked = held == most && op == attach;
        Some(op)
    }
}

impl Generator for Drain {
    fn name(&self) -> &'static str {
        "drain"
    }

    fn idea(&self) -> &'static str {
        "a user that holds as much as it may of every kind is emptied by its plan, and goes"
    }

    fn begin(&mut self) {
        *self = Self::default();
    }

    fn next(&mut self, account: &Account, can: CanHold<'_>) -> Option<Operation> {
        if !account.has_user(USER) {
            self.over = self.begun;
            self.begun = true;
            return (!self.over).then_some(Operation::create_user(USER));
        }
        while let Some(kind) = self.filling {
            if let Some(op) = self.fill(account, kind, can) {
                return Some(op);
            }
        }
        if !self.asked {
            self.asked = true;
            return Some(Operation::DeleteUser(USER));
        }
        plan_with_devices(account, USER).into_iter().next()
    }

    fn goes_on(&self) -> bool {
        !self.over
    }
}
