//! The symbols of the names in a log: each name of an account has one symbol.
//!
//! Names of users and groups are case-insensitive (C-041, C-043). Policies and devices are known by
//! their ARNs, which their creation returns.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use iamspec_model::tables::attachments::Naming;
use iamspec_model::{AttachmentKind, Item, Path, Resource, ResourceKind, User};

use crate::client::session::KnownNames;

/// The number of paths that have a symbol.
const PATHS_MAX: usize = 250;

/// The symbols of one account.
#[derive(Debug, Default)]
pub(crate) struct Symbols {
    tables: RefCell<Tables>,
}

#[derive(Debug, Default)]
struct Tables {
    /// The id of the account in the ARNs of its users.
    account: Option<String>,
    /// Users by their names in lower case.
    users: HashMap<String, u32>,
    /// The names of users as the service stores them, by their names in lower case.
    stored_names: HashMap<String, String>,
    /// Groups by their names in lower case, policies and devices by their ARNs in lower case, with the
    /// case of their first occurrence or of their last creation.
    resources: HashMap<(ResourceKind, String), (String, u32)>,
    /// The ARNs of policies and devices with this name in lower case.
    named: HashMap<(ResourceKind, String), BTreeSet<String>>,
    /// Items by their names, in lower case if the caller names them.
    items: HashMap<(AttachmentKind, String), u32>,
    paths: Vec<String>,
    /// The item that was uploaded with a body.
    bodies: HashMap<(AttachmentKind, String), Item>,
    /// The user of an access key.
    key_owners: HashMap<String, String>,
    /// The prefix of each symbol, and its name with the case of its first occurrence. The first one has the
    /// number 1.
    names: Vec<(&'static str, String)>,
}

impl Tables {
    fn fresh(&mut self, prefix: &'static str, name: &str) -> u32 {
        self.names.push((prefix, name.to_owned()));
        u32::try_from(self.names.len()).unwrap_or(u32::MAX)
    }

    fn resource(&mut self, kind: ResourceKind, reference: &str) -> u32 {
        let key = (kind, reference.to_lowercase());
        if let Some((_, number)) = self.resources.get(&key) {
            return *number;
        }
        let number = self.fresh(kind.row().prefix, reference);
        self.named.entry((kind, base_name(&key.1))).or_default().insert(key.1.clone());
        self.resources.insert(key, (reference.to_owned(), number));
        number
    }

    /// The name of a symbol.
    fn name(&self, symbol: &str) -> Option<&str> {
        let digits = symbol.trim_start_matches(|it: char| !it.is_ascii_digit());
        let prefix = symbol.strip_suffix(digits)?;
        let index = digits.parse::<usize>().ok()?.checked_sub(1);
        if prefix == "path" {
            return index.map_or(Some("/"), |it| self.paths.get(it).map(String::as_str));
        }
        let (known, name) = self.names.get(index?)?;
        (prefix.trim_end_matches('#') == *known).then_some(name)
    }
}

impl Symbols {
    /// The text with names for symbols.
    pub(crate) fn in_names(&self, text: &str) -> String {
        let tables = self.tables.borrow();
        let is_part = |it: char| it.is_ascii_alphanumeric() || it == '#';
        let (mut shown, mut rest) = (String::new(), text);
        while let Some(begin) = rest.find(is_part) {
            let (before, word) = rest.split_at(begin);
            let (word, after) = word.split_at(word.find(|it| !is_part(it)).unwrap_or(word.len()));
            shown.push_str(before);
            shown.push_str(tables.name(word).unwrap_or(word));
            rest = after;
        }
        shown + rest
    }

    /// The number of names.
    pub(crate) fn len(&self) -> usize {
        let tables = self.tables.borrow();
        tables.users.len() + tables.resources.len() + tables.items.len()
    }

    pub(crate) fn user(&self, name: &str) -> User {
        let mut tables = self.tables.borrow_mut();
        let key = name.to_lowercase();
        if let Some(number) = tables.users.get(&key) {
            return User(*number);
        }
        let number = tables.fresh("u", name);
        tables.users.insert(key, number);
        User(number)
    }

