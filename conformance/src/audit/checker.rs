//! The checker: checks the events of one account in order, and explains each impossible response.

use std::rc::Rc;

use iamspec_model::tables::precedence::deciding_rules;
use iamspec_model::{Entity, Expected, Level, Operation, Resource, Rule, User, allowed};

use crate::audit::account_listings::contradicted_by;
use crate::audit::effects::{resources_of, users_of};
use crate::audit::judgement::{Judgement, impossible_detail, judge, update};
use crate::audit::knowledge::{Knowledge, KnownResource, KnownUser, NEVER, Recent};
use crate::audit::ordering::{SearchVerdict, in_any_order};
use crate::audit::possible_accounts::Question;
use crate::audit::view::View;
use crate::audit::{AuditEvent, AuditFinding, AuditOptions, AuditVerdict, Inference};
use crate::oracle::{Divergence, messages};
use crate::response::Response;

/// Whether a response may be the one of a rule: its code, and its message if the rule has one.
fn explains(rule: Rule, response: &Response) -> bool {
    let Response::Refused { code, message, .. } = response else {
        return rule.clause.expected == Expected::Success;
    };
    let has_text = rule.clause.text.texts().next().is_some();
    rule.clause.refuses_with(code)
        && (!has_text || message.is_none() || template(rule, response).is_some())
}

/// The rules that explain a response.
fn named_by<'a>(rules: &'a [Rule], response: &Response) -> Vec<&'a Rule> {
    rules.iter().filter(|it| explains(**it, response)).collect()
}

/// The message of a rule, in the form of the facts, if the response has it.
fn template(rule: Rule, response: &Response) -> Option<&'static str> {
    let Response::Refused { message: Some(message), .. } = response else { return None };
    rule.clause.text.texts().find(|text| messages::matches(text, message.complete()))
}

/// The number of users and resources whose events may explain why a listing of the account is wrong.
const WRONG_MAX: usize = 8;

/// Checks the recorded events of one account and keeps what is known about it.
#[derive(Clone, Debug)]
pub struct Auditor {
    knowledge: Knowledge,
    options: AuditOptions,
    /// The inferences collected since the last call of [`Auditor::take_inferences`].
    inferences: Vec<Inference>,
}

impl Auditor {
    /// An auditor of one account.
    #[must_use]
    pub fn new(options: AuditOptions) -> Self {
        Self { knowledge: Knowledge::new(options.starts_empty), options, inferences: Vec::new() }
    }

    /// Takes the inferences collected since the last call.
    pub fn take_inferences(&mut self) -> Vec<Inference> {
        std::mem::take(&mut self.inferences)
    }

    /// Checks events that overlap in time, in the order of the log, and learns from them. Call it
    /// with increasing times.
    pub fn check(&mut self, events: &[Rc<AuditEvent>]) -> Vec<AuditVerdict> {
        if let (true, Some(first)) = (self.knowledge.log_begin == NEVER, events.first()) {
            self.knowledge.log_begin = first.start;
            self.knowledge.begin = self.knowledge.begin.max(first.start);
        }
        for event in events {
            self.mark_external(event);
        }
        if let [event] = events {
            return vec![self.check_one(event)];
        }
        let found = in_any_order(&mut self.knowledge, events, self.options);
        let verdicts = events.iter().zip(found).map(|(event, found)| {
            let verdict = match found {
                SearchVerdict::Possible => AuditVerdict::Possible,
                SearchVerdict::TooSoon => AuditVerdict::TooSoon,
                SearchVerdict::Impossible(divergence) => {
                    let finding = self.finding(event, &divergence, events);
                    AuditVerdict::Impossible(Box::new(finding))
                }
                SearchVerdict::Unordered => return self.check_one(event),
            };
            self.record(event);
            verdict
        });
        verdicts.collect()
    }

    /// Records an event that arrived after later ones. What it may have changed becomes unknown.
    pub fn record_late_event(&mut self, event: &AuditEvent) {
        self.mark_external(event);
        if !event.changes_nothing() {
            self.knowledge.forget_late(event);
        }
    }

    /// Records that a user may exist before the log, because it has called. If the log has events about it,
    /// they say more.
    pub fn record_caller(&mut self, user: User) {
        if self.options.starts_empty {
            self.knowledge.users.entry(user).or_insert(KnownUser::unknown(NEVER));
        }
    }

    /// Records that a role may use a policy, or any if the log hides which: roles are not modeled.
    pub fn record_use_by_role(&mut self, policy: Option<Resource>) {
        match policy {
            Some(policy) => _ = self.knowledge.used_by_roles.insert(policy),
            None => self.knowledge.roles_use_any = true,
        }
    }

    /// Records which resources do not belong to the account. They exist before the log, and everyone may
    /// use them.
    fn mark_external(&mut self, event: &AuditEvent) {
        for resource in &event.external {
            let unknown = KnownResource::unknown(NEVER);
            self.knowledge.resources.entry(*resource).or_insert(unknown).is_external = true;
        }
    }

    fn check_one(&mut self, event: &Rc<AuditEvent>) -> AuditVerdict {
        let judgement = judge(&self.knowledge, event, self.options);
        let finding = match &judgement {
            Judgement::Impossible(divergence) => Some(self.finding(event, divergence, &[])),
            Judgement::Fits(_) if self.options.learn => {
                let inference = self.infer(event);
                self.inferences.extend(inference);
                None
            }
            _ => None,
        };
        let verdict = match judgement {
            Judgement::Fits(_) | Judgement::Disputed => AuditVerdict::Possible,
            Judgement::MayBeStale => AuditVerdict::TooSoon,
            Judgement::Uninformative => AuditVerdict::Uninformative,
            Judgement::Impossible(_) => {
                finding.map_or(AuditVerdict::TooSoon, |it| AuditVerdict::Impossible(Box::new(it)))
            }
        };
        update(&mut self.knowledge, event, &judgement, self.options);
        self.record(event);
        verdict
    }

