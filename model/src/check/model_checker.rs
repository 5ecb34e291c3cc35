//! The stateright model of a scope: initial state, calls, transitions and properties.
//!
//! Calls that may change the state are actions of the model. Calls that never lead to a new state,
//! such as reads, are separate: [`Scope::asked_only`].

use stateright::{Model, Property};

use crate::check::canonical_form::CanonicalForm;
use crate::check::scope::{Scope, ScopeExtension};
use crate::check::{independence, state_properties};
use crate::ids::{
    CreateUserOptions, Filter, IssueOptions, Item, Path, Service, Status, User, UserChange,
};
use crate::kind::{AttachmentKind, Resource, ResourceKind, SubResource};
use crate::operation::{InvalidRequest, Operation};
use crate::semantics::apply;
use crate::state::Account;
use crate::tables::attachments::Naming;

impl Model for Scope {
    type State = Account;
    type Action = Operation;

    fn init_states(&self) -> Vec<Account> {
        let mut account = Account::default();
        for resource in self.resources().filter(|_| self.fixed_resources) {
            apply(&mut account, &Operation::CreateResource(resource));
        }
        vec![account]
    }

    fn actions(&self, account: &Account, out: &mut Vec<Operation>) {
        let form = self.symmetry.then(|| CanonicalForm::of(self, account));
        if !self.fixed_resources {
            self.resource_lifecycle(form.as_ref(), out);
        }
        for user in (0..self.users).map(User) {
            out.extend([Operation::create_user(user), Operation::DeleteUser(user)]);
            for kind in self.extension.kinds() {
                self.attachment_changes(user, kind, account, form.as_ref(), out);
            }
        }
        match self.extension {
            ScopeExtension::None => {}
            ScopeExtension::Users => self.user_changes(out),
            ScopeExtension::Groups => self.group_changes(out),
            ScopeExtension::Versions => self.version_changes(account, out),
        }
    }

    fn next_state(&self, account: &Account, op: Operation) -> Option<Account> {
        let after = self.allowed(account, &op).may_succeed().then(|| self.next(account, &op))?;
        (after != *account).then_some(after)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = state_properties::always();
        if self.statuses && self.items > 1 {
            let (name, holds) = independence::PROPERTY;
            properties.push(Property::always(name, holds));
        }
        properties.extend(state_properties::sometimes(self));
        properties
    }
}

impl Scope {
    /// Calls to check in every state that never lead to a new one: reads, new secrets, calls about
    /// an item of another user, repeated uploads, and the creation and deletion of resources that
    /// are fixed in this scope.
    pub fn probes(&self, account: &Account, out: &mut Vec<Operation>) {
        if self.extension != ScopeExtension::None {
            self.extension_reads(out);
        }
        let form = self.symmetry.then(|| CanonicalForm::of(self, account));
        if self.fixed_resources {
            self.resource_lifecycle(form.as_ref(), out);
        }
        for user in (0..self.users).map(User) {
            out.push(Operation::GetUser(user));
            for kind in self.extension.kinds() {
                let row = kind.row();
                out.push(Operation::List(user, kind));
                let items = || self.first_items(user, kind, form.as_ref());
                let readable = items().filter(|_| row.get.is_some());
                out.extend(readable.map(|item| Operation::Get(user, kind, item)));
                let renewable = items().filter(|_| row.renew.is_some());
                out.extend(renewable.map(|item| Operation::ResetSecret(user, kind, item)));
                self.calls_on_foreign_items(user, kind, form.as_ref(), out);
                if row.has_body {
                    self.repeated_uploads(user, kind, out);
                }
            }
        }
    }

    fn resource_lifecycle(&self, form: Option<&CanonicalForm>, out: &mut Vec<Operation>) {
        let resources = ResourceKind::all().flat_map(|kind| self.first_resources(kind, form));
        out.extend(
            resources.flat_map(|it| [Operation::CreateResource(it), Operation::DeleteResource(it)]),
        );
    }

