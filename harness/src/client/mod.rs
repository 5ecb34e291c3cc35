//! An IAM endpoint behind HTTP: one operation in, one signed request out, one response interpreted.
//!
//! [`HttpClient`] implements [`Endpoint`]. For each operation it builds the form (`request`),
//! checks that the form names only resources of the run (`guard`), writes the resource to be
//! created into the journal (`journal`), sends the form (`sender`, `transport`) and interprets the
//! response (`response`, `wire_rules`). It does not judge: that is the oracle's task.

pub mod account;
pub mod cleanup;
mod concurrent;
pub mod connection;
mod guard;
pub mod journal;
pub(crate) mod pages;
pub(crate) mod request;
pub mod response;
pub mod sender;
pub mod session;
pub mod trace;
pub(crate) mod wire_rules;

use std::any::Any;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use iamspec_conformance::endpoint::{Namespace, WireExchange};
use iamspec_conformance::oracle::formats::FormatDeviation;
use iamspec_conformance::oracle::wire::WireViolation;
use iamspec_conformance::response::FailureKind;
use iamspec_conformance::{Endpoint, Failure, Response, Tier};
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{AttachmentKind, ErrorCode, IssueOptions, Item, Operation, ResourceKind, User};

use crate::client::connection::transport::{Disclosure, RawResponse, SigningService, Transport};
use crate::client::journal::Journal;
use crate::client::request::PreparedRequest;
use crate::client::response::unreadable;
use crate::client::sender::{ClientSettings, Sender};
use crate::client::session::{Names, OwnPolicies, Usable};
use crate::client::trace::Trace;
use crate::wire::attachments::wire;
use crate::wire::names;
use crate::wire::names::{RequestForm, member};
use crate::wire::secrets::redact_and_cut;

/// A client of an IAM endpoint.
pub struct HttpClient {
    sender: Sender,
    /// Shared by all clients of a run.
    journal: Option<Arc<Mutex<Journal>>>,
    names: Names,
    /// The format deviations of the last response.
    deviations: Vec<FormatDeviation>,
    /// The violations of wire rules in the last response.
    violations: Vec<WireViolation>,
    /// The last request and its response.
    last: Option<(RequestForm, RawResponse)>,
    /// The senders of simultaneous requests.
    racers: Vec<Sender>,
    /// Whether the request ids of responses are recorded.
    records_ids: bool,
    /// The policies that users of the run have for their own calls.
    policies: OwnPolicies,
}

impl HttpClient {
    /// A client for an endpoint on this machine. `run` is a part of every name it creates.
    ///
    /// # Errors
    /// The endpoint is not a URL, or is on another machine; the HTTP client cannot be created.
    pub fn new(endpoint: &str, run: &str, timeout: Duration) -> Result<Self> {
        Self::with(ClientSettings::loopback(endpoint, run, timeout)?)
    }

    /// A client with these settings.
    ///
    /// # Errors
    /// The HTTP client cannot be created; the CA certificates cannot be read.
    pub fn with(settings: ClientSettings) -> Result<Self> {
        let names = Names::new(&settings.run);
        let names = if settings.destination.loopback { names } else { names.in_folder() };
        Ok(Self {
            sender: Sender::new(settings)?,
            journal: None,
            names,
            deviations: Vec::new(),
            violations: Vec::new(),
            last: None,
            racers: Vec::new(),
            records_ids: false,
            policies: OwnPolicies::default(),
        })
    }

    /// Records created resources in this journal from now on.
    pub fn set_journal(&mut self, journal: Journal) {
        self.journal = Some(Arc::new(Mutex::new(journal)));
    }

    /// Sets whether [`Endpoint::request_id`] returns the request ids of responses.
    pub const fn set_recording(&mut self, recording: bool) {
        self.records_ids = recording;
    }

    /// Checks that every exchange so far is in the trace file, if there is one.
    ///
    /// # Errors
    /// An exchange could not be written.
    pub(crate) fn check_trace(&mut self) -> Result<()> {
        self.sender.trace.as_mut().map_or(Ok(()), Trace::check)
    }

