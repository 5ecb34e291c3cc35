//! What only this run knows of what it made: seeds, passwords, keys, and what it sent before.

use std::collections::HashMap;

use iamspec_conformance::endpoint::Space;
use iamspec_model::{Item, Kind, User};
use secrecy::{ExposeSecret, SecretString};

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
    pub(crate) space: Space,
    /// `None` where an answer was lost.
    seeds: HashMap<(Space, Item), Option<SecretString>>,
    /// `None` where nobody knows any more, because an answer was lost.
    passwords: HashMap<(Space, User), Option<SecretString>>,
    /// The access keys of each user, in the order of their creation.
    keys: HashMap<(Space, User), Vec<Key>>,
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
        let Some(secret) = self::secret(secret) else { return };
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
