//! Every shape of the service model in every wrong form: each fault that a built-in script can show
//! breaks the rule about it.
//!
//! The faults come from `harness/data/iam-shapes.json`, which the test reads itself. A test run takes a
//! part of them; `EVERY=1` takes all, and prints how many there are and which elements no response has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use iamspec_conformance::oracle::wire::{WIRE_RULES, WireRule};
use iamspec_conformance::reference::form_fault::FormFault;
use iamspec_conformance::results::findings;
use iamspec_conformance::script::corpus::built_in_scripts;
use iamspec_conformance::{Deviation, Finding, Mutant, Report, Response, Script, Suite};
use serde_json::Value;

use super::port::Port;

/// Without `EVERY`, one fault of this many is tried.
const PART: usize = 17;

/// The number of scripts that are run for a fault. Before a call of the user for itself, the client reads
/// the user's keys; if it cannot, the call is inconclusive.
const SCRIPTS: usize = 2;

/// In place of a wire rule: the response cannot be read, which breaks a rule of the operation.
const UNREADABLE: &str = "";

/// The AWS operation whose listing has had no `IsTruncated` (B-SS-02).
const WITHOUT_TRUNCATION: &str = "ListServiceSpecificCredentials";

/// The operations whose responses have policy documents (E-027).
const WITH_DOCUMENTS: [&str; 4] =
    ["GetUserPolicy", "GetGroupPolicy", "GetPolicyVersion", "GetAccountAuthorizationDetails"];

/// A fault in the responses of an operation, the path to the element that a response must have to show
/// it, and the name of the rule that it breaks.
struct ShapeFault {
    api: String,
    path: String,
    rule: &'static str,
    fault: FormFault,
}

/// The faults of an operation. Faults in the whole response have the path of the root element.
struct Faults<'a> {
    model: &'a Value,
    api: &'a str,
    found: Vec<ShapeFault>,
}

fn leaked(text: &str) -> &'static str {
    text.to_owned().leak()
}

