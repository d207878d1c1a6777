//! XML, with the same parts as JSON.

mod encoding;

use std::borrow::Cow;
use std::fmt;

use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesRef, BytesStart, BytesText, Event};
use quick_xml::{Reader, XmlVersion, escape};
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::part::{Part, TextDeserializer};
use super::reading::reading;
use crate::error::{Error, Result};

pub use encoding::decoded_xml;

/// Maximum nesting depth of elements. The vendors use five levels.
const DEPTH: u8 = 64;

/// Maximum number of attributes of an element, because each is compared with the others.
const ATTRIBUTES: usize = 500;

/// Parses XML.
///
/// The document is an object whose only member is the root element.
///
/// - An element with attributes or child elements is an object. Its members are its attributes, its
///   children, both by their local names, and its text as `value`.
/// - An element with text only is that text, and an empty element is null. White space around text
///   is ignored.
/// - A list is a sequence of elements with the same name: see
///   [`repeats_are_lists`](super::repeats_are_lists).
///
/// Comments, processing instructions and namespace declarations are ignored. Document types are
/// refused, so the only entities are the five that XML predefines; character references are
/// resolved. Text borrows from the payload unless it contains a reference, an element or a comment.
///
/// ```
/// use idv_core::Text;
/// use idv_core::adapter::wire::{object, read_xml};
///
/// object! {
///     #[derive(Default)]
///     struct Document<'a> { "person" person: Person<'a>, }
/// }
/// object! {
///     #[derive(Default)]
///     struct Person<'a> {
///         "id" id: Option<Text<'a>>,
///         "name" names: Vec<Text<'a>>,
///     }
/// }
///
/// let document: Document<'_> = read_xml(r#"<person id="7"><name>Erika</name><name>Maria</name></person>"#.into())?;
/// assert_eq!(document.person.id, Some(Text::new("7")));
/// assert_eq!(document.person.names, [Text::new("Erika"), Text::new("Maria")]);
/// # Ok::<(), idv_core::Error>(())
/// ```
///
/// # Errors
///
/// [`Malformed`](crate::ErrorKind::Malformed) if the text is incomplete or not well formed, if
/// anything follows the root element, if elements are nested too deeply, or if the parts need far
/// more memory than the length suggests.
pub fn read_xml<'a, P: Part<'a> + Default>(text: Cow<'a, str>) -> Result<P> {
    match text {
        Cow::Borrowed(text) => document(text, Some),
        // Parts cannot borrow from the owned text.
        Cow::Owned(text) => document(&text, |_| None),
    }
}

fn document<'t, 'a, P: Part<'a> + Default>(
    text: &'t str,
    lend: fn(&'t str) -> Option<&'a str>,
) -> Result<P> {
    let mut walk = Walk {
        text,
        reader: Reader::from_str(text),
        lend,
        depth: 0,
    };
    let part = reading(text.len(), true, || {
        let mut document = Document {
            root: Some(walk.root()?),
            walk: &mut walk,
        };
        let part = P::read(MapAccessDeserializer::new(&mut document))?;
        if document.root.is_some() {
            (&mut document).next_value::<IgnoredAny>()?;
        }
        walk.end().map(|()| part)
    });
    match part {
        Ok(part) => Ok(part.expected_or_default()),
        Err(Fault(reason)) => Err(Error::malformed(format!(
            "the XML cannot be read at byte {}: {reason}",
            walk.reader.buffer_position()
        ))),
    }
}

/// The reason for an error. It quotes nothing of the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fault(&'static str);

const NOT_WELL_FORMED: Fault = Fault("it is not well formed");
const DOCUMENT_TYPE: Fault = Fault("it has a document type, which is never read");
const UNDEFINED: Fault = Fault("it has a reference that XML does not define");

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Fault {}

impl serde::de::Error for Fault {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self("it has another shape than documented, or far more parts than its length suggests")
    }
}

/// A payload and the current position in it.
struct Walk<'t, 'a> {
    text: &'t str,
    reader: Reader<&'t [u8]>,
    /// Borrows from the payload if it lives long enough.
    lend: fn(&'t str) -> Option<&'a str>,
    depth: u8,
}

/// The start of an element, as written between its brackets. The reader's own event lends its parts
/// only during its own lifetime.
#[derive(Clone, Copy)]
struct Element<'t> {
    tag: &'t str,
    name_length: usize,
    /// The local name.
    name: &'t str,
    is_empty: bool,
}

