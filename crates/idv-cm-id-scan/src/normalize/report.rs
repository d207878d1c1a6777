//! Builds the report of a result ("Retrieve transaction result").

use idv_core::adapter::{self, FromVendor, non_empty};
use idv_core::report::{Attribute, Country, Field, Method, Source, Verdict};
use idv_core::{Pii, Report, VendorId};

use super::attribute::{attribute, best, readings};
use super::country::country;
use super::custom::{self, Custom};
use super::evidence::{audit_reports, images};
use super::fields::{Target, target};
use super::judge::completed_at;
use super::{PROVIDER, Vendor, data_fields, is, scans};
use crate::api::ResultId;
use crate::wire::{File, ResultField, Transaction};

/// The fields that a report of this vendor can fill.
pub const REPORT_FIELDS: &[Field] = &[
    Field::CompletedAt,
    Field::Method,
    Field::GivenNames,
    Field::FamilyName,
    Field::BirthName,
    Field::BirthDate,
    Field::BirthPlace,
    Field::Nationalities,
    Field::Gender,
    Field::Street,
    Field::PostalCode,
    Field::City,
    Field::PersonalNumber,
    Field::DocumentKind,
    Field::DocumentNumber,
    Field::IssuingCountry,
    Field::Issuer,
    Field::IssuedOn,
    Field::ExpiresOn,
    Field::LicenceClasses,
    Field::Checks,
    Field::Reasons,
    Field::Evidence,
    Field::Custom,
];

/// Builds the report of a result without judging it; see [`Acceptance`](super::Acceptance).
///
/// - A field with several readings is one attribute; the other readings are alternatives.
/// - The kind of the document is the vendor's word for its image. The issuing country comes from
///   the field, or else from the beginning of the document's name
///   (`Netherlands - ePassport (2021)`).
/// - `custom` has the age, the fields that the model lacks, and all other members, by the vendor's
///   names. Further readings of a field carry their source and language: `age`,
///   `signature.visual.nl-NL`, `face_match.attempts`.
///   [`IGNORED_IN_RESULTS`](super::IGNORED_IN_RESULTS) lists the omitted members.
#[must_use]
pub fn report(transaction: &Transaction<'_>, result: Option<&ResultId>) -> Box<Report> {
    let fields = Fields::of(transaction);
    // A report is large: building it in place avoids moving it.
    let mut report = Box::new(Report::new(PROVIDER));
    report.vendor_id = non_empty(transaction.id.as_ref()).map(VendorId::new);
    report.completed_at = completed_at(transaction);
    report.method = Some(Method::Auto);
    let person = &mut report.person;
    person.given_names = fields.read(Target::GivenNames);
    person.family_name = fields.read(Target::FamilyName);
    person.birth_name = fields.read(Target::BirthName);
    person.birth_date = fields.read(Target::BirthDate);
    person.birth_place = fields.read(Target::BirthPlace).map(Into::into);
    person
        .nationalities
        .extend(fields.read(Target::Nationality));
    person.gender = fields.read(Target::Gender);
    person.address.street = fields.read(Target::Street);
    person.address.postal_code = fields.read(Target::PostalCode);
    person.address.city = fields.read(Target::City);
    person.personal_number = fields.read(Target::PersonalNumber).map(Into::into);
    let document = &mut report.document;
    document.number = fields.read(Target::DocumentNumber);
    document.issuing_country = fields.read(Target::IssuingCountry);
    document.issuer = fields.read(Target::Issuer);
    document.issued_on = fields.read(Target::IssuedOn);
    document.expires_on = fields.read(Target::ExpiresOn);
    document.licence_classes = fields.read(Target::LicenceClasses);
    if let Some(file) = recognized(transaction) {
        // The image's word belongs to no field of the result, so it was not checked.
        let unchecked =
            |word| adapter::attribute::<Vendor, _>(word, Source::Vendor, Verdict::Unchecked);
        document.kind = non_empty(file.kind.as_ref()).map(unchecked);
        if document.issuing_country.is_none() {
            document.issuing_country = non_empty(file.name.as_ref()).and_then(issued_by);
        }
    }
    report.evidence = images(transaction, result);
    report
        .evidence
        .extend(result.map(audit_reports).into_iter().flatten());
    let mut custom = custom::of_result(transaction);
    fields.add_to(&mut custom);
    report.custom = custom.values.into_values();
    report
}

/// The fields of the document, by their targets in the model.
struct Fields<'t> {
    fields: Vec<(Option<Target>, &'t ResultField<'t>)>,
    /// One bit for each target with a field. Most results have only a few.
    present: u32,
}

impl<'t> Fields<'t> {
    fn of(transaction: &'t Transaction<'t>) -> Self {
        let mut fields =
            Vec::with_capacity(scans(transaction).map(|task| task.fields().len()).sum());
        let mut present = 0;
        for field in data_fields(transaction) {
            let target = non_empty(field.field.as_ref()).and_then(target);
            present |= target.map_or(0, |target| 1 << target as u32);
            fields.push((target, field));
        }
        Self { fields, present }
    }

    fn of_target(&self, wanted: Target) -> impl Iterator<Item = &'t ResultField<'t>> + Clone {
        self.fields
            .iter()
            .filter(move |(target, _)| *target == Some(wanted))
            .map(|(_, field)| *field)
    }

    fn read<T: FromVendor<Vendor>>(&self, target: Target) -> Option<Attribute<T>> {
        if self.present & (1 << target as u32) == 0 {
            return None;
        }
        attribute(&self.of_target(target))
    }

    /// Adds the fields that the model lacks.
    fn add_to(&self, custom: &mut Custom) {
        let without_place = self
            .fields
            .iter()
            .filter(|(target, _)| target.is_none_or(|target| target == Target::Age));
        custom.readings(
            without_place
                .flat_map(|(_, field)| readings(field))
                .collect(),
        );
        let mut chosen: [Option<&ResultField<'_>>; u32::BITS as usize] = [None; u32::BITS as usize];
        for (target, field) in &self.fields {
            let Some(target) = *target else { continue };
            let place = chosen
                .get_mut(target as usize)
                .filter(|chosen| chosen.is_none());
            if let Some(place) = place {
                *place = best(&self.of_target(target)).or(Some(field));
            }
        }
        for (target, field) in &self.fields {
            custom.field(
                field,
                *target,
                target.and_then(|target| chosen.get(target as usize).copied().flatten()),
            );
        }
    }
}

/// Returns the image of the recognized document.
fn recognized<'t>(transaction: &'t Transaction<'t>) -> Option<&'t File<'t>> {
    let mut files = scans(transaction).flat_map(|task| &task.files);
    files.find(|file| {
        is(file.category.as_ref(), "document")
            && non_empty(file.kind.as_ref()).is_some()
            && !is(file.kind.as_ref(), "raw_document_image")
    })
}

/// Returns the country at the beginning of a document's name, with the whole name as the raw value.
fn issued_by(name: &str) -> Option<Attribute<Country>> {
    let country = country(
        name.split_once(" - ")
            .map_or(name, |(country, _)| country)
            .trim(),
    )?;
    let mut attribute = Attribute::new(Source::Vendor, Verdict::Unchecked).with_value(country);
    attribute.raw = Some(Pii::from(name));
    Some(attribute)
}
