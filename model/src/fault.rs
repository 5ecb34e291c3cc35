//! Faults of the model itself, made from its tables: what a sentence must notice.

use std::fmt;

use crate::account::Account;
use crate::claim::{Call, Claim, calls, rules};
use crate::kind::TABLE;
use crate::object::part::Act;
use crate::object::{Class, Deed, Part, user};
use crate::operation::{Operation, Verb};
use crate::reason::Reason;
use crate::step::{Allowed, Outcome, allowed_where, apply, next};

/// One fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The rule of this call and reason is never in force.
    Forgets(&'static str, Reason),
    /// It always is.
    Overdoes(&'static str, Reason),
    /// The call is carried out and does nothing.
    Loses(&'static str),
    /// The call is carried out for all users that hold the item.
    ForEverybody(&'static str),
    /// The call takes everything away that the user holds of the kind.
    TakesAll(&'static str),
}

/// Faults that nothing can notice, each with the reason why.
pub const EQUIVALENT: [(&str, &str); 16] = [
    ("forgets PutGroupPolicy/already-there", CARRIED_OUT),
    ("forgets AttachGroupPolicy/already-there", CARRIED_OUT),
    ("forgets PutUserPolicy/already-held", CARRIED_OUT),
    ("overdoes PutUserPolicy/already-held", CARRIED_OUT),
    ("forgets AttachUserPolicy/already-held", CARRIED_OUT),
    ("forgets AddUserToGroup/already-held", CARRIED_OUT),
    ("forgets RemoveUserFromGroup/not-held", CARRIED_OUT),
    ("forgets TagUser/already-held", CARRIED_OUT),
    ("overdoes TagUser/already-held", CARRIED_OUT),
    ("forgets UntagUser/not-held", CARRIED_OUT),
    ("overdoes UntagUser/not-held", CARRIED_OUT),
    ("overdoes GetUser/user-name-other-case", NOBODY_THERE),
    ("overdoes GetUser/user-name-absent", NOBODY_THERE),
    ("overdoes DeleteUser/user-name-other-case", NOBODY_THERE),
    ("overdoes DeleteAccessKey/user-name-absent", NOBODY_THERE),
    ("takes all away in DeleteLoginProfile", "a user holds one login profile at most"),
];

const NOBODY_THERE: &str = "where the user does not exist the call is refused however it is put";

const CARRIED_OUT: &str =
    "the call is carried out with the rule and without it; only the evidence differs";

impl Fault {
    /// Every fault that the tables give.
    pub fn all() -> impl Iterator<Item = Self> {
        let rules = rules().flat_map(|rule| {
            let (api, reason) = (rule.call.api, rule.claim.reason);
            // What applies whatever is there cannot be overdone.
            let always = match reason {
                Reason::Unhindered => None,
                Reason::Flawed(_, defect) if !defect.needs_user() => None,
                _ => Some(Self::Overdoes(api, reason)),
            };
            [Self::Forgets(api, reason)].into_iter().chain(always)
        });
        let verb = |verb| TABLE.iter().filter_map(move |row| row.call(verb)).map(|call| call.api);
        let lost = calls().map(|call| call.api).filter(|api| !Self::rests(api));
        rules
            .chain(lost.map(Self::Loses))
            .chain(verb(Verb::Detach).map(Self::ForEverybody))
            .chain(verb(Verb::Detach).map(Self::TakesAll))
    }

    /// Whether the call has no effect that could be lost.
    fn rests(api: &str) -> bool {
        let is = |call: Option<&Call>| call.is_some_and(|call| call.api == api);
        let verbs = [Verb::List, Verb::Get, Verb::Renew];
        let deeds = [Deed::Read, Deed::ListAll, Deed::Holders];
        let own = [
            &user::GET_USER,
            &user::LIST_USERS,
            &user::CHANGE_PASSWORD,
            &user::LAST_USED,
            &user::SUMMARY,
            &user::DETAILS,
        ];
        own.iter().any(|call| call.api == api)
            || TABLE.iter().any(|row| verbs.into_iter().any(|verb| is(row.call(verb))))
            || Class::all().any(|class| deeds.into_iter().any(|deed| is(class.row().call(deed))))
            || Part::all()
                .any(|part| [Act::List, Act::Get].into_iter().any(|act| is(part.row().call(act))))
    }

    /// What the model with this fault allows.
    #[must_use]
    pub fn allowed(self, account: &Account, op: &Operation) -> Allowed {
        allowed_where(account, op, &|call: &Call, claim: &Claim| {
            let this = |api, reason| call.api == api && claim.reason == reason;
            match self {
                Self::Forgets(api, reason) if this(api, reason) => false,
                Self::Overdoes(api, reason) if this(api, reason) => true,
                _ => claim.reason.applies(account, op),
            }
        })
    }

    /// What the model with this fault does.
    #[must_use]
    pub fn next(self, account: &Account, op: &Operation) -> Account {
        let mut after = next(account, op, Outcome::Done);
        let this = |api| op.call().is_some_and(|call| call.api == api);
        match (self, *op) {
            (Self::Loses(api), _) if this(api) => return account.clone(),
            (Self::ForEverybody(api), Operation::Detach(_, kind, item)) if this(api) => {
                for user in account.holders(kind, item) {
                    apply(&mut after, &Operation::Detach(user, kind, item));
                }
            }
            (Self::TakesAll(api), Operation::Detach(user, kind, _)) if this(api) => {
                for held in account.held_of(user, kind) {
                    apply(&mut after, &Operation::Detach(user, kind, held.item));
                }
            }
            _ => {}
        }
        after
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forgets(api, reason) => write!(f, "forgets {api}/{}", reason.slug()),
            Self::Overdoes(api, reason) => write!(f, "overdoes {api}/{}", reason.slug()),
            Self::Loses(api) => write!(f, "loses the effect of {api}"),
            Self::ForEverybody(api) => write!(f, "does {api} for everybody"),
            Self::TakesAll(api) => write!(f, "takes all away in {api}"),
        }
    }
}
