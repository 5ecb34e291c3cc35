//! The records of users, groups, policies and what belongs to them in a log: their ids, paths, ARNs and
//! dates.
//!
//! The service keeps one record of each entity, and shows it in every response (C-066, C-078,
//! C-088). Therefore two responses with different records contradict each other, unless a call
//! between them creates, changes or deletes the entity. A read within the lag after a change may
//! show the old record. A new user has an id that no earlier user of its name had.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use iamspec_conformance::oracle::formats::FormatDeviation;

use crate::audit_log::consistency::creation_dates::microseconds;
use crate::audit_log::consistency::id_owners::IdOwners;
use crate::audit_log::consistency::record_facts::{
    EntityChange, EntityFacts, EntityKey, RecordMember, ShownRecord, part_prefix, policy_of,
};
use crate::audit_log::consistency::record_sorts::{ChangeKind, MAY_BECOME, SORTS};
use crate::audit_log::symbols::account_of;

/// The number of records that are remembered.
const RECORDS_MAX: usize = 100_000;

/// Dates of one entity may differ by rounding, in microseconds.
const ROUNDING: u64 = 1_000_000;

/// What is known of one entity.
#[derive(Debug)]
struct KnownRecord {
    /// The known elements, each with the place in the log that showed it.
    members: Vec<(RecordMember, Rc<str>)>,
    /// The account in its ARN.
    account: Option<String>,
    /// Until when a read may show an older record.
    settled: i64,
}

impl KnownRecord {
    const fn unknown(settled: i64) -> Self {
        Self { members: Vec::new(), account: None, settled }
    }
}

/// The account in the ARN of a record.
fn account_in(record: &[RecordMember]) -> Option<&str> {
    record.iter().find(|it| it.0 == "Arn").and_then(|it| account_of(&it.1))
}

/// Whether two texts of an element agree.
fn agree(member: &str, before: &str, text: &str) -> bool {
    let dates = || Some((microseconds(before)?, microseconds(text)?));
    before == text
        || MAY_BECOME.contains(&(member, text))
        || member.ends_with("Date")
            && dates().is_some_and(|(one, other)| one.abs_diff(other) <= ROUNDING)
}

/// The records of one account.
#[derive(Debug)]
pub(crate) struct EntityRecords {
    records: BTreeMap<EntityKey, KnownRecord>,
    owners: IdOwners,
    lag: i64,
    /// Until when a read may show what was before the log, or before records were forgotten.
    begin: Option<i64>,
    /// The same for single sorts.
    begins: BTreeMap<usize, i64>,
    /// The keys that stand for several entities: nothing about them is compared.
    ambiguous: BTreeSet<EntityKey>,
    /// The file of the last call without a time.
    file: Option<String>,
}

impl EntityRecords {
    /// No records. `lag` is the number of microseconds in which a read may be stale.
    pub(crate) fn new(lag: i64, starts_empty: bool) -> Self {
        Self {
            records: BTreeMap::new(),
            owners: IdOwners::default(),
            lag,
            begin: starts_empty.then_some(i64::MIN),
            begins: BTreeMap::new(),
            ambiguous: BTreeSet::new(),
            file: None,
        }
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
        self.begin.get_or_insert(start.saturating_add(self.lag));
        self.make_room(facts, end);
        self.owners.apply(facts, true);
        self.forget_sorts(facts, end);
        for change in &facts.changes {
            if change.is_certain {
                self.apply(change, end, &source);
            } else {
                self.forget_change(change, end);
            }
        }
        self.ambiguous.extend(facts.ambiguous.iter().cloned());
        let mut deviations = facts.own_deviations();
        for shown in &facts.shown {
            if self.ambiguous.contains(&shown.key) {
                continue;
            }
            if shown.is_new {
                deviations.extend(self.owners.check(shown, &source));
                self.add_new(shown, &source);
                continue;
            }
            // A change shows its own effect at once.
            let is_changed = facts.changes.iter().any(|it| it.key == shown.key);
            let time = if is_changed { i64::MAX } else { start };
            deviations.extend(self.check_shown(shown, (time, end), &source));
        }
        deviations
    }

    /// Forgets the records and the ids of another file without times, and too many records.
    fn make_room(&mut self, facts: &EntityFacts, end: i64) {
        let is_other_file = facts.untimed_file.is_some() && facts.untimed_file != self.file;
        self.file.clone_from(&facts.untimed_file);
        if is_other_file {
            self.records.clear();
            self.ambiguous.clear();
            self.owners.clear();
        }
        if self.records.len() + self.ambiguous.len() > RECORDS_MAX {
            self.records.clear();
            self.ambiguous.clear();
            self.begin = Some(end.saturating_add(self.lag));
        }
    }

    /// Until when a read may show another record than the first one of an entity.
    fn begin_of(&self, sort: usize) -> i64 {
        let of_sort = self.begins.get(&sort).copied().unwrap_or(i64::MIN);
        self.begin.unwrap_or(i64::MIN).max(of_sort)
    }

