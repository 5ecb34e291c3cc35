//! A part of a suite: what one of several runs plays, so that they play all of it together.

use std::fmt;
use std::num::NonZeroUsize;
use std::str::FromStr;

/// One of several parts. What belongs to it depends on names alone, so that a script that is added moves
/// no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    number: NonZeroUsize,
    of: NonZeroUsize,
}

impl Shard {
    /// The part of this number, from 1 to as many as there are; nothing where there is no such part.
    #[must_use]
    pub fn new(number: usize, of: usize) -> Option<Self> {
        let (number, of) = (NonZeroUsize::new(number)?, NonZeroUsize::new(of)?);
        (number <= of).then_some(Self { number, of })
    }

    /// Its number, from 1.
    #[must_use]
    pub const fn number(self) -> usize {
        self.number.get()
    }

    /// How many there are.
    #[must_use]
    pub const fn of(self) -> usize {
        self.of.get()
    }

    /// Whether what is called so belongs to it. Of all parts exactly one says yes.
    #[must_use]
    pub fn takes(self, name: &str) -> bool {
        let of = u64::try_from(self.of()).unwrap_or(u64::MAX);
        let place = fnv(name) % of;
        usize::try_from(place).is_ok_and(|it| it + 1 == self.number())
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

/// FNV-1a: the same on every machine and in every release, which the standard library does not promise of
/// its own. Its high half is folded in, for few names differ in their low bits.
fn fnv(name: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    hash ^ (hash >> 32)
}
