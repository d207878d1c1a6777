//! Ids of flows.

use std::fmt;
use std::str::FromStr;

use idv_core::Random;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::FlowError;

/// The id of a flow: 128 random bits, written as 32 hexadecimal digits.
///
/// Unlike references and vendors' ids, it grants access to nothing. It may be printed, logged and
/// used in URLs.
///
/// ```
/// use idv_flow::FlowId;
///
/// let id: FlowId = "0123456789abcdef0123456789abcdef".parse()?;
/// assert_eq!(id.to_string(), "0123456789abcdef0123456789abcdef");
/// # Ok::<(), idv_flow::FlowError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowId([u8; 16]);

impl FlowId {
    /// Generates a new id.
    ///
    /// ```
    /// use idv_core::OsRandom;
    /// use idv_flow::FlowId;
    ///
    /// let id = FlowId::random(&OsRandom);
    /// assert_eq!(id.to_string().len(), 32);
    /// assert_ne!(id, FlowId::random(&OsRandom));
    /// ```
    #[must_use]
    pub fn random(random: &dyn Random) -> Self {
        let mut bits = [0; 16];
        random.fill(&mut bits);
        Self(bits)
    }

    /// Creates an id from its bits. Stores keep ids in this form.
    ///
    /// ```
    /// use idv_flow::FlowId;
    ///
    /// assert_eq!(FlowId::from_bytes([0xab; 16]).to_string(), "ab".repeat(16));
    /// ```
    #[must_use]
    pub const fn from_bytes(bits: [u8; 16]) -> Self {
        Self(bits)
    }

    /// Returns the bits of the id.
    ///
    /// ```
    /// use idv_flow::FlowId;
    ///
    /// let id: FlowId = "0123456789abcdef0123456789abcdef".parse()?;
    /// assert_eq!(id.as_bytes()[..4], [0x01, 0x23, 0x45, 0x67]);
    /// # Ok::<(), idv_flow::FlowError>(())
    /// ```
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for FlowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for FlowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for FlowId {
    type Err = FlowError;

    fn from_str(text: &str) -> Result<Self, FlowError> {
        let mut bits = [0; 16];
        hex::decode_to_slice(text, &mut bits).map_err(|_| {
            FlowError::Invalid("invalid flow id: expected 32 hexadecimal digits".to_owned())
        })?;
        Ok(Self(bits))
    }
}

impl Serialize for FlowId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for FlowId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_id_is_parsed_again() {
        let id = FlowId::random(&idv_core::OsRandom);
        assert_eq!(id.to_string().parse::<FlowId>().unwrap(), id);
        for text in ["", "0", &"g".repeat(32), &"0".repeat(33)] {
            assert!(text.parse::<FlowId>().is_err(), "{text}");
        }
    }
}
