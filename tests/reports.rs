//! The report of a run in every format, reading it back, and the comparison of two runs.

use std::path::{Path, PathBuf};

use iamspec_harness::report::diff::compare;
use iamspec_harness::report::events::{
    CallEvent, CallVerdict, ConvergedEvent, NotDeletedEvent, RemarkEvent, RunClient, ShardOf,
    UnspecifiedEvent,
};
use iamspec_harness::report::events::{FindingEvent, FindingStatus};
use iamspec_harness::report::file::{read, schema, to_json_lines};
use iamspec_harness::report::format::ci::sarif::sarif;
use iamspec_harness::report::format::html::html;
use iamspec_harness::report::format::markdown::markdown;
use iamspec_harness::report::format::style::Style;
use iamspec_harness::report::format::summary::unspecified;
use iamspec_harness::report::format::terminal::{TerminalOptions, terminal};
use iamspec_harness::report::merge::merge;
use iamspec_harness::report::{FORMAT, RunReport};

/// A report of the first edition, shortened, with an event of each kind.
const FORMAT_1: &str = include_str!("reports/format-1.jsonl");

/// A temporary folder for one test.
pub(super) fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("iamspec-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// The report of a run with these arguments, its exit code and its output.
pub(super) fn run_report(name: &str, words: &[&str]) -> (RunReport, Option<i32>, String) {
    let file = folder("reports").join(format!("{name}.jsonl"));
    let report = format!("json={}", file.display());
    let output = super::iamspec(&[&["run", "--report", &report], words].concat());
    let text = std::fs::read_to_string(&file).unwrap();
    (read(&text).unwrap(), output.status.code(), super::stdout(&output))
}

const ALONE: [&str; 3] = ["--mutant", "forgets-mfa-device", "delete-user/alone/*"];

#[test]
fn a_run_prints_its_report() {
    let (report, code, printed) = run_report("printed", &ALONE);
    assert_eq!(code, Some(i32::from(report.end.exit)));
    let expected = terminal(&report, Style::none());
    assert!(printed.ends_with(&expected), "{printed}\n---\n{expected}");
    let findings = report.findings.iter().filter(|it| it.status == FindingStatus::Unexpected);
    assert_eq!(findings.map(|it| &*it.rule).collect::<Vec<_>>(), ["DeleteUser/holds-mfa-device"]);
    let judged = report.calls.iter().filter(|it| it.verdict.is_judged()).count();
    assert_eq!(judged, report.end.totals.passed + report.end.totals.unexpected);
}

#[test]
fn a_finding_contains_its_request_and_response() {
    let (report, ..) = run_report("wire", &ALONE);
    let wire = report.findings[0].wire.as_ref().unwrap();
    assert!(wire.request.starts_with("Action=DeleteUser\nVersion=2010-05-08\nUserName=iamspec-"));
    assert!(wire.response.starts_with("200 text/xml\n<DeleteUserResponse"), "{}", wire.response);
}

#[test]
fn a_written_report_is_read_back_unchanged() {
    let (report, ..) = run_report("read", &["delete-user/*"]);
    assert_eq!(read(&to_json_lines(&report).unwrap()).unwrap(), report);
}

#[test]
fn an_invalid_or_incomplete_file_is_refused_with_the_reason() {
    let (report, ..) = run_report("broken", &["delete-user/bare"]);
    let whole = to_json_lines(&report).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let cut = lines[..lines.len() - 1].join("\n");
    let twice = format!("{whole}{whole}");
    let cases: [(&str, &str); 6] = [
        (&cut, "its footer is missing"),
        ("", "the file is empty"),
        ("{}\n", "line 1 is not the header"),
        (&whole.replace("\"format\":2", "\"format\":3"), "has format 3"),
        (&format!("{}\nnonsense\n", lines[0]), "line 2 is not an event"),
        (&twice, "comes after the footer"),
    ];
    for (text, reason) in cases {
        let error = format!("{:#}", read(text).unwrap_err());
        assert!(error.contains(reason), "{error}");
    }
}

/// Every event of the first edition is read, and written under its new name.
#[test]
fn a_report_of_format_1_can_still_be_read() {
    let report = read(FORMAT_1).unwrap();
    assert_eq!((report.header.format, &*report.header.selection), (FORMAT, "1 script"));
    assert_eq!(report.calls.len(), 4);
    assert_eq!(report.calls[0].response.as_deref(), Some("200"));
    assert!(report.calls[0].starts_script);
    assert_eq!(report.calls[2].converged.map(|it| it.retries), Some(2));
    assert_eq!(report.calls[3].reason.as_deref(), Some("status must"));
    let finding = &report.findings[0];
    assert_eq!(finding.status, FindingStatus::Unexpected);
    assert!(finding.expected[0].response.starts_with("409 DeleteConflict"));
    assert_eq!((finding.evidence.len(), finding.history.len()), (2, 4));
    assert!(finding.reproduce.starts_with("iamspec run"));
    assert_eq!(report.remarks[0].calls, 2);
    assert_eq!(report.unspecified[0].response, "409 DeleteConflict");
    assert_eq!(report.not_deleted[0].call, "DeleteUser u0");
    assert_eq!(report.known_failures[0].conforms, 3);
    assert_eq!(report.known_failure_errors.len(), 1);
    assert_eq!(report.coverage.rules.not_tested.len(), 2);
    assert_eq!((report.end.totals.calls(), report.end.responded), (4, true));

    let written = to_json_lines(&report).unwrap();
    assert_eq!(read(&written).unwrap(), report);
    for old in ["answer", "because", "allowed", "again", "sums", "asked", "heard", "why", "begun"] {
        assert!(!written.contains(&format!("\"{old}\":")), "{old}");
    }
    for old in ["open", "kept", "entry", "complaint"] {
        assert!(!written.contains(&format!("\"event\":\"{old}\"")), "{old}");
    }
    assert!(markdown(&report).contains("1 finding in "));
}

#[test]
fn the_schema_files_match_the_files_that_people_write() {
    let [settings, known_failures] = iamspec_harness::commands::settings::schemas().unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    super::assert_file(&folder.join("settings.json"), &settings);
    super::assert_file(&folder.join("known-failures.json"), &known_failures);
}

#[test]
fn the_schema_file_matches_the_events() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/report.json");
    super::assert_file(&path, &schema().unwrap());
}

