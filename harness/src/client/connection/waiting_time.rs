//! How long a run waits for its endpoint in total.
//!
//! An endpoint may ask for a pause before the next request (`Retry-After`), and it may let a call
//! hang until the timeout. Each wait has a limit. This module limits the sum of the waits, for all
//! clients of a run together.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The waiting time of a run: what is left of it, and what it was used for.
#[derive(Debug)]
pub(crate) struct WaitingTime {
    max: Duration,
    used: Mutex<Used>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Used {
    /// Pauses that the endpoint asked for, beyond those of the client.
    pauses: Duration,
    /// Calls that hung until the timeout.
    hanging: Duration,
}

impl Used {
    const fn total(self) -> Duration {
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
    pub(crate) fn add_hanging(&self, time: Duration) {
        self.change(|used| used.hanging = used.hanging.saturating_add(time));
    }

    /// The reason why no time is left; `None` if time is left.
    pub(crate) fn is_exhausted(&self) -> Option<String> {
        let used = self.change(|it| *it);
        (used.total() >= self.max).then(|| {
            format!(
                "the endpoint let the run wait for {:.1} s in total ({:.1} s of Retry-After, {:.1} s \
                 in calls without a response), which is the limit of --max-wait",
                used.total().as_secs_f64(),
                used.pauses.as_secs_f64(),
                used.hanging.as_secs_f64()
            )
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
        waited.add_hanging(seconds(5));
        assert_eq!(waited.is_exhausted(), None);
        // Only one second is left of a pause of a minute.
        assert_eq!(waited.grant(seconds(60)), seconds(1));
        let text = waited.is_exhausted().unwrap();
        assert!(text.contains("10.0 s in total (5.0 s of Retry-After, 5.0 s in calls"), "{text}");
        assert_eq!(waited.grant(seconds(1)), Duration::ZERO);
    }
}
