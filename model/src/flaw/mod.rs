//! Calls that are put otherwise than they should be: a member that breaks a constraint, a name in
//! another case, a user that does not name itself. One row each.
//!
//! The model knows which member is wrong in which way, never a value: what is sent stands in the
//! harness. A constraint is looked at before anything is looked for (D-016, inferred): where the call
//! would be refused as it is, both refusals conform.

use crate::account::Account;
use crate::claim::{Answer, Claim};
use crate::evidence::Evidence;
use crate::operation::{Operation, User};
use crate::reason::Reason;

mod table;

pub use table::FLAWS;

/// One row of the table, by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Flaw(pub u8);

/// How a member is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Defect {
    /// The user itself asks, and names nobody.
    Absent,
    /// A character that may not stand there.
    BadCharacter,
    /// The same twice, where two different ones must be.
    Doubled,
    /// Not in the form that it must have.
    Malformed,
    /// None of the words that it may be.
    NotAWord,
    /// As small as it may be, so that a listing is asked for item by item, to its end.
    OneByOne,
    /// The same name in another case.
    OtherCase,
    /// Longer, or more, than it may be.
    TooLong,
    /// Shorter, or less, than it may be.
    TooShort,
}

impl Defect {
    /// Every defect.
    pub const ALL: [Self; 9] = [
        Self::Absent,
        Self::BadCharacter,
        Self::Doubled,
        Self::Malformed,
        Self::NotAWord,
        Self::OneByOne,
        Self::OtherCase,
        Self::TooLong,
        Self::TooShort,
    ];

    /// The word in scripts and in the ids of rules.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::BadCharacter => "bad-character",
            Self::Doubled => "doubled",
            Self::Malformed => "malformed",
            Self::NotAWord => "not-a-word",
            Self::OneByOne => "one-by-one",
            Self::OtherCase => "other-case",
            Self::TooLong => "too-long",
            Self::TooShort => "too-short",
        }
    }
}

impl Defect {
    /// Whether what is claimed of it needs the user, or the object, to be there.
    #[must_use]
    pub const fn needs_subject(self) -> bool {
        matches!(self, Self::OtherCase | Self::Absent | Self::OneByOne)
    }

    /// When a rule about it applies, in words.
    pub(crate) fn condition(self, member: &str) -> String {
        match self {
            Self::Absent => format!("where the user itself asks, without {member}"),
            Self::BadCharacter => format!("where {member} has a character that it may not have"),
            Self::Doubled => format!("where {member} comes twice"),
            Self::Malformed => format!("where {member} is not in the form that it must have"),
            Self::NotAWord => format!("where {member} is none of what it may be"),
            Self::OneByOne => format!("where {member} asks for one at a time, page after page"),
            Self::OtherCase => format!("where {member} is a name that exists, in another case"),
            Self::TooLong => format!("where {member} is longer, or more, than it may be"),
            Self::TooShort => format!("where {member} is shorter, or less, than it may be"),
        }
    }
}

/// A call, what is wrong with it, and what is answered.
#[derive(Debug)]
pub struct FlawRow {
    /// The call as it should be.
    pub sound: fn(User) -> Operation,
    /// The member.
    pub member: &'static str,
    /// What is wrong with it.
    pub defect: Defect,
    /// What is answered.
    pub claim: Claim,
}

impl FlawRow {
    const fn refused(
        sound: fn(User) -> Operation,
        member: &'static str,
        defect: Defect,
        answer: Answer,
        evidence: [Evidence; 2],
    ) -> Self {
        let [code, text] = evidence;
        let reason = Reason::Flawed(member, defect);
        Self { sound, member, defect, claim: Claim { reason, answer, status: code, code, text } }
    }

    /// A listing that is asked for item by item shows what it shows at once (E-009). What its pages show
    /// together is compared, not how much each of them shows: a page may show less than was asked for,
    /// and one that shows more loses nothing.
    const fn one_by_one(sound: fn(User) -> Operation, paged: Evidence) -> Self {
        Self::refused(sound, "MaxItems", Defect::OneByOne, Answer::Done, [paged, paged])
    }

    /// Whether what is claimed applies: of a name in another case it does where the user exists, of a
    /// listing where there is something to list.
    #[must_use]
    pub fn applies(&self, account: &Account, user: User) -> bool {
        let object = (self.sound)(user).object();
        let exists = object.map_or_else(|| account.has_user(user), |it| account.has(it));
        !self.defect.needs_subject() || exists
    }
}

impl Flaw {
    /// Every flaw.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..FLAWS.len()).filter_map(|place| u8::try_from(place).ok()).map(Self)
    }

    /// The same flaw of another call, where that is in the table.
    #[must_use]
    pub fn of(sound: fn(User) -> Operation, member: &str, defect: Defect) -> Option<Self> {
        let call = |sound: fn(User) -> Operation| sound(User(0)).call().map(|call| call.api);
        Self::all().find(|flaw| {
            let row = flaw.row();
            call(row.sound) == call(sound) && (row.member, row.defect) == (member, defect)
        })
    }

    /// Its row; the first where there is none of that number.
    #[must_use]
    pub fn row(self) -> &'static FlawRow {
        let [first, ..] = &FLAWS;
        FLAWS.get(usize::from(self.0)).unwrap_or(first)
    }
}
