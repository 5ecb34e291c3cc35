//! The truth of formulas in a finite structure, and the effect of a statement on it.
//!
//! The exhaustive check evaluates millions of formulas. Therefore a formula is compiled first: each
//! variable becomes the index of a slot for its value.

use crate::logic::formula::{Formula, Number, Relation, Sort, Variable};
use crate::logic::statements::{Change, Statement};
use crate::logic::structure::Structure;
use crate::rule::Condition;

/// The values of the parameters of a statement, in order.
pub type Arguments = [u32; PARAMETERS];

/// The most parameters that a statement has.
pub const PARAMETERS: usize = 4;

/// Slots for parameters and bound variables.
const SLOTS: usize = 8;

/// A statement whose formulas are compiled.
#[derive(Debug)]
pub struct CompiledStatement {
    /// The conditions that refuse the call.
    pub refused_if: Vec<(Condition, CompiledFormula)>,
    /// The conditions under which the call may be refused or not.
    pub unspecified_if: Vec<(Condition, CompiledFormula)>,
    /// The conditions despite which the call succeeds.
    pub succeeds_despite: Vec<(Condition, CompiledFormula)>,
    changes: Vec<CompiledChange>,
}

/// A formula whose variables are slots.
#[derive(Debug)]
pub struct CompiledFormula {
    node: Node,
    /// The sorts of the parameters.
    parameters: Vec<Sort>,
}

#[derive(Debug)]
enum Node {
    Atom(Relation, usize, Option<usize>),
    Same(usize, usize),
    AtMost(Term, Term),
    Not(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
    Iff(Box<Self>, Box<Self>),
    /// True if the formula has the truth value for some element of the domain in the slot.
    Some {
        domain: Domain,
        slot: usize,
        value: bool,
        node: Box<Self>,
    },
}

/// The elements to try for a quantified variable. No other element can decide the formula.
#[derive(Debug)]
enum Domain {
    /// The formula implies that the relation holds for the element, at this position. The slot has
    /// the argument at the other position, if it is known.
    Guarded(Relation, Position, Option<usize>),
    /// Every element of the sort that an argument or a tuple mentions.
    Mentioned(Sort, Vec<Mention>),
}

#[derive(Debug)]
enum Term {
    Constant(u32),
    Count(Relation, usize),
    Sum(Vec<Self>),
    LessOne(Box<Self>),
    If(Box<Node>, Box<Self>, Box<Self>),
}

#[derive(Debug)]
enum CompiledChange {
    Insert(Relation, [usize; 2], bool, CompiledFormula),
    Remove(Relation, [usize; 2], bool),
    Clear(Relation, usize),
    Rename(Relation, usize, usize, usize),
}

impl CompiledStatement {
    /// Compiles a statement.
    #[must_use]
    pub fn new(statement: &Statement) -> Self {
        let parameters = &statement.parameters;
        let compile = |(condition, formula): &(Condition, Formula)| {
            (*condition, CompiledFormula::new(formula, parameters))
        };
        Self {
            refused_if: statement.refused_if.iter().map(compile).collect(),
            unspecified_if: statement.unspecified_if.iter().map(compile).collect(),
            succeeds_despite: statement.succeeds_despite.iter().map(compile).collect(),
            changes: statement
                .changes
                .iter()
                .map(|it| CompiledChange::new(it, parameters))
                .collect(),
        }
    }

    /// Returns true if a successful call changes the account.
    #[must_use]
    pub fn changes_something(&self) -> bool {
        !self.changes.is_empty()
    }

    /// The structure after a successful call.
    #[must_use]
    pub fn after(&self, before: &Structure, arguments: &Arguments) -> Structure {
        let mut after = before.clone();
        for change in &self.changes {
            change.apply(before, arguments, &mut after);
        }
        after
    }
}

impl CompiledChange {
    fn new(change: &Change, parameters: &[Variable]) -> Self {
        let slot = |variable: &Variable| slot_of(*variable, parameters);
        let slots = |values: &[Variable]| {
            let first = values.first().map_or(0, slot);
            ([first, values.get(1).map_or(first, slot)], values.len() > 1)
        };
        match change {
            Change::Insert(relation, values, only_if) => {
                let (slots, is_binary) = slots(values);
                let only_if = CompiledFormula::new(only_if, parameters);
                Self::Insert(*relation, slots, is_binary, only_if)
            }
            Change::Remove(relation, values) => {
                let (slots, is_binary) = slots(values);
                Self::Remove(*relation, slots, is_binary)
            }
            Change::Clear(relation, subject) => Self::Clear(*relation, slot(subject)),
            Change::Rename(relation, position, old, new) => {
                Self::Rename(*relation, *position, slot(old), slot(new))
            }
        }
    }

