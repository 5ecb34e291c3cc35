//! The website of `iamspec site`: a page for each rule, links that resolve, escaped names, and folders of
//! others that stay as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use iamspec_conformance::oracle::wire::WIRE_RULES;
use iamspec_model::rules;

use super::reports::{folder, run_report};

/// A name that is markup, if a page does not escape it.
const HOSTILE: &str = "<script>hostile()</script>\"onclick=\"x ](javascript:x) & `co|de";

/// The same name as part of a file.
const HOSTILE_FILE: &str = "-script-hostile----script--onclick--x---javascript-x-----co-de";

/// A site with the runs of two mutants, one with a hostile name, and with an earlier version. Every test
/// reads it, because it takes seconds to write.
static SITE: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let [one, other] = ["forgets-mfa-device", "forgets-access-key"].map(saved_run);
    let text = std::fs::read_to_string(&other).unwrap();
    let name =
        "\"target\":{\"name\":\"the embedded reference endpoint, mutant forgets-access-key\"";
    let hostile = serde_json::to_string(HOSTILE).unwrap();
    assert!(text.contains(name));
    let version = "\"version\":\"<u>2</u>\"";
    std::fs::write(
        &other,
        text.replace(name, &format!("\"target\":{{\"name\":{hostile},{version}")),
    )
    .unwrap();
    let at = folder("site");
    let history = folder("reports").join("site-history.jsonl");
    let old = format!(
        "{{\"name\":{hostile},\"version\":\"<i>1</i>\",\"date\":\"2026-01-01\",\"revision\":\"r\",\"selection\":\"s\",\
         \"blocks\":[],\"deletes\":[\"<b>x</b>\"],\"must\":[1,0,0],\"tested\":1}}\n"
    );
    std::fs::write(&history, old).unwrap();
    let words = [&one, &other, &history, &at].map(|it| it.display().to_string());
    let [one, other, history, out] = &words;
    let words = ["site", "--out", out, "--run", one, "--run", other, "--history", history];
    let output = super::iamspec(&words);
    assert_eq!(output.status.code(), Some(0), "{}", super::stderr(&output));
    let mut files = BTreeMap::new();
    read(&at, &at, &mut files);
    std::fs::remove_dir_all(&at).unwrap();
    files
});

/// The saved run of a mutant.
fn saved_run(mutant: &str) -> PathBuf {
    let name = format!("site-{mutant}");
    run_report(&name, &["--mutant", mutant, "delete-user/alone/*"]);
    folder("reports").join(name + ".jsonl")
}

fn read(folder: &Path, root: &Path, files: &mut BTreeMap<String, String>) {
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, root, files);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            files.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
}

fn is_page(name: &str) -> bool {
    Path::new(name).extension() == Some(OsStr::new("html"))
}

/// The pages of the site.
fn pages() -> impl Iterator<Item = (&'static str, &'static str)> {
    let pages = SITE.iter().filter(|(name, _)| is_page(name));
    pages.map(|(name, text)| (name.as_str(), text.as_str()))
}

/// The values of an attribute in a page, without escapes.
fn values(page: &str, attribute: &str) -> Vec<String> {
    let start = format!(" {attribute}=\"");
    let values = page.split(&start).skip(1).map(|it| it.split('"').next().unwrap());
    let plain = |it: &str| it.replace("&#x2f;", "/").replace("&quot;", "\"").replace("&amp;", "&");
    values.map(plain).collect()
}

/// The file that a relative address on a page names.
fn resolved(page: &str, file: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    if !file.is_empty() {
        parts.pop();
        for part in file.split('/') {
            if part == ".." {
                assert!(parts.pop().is_some(), "{page} links to {file}, outside the site");
            } else {
                parts.push(part);
            }
        }
    }
    parts.join("/")
}

