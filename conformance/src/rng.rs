//! Reproducible random numbers: the same seed gives the same choices on every platform and in every version.

/// `SplitMix64`, by its seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rng(pub u64);

impl Rng {
    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }

    /// Whether what comes about so often, from 0 to 1, comes about now.
    pub fn comes_about(&mut self, often: f64) -> bool {
        let drawn = u32::try_from(self.next() >> 32).unwrap_or(u32::MAX);
        f64::from(drawn) / (f64::from(u32::MAX) + 1.0) < often
    }

    /// A number below this one; 0 where that is 0.
    pub fn below(&mut self, most: u32) -> u32 {
        u32::try_from(self.next() % u64::from(most.max(1))).unwrap_or(0)
    }

    /// A number from 0 to this one.
    pub const fn up_to(&mut self, most: u64) -> u64 {
        match most.checked_add(1) {
            Some(numbers) => self.next() % numbers,
            None => self.next(),
        }
    }

    /// One of these; nothing where there is none.
    pub fn pick<T: Copy>(&mut self, among: &[T]) -> Option<T> {
        let number = u32::try_from(among.len()).unwrap_or(u32::MAX);
        among.get(self.below(number) as usize).copied()
    }
}