impl Faults<'_> {
    fn add(&mut self, path: &str, rule: &'static str, fault: FormFault) {
        let (api, path) = (self.api.to_owned(), path.to_owned());
        self.found.push(ShapeFault { api, path, rule, fault });
    }

    fn of_response(&mut self) {
        let output = &self.model["operations"][self.api];
        let (root, result) = (format!("{}Response", self.api), format!("{}Result", self.api));
        // A root element of another name, without a result inside, is not a response to the operation.
        let rule = if output.is_null() { UNREADABLE } else { "root-element" };
        self.add(&root, rule, FormFault::RenamesRoot);
        self.add(&root, "namespace", FormFault::DropsNamespace);
        self.add(&root, "response-metadata", FormFault::Drops("ResponseMetadata"));
        self.add(&root, "success-status", FormFault::Status(201));
        self.add(&root, "content-type", FormFault::ContentType("application/xml"));
        let error = "ErrorResponse";
        self.add(error, "error-framing", FormFault::BareError);
        self.add(error, "error-framing", FormFault::ErrorOfEc2);
        self.add(error, "error-framing", FormFault::JsonError);
        self.add(error, "error-type", FormFault::Drops("Type"));
        self.add(error, "error-request-id", FormFault::Drops("RequestId"));
        if output.is_null() {
            let more = leaked(&format!("<{result}></{result}>"));
            self.add(&root, "no-result", FormFault::Inserts(leaked(&root), more));
            return;
        }
        let path = format!("{root}>{result}");
        self.add(&path, "result-wrapper", FormFault::UnwrapsResult);
        let more = "<Extra>more</Extra>";
        self.add(&path, "unknown-members", FormFault::Inserts(leaked(&result), more));
        if self.api.starts_with("List") {
            for (name, _) in
                members(output).filter(|(_, kind)| is_list(kind) && !kind.ends_with('!'))
            {
                self.add(&inside(&path, name), "list-present", FormFault::Drops(leaked(name)));
            }
            if output.get("IsTruncated").is_some() && self.api != WITHOUT_TRUNCATION {
                let flag = inside(&path, "IsTruncated");
                self.add(&flag, "is-truncated", FormFault::Drops("IsTruncated"));
            }
        }
        if output.get("Marker").is_some() {
            self.add(&inside(&path, "Marker"), "marker", FormFault::Drops("Marker"));
        }
        self.of_structure(&path, output);
    }

    fn of_structure(&mut self, path: &str, structure: &Value) {
        for (name, kind) in members(structure) {
            let (name, path) = (leaked(name), inside(path, name));
            if kind.ends_with('!') {
                self.add(&path, "required-members", FormFault::Drops(name));
            }
            let rule = if is_list(kind) { "list-framing" } else { "single-members" };
            self.add(&path, rule, FormFault::Repeats(name));
            self.of_value(&path, name, kind.trim_end_matches('!'));
        }
    }

    fn of_value(&mut self, path: &str, name: &'static str, kind: &str) {
        let within = |start, end| kind.strip_prefix(start)?.strip_suffix(end);
        if let Some(entry) = within('[', ']') {
            let path = inside(path, "member");
            self.add(&path, "list-framing", FormFault::Renames("member", "item"));
            match entry {
                "string" if name.ends_with("Names") => {
                    self.add(&path, "outer-space", FormFault::Pads("member"));
                }
                "string" => {}
                _ => self.of_value(&path, "member", entry),
            }
            return;
        }
        if let Some(value) = within('{', '}') {
            let path = inside(path, "entry");
            self.add(&path, "map-framing", FormFault::Renames("entry", "item"));
            self.add(&path, "map-framing", FormFault::Drops("key"));
            return self.of_value(&inside(&path, "value"), "value", value);
        }
        let (rule, texts): (_, &[&str]) = match kind {
            "timestamp" => ("timestamp", &["1770000000", "2026-02-19", "19 Feb 2026 08:30:00", ""]),
            "boolean" => ("boolean", &["True", "1", ""]),
            "integer" => ("integer", &["1.0", "one", ""]),
            "blob" => ("blob", &["no base64!"]),
            "string" => return self.of_text(path, name),
            // AWS does not use the only value of this enumeration (B-PB-01).
            "PermissionsBoundaryPolicy" => return,
            _ if kind.contains('|') => ("enumeration", &["odd", ""]),
            structure => return self.of_structure(path, &self.model["structures"][structure]),
        };
        for text in texts {
            self.add(path, rule, FormFault::Replaces(name, text));
        }
    }

    fn of_text(&mut self, path: &str, name: &'static str) {
        let ends = ["Name", "Path", "Id", "Arn", "SerialNumber", "SecretAccessKey"];
        if ends.iter().any(|it| name.ends_with(it)) {
            self.add(path, "outer-space", FormFault::Pads(name));
        }
        if name.ends_with("Document") && WITH_DOCUMENTS.contains(&self.api) {
            self.add(path, "document-encoding", FormFault::Decodes(name));
            self.add(path, "document-encoding", FormFault::Replaces(name, "eyJhIjoxfQ=="));
        }
    }
}

fn inside(path: &str, name: &str) -> String {
    format!("{path}>{name}")
}

fn is_list(kind: &str) -> bool {
    kind.starts_with('[')
}

fn members(structure: &Value) -> impl Iterator<Item = (&str, &str)> {
    structure
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, kind)| (name.as_str(), kind.as_str().unwrap()))
}

/// Every fault of every operation of the service model.
fn faults() -> Vec<ShapeFault> {
    let path = super::root().join("harness/data/iam-shapes.json");
    let model: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let of = |api: &String| {
        let mut faults = Faults { model: &model, api, found: Vec::new() };
        faults.of_response();
        faults.found
    };
    model["operations"].as_object().unwrap().keys().flat_map(of).collect()
}

/// The paths of the elements in a response.
fn paths(response: &str) -> Vec<String> {
    let (mut open, mut found) = (Vec::new(), Vec::new());
    for tag in response.split('<').skip(1) {
        let name = tag.split(['>', ' ']).next().unwrap();
        if name.starts_with('/') {
            open.pop();
        } else if !name.starts_with('?') {
            open.push(name.trim_end_matches('/'));
            found.push(open.join(">"));
            if tag.split('>').next().unwrap().ends_with('/') {
                open.pop();
            }
        }
    }
    found
}

/// The operations of the calls of a run, and whether they were refused. Other responses, such as those of
/// cleanup, are not compared.
fn compared(report: &Report) -> BTreeSet<(&'static str, bool)> {
    let exchanges = report.script_runs.iter().flat_map(|it| &it.exchanges);
    let compared =
        exchanges.filter_map(|it| Some((it.operation.action()?.api, it.response.as_ref()?)));
    compared.map(|(api, response)| (api, matches!(response, Response::Refused { .. }))).collect()
}

