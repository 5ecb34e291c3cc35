//! Generates a constant for each fact in `facts/facts.jsonl`.
//!
//! A rule that cites a missing fact does not compile, and a rule quotes an error text from its
//! fact.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Fact {
    id: String,
    operation: String,
    state: String,
    input: String,
    http: Option<u16>,
    code: Option<String>,
    message: Option<String>,
    strength: String,
    #[serde(default)]
    text_strength: Option<String>,
    source: String,
    note: String,
    #[serde(default)]
    settles: Vec<String>,
    #[serde(default)]
    confirms: Vec<String>,
    #[serde(default)]
    contradicts: Vec<String>,
    #[serde(default)]
    decision: Option<String>,
    #[serde(default)]
    probe: Option<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=facts/facts.jsonl");
    let mut code = String::new();
    let mut names = Vec::new();
    for (index, line) in fs::read_to_string("facts/facts.jsonl")?.lines().enumerate() {
        let fact: Fact = serde_json::from_str(line)
            .map_err(|error| format!("facts/facts.jsonl line {}: {error}", index + 1))?;
        let name = fact.id.replace('-', "_");
        write_constant(&mut code, &name, &fact)?;
        names.push(name);
    }
    writeln!(code, "/// Every fact, in file order.")?;
    writeln!(code, "pub const FACTS: [&Fact; {}] = [{}];", names.len(), names.join(", "))?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("facts.rs"), code)?;
    Ok(())
}

fn write_constant(code: &mut String, name: &str, fact: &Fact) -> std::fmt::Result {
    let variant = |strength: &str| {
        strength.get(..1).unwrap_or_default().to_uppercase() + strength.get(1..).unwrap_or_default()
    };
    let strength = variant(&fact.strength);
    let text_strength = fact.text_strength.as_deref().map_or(strength.clone(), variant);
    writeln!(code, "#[doc = {:?}]", format!("`{}`: `{}`.", fact.operation, fact.state))?;
    writeln!(code, "pub const {name}: &Fact = &Fact {{")?;
    writeln!(code, "id: {:?}, operation: {:?}, state: {:?},", fact.id, fact.operation, fact.state)?;
    writeln!(code, "input: {:?}, http: {:?}, code: {:?},", fact.input, fact.http, fact.code)?;
    writeln!(code, "message: {:?}, strength: Strength::{strength},", fact.message)?;
    writeln!(code, "text_strength: Strength::{text_strength},")?;
    writeln!(code, "source: {:?}, note: {:?},", fact.source, fact.note)?;
    writeln!(code, "settles: &{:?}, confirms: &{:?},", fact.settles, fact.confirms)?;
    writeln!(code, "contradicts: &{:?}, decision: {:?},", fact.contradicts, fact.decision)?;
    writeln!(code, "probe: {:?} }};", fact.probe)
}
