//! Mutants derived from the rule tables: each rule and each effect is broken in several ways.
//!
//! [`Mutant::equivalent`] lists the mutants that no run can distinguish from the reference, each
//! with the reason.

use iamspec_model::check::model_mutants::ModelMutant;
use iamspec_model::tables::actions;
use iamspec_model::tables::attachments::Naming;
use iamspec_model::tables::precedence::overriding_rule;
use iamspec_model::{
    ATTACHMENTS, AttachmentAction, AttachmentKind, AttachmentRow, Clause, Condition, ErrorCode,
    Expected, InputError, Level, ResourceKind, Rule, rules,
};

use crate::mutation::form_mutants::form_mutants;
use crate::oracle::formats::FORMAT_RULES;
use crate::oracle::wire::SENT_VALUES;
use crate::reference::deviation::{Deviation, Mutant};

impl Mutant {
    /// Every mutant derived from the tables.
    pub fn systematic() -> impl Iterator<Item = Self> {
        let renames = AttachmentKind::all().map(|kind| {
            let fault = Deviation::RenameLoses(kind);
            Self::of("UpdateUser/carried-out", &format!("loses every {}", kind.row().noun), fault)
        });
        let stays = AttachmentKind::all().map(|kind| {
            let what = format!("leaves every {} to the next user of the name", kind.row().noun);
            Self::of("CreateUser/carried-out", &what, Deviation::StaysAtName(kind))
        });
        model_mutants()
            .chain(rules().flat_map(response_mutants))
            .chain(renames)
            .chain(stays)
            .chain(creation_mutants())
            .chain(wire_mutants())
            .chain(form_mutants())
    }

    fn of(rule: &str, what: &str, fault: Deviation) -> Self {
        let rule = rule.to_owned();
        Self { name: format!("{rule} {what}"), shown_by: rule.clone(), rule, deviation: fault }
    }

    /// The level of the evidence that a conforming endpoint behaves differently.
    #[must_use]
    pub fn level(&self) -> Level {
        match self.deviation {
            Deviation::WrongForm(rule, _) => return rule.level(),
            // Recorded for the members in the table.
            Deviation::WrongFormat(_) => return Level::Must,
            _ => {}
        }
        let rule = rules().find(|rule| rule.id() == self.rule);
        rule.map_or(Level::Unspecified, |rule| match self.deviation {
            Deviation::Text(_) => rule.clause.text.level,
            // Recorded for every success (E-001).
            Deviation::TruncatesXml => Level::Must,
            // No evidence shows that a renamed user keeps its tags.
            Deviation::RenameLoses(kind) if !AttachmentKind::blockers().any(|it| it == kind) => {
                Level::Unspecified
            }
            Deviation::Code(..)
            | Deviation::Status(_)
            | Deviation::ListsNothing
            | Deviation::ListsTwice
            | Deviation::OmitsLast
            | Deviation::ListsStale
            | Deviation::LosesPage
            | Deviation::RepeatsPage => rule.clause.code.level,
            _ => rule.clause.status.level,
        })
    }

    /// Whether an operation that should be refused succeeds, or the reverse. The rest of a script
    /// then runs in an account that its author did not intend.
    #[must_use]
    pub const fn changes_outcome(&self) -> bool {
        matches!(self.deviation, Deviation::Model(_) | Deviation::Succeeds | Deviation::Refuses)
    }

    /// Whether the effect of the operation deviates, so only another operation can show it.
    #[must_use]
    pub fn is_of_an_effect(&self) -> bool {
        match self.deviation {
            Deviation::LosesEffect
            | Deviation::RefusesWithEffect
            | Deviation::RenameLoses(_)
            | Deviation::Resurrects(_)
            | Deviation::ResurrectsBoundary
            | Deviation::StaysAtName(_)
            | Deviation::CreatesTwo => true,
            Deviation::Model(fault) => matches!(
                fault,
                ModelMutant::LosesEffect(_)
                    | ModelMutant::ReversesEffect(_)
                    | ModelMutant::OtherKind(_)
                    | ModelMutant::OtherUser(_)
                    | ModelMutant::AllUsers(_)
                    | ModelMutant::AllItems(_)
            ),
            _ => false,
        }
    }
}

