//! The code prints the generated blocks of the README. `UPDATE_DOCUMENTS=1` updates them.

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
        let arguments: Vec<&str> = command.split(' ').skip(1).collect();
        let text = super::stdout(&super::iamspec(&arguments));
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

#[test]
fn the_generated_blocks_of_the_readme_are_current() {
    let path = super::root().join("README.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let current = regenerated(&document);
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        std::fs::write(&path, &current).unwrap();
    }
    assert!(document.matches(OPEN).count() >= 4);
    assert_eq!(document, current, "run UPDATE_DOCUMENTS=1 cargo test documents");
}

#[test]
fn every_path_in_the_readme_exists() {
    let document = std::fs::read_to_string(super::root().join("README.md")).unwrap();
    let quoted = document
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|it| it.contains('/') && !it.contains([' ', '*', ':', '<', '=']));
    let mut paths = 0;
    for name in quoted.filter(|it| {
        ["model/", "conformance/", "harness/", "tests/"].iter().any(|top| it.starts_with(top))
    }) {
        assert!(super::root().join(name).exists(), "{name}");
        paths += 1;
    }
    assert!(paths >= 8);
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
