//! Mutants made from the tables: each rule and each effect is broken in several ways, counted by distinct
//! place and fault.
//!
//! Mutants that no run can tell from what they are made of.

use iamspec_model::check::model_mutants::ModelMutant as ModelFault;
use iamspec_model::tables::attachments::Naming;
use iamspec_model::tables::calls;
use iamspec_model::tables::precedence::outranked;
use iamspec_model::{
    AttachmentAction, AttachmentKind, AttachmentRow, Clause, Condition, ErrorCode, Expected,
    InputError, Level, ResourceKind, Rule, TABLE, rules,
};

use crate::oracle::formats::FORMS;
use crate::reference::deviation::{Deviation, Mutant};

impl Mutant {
    /// Every mutant that the tables give.
    pub fn systematic() -> impl Iterator<Item = Self> {
        let renames = AttachmentKind::all().map(|kind| {
            let fault = Deviation::RenameLoses(kind);
            Self::of("UpdateUser/carried-out", &format!("loses every {}", kind.row().noun), fault)
        });
        models().chain(rules().flat_map(answers)).chain(renames).chain(again()).chain(odd())
    }

    fn of(rule: &str, what: &str, fault: Deviation) -> Self {
        let rule = rule.to_owned();
        Self { name: format!("{rule} {what}"), shows: rule.clone(), rule, fault }
    }

    /// How sure it is that a conforming endpoint does otherwise.
    #[must_use]
    pub fn level(&self) -> Level {
        let rule = rules().find(|rule| rule.id() == self.rule);
        rule.map_or(Level::Open, |rule| match self.fault {
            Deviation::Text(_) => rule.claim.text.level,
            // Recorded of every success, and of the members in the table (E-001).
            Deviation::BreaksXml | Deviation::Odd(_) => Level::Must,
            // That tags stay with a user that gets another name there is no evidence of.
            Deviation::RenameLoses(kind) if !AttachmentKind::blockers().any(|it| it == kind) => {
                Level::Open
            }
            Deviation::Code(..)
            | Deviation::Status(_)
            | Deviation::ListsNothing
            | Deviation::ListsTwice
            | Deviation::ListsOneLess
            | Deviation::ListsLate
            | Deviation::LosesPage
            | Deviation::RepeatsPage => rule.claim.code.level,
            _ => rule.claim.status.level,
        })
    }

    /// Whether a call that should be refused is carried out, or one that should be carried out is not: what
    /// follows is then asked in another account than the scripts had in mind.
    #[must_use]
    pub const fn acts(&self) -> bool {
        matches!(self.fault, Deviation::Model(_) | Deviation::CarriesOut | Deviation::Refuses)
    }

    /// Whether it is what the call does that is wrong, so that another call must show it.
    #[must_use]
    pub fn is_of_an_effect(&self) -> bool {
        match self.fault {
            Deviation::LosesEffect
            | Deviation::RefusesAndActs
            | Deviation::RenameLoses(_)
            | Deviation::Resurrects(_)
            | Deviation::ResurrectsBoundary
            | Deviation::ActsTwice => true,
            Deviation::Model(fault) => matches!(
                fault,
                ModelFault::Loses(_)
                    | ModelFault::Reverses(_)
                    | ModelFault::OtherKind(_)
                    | ModelFault::OtherUser(_)
                    | ModelFault::ForEverybody(_)
                    | ModelFault::TakesAll(_)
            ),
            _ => false,
        }
    }
}

