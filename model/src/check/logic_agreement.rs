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
    let holding = |conditions: &'static [(Condition, CompiledFormula)]| {
        conditions.iter().filter(|it| it.1.holds(visit.structure, &arguments)).map(|it| it.0)
    };
    // A condition without a formula is impossible for this form of call.
    let mut stated = Vec::with_capacity(16);
    stated.extend(holding(&statement.refused_if));
    let refused = !stated.is_empty();
    stated.extend(holding(&statement.unspecified_if));
    let refused_or_unspecified = !stated.is_empty();
    stated.extend(holding(&statement.succeeds_despite));
    let in_force = visit.allowed.rules().map(|it| it.clause).filter(|it| is_compared(it));
    let expected =
        action.clauses.iter().filter(|it| is_compared(it) && stated.contains(&it.condition));
    in_force.map(|it| it.condition).eq(expected.map(|it| it.condition))
        && visit.may_succeed() != refused
        && visit.must_succeed() != refused_or_unspecified
}

fn effects_agree(visit: &Visit<'_>) -> bool {
    let Some((statement, arguments)) = statement_of(&visit.op) else { return true };
    if !visit.may_succeed() || !statement.changes_something() {
        return visit.before == visit.after;
    }
    statement.after(visit.structure, &arguments) == Structure::of(visit.after)
}
