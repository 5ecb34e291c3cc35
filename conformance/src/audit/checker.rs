//! The checker: decides for each recorded event whether some possible account explains its
//! response.

use iamspec_model::{ErrorCode, Level, Rule, allowed};

use crate::audit::inference::Knowledge;
use crate::audit::possible_accounts::{Assumption, EventContext, KnownResource, KnownUser};
use crate::audit::{
    AuditEvent, AuditFinding, AuditOperation, AuditResponse, AuditVerdict, Inference,
};
use crate::concurrency::linearizability::follow;
use crate::oracle::{Divergence, divergence};
use crate::response::Response;

/// Checks the recorded events of one account and keeps what is known about it.
#[derive(Clone, Debug, Default)]
pub struct Auditor {
    knowledge: Knowledge,
    /// The number of seconds after a change in which responses may be stale.
    lag: i64,
    /// The inferences collected since the last call of [`Auditor::lessons`], if enabled.
    inferences: Option<Vec<Inference>>,
}

impl Auditor {
    /// An auditor of an unknown account. Responses may be stale for `lag` seconds after a change.
    #[must_use]
    pub fn with_lag(lag: i64) -> Self {
        Self { lag, ..Self::default() }
    }

    /// The same auditor, which also collects inferences.
    #[must_use]
    pub fn collecting_inferences(mut self) -> Self {
        self.inferences = Some(Vec::new());
        self
    }

