//! The records of users, groups, policies and what belongs to them in a log: their ids, paths, ARNs and
//! dates.
//!
//! The service keeps one record of each entity, and shows it in every response (C-066, C-078,
//! C-088). Therefore two responses with different records contradict each other, unless a call
//! between them creates, changes or deletes the entity. A read within the lag after a change may
//! show the old record. A new user has an id that no earlier user of its name had.

use std::collections::BTreeMap;
use std::rc::Rc;

use iamspec_conformance::oracle::formats::FormatDeviation;

use crate::audit_log::consistency::id_owners::IdOwners;
use crate::audit_log::consistency::record_facts::{
    EntityChange, EntityFacts, EntityKey, RecordMember, ShownRecord, part_prefix, policy_of,
};
use crate::audit_log::consistency::record_sorts::{ChangeKind, SORTS};
use crate::audit_log::symbols::account_of;

/// The known elements of a record, each with the place in the log that showed it, and until when a
/// read may show an older record.
#[derive(Debug)]
struct KnownRecord {
    members: Vec<(RecordMember, Rc<str>)>,
    settled: i64,
}

/// The account in the ARN of a record.
fn account<'a>(mut record: impl Iterator<Item = &'a RecordMember>) -> Option<&'a str> {
    record.find(|(member, _)| *member == "Arn").and_then(|(_, arn)| account_of(arn))
}

/// The records of one account.
#[derive(Debug)]
pub(crate) struct EntityRecords {
    records: BTreeMap<EntityKey, KnownRecord>,
    owners: IdOwners,
    lag: i64,
    /// Until when a read may show the state before the log.
    begin: Option<i64>,
}

impl EntityRecords {
    /// No records. `lag` is the number of microseconds in which a read may be stale.
    pub(crate) fn new(lag: i64, starts_empty: bool) -> Self {
        let (records, owners) = (BTreeMap::new(), IdOwners::default());
        Self { records, owners, lag, begin: starts_empty.then_some(i64::MIN) }
    }

    /// Compares and learns the facts of a call that overlaps with no other one. `source` is its place
    /// in the log. Returns what differs.
    pub(crate) fn check(
        &mut self,
        facts: &EntityFacts,
        (start, end): (i64, i64),
        source: &str,
    ) -> Vec<FormatDeviation> {
        let source: Rc<str> = source.into();
        let begin = *self.begin.get_or_insert(start.saturating_add(self.lag));
        self.owners.apply(facts, true);
        self.forget_sorts(facts, end);
        for change in &facts.changes {
            if change.is_certain {
                self.apply(change, (begin, end), &source);
            } else {
                self.forget_change(change, end);
            }
        }
        let mut deviations = facts.deviations.clone();
        for shown in &facts.shown {
            if shown.is_new {
                deviations.extend(self.owners.check(shown, &source));
                self.add_new(shown, begin, &source);
                continue;
            }
            // A change shows its own effect at once.
            let is_changed = facts.changes.iter().any(|it| it.key == shown.key);
            let time = if is_changed { i64::MAX } else { start };
            deviations.extend(self.check_shown(shown, (begin, time), &source));
        }
        deviations
    }

    /// Adds the record of a new entity. It did not exist before, so an older record is one of another
    /// entity.
    fn add_new(&mut self, shown: &ShownRecord, begin: i64, source: &Rc<str>) {
        let before = self.records.get(&shown.key).map_or(begin, |it| it.settled);
        let members = shown.members.iter().map(|it| (it.clone(), Rc::clone(source))).collect();
        self.records.insert(shown.key.clone(), KnownRecord { members, settled: before });
    }

