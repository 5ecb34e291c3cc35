//! The store: names, ids, dates and bodies, by symbol of the model.
//!
//! After the model has applied an operation, the server updates the store: [`Store::update`] adds
//! and changes records, [`Store::remove_deleted`] removes them. A refused call gives its symbols
//! back with [`Store::release_unused`]. Names are case-insensitive (C-041, C-043). The store never
//! decides whether an operation succeeds.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use iamspec_conformance::Listing;
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    Account, Attachment, AttachmentKind, Entity, Item, Operation, Resource, ResourceKind, Status,
    SubResource, User,
};
use md5::{Digest as _, Md5};

use crate::server::clock;
use crate::server::outside_model::password_policy::PasswordPolicy;
use crate::server::outside_model::service_credentials;
use crate::server::parse::form::ParsedForm;
use crate::wire::attachments::wire;

/// The id of the account that the server simulates.
pub(super) const ACCOUNT: &str = "123456789012";

/// The symbol of unknown names; no entry ever has it.
const UNKNOWN: u32 = (1 << 24) - 1;

/// The scope in which the name of an item is unique.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum NameScope {
    /// Ids are unique in the whole account.
    Account,
    /// Names of attachments are unique for a user.
    User(User),
    /// Names of inline policies are unique in a group.
    Resource(Resource),
}

/// All names and records of a server. The maps from names to symbols have case-folded keys.
#[derive(Clone, Default)]
pub(super) struct Store {
    /// Sorted as listings are (E-010).
    pub(super) users: BTreeMap<String, User>,
    resources: HashMap<(ResourceKind, String), Item>,
    pub(super) items: HashMap<(NameScope, AttachmentKind, String), Item>,
    user_records: HashMap<User, Record>,
    pub(super) resource_records: HashMap<Resource, Record>,
    item_records: HashMap<(AttachmentKind, Item), Record>,
    version_records: BTreeMap<(Resource, Item), Record>,
    /// The tags of policies and devices. The model has no state for them.
    resource_tags: HashMap<Resource, Vec<(String, String)>>,
    /// The AWS managed policies that the account uses.
    pub(super) aws_policies: BTreeSet<Resource>,
    /// The account's own password policy. The model has no state for it.
    pub(super) password_policy: Option<PasswordPolicy>,
    /// The attachments that have no record of their own.
    attachment_records: HashMap<(User, AttachmentKind, Item), AttachmentRecord>,
    user_symbols: SymbolPool,
    resource_symbols: SymbolPool,
    item_symbols: SymbolPool,
    ids: ListedIds,
}

/// A name as a key of the store: names are case-insensitive.
pub(super) fn name_key(name: &str) -> String {
    name.to_lowercase()
}

/// Whether an ARN is that of an AWS managed policy.
pub(super) fn is_of_aws(arn: &str) -> bool {
    arn.starts_with("arn:aws:iam::aws:policy/")
}

/// The name at the end of an ARN; any other text is a name already. A policy of AWS is named by its
/// whole ARN, because a policy of the account may have the same name.
fn name_of_arn(arn: &str) -> &str {
    if is_of_aws(arn) { arn } else { arn.rsplit('/').next().unwrap_or(arn) }
}

impl Store {
    /// An empty store.
    pub(super) fn new(ids: ListedIds) -> Self {
        Self { ids, ..Self::default() }
    }

    /// The user with this name; an unused symbol if there is none.
    pub(super) fn user(&self, name: &str) -> User {
        self.users.get(&name_key(name)).copied().unwrap_or(User(UNKNOWN))
    }

    /// The user with this name; a new symbol if there is none.
    pub(super) fn new_user(&mut self, name: &str) -> User {
        let known = self.users.get(&name_key(name)).copied();
        known.unwrap_or_else(|| User(self.user_symbols.allocate()))
    }

    /// The resource with this name or ARN; an unused symbol if there is none.
    pub(super) fn resource(&self, class: ResourceKind, name: &str) -> Item {
        let found = self.resources.get(&(class, name_key(name_of_arn(name)))).copied();
        let has_id = |item: &Item| {
            let record = self.resource_records.get(&Resource { kind: class, item: *item });
            class == ResourceKind::Group || record.is_some_and(|record| record.id == name)
        };
        found.filter(has_id).unwrap_or(Item(UNKNOWN))
    }

