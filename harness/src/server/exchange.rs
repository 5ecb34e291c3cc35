//! One request, from its bytes to its answer: what is asked, what goes wrong with it on this day, and
//! what is carried out.

use std::fmt;
use std::sync::PoisonError;
use std::time::Duration;

use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header;
use hyper::http::request::Parts;
use hyper::{Request, Response};
use iamspec_model::Rule;

use super::answer::{self, answer};
use super::fault::{self, Fault, FaultPlan, Past};
use super::form::Form;
use super::heard::{Heard, heard};
use super::page::has_pages;
use super::reply::{Reply, Sent};
use super::signature::{self, Signed, secret_of};
use super::{Limits, Shared, World};

/// What stands behind the address.
pub(super) struct House {
    pub(super) world: World,
    pub(super) plan: FaultPlan,
    pub(super) past: Past,
    /// Whether signatures are looked at.
    pub(super) verifies: bool,
    /// How many requests have come.
    pub(super) came: u64,
    /// What came, where somebody wants to know it.
    pub(super) heard: Option<Vec<Heard>>,
}

/// The connection ends without an answer.
#[derive(Debug)]
pub(super) struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dropped, as the faults say")
    }
}

impl std::error::Error for Dropped {}

/// Answers one request.
pub(super) async fn exchange(
    house: Shared,
    limits: Limits,
    request: Request<Incoming>,
) -> Result<Response<Sent>, Dropped> {
    let (head, body) = request.into_parts();
    let reply = match whole(body, limits).await {
        Ok(body) => {
            let looked = look(&house, &head, &body);
            if let Some((_, came)) = looked {
                until_another_comes(&house, came).await;
            }
            told(&house, &head, &body, looked.map(|(rule, _)| rule))
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
    let form = Form::new(pairs_of(head, body).into_iter());
    if !mutant.looks_first(form.get("Action")?) {
        return None;
    }
    let mut world = house.world.clone();
    let signer = signer(head);
    let request = answer::Request { form: &form, signer: signer.as_deref(), id: "", bad: None };
    let (status, _) = answer(&mut world, &request);
    world.behaviour.last.filter(|_| status == 200).map(|rule| (rule, came))
}

fn told(house: &Shared, head: &Parts, body: &[u8], looked: Option<Rule>) -> Option<Reply> {
    let pairs = pairs_of(head, body);
    let form = Form::new(pairs.iter().cloned());
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
        house.tell(answer::Request { form: &form, signer: signer.as_deref(), id: &id, bad: None })
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

impl House {
    /// What is answered to a request whose signature does not hold, where that is looked at.
    fn turns_away(&self, head: &Parts, body: &[u8], id: &str) -> Option<(u16, String)> {
        let Parts { method, uri, headers, .. } = head;
        let signed = Signed { method, uri, headers, body };
        let World { registry, account, .. } = &self.world;
        let now = time::OffsetDateTime::now_utc();
        let checked = || signature::check(&signed, now, |key| secret_of(key, registry, account));
        self.verifies.then(checked)?.err().map(|refused| refused.respond(id))
    }

    /// One call. `None` where it gets no answer.
    fn tell(&mut self, request: answer::Request<'_>) -> Option<Reply> {
        let form = request.form;
        let action = form.get("Action").unwrap_or_default();
        let Self { world, plan, past, .. } = self;
        let now = past.now();
        let chosen = plan.choose(action, |fault| match fault.window() {
            Some(_) => past.instead(fault, now, world, &request).map(Some),
            None => (fault.page().is_none() || has_pages(action)).then_some(None),
        });
        let fault = chosen.as_ref().map(|(fault, _)| *fault);
        let request = answer::Request { bad: fault.and_then(Fault::page), ..request };
        let (status, body) = match chosen.and_then(|(_, instead)| instead) {
            Some(instead) => instead,
            None if fault.is_some_and(Fault::prevents) => (500, String::new()),
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
            Some(fault) => fault::spoil(fault, reply),
            None => Some(reply),
        }
    }
}
