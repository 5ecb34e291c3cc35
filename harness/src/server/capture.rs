//! Captured requests: each request as the client sent it, with its response.

use hyper::header;
use hyper::header::HeaderName;
use hyper::http::request::Parts;

use crate::server::SharedState;

/// A captured request with the response that the server gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CapturedRequest {
    /// The members of the query and of the body, in their order.
    pub form: Vec<(String, String)>,
    /// The method and the path.
    pub line: String,
    /// The `Content-Type` header.
    pub content_type: String,
    /// The `Authorization` header.
    pub authorization: String,
    /// The status of the response; `None` if the connection ended without a response.
    pub status: Option<u16>,
    /// The body of the response.
    pub body: String,
}

impl CapturedRequest {
    pub(super) fn new(
        head: &Parts,
        form: Vec<(String, String)>,
        response: Option<(u16, String)>,
    ) -> Self {
        let text = |name: HeaderName| {
            let value = head.headers.get(name).and_then(|it| it.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let (status, body) = response.unzip();
        Self {
            form,
            line: format!("{} {}", head.method, head.uri.path()),
            content_type: text(header::CONTENT_TYPE),
            authorization: text(header::AUTHORIZATION),
            status,
            body: body.unwrap_or_default(),
        }
    }
}

/// The log of captured requests of one server.
#[derive(Clone)]
pub struct RequestLog(pub(super) SharedState);

impl RequestLog {
    /// Takes the requests captured since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<CapturedRequest> {
        std::mem::take(self.0.lock().captured.get_or_insert_default())
    }
}
