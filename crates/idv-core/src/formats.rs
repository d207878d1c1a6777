//! Tests of the stored formats. Applications store these types as JSON, so every file that any
//! version wrote must remain readable.
//!
//! `tests/formats/current` contains the format of this version, the folders beside it those of
//! earlier versions.

use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::report::{
    AdapterVersion, Alternative, Attribute, BirthPlace, Check, CheckKind, CheckResult, Country,
    DocumentKind, Evidence, EvidenceKind, Finding, Gender, Method, PersonalNumber,
    PersonalNumberKind, RawAnswer, Reason, Source, Verdict,
};
use crate::verification::tests as support;
use crate::{
    Channel, EvidenceId, NewVerification, Observation, Outcome, Pii, ProviderId, Reference, Report,
    ResultHandle, ResultState, Status, TrackerState, VendorId, Verification,
};

fn file(folder: &str, name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/formats")
        .join(folder)
        .join(name)
}

fn read<T: DeserializeOwned>(folder: &str, name: &str) -> (T, Value) {
    let path = file(folder, name);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    (
        serde_json::from_str(&text).unwrap(),
        serde_json::from_str(&text).unwrap(),
    )
}

/// Compares a value with its file, which `IDV_GENERATE=write` creates.
fn is_stored_as<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(
    value: &T,
    name: &str,
) {
    if std::env::var_os("IDV_GENERATE").is_some_and(|wanted| wanted == "write") {
        std::fs::write(
            file("current", name),
            serde_json::to_string_pretty(value).unwrap() + "\n",
        )
        .unwrap();
    }
    let (stored, json): (T, _) = read("current", name);
    assert_eq!(&stored, value, "{name}");
    assert_eq!(
        serde_json::to_value(value).unwrap(),
        json,
        "{name}: the stored format changed; keep the old file in a folder of its own"
    );
}

fn fetchable(mut observation: Observation) -> Observation {
    observation.result = ResultState::Fetchable(ResultHandle::new("handle-1"));
    observation
}

fn disputed() -> Verification {
    let mut verification = support::verification(&support::askable());
    for observation in [
        support::answer(Status::InProgress),
        fetchable(support::answer(Status::Finished(Outcome::Verified))),
        support::answer(Status::Finished(Outcome::Rejected)),
        support::said(Channel::Return, None),
    ] {
        verification.apply(&observation);
    }
    verification
}

fn attribute<T>(value: T) -> Attribute<T> {
    Attribute::new(Source::Mrz, Verdict::Valid).with_value(value)
}

