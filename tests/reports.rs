//! A run in every form: what is told of it, read again, and two runs against each other.

use std::path::{Path, PathBuf};

use iamspec_harness::report::RunReport;
use iamspec_harness::report::diff::compare;
use iamspec_harness::report::events::CallVerdict;
use iamspec_harness::report::file::read;
use iamspec_harness::report::finding::FindingStatus;

/// A folder of this test's own.
pub(super) fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("iamspec-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A run that writes itself down, and its exit code.
pub(super) fn told(name: &str, words: &[&str]) -> (RunReport, Option<i32>, String) {
    let file = folder("reports").join(format!("{name}.jsonl"));
    let report = format!("json={}", file.display());
    let output = super::iamspec(&[&["run", "--report", &report], words].concat());
    let text = std::fs::read_to_string(&file).unwrap();
    (read(&text).unwrap(), output.status.code(), super::stdout(&output))
}

const ALONE: [&str; 3] = ["--mutant", "forgets-mfa-device", "delete-user/alone/*"];

#[test]
fn what_a_run_tells_is_what_it_printed() {
    let (stream, code, printed) = told("printed", &ALONE);
    assert_eq!(code, Some(i32::from(stream.end.exit)));
    let shown = iamspec_harness::report::format::terminal::terminal(
        &stream,
        iamspec_harness::report::format::style::Style::none(),
    );
    assert!(printed.ends_with(&shown), "{printed}\n---\n{shown}");
    let found = stream.findings.iter().filter(|it| it.counted == FindingStatus::Unexpected);
    assert_eq!(found.map(|it| &*it.rule).collect::<Vec<_>>(), ["DeleteUser/holds-mfa-device"]);
    let judged = stream.calls.iter().filter(|it| it.verdict.is_judged()).count();
    assert_eq!(judged, stream.end.sums.passed + stream.end.sums.unexpected);
}

#[test]
fn a_finding_shows_what_went_over_the_wire() {
    let (stream, ..) = told("wire", &ALONE);
    let wire = stream.findings[0].wire.as_ref().unwrap();
    assert!(wire.request.starts_with("Action=DeleteUser\nVersion=2010-05-08\nUserName=iamspec-"));
    assert!(wire.answer.starts_with("200 text/xml\n<DeleteUserResponse"), "{}", wire.answer);
}

#[test]
fn what_was_written_is_read_as_it_was() {
    let (stream, ..) = told("read", &["delete-user/*"]);
    assert_eq!(read(&iamspec_harness::report::file::lines(&stream).unwrap()).unwrap(), stream);
}

#[test]
fn a_file_that_is_no_whole_run_is_refused_with_what_is_wrong() {
    let (stream, ..) = told("broken", &["delete-user/bare"]);
    let whole = iamspec_harness::report::file::lines(&stream).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let cut = lines[..lines.len() - 1].join("\n");
    let twice = format!("{whole}{whole}");
    let cases: [(&str, &str); 6] = [
        (&cut, "its footer is missing"),
        ("", "the file is empty"),
        ("{}\n", "line 1 is no header"),
        (&whole.replace("\"format\":1", "\"format\":2"), "has format 2"),
        (&format!("{}\nnonsense\n", lines[0]), "line 2 is no event"),
        (&twice, "comes after the footer"),
    ];
    for (text, why) in cases {
        let error = format!("{:#}", read(text).unwrap_err());
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn the_schema_is_that_of_the_events() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/stream.json");
    let schema = iamspec_harness::report::file::schema().unwrap();
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        std::fs::write(&path, &schema).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).unwrap_or_default() == schema,
        "{} is not the schema of the events; write it with UPDATE_DOCUMENTS=1",
        path.display()
    );
}

