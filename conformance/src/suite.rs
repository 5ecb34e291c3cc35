//! Many scripts against one endpoint: those that show what the project exists for come first, calls
//! that the endpoint lacks are found out, and everything that was made is removed again.

use std::fmt;
use std::time::Duration;

use iamspec_model::{Rule, allowed};

use crate::endpoint::{Counting, Endpoint};
use crate::generated::Generated;
use crate::leftover::Kept;
use crate::observe::Observe;
use crate::observed::Interruption;
use crate::reference::Reference;
use crate::replay::Replay;
use crate::run::{Run, Setting, Unit};
use crate::script::{Script, ours};
use crate::shard::Shard;
use crate::text::ParseError;

/// The scripts that show what the project exists for: one kind alone stands in the way.
pub(crate) const FIRST: &str = "delete-user/alone/";

/// Scripts, in the order in which they are played.
#[derive(Clone, Debug)]
pub struct Suite {
    scripts: Vec<Script>,
    generated: Vec<Generated>,
    observe: Observe,
    until_coverage: bool,
    settle: Duration,
    jobs: usize,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// Every script that was chosen, in the order played.
    pub replays: Vec<Replay>,
    /// What the endpoint did not let go, and whether an answer in its script diverged, which may
    /// explain it.
    pub kept: Vec<(Kept, bool)>,
    /// How many requests were sent, those of the clean-up included.
    pub requests: usize,
    /// Why the run ended early, if it did.
    pub ended: Option<Ended>,
}

/// Why a run ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was told to.
    Stopped,
    /// What it might cost was used up.
    Spent,
    /// Not one call was understood.
    NeverHeard(Interruption),
    /// After some answers there were none.
    WentSilent(Interruption),
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("stopped before the end"),
            Self::Spent => f.write_str("the budget was used up"),
            Self::NeverHeard(it) | Self::WentSilent(it) => it.fmt(f),
        }
    }
}

impl Suite {
    /// `DeleteUser`'s scripts first, short ones first, so that what they find is found soon.
    #[must_use]
    pub fn new(mut scripts: Vec<Script>) -> Self {
        scripts.sort_by_key(|it| {
            let alone = it.name.starts_with(FIRST);
            let deletes = it.name.starts_with("delete-user/");
            let short = alone && it.steps.len() <= 3;
            (!alone, !deletes, !short, it.name.clone())
        });
        Self {
            scripts,
            generated: Vec::new(),
            observe: Observe::default(),
            until_coverage: false,
            settle: Duration::ZERO,
            jobs: 1,
        }
    }

    /// The same, and after the scripts these.
    #[must_use]
    pub fn with(self, generated: Vec<Generated>) -> Self {
        Self { generated, ..self }
    }

    /// The same, with what it changes read then.
    #[must_use]
    pub fn observing(self, observe: Observe) -> Self {
        Self { observe, ..self }
    }

    /// The same, where a generated suite may end when nothing new comes up for a while.
    #[must_use]
    pub fn until_coverage(self, until_coverage: bool) -> Self {
        Self { until_coverage, ..self }
    }

    /// The same, on an endpoint that may take so long until its answers are as they should be.
    #[must_use]
    pub fn settling(self, settle: Duration) -> Self {
        Self { settle, ..self }
    }

    /// The same, so many scripts and courses at the same time. What comes of them does not depend on it, unless
    /// it does for the endpoint.
    #[must_use]
    pub fn at_once(self, jobs: usize) -> Self {
        Self { jobs, ..self }
    }

    /// What one of several runs plays of it.
    #[must_use]
    pub fn part(mut self, shard: Shard) -> Self {
        self.scripts.retain(|it| shard.takes(&it.name));
        let portions = self.generated.iter().flat_map(|it| {
            it.portions()
                .into_iter()
                .enumerate()
                .map(|(place, it)| (format!("{}/{place}", it.name()), it))
        });
        self.generated = portions.filter(|(name, _)| shard.takes(name)).map(|(_, it)| it).collect();
        self
    }

    /// The suites that are generated, in the order in which they are played.
    #[must_use]
    pub fn generated(&self) -> &[Generated] {
        &self.generated
    }

    /// The scripts, in the order in which they are played.
    #[must_use]
    pub fn scripts(&self) -> &[Script] {
        &self.scripts
    }

    /// How many calls it makes on an endpoint that conforms, the clean-up left out.
    #[must_use]
    pub fn calls(&self) -> usize {
        let report = self.run(&mut Reference::default(), &mut |_| (), &|| false);
        report.replays.iter().map(|it| it.exchanges.len()).sum()
    }

    /// Plays every script. After each call `tell` gets the number of requests so far; `stop` is asked
    /// before every call, and ends the run with the clean-up.
    pub fn run(
        &self,
        endpoint: &mut dyn Endpoint,
        tell: &mut dyn FnMut(usize),
        stop: &dyn Fn() -> bool,
    ) -> Report {
        let endpoint = Counting { inner: endpoint, requests: 0, tell };
        let Self { observe, until_coverage, settle, .. } = *self;
        let mut run = Run::new(endpoint, Setting { observe, until_coverage, settle }, stop);
        // Courses choose among the calls that no script has found lacking.
        run.units(&self.scripts.iter().map(Unit::Script).collect::<Vec<_>>(), self.jobs);
        let courses = self.generated.iter().flat_map(|it| it.portions());
        run.units(&courses.map(Unit::Course).collect::<Vec<_>>(), self.jobs);
        run.end()
    }
}

/// The scripts of ours that put this rule to an endpoint, those first that take the fewest calls.
///
/// # Errors
/// A script of ours cannot be read, which a test rules out.
pub fn probes(rule: Rule) -> Result<Vec<Script>, (String, ParseError)> {
    let mut scripts = ours()?;
    scripts.retain(|script| rules_of(script).contains(&rule));
    scripts.sort_by_key(|script| script.steps.len());
    Ok(scripts)
}

/// Of these scripts so many that every rule is reached that all of them reach, with few calls: each time
/// the one that reaches most for its calls.
#[must_use]
pub fn covering(scripts: Vec<Script>) -> Vec<Script> {
    let with_rules = |script: Script| {
        let rules = rules_of(&script);
        (script, rules)
    };
    // Of each script the rules that no chosen one reaches.
    let mut left: Vec<(Script, Vec<Rule>)> = scripts.into_iter().map(with_rules).collect();
    let mut chosen = Vec::new();
    loop {
        left.retain(|(_, new)| !new.is_empty());
        // Rules for a call, in thousandths.
        let worth =
            |(script, new): &(Script, Vec<Rule>)| new.len() * 1000 / script.steps.len().max(1);
        let best = left.iter().enumerate().max_by_key(|(_, it)| worth(it));
        let Some(place) = best.map(|(place, _)| place) else { return chosen };
        let (script, reached) = left.swap_remove(place);
        for (_, new) in &mut left {
            new.retain(|rule| !reached.contains(rule));
        }
        chosen.push(script);
    }
}

/// The rules that a script reaches on an endpoint that conforms, by playing it in the model.
#[must_use]
pub fn rules_of(script: &Script) -> Vec<Rule> {
    let mut account = iamspec_model::Account::default();
    let mut rules = Vec::new();
    for op in script.steps.iter().map(|step| step.operation) {
        let allowed = allowed(&account, &op);
        for rule in allowed.rules() {
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
        if allowed.may_be_done() {
            iamspec_model::apply(&mut account, &op);
        }
    }
    rules
}
