//! Mutants that no run can tell from what they are made of.

use iamspec_model::fault::Fault as ModelFault;
use iamspec_model::kind::Naming;
use iamspec_model::precedence::outranked;
use iamspec_model::{Claim, Class, Defect, Level, Reason, Row, Rule, TABLE, Verb, rules};

use super::{Fault, Mutant};

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
            Fault::Model(fault) => of_model(fault, rule),
            Fault::RefusesAndActs => {
                matches!(reason, Reason::Flawed(_, Defect::OtherCase)).then_some(ONE_NAME)
            }
            Fault::BreaksXml if rule.call.api == "CreateUser" => Some(UNHEARD),
            _ if reason.passes() => Some(NEVER_MADE),
            _ => (reason == Reason::AccountFull).then_some(NEVER_FULL),
        }
    }
}

fn of_model(fault: ModelFault, rule: Rule) -> Option<&'static str> {
    let kind =
        TABLE.iter().find(|row| row.call(Verb::Detach).map(|it| it.api) == Some(fault.api()));
    match fault {
        ModelFault::Overdoes(_, reason) if reason.passes() => Some(NEVER_MADE),
        ModelFault::Overdoes(_, Reason::AccountFull) => Some(FULL),
        ModelFault::Forgets(_, Reason::Flawed(_, Defect::OtherCase)) => Some(SAME),
        ModelFault::Overdoes(_, Reason::Flawed(_, Defect::OtherCase)) => Some(NOT_ASKED),
        ModelFault::Overdoes(_, Reason::NotHeld) => (rule.call.claims.len() == 2).then_some(CALLER),
        ModelFault::Forgets(_, Reason::NoSuchUser) => {
            let same = |it: &&Claim| it.reason == Reason::NotHeld && it.answer == rule.claim.answer;
            let claim = rule.call.claims.iter().find(same)?;
            let other = Rule { call: rule.call, claim };
            // Where it is known that the user is named first, the other's words are not excused.
            let ordered = outranked(other, &[rule, other])
                .is_some_and(|(order, _)| order.evidence.level >= Level::Should);
            (!ordered).then_some(SAME)
        }
        ModelFault::ForEverybody(_) => {
            let alone =
                |row: &Row| row.naming == Naming::Service || row.refers == Some(Class::Device);
            kind.filter(|row| alone(row)).map(|_| ONE_HOLDER)
        }
        ModelFault::TakesAll(_) => kind.filter(|row| row.naming == Naming::Single).map(|_| SINGLE),
        _ => None,
    }
}
