//! The records of users, groups and policies in a log: their ids, paths, ARNs and dates.
//!
//! The service keeps one record of each entity, and shows it in every response (C-066, C-078,
//! C-088). Therefore two responses with different records contradict each other, unless a call
//! between them creates, changes or deletes the entity. A read within the lag after a change may
//! show the old record. A new user has an id that no earlier user of its name had.

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use iamspec_conformance::oracle::formats::FormatDeviation;
use iamspec_model::Evidence;
use iamspec_model::evidence::{A_022, A_058, C_066, C_078, C_088};

use crate::audit_log::record::{RecordedCall, RecordedResponse};
use crate::audit_log::symbols::account_of;
use crate::wire::xml_read::Element;

/// The sort of an entity: the elements with its name and its id, and the evidence.
struct EntitySort {
    name: &'static str,
    id: &'static str,
    /// The member or the element that identifies it.
    key: &'static str,
    /// The member that gives it a new name.
    new_name: Option<&'static str>,
    /// The actions that create, change or delete it.
    changes: [&'static str; 3],
    evidence: Evidence,
    /// The evidence that a new one of the same name has another id.
    new_id: Evidence,
}

/// The evidence that two entities of different names have different ids.
const UNIQUE: Evidence = Evidence::like(&[A_022, A_058]);

/// The number of ids that are remembered.
const IDS_MAX: usize = 100_000;

/// An id has at least so many different characters. Tools write constants in place of ids.
const CHARACTERS_MIN: usize = 8;

const SORTS: [EntitySort; 3] = [
    EntitySort {
        name: "UserName",
        id: "UserId",
        key: "UserName",
        new_name: Some("NewUserName"),
        changes: ["CreateUser", "UpdateUser", "DeleteUser"],
        evidence: Evidence::by(&[C_066]),
        new_id: Evidence::by(&[A_022, A_058]),
    },
    EntitySort {
        name: "GroupName",
        id: "GroupId",
        key: "GroupName",
        new_name: Some("NewGroupName"),
        changes: ["CreateGroup", "UpdateGroup", "DeleteGroup"],
        evidence: Evidence::by(&[C_078]),
        new_id: Evidence::like(&[A_022, A_058]),
    },
    EntitySort {
        name: "PolicyName",
        id: "PolicyId",
        key: "Arn",
        new_name: None,
        changes: ["CreatePolicy", "CreatePolicy", "DeletePolicy"],
        evidence: Evidence::by(&[C_088]),
        new_id: Evidence::like(&[A_022, A_058]),
    },
];

/// The elements of a record besides its name and its id.
const MEMBERS: [&str; 3] = ["Path", "Arn", "CreateDate"];

/// An entity: the number of its sort, and its name or ARN in lower case.
type EntityKey = (usize, String);

/// One element of a record and its text.
type RecordMember = (&'static str, String);

/// The known elements of a record, each with the place in the log that showed it, and until when a
/// read may show an older record.
#[derive(Debug)]
struct KnownRecord {
    members: Vec<(RecordMember, Rc<str>)>,
    settled: i64,
}

/// The entity that has an id, or had it until it was deleted, and the place in the log that showed it.
#[derive(Debug)]
struct IdOwner {
    key: EntityKey,
    source: Rc<str>,
}

/// How a call changes an entity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum EntityChange {
    /// Not at all, or in another way than the others.
    #[default]
    Other,
    /// It creates the entity, which the response shows.
    Creation,
    /// It may have given the entity another name.
    Rename,
    /// It has deleted the entity.
    Deletion,
}

/// What a call changes, and what its response shows.
#[derive(Debug, Default)]
pub(crate) struct EntityFacts {
    changed: Vec<EntityKey>,
    /// Whether the call changes an entity whose name is hidden.
    may_change_any: bool,
    shown: Vec<(EntityKey, Vec<RecordMember>)>,
    change: EntityChange,
    /// The file of a call without a time. Files without times may be of different accounts.
    untimed_file: Option<String>,
}

impl EntityFacts {
    /// The facts in a call of a format that has whole responses.
    pub(crate) fn of(call: &RecordedCall) -> Self {
        let mut facts = Self::default();
        if !call.has_wire_format {
            return facts;
        }
        // The reader has given such a call a start.
        if call.time.is_empty() {
            facts.untimed_file = call.source.split(", ").next().map(str::to_owned);
        }
        let is_refused = matches!(call.response, RecordedResponse::Error { .. });
        for (number, sort) in SORTS.iter().enumerate() {
            if sort.changes.contains(&call.action.as_str()) && !is_refused {
                let member = if sort.key == "Arn" { "PolicyArn" } else { sort.key };
                let names = [Some(member), sort.new_name].into_iter().flatten();
                let names = names.filter_map(|it| call.member(it));
                facts.changed.extend(names.map(|it| (number, it.to_lowercase())));
                facts.may_change_any |= call.hides_a_choice();
                let is_success = matches!(call.response, RecordedResponse::Success(_));
                let place = sort.changes.iter().position(|it| *it == call.action);
                facts.change = match place {
                    Some(0) => EntityChange::Creation,
                    Some(1) if sort.new_name.is_some_and(|it| call.member(it).is_some()) => {
                        EntityChange::Rename
                    }
                    Some(2) if is_success => EntityChange::Deletion,
                    _ => EntityChange::Other,
                };
            }
        }
        if let RecordedResponse::Success(Some(result)) = &call.response {
            facts.add_shown(result);
        }
        facts
    }

