//! Detects actions that the endpoint does not implement, or that it answers with malformed XML.
//!
//! An explicit response is enough: HTTP 501, or an error code such as `InvalidAction`. Any other
//! failure only raises a suspicion. In that case, a capability counts as missing if three things
//! confirm it: other operations work, the same script fails again in the same way, and no other
//! form of the call gets a response.

use std::collections::BTreeSet;

use iamspec_model::evidence::E_001;
use iamspec_model::{Action, Evidence, Expected, Operation, Rule};

use crate::oracle::{Divergence, Tier, Verdict};
use crate::response::{Failure, FailureKind, Response};
use crate::results::history::{Exchange, ScriptRun};
use crate::script::Script;
use crate::script::corpus::scripts_reaching;

/// The evidence for the format of every success response.
const SUCCESS_FORMAT: Evidence = Evidence::by(&[E_001]);

/// An action that the endpoint may not implement, or may answer with malformed XML.
#[derive(Clone)]
pub(super) struct MissingCapability {
    pub(super) action: &'static str,
    failure: Failure,
    /// Ends with the action, in a state in which it must succeed.
    script: Script,
    /// The endpoint says that it does not implement the action.
    is_definite: bool,
}

impl MissingCapability {
    /// Returns the capabilities that suspicious exchanges of a script run point to: those that the
    /// endpoint says it does not implement, and the first suspicion.
    ///
    /// If the operation need not succeed there, the script becomes one in which it must. A
    /// malformed response is suspicious only if the operation would succeed: the format of refusals
    /// is unknown.
    pub(super) fn suspected_in(script_run: &ScriptRun) -> Vec<Self> {
        let mut suspected: Vec<Self> = Vec::new();
        for (index, exchange) in script_run.exchanges.iter().enumerate() {
            let is_definite = matches!(exchange.verdict, Verdict::Unsupported(_));
            let is_suspicious = exchange.looks_unsupported()
                || exchange.is_garbled() && success_rule(exchange).is_some();
            let is_first = suspected.iter().all(|it| it.is_definite);
            if !(is_definite || is_suspicious && is_first) {
                continue;
            }
            let (Some(Response::Failed(failure)), Some(action)) =
                (&exchange.response, exchange.operation.action())
            else {
                continue;
            };
            let script = match success_rule(exchange) {
                Some(_) => Some(script_run.script_up_to(index)),
                None => control_script(action),
            };
            let failure = failure.clone();
            suspected.extend(script.map(|script| Self {
                action: action.api,
                failure,
                script,
                is_definite,
            }));
        }
        suspected
    }

    /// Returns true if no control is needed.
    pub(super) const fn is_definite(&self) -> bool {
        self.is_definite
    }

    /// Returns the script that confirms the suspicion.
    pub(super) const fn script(&self) -> &Script {
        &self.script
    }

    /// Returns how often the script must fail. An intermittent fault can corrupt several responses
    /// by chance. Malformed XML counts as a divergence, so it needs the most confirmations.
    pub(super) fn confirmations(&self) -> usize {
        match self.failure.kind {
            FailureKind::Garbled => 6,
            FailureKind::Crash => 2,
            _ => 1,
        }
    }

    /// Returns true if the responses to another action are malformed in some of these runs and
    /// well-formed in others. Then something on the way damages responses of any action.
    pub(super) fn may_be_damage(&self, script_runs: &[ScriptRun]) -> bool {
        if self.failure.kind != FailureKind::Garbled {
            return false;
        }
        let exchanges = || script_runs.iter().flat_map(|it| &it.exchanges);
        let garbled: BTreeSet<&str> = exchanges()
            .filter(|it| it.is_garbled())
            .filter_map(|it| it.operation.action().map(|it| it.api))
            .collect();
        exchanges().any(|it| {
            let succeeded = matches!(it.response, Some(Response::Success(_)));
            succeeded && it.operation.action().is_some_and(|it| garbled.contains(it.api))
        })
    }

    /// Returns true if the action has succeeded in one of these runs, or was refused as AWS does.
    pub(super) fn has_worked(&self, script_runs: &[ScriptRun]) -> bool {
        let works = |it: &Exchange| match (&it.response, &it.verdict) {
            (Some(Response::Success(_)), _) => true,
            (Some(Response::Refused { .. }), Verdict::Conforms(_)) => !self.is_garbled(),
            _ => false,
        };
        let mut exchanges = script_runs.iter().flat_map(|it| &it.exchanges);
        exchanges.any(|it| self.is_action_of(&it.operation) && works(it))
    }

