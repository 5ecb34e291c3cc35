//! The members of a request, and what is wrong with them.

use std::collections::HashMap;

use iamspec_model::Fact;

use super::xml;

/// The members of a request.
pub(super) struct Form(HashMap<String, String>);

/// The calls that mean who asks where they name no user (D-023).
const OPTIONAL: [&str; 20] = [
    "GetUser",
    "CreateLoginProfile",
    "GetLoginProfile",
    "DeleteLoginProfile",
    "CreateAccessKey",
    "UpdateAccessKey",
    "DeleteAccessKey",
    "ListAccessKeys",
    "UploadSigningCertificate",
    "UpdateSigningCertificate",
    "DeleteSigningCertificate",
    "ListSigningCertificates",
    "ListSSHPublicKeys",
    "UpdateServiceSpecificCredential",
    "ResetServiceSpecificCredential",
    "DeleteServiceSpecificCredential",
    "ListServiceSpecificCredentials",
    "DeactivateMFADevice",
    "ListMFADevices",
    "GetMFADevice",
];

impl Form {
    pub(super) fn new(pairs: impl Iterator<Item = (String, String)>) -> Self {
        Self(pairs.collect())
    }

    pub(super) fn get(&self, member: &str) -> Option<&str> {
        self.0.get(member).map(String::as_str)
    }

    pub(super) fn need(&self, member: &'static str) -> Result<&str, Refusal> {
        self.get(member).filter(|it| !it.is_empty()).ok_or(Refusal::Missing(member))
    }

    /// The same, naming who asks where the request names nobody and need not (D-023).
    pub(super) fn naming(&self, caller: impl Fn() -> Option<String>) -> Self {
        let action = self.get("Action").unwrap_or_default();
        let optional = OPTIONAL.contains(&action) && self.get("UserName").is_none();
        let name = optional.then(caller).flatten().map(|name| ("UserName".to_owned(), name));
        Self(self.0.clone().into_iter().chain(name).collect())
    }

    /// A member that was looked at before.
    pub(super) fn text(&self, member: &str) -> String {
        self.get(member).unwrap_or_default().to_owned()
    }

    /// The root where none is given (C-042).
    pub(super) fn path(&self, member: &str) -> String {
        self.get(member).unwrap_or("/").to_owned()
    }

    /// What is uploaded, or that for which a credential is made.
    pub(super) fn body(&self) -> Option<&str> {
        let members = ["CertificateBody", "SSHPublicKeyBody", "PolicyDocument", "ServiceName"];
        members.into_iter().find_map(|member| self.get(member))
    }

    /// The members of a list, from 1 on, without what stands behind their number (E-018).
    pub(super) fn list<'a>(
        &'a self,
        list: &'a str,
        rest: &'a str,
    ) -> impl Iterator<Item = &'a str> {
        (1..).map_while(move |number| self.get(&format!("{list}.member.{number}{rest}")))
    }

    /// Keys and values by their number. A tag without a value has an empty one.
    pub(super) fn tags(&self) -> Vec<(String, String)> {
        let value = |number: usize| self.text(&format!("Tags.member.{number}.Value"));
        let keys = (1..).zip(self.list("Tags", ".Key"));
        keys.map(|(number, key)| (key.to_owned(), value(number))).collect()
    }
}

/// A call that was not understood.
pub(super) enum Refusal {
    /// No such action.
    Unknown(String, String),
    /// A member that the call needs is missing.
    Missing(&'static str),
    /// The service is not one that credentials are made for.
    Service(String),
    /// A status that is none.
    Status,
    /// What a fact says, in this text of it.
    As(&'static Fact, Option<String>),
    /// Who asks is no user, and has no password of its own.
    NoUser,
}

impl Refusal {
    /// The answer, with the texts of E-011, D-006, B-SS-05 and B-SS-11.
    pub(super) fn respond(&self, request_id: &str) -> (u16, String) {
        let violated = |member: &str, what: &str| {
            let mut field = member.to_owned();
            if let Some(first) = field.get_mut(..1) {
                first.make_ascii_lowercase();
            }
            format!(
                "1 validation error detected: Value at '{field}' failed to satisfy constraint: {what}"
            )
        };
        let (http, code, text) = match self {
            Self::Unknown(action, version) => (
                400,
                "InvalidAction",
                format!("Could not find operation {action} for version {version}"),
            ),
            Self::Missing(member) => {
                (400, "ValidationError", violated(member, "Member must not be null"))
            }
            Self::Service(name) => (
                404,
                "NoSuchEntity",
                format!("No such service {name} is supported for Service Specific Credentials"),
            ),
            Self::As(fact, text) => {
                let (http, code) = (fact.http.unwrap_or(400), fact.code.unwrap_or_default());
                return (http, xml::error(code, text.as_deref(), request_id));
            }
            // The code is documented for ChangePassword (D-022), and no text known.
            Self::NoUser => return (400, xml::error("InvalidUserType", None, request_id)),
            Self::Status => {
                (400, "ValidationError", violated("Status", "Member must satisfy enum value set"))
            }
        };
        (http, xml::error(code, Some(&text), request_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(members: &[(&str, &str)]) -> Form {
        Form::new(members.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn each_tag_keeps_its_own_value() {
        let tags = form(&[
            ("Tags.member.1.Key", "a"),
            ("Tags.member.2.Key", "b"),
            ("Tags.member.2.Value", "x"),
            ("Tags.member.3.Key", "c"),
            ("Tags.member.4.Key", "d"),
            ("Tags.member.4.Value", "y"),
        ])
        .tags();
        let told: Vec<(&str, &str)> = tags.iter().map(|(key, value)| (&**key, &**value)).collect();
        assert_eq!(told, [("a", ""), ("b", "x"), ("c", ""), ("d", "y")]);
    }
}
