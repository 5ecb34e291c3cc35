//! The steps that delete a user: the order in which they must come, and what each step destroys for
//! good.

use iamspec_model::tables::attachments::Loss;
use iamspec_model::tables::resources::{DELETE_USER, LOST_WITH_USER};
use iamspec_model::{AttachmentKind, Clause, Condition, Expected, ResourceKind};

/// Two steps of which the second is refused before the first.
pub(crate) struct StepOrder {
    /// The action that removes the attachment.
    pub(crate) first: &'static str,
    /// The action that deletes the resource to which the attachment refers.
    pub(crate) then: &'static str,
    /// The clause that refuses the second step while the attachment exists.
    pub(crate) refusal: &'static Clause,
}

/// The steps that have an order. All other steps can be called in any order, because no rule of a
/// removal names an attachment of another kind.
pub(crate) fn step_orders() -> impl Iterator<Item = StepOrder> {
    AttachmentKind::blockers().filter_map(|kind| {
        let resource = kind.row().refers_to?.row();
        let refusal = resource.delete.clauses.iter().find(|it| it.condition == Condition::InUse)?;
        Some(StepOrder { first: kind.row().detach.api, then: resource.delete.api, refusal })
    })
}

/// What each step destroys for good, in the order of the table of attachments.
pub(crate) fn losses() -> Vec<(&'static str, Loss)> {
    let mut losses = Vec::new();
    for kind in AttachmentKind::blockers().map(AttachmentKind::row) {
        losses.extend(kind.lost_on_removal.map(|loss| (kind.detach.api, loss)));
        let resource = kind.refers_to.map(ResourceKind::row);
        losses.extend(resource.and_then(|it| Some((it.delete.api, it.lost_on_deletion?))));
    }
    losses.extend(LOST_WITH_USER.map(|loss| (DELETE_USER.api, loss)));
    losses
}

/// The response of a clause: its status, its code and its first message.
pub(crate) fn response(clause: &Clause) -> (String, Option<&'static str>) {
    match clause.expected {
        Expected::Success => ("200".to_owned(), None),
        Expected::Refused(code) => {
            (format!("{} {}", code.http_status(), code.name()), clause.text.texts().next())
        }
    }
}

/// The facts of all tiers of a clause.
pub(crate) fn fact_ids(clause: &Clause) -> Vec<&'static str> {
    let tiers = [clause.status, clause.code, clause.text];
    let mut ids: Vec<&str> = tiers.iter().flat_map(|it| it.facts).map(|fact| fact.id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A step that another kind of attachment could refuse would make the order of removal matter.
    #[test]
    fn no_removal_depends_on_an_attachment_of_another_kind() {
        for kind in AttachmentKind::blockers() {
            for clause in kind.row().detach.clauses {
                let names_a_kind = matches!(
                    clause.condition,
                    Condition::Holds(_) | Condition::HoldsInactive(_) | Condition::InUse
                );
                assert!(!names_a_kind, "{}: {}", kind.row().detach.api, clause.condition.slug());
            }
        }
        let devices = step_orders().find(|it| it.then == "DeleteVirtualMFADevice").unwrap();
        assert_eq!(devices.first, "DeactivateMFADevice");
    }
}
