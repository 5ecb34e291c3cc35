//! What the effects of calls do to the state. What is out of bounds is never made.

use crate::account::{Account, Held, Piece, pack_held, pack_object, pack_piece};
use crate::kind::{Item, Kind};
use crate::object::{Class, Object, Part};
use crate::operation::{Path, User};
use crate::packed::{
    BOUNDARY, HELD, NOBODY, NUMBERED, OF_KIND, OF_USER, PATH, QUOTA, USER, USERS_QUOTA, bounded,
    pack,
};

impl Account {
    /// An account whose quotas are these instead of AWS's defaults: of users, and of each kind. The
    /// last one counts where a kind has several.
    #[must_use]
    pub fn with_quotas(users: Option<u32>, kinds: &[(Kind, u32)]) -> Self {
        let mut account = Self::default();
        if let Some(users) = users {
            account.facts.insert(pack(USERS_QUOTA, 0, 0, u64::from(users)));
        }
        for (kind, max) in kinds {
            let from = pack(QUOTA, 0, *kind as u64, 0);
            account.facts.remove_between(from, from + OF_KIND);
            account.facts.insert(pack(QUOTA, 0, *kind as u64, u64::from(*max)));
        }
        account
    }

    pub(crate) fn add_user(&mut self, user: User) {
        if user.0 < NOBODY {
            self.facts.insert(pack(USER, user.0, 0, 0));
        }
    }

    /// Whatever is true of the user goes with it.
    pub(crate) fn remove_user(&mut self, user: User) {
        for class in [USER, HELD, PATH, BOUNDARY] {
            let from = pack(class, user.0, 0, 0);
            self.facts.remove_between(from, from + OF_USER);
        }
    }

    /// The user goes, and what it held stays, as no conforming endpoint has it.
    pub(crate) fn forget_user(&mut self, user: User) {
        for class in [USER, PATH, BOUNDARY] {
            let from = pack(class, user.0, 0, 0);
            self.facts.remove_between(from, from + OF_USER);
        }
    }

    /// Whatever is true of the user is true under the other name (C-032, C-033); who had that name
    /// before is gone.
    pub(crate) fn rename_user(&mut self, user: User, name: User) {
        if self.has_user(user) && name.0 < NOBODY && name != user {
            self.remove_user(name);
            self.facts.rename_user(user, name);
        }
    }

    /// Who is not there has no path; the root needs no fact.
    pub(crate) fn set_path(&mut self, user: User, path: Path) {
        let from = pack(PATH, user.0, 0, 0);
        self.facts.remove_between(from, from + OF_USER);
        if self.has_user(user) && path != Path::default() {
            self.facts.insert(from | u64::from(path.0));
        }
    }

    /// Who is not there has no boundary.
    pub(crate) fn set_boundary(&mut self, user: User, policy: Option<Item>) {
        let from = pack(BOUNDARY, user.0, 0, 0);
        self.facts.remove_between(from, from + OF_USER);
        let policy = policy.filter(|it| self.has_user(user) && it.0 < NOBODY);
        if let Some(policy) = policy {
            self.facts.insert(from | bounded(policy.0));
        }
    }

    /// A policy begins with its first version in force (C-020).
    pub(crate) fn add(&mut self, object: Object) {
        if object.item.0 < NOBODY && !self.has(object) {
            self.facts.insert(pack_object(object));
            if object.class == Class::Policy {
                self.add_piece(object, Part::Version, Item(1));
                self.set_default(object, Item(1));
            }
        }
    }

    /// An object takes its parts along.
    pub(crate) fn remove(&mut self, object: Object) {
        self.facts.remove_between(pack_object(object), pack_object(object) + 1);
        let parts: Vec<Piece> = self.pieces().filter(|it| it.of == object).collect();
        for it in parts {
            self.remove_piece(object, it.part, it.item);
        }
        self.facts.remove_between(numbered(object), numbered(object) + numbers_of(object));
    }

    /// Whatever is true of the object, and refers to it, does so under the other name.
    pub(crate) fn rename(&mut self, object: Object, name: Item) {
        let renamed = Object { item: name, ..object };
        if !self.has(object) || object == renamed || name.0 >= NOBODY {
            return;
        }
        self.remove(renamed);
        let refers = |it: &Held| it.kind.row().refers == Some(object.class);
        let held: Vec<Held> = self.holdings().filter(refers).collect();
        for it in &held {
            self.drop_item(it.user, it.kind, it.item);
        }
        for it in held.into_iter().filter(|it| it.item != name) {
            let item = if it.item == object.item { name } else { it.item };
            self.hold(Held { item, ..it });
        }
        let parts: Vec<Piece> = self.pieces().filter(|it| it.of == object).collect();
        self.remove(object);
        self.facts.insert(pack_object(renamed));
        for it in parts {
            self.add_piece(renamed, it.part, it.item);
        }
    }

    /// Puts what is held in place of what was held of the same item.
    pub(crate) fn hold(&mut self, held: Held) {
        self.drop_item(held.user, held.kind, held.item);
        if held.user.0 < NOBODY && held.item.0 < NOBODY {
            self.facts.insert(held.pack());
        }
    }

    pub(crate) fn drop_item(&mut self, user: User, kind: Kind, item: Item) {
        let from = pack_held(user, kind, item);
        self.facts.remove_between(from, from + 16);
    }

    /// What is not there has no parts. A version is numbered by the service.
    pub(crate) fn add_piece(&mut self, object: Object, part: Part, item: Item) {
        let there = self.parts(object, part).any(|it| it.item == item);
        if !self.has(object) || item.0 >= NOBODY || there {
            return;
        }
        self.facts.insert(pack_piece(object, part, item));
        if part == Part::Version && item.0 > 1 {
            let from = numbered(object);
            self.facts.remove_between(from, from + OF_USER);
            self.facts.insert(from | bounded(item.0));
        }
    }

    pub(crate) fn remove_piece(&mut self, object: Object, part: Part, item: Item) {
        let from = pack_piece(object, part, item);
        self.facts.remove_between(from, from + 16);
    }

    /// Puts a version in force, and no other.
    pub(crate) fn set_default(&mut self, policy: Object, version: Item) {
        let from = pack_piece(policy, Part::Version, Item(0));
        let chosen = pack_piece(policy, Part::Version, version);
        if self.parts(policy, Part::Version).any(|it| it.item == version) {
            self.facts
                .replace(from, from + OF_KIND, |fact| (fact & !1) | u64::from(fact & !1 == chosen));
        }
    }
}

/// Where the number of the last version of a policy is kept.
const fn numbered(policy: Object) -> u64 {
    pack(NUMBERED, policy.item.0, 0, 0)
}

/// Only policies have versions.
fn numbers_of(object: Object) -> u64 {
    if object.class == Class::Policy { OF_USER } else { 0 }
}
