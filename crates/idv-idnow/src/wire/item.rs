//! The parts that results are made of: a value with its status, a driver's licence classes, and entries by name.

use std::borrow::Cow;

use idv_core::Text;
use idv_core::adapter::wire::Members;
use serde_json::{Map, Value};

use super::place::{Node, Place, Seen, Slot, fill_node, scalar};
use super::sections::section;

section! {
    /// A value with its status (chapter 13.1.4). Every part is optional: a redacted value has none, one of an aborted identification
    /// has only `original`, and `status` takes words that no table has.
    Item {
        /// The value.
        "value" value: Text,
        /// The comparison with the submitted value: `MATCH`, `CHANGE`, `NEW`, `ORIGINAL`, and in samples `REDACTION`.
        "status" status: Text,
        /// The submitted value.
        "original" original: Text,
        /// The comparison of the reviewer's value with the agent's: `MATCH`, `CHANGE`, `NEW`.
        "reviewstatus" reviewstatus: Text,
        /// The agent's value if the reviewer changed it.
        "identification" identification: Text,
    }
}

section! {
    /// The classes of a driver's licence (chapter 13.1.5): an item whose value is a list.
    Classes {
        /// The classes.
        "value" value: ClassList,
        /// As [`Item::status`].
        "status" status: Text,
        /// The submitted classes.
        "original" original: ClassList,
        /// As [`Item::reviewstatus`].
        "reviewstatus" reviewstatus: Text,
        /// The agent's classes if the reviewer changed them.
        "identification" identification: ClassList,
    }
}

impl<'a> Classes<'a> {
    /// Classes in one text.
    pub(super) fn written(text: Text<'a>) -> Self {
        Self { value: ClassList::written(text), ..Self::default() }
    }
}

/// Classes of a driver's licence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClassList<'a> {
    /// The classes, one by one. Restrictions in brackets belong to the class before them: `B (79.03, 79.04)`.
    pub classes: Vec<Text<'a>>,
    /// The text that they were taken from, if the vendor wrote them in one.
    pub written: Option<Text<'a>>,
}

impl<'a> ClassList<'a> {
    /// Takes the classes from one text, which separates them by commas, semicolons or blanks.
    pub(super) fn written(text: Text<'a>) -> Self {
        let classes: Vec<_> = split(text.expose()).into_iter().map(|class| Text::new(class.to_owned())).collect();
        let is_one = matches!(classes.as_slice(), [class] if class.expose() == text.expose());
        Self { classes, written: Some(text).filter(|text| !is_one && !text.expose().trim().is_empty()) }
    }

    /// Takes the classes from a value of any shape, and tells whether they are all of it: `[{"type": …}]`, `["…"]`, one class without
    /// the brackets, and in XML elements of any depth.
    pub(super) fn of(value: &Value) -> (Self, bool) {
        if let Value::String(text) = value {
            return (Self::written(Text::new(text.clone())), true);
        }
        let mut list = Self::default();
        let complete = list.collect(value);
        (list, complete)
    }

    /// Returns whether the value holds nothing but classes. Every part of it is looked at.
    fn collect(&mut self, value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Bool(_) => false,
            Value::String(_) | Value::Number(_) => {
                self.classes.extend(scalar(value));
                true
            }
            Value::Array(array) => array.iter().filter(|value| !self.collect(value)).count() == 0,
            Value::Object(object) => {
                let mut is_class = |name: &str, value| matches!(name, "type" | "class" | "value") && self.collect(value);
                object.iter().filter(|(name, value)| !is_class(name, value)).count() == 0
            }
        }
    }

    /// Returns whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.classes.is_empty()
    }
}

/// Splits at commas, semicolons and blanks outside of brackets; a bracket belongs to the class before it.
fn split(text: &str) -> Vec<&str> {
    let mut classes: Vec<&str> = Vec::new();
    let (mut start, mut depth, mut ended) = (None, 0_usize, 0);
    for (at, character) in text.char_indices() {
        let separates = depth == 0 && (character.is_whitespace() || matches!(character, ',' | ';'));
        match character {
            '(' => {
                // Only blanks stand between it and its class.
                if start.is_none() && text.get(ended..at).is_some_and(|between| between.trim().is_empty()) {
                    start = classes.pop().and_then(|class| ended.checked_sub(class.len()));
                }
                depth += 1;
            }
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if separates {
            if let Some(class) = start.take().and_then(|start: usize| text.get(start..at)) {
                classes.push(class);
                ended = at;
            }
        } else if start.is_none() {
            start = Some(at);
        }
    }
    classes.extend(start.and_then(|start| text.get(start..)).map(str::trim_end));
    classes
}

/// An entry that the account names: an attachment, an answer, a custom text.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Entry<'a> {
    /// The name: an element's or a key.
    pub name: Text<'a>,
    /// The value, if it is a scalar. It stands alone, or in an object as answers do: `{"value": …}`.
    pub value: Option<Text<'a>>,
    /// The value as `value` if it is of another shape, and other members of the object.
    pub others: Members,
}