    /// Takes the inferences collected since the last call.
    pub fn take_inferences(&mut self) -> Vec<Inference> {
        self.inferences.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Checks the events of one second, in any order, and learns from them. Call it with increasing
    /// times.
    pub fn check(&mut self, events: &[AuditEvent]) -> Vec<AuditVerdict> {
        let changes: Vec<&AuditEvent> = events.iter().filter(|it| it.may_change()).collect();
        let verdicts = events.iter().map(|event| {
            let mut other_changes = changes.iter().filter(|it| !std::ptr::eq(**it, event));
            let has_concurrent_change = other_changes.any(|it| share_a_name(it, event));
            self.check_event(event, has_concurrent_change)
        });
        verdicts.collect()
    }

    /// Records an event that arrived after later ones. Its user and resource become unknown.
    pub fn record_late_event(&mut self, event: &AuditEvent) {
        if event.may_change() {
            self.knowledge.forget_affected(event);
            self.knowledge.forget(event);
        }
    }

    /// Checks one event. If another change of the same second concerns the same user or resource,
    /// the order of the two is unknown.
    fn check_event(&mut self, event: &AuditEvent, has_concurrent_change: bool) -> AuditVerdict {
        let response = match event.response {
            AuditResponse::Done => Response::SUCCESS,
            AuditResponse::Refused(code) if depends_on_account(event.operation, code) => {
                Response::Refused {
                    http: code.http_status(),
                    code: code.name().to_owned(),
                    message: None,
                }
            }
            AuditResponse::Refused(_) | AuditResponse::Uninformative => {
                return AuditVerdict::Uninformative;
            }
            AuditResponse::Unknown => {
                if event.may_change() {
                    self.knowledge.forget_uncertain(event);
                }
                return AuditVerdict::Uninformative;
            }
        };
        if !event.is_complete() {
            if event.changes() {
                self.knowledge.forget_affected(event);
            }
            return AuditVerdict::Uninformative;
        }
        let (explanations, finding) = self.explanations(event, &response);
        if explanations.is_empty() {
            let may_be_stale = has_concurrent_change || self.follows_recent_change(event);
            self.knowledge.forget(event);
            if event.changes() {
                self.knowledge.record_time_of_change(event);
            }
            return match finding {
                Some(finding) if !may_be_stale => AuditVerdict::Impossible(finding),
                _ => AuditVerdict::TooSoon,
            };
        }
        if !has_concurrent_change {
            self.collect_inference(event, &explanations);
        }
        if !has_concurrent_change || event.changes() {
            self.knowledge.learn(event, &explanations);
        }
        AuditVerdict::Possible
    }

    /// The assumptions of each possible account that explains the response, and the divergence in
    /// the first one that does not.
    fn explanations(
        &self,
        event: &AuditEvent,
        response: &Response,
    ) -> (Vec<Vec<Assumption>>, Option<Box<AuditFinding>>) {
        let (unknown_user, unknown_resource) = (KnownUser::default(), KnownResource::default());
        let context = self.knowledge.context(event, (&unknown_user, &unknown_resource));
        let op = context.operation();
        let mut explanations = Vec::new();
        let mut finding = None;
        for possible in context.possible_accounts() {
            if !follow(&possible.account, &op, response).is_empty() {
                explanations.push(possible.assumptions);
                continue;
            }
            let divergence =
                divergence(&possible.account, &op, response).filter(|it| it.level >= Level::Must);
            if let Some(divergence) = divergence.filter(|_| finding.is_none()) {
                finding = Some(Box::new(finding_of(&context, &divergence)));
            }
        }
        (explanations, finding)
    }

    fn follows_recent_change(&self, event: &AuditEvent) -> bool {
        let mut times = self.knowledge.times_of_change(event);
        times.any(|time| event.time - time < self.lag)
    }

    /// Collects an inference if the account was known as far as the operation depends on it.
    fn collect_inference(&mut self, event: &AuditEvent, explanations: &[Vec<Assumption>]) {
        let is_known = matches!(explanations, [only] if only.is_empty());
        if self.inferences.is_none() || !is_known {
            return;
        }
        let inference = self.infer(event);
        if let Some(inferences) = &mut self.inferences {
            inferences.extend(inference);
        }
    }

    /// The inference from an event. Returns `None` if the specification determines the response.
    fn infer(&self, event: &AuditEvent) -> Option<Inference> {
        let (unknown_user, unknown_resource) = (KnownUser::default(), KnownResource::default());
        let context = self.knowledge.context(event, (&unknown_user, &unknown_resource));
        let possible = context.possible_accounts().into_iter().next()?;
        let rules: Vec<Rule> = allowed(&possible.account, &context.operation()).rules().collect();
        let unspecified = rules.iter().find(|rule| rule.clause.status.level == Level::Unspecified);
        if unspecified.is_none() && rules.len() < 2 {
            return None;
        }
        let facts = unspecified.iter().flat_map(|it| it.clause.status.facts);
        let message = event.message.as_deref().map(|it| format!(" {it:?}")).unwrap_or_default();
        Some(Inference {
            rules: rules.iter().map(Rule::id).collect(),
            facts: facts.map(|it| it.id).collect(),
            response: format!("{}{message}", event.response),
            event: event.id.clone(),
        })
    }
}

fn finding_of(context: &EventContext<'_>, divergence: &Divergence) -> AuditFinding {
    let of_user = context.user.iter().flat_map(|it| &it.recent_events);
    let of_resource = context.resource.iter().flat_map(|it| &it.recent_events);
    AuditFinding {
        rule: divergence.rule.id(),
        statement: divergence.rule.statement(),
        allowed: divergence.expected.iter().map(|(it, rule)| (it.clone(), rule.id())).collect(),
        evidence: divergence.evidence.clone(),
        event: context.event.to_string(),
        earlier_events: of_user.chain(of_resource).cloned().collect(),
    }
}

/// Whether two events have a user or resource name in common.
fn share_a_name(one: &AuditEvent, other: &AuditEvent) -> bool {
    let other_names: Vec<String> = other.name_keys().collect();
    one.name_keys().any(|it| other_names.contains(&it))
}

/// Whether a refusal with this code depends on the state of the account.
///
/// Other codes are about invalid requests, permissions, or quotas, which may differ from AWS's
/// defaults (G-002). The audit does not track what a user is created with, nor the other contents
/// of groups and policies.
const fn depends_on_account(operation: AuditOperation, code: ErrorCode) -> bool {
    match (operation, code) {
        (AuditOperation::CreateUser | AuditOperation::Create(_), ErrorCode::NoSuchEntity)
        | (AuditOperation::Delete(_), ErrorCode::DeleteConflict) => false,
        (
            _,
            ErrorCode::NoSuchEntity | ErrorCode::EntityAlreadyExists | ErrorCode::DeleteConflict,
        ) => true,
        _ => false,
    }
}
