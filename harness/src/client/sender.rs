//! Sends requests at a limited rate, with valid credentials, and traces each exchange.
//!
//! A `Sender` wraps a transport and adds the rate limit, the renewal of credentials, the request
//! counter and the trace.

use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use iamspec_conformance::response::FailureKind;
use iamspec_conformance::{Failure, Response};
use reqwest::Url;

use crate::aws::credentials::Identity;
use crate::aws::destination::Destination;
use crate::aws::emulator::Instance;
use crate::aws::trust::Trust;
use crate::client::connection::transport::{
    HttpTransport, OutgoingRequest, RawResponse, SigningService, Transport,
};
use crate::client::connection::waiting_time::WaitingTime;
use crate::client::trace::{Trace, disclose};
use crate::client::{guard, response};
use crate::wire::names;
use crate::wire::names::{member, value_of};
use crate::wire::output::visible::say;
use crate::wire::secrets::redact_and_cut;

/// The settings of a client.
pub struct ClientSettings {
    /// The endpoint.
    pub destination: Destination,
    /// The id of the run, which is a part of every name that the client creates.
    pub run: String,
    /// The identity that signs requests.
    pub identity: Identity,
    /// The longest time until a response.
    pub timeout: Duration,
    /// The highest number of requests per second.
    pub rate: Option<f64>,
    /// The certificates that the client trusts.
    pub trust: Trust,
    /// The longest time to wait for the endpoint in total.
    pub max_wait: Duration,
    /// Sends IAM requests instead of HTTP, for example an SDK driver.
    pub transport: Option<Box<dyn Transport>>,
    /// The file that records every exchange.
    pub trace: Option<Trace>,
}

impl ClientSettings {
    /// Settings for an endpoint on this machine, with example credentials.
    ///
    /// # Errors
    /// The endpoint is not a URL, or is on another machine.
    pub fn loopback(endpoint: &str, run: &str, timeout: Duration) -> Result<Self> {
        let destination = Destination::loopback(endpoint)?;
        Ok(Self { run: run.to_owned(), ..Self::plain(destination, Identity::fake(), timeout) })
    }

    /// Settings without a run, a rate limit, certificates, another transport or a trace.
    fn plain(destination: Destination, identity: Identity, timeout: Duration) -> Self {
        Self {
            destination,
            run: String::new(),
            identity,
            timeout,
            rate: None,
            trust: Trust::default(),
            max_wait: WaitingTime::DEFAULT,
            transport: None,
            trace: None,
        }
    }
}

/// A longer account id is cut.
const ACCOUNT_MAX: usize = 64;

/// Sends signed requests.
pub(crate) struct Sender {
    http: HttpTransport,
    /// Sends IAM requests instead of HTTP.
    transport: Option<Box<dyn Transport>>,
    destination: Destination,
    identity: Identity,
    timeout: Duration,
    trust: Trust,
    /// Shared by all clients of a run.
    waited: Arc<WaitingTime>,
    /// Shared by all clients of a run.
    rate_limit: Option<SharedRateLimit>,
    pub(crate) trace: Option<Trace>,
    /// How long the last response asked to wait before the next request.
    pub(crate) retry_after: Option<Duration>,
    /// The number of requests that were sent.
    pub(crate) sent: usize,
    /// The account that the credentials must belong to. Shared by all clients of a run.
    owner: Arc<Owner>,
}

/// The account of a run, if the user has said that it is theirs.
#[derive(Debug, Default)]
struct Owner {
    account: OnceLock<String>,
    /// The account of renewed credentials, if it is another one. The run stops.
    other: OnceLock<String>,
    /// Another reason to end the run.
    end: OnceLock<Failure>,
    /// Set to stop the run.
    stop: OnceLock<Arc<AtomicBool>>,
}

impl Owner {
    fn is_stopped(&self) -> bool {
        self.stop.get().is_some_and(|it| it.load(Ordering::Relaxed))
    }
}

