//! The result of a verification: one model for every vendor.
//!
//! Each field of the person and of the document is an [`Attribute`], so that it stays visible where a value comes from and
//! whether it is what had been submitted. What a vendor does not give is absent, never an empty string or a made-up date.

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

/// What a vendor found out about a person and a document.
///
/// It serializes with the person's data in clear: where a report goes is where the data goes. `Debug` prints none of them, and of our
/// reference the first eight characters.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Report {
    /// Which provider it comes from.
    pub provider: ProviderId,
    /// Our reference, as the vendor repeats it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The vendor's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor_id: Option<VendorId>,
    /// When the identification was completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub completed_at: Option<Timestamp>,
    /// How the person was identified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// The agent who identified the person, as the vendor names them.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub agent: Option<Pii<String>>,
    /// The rule, with its version, that judged a vendor's measurements, where the vendor itself does not decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acceptance: Option<String>,
    /// The person.
    #[serde(default, skip_serializing_if = "Person::is_empty")]
    pub person: Person,
    /// The document that the person showed.
    #[serde(default, skip_serializing_if = "Document::is_empty")]
    pub document: Document,
    /// What was checked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// Why it came out as it did, where the vendor says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Finding>,
    /// Images, recordings and files that can be downloaded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// Whatever else the vendor sent, by the vendor's names and in its own shape: custom data that were sent along, and members that the
    /// model has no field for.
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
    /// Answers to questions that the account has configured, by the question's key.
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
    /// The adapter that made the report, so that it can be told which rules it was made by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adapter: Option<AdapterVersion>,
    /// The vendor's answers that the report was read from, as they came.
    #[serde(default, skip_serializing_if = "RawAnswers::is_empty")]
    pub raw: RawAnswers,
}

/// The version of an adapter, and of the vendor's document that it follows.
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
    /// Joins the version of an adapter with the document that it follows.
    #[must_use]
    pub const fn new(version: &'static str, document: &'static str) -> Self {
        Self {
            version: Cow::Borrowed(version),
            document: Cow::Borrowed(document),
        }
    }
}

impl Report {
    /// A report that says nothing yet.
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

/// How a person was identified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Method {
    /// A call by video with a trained person.
    Video,
    /// Photographs or a recording, judged by machines.
    Auto,
    /// The document's electronic identity.
    Eid,
    /// In person, in a shop.
    Shop,
    /// Through a bank account.
    Bank,
}

/// What is known of the document that the person showed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Document {
    /// What kind of document it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Attribute<DocumentKind>>,
    /// Its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<Attribute<String>>,
    /// Its serial number, where that is another than its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<Attribute<String>>,
    /// The country that issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuing_country: Option<Attribute<Country>>,
    /// The authority or the place that issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<Attribute<String>>,
    /// When it was issued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_on: Option<Attribute<PartialDate>>,
    /// Until when it is valid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_on: Option<Attribute<PartialDate>>,
    /// The classes of a driving licence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence_classes: Option<Attribute<Vec<String>>>,
}

impl Document {
    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What kind of document it is.
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
