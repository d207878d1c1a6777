//! Parts of a payload, read from a value of any shape.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Number, Value};

use super::any;
use super::list::Places;
use super::reading::{repeats_are_lists, take_room};
use crate::text::Text;

/// A part, or a value of another shape in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape<P> {
    /// The part.
    Expected(P),
    /// A value from which the part cannot be read. Null is one, unless it has a meaning for the
    /// part.
    Other(Value),
    /// The part, and a further value in its place.
    Partly(P, Value),
}

impl<P> Shape<P> {
    /// Transforms the part.
    pub fn map<Q>(self, change: impl FnOnce(P) -> Q) -> Shape<Q> {
        match self {
            Self::Expected(part) => Shape::Expected(change(part)),
            Self::Other(value) => Shape::Other(value),
            Self::Partly(part, value) => Shape::Partly(change(part), value),
        }
    }

    /// Returns the part, if there is one.
    pub fn expected(self) -> Option<P> {
        match self {
            Self::Expected(part) | Self::Partly(part, _) => Some(part),
            Self::Other(_) => None,
        }
    }

    /// Returns the part, or its default if there is none.
    pub(super) fn expected_or_default(self) -> P
    where
        P: Default,
    {
        match self {
            Self::Expected(part) | Self::Partly(part, _) => part,
            Self::Other(_) => P::default(),
        }
    }
}

/// A type that is read from a value of any shape.
///
/// An implementation overrides the methods for the shapes that it reads. A value of another shape
/// is kept by the surrounding object, if that collects such members. An `Option` of a part is a
/// part that may be missing.
pub trait Part<'de>: Sized {
    /// Reads the part.
    ///
    /// # Errors
    ///
    /// Returns the errors of the deserializer, such as a syntax error in JSON. Another shape is not
    /// an error.
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Shape<Self>, D::Error> {
        deserializer.deserialize_any(Reading::new())
    }

    /// Reads the part from null, or from an empty element of XML.
    #[must_use]
    fn null() -> Shape<Self> {
        Shape::Other(Value::Null)
    }

    /// Reads the part from text.
    #[must_use]
    fn text(text: Text<'de>) -> Shape<Self> {
        Shape::Other(text.expose().into())
    }

    /// Reads the part from a boolean. The default reads the text `true` or `false`.
    #[must_use]
    fn boolean(value: bool) -> Shape<Self> {
        match Self::text(Text::new(if value { "true" } else { "false" })) {
            Shape::Other(_) => Shape::Other(value.into()),
            part => part,
        }
    }

    /// Reads the part from a number in its original notation. The default reads it as text.
    #[must_use]
    fn number(digits: Text<'de>) -> Shape<Self> {
        match Self::text(digits.clone()) {
            Shape::Other(_) => Shape::Other(any::number(digits.expose())),
            part => part,
        }
    }

    /// Reads the part from an object.
    ///
    /// # Errors
    ///
    /// Returns the errors of the deserializer.
    fn object<A: MapAccess<'de>>(map: A) -> Result<Shape<Self>, A::Error> {
        any::object(map).map(Shape::Other)
    }

    /// Reads the part from an array.
    ///
    /// # Errors
    ///
    /// Returns the errors of the deserializer.
    fn array<A: SeqAccess<'de>>(seq: A) -> Result<Shape<Self>, A::Error> {
        any::array(seq).map(Shape::Other)
    }

    /// Combines the part with an earlier one of the same name.
    ///
    /// The last one counts, but a list is continued if [repeated names are
    /// lists](super::repeats_are_lists).
    #[must_use]
    fn after(self, _: &mut Self) -> Self {
        self
    }

    /// Converts a value of another shape into an entry of a list, which keeps it. If the result is
    /// `None`, the value is omitted.
    #[must_use]
    fn entry(_: Value) -> Option<Self> {
        None
    }
}

