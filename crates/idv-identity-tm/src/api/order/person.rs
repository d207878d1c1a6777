//! The person of an order: the address, and the data to be checked.

use std::collections::BTreeMap;

use idv_core::{Pii, pii};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::json::{base64, is_default, number, or_default};

/// The person's address (chapter 3.1.4, `Address`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Address {
    /// The given names; 50 characters.
    #[serde(serialize_with = "pii::exposed")]
    pub firstname: Pii<String>,
    /// The family name; 50 characters.
    #[serde(serialize_with = "pii::exposed")]
    pub surname: Pii<String>,
    /// The company; 50 characters.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub company_name: Option<Pii<String>>,
    /// The street, with the house number; 50 characters.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub street: Option<Pii<String>>,
    /// The postal code; 5 characters.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub zip_code: Option<Pii<String>>,
    /// The city; 100 characters.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub city: Option<Pii<String>>,
    /// The country, by ISO 3166; 2 or 3 letters.
    #[serde(serialize_with = "pii::exposed")]
    pub country: Pii<String>,
}

impl Address {
    /// Creates an address from its required fields: given names and family name, of at most 50
    /// characters each, and the country by ISO 3166, of 2 or 3 letters.
    ///
    /// ```
    /// use idv_identity_tm::api::order::Address;
    ///
    /// let mut address = Address::new("Erika".into(), "Mustermann".into(), "DE".into());
    /// address.street = Some("Heidestr. 17".into());
    /// address.city = Some("Köln".into());
    /// assert_eq!(serde_json::to_value(&address)?["Street"], "Heidestr. 17");
    /// assert!(!format!("{address:?}").contains("Mustermann"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub const fn new(firstname: Pii<String>, surname: Pii<String>, country: Pii<String>) -> Self {
        Self {
            firstname,
            surname,
            company_name: None,
            street: None,
            zip_code: None,
            city: None,
            country,
        }
    }
}

/// The data to be checked (chapter 3.1.4, `IdentData`): the vendor compares given values, and
/// records missing ones if possible.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct IdentData {
    /// The given names; 50 characters.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub firstname: Option<Pii<String>>,
    /// The family name; 50 characters.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub surname: Option<Pii<String>>,
    /// The street, with the house number; 100 characters.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub street: Option<Pii<String>>,
    /// The postal code; 5 characters.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub zip_code: Option<Pii<String>>,
    /// The city; 100 characters.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub city: Option<Pii<String>>,
    /// The country, by ISO 3166; 2 letters.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub country: Option<Pii<String>>,
    /// The date of birth.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub birthdate: Option<Pii<Date>>,
    /// The place of birth; 100 characters.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub birthplace: Option<Pii<String>>,
    /// The family name at birth; 75 characters. The vendor determines it only if this field is
    /// present, even if empty.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub birthname: Option<Pii<String>>,
    /// The nationality; 50 characters.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub nationality: Option<Pii<String>>,
    /// The title; 50 characters.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub title: Option<Pii<String>>,
    /// The artist's name; 50 characters.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub artistname: Option<Pii<String>>,
    /// The gender.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub gender: Option<Pii<Gender>>,
    /// The e-mail address; 50 characters.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub email: Option<Pii<String>>,
    /// The mobile number, international, without blanks; 50 characters.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub mobile: Option<Pii<String>>,
    /// The agent who conducted the identification, only for signing at a point of sale; 255
    /// characters.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub collected_by: Option<Pii<String>>,
    /// The identity document.
    #[serde(
        rename = "IDCard",
        deserialize_with = "or_default",
        skip_serializing_if = "is_default"
    )]
    pub id_card: IdCard,
    /// The driver's licence, if it is to be checked:
    /// [`Behaviors::LICENCE_WITH_ID`](super::Behaviors::LICENCE_WITH_ID).
    #[serde(deserialize_with = "or_default", skip_serializing_if = "is_default")]
    pub driver_licence: DriverLicence,
    /// Additional values to ask for, with names of the application's choice: at most 2 in a shop,
    /// 10 by video.
    #[serde(
        deserialize_with = "or_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub additional: BTreeMap<String, AdditionalField>,
}

/// A gender (chapter 3.1.4, `Gender`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Gender {
    /// Female.
    Female,
    /// Male.
    Male,
    /// Diverse.
    Diverse,
}

