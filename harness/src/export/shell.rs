//! Exports as shell scripts for the AWS CLI and for curl.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::export::variables::{TextPart, name_of, parse, split};
use crate::export::{Program, ProgramLine};

const AWS_CLI: &str = include_str!("aws-cli.sh");
const CURL: &str = include_str!("curl.sh");
const CODE: &str = include_str!("code.sh");
const COMPARE: &str = include_str!("compare.sh");

pub(crate) fn aws_cli(program: &Program, endpoint: &str) -> String {
    // The AWS CLI shows the code of an error but not its status.
    let code = |it: &str| it.rsplit(' ').next().unwrap_or(it).to_owned();
    let at_exit = r#"cleanup; rm -f "$seed""#;
    script(
        program,
        AWS_CLI,
        endpoint,
        &ShellLanguage { arguments: &options, response: &code, at_exit },
    )
}

pub(crate) fn curl(program: &Program, endpoint: &str) -> String {
    let form = |line: &ProgramLine| {
        let parameters = line.form.iter().map(|(name, value)| quoted(&format!("{name}={value}")));
        format!(" {}", parameters.collect::<Vec<_>>().join(" "))
    };
    let response = str::to_owned;
    let at_exit = "cleanup";
    script(
        program,
        CURL,
        endpoint,
        &ShellLanguage { arguments: &form, response: &response, at_exit },
    )
}

/// How a program calls the service.
struct ShellLanguage<'a> {
    /// The words of one call.
    arguments: &'a dyn Fn(&ProgramLine) -> String,
    /// How it shows a response.
    response: &'a dyn Fn(&str) -> String,
    /// The commands that it runs at its end, even if there is no response or the user stops it.
    at_exit: &'static str,
}

fn script(
    program: &Program,
    template: &str,
    endpoint: &str,
    language: &ShellLanguage<'_>,
) -> String {
    // The name is the last: a text of others must not contain a placeholder that is replaced later.
    let mut out = template
        .replace("@COMPARE@\n", COMPARE)
        .replace("@CODE@\n", if program.uses_codes() { CODE } else { "" })
        .replace("@ENDPOINT@", &word(endpoint))
        .replace("@IDEA@", &program.idea)
        .replace("@NAME@", &program.name);
    for variable in program.variables() {
        _ = writeln!(out, "{variable}=missing");
    }
    out.push_str(
        "\n# Removes everything that the endpoint allows to be removed.\ncleanup() {\n  :\n",
    );
    for line in &program.cleanup {
        _ = writeln!(out, "  remove{}", (language.arguments)(line));
    }
    _ = writeln!(out, "}}\ntrap '{}' EXIT\n", language.at_exit);
    for line in &program.lines {
        let expected =
            line.expected.iter().map(|it| (language.response)(it)).collect::<Vec<_>>().join("|");
        let signer = line.signer.as_ref().map(|(id, secret)| {
            let (id, secret) = (name_of(id), name_of(secret));
            format!("AWS_ACCESS_KEY_ID=\"${id}\" AWS_SECRET_ACCESS_KEY=\"${secret}\" ")
        });
        let signer = signer.unwrap_or_default();
        _ = writeln!(
            out,
            "{signer}call {} {}{}",
            quoted(&line.call),
            quoted(&expected),
            (language.arguments)(line)
        );
        for (variable, path) in &line.variables {
            let member = path.last().copied().unwrap_or_default();
            _ = writeln!(out, "{variable}=$(member {member} \"${variable}\")");
        }
        if let Some(shown) = &line.shown {
            let words = shown.present.iter().map(|it| quoted(it)).chain(["--".to_owned()]);
            let words = words.chain(shown.absent.iter().map(|it| quoted(it)));
            _ = writeln!(out, "shows {}", words.collect::<Vec<_>>().join(" "));
        }
    }
    out.push_str("exit \"$differs\"\n");
    out
}

/// The text as one word without expansions. A plain word stays as it is.
fn word(text: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "-_.:/".contains(it);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    // Octal escapes need no quote inside the quotes.
    let escaped = text.bytes().map(|it| match it {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b':' | b'/' => {
            char::from(it).to_string()
        }
        _ => format!("\\{it:03o}"),
    });
    format!("$'{}'", escaped.collect::<String>())
}

/// The arguments of the AWS CLI for one line.
fn options(line: &ProgramLine) -> String {
    let mut out = command(&line.op, &line.params);
    if line.op == "CreateVirtualMFADevice" {
        // The AWS CLI writes the seed to a file and shows it nowhere else.
        out.push_str(" --outfile \"$seed\" --bootstrap-method Base32StringSeed");
    }
    out
}

/// The AWS CLI does not join the pages of this listing: it returns the first one.
const WITHOUT_PAGES: &str = "ListServiceSpecificCredentials";

/// The command of an operation, with its parameters as options.
pub(crate) fn command(op: &str, params: &Map<String, Value>) -> String {
    let mut out = format!(" {}", split(op, '-'));
    for (name, value) in params {
        let option = split(name, '-');
        _ = match value {
            Value::Bool(true) => write!(out, " --{option}"),
            Value::Bool(false) => write!(out, " --no-{option}"),
            // With `=`, a value that begins with a hyphen is not taken for an option.
            Value::String(text) => write!(out, " --{option}={}", quoted(text)),
            Value::Number(number) if name == "MaxItems" && op != WITHOUT_PAGES => {
                write!(out, " --page-size={number}")
            }
            other => write!(out, " --{option}={}", quoted(&json(other))),
        };
    }
    out
}

/// An option of a command, with a value that has no variables.
pub(crate) fn option(name: &str, value: &str) -> String {
    format!(" --{name}='{}'", value.replace('\'', r"'\''"))
}

/// A list or structure as JSON that keeps the variable markers.
fn json(value: &Value) -> String {
    value.to_string().replace("\\u0001", "\u{1}").replace("\\u0002", "\u{2}")
}

/// One shell word. The shell expands the variables in it.
fn quoted(text: &str) -> String {
    let parts = parse(text);
    if let [TextPart::Text(text)] = parts.as_slice() {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    let inner = parts.iter().map(|it| match it {
        TextPart::Text(text) => {
            text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$").replace('`', "\\`")
        }
        TextPart::Variable(name) => format!("${{{name}}}"),
        TextPart::Code(device, offset) => format!("$(code \"$seed_{device}\" {offset})"),
    });
    format!("\"{}\"", inner.collect::<String>())
}
