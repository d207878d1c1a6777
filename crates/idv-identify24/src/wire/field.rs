//! A member that the document has as text, in whichever shape it came.

use std::fmt;

use idv_core::adapter::wire::{Optional, Part};
use idv_core::{Pii, Text};
use serde::de::{MapAccess, SeqAccess};
use serde_json::Value;

use super::filled;

/// A member that the document has as text. Numbers and truth values are text, as they are written. `Debug` prints none of it.
#[derive(Clone, Default, PartialEq)]
pub enum Field<'a> {
    /// The member is missing or null.
    #[default]
    Absent,
    /// The member is text.
    Text(Text<'a>),
    /// The member is an object or an array.
    Other(Pii<Value>),
}

impl<'a> Field<'a> {
    /// Returns the text.
    #[must_use]
    pub const fn text(&self) -> Option<&Text<'a>> {
        match self {
            Self::Text(text) => Some(text),
            Self::Absent | Self::Other(_) => None,
        }
    }

    /// Returns the value if it is no text.
    #[must_use]
    pub const fn other(&self) -> Option<&Pii<Value>> {
        match self {
            Self::Other(value) => Some(value),
            Self::Absent | Self::Text(_) => None,
        }
    }

    /// Returns the text without white space around it, unless it is empty.
    pub(crate) fn filled(&self) -> Option<&str> {
        filled(self.text())
    }

    /// Returns whether the member says anything.
    pub(crate) fn is_filled(&self) -> bool {
        self.filled().is_some() || self.other().is_some_and(|value| !is_empty(value.expose()))
    }
}

/// Whether a value has no leaf that says anything.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(entries) => entries.iter().all(is_empty),
        Value::Object(members) => members.values().all(is_empty),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

impl<'de> Part<'de> for Field<'de> {
    fn text(text: Text<'de>) -> Self {
        Self::Text(text)
    }

    fn object<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        <Value as Optional<'de>>::object(map).map(Self::of)
    }

    fn array<A: SeqAccess<'de>>(seq: A) -> Result<Self, A::Error> {
        <Value as Optional<'de>>::array(seq).map(Self::of)
    }
}

impl Field<'_> {
    fn of(value: Option<Value>) -> Self {
        value.map_or(Self::Absent, |value| Self::Other(Pii::new(value)))
    }
}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if matches!(self, Self::Absent) { "None" } else { "[personal]" })
    }
}

#[cfg(test)]
mod tests {
    use idv_core::adapter::wire::read_json;
    use serde_json::json;

    use super::*;

    #[test]
    fn field_is_read_in_every_shape() {
        for (json, text, other, is_filled) in [
            ("null", None, None, false),
            (r#"" a ""#, Some("a"), None, true),
            (r#"" ""#, None, None, false),
            (r#""N/A""#, Some("N/A"), None, true),
            ("7", Some("7"), None, true),
            ("false", Some("false"), None, true),
            ("123456789012345678901234", Some("123456789012345678901234"), None, true),
            (r#"["a"]"#, None, Some(json!(["a"])), true),
            (r#"{"a":0}"#, None, Some(json!({"a": 0})), true),
            (r#"[" ",null,{"a":[]}]"#, None, Some(json!([" ", null, {"a": []}])), false),
        ] {
            let field: Field<'_> = read_json(json).unwrap();
            assert_eq!(
                (field.filled(), field.other().map(Pii::expose), field.is_filled()),
                (text, other.as_ref(), is_filled),
                "{json}"
            );
            assert_eq!(format!("{field:?}"), if json == "null" { "None" } else { "[personal]" });
        }
    }
}
