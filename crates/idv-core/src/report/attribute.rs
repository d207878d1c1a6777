//! One fact about a person or a document, with where it comes from and what was made of it.

use serde::{Deserialize, Serialize};

use crate::pii::{self, Pii};

/// One fact: its value, where the value comes from, and how it compares with what had been submitted.
///
/// A vendor's word that has no value in the model (a country nobody knows, a date that is none) stays in `raw` alone. A word that
/// was translated (`ESP` to `ES`) stays in `raw` beside the value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "T: Serialize", deserialize = "T: Deserialize<'de>"))]
#[non_exhaustive]
pub struct Attribute<T> {
    /// The value. Absent where it was redacted, was never read, or is no value of the model.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    pub value: Option<Pii<T>>,
    /// The vendor's own word, where it differs from the value.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    pub raw: Option<Pii<String>>,
    /// Where the value comes from.
    pub source: Source,
    /// What was made of it.
    pub verdict: Verdict,
    /// What had been submitted, where the vendor repeats it.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    pub submitted: Option<Pii<T>>,
    /// Other values for the same fact: from another source, in another language, or before a correction.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Alternative<T>>,
}

impl<T> Attribute<T> {
    /// A fact without a value yet.
    #[must_use]
    pub const fn new(source: Source, verdict: Verdict) -> Self {
        Self {
            value: None,
            raw: None,
            source,
            verdict,
            submitted: None,
            alternatives: Vec::new(),
        }
    }

    /// The same with a value.
    #[must_use]
    pub fn with_value(mut self, value: T) -> Self {
        self.value = Some(Pii::new(value));
        self
    }

    /// The value in clear.
    #[must_use]
    pub fn expose(&self) -> Option<&T> {
        self.value.as_ref().map(Pii::expose)
    }
}

/// Another value for the same fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "T: Serialize", deserialize = "T: Deserialize<'de>"))]
#[non_exhaustive]
pub struct Alternative<T> {
    /// The value, where it is one of the model.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    pub value: Option<Pii<T>>,
    /// The vendor's own word, where it differs from the value.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    pub raw: Option<Pii<String>>,
    /// Where it comes from.
    pub source: Source,
    /// The language it is written in, where the vendor says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}

impl<T> Alternative<T> {
    /// Another value, from a source.
    #[must_use]
    pub const fn new(source: Source, value: Option<Pii<T>>, raw: Option<Pii<String>>) -> Self {
        Self {
            value,
            raw,
            source,
            locale: None,
        }
    }
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Source {
    /// The machine-readable zone of the document.
    Mrz,
    /// The printed text of the document, read by a machine.
    Visual,
    /// The document's chip.
    Chip,
    /// A trained person who saw the document.
    Agent,
    /// The vendor, which does not say how it knows.
    Vendor,
    /// What had been submitted, by us or by the person.
    Submitted,
}

/// What was made of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// It is what had been submitted.
    Match,
    /// It differs from what had been submitted.
    Changed,
    /// Nothing had been submitted.
    New,
    /// It was not checked: it is what had been submitted.
    Original,
    /// It was checked in itself and holds.
    Valid,
    /// It was checked in itself and does not hold.
    Invalid,
    /// It was read and then withheld on purpose.
    Redacted,
    /// Nothing is said about it.
    Unchecked,
}

/// The gender as documents tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Gender {
    /// Female.
    Female,
    /// Male.
    Male,
    /// Neither, or not stated on purpose.
    Diverse,
}

// The derive cannot see through a generic field that is serialized by a function.
#[cfg(feature = "schema")]
mod schema {
    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

    use super::{Alternative, Attribute, Source, Verdict};

    impl<T: JsonSchema> JsonSchema for Attribute<T> {
        fn schema_name() -> Cow<'static, str> {
            format!("Attribute_of_{}", T::schema_name()).into()
        }

        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            let value = generator.subschema_for::<T>();
            let source = generator.subschema_for::<Source>();
            let verdict = generator.subschema_for::<Verdict>();
            let alternative = generator.subschema_for::<Alternative<T>>();
            json_schema!({
                "type": "object",
                "properties": {
                    "value": value,
                    "raw": { "type": "string" },
                    "source": source,
                    "verdict": verdict,
                    "submitted": value,
                    "alternatives": { "type": "array", "items": alternative },
                },
                "required": ["source", "verdict"],
            })
        }
    }

    impl<T: JsonSchema> JsonSchema for Alternative<T> {
        fn schema_name() -> Cow<'static, str> {
            format!("Alternative_of_{}", T::schema_name()).into()
        }

        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            let value = generator.subschema_for::<T>();
            let source = generator.subschema_for::<Source>();
            json_schema!({
                "type": "object",
                "properties": {
                    "value": value,
                    "raw": { "type": "string" },
                    "source": source,
                    "locale": { "type": "string" },
                },
                "required": ["source"],
            })
        }
    }
}
