//! Results as JSON (chapter 13.4).
//!
//! Each part is read by a [`Shape`], which takes what it can use and passes over the rest: a part of an unknown shape is a missing
//! part. How deep values nest is bounded by serde_json.

use std::fmt;

use idv_core::{Error, Result};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::item::{Classes, Entry, Item};
use super::{Identification, List, Node, Payload, Slot, bare};
use idv_core::Text;

/// Reads a bare identification, an array of them, or an object that holds such an array.
pub(super) fn read(text: &str) -> Result<Payload<'_>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let root = Reading(Root::default())
        .deserialize(&mut deserializer)
        // Nothing but white space may follow: what follows would be lost without a word.
        .and_then(|root| deserializer.end().map(|()| root))
        .map_err(|error| Error::malformed_json(&error))?;
    match root.list {
        Some(list) => Ok(list.into_payload()),
        None => bare(root.identification),
    }
}

/// How a part is read, whatever stands there.
trait Shape<'de>: Sized {
    type Value;

    /// A scalar stands there, or null.
    fn text(self, text: Option<Text<'de>>) -> Self::Value;

    fn object<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        IgnoredAny.visit_map(map)?;
        Ok(self.text(None))
    }

    fn array<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        IgnoredAny.visit_seq(seq)?;
        Ok(self.text(None))
    }
}

/// Reads by a shape.
struct Reading<S>(S);

impl<'de, S: Shape<'de>> DeserializeSeed<'de> for Reading<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, S: Shape<'de>> Visitor<'de> for Reading<S> {
    type Value = S::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<S::Value, E> {
        Ok(self.0.text(Some(Text::new(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<S::Value, E> {
        Ok(self.0.text(Some(Text::new(text.to_owned()))))
    }

    fn visit_bool<E>(self, value: bool) -> Result<S::Value, E> {
        Ok(self.0.text(Some(Text::new(if value { "true" } else { "false" }))))
    }

    fn visit_i64<E>(self, value: i64) -> Result<S::Value, E> {
        Ok(self.0.text(Some(Text::new(value.to_string()))))
    }

    fn visit_u64<E>(self, value: u64) -> Result<S::Value, E> {
        Ok(self.0.text(Some(Text::new(value.to_string()))))
    }

    fn visit_f64<E>(self, value: f64) -> Result<S::Value, E> {
        Ok(self.0.text(serde_json::Number::from_f64(value).map(|number| Text::new(number.to_string()))))
    }

    fn visit_unit<E>(self) -> Result<S::Value, E> {
        Ok(self.0.text(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<S::Value, A::Error> {
        self.0.object(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<S::Value, A::Error> {
        self.0.array(seq)
    }
}

/// The whole payload.
#[derive(Default)]
struct Root<'a> {
    identification: Identification<'a>,
    list: Option<List<'a>>,
}

impl<'de> Shape<'de> for Root<'de> {
    type Value = Self;

    fn text(self, _: Option<Text<'de>>) -> Self {
        self
    }

    fn object<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some(part) = map.next_key_seed(key(|name: &str| match name {
            "identifications" => RootPart::List(&mut self.list),
            _ => RootPart::Slot(self.identification.part(name)),
        }))? {
            match part {
                RootPart::List(list) => *list = Some(map.next_value_seed(Reading(List::default()))?),
                RootPart::Slot(slot) => map.next_value_seed(slot)?,
            }
        }
        Ok(self)
    }

    fn array<A: SeqAccess<'de>>(self, seq: A) -> Result<Self, A::Error> {
        Ok(Self { list: Some(List::default().array(seq)?), ..self })
    }
}

enum RootPart<'s, 'a> {
    List(&'s mut Option<List<'a>>),
    Slot(Slot<'s, 'a>),
}

/// A key, read as what a function makes of it.
struct Key<F>(F);

// Through this function the compiler sees that the closure is called once, and may give away what it borrows.
fn key<T, F: FnOnce(&str) -> T>(read: F) -> Key<F> {
    Key(read)
}

impl<'de, T, F: FnOnce(&str) -> T> DeserializeSeed<'de> for Key<F> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<T, F: FnOnce(&str) -> T> Visitor<'_> for Key<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, name: &str) -> Result<T, E> {
        Ok((self.0)(name))
    }
}

impl<'de> Shape<'de> for List<'de> {
    type Value = Self;

    fn text(mut self, text: Option<Text<'de>>) -> Self {
        // Null is an empty list.
        self.unreadable += usize::from(text.is_some());
        self
    }

    fn object<A: MapAccess<'de>>(mut self, map: A) -> Result<Self, A::Error> {
        // A list of one that was written without its brackets.
        let mut identification = Identification::default();
        Section(&mut identification).object(map)?;
        self.add(identification);
        Ok(self)
    }

    fn array<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Self, A::Error> {
        loop {
            let mut identification = Identification::default();
            if seq.next_element_seed(Reading(Section(&mut identification)))?.is_none() {
                return Ok(self);
            }
            self.add(identification);
        }
    }
}

impl<'de> DeserializeSeed<'de> for Slot<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self {
            Self::Section(section) => Reading(Section(section)).deserialize(deserializer),
            Self::Text(place) => Reading(Plain).deserialize(deserializer).map(|text| *place = text),
            Self::Item(place) => Reading(Single).deserialize(deserializer).map(|item| *place = item.map(Box::new)),
            Self::Classes(place) => Reading(Several).deserialize(deserializer).map(|classes| *place = classes),
            Self::Entries(entries) => Reading(Named(entries)).deserialize(deserializer),
            Self::Unknown => deserializer.deserialize_ignored_any(IgnoredAny).map(drop),
        }
    }
}

