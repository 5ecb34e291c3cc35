//! A bounded part of the model, for exhaustive checking: so many users, items and objects.
//!
//! Those that are checked have names (`catalogue.rs`).
//!
//! Beside attachments: the calls about names, paths, boundaries, tags, policies of groups and versions,
//! as a scope asks them.

use stateright::{Model, Property};

use crate::check::explorer::CanonicalForm;
use crate::check::model_mutants::ModelMutant;
use crate::check::state_properties;
use crate::ids::{CreateUserOptions, Filter, IssueOptions, Path, User, UserChange};
use crate::operation::Operation;
use crate::semantics::{Allowed, Effect, allowed, apply, next};
use crate::state::Account;
use crate::tables::attachments::{AttachmentKind, Item, Naming, Service, Status};
use crate::tables::resources::{Resource, ResourceKind};
use crate::tables::sub_resources::SubResource;
use crate::tables::validation::InvalidRequest;

/// How much exists at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "any of them goes with any other")]
pub struct Scope {
    /// Users.
    pub users: u32,
    /// Items of each kind that refers to nothing, for each user. The next item that the service
    /// names is the first that is free.
    pub items: u32,
    /// Whether there is one item more than the quota allows of each kind whose quota counts items,
    /// however few there are of the others: what would exceed the quota is asked, and refused.
    pub quotas: bool,
    /// Groups.
    pub groups: u32,
    /// Managed policies.
    pub policies: u32,
    /// Virtual MFA devices.
    pub devices: u32,
    /// Whether groups, policies and devices exist from the start, and stay.
    pub given: bool,
    /// Whether of what nobody can tell apart one is asked about, so that one state stands for all
    /// that differ from it in names only. Calls stay calls of the model: what leads to a state can
    /// be played.
    pub alike: bool,
    /// Whether items are made inactive and active again.
    pub statuses: bool,
    /// What is asked beside attachments.
    pub beside: ScopeExtension,
    /// What is wrong with the model, to see whether it is noticed.
    pub fault: Option<ModelMutant>,
}

impl Scope {
    /// Nothing but the login profile of a user, if there is one.
    pub const NOTHING: Self = Self {
        users: 0,
        items: 0,
        quotas: false,
        groups: 0,
        policies: 0,
        devices: 0,
        given: false,
        alike: false,
        statuses: false,
        beside: ScopeExtension::Nothing,
        fault: None,
    };

    /// Whether some of the states that are reached differ in names only, and are taken for one. Of
    /// one user's items the first is attached and the last taken away, so that they have no gaps to
    /// differ in, unless the last is not like the others.
    #[must_use]
    pub const fn renames(&self) -> bool {
        self.alike && (self.users > 1 || self.statuses)
    }

    /// What may be answered.
    #[must_use]
    pub fn allowed(&self, account: &Account, op: &Operation) -> Allowed {
        self.fault.map_or_else(|| allowed(account, op), |fault| fault.allowed(account, op))
    }

    /// What is true after a call was carried out.
    #[must_use]
    pub fn next(&self, account: &Account, op: &Operation) -> Account {
        match self.fault {
            Some(fault) => fault.next(account, op),
            None => next(account, op, Effect::Done),
        }
    }

    /// The calls that are asked in every state and followed in none: those that read or renew a
    /// secret, those about an item that is another user's, uploads of what was uploaded before, and
    /// those that make or remove what is given.
    pub fn asked_only(&self, account: &Account, out: &mut Vec<Operation>) {
        telling(self, out);
        let looks = self.alike.then(|| CanonicalForm::of(self, account));
        if self.given {
            let all =
                ResourceKind::all().flat_map(|class| self.first_objects(class, looks.as_ref()));
            out.extend(all.flat_map(|it| [Operation::Create(it), Operation::Delete(it)]));
        }
        for user in (0..self.users).map(User) {
            out.push(Operation::GetUser(user));
            for kind in self.beside.kinds() {
                out.push(Operation::List(user, kind));
                let items = || self.firsts(user, kind, looks.as_ref());
                let readable = items().filter(|_| kind.row().get.is_some());
                out.extend(readable.map(|item| Operation::Get(user, kind, item)));
                let renewed = items().filter(|_| kind.row().renew.is_some());
                out.extend(renewed.map(|item| Operation::Renew(user, kind, item)));
                self.about_others(user, kind, looks.as_ref(), out);
            }
        }
    }

