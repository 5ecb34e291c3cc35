//! What a rule says, in one sentence.

use crate::claim::{Answer, Call, Reason, Rule};
use crate::evidence::Level;
use crate::kind::{Kind, Row, TABLE};
use crate::object::part::Act;
use crate::object::{Class, Deed, Part, user};
use crate::operation::Verb;

impl Rule {
    /// The rule in one sentence: `DeleteUser is refused with DeleteConflict where …`.
    #[must_use]
    pub fn statement(&self) -> String {
        let api = self.call.api;
        let answer = match self.claim.answer {
            Answer::Done => format!("{api} is carried out"),
            Answer::Refused(code) if self.claim.code.level == Level::Open => {
                format!("{api} may be carried out, or refused, presumably with {}", code.name())
            }
            Answer::Refused(code) if self.claim.status.level == Level::Open => {
                format!("{api} may be carried out, or refused with {}", code.name())
            }
            Answer::Refused(code) => format!("{api} is refused with {}", code.name()),
        };
        format!("{answer} {}.", self.condition())
    }

    /// When the rule applies, from `where` on.
    #[must_use]
    pub fn condition(&self) -> String {
        let thing = self.thing();
        match self.claim.reason {
            Reason::Unhindered => "where nothing speaks against it".to_owned(),
            Reason::Flawed(member, defect) => defect.condition(member),
            Reason::UserExists => "where the user exists already".to_owned(),
            Reason::NoSuchUser => "where the user does not exist".to_owned(),
            Reason::AccountFull => {
                "where the account has as many users as its quota allows".to_owned()
            }
            Reason::ObjectExists => format!("where the {thing} exists already"),
            Reason::NoSuchObject => format!("where the {thing} does not exist"),
            Reason::NoRightCodes => "where no codes are right, for there is no device".to_owned(),
            Reason::NameTaken => format!("where another {thing} has the new name"),
            Reason::SameName => "where it asks for the name it has, or for nothing".to_owned(),
            Reason::InUse => format!("where a user or a group holds the {thing}"),
            Reason::IsBoundary => {
                format!("where the {thing} is the permissions boundary of a user")
            }
            Reason::NoBoundary => "where the user has no permissions boundary".to_owned(),
            Reason::AlreadyHeld => format!("where the user holds the {thing} already"),
            Reason::HeldByAnother => format!("where only another user holds the {thing}"),
            Reason::SameBody => format!("where the same {thing} is held already"),
            Reason::QuotaReached => {
                format!("where the user's quota of this kind ({thing}) is used up")
            }
            Reason::NotHeld if self.call.api == user::LAST_USED.api => {
                format!("where nobody holds the {thing}")
            }
            Reason::NotHeld => format!("where the user does not hold the {thing}"),
            Reason::BeingMade => format!("where the {thing} was made a moment ago"),
            Reason::BeingChanged => "where the user was changed a moment ago".to_owned(),
            Reason::Holds(kind) => {
                format!("where the user holds {}", with_article(kind.row().noun))
            }
            Reason::HoldsInactive(kind) => {
                format!("where all that the user holds of a kind ({}) is inactive", kind.row().noun)
            }
            _ => self.condition_of_parts(),
        }
    }

    /// The condition, where it is about the parts of an object.
    fn condition_of_parts(&self) -> String {
        let thing = self.thing();
        match self.claim.reason {
            Reason::HasParts(Part::Version) => "where the policy has several versions".to_owned(),
            Reason::HasParts(part) => format!("where there is an {}", part.row().noun),
            Reason::AlreadyPart => format!("where there is such an {thing} already"),
            Reason::NotPart => format!("where there is no such {thing}"),
            Reason::NoSuchVersion => "where there is no such policy or version".to_owned(),
            Reason::NoSuchPolicy => "where the policy does not exist".to_owned(),
            Reason::IsDefault => "where the version is the one in force".to_owned(),
            _ => format!("where the quota of this part ({thing}) is used up"),
        }
    }

    /// What the call is about: the noun of its part, class or kind.
    fn thing(&self) -> &'static str {
        let is = |call: Option<&Call>| call.is_some_and(|call| call.api == self.call.api);
        let part =
            Part::all().find(|part| Act::ALL.into_iter().any(|act| is(part.row().call(act))));
        let class =
            Class::all().find(|class| Deed::ALL.into_iter().any(|it| is(class.row().call(it))));
        let object = match (self.claim.reason, part) {
            (Reason::NoSuchObject, Some(part)) => Some(part.row().of),
            (Reason::NoSuchObject, None) => {
                self.kind().map_or(Some(Class::Policy), |kind| kind.row().refers)
            }
            _ => None,
        };
        match (class.or(object), part, self.kind()) {
            (Some(class), ..) => class.row().noun,
            (None, Some(part), _) => part.row().noun,
            (None, None, Some(kind)) => kind.row().noun,
            (None, None, None) => "user",
        }
    }

    /// The kind of attachment that the rule is about, if it is about one.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        if let Reason::Holds(kind) | Reason::HoldsInactive(kind) = self.claim.reason {
            return Some(kind);
        }
        if [user::CHANGE_PASSWORD.api, user::LAST_USED.api].contains(&self.call.api) {
            let own = self.call.api == user::CHANGE_PASSWORD.api;
            return Some(if own { Kind::LoginProfile } else { Kind::AccessKey });
        }
        let calls =
            |row: &Row, verb: Verb| row.call(verb).is_some_and(|call| call.api == self.call.api);
        let row = TABLE.iter().find(|row| Verb::ALL.into_iter().any(|verb| calls(row, verb)));
        row.map(|row| row.kind)
    }
}

fn with_article(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u'])
        || noun.starts_with("MFA")
        || noun.starts_with("SSH");
    format!("{} {noun}", if vowel { "an" } else { "a" })
}
