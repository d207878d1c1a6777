//! Parts that keep what stands at their place, whatever its shape.

use std::fmt;

use idv_core::adapter::wire::{Members, Optional, Part, place};
use idv_core::{Pii, Text};
use serde::de::{Error as _, MapAccess, SeqAccess};
use serde_json::{Map, Number, Value};

/// Text, or a value of another shape that stands in its place. `Debug` prints neither.
///
/// A part that decides something must not be taken for a missing one only because its shape is unexpected.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Loose<'a> {
    /// Text; also a number or a truth value, as it is written.
    Text(Text<'a>),
    /// An object or an array.
    Other(Pii<Value>),
}

impl Loose<'_> {
    /// Returns the text; `None` if a value of another shape stands there.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text.expose()),
            Self::Other(_) => None,
        }
    }

    /// Returns the value in its own shape.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Text(text) => Value::String(text.expose().to_owned()),
            Self::Other(value) => value.expose().clone(),
        }
    }
}

impl fmt::Debug for Loose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

impl<'de> Optional<'de> for Loose<'de> {
    fn text(text: Text<'de>) -> Option<Self> {
        Some(Self::Text(text))
    }

    fn object<A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        Ok(<Value as Optional>::object(map)?.map(|value| Self::Other(Pii::new(value))))
    }

    fn array<A: SeqAccess<'de>>(seq: A) -> Result<Option<Self>, A::Error> {
        Ok(<Value as Optional>::array(seq)?.map(|value| Self::Other(Pii::new(value))))
    }
}

/// A value of any shape. `Debug` does not print it.
#[derive(Debug, Clone, PartialEq)]
pub struct Any(Pii<Value>);

impl Any {
    /// Returns the value in its own shape.
    #[must_use]
    pub fn to_value(&self) -> Value {
        self.0.expose().clone()
    }

    /// Returns whether it is a number above zero, or the text of one.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        let number = match self.0.expose() {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.is_some_and(|number| number > 0.0)
    }
}

impl<'de> Optional<'de> for Any {
    fn text(text: Text<'de>) -> Option<Self> {
        Some(Self(Pii::new(text.expose().into())))
    }

    fn boolean(value: bool) -> Option<Self> {
        Some(Self(Pii::new(value.into())))
    }

    fn number(number: &Number) -> Option<Self> {
        Some(Self(Pii::new(number.clone().into())))
    }

    fn object<A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        Ok(<Value as Optional>::object(map)?.map(|value| Self(Pii::new(value))))
    }

    fn array<A: SeqAccess<'de>>(seq: A) -> Result<Option<Self>, A::Error> {
        Ok(<Value as Optional>::array(seq)?.map(|value| Self(Pii::new(value))))
    }
}

/// A score from 0 to 1. The vendor does not say what it means, only that it is the score of a scan or of a task.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Score {
    /// From 0 to 1.
    Of(f64),
    /// Something stands there that is no number from 0 to 1. It is kept, since it must not be taken for a good score.
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

    /// Returns what stands there.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Of(score) => Number::from_f64(*score).map_or(Value::Null, Value::Number),
            Self::Unreadable(value) => value.expose().clone(),
        }
    }

    fn read(number: Option<f64>, value: impl FnOnce() -> Value) -> Self {
        match number {
            Some(number) if (0.0..=1.0).contains(&number) => Self::Of(number),
            _ => Self::Unreadable(Pii::new(value())),
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

impl<'de> Optional<'de> for Score {
    fn text(text: Text<'de>) -> Option<Self> {
        let text = text.expose();
        Some(Self::read(text.trim().parse().ok(), || text.into()))
    }

    fn number(number: &Number) -> Option<Self> {
        Some(Self::read(number.as_f64(), || number.clone().into()))
    }

    fn object<A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        Ok(<Value as Optional>::object(map)?.map(|value| Self::Unreadable(Pii::new(value))))
    }

    fn array<A: SeqAccess<'de>>(seq: A) -> Result<Option<Self>, A::Error> {
        Ok(<Value as Optional>::array(seq)?.map(|value| Self::Unreadable(Pii::new(value))))
    }
}

/// An object of a list that can keep a value of another shape in its place.
pub(super) trait Entry<'a>: Part<'a> {
    /// The object's unknown members.
    fn others(&mut self) -> &mut Members;

    /// An object that holds only `value`, under a name of this crate's own.
    fn keeping(value: Value) -> Self {
        let mut entry = Self::default();
        entry.others().insert("entry", value);
        entry
    }
}

/// Maximum number of entries of a list: many more than any transaction has. An odd entry takes two bytes of a payload and a kilobyte of memory.
const MAX_ENTRIES: usize = 5_000;

/// Reads a list of which no entry is lost: one of another shape is kept among the unknown members of an empty object.
#[derive(Default)]
pub(super) struct Entries<T>(Vec<Kept<T>>);

#[derive(Default)]
struct Kept<T>(T);

impl<'de, T: Entry<'de>> Part<'de> for Entries<T> {
    fn text(text: Text<'de>) -> Self {
        Self(Vec::text(text))
    }

    fn object<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        Vec::object(map).map(Self)
    }

    fn array<A: SeqAccess<'de>>(mut seq: A) -> Result<Self, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = seq.next_element_seed(place())? {
            if list.len() >= MAX_ENTRIES {
                return Err(A::Error::custom("a list has more than 5000 entries"));
            }
            list.push(entry);
        }
        Ok(Self(list))
    }
}

impl<'de, T: Entry<'de>> Part<'de> for Kept<T> {
    fn text(text: Text<'de>) -> Self {
        Self(T::text(text))
    }

    fn object<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        T::object(map).map(Self)
    }

    fn array<A: SeqAccess<'de>>(seq: A) -> Result<Self, A::Error> {
        Ok(Self(<Value as Optional>::array(seq)?.map_or_else(T::default, T::keeping)))
    }
}

impl<T> From<Entries<T>> for Vec<T> {
    fn from(entries: Entries<T>) -> Self {
        entries.0.into_iter().map(|Kept(entry)| entry).collect()
    }
}

/// Collects the parts of an object that are there, by the vendor's names.
#[derive(Default)]
pub(super) struct Object(Map<String, Value>);

impl Object {
    pub(super) fn with(mut self, name: &str, value: Option<Value>) -> Self {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            self.0.insert(name.to_owned(), value);
        }
        self
    }

    pub(super) fn loose(self, name: &str, value: Option<&Loose<'_>>) -> Self {
        self.with(name, value.map(Loose::to_value))
    }

    pub(super) fn any(self, name: &str, value: Option<&Any>) -> Self {
        self.with(name, value.map(Any::to_value))
    }

    pub(super) fn score(self, score: Option<&Score>) -> Self {
        self.with("score", score.map(Score::to_value))
    }

    pub(super) fn list<T>(self, name: &str, entries: &[T], value: impl Fn(&T) -> Value) -> Self {
        self.with(name, (!entries.is_empty()).then(|| entries.iter().map(value).collect()))
    }

    pub(super) fn members(mut self, others: &Members) -> Value {
        self.0.extend(others.iter().map(|(name, value)| (name.to_owned(), value.expose().clone())));
        Value::Object(self.0)
    }
}