    /// Scripts that call the action in other forms: in a state in which it must succeed, and with
    /// nothing there.
    pub(super) fn other_forms(&self) -> Vec<Script> {
        let action = self.script.steps.last().and_then(|step| step.operation.action());
        let Some(control) = action.filter(|_| !self.is_garbled()).and_then(control_script) else {
            return Vec::new();
        };
        let last = control.steps.last().cloned();
        vec![Script { steps: last.into_iter().collect(), ..control.clone() }, control]
    }

    /// Whether the responses are malformed. The form of a refusal says nothing about that of a success.
    fn is_garbled(&self) -> bool {
        self.failure.kind == FailureKind::Garbled
    }

    /// Returns true if a run of the script fails in the same way, and its other operations work.
    pub(super) fn is_reproduced_by(&self, script_run: &ScriptRun, has_responded: bool) -> bool {
        let Some((last, others)) = script_run.exchanges.split_last() else { return false };
        let others_work = others.iter().all(|it| it.verdict.conforms_except_text())
            && (has_responded || !others.is_empty());
        others_work && self.is_same_failure(&last.verdict)
    }

    /// Returns true if the operation uses the action, or an attachment that only the action
    /// creates.
    pub(super) fn is_needed_by(&self, op: &Operation) -> bool {
        let last = self.script.steps.last().map(|step| step.operation);
        self.is_action_of(op) || last.is_some_and(|missing| needs(op, &missing))
    }

    /// Changes the verdict of every exchange that fails in this way. An action that is not
    /// implemented becomes unsupported; malformed XML becomes a divergence.
    pub(super) fn mark(&self, script_runs: &mut [ScriptRun]) {
        for exchange in script_runs.iter_mut().flat_map(|it| &mut it.exchanges) {
            if !self.is_action_of(&exchange.operation) || !self.is_same_failure(&exchange.verdict) {
                continue;
            }
            exchange.verdict = match (exchange.is_garbled(), success_rule(exchange)) {
                (false, _) => Verdict::Unsupported(self.action),
                (true, Some(rule)) => Verdict::Diverges(Box::new(malformed_xml(exchange, rule))),
                (true, None) => continue,
            };
        }
    }

    pub(super) fn is_action_of(&self, op: &Operation) -> bool {
        op.action().is_some_and(|it| it.api == self.action)
    }

    /// Returns true if the verdict is the same failure. The details of malformed XML depend on the
    /// content of the response, so they are not compared.
    fn is_same_failure(&self, verdict: &Verdict) -> bool {
        let Verdict::Inconclusive(failure) = verdict else { return false };
        failure.kind == self.failure.kind
            && (failure.kind == FailureKind::Garbled || failure.detail == self.failure.detail)
    }
}

/// Returns true if both operations use the same action.
pub(super) fn is_same_action(one: &Operation, other: &Operation) -> bool {
    one.action().is_some_and(|it| other.action().is_some_and(|other| other.api == it.api))
}

/// Returns true if `op` uses the action of `missing`, or an attachment that only that action creates.
pub(super) fn needs(op: &Operation, missing: &Operation) -> bool {
    let creates = matches!(missing, Operation::Attach(..) | Operation::Issue(..));
    let kind = missing.kind().filter(|_| creates);
    is_same_action(op, missing) || kind.is_some() && op.kind() == kind
}

/// Returns the shortest embedded script in which the action must succeed, up to the action.
fn control_script(action: &'static Action) -> Option<Script> {
    let claim = action.clauses.first()?;
    let scripts = scripts_reaching(Rule { action, clause: claim }).ok()?;
    let up_to_action = |script: Script| {
        let index = script.operations().position(|op| op.action() == Some(action))?;
        Some(script.until(index))
    };
    scripts.into_iter().filter_map(up_to_action).min_by_key(|script| script.steps.len())
}

/// Returns the rule that the action succeeds, if the operation must succeed by this or another rule.
fn success_rule(exchange: &Exchange) -> Option<Rule> {
    let succeeds = exchange.in_force.iter().any(|rule| rule.clause.expected == Expected::Success);
    let action = exchange.operation.action().filter(|_| succeeds)?;
    action.clauses.first().map(|clause| Rule { action, clause })
}

fn malformed_xml(exchange: &Exchange, rule: Rule) -> Divergence {
    let expected = format!("200 with a well-formed <{}Response>", rule.action.api);
    Divergence {
        tier: Tier::Status,
        level: SUCCESS_FORMAT.level,
        rule,
        wire_rule: None,
        expected: vec![(expected, rule)],
        evidence: SUCCESS_FORMAT.facts.iter().map(|fact| fact.id).collect(),
        state: exchange.before.to_string(),
        assumed_state: "none; the script ends here",
    }
}
