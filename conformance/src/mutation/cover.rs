//! The cover suite: a subset of the scripts that tests the same rules and kills the same mutants.
//!
//! A script meets goals: the rules and outcomes that it tests, and the mutants that it kills. The
//! subset meets every goal that some script meets. Rules alone are not enough as goals, because the
//! mutants of one rule can need different calls.

use std::collections::{BTreeMap, BTreeSet};

use iamspec_model::Rule;

use crate::mutation::fate::{MutantFate, fate};
use crate::reference::Reference;
use crate::reference::deviation::{Deviation, Mutant};
use crate::results::coverage::{Coverage, CoverageTarget, TargetStatus};
use crate::results::history::ScriptRun;
use crate::runner::Suite;
use crate::script::Script;
use crate::script::corpus::built_in_scripts;
use crate::script::parse::ParseError;

/// Scripts that are always chosen: each kills a mutant that an endpoint behind HTTP has and the reference in
/// memory shows otherwise. `iamspec mutants --suite cover` fails without them.
const OVER_HTTP: [&str; 3] = [
    // `ListUsers/carried-out shows what was so before`: the server filters by its own paths.
    "list-users/by-path",
    // `CreateUser/carried-out leaves every access key to the next user`: the server knows whose key it was.
    "neighbours/access-key",
    // `GetUser/wire-recorded-members lacks PermissionsBoundaryArn`: no mutant in memory has a wrong form.
    "create-user/with-everything",
];

/// What a script can contribute to a suite.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Goal {
    /// The script tests this rule or outcome.
    Tested(String),
    /// The script kills the mutant with this number.
    Killed(usize),
}

/// A script with the goals that no chosen script meets.
struct Candidate {
    script: Script,
    /// The number of calls, with the reads that show effects.
    calls: usize,
    goals: BTreeSet<Goal>,
    reached: ReachedRules,
}

/// Chooses a small subset of `scripts` that tests the same rules and outcomes and kills the same
/// mutants. Mutants of the wire format take no part: only an endpoint behind HTTP has them.
///
/// Greedy: each round takes the script with the most unmet goals per call. Then a script is dropped
/// if the others meet all of its goals. Last come the scripts that only an endpoint behind HTTP needs.
#[must_use]
pub fn covering_subset(scripts: Vec<Script>) -> Vec<Script> {
    let mutants: Vec<Mutant> = Mutant::hand_written()
        .chain(Mutant::systematic())
        .filter(|it| !it.deviation.is_wire_format())
        .collect();
    let mut candidates: Vec<Candidate> =
        scripts.into_iter().filter_map(|script| candidate(script, &mutants)).collect();
    let mut unmet: BTreeSet<Goal> = candidates.iter().flat_map(|it| it.goals.clone()).collect();
    let mut chosen: Vec<Candidate> = Vec::new();
    // The number of unmet goals per 1000 calls.
    let score = |it: &Candidate, unmet: &BTreeSet<Goal>| {
        it.goals.intersection(unmet).count() * 1000 / it.calls.max(1)
    };
    while !unmet.is_empty() {
        let best = candidates.iter().enumerate().rev().max_by_key(|(_, it)| score(it, &unmet));
        let Some(index) = best.map(|(index, _)| index) else { break };
        let best = candidates.swap_remove(index);
        unmet.retain(|goal| !best.goals.contains(goal));
        chosen.push(best);
    }
    drop_redundant(&mut chosen, &mut candidates);
    add_naming_scripts(&mut chosen, &mut candidates, &mutants);
    candidates.retain(|it| OVER_HTTP.contains(&it.script.name.as_str()));
    chosen.append(&mut candidates);
    chosen.into_iter().map(|it| it.script).collect()
}

/// Moves each script whose goals the others meet back to the candidates, the longest first.
fn drop_redundant(chosen: &mut Vec<Candidate>, candidates: &mut Vec<Candidate>) {
    chosen.sort_by_key(|it| it.calls);
    for index in (0..chosen.len()).rev() {
        let is_met = |goal: &Goal| {
            let others = chosen.iter().enumerate().filter(|(other, _)| *other != index);
            others.into_iter().any(|(_, it)| it.goals.contains(goal))
        };
        if chosen.get(index).is_some_and(|it| it.goals.iter().all(is_met)) {
            candidates.push(chosen.remove(index));
        }
    }
}