/// The elements in the responses to each operation, with the shortest scripts that show one.
fn shown_elements() -> BTreeMap<(String, String), Vec<Script>> {
    let mut scripts = built_in_scripts().unwrap();
    scripts.sort_by_key(|it| it.steps.len());
    let server = super::server(None);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let port = {
        let heard = Arc::clone(&heard);
        Port::overhearing(&server.url(), move |text| heard.lock().unwrap().push(text.to_owned()))
    };
    let mut client = super::client(&port.url);
    let mut shown: BTreeMap<_, Vec<Script>> = BTreeMap::new();
    for script in scripts {
        let report = Suite::new(vec![script.clone()]).run(&mut client, &mut |_| (), &|| false);
        let compared = compared(&report);
        for pair in std::mem::take(&mut *heard.lock().unwrap()).chunks_exact(2) {
            let api = pair[0].split("Action=").nth(1).and_then(|it| it.split('&').next()).unwrap();
            let paths = paths(&pair[1]);
            let is_refusal = paths.first().is_some_and(|root| root == "ErrorResponse");
            if !compared.contains(&(api, is_refusal)) {
                continue;
            }
            for path in paths {
                let scripts = shown.entry((api.to_owned(), path)).or_default();
                if scripts.len() < SCRIPTS && !scripts.contains(&script) {
                    scripts.push(script.clone());
                }
            }
        }
    }
    shown
}

/// The wire rule that a fault breaks. A response that cannot be read breaks none: its mutant has the rule
/// of the root element.
fn wire_rule(fault: &ShapeFault) -> &'static WireRule {
    let name = if fault.rule == UNREADABLE { "root-element" } else { fault.rule };
    WIRE_RULES.iter().find(|it| it.name == name).unwrap()
}

/// The findings in these scripts at an endpoint with a fault.
fn found(fault: &ShapeFault, scripts: &[Script]) -> BTreeSet<String> {
    let rule = wire_rule(fault);
    let (id, deviation) = (rule.id(&fault.api), Deviation::WrongForm(rule, fault.fault));
    let mutant = Mutant { name: id.clone(), shown_by: id.clone(), rule: id, deviation };
    let server = super::server(Some(mutant));
    let client = &mut super::client(&server.url());
    let report = Suite::new(scripts.to_vec()).run(client, &mut |_| (), &|| false);
    findings(&report.script_runs).iter().map(Finding::rule_id).collect()
}

#[test]
fn shapes_in_wrong_forms_are_found() {
    let every = std::env::var_os("EVERY").is_some();
    let shown = shown_elements();
    let (mut faults, absent): (Vec<_>, Vec<_>) =
        faults().into_iter().partition(|it| shown.contains_key(&(it.api.clone(), it.path.clone())));
    // A fault changes every element of a name, at any path.
    let mut known = BTreeSet::new();
    faults.retain(|it| known.insert(format!("{} {} {:?}", it.api, it.rule, it.fault)));
    let part: Vec<_> = faults.iter().step_by(if every { 1 } else { PART }).collect();
    // Of all faults, these can be shown: an endpoint without roles, for example, shows no faults of roles.
    assert!(faults.len() > 1500 && absent.len() < 500, "{} and {}", faults.len(), absent.len());
    let mut missed = Vec::new();
    for it in &part {
        let scripts = &shown[&(it.api.clone(), it.path.clone())];
        let (found, id) = (found(it, scripts), wire_rule(it).id(&it.api));
        let is_found = match it.rule {
            UNREADABLE => found.iter().any(|rule| rule.starts_with(&format!("{}/", it.api))),
            _ => found.contains(&id),
        };
        if !is_found {
            let scripts: Vec<_> = scripts.iter().map(|it| &it.name).collect();
            missed.push(format!("{id}, {:?} in {scripts:?}: {found:?}", it.fault));
        }
    }
    if every {
        let paths: BTreeSet<_> = absent.iter().map(|it| it.path.as_str()).collect();
        eprintln!("{} faults, {} missed", part.len(), missed.len());
        eprintln!("{} faults of elements that no response has: {paths:#?}", absent.len());
    }
    assert!(missed.is_empty(), "{} of {}:\n{}", missed.len(), part.len(), missed.join("\n"));
}