    /// The resource with this name; a new symbol if there is none.
    pub(super) fn new_resource(&mut self, class: ResourceKind, name: &str) -> Item {
        let known = self.resources.get(&(class, name_key(name))).copied();
        known.unwrap_or_else(|| Item(self.resource_symbols.allocate()))
    }

    pub(super) fn new_item(&mut self) -> Item {
        Item(self.item_symbols.allocate())
    }

    /// The item with this name. An unknown name gets a new symbol if the action may create the
    /// item, or else an unused symbol.
    pub(super) fn item(
        &mut self,
        scope: NameScope,
        kind: AttachmentKind,
        name: &str,
        may_create: bool,
    ) -> Item {
        if let Some(class) = kind.row().refers_to {
            return self.resource(class, name);
        }
        let known = self.items.get(&item_key(scope, kind, name)).copied();
        match known {
            Some(item) => item,
            None if may_create => self.new_item(),
            None => Item(UNKNOWN),
        }
    }

    /// The user that holds the access key with this id.
    pub(super) fn access_key_user(&self, id: &str, account: &Account) -> Option<User> {
        let key = item_key(NameScope::Account, AttachmentKind::AccessKey, id);
        account.holders(AttachmentKind::AccessKey, *self.items.get(&key)?).next()
    }

    /// The last part of a user's ARN (C-042).
    pub(super) fn user_path(&self, user: User) -> String {
        let record = self.user_record(user);
        format!("user{}{}", record.path, record.name)
    }

    pub(super) fn user_record(&self, user: User) -> Record {
        self.user_records.get(&user).cloned().unwrap_or_default()
    }

    pub(super) fn resource_record(&self, resource: Resource) -> Record {
        self.resource_records.get(&resource).cloned().unwrap_or_default()
    }

    pub(super) fn item_record(&self, kind: AttachmentKind, item: Item) -> Record {
        self.item_records.get(&(kind, item)).cloned().unwrap_or_default()
    }

    pub(super) fn version_record(&self, policy: Resource, version: Item) -> Record {
        self.version_records.get(&(policy, version)).cloned().unwrap_or_default()
    }

    /// The item of the user whose uploaded body equals the body of this request.
    pub(super) fn item_with_same_body(
        &self,
        user: User,
        kind: AttachmentKind,
        form: &ParsedForm,
        account: &Account,
    ) -> Option<Item> {
        let body = form.payload(kind).filter(|_| kind.row().has_body)?;
        let has_body = |item: &Item| {
            self.item_records.get(&(kind, *item)).is_some_and(|record| record.body == body)
        };
        account.attachments_of_kind(user, kind).map(|attachment| attachment.item).find(has_body)
    }

    /// Applies the filters of a request to a listing: `ServiceName` for credentials (B-SS-02),
    /// `PathPrefix` for users, groups and policies (C-048), `Scope` for policies, `EntityFilter` and
    /// `PolicyUsageFilter` for the entities of a policy.
    pub(super) fn filtered(
        &self,
        op: &Operation,
        mut listing: Listing,
        form: &ParsedForm,
        account: &Account,
    ) -> Listing {
        if let Operation::ListHolders(policy) = *op {
            return filtered_entities(policy, listing, form, account);
        }
        if let Some(scope) = form.get("Scope").filter(|it| *it != "All") {
            let is_in_scope =
                |resource: Resource| self.aws_policies.contains(&resource) == (scope == "AWS");
            listing.items.retain(|(entity, _)| match *entity {
                Entity::Resource(resource) if resource.kind == ResourceKind::Policy => {
                    is_in_scope(resource)
                }
                _ => true,
            });
        }
        match (op, form.get("ServiceName"), form.get("PathPrefix")) {
            (Operation::List(_, kind), Some(service), _) if kind.row().per_service => {
                listing.items.retain(|(entity, _)| match *entity {
                    Entity::Item(kind, item) => self.item_record(kind, item).body == service,
                    _ => true,
                });
            }
            (_, _, Some(prefix)) => listing.items.retain(|(entity, _)| match *entity {
                Entity::User(user) => self.user_record(user).path.starts_with(prefix),
                Entity::Resource(resource) => {
                    self.resource_record(resource).path.starts_with(prefix)
                }
                _ => true,
            }),
            _ => {}
        }
        listing
    }

