//! The state of one run: the real name of every symbol, and the secrets of the items that it
//! created.
//!
//! [`Names`] maps the symbols of scripts to names that carry the prefix of the run, and back.
//! [`Keyring`] holds seeds, passwords and access keys, and remembers which bodies and codes were
//! sent. Both are separate per namespace. Neither sends anything.

pub(crate) mod sent_values;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use iamspec_conformance::Response;
use iamspec_conformance::endpoint::Namespace;
use iamspec_conformance::script::unusual::UNUSUAL_PATH;
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    AttachmentKind, ErrorCode, InputError, Item, Operation, Path, Resource, ResourceKind, User,
};
use secrecy::{ExposeSecret, SecretString};

use crate::client::session::sent_values::SentValues;
use crate::wire::attachments::{kind_of, wire};
use crate::wire::names::{every_printable_character, full_name, other_case};

/// The account id in ARNs, until the endpoint has returned its own.
const UNKNOWN_ACCOUNT: &str = "123456789012";

/// Adopted items get symbols from this number on. No script reaches it.
const FIRST_ADOPTED: u32 = 900_000;

/// The real names of the symbols of a run.
#[derive(Debug)]
pub struct Names {
    prefix: String,
    /// Whether the run creates everything in a path of its own.
    in_folder: bool,
    space: Namespace,
    /// The number of namespaces, shared by all clients of the run.
    spaces: Arc<AtomicUsize>,
    partition: String,
    account: String,
    ids: HashMap<(Namespace, AttachmentKind, Item), String>,
    resources: HashMap<(Namespace, Resource), String>,
    /// The users whose name is not derived from their symbol.
    users: HashMap<(Namespace, User), String>,
    /// The secrets of what the run created.
    pub keyring: Keyring,
    /// The values that later responses must show.
    pub(crate) sent: SentValues,
    last_adopted: u32,
}

/// Whether a name or the end of an ARN begins with this, in any case.
fn begins_with(name: &str, start: &str) -> bool {
    base_name(name).to_lowercase().starts_with(&start.to_lowercase())
}

/// The name at the end of an ARN or a path; a name without either is returned as it is.
pub(crate) fn base_name(name: &str) -> &str {
    name.rsplit(['/', ':']).next().unwrap_or(name)
}

/// The symbols of the names in a response.
pub(crate) trait KnownNames {
    /// The symbol of an item by its real name, if it has one.
    fn symbol(&self, kind: AttachmentKind, name: &str) -> Option<Item>;

    /// The number of the symbol behind a name or an ARN, if the symbol begins with `symbol`.
    fn number(&self, symbol: &str, name: &str) -> Option<u32>;

    /// The symbol of a path.
    fn path_symbol(&self, path: &str) -> Option<Path>;
}

impl KnownNames for Names {
    fn symbol(&self, kind: AttachmentKind, name: &str) -> Option<Item> {
        if kind.row().refers_to.is_none() && kind.row().naming == Naming::Service {
            let here = self
                .ids
                .iter()
                .find(|((space, of, _), id)| *space == self.space && *of == kind && *id == name);
            return here.map(|((_, _, item), _)| *item);
        }
        self.number(kind.row().prefix, name).map(Item)
    }

    fn number(&self, symbol: &str, name: &str) -> Option<u32> {
        let prefix = format!("{}-{}-{symbol}", self.prefix, self.space.0);
        let name = base_name(name);
        let rest = name.strip_prefix(&prefix)?;
        let end = rest.find(|it: char| !it.is_ascii_digit()).unwrap_or(rest.len());
        let number = rest.get(..end)?.parse().ok()?;
        (self.symbol_name(symbol, number) == name).then_some(number)
    }

    fn path_symbol(&self, path: &str) -> Option<Path> {
        (0..10).map(Path).find(|it| self.path(*it) == path)
    }
}

/// A new id that distinguishes a run from others.
#[must_use]
pub fn run_id() -> String {
    uuid::Uuid::new_v4().simple().to_string().chars().take(8).collect()
}