    /// The name of a user with the case in which the service stores it, if the log has shown it.
    pub(crate) fn stored_name(&self, name: &str) -> Option<String> {
        self.tables.borrow().stored_names.get(&name.to_lowercase()).cloned()
    }

    pub(crate) fn record_stored_name(&self, name: &str) {
        let mut tables = self.tables.borrow_mut();
        tables.stored_names.insert(name.to_lowercase(), name.to_owned());
    }

    pub(crate) fn forget_stored_name(&self, name: &str) {
        self.tables.borrow_mut().stored_names.remove(&name.to_lowercase());
    }

    /// Forgets the stored name of every user.
    pub(crate) fn forget_stored_names(&self) {
        self.tables.borrow_mut().stored_names.clear();
    }

    /// A group by its name, a policy by its ARN, a device by its serial number.
    pub(crate) fn resource(&self, kind: ResourceKind, reference: &str) -> Resource {
        Resource { kind, item: Item(self.tables.borrow_mut().resource(kind, reference)) }
    }

    /// A new resource. Its reference has the case that the response shows.
    pub(crate) fn created(&self, kind: ResourceKind, reference: &str) -> Resource {
        let mut tables = self.tables.borrow_mut();
        let number = tables.resource(kind, reference);
        let key = (kind, reference.to_lowercase());
        tables.resources.insert(key, (reference.to_owned(), number));
        Resource { kind, item: Item(number) }
    }

    /// Whether a policy or a device is known by an ARN that differs in case only. No evidence says whether
    /// they are the same.
    pub(crate) fn is_known_in_other_case(&self, kind: ResourceKind, reference: &str) -> bool {
        let tables = self.tables.borrow();
        let known = tables.resources.get(&(kind, reference.to_lowercase()));
        kind != ResourceKind::Group && known.is_some_and(|(first, _)| first != reference)
    }

    /// Whether a policy or a device of this name is known under another path than this ARN has.
    pub(crate) fn is_known_elsewhere(&self, kind: ResourceKind, reference: &str) -> bool {
        let reference = reference.to_lowercase();
        let tables = self.tables.borrow();
        let named = tables.named.get(&(kind, base_name(&reference)));
        named.is_some_and(|it| it.iter().any(|other| *other != reference))
    }

    /// The other policies or devices of this account that have the name in an ARN, under other paths.
    pub(crate) fn namesakes(&self, kind: ResourceKind, reference: &str) -> Vec<Resource> {
        let reference = reference.to_lowercase();
        let Some(account) = account_of(&reference) else { return Vec::new() };
        let tables = self.tables.borrow();
        let named = tables.named.get(&(kind, base_name(&reference))).into_iter().flatten();
        let is_of_account = |it: &&String| account_of(it) == Some(account);
        let others = named.filter(|it| **it != reference).filter(is_of_account);
        let number = |it: &String| Some(tables.resources.get(&(kind, it.clone()))?.1);
        others.filter_map(number).map(|it| Resource { kind, item: Item(it) }).collect()
    }

    /// The symbol of an item. `None` if another item has the name in different case: no evidence
    /// says whether they are the same.
    pub(crate) fn item(&self, kind: AttachmentKind, name: &str) -> Option<Item> {
        if kind.row().refers_to.is_some_and(|class| self.is_known_in_other_case(class, name)) {
            return None;
        }
        let mut tables = self.tables.borrow_mut();
        if let Some(class) = kind.row().refers_to {
            return Some(Item(tables.resource(class, name)));
        }
        let key = if kind.row().naming == Naming::Service {
            (kind, name.to_owned())
        } else {
            (kind, name.to_lowercase())
        };
        if let Some(number) = tables.items.get(&key) {
            let first = tables.names.get(*number as usize - 1);
            return first.is_some_and(|it| it.1 == name).then_some(Item(*number));
        }
        let number = tables.fresh(kind.row().prefix, name);
        tables.items.insert(key, number);
        Some(Item(number))
    }

    /// The symbol of a path. `None` if there are too many.
    pub(crate) fn path(&self, path: &str) -> Option<Path> {
        if path == "/" {
            return Some(Path::default());
        }
        let mut tables = self.tables.borrow_mut();
        let known = tables.paths.iter().position(|it| it == path);
        let index = known.or_else(|| {
            (tables.paths.len() < PATHS_MAX).then(|| {
                tables.paths.push(path.to_owned());
                tables.paths.len() - 1
            })
        })?;
        u8::try_from(index + 1).ok().map(Path)
    }

