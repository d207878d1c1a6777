//! The request to create a verification, and the response.

mod locale;
mod response;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::adapter::VendorOptions;
use crate::error::{Error, Result};
use crate::id::Reference;
use crate::pii::{Pii, exposed};
use crate::report::{Country, DocumentKind, Gender};

pub use locale::Locale;
pub use response::{CreateResponse, HandOff, SessionUrl};

/// A request to create a verification: the data that an application has and may send to any vendor.
///
/// Only the reference is required here. The adapter checks the vendor's own rules before anything
/// is sent, and names a missing or forbidden field by its path in [`NewVerification::given`]. A
/// field that the vendor does not support is not sent and is listed in
/// [`CreateResponse::unsupported_fields`]; an application that depends on a field requires it with
/// [`Requirements`](crate::Requirements).
///
/// Build a request with [`NewVerification::builder`], or set the fields:
///
/// ```
/// use idv_core::{NewVerification, OsRandom, Reference};
///
/// let mut new = NewVerification::new(Reference::random(&OsRandom));
/// new.person.given_names = Some("Erika".into());
/// new.person.family_name = Some("Mustermann".into());
/// new.contact.email = Some("erika@example.com".into());
/// assert_eq!(new.given(), ["person.given_names", "person.family_name", "contact.email"]);
/// ```
///
/// The request serializes with personal data in clear, so that an application can store it until
/// the vendor has responded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NewVerification {
    /// The application's reference. Store it before the call.
    pub reference: Reference,
    /// The person's data as submitted by the application; the vendor compares them with the
    /// document.
    #[serde(default)]
    pub person: SubmittedPerson,
    /// The person's contact data.
    #[serde(default)]
    pub contact: Contact,
    /// The document that the person is expected to show.
    #[serde(default)]
    pub document: ExpectedDocument,
    /// The language of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    /// The URLs to which the person's browser returns. The return proves nothing.
    #[serde(default)]
    pub return_urls: ReturnUrls,
    /// The URL to which the vendor sends callbacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<Url>,
    /// The purpose of the verification, shown to the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Data that the vendor returns with the report.
    ///
    /// Every vendor that supports such data accepts the names `custom1` to `custom4`.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        serialize_with = "exposed"
    )]
    pub custom: BTreeMap<String, Pii<String>>,
    /// Options for single vendors by their provider ids; see [`NewVerification::set_options`].
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        serialize_with = "exposed"
    )]
    pub options: BTreeMap<String, Pii<Value>>,
}

/// Personal data that the application submits for comparison with the document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SubmittedPerson {
    /// All given names, as on the document.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub given_names: Option<Pii<String>>,
    /// The family name, as on the document.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub family_name: Option<Pii<String>>,
    /// The family name at birth, without a prefix such as "née".
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub birth_name: Option<Pii<String>>,
    /// The date of birth.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub birth_date: Option<Pii<Date>>,
    /// The place of birth.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub birth_place: Option<Pii<String>>,
    /// The nationality.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub nationality: Option<Pii<Country>>,
    /// The gender.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub gender: Option<Pii<Gender>>,
    /// The academic title, if it is part of the name on documents.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub title: Option<Pii<String>>,
    /// The address.
    pub address: SubmittedAddress,
}

/// The address that the application submits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct SubmittedAddress {
    /// The street, without the house number.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub street: Option<Pii<String>>,
    /// The house number with its additions.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub house_number: Option<Pii<String>>,
    /// The postal code.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub postal_code: Option<Pii<String>>,
    /// The city.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub city: Option<Pii<String>>,
    /// The country.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub country: Option<Pii<Country>>,
}

/// A person's contact data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Contact {
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub email: Option<Pii<String>>,
    /// The mobile phone number in international format, with `+` and the country code.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub phone: Option<Pii<String>>,
}

/// The document that a person is expected to show.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ExpectedDocument {
    /// The kind of the document.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub kind: Option<Pii<DocumentKind>>,
    /// The document number.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub number: Option<Pii<String>>,
    /// The country that issued the document.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub issuing_country: Option<Pii<Country>>,
    /// The authority that issued the document.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub issuer: Option<Pii<String>>,
    /// The date of issue.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub issued_on: Option<Pii<Date>>,
    /// The last day on which the document is valid.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub expires_on: Option<Pii<Date>>,
}

/// The URLs to which a person's browser returns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ReturnUrls {
    /// The destination after the person has done their part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success: Option<Url>,
    /// The destination after the person gave up or the session failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Url>,
}

