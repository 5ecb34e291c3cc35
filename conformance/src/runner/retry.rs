//! When a call is asked again: where that is safe, where what was lost can be told by a read, and where
//! an endpoint is given time to settle.
//!
//! How long to go on asking for what must be removed.

use std::time::Duration;

use iamspec_model::{ErrorCode, Filter, Operation, Resource, ResourceKind};

use crate::endpoint::Endpoint;
use crate::oracle::{Oracle, Tier, Verdict};
use crate::response::{FailureKind, Response};

/// How often a call is asked again that cannot have done anything.
const TRIES: u32 = 5;

/// Whether the call can be asked once more without harm: nothing was done, or nothing ever is. Whoever has
/// not been `heard` yet may not be there at all.
pub(crate) fn is_safe(op: &Operation, observed: &Response, tries: u32, heard: bool) -> bool {
    let Response::Interrupted(it) = observed else { return false };
    let most = match it.cause {
        FailureKind::Transient => TRIES,
        FailureKind::Unreachable if heard => TRIES,
        FailureKind::Reset | FailureKind::Failure if heard && op.is_read() => TRIES,
        FailureKind::Timeout if heard && op.is_read() => 1,
        _ => 0,
    };
    tries < most
}

/// Whether the answer may be one that passes while an endpoint settles: a read that shows otherwise than
/// it should, or a refusal, which has changed nothing.
pub(crate) fn may_settle(op: &Operation, observed: &Response, judge: &Oracle) -> bool {
    let refused = match observed {
        Response::Refused { code, .. }
            if code == ErrorCode::EntityTemporarilyUnmodifiable.name() =>
        {
            return true;
        }
        Response::Refused { .. } => true,
        Response::Done(_) => false,
        Response::Interrupted(_) => return false,
    };
    let verdict = judge.clone().judge(op, observed);
    let differs = matches!(verdict, Verdict::Diverges(it) if it.tier != Tier::Text);
    differs && (refused || op.is_read())
}

/// Whether the answer was lost on its way, so that the call may have been carried out.
pub(crate) fn is_lost(observed: &Response) -> bool {
    let lost = [FailureKind::Reset, FailureKind::Timeout, FailureKind::Failure];
    matches!(observed, Response::Interrupted(it) if lost.contains(&it.cause))
}

/// What tells whether a call about an object was carried out, where its answer was lost.
pub(crate) fn tells(op: &Operation) -> Vec<Operation> {
    let read = |object: Resource| match object.class {
        ResourceKind::Group | ResourceKind::Policy => Operation::Read(object),
        ResourceKind::Device => Operation::ListAll(ResourceKind::Device, Filter::All),
    };
    match op.sound() {
        Operation::Create(object) | Operation::Delete(object) => vec![read(object)],
        Operation::Rename(object, name) => {
            let renamed = name.map(|item| read(Resource { item, ..object }));
            [read(object)].into_iter().chain(renamed).collect()
        }
        _ => Vec::new(),
    }
}

/// How long to go on asking where nobody answers, or something passes.
#[derive(Clone, Copy, Debug, Default)]
pub struct RetryPolicy {
    unanswered: usize,
    /// How long a conflict may linger.
    settle: Duration,
}

impl RetryPolicy {
    /// So many calls in a row are worth asking without an answer.
    pub const MOST: usize = 3;

    /// So often a call is asked again that is refused for something that passes by itself.
    const TRIES: u32 = 5;

    /// So often a call is asked again where the answer was broken: what is removed twice is gone.
    const BROKEN: u32 = 1;

    /// One for an endpoint whose conflicts may linger for so long.
    #[must_use]
    pub fn settling(settle: Duration) -> Self {
        Self { settle, ..Self::default() }
    }

    /// Asks, and again where that may help; not at all where nobody has answered for long.
    pub fn ask(&mut self, op: &Operation, endpoint: &mut dyn Endpoint) -> Response {
        if self.unanswered >= Self::MOST {
            return Response::interrupted(FailureKind::Unsent, "nobody answered the calls before");
        }
        let mut answer = endpoint.ask(op);
        let (mut tries, mut waited) = (0, Duration::ZERO);
        while tries < self.tries(&answer, waited) {
            waited += endpoint.wait(tries);
            tries += 1;
            answer = endpoint.ask(op);
        }
        let silent = matches!(&answer, Response::Interrupted(it) if it.cause.is_silence());
        self.unanswered = if silent { self.unanswered + 1 } else { 0 };
        answer
    }

    /// How often it is worth asking after this answer.
    fn tries(&self, answer: &Response, waited: Duration) -> u32 {
        let conflict = |code: &str| code == ErrorCode::DeleteConflict.name();
        match answer {
            _ if answer.may_pass() => Self::TRIES,
            Response::Refused { code, .. } if conflict(code) && waited < self.settle => u32::MAX,
            Response::Interrupted(it)
                if matches!(it.cause, FailureKind::Unreadable | FailureKind::Garbled) =>
            {
                Self::BROKEN
            }
            _ => 0,
        }
    }
}