    /// The record of an attachment that has no record of its own.
    pub(super) fn attachment_record(
        &self,
        user: User,
        kind: AttachmentKind,
        item: Item,
    ) -> AttachmentRecord {
        self.attachment_records.get(&(user, kind, item)).cloned().unwrap_or_default()
    }
}

/// Filters the entities of a policy. `EntityFilter` selects users or groups; its other values match
/// no entity here (C-060). `PolicyUsageFilter` can select the users whose boundary the policy is.
fn filtered_entities(
    policy: Resource,
    mut listing: Listing,
    form: &ParsedForm,
    account: &Account,
) -> Listing {
    if form.get("PolicyUsageFilter") == Some("PermissionsBoundary") {
        let bounded = account.users_bounded_by(policy).map(|it| (Entity::User(it), Status::Active));
        listing.items = bounded.collect();
    }
    listing.items.retain(|(entity, _)| match (form.get("EntityFilter"), entity) {
        (None, _) | (Some("User"), Entity::User(_)) | (Some("Group"), Entity::Resource(_)) => true,
        (Some(_), _) => false,
    });
    listing
}

/// The key of an item. Ids are case-sensitive and unique in the account; names are neither.
pub(super) fn item_key(
    scope: NameScope,
    kind: AttachmentKind,
    name: &str,
) -> (NameScope, AttachmentKind, String) {
    match kind.row().naming {
        Naming::Service => (NameScope::Account, kind, name.to_owned()),
        _ => (scope, kind, name_key(name)),
    }
}

/// The record of a user, a resource, a version or an item.
#[derive(Clone, Default)]
pub(super) struct Record {
    pub(super) name: String,
    /// The identifier in requests: an id, or the ARN of a policy or a device.
    pub(super) id: String,
    pub(super) created: String,
    pub(super) path: String,
    /// The document, certificate or key; the seed of a device; the value of a tag.
    pub(super) body: String,
    /// The id of a resource whose `id` is an ARN; the service user name of a credential, which does
    /// not change if the user is renamed (C-032).
    pub(super) alternate_id: String,
    /// The secret that the service issued with an item, such as the secret of an access key.
    pub(super) secret: Secret,
    /// The day of the last update of an AWS managed policy; empty for other entities.
    pub(super) updated: String,
    /// The default version of an AWS managed policy, whose versions the account does not have.
    pub(super) default_version: Option<&'static str>,
    /// When an access key was last used, and for which service (B-AK-14).
    pub(super) last_used: Option<(String, &'static str)>,
    /// When a credential expires (B-SS-13).
    pub(super) expires: Option<String>,
}

/// The record of an attachment that has no record of its own, such as a group membership.
#[derive(Clone, Default)]
pub(super) struct AttachmentRecord {
    pub(super) created: String,
    /// Whether the user must choose a new password (B-LP-01, B-LP-09).
    pub(super) password_reset_required: bool,
}

/// A secret. `Debug` does not print it.
#[derive(Clone, Default)]
pub(super) struct Secret(String);

impl Secret {
    pub(super) const fn new(text: String) -> Self {
        Self(text)
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The symbols in use. Released symbols are used again; ids never are.
#[derive(Clone, Default)]
struct SymbolPool {
    next: u32,
    free: Vec<u32>,
}

impl SymbolPool {
    fn allocate(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.next += 1;
            self.next - 1
        })
    }

