//! What is known of users, objects and items beside the model.

use iamspec_model::Kind;

use super::signature::Secret;

/// What a server keeps of one of them.
#[derive(Clone, Default)]
pub(super) struct Record {
    pub(super) name: String,
    /// The id, or what names it in requests: the ARN of a policy or a device.
    pub(super) id: String,
    pub(super) created: String,
    pub(super) path: String,
    /// The document, certificate or key; the seed of a device; the value of a tag.
    pub(super) body: String,
    /// The id of what is named by its ARN, and the name under which a credential serves, which a
    /// renamed user keeps (C-032).
    pub(super) other: String,
    /// Of an access key, so that what it signs can be checked.
    pub(super) secret: Secret,
}

/// What is known of an attachment that has no record of its own.
#[derive(Clone, Default)]
pub(super) struct Since {
    pub(super) since: String,
    /// Of a password: whether another one must be chosen.
    pub(super) resets: bool,
}

/// Symbols that nothing is called by any more are used again; ids are not.
#[derive(Clone, Default)]
pub(super) struct Symbols {
    next: u32,
    free: Vec<u32>,
}

impl Symbols {
    pub(super) fn take(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.next += 1;
            self.next - 1
        })
    }

    pub(super) fn give_back(&mut self, symbol: u32) {
        self.free.push(symbol);
    }
}

/// A secret that opens nothing.
pub(super) fn secret() -> String {
    new_id("", 40)
}

/// The id of a new item of a kind that the service names (E-017).
pub(super) fn item_id(kind: Kind) -> String {
    let length = if kind == Kind::SigningCertificate { 32 } else { 20 };
    new_id(crate::wire::id_prefix(kind), length)
}

/// An id of this length (E-017): the prefix, then capital letters and digits from 2 to 7.
pub(super) fn new_id(prefix: &str, length: usize) -> String {
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
pub(super) fn now() -> String {
    let now = time::OffsetDateTime::now_utc();
    let (date, time) = (now.date(), now.time());
    format!("{date}T{:02}:{:02}:{:02}Z", time.hour(), time.minute(), time.second())
}
