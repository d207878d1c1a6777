//! For adapters: how to read what vendors send, tolerantly.
//!
//! Vendors' documents contradict themselves, and services grow beyond them: a number comes as text and text as a number, a list of one
//! lacks its brackets, parts are missing, null, or of another shape, and new ones turn up. None of this may cost a result that somebody
//! paid for. So each [`Part`] takes what it can use from whatever stands at its place; a value of another shape is a missing part, and
//! [`Members`] keep it. What is not tolerated is a payload that is not whole or not well formed: half a result is no result.
//!
//! [`object!`] makes a type whose parts have the vendor's own names. What a vendor means by a word stays in its adapter: a type of the
//! adapter's own is a [`Part`] by implementing it, and an `Option` of it is one that may be missing.
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
//!         /// How far it is. Newer versions have another name for it.
//!         "state" | "status" state: Option<State<'a>>,
//!         /// Whether the person has to use a mobile device.
//!         "mobileOnly" mobile_only: Option<bool>,
//!         /// The images.
//!         "files" files: Vec<Option<Text<'a>>>,
//!     }
//! }
//!
//! /// How far a verification is.
//! #[derive(Debug, Clone, PartialEq, Eq)]
//! pub enum State<'a> {
//!     /// It has ended.
//!     Done,
//!     /// Nothing is known of it.
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
//! How deep values nest is bounded. Text borrows from the payload unless a character of it is escaped, and cannot be
//! printed.

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
pub use part::{Name, Part, Place, Shape, TextDeserializer, place};
pub use reading::{repeats_are_lists, take_room};
#[cfg(feature = "xml")]
pub use xml::{decoded_xml, read_xml};

#[doc(inline)]
pub use crate::__wire_object as object;

#[doc(hidden)]
pub use {object::__single, part::__field};
#[doc(hidden)]
pub use {serde as __serde, serde_json as __serde_json};

/// Reads a payload that is an object of JSON.
///
/// # Errors
///
/// [`Malformed`](crate::ErrorKind::Malformed) where it is not UTF-8, not whole, or not an object of JSON.
pub fn read<'a, P: Part<'a> + Default>(bytes: &'a [u8]) -> Result<P> {
    let text = decoded(bytes)?;
    match text.trim_ascii_start().as_bytes().first() {
        Some(b'{') => read_json(text),
        Some(_) => Err(Error::malformed("it is no object of JSON")),
        None => Err(Error::malformed("it is empty")),
    }
}

/// Reads JSON of any kind.
///
/// Numbers are read as they are written. Half of a surrogate pair is read as U+FFFD, and a NUL is left out.
///
/// # Errors
///
/// [`Malformed`](crate::ErrorKind::Malformed) if it is not whole or not JSON, if something follows it, or if its parts take far more
/// memory than its length suggests.
pub fn read_json<'a, P: Part<'a> + Default>(text: &'a str) -> Result<P> {
    let part = reading::reading(text.len(), false, || {
        json::from_str(text, |json| P::read(json))
    })?;
    Ok(part.expected().unwrap_or_default())
}

/// Reads a part from a deserializer of an adapter's own.
///
/// # Errors
///
/// Those of the deserializer, and one if the parts take far more memory than any result.
pub fn read_from<'de, P: Part<'de> + Default, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<P, D::Error> {
    let part = reading::reading(0, false, || P::read(deserializer))?;
    Ok(part.expected().unwrap_or_default())
}

/// Reads text that stands between the quotation marks of a string of JSON, with its escapes and without a copy; anything else as a part
/// does. For long text that is wanted later, such as a file.
///
/// # Errors
///
/// Only those of the deserializer.
pub fn read_raw_text<'de, P: Part<'de>, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Shape<P>, D::Error> {
    deserializer.deserialize_bytes(part::Reading::new())
}

/// The text of a payload, without the byte order mark that may stand before it.
///
/// # Errors
///
/// [`Malformed`](crate::ErrorKind::Malformed) where it is not UTF-8.
pub fn decoded(bytes: &[u8]) -> Result<&str> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::malformed("it is not UTF-8"))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Returns the text of a payload whose charset its vendor does not name: UTF-8, or windows-1252 if it is not UTF-8.
///
/// windows-1252 has a character for every byte, so every payload has a text; the five bytes that it leaves undefined are the control
/// characters of ISO 8859-1.
#[must_use]
pub fn decoded_tolerantly(bytes: &[u8]) -> Cow<'_, str> {
    match decoded(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|byte| windows_1252(*byte)).collect()),
    }
}

/// The characters of windows-1252 from 0x80 to 0x9F; the others are those of ISO 8859-1.
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
