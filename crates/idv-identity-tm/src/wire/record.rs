//! Objects that lose nothing: a member that the document does not have, or that has another shape than documented, is kept beside the
//! others.

use std::borrow::Cow;

use idv_core::Text;
use idv_core::adapter::wire::{Members, Name, Optional, Part, place};
use serde::de::{Deserializer, MapAccess, SeqAccess};
use serde_json::{Number, Value};

/// Makes a type with the vendor's own members, which is read from an object.
///
/// It is like [`object!`](idv_core::adapter::wire::object) but for `others`, which has the members that no field takes: unknown ones, and known
/// ones of a shape that the field's type cannot read.
macro_rules! record {
    (
        $(#[$attribute:meta])*
        $vis:vis struct $record:ident<$life:lifetime> {
            $($(#[$field_attribute:meta])* $($name:literal)|+ $field:ident: $type:ty $(as $read:ty)?,)*
        }
    ) => {
        $(#[$attribute])*
        #[non_exhaustive]
        $vis struct $record<$life> {
            $($(#[$field_attribute])* $vis $field: $type,)*
            /// Members that the document does not have or that have another shape than documented, by their names.
            $vis others: ::idv_core::adapter::wire::Members,
        }

        impl<$life> $crate::wire::record::Record<$life> for $record<$life> {
            fn member<A: ::serde::de::MapAccess<$life>>(
                &mut self,
                name: ::std::borrow::Cow<'_, str>,
                map: &mut A,
            ) -> Result<(), A::Error> {
                use $crate::wire::record::Read;
                match &*name {
                    $($($name)|+ => match map.next_value_seed(
                        ::idv_core::adapter::wire::place::<Read<record!(@read $type $(, $read)?)>>(),
                    )? {
                        Read::Known(part) => self.$field = part.into(),
                        Read::Other(value) => self.others.insert(name, value),
                    },)*
                    _ => self.others.read(name.into_owned(), map)?,
                }
                Ok(())
            }

            fn others_mut(&mut self) -> &mut ::idv_core::adapter::wire::Members {
                &mut self.others
            }
        }

        impl<$life> ::idv_core::adapter::wire::Part<$life> for $record<$life> {
            fn object<A: ::serde::de::MapAccess<$life>>(map: A) -> Result<Self, A::Error> {
                $crate::wire::record::of_object(map)
            }
        }
    };
    (@read $type:ty) => { $type };
    (@read $type:ty, $read:ty) => { $read };
}

pub(super) use record;

/// A type of [`record!`].
pub(super) trait Record<'de>: Part<'de> {
    /// Reads the value of one member.
    fn member<A: MapAccess<'de>>(&mut self, name: Cow<'_, str>, map: &mut A) -> Result<(), A::Error>;

    /// The members that no field takes.
    fn others_mut(&mut self) -> &mut Members;
}

/// Reads a record from an object.
pub(super) fn of_object<'de, R: Record<'de>, A: MapAccess<'de>>(mut map: A) -> Result<R, A::Error> {
    let mut record = R::default();
    while let Some(name) = map.next_key_seed(Name)? {
        record.member(name, &mut map)?;
    }
    Ok(record)
}

/// A part, or a value of a shape that the part cannot be read from.
pub(super) enum Read<T> {
    Known(T),
    Other(Value),
}

impl<T: Default> Default for Read<T> {
    fn default() -> Self {
        Self::Known(T::default())
    }
}

/// A part that says which shapes it can be read from.
pub(super) trait Shaped<'de>: Sized + Default {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Read<Self>, D::Error> {
        <Anything<Self> as Part<'de>>::read(deserializer).map(|Anything(read)| read)
    }

    /// Blank text says nothing, whatever belongs there.
    fn text(text: Text<'de>) -> Read<Self> {
        if text.expose().trim().is_empty() { Read::default() } else { Read::Other(text.expose().into()) }
    }

    fn boolean(value: bool) -> Read<Self> {
        Read::Other(value.into())
    }

    fn number(number: &Number) -> Read<Self> {
        Read::Other(number.clone().into())
    }

    fn object<A: MapAccess<'de>>(map: A) -> Result<Read<Self>, A::Error> {
        any_object(map).map(Read::Other)
    }

    fn array<A: SeqAccess<'de>>(seq: A) -> Result<Read<Self>, A::Error> {
        any_array(seq).map(Self::elements)
    }

    /// An array stands there. An empty one says nothing: PHP writes an empty object so.
    fn elements(elements: Vec<Value>) -> Read<Self> {
        if elements.is_empty() { Read::default() } else { Read::Other(Value::Array(elements)) }
    }
}

