//! What is known of the real service, and how binding it is.
//!
//! The facts are data (`facts/facts.jsonl`), turned into constants when the crate is built: a claim
//! cites `B_AK_04`, and a fact that does not exist does not compile.

/// One row of what is known of the real service.
#[derive(Debug, PartialEq, Eq)]
pub struct Fact {
    /// A stable name, such as `A-003`.
    pub id: &'static str,
    /// The operation, or several, that the row speaks of.
    pub operation: &'static str,
    /// The state in which the call was made.
    pub state: &'static str,
    /// What was sent.
    pub input: &'static str,
    /// The HTTP status that was answered.
    pub http: Option<u16>,
    /// The error code on the wire.
    pub code: Option<&'static str>,
    /// The text, with `{UserName}` and the like for values as they were sent.
    pub message: Option<&'static str>,
    /// How sure it is.
    pub strength: Strength,
    /// Where it comes from, with dates.
    pub source: &'static str,
    /// What else is to be known, contradictions among it.
    pub note: &'static str,
}

impl Fact {
    /// What the note says of this call, where it goes through many (D-022, D-023); else the whole.
    #[must_use]
    pub fn note_on(&self, api: &str) -> &'static str {
        let of_call =
            |part: &&str| part.strip_prefix(api).is_some_and(|rest| rest.starts_with([':', '(']));
        self.note.split(';').map(str::trim).find(of_call).unwrap_or(self.note)
    }
}

/// How sure a fact is, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// No evidence: the row names a question.
    Unknown,
    /// Recorded for a sibling operation, or seen in emulators only.
    Inferred,
    /// Real output, quoted by users.
    Reported,
    /// AWS's documentation or service model says so.
    Documented,
    /// Captured from the real service.
    Recorded,
}

/// How binding a claim is, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Nobody knows: carrying out and refusing both conform, and the report says which was seen.
    Open,
    /// Inferred: a deviation is shown and never fails a run.
    Info,
    /// Reported: a deviation is a finding at level *should*.
    Should,
    /// Recorded or documented: a deviation is a finding at level *must*.
    Must,
}

impl Level {
    /// The word used in reports and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Info => "info",
            Self::Should => "should",
            Self::Must => "must",
        }
    }

    const fn of(strength: Strength) -> Self {
        match strength {
            Strength::Unknown => Self::Open,
            Strength::Inferred => Self::Info,
            Strength::Reported => Self::Should,
            Strength::Documented | Strength::Recorded => Self::Must,
        }
    }
}

/// The facts behind one tier of a claim, and how binding they make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What it rests on.
    pub facts: &'static [&'static Fact],
    /// How binding that is.
    pub level: Level,
}

impl Evidence {
    /// As binding as the strongest of these facts.
    #[must_use]
    pub const fn by(facts: &'static [&'static Fact]) -> Self {
        let mut rest = facts;
        let mut level = Level::Open;
        while let [first, others @ ..] = rest {
            let next = Level::of(first.strength);
            if next as u8 > level as u8 {
                level = next;
            }
            rest = others;
        }
        Self { facts, level }
    }

    /// These facts speak of sibling operations: inferred, whatever their own strength.
    #[must_use]
    pub const fn like(facts: &'static [&'static Fact]) -> Self {
        Self { facts, level: Level::Info }
    }

    /// These facts leave it open or contradict each other: both answers conform.
    #[must_use]
    pub const fn open(facts: &'static [&'static Fact]) -> Self {
        Self { facts, level: Level::Open }
    }

    /// The texts that these facts quote, newest first where the claim lists them so.
    pub fn texts(self) -> impl Iterator<Item = &'static str> {
        self.facts.iter().filter_map(|fact| fact.message)
    }
}

/// The fact with this id.
#[must_use]
pub fn fact(id: &str) -> Option<&'static Fact> {
    FACTS.into_iter().find(|fact| fact.id == id)
}

include!(concat!(env!("OUT_DIR"), "/facts.rs"));