    /// Keeps an event for the explanation of later ones.
    fn record(&mut self, event: &Rc<AuditEvent>) {
        self.knowledge.record(event);
        for user in event.operations().flat_map(users_of) {
            self.knowledge.drop_old_items(user);
        }
    }

    /// The finding about an event. Some others may have come before it, because they overlap with it.
    fn finding(
        &self,
        event: &Rc<AuditEvent>,
        divergence: &Divergence,
        overlapping: &[Rc<AuditEvent>],
    ) -> AuditFinding {
        AuditFinding {
            rule: divergence.rule.id(),
            statement: divergence.rule.statement(),
            tier: divergence.tier,
            level: divergence.level,
            allowed: divergence.expected.iter().map(|(it, rule)| (it.clone(), rule.id())).collect(),
            evidence: divergence.evidence.clone(),
            event: Rc::clone(event),
            earlier_events: self.explaining_events(event, divergence, overlapping),
        }
    }

    /// The shortest list of earlier events that was found which makes the response impossible.
    fn explaining_events(
        &self,
        event: &Rc<AuditEvent>,
        found: &Divergence,
        overlapping: &[Rc<AuditEvent>],
    ) -> Vec<Rc<AuditEvent>> {
        let mut users: Vec<User> = event.operations().flat_map(users_of).collect();
        let mut resources: Vec<Resource> = event.operations().flat_map(resources_of).collect();
        resources.extend(&event.namesakes);
        if let Some((detail, _)) = impossible_detail(&self.knowledge, event, self.options) {
            users.extend(detail.operations().flat_map(users_of));
            resources.extend(detail.operations().flat_map(resources_of));
        }
        for entity in contradicted_by(&self.knowledge, event).into_iter().take(WRONG_MAX) {
            match entity {
                Entity::User(user) => users.push(user),
                Entity::Resource(resource) => resources.push(resource),
                _ => {}
            }
        }
        let of_users = users.iter().filter_map(|it| Some(&self.knowledge.users.get(it)?.recent));
        let of_resources =
            resources.iter().filter_map(|it| Some(&self.knowledge.resources.get(it)?.recent));
        let concerns = |it: &&Rc<AuditEvent>| {
            it.operations().flat_map(users_of).any(|user| users.contains(&user))
                || it.operations().flat_map(resources_of).any(|it| resources.contains(&it))
        };
        let overlapping = overlapping.iter().filter(|it| it.start <= event.end).filter(concerns);
        let recent = of_users.chain(of_resources).flat_map(Recent::events);
        let mut events: Vec<Rc<AuditEvent>> = Vec::new();
        for it in recent.chain(overlapping) {
            if !Rc::ptr_eq(it, event) && !events.iter().any(|other| Rc::ptr_eq(it, other)) {
                events.push(Rc::clone(it));
            }
        }
        events.sort_by_key(|it| (it.start, it.end));
        let explains = |events: &[Rc<AuditEvent>]| {
            let mut knowledge = Knowledge::new(self.options.starts_empty);
            knowledge.begin = self.knowledge.begin;
            knowledge.log_begin = self.knowledge.log_begin;
            for it in events {
                let judgement = judge(&knowledge, it, self.options);
                if matches!(judgement, Judgement::Impossible(_)) {
                    // An event that it depends on is too old to be shown.
                    continue;
                }
                update(&mut knowledge, it, &judgement, self.options);
            }
            let judgement = judge(&knowledge, event, self.options);
            matches!(judgement, Judgement::Impossible(it) if (it.rule, it.tier) == (found.rule, found.tier))
        };
        if explains(&events) {
            let mut index = 0;
            while index < events.len() {
                let removed = events.remove(index);
                if !explains(&events) {
                    events.insert(index, removed);
                    index += 1;
                }
            }
        }
        events
    }

    /// The inference from an event. Returns `None` if the specification determines the response, or
    /// if the account is not known as far as the operation depends on it.
    fn infer(&self, event: &AuditEvent) -> Option<Inference> {
        let op = *event.operation()?;
        if matches!(op, Operation::Invalid(..)) {
            return None;
        }
        let view = View { knowledge: &self.knowledge, time: event.start, lag: 0 };
        let question =
            Question { view, op, listing: None, is_part: false, has_other_message: false };
        let accounts = question.possible_accounts();
        let [only] = accounts.as_slice() else { return None };
        let in_force: Vec<Rule> = allowed(&only.account, &op).rules().collect();
        let rules = deciding_rules(&in_force);
        let unspecified = rules.iter().find(|rule| rule.clause.status.level == Level::Unspecified);
        // A response that every rule explains does not show which of them decided it.
        let named = named_by(&rules, &event.response);
        if unspecified.is_none() && (named.is_empty() || named.len() == rules.len()) {
            return None;
        }
        let facts = unspecified.iter().flat_map(|it| it.clause.status.facts);
        let (http, code) = match &event.response {
            Response::Refused { http, code, .. } => (*http, Some(code.clone())),
            _ => (200, None),
        };
        Some(Inference {
            action: event.action.api,
            rules: rules.iter().map(Rule::id).collect(),
            conditions: rules.iter().map(Rule::condition).collect(),
            named: named.iter().map(|it| it.id()).collect(),
            facts: facts.map(|it| it.id).collect(),
            response: event.response.to_string(),
            http,
            code,
            message: named.iter().find_map(|it| template(**it, &event.response)),
            event: event.id.clone(),
            time: event.time.clone(),
        })
    }
}
