//! Objects with named members, and the members that are undocumented or contradict each other.

use std::collections::BTreeMap;
use std::fmt;

use idv_core::adapter::wire::{Part, Shape, field, place, read_from};
use idv_core::{Pii, Text};
use serde::de::{Deserializer, MapAccess};
use serde_json::Value;

use super::tree::{Member, Tree, Unpacked, parse};

/// An object with [`Others`].
pub(super) trait Object<'a>: Part<'a> + Default {
    /// Returns the members without a field.
    fn others_mut(&mut self) -> &mut Others;

    /// Builds an object from its members.
    fn of(members: Vec<Member<'a>>) -> Self {
        read_from(Tree::Object(members)).unwrap_or_default()
    }

    /// Builds an object from the members of a value, whose text it borrows.
    fn of_tree(tree: &'a Tree<'_>) -> Self {
        read_from(tree).unwrap_or_default()
    }

    /// Builds one object from several parts, and the pieces beside them.
    fn merged(unpacked: Unpacked<'a>) -> Self {
        let mut object = Self::of(unpacked.objects.into_iter().flatten().collect());
        unpacked
            .rest
            .into_iter()
            .for_each(|rest| object.others_mut().insert("", rest));
        object
    }
}

/// The objects of one member, in any wrapping. `Debug` redacts it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Packed<'a>(Tree<'a>);

impl Packed<'_> {
    /// Returns the object, if the member is an object or a string with its JSON.
    pub(super) fn object<'s, T: Object<'s>>(&'s self) -> Option<T> {
        match &self.0 {
            tree @ Tree::Object(_) => Some(T::of_tree(tree)),
            Tree::Text(text) => Some(text.expose().trim())
                .filter(|text| text.starts_with('{'))
                .and_then(|json| parse(json).ok()),
            _ => None,
        }
    }

    /// Returns all objects merged into one.
    pub(super) fn merged<'s, T: Object<'s>>(&'s self) -> T {
        self.object()
            .unwrap_or_else(|| T::merged(self.0.unpacked()))
    }

    /// Returns each object. Pieces beside them are in an additional object at the end.
    pub(super) fn each<'s, T: Object<'s>>(&'s self) -> Vec<T> {
        if let tree @ Tree::Object(members) = &self.0
            && !members.is_empty()
        {
            return vec![T::of_tree(tree)];
        }
        let unpacked = self.0.unpacked();
        let mut objects: Vec<_> = unpacked.objects.into_iter().map(T::of).collect();
        if !unpacked.rest.is_empty() {
            objects.push(T::merged(Unpacked {
                objects: Vec::new(),
                rest: unpacked.rest,
            }));
        }
        objects
    }

    pub(super) fn unpacked(&self) -> Unpacked<'_> {
        self.0.unpacked()
    }
}

impl fmt::Debug for Packed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

impl<'de> Part<'de> for Packed<'de> {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Shape<Self>, D::Error> {
        Ok(Tree::read(deserializer)?.map(Self))
    }
}

/// A field that accepts every value of its member.
pub(super) trait Field: Sized {
    /// Accepts a value.
    fn accept(&mut self, name: &'static str, value: Self, others: &mut Others);
}

/// A repeated text must be equal.
impl Field for Option<Text<'_>> {
    fn accept(&mut self, name: &'static str, value: Self, others: &mut Others) {
        let Some(text) = value else { return };
        let Some(earlier) = self else {
            *self = Some(text);
            return;
        };
        let (before, now) = (earlier.expose().trim(), text.expose().trim());
        if now.is_empty() && !before.is_empty() {
            return;
        }
        if !before.is_empty() && before != now {
            if !others.contradicts(name) {
                others.contradicted.push(name);
                others.insert(name, before.into());
            }
            others.insert(name, now.into());
        }
        *self = Some(text);
    }
}

/// A repeated member contributes all of its objects.
impl Field for Packed<'_> {
    fn accept(&mut self, _: &'static str, value: Self, _: &mut Others) {
        self.0 = match (std::mem::take(&mut self.0), value.0) {
            (Tree::Null, value) => value,
            (before, Tree::Null) => before,
            (Tree::Array(mut entries), value) => {
                entries.push(value);
                Tree::Array(entries)
            }
            (before, value) if before == value => before,
            (before, value) => Tree::Array(vec![before, value]),
        };
    }
}

