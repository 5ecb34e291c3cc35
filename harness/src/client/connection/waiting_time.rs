//! How long a run waits for its endpoint in total.
//!
//! An endpoint may ask for a pause before the next request (`Retry-After`), and it may let a call
//! hang until the timeout. Each wait has a limit. This module limits the sum of the waits, for all
//! clients of a run together. After a call of an action has hung, the other calls of this action get
//! less time, so that the run can show that they hang too before its waiting time is used up.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The time limit of a call is not shortened below this.
const SHORT_MIN: Duration = Duration::from_secs(1);

/// The time limit of a call is not shortened below this multiple of the longest time of a response.
const SLOWEST_MULTIPLE: u32 = 5;

/// The waiting time of a run: what is left of it, and what it was used for.
#[derive(Debug)]
pub(crate) struct WaitingTime {
    max: Duration,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    /// Pauses that the endpoint asked for, beyond those of the client.
    pauses: Duration,
    /// Calls that hung until the timeout.
    hanging: Duration,
    /// The actions of these calls.
    hanging_actions: BTreeSet<String>,
    /// The longest time until a response.
    slowest: Duration,
}

impl Used {
    const fn total(&self) -> Duration {
        self.pauses.saturating_add(self.hanging)
    }
}

impl WaitingTime {
    /// The total of a run by default.
    pub(crate) const DEFAULT: Duration = Duration::from_mins(5);

    pub(crate) fn new(max: Duration) -> Self {
        Self { max, used: Mutex::default() }
    }

    /// Uses up the time of a pause, or the part of it that is left. Returns that part.
    pub(crate) fn grant(&self, pause: Duration) -> Duration {
        self.change(|used| {
            let granted = pause.min(self.max.saturating_sub(used.total()));
            used.pauses += granted;
            granted
        })
    }

    /// Uses up the time of a call that hung.
    pub(crate) fn add_hanging(&self, action: &str, time: Duration) {
        self.change(|used| {
            used.hanging = used.hanging.saturating_add(time);
            used.hanging_actions.insert(action.to_owned());
        });
    }

    /// Records how long a response took.
    pub(crate) fn add_response(&self, time: Duration) {
        self.change(|used| used.slowest = used.slowest.max(time));
    }

    /// The time limit of a call: `timeout`, or a tenth of it if a call of the action has hung before.
    pub(crate) fn limit(&self, action: &str, timeout: Duration) -> Duration {
        self.change(|used| {
            let is_short = used.hanging_actions.contains(action);
            let short = (timeout / 10).max(SHORT_MIN).max(used.slowest * SLOWEST_MULTIPLE);
            if is_short { short.min(timeout) } else { timeout }
        })
    }

    /// The reason why no time is left; `None` if time is left.
    pub(crate) fn is_exhausted(&self) -> Option<String> {
        self.change(|used| {
            (used.total() >= self.max).then(|| {
                format!(
                    "the endpoint let the run wait for {:.1} s in total ({:.1} s of Retry-After, \
                     {:.1} s in calls without a response), which is the limit of --max-wait",
                    used.total().as_secs_f64(),
                    used.pauses.as_secs_f64(),
                    used.hanging.as_secs_f64()
                )
            })
        })
    }

    fn change<T>(&self, change: impl FnOnce(&mut Used) -> T) -> T {
        change(&mut self.used.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_and_hanging_calls_share_one_limit() {
        let seconds = Duration::from_secs;
        let waited = WaitingTime::new(seconds(10));
        assert_eq!(waited.grant(seconds(4)), seconds(4));
        assert_eq!(waited.is_exhausted(), None);
        waited.add_hanging("GetUser", seconds(5));
        assert_eq!(waited.is_exhausted(), None);
        // Only one second is left of a pause of a minute.
        assert_eq!(waited.grant(seconds(60)), seconds(1));
        let text = waited.is_exhausted().unwrap();
        assert!(text.contains("10.0 s in total (5.0 s of Retry-After, 5.0 s in calls"), "{text}");
        assert_eq!(waited.grant(seconds(1)), Duration::ZERO);
    }

    #[test]
    fn an_action_that_hung_gets_less_time_than_others() {
        let (seconds, milliseconds) = (Duration::from_secs, Duration::from_millis);
        let waited = WaitingTime::new(seconds(300));
        assert_eq!(waited.limit("GetUser", seconds(60)), seconds(60));
        waited.add_hanging("GetUser", seconds(60));
        assert_eq!(waited.limit("GetUser", seconds(60)), seconds(6));
        assert_eq!(waited.limit("ListUsers", seconds(60)), seconds(60));
        assert_eq!(waited.limit("GetUser", seconds(5)), seconds(1));
        assert_eq!(waited.limit("GetUser", milliseconds(500)), milliseconds(500));
        // Where responses take long, a call that takes longer need not hang.
        waited.add_response(milliseconds(1600));
        assert_eq!(waited.limit("GetUser", seconds(60)), seconds(8));
        waited.add_response(seconds(30));
        assert_eq!(waited.limit("GetUser", seconds(60)), seconds(60));
    }
}
