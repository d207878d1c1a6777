//! Parts of any shape, and the members that a type has no field for.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer, MapAccess, SeqAccess};
use serde_json::{Map, Number, Value};

use super::part::{Name, Optional, Part, place};
use super::reading::take_room;
use crate::pii::Pii;
use crate::text::Text;

/// Whatever stands at a place, in its own shape; none if nothing or null stands there.
impl<'de> Optional<'de> for Value {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Whole::read(deserializer).map(|Whole(value)| Some(value).filter(|value| !value.is_null()))
    }

    fn text(text: Text<'de>) -> Option<Self> {
        Some(Self::String(text.expose().to_owned()))
    }

    fn number(number: &Number) -> Option<Self> {
        Some(Self::Number(number.clone()))
    }

    fn object<A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        Whole::object(map).map(|Whole(value)| Some(value))
    }

    fn array<A: SeqAccess<'de>>(seq: A) -> Result<Option<Self>, A::Error> {
        Whole::array(seq).map(|Whole(value)| Some(value))
    }
}

/// A value of any shape, null included.
#[derive(Default)]
struct Whole(Value);

impl<'de> Part<'de> for Whole {
    fn text(text: Text<'de>) -> Self {
        Self(Value::String(text.expose().to_owned()))
    }

    fn boolean(value: bool) -> Self {
        Self(Value::Bool(value))
    }

    fn number(number: &Number) -> Self {
        Self(Value::Number(number.clone()))
    }

    fn object<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut object = Map::new();
        while let Some(name) = map.next_key_seed(Name)? {
            take_room(entry_size(object.is_empty()))?;
            let Self(value) = map.next_value_seed(place())?;
            object.insert(name.into_owned(), value);
        }
        Ok(Self(Value::Object(object)))
    }

    fn array<A: SeqAccess<'de>>(mut seq: A) -> Result<Self, A::Error> {
        let mut array = Vec::new();
        while let Some(Self(value)) = seq.next_element_seed(place())? {
            array.push(value);
        }
        Ok(Self(Value::Array(array)))
    }
}

/// How much memory an entry of a map takes beside its value, by about: the first one brings a node with room for eleven.
const fn entry_size(is_first: bool) -> usize {
    if is_first { 11 * (size_of::<String>() + size_of::<Value>()) + 32 } else { 96 }
}

/// Members of an object that its type has no field for, by the vendor's names and in their own shapes. `Debug` prints their number only.
///
/// A null says nothing and is left out. A field of this type is the last one of an [`object!`](super::object), behind `..`.
#[derive(Clone, Default, PartialEq)]
pub struct Members(BTreeMap<String, Pii<Value>>);

impl Members {
    /// Adds a member; one with the same name is replaced, as the last one counts.
    pub fn insert(&mut self, name: impl Into<String>, value: Value) {
        if !value.is_null() {
            self.0.insert(name.into(), Pii::new(value));
        }
    }

    /// Returns the value of a member.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Pii<Value>> {
        self.0.get(name)
    }

    /// Returns the members in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Pii<Value>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the value of a member whose name no field has.
    ///
    /// # Errors
    ///
    /// Those of the deserializer, and one if the payload has far more of such members than its length suggests.
    pub fn read<'de, A: MapAccess<'de>>(&mut self, name: String, map: &mut A) -> Result<(), A::Error> {
        take_room(entry_size(self.0.is_empty()))?;
        let Whole(value) = map.next_value_seed(place())?;
        self.insert(name, value);
        Ok(())
    }
}

/// All members of an object.
impl<'de> Part<'de> for Members {
    fn object<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut members = Self::default();
        while let Some(name) = map.next_key_seed(Name)? {
            members.read(name.into_owned(), &mut map)?;
        }
        Ok(members)
    }
}

impl IntoIterator for Members {
    type Item = (String, Pii<Value>);
    type IntoIter = std::collections::btree_map::IntoIter<String, Pii<Value>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} personal]", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::adapter::wire::{object, read};

    object! {
        #[derive(Debug, Default)]
        struct Person<'a> {
            "name" name: Option<Text<'a>>,
            "extra" extra: Option<Value>,
            .. others: Members,
        }
    }

    #[test]
    fn unknown_members_keep_their_shape() {
        let json =
            br#"{"name":"Erika","height":{"cm":[170,1.5,null,true]},"flag":false,"none":null,"long":123456789012345678901234}"#;
        let person: Person<'_> = read(json).unwrap();
        let others: Vec<_> = person.others.iter().map(|(name, value)| (name, value.expose().clone())).collect();
        let expected = [
            ("flag", json!(false)),
            ("height", json!({"cm": [170, 1.5, null, true]})),
            ("long", json!("123456789012345678901234")),
        ];
        assert_eq!(others, expected);
        assert_eq!(person.name.as_ref().map(Text::expose), Some("Erika"));
        assert!(!format!("{person:?}").contains("170"));
    }

    #[test]
    fn part_of_any_shape_is_kept_whole() {
        for (json, value) in [
            ("7", Some(json!(7))),
            ("\"a\"", Some(json!("a"))),
            ("true", Some(json!(true))),
            ("[{}]", Some(json!([{}]))),
            ("null", None),
        ] {
            let json = format!("{{\"extra\":{json}}}");
            assert_eq!(read::<Person<'_>>(json.as_bytes()).unwrap().extra, value, "{json}");
        }
    }

    #[test]
    fn unknown_members_are_bounded_for_each_payload() {
        let members = |count: usize| {
            let members: Vec<_> = (0..count).map(|number| format!("\"{number}\":0")).collect();
            format!("{{\"others\":0,{}}}", members.join(","))
        };
        for _ in 0..3 {
            assert!(read::<Members>(members(9_000).as_bytes()).is_ok());
            assert!(read::<Members>(members(200_000).as_bytes()).is_err());
        }
        let nested = format!("{{\"a\":[{}]}}", vec!["{}"; 9_000].join(","));
        assert!(read::<Members>(nested.as_bytes()).is_ok());
        let wide = format!("{{\"a\":{}}}", members(200_000));
        assert!(read::<Members>(wide.as_bytes()).is_err());
    }

    #[test]
    fn last_of_repeated_members_counts() {
        let members: Members = read(br#"{"a":1,"b":2,"a":3}"#).unwrap();
        assert_eq!(members.get("a").map(Pii::expose), Some(&json!(3)));
        assert_eq!(members.into_iter().count(), 2);
    }
}
