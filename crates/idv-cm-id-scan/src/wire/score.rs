//! Scores of scans and tasks.

use std::fmt;

use idv_core::Pii;
use idv_core::adapter::wire::{Part, Shape};
use serde::de::Deserializer;
use serde_json::{Number, Value};

/// A score from 0 to 1. The vendor does not define its meaning.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Score {
    /// A number from 0 to 1.
    Of(f64),
    /// A value that is not a number from 0 to 1. It is kept so that it cannot pass for a good
    /// score.
    Unreadable(Pii<Value>),
}

impl Score {
    /// Returns the score, from 0 to 1.
    #[must_use]
    pub const fn value(&self) -> Option<f64> {
        match self {
            Self::Of(score) => Some(*score),
            Self::Unreadable(_) => None,
        }
    }

    /// Returns the value as JSON.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Of(score) => Number::from_f64(*score).map_or(Value::Null, Value::Number),
            Self::Unreadable(value) => value.expose().clone(),
        }
    }
}

impl fmt::Debug for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Of(score) => f.debug_tuple("Of").field(score).finish(),
            Self::Unreadable(_) => f.write_str("Unreadable"),
        }
    }
}

impl<'de> Part<'de> for Score {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Shape<Self>, D::Error> {
        Ok(Value::read(deserializer)?.map(|value| {
            let number = match &value {
                Value::Number(number) => number.as_f64(),
                Value::String(text) => text.trim().parse().ok(),
                _ => None,
            };
            number
                .filter(|number| (0.0..=1.0).contains(number))
                .map_or(Self::Unreadable(Pii::new(value)), Self::Of)
        }))
    }
}
