//! Values that the model has no field for, by the vendor's path-like names.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use idv_core::adapter::non_empty;
use idv_core::adapter::wire::Members;
use idv_core::{Pii, Text};
use serde_json::Value;

use crate::wire::{Code, Image, Named};

/// Before the names of values that were submitted with the order and not checked.
pub(super) const SUBMITTED: &str = "InitialData";

/// Collects values. A name that is taken gets a number, so that no value hides another.
#[derive(Default)]
pub(super) struct Custom(BTreeMap<String, Pii<Value>>);

impl Custom {
    /// Goes on with the values that a report has.
    pub(super) fn of(values: &mut BTreeMap<String, Pii<Value>>) -> Self {
        Self(std::mem::take(values))
    }

    pub(super) fn into_values(self) -> BTreeMap<String, Pii<Value>> {
        self.0
    }

    /// Keeps a value. Null and blank text say nothing.
    pub(super) fn keep(&mut self, name: String, value: Value) {
        if value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty()) {
            return;
        }
        let value = Pii::new(value);
        match self.0.entry(name) {
            Entry::Vacant(free) => drop(free.insert(value)),
            Entry::Occupied(taken) => {
                let name = taken.key().clone();
                let mut free = (2_u32..).map(|number| format!("{name}#{number}"));
                self.0.extend(free.find(|name| !self.0.contains_key(name)).map(|name| (name, value)));
            }
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).map(Pii::expose)
    }

    pub(super) fn text(&mut self, parent: &str, name: &str, text: Option<&Text<'_>>) {
        if let Some(text) = non_empty(text) {
            self.keep(path(parent, name), text.into());
        }
    }

    pub(super) fn texts<'r, 'a: 'r>(&mut self, parent: &str, texts: impl IntoIterator<Item = Named<'r, 'a>>) {
        for (name, text) in texts {
            self.text(parent, name, text);
        }
    }

    pub(super) fn code(&mut self, parent: &str, name: &str, code: Option<&Code<'_>>) {
        if let Some(code) = code {
            self.keep(path(parent, name), code.to_value());
        }
    }

    pub(super) fn members(&mut self, parent: &str, members: &Members) {
        for (name, value) in members.iter() {
            self.keep(path(parent, name), value.expose().clone());
        }
    }

    /// Keeps what the evidence does not have of images: unknown members, and the names of images without contents.
    pub(super) fn images<'i, 'a: 'i>(&mut self, parent: &str, images: impl IntoIterator<Item = &'i Image<'a>>) {
        for (index, image) in images.into_iter().enumerate() {
            if image.image.is_some() && image.others.is_empty() {
                continue;
            }
            let parent = path(parent, &index.to_string());
            if image.image.is_none() {
                self.text(&parent, "Filename", image.filename.as_ref());
            }
            self.members(&parent, &image.others);
        }
    }
}

/// Joins the parts of a name, of which either may be empty.
pub(super) fn path(parent: &str, name: &str) -> String {
    match (parent, name) {
        ("", name) => name.to_owned(),
        (parent, "") => parent.to_owned(),
        (parent, name) => format!("{parent}.{name}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn taken_name_gets_a_number() {
        let mut custom = Custom::default();
        for value in [json!("a"), json!(1), json!([true])] {
            custom.keep("x".to_owned(), value);
        }
        let values = custom.into_values();
        let kept: Vec<_> = values.iter().map(|(name, value)| (name.as_str(), value.expose().clone())).collect();
        assert_eq!(kept, [("x", json!("a")), ("x#2", json!(1)), ("x#3", json!([true]))]);
    }

    #[test]
    fn empty_value_is_left_out() {
        let mut custom = Custom::default();
        custom.keep("a".to_owned(), Value::Null);
        custom.keep("b".to_owned(), json!(" "));
        custom.text("c", "d", Some(&Text::new("")));
        custom.keep("e".to_owned(), json!(false));
        assert!(custom.has("e") && !custom.has("a"));
        assert_eq!(custom.into_values().len(), 1);
    }

    #[test]
    fn path_leaves_out_empty_parts() {
        for (parent, name, joined) in [("a", "b", "a.b"), ("", "b", "b"), ("a", "", "a"), ("", "", "")] {
            assert_eq!(path(parent, name), joined);
        }
    }
}
