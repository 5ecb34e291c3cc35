//! What a rule says, in one sentence.

use crate::claim::{Answer, Reason, Rule};
use crate::evidence::Level;
use crate::kind::{Kind, Row, TABLE};
use crate::object::Class;
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

    fn condition(&self) -> String {
        let thing = self.thing();
        match self.claim.reason {
            Reason::Unhindered => "where nothing speaks against it".to_owned(),
            Reason::UserExists => "where the user exists already".to_owned(),
            Reason::NoSuchUser => "where the user does not exist".to_owned(),
            Reason::AccountFull => {
                "where the account has as many users as its quota allows".to_owned()
            }
            Reason::ObjectExists => format!("where the {thing} exists already"),
            Reason::NoSuchObject => format!("where the {thing} does not exist"),
            Reason::NoRightCodes => {
                "where the codes cannot be right, because the device does not exist".to_owned()
            }
            Reason::InUse => format!("where a user holds the {thing}"),
            Reason::AlreadyHeld => format!("where the user holds the {thing} already"),
            Reason::HeldByAnother => format!("where only another user holds the {thing}"),
            Reason::SameBody => format!("where the same {thing} is held already"),
            Reason::QuotaReached => {
                format!("where the user's quota of this kind ({thing}) is used up")
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
        }
    }

    /// What the call is about: the noun of its class or kind.
    fn thing(&self) -> &'static str {
        let kind = self.kind();
        let object = kind
            .and_then(|kind| kind.row().refers)
            .filter(|_| self.claim.reason == Reason::NoSuchObject);
        let class = Class::all().find(|class| {
            class.row().create.api == self.call.api || class.row().delete.api == self.call.api
        });
        let class = class.or(object);
        class.map(|it| it.row().noun).or(kind.map(|it| it.row().noun)).unwrap_or("user")
    }

    /// The kind of attachment that the rule is about, if it is about one.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        if let Reason::Holds(kind) | Reason::HoldsInactive(kind) = self.claim.reason {
            return Some(kind);
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
