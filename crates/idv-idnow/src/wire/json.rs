//! Results as JSON (chapter 13.4).
//!
//! Each part is read by a [`Shape`], whatever stands there: an object or a scalar fills its [`Place`] at once, and a part of an odd shape
//! goes there as a value. serde_json bounds how deep values nest, and [`read_json`] how many there are.

use std::fmt;

use idv_core::adapter::wire::{self, Part, place as any_place, read_json};
use idv_core::{Result, Text};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::Payload;
use super::item::{Classes, Entry, Item};
use super::list::{Budget, List, bare};
use super::place::{Node, Place, Slot};
use super::sections::{ESigning, Identification};

/// Reads a bare identification, an array of them, or an object that holds such an array.
pub(super) fn read(text: &str) -> Result<Payload<'_>> {
    let Root { mut identification, list, budget } = read_json(text)?;
    budget.check()?;
    let Some(mut list) = list else { return bare(identification) };
    let others = std::mem::take(&mut identification.others);
    // Sections beside a list are an identification of their own, or of none.
    if identification != Identification::default() {
        list.add(identification);
    }
    list.into_payload(others)
}

/// The whole payload.
#[derive(Default)]
struct Root<'a> {
    identification: Identification<'a>,
    list: Option<List<'a>>,
    budget: Budget,
}

impl<'de> Part<'de> for Root<'de> {
    fn object<A: MapAccess<'de>>(mut map: A) -> Result<wire::Shape<Self>, A::Error> {
        let mut root = Self::default();
        while let Some(part) = map.next_key_seed(key(|name: &str| match name {
            "identifications" => RootPart::List(&mut root.list),
            _ => RootPart::Place(root.identification.place(name)),
        }))? {
            match part {
                RootPart::List(list) => *list = Some(map.next_value_seed(Reading(List::default(), &root.budget))?),
                RootPart::Place(place) => place.read(&mut map, &root.budget)?,
            }
        }
        Ok(wire::Shape::Expected(root))
    }

    fn array<A: SeqAccess<'de>>(seq: A) -> Result<wire::Shape<Self>, A::Error> {
        let mut root = Self::default();
        root.list = Some(List::default().array(seq, &root.budget)?);
        Ok(wire::Shape::Expected(root))
    }
}

enum RootPart<'s, 'a> {
    List(&'s mut Option<List<'a>>),
    Place(Place<'s, 'a>),
}

/// Reads whatever stands at a place.
trait Shape<'de>: Sized {
    type Value;

    /// A scalar stands there, or null.
    fn text(self, text: Option<Text<'de>>) -> Self::Value;

    fn object<A: MapAccess<'de>>(self, map: A, budget: &Budget) -> Result<Self::Value, A::Error>;

    fn array<A: SeqAccess<'de>>(self, seq: A, budget: &Budget) -> Result<Self::Value, A::Error>;
}

/// Reads by a shape.
struct Reading<'b, S>(S, &'b Budget);

