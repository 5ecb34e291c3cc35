//! What a recorded call says about records: which it changes, and which its response shows.

use std::collections::{BTreeMap, BTreeSet};

use iamspec_conformance::oracle::formats::FormatDeviation;

use crate::audit_log::consistency::record_sorts::{
    ChangeKind, DEFAULT_VERSIONS, POLICIES, RecordChange, RecordSort, SORTS,
};
use crate::audit_log::record::{RecordedCall, RecordedResponse};
use crate::audit_log::request_errors::defect;
use crate::wire::xml_read::Element;

/// An id has at least so many different characters. Tools write constants in place of ids.
const CHARACTERS_MIN: usize = 8;

/// Whether a text may be an id of the service: documents and tools write examples and constants in place
/// of ids.
pub(super) fn may_be_id(text: &str) -> bool {
    let characters: BTreeSet<char> = text.chars().collect();
    !text.to_ascii_uppercase().ends_with("EXAMPLE") && characters.len() >= CHARACTERS_MIN
}

/// An entity: the place of its sort in [`SORTS`], and its name, id or ARN in lower case.
pub(super) type EntityKey = (usize, String);

/// One element of a record and its text.
pub(super) type RecordMember = (&'static str, String);

/// A record in a response.
#[derive(Debug)]
pub(super) struct ShownRecord {
    pub(super) key: EntityKey,
    pub(super) members: Vec<RecordMember>,
    /// Whether the call has created the entity.
    pub(super) is_new: bool,
}

/// A change of a record by a call that was not refused.
#[derive(Debug)]
pub(super) struct EntityChange {
    pub(super) key: EntityKey,
    /// The key that it gets, if that is another one.
    pub(super) new_key: Option<EntityKey>,
    pub(super) row: &'static RecordChange,
    /// Whether the call succeeded.
    pub(super) is_certain: bool,
    /// The elements that stay as they are.
    pub(super) keeps: Vec<&'static str>,
    /// The new values.
    pub(super) sets: Vec<RecordMember>,
}

/// What a call changes, and what its response shows.
#[derive(Debug, Default)]
pub(crate) struct EntityFacts {
    pub(super) changes: Vec<EntityChange>,
    /// The sorts of which the call may change any entity, because its name is hidden or missing.
    pub(super) may_change_any: Vec<usize>,
    pub(super) shown: Vec<ShownRecord>,
    /// The keys that stand for several entities.
    pub(super) ambiguous: BTreeSet<EntityKey>,
    /// What contradicts itself within one record.
    deviations: Vec<FormatDeviation>,
    /// The file of a call without a time. Files without times may be of different accounts.
    pub(super) untimed_file: Option<String>,
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
        // Nothing is known of the effect of an invalid request that an endpoint accepted.
        let is_success =
            matches!(call.response, RecordedResponse::Success(_)) && defect(call).is_none();
        if !matches!(call.response, RecordedResponse::Error { .. }) {
            for (sort, row) in changes_of(&call.action) {
                facts.add_change((sort, row), call, is_success);
            }
        }
        if let RecordedResponse::Success(Some(result)) = &call.response {
            facts.add_shown(result, call.member("PolicyArn"), &call.action);
        }
        facts.ambiguous = facts.ambiguous_keys();
        // A tool has replaced the names and not the ARNs.
        if facts.deviations.len() > 1 || !facts.ambiguous.is_empty() {
            facts.deviations.clear();
        }
        facts
    }

    fn add_change(
        &mut self,
        (sort, row): (usize, &'static RecordChange),
        call: &RecordedCall,
        is_certain: bool,
    ) {
        if call.hides_a_choice() {
            return self.may_change_any.push(sort);
        }
        if row.key.is_empty() {
            return;
        }
        let key = |member: &str| call.member(member).map(|it| (sort, it.to_lowercase()));
        let Some(old) = key(row.key) else { return self.may_change_any.push(sort) };
        let has_unless = call.member(row.unless).is_some();
        // No fact says what a change of the case does.
        let is_open = |element: &str| {
            let member = row.sets.iter().find(|it| it.0 == element).map_or("", |it| it.1);
            call.member(member).is_some_and(|it| it.eq_ignore_ascii_case(&old.1))
        };
        let keeps = row.keeps.iter().copied().filter(|it| !has_unless && !is_open(it)).collect();
        let sets = row.sets.iter().filter(|it| !is_open(it.0)).filter_map(|(element, member)| {
            let value = call.member(member)?;
            let is_boolean = ["true", "false"].iter().any(|it| it.eq_ignore_ascii_case(value));
            let value = if is_boolean { value.to_lowercase() } else { value.to_owned() };
            Some((*element, value))
        });
        let sets = sets.collect();
        self.changes.push(EntityChange {
            new_key: key(row.new_key).filter(|it| *it != old),
            key: old,
            row,
            is_certain,
            keeps,
            sets,
        });
    }

    /// What the response contradicts by itself.
    pub(super) fn own_deviations(&self) -> Vec<FormatDeviation> {
        self.deviations.clone()
    }

    pub(super) fn may_change_something(&self) -> bool {
        !self.changes.is_empty() || !self.may_change_any.is_empty()
    }

    /// The entities that the response shows twice, with different records: a tool has written one constant
    /// in place of several names.
    fn ambiguous_keys(&self) -> BTreeSet<EntityKey> {
        let mut texts: BTreeMap<(&EntityKey, &str), &str> = BTreeMap::new();
        let mut ambiguous = BTreeSet::new();
        for shown in &self.shown {
            for (member, text) in &shown.members {
                let before = texts.insert((&shown.key, member), text);
                if before.is_some_and(|it| it != text) {
                    ambiguous.insert(shown.key.clone());
                }
            }
        }
        ambiguous
    }

    /// Adds the records in an element. `policy` is the ARN of the policy that it is about.
    fn add_shown(&mut self, element: &Element, policy: Option<&str>, action: &str) {
        let policy = element.text_of("Arn").filter(|it| it.contains(":policy/")).or(policy);
        for (place, sort) in SORTS.iter().enumerate() {
            let is_root = element.text_of("Arn").is_some_and(|it| it.ends_with(":root"));
            if is_root || !sort.has.iter().all(|it| element.text_of(it).is_some()) {
                continue;
            }
            self.deviations.extend(wrong_arn(sort, element));
            let Some(key) = key_of(sort, element, policy) else { continue };
            let members = sort.members.iter().filter_map(|member| {
                let text = element.text_of(member)?;
                // The response to a creation has fractions of seconds (E-023).
                (!(member.ends_with("Date") && text.contains('.')))
                    .then(|| (*member, text.to_owned()))
            });
            let members = members.collect();
            let is_new =
                changes_of(action).any(|(it, row)| it == place && row.kind == ChangeKind::Creation);
            self.shown.push(ShownRecord { key: (place, key), members, is_new });
        }
        self.add_names_of_policies(element, policy);
        element.children.iter().for_each(|it| self.add_shown(it, policy, action));
    }

    /// Adds the name of an attached policy, and the default version of a policy.
    fn add_names_of_policies(&mut self, element: &Element, policy: Option<&str>) {
        let mut add = |place, arn: &str, member: RecordMember| {
            if !arn.contains(":iam::aws:") {
                let key = (place, arn.to_lowercase());
                self.shown.push(ShownRecord { key, members: vec![member], is_new: false });
            }
        };
        if let Some((arn, name)) = element.text_of("PolicyArn").zip(element.text_of("PolicyName")) {
            add(POLICIES, arn, ("PolicyName", name.to_owned()));
        }
        if let (Some(arn), Some(version), Some("true")) =
            (policy, element.text_of("VersionId"), element.text_of("IsDefaultVersion"))
        {
            add(DEFAULT_VERSIONS, arn, ("DefaultVersionId", version.to_owned()));
        }
    }
}

/// The changes that an action makes, each with the place of its sort.
fn changes_of(action: &str) -> impl Iterator<Item = (usize, &'static RecordChange)> {
    let rows = SORTS
        .iter()
        .enumerate()
        .flat_map(|(sort, it)| it.changes.iter().map(move |row| (sort, row)));
    rows.filter(move |(_, row)| row.action == action)
}

/// The key of a record of this sort. AWS changes its own policies, and the root user its device without a call of
/// IAM, so they have none.
fn key_of(sort: &RecordSort, element: &Element, policy: Option<&str>) -> Option<String> {
    let key = element.text_of(sort.key)?;
    if key.contains(":iam::aws:") || key.ends_with("/root-account-mfa-device") {
        return None;
    }
    if sort.is_part_of_policy {
        let policy = policy.filter(|it| !it.contains(":iam::aws:"))?;
        return Some(part_key(policy, key));
    }
    // Such a key is the only difference between two entities.
    let is_usable = !sort.key.ends_with("Id") || may_be_id(key);
    is_usable.then(|| key.to_lowercase())
}

/// The key of a part of a policy. It begins with [`part_prefix`].
fn part_key(policy: &str, key: &str) -> String {
    format!("{}{}", part_prefix(policy), key.to_lowercase())
}

/// How the keys of all parts of a policy begin.
pub(super) fn part_prefix(policy: &str) -> String {
    format!("{} ", policy.to_lowercase())
}

/// The policy of a part.
pub(super) fn policy_of((_, key): &EntityKey) -> Option<EntityKey> {
    key.split_once(' ').map(|(policy, _)| (POLICIES, policy.to_owned()))
}

/// The difference, if the ARN of a record does not have its path and its name.
fn wrong_arn(sort: &RecordSort, element: &Element) -> Option<FormatDeviation> {
    let form = sort.arn.as_ref()?;
    let (arn, path) = (element.text_of("Arn")?, element.text_of("Path")?);
    let end = format!("{}{path}{}", form.kind, element.text_of(form.name)?);
    let resource = arn.splitn(6, ':').nth(5)?;
    (resource != end).then(|| FormatDeviation {
        detail: format!("Arn arn:aws:iam::<account>:{end}, not {arn:?}"),
        evidence: form.evidence,
        is_wrong_value: false,
    })
}
