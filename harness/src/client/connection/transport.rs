//! How a request reaches the endpoint: the [`Transport`] trait and its implementation over HTTP.
//!
//! Another transport, such as an SDK driver, may replace HTTP for IAM requests. A transport sends
//! one request and returns one raw response; it neither retries nor interprets.

use std::any::Any;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use iamspec_conformance::Response;
use iamspec_conformance::response::FailureKind;
use reqwest::Url;
use reqwest::header::CONNECTION;

use crate::aws::credentials::Identity;
use crate::aws::destination::Destination;
use crate::aws::trust::Trust;
use crate::client::connection::certificates::trusting;
use crate::wire::secrets;

/// Longer responses are not read. The longest real ones, full pages of certificates, are shorter.
pub const RESPONSE_MAX: usize = 1 << 20;

/// A longer `Retry-After` is cut to this many seconds.
const RETRY_AFTER_MAX: u64 = 60;

/// How often the idle connections are polled before a request: once for what has arrived, once for
/// the connection to see it, and once for it to close.
const IDLE_POLLS: usize = 3;

/// The content type of requests (E-018).
const CONTENT_TYPE: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// A response before it is interpreted.
#[derive(Clone)]
pub struct RawResponse {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type` header, or an empty text.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
    /// Which of its texts may be shown.
    pub disclosure: Disclosure,
}

/// Which texts of a response may be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Disclosure {
    /// Every text, without the secrets that are known.
    #[default]
    Redacted,
    /// Texts that can be no secret: the response may hold a new one in any element.
    Harmless,
    /// No text: the request or the response has a secret that is too short to be searched for.
    Nothing,
}

/// The service that a request is signed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SigningService {
    /// IAM itself.
    Iam,
    /// STS, which identifies the caller.
    Sts,
}

/// A request that is ready to be signed and sent.
#[derive(Clone, Copy, Debug)]
pub struct OutgoingRequest<'a> {
    /// The service that receives it.
    pub service: SigningService,
    /// Its members.
    pub form: &'a [(String, String)],
    /// The identity that signs it.
    pub identity: &'a Identity,
    /// The endpoints and the region.
    pub destination: &'a Destination,
    /// The longest time until the response.
    pub timeout: Duration,
}

/// A request with its signature, as HTTP sends it.
pub struct EncodedRequest {
    /// The URL. The method is `POST`.
    pub url: Url,
    /// The headers, except `Host`.
    pub headers: Vec<(String, String)>,
    /// The form, encoded.
    pub body: String,
}

impl OutgoingRequest<'_> {
    /// Encodes and signs the request.
    ///
    /// # Errors
    /// The request cannot be signed.
    pub fn signed(&self) -> Result<EncodedRequest> {
        let mut body = form_urlencoded::Serializer::new(String::new());
        let body = body.extend_pairs(self.form).finish();
        let (url, service) = match self.service {
            SigningService::Iam => (&self.destination.url, "iam"),
            SigningService::Sts => (&self.destination.sts, "sts"),
        };
        let scope = (service, self.destination.region.as_str());
        let mut all = vec![("content-type".to_owned(), CONTENT_TYPE.to_owned())];
        all.extend(headers(self.identity, scope, url, (CONTENT_TYPE, body.as_bytes()))?);
        for (_, value) in &all {
            if let Some((_, signature)) = value.rsplit_once("Signature=") {
                secrets::remember_signature(signature);
            }
        }
        Ok(EncodedRequest { url: url.clone(), headers: all, body })
    }
}

/// Sends prepared requests and returns raw responses.
pub trait Transport: Any + Send {
    /// Sends a request once.
    ///
    /// # Errors
    /// The failure that replaces the response.
    fn send(&mut self, request: &OutgoingRequest<'_>) -> Result<RawResponse, Response>;

    /// How long the last response asked to wait before the next request.
    fn retry_after(&mut self) -> Option<Duration> {
        None
    }

    /// Whether the responses are those of the endpoint itself, so that their form is tested. An SDK
    /// returns what it has read from them.
    fn keeps_form(&self) -> bool {
        false
    }
}

/// The pause that a `Retry-After` header asks for, up to a limit. `None` if it is not a number of
/// seconds.
#[must_use]
pub fn pause_of(retry_after: Option<&str>) -> Option<Duration> {
    let seconds = retry_after.and_then(|it| it.parse().ok());
    seconds.map(|it: u64| Duration::from_secs(it.min(RETRY_AFTER_MAX)))
}

/// Signed requests over HTTP, over connections of its own.
pub(crate) struct HttpTransport {
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
    /// Whether each request has a connection of its own.
    is_without_pool: bool,
    retry_after: Option<Duration>,
}

impl HttpTransport {
    /// A transport for one destination.
    pub(crate) fn new(destination: &Destination, timeout: Duration, trust: &Trust) -> Result<Self> {
        let client = client(destination, timeout, trust)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start the client's runtime")?;
        Ok(Self { runtime, client, is_without_pool: false, retry_after: None })
    }

    fn signed(&self, request: &OutgoingRequest<'_>) -> Result<reqwest::RequestBuilder> {
        let EncodedRequest { url, headers, body } = request.signed()?;
        let mut builder = self.client.post(url);
        if self.is_without_pool {
            builder = builder.header(CONNECTION, "close");
        }
        let add = |builder: reqwest::RequestBuilder, (name, value)| builder.header(name, value);
        Ok(headers.into_iter().fold(builder, add).body(body))
    }
}

impl Transport for HttpTransport {
    fn send(&mut self, request: &OutgoingRequest<'_>) -> Result<RawResponse, Response> {
        self.retry_after = None;
        let request = self
            .signed(request)
            .map_err(|error| Response::failed(FailureKind::Unsent, format!("{error:#}")))?;
        let retry_after = &mut self.retry_after;
        let response = self.runtime.block_on(async {
            // A connection on which something has arrived since the last response is closed here.
            // The client would take those bytes for the response to this request.
            for _ in 0..IDLE_POLLS {
                tokio::task::yield_now().await;
            }
            receive(request, retry_after).await
        });
        // The endpoint may close each connection after a response without saying so: from now on, each
        // request has a connection of its own.
        self.is_without_pool |=
            matches!(&response, Err(Response::Failed(it)) if it.kind == FailureKind::Reset);
        response
    }

    fn retry_after(&mut self) -> Option<Duration> {
        self.retry_after
    }
}

fn client(destination: &Destination, timeout: Duration, trust: &Trust) -> Result<reqwest::Client> {
    let is_plain = [&destination.url, &destination.sts].iter().all(|it| it.scheme() == "http");
    let client = trusting(builder(destination, timeout), trust, is_plain)?;
    let client = client.user_agent(concat!("iamspec/", env!("CARGO_PKG_VERSION")));
    client.build().context("cannot create an HTTP client")
}

/// A client that sends the requests of others: it adds no header but `Accept: */*`, which means the
/// same as none.
///
/// # Errors
/// The certificates cannot be read.
pub(crate) fn forwarding_client(
    destination: &Destination,
    timeout: Duration,
    trust: &Trust,
) -> Result<reqwest::Client> {
    let is_plain = destination.url.scheme() == "http";
    let client = trusting(builder(destination, timeout), trust, is_plain)?;
    client.build().context("cannot create an HTTP client")
}

fn builder(destination: &Destination, timeout: Duration) -> reqwest::ClientBuilder {
    let mut client =
        reqwest::Client::builder().timeout(timeout).redirect(reqwest::redirect::Policy::none());
    if destination.loopback {
        client = client.no_proxy();
    }
    for (name, addresses) in &destination.addresses {
        client = client.resolve_to_addrs(name, addresses);
    }
    client
}

/// The time limit of a handshake that only finds out whether a port speaks TLS.
const HANDSHAKE_MAX: Duration = Duration::from_secs(2);

/// Whether the port of a plain URL speaks TLS. Sends an unsigned request without content.
pub(crate) fn speaks_tls(destination: &Destination) -> bool {
    let mut secured = destination.clone();
    // A URL with a host takes the scheme.
    if secured.url.set_scheme("https").is_err() {
        return false;
    }
    let port = destination.url.port_or_known_default();
    _ = secured.url.set_port(port);
    let url = secured.url.clone();
    let builder = builder(&secured, HANDSHAKE_MAX * 2).connect_timeout(HANDSHAKE_MAX);
    let Ok(client) = trusting(builder, &Trust::Everything, false).and_then(|it| Ok(it.build()?))
    else {
        return false;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return false };
    let result = runtime.block_on(async { client.get(url).send().await });
    result.map_or_else(|error| !error.is_connect(), |_| true)
}

async fn receive(
    request: reqwest::RequestBuilder,
    retry_after: &mut Option<Duration>,
) -> Result<RawResponse, Response> {
    let mut response = request.send().await.map_err(|error| failure(&error))?;
    let header = |name| response.headers().get(name).and_then(|it| it.to_str().ok());
    let content_type = header("content-type").unwrap_or_default().to_owned();
    *retry_after = pause_of(header("retry-after"));
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > RESPONSE_MAX {
            let detail = format!("more than {RESPONSE_MAX} bytes");
            return Err(Response::failed(FailureKind::Unreadable, detail));
        }
    }
    Ok(RawResponse { status, content_type, body, disclosure: Disclosure::default() })
}

fn failure(error: &reqwest::Error) -> Response {
    let kind = if error.is_connect() {
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
    Response::failed(kind, detail)
}

/// The headers that sign a body (E-018), with the session token of a temporary key. AWS's own
/// library signs; the reference server verifies with independent code.
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
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Ok(instructions.headers().map(owned).collect())
}
