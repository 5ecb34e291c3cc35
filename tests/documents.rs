//! The generated blocks of README.md and of docs/ equal what the program prints, and the figures equal
//! docs/figures.toml.

use std::fmt::Write as _;

const OPEN: &str = "<!-- printed by: ";
const CLOSE: &str = "<!-- end -->";

/// Replaces every generated block of the document by the current output of its command.
fn regenerated(document: &str) -> String {
    let mut out = String::new();
    let mut rest = document;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let (command, after) = after.split_once(" -->").unwrap();
        let (_, after) = after
            .split_once(CLOSE)
            .unwrap_or_else(|| panic!("expected `{CLOSE}` after the block of `{command}`"));
        // Only the first lines of a long output.
        let (words, lines) = command.split_once(" | head -").unwrap_or((command, ""));
        let arguments: Vec<&str> = words.split(' ').skip(1).collect();
        let text = super::stdout(&super::iamspec(&arguments));
        let lines = if lines.is_empty() { usize::MAX } else { lines.parse().unwrap() };
        let first = text.split_inclusive('\n').take(lines);
        let text: String = first.collect();
        let text = if text.starts_with('|') {
            text
        } else {
            format!("```text\n{}```\n", without_port(&text))
        };
        write!(out, "{before}{OPEN}{command} -->\n{text}{CLOSE}").unwrap();
        rest = after;
    }
    out + rest
}

/// Removes the port, which differs from run to run.
fn without_port(text: &str) -> String {
    let mut lines = String::new();
    for line in text.lines() {
        let line = match line.split_once(" (http://127.0.0.1:") {
            Some((before, after)) => format!("{before}{}", after.split_once(')').unwrap().1),
            None => line.to_owned(),
        };
        lines.push_str(&line);
        lines.push('\n');
    }
    lines
}

/// README.md and the Markdown pages of docs/.
pub(super) fn documents() -> Vec<std::path::PathBuf> {
    fn pages(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pages(&path, found);
            } else if path.extension().is_some_and(|it| it == "md") {
                found.push(path);
            }
        }
    }
    let mut found = vec![super::root().join("README.md")];
    pages(&super::root().join("docs"), &mut found);
    found.sort();
    found
}

#[test]
fn the_generated_blocks_of_the_documents_are_current() {
    let mut blocks = 0;
    for path in documents() {
        let document = std::fs::read_to_string(&path).unwrap();
        blocks += document.matches(OPEN).count();
        super::assert_file(&path, &with_figures(&regenerated(&document)));
    }
    assert!(blocks >= 5, "{blocks} generated blocks");
}

/// Replaces the block of measured figures by the content of docs/figures.toml.
fn with_figures(document: &str) -> String {
    const FIGURES: &str = "<!-- figures -->\n";
    let Some((before, rest)) = document.split_once(FIGURES) else { return document.to_owned() };
    let (_, after) = rest.split_once(CLOSE).unwrap();
    let path = super::root().join("docs/figures.toml");
    let figures: toml::Table = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut table = "| command | from a clean clone | CPU time |\n|---|---|---|\n".to_owned();
    for figure in figures["figure"].as_array().unwrap() {
        let (command, cold) = (&figure["command"], figure["cold"].as_bool().unwrap());
        let state = if cold { "" } else { ", after the first command" };
        let seconds = |name: &str| figure[name].as_integer().unwrap();
        let (wall, cpu) = (seconds("seconds"), seconds("cpu_seconds"));
        writeln!(table, "| `{}` | {wall} s{state} | {cpu} s |", command.as_str().unwrap()).unwrap();
    }
    let (machine, commit) =
        (figures["machine"].as_str().unwrap(), figures["commit"].as_str().unwrap());
    writeln!(table, "\nMeasured on {machine}, at commit `{commit}`, with the crates downloaded.")
        .unwrap();
    format!("{before}{FIGURES}{table}{CLOSE}{after}")
}

/// The example tests the moto of the emulator check, without the target.
#[test]
fn the_example_for_pytest_has_the_known_failures_of_moto() {
    let text = |path: &str| std::fs::read_to_string(super::root().join(path)).unwrap();
    let moto = text("tests/emulators/moto/known-failures.toml");
    let entries = moto.find("[[known-failure]]").map(|it| moto.split_at(it).1).unwrap();
    let example = text("examples/pytest/known-failures.toml");
    assert!(example.contains(entries), "copy the entries of moto to examples/pytest");
}

#[test]
fn every_path_in_the_documents_exists() {
    let mut paths = 0;
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        let quoted = text
            .split('`')
            .skip(1)
            .step_by(2)
            .filter(|it| !it.contains([' ', '*', ':', '<', '=', '{', '\n', '…']));
        let tops = ["model/", "conformance/", "harness/", "tests/"];
        for name in quoted.filter(|it| tops.iter().any(|top| it.starts_with(top))) {
            // Upper-case words are placeholders.
            let is_placeholder = |part: &str| {
                let stem = part.split('.').next().unwrap_or_default();
                !stem.is_empty() && stem.chars().all(|it| it.is_ascii_uppercase())
            };
            if name.split('/').any(is_placeholder) {
                continue;
            }
            assert!(super::root().join(name).exists(), "{}: {name}", document.display());
            paths += 1;
        }
    }
    assert!(paths >= 40, "{paths} paths");
}

#[test]
fn every_snapshot_belongs_to_a_test() {
    for entry in std::fs::read_dir(super::root().join("tests/snapshots")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        // tests/docs.rs compares these pages.
        if name == "docs" {
            continue;
        }
        let mut words = name.trim_end_matches(".snap").rsplit("__");
        let (test, module) = (words.next().unwrap(), words.next().unwrap());
        let source = super::root().join(format!("tests/{module}.rs"));
        let sources = std::fs::read_to_string(source).unwrap();
        assert!(sources.contains(&format!("fn {test}()")), "{name}");
    }
}