    fn release(&mut self, symbol: u32) {
        self.free.push(symbol);
    }
}

/// How the store chooses the ids that listings are sorted by: those of policies, and of items whose
/// kind is named by the service.
#[derive(Clone, Copy, Default)]
pub(crate) enum ListedIds {
    /// At random, as AWS does.
    #[default]
    Random,
    /// In the order of creation, so that a listing has the same order in each run. The number is that of
    /// the last id.
    Ordered(u32),
}

impl ListedIds {
    /// A new id of this length.
    fn allocate(&mut self, prefix: &str, length: usize) -> String {
        match self {
            Self::Random => new_id(prefix, length),
            Self::Ordered(last) => {
                *last += 1;
                new_id(&format!("{prefix}{last:08}"), length)
            }
        }
    }
}

/// A new random secret.
pub(super) fn new_secret() -> String {
    new_id("", 40)
}

/// The id of an AWS managed policy: the same for each request, because the list does not have it.
fn id_of_aws_policy(arn: &str) -> String {
    let digest = Md5::digest(arn.to_lowercase());
    let letters = digest.iter().cycle().map(|byte| letter(*byte));
    "ANPA".chars().chain(letters).take(21).collect()
}

/// The letter or digit of a byte (E-017).
fn letter(byte: u8) -> char {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    char::from(ALPHABET.get(usize::from(byte & 31)).copied().unwrap_or(b'A'))
}

/// A random id of this length (E-017): the prefix, then capital letters and digits from 2 to 7.
fn new_id(prefix: &str, length: usize) -> String {
    let mut id = prefix.to_owned();
    while id.len() < length {
        id.extend(uuid::Uuid::new_v4().as_bytes().iter().map(|byte| letter(*byte)));
    }
    id.truncate(length);
    id
}

/// The current date, as responses show it.
fn now() -> String {
    clock::iso_date(clock::now())
}

impl Store {
    /// Adds and changes the records after an operation that succeeded. `tag` is the key and the
    /// value of an attached tag.
    pub(super) fn update(
        &mut self,
        operation: &Operation,
        tag: Option<&(String, String)>,
        form: &ParsedForm,
        account: &Account,
    ) {
        match *operation {
            Operation::CreateUser(user, _) => {
                let (name, created) = (form.text("UserName"), now());
                let record = Record {
                    id: new_id("AIDA", 21),
                    name,
                    created,
                    path: form.path("Path"),
                    ..Record::default()
                };
                self.users.insert(name_key(&record.name), user);
                self.user_records.insert(user, record);
            }
            Operation::UpdateUser(user, change) => {
                self.rename_user(user, change.name.unwrap_or(user), form, account);
            }
            Operation::CreateResource(resource) => self.add_resource(resource, form),
            Operation::RenameResource(group, name) => {
                let renamed = Resource { item: name.unwrap_or(group.item), ..group };
                self.rename_group(group, renamed, form, account);
            }
            Operation::Attach(user, kind, item) | Operation::Issue(user, kind, item, _) => {
                self.add_item(user, kind, item, tag, form);
            }
            Operation::ResetSecret(user, kind, item) => {
                self.update_password_reset((user, kind, item), form);
            }
            Operation::AddSubResource(group, SubResource::InlinePolicy, item) => {
                let (name, body) = (form.text("PolicyName"), form.text("PolicyDocument"));
                let key = item_key(NameScope::Resource(group), AttachmentKind::InlinePolicy, &name);
                self.items.insert(key, item);
                let record = Record { name, created: now(), body, ..Record::default() };
                self.item_records.insert((AttachmentKind::InlinePolicy, item), record);
            }
            Operation::AddSubResource(policy, SubResource::Version, _) => {
                let newest =
                    account.sub_resources(policy, SubResource::Version).map(|it| it.item).max();
                self.add_version(policy, newest.unwrap_or_default(), form);
            }
            _ => {}
        }
    }

    /// A new password may come with another setting of `PasswordResetRequired` (B-LP-09).
    fn update_password_reset(&mut self, key: (User, AttachmentKind, Item), form: &ParsedForm) {
        let required = form.get("PasswordResetRequired").map(|value| value == "true");
        if let (Some(record), Some(required)) = (self.attachment_records.get_mut(&key), required) {
            record.password_reset_required = required;
        }
    }