/// The members of an object without a field: undocumented members, members of an unexpected shape,
/// and members that are repeated with another value. `Debug` prints only their number.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Others {
    members: BTreeMap<String, Vec<Pii<Value>>>,
    undocumented: Vec<String>,
    contradicted: Vec<&'static str>,
}

impl Others {
    /// Returns every member in the order of names, with its values. Pieces outside any object have
    /// the empty name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[Pii<Value>])> {
        self.members
            .iter()
            .map(|(name, values)| (name.as_str(), values.as_slice()))
    }

    /// Returns the values of a member.
    #[must_use]
    pub fn get(&self, name: &str) -> &[Pii<Value>] {
        self.members
            .get(name)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// Returns the undocumented members in the order of arrival.
    pub fn undocumented(&self) -> impl Iterator<Item = (&str, &[Pii<Value>])> {
        self.undocumented
            .iter()
            .map(|name| (name.as_str(), self.get(name)))
    }

    /// Returns the names of documented members that occur more than once, with different values.
    #[must_use]
    pub fn contradicted(&self) -> &[&'static str] {
        &self.contradicted
    }

    /// Returns whether a documented member occurs more than once, with different values. All of its
    /// values are in here.
    #[must_use]
    pub fn contradicts(&self, name: &str) -> bool {
        self.contradicted.contains(&name)
    }

    /// Reads an undocumented member.
    pub(super) fn read<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        map: &mut A,
    ) -> Result<(), A::Error> {
        self.undocumented_member(
            name,
            map.next_value_seed(place())?.expected().unwrap_or_default(),
        );
        Ok(())
    }

    /// Reads the value of a documented member into its field, or keeps it here if it has another
    /// shape.
    #[inline(never)]
    pub(super) fn read_field<'de, F: Field + Part<'de>, A: MapAccess<'de>>(
        &mut self,
        _: &str,
        name: &'static str,
        earlier: &mut F,
        map: &mut A,
    ) -> Result<(), A::Error> {
        match map.next_value_seed(field::<F>())? {
            Shape::Expected(value) => earlier.accept(name, value, self),
            Shape::Other(value) => self.insert(name, value),
            Shape::Partly(part, value) => {
                earlier.accept(name, part, self);
                self.insert(name, value);
            }
        }
        Ok(())
    }

    /// Adds an undocumented member.
    pub(super) fn undocumented_member(&mut self, name: &str, value: Value) {
        if value.is_null() {
            return;
        }
        if !self.members.contains_key(name) {
            self.undocumented.push(name.to_owned());
        }
        self.insert(name, value);
    }

    /// Adds a value of a documented member, or, with the empty name, a piece outside any object.
    pub(super) fn insert(&mut self, name: &str, value: Value) {
        let values = self.members.entry(name.to_owned()).or_default();
        if values.last().map(Pii::expose) != Some(&value) {
            values.push(Pii::new(value));
        }
    }
}

impl fmt::Debug for Others {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} personal]", self.members.len())
    }
}

macro_rules! with_others {
    ($($object:ident)*) => {$(
        impl<'a> $crate::wire::members::Object<'a> for $object<'a> {
            fn others_mut(&mut self) -> &mut $crate::wire::members::Others {
                &mut self.others
            }
        }
    )*};
}

pub(super) use with_others;

#[cfg(test)]
mod tests {
    use idv_core::adapter::wire::object;
    use serde_json::json;

    use super::*;

