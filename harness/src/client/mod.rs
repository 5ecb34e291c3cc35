//! An endpoint behind HTTP: one operation in, one signed request out, one answer understood.

pub mod cleanup;
mod concurrent;
mod formats;
mod guard;
pub mod inspect;
pub mod journal;
pub(crate) mod pages;
pub(crate) mod request;
pub mod response;
pub mod session;
pub mod trace;
pub mod transport;

use std::any::Any;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use iamspec_conformance::endpoint::{Namespace, WireExchange};
use iamspec_conformance::oracle::formats::FormatDeviation;
use iamspec_conformance::response::FailureKind;
use iamspec_conformance::{Endpoint, Response};
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    AttachmentKind, ErrorCode, InputError, InvalidRequest, IssueOptions, Item, Operation,
    ResourceKind, User,
};

use crate::aws::credentials::Identity;
use crate::client::concurrent::PreparedRequest;
use crate::client::journal::Journal;
use crate::client::request::RequestForm;
use crate::client::session::{Names, Usable};
use crate::client::transport::{ClientSettings, RawResponse, Sender, SigningService};
use crate::driver::Driver;

/// An IAM service behind HTTP.
pub struct HttpClient {
    sender: Sender,
    /// One for all who ask at the same time.
    journal: Option<Arc<Mutex<Journal>>>,
    names: Names,
    /// What was odd about the last answer.
    odd: Vec<FormatDeviation>,
    /// The last request and its answer.
    last: Option<(RequestForm, RawResponse)>,
    /// Those who ask at the same time.
    racers: Vec<Sender>,
    /// Whether somebody wants to know what the service calls each request.
    recording: bool,
}

impl HttpClient {
    /// A client for an endpoint of this machine. `run` tells the names of this run from those of others.
    ///
    /// # Errors
    /// A URL that is not one, or not of this machine; a client that cannot be made.
    pub fn new(endpoint: &str, run: &str, timeout: Duration) -> Result<Self> {
        Self::with(ClientSettings::loopback(endpoint, run, timeout)?)
    }

    /// A client that asks like this.
    ///
    /// # Errors
    /// A client that cannot be made; certificates that cannot be read.
    pub fn with(settings: ClientSettings) -> Result<Self> {
        let names = Names::new(&settings.run);
        let alone = settings.destination.loopback;
        let names = if alone { names } else { names.in_folder() };
        Ok(Self {
            sender: Sender::new(settings)?,
            journal: None,
            names,
            odd: Vec::new(),
            last: None,
            racers: Vec::new(),
            recording: false,
        })
    }

    /// From now on it is written down what is made.
    pub fn write_down(&mut self, journal: Journal) {
        self.journal = Some(Arc::new(Mutex::new(journal)));
    }

    /// Whether it is told from now on what the service calls each request.
    pub const fn record(&mut self, recording: bool) {
        self.recording = recording;
    }

    /// Where it is written down what was made and is still there.
    #[must_use]
    pub fn journal(&self) -> Option<MutexGuard<'_, Journal>> {
        held(self.journal.as_ref())
    }

    /// Who makes the calls in our place.
    #[must_use]
    pub const fn driver(&self) -> Option<&Driver> {
        self.sender.driver()
    }

    /// The real name of what an operation is about.
    #[must_use]
    pub fn name_of(&self, space: Namespace, op: &Operation) -> String {
        self.names.describe(space, op)
    }

    fn exchange(&mut self, op: &Operation) -> Result<Response, Response> {
        let PreparedRequest { form, signer, new } = self.ready(op)?;
        let mut seen: Option<Response> = None;
        let read = |marker: Option<String>| {
            let mut form = form.clone();
            form.extend(marker.map(|marker| ("Marker".to_owned(), marker)));
            let answer = self.sender.post(SigningService::Iam, &form, signer.as_ref());
            let answer =
                answer.inspect_err(|lost| journal::after(&form, lost, new, self.journal()))?;
            let page = response::read((op, &form), &answer, &mut self.names);
            let (form, _) = self.last.insert((form, answer));
            let response::ResponsePage { observed, next, odd } = page?;
            self.odd.extend(odd);
            journal::after(form, &observed, new, held(self.journal.as_ref()));
            seen = Some(response::join(seen.take(), observed));
            Ok(next)
        };
        pages::every(read, unreadable)?;
        let seen = seen.ok_or_else(|| unreadable("no page".to_owned()))?;
        Ok(self.unless_ours(op, seen))
    }

    /// A refusal that may be due to what this run itself sent before tells nothing.
    fn unless_ours(&self, op: &Operation, observed: Response) -> Response {
        let Response::Refused { http, code, .. } = &observed else { return observed };
        let why = match (ErrorCode::ALL.into_iter().find(|it| it.name() == code), op) {
            (
                Some(ErrorCode::InvalidAuthenticationCode),
                Operation::Attach(_, _, device) | Operation::Renew(_, _, device),
            ) if self.names.keyring.repeats_codes(*device) => {
                "its codes were sent before, and a code serves once"
            }
            (
                Some(ErrorCode::InvalidAuthenticationCode),
                Operation::Attach(_, _, device) | Operation::Renew(_, _, device),
            ) if self.names.keyring.lost_seed(*device) => {
                "its codes are guesses, for no answer has told its seed"
            }
            (
                Some(ErrorCode::DuplicateSSHPublicKey | ErrorCode::DuplicateCertificate),
                Operation::Issue(_, kind, item, IssueOptions::Nothing),
            ) if self.names.keyring.shares_body(*kind, *item) => {
                "another script of this run has uploaded the same body"
            }
            _ => return observed,
        };
        Response::interrupted(FailureKind::Doubtful, format!("{http} {code}: {why}"))
    }

    /// After a lost answer nobody knows which password holds, what the seed of a device is, or whether an
    /// access key is still usable.
    fn lose_secrets(&mut self, op: &Operation) {
        if let Some((user, key, _)) = response::key_changed(op) {
            let id = self.names.item(AttachmentKind::AccessKey, key);
            self.names.keyring.set_usable(user, &id, Usable::Unknown);
        }
        match *op {
            Operation::Create(object) if object.class == ResourceKind::Device => {
                self.names.keyring.lose_seed(object.item);
            }
            Operation::ChangePassword(user) => self.names.keyring.lose_password(user),
            Operation::Attach(user, kind, _) | Operation::Renew(user, kind, _)
                if kind.row().naming == Naming::Single =>
            {
                self.names.keyring.lose_password(user);
            }
            _ => {}
        }
    }

    /// The user itself, where it is the user that asks.
    fn signer_of(&self, op: &Operation) -> Result<Option<Identity>> {
        let Some(user) = signed_by(op) else { return Ok(None) };
        let (id, secret) = self.names.keyring.key(user).with_context(|| {
            format!(
                "u{0} has no access key to sign with that is active; ask CreateAccessKey u{0} before",
                user.0
            )
        })?;
        Ok(Some(Identity::of(id, secret, None, "a user of this run")))
    }
}