impl Names {
    /// The names of a run. `run` distinguishes them from the names of other runs.
    #[must_use]
    pub fn new(run: &str) -> Self {
        Self {
            prefix: format!("iamspec-{run}"),
            in_folder: false,
            space: Namespace::default(),
            spaces: Arc::default(),
            partition: "aws".to_owned(),
            account: UNKNOWN_ACCOUNT.to_owned(),
            ids: HashMap::new(),
            resources: HashMap::new(),
            users: HashMap::new(),
            keyring: Keyring::default(),
            sent: SentValues::default(),
            last_adopted: FIRST_ADOPTED,
        }
    }

    /// The same names for an account that others use too. The run creates everything in a path of
    /// its own, which also replaces the root path of scripts.
    #[must_use]
    pub fn in_folder(self) -> Self {
        Self { in_folder: true, ..self }
    }

    /// Enters an unused namespace.
    pub fn fresh(&mut self) -> Namespace {
        self.enter(Namespace(self.spaces.fetch_add(1, Ordering::Relaxed) + 1));
        self.space
    }

    /// Enters a namespace.
    pub const fn enter(&mut self, space: Namespace) {
        self.space = space;
        self.keyring.space = space;
    }

    /// The name of a user.
    #[must_use]
    pub fn user(&self, user: User) -> String {
        if let Some(name) = self.users.get(&(self.space, user)) {
            return name.clone();
        }
        self.symbol_name("u", user.0)
    }

    /// The start of the names of this namespace.
    fn namespace_prefix(&self) -> String {
        format!("{}-{}-", self.prefix, self.space.0)
    }

    /// The name of a symbol that is not bound to another one.
    fn symbol_name(&self, symbol: &str, number: u32) -> String {
        let base = format!("{}{symbol}{number}", self.namespace_prefix());
        full_name(&base, symbol, number)
    }

    /// The real path of a path symbol. The paths of a namespace are below the run's own path.
    #[must_use]
    pub fn path(&self, path: Path) -> String {
        match path {
            Path(0) if self.in_folder => format!("/{}/", self.prefix),
            Path(0) => "/".to_owned(),
            Path(number) => {
                let unusual = every_printable_character() + "/";
                let end = if number == UNUSUAL_PATH { unusual.as_str() } else { "" };
                format!("/{}/{}/{number}/{end}", self.prefix, self.space.0)
            }
        }
    }

    /// The path of the run, if a create request must name it.
    #[must_use]
    pub fn folder(&self) -> Option<String> {
        self.in_folder.then(|| self.path(Path(0)))
    }

    /// Whether a name or the end of an ARN carries the prefix of this run, in any case.
    #[must_use]
    pub fn is_ours(&self, name: &str) -> bool {
        begins_with(name, &format!("{}-", self.prefix))
    }

    /// Whether a name or the end of an ARN is one of this namespace, in any case.
    pub(crate) fn is_of_namespace(&self, name: &str) -> bool {
        begins_with(name, &self.namespace_prefix())
    }

    /// Whether a path is the root, which contains nothing itself, or below the path of this run.
    #[must_use]
    pub fn is_our_path(&self, path: &str) -> bool {
        path.trim_start_matches('/').is_empty() || path.starts_with(&format!("/{}/", self.prefix))
    }

    /// Whether the service gave an id to this run, or the id is a placeholder that nothing has.
    #[must_use]
    pub fn is_our_id(&self, id: &str) -> bool {
        id.contains("IAMSPEC") || self.ids.values().any(|it| it == id)
    }

    /// The name that a resource is created with.
    #[must_use]
    pub fn resource_name(&self, resource: Resource) -> String {
        self.symbol_name(resource.kind.row().prefix, resource.item.0)
    }

    /// Sets the name of a user.
    pub fn bind_user(&mut self, user: User, name: &str) {
        self.users.insert((self.space, user), name.to_owned());
    }

    /// The reference to a resource in requests: the name of a group, the ARN of a policy, the
    /// serial number of a device.
    #[must_use]
    pub fn resource(&self, resource: Resource) -> String {
        if let Some(name) = self.resources.get(&(self.space, resource)) {
            return name.clone();
        }
        let name = self.resource_name(resource);
        match resource.kind {
            ResourceKind::Group => name,
            ResourceKind::Policy => self.arn("policy", &name),
            ResourceKind::Device => self.arn("mfa", &name),
        }
    }

    /// The ARN of a resource that is created without a path of its own. `prefix` is the resource
    /// type in the ARN.
    #[must_use]
    pub fn arn(&self, prefix: &str, name: &str) -> String {
        let path = self.path(Path(0));
        format!("arn:{}:iam::{}:{prefix}{path}{name}", self.partition, self.account)
    }

