//! A set of outcomes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::observation::Outcome;

/// A set of outcomes, one bit each. The bit of an outcome is its discriminant, which is part of the
/// stored format.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Outcomes(u8);

impl Outcomes {
    pub(super) fn insert(&mut self, outcome: Outcome) {
        self.0 |= 1 << outcome as u8;
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) const fn contains_all(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns the outcome if there is exactly one.
    pub(super) fn single(self) -> Option<Outcome> {
        Outcome::ALL
            .iter()
            .copied()
            .find(|outcome| self.0 == 1 << *outcome as u8)
    }
}

impl fmt::Debug for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(
                Outcome::ALL
                    .iter()
                    .filter(|outcome| self.0 & (1 << **outcome as u8) != 0),
            )
            .finish()
    }
}
