//! Parts of a payload, read from whatever stands at their place.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::reading::{note_float, note_text, take_room};
use crate::text::Text;

/// Something that is read from whatever stands at its place; its default where that is nothing it can use.
///
/// An implementation overrides what it can use. A part that is an `Option` implements [`Optional`] instead.
pub trait Part<'de>: Sized + Default {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// Only those of the deserializer: what is not JSON. What is of another shape is no error.
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reading(PhantomData))
    }

    /// Text stands there.
    #[must_use]
    fn text(_: Text<'de>) -> Self {
        Self::default()
    }

    /// A truth value stands there. Unless the type says otherwise it is the text `true` or `false`.
    #[must_use]
    fn boolean(value: bool) -> Self {
        Self::text(Text::new(if value { "true" } else { "false" }))
    }

    /// A number stands there. Unless it says otherwise it is text.
    #[must_use]
    fn number(number: &Number) -> Self {
        Self::text(Text::new(number.to_string()))
    }

    /// An object stands there.
    ///
    /// # Errors
    ///
    /// Only those of the deserializer.
    fn object<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        IgnoredAny.visit_map(map)?;
        Ok(Self::default())
    }

    /// An array stands there.
    ///
    /// # Errors
    ///
    /// Only those of the deserializer.
    fn array<A: SeqAccess<'de>>(seq: A) -> Result<Self, A::Error> {
        IgnoredAny.visit_seq(seq)?;
        Ok(Self::default())
    }
}

/// Something that may be missing: an `Option` of it is a [`Part`], and none where nothing stands there that it can use.
///
/// An adapter cannot implement [`Part`] for an `Option` of its own type, since neither of the two is its own; it implements this for the
/// type.
pub trait Optional<'de>: Sized {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// Only those of the deserializer: what is not JSON. What is of another shape is no error.
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        deserializer.deserialize_any(Reading(PhantomData))
    }

    /// Text stands there.
    #[must_use]
    fn text(_: Text<'de>) -> Option<Self> {
        None
    }

    /// A truth value stands there. Unless the type says otherwise it is the text `true` or `false`.
    #[must_use]
    fn boolean(value: bool) -> Option<Self> {
        Self::text(Text::new(if value { "true" } else { "false" }))
    }

    /// A number stands there. Unless it says otherwise it is text.
    #[must_use]
    fn number(number: &Number) -> Option<Self> {
        Self::text(Text::new(number.to_string()))
    }

    /// An object stands there.
    ///
    /// # Errors
    ///
    /// Only those of the deserializer.
    fn object<A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        IgnoredAny.visit_map(map)?;
        Ok(None)
    }

    /// An array stands there.
    ///
    /// # Errors
    ///
    /// Only those of the deserializer.
    fn array<A: SeqAccess<'de>>(seq: A) -> Result<Option<Self>, A::Error> {
        IgnoredAny.visit_seq(seq)?;
        Ok(None)
    }
}

impl<'de, O: Optional<'de>> Part<'de> for Option<O> {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        O::read(deserializer)
    }

    fn text(text: Text<'de>) -> Self {
        O::text(text)
    }

    fn boolean(value: bool) -> Self {
        O::boolean(value)
    }

    fn number(number: &Number) -> Self {
        O::number(number)
    }

    fn object<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        O::object(map)
    }

    fn array<A: SeqAccess<'de>>(seq: A) -> Result<Self, A::Error> {
        O::array(seq)
    }
}

/// Text; also a number and a truth value, as they are written.
impl<'de> Optional<'de> for Text<'de> {
    #[inline]
    fn text(text: Self) -> Option<Self> {
        Some(text)
    }
}

/// A truth value; also one that is sent as a number or as a word, in any case: `true`, `yes`, `y`, `on`, `1` and their opposites.
impl<'de> Optional<'de> for bool {
    #[inline]
    fn text(text: Text<'de>) -> Option<Self> {
        let word = text.expose().trim();
        let is = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
        if is(&["true", "yes", "y", "t", "on", "1", "1.0"]) {
            Some(true)
        } else if is(&["false", "no", "n", "f", "off", "0", "0.0"]) {
            Some(false)
        } else {
            None
        }
    }