    /// The ARN of a resource in any path and any account, for a policy.
    #[must_use]
    pub fn arn_of_any_path(&self, prefix: &str, name: &str) -> String {
        format!("arn:{}:iam::*:{prefix}/*{name}", self.partition)
    }

    /// The name or id of an item in requests. An item without an id gets a placeholder of the
    /// right form.
    #[must_use]
    pub fn item(&self, kind: AttachmentKind, item: Item) -> String {
        let id = || self.ids.get(&(self.space, kind, item)).cloned();
        match (kind.row().refers_to, kind.row().naming) {
            (Some(class), _) => self.resource(Resource { kind: class, item }),
            (None, Naming::Service) => {
                id().unwrap_or_else(|| format!("{}IAMSPEC{:017}", wire(kind).id_prefix, item.0))
            }
            (None, _) => id().unwrap_or_else(|| self.symbol_name(kind.row().prefix, item.0)),
        }
    }

    /// Whether the service gave an id to an item.
    #[must_use]
    pub fn has_id(&self, kind: AttachmentKind, item: Item) -> bool {
        self.ids.contains_key(&(self.space, kind, item))
    }

    /// Sets the id that the service gave to an item.
    pub fn bind(&mut self, kind: AttachmentKind, item: Item, id: &str) {
        self.ids.insert((self.space, kind, item), id.to_owned());
    }

    /// Sets the reference to a resource.
    pub fn bind_resource(&mut self, resource: Resource, reference: &str) {
        self.resources.insert((self.space, resource), reference.to_owned());
    }

    /// Takes the partition and the account id from an ARN.
    pub fn learn_account(&mut self, arn: &str) {
        let parts: Vec<&str> = arn.split(':').collect();
        if let [_, partition, _, _, account, ..] = *parts
            && account.len() == 12
        {
            account.clone_into(&mut self.account);
            partition.clone_into(&mut self.partition);
        }
    }

    /// Gives a new symbol to an item that no script has created.
    pub fn adopt(&mut self, kind: AttachmentKind, name: &str) -> Item {
        self.last_adopted += 1;
        let item = Item(self.last_adopted);
        match kind.row().refers_to {
            Some(class) => self.bind_resource(Resource { kind: class, item }, name),
            None => self.bind(kind, item, name),
        }
        item
    }

    /// Gives a new symbol to a resource of this run.
    pub fn adopt_resource(&mut self, class: ResourceKind, reference: &str) -> Resource {
        self.last_adopted += 1;
        let resource = Resource { kind: class, item: Item(self.last_adopted) };
        self.bind_resource(resource, reference);
        resource
    }

    /// Gives a new symbol to a user of this run.
    pub fn adopt_user(&mut self, name: &str) -> User {
        self.last_adopted += 1;
        self.bind_user(User(self.last_adopted), name);
        User(self.last_adopted)
    }

    /// The real name of the user or resource of an operation in a namespace, for messages.
    #[must_use]
    pub fn describe(&self, space: Namespace, op: &Operation) -> String {
        let name = |symbol: String| format!("{}-{}-{symbol}", self.prefix, space.0);
        let user = op.user().map(|user| name(format!("u{}", user.0)));
        let resource =
            op.resource().map(|it| name(format!("{}{}", it.kind.row().prefix, it.item.0)));
        let noun = op.kind().map(|kind| format!("{} of", kind.row().noun));
        let item = resource.filter(|_| op.kind().is_none()).or(user).unwrap_or_default();
        noun.into_iter().chain([item]).collect::<Vec<_>>().join(" ")
    }

    /// The real name of the user of an operation in a namespace, or else of its resource.
    #[must_use]
    pub fn owner(&self, space: Namespace, op: &Operation) -> String {
        let name = |symbol: String| format!("{}-{}-{symbol}", self.prefix, space.0);
        let user = |it: User| {
            let known = self.users.get(&(space, it)).cloned();
            known.unwrap_or_else(|| name(format!("u{}", it.0)))
        };
        let resource = |it: Resource| name(format!("{}{}", it.kind.row().prefix, it.item.0));
        op.user().map(user).or_else(|| op.resource().map(resource)).unwrap_or_default()
    }

