//! The normalization of the document's samples and of additional ones.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod fixture;

use fixture::{FORMS, fixture, named, reports, text};
use idv_core::report::{
    Check, CheckKind, CheckResult, Country, DocumentKind, Field, Gender, Reason, Report, Source,
    Verdict,
};
use idv_core::{Channel, Observation, Outcome, Status};
use idv_verificar_identidad::normalize::{self, REPORT_FIELDS};

fn observe(name: &str) -> Observation {
    let page = normalize::kind(&fixture(name), "callback")
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!((page.observations.len(), page.unreadable), (1, 0), "{name}");
    page.observations.into_iter().next().unwrap()
}

fn report(name: &str) -> Report {
    observe(name)
        .report()
        .unwrap_or_else(|| panic!("{name} has no report"))
        .clone()
}

fn check(report: &Report, kind: CheckKind) -> Option<&Check> {
    let mut found = report.checks.iter().filter(|check| check.kind == kind);
    let first = found.next();
    assert!(found.next().is_none(), "{kind:?} is there twice");
    first
}

fn result(report: &Report, kind: CheckKind) -> Option<CheckResult> {
    check(report, kind).map(|check| check.result)
}

fn reasons(report: &Report) -> Vec<(Reason, &str)> {
    report
        .reasons
        .iter()
        .map(|finding| (finding.reason, finding.code.as_str()))
        .collect()
}

#[test]
fn every_report_matches_its_snapshot() {
    // The other formats give the same report: see below.
    for name in reports()
        .into_iter()
        .filter(|name| !FORMS[1..].contains(&name.as_str()))
    {
        let page = normalize::kind(&fixture(&name), "callback")
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        // The order of JSON members depends on the build's features of serde_json.
        insta::with_settings!({ sort_maps => true }, { insta::assert_json_snapshot!(name.replace('.', "-"), page.observations) });
    }
}

#[test]
fn every_fixture_is_listed_in_the_readme() {
    let explained = text("README.md");
    for name in named(&[""]).iter().filter(|name| *name != "README.md") {
        assert!(
            explained.contains(&format!("`{name}`")),
            "{name} is not in the table of fixtures"
        );
    }
}

#[test]
fn report_is_equal_in_every_format() {
    let expected = observe(FORMS[0]);
    assert!(
        expected.report().unwrap().custom.len() > 15,
        "the sample has everything"
    );
    for form in FORMS {
        let observation = observe(form);
        assert_eq!(
            serde_json::to_string(&observation).unwrap(),
            serde_json::to_string(&expected).unwrap(),
            "{form} is another report"
        );
        assert_eq!(observation, expected, "{form}");
    }
}

