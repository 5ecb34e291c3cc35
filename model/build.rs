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
    source: String,
    note: String,
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
    let strength = fact.strength.get(..1).unwrap_or_default().to_uppercase()
        + fact.strength.get(1..).unwrap_or_default();
    writeln!(code, "#[doc = {:?}]", format!("`{}`: `{}`.", fact.operation, fact.state))?;
    writeln!(code, "pub const {name}: &Fact = &Fact {{")?;
    writeln!(code, "id: {:?}, operation: {:?}, state: {:?},", fact.id, fact.operation, fact.state)?;
    writeln!(code, "input: {:?}, http: {:?}, code: {:?},", fact.input, fact.http, fact.code)?;
    writeln!(code, "message: {:?}, strength: Strength::{strength},", fact.message)?;
    writeln!(code, "source: {:?}, note: {:?} }};", fact.source, fact.note)
}
