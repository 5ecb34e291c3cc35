//! What is known of a user and of what can be attached to it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use iamspec_model::Kind;

use super::{Asked, Event};

/// So many events are kept that taught what is known.
const TAUGHT_MAX: usize = 6;

/// What is known of a user.
#[derive(Clone, Debug, Default)]
pub(super) struct User {
    pub(super) exists: Option<bool>,
    /// Whether it holds nothing but what is known: it was made within the history.
    pub(super) whole: bool,
    /// What it holds, and what it does not.
    pub(super) held: BTreeMap<(Kind, String), bool>,
    /// What it may hold inactive: nobody has seen how it was attached, or its status was changed.
    pub(super) perhaps_inactive: BTreeSet<(Kind, String)>,
    /// When it was last changed, and what of it within that second; nothing stands for the user itself.
    pub(super) changed: Option<i64>,
    pub(super) touched: Vec<Option<(Kind, String)>>,
    /// The last events about it.
    pub(super) taught: VecDeque<String>,
}

/// What is known of a group, a policy or a device.
#[derive(Clone, Debug, Default)]
pub(super) struct Thing {
    pub(super) exists: Option<bool>,
    /// Whether nobody holds it but those who are known to.
    pub(super) whole: bool,
    /// The users that hold it.
    pub(super) holders: BTreeSet<String>,
    pub(super) changed: Option<i64>,
    pub(super) taught: VecDeque<String>,
}

impl User {
    /// Of one that was just made everything is known.
    pub(super) fn made(&mut self) {
        (self.exists, self.whole) = (Some(true), true);
        self.held.clear();
    }

    /// Of one that is gone nothing is to be known but that, and by which event.
    pub(super) fn is_gone(&mut self) {
        self.taught.drain(..self.taught.len().saturating_sub(1));
        self.taught.shrink_to_fit();
        (self.exists, self.whole) = (Some(false), true);
        self.held.clear();
    }

    /// Nothing is known any more.
    pub(super) fn forget(&mut self) {
        let (taught, touched) =
            (std::mem::take(&mut self.taught), std::mem::take(&mut self.touched));
        *self = Self { taught, touched, changed: self.changed, ..Self::default() };
    }

    /// Whether it holds the item, where that is known.
    pub(super) fn holds(&self, kind: Kind, item: &str) -> Option<bool> {
        if let Some(known) = self.held.get(&(kind, item.to_owned())) {
            return Some(*known);
        }
        // Whether names that differ in case alone are the same is not known of all kinds.
        let alike = |(of, name): &&(Kind, String)| *of == kind && name.eq_ignore_ascii_case(item);
        let alike = self.held.keys().any(|it| alike(&it));
        (!alike && (self.whole || self.exists == Some(false))).then_some(false)
    }

    /// Takes note of when it was changed. Times are in seconds: in which order things were done within one is
    /// not known, so that what depends on it is forgotten.
    pub(super) fn was_changed(&mut self, event: &Event) {
        let what = match event.asked {
            Asked::Kind(kind, _) => Some((kind, event.named().to_owned())),
            _ => None,
        };
        if self.changed != Some(event.at) {
            self.touched.clear();
        }
        let both = self.touched.contains(&what);
        let whole = what.is_none() || self.touched.contains(&None);
        if both || whole && !self.touched.is_empty() {
            self.forget();
        }
        self.changed = Some(event.at);
        self.touched.push(what);
    }
}

/// Keeps an event as one that taught something.
pub(super) fn note(taught: &mut VecDeque<String>, event: String) {
    if taught.len() == TAUGHT_MAX {
        taught.pop_front();
    }
    taught.push_back(event);
}
