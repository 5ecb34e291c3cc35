//! Recognizes the format of a file by its content, and reads its calls.

mod cassette;
mod cloudtrail;
pub(crate) mod har;
mod json_list;
mod placebo;

use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::Value;

use crate::audit_log::files::is_stdin;
use crate::audit_log::formats::cloudtrail::CloudTrailRecord;
use crate::audit_log::formats::har::HarEntry;
use crate::audit_log::record::RecordedCall;
use crate::audit_log::times::microseconds;

/// The content of a file.
pub(crate) enum FileContent {
    /// Calls of IAM, and the number of events of all services.
    Calls { items: Vec<LogItem>, events: usize, unreadable: Option<UnreadableRecords> },
    /// A digest or insights of CloudTrail, or messages of a log service about itself.
    WithoutCalls,
}

/// A record of a file.
pub(crate) enum LogItem {
    /// A call of IAM.
    Call(Box<RecordedCall>),
    /// A record that cannot be read. It may be any call.
    Unreadable,
}

/// The records of a file that cannot be read.
#[derive(Debug)]
pub(crate) struct UnreadableRecords {
    pub(crate) count: usize,
    /// The place of the first one in the file.
    pub(crate) place: String,
    /// Why it cannot be read.
    pub(crate) reason: String,
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
///
/// # Errors
/// The file has another format, or no record that can be read.
pub(crate) fn content(file: &Path, text: &str) -> Result<FileContent> {
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
    let name = if is_stdin(file) { "stdin".into() } else { name };
    let mut reader = Reader {
        name: &name,
        items: Vec::new(),
        events: 0,
        position: 0,
        without_calls: 0,
        unreadable: None,
    };
    match text.trim_start().chars().next() {
        None => bail!("the file is empty; {EXPECTED}"),
        Some('{' | '[') => reader.json(text),
        Some(_) if text.lines().any(|it| message(it).starts_with('{')) => reader.lines(text),
        Some(_) => reader.yaml(text)?,
    }
    match reader.unreadable {
        Some(UnreadableRecords { count: 1, reason, .. }) if reader.events == 0 => bail!(reason),
        Some(UnreadableRecords { place, reason, .. }) if reader.events == 0 => {
            bail!("{place}: {reason}")
        }
        None if reader.events == 0 && reader.without_calls > 0 => Ok(FileContent::WithoutCalls),
        unreadable => {
            let (items, events) = (reader.items, reader.events);
            Ok(FileContent::Calls { items, events, unreadable })
        }
    }
}

/// A line of an exported log without the time before the message.
fn message(line: &str) -> &str {
    match line.split_once(' ') {
        Some((time, message)) if microseconds(time).is_some() => message,
        _ => line,
    }
}

/// The error about a text that is not JSON, and that begins after this number of lines.
fn not_json(error: &serde_json::Error, lines: usize) -> anyhow::Error {
    if error.is_eof() {
        return anyhow!("{EXPECTED}, found JSON that ends too early");
    }
    let (line, column) = (lines + error.line(), error.column());
    anyhow!("{EXPECTED}, found invalid JSON at line {line}, column {column}")
}

struct Reader<'a> {
    name: &'a str,
    items: Vec<LogItem>,
    /// The number of records that were read.
    events: usize,
    /// The number of records, also of those that cannot be read.
    position: usize,
    without_calls: usize,
    unreadable: Option<UnreadableRecords>,
}

