//! Results as XML (chapter 13.3).
//!
//! No document type is read, and so no entity but the five that XML predefines; references to characters are. Prefixes of namespaces are
//! passed over: an element is known by its local name. An element that no field has is kept as JSON would have it: its attributes and
//! its children by name, its text as `value`, and repeated children as a list.

mod walk;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use idv_core::adapter::wire::Members;
use idv_core::{Error, Result, Text};
use serde_json::{Map, Value};

use super::Payload;
use super::item::{Classes, Entry, Item};
use super::list::{Budget, List, bare};
use super::place::{Node, Place, Slot, fill_node};
use super::sections::{ESigning, Identification};
use walk::{Element, Walk, local};

/// Reads `<identifications>`, or a single `<identification>`.
pub(super) fn read(text: Cow<'_, str>) -> Result<Payload<'_>> {
    match text {
        Cow::Borrowed(text) => whole(Walk::new(text, Text::new)),
        Cow::Owned(text) => whole(Walk::new(&text, |piece| Text::new(piece.into_owned()))),
    }
}

fn whole<'a>(mut walk: Walk<'_, 'a>) -> Result<Payload<'a>> {
    let (root, is_empty) = walk.root()?;
    let payload = match local(root.name()) {
        "identifications" => walk.list(root, is_empty)?,
        "identification" => {
            let mut identification = Identification::default();
            walk.section(&mut identification, root, is_empty, 1)?;
            bare(identification)?
        }
        _ => return Err(Error::malformed("the root element is neither identifications nor identification")),
    };
    walk.end()?;
    walk.budget.check()?;
    Ok(payload)
}

/// The content of an element.
enum Content<'a> {
    /// Nothing but text, if any.
    Text(Option<Text<'a>>),
    /// Attributes or children.
    Tree(Map<String, Value>),
}

impl<'t, 'a> Walk<'t, 'a> {
    /// The children of `<identifications>`.
    fn list(&mut self, root: Element<'t>, is_empty: bool) -> Result<Payload<'a>> {
        let mut list = List::default();
        let mut others = Map::new();
        self.attributes(root, |walk, name, value| {
            walk.count()?;
            repeat(&mut others, name, Value::String(value.into_owned()));
            Ok(())
        })?;
        let mut text = Cow::Borrowed("");
        while let Some((element, is_empty)) = self.child(is_empty, &mut text)? {
            if local(element.name()) == "identification" {
                let mut identification = Identification::default();
                self.section(&mut identification, element, is_empty, 2)?;
                list.add(identification);
            } else {
                self.count()?;
                let content = self.content(element, is_empty, 2)?;
                repeat(&mut others, local(element.name()), content.into_value());
            }
        }
        if let Some(text) = walk::trimmed(text) {
            repeat(&mut others, "value", Value::String(text.into_owned()));
        }
        let mut members = Members::default();
        for (name, value) in others {
            if self.budget.allows_value(&name, &value) {
                members.insert(name, value);
            }
        }
        list.into_payload(members)
    }

    /// An element with named parts, whose own text is its part `value`.
    fn section(&mut self, node: &mut dyn Node<'a>, element: Element<'t>, is_empty: bool, depth: usize) -> Result<()> {
        if let Some(text) = self.parts(node, element, is_empty, depth, &mut |_, _, _| Ok(false))? {
            node.place("value").fill_text(text);
        }
        Ok(())
    }

    /// Fills the parts of an element with its attributes and its children, but for the children that `takes` takes. Returns its text.
    fn parts(
        &mut self,
        node: &mut dyn Node<'a>,
        element: Element<'t>,
        is_empty: bool,
        depth: usize,
        takes: &mut dyn FnMut(&mut Self, Element<'t>, bool) -> Result<bool>,
    ) -> Result<Option<Text<'a>>> {
        let mut others = Map::new();
        self.attributes(element, |walk, name, value| {
            let place = node.place(name);
            if matches!(place.slot, Slot::Unknown) {
                walk.count()?;
                repeat(&mut others, name, Value::String(value.into_owned()));
            } else {
                place.fill_text((walk.own)(value));
            }
            Ok(())
        })?;
        let mut text = Cow::Borrowed("");
        while let Some((child, is_empty)) = self.child(is_empty, &mut text)? {
            if takes(self, child, is_empty)? {
                continue;
            }
            let name = local(child.name());
            let place = node.place(name);
            if matches!(place.slot, Slot::Unknown) {
                self.count()?;
                let content = self.content(child, is_empty, depth + 1)?;
                repeat(&mut others, name, content.into_value());
            } else {
                self.fill(place, child, is_empty, depth + 1)?;
            }
        }
        for (name, value) in others {
            node.place(&name).fill_within(value, &self.budget);
        }
        Ok(walk::trimmed(text).map(self.own))
    }

    fn fill(&mut self, place: Place<'_, 'a>, element: Element<'t>, is_empty: bool, depth: usize) -> Result<()> {
        match place.slot {
            Slot::Section(section) => {
                section.clear();
                if let Some(text) = self.parts(section, element, is_empty, depth, &mut |_, _, _| Ok(false))? {
                    place.others.insert(place.name, Value::String(text.expose().to_owned()));
                }
            }
            Slot::Item(place) => {
                let mut item = Box::<Item<'a>>::default();
                let text = self.parts(&mut *item, element, is_empty, depth, &mut |_, _, _| Ok(false))?;
                // A child called `value` stands for the text, too.
                item.value = text.or_else(|| item.value.take());
                *place = Some(item);
            }
            Slot::Classes(place) => *place = Some(Box::new(self.classes(element, is_empty, depth)?)),
            Slot::Entries(entries) => {
                entries.clear();
                if let Some(text) = self.entries(entries, element, is_empty, depth)? {
                    place.others.insert(place.name, Value::String(text));
                }
            }
            Slot::Signings(signings) => {
                let mut signing = ESigning::default();
                self.section(&mut signing, element, is_empty, depth)?;
                signings.push(signing);
            }
            // Repeated elements are how XML writes a list.
            Slot::Words(words) => {
                let mut added = Vec::new();
                let content = self.content(element, is_empty, depth)?;
                content.fill(Place { name: place.name, slot: Slot::Words(&mut added), others: place.others }, &self.budget);
                words.extend(added);
            }
            slot => self.content(element, is_empty, depth)?.fill(Place { slot, ..place }, &self.budget),
        }
        Ok(())
    }

    /// The children of an element that the account names, and its attributes. Returns the text beside them.
    fn entries(
        &mut self,
        entries: &mut Vec<Entry<'a>>,
        element: Element<'t>,
        is_empty: bool,
        depth: usize,
    ) -> Result<Option<String>> {
        self.attributes(element, |walk, name, value| {
            let mut entry = Entry::new((walk.own)(Cow::Owned(name.to_owned())));
            entry.value = Some((walk.own)(value));
            walk.add_entry(entries, entry);
            Ok(())
        })?;
        let mut text = Cow::Borrowed("");
        // Repeated elements are a list.
        let (mut named, mut repeated) = (HashMap::new(), BTreeMap::<usize, Vec<Value>>::new());
        while let Some((child, is_empty)) = self.child(is_empty, &mut text)? {
            let name = local(child.name());
            let content = self.content(child, is_empty, depth + 1)?;
            if let Some(index) = named.get(name) {
                self.count()?;
                repeated.entry(*index).or_default().push(content.into_value());
                continue;
            }
            let mut entry = Entry::new((self.own)(Cow::Borrowed(name)));
            match content {
                Content::Text(None) => continue,
                Content::Text(value) => entry.value = value,
                Content::Tree(tree) => fill_node(&mut entry, tree),
            }
            named.insert(name, entries.len());
            self.add_entry(entries, entry);
        }
        for (index, values) in repeated {
            if let Some(entry) = entries.get_mut(index) {
                entry.append(values);
            }
        }
        Ok(walk::trimmed(text).map(Cow::into_owned))
    }

    fn add_entry(&self, entries: &mut Vec<Entry<'a>>, entry: Entry<'a>) {
        let length = entry.name.expose().len() + entry.value.as_ref().map_or(0, |value| value.expose().len());
        if self.budget.allows_entry(entries.len(), length) {
            entries.push(entry);
        }
    }

    /// The classes of a licence: each in an element of its own, however deep (`<type>B</type>`), or as text. The document shows them in
    /// JSON only.
    fn classes(&mut self, element: Element<'t>, is_empty: bool, depth: usize) -> Result<Classes<'a>> {
        let mut classes = Box::<Classes<'a>>::default();
        let mut tree = Map::new();
        let text = self.parts(&mut *classes, element, is_empty, depth, &mut |walk, child, is_empty| {
            let name = local(child.name());
            // Of these, repeated elements are a list.
            if !matches!(name, "type" | "class" | "value") {
                return Ok(false);
            }
            walk.count()?;
            let content = walk.content(child, is_empty, depth + 1)?;
            repeat(&mut tree, name, content.into_value());
            Ok(true)
        })?;
        let value = if tree.len() == 1 { tree.remove("value") } else { None };
        if let Some(value) = value {
            classes.place("value").fill(value);
        } else if !tree.is_empty() {
            classes.place("value").fill_classes(Value::Object(tree));
        } else if let Some(text) = text {
            classes.place("value").fill_text(text);
        }
        Ok(*classes)
    }

    /// An element of which nothing is known.
    fn content(&mut self, element: Element<'t>, is_empty: bool, depth: usize) -> Result<Content<'a>> {
        self.check_depth(depth)?;
        let mut tree = Map::new();
        self.attributes(element, |walk, name, value| {
            walk.count()?;
            repeat(&mut tree, name, Value::String(value.into_owned()));
            Ok(())
        })?;
        let mut text = Cow::Borrowed("");
        while let Some((child, is_empty)) = self.child(is_empty, &mut text)? {
            self.count()?;
            let content = self.content(child, is_empty, depth + 1)?;
            repeat(&mut tree, local(child.name()), content.into_value());
        }
        let text = walk::trimmed(text);
        if tree.is_empty() {
            return Ok(Content::Text(text.map(self.own)));
        }
        if let Some(text) = text {
            repeat(&mut tree, "value", Value::String(text.into_owned()));
        }
        Ok(Content::Tree(tree))
    }
}

impl<'a> Content<'a> {
    fn into_value(self) -> Value {
        match self {
            Self::Text(text) => text.map_or(Value::Null, |text| Value::String(text.expose().to_owned())),
            Self::Tree(tree) => Value::Object(tree),
        }
    }

    fn fill(self, place: Place<'_, 'a>, budget: &Budget) {
        match self {
            Self::Text(Some(text)) => place.fill_text(text),
            Self::Text(None) => place.clear(),
            Self::Tree(tree) => place.fill_within(Value::Object(tree), budget),
        }
    }
}

/// Adds a part to a tree; one that is there already becomes a list. Nothing is added for nothing.
fn repeat(tree: &mut Map<String, Value>, name: &str, value: Value) {
    if value.is_null() {
        return;
    }
    match tree.get_mut(name) {
        Some(Value::Array(list)) => list.push(value),
        Some(known) => {
            let first = known.take();
            *known = Value::Array(vec![first, value]);
        }
        None => {
            tree.insert(name.to_owned(), value);
        }
    }
}
