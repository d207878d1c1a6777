//! The fields of the person and of the document: each with its verdict, what had been submitted, and what it was before a review.

use idv_core::report::{Alternative, Attribute, Country, DocumentKind, Gender, Report, Source, Verdict};
use idv_core::{PartialDate, Pii};

use crate::wire::{Classes, Identification, Item, Text};

/// Fills in the person and the document.
pub(super) fn fill(report: &mut Report, identification: &Identification<'_>, source: Source) {
    let (person, sent) = (&mut report.person, &identification.userdata);
    person.given_names = attribute(&sent.firstname, source, name);
    person.family_name = attribute(&sent.lastname, source, name);
    person.birth_name = attribute(&sent.birthname, source, name);
    person.birth_date = attribute(&sent.birthday, source, date);
    person.birth_place = attribute(&sent.birthplace, source, name);
    person.nationality = attribute(&sent.nationality, source, country);
    person.gender = attribute(&sent.gender, source, gender);
    person.title = attribute(&sent.title, source, name);
    person.email = contact(&identification.contactdata.email);
    person.phone = contact(&identification.contactdata.mobilephone);
    let (address, sent) = (&mut person.address, &sent.address);
    address.street = attribute(&sent.street, source, name);
    address.house_number = attribute(&sent.streetnumber, source, name);
    address.postal_code = attribute(&sent.zipcode, source, name);
    address.city = attribute(&sent.city, source, name);
    address.country = attribute(&sent.country, source, country);
    let (document, sent) = (&mut report.document, &identification.identificationdocument);
    document.kind = attribute(&sent.kind, source, kind);
    document.number = attribute(&sent.number, source, name);
    document.issuing_country = attribute(&sent.country, source, country);
    document.issuer = attribute(&sent.issuedby, source, name);
    document.issued_on = attribute(&sent.dateissued, source, date);
    document.expires_on = attribute(&sent.validuntil, source, date);
    document.licence_classes = classes(&sent.driversclasses, source);
}

/// Text that is not empty: what is, is absent.
pub(super) fn filled<'t>(text: &'t Text<'_>) -> Option<&'t str> {
    Some(text.expose().trim()).filter(|text| !text.is_empty())
}

/// A field, with the value that `read` makes of the vendor's word.
fn attribute<T>(item: &Option<Box<Item<'_>>>, source: Source, read: fn(&str) -> Option<T>) -> Option<Attribute<T>> {
    let item = item.as_ref()?;
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
fn contact(item: &Option<Box<Item<'_>>>) -> Option<Attribute<String>> {
    let item = item.as_ref()?;
    let text = item.value.as_ref().or(item.original.as_ref()).and_then(filled)?;
    Some(Attribute::new(Source::Submitted, Verdict::Unchecked).with_value(text.to_owned()))
}

fn classes(item: &Classes<'_>, source: Source) -> Option<Attribute<Vec<String>>> {
    if item.is_empty() {
        return None;
    }
    let (verdict, _) = verdict(item.status.as_ref());
    let list = |classes: &[Text<'_>]| {
        let classes: Vec<String> = classes.iter().filter_map(filled).map(str::to_owned).collect();
        (!classes.is_empty()).then(|| Pii::new(classes))
    };
    let mut attribute = Attribute::new(source, verdict);
    attribute.value = list(&item.value).filter(|_| verdict != Verdict::Redacted);
    attribute.submitted = list(&item.original);
    if let Some(before) = list(&item.identification) {
        attribute.alternatives.push(Alternative::new(Source::Agent, Some(before), None));
    }
    Some(attribute)
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
