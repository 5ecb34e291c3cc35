//! Deliberate errors in the statements: with each of them, some proof must fail.

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
    /// The sort whose quota the call ignores, with the number of elements that exceed the quota.
    exceeded: Option<(Sort, usize)>,
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
            exceeded: fault.ignored_quota(form, &statement),
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

    /// The sort whose quota the call ignores, with the number of elements that exceed the quota.
    fn ignored_quota(self, form: CallForm, statement: &Statement) -> Option<(Sort, usize)> {
        let Self::ConditionDropped(index) = self else { return None };
        let condition = statement.refused_if.get(index)?.0;
        let (sort, quota) = match (form, condition) {
            (CallForm::Attach { kind, .. }, Condition::QuotaReached) => {
                (Sort::of(kind), quota(kind))
            }
            (CallForm::Add(part), Condition::SubResourceQuotaReached) => {
                (entry(part).sort, quota_of_parts(part))
            }
            _ => return None,
        };
        Some((sort, usize::try_from(quota).ok()? + 1))
    }
}

impl FaultyStatement {
    /// The number of elements of a sort that show the fault: two, and more than the quota of the
    /// kind if the call is not refused when the quota is reached.
    #[must_use]
    pub fn elements(&self, sort: Sort) -> usize {
        self.exceeded.filter(|it| it.0 == sort).map_or(FEW, |it| it.1)
    }
}

/// Enough elements of a sort to tell two of them apart.
pub(crate) const FEW: usize = 2;
