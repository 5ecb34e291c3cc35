//! What a mutant does wrong where it takes more than the model: in the pages of a listing, in what it
//! makes twice, in the form of its answers.

use iamspec_conformance::Deviation;
use iamspec_conformance::reference::ReferenceOptions;
use iamspec_model::apply;

use crate::server::ModelState;
use crate::server::parse::{ParsedCall, ParsedForm};
use crate::wire::xml_write::Node;

/// What is wrong with this call, if anything.
pub(crate) fn fault(behaviour: &ReferenceOptions, action: &str) -> Option<Deviation> {
    let mutant = behaviour.mutant.as_ref()?;
    (mutant.rule.split('/').next() == Some(action)).then_some(mutant.fault)
}

/// Whether it keeps the names of what is gone, for it will come back or be shown.
pub(crate) fn keeps(behaviour: &ReferenceOptions) -> bool {
    behaviour.mutant.as_ref().is_some_and(|it| it.fault.remembers())
}

/// Does once more what was done, where that is what is wrong.
pub(crate) fn again(world: &mut ModelState, asked: &[ParsedCall], form: &ParsedForm) {
    let ModelState { account, registry, behaviour } = world;
    let Some(mutant) = &behaviour.mutant else { return };
    for it in asked {
        let Some(twice) = mutant.twice(&it.operation, || registry.new_item()) else { continue };
        apply(account, &twice);
        registry.note(&twice.into(), form, account);
    }
}

/// The result, with the members that are wrong.
pub(crate) fn result(fault: Option<Deviation>, mut nodes: Vec<Node>) -> Vec<Node> {
    if let Some(Deviation::Odd(member)) = fault {
        let odd = |text: &str| format!("-{text}");
        for it in &mut nodes {
            it.change(member, &odd);
        }
    }
    nodes
}

/// The answer, half of it where it is broken.
pub(crate) fn body(fault: Option<Deviation>, whole: String) -> String {
    if fault == Some(Deviation::BreaksXml) {
        return whole.chars().take(whole.chars().count() / 2).collect();
    }
    whole
}
