//! Is a driver itself as the protocol says? Each check is a sentence, and says what came where it does not hold.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use serde_json::{Map, Value, json};

use crate::driver::process::Process;
use crate::driver::protocol::{
    CallVia, DriverCall, DriverMessage, DriverOutcome, DriverRequest, DriverSession, PROTOCOL,
    SdkError,
};
use crate::driver::{HELLO_MAX, greet};
use crate::server::Server;

/// What is looked at, in the order in which it is.
pub const CHECKS: [Check; 10] = [
    ("it answers `hello` with who it is, in protocol 1", hello),
    ("it answers `session` with `session`", session),
    ("a call is carried out, and its result told by the members of the API", carried_out),
    ("a refusal is told with the status, the code and the message of the service", refused),
    ("lists, truth values and texts beyond ASCII reach the service as they are", members),
    ("a second session is used from then on", another),
    ("calls that are asked at once are answered each with its own `seq`", at_once),
    (
        "through a paginator it lists everything, through a waiter it waits, where it says that it can",
        through,
    ),
    ("an unknown operation is `unsupported`, and nothing else is broken by it", unknown),
    ("a million characters are taken in, and an endpoint that is gone is an `sdk_error`", much),
];

/// A sentence, and what makes sure of it.
pub type Check = (&'static str, fn(&str, &Server) -> Result<()>);

/// So long one call may take.
const CALL: Duration = Duration::from_secs(30);

struct Talk {
    process: Process,
    seq: u64,
}

impl Talk {
    fn begin(command: &str, server: &Server) -> Result<Self> {
        let (process, _) = greet(command)?;
        let mut talk = Self { process, seq: 0 };
        talk.session(&server.url())?;
        Ok(talk)
    }

    fn session(&mut self, endpoint: &str) -> Result<()> {
        let (id, secret) = crate::aws::credentials::FAKE;
        self.process.tell(&DriverRequest::Session(DriverSession {
            endpoint: endpoint.to_owned(),
            region: "us-east-1".to_owned(),
            access_key_id: id.to_owned(),
            secret_access_key: secret.to_owned(),
            session_token: None,
        }))?;
        match self.process.hear(HELLO_MAX)? {
            DriverMessage::Session => Ok(()),
            other => bail!("`session` was answered with {}", shown(&other)),
        }
    }

    fn ask(&mut self, op: &str, params: &Value) -> Result<u64> {
        self.seq += 1;
        let params: Map<String, Value> = params.as_object().cloned().unwrap_or_default();
        let call = DriverCall::plain(self.seq, op, params, Duration::from_secs(20));
        self.process.tell(&DriverRequest::Call(call))?;
        Ok(self.seq)
    }

    fn hear(&mut self) -> Result<(u64, DriverOutcome)> {
        match self.process.hear(CALL)? {
            DriverMessage::Answer { seq, outcome } => Ok((seq, outcome)),
            other => bail!("a call was answered with {}", shown(&other)),
        }
    }

    fn call(&mut self, op: &str, params: &Value) -> Result<DriverOutcome> {
        let asked = self.ask(op, params)?;
        let (seq, outcome) = self.hear()?;
        ensure!(seq == asked, "call {asked} was answered with seq {seq}");
        Ok(outcome)
    }

    fn end(self) -> Result<()> {
        match self.process.stop() {
            Some(0) => Ok(()),
            Some(code) => bail!("after `stop` it ended with exit code {code}"),
            None => bail!("after `stop` it did not end"),
        }
    }
}

fn hello(command: &str, _: &Server) -> Result<()> {
    let (_, hello) = greet(command)?;
    ensure!(hello.protocol == PROTOCOL, "it speaks protocol {}", hello.protocol);
    let named = [&hello.driver, &hello.sdk, &hello.version, &hello.language];
    ensure!(named.iter().all(|it| !it.is_empty()), "driver, sdk, version or language is empty");
    Ok(())
}

fn session(command: &str, server: &Server) -> Result<()> {
    Talk::begin(command, server)?.end()
}

fn carried_out(command: &str, server: &Server) -> Result<()> {
    let mut talk = Talk::begin(command, server)?;
    let outcome = talk.call("CreateUser", &json!({ "UserName": "check", "Path": "/a/" }))?;
    let DriverOutcome::Ok { result } = &outcome else {
        bail!("CreateUser came to {}", shown(&outcome))
    };
    let told = result.get("User").and_then(|it| it.get("Path")).and_then(Value::as_str);
    ensure!(told == Some("/a/"), "User.Path is {told:?} in {}", shown(&outcome));
    let outcome = talk.call("DeleteUser", &json!({ "UserName": "check" }))?;
    ensure!(matches!(outcome, DriverOutcome::Ok { .. }), "DeleteUser came to {}", shown(&outcome));
    talk.end()
}

fn refused(command: &str, server: &Server) -> Result<()> {
    let mut talk = Talk::begin(command, server)?;
    let outcome = talk.call("GetUser", &json!({ "UserName": "nobody" }))?;
    let DriverOutcome::AwsError { http_status: Some(404) | None, code, message, .. } = &outcome
    else {
        bail!("GetUser of nobody came to {}", shown(&outcome));
    };
    ensure!(code == "NoSuchEntity", "the code on the wire is NoSuchEntity, and it told {code}");
    let message = message.as_deref().unwrap_or_default();
    ensure!(message.contains("nobody"), "it told the message {message:?}");
    talk.end()
}

fn members(command: &str, server: &Server) -> Result<()> {
    let mut talk = Talk::begin(command, server)?;
    let value = "Grüße + 100 % & = \u{1f4e6}";
    let tags = json!([{ "Key": "a", "Value": value }, { "Key": "b", "Value": "" }]);
    talk.call("CreateUser", &json!({ "UserName": "check-members", "Tags": tags }))?;
    let password = json!({ "UserName": "check-members", "Password": "Long-enough-1!", "PasswordResetRequired": true });
    let profile = talk.call("CreateLoginProfile", &password)?;
    let outcome = talk.call("ListUserTags", &json!({ "UserName": "check-members" }))?;
    talk.call("DeleteLoginProfile", &json!({ "UserName": "check-members" }))?;
    talk.call("DeleteUser", &json!({ "UserName": "check-members" }))?;
    let DriverOutcome::Ok { result } = &outcome else {
        bail!("ListUserTags came to {}", shown(&outcome))
    };
    ensure!(result.get("Tags") == Some(&tags), "the tags came back as {}", shown(&outcome));
    let DriverOutcome::Ok { result } = &profile else {
        bail!("CreateLoginProfile came to {}", shown(&profile))
    };
    let reset = result.get("LoginProfile").and_then(|it| it.get("PasswordResetRequired"));
    let reset = reset.is_some_and(|it| *it == json!(true) || *it == json!("true"));
    ensure!(reset, "PasswordResetRequired did not come back: {}", shown(&profile));
    talk.end()
}

fn another(command: &str, server: &Server) -> Result<()> {
    let mut talk = Talk::begin(command, server)?;
    talk.call("CreateUser", &json!({ "UserName": "check-another" }))?;
    let free = std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0));
    let other = Server::start(free, crate::server::Options::default())?;
    talk.session(&other.url())?;
    let outcome = talk.call("GetUser", &json!({ "UserName": "check-another" }))?;
    talk.session(&server.url())?;
    talk.call("DeleteUser", &json!({ "UserName": "check-another" }))?;
    let elsewhere =
        matches!(outcome, DriverOutcome::AwsError { http_status: Some(404) | None, .. });
    ensure!(elsewhere, "GetUser still went to the first endpoint: {}", shown(&outcome));
    talk.end()
}

