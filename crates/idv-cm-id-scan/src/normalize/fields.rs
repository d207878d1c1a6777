//! The vendor's names of fields and of documents, and where they go in the model.

use idv_core::adapter::find_word;
use idv_core::report::DocumentKind;

/// Where a field goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Target {
    /// `person.given_names`.
    GivenNames,
    /// `person.family_name`.
    FamilyName,
    /// `person.birth_name`.
    BirthName,
    /// `person.birth_date`.
    BirthDate,
    /// `person.birth_place`.
    BirthPlace,
    /// `person.nationality`.
    Nationality,
    /// `person.gender`.
    Gender,
    /// `person.address.street`, with the whole address if the vendor does not divide it.
    Street,
    /// `person.address.postal_code`.
    PostalCode,
    /// `person.address.city`.
    City,
    /// `person.personal_number`.
    PersonalNumber,
    /// `document.number`.
    DocumentNumber,
    /// `document.issuing_country`.
    IssuingCountry,
    /// `document.issuer`.
    Issuer,
    /// `document.issued_on`.
    IssuedOn,
    /// `document.expires_on`.
    ExpiresOn,
    /// `document.licence_classes`.
    LicenceClasses,
    /// A check, and `custom`: the model has no age.
    Age,
}

/// A field of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldRow {
    /// The vendor's name.
    pub field: &'static str,
    /// Where it goes.
    pub target: Target,
    /// Whether the name is in a sample of the vendor's documentation.
    pub documented: bool,
}

const fn sample(field: &'static str, target: Target) -> FieldRow {
    FieldRow {
        field,
        target,
        documented: true,
    }
}

const fn likely(field: &'static str, target: Target) -> FieldRow {
    FieldRow {
        field,
        target,
        documented: false,
    }
}

/// The fields of a result. The vendor publishes no list outside of its account-bound reference: the samples have a few, and the others are
/// the names by which readers of such documents usually call them. A field that is not here is kept in `custom`.
pub const FIELDS: &[FieldRow] = &[
    sample("document_number", Target::DocumentNumber),
    sample("given_names", Target::GivenNames),
    sample("surname", Target::FamilyName),
    sample("nationality", Target::Nationality),
    sample("personal_number", Target::PersonalNumber),
    sample("age", Target::Age),
    likely("given_name", Target::GivenNames),
    likely("first_name", Target::GivenNames),
    likely("first_names", Target::GivenNames),
    likely("family_name", Target::FamilyName),
    likely("last_name", Target::FamilyName),
    likely("birth_name", Target::BirthName),
    likely("surname_at_birth", Target::BirthName),
    likely("date_of_birth", Target::BirthDate),
    likely("birth_date", Target::BirthDate),
    likely("place_of_birth", Target::BirthPlace),
    likely("birth_place", Target::BirthPlace),
    likely("sex", Target::Gender),
    likely("gender", Target::Gender),
    likely("address", Target::Street),
    likely("street", Target::Street),
    likely("postal_code", Target::PostalCode),
    likely("city", Target::City),
    likely("issuing_country", Target::IssuingCountry),
    likely("issuing_state", Target::IssuingCountry),
    likely("issuing_state_name", Target::IssuingCountry),
    likely("country", Target::IssuingCountry),
    likely("authority", Target::Issuer),
    likely("issuing_authority", Target::Issuer),
    likely("place_of_issue", Target::Issuer),
    likely("date_of_issue", Target::IssuedOn),
    likely("issue_date", Target::IssuedOn),
    likely("date_of_expiry", Target::ExpiresOn),
    likely("expiry_date", Target::ExpiresOn),
    likely("expiration_date", Target::ExpiresOn),
    likely("date_of_expiration", Target::ExpiresOn),
    likely("driving_license_categories", Target::LicenceClasses),
    likely("driving_licence_categories", Target::LicenceClasses),
    likely("dl_class", Target::LicenceClasses),
];

/// Where a field goes; `None` if it is not in the table.
pub(crate) fn target(field: &str) -> Option<Target> {
    FIELDS
        .iter()
        .find(|row| row.field.eq_ignore_ascii_case(field))
        .map(|row| row.target)
}

/// Whether two names mean the same field: the same name in any case, or two names of one place in the model.
pub(crate) fn same_field(one: &str, other: &str) -> bool {
    let (one, other) = (one.trim(), other.trim());
    one.eq_ignore_ascii_case(other) || target(one).is_some_and(|meant| target(other) == Some(meant))
}

/// The words by which the vendor calls kinds of documents, in lower case: `passport` and `DRIVING_LICENSE` are in samples.
pub const DOCUMENT_KINDS: &[(&str, DocumentKind)] = &[
    ("passport", DocumentKind::Passport),
    ("driving_license", DocumentKind::DrivingLicence),
    ("driving_licence", DocumentKind::DrivingLicence),
    ("drivers_license", DocumentKind::DrivingLicence),
    ("id_card", DocumentKind::IdCard),
    ("identity_card", DocumentKind::IdCard),
    ("national_id", DocumentKind::IdCard),
    ("residence_permit", DocumentKind::ResidencePermit),
    ("residence_card", DocumentKind::ResidencePermit),
];

/// The kind of document that a word names; another one if it is not known.
pub(super) fn document_kind(word: &str) -> DocumentKind {
    find_word(DOCUMENT_KINDS, word).unwrap_or(DocumentKind::Other)
}