    /// The journal of created resources that may still exist.
    #[must_use]
    pub fn journal(&self) -> Option<MutexGuard<'_, Journal>> {
        lock(self.journal.as_ref())
    }

    /// The transport that sends IAM requests instead of HTTP, if it is of this type.
    #[must_use]
    pub fn transport<T: Transport>(&self) -> Option<&T> {
        self.sender.transport()
    }

    /// Requires that renewed credentials belong to this account.
    pub fn set_owned_account(&self, account: &str) {
        self.sender.set_owned_account(account);
    }

    /// Sets a flag that is set if renewed credentials belong to another account.
    pub fn set_stop_flag(&self, flag: &Arc<AtomicBool>) {
        self.sender.set_stop_flag(flag);
    }

    /// The account that renewed credentials belong to, if it is not the one of the run.
    #[must_use]
    pub fn other_account(&self) -> Option<&str> {
        self.sender.other_account()
    }

    /// Why the run must end, if the endpoint has let it wait for too long or is not the same one.
    #[must_use]
    pub fn end_reason(&self) -> Option<&Failure> {
        self.sender.end_reason()
    }

    /// The key that signs, and where it comes from.
    #[must_use]
    pub fn signer(&self) -> String {
        self.sender.identity().to_string()
    }

    /// The last exchange with the reference server of the same process, without secrets. That server
    /// writes a secret into its own element only, so every other text is shown.
    pub(crate) fn reference_exchange(&self) -> Option<WireExchange> {
        let shown =
            |raw: &RawResponse| RawResponse { disclosure: Disclosure::Redacted, ..raw.clone() };
        self.last.as_ref().map(|(form, raw)| trace::exchange(form, &shown(raw)))
    }

    /// The real name of the user or resource of an operation.
    #[must_use]
    pub fn name_of(&self, space: Namespace, op: &Operation) -> String {
        self.names.describe(space, op)
    }

    /// The name of the user or resource that an operation is about, without the attachment.
    #[must_use]
    pub fn owner_of(&self, space: Namespace, op: &Operation) -> String {
        self.names.owner(space, op)
    }

    /// A client of the same run for another thread: with its own names and connections, and the
    /// same journal.
    pub(crate) fn clone_client(&self) -> Option<Self> {
        Some(Self {
            sender: self.sender.for_another_thread()?,
            journal: self.journal.clone(),
            names: self.names.for_another_client(),
            deviations: Vec::new(),
            violations: Vec::new(),
            last: None,
            racers: Vec::new(),
            records_ids: self.records_ids,
            policies: self.policies.clone(),
        })
    }

    /// Sends the request of an operation. If the endpoint refuses the content of its payload, sends it
    /// once more with another one.
    fn exchange(&mut self, op: &Operation) -> Result<Response, Response> {
        if request::signed_by(op).is_some() {
            return self.send_permitted(op);
        }
        let prepared = self.prepare(op)?;
        let (form, signer) = (prepared.form.clone(), prepared.signer.clone());
        let response = self.send(op, prepared)?;
        let Some(form) = request::with_second_payload(op, &form, &response, &mut self.names) else {
            return Ok(response);
        };
        let unsent = |error| Response::failed(FailureKind::Unsent, format!("{error:#}"));
        let creates_new = journal::before(&form, self.journal()).map_err(unsent)?;
        self.send(op, PreparedRequest { form, signer, creates_new })
    }

    /// Sends a request and reads every page of the response.
    fn send(&mut self, op: &Operation, prepared: PreparedRequest) -> Result<Response, Response> {
        let PreparedRequest { form, signer, creates_new } = prepared;
        let mut joined: Option<Response> = None;
        // The result of an SDK has no form on the wire.
        let has_form = self.sender.keeps_form();
        self.names.sent.forget(&form);
        let read_page = |marker: Option<String>| {
            let mut form = form.clone();
            form.extend(marker.map(|marker| ("Marker".to_owned(), marker)));
            let raw = self.sender.post(SigningService::Iam, &form, signer.as_ref());
            let raw = raw.inspect_err(|failure| {
                journal::after(&form, failure, creates_new, self.journal());
            })?;
            let violations = if has_form {
                wire_rules::violations((op, &form), &raw, &self.names)
            } else {
                Vec::new()
            };
            let is_flagged = violations.iter().any(|it| it.rule.tier <= Tier::Code);
            let page = response::read((op, &form), &raw, (&mut self.names, is_flagged));
            self.violations.extend(violations);
            let signer = signer.as_ref().unwrap_or_else(|| self.sender.identity());
            let page = page.and_then(|it| match response::with_signer(it.response, signer) {
                failure @ Response::Failed(_) => Err(failure),
                response => Ok(response::ResponsePage { response, ..it }),
            });
            let page = page.map_err(|it| response::with_signer(it, signer));
            let (form, _) = self.last.insert((form, raw));
            let page = page.inspect_err(|failure| {
                journal::after(form, failure, creates_new, lock(self.journal.as_ref()));
            });
            let response::ResponsePage { response, next, deviations } = page?;
            let (values, forms): (Vec<_>, Vec<_>) =
                deviations.into_iter().partition(|it| it.is_wrong_value);
            self.deviations.extend(forms);
            self.violations.extend(values.into_iter().map(wire_rules::wrong_value));
            if has_form && matches!(response, Response::Success(_)) {
                self.names.sent.remember(form);
            }
            journal::after(form, &response, creates_new, lock(self.journal.as_ref()));
            joined = Some(response::join(joined.take(), response));
            Ok(next)
        };
        pages::every(read_page, unreadable)?;
        let response = joined.ok_or_else(|| unreadable("no page".to_owned()))?;
        Ok(self.unless_caused_by_run(op, response))
    }

    /// Checks that a listing of the access keys of our own user shows the key that a request uses in
    /// place of a name, once for each key.
    pub(crate) fn confirm_key(&mut self, op: &Operation) -> Result<(), Response> {
        let Some((user, id)) = request::key_to_confirm(op, &self.names) else { return Ok(()) };
        let Some(user) = user else { return Err(foreign_key(&id, FailureKind::Unsent)) };
        let shown = self.key_ids(user).map_err(|it| unconfirmed(&it))?;
        if !shown.contains(&id) {
            // The listing may be stale, so the run repeats the call.
            return Err(foreign_key(&id, FailureKind::Transient));
        }
        self.names.keyring.confirm(user, &id);
        Ok(())
    }

    /// The ids of the access keys of a user, as the endpoint lists them.
    fn key_ids(&mut self, user: User) -> Result<Vec<String>, Response> {
        let list = AttachmentKind::AccessKey.row().list.api;
        let name = self.names.user(user);
        let form = [("Action", list), ("Version", names::VERSION), ("UserName", &name)];
        let form: RequestForm = form.iter().map(|(name, value)| member(name, *value)).collect();
        guard::check(&form, &self.names, false)
            .map_err(|error| Response::failed(FailureKind::Unsent, format!("{error:#}")))?;
        let listing = wire(AttachmentKind::AccessKey).listing;
        let mut ids = Vec::new();
        let read = |marker: Option<String>| {
            let mut form = form.clone();
            form.extend(marker.map(|marker| member("Marker", marker)));
            let raw = self.sender.post(SigningService::Iam, &form, None)?;
            let page = response::result(list, &raw)?;
            let members = listing.and_then(|it| page.child(it.list)).map(|it| &it.children);
            for key in members.into_iter().flatten() {
                // A key that the listing gives to another user is not ours.
                let is_ours = key.text_of("UserName").is_none_or(|it| it == name);
                let id = listing.and_then(|it| key.text_of(it.name?));
                ids.extend(id.filter(|_| is_ours).map(str::to_owned));
            }
            pages::after(&page).map_err(|what| unreadable(what.to_owned()))
        };
        pages::every(read, unreadable)?;
        Ok(ids)
    }

    /// The response, or an interruption if an earlier request of this run may have caused the
    /// refusal.
    fn unless_caused_by_run(&self, op: &Operation, response: Response) -> Response {
        let user = op.user().map(|it| self.names.user(it)).unwrap_or_default();
        if self.policies.may_cause(&user, op, &response) {
            let why = "the inline policy of this run for a call of the user may still be visible";
            return Response::failed(FailureKind::Transient, format!("{response}: {why}"));
        }
        let Response::Refused { http, code, .. } = &response else { return response };
        let why = match (ErrorCode::named(code), op) {
            (
                Some(ErrorCode::InvalidAuthenticationCode),
                Operation::Attach(_, _, device) | Operation::ResetSecret(_, _, device),
            ) if self.names.keyring.repeats_codes(*device) => {
                "its codes were sent before, and a code is valid once"
            }
            (
                Some(ErrorCode::InvalidAuthenticationCode),
                Operation::Attach(_, _, device) | Operation::ResetSecret(_, _, device),
            ) if self.names.keyring.lost_seed(*device) => {
                "its codes are guesses, because no response returned its seed"
            }
            (
                Some(ErrorCode::DuplicateSSHPublicKey | ErrorCode::DuplicateCertificate),
                Operation::Issue(_, kind, item, IssueOptions::None),
            ) if self.names.keyring.shares_body(*kind, *item) => {
                "another script of this run has uploaded the same body"
            }
            _ => return response,
        };
        Response::failed(FailureKind::Doubtful, format!("{http} {code}: {why}"))
    }

    /// Marks secrets as unknown after a lost response: the operation may have changed a password,
    /// created a device with a new seed, or made an access key unusable.
    fn mark_secrets_lost(&mut self, op: &Operation) {
        if let Some(change) = response::key_change(op) {
            let id = self.names.item(change.kind, change.key);
            self.names.keyring.set_usable(change.user, &id, Usable::Unknown);
        }
        match *op {
            Operation::CreateResource(resource) if resource.kind == ResourceKind::Device => {
                self.names.keyring.mark_seed_lost(resource.item);
            }
            Operation::ChangePassword(user) => self.names.keyring.mark_password_lost(user),
            Operation::Attach(user, kind, _) | Operation::ResetSecret(user, kind, _)
                if kind.row().naming == Naming::Single =>
            {
                self.names.keyring.mark_password_lost(user);
            }
            _ => {}
        }
    }
}

