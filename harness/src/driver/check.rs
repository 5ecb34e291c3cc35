//! Checks that a driver follows the protocol. Each check has a description and a function.
//!
//! A failed check shows what the driver sent instead. The SDK behind the driver is not judged here.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use serde_json::{Map, Value, json};

use crate::driver::process::{HELLO_TIMEOUT, Process};
use crate::driver::protocol::{
    CallVia, DriverCall, DriverMessage, DriverOutcome, DriverRequest, DriverSession, PROTOCOL,
    SdkError,
};
use crate::server::Server;

/// The checks, in the order in which they run.
pub const CHECKS: [Check; 10] = [
    ("it answers `hello` with its description, in protocol 1", hello),
    ("it answers `session` with `session`", session),
    ("a call succeeds, and its result has the members of the API", success),
    ("an error has the status, the code and the message of the service", refusal),
    ("lists, booleans and non-ASCII text reach the service unchanged", members),
    ("a second session replaces the first one", second_session),
    ("each of several simultaneous calls is answered with its own `seq`", simultaneous),
    ("a paginator lists everything and a waiter waits, if `hello` announces them", through),
    ("an unknown operation is `unsupported`, and later calls still work", unknown),
    ("a million characters are accepted, and an unreachable endpoint is an `sdk_error`", limits),
];

/// A sentence, and the function that checks it.
pub type Check = (&'static str, fn(&str, &Server) -> Result<()>);

/// The longest time until the answer to a call.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// A started driver with a session.
struct CheckSession {
    process: Process,
    seq: u64,
}

impl CheckSession {
    fn start(command: &str, server: &Server) -> Result<Self> {
        let (process, _) = Process::start_with_hello(command)?;
        let mut session = Self { process, seq: 0 };
        session.set_endpoint(&server.url())?;
        Ok(session)
    }

    fn set_endpoint(&mut self, endpoint: &str) -> Result<()> {
        let (id, secret) = crate::aws::credentials::FAKE;
        self.process.send(&DriverRequest::Session(DriverSession {
            endpoint: endpoint.to_owned(),
            region: "us-east-1".to_owned(),
            access_key_id: id.to_owned(),
            secret_access_key: secret.to_owned(),
            session_token: None,
        }))?;
        match self.process.receive(HELLO_TIMEOUT)? {
            DriverMessage::Session => Ok(()),
            other => bail!("`session` was answered with {}", shown(&other)),
        }
    }

    fn send(&mut self, op: &str, params: &Value) -> Result<u64> {
        self.seq += 1;
        let params: Map<String, Value> = params.as_object().cloned().unwrap_or_default();
        let call = DriverCall::plain(self.seq, op, params, Duration::from_secs(20));
        self.process.send(&DriverRequest::Call(call))?;
        Ok(self.seq)
    }

    fn receive(&mut self) -> Result<(u64, DriverOutcome)> {
        match self.process.receive(CALL_TIMEOUT)? {
            DriverMessage::Answer { seq, outcome } => Ok((seq, outcome)),
            other => bail!("a call was answered with {}", shown(&other)),
        }
    }

    fn call(&mut self, op: &str, params: &Value) -> Result<DriverOutcome> {
        let sent = self.send(op, params)?;
        let (seq, outcome) = self.receive()?;
        ensure!(seq == sent, "call {sent} was answered with seq {seq}");
        Ok(outcome)
    }

    fn end(self) -> Result<()> {
        match self.process.stop() {
            Some(0) => Ok(()),
            Some(code) => bail!("after `stop` it ended with exit code {code}; expected 0"),
            None => bail!("after `stop` it did not end"),
        }
    }
}

fn hello(command: &str, _: &Server) -> Result<()> {
    let (_, hello) = Process::start_with_hello(command)?;
    ensure!(hello.protocol == PROTOCOL, "it speaks protocol {}", hello.protocol);
    let named = [&hello.driver, &hello.sdk, &hello.version, &hello.language];
    ensure!(named.iter().all(|it| !it.is_empty()), "driver, sdk, version or language is empty");
    Ok(())
}

fn session(command: &str, server: &Server) -> Result<()> {
    CheckSession::start(command, server)?.end()
}

fn success(command: &str, server: &Server) -> Result<()> {
    let mut session = CheckSession::start(command, server)?;
    let outcome = session.call("CreateUser", &json!({ "UserName": "check", "Path": "/a/" }))?;
    let DriverOutcome::Ok { result } = &outcome else {
        bail!("CreateUser returned {}", shown(&outcome))
    };
    let path = result.get("User").and_then(|it| it.get("Path")).and_then(Value::as_str);
    ensure!(path == Some("/a/"), "User.Path is {path:?} in {}", shown(&outcome));
    let outcome = session.call("DeleteUser", &json!({ "UserName": "check" }))?;
    ensure!(matches!(outcome, DriverOutcome::Ok { .. }), "DeleteUser returned {}", shown(&outcome));
    session.end()
}

fn refusal(command: &str, server: &Server) -> Result<()> {
    let mut session = CheckSession::start(command, server)?;
    let outcome = session.call("GetUser", &json!({ "UserName": "nobody" }))?;
    let DriverOutcome::AwsError { http_status: Some(404) | None, code, message, .. } = &outcome
    else {
        bail!("GetUser of a missing user returned {}", shown(&outcome));
    };
    ensure!(code == "NoSuchEntity", "the code is {code}; expected NoSuchEntity, as on the wire");
    let message = message.as_deref().unwrap_or_default();
    ensure!(message.contains("nobody"), "the message is {message:?}; expected the user name in it");
    session.end()
}

fn members(command: &str, server: &Server) -> Result<()> {
    let mut session = CheckSession::start(command, server)?;
    let value = "Grüße + 100 % & = \u{1f4e6}";
    let tags = json!([{ "Key": "a", "Value": value }, { "Key": "b", "Value": "" }]);
    session.call("CreateUser", &json!({ "UserName": "check-members", "Tags": tags }))?;
    let password = json!({ "UserName": "check-members", "Password": "Long-enough-1!", "PasswordResetRequired": true });
    let profile = session.call("CreateLoginProfile", &password)?;
    let outcome = session.call("ListUserTags", &json!({ "UserName": "check-members" }))?;
    session.call("DeleteLoginProfile", &json!({ "UserName": "check-members" }))?;
    session.call("DeleteUser", &json!({ "UserName": "check-members" }))?;
    let DriverOutcome::Ok { result } = &outcome else {
        bail!("ListUserTags returned {}", shown(&outcome))
    };
    ensure!(result.get("Tags") == Some(&tags), "the tags were returned as {}", shown(&outcome));
    let DriverOutcome::Ok { result } = &profile else {
        bail!("CreateLoginProfile returned {}", shown(&profile))
    };
    let reset = result.get("LoginProfile").and_then(|it| it.get("PasswordResetRequired"));
    let reset = reset.is_some_and(|it| *it == json!(true) || *it == json!("true"));
    ensure!(reset, "PasswordResetRequired was not returned: {}", shown(&profile));
    session.end()
}

fn second_session(command: &str, server: &Server) -> Result<()> {
    let mut session = CheckSession::start(command, server)?;
    session.call("CreateUser", &json!({ "UserName": "check-another" }))?;
    let free = std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0));
    let other = Server::start(free, crate::server::Options::default())?;
    session.set_endpoint(&other.url())?;
    let outcome = session.call("GetUser", &json!({ "UserName": "check-another" }))?;
    session.set_endpoint(&server.url())?;
    session.call("DeleteUser", &json!({ "UserName": "check-another" }))?;
    let at_second =
        matches!(outcome, DriverOutcome::AwsError { http_status: Some(404) | None, .. });
    ensure!(at_second, "GetUser still went to the first endpoint: {}", shown(&outcome));
    session.end()
}

