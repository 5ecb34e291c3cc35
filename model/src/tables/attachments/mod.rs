//! The table of attachments: one row for each kind, one file for each row.
//!
//! All kinds but tags block the deletion of a user, in the order of the `DeleteUser` reference.
//! To add a kind, add a line to `attachment_kinds!` and to `rows!`, and write its row; the rules
//! follow from the row. The properties that check the rules have their own lists, on purpose.

use crate::evidence::Fact;
use crate::ids::Item;
use crate::kind::{AttachmentAction, AttachmentKind, ResourceKind};
use crate::rule::{Action, Clause};

/// The facts about one kind of attachment.
#[derive(Debug)]
pub struct AttachmentRow {
    /// The kind that this row describes.
    pub kind: AttachmentKind,
    /// The name in rule ids, such as `access-key`.
    pub name: &'static str,
    /// The noun in sentences, such as `access key`.
    pub noun: &'static str,
    /// The prefix of symbols in scripts; empty if an item needs no name.
    pub prefix: &'static str,
    /// The request parameter that names an item.
    pub parameter: &'static str,
    /// Who names the items.
    pub naming: Naming,
    /// True if items have a status, active or inactive.
    pub has_status: bool,
    /// True if the caller can upload the body of an item a second time.
    pub has_body: bool,
    /// What is lost for good when an item is removed; `None` if no fact names a loss.
    pub lost_on_removal: Option<Loss>,
    /// True if an item belongs to a service. The quota then counts each service separately.
    pub per_service: bool,
    /// The kind of resource that an item refers to.
    pub refers_to: Option<ResourceKind>,
    /// The quota for one user.
    pub quota: Quota,
    /// The action that attaches an item.
    pub attach: Action,
    /// The action that lists the items of a user.
    pub list: Action,
    /// The action that reads one item.
    pub get: Option<Action>,
    /// The action that makes an item active or inactive.
    pub set_status: Option<Action>,
    /// The action that replaces the secret of an item.
    pub renew: Option<Action>,
    /// The action that removes an item.
    pub detach: Action,
    /// The clause of `DeleteUser` for a user that holds an item; `None` if the kind does not block
    /// deletion.
    pub blocks: Option<Clause>,
    /// The clause of `DeleteUser` for a user whose items are all inactive.
    pub blocks_inactive: Option<Clause>,
}

/// What a removal destroys for good, because no action returns it.
#[derive(Clone, Copy, Debug)]
pub struct Loss {
    /// The noun in sentences.
    pub what: &'static str,
    /// The facts that show it: the responses that contain it, or that never do.
    pub facts: &'static [&'static Fact],
}

/// Who names the items of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// Items have no name: a user holds at most one.
    Single,
    /// The service, in its response.
    Service,
    /// The caller, in its request.
    Caller,
}

/// The quota of a kind for one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The name in `Cannot exceed quota for AccessKeysPerUser: 2`. It is AWS's name if a fact
    /// records it (G-001, G-003..G-006), and formed alike otherwise.
    pub name: &'static str,
    /// The default maximum, in items or in characters.
    pub max: u64,
    /// The amount that one item counts for.
    pub each: u64,
}

impl AttachmentRow {
    /// The API action for an action of this kind, if the API has one.
    #[must_use]
    pub const fn action(&self, action: AttachmentAction) -> Option<&Action> {
        match action {
            AttachmentAction::Attach => Some(&self.attach),
            AttachmentAction::List => Some(&self.list),
            AttachmentAction::Get => self.get.as_ref(),
            AttachmentAction::SetStatus => self.set_status.as_ref(),
            AttachmentAction::ResetSecret => self.renew.as_ref(),
            AttachmentAction::Detach => Some(&self.detach),
        }
    }
}

/// The modules of the rows and the table, from one line for each kind.
macro_rules! rows {
    ($($kind:ident: $module:ident,)+) => {
        $(mod $module;)+

        /// Every row, in the order of [`AttachmentKind`].
        pub const ATTACHMENTS: [AttachmentRow; AttachmentKind::COUNT] = [$($module::ROW),+];

        impl AttachmentKind {
            /// The row of this kind.
            #[must_use]
            pub const fn row(self) -> &'static AttachmentRow {
                match self {
                    $(Self::$kind => &$module::ROW,)+
                }
            }
        }
    };
}

rows! {
    LoginProfile: login_profile,
    AccessKey: access_key,
    SigningCertificate: signing_certificate,
    SshPublicKey: ssh_public_key,
    ServiceCredential: service_credential,
    MfaDevice: mfa_device,
    InlinePolicy: inline_policy,
    ManagedPolicy: managed_policy,
    GroupMembership: group_membership,
    Tag: tag,
}

#[expect(clippy::indexing_slicing, reason = "checked when the constant is evaluated")]
const _: () = {
    let mut index = 0;
    while index < AttachmentKind::COUNT {
        assert!(AttachmentKind::ALL[index] as usize == index, "kind i is at index i");
        assert!(AttachmentKind::ALL[index].row().kind as usize == index, "row() returns its row");
        assert!(ATTACHMENTS[index].kind as usize == index, "row i of the table describes kind i");
        index += 1;
    }
};

impl AttachmentKind {
    /// The number of kinds.
    pub const COUNT: usize = Self::ALL.len();

    /// Every kind, in table order.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter()
    }

    /// The kinds that block the deletion of a user, in table order.
    pub fn blockers() -> impl Iterator<Item = Self> {
        Self::all().filter(|kind| kind.row().blocks.is_some())
    }

    /// The symbol of an item in scripts: `key#0`, `g0`; the name of the kind if items have no name.
    #[must_use]
    pub fn symbol(self, item: Item) -> String {
        let row = self.row();
        match row.naming {
            Naming::Single => row.name.to_owned(),
            Naming::Service => format!("{}#{}", row.prefix, item.0),
            Naming::Caller => format!("{}{}", row.prefix, item.0),
        }
    }
}

/// The number of clauses of `DeleteUser` in the rows.
pub(crate) const BLOCKING_CLAUSES: usize = {
    let mut count = 0;
    let mut rest: &[AttachmentRow] = &ATTACHMENTS;
    while let [row, others @ ..] = rest {
        count += row.blocks.is_some() as usize + row.blocks_inactive.is_some() as usize;
        rest = others;
    }
    count
};

/// The given clauses, followed by the clauses of `DeleteUser` in the rows, in table order.
#[expect(clippy::indexing_slicing, reason = "checked when the constant is evaluated")]
pub(crate) const fn with_blocking_clauses<const LEN: usize>(first: &[Clause]) -> [Clause; LEN] {
    let mut clauses = [first[0]; LEN];
    let mut len = 0;
    while len < first.len() {
        clauses[len] = first[len];
        len += 1;
    }
    let mut rest: &[AttachmentRow] = &ATTACHMENTS;
    while let [row, others @ ..] = rest {
        if let Some(blocks) = row.blocks {
            clauses[len] = blocks;
            len += 1;
        }
        if let Some(inactive) = row.blocks_inactive {
            clauses[len] = inactive;
            len += 1;
        }
        rest = others;
    }
    clauses
}
