//! Reads what a user holds. Nothing is created or changed.
//!
//! An action whose response is missing or unclear stays unread, with the reason: an unread list is
//! not an empty list. `GetUser` is the first and the last action, because a user can disappear, or
//! be created again, while its items are read.

use std::collections::BTreeSet;
use std::time::Duration;

use iamspec_conformance::response::FailureKind;
use iamspec_conformance::runner::retry::RetryPolicy;
use iamspec_conformance::{EndpointText, Response};
use iamspec_model::evidence::E_020;
use iamspec_model::tables::attachments::Naming;
use iamspec_model::{AttachmentKind, ErrorCode};

use crate::client::account::listing;
use crate::client::account::listing::{FoundUser, Rest};
use crate::client::connection::transport::SigningService;
use crate::client::response::unreadable;
use crate::client::{HttpClient, pages, response};
use crate::wire::attachments::wire;
use crate::wire::constraints::violation;
use crate::wire::names;
use crate::wire::names::{RequestForm, member};
use crate::wire::xml_read::Element;

/// A listing with more items than this is not read to its end.
const ITEMS_MAX: usize = 10_000;

/// How long the reads of one user wait for an endpoint that throttles them or fails.
const READ_PATIENCE: Duration = Duration::from_secs(30);

/// How often one read is repeated. If that does not help, no later read waits.
const READ_REPEATS_MAX: u32 = 5;

/// The end of a longer reason is not kept.
const REASON_MAX: usize = 1000;

/// What a user holds, as far as it was read.
#[derive(Clone, Debug)]
pub struct Holdings {
    /// The name of the user, as the endpoint writes it.
    pub user: String,
    /// The id of the user, if the endpoint returned one.
    pub user_id: Option<String>,
    /// Whether the user exists.
    pub presence: Presence,
    /// The items that were read, without those whose names AWS cannot have.
    pub items: Vec<HeldItem>,
    /// The actions that were not read, and why.
    pub unread: Vec<UnreadPart>,
    /// The kinds that the partition of the endpoint does not offer (E-020).
    pub not_offered: Vec<AttachmentKind>,
    /// The items whose names AWS cannot have.
    pub impossible: Vec<ImpossibleItem>,
    /// The kinds whose listing, at an endpoint on this machine, does not say whether it is
    /// complete. The plan assumes that it is. At any other endpoint, such a listing is an unread
    /// part.
    pub unconfirmed: Vec<AttachmentKind>,
}

/// The names of users, as far as they were listed.
#[derive(Clone, Debug, Default)]
pub struct UserNames {
    /// The names.
    pub names: Vec<String>,
    /// Why the listing was not read to its end.
    pub unread: Option<String>,
    /// The listing, at an endpoint on this machine, does not say whether it is complete.
    pub unconfirmed: bool,
}

/// Whether a user exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The user existed before and after its items were read.
    Exists,
    /// There is no such user.
    Absent,
    /// The user existed at first and not afterwards.
    Gone,
    /// `GetUser` could not be read.
    Unknown,
}

/// An item that a user holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeldItem {
    /// Its kind.
    pub kind: AttachmentKind,
    /// Its name or id in requests; empty if an item of the kind needs no name.
    pub name: String,
}

/// An item with a name that AWS cannot have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImpossibleItem {
    /// The item.
    pub item: HeldItem,
    /// Why AWS cannot have the name.
    pub reason: String,
}

/// An action whose result is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadPart {
    /// The action.
    pub action: &'static str,
    /// The kind that the action lists; `None` for the user itself.
    pub kind: Option<AttachmentKind>,
    /// The response; `None` if the action was not sent or the response is contradictory.
    pub response: Option<Response>,
    /// Why the result is unknown.
    pub reason: String,
}

impl Holdings {
    /// Nothing is known about a user yet.
    #[must_use]
    pub fn unknown(user: &str) -> Self {
        Self {
            user: user.to_owned(),
            user_id: None,
            presence: Presence::Unknown,
            items: Vec::new(),
            unread: Vec::new(),
            not_offered: Vec::new(),
            impossible: Vec::new(),
            unconfirmed: Vec::new(),
        }
    }

