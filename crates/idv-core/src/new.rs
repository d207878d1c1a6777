//! What a verification is created from, and what creating it returns.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use url::Url;

use crate::adapter::VendorOptions;
use crate::error::{Error, Result};
use crate::id::{Reference, VerificationId};
use crate::pii::{Pii, exposed};
use crate::report::{Country, DocumentKind, Gender};

/// A verification to be created: everything that an application knows and may hand to any vendor.
///
/// Only the reference is required here; what else a vendor requires or forbids is checked before anything is sent, and named by
/// the paths that [`NewVerification::given`] lists. What a vendor has no place for is left out and listed in
/// [`CreateResponse::unsupported_fields`]; an application that depends on it says so with [`Requirements`](crate::Requirements).
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
/// It serializes with the person's data in clear, so that an application can keep what it is about to ask for until the vendor has
/// answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NewVerification {
    /// Our reference. Store it before the call.
    pub reference: Reference,
    /// What the person claims about themselves: it is compared with the document.
    #[serde(default)]
    pub person: SubmittedPerson,
    /// How the person can be reached.
    #[serde(default)]
    pub contact: Contact,
    /// The document that the person is expected to show.
    #[serde(default)]
    pub document: ExpectedDocument,
    /// The language to speak with the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    /// Where the person's browser goes afterwards. What it brings back proves nothing.
    #[serde(default)]
    pub return_urls: ReturnUrls,
    /// Where the vendor reports to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<Url>,
    /// Why the person is verified, in words shown to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Data to come back with the report. The names `custom1` to `custom4` are understood by every vendor that takes any.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        serialize_with = "exposed"
    )]
    pub custom: BTreeMap<String, Pii<String>>,
    /// Options for single vendors by their provider ids: [`NewVerification::set_options`].
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        serialize_with = "exposed"
    )]
    pub options: BTreeMap<String, Pii<Value>>,
}

/// What a person claims about themselves.
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
    /// The academic title, where it is part of the name on documents.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub title: Option<Pii<String>>,
    /// The address.
    pub address: SubmittedAddress,
}

/// An address that a person claims.
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

/// How a person can be reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Contact {
    /// The e-mail address.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub email: Option<Pii<String>>,
    /// The mobile phone's number, with `+` and country code.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub phone: Option<Pii<String>>,
}

/// The document that a person is expected to show.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ExpectedDocument {
    /// What kind of document it is.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub kind: Option<Pii<DocumentKind>>,
    /// Its number.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub number: Option<Pii<String>>,
    /// The country that issued it.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub issuing_country: Option<Pii<Country>>,
    /// The authority that issued it.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub issuer: Option<Pii<String>>,
    /// When it was issued.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub issued_on: Option<Pii<Date>>,
    /// Until when it is valid.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub expires_on: Option<Pii<Date>>,
}

/// Where a person's browser goes afterwards.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ReturnUrls {
    /// After the person did their part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success: Option<Url>,
    /// After the person gave up, or it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Url>,
}

impl NewVerification {
    /// A verification of which nothing is known but our reference.
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

    /// Sets the options for one vendor, in place of earlier ones for it. They change nothing at another vendor.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if they cannot be written as JSON.
    pub fn set_options<T: VendorOptions>(&mut self, options: &T) -> Result<()> {
        let value = serde_json::to_value(options)
            .map_err(|_| Error::invalid("options", "they cannot be written as JSON"))?;
        self.options
            .insert(T::PROVIDER.to_string(), Pii::new(value));
        Ok(())
    }

    /// Returns the options for one vendor.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) if they are not those of this vendor: a name or a form is unknown.
    pub fn vendor_options<T: VendorOptions>(&self) -> Result<Option<T>> {
        let Some(options) = self.options.get(T::PROVIDER.as_str()) else {
            return Ok(None);
        };
        // The deserializer's message may quote a value.
        let read = serde_json::from_value(options.expose().clone());
        read.map(Some).map_err(|_| {
            Error::invalid(
                "options",
                format!("those for {} have an unknown name or form", T::PROVIDER),
            )
        })
    }
}