impl Sender {
    pub(crate) fn new(settings: ClientSettings) -> Result<Self> {
        let ClientSettings { destination, timeout, trust, .. } = settings;
        let http = HttpTransport::new(&destination, timeout, &trust)?;
        let (endpoint, region) = (&destination.url, &destination.region);
        tracing::debug!(%endpoint, region, credentials = settings.identity.source());
        Ok(Self {
            http,
            transport: settings.transport,
            destination,
            identity: settings.identity,
            timeout,
            trust,
            waited: Arc::new(WaitingTime::new(settings.max_wait)),
            rate_limit: settings.rate.map(SharedRateLimit::new),
            trace: settings.trace,
            retry_after: None,
            sent: 0,
            owner: Arc::default(),
        })
    }

    /// Whether the endpoint is on this machine.
    pub(crate) const fn is_loopback(&self) -> bool {
        self.destination.loopback
    }

    /// Requires that renewed credentials belong to this account.
    pub(crate) fn set_owned_account(&self, account: &str) {
        _ = self.owner.account.set(account.to_owned());
    }

    /// Sets a flag that is set if renewed credentials belong to another account.
    pub(crate) fn set_stop_flag(&self, flag: &Arc<AtomicBool>) {
        _ = self.owner.stop.set(Arc::clone(flag));
    }

    /// Why the run must end, if the endpoint has let it wait for too long or is not the same one.
    pub(crate) fn end_reason(&self) -> Option<&Failure> {
        self.owner.end.get()
    }

    /// Ends the run for this reason, and says so once.
    fn end_run(&self, kind: FailureKind, detail: String) {
        if self.owner.end.set(Failure { kind, detail }).is_ok() {
            self.owner.stop.get().inspect(|flag| flag.store(true, Ordering::Relaxed));
            self.owner.end.get().inspect(|it| say(&format!("{}; the run ends", it.detail)));
        }
    }

    /// The time of a wait that the endpoint has asked for, within what is left of the total.
    pub(crate) fn waiting_time(&mut self, own: Duration) -> Duration {
        let Some(asked) = self.retry_after.take().filter(|it| *it > own) else { return own };
        let granted = self.waited.grant(asked.saturating_sub(own));
        self.check_waiting_time();
        own.saturating_add(granted)
    }

    /// Pauses before the next attempt. A stop of the run shortens the pause.
    pub(crate) fn pause(&self, time: Duration) {
        sleep(time, &|| self.owner.is_stopped());
    }

    fn check_waiting_time(&self) {
        if let Some(detail) = self.waited.is_exhausted() {
            self.end_run(FailureKind::Timeout, detail);
        }
    }

    /// The account of renewed credentials, if it is not the one of the run.
    pub(crate) fn other_account(&self) -> Option<&str> {
        self.owner.other.get().map(String::as_str)
    }

    /// A sender for the same endpoint with connections of its own, without a rate limit.
    pub(crate) fn unlimited(&self) -> Result<Self> {
        let (destination, identity) = (self.destination.clone(), self.identity.clone());
        let settings = ClientSettings {
            trust: self.trust.clone(),
            ..ClientSettings::plain(destination, identity, self.timeout)
        };
        let (owner, waited) = (Arc::clone(&self.owner), Arc::clone(&self.waited));
        Ok(Self { waited, owner, ..Self::new(settings)? })
    }

    /// Takes the rate limit away until it is set again.
    pub(crate) const fn take_rate_limit(&mut self) -> Option<SharedRateLimit> {
        self.rate_limit.take()
    }

    /// Sets a rate limit that was taken away.
    pub(crate) fn set_rate_limit(&mut self, limit: Option<SharedRateLimit>) {
        self.rate_limit = limit;
    }

    /// Whether the responses to IAM requests are those of the endpoint itself, so that their form is
    /// tested.
    pub(crate) fn keeps_form(&self) -> bool {
        self.transport.as_ref().is_none_or(|it| it.keeps_form())
    }

    /// Whether something else than HTTP sends IAM requests.
    pub(crate) const fn has_transport(&self) -> bool {
        self.transport.is_some()
    }

    /// A sender that sends IAM requests over HTTP; `None` if this one already receives the responses of
    /// the endpoint itself.
    pub(crate) fn without_transport(&self) -> Option<Self> {
        if self.keeps_form() { None } else { self.unlimited().ok() }
    }

    /// A sender for calls that are expected to fail while the endpoint starts. They use up no waiting
    /// time of the run.
    pub(crate) fn for_waiting(&self) -> Result<Self> {
        Ok(Self { waited: Arc::new(WaitingTime::new(Duration::MAX)), ..self.unlimited()? })
    }

