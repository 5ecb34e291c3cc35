//! The stream as JSON Lines: written whole, read whole or refused.

use anyhow::{Context as _, Result, bail, ensure};

use crate::report::events::{CoverageEvent, EndEvent, ReportEvent, RunHeader};
use crate::report::{FORMAT, RunReport};

/// The lines, each with its end.
///
/// # Errors
/// What the JSON library says.
pub fn lines(stream: &RunReport) -> Result<String> {
    let mut text = String::new();
    for event in stream.events() {
        text.push_str(&serde_json::to_string(&event)?);
        text.push('\n');
    }
    Ok(text)
}

/// Reads the lines of one run.
///
/// # Errors
/// A line that is no event, and which; a header or a footer that is missing; another format.
pub fn read(text: &str) -> Result<RunReport> {
    let mut lines = text.lines().enumerate().filter(|(_, it)| !it.trim().is_empty());
    let (_, first) = lines.next().context("the file is empty; expected the stream of a run")?;
    // The format is looked at before anything that may depend on it.
    let format = serde_json::from_str::<serde_json::Value>(first);
    let format = format.ok().and_then(|it| it.get("format")?.as_u64());
    let Some(format) = format else {
        bail!(
            "line 1 is no header of a run; write such a file with `iamspec run --report json=FILE`"
        );
    };
    ensure!(
        format == u64::from(FORMAT),
        "the file has format {format}, and this iamspec reads {FORMAT}; use the iamspec that wrote it"
    );
    let ReportEvent::Run(header) =
        serde_json::from_str(first).context("line 1 is no header of a run")?
    else {
        bail!("line 1 is no header of a run");
    };
    let mut stream = RunReport::begun(header);
    let mut ended = false;
    for (place, line) in lines {
        let number = place + 1;
        ensure!(!ended, "line {number} comes after the footer; expected one run a file");
        let event: ReportEvent =
            serde_json::from_str(line).with_context(|| format!("line {number} is no event"))?;
        ended = matches!(event, ReportEvent::End(_));
        stream.add(event).with_context(|| format!("line {number} is out of place"))?;
    }
    ensure!(ended, "the run is incomplete: its footer is missing; run it again");
    Ok(stream)
}

/// The schema of a line, in JSON.
///
/// # Errors
/// What the JSON library says.
pub fn schema() -> Result<String> {
    Ok(serde_json::to_string_pretty(&schemars::schema_for!(ReportEvent))? + "\n")
}

impl RunReport {
    /// A run of which nothing is told yet.
    pub(crate) fn begun(header: RunHeader) -> Self {
        Self {
            header,
            calls: Vec::new(),
            findings: Vec::new(),
            remarks: Vec::new(),
            open: Vec::new(),
            coverage: CoverageEvent::default(),
            kept: Vec::new(),
            entries: Vec::new(),
            complaints: Vec::new(),
            end: EndEvent::default(),
        }
    }

    fn add(&mut self, event: ReportEvent) -> Result<()> {
        match event {
            ReportEvent::Run(_) => bail!("a second header"),
            ReportEvent::Call(it) => self.calls.push(it),
            ReportEvent::Finding(it) => self.findings.push(*it),
            ReportEvent::Remark(it) => self.remarks.push(it),
            ReportEvent::Open(it) => self.open.push(it),
            ReportEvent::Coverage(it) => self.coverage = it,
            ReportEvent::Kept(it) => self.kept.push(it),
            ReportEvent::Entry(it) => self.entries.push(it),
            ReportEvent::Complaint { text } => self.complaints.push(text),
            ReportEvent::End(it) => self.end = it,
        }
        Ok(())
    }

    /// The events, in the order of the file.
    pub fn events(&self) -> impl Iterator<Item = ReportEvent> {
        let calls = self.calls.iter().cloned().map(ReportEvent::Call);
        let findings = self.findings.iter().cloned().map(|it| ReportEvent::Finding(Box::new(it)));
        let remarks = self.remarks.iter().cloned().map(ReportEvent::Remark);
        let open = self.open.iter().cloned().map(ReportEvent::Open);
        let kept = self.kept.iter().cloned().map(ReportEvent::Kept);
        let entries = self.entries.iter().cloned().map(ReportEvent::Entry);
        let complaints =
            self.complaints.iter().cloned().map(|text| ReportEvent::Complaint { text });
        [ReportEvent::Run(self.header.clone())]
            .into_iter()
            .chain(calls)
            .chain(findings)
            .chain(remarks)
            .chain(open)
            .chain([ReportEvent::Coverage(self.coverage.clone())])
            .chain(kept)
            .chain(entries)
            .chain(complaints)
            .chain([ReportEvent::End(self.end.clone())])
    }
}
