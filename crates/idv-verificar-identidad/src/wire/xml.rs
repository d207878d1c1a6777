//! Answers as XML. No document type is read, and so no entity but the five that XML predefines; references to characters are.

use idv_core::{Error, Result, Text};
use quick_xml::events::{BytesRef, Event};
use quick_xml::{Reader, escape};

use super::answer::Answer;
use super::tree::Tree;

/// The depth of nested elements. An answer's nest two deep, a list's three.
const DEPTH: usize = 16;

/// Reads an answer: the elements that hold nothing but text, by their names, wherever they stand.
pub(super) fn read(text: &str) -> Result<Answer<'static>> {
    let malformed = |what: &str| Error::malformed(format!("the XML cannot be read: {what}"));
    let mut reader = Reader::from_str(text);
    let mut answer = Answer::default();
    let mut open: Vec<String> = Vec::new();
    let mut value = String::new();
    let mut ended = false;
    loop {
        match reader.read_event() {
            Ok(Event::Eof) if ended => return Ok(answer),
            Ok(Event::Eof) => return Err(malformed("it ends too early")),
            Ok(Event::DocType(_)) => return Err(malformed("it has a document type, which is never read")),
            Ok(Event::Start(_)) if ended || open.len() >= DEPTH => return Err(malformed("it is not one element, or too deep")),
            Ok(Event::Start(element)) => {
                open.push(element.name().as_ref().to_owned());
                value.clear();
            }
            Ok(Event::End(_)) => {
                let name = open.pop().ok_or_else(|| malformed("it is not well formed"))?;
                if !value.trim().is_empty() {
                    answer.take(&name, Tree::Text(Text::new(value.trim().to_owned())));
                }
                value.clear();
                ended = open.is_empty();
            }
            Ok(Event::Text(text)) if !open.is_empty() => value.push_str(&text),
            Ok(Event::CData(text)) if !open.is_empty() => value.push_str(&text),
            Ok(Event::GeneralRef(reference)) if !open.is_empty() => {
                value.push_str(&resolved(&reference).ok_or_else(|| malformed("it has an entity that XML does not predefine"))?);
            }
            Ok(Event::Text(text)) if text.trim().is_empty() => {}
            Ok(Event::Decl(_) | Event::Comment(_) | Event::PI(_)) => {}
            Ok(Event::Empty(_)) if !ended && !open.is_empty() => value.clear(),
            // The reader's own words may quote the answer.
            Ok(_) | Err(_) => return Err(malformed("it is not well formed")),
        }
    }
}

fn resolved(reference: &BytesRef<'_>) -> Option<String> {
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return Some(character.to_string());
    }
    escape::resolve_xml_entity(reference).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_the_predefined_ones_and_characters() {
        let error = |xml: &str| read(xml).map(|answer| answer.error.map(|text| text.expose().to_owned()));
        assert_eq!(error("<r><Error>a &amp; &#66; &#x43;<![CDATA[ <d>]]></Error></r>").unwrap().as_deref(), Some("a & B C <d>"));
        for xml in [
            "<!DOCTYPE r [<!ENTITY e \"x\">]><r><Error>&e;</Error></r>",
            "<r><Error>&e;</Error></r>",
            "<r><Error>&#xD800;</Error></r>",
            "<r></r><r></r>",
            "<r></r>x",
            "<r><a></r></a>",
        ] {
            assert!(error(xml).is_err(), "{xml}");
        }
        let deep = "<a>".repeat(100) + &"</a>".repeat(100);
        assert!(read(&deep).is_err());
    }
}
