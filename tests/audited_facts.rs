//! `iamspec audit` with the recorded facts: one good history for each fact that `facts/tested.txt`
//! reproduces, and variants of it whose last response is wrong in its status, code, message or
//! members, as HAR and as CloudTrail; and the built-in scripts with their responses as text.
//!
//! `EVERY=1 MISSED=1 cargo test -p iamspec-harness --test iamspec audited_facts -- --nocapture` prints
//! the share of variants that are rejected at their last call by a rule of its action, how many
//! findings cite the fact, and each variant that is not rejected, with the reason.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use iamspec_conformance::oracle::messages;
use iamspec_conformance::script::print;
use iamspec_conformance::{EndpointText, Listing, Reference, Response};
use iamspec_harness::cli::{Cli, execute};
use iamspec_harness::wire::xml_read::Element;
use iamspec_model::{Level, Strength, rules};
use serde_json::{Map, Value, json};

use super::facts::{Caller, fact_tests};
use super::reports::folder;

/// A recorded call: the form of the request, the HTTP status and the body of the response.
#[derive(Clone, Debug)]
pub(super) struct Call {
    form: String,
    status: u16,
    body: String,
}

/// A history with the name of its fact; `wrong` names the part of the last response that is wrong.
#[derive(Clone, Debug)]
pub(super) struct History {
    name: String,
    wrong: Option<&'static str>,
    /// Whether the fact is evidence of the message, and not only of the code.
    has_text: bool,
    calls: Vec<Call>,
}

/// A history of these forms, statuses and bodies.
pub(super) fn history(calls: &[(&str, u16, &str)]) -> History {
    let call = |(form, status, body): &(&str, u16, &str)| Call {
        form: format!("Version=2010-05-08&{form}"),
        status: *status,
        body: (*body).to_owned(),
    };
    History {
        name: String::new(),
        wrong: None,
        has_text: true,
        calls: calls.iter().map(call).collect(),
    }
}

/// The good histories of the facts that were recorded on AWS or are documented.
pub(super) fn good_histories() -> Vec<History> {
    histories_from(Strength::Documented)
}

/// The good histories of the facts of this strength and of stronger ones.
fn histories_from(weakest: Strength) -> Vec<History> {
    // The audit judges the actions of the model only, and no call of the root user about itself.
    let is_judged = |test: &super::facts::FactTest| {
        let last = test.requests.last().and_then(|it| it.split(' ').next());
        let of_root = ["B-AK-11", "C-047"].contains(&test.fact.id);
        last.is_some_and(|action| iamspec_model::find_action(action).is_some()) && !of_root
    };
    let tests = fact_tests().into_iter().filter(|it| it.fact.strength >= weakest);
    let tests = tests.filter(is_judged);
    let history = |test: super::facts::FactTest| {
        let mut caller = Caller::new();
        for request in &test.requests {
            caller.send(request);
        }
        let calls = caller.responses.into_iter();
        let calls = calls.map(|it| Call { form: it.form, status: it.status, body: it.body });
        let has_text =
            test.fact.message.is_some() && test.fact.text_strength >= Strength::Documented;
        History { name: test.fact.id.to_owned(), wrong: None, has_text, calls: calls.collect() }
    };
    tests.map(history).collect()
}

fn error(code: &str, message: &str) -> String {
    format!(
        "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>\
         <Code>{code}</Code><Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    )
}

fn text_of<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0)
}

fn with_text(body: &str, name: &str, text: &str) -> Option<String> {
    let old = text_of(body, name)?;
    (old != text).then(|| {
        body.replacen(&format!("<{name}>{old}</{name}>"), &format!("<{name}>{text}</{name}>"), 1)
    })
}

/// The body of a listing without its first member.
fn without_member(body: &str) -> Option<String> {
    let (before, rest) = body.split_once("<member>")?;
    // Members do not nest in the listings of the facts, except tags.
    let (_, after) = rest.split_once("</member>")?;
    let result = format!("{before}{after}");
    Element::parse(&result).ok().map(|_| result)
}

