//! Symbols and real names. Every name that the client sends carries the prefix of its run.
//!
//! Names for several that ask at the same time, each in name spaces of its own.
//!
//! What only this run knows of what it made: seeds, passwords, keys, and what it sent before.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use iamspec_conformance::endpoint::Namespace;
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    AttachmentKind, Item, Operation, Path, Resource, ResourceKind, SubResource, User,
};
use secrecy::{ExposeSecret, SecretString};

use crate::client::trace::HIDDEN;
use crate::wire::names;

/// An account id for names that are needed before the endpoint has told its own.
const UNKNOWN_ACCOUNT: &str = "123456789012";

/// What the symbols of a run stand for.
#[derive(Debug)]
pub struct Names {
    prefix: String,
    /// Whether everything is made in a folder of the run's own.
    in_folder: bool,
    space: Namespace,
    /// How many name spaces there are; forks count together.
    spaces: Arc<AtomicUsize>,
    partition: String,
    account: String,
    ids: HashMap<(Namespace, AttachmentKind, Item), String>,
    objects: HashMap<(Namespace, Resource), String>,
    /// The users that are called otherwise than their symbol says.
    users: HashMap<(Namespace, User), String>,
    /// What only this run knows of what it made.
    pub keyring: Keyring,
    adopted: u32,
}

/// Items that a listing showed and nobody asked for are numbered from here.
const ADOPTED: u32 = 900_000;

/// The name at the end of an ARN; the whole where it is none.
pub(crate) fn last(name: &str) -> &str {
    name.rsplit(['/', ':']).next().unwrap_or(name)
}