    /// A text of the endpoint with the names that the request carried replaced by their symbols.
    /// Other names stay: the name of a policy, if the request carried
    /// its ARN.
    #[must_use]
    pub fn in_symbols(&self, text: &str, op: &Operation) -> String {
        let mut names = self.names_in_request(op);
        let invalid = match op {
            Operation::Invalid(_, invalid) => Some(invalid.row().error),
            _ => None,
        };
        if invalid == Some(InputError::OtherCase) {
            let names_before = names.clone().into_iter();
            names.extend(names_before.map(|(it, symbol)| (other_case(&it), other_case(&symbol))));
        }
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        names.iter().fold(text.to_owned(), |text, (name, symbol)| text.replace(name, symbol))
    }

    /// The names that the request of an operation carries, each with its symbol.
    fn names_in_request(&self, op: &Operation) -> Vec<(String, String)> {
        let user = |user: User| (self.user(user), format!("u{}", user.0));
        let reference = |it: Resource| (self.resource(it), it.to_string());
        let mut names: Vec<_> = op.user().map(user).into_iter().collect();
        match op.well_formed() {
            Operation::UpdateUser(_, change) => names.extend(change.name.map(user)),
            Operation::CreateResource(resource) => {
                names.push((self.resource_name(resource), resource.to_string()));
            }
            Operation::RenameResource(resource, name) => {
                let renamed = name.map(|item| Resource { item, ..resource });
                names.push(reference(resource));
                names.extend(renamed.map(|it| (self.resource_name(it), it.to_string())));
            }
            _ => names.extend(op.resource().map(reference)),
        }
        names.extend(op.referenced_policy().map(reference));
        let of_resource = op.sub_resource().and_then(|(_, part)| kind_of(part));
        let of_resource = of_resource.filter(|kind| kind.row().refers_to.is_none()).zip(op.entry());
        let of_user = op.kind().filter(|_| op.resource().is_none()).zip(op.item());
        let item = of_user.or(of_resource);
        names.extend(item.map(|(kind, item)| (self.item(kind, item), kind.symbol(item))));
        names
    }

    /// The names of another client of the same run, which enters namespaces of its own.
    #[must_use]
    pub fn for_another_client(&self) -> Self {
        Self {
            in_folder: self.in_folder,
            spaces: Arc::clone(&self.spaces),
            partition: self.partition.clone(),
            account: self.account.clone(),
            prefix: self.prefix.clone(),
            ..Self::new("")
        }
    }

    /// Takes the bound names and secrets out, for the client that deletes what was created.
    #[must_use]
    pub fn take(&mut self) -> Self {
        let empty = self.for_another_client();
        std::mem::replace(self, empty)
    }

    /// Adds the bound names and secrets of another client.
    pub fn merge(&mut self, other: Self) {
        self.ids.extend(other.ids);
        self.resources.extend(other.resources);
        self.users.extend(other.users);
        self.keyring.merge(other.keyring);
        if other.account != UNKNOWN_ACCOUNT {
            (self.account, self.partition) = (other.account, other.partition);
        }
    }
}

/// Whether a request can be signed with an access key. Greater is better.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Usable {
    /// The key is deleted or inactive.
    No,
    /// The response to a request that may have deleted or deactivated the key was lost.
    Unknown,
    /// The key exists and is active.
    Yes,
}

/// An access key of a user. A deleted key stays in the keyring, so that its secret stays hidden.
struct Key {
    id: String,
    secret: SecretString,
    usable: Usable,
    /// Whether a listing of the user's keys has shown the id.
    confirmed: bool,
}

/// The secrets and uploads of a run, by namespace.
#[derive(Default)]
pub struct Keyring {
    space: Namespace,
    /// `None` if the response that had the seed was lost.
    seeds: HashMap<(Namespace, Item), Option<SecretString>>,
    /// `None` if a lost response makes the password unknown.
    passwords: HashMap<(Namespace, User), Option<SecretString>>,
    /// The access keys of each user, in the order of their creation.
    keys: HashMap<(Namespace, User), Vec<Key>>,
    bodies: HashMap<(Namespace, AttachmentKind, Item), String>,
    /// The windows of the codes that were sent last for a device, and of the codes before.
    codes: HashMap<(Namespace, Item), (u64, Option<u64>)>,
}

/// Shows no secret.
impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyring").field("space", &self.space).finish_non_exhaustive()
    }
}