/// A part that may be missing.
impl<'de, P: Part<'de>> Part<'de> for Option<P> {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Shape<Self>, D::Error> {
        P::read(deserializer).map(optional)
    }

    fn null() -> Shape<Self> {
        optional(P::null())
    }

    fn text(text: Text<'de>) -> Shape<Self> {
        P::text(text).map(Some)
    }

    fn boolean(value: bool) -> Shape<Self> {
        P::boolean(value).map(Some)
    }

    fn number(digits: Text<'de>) -> Shape<Self> {
        P::number(digits).map(Some)
    }

    fn object<A: MapAccess<'de>>(map: A) -> Result<Shape<Self>, A::Error> {
        P::object(map).map(optional)
    }

    fn array<A: SeqAccess<'de>>(seq: A) -> Result<Shape<Self>, A::Error> {
        P::array(seq).map(optional)
    }

    fn entry(value: Value) -> Option<Self> {
        Some(P::entry(value))
    }
}

fn optional<P>(part: Shape<P>) -> Shape<Option<P>> {
    match part {
        Shape::Other(Value::Null) => Shape::Expected(None),
        part => part.map(Some),
    }
}

/// Text; also a number or a boolean, in its original notation.
impl<'de> Part<'de> for Text<'de> {
    #[inline]
    fn text(text: Self) -> Shape<Self> {
        Shape::Expected(text)
    }
}

/// A boolean; also a number or a word, in any case: `true`, `yes`, `y`, `on`, `1` and their
/// opposites.
impl<'de> Part<'de> for bool {
    #[inline]
    fn text(text: Text<'de>) -> Shape<Self> {
        let word = text.expose().trim();
        let is = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
        if is(&["true", "yes", "y", "t", "on", "1", "1.0"]) {
            Shape::Expected(true)
        } else if is(&["false", "no", "n", "f", "off", "0", "0.0"]) {
            Shape::Expected(false)
        } else {
            Shape::Other(text.expose().into())
        }
    }

    fn boolean(value: bool) -> Shape<Self> {
        Shape::Expected(value)
    }
}

/// A list. Null is an empty list, and a value without brackets is its only entry.
///
/// No entry is lost: [`Part::entry`] keeps an entry of another shape. An object whose members are
/// indices (`"0"`, `"1"`) is a list as well, because PHP writes lists with further members in this
/// form; the further members are one entry at the end.
impl<'de, P: Part<'de>> Part<'de> for Vec<P> {
    fn null() -> Shape<Self> {
        Shape::Expected(Self::new())
    }

    fn text(text: Text<'de>) -> Shape<Self> {
        P::text(text).map(|part| vec![part])
    }

    fn boolean(value: bool) -> Shape<Self> {
        P::boolean(value).map(|part| vec![part])
    }

    fn number(digits: Text<'de>) -> Shape<Self> {
        P::number(digits).map(|part| vec![part])
    }

    fn object<A: MapAccess<'de>>(map: A) -> Result<Shape<Self>, A::Error> {
        Places::read(map)
    }

    fn array<A: SeqAccess<'de>>(mut seq: A) -> Result<Shape<Self>, A::Error> {
        let (mut list, mut lost) = (Self::new(), Vec::new());
        while seq
            .next_element_seed(Entry {
                list: &mut list,
                lost: &mut lost,
            })?
            .is_some()
        {}
        Ok(list_beside(list, lost))
    }

    fn after(mut self, earlier: &mut Self) -> Self {
        if repeats_are_lists() {
            earlier.append(&mut self);
            return std::mem::take(earlier);
        }
        self
    }
}

/// A boxed part, to keep the surrounding object small.
impl<'de, P: Part<'de>> Part<'de> for Box<P> {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Shape<Self>, D::Error> {
        take_room(size_of::<P>())?;
        P::read(deserializer).map(|part| part.map(Self::new))
    }
}

/// A seed that reads an entry into its list. Entries are large: each is moved only once.
struct Entry<'l, P> {
    list: &'l mut Vec<P>,
    lost: &'l mut Vec<Value>,
}

