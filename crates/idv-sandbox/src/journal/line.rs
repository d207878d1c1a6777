//! The lines of a state file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::NOT_A_STATE;
use crate::callback::Reply;
use crate::command::Command;
use crate::exchange::Incoming;
use crate::state::Options;
use crate::vendor::Entry;

/// The version of the format.
const FORMAT: u32 = 1;

/// The beginning of every state file.
pub(super) const MAGIC: &str = "{\"idv_sandbox_state\":";

/// The first line of a state file: what the sandbox started with.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    /// The version of the format. It is the first member, so that each file begins alike.
    idv_sandbox_state: u32,
    /// The version of this crate.
    pub(crate) version: String,
    pub(crate) seed: u64,
    pub(crate) start: Timestamp,
    pub(crate) speed: f64,
    pub(crate) options: Options,
}

impl Header {
    pub(crate) fn new(seed: u64, start: Timestamp, speed: f64, options: Options) -> Self {
        Self {
            idv_sandbox_state: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            seed,
            start,
            speed,
            options,
        }
    }

    pub(super) fn parse(line: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Version {
            idv_sandbox_state: u32,
        }

        let version: Version = serde_json::from_slice(line).map_err(|_| NOT_A_STATE.to_owned())?;
        if version.idv_sandbox_state != FORMAT {
            return Err(format!(
                "its format is {}, and this version reads format {FORMAT} alone; it was left as it is",
                version.idv_sandbox_state
            ));
        }
        let (text, _) = unseal(&Digest::default(), line)
            .ok_or("its first line is damaged; it was left as it is")?;
        serde_json::from_str(&text).map_err(|_| NOT_A_STATE.to_owned())
    }
}

/// A further line: an input, and the place of the input in the order of events.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    /// The virtual time.
    pub(crate) at: Timestamp,
    /// The time of the clients' own clock.
    pub(crate) wall: Option<Timestamp>,
    /// The number of events that had begun before.
    pub(crate) begun: u64,
    /// The state of the random generator before. If it differs at the repetition, the emulators
    /// have changed.
    pub(crate) random: u64,
    pub(crate) input: Input,
}

/// An input of the sandbox.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Input {
    Request(Box<RecordedInput>),
    Command(Command),
    /// The reply to the callback that is on its way.
    Reply {
        callback: usize,
        status: u16,
        beginning: Body,
    },
    /// Events have run, or the clock was advanced.
    Time,
}

/// A request to a vendor.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordedInput {
    pub(crate) vendor: &'static Entry,
    method: String,
    host: String,
    path: String,
    query: String,
    headers: Vec<(String, Body)>,
    body: Body,
}

/// Bytes: as text if they are plain text, else in Base64.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Body {
    Text(String),
    Base64(String),
}

impl Body {
    fn of(bytes: &[u8]) -> Self {
        let is_plain = |text: &&str| {
            text.chars()
                .all(|character| !character.is_control() || "\r\n\t".contains(character))
        };
        match std::str::from_utf8(bytes).ok().filter(is_plain) {
            Some(text) => Self::Text(text.to_owned()),
            None => Self::Base64(STANDARD.encode(bytes)),
        }
    }

    fn bytes(self) -> Result<Bytes, String> {
        match self {
            Self::Text(text) => Ok(text.into()),
            Self::Base64(text) => STANDARD
                .decode(text)
                .map(Bytes::from)
                .map_err(|error| error.to_string()),
        }
    }
}

impl Input {
    pub(crate) fn of_request(vendor: &'static Entry, request: &Incoming) -> Self {
        let header = |(name, value): (&HeaderName, &HeaderValue)| {
            (name.as_str().to_owned(), Body::of(value.as_bytes()))
        };
        Self::Request(Box::new(RecordedInput {
            vendor,
            method: request.method.to_string(),
            host: request.host.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            headers: request.headers.iter().map(header).collect(),
            body: Body::of(&request.body),
        }))
    }

    pub(crate) fn of_reply(callback: usize, reply: &Reply) -> Self {
        Self::Reply {
            callback,
            status: reply.status,
            beginning: Body::of(&reply.beginning),
        }
    }
}

