//! What an answer teaches, and when nothing is known any more.
//!
//! What an answer teaches where the facts leave open what it is.

use iamspec_model::{AttachmentAction, AttachmentKind, Level, ResourceKind, Rule, allowed};

use crate::audit::judge::{Auditor, answered, key, told};
use crate::audit::possible_accounts::{KnownResource, KnownUser, Open, note};
use crate::audit::{AuditEvent, AuditOperation, Inference};

impl Auditor {
    fn user(&mut self, name: &str) -> &mut KnownUser {
        self.users.entry(key(name)).or_default()
    }

    /// What is so in all accounts that may have answered so, and what was done.
    pub(crate) fn learn(&mut self, event: &AuditEvent, possible: &[Vec<Open>]) {
        let decided = |open: Open| {
            let so = possible.iter().filter(|it| it.contains(&open)).count();
            match so {
                _ if possible.is_empty() => None,
                0 => Some(false),
                all if all == possible.len() => Some(true),
                _ => None,
            }
        };
        if let Some(name) = &event.user {
            let user = self.user(name);
            user.exists = user.exists.or_else(|| decided(Open::UserExists));
            if let (AuditOperation::Kind(kind, _), Some(held)) = (event.asked, decided(Open::Held))
            {
                let it = (kind, event.named().to_owned());
                if !user.held.contains_key(&it) {
                    user.perhaps_inactive.insert(it.clone());
                }
                user.held.entry(it).or_insert(held);
            }
            note(&mut user.taught, told(event));
        }
        if let (AuditOperation::UpdateUser, Some(name)) = (event.asked, &event.other) {
            let user = self.user(name);
            user.exists = user.exists.or_else(|| decided(Open::NewExists));
        }
        if let Some(it) = Self::thing_of(event) {
            let thing = self.things.entry(it).or_default();
            thing.exists = thing.exists.or_else(|| decided(Open::ThingExists));
            note(&mut thing.taught, told(event));
        }
        if event.changes() {
            self.carry_out(event);
        }
    }

    /// What is so now that it was carried out.
    fn carry_out(&mut self, event: &AuditEvent) {
        let (at, other) = (Some(event.at), event.other.clone().unwrap_or_default());
        let name = event.user.clone().unwrap_or_default();
        match event.asked {
            AuditOperation::CreateUser => self.user(&name).made(),
            AuditOperation::DeleteUser => {
                for it in self.held_by(&name) {
                    self.things.entry(it).or_default().holders.remove(&key(&name));
                }
                self.user(&name).is_gone();
            }
            AuditOperation::UpdateUser if !other.is_empty() => self.rename(&name, &other, event.at),
            AuditOperation::Kind(kind, AttachmentAction::Attach) => {
                self.attached(event, kind, true)
            }
            AuditOperation::Kind(kind, AttachmentAction::Detach) => {
                self.attached(event, kind, false)
            }
            AuditOperation::Kind(kind, AttachmentAction::SetStatus) => {
                let it = (kind, event.named().to_owned());
                self.user(&name).perhaps_inactive.insert(it);
            }
            AuditOperation::Create(_) | AuditOperation::Delete(_) => {
                let exists = matches!(event.asked, AuditOperation::Create(_));
                let it = Self::thing_of(event);
                if let Some(thing) = it.map(|it| self.things.entry(it).or_default()) {
                    // In which order things were done within a second is not known.
                    let clear = thing.changed != at;
                    (thing.exists, thing.whole, thing.changed) =
                        (Some(exists).filter(|_| clear), clear, at);
                    thing.holders.clear();
                }
            }
            _ => {}
        }
        self.was_changed(event);
    }

    fn attached(&mut self, event: &AuditEvent, kind: AttachmentKind, held: bool) {
        let name = event.user.clone().unwrap_or_default();
        let user = self.user(&name);
        user.exists = Some(true);
        let it = (kind, event.named().to_owned());
        user.perhaps_inactive.remove(&it);
        user.held.insert(it, held);
        let Some(it) = Self::thing_of(event) else { return };
        let thing = self.things.entry(it).or_default();
        thing.exists = Some(true);
        if held {
            thing.holders.insert(key(&name));
        } else {
            thing.holders.remove(&key(&name));
        }
    }

    /// The groups, policies and devices that the user is known to hold.
    fn held_by(&self, name: &str) -> Vec<(ResourceKind, String)> {
        let held = self.users.get(&key(name)).into_iter().flat_map(|it| &it.held);
        let held = held.filter(|(_, held)| **held);
        held.filter_map(|((kind, name), _)| Some((kind.row().refers?, key(name)))).collect()
    }

