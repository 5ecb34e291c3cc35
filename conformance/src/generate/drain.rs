//! The drain generator: fills a user to every quota, then empties it by its deletion plan.

use iamspec_model::{Account, AttachmentKind, Operation, deletion_plan_with_devices};

use crate::generate::kind_set::{Fresh, USER, or_create_missing_resource};
use crate::generate::{CanHold, Generator};

/// Fills a user to the quota of every kind, attempts one more of each kind, and then executes the
/// deletion plan.
#[derive(Clone, Debug)]
pub struct Drain {
    /// The kind that is being filled. `None` after the last one: the user is then emptied.
    filling: Option<AttachmentKind>,
    /// While filling: whether the attachment beyond the quota was attempted. Afterwards: whether
    /// `DeleteUser` of the full user was attempted.
    attempted: bool,
    /// Whether the user was created in this namespace.
    created: bool,
    finished: bool,
    fresh: Fresh,
}

impl Default for Drain {
    fn default() -> Self {
        let filling = AttachmentKind::blockers().next();
        Self { filling, attempted: false, created: false, finished: false, fresh: Fresh::default() }
    }
}

impl Drain {
    /// The next operation that fills the user with this kind. Returns `None` and selects the next
    /// kind if this one is complete or unsupported.
    fn fill(
        &mut self,
        account: &Account,
        kind: AttachmentKind,
        can: CanHold<'_>,
    ) -> Option<Operation> {
        let quota = kind.row().quota;
        let max = account.quota(kind) / quota.each.max(1);
        let held = account.attachments_of_kind(USER, kind).count() as u64;
        let attach = self.fresh.attach(account, USER, kind);
        let op = or_create_missing_resource(account, attach);
        if !can(&op) || self.attempted || held > max {
            self.filling = AttachmentKind::blockers().skip_while(|it| *it != kind).nth(1);
            self.attempted = false;
            return None;
        }
        self.attempted = held == max && op == attach;
        Some(op)
    }
}

impl Generator for Drain {
    fn name(&self) -> &'static str {
        "drain"
    }

    fn description(&self) -> &'static str {
        "a user filled to the quota of every kind is emptied by its deletion plan and deleted"
    }

    fn start_namespace(&mut self) {
        *self = Self::default();
    }

    fn next_operation(&mut self, account: &Account, can: CanHold<'_>) -> Option<Operation> {
        if !account.has_user(USER) {
            self.finished = self.created;
            self.created = true;
            return (!self.finished).then_some(Operation::create_user(USER));
        }
        while let Some(kind) = self.filling {
            if let Some(op) = self.fill(account, kind, can) {
                return Some(op);
            }
        }
        if !self.attempted {
            self.attempted = true;
            return Some(Operation::DeleteUser(USER));
        }
        deletion_plan_with_devices(account, USER).into_iter().next()
    }

    fn has_more(&self) -> bool {
        !self.finished
    }
}