    fn is_creation(&self) -> bool {
        self.change == EntityChange::Creation
    }

    fn add_shown(&mut self, element: &Element) {
        for (number, sort) in SORTS.iter().enumerate() {
            let texts = [sort.key, sort.name, sort.id].map(|it| element.text_of(it));
            let [Some(key), Some(name), Some(id)] = texts else { continue };
            // AWS changes its own policies.
            if key.contains(":iam::aws:") {
                continue;
            }
            let mut record = vec![(sort.name, name.to_owned()), (sort.id, id.to_owned())];
            record.extend(MEMBERS.iter().filter_map(|member| {
                let text = element.text_of(member)?;
                // The response to a creation has fractions of seconds (E-023).
                (!text.contains('.')).then(|| (*member, text.to_owned()))
            }));
            self.shown.push(((number, key.to_lowercase()), record));
        }
        // A list of attached policies has their names.
        let attached = element.text_of("PolicyArn").zip(element.text_of("PolicyName"));
        if let Some((arn, name)) = attached.filter(|(arn, _)| !arn.contains(":iam::aws:")) {
            let place = SORTS.iter().position(|it| it.name == "PolicyName").unwrap_or_default();
            let record = vec![("PolicyName", name.to_owned())];
            self.shown.push(((place, arn.to_lowercase()), record));
        }
        element.children.iter().for_each(|it| self.add_shown(it));
    }
}

/// The account in the ARN of a record.
fn account<'a>(mut record: impl Iterator<Item = &'a RecordMember>) -> Option<&'a str> {
    record.find(|(member, _)| *member == "Arn").and_then(|(_, arn)| account_of(arn))
}

/// The owners of ids. An id whose entity may have another name now is forgotten.
#[derive(Debug, Default)]
struct IdOwners {
    owners: HashMap<String, IdOwner>,
    /// The id that each entity has.
    ids: HashMap<EntityKey, String>,
    /// The file of the last call without a time.
    file: Option<String>,
}

impl IdOwners {
    /// Compares the id in a record with the ids of other entities, and remembers it.
    fn check(
        &mut self,
        (key, shown): (&EntityKey, &[RecordMember]),
        is_creation: bool,
        source: &Rc<str>,
    ) -> Option<FormatDeviation> {
        let sort = SORTS.get(key.0)?;
        let (_, id) = shown.iter().find(|(member, _)| *member == sort.id)?;
        if let Some(known) = self.owners.get(id) {
            let is_same = known.key == *key;
            if is_same && !is_creation {
                return None;
            }
            let evidence = if is_same { sort.new_id } else { UNIQUE };
            let other = &known.key.1;
            let detail = format!("{} other than {id:?} of {other:?} in {}", sort.id, known.source);
            return Some(FormatDeviation { detail, evidence, is_wrong_value: false });
        }
        let characters: BTreeSet<char> = id.chars().collect();
        // Documents and tools write examples and constants in place of ids.
        if !id.ends_with("EXAMPLE") && characters.len() >= CHARACTERS_MIN {
            if self.owners.len() >= IDS_MAX {
                self.clear();
            }
            self.ids.insert(key.clone(), id.clone());
            let owner = IdOwner { key: key.clone(), source: Rc::clone(source) };
            self.owners.insert(id.clone(), owner);
        }
        None
    }