    /// Compares a record with the known one, and adds what is new.
    fn check_shown(
        &mut self,
        shown: &ShownRecord,
        (begin, start): (i64, i64),
        source: &Rc<str>,
    ) -> Vec<FormatDeviation> {
        let mut deviations = Vec::new();
        let Some(sort) = SORTS.get(shown.key.0) else { return deviations };
        let settled = match policy_of(&shown.key).filter(|_| sort.is_part_of_policy) {
            Some(policy) => self.records.get(&policy).map_or(begin, |it| it.settled),
            None if sort.changes.is_empty() => i64::MIN,
            None => begin,
        };
        let unknown = || KnownRecord { members: Vec::new(), settled };
        let KnownRecord { members: known, settled } =
            self.records.entry(shown.key.clone()).or_insert_with(unknown);
        if start < *settled {
            return deviations;
        }
        // One endpoint may serve several accounts.
        let accounts = account(known.iter().map(|it| &it.0)).zip(account(shown.members.iter()));
        if accounts.is_some_and(|(one, other)| one != other) {
            return deviations;
        }
        deviations.extend(self.owners.check(shown, source));
        for (member, text) in &shown.members {
            match known.iter().find(|(it, _)| it.0 == *member) {
                None => known.push(((member, text.clone()), Rc::clone(source))),
                Some(((_, before), _)) if before == text => {}
                Some(((_, before), place)) => deviations.push(FormatDeviation {
                    detail: format!("{member} {before:?} as in {place}, not {text:?}"),
                    evidence: sort.evidence,
                    is_wrong_value: false,
                }),
            }
        }
        deviations
    }

    /// Applies a change that was made.
    fn apply(&mut self, change: &EntityChange, (begin, end): (i64, i64), source: &Rc<str>) {
        let settled = end.saturating_add(self.lag);
        let before = self.records.remove(&change.key);
        if change.row.kind == ChangeKind::Creation {
            // The response shows the record.
            let settled = before.map_or(begin, |it| it.settled);
            let record = KnownRecord { members: Vec::new(), settled };
            self.records.insert(change.key.clone(), record);
            return;
        }
        let mut members: Vec<_> = before.map(|it| it.members).unwrap_or_default();
        members.retain(|((member, _), _)| change.keeps.contains(member));
        for set in &change.sets {
            members.retain(|((member, _), _)| *member != set.0);
            members.push((set.clone(), Rc::clone(source)));
        }
        if let Some(new_key) = &change.new_key {
            self.forget_key(&change.key, settled);
            self.records.insert(new_key.clone(), KnownRecord { members, settled });
        } else if change.row.kind == ChangeKind::Deletion {
            self.forget_change(change, end);
        } else {
            self.records.insert(change.key.clone(), KnownRecord { members, settled });
        }
    }

    /// Forgets what a call changes that ends at this time and overlaps with others.
    pub(crate) fn forget(&mut self, facts: &EntityFacts, end: i64) {
        self.owners.apply(facts, false);
        self.forget_sorts(facts, end);
        for change in &facts.changes {
            self.forget_change(change, end);
        }
        let settled = end.saturating_add(self.lag);
        for shown in facts.shown.iter().filter(|it| it.is_new) {
            self.forget_key(&shown.key, settled);
        }
    }

    /// Forgets the sorts of which a call may change any entity.
    fn forget_sorts(&mut self, facts: &EntityFacts, end: i64) {
        for sort in &facts.may_change_any {
            self.records.retain(|key, _| key.0 != *sort);
            let begin = self.begin.get_or_insert(end);
            *begin = (*begin).max(end.saturating_add(self.lag));
        }
    }

    fn forget_change(&mut self, change: &EntityChange, end: i64) {
        let settled = end.saturating_add(self.lag);
        let (sort, key) = &change.key;
        if SORTS.get(*sort).is_some_and(|it| it.is_part_of_policy) {
            self.forget_parts(*sort, &part_prefix(key));
            return;
        }
        self.forget_key(&change.key, settled);
        if let Some(new_key) = &change.new_key {
            self.forget_key(new_key, settled);
        }
    }

    fn forget_key(&mut self, key: &EntityKey, settled: i64) {
        self.records.insert(key.clone(), KnownRecord { members: Vec::new(), settled });
    }

    /// Forgets the parts of a policy: a new policy of its name has others.
    fn forget_parts(&mut self, sort: usize, prefix: &str) {
        let from = (sort, prefix.to_owned())..;
        let is_part = |key: &&EntityKey| key.0 == sort && key.1.starts_with(prefix);
        let parts: Vec<EntityKey> =
            self.records.range(from).map(|(key, _)| key).take_while(is_part).cloned().collect();
        for key in parts {
            self.records.remove(&key);
        }
    }

    /// Forgets everything: a call was missing until now.
    pub(crate) fn forget_all(&mut self) {
        self.records.clear();
        self.owners.clear();
        self.begin = None;
    }
}