    fn about_others(
        &self,
        user: User,
        kind: AttachmentKind,
        looks: Option<&CanonicalForm>,
        out: &mut Vec<Operation>,
    ) {
        let row = kind.row();
        let others = (0..self.users).map(User).filter(|it| *it != user);
        for item in others.flat_map(|other| self.firsts(other, kind, looks)) {
            if row.naming == Naming::Service {
                out.push(Operation::Detach(user, kind, item));
                out.extend(row.get.is_some().then_some(Operation::Get(user, kind, item)));
                out.extend(row.renew.is_some().then_some(Operation::Renew(user, kind, item)));
                let set = Operation::SetStatus(user, kind, item, Status::Inactive);
                out.extend(row.set_status.is_some().then_some(set));
            }
        }
        if row.bodies {
            let items = || self.items_of(user, kind);
            let again = items().zip(items().skip(1));
            out.extend(
                again
                    .map(|(old, new)| Operation::Issue(user, kind, new, IssueOptions::BodyOf(old))),
            );
        }
    }

    pub(crate) fn objects_of(&self, class: ResourceKind) -> u32 {
        match class {
            ResourceKind::Group => self.groups,
            ResourceKind::Policy => self.policies,
            ResourceKind::Device => self.devices,
        }
    }

    fn objects(self) -> impl Iterator<Item = Resource> {
        ResourceKind::all().flat_map(move |class| {
            (0..self.objects_of(class)).map(move |item| Resource { class, item: Item(item) })
        })
    }

    /// How many items of a kind a user can tell apart.
    pub(crate) fn room(&self, kind: AttachmentKind) -> u32 {
        let row = kind.row();
        match (row.refers, row.naming) {
            (Some(class), _) => self.objects_of(class),
            (None, Naming::Single) => 1,
            (None, _) if self.quotas && row.quota.each == 1 => {
                u32::try_from(row.quota.max + 1).unwrap_or(u32::MAX)
            }
            (None, _) => self.items,
        }
    }

    /// The items of a kind that exist for a user in this scope.
    pub(crate) fn items_of(
        self,
        user: User,
        kind: AttachmentKind,
    ) -> impl DoubleEndedIterator<Item = Item> {
        let room = self.room(kind);
        let from = if kind.row().naming == Naming::Service { user.0 * room } else { 0 };
        (from..from + room).map(Item)
    }

    /// Of the items that nobody can tell apart, the first; all where there are no looks.
    fn firsts(
        &self,
        user: User,
        kind: AttachmentKind,
        looks: Option<&CanonicalForm>,
    ) -> impl Iterator<Item = Item> {
        self.items_of(user, kind)
            .filter(move |item| looks.is_none_or(|it| it.is_first(user, kind, *item)))
    }

    /// Of the objects that nobody can tell apart, the first.
    fn first_objects(
        &self,
        class: ResourceKind,
        looks: Option<&CanonicalForm>,
    ) -> impl Iterator<Item = Resource> {
        let kind = AttachmentKind::blockers().find(|kind| kind.row().refers == Some(class));
        let items = kind.into_iter().flat_map(move |kind| self.firsts(User(0), kind, looks));
        items.map(move |item| Resource { class, item })
    }

