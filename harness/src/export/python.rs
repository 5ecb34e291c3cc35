//! Exports as Python programs with boto3, and as pytest tests.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::export::variables::{TextPart, name_of, parse, split};
use crate::export::{Program, ProgramLine};

const HEAD: &str = include_str!("head.py");
const CODE: &str = include_str!("code.py");

/// The parts of the template that differ between a program and a test.
struct PythonTemplate {
    /// The packages to install.
    needs: &'static str,
    /// The end of the docstring of `call`.
    purpose: &'static str,
    /// How `call` reports the response.
    report: &'static str,
}

const PROGRAM: PythonTemplate = PythonTemplate {
    needs: "boto3",
    purpose: " and prints the response",
    report: r#"    differs = f"   DIFFERS, AWS: {expected}" if expected not in (None, actual) else ""
    print(f"{text:<40} -> {actual}{differs}")"#,
};

const TEST: PythonTemplate = PythonTemplate {
    needs: "boto3 and pytest",
    purpose: " and fails if the response differs from AWS's",
    report: r#"    assert expected in (None, actual), f"{text}: expected {expected} like AWS, got {actual}""#,
};

pub(crate) fn boto3(program: &Program, endpoint: &str) -> String {
    let mut out = format!("#!/usr/bin/env python3\n{}", head(&PROGRAM, program, endpoint));
    for line in &program.lines {
        out.push_str(&call(line, ""));
    }
    out.push_str("\n# Cleanup: removes everything that the endpoint allows to be removed.\n");
    for line in &program.cleanup {
        out.push_str(&cleanup(line, ""));
    }
    out
}

pub(crate) fn pytest(program: &Program, endpoint: &str) -> String {
    let mut out = head(&TEST, program, endpoint);
    let name: String =
        program.name.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '_' }).collect();
    _ = writeln!(out, "def test_{name}():\n    try:");
    // The cleanup can use a variable that no response has set yet.
    for (variable, _) in program.lines.iter().flat_map(|it| &it.variables) {
        _ = writeln!(out, "        {variable} = MISSING");
    }
    for line in &program.lines {
        out.push_str(&call(line, "        "));
    }
    out.push_str("    finally:\n");
    for line in &program.cleanup {
        out.push_str(&cleanup(line, "        "));
    }
    if program.cleanup.is_empty() {
        out.push_str("        pass\n");
    }
    out
}

/// The start of a short program. The SDK finds the endpoint, the key and the certificate itself.
const SHORT_HEAD: &str = r#"
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

# AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE and AWS_CA_BUNDLE name the files of the emulator.
iam = boto3.client("iam", config=Config(parameter_validation=False, retries={"total_max_attempts": 1}))
run = str(uuid.uuid4().int)[:9]
differs = False


def client(key, secret):
    return boto3.client("iam", aws_access_key_id=key, aws_secret_access_key=secret)


def call(text, expected, operation, **parameters):
    global differs
    try:
        response, actual = operation(**parameters), "200"
    except ClientError as error:
        response = error.response
        actual = f"{response['ResponseMetadata']['HTTPStatusCode']} {response['Error']['Code']}"
    right = expected is None or actual in expected
    differs |= not right
    print(text, "->", actual, "" if right else f"AWS: {' or '.join(expected)}")
    return response


def member(response, *path):
    for name in path:
        response = response.get(name, {})
    return response or "missing"


def remove(operation, **parameters):
    try:
        operation(**parameters)
    except ClientError as error:
        print("not removed:", error)
"#;

/// A short program for the tracker of an SDK user. `expected` are the responses that conform to the
/// last call. Exits with 1 if a response differs.
pub(crate) fn short(program: &Program, expected: &[String]) -> String {
    let codes = if uses_codes(program) { CODE } else { "" };
    let imports = if uses_codes(program) {
        "import base64\nimport hashlib\nimport hmac\nimport struct\nimport time\nimport uuid\n"
    } else {
        "import uuid\n"
    };
    let mut out = format!("{imports}{SHORT_HEAD}\n\n{codes}");
    let tuple = |it: &[String]| {
        let quoted: Vec<String> =
            it.iter().map(|it| Value::from(it.as_str()).to_string()).collect();
        if quoted.is_empty() { "None".to_owned() } else { format!("[{}]", quoted.join(", ")) }
    };
    let last = program.lines.len().saturating_sub(1);
    for (index, line) in program.lines.iter().enumerate() {
        let own: Vec<String> = line.expected.iter().cloned().collect();
        let expected = if index == last && !expected.is_empty() { expected } else { &own };
        out.push_str(&call_with(line, &tuple(expected), ""));
    }
    out.push('\n');
    for line in &program.cleanup {
        out.push_str(&cleanup(line, ""));
    }
    out.push_str("raise SystemExit(differs)\n");
    out
}

fn uses_codes(program: &Program) -> bool {
    let has_code =
        |line: &ProgramLine| line.form.iter().any(|(name, _)| name == "AuthenticationCode1");
    program.lines.iter().any(has_code)
}

fn head(template: &PythonTemplate, program: &Program, endpoint: &str) -> String {
    let uses_codes = uses_codes(program);
    let imports = if uses_codes {
        "import base64\nimport hashlib\nimport hmac\nimport os\nimport struct\nimport time\n"
    } else {
        "import os\n"
    };
    HEAD.replace("@NEEDS@", template.needs)
        .replace("@PURPOSE@", template.purpose)
        .replace("@REPORT@", template.report)
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

fn call(line: &ProgramLine, indent: &str) -> String {
    let expected = line.expected.as_ref().map_or_else(|| "None".to_owned(), |it| format!("{it:?}"));
    call_with(line, &expected, indent)
}

fn call_with(line: &ProgramLine, expected: &str, indent: &str) -> String {
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
        _ = writeln!(out, "{indent}{variable} = member(response, {path})");
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
                    quoted.trim_matches('"').to_owned()
                }
                TextPart::Variable(name) => format!("{{{name}}}"),
                TextPart::Code(device, offset) => format!("{{code(seed_{device}, {offset})}}"),
            });
            format!("f\"{}\"", inner.collect::<String>())
        }
    }
}
