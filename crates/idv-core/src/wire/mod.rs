//! For adapters: how to read what vendors send, tolerantly.
//!
//! Vendors' documents contradict themselves, and services grow beyond them: a number comes as text and text as a number, a list of one
//! lacks its brackets, parts are missing, null, or of another shape, and new ones turn up. None of this may cost a result that somebody
//! paid for. So each [`Part`] takes what it can use from whatever stands at its place and passes over the rest; one of another shape is
//! a missing part. What is not tolerated is a payload that is not whole or not well formed: half a result is no result.
//!
//! [`object!`] makes a type whose parts have the vendor's own names. What a vendor means by a word stays in its adapter: a type of the
//! adapter's own is a [`Part`] by implementing it, and one that may be missing implements [`Optional`].
//!
//! ```
//! use idv_core::wire::{self, Optional, object};
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
//! impl<'de> Optional<'de> for State<'de> {
//!     fn text(text: Text<'de>) -> Option<Self> {
//!         Some(if text.expose() == "done" { Self::Done } else { Self::Other(text) })
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
//! How deep values nest is bounded by serde_json. Text borrows from the payload unless a character of it is escaped, and cannot be
//! printed.

mod object;
mod part;

use crate::error::{Error, Result};

pub use part::{Name, Optional, Part, Place, place};

#[doc(inline)]
pub use crate::__wire_object as object;

#[doc(hidden)]
pub use serde as __serde;

/// Reads a payload that is an object of JSON.
///
/// # Errors
///
/// [`Malformed`](crate::ErrorKind::Malformed) where it is not UTF-8, not whole, or not an object of JSON.
pub fn read<'a, P: Part<'a>>(bytes: &'a [u8]) -> Result<P> {
    let text = decoded(bytes)?;
    match text.trim_ascii_start().as_bytes().first() {
        Some(b'{') => read_json(text),
        Some(_) => Err(Error::malformed("it is no object of JSON")),
        None => Err(Error::malformed("it is empty")),
    }
}

/// Reads JSON of any kind.
///
/// # Errors
///
/// [`Malformed`](crate::ErrorKind::Malformed) where it is not whole or not JSON, or something follows it.
pub fn read_json<'a, P: Part<'a>>(text: &'a str) -> Result<P> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    P::read(&mut deserializer)
        // Nothing but white space may follow: what follows would be lost without a word.
        .and_then(|payload| deserializer.end().map(|()| payload))
        .map_err(|error| Error::malformed_json(&error))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Text;

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
