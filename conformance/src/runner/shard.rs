//! Shards: disjoint parts of a suite, which separate runs execute.

use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

/// One shard of a suite, such as `2/8`.
///
/// Membership depends only on a name. A new script does not move other scripts to another shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    number: NonZeroUsize,
    of: NonZeroUsize,
}

impl Shard {
    /// Creates the shard with this number, counted from 1. Returns `None` if there is no such
    /// shard.
    #[must_use]
    pub fn new(number: usize, of: usize) -> Option<Self> {
        let (number, of) = (NonZeroUsize::new(number)?, NonZeroUsize::new(of)?);
        (number <= of).then_some(Self { number, of })
    }

    /// Returns the number of this shard, counted from 1.
    #[must_use]
    pub const fn number(self) -> usize {
        self.number.get()
    }

    /// Returns the number of shards.
    #[must_use]
    pub const fn of(self) -> usize {
        self.of.get()
    }

    /// Returns true if the script or generated suite with this name is in this shard. Each name is
    /// in exactly one shard.
    #[must_use]
    pub fn contains(self, name: &str) -> bool {
        let of = u64::try_from(self.of()).unwrap_or(u64::MAX);
        usize::try_from(hash(name) % of).is_ok_and(|it| it + 1 == self.number())
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/');
        let numbers = numbers.and_then(|(one, of)| Some((one.parse().ok()?, of.parse().ok()?)));
        numbers
            .and_then(|(number, of)| Self::new(number, of))
            .ok_or_else(|| format!("expected a shard such as `2/8`, from `1/8` on, found `{text}`"))
    }
}

/// FNV-1a, hand-written because the hash must stay the same on every machine and in every release;
/// the standard library does not promise that. Few names differ in the low bits, so the high
/// half is folded in.
fn hash(name: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    hash ^ (hash >> 32)
}