#[test]
fn each_form_says_what_fails_the_run() {
    let folder = folder("forms");
    let file = |name: &str| folder.join(name).display().to_string();
    let forms = ["junit", "markdown", "badge", "html"].map(|it| format!("{it}={}", file(it)));
    let reports = forms.iter().flat_map(|it| ["--report", it]);
    let words: Vec<&str> = ["run"].into_iter().chain(reports).chain(ALONE).collect();
    assert_eq!(super::iamspec(&words).status.code(), Some(1));
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let junit = text("junit");
    assert!(junit.contains("failures=\"1\" errors=\"0\""), "{junit}");
    assert!(junit.contains("<failure message=\"DeleteUser is refused"), "{junit}");
    let markdown = text("markdown");
    assert!(markdown.contains("| MFA device | 200 | ❌ deleted, must be refused |"), "{markdown}");
    assert!(
        markdown.contains("iamspec run --mutant forgets-mfa-device delete-user/alone/mfa-device")
    );
    let html = text("html");
    assert!(html.contains("<td class=\"wrong\">deleted, must be refused</td>"), "{html}");
    let badge: serde_json::Value = serde_json::from_str(&text("badge")).unwrap();
    assert_eq!(badge["message"], "8 of 9 blockers");
    assert_eq!(badge["color"], "red");
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_an_endpoint_says_is_no_markup_in_markdown() {
    let (mut stream, ..) = told("markup", &ALONE);
    stream.findings[0].counted = FindingStatus::Expected;
    stream.findings[0].observed = "<img src=x> [a](b) `c`".to_owned();
    let text = iamspec_harness::report::format::markdown::markdown(&stream);
    assert!(text.contains(r"&lt;img src=x&gt; \[a\](b) \`c\`"), "{text}");
    let page = iamspec_harness::report::format::html::html(&stream).unwrap();
    assert!(page.contains("&lt;img src=x&gt;") && !page.contains("<img"), "the page has an image");
}

#[test]
fn two_runs_are_compared_by_what_they_broke() {
    let (right, ..) = told("right", &["delete-user/alone/*"]);
    let (wrong, ..) = told("wrong", &ALONE);
    let worse = compare(&right, &wrong);
    assert_eq!(
        worse.new.iter().map(|it| &*it.rule).collect::<Vec<_>>(),
        ["DeleteUser/holds-mfa-device"]
    );
    let better = compare(&wrong, &right);
    assert_eq!(better.fixed.len(), 1);
    assert!(better.new.is_empty() && better.not_asked.is_empty());
    let (less, ..) = told("less", &["delete-user/bare"]);
    assert_eq!(compare(&wrong, &less).not_asked.len(), 1);
    let mut other = wrong.clone();
    other.findings[0].observed = "404 NoSuchEntity".to_owned();
    assert_eq!(compare(&wrong, &other).changed.len(), 1);
    let conforming = other.calls.iter_mut().find(|it| it.verdict == CallVerdict::Conforms).unwrap();
    conforming.answer = Some("201".to_owned());
    assert_eq!(compare(&wrong, &other).calls.len(), 1);
}

#[test]
fn the_exit_code_of_diff_says_whether_something_is_new() {
    told("old", &["delete-user/alone/*"]);
    told("new", &ALONE);
    let file = |name: &str| folder("reports").join(name).display().to_string();
    let (old, new) = (file("old.jsonl"), file("new.jsonl"));
    let worse = super::iamspec(&["diff", &old, &new]);
    assert_eq!(worse.status.code(), Some(1));
    assert!(super::stdout(&worse).contains("1 new, 0 fixed"), "{}", super::stdout(&worse));
    assert_eq!(super::iamspec(&["diff", &new, &old]).status.code(), Some(0));
    let again = super::iamspec(&["report", &new]);
    assert_eq!(again.status.code(), Some(1));
    assert!(super::stdout(&again).contains("DIVERGES"));
    let text = std::fs::read_to_string(&new).unwrap();
    let revision = read(&text).unwrap().header.revision;
    std::fs::write(&new, text.replace(&revision, "000000000000")).unwrap();
    let refused = super::iamspec(&["diff", &old, &new]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(super::stderr(&refused).contains("--across-revisions"));
}

#[test]
fn a_finding_is_written_as_an_issue_with_its_evidence_and_a_program() {
    told("issue", &ALONE);
    let file = folder("reports").join("issue.jsonl").display().to_string();
    let text = super::stdout(&super::iamspec(&["issue", &file, "DeleteUser/holds-mfa-device"]));
    assert!(
        text.starts_with("# DeleteUser is answered 200, where the user holds an MFA device\n"),
        "{text}"
    );
    for part in
        ["- A-015 (documented)", "Action=DeleteUser", "call 'DeleteUser u0' '409 DeleteConflict'"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let none = super::iamspec(&["issue", &file, "DeleteUser/holds-*-key"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(super::stderr(&none).contains("has no finding whose rule is `DeleteUser/holds-*-key`"));
}

/// What a client may have done otherwise.
fn remark(what: &str, reason: Option<&str>) -> iamspec_harness::report::events::RemarkEvent {
    iamspec_harness::report::events::RemarkEvent {
        api: "CreateUser".to_owned(),
        what: what.to_owned(),
        times: 2,
        params: "UserName=iamspec-1-u0".to_owned(),
        reason: reason.map(str::to_owned),
    }
}

/// One finding in each of the groups, and more of the last than are named.
fn every_group(
    of: &iamspec_harness::report::finding::FindingEvent,
) -> Vec<iamspec_harness::report::finding::FindingEvent> {
    let mut finding = of.clone();
    finding.late = Some("DeleteAccessKey u0 key#0".to_owned());
    finding.also = (0..5).map(|number| format!("other/{number}")).collect();
    "iamspec run --endpoint http://127.0.0.1:5000 x".clone_into(&mut finding.again);
    let as_is = |counted, reason: Option<&str>| {
        let mut it = finding.clone();
        (it.counted, it.reason) = (counted, reason.map(str::to_owned));
        it
    };
    let below = (0..14).map(|_| as_is(FindingStatus::Below, None));
    let above =
        [as_is(FindingStatus::Unexpected, None), as_is(FindingStatus::Expected, Some("issue 123"))];
    above.into_iter().chain(below).collect()
}

/// A call of each sort.
fn every_call(
    of: &iamspec_harness::report::events::CallEvent,
) -> [iamspec_harness::report::events::CallEvent; 4] {
    let call = |verdict, why: &str| iamspec_harness::report::events::CallEvent {
        verdict,
        why: Some(why.to_owned()),
        ..of.clone()
    };
    let late = iamspec_harness::report::events::ConvergedEvent { tries: 3, seconds: 1.5 };
    [
        call(CallVerdict::Inconclusive, "interrupted reset \"the connection ended\""),
        call(CallVerdict::Unsupported, "UploadSSHPublicKey"),
        call(CallVerdict::NotExercised, "needs UploadSSHPublicKey"),
        iamspec_harness::report::events::CallEvent { settled: Some(late), ..of.clone() },
    ]
}

/// A run that has a line of every kind, made from one that is wrong.
fn with_every_line() -> RunReport {
    let (mut stream, ..) = told("lines", &ALONE);
    let text = |text: &str| text.to_owned();
    stream.header.client = Some(iamspec_harness::report::events::RunClient {
        sdk: text("an-sdk"),
        version: text("1.2"),
        language: text("any"),
    });
    stream.remarks =
        vec![remark("asks again after 200", Some("issue 7")), remark("leaves out Path", None)];
    stream.findings = stream.findings.first().map(every_group).unwrap();
    stream.calls.extend(stream.calls.first().map(every_call).unwrap());
    let rule = text("DeleteUser/holds-inactive-access-key");
    let (facts, seen) = (vec![text("A-010")], text("409 DeleteConflict"));
    stream.open = vec![iamspec_harness::report::events::UnspecifiedEvent { rule, facts, seen }];
    let kept = |perhaps, diverged| iamspec_harness::report::events::NotDeletedEvent {
        name: text("iamspec-1-u0"),
        undo: text("DeleteUser u0"),
        answer: text("409 DeleteConflict"),
        perhaps,
        diverged,
    };
    stream.kept = vec![kept(false, false), kept(true, true)];
    stream.complaints =
        vec![text("stale expectation: GetUser/no-such-user was asked and conforms")];
    stream.end.journal = Some(text("1f3a9c02"));
    stream.end.early = Some(text("the budget was used up; raise --budget to go on"));
    stream
}

#[test]
fn every_line_that_a_run_can_print_is_as_reviewed() {
    let paint = iamspec_harness::report::format::style::Style::none();
    let page = iamspec_harness::report::format::terminal::terminal(&with_every_line(), paint);
    insta::assert_snapshot!(page);
}

#[test]
fn divergences_of_two_levels_stay_two_findings() {
    let (mut one, ..) = told("levels", &ALONE);
    one.header.shard = Some(iamspec_harness::report::events::ShardOf { number: 1, of: 2 });
    let mut other = one.clone();
    other.header.shard = Some(iamspec_harness::report::events::ShardOf { number: 2, of: 2 });
    other.findings[0].level = "info".to_owned();
    other.findings[0].observed = "404 NoSuchEntity".to_owned();
    let merged = iamspec_harness::report::merge::merge(vec![other, one]).unwrap();
    let levels: Vec<&str> = merged.findings.iter().map(|it| &*it.level).collect();
    assert_eq!(levels, ["must", "info"]);
    let changes = compare(&merged, &merged);
    assert_eq!((changes.same, changes.changed.len(), changes.new.len()), (2, 0, 0));
}
