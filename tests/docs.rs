//! The pages of semantics: kept as they are printed, so that a change of what the model says is read before it
//! lands; and every link in them leads somewhere.

use std::collections::BTreeSet;

use super::reports::folder;
use iamspec_harness::docs::pages;

const KEPT: &str = "tests/snapshots/docs";

#[test]
fn the_pages_are_kept_as_they_are_printed() {
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        std::fs::remove_dir_all(super::root().join(KEPT)).ok();
        super::iamspec(&["docs", "--out", KEPT]);
    }
    let output = super::iamspec(&["docs", "--out", KEPT, "--check"]);
    let printed = super::stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{printed}write them with UPDATE_DOCUMENTS=1");
    let files = |folder: &str| {
        let all = super::root().join(KEPT).join(folder).read_dir().unwrap();
        all.filter(|it| it.as_ref().unwrap().path().is_file()).count()
    };
    assert_eq!(
        files("") + files("calls"),
        pages().unwrap().len(),
        "a page that is not printed any more"
    );
}

#[test]
fn a_page_that_says_something_else_is_named() {
    let folder = folder("pages");
    let out = folder.display().to_string();
    assert_eq!(super::iamspec(&["docs", "--out", &out]).status.code(), Some(0));
    let page = folder.join("calls/DeleteUser.md");
    let text = std::fs::read_to_string(&page).unwrap();
    std::fs::write(&page, text.replacen("must remove users from group", "must leave", 1)).unwrap();
    std::fs::remove_file(folder.join("errors.md")).unwrap();
    let output = super::iamspec(&["docs", "--out", &out, "--check"]);
    let printed = super::stdout(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(printed.contains("calls/DeleteUser.md: line "), "{printed}");
    assert!(printed.contains("errors.md: no such file"), "{printed}");
    std::fs::remove_dir_all(folder).unwrap();
}

/// The anchor that a code forge gives a heading.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter(|it| it.starts_with('#'));
    let anchor = |heading: &str| {
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = text.chars().filter(|it| it.is_alphanumeric() || "-_ ".contains(*it));
        kept.collect::<String>().replace(' ', "-")
    };
    headings.map(anchor).collect()
}

#[test]
fn every_link_leads_to_a_heading_of_a_page() {
    let pages = pages().unwrap();
    let mut links = 0;
    for (name, page) in &pages {
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        for link in page.split("](").skip(1).filter_map(|it| it.split_once(')')).map(|(it, _)| it) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match (file, file.strip_prefix("../")) {
                ("", _) => name.clone(),
                (_, Some(above)) => above.to_owned(),
                (below, None) if folder.is_empty() => below.to_owned(),
                (beside, None) => format!("{folder}/{beside}"),
            };
            let there = pages.get(&target);
            assert!(there.is_some(), "{name} links to {link}");
            let there = anchors(there.unwrap());
            assert!(anchor.is_empty() || there.contains(anchor), "{name} links to {link}");
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
    let wrong = super::iamspec(&["docs", "DeleteUsr"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(super::stderr(&wrong).contains("did you mean"), "{}", super::stderr(&wrong));
}
