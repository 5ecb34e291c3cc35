//! The rules for the structure of the code that a program can check. Long files and functions are
//! printed, not refused: `cargo test -p iamspec-harness --test iamspec tidy -- --nocapture`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const CRATES: [&str; 4] = ["model", "conformance", "harness", "testing"];

/// A directory with more entries than this is split by idea.
const ENTRIES_MAX: usize = 14;

/// A longer file probably holds more than one idea.
const FILE_LINES: usize = 600;

/// A longer function probably does more than one thing.
const FUNCTION_LINES: usize = 70;

/// Words of the first edition that must not return to texts that users read.
const BANNED: [&str; 12] = [
    "bad days",
    "nobody knows",
    "whoever",
    "held against",
    "stands in the way",
    "stand in the way",
    "lets go",
    "put otherwise",
    "as it should be",
    "as they should be",
    "is told",
    "going on as",
];

fn files(folder: &Path, extensions: &[&str], found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if !["target", "node_modules", "sdks", "snapshots", "reports", "seeds"].contains(&name)
            {
                files(&path, extensions, found);
            }
        } else if path.extension().is_some_and(|it| extensions.iter().any(|ending| it == *ending)) {
            found.push(path);
        }
    }
}

/// The Rust files of the crates and of the tests, with their text.
fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for folder in ["model", "conformance", "harness", "testing", "tests"] {
        files(&super::root().join(folder), &["rs"], &mut found);
    }
    assert!(found.len() > 100);
    found.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

fn relative(path: &Path) -> String {
    path.strip_prefix(super::root()).unwrap().display().to_string()
}

#[test]
fn every_file_has_a_name_and_a_description() {
    for (path, text) in sources() {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let vague = ["util", "utils", "helper", "helpers", "manager", "common"];
        assert!(!vague.contains(&name), "{}: name the idea", relative(&path));
        assert!(text.starts_with("//!"), "{} has no module documentation", relative(&path));
    }
}

#[test]
fn no_directory_has_more_than_14_entries() {
    fn check(folder: &Path) {
        let entries: Vec<PathBuf> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        let count = entries.len();
        assert!(count <= ENTRIES_MAX, "{} has {count} entries", relative(folder));
        entries.iter().filter(|path| path.is_dir()).for_each(|path| check(path));
    }
    for name in CRATES {
        check(&super::root().join(name).join("src"));
    }
}

/// The paths of a `use` tree: `a::{b, c::D as E}` has `a::b` and `a::c::D`.
fn leaves(tree: &str, prefix: &[String], found: &mut Vec<Vec<String>>) {
    let tree = tree.trim();
    let (head, group) = match tree.split_once('{') {
        Some((head, rest)) => (head, rest.strip_suffix('}')),
        None => (tree.split(" as ").next().unwrap(), None),
    };
    let words = head.split("::").map(str::trim).filter(|it| !it.is_empty() && *it != "self");
    let mut path: Vec<String> = prefix.to_vec();
    path.extend(words.map(str::to_owned));
    let Some(group) = group else {
        found.push(path);
        return;
    };
    let (mut depth, mut start) = (0, 0);
    for (place, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                leaves(&group[start..place], &path, found);
                start = place + 1;
            }
            _ => {}
        }
    }
    if !group[start..].trim().is_empty() {
        leaves(&group[start..], &path, found);
    }
}

