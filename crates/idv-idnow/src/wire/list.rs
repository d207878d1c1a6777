//! Lists of identifications, in JSON and in XML.

use idv_core::adapter::wire::{Name, Part, Shape, TextDeserializer, place};
use idv_core::{Error, Result, Text};
use serde::de::{DeserializeSeed, MapAccess, SeqAccess};

use super::Payload;
use super::sections::Identification;

/// JSON (chapter 13.4): a bare identification, an array of them, or an object with such an array.
#[derive(Default)]
pub(super) struct Json<'a> {
    /// The identification that the object is, or the members beside the list.
    beside: Identification<'a>,
    list: Option<List<'a>>,
}

/// XML (chapter 13.3): `<identifications>`, or a single `<identification>`.
#[derive(Default)]
pub(super) struct Xml<'a>(Option<Json<'a>>);

/// The identifications parsed so far.
#[derive(Default)]
struct List<'a> {
    identifications: Vec<Identification<'a>>,
    unreadable: usize,
}

impl<'a> Json<'a> {
    pub(super) fn into_payload(self) -> Result<Payload<'a>> {
        let Self { mut beside, list } = self;
        let Some(mut list) = list else {
            if !beside.is_named() {
                return Err(Error::malformed(
                    "no identification: transactionnumber and id are missing",
                ));
            }
            return Ok(Payload {
                identifications: vec![beside],
                ..Payload::default()
            });
        };
        let others = std::mem::take(&mut beside.others);
        // Sections beside a list are an identification of their own, if they are not empty.
        if beside != Identification::default() {
            list.add(Some(beside));
        }
        Ok(Payload {
            identifications: list.identifications,
            unreadable: list.unreadable,
            listed: true,
            others,
        })
    }
}

impl<'a> Xml<'a> {
    pub(super) fn into_payload(self) -> Result<Payload<'a>> {
        let none =
            || Error::malformed("expected the root element identifications or identification");
        self.0.ok_or_else(none)?.into_payload()
    }
}

impl<'de> Part<'de> for Json<'de> {
    fn object<A: MapAccess<'de>>(map: A) -> Result<Shape<Self>, A::Error> {
        let mut list = None;
        let beside = Identification::object(Beside {
            map,
            name: "identifications",
            take: |map: &mut A| {
                list = map.next_value_seed(place::<Option<List<'_>>>())?.expected();
                Ok(())
            },
        })?;
        Ok(beside.map(|beside| Self {
            beside,
            list: list.map(Option::unwrap_or_default),
        }))
    }

    fn array<A: SeqAccess<'de>>(seq: A) -> Result<Shape<Self>, A::Error> {
        Ok(List::array(seq)?.map(|list| Self {
            list: Some(list),
            ..Self::default()
        }))
    }
}

impl<'de> Part<'de> for Xml<'de> {
    fn object<A: MapAccess<'de>>(mut map: A) -> Result<Shape<Self>, A::Error> {
        let root = match map.next_key_seed(Name)?.as_deref() {
            Some("identifications") => {
                map.next_value_seed(place::<Elements<'_>>())?
                    .expected()
                    .unwrap_or_default()
                    .0
            }
            Some("identification") => Json {
                beside: map.next_value_seed(place())?.expected().unwrap_or_default(),
                list: None,
            },
            _ => return Ok(Shape::Expected(Self(None))),
        };
        Ok(Shape::Expected(Self(Some(root))))
    }
}

/// The element `<identifications>`.
struct Elements<'a>(Json<'a>);

impl Default for Elements<'_> {
    fn default() -> Self {
        Self(Json {
            list: Some(List::default()),
            ..Json::default()
        })
    }
}

