//! Cassettes of test libraries (vcrpy, go-vcr and Ruby VCR), and traces of this program.
//!
//! Each format has the requests and responses in order, without times that could be compared.

use data_encoding::BASE64;
use serde_json::Value;

use crate::audit_log::record::{RecordedCall, RecordedExchange};

/// The URL of an endpoint that a recording does not name.
const UNKNOWN_ENDPOINT: &str = "https://unknown.invalid/";

/// The interactions of a cassette, or the one exchange of a line of a trace.
pub(crate) fn interactions(document: &Value) -> Option<Vec<&Value>> {
    let lists = ["interactions", "http_interactions"];
    if let Some(Value::Array(list)) = lists.iter().find_map(|it| document.get(it)) {
        return Some(list.iter().collect());
    }
    (document.get("request").is_some() && document.get("answer").is_some()).then(|| vec![document])
}

/// The call of an interaction, if it is one of IAM.
pub(crate) fn call(interaction: &Value) -> Option<RecordedCall> {
    let request = interaction.get("request")?;
    let response = interaction.get("response").or_else(|| interaction.get("answer"));
    let url = ["uri", "url"].iter().find_map(|it| request.get(it)?.as_str());
    let status = response.and_then(|it| {
        let code = it.get("code").or_else(|| it.get("status_code"));
        code.or_else(|| it.get("status")?.get("code")).or_else(|| it.get("status"))?.as_u64()
    });
    let body = request.get("body").map(text_of).unwrap_or_default();
    let body = match request.as_array() {
        // A line of a trace has the members of the request.
        Some(members) => form_of(members),
        None if body.is_empty() => request.get("form").map(form_of_lists).unwrap_or_default(),
        None => body,
    };
    let authorization = request.get("headers").and_then(|it| {
        let headers = it.as_object()?.iter();
        let mut values = headers.filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        let value = values.next()?.1;
        value.as_str().or_else(|| value.get(0)?.as_str())
    });
    let exchange = RecordedExchange {
        url: url.unwrap_or(UNKNOWN_ENDPOINT),
        body: &body,
        authorization,
        status: status.and_then(|it| u16::try_from(it).ok()),
        response: &response.and_then(|it| it.get("body")).map(text_of).unwrap_or_default(),
    };
    exchange.call()
}

/// The text of a body: plain, or in an object with its encoding.
fn text_of(body: &Value) -> String {
    let base64 = |text: &str| {
        let bytes = BASE64.decode(text.replace(['\n', ' '], "").as_bytes()).ok()?;
        String::from_utf8(bytes).ok()
    };
    match body {
        Value::String(text) => text.clone(),
        Value::Object(body) => {
            let text = |name: &str| body.get(name).and_then(Value::as_str);
            let encoded = text("base64_string").or_else(|| text("binary"));
            text("string").map(str::to_owned).or_else(|| base64(encoded?)).unwrap_or_default()
        }
        _ => String::new(),
    }
}

fn form_of(members: &[Value]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for member in members {
        if let (Some(name), Some(value)) =
            (member.get(0).and_then(Value::as_str), member.get(1).and_then(Value::as_str))
        {
            form.append_pair(name, value);
        }
    }
    form.finish()
}

/// The form of go-vcr: each name has a list of values.
fn form_of_lists(members: &Value) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, values) in members.as_object().into_iter().flatten() {
        for value in values.as_array().into_iter().flatten().filter_map(Value::as_str) {
            form.append_pair(name, value);
        }
    }
    form.finish()
}
