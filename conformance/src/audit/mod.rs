//! Histories from elsewhere: what was answered to calls that others made, in an account of which nothing is known
//! at first.
//!
//! What is known grows with the answers: that a user exists, that it holds an item, that it holds nothing else because
//! it was made within the history. An answer is held against the service only where no account that agrees
//! with all that is known may give it, by what is recorded or documented, and whatever is not known. Three things are assumed:
//! no event about the users and objects in question is missing between the first one and the last; they are in the
//! order of their times; and what was changed only just now may not be seen yet, so that nothing is said
//! of an answer that comes too soon after a change (F-001).
//!
//! Read in this order: [`AuditEvent`] (what was asked and answered), `known.rs` (what is known of a user and an
//! object), `completion.rs` (the accounts that agree with it), `judge.rs` and `learn.rs`.

pub mod inference;
pub mod judge;
mod possible_accounts;

use iamspec_model::tables::attachments::Naming;
use iamspec_model::{AttachmentAction, AttachmentKind, ErrorCode, ResourceAction, ResourceKind};

/// A call that somebody made, and what was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// What tells it from others, for whoever looks it up.
    pub id: String,
    /// When, in seconds since 1970.
    pub at: i64,
    /// What was asked.
    pub asked: AuditOperation,
    /// The user that it is about, by its name.
    pub user: Option<String>,
    /// What else it names: an item, a group, a policy, a device, or the new name of a user.
    pub other: Option<String>,
    /// What was answered.
    pub answer: AuditResponse,
    /// In which words, where they were written down.
    pub message: Option<String>,
}

/// A call about a user, an attachment, or what can be attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditOperation {
    /// `CreateUser`.
    CreateUser,
    /// `GetUser`.
    GetUser,
    /// `UpdateUser`.
    UpdateUser,
    /// `DeleteUser`.
    DeleteUser,
    /// A call of a kind.
    Kind(AttachmentKind, AttachmentAction),
    /// `CreateGroup`, `CreatePolicy`, `CreateVirtualMFADevice`.
    Create(ResourceKind),
    /// `DeleteGroup`, `DeletePolicy`, `DeleteVirtualMFADevice`.
    Delete(ResourceKind),
    /// `UpdateGroup`: what is called otherwise afterwards is not followed.
    Rename(ResourceKind),
}

/// What was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditResponse {
    /// It was carried out.
    Done,
    /// It was refused with this code.
    Refused(ErrorCode),
    /// It was not carried out, for a reason that tells nothing of the account.
    Nothing,
}

impl AuditEvent {
    /// The name of the item, group, policy or device; empty where one is all that there can be.
    fn named(&self) -> &str {
        let single = matches!(self.asked, AuditOperation::Kind(kind, _) if kind.row().naming == Naming::Single);
        self.other.as_deref().filter(|_| !single).unwrap_or_default()
    }

    /// Whether it says all that the call is about.
    fn names_all(&self) -> bool {
        match self.asked {
            AuditOperation::Kind(_, AttachmentAction::List)
            | AuditOperation::CreateUser
            | AuditOperation::GetUser
            | AuditOperation::UpdateUser
            | AuditOperation::DeleteUser => self.user.is_some(),
            AuditOperation::Kind(kind, _) => {
                self.user.is_some() && (self.other.is_some() || kind.row().naming == Naming::Single)
            }
            AuditOperation::Create(_) | AuditOperation::Delete(_) => self.other.is_some(),
            AuditOperation::Rename(_) => false,
        }
    }

    /// Whether it changes something.
    fn changes(&self) -> bool {
        self.answer == AuditResponse::Done && !self.asked.is_read()
    }
}

impl AuditOperation {
    /// Every call.
    fn all() -> impl Iterator<Item = Self> {
        let of_kinds = AttachmentKind::blockers().flat_map(|kind| {
            AttachmentAction::ALL.into_iter().map(move |verb| Self::Kind(kind, verb))
        });
        let of_classes = ResourceKind::all()
            .flat_map(|class| [Self::Create(class), Self::Delete(class), Self::Rename(class)]);
        let of_users = [Self::CreateUser, Self::GetUser, Self::UpdateUser, Self::DeleteUser];
        of_users.into_iter().chain(of_kinds).chain(of_classes)
    }

    /// The call of this name, if it is one.
    #[must_use]
    pub fn named(api: &str) -> Option<Self> {
        Self::all().find(|it| it.api() == Some(api))
    }

    /// Its name in the API; nothing where a kind or class has no such call.
    #[must_use]
    pub fn api(self) -> Option<&'static str> {
        let call = match self {
            Self::CreateUser => return Some("CreateUser"),
            Self::GetUser => return Some("GetUser"),
            Self::UpdateUser => return Some("UpdateUser"),
            Self::DeleteUser => return Some("DeleteUser"),
            Self::Kind(kind, verb) => kind.row().call(verb),
            Self::Create(class) => class.row().call(ResourceAction::Create),
            Self::Delete(class) => class.row().call(ResourceAction::Delete),
            Self::Rename(class) => class.row().call(ResourceAction::Rename),
        };
        call.map(|it| it.api)
    }

    /// Whether it changes nothing.
    #[must_use]
    pub const fn is_read(self) -> bool {
        matches!(
            self,
            Self::GetUser | Self::Kind(_, AttachmentAction::List | AttachmentAction::Get)
        )
    }
}

/// An answer in an account that was known as far as the call depends on it, where nobody knows what is answered: by a rule
/// that is open, or because several stand in the way and one is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inference {
    /// The rules that may have decided it.
    pub rules: Vec<String>,
    /// The facts that leave it open.
    pub facts: Vec<&'static str>,
    /// What was answered, with its words where they are known.
    pub answer: String,
    /// The event.
    pub event: String,
}
