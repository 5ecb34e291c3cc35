//! The report file as JSON Lines: written as a whole, and read as a whole or refused.

use anyhow::{Context as _, Result, bail, ensure};

use crate::report::events::{CoverageEvent, EndEvent, ReportEvent, RunHeader};
use crate::report::{FORMAT, RunReport};

/// Returns the report as JSON Lines.
///
/// # Errors
/// An error of the JSON library.
pub fn to_json_lines(report: &RunReport) -> Result<String> {
    let mut text = String::new();
    for event in report.events() {
        text.push_str(&serde_json::to_string(&event)?);
        text.push('\n');
    }
    Ok(text)
}

/// Reads the report of one run, in this format or an older one.
///
/// # Errors
/// A line that is not an event, with its number; a missing header or footer; a newer format.
pub fn read(text: &str) -> Result<RunReport> {
    let mut lines = text.lines().enumerate().filter(|(_, it)| !it.trim().is_empty());
    let (_, first) = lines.next().context("the file is empty; expected the report of a run")?;
    // The format is checked before anything that may depend on it.
    let format = serde_json::from_str::<serde_json::Value>(first);
    let format = format.ok().and_then(|it| it.get("format")?.as_u64());
    let Some(format) = format else {
        bail!(
            "line 1 is not the header of a run; write the file with `iamspec run --report json=FILE`"
        );
    };
    ensure!(
        (1..=u64::from(FORMAT)).contains(&format),
        "the file has format {format}, and this iamspec reads formats 1 to {FORMAT}; \
         use the iamspec that wrote the file"
    );
    let ReportEvent::Run(header) =
        serde_json::from_str(first).context("line 1 is not the header of a run")?
    else {
        bail!("line 1 is not the header of a run");
    };
    let mut report = RunReport::new(RunHeader { format: FORMAT, ..header });
    let mut ended = false;
    for (index, line) in lines {
        let number = index + 1;
        ensure!(!ended, "line {number} comes after the footer; expected one run in a file");
        let event: ReportEvent =
            serde_json::from_str(line).with_context(|| format!("line {number} is not an event"))?;
        ended = matches!(event, ReportEvent::End(_));
        report.add(event).with_context(|| format!("line {number} is out of place"))?;
    }
    ensure!(ended, "the report is incomplete: its footer is missing; repeat the run");
    Ok(report)
}

/// Returns the JSON schema of a line.
///
/// # Errors
/// An error of the JSON library.
pub fn schema() -> Result<String> {
    Ok(serde_json::to_string_pretty(&schemars::schema_for!(ReportEvent))? + "\n")
}

impl RunReport {
    /// Returns a report without events.
    pub(super) fn new(header: RunHeader) -> Self {
        Self {
            header,
            calls: Vec::new(),
            findings: Vec::new(),
            remarks: Vec::new(),
            unspecified: Vec::new(),
            coverage: CoverageEvent::default(),
            not_deleted: Vec::new(),
            known_failures: Vec::new(),
            known_failure_errors: Vec::new(),
            end: EndEvent::default(),
        }
    }

    pub(super) fn add(&mut self, event: ReportEvent) -> Result<()> {
        match event {
            ReportEvent::Run(_) => bail!("a second header"),
            ReportEvent::Call(it) => self.calls.push(it),
            ReportEvent::Finding(it) => self.findings.push(*it),
            ReportEvent::Remark(it) => self.remarks.push(it),
            ReportEvent::Unspecified(it) => self.unspecified.push(it),
            ReportEvent::Coverage(it) => self.coverage = it,
            ReportEvent::NotDeleted(it) => self.not_deleted.push(it),
            ReportEvent::KnownFailure(it) => self.known_failures.push(it),
            ReportEvent::KnownFailureError { text } => self.known_failure_errors.push(text),
            ReportEvent::End(it) => self.end = it,
        }
        Ok(())
    }

    /// Returns the events in the order of the file.
    pub fn events(&self) -> impl Iterator<Item = ReportEvent> {
        let findings = self.findings.iter().cloned().map(|it| ReportEvent::Finding(Box::new(it)));
        let errors = self.known_failure_errors.iter().cloned();
        [ReportEvent::Run(self.header.clone())]
            .into_iter()
            .chain(self.calls.iter().cloned().map(ReportEvent::Call))
            .chain(findings)
            .chain(self.remarks.iter().cloned().map(ReportEvent::Remark))
            .chain(self.unspecified.iter().cloned().map(ReportEvent::Unspecified))
            .chain([ReportEvent::Coverage(self.coverage.clone())])
            .chain(self.not_deleted.iter().cloned().map(ReportEvent::NotDeleted))
            .chain(self.known_failures.iter().cloned().map(ReportEvent::KnownFailure))
            .chain(errors.map(|text| ReportEvent::KnownFailureError { text }))
            .chain([ReportEvent::End(self.end.clone())])
    }
}
