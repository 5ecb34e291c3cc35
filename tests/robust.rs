//! Responses and files from outside are read or refused: no panic, and memory bounded by their
//! size.

use std::path::PathBuf;
use std::sync::LazyLock;

use iamspec_conformance::results::known_failures::{KnownFailures, RunContext};
use iamspec_conformance::script::corpus::built_in_scripts;
use iamspec_conformance::script::parse;
use iamspec_harness::aws::config::Config;
use iamspec_harness::aws::credentials::Identity;
use iamspec_harness::client::journal::{CreatedResource, Journal};
use iamspec_harness::client::response::interpret;
use iamspec_harness::client::session::Names;
use iamspec_harness::wire::xml_read::Element;
use iamspec_model::Operation;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Real responses of the reference server to these forms, in this order.
static RESPONSES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let server = super::server(None);
    let body = |form: &str| {
        let answer = super::server::posted(&server, &format!("Action={form}&Version=2010-05-08"));
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    };
    let forms = [
        "CreateUser&UserName=a&Tags.member.1.Key=k&Tags.member.1.Value=%3C%26%3E",
        "CreateUser&UserName=a",
        "CreateAccessKey&UserName=a",
        "CreatePolicy&PolicyName=p&PolicyDocument={\"Statement\":[]}",
        "CreateVirtualMFADevice&VirtualMFADeviceName=d",
        "PutUserPolicy&UserName=a&PolicyName=i&PolicyDocument={\"Statement\":[]}",
        "ListAccessKeys&UserName=a",
        "GetUserPolicy&UserName=a&PolicyName=i",
        "ListUsers&MaxItems=1",
        "GetAccountAuthorizationDetails",
        "GetAccountSummary",
        "DeleteUser&UserName=a",
        "NoSuchCall",
    ];
    forms.iter().map(|form| body(form)).collect()
});

/// Every operation of the bundled scripts.
static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let steps = built_in_scripts().unwrap().into_iter().flat_map(|script| script.steps);
    steps.map(|step| step.operation).collect()
});

/// Fragments of documents, well-formed and broken.
const FRAGMENTS: [&str; 34] = [
    "<a>",
    "</a>",
    "<a/>",
    "<x:a xmlns:x=\"urn:x\">",
    "</x:a>",
    "<a b='c' b=\"d\">",
    "<a b=>",
    "<![CDATA[",
    "]]>",
    "<!DOCTYPE a [<!ENTITY b \"bb\">]>",
    "<?xml version=\"1.0\" encoding=\"utf-16\"?>",
    "<?x",
    "?>",
    "<!--",
    "-->",
    "&lt;",
    "&b;",
    "&",
    "&#65;",
    "&#x0;",
    "&#xd800;",
    "&#99999999999;",
    "<",
    ">",
    "\u{feff}",
    "\0",
    "é\u{2028}",
    "<ErrorResponse><Error><Code>",
    "</Code></Error></ErrorResponse>",
    "<ListUsersResponse><ListUsersResult><Users>",
    "<member>",
    "</member>",
    "</Users><IsTruncated>true</IsTruncated>",
    "<Marker>x</Marker></ListUsersResult></ListUsersResponse>",
];

/// A real response with some changes.
fn changed_response() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<Index>(), 0..6_usize, any::<Index>(), any::<u8>());
    (any::<Index>(), vec(change, 1..8)).prop_map(|(which, changes)| {
        let mut bytes = which.get(&RESPONSES).clone().into_bytes();
        for (place, what, other, byte) in changes {
            let (at, to) = (place.index(bytes.len() + 1), other.index(bytes.len() + 1));
            match what {
                0 => bytes.insert(at, byte),
                1 => bytes.truncate(at.max(1)),
                2 => drop(bytes.drain(at.min(to)..at.max(to).min(at.min(to) + 40))),
                3 => bytes.splice(at..at, bytes.clone().into_iter().take(to)).for_each(drop),
                4 => bytes.splice(at..at, other.get(&FRAGMENTS).bytes()).for_each(drop),
                _ => bytes.iter_mut().skip(at).take(1).for_each(|it| *it = byte),
            }
        }
        bytes
    })
}

fn anything() -> impl Strategy<Value = Vec<u8>> {
    let fragments = vec(select(FRAGMENTS.to_vec()), 0..60).prop_map(|it| it.concat().into_bytes());
    prop_oneof![vec(any::<u8>(), 0..400), fragments, changed_response()]
}

/// Lines made of fragments of a file format, and arbitrary bytes.
fn lines(fragments: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let known = vec(select(fragments), 0..40).prop_map(|it| it.concat().into_bytes());
    prop_oneof![vec(any::<u8>(), 0..400), known, any::<String>().prop_map(String::into_bytes)]
}

