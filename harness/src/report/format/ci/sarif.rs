//! A run as SARIF 2.1.0, for code scanning: one rule for each broken rule, one result for each finding.
//!
//! Known failures are suppressed results with their reason. Findings below the tier or the level of the run are left
//! out. SARIF: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.

use anyhow::Result;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::report::RunReport;
use crate::report::events::{FindingEvent, FindingStatus};
use crate::report::format::finding::finding;
use crate::report::format::style::Style;
use crate::report::rule_links::RuleLinks;

/// The characters of a path that a URI contains as they are.
const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The folder of the built-in scripts in URIs. No such folder needs to exist.
const BUILT_IN: &str = "iamspec/scripts";

/// Returns the SARIF log.
///
/// # Errors
/// An error of the JSON library.
pub fn sarif(report: &RunReport) -> Result<String> {
    let counted = |it: &&FindingEvent| it.status != FindingStatus::Below;
    let findings: Vec<&FindingEvent> = report.findings.iter().filter(counted).collect();
    let mut rules: Vec<&FindingEvent> = Vec::new();
    for it in &findings {
        if !rules.iter().any(|rule| rule.rule == it.rule) {
            rules.push(it);
        }
    }
    let links = RuleLinks::of_site(report.header.site.as_deref());
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "iamspec",
                "version": report.header.version,
                "rules": rules.iter().map(|it| rule(it, &links)).collect::<Vec<Value>>(),
            } },
            "invocations": [{
                "executionSuccessful": report.end.ended_early.is_none(),
                "exitCode": report.end.exit,
                "startTimeUtc": report.header.started,
            }],
            "results": findings.iter().map(|it| result(it)).collect::<Vec<Value>>(),
            "properties": { "target": report.header.target.name },
        }],
    });
    Ok(serde_json::to_string_pretty(&log)? + "\n")
}

fn rule(finding: &FindingEvent, links: &RuleLinks) -> Value {
    let evidence = finding.evidence.iter();
    let evidence: Vec<String> =
        evidence.map(|it| format!("{} ({}): {}", it.fact, it.strength, it.statement)).collect();
    let mut rule = json!({
        "id": finding.rule,
        "shortDescription": { "text": finding.statement },
        "help": { "text": format!("iamspec explain {}\n\n{}", finding.rule, evidence.join("\n")) },
        "defaultConfiguration": { "level": level(finding) },
    });
    if let (Some(page), Some(rule)) = (links.rule(&finding.rule), rule.as_object_mut()) {
        rule.insert("helpUri".to_owned(), page.into());
    }
    rule
}

fn result(it: &FindingEvent) -> Value {
    let mut result = json!({
        "ruleId": it.rule,
        "kind": "fail",
        "level": level(it),
        "message": { "text": finding(it, Style::none()) },
        "locations": [{
            "physicalLocation": { "artifactLocation": { "uri": uri(&it.script) } },
            "logicalLocations": [{ "name": it.script, "kind": "member" }],
        }],
        "partialFingerprints": { "iamspec/v1": format!("{} {} {}", it.rule, it.tier, it.script) },
    });
    if it.status == FindingStatus::KnownFailure {
        let justification = it.reason.as_deref().unwrap_or("listed in the known-failures file");
        if let Some(result) = result.as_object_mut() {
            let suppressions = json!([{ "kind": "external", "justification": justification }]);
            result.insert("suppressions".to_owned(), suppressions);
        }
    }
    result
}

/// How severe a finding is: the stronger the evidence, the more severe.
fn level(finding: &FindingEvent) -> &'static str {
    match finding.level.as_str() {
        "must" => "error",
        "should" => "warning",
        _ => "note",
    }
}

/// The script as a relative URI: the file of the user, or a name below [`BUILT_IN`].
fn uri(script: &str) -> String {
    let path = utf8_percent_encode(script, ENCODED);
    if script.rsplit_once('.').is_some_and(|(_, extension)| extension == "script") {
        path.to_string()
    } else {
        format!("{BUILT_IN}/{path}.script")
    }
}
