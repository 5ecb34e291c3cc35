//! How long to go on asking for what must be removed.

use std::time::Duration;

use iamspec_model::{Code, Operation};

use crate::endpoint::Endpoint;
use crate::observed::{Cause, Observed};

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