    /// The calls about a kind that may change something. Where items look alike, the first of them
    /// is attached and the last of them taken away, so that what is held stays without gaps.
    fn about(
        &self,
        user: User,
        kind: AttachmentKind,
        account: &Account,
        looks: Option<&CanonicalForm>,
        out: &mut Vec<Operation>,
    ) {
        match kind.row().naming {
            Naming::Service => {
                let mut items = self.items_of(user, kind);
                let free = items.find(|item| self.is_free(account, user, kind, *item));
                let with = if kind.row().services {
                    IssueOptions::Service(Service(0))
                } else {
                    IssueOptions::Nothing
                };
                out.extend(free.map(|item| Operation::Issue(user, kind, item, with)));
            }
            _ => out.extend(
                self.firsts(user, kind, looks).map(|item| Operation::Attach(user, kind, item)),
            ),
        }
        let lasts = || {
            let items = self.items_of(user, kind);
            items.filter(|item| looks.is_none_or(|it| it.is_last(user, kind, *item)))
        };
        out.extend(lasts().map(|item| Operation::Detach(user, kind, item)));
        if self.statuses && kind.row().statuses {
            let set = |item| {
                [Status::Active, Status::Inactive]
                    .map(|it| Operation::SetStatus(user, kind, item, it))
            };
            out.extend(lasts().flat_map(set));
        }
    }
}

impl Scope {
    /// Whether an item can be issued: where users are renamed, others may hold what was this one's.
    fn is_free(&self, account: &Account, user: User, kind: AttachmentKind, item: Item) -> bool {
        account.held(user, kind, item).is_none()
            && (self.beside != ScopeExtension::Users
                || account.holders(kind, item).next().is_none())
    }
}

impl Model for Scope {
    type State = Account;
    type Action = Operation;

    fn init_states(&self) -> Vec<Account> {
        let mut account = Account::default();
        for object in self.objects().filter(|_| self.given) {
            apply(&mut account, &Operation::Create(object));
        }
        vec![account]
    }

    fn actions(&self, account: &Account, out: &mut Vec<Operation>) {
        let looks = self.alike.then(|| CanonicalForm::of(self, account));
        if !self.given {
            let all =
                ResourceKind::all().flat_map(|class| self.first_objects(class, looks.as_ref()));
            out.extend(all.flat_map(|it| [Operation::Create(it), Operation::Delete(it)]));
        }
        for user in (0..self.users).map(User) {
            out.extend([Operation::create_user(user), Operation::DeleteUser(user)]);
            self.beside
                .kinds()
                .for_each(|kind| self.about(user, kind, account, looks.as_ref(), out));
        }
        changing(self, account, out);
    }

    fn next_state(&self, account: &Account, op: Operation) -> Option<Account> {
        let after = self.allowed(account, &op).may_be_done().then(|| self.next(account, &op))?;
        (after != *account).then_some(after)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        state_properties::all(*self)
    }
}

/// What a scope asks beside attachments. One at a time, for together they are too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeExtension {
    /// Nothing.
    Nothing,
    /// Names, paths, boundaries and two tags of users.
    Users,
    /// Names and policies of groups, of which there may be one more than the quota allows.
    Groups,
    /// Versions of policies, numbered up to seven; of several policies, up to three.
    Versions,
}

impl ScopeExtension {
    /// The kinds of attachments that are asked about.
    pub(crate) fn kinds(self) -> impl Iterator<Item = AttachmentKind> {
        AttachmentKind::blockers().filter(move |kind| match self {
            Self::Nothing => true,
            Self::Users => [AttachmentKind::LoginProfile, AttachmentKind::AccessKey].contains(kind),
            Self::Groups => {
                [AttachmentKind::ManagedPolicy, AttachmentKind::GroupMembership].contains(kind)
            }
            Self::Versions => false,
        })
    }
}

/// More numbers are not made: of one policy the quota is reached with fewer, even after a deletion.
const fn versions_max(scope: &Scope) -> u32 {
    if scope.policies > 1 { 3 } else { 7 }
}

/// The calls that may change something.
pub(crate) fn changing(scope: &Scope, account: &Account, out: &mut Vec<Operation>) {
    match scope.beside {
        ScopeExtension::Nothing => {}
        ScopeExtension::Users => users(scope, out),
        ScopeExtension::Groups => groups(scope, out),
        ScopeExtension::Versions => versions(scope, account, out),
    }
}

