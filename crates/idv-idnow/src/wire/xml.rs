//! Results as XML (chapter 13.3).
//!
//! No document type is read, and so no entity but the five that XML predefines; references to characters are. Nothing here recurses
//! deeper than the document's own sections do.

use std::borrow::Cow;

use idv_core::{Error, Result};
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, BytesText, Event};
use quick_xml::{Reader, XmlVersion, escape};

use super::item::{Classes, Entry, Item};
use super::{Identification, List, Node, Payload, Slot, bare};
use idv_core::Text;

/// How deep elements may nest. The document's nest five deep.
const DEPTH: usize = 64;

/// Reads `<identifications>`, or a single `<identification>`.
pub(super) fn read(text: &str) -> Result<Payload<'_>> {
    let mut walk = Walk { text, reader: Reader::from_str(text) };
    let payload = match walk.root()? {
        Root::Open(root) => match root.name().as_ref() {
            "identifications" => walk.list()?.into_payload(),
            "identification" => {
                let mut identification = Identification::default();
                walk.section(&mut identification, 1)?;
                bare(identification)?
            }
            _ => return Err(Error::malformed("the root element is neither identifications nor identification")),
        },
        Root::Empty(root) if root.name().as_ref() == "identifications" => List::default().into_payload(),
        Root::Empty(_) => return Err(Error::malformed("the root element is empty")),
    };
    walk.end()?;
    Ok(payload)
}

enum Root<'a> {
    Open(BytesStart<'a>),
    Empty(BytesStart<'a>),
}

/// A walk through the elements of a payload.
struct Walk<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
}

/// An element that begins, as it stands in the payload between its brackets. The reader's own event lends its parts only as long as
/// it lives itself.
#[derive(Clone, Copy)]
struct Element<'a> {
    tag: &'a str,
    name_length: usize,
}

impl<'a> Element<'a> {
    fn name(self) -> &'a str {
        self.tag.get(..self.name_length).unwrap_or_default()
    }
}

