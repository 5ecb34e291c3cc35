//! One signed request out, one answer in: no more often than is asked for, and no longer than it may be.
//!
//! Signature version 4, by AWS's own library.
//!
//! How an endpoint is asked.
//!
//! A form, signed and sent, and what came back, as it is: for a driver of our own.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, anyhow, bail};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use iamspec_conformance::Response;
use iamspec_conformance::response::FailureKind;
use reqwest::Url;

use crate::aws::config::Config;
use crate::aws::credentials::Identity;
use crate::aws::destination::Destination;
use crate::client::trace::Trace;
use crate::driver::Driver;

/// More than this is not an answer. The longest real ones, full pages of certificates, have less.
const ANSWER_MAX: usize = 1 << 20;

/// No service is waited for longer than so many seconds.
const WAIT_MAX: u64 = 60;

/// How requests are written (E-018).
const CONTENT_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// What came back.
pub(crate) struct RawResponse {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
}

/// Whom a request is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum SigningService {
    Iam,
    Sts,
}

pub(crate) struct Sender {
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
    destination: Destination,
    identity: Identity,
    /// Who sends what is for IAM in our place.
    driver: Option<Driver>,
    timeout: Duration,
    authorities: Option<PathBuf>,
    /// One for all who ask at the same time.
    pace: Option<Arc<Mutex<RateLimit>>>,
    pub(crate) trace: Option<Trace>,
    /// What the last answer asked to wait before the next request.
    pub(crate) asked_to_wait: Option<Duration>,
    /// How many requests it has sent.
    pub(crate) sent: usize,
}

impl Sender {
    pub(crate) fn new(settings: ClientSettings) -> Result<Self> {
        let client =
            client(&settings.destination, settings.timeout, settings.authorities.as_deref())?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start the client's runtime")?;
        let (endpoint, region) = (&settings.destination.url, &settings.destination.region);
        tracing::debug!(%endpoint, region, credentials = settings.identity.source());
        Ok(Self {
            runtime,
            client,
            destination: settings.destination,
            identity: settings.identity,
            driver: settings.driver,
            timeout: settings.timeout,
            authorities: settings.authorities,
            pace: settings.rate.map(|rate| Arc::new(Mutex::new(RateLimit::new(rate)))),
            trace: settings.trace,
            asked_to_wait: None,
            sent: 0,
        })
    }

    /// One that asks as this one does, over connections of its own, and as fast as it can.
    pub(crate) fn another(&self) -> Result<Self> {
        Self::new(ClientSettings {
            destination: self.destination.clone(),
            run: String::new(),
            identity: self.identity.clone(),
            timeout: self.timeout,
            rate: None,
            authorities: self.authorities.clone(),
            driver: None,
            trace: None,
        })
    }

    /// One that asks at the same time, and together no more often; nothing where what is sent must stay in
    /// its order, for a driver or a trace.
    pub(crate) fn fork(&self) -> Option<Self> {
        let alone = self.driver.is_some() || self.trace.is_some();
        let other = if alone { None } else { self.another().ok() }?;
        Some(Self { pace: self.pace.clone(), ..other })
    }

    /// Sends a form, signed by this identity or else by the one of the run.
    pub(crate) fn post(
        &mut self,
        service: SigningService,
        form: &[(String, String)],
        signer: Option<&Identity>,
    ) -> Result<RawResponse, Response> {
        let unsent =
            |error: anyhow::Error| Response::interrupted(FailureKind::Unsent, format!("{error:#}"));
        self.renew(signer).map_err(unsent)?;
        if let Some(pace) = &self.pace {
            pace.lock().unwrap_or_else(PoisonError::into_inner).keep();
        }
        self.asked_to_wait = None;
        let begun = Instant::now();
        let answer = if service == SigningService::Iam && self.driver.is_some() {
            self.drive(form, signer)
        } else {
            let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
            let request = self.request(service, body, signer).map_err(unsent)?;
            self.runtime.block_on(receive(request, &mut self.asked_to_wait))
        };
        let took = begun.elapsed();
        self.sent += usize::from(answer.as_ref().err().is_none_or(was_sent));
        told(form, &answer, took);
        if let Some(trace) = &mut self.trace {
            trace.note(form, &answer, took);
        }
        answer
    }

