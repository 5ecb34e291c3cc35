//! The names, ids and bodies of a server, by symbol. Names compare without case (C-041, C-043).
//!
//! What is known of users, objects and items beside the model.
//!
//! What a call that was carried out makes known, and what it makes forgotten.

use std::collections::{BTreeMap, HashMap};

use iamspec_conformance::Listing;
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    Account, Attachment, AttachmentKind, Entity, Item, Operation, Resource, ResourceKind, Status,
    SubResource, User,
};

use crate::server::auth::Secret;
use crate::server::parse::{ParsedCall, ParsedForm};
use crate::wire::attachments::wire;

/// The account that the reference endpoint plays.
pub(crate) const ACCOUNT: &str = "123456789012";

/// A symbol that nothing is ever called by.
const NOBODY: u32 = (1 << 24) - 1;

/// Within what a name means something.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Within {
    /// Ids mean the same everywhere.
    Everything,
    /// What a user holds.
    User(User),
    /// What a group has.
    Object(Resource),
}

#[derive(Clone, Default)]
pub(crate) struct Store {
    /// In the order in which they are listed (E-010).
    pub(crate) users: BTreeMap<String, User>,
    pub(crate) objects: HashMap<(ResourceKind, String), Item>,
    pub(crate) items: HashMap<(Within, AttachmentKind, String), Item>,
    pub(crate) user_records: HashMap<User, Record>,
    pub(crate) object_records: HashMap<Resource, Record>,
    pub(crate) item_records: HashMap<(AttachmentKind, Item), Record>,
    /// The versions of policies.
    pub(crate) versions: BTreeMap<(Resource, Item), Record>,
    /// Since when a user holds what has no record of its own.
    pub(crate) since: HashMap<(User, AttachmentKind, Item), CreationTimes>,
    pub(crate) user_symbols: Symbols,
    pub(crate) object_symbols: Symbols,
    pub(crate) item_symbols: Symbols,
}

/// Names as they compare.
pub(crate) fn key(name: &str) -> String {
    name.to_lowercase()
}

/// The part of an ARN that is the name; the whole where it is no ARN.
fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

impl Store {
    pub(crate) fn user(&self, name: &str) -> User {
        self.users.get(&key(name)).copied().unwrap_or(User(NOBODY))
    }

    pub(crate) fn new_user(&mut self, name: &str) -> User {
        let known = self.users.get(&key(name)).copied();
        known.unwrap_or_else(|| User(self.user_symbols.take()))
    }

    pub(crate) fn object(&self, class: ResourceKind, name: &str) -> Item {
        let found = self.objects.get(&(class, key(last(name)))).copied();
        let named = |item: &Item| {
            class == ResourceKind::Group
                || self
                    .object_records
                    .get(&Resource { class, item: *item })
                    .is_some_and(|it| it.id == name)
        };
        found.filter(named).unwrap_or(Item(NOBODY))
    }

    pub(crate) fn new_object(&mut self, class: ResourceKind, name: &str) -> Item {
        let known = self.objects.get(&(class, key(name))).copied();
        known.unwrap_or_else(|| Item(self.object_symbols.take()))
    }

    pub(crate) fn new_item(&mut self) -> Item {
        Item(self.item_symbols.take())
    }

