//! Parts of any shape, and collections of members without a field.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer, Error, MapAccess, SeqAccess};
use serde_json::{Map, Number, Value};

use super::part::{Name, Part, Shape, field, place};
use super::reading::{repeats_are_lists, take_room};
use crate::pii::Pii;
use crate::text::Text;

/// A value in its own shape. Null is a missing value.
impl<'de> Part<'de> for Value {
    fn text(text: Text<'de>) -> Shape<Self> {
        Shape::Expected(text.expose().into())
    }

    fn boolean(value: bool) -> Shape<Self> {
        Shape::Expected(value.into())
    }

    fn number(digits: Text<'de>) -> Shape<Self> {
        Shape::Expected(number(digits.expose()))
    }

    fn object<A: MapAccess<'de>>(map: A) -> Result<Shape<Self>, A::Error> {
        object(map).map(Shape::Expected)
    }

    fn array<A: SeqAccess<'de>>(seq: A) -> Result<Shape<Self>, A::Error> {
        array(seq).map(Shape::Expected)
    }
}

/// Number of digits that `f64` represents exactly.
const SAFE_DIGITS: usize = 15;

/// Converts a number to JSON. A number with more digits than `u64`, `i64` or `f64` represent
/// becomes a string with all of them.
pub(super) fn number(digits: &str) -> Value {
    let float = || {
        digits
            .parse()
            .ok()
            .filter(|_| digits.len() <= SAFE_DIGITS)
            .and_then(Number::from_f64)
            .map(Value::Number)
    };
    // Negative zero is not an integer.
    let whole = || {
        digits
            .parse()
            .ok()
            .filter(|number: &i64| *number != 0)
            .map(Value::from)
    };
    digits
        .parse()
        .map(|number: u64| Value::from(number))
        .ok()
        .or_else(whole)
        .or_else(float)
        .unwrap_or_else(|| digits.into())
}

pub(super) fn object<'de, A: MapAccess<'de>>(mut map: A) -> Result<Value, A::Error> {
    let mut object = Map::new();
    while let Some(name) = map.next_key_seed(Name)? {
        take_room(entry_size(object.is_empty()))?;
        let mut value = whole(map.next_value_seed(place())?);
        if repeats_are_lists() {
            match object.get_mut(&*name) {
                Some(known) => value = list(known.take(), value),
                None if value.is_null() => continue,
                None => {}
            }
        }
        object.insert(name.into_owned(), value);
    }
    Ok(Value::Object(object))
}

/// Adds a value to a list, or creates one. Null adds nothing.
fn list(known: Value, value: Value) -> Value {
    match (known, value) {
        (known, Value::Null) => known,
        (Value::Array(mut list), value) => {
            list.push(value);
            Value::Array(list)
        }
        (known, value) => Value::Array(vec![known, value]),
    }
}

pub(super) fn array<'de, A: SeqAccess<'de>>(mut seq: A) -> Result<Value, A::Error> {
    let mut array = Vec::new();
    while let Some(value) = seq.next_element_seed(place())? {
        array.push(whole(value));
    }
    Ok(Value::Array(array))
}

fn whole(value: Shape<Value>) -> Value {
    value.expected().unwrap_or_default()
}

/// A value that may be personal data.
impl<'de, P: Part<'de>> Part<'de> for Pii<P> {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Shape<Self>, D::Error> {
        P::read(deserializer).map(|part| part.map(Self::new))
    }
}

/// Text, or a value of another shape in its place.
///
/// `Debug` prints neither.
///
/// Use it for a part that influences a decision, so that an unexpected shape does not look like a
/// missing part.
#[derive(Clone, PartialEq, Eq)]
pub enum Loose<'a> {
    /// Text; also a number or a boolean, as written in the payload.
    Text(Text<'a>),
    /// An object or an array. It is rare and large, and boxed to keep the surrounding object small.
    Other(Box<Pii<Value>>),
}

impl<'a> Loose<'a> {
    /// Returns the text, if the value is text.
    #[must_use]
    pub const fn text(&self) -> Option<&Text<'a>> {
        match self {
            Self::Text(text) => Some(text),
            Self::Other(_) => None,
        }
    }

    /// Returns the value, if it is not text.
    #[must_use]
    pub fn other(&self) -> Option<&Pii<Value>> {
        match self {
            Self::Text(_) => None,
            Self::Other(value) => Some(value),
        }
    }

    /// Returns the value in its own shape.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Text(text) => text.expose().into(),
            Self::Other(value) => value.expose().clone(),
        }
    }
}

impl fmt::Debug for Loose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

impl<'de> Part<'de> for Loose<'de> {
    fn text(text: Text<'de>) -> Shape<Self> {
        Shape::Expected(Self::Text(text))
    }

    fn object<A: MapAccess<'de>>(map: A) -> Result<Shape<Self>, A::Error> {
        object(map).map(|value| Shape::Expected(Self::Other(Box::new(Pii::new(value)))))
    }

    fn array<A: SeqAccess<'de>>(seq: A) -> Result<Shape<Self>, A::Error> {
        array(seq).map(|value| Shape::Expected(Self::Other(Box::new(Pii::new(value)))))
    }
}

/// Approximate memory of a map entry in addition to its value: the first entry allocates a node for
/// eleven.
pub(super) const fn entry_size(is_first: bool) -> usize {
    if is_first {
        11 * (size_of::<String>() + size_of::<Value>()) + 32
    } else {
        96
    }
}

