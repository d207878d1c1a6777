//! The report of an identification (chapter 13.1).

use std::collections::BTreeMap;

use idv_core::report::{Address, Check, CheckKind, CheckResult, Document, Finding, Person, Reason, Source};
use idv_core::{Pii, Report, Timestamp, VendorId};

use super::attribute::{attribute, classes};
use super::{ResultRow, attachments, filled, reasons};
use crate::Idnow;
use crate::wire::{self, Entry, Identification};

/// What an identification says of the person. `result` is the row of its result, where that is known.
pub(super) fn report(identification: &Identification<'_>, result: Option<&ResultRow>, at: Option<Timestamp>) -> Box<Report> {
    let process = &identification.identificationprocess;
    // A report is long: it is made where it stays.
    let mut report = Box::new(Report::new(Idnow::ID));
    report.reference = filled(process.transactionnumber.as_ref()).map(str::to_owned);
    report.vendor_id = filled(process.id.as_ref()).map(VendorId::new);
    report.completed_at = at;
    report.method = attachments::method(&identification.attachments);
    report.agent = filled(process.agentname.as_ref()).map(Pii::from);
    // Where a person identified the other, the values are theirs; else the vendor does not say whose they are.
    let source = if report.agent.is_some() { Source::Agent } else { Source::Vendor };
    person(&mut report.person, identification, source);
    document(&mut report.document, &identification.identificationdocument, source);
    if let Some(code) = filled(process.reason.as_ref()) {
        reason(&mut report, code);
    }
    if let Some(row) = result
        && let Some(review) = row.review
    {
        report.checks.push(Check::new(CheckKind::AgentReview, review).with_code(row.code));
    }
    report.evidence = attachments::evidence(&identification.attachments);
    report.custom = named(&identification.customdata);
    let tracking = [&process.trackingid, &identification.trackingid].into_iter().find_map(|text| filled(text.as_ref()));
    if let Some(tracking) = tracking {
        report.custom.insert("trackingid".to_owned(), Pii::from(tracking));
    }
    report.answers = named(&identification.questions);
    report
}

/// Chapters 13.1.3 and 13.1.4.
fn person(person: &mut Person, identification: &Identification<'_>, source: Source) {
    let user = &identification.userdata;
    person.given_names = attribute(user.firstname.as_deref(), source);
    person.family_name = attribute(user.lastname.as_deref(), source);
    person.birth_name = attribute(user.birthname.as_deref(), source);
    person.birth_date = attribute(user.birthday.as_deref(), source);
    person.birth_place = attribute(user.birthplace.as_deref(), source);
    person.nationality = attribute(user.nationality.as_deref(), source);
    person.gender = attribute(user.gender.as_deref(), source);
    person.title = attribute(user.title.as_deref(), source);
    address(&mut person.address, &user.address, source);
    // We or the person said so; nobody checked it.
    person.email = attribute(identification.contactdata.email.as_deref(), Source::Submitted);
    person.phone = attribute(identification.contactdata.mobilephone.as_deref(), Source::Submitted);
}

/// Chapter 13.1.4. An account can be set to have the number in the street, where it stays.
fn address(address: &mut Address, wire: &wire::Address<'_>, source: Source) {
    address.street = attribute(wire.street.as_deref(), source);
    address.house_number = attribute(wire.streetnumber.as_deref(), source);
    address.postal_code = attribute(wire.zipcode.as_deref(), source);
    address.city = attribute(wire.city.as_deref(), source);
    address.country = attribute(wire.country.as_deref(), source);
}

/// Chapter 13.1.5.
fn document(document: &mut Document, wire: &wire::IdentificationDocument<'_>, source: Source) {
    document.kind = attribute(wire.kind.as_deref(), source);
    document.number = attribute(wire.number.as_deref(), source);
    document.issuing_country = attribute(wire.country.as_deref(), source);
    document.issuer = attribute(wire.issuedby.as_deref(), source);
    document.issued_on = attribute(wire.dateissued.as_deref(), source);
    document.expires_on = attribute(wire.validuntil.as_deref(), source);
    document.licence_classes = classes(&wire.driversclasses, source);
}

/// A reason, and the check that it says has failed.
fn reason(report: &mut Report, code: &str) {
    let row = reasons::find(code);
    let mut finding = Finding::new(row.map_or(Reason::Unknown, |row| row.reason), code);
    finding.permanent = row.and_then(|row| row.permanent);
    report.reasons.push(finding);
    if let Some(kind) = row.and_then(|row| row.failed) {
        report.checks.push(Check::new(kind, CheckResult::Failed).with_code(code));
    }
}

/// Entries by name. Of a name that is repeated the last one counts.
fn named(entries: &[Entry<'_>]) -> BTreeMap<String, Pii<serde_json::Value>> {
    let named = entries.iter().filter_map(|entry| Some((filled(Some(&entry.name))?, filled(Some(&entry.value))?)));
    named.map(|(name, value)| (name.to_owned(), Pii::from(value))).collect()
}
