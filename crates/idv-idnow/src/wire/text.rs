//! Text of a payload: borrowed where it stands there as it is, and not printable.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A piece of text as the vendor sent it. It may be about a person, so `Debug` does not print it.
///
/// It borrows from the payload unless the payload escapes a character of it. Numbers and truth values are taken as the text that
/// they are written as, since the vendor's types are loose: an answer is `1` in one result and `"1"` in another.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text<'a>(Cow<'a, str>);

impl<'a> Text<'a> {
    /// Wraps a piece of text.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Self {
        Self(text.into())
    }

    /// The text in clear.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

/// What stands in a place for text: the text, or nothing. Nothing is `null`, and whatever is no text: what the document does not
/// have cannot spoil what it has.
pub(super) struct Scalar<'a>(pub(super) Option<Text<'a>>);

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor).map(Self)
    }
}

/// The text that a scalar of JSON is.
pub(super) struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Option<Text<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Text(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Text(Cow::Owned(text.to_owned()))))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(Text(Cow::Borrowed(if value { "true" } else { "false" }))))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(Text(Cow::Owned(value.to_string()))))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(Text(Cow::Owned(value.to_string()))))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(serde_json::Number::from_f64(value).map(|number| Text(Cow::Owned(number.to_string()))))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        IgnoredAny.visit_seq(seq).map(|_| None)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        IgnoredAny.visit_map(map).map(|_| None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(json: &str) -> Option<Text<'_>> {
        serde_json::from_str::<Scalar<'_>>(json).unwrap().0
    }

    #[test]
    fn text_borrows_unless_a_character_is_escaped() {
        assert!(matches!(scalar("\"MÜNCHEN\""), Some(Text(Cow::Borrowed("MÜNCHEN")))));
        assert!(matches!(scalar("\"M\\u00dcNCHEN\""), Some(Text(Cow::Owned(text))) if text == "MÜNCHEN"));
    }

    #[test]
    fn numbers_and_truth_values_are_text_and_nothing_else_is() {
        for (json, text) in
            [("1", Some("1")), ("-1", Some("-1")), ("1.5", Some("1.5")), ("true", Some("true")), ("\"\"", Some(""))]
        {
            assert_eq!(scalar(json).as_ref().map(Text::expose), text, "{json}");
        }
        for json in ["null", "[]", "[1,{\"a\":[]}]", "{}", "{\"a\":\"b\"}"] {
            assert_eq!(scalar(json), None, "{json}");
        }
    }

    #[test]
    fn text_is_not_printed() {
        assert_eq!(format!("{:?}", Text::new("Mustermann")), "[personal]");
    }
}
