//! Repeats the failures of a run, to find those that come whenever the call is made in the same way.
//!
//! Failures are repeated at the end of the run. A call that gets no response is also repeated after the
//! script or generated suite that shows it: an action that has never responded is then left out,
//! because each call of it would use up the waiting time of the run.

use crate::runner::control::Control;
use crate::runner::repeatable::{
    CallPattern, RepeatableFailure, Repeated, action_has_responded, has_response, timed_out_forms,
};
use crate::runner::run::Run;
use crate::script::{Script, Step};

impl Run<'_> {
    /// Whether a call has got no response in time, in the script runs from this number on.
    pub(super) fn has_timeouts_since(&self, first: usize) -> bool {
        let new = self.results.script_runs.get(first..).unwrap_or_default();
        new.iter().any(|it| timed_out_forms(it).next().is_some())
    }

    /// Repeats the new calls that got no response in time. From then on, an action is left out if such a
    /// call never gets a response and no other call of it has got one.
    pub(super) fn repeat_timeouts(&mut self) {
        let new_runs = self.results.script_runs.get(self.timeouts.searched..).unwrap_or_default();
        let mut new: Vec<CallPattern> = new_runs.iter().flat_map(timed_out_forms).collect();
        self.timeouts.searched = self.results.script_runs.len();
        new.retain(|it| self.timeouts.known(it).is_none());
        if new.is_empty() {
            return;
        }
        self.timeouts.have_occurred = true;
        for suspected in RepeatableFailure::suspected_in(&self.results.script_runs) {
            let (form, api) = (suspected.form(), suspected.api());
            let is_new = suspected.is_timeout() && new.contains(form);
            if !is_new || self.results.hanging.contains(&api) {
                continue;
            }
            let repeated = self.repeat(&suspected, suspected.repetitions());
            self.timeouts.forms.push((form.clone(), repeated));
            if matches!(repeated, Repeated::Fails(_)) && !self.has_responded_to(api) {
                self.results.hanging.push(api);
                self.cleanup_waits = true;
            }
        }
    }

    /// Repeats the failures that may be repeatable, and makes those that are a divergence. One that was
    /// repeated during the run is repeated once more. If the run has ended early, it is enough that the
    /// endpoint still responds to another call.
    pub(super) fn confirm_repeatable_failures(&mut self) {
        let mut hanging = std::mem::take(&mut self.results.hanging);
        for suspected in RepeatableFailure::suspected_in(&self.results.script_runs) {
            let known = self.timeouts.known(suspected.form()).filter(|_| suspected.is_timeout());
            let done = match known {
                Some(Repeated::Differs) => continue,
                Some(Repeated::Fails(times)) => times,
                Some(Repeated::Nothing) | None => 0,
            };
            let left = suspected.repetitions().saturating_sub(done).max(1);
            let is_enough = done >= suspected.repetitions() && !self.is_refuted(&suspected);
            let is_shown = is_enough && self.has_ended() && self.answers_control_call();
            let repeated =
                if is_shown { Repeated::Fails(done) } else { self.repeat(&suspected, left) };
            match repeated {
                Repeated::Fails(_) => suspected.mark(&mut self.results.script_runs),
                Repeated::Differs if suspected.is_timeout() => {
                    hanging.retain(|it| *it != suspected.api());
                }
                Repeated::Differs | Repeated::Nothing => {}
            }
        }
        self.results.hanging = hanging;
    }

    /// Whether the action has got a response in a script, or in a repetition of one of its calls.
    fn has_responded_to(&self, api: &str) -> bool {
        let differs = |it: &(CallPattern, Repeated)| it.0.api() == api && it.1 == Repeated::Differs;
        self.working_controls.iter().any(|it| it.is_of(api))
            || action_has_responded(&self.results.script_runs, api)
            || action_has_responded(&self.timeouts.discarded, api)
            || self.timeouts.forms.iter().any(differs)
    }

    fn has_ended(&self) -> bool {
        self.end_reason.is_some() || (self.should_stop)()
    }

    /// Whether a run that does not count shows that the failure does not always occur.
    fn is_refuted(&self, suspected: &RepeatableFailure) -> bool {
        self.confirmation_runs.iter().any(|it| suspected.is_refuted_by(it))
            || self.timeouts.discarded.iter().any(|it| suspected.has_response_in(it))
    }

    /// Repeats a failure, with other calls in between.
    fn repeat(&mut self, suspected: &RepeatableFailure, repetitions: usize) -> Repeated {
        if self.is_refuted(suspected) {
            return Repeated::Differs;
        }
        let Some(control) = self.control_for(suspected.api()) else { return Repeated::Nothing };
        for number in 0..repetitions {
            let script = suspected.script(number, control);
            let operations = script.steps.len() + 2 * number;
            self.repetitions_left = self.repetitions_left.saturating_sub(operations);
            if self.has_ended() || self.repetitions_left == 0 {
                return Repeated::Nothing;
            }
            let call_alone = suspected.call_alone(control);
            let mut is_refuted = || suspected.is_refuted_by(&self.run_alone(&call_alone));
            let is_refuted = (0..number).any(|_| is_refuted());
            if is_refuted || !suspected.is_reproduced_by(number, &self.run_alone(&script)) {
                let is_cut_off = self.has_ended() && !is_refuted;
                return if is_cut_off { Repeated::Nothing } else { Repeated::Differs };
            }
        }
        Repeated::Fails(repetitions)
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