/// Variants of a history whose last response is wrong.
pub(super) fn wrong_variants(good: &History) -> Vec<History> {
    let last = good.calls.last().unwrap();
    let action = form(&last.form).get("Action").unwrap().to_string();
    let action = action.trim_matches('"');
    let mut variants: Vec<(&'static str, u16, String)> = Vec::new();
    let request_id = text_of(&last.body, "RequestId").unwrap_or("r");
    if let (400.., Some(code)) = (last.status, text_of(&last.body, "Code")) {
        let message = text_of(&last.body, "Message").unwrap_or_default();
        let empty = format!(
            "<{action}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ResponseMetadata>\
             <RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>"
        );
        if !action.starts_with("Get") && !action.starts_with("List") {
            variants.push(("status", 200, empty));
        }
        let other_status = if last.status == 400 { 409 } else { 400 };
        variants.push(("http", other_status, last.body.clone()));
        let other = if code == "DeleteConflict" { "EntityAlreadyExists" } else { "DeleteConflict" };
        variants.push(("code", last.status, error(other, message)));
        variants.push(("unknown code", last.status, error("NoSuchThing", message)));
        if good.has_text {
            let other = error(code, "The request cannot be carried out.");
            variants.push(("message", last.status, other));
            variants.push(("words", last.status, error(code, &format!("{message} Please retry."))));
        }
    } else {
        let missing = error("NoSuchEntity", "The user with name alice cannot be found.");
        variants.push(("status", 404, missing));
        variants.push(("status", 409, error("DeleteConflict", "Cannot delete entity.")));
        let members = [
            ("UserName", "malice"),
            ("Path", "/elsewhere/"),
            ("UserId", "AIDA"),
            ("Arn", "arn:aws:iam::123456789012:user/elsewhere/malice"),
            ("GroupName", "malice"),
            ("PolicyName", "malice"),
            ("AccessKeyId", "AKIA"),
            ("Status", "Inactive"),
            ("CreateDate", "yesterday"),
        ];
        for (name, text) in members {
            let changed = with_text(&last.body, name, text);
            variants.extend(changed.map(|body| ("member", 200, body)));
        }
        variants.extend(without_member(&last.body).map(|body| ("listing", 200, body)));
    }
    let variant = |(wrong, status, body): (&'static str, u16, String)| {
        let mut variant = History { wrong: Some(wrong), ..good.clone() };
        let last = variant.calls.last_mut().unwrap();
        (last.status, last.body) = (status, body);
        variant
    };
    variants.into_iter().map(variant).collect()
}

fn form(form: &str) -> Map<String, Value> {
    let pairs = form_urlencoded::parse(form.as_bytes());
    pairs.map(|(name, value)| (name.into_owned(), json!(value))).collect()
}

fn time(seconds: usize) -> String {
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("2026-01-01T{hour:02}:{minute:02}:{second:02}")
}

/// The history as HAR, with a call every `gap` seconds.
pub(super) fn har(history: &History, gap: usize) -> Value {
    let entry = |(index, call): (usize, &Call)| {
        json!({
            "startedDateTime": format!("{}.250Z", time(index * gap)),
            "time": 20,
            "request": {
                "method": "POST",
                "url": "https://iam.amazonaws.com/",
                "headers": [],
                "postData": { "mimeType": "application/x-www-form-urlencoded", "text": call.form },
            },
            "response": {
                "status": call.status,
                "content": { "mimeType": "text/xml", "text": call.body },
            },
        })
    };
    let entries: Vec<Value> = history.calls.iter().enumerate().map(entry).collect();
    json!({ "log": { "version": "1.2", "entries": entries } })
}

fn lower_camel(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().unwrap().to_ascii_lowercase().to_string() + letters.as_str()
}

fn members(element: &Element) -> Value {
    match element.children.as_slice() {
        [] => json!(element.text),
        [first, ..] if first.name == "member" => element.children.iter().map(members).collect(),
        children => {
            Value::Object(children.iter().map(|it| (lower_camel(&it.name), members(it))).collect())
        }
    }
}

/// The history as CloudTrail writes it: lists as arrays, secrets hidden, no response to a read.
pub(super) fn cloudtrail(history: &History, gap: usize) -> Value {
    let event = |(index, call): (usize, &Call)| {
        let members_of = form(&call.form);
        let action = members_of["Action"].as_str().unwrap().to_owned();
        let mut parameters = Map::new();
        for (name, value) in &members_of {
            let parts: Vec<&str> = name.split('.').collect();
            match parts[..] {
                ["Action" | "Version" | "Password" | "OldPassword" | "NewPassword", ..] => {}
                [name] => _ = parameters.insert(lower_camel(name), value.clone()),
                [list, "member", number] => {
                    let list = parameters.entry(lower_camel(list)).or_insert_with(|| json!([]));
                    let (list, place) = (list.as_array_mut().unwrap(), number.parse::<usize>());
                    list.insert(list.len().min(place.unwrap() - 1), value.clone());
                }
                [list, "member", number, part] => {
                    let list = parameters.entry(lower_camel(list)).or_insert_with(|| json!([]));
                    let list = list.as_array_mut().unwrap();
                    let place = number.parse::<usize>().unwrap() - 1;
                    list.resize(list.len().max(place + 1), json!({}));
                    list[place][lower_camel(part)] = value.clone();
                }
                _ => {}
            }
        }
        let root = Element::parse(&call.body).unwrap();
        let is_read = action.starts_with("Get") || action.starts_with("List");
        let result = root.child(&format!("{action}Result")).filter(|_| !is_read).map(members);
        let mut event = json!({
            "eventVersion": "1.09",
            "userIdentity": { "type": "AssumedRole", "accountId": "123456789012" },
            "eventTime": format!("{}Z", time(index * gap)),
            "eventSource": "iam.amazonaws.com",
            "eventName": action,
            "awsRegion": "us-east-1",
            "requestParameters": parameters,
            "responseElements": result,
            "requestID": format!("request-{index}"),
            "eventID": format!("event-{index}"),
            "eventType": "AwsApiCall",
            "recipientAccountId": "123456789012",
        });
        if let Some(error) = root.child("Error") {
            event["errorCode"] = json!(format!("{}Exception", error.text_of("Code").unwrap()));
            event["errorMessage"] = json!(error.text_of("Message"));
        }
        event
    };
    let records: Vec<Value> = history.calls.iter().enumerate().map(event).collect();
    json!({ "Records": records })
}

/// Runs `iamspec audit` in this process. Returns its exit code and its output.
pub(super) fn audit(file: &Path, options: &[&str]) -> (u8, String) {
    let file = file.display().to_string();
    let words = ["iamspec", "audit", file.as_str()].into_iter().chain(options.iter().copied());
    let cli = Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{error}"));
    let mut out = Vec::new();
    let code = execute(cli.command, &mut out).unwrap_or_else(|error| panic!("{file}: {error:#}"));
    (code, String::from_utf8(out).unwrap())
}

/// How many variants are rejected, for each format and each wrong part.
#[derive(Default)]
struct Score {
    /// Rejected and all, by the wrong part.
    parts: BTreeMap<&'static str, (usize, usize)>,
    /// The number of variants whose finding cites the fact of the history.
    cites: usize,
    missed: Vec<String>,
    accused: Vec<String>,
}

impl Score {
    fn add(&mut self, part: &'static str, is_rejected: bool, missed: impl FnOnce() -> String) {
        let (rejected, all) = self.parts.entry(part).or_default();
        *all += 1;
        *rejected += usize::from(is_rejected);
        if !is_rejected && std::env::var_os("MISSED").is_some() {
            self.missed.push(missed());
        }
    }

    /// Prints the share of rejected histories, and checks that it is large enough.
    fn check(&self, name: &str, least: usize) {
        let (rejected, all) = self.share();
        let cites = self.cites;
        eprintln!("{name}: {rejected} of {all} rejected, {cites} by its fact; {:?}", self.parts);
        if !self.missed.is_empty() {
            eprintln!("{}", self.missed.join("\n"));
        }
        assert!(self.accused.is_empty(), "{name}: {}", self.accused.join("\n"));
        assert!(rejected * 100 >= all * least, "{name}: {rejected} of {all}");
    }

    fn share(&self) -> (usize, usize) {
        let sum = |(a, b): (usize, usize), (c, d): &(usize, usize)| (a + c, b + d);
        self.parts.values().fold((0, 0), sum)
    }
}

/// A way to write a history.
struct Form {
    name: &'static str,
    file: &'static str,
    write: fn(&History) -> Value,
    options: &'static [&'static str],
}