/// The mutants whose rules or effects are those of a mutated model. Confusing two rules is a wrong
/// code or message, which [`response_mutants`] covers.
fn model_mutants() -> impl Iterator<Item = Mutant> {
    ModelMutant::all().filter_map(|fault| {
        let (reason, what) = match fault {
            // A rule that holds only for the first item is forgotten for all others.
            ModelMutant::Swaps(..) | ModelMutant::AppliesToFirstOnly(..) => return None,
            ModelMutant::NeverApplies(api, reason) => {
                (refusing(api, reason)?, "is forgotten".to_owned())
            }
            ModelMutant::AppliesOneTooLate(api, reason) => {
                (refusing(api, reason)?, "comes one too late".to_owned())
            }
            ModelMutant::AlwaysApplies(api, reason) => {
                let always = refusing(api, reason)?.slug();
                (Condition::Unhindered, format!("is refused as {always} whatever there is"))
            }
            ModelMutant::LosesEffect(_) => (Condition::Unhindered, "does nothing".to_owned()),
            ModelMutant::ReversesEffect(_) => {
                (Condition::Unhindered, "does the opposite".to_owned())
            }
            ModelMutant::OtherKind(_) => (Condition::Unhindered, "is of another kind".to_owned()),
            ModelMutant::OtherUser(_) => (Condition::Unhindered, "is for another user".to_owned()),
            ModelMutant::AllUsers(_) => (Condition::Unhindered, "is for everybody".to_owned()),
            ModelMutant::AllItems(_) => (Condition::Unhindered, "takes all away".to_owned()),
        };
        let rule = format!("{}/{}", fault.api(), reason.slug());
        Some(Mutant::of(&rule, &what, Deviation::Model(fault)))
    })
}

/// The mutants with a wrong wire format and correct content.
fn wire_mutants() -> impl Iterator<Item = Mutant> {
    let rule = |api: &str| format!("{api}/carried-out");
    let malformed = actions()
        .map(move |call| Mutant::of(&rule(call.api), "breaks its XML", Deviation::TruncatesXml));
    let forms = FORMAT_RULES.iter().flat_map(|row| row.actions.iter().map(move |api| (*api, row)));
    let members = forms.map(move |(api, row)| {
        // Another key is another tag.
        let is_value = row.expected.is_sent() && row.element != "Key";
        let rule = if is_value { SENT_VALUES.id(api) } else { rule(api) };
        let what = format!("has an odd {}", row.element);
        Mutant::of(&rule, &what, Deviation::WrongFormat(row.element))
    });
    malformed.chain(members)
}

/// The mutants that restore deleted attachments or create two items instead of one.
fn creation_mutants() -> impl Iterator<Item = Mutant> {
    let create = |what: &str, fault| Mutant::of("CreateUser/carried-out", what, fault);
    let kinds = AttachmentKind::all().map(move |kind| {
        let what = format!("brings back every {}", kind.row().noun);
        create(&what, Deviation::Resurrects(kind))
    });
    let issued = ATTACHMENTS.iter().filter(|row| row.naming == Naming::Service);
    let calls = issued.filter_map(|row| row.action(AttachmentAction::Attach));
    let twice = calls.map(|call| {
        Mutant::of(&format!("{}/carried-out", call.api), "makes two", Deviation::CreatesTwo)
    });
    let boundary = create("brings back the permissions boundary", Deviation::ResurrectsBoundary);
    kinds.chain([boundary]).chain(twice)
}

/// The condition, if its rule refuses the action. Otherwise removing the rule has no consequence.
fn refusing(api: &str, reason: Condition) -> Option<Condition> {
    let is = |rule: &Rule| rule.action.api == api && rule.clause.condition == reason;
    let rule = rules().find(is)?;
    (rule.clause.expected != Expected::Success).then_some(reason)
}

/// Whether the action changes something.
fn is_write(api: &'static str) -> bool {
    ModelMutant::all().any(|fault| fault == ModelMutant::LosesEffect(api))
}

/// Whether the action could take effect although this condition refuses it.
const fn could_take_effect(reason: Condition) -> bool {
    matches!(
        reason,
        Condition::Holds(_)
            | Condition::InUse
            | Condition::IsBoundary
            | Condition::HasSubResources(_)
            | Condition::QuotaReached
            | Condition::SubResourceQuotaReached
            | Condition::NameTaken
            | Condition::HeldByAnother
            | Condition::InvalidInput(..)
    )
}

/// The mutants that respond wrongly if this rule decides.
fn response_mutants(rule: Rule) -> Vec<Mutant> {
    let mutant = |what: &str, fault| Mutant::of(&rule.id(), what, fault);
    let Expected::Refused(code) = rule.clause.expected else {
        let mut mutants = Vec::new();
        if rule.clause.condition == Condition::Unhindered {
            mutants.push(mutant("is refused", Deviation::Refuses));
            if rule.action.api.starts_with("List") {
                mutants.push(mutant("shows nothing", Deviation::ListsNothing));
                mutants.push(mutant("shows all twice", Deviation::ListsTwice));
                mutants.push(mutant("lacks the last", Deviation::OmitsLast));
                mutants.push(mutant("shows what was so before", Deviation::ListsStale));
            }
        }
        match rule.clause.condition {
            Condition::InvalidInput(_, InputError::OnePerPage) => {
                mutants.push(mutant("loses what is next", Deviation::LosesPage));
                mutants.push(mutant("shows the last again", Deviation::RepeatsPage));
            }
            // The service takes the name for that of the user or the group, or does not.
            Condition::InvalidInput(_, InputError::OtherCase | InputError::Absent) => {
                mutants.push(mutant("is refused", Deviation::Refuses));
            }
            _ => {}
        }
        return mutants;
    };
    let other_code = if code == ErrorCode::NoSuchEntity {
        ErrorCode::ValidationError
    } else {
        ErrorCode::NoSuchEntity
    };
    let other_status = if code.http_status() == 400 { 409 } else { 400 };
    let has_effect = is_write(rule.action.api) && could_take_effect(rule.clause.condition);
    let with_effect =
        has_effect.then(|| mutant("is refused and done", Deviation::RefusesWithEffect));
    [
        mutant("has another code", Deviation::Code(other_code.http_status(), other_code.name())),
        mutant("has another status", Deviation::Status(other_status)),
        mutant("has other words", Deviation::Text("No.")),
    ]
    .into_iter()
    .chain(with_effect)
    .collect()
}

