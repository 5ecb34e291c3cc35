//! An SDK or a tool that makes the calls in the place of our own client: a process that speaks JSON Lines.
//!
//! The page for whoever writes one is `harness/drivers.md`.

pub(crate) mod adapter;
pub mod builtin;
pub mod check;
pub mod process;
pub mod protocol;
pub mod traffic;

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use iamspec_conformance::Response;
use iamspec_conformance::response::FailureKind;

use crate::client::HttpClient;
use crate::client::transport::{OutgoingRequest, RawResponse, Transport};
use crate::driver::adapter::params;
use crate::driver::process::{Process, Silent};
use crate::driver::protocol::{
    CallVia, DriverCall, DriverMessage, DriverOutcome, DriverRequest, DriverSession, Hello,
    PROTOCOL,
};
use crate::driver::traffic::{TrafficCheck, TrafficRemark};
use crate::server::capture::RequestLog;

/// So long a driver may take to say who it is: SDKs are slow to load.
pub const HELLO_MAX: Duration = Duration::from_mins(1);

/// So much longer than its deadline a call may take until the driver has said so.
const GRACE: Duration = Duration::from_secs(5);

/// An SDK that makes calls.
pub struct Driver {
    command: String,
    process: Option<Process>,
    hello: Hello,
    session: Option<DriverSession>,
    seq: u64,
    witness: Option<TrafficCheck>,
}

impl Driver {
    /// Starts a driver and hears who it is.
    ///
    /// # Errors
    /// A program that cannot be run, or that does not speak the protocol.
    pub fn start(command: &str) -> Result<Self> {
        let (process, hello) = greet(command)?;
        let (command, process) = (command.to_owned(), Some(process));
        Ok(Self { command, process, hello, session: None, seq: 0, witness: None })
    }

    /// Who it is.
    #[must_use]
    pub const fn hello(&self) -> &Hello {
        &self.hello
    }

    /// From now on it is compared what is sent and what is asked, at the endpoint that these ears belong to.
    pub fn watch(&mut self, ears: RequestLog) {
        self.witness = Some(TrafficCheck::new(ears));
    }

    /// What was noticed.
    #[must_use]
    pub fn remarks(&self) -> Vec<TrafficRemark> {
        self.witness.as_ref().map(TrafficCheck::remarks).unwrap_or_default()
    }

    /// The driver as a transport for a client.
    #[must_use]
    pub fn boxed(self) -> Box<dyn Transport> {
        Box::new(self)
    }

    /// Makes the call that a form stands for: the status and the body of its answer.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn call(
        &mut self,
        form: &[(String, String)],
        session: &DriverSession,
        deadline: Duration,
    ) -> Result<(u16, String), Response> {
        let (op, params) = params(form);
        if !self.hello.ops.is_empty() && !self.hello.ops.contains(&op) {
            return Err(Response::interrupted(
                FailureKind::Client,
                format!("the driver has no {op}"),
            ));
        }
        let call = DriverCall::plain(self.seq + 1, &op, params, deadline);
        match self.ask(call, session) {
            Ok(outcome) => {
                if let Some(witness) = &mut self.witness {
                    witness.look(form, session, &outcome);
                }
                adapter::answer(&op, &outcome)
            }
            Err(error) => {
                // Only silence may be the endpoint's: everything else is a failure of the driver itself.
                let cause =
                    if error.is::<Silent>() { FailureKind::Timeout } else { FailureKind::Driver };
                Err(Response::interrupted(cause, format!("{error:#}")))
            }
        }
    }

    /// Makes calls through a paginator or a waiter of the SDK; nothing where it has none.
    ///
    /// # Errors
    /// No answer of the driver in time.
    pub fn through(
        &mut self,
        through: CallVia,
        form: &[(String, String)],
        session: &DriverSession,
        deadline: Duration,
    ) -> Result<Option<DriverOutcome>> {
        if !self.hello.through.contains(&through) {
            return Ok(None);
        }
        let (op, params) = params(form);
        let call = DriverCall::plain(self.seq + 1, &op, params, deadline);
        self.ask(DriverCall { through: Some(through), ..call }, session).map(Some)
    }

    /// A driver that does not answer as it should is started anew for the next call.
    fn ask(&mut self, call: DriverCall, session: &DriverSession) -> Result<DriverOutcome> {
        let outcome = self.answer(call, session);
        if outcome.is_err() {
            self.process = None;
            self.session = None;
        }
        outcome
    }

    fn answer(&mut self, call: DriverCall, session: &DriverSession) -> Result<DriverOutcome> {
        if self.process.is_none() {
            self.process = Some(greet(&self.command)?.0);
        }
        let process = self.process.as_mut().context("the driver does not run")?;
        if self.session.as_ref() != Some(session) {
            process.tell(&DriverRequest::Session(session.clone()))?;
            ensure!(
                process.hear(HELLO_MAX)? == DriverMessage::Session,
                "the driver did not answer `session` with `session`"
            );
            self.session = Some(session.clone());
        }
        self.seq = call.seq;
        let within = Duration::from_millis(call.deadline_ms) + GRACE;
        process.tell(&DriverRequest::Call(call))?;
        match process.hear(within)? {
            DriverMessage::Answer { seq, outcome } if seq == self.seq => Ok(outcome),
            DriverMessage::Answer { seq, .. } => {
                bail!("the driver answered call {seq}, asked was {}", self.seq)
            }
            _ => bail!("the driver did not answer a call with `answer`"),
        }
    }

    /// Ends it.
    pub fn end(self) {
        if let Some(process) = self.process {
            _ = process.stop();
        }
    }
}

impl Transport for Driver {
    fn send(&mut self, request: &OutgoingRequest<'_>) -> Result<RawResponse, Response> {
        let session = DriverSession::new(request.identity, request.destination);
        let (status, body) = self.call(request.form, &session, request.timeout)?;
        Ok(RawResponse { status, content_type: "text/xml".to_owned(), body: body.into_bytes() })
    }
}

impl HttpClient {
    /// The driver that sends the requests of this client.
    #[must_use]
    pub fn driver(&self) -> Option<&Driver> {
        self.transport()
    }
}

fn greet(command: &str) -> Result<(Process, Hello)> {
    let mut process = Process::start(command)?;
    process.tell(&DriverRequest::Hello { protocol: PROTOCOL })?;
    match process.hear(HELLO_MAX)? {
        DriverMessage::Hello(hello) if hello.protocol == PROTOCOL => Ok((process, hello)),
        DriverMessage::Hello(hello) => {
            bail!("the driver speaks protocol {}, and this iamspec {PROTOCOL}", hello.protocol)
        }
        _ => bail!("the driver did not answer `hello` with `hello`"),
    }
}

/// The schema of all messages, in JSON.
///
/// # Errors
/// What the JSON library says.
pub fn schema() -> Result<String> {
    let schema = serde_json::json!({
        "to the driver": schemars::schema_for!(DriverRequest),
        "from the driver": schemars::schema_for!(DriverMessage),
    });
    Ok(serde_json::to_string_pretty(&schema)? + "\n")
}