impl Form {
    /// Whether the format contains the wrong part. CloudTrail has no status and no result of a read.
    fn has(&self, history: &History, part: &'static str) -> bool {
        let action = form(&history.calls.last().unwrap().form)["Action"].to_string();
        let is_read = action.starts_with("\"Get") || action.starts_with("\"List");
        !self.name.starts_with("CloudTrail")
            || !(["http", "listing"].contains(&part) || part == "member" && is_read)
    }
}

const EMPTY: &[&str] = &["--start", "empty", "--tier", "text"];
const UNKNOWN: &[&str] = &["--tier", "text"];

const FORMS: [Form; 6] = [
    form_of("HAR, empty start", "history.har", |it| har(it, 120), EMPTY),
    form_of("HAR, unknown start", "history.har", |it| har(it, 120), UNKNOWN),
    form_of("HAR, one call a second, empty start", "history.har", |it| har(it, 1), EMPTY),
    form_of("HAR, one call a second, unknown start", "history.har", |it| har(it, 1), UNKNOWN),
    form_of("CloudTrail, empty start", "history.json", |it| cloudtrail(it, 120), EMPTY),
    form_of("CloudTrail, unknown start", "history.json", |it| cloudtrail(it, 120), UNKNOWN),
];

const fn form_of(
    name: &'static str,
    file: &'static str,
    write: fn(&History) -> Value,
    options: &'static [&'static str],
) -> Form {
    Form { name, file, write, options }
}

