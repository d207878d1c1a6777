//! The report of a verification: what stands in `Result`, and around it.

use std::collections::BTreeMap;

use idv_core::report::{
    Alternative, Attribute, Check, CheckKind, CheckResult, Country, Evidence, EvidenceKind, Field, Finding, Method, Reason,
    Source, Verdict,
};
use idv_core::{EvidenceId, Outcome, Pii, Report, Result, Status, Text, VendorId};

use super::attribute::{attribute, read};
use super::codes::{OF_AGE, SIMILAR, StateRow, find_result};
use super::{PROVIDER, filled};
use crate::dni;
use crate::evidence::CERTIFICATE;
use crate::wire::{self, Card, IdentityResult};

/// The fields that a report of this vendor can ever fill.
pub const REPORT_FIELDS: &[Field] = &[
    Field::CompletedAt,
    Field::Method,
    Field::GivenNames,
    Field::FamilyName,
    Field::BirthDate,
    Field::Nationality,
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

/// What a report of the vendor says of the person.
///
/// - What was read off the document is `valid` once the vendor has validated the verification (5100), else `unchecked`. The number is a
///   `match` or `changed` where one had been asked for, and `invalid` where the letter of a Spanish one is wrong.
/// - `N/A` and the empty text are absence.
/// - `custom` has what the model has no place for, by the vendor's path: `Acceso.IP`, `Posicion.Direccion`, `Result.Barba`; also what
///   the document does not name, and words of checks that are neither yes nor no.
///
/// # Errors
///
/// [`Malformed`](idv_core::ErrorKind::Malformed) where `DNI` is not well formed: half a result is no result.
pub(super) fn report(told: &wire::Report<'_>, found: &IdentityResult<'_>, state: Option<&StateRow>) -> Result<Box<Report>> {
    let card = found.card()?;
    let status = state.map(|row| row.status);
    let verified = status == Some(Status::Finished(Outcome::Verified));
    // A report is long: it is made where it stays.
    let mut report = Box::new(Report::new(PROVIDER));
    report.vendor_id = filled(told.id.as_ref()).map(VendorId::new);
    report.method = Some(Method::Auto);
    let verdict = if verified { Verdict::Valid } else { Verdict::Unchecked };
    person(&mut report, told, &card, verdict);
    document(&mut report, told, found, &card, verdict);
    let outcome = outcome(found);
    checks(&mut report, found, &card, outcome);
    judge(&mut report, found, outcome, state);
    if verified {
        let mut certificate = Evidence::new(EvidenceId::new(CERTIFICATE), EvidenceKind::ReportPdf);
        certificate.media_type = Some("application/pdf".to_owned());
        report.evidence.push(certificate);
    }
    report.custom = custom(told, found, &card);
    Ok(report)
}

/// `Resultado` as a number.
pub(super) fn outcome(found: &IdentityResult<'_>) -> Option<f64> {
    number(found.outcome.as_ref())
}

fn person(report: &mut Report, told: &wire::Report<'_>, card: &Card<'_>, verdict: Verdict) {
    let person = &mut report.person;
    match filled(card.name.as_ref()).map(|name| (name, name.split_once(','))) {
        Some((_, Some((family, given)))) => {
            let part = |part: &str| Some(part.trim()).filter(|part| !part.is_empty()).map(|part| read(part, verdict));
            person.family_name = part(family);
            person.given_names = part(given);
        }
        // Which part of it is what nobody can tell.
        Some((name, None)) => {
            let mut attribute = Attribute::new(Source::Visual, verdict);
            attribute.raw = Some(Pii::from(name));
            person.family_name = Some(attribute);
        }
        None => {}
    }
    person.birth_date = attribute(card.birth_date.as_ref(), verdict);
    person.nationality = attribute(card.nationality.as_ref(), verdict);
    person.gender = attribute(card.sex.as_ref(), verdict);
    // What we had sent, and nothing else.
    person.phone = filled(told.phone.as_ref()).map(|phone| {
        let mut attribute = Attribute::new(Source::Submitted, Verdict::Original);
        let digits = phone.trim_start_matches('+');
        attribute.submitted = Some(Pii::new(format!("+{digits}")));
        attribute
    });
}

fn document(report: &mut Report, told: &wire::Report<'_>, found: &IdentityResult<'_>, card: &Card<'_>, verdict: Verdict) {
    let document = &mut report.document;
    document.kind = attribute(card.kind.as_ref(), verdict);
    document.serial_number = attribute(card.serial_number.as_ref(), verdict);
    document.issuing_country = attribute(card.country.as_ref(), verdict);
    document.expires_on = attribute(card.expires_on.as_ref(), verdict);

    let sides = [&found.number_front, &told.number_front, &found.number_back, &told.number_back];
    let mut read_numbers = [&card.number].into_iter().chain(sides).filter_map(|text| filled(text.as_ref()));
    let requested = filled(found.requested_number.as_ref()).or_else(|| filled(told.requested_number.as_ref()));
    let mut number = match (read_numbers.next(), requested) {
        (Some(number), _) => read::<String>(number, verdict),
        (None, Some(_)) => Attribute::new(Source::Submitted, Verdict::Original),
        (None, None) => return,
    };
    for other in read_numbers {
        let known = |it: &Alternative<String>| it.value.as_ref().is_some_and(|value| value.expose() == other);
        if number.expose().is_none_or(|value| value != other) && !number.alternatives.iter().any(known) {
            number.alternatives.push(Alternative::new(Source::Visual, Some(Pii::from(other)), None));
        }
    }
    if let (Some(requested), Some(value)) = (requested, number.expose()) {
        let same = value.eq_ignore_ascii_case(requested);
        number.verdict = if same { Verdict::Match } else { Verdict::Changed };
    }
    number.submitted = requested.map(Pii::from);
    let letter = number.expose().and_then(|value| letter(value, document.issuing_country.as_ref()));
    if letter == Some(false) {
        number.verdict = Verdict::Invalid;
    }
    if let (Some(_), Some(value)) = (letter, number.expose()) {
        let verdict = if letter == Some(false) { Verdict::Invalid } else { verdict };
        report.person.personal_number = Some(read(value, verdict));
    }
    document.number = Some(number);
}

/// Whether the letter of a Spanish number is right; none where the number is not Spain's.
fn letter(number: &str, country: Option<&Attribute<Country>>) -> Option<bool> {
    let elsewhere = country.and_then(Attribute::expose).is_some_and(|country| country.code() != "ES");
    if elsewhere { None } else { dni::letter_holds(number) }
}

/// What the vendor measured, each under its own name of it.
fn checks(report: &mut Report, found: &IdentityResult<'_>, card: &Card<'_>, outcome: Option<f64>) {
    let mut add = |kind: CheckKind, result: CheckResult, score: Option<f64>, code: &str| {
        let mut check = Check::new(kind, result).with_code(code);
        check.score = score;
        report.checks.push(check);
    };
    let measured = number(found.similarity.as_ref()).map(|percent| (percent, "ParecidoPersonaDNI"));
    // A result that is no code is the same measurement.
    let measured = measured.or(outcome.map(|percent| (percent, "Resultado")));
    if let Some((percent, code)) = measured.filter(|(percent, _)| (0.0..=100.0).contains(percent)) {
        let result = if percent > SIMILAR { CheckResult::Passed } else { CheckResult::Inconclusive };
        add(CheckKind::FaceMatch, result, Some(percent / 100.0), code);
    }
    for (kind, text, good, code) in [
        (CheckKind::Liveness, &found.liveness, true, "PruebaDeVida"),
        (CheckKind::SamePerson, &found.same_person, true, "ProcesoRelizadoMismaPersona"),
        (CheckKind::DocumentSides, &found.sides_match, true, "AnversoReversoCoinciden"),
        (CheckKind::DocumentExpiry, &card.expired, false, "Caducado"),
        (CheckKind::RequestedNumber, &found.requested_number_matches, true, "DNISolicitadoCoincide"),
    ] {
        let Some(word) = filled(text.as_ref()) else { continue };
        let result = match yes(word) {
            Some(said) if said == good => CheckResult::Passed,
            Some(_) => CheckResult::Failed,
            None => CheckResult::Inconclusive,
        };
        add(kind, result, None, code);
    }
    if let Some(age) = filled(card.age.as_ref()).and_then(|age| age.parse::<u32>().ok()) {
        add(CheckKind::Age, if age >= OF_AGE { CheckResult::Passed } else { CheckResult::Failed }, None, "Edad");
    }
    let number = report.document.number.as_ref().and_then(Attribute::expose);
    let holds = number.and_then(|number| letter(number, report.document.issuing_country.as_ref()));
    if let Some(holds) = holds {
        let result = if holds { CheckResult::Passed } else { CheckResult::Failed };
        report.checks.push(Check::new(CheckKind::DocumentData, result).with_code("DNI"));
        if !holds {
            report.reasons.push(Finding::new(Reason::DocumentChecksumWrong, "DNI"));
        }
    }
}

/// What the code of the result, and the operator, add to that.
fn judge(report: &mut Report, found: &IdentityResult<'_>, outcome: Option<f64>, state: Option<&StateRow>) {
    let rejected = state.is_some_and(|row| row.status == Status::Finished(Outcome::Rejected));
    // A number that is not negative is a similarity.
    if let Some(code) = filled(found.outcome.as_ref()).filter(|_| outcome.is_none_or(|outcome| outcome < 0.0)) {
        match outcome.and_then(find_result) {
            Some(row) => {
                if let Some((kind, result)) = row.check {
                    settle(&mut report.checks, kind, result, code);
                }
                if let Some(reason) = row.reason.filter(|_| rejected || !row.to_be_judged) {
                    report.reasons.push(Finding::new(reason, code));
                }
            }
            None => report.reasons.push(Finding::new(Reason::Unknown, code)),
        }
    }
    if rejected && let Some(row) = state {
        let code = row.code.to_string();
        report.checks.push(Check::new(CheckKind::AgentReview, CheckResult::Failed).with_code(code));
    }
}

/// The code of the result overrules what was measured, unless that failed already.
fn settle(checks: &mut Vec<Check>, kind: CheckKind, result: CheckResult, code: &str) {
    match checks.iter_mut().find(|check| check.kind == kind) {
        Some(check) if check.result == CheckResult::Failed && result != CheckResult::Failed => {}
        Some(check) => {
            check.result = result;
            check.code = Some(code.to_owned());
        }
        None => checks.push(Check::new(kind, result).with_code(code)),
    }
}

/// What the model has no place for, by the vendor's path.
fn custom(told: &wire::Report<'_>, found: &IdentityResult<'_>, card: &Card<'_>) -> BTreeMap<String, Pii<serde_json::Value>> {
    let (access, position, device) = (told.access(), told.position(), told.device());
    let coordinates = position.coordinates();
    let named = [
        ("Acceso.Fecha", &access.at),
        ("Acceso.IP", &access.ip),
        ("Acceso.Puerto", &access.port),
        ("Dispositivo.SysOp", &device.operating_system),
        ("Dispositivo.browser", &device.browser),
        ("Dispositivo.displayResolution", &device.resolution),
        ("Posicion.Coordenadas.Altura", &coordinates.altitude),
        ("Posicion.Coordenadas.Latitud", &coordinates.latitude),
        ("Posicion.Coordenadas.Longitud", &coordinates.longitude),
        ("Posicion.Coordenadas.Precision", &coordinates.precision),
        ("Posicion.Direccion", &position.address),
        ("Result.Barba", &found.beard),
        ("Result.Bigote", &found.moustache),
        ("Result.Dispositivo", &found.device),
        ("Result.GafasLectura", &found.reading_glasses),
        ("Result.GafasSol", &found.sunglasses),
        ("Result.RangoAparenteEdad", &found.apparent_age),
        ("Result.Resultado", &found.outcome),
        ("Result.Sexo", &found.apparent_sex),
    ];
    // In their order already, and in one piece of memory: the map takes them over as they are.
    let mut kept = Vec::with_capacity(named.len());
    for (name, text) in named {
        if let Some(text) = filled(text.as_ref()) {
            kept.push((name.to_owned(), Pii::from(text)));
        }
    }
    let mut custom = BTreeMap::from_iter(kept);
    // A word that is neither yes nor no stands in no check.
    for (name, text) in [
        ("Result.AnversoReversoCoinciden", &found.sides_match),
        ("Result.DNI.Caducado", &card.expired),
        ("Result.DNISolicitadoCoincide", &found.requested_number_matches),
        ("Result.ProcesoRelizadoMismaPersona", &found.same_person),
        ("Result.PruebaDeVida", &found.liveness),
    ] {
        if let Some(word) = filled(text.as_ref()).filter(|word| yes(word).is_none()) {
            custom.insert(name.to_owned(), Pii::from(word));
        }
    }
    if let Some(age) = filled(card.age.as_ref()).filter(|age| age.parse::<u32>().is_err()) {
        custom.insert("Result.DNI.Edad".to_owned(), Pii::from(age));
    }
    for (path, others) in [("", &told.others), ("Result.", &found.others), ("Result.DNI.", &card.others)] {
        for (name, value) in others {
            if let Some(value) = filled(Some(value)) {
                custom.entry(format!("{path}{}", name.expose())).or_insert_with(|| Pii::from(value));
            }
        }
    }
    custom
}

/// `Si` or `No`, with its accent or without.
fn yes(word: &str) -> Option<bool> {
    match word {
        "Si" | "SI" | "si" | "Sí" | "SÍ" | "sí" | "true" | "1" => Some(true),
        "No" | "NO" | "no" | "false" | "0" => Some(false),
        _ => None,
    }
}

fn number(text: Option<&Text<'_>>) -> Option<f64> {
    let text = filled(text)?.trim_end_matches('%').trim_end();
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    if plain { text.parse().ok() } else { None }
}
