//! Fault injection: deliberate errors of the reference server.
//!
//! A [`FaultPlan`] selects the fault for each request. The choice depends on the seed and on the
//! sequence of earlier requests only, so a run with the same requests gets the same faults; faults
//! with a window also depend on the history. `file` reads a plan from TOML, `history` keeps the
//! earlier states that stale responses need, and `mutants` has the defects that the model cannot
//! express. This module only decides; the handler evaluates earlier states, and `reply` changes the
//! bytes on the wire.

mod file;
mod form;
pub(super) mod history;
pub(super) mod mutants;

use std::time::Duration;

use iamspec_conformance::rng::Rng;
use iamspec_conformance::script::pattern::glob;
use iamspec_model::evidence::{F_009, F_011};

use crate::server::ResponseBody;

/// A fault to inject into one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InjectedFault {
    /// A read returns an earlier state (F-001).
    Lag(Window),
    /// A deletion conflicts with an attachment that was removed recently.
    Lingering(Window),
    /// A new login profile cannot be modified yet (B-LP-17).
    Unmodifiable(Window),
    /// 409 `ConcurrentModification` (F-009).
    Concurrent,
    /// 400 `Throttling` (F-011). No evidence that AWS sends `Retry-After` with it.
    Throttle {
        /// The `Retry-After` header, in seconds.
        retry_after: Option<u64>,
    },
    /// The service fails: 500 with `ServiceFailure` (D-022), or 503.
    Fail {
        /// The HTTP status.
        status: u16,
        /// Whether the operation takes effect nevertheless.
        effect: bool,
        /// The `Retry-After` header, in seconds.
        retry_after: Option<u64>,
    },
    /// The connection ends without a response.
    Drop {
        /// Whether the operation takes effect nevertheless.
        effect: bool,
    },
    /// The response is late, or arrives in chunks.
    Slow {
        /// The delay before the response, or between two chunks.
        wait: Duration,
        /// The size of a chunk in bytes; `None` sends the response in one piece.
        chunk: Option<usize>,
    },
    /// The response ends in the middle.
    Truncate {
        /// Whether `Content-Length` is the truncated length, so that only the XML is broken.
        clean: bool,
    },
    /// The body contains the response document twice.
    Twice,
    /// An HTML page of a proxy replaces the response.
    Html {
        /// The HTTP status.
        status: u16,
        /// Whether the operation takes effect nevertheless.
        effect: bool,
    },
    /// A page of a listing is valid and unusual.
    Page(PageFault),
}

/// An unusual page of a listing.
///
/// A page may hold fewer entries than the request asks for (E-009). No evidence of how few, or of
/// the format of a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageFault {
    /// An empty page that is followed by another.
    Empty,
    /// A marker of characters that a form must encode.
    OddMarker,
    /// The marker of the request as the next marker: the listing never ends.
    SameMarker,
}

/// The age up to which earlier states count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// An age in time.
    Time(Duration),
    /// An age in calls.
    Calls(u64),
}

impl InjectedFault {
    /// The `sort` of the fault in a file, also used in counts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lag(_) => "lag",
            Self::Lingering(_) => "lingering",
            Self::Unmodifiable(_) => "unmodifiable",
            Self::Concurrent => "concurrent",
            Self::Throttle { .. } => "throttle",
            Self::Fail { .. } => "fail",
            Self::Drop { .. } => "drop",
            Self::Slow { .. } => "slow",
            Self::Truncate { .. } => "truncate",
            Self::Twice => "twice",
            Self::Html { .. } => "html",
            Self::Page(PageFault::Empty) => "empty-page",
            Self::Page(PageFault::OddMarker) => "odd-marker",
            Self::Page(PageFault::SameMarker) => "same-marker",
        }
    }

    /// The age of the earlier states that the fault needs.
    #[must_use]
    pub const fn window(self) -> Option<Window> {
        match self {
            Self::Lag(window) | Self::Lingering(window) | Self::Unmodifiable(window) => {
                Some(window)
            }
            _ => None,
        }
    }

    pub(super) const fn page(self) -> Option<PageFault> {
        match self {
            Self::Page(fault) => Some(fault),
            _ => None,
        }
    }

    /// Returns true if the operation does not take effect.
    #[must_use]
    pub const fn prevents_effect(self) -> bool {
        match self {
            Self::Concurrent | Self::Throttle { .. } => true,
            Self::Fail { effect, .. } | Self::Drop { effect } | Self::Html { effect, .. } => {
                !effect
            }
            _ => false,
        }
    }

    /// The IAM error that replaces the response; `None` if the fault is not an IAM error.
    pub(super) fn response(self, request_id: &str) -> Option<ResponseBody> {
        Some(match self {
            Self::Concurrent => ResponseBody::of_fact(F_009, F_009.message, request_id),
            Self::Throttle { .. } => ResponseBody::of_fact(F_011, F_011.message, request_id),
            // No evidence that IAM responds with 503 at all.
            Self::Fail { status: 503, .. } => {
                ResponseBody::error(503, "ServiceUnavailable", None, request_id)
            }
            // D-022 documents the code for status 500, and no message.
            Self::Fail { status, .. } => {
                ResponseBody::error(status, "ServiceFailure", None, request_id)
            }
            _ => return None,
        })
    }

    /// The `Retry-After` header, in seconds.
    pub(super) const fn retry_after(self) -> Option<u64> {
        match self {
            Self::Throttle { retry_after } | Self::Fail { retry_after, .. } => retry_after,
            _ => None,
        }
    }
}