    fn apply(&self, before: &Structure, arguments: &Arguments, after: &mut Structure) {
        let value = |slot: usize| arguments.get(slot).copied().unwrap_or_default();
        let tuple = |relation, [first, second]: [usize; 2], is_binary: bool| {
            (relation, value(first), if is_binary { value(second) } else { 0 })
        };
        match self {
            Self::Insert(relation, slots, is_binary, only_if) => {
                if only_if.holds(before, arguments) {
                    after.insert(tuple(*relation, *slots, *is_binary));
                }
            }
            Self::Remove(relation, slots, is_binary) => {
                after.remove(tuple(*relation, *slots, *is_binary));
            }
            Self::Clear(relation, subject) => after.clear(*relation, value(*subject)),
            Self::Rename(relation, position, old, new) => {
                after.rename(*relation, *position, value(*old), value(*new));
            }
        }
    }
}

/// The slot of a variable; one that no structure has a value for, if it is unknown.
fn slot_of(variable: Variable, slots: &[Variable]) -> usize {
    slots.iter().rposition(|it| *it == variable).unwrap_or(SLOTS)
}

impl CompiledFormula {
    /// Compiles a formula with these parameters.
    #[must_use]
    pub fn new(formula: &Formula, parameters: &[Variable]) -> Self {
        Self {
            node: compile(formula, &mut parameters.to_vec()),
            parameters: parameters.iter().map(|it| it.sort).collect(),
        }
    }

    /// Returns true if the formula holds for these arguments.
    ///
    /// Quantifiers range over the elements that a tuple or an argument mentions: formulas cannot
    /// tell the others apart.
    #[must_use]
    pub fn holds(&self, structure: &Structure, arguments: &[u32]) -> bool {
        let mut slots = [0; SLOTS];
        for (slot, value) in slots.iter_mut().zip(arguments) {
            *slot = *value;
        }
        Evaluation { structure, parameters: &self.parameters, slots }.truth(&self.node)
    }
}

fn compile(formula: &Formula, slots: &mut Vec<Variable>) -> Node {
    let slot = |variable: &Variable, slots: &[Variable]| slot_of(*variable, slots);
    let mut each = |parts: &[Formula]| parts.iter().map(|it| compile(it, slots)).collect();
    match formula {
        Formula::Atom(relation, arguments, _) => Node::Atom(
            *relation,
            arguments.first().map_or(SLOTS, |it| slot(it, slots)),
            arguments.get(1).map(|it| slot(it, slots)),
        ),
        Formula::Same(left, right) => Node::Same(slot(left, slots), slot(right, slots)),
        Formula::AtMost(left, right) => {
            Node::AtMost(compile_number(left, slots), compile_number(right, slots))
        }
        Formula::Not(part) => Node::Not(Box::new(compile(part, slots))),
        Formula::All(parts) => Node::All(each(parts)),
        Formula::Any(parts) => Node::Any(each(parts)),
        Formula::Iff(left, right) => {
            Node::Iff(Box::new(compile(left, slots)), Box::new(compile(right, slots)))
        }
        Formula::ForAll(variables, part) => {
            Node::Not(Box::new(compile_quantifier(variables, part, false, slots)))
        }
        Formula::Exists(variables, part) => compile_quantifier(variables, part, true, slots),
    }
}

fn compile_quantifier(
    variables: &[Variable],
    part: &Formula,
    value: bool,
    slots: &mut Vec<Variable>,
) -> Node {
    let outer = slots.len();
    slots.extend(variables);
    let mut node = compile(part, slots);
    slots.truncate(outer);
    for (index, variable) in variables.iter().enumerate().rev() {
        let is_innermost = index + 1 == variables.len();
        let (slot, value) = (outer + index, value || !is_innermost);
        let domain = guard_of(&node, value, slot)
            .unwrap_or_else(|| Domain::Mentioned(variable.sort, mentions_of(variable.sort)));
        node = Node::Some { domain, slot, value, node: Box::new(node) };
    }
    node
}

/// An atom that must hold for the element in the slot, if the node has the truth value.
fn guard_of(node: &Node, value: bool, slot: usize) -> Option<Domain> {
    match node {
        Node::Atom(relation, first, second) if value => {
            let is_bound = |other: &usize| *other < slot;
            if *first == slot {
                Some(Domain::Guarded(*relation, Position::First, second.filter(is_bound)))
            } else if *second == Some(slot) {
                let first = Some(*first).filter(is_bound);
                Some(Domain::Guarded(*relation, Position::Second, first))
            } else {
                None
            }
        }
        Node::Not(part) => guard_of(part, !value, slot),
        Node::All(parts) if value => parts.iter().find_map(|it| guard_of(it, value, slot)),
        Node::Any(parts) if !value => parts.iter().find_map(|it| guard_of(it, value, slot)),
        Node::Some { value: inner, node, .. } if value => guard_of(node, *inner, slot),
        _ => None,
    }
}

/// A relation with elements of a sort as its first or second arguments.
type Mention = (Relation, Position);

#[derive(Clone, Copy, Debug)]
enum Position {
    First,
    Second,
}

fn mentions_of(sort: Sort) -> Vec<Mention> {
    let positions = |relation: Relation| {
        let (first, second) = relation.sorts();
        let first = (first == sort).then_some((relation, Position::First));
        first.into_iter().chain((second == Some(sort)).then_some((relation, Position::Second)))
    };
    Relation::all().flat_map(positions).collect()
}

fn compile_number(number: &Number, slots: &mut Vec<Variable>) -> Term {
    match number {
        Number::Constant(value) => Term::Constant(*value),
        Number::Count(relation, subject, _) => Term::Count(*relation, slot_of(*subject, slots)),
        Number::Sum(parts) => Term::Sum(parts.iter().map(|it| compile_number(it, slots)).collect()),
        Number::LessOne(part) => Term::LessOne(Box::new(compile_number(part, slots))),
        Number::If(condition, yes, no) => Term::If(
            Box::new(compile(condition, slots)),
            Box::new(compile_number(yes, slots)),
            Box::new(compile_number(no, slots)),
        ),
    }
}

struct Evaluation<'a> {
    structure: &'a Structure,
    parameters: &'a [Sort],
    slots: [u32; SLOTS],
}

