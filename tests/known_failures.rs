//! The known-failures file: listed, stale, expired and invalid entries, and its update.

use std::io::Write as _;

fn run(mutant: &str, entries: &str) -> (Option<i32>, String) {
    run_scripts(mutant, entries, &["delete-user/alone/*"])
}

fn run_scripts(mutant: &str, entries: &str, scripts: &[&str]) -> (Option<i32>, String) {
    let path = std::env::temp_dir().join(format!(
        "iamspec-{}-{mutant}-{}.toml",
        std::process::id(),
        entries.len()
    ));
    std::fs::File::create(&path).unwrap().write_all(entries.as_bytes()).unwrap();
    let options = ["run", "--mutant", mutant, "--known-failures", path.to_str().unwrap()];
    let output = super::iamspec(&[&options, scripts].concat());
    std::fs::remove_file(&path).unwrap();
    (output.status.code(), super::stdout(&output) + &super::stderr(&output))
}

const KNOWN: &str = "[[expected]]\nrule = \"DeleteUser/holds-mfa-device\"\nreason = \"known\"\nfacts = [\"A-015\"]\n";

#[test]
fn a_listed_divergence_does_not_fail_the_run() {
    let (code, text) = run("forgets-mfa-device", KNOWN);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("0 unexpected, 1 known failure"), "{text}");
}

#[test]
fn a_divergence_that_is_not_listed_fails_it() {
    let (code, text) = run("forgets-access-key", "");
    assert_eq!(code, Some(1), "{text}");
}

