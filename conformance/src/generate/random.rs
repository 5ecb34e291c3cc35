//! Calls by chance.

use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    Account, AttachmentAction, AttachmentKind, Item, Operation, Resource, ResourceKind, Status,
    User,
};

use crate::generate::kind_set::{Fresh, first_its_object};
use crate::generate::{CanHold, Generator};
use crate::rng::Rng;

/// Calls by chance: in each episode of fifty some calls and no others (swarm selection), which
/// reaches what an even choice among all never would.
#[derive(Clone, Debug)]
pub struct Random {
    chance: Rng,
    fresh: Fresh,
    /// The verbs of this episode, and how many calls it has left.
    verbs: Vec<(AttachmentKind, AttachmentAction)>,
    left: usize,
    /// How many calls the episodes after this one have.
    calls: usize,
}

const EPISODE: usize = 50;
const USERS: u32 = 2;

impl Random {
    /// So many calls in all, by chance from this seed on.
    #[must_use]
    pub fn new(seed: u64, calls: usize) -> Self {
        let (chance, fresh) = (Rng(seed), Fresh::default());
        Self { chance, fresh, verbs: Vec::new(), left: 0, calls }
    }

    fn call(&mut self, account: &Account) -> Operation {
        let user = User(self.chance.below(USERS));
        match self.chance.below(8) {
            0 => return Operation::create_user(user),
            1 => return Operation::DeleteUser(user),
            2 => return Operation::GetUser(user),
            3 => return self.object(),
            _ => {}
        }
        let verb = self.chance.pick(&self.verbs);
        verb.map_or(Operation::DeleteUser(user), |(kind, verb)| {
            self.about(account, user, kind, verb)
        })
    }

    fn object(&mut self) -> Operation {
        let class = self
            .chance
            .pick(&ResourceKind::all().collect::<Vec<_>>())
            .unwrap_or(ResourceKind::Group);
        let object = Resource { class, item: Item(self.chance.below(2)) };
        if self.chance.below(2) == 0 {
            Operation::Create(object)
        } else {
            Operation::Delete(object)
        }
    }

    fn about(
        &mut self,
        account: &Account,
        user: User,
        kind: AttachmentKind,
        verb: AttachmentAction,
    ) -> Operation {
        let item = self.item(account, user, kind);
        match verb {
            AttachmentAction::Attach
                if kind.row().naming == Naming::Service
                    || kind.row().refers == Some(ResourceKind::Device) =>
            {
                first_its_object(account, self.fresh.attach(account, user, kind))
            }
            AttachmentAction::Attach => Operation::Attach(user, kind, item),
            AttachmentAction::List => Operation::List(user, kind),
            AttachmentAction::Get => Operation::Get(user, kind, item),
            AttachmentAction::SetStatus => {
                let status = self.chance.pick(&[Status::Active, Status::Inactive]);
                Operation::SetStatus(user, kind, item, status.unwrap_or_default())
            }
            AttachmentAction::Renew => Operation::Renew(user, kind, item),
            AttachmentAction::Detach => Operation::Detach(user, kind, item),
        }
    }

    /// Mostly one that the user holds.
    fn item(&mut self, account: &Account, user: User, kind: AttachmentKind) -> Item {
        let held: Vec<Item> = account.held_of(user, kind).map(|it| it.item).collect();
        let known = self.chance.pick(&held);
        let any = match kind.row().naming {
            Naming::Single => Item(0),
            Naming::Caller => Item(self.chance.below(2)),
            Naming::Service => Item(u32::MAX >> 9),
        };
        known.filter(|_| self.chance.below(4) > 0).unwrap_or(any)
    }
}

impl Generator for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn idea(&self) -> &'static str {
        "calls by chance, of some sorts at a time"
    }

    fn begin(&mut self) {
        self.left = EPISODE.min(self.calls);
        self.calls -= self.left;
        self.fresh = Fresh::default();
        let of =
            |kind: AttachmentKind| AttachmentAction::ALL.into_iter().map(move |verb| (kind, verb));
        self.verbs =
            AttachmentKind::all().flat_map(of).filter(|_| self.chance.below(3) == 0).collect();
    }

    fn next(&mut self, account: &Account, can: CanHold<'_>) -> Option<Operation> {
        while self.left > 0 {
            self.left -= 1;
            let op = self.call(account);
            if can(&op) && op.call().is_some() {
                return Some(op);
            }
        }
        None
    }

    fn goes_on(&self) -> bool {
        self.calls > 0
    }
}