    /// The calls that change the attachments of one kind. With symmetry, the first of the
    /// indistinguishable items is attached and the last removed, so that there are no gaps.
    fn attachment_changes(
        &self,
        user: User,
        kind: AttachmentKind,
        account: &Account,
        form: Option<&CanonicalForm>,
        out: &mut Vec<Operation>,
    ) {
        let row = kind.row();
        if row.naming == Naming::Service {
            let mut items = self.items_of(user, kind);
            let free = items.find(|item| self.is_free(account, user, kind, *item));
            let options = if row.per_service {
                IssueOptions::Service(Service(0))
            } else {
                IssueOptions::None
            };
            out.extend(free.map(|item| Operation::Issue(user, kind, item, options)));
        } else {
            let items = self.first_items(user, kind, form);
            out.extend(items.map(|item| Operation::Attach(user, kind, item)));
        }
        let last_items = || {
            self.items_of(user, kind)
                .filter(|item| form.is_none_or(|it| it.is_last(user, kind, *item)))
        };
        out.extend(last_items().map(|item| Operation::Detach(user, kind, item)));
        if self.statuses && row.has_status {
            let set_status = |item| {
                [Status::Active, Status::Inactive]
                    .map(|status| Operation::SetStatus(user, kind, item, status))
            };
            out.extend(last_items().flat_map(set_status));
        }
    }

    fn calls_on_foreign_items(
        &self,
        user: User,
        kind: AttachmentKind,
        form: Option<&CanonicalForm>,
        out: &mut Vec<Operation>,
    ) {
        let row = kind.row();
        if row.naming != Naming::Service {
            return;
        }
        let others = (0..self.users).map(User).filter(|it| *it != user);
        for item in others.flat_map(|other| self.first_items(other, kind, form)) {
            out.push(Operation::Detach(user, kind, item));
            out.extend(row.get.is_some().then_some(Operation::Get(user, kind, item)));
            out.extend(row.renew.is_some().then_some(Operation::ResetSecret(user, kind, item)));
            let disable = Operation::SetStatus(user, kind, item, Status::Inactive);
            out.extend(row.set_status.is_some().then_some(disable));
        }
    }

    fn repeated_uploads(&self, user: User, kind: AttachmentKind, out: &mut Vec<Operation>) {
        let items = || self.items_of(user, kind);
        let upload = |(old, new)| Operation::Issue(user, kind, new, IssueOptions::SameBodyAs(old));
        out.extend(items().zip(items().skip(1)).map(upload));
    }

    /// The items of a user, without those that are indistinguishable from an earlier one.
    fn first_items(
        &self,
        user: User,
        kind: AttachmentKind,
        form: Option<&CanonicalForm>,
    ) -> impl Iterator<Item = Item> {
        self.items_of(user, kind)
            .filter(move |item| form.is_none_or(|it| it.is_first(user, kind, *item)))
    }

    /// The resources of a kind, without those that are indistinguishable from an earlier one.
    fn first_resources(
        &self,
        class: ResourceKind,
        form: Option<&CanonicalForm>,
    ) -> impl Iterator<Item = Resource> {
        let kind = AttachmentKind::blockers().find(|kind| kind.row().refers_to == Some(class));
        let items = kind.into_iter().flat_map(move |kind| self.first_items(User(0), kind, form));
        items.map(move |item| Resource { kind: class, item })
    }

    /// Returns true if the service can issue this item. A renamed user may hold an item from the
    /// range of another user.
    fn is_free(&self, account: &Account, user: User, kind: AttachmentKind, item: Item) -> bool {
        account.attachment(user, kind, item).is_none()
            && (self.extension != ScopeExtension::Users
                || account.holders(kind, item).next().is_none())
    }
}