impl<'a> Walk<'a> {
    /// The next event inside an element. What is refused anywhere is refused here.
    fn next(&mut self) -> Result<Event<'a>> {
        match self.reader.read_event() {
            Ok(Event::Eof) => Err(self.malformed("it ends too early")),
            Ok(Event::DocType(_)) => Err(self.malformed("it has a document type, which is never read")),
            Ok(Event::Decl(_)) => Err(self.malformed("its declaration does not stand at its beginning")),
            Ok(event) => Ok(event),
            // The reader's own words may quote the payload.
            Err(_) => Err(self.malformed("it is not well formed")),
        }
    }

    /// The element that the reader has just come past; `end` is the length of the bracket that ends it.
    fn element(&self, event: &BytesStart<'_>, end: usize) -> Result<Element<'a>> {
        let after = usize::try_from(self.reader.buffer_position()).ok().and_then(|position| position.checked_sub(end));
        let tag = after.and_then(|after| self.text.get(after.checked_sub(event.len())?..after));
        // They are equal by the reader's contract; were they not, names and values would be other elements'.
        let tag = tag.filter(|tag| **tag == **event).ok_or_else(|| self.malformed("an element is not where it was read"))?;
        Ok(Element { tag, name_length: event.name().as_ref().len() })
    }

    fn malformed(&self, what: &str) -> Error {
        Error::malformed(format!("the XML cannot be read at byte {}: {what}", self.reader.buffer_position()))
    }

    /// The root element.
    fn root(&mut self) -> Result<Root<'a>> {
        let mut first = true;
        loop {
            match self.reader.read_event() {
                Ok(Event::Decl(declaration)) if first => self.declaration(&declaration)?,
                Ok(Event::Start(root)) => return Ok(Root::Open(root)),
                Ok(Event::Empty(root)) => return Ok(Root::Empty(root)),
                Ok(Event::Text(text)) if is_blank(&text) => {}
                Ok(Event::Comment(_) | Event::PI(_)) => {}
                Ok(Event::DocType(_)) => return Err(self.malformed("it has a document type, which is never read")),
                Ok(Event::Eof) => return Err(self.malformed("it has no root element")),
                Ok(_) | Err(_) => return Err(self.malformed("it is not well formed")),
            }
            first = false;
        }
    }

    /// The payload is UTF-8, so what it declares must be that too (chapter 8.2), or a part of it.
    fn declaration(&self, declaration: &BytesDecl<'_>) -> Result<()> {
        match declaration.encoding() {
            None => Ok(()),
            Some(Ok(name)) if ["utf-8", "utf8", "us-ascii"].iter().any(|known| name.eq_ignore_ascii_case(known)) => Ok(()),
            Some(_) => Err(self.malformed("it declares another encoding than UTF-8")),
        }
    }

    /// That nothing follows the root element.
    fn end(&mut self) -> Result<()> {
        loop {
            match self.reader.read_event() {
                Ok(Event::Eof) => return Ok(()),
                Ok(Event::Text(text)) if is_blank(&text) => {}
                Ok(Event::Comment(_) | Event::PI(_)) => {}
                Ok(_) | Err(_) => return Err(self.malformed("something follows its root element")),
            }
        }
    }

    /// The children of `<identifications>`.
    fn list(&mut self) -> Result<List<'a>> {
        let mut list = List::default();
        loop {
            match self.next()? {
                Event::Start(element) if element.name().as_ref() == "identification" => {
                    let mut identification = Identification::default();
                    self.section(&mut identification, 2)?;
                    list.add(identification);
                }
                Event::Empty(element) if element.name().as_ref() == "identification" => list.add(Identification::default()),
                Event::Start(_) => self.skip(2)?,
                Event::End(_) => return Ok(list),
                _ => {}
            }
        }
    }

    /// The children of an element with named parts, at a depth.
    fn section(&mut self, section: &mut dyn Node<'a>, depth: usize) -> Result<()> {
        loop {
            match self.next()? {
                Event::Start(event) => {
                    let element = self.element(&event, ">".len())?;
                    self.fill(section.part(element.name()), element, depth + 1)?;
                }
                Event::Empty(event) => {
                    let element = self.element(&event, "/>".len())?;
                    match section.part(element.name()) {
                        Slot::Text(text) => *text = None,
                        Slot::Item(item) => *item = Some(Box::new(self.item(element)?)),
                        Slot::Classes(classes) => *classes = self.classes(element)?,
                        Slot::Section(_) | Slot::Entries(_) | Slot::Unknown => {}
                    }
                }
                Event::End(_) => return Ok(()),
                _ => {}
            }
        }
    }

    fn fill(&mut self, slot: Slot<'_, 'a>, element: Element<'a>, depth: usize) -> Result<()> {
        match slot {
            Slot::Section(section) => self.section(section, depth)?,
            Slot::Text(text) => *text = self.text(depth)?,
            Slot::Item(place) => {
                let mut item = self.item(element)?;
                item.value = self.text(depth)?;
                *place = Some(Box::new(item));
            }
            Slot::Classes(place) => {
                let mut classes = self.classes(element)?;
                classes.value = self.class_list(depth)?;
                *place = classes;
            }
            Slot::Entries(entries) => self.entries(entries, depth)?,
            Slot::Unknown => self.skip(depth)?,
        }
        Ok(())
    }

    /// The children of an element whose parts the account names.
    fn entries(&mut self, entries: &mut Vec<Entry<'a>>, depth: usize) -> Result<()> {
        loop {
            match self.next()? {
                Event::Start(event) => {
                    let name = Text::new(self.element(&event, ">".len())?.name());
                    if let Some(value) = self.text(depth + 1)? {
                        entries.push(Entry::new(name, value));
                    }
                }
                Event::End(_) => return Ok(()),
                _ => {}
            }
        }
    }

    /// What an element's attributes say of its value (chapter 13.1.4, examples 1 and 3).
    fn item(&self, element: Element<'a>) -> Result<Item<'a>> {
        let mut item = Item::default();
        self.attributes(element, |name, value| match name {
            "status" => item.status = Some(value),
            "original" => item.original = Some(value),
            "reviewstatus" => item.reviewstatus = Some(value),
            "identification" => item.identification = Some(value),
            _ => {}
        })?;
        Ok(item)
    }

    fn classes(&self, element: Element<'a>) -> Result<Classes<'a>> {
        let mut classes = Classes::default();
        self.attributes(element, |name, value| match name {
            "status" => classes.status = Some(value),
            "original" => classes.original = split(value.expose()),
            "reviewstatus" => classes.reviewstatus = Some(value),
            "identification" => classes.identification = split(value.expose()),
            _ => {}
        })?;
        Ok(classes)
    }

    fn attributes(&self, element: Element<'a>, mut take: impl FnMut(&str, Text<'a>)) -> Result<()> {
        for attribute in Attributes::new(element.tag, element.name_length) {
            let attribute = attribute.map_err(|_| self.malformed("an attribute is not well formed"))?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|_| self.malformed("an attribute has a reference that XML does not define"))?;
            take(attribute.key.as_ref(), Text::new(value));
        }
        Ok(())
    }

    /// The text of an element, without the white space around it; none where there is none. Elements in it are passed over.
    fn text(&mut self, depth: usize) -> Result<Option<Text<'a>>> {
        let mut text: Cow<'a, str> = Cow::Borrowed("");
        loop {
            match self.next()? {
                Event::Text(piece) => append(&mut text, content(piece)),
                Event::CData(piece) => append(&mut text, piece.xml10_content()),
                Event::GeneralRef(reference) => text.to_mut().push(self.resolve(&reference)?),
                Event::Start(_) => self.skip(depth + 1)?,
                Event::End(_) => return Ok(trimmed(text).map(Text::new)),
                _ => {}
            }
        }
    }

    /// The classes in an element: each in an element of its own, however deep (`<type>B</type>`), or as text. The document shows them
    /// in JSON only.
    fn class_list(&mut self, depth: usize) -> Result<Vec<Text<'a>>> {
        let mut classes = Vec::new();
        let mut inside = 0;
        loop {
            match self.next()? {
                Event::Text(piece) => classes.extend(split(&content(piece))),
                Event::CData(piece) => classes.extend(split(&piece)),
                Event::GeneralRef(reference) => drop(self.resolve(&reference)?),
                Event::Start(_) => {
                    inside += 1;
                    self.check_depth(depth + inside)?;
                }
                Event::End(_) if inside == 0 => return Ok(classes),
                Event::End(_) => inside -= 1,
                _ => {}
            }
        }
    }

    /// Passes over an element. It has to be well formed all the same.
    fn skip(&mut self, depth: usize) -> Result<()> {
        let mut inside = 0;
        loop {
            match self.next()? {
                Event::GeneralRef(reference) => drop(self.resolve(&reference)?),
                Event::Start(_) => {
                    inside += 1;
                    self.check_depth(depth + inside)?;
                }
                Event::End(_) if inside == 0 => return Ok(()),
                Event::End(_) => inside -= 1,
                _ => {}
            }
        }
    }

    fn check_depth(&self, depth: usize) -> Result<()> {
        if depth > DEPTH {
            return Err(self.malformed("its elements nest too deep"));
        }
        Ok(())
    }

    /// The character that a reference stands for.
    fn resolve(&self, reference: &BytesRef<'_>) -> Result<char> {
        let undefined = || self.malformed("it has a reference that XML does not define");
        if let Some(character) = reference.resolve_char_ref().map_err(|_| undefined())? {
            // Of the control characters XML 1.0 knows three.
            let allowed = !character.is_control() || matches!(character, '\t' | '\n' | '\r' | '\u{7f}'..='\u{9f}');
            return if allowed { Ok(character) } else { Err(undefined()) };
        }
        escape::resolve_xml_entity(reference).and_then(|text| text.chars().next()).ok_or_else(undefined)
    }
}

/// A piece of text, with line ends as XML wants them.
fn content<'a>(piece: BytesText<'a>) -> Cow<'a, str> {
    if piece.contains('\r') { piece.xml10_content() } else { piece.into_inner() }
}

fn append<'a>(text: &mut Cow<'a, str>, piece: Cow<'a, str>) {
    if text.is_empty() {
        *text = piece;
    } else if !piece.is_empty() {
        text.to_mut().push_str(&piece);
    }
}

fn trimmed(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let text = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) if text.trim().len() == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    };
    (!text.is_empty()).then_some(text)
}

fn split<'a>(text: &str) -> Vec<Text<'a>> {
    let words = text.split(|character: char| character.is_whitespace() || matches!(character, ',' | ';'));
    words.filter(|word| !word.is_empty()).map(|word| Text::new(word.to_owned())).collect()
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_whitespace())
}