    /// The item that a request names; a new symbol where the call may make it.
    pub(crate) fn item(
        &mut self,
        within: Within,
        kind: AttachmentKind,
        name: &str,
        makes: bool,
    ) -> Item {
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
    pub(crate) fn owner(&self, key: &str, account: &Account) -> Option<User> {
        let item =
            self.items.get(&(Within::Everything, AttachmentKind::AccessKey, key.to_owned()))?;
        account.holders(AttachmentKind::AccessKey, *item).next()
    }

    /// The end of a user's ARN (C-042).
    pub(crate) fn user_path(&self, user: User) -> String {
        let record = self.user_record(user);
        format!("user{}{}", record.path, record.name)
    }

    pub(crate) fn user_record(&self, user: User) -> Record {
        self.user_records.get(&user).cloned().unwrap_or_default()
    }

    pub(crate) fn object_record(&self, object: Resource) -> Record {
        self.object_records.get(&object).cloned().unwrap_or_default()
    }

    pub(crate) fn item_record(&self, kind: AttachmentKind, item: Item) -> Record {
        self.item_records.get(&(kind, item)).cloned().unwrap_or_default()
    }

    pub(crate) fn version_record(&self, policy: Resource, version: Item) -> Record {
        self.versions.get(&(policy, version)).cloned().unwrap_or_default()
    }

    /// The item that the user holds and that was uploaded with the very body of this request.
    pub(crate) fn same_body(
        &self,
        user: User,
        kind: AttachmentKind,
        form: &ParsedForm,
        account: &Account,
    ) -> Option<Item> {
        let body = form.payload(kind).filter(|_| kind.row().bodies)?;
        let same =
            |item: &Item| self.item_records.get(&(kind, *item)).is_some_and(|it| it.body == body);
        account.held_of(user, kind).map(|held| held.item).find(same)
    }

    /// What the request asks for of what could be shown: the credentials of a service (B-SS-02), the
    /// users, groups and policies whose path begins so (C-048), one sort of those that hold a policy.
    pub(crate) fn filtered(
        &self,
        op: &Operation,
        mut shown: Listing,
        form: &ParsedForm,
        account: &Account,
    ) -> Listing {
        if let Operation::Holders(policy) = *op {
            return holders(policy, shown, form, account);
        }
        match (op, form.get("ServiceName"), form.get("PathPrefix")) {
            (Operation::List(_, kind), Some(service), _) if kind.row().services => {
                shown.items.retain(|(thing, _)| match *thing {
                    Entity::Item(kind, item) => self.item_record(kind, item).body == service,
                    _ => true,
                });
            }
            (_, _, Some(prefix)) => shown.items.retain(|(thing, _)| match *thing {
                Entity::User(user) => self.user_record(user).path.starts_with(prefix),
                Entity::Object(object) => self.object_record(object).path.starts_with(prefix),
                _ => true,
            }),
            _ => {}
        }
        shown
    }

    pub(crate) fn since(&self, user: User, kind: AttachmentKind, item: Item) -> String {
        self.since.get(&(user, kind, item)).map(|it| it.since.clone()).unwrap_or_default()
    }

    /// Whether a user must choose another password (B-LP-01, B-LP-09).
    pub(crate) fn resets(&self, user: User) -> bool {
        self.since.get(&(user, AttachmentKind::LoginProfile, Item(0))).is_some_and(|it| it.resets)
    }
}

/// `EntityFilter` asks for users or groups; what else it knows are no holders here (C-060).
/// `PolicyUsageFilter` asks for those for whom it is a boundary.
fn holders(policy: Resource, mut shown: Listing, form: &ParsedForm, account: &Account) -> Listing {
    if form.get("PolicyUsageFilter") == Some("PermissionsBoundary") {
        let bounded = account.bounded_by(policy).map(|it| (Entity::User(it), Status::Active));
        shown.items = bounded.collect();
    }
    shown.items.retain(|(thing, _)| match (form.get("EntityFilter"), thing) {
        (None, _) | (Some("User"), Entity::User(_)) | (Some("Group"), Entity::Object(_)) => true,
        (Some(_), _) => false,
    });
    shown
}

/// An id compares as it is.
pub(crate) fn item_key(
    within: Within,
    kind: AttachmentKind,
    name: &str,
) -> (Within, AttachmentKind, String) {
    match kind.row().naming {
        Naming::Service => (Within::Everything, kind, name.to_owned()),
        _ => (within, kind, key(name)),
    }
}

/// What a server keeps of one of them.
#[derive(Clone, Default)]
pub(crate) struct Record {
    pub(crate) name: String,
    /// The id, or what names it in requests: the ARN of a policy or a device.
    pub(crate) id: String,
    pub(crate) created: String,
    pub(crate) path: String,
    /// The document, certificate or key; the seed of a device; the value of a tag.
    pub(crate) body: String,
    /// The id of what is named by its ARN, and the name under which a credential serves, which a
    /// renamed user keeps (C-032).
    pub(crate) other: String,
    /// Of an access key, so that what it signs can be checked.
    pub(crate) secret: Secret,
}

/// What is known of an attachment that has no record of its own.
#[derive(Clone, Default)]
pub(crate) struct CreationTimes {
    pub(crate) since: String,
    /// Of a password: whether another one must be chosen.
    pub(crate) resets: bool,
}

/// Symbols that nothing is called by any more are used again; ids are not.
#[derive(Clone, Default)]
pub(crate) struct Symbols {
    next: u32,
    free: Vec<u32>,
}

impl Symbols {
    pub(crate) fn take(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.next += 1;
            self.next - 1
        })
    }

    pub(crate) fn give_back(&mut self, symbol: u32) {
        self.free.push(symbol);
    }
}

