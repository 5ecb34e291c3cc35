//! An event after the other: may that have been answered, and what does it teach?

use std::collections::HashMap;

use iamspec_model::{AttachmentAction, ErrorCode, Level, ResourceKind};

use crate::audit::possible_accounts::{About, Completion, KnownResource, KnownUser, Open};
use crate::audit::{AuditEvent, AuditOperation, AuditResponse, Inference};
use crate::concurrency::linearizability::follow;
use crate::oracle::{Divergence, divergence};
use crate::response::Response;

/// What is known of one account, and what was asked last.
#[derive(Clone, Debug, Default)]
pub struct Auditor {
    pub(crate) users: HashMap<String, KnownUser>,
    pub(crate) things: HashMap<(ResourceKind, String), KnownResource>,
    /// So many seconds after a change it may not be seen yet.
    lag: i64,
    /// What answers have taught, where somebody wants to know.
    pub(crate) lessons: Option<Vec<Inference>>,
}

/// What is said of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditVerdict {
    /// Some account that agrees with what is known may answer so.
    Possible,
    /// None may.
    Impossible(Box<AuditFinding>),
    /// Something was changed only just before, which may not be seen yet.
    TooSoon,
    /// The answer tells nothing of the account, or it is not said what the call is about.
    Nothing,
}

/// Why an answer cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditFinding {
    /// The rule that it breaks.
    pub rule: String,
    /// The rule as a sentence.
    pub statement: String,
    /// What it may have been answered, with the rules that say so.
    pub allowed: Vec<(String, String)>,
    /// The facts that it rests on.
    pub evidence: Vec<&'static str>,
    /// The event.
    pub event: String,
    /// The events before it about the same user and the same thing.
    pub taught: Vec<String>,
}

impl Auditor {
    /// An account of which nothing is known, where a change may take so many seconds to be seen.
    #[must_use]
    pub fn lagging(lag: i64) -> Self {
        Self { lag, ..Self::default() }
    }

    /// Judges the events of one second, in whatever order, and learns from them. Seconds come in their order.
    pub fn judge(&mut self, events: &[AuditEvent]) -> Vec<AuditVerdict> {
        let changes: Vec<&AuditEvent> = events.iter().filter(|it| it.changes()).collect();
        let judged = events.iter().map(|event| {
            let others = changes.iter().filter(|it| !std::ptr::eq(**it, event));
            let crowded = others.into_iter().any(|it| share_something(it, event));
            self.one(event, crowded)
        });
        judged.collect()
    }

    /// Of an event in whose second something else was changed of what it is about it is not known which
    /// came first.
    fn one(&mut self, event: &AuditEvent, crowded: bool) -> AuditVerdict {
        let observed = match event.answer {
            AuditResponse::Done => Response::DONE,
            AuditResponse::Refused(code) if says_something(event.asked, code) => {
                Response::Refused { http: code.http(), code: code.name().to_owned(), message: None }
            }
            AuditResponse::Refused(_) | AuditResponse::Nothing => return AuditVerdict::Nothing,
        };
        if !event.names_all() {
            if event.changes() {
                self.doubt(event);
            }
            return AuditVerdict::Nothing;
        }
        let (possible, accused) = self.possible(event, &observed);
        if possible.is_empty() {
            let soon = crowded || self.too_soon(event);
            self.forget(event);
            if event.changes() {
                self.was_changed(event);
            }
            return match accused {
                Some(accused) if !soon => AuditVerdict::Impossible(accused),
                _ => AuditVerdict::TooSoon,
            };
        }
        if !crowded {
            self.teach(event, &possible);
        }
        if !crowded || event.changes() {
            self.learn(event, &possible);
        }
        AuditVerdict::Possible
    }

    /// The completions in which it may be answered so, and why it is impossible in one in which it may not.
    fn possible(
        &self,
        event: &AuditEvent,
        observed: &Response,
    ) -> (Vec<Vec<Open>>, Option<Box<AuditFinding>>) {
        let (nobody, nothing) = (KnownUser::default(), KnownResource::default());
        let about = self.about(event, (&nobody, &nothing));
        let op = about.operation();
        let mut possible = Vec::new();
        let mut accused = None;
        for Completion { account, so } in about.completions() {
            if !follow(&account, &op, observed).is_empty() {
                possible.push(so);
                continue;
            }
            let why = divergence(&account, &op, observed).filter(|it| it.level >= Level::Must);
            let Some(why) = why.filter(|_| accused.is_none()) else { continue };
            accused = Some(Box::new(accuse(&about, &why)));
        }
        (possible, accused)
    }

