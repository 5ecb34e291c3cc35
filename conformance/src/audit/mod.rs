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
//! Read in this order: [`Event`] (what was asked and answered), `known.rs` (what is known of a user and an
//! object), `completion.rs` (the accounts that agree with it), `judge.rs` and `learn.rs`.

pub mod inference;
pub mod judge;
mod possible_accounts;

use iamspec_model::tables::attachments::Naming;
use iamspec_model::tables::resources::Deed;
use iamspec_model::{Class, Code, Kind, Verb};

/// A call that somebody made, and what was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What tells it from others, for whoever looks it up.
    pub id: String,
    /// When, in seconds since 1970.
    pub at: i64,
    /// What was asked.
    pub asked: Asked,
    /// The user that it is about, by its name.
    pub user: Option<String>,
    /// What else it names: an item, a group, a policy, a device, or the new name of a user.
    pub other: Option<String>,
    /// What was answered.
    pub answer: Answer,
    /// In which words, where they were written down.
    pub message: Option<String>,
}

/// A call about a user, an attachment, or what can be attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// `CreateUser`.
    CreateUser,
    /// `GetUser`.
    GetUser,
    /// `UpdateUser`.
    UpdateUser,
    /// `DeleteUser`.
    DeleteUser,
    /// A call of a kind.
    Kind(Kind, Verb),
    /// `CreateGroup`, `CreatePolicy`, `CreateVirtualMFADevice`.
    Create(Class),
    /// `DeleteGroup`, `DeletePolicy`, `DeleteVirtualMFADevice`.
    Delete(Class),
    /// `UpdateGroup`: what is called otherwise afterwards is not followed.
    Rename(Class),
}

/// What was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was carried out.
    Done,
    /// It was refused with this code.
    Refused(Code),
    /// It was not carried out, for a reason that tells nothing of the account.
    Nothing,
}

impl Event {
    /// The name of the item, group, policy or device; empty where one is all that there can be.
    fn named(&self) -> &str {
        let single =
            matches!(self.asked, Asked::Kind(kind, _) if kind.row().naming == Naming::Single);
        self.other.as_deref().filter(|_| !single).unwrap_or_default()
    }

    /// Whether it says all that the call is about.
    fn names_all(&self) -> bool {
        match self.asked {
            Asked::Kind(_, Verb::List)
            | Asked::CreateUser
            | Asked::GetUser
            | Asked::UpdateUser
            | Asked::DeleteUser => self.user.is_some(),
            Asked::Kind(kind, _) => {
                self.user.is_some() && (self.other.is_some() || kind.row().naming == Naming::Single)
            }
            Asked::Create(_) | Asked::Delete(_) => self.other.is_some(),
            Asked::Rename(_) => false,
        }
    }

    /// Whether it changes something.
    fn changes(&self) -> bool {
        self.answer == Answer::Done && !self.asked.is_read()
    }
}

impl Asked {
    /// Every call.
    fn all() -> impl Iterator<Item = Self> {
        let of_kinds = Kind::blockers()
            .flat_map(|kind| Verb::ALL.into_iter().map(move |verb| Self::Kind(kind, verb)));
        let of_classes = Class::all()
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
            Self::Create(class) => class.row().call(Deed::Create),
            Self::Delete(class) => class.row().call(Deed::Delete),
            Self::Rename(class) => class.row().call(Deed::Rename),
        };
        call.map(|it| it.api)
    }

    /// Whether it changes nothing.
    #[must_use]
    pub const fn is_read(self) -> bool {
        matches!(self, Self::GetUser | Self::Kind(_, Verb::List | Verb::Get))
    }
}