    /// The endpoints.
    pub(crate) const fn destination(&self) -> &Destination {
        &self.destination
    }

    /// A sender for another thread, with the same rate limit. `None` if requests must stay in
    /// order, for another transport or a trace.
    pub(crate) fn for_another_thread(&self) -> Option<Self> {
        let sequential = self.transport.is_some() || self.trace.is_some();
        let other = if sequential { None } else { self.unlimited().ok() }?;
        Some(Self { rate_limit: self.rate_limit.clone(), ..other })
    }

    /// Sends a form, signed by `signer` or else by the identity of the run.
    pub(crate) fn post(
        &mut self,
        service: SigningService,
        form: &[(String, String)],
        signer: Option<&Identity>,
    ) -> Result<RawResponse, Response> {
        let unsent =
            |error: anyhow::Error| Response::failed(FailureKind::Unsent, format!("{error:#}"));
        if signer.is_none() && service == SigningService::Iam {
            self.renew_credentials().map_err(unsent)?;
        }
        if let Some(other) = self.other_account() {
            guard::check_after_account_change(form, other).map_err(unsent)?;
        }
        if let Some(limit) = &self.rate_limit {
            limit.wait(&|| self.owner.is_stopped());
        }
        let start = Instant::now();
        let transport = match &mut self.transport {
            Some(transport) if service == SigningService::Iam => transport.as_mut(),
            _ => &mut self.http,
        };
        let response = transport.send(&OutgoingRequest {
            service,
            form,
            identity: signer.unwrap_or(&self.identity),
            destination: &self.destination,
            timeout: self.timeout,
        });
        self.retry_after = transport.retry_after();
        let elapsed = start.elapsed();
        let response = disclose(form, signer.unwrap_or(&self.identity), response);
        if matches!(&response, Err(Response::Failed(it)) if it.kind == FailureKind::Timeout) {
            self.waited.add_hanging(elapsed);
            self.check_waiting_time();
        }
        let response = self.unless_restarted(response);
        self.sent += usize::from(response.as_ref().err().is_none_or(was_sent));
        log(form, &response, elapsed);
        if let Some(trace) = &mut self.trace {
            trace.record(form, &response, elapsed);
        }
        response
    }

    /// The response, unless the emulator is not the one that the run began with: then nothing that
    /// it says is about what the run has created.
    fn unless_restarted(
        &self,
        response: Result<RawResponse, Response>,
    ) -> Result<RawResponse, Response> {
        match self.destination.emulator.as_ref().and_then(Instance::change) {
            Some(change) => {
                self.end_run(FailureKind::Unreachable, change.clone());
                Err(Response::failed(FailureKind::Unreachable, change))
            }
            None => response,
        }
    }

    /// The identity that signs.
    pub(crate) const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The transport that replaces HTTP, if it is of this type.
    pub(crate) fn transport<T: Transport>(&self) -> Option<&T> {
        let transport: &dyn Any = self.transport.as_deref()?;
        transport.downcast_ref()
    }

    /// Reads the credentials anew if they expire soon. Those of another account are not used: the
    /// cleanup continues with the old ones.
    fn renew_credentials(&mut self) -> Result<()> {
        if !self.identity.expires() || self.other_account().is_some() {
            return Ok(());
        }
        let renewed =
            self.identity.renewed().context("the credentials expire, and there are no others")?;
        if let Some(owned) = self.owner.account.get().cloned() {
            let account = self.account_of(&renewed)?;
            if account != owned {
                _ = self.owner.other.set(account);
                self.owner.stop.get().inspect(|flag| flag.store(true, Ordering::Relaxed));
                return Ok(());
            }
        }
        self.identity = renewed;
        Ok(())
    }

    /// The account that an identity belongs to, from STS.
    fn account_of(&mut self, identity: &Identity) -> Result<String> {
        let action = "GetCallerIdentity";
        let form = [member("Action", action), member("Version", names::STS_VERSION)];
        let raw = self.post(SigningService::Sts, &form, Some(identity));
        let found = raw.and_then(|raw| response::result(action, &raw)).map_err(|why| {
            anyhow!("STS does not say whose account the renewed credentials belong to: {why}")
        })?;
        let account = found.text_of("Account").filter(|it| !it.is_empty());
        account.map(|it| redact_and_cut(it, ACCOUNT_MAX)).context("STS returned no account")
    }

