//! Recognizes the format of a file by its content, and reads its calls.

mod cassette;
mod cloudtrail;
pub(crate) mod har;
mod json_list;
mod placebo;

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::audit_log::formats::cloudtrail::CloudTrailRecord;
use crate::audit_log::formats::har::Har;
use crate::audit_log::record::RecordedCall;

/// The content of a file.
pub(crate) enum FileContent {
    /// Calls of IAM, and the number of events of all services.
    Calls { calls: Vec<RecordedCall>, events: usize },
    /// A digest or insights of CloudTrail.
    WithoutCalls,
}

/// What is expected in a file.
const EXPECTED: &str = "expected events of CloudTrail in JSON, a HAR file, a cassette, a placebo recording, or a trace";

/// A log file in the form in which AWS delivers it.
#[derive(serde::Deserialize)]
struct Delivery {
    #[serde(rename = "Records")]
    records: Vec<CloudTrailRecord>,
}

/// The calls of a file.
pub(crate) fn content(file: &Path, text: &str) -> Result<FileContent> {
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
    let mut reader = Reader { name: &name, calls: Vec::new(), events: 0, without_calls: 0 };
    match text.trim_start().chars().next() {
        None => bail!("the file is empty; {EXPECTED}"),
        Some('{' | '[') => reader.json(text)?,
        Some(_) => reader.yaml(text)?,
    }
    if reader.events == 0 && reader.without_calls > 0 {
        return Ok(FileContent::WithoutCalls);
    }
    Ok(FileContent::Calls { calls: reader.calls, events: reader.events })
}

struct Reader<'a> {
    name: &'a str,
    calls: Vec<RecordedCall>,
    events: usize,
    without_calls: usize,
}

impl Reader<'_> {
    fn json(&mut self, text: &str) -> Result<()> {
        // The usual form is read without an intermediate tree.
        if let Ok(delivery) = serde_json::from_str::<Delivery>(text) {
            delivery.records.into_iter().for_each(|it| self.record(it));
            return Ok(());
        }
        for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
            self.document(value.context(EXPECTED)?)?;
        }
        Ok(())
    }

    /// Cassettes are usually YAML.
    fn yaml(&mut self, text: &str) -> Result<()> {
        let value: Value =
            serde_saphyr::from_str(text).map_err(anyhow::Error::msg).context(EXPECTED)?;
        self.document(value)
    }

    fn document(&mut self, value: Value) -> Result<()> {
        match value {
            Value::Array(values) => values.into_iter().try_for_each(|it| self.document(it)),
            Value::Object(ref object) => {
                let has = |name: &str| object.contains_key(name);
                if has("log") {
                    return self.har(value);
                }
                if has("digestStartTime") || has("digestS3Bucket") {
                    self.without_calls += 1;
                    return Ok(());
                }
                if has("eventSource") || has("eventTime") && has("eventName") {
                    let record = serde_json::from_value(value).context(EXPECTED)?;
                    self.record(record);
                    return Ok(());
                }
                if has("insightDetails") {
                    self.without_calls += 1;
                    return Ok(());
                }
                if placebo::is_recording(self.name, object) {
                    let call = placebo::call(self.name, object);
                    self.push(call);
                    return Ok(());
                }
                if let Some(interactions) = cassette::interactions(&value) {
                    for it in interactions {
                        self.push(cassette::call(it));
                    }
                    return Ok(());
                }
                self.envelope(value)
            }
            _ => bail!("{EXPECTED}"),
        }
    }

    /// Reads what contains events: exports, subscriptions, and results of queries.
    fn envelope(&mut self, mut value: Value) -> Result<()> {
        let mut take = |name: &str| value.get_mut(name).map(Value::take);
        // `lookup-events`, the export of CloudWatch Logs, a message of EventBridge, a row of Lake.
        for name in ["Records", "Events", "events", "logEvents"] {
            if let Some(Value::Array(events)) = take(name) {
                return events.into_iter().try_for_each(|it| self.document(it));
            }
        }
        for name in ["detail", "eventData"] {
            if let Some(event @ Value::Object(_)) = take(name) {
                return self.document(event);
            }
        }
        for name in ["CloudTrailEvent", "message", "@message", "eventJson", "event", "eventData"] {
            if let Some(Value::String(text)) = take(name) {
                let event = serde_json::from_str(&text).context(EXPECTED)?;
                return self.document(event);
            }
        }
        // The results of Logs Insights and of CloudTrail Lake: rows of fields.
        for name in ["results", "QueryResultRows"] {
            if let Some(Value::Array(rows)) = take(name) {
                return rows.iter().try_for_each(|it| self.row(it));
            }
        }
        bail!("{EXPECTED}")
    }

    /// A row is a list of `{"field": …, "value": …}` or of `{"eventName": …}`.
    fn row(&mut self, row: &Value) -> Result<()> {
        let fields = row.as_array().context(EXPECTED)?;
        let mut event = serde_json::Map::new();
        for field in fields {
            let object = field.as_object().context(EXPECTED)?;
            match (object.get("field").and_then(Value::as_str), object.get("value")) {
                (Some(name), Some(value)) => _ = event.insert(name.to_owned(), value.clone()),
                _ => event.extend(object.clone()),
            }
        }
        for name in ["requestParameters", "responseElements", "userIdentity"] {
            if let Some(value) = event.get_mut(name)
                && let Some(text) = value.as_str()
            {
                *value = serde_json::from_str(text).unwrap_or_else(|_| map_of(text));
            }
        }
        self.document(Value::Object(event))
    }

    fn har(&mut self, value: Value) -> Result<()> {
        let har: Har = serde_json::from_value(value).context("expected a HAR file")?;
        for (number, call) in har.calls() {
            self.events += 1;
            let source = format!("{}, entry {number}", self.name);
            self.calls.push(RecordedCall { source, ..call });
        }
        Ok(())
    }

    fn record(&mut self, record: CloudTrailRecord) {
        if record.is_insight() {
            self.without_calls += 1;
            return;
        }
        let call = record.is_iam().then(|| record.call());
        self.push(call);
    }

    fn push(&mut self, call: Option<RecordedCall>) {
        self.events += 1;
        let source = format!("{}, event {}", self.name, self.events);
        self.calls.extend(call.map(|call| RecordedCall { source, ..call }));
    }
}

/// The form in which CloudTrail Lake prints a map: `{userName=alice, groupName=staff}`.
fn map_of(text: &str) -> Value {
    let inner = text.trim().trim_start_matches('{').trim_end_matches('}');
    let pairs = inner.split(", ").filter_map(|pair| pair.split_once('='));
    let member = |(name, value): (&str, &str)| (name.to_owned(), Value::from(value));
    Value::Object(pairs.map(member).collect())
}