impl Names {
    /// Names for a run. `run` tells its names from those of other runs.
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
            objects: HashMap::new(),
            users: HashMap::new(),
            keyring: Keyring::default(),
            adopted: ADOPTED,
        }
    }

    /// The same, for an account where others live: everything is made in a folder of the run's own, and
    /// what has no path in a script has that one.
    #[must_use]
    pub fn in_folder(self) -> Self {
        Self { in_folder: true, ..self }
    }

    /// Enters a name space that was never used.
    pub fn fresh(&mut self) -> Namespace {
        self.enter(Namespace(self.spaces.fetch_add(1, Ordering::Relaxed) + 1));
        self.space
    }

    /// Enters a name space again.
    pub const fn enter(&mut self, space: Namespace) {
        self.space = space;
        self.keyring.space = space;
    }

    /// The user name.
    #[must_use]
    pub fn user(&self, user: User) -> String {
        if let Some(name) = self.users.get(&(self.space, user)) {
            return name.clone();
        }
        format!("{}-{}-u{}", self.prefix, self.space.0, user.0)
    }

    /// The path: that of a script that gives none, or one in a folder of this name space's own.
    #[must_use]
    pub fn path(&self, path: Path) -> String {
        match path {
            Path(0) if self.in_folder => format!("/{}/", self.prefix),
            Path(0) => "/".to_owned(),
            Path(number) => format!("/{}/{}/{number}/", self.prefix, self.space.0),
        }
    }

    /// The path to make something in, where the request must name it.
    #[must_use]
    pub fn folder(&self) -> Option<String> {
        self.in_folder.then(|| self.path(Path(0)))
    }

    /// Whether a name, or the end of an ARN, carries the prefix of this run, in whatever case.
    #[must_use]
    pub fn is_ours(&self, name: &str) -> bool {
        last(name).to_lowercase().starts_with(&format!("{}-", self.prefix).to_lowercase())
    }

    /// Whether a path is the root, which holds nothing by itself, or in the folder of this run.
    #[must_use]
    pub fn is_our_path(&self, path: &str) -> bool {
        path.trim_start_matches('/').is_empty() || path.starts_with(&format!("/{}/", self.prefix))
    }

    /// Whether an id is one that the service gave to this run, or that nothing has.
    #[must_use]
    pub fn is_our_id(&self, id: &str) -> bool {
        id.contains("IAMSPEC") || self.ids.values().any(|it| it == id)
    }

    /// The name that an object is created with.
    #[must_use]
    pub fn object_name(&self, object: Resource) -> String {
        format!("{}-{}-{}{}", self.prefix, self.space.0, object.class.row().symbol, object.item.0)
    }

    /// Learns what a user is called from now on.
    pub fn bind_user(&mut self, user: User, name: &str) {
        self.users.insert((self.space, user), name.to_owned());
    }

    /// What names an object in requests: a group's name, a policy's ARN, a device's serial number.
    #[must_use]
    pub fn object(&self, object: Resource) -> String {
        if let Some(name) = self.objects.get(&(self.space, object)) {
            return name.clone();
        }
        let name = self.object_name(object);
        match object.class {
            ResourceKind::Group => name,
            ResourceKind::Policy => self.arn("policy", &name),
            ResourceKind::Device => self.arn("mfa", &name),
        }
    }

    /// The ARN that a thing has which is made without a path of its own.
    #[must_use]
    pub fn arn(&self, sort: &str, name: &str) -> String {
        let path = self.path(Path(0));
        format!("arn:{}:iam::{}:{sort}{path}{name}", self.partition, self.account)
    }

    /// What names an item in requests. An id that the service has not given looks like one.
    #[must_use]
    pub fn item(&self, kind: AttachmentKind, item: Item) -> String {
        match (kind.row().refers, kind.row().naming) {
            (Some(class), _) => self.object(Resource { class, item }),
            (None, Naming::Service) => {
                let given = self.ids.get(&(self.space, kind, item)).cloned();
                given.unwrap_or_else(|| format!("{}IAMSPEC{:017}", names::id_prefix(kind), item.0))
            }
            (None, _) => self.ids.get(&(self.space, kind, item)).cloned().unwrap_or_else(|| {
                format!("{}-{}-{}", self.prefix, self.space.0, kind.symbol(item))
            }),
        }
    }

    /// Learns the id that the service gave.
    pub fn bind(&mut self, kind: AttachmentKind, item: Item, id: &str) {
        self.ids.insert((self.space, kind, item), id.to_owned());
    }

    /// Learns what names an object from now on.
    pub fn bind_object(&mut self, object: Resource, name: &str) {
        self.objects.insert((self.space, object), name.to_owned());
    }

    /// Learns the partition and the account id from an ARN.
    pub fn learn_account(&mut self, arn: &str) {
        let parts: Vec<&str> = arn.split(':').collect();
        if let [_, partition, _, _, account, ..] = *parts
            && account.len() == 12
        {
            account.clone_into(&mut self.account);
            partition.clone_into(&mut self.partition);
        }
    }

    /// Gives a symbol to an item that was never asked for.
    pub fn adopt(&mut self, kind: AttachmentKind, name: &str) -> Item {
        self.adopted += 1;
        let item = Item(self.adopted);
        match kind.row().refers {
            Some(class) => self.bind_object(Resource { class, item }, name),
            None => self.bind(kind, item, name),
        }
        item
    }

    /// Gives a symbol to an object of this run by what names it in requests.
    pub fn adopt_object(&mut self, class: ResourceKind, name: &str) -> Resource {
        self.adopted += 1;
        let object = Resource { class, item: Item(self.adopted) };
        self.bind_object(object, name);
        object
    }

    /// Gives a symbol to a user of this run by its name.
    pub fn adopt_user(&mut self, name: &str) -> User {
        self.adopted += 1;
        self.bind_user(User(self.adopted), name);
        User(self.adopted)
    }

    /// The symbol of an item by its real name, if it has one here.
    #[must_use]
    pub fn symbol(&self, kind: AttachmentKind, name: &str) -> Option<Item> {
        if kind.row().refers.is_none() && kind.row().naming == Naming::Service {
            let here = self
                .ids
                .iter()
                .find(|((space, of, _), id)| *space == self.space && *of == kind && *id == name);
            return here.map(|((_, _, item), _)| *item);
        }
        self.number(kind.row().symbol, name).map(Item)
    }

    /// The number in a name of this name space, or at the end of an ARN, that begins with this symbol.
    #[must_use]
    pub fn number(&self, symbol: &str, name: &str) -> Option<u32> {
        last(name).strip_prefix(&format!("{}-{}-{symbol}", self.prefix, self.space.0))?.parse().ok()
    }

    /// The real names of what an operation is about, in the name space where it was asked.
    #[must_use]
    pub fn describe(&self, space: Namespace, op: &Operation) -> String {
        let name = |symbol: String| format!("{}-{}-{symbol}", self.prefix, space.0);
        let user = op.user().map(|user| name(format!("u{}", user.0)));
        let object = op.object().map(|it| name(format!("{}{}", it.class.row().symbol, it.item.0)));
        let noun = op.kind().map(|kind| format!("{} of", kind.row().noun));
        let item = object.filter(|_| op.kind().is_none()).or(user).unwrap_or_default();
        noun.into_iter().chain([item]).collect::<Vec<_>>().join(" ")
    }

    /// A text from the endpoint, with the names that the request carried put back into symbols: a
    /// policy's name where its ARN was sent stays as it is.
    #[must_use]
    pub fn in_symbols(&self, text: &str, op: &Operation) -> String {
        let mut known = self.sent(op);
        known.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        let text = self.keyring.hide(text, HIDDEN);
        known.iter().fold(text, |text, (name, symbol)| text.replace(name, symbol))
    }

    /// The names that the request carries, each with its symbol.
    fn sent(&self, op: &Operation) -> Vec<(String, String)> {
        let named = |user: User| (self.user(user), format!("u{}", user.0));
        let is = |object: Resource| (self.object(object), object.to_string());
        let mut known: Vec<_> = op.user().map(named).into_iter().collect();
        match op.sound() {
            Operation::UpdateUser(_, change) => known.extend(change.name.map(named)),
            Operation::Create(object) => {
                known.push((self.object_name(object), object.to_string()));
            }
            Operation::Rename(object, name) => {
                let renamed = name.map(|item| Resource { item, ..object });
                known.push(is(object));
                known.extend(renamed.map(|it| (self.object_name(it), it.to_string())));
            }
            _ => known.extend(op.object().map(is)),
        }
        known.extend(op.referred().map(is));
        let inline = op.part().filter(|(_, part)| *part == SubResource::InlinePolicy);
        let inline = inline.and(op.piece()).map(|item| (AttachmentKind::InlinePolicy, item));
        let own = op.kind().filter(|_| op.object().is_none()).zip(op.item()).or(inline);
        known.extend(own.map(|(kind, item)| (self.item(kind, item), kind.symbol(item))));
        known
    }
}