    /// Adds the record of a new entity. It did not exist before, so an older record is one of another
    /// entity.
    fn add_new(&mut self, shown: &ShownRecord, source: &Rc<str>) {
        let begin = self.begin_of(shown.key.0);
        let settled = self.records.get(&shown.key).map_or(begin, |it| it.settled);
        let record = KnownRecord {
            members: shown.members.iter().map(|it| (it.clone(), Rc::clone(source))).collect(),
            account: account_in(&shown.members).map(str::to_owned),
            ..KnownRecord::unknown(settled)
        };
        self.records.insert(shown.key.clone(), record);
    }

    /// Compares a record with the known one, and adds what is new.
    fn check_shown(
        &mut self,
        shown: &ShownRecord,
        (start, end): (i64, i64),
        source: &Rc<str>,
    ) -> Vec<FormatDeviation> {
        let mut deviations = Vec::new();
        // A value that changes without a call may have changed just before.
        let changed = end.saturating_add(self.lag);
        let Some(sort) = SORTS.get(shown.key.0) else { return deviations };
        let begin = self.begin_of(shown.key.0);
        let settled = match policy_of(&shown.key).filter(|_| sort.is_part_of_policy) {
            Some(policy) => self.records.get(&policy).map_or(begin, |it| it.settled),
            None if sort.changes.is_empty() => i64::MIN,
            None => begin,
        };
        let unknown = || KnownRecord::unknown(settled);
        let known = self.records.entry(shown.key.clone()).or_insert_with(unknown);
        // One endpoint may serve several accounts. Only ARNs show that.
        let account = account_in(&shown.members).map(str::to_owned);
        let is_of_other =
            known.account.as_ref().zip(account.as_ref()).is_some_and(|it| it.0 != it.1);
        if start < known.settled || is_of_other {
            return deviations;
        }
        known.account = known.account.take().or(account);
        for (member, text) in &shown.members {
            let may_be_new = MAY_BECOME.contains(&(*member, text));
            match known.members.iter_mut().find(|(it, _)| it.0 == *member) {
                None => {
                    known.members.push(((member, text.clone()), Rc::clone(source)));
                    if may_be_new {
                        known.settled = known.settled.max(changed);
                    }
                }
                Some((before, place)) if agree(member, &before.1, text) => {
                    if may_be_new && before.1 != *text {
                        before.1.clone_from(text);
                        *place = Rc::clone(source);
                        known.settled = known.settled.max(changed);
                    }
                }
                Some(((_, before), place)) => deviations.push(FormatDeviation {
                    detail: format!("{member} {before:?} as in {place}, not {text:?}"),
                    evidence: sort.evidence,
                    is_wrong_value: false,
                }),
            }
        }
        if deviations.is_empty() {
            deviations.extend(self.owners.check(shown, source));
        } else {
            // Which of the two is wrong is not known.
            known.members.clear();
            self.owners.forget(&shown.key);
        }
        deviations
    }

    /// Applies a change that was made.
    fn apply(&mut self, change: &EntityChange, end: i64, source: &Rc<str>) {
        let begin = self.begin_of(change.key.0);
        let settled = end.saturating_add(self.lag);
        let before = self.records.remove(&change.key);
        if change.row.kind == ChangeKind::Creation {
            // The response shows the record.
            let settled = before.map_or(begin, |it| it.settled);
            self.forget_key(&change.key, settled);
            return;
        }
        if change.row.kind == ChangeKind::Deletion {
            return self.forget_change(change, end);
        }
        let mut record = before.unwrap_or(KnownRecord::unknown(settled));
        record.settled = record.settled.max(settled);
        record.members.retain(|((member, _), _)| change.keeps.contains(member));
        for set in &change.sets {
            record.members.retain(|((member, _), _)| *member != set.0);
            record.members.push((set.clone(), Rc::clone(source)));
        }
        if let Some(new_key) = &change.new_key {
            self.forget_key(&change.key, settled);
            self.records.insert(new_key.clone(), record);
        } else {
            self.records.insert(change.key.clone(), record);
        }
    }

    /// Forgets what a call changes that ends at this time and overlaps with others.
    pub(crate) fn forget(&mut self, facts: &EntityFacts, end: i64) {
        self.make_room(facts, end);
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
        let settled = end.saturating_add(self.lag);
        for sort in &facts.may_change_any {
            let keys = (*sort, String::new())..(*sort + 1, String::new());
            let keys: Vec<EntityKey> = self.records.range(keys).map(|it| it.0.clone()).collect();
            for key in keys {
                self.records.remove(&key);
            }
            let begin = self.begins.entry(*sort).or_insert(settled);
            *begin = (*begin).max(settled);
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
        let before = self.records.get(key).map_or(settled, |it| it.settled);
        self.records.insert(key.clone(), KnownRecord::unknown(settled.max(before)));
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
        self.ambiguous.clear();
        self.owners.clear();
        self.begin = None;
    }
}
