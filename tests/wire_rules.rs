//! Responses in a wrong form: each fault breaks one wire rule, and the verdicts on the behavior stay.

use std::collections::BTreeSet;

use super::port::{Port, http};
use iamspec_conformance::oracle::wire::{
    BOOLEAN, IS_TRUNCATED, PLAIN_XML, STRAY_MARKER, WIRE_RULES, WireRule, is_wire_rule_id,
};
use iamspec_conformance::results::findings;
use iamspec_conformance::script::corpus::built_in_scripts;
use iamspec_conformance::{Deviation, Exchange, Finding, Mutant, Script, Suite, Verdict};
use iamspec_model::{Level, Operation};

/// Rewrites the body of the response to an action with this status. `None` leaves the response as it is.
type Rewrite = fn(&str, u16, &str) -> Option<String>;

/// A proxy of an endpoint that rewrites bodies. JSON gets its own content type.
fn rewriting(url: &str, rewrite: Rewrite) -> Port {
    Port::rewriting(url, move |_, request, response| {
        let action = request.split("Action=").nth(1).and_then(|it| it.split('&').next());
        let text = String::from_utf8(response.clone()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split_once(' ').unwrap().1.lines().next().unwrap();
        let code = status.split(' ').next().unwrap().parse().unwrap();
        match rewrite(action.unwrap(), code, body) {
            Some(body) => {
                let kind = if body.starts_with('{') { "application/json" } else { "text/xml" };
                http(status, kind, body.as_bytes())
            }
            None => response,
        }
    })
}

/// A body without the elements of this name.
fn without(body: &str, name: &str) -> String {
    let mut out = String::new();
    let mut rest = body;
    while let Some((before, after)) = rest.split_once(&format!("<{name}>")) {
        out.push_str(before);
        rest = after.split_once(&format!("</{name}>")).unwrap().1;
    }
    out + rest
}

fn code_and_message(body: &str) -> Option<(&str, &str)> {
    let text = |name: &str| body.split(&format!("<{name}>")).nth(1)?.split('<').next();
    Some((text("Code")?, text("Message")?))
}

/// A fault, a script that shows it, and the wire rule that it breaks.
const FAULTS: [(&str, Rewrite, &str, &str); 20] = [
    (
        "lists of <item>",
        |_, _, body| Some(body.replace("<member>", "<item>").replace("</member>", "</item>")),
        "list/access-key",
        "list-framing",
    ),
    (
        "flattened tags",
        |action, _, body| {
            (action == "ListUserTags").then(|| {
                let body = body.replace("<Tags>", "").replace("</Tags>", "");
                body.replace("<member>", "<Tags>").replace("</member>", "</Tags>")
            })
        },
        "tags/set-replaced-and-removed",
        "list-framing",
    ),
    (
        "no EnableDate",
        |_, _, body| Some(without(body, "EnableDate")),
        "list/mfa-device",
        "required-members",
    ),
    (
        "no status of keys in listings",
        |action, _, body| (action == "ListAccessKeys").then(|| without(body, "Status")),
        "list/access-key",
        "recorded-members",
    ),
    (
        "no list if it is empty",
        |_, _, body| Some(body.replace("<AttachedPolicies/>", "")),
        "list/managed-policy",
        "list-present",
    ),
    (
        "bare errors",
        |_, status, body| bare_error(status, body),
        "delete-user/missing",
        "error-framing",
    ),
    (
        "errors of EC2",
        |_, status, body| {
            let error = bare_error(status, body)?;
            Some(format!("<Response><Errors>{error}</Errors></Response>"))
        },
        "delete-user/missing",
        "error-framing",
    ),
    (
        "errors in JSON",
        |_, status, body| json_error(status, body),
        "delete-user/missing",
        "error-framing",
    ),
    (
        "an error without a code",
        |_, status, body| (status >= 400).then(|| without(body, "Code")),
        "delete-user/missing",
        "error-framing",
    ),
    (
        "a result without its element",
        |action, _, body| {
            (action == "ListAccessKeys").then(|| {
                let body = body.replace("<ListAccessKeysResult>", "");
                body.replace("</ListAccessKeysResult>", "")
            })
        },
        "list/access-key",
        "result-wrapper",
    ),
    (
        "another root element",
        |_, _, body| Some(body.replace("ListAccessKeysResponse", "Response")),
        "list/access-key",
        "root-element",
    ),
    (
        "the result as the root element",
        |action, _, body| {
            let (start, end) = (format!("<{action}Result>"), format!("</{action}Result>"));
            let from = body.find(&start).filter(|_| action == "ListAccessKeys")?;
            Some(body[from..body.find(&end)? + end.len()].to_owned())
        },
        "list/access-key",
        "root-element",
    ),
    (
        "a map of <item>",
        |_, _, body| Some(body.replace("<entry>", "<item>").replace("</entry>", "</item>")),
        "account/views",
        "map-framing",
    ),
    (
        "a map with capital letters",
        |_, _, body| Some(body.replace("<key>", "<Key>").replace("</key>", "</Key>")),
        "account/views",
        "map-framing",
    ),
    (
        "numbers with a fraction in a map",
        |_, _, body| Some(body.replace("</value>", ".0</value>")),
        "account/views",
        "integer",
    ),
    (
        "white space around names",
        |_, _, body| {
            let body = body.replace("<UserName>", "<UserName>\n  ");
            Some(body.replace("</UserName>", "\n</UserName>"))
        },
        "list/access-key",
        "outer-space",
    ),
    (
        "dates without T",
        |action, _, body| (action == "ListAccessKeys").then(|| without_t(body)),
        "list/access-key",
        "timestamp",
    ),
    (
        "True",
        |_, _, body| Some(body.replace("<IsTruncated>false", "<IsTruncated>False")),
        "list/access-key",
        "boolean",
    ),
    (
        "a document that is not encoded",
        |_, _, body| {
            let (before, rest) = body.split_once("<PolicyDocument>")?;
            let (text, after) = rest.split_once("</PolicyDocument>")?;
            let text = percent_encoding::percent_decode_str(text).decode_utf8().unwrap();
            Some(format!("{before}<PolicyDocument>{text}</PolicyDocument>{after}"))
        },
        "get/inline-policy",
        "document-encoding",
    ),
    (
        "a seed that is no base32",
        |_, _, body| {
            let (before, rest) = body.split_once("<Base32StringSeed>")?;
            let (_, after) = rest.split_once('<')?;
            Some(format!("{before}<Base32StringSeed>MDE4OQ==<{after}"))
        },
        "absent/mfa-device-unassigned",
        "base32-seed",
    ),
];

fn bare_error(status: u16, body: &str) -> Option<String> {
    let (code, message) = code_and_message(body).filter(|_| status >= 400)?;
    Some(format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"))
}

fn json_error(status: u16, body: &str) -> Option<String> {
    let (code, message) = code_and_message(body).filter(|_| status >= 400)?;
    Some(format!("{{\"__type\": \"x#{code}Exception\", \"message\": \"{message}\"}}"))
}

/// The text with a blank in place of the T of each date. An access key id may contain `T1` too.
fn without_t(text: &str) -> String {
    let mut parts = text.split('T');
    let mut changed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = changed.chars().rev().take_while(char::is_ascii_digit).count();
        let ends_date = digits == 2 && changed.chars().rev().nth(2) == Some('-');
        changed.push(if ends_date { ' ' } else { 'T' });
        changed.push_str(part);
    }
    changed
}

fn built_in(name: &str) -> Option<Script> {
    built_in_scripts().unwrap().into_iter().find(|it| it.name == name)
}

/// The exchanges of a script at an endpoint with a fault, and the ids of its findings.
fn shown(rewrite: Rewrite, script: &str) -> (Vec<Exchange>, BTreeSet<String>) {
    let server = super::server(None);
    let port = rewriting(&server.url(), rewrite);
    let suite = Suite::new(vec![built_in(script).unwrap()]);
    let report = suite.run(&mut super::client(&port.url), &mut |_| (), &|| false);
    let found = findings(&report.script_runs).iter().map(Finding::rule_id).collect();
    (report.script_runs.into_iter().flat_map(|it| it.exchanges).collect(), found)
}

#[test]
fn each_fault_in_the_form_breaks_one_rule_and_no_verdict() {
    for (fault, rewrite, script, rule) in FAULTS {
        let (exchanges, found) = shown(rewrite, script);
        let rules: BTreeSet<&str> =
            found.iter().map(|it| it.split_once("/wire-").map_or(it.as_str(), |it| it.1)).collect();
        assert_eq!(rules, BTreeSet::from([rule]), "{fault}: {found:?}");
        let judged = exchanges.iter().filter(|it| !matches!(it.verdict, Verdict::Conforms(_)));
        let other: Vec<_> = judged.map(|it| (it.operation, &it.verdict)).collect();
        // Only an error without a code cannot be judged.
        assert!(other.is_empty() || fault == "an error without a code", "{fault}: {other:?}");
    }
}

#[test]
fn the_reference_violates_no_wire_rule() {
    let server = super::server(None);
    let url = server.url();
    let run = ["run", "--tier", "wire", "--level", "info", "--endpoint", &url];
    let output = super::command(&run).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", super::stdout(&output));
}

#[test]
fn a_fault_that_sdks_show_fails_the_default_run_and_others_do_not() {
    let server = super::server(None);
    let items: Rewrite = |_, _, body| Some(body.replace("member>", "item>"));
    let no_namespace: Rewrite = |_, _, body| Some(body.replace(" xmlns=", " other="));
    for (rewrite, tier, exit) in [
        (items, "code", 1),
        (items, "status", 0),
        (no_namespace, "text", 0),
        (no_namespace, "wire", 1),
    ] {
        let port = rewriting(&server.url(), rewrite);
        let run = ["run", "list/access-key", "--tier", tier, "--endpoint", &port.url];
        let output = super::command(&run).output().unwrap();
        assert_eq!(output.status.code(), Some(exit), "{tier}: {}", super::stdout(&output));
    }
}

#[test]
fn every_report_of_a_failed_run_shows_the_wire_rule() {
    let server = super::server(None);
    let port = rewriting(&server.url(), |_, _, body| Some(body.replace("member>", "item>")));
    for format in ["json", "junit", "markdown", "html", "sarif"] {
        let report = format!("{format}=-");
        let run = ["run", "list/access-key", "--endpoint", &port.url, "--report", &report];
        let output = super::iamspec(&run);
        let text = super::stdout(&output);
        assert_eq!(output.status.code(), Some(1), "{format}: {text}");
        assert!(text.contains("wire-list-framing"), "{format}: {text}");
        assert_eq!(text.contains("<failure "), format == "junit", "{format}: {text}");
    }
}

#[test]
fn a_wire_rule_can_be_a_known_failure_until_it_holds() {
    let server = super::server(None);
    let port = rewriting(&server.url(), |_, _, body| Some(body.replace("member>", "item>")));
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("wire-known-failures.toml");
    _ = std::fs::remove_file(&file);
    let run = |url: &str, more: &[&str]| {
        let mut command = super::command(&["run", "--endpoint", url, "--known-failures"]);
        command.arg(&file).args(more).output().unwrap()
    };
    run(&port.url, &["list/access-key", "--update-known-failures"]);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("rule = \"ListAccessKeys/wire-list-framing\""), "{text}");
    let output = run(&port.url, &["list/access-key"]);
    assert_eq!(output.status.code(), Some(0), "{}", super::stdout(&output));
    let output = run(&server.url(), &[]);
    let text = super::stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("stale known failure: ListAccessKeys/wire-list-framing"), "{text}");
}