impl Keyring {
    /// Adds the entries of another keyring, which has other namespaces.
    fn merge(&mut self, other: Self) {
        self.seeds.extend(other.seeds);
        self.passwords.extend(other.passwords);
        self.keys.extend(other.keys);
        self.bodies.extend(other.bodies);
        self.codes.extend(other.codes);
    }

    /// Sets the seed of a device, in base 32. An empty seed counts as lost.
    pub fn set_seed(&mut self, device: Item, seed: String) {
        let seed = (!seed.is_empty()).then(|| seed.into());
        self.seeds.insert((self.space, device), seed);
    }

    /// The seed of a device, if the endpoint returned one.
    #[must_use]
    pub fn seed(&self, device: Item) -> Option<&str> {
        self.seeds.get(&(self.space, device))?.as_ref().map(ExposeSecret::expose_secret)
    }

    /// Records that the endpoint may have created a device without returning its seed.
    pub fn mark_seed_lost(&mut self, device: Item) {
        self.seeds.entry((self.space, device)).or_insert(None);
    }

    /// Whether the endpoint may have created the device without returning its seed.
    #[must_use]
    pub fn lost_seed(&self, device: Item) -> bool {
        matches!(self.seeds.get(&(self.space, device)), Some(None))
    }

    /// Sets the password of a user and returns the previous one. An empty password counts as lost.
    pub fn set_password(&mut self, user: User, password: &str) -> Option<SecretString> {
        self.passwords.insert((self.space, user), secret(password)).flatten()
    }

    /// Records that the password of a user is unknown.
    pub fn mark_password_lost(&mut self, user: User) {
        self.passwords.insert((self.space, user), None);
    }

    /// Whether the password of a user is unknown.
    #[must_use]
    pub fn lost_password(&self, user: User) -> bool {
        matches!(self.passwords.get(&(self.space, user)), Some(None))
    }

    /// Adds an access key of a user. A key without a secret is not added.
    pub fn add_key(&mut self, user: User, id: &str, key: &str) {
        let Some(secret) = secret(key) else { return };
        let keys = self.keys.entry((self.space, user)).or_default();
        keys.push(Key { id: id.to_owned(), secret, usable: Usable::Yes, confirmed: false });
    }

    /// Records whether the user can sign with the access key of this id.
    pub fn set_usable(&mut self, user: User, id: &str, usable: Usable) {
        let keys = self.keys.get_mut(&(self.space, user)).into_iter().flatten();
        keys.filter(|key| key.id == id).for_each(|key| key.usable = usable);
    }

    /// Records that the user is deleted, and with it all of its access keys.
    pub fn mark_keys_deleted(&mut self, user: User) {
        let keys = self.keys.get_mut(&(self.space, user)).into_iter().flatten();
        keys.for_each(|key| key.usable = Usable::No);
    }

    /// The id and the secret of the access key that the user signs with: of the most usable keys,
    /// the newest.
    #[must_use]
    pub fn key(&self, user: User) -> Option<(&str, &str)> {
        let keys = self.keys.get(&(self.space, user))?.iter();
        let key = keys.filter(|key| key.usable != Usable::No).max_by_key(|key| key.usable)?;
        Some((&key.id, key.secret.expose_secret()))
    }

    /// The user that the access key of this id was created for.
    #[must_use]
    pub fn owner_of(&self, id: &str) -> Option<User> {
        let keys = self.keys.iter().filter(|((space, _), _)| *space == self.space);
        let mut owners = keys.filter(|(_, keys)| keys.iter().any(|key| key.id == id));
        owners.next().map(|((_, user), _)| *user)
    }

    /// Whether a listing of the user's own keys has shown the access key of this id.
    #[must_use]
    pub fn is_confirmed(&self, user: User, id: &str) -> bool {
        let mut keys = self.keys.get(&(self.space, user)).into_iter().flatten();
        keys.any(|key| key.id == id && key.confirmed)
    }

    /// Records that a listing of the user's own keys has shown the access key of this id.
    pub fn confirm(&mut self, user: User, id: &str) {
        let keys = self.keys.get_mut(&(self.space, user)).into_iter().flatten();
        keys.filter(|key| key.id == id).for_each(|key| key.confirmed = true);
    }

