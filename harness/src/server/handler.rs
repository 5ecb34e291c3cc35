//! One request, from its bytes to its answer: what is asked, what goes wrong with it on this day, and
//! what is carried out.
//!
//! One call, carried out in the model: from its form to its XML.
//!
//! An answer on the wire: whole, late, in pieces, or cut off.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::PoisonError;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, Response as HttpResponse, StatusCode, header};
use iamspec_conformance::reference::settle;
use iamspec_conformance::{Listing, Response};
use iamspec_model::{Attachment, Operation, Rule, User};
use tokio::time::Sleep;

use crate::server::auth::{SignedRequest, secret_of};
use crate::server::capture::{CapturedRequest, heard};
use crate::server::fault_injection::history::StateHistory;
use crate::server::fault_injection::plan::FaultPlan;
use crate::server::fault_injection::{BadPage, InjectedFault};
use crate::server::listener::Limits;
use crate::server::pagination::{Page, has_pages, narrowed};
use crate::server::parse::{ParsedCall, ParsedForm, Refusal};
use crate::server::store::ACCOUNT;
use crate::server::{
    ModelState, Shared, auth, details, fault_injection, mutants, parse, responses, validation,
};
use crate::wire::xml_write;
use crate::wire::xml_write::Node;

/// What stands behind the address.
pub(crate) struct ServerState {
    pub(crate) world: ModelState,
    pub(crate) plan: FaultPlan,
    pub(crate) past: StateHistory,
    /// Whether signatures are looked at.
    pub(crate) verifies: bool,
    /// How many requests have come.
    pub(crate) came: u64,
    /// What came, where somebody wants to know it.
    pub(crate) heard: Option<Vec<CapturedRequest>>,
}

/// The connection ends without an answer.
#[derive(Debug)]
pub(crate) struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dropped, as the faults say")
    }
}

impl std::error::Error for Dropped {}

/// Answers one request.
pub(crate) async fn exchange(
    house: Shared,
    limits: Limits,
    request: Request<Incoming>,
) -> Result<HttpResponse<Sent>, Dropped> {
    let (head, body) = request.into_parts();
    let reply = match whole(body, limits).await {
        Ok(body) => {
            let looked = look(&house, &head, &body);
            if let Some((_, came)) = looked {
                until_another_comes(&house, came).await;
            }
            respond_to_head(&house, &head, &body, looked.map(|(rule, _)| rule))
        }
        Err(reply) => Some(reply),
    };
    Ok(reply.ok_or(Dropped)?.sent().await)
}

/// The body, if it ends in time and is not too long. How AWS answers one that is, is not known.
async fn whole(body: Incoming, limits: Limits) -> Result<Bytes, Reply> {
    let read = Limited::new(body, limits.body).collect();
    match tokio::time::timeout(limits.body_time, read).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Reply::plain(413, &format!("a body has {} bytes at most\n", limits.body)))
        }
        Ok(Err(_)) => Err(Reply::plain(400, "the body does not end as it should\n")),
        Err(_) => Err(Reply::plain(408, "the body took too long\n")),
    }
}

/// So often it is looked whether another request has come, a millisecond apart.
const LOOKS: usize = 30;

/// Between the look and the act of a mutant that does not do both at once another request comes, if one does.
async fn until_another_comes(house: &Shared, came: u64) {
    for _ in 0..LOOKS {
        tokio::time::sleep(Duration::from_millis(1)).await;
        if house.lock().unwrap_or_else(PoisonError::into_inner).came > came {
            return;
        }
    }
}

/// The rule by which such a mutant will carry the call out, and how many requests had come then; nothing where it would
/// refuse it, or where it is none.
fn look(house: &Shared, head: &Parts, body: &[u8]) -> Option<(Rule, u64)> {
    let mut house = house.lock().unwrap_or_else(PoisonError::into_inner);
    house.came += 1;
    let came = house.came;
    let mutant = house.world.behaviour.mutant.as_ref()?;
    let form = ParsedForm::new(pairs_of(head, body).into_iter());
    if !mutant.looks_first(form.get("Action")?) {
        return None;
    }
    let mut world = house.world.clone();
    let signer = signer(head);
    let request = HandledRequest { form: &form, signer: signer.as_deref(), id: "", bad: None };
    let (status, _) = answer(&mut world, &request);
    world.behaviour.last.filter(|_| status == 200).map(|rule| (rule, came))
}

