//! Audit: checks recorded traffic of other clients, such as CloudTrail logs, against the
//! specification.
//!
//! Nothing is known about the account at first. Knowledge grows with the responses. A response is
//! impossible only if no account that agrees with all knowledge explains it, by recorded or
//! documented behavior. The audit makes three assumptions:
//! - No event about the users and resources in question is missing between the first and the last.
//! - Events are ordered by their times.
//! - Responses may be stale after a change (F-001), so they cannot be impossible within the lag.
//!
//! `possible_accounts.rs` enumerates the accounts that agree with the knowledge, `inference.rs`
//! updates the knowledge, and `checker.rs` has the [`Auditor`]. Log formats belong to the harness.

mod checker;
mod inference;
mod possible_accounts;

use std::fmt;

use iamspec_model::tables::attachments::Naming;
use iamspec_model::{AttachmentAction, AttachmentKind, ErrorCode, ResourceAction, ResourceKind};

use crate::audit::possible_accounts::name_key;

pub use crate::audit::checker::Auditor;

/// A recorded request and its response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// The id of the event in the log.
    pub id: String,
    /// The time, in seconds since 1970.
    pub time: i64,
    /// The operation.
    pub operation: AuditOperation,
    /// The name of the user.
    pub user: Option<String>,
    /// The other name in the request: an item, a group, a policy, a device, or the new name of a
    /// user.
    pub other_name: Option<String>,
    /// The response.
    pub response: AuditResponse,
    /// The error message, if the log has it.
    pub message: Option<String>,
}

/// An operation on a user, an attachment, or a resource that can be attached.
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
    /// An action on an attachment of this kind.
    Attachment(AttachmentKind, AttachmentAction),
    /// `CreateGroup`, `CreatePolicy`, `CreateVirtualMFADevice`.
    Create(ResourceKind),
    /// `DeleteGroup`, `DeletePolicy`, `DeleteVirtualMFADevice`.
    Delete(ResourceKind),
    /// `UpdateGroup`. The audit does not track the new name.
    Rename(ResourceKind),
}

/// The response of a recorded request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditResponse {
    /// Success.
    Done,
    /// Refusal with this error code.
    Refused(ErrorCode),
    /// A failure that does not depend on the account and changes nothing, such as throttling.
    Uninformative,
    /// No response, or one that does not say whether the call had an effect.
    Unknown,
}

/// The verdict on a recorded event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditVerdict {
    /// Some account that agrees with the knowledge explains the response.
    Possible,
    /// No account explains the response.
    Impossible(Box<AuditFinding>),
    /// No account explains the response, but it may be stale after a recent change.
    TooSoon,
    /// The response does not depend on the account, or the event lacks a name.
    Uninformative,
}

/// The reason why a response is impossible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditFinding {
    /// The id of the broken rule.
    pub rule: String,
    /// The broken rule as a sentence.
    pub statement: String,
    /// The expected responses, each with its rule.
    pub allowed: Vec<(String, String)>,
    /// The facts that the rule is based on.
    pub evidence: Vec<&'static str>,
    /// The event.
    pub event: String,
    /// The preceding events about the same user and the same resource.
    pub earlier_events: Vec<String>,
}

/// A response that shows unspecified behavior, in an account that was known as far as the operation
/// depends on it. Either a rule is unspecified, or several rules apply and the response names one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inference {
    /// The rules that may have decided the response.
    pub rules: Vec<String>,
    /// The facts that leave the behavior unspecified.
    pub facts: Vec<&'static str>,
    /// The response, with its message if known.
    pub response: String,
    /// The id of the event.
    pub event: String,
}

impl AuditEvent {
    /// The name of the item, group, policy or device. Empty if a user can hold only one item of the
    /// kind.
    fn item_name(&self) -> &str {
        self.other_name.as_deref().filter(|_| !self.operation.is_about_single()).unwrap_or_default()
    }

