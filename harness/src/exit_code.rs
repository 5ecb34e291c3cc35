//! The exit codes of all commands: their numbers, names and meanings, and how results combine.
//!
//! Key functions: [`of`] decides the code of one result, [`gravest`] combines the codes of several.

/// Everything that ran conforms.
pub const CONFORMS: u8 = 0;
/// An unexpected divergence, or a known failure that is stale or invalid.
pub const DIVERGES: u8 = 1;
/// A wrong command line or file, or an internal error of iamspec.
pub const USAGE: u8 = 2;
/// Nothing diverged, but the result is incomplete: the endpoint did not respond or was not
/// understood, the run was stopped, or resources were not deleted.
pub const INCONCLUSIVE: u8 = 3;
/// Nothing ran.
pub const NOTHING_RAN: u8 = 4;
/// `plan`: other calls must succeed before the user can be deleted.
pub const NOT_YET: u8 = 5;

/// Every exit code with its name and its meaning, as `--help` and the documents print it.
pub const ALL: [(u8, &str, &str); 6] = [
    (CONFORMS, "CONFORMS", "everything that ran conforms"),
    (DIVERGES, "DIVERGES", "an unexpected divergence, or a stale or invalid known failure"),
    (USAGE, "USAGE", "a wrong command line or file, or an internal error"),
    (
        INCONCLUSIVE,
        "INCONCLUSIVE",
        "incomplete: no usable response, stopped, or resources not deleted",
    ),
    (NOTHING_RAN, "NOTHING_RAN", "nothing ran"),
    (NOT_YET, "NOT_YET", "plan: the user cannot be deleted yet"),
];

/// The codes by severity, the most severe first.
///
/// A usage error comes first: its result cannot be trusted. A divergence comes before an endpoint
/// that did not respond: an unreachable endpoint must not hide a divergence of another one.
const GRAVITY: [u8; 6] = [USAGE, DIVERGES, INCONCLUSIVE, NOTHING_RAN, NOT_YET, CONFORMS];

/// The parts of a result that decide its exit code.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// Something diverges, and no known failure covers it.
    pub diverges: bool,
    /// The result is incomplete.
    pub inconclusive: bool,
    /// Nothing ran.
    pub nothing_ran: bool,
}

/// The exit code of one result: that of its most severe part.
#[must_use]
pub fn of(outcome: Outcome) -> u8 {
    let parts = [
        (outcome.diverges, DIVERGES),
        (outcome.inconclusive, INCONCLUSIVE),
        (outcome.nothing_ran, NOTHING_RAN),
        (true, CONFORMS),
    ];
    gravest(parts.into_iter().filter_map(|(applies, code)| applies.then_some(code)))
}

/// The exit code of several results: the most severe one. Without a result, nothing ran.
///
/// An unknown code, such as one from a newer version, counts as a usage error.
#[must_use]
pub fn gravest(codes: impl IntoIterator<Item = u8>) -> u8 {
    let gravity = |code: &u8| GRAVITY.iter().position(|it| it == code).unwrap_or(0);
    codes.into_iter().min_by_key(gravity).unwrap_or(NOTHING_RAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_code_wins_in_either_order() {
        for (grave, light) in [
            (USAGE, DIVERGES),
            (DIVERGES, INCONCLUSIVE),
            (INCONCLUSIVE, NOTHING_RAN),
            (NOTHING_RAN, NOT_YET),
            (NOT_YET, CONFORMS),
            (DIVERGES, CONFORMS),
            (99, DIVERGES),
        ] {
            assert_eq!(gravest([grave, light]), grave);
            assert_eq!(gravest([light, grave]), grave);
        }
        assert_eq!(gravest([]), NOTHING_RAN);
        assert_eq!(gravest([CONFORMS]), CONFORMS);
    }

    #[test]
    fn a_divergence_decides_before_an_incomplete_result() {
        let all = Outcome { diverges: true, inconclusive: true, nothing_ran: true };
        assert_eq!(of(all), DIVERGES);
        assert_eq!(of(Outcome { diverges: false, ..all }), INCONCLUSIVE);
        assert_eq!(of(Outcome { nothing_ran: true, ..Outcome::default() }), NOTHING_RAN);
        assert_eq!(of(Outcome::default()), CONFORMS);
    }
}