impl<'de, P: Part<'de>> DeserializeSeed<'de> for Entry<'_, P> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match place::<P>().deserialize(deserializer) {
            Ok(Shape::Expected(part)) => {
                // The first growth would reserve four entries, which are large, and most lists have
                // one.
                if self.list.is_empty() {
                    self.list.reserve_exact(1);
                }
                self.list.push(part);
            }
            Ok(other) => self.list.extend(entry_of(other, self.lost)?),
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Returns a list, and the elements that are not entries of it.
pub(super) fn list_beside<P>(list: Vec<P>, mut lost: Vec<Value>) -> Shape<Vec<P>> {
    match lost.len() {
        0 => Shape::Expected(list),
        1 => Shape::Partly(list, lost.pop().unwrap_or_default()),
        _ => Shape::Partly(list, Value::Array(lost)),
    }
}

/// Returns the entry for an element. A value that no entry can keep is added to `lost`.
pub(super) fn entry_of<'de, P: Part<'de>, E: Error>(
    element: Shape<P>,
    lost: &mut Vec<Value>,
) -> Result<Option<P>, E> {
    Ok(match element {
        Shape::Expected(part) => Some(part),
        Shape::Partly(part, value) => {
            lost.push(value);
            Some(part)
        }
        Shape::Other(value) => {
            take_room(any::entry_size(true))?;
            let entry = P::entry(value.clone());
            lost.extend(Some(value).filter(|value| entry.is_none() && !value.is_null()));
            entry
        }
    })
}

/// Reads a field of an object that keeps no values of another shape.
#[doc(hidden)]
pub fn __read_field<'de, P: Part<'de> + Default, A: MapAccess<'de>>(
    map: &mut A,
    earlier: &mut P,
) -> Result<(), A::Error> {
    match map.next_value_seed(field::<P>()) {
        Ok(Shape::Expected(part) | Shape::Partly(part, _)) => *earlier = part.after(earlier),
        Ok(Shape::Other(_)) => *earlier = P::default(),
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Reads a field as another type.
#[doc(hidden)]
pub fn __converted<'de, R: Part<'de> + Into<P>, P, A: MapAccess<'de>>(
    map: &mut A,
) -> Result<Shape<P>, A::Error> {
    Ok(map.next_value_seed(field::<R>())?.map(R::into))
}

/// A seed that reads the part of an object's field, whose memory is accounted for by the object.
#[derive(Debug)]
pub struct Field<P>(PhantomData<P>);

/// Returns the seed of an object's field.
#[must_use]
pub const fn field<P>() -> Field<P> {
    Field(PhantomData)
}

impl<'de, P: Part<'de>> DeserializeSeed<'de> for Field<P> {
    type Value = Shape<P>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Shape<P>, D::Error> {
        P::read(deserializer)
    }
}

/// A seed that reads a part, for parts that read an object or an array themselves.
#[derive(Debug)]
pub struct Place<P>(PhantomData<P>);

/// Returns the seed of a part.
#[must_use]
pub const fn place<P>() -> Place<P> {
    Place(PhantomData)
}

impl<'de, P: Part<'de>> DeserializeSeed<'de> for Place<P> {
    type Value = Shape<P>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Shape<P>, D::Error> {
        take_room(size_of::<P>())?;
        P::read(deserializer)
    }
}

/// A seed that reads the name of a part.
///
/// The name is borrowed if it contains no escapes.
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

    fn visit_string<E>(self, name: String) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name))
    }
}

/// A deserializer that returns text, such as a name.
///
/// By `visit_newtype_struct`, it returns a number in its original notation.
#[derive(Debug)]
pub struct TextDeserializer<'de, E>(Cow<'de, str>, PhantomData<E>);

impl<'de, E> TextDeserializer<'de, E> {
    /// Creates a deserializer of this text.
    pub fn new(text: impl Into<Cow<'de, str>>) -> Self {
        Self(text.into(), PhantomData)
    }
}

