//! Serializes parts of an order, and deserializes them from every form that the vendor accepts.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// Returns whether a boolean can be omitted.
pub(super) const fn is_false(value: &bool) -> bool {
    !*value
}

/// Returns whether a part is empty.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A single entry as an object, several as an array: "O/A" in the document's tables.
pub(super) mod one_or_many {
    use super::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in super::super) fn serialize<T: Serialize, S: Serializer>(
        list: &[T],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
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

/// Deserializes null as absent.
pub(super) fn or_default<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A number without a fraction, or the text of one.
pub(super) mod number {
    use super::{Deserialize, Deserializer, Error, PhantomData, Visitor, fmt};

    pub(in super::super) fn deserialize<'de, T: TryFrom<i64>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        Ok(deserializer.deserialize_any(Number(PhantomData))?.0)
    }

    /// Deserializes a number that may be absent or null.
    pub(in super::super) fn optional<'de, T: TryFrom<i64>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<T>, D::Error> {
        Ok(Option::<Read<T>>::deserialize(deserializer)?.map(|read| read.0))
    }

    struct Read<T>(T);

    impl<'de, T: TryFrom<i64>> Deserialize<'de> for Read<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_any(Number(PhantomData))
        }
    }

    struct Number<T>(PhantomData<T>);

    impl<T: TryFrom<i64>> Visitor<'_> for Number<T> {
        type Value = Read<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number")
        }

        fn visit_u64<E: Error>(self, value: u64) -> Result<Read<T>, E> {
            i64::try_from(value)
                .map_err(|_| E::custom("the number is too large"))
                .and_then(|value| self.visit_i64(value))
        }

        fn visit_i64<E: Error>(self, value: i64) -> Result<Read<T>, E> {
            T::try_from(value)
                .map(Read)
                .map_err(|_| E::custom("the number is out of range"))
        }

        fn visit_str<E: Error>(self, value: &str) -> Result<Read<T>, E> {
            value
                .trim()
                .parse()
                .map_err(|_| E::custom("the text is not a number"))
                .and_then(|value| self.visit_i64(value))
        }
    }
}

/// Bytes as Base64.
pub(super) mod base64 {
    use ::base64::Engine as _;
    use ::base64::engine::general_purpose::STANDARD;
    use idv_core::Pii;

    use super::{Deserialize, Deserializer, Error, Serialize, Serializer};

    pub(in super::super) fn serialize<S: Serializer>(
        bytes: &Option<Pii<Vec<u8>>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        bytes
            .as_ref()
            .map(|bytes| STANDARD.encode(bytes.expose()))
            .serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Pii<Vec<u8>>>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| {
            STANDARD
                .decode(text)
                .map(Pii::new)
                .map_err(|_| D::Error::custom("invalid Base64"))
        })
        .transpose()
    }
}

/// A boolean, also as text or as a number.
pub(super) mod flag {
    use super::{Deserialize, Deserializer};

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<bool, D::Error> {
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
