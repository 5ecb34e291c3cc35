//! The recent states of the model, for faults of eventual consistency.
//!
//! The history is bounded: it keeps states only as long as a fault of the plan needs them, and at
//! most [`MAX_CHANGES`] of them. It returns states; the handler evaluates requests against them.

use std::collections::VecDeque;
use std::time::Instant;

use crate::server::ModelState;
use crate::server::fault_injection::{FaultPlan, InjectedFault, Window};

/// Maximum number of earlier states.
const MAX_CHANGES: usize = 64;

/// The arrival of a request: its time and its number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timestamp {
    at: Instant,
    call: u64,
}

/// The recent states, each with the arrival of the request that changed it, oldest first.
#[derive(Default)]
pub(crate) struct StateHistory {
    windows: Vec<Window>,
    states: VecDeque<(Timestamp, ModelState)>,
    /// The users that recently got a login profile, in lower case.
    login_profiles: VecDeque<(Timestamp, String)>,
    calls: u64,
}

/// The part of the past that a fault needs for one request.
pub(crate) enum PastState<'a> {
    /// The state that a stale read shows.
    Read(&'a ModelState),
    /// The states that may still block a deletion, newest first.
    Deletion(Vec<&'a ModelState>),
    /// The login profile of this user was created within the window.
    NewLoginProfile(&'a str),
}

impl Window {
    fn covers(self, then: Timestamp, now: Timestamp) -> bool {
        match self {
            Self::Time(time) => now.at.saturating_duration_since(then.at) < time,
            Self::Calls(calls) => now.call.saturating_sub(then.call) <= calls,
        }
    }
}

impl StateHistory {
    /// An empty history that keeps what the faults of this plan need.
    pub(crate) fn for_plan(plan: &FaultPlan) -> Self {
        let windows = plan.faults().filter_map(InjectedFault::window).collect();
        Self { windows, ..Self::default() }
    }

    /// Starts the next call: drops the entries that no fault needs any more.
    pub(crate) fn next_call(&mut self) -> Timestamp {
        self.calls += 1;
        let now = Timestamp { at: Instant::now(), call: self.calls };
        let windows = &self.windows;
        let is_needed = |then: Timestamp| windows.iter().any(|window| window.covers(then, now));
        drop_old(&mut self.states, is_needed);
        drop_old(&mut self.login_profiles, is_needed);
        now
    }

    /// A copy of the state before a call that may change it; `None` if no fault needs it.
    pub(crate) fn snapshot(&self, action: &str, model: &ModelState) -> Option<ModelState> {
        (!self.windows.is_empty() && !is_read(action)).then(|| model.clone())
    }

    /// Adds the state before a call that succeeded.
    pub(crate) fn push(
        &mut self,
        now: Timestamp,
        action: &str,
        user: Option<&str>,
        before: ModelState,
    ) {
        self.states.push_back((now, before));
        if action == "CreateLoginProfile" {
            self.login_profiles.push_back((now, user.unwrap_or_default().to_lowercase()));
        }
    }

    /// The past that this fault needs for this request; `None` if the fault does not apply.
    pub(crate) fn past_state<'a>(
        &'a self,
        fault: InjectedFault,
        action: &str,
        user: Option<&'a str>,
        now: Timestamp,
    ) -> Option<PastState<'a>> {
        let in_window =
            |window: Window| self.states.iter().filter(move |(then, _)| window.covers(*then, now));
        match fault {
            InjectedFault::Lag(window) if is_read(action) => {
                in_window(window).next().map(|(_, state)| PastState::Read(state))
            }
            InjectedFault::Lingering(window) if action.starts_with("Delete") => {
                let states = in_window(window).rev().map(|(_, state)| state).collect();
                Some(PastState::Deletion(states))
            }
            InjectedFault::Unmodifiable(window)
                if ["UpdateLoginProfile", "DeleteLoginProfile"].contains(&action) =>
            {
                let name = user?.to_lowercase();
                let created = self.login_profiles.iter().rev().find(|(_, user)| *user == name)?;
                window.covers(created.0, now).then_some(PastState::NewLoginProfile(user?))
            }
            _ => None,
        }
    }
}

fn drop_old<T>(entries: &mut VecDeque<(Timestamp, T)>, is_needed: impl Fn(Timestamp) -> bool) {
    while entries.len() > MAX_CHANGES || entries.front().is_some_and(|(then, _)| !is_needed(*then))
    {
        entries.pop_front();
    }
}

/// Returns true if the action changes nothing.
fn is_read(action: &str) -> bool {
    action.starts_with("List") || action.starts_with("Get")
}