/// Those whose rules or effects are those of a model with a fault. That of two rules one is taken for
/// the other is a wrong code or text, which is made below.
fn models() -> impl Iterator<Item = Mutant> {
    ModelFault::all().filter_map(|fault| {
        let (reason, what) = match fault {
            // What holds of the first alone is forgotten wherever something else was there before.
            ModelFault::Confuses(..) | ModelFault::OfTheFirst(..) => return None,
            ModelFault::Forgets(api, reason) => (refuses(api, reason)?, "is forgotten".to_owned()),
            ModelFault::NeedsOneMore(api, reason) => {
                (refuses(api, reason)?, "comes one too late".to_owned())
            }
            ModelFault::Overdoes(api, reason) => {
                let always = refuses(api, reason)?.slug();
                (Condition::Unhindered, format!("is refused as {always} whatever there is"))
            }
            ModelFault::Loses(_) => (Condition::Unhindered, "does nothing".to_owned()),
            ModelFault::Reverses(_) => (Condition::Unhindered, "does the opposite".to_owned()),
            ModelFault::OtherKind(_) => (Condition::Unhindered, "is of another kind".to_owned()),
            ModelFault::OtherUser(_) => (Condition::Unhindered, "is for another user".to_owned()),
            ModelFault::ForEverybody(_) => (Condition::Unhindered, "is for everybody".to_owned()),
            ModelFault::TakesAll(_) => (Condition::Unhindered, "takes all away".to_owned()),
        };
        let rule = format!("{}/{}", fault.api(), reason.slug());
        Some(Mutant::of(&rule, &what, Deviation::Model(fault)))
    })
}

/// Those that are wrong on the wire: what they say is right, and not how.
fn odd() -> impl Iterator<Item = Mutant> {
    let rule = |api: &str| format!("{api}/carried-out");
    let broken = calls()
        .map(move |call| Mutant::of(&rule(call.api), "breaks its XML", Deviation::BreaksXml));
    let forms = FORMS.iter().flat_map(|row| row.calls.iter().map(|api| (*api, row.member)));
    let members = forms.map(move |(api, member)| {
        Mutant::of(&rule(api), &format!("has an odd {member}"), Deviation::Odd(member))
    });
    broken.chain(members)
}

/// Those that make again what is gone, or twice what is made once.
fn again() -> impl Iterator<Item = Mutant> {
    let create = |what: &str, fault| Mutant::of("CreateUser/carried-out", what, fault);
    let kinds = AttachmentKind::all().map(move |kind| {
        let what = format!("brings back every {}", kind.row().noun);
        create(&what, Deviation::Resurrects(kind))
    });
    let named = TABLE.iter().filter(|row| row.naming == Naming::Service);
    let calls = named.filter_map(|row| row.call(AttachmentAction::Attach));
    let twice = calls.map(|call| {
        Mutant::of(&format!("{}/carried-out", call.api), "makes two", Deviation::ActsTwice)
    });
    let boundary = create("brings back the permissions boundary", Deviation::ResurrectsBoundary);
    kinds.chain([boundary]).chain(twice)
}

/// The reason, where the rule is a refusal: what is carried out with a rule and without it is not
/// missed.
fn refuses(api: &str, reason: Condition) -> Option<Condition> {
    let is = |rule: &Rule| rule.call.api == api && rule.claim.reason == reason;
    let rule = rules().find(is)?;
    (rule.claim.answer != Expected::Done).then_some(reason)
}

/// Whether the call changes something.
fn writes(api: &'static str) -> bool {
    ModelFault::all().any(|fault| fault == ModelFault::Loses(api))
}

/// Whether there is something that the call could do where it is refused.
const fn could_be_done(reason: Condition) -> bool {
    matches!(
        reason,
        Condition::Holds(_)
            | Condition::InUse
            | Condition::IsBoundary
            | Condition::HasParts(_)
            | Condition::QuotaReached
            | Condition::PartsFull
            | Condition::NameTaken
            | Condition::HeldByAnother
            | Condition::Flawed(..)
    )
}

