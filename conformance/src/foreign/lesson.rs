//! What an answer teaches where the facts leave open what it is.

use iamspec_model::{Level, Rule, allowed};

use super::completion::Open;
use super::judge::answered;
use super::known::{Thing, User};
use super::{Event, Foreign};

/// An answer in an account that was known as far as the call depends on it, where nobody knows what is answered: by a rule
/// that is open, or because several stand in the way and one is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// The rules that may have decided it.
    pub rules: Vec<String>,
    /// The facts that leave it open.
    pub facts: Vec<&'static str>,
    /// What was answered, with its words where they are known.
    pub answer: String,
    /// The event.
    pub event: String,
}

impl Foreign {
    /// From now on it keeps what answers teach.
    #[must_use]
    pub fn learning(mut self) -> Self {
        self.lessons = Some(Vec::new());
        self
    }

    /// What answers have taught since the last time.
    pub fn lessons(&mut self) -> Vec<Lesson> {
        self.lessons.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Keeps what an answer teaches, where nothing else than what is known may have decided it.
    pub(super) fn teach(&mut self, event: &Event, possible: &[Vec<Open>]) {
        let known = matches!(possible, [only] if only.is_empty());
        if self.lessons.is_none() || !known {
            return;
        }
        let lesson = self.lesson(event);
        if let Some(lessons) = &mut self.lessons {
            lessons.extend(lesson);
        }
    }

    fn lesson(&self, event: &Event) -> Option<Lesson> {
        let (nobody, nothing) = (User::default(), Thing::default());
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
        Some(Lesson {
            rules: rules.iter().map(Rule::id).collect(),
            facts: facts.map(|it| it.id).collect(),
            answer,
            event: event.id.clone(),
        })
    }
}
