//! JSON of any shape, and the objects in it, in any wrapping.
//!
//! The vendor's table has arrays of arrays, its prose has objects, and its sample has strings with
//! JSON in them. Nothing is lost: a piece outside any object is kept beside the objects.

use std::borrow::Cow;
use std::fmt;

use idv_core::adapter::wire::{Name, Part, Shape, TextDeserializer, place, read_json};
use idv_core::{Error, Result, Text};
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

/// The maximum number of members and elements in a payload. A report has a few dozen.
const PLACES: usize = 50_000;

/// The maximum number of arrays and strings around an object. The table has two arrays.
const WRAPPINGS: usize = 8;

/// The maximum depth of truncated JSON that is recovered. A result has a depth of two.
const DEPTH: usize = 16;

/// A member of an object: its name and its value.
pub(super) type Member<'a> = (Cow<'a, str>, Tree<'a>);

/// JSON of any shape, with every occurrence of a repeated member. `Debug` redacts it.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) enum Tree<'a> {
    #[default]
    Null,
    Bool(bool),
    /// The number's text.
    Number(Text<'a>),
    Text(Text<'a>),
    Array(Vec<Self>),
    Object(Vec<Member<'a>>),
}

/// The objects in a value, and the pieces outside them.
#[derive(Default)]
pub(super) struct Unpacked<'a> {
    pub(super) objects: Vec<Vec<Member<'a>>>,
    pub(super) rest: Vec<Value>,
}

/// Parses JSON of any kind.
pub(super) fn parse<'a, P: Part<'a> + Default>(json: &'a str) -> Result<P> {
    let has_more = || {
        json.bytes()
            .filter(|byte| matches!(byte, b',' | b':'))
            .nth(PLACES)
            .is_some()
    };
    if json.len() > PLACES && has_more() {
        return Err(Error::malformed(
            "too many members or elements for a report",
        ));
    }
    read_json(json)
}

impl<'a> Tree<'a> {
    /// Returns the text of a string, a number or a boolean.
    pub(super) fn into_text(self) -> Shape<Option<Text<'a>>> {
        match self {
            Self::Null => Shape::Expected(None),
            Self::Text(text) => Option::text(text),
            Self::Bool(value) => Option::boolean(value),
            Self::Number(digits) => Option::number(digits),
            other => Shape::Other(other.into()),
        }
    }

    /// Returns the members of a single object: bare, in arrays, or as pairs of names and values.
    pub(super) fn single(self) -> Result<Vec<Member<'a>>> {
        let Unpacked { objects, rest } = self.into_unpacked();
        match <[_; 1]>::try_from(objects) {
            Ok([object]) if rest.is_empty() => Ok(object),
            // A merge would apply the statements about one subject to another.
            _ => Err(Error::malformed(
                "expected one JSON object, bare or in arrays",
            )),
        }
    }

    /// Returns the objects in this value: bare, in arrays, as pairs of names and values, or as JSON
    /// in strings.
    pub(super) fn unpacked(&self) -> Unpacked<'_> {
        match self {
            // Texts borrow from the string.
            Self::Text(text) => {
                let mut unpacked = Unpacked::default();
                if let Some(tree) = embedded(text.expose(), &mut unpacked.rest) {
                    tree.unpack(&mut unpacked, 1);
                }
                unpacked
            }
            other => other.clone().into_unpacked(),
        }
    }

    fn into_unpacked(self) -> Unpacked<'a> {
        let mut unpacked = Unpacked::default();
        self.unpack(&mut unpacked, 0);
        unpacked
    }

    fn unpack(self, unpacked: &mut Unpacked<'a>, depth: usize) {
        match self {
            Self::Null => {}
            Self::Object(members) if members.is_empty() => {}
            Self::Object(members) => unpacked.objects.push(members),
            Self::Array(entries) if depth < WRAPPINGS => match pair(entries) {
                Ok(member) => unpacked.objects.push(vec![member]),
                Err(entries) => {
                    let mut members = Vec::new();
                    for entry in entries {
                        match entry {
                            Self::Array(inner) => match pair(inner) {
                                Ok(member) => members.push(member),
                                Err(inner) => Self::Array(inner).unpack(unpacked, depth + 1),
                            },
                            other => other.unpack(unpacked, depth + 1),
                        }
                    }
                    if !members.is_empty() {
                        unpacked.objects.push(members);
                    }
                }
            },
            Self::Text(text) if depth < WRAPPINGS => {
                if let Some(tree) = embedded(text.expose(), &mut unpacked.rest) {
                    tree.into_owned().unpack(unpacked, depth + 1);
                }
            }
            other => unpacked.rest.push(other.into()),
        }
    }

    /// Returns an owned copy.
    pub(super) fn into_owned(self) -> Tree<'static> {
        match self {
            Self::Null => Tree::Null,
            Self::Bool(value) => Tree::Bool(value),
            Self::Number(digits) => Tree::Number(owned(&digits)),
            Self::Text(text) => Tree::Text(owned(&text)),
            Self::Array(entries) => {
                Tree::Array(entries.into_iter().map(Self::into_owned).collect())
            }
            Self::Object(members) => Tree::Object(
                members
                    .into_iter()
                    .map(|(name, value)| (Cow::Owned(name.into_owned()), value.into_owned()))
                    .collect(),
            ),
        }
    }
}

