//! Symbols and real names. Every name that the client sends carries the prefix of its run.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use iamspec_conformance::endpoint::Space;
use iamspec_model::kind::Naming;
use iamspec_model::{Class, Item, Kind, Object, Operation, Part, Path, User};

use crate::client::HIDDEN;
use crate::keyring::Keyring;
use crate::wire;

mod fork;

/// An account id for names that are needed before the endpoint has told its own.
const UNKNOWN_ACCOUNT: &str = "123456789012";

/// What the symbols of a run stand for.
#[derive(Debug)]
pub struct Names {
    prefix: String,
    /// Whether everything is made in a folder of the run's own.
    in_folder: bool,
    space: Space,
    /// How many name spaces there are; forks count together.
    spaces: Arc<AtomicUsize>,
    partition: String,
    account: String,
    ids: HashMap<(Space, Kind, Item), String>,
    objects: HashMap<(Space, Object), String>,
    /// The users that are called otherwise than their symbol says.
    users: HashMap<(Space, User), String>,
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
            space: Space::default(),
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
    pub fn fresh(&mut self) -> Space {
        self.enter(Space(self.spaces.fetch_add(1, Ordering::Relaxed) + 1));
        self.space
    }

    /// Enters a name space again.
    pub const fn enter(&mut self, space: Space) {
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
    pub fn object_name(&self, object: Object) -> String {
        format!("{}-{}-{}{}", self.prefix, self.space.0, object.class.row().symbol, object.item.0)
    }

    /// Learns what a user is called from now on.
    pub fn bind_user(&mut self, user: User, name: &str) {
        self.users.insert((self.space, user), name.to_owned());
    }

    /// What names an object in requests: a group's name, a policy's ARN, a device's serial number.
    #[must_use]
    pub fn object(&self, object: Object) -> String {
        if let Some(name) = self.objects.get(&(self.space, object)) {
            return name.clone();
        }
        let name = self.object_name(object);
        match object.class {
            Class::Group => name,
            Class::Policy => self.arn("policy", &name),
            Class::Device => self.arn("mfa", &name),
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
    pub fn item(&self, kind: Kind, item: Item) -> String {
        match (kind.row().refers, kind.row().naming) {
            (Some(class), _) => self.object(Object { class, item }),
            (None, Naming::Service) => {
                let given = self.ids.get(&(self.space, kind, item)).cloned();
                given.unwrap_or_else(|| format!("{}IAMSPEC{:017}", wire::id_prefix(kind), item.0))
            }
            (None, _) => self.ids.get(&(self.space, kind, item)).cloned().unwrap_or_else(|| {
                format!("{}-{}-{}", self.prefix, self.space.0, kind.symbol(item))
            }),
        }
    }

    /// Learns the id that the service gave.
    pub fn bind(&mut self, kind: Kind, item: Item, id: &str) {
        self.ids.insert((self.space, kind, item), id.to_owned());
    }

    /// Learns what names an object from now on.
    pub fn bind_object(&mut self, object: Object, name: &str) {
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
    pub fn adopt(&mut self, kind: Kind, name: &str) -> Item {
        self.adopted += 1;
        let item = Item(self.adopted);
        match kind.row().refers {
            Some(class) => self.bind_object(Object { class, item }, name),
            None => self.bind(kind, item, name),
        }
        item
    }

    /// Gives a symbol to an object of this run by what names it in requests.
    pub fn adopt_object(&mut self, class: Class, name: &str) -> Object {
        self.adopted += 1;
        let object = Object { class, item: Item(self.adopted) };
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
    pub fn symbol(&self, kind: Kind, name: &str) -> Option<Item> {
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
    pub fn describe(&self, space: Space, op: &Operation) -> String {
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
        let is = |object: Object| (self.object(object), object.to_string());
        let mut known: Vec<_> = op.user().map(named).into_iter().collect();
        match op.sound() {
            Operation::UpdateUser(_, change) => known.extend(change.name.map(named)),
            Operation::Create(object) => {
                known.push((self.object_name(object), object.to_string()));
            }
            Operation::Rename(object, name) => {
                let renamed = name.map(|item| Object { item, ..object });
                known.push(is(object));
                known.extend(renamed.map(|it| (self.object_name(it), it.to_string())));
            }
            _ => known.extend(op.object().map(is)),
        }
        known.extend(op.referred().map(is));
        let inline = op.part().filter(|(_, part)| *part == Part::InlinePolicy);
        let inline = inline.and(op.piece()).map(|item| (Kind::InlinePolicy, item));
        let own = op.kind().filter(|_| op.object().is_none()).zip(op.item()).or(inline);
        known.extend(own.map(|(kind, item)| (self.item(kind, item), kind.symbol(item))));
        known
    }
}
