//! AWS managed policies: the calls that AWS refuses for them, whatever the account contains.
//!
//! Only a success, another status and the message of another operation are impossible. AWS may have
//! removed a policy from its list, a caller may lack permission, and no order of the refusals is
//! known. Therefore every other refusal is possible.

use iamspec_model::evidence::{C_014, C_096};
use iamspec_model::tables::aws_policies::{
    ATTACHING, OF_SERVICE_ROLES, REFUSED_ATTACHMENT, REFUSED_CHANGES,
};
use iamspec_model::tables::{ActionTarget, find_action};
use iamspec_model::{ActionEntry, ErrorCode, Fact, Level, ResourceKind, SubResource};

use crate::audit::AuditEvent;
use crate::audit::action_responses::success_of;
use crate::oracle::{Divergence, Tier, messages};
use crate::response::{EndpointText, Response};

/// The path and the name in the ARN of an AWS managed policy, in any partition. `None` for any other
/// text.
#[must_use]
pub fn aws_policy(arn: &str) -> Option<String> {
    let (partition, path) = arn.split_once(":iam::aws:policy/")?;
    partition.starts_with("arn:").then(|| format!("/{path}"))
}

/// Whether the message of a refusal says that the policy belongs to somebody else, and not that the
/// caller lacks permission (C-015, C-094, C-095).
#[must_use]
pub fn is_about_policies_of_others(message: &str) -> bool {
    message.contains("outside your own account")
}

/// Whether the response says that a policy of AWS is missing. The account does not decide it, and the
/// messages of its own policies do not apply (C-096).
pub(crate) fn is_missing(event: &AuditEvent) -> bool {
    let no_such = ErrorCode::NoSuchEntity.name();
    let is_refused = matches!(&event.response, Response::Refused { code, .. } if code == no_such);
    // These actions name nothing but a policy and its version.
    let names_policy_only = |it: ActionEntry| {
        matches!(
            it.target,
            ActionTarget::Resource(ResourceKind::Policy, _)
                | ActionTarget::SubResource(SubResource::Version, _)
        )
    };
    is_refused
        && event.aws_policy.is_some()
        && find_action(event.action.api).is_some_and(names_policy_only)
}

/// The difference between a response about a policy of AWS and the refusal of its fact.
pub(crate) fn divergence(event: &AuditEvent) -> Option<Divergence> {
    let (action, policy) = (event.action.api, event.aws_policy.as_deref()?);
    let succeeded = matches!(event.response, Response::Success(_));
    if ATTACHING.contains(&action) && policy.starts_with(OF_SERVICE_ROLES) && succeeded {
        return impossible(event, REFUSED_ATTACHMENT, Tier::Status);
    }
    let is_of_action = |it: &&Fact| it.operation == action;
    if is_missing(event) && action == C_096.operation {
        let texts = [C_096, C_014].map(|it| it.message);
        let is_known = |message| texts.iter().flatten().any(|it| messages::matches(it, message));
        let is_other = message(event).is_some_and(|it| !is_known(it));
        return is_other.then(|| impossible(event, C_096, Tier::Text)).flatten();
    }
    let fact = REFUSED_CHANGES.into_iter().find(is_of_action)?;
    let tier = match &event.response {
        Response::Success(_) => Tier::Status,
        Response::Refused { http, code, .. }
            if Some(code.as_str()) == fact.code && Some(*http) != fact.http =>
        {
            Tier::Status
        }
        Response::Refused { .. } => {
            let message = message(event).filter(|it| is_about_policies_of_others(it))?;
            (Some(message) != fact.message).then_some(Tier::Text)?
        }
        Response::Failed(_) => return None,
    };
    impossible(event, fact, tier)
}

/// The message of a refusal.
fn message(event: &AuditEvent) -> Option<&str> {
    let Response::Refused { message, .. } = &event.response else { return None };
    message.as_ref().map(EndpointText::complete)
}

/// The difference from the refusal of a fact.
fn impossible(event: &AuditEvent, fact: &'static Fact, tier: Tier) -> Option<Divergence> {
    let rule = success_of(event.action)?;
    let (http, code) = (fact.http?, fact.code?);
    let text = fact.message.map(|it| format!(" {it:?}")).unwrap_or_default();
    Some(Divergence {
        tier,
        level: Level::Must,
        rule,
        wire_rule: None,
        expected: vec![(format!("{http} {code}{text}"), rule)],
        evidence: vec![fact.id],
        state: "the policy belongs to AWS".to_owned(),
        assumed_state: match &event.response {
            Response::Success(_) => "the operation succeeded",
            _ => "the operation was refused; nothing changed",
        },
    })
}