/// Members of an object without a field: unknown members, and known ones of an unexpected shape.
///
/// They keep the vendor's names and their own shapes. `Debug` prints only their number. Nulls are
/// omitted. In an [`object!`](super::object), a field of this type is the last one, behind `..`.
#[expect(
    clippy::box_collection,
    reason = "most objects have no such members, and should be small and cheap to drop"
)]
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Members(Option<Box<BTreeMap<String, Pii<Value>>>>);

impl Members {
    /// Adds a member.
    ///
    /// A member with the same name is replaced, because the last one counts.
    pub fn insert(&mut self, name: impl Into<String>, value: Value) {
        if !value.is_null() {
            self.0
                .get_or_insert_default()
                .insert(name.into(), Pii::new(value));
        }
    }

    /// Returns the value of a member.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Pii<Value>> {
        self.0.as_ref()?.get(name)
    }

    /// Returns the members in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Pii<Value>)> {
        let members = self.0.iter().flat_map(|members| members.iter());
        members.map(|(name, value)| (name.as_str(), value))
    }

    /// Returns whether there are no members.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Reads the value of a member without a field.
    ///
    /// # Errors
    ///
    /// Returns the errors of the deserializer, and an error if the payload has far more such
    /// members than its length suggests.
    pub fn read<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        take_room(entry_size(self.is_empty()))?;
        let value = whole(map.next_value_seed(place())?);
        self.keep(name, value);
        Ok(())
    }

    /// Reads the value of a field, or keeps it under its name if its shape is unexpected.
    ///
    /// Nulls, blank text and empty arrays (the empty objects of PHP) are omitted.
    ///
    /// # Errors
    ///
    /// Returns the errors of the deserializer, and an error if the payload has far more such
    /// members than its length suggests.
    // The fields of one type share this function, which keeps the code of large objects small.
    #[inline(never)]
    pub fn read_field<'de, P: Part<'de> + Default, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        _: &'static str,
        earlier: &mut P,
        map: &mut A,
    ) -> Result<(), A::Error> {
        // Parts are large: each is moved only once.
        match map.next_value_seed(field::<P>()) {
            Ok(Shape::Expected(part)) => *earlier = part.after(earlier),
            Ok(Shape::Other(value)) => {
                *earlier = P::default();
                if !says_nothing(&value) {
                    take_room(entry_size(self.is_empty()))?;
                    self.keep(name, value);
                }
            }
            Ok(Shape::Partly(part, value)) => {
                *earlier = part.after(earlier);
                take_room(entry_size(self.is_empty()))?;
                self.keep(name, value);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Stores the value of a field, or keeps it under its name if its shape is unexpected, as
    /// [`Members::read_field`].
    ///
    /// # Errors
    ///
    /// Returns an error if the payload has far more such members than its length suggests.
    pub fn field<P: Default, E: Error>(
        &mut self,
        name: &str,
        _: &'static str,
        field: &mut P,
        value: Shape<P>,
    ) -> Result<(), E> {
        match value {
            Shape::Expected(part) => *field = part,
            Shape::Other(value) if says_nothing(&value) => *field = P::default(),
            Shape::Other(value) => {
                take_room(entry_size(self.is_empty()))?;
                *field = P::default();
                self.keep(name, value);
            }
            Shape::Partly(part, value) => {
                take_room(entry_size(self.is_empty()))?;
                *field = part;
                self.keep(name, value);
            }
        }
        Ok(())
    }

    /// Adds a member. If the name exists, its value becomes a list.
    fn keep(&mut self, name: &str, value: Value) {
        let known = self.0.as_mut().filter(|_| repeats_are_lists());
        match known.and_then(|members| members.get_mut(name)) {
            Some(known) => *known = Pii::new(list(std::mem::take(known).into_exposed(), value)),
            None => self.insert(name, value),
        }
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(entries) => entries.is_empty(),
        _ => false,
    }
}

/// All members of an object.
impl<'de> Part<'de> for Members {
    fn object<A: MapAccess<'de>>(mut map: A) -> Result<Shape<Self>, A::Error> {
        let mut members = Self::default();
        while let Some(name) = map.next_key_seed(Name)? {
            members.read(&name, &mut map)?;
        }
        Ok(Shape::Expected(members))
    }
}

impl IntoIterator for Members {
    type Item = (String, Pii<Value>);
    type IntoIter = std::collections::btree_map::IntoIter<String, Pii<Value>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0
            .map(|members| *members)
            .unwrap_or_default()
            .into_iter()
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} personal]", self.iter().count())
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
        let others: Vec<_> = person
            .others
            .iter()
            .map(|(name, value)| (name, value.expose().clone()))
            .collect();
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
            assert_eq!(
                read::<Person<'_>>(json.as_bytes()).unwrap().extra,
                value,
                "{json}"
            );
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

    #[test]
    fn loose_part_is_text_or_another_shape() {
        for (json, text, other) in [
            ("null", None, None),
            (r#"" a ""#, Some(" a "), None),
            ("7", Some("7"), None),
            ("false", Some("false"), None),
            (
                "123456789012345678901234",
                Some("123456789012345678901234"),
                None,
            ),
            (r#"["a"]"#, None, Some(json!(["a"]))),
            (r#"{"a":0}"#, None, Some(json!({"a": 0}))),
        ] {
            let part: Option<Loose<'_>> = crate::adapter::wire::read_json(json).unwrap();
            let part = part.as_ref();
            assert_eq!(part.and_then(Loose::text).map(Text::expose), text, "{json}");
            assert_eq!(
                part.and_then(Loose::other).map(Pii::expose),
                other.as_ref(),
                "{json}"
            );
            assert!(part.is_none_or(|part| format!("{part:?}") == "[personal]"));
            assert_eq!(
                part.map(Loose::to_value),
                text.map(Value::from).or(other),
                "{json}"
            );
        }
    }
}