impl<'t> Element<'t> {
    fn attributes(self) -> Option<(Attributes<'t>, usize)> {
        if self.tag.len() == self.name_length {
            return None;
        }
        let mut attributes = Attributes::new(self.tag, self.name_length);
        // A single attribute cannot be a duplicate.
        attributes.with_checks(
            self.tag
                .bytes()
                .skip(self.name_length)
                .filter(|byte| *byte == b'=')
                .count()
                > 1,
        );
        Some((attributes, ATTRIBUTES))
    }
}

/// Returns the local name, without a namespace prefix.
fn local(name: &str) -> &str {
    // Names are short: a search that is optimized for long text takes longer.
    name.bytes()
        .rposition(|byte| byte == b':')
        .and_then(|colon| name.get(colon + 1..))
        .unwrap_or(name)
}

impl<'t, 'a> Walk<'t, 'a> {
    /// Returns the element that the reader has just consumed.
    fn element(&self, event: &BytesStart<'_>, is_empty: bool) -> Result<Element<'t>, Fault> {
        let end = if is_empty { "/>".len() } else { ">".len() };
        let after = usize::try_from(self.reader.buffer_position())
            .ok()
            .and_then(|position| position.checked_sub(end));
        let tag = after.and_then(|after| self.text.get(after.checked_sub(event.len())?..after));
        // They are equal by the reader's contract. If they were not, names and values would belong
        // to another element.
        let tag = tag.filter(|tag| **tag == **event).ok_or(NOT_WELL_FORMED)?;
        let name_length = event.name().as_ref().len();
        Ok(Element {
            tag,
            name_length,
            name: local(tag.get(..name_length).unwrap_or_default()),
            is_empty,
        })
    }

    /// Returns the root element.
    fn root(&mut self) -> Result<Element<'t>, Fault> {
        let mut is_first = true;
        loop {
            match self.reader.read_event() {
                // The declaration was used to decode the payload.
                Ok(Event::Decl(_)) if is_first => {}
                Ok(Event::Start(root)) => return self.element(&root, false),
                Ok(Event::Empty(root)) => return self.element(&root, true),
                Ok(Event::Text(text)) if is_blank(&text) => {}
                Ok(Event::Comment(_) | Event::PI(_)) => {}
                Ok(Event::DocType(_)) => return Err(DOCUMENT_TYPE),
                Ok(Event::Eof) => return Err(Fault("it has no root element")),
                Ok(_) | Err(_) => return Err(NOT_WELL_FORMED),
            }
            is_first = false;
        }
    }

    /// Checks that nothing follows the root element.
    fn end(&mut self) -> Result<(), Fault> {
        loop {
            match self.reader.read_event() {
                Ok(Event::Eof) => return Ok(()),
                Ok(Event::Text(text)) if is_blank(&text) => {}
                Ok(Event::Comment(_) | Event::PI(_)) => {}
                Ok(_) | Err(_) => return Err(Fault("something follows its root element")),
            }
        }
    }