fn written(folder: &Path, form: &Form, history: &History) -> PathBuf {
    let file = folder.join(form.file);
    std::fs::write(&file, (form.write)(history).to_string()).unwrap();
    file
}

/// Why an audit with these options does not reject a wrong response.
fn reason(file: &Path, options: &[&str], printed: &str) -> &'static str {
    let (code, _) = audit(file, &[options, &["--level", "info"]].concat());
    if code == 1 {
        return "its rule is inferred or reported: --level info rejects it";
    }
    if printed.contains(" 1 uninformative") {
        return "no rule describes the request, or the reason of a refusal may be outside the model";
    }
    "no fact excludes it in this state"
}

#[test]
fn wrong_responses_are_rejected_and_good_ones_accepted() {
    let folder = folder("audited-facts");
    let good = good_histories();
    let bad: Vec<History> = good.iter().flat_map(wrong_variants).collect();
    assert!(good.len() > 100 && bad.len() > 400, "{} {}", good.len(), bad.len());
    // Every history in the two forms with goals, and some of them in the others.
    for (form, (step, least)) in FORMS.iter().zip(LEAST) {
        let mut score = Score::default();
        let every = if std::env::var_os("EVERY").is_some() { 1 } else { step };
        let judged = good.iter().chain(&bad);
        let judged = judged.filter(|it| it.wrong.is_none_or(|part| form.has(it, part)));
        for history in judged.step_by(every) {
            let file = written(&folder, form, history);
            let (code, printed) = audit(&file, form.options);
            let Some(part) = history.wrong else {
                score.accused.extend((code == 1).then(|| format!("{}: {printed}", history.name)));
                continue;
            };
            let is_last = printed.contains(&format!(" {}  IMPOSSIBLE", history.calls.len()));
            let last = history.calls.last().unwrap();
            let action = super::audited_facts::form(&last.form)["Action"].to_string();
            let is_of_action = printed.starts_with(&format!("{}/", action.trim_matches('"')));
            let is_rejected = code == 1 && is_last && is_of_action;
            score.cites += usize::from(is_rejected && printed.contains(&history.name));
            score.add(part, is_rejected, || {
                let reason = reason(&file, form.options, &printed);
                format!("{} {part} {action}, {reason}: {}", history.name, last.body)
            });
        }
        score.check(form.name, least);
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// A rule with weaker evidence accuses nobody either: its own fact is a good history at its level.
#[test]
fn good_histories_are_accepted_at_every_level() {
    let folder = folder("audited-levels");
    let histories = histories_from(Strength::Inferred);
    assert!(histories.len() > good_histories().len());
    let mut accused = Vec::new();
    for form in [&FORMS[0], &FORMS[1], &FORMS[4], &FORMS[5]] {
        for history in &histories {
            let file = written(&folder, form, history);
            for level in ["should", "info"] {
                let (code, printed) = audit(&file, &[form.options, &["--level", level]].concat());
                let name = format!("{}, {}, {level}", history.name, form.name);
                accused.extend((code == 1).then(|| format!("{name}: {printed}")));
            }
        }
    }
    assert!(accused.is_empty(), "{} accused: {}", accused.len(), accused.join("\n"));
    std::fs::remove_dir_all(folder).unwrap();
}

/// For each form: how many histories are left out, and the least share of variants, in percent, that
/// is rejected. With an unknown start, many variants are possible: the account may have been so.
const LEAST: [(usize, usize); 6] = [(1, 97), (5, 82), (5, 75), (5, 65), (1, 94), (5, 72)];

/// The calls of a built-in script with the responses of the reference endpoint, as text. That the right
/// responses are accepted shows only that the text keeps them; the HAR and CloudTrail sets have responses
/// of AWS.
fn text_histories() -> Vec<Vec<(String, Response)>> {
    let report = super::run(&mut Reference::default());
    let calls = |run: &iamspec_conformance::ScriptRun| {
        let exchanges = run.exchanges.iter();
        let call = |it: &iamspec_conformance::Exchange| {
            Some((print::operation(&it.operation), it.response.clone()?))
        };
        exchanges.map(call).collect::<Option<Vec<_>>>()
    };
    report.script_runs.iter().filter_map(calls).filter(|it| !it.is_empty()).collect()
}

/// Wrong last responses, each with the wrong part.
fn wrong_texts(call: &str, last: &Response) -> Vec<(&'static str, String)> {
    let action = call.split(' ').next().unwrap_or_default();
    let has_text = |message: &EndpointText| {
        rules().any(|rule| {
            let mut texts = rule.clause.text.texts();
            let is_it = texts.any(|it| messages::matches(it, message.complete()));
            rule.action.api == action && rule.clause.text.level >= Level::Must && is_it
        })
    };
    match last {
        Response::Refused { http, code, message } => {
            let is_known = message.as_ref().is_some_and(has_text);
            let message = message.as_ref().map(|it| format!(" {:?}", it.complete()));
            let message = message.unwrap_or_default();
            let other = if code == "DeleteConflict" { "NoSuchEntity" } else { "DeleteConflict" };
            let status = if *http == 400 { 409 } else { 400 };
            let mut wrong = vec![
                ("status", "200".to_owned()),
                ("http", format!("{status} {code}{message}")),
                ("code", format!("{http} {other}{message}")),
                ("unknown code", format!("{http} NoSuchThing{message}")),
            ];
            let text = format!("{http} {code} \"The request cannot be carried out.\"");
            wrong.extend(is_known.then_some(("message", text)));
            wrong
        }
        Response::Success(listing) => {
            let mut wrong = vec![("status", "409 DeleteConflict".to_owned())];
            if let Some(Listing { items, .. }) = listing {
                let fewer = items.iter().skip(1).copied().collect();
                let listing = Response::Success(Some(Listing::of(fewer)));
                wrong.extend((!items.is_empty()).then(|| ("listing", listing.to_string())));
            }
            wrong
        }
        Response::Failed(_) => Vec::new(),
    }
}

fn script_of(calls: &[(String, Response)], last: &str) -> String {
    let (end, before) = calls.split_last().unwrap();
    let line = |(call, response): &(String, Response)| format!("{call} -> {response}\n");
    before.iter().map(line).collect::<String>() + &format!("{} -> {last}\n", end.0)
}

#[test]
fn wrong_responses_in_text_are_rejected_and_good_ones_accepted() {
    let folder = folder("audited-texts");
    let file = folder.join("history.script");
    let mut score = Score::default();
    for calls in text_histories() {
        let (call, last) = calls.last().unwrap();
        let audited = |response: &str| {
            std::fs::write(&file, script_of(&calls, response)).unwrap();
            audit(&file, TEXT)
        };
        let (code, printed) = audited(&last.to_string());
        score.accused.extend((code == 1).then(|| printed.clone()));
        for (part, wrong) in wrong_texts(call, last) {
            let (code, printed) = audited(&wrong);
            score.add(part, code == 1, || {
                format!("{part}, {}\n{}", reason(&file, TEXT, &printed), script_of(&calls, &wrong))
            });
        }
    }
    score.check("text", TEXT_LEAST);
    std::fs::remove_dir_all(folder).unwrap();
}

const TEXT: &[&str] = &["--tier", "text"];

/// The least share of wrong texts, in percent, that is rejected. Of the rest, the rule is not binding.
const TEXT_LEAST: usize = 93;
