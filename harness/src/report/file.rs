//! The stream as JSON Lines: written whole, read whole or refused.

use anyhow::{Context as _, Result, bail, ensure};

use crate::report::events::{Coverage, End, Event, Header};
use crate::report::{FORMAT, Stream};

/// The lines, each with its end.
///
/// # Errors
/// What the JSON library says.
pub fn lines(stream: &Stream) -> Result<String> {
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
pub fn read(text: &str) -> Result<Stream> {
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
    let Event::Run(header) = serde_json::from_str(first).context("line 1 is no header of a run")?
    else {
        bail!("line 1 is no header of a run");
    };
    let mut stream = Stream::begun(header);
    let mut ended = false;
    for (place, line) in lines {
        let number = place + 1;
        ensure!(!ended, "line {number} comes after the footer; expected one run a file");
        let event: Event =
            serde_json::from_str(line).with_context(|| format!("line {number} is no event"))?;
        ended = matches!(event, Event::End(_));
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
    Ok(serde_json::to_string_pretty(&schemars::schema_for!(Event))? + "\n")
}

impl Stream {
    /// A run of which nothing is told yet.
    pub(crate) fn begun(header: Header) -> Self {
        Self {
            header,
            calls: Vec::new(),
            findings: Vec::new(),
            remarks: Vec::new(),
            open: Vec::new(),
            coverage: Coverage::default(),
            kept: Vec::new(),
            entries: Vec::new(),
            complaints: Vec::new(),
            end: End::default(),
        }
    }

    fn add(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Run(_) => bail!("a second header"),
            Event::Call(it) => self.calls.push(it),
            Event::Finding(it) => self.findings.push(*it),
            Event::Remark(it) => self.remarks.push(it),
            Event::Open(it) => self.open.push(it),
            Event::Coverage(it) => self.coverage = it,
            Event::Kept(it) => self.kept.push(it),
            Event::Entry(it) => self.entries.push(it),
            Event::Complaint { text } => self.complaints.push(text),
            Event::End(it) => self.end = it,
        }
        Ok(())
    }

    /// The events, in the order of the file.
    pub fn events(&self) -> impl Iterator<Item = Event> {
        let calls = self.calls.iter().cloned().map(Event::Call);
        let findings = self.findings.iter().cloned().map(|it| Event::Finding(Box::new(it)));
        let remarks = self.remarks.iter().cloned().map(Event::Remark);
        let open = self.open.iter().cloned().map(Event::Open);
        let kept = self.kept.iter().cloned().map(Event::Kept);
        let entries = self.entries.iter().cloned().map(Event::Entry);
        let complaints = self.complaints.iter().cloned().map(|text| Event::Complaint { text });
        [Event::Run(self.header.clone())]
            .into_iter()
            .chain(calls)
            .chain(findings)
            .chain(remarks)
            .chain(open)
            .chain([Event::Coverage(self.coverage.clone())])
            .chain(kept)
            .chain(entries)
            .chain(complaints)
            .chain([Event::End(self.end.clone())])
    }
}