#[test]
fn an_update_adds_no_entry_for_what_the_file_lists() {
    let server = super::server(None);
    let items: Rewrite = |_, _, body| Some(body.replace("member>", "item>"));
    let items_without_namespace: Rewrite =
        |_, _, body| Some(body.replace("member>", "item>").replace(" xmlns=", " other="));
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("updated-failures.toml");
    _ = std::fs::remove_file(&file);
    for rewrite in [items, items_without_namespace] {
        let port = rewriting(&server.url(), rewrite);
        let run = ["run", "list/access-key", "--tier", "wire", "--endpoint", &port.url];
        let mut command = super::command(&run);
        command.arg("--update-known-failures").arg("--known-failures").arg(&file);
        command.output().unwrap();
    }
    let text = std::fs::read_to_string(&file).unwrap();
    let rules: Vec<&str> = text.lines().filter(|it| it.starts_with("rule = ")).collect();
    assert_eq!(
        rules.iter().filter(|it| it.contains("ListAccessKeys/wire-list-framing")).count(),
        1
    );
    assert!(rules.iter().any(|it| it.contains("ListAccessKeys/wire-namespace")), "{text}");
}

#[test]
fn every_wire_rule_is_explained_and_has_evidence_and_a_script() {
    let output = super::iamspec(&["explain", "ListUsers/wire-list-framing"]);
    let text = super::stdout(&output);
    assert!(text.contains("E-025 (documented)") && text.contains("list/access-key"), "{text}");
    for rule in WIRE_RULES {
        let output = super::iamspec(&["explain", &format!("wire-{}", rule.name)]);
        let text = super::stdout(&output);
        assert!(text.contains(rule.statement) && !text.contains("no evidence"), "{text}");
        assert!(built_in(rule.script).is_some(), "{}", rule.script);
        assert!(is_wire_rule_id(&rule.id("ListUsers")));
    }
    let output = super::iamspec(&["explain", "ListUsers/wire-nothing"]);
    assert!(
        super::stderr(&output).contains("iamspec list wire-rules"),
        "{}",
        super::stderr(&output)
    );
}