/// The number of elements of a tree, the bytes of its names and texts, and its depth.
fn size(element: &Element) -> (usize, usize, usize) {
    let own = (1, element.name.len() + element.text.len(), 1);
    element
        .children
        .iter()
        .map(size)
        .fold(own, |sum, it| (sum.0 + it.0, sum.1 + it.1, sum.2.max(it.2 + 1)))
}

fn read(op: &Operation, status: u16, body: &[u8]) {
    let mut names = Names::new("test");
    names.fresh();
    let text = interpret(op, (status, "text/xml", body), &mut names).to_string();
    assert!(text.len() <= 10 * body.len() + 1000, "{text}");
}

/// Writes a file for a test.
fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn xml_is_read_or_refused(bytes in anything()) {
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(root) = Element::parse(&text) {
            let (elements, bytes, depth) = size(&root);
            prop_assert!(elements <= text.len() && bytes <= text.len() && depth <= 32);
        }
    }

    #[test]
    fn a_response_is_interpreted_or_refused(
        bytes in anything(),
        op in any::<Index>(),
        status in select(vec![200_u16, 204, 302, 400, 404, 409, 500, 501, 503]),
    ) {
        read(op.get(&OPERATIONS), status, &bytes);
    }

    #[test]
    fn a_script_is_read_or_refused(bytes in lines(&[
        "CreateUser ", "u0", " u1", " UserName:too-long", " UserName:", "->", " 409 DeleteConflict", " 200 [",
        "]", " \"", "# idea", "\n", "\r\n", "Issue", "CreateAccessKey u0 -> key#0", "key#", "key#99999999999",
        "\t", "é", " Inactive", ":", "/", "..", "AttachUserPolicy u0 p0", "p0",
    ])) {
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(script) = parse::parse("test", &text) {
            let printed = iamspec_conformance::script::print::print(&script);
            prop_assert_eq!(parse::parse("test", &printed).unwrap(), script);
        }
    }

    #[test]
    fn known_failures_are_read_or_refused(bytes in lines(&[
        "[[expected]]\n", "rule = ", "\"DeleteUser/*\"", "'*'", "\n", "tier = \"code\"\n", "reason = \"r\"\n",
        "facts = [\"A-015\"]\n", "[", "]", "=", "\"\"\"", "\\u{", "#", "expected.", "1979-05-27T07:32:00Z",
    ])) {
        if let Ok(read) = KnownFailures::parse(&String::from_utf8_lossy(&bytes)) {
            let _ = read.errors(&RunContext { whole: true, ..RunContext::default() });
        }
    }

    #[test]
    fn a_journal_is_resumed_or_refused(head in any::<bool>(), rest in lines(&[
        "{\"makes\":[\"user\",\"a\"]}\n", "{\"gone\":[\"user\",\"a\"]}\n", "{\"makes\":[\"policy\",", "{", "}", "\n",
        "[", "]", "\"", "\\ud800", "null", "\"é\"",
    ])) {
        let first = "{\"run\":\"r\",\"endpoint\":\"e\",\"account\":null,\"begun\":\"b\"}\n";
        let bytes = [if head { first.as_bytes() } else { b"" }, &rest].concat();
        if let Ok(journal) = Journal::resume(&file("robust.jsonl", &bytes)) {
            prop_assert!(journal.remaining().count() <= bytes.len());
        }
    }

    #[test]
    fn the_shared_files_are_read_or_refused(
        config in lines(INI),
        credentials in lines(INI),
    ) {
        let variables = [
            ("AWS_CONFIG_FILE", file("robust-config", &config).display().to_string()),
            ("AWS_SHARED_CREDENTIALS_FILE", file("robust-keys", &credentials).display().to_string()),
            ("AWS_PROFILE", "p".to_owned()),
        ];
        if let Ok(read) = Config::from_variables(variables.map(|it| (it.0.to_owned(), it.1))) {
            let _ = read.service_setting("iam", "endpoint_url");
            let _ = Identity::find(&read);
        }
    }
}

const INI: &[&str] = &[
    "[profile p]\n",
    "[p]\n",
    "[default]",
    "[services s]\n",
    "[",
    "]",
    "\n",
    "services = s\n",
    "iam =\n",
    "  endpoint_url = http://127.0.0.1\n",
    "aws_access_key_id = A\n",
    "aws_secret_access_key = B\n",
    "=",
    "  ",
    "# c",
    ";",
    "\r\n",
    "\t= x\n",
    "é",
    "\u{feff}",
    "region\n",
];

