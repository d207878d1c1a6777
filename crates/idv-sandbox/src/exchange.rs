//! One request and its answer, as the vendors' parts see them.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

/// A request, whole.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) method: Method,
    /// The host that was addressed, lower-case and without its port; empty where there is none.
    pub(crate) host: String,
    /// The path, still percent-encoded.
    pub(crate) path: String,
    /// The query, still percent-encoded; empty where there is none.
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Incoming {
    pub(crate) fn new(head: Parts, body: Bytes) -> Self {
        let host = head.headers.get("host").and_then(|host| host.to_str().ok()).or_else(|| head.uri.host()).unwrap_or_default();
        let host = host.rsplit_once(':').map_or(host, |(name, _)| name).to_ascii_lowercase();
        Self {
            method: head.method,
            host,
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            headers: head.headers,
            body,
        }
    }

    /// The segments of the path, decoded.
    pub(crate) fn segments(&self) -> Vec<String> {
        let decode = |segment: &str| percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned();
        self.path.split('/').skip(1).map(decode).collect()
    }

    /// A header's value, without the white space around it.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().map(str::trim)
    }

    /// The media type of the body, without parameters.
    pub(crate) fn media_type(&self) -> &str {
        self.header("content-type").and_then(|value| value.split(';').next()).map_or("", str::trim)
    }

    /// The parameters of the query, decoded, in order.
    pub(crate) fn parameters(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.query.as_bytes()).into_owned().collect()
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<Piece>,
}

/// A piece of an answer's body.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    Bytes(Bytes),
    /// So many spaces, made as they are sent: a large body is never in memory.
    Spaces(u64),
}

impl Piece {
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Spaces(length) => *length,
        }
    }
}

impl Answer {
    pub(crate) fn new(status: StatusCode, media_type: &str, body: impl Into<Bytes>) -> Self {
        Self::of(status, media_type, vec![Piece::Bytes(body.into())])
    }

    pub(crate) fn of(status: StatusCode, media_type: &str, body: Vec<Piece>) -> Self {
        Self { status, headers: vec![("content-type", media_type.to_owned())], body }
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// How long the body is.
    pub(crate) fn length(&self) -> u64 {
        self.body.iter().map(Piece::length).sum()
    }

    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        Self::new(status, "application/json; charset=utf-8", body.to_string())
    }

    pub(crate) fn page(status: StatusCode, text: &str) -> Self {
        let page = format!("<!DOCTYPE html><html><head><title>Sandbox</title></head><body><p>{text}</p></body></html>\n");
        Self::new(status, "text/html; charset=utf-8", page)
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}
