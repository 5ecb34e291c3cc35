//! One CloudTrail event, and its conversion to a [`RecordedCall`].

use std::collections::BTreeMap;

use crate::audit_log::record::{RecordedCall, RecordedCaller, RecordedResponse};
use crate::audit_log::replaced_values::{remove_replaced, take_replaced};
use crate::audit_log::times::{microseconds, unreadable_time};
use crate::wire::xml_read::Element;
use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::Value;

/// The members of an event that the audit uses.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CloudTrailRecord {
    #[serde(default)]
    event_source: String,
    #[serde(default)]
    event_name: String,
    event_time: String,
    #[serde(default, rename = "eventID")]
    event_id: Option<String>,
    error_code: Option<String>,
    error_message: Option<String>,
    request_parameters: Option<Value>,
    response_elements: Option<Value>,
    user_identity: Option<UserIdentity>,
    recipient_account_id: Option<String>,
    event_category: Option<String>,
}

/// The caller.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserIdentity {
    #[serde(rename = "type")]
    caller_type: Option<String>,
    user_name: Option<String>,
    access_key_id: Option<String>,
}

impl CloudTrailRecord {
    /// Whether the event is an IAM operation.
    pub(crate) fn is_iam(&self) -> bool {
        self.event_source == "iam.amazonaws.com"
    }

    /// Whether the event is about the trail, and not a call.
    pub(crate) fn is_insight(&self) -> bool {
        self.event_category.as_deref() == Some("Insight")
    }

    /// The call.
    ///
    /// # Errors
    /// The time cannot be read. The order in a file is not the order in time: results of queries and
    /// of `lookup-events` begin with the newest event.
    pub(crate) fn call(self) -> Result<RecordedCall> {
        // The time is in whole seconds, and so are the bounds that it gives.
        let start = microseconds(&self.event_time)
            .with_context(|| unreadable_time("eventTime", &self.event_time))?;
        let response = self.response();
        let mut members = self.request_parameters.as_ref().map(form_of).unwrap_or_default();
        let hidden = take_replaced(&mut members);
        Ok(RecordedCall {
            id: self.event_id.unwrap_or_default(),
            start: Some(start),
            time: self.event_time,
            end: Some(start.saturating_add(999_999)),
            account: self.recipient_account_id.unwrap_or_default(),
            caller: self.user_identity.map_or(RecordedCaller::Unknown, UserIdentity::caller),
            action: self.event_name,
            members,
            hidden,
            response,
            ..RecordedCall::default()
        })
    }

    /// CloudTrail appends `Exception` to error codes; responses do not (E-006).
    fn response(&self) -> RecordedResponse {
        // An export of CloudTrail Lake writes a value that is missing as text.
        let error_code = self.error_code.as_ref().filter(|it| !["", "null"].contains(&it.as_str()));
        match error_code {
            None => {
                let mut result = self.response_elements.as_ref().map(|it| element("", it));
                result.iter_mut().for_each(remove_replaced);
                RecordedResponse::Success(result)
            }
            Some(error) => RecordedResponse::Error {
                status: None,
                code: error.strip_suffix("Exception").unwrap_or(error).to_owned(),
                message: self.error_message.clone(),
            },
        }
    }
}

impl UserIdentity {
    fn caller(self) -> RecordedCaller {
        match (self.caller_type.as_deref(), self.user_name, self.access_key_id) {
            (Some("IAMUser"), Some(name), _) => RecordedCaller::User(name),
            (Some("IAMUser"), None, Some(key)) => RecordedCaller::AccessKey(key),
            (Some("IAMUser") | None, ..) => RecordedCaller::Unknown,
            _ => RecordedCaller::Other,
        }
    }
}

/// The members of a request as a form has them.
fn form_of(parameters: &Value) -> BTreeMap<String, String> {
    let mut members = BTreeMap::new();
    add_members("", parameters, &mut members);
    members
}

fn add_members(prefix: &str, value: &Value, members: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let dot = if prefix.is_empty() { "" } else { "." };
                add_members(&format!("{prefix}{dot}{}", upper_camel(name)), value, members);
            }
        }
        Value::Array(array) => {
            for (index, value) in array.iter().enumerate() {
                add_members(&format!("{prefix}.member.{}", index + 1), value, members);
            }
        }
        Value::Null => {}
        Value::String(text) => _ = members.insert(prefix.to_owned(), text.clone()),
        other => _ = members.insert(prefix.to_owned(), other.to_string()),
    }
}

/// The response elements as XML has them.
pub(crate) fn element(name: &str, value: &Value) -> Element {
    let children = match value {
        Value::Object(object) => {
            object.iter().map(|(name, value)| element(&upper_camel(name), value)).collect()
        }
        Value::Array(array) => array.iter().map(|it| element("member", it)).collect(),
        _ => Vec::new(),
    };
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => String::new(),
    };
    Element { name: name.to_owned(), text, children, ..Element::default() }
}

/// Converts `accessKeyId`, the form of CloudTrail, to `AccessKeyId`.
fn upper_camel(member: &str) -> String {
    let mut letters = member.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase().to_string());
    first.map(|first| first + letters.as_str()).unwrap_or_default()
}
