//! What an endpoint is, by a file beside its expectations.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// What an endpoint is: `tests/emulators/moto/target.toml`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct About {
    /// What it is called.
    pub(super) name: String,
    /// Its version.
    pub(super) version: String,
    /// The script that starts it, beside the file; `start.sh` if left out.
    pub(super) start: Option<String>,
    /// Its licence, as SPDX writes it.
    pub(super) licence: Option<String>,
}

impl About {
    pub(super) fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read what the target is, {}", file.display()))?;
        toml::from_str(&text).with_context(|| format!("{} says no target", file.display()))
    }
}
