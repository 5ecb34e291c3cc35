//! The names, ids and bodies of a server, by symbol. Names compare without case (C-041, C-043); ids
//! are never used again, symbols are.

use std::collections::HashMap;

use iamspec_conformance::Shown;
use iamspec_model::kind::Naming;
use iamspec_model::{Account, Class, Item, Kind, Object, Operation, User};

use super::call::Form;
use crate::wire;

/// The account that the reference endpoint plays.
pub(super) const ACCOUNT: &str = "123456789012";

/// A symbol that nothing is ever called by.
const NOBODY: u32 = (1 << 24) - 1;

/// What is known of a user, an object or an item beside the model.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) created: String,
    pub(super) path: String,
    pub(super) body: String,
    /// The id of what is named by its ARN in `id`.
    pub(super) policy_id: String,
}

#[derive(Default)]
struct Symbols {
    next: u32,
    free: Vec<u32>,
}

impl Symbols {
    fn take(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.next += 1;
            self.next - 1
        })
    }
}

#[derive(Default)]
pub(super) struct Registry {
    users: HashMap<String, User>,
    objects: HashMap<(Class, String), Item>,
    /// By the user for names that only mean something there, by nobody for ids.
    items: HashMap<(Option<User>, Kind, String), Item>,
    user_records: HashMap<User, Record>,
    object_records: HashMap<Object, Record>,
    item_records: HashMap<(Kind, Item), Record>,
    /// Since when a user holds what has no record of its own.
    since: HashMap<(User, Kind, Item), String>,
    user_symbols: Symbols,
    object_symbols: Symbols,
    item_symbols: Symbols,
}