impl Names {
    /// Names for one that asks at the same time, in name spaces of its own.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self {
            in_folder: self.in_folder,
            spaces: Arc::clone(&self.spaces),
            partition: self.partition.clone(),
            account: self.account.clone(),
            prefix: self.prefix.clone(),
            ..Self::new("")
        }
    }

    /// Gives away what was learned, for whoever removes what was made.
    #[must_use]
    pub fn give_away(&mut self) -> Self {
        let rest = self.fork();
        std::mem::replace(self, rest)
    }

    /// Takes in what a fork has learned.
    pub fn take_in(&mut self, learnt: Self) {
        self.ids.extend(learnt.ids);
        self.objects.extend(learnt.objects);
        self.users.extend(learnt.users);
        self.keyring.take_in(learnt.keyring);
        if learnt.account != UNKNOWN_ACCOUNT {
            (self.account, self.partition) = (learnt.account, learnt.partition);
        }
    }
}

/// A shorter secret is not searched for in texts: it may be a part of any word.
const SEARCHED_MIN: usize = 8;

/// Whether a request can be signed with an access key; the greatest is the best.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Usable {
    /// The key is deleted or inactive.
    No,
    /// The response to a request that may have deleted or deactivated the key was lost.
    Unknown,
    /// The key is there and active.
    Yes,
}

/// An access key that a user was issued. It is kept after its deletion, so that its secret stays hidden.
struct Key {
    id: String,
    secret: SecretString,
    usable: Usable,
}

/// What is known, by name space.
#[derive(Default)]
pub struct Keyring {
    pub(crate) space: Namespace,
    /// `None` where an answer was lost.
    seeds: HashMap<(Namespace, Item), Option<SecretString>>,
    /// `None` where nobody knows any more, because an answer was lost.
    passwords: HashMap<(Namespace, User), Option<SecretString>>,
    /// The access keys of each user, in the order of their creation.
    keys: HashMap<(Namespace, User), Vec<Key>>,
    bodies: HashMap<(Namespace, AttachmentKind, Item), String>,
    /// For which time a device's codes were sent last, and the time before.
    codes: HashMap<(Namespace, Item), (u64, Option<u64>)>,
}

