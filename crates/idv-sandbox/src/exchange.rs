//! A request and its response, as the vendors' modules see them.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Buf as _, Bytes};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Map, Value};

use crate::rule::Refusal;

/// A complete request.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) method: Method,
    /// The host of the request, in lower case and without its port; empty if there is none.
    pub(crate) host: String,
    /// The path, percent-encoded.
    pub(crate) path: String,
    /// The query, percent-encoded; empty if there is none.
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Incoming {
    pub(crate) fn new(head: Parts, body: Bytes) -> Self {
        let host = head
            .headers
            .get("host")
            .and_then(|host| host.to_str().ok())
            .or_else(|| head.uri.host())
            .unwrap_or_default();
        let host = host
            .rsplit_once(':')
            .map_or(host, |(name, _)| name)
            .to_ascii_lowercase();
        Self {
            method: head.method,
            host,
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            headers: head.headers,
            body,
        }
    }

    /// Returns the decoded segments of the path.
    pub(crate) fn segments(&self) -> Vec<String> {
        let decode = |segment: &str| {
            percent_encoding::percent_decode_str(segment)
                .decode_utf8_lossy()
                .into_owned()
        };
        self.path.split('/').skip(1).map(decode).collect()
    }

    /// Returns a header's value without surrounding white space.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().map(str::trim)
    }

    /// Returns the media type of the body, without parameters.
    pub(crate) fn media_type(&self) -> &str {
        self.header("content-type")
            .and_then(|value| value.split(';').next())
            .map_or("", str::trim)
    }

    /// Returns whether the content type is JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.media_type().eq_ignore_ascii_case("application/json")
    }

    /// Returns the body if it is a JSON object.
    pub(crate) fn object(&self) -> Option<Map<String, Value>> {
        serde_json::from_slice(&self.body).ok()
    }

    /// Returns the user and the password of HTTP Basic, joined by a colon.
    pub(crate) fn basic(&self) -> Option<String> {
        let (scheme, credentials) = self.header("authorization")?.split_once(' ')?;
        let decoded = STANDARD
            .decode(credentials.trim())
            .ok()
            .filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
        String::from_utf8(decoded).ok()
    }

    /// Returns the decoded parameters of the query, in order.
    pub(crate) fn parameters(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .into_owned()
            .collect()
    }
}

/// A response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<Piece>,
    /// The rule that the request breaks, if it is refused.
    pub(crate) refusal: Option<Refusal>,
}

/// A piece of a response's body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    Bytes(Bytes),
    /// A number of bytes made of repetitions of a unit. They are generated as they are sent, so
    /// that a large body is never in memory.
    Repeated(Unit, u64),
}

/// The bytes that a [`Piece`] repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Space,
    /// A further element of a JSON array. A piece contains whole elements.
    Element,
    OpeningBracket,
    ClosingBracket,
}

impl Unit {
    pub(crate) const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Space => b" ",
            Self::Element => b",0",
            Self::OpeningBracket => b"[",
            Self::ClosingBracket => b"]",
        }
    }

    /// Returns up to `most` of the `left` remaining bytes.
    fn next(self, left: u64, most: u64) -> Bytes {
        const LENGTH: usize = 64 * 1024;
        static SPACES: [u8; LENGTH] = [b' '; LENGTH];
        static OPENING: [u8; LENGTH] = [b'['; LENGTH];
        static CLOSING: [u8; LENGTH] = [b']'; LENGTH];
        static ELEMENTS: LazyLock<Bytes> =
            LazyLock::new(|| Unit::Element.bytes().repeat(LENGTH / 2).into());
        let (mut block, start) = match self {
            Self::Space => (Bytes::from_static(&SPACES), 0),
            Self::OpeningBracket => (Bytes::from_static(&OPENING), 0),
            Self::ClosingBracket => (Bytes::from_static(&CLOSING), 0),
            // If an odd number of bytes is left, the comma of the element has been sent.
            Self::Element => (ELEMENTS.clone(), usize::from(left % 2 == 1)),
        };
        block.advance(start);
        block.truncate(usize::try_from(most.min(left)).unwrap_or(LENGTH));
        block
    }
}

impl Piece {
    pub(crate) const fn spaces(length: u64) -> Self {
        Self::Repeated(Unit::Space, length)
    }

    /// Returns the pieces of an array of small numbers, `length` bytes long and at least two.
    pub(crate) fn tiny_elements(length: u64) -> Vec<Self> {
        let elements = length.saturating_sub(3) / 2;
        let padding = length.saturating_sub(3 + elements * 2);
        let head = if length < 3 { b"[".as_slice() } else { b"[0" };
        vec![
            Self::Bytes(Bytes::from_static(head)),
            Self::Repeated(Unit::Element, elements * 2),
            Self::Bytes(Bytes::from_static(b"]")),
            Self::spaces(if length < 3 { 0 } else { padding }),
        ]
    }

