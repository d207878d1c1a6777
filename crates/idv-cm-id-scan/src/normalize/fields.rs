//! Maps the vendor's names of fields and documents to the model.

use idv_core::adapter::find_word;
use idv_core::report::DocumentKind;

/// The target of a field in the model.
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
    /// `person.address.street`, or the whole address if the vendor does not divide it.
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
    /// A check and an entry in `custom`: the model has no field for the age.
    Age,
}

/// A field of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldRow {
    /// The vendor's name.
    pub field: &'static str,
    /// The field's target in the model.
    pub target: Target,
    /// Whether a sample of the vendor's documentation shows the name.
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

/// The fields of a result.
///
/// The vendor's list of fields is only open to accounts. The samples show a few fields; the other
/// names are those that document readers commonly use. `custom` keeps fields outside this table.
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

/// Returns the target of a field, or `None` if the table lacks it.
pub(crate) fn target(field: &str) -> Option<Target> {
    FIELDS
        .iter()
        .find(|row| row.field.eq_ignore_ascii_case(field))
        .map(|row| row.target)
}

/// Returns whether two names mean the same field: they are equal except for case, or have the same
/// target.
pub(crate) fn same_field(one: &str, other: &str) -> bool {
    let (one, other) = (one.trim(), other.trim());
    one.eq_ignore_ascii_case(other) || target(one).is_some_and(|meant| target(other) == Some(meant))
}

/// The vendor's words for kinds of documents, in lower case. The samples have `passport` and
/// `DRIVING_LICENSE`.
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

/// Returns the kind of document that a word names, or another kind for an unknown word.
pub(super) fn document_kind(word: &str) -> DocumentKind {
    find_word(DOCUMENT_KINDS, word).unwrap_or(DocumentKind::Other)
}