impl<'de> Part<'de> for Elements<'de> {
    fn text(text: Text<'de>) -> Shape<Self> {
        let mut elements = Self::default();
        elements
            .0
            .beside
            .others
            .insert("value", text.expose().into());
        Shape::Expected(elements)
    }

    fn object<A: MapAccess<'de>>(map: A) -> Result<Shape<Self>, A::Error> {
        let mut list = List::default();
        let beside = Identification::object(Beside {
            map,
            name: "identification",
            take: |map: &mut A| {
                list.add(map.next_value_seed(place())?.expected());
                Ok(())
            },
        })?;
        Ok(beside.map(|beside| {
            Self(Json {
                beside,
                list: Some(list),
            })
        }))
    }
}

impl<'de> Part<'de> for List<'de> {
    fn null() -> Shape<Self> {
        Shape::Expected(Self::default())
    }

    fn text(_: Text<'de>) -> Shape<Self> {
        Shape::Expected(Self {
            unreadable: 1,
            ..Self::default()
        })
    }

    fn object<A: MapAccess<'de>>(map: A) -> Result<Shape<Self>, A::Error> {
        // A list of one entry without its brackets.
        let mut list = Self::default();
        list.add(Identification::object(map)?.expected());
        Ok(Shape::Expected(list))
    }

    fn array<A: SeqAccess<'de>>(mut seq: A) -> Result<Shape<Self>, A::Error> {
        let mut list = Self::default();
        while let Some(entry) = seq.next_element_seed(place())? {
            list.add(entry.expected());
        }
        Ok(Shape::Expected(list))
    }
}

impl<'a> List<'a> {
    /// Adds an identification, if there is one.
    fn add(&mut self, identification: Option<Identification<'a>>) {
        let Some(identification) = identification.filter(Identification::is_named) else {
            self.unreadable += 1;
            return;
        };
        // Growth by a quarter limits the unused capacity of a long list.
        if self.identifications.len() == self.identifications.capacity() {
            self.identifications
                .reserve_exact(self.identifications.len() / 4 + 1);
        }
        self.identifications.push(identification);
    }
}

/// An object without the members of one name, which are collected separately.
struct Beside<A, F> {
    map: A,
    name: &'static str,
    take: F,
}

impl<'de, A: MapAccess<'de>, F: FnMut(&mut A) -> Result<(), A::Error>> MapAccess<'de>
    for Beside<A, F>
{
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        loop {
            match self.map.next_key_seed(Name)? {
                Some(name) if name == self.name => (self.take)(&mut self.map)?,
                Some(name) => return seed.deserialize(TextDeserializer::new(name)).map(Some),
                None => return Ok(None),
            }
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

#[cfg(test)]
mod tests {
    use crate::wire;

    #[test]
    fn sections_beside_a_list_are_counted() {
        for (payload, read, unreadable) in [
            (
                r#"{"identifications":[],"userdata":{"firstname":"A"}}"#,
                0,
                1,
            ),
            (
                r#"{"identifications":[],"identificationprocess":{"id":"A"}}"#,
                1,
                0,
            ),
            (r#"{"identifications":[],"total":7}"#, 0, 0),
            ("<identifications total='7'/>", 0, 0),
            (
                "<identifications><userdata><firstname>A</firstname></userdata></identifications>",
                0,
                1,
            ),
            ("<identifications>text</identifications>", 0, 0),
        ] {
            let found = wire::read(payload.as_bytes()).unwrap();
            assert_eq!(
                (found.identifications.len(), found.unreadable),
                (read, unreadable),
                "{payload}"
            );
            assert_eq!(
                found.others.is_empty(),
                !payload.contains("total") && !payload.contains("text"),
                "{payload}"
            );
        }
    }

    #[test]
    fn identification_without_a_name_is_counted() {
        let payload = r#"[{}, {"identificationprocess":{"id":" "}}, 7, {"identificationprocess":{"transactionnumber":"A"}}]"#;
        let payload = wire::read(payload.as_bytes()).unwrap();
        assert_eq!(
            (
                payload.identifications.len(),
                payload.unreadable,
                payload.listed
            ),
            (1, 3, true)
        );
    }
}
