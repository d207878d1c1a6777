//! The encodings of XML, by its declaration.

use std::borrow::Cow;

use super::super::{decoded, windows_1252};
use crate::error::{Error, Result};

/// Number of bytes at the start of a payload that may contain its declaration.
const DECLARATION: usize = 256;

/// The byte order mark of UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Decodes XML by its declared encoding: UTF-8, which is the default, or an encoding of Western
/// Europe.
///
/// Leading white space is removed.
///
/// # Errors
///
/// [`Malformed`](crate::ErrorKind::Malformed) if the declared encoding is not supported, or if the
/// payload is not valid in it.
pub fn decoded_xml(bytes: &[u8]) -> Result<Cow<'_, str>> {
    let declared = if bytes.starts_with(BYTE_ORDER_MARK) {
        None
    } else {
        declared(content(bytes))
    };
    match declared.as_deref().unwrap_or("utf-8") {
        "utf-8" | "utf8" | "us-ascii" | "ascii" => {
            Ok(Cow::Borrowed(decoded(bytes)?.trim_ascii_start()))
        }
        "iso-8859-1" | "iso8859-1" | "iso_8859-1" | "latin1" | "latin-1" => {
            Ok(transcode(content(bytes), char::from))
        }
        "iso-8859-15" | "iso8859-15" | "iso_8859-15" | "latin9" | "latin-9" => {
            Ok(transcode(content(bytes), latin_9))
        }
        "windows-1252" | "cp1252" => Ok(transcode(content(bytes), windows_1252)),
        _ => Err(Error::malformed(
            "the XML declares an encoding that is not supported: expected UTF-8 or ISO 8859-1",
        )),
    }
}

/// Returns the payload without a byte order mark and leading white space.
fn content(bytes: &[u8]) -> &[u8] {
    bytes
        .strip_prefix(BYTE_ORDER_MARK)
        .unwrap_or(bytes)
        .trim_ascii_start()
}

/// Returns the name of the encoding in a declaration, in lower case.
fn declared(bytes: &[u8]) -> Option<String> {
    let head = bytes
        .get(..bytes.len().min(DECLARATION))?
        .strip_prefix(b"<?xml")?;
    let end = head.windows(2).position(|window| window == b"?>")?;
    let declaration = std::str::from_utf8(head.get(..end)?).ok()?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value
        .chars()
        .next()
        .filter(|quote| matches!(quote, '"' | '\''))?;
    value
        .get(1..)?
        .split_once(quote)
        .map(|(name, _)| name.trim().to_ascii_lowercase())
}

fn transcode(bytes: &[u8], character: fn(u8) -> char) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if bytes.is_ascii() => Cow::Borrowed(text),
        _ => Cow::Owned(bytes.iter().map(|byte| character(*byte)).collect()),
    }
}

/// Returns a character of ISO 8859-15, which differs from ISO 8859-1 in eight characters.
fn latin_9(byte: u8) -> char {
    match byte {
        0xA4 => '€',
        0xA6 => 'Š',
        0xA8 => 'š',
        0xB4 => 'Ž',
        0xB8 => 'ž',
        0xBC => 'Œ',
        0xBD => 'œ',
        0xBE => 'Ÿ',
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(encoding: &str, text: &[u8]) -> Vec<u8> {
        [
            format!("<?xml version=\"1.0\" encoding={encoding}?><a>").as_bytes(),
            text,
            b"</a>",
        ]
        .concat()
    }

    #[test]
    fn xml_is_decoded_by_its_declaration() {
        for (encoding, bytes, text) in [
            ("\"UTF-8\"", "Müller €".as_bytes(), "Müller €"),
            ("'us-ascii'", b"Mueller", "Mueller"),
            ("\"ISO-8859-1\"", b"M\xFCller \xC3\xBC", "Müller Ã¼"),
            ("'latin1'", b"M\xFCller", "Müller"),
            (
                "\"ISO-8859-15\"",
                b"\xA4\xA6\xA8\xB4\xB8\xBC\xBD\xBE\xFC",
                "€ŠšŽžŒœŸü",
            ),
            ("\"windows-1252\"", b"\x80 \x9F M\xFCller", "€ Ÿ Müller"),
            ("\"Cp1252\"", b"plain", "plain"),
        ] {
            let decoded = decoded_xml(&with(encoding, bytes)).unwrap().into_owned();
            assert!(
                decoded.ends_with(&format!("<a>{text}</a>")),
                "{encoding}: {decoded}"
            );
        }
    }

    #[test]
    fn other_encodings_are_refused() {
        for payload in [
            with("\"UTF-16\"", b"x"),
            with("\"utf-8\"", b"\xFC"),
            with("\"us-ascii\"", b"\xFC"),
            b"<a>\xFC</a>".to_vec(),
        ] {
            assert!(decoded_xml(&payload).is_err(), "{payload:?}");
        }
    }

    #[test]
    fn byte_order_mark_wins_over_declaration() {
        let payload = [
            BYTE_ORDER_MARK,
            &with("\"ISO-8859-1\"", "Müller".as_bytes()),
        ]
        .concat();
        assert!(decoded_xml(&payload).unwrap().contains("Müller"));
    }

    #[test]
    fn declaration_has_each_of_its_forms() {
        for (payload, name) in [
            (
                &b"<?xml version='1.0' encoding = 'X' standalone='no'?>"[..],
                Some("x"),
            ),
            (b"<?xml version=\"1.0\"?><a encoding=\"b\"/>", None),
            (b"<?xml encoding=X?>", None),
            (b"<?xml encoding=\"X", None),
            (b"<a/>", None),
        ] {
            assert_eq!(declared(payload).as_deref(), name, "{payload:?}");
        }
    }
}