impl<'de, T: Shaped<'de>> Part<'de> for Read<T> {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer)
    }
}

struct Anything<T>(Read<T>);

impl<T: Default> Default for Anything<T> {
    fn default() -> Self {
        Self(Read::default())
    }
}

impl<'de, T: Shaped<'de>> Part<'de> for Anything<T> {
    fn text(text: Text<'de>) -> Self {
        Self(T::text(text))
    }

    fn boolean(value: bool) -> Self {
        Self(T::boolean(value))
    }

    fn number(number: &Number) -> Self {
        Self(T::number(number))
    }

    fn object<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        T::object(map).map(Self)
    }

    fn array<A: SeqAccess<'de>>(seq: A) -> Result<Self, A::Error> {
        T::array(seq).map(Self)
    }
}

fn any_object<'de, A: MapAccess<'de>>(map: A) -> Result<Value, A::Error> {
    Ok(<Value as Optional<'de>>::object(map)?.unwrap_or_default())
}

fn any_array<'de, A: SeqAccess<'de>>(seq: A) -> Result<Vec<Value>, A::Error> {
    match <Value as Optional<'de>>::array(seq)? {
        Some(Value::Array(elements)) => Ok(elements),
        _ => Ok(Vec::new()),
    }
}

/// Text, a number or a truth value, each as it is written.
impl<'de> Shaped<'de> for Option<Text<'de>> {
    fn text(text: Text<'de>) -> Read<Self> {
        Read::Known(Some(text))
    }

    fn boolean(value: bool) -> Read<Self> {
        Read::Known(Some(Text::new(if value { "true" } else { "false" })))
    }

    fn number(number: &Number) -> Read<Self> {
        Read::Known(Some(Text::new(number.to_string())))
    }
}

/// A truth value in any spelling; another word is kept.
impl<'de> Shaped<'de> for Option<bool> {
    fn text(text: Text<'de>) -> Read<Self> {
        match truth(text.expose()) {
            Some(value) => Read::Known(Some(value)),
            None if text.expose().trim().is_empty() => Read::default(),
            None => Read::Other(text.expose().into()),
        }
    }

    fn boolean(value: bool) -> Read<Self> {
        Read::Known(Some(value))
    }

    fn number(number: &Number) -> Read<Self> {
        match truth(&number.to_string()) {
            Some(value) => Read::Known(Some(value)),
            None => Read::Other(number.clone().into()),
        }
    }
}

/// The vendor is German, so that its own words are known too.
fn truth(word: &str) -> Option<bool> {
    let is = |known: &str| word.trim().eq_ignore_ascii_case(known);
    if is("ja") || is("wahr") {
        return Some(true);
    }
    if is("nein") || is("falsch") {
        return Some(false);
    }
    <bool as Optional<'_>>::text(Text::new(word))
}

/// An object; also one that stands alone in a list.
impl<'de, R: Record<'de>> Shaped<'de> for R {
    fn object<A: MapAccess<'de>>(map: A) -> Result<Read<Self>, A::Error> {
        of_object(map).map(Read::Known)
    }

    fn elements(elements: Vec<Value>) -> Read<Self> {
        match elements.as_slice() {
            [] => Read::default(),
            [object @ Value::Object(_)] => match <R as Part<'de>>::read(object.clone()) {
                Ok(record) => Read::Known(record),
                Err(_) => Read::Other(Value::Array(elements)),
            },
            _ => Read::Other(Value::Array(elements)),
        }
    }
}

