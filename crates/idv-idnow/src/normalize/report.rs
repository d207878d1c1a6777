//! The report of an identification (chapter 13.1).

use idv_core::adapter::wire::Members;
use idv_core::report::{Address, Document, Person, Source};
use idv_core::{Pii, Report, Timestamp, VendorId};

use super::attribute::{attribute, classes};
use super::custom::Named;
use super::judgement::Judgement;
use super::{attachments, filled};
use crate::Idnow;
use crate::wire::{self, Identification};

/// The report of an identification. `beside` are members that stand beside it in its payload.
pub(super) fn report(
    identification: &Identification<'_>,
    judgement: Judgement,
    at: Option<Timestamp>,
    beside: &Members,
) -> Box<Report> {
    let process = &identification.identificationprocess;
    // A report is long: it is made where it stays.
    let mut report = Box::new(Report::new(Idnow::ID));
    report.reference = filled(process.transactionnumber.as_ref()).map(str::to_owned);
    report.vendor_id = filled(process.id.as_ref()).map(VendorId::new);
    report.completed_at = at;
    report.method = attachments::method(&identification.attachments);
    report.agent = filled(process.agentname.as_ref()).map(Pii::from);
    // If a person identified the other, the values are theirs; else the vendor does not say whose they are.
    let source = if report.agent.is_some() { Source::Agent } else { Source::Vendor };
    person(&mut report.person, identification, source);
    document(&mut report.document, &identification.identificationdocument, source);
    report.checks = judgement.checks;
    report.reasons = judgement.reasons;
    report.evidence = attachments::evidence(&identification.attachments);
    let mut named = Named::of(identification);
    named.members("", beside);
    report.custom = named.custom;
    report.answers = named.answers;
    report
}

/// Chapters 13.1.3 and 13.1.4.
fn person(person: &mut Person, identification: &Identification<'_>, source: Source) {
    let user = &identification.userdata;
    person.given_names = attribute(user.firstname.as_deref(), source);
    person.family_name = attribute(user.lastname.as_deref(), source);
    person.birth_name = attribute(user.birthname.as_deref(), source);
    person.birth_date = attribute(user.birthday.as_deref(), source);
    person.birth_place = attribute(user.birthplace.as_deref(), source).map(Into::into);
    person.nationalities.extend(attribute(user.nationality.as_deref(), source));
    person.gender = attribute(user.gender.as_deref(), source);
    person.title = attribute(user.title.as_deref(), source);
    person.personal_number = attribute(user.personalnumber.as_deref(), source).map(Into::into);
    address(&mut person.address, &user.address, source);
    // The application or the person said so; the vendor does not check it.
    person.email = attribute(identification.contactdata.email.as_deref(), Source::Submitted);
    person.phone = attribute(identification.contactdata.mobilephone.as_deref(), Source::Submitted);
}

/// Chapter 13.1.4. An account can be set to have the number in the street; it stays there.
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
    document.licence_classes = classes(wire.driversclasses.as_deref(), source);
}