/// A secret that opens nothing.
pub(crate) fn secret() -> String {
    new_id("", 40)
}

/// The id of a new item of a kind that the service names (E-017).
pub(crate) fn item_id(kind: AttachmentKind) -> String {
    new_id(wire(kind).id_prefix, wire(kind).id_length)
}

/// An id of this length (E-017): the prefix, then capital letters and digits from 2 to 7.
pub(crate) fn new_id(prefix: &str, length: usize) -> String {
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
pub(crate) fn now() -> String {
    let now = time::OffsetDateTime::now_utc();
    let (date, time) = (now.date(), now.time());
    format!("{date}T{:02}:{:02}:{:02}Z", time.hour(), time.minute(), time.second())
}

impl Store {
    /// Keeps what a call that was carried out has made.
    pub(crate) fn note(&mut self, asked: &ParsedCall, form: &ParsedForm, account: &Account) {
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
                let renamed = Resource { item: name.unwrap_or(group.item), ..group };
                self.rename_group(group, renamed, form, account);
            }
            Operation::Attach(user, kind, item) | Operation::Issue(user, kind, item, _) => {
                self.note_item(user, kind, item, asked, form);
            }
            Operation::Renew(user, kind, item) => self.renew((user, kind, item), form),
            Operation::Add(group, SubResource::InlinePolicy, item) => {
                let (name, body) = (form.text("PolicyName"), form.text("PolicyDocument"));
                let place = item_key(Within::Object(group), AttachmentKind::InlinePolicy, &name);
                self.items.insert(place, item);
                let record = Record { name, created: now(), body, ..Record::default() };
                self.item_records.insert((AttachmentKind::InlinePolicy, item), record);
            }
            Operation::Add(policy, SubResource::Version, _) => {
                let newest = account.parts(policy, SubResource::Version).map(|it| it.item).max();
                self.note_version(policy, newest.unwrap_or_default(), form);
            }
            _ => {}
        }
    }

    /// A new password may have to be changed, or not any more (B-LP-09).
    fn renew(&mut self, held: (User, AttachmentKind, Item), form: &ParsedForm) {
        let resets = form.get("PasswordResetRequired").map(|it| it == "true");
        if let (Some(it), Some(resets)) = (self.since.get_mut(&held), resets) {
            it.resets = resets;
        }
    }

    fn note_object(&mut self, object: Resource, form: &ParsedForm) {
        let path = form.path("Path");
        let (name, body) = match object.class {
            ResourceKind::Group => (form.text("GroupName"), String::new()),
            ResourceKind::Policy => (form.text("PolicyName"), String::new()),
            ResourceKind::Device => (form.text("VirtualMFADeviceName"), new_id("", 64)),
        };
        self.objects.insert((object.class, key(&name)), object.item);
        let id = match object.class {
            ResourceKind::Group => new_id("AGPA", 21),
            ResourceKind::Policy => format!("arn:aws:iam::{ACCOUNT}:policy{path}{name}"),
            ResourceKind::Device => format!("arn:aws:iam::{ACCOUNT}:mfa{path}{name}"),
        };
        if object.class == ResourceKind::Policy {
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

    fn note_version(&mut self, policy: Resource, version: Item, form: &ParsedForm) {
        let body = form.text("PolicyDocument");
        self.versions
            .insert((policy, version), Record { body, created: now(), ..Record::default() });
    }

    fn note_item(
        &mut self,
        user: User,
        kind: AttachmentKind,
        item: Item,
        asked: &ParsedCall,
        form: &ParsedForm,
    ) {
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
                let since = CreationTimes { since: created, resets };
                self.since.entry((user, kind, item)).or_insert(since);
                return;
            }
        };
        let value = asked.tag.as_ref().map(|(_, value)| value.clone());
        let body = value.unwrap_or_else(|| form.payload(kind).unwrap_or_default().to_owned());
        self.items.insert(item_key(Within::User(user), kind, &name), item);
        let other = format!("{}-at-{ACCOUNT}", self.user_record(user).name);
        let issued = wire(kind).issued.element().map(|_| Secret::new(secret()));
        let secret = issued.unwrap_or_default();
        let record = Record { name, id, created, body, other, secret, ..Record::default() };
        self.item_records.insert((kind, item), record);
    }

    /// Moves what is known of a user to its new symbol, and gives it the name and the path asked for.
    fn rename_user(&mut self, user: User, renamed: User, form: &ParsedForm, account: &Account) {
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

    fn rename_group(
        &mut self,
        group: Resource,
        renamed: Resource,
        form: &ParsedForm,
        account: &Account,
    ) {
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
        for piece in account.parts(renamed, SubResource::InlinePolicy) {
            let name = self.item_record(AttachmentKind::InlinePolicy, piece.item).name;
            let place = item_key(Within::Object(group), AttachmentKind::InlinePolicy, &name);
            if let Some(item) = self.items.remove(&place) {
                self.items.insert(
                    item_key(Within::Object(renamed), AttachmentKind::InlinePolicy, &name),
                    item,
                );
            }
        }
    }

    /// Forgets what a call that was carried out has removed: of a user, with what it held.
    pub(crate) fn forget(&mut self, operation: &Operation, held: &[Attachment], account: &Account) {
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
            Operation::Remove(group, SubResource::InlinePolicy, item) => {
                self.forget_item(Within::Object(group), AttachmentKind::InlinePolicy, item);
            }
            Operation::Remove(policy, SubResource::Version, item) => {
                self.versions.remove(&(policy, item));
            }
            _ => {}
        }
    }

    fn forget_versions(&mut self, policy: Resource) {
        let (first, last) = ((policy, Item(0)), (policy, Item(u32::MAX)));
        let versions = self.versions.range(first..=last).map(|(place, _)| *place);
        for place in versions.collect::<Vec<_>>() {
            self.versions.remove(&place);
        }
    }

    fn forget_detached(&mut self, user: User, kind: AttachmentKind, item: Item, account: &Account) {
        if account.held(user, kind, item).is_none() {
            self.since.remove(&(user, kind, item));
        }
        let own = kind.row().refers.is_none() && kind.row().naming != Naming::Single;
        // It may be another user's, for whom it was not taken away.
        if own && account.holders(kind, item).next().is_none() {
            self.forget_item(Within::User(user), kind, item);
        }
    }

    fn forget_item(&mut self, within: Within, kind: AttachmentKind, item: Item) {
        let name = self.item_records.remove(&(kind, item)).map(|it| it.name);
        if name.is_some_and(|name| self.items.remove(&item_key(within, kind, &name)).is_some()) {
            self.item_symbols.give_back(item.0);
        }
    }

    /// Takes back a symbol that a refused call would have used.
    pub(crate) fn drop_unused(&mut self, operation: &Operation) {
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
                if !self.object_records.contains_key(&Resource { item, ..group }) =>
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
            Operation::Add(_, SubResource::InlinePolicy, item)
                if !self.item_records.contains_key(&(AttachmentKind::InlinePolicy, item)) =>
            {
                self.item_symbols.give_back(item.0);
            }
            _ => {}
        }
    }
}