    fn boolean(value: bool) -> Option<Self> {
        Some(value)
    }
}

/// A list; null is an empty one, and one that was written without its brackets has one entry.
impl<'de, P: Part<'de>> Part<'de> for Vec<P> {
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

/// Reads a part at the place of a value: a seed for those who read an object or an array on their own.
#[derive(Debug)]
pub struct Place<P>(PhantomData<P>);

/// The place of a part.
#[must_use]
pub const fn place<P>() -> Place<P> {
    Place(PhantomData)
}

impl<'de, P: Part<'de>> DeserializeSeed<'de> for Place<P> {
    type Value = P;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<P, D::Error> {
        take_room(size_of::<P>())?;
        P::read(deserializer)
    }
}

/// Reads the name of a part: a seed, too. The name is borrowed where it stands in the payload as it is.
#[derive(Debug, Clone, Copy)]
pub struct Name;

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

/// Takes whatever stands there to the part.
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
        note_text(text);
        Ok(P::text(Text::new(text.to_owned())))
    }

    fn visit_bool<E>(self, value: bool) -> Result<P, E> {
        Ok(P::boolean(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<P, E> {
        Ok(P::number(&Number::from(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<P, E> {
        Ok(P::number(&Number::from(value)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<P, E> {
        note_float(value);
        Ok(Number::from_f64(value).as_ref().map_or_else(P::default, P::number))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'a, P: Part<'a>>(json: &'a str) -> P {
        P::read(&mut serde_json::Deserializer::from_str(json)).unwrap()
    }

    #[test]
    fn text_borrows_unless_a_character_is_escaped() {
        assert!(read::<Option<Text<'_>>>("\"MÜNCHEN\"").unwrap().is_borrowed());
        for (escaped, text) in [("\"M\\u00dcNCHEN\"", "MÜNCHEN"), ("\"https:\\/\\/example.com\\/\"", "https://example.com/")] {
            let read: Text<'_> = read::<Option<_>>(escaped).unwrap();
            assert!(read.expose() == text && !read.is_borrowed(), "{escaped}");
        }
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
    fn a_truth_value_is_read_in_each_of_its_forms() {
        for (json, value) in [
            ("true", Some(true)),
            ("\"1\"", Some(true)),
            ("\"True\"", Some(true)),
            ("0", Some(false)),
            ("\" NO\"", Some(false)),
            ("null", None),
            ("\"maybe\"", None),
        ] {
            assert_eq!(read::<Option<bool>>(json), value, "{json}");
        }
    }

    #[test]
    fn a_list_without_brackets_has_one_entry() {
        type List<'a> = Vec<Option<Text<'a>>>;
        for (json, length) in [("[1,2]", 2), ("[]", 0), ("null", 0), ("\"x\"", 1), ("1", 1), ("{}", 1)] {
            assert_eq!(read::<List<'_>>(json).len(), length, "{json}");
        }
    }

    #[test]
    fn elements_are_bounded_by_their_size_and_the_payloads() {
        /// As large as what an adapter reads an element into.
        struct Large([Option<u64>; 64]);
        impl Default for Large {
            fn default() -> Self {
                Self([None; 64])
            }
        }
        impl Part<'_> for Large {}
        let read = |count: usize, element: &str| {
            let list = crate::adapter::wire::read_json::<Vec<Large>>(&format!("[{}]", vec![element; count].join(",")))?;
            assert!(list.iter().all(|large| large.0.is_empty() || large.0[0].is_none()));
            Ok::<_, crate::Error>(list.len())
        };
        assert_eq!(read(10_000, "0").unwrap(), 10_000);
        assert_eq!(read(20_000, "0").unwrap_err().kind(), &crate::ErrorKind::Malformed);
        assert_eq!(read(20_000, &format!("\"{}\"", "x".repeat(400))).unwrap(), 20_000);
    }
}
