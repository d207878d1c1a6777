//! Attributes of a person or a document, with source and verdict.

use serde::{Deserialize, Serialize};

use crate::pii::{self, Pii};

/// One attribute of a person or a document: its value, its source, and its comparison with the
/// submitted data.
///
/// If the vendor's text has no value in the model (an unknown country, an invalid date), only `raw`
/// is set. If the text was translated (`ESP` to `ES`), `raw` contains it beside the value.
///
/// ```
/// use idv_core::report::{Attribute, Country, Source, Verdict};
///
/// let country = Country::from_word("ESP").expect("a known country");
/// let mut attribute = Attribute::new(Source::Mrz, Verdict::Valid).with_value(country);
/// attribute.raw = Some("ESP".into());
/// assert_eq!(attribute.expose().map(Country::code), Some("ES"));
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "T: Serialize", deserialize = "T: Deserialize<'de>"))]
#[non_exhaustive]
pub struct Attribute<T> {
    /// The value. Absent if it was redacted, could not be read, or is not a value of the model.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    pub value: Option<Pii<T>>,
    /// The vendor's text, if it differs from the value.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    pub raw: Option<Pii<String>>,
    /// The source of the value.
    pub source: Source,
    /// The result of the comparison with the submitted data, or of a check of the value itself.
    pub verdict: Verdict,
    /// The submitted value, if the vendor repeats it.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    pub submitted: Option<Pii<T>>,
    /// Other values of the attribute: from another source, in another language, or before a
    /// correction.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Alternative<T>>,
}

impl<T> Attribute<T> {
    /// Creates an attribute without a value.
    ///
    /// ```
    /// use idv_core::report::{Attribute, Source, Verdict};
    ///
    /// let redacted = Attribute::<String>::new(Source::Vendor, Verdict::Redacted);
    /// assert_eq!(redacted.expose(), None);
    /// ```
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

    /// Sets the value.
    ///
    /// ```
    /// use idv_core::report::{Attribute, Source, Verdict};
    ///
    /// let name = Attribute::new(Source::Mrz, Verdict::Match).with_value("Mustermann".to_owned());
    /// assert!(!format!("{name:?}").contains("Mustermann"));
    /// ```
    #[must_use]
    pub fn with_value(mut self, value: T) -> Self {
        self.value = Some(Pii::new(value));
        self
    }

    /// Returns the value in clear.
    ///
    /// ```
    /// use idv_core::report::{Attribute, Source, Verdict};
    ///
    /// let name = Attribute::new(Source::Mrz, Verdict::Match).with_value("Mustermann".to_owned());
    /// assert_eq!(name.expose().map(String::as_str), Some("Mustermann"));
    /// ```
    #[must_use]
    pub fn expose(&self) -> Option<&T> {
        self.value.as_ref().map(Pii::expose)
    }
}

/// Another value of an attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(serialize = "T: Serialize", deserialize = "T: Deserialize<'de>"))]
#[non_exhaustive]
pub struct Alternative<T> {
    /// The value, if it is a value of the model.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    pub value: Option<Pii<T>>,
    /// The vendor's text, if it differs from the value.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    pub raw: Option<Pii<String>>,
    /// The source of the value.
    pub source: Source,
    /// The language of the value, if the vendor names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}

impl<T> Alternative<T> {
    /// Creates an alternative from its parts.
    ///
    /// ```
    /// use idv_core::report::{Alternative, Source};
    ///
    /// let other = Alternative::new(Source::Visual, Some("Müller".to_owned().into()), None);
    /// assert_eq!(other.source, Source::Visual);
    /// ```
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

/// The source of a value.
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
    /// The vendor, without a more precise source.
    Vendor,
    /// The data submitted by the application or the person.
    Submitted,
}

/// The comparison of a value with the submitted data, or a check of the value itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// The value equals the submitted one.
    Match,
    /// The value differs from the submitted one.
    Changed,
    /// No value was submitted.
    New,
    /// The value is the submitted one and was not checked.
    Original,
    /// The value was checked and is valid.
    Valid,
    /// The value was checked and is not valid.
    Invalid,
    /// The value was read and then redacted.
    Redacted,
    /// The vendor does not say whether the value was checked.
    Unchecked,
}

/// The gender as printed on documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Gender {
    /// Female.
    Female,
    /// Male.
    Male,
    /// Neither, or deliberately not stated.
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
