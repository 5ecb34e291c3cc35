//! What only this run knows of what it made: seeds, passwords, keys, and what it sent before.

use std::collections::HashMap;

use iamspec_conformance::endpoint::Space;
use iamspec_model::{Item, Kind, User};
use secrecy::{ExposeSecret, SecretString};

/// What is known, by name space.
#[derive(Default)]
pub struct Keyring {
    pub(crate) space: Space,
    /// `None` where an answer was lost.
    seeds: HashMap<(Space, Item), Option<SecretString>>,
    /// `None` where nobody knows any more, because an answer was lost.
    passwords: HashMap<(Space, User), Option<SecretString>>,
    /// The ids and secrets of access keys.
    keys: HashMap<(Space, User), Vec<(String, SecretString)>>,
    bodies: HashMap<(Space, Kind, Item), String>,
    /// For which time a device's codes were sent last, and the time before.
    codes: HashMap<(Space, Item), (u64, Option<u64>)>,
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

    /// Keeps the seed of a device, in base 32.
    pub fn keep_seed(&mut self, device: Item, seed: String) {
        self.seeds.insert((self.space, device), Some(seed.into()));
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

    /// Keeps the password that a user gets, and gives back the one that it had.
    pub fn keep_password(&mut self, user: User, password: &str) -> Option<SecretString> {
        self.passwords.insert((self.space, user), Some(password.into())).flatten()
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

    /// The text with a word in the place of every secret that is known here.
    #[must_use]
    pub fn hide(&self, text: &str, word: &str) -> String {
        let keys = self.keys.values().flatten().map(|(_, secret)| secret);
        let passwords = self.passwords.values().flatten();
        let secrets = self.seeds.values().flatten().chain(passwords).chain(keys);
        let found = secrets.map(ExposeSecret::expose_secret).filter(|it| text.contains(*it));
        found.fold(text.to_owned(), |text, secret| text.replace(secret, word))
    }

    /// Keeps an access key that a user can sign with.
    pub fn keep_key(&mut self, user: User, id: &str, secret: &str) {
        let keys = self.keys.entry((self.space, user)).or_default();
        keys.push((id.to_owned(), secret.into()));
    }

    /// The id and the secret of the access key that the user got last.
    #[must_use]
    pub fn key(&self, user: User) -> Option<(&str, &str)> {
        let (id, secret) = self.keys.get(&(self.space, user))?.last()?;
        Some((id, secret.expose_secret()))
    }

    /// What is known of a user is known of it under its new name.
    pub fn rename(&mut self, user: User, name: User) {
        let (from, to) = ((self.space, user), (self.space, name));
        let password = self.passwords.remove(&from);
        self.passwords.extend(password.map(|it| (to, it)));
        let keys = self.keys.remove(&from);
        self.keys.extend(keys.map(|it| (to, it)));
    }

    /// What was uploaded for an item, if anything was.
    #[must_use]
    pub fn body(&self, kind: Kind, item: Item) -> Option<&str> {
        self.bodies.get(&(self.space, kind, item)).map(String::as_str)
    }

    /// Keeps what is uploaded for an item.
    pub fn keep_body(&mut self, kind: Kind, item: Item, body: &str) {
        self.bodies.insert((self.space, kind, item), body.to_owned());
    }

    /// Whether another name space uploaded the very body of this item.
    #[must_use]
    pub fn shares_body(&self, kind: Kind, item: Item) -> bool {
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
