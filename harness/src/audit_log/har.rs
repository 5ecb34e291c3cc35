//! HAR 1.2 files, the format in which browsers and proxies export HTTP traffic.
//!
//! Requests to IAM become [`CloudTrailRecord`]s, so that the audit reads only one kind of event.
//! Other requests are ignored.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::audit_log::cloudtrail::{CloudTrailRecord, lower_camel};
use crate::wire::names;
use crate::wire::xml_read::Element;

/// A HAR file.
#[derive(Deserialize)]
pub(crate) struct Har {
    log: HarLog,
}

#[derive(Deserialize)]
struct HarLog {
    entries: Vec<HarEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HarEntry {
    started_date_time: String,
    request: HarRequest,
    /// Missing, or with status 0, if no response arrived.
    response: Option<HarResponse>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HarRequest {
    url: String,
    post_data: Option<HarText>,
}

#[derive(Default, Deserialize)]
struct HarResponse {
    status: Option<i64>,
    #[serde(default)]
    content: HarText,
}

/// The error code of an event without a response that says whether the call had an effect.
const NO_RESPONSE: &str = "NoResponse";

#[derive(Default, Deserialize)]
struct HarText {
    #[serde(default)]
    text: String,
    encoding: Option<String>,
}

impl HarText {
    fn decoded(&self) -> String {
        let is_base64 = self.encoding.as_deref() == Some("base64");
        let bytes = data_encoding::BASE64.decode(self.text.as_bytes()).ok().filter(|_| is_base64);
        bytes.map_or_else(|| self.text.clone(), |it| String::from_utf8_lossy(&it).into_owned())
    }
}

impl Har {
    /// The requests to IAM as events.
    pub(crate) fn records(&self) -> Vec<CloudTrailRecord> {
        let entries = self.log.entries.iter().enumerate();
        entries.filter_map(|(index, entry)| entry.record(index)).collect()
    }
}

impl HarEntry {
    fn record(&self, index: usize) -> Option<CloudTrailRecord> {
        let url = reqwest::Url::parse(&self.request.url).ok()?;
        let body = self.request.post_data.as_ref().map(HarText::decoded).unwrap_or_default();
        let form = url.query_pairs().chain(form_urlencoded::parse(body.as_bytes()));
        let form: Map<String, Value> =
            form.map(|(name, value)| (name.into_owned(), json!(value))).collect();
        let action = form.get("Action")?.as_str()?;
        if form.get("Version")?.as_str()? != names::VERSION {
            return None;
        }
        let no_response = HarResponse::default();
        let received = self.response.as_ref().unwrap_or(&no_response);
        let body = Element::parse(&received.content.decoded());
        let response = body.as_ref().ok().cloned().unwrap_or_default();
        let error = response.child("Error");
        let code = error.and_then(|it| it.text_of("Code"));
        // A success and a refusal are known only from a whole response of IAM.
        let code = match received.status {
            Some(200..300) if response.name == format!("{action}Response") => None,
            Some(400..500) => Some(code.unwrap_or(NO_RESPONSE)),
            _ => Some(NO_RESPONSE),
        };
        let parameters: Map<String, Value> =
            form.iter().map(|(name, value)| (lower_camel(name), value.clone())).collect();
        let record = json!({
            "eventSource": "iam.amazonaws.com",
            "eventName": action,
            "eventTime": self.started_date_time,
            "eventID": response.child("ResponseMetadata").and_then(|it| it.text_of("RequestId")).map_or(index.to_string(), str::to_owned),
            "recipientAccountId": url.host_str(),
            "errorCode": code,
            "errorMessage": error.and_then(|it| it.text_of("Message")),
            "requestParameters": parameters,
            "responseElements": response.child(&format!("{action}Result")).map(members),
        });
        serde_json::from_value(record).ok()
    }
}

/// Converts the elements of a response to the JSON form of CloudTrail.
fn members(element: &Element) -> Value {
    if element.children.is_empty() {
        return json!(element.text);
    }
    let is_list = element.children.iter().all(|it| it.name == "member");
    if is_list {
        return element.children.iter().map(members).collect();
    }
    Value::Object(element.children.iter().map(|it| (lower_camel(&it.name), members(it))).collect())
}
