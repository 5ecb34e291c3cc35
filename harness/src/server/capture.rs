//! What the reference endpoint hears, for whoever wants to know what a client really sent.

use std::sync::PoisonError;

use hyper::header;
use hyper::header::HeaderName;
use hyper::http::request::Parts;

use crate::server::Shared;
use crate::server::handler::Reply;

/// A request as it came, and how it was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CapturedRequest {
    /// The members of the query and of the body, in their order.
    pub form: Vec<(String, String)>,
    /// The method and the path.
    pub line: String,
    /// Of what type the body is said to be.
    pub content_type: String,
    /// How it is signed.
    pub authorization: String,
    /// The status that was answered; nothing where the connection just ended.
    pub status: Option<u16>,
    /// The body that was answered.
    pub body: String,
}

/// Hears what comes to an endpoint.
#[derive(Clone)]
pub struct RequestLog(pub(crate) Shared);

impl RequestLog {
    /// What came since the last time.
    #[must_use]
    pub fn take(&self) -> Vec<CapturedRequest> {
        let mut house = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(house.heard.get_or_insert_default())
    }
}

/// The request and what it was answered.
pub(crate) fn heard(
    head: &Parts,
    form: Vec<(String, String)>,
    reply: Option<&Reply>,
) -> CapturedRequest {
    let text = |name: HeaderName| {
        let value = head.headers.get(name).and_then(|it| it.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    CapturedRequest {
        form,
        line: format!("{} {}", head.method, head.uri.path()),
        content_type: text(header::CONTENT_TYPE),
        authorization: text(header::AUTHORIZATION),
        status: reply.map(|it| it.status),
        body: reply.map(|it| it.body.clone()).unwrap_or_default(),
    }
}
