//! The reference endpoint: the model behind HTTP. It answers as the facts say that AWS does, down to
//! the bytes, and keeps names, ids and bodies, which the model does not know.

mod call;
mod page;
mod registry;
mod respond;
mod xml;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use iamspec_conformance::Observed;
use iamspec_conformance::reference::{Behaviour, settle};
use iamspec_model::Account;
use page::Page;
use registry::Registry;

/// Bodies may be this long; the longest that a real request needs are documents (D-021).
const BODY_MAX: usize = 1 << 20;

/// The model, with what only a server knows.
struct World {
    account: Account,
    registry: Registry,
    behaviour: Behaviour,
}

type Shared = Arc<Mutex<World>>;

/// A reference endpoint that listens, on a thread of its own, until it is dropped.
pub struct Server {
    address: SocketAddr,
    world: Shared,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Server {
    /// Listens on this loopback address; port 0 takes a free one.
    ///
    /// # Errors
    /// The address is taken, or no thread can be started.
    pub fn start(address: SocketAddr, account: Account, behaviour: Behaviour) -> Result<Self> {
        let listener = std::net::TcpListener::bind(address).with_context(|| {
            format!(
                "cannot listen on {address}; choose another with --listen, port 0 takes a free one"
            )
        })?;
        listener.set_nonblocking(true).context("cannot use the listening socket")?;
        let address = listener.local_addr().context("cannot read the listening address")?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start the server's runtime")?;
        let world = World { account, registry: Registry::default(), behaviour };
        let world = Arc::new(Mutex::new(world));
        let app = axum::Router::new()
            .fallback(handle)
            .layer(axum::extract::DefaultBodyLimit::max(BODY_MAX))
            .with_state(Arc::clone(&world));
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serve = async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let until = async { _ = stopped.await };
            axum::serve(listener, app).with_graceful_shutdown(until).await
        };
        let thread = std::thread::Builder::new()
            .name("reference".to_owned())
            .spawn(move || _ = runtime.block_on(serve))
            .context("cannot start the server's thread")?;
        Ok(Self { address, world, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Whether no user and no object exists.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.world.lock().unwrap_or_else(PoisonError::into_inner).account.is_empty()
    }

    /// Waits until it ends.
    pub fn join(mut self) {
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so.
            _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            _ = stop.send(());
        }
    }
}

async fn handle(
    State(world): State<Shared>,
    headers: HeaderMap,
    uri: axum::http::Uri,
    body: Bytes,
) -> Response {
    let form_type = "application/x-www-form-urlencoded";
    let kind =
        headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or(form_type);
    let sent = if kind.starts_with(form_type) { &body[..] } else { &[] };
    let query = uri.query().unwrap_or_default().as_bytes();
    let pairs = form_urlencoded::parse(query).chain(form_urlencoded::parse(sent));
    let form = call::Form::new(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())));
    if form.get("Action").is_none() {
        // E-012: a redirect, and no error in XML.
        return (StatusCode::FOUND, [(header::LOCATION, "https://aws.amazon.com/iam")])
            .into_response();
    }
    let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
    let request_id = uuid::Uuid::new_v4().to_string();
    let (status, body) = answer(&mut world, &form, &request_id);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // E-003: the id of the body stands in a header as well.
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/xml")),
        (REQUEST_ID, HeaderValue::from_str(&request_id).unwrap_or(HeaderValue::from_static(""))),
    ];
    (status, headers, body).into_response()
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// One call, from its form to its XML.
fn answer(world: &mut World, form: &call::Form, request_id: &str) -> (u16, String) {
    let page = match Page::asked(form) {
        Ok(page) => page,
        Err(refusal) => return refusal.respond(request_id),
    };
    let operation = match call::read(form, &mut world.registry, &world.account) {
        Ok(operation) => operation,
        Err(refusal) => return refusal.respond(request_id),
    };
    let value = |member: &str| form.get(member).map(str::to_owned);
    let observed = settle(&mut world.account, &operation, &mut world.behaviour, &value);
    match observed {
        Observed::Done(shown) => {
            world.registry.note(&operation, form);
            let shown = shown.map(|it| world.registry.filtered(&operation, it, form));
            let result = respond::result(&operation, shown, &world.registry);
            let result = result.map(|whole| page.cut(whole));
            let body = xml::success(form.get("Action").unwrap_or_default(), result, request_id);
            world.registry.forget(&operation, &world.account);
            (200, body)
        }
        Observed::Refused { http, code, message } => {
            world.registry.drop_unused(&operation);
            (http, xml::error(&code, message.as_deref(), request_id))
        }
        Observed::Interrupted(it) => {
            (500, xml::error("ServiceFailure", Some(&it.detail), request_id))
        }
    }
}