/// Members whose names the order chose.
impl<'de> Shaped<'de> for Members {
    fn object<A: MapAccess<'de>>(map: A) -> Result<Read<Self>, A::Error> {
        <Self as Part<'de>>::object(map).map(Read::Known)
    }
}

/// Maximum number of entries of a list: many more than any order has. An odd entry takes two bytes of a payload and a kilobyte of memory.
const MAX_ENTRIES: usize = 5_000;

/// A list of records, of which it can matter whether it is there at all.
///
/// Null is an empty one. An object is a list of one without its brackets, unless its members are called by their places (`"0"`, `"1"`):
/// PHP writes a list so that has other members, too, and those are an entry of their own, behind the list. Text is no list.
pub(super) struct List<R>(Option<Vec<R>>);

impl<R> Default for List<R> {
    fn default() -> Self {
        Self(Some(Vec::new()))
    }
}

impl<'de, R: Record<'de>> Shaped<'de> for List<R> {
    fn text(text: Text<'de>) -> Read<Self> {
        if text.expose().trim().is_empty() { Read::Known(Self(None)) } else { Read::Other(text.expose().into()) }
    }

    fn object<A: MapAccess<'de>>(mut map: A) -> Result<Read<Self>, A::Error> {
        let (mut list, mut record, mut has_members) = (Vec::new(), R::default(), false);
        while let Some(name) = map.next_key_seed(Name)? {
            if name.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty() {
                push(&mut list, map.next_value_seed(place::<Entry<R>>())?)?;
            } else {
                record.member(name, &mut map)?;
                has_members = true;
            }
        }
        if has_members || list.is_empty() {
            list.push(record);
        }
        Ok(Read::Known(Self(Some(list))))
    }

    fn array<A: SeqAccess<'de>>(mut seq: A) -> Result<Read<Self>, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = seq.next_element_seed(place())? {
            push(&mut list, entry)?;
        }
        Ok(Read::Known(Self(Some(list))))
    }
}

fn push<R, E: serde::de::Error>(list: &mut Vec<R>, Entry(record): Entry<R>) -> Result<(), E> {
    if list.len() >= MAX_ENTRIES {
        return Err(E::custom("a list has more than 5000 entries"));
    }
    list.push(record);
    Ok(())
}

impl<R> From<List<R>> for Option<Vec<R>> {
    fn from(list: List<R>) -> Self {
        list.0
    }
}

impl<R> From<List<R>> for Vec<R> {
    fn from(list: List<R>) -> Self {
        list.0.unwrap_or_default()
    }
}

/// An entry of a list. One that is no object is kept under the empty name.
#[derive(Default)]
struct Entry<R>(R);

impl<'de, R: Record<'de>> Part<'de> for Entry<R> {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match <R as Shaped<'de>>::read(deserializer)? {
            Read::Known(record) => record,
            Read::Other(value) => {
                let mut record = R::default();
                record.others_mut().insert("", value);
                record
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use idv_core::Pii;
    use serde_json::json;

    use super::*;

    record! {
        /// A record.
        #[derive(Debug, Clone, Default, PartialEq)]
        struct Thing<'a> {
            /// Text.
            "Name" | "Nane" name: Option<Text<'a>>,
            /// A truth value.
            "Flag" flag: Option<bool>,
            /// A list.
            "Things" things: Vec<Thing<'a>> as List<Thing<'a>>,
            /// An object whose names are not documented.
            "Free" free: Members,
        }
    }

