//! The generator that fills a user to every quota and empties it by its deletion plan.

use iamspec_model::{Account, AttachmentKind, Operation, deletion_plan_with_devices};

use crate::generate::kind_set::{Fresh, USER, or_create_missing_resource};
use crate::generate::{CanHold, Generator};

/// Fills a user to the quota of every kind, attempts one more of each kind, and then executes the
/// deletion plan. A kind ends with the first attachment that has no effect, and a deletion that has
/// none is not repeated.
#[derive(Clone, Debug)]
pub struct Drain {
    /// The kind that is being filled. `None` after the last one: the user is then emptied. A new
    /// namespace continues with the next kind.
    filling: Option<AttachmentKind>,
    /// The kind of the last attachment and the number of items held before it.
    attached: Option<(AttachmentKind, usize)>,
    /// The same for the last creation of a resource.
    created_resource: Option<(AttachmentKind, usize)>,
    /// The deletions that were sent in this namespace.
    deletions: Vec<Operation>,
    /// `CreateUser` was sent in this namespace.
    created: bool,
    /// The number of namespaces.
    namespaces: usize,
    finished: bool,
    fresh: Fresh,
}

/// The number of namespaces after which the generator ends: one for each kind, and one more.
const NAMESPACES_MAX: usize = 10;

impl Default for Drain {
    fn default() -> Self {
        Self {
            filling: AttachmentKind::blockers().next(),
            attached: None,
            created_resource: None,
            deletions: Vec::new(),
            created: false,
            namespaces: 0,
            finished: false,
            fresh: Fresh::default(),
        }
    }
}

impl Drain {
    /// The next operation that fills the user with this kind. Returns `None` and selects the next
    /// kind if this one is complete, unsupported or refused.
    fn fill(
        &mut self,
        account: &Account,
        kind: AttachmentKind,
        can: CanHold<'_>,
    ) -> Option<Operation> {
        let quota = kind.row().quota;
        let max = account.quota(kind) / quota.each.max(1);
        let held = account.attachments_of_kind(USER, kind).count();
        let step = Some((kind, held));
        // An unusual name that was refused says nothing about the quota.
        if self.attached == step && self.fresh.gives_up_unusual(kind) {
            (self.attached, self.created_resource) = (None, None);
        }
        let attach = self.fresh.attach(account, USER, kind);
        let operation = or_create_missing_resource(account, attach);
        let was_not_created = operation != attach && self.created_resource == step;
        if was_not_created && self.fresh.gives_up_unusual(kind) {
            self.created_resource = None;
            return self.fill(account, kind, can);
        }
        let is_futile = self.attached == step || was_not_created || held as u64 > max;
        if is_futile || !can(&attach) || !can(&operation) {
            self.select_next_kind(kind);
            return None;
        }
        if operation == attach {
            self.attached = step;
        } else {
            self.created_resource = step;
        }
        Some(operation)
    }

    fn select_next_kind(&mut self, kind: AttachmentKind) {
        self.filling = AttachmentKind::blockers().skip_while(|it| *it != kind).nth(1);
        self.attached = None;
        self.created_resource = None;
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
        // The previous namespace ended in the middle of this kind, or of the deletions.
        if let Some((kind, _)) = self.attached.or(self.created_resource) {
            self.select_next_kind(kind);
        }
        self.finished |= !self.deletions.is_empty() || self.namespaces >= NAMESPACES_MAX;
        self.namespaces += 1;
        self.created = false;
        self.fresh = Fresh::default();
    }

    fn next_operation(&mut self, account: &Account, can: CanHold<'_>) -> Option<Operation> {
        if self.finished {
            return None;
        }
        if !account.has_user(USER) {
            self.finished = self.created;
            self.created = true;
            return (!self.finished).then_some(Operation::create_user(USER));
        }
        while let Some(kind) = self.filling {
            if let Some(operation) = self.fill(account, kind, can) {
                return Some(operation);
            }
        }
        let plan = deletion_plan_with_devices(account, USER);
        let attempt = Some(Operation::DeleteUser(USER)).filter(|_| self.deletions.is_empty());
        let is_new = |it: &Operation| !self.deletions.contains(it) && can(it);
        // The last call of the plan deletes the user, even if an earlier one was refused.
        let last = plan.last().copied().filter(|it| self.deletions.last() != Some(it));
        let next = attempt.or_else(|| plan.iter().copied().find(is_new)).or(last);
        self.finished = next.is_none();
        self.deletions.extend(next);
        next
    }

    fn remaining(&self) -> usize {
        usize::from(!self.finished)
    }
}
