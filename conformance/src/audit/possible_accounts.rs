//! The possible accounts for one event: all that agree with the knowledge and differ for the
//! operation.
//!
//! Each unknown fact that the operation may depend on is assumed to be true or false. All
//! combinations are tried for what exists. For additional attachments, up to two are assumed at a
//! time: a refusal names one blocking attachment, so more of them explain no further response.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use iamspec_model::tables::attachments::Naming;
use iamspec_model::{
    Account, AttachmentAction, AttachmentKind, Item, Operation, Resource, Service, Status, User,
    UserChange, apply,
};

use crate::audit::{AuditEvent, AuditOperation};
use crate::script::corpus::attach;

/// What is known about a user.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownUser {
    pub(crate) exists: Option<bool>,
    /// Whether `held` is complete, because the user was created within the history.
    pub(crate) held_complete: bool,
    /// The items that the user is known to hold or not to hold.
    pub(crate) held: BTreeMap<(AttachmentKind, String), bool>,
    /// The items that may be inactive: no event shows their creation, or their status changed.
    pub(crate) possibly_inactive: BTreeSet<(AttachmentKind, String)>,
    /// The time of the last change.
    pub(crate) changed: Option<i64>,
    /// The items that changed within that second. `None` stands for the user itself.
    touched: Vec<Option<(AttachmentKind, String)>>,
    /// The last events about the user.
    pub(crate) recent_events: VecDeque<String>,
}

/// What is known about a group, a policy or a device.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownResource {
    pub(crate) exists: Option<bool>,
    /// Whether `holders` is complete.
    pub(crate) holders_complete: bool,
    /// The users that are known to hold it.
    pub(crate) holders: BTreeSet<String>,
    /// The time of the last change.
    pub(crate) changed: Option<i64>,
    /// The last events about the resource.
    pub(crate) recent_events: VecDeque<String>,
}

impl KnownUser {
    /// Records the creation. Everything about a new user is known.
    pub(crate) fn set_created(&mut self) {
        (self.exists, self.held_complete) = (Some(true), true);
        self.held.clear();
    }

    /// Records the deletion. Only the event that deleted the user is kept.
    pub(crate) fn set_deleted(&mut self) {
        self.recent_events.drain(..self.recent_events.len().saturating_sub(1));
        self.recent_events.shrink_to_fit();
        (self.exists, self.held_complete) = (Some(false), true);
        self.held.clear();
    }

    /// Forgets everything except the recent events and the last change.
    pub(crate) fn forget(&mut self) {
        *self = Self {
            recent_events: std::mem::take(&mut self.recent_events),
            touched: std::mem::take(&mut self.touched),
            changed: self.changed,
            ..Self::default()
        };
    }

    /// Whether the user holds the item, if known.
    fn holds(&self, kind: AttachmentKind, item: &str) -> Option<bool> {
        if let Some(held) = self.held.get(&(kind, item.to_owned())) {
            return Some(*held);
        }
        // For some kinds it is unknown whether names are case-sensitive.
        let is_similar =
            |(of, name): &(AttachmentKind, String)| *of == kind && name.eq_ignore_ascii_case(item);
        let has_similar = self.held.keys().any(is_similar);
        (!has_similar && (self.held_complete || self.exists == Some(false))).then_some(false)
    }

    /// Records a change. If the order of several changes within a second matters, the user becomes
    /// unknown.
    pub(crate) fn record_change(&mut self, event: &AuditEvent) {
        let item = match event.operation {
            AuditOperation::Attachment(kind, _) => Some((kind, event.item_name().to_owned())),
            _ => None,
        };
        if self.changed != Some(event.time) {
            self.touched.clear();
        }
        let same_item = self.touched.contains(&item);
        let user_itself = item.is_none() || self.touched.contains(&None);
        if same_item || user_itself && !self.touched.is_empty() {
            self.forget();
        }
        self.changed = Some(event.time);
        self.touched.push(item);
    }
}

/// The key of a name. IAM compares names without regard to case (C-041, C-043).
pub(crate) fn name_key(name: &str) -> String {
    name.to_lowercase()
}

/// The maximum number of recent events kept.
const MAX_RECENT_EVENTS: usize = 6;

/// Appends an event and drops the oldest one if there are too many.
pub(crate) fn add_recent_event(recent_events: &mut VecDeque<String>, event: String) {
    if recent_events.len() == MAX_RECENT_EVENTS {
        recent_events.pop_front();
    }
    recent_events.push_back(event);
}

/// The symbols for the event's user, the user with the new name, and any other user.
const USER: User = User(0);
const NEW_USER: User = User(1);
const OTHER_USER: User = User(2);
/// The symbol for the item that the event names. Items with other names have smaller symbols.
const NAMED_ITEM: Item = Item(500);
/// The symbol for an item that no event names.
const UNNAMED_ITEM: Item = Item(999);