#[test]
fn documents_sample_leans_to_verified() {
    let observation = observe("report.json");
    assert_eq!(
        observation.status,
        Some(Status::InReview {
            leaning: Some(Outcome::Verified)
        })
    );
    assert_eq!(
        (observation.code.as_deref(), observation.channel),
        (Some("5001"), Channel::Callback)
    );
    assert_eq!(observation.at.unwrap().to_string(), "2021-10-10T08:10:00Z");
    assert_eq!(
        observation.subject.vendor_id.as_ref().unwrap().as_str(),
        "299846332"
    );
    assert!(observation.subject.reference.is_none() && !observation.trust.is_proven());

    let report = observation.report().unwrap();
    let person = &report.person;
    let family = person.family_name.as_ref().unwrap();
    assert_eq!(
        (
            family.expose().unwrap().as_str(),
            family.source,
            family.verdict
        ),
        ("APARICIO GARCIA", Source::Visual, Verdict::Unchecked)
    );
    assert_eq!(
        person.given_names.as_ref().unwrap().expose().unwrap(),
        "RAFAEL"
    );
    let birth_date = person.birth_date.as_ref().unwrap();
    assert_eq!(birth_date.expose().unwrap().to_string(), "1955-12-18");
    assert_eq!(birth_date.raw.as_ref().unwrap().expose(), "18/12/1955");
    let nationality = &person.nationalities[0];
    assert_eq!(
        (
            nationality.expose().unwrap().code(),
            nationality.raw.as_ref().unwrap().expose().as_str()
        ),
        ("ES", "ESP")
    );
    assert_eq!(
        person.gender.as_ref().unwrap().expose(),
        Some(&Gender::Male)
    );
    assert_eq!(
        person.personal_number.as_ref().unwrap().expose().unwrap(),
        "00000000T"
    );
    let phone = person.phone.as_ref().unwrap();
    assert_eq!(
        (
            phone.value.is_none(),
            phone.submitted.as_ref().unwrap().expose().as_str()
        ),
        (true, "+34600000000")
    );

    let document = &report.document;
    assert_eq!(
        document.kind.as_ref().unwrap().expose(),
        Some(&DocumentKind::IdCard)
    );
    let number = document.number.as_ref().unwrap();
    // At its top level the sample has a requested number.
    assert_eq!(
        (number.expose().unwrap().as_str(), number.verdict),
        ("00000000T", Verdict::Match)
    );
    assert!(number.alternatives.is_empty());
    assert_eq!(
        document.serial_number.as_ref().unwrap().expose().unwrap(),
        "BGT78666"
    );
    assert_eq!(
        document
            .issuing_country
            .as_ref()
            .unwrap()
            .expose()
            .unwrap()
            .code(),
        "ES"
    );
    assert_eq!(
        document
            .expires_on
            .as_ref()
            .unwrap()
            .expose()
            .unwrap()
            .to_string(),
        "2027-10-19"
    );

    for kind in [
        CheckKind::FaceMatch,
        CheckKind::Liveness,
        CheckKind::SamePerson,
        CheckKind::DocumentSides,
        CheckKind::DocumentExpiry,
        CheckKind::Age,
        CheckKind::DocumentData,
    ] {
        assert_eq!(result(report, kind), Some(CheckResult::Passed), "{kind:?}");
    }
    let similarity = check(report, CheckKind::FaceMatch).unwrap().score.unwrap();
    assert!(
        (similarity - 0.939_578_475_952_148).abs() < 1e-12,
        "{similarity}"
    );
    // N/A means absence.
    assert_eq!(check(report, CheckKind::RequestedNumber), None);
    assert!(
        report.reasons.is_empty() && report.evidence.is_empty() && report.completed_at.is_none()
    );
    for (path, value) in [
        ("Acceso.IP", "85.10.20.221"),
        (
            "Posicion.Direccion",
            "C. de las calles, 8B, 28333 Madrid, Spain",
        ),
        ("Posicion.Coordenadas.Longitud", "-1.6592592"),
        ("Dispositivo.SysOp", "Android 11"),
        ("Result.Sexo", "Hombre con probabilidad de 99.599784851074%"),
        ("Result.Barba", "No"),
        ("Result.RangoAparenteEdad", "44-62"),
    ] {
        assert_eq!(report.custom[path].expose(), value, "{path}");
    }
}

#[test]
fn validated_verification_has_a_certificate() {
    let observation = observe("own-report-validated.json");
    assert_eq!(
        observation.status,
        Some(Status::Finished(Outcome::Verified))
    );
    let report = observation.report().unwrap();
    assert_eq!(report.completed_at, observation.at);
    assert_eq!(
        report.person.birth_date.as_ref().unwrap().verdict,
        Verdict::Valid
    );
    assert_eq!(report.evidence.len(), 1);
    assert_eq!(
        (
            report.evidence[0].id.as_str(),
            report.evidence[0].media_type.as_deref()
        ),
        ("certificate", Some("application/pdf"))
    );
    assert_eq!(
        check(report, CheckKind::AgentReview),
        None,
        "the document does not say that a person looked"
    );

    let report = self::report("own-report-validated-number.json");
    assert_eq!(
        result(&report, CheckKind::RequestedNumber),
        Some(CheckResult::Passed)
    );
    assert_eq!(report.document.number.unwrap().verdict, Verdict::Match);
}

#[test]
fn rejected_verification_has_reasons_and_review() {
    let observation = observe("own-report-rejected.json");
    assert_eq!(
        observation.status,
        Some(Status::Finished(Outcome::Rejected))
    );
    let report = observation.report().unwrap();
    assert_eq!(reasons(report), [(Reason::DocumentNumberWrong, "-9")]);
    let requested = check(report, CheckKind::RequestedNumber).unwrap();
    assert_eq!(
        (requested.result, requested.code.as_deref()),
        (CheckResult::Failed, Some("-9"))
    );
    assert_eq!(
        check(report, CheckKind::AgentReview)
            .unwrap()
            .code
            .as_deref(),
        Some("5500")
    );
    let number = report.document.number.as_ref().unwrap();
    assert_eq!(
        (
            number.verdict,
            number.submitted.as_ref().unwrap().expose().as_str()
        ),
        (Verdict::Changed, "12345678Z")
    );
    assert!(report.evidence.is_empty());

    // A finding that an operator had to judge is now a reason.
    let report = self::report("own-report-rejected-face.json");
    assert_eq!(reasons(&report), [(Reason::FaceMismatch, "-1")]);
    assert_eq!(
        result(&report, CheckKind::FaceMatch),
        Some(CheckResult::Inconclusive)
    );
    assert_eq!(
        check(&report, CheckKind::FaceMatch).unwrap().score,
        Some(0.6125)
    );
}