    fn add_resource(&mut self, resource: Resource, form: &ParsedForm) {
        let path = form.path("Path");
        let (name, body) = match resource.kind {
            ResourceKind::Group => (form.text("GroupName"), String::new()),
            ResourceKind::Policy => (form.text("PolicyName"), String::new()),
            ResourceKind::Device => (form.text("VirtualMFADeviceName"), new_id("", 64)),
        };
        self.resources.insert((resource.kind, name_key(&name)), resource.item);
        let id = match resource.kind {
            ResourceKind::Group => new_id("AGPA", 21),
            ResourceKind::Policy => format!("arn:aws:iam::{ACCOUNT}:policy{path}{name}"),
            ResourceKind::Device => format!("arn:aws:iam::{ACCOUNT}:mfa{path}{name}"),
        };
        if resource.kind == ResourceKind::Policy {
            self.add_version(resource, Item(1), form);
        }
        let record = Record {
            name,
            id,
            created: now(),
            path,
            body,
            alternate_id: self.ids.allocate("ANPA", 21),
            ..Record::default()
        };
        self.resource_records.insert(resource, record);
        self.resource_tags.insert(resource, form.tags());
    }

    /// Adds an AWS managed policy, and returns its new symbol. `None` if the store has it.
    pub(super) fn add_aws_policy(&mut self, arn: &str, record: Record) -> Option<Resource> {
        let kind = ResourceKind::Policy;
        if self.resources.contains_key(&(kind, name_key(arn))) {
            return None;
        }
        let resource = Resource { kind, item: self.new_resource(kind, arn) };
        self.resources.insert((kind, name_key(arn)), resource.item);
        let (id, alternate_id) = (arn.to_owned(), id_of_aws_policy(arn));
        self.resource_records.insert(resource, Record { id, alternate_id, ..record });
        self.aws_policies.insert(resource);
        Some(resource)
    }

    /// Removes an AWS managed policy.
    pub(super) fn remove_aws_policy(&mut self, policy: Resource) {
        self.aws_policies.remove(&policy);
        if let Some(record) = self.resource_records.remove(&policy) {
            self.resources.remove(&(policy.kind, name_key(&record.id)));
            self.resource_symbols.release(policy.item.0);
        }
    }

    /// Records that an access key was used now.
    pub(super) fn record_use(&mut self, access_key: &str, service: &'static str) {
        let kind = AttachmentKind::AccessKey;
        let item = self.items.get(&item_key(NameScope::Account, kind, access_key));
        if let Some(record) = item.and_then(|item| self.item_records.get_mut(&(kind, *item))) {
            record.last_used = Some((now(), service));
        }
    }

    /// The tags of a policy or a device.
    pub(super) fn resource_tags(&self, resource: Resource) -> &[(String, String)] {
        self.resource_tags.get(&resource).map_or(&[], Vec::as_slice)
    }

    /// Adds tags, or replaces the values of keys that the resource has. The keys of policies are
    /// case-sensitive (C-089).
    pub(super) fn tag_resource(&mut self, resource: Resource, tags: Vec<(String, String)>) {
        let known = self.resource_tags.entry(resource).or_default();
        for (key, value) in tags {
            known.retain(|(other, _)| *other != key);
            known.push((key, value));
        }
        known.sort();
    }

    /// Removes tags. A key that the resource does not have changes nothing.
    pub(super) fn untag_resource(&mut self, resource: Resource, keys: &[&str]) {
        let known = self.resource_tags.entry(resource).or_default();
        known.retain(|(key, _)| !keys.contains(&key.as_str()));
    }

    fn add_version(&mut self, policy: Resource, version: Item, form: &ParsedForm) {
        let body = form.text("PolicyDocument");
        let record = Record { body, created: now(), ..Record::default() };
        self.version_records.insert((policy, version), record);
    }

