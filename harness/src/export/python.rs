//! Programs and tests in Python.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::export::variables::{TextPiece, name_of, pieces, split};
use crate::export::{Program, ProgramLine};

const HEAD: &str = include_str!("head.py");
const CODE: &str = include_str!("code.py");

/// What differs between a program and a test: what it needs, what a call does, and how.
struct PythonProgram {
    needs: &'static str,
    what: &'static str,
    shown: &'static str,
}

const PROGRAM: PythonProgram = PythonProgram {
    needs: "boto3",
    what: "and shows what came of it",
    shown: r#"    differs = f"   DIFFERS, AWS: {expected}" if expected not in (None, seen) else ""
    print(f"{text:<40} -> {seen}{differs}")"#,
};

const TEST: PythonProgram = PythonProgram {
    needs: "boto3 and pytest",
    what: "which must be answered so",
    shown: r#"    assert expected in (None, seen), f"{text}: answered {seen}, AWS answers {expected}""#,
};

pub(crate) fn boto3(program: &Program, endpoint: &str) -> String {
    let mut out = format!("#!/usr/bin/env python3\n{}", head(&PROGRAM, program, endpoint));
    for line in &program.lines {
        out.push_str(&call(line, ""));
    }
    out.push_str("\n# What was made is removed again, as far as the endpoint lets go of it.\n");
    for line in &program.undo {
        out.push_str(&undo(line, ""));
    }
    out
}

pub(crate) fn pytest(program: &Program, endpoint: &str) -> String {
    let mut out = head(&TEST, program, endpoint);
    let name: String =
        program.name.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '_' }).collect();
    _ = writeln!(out, "def test_{name}():\n    try:");
    // A variable that nothing has told yet is missing in the clean-up, not undefined.
    for (variable, _) in program.lines.iter().flat_map(|it| &it.learns) {
        _ = writeln!(out, "        {variable} = MISSING");
    }
    for line in &program.lines {
        out.push_str(&call(line, "        "));
    }
    out.push_str("    finally:\n");
    for line in &program.undo {
        out.push_str(&undo(line, "        "));
    }
    if program.undo.is_empty() {
        out.push_str("        pass\n");
    }
    out
}

fn head(sort: &PythonProgram, program: &Program, endpoint: &str) -> String {
    let uses_codes = program
        .lines
        .iter()
        .any(|it| it.form.iter().any(|(name, _)| name == "AuthenticationCode1"));
    let imports = if uses_codes {
        "import base64\nimport hashlib\nimport hmac\nimport os\nimport struct\nimport time\n"
    } else {
        "import os\n"
    };
    HEAD.replace("@NEEDS@", sort.needs)
        .replace("@WHAT@", sort.what)
        .replace("@SHOWN@", sort.shown)
        .replace("@IDEA@", &program.idea.replace('\\', "\\\\").replace("\"\"\"", "'''"))
        .replace("@NAME@", &program.name)
        .replace("@ENDPOINT@", endpoint)
        .replace("@IMPORTS@\n", imports)
        .replace("@CODE@\n", if uses_codes { CODE } else { "" })
}

fn call(line: &ProgramLine, indent: &str) -> String {
    let expected = line.expected.as_ref().map_or_else(|| "None".to_owned(), |it| format!("{it:?}"));
    let client = line.signer.as_ref().map_or_else(
        || "iam".to_owned(),
        |(id, secret)| format!("client({}, {})", name_of(id), name_of(secret)),
    );
    let operation = format!("{client}.{}", split(&line.op, '_'));
    let call = &line.call;
    let mut out =
        format!("{indent}answer = call({call:?}, {expected}, {operation}{})\n", after_comma(line));
    for (variable, path) in &line.learns {
        let path = path.iter().map(|it| format!("{it:?}")).collect::<Vec<_>>().join(", ");
        _ = writeln!(out, "{indent}{variable} = told(answer, {path})");
    }
    out
}

fn undo(line: &ProgramLine, indent: &str) -> String {
    format!("{indent}undo(iam.{}{})\n", split(&line.op, '_'), after_comma(line))
}

/// The members as arguments after others.
fn after_comma(line: &ProgramLine) -> String {
    let members = members(line);
    if members.is_empty() { members } else { format!(", {members}") }
}

/// A call by a client that is called `iam`.
pub(crate) fn line(op: &str, params: &Map<String, Value>) -> String {
    format!("iam.{}({})", split(op, '_'), arguments(params))
}

fn members(line: &ProgramLine) -> String {
    arguments(&line.params)
}

fn arguments(params: &Map<String, Value>) -> String {
    let members = params.iter().map(|(name, it)| format!("{name}={}", value(it)));
    members.collect::<Vec<_>>().join(", ")
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

/// A text as Python writes it; with variables, as one that is formatted.
fn literal(text: &str) -> String {
    let pieces = pieces(text);
    let quoted = |text: &str| Value::from(text).to_string();
    match pieces.as_slice() {
        [TextPiece::Text(text)] => quoted(text),
        [TextPiece::Variable(name)] if *name != "run" => (*name).to_owned(),
        [TextPiece::Code(device, which)] => format!("code(seed_{device}, {which})"),
        _ => {
            let inner = pieces.iter().map(|it| match it {
                TextPiece::Text(text) => {
                    let quoted = quoted(&text.replace('{', "{{").replace('}', "}}"));
                    quoted.trim_matches('"').to_owned()
                }
                TextPiece::Variable(name) => format!("{{{name}}}"),
                TextPiece::Code(device, which) => format!("{{code(seed_{device}, {which})}}"),
            });
            format!("f\"{}\"", inner.collect::<String>())
        }
    }
}