    /// Moves the entries of a user to its new name.
    pub fn rename(&mut self, user: User, name: User) {
        let (from, to) = ((self.space, user), (self.space, name));
        let password = self.passwords.remove(&from);
        self.passwords.extend(password.map(|it| (to, it)));
        let keys = self.keys.remove(&from).unwrap_or_default();
        self.keys.entry(to).or_default().extend(keys);
    }

    /// The body that was uploaded for an item.
    #[must_use]
    pub fn body(&self, kind: AttachmentKind, item: Item) -> Option<&str> {
        self.bodies.get(&(self.space, kind, item)).map(String::as_str)
    }

    /// Records the body that is uploaded for an item.
    pub fn record_body(&mut self, kind: AttachmentKind, item: Item, body: &str) {
        self.bodies.insert((self.space, kind, item), body.to_owned());
    }

    /// Whether another namespace uploaded the body of this item too.
    #[must_use]
    pub fn shares_body(&self, kind: AttachmentKind, item: Item) -> bool {
        let own = self.body(kind, item);
        self.bodies.iter().any(|((space, of, _), body)| {
            *space != self.space && *of == kind && Some(body.as_str()) == own
        })
    }

    /// Records that codes for this window of thirty seconds are sent.
    pub fn record_codes(&mut self, device: Item, window: u64) {
        let sent = self.codes.get(&(self.space, device)).map(|(last, _)| *last);
        self.codes.insert((self.space, device), (window, sent));
    }

    /// Whether the last codes were sent before. One of the two codes is for the previous window.
    #[must_use]
    pub fn repeats_codes(&self, device: Item) -> bool {
        let sent = self.codes.get(&(self.space, device));
        sent.is_some_and(|(last, before)| before.is_some_and(|it| last.abs_diff(it) <= 1))
    }
}

/// A secret, unless it is empty.
fn secret(text: &str) -> Option<SecretString> {
    (!text.is_empty()).then(|| text.into())
}

/// The knowledge of a client about the policies of an endpoint.
#[derive(Clone, Default)]
pub(crate) struct OwnPolicies {
    /// The endpoint has denied a call of a user of the run.
    pub(crate) are_evaluated: bool,
    /// A policy did not help after several tries.
    pub(crate) have_no_effect: bool,
    /// The users that had a policy. Its deletion may not be visible yet.
    pub(crate) users: BTreeSet<String>,
}

impl OwnPolicies {
    /// Whether a policy of this run may be the cause of a response to an operation (F-004).
    pub(crate) fn may_cause(&self, user: &str, op: &Operation, response: &Response) -> bool {
        let shows_policy = match response {
            Response::Refused { code, .. } => {
                matches!(op, Operation::DeleteUser(_)) && code == ErrorCode::DeleteConflict.name()
            }
            Response::Success(Some(listing)) => {
                listing.unknown_names.iter().any(|it| *it == own_policy_name(user))
            }
            _ => false,
        };
        shows_policy && self.users.contains(user)
    }
}

/// The name of the policy of a user.
pub(crate) fn own_policy_name(user: &str) -> String {
    format!("{user}-own")
}

#[cfg(test)]
mod tests {
    use iamspec_model::InvalidRequest;

    use super::*;

    const USER: User = User(0);

    #[test]
    fn an_empty_secret_is_not_stored() {
        let mut keyring = Keyring::default();
        keyring.add_key(USER, "AKIA0", "");
        keyring.set_seed(Item(0), String::new());
        keyring.set_password(USER, "");
        assert_eq!(keyring.key(USER), None);
        assert_eq!(keyring.seed(Item(0)), None);
        assert!(keyring.lost_seed(Item(0)) && keyring.lost_password(USER));
    }

    #[test]
    fn a_name_in_another_case_has_a_symbol_in_another_case() {
        let mut names = Names::new("iamspec-a82c3611");
        names.fresh();
        let invalid = InvalidRequest::of(Operation::GetUser, "UserName", InputError::OtherCase);
        let op = Operation::Invalid(USER, invalid.unwrap());
        let user = names.user(USER);
        let text = format!("no {}, but {user}", other_case(&user));
        assert_eq!(names.in_symbols(&text, &op), "no U0, but u0");
        // Another call does not hide that the endpoint changes the case.
        let text = format!("no {}", other_case(&user));
        assert_eq!(names.in_symbols(&text, &Operation::GetUser(USER)), text);
    }
}