/// Faults that only names, paths and values with unusual characters show.
#[test]
fn unusual_names_and_values_show_wrong_encodings() {
    let names = |port: &Port| {
        let output = super::command(&["run", "names/*", "--endpoint", &port.url]).output().unwrap();
        (output.status.code(), super::stdout(&output))
    };
    let server = super::server(None);
    let right = Port::before(&server.url(), |_| None);
    let (exit, text) = names(&right);
    assert_eq!(exit, Some(0), "{text}");
    // An endpoint that reads a plus sign as a blank, also if it is encoded.
    let plus = Port::altering(&server.url(), |body| body.replace("%2B", "+"));
    let unescaped = rewriting(&server.url(), |_, _, body| {
        Some(body.replace("&amp;", "&").replace("&lt;", "<"))
    });
    let ascii = rewriting(&server.url(), |_, _, body| {
        body.contains('\u{df}').then(|| body.replace('\u{df}', "?"))
    });
    for (port, rule) in [
        (plus, "CreateUser/carried-out"),
        (unescaped, "CreateUser/carried-out"),
        (ascii, "ListUserTags/wire-sent-values"),
    ] {
        let (exit, text) = names(&port);
        assert_eq!(exit, Some(1), "{text}");
        assert!(text.contains(&format!("{rule}  must, ")), "{rule}: {text}");
    }
}

