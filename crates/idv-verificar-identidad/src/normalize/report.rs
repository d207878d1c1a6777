//! Builds the report of a verification from `Result` and the members around it.

use idv_core::adapter::non_empty;
use idv_core::report::{
    Alternative, Attribute, Check, CheckKind, CheckResult, Country, Evidence, EvidenceKind, Field,
    Method, PersonalNumber, PersonalNumberKind, Source, Verdict,
};
use idv_core::{EvidenceId, Outcome, Pii, Report, Status, VendorId};

use super::attribute::{attribute, read, unread};
use super::codes::StateRow;
use super::judge::Judgement;
use super::number::{self, Requested};
use super::{PROVIDER, custom};
use crate::dni;
use crate::evidence::CERTIFICATE;
use crate::wire::{self, Card, IdentityResult};

/// The fields that a report of this vendor can fill.
pub const REPORT_FIELDS: &[Field] = &[
    Field::CompletedAt,
    Field::Method,
    Field::GivenNames,
    Field::FamilyName,
    Field::BirthDate,
    Field::Nationalities,
    Field::Gender,
    Field::Phone,
    Field::PersonalNumber,
    Field::DocumentKind,
    Field::DocumentNumber,
    Field::SerialNumber,
    Field::IssuingCountry,
    Field::ExpiresOn,
    Field::Checks,
    Field::Reasons,
    Field::Evidence,
    Field::Custom,
];

/// Builds the report about the person.
///
/// - Data of the document is `valid` if the verification is verified, otherwise `unchecked`. The
///   number is a `match` or `changed` if one was requested, and `invalid` if a Spanish check letter
///   is wrong.
/// - An empty text means absence, and so does `N/A` beside `Si` and `No` or instead of a number.
/// - `custom` has the values beyond the model, by the vendor's path: `Acceso.IP`,
///   `Posicion.Direccion`, `Result.Barba`; also undocumented members in their own shape, and words
///   of checks that are neither yes nor no.
pub(super) fn report(
    payload: &wire::Report<'_>,
    found: &IdentityResult<'_>,
    card: &Card<'_>,
    mut judgement: Judgement,
    row: Option<&StateRow>,
    status: Option<Status>,
) -> Box<Report> {
    let verified = status == Some(Status::Finished(Outcome::Verified));
    let verdict = if verified {
        Verdict::Valid
    } else {
        Verdict::Unchecked
    };
    // A report is large: building it in place avoids moving it.
    let mut report = Box::new(Report::new(PROVIDER));
    report.vendor_id = non_empty(payload.id.as_ref()).map(VendorId::new);
    report.method = Some(Method::Auto);
    person(&mut report, payload, card, verdict);
    document(&mut report, payload, found, card, &judgement, verdict);
    match row.map(|row| row.status) {
        Some(Status::Finished(Outcome::Verified)) => {
            let certificate = Evidence::new(EvidenceId::new(CERTIFICATE), EvidenceKind::ReportPdf);
            report
                .evidence
                .push(certificate.with_media_type("application/pdf"));
        }
        Some(Status::Finished(Outcome::Rejected)) => {
            judgement.reject(found, payload);
            let code = row.map(|row| row.code.to_string()).unwrap_or_default();
            judgement
                .checks
                .push(Check::new(CheckKind::AgentReview, CheckResult::Failed).with_code(code));
        }
        _ => {}
    }
    report.custom = custom::of_report(payload, found, card, &judgement.checks).into_values();
    report.checks = judgement.checks;
    report.reasons = judgement.reasons;
    report
}

fn person(report: &mut Report, payload: &wire::Report<'_>, card: &Card<'_>, verdict: Verdict) {
    let person = &mut report.person;
    match non_empty(card.name.as_ref()).map(|name| (name, name.split_once(','))) {
        Some((name, Some((family, given))))
            if family.trim().is_empty() && given.trim().is_empty() =>
        {
            person.family_name = Some(unread(name, verdict));
        }
        Some((_, Some((family, given)))) => {
            let part = |part: &str| {
                Some(part.trim())
                    .filter(|part| !part.is_empty())
                    .map(|part| read(part, verdict))
            };
            person.family_name = part(family);
            person.given_names = part(given);
        }
        // The name has no comma between its parts.
        Some((name, None)) => person.family_name = Some(unread(name, verdict)),
        None => {}
    }
    person.birth_date = attribute(card.birth_date.as_ref(), verdict);
    person
        .nationalities
        .extend(attribute(card.nationality.as_ref(), verdict));
    person.gender = attribute(card.sex.as_ref(), verdict);
    // The report only repeats the number of the request.
    person.phone = non_empty(payload.phone.as_ref()).map(|phone| {
        let mut attribute = Attribute::new(Source::Submitted, Verdict::Original);
        let digits = phone.trim_start_matches('+');
        attribute.submitted = Some(Pii::new(format!("+{digits}")));
        attribute
    });
}

fn document(
    report: &mut Report,
    payload: &wire::Report<'_>,
    found: &IdentityResult<'_>,
    card: &Card<'_>,
    judgement: &Judgement,
    verdict: Verdict,
) {
    let document = &mut report.document;
    document.kind = attribute(card.kind.as_ref(), verdict);
    document.serial_number = attribute(card.serial_number.as_ref(), verdict);
    document.issuing_country = attribute(card.country.as_ref(), verdict);
    document.expires_on = attribute(card.expires_on.as_ref(), verdict);

    let mut numbers = number::read(payload, found, card);
    let requested = number::requested(payload, found).next();
    let mut attribute = match (numbers.next(), requested) {
        (Some(number), _) => read::<String>(number, verdict),
        (None, Some(_)) => Attribute::new(Source::Submitted, Verdict::Original),
        (None, None) => return,
    };
    for other in numbers {
        let known = |it: &Alternative<String>| {
            it.value
                .as_ref()
                .is_some_and(|value| value.expose() == other)
        };
        if attribute.expose().is_none_or(|value| value != other)
            && !attribute.alternatives.iter().any(known)
        {
            attribute.alternatives.push(Alternative::new(
                Source::Visual,
                Some(Pii::from(other)),
                None,
            ));
        }
    }
    if attribute.value.is_some() {
        match judgement.requested {
            Requested::Matches => attribute.verdict = Verdict::Match,
            Requested::Differs => attribute.verdict = Verdict::Changed,
            Requested::No | Requested::Unread => {}
        }
    }
    attribute.submitted = requested.map(Pii::from);
    if judgement.letter == Some(false) {
        attribute.verdict = Verdict::Invalid;
    }
    if let (Some(holds), Some(value)) = (judgement.letter, attribute.expose()) {
        let mut number =
            PersonalNumber::from(read(value, if holds { verdict } else { Verdict::Invalid }));
        let is_of_foreigner = dni::plain(value).starts_with(['X', 'Y', 'Z']);
        number.kind = Some(if is_of_foreigner {
            PersonalNumberKind::ForeignResident
        } else {
            PersonalNumberKind::NationalId
        });
        number.country = Country::from_alpha2("ES");
        report.person.personal_number = Some(number);
    }
    document.number = Some(attribute);
}
