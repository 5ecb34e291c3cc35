//! HTTP traffic as browsers and proxies export it (HAR 1.2): what went to IAM, as `CloudTrail` would tell it.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::audit_log::cloudtrail::{CloudTrailRecord, lower_camel};
use crate::wire::names;
use crate::wire::xml_read::Element;

/// A file.
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
    response: HarResponse,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HarRequest {
    url: String,
    post_data: Option<HarText>,
}

#[derive(Deserialize)]
struct HarResponse {
    status: u16,
    content: HarText,
}

#[derive(Default, Deserialize)]
struct HarText {
    #[serde(default)]
    text: String,
    encoding: Option<String>,
}

impl HarText {
    fn plain(&self) -> String {
        let packed = self.encoding.as_deref() == Some("base64");
        let unpacked = data_encoding::BASE64.decode(self.text.as_bytes()).ok().filter(|_| packed);
        unpacked.map_or_else(|| self.text.clone(), |it| String::from_utf8_lossy(&it).into_owned())
    }
}

impl Har {
    /// What went to IAM.
    pub(crate) fn records(&self) -> Vec<CloudTrailRecord> {
        let entries = self.log.entries.iter().enumerate();
        entries.filter_map(|(place, entry)| entry.record(place)).collect()
    }
}

impl HarEntry {
    fn record(&self, place: usize) -> Option<CloudTrailRecord> {
        let url = reqwest::Url::parse(&self.request.url).ok()?;
        let body = self.request.post_data.as_ref().map(HarText::plain).unwrap_or_default();
        let form = url.query_pairs().chain(form_urlencoded::parse(body.as_bytes()));
        let form: Map<String, Value> =
            form.map(|(name, value)| (name.into_owned(), json!(value))).collect();
        let action = form.get("Action")?.as_str()?;
        if form.get("Version")?.as_str()? != names::VERSION {
            return None;
        }
        let answer = Element::parse(&self.response.content.plain()).unwrap_or_default();
        let error = answer.child("Error").filter(|_| self.response.status >= 400);
        let code = error.and_then(|it| it.text_of("Code")).unwrap_or("Unreadable");
        let parameters: Map<String, Value> =
            form.iter().map(|(name, value)| (lower_camel(name), value.clone())).collect();
        let record = json!({
            "eventSource": "iam.amazonaws.com",
            "eventName": action,
            "eventTime": self.started_date_time,
            "eventID": answer.child("ResponseMetadata").and_then(|it| it.text_of("RequestId")).map_or(place.to_string(), str::to_owned),
            "recipientAccountId": url.host_str(),
            "errorCode": (self.response.status >= 300).then_some(code),
            "errorMessage": error.and_then(|it| it.text_of("Message")),
            "requestParameters": parameters,
            "responseElements": answer.child(&format!("{action}Result")).map(members),
        });
        serde_json::from_value(record).ok()
    }
}

/// What an answer shows, as `CloudTrail` writes it.
fn members(of: &Element) -> Value {
    if of.children.is_empty() {
        return json!(of.text);
    }
    let list = of.children.iter().all(|it| it.name == "member");
    if list {
        return of.children.iter().map(members).collect();
    }
    Value::Object(of.children.iter().map(|it| (lower_camel(&it.name), members(it))).collect())
}