#[test]
fn each_format_names_the_finding_that_fails_the_run() {
    let folder = folder("forms");
    let file = |name: &str| folder.join(name).display().to_string();
    let forms =
        ["junit", "markdown", "badge", "html", "sarif"].map(|it| format!("{it}={}", file(it)));
    let reports = forms.iter().flat_map(|it| ["--report", it]);
    let words: Vec<&str> = ["run"].into_iter().chain(reports).chain(ALONE).collect();
    assert_eq!(super::iamspec(&words).status.code(), Some(1));
    let rule = "DeleteUser/holds-mfa-device";
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let junit = text("junit");
    assert!(junit.contains("failures=\"1\" errors=\"0\""), "{junit}");
    assert!(junit.contains("<property name=\"tier\" value=\"code\"/>"), "{junit}");
    assert!(junit.contains("<failure message=\"DeleteUser is refused"), "{junit}");
    assert!(junit.contains("1 finding in 9 scripts and 77 requests; 30 calls"), "{junit}");
    let markdown = text("markdown");
    assert!(markdown.contains("| MFA device | 200 | ❌ deleted, must be refused |"), "{markdown}");
    assert!(
        markdown.contains("iamspec run --mutant forgets-mfa-device delete-user/alone/mfa-device")
    );
    assert!(markdown.contains("1 finding in 9 scripts and 77 requests; 30 calls"), "{markdown}");
    let html = text("html");
    assert!(html.contains("1 finding in 9 scripts and 77 requests; 30 calls"), "{html}");
    assert!(
        html.contains("<td class=\"verdict-cell wrong\">deleted, must be refused</td>"),
        "{html}"
    );
    let badge: serde_json::Value = serde_json::from_str(&text("badge")).unwrap();
    assert_eq!(badge["message"], "8 of 9 blockers");
    assert_eq!(badge["color"], "red");
    let sarif: serde_json::Value = serde_json::from_str(&text("sarif")).unwrap();
    let [result] = &sarif["runs"][0]["results"].as_array().unwrap()[..] else { panic!("{sarif}") };
    assert_eq!((&result["ruleId"], &result["level"]), (&rule.into(), &"error".into()));
    let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(uri, "iamspec/scripts/delete-user/alone/mfa-device.script");
    assert_eq!(sarif["runs"][0]["tool"]["driver"]["rules"][0]["id"], rule);
    std::fs::remove_dir_all(folder).unwrap();
}