fn key(name: &str) -> String {
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
    pub(super) fn item(&mut self, user: User, kind: Kind, name: &str, makes: bool) -> Item {
        if let Some(class) = kind.row().refers {
            return self.object(class, name);
        }
        let known = self.items.get(&item_key(user, kind, name)).copied();
        match known {
            Some(item) => item,
            None if makes => self.new_item(),
            None => Item(NOBODY),
        }
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

    /// The item that the user holds and that was uploaded with the very body of this request.
    pub(super) fn same_body(
        &self,
        user: User,
        kind: Kind,
        form: &Form,
        account: &Account,
    ) -> Option<Item> {
        let body = body_of(form).filter(|_| kind.row().bodies)?;
        let same =
            |item: &Item| self.item_records.get(&(kind, *item)).is_some_and(|it| it.body == body);
        account.held_of(user, kind).map(|held| held.item).find(same)
    }

    /// What a listing shows of the credentials that were made for the service asked for (B-SS-02).
    pub(super) fn filtered(&self, op: &Operation, mut shown: Shown, form: &Form) -> Shown {
        if let (Operation::List(_, kind), Some(service)) = (op, form.get("ServiceName"))
            && kind.row().services
        {
            shown.items.retain(|(item, _)| self.item_record(*kind, *item).body == service);
        }
        shown
    }

    pub(super) fn since(&self, user: User, kind: Kind, item: Item) -> String {
        self.since.get(&(user, kind, item)).cloned().unwrap_or_default()
    }

    /// Keeps what a call that was carried out has made.
    pub(super) fn note(&mut self, operation: &Operation, form: &Form) {
        let text = |member: &str| form.get(member).unwrap_or_default().to_owned();
        let path = form.get("Path").unwrap_or("/").to_owned();
        let created = now();
        match *operation {
            Operation::CreateUser(user) => {
                let name = text("UserName");
                self.users.insert(key(&name), user);
                let record =
                    Record { id: new_id("AIDA", 21), name, created, path, ..Record::default() };
                self.user_records.insert(user, record);
            }
            Operation::Create(object) => {
                let (name, body) = match object.class {
                    Class::Group => (text("GroupName"), String::new()),
                    Class::Policy => (text("PolicyName"), text("PolicyDocument")),
                    Class::Device => (text("VirtualMFADeviceName"), new_id("", 64)),
                };
                self.objects.insert((object.class, key(&name)), object.item);
                let id = match object.class {
                    Class::Group => new_id("AGPA", 21),
                    Class::Policy => format!("arn:aws:iam::{ACCOUNT}:policy{path}{name}"),
                    Class::Device => format!("arn:aws:iam::{ACCOUNT}:mfa{path}{name}"),
                };
                let policy_id = new_id("ANPA", 21);
                let record = Record { name, id, created, path, body, policy_id };
                self.object_records.insert(object, record);
            }
            Operation::Attach(user, kind, item) | Operation::Issue(user, kind, item, _) => {
                self.note_item(user, kind, item, form);
            }
            _ => {}
        }
    }

    fn note_item(&mut self, user: User, kind: Kind, item: Item, form: &Form) {
        let body = body_of(form).unwrap_or_default().to_owned();
        let created = now();
        let (name, id) = match kind.row().naming {
            Naming::Service => {
                let length = if kind == Kind::SigningCertificate { 32 } else { 20 };
                let id = new_id(wire::id_prefix(kind), length);
                (id.clone(), id)
            }
            Naming::Caller if kind.row().refers.is_none() => {
                (form.get(kind.row().member).unwrap_or_default().to_owned(), String::new())
            }
            _ => {
                self.since.insert((user, kind, item), created);
                return;
            }
        };
        self.items.insert(item_key(user, kind, &name), item);
        let record = Record { name, id, created, body, ..Record::default() };
        self.item_records.insert((kind, item), record);
    }

    /// Forgets what a call that was carried out has removed.
    pub(super) fn forget(&mut self, operation: &Operation, account: &Account) {
        match *operation {
            Operation::DeleteUser(user) if !account.has_user(user) => {
                let name = self.user_records.remove(&user).map(|it| key(&it.name));
                if name.is_some_and(|name| self.users.remove(&name).is_some()) {
                    self.user_symbols.free.push(user.0);
                }
            }
            Operation::Delete(object) if !account.has(object) => {
                let name = self.object_records.remove(&object).map(|it| key(&it.name));
                if name.is_some_and(|name| self.objects.remove(&(object.class, name)).is_some()) {
                    self.object_symbols.free.push(object.item.0);
                }
            }
            Operation::Detach(user, kind, item) if account.holders(kind, item).next().is_none() => {
                self.since.remove(&(user, kind, item));
                if kind.row().refers.is_none() && kind.row().naming != Naming::Single {
                    let name = self.item_records.remove(&(kind, item)).map(|it| it.name);
                    if name.is_some_and(|name| {
                        self.items.remove(&item_key(user, kind, &name)).is_some()
                    }) {
                        self.item_symbols.free.push(item.0);
                    }
                }
            }
            _ => {}
        }
    }

    /// Takes back a symbol that a refused call would have used.
    pub(super) fn drop_unused(&mut self, operation: &Operation) {
        match *operation {
            Operation::CreateUser(user) if !self.user_records.contains_key(&user) => {
                self.user_symbols.free.push(user.0);
            }
            Operation::Create(object) if !self.object_records.contains_key(&object) => {
                self.object_symbols.free.push(object.item.0);
            }
            Operation::Issue(_, kind, item, _) | Operation::Attach(_, kind, item)
                if kind.row().refers.is_none()
                    && kind.row().naming != Naming::Single
                    && !self.item_records.contains_key(&(kind, item)) =>
            {
                self.item_symbols.free.push(item.0);
            }
            _ => {}
        }
    }
}

fn body_of(form: &Form) -> Option<&str> {
    let members = ["CertificateBody", "SSHPublicKeyBody", "PolicyDocument", "ServiceName"];
    members.into_iter().find_map(|member| form.get(member))
}

fn item_key(user: User, kind: Kind, name: &str) -> (Option<User>, Kind, String) {
    match kind.row().naming {
        Naming::Service => (None, kind, name.to_owned()),
        _ => (Some(user), kind, key(name)),
    }
}

/// A secret that opens nothing.
pub(super) fn secret() -> String {
    new_id("", 40)
}

/// An id of this length (E-017): the prefix, then capital letters and digits from 2 to 7.
fn new_id(prefix: &str, length: usize) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut id = prefix.to_owned();
    while id.len() < length {
        for byte in uuid::Uuid::new_v4().as_bytes() {
            let letter = ALPHABET.get(usize::from(byte & 31)).copied().unwrap_or(b'A');
            id.push(char::from(letter));
        }
    }
    id.truncate(length);
    id
}

/// Whole seconds, in UTC (E-008).
fn now() -> String {
    let now = time::OffsetDateTime::now_utc();
    let (date, time) = (now.date(), now.time());
    format!("{date}T{:02}:{:02}:{:02}Z", time.hour(), time.minute(), time.second())
}
