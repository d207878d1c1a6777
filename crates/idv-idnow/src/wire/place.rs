//! Places for the parts of a payload. JSON and XML fill the same places by the same names, so that they cannot come to differ.

use std::borrow::Cow;

use idv_core::Text;
use idv_core::adapter::wire::Members;
use serde_json::{Map, Value};

use super::item::{ClassList, Classes, Entry, Item};
use super::list::Budget;
use super::sections::ESigning;

/// Something with named parts.
pub(crate) trait Node<'a> {
    /// Returns the place for the part called `name`.
    fn place(&mut self, name: &str) -> Place<'_, 'a>;

    /// Forgets everything: of a part that is repeated the last one counts.
    fn clear(&mut self);

    /// Shows the parts that are there.
    fn visit<'s>(&'s self, visitor: &mut dyn FnMut(&'static str, Seen<'s, 'a>));

    /// Returns the parts that no field can hold.
    fn others(&self) -> &Members;
}

/// A part that is there.
pub(crate) enum Seen<'s, 'a> {
    Section(&'s dyn Node<'a>),
    Text(&'s Text<'a>),
    /// A value with its status: its parts are texts.
    Item(&'s dyn Node<'a>),
    Entries(&'s [Entry<'a>]),
    Signings(&'s [ESigning<'a>]),
}

/// The place for a part, with the place for values that do not fit into it.
pub(crate) struct Place<'s, 'a> {
    pub(super) name: Cow<'static, str>,
    pub(super) slot: Slot<'s, 'a>,
    pub(super) others: &'s mut Members,
}

pub(crate) enum Slot<'s, 'a> {
    Section(&'s mut (dyn Node<'a> + 's)),
    Text(&'s mut Option<Text<'a>>),
    Words(&'s mut Vec<Text<'a>>),
    Item(&'s mut Option<Box<Item<'a>>>),
    Classes(&'s mut Option<Box<Classes<'a>>>),
    ClassList(&'s mut ClassList<'a>),
    Entries(&'s mut Vec<Entry<'a>>),
    Signings(&'s mut Vec<ESigning<'a>>),
    /// No field has the part.
    Unknown,
}

impl<'a> Place<'_, 'a> {
    /// Empties the place.
    pub(super) fn clear(self) {
        match self.slot {
            Slot::Section(section) => section.clear(),
            Slot::Text(text) => *text = None,
            Slot::Words(words) => words.clear(),
            Slot::Item(item) => *item = None,
            Slot::Classes(classes) => *classes = None,
            Slot::ClassList(list) => *list = ClassList::default(),
            Slot::Entries(entries) => entries.clear(),
            Slot::Signings(signings) => signings.clear(),
            Slot::Unknown => {}
        }
    }

    /// Fills the place with a scalar.
    pub(super) fn fill_text(self, text: Text<'a>) {
        match self.slot {
            Slot::Text(place) => *place = Some(text),
            Slot::Words(words) => *words = vec![text],
            Slot::Item(item) => *item = Some(Box::new(Item { value: Some(text), ..Item::default() })),
            Slot::Classes(classes) => *classes = Some(Box::new(Classes::written(text))),
            Slot::ClassList(list) => *list = ClassList::written(text),
            slot => Place { slot, ..self }.keep(Value::String(text.expose().to_owned())),
        }
    }

    /// As [`Place::fill`], if the budget allows it.
    pub(super) fn fill_within(self, value: Value, budget: &Budget) {
        if budget.allows_value(&self.name, &value) {
            self.fill(value);
        }
    }

    /// Fills the place with a value of any shape. One that does not fit is kept as it is.
    pub(super) fn fill(self, value: Value) {
        match (self.slot, value) {
            (slot, Value::Null) => Place { slot, ..self }.clear(),
            (Slot::Unknown, value) => self.others.insert(self.name, value),
            (slot, Value::String(text)) => Place { slot, ..self }.fill_text(Text::new(text)),
            (slot, Value::Number(number)) => Place { slot, ..self }.fill_text(Text::new(number.to_string())),
            (slot, Value::Bool(flag)) => Place { slot, ..self }.fill_text(Text::new(if flag { "true" } else { "false" })),
            (slot, Value::Object(object)) => Place { slot, ..self }.fill_object(object),
            (slot, Value::Array(array)) => Place { slot, ..self }.fill_array(array),
        }
    }

