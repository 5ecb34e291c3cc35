//! Random operations with swarm selection: each episode uses only some of the actions. This reaches
//! states that a uniform choice among all actions would not reach. In some episodes, the symbols
//! have unusual names.
//!
//! Hand-written instead of proptest: seeds must give the same operations in every version, and each
//! choice depends on the responses before it. `tests/reports/generators.md` compares the generator
//! with the proptest strategies of `generate/strategies.rs`, which draw whole scripts.

use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    Account, AttachmentAction, AttachmentKind, Item, Operation, Resource, ResourceKind, Status,
    User,
};

use crate::generate::kind_set::{Fresh, NEVER_ISSUED, or_create_missing_resource};
use crate::generate::{CanHold, Generator};
use crate::rng::Rng;
use crate::script::unusual::{FIRST_UNUSUAL, UNUSUAL_SHARE, UNUSUAL_STYLES};

/// Generates random operations in episodes of [`EPISODE`] operations.
#[derive(Clone, Debug)]
pub struct Random {
    rng: Rng,
    /// Chooses the episodes with unusual names. It is separate, so that these names change no operation.
    naming_rng: Rng,
    /// The number of the first symbol that the caller names in this episode.
    first_symbol: u32,
    fresh: Fresh,
    /// The actions of this episode.
    actions: Vec<(AttachmentKind, AttachmentAction)>,
    /// The number of operations left in this episode.
    left_in_episode: usize,
    /// The number of operations left after this episode.
    left_after: usize,
}

const EPISODE: usize = 50;
const USERS: u32 = 2;

impl Random {
    /// Generates up to `calls` operations in total from this seed.
    #[must_use]
    pub fn new(seed: u64, calls: usize) -> Self {
        Self {
            rng: Rng(seed),
            naming_rng: Rng(!seed),
            first_symbol: 0,
            fresh: Fresh::default(),
            actions: Vec::new(),
            left_in_episode: 0,
            left_after: calls,
        }
    }

    fn random_operation(&mut self, account: &Account) -> Operation {
        let user = User(self.first_symbol + self.rng.below(USERS));
        match self.rng.below(8) {
            0 => return Operation::create_user(user),
            1 => return Operation::DeleteUser(user),
            2 => return Operation::GetUser(user),
            3 => return self.resource_operation(),
            _ => {}
        }
        let action = self.rng.pick(&self.actions);
        action.map_or(Operation::DeleteUser(user), |(kind, action)| {
            self.attachment_operation(account, user, kind, action)
        })
    }

    fn resource_operation(&mut self) -> Operation {
        let class =
            self.rng.pick(&ResourceKind::all().collect::<Vec<_>>()).unwrap_or(ResourceKind::Group);
        let resource = Resource { kind: class, item: Item(self.first_symbol + self.rng.below(2)) };
        if self.rng.below(2) == 0 {
            Operation::CreateResource(resource)
        } else {
            Operation::DeleteResource(resource)
        }
    }

    fn attachment_operation(
        &mut self,
        account: &Account,
        user: User,
        kind: AttachmentKind,
        action: AttachmentAction,
    ) -> Operation {
        let item = self.random_item(account, user, kind);
        match action {
            AttachmentAction::Attach
                if kind.row().naming == Naming::Service
                    || kind.row().refers_to == Some(ResourceKind::Device) =>
            {
                or_create_missing_resource(account, self.fresh.attach(account, user, kind))
            }
            AttachmentAction::SetStatus => {
                let status = self.rng.pick(&[Status::Active, Status::Inactive]);
                action.on(user, kind, item, status.unwrap_or_default())
            }
            _ => action.on(user, kind, item, Status::default()),
        }
    }

    /// An item of this kind: in three of four cases one that the user holds, if it holds any.
    fn random_item(&mut self, account: &Account, user: User, kind: AttachmentKind) -> Item {
        let held: Vec<Item> = account.attachments_of_kind(user, kind).map(|it| it.item).collect();
        let held = self.rng.pick(&held);
        let any = match kind.row().naming {
            Naming::Single => Item(0),
            Naming::Caller => Item(self.first_symbol + self.rng.below(2)),
            Naming::Service => NEVER_ISSUED,
        };
        held.filter(|_| self.rng.below(4) > 0).unwrap_or(any)
    }
}

impl Generator for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn description(&self) -> &'static str {
        "random operations, a random subset of the actions at a time"
    }

    fn start_namespace(&mut self) {
        self.left_in_episode = EPISODE.min(self.left_after);
        self.left_after -= self.left_in_episode;
        self.fresh = Fresh::default();
        let is_unusual = self.naming_rng.below(UNUSUAL_SHARE) == 0;
        let style = self.naming_rng.below(UNUSUAL_STYLES);
        self.first_symbol = if is_unusual { FIRST_UNUSUAL + style } else { 0 };
        let actions_of = |kind: AttachmentKind| {
            AttachmentAction::ALL.into_iter().map(move |action| (kind, action))
        };
        self.actions =
            AttachmentKind::all().flat_map(actions_of).filter(|_| self.rng.below(3) == 0).collect();
    }

    fn next_operation(&mut self, account: &Account, can: CanHold<'_>) -> Option<Operation> {
        while self.left_in_episode > 0 {
            self.left_in_episode -= 1;
            let op = self.random_operation(account);
            if can(&op) && op.action().is_some() {
                return Some(op);
            }
        }
        None
    }

    fn remaining(&self) -> usize {
        self.left_after
    }
}