/// Those that answer wrongly where this rule decides.
fn answers(rule: Rule) -> Vec<Mutant> {
    let mutant = |what: &str, fault| Mutant::of(&rule.id(), what, fault);
    let Expected::Refused(code) = rule.claim.answer else {
        let mut mutants = Vec::new();
        if rule.claim.reason == Condition::Unhindered {
            mutants.push(mutant("is refused", Deviation::Refuses));
            if rule.call.api.starts_with("List") {
                mutants.push(mutant("shows nothing", Deviation::ListsNothing));
                mutants.push(mutant("shows all twice", Deviation::ListsTwice));
                mutants.push(mutant("lacks the last", Deviation::ListsOneLess));
                mutants.push(mutant("shows what was so before", Deviation::ListsLate));
            }
        }
        if matches!(rule.claim.reason, Condition::Flawed(_, InputError::OneByOne)) {
            mutants.push(mutant("loses what is next", Deviation::LosesPage));
            mutants.push(mutant("shows the last again", Deviation::RepeatsPage));
        }
        return mutants;
    };
    let other = if code == ErrorCode::NoSuchEntity {
        ErrorCode::ValidationError
    } else {
        ErrorCode::NoSuchEntity
    };
    let status = if code.http() == 400 { 409 } else { 400 };
    let acts = writes(rule.call.api) && could_be_done(rule.claim.reason);
    let acts = acts.then(|| mutant("is refused and done", Deviation::RefusesAndActs));
    [
        mutant("has another code", Deviation::Code(other.http(), other.name())),
        mutant("has another status", Deviation::Status(status)),
        mutant("has other words", Deviation::Text("No.")),
    ]
    .into_iter()
    .chain(acts)
    .collect()
}

const NEVER_MADE: &str =
    "the reference has no time in which anything could be just made or changed";
const FULL: &str = "an account may be full of what is not ours";
const NEVER_FULL: &str = "no script makes the five thousand users that fill an account";
const CALLER: &str = "AccessDenied about a key that is held tells of the caller";
const SAME: &str = "another rule refuses in the same way there, with the same code";
const NOT_ASKED: &str = "no script asks for a name in another case that nobody has";
const ONE_NAME: &str = "the model has no second user of the same name in another case";
const UNHEARD: &str = "where no user can be made at all the run ends, and says so";
const ONE_HOLDER: &str = "one user alone can hold it";
const SINGLE: &str = "a user holds one of the kind at most";

impl Mutant {
    /// Why nothing can tell it from what it is made of, where that is so.
    #[must_use]
    pub fn equivalent(&self) -> Option<&'static str> {
        let rule = rules().find(|rule| rule.id() == self.rule)?;
        let reason = rule.claim.reason;
        match self.fault {
            Deviation::Model(fault) => of_model(fault, rule),
            Deviation::RefusesAndActs => {
                matches!(reason, Condition::Flawed(_, InputError::OtherCase)).then_some(ONE_NAME)
            }
            Deviation::BreaksXml if rule.call.api == "CreateUser" => Some(UNHEARD),
            _ if reason.passes() => Some(NEVER_MADE),
            _ => (reason == Condition::AccountFull).then_some(NEVER_FULL),
        }
    }
}

fn of_model(fault: ModelFault, rule: Rule) -> Option<&'static str> {
    let kind = TABLE
        .iter()
        .find(|row| row.call(AttachmentAction::Detach).map(|it| it.api) == Some(fault.api()));
    match fault {
        ModelFault::Overdoes(_, reason) if reason.passes() => Some(NEVER_MADE),
        ModelFault::Overdoes(_, Condition::AccountFull) => Some(FULL),
        ModelFault::Forgets(_, Condition::Flawed(_, InputError::OtherCase)) => Some(SAME),
        ModelFault::Overdoes(_, Condition::Flawed(_, InputError::OtherCase)) => Some(NOT_ASKED),
        ModelFault::Overdoes(_, Condition::NotHeld) => {
            (rule.call.claims.len() == 2).then_some(CALLER)
        }
        ModelFault::Forgets(_, Condition::NoSuchUser) => {
            let same =
                |it: &&Clause| it.reason == Condition::NotHeld && it.answer == rule.claim.answer;
            let claim = rule.call.claims.iter().find(same)?;
            let other = Rule { call: rule.call, claim };
            // Where it is known that the user is named first, the other's words are not excused.
            let ordered = outranked(other, &[rule, other])
                .is_some_and(|(order, _)| order.evidence.level >= Level::Should);
            (!ordered).then_some(SAME)
        }
        ModelFault::ForEverybody(_) => {
            let alone = |row: &AttachmentRow| {
                row.naming == Naming::Service || row.refers == Some(ResourceKind::Device)
            };
            kind.filter(|row| alone(row)).map(|_| ONE_HOLDER)
        }
        ModelFault::TakesAll(_) => kind.filter(|row| row.naming == Naming::Single).map(|_| SINGLE),
        _ => None,
    }
}