impl<'de, S: Shape<'de>> DeserializeSeed<'de> for Reading<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, S: Shape<'de>> Visitor<'de> for Reading<'_, S> {
    type Value = S::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<S::Value, E> {
        Ok(self.0.text(Some(Text::new(text))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<S::Value, E> {
        Ok(self.0.text(Some(Text::new(text.to_owned()))))
    }

    /// A number, as it is written.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, digits: D) -> Result<S::Value, D::Error> {
        Ok(self.0.text(Text::read(digits)?.expected()))
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

    fn visit_unit<E>(self) -> Result<S::Value, E> {
        Ok(self.0.text(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<S::Value, A::Error> {
        self.0.object(map, self.1)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<S::Value, A::Error> {
        self.0.array(seq, self.1)
    }
}

/// A key, read as the value that a function makes of it.
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
        if text.is_some() {
            self.add_unreadable();
        }
        self
    }

    fn object<A: MapAccess<'de>>(mut self, map: A, budget: &Budget) -> Result<Self, A::Error> {
        // A list of one that was written without its brackets.
        let mut identification = Identification::default();
        read_parts(&mut identification, map, budget)?;
        self.add(identification);
        Ok(self)
    }

    fn array<A: SeqAccess<'de>>(mut self, mut seq: A, budget: &Budget) -> Result<Self, A::Error> {
        loop {
            let mut identification = Identification::default();
            if seq.next_element_seed(Reading(Whole(&mut identification), budget))?.is_none() {
                return Ok(self);
            }
            self.add(identification);
        }
    }
}

/// An entry of a list. One that is no object names no identification.
struct Whole<'s, 'a>(&'s mut Identification<'a>);

impl<'de> Shape<'de> for Whole<'_, 'de> {
    type Value = ();

    fn text(self, _: Option<Text<'de>>) {}

    fn object<A: MapAccess<'de>>(self, map: A, budget: &Budget) -> Result<(), A::Error> {
        read_parts(self.0, map, budget)
    }

    fn array<A: SeqAccess<'de>>(self, seq: A, _: &Budget) -> Result<(), A::Error> {
        IgnoredAny.visit_seq(seq).map(drop)
    }
}

/// Reads the parts of an object.
fn read_parts<'de, A: MapAccess<'de>>(node: &mut dyn Node<'de>, mut map: A, budget: &Budget) -> Result<(), A::Error> {
    while let Some(place) = map.next_key_seed(key(|name: &str| node.place(name)))? {
        place.read(&mut map, budget)?;
    }
    Ok(())
}

impl<'de> Place<'_, 'de> {
    fn read<A: MapAccess<'de>>(self, map: &mut A, budget: &Budget) -> Result<(), A::Error> {
        match self.slot {
            Slot::Unknown => {
                let value = map.next_value_seed(any_place::<Option<Value>>())?;
                Place { slot: Slot::Unknown, ..self }.fill_within(value.expected().flatten().unwrap_or_default(), budget);
                Ok(())
            }
            slot => map.next_value_seed(Reading(Place { slot, ..self }, budget)),
        }
    }
}

impl<'de> Shape<'de> for Place<'_, 'de> {
    type Value = ();

    fn text(self, text: Option<Text<'de>>) {
        match text {
            Some(text) => self.fill_text(text),
            None => self.clear(),
        }
    }

    fn object<A: MapAccess<'de>>(self, map: A, budget: &Budget) -> Result<(), A::Error> {
        match self.slot {
            Slot::Section(section) => {
                section.clear();
                read_parts(section, map, budget)?;
            }
            Slot::Item(place) => {
                let mut item = Box::<Item<'de>>::default();
                read_parts(&mut *item, map, budget)?;
                *place = Some(item);
            }
            Slot::Classes(place) => {
                let mut classes = Box::<Classes<'de>>::default();
                read_parts(&mut *classes, map, budget)?;
                *place = Some(classes);
            }
            Slot::Entries(entries) => {
                entries.clear();
                read_entries(entries, map, budget)?;
            }
            Slot::Signings(signings) => {
                let mut signing = ESigning::default();
                read_parts(&mut signing, map, budget)?;
                *signings = vec![signing];
            }
            slot => {
                let value = any_place::<Option<Value>>().deserialize(MapAccessDeserializer::new(map))?;
                Place { slot, ..self }.fill_within(value.expected().flatten().unwrap_or_default(), budget);
            }
        }
        Ok(())
    }

    fn array<A: SeqAccess<'de>>(self, seq: A, budget: &Budget) -> Result<(), A::Error> {
        let value = any_place::<Option<Value>>().deserialize(SeqAccessDeserializer::new(seq))?;
        self.fill_within(value.expected().flatten().unwrap_or_default(), budget);
        Ok(())
    }
}

/// Reads entries by name.
fn read_entries<'de, A: MapAccess<'de>>(entries: &mut Vec<Entry<'de>>, mut map: A, budget: &Budget) -> Result<(), A::Error> {
    while let Some(name) = map.next_key_seed(Reading(Plain, budget))? {
        let mut entry = Entry::new(name.unwrap_or_else(|| Text::new("")));
        let is_there = map.next_value_seed(Reading(Named(&mut entry), budget))?;
        let length = entry.name.expose().len() + entry.value.as_ref().map_or(0, |value| value.expose().len());
        if is_there && budget.allows_entry(entries.len(), length) {
            entries.push(entry);
        }
    }
    Ok(())
}

