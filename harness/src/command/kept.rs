//! What an endpoint did not let go, where no run is told of.

use std::io::Write;

use anyhow::Result;
use iamspec_conformance::Report;

use crate::client::Http;
use crate::render;
use crate::stream::kept;

pub(super) fn print_kept(report: &Report, http: &Http, out: &mut dyn Write) -> Result<()> {
    for it in kept(report, &|space, undo| http.name_of(space, undo)) {
        writeln!(out, "{}", render::kept(&it))?;
    }
    let journal = http.journal().filter(|it| it.there().next().is_some());
    if let Some(run) = journal.map(|it| it.header().run.clone()) {
        writeln!(out, "once the endpoint lets go of it: iamspec cleanup {run}")?;
    }
    Ok(())
}
