//! When a call is asked again: where that is safe, where what was lost can be told by a read, and where
//! an endpoint is given time to settle.
//!
//! How long to go on asking for what must be removed.

use std::time::Duration;

use iamspec_model::{Class, Code, Object, Operation, Which};

use crate::endpoint::Endpoint;
use crate::oracle::{Judge, Tier, Verdict};
use crate::response::{Cause, Observed};

/// How often a call is asked again that cannot have done anything.
const TRIES: u32 = 5;

/// Whether the call can be asked once more without harm: nothing was done, or nothing ever is. Whoever has
/// not been `heard` yet may not be there at all.
pub(crate) fn is_safe(op: &Operation, observed: &Observed, tries: u32, heard: bool) -> bool {
    let Observed::Interrupted(it) = observed else { return false };
    let most = match it.cause {
        Cause::Transient => TRIES,
        Cause::Unreachable if heard => TRIES,
        Cause::Reset | Cause::Failure if heard && op.is_read() => TRIES,
        Cause::Timeout if heard && op.is_read() => 1,
        _ => 0,
    };
    tries < most
}

/// Whether the answer may be one that passes while an endpoint settles: a read that shows otherwise than
/// it should, or a refusal, which has changed nothing.
pub(crate) fn may_settle(op: &Operation, observed: &Observed, judge: &Judge) -> bool {
    let refused = match observed {
        Observed::Refused { code, .. } if code == Code::EntityTemporarilyUnmodifiable.name() => {
            return true;
        }
        Observed::Refused { .. } => true,
        Observed::Done(_) => false,
        Observed::Interrupted(_) => return false,
    };
    let verdict = judge.clone().judge(op, observed);
    let differs = matches!(verdict, Verdict::Diverges(it) if it.tier != Tier::Text);
    differs && (refused || op.is_read())
}

/// Whether the answer was lost on its way, so that the call may have been carried out.
pub(crate) fn is_lost(observed: &Observed) -> bool {
    let lost = [Cause::Reset, Cause::Timeout, Cause::Failure];
    matches!(observed, Observed::Interrupted(it) if lost.contains(&it.cause))
}

/// What tells whether a call about an object was carried out, where its answer was lost.
pub(crate) fn tells(op: &Operation) -> Vec<Operation> {
    let read = |object: Object| match object.class {
        Class::Group | Class::Policy => Operation::Read(object),
        Class::Device => Operation::ListAll(Class::Device, Which::All),
    };
    match op.sound() {
        Operation::Create(object) | Operation::Delete(object) => vec![read(object)],
        Operation::Rename(object, name) => {
            let renamed = name.map(|item| read(Object { item, ..object }));
            [read(object)].into_iter().chain(renamed).collect()
        }
        _ => Vec::new(),
    }
}

/// How long answers took to settle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// How often the call was asked again.
    pub tries: u32,
    /// How long was waited in all.
    pub after: Duration,
}

/// How long to go on asking where nobody answers, or something passes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Patience {
    unanswered: usize,
    /// How long a conflict may linger.
    settle: Duration,
}

impl Patience {
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
    pub fn ask(&mut self, op: &Operation, endpoint: &mut dyn Endpoint) -> Observed {
        if self.unanswered >= Self::MOST {
            return Observed::interrupted(Cause::Unsent, "nobody answered the calls before");
        }
        let mut answer = endpoint.ask(op);
        let (mut tries, mut waited) = (0, Duration::ZERO);
        while tries < self.tries(&answer, waited) {
            waited += endpoint.wait(tries);
            tries += 1;
            answer = endpoint.ask(op);
        }
        let silent = matches!(&answer, Observed::Interrupted(it) if it.cause.is_silence());
        self.unanswered = if silent { self.unanswered + 1 } else { 0 };
        answer
    }

    /// How often it is worth asking after this answer.
    fn tries(&self, answer: &Observed, waited: Duration) -> u32 {
        let conflict = |code: &str| code == Code::DeleteConflict.name();
        match answer {
            _ if answer.may_pass() => Self::TRIES,
            Observed::Refused { code, .. } if conflict(code) && waited < self.settle => u32::MAX,
            Observed::Interrupted(it) if matches!(it.cause, Cause::Unreadable | Cause::Garbled) => {
                Self::BROKEN
            }
            _ => 0,
        }
    }
}
