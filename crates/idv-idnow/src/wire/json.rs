//! Results as JSON (chapter 13.4).
//!
//! Each visitor takes what it can use, and passes over every other type, so a part of an unknown shape is a missing part. How deep
//! values nest is bounded by serde_json.

use std::fmt;

use idv_core::{Error, Result};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::item::{Classes, Entry, Item};
use super::text::{Scalar, ScalarVisitor, Text};
use super::{Identification, List, Node, Payload, Slot, bare};

/// Reads a bare identification, an array of them, or an object that holds such an array.
pub(super) fn read(text: &str) -> Result<Payload<'_>> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let root = Root::deserialize(&mut deserializer)
        // Nothing but white space may follow: what follows would be lost without a word.
        .and_then(|root| deserializer.end().map(|()| root))
        .map_err(|error| Error::malformed_json(&error))?;
    match root.list {
        Some(list) => Ok(list.into_payload()),
        None => bare(root.identification),
    }
}

/// The whole payload.
#[derive(Default)]
struct Root<'a> {
    identification: Identification<'a>,
    list: Option<List<'a>>,
}

/// Passes over every type that a visitor has no use for.
macro_rules! pass_over {
    ($($kind:ident)*) => { $(pass_over!(@$kind);)* };
    (@scalars) => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            self.pass()
        }

        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            self.pass()
        }

        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            self.pass()
        }

        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            self.pass()
        }

        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            self.pass()
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            self.pass()
        }
    };
    (@seq) => {
        fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
            IgnoredAny.visit_seq(seq)?;
            self.pass()
        }
    };
    (@map) => {
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            IgnoredAny.visit_map(map)?;
            self.pass()
        }
    };
    // Scalars are text.
    (@texts) => {
        fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Self::Value, E> {
            ScalarVisitor.visit_bool(value).and_then(|text| self.take(text))
        }

        fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Self::Value, E> {
            ScalarVisitor.visit_i64(value).and_then(|text| self.take(text))
        }

        fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Self::Value, E> {
            ScalarVisitor.visit_u64(value).and_then(|text| self.take(text))
        }

        fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Self::Value, E> {
            ScalarVisitor.visit_f64(value).and_then(|text| self.take(text))
        }

        fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Self::Value, E> {
            ScalarVisitor.visit_str(value).and_then(|text| self.take(text))
        }

        fn visit_borrowed_str<E: serde::de::Error>(self, value: &'de str) -> Result<Self::Value, E> {
            ScalarVisitor.visit_borrowed_str(value).and_then(|text| self.take(text))
        }

        fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
            self.take(None)
        }
    };
}

fn anything(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("anything")
}

impl<'de> Deserialize<'de> for Root<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RootVisitor)
    }
}

struct RootVisitor;

impl<'de> Visitor<'de> for RootVisitor {
    type Value = Root<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Root<'de>, A::Error> {
        let mut root = Root::default();
        while let Some(part) = map.next_key_seed(RootKey(&mut root))? {
            match part {
                RootPart::List(list) => map.next_value_seed(ListVisitor(list.insert(List::default())))?,
                RootPart::Slot(slot) => map.next_value_seed(slot)?,
            }
        }
        Ok(root)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Root<'de>, A::Error> {
        let mut list = List::default();
        ListVisitor(&mut list).visit_seq(seq)?;
        Ok(Root { list: Some(list), ..Root::default() })
    }
}

enum RootPart<'s, 'a> {
    List(&'s mut Option<List<'a>>),
    Slot(Slot<'s, 'a>),
}

struct RootKey<'s, 'a>(&'s mut Root<'a>);

impl<'de, 's> DeserializeSeed<'de> for RootKey<'s, 'de> {
    type Value = RootPart<'s, 'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<'de, 's> Visitor<'de> for RootKey<'s, 'de> {
    type Value = RootPart<'s, 'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        anything(f)
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(match name {
            "identifications" => RootPart::List(&mut self.0.list),
            _ => RootPart::Slot(self.0.identification.part(name)),
        })
    }
}

/// The identifications of a list. One that is none is counted and passed over.
struct ListVisitor<'s, 'a>(&'s mut List<'a>);

impl ListVisitor<'_, '_> {
    fn pass<E>(self) -> Result<(), E> {
        self.0.unreadable += 1;
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for ListVisitor<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ListVisitor<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        anything(f)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        loop {
            let mut identification = Identification::default();
            if seq.next_element_seed(Slot::Section(&mut identification))?.is_none() {
                return Ok(());
            }
            self.0.add(identification);
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        // A list of one that was written without its brackets.
        let mut identification = Identification::default();
        SectionVisitor(&mut identification).visit_map(map)?;
        self.0.add(identification);
        Ok(())
    }

    pass_over!(scalars);
}

impl<'de> DeserializeSeed<'de> for Slot<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self {
            Self::Section(section) => deserializer.deserialize_any(SectionVisitor(section)),
            Self::Text(text) => deserializer.deserialize_any(ScalarVisitor).map(|read| *text = read),
            Self::Item(item) => deserializer.deserialize_any(ItemVisitor).map(|read| *item = read.map(Box::new)),
            Self::Classes(classes) => deserializer.deserialize_any(ClassesVisitor).map(|read| *classes = read),
            Self::Entries(entries) => deserializer.deserialize_any(EntriesVisitor(entries)),
            Self::Unknown => deserializer.deserialize_ignored_any(IgnoredAny).map(drop),
        }
    }
}