    /// Whether the user exists and everything that blocks its deletion was read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.presence == Presence::Exists && self.unread.is_empty() && self.impossible.is_empty()
    }

    /// The number of items of a kind; `None` if it is unknown.
    #[must_use]
    pub fn count(&self, kind: AttachmentKind) -> Option<usize> {
        let known = matches!(self.presence, Presence::Exists | Presence::Unknown)
            && self.unread.iter().all(|it| it.kind != Some(kind));
        let impossible = self.impossible.iter().filter(|it| it.item.kind == kind).count();
        known.then(|| self.items.iter().filter(|it| it.kind == kind).count() + impossible)
    }

    fn leave_unread(&mut self, action: &'static str, kind: Option<AttachmentKind>, why: Response) {
        let reason = reason(&why).chars().take(REASON_MAX).collect();
        self.unread.push(UnreadPart { action, kind, response: Some(why), reason });
    }

    /// If a listing shows that the user exists, `NoSuchEntity` for an item that needs no name means
    /// that the user does not hold it.
    fn trust_other_listings(&mut self) {
        let of_kinds = self.unread.iter().filter(|it| it.kind.is_some()).count();
        if of_kinds + self.not_offered.len() < AttachmentKind::blockers().count() {
            self.unread.retain(|it| {
                let single = it.kind.is_some_and(|kind| kind.row().naming == Naming::Single);
                !single || !it.response.as_ref().is_some_and(is_no_such_entity)
            });
        }
    }

    fn vanish(&mut self) {
        *self = Self { presence: Presence::Gone, ..Self::unknown(&self.user) };
    }

    fn add(&mut self, kind: AttachmentKind, name: String) {
        let single = kind.row().naming == Naming::Single;
        let why = if single { None } else { violation(kind.row().parameter, &name) };
        let item = HeldItem { kind, name };
        match why {
            Some(reason) => self.impossible.push(ImpossibleItem { item, reason }),
            None => self.items.push(item),
        }
    }
}

/// Why a response gives no result, in a few words.
#[must_use]
pub fn reason(response: &Response) -> String {
    match response {
        Response::Success(_) => "the response is a success".to_owned(),
        Response::Refused { http, code, message } => {
            format!("{http} {code} {}", message.as_ref().map_or("", EndpointText::shown))
                .trim_end()
                .to_owned()
        }
        Response::Failed(it) => {
            let what = match it.kind {
                FailureKind::Unreachable => "no connection",
                FailureKind::Timeout => "no response within the time limit",
                FailureKind::Reset => "the connection closed too early",
                FailureKind::Denied => "access denied",
                FailureKind::Transient => "throttled",
                FailureKind::Unimplemented => "not implemented",
                FailureKind::Failure | FailureKind::Crash => "a failure of the service",
                FailureKind::Unreadable | FailureKind::Garbled => "an unreadable response",
                FailureKind::Unsent
                | FailureKind::Doubtful
                | FailureKind::Client
                | FailureKind::Driver => "not sent",
            };
            format!("{what}: {}", it.detail)
        }
    }
}

/// Whether a response says that something does not exist (E-005).
pub(crate) fn is_no_such_entity(response: &Response) -> bool {
    matches!(response, Response::Refused { http: 404, code, .. } if code == ErrorCode::NoSuchEntity.name())
}

/// Whether a response says that the partition does not offer the action (E-020).
fn is_not_offered(action: &str, response: &Response) -> bool {
    let Response::Failed(it) = response else { return false };
    let (Some(http), Some(code), Some(message)) = (E_020.http, E_020.code, E_020.message) else {
        return false;
    };
    let message = message.replace("{Action}", action);
    let (start, end) = message.split_once("{region}").unwrap_or((message.as_str(), ""));
    let region = it
        .detail
        .strip_prefix(&format!("{http} {code} {start}"))
        .and_then(|rest| rest.strip_suffix(end));
    let is_region =
        |it: &str| !it.is_empty() && it.chars().all(|it| it.is_ascii_alphanumeric() || it == '-');
    it.kind == FailureKind::Unimplemented && region.is_some_and(is_region)
}

impl HttpClient {
    /// Reads what a user holds, kind by kind. The name must be one that AWS permits.
    pub fn holdings(&mut self, user: &str) -> Holdings {
        let mut reader = Reader { http: self, patience: READ_PATIENCE, stopped: None, silent: 0 };
        reader.read(user)
    }