impl NewVerification {
    /// Creates a request with a reference and no other data.
    #[must_use]
    pub fn new(reference: Reference) -> Self {
        Self {
            reference,
            person: SubmittedPerson::default(),
            contact: Contact::default(),
            document: ExpectedDocument::default(),
            locale: None,
            return_urls: ReturnUrls::default(),
            callback_url: None,
            purpose: None,
            custom: BTreeMap::new(),
            options: BTreeMap::new(),
        }
    }

    /// Sets the options for one vendor and replaces earlier ones for it.
    ///
    /// Other vendors ignore them.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if the options cannot be serialized as
    /// JSON.
    pub fn set_options<T: VendorOptions>(&mut self, options: &T) -> Result<()> {
        let value = serde_json::to_value(options)
            .map_err(|_| Error::invalid("options", "the options cannot be serialized as JSON"))?;
        self.options
            .insert(T::PROVIDER.to_string(), Pii::new(value));
        Ok(())
    }

    /// Returns the options for one vendor.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if a name or a value in the options is
    /// not valid for this vendor.
    pub fn vendor_options<T: VendorOptions>(&self) -> Result<Option<T>> {
        let Some(options) = self.options.get(T::PROVIDER.as_str()) else {
            return Ok(None);
        };
        // The deserializer's message may quote a value.
        let read = serde_json::from_value(options.expose().clone());
        read.map(Some).map_err(|_| {
            Error::invalid(
                "options",
                format!(
                    "the options for {} contain an unknown name or an invalid value",
                    T::PROVIDER
                ),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_belong_to_one_vendor() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Options {
            branch: String,
        }
        impl VendorOptions for Options {
            const PROVIDER: crate::ProviderId = crate::ProviderId::new("example");
        }
        let mut new = NewVerification::new(Reference::parse("0123456789abcdef").unwrap());
        assert_eq!(new.vendor_options::<Options>().unwrap(), None);
        new.set_options(&Options {
            branch: "Kaiserstrasse".into(),
        })
        .unwrap();
        assert!(!format!("{new:?}").contains("Kaiserstrasse"));
        let stored: NewVerification =
            serde_json::from_str(&serde_json::to_string(&new).unwrap()).unwrap();
        assert_eq!(
            stored.vendor_options().unwrap(),
            Some(Options {
                branch: "Kaiserstrasse".into()
            })
        );
        new.options.insert(
            "example".into(),
            Pii::new(serde_json::json!({"brunch": "Kaiserstrasse"})),
        );
        let error = new.vendor_options::<Options>().unwrap_err().to_string();
        assert!(
            error.contains("options") && !error.contains("Kaiserstrasse"),
            "{error}"
        );
    }

    #[test]
    fn locale_is_written_as_it_was_read() {
        for (text, written) in [("de", "de"), ("en-GB", "en-GB"), ("EN_gb", "en-GB")] {
            assert_eq!(text.parse::<Locale>().unwrap().to_string(), written);
        }
        for text in ["", "deutsch", "d", "en-XX", "1a"] {
            assert!(text.parse::<Locale>().is_err(), "{text}");
        }
    }

    #[test]
    fn stored_request_is_restored_completely() {
        let mut new = NewVerification::new(Reference::parse("0123456789abcdef").unwrap());
        new.person.given_names = Some("Erika".into());
        new.person.birth_date = Some(jiff::civil::date(1964, 8, 12).into());
        new.person.nationality = Country::from_alpha2("DE").map(Pii::new);
        new.person.gender = Some(Gender::Female.into());
        new.person.address.city = Some("Köln".into());
        new.contact.phone = Some("+49151".into());
        new.document.kind = Some(DocumentKind::Passport.into());
        new.locale = Some("en-GB".parse().unwrap());
        new.return_urls.success = Some("https://example.com/done".parse().unwrap());
        new.callback_url = Some("https://example.com/callback".parse().unwrap());
        new.custom.insert("custom1".into(), "a".into());
        let kept = serde_json::to_string(&new).unwrap();
        assert_eq!(serde_json::from_str::<NewVerification>(&kept).unwrap(), new);
        let least =
            serde_json::from_str::<NewVerification>(r#"{"reference":"0123456789abcdef"}"#).unwrap();
        assert_eq!(least, NewVerification::new(least.reference.clone()));
    }

    #[test]
    fn debug_of_a_session_url_prints_only_its_host() {
        let url = SessionUrl::new(
            "https://go.example.com/session/SECRET?tid=SECRET"
                .parse()
                .unwrap(),
        );
        assert_eq!(format!("{url:?}"), "https://go.example.com/…");
    }
}