    fn add_item(
        &mut self,
        user: User,
        kind: AttachmentKind,
        item: Item,
        tag: Option<&(String, String)>,
        form: &ParsedForm,
    ) {
        let created = now();
        let (name, id) = match kind.row().naming {
            Naming::Service => {
                let id = self.ids.allocate(wire(kind).id_prefix, wire(kind).id_length);
                (id.clone(), id)
            }
            Naming::Caller if kind.row().refers_to.is_none() => {
                let key = tag.map(|(key, _)| key.clone());
                (key.unwrap_or_else(|| form.text(kind.row().parameter)), String::new())
            }
            _ => {
                let password_reset_required = form.get("PasswordResetRequired") == Some("true");
                let record = AttachmentRecord { created, password_reset_required };
                self.attachment_records.entry((user, kind, item)).or_insert(record);
                return;
            }
        };
        let value = tag.map(|(_, value)| value.clone());
        let body = value.unwrap_or_else(|| form.payload(kind).unwrap_or_default().to_owned());
        self.items.insert(item_key(NameScope::User(user), kind, &name), item);
        let alternate_id = format!("{}-at-{ACCOUNT}", self.user_record(user).name);
        let secret = wire(kind).issued.element().map(|_| Secret::new(new_secret()));
        let secret = secret.unwrap_or_default();
        let expires = service_credentials::expiration(form);
        let record =
            Record { name, id, created, body, alternate_id, secret, expires, ..Record::default() };
        self.item_records.insert((kind, item), record);
    }

    /// Moves the records of a user to its new symbol, and sets the new name and path.
    fn rename_user(&mut self, user: User, renamed: User, form: &ParsedForm, account: &Account) {
        let Some(mut record) = self.user_records.remove(&user) else { return };
        self.users.remove(&name_key(&record.name));
        if let Some(path) = form.get("NewPath") {
            path.clone_into(&mut record.path);
        }
        if let Some(name) = form.get("NewUserName") {
            name.clone_into(&mut record.name);
        }
        self.users.insert(name_key(&record.name), renamed);
        self.user_records.insert(renamed, record);
        if user == renamed {
            return;
        }
        self.user_symbols.release(user.0);
        for Attachment { kind, item, .. } in account.attachments_of(renamed) {
            if let Some(record) = self.attachment_records.remove(&(user, kind, item)) {
                self.attachment_records.insert((renamed, kind, item), record);
            }
            self.move_item(kind, item, NameScope::User(user), NameScope::User(renamed));
        }
    }

    /// Moves the name of an item from one scope to another.
    fn move_item(&mut self, kind: AttachmentKind, item: Item, from: NameScope, to: NameScope) {
        let name = self.item_record(kind, item).name;
        if let Some(item) = self.items.remove(&item_key(from, kind, &name)) {
            self.items.insert(item_key(to, kind, &name), item);
        }
    }

    fn rename_group(
        &mut self,
        group: Resource,
        renamed: Resource,
        form: &ParsedForm,
        account: &Account,
    ) {
        let Some(mut record) = self.resource_records.remove(&group) else { return };
        self.resources.remove(&(group.kind, name_key(&record.name)));
        if let Some(path) = form.get("NewPath") {
            path.clone_into(&mut record.path);
        }
        if let Some(name) = form.get("NewGroupName") {
            name.clone_into(&mut record.name);
        }
        self.resources.insert((group.kind, name_key(&record.name)), renamed.item);
        self.resource_records.insert(renamed, record);
        if group == renamed {
            return;
        }
        self.resource_symbols.release(group.item.0);
        let (from, to) = (NameScope::Resource(group), NameScope::Resource(renamed));
        for policy in account.sub_resources(renamed, SubResource::InlinePolicy) {
            self.move_item(AttachmentKind::InlinePolicy, policy.item, from, to);
        }
    }