/// Adds scripts until a finding of the whole subset names each wrong effect.
///
/// A finding shows its shortest history. If that history changes something else between the wrong
/// effect and the call that shows it, the finding does not name the mutated action, although the
/// finding of another script alone does. A shorter script is then added.
fn add_naming_scripts(
    chosen: &mut Vec<Candidate>,
    candidates: &mut Vec<Candidate>,
    mutants: &[Mutant],
) {
    candidates.sort_by_key(|it| it.calls);
    let effects = mutants.iter().enumerate().filter(|(_, it)| it.is_of_an_effect());
    let mut unnamed: Vec<(Goal, &Mutant)> =
        effects.map(|(number, it)| (Goal::Killed(number), it)).collect();
    loop {
        unnamed.retain(|(_, mutant)| !is_killed_by(chosen, mutant));
        let meets = |it: &Candidate| unnamed.iter().any(|(goal, _)| it.goals.contains(goal));
        let Some(index) = candidates.iter().position(meets) else { return };
        chosen.push(candidates.remove(index));
    }
}

/// Whether the scripts together kill the mutant. The others respond as the reference does.
fn is_killed_by(chosen: &[Candidate], mutant: &Mutant) -> bool {
    let able = chosen.iter().filter(|it| it.reached.can_show(mutant));
    kills(&Suite::new(able.map(|it| it.script.clone()).collect()), mutant)
}

fn kills(suite: &Suite, mutant: &Mutant) -> bool {
    let mut endpoint = Reference::with_mutant(mutant.clone());
    let report = suite.run(&mut endpoint, &mut |_| (), &|| false);
    matches!(fate(mutant, &report), MutantFate::Killed(_))
}

fn candidate(script: Script, mutants: &[Mutant]) -> Option<Candidate> {
    let suite = Suite::new(vec![script.clone()]);
    let run = run_on_reference(&suite)?;
    let tested = tested(&run).into_iter().map(|it| Goal::Tested(it.name));
    let reached = ReachedRules::of(&run);
    let killed =
        mutants.iter().enumerate().filter(|(_, it)| reached.can_show(it) && kills(&suite, it));
    let goals = tested.chain(killed.map(|(number, _)| Goal::Killed(number))).collect();
    Some(Candidate { calls: run.exchanges.len(), script, goals, reached })
}

/// The rules that are in force, and the actions, in a run of the reference.
struct ReachedRules {
    rules: BTreeSet<String>,
    actions: BTreeSet<&'static str>,
}

impl ReachedRules {
    fn of(run: &ScriptRun) -> Self {
        let in_force = || run.exchanges.iter().flat_map(|it| &it.in_force);
        let rules = in_force().map(Rule::id).collect();
        Self { rules, actions: in_force().map(|rule| rule.action.api).collect() }
    }

    /// Whether the mutant can respond or act differently in this run. Until it does, its run is the
    /// run of the reference. A mutant of the model may apply a rule that is not in force.
    fn can_show(&self, mutant: &Mutant) -> bool {
        match mutant.deviation {
            Deviation::Model(fault) => self.actions.contains(fault.api()),
            _ => self.rules.contains(&mutant.rule),
        }
    }
}

/// The run of a suite of one script, with the reads that show effects.
fn run_on_reference(suite: &Suite) -> Option<ScriptRun> {
    let report = suite.run(&mut Reference::default(), &mut |_| (), &|| false);
    report.script_runs.into_iter().next()
}

/// The rules and outcomes that a run tests.
fn tested(run: &ScriptRun) -> Vec<CoverageTarget> {
    let coverage = Coverage::of(std::slice::from_ref(run));
    let targets = coverage.rules.into_iter().chain(coverage.outcomes);
    targets.filter(|it| it.status == TargetStatus::Tested).collect()
}

/// Returns the ids of the rules that a script tests on a conforming endpoint.
#[must_use]
pub fn tested_rules(script: &Script) -> Vec<String> {
    let run = run_on_reference(&Suite::new(vec![script.clone()]));
    let targets = run.map(|run| Coverage::of(&[run]).rules).unwrap_or_default();
    let tested = targets.into_iter().filter(|it| it.status == TargetStatus::Tested);
    tested.map(|it| it.name).collect()
}

/// Returns the names of the built-in scripts that test each rule, those with the fewest operations
/// first. The keys are the ids of the rules.
///
/// # Errors
/// Returns the name and the error of the first script that does not parse. A test rules this out.
pub fn scripts_by_rule() -> Result<BTreeMap<String, Vec<String>>, (String, ParseError)> {
    let mut scripts = built_in_scripts()?;
    scripts.sort_by_key(|script| script.steps.len());
    let mut by_rule: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for script in scripts {
        for rule in tested_rules(&script) {
            by_rule.entry(rule).or_default().push(script.name.clone());
        }
    }
    Ok(by_rule)
}
