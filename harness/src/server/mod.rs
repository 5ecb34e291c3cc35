//! The reference server: the model behind HTTP.
//!
//! It responds as the facts say that AWS does, down to the bytes. The model knows symbols only; the
//! server adds names, ids, dates and bodies. A fault plan injects reproducible faults.
//!
//! A request passes through these modules, in this order: [`listener`] (connection, HTTP) ->
//! `origin` (web pages) -> `handler` (one action) -> `auth` (signature) -> `parse` (form to
//! operation, with the constraints on members) -> the model, or `outside_model` for the parts of
//! IAM that the model does not cover -> `store` (names and ids) -> `responses` and `details`
//! (result elements) -> `pagination` (one page) -> `reply` (bytes on the wire). [`fault_injection`]
//! changes single steps; a [`RequestLog`] captures requests.

mod auth;
mod clock;
mod details;
pub mod fault_injection;
mod handler;
pub mod listener;
mod origin;
mod outside_model;
mod pagination;
mod parse;
pub(crate) mod reply;
mod responses;
mod store;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use http_body_util::{BodyExt as _, Collected};
use hyper::body::Body as _;
use hyper::body::Bytes;
use hyper::header::{self, HeaderName};
use hyper::http::request::Parts;
use hyper::{Request as HttpRequest, Response as HttpResponse};
use iamspec_conformance::reference::ReferenceOptions;
use iamspec_model::{Account, Fact};

use crate::aws::credentials::Identity;
use crate::server::fault_injection::FaultPlan;
use crate::server::fault_injection::history::StateHistory;
use crate::server::handler::handle_request;
pub(crate) use crate::server::handler::is_form;
use crate::server::listener::{Limits, Listener, Respond};
use crate::server::reply::ReplyBody;
use crate::server::store::{ListedIds, Store};
use crate::wire::xml_write;

/// The model's account, and the names and ids that only a server knows.
#[derive(Clone)]
pub(crate) struct ModelState {
    account: Account,
    store: Store,
    behavior: ReferenceOptions,
}

/// Everything that requests share.
struct ServerState {
    model: ModelState,
    fault_plan: FaultPlan,
    history: StateHistory,
    verify_signatures: bool,
    root: Identity,
    /// The number of requests that have arrived.
    request_count: u64,
    /// The captured requests; `None` until a [`RequestLog`] exists.
    captured: Option<Vec<CapturedRequest>>,
}

/// The server state, shared by all connections.
#[derive(Clone)]
struct SharedState(Arc<Mutex<ServerState>>);

impl SharedState {
    fn new(options: Options) -> Self {
        let Options { account, behavior, faults: fault_plan, verify_signatures, .. } = options;
        let ids = if options.ordered_ids { ListedIds::Ordered(0) } else { ListedIds::Random };
        Self(Arc::new(Mutex::new(ServerState {
            model: ModelState { account, store: Store::new(ids), behavior },
            history: StateHistory::for_plan(&fault_plan),
            fault_plan,
            verify_signatures,
            root: options.root.unwrap_or_else(Identity::fake),
            request_count: 0,
            captured: None,
        })))
    }

    /// Locks the state for one request or one query.
    ///
    /// INVARIANT: no code panics while it holds this lock. The workspace lints deny `unwrap`,
    /// `expect`, `panic` and indexing. If a dependency panics nevertheless, the next request gets
    /// the state as the failed request left it: one connection ends, and the server continues.
    fn lock(&self) -> MutexGuard<'_, ServerState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Respond for SharedState {
    async fn respond(&self, head: &Parts, body: Bytes) -> Option<HttpResponse<ReplyBody>> {
        Some(handle_request(self, head, &body).await?.into_http().await)
    }
}

/// The status and the XML document of one response, before it becomes an HTTP reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResponseBody {
    status: u16,
    xml: String,
    content_type: &'static str,
}

/// The content type of every IAM response (E-001).
const TEXT_XML: &str = "text/xml";

impl ResponseBody {
    fn of_xml(status: u16, xml: String) -> Self {
        Self { status, xml, content_type: TEXT_XML }
    }

    fn error(status: u16, code: &str, message: Option<&str>, request_id: &str) -> Self {
        Self::of_xml(status, xml_write::error(code, message, request_id))
    }

    /// The error of the front end for an action or a version that it does not know. It has a
    /// namespace of its own (E-011).
    fn unknown_action(message: &str, request_id: &str) -> Self {
        Self::of_xml(400, xml_write::front_end_error("InvalidAction", message, request_id))
    }

