//! A service in the same process as an endpoint: [`ServiceTransport`] sends signed requests to a
//! [`tower_service::Service`], without a socket.
//!
//! The service gets each request as it would arrive over HTTP: `POST`, the headers `Host`,
//! `Content-Type` and those of the signature, and the form as its body. If the service panics or
//! returns an error, the client gets no response, as if the connection had closed.

use std::fmt::Display;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{Request, Uri};
use http_body::Body;
use http_body_util::{BodyExt as _, Limited};
use iamspec_conformance::Response;
use iamspec_conformance::response::FailureKind;
use iamspec_harness::client::HttpClient;
use iamspec_harness::client::connection::transport::{
    Disclosure, EncodedRequest, OutgoingRequest, RESPONSE_MAX, RawResponse, Transport, pause_of,
};
use iamspec_harness::client::sender::ClientSettings;
use iamspec_harness::client::session::run_id;
use tokio::runtime::{Builder, Runtime};
use tower_service::Service;

/// The URL in the requests. Nothing listens there, and nothing connects to it.
const URL: &str = "http://127.0.0.1";

/// The longest time until a response.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

/// Sends requests to a service in the same process. `B` is the body of the requests: [`Bytes`], or
/// what is made of them, such as `axum::body::Body`.
pub struct ServiceTransport<S, B> {
    runtime: Runtime,
    service: S,
    retry_after: Option<Duration>,
    body: PhantomData<fn() -> B>,
}

impl<S, B, R> ServiceTransport<S, B>
where
    S: Service<Request<B>, Response = http::Response<R>> + Send + 'static,
    S::Error: Display,
    B: From<Bytes> + 'static,
    R: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
{
    /// A transport to a service. It polls the service on a runtime of its own.
    ///
    /// # Errors
    /// The runtime cannot be started.
    pub fn new(service: S) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("cannot start the runtime of the service")?;
        Ok(Self { runtime, service, retry_after: None, body: PhantomData })
    }

    /// A client that sends its requests to this service. It signs them with AWS's documented example
    /// key.
    ///
    /// # Errors
    /// The client cannot be created.
    pub fn into_client(self) -> Result<HttpClient> {
        let settings = ClientSettings::loopback(URL, &run_id(), TIMEOUT)?;
        HttpClient::with(ClientSettings { transport: Some(Box::new(self)), ..settings })
    }

    /// The response, and the pause that it asks for.
    async fn respond(
        service: &mut S,
        request: Request<B>,
    ) -> Result<(RawResponse, Option<Duration>), Response> {
        let failed = |error: &dyn Display| {
            let detail = format!("the service returned an error: {error}");
            Response::failed(FailureKind::Reset, detail)
        };
        poll_fn(|context| service.poll_ready(context)).await.map_err(|it| failed(&it))?;
        let response = service.call(request).await.map_err(|it| failed(&it))?;
        let header = |name| response.headers().get(name).and_then(|it| it.to_str().ok());
        let content_type = header("content-type").unwrap_or_default().to_owned();
        let pause = pause_of(header("retry-after"));
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), RESPONSE_MAX).collect().await;
        let body = body.map_err(|error| {
            let detail = format!("the body of the response cannot be read: {error}");
            Response::failed(FailureKind::Unreadable, detail)
        })?;
        let body = body.to_bytes().to_vec();
        let disclosure = Disclosure::default();
        Ok((RawResponse { status, content_type, body, disclosure }, pause))
    }
}

impl<S, B, R> Transport for ServiceTransport<S, B>
where
    S: Service<Request<B>, Response = http::Response<R>> + Send + 'static,
    S::Error: Display,
    B: From<Bytes> + 'static,
    R: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
{
    fn send(&mut self, request: &OutgoingRequest<'_>) -> Result<RawResponse, Response> {
        self.retry_after = None;
        let timeout = request.timeout;
        let request = request.signed().and_then(|it| request_of(it).context("cannot be sent"));
        let request =
            request.map_err(|error| Response::failed(FailureKind::Unsent, format!("{error:#}")))?;
        let (runtime, service) = (&self.runtime, &mut self.service);
        let respond = || {
            runtime.block_on(async {
                tokio::time::timeout(timeout, Self::respond(service, request)).await
            })
        };
        // A server would survive the panic too, and close the connection.
        let response = catch_unwind(AssertUnwindSafe(respond))
            .map_err(|panic| Response::failed(FailureKind::Reset, panicked(panic.as_ref())))?;
        let response = response.map_err(|_| {
            let detail = format!("no response within {} s", timeout.as_secs_f64());
            Response::failed(FailureKind::Timeout, detail)
        })?;
        let (response, pause) = response?;
        self.retry_after = pause;
        Ok(response)
    }

    fn retry_after(&mut self) -> Option<Duration> {
        self.retry_after
    }

    fn keeps_form(&self) -> bool {
        true
    }
}

fn request_of<B: From<Bytes>>(signed: EncodedRequest) -> Result<Request<B>> {
    let uri: Uri = signed.url.as_str().parse()?;
    let host = uri.authority().map(ToString::to_string).unwrap_or_default();
    let mut request = Request::post(uri).header("host", host);
    request = request.header("content-length", signed.body.len());
    for (name, value) in signed.headers {
        request = request.header(name, value);
    }
    Ok(request.body(B::from(Bytes::from(signed.body)))?)
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the service panicked: {}", text.unwrap_or("unknown cause"))
}