    /// The names of the users below a path prefix, `None` for all users of the account.
    pub fn user_names(&mut self, prefix: Option<&str>) -> UserNames {
        let local = self.sender.is_loopback();
        let mut reader = Reader { http: self, patience: READ_PATIENCE, stopped: None, silent: 0 };
        let mut form = vec![member("MaxItems", "1000")];
        form.extend(prefix.map(|it| member("PathPrefix", it)));
        let (mut found, mut known) = (Vec::new(), BTreeSet::new());
        let pages = reader.pages("ListUsers", &form, &mut |page| {
            for user in &listing::only_child(page, "Users")?.children {
                let name = user.text_of("UserName").ok_or("a user without a name")?;
                // An endpoint may ignore the prefix.
                let path = user.text_of("Path").unwrap_or_default();
                let below = prefix.is_none_or(|it| path.is_empty() || path.starts_with(it));
                if below && known.insert(name.to_owned()) {
                    found.push(name.to_owned());
                }
            }
            Ok(())
        });
        let (unread, unconfirmed) = match pages {
            Ok(Completeness::Confirmed) => (None, false),
            Ok(Completeness::Unconfirmed) if local => (None, true),
            Ok(Completeness::Unconfirmed) => (Some(listing::UNCONFIRMED.to_owned()), false),
            Err(why) => (Some(reason(&why)), false),
        };
        UserNames { names: found, unread, unconfirmed }
    }
}

/// Whether a listing that was read says that it is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Completeness {
    Confirmed,
    Unconfirmed,
}

/// Reads the items of one user.
struct Reader<'a> {
    http: &'a mut HttpClient,
    /// How long the remaining reads may wait in total.
    patience: Duration,
    /// Why nothing is sent any more.
    stopped: Option<String>,
    /// How many actions in a row got no response.
    silent: usize,
}