fn report() -> Report {
    let text = |text: &str| Some(attribute(text.to_owned()));
    let germany = Country::from_alpha2("DE").unwrap();
    let mut report = Report::new(ProviderId::new("example"));
    report.reference = Some("6f1c2a9e1c1f4a6b".to_owned());
    report.vendor_id = Some(VendorId::new("V-1"));
    report.completed_at = Some("2026-01-01T12:00:00Z".parse().unwrap());
    (report.method, report.agent, report.acceptance) = (
        Some(Method::Video),
        Some("agent-7".into()),
        Some("strict-1".to_owned()),
    );
    let person = &mut report.person;
    person.given_names = text("ERIKA");
    if let Some(names) = &mut person.given_names {
        names.raw = Some("Erika".into());
        names.submitted = Some("Erika".to_owned().into());
        let mut other = Alternative::new(Source::Visual, Some(Pii::new("Erika".to_owned())), None);
        other.locale = Some("de".to_owned());
        names.alternatives.push(other);
    }
    (person.family_name, person.birth_name) = (text("MUSTERMANN"), text("GABLER"));
    person.birth_date = Some(attribute("1964-08".parse().unwrap()));
    let mut place = BirthPlace::from(attribute("BERLIN".to_owned()));
    (place.region, place.country) = (text("Berlin"), Some(attribute(germany)));
    person.birth_place = Some(place);
    person.nationalities = vec![
        attribute(germany),
        attribute(Country::from_alpha3("XXA").unwrap()),
    ];
    (person.gender, person.title) = (Some(attribute(Gender::Female)), text("Dr."));
    let address = &mut person.address;
    (address.street, address.house_number) = (text("Heidestrasse"), text("17"));
    (address.postal_code, address.city, address.country) =
        (text("51147"), text("Köln"), Some(attribute(germany)));
    (person.email, person.phone) = (text("erika@example.com"), text("+491701234567"));
    let mut number = PersonalNumber::from(attribute("00000000T".to_owned()));
    (number.kind, number.country) = (
        Some(PersonalNumberKind::NationalId),
        Country::from_alpha2("ES"),
    );
    person.personal_number = Some(number);
    let document = &mut report.document;
    document.kind = Some(attribute(DocumentKind::IdCard));
    (document.number, document.serial_number, document.issuer) =
        (text("T22000129"), text("7"), text("Stadt Köln"));
    document.issuing_country = Some(attribute(germany));
    document.issued_on = Some(attribute("2021-11-01".parse().unwrap()));
    document.expires_on = Some(attribute("2031-10-31".parse().unwrap()));
    document.licence_classes = Some(attribute(vec!["B".to_owned()]));
    let mut check =
        Check::new(CheckKind::DocumentAuthenticity, CheckResult::Passed).with_code("OK");
    check.score = Some(0.97);
    check.checks.push(Check::new(
        CheckKind::DocumentData,
        CheckResult::Inconclusive,
    ));
    report.checks.push(check);
    let mut finding = Finding::new(Reason::DocumentBlurry, "BLURRY");
    (finding.text, finding.permanent, finding.by_person) =
        (Some("blurry".into()), Some(false), Some(true));
    report.reasons.push(finding);
    let mut evidence = Evidence::new(EvidenceId::new("front"), EvidenceKind::DocumentFront);
    (evidence.media_type, evidence.name) =
        (Some("image/jpeg".to_owned()), Some("front.jpg".into()));
    report.evidence.push(evidence);
    report
        .custom
        .insert("custom1".to_owned(), Pii::new(json!({"any": ["shape", 1]})));
    report
        .answers
        .insert("contract".to_owned(), Pii::new(json!(true)));
    report.adapter = Some(AdapterVersion::new("0.1.0", "Example API, version 1"));
    report.raw = vec![RawAnswer::new(Some("application/json".to_owned()), "{}")].into();
    report
}

fn new_verification() -> NewVerification {
    NewVerification::builder(Reference::parse("6f1c2a9e1c1f4a6b").unwrap())
        .given_names("Erika")
        .family_name("Mustermann")
        .birth_date("1964-08-12")
        .nationality("DE")
        .country("DE")
        .phone("+491701234567")
        .locale("de-DE")
        .custom("custom1", "a")
        .build()
        .unwrap()
}

#[test]
fn stored_formats_match_the_files() {
    is_stored_as(&disputed(), "verification.json");
    is_stored_as(&disputed().id().clone(), "verification-id.json");
    is_stored_as(&report(), "report.json");
    is_stored_as(&new_verification(), "new-verification.json");
    let (state, json): (TrackerState, Value) = read("current", "tracker.json");
    assert_eq!(serde_json::to_value(&state).unwrap(), json);
}

#[test]
fn stored_outcome_is_read_back_after_the_model_grew() {
    let (verification, _): (Verification, _) = read("current", "verification.json");
    assert_eq!(verification.decision(), disputed().decision());
    assert_eq!(verification.decision(), crate::Decision::Disputed);
}

#[test]
fn report_with_a_single_nationality_is_read() {
    let (report, json): (Report, Value) = read("before-nationalities", "report.json");
    assert_eq!(json["person"]["nationality"]["value"], "DE");
    assert_eq!(
        report.person.nationalities[0].expose().unwrap().code(),
        "DE"
    );
    assert_eq!(
        report
            .person
            .birth_place
            .unwrap()
            .expose()
            .map(String::as_str),
        Some("BERLIN")
    );
    assert_eq!(
        report
            .person
            .personal_number
            .unwrap()
            .expose()
            .map(String::as_str),
        Some("00000000T")
    );
}
