//! The entities of a log by their ids: two entities never have the same id.

use std::collections::HashMap;
use std::rc::Rc;

use iamspec_conformance::oracle::formats::FormatDeviation;
use iamspec_model::Evidence;
use iamspec_model::evidence::{A_022, A_058};

use crate::audit_log::consistency::record_facts::{
    EntityChange, EntityFacts, EntityKey, ShownRecord, may_be_id,
};
use crate::audit_log::consistency::record_sorts::{ChangeKind, SORTS};

/// The evidence that two entities of different names have different ids.
const UNIQUE: Evidence = Evidence::like(&[A_022, A_058]);

/// The number of ids that are remembered.
const IDS_MAX: usize = 100_000;

/// The entity that has an id, or had it until it was deleted, and the place in the log that showed it.
#[derive(Debug)]
struct IdOwner {
    key: EntityKey,
    source: Rc<str>,
}

/// The owners of ids. An id whose entity may have another name now is forgotten.
#[derive(Debug, Default)]
pub(super) struct IdOwners {
    owners: HashMap<String, IdOwner>,
    /// The id that each entity has.
    ids: HashMap<EntityKey, String>,
}

impl IdOwners {
    /// Compares the id in a record with the ids of other entities, and remembers it.
    pub(super) fn check(
        &mut self,
        shown: &ShownRecord,
        source: &Rc<str>,
    ) -> Option<FormatDeviation> {
        let (element, new_id) = SORTS.get(shown.key.0)?.id?;
        let (_, id) = shown.members.iter().find(|(member, _)| *member == element)?;
        if let Some(known) = self.owners.get(id) {
            let is_same = known.key == shown.key;
            if is_same && !shown.is_new {
                return None;
            }
            let evidence = if is_same { new_id } else { UNIQUE };
            let other = &known.key.1;
            let detail =
                format!("{element} other than {id:?}, which {other:?} had in {}", known.source);
            return Some(FormatDeviation { detail, evidence, is_wrong_value: false });
        }
        if may_be_id(id) {
            if self.owners.len() >= IDS_MAX {
                self.clear();
            }
            self.ids.insert(shown.key.clone(), id.clone());
            let owner = IdOwner { key: shown.key.clone(), source: Rc::clone(source) };
            self.owners.insert(id.clone(), owner);
        }
        None
    }

    /// Applies what a call changes. The ids of deleted entities stay known. If the order of the call and
    /// others is not certain, the ids of what it may change are forgotten.
    pub(super) fn apply(&mut self, facts: &EntityFacts, is_ordered: bool) {
        let has_id = |sort: &usize| SORTS.get(*sort).is_some_and(|it| it.id.is_some());
        if facts.may_change_any.iter().any(has_id) {
            self.clear();
        }
        for change in &facts.changes {
            self.apply_change(change, is_ordered && change.is_certain);
        }
    }

    fn apply_change(&mut self, change: &EntityChange, is_certain: bool) {
        let id = self.ids.remove(&change.key);
        if change.row.kind == ChangeKind::Deletion && is_certain {
            return;
        }
        let new_key = match &change.new_key {
            _ if !is_certain => None,
            Some(new_key) => Some(new_key),
            None if change.row.kind == ChangeKind::Update => Some(&change.key),
            None => None,
        };
        match (id, new_key) {
            (Some(id), Some(key)) => {
                self.owners.entry(id.clone()).and_modify(|it| it.key = key.clone());
                self.ids.insert(key.clone(), id);
            }
            (Some(id), None) => _ = self.owners.remove(&id),
            // The id of the old name is not known. It is not that of another entity.
            (None, _) => {}
        }
        if let Some(new_key) = change.new_key.as_ref().filter(|_| !is_certain) {
            let id = self.ids.remove(new_key);
            id.and_then(|it| self.owners.remove(&it));
        }
    }

    /// Forgets the id of an entity.
    pub(super) fn forget(&mut self, key: &EntityKey) {
        let id = self.ids.remove(key);
        id.and_then(|it| self.owners.remove(&it));
    }

    pub(super) fn clear(&mut self) {
        self.owners.clear();
        self.ids.clear();
    }
}
