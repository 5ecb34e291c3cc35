//! One CloudTrail event, and its conversion to an [`AuditEvent`] of the audit.
//!
//! The conversion uses only the members that the model needs. It does not check the event.

use iamspec_conformance::audit::{AuditEvent, AuditOperation, AuditResponse};
use iamspec_conformance::response::FailureKind;
use iamspec_model::{AttachmentAction, AttachmentKind, ErrorCode, ResourceKind};
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The members of an event that the audit uses.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CloudTrailRecord {
    event_source: String,
    event_name: String,
    event_time: String,
    /// The unique id of the event.
    #[serde(default, rename = "eventID")]
    pub event_id: String,
    error_code: Option<String>,
    error_message: Option<String>,
    request_parameters: Option<Value>,
    response_elements: Option<Value>,
    user_identity: Option<UserIdentity>,
    recipient_account_id: Option<String>,
}

/// The caller.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserIdentity {
    #[serde(rename = "type")]
    caller_type: Option<String>,
    user_name: Option<String>,
}

/// The result of the conversion.
#[derive(Clone, Debug)]
pub enum Understood {
    /// An operation of the model.
    Event(AuditEvent),
    /// An operation that does not change what the model describes.
    Ignored,
}

impl CloudTrailRecord {
    /// Whether the event is an IAM operation.
    #[must_use]
    pub fn is_iam(&self) -> bool {
        self.event_source == "iam.amazonaws.com"
    }

    /// The time in seconds since 1970, or `None` if the event has no valid time.
    #[must_use]
    pub fn at(&self) -> Option<i64> {
        OffsetDateTime::parse(&self.event_time, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp)
    }

    /// The id of the account, or an empty string.
    #[must_use]
    pub fn account(&self) -> &str {
        self.recipient_account_id.as_deref().unwrap_or_default()
    }

    /// Converts the event to an operation of the model.
    #[must_use]
    pub fn to_audit_event(&self) -> Understood {
        let Some(operation) = AuditOperation::named(&self.event_name) else {
            return Understood::Ignored;
        };
        Understood::Event(AuditEvent {
            id: self.event_id.clone(),
            time: self.at().unwrap_or_default(),
            operation,
            user: self.user(operation),
            other_name: self.other(operation),
            response: self.response(),
            message: self.error_message.clone(),
        })
    }

    /// CloudTrail appends `Exception` to error codes; responses do not (E-006). A call with an
    /// unknown error may have had an effect.
    fn response(&self) -> AuditResponse {
        let Some(error) = &self.error_code else { return AuditResponse::Done };
        let code = error.strip_suffix("Exception").unwrap_or(error);
        let known = ErrorCode::ALL.into_iter().find(|it| it.name() == code);
        let changes_nothing = [code, error].into_iter().any(|it| {
            it.starts_with(ErrorCode::AccessDenied.name()) || FailureKind::from_code(it).is_some()
        });
        match known {
            Some(code) => AuditResponse::Refused(code),
            None if changes_nothing => AuditResponse::Uninformative,
            None => AuditResponse::Unknown,
        }
    }

    fn parameter(&self, name: &str) -> Option<String> {
        Some(self.request_parameters.as_ref()?.get(name)?.as_str()?.to_owned())
    }

    /// The user of the request, or the caller if the request has no user name.
    fn user(&self, operation: AuditOperation) -> Option<String> {
        if matches!(operation, AuditOperation::Create(_) | AuditOperation::Delete(_)) {
            return None;
        }
        self.parameter("userName").or_else(|| {
            let caller = self.user_identity.as_ref()?;
            caller.user_name.clone().filter(|_| caller.caller_type.as_deref() == Some("IAMUser"))
        })
    }

    /// The other resource of the operation: from the request, or from the response if the service
    /// generates its name.
    fn other(&self, operation: AuditOperation) -> Option<String> {
        match operation {
            AuditOperation::UpdateUser => self.parameter("newUserName"),
            AuditOperation::Attachment(kind, AttachmentAction::List)
                if kind.row().parameter.is_empty() =>
            {
                None
            }
            AuditOperation::Attachment(kind, _) => self.item(kind),
            AuditOperation::Create(ResourceKind::Group)
            | AuditOperation::Delete(ResourceKind::Group) => self.parameter("groupName"),
            AuditOperation::Create(ResourceKind::Policy) => {
                self.response_element(&["policy", "arn"])
            }
            AuditOperation::Delete(ResourceKind::Policy) => self.parameter("policyArn"),
            AuditOperation::Create(ResourceKind::Device) => {
                self.response_element(&["virtualMFADevice", "serialNumber"])
            }
            AuditOperation::Delete(ResourceKind::Device) => self.parameter("serialNumber"),
            _ => None,
        }
    }

    fn item(&self, kind: AttachmentKind) -> Option<String> {
        let member = lower_camel(kind.row().parameter);
        self.parameter(&member).or_else(|| {
            let response = self.response_elements.as_ref()?.as_object()?;
            response.values().find_map(|it| it.get(&member)?.as_str().map(str::to_owned))
        })
    }

    fn response_element(&self, path: &[&str]) -> Option<String> {
        let response = self.response_elements.as_ref()?;
        path.iter().try_fold(response, |it, name| it.get(*name))?.as_str().map(str::to_owned)
    }
}

/// Converts `AccessKeyId` to `accessKeyId`, the form of CloudTrail.
pub(crate) fn lower_camel(member: &str) -> String {
    let mut letters = member.chars();
    letters
        .next()
        .map(|first| first.to_ascii_lowercase().to_string() + letters.as_str())
        .unwrap_or_default()
}