    pub(crate) fn was_changed(&mut self, event: &AuditEvent) {
        let new = event.other.as_ref().filter(|_| event.asked == AuditOperation::UpdateUser);
        for name in event.user.iter().chain(new) {
            self.user(name).was_changed(event);
        }
        if let Some(it) = Self::thing_of(event) {
            self.things.entry(it).or_default().changed = Some(event.at);
        }
    }

    /// What is known goes along with the new name.
    fn rename(&mut self, name: &str, new: &str, at: i64) {
        if key(name) == key(new) {
            return;
        }
        for it in self.held_by(name) {
            let holders = &mut self.things.entry(it).or_default().holders;
            holders.remove(&key(name));
            holders.insert(key(new));
        }
        let user = self.users.remove(&key(name)).unwrap_or_default();
        // Whoever had that name within the same second may have come or gone after.
        let clear = self.users.get(&key(new)).is_none_or(|it| it.changed != Some(at));
        self.users.insert(key(new), user);
        if !clear {
            self.user(new).forget();
        }
        self.user(name).is_gone();
    }

    /// Something was changed, and nobody knows of whom, or what: it may be anything.
    pub(crate) fn doubt(&mut self, event: &AuditEvent) {
        match (&event.user, event.asked) {
            (_, AuditOperation::Rename(class)) => self.forget_all(class),
            (Some(user), _) => self.user(user).forget(),
            (None, AuditOperation::Create(_) | AuditOperation::Delete(_)) => self.things.clear(),
            (None, _) => self.users.clear(),
        }
    }

    /// Nothing is known any more of what is of this class, nor of who holds it.
    fn forget_all(&mut self, class: ResourceKind) {
        self.things.retain(|(it, _), _| *it != class);
        for user in self.users.values_mut() {
            user.held.retain(|(kind, _), _| kind.row().refers != Some(class));
            user.whole = false;
        }
    }

    /// An event that comes too late for its time: what it is about is not known any more.
    pub fn missed(&mut self, event: &AuditEvent) {
        if event.changes() {
            self.doubt(event);
            self.forget(event);
        }
    }

    pub(crate) fn forget(&mut self, event: &AuditEvent) {
        if let Some(name) = &event.user {
            self.user(name).forget();
        }
        if let (AuditOperation::UpdateUser, Some(name)) = (event.asked, &event.other) {
            self.user(name).forget();
        }
        if let Some(it) = Self::thing_of(event) {
            let thing = self.things.entry(it).or_default();
            *thing = KnownResource {
                taught: std::mem::take(&mut thing.taught),
                ..KnownResource::default()
            };
        }
    }
}

impl Auditor {
    /// From now on it keeps what answers teach.
    #[must_use]
    pub fn learning(mut self) -> Self {
        self.lessons = Some(Vec::new());
        self
    }

    /// What answers have taught since the last time.
    pub fn lessons(&mut self) -> Vec<Inference> {
        self.lessons.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Keeps what an answer teaches, where nothing else than what is known may have decided it.
    pub(crate) fn teach(&mut self, event: &AuditEvent, possible: &[Vec<Open>]) {
        let known = matches!(possible, [only] if only.is_empty());
        if self.lessons.is_none() || !known {
            return;
        }
        let lesson = self.lesson(event);
        if let Some(lessons) = &mut self.lessons {
            lessons.extend(lesson);
        }
    }

    fn lesson(&self, event: &AuditEvent) -> Option<Inference> {
        let (nobody, nothing) = (KnownUser::default(), KnownResource::default());
        let about = self.about(event, (&nobody, &nothing));
        let completion = about.completions().into_iter().next()?;
        let rules: Vec<Rule> = allowed(&completion.account, &about.operation()).rules().collect();
        let open = |rule: &&Rule| rule.claim.status.level == Level::Open;
        let unsure = rules.iter().find(open);
        if unsure.is_none() && rules.len() < 2 {
            return None;
        }
        let facts = unsure.iter().flat_map(|it| it.claim.status.facts);
        let words = event.message.as_deref().map(|it| format!(" {it:?}")).unwrap_or_default();
        let answer = answered(event.answer) + &words;
        Some(Inference {
            rules: rules.iter().map(Rule::id).collect(),
            facts: facts.map(|it| it.id).collect(),
            answer,
            event: event.id.clone(),
        })
    }
}