/// The value of an entry. Whether there is one.
struct Named<'s, 'a>(&'s mut Entry<'a>);

impl<'de> Shape<'de> for Named<'_, 'de> {
    type Value = bool;

    fn text(self, text: Option<Text<'de>>) -> bool {
        self.0.value = text;
        self.0.value.is_some()
    }

    fn object<A: MapAccess<'de>>(self, map: A, budget: &Budget) -> Result<bool, A::Error> {
        read_parts(self.0, map, budget).map(|()| true)
    }

    fn array<A: SeqAccess<'de>>(self, seq: A, budget: &Budget) -> Result<bool, A::Error> {
        self.0.place("value").array(seq, budget).map(|()| true)
    }
}

/// A scalar.
struct Plain;

impl<'de> Shape<'de> for Plain {
    type Value = Option<Text<'de>>;

    fn text(self, text: Option<Text<'de>>) -> Self::Value {
        text
    }

    fn object<A: MapAccess<'de>>(self, map: A, _: &Budget) -> Result<Self::Value, A::Error> {
        IgnoredAny.visit_map(map).map(|_| None)
    }

    fn array<A: SeqAccess<'de>>(self, seq: A, _: &Budget) -> Result<Self::Value, A::Error> {
        IgnoredAny.visit_seq(seq).map(|_| None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use idv_core::ErrorKind;

    #[test]
    fn text_borrows_unless_a_character_is_escaped() {
        for (name, borrowed) in [("MÜNCHEN", true), ("M\\u00dcNCHEN", false)] {
            let json = format!(r#"{{"identificationprocess":{{"id":"A","agentname":"{name}"}}}}"#);
            let payload = read(&json).unwrap();
            let agent = payload.identifications[0].identificationprocess.agentname.as_ref().unwrap();
            assert_eq!((agent.expose(), agent.is_borrowed()), ("MÜNCHEN", borrowed));
        }
    }

    #[test]
    fn scalar_is_read_in_each_of_its_types() {
        for (json, text) in [
            ("1", Some("1")),
            ("-1", Some("-1")),
            ("1.5", Some("1.5")),
            ("true", Some("true")),
            ("false", Some("false")),
            ("\"\"", Some("")),
            ("12345678901234567890123", Some("12345678901234567890123")),
            ("{\"value\":\"x\"}", Some("x")),
            ("null", None),
            ("[]", None),
            ("[1,{\"a\":[]}]", None),
            ("{}", None),
            ("{\"a\":\"b\"}", None),
        ] {
            let json = format!(r#"{{"identificationprocess":{{"id":"A","agentname":{json}}}}}"#);
            let payload = read(&json).unwrap();
            let agent = payload.identifications[0].identificationprocess.agentname.as_ref();
            assert_eq!(agent.map(Text::expose), text, "{json}");
        }
    }

    #[test]
    fn entries_beyond_the_budget_are_an_error() {
        let entries: Vec<_> = (0..20_000).map(|number| format!("\"{number}\":1")).collect();
        let json = format!(r#"{{"identificationprocess":{{"id":"A"}},"questions":{{{}}}}}"#, entries.join(","));
        assert_eq!(read(&json).unwrap_err().kind(), &ErrorKind::Malformed);
    }

    #[test]
    fn sections_beside_a_list_are_counted() {
        for (json, read_, unreadable) in [
            (r#"{"identifications":[],"userdata":{"firstname":"A"}}"#, 0, 1),
            (r#"{"identifications":[],"identificationprocess":{"id":"A"}}"#, 1, 0),
            (r#"{"identifications":[],"total":7}"#, 0, 0),
        ] {
            let payload = read(json).unwrap();
            assert_eq!((payload.identifications.len(), payload.unreadable), (read_, unreadable), "{json}");
        }
        assert_eq!(read(r#"{"identifications":[],"total":7}"#).unwrap().others.iter().count(), 1);
    }
}