/// The findings of a mutant in its rule's script and in the shortest scripts that call its action.
fn found_on(mutant: &Mutant, script: &str) -> BTreeSet<String> {
    let api = mutant.rule.split('/').next().unwrap();
    let calls = |op: Operation| op.action().is_some_and(|it| it.api == api);
    let mut scripts: Vec<Script> = built_in_scripts().unwrap();
    scripts.retain(|it| it.name != script && it.operations().any(calls));
    scripts.sort_by_key(|it| it.steps.len());
    scripts.truncate(5);
    scripts.extend(built_in(script));
    if mutant.name.contains("Boundary") {
        scripts.extend(built_in("create-user/with-everything"));
    }
    let server = super::server(Some(mutant.clone()));
    let client = &mut super::client(&server.url());
    let report = Suite::new(scripts).run(client, &mut |_| (), &|| false);
    findings(&report.script_runs).iter().map(Finding::rule_id).collect()
}

#[test]
fn every_mutant_of_the_form_is_killed_by_the_rule_it_breaks_and_blames_nothing_else() {
    let mutants: Vec<(Mutant, &WireRule)> = Mutant::systematic()
        .filter_map(|mutant| match mutant.deviation {
            Deviation::WrongForm(rule, _) => Some((mutant, rule)),
            _ => None,
        })
        .collect();
    assert!(mutants.len() >= 40, "{} mutants", mutants.len());
    for rule in WIRE_RULES {
        assert!(mutants.iter().any(|(_, it)| it == rule), "no mutant breaks {}", rule.name);
    }
    let mut others = Vec::new();
    for (mutant, rule) in mutants {
        let mut found = found_on(&mutant, rule.script);
        let is_killed = found.remove(&mutant.rule);
        // A wrong flag or marker also loses pages of the same listing.
        let api = mutant.rule.split('/').next().unwrap();
        let pages = [IS_TRUNCATED.name, STRAY_MARKER.name, BOOLEAN.name].contains(&rule.name);
        found.retain(|it| !(pages && it.starts_with(&format!("{api}/"))));
        if !is_killed || !found.is_empty() {
            others.push(format!("{}: killed {is_killed}, also {found:?}", mutant.name));
        }
    }
    assert!(others.is_empty(), "{}", others.join("\n"));
}

