//! Records traffic: a proxy on this machine that forwards each request unchanged to an endpoint,
//! and writes the exchange without its secrets into a HAR file.
//!
//! The `Host` header is forwarded as the client sent it, so that the signature of the request stays
//! valid. The proxy holds no credentials.

mod entry;
mod har_file;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, ensure};
use hyper::body::Bytes;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Response as HttpResponse, StatusCode};
use reqwest::Url;

use crate::audit_log::recorder::entry::{ForwardedExchange, ForwardedResponse};
use crate::audit_log::recorder::har_file::HarFile;
use crate::aws::destination::Destination;
use crate::aws::trust::Trust;
use crate::client::connection::transport::forwarding_client;
use crate::server::listener::{Limits, Listener, Respond};
use crate::server::reply::ReplyBody;
use crate::wire::output::visible::say;
use crate::wire::secrets::redact;

/// A longer response is not forwarded. A page of IAM is shorter.
const RESPONSE_MAX: usize = 16 << 20;

/// The longest time until the response. The client usually ends before.
const TIMEOUT: Duration = Duration::from_mins(5);

/// The headers that concern one connection and are not forwarded, besides those that `Connection`
/// names. The length is that of the body.
const OF_CONNECTION: [HeaderName; 9] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::CONTENT_LENGTH,
];

/// How much was recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RecordCounts {
    /// The number of exchanges in the file.
    pub(crate) entries: usize,
    /// The number of exchanges that were forwarded and are not in the file, because it is full.
    pub(crate) left_out: usize,
}

/// A running proxy that records what it forwards.
pub(crate) struct Recorder {
    listener: Listener,
    proxy: Proxy,
}

impl Recorder {
    /// Starts to listen on this address. `names` are further host names that requests may be
    /// addressed to.
    ///
    /// # Errors
    /// The endpoint has a path, the file cannot be written, or the address is in use.
    pub(crate) fn start(
        address: SocketAddr,
        names: &[String],
        (destination, trust): (&Destination, &Trust),
        file: &Path,
    ) -> Result<Self> {
        ensure!(
            destination.url.path() == "/",
            "{} has a path, and a signed path cannot be changed; expected a URL such as \
             http://127.0.0.1:5000",
            destination.shown_url()
        );
        let proxy = Proxy(Arc::new(Shared {
            client: forwarding_client(destination, TIMEOUT, trust)?,
            endpoint: destination.shown_url(),
            file: Mutex::new(Some(HarFile::begin(file)?)),
        }));
        let listener = Listener::start(address, (names, Limits::default()), proxy.clone())?;
        Ok(Self { listener, proxy })
    }

    /// The URL of the proxy.
    pub(crate) fn url(&self) -> String {
        self.listener.url()
    }

    /// Stops the proxy and completes the file.
    ///
    /// # Errors
    /// The file could not be written.
    pub(crate) fn end(self) -> Result<RecordCounts> {
        self.listener.end();
        let file = self.proxy.file().take();
        file.context("the file was completed before")?.finish()
    }
}

/// Forwards requests.
#[derive(Clone)]
struct Proxy(Arc<Shared>);

struct Shared {
    client: reqwest::Client,
    /// The URL of the endpoint without the slash at its end.
    endpoint: String,
    /// `None` after the end.
    file: Mutex<Option<HarFile>>,
}

impl Proxy {
    fn file(&self) -> MutexGuard<'_, Option<HarFile>> {
        // No code panics while it holds this lock.
        self.0.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn forward(&self, head: &Parts, body: Bytes) -> Result<ForwardedResponse> {
        let target = head.uri.path_and_query().map_or("/", |it| it.as_str());
        let url = Url::parse(&format!("{}{target}", self.0.endpoint))
            .context("the target of the request is not a path")?;
        let request = self.0.client.request(head.method.clone(), url);
        let sent = request.headers(without_connection(&head.headers)).body(body).send().await;
        // The URL of a request may contain its signature.
        let mut response = sent.map_err(reqwest::Error::without_url)?;
        let (status, headers) = (response.status(), without_connection(response.headers()));
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
            body.extend_from_slice(&chunk);
            ensure!(
                body.len() <= RESPONSE_MAX,
                "the response has more than {RESPONSE_MAX} bytes and is not forwarded"
            );
        }
        Ok(ForwardedResponse { status: status.as_u16(), headers, body: body.into() })
    }
}

impl Respond for Proxy {
    /// If the endpoint cannot be reached, the client gets status 502. If the endpoint drops the
    /// connection, so does the proxy.
    async fn respond(&self, head: &Parts, body: Bytes) -> Option<HttpResponse<ReplyBody>> {
        let (started, clock) = (SystemTime::now(), Instant::now());
        let forwarded = self.forward(head, body.clone()).await;
        let exchange = ForwardedExchange {
            endpoint: &self.0.endpoint,
            head,
            body: &body,
            started,
            elapsed: clock.elapsed(),
            response: forwarded.as_ref().ok(),
        };
        let entry = exchange.har_entry();
        if let Some(file) = self.file().as_mut() {
            file.add(&entry);
        }
        match forwarded {
            Ok(response) => Some(response.into_http()),
            Err(error) => {
                let text = redact(&format!("no response of {}: {error:#}", self.0.endpoint));
                say(&text);
                let is_unreachable =
                    error.downcast_ref().is_some_and(|it: &reqwest::Error| it.is_connect());
                is_unreachable.then(|| bad_gateway(&format!("iamspec record: {text}\n")))
            }
        }
    }
}

impl ForwardedResponse {
    fn into_http(self) -> HttpResponse<ReplyBody> {
        let mut response = HttpResponse::new(ReplyBody::whole(self.body));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_GATEWAY);
        *response.headers_mut() = self.headers;
        response
    }
}

fn bad_gateway(text: &str) -> HttpResponse<ReplyBody> {
    let mut response = HttpResponse::new(ReplyBody::whole(Bytes::from(text.to_owned())));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// The headers that are forwarded.
fn without_connection(headers: &HeaderMap) -> HeaderMap {
    let named = headers.get_all(header::CONNECTION).iter().filter_map(|it| it.to_str().ok());
    let named: Vec<String> =
        named.flat_map(|it| it.split(',')).map(|it| it.trim().to_ascii_lowercase()).collect();
    let is_forwarded = |name: &HeaderName| {
        !OF_CONNECTION.contains(name) && named.iter().all(|it| it != name.as_str())
    };
    let forwarded = headers.iter().filter(|(name, _)| is_forwarded(name));
    forwarded.map(|(name, value)| (name.clone(), value.clone())).collect()
}