    /// The same through a driver.
    fn drive(
        &mut self,
        form: &[(String, String)],
        signer: Option<&Identity>,
    ) -> Result<RawResponse, Response> {
        let session = signer.unwrap_or(&self.identity).session(&self.destination);
        let Some(driver) = &mut self.driver else {
            return Err(Response::interrupted(FailureKind::Unsent, "there is no driver"));
        };
        let (status, body) = driver.call(form, &session, self.timeout)?;
        Ok(RawResponse { status, content_type: "text/xml".to_owned(), body: body.into_bytes() })
    }

    /// Who sends in our place.
    pub(crate) const fn driver(&self) -> Option<&Driver> {
        self.driver.as_ref()
    }

    /// Finds credentials again that expire.
    fn renew(&mut self, signer: Option<&Identity>) -> Result<()> {
        if signer.is_none() && self.identity.expires() {
            self.identity = Identity::find(&Config::read()?)
                .context("the credentials expire, and there are no others")?;
        }
        Ok(())
    }

    fn request(
        &mut self,
        service: SigningService,
        body: String,
        signer: Option<&Identity>,
    ) -> Result<reqwest::RequestBuilder> {
        let (url, name) = match service {
            SigningService::Iam => (&self.destination.url, "iam"),
            SigningService::Sts => (&self.destination.sts, "sts"),
        };
        let scope = (name, self.destination.region.as_str());
        let signer = signer.unwrap_or(&self.identity);
        let headers = headers(signer, scope, url, (CONTENT_TYPE, body.as_bytes()))?;
        let mut request = self.client.post(url.clone()).header("content-type", CONTENT_TYPE);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        Ok(request.body(body))
    }

    /// Where it is asked whose credentials these are.
    pub(crate) const fn sts(&self) -> &Url {
        &self.destination.sts
    }
}

/// Whether a request that was not answered left this machine.
fn was_sent(lost: &Response) -> bool {
    let unsent = |cause| {
        matches!(cause, FailureKind::Unsent | FailureKind::Unreachable | FailureKind::Client)
    };
    !matches!(lost, Response::Interrupted(it) if unsent(it.cause))
}

fn client(
    destination: &Destination,
    timeout: Duration,
    certificates: Option<&Path>,
) -> Result<reqwest::Client> {
    // Installing twice fails, and then the first is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut client = reqwest::Client::builder()
        .timeout(timeout)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("iamspec/", env!("CARGO_PKG_VERSION")));
    if destination.loopback {
        client = client.no_proxy();
    }
    let plain = [&destination.url, &destination.sts].iter().all(|it| it.scheme() == "http");
    if let Some(file) = certificates {
        client = client.tls_certs_only(authorities(file)?);
    } else if plain {
        // Nobody needs those of the machine, which take longer to read than a hundred requests.
        client = client.tls_certs_only([]);
    }
    client.build().context("cannot make an HTTP client")
}

/// Says what was asked and answered: no value of a member, for it may be secret.
fn told(form: &[(String, String)], answer: &Result<RawResponse, Response>, took: Duration) {
    let action = form.iter().find(|(name, _)| name == "Action").map_or("", |(_, value)| value);
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    match answer {
        Ok(it) => tracing::debug!(action, status = it.status, bytes = it.body.len(), milliseconds),
        Err(why) => tracing::debug!(action, %why, milliseconds),
    }
    let members = form.iter().map(|(name, value)| format!("{name} ({})", value.len()));
    tracing::trace!(action, members = %members.collect::<Vec<_>>().join(" "));
}

async fn receive(
    request: reqwest::RequestBuilder,
    asked_to_wait: &mut Option<Duration>,
) -> Result<RawResponse, Response> {
    let mut response = request.send().await.map_err(|error| interruption(&error))?;
    let header = |name| response.headers().get(name).and_then(|it| it.to_str().ok());
    let content_type = header("content-type").unwrap_or_default().to_owned();
    let seconds = header("retry-after").and_then(|it| it.parse().ok());
    *asked_to_wait = seconds.map(|it: u64| Duration::from_secs(it.min(WAIT_MAX)));
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| interruption(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_MAX {
            let detail = format!("more than {ANSWER_MAX} bytes");
            return Err(Response::interrupted(FailureKind::Unreadable, detail));
        }
    }
    Ok(RawResponse { status, content_type, body })
}

fn interruption(error: &reqwest::Error) -> Response {
    let cause = if error.is_connect() {
        FailureKind::Unreachable
    } else if error.is_timeout() {
        FailureKind::Timeout
    } else {
        FailureKind::Reset
    };
    let mut detail = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        detail = inner.to_string();
        source = inner.source();
    }
    Response::interrupted(cause, detail)
}

