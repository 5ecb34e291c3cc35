//! A report whose texts can be printed: no text of an endpoint or of a file adds a line or controls
//! a terminal.
//!
//! The formats for people are written from it. JSON, JUnit, SARIF, HTML and the badge quote the texts
//! themselves and keep them.

use anyhow::Result;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::report::RunReport;
use crate::report::events::{FindingEvent, ReportEvent};
use crate::wire::output::visible::{visible_line, visible_lines};

/// The member whose texts have several lines: an HTTP exchange.
const EXCHANGE: &str = "wire";

impl RunReport {
    /// Returns the report with every control character of its texts as an escape.
    #[must_use]
    pub fn printable(&self) -> Self {
        let mut report = Self::new(self.header.clone());
        for event in self.events() {
            match printable(&event) {
                Ok(ReportEvent::Run(header)) => report.header = header,
                // An event of one kind is always in place.
                Ok(event) => _ = report.add(event),
                // Only a number that JSON does not have leads here.
                Err(_) => _ = report.add(event),
            }
        }
        report
    }
}

impl FindingEvent {
    /// Returns the finding with every control character of its texts as an escape.
    #[must_use]
    pub fn printable(&self) -> Self {
        // Only a number that JSON does not have makes it fail, and a finding has none.
        printable(self).unwrap_or_else(|_| self.clone())
    }
}

fn printable<T: Serialize + DeserializeOwned>(event: &T) -> Result<T> {
    let mut value = serde_json::to_value(event)?;
    escape(&mut value, false);
    Ok(serde_json::from_value(value)?)
}

/// Escapes every text of the value. The texts of an exchange keep their lines.
fn escape(value: &mut Value, lines: bool) {
    match value {
        Value::String(text) if lines => *text = visible_lines(text),
        Value::String(text) => *text = visible_line(text),
        Value::Array(items) => items.iter_mut().for_each(|it| escape(it, lines)),
        Value::Object(members) => {
            members.iter_mut().for_each(|(name, it)| escape(it, lines || name == EXCHANGE));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
