//! Objects with named members, and the members that have no field or contradict each other.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use idv_core::{Pii, Text};
use serde_json::Value;

use super::tree::{Member, Tree, Unpacked};

/// An object with named members.
pub(super) trait Object<'a>: Default {
    /// Takes a member in.
    fn take(&mut self, name: Cow<'a, str>, value: Tree<'a>);

    /// Takes a piece in that belongs to no object.
    fn take_rest(&mut self, rest: Value);

    /// Reads one object.
    fn of(members: Vec<Member<'a>>) -> Self {
        let mut object = Self::default();
        members.into_iter().for_each(|(name, value)| object.take(name, value));
        object
    }

    /// Reads one object from several that are parts of it, and the pieces beside them.
    fn merged(unpacked: Unpacked<'a>) -> Self {
        let mut object = Self::of(unpacked.objects.into_iter().flatten().collect());
        unpacked.rest.into_iter().for_each(|rest| object.take_rest(rest));
        object
    }

    /// Reads several objects. The pieces beside them are in an object of their own, the last one.
    fn each(unpacked: Unpacked<'a>) -> Vec<Self> {
        let mut objects: Vec<_> = unpacked.objects.into_iter().map(Self::of).collect();
        if !unpacked.rest.is_empty() {
            objects.push(Self::merged(Unpacked { objects: Vec::new(), rest: unpacked.rest }));
        }
        objects
    }
}

/// The members of an object that have no field: those that the document does not name, those of another shape than its own, and those
/// that are repeated with another value. `Debug` prints their number only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Others {
    members: BTreeMap<String, Vec<Pii<Value>>>,
    undocumented: Vec<String>,
    contradicted: Vec<&'static str>,
}

