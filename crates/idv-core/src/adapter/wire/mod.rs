//! Tolerant parsers for adapters: JSON, XML and forms.
//!
//! Vendors' documents contradict themselves, and services grow beyond them: numbers arrive as text
//! and text as numbers, a list with one entry lacks its brackets, parts are missing, null or of
//! another shape, and new members appear. None of this may lose a result that was paid for.
//! Therefore each [`Part`] reads any shape that it can use; a value of another shape counts as a
//! missing part, and [`Members`] keep it. A payload that is incomplete or not well formed is an
//! error, because a part of a result is not a result.
//!
//! [`object!`] declares a type with the vendor's own names for its parts. The meaning of a vendor's
//! words stays in its adapter: a type of the adapter implements [`Part`], and an `Option` of it is
//! a part that may be missing.
//!
//! ```
//! use idv_core::adapter::wire::{self, Part, Shape, object};
//! use idv_core::Text;
//!
//! object! {
//!     /// A verification.
//!     #[derive(Debug, Clone, Default, PartialEq, Eq)]
//!     pub struct Verification<'a> {
//!         /// The vendor's id.
//!         "id" id: Option<Text<'a>>,
//!         /// The state, which newer versions call `status`.
//!         "state" | "status" state: Option<State<'a>>,
//!         /// Whether the person has to use a mobile device.
//!         "mobileOnly" mobile_only: Option<bool>,
//!         /// The images.
//!         "files" files: Vec<Option<Text<'a>>>,
//!     }
//! }
//!
//! /// The state of a verification.
//! #[derive(Debug, Clone, PartialEq, Eq)]
//! pub enum State<'a> {
//!     /// The verification has ended.
//!     Done,
//!     /// An unknown state.
//!     Other(Text<'a>),
//! }
//!
//! impl<'de> Part<'de> for State<'de> {
//!     fn text(text: Text<'de>) -> Shape<Self> {
//!         Shape::Expected(if text.expose() == "done" { Self::Done } else { Self::Other(text) })
//!     }
//! }
//!
//! let read: Verification<'_> = wire::read(br#"{"id": 7, "status": "done", "mobileOnly": "1", "files": "a.png", "new": []}"#)?;
//! assert_eq!(read.id.unwrap().expose(), "7");
//! assert_eq!((read.state, read.mobile_only, read.files.len()), (Some(State::Done), Some(true), 1));
//!
//! assert!(wire::read::<Verification<'_>>(br#"{"id": 7, "status": "do"#).is_err());
//! # Ok::<(), idv_core::Error>(())
//! ```
//!
//! The nesting depth is bounded. Text borrows from the payload unless it contains escapes, and
//! cannot be printed.

mod any;
mod form;
mod json;
mod list;
mod object;
mod part;
mod reading;
#[cfg(feature = "xml")]
mod xml;

use std::borrow::Cow;

use crate::error::{Error, Result};

pub use any::{Loose, Members};
pub use form::read_form;
pub use part::{Field, Name, Part, Place, Shape, TextDeserializer, field, place};
pub use reading::{repeats_are_lists, take_room};
#[cfg(feature = "xml")]
pub use xml::{decoded_xml, read_xml};

#[doc(inline)]
pub use crate::__wire_object as object;

#[doc(hidden)]
pub use {object::__single, part::__converted, part::__read_field};
#[doc(hidden)]
pub use {serde as __serde, serde_json as __serde_json};

/// Parses a payload that is a JSON object.
///
/// # Errors
///
/// [`Malformed`](crate::ErrorKind::Malformed) if the payload is not UTF-8, is incomplete, or is not
/// a JSON object.
pub fn read<'a, P: Part<'a> + Default>(bytes: &'a [u8]) -> Result<P> {
    let text = decoded(bytes)?;
    match text.trim_ascii_start().as_bytes().first() {
        Some(b'{') => read_json(text),
        Some(_) => Err(Error::malformed("it is no object of JSON")),
        None => Err(Error::malformed("it is empty")),
    }
}

/// Parses JSON of any kind.
///
/// Numbers keep their text. An unpaired surrogate becomes U+FFFD, and NUL is omitted.
///
/// # Errors
///
/// [`Malformed`](crate::ErrorKind::Malformed) if the text is not a complete JSON value, if anything
/// follows it, or if its parts need far more memory than its length suggests.
pub fn read_json<'a, P: Part<'a> + Default>(text: &'a str) -> Result<P> {
    let part = reading::reading(text.len(), false, || {
        json::from_str(text, |json| P::read(json))
    });
    part.map(Shape::expected_or_default)
}

/// Reads a part from a deserializer of the adapter.
///
/// # Errors
///
/// Returns the errors of the deserializer, and an error if the parts need far more memory than any
/// result.
pub fn read_from<'de, P: Part<'de> + Default, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<P, D::Error> {
    let part = reading::reading(0, false, || P::read(deserializer));
    part.map(Shape::expected_or_default)
}

/// Reads the text of a JSON string with its escapes and without a copy, or anything else as a part.
///
/// Use it for long text that is needed later, such as a file.
///
/// # Errors
///
/// Returns the errors of the deserializer.
pub fn read_raw_text<'de, P: Part<'de>, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Shape<P>, D::Error> {
    deserializer.deserialize_bytes(part::Reading::new())
}

/// Returns the text of a UTF-8 payload, without a byte order mark.
///
/// # Errors
///
/// [`Malformed`](crate::ErrorKind::Malformed) if the payload is not UTF-8.
pub fn decoded(bytes: &[u8]) -> Result<&str> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::malformed("it is not UTF-8"))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Returns the text of a payload with an unknown charset: UTF-8, or windows-1252 if it is not valid
/// UTF-8.
///
/// windows-1252 has a character for every byte, so the function never fails; its five undefined
/// bytes become the control characters of ISO 8859-1.
#[must_use]
pub fn decoded_tolerantly(bytes: &[u8]) -> Cow<'_, str> {
    match decoded(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|byte| windows_1252(*byte)).collect()),
    }
}

/// Returns the character of windows-1252 for a byte. Outside 0x80 to 0x9F they are those of ISO
/// 8859-1.
fn windows_1252(byte: u8) -> char {
    const UPPER_CONTROLS: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9F => UPPER_CONTROLS
            .get(usize::from(byte - 0x80))
            .copied()
            .unwrap_or(char::REPLACEMENT_CHARACTER),
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Text;

    #[test]
    fn text_that_is_not_utf8_is_windows_1252() {
        assert_eq!(decoded_tolerantly("Müller €".as_bytes()), "Müller €");
        assert_eq!(
            decoded_tolerantly(b"M\xFCller \x80 \x9F\x81"),
            "Müller € Ÿ\u{81}"
        );
    }

    #[test]
    fn a_payload_is_read_whole_or_not_at_all() {
        type Anything<'a> = Option<Text<'a>>;
        for whole in ["{}", " \n{\"a\":[1]} \n", "\u{feff}{}"] {
            assert!(read::<Anything<'_>>(whole.as_bytes()).is_ok(), "{whole}");
        }
        for broken in ["", " ", "[]", "null", "{", "{\"a\":}", "{}{}", "{} x"] {
            assert!(read::<Anything<'_>>(broken.as_bytes()).is_err(), "{broken}");
        }
        assert!(read::<Anything<'_>>(b"{\"a\":\"\xFF\"}").is_err());
        assert!(read_json::<Anything<'_>>(&"[".repeat(100_000)).is_err());
    }
}
