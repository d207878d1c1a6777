//! Ids that repeat in every run with the same seed.

use std::hash::{BuildHasher as _, RandomState};

/// Returns a new seed for each start. It fits into a JSON number without loss of precision.
pub(crate) fn fresh_seed() -> u64 {
    RandomState::new().hash_one("seed") >> 11
}

/// A generator of ids, which need not be unpredictable.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the state of the generator.
    pub(crate) const fn state(&self) -> u64 {
        self.0
    }

    /// Returns the next 64 bits (SplitMix64).
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// Returns a number below `limit`.
    pub(crate) fn number(&mut self, limit: u32) -> u32 {
        u32::try_from(self.next() % u64::from(limit.max(1))).unwrap_or_default()
    }

    /// Returns letters and digits that are not easily confused.
    pub(crate) fn letters(&mut self, count: usize) -> String {
        const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        (0..count)
            .filter_map(|_| {
                LETTERS
                    .get(self.number(32) as usize)
                    .map(|letter| char::from(*letter))
            })
            .collect()
    }

    /// Returns text in the form of a UUID of version 4.
    pub(crate) fn uuid(&mut self) -> String {
        let (a, b) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            a >> 32,
            a >> 16 & 0xFFFF,
            a & 0xFFF,
            b >> 52,
            b & 0xFFFF_FFFF_FFFF
        )
    }
}
