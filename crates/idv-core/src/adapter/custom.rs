//! Values for which the model has no field.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::Value;

use super::value::{MaybeText, non_empty};
use super::wire::Members;
use crate::pii::Pii;

/// The handling of several values with the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameClash {
    /// The later value gets a numbered name: `name#2`.
    Number,
    /// As [`Number`](Self::Number), but a value that equals the first one is omitted.
    NumberIfDifferent,
    /// The later value gets a name with an underscore, unless it equals the first one: `name_`.
    Underscore,
    /// The name has both values as an array, unless they are equal.
    Array,
}

/// Collects values for which the model has no field, by the vendor's path: they become the `custom`
/// part of a report.
///
/// Nulls are omitted. A [`NameClash`] keeps several values with the same name, so that none is
/// lost.
///
/// ```
/// use idv_core::adapter::{CustomValues, NameClash};
///
/// let mut custom = CustomValues::new(NameClash::Number);
/// custom.add("device.model", "a".into());
/// custom.add("device.model", "b".into());
/// let values = custom.into_values();
/// assert_eq!(values.keys().collect::<Vec<_>>(), ["device.model", "device.model#2"]);
/// ```
#[derive(Debug)]
pub struct CustomValues {
    values: BTreeMap<String, Pii<Value>>,
    clash: NameClash,
    /// The last number used for each name with several values.
    numbers: BTreeMap<String, u32>,
}

impl CustomValues {
    /// Creates an empty collection.
    #[must_use]
    pub const fn new(clash: NameClash) -> Self {
        Self::of(BTreeMap::new(), clash)
    }

    /// Creates a collection from the custom values of a report.
    #[must_use]
    pub const fn of(values: BTreeMap<String, Pii<Value>>, clash: NameClash) -> Self {
        Self {
            values,
            clash,
            numbers: BTreeMap::new(),
        }
    }

    /// Returns the values.
    #[must_use]
    pub fn into_values(self) -> BTreeMap<String, Pii<Value>> {
        self.values
    }

    /// Returns whether the collection is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Returns the first value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name).map(Pii::expose)
    }

    /// Adds a value unless it is null.
    pub fn add(&mut self, name: impl Into<String>, value: Value) {
        if !value.is_null() {
            self.put(name.into(), value);
        }
    }

    /// Adds a value unless it is null or a blank string.
    pub fn add_filled(&mut self, name: impl Into<String>, value: Value) {
        if !value.as_str().is_some_and(|text| text.trim().is_empty()) {
            self.add(name, value);
        }
    }

    /// Adds a string below a path unless it is blank.
    pub fn text<T: MaybeText>(&mut self, parent: &str, name: &str, text: Option<&T>) {
        if let Some(text) = non_empty(text) {
            self.put(path(parent, name).into_owned(), text.into());
        }
    }

    /// Adds the members of an object below its path, except nulls and blank strings.
    pub fn members(&mut self, parent: &str, members: &Members) {
        for (name, value) in members.iter() {
            self.add_filled(path(parent, name), value.expose().clone());
        }
    }

    fn put(&mut self, mut name: String, value: Value) {
        match self.clash {
            NameClash::Underscore => {
                while self.get(&name).is_some_and(|known| *known != value) {
                    name.push('_');
                }
                self.values.insert(name, Pii::new(value));
            }
            NameClash::Number | NameClash::NumberIfDifferent => match self.values.entry(name) {
                Entry::Vacant(free) => drop(free.insert(Pii::new(value))),
                Entry::Occupied(known) => {
                    if self.clash == NameClash::Number || *known.get().expose() != value {
                        let name = known.key().clone();
                        self.put_numbered(&name, value);
                    }
                }
            },
            NameClash::Array => match self.values.entry(name) {
                Entry::Vacant(free) => drop(free.insert(Pii::new(value))),
                Entry::Occupied(known) if *known.get().expose() == value => {}
                Entry::Occupied(mut known) => {
                    let both = Value::Array(vec![known.get().expose().clone(), value]);
                    known.insert(Pii::new(both));
                }
            },
        }
    }

    fn put_numbered(&mut self, name: &str, value: Value) {
        let number = self.numbers.entry(name.to_owned()).or_insert(1);
        // A name of the vendor may end in a number as well.
        loop {
            *number += 1;
            if let Entry::Vacant(free) = self.values.entry(format!("{name}#{number}")) {
                free.insert(Pii::new(value));
                return;
            }
        }
    }
}

/// Joins the parts of a path, either of which may be empty.
#[must_use]
pub fn path<'a>(parent: &'a str, name: &'a str) -> Cow<'a, str> {
    match (parent, name) {
        ("", only) | (only, "") => Cow::Borrowed(only),
        _ => {
            let mut path = String::with_capacity(parent.len() + 1 + name.len());
            path.push_str(parent);
            path.push('.');
            path.push_str(name);
            Cow::Owned(path)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::text::Text;

    fn kept(clash: NameClash, values: &[(&str, Value)]) -> Vec<(String, Value)> {
        let mut custom = CustomValues::new(clash);
        values
            .iter()
            .for_each(|(name, value)| custom.add(*name, value.clone()));
        custom
            .into_values()
            .into_iter()
            .map(|(name, value)| (name, value.into_exposed()))
            .collect()
    }

    #[test]
    fn values_with_the_same_name_are_all_kept() {
        let values = [
            ("x", json!("a")),
            ("x#2", json!(0)),
            ("x", json!(1)),
            ("x", json!("a")),
            ("x", json!([true])),
        ];
        let owned = |values: &[(&str, Value)]| -> Vec<_> {
            values
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect()
        };
        let (a, zero, one, list) = (json!("a"), json!(0), json!(1), json!([true]));
        let numbered = [
            ("x", &a),
            ("x#2", &zero),
            ("x#3", &one),
            ("x#4", &a),
            ("x#5", &list),
        ];
        assert_eq!(
            kept(NameClash::Number, &values),
            owned(&numbered.map(|(name, value)| (name, value.clone())))
        );
        let different = [("x", &a), ("x#2", &zero), ("x#3", &one), ("x#4", &list)];
        assert_eq!(
            kept(NameClash::NumberIfDifferent, &values),
            owned(&different.map(|(name, value)| (name, value.clone())))
        );
        let underscored = [("x", &a), ("x#2", &zero), ("x_", &one), ("x__", &list)];
        assert_eq!(
            kept(NameClash::Underscore, &values),
            owned(&underscored.map(|(name, value)| (name, value.clone())))
        );
        assert_eq!(
            kept(NameClash::Array, &values[2..4]),
            owned(&[("x", json!([1, "a"]))])
        );
        assert_eq!(
            kept(NameClash::Array, &[("x", one.clone()), ("x", one.clone())]),
            owned(&[("x", one)])
        );
    }

    #[test]
    fn empty_value_is_omitted() {
        let mut custom = CustomValues::new(NameClash::Number);
        custom.add_filled("a", Value::Null);
        custom.add_filled("b", json!(" "));
        custom.text("c", "d", Some(&Text::new("")));
        assert!(custom.is_empty());
        custom.add_filled("e", json!(false));
        custom.add("f", json!(""));
        custom.text("g", "h", Some(&Text::new(" i ")));
        assert_eq!(custom.get("g.h"), Some(&json!("i")));
        assert_eq!(custom.into_values().len(), 3);
    }

    #[test]
    fn path_omits_empty_parts() {
        for (parent, name, joined) in [
            ("a", "b", "a.b"),
            ("", "b", "b"),
            ("a", "", "a"),
            ("", "", ""),
        ] {
            assert_eq!(path(parent, name), joined);
        }
    }
}