impl Reader<'_> {
    fn json(&mut self, text: &str) {
        // The usual form is read without an intermediate tree.
        match serde_json::from_str::<Delivery>(text) {
            Ok(delivery) => {
                for it in delivery.records {
                    let read = self.record(it);
                    self.note(read);
                }
            }
            Err(_) => self.documents(text),
        }
    }

    /// Reads one JSON document after another. What is not JSON is skipped up to the next line that
    /// begins with an object.
    fn documents(&mut self, text: &str) {
        let (mut rest, mut line) = (text, 0);
        loop {
            let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
            let error = loop {
                match values.next() {
                    None => return,
                    Some(Ok(value)) => self.element(value),
                    Some(Err(error)) => break error,
                }
            };
            let after = rest.get(values.byte_offset()..).unwrap_or_default().trim_start();
            // The commas after the elements of a list whose start cannot be read.
            if !after.starts_with(',') {
                let before = rest.len().checked_sub(after.len()).and_then(|it| rest.get(..it));
                let number = line + before.unwrap_or_default().matches('\n').count() + 1;
                self.unreadable(&format!("line {number}"), &not_json(&error, line));
            }
            let Some((_, next)) = after.split_once("\n{") else { return };
            let next = after.get(after.len() - next.len() - 1..).unwrap_or_default();
            line += rest.matches('\n').count() - next.matches('\n').count();
            rest = next;
        }
    }

    /// Reads lines that have a JSON document each, after its time or not.
    fn lines(&mut self, text: &str) {
        for (number, line) in (1..).zip(text.lines()).filter(|(_, it)| !it.trim().is_empty()) {
            match serde_json::from_str(message(line)) {
                Ok(value) => self.element(value),
                Err(error) => {
                    self.unreadable(&format!("line {number}"), &not_json(&error, number - 1));
                }
            }
        }
    }

    /// Reads a document of a list. If it cannot be read, the others still are.
    fn element(&mut self, value: Value) {
        let read = self.document(value);
        self.note(read);
    }

    /// Records whether the record after the last one was read.
    fn note(&mut self, read: Result<()>) {
        if let Err(error) = read {
            self.unreadable(&format!("event {}", self.position + 1), &error);
        }
    }

    fn unreadable(&mut self, place: &str, error: &anyhow::Error) {
        self.position += 1;
        self.items.push(LogItem::Unreadable);
        let (place, reason) = (place.to_owned(), format!("{error:#}"));
        let first = || UnreadableRecords { count: 0, place, reason };
        self.unreadable.get_or_insert_with(first).count += 1;
    }

    /// Cassettes are usually YAML.
    fn yaml(&mut self, text: &str) -> Result<()> {
        let value: Value =
            serde_saphyr::from_str(text).map_err(anyhow::Error::msg).context(EXPECTED)?;
        self.document(value)
    }

    fn document(&mut self, value: Value) -> Result<()> {
        match value {
            Value::Array(values) => {
                for value in values {
                    self.element(value);
                }
                Ok(())
            }
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
                    return self.record(serde_json::from_value(value).context(EXPECTED)?);
                }
                // A subscription of CloudWatch Logs sends messages about itself.
                let is_control =
                    object.get("messageType").is_some_and(|it| it == "CONTROL_MESSAGE");
                if has("insightDetails") || is_control {
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
                for event in events {
                    self.element(event);
                }
                return Ok(());
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
                for row in &rows {
                    let read = self.row(row);
                    self.note(read);
                }
                return Ok(());
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

    fn har(&mut self, mut value: Value) -> Result<()> {
        let entries = value.get_mut("log").and_then(|it| it.get_mut("entries"));
        let Some(Value::Array(entries)) = entries.map(Value::take) else {
            bail!("expected a HAR file, found no list of entries in `log`");
        };
        for (number, entry) in (1..).zip(entries) {
            let place = format!("entry {number}");
            let read = serde_json::from_value::<HarEntry>(entry)
                .context("expected an entry of a HAR file");
            match read.and_then(|it| it.call()) {
                Ok(Some(call)) => self.call(call, &place),
                Ok(None) => {}
                Err(error) => self.unreadable(&place, &error),
            }
        }
        Ok(())
    }

    fn record(&mut self, record: CloudTrailRecord) -> Result<()> {
        if record.is_insight() {
            self.without_calls += 1;
            return Ok(());
        }
        let call = if record.is_iam() { Some(record.call()?) } else { None };
        self.push(call);
        Ok(())
    }

    fn push(&mut self, call: Option<RecordedCall>) {
        if let Some(call) = call {
            self.call(call, &format!("event {}", self.position + 1));
        } else {
            self.events += 1;
            self.position += 1;
        }
    }

    fn call(&mut self, call: RecordedCall, place: &str) {
        self.events += 1;
        self.position += 1;
        let source = format!("{}, {place}", self.name);
        self.items.push(LogItem::Call(Box::new(RecordedCall { source, ..call })));
    }
}

/// The form in which CloudTrail Lake prints a map: `{userName=alice, groupName=staff}`.
fn map_of(text: &str) -> Value {
    let inner = text.trim().trim_start_matches('{').trim_end_matches('}');
    let pairs = inner.split(", ").filter_map(|pair| pair.split_once('='));
    let member = |(name, value): (&str, &str)| (name.to_owned(), Value::from(value));
    Value::Object(pairs.map(member).collect())
}