/// The identity document (chapter 3.1.4, `IDCard`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct IdCard {
    /// The document's number; 50 characters.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub card_no: Option<Pii<String>>,
    /// The place of issue; 100 characters.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub place_of_issue: Option<Pii<String>>,
    /// The date of issue.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub date_of_issue: Option<Pii<Date>>,
    /// The country of issue, by ISO 3166; 2 or 3 letters.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub country_of_issue: Option<Pii<String>>,
    /// The expiry date.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub valid_until: Option<Pii<Date>>,
    /// Images of the document.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "is_default")]
    pub images: IdCardImages,
}

/// Images of the document (chapter 3.1.4, `Images`): JPEG files, which are sent as Base64.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct IdCardImages {
    /// The front.
    #[serde(with = "base64", skip_serializing_if = "Option::is_none")]
    pub front: Option<Pii<Vec<u8>>>,
    /// The back. Its description in the document repeats that of the front.
    #[serde(with = "base64", skip_serializing_if = "Option::is_none")]
    pub back: Option<Pii<Vec<u8>>>,
}

/// The driver's licence (chapter 3.1.4, `DriverLicence`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct DriverLicence {
    /// The licence's number; 50 characters.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub licence_no: Option<Pii<String>>,
    /// The licence's classes; 50 characters.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub classes: Option<Pii<String>>,
    /// The country of issue, by ISO 3166; 2 or 3 letters.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub country_of_issue: Option<Pii<String>>,
    /// The date of issue.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub date_of_issue: Option<Pii<Date>>,
    /// The expiry date.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none"
    )]
    pub valid_until: Option<Pii<Date>>,
}

/// An additional value to ask for (chapter 3.1.4, `Additional`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct AdditionalField {
    /// Its type.
    #[serde(rename = "Type")]
    pub kind: FieldKind,
    /// The label, for people; 100 characters.
    pub label: String,
    /// The known value; 150 characters.
    #[serde(
        serialize_with = "pii::exposed",
        skip_serializing_if = "Option::is_none",
        default
    )]
    pub value: Option<Pii<String>>,
}

impl AdditionalField {
    /// Creates a field without a known value.
    ///
    /// People see the label, which has at most 100 characters.
    ///
    /// ```
    /// use idv_identity_tm::api::order::{AdditionalField, FieldKind};
    ///
    /// let field = AdditionalField::new(FieldKind::Country, "Country of birth");
    /// assert_eq!(
    ///     serde_json::to_value(&field)?,
    ///     serde_json::json!({"Type": 4, "Label": "Country of birth"})
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn new(kind: FieldKind, label: impl Into<String>) -> Self {
        Self {
            kind,
            label: label.into(),
            value: None,
        }
    }

    /// Sets the known value, of at most 150 characters: a date as YYYY-MM-DD, a boolean as `true`
    /// or `false`, a country by ISO 3166.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// use idv_identity_tm::api::order::{AdditionalField, FieldKind, IdentData, Product};
    ///
    /// # let mut order = account::order(Product::Video);
    /// let mut data = IdentData::default();
    /// let field = AdditionalField::new(FieldKind::Date, "Date of Issue");
    /// let issued = field.with("2010-01-11".to_owned());
    /// data.additional.insert("idCardDateOfIssue".to_owned(), issued.clone());
    /// order.ident_data = Some(data.clone());
    /// order.check()?;
    ///
    /// let issued = issued.with("11.01.2010".to_owned()); // not YYYY-MM-DD
    /// data.additional.insert("idCardDateOfIssue".to_owned(), issued);
    /// order.ident_data = Some(data);
    /// assert!(order.check().is_err());
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub fn with(mut self, value: impl Into<Pii<String>>) -> Self {
        self.value = Some(value.into());
        self
    }
}

/// The type of an additional field (chapter 3.1.4, `Type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FieldKind {
    /// 1: text.
    Text,
    /// 2: a date.
    Date,
    /// 3: a boolean.
    Boolean,
    /// 4: a country, by ISO 3166.
    Country,
}

impl FieldKind {
    const ALL: [(Self, u32); 4] = [
        (Self::Text, 1),
        (Self::Date, 2),
        (Self::Boolean, 3),
        (Self::Country, 4),
    ];
}

impl Serialize for FieldKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number = Self::ALL
            .iter()
            .find(|(kind, _)| kind == self)
            .map_or(1, |(_, number)| *number);
        serializer.serialize_u32(number)
    }
}

impl<'de> Deserialize<'de> for FieldKind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number: u32 = number::deserialize(deserializer)?;
        let kind = Self::ALL
            .iter()
            .find(|(_, known)| *known == number)
            .map(|(kind, _)| *kind);
        kind.ok_or_else(|| serde::de::Error::custom("unknown Type: expected 1, 2, 3 or 4"))
    }
}
