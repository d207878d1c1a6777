//! What `idv create` is given: a file, options, or both.

use std::collections::BTreeMap;
use std::fmt;

use idv::report::{Country, DocumentKind, Gender};
use idv::{NewVerification, Pii, Reference, Url};
use jiff::civil::Date;
use serde::Deserialize;

use crate::failure::Failure;
use crate::usage::Expected;

/// A verification to be created, as JSON: the names are those of [`NewVerification`], and an unknown one is refused.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Request {
    pub(crate) reference: Option<String>,
    pub(crate) person: Person,
    pub(crate) contact: Contact,
    pub(crate) document: Document,
    pub(crate) locale: Option<String>,
    pub(crate) return_urls: ReturnUrls,
    pub(crate) callback_url: Option<Url>,
    pub(crate) purpose: Option<String>,
    pub(crate) custom: BTreeMap<String, Pii<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Person {
    pub(crate) given_names: Option<Pii<String>>,
    pub(crate) family_name: Option<Pii<String>>,
    pub(crate) birth_name: Option<Pii<String>>,
    pub(crate) birth_date: Option<Pii<Date>>,
    pub(crate) birth_place: Option<Pii<String>>,
    pub(crate) nationality: Option<Pii<Country>>,
    pub(crate) gender: Option<Pii<Gender>>,
    pub(crate) title: Option<Pii<String>>,
    pub(crate) address: Address,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Address {
    pub(crate) street: Option<Pii<String>>,
    pub(crate) house_number: Option<Pii<String>>,
    pub(crate) postal_code: Option<Pii<String>>,
    pub(crate) city: Option<Pii<String>>,
    pub(crate) country: Option<Pii<Country>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Contact {
    pub(crate) email: Option<Pii<String>>,
    pub(crate) phone: Option<Pii<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Document {
    pub(crate) kind: Option<Pii<DocumentKind>>,
    pub(crate) number: Option<Pii<String>>,
    pub(crate) issuing_country: Option<Pii<Country>>,
    pub(crate) issuer: Option<Pii<String>>,
    pub(crate) issued_on: Option<Pii<Date>>,
    pub(crate) expires_on: Option<Pii<Date>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ReturnUrls {
    pub(crate) success: Option<Url>,
    pub(crate) failure: Option<Url>,
}

impl Request {
    /// Reads the JSON. What stands in it is a person's data, so a failure names keys and places, never values.
    pub(crate) fn read(json: &[u8]) -> Result<Self, Failure> {
        serde_json::from_slice(json).map_err(|error| {
            let words = error.to_string();
            if words.starts_with("unknown field") || words.starts_with("duplicate field") {
                return Failure::usage(words);
            }
            let what = if error.is_data() { "a value has another shape than the model's" } else { "it is not JSON" };
            Failure::usage(format!("{what}, at line {} column {}", error.line(), error.column()))
        })
    }

    /// The verification that this describes, under `reference`.
    pub(crate) fn into_new(self, reference: Reference) -> Result<NewVerification, Failure> {
        let Self { reference: _, person, contact, document, locale, return_urls, callback_url, purpose, custom } = self;
        let mut new = NewVerification::new(reference);
        new.person.given_names = person.given_names;
        new.person.family_name = person.family_name;
        new.person.birth_name = person.birth_name;
        new.person.birth_date = person.birth_date;
        new.person.birth_place = person.birth_place;
        new.person.nationality = person.nationality;
        new.person.gender = person.gender;
        new.person.title = person.title;
        new.person.address.street = person.address.street;
        new.person.address.house_number = person.address.house_number;
        new.person.address.postal_code = person.address.postal_code;
        new.person.address.city = person.address.city;
        new.person.address.country = person.address.country;
        new.contact.email = contact.email;
        new.contact.phone = contact.phone;
        new.document.kind = document.kind;
        new.document.number = document.number;
        new.document.issuing_country = document.issuing_country;
        new.document.issuer = document.issuer;
        new.document.issued_on = document.issued_on;
        new.document.expires_on = document.expires_on;
        new.locale = locale.as_deref().map(str::parse).transpose()?;
        new.return_urls.success = return_urls.success;
        new.return_urls.failure = return_urls.failure;
        new.callback_url = callback_url;
        new.purpose = purpose;
        new.custom = custom;
        Ok(new)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Request(…)")
    }
}

/// Parses a word of the model's JSON from the command line: `female`, `id_card`, `DE`.
pub(crate) fn from_word<T: for<'de> Deserialize<'de>>(word: &str) -> Result<T, Expected> {
    let deserializer = serde::de::value::StrDeserializer::<serde_json::Error>::new(word);
    T::deserialize(deserializer).map_err(|error| {
        // The error quotes the word; the expected form stands behind it.
        let text = error.to_string();
        Expected::new(text.rsplit_once("expected ").map_or("a word of the model", |(_, form)| form))
    })
}

#[cfg(test)]
mod tests {
    use idv::OsRandom;

    use super::*;

    #[test]
    fn everything_that_the_model_has_can_be_given() {
        let json = br#"{
            "reference": "0123456789abcdef",
            "person": {
                "given_names": "Erika", "family_name": "Mustermann", "birth_name": "Gabler", "birth_date": "1983-05-22",
                "birth_place": "Berlin", "nationality": "DE", "gender": "female", "title": "Dr.",
                "address": {
                    "street": "Heidestrasse", "house_number": "17", "postal_code": "51147", "city": "Berlin", "country": "DE"
                }
            },
            "contact": { "email": "erika@example.com", "phone": "+491520000000" },
            "document": {
                "kind": "id_card", "number": "T22000129", "issuing_country": "DE", "issuer": "Berlin",
                "issued_on": "2020-01-01", "expires_on": "2030-01-01"
            },
            "locale": "de",
            "return_urls": { "success": "https://example.com/a", "failure": "https://example.com/b" },
            "callback_url": "https://example.com/c", "purpose": "to open an account", "custom": { "custom1": "x" }
        }"#;
        let request = Request::read(json).unwrap();
        let new = request.into_new(Reference::random(&OsRandom)).unwrap();
        assert_eq!(new.given().len(), 27, "every path that the model lists is filled: {:?}", new.given());
    }

    #[test]
    fn what_is_wrong_is_named_without_a_value() {
        let unknown = Request::read(br#"{"person":{"fist_name":"Mustermann"}}"#).unwrap_err();
        assert!(unknown.text().contains("fist_name") && unknown.text().contains("given_names"), "{}", unknown.text());
        for json in [&br#"{"person":{"birth_date":"Mustermann"}}"#[..], br#"{"person":{"gender":"Mustermann"}}"#, b"Mustermann"] {
            let error = Request::read(json).unwrap_err();
            assert!(error.text().contains("line 1 column"), "{}", error.text());
            assert!(!error.text().contains("Mustermann"), "{}", error.text());
        }
    }

    #[test]
    fn words_are_those_of_the_model() {
        assert_eq!(from_word::<Gender>("female"), Ok(Gender::Female));
        assert!(from_word::<Country>("Germany").is_err());
        assert!(from_word::<DocumentKind>("pass").unwrap_err().to_string().contains("passport"));
    }
}
