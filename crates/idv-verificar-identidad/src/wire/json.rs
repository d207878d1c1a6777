//! How parts of a payload are read, whatever stands there.
//!
//! A part takes what it can use and passes over the rest: one of another shape is a missing part. How deep values nest is bounded by
//! serde_json.

use std::borrow::Cow;
use std::fmt;

use idv_core::wire::Name;
use idv_core::{Error, Result};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// An object with named parts, which is also read where it stands in arrays.
pub(super) trait Object<'de>: Default {
    /// Reads the part of this name, or passes over it.
    fn part<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error>;
}

/// Reads an object: bare, in an array, or in an array of arrays. Of a part that is repeated the last one counts. Something else is an
/// object without parts.
pub(super) fn object<'de, O: Object<'de>>(text: &'de str) -> Result<O, serde_json::Error> {
    let mut object = O::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Filling(&mut object).deserialize(&mut deserializer)?;
    // Nothing but white space may follow: what follows would be lost without a word.
    deserializer.end()?;
    Ok(object)
}

/// Reads the one object of a payload: bare, or alone in an array.
pub(super) fn single<'de, O: Object<'de>>(text: &'de str) -> Result<O> {
    let malformed = |error: serde_json::Error| Error::malformed_json(&error);
    if !text.trim_ascii_start().starts_with('[') {
        return object(text).map_err(malformed);
    }
    match serde_json::from_str::<Vec<&'de RawValue>>(text).map_err(malformed)?.as_slice() {
        [one] if one.get().starts_with('{') => object(one.get()).map_err(malformed),
        // Merged into one they would say of one what holds for the other.
        _ => Err(Error::malformed("it is an array of something else than one object")),
    }
}

struct Filling<'o, O>(&'o mut O);

impl<'de, O: Object<'de>> DeserializeSeed<'de> for Filling<'_, O> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// What is of another shape is passed over.
macro_rules! passed_over {
    ($($visit:ident: $type:ty,)*) => {
        $(fn $visit<E>(self, _: $type) -> Result<Self::Value, E> {
            Ok(Self::Value::default())
        })*
    };
}

impl<'de, O: Object<'de>> Visitor<'de> for Filling<'_, O> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    passed_over! { visit_str: &str, visit_bool: bool, visit_u64: u64, visit_i64: i64, visit_f64: f64, }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key_seed(Name)? {
            self.0.part(&name, &mut map)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(Filling(&mut *self.0))?.is_some() {}
        Ok(())
    }
}

/// A part that is JSON again: an object or array as it stands in the payload, or a string that holds one.
///
/// The vendor's table has arrays of arrays, its prose objects, and its sample strings with JSON in them. `Debug` prints none of it.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) enum Embedded<'a, O> {
    /// Nothing stands there, or a number.
    #[default]
    Absent,
    /// A string, of which nothing was read yet.
    Text(Cow<'a, str>),
    /// An object, read on the way.
    Read(O),
}

/// How often JSON may be wrapped into a string, one in the other.
const WRAPPINGS: usize = 3;

impl<'a, O> Embedded<'a, O> {
    /// Takes a string. What the JSON in it is wrapped in beside the string, another string or an array with one, is taken off.
    pub(super) fn text(mut text: Cow<'a, str>) -> Self {
        for _ in 0..WRAPPINGS {
            let start = text.trim_start();
            let inner = match start.as_bytes().first() {
                Some(b'"') => serde_json::from_str::<String>(start).ok(),
                Some(b'[') if start.trim_start_matches('[').trim_start().starts_with('"') => {
                    serde_json::from_str::<[String; 1]>(start).ok().map(|[text]| text)
                }
                _ => None,
            };
            let Some(inner) = inner else { break };
            text = Cow::Owned(inner);
        }
        Self::Text(text)
    }
}

impl<'s, O: Object<'s> + Clone + PartialEq> Embedded<'s, O> {
    /// The object that it is; none where nothing stands there: an empty text, an empty object or array.
    pub(super) fn read(&'s self) -> Result<Option<Cow<'s, O>>> {
        let object = match self {
            Self::Absent => return Ok(None),
            Self::Text(text) if matches!(text.trim(), "" | "null" | "N/A" | "\"\"") => return Ok(None),
            Self::Text(text) => Cow::Owned(object(text).map_err(|error| Error::malformed_json(&error))?),
            Self::Read(object) => Cow::Borrowed(object),
        };
        Ok(Some(object).filter(|object| **object != O::default()))
    }

    /// The same for what is beside the point and must not spoil it.
    pub(super) fn lenient(&'s self) -> Cow<'s, O> {
        self.read().ok().flatten().unwrap_or_else(|| Cow::Owned(O::default()))
    }
}

impl<O> fmt::Debug for Embedded<'_, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

/// How deep arrays may nest in which an object stands. The table has two.
const ARRAYS: usize = 4;

/// Reads a part that is JSON again. The objects of an array are one, in parts; a string in it that holds an object is that object.
pub(super) struct Embedding<'o, 'de, O> {
    into: &'o mut Embedded<'de, O>,
    depth: usize,
}

impl<'o, 'de, O> Embedding<'o, 'de, O> {
    pub(super) const fn of(into: &'o mut Embedded<'de, O>) -> Self {
        Self { into, depth: 0 }
    }
}

impl<'de, O: Object<'de>> DeserializeSeed<'de> for Embedding<'_, 'de, O> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, O: Object<'de>> Visitor<'de> for Embedding<'_, 'de, O> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    passed_over! { visit_bool: bool, visit_u64: u64, visit_i64: i64, visit_f64: f64, }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<(), E> {
        *self.into = Embedded::text(Cow::Borrowed(text));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        *self.into = Embedded::text(Cow::Owned(text.to_owned()));
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        if !matches!(self.into, Embedded::Read(_)) {
            *self.into = Embedded::Read(O::default());
        }
        match self.into {
            Embedded::Read(object) => Filling(object).visit_map(map),
            _ => Ok(()),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        if self.depth >= ARRAYS {
            return IgnoredAny.visit_seq(seq).map(drop);
        }
        while seq.next_element_seed(Embedding { into: &mut *self.into, depth: self.depth + 1 })?.is_some() {}
        Ok(())
    }
}

/// A type with named parts, in the vendor's own words: scalars, and parts that are JSON again.
macro_rules! parts {
    ($object:ident<$life:lifetime> { $($($name:literal)|+ => $field:ident,)* embedded { $($inner:literal => $inner_field:ident,)* } }) => {
        impl<$life> $crate::wire::json::Object<$life> for $object<$life> {
            fn part<A: serde::de::MapAccess<$life>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
                match name {
                    $($($name)|+ => self.$field = map.next_value_seed(idv_core::wire::place())?,)*
                    $($inner => {
                        self.$inner_field = $crate::wire::json::Embedded::Absent;
                        map.next_value_seed($crate::wire::json::Embedding::of(&mut self.$inner_field))?;
                    })*
                    other => {
                        if let Some(value) = map.next_value_seed(idv_core::wire::place())? {
                            self.others.push((Text::new(other.to_owned()), value));
                        }
                    }
                }
                Ok(())
            }
        }
    };
}

pub(super) use parts;