    /// The STS endpoint.
    pub(crate) const fn sts(&self) -> &Url {
        &self.destination.sts
    }
}

/// Whether a request without a response left this machine.
fn was_sent(failure: &Response) -> bool {
    let unsent =
        |kind| matches!(kind, FailureKind::Unsent | FailureKind::Unreachable | FailureKind::Client);
    !matches!(failure, Response::Failed(it) if unsent(it.kind))
}

/// Logs an exchange without the values of members, which may be secret.
fn log(form: &[(String, String)], response: &Result<RawResponse, Response>, elapsed: Duration) {
    let action = value_of(form, "Action").unwrap_or_default();
    let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    match response {
        Ok(it) => tracing::debug!(action, status = it.status, bytes = it.body.len(), milliseconds),
        Err(why) => tracing::debug!(action, %why, milliseconds),
    }
    let members = form.iter().map(|(name, value)| format!("{name} ({})", value.len()));
    tracing::trace!(action, members = %members.collect::<Vec<_>>().join(" "));
}

/// The longest wait after a stop, so that the cleanup ends even at a very low rate.
const STOPPED_WAIT_MAX: Duration = Duration::from_secs(1);

/// How often a wait looks for a stop.
const SLICE: Duration = Duration::from_millis(50);

/// Waits this long; after a stop at most [`STOPPED_WAIT_MAX`].
fn sleep(time: Duration, is_stopped: &dyn Fn() -> bool) {
    let started = Instant::now();
    loop {
        let most = if is_stopped() { time.min(STOPPED_WAIT_MAX) } else { time };
        let left = most.saturating_sub(started.elapsed());
        if left.is_zero() {
            break;
        }
        std::thread::sleep(left.min(SLICE));
    }
}

/// The rate limit that all clients of a run share.
#[derive(Clone)]
pub(crate) struct SharedRateLimit(Arc<Mutex<RateLimit>>);

impl SharedRateLimit {
    fn new(rate: f64) -> Self {
        Self(Arc::new(Mutex::new(RateLimit::new(rate))))
    }

    fn wait(&self, is_stopped: &dyn Fn() -> bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).wait(is_stopped);
    }
}

/// A token bucket. A crate would add keys, jitter and clocks that one sender does not need.
struct RateLimit {
    rate: f64,
    tokens: f64,
    updated: Instant,
}

impl RateLimit {
    /// How many seconds' worth of requests may be sent at once.
    const BURST: f64 = 1.0;

    fn new(rate: f64) -> Self {
        Self { rate, tokens: rate.max(1.0) * Self::BURST, updated: Instant::now() }
    }

    /// Waits for the next token; after a stop at most [`STOPPED_WAIT_MAX`].
    fn wait(&mut self, is_stopped: &dyn Fn() -> bool) {
        let now = Instant::now();
        let most = self.rate.max(1.0) * Self::BURST;
        let earned = now.duration_since(self.updated).as_secs_f64() * self.rate;
        self.tokens = (self.tokens + earned).min(most) - 1.0;
        self.updated = now;
        let wait = Duration::try_from_secs_f64(-self.tokens.min(0.0) / self.rate);
        let wait = wait.unwrap_or(Duration::MAX);
        sleep(wait, is_stopped);
    }
}

/// Sends forms and returns raw responses, without names, a journal or a guard.
pub struct FormSender(Sender);

impl FormSender {
    /// A sender for an endpoint on this machine.
    ///
    /// # Errors
    /// The HTTP client cannot be created.
    pub fn new(destination: Destination, identity: Identity, timeout: Duration) -> Result<Self> {
        Ok(Self(Sender::new(ClientSettings::plain(destination, identity, timeout))?))
    }

    /// Sends a form and returns the status and the body of the response.
    ///
    /// # Errors
    /// There is no response, or its body is not UTF-8.
    pub fn post(&mut self, form: &[(String, String)]) -> Result<(u16, String)> {
        let response =
            self.0.post(SigningService::Iam, form, None).map_err(|why| anyhow!("{why}"))?;
        Ok((response.status, String::from_utf8(response.body)?))
    }
}