/// A language, and the country whose variety of it is meant: `de`, `en-GB`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Locale {
    language: String,
    region: Option<Country>,
}

impl Locale {
    /// The language: two lower-case letters of ISO 639-1.
    #[must_use]
    pub fn language(&self) -> &str {
        &self.language
    }

    /// The country.
    #[must_use]
    pub const fn region(&self) -> Option<Country> {
        self.region
    }
}

impl FromStr for Locale {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (language, region) = text
            .split_once(['-', '_'])
            .map_or((text, None), |(language, region)| (language, Some(region)));
        let region = region
            .map(|region| Country::from_alpha2(&region.to_ascii_uppercase()).ok_or(()))
            .transpose();
        match region {
            Ok(region)
                if language.len() == 2
                    && language.bytes().all(|byte| byte.is_ascii_alphabetic()) =>
            {
                Ok(Self {
                    language: language.to_ascii_lowercase(),
                    region,
                })
            }
            _ => Err(Error::invalid(
                "locale",
                "write a language of ISO 639-1 and optionally a country of ISO 3166, such as de or en-GB",
            )),
        }
    }
}

impl Serialize for Locale {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Locale {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.language)?;
        self.region
            .map_or(Ok(()), |region| write!(f, "-{}", region.code()))
    }
}

/// A verification that exists at the vendor.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CreateResponse {
    /// What it is called. Store it whole.
    pub id: VerificationId,
    /// How the person comes to the vendor.
    pub hand_off: HandOff,
    /// When it was created, by our clock.
    pub at: Timestamp,
    /// Until when the person can do their part, where the vendor says so.
    pub expires_at: Option<Timestamp>,
    /// Whether the vendor said that it was there already and took the new data: a repetition, in other words.
    pub already_existed: bool,
    /// The paths of what was given but has no place in this vendor's call, and so was not sent.
    pub unsupported_fields: Vec<&'static str>,
}

impl CreateResponse {
    /// What every vendor's answer amounts to; the rest is set on the value.
    #[must_use]
    pub const fn new(id: VerificationId, hand_off: HandOff, at: Timestamp) -> Self {
        Self {
            id,
            hand_off,
            at,
            expires_at: None,
            already_existed: false,
            unsupported_fields: Vec::new(),
        }
    }
}

/// How the person comes to the vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HandOff {
    /// Send the person to this address.
    #[serde(alias = "visit")]
    Redirect(SessionUrl),
    /// The vendor contacts the person itself; send them nowhere.
    VendorContactsPerson,
}

/// An address that opens the person's session. Whoever knows it can take the person's place, so `Debug` prints only its host.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionUrl(Url);

impl SessionUrl {
    /// Wraps an address.
    #[must_use]
    pub const fn new(url: Url) -> Self {
        Self(url)
    }

    /// The address in clear, to be shown to the person and nobody else.
    #[must_use]
    pub const fn expose(&self) -> &Url {
        &self.0
    }
}

impl fmt::Debug for SessionUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}://{}/…",
            self.0.scheme(),
            self.0.host_str().unwrap_or_default()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_those_of_one_vendor() {
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
    fn locales_are_written_as_they_are_read() {
        for (text, written) in [("de", "de"), ("en-GB", "en-GB"), ("EN_gb", "en-GB")] {
            assert_eq!(text.parse::<Locale>().unwrap().to_string(), written);
        }
        for text in ["", "deutsch", "d", "en-XX", "1a"] {
            assert!(text.parse::<Locale>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_kept_until_the_vendor_has_answered_comes_back_whole() {
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
    fn a_session_url_prints_only_its_host() {
        let url = SessionUrl::new(
            "https://go.example.com/session/SECRET?tid=SECRET"
                .parse()
                .unwrap(),
        );
        assert_eq!(format!("{url:?}"), "https://go.example.com/…");
    }
}
