//! The fields of the person and of the document: each with its verdict, what had been submitted, and what it was before a review.

use idv_core::report::{Alternative, Attribute, Country, DocumentKind, Gender, Report, Source, Verdict};
use idv_core::{PartialDate, Pii};

use crate::wire::{Classes, Identification, Item, Text};

/// Fills in the person and the document.
pub(super) fn fill(report: &mut Report, identification: &Identification<'_>, source: Source) {
    let person = &mut report.person;
    if let Some(sent) = &identification.userdata {
        person.given_names = attribute(sent.firstname.as_ref(), source, name);
        person.family_name = attribute(sent.lastname.as_ref(), source, name);
        person.birth_name = attribute(sent.birthname.as_ref(), source, name);
        person.birth_date = attribute(sent.birthday.as_ref(), source, date);
        person.birth_place = attribute(sent.birthplace.as_ref(), source, name);
        person.nationality = attribute(sent.nationality.as_ref(), source, country);
        person.gender = attribute(sent.gender.as_ref(), source, gender);
        person.title = attribute(sent.title.as_ref(), source, name);
        person.personal_number = attribute(sent.personalnumber.as_ref(), source, name);
        if let Some(sent) = &sent.address {
            person.address.street = attribute(sent.street.as_ref(), source, name);
            person.address.house_number = attribute(sent.streetnumber.as_ref(), source, name);
            person.address.postal_code = attribute(sent.zipcode.as_ref(), source, name);
            person.address.city = attribute(sent.city.as_ref(), source, name);
            person.address.country = attribute(sent.country.as_ref(), source, country);
        }
    }
    if let Some(sent) = &identification.contactdata {
        person.email = contact(sent.email.as_ref());
        person.phone = contact(sent.mobilephone.as_ref());
    }
    if let Some(sent) = &identification.identificationdocument {
        let document = &mut report.document;
        document.kind = attribute(sent.kind.as_ref(), source, kind);
        document.number = attribute(sent.number.as_ref(), source, name);
        document.issuing_country = attribute(sent.country.as_ref(), source, country);
        document.issuer = attribute(sent.issuedby.as_ref(), source, name);
        document.issued_on = attribute(sent.dateissued.as_ref(), source, date);
        document.expires_on = attribute(sent.validuntil.as_ref(), source, date);
        document.licence_classes = sent.driversclasses.as_ref().and_then(|item| classes(item, source));
    }
}

/// Text that is not empty: what is, is absent.
pub(super) fn filled<'t>(text: &'t Text<'_>) -> Option<&'t str> {
    Some(text.expose().trim()).filter(|text| !text.is_empty())
}

/// A field, with the value that `read` makes of the vendor's word.
fn attribute<T>(item: Option<&Item<'_>>, source: Source, read: fn(&str) -> Option<T>) -> Option<Attribute<T>> {
    let item = item?;
    let (verdict, known) = verdict(item.status.as_ref());
    let source = if verdict == Verdict::Original { Source::Submitted } else { source };
    let mut attribute = Attribute::new(source, verdict);
    // What is withheld has no value, whatever is sent in its place.
    if let Some(word) = item.value.as_ref().and_then(filled).filter(|_| verdict != Verdict::Redacted) {
        (attribute.value, attribute.raw) = value(word, read);
    }
    if let Some(word) = item.original.as_ref().and_then(filled) {
        let (submitted, raw) = value(word, read);
        if submitted.is_none() {
            attribute.alternatives.push(Alternative::new(Source::Submitted, None, raw));
        }
        attribute.submitted = submitted;
    }
    // What the agent had before a reviewer corrected it (13.1.4, example 6).
    if let Some(word) = item.identification.as_ref().and_then(filled) {
        let (before, raw) = value(word, read);
        attribute.alternatives.push(Alternative::new(Source::Agent, before, raw));
    }
    let says_something = attribute.value.is_some() || attribute.raw.is_some() || attribute.submitted.is_some();
    (says_something || known || !attribute.alternatives.is_empty()).then_some(attribute)
}

/// A word as a value, and the word itself where it is no value.
fn value<T>(word: &str, read: fn(&str) -> Option<T>) -> (Option<Pii<T>>, Option<Pii<String>>) {
    match read(word) {
        Some(value) => (Some(Pii::new(value)), None),
        None => (None, Some(word.into())),
    }
}

/// What the status of a field means (13.1.4), and whether there is one that is known. `REDACTION` stands in the samples of 13.3 and 13.4
/// and in no table.
fn verdict(status: Option<&Text<'_>>) -> (Verdict, bool) {
    let verdict = match status.map(Text::expose) {
        Some("MATCH") => Verdict::Match,
        Some("CHANGE") => Verdict::Changed,
        Some("NEW") => Verdict::New,
        Some("ORIGINAL") => Verdict::Original,
        Some("REDACTION") => Verdict::Redacted,
        _ => return (Verdict::Unchecked, false),
    };
    // Of what is only said to be new or a match, without any value, nothing is known.
    (verdict, matches!(verdict, Verdict::Redacted))
}

/// What was passed along, or what the person changed it to during the process (13.1.3): nobody checks it against a document.
fn contact(text: Option<&Text<'_>>) -> Option<Attribute<String>> {
    let text = text.and_then(filled)?;
    Some(Attribute::new(Source::Submitted, Verdict::Unchecked).with_value(text.to_owned()))
}

fn classes(item: &Item<'_, Classes<'_>>, source: Source) -> Option<Attribute<Vec<String>>> {
    let (verdict, known) = verdict(item.status.as_ref());
    let classes = item.value.as_ref().map(|classes| classes.0.iter().map(|class| class.expose().to_owned()).collect());
    let attribute = Attribute::new(source, verdict);
    match classes {
        Some(classes) if verdict != Verdict::Redacted => Some(attribute.with_value(classes)),
        _ => known.then_some(attribute),
    }
}

fn name(word: &str) -> Option<String> {
    Some(word.to_owned())
}

fn date(word: &str) -> Option<PartialDate> {
    word.parse().ok()
}

fn country(word: &str) -> Option<Country> {
    Country::from_alpha2(word)
}

fn gender(word: &str) -> Option<Gender> {
    Some(match word {
        "MALE" => Gender::Male,
        "FEMALE" => Gender::Female,
        _ => return None,
    })
}

/// Table 13.1.5.
fn kind(word: &str) -> Option<DocumentKind> {
    Some(match word {
        "IDCARD" => DocumentKind::IdCard,
        "PASSPORT" => DocumentKind::Passport,
        "DRIVERS_LICENSE" => DocumentKind::DrivingLicence,
        "RESIDENCE_TITLE" => DocumentKind::ResidencePermit,
        _ => return None,
    })
}
