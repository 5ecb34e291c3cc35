//! The policy documents and the values of tags in a log: a read shows what was sent last.

use std::collections::HashMap;
use std::rc::Rc;

use iamspec_conformance::oracle::formats::FormatDeviation;

use crate::audit_log::record::{RecordedCall, RecordedResponse};
use crate::audit_log::request_errors::defect;
use crate::client::session::sent_values::SentValues;
use crate::client::wire_rules::formats::deviations_from_sent;
use crate::wire::names::{RequestForm, member, value_of};
use crate::wire::xml_read::Element;

/// The actions that set a value, and those that may take it away or move it to another name.
const CHANGES: [&str; 5] = ["PutUserPolicy", "TagUser", "CreateUser", "UpdateUser", "DeleteUser"];

/// The actions whose responses show values.
const READS: [&str; 4] = ["GetUserPolicy", "ListUserTags", "GetUser", "CreateUser"];

/// What a call sends, and what its response shows.
#[derive(Debug, Default)]
pub(crate) struct ValueFacts {
    /// The request with its action; empty if the call is about no value.
    form: RequestForm,
    is_refused: bool,
    /// Whether the request has set its values for certain.
    has_set: bool,
    /// Whether the call may have changed values that it does not name.
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
        // An endpoint that accepts an invalid request may have stored another value. A recording may contain
        // a document that is encoded twice, and may have no value of a tag.
        let document = call.member("PolicyDocument").unwrap_or_default();
        let keys = call.list("Tags", ".Key").len();
        let is_unclear = defect(call).is_some()
            || document.contains('%')
            || keys != call.members.keys().filter(|it| it.ends_with(".Key")).count();
        let names_user = call.member("UserName").is_some();
        let shown = match &call.response {
            RecordedResponse::Success(Some(result)) if READS.contains(&action) => {
                Some(result.clone())
            }
            _ => None,
        };
        Self {
            form,
            is_refused: matches!(call.response, RecordedResponse::Error { .. }),
            has_set: matches!(call.response, RecordedResponse::Success(_)) && !is_unclear,
            may_change_any: is_change && (call.hides_a_choice() || is_unclear || !names_user),
            shown,
        }
    }

    pub(super) fn may_change_something(&self) -> bool {
        !self.is_refused && CHANGES.contains(&self.action())
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
    /// The last change of each user: until when a read may show the values before it, and its place.
    changes: HashMap<String, (i64, Rc<str>)>,
    lag: i64,
}

impl RecordedValues {
    /// No values. `lag` is the number of microseconds in which a read may be stale.
    pub(crate) fn new(lag: i64) -> Self {
        Self { sent: SentValues::default(), changes: HashMap::new(), lag }
    }

    /// Compares and learns the facts of a call that overlaps with no other one. `source` is its place in
    /// the log. Returns what differs.
    pub(crate) fn check(
        &mut self,
        facts: &ValueFacts,
        (start, end): (i64, i64),
        source: &str,
    ) -> Vec<FormatDeviation> {
        self.apply(facts, end, source, true);
        if facts.has_set {
            self.sent.remember(&facts.form);
        }
        let change = facts.users().next().and_then(|it| self.changes.get(&it));
        // A creation shows its own values, which are never stale.
        let is_creation = facts.action() == "CreateUser";
        let Some((_, source)) = change.filter(|(settled, _)| is_creation || start >= *settled)
        else {
            return Vec::new();
        };
        let mut deviations = facts.shown.as_ref().map_or_else(Vec::new, |result| {
            deviations_from_sent(facts.action(), &facts.form, result, &self.sent)
        });
        for it in &mut deviations {
            it.detail = format!("{}; the last change of the user is {source}", it.detail);
        }
        deviations
    }

    /// Forgets what a call may change that ends at this time.
    pub(crate) fn forget(&mut self, facts: &ValueFacts, end: i64, source: &str) {
        self.apply(facts, end, source, false);
    }

    /// Forgets what a call may change. If its order among other calls is known, a rename moves the values.
    fn apply(&mut self, facts: &ValueFacts, end: i64, source: &str, is_ordered: bool) {
        if !facts.may_change_something() {
            return;
        }
        if facts.may_change_any {
            return self.forget_all();
        }
        if facts.action() == "UpdateUser" && facts.has_set && is_ordered {
            self.sent.rename(&facts.form);
        } else {
            self.sent.forget(&facts.form);
        }
        let (settled, source) = (end.saturating_add(self.lag), Rc::<str>::from(source));
        self.changes.extend(facts.users().map(|it| (it, (settled, Rc::clone(&source)))));
    }

    /// Forgets everything: a call was missing until now.
    pub(crate) fn forget_all(&mut self) {
        self.sent = SentValues::default();
        self.changes.clear();
    }
}
