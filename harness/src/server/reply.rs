//! An answer on the wire: whole, late, in pieces, or cut off.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use tokio::time::Sleep;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// An answer.
#[derive(Default)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) kind: &'static str,
    /// The id of the request, where it is one (E-003).
    pub(super) id: String,
    pub(super) body: String,
    pub(super) location: Option<&'static str>,
    /// Seconds.
    pub(super) retry_after: Option<u64>,
    /// The length that is said, where it is not that of the body.
    pub(super) declared: Option<usize>,
    /// How long the answer takes to come.
    pub(super) late: Duration,
    /// How many bytes come at once, and how long it takes from one piece to the next.
    pub(super) chunk: Option<usize>,
    pub(super) pause: Duration,
    /// Whether nothing more is heard on this connection.
    pub(super) last: bool,
}

impl Reply {
    /// A line for people, where there is no IAM call to answer.
    pub(super) fn plain(status: u16, body: &str) -> Self {
        Self { status, kind: "text/plain", body: body.to_owned(), last: true, ..Self::default() }
    }

    /// Its head and body. What comes late is waited for.
    pub(super) async fn sent(self) -> Response<Sent> {
        if !self.late.is_zero() {
            tokio::time::sleep(self.late).await;
        }
        let mut headers = Vec::new();
        let text = |text: &str| HeaderValue::from_str(text).ok();
        if !self.kind.is_empty() {
            headers.push((header::CONTENT_TYPE, Some(HeaderValue::from_static(self.kind))));
        }
        if !self.id.is_empty() {
            headers.push((REQUEST_ID, text(&self.id)));
        }
        if self.last {
            headers.push((header::CONNECTION, Some(HeaderValue::from_static("close"))));
        }
        headers.extend(self.location.map(|it| (header::LOCATION, text(it))));
        headers.extend(self.retry_after.map(|it| (header::RETRY_AFTER, text(&it.to_string()))));
        let status = StatusCode::from_u16(self.status);
        let mut response = Response::new(self.into_body());
        *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let given = headers.into_iter().filter_map(|(name, value)| Some((name, value?)));
        response.headers_mut().extend(given);
        response
    }

    fn into_body(self) -> Sent {
        let whole = Bytes::from(self.body.into_bytes());
        let left = self.declared.unwrap_or(whole.len()) as u64;
        let size = self.chunk.unwrap_or(whole.len()).max(1);
        let pieces = (0..whole.len()).step_by(size);
        let pieces = pieces.map(|at| whole.slice(at..whole.len().min(at + size))).collect();
        Sent { pieces, left, pause: self.pause, wait: Pause::Nothing }
    }
}

/// A body that is sent piece by piece. Where it ends before its length, the connection ends with it.
pub(super) struct Sent {
    pieces: VecDeque<Bytes>,
    left: u64,
    pause: Duration,
    wait: Pause,
}

/// What is waited for before the next piece.
enum Pause {
    Nothing,
    /// That what was sent so far goes out.
    Turn,
    Time(Pin<Box<Sleep>>),
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.wait {
            Pause::Nothing => {}
            Pause::Turn => {
                self.wait = Pause::Nothing;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Pause::Time(time) => {
                std::task::ready!(time.as_mut().poll(context));
                self.wait = Pause::Nothing;
            }
        }
        let Some(piece) = self.pieces.pop_front() else { return Poll::Ready(None) };
        self.left = self.left.saturating_sub(piece.len() as u64);
        self.wait = match (self.pieces.is_empty(), self.pause) {
            (false, pause) if !pause.is_zero() => Pause::Time(Box::pin(tokio::time::sleep(pause))),
            (true, _) if self.left > 0 => Pause::Turn,
            _ => Pause::Nothing,
        };
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty() && self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