fn respond_to_head(
    house: &Shared,
    head: &Parts,
    body: &[u8],
    looked: Option<Rule>,
) -> Option<Reply> {
    let pairs = pairs_of(head, body);
    let form = ParsedForm::new(pairs.iter().cloned());
    if form.get("Action").is_none() {
        // E-012: a redirect, and no error in XML.
        let location = Some("https://aws.amazon.com/iam");
        return Some(Reply { status: 302, location, ..Reply::default() });
    }
    let mut house = house.lock().unwrap_or_else(PoisonError::into_inner);
    house.world.behaviour.looked = looked;
    let id = uuid::Uuid::new_v4().to_string();
    let reply = if let Some((status, body)) = house.turns_away(head, body, &id) {
        Some(Reply { status, kind: "text/xml", id, body, ..Reply::default() })
    } else {
        let signer = signer(head);
        house.tell(HandledRequest { form: &form, signer: signer.as_deref(), id: &id, bad: None })
    };
    if let Some(all) = &mut house.heard {
        all.push(heard(head, pairs, reply.as_ref()));
    }
    reply
}

/// The members of the query and of the body.
fn pairs_of(head: &Parts, body: &[u8]) -> Vec<(String, String)> {
    let form_type = "application/x-www-form-urlencoded";
    let kind = head.headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let sent = if kind.unwrap_or(form_type).starts_with(form_type) { body } else { &[] };
    let query = head.uri.query().unwrap_or_default().as_bytes();
    let pairs = form_urlencoded::parse(query).chain(form_urlencoded::parse(sent));
    pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// The access key that a request says it is signed with.
fn signer(head: &Parts) -> Option<String> {
    let authorization = head.headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    let credential = if let Some(text) = authorization {
        text.split_once("Credential=")?.1.to_owned()
    } else {
        let query = head.uri.query().unwrap_or_default().as_bytes();
        let mut pairs = form_urlencoded::parse(query);
        pairs.find(|(name, _)| name == "X-Amz-Credential")?.1.into_owned()
    };
    credential.split('/').next().map(str::to_owned)
}

impl ServerState {
    /// What is answered to a request whose signature does not hold, where that is looked at.
    fn turns_away(&self, head: &Parts, body: &[u8], id: &str) -> Option<(u16, String)> {
        let Parts { method, uri, headers, .. } = head;
        let signed = SignedRequest { method, uri, headers, body };
        let ModelState { registry, account, .. } = &self.world;
        let now = time::OffsetDateTime::now_utc();
        let checked = || auth::check(&signed, now, |key| secret_of(key, registry, account));
        self.verifies.then(checked)?.err().map(|refused| refused.respond(id))
    }

    /// One call. `None` where it gets no answer.
    fn tell(&mut self, request: HandledRequest<'_>) -> Option<Reply> {
        let form = request.form;
        let action = form.get("Action").unwrap_or_default();
        let Self { world, plan, past, .. } = self;
        let now = past.now();
        let chosen = plan.choose(action, |fault| match fault.window() {
            Some(_) => past.instead(fault, now, world, &request).map(Some),
            None => (fault.page().is_none() || has_pages(action)).then_some(None),
        });
        let fault = chosen.as_ref().map(|(fault, _)| *fault);
        let request = HandledRequest { bad: fault.and_then(InjectedFault::page), ..request };
        let (status, body) = match chosen.and_then(|(_, instead)| instead) {
            Some(instead) => instead,
            None if fault.is_some_and(InjectedFault::prevents) => (500, String::new()),
            None => {
                let before = past.before(action, world);
                let (status, body) = answer(world, &request);
                if let Some(before) = before.filter(|_| status == 200) {
                    past.keep(now, form, before);
                }
                (status, body)
            }
        };
        let id = request.id.to_owned();
        let reply = Reply { status, kind: "text/xml", id, body, ..Reply::default() };
        match fault {
            Some(fault) => fault_injection::spoil(fault, reply),
            None => Some(reply),
        }
    }
}

/// What is asked, and by whom.
#[derive(Clone, Copy)]
pub(crate) struct HandledRequest<'a> {
    pub(crate) form: &'a ParsedForm,
    /// The access key that it is signed with.
    pub(crate) signer: Option<&'a str>,
    pub(crate) id: &'a str,
    /// How its page is on a bad day.
    pub(crate) bad: Option<BadPage>,
}

/// One call, from its form to its XML. What it stands for is carried out in full or not at all.
pub(crate) fn answer(world: &mut ModelState, request: &HandledRequest<'_>) -> (u16, String) {
    let HandledRequest { form, signer, id, bad } = *request;
    let fault = mutants::fault(&world.behaviour, form.get("Action").unwrap_or_default());
    let page = match Page::asked(form) {
        Ok(page) => page.with(fault, bad),
        Err(refusal) => return refusal.respond(id),
    };
    let caller = signer.and_then(|key| world.registry.owner(key, &world.account));
    let named = form.naming(|| caller.map(|user| world.registry.user_record(user).name));
    let form = &named;
    let asked = match read(world, form, caller) {
        Ok(asked) => asked,
        Err(refusal) => return refusal.respond(id),
    };
    let held = held_before(world, &asked);
    let shown = match carry_out(world, form, &asked, caller) {
        Ok(shown) => shown,
        Err(refused) => {
            for it in &asked {
                world.registry.drop_unused(&it.operation);
            }
            return refusal(&refused, id);
        }
    };
    for it in &asked {
        world.registry.note(it, form, &world.account);
    }
    mutants::again(world, &asked, form);
    let result = asked.first().and_then(|it| {
        let shown = shown.map(|shown| chosen(world, &it.operation, shown, form, &page));
        told(world, form, &it.operation, shown)
    });
    let result = result.map(|whole| mutants::result(fault, page.cut(whole)));
    let body = xml_write::success(form.get("Action").unwrap_or_default(), result, id);
    for it in asked.iter().filter(|_| !mutants::keeps(&world.behaviour)) {
        world.registry.forget(&it.operation, &held, &world.account);
    }
    (200, mutants::body(fault, body))
}

