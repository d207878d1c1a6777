//! Entries with names of the account's choice: attachments, answers, custom texts.

use std::collections::{BTreeMap, HashMap, HashSet, hash_map};
use std::ops::Deref;

use idv_core::Text;
use idv_core::adapter::wire::{Members, Name, Part, Shape, place, repeats_are_lists, take_room};
use serde::de::MapAccess;
use serde_json::{Map, Value};

/// Entries with distinct names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Entries<'a>(Vec<Entry<'a>>);

impl<'a> Deref for Entries<'a> {
    type Target = [Entry<'a>];

    fn deref(&self) -> &[Entry<'a>] {
        &self.0
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Entry<'a> {
    /// The name: an element's name or a key.
    pub name: Text<'a>,
    /// The value, if it is a scalar, either alone or in an object, as answers are: `{"value": …}`.
    pub value: Option<Text<'a>>,
    /// The value as `value` if it has another shape, and the other members of the object.
    pub others: Members,
}

impl<'de> Part<'de> for Entries<'de> {
    fn number(digits: Text<'de>) -> Shape<Self> {
        Shape::Other(digits.expose().into())
    }

    fn object<A: MapAccess<'de>>(mut map: A) -> Result<Shape<Self>, A::Error> {
        let mut entries = Vec::new();
        while let Some(name) = map.next_key_seed(Name)? {
            // The report holds a second copy.
            take_room(2 * size_of::<Entry<'_>>())?;
            let name = Text::new(name);
            match map.next_value_seed(place::<Entry<'_>>())? {
                Shape::Expected(entry) | Shape::Partly(entry, _) => {
                    entries.push(Entry { name, ..entry });
                }
                Shape::Other(Value::Null) => {}
                Shape::Other(value) => {
                    let mut entry = Entry::new(name);
                    entry.others.insert("value", value);
                    entries.push(entry);
                }
            }
        }
        Ok(Shape::Expected(Self(distinct(entries))))
    }
}

/// Deserializes an entry without its name.
impl<'de> Part<'de> for Entry<'de> {
    fn text(text: Text<'de>) -> Shape<Self> {
        Shape::Expected(Self {
            value: Some(text),
            ..Self::new(Text::new(""))
        })
    }

    fn object<A: MapAccess<'de>>(mut map: A) -> Result<Shape<Self>, A::Error> {
        let mut entry = Self::new(Text::new(""));
        while let Some(name) = map.next_key_seed(Name)? {
            let is_first = entry.value.is_none() && entry.others.get("value").is_none();
            if name != "value" || (!is_first && repeats_are_lists()) {
                if name == "value"
                    && let Some(first) = entry.value.take()
                {
                    entry.others.insert("value", first.expose().into());
                }
                entry.others.read(&name, &mut map)?;
                continue;
            }
            let value = map.next_value_seed(place::<Option<Text<'_>>>())?;
            entry
                .others
                .field(&name, "value", &mut entry.value, value)?;
        }
        Ok(Shape::Expected(entry))
    }
}

impl<'a> Entry<'a> {
    fn new(name: Text<'a>) -> Self {
        Self {
            name,
            value: None,
            others: Members::default(),
        }
    }

    /// Returns the value with its other members.
    fn into_value(self) -> Value {
        let text = self.value.map(|text| Value::from(text.expose()));
        if self.others.is_empty() {
            return text.unwrap_or_default();
        }
        let members = self
            .others
            .into_iter()
            .map(|(name, value)| (name, value.into_exposed()));
        members
            .chain(text.map(|text| ("value".to_owned(), text)))
            .collect::<Map<_, _>>()
            .into()
    }
}

/// Makes names distinct. The last of repeated entries counts, or they become a list.
fn distinct(mut entries: Vec<Entry<'_>>) -> Vec<Entry<'_>> {
    if !has_repeated(&entries) {
        return entries;
    }
    let are_lists = repeats_are_lists();
    if !are_lists {
        entries.reverse();
    }
    let (mut kept, mut places, mut lists) = (
        Vec::<Entry<'_>>::new(),
        HashMap::new(),
        BTreeMap::<usize, Vec<Value>>::new(),
    );
    for entry in entries {
        match places.entry(entry.name.clone()) {
            hash_map::Entry::Vacant(place) => {
                place.insert(kept.len());
                kept.push(entry);
            }
            hash_map::Entry::Occupied(place) if are_lists => lists
                .entry(*place.get())
                .or_default()
                .push(entry.into_value()),
            hash_map::Entry::Occupied(_) => {}
        }
    }
    for (place, more) in lists {
        if let Some(entry) = kept.get_mut(place) {
            let first = std::mem::replace(entry, Entry::new(entry.name.clone())).into_value();
            entry
                .others
                .insert("value", std::iter::once(first).chain(more).collect());
        }
    }
    if !are_lists {
        kept.reverse();
    }
    kept
}

fn has_repeated(entries: &[Entry<'_>]) -> bool {
    /// Up to this number, comparing is faster than hashing.
    const FEW: usize = 16;
    if entries.len() > FEW {
        let mut names = HashSet::with_capacity(entries.len());
        return !entries.iter().all(|entry| names.insert(&entry.name));
    }
    let mut before = entries.iter().enumerate();
    before.any(|(place, entry)| {
        entries
            .iter()
            .take(place)
            .any(|earlier| earlier.name == entry.name)
    })
}

#[cfg(test)]
mod tests {
    use idv_core::adapter::wire::read_json;
    use serde_json::json;

    use super::*;

    #[test]
    fn entry_is_parsed_from_each_shape() {
        for (value, text, others) in [
            (json!("x"), Some("x"), 0),
            (json!(1), Some("1"), 0),
            (json!({"value": true}), Some("true"), 0),
            (json!({"value": "x", "more": 1}), Some("x"), 1),
            (json!(["x"]), None, 1),
            (json!({"value": {"a": 1}}), None, 1),
        ] {
            let payload = json!({ "name": value }).to_string();
            let entries: Entries<'_> = read_json(&payload).unwrap();
            let [entry] = &*entries else {
                panic!("{payload}")
            };
            assert_eq!(
                (
                    entry.value.as_ref().map(Text::expose),
                    entry.others.iter().count()
                ),
                (text, others),
                "{payload}"
            );
        }
        assert!(
            read_json::<Entries<'_>>(r#"{"name":null}"#)
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn last_of_repeated_entries_counts() {
        for filler in [0, 100] {
            let others: String = (0..filler)
                .map(|number| format!(r#","{number}":0"#))
                .collect();
            let payload = format!(r#"{{"a":"1","b":"2","a":"3"{others}}}"#);
            let entries: Entries<'_> = read_json(&payload).unwrap();
            let texts: Vec<_> = entries
                .iter()
                .filter_map(|entry| entry.value.as_ref().map(Text::expose))
                .take(2)
                .collect();
            assert_eq!(
                (texts.as_slice(), entries.len()),
                (&["2", "3"][..], 2 + filler)
            );
        }
    }
}
