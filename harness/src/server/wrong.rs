//! What a mutant does wrong on the wire: in the pages of a listing.

use iamspec_conformance::mutant::Fault;
use iamspec_conformance::reference::Behaviour;

/// What is wrong with this call, if anything.
pub(super) fn fault(behaviour: &Behaviour, action: &str) -> Option<Fault> {
    let mutant = behaviour.mutant.as_ref()?;
    (mutant.rule.split('/').next() == Some(action)).then_some(mutant.fault)
}