/// What a user holds that is to be deleted.
fn held_before(world: &ModelState, asked: &[ParsedCall]) -> Vec<Attachment> {
    match asked.first().map(|it| it.operation) {
        Some(Operation::DeleteUser(user)) => world.account.held_by(user).collect(),
        _ => Vec::new(),
    }
}

/// All that is told of a call that was carried out.
fn told(
    world: &ModelState,
    form: &ParsedForm,
    op: &Operation,
    shown: Option<Listing>,
) -> Option<Vec<Node>> {
    responses::result(op, shown, world).map(|whole| details::chosen(whole, form))
}

/// What the request asks for of what could be shown, as far as its page needs it.
fn chosen(
    world: &ModelState,
    op: &Operation,
    shown: Listing,
    form: &ParsedForm,
    page: &Page<'_>,
) -> Listing {
    let registry = &world.registry;
    narrowed(op, registry.filtered(op, shown, form, &world.account), page, registry)
}

/// Understands a call, and looks at what is wrong with it.
fn read(
    world: &mut ModelState,
    form: &ParsedForm,
    caller: Option<User>,
) -> Result<Vec<ParsedCall>, Refusal> {
    let asked = parse::read(form, &mut world.registry, &world.account, caller);
    let user = form.get("UserName").map(|name| world.registry.user(name));
    let user_exists = user.is_none_or(|user| world.account.has_user(user));
    let refused = validation::refuse(form, user_exists);
    if let (Ok(asked), Err(_)) = (&asked, &refused) {
        for it in asked {
            world.registry.drop_unused(&it.operation);
        }
    }
    refused.and(asked)
}

/// Carries all of it out, or nothing. What is shown is what the first operation shows.
fn carry_out(
    world: &mut ModelState,
    form: &ParsedForm,
    asked: &[ParsedCall],
    caller: Option<User>,
) -> Result<Option<Listing>, Response> {
    // A text names a boundary as the policy that it is, and who asks about itself by its name.
    let own = || Some(world.registry.user_record(asked.first()?.operation.user()?).name);
    let caller = || caller.map_or("root".to_owned(), |it| world.registry.user_path(it));
    let value = |member: &str| match (form.get(member), member) {
        (Some(value), _) => Some(value.to_owned()),
        (None, "PolicyArn") => form.get("PermissionsBoundary").map(str::to_owned),
        (None, "UserName") => own(),
        (None, "CallerArn") => Some(format!("arn:aws:iam::{}:{}", ACCOUNT, caller())),
        (None, _) => None,
    };
    let settled = |observed| match observed {
        Response::Done(shown) => Ok(shown),
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

fn refusal(observed: &Response, request_id: &str) -> (u16, String) {
    match observed {
        Response::Refused { http, code, message } => {
            (*http, xml_write::error(code, message.as_deref(), request_id))
        }
        Response::Interrupted(it) => {
            (500, xml_write::error("ServiceFailure", Some(&it.detail), request_id))
        }
        Response::Done(_) => (200, String::new()),
    }
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// An answer.
#[derive(Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) kind: &'static str,
    /// The id of the request, where it is one (E-003).
    pub(crate) id: String,
    pub(crate) body: String,
    pub(crate) location: Option<&'static str>,
    /// Seconds.
    pub(crate) retry_after: Option<u64>,
    /// The length that is said, where it is not that of the body.
    pub(crate) declared: Option<usize>,
    /// How long the answer takes to come.
    pub(crate) late: Duration,
    /// How many bytes come at once, and how long it takes from one piece to the next.
    pub(crate) chunk: Option<usize>,
    pub(crate) pause: Duration,
    /// Whether nothing more is heard on this connection.
    pub(crate) last: bool,
}

impl Reply {
    /// A line for people, where there is no IAM call to answer.
    pub(crate) fn plain(status: u16, body: &str) -> Self {
        Self { status, kind: "text/plain", body: body.to_owned(), last: true, ..Self::default() }
    }

    /// Its head and body. What comes late is waited for.
    pub(crate) async fn sent(self) -> HttpResponse<Sent> {
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
        let mut response = HttpResponse::new(self.into_body());
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
pub(crate) struct Sent {
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