    /// Returns the next child of an element; `None` at its end. Appends the text before the child
    /// to `text`.
    fn child(&mut self, text: &mut Cow<'t, str>) -> Result<Option<Element<'t>>, Fault> {
        loop {
            match self.reader.read_event() {
                Ok(Event::Start(event)) => return self.element(&event, false).map(Some),
                Ok(Event::Empty(event)) => return self.element(&event, true).map(Some),
                Ok(Event::End(_)) => return Ok(None),
                // White space before text is ignored.
                Ok(Event::Text(piece)) if text.is_empty() && is_blank(&piece) => {}
                Ok(Event::Text(piece)) => append(text, content(piece)),
                Ok(Event::CData(piece)) => append(text, piece.xml10_content()),
                Ok(Event::GeneralRef(reference)) => text.to_mut().push(resolved(&reference)?),
                Ok(Event::Comment(_) | Event::PI(_)) => {}
                Ok(Event::DocType(_)) => return Err(DOCUMENT_TYPE),
                Ok(Event::Decl(_)) => {
                    return Err(Fault("its declaration does not stand at its beginning"));
                }
                Ok(Event::Eof) => return Err(Fault("it ends too early")),
                // The reader's own message may quote the payload.
                Err(_) => return Err(NOT_WELL_FORMED),
            }
        }
    }

    /// Returns text as a value, borrowed if possible.
    #[inline]
    fn text(&self, text: Cow<'t, str>) -> TextDeserializer<'a, Fault> {
        TextDeserializer::new(match text {
            Cow::Borrowed(text) => {
                (self.lend)(text).map_or_else(|| Cow::Owned(text.to_owned()), Cow::Borrowed)
            }
            Cow::Owned(text) => Cow::Owned(text),
        })
    }
}

/// Resolves a character reference or a predefined entity.
fn resolved(reference: &BytesRef<'_>) -> Result<char, Fault> {
    if let Some(character) = reference.resolve_char_ref().map_err(|_| UNDEFINED)? {
        // XML 1.0 allows three control characters.
        let allowed = !character.is_control()
            || matches!(character, '\t' | '\n' | '\r' | '\u{7f}'..='\u{9f}');
        return if allowed {
            Ok(character)
        } else {
            Err(UNDEFINED)
        };
    }
    escape::resolve_xml_entity(reference)
        .and_then(|text| text.chars().next())
        .ok_or(UNDEFINED)
}

/// Returns a piece of text with normalized line ends.
fn content<'t>(piece: BytesText<'t>) -> Cow<'t, str> {
    if piece.contains('\r') {
        piece.xml10_content()
    } else {
        piece.into_inner()
    }
}

fn append<'t>(text: &mut Cow<'t, str>, piece: Cow<'t, str>) {
    if text.is_empty() {
        *text = piece;
    } else {
        text.to_mut().push_str(&piece);
    }
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        text if text.starts_with(|first: char| first.is_ascii_graphic())
            && text.ends_with(|last: char| last.is_ascii_graphic()) =>
        {
            text
        }
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) if text.trim().len() == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

fn is_blank(text: &str) -> bool {
    let bytes = text.as_bytes();
    let (chunks, rest) = bytes.strip_prefix(b"\n").unwrap_or(bytes).as_chunks();
    // Indentation is compared eight bytes at a time.
    chunks
        .iter()
        .all(|chunk| chunk == b"        " || chunk.iter().all(u8::is_ascii_whitespace))
        && rest.iter().all(u8::is_ascii_whitespace)
}

/// The document: an object with one member.
struct Document<'w, 't, 'a> {
    walk: &'w mut Walk<'t, 'a>,
    root: Option<Element<'t>>,
}

impl<'t, 'de> MapAccess<'de> for &mut Document<'_, 't, 'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        let root = self.root;
        root.map(|root| seed.deserialize(self.walk.text(Cow::Borrowed(root.name))))
            .transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let element = self.root.take().ok_or(NOT_WELL_FORMED)?;
        seed.deserialize(Content {
            element,
            walk: self.walk,
        })
    }
}

/// An element as a value.
struct Content<'w, 't, 'a> {
    element: Element<'t>,
    walk: &'w mut Walk<'t, 'a>,
}

impl<'de> Deserializer<'de> for Content<'_, '_, 'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let Self { element, walk } = self;
        walk.depth += 1;
        if walk.depth > DEPTH {
            return Err(Fault("its elements nest too deep"));
        }
        let (mut attributes, mut text) = (element.attributes(), Cow::Borrowed(""));
        let mut next = match attributes {
            Some(_) => attribute(&mut attributes)?,
            None => Next::Nothing,
        };
        let mut is_open = !element.is_empty;
        if matches!(next, Next::Nothing) && is_open {
            match walk.child(&mut text)? {
                Some(child) => next = Next::Child(child),
                None => is_open = false,
            }
        }
        let value = match next {
            Next::Attribute(..) | Next::Child(_) => {
                let mut members = Members {
                    walk,
                    attributes,
                    is_open,
                    next,
                    text,
                };
                // Values are large: the result is not unpacked, so that none is moved.
                let value = visitor.visit_map(&mut members);
                // A visitor that stops early does not leave the element.
                while value.is_ok() && !matches!(members.next, Next::Nothing) {
                    (&mut members).next_value::<IgnoredAny>()?;
                }
                members.walk.depth -= 1;
                return value;
            }
            Next::Text | Next::Nothing => match trimmed(text) {
                text if text.is_empty() => visitor.visit_unit(),
                text => walk.text(text).deserialize_any(visitor),
            },
        };
        walk.depth -= 1;
        value
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq
        tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The members of an element.
