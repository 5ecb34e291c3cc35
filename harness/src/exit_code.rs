//! What a script reads: the exit codes of every command.

/// As it should be.
pub const CONFORMS: u8 = 0;
/// An unexpected divergence, or an expectation that is stale or unknown.
pub const DIVERGES: u8 = 1;
/// A wrong command line or file, or a fault of our own.
pub const USAGE: u8 = 2;
/// The target could not be reached or understood, the run was stopped, or something was left behind
/// that no divergence explains; nothing diverged.
pub const INCONCLUSIVE: u8 = 3;
/// Nothing ran.
pub const NOTHING_RAN: u8 = 4;

/// `plan`: a user cannot be deleted before something else is done.
pub const NOT_YET: u8 = 5;

/// Every exit code with its meaning, as `--help` and the README print it.
pub const ALL: [(u8, &str); 6] = [
    (CONFORMS, "as it should be"),
    (DIVERGES, "an unexpected divergence, or an expectation that is stale or unknown"),
    (USAGE, "a wrong command line or file, or a fault of our own"),
    (
        INCONCLUSIVE,
        "the target could not be reached or understood, kept what was made, or the run was stopped; nothing diverged",
    ),
    (NOTHING_RAN, "nothing ran"),
    (NOT_YET, "plan: a user cannot be deleted yet"),
];

/// The codes by gravity, the gravest first.
///
/// A usage error comes first: its result cannot be trusted. A divergence comes before an endpoint that did not
/// answer: an unreachable endpoint must not hide a divergence of another one.
const GRAVITY: [u8; 6] = [USAGE, DIVERGES, INCONCLUSIVE, NOTHING_RAN, NOT_YET, CONFORMS];

/// The one exit code of several results: the gravest. Without a result, nothing ran.
///
/// A code that this version does not know is as grave as a usage error.
#[must_use]
pub fn gravest(codes: impl IntoIterator<Item = u8>) -> u8 {
    let gravity = |code: &u8| GRAVITY.iter().position(|it| it == code).unwrap_or(0);
    codes.into_iter().min_by_key(gravity).unwrap_or(NOTHING_RAN)
}

#[cfg(test)]
mod tests {
    use super::{CONFORMS, DIVERGES, INCONCLUSIVE, NOT_YET, NOTHING_RAN, USAGE, gravest};

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
}
