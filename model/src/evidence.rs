//! The facts about AWS, and the level of a rule that cites them.
//!
//! The facts are data (`facts/facts.jsonl`). The build script turns each into a constant: a clause
//! cites `B_AK_04`, and a citation of a missing fact does not compile.

/// One fact about the real service.
#[derive(Debug, PartialEq, Eq)]
pub struct Fact {
    /// A stable name, such as `A-003`.
    pub id: &'static str,
    /// The action, or several actions, that the fact is about.
    pub operation: &'static str,
    /// The state before the call.
    pub state: &'static str,
    /// The request.
    pub input: &'static str,
    /// The HTTP status of the response.
    pub http: Option<u16>,
    /// The error code in the response.
    pub code: Option<&'static str>,
    /// The error text, with placeholders such as `{UserName}` for values of the request.
    pub message: Option<&'static str>,
    /// How certain the fact is.
    pub strength: Strength,
    /// How certain its error text is: weaker than `strength` if a source shows the code only.
    pub text_strength: Strength,
    /// The sources, with dates.
    pub source: &'static str,
    /// Further details, including contradictions.
    pub note: &'static str,
    /// The ids of the open questions that the fact answers.
    pub settles: &'static [&'static str],
    /// The ids of the facts that it confirms.
    pub confirms: &'static [&'static str],
    /// The ids of the facts that it contradicts.
    pub contradicts: &'static [&'static str],
    /// How the model resolves the contradiction. Every fact that contradicts another has a
    /// decision.
    pub decision: Option<&'static str>,
    /// How to answer an open question: `script NAME` or `requests: …`. Every open one has a probe.
    pub probe: Option<&'static str>,
}

impl Fact {
    /// Returns true if the fact is a question (an X row) that no other fact settles.
    #[must_use]
    pub fn is_open_question(&self) -> bool {
        self.strength == Strength::Unknown && !FACTS.iter().any(|it| it.settles.contains(&self.id))
    }

    /// The part of the note about this action, if the note lists many (D-022, D-023); otherwise the
    /// whole note.
    #[must_use]
    pub fn note_for(&self, api: &str) -> &'static str {
        let is_about =
            |part: &&str| part.strip_prefix(api).is_some_and(|rest| rest.starts_with([':', '(']));
        self.note.split(';').map(str::trim).find(is_about).unwrap_or(self.note)
    }
}

/// How certain a fact is, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// No evidence: the fact is an open question.
    Unknown,
    /// Recorded for a similar action, or seen in emulators only.
    Inferred,
    /// Real output that users quote.
    Reported,
    /// Stated in AWS's documentation or service model.
    Documented,
    /// Captured from the real service.
    Recorded,
}

impl Strength {
    /// The word in facts and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Inferred => "inferred",
            Self::Reported => "reported",
            Self::Documented => "documented",
            Self::Recorded => "recorded",
        }
    }
}

/// How strong the evidence of a clause is, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Unspecified: success and refusal both conform, and the report shows which one was observed.
    Unspecified,
    /// Inferred: a run reports a deviation and does not fail.
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
            Self::Unspecified => "open",
            Self::Info => "info",
            Self::Should => "should",
            Self::Must => "must",
        }
    }

    const fn of(strength: Strength) -> Self {
        match strength {
            Strength::Unknown => Self::Unspecified,
            Strength::Inferred => Self::Info,
            Strength::Reported => Self::Should,
            Strength::Documented | Strength::Recorded => Self::Must,
        }
    }
}

/// The facts that support one tier of a clause, with the resulting level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The facts.
    pub facts: &'static [&'static Fact],
    /// The level that they give to a clause.
    pub level: Level,
}

impl Evidence {
    /// Evidence as binding as the strongest of these facts.
    #[must_use]
    pub const fn by(facts: &'static [&'static Fact]) -> Self {
        let mut remaining = facts;
        let mut level = Level::Unspecified;
        while let [fact, rest @ ..] = remaining {
            let fact_level = Level::of(fact.strength);
            if fact_level as u8 > level as u8 {
                level = fact_level;
            }
            remaining = rest;
        }
        Self { facts, level }
    }

    /// Evidence from facts about similar actions: inferred, regardless of their own strength.
    #[must_use]
    pub const fn like(facts: &'static [&'static Fact]) -> Self {
        Self { facts, level: Level::Info }
    }

    /// Facts that leave the behavior unspecified or contradict each other: both responses conform.
    #[must_use]
    pub const fn unspecified(facts: &'static [&'static Fact]) -> Self {
        Self { facts, level: Level::Unspecified }
    }

    /// The same evidence for the text: as binding as the strongest text, and no more binding than
    /// before. Facts without a text do not count.
    #[must_use]
    pub const fn of_text(self) -> Self {
        let mut remaining = self.facts;
        let mut strongest = Level::Unspecified;
        let mut has_text = false;
        while let [fact, rest @ ..] = remaining {
            if fact.message.is_some() {
                has_text = true;
                let level = Level::of(fact.text_strength);
                if level as u8 > strongest as u8 {
                    strongest = level;
                }
            }
            remaining = rest;
        }
        let is_weaker = has_text && (strongest as u8) < self.level as u8;
        Self { facts: self.facts, level: if is_weaker { strongest } else { self.level } }
    }

    /// The error texts of these facts, in the order of the clause: newest first.
    pub fn texts(self) -> impl Iterator<Item = &'static str> {
        self.facts.iter().filter_map(|fact| fact.message)
    }
}

/// The fact with this id, such as `A-003`.
#[must_use]
pub fn fact(id: &str) -> Option<&'static Fact> {
    FACTS.into_iter().find(|fact| fact.id == id)
}

include!(concat!(env!("OUT_DIR"), "/facts.rs"));