#[test]
fn every_rule_has_a_page_that_states_it() {
    for rule in rules() {
        let page = &SITE[&format!("rules/{}.html", rule.id())];
        let id = rule.id().replace('/', "&#x2f;");
        assert!(page.contains(&format!("<h1>{id}</h1>")), "{id}");
        assert!(page.contains("<h2 id=\"evidence\">"), "{id}");
    }
    for rule in WIRE_RULES {
        let page = &SITE[&format!("rules/wire/{}.html", rule.name)];
        assert!(page.contains(&format!("<h1>wire-{}</h1>", rule.name)), "{}", rule.name);
    }
    let page = &SITE["rules/DeleteUser/holds-access-key.html"];
    for part in [
        "must delete access keys first.",
        "CreateAccessKey u0 key#0",
        "<a href=\"../../facts.html#A-009\">A-009</a>",
        "is reported before",
        "iamspec run --mutant forgets-access-key<",
        "iamspec run --mutant 'DeleteUser/holds-access-key is forgotten'<",
    ] {
        assert!(page.contains(part), "{part} in {page}");
    }
}

#[test]
fn every_link_and_anchor_of_every_page_resolves() {
    let mut links = 0;
    for (name, page) in pages() {
        let ids = values(page, "id");
        let unique: BTreeSet<&String> = ids.iter().collect();
        assert_eq!(ids.len(), unique.len(), "{name} has an id twice: {ids:?}");
        for href in values(page, "href") {
            if href.starts_with("https://") || href == "data:," {
                continue;
            }
            let (file, anchor) = href.split_once('#').unwrap_or((&href, ""));
            let target = resolved(name, file);
            let target = SITE.get(&target).unwrap_or_else(|| panic!("{name} links to {href}"));
            let is_there = anchor.is_empty() || values(target, "id").iter().any(|it| it == anchor);
            assert!(is_there, "{name} links to {href}");
            links += 1;
        }
    }
    assert!(links > 5000, "{links}");
}

#[test]
fn every_page_can_be_reached_from_the_start_page() {
    let (mut reached, mut next) = (BTreeSet::new(), vec!["index.html".to_owned()]);
    while let Some(name) = next.pop() {
        if !reached.insert(name.clone()) || !is_page(&name) {
            continue;
        }
        let links = values(&SITE[&name], "href");
        let links = links.iter().filter(|it| !it.contains(':'));
        next.extend(links.map(|it| resolved(&name, it.split('#').next().unwrap())));
    }
    let unreached: Vec<&str> = pages().map(|it| it.0).filter(|it| !reached.contains(*it)).collect();
    assert_eq!(unreached, [] as [&str; 0]);
}

#[test]
fn pages_load_nothing_from_elsewhere() {
    for (name, page) in pages() {
        for resource in [" src=", "url(", "@import", "<iframe", "<object", "http-equiv=\"refresh\""]
        {
            assert!(!page.contains(resource), "{name} has {resource}");
        }
        assert!(page.contains("default-src 'none'"), "{name} may load resources");
        let scripts = page.matches("<script").count();
        let may_filter = name == "rules.html" || name.starts_with("emulators/");
        assert_eq!(scripts, usize::from(may_filter), "{name}");
    }
}

#[test]
fn a_finding_links_to_the_page_of_its_rule() {
    let file = "emulators/the-embedded-reference-endpoint--mutant-forgets-mfa-device";
    let page = &SITE[&format!("{file}.html")];
    let rule = "../rules/DeleteUser/holds-mfa-device.html";
    assert!(values(page, "href").iter().any(|it| it == rule), "{page}");
    assert!(page.contains("8 of 9 blockers"), "{page}");
    assert!(SITE[&format!("{file}.svg")].contains("8 of 9 blockers"));
    assert!(SITE[&format!("{file}.json")].contains("\"message\": \"8 of 9 blockers\""));
    let matrix = values(&SITE["emulators.html"], "href");
    assert!(matrix.iter().any(|it| it == "rules/DeleteUser/holds-mfa-device.html"), "{matrix:?}");
    let start = values(&SITE["index.html"], "href");
    assert!(start.contains(&format!("{file}.html")), "{start:?}");
}

#[test]
fn names_of_a_run_and_of_a_history_are_text() {
    let own = format!("emulators/{HOSTILE_FILE}.html");
    for name in ["index.html", "emulators.html", own.as_str()] {
        let page = &SITE[name];
        for markup in ["<script>hostile", "<u>2", "<i>1", "<b>x", "href=\"javascript"] {
            assert!(!page.contains(markup), "{name} has {markup}");
        }
        let mut tags = page.split('<').skip(1).map(|it| it.split('>').next().unwrap());
        assert!(!tags.any(|it| it.contains("onclick=")), "{name} has a tag with the name");
        assert!(page.contains("&lt;script&gt;hostile()"), "{name}: {page}");
    }
    for page in [&SITE["emulators.html"], &SITE[&own]] {
        assert!(page.contains("&lt;i&gt;1&lt;/i&gt;"), "the earlier version: {page}");
    }
}