impl<'a> Entry<'a> {
    pub(super) fn new(name: Text<'a>) -> Self {
        Self { name, value: None, others: Members::default() }
    }

    /// An entry of a value of any shape; none of a null.
    pub(super) fn of(name: Text<'a>, value: Value) -> Option<Self> {
        let mut entry = Self::new(name);
        match value {
            Value::Null => return None,
            Value::Object(object) => fill_node(&mut entry, object),
            value => entry.place("value").fill(value),
        }
        Some(entry)
    }

    /// Makes a list of the value, its members and others.
    pub(super) fn append(&mut self, values: Vec<Value>) {
        let mut own: Map<String, Value> =
            std::mem::take(&mut self.others).into_iter().map(|(name, value)| (name, value.into_exposed())).collect();
        let text = self.value.take().map(|text| Value::from(text.expose()));
        let first = match (text, own.is_empty()) {
            (Some(text), true) => text,
            (Some(text), false) => {
                own.insert("value".to_owned(), text);
                Value::Object(own)
            }
            (None, _) => Value::Object(own),
        };
        let list = std::iter::once(first).chain(values).filter(|value| !value.is_null()).collect();
        self.others.insert("value", Value::Array(list));
    }
}

impl<'a> Node<'a> for Entry<'a> {
    fn place(&mut self, name: &str) -> Place<'_, 'a> {
        if name == "value" {
            return Place { name: Cow::Borrowed("value"), slot: Slot::Text(&mut self.value), others: &mut self.others };
        }
        Place { name: Cow::Owned(name.to_owned()), slot: Slot::Unknown, others: &mut self.others }
    }

    fn clear(&mut self) {
        self.value = None;
        self.others = Members::default();
    }

    fn visit<'s>(&'s self, visitor: &mut dyn FnMut(&'static str, Seen<'s, 'a>)) {
        if let Some(value) = &self.value {
            visitor("value", Seen::Text(value));
        }
    }

    fn others(&self) -> &Members {
        &self.others
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn classes_are_split_outside_of_brackets() {
        for (text, classes) in [
            ("", &[][..]),
            (" , ;", &[]),
            ("B", &["B"]),
            ("ML, B", &["ML", "B"]),
            ("AM/A1;B\nC1E", &["AM/A1", "B", "C1E"]),
            ("AM/A1, B (79.03, 79.04)", &["AM/A1", "B (79.03, 79.04)"]),
            ("B(96) , T", &["B(96)", "T"]),
            ("B, (79.03)", &["B", "(79.03)"]),
            ("(79.03), B", &["(79.03)", "B"]),
            ("B (79.03", &["B (79.03"]),
            ("B) C", &["B)", "C"]),
            ("A B (1) (2) C", &["A", "B (1) (2)", "C"]),
        ] {
            assert_eq!(split(text), classes, "{text:?}");
        }
    }

    #[test]
    fn classes_are_taken_from_each_shape() {
        for (value, classes, complete) in [
            (json!([{"type": "ML"}, {"type": "B"}]), &["ML", "B"][..], true),
            (json!(["ML", "B (96)"]), &["ML", "B (96)"], true),
            (json!({"type": "ML"}), &["ML"], true),
            (json!({"class": [{"type": "ML"}, {"type": "B"}]}), &["ML", "B"], true),
            (json!("ML B"), &["ML", "B"], true),
            (json!([null, 7]), &["7"], true),
            (json!([{"type": "B", "since": "2001-02-03"}]), &["B"], false),
            (json!([{"a": 1, "type": "B"}]), &["B"], false),
            (json!([true, "B"]), &["B"], false),
        ] {
            let (list, whole) = ClassList::of(&value);
            assert_eq!(list.classes.iter().map(Text::expose).collect::<Vec<_>>(), classes, "{value}");
            assert_eq!(whole, complete, "{value}");
        }
    }

    #[test]
    fn written_text_is_kept_unless_it_is_the_class() {
        let written = |text: &str| ClassList::written(Text::new(text.to_owned())).written.map(|text| text.expose().to_owned());
        assert_eq!(written("ML, B").as_deref(), Some("ML, B"));
        assert_eq!((written("B"), written(" ")), (None, None));
    }

    #[test]
    fn entry_takes_its_value_from_each_shape() {
        for (value, text, others) in [
            (json!("x"), Some("x"), 0),
            (json!(1), Some("1"), 0),
            (json!({"value": true}), Some("true"), 0),
            (json!({"value": "x", "more": 1}), Some("x"), 1),
            (json!(["x"]), None, 1),
            (json!({"value": {"a": 1}}), None, 1),
        ] {
            let entry = Entry::of(Text::new("name"), value.clone()).unwrap();
            assert_eq!((entry.value.as_ref().map(Text::expose), entry.others.iter().count()), (text, others), "{value}");
        }
        assert_eq!(Entry::of(Text::new("name"), Value::Null), None);
    }
}
