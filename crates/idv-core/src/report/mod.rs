//! The result of a verification: one model for every vendor.
//!
//! Each field of the person and of the document is an [`Attribute`], which states the source of its
//! value and how it compares with the submitted data. A field that the vendor does not provide is
//! absent, never an empty string or a placeholder date.

mod attribute;
mod country;
mod country_table;
mod field;
mod finding;
mod person;
mod raw;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use attribute::{Alternative, Attribute, Gender, Source, Verdict};
pub use country::Country;
pub use field::Field;
pub use finding::{Check, CheckKind, CheckResult, Evidence, EvidenceKind, Finding, Reason};
pub use person::{Address, BirthPlace, Person, PersonalNumber, PersonalNumberKind};
pub use raw::{RawAnswer, RawAnswers};

use crate::date::PartialDate;
use crate::id::{ProviderId, VendorId, abbreviated};
use crate::pii::{self, Pii};

/// The result of a verification: the findings of a vendor about a person and a document.
///
/// A report serializes with personal data in clear. `Debug` prints no personal data, and only the
/// first eight characters of the reference.
///
/// ```
/// use idv_core::report::{CheckResult, Verdict};
/// use idv_core::Report;
///
/// let json = r#"{
///     "provider": "acme",
///     "person": { "family_name": { "value": "Mustermann", "source": "mrz", "verdict": "match" } },
///     "checks": [{ "kind": "face_match", "result": "passed", "code": "SUCCESS" }]
/// }"#;
/// let report: Report = serde_json::from_str(json).unwrap();
/// let name = report.person.family_name.as_ref().expect("the vendor reported it");
/// assert_eq!(name.expose().map(String::as_str), Some("Mustermann"));
/// assert_eq!(name.verdict, Verdict::Match);
/// assert!(report.checks.iter().all(|check| check.result == CheckResult::Passed));
/// assert!(!format!("{report:?}").contains("Mustermann"));
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Report {
    /// The provider of the report.
    pub provider: ProviderId,
    /// The application's reference, as repeated by the vendor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The vendor's identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_id: Option<VendorId>,
    /// The time at which the identification was completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub completed_at: Option<Timestamp>,
    /// The method of identification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// The agent who identified the person, by the vendor's name for them.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub agent: Option<Pii<String>>,
    /// The rule, with its version, that judged the vendor's measurements, if the vendor itself does
    /// not decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acceptance: Option<String>,
    /// The person.
    #[serde(default, skip_serializing_if = "Person::is_empty")]
    pub person: Person,
    /// The document that the person showed.
    #[serde(default, skip_serializing_if = "Document::is_empty")]
    pub document: Document,
    /// The checks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// The reasons for the outcome, if the vendor states them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Finding>,
    /// Images, recordings and files that can be downloaded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// Further data of the vendor, by the vendor's names and in its own shape: custom data of the
    /// request, and members for which the model has no field.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        serialize_with = "pii::exposed"
    )]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "BTreeMap<String, serde_json::Value>")
    )]
    pub custom: BTreeMap<String, Pii<Value>>,
    /// Answers to questions that the account has configured, by the key of the question.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        serialize_with = "pii::exposed"
    )]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "BTreeMap<String, serde_json::Value>")
    )]
    pub answers: BTreeMap<String, Pii<Value>>,
    /// The adapter that created the report, which determines the rules that were applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter: Option<AdapterVersion>,
    /// The raw responses of the vendor that the report was read from.
    #[serde(default, skip_serializing_if = "RawAnswers::is_empty")]
    pub raw: RawAnswers,
}

/// The version of an adapter, with the vendor's document that it follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct AdapterVersion {
    /// The adapter's version, by Semantic Versioning.
    pub version: Cow<'static, str>,
    /// The vendor's document, with its version.
    pub document: Cow<'static, str>,
}

impl AdapterVersion {
    /// Combines the version of an adapter with the vendor's document.
    ///
    /// ```
    /// use idv_core::report::AdapterVersion;
    ///
    /// let version = AdapterVersion::new("0.1.0", "Acme API 2.3");
    /// assert_eq!(version.document, "Acme API 2.3");
    /// ```
    #[must_use]
    pub const fn new(version: &'static str, document: &'static str) -> Self {
        Self {
            version: Cow::Borrowed(version),
            document: Cow::Borrowed(document),
        }
    }
}

impl Report {
    /// Creates an empty report.
    ///
    /// ```
    /// use idv_core::{ProviderId, Report};
    ///
    /// let report = Report::new(ProviderId::new("acme"));
    /// assert!(report.person.is_empty() && report.checks.is_empty());
    /// ```
    #[must_use]
    pub fn new(provider: ProviderId) -> Self {
        Self {
            provider,
            reference: None,
            vendor_id: None,
            completed_at: None,
            method: None,
            agent: None,
            acceptance: None,
            person: Person::default(),
            document: Document::default(),
            checks: Vec::new(),
            reasons: Vec::new(),
            evidence: Vec::new(),
            custom: BTreeMap::new(),
            answers: BTreeMap::new(),
            adapter: None,
            raw: RawAnswers::default(),
        }
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            provider,
            reference,
            vendor_id,
            completed_at,
            method,
            agent,
            acceptance,
            person,
            document,
            checks,
            reasons,
            evidence,
            custom,
            answers,
            adapter,
            raw,
        } = self;
        f.debug_struct("Report")
            .field("provider", provider)
            .field("reference", &reference.as_deref().map(abbreviated))
            .field("vendor_id", vendor_id)
            .field("completed_at", completed_at)
            .field("method", method)
            .field("agent", agent)
            .field("acceptance", acceptance)
            .field("person", person)
            .field("document", document)
            .field("checks", checks)
            .field("reasons", reasons)
            .field("evidence", evidence)
            .field("custom", custom)
            .field("answers", answers)
            .field("adapter", adapter)
            .field("raw", raw)
            .finish()
    }
}

/// A method of identification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Method {
    /// A video call with a trained agent.
    Video,
    /// Photographs or a recording, evaluated automatically.
    Auto,
    /// The electronic identity of the document.
    Eid,
    /// In person, in a shop.
    Shop,
    /// Through a bank account.
    Bank,
}

/// The findings about the document that the person showed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Document {
    /// The kind of the document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Attribute<DocumentKind>>,
    /// The document number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<Attribute<String>>,
    /// The serial number, if it differs from the document number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<Attribute<String>>,
    /// The country that issued the document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuing_country: Option<Attribute<Country>>,
    /// The authority or place that issued the document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<Attribute<String>>,
    /// The date of issue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_on: Option<Attribute<PartialDate>>,
    /// The date of expiry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_on: Option<Attribute<PartialDate>>,
    /// The classes of a driving licence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence_classes: Option<Attribute<Vec<String>>>,
}

impl Document {
    /// Returns whether the report has no data of the document.
    ///
    /// ```
    /// use idv_core::report::{Attribute, Document, DocumentKind, Source, Verdict};
    ///
    /// let mut document = Document::default();
    /// assert!(document.is_empty());
    /// let passport = Attribute::new(Source::Mrz, Verdict::New).with_value(DocumentKind::Passport);
    /// document.kind = Some(passport);
    /// assert!(!document.is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The kind of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DocumentKind {
    /// A national identity card.
    IdCard,
    /// A passport.
    Passport,
    /// A residence permit.
    ResidencePermit,
    /// A driving licence.
    DrivingLicence,
    /// Another document.
    Other,
}