struct Members<'w, 't, 'a> {
    walk: &'w mut Walk<'t, 'a>,
    /// The attributes, and the remaining number of allowed ones.
    attributes: Option<(Attributes<'t>, usize)>,
    /// Whether the end of the element is still ahead.
    is_open: bool,
    next: Next<'t>,
    text: Cow<'t, str>,
}

enum Next<'t> {
    Attribute(&'t str, Cow<'t, str>),
    Child(Element<'t>),
    Text,
    Nothing,
}

impl<'t> Members<'_, 't, '_> {
    /// Moves to the next member.
    fn advance(&mut self) -> Result<(), Fault> {
        if self.attributes.is_some() {
            self.next = attribute(&mut self.attributes)?;
            if matches!(self.next, Next::Attribute(..)) {
                return Ok(());
            }
        }
        if self.is_open {
            if let Some(child) = self.walk.child(&mut self.text)? {
                self.next = Next::Child(child);
                return Ok(());
            }
            self.is_open = false;
        }
        if self.text.is_empty() {
            return Ok(());
        }
        self.text = trimmed(std::mem::take(&mut self.text));
        if !self.text.is_empty() {
            self.next = Next::Text;
        }
        Ok(())
    }
}

/// Returns the next attribute that is not a namespace declaration.
fn attribute<'t>(attributes: &mut Option<(Attributes<'t>, usize)>) -> Result<Next<'t>, Fault> {
    let Some((list, left)) = attributes else {
        return Ok(Next::Nothing);
    };
    for attribute in list {
        *left = left
            .checked_sub(1)
            .ok_or(Fault("an element has too many attributes"))?;
        let attribute = attribute.map_err(|_| Fault("an attribute is not well formed"))?;
        let name = attribute.key.into_inner();
        if name != "xmlns" && !name.starts_with("xmlns:") {
            let is_plain = attribute
                .value
                .bytes()
                .all(|byte| byte >= b' ' && byte != b'&');
            let value = if is_plain {
                attribute.value
            } else {
                attribute
                    .normalized_value(XmlVersion::Implicit1_0)
                    .map_err(|_| UNDEFINED)?
            };
            return Ok(Next::Attribute(local(name), value));
        }
    }
    *attributes = None;
    Ok(Next::Nothing)
}

