//! The HTTP reply to a request, and how it reaches the client: whole, late, in chunks, or cut off.
//!
//! Last step of a request. Injected faults on the wire change the finished response here.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Response as HttpResponse, StatusCode, header};
use tokio::time::Sleep;

use crate::server::ResponseBody;
use crate::server::fault_injection::InjectedFault;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// The page of a proxy that cannot reach its server. No evidence: pages of AWS were not recorded.
const PROXY_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n\
                          <body><h1>502 Bad Gateway</h1></body></html>\n";

/// An HTTP reply that is not sent yet.
#[derive(Default)]
pub(super) struct Reply {
    pub(super) status: u16,
    content_type: &'static str,
    /// The request id; empty for replies that are not IAM responses (E-003).
    request_id: String,
    pub(super) body: String,
    location: Option<&'static str>,
    /// Value of the `Allow` header.
    allowed_methods: Option<&'static str>,
    /// Value of the `Retry-After` header, in seconds.
    retry_after: Option<u64>,
    /// The `Content-Length` to send, if it differs from the length of the body.
    declared_length: Option<usize>,
    /// Delay before the head.
    delay: Duration,
    /// Size of a chunk in bytes, and the pause between two chunks.
    chunk_size: Option<usize>,
    chunk_pause: Duration,
    /// Whether the connection closes after this reply.
    closes: bool,
}

impl Reply {
    /// The reply with an IAM response.
    pub(super) fn xml(response: ResponseBody, request_id: &str) -> Self {
        let ResponseBody { status, xml, content_type } = response;
        let request_id = request_id.to_owned();
        Self { status, content_type, request_id, body: xml, ..Self::default() }
    }

    /// The reply to a request that the server refuses before IAM sees it. The status and the code
    /// are those of this server: AWS's are not known.
    pub(super) fn refusal(status: u16, code: &str, message: &str) -> Self {
        let id = uuid::Uuid::new_v4().to_string();
        let response = ResponseBody::error(status, code, Some(message), &id);
        Self { closes: true, ..Self::xml(response, &id) }
    }

    /// The reply to a request with another method than these.
    pub(super) fn method_not_allowed(methods: &'static str) -> Self {
        let message = format!("the method is none of {methods}; send the request with POST");
        let refusal = Self::refusal(405, "MethodNotAllowed", &message);
        Self { allowed_methods: Some(methods), ..refusal }
    }

    pub(super) fn redirect(location: &'static str) -> Self {
        Self { status: 302, location: Some(location), ..Self::default() }
    }

    /// Applies an injected fault to the reply. `None` drops the connection.
    pub(super) fn with_fault(mut self, fault: InjectedFault) -> Option<Self> {
        if let Some(response) = fault.response(&self.request_id) {
            (self.status, self.body) = (response.status, response.xml);
        }
        self.retry_after = fault.retry_after();
        match fault {
            InjectedFault::Drop { .. } => return None,
            InjectedFault::Slow { wait, chunk: Some(size) } => {
                (self.chunk_size, self.chunk_pause) = (Some(size), wait);
            }
            InjectedFault::Slow { wait, chunk: None } => self.delay = wait,
            InjectedFault::Truncate { clean } => {
                let whole = self.body.len();
                let half = (0..=whole / 2).rev().find(|at| self.body.is_char_boundary(*at));
                self.body.truncate(half.unwrap_or_default());
                self.declared_length = (!clean).then_some(whole);
            }
            InjectedFault::Twice => self.body = self.body.repeat(2),
            InjectedFault::Html { status, .. } => {
                PROXY_PAGE.clone_into(&mut self.body);
                (self.status, self.content_type) = (status, "text/html");
            }
            _ => {}
        }
        Some(self)
    }

    /// Converts the reply to an HTTP response, after its delay.
    pub(super) async fn into_http(self) -> HttpResponse<ReplyBody> {
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        let mut headers = Vec::new();
        let value = |text: &str| HeaderValue::from_str(text).ok();
        if !self.content_type.is_empty() {
            let content_type = HeaderValue::from_static(self.content_type);
            headers.push((header::CONTENT_TYPE, Some(content_type)));
        }
        if !self.request_id.is_empty() {
            headers.push((REQUEST_ID, value(&self.request_id)));
        }
        if self.closes {
            headers.push((header::CONNECTION, Some(HeaderValue::from_static("close"))));
        }
        headers.extend(self.location.map(|url| (header::LOCATION, value(url))));
        headers.extend(self.allowed_methods.map(|methods| (header::ALLOW, value(methods))));
        let retry_after = self.retry_after.map(|seconds| value(&seconds.to_string()));
        headers.extend(retry_after.map(|value| (header::RETRY_AFTER, value)));
        let status = StatusCode::from_u16(self.status);
        let mut response = HttpResponse::new(self.into_body());
        *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = headers.into_iter().filter_map(|(name, value)| Some((name, value?)));
        response.headers_mut().extend(headers);
        response
    }

    fn into_body(self) -> ReplyBody {
        let whole = Bytes::from(self.body.into_bytes());
        let remaining = self.declared_length.unwrap_or(whole.len()) as u64;
        let size = self.chunk_size.unwrap_or(whole.len()).max(1);
        let starts = (0..whole.len()).step_by(size);
        let chunks = starts.map(|at| whole.slice(at..whole.len().min(at + size))).collect();
        ReplyBody { chunks, remaining, pause: self.chunk_pause, wait: Wait::None }
    }
}

/// A body that is sent in chunks. If it ends before its declared length, the connection ends too.
pub(crate) struct ReplyBody {
    chunks: VecDeque<Bytes>,
    /// Bytes of the declared length that are not sent yet.
    remaining: u64,
    pause: Duration,
    wait: Wait,
}

/// The wait before the next chunk.
enum Wait {
    None,
    /// One turn of the executor, so that the chunks sent so far are flushed.
    Flush,
    Pause(Pin<Box<Sleep>>),
}

impl ReplyBody {
    /// A body that is sent as a whole.
    pub(crate) fn whole(body: Bytes) -> Self {
        let remaining = body.len() as u64;
        Self { chunks: VecDeque::from([body]), remaining, pause: Duration::ZERO, wait: Wait::None }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.wait {
            Wait::None => {}
            Wait::Flush => {
                self.wait = Wait::None;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Wait::Pause(sleep) => {
                std::task::ready!(sleep.as_mut().poll(context));
                self.wait = Wait::None;
            }
        }
        let Some(chunk) = self.chunks.pop_front() else { return Poll::Ready(None) };
        self.remaining = self.remaining.saturating_sub(chunk.len() as u64);
        self.wait = match (self.chunks.is_empty(), self.pause) {
            (false, pause) if !pause.is_zero() => Wait::Pause(Box::pin(tokio::time::sleep(pause))),
            (true, _) if self.remaining > 0 => Wait::Flush,
            _ => Wait::None,
        };
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.chunks.is_empty() && self.remaining == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}
