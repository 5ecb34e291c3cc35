//! The pages of `iamspec docs`. A few short pages are snapshots, so that a change of the model is
//! visible in review. The other pages are checked for links and examples.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::reports::folder;

/// All pages. It takes seconds to generate them, so the tests share them.
static PAGES: LazyLock<BTreeMap<String, String>> =
    LazyLock::new(|| iamspec_harness::docs::pages().unwrap());

const SNAPSHOTS: &str = "tests/snapshots/docs";

/// The pages that a person can review.
const REVIEWED: [&str; 6] = [
    "delete-user.md",
    "errors.md",
    "open-questions.md",
    "operations/CreateUser.md",
    "operations/DeleteUser.md",
    "operations/EnableMFADevice.md",
];

#[test]
fn the_reviewed_pages_match_their_snapshots() {
    let pages = &*PAGES;
    let root = super::root().join(SNAPSHOTS);
    for name in REVIEWED {
        super::assert_file(&root.join(name), &pages[name]);
    }
    let files = |folder: &str| {
        let entries = root.join(folder).read_dir().unwrap();
        entries.filter(|it| it.as_ref().unwrap().path().is_file()).count()
    };
    assert_eq!(files("") + files("operations"), REVIEWED.len(), "a snapshot that no test reads");
}

#[test]
fn a_check_passes_for_written_pages_and_names_each_changed_page() {
    let folder = folder("pages");
    let out = folder.display().to_string();
    assert_eq!(super::iamspec(&["docs", "--out", &out]).status.code(), Some(0));
    let checked = super::iamspec(&["docs", "--out", &out, "--check"]);
    assert_eq!(checked.status.code(), Some(0), "{}", super::stdout(&checked));
    let page = folder.join("operations/DeleteUser.md");
    let text = std::fs::read_to_string(&page).unwrap();
    std::fs::write(&page, text.replacen("must remove users from group", "must leave", 1)).unwrap();
    std::fs::remove_file(folder.join("errors.md")).unwrap();
    let output = super::iamspec(&["docs", "--out", &out, "--check"]);
    let printed = super::stdout(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(printed.contains("operations/DeleteUser.md: line "), "{printed}");
    assert!(printed.contains("errors.md: no such file"), "{printed}");
    std::fs::remove_dir_all(folder).unwrap();
}

/// The rules of the table of a page, each with its response, such as `404 NoSuchEntity`.
fn responses(page: &str) -> BTreeMap<&str, &str> {
    let rows = page.lines().filter(|it| it.starts_with("| ["));
    rows.map(|row| {
        let mut cells = row.trim_matches('|').split(" | ");
        let link = cells.next().unwrap().trim();
        let rule = link.trim_start_matches('[').split_once(']').unwrap().0;
        (rule, cells.next().unwrap())
    })
    .collect()
}

#[test]
fn the_example_of_a_rule_ends_in_the_response_of_that_rule() {
    let pages = &*PAGES;
    let mut examples = 0;
    for (name, page) in pages.iter().filter(|(name, _)| name.starts_with("operations/")) {
        let responses = responses(page);
        for section in page.split("\n## ").skip(1) {
            let (_, rule) = section.lines().next().unwrap().split_once('/').unwrap();
            let Some((_, example)) = section.split_once("```text\n") else { continue };
            let last = example.split_once("```").unwrap().0.lines().last().unwrap();
            let (_, response) = last.split_once(" -> ").unwrap();
            assert!(response.starts_with(responses[rule]), "{name}: {rule}: {last}");
            examples += 1;
        }
    }
    assert!(examples > 100, "only {examples} rules have an example");
}

#[test]
fn a_rule_that_another_rule_hides_has_no_example() {
    let pages = &*PAGES;
    let page = &pages["operations/EnableMFADevice.md"];
    let (_, section) = page.split_once("## EnableMFADevice/no-right-codes").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    assert!(!section.contains("```text"), "{section}");
}

/// The anchors of the headings, as GitHub generates them.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter(|it| it.starts_with('#'));
    let anchor = |heading: &str| {
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        let letters = text.chars().filter(|it| it.is_alphanumeric() || "-_ ".contains(*it));
        letters.collect::<String>().replace(' ', "-")
    };
    headings.map(anchor).collect()
}

#[test]
fn every_link_points_to_a_heading_of_a_page() {
    let pages = &*PAGES;
    let mut links = 0;
    for (name, page) in pages {
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        for link in page.split("](").skip(1).filter_map(|it| it.split_once(')')).map(|(it, _)| it) {
            if link.starts_with("<https://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match (file, file.strip_prefix("../")) {
                ("", _) => name.clone(),
                (_, Some(above)) => above.to_owned(),
                (below, None) if folder.is_empty() => below.to_owned(),
                (sibling, None) => format!("{folder}/{sibling}"),
            };
            let page = pages.get(&target);
            assert!(page.is_some(), "{name} links to {link}");
            let anchors = anchors(page.unwrap());
            assert!(anchor.is_empty() || anchors.contains(anchor), "{name} links to {link}");
            links += 1;
        }
    }
    assert!(links > 1000, "{links}");
}

#[test]
fn one_page_is_printed_by_its_name() {
    let page = super::iamspec(&["docs", "EnableMFADevice"]);
    assert!(super::stdout(&page).starts_with("# EnableMFADevice\n"));
    assert!(super::stdout(&super::iamspec(&["docs"])).starts_with("# DeleteUser\n"));
    let unknown = super::iamspec(&["docs", "DeleteUsr"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(super::stderr(&unknown).contains("did you mean"), "{}", super::stderr(&unknown));
}

/// A word from a report or a message leads to what explains it.
#[test]
fn a_kind_a_fact_and_any_words_are_explained() {
    let explain = |words: &[&str]| {
        let output = super::iamspec(&[&["explain"], words].concat());
        (output.status.code(), format!("{}{}", super::stdout(&output), super::stderr(&output)))
    };
    for typed in ["mfa-device", "MFA devices"] {
        let (code, text) = explain(&[typed]);
        assert_eq!(code, Some(0), "{text}");
        assert!(text.contains("DeleteUser/holds-mfa-device (must)"), "{text}");
        assert!(text.contains("EnableMFADevice, ListMFADevices"), "{text}");
    }
    let (code, text) = explain(&["x-026"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.starts_with("X-026 (open question)"), "{text}");
    assert!(text.contains("DeleteAccessKey/held-by-another"), "{text}");
    let (_, text) = explain(&["entity", "temporarily"]);
    assert!(text.contains("UpdateUser/being-changed") && text.contains(" facts\n"), "{text}");
    let (code, text) = explain(&["no-such-word-anywhere"]);
    assert_eq!(code, Some(2), "{text}");
}