struct SectionVisitor<'s, 'a>(&'s mut dyn Node<'a>);

impl SectionVisitor<'_, '_> {
    #[expect(clippy::unused_self, reason = "it is called like that of the other visitors")]
    fn pass<E>(self) -> Result<(), E> {
        Ok(())
    }
}

impl<'de> Visitor<'de> for SectionVisitor<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        anything(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(slot) = map.next_key_seed(PartOf(&mut *self.0))? {
            map.next_value_seed(slot)?;
        }
        Ok(())
    }

    pass_over!(scalars seq);
}

/// A key, read as the place for what follows it.
struct PartOf<'s, 'a>(&'s mut dyn Node<'a>);

impl<'de, 's> DeserializeSeed<'de> for PartOf<'s, 'de> {
    type Value = Slot<'s, 'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<'de, 's> Visitor<'de> for PartOf<'s, 'de> {
    type Value = Slot<'s, 'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        anything(f)
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.part(name))
    }
}

/// `{"value": …, "status": …}`, or the value alone.
struct ItemVisitor;

impl ItemVisitor {
    #[expect(clippy::unused_self, reason = "it is called like that of the other visitors")]
    fn take<'a, E>(self, value: Option<Text<'a>>) -> Result<Option<Item<'a>>, E> {
        Ok(value.map(|value| Item { value: Some(value), ..Item::default() }))
    }

    fn pass<'a, E>(self) -> Result<Option<Item<'a>>, E> {
        self.take(None)
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

impl<'de> Visitor<'de> for ItemVisitor {
    type Value = Option<Item<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        anything(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let mut item = Item::default();
        SectionVisitor(&mut item).visit_map(map)?;
        Ok(Some(item))
    }

    pass_over!(texts seq);
}

/// `{"value": [{"type": …}], "status": …}`, or the list alone.
struct ClassesVisitor;

impl ClassesVisitor {
    #[expect(clippy::unused_self, reason = "it is called like that of the other visitors")]
    fn take<'a, E>(self, value: Option<Text<'a>>) -> Result<Classes<'a>, E> {
        Ok(Classes { value: value.into_iter().collect(), ..Classes::default() })
    }
}

impl<'de> Visitor<'de> for ClassesVisitor {
    type Value = Classes<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        anything(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut classes = Classes::default();
        while let Some(name) = map.next_key::<Scalar<'de>>()? {
            match name.0.as_ref().map(Text::expose) {
                Some("value") => classes.value = map.next_value::<ClassList<'de>>()?.0,
                Some("original") => classes.original = map.next_value::<ClassList<'de>>()?.0,
                Some("identification") => classes.identification = map.next_value::<ClassList<'de>>()?.0,
                Some("status") => classes.status = map.next_value::<Scalar<'de>>()?.0,
                Some("reviewstatus") => classes.reviewstatus = map.next_value::<Scalar<'de>>()?.0,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(classes)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        Ok(Classes { value: ClassListVisitor.visit_seq(seq)?.0, ..Classes::default() })
    }

    pass_over!(texts);
}

/// `[{"type": …}]`; also `["…"]` and a single text.
struct ClassList<'a>(Vec<Text<'a>>);

impl<'de> Deserialize<'de> for ClassList<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ClassListVisitor)
    }
}

struct ClassListVisitor;

impl ClassListVisitor {
    #[expect(clippy::unused_self, reason = "it is called like that of the other visitors")]
    fn take<'a, E>(self, value: Option<Text<'a>>) -> Result<ClassList<'a>, E> {
        Ok(ClassList(value.into_iter().collect()))
    }
}

impl<'de> Visitor<'de> for ClassListVisitor {
    type Value = ClassList<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        anything(f)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut classes = Vec::new();
        while let Some(class) = seq.next_element_seed(Named("type"))? {
            classes.extend(class);
        }
        Ok(ClassList(classes))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Ok(ClassList(Named("type").visit_map(map)?.into_iter().collect()))
    }

    pass_over!(texts);
}

/// Entries by name: the value is text, or stands in an object (`{"value": …}`, as answers do in JSON).
struct EntriesVisitor<'s, 'a>(&'s mut Vec<Entry<'a>>);

impl EntriesVisitor<'_, '_> {
    #[expect(clippy::unused_self, reason = "it is called like that of the other visitors")]
    fn pass<E>(self) -> Result<(), E> {
        Ok(())
    }
}

impl<'de> Visitor<'de> for EntriesVisitor<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        anything(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Scalar<'de>>()? {
            let value = map.next_value_seed(Named("value"))?;
            if let (Some(name), Some(value)) = (name.0, value) {
                self.0.push(Entry::new(name, value));
            }
        }
        Ok(())
    }

    pass_over!(scalars seq);
}

/// A text that stands alone, or in an object under a name.
struct Named(&'static str);

impl Named {
    #[expect(clippy::unused_self, reason = "it is called like that of the other visitors")]
    fn take<'a, E>(self, value: Option<Text<'a>>) -> Result<Option<Text<'a>>, E> {
        Ok(value)
    }

    fn pass<'a, E>(self) -> Result<Option<Text<'a>>, E> {
        self.take(None)
    }
}

impl<'de> DeserializeSeed<'de> for Named {
    type Value = Option<Text<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Named {
    type Value = Option<Text<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        anything(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = map.next_key::<Scalar<'de>>()? {
            if name.0.as_ref().map(Text::expose) == Some(self.0) {
                found = map.next_value::<Scalar<'de>>()?.0;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    pass_over!(texts seq);
}
