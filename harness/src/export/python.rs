//! Exports as Python programs with boto3, and as pytest tests.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::export::variables::{TextPart, name_of, parse, split};
use crate::export::{Program, ProgramLine};

const HEAD: &str = include_str!("head.py");
const CODE: &str = include_str!("code.py");
const RESPONSE: &str = include_str!("response.py");

/// The start of a short program. The SDK finds the endpoint, the key and the certificate itself.
const SHORT: &str = include_str!("short.py");

/// The parts of the template that differ between a program and a test.
struct PythonTemplate {
    /// The packages to install.
    needs: &'static str,
    /// The end of the docstring of `call`.
    purpose: &'static str,
    /// How `call` reports the response.
    report: &'static str,
    /// How `shows` reports missing and unexpected names.
    shows: &'static str,
}

const PROGRAM: PythonTemplate = PythonTemplate {
    needs: "boto3",
    purpose: " and prints the response",
    report: r#"    right = not expected or actual in expected
    follows = " (it may follow from a difference above)" if differs else ""
    differs |= not right
    differs_from = "" if right else f"   DIFFERS, AWS: {' or '.join(expected)}{follows}"
    print(f"{text:<40} -> {actual}{differs_from}")"#,
    shows: r#"    if missing or unexpected:
        differs = True
        print(f"  DIFFERS: the response lacks {missing}, shows {unexpected}")"#,
};

const TEST: PythonTemplate = PythonTemplate {
    needs: "boto3 and pytest",
    purpose: " and fails if the response differs from AWS's",
    report: r#"    assert not expected or actual in expected, f"{text}: expected {' or '.join(expected)} like AWS, got {actual}""#,
    shows: r#"    assert not missing and not unexpected, f"the response lacks {missing}, shows {unexpected}""#,
};

pub(crate) fn boto3(program: &Program, endpoint: &str) -> String {
    let head = head(&PROGRAM, program, endpoint);
    format!("#!/usr/bin/env python3\n{head}{}raise SystemExit(differs)\n", body(program, &[], ""))
}

pub(crate) fn pytest(program: &Program, endpoint: &str) -> String {
    let head = head(&TEST, program, endpoint);
    let name: String =
        program.name.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '_' }).collect();
    format!("{head}def test_{name}():\n{}", body(program, &[], "    "))
}

/// A short program for the tracker of an SDK user. `expected` are the responses that conform to the
/// last call. Exits with 1 if a response differs.
pub(crate) fn short(program: &Program, expected: &[String]) -> String {
    let codes = if program.uses_codes() { CODE } else { "" };
    let imports = if program.uses_codes() {
        "import base64\nimport hashlib\nimport hmac\nimport struct\nimport time\nimport uuid\n"
    } else {
        "import uuid\n"
    };
    let short = SHORT.replace("@RESPONSE@\n", RESPONSE);
    format!("{imports}{short}\n\n{codes}{}raise SystemExit(differs)\n", body(program, expected, ""))
}

/// The calls, and the cleanup, which also runs if there is no response. `last` are the responses that
/// conform to the last call, if the caller knows better than the program.
fn body(program: &Program, last: &[String], indent: &str) -> String {
    let inner = format!("{indent}    ");
    let mut out = String::new();
    // The cleanup can use a variable that no response has set yet.
    for name in program.variables() {
        _ = writeln!(out, "{indent}{name} = MISSING");
    }
    _ = writeln!(out, "{indent}try:");
    for (index, line) in program.lines.iter().enumerate() {
        let is_finding = index + 1 == program.lines.len() && !last.is_empty();
        out.push_str(&call(line, if is_finding { last } else { &line.expected }, &inner));
    }
    _ = writeln!(out, "{indent}finally:");
    _ = writeln!(out, "{inner}# Removes everything that the endpoint allows to be removed.");
    for line in &program.cleanup {
        out.push_str(&cleanup(line, &inner));
    }
    if program.cleanup.is_empty() {
        _ = writeln!(out, "{inner}pass");
    }
    out
}