/// The code of a file without comments and without its inline tests.
fn code(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
    let lines = text[..end].lines().map(|line| line.split("//").next().unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

type Module = Vec<String>;

/// The modules of a crate, each with its code; the crate's root is left out.
fn modules(name: &str) -> BTreeMap<Module, String> {
    let source = super::root().join(name).join("src");
    let mut found = Vec::new();
    files(&source, &["rs"], &mut found);
    let module = |path: &PathBuf| -> Module {
        let path = path.strip_prefix(&source).unwrap().with_extension("");
        let words = path.iter().map(|it| it.to_str().unwrap().to_owned());
        words.filter(|it| it != "mod").collect()
    };
    let roots = [vec!["lib".to_owned()], vec!["main".to_owned()]];
    found
        .iter()
        .map(|path| (module(path), code(&std::fs::read_to_string(path).unwrap())))
        .filter(|(module, _)| !roots.contains(module))
        .collect()
}

/// The paths that a module names: those of its `use` lines and those in its code.
fn named(code: &str) -> Vec<Vec<String>> {
    let (mut found, mut body) = (Vec::new(), String::new());
    let mut rest = code;
    while let Some(place) = rest.find("use ") {
        let before = rest[..place].chars().last();
        body.push_str(&rest[..place]);
        rest = &rest[place + 4..];
        if before.is_none_or(char::is_whitespace) {
            let end = rest.find(';').unwrap();
            leaves(&rest[..end].split_whitespace().collect::<Vec<_>>().join(" "), &[], &mut found);
            rest = &rest[end..];
        }
    }
    body.push_str(rest);
    for start in ["crate::", "super::"] {
        for (place, _) in body.match_indices(start) {
            let end = |it: char| !it.is_alphanumeric() && it != '_' && it != ':';
            let path = body[place..].split(end).next().unwrap();
            found.push(path.split("::").map(str::to_owned).collect());
        }
    }
    found
}

/// Which module uses which, and one item that shows it. A child may use the types of its parent.
fn edges(name: &str) -> BTreeMap<Module, BTreeMap<Module, String>> {
    let modules = modules(name);
    let library = std::fs::read_to_string(super::root().join(name).join("src/lib.rs")).unwrap();
    let exports: BTreeMap<String, Module> = named(&code(&library))
        .into_iter()
        .filter_map(|path| Some((path.last()?.clone(), path)))
        .collect();
    let owner = |path: &[String]| {
        (1..=path.len()).rev().map(|end| path[..end].to_vec()).find(|it| modules.contains_key(it))
    };
    let mut edges: BTreeMap<Module, BTreeMap<Module, String>> = BTreeMap::new();
    for (module, code) in &modules {
        for path in named(code) {
            let mut absolute = match path.first().map(String::as_str) {
                Some("crate") => path[1..].to_vec(),
                Some("super") => {
                    let up = path.iter().take_while(|it| *it == "super").count();
                    let stem = &module[..module.len().saturating_sub(up)];
                    [stem, &path[up..]].concat()
                }
                Some(first)
                    if modules.contains_key(&[&module[..], &[first.to_owned()]].concat()) =>
                {
                    [&module[..], &path[..]].concat()
                }
                _ => continue,
            };
            if let [item] = &absolute[..]
                && !modules.contains_key(&absolute)
            {
                let Some(export) = exports.get(item) else { continue };
                absolute.clone_from(export);
            }
            let Some(used) = owner(&absolute).filter(|it| it != module) else { continue };
            let item = absolute.get(used.len()).cloned().unwrap_or_default();
            let is_type = item.starts_with(char::is_uppercase) && item.contains(char::is_lowercase);
            if is_type && module.starts_with(&used) {
                continue;
            }
            edges.entry(module.clone()).or_default().insert(used, item);
        }
    }
    edges
}

/// A cycle of the graph, if there is one.
fn cycle(edges: &BTreeMap<Module, BTreeMap<Module, String>>) -> Option<Vec<Module>> {
    fn visit(
        module: &Module,
        edges: &BTreeMap<Module, BTreeMap<Module, String>>,
        path: &mut Vec<Module>,
        done: &mut BTreeSet<Module>,
    ) -> Option<Vec<Module>> {
        if let Some(start) = path.iter().position(|it| it == module) {
            return Some(path[start..].to_vec());
        }
        if done.contains(module) {
            return None;
        }
        path.push(module.clone());
        for used in edges.get(module).into_iter().flat_map(BTreeMap::keys) {
            if let Some(cycle) = visit(used, edges, path, done) {
                return Some(cycle);
            }
        }
        path.pop();
        done.insert(module.clone());
        None
    }
    let mut done = BTreeSet::new();
    edges.keys().find_map(|module| visit(module, edges, &mut Vec::new(), &mut done))
}

#[test]
fn modules_have_no_import_cycle() {
    for name in CRATES {
        let edges = edges(name);
        assert!(!edges.is_empty());
        let shown = |cycle: Vec<Module>| {
            cycle.iter().map(|it| it.join("::")).collect::<Vec<_>>().join(" -> ")
        };
        let found = cycle(&edges).map(shown);
        assert!(found.is_none(), "{name} has an import cycle: {}", found.unwrap());
        // The directories of a crate have an order too.
        let mut folders: BTreeMap<Module, BTreeMap<Module, String>> = BTreeMap::new();
        for (module, used) in edges {
            for (used, item) in used {
                let (from, to) = (module[..1].to_vec(), used[..1].to_vec());
                if from != to {
                    folders.entry(from).or_default().insert(to, item);
                }
            }
        }
        let found = cycle(&folders).map(shown);
        assert!(found.is_none(), "the directories of {name} form a cycle: {}", found.unwrap());
    }
}

#[test]
fn a_cycle_is_found() {
    let module = |name: &str| vec![name.to_owned()];
    let edge = |to: &str| BTreeMap::from([(module(to), String::new())]);
    let mut edges = BTreeMap::from([(module("a"), edge("b")), (module("b"), edge("c"))]);
    assert_eq!(cycle(&edges), None);
    edges.insert(module("c"), edge("a"));
    assert_eq!(cycle(&edges).unwrap().len(), 3);
}

#[test]
fn the_name_of_a_type_is_unique() {
    let mut types: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, text) in sources().into_iter().filter(|(path, _)| path.iter().any(|it| it == "src"))
    {
        for line in text.lines().filter(|line| line.starts_with("pub")) {
            let words: Vec<&str> =
                line.split(|it: char| !it.is_alphanumeric() && it != '_').collect();
            let keyword = words
                .iter()
                .position(|it| ["struct", "enum", "trait", "type", "union"].contains(it));
            if let Some(name) = keyword.filter(|it| *it <= 3).and_then(|it| words.get(it + 1)) {
                types.entry((*name).to_owned()).or_default().push(relative(&path));
            }
        }
    }
    assert!(types.len() > 100);
    for (name, places) in types {
        assert!(places.len() == 1, "the type {name} is defined in {}", places.join(", "));
    }
}

/// Only the tables distinguish kinds. Elsewhere, a `match` on a kind would need an edit for a new kind.
#[test]
fn only_tables_match_on_a_kind() {
    // The properties and the logic of the model state facts about kinds without the tables, on purpose.
    let tables = [
        "model/src/tables/",
        "model/src/check/",
        "model/src/logic/",
        "model/src/semantics/",
        "harness/src/wire/attachments.rs",
    ];
    let mut arms = 0;
    for (path, text) in sources().into_iter().filter(|(path, _)| path.iter().any(|it| it == "src"))
    {
        let name = relative(&path);
        let is_table = tables.iter().any(|it| name.starts_with(it));
        for line in code(&text)
            .lines()
            .filter(|line| line.contains("=>") && !line.trim_start().starts_with("if "))
        {
            let pattern = line.split("=>").next().unwrap();
            for kind in iamspec_model::AttachmentKind::all() {
                let found = pattern.contains(&format!("AttachmentKind::{kind:?}"));
                arms += usize::from(found);
                assert!(!found || is_table, "{name} matches on {kind:?}: read the row of the kind");
            }
        }
    }
    assert!(arms < 100);
}

/// What users read: strings and doc comments of the code, documents, scripts.
#[test]
fn texts_use_plain_words() {
    let mut found = Vec::new();
    for folder in ["model", "conformance", "harness", "testing", "docs", "tests"] {
        files(
            &super::root().join(folder),
            &["rs", "md", "script", "sh", "toml", "html"],
            &mut found,
        );
    }
    found.push(super::root().join("README.md"));
    let mut wrong = Vec::new();
    for path in found.iter().filter(|it| !it.ends_with("tests/tidy.rs")) {
        let text = std::fs::read_to_string(path).unwrap().to_lowercase();
        for (number, line) in text.lines().enumerate() {
            for word in BANNED.iter().filter(|word| line.contains(**word)) {
                wrong.push(format!("{}:{}: {word}", relative(path), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{} lines:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn long_files_and_functions_are_printed() {
    for (path, text) in sources() {
        let lines: Vec<&str> = text.lines().collect();
        if lines.len() > FILE_LINES {
            eprintln!("{}: {} lines", relative(&path), lines.len());
        }
        for (start, line) in lines.iter().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let is_function = line.trim_start().split(' ').take(5).any(|it| it == "fn");
            if !is_function || line.trim_end().ends_with(';') {
                continue;
            }
            let close = format!("{}}}", " ".repeat(indent));
            let length = lines[start..].iter().position(|line| **line == close);
            if let Some(length) = length.filter(|it| *it > FUNCTION_LINES) {
                eprintln!("{}:{}: a function of {length} lines", relative(&path), start + 1);
            }
        }
    }
}

/// `rust-version` in Cargo.toml states the oldest version of Rust; the image is built with it.
#[test]
fn the_image_is_built_with_the_oldest_rust() {
    let file = super::root().join("packages/container/Dockerfile");
    let text = std::fs::read_to_string(file).unwrap();
    let expected = format!("FROM rust:{}-alpine ", env!("CARGO_PKG_RUST_VERSION"));
    assert!(text.contains(&expected), "expected `{expected}`:\n{text}");
}
