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
    assert!(text.contains("stale known failure: DeleteUser/holds-mfa-device"), "{text}");
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
        text.contains("no rule matches `DeleteUser/holds-tokens`") && text.contains("`Z-001`"),
        "{text}"
    );
}

#[test]
fn a_file_that_is_wrong_is_a_usage_error_that_says_where() {
    let (code, text) = run("forgets-mfa-device", "[[expected]]\nrool = \"x\"\n");
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("unknown field `rool`"), "{text}");
}

#[test]
fn an_entry_that_has_expired_fails_the_run_until_it_is_looked_at() {
    let dated = |day: &str| format!("{KNOWN}since = \"2026-01-01\"\nexpires = \"{day}\"\n");
    let (code, text) = run("forgets-mfa-device", &dated("2026-01-02"));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("DeleteUser/holds-mfa-device was accepted until 2026-01-02"), "{text}");
    let (code, text) = run("forgets-mfa-device", &dated("9999-12-31"));
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = run("forgets-mfa-device", &dated("next spring"));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("invalid date in a known failure: `next spring`"), "{text}");
}

#[test]
fn an_entry_may_speak_of_one_outcome_or_one_script_alone() {
    for (line, code) in [
        ("outcome = \"200\"\n", 0),
        ("outcome = \"409 LimitExceeded\"\n", 1),
        ("script = \"delete-user/alone/*\"\n", 0),
        ("script = \"delete-user/pairs/*\"\n", 1),
    ] {
        let (was, text) = run("forgets-mfa-device", &format!("{KNOWN}{line}"));
        assert_eq!(was, Some(code), "{line}{text}");
    }
}

#[test]
fn a_script_that_nobody_played_is_an_error_where_everything_was() {
    let (code, text) =
        play("forgets-mfa-device", &format!("{KNOWN}script = \"delete-user/gone\"\n"), &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("no script of this run matches `delete-user/gone`"), "{text}");
}

#[test]
fn what_conforms_now_and_then_must_do_so_often_enough() {
    let flaky = |least: usize| format!("{KNOWN}flaky = {least}\n");
    let (_, text) = play("key-deletion-is-lost", &flaky(1), &[]);
    assert!(!text.contains("known failure:"), "{text}");
    let (_, text) = play("forgets-mfa-device", &flaky(1), &[]);
    assert!(text.contains("holds-mfa-device conforms in fewer than 1 calls"), "{text}");
}

#[test]
fn expectations_are_held_against_the_target_that_they_are_of() {
    let folder = super::reports::folder("about");
    let (about, known) = (folder.join("target.toml"), folder.join("known.toml"));
    std::fs::write(&about, "name = \"moto\"\nversion = \"5.2.5\"\nlicence = \"Apache-2.0\"\n")
        .unwrap();
    let with = |target: &str| {
        std::fs::write(&known, format!("[target]\n{target}\n{KNOWN}")).unwrap();
        let files = ["--about", about.to_str().unwrap(), "--expect", known.to_str().unwrap()];
        let words = ["run", "--mutant", "forgets-mfa-device", "delete-user/alone/*"];
        let output = super::iamspec(&[&words[..], &files[..]].concat());
        (output.status.code(), super::stderr(&output))
    };
    assert_eq!(with("name = \"moto\"\nversions = \">=5.2, <6\"").0, Some(0));
    let (code, text) = with("name = \"moto\"\nversions = \">=6\"");
    assert_eq!(code, Some(2));
    assert!(text.contains("they are of moto >=6, and this is 5.2.5"), "{text}");
    let (code, text) = with("name = \"ministack\"");
    assert_eq!(code, Some(2));
    assert!(text.contains("they are of ministack, and this is moto"), "{text}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_file_is_written_anew_with_its_reasons_and_comments() {
    let folder = super::reports::folder("update");
    let known = folder.join("known.toml");
    let stale = "# Tokens.\n[[expected]]\nrule = \"DeleteUser/holds-mfa-device\" # still?\nreason = \"known\"\n";
    let kept =
        "# Quota.\n[[expected]]\nrule = \"CreateUser/no-such-rule\"\nreason = \"whatever\"\n";
    std::fs::write(&known, format!("{kept}\n{stale}")).unwrap();
    let update = || {
        let words = ["run", "--mutant", "forgets-access-key", "--update-expectations"];
        super::iamspec(&[&words[..], &["--expect", known.to_str().unwrap()]].concat())
    };
    let output = update();
    assert_eq!(output.status.code(), Some(1), "the rule that nobody knows is left to its owner");
    assert!(super::stderr(&output).contains("1 removed"), "{}", super::stderr(&output));
    let text = std::fs::read_to_string(&known).unwrap();
    assert!(text.starts_with(kept) && !text.contains("holds-mfa-device"), "{text}");
    assert!(text.contains("rule = \"DeleteUser/holds-access-key\""), "{text}");
    std::fs::write(&known, text.replace(kept, "")).unwrap();
    let again = update();
    assert_eq!(again.status.code(), Some(0), "{}", super::stdout(&again));
    assert!(super::stderr(&again).contains("0 added, 0 removed"), "{}", super::stderr(&again));
    std::fs::remove_dir_all(folder).unwrap();
}