/// The calls that only tell.
pub(crate) fn telling(scope: &Scope, out: &mut Vec<Operation>) {
    if scope.beside == ScopeExtension::Nothing {
        return;
    }
    out.extend([Operation::Summary, Operation::Details, Operation::ListUsers(Path(0))]);
    out.extend(ResourceKind::all().map(|class| Operation::ListAll(class, Filter::All)));
    out.extend(scope.all_of(ResourceKind::Group).map(Operation::Read));
    for policy in scope.all_of(ResourceKind::Policy) {
        out.extend([Operation::Read(policy), Operation::Holders(policy)]);
    }
    for user in (0..scope.users).map(User) {
        out.push(Operation::ChangePassword(user));
        out.extend(InvalidRequest::all().map(|flaw| Operation::Flawed(user, flaw)));
        let keys = scope.items_of(user, AttachmentKind::AccessKey);
        out.extend(keys.map(Operation::LastUsed));
    }
    for part in SubResource::all() {
        for object in scope.all_of(part.row().of) {
            out.push(Operation::Parts(object, part));
            let items = (0..=2).map(Item).filter(|_| part.row().get.is_some());
            out.extend(items.map(|item| Operation::Part(object, part, item)));
        }
    }
}

fn users(scope: &Scope, out: &mut Vec<Operation>) {
    let all = || (0..scope.users).map(User);
    for user in all() {
        let names = all().map(Some).chain([None]);
        out.extend(names.map(|name| Operation::UpdateUser(user, UserChange { name, path: None })));
        let paths = [0, 1].map(|it| UserChange { name: None, path: Some(Path(it)) });
        out.extend(paths.map(|change| Operation::UpdateUser(user, change)));
        out.push(Operation::DeleteBoundary(user));
        out.push(Operation::List(user, AttachmentKind::Tag));
        for tag in [0, 1].map(Item) {
            out.push(Operation::Attach(user, AttachmentKind::Tag, tag));
            out.push(Operation::Detach(user, AttachmentKind::Tag, tag));
        }
        for policy in scope.all_of(ResourceKind::Policy) {
            out.push(Operation::PutBoundary(user, policy.item));
            let tag = Some(Item(0));
            let extras = CreateUserOptions { path: Path(1), boundary: Some(policy.item), tag };
            out.push(Operation::CreateUser(user, extras));
        }
    }
}

fn groups(scope: &Scope, out: &mut Vec<Operation>) {
    for group in scope.all_of(ResourceKind::Group) {
        let names = scope.all_of(ResourceKind::Group).map(|it| Some(it.item)).chain([None]);
        out.extend(names.map(|name| Operation::Rename(group, name)));
        for item in [0, 1].map(Item) {
            out.push(Operation::Add(group, SubResource::InlinePolicy, item));
            out.push(Operation::Remove(group, SubResource::InlinePolicy, item));
        }
        for policy in scope.all_of(ResourceKind::Policy) {
            out.push(Operation::Add(group, SubResource::AttachedPolicy, policy.item));
            out.push(Operation::Remove(group, SubResource::AttachedPolicy, policy.item));
        }
    }
}

fn versions(scope: &Scope, account: &Account, out: &mut Vec<Operation>) {
    for policy in scope.all_of(ResourceKind::Policy) {
        let next = account.next_version(policy);
        out.extend((next.0 <= versions_max(scope)).then_some(Operation::Add(
            policy,
            SubResource::Version,
            next,
        )));
        for version in (1..=versions_max(scope)).map(Item) {
            out.push(Operation::SetDefault(policy, SubResource::Version, version));
            out.push(Operation::Remove(policy, SubResource::Version, version));
        }
    }
}

impl Scope {
    /// Every object of a class that there may be in this scope.
    pub(crate) fn all_of(&self, class: ResourceKind) -> impl Iterator<Item = Resource> + use<> {
        (0..self.objects_of(class)).map(move |item| Resource { class, item: Item(item) })
    }
}