const NO_CLOCK: &str = "the reference has no clock, so nothing is recently created or changed";
const ACCOUNT_MAY_BE_FULL: &str = "an account may be full of resources that the run did not create";
const NEVER_FULL: &str = "no script creates the five thousand users that fill an account";
const CALLER: &str = "AccessDenied about an existing key is about the caller's permissions";
const SAME_CODE: &str = "another rule refuses with the same code in the same states";
const NOT_TESTED: &str = "no script uses a name in another case that no user has";
const NO_SIGNER: &str = "a user that does not exist signs no request";
const ONE_NAME: &str = "the model has no second user with the same name in another case";
const RUN_ENDS: &str = "if no user can be created, the run ends and reports that";
const ONE_HOLDER: &str = "only one user can hold the item";
const SINGLE: &str = "a user holds at most one item of the kind";

impl Mutant {
    /// The reason why no run can distinguish the mutant from the reference, if it is equivalent.
    #[must_use]
    pub fn equivalence(&self) -> Option<&'static str> {
        let rule = rules().find(|rule| rule.id() == self.rule)?;
        let reason = rule.clause.condition;
        match self.deviation {
            Deviation::Model(fault) => model_equivalence(fault, rule),
            Deviation::RefusesWithEffect => {
                matches!(reason, Condition::InvalidInput(_, InputError::OtherCase))
                    .then_some(ONE_NAME)
            }
            Deviation::TruncatesXml if rule.action.api == "CreateUser" => Some(RUN_ENDS),
            _ if reason.is_transient() => Some(NO_CLOCK),
            _ => (reason == Condition::AccountFull).then_some(NEVER_FULL),
        }
    }
}

fn model_equivalence(fault: ModelMutant, rule: Rule) -> Option<&'static str> {
    let kind = ATTACHMENTS
        .iter()
        .find(|row| row.action(AttachmentAction::Detach).map(|it| it.api) == Some(fault.api()));
    match fault {
        ModelMutant::AlwaysApplies(_, reason) if reason.is_transient() => Some(NO_CLOCK),
        ModelMutant::AlwaysApplies(_, Condition::AccountFull) => Some(ACCOUNT_MAY_BE_FULL),
        ModelMutant::NeverApplies(_, Condition::InvalidInput(_, InputError::OtherCase)) => {
            Some(SAME_CODE)
        }
        ModelMutant::AlwaysApplies(_, Condition::InvalidInput(_, InputError::OtherCase)) => {
            Some(NOT_TESTED)
        }
        ModelMutant::AlwaysApplies(_, Condition::InvalidInput(_, InputError::Empty)) => {
            Some(NO_SIGNER)
        }
        ModelMutant::AlwaysApplies(_, Condition::NotHeld) => {
            (rule.action.clauses.len() == 2).then_some(CALLER)
        }
        ModelMutant::NeverApplies(_, Condition::NoSuchUser) => {
            let has_same_answer = |it: &&Clause| {
                it.condition == Condition::NotHeld && it.expected == rule.clause.expected
            };
            let claim = rule.action.clauses.iter().find(has_same_answer)?;
            let other = Rule { action: rule.action, clause: claim };
            // If the precedence of the missing user is known, the other message does not conform.
            let is_ordered = overriding_rule(other, &[rule, other])
                .is_some_and(|(order, _)| order.evidence.level >= Level::Should);
            (!is_ordered).then_some(SAME_CODE)
        }
        ModelMutant::AllUsers(_) => {
            let has_one_holder = |row: &AttachmentRow| {
                row.naming == Naming::Service || row.refers_to == Some(ResourceKind::Device)
            };
            kind.filter(|row| has_one_holder(row)).map(|_| ONE_HOLDER)
        }
        ModelMutant::AllItems(_) => kind.filter(|row| row.naming == Naming::Single).map(|_| SINGLE),
        _ => None,
    }
}
