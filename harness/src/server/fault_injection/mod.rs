//! Bad days of the reference endpoint: what can go wrong with a call that is put right. Which calls
//! meet with what, and when, says a [`FaultPlan`].
//!
//! What becomes of an answer on its way.

mod file;
pub(crate) mod history;
pub mod plan;

use std::time::Duration;

use iamspec_model::Fact;
use iamspec_model::evidence::{F_009, F_011};

use crate::server::handler::Reply;
use crate::wire::xml_write;

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InjectedFault {
    /// A read shows what was true a while ago (F-001).
    Lag(Window),
    /// A deletion meets with what was taken away a moment ago.
    Lingering(Window),
    /// What was just made is not changed yet (B-LP-17).
    Unmodifiable(Window),
    /// Refused, as somebody else changes the same (F-009).
    Concurrent,
    /// Refused, as too much was asked (F-011). That AWS says when to come back is not known.
    Throttle {
        /// The seconds of a `Retry-After` header.
        retry_after: Option<u64>,
    },
    /// The service fails: 500 with `ServiceFailure` (D-022), or 503.
    Fail {
        /// The HTTP status.
        status: u16,
        /// Whether the call is carried out all the same.
        effect: bool,
        /// The seconds of a `Retry-After` header.
        retry_after: Option<u64>,
    },
    /// The connection ends without an answer.
    Drop {
        /// Whether the call is carried out all the same.
        effect: bool,
    },
    /// The answer comes late, or piece by piece.
    Slow {
        /// How long it takes, to the answer or between two pieces.
        wait: Duration,
        /// How many bytes come at once; all of them where it is not said.
        chunk: Option<usize>,
    },
    /// The answer ends in its middle.
    Truncate {
        /// Whether its length is given as what it is, so that nothing but its XML is broken.
        clean: bool,
    },
    /// The answer comes twice, as one body.
    Twice,
    /// A page of HTML in place of the answer, as a proxy gives it.
    Html {
        /// The HTTP status.
        status: u16,
        /// Whether the call is carried out all the same.
        effect: bool,
    },
    /// A page of a listing is not as one expects it, and right all the same.
    Page(BadPage),
}

/// How the pages of a listing are on a bad day. That a page may hold fewer than were asked for is documented (E-009);
/// how few, and what a marker looks like, is not: no evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadPage {
    /// It holds nothing, and says that there is more.
    Empty,
    /// Its marker is made of what a form must encode.
    OddMarker,
    /// Its marker is the one that asked for it, so that there is no end.
    SameMarker,
}

/// How far back the past reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// So long ago.
    Time(Duration),
    /// So many calls ago.
    Calls(u64),
}

impl InjectedFault {
    /// The word in files and in counts.
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
            Self::Page(BadPage::Empty) => "empty-page",
            Self::Page(BadPage::OddMarker) => "odd-marker",
            Self::Page(BadPage::SameMarker) => "same-marker",
        }
    }

    /// How far back it needs the past.
    #[must_use]
    pub const fn window(self) -> Option<Window> {
        match self {
            Self::Lag(window) | Self::Lingering(window) | Self::Unmodifiable(window) => {
                Some(window)
            }
            _ => None,
        }
    }

    /// What is odd about the page of a listing.
    pub(crate) const fn page(self) -> Option<BadPage> {
        match self {
            Self::Page(bad) => Some(bad),
            _ => None,
        }
    }

    /// Whether the call is not carried out.
    #[must_use]
    pub const fn prevents(self) -> bool {
        match self {
            Self::Concurrent | Self::Throttle { .. } => true,
            Self::Fail { effect, .. } | Self::Drop { effect } | Self::Html { effect, .. } => {
                !effect
            }
            _ => false,
        }
    }

    /// What is answered in place of the answer, where that is an IAM error.
    pub(crate) fn refusal(self, request_id: &str) -> Option<(u16, String)> {
        let said = |fact: &Fact| {
            let code = fact.code.unwrap_or_default();
            (fact.http.unwrap_or(400), xml_write::error(code, fact.message, request_id))
        };
        Some(match self {
            Self::Concurrent => said(F_009),
            Self::Throttle { .. } => said(F_011),
            // The code is documented for 500 (D-022), and no text known. That there is a 503 at all
            // has no evidence.
            Self::Fail { status: 503, .. } => {
                (503, xml_write::error("ServiceUnavailable", None, request_id))
            }
            Self::Fail { status, .. } => {
                (status, xml_write::error("ServiceFailure", None, request_id))
            }
            _ => return None,
        })
    }

    /// When to come back, where it says so.
    pub(crate) const fn retry_after(self) -> Option<u64> {
        match self {
            Self::Throttle { retry_after } | Self::Fail { retry_after, .. } => retry_after,
            _ => None,
        }
    }
}

/// What a proxy says that has lost its server. No evidence: AWS's own were not recorded.
const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n<body><h1>502 Bad Gateway</h1></body></html>\n";

/// The answer as it arrives. `None` where nothing does.
pub(crate) fn spoil(fault: InjectedFault, mut reply: Reply) -> Option<Reply> {
    if let Some((status, body)) = fault.refusal(&reply.id) {
        (reply.status, reply.body) = (status, body);
    }
    reply.retry_after = fault.retry_after();
    match fault {
        InjectedFault::Drop { .. } => return None,
        InjectedFault::Slow { wait, chunk: Some(_) } => reply.pause = wait,
        InjectedFault::Slow { wait, chunk: None } => reply.late = wait,
        InjectedFault::Truncate { clean } => {
            let whole = reply.body.len();
            let half = (0..=whole / 2).rev().find(|at| reply.body.is_char_boundary(*at));
            reply.body.truncate(half.unwrap_or_default());
            reply.declared = (!clean).then_some(whole);
        }
        InjectedFault::Twice => reply.body = reply.body.repeat(2),
        InjectedFault::Html { status, .. } => {
            PAGE.clone_into(&mut reply.body);
            (reply.status, reply.kind) = (status, "text/html");
        }
        _ => {}
    }
    if let InjectedFault::Slow { chunk, .. } = fault {
        reply.chunk = chunk;
    }
    Some(reply)
}
