//! Compares each response of a log with the earlier ones: ids, paths, ARNs, dates, documents and values of
//! tags. The listings, which the model has, are compared elsewhere.

mod creation_dates;
mod entity_records;
mod id_owners;
mod record_facts;
mod record_sorts;
mod recorded_values;

use iamspec_conformance::oracle::formats::FormatDeviation;

use crate::audit_log::consistency::creation_dates::{CreationDates, ShownDates};
use crate::audit_log::consistency::entity_records::EntityRecords;
use crate::audit_log::consistency::record_facts::EntityFacts;
use crate::audit_log::consistency::recorded_values::{RecordedValues, ValueFacts};
use crate::audit_log::record::RecordedCall;

/// What a call changes and shows.
pub(crate) struct CallFacts {
    entities: EntityFacts,
    values: ValueFacts,
    dates: ShownDates,
}

impl CallFacts {
    /// The facts in a call.
    pub(crate) fn of(call: &RecordedCall) -> Self {
        Self {
            entities: EntityFacts::of(call),
            values: ValueFacts::of(call),
            dates: ShownDates::of(call),
        }
    }

    /// Whether the call may have changed what responses show.
    pub(crate) fn may_change_something(&self) -> bool {
        self.entities.may_change_something() || self.values.may_change_something()
    }
}

/// The place of a call in the log and in time.
#[derive(Clone, Copy)]
pub(crate) struct CallPlace<'a> {
    /// The file and the place in it.
    pub(crate) source: &'a str,
    /// When the request was sent, in microseconds since 1970.
    pub(crate) start: i64,
    /// When the response had arrived.
    pub(crate) end: i64,
}

/// What earlier responses of one account have shown.
#[derive(Debug)]
pub(crate) struct EarlierResponses {
    records: EntityRecords,
    values: RecordedValues,
    dates: CreationDates,
}

impl EarlierResponses {
    /// No responses. `lag` is the number of microseconds in which a read may be stale.
    pub(crate) fn new(lag: i64, starts_empty: bool) -> Self {
        Self {
            records: EntityRecords::new(lag, starts_empty),
            values: RecordedValues::new(lag),
            dates: CreationDates::default(),
        }
    }

    /// Compares and learns the facts of a call. Returns what differs. If the call overlaps with another one,
    /// what it may have changed becomes unknown.
    pub(crate) fn check(
        &mut self,
        facts: &CallFacts,
        place: CallPlace<'_>,
        overlaps: bool,
    ) -> Vec<FormatDeviation> {
        let CallPlace { source, start, end } = place;
        if overlaps {
            self.forget(facts, end, source);
            return facts.entities.own_deviations();
        }
        let mut deviations = self.dates.check(&facts.dates, source);
        deviations.extend(self.records.check(&facts.entities, (start, end), source));
        deviations.extend(self.values.check(&facts.values, (start, end), source));
        deviations
    }

    /// Forgets what a call may change that ends at this time.
    pub(crate) fn forget(&mut self, facts: &CallFacts, end: i64, source: &str) {
        self.records.forget(&facts.entities, end);
        self.values.forget(&facts.values, end, source);
    }

    /// Forgets what a call may have changed that was missing until now: everything but the order of dates.
    pub(crate) fn forget_all(&mut self) {
        self.records.forget_all();
        self.values.forget_all();
    }
}