impl<'de> MapAccess<'de> for &mut Members<'_, '_, 'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        let name = match self.next {
            Next::Attribute(name, _) => name,
            Next::Child(child) => child.name,
            Next::Text => "value",
            Next::Nothing => return Ok(None),
        };
        seed.deserialize(self.walk.text(Cow::Borrowed(name)))
            .map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let value = match std::mem::replace(&mut self.next, Next::Nothing) {
            Next::Attribute(_, value) => seed.deserialize(self.walk.text(value)),
            Next::Child(element) => seed.deserialize(Content {
                element,
                walk: self.walk,
            }),
            Next::Text => {
                let text = std::mem::take(&mut self.text);
                seed.deserialize(self.walk.text(text))
            }
            Next::Nothing => Err(NOT_WELL_FORMED),
        };
        if value.is_ok() {
            self.advance()?;
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::{Members, object};
    use super::*;
    use crate::text::Text;

    fn read(xml: &str) -> Result<Value> {
        let members: Members = read_xml(Cow::Borrowed(xml))?;
        Ok(members
            .into_iter()
            .map(|(name, value)| (name, value.into_exposed()))
            .collect())
    }

    #[test]
    fn element_has_the_shape_of_its_contents() {
        for (xml, value) in [
            ("<r>a</r>", json!({"r": "a"})),
            ("<r/>", json!({})),
            ("<r> \n </r>", json!({})),
            ("<r a=''/>", json!({"r": {"a": ""}})),
            (
                "<r a='1' xmlns='urn:x'> t <b/> u <c>2</c></r>",
                json!({"r": {"a": "1", "c": "2", "value": "t  u"}}),
            ),
            ("<n:r xmlns:n='urn:x'>a</n:r>", json!({"r": "a"})),
            (
                "<r><a>1</a><b>2</b><a>3</a><a c='4'/></r>",
                json!({"r": {"a": ["1", "3", {"c": "4"}], "b": "2"}}),
            ),
            ("<r value='1'>2</r>", json!({"r": {"value": ["1", "2"]}})),
            (
                "<?xml version='1.0'?><!-- a --><r><!-- b -->c<?d e?></r>\n<!-- f -->",
                json!({"r": "c"}),
            ),
            (
                "<r>a &amp; &#66;&#x43;\r\n<![CDATA[ <d>]]></r>",
                json!({"r": "a & BC\n <d>"}),
            ),
            ("<r a='&lt;&#9;x'/>", json!({"r": {"a": "<\tx"}})),
        ] {
            assert_eq!(read(xml).unwrap(), value, "{xml}");
        }
    }

    #[test]
    fn payload_is_well_formed_and_whole_or_refused() {
        let many: String = (0..=ATTRIBUTES)
            .map(|number| format!(" xmlns:a{number}=''"))
            .collect();
        for xml in [
            "",
            " ",
            "text",
            "<r>",
            "<r></s>",
            "<r/><r/>",
            "<r/>x",
            "x<r/>",
            "<r a='1' a='2'/>",
            "<r a=1/>",
            "<r>&e;</r>",
            "<r>&#0;</r>",
            "<r a='&e;'/>",
            "<!DOCTYPE r><r/>",
            "<r><!DOCTYPE r></r>",
            "<r/><!DOCTYPE r>",
            "<r><?xml version='1.0'?></r>",
            &format!("<r{many}/>"),
            &("<a>".repeat(65) + &"</a>".repeat(65)),
            &("<a>".repeat(100_000) + &"</a>".repeat(100_000)),
        ] {
            let error = read(xml).unwrap_err();
            assert_eq!(
                error.kind(),
                &crate::ErrorKind::Malformed,
                "{}",
                xml.get(..20).unwrap_or(xml)
            );
        }
        assert!(read(&("<a>".repeat(64) + &"</a>".repeat(64))).is_ok());
    }

    object! {
        #[derive(Debug, Default)]
        struct Whole<'a> {
            "r" root: Root<'a>,
        }
    }

    object! {
        #[derive(Debug, Default)]
        struct Root<'a> {
            "t" texts: Vec<Text<'a>>,
            "u" last: Option<Text<'a>>,
        }
    }

    #[test]
    fn text_borrows_from_a_payload_that_is_not_transcoded() {
        let is_borrowed = |xml: Cow<'static, str>| {
            let root = read_xml::<Whole<'_>>(xml).unwrap().root;
            root.texts.iter().map(Text::is_borrowed).collect::<Vec<_>>()
        };
        let xml = "<r><t>\n a </t><t>c</t><t>a&amp;b</t></r>";
        assert_eq!(is_borrowed(Cow::Borrowed(xml)), [true, true, false]);
        assert_eq!(
            is_borrowed(Cow::Owned(xml.to_owned())),
            [false, false, false]
        );
    }

    #[test]
    fn repeated_elements_are_a_list_or_the_last_one_counts() {
        let xml = Cow::Borrowed("<r><t>a</t><u>1</u><t/><u>2</u><t>b</t></r>");
        let root = read_xml::<Whole<'_>>(xml).unwrap().root;
        assert_eq!(
            root.texts.iter().map(Text::expose).collect::<Vec<_>>(),
            ["a", "b"]
        );
        assert_eq!(root.last.as_ref().map(Text::expose), Some("2"));
    }

    #[test]
    fn parts_are_bounded_by_the_length() {
        for part in ["<a/>", "<a>b</a>"] {
            let xml = |count: usize| format!("<r>{}</r>", part.repeat(count));
            assert!(read(&xml(5_000)).is_ok());
            assert!(read(&xml(500_000)).is_err());
        }
    }

    #[test]
    fn error_repeats_nothing_of_the_payload() {
        for xml in ["<r>Erika</Erika>", "<r Erika=Erika/>", "<r>&Erika;</r>"] {
            let error = read(xml).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("Erika"), "{error}");
        }
    }
}
