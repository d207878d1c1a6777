//! The result of an identification (chapter 3.3): `getIdentData`.

use serde::de::MapAccess;

use super::code::Code;
use super::encoded::Encoded;
use super::list::List;
use idv_core::Text;
use idv_core::wire::{Name, Part, object, place};

object! {
    /// What came of an identification (chapter 3.3.4).
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct IdentResult<'a> {
        /// When the person was identified: ISO 8601, with an offset. The vendor keeps the misspelt name for those who rely on it.
        "Identitfied" identitfied: Option<Text<'a>>,
        /// The same under the name as it should be, for when the vendor adds it.
        "Identified" | "Identitified" identified: Option<Text<'a>>,
        /// How the person was identified: `Shop`, `Video`, `eID`, `Giro`, `AutoID` or `SmartID`. Only with `/IncludeIdentifyMethod`.
        "IdentifyMethod" identify_method: Option<Text<'a>>,
        /// Who identified the person: the vendor's id of an agent. Only with `/IncludeIdentifier`.
        "Identifier" identifier: Option<Text<'a>>,
        /// The IP address of the person, where the account is set so.
        "UserIp" user_ip: Option<Text<'a>>,
        /// At a point of sale: 0 nothing was read by machine, 1 some was and images were taken by hand, 2 only by machine.
        "OcrStatus" ocr_status: Option<Code<'a>>,
        /// At a point of sale: whether the document's electronic identity was used. The document spells it in two ways.
        "eIdUsed" | "eldUsed" | "eIDUsed" eid_used: Option<bool>,
        /// At a point of sale: whether the security check on the device failed.
        "SecurityCheckFailed" security_check_failed: Option<bool>,
        /// Whether an agent suspects an attempt at fraud. Missing where none does.
        "FraudAttempt" fraud_attempt: Option<bool>,
        /// The person: as checked, and as submitted where `/IncludeInitialData` asked for it. The vendor sends an array, or an object
        /// where the account is set to have images in the result. None where it is missing, which makes it no result.
        "IdentData" ident_data: Option<Vec<IdentData<'a>>> as List<IdentData<'a>>,
    }
}

object! {
    /// What is known, or was submitted, of a person (chapter 3.3.4, parent `IdentData`).
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct IdentData<'a> {
        /// 1 for what was checked, 2 for what had been submitted.
        "Type" kind: Option<Code<'a>>,
        /// The given names.
        "Firstname" firstname: Option<Text<'a>>,
        /// The family name.
        "Surname" surname: Option<Text<'a>>,
        /// The street, with the house number.
        "Street" street: Option<Text<'a>>,
        /// The postal code.
        "ZipCode" zip_code: Option<Text<'a>>,
        /// The city.
        "City" city: Option<Text<'a>>,
        /// The country, by ISO 3166, where the document has it.
        "Country" country: Option<Text<'a>>,
        /// The date of birth, YYYY-MM-DD.
        "Birthdate" birthdate: Option<Text<'a>>,
        /// The place of birth.
        "Birthplace" birthplace: Option<Text<'a>>,
        /// The family name at birth, where it was asked for.
        "Birthname" birthname: Option<Text<'a>>,
        /// The nationality, where the document has it.
        "Nationality" nationality: Option<Text<'a>>,
        /// The title, where the document has it.
        "Title" title: Option<Text<'a>>,
        /// The artist's name, where the document has it.
        "Artistname" artistname: Option<Text<'a>>,
        /// `female`, `male` or `diverse`.
        "Gender" gender: Option<Text<'a>>,
        /// The mobile number, where it was verified with a TAN.
        "Mobile" mobile: Option<Text<'a>>,
        /// The e-mail address, where it was verified with a TAN.
        "Email" email: Option<Text<'a>>,
        /// The document. Missing where a driver's licence was checked without one.
        "IDCard" id_card: IdCard<'a>,
        /// The driver's licence, where it was to be checked.
        "DriverLicence" driver_licence: DriverLicence<'a>,
        /// What else was to be asked for, by the names that the order gave it.
        "Additional" additional: Additional<'a>,
        /// The images, where the account is set to have them here.
        "Images" images: Vec<Image<'a>> as List<Image<'a>>,
    }
}

object! {
    /// The document (chapter 3.3.4, parent `IDCard`).
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct IdCard<'a> {
        /// Its number. Missing where only its electronic identity was read.
        "CardNo" card_no: Option<Text<'a>>,
        /// The pseudonym that the card's chip makes for one service. Only where its electronic identity was read.
        "eidRestrictedIdentifier" eid_restricted_identifier: Option<Text<'a>>,
        /// Which documents were used, as bits: 1 identity card, 2 passport, 4 residence permit, 8 driver's licence, 16 German eID card
        /// for citizens of the EU; 0 another one.
        "extDocumentType" ext_document_type: Option<Code<'a>>,
        /// The place that issued it.
        "PlaceOfIssue" place_of_issue: Option<Text<'a>>,
        /// The country that issued it, by ISO 3166.
        "CountryOfIssue" country_of_issue: Option<Text<'a>>,
        /// When it was issued, YYYY-MM-DD.
        "DateOfIssue" date_of_issue: Option<Text<'a>>,
        /// Until when it is valid, YYYY-MM-DD.
        "ValidUntil" valid_until: Option<Text<'a>>,
        /// `IDCard`, `Passport`, or what the order called it.
        "Type" kind: Option<Text<'a>>,
    }
}

object! {
    /// The driver's licence (chapter 3.3.4, parent `DriverLicence`).
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct DriverLicence<'a> {
        /// Its number.
        "LicenceNo" licence_no: Option<Text<'a>>,
        /// Its classes, in one text.
        "Classes" classes: Option<Text<'a>>,
        /// When it was issued, YYYY-MM-DD.
        "DateOfIssue" date_of_issue: Option<Text<'a>>,
    }
}

object! {
    /// An image (chapters 3.3.4 and 3.8.3).
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Image<'a> {
        /// The file.
        "Image" image: Option<Encoded<'a>>,
        /// Its name.
        "Filename" filename: Option<Text<'a>>,
    }
}

impl<'a> IdentResult<'a> {
    /// The images, in their order, where the account is set to have them in the result.
    pub fn images(&self) -> impl Iterator<Item = &Image<'a>> {
        self.ident_data.iter().flatten().flat_map(|data| &data.images)
    }
}

impl IdCard<'_> {
    /// Whether nothing is known of a document.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What else was asked for, by the names that the order gave it (chapter 3.3.4, parent `Additional`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Additional<'a> {
    /// Names and values, in their order.
    pub details: Vec<(Text<'a>, Text<'a>)>,
}

impl<'de> Part<'de> for Additional<'de> {
    fn object<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut details = Vec::new();
        while let Some(name) = map.next_key_seed(Name)? {
            let detail: Detail<'_> = map.next_value_seed(place())?;
            details.extend(detail.0.map(|value| (Text::new(name), value)));
        }
        Ok(Self { details })
    }
}

/// A value that stands alone, or in an object as the order has it: `{"Type": 1, "Label": …, "Value": …}`.
#[derive(Default)]
struct Detail<'a>(Option<Text<'a>>);

impl<'de> Part<'de> for Detail<'de> {
    fn text(text: Text<'de>) -> Self {
        Self(Some(text))
    }

    fn object<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        Described::object(map).map(|described| Self(described.value))
    }
}

object! {
    /// A detail as the order has it (chapter 3.1.4, parent `<detail>`).
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    struct Described<'a> {
        /// Its value.
        "Value" value: Option<Text<'a>>,
    }
}