#[test]
fn a_folder_of_others_is_not_overwritten_and_an_own_one_is() {
    let at = folder("site-folder");
    let out = at.display().to_string();
    let (index, old) = (at.join("index.html"), at.join("rules/Old/rule.html"));
    std::fs::write(&index, "mine").unwrap();
    let refused = super::iamspec(&["site", "--out", &out]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(super::stderr(&refused).contains("nothing was written"), "{}", super::stderr(&refused));
    assert_eq!(std::fs::read_to_string(&index).unwrap(), "mine");
    assert_eq!(at.read_dir().unwrap().count(), 1);
    // A site with a page that no longer belongs to it, a file beside it, and a marker that lies.
    let outside = folder("site-outside").join("file");
    let name = outside.parent().unwrap().file_name().unwrap().to_str().unwrap();
    std::fs::write(&outside, "stays").unwrap();
    std::fs::create_dir_all(old.parent().unwrap()).unwrap();
    std::fs::write(&old, "old").unwrap();
    std::fs::write(at.join("CNAME"), "example.com").unwrap();
    let marker =
        format!("index.html\nrules/Old/rule.html\n../{name}/file\n{}\n", outside.display());
    std::fs::write(at.join(".iamspec-site"), marker).unwrap();
    let output = super::iamspec(&["site", "--out", &out]);
    assert_eq!(output.status.code(), Some(0), "{}", super::stderr(&output));
    assert!(std::fs::read_to_string(&index).unwrap().contains("<h1>"));
    assert!(!old.exists() && at.join("CNAME").is_file() && outside.is_file());
    std::fs::remove_dir_all(at).unwrap();
    std::fs::remove_dir_all(outside.parent().unwrap()).unwrap();
}

#[test]
fn runs_that_have_one_page_or_other_scripts_are_refused() {
    let run = saved_run("forgets-group-membership").display().to_string();
    let at = folder("site-refused");
    std::fs::remove_dir_all(&at).unwrap();
    let out = at.display().to_string();
    let refused = super::iamspec(&["site", "--out", &out, "--run", &run, "--run", &run]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(super::stderr(&refused).contains("--history"), "{}", super::stderr(&refused));
    run_report("site-other", &["delete-user/bare"]);
    let other = folder("reports").join("site-other.jsonl").display().to_string();
    let refused = super::iamspec(&["site", "--out", &out, "--run", &run, "--run", &other]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(super::stderr(&refused).contains("cannot be compared"), "{}", super::stderr(&refused));
    assert!(!at.exists());
}

#[test]
fn reports_link_to_a_site_only_if_one_is_named() {
    let words = ["--mutant", "forgets-mfa-device", "delete-user/alone/mfa-device"];
    let formats = ["html", "markdown", "sarif"];
    let page = "https://example.com/iam/rules/DeleteUser/holds-mfa-device.html";
    let shown = |name: &str, options: &[&str]| {
        run_report(name, &[&words[..], options].concat());
        let file = folder("reports").join(format!("{name}.jsonl"));
        formats.map(|it| {
            let output =
                super::iamspec(&["report", "show", "--as", it, &file.display().to_string()]);
            super::stdout(&output).replace("&#x2f;", "/")
        })
    };
    for text in shown("site-linked", &["--site", "https://example.com/iam/"]) {
        assert!(text.contains(page), "{text}");
    }
    for text in shown("site-unlinked", &[]) {
        assert!(!text.contains("holds-mfa-device.html"), "{text}");
    }
    // The address in a saved run of somebody else is checked again.
    let file = folder("reports").join("site-linked.jsonl");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("https://example.com/iam/"));
    std::fs::write(&file, text.replace("https://example.com/iam/", "javascript:x//")).unwrap();
    for format in formats {
        let output =
            super::iamspec(&["report", "show", "--as", format, &file.display().to_string()]);
        assert!(!super::stdout(&output).contains("javascript:x"), "{format}");
    }
    let refused = super::iamspec(&["run", "--site", "example.com"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(super::stderr(&refused).contains("expected the address of a site"));
}
