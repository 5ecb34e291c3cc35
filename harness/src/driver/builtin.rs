//! The built-in driver: the built-in client behind the driver protocol, to test the checks of
//! drivers.
//!
//! It is correct, or has one of the known defects in [`WRONG`]. Each defect must be detected.

use std::io::{BufRead, Write};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value, json};

use crate::aws::credentials::Identity;
use crate::aws::destination::Destination;
use crate::client::pages;
use crate::client::sender::FormSender;
use crate::driver::protocol::{
    CallVia, DriverCall, DriverMessage, DriverOutcome, DriverRequest, DriverSession, Hello,
    PROTOCOL, SdkError,
};
use crate::wire::names;
use crate::wire::xml_read::Element;

/// The time limit of a request. The deadline of a call is shorter.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The known defects.
pub const WRONG: [&str; 15] = [
    "forgets-a-member",
    "spells-truth-otherwise",
    "sends-twice",
    "refuses-and-sends",
    "tells-and-sends-nothing",
    "loses-an-item",
    "loses-a-member",
    "loses-a-page",
    "tells-another-code",
    "takes-refusals-for-successes",
    "answers-another-call",
    "says-garbage",
    "says-too-much",
    "hangs",
    "dies",
];

/// Runs the driver until `stop` or the end of the input.
///
/// # Errors
/// A line is not a message; the endpoint is not on this machine.
pub fn drive(wrong: Option<&str>, input: impl BufRead, out: &mut dyn Write) -> Result<()> {
    let mut client: Option<FormSender> = None;
    for line in input.lines() {
        let answer = match serde_json::from_str(&line?)
            .context("the line is not a message of the protocol")?
        {
            DriverRequest::Hello { .. } => DriverMessage::Hello(hello()),
            DriverRequest::Session(session) => {
                client = Some(client_of(&session)?);
                DriverMessage::Session
            }
            DriverRequest::Call(call) => {
                let client = client.as_mut().context("a call before `session`")?;
                match break_protocol(wrong, &call, out)? {
                    Some(message) => message,
                    None => DriverMessage::Answer {
                        seq: call.seq,
                        outcome: outcome(wrong, &call, client),
                    },
                }
            }
            DriverRequest::Stop => return Ok(()),
        };
        writeln!(out, "{}", serde_json::to_string(&answer)?)?;
        out.flush()?;
    }
    Ok(())
}

fn hello() -> Hello {
    Hello {
        protocol: PROTOCOL,
        driver: "iamspec-own".to_owned(),
        sdk: "iamspec's own client".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        language: "Rust".to_owned(),
        ops: Vec::new(),
        through: vec![CallVia::Paginator, CallVia::Waiter],
    }
}

/// The defects that break the protocol. Returns the message that replaces the answer, if any.
fn break_protocol(
    wrong: Option<&str>,
    call: &DriverCall,
    out: &mut dyn Write,
) -> Result<Option<DriverMessage>> {
    match wrong {
        Some("answers-another-call") => {
            let outcome = DriverOutcome::Unsupported { reason: "another call".to_owned() };
            Ok(Some(DriverMessage::Answer { seq: call.seq + 1, outcome }))
        }
        Some("says-garbage") => {
            writeln!(out, "warning: the client is old")?;
            out.flush()?;
            Ok(None)
        }
        Some("says-too-much") => {
            let detail =
                "x".repeat(usize::try_from(crate::driver::process::LINE_MAX).unwrap_or_default());
            let outcome = failed(SdkError::Parse, detail);
            Ok(Some(DriverMessage::Answer { seq: call.seq, outcome }))
        }
        Some("hangs") => loop {
            std::thread::park();
        },
        Some("dies") => bail!("the driver ends during a call, as --wrong dies demands"),
        _ => Ok(None),
    }
}

fn client_of(session: &DriverSession) -> Result<FormSender> {
    let destination = Destination::loopback(&session.endpoint)?;
    let (id, secret) = (&session.access_key_id, &session.secret_access_key);
    let identity = Identity::new(id, secret, session.session_token.as_deref(), "the session");
    FormSender::new(destination, identity, TIMEOUT)
}

/// The outcome of a call, through a paginator or a waiter if the call says so.
fn outcome(wrong: Option<&str>, call: &DriverCall, sender: &mut FormSender) -> DriverOutcome {
    match call.through {
        None => answer(wrong, call, sender),
        Some(CallVia::Waiter) => match answer(wrong, call, sender) {
            DriverOutcome::Ok { .. } => DriverOutcome::Ok { result: Map::new() },
            other => other,
        },
        Some(CallVia::Paginator) => every_page(wrong, call.clone(), sender),
    }
}