    object! {
        #[derive(Default)]
        struct Pair<'a> {
            "Name" | "NAME" name: Option<Text<'a>>,
            "Inner" inner: Packed<'a>,
            ..
            others: Others,
        }
    }

    with_others!(Pair);

    fn read(json: &str) -> Pair<'_> {
        parse(json).unwrap()
    }

    fn values(others: &Others, name: &str) -> Vec<Value> {
        others
            .get(name)
            .iter()
            .map(|value| value.expose().clone())
            .collect()
    }

    #[test]
    fn scalar_member_is_read_as_text() {
        for (json, text) in [
            ("\"a\"", "a"),
            ("7", "7"),
            ("true", "true"),
            ("false", "false"),
        ] {
            let json = format!(r#"{{"NAME":{json}}}"#);
            let pair = read(&json);
            assert_eq!(
                (pair.name.unwrap().expose(), pair.others),
                (text, Others::default()),
                "{json}"
            );
        }
        assert_eq!(read(r#"{"Name":null}"#).name, None);
    }

    #[test]
    fn documented_member_of_another_shape_is_kept() {
        let pair = read(r#"{"Name":{"a":1}}"#);
        assert_eq!(
            (pair.name, values(&pair.others, "Name")),
            (None, vec![json!({"a": 1})])
        );
        assert_eq!(pair.others.undocumented().count(), 0);
        assert!(!format!("{:?}", pair.others).contains("Name"));
    }

    #[test]
    fn repeated_member_contradicts_only_by_another_value() {
        for (json, text, contradicted) in [
            (r#"{"Name":"a","Name":" a"}"#, " a", vec![]),
            (r#"{"Name":"a","Name":""}"#, "a", vec![]),
            (r#"{"Name":"","Name":"a"}"#, "a", vec![]),
            (r#"{"Name":7,"NAME":"7"}"#, "7", vec![]),
            (
                r#"{"Name":"a","Name":"b","Name":"c"}"#,
                "c",
                vec![json!("a"), json!("b"), json!("c")],
            ),
            (
                r#"{"Name":"a","NAME":"b"}"#,
                "b",
                vec![json!("a"), json!("b")],
            ),
        ] {
            let pair = read(json);
            assert_eq!(
                pair.others.contradicts("Name"),
                !contradicted.is_empty(),
                "{json}"
            );
            assert_eq!(
                (pair.name.unwrap().expose(), values(&pair.others, "Name")),
                (text, contradicted),
                "{json}"
            );
        }
        assert_eq!(
            read(r#"{"Name":1,"Name":2}"#).others.contradicted(),
            ["Name"]
        );
    }

    #[test]
    fn undocumented_members_keep_their_shape_and_each_value() {
        let pair = read(r#"{"x":[1],"y":null,"x":{"a":true},"x":{"a":true}}"#);
        let undocumented: Vec<_> = pair
            .others
            .undocumented()
            .map(|(name, values)| (name.to_owned(), values.len()))
            .collect();
        assert_eq!(undocumented, [("x".to_owned(), 2)]);
        assert_eq!(values(&pair.others, "x"), [json!([1]), json!({"a": true})]);
        assert_eq!(pair.others.iter().count(), 1);
    }

    #[test]
    fn repeated_objects_are_joined() {
        for (json, joined) in [
            (r#"{"Inner":{"a":1},"Inner":null}"#, json!({"a": 1})),
            (r#"{"Inner":{"a":1},"Inner":{"a":1}}"#, json!({"a": 1})),
            (
                r#"{"Inner":{"a":1},"Inner":{"b":2}}"#,
                json!([{"a": 1}, {"b": 2}]),
            ),
            (r#"{"Inner":[{"a":1}],"Inner":"x"}"#, json!([{"a": 1}, "x"])),
        ] {
            assert_eq!(Value::from(read(json).inner.0), joined, "{json}");
        }
    }

    #[test]
    fn pieces_outside_objects_are_a_separate_object() {
        let packed: Packed<'_> = parse(r#"[{"Name":"a"},{"Name":"b"},7]"#).unwrap();
        let each: Vec<Pair<'_>> = packed.each();
        assert_eq!(
            each.iter()
                .map(|it| it.name.as_ref().map(Text::expose))
                .collect::<Vec<_>>(),
            [Some("a"), Some("b"), None]
        );
        assert_eq!(values(&each[2].others, ""), [json!(7)]);
        let merged: Pair<'_> = packed.merged();
        assert!(merged.others.contradicts("Name"));
        assert_eq!(values(&merged.others, ""), [json!(7)]);
    }
}