/// A crash may cut a line anywhere, also inside a character.
#[test]
fn a_journal_is_resumed_wherever_it_is_cut() {
    let first = "{\"run\":\"r\",\"endpoint\":\"e\",\"account\":null,\"begun\":\"b\"}\n";
    let lines = ["a", "é", "日本", "b"].map(|it| format!("{{\"makes\":[\"user\",\"{it}\"]}}\n"));
    let whole = format!("{first}{}", lines.concat());
    for end in first.len()..=whole.len() {
        let path = file("cut.jsonl", &whole.as_bytes()[..end]);
        // A line counts if only its newline is missing, or nothing.
        let mut begin = first.len();
        let complete = lines.iter().filter(|line| {
            begin += line.len();
            begin <= end + 1
        });
        let complete = complete.count();
        let journal = Journal::resume(&path).unwrap();
        assert_eq!(journal.remaining().count(), complete, "cut at {end}");
        // Lines after the cut are read too.
        let mut journal = journal;
        journal.record_creation(CreatedResource::User, "z").unwrap();
        drop(journal);
        let reread = Journal::resume(&path).unwrap();
        assert_eq!(reread.remaining().count(), complete + 1, "cut at {end}");
    }
}

#[test]
fn truncated_responses_are_refused() {
    for answer in RESPONSES.iter() {
        assert!(Element::parse(answer).is_ok(), "{answer}");
        let last = answer.trim_end().len();
        for end in 0..last {
            assert!(Element::parse(&answer[..end]).is_err(), "{}", &answer[..end]);
        }
    }
    let answer = RESPONSES.first().unwrap().as_bytes();
    for op in OPERATIONS.iter().step_by(7) {
        (0..answer.len()).step_by(5).for_each(|end| read(op, 200, &answer[..end]));
    }
}

#[test]
fn documents_beyond_the_limits_are_refused() {
    let deep = format!("{}{}", "<a>".repeat(33), "</a>".repeat(33));
    let wide = format!("<a>{}</a>", "<b/>".repeat(200_000));
    let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;\">]><a>&c;</a>";
    for (document, words) in [(&*deep, "too deeply"), (&wide, "too many"), (bomb, "declaration")] {
        let refused = Element::parse(document).unwrap_err();
        assert!(refused.contains(words), "{refused}");
    }
    let nested = format!("{}{}", "<a>".repeat(30), "</a>".repeat(30));
    assert!(Element::parse(&nested).is_ok());
    let text = format!("<a><![CDATA[{}]]></a>", "&lt;".repeat(1 << 18));
    assert_eq!(Element::parse(&text).unwrap().text.len(), 1 << 20);
}

#[test]
fn no_argument_leads_outside_the_exit_codes() {
    for words in [
        &["run", "--suite", "random", "--calls", "100000000", "--budget", "20"][..],
        &["run", "--suite", "random", "--calls", "18446744073709551615"],
        &["run", "--rate", "1e-300", "--budget", "0", "delete-user/bare"],
        &["run", "--settle", "18446744073709551615s", "delete-user/bare"],
        &["run", "--budget", "18446744073709551615s", "delete-user/bare"],
        &["race", "--jitter", "18446744073709551615s", "DeleteUser+CreateAccessKey/a-user"],
        &["audit", "--lag", "18446744073709551615s", "Cargo.toml"],
    ] {
        let output = super::iamspec(words);
        let code = output.status.code();
        assert!(matches!(code, Some(0..=5)), "{words:?} {code:?} {}", super::stderr(&output));
        assert!(!super::stderr(&output).contains("internal error"), "{words:?}");
    }
}

#[test]
fn an_option_without_an_effect_is_a_usage_error_that_names_it() {
    for (words, name) in [
        (&["run", "--seed", "7", "delete-user/bare"][..], "--seed"),
        (&["run", "--calls", "7", "delete-user/bare"], "--calls"),
        (&["run", "--until-coverage", "delete-user/bare"], "--until-coverage"),
        (&["run", "--list", "--report", "json=x", "delete-user/bare"], "--report"),
        (&["run", "--dry-run", "--record", "x", "delete-user/bare"], "--record"),
        (&["report", "show", "--as", "json", "--show", "unspecified", "x"], "--show"),
        (&["run", "--suite", "invariants", "--tier", "text"], "--tier"),
    ] {
        let output = super::iamspec(words);
        assert_eq!(output.status.code(), Some(2), "{words:?} {}", super::stdout(&output));
        assert!(super::stderr(&output).contains(name), "{words:?} {}", super::stderr(&output));
    }
}

/// The process waits for its turn at a very low rate when it is interrupted.
#[test]
fn a_low_rate_does_not_delay_ctrl_c() {
    let server = super::server(None);
    let url = server.url();
    let log = server.request_log();
    assert!(log.take().is_empty());
    let words = ["run", "--endpoint", &url, "--rate", "0.000001", "delete-user/bare"];
    let mut child = super::command(&words).stdout(std::process::Stdio::null()).spawn().unwrap();
    // The handler is set before the first request of the run, and the second one waits.
    let is_creation = |it: &str| it == "CreateUser";
    while !log.take().iter().any(|it| it.form.iter().any(|(_, value)| is_creation(value))) {
        std::thread::yield_now();
    }
    let pid = child.id().to_string();
    let sent = std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(sent.success());
    assert_eq!(child.wait().unwrap().code(), Some(3));
}
