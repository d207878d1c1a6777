//! How parts of an order are written, and read in each form that the vendor takes.

use std::fmt;

use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// Whether a truth value can be left out.
pub(super) const fn is_false(value: &bool) -> bool {
    !*value
}

/// Whether a part has nothing in it.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// One entry as it is, several as a list: "O/A" in the document's tables.
pub(super) mod one_or_many {
    use super::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in super::super) fn serialize<T: Serialize, S: Serializer>(list: &[T], serializer: S) -> Result<S::Ok, S::Error> {
        match list {
            [one] => one.serialize(serializer),
            many => many.serialize(serializer),
        }
    }

    pub(in super::super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<T>, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum OneOrMany<T> {
            Many(Vec<T>),
            One(T),
            None,
        }
        Ok(match OneOrMany::deserialize(deserializer)? {
            OneOrMany::Many(many) => many,
            OneOrMany::One(one) => vec![one],
            OneOrMany::None => Vec::new(),
        })
    }
}

/// A number, or text that is one.
pub(super) mod number {
    use super::{Deserializer, Error, Visitor, fmt};

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
        struct Number;

        impl Visitor<'_> for Number {
            type Value = u32;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<u32, E> {
                u32::try_from(value).map_err(|_| E::custom("the number is too large"))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<u32, E> {
                u32::try_from(value).map_err(|_| E::custom("the number is negative"))
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<u32, E> {
                value.trim().parse().map_err(|_| E::custom("the text is no number"))
            }
        }

        deserializer.deserialize_any(Number)
    }
}

/// Bytes as Base64.
pub(super) mod base64 {
    use ::base64::Engine as _;
    use ::base64::engine::general_purpose::STANDARD;
    use idv_core::Pii;

    use super::{Deserialize, Deserializer, Error, Serialize, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(bytes: &Option<Pii<Vec<u8>>>, serializer: S) -> Result<S::Ok, S::Error> {
        bytes.as_ref().map(|bytes| STANDARD.encode(bytes.expose())).serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Pii<Vec<u8>>>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| STANDARD.decode(text).map(Pii::new).map_err(|_| D::Error::custom("it is not Base64"))).transpose()
    }
}

/// A truth value, also one that is written as text or as a number.
pub(super) mod flag {
    use super::{Deserialize, Deserializer};

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Flag {
            Bool(bool),
            Number(u64),
            Text(String),
            None,
        }
        Ok(match Flag::deserialize(deserializer)? {
            Flag::Bool(value) => value,
            Flag::Number(value) => value == 1,
            Flag::Text(value) => matches!(value.as_str(), "true" | "1"),
            Flag::None => false,
        })
    }
}