    /// Removes the records of the entries that an operation deleted. `attachments` are those that a
    /// deleted user had.
    pub(super) fn remove_deleted(
        &mut self,
        operation: &Operation,
        attachments: &[Attachment],
        account: &Account,
    ) {
        match *operation {
            Operation::DeleteUser(user) if !account.has_user(user) => {
                for Attachment { kind, item, .. } in attachments {
                    self.attachment_records.remove(&(user, *kind, *item));
                    self.remove_item(NameScope::User(user), *kind, *item);
                }
                let name = self.user_records.remove(&user).map(|it| name_key(&it.name));
                if name.is_some_and(|name| self.users.remove(&name).is_some()) {
                    self.user_symbols.release(user.0);
                }
            }
            Operation::DeleteResource(resource) if !account.has_resource(resource) => {
                let name = self.resource_records.remove(&resource).map(|it| name_key(&it.name));
                if name.is_some_and(|name| self.resources.remove(&(resource.kind, name)).is_some())
                {
                    self.resource_symbols.release(resource.item.0);
                }
                self.remove_versions(resource);
                self.resource_tags.remove(&resource);
            }
            Operation::Detach(user, kind, item) => {
                self.remove_detached(user, kind, item, account);
            }
            Operation::RemoveSubResource(group, SubResource::InlinePolicy, item) => {
                self.remove_item(NameScope::Resource(group), AttachmentKind::InlinePolicy, item);
            }
            Operation::RemoveSubResource(policy, SubResource::Version, item) => {
                self.version_records.remove(&(policy, item));
            }
            _ => {}
        }
    }

    fn remove_versions(&mut self, policy: Resource) {
        let (first, last) = ((policy, Item(0)), (policy, Item(u32::MAX)));
        let keys = self.version_records.range(first..=last).map(|(key, _)| *key);
        for key in keys.collect::<Vec<_>>() {
            self.version_records.remove(&key);
        }
    }

    fn remove_detached(&mut self, user: User, kind: AttachmentKind, item: Item, account: &Account) {
        if account.attachment(user, kind, item).is_none() {
            self.attachment_records.remove(&(user, kind, item));
        }
        let has_record = kind.row().refers_to.is_none() && kind.row().naming != Naming::Single;
        // Another user may still hold the item.
        if has_record && account.holders(kind, item).next().is_none() {
            self.remove_item(NameScope::User(user), kind, item);
        }
    }

    fn remove_item(&mut self, scope: NameScope, kind: AttachmentKind, item: Item) {
        let name = self.item_records.remove(&(kind, item)).map(|it| it.name);
        if name.is_some_and(|name| self.items.remove(&item_key(scope, kind, &name)).is_some()) {
            self.item_symbols.release(item.0);
        }
    }

    /// The number of entries in each map.
    #[cfg(test)]
    pub(super) fn record_counts(&self) -> [(&'static str, usize); 8] {
        [
            ("users", self.users.len()),
            ("resources", self.resources.len()),
            ("items", self.items.len()),
            ("user records", self.user_records.len()),
            ("resource records", self.resource_records.len()),
            ("item records", self.item_records.len()),
            ("version records", self.version_records.len()),
            ("attachment records", self.attachment_records.len()),
        ]
    }

    /// Releases the symbols that a refused operation would have used.
    pub(super) fn release_unused(&mut self, operation: &Operation) {
        match *operation {
            Operation::CreateUser(user, _) if !self.user_records.contains_key(&user) => {
                self.user_symbols.release(user.0);
            }
            Operation::UpdateUser(_, change) => {
                let unused = change.name.filter(|it| !self.user_records.contains_key(it));
                if let Some(unused) = unused {
                    self.user_symbols.release(unused.0);
                }
            }
            Operation::CreateResource(resource)
                if !self.resource_records.contains_key(&resource) =>
            {
                self.resource_symbols.release(resource.item.0);
            }
            Operation::RenameResource(group, Some(item))
                if !self.resource_records.contains_key(&Resource { item, ..group }) =>
            {
                self.resource_symbols.release(item.0);
            }
            Operation::Issue(_, kind, item, _) | Operation::Attach(_, kind, item)
                if kind.row().refers_to.is_none()
                    && kind.row().naming != Naming::Single
                    && !self.item_records.contains_key(&(kind, item)) =>
            {
                self.item_symbols.release(item.0);
            }
            Operation::AddSubResource(_, SubResource::InlinePolicy, item)
                if !self.item_records.contains_key(&(AttachmentKind::InlinePolicy, item)) =>
            {
                self.item_symbols.release(item.0);
            }
            _ => {}
        }
    }
}