#[test]
fn failed_finding_in_review_leans_to_rejection() {
    for (name, reason, kind) in [
        (
            "own-report-minor.json",
            vec![(Reason::Underage, "-2")],
            CheckKind::Age,
        ),
        (
            "own-report-photo.json",
            vec![
                (Reason::LivenessFailed, "-6"),
                (Reason::DocumentExpired, "Caducado"),
                (Reason::VendorError, "Result.ProcesoRelizadoMismaPersona"),
            ],
            CheckKind::Liveness,
        ),
    ] {
        let observation = observe(name);
        let leaning = (reason.len() == 1).then_some(Outcome::Rejected);
        assert_eq!(
            observation.status,
            Some(Status::InReview { leaning }),
            "{name}: a report that contradicts itself leans nowhere"
        );
        let report = observation.report().unwrap();
        assert_eq!(reasons(report), reason, "{name}");
        assert_eq!(result(report, kind), Some(CheckResult::Failed), "{name}");
    }
    let report = report("own-report-photo.json");
    // Both spellings are one member, and the worse of two words counts.
    assert_eq!(
        report.custom["Result.ProcesoRelizadoMismaPersona"].expose(),
        &serde_json::json!(["Si", "No"])
    );
    assert_eq!(
        result(&report, CheckKind::SamePerson),
        Some(CheckResult::Failed)
    );
    assert_eq!(
        result(&report, CheckKind::DocumentExpiry),
        Some(CheckResult::Failed)
    );
}

#[test]
fn check_letter_of_a_spanish_number_is_verified() {
    let sides = report("own-report-sides.json");
    assert_eq!(
        reasons(&sides),
        [
            (Reason::DocumentSidesMismatch, "-3"),
            (Reason::DocumentNumberWrong, "DNISolicitado"),
            (Reason::DocumentChecksumWrong, "DNI"),
        ]
    );
    assert_eq!(
        result(&sides, CheckKind::DocumentData),
        Some(CheckResult::Failed)
    );
    let number = sides.document.number.unwrap();
    assert_eq!(number.verdict, Verdict::Invalid);
    let others: Vec<_> = number
        .alternatives
        .iter()
        .map(|other| other.value.as_ref().unwrap().expose().as_str())
        .collect();
    assert_eq!(others, ["00000000T", "12345678Z"]);
    assert_eq!(
        sides.person.personal_number.unwrap().verdict,
        Verdict::Invalid
    );

    // A foreign passport has no check letter and no DNI.
    let report = report("own-report-passport.json");
    assert_eq!(
        (
            check(&report, CheckKind::DocumentData),
            report.person.personal_number.is_none()
        ),
        (None, true)
    );
    assert_eq!(
        report.document.kind.as_ref().unwrap().expose(),
        Some(&DocumentKind::Passport)
    );
    assert_eq!(
        report.person.gender.unwrap().expose(),
        Some(&Gender::Female)
    );
    // The nationality on German documents is one letter.
    let nationality = &report.person.nationalities[0];
    assert_eq!(
        (
            nationality.expose().map(Country::code),
            nationality.raw.as_ref().unwrap().expose().as_str()
        ),
        (Some("DE"), "D")
    );
    assert!(
        report.document.serial_number.is_none()
            && check_absent(&report.checks, CheckKind::DocumentSides)
    );
}

fn check_absent(checks: &[Check], kind: CheckKind) -> bool {
    checks.iter().all(|check| check.kind != kind)
}

#[test]
fn unfinished_process_reports_its_accesses() {
    for (name, status) in [
        ("own-report-accessed.json", Status::InProgress),
        ("own-report-in-process.json", Status::InProgress),
    ] {
        let observation = observe(name);
        assert_eq!(
            (
                observation.status,
                observation.report().unwrap().completed_at
            ),
            (Some(status), None),
            "{name}"
        );
    }
    let report = report("own-report-accessed.json");
    assert_eq!(report.custom["Acceso.0.IP"].expose(), "203.0.113.9");
    assert_eq!(report.custom["Acceso.1.IP"].expose(), "203.0.113.10");
}