fn at_once(command: &str, server: &Server) -> Result<()> {
    let mut talk = Talk::begin(command, server)?;
    let mut asked = Vec::new();
    for number in 0..8 {
        asked.push(talk.ask("GetUser", &json!({ "UserName": format!("nobody-{number}") }))?);
    }
    for _ in 0..8 {
        let (seq, outcome) = talk.hear()?;
        let place = asked.iter().position(|it| *it == seq);
        let Some(place) = place else { bail!("seq {seq} was answered twice, or never asked") };
        asked.remove(place);
        let name = format!("nobody-{}", seq - 1);
        let told = matches!(&outcome, DriverOutcome::AwsError { message: Some(it), .. } if it.contains(&name));
        ensure!(told, "seq {seq} asked for {name}, and came to {}", shown(&outcome));
    }
    talk.end()
}

fn through(command: &str, server: &Server) -> Result<()> {
    let mut talk = Talk::begin(command, server)?;
    let (_, hello) = greet(command)?;
    let names = ["check-page-1", "check-page-2", "check-page-3"];
    for name in names {
        talk.call("CreateUser", &json!({ "UserName": name }))?;
    }
    for through in hello.through {
        let (op, params) = match through {
            CallVia::Paginator => ("ListUsers", json!({ "MaxItems": 1 })),
            CallVia::Waiter => ("GetUser", json!({ "UserName": names[0] })),
        };
        talk.seq += 1;
        let params = params.as_object().cloned().unwrap_or_default();
        let call = DriverCall::plain(talk.seq, op, params, Duration::from_secs(20));
        talk.process.tell(&DriverRequest::Call(DriverCall { through: Some(through), ..call }))?;
        let (_, outcome) = talk.hear()?;
        let DriverOutcome::Ok { result } = &outcome else {
            bail!("{op} came to {}", shown(&outcome))
        };
        let listed = result.get("Users").and_then(Value::as_array).map_or(0, Vec::len);
        let wanted = if through == CallVia::Paginator { names.len() } else { 0 };
        ensure!(listed == wanted, "of {wanted} users it listed {listed}: {}", shown(&outcome));
    }
    for name in names {
        talk.call("DeleteUser", &json!({ "UserName": name }))?;
    }
    talk.end()
}

fn unknown(command: &str, server: &Server) -> Result<()> {
    let mut talk = Talk::begin(command, server)?;
    let outcome = talk.call("FlyUserToTheMoon", &json!({ "UserName": "nobody" }))?;
    let own = matches!(outcome, DriverOutcome::Unsupported { .. } | DriverOutcome::AwsError { .. });
    ensure!(own, "FlyUserToTheMoon came to {}", shown(&outcome));
    let outcome = talk.call("ListUsers", &json!({}))?;
    ensure!(matches!(outcome, DriverOutcome::Ok { .. }), "ListUsers came to {}", shown(&outcome));
    talk.end()
}

fn much(command: &str, server: &Server) -> Result<()> {
    let mut talk = Talk::begin(command, server)?;
    talk.call("GetUser", &json!({ "UserName": "x".repeat(1_000_000) }))?;
    let port = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    talk.session(&format!("http://{port}"))?;
    let outcome = talk.call("GetUser", &json!({ "UserName": "nobody" }))?;
    let told = matches!(
        outcome,
        DriverOutcome::SdkError { kind: SdkError::Transport | SdkError::Timeout, .. }
    );
    ensure!(told, "an endpoint that is gone came to {}", shown(&outcome));
    talk.end()
}

fn shown(of: &impl serde::Serialize) -> String {
    let text = serde_json::to_string(of).unwrap_or_default();
    text.chars().take(300).collect()
}
