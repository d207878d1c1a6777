//! The raw responses of the vendor that a report was read from.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A response or a callback of a vendor, byte for byte.
///
/// `Debug` prints only its length.
///
/// It serializes as `{"text": …}`, or as `{"base64": …}` if it is not UTF-8.
#[derive(Clone)]
#[non_exhaustive]
pub struct RawAnswer {
    /// The media type, if the vendor named one.
    pub media_type: Option<String>,
    /// The bytes.
    pub body: Bytes,
}

impl RawAnswer {
    /// Wraps a response.
    ///
    /// ```
    /// use idv_core::report::RawAnswer;
    ///
    /// let answer = RawAnswer::new(Some("application/json".to_owned()), r#"{"name":"Mustermann"}"#);
    /// assert!(!format!("{answer:?}").contains("Mustermann"));
    /// ```
    #[must_use]
    pub fn new(media_type: Option<String>, body: impl Into<Bytes>) -> Self {
        Self {
            media_type,
            body: body.into(),
        }
    }
}

impl fmt::Debug for RawAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[personal, {} bytes]", self.body.len())
    }
}

/// The raw responses that a report was read from, in their order of arrival.
///
/// Any two values compare as equal, so that reports with the same findings are equal.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct RawAnswers(
    #[cfg_attr(feature = "schema", schemars(with = "Vec<serde_json::Value>"))] Vec<RawAnswer>,
);

impl RawAnswers {
    /// Returns the responses.
    ///
    /// ```
    /// use idv_core::report::{RawAnswer, RawAnswers};
    ///
    /// let answers = RawAnswers::from(vec![RawAnswer::new(None, "{}")]);
    /// assert_eq!(&answers.as_slice()[0].body[..], b"{}");
    /// ```
    #[must_use]
    pub fn as_slice(&self) -> &[RawAnswer] {
        &self.0
    }

    /// Returns whether there are no responses.
    ///
    /// ```
    /// use idv_core::report::RawAnswers;
    ///
    /// assert!(RawAnswers::from(Vec::new()).is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<RawAnswer>> for RawAnswers {
    fn from(answers: Vec<RawAnswer>) -> Self {
        Self(answers)
    }
}

impl PartialEq for RawAnswers {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

#[derive(Serialize, Deserialize)]
struct Wire<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    media_type: Option<std::borrow::Cow<'a, str>>,
    #[serde(flatten)]
    body: WireBody<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WireBody<'a> {
    Text(std::borrow::Cow<'a, str>),
    Base64(std::borrow::Cow<'a, str>),
}

impl Serialize for RawAnswer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let body = match std::str::from_utf8(&self.body) {
            Ok(text) => WireBody::Text(text.into()),
            Err(_) => WireBody::Base64(STANDARD.encode(&self.body).into()),
        };
        Wire {
            media_type: self.media_type.as_deref().map(Into::into),
            body,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RawAnswer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        let body = match wire.body {
            WireBody::Text(text) => text.into_owned().into_bytes(),
            WireBody::Base64(text) => STANDARD
                .decode(text.as_bytes())
                .map_err(|_| serde::de::Error::custom("`base64` is not valid Base64"))?,
        };
        Ok(Self::new(
            wire.media_type.map(std::borrow::Cow::into_owned),
            body,
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn response_is_stored_as_text_or_base64() {
        for (body, stored) in [
            (
                &b"{\"a\":1}"[..],
                json!([{"media_type": "application/json", "text": "{\"a\":1}"}]),
            ),
            (
                &b"PK\xFF"[..],
                json!([{"media_type": "application/json", "base64": "UEv/"}]),
            ),
        ] {
            let answers = RawAnswers::from(vec![RawAnswer::new(
                Some("application/json".to_owned()),
                body,
            )]);
            assert_eq!(serde_json::to_value(&answers).unwrap(), stored);
            let read: RawAnswers = serde_json::from_value(stored).unwrap();
            assert_eq!(read.as_slice()[0].body, body);
            assert!(!format!("{answers:?}").contains("PK"));
        }
        assert!(serde_json::from_value::<RawAnswers>(json!([{"base64": "?"}])).is_err());
    }
}
