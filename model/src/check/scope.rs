//! The bounds of an exhaustive check: how many users, items and resources exist, and which calls.
//!
//! A scope is data. [`crate::check::model_checker`] derives the states and calls from it, and
//! [`crate::check::scopes`] has the scopes with a name.

use crate::check::model_mutants::ModelMutant;
use crate::ids::{Item, User};
use crate::kind::{AttachmentKind, Resource, ResourceKind};
use crate::operation::Operation;
use crate::semantics::{Allowed, Effect, allowed, next};
use crate::state::Account;
use crate::tables::attachments::Naming;

/// The bounds of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "every combination is meaningful")]
pub struct Scope {
    /// The number of users.
    pub users: u32,
    /// The number of items for each user, of each kind that refers to no resource. The next item
    /// that the service names is the first free one.
    pub items: u32,
    /// True if each kind whose quota counts items has one item more than its quota, regardless of
    /// `items`. The check then includes calls that exceed the quota.
    pub quotas: bool,
    /// The number of groups.
    pub groups: u32,
    /// The number of managed policies.
    pub policies: u32,
    /// The number of virtual MFA devices.
    pub devices: u32,
    /// True if groups, policies and devices exist from the start and are never deleted.
    pub fixed_resources: bool,
    /// True if the check uses symmetry: one item stands for all indistinguishable ones, and one
    /// state for all that differ only in names. Paths still consist of calls of the model, so that
    /// a script can replay them.
    pub symmetry: bool,
    /// True if items become inactive and active again.
    pub statuses: bool,
    /// The calls besides those about attachments.
    pub extension: ScopeExtension,
    /// An error in the model, which the check must detect.
    pub mutant: Option<ModelMutant>,
}

/// Calls of a scope besides those about attachments. One extension at a time keeps scopes small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeExtension {
    /// No further calls.
    None,
    /// Names, paths, boundaries and two tags of users.
    Users,
    /// Names and policies of groups, with one policy more than the quota allows.
    Groups,
    /// Versions of policies: of one policy up to number seven, of several policies up to three.
    Versions,
}

impl ScopeExtension {
    /// The kinds of attachments in a scope with this extension.
    pub(crate) fn kinds(self) -> impl Iterator<Item = AttachmentKind> {
        AttachmentKind::blockers().filter(move |kind| match self {
            Self::None => true,
            Self::Users => [AttachmentKind::LoginProfile, AttachmentKind::AccessKey].contains(kind),
            Self::Groups => {
                [AttachmentKind::ManagedPolicy, AttachmentKind::GroupMembership].contains(kind)
            }
            Self::Versions => false,
        })
    }
}

impl Scope {
    /// The empty scope, as a base for others.
    pub const EMPTY: Self = Self {
        users: 0,
        items: 0,
        quotas: false,
        groups: 0,
        policies: 0,
        devices: 0,
        fixed_resources: false,
        symmetry: false,
        statuses: false,
        extension: ScopeExtension::None,
        mutant: None,
    };

    /// Returns true if some reachable states differ only in names and count as one.
    ///
    /// A single user without statuses needs no such renaming: the first free item is attached and
    /// the last one removed, so that the items of the user never have gaps.
    #[must_use]
    pub const fn renames(&self) -> bool {
        self.symmetry && (self.users > 1 || self.statuses)
    }

    /// The allowed responses, in the model with the error of this scope, if any.
    #[must_use]
    pub fn allowed(&self, account: &Account, op: &Operation) -> Allowed {
        self.mutant.map_or_else(|| allowed(account, op), |mutant| mutant.allowed(account, op))
    }

    /// The state after the call succeeds, in the model with the error of this scope, if any.
    #[must_use]
    pub fn next(&self, account: &Account, op: &Operation) -> Account {
        match self.mutant {
            Some(mutant) => mutant.next(account, op),
            None => next(account, op, Effect::Success),
        }
    }

    fn resource_count(&self, kind: ResourceKind) -> u32 {
        match kind {
            ResourceKind::Group => self.groups,
            ResourceKind::Policy => self.policies,
            ResourceKind::Device => self.devices,
        }
    }

    /// Every resource of a kind in this scope.
    pub(crate) fn resources_of(
        &self,
        class: ResourceKind,
    ) -> impl Iterator<Item = Resource> + use<> {
        (0..self.resource_count(class)).map(move |item| Resource { kind: class, item: Item(item) })
    }

    /// Every resource in this scope.
    pub(crate) fn resources(self) -> impl Iterator<Item = Resource> {
        ResourceKind::all().flat_map(move |kind| self.resources_of(kind))
    }

    /// The number of items of a kind for one user.
    pub(crate) fn item_count(&self, kind: AttachmentKind) -> u32 {
        let row = kind.row();
        match (row.refers_to, row.naming) {
            (Some(resource), _) => self.resource_count(resource),
            (None, Naming::Single) => 1,
            (None, _) if self.quotas && row.quota.each == 1 => {
                u32::try_from(row.quota.max + 1).unwrap_or(u32::MAX)
            }
            (None, _) => self.items,
        }
    }

    /// The items of a kind for one user. Items that the service names differ between users.
    pub(crate) fn items_of(
        self,
        user: User,
        kind: AttachmentKind,
    ) -> impl DoubleEndedIterator<Item = Item> {
        let count = self.item_count(kind);
        let first = if kind.row().naming == Naming::Service { user.0 * count } else { 0 };
        (first..first + count).map(Item)
    }
}
