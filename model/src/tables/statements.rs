//! The English statement of each rule.

use crate::evidence::Level;
use crate::kind::{AttachmentKind, ResourceKind, SubResource};
use crate::rule::{Condition, Expected, InputError, Rule};
use crate::tables::{ActionTarget, find_action, resources};

impl Rule {
    /// The rule in one sentence: `DeleteUser is refused with DeleteConflict if …`.
    #[must_use]
    pub fn statement(&self) -> String {
        let api = self.action.api;
        let effect = match self.clause.expected {
            Expected::Success => format!("{api} succeeds"),
            Expected::Refused(code) if self.clause.code.level == Level::Unspecified => {
                format!("{api} may succeed or be refused, presumably with {},", code.name())
            }
            Expected::Refused(code) if self.clause.status.level == Level::Unspecified => {
                format!("{api} may succeed or be refused with {}", code.name())
            }
            Expected::Refused(code) => format!("{api} is refused with {}", code.name()),
        };
        format!("{effect} {}.", self.condition())
    }

    /// The condition of the rule in words, starting with `if`.
    #[must_use]
    pub fn condition(&self) -> String {
        let noun = self.noun();
        match self.clause.condition {
            Condition::Unhindered => "if nothing prevents it".to_owned(),
            Condition::InvalidInput(member, error) => error.condition(member),
            Condition::UserExists => "if the user already exists".to_owned(),
            Condition::NoSuchUser => "if the user does not exist".to_owned(),
            Condition::AccountFull => "if the account has reached its quota of users".to_owned(),
            Condition::ResourceExists => format!("if the {noun} already exists"),
            Condition::NoSuchResource => format!("if the {noun} does not exist"),
            Condition::NoValidCodes => {
                "if the device does not exist, so no authentication code is valid".to_owned()
            }
            Condition::NameTaken => format!("if another {noun} has the new name"),
            Condition::SameName => {
                "if the new name is the current one without another path, or the request changes nothing".to_owned()
            }
            Condition::InUse => format!("if a user or a group uses the {noun}"),
            Condition::IsBoundary => format!("if the {noun} is the permissions boundary of a user"),
            Condition::NoBoundary => "if the user has no permissions boundary".to_owned(),
            Condition::AlreadyHeld => format!("if the user already holds the {noun}"),
            Condition::HeldByAnother => format!("if only another user holds the {noun}"),
            Condition::SameBody => format!("if a user already holds the same {noun}"),
            Condition::QuotaReached => format!("if the user has reached the quota ({noun})"),
            Condition::NotHeld if self.action.api == resources::GET_ACCESS_KEY_LAST_USED.api => {
                format!("if no user holds the {noun}")
            }
            Condition::NotHeld => format!("if the user does not hold the {noun}"),
            Condition::RecentlyCreated => format!("if the {noun} was created very recently"),
            Condition::RecentlyChanged => "if the user changed very recently".to_owned(),
            Condition::Holds(kind) => format!("if the user holds {}", with_article(noun_of(kind))),
            Condition::HoldsInactive(kind) => {
                format!("if every {} that the user holds is inactive", noun_of(kind))
            }
            _ => self.sub_resource_condition(noun),
        }
    }

    fn sub_resource_condition(&self, noun: &str) -> String {
        match self.clause.condition {
            Condition::HasSubResources(SubResource::Version) => {
                "if the policy has several versions".to_owned()
            }
            Condition::HasSubResources(kind) => format!("if the group has an {}", kind.row().noun),
            Condition::HasEntry => format!("if the group already has the {noun}"),
            Condition::NoSuchEntry => format!("if the group does not have the {noun}"),
            Condition::NoSuchVersion => "if the policy or the version does not exist".to_owned(),
            Condition::NoSuchPolicy => "if the policy does not exist".to_owned(),
            Condition::IsDefault => "if the version is the default version".to_owned(),
            _ => format!("if the quota is reached ({noun})"),
        }
    }

    /// The noun for the subject of the rule: a user, an attachment, a resource or a sub-resource.
    fn noun(&self) -> &'static str {
        let target = find_action(self.action.api).map(|entry| entry.target);
        let missing_resource = self.clause.condition == Condition::NoSuchResource;
        match (target, self.kind()) {
            (Some(ActionTarget::Resource(kind, _)), _) => kind.row().noun,
            (Some(ActionTarget::SubResource(kind, _)), _) if missing_resource => {
                kind.row().resource.row().noun
            }
            (Some(ActionTarget::SubResource(kind, _)), _) => kind.row().noun,
            (_, Some(kind)) => match kind.row().refers_to.filter(|_| missing_resource) {
                Some(resource) => resource.row().noun,
                None => noun_of(kind),
            },
            _ if missing_resource => ResourceKind::Policy.row().noun,
            _ => "user",
        }
    }

    /// The kind of attachment that the rule is about, if any.
    #[must_use]
    pub fn kind(&self) -> Option<AttachmentKind> {
        if let Condition::Holds(kind) | Condition::HoldsInactive(kind) = self.clause.condition {
            return Some(kind);
        }
        match find_action(self.action.api)?.target {
            ActionTarget::Attachment(kind, _) => Some(kind),
            ActionTarget::User if self.action.api == resources::CHANGE_PASSWORD.api => {
                Some(AttachmentKind::LoginProfile)
            }
            ActionTarget::User if self.action.api == resources::GET_ACCESS_KEY_LAST_USED.api => {
                Some(AttachmentKind::AccessKey)
            }
            _ => None,
        }
    }
}

impl InputError {
    /// The condition of a rule about this error in words, starting with `if`.
    fn condition(self, member: &str) -> String {
        match self {
            Self::Absent => format!("if the user calls for itself without {member}"),
            Self::BadCharacter => format!("if {member} has a character that is not allowed"),
            Self::Empty => format!("if the user calls for itself with an empty {member}"),
            Self::Duplicate => format!("if {member} repeats a value that must differ"),
            Self::Malformed => format!("if {member} does not have the required form"),
            Self::UnknownValue => format!("if {member} is not one of the allowed values"),
            Self::OnePerPage => format!("if {member} requests one item per page, for every page"),
            Self::OtherCase => format!("if {member} is an existing name in different case"),
            Self::TooLong => format!("if {member} exceeds its maximum"),
            Self::TooShort => format!("if {member} is below its minimum"),
            Self::Wrong => format!("if {member} is wrong"),
        }
    }
}

fn noun_of(kind: AttachmentKind) -> &'static str {
    kind.row().noun
}

fn with_article(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u'])
        || noun.starts_with("MFA")
        || noun.starts_with("SSH");
    format!("{} {noun}", if vowel { "an" } else { "a" })
}