fn head(template: &PythonTemplate, program: &Program, endpoint: &str) -> String {
    let uses_codes = program.uses_codes();
    let imports = if uses_codes {
        "import base64\nimport hashlib\nimport hmac\nimport os\nimport struct\nimport time\n"
    } else {
        "import os\n"
    };
    HEAD.replace("@NEEDS@", template.needs)
        .replace("@PURPOSE@", template.purpose)
        .replace("@REPORT@", template.report)
        .replace("@RESPONSE@\n", RESPONSE)
        .replace("@SHOWS@", template.shows)
        .replace("@IMPORTS@\n", imports)
        .replace("@CODE@\n", if uses_codes { CODE } else { "" })
        // The name is the last: a text of others must not contain a placeholder.
        .replace("@ENDPOINT@", &Value::from(endpoint).to_string())
        .replace("@IDEA@", &in_docstring(&program.idea))
        .replace("@NAME@", &in_docstring(&program.name))
}

/// The text within a docstring.
fn in_docstring(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "'")
}

fn call(line: &ProgramLine, expected: &[String], indent: &str) -> String {
    let expected = Value::from(expected);
    let client = line.signer.as_ref().map_or_else(
        || "iam".to_owned(),
        |(id, secret)| format!("client({}, {})", name_of(id), name_of(secret)),
    );
    let operation = format!("{client}.{}", split(&line.op, '_'));
    let call = &line.call;
    let mut out = format!(
        "{indent}response = call({call:?}, {expected}, {operation}{})\n",
        further_arguments(line)
    );
    for (variable, path) in &line.variables {
        let path = path.iter().map(|it| format!("{it:?}")).collect::<Vec<_>>().join(", ");
        _ = writeln!(out, "{indent}{variable} = member(response, {variable}, {path})");
    }
    if let Some(shown) = &line.shown {
        let list = |it: &[String]| it.iter().map(|it| literal(it)).collect::<Vec<_>>().join(", ");
        let (present, absent) = (list(&shown.present), list(&shown.absent));
        _ = writeln!(out, "{indent}shows(response, [{present}], [{absent}])");
    }
    out
}

fn cleanup(line: &ProgramLine, indent: &str) -> String {
    format!("{indent}remove(iam.{}{})\n", split(&line.op, '_'), further_arguments(line))
}

/// The parameters as further arguments, with a leading comma.
fn further_arguments(line: &ProgramLine) -> String {
    let arguments = arguments(&line.params);
    if arguments.is_empty() { arguments } else { format!(", {arguments}") }
}

/// A request as a method call of a client named `iam`.
pub(crate) fn line(op: &str, params: &Map<String, Value>) -> String {
    format!("iam.{}({})", split(op, '_'), arguments(params))
}

fn arguments(params: &Map<String, Value>) -> String {
    let arguments = params.iter().map(|(name, it)| format!("{name}={}", value(it)));
    arguments.collect::<Vec<_>>().join(", ")
}

fn value(it: &Value) -> String {
    match it {
        Value::String(text) => literal(text),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(value).collect::<Vec<_>>().join(", "))
        }
        Value::Object(members) => {
            let members = members.iter().map(|(name, it)| format!("{name:?}: {}", value(it)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Null => "None".to_owned(),
        Value::Number(number) => number.to_string(),
    }
}

/// A Python string literal; an f-string or a bare variable if the text contains variables.
fn literal(text: &str) -> String {
    let parts = parse(text);
    let quoted = |text: &str| Value::from(text).to_string();
    match parts.as_slice() {
        [TextPart::Text(text)] => quoted(text),
        [TextPart::Variable(name)] if *name != "run" => (*name).to_owned(),
        [TextPart::Code(device, offset)] => format!("code(seed_{device}, {offset})"),
        _ => {
            let inner = parts.iter().map(|it| match it {
                TextPart::Text(text) => {
                    let quoted = quoted(&text.replace('{', "{{").replace('}', "}}"));
                    let inner = quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
                    inner.unwrap_or(&quoted).to_owned()
                }
                TextPart::Variable(name) => format!("{{{name}}}"),
                TextPart::Code(device, offset) => format!("{{code(seed_{device}, {offset})}}"),
            });
            format!("f\"{}\"", inner.collect::<String>())
        }
    }
}
