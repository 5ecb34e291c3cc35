//! The table of attachments: nine kinds of things that can hang off a user and stand in the way of
//! its deletion, in the order of the `DeleteUser` reference, and tags, which do not. One file
//! a kind, one row a file.
//!
//! To add a kind, write its row and name it in `kinds!` below: the rules follow. What checks them
//! has its own list on purpose (`property.rs`).

mod access_key;
mod group_membership;
mod inline_policy;
mod login_profile;
mod managed_policy;
mod mfa_device;
mod service_credential;
mod signing_certificate;
mod ssh_public_key;
mod tag;

use crate::ids::AttachmentAction;
use crate::rule::{Action, Clause};
use crate::tables::resources::ResourceKind;

/// The symbolic name of one item: the number in `key#0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Item(pub u32);

/// A service that credentials can be made for: the number in `s0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Service(pub u8);

/// How many services there are: those for which credentials are recorded (B-SS-01).
pub const SERVICES: u8 = 2;

/// Whether an item may be used. Kinds without a status are always active.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// In use.
    #[default]
    Active,
    /// Kept, but not to be used.
    Inactive,
}

impl Status {
    /// The word on the wire and in scripts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
        }
    }
}

/// Who names the items of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// Nobody: a user holds one or none.
    Single,
    /// The service, in its answer.
    Service,
    /// The caller, in its request.
    Caller,
}

/// How much of a kind one user may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Its name, as in `Cannot exceed quota for AccessKeysPerUser: 2`: AWS's where a fact has it
    /// (G-001, G-003..G-006), formed alike elsewhere.
    pub name: &'static str,
    /// The default. What counts is what is held together: items, or characters.
    pub max: u64,
    /// What one item counts for.
    pub each: u64,
}

/// How one kind differs from another.
#[derive(Debug)]
pub struct AttachmentRow {
    /// The kind this row describes.
    pub kind: AttachmentKind,
    /// Its name in rule ids: `access-key`.
    pub name: &'static str,
    /// What people call one: `access key`.
    pub noun: &'static str,
    /// What its symbols begin with in scripts; empty where an item needs no name.
    pub symbol: &'static str,
    /// The request member that names an item.
    pub member: &'static str,
    /// Who names the items.
    pub naming: Naming,
    /// Whether items are active or inactive.
    pub statuses: bool,
    /// Whether the body of one item can be uploaded again.
    pub bodies: bool,
    /// What is gone for good once an item is taken away, as no listing shows it (B-AK-03, B-SS-02, B-LP-02,
    /// B-IP-04); empty where nothing is.
    pub loses: &'static str,
    /// Whether an item is made for a service, for each of which the quota counts anew.
    pub services: bool,
    /// What an item refers to, if it refers to something that exists by itself.
    pub refers: Option<ResourceKind>,
    /// How much of it one user may hold.
    pub quota: Quota,
    /// The call that attaches an item.
    pub attach: Action,
    /// The call that lists what is held.
    pub list: Action,
    /// The call that reads one item.
    pub get: Option<Action>,
    /// The call that makes an item active or inactive.
    pub set_status: Option<Action>,
    /// The call that gives an item another secret.
    pub renew: Option<Action>,
    /// The call that takes an item away.
    pub detach: Action,
    /// That `DeleteUser` is refused while an item is held; none where it is not in the way.
    pub blocks: Option<Clause>,
    /// What is known where every item held is inactive.
    pub blocks_inactive: Option<Clause>,
}

impl AttachmentRow {
    /// The call for a verb, if the kind has one.
    #[must_use]
    pub const fn call(&self, verb: AttachmentAction) -> Option<&Action> {
        match verb {
            AttachmentAction::Attach => Some(&self.attach),
            AttachmentAction::List => Some(&self.list),
            AttachmentAction::Get => self.get.as_ref(),
            AttachmentAction::SetStatus => self.set_status.as_ref(),
            AttachmentAction::Renew => self.renew.as_ref(),
            AttachmentAction::Detach => Some(&self.detach),
        }
    }
}

/// Makes [`AttachmentKind`] and [`TABLE`] from one list, so that neither can have what the other lacks.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident => $row:path;)*) => {
        /// A kind of attachment.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum AttachmentKind { $($(#[$doc])* $kind,)* }

        /// Every row, in the order of [`AttachmentKind`].
        pub const TABLE: [AttachmentRow; [$(AttachmentKind::$kind),*].len()] = [$($row),*];

        impl AttachmentKind {
            /// How many kinds there are.
            pub const COUNT: usize = TABLE.len();

            /// Every kind, in table order.
            pub fn all() -> impl Iterator<Item = Self> {
                [$(Self::$kind),*].into_iter()
            }

            /// This kind's row.
            #[must_use]
            pub const fn row(self) -> &'static AttachmentRow {
                match self { $(Self::$kind => &$row,)* }
            }
        }
    };
}

kinds! {
    /// A console password.
    LoginProfile => login_profile::ROW;
    /// An access key.
    AccessKey => access_key::ROW;
    /// A signing certificate.
    SigningCertificate => signing_certificate::ROW;
    /// An SSH public key.
    SshPublicKey => ssh_public_key::ROW;
    /// A service-specific credential, such as those for Git.
    ServiceCredential => service_credential::ROW;
    /// A virtual MFA device that is enabled for the user.
    MfaDevice => mfa_device::ROW;
    /// An inline policy.
    InlinePolicy => inline_policy::ROW;
    /// A managed policy attached to the user.
    ManagedPolicy => managed_policy::ROW;
    /// Membership of a group.
    GroupMembership => group_membership::ROW;
    /// A tag, which is not in the way of deletion.
    Tag => tag::ROW;
}

/// How many claims the rows make about `DeleteUser`.
pub(crate) const BLOCKERS_LEN: usize = {
    let mut len = 0;
    let mut rest: &[AttachmentRow] = &TABLE;
    while let [row, others @ ..] = rest {
        len += row.blocks.is_some() as usize + row.blocks_inactive.is_some() as usize;
        rest = others;
    }
    len
};

/// What the rows claim about `DeleteUser`, in table order, behind the claims that are given.
#[expect(clippy::indexing_slicing, reason = "checked when the constant is made")]
pub(crate) const fn with_blockers<const LEN: usize>(first: &[Clause]) -> [Clause; LEN] {
    let mut claims = [first[0]; LEN];
    let mut len = 0;
    while len < first.len() {
        claims[len] = first[len];
        len += 1;
    }
    let mut rest: &[AttachmentRow] = &TABLE;
    while let [row, others @ ..] = rest {
        if let Some(blocks) = row.blocks {
            claims[len] = blocks;
            len += 1;
        }
        if let Some(inactive) = row.blocks_inactive {
            claims[len] = inactive;
            len += 1;
        }
        rest = others;
    }
    claims
}

impl AttachmentKind {
    /// The kinds that stand in the way of deletion, in table order.
    pub fn blockers() -> impl Iterator<Item = Self> {
        Self::all().filter(|kind| kind.row().blocks.is_some())
    }
}

impl AttachmentKind {
    /// The symbol of an item as scripts write it: `key#0`, `g0`; the kind's name where an item
    /// needs none.
    #[must_use]
    pub fn symbol(self, item: Item) -> String {
        let row = self.row();
        match row.naming {
            Naming::Single => row.name.to_owned(),
            Naming::Service => format!("{}#{}", row.symbol, item.0),
            Naming::Caller => format!("{}{}", row.symbol, item.0),
        }
    }
}