impl Evaluation<'_> {
    fn value(&self, slot: usize) -> u32 {
        self.slots.get(slot).copied().unwrap_or(u32::MAX)
    }

    fn truth(&mut self, node: &Node) -> bool {
        match node {
            Node::Atom(relation, first, second) => {
                let second = second.map_or(0, |it| self.value(it));
                self.structure.has((*relation, self.value(*first), second))
            }
            Node::Same(left, right) => self.value(*left) == self.value(*right),
            Node::AtMost(left, right) => self.number(left) <= self.number(right),
            Node::Not(part) => !self.truth(part),
            Node::All(parts) => parts.iter().all(|it| self.truth(it)),
            Node::Any(parts) => parts.iter().any(|it| self.truth(it)),
            Node::Iff(left, right) => self.truth(left) == self.truth(right),
            Node::Some { domain, slot, value, node } => match domain {
                Domain::Guarded(relation, position, other) => {
                    let other = other.map(|it| self.value(it));
                    self.some_guarded((*relation, *position), other, *slot, *value, node)
                }
                Domain::Mentioned(sort, mentions) => {
                    self.some_argument(*sort, *slot, *value, node)
                        || self.some_element(mentions, *slot, *value, node)
                }
            },
        }
    }

    fn some_guarded(
        &mut self,
        (relation, position): Mention,
        other: Option<u32>,
        slot: usize,
        expected: bool,
        node: &Node,
    ) -> bool {
        let structure = self.structure;
        let mut decides = |element| self.truth_with(slot, element, node) == expected;
        match (position, other) {
            (Position::Second, Some(first)) => structure.seconds(relation, first).any(&mut decides),
            (Position::Second, None) => structure.tuples_of(relation).any(|it| decides(it.1)),
            (Position::First, Some(second)) => {
                structure.tuples_of(relation).filter(|it| it.1 == second).any(|it| decides(it.0))
            }
            (Position::First, None) => structure.tuples_of(relation).any(|it| decides(it.0)),
        }
    }

    fn some_argument(&mut self, sort: Sort, slot: usize, expected: bool, node: &Node) -> bool {
        let parameters = self.parameters;
        let mut of_sort = parameters.iter().enumerate().filter(|(_, it)| **it == sort);
        of_sort.any(|(parameter, _)| self.truth_with(slot, self.value(parameter), node) == expected)
    }

    fn some_element(
        &mut self,
        mentions: &[Mention],
        slot: usize,
        expected: bool,
        node: &Node,
    ) -> bool {
        let structure = self.structure;
        mentions.iter().any(|(relation, position)| {
            structure.tuples_of(*relation).any(|(first, second)| {
                let element = match position {
                    Position::First => first,
                    Position::Second => second,
                };
                self.truth_with(slot, element, node) == expected
            })
        })
    }

    fn truth_with(&mut self, slot: usize, element: u32, node: &Node) -> bool {
        if let Some(it) = self.slots.get_mut(slot) {
            *it = element;
        }
        self.truth(node)
    }

    fn number(&mut self, term: &Term) -> u32 {
        match term {
            Term::Constant(value) => *value,
            Term::Count(relation, subject) => self.structure.count(*relation, self.value(*subject)),
            Term::Sum(parts) => parts.iter().map(|it| self.number(it)).sum(),
            Term::LessOne(part) => self.number(part).saturating_sub(1),
            Term::If(condition, yes, no) => {
                if self.truth(condition) {
                    self.number(yes)
                } else {
                    self.number(no)
                }
            }
        }
    }
}
