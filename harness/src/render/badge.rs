//! A badge, as shields.io reads it (<https://shields.io/badges/endpoint-badge>).

use anyhow::Result;
use serde_json::json;

use super::{Seen, kinds};
use crate::stream::Stream;

/// How many of the nine kinds stand in the way of deletion, as they must.
///
/// # Errors
/// What the JSON library says.
pub fn badge(stream: &Stream) -> Result<String> {
    let kinds = kinds(&stream.calls);
    let refused = kinds.iter().filter(|(_, it)| matches!(it, Seen::Refused { .. })).count();
    let diverges = kinds.iter().any(|(_, it)| matches!(it, Seen::Diverges { .. }));
    let elsewhere = stream.end.sums.unexpected + stream.end.sums.expected > 0;
    let colour = match (diverges, elsewhere) {
        (true, _) => "red",
        _ if refused == 0 => "lightgrey",
        (_, true) => "yellow",
        _ if refused == kinds.len() => "brightgreen",
        _ => "green",
    };
    let badge = json!({
        "schemaVersion": 1,
        "label": "IAM DeleteUser",
        "message": format!("{refused} of {} blockers", kinds.len()),
        "color": colour,
    });
    Ok(serde_json::to_string_pretty(&badge)? + "\n")
}
