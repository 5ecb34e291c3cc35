//! Drivers: programs that make IAM calls through an SDK or a tool, instead of the built-in client.
//!
//! A [`Driver`] is a process that speaks JSON Lines ([`protocol`]). It implements [`Transport`], so
//! a client uses it like HTTP. [`check`] tests a driver against the protocol, and [`traffic`]
//! compares what the SDK sent and returned. `docs/guide/drivers.md` explains how to write a driver.

pub(crate) mod adapter;
pub mod builtin;
pub mod check;
pub(crate) mod groups;
pub(crate) mod interrupt;
pub mod process;
pub mod protocol;
pub mod traffic;

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use iamspec_conformance::Response;
use iamspec_conformance::response::FailureKind;

use crate::client::HttpClient;
use crate::client::connection::transport::{Disclosure, OutgoingRequest, RawResponse, Transport};
use crate::driver::adapter::params;
use crate::driver::process::{HELLO_TIMEOUT, Process, Silent};
use crate::driver::protocol::{
    CallVia, DriverCall, DriverMessage, DriverOutcome, DriverRequest, DriverSession, Hello,
};
use crate::driver::traffic::{TrafficCheck, TrafficRemark};
use crate::server::RequestLog;

/// The time that a call may take beyond its deadline, until the driver has reported the timeout.
const GRACE: Duration = Duration::from_secs(5);

/// The number of calls in a row without a message after which the driver is not called again.
const SILENCES_MAX: usize = 3;

/// A driver program.
pub struct Driver {
    command: String,
    process: Option<Process>,
    hello: Hello,
    session: Option<DriverSession>,
    seq: u64,
    /// The number of calls in a row without a message.
    silences: usize,
    traffic: Option<TrafficCheck>,
}

impl Driver {
    /// Starts a driver and reads its `hello`.
    ///
    /// # Errors
    /// The program cannot be run, or does not speak the protocol.
    pub fn start(command: &str) -> Result<Self> {
        let (process, hello) = Process::start_with_hello(command)?;
        let (command, process) = (command.to_owned(), Some(process));
        Ok(Self { command, process, hello, session: None, seq: 0, silences: 0, traffic: None })
    }

    /// The driver's description of itself.
    #[must_use]
    pub const fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Compares every call with the requests in this log from now on. Only this driver may send
    /// requests to the server of the log.
    pub fn watch(&mut self, log: RequestLog) {
        self.traffic = Some(TrafficCheck::new(log));
    }

    /// The differences between calls and traffic so far.
    #[must_use]
    pub fn remarks(&self) -> Vec<TrafficRemark> {
        self.traffic.as_ref().map(TrafficCheck::remarks).unwrap_or_default()
    }

    /// The driver as a transport for a client.
    #[must_use]
    pub fn boxed(self) -> Box<dyn Transport> {
        Box::new(self)
    }

    /// Makes the call of a form, and returns the status and the body of the response.
    ///
    /// # Errors
    /// The failure that replaces the response.
    pub fn call(
        &mut self,
        form: &[(String, String)],
        session: &DriverSession,
        deadline: Duration,
    ) -> Result<(u16, String), Response> {
        let (op, params) = params(form);
        if !self.hello.ops.is_empty() && !self.hello.ops.contains(&op) {
            return Err(Response::failed(FailureKind::Client, format!("the driver has no {op}")));
        }
        let call = DriverCall::plain(self.seq + 1, &op, params, deadline);
        match self.exchange(call, session) {
            Ok(outcome) => {
                if let Some(traffic) = &mut self.traffic {
                    traffic.compare(form, session, &outcome);
                }
                adapter::response(&op, &outcome)
            }
            Err(error) => {
                // Only silence may be due to the endpoint. Any other failure is the driver's.
                let kind =
                    if error.is::<Silent>() { FailureKind::Timeout } else { FailureKind::Driver };
                Err(Response::failed(kind, format!("{error:#}")))
            }
        }
    }

    /// Makes a call through a paginator or a waiter of the SDK; `None` if the SDK has none.
    ///
    /// # Errors
    /// The driver does not respond in time, or breaks the protocol.
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
        self.exchange(DriverCall { through: Some(through), ..call }, session).map(Some)
    }

    /// Makes a call. After an error, the next call restarts the driver.
    fn exchange(&mut self, call: DriverCall, session: &DriverSession) -> Result<DriverOutcome> {
        if self.silences >= SILENCES_MAX {
            let silent = Silent(Duration::from_millis(call.deadline_ms) + GRACE);
            return Err(anyhow!(silent).context(format!(
                "the driver sent no message {SILENCES_MAX} times in a row and is not called again"
            )));
        }
        let outcome = self.try_exchange(call, session);
        match &outcome {
            Ok(_) => self.silences = 0,
            Err(error) if error.is::<Silent>() => self.silences += 1,
            Err(_) => {}
        }
        if outcome.is_err() {
            self.process = None;
            self.session = None;
        }
        outcome
    }

    fn try_exchange(&mut self, call: DriverCall, session: &DriverSession) -> Result<DriverOutcome> {
        if self.process.is_none() {
            ensure!(!groups::is_interrupted(), "the driver was ended after Ctrl-C or SIGTERM");
            self.process = Some(Process::start_with_hello(&self.command)?.0);
        }
        let process = self.process.as_mut().context("the driver does not run")?;
        if self.session.as_ref() != Some(session) {
            process.send(&DriverRequest::Session(session.clone()))?;
            let received = process.receive(HELLO_TIMEOUT);
            if received.as_ref().is_err_and(anyhow::Error::is::<Silent>) {
                // This took a minute. Another try would take one as well.
                self.silences = SILENCES_MAX;
            }
            ensure!(
                received? == DriverMessage::Session,
                "the driver did not answer `session` with `session`"
            );
            self.session = Some(session.clone());
        }
        self.seq = call.seq;
        let timeout = Duration::from_millis(call.deadline_ms) + GRACE;
        process.send(&DriverRequest::Call(call))?;
        match process.receive(timeout)? {
            DriverMessage::Answer { seq, outcome } if seq == self.seq => Ok(outcome),
            DriverMessage::Answer { seq, .. } => {
                bail!("the driver answered call {seq}; expected call {}", self.seq)
            }
            _ => bail!("the driver did not answer a call with `answer`"),
        }
    }

    /// Stops the driver.
    pub fn stop(self) {
        if let Some(process) = self.process {
            _ = process.stop();
        }
    }
}

impl Transport for Driver {
    fn send(&mut self, request: &OutgoingRequest<'_>) -> Result<RawResponse, Response> {
        let session = DriverSession::new(request.identity, request.destination);
        let (status, body) = self.call(request.form, &session, request.timeout)?;
        let (content_type, body) = ("text/xml".to_owned(), body.into_bytes());
        Ok(RawResponse { status, content_type, body, disclosure: Disclosure::default() })
    }
}

impl HttpClient {
    /// The driver that sends the requests of this client.
    #[must_use]
    pub fn driver(&self) -> Option<&Driver> {
        self.transport()
    }
}

/// The JSON schema of all messages.
///
/// # Errors
/// The schema cannot be written as JSON.
pub fn schema() -> Result<String> {
    let schema = serde_json::json!({
        "to the driver": schemars::schema_for!(DriverRequest),
        "from the driver": schemars::schema_for!(DriverMessage),
    });
    Ok(serde_json::to_string_pretty(&schema)? + "\n")
}