fn simultaneous(command: &str, server: &Server) -> Result<()> {
    let mut session = CheckSession::start(command, server)?;
    let mut pending = Vec::new();
    for number in 0..8 {
        pending.push(session.send("GetUser", &json!({ "UserName": format!("nobody-{number}") }))?);
    }
    for _ in 0..8 {
        let (seq, outcome) = session.receive()?;
        let place = pending.iter().position(|it| *it == seq);
        let Some(place) = place else { bail!("seq {seq} was answered twice, or never sent") };
        pending.remove(place);
        let name = format!("nobody-{}", seq - 1);
        let as_expected = matches!(&outcome, DriverOutcome::AwsError { message: Some(it), .. } if it.contains(&name));
        ensure!(as_expected, "seq {seq} requested {name}, and returned {}", shown(&outcome));
    }
    session.end()
}

fn through(command: &str, server: &Server) -> Result<()> {
    let mut session = CheckSession::start(command, server)?;
    let (_, hello) = Process::start_with_hello(command)?;
    let names = ["check-page-1", "check-page-2", "check-page-3"];
    for name in names {
        session.call("CreateUser", &json!({ "UserName": name }))?;
    }
    for through in hello.through {
        let (op, params) = match through {
            CallVia::Paginator => ("ListUsers", json!({ "MaxItems": 1 })),
            CallVia::Waiter => ("GetUser", json!({ "UserName": names[0] })),
        };
        session.seq += 1;
        let params = params.as_object().cloned().unwrap_or_default();
        let call = DriverCall::plain(session.seq, op, params, Duration::from_secs(20));
        session
            .process
            .send(&DriverRequest::Call(DriverCall { through: Some(through), ..call }))?;
        let (_, outcome) = session.receive()?;
        let DriverOutcome::Ok { result } = &outcome else {
            bail!("{op} returned {}", shown(&outcome))
        };
        let listed = result.get("Users").and_then(Value::as_array).map_or(0, Vec::len);
        let expected = if through == CallVia::Paginator { names.len() } else { 0 };
        ensure!(listed == expected, "of {expected} users it listed {listed}: {}", shown(&outcome));
    }
    for name in names {
        session.call("DeleteUser", &json!({ "UserName": name }))?;
    }
    session.end()
}

fn unknown(command: &str, server: &Server) -> Result<()> {
    let mut session = CheckSession::start(command, server)?;
    let outcome = session.call("FlyUserToTheMoon", &json!({ "UserName": "nobody" }))?;
    let own = matches!(outcome, DriverOutcome::Unsupported { .. } | DriverOutcome::AwsError { .. });
    ensure!(own, "FlyUserToTheMoon returned {}", shown(&outcome));
    let outcome = session.call("ListUsers", &json!({}))?;
    ensure!(matches!(outcome, DriverOutcome::Ok { .. }), "ListUsers returned {}", shown(&outcome));
    session.end()
}

fn limits(command: &str, server: &Server) -> Result<()> {
    let mut session = CheckSession::start(command, server)?;
    session.call("GetUser", &json!({ "UserName": "x".repeat(1_000_000) }))?;
    let port = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    session.set_endpoint(&format!("http://{port}"))?;
    let outcome = session.call("GetUser", &json!({ "UserName": "nobody" }))?;
    let as_expected = matches!(
        outcome,
        DriverOutcome::SdkError { kind: SdkError::Transport | SdkError::Timeout, .. }
    );
    ensure!(as_expected, "an unreachable endpoint returned {}", shown(&outcome));
    session.end()
}

fn shown(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    text.chars().take(300).collect()
}