/// It holds secrets, and shows none.
impl std::fmt::Debug for Keyring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keyring").field("space", &self.space).finish_non_exhaustive()
    }
}

impl Keyring {
    /// Takes in what another one knows, of other name spaces.
    pub(crate) fn take_in(&mut self, other: Self) {
        self.seeds.extend(other.seeds);
        self.passwords.extend(other.passwords);
        self.keys.extend(other.keys);
        self.bodies.extend(other.bodies);
        self.codes.extend(other.codes);
    }

    /// Keeps the seed of a device, in base 32. An empty seed counts as lost.
    pub fn keep_seed(&mut self, device: Item, seed: String) {
        let seed = (!seed.is_empty()).then(|| seed.into());
        self.seeds.insert((self.space, device), seed);
    }

    /// The seed of a device, if the endpoint told one.
    #[must_use]
    pub fn seed(&self, device: Item) -> Option<&str> {
        self.seeds.get(&(self.space, device))?.as_ref().map(ExposeSecret::expose_secret)
    }

    /// Notes that the endpoint may have made a device and told nobody its seed.
    pub fn lose_seed(&mut self, device: Item) {
        self.seeds.entry((self.space, device)).or_insert(None);
    }

    /// Whether the endpoint may have made the device and told nobody its seed.
    #[must_use]
    pub fn lost_seed(&self, device: Item) -> bool {
        matches!(self.seeds.get(&(self.space, device)), Some(None))
    }

    /// Keeps the password that a user gets, and gives back the one that it had. An empty password counts
    /// as lost.
    pub fn keep_password(&mut self, user: User, password: &str) -> Option<SecretString> {
        self.passwords.insert((self.space, user), secret(password)).flatten()
    }

    /// Notes that nobody knows which password the user has.
    pub fn lose_password(&mut self, user: User) {
        self.passwords.insert((self.space, user), None);
    }

    /// Whether nobody knows which password the user has.
    #[must_use]
    pub fn lost_password(&self, user: User) -> bool {
        matches!(self.passwords.get(&(self.space, user)), Some(None))
    }

    /// The text with a word in the place of every secret that is known here, in one pass: the word is not
    /// searched. Secrets that overlap are replaced together.
    #[must_use]
    pub fn hide(&self, text: &str, word: &str) -> String {
        let keys = self.keys.values().flatten().map(|key| &key.secret);
        let passwords = self.passwords.values().flatten();
        let secrets = self.seeds.values().flatten().chain(passwords).chain(keys);
        let secrets = secrets.map(ExposeSecret::expose_secret);
        let mut found: Vec<(usize, usize)> = secrets
            .filter(|secret| secret.len() >= SEARCHED_MIN)
            .flat_map(|secret| text.match_indices(secret))
            .map(|(begin, secret)| (begin, begin + secret.len()))
            .collect();
        found.sort_unstable();
        let mut shown = String::with_capacity(text.len());
        let mut at = 0;
        for (begin, end) in found {
            if begin >= at {
                shown.push_str(text.get(at..begin).unwrap_or_default());
                shown.push_str(word);
            }
            at = at.max(end);
        }
        shown.push_str(text.get(at..).unwrap_or_default());
        shown
    }

    /// Keeps an access key that a user can sign with. A key without a secret is not kept.
    pub fn keep_key(&mut self, user: User, id: &str, secret: &str) {
        let Some(secret) = crate::client::session::secret(secret) else { return };
        let keys = self.keys.entry((self.space, user)).or_default();
        keys.push(Key { id: id.to_owned(), secret, usable: Usable::Yes });
    }

    /// Notes whether the user can sign with the access key of this id.
    pub fn set_usable(&mut self, user: User, id: &str, usable: Usable) {
        let keys = self.keys.get_mut(&(self.space, user)).into_iter().flatten();
        keys.filter(|key| key.id == id).for_each(|key| key.usable = usable);
    }

