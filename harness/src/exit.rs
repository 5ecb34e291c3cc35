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
