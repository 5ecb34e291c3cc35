//! The table of the attachment kinds for a terminal.

use std::fmt::Write as _;

use crate::report::events::CallEvent;
use crate::report::format::style::Style;
use crate::report::kinds::{KindResult, kinds};

/// Returns the table of the kinds for a terminal. Empty if the run has no call about any.
#[must_use]
pub fn kind_rows(calls: &[CallEvent], style: Style) -> String {
    let kinds = kinds(calls);
    if kinds.iter().all(|(_, it)| it.is_out_of_scope()) {
        return String::new();
    }
    let mut out = style.bold("DeleteUser of a user with a single attachment") + "\n";
    for (kind, result) in &kinds {
        let (noun, text) = (kind.row().noun, result.description());
        let (response, text) = match result {
            KindResult::Refused { response, request } => {
                (response.as_str(), format!("{}, request {request}", style.success(&text)))
            }
            KindResult::Diverges { response, request, .. } => {
                (response.as_str(), format!("{}, request {request}", style.failure(&text)))
            }
            KindResult::Unsupported { .. } | KindResult::NotTested { .. } => ("-", text.clone()),
        };
        _ = writeln!(out, "  {noun:<28} {response:<20} {text}");
    }
    out
}