/// The response to a call that was not sent because the listing before it failed.
fn unconfirmed(listing: &Response) -> Response {
    let list = AttachmentKind::AccessKey.row().list.api;
    let kind = if listing.is_retryable() { FailureKind::Transient } else { FailureKind::Unsent };
    let detail = format!("not sent: {list} of the run's own user failed with {listing}");
    Response::failed(kind, detail)
}

/// The response to a call that would be made with an access key that is not shown to be ours.
fn foreign_key(id: &str, kind: FailureKind) -> Response {
    let list = AttachmentKind::AccessKey.row().list.api;
    let id = redact_and_cut(id, 64);
    let detail = format!(
        "not sent: {list} of the run's own user does not show the access key {id}, which the \
         endpoint returned; it may be somebody else's"
    );
    Response::failed(kind, detail)
}

fn lock(journal: Option<&Arc<Mutex<Journal>>>) -> Option<MutexGuard<'_, Journal>> {
    journal.map(|it| it.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Endpoint for HttpClient {
    fn enter_new_namespace(&mut self) -> Namespace {
        self.names.fresh()
    }

    fn enter_namespace(&mut self, space: Namespace) {
        self.names.enter(space);
    }

    fn execute(&mut self, operation: &Operation) -> Response {
        self.deviations.clear();
        self.violations.clear();
        self.last = None;
        self.exchange(operation).unwrap_or_else(|failure| {
            if let Response::Failed(it) = &failure
                && !it.kind.had_no_effect()
            {
                self.mark_secrets_lost(operation);
            }
            failure
        })
    }

    fn requests_sent(&self) -> Option<usize> {
        Some(self.sender.sent)
    }

    fn format_deviations(&mut self) -> Vec<FormatDeviation> {
        std::mem::take(&mut self.deviations)
    }

    fn wire_violations(&mut self) -> Vec<WireViolation> {
        std::mem::take(&mut self.violations)
    }

    fn last_exchange(&self) -> Option<WireExchange> {
        self.last.as_ref().map(|(form, raw)| trace::exchange(form, raw))
    }

    fn request_id(&self) -> Option<Box<str>> {
        let (_, raw) = self.last.as_ref().filter(|_| self.records_ids)?;
        let (_, rest) = std::str::from_utf8(&raw.body).ok()?.rsplit_once("<RequestId>")?;
        rest.split('<').next().map(|it| trace::shown_id(it).into())
    }

    fn assign_symbol(&mut self, kind: AttachmentKind, name: &str) -> Item {
        self.names.adopt(kind, name)
    }

    fn bind_symbol(&mut self, kind: AttachmentKind, item: Item, name: &str) {
        self.names.bind(kind, item, name);
    }

    fn fork(&self) -> Option<Box<dyn Endpoint + Send>> {
        Some(Box::new(self.clone_client()?))
    }

    fn take_learned_names(&mut self) -> Option<Box<dyn Any + Send>> {
        Some(Box::new(self.names.take()))
    }

    fn merge_learned_names(&mut self, learnt: Box<dyn Any + Send>) {
        _ = learnt.downcast::<Names>().map(|it| self.names.merge(*it));
    }

    /// Waits 0.1 s before the first retry and doubles that up to 0.8 s, with a random reduction of
    /// up to one half; or as long as the endpoint asks for, if that is longer and the run may still
    /// wait.
    fn wait(&mut self, tries: u32) -> Duration {
        let most = Duration::from_millis(100 << tries.min(3));
        let random = f64::from(uuid::Uuid::new_v4().as_fields().0) / f64::from(u32::MAX);
        let wait = most.mul_f64(f64::midpoint(1.0, random));
        let wait = self.sender.waiting_time(wait);
        tracing::debug!(
            tries,
            milliseconds = u64::try_from(wait.as_millis()).unwrap_or_default(),
            "waits before the next attempt"
        );
        self.sender.pause(wait);
        wait
    }
}
