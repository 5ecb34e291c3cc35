//! The statement of each API action, as first-order formulas: its conditions and its effect.
//!
//! [`users`], [`resources`] and [`attachments`] state every action of the model; [`call`] finds the
//! statement of an operation.

pub mod attachments;
pub mod call;
pub mod resources;
pub mod users;

use crate::logic::formula::{
    Formula, Moment, Number, Relation, Variable, all, any, atom, not, same,
};
use crate::rule::Condition;

/// The statement of one API action, with parameters.
///
/// Statements are written from the AWS documentation and do not use the clauses of
/// [`crate::tables`] or the functions of [`crate::semantics`]. The exhaustive check compares both.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The action, with the optional parameters that the call has: `CreateUser with Tags`.
    pub name: String,
    /// The parameters.
    pub parameters: Vec<Variable>,
    /// The conditions that refuse the call.
    pub refused_if: Vec<(Condition, Formula)>,
    /// The conditions under which AWS may refuse the call or not: no fact decides.
    pub unspecified_if: Vec<(Condition, Formula)>,
    /// The conditions despite which the call succeeds, although another action would be refused.
    pub succeeds_despite: Vec<(Condition, Formula)>,
    /// What the caller or the service guarantees about the parameters: a fresh name is not in use.
    pub assumes: Formula,
    /// The changes of a successful call, in order.
    pub changes: Vec<Change>,
}

/// A change of one relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The relation holds for the arguments from now on, if the formula holds.
    Insert(Relation, Vec<Variable>, Formula),
    /// The relation does not hold for the arguments any more.
    Remove(Relation, Vec<Variable>),
    /// The relation does not hold for this first argument any more.
    Clear(Relation, Variable),
    /// In the argument at this position, the second element takes the place of the first.
    Rename(Relation, usize, Variable, Variable),
}

impl Change {
    /// The relation that changes.
    #[must_use]
    pub const fn relation(&self) -> Relation {
        match self {
            Self::Insert(relation, ..)
            | Self::Remove(relation, _)
            | Self::Clear(relation, _)
            | Self::Rename(relation, ..) => *relation,
        }
    }

    /// When the relation holds for the arguments after the change, given when it did before.
    fn becomes(&self, arguments: &[Variable], before: Formula) -> Formula {
        let are = |values: &[Variable]| {
            all(arguments.iter().zip(values).map(|(argument, value)| same(*argument, *value)))
        };
        match self {
            Self::Insert(_, values, only_if) => any([before, all([are(values), only_if.clone()])]),
            Self::Remove(_, values) => all([before, not(are(values))]),
            Self::Clear(_, subject) => match arguments.first() {
                Some(first) => all([before, not(same(*first, *subject))]),
                None => before,
            },
            Self::Rename(_, position, old, new) => match arguments.get(*position) {
                Some(argument) => any([
                    all([same(*argument, *new), before.with(*argument, *old)]),
                    all([not(same(*argument, *old)), not(same(*argument, *new)), before]),
                ]),
                None => before,
            },
        }
    }

    /// The number of second arguments after the change, given the number and the relation before,
    /// both for the arguments `subject` and `counted`.
    fn recount(
        &self,
        [subject, counted]: [Variable; 2],
        before: Number,
        relation: &Formula,
    ) -> Number {
        let when = |condition: Formula, yes: Number, no: Number| {
            Number::If(Box::new(condition), Box::new(yes), Box::new(no))
        };
        let is = |value: Variable| same(subject, value);
        let holds_for =
            |first: Variable, second: Variable| relation.with(subject, first).with(counted, second);
        match self {
            Self::Insert(_, values, only_if) => match *values.as_slice() {
                [first, second] => when(
                    all([is(first), only_if.clone(), not(holds_for(first, second))]),
                    Number::Sum(vec![before.clone(), Number::Constant(1)]),
                    before,
                ),
                _ => before,
            },
            Self::Remove(_, values) => match *values.as_slice() {
                [first, second] => when(
                    all([is(first), holds_for(first, second)]),
                    Number::LessOne(Box::new(before.clone())),
                    before,
                ),
                _ => before,
            },
            Self::Clear(_, first) => when(is(*first), Number::Constant(0), before),
            Self::Rename(_, 0, old, new) => {
                let renamed = before.with(subject, *old);
                when(is(*new), renamed, when(is(*old), Number::Constant(0), before))
            }
            // The new name is free, so that the number of second arguments stays the same.
            Self::Rename(..) => before,
        }
    }
}