/// An object with named parts.
struct Section<'s, 'a>(&'s mut dyn Node<'a>);

impl<'de> Shape<'de> for Section<'_, 'de> {
    type Value = ();

    fn text(self, _: Option<Text<'de>>) {}

    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(slot) = map.next_key_seed(key(|name: &str| self.0.part(name)))? {
            map.next_value_seed(slot)?;
        }
        Ok(())
    }
}

/// A scalar.
struct Plain;

impl<'de> Shape<'de> for Plain {
    type Value = Option<Text<'de>>;

    fn text(self, text: Option<Text<'de>>) -> Self::Value {
        text
    }
}

/// A scalar that stands alone, or in an object under a name: `{"type": "B"}`.
struct Under(&'static str);

impl<'de> Shape<'de> for Under {
    type Value = Option<Text<'de>>;

    fn text(self, text: Option<Text<'de>>) -> Self::Value {
        text
    }

    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(is_it) = map.next_key_seed(key(|name: &str| name == self.0))? {
            if is_it {
                found = map.next_value_seed(Reading(Plain))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// `{"value": …, "status": …}`, or the value alone.
struct Single;

impl<'de> Shape<'de> for Single {
    type Value = Option<Item<'de>>;

    fn text(self, text: Option<Text<'de>>) -> Self::Value {
        text.map(|text| Item { value: Some(text), ..Item::default() })
    }

    fn object<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let mut item = Item::default();
        Section(&mut item).object(map)?;
        Ok(Some(item))
    }
}

impl<'a> Node<'a> for Item<'a> {
    fn part(&mut self, name: &str) -> Slot<'_, 'a> {
        match name {
            "value" => Slot::Text(&mut self.value),
            "status" => Slot::Text(&mut self.status),
            "original" => Slot::Text(&mut self.original),
            "reviewstatus" => Slot::Text(&mut self.reviewstatus),
            "identification" => Slot::Text(&mut self.identification),
            _ => Slot::Unknown,
        }
    }
}

/// `{"value": [{"type": …}], "status": …}`, or the list alone.
struct Several;

impl<'de> Shape<'de> for Several {
    type Value = Classes<'de>;

    fn text(self, text: Option<Text<'de>>) -> Classes<'de> {
        Classes { value: text.into_iter().collect(), ..Classes::default() }
    }

    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<Classes<'de>, A::Error> {
        let mut classes = Classes::default();
        while let Some(part) = map.next_key_seed(key(|name: &str| match name {
            "value" => Ok(&mut classes.value),
            "original" => Ok(&mut classes.original),
            "identification" => Ok(&mut classes.identification),
            "status" => Err(Slot::Text(&mut classes.status)),
            "reviewstatus" => Err(Slot::Text(&mut classes.reviewstatus)),
            _ => Err(Slot::Unknown),
        }))? {
            match part {
                Ok(list) => *list = map.next_value_seed(Reading(ClassList))?,
                Err(slot) => map.next_value_seed(slot)?,
            }
        }
        Ok(classes)
    }

    fn array<A: SeqAccess<'de>>(self, seq: A) -> Result<Classes<'de>, A::Error> {
        Ok(Classes { value: ClassList.array(seq)?, ..Classes::default() })
    }
}

/// `[{"type": …}]`; also `["…"]`, and one class without the brackets.
struct ClassList;

impl<'de> Shape<'de> for ClassList {
    type Value = Vec<Text<'de>>;

    fn text(self, text: Option<Text<'de>>) -> Self::Value {
        text.into_iter().collect()
    }

    fn object<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Ok(self.text(Under("type").object(map)?))
    }

    fn array<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut classes = Vec::new();
        while let Some(class) = seq.next_element_seed(Reading(Under("type")))? {
            classes.extend(class);
        }
        Ok(classes)
    }
}

/// Entries by name. The value is a scalar, or stands in an object, as answers do: `{"value": …}`.
struct Named<'s, 'a>(&'s mut Vec<Entry<'a>>);

impl<'de> Shape<'de> for Named<'_, 'de> {
    type Value = ();

    fn text(self, _: Option<Text<'de>>) {}

    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key_seed(Reading(Plain))? {
            let value = map.next_value_seed(Reading(Under("value")))?;
            if let Some((name, value)) = name.zip(value) {
                self.0.push(Entry::new(name, value));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(json: &str) -> Option<Text<'_>> {
        Reading(Plain).deserialize(&mut serde_json::Deserializer::from_str(json)).unwrap()
    }

    #[test]
    fn text_borrows_unless_a_character_is_escaped() {
        assert!(plain("\"MÜNCHEN\"").unwrap().is_borrowed());
        let escaped = plain("\"M\\u00dcNCHEN\"").unwrap();
        assert!(escaped.expose() == "MÜNCHEN" && !escaped.is_borrowed());
    }

    #[test]
    fn numbers_and_truth_values_are_text_and_nothing_else_is() {
        for (json, text) in [("1", "1"), ("-1", "-1"), ("1.5", "1.5"), ("true", "true"), ("\"\"", "")] {
            assert_eq!(plain(json).as_ref().map(Text::expose), Some(text), "{json}");
        }
        for json in ["null", "[]", "[1,{\"a\":[]}]", "{}", "{\"a\":\"b\"}"] {
            assert_eq!(plain(json), None, "{json}");
        }
    }
}