    /// Forgets the ids of what a call may change. The ids of deleted entities stay known.
    fn forget(&mut self, facts: &EntityFacts, is_certain: bool) {
        let is_other_file = facts.untimed_file.is_some() && facts.untimed_file != self.file;
        if facts.may_change_any || is_other_file {
            self.clear();
        }
        self.file.clone_from(&facts.untimed_file);
        for key in &facts.changed {
            match self.ids.remove(key) {
                Some(id) if !(facts.change == EntityChange::Deletion && is_certain) => {
                    self.owners.remove(&id);
                }
                None if facts.change == EntityChange::Rename => self.clear(),
                _ => {}
            }
        }
    }

    fn clear(&mut self) {
        self.owners.clear();
        self.ids.clear();
    }
}

/// The records of one account.
#[derive(Debug)]
pub(crate) struct EntityRecords {
    records: HashMap<EntityKey, KnownRecord>,
    owners: IdOwners,
    lag: i64,
    /// Until when a read may show the state before the log.
    begin: Option<i64>,
}

impl EntityRecords {
    /// No records. `lag` is the number of microseconds in which a read may be stale.
    pub(crate) fn new(lag: i64, starts_empty: bool) -> Self {
        let (records, owners) = (HashMap::new(), IdOwners::default());
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
        self.owners.forget(facts, true);
        self.forget_records(facts, end);
        let begin = *self.begin.get_or_insert(start.saturating_add(self.lag));
        let mut deviations = Vec::new();
        for (key, shown) in &facts.shown {
            if facts.is_creation() {
                deviations.extend(self.owners.check((key, shown), true, &source));
                let members = shown.iter().map(|it| (it.clone(), Rc::clone(&source))).collect();
                let settled = end.saturating_add(self.lag);
                self.records.insert(key.clone(), KnownRecord { members, settled });
                continue;
            }
            let unknown = || KnownRecord { members: Vec::new(), settled: begin };
            let KnownRecord { members: known, settled } =
                self.records.entry(key.clone()).or_insert_with(unknown);
            let Some(sort) = SORTS.get(key.0).filter(|_| start >= *settled) else { continue };
            // One endpoint may serve several accounts.
            let accounts = account(known.iter().map(|it| &it.0)).zip(account(shown.iter()));
            if accounts.is_some_and(|(one, other)| one != other) {
                continue;
            }
            deviations.extend(self.owners.check((key, shown), false, &source));
            for (member, text) in shown {
                match known.iter().find(|(it, _)| it.0 == *member) {
                    None => known.push(((member, text.clone()), Rc::clone(&source))),
                    Some(((_, before), _)) if before == text => {}
                    Some(((_, before), place)) => {
                        let detail = format!("{member} {before:?} as in {place}, not {text:?}");
                        deviations.push(FormatDeviation {
                            detail,
                            evidence: sort.evidence,
                            is_wrong_value: false,
                        });
                    }
                }
            }
        }
        deviations
    }

    /// Forgets what a call changes that ends at this time and overlaps with others.
    pub(crate) fn forget(&mut self, facts: &EntityFacts, end: i64) {
        self.owners.forget(facts, false);
        self.forget_records(facts, end);
    }

    /// Forgets the records that a call changes.
    fn forget_records(&mut self, facts: &EntityFacts, end: i64) {
        let settled = end.saturating_add(self.lag);
        if facts.may_change_any {
            self.records.clear();
            self.begin = Some(settled);
        }
        let created = facts.shown.iter().map(|(key, _)| key).filter(|_| facts.is_creation());
        for key in facts.changed.iter().chain(created) {
            self.records.insert(key.clone(), KnownRecord { members: Vec::new(), settled });
        }
    }

    /// Forgets everything: a call was missing until now.
    pub(crate) fn forget_all(&mut self) {
        self.records.clear();
        self.owners.clear();
        self.begin = None;
    }
}
