//! The result of an identification (chapter 3.3): `getIdentData`.

use super::code::Code;
use super::encoded::Encoded;
use super::truth::Truth;
use idv_core::Text;
use idv_core::adapter::wire::{Members, object};

object! {
    /// The result of an identification (chapter 3.3.4).
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct IdentResult<'a> {
        /// The time of the identification: ISO 8601 with an offset. The vendor keeps the misspelt
        /// name for compatibility.
        "Identitfied" identitfied: Option<Text<'a>>,
        /// The same time under the correct name, in case the vendor adds it.
        "Identified" | "Identitified" identified: Option<Text<'a>>,
        /// The method of identification: `Shop`, `Video`, `eID`, `Giro`, `AutoID` or `SmartID`.
        /// Only with `/IncludeIdentifyMethod`.
        "IdentifyMethod" identify_method: Option<Text<'a>>,
        /// The vendor's id of the agent who identified the person. Only with `/IncludeIdentifier`.
        "Identifier" identifier: Option<Text<'a>>,
        /// The person's IP address, if the account is configured for it.
        "UserIp" user_ip: Option<Text<'a>>,
        /// At a point of sale: 0 no OCR, 1 OCR and manual images, 2 only OCR.
        "OcrStatus" ocr_status: Option<Code<'a>>,
        /// At a point of sale: whether the document's electronic identity was used. The document
        /// has two spellings.
        "eIdUsed" | "eldUsed" | "eIDUsed" eid_used: Option<bool> as Truth,
        /// At a point of sale: whether the security check on the device failed.
        "SecurityCheckFailed" security_check_failed: Option<bool> as Truth,
        /// Whether an agent suspects fraud. Absent without a suspicion.
        "FraudAttempt" fraud_attempt: Option<bool> as Truth,
        /// The person: as checked, and as submitted with `/IncludeInitialData`. The vendor sends an
        /// array, or an object if the result has images. If it is absent, the payload is not a
        /// result.
        "IdentData" ident_data: Option<Vec<IdentData<'a>>>,
        ..
        /// Members that the document lacks or that have another shape, by name.
        others: Members,
    }
}

object! {
    /// A person as checked or as submitted (chapter 3.3.4, parent `IdentData`).
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct IdentData<'a> {
        /// 1 for checked data, 2 for submitted data.
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
        /// The country, by ISO 3166, if the document has it.
        "Country" country: Option<Text<'a>>,
        /// The date of birth, YYYY-MM-DD.
        "Birthdate" birthdate: Option<Text<'a>>,
        /// The place of birth.
        "Birthplace" birthplace: Option<Text<'a>>,
        /// The family name at birth, if the order asked for it.
        "Birthname" birthname: Option<Text<'a>>,
        /// The nationality, if the document has it.
        "Nationality" nationality: Option<Text<'a>>,
        /// The title, if the document has it.
        "Title" title: Option<Text<'a>>,
        /// The artist's name, if the document has it.
        "Artistname" artistname: Option<Text<'a>>,
        /// `female`, `male` or `diverse`.
        "Gender" gender: Option<Text<'a>>,
        /// The mobile number, if it was verified with a TAN.
        "Mobile" mobile: Option<Text<'a>>,
        /// The e-mail address, if it was verified with a TAN.
        "Email" email: Option<Text<'a>>,
        /// The identity document, absent if a driver's licence was checked without one.
        "IDCard" id_card: IdCard<'a>,
        /// The driver's licence, if the order asked for it.
        "DriverLicence" driver_licence: DriverLicence<'a>,
        /// Additional values by the order's names, each in its own shape.
        "Additional" additional: Members,
        /// The images, if the account has them in the result.
        "Images" images: Vec<Image<'a>>,
        ..
        /// Members that the document lacks or that have another shape, by name.
        others: Members,
    }
}

object! {
    /// The identity document (chapter 3.3.4, parent `IDCard`).
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct IdCard<'a> {
        /// The document's number, absent if only the electronic identity was read.
        "CardNo" card_no: Option<Text<'a>>,
        /// The pseudonym that the card's chip generates for one service. Only if the electronic
        /// identity was read.
        "eidRestrictedIdentifier" eid_restricted_identifier: Option<Text<'a>>,
        /// The used documents as bits: 1 identity card, 2 passport, 4 residence permit, 8 driver's
        /// licence, 16 German eID card for EU citizens; 0 another one.
        "extDocumentType" ext_document_type: Option<Code<'a>>,
        /// The place of issue.
        "PlaceOfIssue" place_of_issue: Option<Text<'a>>,
        /// The country of issue, by ISO 3166.
        "CountryOfIssue" country_of_issue: Option<Text<'a>>,
        /// The date of issue, YYYY-MM-DD.
        "DateOfIssue" date_of_issue: Option<Text<'a>>,
        /// The expiry date, YYYY-MM-DD.
        "ValidUntil" valid_until: Option<Text<'a>>,
        /// `IDCard`, `Passport`, or the order's name of the document.
        "Type" kind: Option<Text<'a>>,
        ..
        /// Members that the document lacks or that have another shape, by name.
        others: Members,
    }
}