impl Reader<'_> {
    fn read(&mut self, user: &str) -> Holdings {
        let mut holdings = Holdings::unknown(user);
        let first = match self.user(user) {
            Ok(found) => Some(found),
            Err(why) if is_no_such_entity(&why) => {
                holdings.presence = Presence::Absent;
                return holdings;
            }
            Err(why) => {
                holdings.leave_unread("GetUser", None, why);
                None
            }
        };
        if let Some(found) = &first {
            holdings.presence = Presence::Exists;
            holdings.user.clone_from(&found.name);
            holdings.user_id.clone_from(&found.id);
        }
        for kind in AttachmentKind::blockers() {
            self.read_kind(kind, &mut holdings);
            if holdings.presence == Presence::Gone {
                return holdings;
            }
        }
        match first {
            Some(first) => self.read_again(&first, &mut holdings),
            None => holdings.trust_other_listings(),
        }
        holdings
    }

    /// Reads the items of one kind.
    fn read_kind(&mut self, kind: AttachmentKind, holdings: &mut Holdings) {
        let action = kind.row().list.api;
        if let Some(reason) = self.stopped.clone() {
            let part = UnreadPart { action, kind: Some(kind), response: None, reason };
            holdings.unread.push(part);
            return;
        }
        let mut names = BTreeSet::new();
        let form = [member("UserName", &holdings.user)];
        let read = self.pages(action, &form, &mut |page| {
            names.extend(listing::items(kind, page, &holdings.user)?);
            if names.len() > ITEMS_MAX {
                return Err(format!("more than {ITEMS_MAX} items"));
            }
            Ok(())
        });
        match read {
            Ok(completeness) => {
                // GetLoginProfile is not a listing.
                if completeness == Completeness::Unconfirmed && wire(kind).listing.is_some() {
                    self.leave_unconfirmed(action, kind, holdings);
                }
                for name in names {
                    holdings.add(kind, name);
                }
            }
            Err(why) if is_no_such_entity(&why) && holdings.presence == Presence::Exists => {
                // Without a password, GetLoginProfile finds nothing (B-LP-03).
                if kind.row().naming != Naming::Single {
                    self.check_presence(action, kind, why, holdings);
                }
            }
            Err(why) if is_not_offered(action, &why) => holdings.not_offered.push(kind),
            Err(why) => holdings.leave_unread(action, Some(kind), why),
        }
    }

    /// Records that a listing does not say whether it is complete. Emulators on this machine omit
    /// that; at any other endpoint, the user may hold more.
    fn leave_unconfirmed(
        &self,
        action: &'static str,
        kind: AttachmentKind,
        holdings: &mut Holdings,
    ) {
        if self.http.sender.is_loopback() {
            holdings.unconfirmed.push(kind);
        } else {
            let reason = listing::UNCONFIRMED.to_owned();
            holdings.unread.push(UnreadPart { action, kind: Some(kind), response: None, reason });
        }
    }

    /// Reads the user again after a listing says that it does not exist. If it exists, the listing
    /// contradicts it, and the items of the kind stay unknown.
    fn check_presence(
        &mut self,
        action: &'static str,
        kind: AttachmentKind,
        why: Response,
        holdings: &mut Holdings,
    ) {
        match self.user(&holdings.user) {
            Err(again) if is_no_such_entity(&again) => holdings.vanish(),
            Ok(_) => {
                holdings.leave_unread(action, Some(kind), why);
                if let Some(part) = holdings.unread.last_mut() {
                    part.reason.push_str("; but GetUser returns the user");
                }
            }
            Err(_) => holdings.leave_unread(action, Some(kind), why),
        }
    }

    /// Checks that the user is still the same one.
    fn read_again(&mut self, first: &FoundUser, holdings: &mut Holdings) {
        if let Some(reason) = self.stopped.clone() {
            let part = UnreadPart { action: "GetUser", kind: None, response: None, reason };
            holdings.unread.push(part);
            return;
        }
        match self.user(&first.name) {
            Ok(found) if found == *first => {}
            Ok(_) => holdings.unread.push(UnreadPart {
                action: "GetUser",
                kind: None,
                response: None,
                reason: "the user was deleted and created again, or changed its name, while its \
                         items were read"
                    .to_owned(),
            }),
            Err(why) if is_no_such_entity(&why) => holdings.vanish(),
            Err(why) => holdings.leave_unread("GetUser", None, why),
        }
    }

    fn user(&mut self, user: &str) -> Result<FoundUser, Response> {
        let mut found = None;
        self.pages("GetUser", &[member("UserName", user)], &mut |result| {
            found = Some(listing::user(result, user)?);
            Ok(())
        })?;
        found.ok_or_else(|| unreadable("no user in the response".to_owned()))
    }

    /// Reads every page of a listing.
    fn pages(
        &mut self,
        action: &'static str,
        members: &[(String, String)],
        take: &mut dyn FnMut(&Element) -> Result<(), String>,
    ) -> Result<Completeness, Response> {
        let mut completeness = Completeness::Confirmed;
        let read_page = |marker: Option<String>| {
            let mut form: RequestForm =
                vec![member("Action", action), member("Version", names::VERSION)];
            form.extend_from_slice(members);
            form.extend(marker.map(|marker| member("Marker", marker)));
            let page = self.send(action, &form)?;
            take(&page).map_err(unreadable)?;
            match listing::rest(&page).map_err(unreadable)? {
                Rest::Page(marker) => return Ok(Some(marker)),
                Rest::None => {}
                Rest::Unknown => completeness = Completeness::Unconfirmed,
            }
            Ok(None)
        };
        let read = pages::every(read_page, unreadable);
        self.record_silence(&read);
        read.map(|()| completeness)
    }

    /// Sends a read, and repeats it while that may help and the patience lasts.
    fn send(&mut self, action: &str, form: &RequestForm) -> Result<Element, Response> {
        let mut repeats = 0;
        loop {
            let raw = self.http.sender.post(SigningService::Iam, form, None);
            let result = raw.and_then(|raw| response::result(action, &raw));
            let may_help = |kind| {
                matches!(kind, FailureKind::Transient | FailureKind::Failure | FailureKind::Reset)
            };
            let Err(Response::Failed(failure)) = &result else { return result };
            let own = Duration::from_millis(100 << repeats);
            let pause = self.http.sender.retry_after.take().map_or(own, |it| it.max(own));
            if !may_help(failure.kind) {
                return result;
            }
            if repeats == READ_REPEATS_MAX || pause > self.patience {
                self.patience = Duration::ZERO;
                return result;
            }
            self.patience -= pause;
            std::thread::sleep(pause);
            repeats += 1;
        }
    }

    /// Sends nothing any more to an endpoint that does not respond.
    fn record_silence(&mut self, read: &Result<(), Response>) {
        let Err(Response::Failed(failure)) = read else {
            self.silent = 0;
            return;
        };
        let silent = [FailureKind::Unreachable, FailureKind::Reset, FailureKind::Timeout];
        self.silent = if silent.contains(&failure.kind) { self.silent + 1 } else { 0 };
        let nobody = failure.kind == FailureKind::Unreachable;
        if nobody || self.silent >= RetryPolicy::UNRESPONSIVE_MAX {
            let why = Response::Failed(failure.clone());
            self.stopped =
                Some(format!("not sent, because the endpoint does not respond ({})", reason(&why)));
        }
    }
}
