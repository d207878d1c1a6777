//! How parts of a payload are read, whatever stands there.
//!
//! A part takes what it can use and passes over the rest: one of another shape is a missing part. How deep values nest is bounded by
//! serde_json.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use idv_core::Text;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Something that is read from whatever stands at its place.
pub(super) trait Part<'de>: Sized + Default {
    /// Reads it. What is not JSON is an error; what is of another shape is not.
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reading(PhantomData))
    }

    /// Text stands there, or a truth value.
    fn text(_: Text<'de>) -> Self {
        Self::default()
    }

    /// A number stands there.
    fn number(number: f64) -> Self {
        Self::text(Text::new(number.to_string()))
    }

    /// An object stands there.
    fn object<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        IgnoredAny.visit_map(map)?;
        Ok(Self::default())
    }

    /// An array stands there.
    fn array<A: SeqAccess<'de>>(seq: A) -> Result<Self, A::Error> {
        IgnoredAny.visit_seq(seq)?;
        Ok(Self::default())
    }
}

/// Reads a part at the place of a value.
pub(super) struct Place<P>(PhantomData<P>);

pub(super) const fn place<P>() -> Place<P> {
    Place(PhantomData)
}

impl<'de, P: Part<'de>> DeserializeSeed<'de> for Place<P> {
    type Value = P;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<P, D::Error> {
        P::read(deserializer)
    }
}

struct Reading<P>(PhantomData<P>);

impl<'de, P: Part<'de>> Visitor<'de> for Reading<P> {
    type Value = P;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<P, E> {
        Ok(P::text(Text::new(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<P, E> {
        Ok(P::text(Text::new(text.to_owned())))
    }

    fn visit_bool<E>(self, value: bool) -> Result<P, E> {
        Ok(P::text(Text::new(if value { "true" } else { "false" })))
    }

    fn visit_u64<E>(self, value: u64) -> Result<P, E> {
        // Text keeps every digit; a fraction of one is nothing that a document's number has.
        Ok(u32::try_from(value).map_or_else(|_| P::text(Text::new(value.to_string())), |small| P::number(f64::from(small))))
    }

    fn visit_i64<E>(self, value: i64) -> Result<P, E> {
        Ok(i32::try_from(value).map_or_else(|_| P::text(Text::new(value.to_string())), |small| P::number(f64::from(small))))
    }

    fn visit_f64<E>(self, value: f64) -> Result<P, E> {
        Ok(P::number(value))
    }

    fn visit_unit<E>(self) -> Result<P, E> {
        Ok(P::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<P, A::Error> {
        P::object(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<P, A::Error> {
        P::array(seq)
    }
}

/// The name of a member, borrowed where it stands in the payload as it is.
pub(super) struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

impl<'de> Part<'de> for Option<Text<'de>> {
    fn text(text: Text<'de>) -> Self {
        Some(text)
    }
}

/// A truth value; also one that is sent as text or as a number.
impl<'de> Part<'de> for Option<bool> {
    fn text(text: Text<'de>) -> Self {
        match text.expose() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }
}

/// A count; also one that is sent as text.
impl<'de> Part<'de> for Option<u32> {
    fn text(text: Text<'de>) -> Self {
        text.expose().parse().ok()
    }
}

/// A list; null is an empty one, and so is one that is missing.
impl<'de, P: Part<'de>> Part<'de> for Vec<P> {
    /// An entry that was written without brackets.
    fn text(text: Text<'de>) -> Self {
        vec![P::text(text)]
    }

    fn object<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        Ok(vec![P::read(MapAccessDeserializer::new(map))?])
    }

    fn array<A: SeqAccess<'de>>(mut seq: A) -> Result<Self, A::Error> {
        let mut list = Self::new();
        while let Some(entry) = seq.next_element_seed(place())? {
            list.push(entry);
        }
        Ok(list)
    }
}

/// A type with named parts, in the vendor's own words. Of a part that is repeated the last one counts.
macro_rules! object {
    ($(#[$doc:meta])* pub struct $object:ident<$life:lifetime> { $($(#[$part_doc:meta])* $($name:literal)|+ $field:ident: $type:ty,)* }
     $(else |$text:ident| $otherwise:expr)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $object<$life> {
            $($(#[$part_doc])* pub $field: $type,)*
        }

        impl<$life> $crate::wire::json::Part<$life> for $object<$life> {
            $(fn text($text: idv_core::Text<$life>) -> Self {
                $otherwise
            })?

            fn object<A: serde::de::MapAccess<$life>>(mut map: A) -> Result<Self, A::Error> {
                let mut object = Self::default();
                while let Some(name) = map.next_key_seed($crate::wire::json::Name)? {
                    match &*name {
                        $($($name)|+ => object.$field = map.next_value_seed($crate::wire::json::place())?,)*
                        _ => drop(map.next_value::<serde::de::IgnoredAny>()?),
                    }
                }
                Ok(object)
            }
        }
    };
}

pub(super) use object;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test says what is wrong by failing")]

    use super::*;

    fn read<'a, P: Part<'a>>(json: &'a str) -> P {
        P::read(&mut serde_json::Deserializer::from_str(json)).unwrap()
    }

    #[test]
    fn text_borrows_unless_a_character_is_escaped() {
        assert!(read::<Option<Text<'_>>>("\"MÜNCHEN\"").unwrap().is_borrowed());
        let escaped: Option<Text<'_>> = read("\"https:\\/\\/api.cm.com\\/\"");
        assert!(escaped.as_ref().unwrap().expose() == "https://api.cm.com/" && !escaped.unwrap().is_borrowed());
    }

    #[test]
    fn numbers_and_truth_values_are_text_and_nothing_else_is() {
        let numbers = [("1", "1"), ("-1", "-1"), ("1.5", "1.5"), ("12345678901234567890", "12345678901234567890")];
        for (json, text) in numbers.into_iter().chain([("true", "true"), ("\"\"", "")]) {
            assert_eq!(read::<Option<Text<'_>>>(json).as_ref().map(Text::expose), Some(text), "{json}");
        }
        for json in ["null", "[]", "[1,{\"a\":[]}]", "{}", "{\"a\":\"b\"}"] {
            assert_eq!(read::<Option<Text<'_>>>(json), None, "{json}");
        }
    }

    #[test]
    fn counts_and_truth_values_are_read_in_each_of_their_forms() {
        for (json, value) in
            [("true", Some(true)), ("\"1\"", Some(true)), ("0", Some(false)), ("null", None), ("\"maybe\"", None)]
        {
            assert_eq!(read::<Option<bool>>(json), value, "{json}");
        }
        for (json, value) in [("2", Some(2)), ("\"2\"", Some(2)), ("-2", None), ("2.5", None), ("[2]", None)] {
            assert_eq!(read::<Option<u32>>(json), value, "{json}");
        }
    }

    #[test]
    fn a_list_without_brackets_has_one_entry() {
        type List<'a> = Vec<Option<Text<'a>>>;
        for (json, length) in [("[1,2]", 2), ("[]", 0), ("null", 0), ("\"x\"", 1), ("1", 1)] {
            assert_eq!(read::<List<'_>>(json).len(), length, "{json}");
        }
    }
}
