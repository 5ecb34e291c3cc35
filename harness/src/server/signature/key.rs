//! The secrets of access keys, which nothing prints.

use std::fmt;

use iamspec_model::{Account, Kind, Status};

use super::super::registry::{Registry, Within, item_key};
use crate::aws::FAKE;

/// A secret.
#[derive(Clone, Default)]
pub(in crate::server) struct Secret(String);

impl Secret {
    pub(in crate::server) const fn new(text: String) -> Self {
        Self(text)
    }

    pub(in crate::server) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// The secret of an access key that may be used: the one with which everybody begins, and those that
/// were issued, are active, and belong to somebody.
pub(in crate::server) fn secret_of(
    id: &str,
    registry: &Registry,
    account: &Account,
) -> Option<Secret> {
    let (root, its_secret) = FAKE;
    if id == root {
        return Some(Secret::new(its_secret.to_owned()));
    }
    let item = *registry.items.get(&item_key(Within::Everything, Kind::AccessKey, id))?;
    let user = account.holders(Kind::AccessKey, item).next()?;
    let active = account.held(user, Kind::AccessKey, item)?.status == Status::Active;
    active.then(|| registry.item_record(Kind::AccessKey, item).secret)
}