/// Code scanning shows no alert for a suppressed result, nor for what the run does not compare.
#[test]
fn sarif_suppresses_known_failures_and_leaves_out_findings_below() {
    let (report, ..) = run_report("sarif", &ALONE);
    let results = |status| {
        let mut report = report.clone();
        report.findings[0].status = status;
        report.findings[0].reason = Some("ignores devices".to_owned());
        report.findings[0].script = "my scripts/mfa.script".to_owned();
        let log: serde_json::Value = serde_json::from_str(&sarif(&report).unwrap()).unwrap();
        log["runs"][0]["results"].as_array().unwrap().clone()
    };
    assert_eq!(results(FindingStatus::Below), [serde_json::Value::Null; 0]);
    let [known] = &results(FindingStatus::KnownFailure)[..] else { panic!("expected one result") };
    assert_eq!(known["suppressions"][0]["justification"], "ignores devices");
    let uri = &known["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(uri, "my%20scripts/mfa.script");
    let [new] = &results(FindingStatus::Unexpected)[..] else { panic!("expected one result") };
    assert!(new["suppressions"].is_null(), "{new}");
}

#[test]
fn responses_are_escaped_in_markdown_and_html() {
    let (mut report, ..) = run_report("markup", &ALONE);
    report.findings[0].status = FindingStatus::KnownFailure;
    report.findings[0].observed = "<img src=x> [a](b) `c`".to_owned();
    let text = markdown(&report);
    assert!(text.contains(r"&lt;img src=x&gt; \[a\](b) \`c\`"), "{text}");
    let page = html(&report).unwrap();
    assert!(page.contains("&lt;img src=x&gt;") && !page.contains("<img"), "the page has an image");
}

#[test]
fn two_runs_are_compared_by_rules_and_calls() {
    let (right, ..) = run_report("right", &["delete-user/alone/*"]);
    let (wrong, ..) = run_report("wrong", &ALONE);
    let worse = compare(&right, &wrong);
    assert_eq!(
        worse.new.iter().map(|it| &*it.rule).collect::<Vec<_>>(),
        ["DeleteUser/holds-mfa-device"]
    );
    let better = compare(&wrong, &right);
    assert_eq!(better.fixed.len(), 1);
    assert!(better.new.is_empty() && better.not_tested.is_empty());
    let (less, ..) = run_report("less", &["delete-user/bare"]);
    assert_eq!(compare(&wrong, &less).not_tested.len(), 1);
    let mut other = wrong.clone();
    other.findings[0].observed = "404 NoSuchEntity".to_owned();
    assert_eq!(compare(&wrong, &other).changed.len(), 1);
    let conforming = other.calls.iter_mut().find(|it| it.verdict == CallVerdict::Conforms).unwrap();
    conforming.response = Some("201".to_owned());
    assert_eq!(compare(&wrong, &other).calls.len(), 1);
}

/// moto repeats the name of a user in capitals, and the name contains the run.
#[test]
fn names_of_a_run_are_no_difference() {
    let named = |name: &str| {
        let (mut report, ..) = run_report("names", &ALONE);
        let response = format!("409 DeleteConflict \"{name} cannot be deleted\"");
        report.findings[0].observed.clone_from(&response);
        let conforming = |it: &&mut CallEvent| it.verdict == CallVerdict::Conforms;
        report.calls.iter_mut().find(conforming).unwrap().response = Some(response);
        report
    };
    let first = named("IAMSPEC-4F797A0A-74-U0");
    let diff = compare(&first, &named("IAMSPEC-8C7E24CA-3-U0"));
    assert_eq!((diff.same, diff.changed.len(), diff.calls.len()), (1, 0, 0));
    let diff = compare(&first, &named("iamspec-8c7e24ca-3-u0"));
    assert_eq!((diff.same, diff.changed.len(), diff.calls.len()), (0, 1, 1));
}

#[test]
fn the_exit_code_of_diff_depends_on_new_findings() {
    run_report("old", &["delete-user/alone/*"]);
    run_report("new", &ALONE);
    let file = |name: &str| folder("reports").join(name).display().to_string();
    let (old, new) = (file("old.jsonl"), file("new.jsonl"));
    let worse = super::iamspec(&["diff", &old, &new]);
    assert_eq!(worse.status.code(), Some(1));
    assert!(super::stdout(&worse).contains("1 new, 0 fixed"), "{}", super::stdout(&worse));
    assert_eq!(super::iamspec(&["diff", &new, &old]).status.code(), Some(0));
    let printed = super::iamspec(&["report", &new]);
    assert_eq!(printed.status.code(), Some(1));
    assert!(super::stdout(&printed).contains("DIVERGES"));
    let text = std::fs::read_to_string(&new).unwrap();
    let revision = read(&text).unwrap().header.revision;
    std::fs::write(&new, text.replace(&revision, "000000000000")).unwrap();
    let refused = super::iamspec(&["diff", &old, &new]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(super::stderr(&refused).contains("--across-revisions"));
}

#[test]
fn an_issue_contains_the_evidence_and_a_program() {
    run_report("issue", &ALONE);
    let file = folder("reports").join("issue.jsonl").display().to_string();
    let text = super::stdout(&super::iamspec(&["issue", &file, "DeleteUser/holds-mfa-device"]));
    assert!(
        text.starts_with("# DeleteUser returns 200 if the user holds an MFA device\n"),
        "{text}"
    );
    for part in
        ["- A-015 (documented)", "Action=DeleteUser", "call 'DeleteUser u0' 'DeleteConflict'"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let none = super::iamspec(&["issue", &file, "DeleteUser/holds-*-key"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(super::stderr(&none).contains("has no finding for the rule `DeleteUser/holds-*-key`"));
}

/// A deviation of a client.
fn remark(deviation: &str, reason: Option<&str>) -> RemarkEvent {
    RemarkEvent {
        action: "CreateUser".to_owned(),
        deviation: deviation.to_owned(),
        calls: 2,
        parameters: "UserName=iamspec-1-u0".to_owned(),
        reason: reason.map(str::to_owned),
    }
}

/// A finding of each status, and more below the threshold than are listed.
fn findings_of_each_status(of: &FindingEvent) -> Vec<FindingEvent> {
    let mut finding = of.clone();
    finding.possibly_stale = Some("DeleteAccessKey u0 key#0".to_owned());
    finding.other_scripts = (0..5).map(|number| format!("other/{number}")).collect();
    "iamspec run --endpoint http://127.0.0.1:5000 x".clone_into(&mut finding.reproduce);
    let with_status = |counted, reason: Option<&str>| {
        let mut it = finding.clone();
        (it.status, it.reason) = (counted, reason.map(str::to_owned));
        it
    };
    let unexpected = with_status(FindingStatus::Unexpected, None);
    let known = with_status(FindingStatus::KnownFailure, Some("issue 123"));
    let below = (0..14).map(|_| with_status(FindingStatus::Below, None));
    [unexpected, known].into_iter().chain(below).collect()
}

/// A call of each verdict that is not part of a finding.
fn calls_of_each_verdict(of: &CallEvent) -> [CallEvent; 6] {
    let call = |script: &str, verdict, reason: &str| CallEvent {
        script: script.to_owned(),
        verdict,
        reason: Some(reason.to_owned()),
        ..of.clone()
    };
    let skipped = "the call before it was interrupted: crash";
    let converged = ConvergedEvent { retries: 3, seconds: 1.5 };
    [
        call("a", CallVerdict::Inconclusive, "interrupted reset \"the connection ended\""),
        call("b", CallVerdict::Inconclusive, "interrupted crash \"500 text/html\""),
        call("b", CallVerdict::Skipped, skipped),
        call("c", CallVerdict::Unsupported, "UploadSSHPublicKey"),
        call("d", CallVerdict::Skipped, "needs UploadSSHPublicKey"),
        CallEvent { converged: Some(converged), ..of.clone() },
    ]
}

/// A report with every line that can be printed.
fn report_with_every_line() -> RunReport {
    let (mut report, ..) = run_report("lines", &ALONE);
    let text = |text: &str| text.to_owned();
    report.header.client =
        Some(RunClient { sdk: text("an-sdk"), version: text("1.2"), language: text("any") });
    report.remarks = vec![
        remark("repeats the request after 200", Some("issue 7")),
        remark("leaves out Path", None),
    ];
    report.findings = report.findings.first().map(findings_of_each_status).unwrap();
    report.calls.extend(report.calls.first().map(calls_of_each_verdict).unwrap());
    let rule = text("DeleteUser/holds-inactive-access-key");
    let (facts, response) = (vec![text("A-010")], text("409 DeleteConflict"));
    report.unspecified = vec![UnspecifiedEvent { rule, facts, response }];
    let not_deleted = |uncertain, after_divergence| NotDeletedEvent {
        name: text("iamspec-1-u0"),
        call: text("DeleteUser u0"),
        response: text("409 DeleteConflict"),
        uncertain,
        after_divergence,
    };
    report.not_deleted = vec![not_deleted(false, false), not_deleted(true, true)];
    report.known_failure_errors =
        vec![text("stale known failure: GetUser/no-such-user was tested and conforms")];
    report.end.journal = Some(text("1f3a9c02"));
    report.end.ended_early = Some(text("the budget was used up; raise --budget to go on"));
    report
}

#[test]
fn every_line_that_a_run_can_print_is_as_reviewed() {
    insta::assert_snapshot!(terminal(&report_with_every_line(), Style::none()));
}

#[test]
fn unspecified_behavior_is_listed_on_request() {
    let report = report_with_every_line();
    let list = unspecified(&report);
    assert!(list.contains("DeleteUser/holds-inactive-access-key"), "{list}");
    let short = terminal(&report, Style::none());
    assert!(!short.contains(&list) && short.contains("1 unspecified behavior observed"), "{short}");
    let options = TerminalOptions { style: Style::none(), show_unspecified: true };
    let full = terminal(&report, options);
    assert!(full.contains(&list) && !full.contains("--show unspecified"), "{full}");
}

#[test]
fn divergences_of_two_levels_stay_two_findings() {
    let (mut one, ..) = run_report("levels", &ALONE);
    one.header.shard = Some(ShardOf { number: 1, of: 2 });
    let mut other = one.clone();
    other.header.shard = Some(ShardOf { number: 2, of: 2 });
    other.findings[0].level = "info".to_owned();
    other.findings[0].observed = "404 NoSuchEntity".to_owned();
    let merged = merge(vec![other, one]).unwrap();
    let levels: Vec<&str> = merged.findings.iter().map(|it| &*it.level).collect();
    assert_eq!(levels, ["must", "info"]);
    // A comparison has one line for each rule.
    let diff = compare(&merged, &merged);
    assert_eq!((diff.same, diff.changed.len(), diff.new.len()), (1, 0, 0));
}

#[test]
fn a_report_that_cannot_be_written_is_found_before_the_run() {
    let folder = folder("unwritable");
    let locked = folder.join("old.jsonl");
    std::fs::write(&locked, "old").unwrap();
    let folder_text = folder.display();
    let once = format!("html={folder_text}/once.html");
    let shared = format!("{folder_text}/one");
    // Neither of the links leads to a file before the run.
    std::os::unix::fs::symlink("one", folder.join("link")).unwrap();
    std::os::unix::fs::symlink(".", folder.join("here")).unwrap();
    let twice = |first: &str, file: &str, second: &str, other: &str| {
        [first, file, second, other].map(str::to_owned).to_vec()
    };
    for (options, reason) in [
        (vec!["--report".to_owned(), format!("json={folder_text}/none/x")], "cannot write"),
        (vec!["--report".to_owned(), format!("json={folder_text}")], "cannot write"),
        (vec!["--record".to_owned(), format!("{folder_text}/none/x")], "cannot write"),
        (vec!["--coverage".to_owned(), "/proc/none/x".to_owned()], "cannot write"),
        (["--report", &once, "--report", &once].map(str::to_owned).to_vec(), "named twice"),
        (twice("--report", &format!("html={shared}"), "--trace", &shared), "named twice"),
        (twice("--record", &shared, "--trace", &format!("{folder_text}/./one")), "named twice"),
        (twice("--record", &shared, "--coverage", &format!("{folder_text}/link")), "named twice"),
        (twice("--trace", &shared, "--report", &format!("json={folder_text}/link")), "named twice"),
        (
            twice("--trace", &shared, "--report", &format!("json={folder_text}/here/one")),
            "named twice",
        ),
        (
            ["--known-failures", &shared, "--update-known-failures", "--trace", &shared]
                .map(str::to_owned)
                .to_vec(),
            "named twice",
        ),
        (
            ["--report", "json=-", "--report", "html=-"].map(str::to_owned).to_vec(),
            "two reports cannot both be written to stdout",
        ),
        (["--trace", "-"].map(str::to_owned).to_vec(), "`-` is not a file"),
    ] {
        let words: Vec<&str> = options.iter().map(String::as_str).collect();
        let output = super::iamspec(&[&["run", "delete-user/bare"], &words[..]].concat());
        let error = super::stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{options:?} {error}");
        assert!(error.contains(reason), "{options:?} {error}");
        // Nothing was sent, so there is no report on stdout.
        assert_eq!(super::stdout(&output), "", "{options:?}");
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 3, "a temporary file is left");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_output_never_replaces_a_file_that_the_command_reads() {
    let folder = folder("inputs");
    let path = |name: &str| folder.join(name).display().to_string();
    let script = "CreateUser u0\nDeleteUser u0\n";
    let known =
        "[[known-failure]]\nrule = \"DeleteUser/holds-login-profile\"\nreason = \"known\"\n";
    let files = [
        ("s.script", script.to_owned()),
        ("known.toml", known.to_owned()),
        ("about.toml", "name = \"it\"\nversion = \"1\"\n".to_owned()),
        ("iamspec.toml", "tier = \"text\"\n".to_owned()),
        ("regressions/r.script", script.to_owned()),
    ];
    std::fs::create_dir(folder.join("regressions")).unwrap();
    for (name, text) in &files {
        std::fs::write(folder.join(name), text).unwrap();
    }
    std::os::unix::fs::symlink("s.script", folder.join("link")).unwrap();
    let run = path("run.jsonl");
    assert!(
        super::iamspec(&["run", &path("s.script"), "--report", &format!("json={run}")])
            .status
            .success()
    );
    let saved = std::fs::read_to_string(&run).unwrap();
    let [s, known, about, settings, r] = files.each_ref().map(|it| path(it.0));
    let regressions = path("regressions");
    for words in [
        vec!["run", &s, "--trace", &s],
        vec!["run", &s, "--coverage", &s],
        vec!["run", &s, "--record", &s],
        vec!["run", &path("link"), "--trace", &s],
        vec!["run", &s, "--trace", &path("link")],
        vec!["run", &s, "--known-failures", &known, "--coverage", &known],
        vec!["run", &s, "--about", &about, "--coverage", &about],
        vec!["run", &s, "--config", &settings, "--coverage", &settings],
        vec!["run", &s, "--coverage", &settings],
        vec!["run", "--suite", "cover", "--regressions", &regressions, "--trace", &r],
        vec!["replay", &s, "--trace", &s],
        vec!["shrink", &s, "--trace", &s],
        vec!["audit", &s, "--report", &format!("json={s}")],
        vec!["report", "merge", &run, "--report", &format!("json={run}")],
    ] {
        let output = super::command(&words).current_dir(&folder).output().unwrap();
        let error = super::stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{words:?} {error}");
        assert!(error.contains("would overwrite it; choose another file"), "{words:?} {error}");
        for (name, text) in &files {
            assert_eq!(&std::fs::read_to_string(folder.join(name)).unwrap(), text, "{words:?}");
        }
        assert_eq!(std::fs::read_to_string(&run).unwrap(), saved, "{words:?}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// A program that reads a report from stdout gets the report and nothing else.
#[test]
fn a_run_can_be_quiet_or_write_a_report_to_stdout() {
    let run = |options: &[&str]| {
        super::iamspec(
            &[&["run", "delete-user/*", "--mutant", "forgets-mfa-device"], options].concat(),
        )
    };
    let output = run(&["--quiet"]);
    assert_eq!((output.status.code(), super::stdout(&output).as_str()), (Some(1), ""));
    assert_eq!(super::stderr(&output), "");
    let output = run(&["--report", "json=-"]);
    assert_eq!(output.status.code(), Some(1));
    let text = super::stdout(&output);
    let events: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events[0]["event"], "run", "{text}");
    assert!(events.iter().any(|it| it["event"] == "finding"), "{text}");
    let output = run(&["--report", "junit=-"]);
    assert!(super::stdout(&output).starts_with("<?xml"), "{}", super::stdout(&output));
}

#[test]
fn a_report_that_fails_at_the_end_leaves_the_others() {
    let folder = folder("half-written");
    let page = folder.join("run.html").display().to_string();
    let (first, second) = ("json=/dev/full".to_owned(), format!("html={page}"));
    let words = ["run", "delete-user/bare", "--report", &first, "--report", &second];
    let output = super::iamspec(&words);
    assert_eq!(output.status.code(), Some(2), "{}", super::stdout(&output));
    assert!(super::stderr(&output).contains("cannot write /dev/full"));
    assert!(std::fs::read_to_string(page).unwrap().contains("</html>"));
    let output = super::iamspec(&["run", "delete-user/bare", "--trace", "/dev/full"]);
    assert_eq!(output.status.code(), Some(2), "{}", super::stdout(&output));
    assert!(super::stderr(&output).contains("cannot write the trace /dev/full"));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_report_replaces_the_file_behind_a_link_and_leaves_no_other_file() {
    let folder = folder("linked");
    let (file, link) = (folder.join("run.jsonl"), folder.join("latest.jsonl"));
    std::fs::write(&file, "old").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let report = format!("json={}", link.display());
    let output = super::iamspec(&["run", "delete-user/bare", "--report", &report]);
    assert_eq!(output.status.code(), Some(0), "{}", super::stderr(&output));
    assert!(link.is_symlink());
    assert!(read(&std::fs::read_to_string(file).unwrap()).is_ok());
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
    std::fs::remove_dir_all(folder).unwrap();
}

/// The status is right now and the text still differs: this is no new finding.
#[test]
fn an_improvement_is_no_regression() {
    let (before, ..) = run_report("improved", &ALONE);
    let mut after = before.clone();
    let better = &mut after.findings[0];
    (better.tier, better.level) = ("text".to_owned(), "should".to_owned());
    better.status = FindingStatus::Below;
    let diff = compare(&before, &after);
    assert_eq!((diff.new.len(), diff.fixed.len(), diff.changed.len()), (0, 1, 0));
    after.findings[0].status = FindingStatus::Unexpected;
    let diff = compare(&before, &after);
    assert_eq!((diff.new.len(), diff.fixed.len(), diff.changed.len()), (0, 0, 1));
    let diff = compare(&after, &before);
    assert_eq!((diff.new.len(), diff.fixed.len(), diff.changed.len()), (1, 0, 0));
    // Two findings of one rule are one line.
    after.findings.push(before.findings[0].clone());
    let diff = compare(&before, &after);
    assert_eq!((diff.new.len(), diff.fixed.len(), diff.same), (0, 0, 1));
}