fn every_page(wrong: Option<&str>, mut call: DriverCall, sender: &mut FormSender) -> DriverOutcome {
    let mut all = Map::new();
    let unreadable = |detail: String| failed(SdkError::Parse, detail);
    let read = |marker: Option<String>| {
        call.params.extend(marker.map(|it| ("Marker".to_owned(), Value::from(it))));
        let mut page = match answer(wrong, &call, sender) {
            DriverOutcome::Ok { result } => result,
            other => return Err(other),
        };
        let text = |name| page.get(name).and_then(Value::as_str);
        let next = pages::next(text("IsTruncated") == Some("true"), text("Marker"));
        for (name, items) in
            page.iter_mut().filter_map(|(name, it)| Some((name, it.as_array_mut()?)))
        {
            let list = all.entry(name.clone()).or_insert_with(|| json!([]));
            list.as_array_mut().into_iter().for_each(|it| it.append(items));
        }
        let next = next.map_err(|detail| unreadable(detail.to_owned()))?;
        Ok(next.filter(|_| wrong != Some("loses-a-page")))
    };
    match pages::every(read, unreadable) {
        Ok(()) => DriverOutcome::Ok { result: all },
        Err(outcome) => outcome,
    }
}

fn answer(wrong: Option<&str>, call: &DriverCall, sender: &mut FormSender) -> DriverOutcome {
    if wrong == Some("tells-and-sends-nothing") {
        return DriverOutcome::Ok { result: Map::new() };
    }
    let mut form = form(call);
    match wrong {
        Some("forgets-a-member") if form.len() > 3 => _ = form.pop(),
        Some("spells-truth-otherwise") => {
            for (_, value) in form.iter_mut().filter(|(_, value)| value == "true") {
                "True".clone_into(value);
            }
        }
        _ => {}
    }
    if wrong == Some("sends-twice") {
        _ = sender.post(&form);
    }
    let response = sender.post(&form);
    if wrong == Some("refuses-and-sends") {
        let detail = "the members are invalid".to_owned();
        return failed(SdkError::Validation, detail);
    }
    let Ok((status, body)) = response else {
        let detail = "no response".to_owned();
        return failed(SdkError::Transport, detail);
    };
    sdk_outcome(wrong, &call.op, status, &body)
}

const fn failed(kind: SdkError, detail: String) -> DriverOutcome {
    DriverOutcome::SdkError { kind, detail, http_status: None }
}

/// The outcome that an SDK would make of a response.
fn sdk_outcome(wrong: Option<&str>, op: &str, status: u16, body: &str) -> DriverOutcome {
    let root = match Element::parse(body) {
        Ok(root) => root,
        Err(detail) => return failed(SdkError::Parse, detail),
    };
    if let Some(error) = root.child("Error")
        && wrong != Some("takes-refusals-for-successes")
    {
        let code = error.text_of("Code").unwrap_or_default();
        let code = if wrong == Some("tells-another-code") { "NoSuchEntityException" } else { code };
        return DriverOutcome::AwsError {
            http_status: Some(status),
            code: code.to_owned(),
            message: error.text_of("Message").map(str::to_owned),
            exception: None,
        };
    }
    let result = root.child(&format!("{op}Result")).map(value);
    let mut result = match result {
        Some(Value::Object(members)) => members,
        _ => Map::new(),
    };
    if wrong == Some("loses-a-member") {
        let name = result.keys().next().cloned();
        name.and_then(|name| result.remove(&name));
    }
    if wrong == Some("loses-an-item") {
        result.values_mut().filter_map(Value::as_array_mut).for_each(|it| _ = it.pop());
    }
    DriverOutcome::Ok { result }
}

/// The form of a call, from the members of the API.
fn form(call: &DriverCall) -> Vec<(String, String)> {
    let mut form = vec![
        ("Action".to_owned(), call.op.clone()),
        ("Version".to_owned(), names::VERSION.to_owned()),
    ];
    for (name, value) in &call.params {
        add_members(&mut form, name, value);
    }
    form
}

fn add_members(form: &mut Vec<(String, String)>, name: &str, value: &Value) {
    match value {
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                add_members(form, &format!("{name}.member.{}", place + 1), item);
            }
        }
        Value::Object(members) => {
            for (member, value) in members {
                add_members(form, &format!("{name}.{member}"), value);
            }
        }
        Value::String(text) => form.push((name.to_owned(), text.clone())),
        other => form.push((name.to_owned(), other.to_string())),
    }
}

fn value(element: &Element) -> Value {
    let children = &element.children;
    if children.is_empty() {
        return Value::from(element.text.clone());
    }
    if children.iter().all(|it| it.name == "member") {
        return children.iter().map(value).collect();
    }
    if children.iter().all(|it| it.name == "entry") {
        let entry = |it: &Element| {
            let key = it.text_of("key").unwrap_or_default().to_owned();
            (key, it.child("value").map_or(json!(null), value))
        };
        return Value::Object(children.iter().map(entry).collect());
    }
    Value::Object(children.iter().map(|it| (it.name.clone(), value(it))).collect())
}