    /// Whether the event has all names that the operation depends on.
    fn is_complete(&self) -> bool {
        match self.operation {
            AuditOperation::Attachment(_, AttachmentAction::List)
            | AuditOperation::CreateUser
            | AuditOperation::GetUser
            | AuditOperation::UpdateUser
            | AuditOperation::DeleteUser => self.user.is_some(),
            AuditOperation::Attachment(..) => {
                self.user.is_some()
                    && (self.other_name.is_some() || self.operation.is_about_single())
            }
            AuditOperation::Create(_) | AuditOperation::Delete(_) => self.other_name.is_some(),
            AuditOperation::Rename(_) => false,
        }
    }

    /// Whether the event changed something.
    fn changes(&self) -> bool {
        self.response == AuditResponse::Done && !self.operation.is_read()
    }

    /// Whether the event may have changed something.
    fn may_change(&self) -> bool {
        matches!(self.response, AuditResponse::Done | AuditResponse::Unknown)
            && !self.operation.is_read()
    }

    /// The kind and the key of the group, policy or device that the event names.
    fn resource(&self) -> Option<(ResourceKind, String)> {
        Some((self.operation.resource_kind()?, name_key(self.other_name.as_deref()?)))
    }

    /// The keys of all names in the event.
    fn name_keys(&self) -> impl Iterator<Item = String> {
        [&self.user, &self.other_name].into_iter().flatten().map(|name| name_key(name))
    }
}

impl fmt::Display for AuditEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [self.user.as_deref(), self.other_name.as_deref()];
        let names = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let api = self.operation.api().unwrap_or_default();
        write!(f, "{api} {names} -> {}, event {}", self.response, self.id)
    }
}

impl fmt::Display for AuditResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("200"),
            Self::Refused(code) => write!(f, "{} {}", code.http_status(), code.name()),
            Self::Uninformative => f.write_str("a failure that does not depend on the account"),
            Self::Unknown => f.write_str("no response that says whether the call had an effect"),
        }
    }
}

impl AuditOperation {
    /// Every operation.
    fn all() -> impl Iterator<Item = Self> {
        let of_kinds = AttachmentKind::blockers().flat_map(|kind| {
            AttachmentAction::ALL.into_iter().map(move |action| Self::Attachment(kind, action))
        });
        let of_resources = ResourceKind::all()
            .flat_map(|class| [Self::Create(class), Self::Delete(class), Self::Rename(class)]);
        let of_users = [Self::CreateUser, Self::GetUser, Self::UpdateUser, Self::DeleteUser];
        of_users.into_iter().chain(of_kinds).chain(of_resources)
    }

    /// The operation of the action with this name.
    #[must_use]
    pub fn named(api: &str) -> Option<Self> {
        Self::all().find(|it| it.api() == Some(api))
    }

    /// The name of the action. `None` if the kind or resource has no such action.
    #[must_use]
    pub fn api(self) -> Option<&'static str> {
        let action = match self {
            Self::CreateUser => return Some("CreateUser"),
            Self::GetUser => return Some("GetUser"),
            Self::UpdateUser => return Some("UpdateUser"),
            Self::DeleteUser => return Some("DeleteUser"),
            Self::Attachment(kind, action) => kind.row().action(action),
            Self::Create(class) => class.row().action(ResourceAction::Create),
            Self::Delete(class) => class.row().action(ResourceAction::Delete),
            Self::Rename(class) => class.row().action(ResourceAction::Rename),
        };
        action.map(|it| it.api)
    }

    /// Whether the operation changes nothing.
    #[must_use]
    pub const fn is_read(self) -> bool {
        matches!(
            self,
            Self::GetUser | Self::Attachment(_, AttachmentAction::List | AttachmentAction::Get)
        )
    }

    /// Whether it is an operation on a kind of which a user holds at most one item.
    fn is_about_single(self) -> bool {
        matches!(self, Self::Attachment(kind, _) if kind.row().naming == Naming::Single)
    }

    /// The kind of the resource that the operation names.
    fn resource_kind(self) -> Option<ResourceKind> {
        match self {
            Self::Create(class) | Self::Delete(class) => Some(class),
            Self::Attachment(
                kind,
                AttachmentAction::Attach | AttachmentAction::Detach | AttachmentAction::ResetSecret,
            ) => kind.row().refers_to,
            _ => None,
        }
    }
}