/// The certificates of a file, which are believed instead of those of the machine.
fn authorities(file: &Path) -> Result<Vec<reqwest::Certificate>> {
    let pem = std::fs::read(file)
        .with_context(|| format!("cannot read AWS_CA_BUNDLE, {}", file.display()))?;
    let read = reqwest::Certificate::from_pem_bundle(&pem)
        .with_context(|| format!("AWS_CA_BUNDLE, {}, holds no certificates", file.display()))?;
    if read.is_empty() {
        bail!("AWS_CA_BUNDLE, {}, holds no certificates", file.display());
    }
    Ok(read)
}

/// So many requests a second, and so many at once after a rest: a bucket of tokens.
struct RateLimit {
    rate: f64,
    tokens: f64,
    at: Instant,
}

impl RateLimit {
    /// How many seconds' worth may be sent at once.
    const BURST: f64 = 1.0;

    fn new(rate: f64) -> Self {
        Self { rate, tokens: rate.max(1.0) * Self::BURST, at: Instant::now() }
    }

    /// Waits for the next token.
    fn keep(&mut self) {
        let now = Instant::now();
        let most = self.rate.max(1.0) * Self::BURST;
        let earned = now.duration_since(self.at).as_secs_f64() * self.rate;
        self.tokens = (self.tokens + earned).min(most) - 1.0;
        self.at = now;
        if self.tokens < 0.0 {
            std::thread::sleep(Duration::from_secs_f64(-self.tokens / self.rate));
        }
    }
}

/// The headers that sign this body (E-018), with the token of a temporary key.
pub(crate) fn headers(
    identity: &Identity,
    (service, region): (&str, &str),
    url: &Url,
    (content_type, body): (&str, &[u8]),
) -> Result<Vec<(String, String)>> {
    let credentials = identity.credentials().clone().into();
    let params = v4::SigningParams::builder()
        .identity(&credentials)
        .region(region)
        .name(service)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .context("cannot describe the signature")?
        .into();
    let headers = [("content-type", content_type)].into_iter();
    let request = SignableRequest::new("POST", url.as_str(), headers, SignableBody::Bytes(body))
        .context("cannot prepare the signature")?;
    let (instructions, _) = sign(request, &params).context("cannot sign")?.into_parts();
    let named = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Ok(instructions.headers().map(named).collect())
}

/// How an endpoint is asked.
pub struct ClientSettings {
    /// Which one.
    pub destination: Destination,
    /// What tells the names of this run from those of others.
    pub run: String,
    /// Who asks.
    pub identity: Identity,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How many requests a second are sent at most.
    pub rate: Option<f64>,
    /// A file of certificates to believe, instead of those of the machine.
    pub authorities: Option<PathBuf>,
    /// Who makes the calls in our place.
    pub driver: Option<Driver>,
    /// Where it is written down what went over the wire.
    pub trace: Option<Trace>,
}

impl ClientSettings {
    /// An endpoint of this machine, with credentials that open nothing.
    ///
    /// # Errors
    /// What is no URL, or of another machine.
    pub fn loopback(endpoint: &str, run: &str, timeout: Duration) -> Result<Self> {
        Ok(Self {
            destination: Destination::loopback(endpoint)?,
            run: run.to_owned(),
            identity: Identity::fake(),
            timeout,
            rate: None,
            authorities: None,
            driver: None,
            trace: None,
        })
    }
}

/// Sends forms.
pub struct FormSender(Sender);

impl FormSender {
    /// To an endpoint of this machine, as this identity.
    ///
    /// # Errors
    /// A client that cannot be made.
    pub fn new(destination: Destination, identity: Identity, timeout: Duration) -> Result<Self> {
        let settings = ClientSettings {
            destination,
            run: String::new(),
            identity,
            timeout,
            rate: None,
            authorities: None,
            driver: None,
            trace: None,
        };
        Ok(Self(Sender::new(settings)?))
    }

    /// The status and the body of the answer.
    ///
    /// # Errors
    /// There is none, or none in text.
    pub fn post(&mut self, form: &[(String, String)]) -> Result<(u16, String)> {
        let answer =
            self.0.post(SigningService::Iam, form, None).map_err(|why| anyhow!("{why}"))?;
        Ok((answer.status, String::from_utf8(answer.body)?))
    }
}