    fn read(json: &str) -> Thing<'_> {
        idv_core::adapter::wire::read(json.as_bytes()).unwrap()
    }

    fn others(thing: &Thing<'_>) -> Value {
        thing.others.iter().map(|(name, value)| (name.to_owned(), value.expose().clone())).collect()
    }

    #[test]
    fn member_of_another_shape_is_kept() {
        let thing =
            read(r#"{"Name":["x"],"Flag":"perhaps","Things":"none","Free":[1],"New":{"a":[null]},"Null":null,"Nane":{"b":1}}"#);
        let expected =
            json!({"Name": ["x"], "Flag": "perhaps", "Things": "none", "Free": [1], "New": {"a": [null]}, "Nane": {"b": 1}});
        assert_eq!(others(&thing), expected);
        assert_eq!((thing.name, thing.flag, thing.things.len(), thing.free.is_empty()), (None, None, 0, true));
    }

    #[test]
    fn blank_member_says_nothing() {
        let thing = read(r#"{"Flag":" ","Things":"","Free":[],"Name":""}"#);
        assert_eq!(others(&thing), json!({}));
        assert_eq!(thing.name.as_ref().map(Text::expose), Some(""));
        assert_eq!((thing.flag, thing.things.len()), (None, 0));
    }

    #[test]
    fn truth_value_is_read_in_each_spelling() {
        for (value, expected) in [
            ("true", Some(true)),
            ("\"True\"", Some(true)),
            ("\"YES\"", Some(true)),
            ("\"Ja\"", Some(true)),
            ("\"wahr\"", Some(true)),
            ("1", Some(true)),
            ("1.0", Some(true)),
            ("\" 1 \"", Some(true)),
            ("false", Some(false)),
            ("\"Nein\"", Some(false)),
            ("\"FALSCH\"", Some(false)),
            ("0", Some(false)),
            ("null", None),
            ("2", None),
            ("[true]", None),
        ] {
            let json = format!("{{\"Flag\":{value}}}");
            assert_eq!(read(&json).flag, expected, "{value}");
        }
        assert_eq!(others(&read(r#"{"Flag":2}"#)), json!({"Flag": 2}));
    }

    #[test]
    fn list_is_read_in_each_form() {
        for (list, names) in [
            (r#"[{"Name":"a"},{"Name":"b"}]"#, "a,b"),
            (r#"{"Name":"a"}"#, "a"),
            (r#"{"0":{"Name":"a"},"1":{"Name":"b"}}"#, "a,b"),
            (r#"{"1":{"Name":"a"},"Name":"c","2":[{"Name":"b"}]}"#, "a,b,c"),
            (r#"[[{"Name":"a"}],null,{"Name":"b"}]"#, "a,,b"),
            ("{}", ""),
            ("[]", ""),
            ("null", ""),
        ] {
            let json = format!("{{\"Things\":{list}}}");
            let thing = read(&json);
            let found: Vec<_> = thing.things.iter().map(|it| it.name.as_ref().map_or("", Text::expose)).collect();
            assert_eq!(found.join(","), names, "{list}");
        }
    }

    #[test]
    fn list_tells_whether_it_is_there() {
        let length = |json: &str| {
            let read = match <List<Thing<'_>> as Shaped<'_>>::read(&mut serde_json::Deserializer::from_str(json)).unwrap() {
                Read::Known(list) => Option::<Vec<_>>::from(list),
                Read::Other(_) => None,
            };
            read.map(|list| list.len())
        };
        for (json, expected) in [
            ("[{},{}]", Some(2)),
            ("[]", Some(0)),
            ("null", Some(0)),
            ("{}", Some(1)),
            ("\"x\"", None),
            ("\"\"", None),
            ("1", None),
        ] {
            assert_eq!(length(json), expected, "{json}");
        }
    }

    #[test]
    fn entry_that_is_no_object_is_kept() {
        let thing = read(r#"{"Things":["x",7,[1,2],true]}"#);
        let kept: Vec<_> = thing.things.iter().map(|it| it.others.get("").map(Pii::expose).cloned()).collect();
        assert_eq!(kept, [Some(json!("x")), Some(json!(7)), Some(json!([1, 2])), Some(json!(true))]);
    }
}
