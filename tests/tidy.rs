//! How the code should read, as far as a program can tell.

use std::path::{Path, PathBuf};

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
}

fn all() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for folder in ["model", "conformance", "harness", "tests"] {
        sources(&super::root().join(folder), &mut found);
    }
    assert!(found.len() > 40);
    found.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn files_are_short_and_named_for_an_idea() {
    for (path, text) in all() {
        assert!(
            text.lines().count() <= 300,
            "{} has {} lines",
            path.display(),
            text.lines().count()
        );
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            !["util", "utils", "helper", "helpers", "manager", "common"].contains(&name),
            "{}",
            path.display()
        );
        assert!(text.starts_with("//!"), "{} does not say what it is", path.display());
    }
}

/// From `fn` to the brace that closes it at the same depth.
#[test]
fn functions_are_short() {
    for (path, text) in all().into_iter().filter(|(path, _)| !path.iter().any(|it| it == "tests")) {
        let lines: Vec<&str> = text.lines().collect();
        for (start, line) in lines.iter().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let words = line.trim_start();
            let begins = [
                "fn ",
                "pub fn ",
                "pub(super) fn ",
                "pub(crate) fn ",
                "async fn ",
                "const fn ",
                "pub const fn ",
            ];
            if !begins.iter().any(|it| words.starts_with(it)) || line.trim_end().ends_with(';') {
                continue;
            }
            let end =
                lines[start..].iter().position(|line| *line == format!("{}}}", " ".repeat(indent)));
            let length = end.unwrap_or(0);
            assert!(length <= 40, "{}:{} has {length} lines", path.display(), start + 1);
        }
    }
}

/// A new kind is one row, and the payload it needs: nothing else names a kind.
#[test]
fn kinds_are_named_where_they_differ_and_nowhere_else() {
    let allowed = [
        "model/src/kind",
        "model/src/flaw/table.rs",
        "model/src/property.rs",
        "model/src/transition.rs",
        "model/src/neighbour.rs",
        "model/src/beside.rs",
        "model/src/split.rs",
        "model/src/precedence.rs",
        "model/src/lib.rs",
        "model/src/operation.rs",
        "model/src/step.rs",
        "model/src/shown.rs",
        "model/src/recount.rs",
        "conformance/src/belief.rs",
        "model/src/statement.rs",
        "conformance/src/text/operation.rs",
        "conformance/src/text/print.rs",
        "harness/src/names.rs",
        "harness/src/client/shown.rs",
        "harness/src/wire.rs",
        "harness/src/payload.rs",
        "harness/src/client/request.rs",
        "harness/src/client/sweep.rs",
        "harness/src/server",
        "tests",
        "model/tests",
        "conformance/tests",
    ];
    for (path, text) in all() {
        let name = path.strip_prefix(super::root()).unwrap();
        if allowed.iter().any(|it| name.starts_with(it)) {
            continue;
        }
        for kind in iamspec_model::AttachmentKind::all() {
            assert!(
                !text.contains(&format!("Kind::{kind:?}")),
                "{} names {kind:?}",
                name.display()
            );
        }
    }
}