/// The calls of scope extensions.
impl Scope {
    fn user_changes(&self, out: &mut Vec<Operation>) {
        let users = || (0..self.users).map(User);
        for user in users() {
            let update = |name, path| Operation::UpdateUser(user, UserChange { name, path });
            out.extend(users().map(Some).chain([None]).map(|name| update(name, None)));
            out.extend([Path(0), Path(1)].map(|path| update(None, Some(path))));
            out.push(Operation::DeleteBoundary(user));
            out.push(Operation::List(user, AttachmentKind::Tag));
            for tag in [Item(0), Item(1)] {
                out.push(Operation::Attach(user, AttachmentKind::Tag, tag));
                out.push(Operation::Detach(user, AttachmentKind::Tag, tag));
            }
            for policy in self.resources_of(ResourceKind::Policy) {
                out.push(Operation::PutBoundary(user, policy.item));
                let (boundary, tag) = (Some(policy.item), Some(Item(0)));
                let options = CreateUserOptions { path: Path(1), boundary, tag };
                out.push(Operation::CreateUser(user, options));
            }
        }
    }

    fn group_changes(&self, out: &mut Vec<Operation>) {
        for group in self.resources_of(ResourceKind::Group) {
            let names = self.resources_of(ResourceKind::Group).map(|it| Some(it.item));
            out.extend(names.chain([None]).map(|name| Operation::RenameResource(group, name)));
            for item in [Item(0), Item(1)] {
                out.push(Operation::AddSubResource(group, SubResource::InlinePolicy, item));
                out.push(Operation::RemoveSubResource(group, SubResource::InlinePolicy, item));
            }
            for policy in self.resources_of(ResourceKind::Policy) {
                out.push(Operation::AddSubResource(
                    group,
                    SubResource::AttachedPolicy,
                    policy.item,
                ));
                out.push(Operation::RemoveSubResource(
                    group,
                    SubResource::AttachedPolicy,
                    policy.item,
                ));
            }
        }
    }

    fn version_changes(&self, account: &Account, out: &mut Vec<Operation>) {
        for policy in self.resources_of(ResourceKind::Policy) {
            let next = account.next_version(policy);
            if next.0 <= self.last_version() {
                out.push(Operation::AddSubResource(policy, SubResource::Version, next));
            }
            for version in (1..=self.last_version()).map(Item) {
                out.push(Operation::SetDefault(policy, SubResource::Version, version));
                out.push(Operation::RemoveSubResource(policy, SubResource::Version, version));
            }
        }
    }

    /// The highest version number. Lower numbers suffice to reach the quota of one policy, even
    /// after a deletion.
    const fn last_version(&self) -> u32 {
        if self.policies > 1 { 3 } else { 7 }
    }

    fn extension_reads(&self, out: &mut Vec<Operation>) {
        out.extend([
            Operation::GetAccountSummary,
            Operation::GetAuthorizationDetails,
            Operation::ListUsers(Path(0)),
        ]);
        out.extend(ResourceKind::all().map(|kind| Operation::ListResources(kind, Filter::All)));
        out.extend(self.resources_of(ResourceKind::Group).map(Operation::GetResource));
        for policy in self.resources_of(ResourceKind::Policy) {
            out.extend([Operation::GetResource(policy), Operation::ListHolders(policy)]);
        }
        for user in (0..self.users).map(User) {
            out.push(Operation::ChangePassword(user));
            out.extend(InvalidRequest::all().map(|invalid| Operation::Invalid(user, invalid)));
            let keys = self.items_of(user, AttachmentKind::AccessKey);
            out.extend(keys.map(Operation::GetAccessKeyLastUsed));
        }
        for kind in SubResource::all() {
            for resource in self.resources_of(kind.row().resource) {
                out.push(Operation::ListSubResources(resource, kind));
                let items = (0..=2).map(Item).filter(|_| kind.row().get.is_some());
                out.extend(items.map(|item| Operation::GetSubResource(resource, kind, item)));
            }
        }
    }
}