fn owned(text: &Text<'_>) -> Text<'static> {
    Text::new(text.expose().to_owned())
}

/// Converts a value in its own shape. The last of repeated members counts.
impl From<Tree<'_>> for Value {
    fn from(tree: Tree<'_>) -> Self {
        match tree {
            Tree::Null => Self::Null,
            Tree::Bool(value) => Self::Bool(value),
            Tree::Number(digits) => Self::number(digits).expected().unwrap_or_default(),
            Tree::Text(text) => text.expose().into(),
            Tree::Array(entries) => Self::Array(entries.into_iter().map(Into::into).collect()),
            Tree::Object(members) => Self::Object(
                members
                    .into_iter()
                    .map(|(name, value)| (name.into_owned(), value.into()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }
}

impl<'de> Part<'de> for Tree<'de> {
    fn null() -> Shape<Self> {
        Shape::Expected(Self::Null)
    }

    fn text(text: Text<'de>) -> Shape<Self> {
        Shape::Expected(Self::Text(text))
    }

    fn boolean(value: bool) -> Shape<Self> {
        Shape::Expected(Self::Bool(value))
    }

    fn number(digits: Text<'de>) -> Shape<Self> {
        Shape::Expected(Self::Number(digits))
    }

    fn object<A: MapAccess<'de>>(mut map: A) -> Result<Shape<Self>, A::Error> {
        let mut members = Vec::with_capacity(16);
        while let Some(name) = map.next_key_seed(Name)? {
            members.push((
                name,
                map.next_value_seed(place())?.expected().unwrap_or_default(),
            ));
        }
        Ok(Shape::Expected(Self::Object(members)))
    }

    fn array<A: SeqAccess<'de>>(seq: A) -> Result<Shape<Self>, A::Error> {
        Ok(Vec::array(seq)?.map(Self::Array))
    }
}

/// Deserializes parts from an already parsed value.
impl<'de> Deserializer<'de> for Tree<'de> {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(value) => visitor.visit_bool(value),
            Self::Number(digits) => {
                visitor.visit_newtype_struct(TextDeserializer::new(digits.into_exposed()))
            }
            Self::Text(text) => TextDeserializer::new(text.into_exposed()).deserialize_any(visitor),
            Self::Array(entries) => visitor.visit_seq(SeqDeserializer::new(entries.into_iter())),
            Self::Object(members) => visitor.visit_map(MapDeserializer::new(
                members
                    .into_iter()
                    .map(|(name, value)| (TextDeserializer::new(name), value)),
            )),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq
        tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de> for Tree<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Deserializes parts that borrow from an already parsed value.
impl<'de> Deserializer<'de> for &'de Tree<'_> {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self {
            Tree::Null => visitor.visit_unit(),
            Tree::Bool(value) => visitor.visit_bool(*value),
            Tree::Number(digits) => {
                visitor.visit_newtype_struct(TextDeserializer::new(digits.expose()))
            }
            Tree::Text(text) => visitor.visit_borrowed_str(text.expose()),
            Tree::Array(entries) => visitor.visit_seq(SeqDeserializer::new(entries.iter())),
            Tree::Object(members) => visitor.visit_map(MapDeserializer::new(
                members
                    .iter()
                    .map(|(name, value)| (TextDeserializer::new(&**name), value)),
            )),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq
        tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de> for &'de Tree<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl fmt::Debug for Tree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

/// Parses the JSON in a string. Text that is not JSON goes to `rest`. An empty string and `null`
/// contain nothing. From truncated JSON the complete members are read, and the text is kept in
/// `rest` as well.
fn embedded<'a>(text: &'a str, rest: &mut Vec<Value>) -> Option<Tree<'a>> {
    let trimmed = text.trim();
    match trimmed.as_bytes().first() {
        None => None,
        Some(b'{' | b'[' | b'"') => match parse(trimmed) {
            Ok(tree) => Some(tree),
            Err(_) => {
                rest.push(text.into());
                unbroken(trimmed).and_then(|json| parse(&json).map(Tree::into_owned).ok())
            }
        },
        _ if trimmed == "null" => None,
        _ => {
            rest.push(text.into());
            None
        }
    }
}

/// Returns the complete part of truncated JSON: up to its end, or to the last comma of its objects
/// and arrays, which are then closed.
fn unbroken(json: &str) -> Option<String> {
    let mut open: Vec<char> = Vec::new();
    let mut last = None;
    let (mut in_string, mut escaped) = (false, false);
    for (index, character) in json.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            _ if in_string => {}
            '{' | '[' if open.len() >= DEPTH => return None,
            '{' => open.push('}'),
            '[' => open.push(']'),
            ',' => last = Some((index, open.clone())),
            '}' | ']' => {
                if open.pop() != Some(character) {
                    break;
                }
                if open.is_empty() {
                    last = Some((index + 1, Vec::new()));
                    break;
                }
            }
            _ => {}
        }
    }
    let (end, open) = last?;
    Some(
        json.get(..end)?
            .chars()
            .chain(open.into_iter().rev())
            .collect(),
    )
}

