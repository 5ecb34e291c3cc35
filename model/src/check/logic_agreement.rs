//! The first-order statements of [`crate::logic`] describe every call as the model does: the same
//! conditions refuse it, and it has the same effect.
//!
//! Without this check, a missing rule could stay hidden behind another one that also refuses the
//! call, or a rule could hold for one user and not for the next. The proofs would then be about
//! something else than the model.

use crate::check::{TransitionProperty, Visit};
use crate::logic::evaluate::CompiledFormula;
use crate::logic::statements::call::statement_of;
use crate::logic::structure::Structure;
use crate::rule::{Clause, Condition};

/// The properties.
pub(crate) const ALL: [(&str, TransitionProperty); 2] = [
    ("a rule is in force if and only if its first-order condition holds", conditions_agree),
    ("a call changes exactly what its first-order statement says", effects_agree),
];

/// Returns true if the clause depends on the account. The logic has no time, and no scope has the
/// 5,000 users of G-001.
fn is_compared(clause: &Clause) -> bool {
    clause.condition != Condition::Unhindered
        && !clause.condition.is_transient()
        && clause.condition != Condition::AccountFull
}

fn conditions_agree(visit: &Visit<'_>) -> bool {
    let Some(action) = visit.op.action() else { return true };
    let Some((statement, arguments)) = statement_of(&visit.op) else { return true };
    let holds = |it: &(Condition, CompiledFormula)| it.1.holds(visit.structure, &arguments);
    let stated = |condition: Condition| {
        let conditions = statement.refused_if.iter().chain(&statement.unspecified_if);
        let conditions = conditions.chain(&statement.succeeds_despite);
        // A condition without a formula is impossible for this form of call.
        conditions.clone().any(|it| it.0 == condition && holds(it))
    };
    let in_force = visit.allowed.rules().map(|it| it.clause).filter(|it| is_compared(it));
    let expected = action.clauses.iter().filter(|it| is_compared(it) && stated(it.condition));
    let refused = statement.refused_if.iter().any(holds);
    let unspecified = statement.unspecified_if.iter().any(holds);
    in_force.map(|it| it.condition).eq(expected.map(|it| it.condition))
        && visit.may_succeed() != refused
        && visit.must_succeed() != (refused || unspecified)
}

fn effects_agree(visit: &Visit<'_>) -> bool {
    let Some((statement, arguments)) = statement_of(&visit.op) else { return true };
    if !visit.may_succeed() || !statement.changes_something() {
        return visit.before == visit.after;
    }
    statement.after(visit.structure, &arguments) == Structure::of(visit.after)
}
