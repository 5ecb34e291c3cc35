//! The reference endpoint: the model behind HTTP. It answers as the facts say that AWS does, down to
//! the bytes, and keeps names, ids and bodies, which the model does not know.

mod call;
mod constraint;
mod details;
mod form;
mod note;
mod page;
mod record;
mod registry;
mod respond;
mod tagged;
mod view;
mod wrong;
mod xml;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use call::Asked;
use form::{Form, Refusal};
use iamspec_conformance::reference::{Behaviour, settle};
use iamspec_conformance::{Observed, Shown};
use iamspec_model::{Account, Held, Operation, User};
use page::Page;
use registry::Registry;
use xml::Node;

/// Bodies may be this long; the longest that a real request needs are documents (D-021).
const BODY_MAX: usize = 1 << 20;

/// The model, with what only a server knows.
pub(crate) struct World {
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
    let form = Form::new(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())));
    if form.get("Action").is_none() {
        // E-012: a redirect, and no error in XML.
        return (StatusCode::FOUND, [(header::LOCATION, "https://aws.amazon.com/iam")])
            .into_response();
    }
    let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
    let request_id = uuid::Uuid::new_v4().to_string();
    let (status, body) = answer(&mut world, &form, signer(&headers), &request_id);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // E-003: the id of the body stands in a header as well.
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/xml")),
        (REQUEST_ID, HeaderValue::from_str(&request_id).unwrap_or(HeaderValue::from_static(""))),
    ];
    (status, headers, body).into_response()
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// The access key that a request says it is signed with.
fn signer(headers: &HeaderMap) -> Option<&str> {
    let authorization = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    authorization.split_once("Credential=")?.1.split('/').next()
}

/// One call, from its form to its XML. What it stands for is carried out in full or not at all.
fn answer(world: &mut World, form: &Form, signer: Option<&str>, request_id: &str) -> (u16, String) {
    let fault = wrong::fault(&world.behaviour, form.get("Action").unwrap_or_default());
    let page = match Page::asked(form) {
        Ok(page) => page.with(fault),
        Err(refusal) => return refusal.respond(request_id),
    };
    let caller = signer.and_then(|key| world.registry.owner(key, &world.account));
    let named = form.naming(|| caller.map(|user| world.registry.user_record(user).name));
    let form = &named;
    let asked = match read(world, form, caller) {
        Ok(asked) => asked,
        Err(refusal) => return refusal.respond(request_id),
    };
    let held: Vec<Held> = match asked.first().map(|it| it.operation) {
        Some(Operation::DeleteUser(user)) => world.account.held_by(user).collect(),
        _ => Vec::new(),
    };
    let shown = match carry_out(world, form, &asked, caller) {
        Ok(shown) => shown,
        Err(refused) => {
            for it in &asked {
                world.registry.drop_unused(&it.operation);
            }
            return refusal(&refused, request_id);
        }
    };
    for it in &asked {
        world.registry.note(it, form, &world.account);
    }
    wrong::again(world, &asked, form);
    let result = asked.first().and_then(|it| told(world, form, &it.operation, shown));
    let result = result.map(|whole| wrong::result(fault, page.cut(whole)));
    let body = xml::success(form.get("Action").unwrap_or_default(), result, request_id);
    for it in asked.iter().filter(|_| !wrong::keeps(&world.behaviour)) {
        world.registry.forget(&it.operation, &held, &world.account);
    }
    (200, wrong::body(fault, body))
}

/// All that is told of a call that was carried out.
fn told(world: &World, form: &Form, op: &Operation, shown: Option<Shown>) -> Option<Vec<Node>> {
    let shown = shown.map(|shown| world.registry.filtered(op, shown, form, &world.account));
    respond::result(op, shown, world).map(|whole| details::chosen(whole, form))
}

/// Understands a call, and looks at what is wrong with it.
fn read(world: &mut World, form: &Form, caller: Option<User>) -> Result<Vec<Asked>, Refusal> {
    let asked = call::read(form, &mut world.registry, &world.account, caller);
    let user = form.get("UserName").map(|name| world.registry.user(name));
    let user_exists = user.is_none_or(|user| world.account.has_user(user));
    let refused = constraint::refuse(form, user_exists);
    if let (Ok(asked), Err(_)) = (&asked, &refused) {
        for it in asked {
            world.registry.drop_unused(&it.operation);
        }
    }
    refused.and(asked)
}

/// Carries all of it out, or nothing. What is shown is what the first operation shows.
fn carry_out(
    world: &mut World,
    form: &Form,
    asked: &[Asked],
    caller: Option<User>,
) -> Result<Option<Shown>, Observed> {
    // A text names a boundary as the policy that it is, and who asks about itself by its name.
    let own = || Some(world.registry.user_record(asked.first()?.operation.user()?).name);
    let caller = || caller.map_or("root".to_owned(), |it| world.registry.user_path(it));
    let value = |member: &str| match (form.get(member), member) {
        (Some(value), _) => Some(value.to_owned()),
        (None, "PolicyArn") => form.get("PermissionsBoundary").map(str::to_owned),
        (None, "UserName") => own(),
        (None, "CallerArn") => Some(format!("arn:aws:iam::{}:{}", registry::ACCOUNT, caller())),
        (None, _) => None,
    };
    let settled = |observed| match observed {
        Observed::Done(shown) => Ok(shown),
        refused => Err(refused),
    };
    if let [one] = asked {
        let (account, behaviour) = (&mut world.account, &mut world.behaviour);
        return settled(settle(account, &one.operation, behaviour, &value));
    }
    let mut account = world.account.clone();
    let mut first = None;
    for it in asked {
        let shown = settled(settle(&mut account, &it.operation, &mut world.behaviour, &value))?;
        first = first.or(shown);
    }
    world.account = account;
    Ok(first)
}

fn refusal(observed: &Observed, request_id: &str) -> (u16, String) {
    match observed {
        Observed::Refused { http, code, message } => {
            (*http, xml::error(code, message.as_deref(), request_id))
        }
        Observed::Interrupted(it) => {
            (500, xml::error("ServiceFailure", Some(&it.detail), request_id))
        }
        Observed::Done(_) => (200, String::new()),
    }
}
