//! Random choices that are the same for the same seed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use idv::Random;

/// A generator (SplitMix64). Clones continue the same sequence.
#[derive(Debug, Clone)]
pub struct Chance(Arc<Mutex<u64>>);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(
            seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66_D1CE_4E5B,
        )))
    }

    /// Returns an independent generator, so that draws in one part of a world do not affect
    /// another.
    pub fn fork(&self) -> Self {
        Self::new(self.bits())
    }

    pub fn bits(&self) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = *state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// Returns a number of at least `from` and below `to`.
    pub fn between(&self, from: u64, to: u64) -> u64 {
        from + self.bits() % (to - from)
    }

    /// Returns true with this probability, in percent.
    pub fn percent(&self, percent: u64) -> bool {
        self.between(0, 100) < percent
    }

    pub fn index(&self, length: usize) -> usize {
        usize::try_from(self.between(0, length as u64)).unwrap()
    }

    pub fn pick<T: Clone>(&self, choices: &[T]) -> T {
        choices[self.index(choices.len())].clone()
    }

    /// Returns a time, uniform over orders of magnitude: seconds are as likely as hours.
    pub fn between_times(&self, shortest: Duration, longest: Duration) -> Duration {
        let (low, high) = (
            shortest.as_secs_f64().max(0.001).ln(),
            longest.as_secs_f64().ln(),
        );
        let unit = self.between(0, 1 << 20) as f64 / f64::from(1 << 20);
        Duration::from_millis(((low + (high - low) * unit).exp() * 1000.0) as u64)
    }
}

impl Random for Chance {
    fn fill(&self, buffer: &mut [u8]) {
        for part in buffer.chunks_mut(8) {
            part.copy_from_slice(&self.bits().to_le_bytes()[..part.len()]);
        }
    }
}
