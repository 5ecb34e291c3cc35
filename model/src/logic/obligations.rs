//! The proof obligations: formulas to prove about the statements, for accounts of any size.
//!
//! Every formula about the account after a call is turned into one about the account before it, so
//! that a solver reasons about a single account.

use crate::kind::AttachmentKind;
use crate::logic::formula::{
    Formula, Moment, Number, Relation, Sort, Variable, all, atom, for_all, for_some, holds, iff,
    implies, not, same,
};
use crate::logic::goals::distance;
use crate::logic::invariants::invariants;
use crate::logic::statements::Statement;
use crate::logic::statements::attachments::{has_one_holder, item};
use crate::logic::statements::call::CallForm;
use crate::logic::statements::users::{BLOCKING_KINDS, NEW_NAME, USER};

/// One sentence to prove from the invariants and the laws of counting.
#[derive(Clone, Debug)]
pub struct Obligation {
    /// The name: the group and the subject.
    pub name: String,
    /// The sentence, about the account before the call.
    pub goal: Formula,
}

/// The obligations about one call.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The name of the statement, or of the pair of statements.
    pub name: String,
    /// The formulas that may be assumed.
    pub premises: Vec<Formula>,
    /// The formula to prove.
    pub obligations: Vec<Obligation>,
    /// The number of sentences that hold without a proof because the call changes nothing in them.
    pub untouched: usize,
}

/// The invariants and the laws of counting, which every proof may assume.
#[must_use]
pub fn premises() -> Vec<Formula> {
    invariants().into_iter().map(|it| it.formula).chain(laws_of_counting()).collect()
}

/// A number of items is zero if and only if there is no item.
fn laws_of_counting() -> impl Iterator<Item = Formula> {
    let counted = Relation::all().filter(|it| matches!(it, Relation::Holds(_) | Relation::Has(_)));
    counted.map(|relation| {
        let (first, second) = relation.sorts();
        let x = Variable::new("x", first);
        let y = Variable::new("y", second.unwrap_or(first));
        let number = Number::Count(relation, x, Moment::Before);
        let some = Formula::AtMost(Number::Constant(1), number.clone());
        let is_natural = Formula::AtMost(Number::Constant(0), number);
        for_all(&[x], all([is_natural, iff(some, for_some(&[y], atom(relation, &[x, y])))]))
    })
}

/// Every invariant holds in the empty account.
#[must_use]
pub fn initiation() -> Proof {
    let nothing = |relation: Relation| {
        let arguments = relation.arguments();
        for_all(&arguments, not(atom(relation, &arguments)))
    };
    Proof {
        name: "empty account".to_owned(),
        premises: Relation::all().map(nothing).chain(laws_of_counting()).collect(),
        obligations: invariants()
            .into_iter()
            .map(|it| Obligation { name: format!("invariant {}", it.name), goal: it.formula })
            .collect(),
        untouched: 0,
    }
}

/// The obligations of calls of this form, if they do what the statement says.
#[must_use]
pub fn proof_of(form: CallForm, statement: &Statement) -> Proof {
    let mut proof = Proof {
        name: statement.name.clone(),
        premises: premises(),
        obligations: Vec::new(),
        untouched: 0,
    };
    let succeeds = all([statement.assumes.clone(), statement.may_succeed()]);
    let mut add = |name: String, goal: &Formula| {
        let goal = statement.before(goal);
        proof.obligations.push(Obligation { name, goal: implies(succeeds.clone(), goal) });
    };
    let guarantees = form.guarantees();
    for (index, required) in guarantees.requires.iter().enumerate() {
        add(format!("requires {}", index + 1), required);
    }
    for (index, effect) in guarantees.effect.iter().enumerate() {
        add(format!("effect {}", index + 1), effect);
    }
    let mut untouched = 0;
    for invariant in invariants() {
        let after = invariant.formula.after();
        if statement.before(&after) == invariant.formula {
            untouched += 1;
        } else {
            add(format!("invariant {}", invariant.name), &after);
        }
    }
    for relation in Relation::all() {
        if statement.changes.iter().any(|it| it.relation() == relation) {
            add(format!("frame {}", relation.name()), &guarantees.keeps(relation));
        } else {
            untouched += 1;
        }
    }
    for (name, goal) in progress(form, statement) {
        add(name, &goal);
    }
    proof.obligations.push(Obligation {
        name: "suffices".to_owned(),
        goal: implies(
            all([statement.assumes.clone(), guarantees.suffices]),
            statement.must_succeed(),
        ),
    });
    proof.untouched = untouched;
    proof
}