    /// The known paths that begin with a prefix. `None`: every path does.
    pub(crate) fn paths_under(&self, prefix: &str) -> Option<Vec<Path>> {
        if prefix == "/" {
            return None;
        }
        let tables = self.tables.borrow();
        let paths = (1..).zip(&tables.paths).filter(|(_, path)| path.starts_with(prefix));
        Some(paths.map(|(number, _)| Path(number)).collect())
    }

    /// Records the account of an ARN of this account.
    pub(crate) fn learn_account(&self, arn: &str) {
        if let Some(account) = account_of(arn) {
            self.tables.borrow_mut().account = Some(account.to_owned());
        }
    }

    /// Whether a policy or a device belongs to AWS, to another account, or is hardware.
    pub(crate) fn is_external(&self, kind: ResourceKind, reference: &str) -> bool {
        let tables = self.tables.borrow();
        let of_other = |it: &str| tables.account.as_ref().is_some_and(|account| it != account);
        match kind {
            ResourceKind::Group => false,
            ResourceKind::Policy => account_of(reference).is_none_or(of_other),
            ResourceKind::Device => {
                !reference.contains(":mfa/")
                    || reference.ends_with("/root-account-mfa-device")
                    || account_of(reference).is_none_or(of_other)
            }
        }
    }

    /// The ARN of a resource that is created with this name and path, if the account is known.
    pub(crate) fn arn(&self, kind: ResourceKind, path: &str, name: &str) -> Option<String> {
        let prefix = match kind {
            ResourceKind::Group => return Some(name.to_owned()),
            ResourceKind::Policy => "policy",
            ResourceKind::Device => "mfa",
        };
        let account = self.tables.borrow().account.clone()?;
        Some(format!("arn:aws:iam::{account}:{prefix}{path}{name}"))
    }

    /// The item with this body, if one was uploaded.
    pub(crate) fn with_body(&self, kind: AttachmentKind, body: &str) -> Option<Item> {
        self.tables.borrow().bodies.get(&(kind, body.trim().to_owned())).copied()
    }

    pub(crate) fn record_body(&self, kind: AttachmentKind, body: &str, item: Item) {
        self.tables.borrow_mut().bodies.insert((kind, body.trim().to_owned()), item);
    }

    pub(crate) fn owner_of_key(&self, key: &str) -> Option<String> {
        self.tables.borrow().key_owners.get(key).cloned()
    }

    /// Records that the user of access keys has another name.
    pub(crate) fn rename_owner(&self, old: &str, new: &str) {
        let mut tables = self.tables.borrow_mut();
        for owner in tables.key_owners.values_mut().filter(|it| it.eq_ignore_ascii_case(old)) {
            new.clone_into(owner);
        }
    }

    pub(crate) fn record_key(&self, key: &str, user: &str) {
        self.tables.borrow_mut().key_owners.insert(key.to_owned(), user.to_owned());
    }
}

/// The name at the end of an ARN.
fn base_name(reference: &str) -> String {
    reference.rsplit('/').next().unwrap_or(reference).to_owned()
}

/// The account in an ARN.
pub(crate) fn account_of(arn: &str) -> Option<&str> {
    let account = arn.split(':').nth(4)?;
    (account.len() == 12 && account.bytes().all(|it| it.is_ascii_digit())).then_some(account)
}

impl KnownNames for Symbols {
    fn symbol(&self, kind: AttachmentKind, name: &str) -> Option<Item> {
        self.item(kind, name)
    }

    fn number(&self, symbol: &str, name: &str) -> Option<u32> {
        if symbol == "u" {
            return Some(self.user(name).0);
        }
        let kind = ResourceKind::all().find(|it| it.row().prefix == symbol)?;
        let is_unclear = self.is_known_in_other_case(kind, name);
        (!is_unclear).then(|| self.resource(kind, name).item.0)
    }

    fn path_symbol(&self, path: &str) -> Option<Path> {
        self.path(path)
    }
}