impl<'de, E: Error> Deserializer<'de> for TextDeserializer<'de, E> {
    type Error = E;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        match self.0 {
            Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
            Cow::Owned(text) => visitor.visit_string(text),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq
        tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, E: Error> IntoDeserializer<'de, E> for TextDeserializer<'de, E> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// A visitor that passes a value to the part.
pub(super) struct Reading<P>(PhantomData<P>);

impl<P> Reading<P> {
    pub(super) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, P: Part<'de>> Visitor<'de> for Reading<P> {
    type Value = Shape<P>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Shape<P>, E> {
        Ok(P::text(Text::new(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Shape<P>, E> {
        Ok(P::text(Text::new(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Shape<P>, E> {
        Ok(P::text(Text::new(text)))
    }

    /// Receives text with its escapes from other deserializers: see
    /// [`read_raw_text`](super::read_raw_text).
    fn visit_borrowed_bytes<E: Error>(self, text: &'de [u8]) -> Result<Shape<P>, E> {
        std::str::from_utf8(text)
            .map(|text| P::text(Text::new(text)))
            .map_err(E::custom)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Shape<P>, E> {
        Ok(P::boolean(value))
    }

    /// Receives a number in its original notation: see [`TextDeserializer`].
    fn visit_newtype_struct<D: Deserializer<'de>>(self, digits: D) -> Result<Shape<P>, D::Error> {
        Name.deserialize(digits)
            .map(|digits| P::number(Text::new(digits)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Shape<P>, E> {
        Ok(P::number(Text::new(value.to_string())))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Shape<P>, E> {
        Ok(P::number(Text::new(value.to_string())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Shape<P>, E> {
        Ok(Number::from_f64(value)
            .map_or_else(P::null, |number| P::number(Text::new(number.to_string()))))
    }

    fn visit_unit<E>(self) -> Result<Shape<P>, E> {
        Ok(P::null())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Shape<P>, A::Error> {
        P::object(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Shape<P>, A::Error> {
        P::array(seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'a, P: Part<'a> + Default>(json: &'a str) -> P {
        crate::adapter::wire::read_json(json).unwrap()
    }

    #[test]
    fn text_borrows_unless_a_character_is_escaped() {
        assert!(
            read::<Option<Text<'_>>>("\"MÜNCHEN\"")
                .unwrap()
                .is_borrowed()
        );
        for (escaped, text) in [
            ("\"M\\u00dcNCHEN\"", "MÜNCHEN"),
            ("\"https:\\/\\/example.com\\/\"", "https://example.com/"),
        ] {
            let read: Text<'_> = read::<Option<_>>(escaped).unwrap();
            assert!(read.expose() == text && !read.is_borrowed(), "{escaped}");
        }
    }

    #[test]
    fn numbers_and_truth_values_are_text_and_nothing_else_is() {
        let numbers = [
            ("1", "1"),
            ("-1", "-1"),
            ("1.5", "1.5"),
            ("12345678901234567890", "12345678901234567890"),
        ];
        for (json, text) in numbers.into_iter().chain([("true", "true"), ("\"\"", "")]) {
            assert_eq!(
                read::<Option<Text<'_>>>(json).as_ref().map(Text::expose),
                Some(text),
                "{json}"
            );
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
        for (json, length) in [
            ("[1,2]", 2),
            ("[]", 0),
            ("null", 0),
            ("\"x\"", 1),
            ("1", 1),
            ("[{},[]]", 2),
            ("{}", 0),
        ] {
            assert_eq!(read::<List<'_>>(json).len(), length, "{json}");
        }
    }

    #[test]
    fn elements_are_bounded_by_their_size_and_the_payloads() {
        /// A part as large as those of adapters.
        struct Large([Option<u64>; 64]);
        impl Default for Large {
            fn default() -> Self {
                Self([None; 64])
            }
        }
        impl Part<'_> for Large {
            fn text(_: Text<'_>) -> Shape<Self> {
                Shape::Expected(Self::default())
            }
        }
        let read = |count: usize, element: &str| {
            let list = crate::adapter::wire::read_json::<Vec<Large>>(&format!(
                "[{}]",
                vec![element; count].join(",")
            ))?;
            assert!(
                list.iter()
                    .all(|large| large.0.is_empty() || large.0[0].is_none())
            );
            Ok::<_, crate::Error>(list.len())
        };
        assert_eq!(read(10_000, "0").unwrap(), 10_000);
        assert_eq!(
            read(20_000, "0").unwrap_err().kind(),
            &crate::ErrorKind::Malformed
        );
        assert_eq!(
            read(20_000, &format!("\"{}\"", "x".repeat(400))).unwrap(),
            20_000
        );
    }
}