    /// The call, with what is known of what it names.
    pub(crate) fn about<'a>(
        &'a self,
        event: &'a AuditEvent,
        (nobody, nothing): (&'a KnownUser, &'a KnownResource),
    ) -> About<'a> {
        let known = |name: &Option<String>| {
            name.as_ref().map(|it| self.users.get(&key(it)).unwrap_or(nobody))
        };
        let thing = Self::thing_of(event).map(|it| self.things.get(&it).unwrap_or(nothing));
        let new =
            if event.asked == AuditOperation::UpdateUser { known(&event.other) } else { None };
        About { event, user: known(&event.user), new, thing }
    }

    fn too_soon(&self, event: &AuditEvent) -> bool {
        let user = event.user.as_ref().and_then(|it| self.users.get(&key(it))?.changed);
        let new = event.other.as_ref().and_then(|it| self.users.get(&key(it))?.changed);
        let thing = Self::thing_of(event).and_then(|it| self.things.get(&it)?.changed);
        [user, new, thing].into_iter().flatten().any(|at| event.at - at < self.lag)
    }

    /// The group, policy or device that is named.
    pub(crate) fn thing_of(event: &AuditEvent) -> Option<(ResourceKind, String)> {
        let class = match event.asked {
            AuditOperation::Create(class) | AuditOperation::Delete(class) => class,
            AuditOperation::Kind(
                kind,
                AttachmentAction::Attach | AttachmentAction::Detach | AttachmentAction::Renew,
            ) => kind.row().refers?,
            _ => return None,
        };
        Some((class, key(event.other.as_deref()?)))
    }
}

/// What is held against the service, with what taught it.
fn accuse(about: &About<'_>, why: &Divergence) -> AuditFinding {
    let taught = about.user.iter().flat_map(|it| &it.taught);
    let taught = taught.chain(about.thing.iter().flat_map(|it| &it.taught));
    AuditFinding {
        rule: why.rule.id(),
        statement: why.rule.statement(),
        allowed: why.allowed.iter().map(|(it, rule)| (it.clone(), rule.id())).collect(),
        evidence: why.evidence.clone(),
        event: told(about.event),
        taught: taught.cloned().collect(),
    }
}

/// Whether two events name the same user, or the same thing.
fn share_something(one: &AuditEvent, other: &AuditEvent) -> bool {
    let names = |it: &AuditEvent| {
        let names = [it.user.as_deref(), it.other.as_deref()];
        names.map(|it| it.map(key))
    };
    let (one, other) = (names(one), names(other));
    one.iter().flatten().any(|it| other.iter().flatten().any(|name| name == it))
}

/// Names are told apart without regard to case (C-041, C-043).
pub(crate) fn key(name: &str) -> String {
    name.to_lowercase()
}

/// Whether a refusal with this code says what is so in the account. Others are about how a call is put, about
/// who asks, or about quotas, which may be others than AWS's (G-002); what a user is made with, and what else a
/// group or a policy has, is not looked at.
const fn says_something(asked: AuditOperation, code: ErrorCode) -> bool {
    match (asked, code) {
        (AuditOperation::CreateUser | AuditOperation::Create(_), ErrorCode::NoSuchEntity)
        | (AuditOperation::Delete(_), ErrorCode::DeleteConflict) => false,
        (
            _,
            ErrorCode::NoSuchEntity | ErrorCode::EntityAlreadyExists | ErrorCode::DeleteConflict,
        ) => true,
        _ => false,
    }
}

/// An event in one line.
pub(crate) fn told(event: &AuditEvent) -> String {
    let names = [event.user.as_deref(), event.other.as_deref()];
    let names = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let answer = answered(event.answer);
    let api = event.asked.api().unwrap_or_default();
    format!("{api} {names} -> {answer}, event {}", event.id)
}

/// An answer in words.
pub(crate) fn answered(answer: AuditResponse) -> String {
    match answer {
        AuditResponse::Done => "200".to_owned(),
        AuditResponse::Refused(code) => format!("{} {}", code.http(), code.name()),
        AuditResponse::Nothing => "nothing said".to_owned(),
    }
}
