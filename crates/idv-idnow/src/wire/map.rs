//! The shapes that recur in a result: fields with a status, and maps of names that an account chooses.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::text::Text;

/// A field with what was made of it (13.1.4): `{"value", "status", "original", "reviewstatus", "identification"}`, each optional.
/// A bare text is a field that has only a value.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names are the vendor's, and chapter 13.1.4 describes them")]
pub struct Item<'a, V = Text<'a>> {
    pub value: Option<V>,
    pub status: Option<Text<'a>>,
    pub original: Option<Text<'a>>,
    pub reviewstatus: Option<Text<'a>>,
    pub identification: Option<Text<'a>>,
}

impl<V> Default for Item<'_, V> {
    fn default() -> Self {
        Self { value: None, status: None, original: None, reviewstatus: None, identification: None }
    }
}

impl<'de: 'a, 'a, V: Deserialize<'de>> Deserialize<'de> for Item<'a, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ItemVisitor(PhantomData))
    }
}

struct ItemVisitor<'a, V>(PhantomData<(&'a (), V)>);

impl<'de: 'a, 'a, V: Deserialize<'de>> Visitor<'de> for ItemVisitor<'a, V> {
    type Value = Item<'a, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field with value and status")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut item = Item::default();
        while let Some(key) = map.next_key::<Key>()? {
            let twice = match key {
                Key::Value => put(&mut item.value, map.next_value()?),
                Key::Status => put(&mut item.status, map.next_value()?),
                Key::Original => put(&mut item.original, map.next_value()?),
                Key::ReviewStatus => put(&mut item.reviewstatus, map.next_value()?),
                Key::Identification => put(&mut item.identification, map.next_value()?),
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                    false
                }
            };
            if twice {
                return Err(A::Error::custom("a field comes twice"));
            }
        }
        Ok(item)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        let value = V::deserialize(serde::de::value::BorrowedStrDeserializer::new(text))?;
        Ok(Item { value: Some(value), ..Item::default() })
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let value = V::deserialize(serde::de::value::StrDeserializer::new(text))?;
        Ok(Item { value: Some(value), ..Item::default() })
    }
}

/// Whether there was a value already.
fn put<T>(place: &mut Option<T>, value: Option<T>) -> bool {
    let there = place.is_some();
    *place = value;
    there
}

#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Key {
    Value,
    Status,
    Original,
    ReviewStatus,
    Identification,
    #[serde(other)]
    Other,
}

/// The classes of a driving licence: `[{"type": "ML"}, {"type": "B"}]` (13.1.5).
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Classes<'a>(pub Vec<Text<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Classes<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ClassesVisitor).map(Self)
    }
}

struct ClassesVisitor;

impl<'de> Visitor<'de> for ClassesVisitor {
    type Value = Vec<Text<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the classes of a driving licence")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        #[derive(serde::Deserialize)]
        struct Class<'a> {
            #[serde(borrow, rename = "type")]
            kind: Text<'a>,
        }
        let mut classes = Vec::new();
        while let Some(class) = seq.next_element::<Class<'de>>()? {
            classes.push(class.kind);
        }
        Ok(classes)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(text.split([',', ' ']).filter(|class| !class.is_empty()).map(Text::new).collect())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(text.split([',', ' ']).filter(|class| !class.is_empty()).map(|class| Text::new(class.to_owned())).collect())
    }
}

/// Names that an account chooses, with their values, in the order in which they come. A value may be text, or `{"value": …}` as
/// questions have it; what is null is left out.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Pairs<'a>(pub Vec<(Text<'a>, Text<'a>)>);

impl<'a> Pairs<'a> {
    /// The value of the first pair with this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Text<'a>> {
        self.0.iter().find(|(key, _)| key.expose() == name).map(|(_, value)| value)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor).map(Self)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Vec<(Text<'de>, Text<'de>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("names and their values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(key) = map.next_key::<Text<'de>>()? {
            if let Some(value) = map.next_value::<Option<Item<'de>>>()?.and_then(|item| item.value) {
                pairs.push((key, value));
            }
        }
        Ok(pairs)
    }
}