/// An event, and what is known about the users and the resource that it names.
pub(crate) struct EventContext<'a> {
    pub(crate) event: &'a AuditEvent,
    pub(crate) user: Option<&'a KnownUser>,
    /// The user that has the new name, if the event is a rename.
    pub(crate) new_user: Option<&'a KnownUser>,
    pub(crate) resource: Option<&'a KnownResource>,
}

/// An unknown fact about the account that a possible account assumes to be true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assumption {
    UserExists,
    NewUserExists,
    ResourceExists,
    /// The user holds the named item.
    ItemHeld,
    /// The user holds another item of this kind.
    HoldsAnother(AttachmentKind),
    /// Another user holds the named item.
    HeldByOther,
}

/// An account that agrees with the knowledge, and the assumptions that are true in it.
pub(crate) struct PossibleAccount {
    pub(crate) account: Account,
    pub(crate) assumptions: Vec<Assumption>,
}

impl EventContext<'_> {
    /// The event's operation in the symbols of the model.
    pub(crate) fn operation(&self) -> Operation {
        let item = self.item();
        match self.event.operation {
            AuditOperation::CreateUser => Operation::create_user(USER),
            AuditOperation::GetUser => Operation::GetUser(USER),
            AuditOperation::UpdateUser => {
                let name = self.event.other_name.as_ref().map(|_| NEW_USER);
                Operation::UpdateUser(USER, UserChange { name, path: None })
            }
            AuditOperation::DeleteUser => Operation::DeleteUser(USER),
            AuditOperation::Attachment(kind, action) => match action {
                AttachmentAction::Attach => attach(USER, kind, item, Service(0)),
                AttachmentAction::List => Operation::List(USER, kind),
                AttachmentAction::Get => Operation::Get(USER, kind, item),
                AttachmentAction::SetStatus => {
                    Operation::SetStatus(USER, kind, item, Status::Active)
                }
                AttachmentAction::ResetSecret => Operation::ResetSecret(USER, kind, item),
                AttachmentAction::Detach => Operation::Detach(USER, kind, item),
            },
            AuditOperation::Rename(class) => {
                Operation::RenameResource(Resource { kind: class, item }, None)
            }
            AuditOperation::Create(class) => {
                Operation::CreateResource(Resource { kind: class, item })
            }
            AuditOperation::Delete(class) => {
                Operation::DeleteResource(Resource { kind: class, item })
            }
        }
    }

    /// Every possible account.
    pub(crate) fn possible_accounts(&self) -> Vec<PossibleAccount> {
        let (existence, attachments) = self.unknowns();
        let mut up_to_two: Vec<Vec<Assumption>> = vec![Vec::new()];
        for (index, one) in attachments.iter().enumerate() {
            up_to_two.push(vec![*one]);
            up_to_two.extend(attachments.iter().skip(index + 1).map(|other| vec![*one, *other]));
        }
        let subsets = (0..1_usize << existence.len()).map(|bits| {
            let subset =
                existence.iter().enumerate().filter(move |(index, _)| bits >> index & 1 == 1);
            subset.map(|(_, it)| *it).collect::<Vec<_>>()
        });
        let combinations = subsets.flat_map(|subset| {
            up_to_two
                .iter()
                .map(move |attachments| subset.iter().chain(attachments).copied().collect())
        });
        let possible = |assumptions: Vec<Assumption>| {
            Some(PossibleAccount { account: self.account(&assumptions)?, assumptions })
        };
        combinations.filter_map(possible).collect()
    }

    /// The unknown facts that the operation may depend on: about existence, and about attachments.
    fn unknowns(&self) -> (Vec<Assumption>, Vec<Assumption>) {
        let (mut existence, mut attachments) = (Vec::new(), Vec::new());
        let name = self.event.item_name();
        if let Some(user) = self.user {
            existence.extend(user.exists.is_none().then_some(Assumption::UserExists));
            if let AuditOperation::Attachment(kind, action) = self.event.operation
                && (action != AttachmentAction::List || kind.row().naming == Naming::Single)
                && user.holds(kind, name).is_none()
            {
                attachments.push(Assumption::ItemHeld);
            }
            if self.event.operation == AuditOperation::DeleteUser && !user.held_complete {
                attachments.extend(AttachmentKind::blockers().map(Assumption::HoldsAnother));
            }
        }
        let new_user = self.new_user.filter(|it| it.exists.is_none());
        existence.extend(new_user.map(|_| Assumption::NewUserExists));
        if let Some(resource) = self.resource {
            existence.extend(resource.exists.is_none().then_some(Assumption::ResourceExists));
            attachments.extend((!resource.holders_complete).then_some(Assumption::HeldByOther));
        }
        (existence, attachments)
    }

    /// The account with these assumptions. Returns `None` if they contradict each other: a user
    /// that does not exist holds nothing, and no user holds a resource that does not exist.
    fn account(&self, assumptions: &[Assumption]) -> Option<Account> {
        let is_true = |known: Option<bool>, assumption: Assumption| {
            known.unwrap_or(assumptions.contains(&assumption))
        };
        let mut account = Account::default();
        if let Some(resource) = self.resource {
            let held_by_other = assumptions.contains(&Assumption::HeldByOther);
            let exists = is_true(resource.exists, Assumption::ResourceExists);
            if !exists && (held_by_other || !resource.holders.is_empty()) {
                return None;
            }
            let class = self.event.operation.resource_kind()?;
            if exists {
                apply(
                    &mut account,
                    &Operation::CreateResource(Resource { kind: class, item: self.item() }),
                );
            }
            let kind =
                AttachmentKind::blockers().find(|kind| kind.row().refers_to == Some(class))?;
            let user = self.event.user.as_ref();
            if held_by_other || resource.holders.iter().any(|it| Some(it) != user) {
                apply(&mut account, &Operation::create_user(OTHER_USER));
                apply(&mut account, &attach(OTHER_USER, kind, self.item(), Service(0)));
            }
        }
        if self.new_user.is_some_and(|it| is_true(it.exists, Assumption::NewUserExists)) {
            apply(&mut account, &Operation::create_user(NEW_USER));
        }
        let exists = is_true(self.user.and_then(|it| it.exists), Assumption::UserExists);
        self.add_user(&mut account, assumptions, exists).then_some(account)
    }

    /// Adds the user and its attachments. Returns false if the assumptions contradict each other.
    fn add_user(&self, account: &mut Account, assumptions: &[Assumption], exists: bool) -> bool {
        let Some(user) = self.user else { return true };
        if !exists {
            let holds =
                |it: &Assumption| matches!(it, Assumption::ItemHeld | Assumption::HoldsAnother(_));
            return !assumptions.iter().any(holds);
        }
        apply(account, &Operation::create_user(USER));
        let is_named = |kind: AttachmentKind, name: &str| {
            matches!(self.event.operation, AuditOperation::Attachment(of, _) if of == kind)
                && self.event.item_name() == name
        };
        let held = user.held.iter().filter(|(_, held)| **held);
        for (index, (entry @ (kind, name), _)) in held.enumerate() {
            // The quota counts per service, which events do not name.
            let attaches =
                self.event.operation == AuditOperation::Attachment(*kind, AttachmentAction::Attach);
            if kind.row().per_service && !is_named(*kind, name) && attaches {
                continue;
            }
            let item = match (is_named(*kind, name), kind.row().naming) {
                (true, _) => self.item(),
                (false, Naming::Single) => Item(0),
                (false, _) => Item(u32::try_from(index).unwrap_or(0)),
            };
            add_attachment(account, *kind, item);
            if user.possibly_inactive.contains(entry) {
                apply(account, &Operation::SetStatus(USER, *kind, item, Status::Inactive));
            }
        }
        self.add_assumed_attachments(account, assumptions)
    }

    /// Adds the assumed attachments. Returns false if the assumptions contradict each other.
    fn add_assumed_attachments(&self, account: &mut Account, assumptions: &[Assumption]) -> bool {
        for assumption in assumptions {
            match (assumption, self.event.operation) {
                (Assumption::ItemHeld, AuditOperation::Attachment(kind, _)) => {
                    let resource_exists = kind.row().refers_to.is_none_or(|class| {
                        account.has_resource(Resource { kind: class, item: self.item() })
                            || self.resource.is_none()
                    });
                    if !resource_exists {
                        return false;
                    }
                    add_attachment(account, kind, self.item());
                }
                (Assumption::HoldsAnother(kind), _) => {
                    let is_single = kind.row().naming == Naming::Single;
                    add_attachment(account, *kind, if is_single { Item(0) } else { UNNAMED_ITEM });
                }
                _ => {}
            }
        }
        true
    }

    /// The symbol of the named item.
    fn item(&self) -> Item {
        if self.event.operation.is_about_single() { Item(0) } else { NAMED_ITEM }
    }
}

/// Attaches the item to the user and creates the resource that it refers to.
fn add_attachment(account: &mut Account, kind: AttachmentKind, item: Item) {
    if let Some(class) = kind.row().refers_to {
        apply(account, &Operation::CreateResource(Resource { kind: class, item }));
    }
    apply(account, &attach(USER, kind, item, Service(0)));
}