impl RecordedInput {
    pub(super) fn request(self) -> Result<Incoming, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers {
            let name = name
                .parse::<HeaderName>()
                .map_err(|error| error.to_string())?;
            let value =
                HeaderValue::from_bytes(&value.bytes()?).map_err(|error| error.to_string())?;
            headers.append(name, value);
        }
        Ok(Incoming {
            method: Method::from_bytes(self.method.as_bytes())
                .map_err(|error| error.to_string())?,
            host: self.host,
            path: self.path,
            query: self.query,
            headers,
            body: self.body.bytes()?,
        })
    }
}

impl TryFrom<(u16, Body)> for Reply {
    type Error = String;

    fn try_from((status, beginning): (u16, Body)) -> Result<Self, String> {
        Ok(Self {
            status,
            beginning: beginning.bytes()?,
        })
    }
}

/// The beginning of the SHA-256 of all lines so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Digest([u8; 8]);

impl Digest {
    fn next(self, text: &[u8]) -> Self {
        let whole = Sha256::new()
            .chain_update(self.0)
            .chain_update(text)
            .finalize();
        let mut beginning = [0; 8];
        for (to, from) in beginning.iter_mut().zip(whole) {
            *to = from;
        }
        Self(beginning)
    }

    /// Returns the end of a line with this digest.
    fn end(self) -> String {
        format!(",\"digest\":\"{}\"}}", hex::encode(self.0))
    }
}

/// Returns the line of a JSON object with its digest, and the digest.
pub(super) fn seal(previous: &Digest, text: &str) -> (String, Digest) {
    let digest = previous.next(text.as_bytes());
    let open = text.strip_suffix('}').unwrap_or(text);
    (format!("{open}{}\n", digest.end()), digest)
}

/// Returns the JSON object of a line and its digest; `None` if the digest is wrong.
pub(super) fn unseal(previous: &Digest, line: &[u8]) -> Option<(String, Digest)> {
    let open = line.len().checked_sub(previous.end().len())?;
    let (open, end) = line.split_at_checked(open)?;
    let text = format!("{}}}", std::str::from_utf8(open).ok()?);
    let digest = previous.next(text.as_bytes());
    (digest.end().as_bytes() == end).then_some((text, digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_depends_on_earlier_ones() {
        let first = Digest::default();
        let (line, second) = seal(&first, r#"{"a":1}"#);
        assert!(line.starts_with(r#"{"a":1,"digest":""#) && line.ends_with("\"}\n"));
        let bytes = line.trim_end().as_bytes();
        assert_eq!(
            unseal(&first, bytes),
            Some((r#"{"a":1}"#.to_owned(), second))
        );
        assert_eq!(unseal(&second, bytes), None);
        for place in 0..bytes.len() {
            let mut changed = bytes.to_vec();
            changed[place] ^= 1;
            assert_eq!(unseal(&first, &changed), None, "{place}");
        }
        assert_eq!(unseal(&first, b"{}"), None);
    }

    #[test]
    fn every_request_survives() {
        let mut headers = HeaderMap::new();
        headers.append("x-a", HeaderValue::from_static("1"));
        headers.append("x-a", HeaderValue::from_bytes(b"\xe9").unwrap());
        let request = Incoming {
            method: Method::PATCH,
            host: "localhost".to_owned(),
            path: "/a%20b".to_owned(),
            query: "c=d".to_owned(),
            headers,
            body: Bytes::from_static(b"\xff\0"),
        };
        let Input::Request(recorded) = Input::of_request(&crate::vendor::VENDORS[0], &request)
        else {
            panic!("a request");
        };
        let text = serde_json::to_string(&recorded).unwrap();
        let read: RecordedInput = serde_json::from_str(&text).unwrap();
        let read = read.request().unwrap();
        assert_eq!(
            (
                &read.method,
                &read.host,
                &read.path,
                &read.query,
                &read.headers,
                &read.body
            ),
            (
                &request.method,
                &request.host,
                &request.path,
                &request.query,
                &request.headers,
                &request.body
            )
        );
    }
}
