//! The dates of what a log creates: they are in the order of the calls, because each says when the entity
//! was created (E-031).
//!
//! They are not compared with the times of the log: a tool may have changed those, or have another clock.

use std::rc::Rc;

use iamspec_conformance::oracle::formats::FormatDeviation;
use iamspec_model::Evidence;
use iamspec_model::evidence::E_031;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::audit_log::consistency::record_sorts::{ChangeKind, SORTS};
use crate::audit_log::record::{RecordedCall, RecordedResponse};

/// By how much the clocks of the service may differ, in microseconds. There is no evidence of how exact they
/// are, so this is generous.
const DRIFT: i64 = 15 * 60 * 1_000_000;

/// The evidence that later dates belong to later calls: inferred from what the dates mean.
const IN_ORDER: Evidence = Evidence::like(&[E_031]);

/// The actions that create or upload something, besides those that create a record.
const ISSUING: [&str; 5] = [
    "CreateAccessKey",
    "CreatePolicyVersion",
    "CreateServiceSpecificCredential",
    "UploadSSHPublicKey",
    "UploadSigningCertificate",
];

/// The dates that the response to a call gives to what the call has created.
#[derive(Debug, Default)]
pub(crate) struct ShownDates {
    /// The elements and their texts.
    shown: Vec<(&'static str, String)>,
}

impl ShownDates {
    /// The dates in a call of a format that has whole responses and times.
    pub(crate) fn of(call: &RecordedCall) -> Self {
        let is_creation = |api: &str| {
            let rows = SORTS.iter().flat_map(|it| it.changes);
            let mut creations = rows.filter(|it| it.kind == ChangeKind::Creation);
            creations.any(|it| it.action == api) || ISSUING.contains(&api)
        };
        let RecordedResponse::Success(Some(result)) = &call.response else {
            return Self::default();
        };
        if !call.has_wire_format || call.time.is_empty() || !is_creation(&call.action) {
            return Self::default();
        }
        let dates = ["CreateDate", "UploadDate", "UpdateDate"].into_iter();
        let shown = result.children.iter().flat_map(|entity| {
            dates.clone().filter_map(|it| Some((it, entity.text_of(it)?.to_owned())))
        });
        Self { shown: shown.collect() }
    }
}

/// The date of the last creation, and its place in the log.
#[derive(Debug)]
struct LastDate {
    /// In microseconds since 1970.
    date: i64,
    text: String,
    source: Rc<str>,
}

/// The dates of one account.
#[derive(Debug, Default)]
pub(crate) struct CreationDates {
    last: Option<LastDate>,
}

impl CreationDates {
    /// Compares the dates with that of the call before, and remembers them. `source` is the place of the call
    /// in the log.
    pub(crate) fn check(&mut self, dates: &ShownDates, source: &str) -> Vec<FormatDeviation> {
        dates.shown.iter().filter_map(|it| self.check_one(it, source)).collect()
    }

    fn check_one(
        &mut self,
        (element, text): &(&'static str, String),
        source: &str,
    ) -> Option<FormatDeviation> {
        let date = microseconds(text)?;
        let this = LastDate { date, text: text.clone(), source: source.into() };
        // Of two dates in the wrong order, it is not known which is wrong, so the next one is compared with
        // the later call.
        let LastDate { date: before, text: known, source: place } = self.last.replace(this)?;
        // Files are merged by their clocks.
        if file_of(&place) != file_of(source) {
            return None;
        }
        (date < before.saturating_sub(DRIFT)).then(|| FormatDeviation {
            detail: format!(
                "{element} not before {known:?} in {place}, which came first, not {text:?}"
            ),
            evidence: IN_ORDER,
            is_wrong_value: false,
        })
    }
}

fn file_of(source: &str) -> Option<&str> {
    source.split(", ").next()
}

pub(super) fn microseconds(date: &str) -> Option<i64> {
    let date = OffsetDateTime::parse(date, &Rfc3339).ok()?;
    i64::try_from(date.unix_timestamp_nanos() / 1_000).ok()
}