/// The same document in another notation of XML.
const NOTATIONS: [(&str, Rewrite); 7] = [
    ("a declaration", |_, _, body| {
        Some(format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}"))
    }),
    ("no blanks between elements", |_, _, body| {
        Some(body.lines().map(str::trim).collect::<String>())
    }),
    ("comments", |_, _, body| Some(body.replace(">\n", "><!-- a --> <!-- b -->\n"))),
    ("a prefix for every element", |_, _, body| {
        let body = body.replace(" xmlns=", " xmlns:iam=").replace("</", "\0").replace('<', "<iam:");
        Some(body.replace('\0', "</iam:"))
    }),
    ("no empty-element tags", |_, _, body| {
        let lines = body.lines().map(|line| {
            let name = line.trim().strip_prefix('<').and_then(|it| it.strip_suffix("/>"));
            name.map_or_else(|| line.to_owned(), |name| format!("<{name}></{name}>"))
        });
        Some(lines.collect::<Vec<_>>().join("\n"))
    }),
    ("character references", |_, _, body| {
        let body =
            body.replace(">Active<", ">&#65;&#x63;tive<").replace(">Sender<", ">&#83;ender<");
        Some(body.replace(">false<", ">f&#97;lse<"))
    }),
    ("CDATA sections", |_, _, body| {
        let body = body.replace(">Active<", "><![CDATA[Active]]><");
        Some(body.replace(">false<", "><![CDATA[fal]]>se<"))
    }),
];

/// AWS writes no such notation, and some SDKs cannot read it: that is an information.
#[test]
fn another_notation_of_the_same_document_is_no_finding_that_counts() {
    assert_eq!(PLAIN_XML.level(), Level::Info);
    for (notation, rewrite) in NOTATIONS {
        for script in
            ["list/access-key", "get/inline-policy", "delete-user/missing", "names/e-mail-address"]
        {
            let (_, mut found) = shown(rewrite, script);
            let is_unusual = notation.contains("prefix") || notation.contains("CDATA");
            found.retain(|it| !(is_unusual && it.ends_with("/wire-plain-xml")));
            assert!(found.is_empty(), "{notation}, {script}: {found:?}");
        }
    }
}

#[test]
fn the_table_of_findings_shows_what_is_wrong_in_the_form() {
    let mutant = "ListAccessKeys/wire-sent-values has somebody as UserName";
    let text = super::stdout(&super::iamspec(&["run", "--mutant", mutant, "list/access-key"]));
    let row = "code  200 [key#0]  UserName \"u0\", not \"somebody\"  list/access-key";
    assert!(text.contains(row), "{text}");
}
