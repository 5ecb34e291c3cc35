//! What a call that was carried out makes known, and what it makes forgotten.

use iamspec_model::kind::Naming;
use iamspec_model::{Account, Class, Held, Item, Kind, Object, Operation, Part, User};

use super::call::Asked;
use super::form::Form;
use super::record::{Record, Since, item_id, new_id, now, secret};
use super::registry::{ACCOUNT, Registry, Within, item_key, key};
use super::signature::Secret;

impl Registry {
    /// Keeps what a call that was carried out has made.
    pub(super) fn note(&mut self, asked: &Asked, form: &Form, account: &Account) {
        match asked.operation {
            Operation::CreateUser(user, _) => {
                let (name, created) = (form.text("UserName"), now());
                let record = Record {
                    id: new_id("AIDA", 21),
                    name,
                    created,
                    path: form.path("Path"),
                    ..Record::default()
                };
                self.users.insert(key(&record.name), user);
                self.user_records.insert(user, record);
            }
            Operation::UpdateUser(user, change) => {
                self.rename_user(user, change.name.unwrap_or(user), form, account);
            }
            Operation::Create(object) => self.note_object(object, form),
            Operation::Rename(group, name) => {
                let renamed = Object { item: name.unwrap_or(group.item), ..group };
                self.rename_group(group, renamed, form, account);
            }
            Operation::Attach(user, kind, item) | Operation::Issue(user, kind, item, _) => {
                self.note_item(user, kind, item, asked, form);
            }
            Operation::Renew(user, kind, item) => self.renew((user, kind, item), form),
            Operation::Add(group, Part::InlinePolicy, item) => {
                let (name, body) = (form.text("PolicyName"), form.text("PolicyDocument"));
                let place = item_key(Within::Object(group), Kind::InlinePolicy, &name);
                self.items.insert(place, item);
                let record = Record { name, created: now(), body, ..Record::default() };
                self.item_records.insert((Kind::InlinePolicy, item), record);
            }
            Operation::Add(policy, Part::Version, _) => {
                let newest = account.parts(policy, Part::Version).map(|it| it.item).max();
                self.note_version(policy, newest.unwrap_or_default(), form);
            }
            _ => {}
        }
    }

    /// A new password may have to be changed, or not any more (B-LP-09).
    fn renew(&mut self, held: (User, Kind, Item), form: &Form) {
        let resets = form.get("PasswordResetRequired").map(|it| it == "true");
        if let (Some(it), Some(resets)) = (self.since.get_mut(&held), resets) {
            it.resets = resets;
        }
    }

    fn note_object(&mut self, object: Object, form: &Form) {
        let path = form.path("Path");
        let (name, body) = match object.class {
            Class::Group => (form.text("GroupName"), String::new()),
            Class::Policy => (form.text("PolicyName"), String::new()),
            Class::Device => (form.text("VirtualMFADeviceName"), new_id("", 64)),
        };
        self.objects.insert((object.class, key(&name)), object.item);
        let id = match object.class {
            Class::Group => new_id("AGPA", 21),
            Class::Policy => format!("arn:aws:iam::{ACCOUNT}:policy{path}{name}"),
            Class::Device => format!("arn:aws:iam::{ACCOUNT}:mfa{path}{name}"),
        };
        if object.class == Class::Policy {
            self.note_version(object, Item(1), form);
        }
        let record = Record {
            name,
            id,
            created: now(),
            path,
            body,
            other: new_id("ANPA", 21),
            ..Record::default()
        };
        self.object_records.insert(object, record);
    }

    fn note_version(&mut self, policy: Object, version: Item, form: &Form) {
        let body = form.text("PolicyDocument");
        self.versions
            .insert((policy, version), Record { body, created: now(), ..Record::default() });
    }

    fn note_item(&mut self, user: User, kind: Kind, item: Item, asked: &Asked, form: &Form) {
        let created = now();
        let (name, id) = match kind.row().naming {
            Naming::Service => {
                let id = item_id(kind);
                (id.clone(), id)
            }
            Naming::Caller if kind.row().refers.is_none() => {
                let named = asked.tag.as_ref().map(|(key, _)| key.clone());
                (named.unwrap_or_else(|| form.text(kind.row().member)), String::new())
            }
            _ => {
                let resets = form.get("PasswordResetRequired") == Some("true");
                let since = Since { since: created, resets };
                self.since.entry((user, kind, item)).or_insert(since);
                return;
            }
        };
        let value = asked.tag.as_ref().map(|(_, value)| value.clone());
        let body = value.unwrap_or_else(|| form.body().unwrap_or_default().to_owned());
        self.items.insert(item_key(Within::User(user), kind, &name), item);
        let other = format!("{}-at-{ACCOUNT}", self.user_record(user).name);
        let issued = (kind == Kind::AccessKey).then(|| Secret::new(secret()));
        let secret = issued.unwrap_or_default();
        let record = Record { name, id, created, body, other, secret, ..Record::default() };
        self.item_records.insert((kind, item), record);
    }

