//! The form of a request: its members, and the errors of a form that cannot be parsed.

use std::collections::HashMap;

use iamspec_model::evidence::E_011;
use iamspec_model::{AttachmentKind, Fact};

use crate::server::ResponseBody;
use crate::wire::attachments::wire;

/// The members of a request.
#[derive(Clone, Debug)]
pub(crate) struct ParsedForm(HashMap<String, String>);

impl ParsedForm {
    pub(crate) fn new(pairs: impl Iterator<Item = (String, String)>) -> Self {
        Self(pairs.collect())
    }

    /// The name of the action; empty if the form names none.
    pub(crate) fn action(&self) -> &str {
        self.get("Action").unwrap_or_default()
    }

    pub(crate) fn get(&self, member: &str) -> Option<&str> {
        self.0.get(member).map(String::as_str)
    }

    /// A required member. An empty member counts as missing.
    pub(crate) fn require(&self, member: &'static str) -> Result<&str, RequestError> {
        self.get(member)
            .filter(|value| !value.is_empty())
            .ok_or(RequestError::MissingMember(member))
    }

    /// A copy with one more member, if there is a value.
    pub(crate) fn with_member(&self, member: &str, value: Option<String>) -> Self {
        let member = value.map(|value| (member.to_owned(), value));
        Self(self.0.clone().into_iter().chain(member).collect())
    }

    /// A member as an owned text; empty if it is missing.
    pub(crate) fn text(&self, member: &str) -> String {
        self.get(member).unwrap_or_default().to_owned()
    }

    /// A path; `/` if it is missing (C-042).
    pub(crate) fn path(&self, member: &str) -> String {
        self.get(member).unwrap_or("/").to_owned()
    }

    /// The payload of an attach request: the uploaded body, or the service of a credential.
    pub(crate) fn payload(&self, kind: AttachmentKind) -> Option<&str> {
        self.get(wire(kind).payload_member?)
    }

    /// Whether the request names this member, even if it is empty.
    pub(crate) fn has(&self, member: &str) -> bool {
        self.0.contains_key(member)
    }

    /// The members of a list in their order, numbered from 1 (E-018). `suffix` follows the number.
    pub(crate) fn list<'a>(
        &'a self,
        list: &'a str,
        suffix: &'a str,
    ) -> impl Iterator<Item = &'a str> {
        (1..).map_while(move |number| self.get(&format!("{list}.member.{number}{suffix}")))
    }

    /// The tags with their values. The value of a tag without one is empty.
    pub(crate) fn tags(&self) -> Vec<(String, String)> {
        let value = |number: usize| self.text(&format!("Tags.member.{number}.Value"));
        let keys = (1..).zip(self.list("Tags", ".Key"));
        keys.map(|(number, key)| (key.to_owned(), value(number))).collect()
    }
}

/// The error response to a form that cannot be parsed, or that violates a constraint.
pub(crate) enum RequestError {
    UnknownAction {
        action: String,
        version: String,
    },
    /// A required member is missing.
    MissingMember(&'static str),
    /// There are no credentials for this service.
    UnknownService(String),
    /// The value of `Status` is not a status.
    InvalidStatus,
    /// The error of a fact, with its message filled in.
    Fact(&'static Fact, Option<String>),
    /// The caller is not a user, and has no password of its own.
    CallerIsNoUser,
    /// AWS serves the request, and this server has no data for it.
    NotServed(String),
}

/// The members of a request that messages of facts name.
const NAMED: [&str; 4] = ["CertificateBody", "PolicyArn", "SerialNumber", "UserName"];

impl RequestError {
    /// The error of a fact, with the members of the request in its message.
    pub(crate) fn of_fact(fact: &'static Fact, form: &ParsedForm) -> Self {
        let fill = |message: &str| {
            NAMED.iter().fold(message.to_owned(), |message, name| {
                message.replace(&format!("{{{name}}}"), form.get(name).unwrap_or_default())
            })
        };
        Self::Fact(fact, fact.message.map(fill))
    }

    /// The error about an action or a version that the front end does not know.
    pub(crate) fn unknown_action(form: &ParsedForm) -> Self {
        let version = form.get("Version").unwrap_or("NO_VERSION_SPECIFIED");
        Self::UnknownAction { action: form.action().to_owned(), version: version.to_owned() }
    }

    /// The response, with the messages of E-011, D-006, B-SS-05 and B-SS-11.
    pub(crate) fn response(&self, request_id: &str) -> ResponseBody {
        let violation = |member: &str, constraint: &str| {
            let mut field = member.to_owned();
            if let Some(first) = field.get_mut(..1) {
                first.make_ascii_lowercase();
            }
            format!(
                "1 validation error detected: Value at '{field}' failed to satisfy constraint: \
                 {constraint}"
            )
        };
        let (status, code, message) = match self {
            Self::UnknownAction { action, version } => {
                let template = E_011.message.unwrap_or_default();
                let message = template.replace("{Action}", action).replace("{Version}", version);
                return ResponseBody::unknown_action(&message, request_id);
            }
            Self::MissingMember(member) => {
                (400, "ValidationError", violation(member, "Member must not be null"))
            }
            Self::UnknownService(name) => (
                404,
                "NoSuchEntity",
                format!("No such service {name} is supported for Service Specific Credentials"),
            ),
            Self::InvalidStatus => {
                (400, "ValidationError", violation("Status", "Member must satisfy enum value set"))
            }
            Self::Fact(fact, message) => {
                return ResponseBody::of_fact(fact, message.as_deref(), request_id);
            }
            Self::NotServed(what) => {
                let message = format!("the reference endpoint does not serve {what}");
                return ResponseBody::error(501, "NotImplemented", Some(&message), request_id);
            }
            // D-022 documents the code for ChangePassword, and no message.
            Self::CallerIsNoUser => {
                return ResponseBody::error(400, "InvalidUserType", None, request_id);
            }
        };
        ResponseBody::error(status, code, Some(&message), request_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tag_keeps_its_own_value() {
        let members = [
            ("Tags.member.1.Key", "a"),
            ("Tags.member.2.Key", "b"),
            ("Tags.member.2.Value", "x"),
            ("Tags.member.3.Key", "c"),
            ("Tags.member.4.Key", "d"),
            ("Tags.member.4.Value", "y"),
        ];
        let pairs = members.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let tags = ParsedForm::new(pairs.into_iter()).tags();
        let tags: Vec<(&str, &str)> = tags.iter().map(|(key, value)| (&**key, &**value)).collect();
        assert_eq!(tags, [("a", ""), ("b", "x"), ("c", ""), ("d", "y")]);
    }
}