#[test]
fn undocumented_codes_are_kept_and_change_nothing() {
    let observation = observe("own-report-unknown.json");
    assert_eq!(
        (observation.status, observation.code.as_deref()),
        (None, Some("5999"))
    );
    let report = observation.report().unwrap();
    assert_eq!(reasons(report), [(Reason::Unknown, "-42")]);
    assert_eq!(
        result(report, CheckKind::Liveness),
        Some(CheckResult::Inconclusive)
    );
    assert_eq!(report.completed_at, None);
}

#[test]
fn invalid_member_affects_no_other() {
    let observation = observe("own-report-loose.json");
    // With a word that is neither yes nor no, the operator decides.
    assert_eq!(observation.status, Some(Status::InReview { leaning: None }));
    let report = observation.report().unwrap();
    // A name without a comma stays undivided.
    let name = report.person.family_name.as_ref().unwrap();
    assert_eq!(
        (name.expose(), name.raw.as_ref().unwrap().expose().as_str()),
        (None, "APARICIO LOPEZ")
    );
    assert!(report.person.given_names.is_none());
    let birth_date = report.person.birth_date.as_ref().unwrap();
    assert_eq!(
        (
            birth_date.expose(),
            birth_date.raw.as_ref().unwrap().expose().as_str()
        ),
        (None, "31/02/1955")
    );
    assert_eq!(
        report.document.kind.as_ref().unwrap().expose(),
        Some(&DocumentKind::Other)
    );
    assert_eq!(
        result(report, CheckKind::Liveness),
        Some(CheckResult::Passed)
    );
    assert_eq!(
        check(report, CheckKind::FaceMatch).unwrap().score,
        Some(0.935)
    );
    // An undocumented reason is kept.
    assert_eq!(report.custom["Motivo"].expose(), "Documento ilegible");
    assert_eq!(
        report.custom["Result.AnversoReversoCoinciden"].expose(),
        "Puede"
    );
    assert_eq!(report.custom["Result.DNI.Edad"].expose(), "sesenta");
    assert_eq!(report.custom["Result.DNI.Extra"].expose(), "x");
}

#[test]
fn report_of_another_service_is_ignored() {
    let page = normalize::kind(&fixture("own-report-other-service.json"), "callback").unwrap();
    assert_eq!((page.observations.len(), page.unreadable), (0, 0));
}

#[test]
fn each_kind_accepts_its_payloads() {
    let report = fixture("own-report-validated.json");
    for (kind, channel) in [
        ("callback", Channel::Callback),
        ("result", Channel::Fetch),
        ("status", Channel::Poll),
    ] {
        let page = normalize::kind(&report, kind).unwrap();
        assert_eq!(
            (page.observations[0].channel, page.observations[0].status),
            (channel, Some(Status::Finished(Outcome::Verified)))
        );
    }
    for name in [
        "own-send-answer.json",
        "own-send-answer.xml",
        "own-send-answer.txt",
    ] {
        let observation = normalize::kind(&fixture(name), "status")
            .unwrap()
            .observations
            .remove(0);
        assert_eq!(
            (observation.status, observation.code.as_deref()),
            (Some(Status::AwaitingPerson), Some("1")),
            "{name}"
        );
        assert_eq!(
            observation.subject.vendor_id.unwrap().as_str(),
            "1283876988",
            "{name}"
        );
    }
    for (name, code) in [
        ("own-send-refused.json", "-3"),
        ("own-unauthorized.txt", "-1"),
    ] {
        let observation = normalize::kind(&fixture(name), "status")
            .unwrap()
            .observations
            .remove(0);
        assert_eq!(
            (
                observation.status,
                observation.code.as_deref(),
                observation.subject.vendor_id
            ),
            (None, Some(code), None)
        );
    }
    assert!(
        normalize::kind(&fixture("own-send-answer.json"), "callback").is_err(),
        "an answer is no report"
    );
    assert!(normalize::kind(&report, "report").is_err());
}

#[test]
fn reports_fill_exactly_the_declared_fields() {
    let all: Vec<_> = reports()
        .iter()
        .flat_map(|name| {
            normalize::kind(&fixture(name), "callback")
                .unwrap()
                .observations
        })
        .collect();
    let all: Vec<_> = all.iter().filter_map(Observation::report).collect();
    for field in Field::ALL {
        let filled = all.iter().any(|report| field.is_filled(report));
        assert_eq!(filled, REPORT_FIELDS.contains(field), "{field}");
    }
}
