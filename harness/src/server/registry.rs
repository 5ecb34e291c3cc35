//! The names, ids and bodies of a server, by symbol. Names compare without case (C-041, C-043).

use std::collections::{BTreeMap, HashMap};

use iamspec_conformance::Shown;
use iamspec_model::kind::Naming;
use iamspec_model::{Account, Class, Item, Kind, Object, Operation, Status, Thing, User};

use super::form::Form;
use super::record::{Record, Since, Symbols};

/// The account that the reference endpoint plays.
pub(super) const ACCOUNT: &str = "123456789012";

/// A symbol that nothing is ever called by.
const NOBODY: u32 = (1 << 24) - 1;

/// Within what a name means something.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Within {
    /// Ids mean the same everywhere.
    Everything,
    /// What a user holds.
    User(User),
    /// What a group has.
    Object(Object),
}

#[derive(Clone, Default)]
pub(super) struct Registry {
    /// In the order in which they are listed (E-010).
    pub(super) users: BTreeMap<String, User>,
    pub(super) objects: HashMap<(Class, String), Item>,
    pub(super) items: HashMap<(Within, Kind, String), Item>,
    pub(super) user_records: HashMap<User, Record>,
    pub(super) object_records: HashMap<Object, Record>,
    pub(super) item_records: HashMap<(Kind, Item), Record>,
    /// The versions of policies.
    pub(super) versions: BTreeMap<(Object, Item), Record>,
    /// Since when a user holds what has no record of its own.
    pub(super) since: HashMap<(User, Kind, Item), Since>,
    pub(super) user_symbols: Symbols,
    pub(super) object_symbols: Symbols,
    pub(super) item_symbols: Symbols,
}

/// Names as they compare.
pub(super) fn key(name: &str) -> String {
    name.to_lowercase()
}

/// The part of an ARN that is the name; the whole where it is no ARN.
fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

impl Registry {
    pub(super) fn user(&self, name: &str) -> User {
        self.users.get(&key(name)).copied().unwrap_or(User(NOBODY))
    }

    pub(super) fn new_user(&mut self, name: &str) -> User {
        let known = self.users.get(&key(name)).copied();
        known.unwrap_or_else(|| User(self.user_symbols.take()))
    }

    pub(super) fn object(&self, class: Class, name: &str) -> Item {
        let found = self.objects.get(&(class, key(last(name)))).copied();
        let named = |item: &Item| {
            class == Class::Group
                || self
                    .object_records
                    .get(&Object { class, item: *item })
                    .is_some_and(|it| it.id == name)
        };
        found.filter(named).unwrap_or(Item(NOBODY))
    }

    pub(super) fn new_object(&mut self, class: Class, name: &str) -> Item {
        let known = self.objects.get(&(class, key(name))).copied();
        known.unwrap_or_else(|| Item(self.object_symbols.take()))
    }

    pub(super) fn new_item(&mut self) -> Item {
        Item(self.item_symbols.take())
    }

    /// The item that a request names; a new symbol where the call may make it.
    pub(super) fn item(&mut self, within: Within, kind: Kind, name: &str, makes: bool) -> Item {
        if let Some(class) = kind.row().refers {
            return self.object(class, name);
        }
        let known = self.items.get(&item_key(within, kind, name)).copied();
        match known {
            Some(item) => item,
            None if makes => self.new_item(),
            None => Item(NOBODY),
        }
    }

    /// The user that holds the access key with this id.
    pub(super) fn owner(&self, key: &str, account: &Account) -> Option<User> {
        let item = self.items.get(&(Within::Everything, Kind::AccessKey, key.to_owned()))?;
        account.holders(Kind::AccessKey, *item).next()
    }

    /// The end of a user's ARN (C-042).
    pub(super) fn user_path(&self, user: User) -> String {
        let record = self.user_record(user);
        format!("user{}{}", record.path, record.name)
    }

    pub(super) fn user_record(&self, user: User) -> Record {
        self.user_records.get(&user).cloned().unwrap_or_default()
    }

    pub(super) fn object_record(&self, object: Object) -> Record {
        self.object_records.get(&object).cloned().unwrap_or_default()
    }

    pub(super) fn item_record(&self, kind: Kind, item: Item) -> Record {
        self.item_records.get(&(kind, item)).cloned().unwrap_or_default()
    }

    pub(super) fn version_record(&self, policy: Object, version: Item) -> Record {
        self.versions.get(&(policy, version)).cloned().unwrap_or_default()
    }

    /// The item that the user holds and that was uploaded with the very body of this request.
    pub(super) fn same_body(
        &self,
        user: User,
        kind: Kind,
        form: &Form,
        account: &Account,
    ) -> Option<Item> {
        let body = form.body().filter(|_| kind.row().bodies)?;
        let same =
            |item: &Item| self.item_records.get(&(kind, *item)).is_some_and(|it| it.body == body);
        account.held_of(user, kind).map(|held| held.item).find(same)
    }

    /// What the request asks for of what could be shown: the credentials of a service (B-SS-02), the
    /// users, groups and policies whose path begins so (C-048), one sort of those that hold a policy.
    pub(super) fn filtered(
        &self,
        op: &Operation,
        mut shown: Shown,
        form: &Form,
        account: &Account,
    ) -> Shown {
        if let Operation::Holders(policy) = *op {
            return holders(policy, shown, form, account);
        }
        match (op, form.get("ServiceName"), form.get("PathPrefix")) {
            (Operation::List(_, Kind::ServiceCredential), Some(service), _) => {
                shown.items.retain(|(thing, _)| match *thing {
                    Thing::Item(kind, item) => self.item_record(kind, item).body == service,
                    _ => true,
                });
            }
            (_, _, Some(prefix)) => shown.items.retain(|(thing, _)| match *thing {
                Thing::User(user) => self.user_record(user).path.starts_with(prefix),
                Thing::Object(object) => self.object_record(object).path.starts_with(prefix),
                _ => true,
            }),
            _ => {}
        }
        shown
    }

    pub(super) fn since(&self, user: User, kind: Kind, item: Item) -> String {
        self.since.get(&(user, kind, item)).map(|it| it.since.clone()).unwrap_or_default()
    }

    /// Whether a user must choose another password (B-LP-01, B-LP-09).
    pub(super) fn resets(&self, user: User) -> bool {
        self.since.get(&(user, Kind::LoginProfile, Item(0))).is_some_and(|it| it.resets)
    }
}

/// `EntityFilter` asks for users or groups; what else it knows are no holders here (C-060).
/// `PolicyUsageFilter` asks for those for whom it is a boundary.
fn holders(policy: Object, mut shown: Shown, form: &Form, account: &Account) -> Shown {
    if form.get("PolicyUsageFilter") == Some("PermissionsBoundary") {
        let bounded = account.bounded_by(policy).map(|it| (Thing::User(it), Status::Active));
        shown.items = bounded.collect();
    }
    shown.items.retain(|(thing, _)| match (form.get("EntityFilter"), thing) {
        (None, _) | (Some("User"), Thing::User(_)) | (Some("Group"), Thing::Object(_)) => true,
        (Some(_), _) => false,
    });
    shown
}

/// An id compares as it is.
pub(super) fn item_key(within: Within, kind: Kind, name: &str) -> (Within, Kind, String) {
    match kind.row().naming {
        Naming::Service => (Within::Everything, kind, name.to_owned()),
        _ => (within, kind, key(name)),
    }
}
