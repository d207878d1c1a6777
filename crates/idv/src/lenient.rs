//! Values as files write them, and as environment variables do, which know text alone.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// A whole number that is not negative: a number in a file, digits in the environment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Number(pub(crate) u64);

impl Number {
    /// The number as a smaller type; an error in words where it does not fit.
    pub(crate) fn fit<T: TryFrom<u64>>(self, key: &str) -> Result<T, String> {
        T::try_from(self.0).map_err(|_| format!("{key} is too large"))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number that is not negative")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Number, E> {
        Ok(Number(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Number, E> {
        u64::try_from(number).map(Number).map_err(|_| E::custom("a whole number that is not negative is expected"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
        text.parse().map(Number).map_err(|_| E::custom("a whole number that is not negative is expected"))
    }
}

/// Yes or no: a boolean in a file, `true` or `false` in the environment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flag(
    #[cfg_attr(not(feature = "reqwest"), allow(dead_code, reason = "read for its errors alone"))] pub(crate) bool,
);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FlagVisitor)
    }
}

struct FlagVisitor;

impl Visitor<'_> for FlagVisitor {
    type Value = Flag;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true or false")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Flag, E> {
        Ok(Flag(value))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Flag, E> {
        text.parse().map(Flag).map_err(|_| E::custom("true or false is expected"))
    }
}
