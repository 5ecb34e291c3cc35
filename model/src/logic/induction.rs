//! Shows why each invariant is needed: an account in which only this invariant fails, and a call
//! that then breaks one of its guarantees. Such an account is a counterexample to induction: no
//! calls lead to it, as long as the invariant holds.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::logic::counterexample::{VersionNumbers, call, read_values};
use crate::logic::evaluate::CompiledFormula;
use crate::logic::faults::FEW;
use crate::logic::formula::{Formula, Number, Relation, Sort, Variable};
use crate::logic::invariants::{AccountInvariant, invariants};
use crate::logic::obligations::{Proof, proof_of};
use crate::logic::statements::call::CallForm;
use crate::logic::structure::Tuple;
use crate::operation::Operation;

/// The proof of one call without one invariant.
#[derive(Clone, Debug)]
pub struct UnsupportedProof {
    /// The call.
    pub form: CallForm,
    /// The invariant that the proof may not use.
    pub missing: AccountInvariant,
    /// The call and the invariant in words.
    pub description: String,
    /// The premises without the invariant, and the obligations other than the invariant itself.
    pub proof: Proof,
}

/// An account without the invariant, and what the call breaks in it.
#[derive(Clone, Debug)]
pub struct InductionCounterexample {
    /// The tuples of the account before the call.
    pub before: Vec<Tuple>,
    /// The call.
    pub call: Operation,
    /// What fails after the call: a formula of its guarantees, or the sentence of an invariant.
    pub broken: Vec<String>,
    /// True if the missing invariant fails and every other premise holds.
    pub breaks_only_missing: bool,
}

/// The proof of every call without each invariant about a relation that the call changes.
pub fn unsupported_proofs() -> impl Iterator<Item = UnsupportedProof> {
    CallForm::all().flat_map(|form| {
        let statement = form.statement();
        let proof = proof_of(form, &statement);
        let concerns = |missing: &AccountInvariant| {
            let relations = relations_of(&missing.formula);
            statement.changes.iter().any(|it| relations.contains(&it.relation()))
        };
        let concerned = invariants().into_iter().filter(concerns);
        concerned.map(|it| UnsupportedProof::of(form, proof.clone(), it)).collect::<Vec<_>>()
    })
}

fn relations_of(formula: &Formula) -> BTreeSet<Relation> {
    let relations = RefCell::new(BTreeSet::new());
    formula.map_atoms(
        &|relation, arguments, moment| {
            relations.borrow_mut().insert(relation);
            Formula::Atom(relation, arguments.to_vec(), moment)
        },
        &|relation, subject, moment| {
            relations.borrow_mut().insert(relation);
            Number::Count(relation, subject, moment)
        },
    );
    relations.into_inner()
}

/// The meaning of the obligation of this name for a call.
fn sentence(form: CallForm, obligation: &str) -> String {
    let guarantees = form.guarantees();
    let formula = |formulas: &[Formula], number: &str| {
        let index = number.parse::<usize>().ok()?.checked_sub(1)?;
        formulas.get(index).map(ToString::to_string)
    };
    let text = match obligation.split_once(' ') {
        Some(("requires", number)) => formula(&guarantees.requires, number),
        Some(("effect", number)) => formula(&guarantees.effect, number),
        Some(("invariant", name)) => {
            invariants().into_iter().find(|it| it.name == name).map(|it| it.sentence)
        }
        _ => None,
    };
    text.unwrap_or_else(|| obligation.to_owned())
}

impl UnsupportedProof {
    fn of(form: CallForm, mut proof: Proof, missing: AccountInvariant) -> Self {
        proof.premises.retain(|it| *it != missing.formula);
        let own = format!("invariant {}", missing.name);
        proof.obligations.retain(|it| it.name != own);
        let description = format!("{} without {}", proof.name, missing.name);
        Self { form, missing, description, proof }
    }

    /// The number of elements of every sort in the accounts.
    #[must_use]
    pub const fn elements(_: Sort) -> usize {
        FEW
    }

    /// Reads the values that a solver printed. `None` if the output has no values.
    #[must_use]
    pub fn read(&self, output: &str) -> Option<InductionCounterexample> {
        let (structure, value) = read_values(output, &Self::elements)?;
        let parameters = self.form.statement().parameters;
        let arguments: Vec<u32> =
            parameters.iter().map(|it: &Variable| value(*it).unwrap_or_default()).collect();
        let holds = |formula: &Formula, parameters: &[Variable]| {
            CompiledFormula::new(formula, parameters).holds(&structure, &arguments)
        };
        let failing = self.proof.obligations.iter().filter(|it| !holds(&it.goal, &parameters));
        let others_hold = self.proof.premises.iter().all(|it| holds(it, &[]));
        let tuples = Relation::all().flat_map(|relation| {
            let of_relation = structure.tuples_of(relation);
            of_relation.map(move |(first, second)| (relation, first, second)).collect::<Vec<_>>()
        });
        Some(InductionCounterexample {
            before: tuples.collect(),
            call: call(self.form, &value, &VersionNumbers::of(&structure)),
            broken: failing.map(|it| sentence(self.form, &it.name)).collect(),
            breaks_only_missing: others_hold && !holds(&self.missing.formula, &[]),
        })
    }
}