    /// Moves what is known of a user to its new symbol, and gives it the name and the path asked for.
    fn rename_user(&mut self, user: User, renamed: User, form: &Form, account: &Account) {
        let Some(mut record) = self.user_records.remove(&user) else { return };
        self.users.remove(&key(&record.name));
        if let Some(path) = form.get("NewPath") {
            path.clone_into(&mut record.path);
        }
        if let Some(name) = form.get("NewUserName") {
            name.clone_into(&mut record.name);
        }
        self.users.insert(key(&record.name), renamed);
        self.user_records.insert(renamed, record);
        if user == renamed {
            return;
        }
        self.user_symbols.give_back(user.0);
        for held in account.held_by(renamed) {
            let since = self.since.remove(&(user, held.kind, held.item));
            self.since.extend(since.map(|it| ((renamed, held.kind, held.item), it)));
            let name = self.item_record(held.kind, held.item).name;
            let place = item_key(Within::User(user), held.kind, &name);
            if let Some(item) = self.items.remove(&place) {
                self.items.insert(item_key(Within::User(renamed), held.kind, &name), item);
            }
        }
    }

    fn rename_group(&mut self, group: Object, renamed: Object, form: &Form, account: &Account) {
        let Some(mut record) = self.object_records.remove(&group) else { return };
        self.objects.remove(&(group.class, key(&record.name)));
        if let Some(path) = form.get("NewPath") {
            path.clone_into(&mut record.path);
        }
        if let Some(name) = form.get("NewGroupName") {
            name.clone_into(&mut record.name);
        }
        self.objects.insert((group.class, key(&record.name)), renamed.item);
        self.object_records.insert(renamed, record);
        if group == renamed {
            return;
        }
        self.object_symbols.give_back(group.item.0);
        for piece in account.parts(renamed, Part::InlinePolicy) {
            let name = self.item_record(Kind::InlinePolicy, piece.item).name;
            let place = item_key(Within::Object(group), Kind::InlinePolicy, &name);
            if let Some(item) = self.items.remove(&place) {
                self.items
                    .insert(item_key(Within::Object(renamed), Kind::InlinePolicy, &name), item);
            }
        }
    }

    /// Forgets what a call that was carried out has removed: of a user, with what it held.
    pub(super) fn forget(&mut self, operation: &Operation, held: &[Held], account: &Account) {
        match *operation {
            Operation::DeleteUser(user) if !account.has_user(user) => {
                for held in held {
                    self.since.remove(&(user, held.kind, held.item));
                    self.forget_item(Within::User(user), held.kind, held.item);
                }
                let name = self.user_records.remove(&user).map(|it| key(&it.name));
                if name.is_some_and(|name| self.users.remove(&name).is_some()) {
                    self.user_symbols.give_back(user.0);
                }
            }
            Operation::Delete(object) if !account.has(object) => {
                let name = self.object_records.remove(&object).map(|it| key(&it.name));
                if name.is_some_and(|name| self.objects.remove(&(object.class, name)).is_some()) {
                    self.object_symbols.give_back(object.item.0);
                }
                self.forget_versions(object);
            }
            Operation::Detach(user, kind, item) => {
                self.forget_detached(user, kind, item, account);
            }
            Operation::Remove(group, Part::InlinePolicy, item) => {
                self.forget_item(Within::Object(group), Kind::InlinePolicy, item);
            }
            Operation::Remove(policy, Part::Version, item) => {
                self.versions.remove(&(policy, item));
            }
            _ => {}
        }
    }

    fn forget_versions(&mut self, policy: Object) {
        let (first, last) = ((policy, Item(0)), (policy, Item(u32::MAX)));
        let versions = self.versions.range(first..=last).map(|(place, _)| *place);
        for place in versions.collect::<Vec<_>>() {
            self.versions.remove(&place);
        }
    }

    fn forget_detached(&mut self, user: User, kind: Kind, item: Item, account: &Account) {
        if account.held(user, kind, item).is_none() {
            self.since.remove(&(user, kind, item));
        }
        let own = kind.row().refers.is_none() && kind.row().naming != Naming::Single;
        // It may be another user's, for whom it was not taken away.
        if own && account.holders(kind, item).next().is_none() {
            self.forget_item(Within::User(user), kind, item);
        }
    }

    fn forget_item(&mut self, within: Within, kind: Kind, item: Item) {
        let name = self.item_records.remove(&(kind, item)).map(|it| it.name);
        if name.is_some_and(|name| self.items.remove(&item_key(within, kind, &name)).is_some()) {
            self.item_symbols.give_back(item.0);
        }
    }

    /// Takes back a symbol that a refused call would have used.
    pub(super) fn drop_unused(&mut self, operation: &Operation) {
        match *operation {
            Operation::CreateUser(user, _) if !self.user_records.contains_key(&user) => {
                self.user_symbols.give_back(user.0);
            }
            Operation::UpdateUser(_, change) => {
                let unused = change.name.filter(|it| !self.user_records.contains_key(it));
                if let Some(unused) = unused {
                    self.user_symbols.give_back(unused.0);
                }
            }
            Operation::Create(object) if !self.object_records.contains_key(&object) => {
                self.object_symbols.give_back(object.item.0);
            }
            Operation::Rename(group, Some(item))
                if !self.object_records.contains_key(&Object { item, ..group }) =>
            {
                self.object_symbols.give_back(item.0);
            }
            Operation::Issue(_, kind, item, _) | Operation::Attach(_, kind, item)
                if kind.row().refers.is_none()
                    && kind.row().naming != Naming::Single
                    && !self.item_records.contains_key(&(kind, item)) =>
            {
                self.item_symbols.give_back(item.0);
            }
            Operation::Add(_, Part::InlinePolicy, item)
                if !self.item_records.contains_key(&(Kind::InlinePolicy, item)) =>
            {
                self.item_symbols.give_back(item.0);
            }
            _ => {}
        }
    }
}