/// The user that must ask a call itself.
pub(crate) fn signed_by(op: &Operation) -> Option<User> {
    let absent = |flaw: InvalidRequest| flaw.row().defect == InputError::Absent;
    match *op {
        Operation::ChangePassword(user) => Some(user),
        Operation::Flawed(user, flaw) if absent(flaw) => Some(user),
        _ => None,
    }
}

/// An answer that cannot be read, and why.
fn unreadable(why: String) -> Response {
    Response::interrupted(FailureKind::Unreadable, why)
}

fn held(journal: Option<&Arc<Mutex<Journal>>>) -> Option<MutexGuard<'_, Journal>> {
    journal.map(|it| it.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Endpoint for HttpClient {
    fn fresh(&mut self) -> Namespace {
        self.names.fresh()
    }

    fn enter(&mut self, space: Namespace) {
        self.names.enter(space);
    }

    fn ask(&mut self, operation: &Operation) -> Response {
        self.odd.clear();
        self.last = None;
        self.exchange(operation).unwrap_or_else(|interrupted| {
            if let Response::Interrupted(it) = &interrupted
                && !it.cause.changed_nothing()
            {
                self.lose_secrets(operation);
            }
            interrupted
        })
    }

    fn sent(&self) -> Option<usize> {
        Some(self.sender.sent)
    }

    fn oddities(&mut self) -> Vec<FormatDeviation> {
        std::mem::take(&mut self.odd)
    }

    fn wire(&self) -> Option<WireExchange> {
        self.last.as_ref().map(|(form, answer)| trace::wire(form, answer))
    }

    fn request_id(&self) -> Option<Box<str>> {
        let (_, answer) = self.last.as_ref().filter(|_| self.recording)?;
        let (_, rest) = std::str::from_utf8(&answer.body).ok()?.rsplit_once("<RequestId>")?;
        rest.split('<').next().map(Box::from)
    }

    fn adopt(&mut self, kind: AttachmentKind, name: &str) -> Item {
        self.names.adopt(kind, name)
    }

    fn bind(&mut self, kind: AttachmentKind, item: Item, name: &str) {
        self.names.bind(kind, item, name);
    }

    fn fork(&self) -> Option<Box<dyn Endpoint + Send>> {
        Some(Box::new(self.forked()?))
    }

    fn learnt(&mut self) -> Option<Box<dyn Any + Send>> {
        Some(Box::new(self.names.give_away()))
    }

    fn take_in(&mut self, learnt: Box<dyn Any + Send>) {
        _ = learnt.downcast::<Names>().map(|it| self.names.take_in(*it));
    }

    /// A tenth of a second, then twice as long each time, by chance half as long; or what the endpoint
    /// asks for.
    fn wait(&mut self, tries: u32) -> Duration {
        let most = Duration::from_millis(100 << tries.min(3));
        let part = f64::from(uuid::Uuid::new_v4().as_fields().0) / f64::from(u32::MAX);
        let wait = most.mul_f64(f64::midpoint(1.0, part));
        let wait = self.sender.asked_to_wait.take().map_or(wait, |asked| asked.max(wait));
        tracing::debug!(
            tries,
            milliseconds = u64::try_from(wait.as_millis()).unwrap_or_default(),
            "waits before it asks again"
        );
        std::thread::sleep(wait);
        wait
    }
}
