//! Errors in the statements, which a proof must not survive.

use crate::logic::formula::{Relation, Sort, all};
use crate::logic::statements::attachments::quota;
use crate::logic::statements::call::CallForm;
use crate::logic::statements::resources::{entry, quota_of_parts};
use crate::logic::statements::{Change, Statement};
use crate::rule::Condition;

/// An error in one statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The call is not refused for this condition.
    ConditionDropped(usize),
    /// The call is always refused for this condition.
    AlwaysRefused(usize),
    /// The call does not make this change.
    ChangeDropped(usize),
}

/// A faulty statement.
#[derive(Clone, Debug)]
pub struct FaultyStatement {
    /// The call.
    pub form: CallForm,
    /// The error.
    pub fault: Fault,
    /// The error in words.
    pub description: String,
    /// The statement with the error.
    pub statement: Statement,
}

/// Every condition dropped, every condition made true, and every change dropped, one at a time.
pub fn faults() -> impl Iterator<Item = FaultyStatement> {
    CallForm::all().flat_map(faults_of)
}

fn faults_of(form: CallForm) -> Vec<FaultyStatement> {
    let statement = form.statement();
    let conditions = 0..statement.refused_if.len();
    let faults = conditions
        .clone()
        .map(Fault::ConditionDropped)
        .chain(conditions.map(Fault::AlwaysRefused))
        .chain((0..statement.changes.len()).map(Fault::ChangeDropped));
    faults
        .map(|fault| FaultyStatement {
            form,
            fault,
            description: fault.description(&statement),
            statement: fault.applied_to(&statement),
        })
        .collect()
}

impl Fault {
    fn description(self, statement: &Statement) -> String {
        let condition = |index: usize| {
            statement.refused_if.get(index).map_or_else(String::new, |it| it.0.slug())
        };
        let error = match self {
            Self::ConditionDropped(index) => format!("is not refused if {}", condition(index)),
            Self::AlwaysRefused(index) => format!("is always refused as if {}", condition(index)),
            Self::ChangeDropped(index) => {
                let relation = statement.changes.get(index).map(Change::relation);
                let relation = relation.map_or_else(String::new, Relation::name);
                format!("does not make change {} to {relation}", index + 1)
            }
        };
        format!("{} {error}", statement.name)
    }

    fn applied_to(self, statement: &Statement) -> Statement {
        let mut faulty = statement.clone();
        match self {
            Self::ConditionDropped(index) => {
                faulty.refused_if.remove(index);
            }
            Self::AlwaysRefused(index) => {
                if let Some((_, formula)) = faulty.refused_if.get_mut(index) {
                    *formula = all([]);
                }
            }
            Self::ChangeDropped(index) => {
                faulty.changes.remove(index);
            }
        }
        faulty
    }
}

impl FaultyStatement {
    /// The number of elements of a sort that show the fault: two, and more than the quota of the
    /// kind if the call is not refused when the quota is reached.
    #[must_use]
    pub fn elements(&self, sort: Sort) -> usize {
        let quota = match self.form {
            _ if !self.ignores_quota() => return FEW,
            CallForm::Attach { kind, .. } if Sort::of(kind) == sort => quota(kind),
            CallForm::Add(part) if entry(part).sort == sort => quota_of_parts(part),
            _ => return FEW,
        };
        usize::try_from(quota).map_or(FEW, |quota| quota + 1)
    }

    fn ignores_quota(&self) -> bool {
        let Fault::ConditionDropped(index) = self.fault else { return false };
        self.form.statement().refused_if.get(index).is_some_and(|it| {
            matches!(it.0, Condition::QuotaReached | Condition::SubResourceQuotaReached)
        })
    }
}

/// Enough elements of a sort to tell two of them apart.
const FEW: usize = 2;
