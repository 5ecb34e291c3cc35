//! A file of known divergences can only shrink: listed, stale, unknown.

use std::io::Write as _;

fn run(mutant: &str, entries: &str) -> (Option<i32>, String) {
    play(mutant, entries, &["delete-user/alone/*"])
}

fn play(mutant: &str, entries: &str, scripts: &[&str]) -> (Option<i32>, String) {
    let path = std::env::temp_dir().join(format!(
        "iamspec-{}-{mutant}-{}.toml",
        std::process::id(),
        entries.len()
    ));
    std::fs::File::create(&path).unwrap().write_all(entries.as_bytes()).unwrap();
    let options = ["run", "--mutant", mutant, "--expect", path.to_str().unwrap()];
    let output = super::iamspec(&[&options, scripts].concat());
    std::fs::remove_file(&path).unwrap();
    (output.status.code(), super::stdout(&output) + &super::stderr(&output))
}

const KNOWN: &str = "[[expected]]\nrule = \"DeleteUser/holds-mfa-device\"\nreason = \"known\"\nfacts = [\"A-015\"]\n";

#[test]
fn a_listed_divergence_does_not_fail_the_run() {
    let (code, text) = run("forgets-mfa-device", KNOWN);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("0 unexpected, 1 expected"), "{text}");
}

#[test]
fn a_divergence_that_is_not_listed_fails_it() {
    let (code, text) = run("forgets-access-key", "");
    assert_eq!(code, Some(1), "{text}");
}

#[test]
fn an_entry_that_conforms_is_stale_where_everything_was_played() {
    let (_, text) = run("key-deletion-is-lost", KNOWN);
    assert!(!text.contains("stale"), "{text}");
    let (code, text) = play("key-deletion-is-lost", KNOWN, &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("stale expectation: DeleteUser/holds-mfa-device"), "{text}");
}

#[test]
fn an_entry_for_another_tier_does_not_hide_a_divergence() {
    let (code, text) =
        run("forgets-mfa-device", &KNOWN.replace("reason", "tier = \"text\"\nreason"));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("1 unexpected"), "{text}");
}

#[test]
fn an_unknown_rule_or_fact_is_an_error() {
    let (code, text) = run(
        "forgets-mfa-device",
        &format!(
            "{KNOWN}[[expected]]\nrule = \"DeleteUser/holds-tokens\"\nreason = \"\"\nfacts = [\"Z-001\"]\n"
        ),
    );
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains("no rule is called `DeleteUser/holds-tokens`") && text.contains("`Z-001`"),
        "{text}"
    );
}

#[test]
fn a_file_that_is_wrong_is_a_usage_error_that_says_where() {
    let (code, text) = run("forgets-mfa-device", "[[expected]]\nrool = \"x\"\n");
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("unknown field `rool`"), "{text}");
}