object! {
    /// The driver's licence (chapter 3.3.4, parent `DriverLicence`).
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct DriverLicence<'a> {
        /// The licence's number.
        "LicenceNo" licence_no: Option<Text<'a>>,
        /// The licence's classes, in one text.
        "Classes" classes: Option<Text<'a>>,
        /// The date of issue, YYYY-MM-DD.
        "DateOfIssue" date_of_issue: Option<Text<'a>>,
        ..
        /// Members that the document lacks or that have another shape, by name.
        others: Members,
    }
}

object! {
    /// An image (chapters 3.3.4 and 3.8.3).
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Image<'a> {
        /// The file.
        "Image" image: Option<Encoded<'a>>,
        /// The file name.
        "Filename" filename: Option<Text<'a>>,
        ..
        /// Members that the document lacks or that have another shape, by name.
        others: Members,
    }
}

/// The vendor's name of a text, and the text.
pub(crate) type Named<'r, 'a> = (&'static str, Option<&'r Text<'a>>);

impl<'a> IdentResult<'a> {
    /// Returns the images in their order, if the result has them.
    ///
    /// ```
    /// use idv_identity_tm::wire::IdentResult;
    ///
    /// let result = IdentResult::read(br#"{"IdentData":{"Firstname":"Erika","Images":[
    ///     {"Image":"/9j/4AAQSkZJRg==","Filename":"front_20211008-091623-123.jpg"}]}}"#)?;
    /// assert_eq!(result.images().count(), 1);
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    pub fn images(&self) -> impl Iterator<Item = &Image<'a>> {
        self.ident_data
            .iter()
            .flatten()
            .flat_map(|data| &data.images)
    }

    /// Returns whether an entry has data of a person.
    pub(crate) fn names_a_person(&self) -> bool {
        self.ident_data
            .iter()
            .flatten()
            .any(IdentData::is_about_a_person)
    }

    /// Returns whether an entry has data of a person beyond the submitted values.
    pub(crate) fn names_a_checked_person(&self) -> bool {
        self.ident_data
            .iter()
            .flatten()
            .any(|entry| !entry.is_submitted() && entry.is_about_a_person())
    }
}

impl<'a> IdentData<'a> {
    /// Returns whether the values were submitted, not checked.
    pub(crate) fn is_submitted(&self) -> bool {
        self.kind.as_ref().and_then(Code::number) == Some(2)
    }

    /// Returns whether the entry has data of a person or of a document.
    pub(crate) fn is_about_a_person(&self) -> bool {
        let texts = self
            .texts()
            .into_iter()
            .chain(self.id_card.texts())
            .chain(self.driver_licence.texts());
        texts
            .into_iter()
            .any(|(_, text)| text.is_some_and(|text| !text.expose().trim().is_empty()))
    }

    pub(crate) const fn texts(&self) -> [Named<'_, 'a>; 15] {
        [
            ("Firstname", self.firstname.as_ref()),
            ("Surname", self.surname.as_ref()),
            ("Street", self.street.as_ref()),
            ("ZipCode", self.zip_code.as_ref()),
            ("City", self.city.as_ref()),
            ("Country", self.country.as_ref()),
            ("Birthdate", self.birthdate.as_ref()),
            ("Birthplace", self.birthplace.as_ref()),
            ("Birthname", self.birthname.as_ref()),
            ("Nationality", self.nationality.as_ref()),
            ("Title", self.title.as_ref()),
            ("Artistname", self.artistname.as_ref()),
            ("Gender", self.gender.as_ref()),
            ("Mobile", self.mobile.as_ref()),
            ("Email", self.email.as_ref()),
        ]
    }
}

impl<'a> IdCard<'a> {
    /// Returns whether there is no data of a document.
    ///
    /// ```
    /// use idv_identity_tm::wire::IdentResult;
    ///
    /// let result = IdentResult::read(br#"{"IdentData":[{"Firstname":"Erika"}]}"#)?;
    /// let data = &result.ident_data.as_deref().unwrap_or_default()[0];
    /// assert!(data.id_card.is_empty());
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) const fn texts(&self) -> [Named<'_, 'a>; 7] {
        [
            ("CardNo", self.card_no.as_ref()),
            (
                "eidRestrictedIdentifier",
                self.eid_restricted_identifier.as_ref(),
            ),
            ("PlaceOfIssue", self.place_of_issue.as_ref()),
            ("CountryOfIssue", self.country_of_issue.as_ref()),
            ("DateOfIssue", self.date_of_issue.as_ref()),
            ("ValidUntil", self.valid_until.as_ref()),
            ("Type", self.kind.as_ref()),
        ]
    }
}

impl<'a> DriverLicence<'a> {
    pub(crate) const fn texts(&self) -> [Named<'_, 'a>; 3] {
        [
            ("LicenceNo", self.licence_no.as_ref()),
            ("Classes", self.classes.as_ref()),
            ("DateOfIssue", self.date_of_issue.as_ref()),
        ]
    }
}