/// Returns an array of two entries as a member, if its first entry is a name.
fn pair(entries: Vec<Tree<'_>>) -> Result<Member<'_>, Vec<Tree<'_>>> {
    let is_pair = matches!(entries.as_slice(), [Tree::Text(name), _] if is_name(name.expose()));
    match <[_; 2]>::try_from(entries) {
        Ok([Tree::Text(name), value]) if is_pair => {
            Ok((Cow::Owned(name.expose().to_owned()), value))
        }
        Ok(entries) => Err(entries.into()),
        Err(entries) => Err(entries),
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn unpacked(json: &str) -> (Vec<Value>, Vec<Value>) {
        let tree: Tree<'_> = parse(json).unwrap();
        let Unpacked { objects, rest } = tree.unpacked();
        (
            objects
                .into_iter()
                .map(|members| Tree::Object(members).into())
                .collect(),
            rest,
        )
    }

    #[test]
    fn object_is_found_in_every_wrapping() {
        for json in [
            r#"{"a":1,"b":[2]}"#,
            r#"[{"a":1,"b":[2]}]"#,
            r#"[[{"a":1,"b":[2]}]]"#,
            r#"[["a",1],["b",[2]]]"#,
            r#"[[["a",1],["b",[2]]]]"#,
            r#""{\"a\":1,\"b\":[2]}""#,
            r#"" [[\"a\",1],[\"b\",[2]]]""#,
            r#"["{\"a\":1,\"b\":[2]}"]"#,
            r#""\"{\\\"a\\\":1,\\\"b\\\":[2]}\"""#,
        ] {
            assert_eq!(
                unpacked(json),
                (vec![json!({"a": 1, "b": [2]})], vec![]),
                "{json}"
            );
        }
    }

    #[test]
    fn piece_outside_any_object_is_kept() {
        for (json, objects, rest) in [
            (r#""Array""#, vec![], vec![json!("Array")]),
            ("7", vec![], vec![json!(7)]),
            ("true", vec![], vec![json!(true)]),
            (r#""{\"a\":""#, vec![], vec![json!("{\"a\":")]),
            (
                r#""{\"a\":1,\"b\":[2,{\"c\":\"x,""#,
                vec![json!({"a": 1, "b": [2]})],
                vec![json!("{\"a\":1,\"b\":[2,{\"c\":\"x,")],
            ),
            (
                r#""{\"a\":\"}\\\",\",\"b\"""#,
                vec![json!({"a": "}\","})],
                vec![json!("{\"a\":\"}\\\",\",\"b\"")],
            ),
            (
                r#""{\"a\":1} x""#,
                vec![json!({"a": 1})],
                vec![json!("{\"a\":1} x")],
            ),
            (
                r#""{\"a\":1,\"b\":2]""#,
                vec![json!({"a": 1})],
                vec![json!("{\"a\":1,\"b\":2]")],
            ),
            (
                r#""{\"a\":x,\"b\":2""#,
                vec![],
                vec![json!("{\"a\":x,\"b\":2")],
            ),
            (
                r#"[{"a":1},"x",[2,3,4]]"#,
                vec![json!({"a": 1})],
                vec![json!("x"), json!(2), json!(3), json!(4)],
            ),
            (
                r#"[["a",1],{"b":2}]"#,
                vec![json!({"b": 2}), json!({"a": 1})],
                vec![],
            ),
            (r#"["a",1]"#, vec![json!({"a": 1})], vec![]),
            (r#"["1",1]"#, vec![], vec![json!("1"), json!(1)]),
            (
                r#"[["2021-09-04","IP"]]"#,
                vec![],
                vec![json!("2021-09-04"), json!("IP")],
            ),
            (
                r#"[[[[[[[[[{"a":1}]]]]]]]]]"#,
                vec![],
                vec![json!([{"a": 1}])],
            ),
            ("null", vec![], vec![]),
            (r#""null""#, vec![], vec![]),
            (r#"" ""#, vec![], vec![]),
            ("[]", vec![], vec![]),
            ("[{}]", vec![], vec![]),
        ] {
            assert_eq!(unpacked(json), (objects, rest), "{json}");
        }
    }

    #[test]
    fn only_one_object_is_single() {
        for json in [r#"{"a":1}"#, r#"[{"a":1}]"#, r#"[["a",1]]"#] {
            assert!(parse::<Tree<'_>>(json).unwrap().single().is_ok(), "{json}");
        }
        for json in ["{}", "[]", "7", r#"[{"a":1},{"b":2}]"#, r#"[{"a":1},2]"#] {
            assert!(parse::<Tree<'_>>(json).unwrap().single().is_err(), "{json}");
        }
    }

    #[test]
    fn payload_with_too_many_parts_is_refused() {
        let json = |count: usize| {
            format!(
                "{{{}}}",
                (0..count)
                    .map(|it| format!("\"{it}\":0"))
                    .collect::<Vec<_>>()
                    .join(",")
            )
        };
        assert!(parse::<Tree<'_>>(&json(PLACES / 2)).is_ok());
        assert!(parse::<Tree<'_>>(&json(PLACES / 2 + 1)).is_err());
    }

    #[test]
    fn tree_is_not_printed() {
        assert_eq!(
            format!(
                "{:?}",
                parse::<Tree<'_>>(r#"{"Nombre":"Mustermann"}"#).unwrap()
            ),
            "[personal]"
        );
    }
}