    fn fill_object(self, mut object: Map<String, Value>) {
        match self.slot {
            Slot::Section(section) => {
                section.clear();
                fill_node(section, object);
            }
            Slot::Item(place) => {
                let mut item = Box::<Item<'a>>::default();
                fill_node(&mut *item, object);
                *place = Some(item);
            }
            Slot::Classes(place) => {
                let mut classes = Box::<Classes<'a>>::default();
                fill_node(&mut *classes, object);
                *place = Some(classes);
            }
            Slot::Entries(entries) => {
                entries.clear();
                for (name, value) in object {
                    entries.extend(Entry::of(Text::new(name), value));
                }
            }
            Slot::Signings(signings) => {
                let mut signing = ESigning::default();
                fill_node(&mut signing, object);
                *signings = vec![signing];
            }
            // A scalar in an object of its own: `{"value": …}`.
            slot @ (Slot::Text(_) | Slot::Words(_)) => {
                let scalar = object.get("value").and_then(scalar);
                let place = Place { slot, ..self };
                match scalar {
                    Some(text) => {
                        object.remove("value");
                        if !object.is_empty() {
                            place.others.insert(place.name.clone(), Value::Object(object));
                        }
                        place.fill_text(text);
                    }
                    None => place.keep(Value::Object(object)),
                }
            }
            slot => Place { slot, ..self }.fill_classes(Value::Object(object)),
        }
    }

    fn fill_array(self, mut array: Vec<Value>) {
        match self.slot {
            // A list of one.
            Slot::Section(section) if array.len() == 1 && array.iter().all(Value::is_object) => {
                let place = Place { slot: Slot::Section(section), ..self };
                place.fill(array.pop().unwrap_or_default());
            }
            Slot::Signings(signings) if array.iter().all(Value::is_object) => {
                signings.clear();
                for value in array {
                    let mut signing = ESigning::default();
                    if let Value::Object(object) = value {
                        fill_node(&mut signing, object);
                    }
                    signings.push(signing);
                }
            }
            Slot::Words(words) if array.iter().all(|value| scalar(value).is_some()) => {
                *words = array.iter().filter_map(scalar).collect();
            }
            Slot::Classes(place) => {
                let mut classes = Box::<Classes<'a>>::default();
                classes.place("value").fill_classes(Value::Array(array));
                *place = Some(classes);
            }
            slot @ Slot::ClassList(_) => Place { slot, ..self }.fill_classes(Value::Array(array)),
            slot => Place { slot, ..self }.keep(Value::Array(array)),
        }
    }

    /// Fills a list of classes. The whole is kept if the classes are not all of it.
    pub(super) fn fill_classes(self, value: Value) {
        match self.slot {
            Slot::ClassList(place) => {
                let (list, complete) = ClassList::of(&value);
                *place = list;
                if !complete {
                    self.others.insert(self.name, value);
                }
            }
            slot => Place { slot, ..self }.keep(value),
        }
    }

    /// Keeps a value that does not fit into the place. The place is empty then.
    pub(super) fn keep(self, value: Value) {
        self.others.insert(self.name.clone(), value);
        self.clear();
    }
}

/// Fills the parts of a node.
pub(super) fn fill_node(node: &mut dyn Node<'_>, object: Map<String, Value>) {
    for (name, value) in object {
        node.place(&name).fill(value);
    }
}

/// A scalar as the text that it is written as.
pub(super) fn scalar<'a>(value: &Value) -> Option<Text<'a>> {
    match value {
        Value::String(text) => Some(Text::new(text.clone())),
        Value::Number(number) => Some(Text::new(number.to_string())),
        Value::Bool(flag) => Some(Text::new(if *flag { "true" } else { "false" })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