/// An ordered list of faults, each with the requests it affects.
#[derive(Clone, Debug, Default)]
pub struct FaultPlan {
    faults: Vec<PlannedFault>,
}

/// One fault of a plan.
#[derive(Clone, Debug)]
struct PlannedFault {
    fault: InjectedFault,
    /// A pattern of action names; `*` matches any characters.
    actions: String,
    trigger: FaultTrigger,
    /// Maximum number of injections.
    limit: Option<u64>,
    /// Each fault has its own generator, so that no fault changes the draws of another.
    rng: Rng,
    /// The number of matching requests so far.
    matches: u64,
    /// The number of injections so far.
    injections: u64,
}

/// The condition under which a matching request gets the fault.
#[derive(Clone, Copy, Debug, PartialEq)]
enum FaultTrigger {
    Always,
    /// With this probability.
    Chance(f64),
    /// Every n-th matching request.
    Every(u64),
    /// The first n matching requests.
    First(u64),
}

impl FaultPlan {
    /// Selects the fault of the next request: the first one of the plan that is due. Call it once
    /// for each request, before the request is handled.
    pub fn next(&mut self, action: &str) -> Option<InjectedFault> {
        self.choose(action, |_| Some(())).map(|(fault, ())| fault)
    }

    /// Like [`Self::next`], among the faults that can have an effect on this request. `applicable`
    /// returns the data needed to inject a fault, or `None` if the fault would have no effect.
    pub(crate) fn choose<T>(
        &mut self,
        action: &str,
        mut applicable: impl FnMut(InjectedFault) -> Option<T>,
    ) -> Option<(InjectedFault, T)> {
        let mut chosen = None;
        for planned in self.faults.iter_mut().filter(|it| glob(&it.actions, action)) {
            // Every matching fault counts and draws, whichever is chosen; else the plan would not
            // be reproducible.
            let due = planned.is_due();
            if due && chosen.is_none() {
                chosen = applicable(planned.fault).map(|data| (planned.fault, data));
                planned.injections += u64::from(chosen.is_some());
            }
        }
        chosen
    }

    /// The number of injections of each kind of fault, in the order of the plan.
    #[must_use]
    pub fn counts(&self) -> Vec<(&'static str, u64)> {
        let mut counts: Vec<(&'static str, u64)> = Vec::new();
        for planned in &self.faults {
            let name = planned.fault.name();
            match counts.iter_mut().find(|(known, _)| *known == name) {
                Some((_, count)) => *count += planned.injections,
                None => counts.push((name, planned.injections)),
            }
        }
        counts
    }

    /// All faults of the plan.
    fn faults(&self) -> impl Iterator<Item = InjectedFault> {
        self.faults.iter().map(|planned| planned.fault)
    }
}

impl PlannedFault {
    fn is_due(&mut self) -> bool {
        self.matches += 1;
        let due = match self.trigger {
            FaultTrigger::Always => true,
            FaultTrigger::Chance(probability) => self.rng.with_probability(probability),
            FaultTrigger::Every(number) => self.matches.is_multiple_of(number),
            FaultTrigger::First(number) => self.matches <= number,
        };
        due && self.limit.is_none_or(|limit| self.injections < limit)
    }
}
