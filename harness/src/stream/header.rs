//! The first line of the stream: who is asked what, by whom and how.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was to be played, and where.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct Header {
    /// The version of the format.
    pub format: u32,
    /// The version of iamspec.
    pub version: String,
    /// What tells the rules and scripts of this iamspec from those of others.
    pub revision: String,
    /// Who was asked.
    pub target: Target,
    /// Who made the calls, where it was not iamspec itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Client>,
    /// What was to be played, in words.
    pub asked: String,
    /// How closely answers were compared: the tier from which a difference counts.
    pub tier: String,
    /// The level from which it counts.
    pub level: String,
    /// How many seconds the endpoint had until its answers were as they should be.
    pub settle: f64,
    /// What chance began with.
    pub seed: u64,
    /// When it began, in UTC (RFC 3339).
    pub begun: String,
    /// Which part of the suite it played; all of it where this is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Part>,
}

impl Header {
    /// Who made the calls, in words.
    #[must_use]
    pub fn made_by(&self) -> String {
        let client = self.client.as_ref();
        client.map_or("iamspec".to_owned(), |it| format!("{} {}", it.sdk, it.version))
    }
}

/// One of several parts of a suite.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, JsonSchema)]
pub struct Part {
    /// Its number, from 1.
    pub number: usize,
    /// How many there are.
    pub of: usize,
}

/// Who was asked.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct Target {
    /// What it is called.
    pub name: String,
    /// Its version, where somebody said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its licence, where somebody said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
}

/// Who made the calls.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize, JsonSchema)]
pub struct Client {
    /// The SDK.
    pub sdk: String,
    /// Its version.
    pub version: String,
    /// The language.
    pub language: String,
}
