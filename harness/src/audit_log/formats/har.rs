//! HAR 1.2 files, the format in which browsers and proxies export HTTP traffic.
//!
//! Requests to other services are ignored.

use std::borrow::Cow;
use std::io::Read;

use anyhow::{Context as _, Result};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use crate::audit_log::formats::json_list::each;
use crate::audit_log::record::{RecordedCall, RecordedExchange};
use crate::audit_log::times::{microseconds, precision, unreadable_time};

/// One request and its response.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HarEntry {
    started_date_time: String,
    /// The duration in milliseconds.
    #[serde(default, deserialize_with = "number")]
    time: Option<f64>,
    request: HarRequest,
    /// Missing, or with status 0, if no response arrived.
    response: Option<HarResponse>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HarRequest {
    url: String,
    #[serde(default)]
    headers: Vec<HarPair>,
    post_data: Option<HarText>,
}

#[derive(Deserialize)]
struct HarPair {
    name: String,
    #[serde(default)]
    value: String,
}

#[derive(Default, Deserialize)]
struct HarResponse {
    #[serde(default, deserialize_with = "number")]
    status: Option<f64>,
    #[serde(default)]
    content: HarText,
}

/// The content of a request or a response. A form may be a text or its parameters.
#[derive(Default, Deserialize)]
struct HarText {
    text: Option<String>,
    encoding: Option<String>,
    #[serde(default)]
    params: Vec<HarPair>,
}

impl HarText {
    fn decoded(&self) -> Cow<'_, str> {
        let Some(text) = self.text.as_deref().filter(|it| !it.is_empty()) else {
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(self.params.iter().map(|it| (&it.name, &it.value)));
            return form.finish().into();
        };
        let is_base64 = self.encoding.as_deref() == Some("base64");
        let bytes = is_base64.then(|| data_encoding::BASE64.decode(text.as_bytes()).ok()).flatten();
        bytes.map_or(text.into(), |it| String::from_utf8_lossy(&it).into_owned().into())
    }
}

/// A number, also in a text. `None` for anything else.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(f64),
        Text(String),
        Other(IgnoredAny),
    }
    Ok(match Written::deserialize(deserializer)? {
        Written::Number(number) => Some(number),
        Written::Text(text) => text.trim().parse().ok(),
        Written::Other(_) => None,
    })
}

/// Whether a file begins like HAR.
pub(crate) fn begins_like_har(start: &[u8]) -> bool {
    let start = start.trim_ascii_start();
    start.strip_prefix(b"{").is_some_and(|it| it.trim_ascii_start().starts_with(b"\"log\""))
}

/// The number of entries of a file that can be read entry by entry: each is valid and has a time,
/// and none is older than an earlier one by more than `lag` microseconds. `None` if the file must be
/// read as a whole.
pub(crate) fn count_ordered(reader: impl Read, lag: i64) -> Option<usize> {
    let (mut count, mut latest, mut is_ordered) = (0, i64::MIN, true);
    let read = each(reader, &ENTRIES, &mut |entry: HarEntry| {
        count += 1;
        let start = microseconds(&entry.started_date_time);
        is_ordered &= start.is_some_and(|it| it >= latest.saturating_sub(lag));
        latest = latest.max(start.unwrap_or(i64::MIN));
    });
    (read.is_ok() && is_ordered).then_some(count)
}

/// Emits the requests to IAM with their numbers, entry by entry; `None` for other requests.
pub(crate) fn each_call(
    reader: impl Read,
    emit: &mut dyn FnMut(usize, Option<RecordedCall>),
) -> Result<()> {
    let mut number = 0;
    let read = each(reader, &ENTRIES, &mut |entry: HarEntry| {
        number += 1;
        emit(number, entry.call().ok().flatten());
    });
    read.context("expected a HAR file")
}

/// Where the entries are.
const ENTRIES: [&str; 2] = ["log", "entries"];

impl HarEntry {
    /// The call; `None` if it is not one of IAM.
    ///
    /// # Errors
    /// The time cannot be read.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the values are bounded before"
    )]
    pub(crate) fn call(&self) -> Result<Option<RecordedCall>> {
        let none = HarText::default();
        let response = self.response.as_ref();
        let status = response.and_then(|it| it.status).filter(|it| (0.0..1000.0).contains(it));
        let headers = self.request.headers.iter();
        let authorization = headers
            .filter(|it| it.name.eq_ignore_ascii_case("authorization"))
            .map(|it| it.value.as_str())
            .next();
        let exchange = RecordedExchange {
            url: &self.request.url,
            body: &self.request.post_data.as_ref().unwrap_or(&none).decoded(),
            authorization,
            status: status.map(|it| it as u16),
            response: &response.map_or(&none, |it| &it.content).decoded(),
        };
        let Some(call) = exchange.call() else { return Ok(None) };
        let text = &self.started_date_time;
        let start = microseconds(text).with_context(|| unreadable_time("startedDateTime", text))?;
        // The start may be cut off to the precision of its text, so the end is not before the next unit.
        let unit = precision(text);
        let duration = self.time.unwrap_or_default().clamp(0.0, 86_400_000.0) * 1000.0;
        let units = (duration.ceil() as i64).saturating_add(unit - 1) / unit;
        let end = start.saturating_add(units * unit);
        let (start, time, end) = (Some(start), text.clone(), Some(end));
        Ok(Some(RecordedCall { start, time, end, ..call }))
    }
}
