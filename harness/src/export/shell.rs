//! Shell scripts: for the AWS CLI, and for curl.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::export::variables::{TextPiece, name_of, pieces, split};
use crate::export::{Program, ProgramLine};

const AWS_CLI: &str = include_str!("aws-cli.sh");
const CURL: &str = include_str!("curl.sh");
const CODE: &str = include_str!("code.sh");

pub(crate) fn aws_cli(program: &Program, endpoint: &str) -> String {
    written(program, AWS_CLI, endpoint, &options)
}

pub(crate) fn curl(program: &Program, endpoint: &str) -> String {
    written(program, CURL, endpoint, &|line| {
        let members = line.form.iter().map(|(name, value)| quoted(&format!("{name}={value}")));
        format!(" {}", members.collect::<Vec<_>>().join(" "))
    })
}

fn written(
    program: &Program,
    template: &str,
    endpoint: &str,
    words: &dyn Fn(&ProgramLine) -> String,
) -> String {
    let uses_codes = program
        .lines
        .iter()
        .any(|it| it.form.iter().any(|(name, _)| name == "AuthenticationCode1"));
    let mut out = template
        .replace("@IDEA@", &program.idea)
        .replace("@NAME@", &program.name)
        .replace("@ENDPOINT@", endpoint)
        .replace("@CODE@\n", if uses_codes { CODE } else { "" });
    for line in &program.lines {
        let expected = line.expected.as_deref().unwrap_or_default();
        let signer = line.signer.as_ref().map(|(id, secret)| {
            let (id, secret) = (name_of(id), name_of(secret));
            format!("AWS_ACCESS_KEY_ID=\"${id}\" AWS_SECRET_ACCESS_KEY=\"${secret}\" ")
        });
        let signer = signer.unwrap_or_default();
        _ = writeln!(
            out,
            "{signer}call {} {}{}",
            quoted(&line.call),
            quoted(expected),
            words(line)
        );
        for (variable, path) in &line.learns {
            _ = writeln!(out, "{variable}=$(told {})", path.last().copied().unwrap_or_default());
        }
    }
    out.push_str("\n# What was made is removed again, as far as the endpoint lets go of it.\n");
    for line in &program.undo {
        _ = writeln!(out, "undo{}", words(line));
    }
    out.push_str("exit \"$differs\"\n");
    out
}

/// The words of a command of the AWS CLI.
fn options(line: &ProgramLine) -> String {
    let mut out = words(&line.op, &line.params);
    if line.op == "CreateVirtualMFADevice" {
        // The program writes the seed into a file, and tells it nowhere else.
        out.push_str(" --outfile \"$seed\" --bootstrap-method Base32StringSeed");
    }
    out
}

/// A call and its members as options.
pub(crate) fn words(op: &str, params: &Map<String, Value>) -> String {
    let mut out = format!(" {}", split(op, '-'));
    for (name, value) in params {
        let option = split(name, '-');
        _ = match value {
            Value::Bool(true) => write!(out, " --{option}"),
            Value::Bool(false) => write!(out, " --no-{option}"),
            Value::String(text) => write!(out, " --{option} {}", quoted(text)),
            Value::Number(number) if name == "MaxItems" => write!(out, " --page-size {number}"),
            other => write!(out, " --{option} {}", quoted(&json(other))),
        };
    }
    out
}

/// A list or a structure, with its variables as they are.
fn json(value: &Value) -> String {
    value.to_string().replace("\\u0001", "\u{1}").replace("\\u0002", "\u{2}")
}

/// A text as one word of a shell, with what the variables in it hold.
fn quoted(text: &str) -> String {
    let pieces = pieces(text);
    if let [TextPiece::Text(text)] = pieces.as_slice() {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    let inner = pieces.iter().map(|it| match it {
        TextPiece::Text(text) => {
            text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$").replace('`', "\\`")
        }
        TextPiece::Variable(name) => format!("${{{name}}}"),
        TextPiece::Code(device, which) => format!("$(code \"$seed_{device}\" {which})"),
    });
    format!("\"{}\"", inner.collect::<String>())
}
