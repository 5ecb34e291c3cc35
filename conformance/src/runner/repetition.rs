//! Repeats the failures of a run, to find those that come whenever the call is made in the same way.
//!
//! Failures are repeated at the end of the run. A call that hangs is also repeated after the unit that
//! shows it: an action that has never responded is then left out, because each call of it would use up
//! the waiting time of the run.

use crate::results::history::ScriptRun;
use crate::runner::control::Control;
use crate::runner::repeatable::{
    CallForm, RepeatableFailure, forms_of_timeouts, has_responded, has_response,
};
use crate::runner::run::Run;
use crate::script::{Script, Step};

/// The calls that got no response in time.
#[derive(Default)]
pub(super) struct Timeouts {
    /// The number of script runs that were searched for them.
    searched: usize,
    /// The forms that were repeated after the unit that showed them.
    repeated: Vec<CallForm>,
    /// Those of them that got no response in any repetition.
    unanswered: Vec<CallForm>,
}

impl Run<'_> {
    /// Repeats the new calls that got no response in time. From then on, an action is left out if such a
    /// call never gets a response and no other call of it has got one.
    pub(super) fn repeat_timeouts(&mut self) {
        let new_runs = self.results.script_runs.get(self.timeouts.searched..).unwrap_or_default();
        let mut new: Vec<CallForm> = new_runs.iter().flat_map(forms_of_timeouts).collect();
        self.timeouts.searched = self.results.script_runs.len();
        new.retain(|it| !self.timeouts.repeated.contains(it));
        if new.is_empty() {
            return;
        }
        for suspected in RepeatableFailure::suspected_in(&self.results.script_runs) {
            let api = suspected.api();
            let form = new.iter().find(|it| suspected.is_timeout_of(it));
            let Some(form) = form.filter(|_| !self.results.hanging.contains(&api)) else {
                continue;
            };
            self.timeouts.repeated.push(form.clone());
            if self.fails_always(&suspected, suspected.repetitions()) {
                self.timeouts.unanswered.push(form.clone());
                if !self.results.script_runs.iter().any(|it| has_responded(it, api)) {
                    self.results.hanging.push(api);
                }
            }
        }
    }

    /// Sends the calls of actions again that have responded in one of these runs.
    pub(super) fn include_responding(&mut self, script_runs: &[ScriptRun]) {
        self.results.hanging.retain(|api| !script_runs.iter().any(|it| has_responded(it, api)));
    }

    /// Repeats the failures that may be repeatable, and makes those that are a divergence. A call that
    /// never got a response during the run is repeated once more, if the run has not ended.
    pub(super) fn confirm_repeatable_failures(&mut self) {
        let mut hanging = std::mem::take(&mut self.results.hanging);
        for suspected in RepeatableFailure::suspected_in(&self.results.script_runs) {
            let is_one_of = |forms: &[CallForm]| forms.iter().any(|it| suspected.is_timeout_of(it));
            let is_unanswered = is_one_of(&self.timeouts.unanswered);
            if is_one_of(&self.timeouts.repeated) && !is_unanswered {
                continue;
            }
            let is_of_hanging = suspected.is_timeout() && hanging.contains(&suspected.api());
            let repetitions =
                if is_unanswered || is_of_hanging { 1 } else { suspected.repetitions() };
            let is_confirmed = is_unanswered && self.has_ended();
            if is_confirmed || self.fails_always(&suspected, repetitions) {
                suspected.mark(&mut self.results.script_runs);
            } else {
                hanging.retain(|it| *it != suspected.api());
            }
        }
        self.results.hanging = hanging;
    }

    fn has_ended(&self) -> bool {
        self.end_reason.is_some() || (self.should_stop)()
    }

    /// Whether the failure occurs again in each repetition, while other calls work.
    fn fails_always(&mut self, suspected: &RepeatableFailure, repetitions: usize) -> bool {
        if self.confirmation_runs.iter().any(|it| suspected.is_refuted_by(it)) {
            return false;
        }
        let Some(control) = self.control_for(suspected.api()) else { return false };
        (0..repetitions).all(|number| {
            let script = suspected.script(number, control);
            let operations = script.steps.len() + 2 * number;
            self.repetitions_left = self.repetitions_left.saturating_sub(operations);
            if self.has_ended() || self.repetitions_left == 0 {
                return false;
            }
            let call_alone = suspected.call_alone(control);
            let mut is_refuted = || suspected.is_refuted_by(&self.run_alone(&call_alone));
            let is_refuted = (0..number).any(|_| is_refuted());
            !is_refuted && suspected.is_reproduced_by(number, &self.run_alone(&script))
        })
    }

    /// A control call of another action than this one that has got a response.
    fn control_for(&mut self, api: &str) -> Option<Control> {
        let known = self.working_controls.iter().find(|it| !it.is_of(api));
        if let Some(control) = known {
            return Some(*control);
        }
        let mut controls = Control::all().filter(|it| !it.is_of(api));
        let control = controls.find(|it| {
            if self.has_ended() {
                return false;
            }
            let steps = vec![Step::from(it.call(0))];
            let script = Script { name: "control".to_owned(), idea: String::new(), steps };
            self.run_alone(&script).exchanges.iter().all(has_response)
        })?;
        self.working_controls.push(control);
        Some(control)
    }
}
