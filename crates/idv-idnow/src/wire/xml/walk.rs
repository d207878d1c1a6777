//! A walk through the elements of a payload.

use std::borrow::Cow;
use std::cell::Cell;

use idv_core::{Error, Result, Text};
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesRef, BytesStart, BytesText, Event};
use quick_xml::{Reader, XmlVersion, escape};

use super::super::list::Budget;

/// The deepest nesting of elements. The document's nest five deep.
const DEPTH: usize = 64;

/// The number of unknown elements and attributes that a payload may have whatever its length, and the bytes that allow one more. Each is
/// kept.
const FREE_ELEMENTS: usize = 10_000;
const BYTES_PER_ELEMENT: usize = 64;

/// A payload and the place that was reached in it.
pub(super) struct Walk<'t, 'a> {
    text: &'t str,
    reader: Reader<&'t [u8]>,
    /// Makes a text of a piece of the payload: borrowed from it if it lives long enough.
    pub(super) own: fn(Cow<'t, str>) -> Text<'a>,
    pub(super) budget: Budget,
    /// The number of unknown elements and attributes that are still allowed.
    left: Cell<usize>,
}

/// An element that begins, as it stands in the payload between its brackets. The reader's own event lends its parts only as long as
/// it lives itself.
#[derive(Clone, Copy)]
pub(super) struct Element<'t> {
    tag: &'t str,
    name_length: usize,
}

impl<'t> Element<'t> {
    pub(super) fn name(self) -> &'t str {
        self.tag.get(..self.name_length).unwrap_or_default()
    }
}

/// The local name: without the prefix of a namespace.
pub(super) fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

impl<'t, 'a> Walk<'t, 'a> {
    pub(super) fn new(text: &'t str, own: fn(Cow<'t, str>) -> Text<'a>) -> Self {
        let left = Cell::new(FREE_ELEMENTS + text.len() / BYTES_PER_ELEMENT);
        Self { text, reader: Reader::from_str(text), own, budget: Budget::default(), left }
    }

    /// Counts an unknown element or attribute.
    pub(super) fn count(&self) -> Result<()> {
        let left = self.left.get().checked_sub(1);
        let left = left.ok_or_else(|| Error::malformed("the XML has far more unknown elements than its length suggests"))?;
        self.left.set(left);
        Ok(())
    }

    /// The next event inside an element. Everything that is refused anywhere is refused here.
    fn next(&mut self) -> Result<Event<'t>> {
        match self.reader.read_event() {
            Ok(Event::Eof) => Err(self.malformed("it ends too early")),
            Ok(Event::DocType(_)) => Err(self.malformed("it has a document type, which is never read")),
            Ok(Event::Decl(_)) => Err(self.malformed("its declaration does not stand at its beginning")),
            Ok(event) => Ok(event),
            // The reader's own words may quote the payload.
            Err(_) => Err(self.malformed("it is not well formed")),
        }
    }

    /// The next child of an element, and whether it is empty; none at the element's end. Adds text before it to `text`.
    pub(super) fn child(&mut self, is_empty: bool, text: &mut Cow<'t, str>) -> Result<Option<(Element<'t>, bool)>> {
        if is_empty {
            return Ok(None);
        }
        loop {
            match self.next()? {
                Event::Start(event) => return Ok(Some((self.element(&event, ">".len())?, false))),
                Event::Empty(event) => return Ok(Some((self.element(&event, "/>".len())?, true))),
                Event::End(_) => return Ok(None),
                event => self.append(text, event)?,
            }
        }
    }

    /// The element that the reader has just come past; `end` is the length of the bracket that ends it.
    fn element(&self, event: &BytesStart<'_>, end: usize) -> Result<Element<'t>> {
        let after = usize::try_from(self.reader.buffer_position()).ok().and_then(|position| position.checked_sub(end));
        let tag = after.and_then(|after| self.text.get(after.checked_sub(event.len())?..after));
        // They are equal by the reader's contract; were they not, names and values would be other elements'.
        let tag = tag.filter(|tag| **tag == **event).ok_or_else(|| self.malformed("an element is not where it was read"))?;
        Ok(Element { tag, name_length: event.name().as_ref().len() })
    }

    fn malformed(&self, reason: &str) -> Error {
        Error::malformed(format!("the XML cannot be read at byte {}: {reason}", self.reader.buffer_position()))
    }

    /// The root element, and whether it is empty.
    pub(super) fn root(&mut self) -> Result<(Element<'t>, bool)> {
        let mut first = true;
        loop {
            match self.reader.read_event() {
                // The payload was decoded by it.
                Ok(Event::Decl(_)) if first => {}
                Ok(Event::Start(root)) => return Ok((self.element(&root, ">".len())?, false)),
                Ok(Event::Empty(root)) => return Ok((self.element(&root, "/>".len())?, true)),
                Ok(Event::Text(text)) if is_blank(&text) => {}
                Ok(Event::Comment(_) | Event::PI(_)) => {}
                Ok(Event::DocType(_)) => return Err(self.malformed("it has a document type, which is never read")),
                Ok(Event::Eof) => return Err(self.malformed("it has no root element")),
                Ok(_) | Err(_) => return Err(self.malformed("it is not well formed")),
            }
            first = false;
        }
    }

    /// Checks that nothing follows the root element.
    pub(super) fn end(&mut self) -> Result<()> {
        loop {
            match self.reader.read_event() {
                Ok(Event::Eof) => return Ok(()),
                Ok(Event::Text(text)) if is_blank(&text) => {}
                Ok(Event::Comment(_) | Event::PI(_)) => {}
                Ok(_) | Err(_) => return Err(self.malformed("something follows its root element")),
            }
        }
    }

    /// The attributes of an element (chapter 13.1.4, examples 1 and 3), but for those that declare a namespace.
    pub(super) fn attributes(
        &self,
        element: Element<'t>,
        mut take: impl FnMut(&Self, &str, Cow<'t, str>) -> Result<()>,
    ) -> Result<()> {
        for attribute in Attributes::new(element.tag, element.name_length) {
            let attribute = attribute.map_err(|_| self.malformed("an attribute is not well formed"))?;
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|_| self.malformed("an attribute has a reference that XML does not define"))?;
            let name = attribute.key.as_ref();
            if name != "xmlns" && !name.starts_with("xmlns:") {
                take(self, local(name), value)?;
            }
        }
        Ok(())
    }

    /// Adds what an event has of text. Comments and instructions have none.
    fn append(&self, text: &mut Cow<'t, str>, event: Event<'t>) -> Result<()> {
        match event {
            Event::Text(piece) => append(text, content(piece)),
            Event::CData(piece) => append(text, piece.xml10_content()),
            Event::GeneralRef(reference) => text.to_mut().push(self.resolve(&reference)?),
            _ => {}
        }
        Ok(())
    }

    pub(super) fn check_depth(&self, depth: usize) -> Result<()> {
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
fn content<'t>(piece: BytesText<'t>) -> Cow<'t, str> {
    if piece.contains('\r') { piece.xml10_content() } else { piece.into_inner() }
}

fn append<'t>(text: &mut Cow<'t, str>, piece: Cow<'t, str>) {
    if text.is_empty() {
        *text = piece;
    } else if !piece.is_empty() {
        text.to_mut().push_str(&piece);
    }
}

/// The text without the white space around it; none of an empty one.
pub(super) fn trimmed(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let text = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) if text.trim().len() == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    };
    (!text.is_empty()).then_some(text)
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_whitespace())
}