impl Statement {
    /// The call may succeed.
    #[must_use]
    pub fn may_succeed(&self) -> Formula {
        all(self.refused_if.iter().map(|(_, refused)| not(refused.clone())))
    }

    /// The call is certain to succeed.
    #[must_use]
    pub fn must_succeed(&self) -> Formula {
        let unspecified = any(self.unspecified_if.iter().map(|it| it.1.clone()));
        all([self.may_succeed(), not(unspecified)])
    }

    /// The formula with every atom about the account after the call replaced by what the changes
    /// make of it: a formula about the account before the call.
    #[must_use]
    pub fn before(&self, formula: &Formula) -> Formula {
        formula.map_atoms(
            &|relation, arguments, moment| match moment {
                Moment::Before => Formula::Atom(relation, arguments.to_vec(), moment),
                Moment::After => self.becomes(relation, arguments),
            },
            &|relation, subject, moment| match moment {
                Moment::Before => Number::Count(relation, subject, moment),
                Moment::After => self.recount(relation, subject),
            },
        )
    }

    /// When the relation holds for the arguments after a successful call.
    #[must_use]
    pub fn becomes(&self, relation: Relation, arguments: &[Variable]) -> Formula {
        let own = relation.arguments();
        let changed = self
            .changes_of(relation)
            .fold(atom(relation, &own), |before, change| change.becomes(&own, before));
        own.iter().zip(arguments).fold(changed, |formula, (own, value)| formula.with(*own, *value))
    }

    /// The number of second arguments of the relation after a successful call.
    fn recount(&self, relation: Relation, subject: Variable) -> Number {
        let own = relation.arguments();
        let &[first, second] = own.as_slice() else {
            return Number::Count(relation, subject, Moment::Before);
        };
        let mut number = Number::Count(relation, first, Moment::Before);
        let mut holds = atom(relation, &own);
        for change in self.changes_of(relation) {
            number = change.recount([first, second], number, &holds);
            holds = change.becomes(&own, holds);
        }
        number.with(first, subject)
    }

    /// The statement of a second call, with parameters of its own.
    #[must_use]
    pub fn with_other_parameters(&self) -> Self {
        let others = self.parameters.iter().map(|it| (*it, it.other()));
        let put = |formula: &Formula| {
            others.clone().fold(formula.clone(), |formula, (it, other)| formula.with(it, other))
        };
        let put_variable =
            |it: Variable| if self.parameters.contains(&it) { it.other() } else { it };
        let put_all = |values: &[Variable]| values.iter().map(|it| put_variable(*it)).collect();
        let put_conditions = |conditions: &[(Condition, Formula)]| {
            conditions.iter().map(|(condition, formula)| (*condition, put(formula))).collect()
        };
        let put_change = |change: &Change| match change {
            Change::Insert(relation, values, only_if) => {
                Change::Insert(*relation, put_all(values), put(only_if))
            }
            Change::Remove(relation, values) => Change::Remove(*relation, put_all(values)),
            Change::Clear(relation, subject) => Change::Clear(*relation, put_variable(*subject)),
            Change::Rename(relation, position, old, new) => {
                Change::Rename(*relation, *position, put_variable(*old), put_variable(*new))
            }
        };
        Self {
            name: self.name.clone(),
            parameters: put_all(&self.parameters),
            refused_if: put_conditions(&self.refused_if),
            unspecified_if: put_conditions(&self.unspecified_if),
            succeeds_despite: put_conditions(&self.succeeds_despite),
            assumes: put(&self.assumes),
            changes: self.changes.iter().map(put_change).collect(),
        }
    }

    fn changes_of(&self, relation: Relation) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| change.relation() == relation)
    }
}
