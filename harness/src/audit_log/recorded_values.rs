//! The policy documents and the values of tags in a log: a read shows what was sent last.

use std::collections::HashMap;

use iamspec_conformance::oracle::formats::FormatDeviation;

use crate::audit_log::record::{RecordedCall, RecordedResponse};
use crate::audit_log::translate::no_response;
use crate::client::session::sent_values::SentValues;
use crate::client::wire_rules::formats::deviations_from_sent;
use crate::wire::names::{RequestForm, member, value_of};
use crate::wire::xml_read::Element;

/// The actions that set a value, and those that may take it away or move it to another name.
const CHANGES: [&str; 5] = ["PutUserPolicy", "TagUser", "CreateUser", "UpdateUser", "DeleteUser"];

/// The actions whose responses show a value.
const READS: [&str; 2] = ["GetUserPolicy", "ListUserTags"];

/// What a call sends, and what its response shows.
#[derive(Debug, Default)]
pub(crate) struct ValueFacts {
    /// The request with its action; empty if the call is about no value.
    form: RequestForm,
    is_refused: bool,
    is_success: bool,
    /// Whether the call concerns a user whose name is hidden.
    may_change_any: bool,
    shown: Option<Element>,
}

impl ValueFacts {
    /// The facts in a call of a format that has whole responses.
    pub(crate) fn of(call: &RecordedCall) -> Self {
        let action = call.action.as_str();
        let is_change = CHANGES.contains(&action);
        if !call.has_wire_format || !is_change && !READS.contains(&action) {
            return Self::default();
        }
        let mut form: RequestForm = call.members.clone().into_iter().collect();
        form.push(member("Action", action));
        let shown = match &call.response {
            RecordedResponse::Success(Some(result)) if !is_change => Some(result.clone()),
            _ => None,
        };
        Self {
            form,
            is_refused: matches!(call.response, RecordedResponse::Error { .. }),
            is_success: matches!(call.response, RecordedResponse::Success(_)),
            may_change_any: is_change && call.hides_a_choice(),
            shown,
        }
    }

    fn action(&self) -> &str {
        value_of(&self.form, "Action").unwrap_or_default()
    }

    fn users(&self) -> impl Iterator<Item = String> {
        let names = ["UserName", "NewUserName"].into_iter();
        names.filter_map(|it| value_of(&self.form, it)).map(str::to_lowercase)
    }
}

/// The values of one account.
#[derive(Debug)]
pub(crate) struct RecordedValues {
    sent: SentValues,
    /// Until when a read of a user may show the values before its last change.
    settled: HashMap<String, i64>,
    lag: i64,
}

impl RecordedValues {
    /// No values. `lag` is the number of milliseconds in which a read may be stale.
    pub(crate) fn new(lag: i64) -> Self {
        Self { sent: SentValues::default(), settled: HashMap::new(), lag }
    }

    /// Compares and learns the facts of a call that overlaps with no other one. Returns what differs.
    pub(crate) fn check(
        &mut self,
        facts: &ValueFacts,
        (start, end): (i64, i64),
    ) -> Vec<FormatDeviation> {
        self.forget(facts, end);
        if facts.is_success && !facts.may_change_any {
            self.sent.remember(&facts.form);
        }
        let is_settled = |user: String| self.settled.get(&user).is_none_or(|it| start >= *it);
        let shown = facts.shown.as_ref().filter(|_| facts.users().all(is_settled));
        let deviations = shown.map(|result| {
            deviations_from_sent(facts.action(), (&facts.form, &no_response()), result, &self.sent)
        });
        deviations.unwrap_or_default()
    }

    /// Forgets what a call may change that ends at this time, because it overlaps with others.
    pub(crate) fn forget(&mut self, facts: &ValueFacts, end: i64) {
        if facts.is_refused || !CHANGES.contains(&facts.action()) {
            return;
        }
        if facts.may_change_any {
            return self.forget_all();
        }
        self.sent.forget(&facts.form);
        let settled = end.saturating_add(self.lag);
        self.settled.extend(facts.users().map(|it| (it, settled)));
    }

    /// Forgets everything: a call was missing until now.
    pub(crate) fn forget_all(&mut self) {
        self.sent = SentValues::default();
    }
}
