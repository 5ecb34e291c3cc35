//! One event of `CloudTrail`, and what it says in the words of the model.

use iamspec_conformance::audit::{AuditEvent, AuditOperation, AuditResponse};
use iamspec_model::{AttachmentAction, AttachmentKind, ErrorCode, ResourceKind};
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// An event, as far as it is looked at.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CloudTrailRecord {
    event_source: String,
    event_name: String,
    event_time: String,
    /// What tells it from others.
    #[serde(default, rename = "eventID")]
    pub event_id: String,
    error_code: Option<String>,
    error_message: Option<String>,
    request_parameters: Option<Value>,
    response_elements: Option<Value>,
    user_identity: Option<UserIdentity>,
    recipient_account_id: Option<String>,
}

/// Who asked.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserIdentity {
    #[serde(rename = "type")]
    sort: Option<String>,
    user_name: Option<String>,
}

/// What an event comes to.
#[derive(Clone, Debug)]
pub enum Understood {
    /// A call that the model knows.
    Event(AuditEvent),
    /// One that changes nothing that is looked at.
    Ignored,
}

impl CloudTrailRecord {
    /// Whether it is a call of IAM.
    #[must_use]
    pub fn is_of_iam(&self) -> bool {
        self.event_source == "iam.amazonaws.com"
    }

    /// When it was, in seconds since 1970; nothing where that is no time.
    #[must_use]
    pub fn at(&self) -> Option<i64> {
        OffsetDateTime::parse(&self.event_time, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp)
    }

    /// The account in which it was.
    #[must_use]
    pub fn account(&self) -> &str {
        self.recipient_account_id.as_deref().unwrap_or_default()
    }

    /// The call in the words of the model.
    #[must_use]
    pub fn understood(&self) -> Understood {
        let Some(asked) = AuditOperation::named(&self.event_name) else {
            return Understood::Ignored;
        };
        Understood::Event(AuditEvent {
            id: self.event_id.clone(),
            at: self.at().unwrap_or_default(),
            asked,
            user: self.user(asked),
            other: self.other(asked),
            answer: self.answer(),
            message: self.error_message.clone(),
        })
    }

    /// Codes end in `Exception` here, which they do not on the wire (E-006).
    fn answer(&self) -> AuditResponse {
        let Some(error) = &self.error_code else { return AuditResponse::Done };
        let code = error.strip_suffix("Exception").unwrap_or(error);
        let known = ErrorCode::ALL.into_iter().find(|it| it.name() == code);
        known.map_or(AuditResponse::Nothing, AuditResponse::Refused)
    }

    fn parameter(&self, name: &str) -> Option<String> {
        Some(self.request_parameters.as_ref()?.get(name)?.as_str()?.to_owned())
    }

    /// The user that is named, or the one that asks about itself.
    fn user(&self, asked: AuditOperation) -> Option<String> {
        if matches!(asked, AuditOperation::Create(_) | AuditOperation::Delete(_)) {
            return None;
        }
        self.parameter("userName").or_else(|| {
            let caller = self.user_identity.as_ref()?;
            caller.user_name.clone().filter(|_| caller.sort.as_deref() == Some("IAMUser"))
        })
    }

    /// What else is named: in the request, or in the answer where the service names it.
    fn other(&self, asked: AuditOperation) -> Option<String> {
        match asked {
            AuditOperation::UpdateUser => self.parameter("newUserName"),
            AuditOperation::Kind(kind, AttachmentAction::List) if kind.row().member.is_empty() => {
                None
            }
            AuditOperation::Kind(kind, _) => self.item(kind),
            AuditOperation::Create(ResourceKind::Group)
            | AuditOperation::Delete(ResourceKind::Group) => self.parameter("groupName"),
            AuditOperation::Create(ResourceKind::Policy) => self.answered(&["policy", "arn"]),
            AuditOperation::Delete(ResourceKind::Policy) => self.parameter("policyArn"),
            AuditOperation::Create(ResourceKind::Device) => {
                self.answered(&["virtualMFADevice", "serialNumber"])
            }
            AuditOperation::Delete(ResourceKind::Device) => self.parameter("serialNumber"),
            _ => None,
        }
    }

    fn item(&self, kind: AttachmentKind) -> Option<String> {
        let member = lower_camel(kind.row().member);
        self.parameter(&member).or_else(|| {
            let answer = self.response_elements.as_ref()?.as_object()?;
            answer.values().find_map(|it| it.get(&member)?.as_str().map(str::to_owned))
        })
    }

    fn answered(&self, path: &[&str]) -> Option<String> {
        let answer = self.response_elements.as_ref()?;
        path.iter().try_fold(answer, |it, name| it.get(*name))?.as_str().map(str::to_owned)
    }
}

/// `AccessKeyId` as `CloudTrail` writes it: `accessKeyId`.
pub(crate) fn lower_camel(member: &str) -> String {
    let mut letters = member.chars();
    letters
        .next()
        .map(|first| first.to_ascii_lowercase().to_string() + letters.as_str())
        .unwrap_or_default()
}