impl Others {
    /// Returns every member in the order of their names, with the values that were sent. Pieces that belong to no object have the empty
    /// name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[Pii<Value>])> {
        self.members.iter().map(|(name, values)| (name.as_str(), values.as_slice()))
    }

    /// Returns the values of a member.
    #[must_use]
    pub fn get(&self, name: &str) -> &[Pii<Value>] {
        self.members.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns the members that the document does not name, in the order in which they came.
    pub fn undocumented(&self) -> impl Iterator<Item = (&str, &[Pii<Value>])> {
        self.undocumented.iter().map(|name| (name.as_str(), self.get(name)))
    }

    /// Returns the names of documented members that were sent more than once, with different values.
    #[must_use]
    pub fn contradicted(&self) -> &[&'static str] {
        &self.contradicted
    }

    /// Returns whether a documented member was sent more than once, with different values. All of them are here.
    #[must_use]
    pub fn contradicts(&self, name: &str) -> bool {
        self.contradicted.contains(&name)
    }

    /// Takes a documented member into its field. Its text has to be the same if it is repeated.
    pub(super) fn field<'a>(&mut self, name: &'static str, field: &mut Option<Text<'a>>, value: Tree<'a>) {
        let text = match value {
            Tree::Null => return,
            Tree::Text(text) => text,
            Tree::Bool(value) => Text::new(if value { "true" } else { "false" }),
            Tree::Number(number) => Text::new(number.to_string()),
            other => return self.push(name, other.into()),
        };
        let said = |text: &Text<'_>| text.expose().trim().to_owned();
        let (before, now) = (field.as_ref().map(said).unwrap_or_default(), said(&text));
        if now.is_empty() && !before.is_empty() {
            return;
        }
        if !before.is_empty() && before != now {
            if !self.contradicts(name) {
                self.contradicted.push(name);
                self.push(name, before.into());
            }
            self.push(name, now.into());
        }
        *field = Some(text);
    }

    /// Takes a member in that the document does not name.
    pub(super) fn undocumented_member(&mut self, name: &str, value: Tree<'_>) {
        if value == Tree::Null {
            return;
        }
        if !self.members.contains_key(name) {
            self.undocumented.push(name.to_owned());
        }
        self.push(name, value.into());
    }

    /// Takes a piece in that belongs to no object.
    pub(super) fn rest(&mut self, rest: Value) {
        self.push("", rest);
    }

    fn push(&mut self, name: &str, value: Value) {
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

/// Adds a value to a member that holds objects: repeated, it holds those of each.
pub(super) fn join<'a>(into: &mut Tree<'a>, value: Tree<'a>) {
    *into = match (std::mem::take(into), value) {
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

/// Reads a type by the vendor's names of its members: fields of text, and members that hold objects again.
macro_rules! members {
    ($object:ident<$life:lifetime> {
        $($name:literal $(| $alias:literal)* => $field:ident,)*
        objects { $($inner:literal => $inner_field:ident,)* }
    }) => {
        impl<$life> $crate::wire::members::Object<$life> for $object<$life> {
            fn take(&mut self, name: std::borrow::Cow<$life, str>, value: $crate::wire::tree::Tree<$life>) {
                match &*name {
                    $($name $(| $alias)* => self.others.field($name, &mut self.$field, value),)*
                    $($inner => $crate::wire::members::join(&mut self.$inner_field, value),)*
                    other => self.others.undocumented_member(other, value),
                }
            }

            fn take_rest(&mut self, rest: serde_json::Value) {
                self.others.rest(rest);
            }
        }
    };
}

pub(super) use members;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Default)]
    struct Pair<'a> {
        name: Option<Text<'a>>,
        others: Others,
        inner: Tree<'a>,
    }

    members! {
        Pair<'a> {
            "Name" | "NAME" => name,
            objects { "Inner" => inner, }
        }
    }

    fn read(json: &str) -> Pair<'_> {
        Pair::of(Tree::parse(json).unwrap().single().unwrap())
    }

    fn values(others: &Others, name: &str) -> Vec<Value> {
        others.get(name).iter().map(|value| value.expose().clone()).collect()
    }

    #[test]
    fn member_is_text_whatever_scalar_it_is() {
        for (json, text) in [("\"a\"", "a"), ("7", "7"), ("true", "true"), ("false", "false")] {
            let json = format!(r#"{{"NAME":{json}}}"#);
            let pair = read(&json);
            assert_eq!((pair.name.unwrap().expose(), pair.others), (text, Others::default()), "{json}");
        }
        assert_eq!(read(r#"{"Name":null}"#).name, None);
    }

    #[test]
    fn documented_member_of_another_shape_is_kept() {
        let pair = read(r#"{"Name":{"a":1}}"#);
        assert_eq!((pair.name, values(&pair.others, "Name")), (None, vec![json!({"a": 1})]));
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
            (r#"{"Name":"a","Name":"b","Name":"c"}"#, "c", vec![json!("a"), json!("b"), json!("c")]),
            (r#"{"Name":"a","NAME":"b"}"#, "b", vec![json!("a"), json!("b")]),
        ] {
            let pair = read(json);
            assert_eq!(pair.others.contradicts("Name"), !contradicted.is_empty(), "{json}");
            assert_eq!((pair.name.unwrap().expose(), values(&pair.others, "Name")), (text, contradicted), "{json}");
        }
        assert_eq!(read(r#"{"Name":1,"Name":2}"#).others.contradicted(), ["Name"]);
    }

    #[test]
    fn undocumented_members_keep_their_shape_and_each_value() {
        let pair = read(r#"{"x":[1],"y":null,"x":{"a":true},"x":{"a":true}}"#);
        let undocumented: Vec<_> = pair.others.undocumented().map(|(name, values)| (name.to_owned(), values.len())).collect();
        assert_eq!(undocumented, [("x".to_owned(), 2)]);
        assert_eq!(values(&pair.others, "x"), [json!([1]), json!({"a": true})]);
        assert_eq!(pair.others.iter().count(), 1);
    }

    #[test]
    fn repeated_objects_are_joined() {
        for (json, joined) in [
            (r#"{"Inner":{"a":1},"Inner":null}"#, json!({"a": 1})),
            (r#"{"Inner":{"a":1},"Inner":{"a":1}}"#, json!({"a": 1})),
            (r#"{"Inner":{"a":1},"Inner":{"b":2}}"#, json!([{"a": 1}, {"b": 2}])),
            (r#"{"Inner":[{"a":1}],"Inner":"x"}"#, json!([{"a": 1}, "x"])),
        ] {
            assert_eq!(Value::from(read(json).inner), joined, "{json}");
        }
    }

    #[test]
    fn pieces_without_an_object_are_an_object_of_their_own() {
        let tree = Tree::parse(r#"[{"Name":"a"},{"Name":"b"},7]"#).unwrap();
        let each = Pair::each(tree.unpacked());
        assert_eq!(each.iter().map(|it| it.name.as_ref().map(Text::expose)).collect::<Vec<_>>(), [Some("a"), Some("b"), None]);
        assert_eq!(values(&each[2].others, ""), [json!(7)]);
        let merged = Pair::merged(tree.unpacked());
        assert!(merged.others.contradicts("Name"));
        assert_eq!(values(&merged.others, ""), [json!(7)]);
    }
}