    /// Notes that the user is deleted, and cannot sign with any of its access keys.
    pub fn forget_keys(&mut self, user: User) {
        let keys = self.keys.get_mut(&(self.space, user)).into_iter().flatten();
        keys.for_each(|key| key.usable = Usable::No);
    }

    /// The id and the secret of the access key that the user can sign with: the one that was issued last,
    /// if there are several.
    #[must_use]
    pub fn key(&self, user: User) -> Option<(&str, &str)> {
        let keys = self.keys.get(&(self.space, user))?.iter();
        let key = keys.filter(|key| key.usable != Usable::No).max_by_key(|key| key.usable)?;
        Some((&key.id, key.secret.expose_secret()))
    }

    /// What is known of a user is known of it under its new name.
    pub fn rename(&mut self, user: User, name: User) {
        let (from, to) = ((self.space, user), (self.space, name));
        let password = self.passwords.remove(&from);
        self.passwords.extend(password.map(|it| (to, it)));
        let keys = self.keys.remove(&from).unwrap_or_default();
        self.keys.entry(to).or_default().extend(keys);
    }

    /// What was uploaded for an item, if anything was.
    #[must_use]
    pub fn body(&self, kind: AttachmentKind, item: Item) -> Option<&str> {
        self.bodies.get(&(self.space, kind, item)).map(String::as_str)
    }

    /// Keeps what is uploaded for an item.
    pub fn keep_body(&mut self, kind: AttachmentKind, item: Item, body: &str) {
        self.bodies.insert((self.space, kind, item), body.to_owned());
    }

    /// Whether another name space uploaded the very body of this item.
    #[must_use]
    pub fn shares_body(&self, kind: AttachmentKind, item: Item) -> bool {
        let own = self.body(kind, item);
        self.bodies.iter().any(|((space, of, _), body)| {
            *space != self.space && *of == kind && Some(body.as_str()) == own
        })
    }

    /// Notes that codes for this window of thirty seconds are sent.
    pub fn keep_codes(&mut self, device: Item, window: u64) {
        let sent = self.codes.get(&(self.space, device)).map(|(last, _)| *last);
        self.codes.insert((self.space, device), (window, sent));
    }

    /// Whether the codes sent last had been sent before: one of the two is for the window before.
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

#[cfg(test)]
mod tests {
    use super::*;

    const USER: User = User(0);

    #[test]
    fn an_empty_secret_is_not_kept_and_changes_no_text() {
        let mut keyring = Keyring::default();
        keyring.keep_key(USER, "AKIA0", "");
        keyring.keep_seed(Item(0), String::new());
        keyring.keep_password(USER, "");
        assert_eq!(keyring.hide("Cannot delete", "(secret)"), "Cannot delete");
        assert_eq!(keyring.key(USER), None);
        assert_eq!(keyring.seed(Item(0)), None);
        assert!(keyring.lost_seed(Item(0)) && keyring.lost_password(USER));
    }

    #[test]
    fn a_short_secret_is_not_searched_for() {
        let mut keyring = Keyring::default();
        keyring.keep_key(USER, "AKIA0", "user");
        keyring.keep_key(USER, "AKIA1", "1234567");
        let text = "The user with name user 1234567 cannot be found.";
        assert_eq!(keyring.hide(text, "(secret)"), text);
        assert_eq!(keyring.key(USER), Some(("AKIA1", "1234567")));
        keyring.keep_key(USER, "AKIA2", "12345678");
        assert_eq!(keyring.hide("no 12345678", "(secret)"), "no (secret)");
    }

    #[test]
    fn secrets_are_replaced_in_one_pass() {
        let mut keyring = Keyring::default();
        // One in the other, one over the end of the other, and one in the word that replaces them.
        for secret in ["abcdefgh", "abcdefghijkl", "ijklmnopq", "(secret)", "secret) "] {
            keyring.keep_key(USER, "AKIA", secret);
        }
        assert_eq!(keyring.hide("<abcdefghijklmnopq>", "(secret)"), "<(secret)>");
        assert_eq!(keyring.hide("é abcdefgh é abcdefgh", "(secret)"), "é (secret) é (secret)");
        assert_eq!(keyring.hide("a (secret) b", "(secret)"), "a (secret)b");
    }
}