/// No call but `DeleteUser` brings a user nearer to its deletion by more than one step, and a call
/// that removes a blocking item brings it one step nearer. The distance of a renamed user is
/// compared with that under its old name.
fn progress(form: CallForm, statement: &Statement) -> Vec<(String, Formula)> {
    let changes_count = statement
        .changes
        .iter()
        .any(|it| BLOCKING_KINDS.iter().any(|kind| it.relation() == Relation::Holds(*kind)));
    if form == CallForm::DeleteUser || !changes_count {
        return Vec::new();
    }
    let one_more = |number| Number::Sum(vec![number, Number::Constant(1)]);
    let nearer_by_one_at_most = |old: Variable, new: Variable| {
        Formula::AtMost(distance(old, Moment::Before), one_more(distance(new, Moment::After)))
    };
    let holder = Variable::user("x");
    let mut goals = if form.renames_user() {
        let others = all([not(same(holder, USER)), not(same(holder, NEW_NAME))]);
        let of_others = implies(others, nearer_by_one_at_most(holder, holder));
        vec![
            ("progress of others".to_owned(), for_all(&[holder], of_others)),
            ("progress of the renamed user".to_owned(), nearer_by_one_at_most(USER, NEW_NAME)),
        ]
    } else {
        vec![("progress".to_owned(), for_all(&[holder], nearer_by_one_at_most(holder, holder)))]
    };
    if let CallForm::Detach(kind) = form
        && kind != AttachmentKind::Tag
    {
        let held = holds(kind, USER, item(kind));
        let (before, after) = (distance(USER, Moment::Before), distance(USER, Moment::After));
        let one_step = Formula::AtMost(one_more(after), before);
        goals.push(("progress of a plan".to_owned(), implies(held, one_step)));
    }
    goals
}

/// A fault changes nothing: the statement is refused, certain and effective in the same accounts.
///
/// A fault that no obligation finds must have this proof. It may refuse calls that no fact decides.
#[must_use]
pub fn equivalence(statement: &Statement, faulty: &Statement) -> Proof {
    let mut obligations = vec![
        Obligation {
            name: "may succeed in no other account".to_owned(),
            goal: implies(faulty.may_succeed(), statement.may_succeed()),
        },
        Obligation {
            name: "certain in the same accounts".to_owned(),
            goal: iff(faulty.must_succeed(), statement.must_succeed()),
        },
    ];
    for relation in Relation::all() {
        let arguments = relation.arguments();
        let (was, is) =
            (statement.becomes(relation, &arguments), faulty.becomes(relation, &arguments));
        if was != is {
            obligations.push(Obligation {
                name: format!("same effect {}", relation.name()),
                goal: implies(faulty.may_succeed(), for_all(&arguments, iff(was, is))),
            });
        }
    }
    let premises = premises().into_iter().chain([statement.assumes.clone()]).collect();
    Proof { name: format!("equivalent: {}", faulty.name), premises, obligations, untouched: 0 }
}

/// Two calls about different users that share nothing have the same effect in either order: the
/// calls have no argument in common, and neither user holds an item that the other call names.
#[must_use]
pub fn independence(left: &Statement, right: &Statement) -> Option<Proof> {
    let changes = |it: &Statement| !it.changes.is_empty() && it.parameters.contains(&USER);
    if !changes(left) || !changes(right) {
        return None;
    }
    let right = right.with_other_parameters();
    let distinct = left.parameters.iter().flat_map(|a| {
        let same_sort = right.parameters.iter().filter(|b| b.sort == a.sort);
        same_sort.map(|b| not(same(*a, *b)))
    });
    let premises = premises()
        .into_iter()
        .chain([left.may_succeed(), left.assumes.clone()])
        .chain([right.may_succeed(), right.assumes.clone()])
        .chain(distinct)
        .chain(holds_nothing_of(USER, &right))
        .chain(holds_nothing_of(USER.other(), left))
        .collect();
    let shared = Relation::all().filter(|relation| {
        let changes = |it: &Statement| it.changes.iter().any(|it| it.relation() == *relation);
        changes(left) && changes(&right)
    });
    let mut obligations: Vec<Obligation> = shared
        .map(|relation| {
            let arguments: Vec<Variable> = relation.arguments();
            let left_first = left.before(&right.becomes(relation, &arguments).after());
            let right_first = right.before(&left.becomes(relation, &arguments).after());
            Obligation {
                name: format!("same effect {}", relation.name()),
                goal: for_all(&arguments, iff(left_first, right_first)),
            }
        })
        .collect();
    obligations.push(Obligation {
        name: "the second still succeeds".to_owned(),
        goal: all([
            left.before(&right.may_succeed().after()),
            right.before(&left.may_succeed().after()),
        ]),
    });
    Some(Proof {
        name: format!("{} | {}", left.name, right.name),
        premises,
        obligations,
        untouched: 0,
    })
}

/// The user holds no item that the call names, of the kinds whose items have one holder.
fn holds_nothing_of(holder: Variable, statement: &Statement) -> Vec<Formula> {
    let kinds = || AttachmentKind::ALL.into_iter().filter(|kind| has_one_holder(*kind));
    let of_parameter = |it: &Variable| {
        let parameter = *it;
        let of_sort = kinds().filter(move |kind| Sort::of(*kind) == parameter.sort);
        of_sort.map(move |kind| not(holds(kind, holder, parameter)))
    };
    statement.parameters.iter().flat_map(of_parameter).collect()
}

/// Every sort of the arguments of relations.
#[must_use]
pub fn sorts() -> Vec<Sort> {
    let mut sorts: Vec<Sort> = Relation::all()
        .flat_map(|it| {
            let (first, second) = it.sorts();
            [Some(first), second]
        })
        .flatten()
        .collect();
    sorts.sort_unstable();
    sorts.dedup();
    sorts
}
