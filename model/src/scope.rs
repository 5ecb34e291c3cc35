//! A bounded part of the model, for exhaustive checking: so many users, items and objects.

use stateright::{Model, Property};

use crate::account::Account;
use crate::fault::Fault;
use crate::kind::{Item, Kind, Naming, Service, Status};
use crate::object::{Class, Object};
use crate::operation::{Operation, User, With};
use crate::property;
use crate::step::{Allowed, Outcome, allowed, next};

/// How much exists at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Users.
    pub users: u32,
    /// Items of each kind that refers to nothing, for each user. Items that the service names are
    /// interchangeable: the next one is the first that is free.
    pub items: u32,
    /// Groups.
    pub groups: u32,
    /// Managed policies.
    pub policies: u32,
    /// Virtual MFA devices.
    pub devices: u32,
    /// Whether items are made inactive and active again.
    pub statuses: bool,
    /// What is wrong with the model, to see whether it is noticed.
    pub fault: Option<Fault>,
}

impl Scope {
    /// What may be answered.
    #[must_use]
    pub fn allowed(&self, account: &Account, op: &Operation) -> Allowed {
        self.fault.map_or_else(|| allowed(account, op), |fault| fault.allowed(account, op))
    }

    /// What is true after a call was carried out.
    #[must_use]
    pub fn next(&self, account: &Account, op: &Operation) -> Account {
        match self.fault {
            Some(fault) => fault.next(account, op),
            None => next(account, op, Outcome::Done),
        }
    }

    /// The calls that are asked in every state and followed in none: those that read or
    /// renew a secret, those
    /// about an item that is another user's, and uploads of what was uploaded before.
    pub fn asked_only(&self, out: &mut Vec<Operation>) {
        for user in (0..self.users).map(User) {
            out.push(Operation::GetUser(user));
            for kind in Kind::all() {
                out.push(Operation::List(user, kind));
                let readable = kind.row().get.is_some();
                let items = self.items_of(user, kind).filter(|_| readable);
                out.extend(items.map(|item| Operation::Get(user, kind, item)));
                let renewed = self.items_of(user, kind).filter(|_| kind.row().renew.is_some());
                out.extend(renewed.map(|item| Operation::Renew(user, kind, item)));
                self.about_others(user, kind, out);
            }
        }
    }

    fn about_others(&self, user: User, kind: Kind, out: &mut Vec<Operation>) {
        let row = kind.row();
        let others = (0..self.users).map(User).filter(|it| *it != user);
        for item in others.flat_map(|other| self.items_of(other, kind)) {
            if row.naming == Naming::Service {
                out.push(Operation::Detach(user, kind, item));
                out.extend(row.get.is_some().then_some(Operation::Get(user, kind, item)));
                out.extend(row.renew.is_some().then_some(Operation::Renew(user, kind, item)));
                let set = Operation::SetStatus(user, kind, item, Status::Inactive);
                out.extend(row.set_status.is_some().then_some(set));
            }
        }
        if row.bodies {
            let items = || self.items_of(user, kind);
            let again = items().zip(items().skip(1));
            out.extend(
                again.map(|(old, new)| Operation::Issue(user, kind, new, With::BodyOf(old))),
            );
        }
    }

    fn objects_of(&self, class: Class) -> u32 {
        match class {
            Class::Group => self.groups,
            Class::Policy => self.policies,
            Class::Device => self.devices,
        }
    }

    fn objects(self) -> impl Iterator<Item = Object> {
        Class::all().flat_map(move |class| {
            (0..self.objects_of(class)).map(move |item| Object { class, item: Item(item) })
        })
    }

    /// The items of a kind that exist for a user in this scope.
    fn items_of(self, user: User, kind: Kind) -> impl Iterator<Item = Item> {
        let range = match (kind.row().refers, kind.row().naming) {
            (Some(class), _) => 0..self.objects_of(class),
            (None, Naming::Single) => 0..1,
            (None, Naming::Caller) => 0..self.items,
            (None, Naming::Service) => user.0 * self.items..(user.0 + 1) * self.items,
        };
        range.map(Item)
    }

    fn about(self, user: User, kind: Kind, account: &Account, out: &mut Vec<Operation>) {
        let items = || self.items_of(user, kind);
        match kind.row().naming {
            Naming::Service => {
                let free = items().find(|item| account.held(user, kind, *item).is_none());
                let with =
                    if kind.row().services { With::Service(Service(0)) } else { With::Nothing };
                out.extend(free.map(|item| Operation::Issue(user, kind, item, with)));
            }
            _ => out.extend(items().map(|item| Operation::Attach(user, kind, item))),
        }
        out.extend(items().map(|item| Operation::Detach(user, kind, item)));
        if self.statuses && kind.row().statuses {
            let set = |item| {
                [Status::Active, Status::Inactive]
                    .map(|it| Operation::SetStatus(user, kind, item, it))
            };
            out.extend(items().flat_map(set));
        }
    }
}

impl Model for Scope {
    type State = Account;
    type Action = Operation;

    fn init_states(&self) -> Vec<Account> {
        vec![Account::default()]
    }

    fn actions(&self, account: &Account, out: &mut Vec<Operation>) {
        out.extend(self.objects().flat_map(|it| [Operation::Create(it), Operation::Delete(it)]));
        for user in (0..self.users).map(User) {
            out.extend([Operation::CreateUser(user), Operation::DeleteUser(user)]);
            Kind::all().for_each(|kind| self.about(user, kind, account, out));
        }
    }

    fn next_state(&self, account: &Account, op: Operation) -> Option<Account> {
        let after = self.allowed(account, &op).may_be_done().then(|| self.next(account, &op))?;
        (after != *account).then_some(after)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        property::all(*self)
    }
}