    /// The error that a fact describes, with this message in place of the fact's template.
    fn of_fact(fact: &Fact, message: Option<&str>, request_id: &str) -> Self {
        let status = fact.http.unwrap_or(400);
        Self::error(status, fact.code.unwrap_or_default(), message, request_id)
    }
}

/// The names of all actions that the server implements: those of the model, then the others.
pub fn served_actions() -> impl Iterator<Item = &'static str> {
    iamspec_model::tables::actions().map(|it| it.api).chain(outside_model::actions())
}

/// Options of a reference server.
#[derive(Debug, Default)]
pub struct Options {
    /// The initial account, usually empty; its quotas may differ from AWS's.
    pub account: Account,
    /// The policy for unspecified behavior, and the mutant to serve.
    pub behavior: ReferenceOptions,
    /// The faults to inject.
    pub faults: FaultPlan,
    /// Whether to verify the signature of each request.
    pub verify_signatures: bool,
    /// The key of the root user; the example key if there is none.
    pub root: Option<Identity>,
    /// The host names that requests may be addressed to, besides loopback hosts and the listening
    /// address.
    pub allowed_hosts: Vec<String>,
    /// Limits on connections and requests.
    pub limits: Limits,
    /// Whether the ids of policies, keys, certificates and credentials are in the order of their
    /// creation, so that listings have the same order in each run. By default, ids are random.
    pub ordered_ids: bool,
}

/// A running reference server, on a thread of its own. Dropping it stops the server.
pub struct Server {
    state: SharedState,
    listener: Listener,
}

impl Server {
    /// Starts a server on this address. Port 0 selects a free port.
    ///
    /// # Errors
    /// The address is in use, the thread cannot start, or the clock is before 1970 or after 9999.
    pub fn start(address: SocketAddr, options: Options) -> Result<Self> {
        let (hosts, limits) = (options.allowed_hosts.clone(), options.limits);
        let state = SharedState::new(options);
        let listener = Listener::start(address, (&hosts, limits), state.clone())?;
        Ok(Self { state, listener })
    }

    /// The URL of the server.
    #[must_use]
    pub fn url(&self) -> String {
        self.listener.url()
    }

    /// Returns true if the account has no users and no resources.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.state.lock().model.account.is_empty()
    }

    /// The number of injected faults of each kind, in the order of the plan.
    #[must_use]
    pub fn faults(&self) -> Vec<(&'static str, u64)> {
        self.state.lock().fault_plan.counts()
    }

    /// Starts capturing requests. Earlier captured requests are discarded.
    #[must_use]
    pub fn request_log(&self) -> RequestLog {
        let log = RequestLog(self.state.clone());
        _ = log.take();
        log
    }

    /// Stops the server. Pending requests may finish within the shutdown timeout of the limits.
    pub fn end(self) {
        self.listener.end();
    }
}

/// A reference server in this process, without a socket. Clones share one account.
///
/// `allowed_hosts` and `limits` in the [`Options`] have no effect, because there are no connections. A slow response
/// arrives as a whole.
#[derive(Clone)]
pub struct InProcessServer(SharedState);

impl InProcessServer {
    /// A server with an account of its own.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self(SharedState::new(options))
    }

    /// Responds to a request. `None` if an injected fault closes the connection, also in the middle of a response.
    ///
    /// The future needs a tokio runtime with a timer.
    pub async fn respond(&self, request: HttpRequest<Bytes>) -> Option<HttpResponse<Bytes>> {
        let (head, body) = request.into_parts();
        let (head, body) = self.0.respond(&head, body).await?.into_parts();
        let declared = body.size_hint().exact();
        let body = body.collect().await.map_or_else(|never| match never {}, Collected::to_bytes);
        let is_whole = declared.is_none_or(|it| it == body.len() as u64);
        is_whole.then(|| HttpResponse::from_parts(head, body))
    }
}

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
    fn new(head: &Parts, form: Vec<(String, String)>, response: Option<(u16, String)>) -> Self {
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
pub struct RequestLog(SharedState);

impl RequestLog {
    /// Takes the requests captured since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<CapturedRequest> {
        std::mem::take(self.0.lock().captured.get_or_insert_default())
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_panic_with_the_state_locked_does_not_stop_the_server() {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Server::start(free, Options::default()).unwrap();
        let state = server.state.clone();
        let panicked = std::thread::spawn(move || {
            let _locked = state.lock();
            panic!("on purpose");
        });
        assert!(panicked.join().is_err());
        assert!(server.is_empty());
    }
}