#[test]
fn an_entry_that_conforms_is_stale_only_in_a_complete_run() {
    let (_, text) = run("key-deletion-is-lost", KNOWN);
    assert!(!text.contains("stale"), "{text}");
    let (code, text) = run_scripts("key-deletion-is-lost", KNOWN, &[]);
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
fn an_unknown_rule_or_fact_is_found_before_the_run() {
    let (code, text) = run(
        "forgets-mfa-device",
        &format!(
            "{KNOWN}[[expected]]\nrule = \"DeleteUser/holds-tokens\"\nreason = \"\"\nfacts = [\"Z-001\"]\n"
        ),
    );
    assert_eq!(code, Some(2), "{text}");
    assert!(
        text.contains("no rule matches `DeleteUser/holds-tokens`") && text.contains("`Z-001`"),
        "{text}"
    );
    assert!(!text.contains("planned calls"), "{text}");
    let (_, text) = run("forgets-mfa-device", &KNOWN.replace("mfa-device", "mfa-devise"));
    let expected = "`DeleteUser/holds-mfa-devise`; did you mean `DeleteUser/holds-mfa-device`";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn an_invalid_file_is_a_usage_error() {
    let (code, text) = run("forgets-mfa-device", "[[expected]]\nrool = \"x\"\n");
    assert_eq!(code, Some(2), "{text}");
    assert!(text.contains("unknown field `rool`"), "{text}");
}

#[test]
fn an_expired_entry_fails_the_run() {
    let dated = |day: &str| format!("{KNOWN}since = \"2026-01-01\"\nexpires = \"{day}\"\n");
    let (code, text) = run("forgets-mfa-device", &dated("2026-01-02"));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("DeleteUser/holds-mfa-device was accepted until 2026-01-02"), "{text}");
    let (code, text) = run("forgets-mfa-device", &dated("9999-12-31"));
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn an_invalid_date_is_found_before_the_run() {
    for (member, day) in
        [("since", "31.1.2027"), ("expires", "next spring"), ("expires", "2026-02-30")]
    {
        let entry = format!("{KNOWN}{member} = \"{day}\"\n");
        let (code, text) = run("forgets-mfa-device", &entry);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains(&format!("invalid date in a known failure: `{day}`")), "{text}");
        assert!(!text.contains("planned calls"), "{text}");
    }
}

#[test]
fn an_entry_may_be_limited_to_one_response_or_one_script() {
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
fn an_unknown_script_is_an_error_in_a_complete_run() {
    let (code, text) =
        run_scripts("forgets-mfa-device", &format!("{KNOWN}script = \"delete-user/gone\"\n"), &[]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("no script of this run matches `delete-user/gone`"), "{text}");
}

#[test]
fn a_flaky_rule_must_conform_often_enough() {
    let flaky = |least: usize| format!("{KNOWN}flaky = {least}\n");
    let (_, text) = run_scripts("key-deletion-is-lost", &flaky(1), &[]);
    assert!(!text.contains("known failure:"), "{text}");
    let (_, text) = run_scripts("forgets-mfa-device", &flaky(1), &[]);
    assert!(text.contains("holds-mfa-device conforms in fewer than 1 calls"), "{text}");
}

#[test]
fn known_failures_of_another_target_are_refused() {
    let folder = super::reports::folder("about");
    let (about, known) = (folder.join("target.toml"), folder.join("known.toml"));
    std::fs::write(&about, "name = \"moto\"\nversion = \"5.2.5\"\nlicense = \"Apache-2.0\"\n")
        .unwrap();
    let with = |target: &str| {
        std::fs::write(&known, format!("[target]\n{target}\n{KNOWN}")).unwrap();
        let files =
            ["--about", about.to_str().unwrap(), "--known-failures", known.to_str().unwrap()];
        let words = ["run", "--mutant", "forgets-mfa-device", "delete-user/alone/*"];
        let output = super::iamspec(&[&words[..], &files[..]].concat());
        (output.status.code(), super::stderr(&output))
    };
    assert_eq!(with("name = \"moto\"\nversions = \">=5.2, <6\"").0, Some(0));
    let (code, text) = with("name = \"moto\"\nversions = \">=6\"");
    assert_eq!(code, Some(2));
    assert!(text.contains("it is for moto >=6, and the target is 5.2.5"), "{text}");
    let (code, text) = with("name = \"ministack\"");
    assert_eq!(code, Some(2));
    assert!(text.contains("it is for ministack, and the target is moto"), "{text}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_update_keeps_reasons_and_comments() {
    let folder = super::reports::folder("update");
    let known = folder.join("known.toml");
    let stale = "# Tokens.\n[[expected]]\nrule = \"DeleteUser/holds-mfa-device\" # still?\nreason = \"known\"\n";
    let kept = "# Crashes.\n[[expected]]\nrule = \"CreateUser/*\"\noutcome = \"interrupted crash\"\nreason = \"whatever\"\n";
    std::fs::write(&known, format!("{kept}\n{stale}")).unwrap();
    let update = || {
        let words = ["run", "--mutant", "forgets-access-key", "--update-known-failures"];
        super::iamspec(&[&words[..], &["--known-failures", known.to_str().unwrap()]].concat())
    };
    let output = update();
    assert_eq!(output.status.code(), Some(0), "{}", super::stdout(&output));
    assert!(super::stderr(&output).contains("1 removed"), "{}", super::stderr(&output));
    let text = std::fs::read_to_string(&known).unwrap();
    assert!(text.starts_with(kept) && !text.contains("holds-mfa-device"), "{text}");
    assert!(text.contains("rule = \"DeleteUser/holds-access-key\""), "{text}");
    let repeated = update();
    assert_eq!(repeated.status.code(), Some(0), "{}", super::stdout(&repeated));
    let error = super::stderr(&repeated);
    assert!(error.contains("0 added, 0 removed"), "{error}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_update_creates_a_missing_file() {
    let folder = super::reports::folder("create");
    let known = folder.join("known-failures.toml");
    let file = known.to_str().unwrap();
    let scripts = "delete-user/alone/*";
    let words = ["run", "--mutant", "forgets-mfa-device", scripts, "--known-failures", file];
    let missing = super::iamspec(&words);
    assert_eq!(missing.status.code(), Some(2));
    let error = super::stderr(&missing);
    assert!(error.contains("--update-known-failures creates it"), "{error}");
    let update = super::iamspec(&[&words[..], &["--update-known-failures"]].concat());
    assert_eq!(update.status.code(), Some(0), "{}", super::stderr(&update));
    let text = std::fs::read_to_string(&known).unwrap();
    assert!(text.starts_with("[[known-failure]]\nrule = "), "{text}");
    assert_eq!(super::iamspec(&words).status.code(), Some(0));
    std::fs::remove_dir_all(folder).unwrap();
}

/// The update lists what the endpoint does. It does not explain what the client does.
#[test]
fn an_update_does_not_excuse_the_client() {
    let folder = super::reports::folder("update-client");
    let known = folder.join("known.toml").display().to_string();
    let driver = format!("{} driver --wrong sends-twice", env!("CARGO_BIN_EXE_iamspec"));
    let words = ["run", "--known-failures", &known, "--update-known-failures", "list/*"];
    let output = super::iamspec(&[&words[..], &["--driver", &driver]].concat());
    let printed = super::stdout(&output);
    assert!(printed.contains("DIFFERS"), "{printed}");
    assert_eq!(output.status.code(), Some(1), "{printed}");
    std::fs::remove_dir_all(folder).unwrap();
}

/// A wrong deletion, an action that crashes, one that is missing, and one that fails now and then.
#[test]
fn five_runs_after_an_update_exit_with_0() {
    let folder = super::reports::folder("five-runs");
    let known = folder.join("new/known.toml");
    std::fs::create_dir_all(known.parent().unwrap()).unwrap();
    let server = super::server(iamspec_conformance::Mutant::find("forgets-access-key"));
    let http = |status: &str, code: &str| {
        let body = format!("<ErrorResponse><Error><Code>{code}</Code></Error></ErrorResponse>");
        super::port::http(status, "text/xml", body.as_bytes())
    };
    let port = super::port::Port::before(&server.url(), move |body| {
        let is = |action: &str| body.contains(&format!("Action={action}&"));
        match () {
            () if is("ListGroupsForUser") => Some(http("500 Oops", "InternalFailure")),
            () if is("UploadSSHPublicKey") => Some(http("501 None", "NotImplemented")),
            () if is("EnableMFADevice") => Some(http("500 Oops", "")),
            // Other users of the account may have used up the quota.
            () if is("CreatePolicy") => Some(http("409 Conflict", "LimitExceeded")),
            () => None,
        }
    });
    let file = known.to_str().unwrap();
    let regressions = folder.join("regressions").display().to_string();
    let words = ["run", "--endpoint", &port.url, "--known-failures", file, "delete-user/alone/*"];
    let words = [&words[..], &["list/*", "--regressions", &regressions]].concat();
    let update = super::iamspec(&[&words[..], &["--update-known-failures"]].concat());
    assert_eq!(update.status.code(), Some(0), "{}", super::stdout(&update));
    let text = std::fs::read_to_string(&known).unwrap();
    let crash = "rule = \"ListGroupsForUser/carried-out\"\noutcome = \"interrupted failure\"";
    assert!(text.contains(crash), "{text}");
    assert!(
        text.contains("rule = \"CreatePolicy/*\"\noutcome = \"interrupted doubtful\""),
        "{text}"
    );
    for _ in 0..5 {
        let output = super::iamspec(&words);
        assert_eq!(output.status.code(), Some(0), "{text}{}", super::stdout(&output));
    }
    // Another response of the same script is not covered.
    std::fs::write(&known, text.replace("outcome = \"200\"", "outcome = \"404\"")).unwrap();
    assert_eq!(super::iamspec(&words).status.code(), Some(1));
    // Without the entries for calls without a verdict, the run says which calls are the cause.
    let entries = text.split("\n\n").filter(|it| !it.contains("interrupted doubtful"));
    std::fs::write(&known, entries.collect::<Vec<_>>().join("\n\n")).unwrap();
    let output = super::iamspec(&words);
    let printed = super::stdout(&output);
    assert_eq!(output.status.code(), Some(3), "{printed}");
    let causes =
        printed.lines().find(|it| it.starts_with("exit code 3, inconclusive, because of: "));
    assert!(causes.is_some_and(|it| it.contains("CreatePolicy (doubtful)")), "{printed}");
    std::fs::remove_dir_all(folder).unwrap();
}