    /// Returns the pieces of nested arrays, `length` bytes long and at least two.
    pub(crate) fn nested_arrays(length: u64) -> Vec<Self> {
        let depth = (length / 2).max(1);
        vec![
            Self::Repeated(Unit::OpeningBracket, depth),
            Self::Repeated(Unit::ClosingBracket, depth),
        ]
    }

    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Repeated(_, length) => *length,
        }
    }

    /// Takes up to `most` bytes.
    pub(crate) fn take_bytes(&mut self, most: u64) -> Bytes {
        match self {
            Self::Bytes(bytes) => {
                bytes.split_to(usize::try_from(most).unwrap_or(usize::MAX).min(bytes.len()))
            }
            Self::Repeated(unit, left) => {
                let bytes = unit.next(*left, most);
                *left -= bytes.len() as u64;
                bytes
            }
        }
    }

    /// Returns all bytes of pieces that fit into memory.
    pub(crate) fn collect(pieces: impl IntoIterator<Item = Self>) -> Vec<u8> {
        let mut whole = Vec::new();
        for mut piece in pieces {
            while piece.length() > 0 {
                whole.extend_from_slice(&piece.take_bytes(u64::MAX));
            }
        }
        whole
    }
}

impl Answer {
    pub(crate) fn new(status: StatusCode, media_type: &str, body: impl Into<Bytes>) -> Self {
        Self::of(status, media_type, vec![Piece::Bytes(body.into())])
    }

    pub(crate) fn of(status: StatusCode, media_type: &str, body: Vec<Piece>) -> Self {
        Self {
            status,
            headers: vec![("content-type", media_type.to_owned())],
            body,
            refusal: None,
        }
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            refusal: None,
        }
    }

    /// Returns the length of the body in bytes.
    pub(crate) fn length(&self) -> u64 {
        self.body.iter().map(Piece::length).sum()
    }

    /// Returns up to `most` bytes from the beginning of the body.
    pub(crate) fn beginning(&self, most: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        for piece in &self.body {
            let mut piece = piece.clone();
            while piece.length() > 0 && bytes.len() < most {
                bytes.extend_from_slice(&piece.take_bytes((most - bytes.len()) as u64));
            }
        }
        bytes
    }

    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    /// As [`Answer::json`], with the charset in the media type. Among the vendors' documents, only
    /// IDnow's shows it.
    pub(crate) fn json_with_charset(status: StatusCode, body: &Value) -> Self {
        Self::new(status, "application/json; charset=utf-8", body.to_string())
    }

    pub(crate) fn page(status: StatusCode, text: &str) -> Self {
        let page = format!(
            "<!DOCTYPE html><html><head><title>Sandbox</title></head><body><p>{text}</p></body></html>\n"
        );
        Self::new(status, "text/html; charset=utf-8", page)
    }

    /// Returns the page of an unknown address.
    pub(crate) fn nothing_here() -> Self {
        Self::page(StatusCode::NOT_FOUND, "There is nothing here.")
    }

    /// Redirects a browser to another address.
    pub(crate) fn redirect(status: StatusCode, place: impl Into<String>) -> Self {
        Self::page(status, "Please continue.").with_header("location", place)
    }

    /// Marks the response as a refusal.
    pub(crate) fn refused(mut self, refusal: Refusal) -> Self {
        self.refusal = Some(refusal);
        self
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(pieces: Vec<Piece>) -> String {
        let length: u64 = pieces.iter().map(Piece::length).sum();
        let bytes = Piece::collect(pieces);
        assert_eq!(bytes.len() as u64, length);
        String::from_utf8(bytes).unwrap_or_default()
    }

    #[test]
    fn tiny_elements_have_the_requested_length() {
        assert_eq!(
            [2, 3, 4, 5, 8].map(|length| text(Piece::tiny_elements(length))),
            ["[]", "[0]", "[0] ", "[0,0]", "[0,0,0] "]
        );
        for length in [70_001, 300_000] {
            let text = text(Piece::tiny_elements(length));
            assert_eq!(text.len() as u64, length);
            assert!(
                serde_json::from_str::<Vec<u8>>(&text)
                    .is_ok_and(|numbers| numbers.len() as u64 == (length - 1) / 2)
            );
        }
    }

    #[test]
    fn nested_arrays_open_and_close_evenly() {
        assert_eq!(
            [0, 2, 6, 7].map(|length| text(Piece::nested_arrays(length))),
            ["[]", "[]", "[[[]]]", "[[[]]]"]
        );
    }

    #[test]
    fn element_keeps_order_when_taken_byte_by_byte() {
        let mut piece = Piece::Repeated(Unit::Element, 6);
        let bytes: Vec<u8> = std::iter::from_fn(|| piece.take_bytes(1).first().copied()).collect();
        assert_eq!(bytes, b",0,0,0");
    }
}
