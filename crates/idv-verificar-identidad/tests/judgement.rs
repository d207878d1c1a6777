//! The outcome of reports: validations, findings that contradict them, and reasons.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod fixture;
mod support;

use fixture::fixture;
use idv_core::report::{CheckKind, CheckResult, Report, Verdict};
use idv_core::{Channel, Observation, Outcome, Pii, Status};
use idv_verificar_identidad::normalize::{self, Rules};
use idv_verificar_identidad::wire;
use serde_json::{Value, json};
use support::{client_of, delivery, with};

/// A report with the members of every report and these.
fn told(estado: u32, members: &Value) -> Vec<u8> {
    let mut report = json!({"Servicio": "VERIFICACION_IDENTIDAD", "ID": "1", "Estado": estado});
    for (name, value) in members.as_object().unwrap() {
        report[name] = value.clone();
    }
    report.to_string().into_bytes()
}

fn observe(bytes: &[u8]) -> Observation {
    normalize::kind(bytes, "callback")
        .unwrap()
        .observations
        .remove(0)
}

fn reasons(report: &Report) -> Vec<String> {
    report
        .reasons
        .iter()
        .map(|it| format!("{}:{}", it.reason.name(), it.code))
        .collect()
}

fn result(report: &Report, kind: CheckKind) -> Option<CheckResult> {
    report
        .checks
        .iter()
        .find(|check| check.kind == kind)
        .map(|check| check.result)
}

/// The outcome of a validated verification with this `Result`, and its reasons.
fn validated(members: &Value) -> (Outcome, Vec<String>) {
    let observation = observe(&told(5100, members));
    assert_eq!(observation.code.as_deref(), Some("5100"));
    let Some(Status::Finished(outcome)) = observation.status else {
        panic!("{members} is not finished")
    };
    (outcome, reasons(observation.report().unwrap()))
}

#[test]
fn unrequested_number_is_inconclusive() {
    for (members, reason) in [
        (
            json!({"Result": {"Resultado": -9, "DNISolicitado": "87654321X", "DNI": {"DNI": "12345678Z"}}}),
            "-9",
        ),
        (json!({"Result": {"Resultado": -9}}), "-9"),
        (json!({"Result": {"Resultado": "-9.0"}}), "-9.0"),
        (
            json!({"Result": {"Resultado": 96.41, "DNISolicitadoCoincide": "No"}}),
            "DNISolicitadoCoincide",
        ),
        (
            json!({"Result": {"Resultado": 96.41, "DNISolicitadoCoincide": "NO "}}),
            "DNISolicitadoCoincide",
        ),
        (
            json!({"Result": {"Resultado": 96.41, "DNISolicitadoCoincide": false}}),
            "DNISolicitadoCoincide",
        ),
        (
            json!({"DNISolicitado": "87654321X", "DNIAnverso": "12345678Z"}),
            "DNISolicitado",
        ),
        (
            json!({"DNISolicitado": "87654321X", "Result": {"DNISolicitadoCoincide": "Si", "DNI": {"DNI": "12345678Z"}}}),
            "DNISolicitado",
        ),
        (
            json!({"DNISolicitado": "PAB123456", "Result": {"Resultado": 96.41, "DNI": {"DNI": "XDB999999"}}}),
            "DNISolicitado",
        ),
        (
            json!({"DNISolicitado": "87654321X", "Result": "[[\"Resultado\",96.41],[\"DNI\",[[\"DNI\",\"12345678Z\"]]]]"}),
            "DNISolicitado",
        ),
    ] {
        let (outcome, reasons) = validated(&members);
        assert_eq!(
            (outcome, reasons),
            (
                Outcome::Inconclusive,
                vec![format!("document_number_wrong:{reason}")]
            ),
            "{members}"
        );
        let observation = observe(&told(5100, &members));
        let report = observation.report().unwrap();
        assert_eq!(
            result(report, CheckKind::RequestedNumber),
            Some(CheckResult::Failed),
            "{members}"
        );
        assert_eq!(
            report.evidence.len(),
            1,
            "the vendor certified it: {members}"
        );
    }
}

#[test]
fn report_about_several_services_or_requests_is_refused() {
    for twice in [r#""Servicio":"OTRO""#, r#""ID":"2""#] {
        let text =
            format!(r#"{{"Servicio":"VERIFICACION_IDENTIDAD","ID":"1","Estado":5100,{twice}}}"#);
        let error = normalize::kind(text.as_bytes(), "callback").unwrap_err();
        assert!(
            error.to_string().contains("several services or requests"),
            "{twice}: {error}"
        );
    }
}

#[test]
fn response_without_identifier_has_no_status() {
    for (answer, status) in [
        (r#"{"Res":1,"ID":"7"}"#, Some(Status::AwaitingPerson)),
        (r#"{"Res":1}"#, None),
        (r#"{"Res":-1,"ID":"7"}"#, None),
    ] {
        assert_eq!(
            normalize::kind(answer.as_bytes(), "status")
                .unwrap()
                .observations[0]
                .status,
            status,
            "{answer}"
        );
    }
}

#[test]
fn name_that_is_only_a_comma_is_kept() {
    for (name, family, given) in [
        ("GARCÍA, ANA", Some("GARCÍA"), Some("ANA")),
        ("GARCÍA,", Some("GARCÍA"), None),
        (", ANA", None, Some("ANA")),
    ] {
        let observation = observe(&told(5100, &json!({"Result": {"DNI": {"Nombre": name}}})));
        let person = &observation.report().unwrap().person;
        let value = |attribute: &Option<idv_core::report::Attribute<String>>| {
            attribute
                .as_ref()
                .and_then(|attribute| attribute.expose().cloned())
        };
        assert_eq!(
            (
                value(&person.family_name).as_deref(),
                value(&person.given_names).as_deref()
            ),
            (family, given),
            "{name}"
        );
    }
    let observation = observe(&told(5100, &json!({"Result": {"DNI": {"Nombre": " , "}}})));
    let person = &observation.report().unwrap().person;
    assert!(
        person
            .family_name
            .as_ref()
            .is_some_and(|name| name.value.is_none() && name.raw.is_some()),
        "{person:?}"
    );
    assert!(person.given_names.is_none());
}

#[test]
fn similarity_must_be_above_the_limit() {
    for (percent, expected) in [
        (80.1, CheckResult::Passed),
        (80.0, CheckResult::Inconclusive),
    ] {
        let observation = observe(&told(5000, &json!({"Result": {"Resultado": percent}})));
        assert_eq!(
            result(observation.report().unwrap(), CheckKind::FaceMatch),
            Some(expected),
            "{percent}"
        );
    }
}

#[test]
fn requested_number_matches_in_any_notation() {
    for members in [
        json!({"Result": {"Resultado": 96.41, "DNISolicitadoCoincide": "Si"}}),
        json!({"Result": {"Resultado": 96.41, "DNISolicitadoCoincide": "Sí"}}),
        json!({"DNISolicitado": "12.345.678-z", "DNIAnverso": "12345678Z", "Result": {"DNI": {"DNI": "12345678 Z"}}}),
        json!({"DNISolicitado": "pab-123 456", "Result": {"DNISolicitadoCoincide": "N/A", "DNI": {"DNI": "PAB123456"}}}),
        json!({"DNISolicitado": "N/A", "DNIAnverso": "12345678Z"}),
        json!({"DNISolicitado": "", "DNIAnverso": "12345678Z", "Result": {"DNISolicitadoCoincide": "N/A"}}),
    ] {
        assert_eq!(
            validated(&members),
            (Outcome::Verified, vec![]),
            "{members}"
        );
    }
    let observation = observe(&told(
        5100,
        &json!({"DNISolicitado": "12.345.678-z", "DNIAnverso": "12345678Z"}),
    ));
    let number = observation
        .report()
        .unwrap()
        .document
        .number
        .clone()
        .unwrap();
    assert_eq!(
        (number.verdict, number.submitted.unwrap().expose().as_str()),
        (Verdict::Match, "12.345.678-z")
    );
}

#[test]
fn uncompared_requested_number_is_a_reason() {
    for members in [
        json!({"DNISolicitado": "87654321X"}),
        json!({"DNISolicitado": "87654321X", "Result": "Array"}),
        json!({"DNISolicitado": "87654321X", "Result": {"Resultado": 96.41, "DNISolicitadoCoincide": "N/A"}}),
    ] {
        let (outcome, reasons) = validated(&members);
        assert_eq!(
            outcome,
            Outcome::Verified,
            "the vendor's state stands: {members}"
        );
        assert!(
            reasons.contains(&"cannot_be_completed:DNISolicitado".to_owned()),
            "{members}: {reasons:?}"
        );
    }
    let observation = observe(&told(
        5001,
        &json!({"DNISolicitado": "87654321X", "Result": {"Resultado": 96.41}}),
    ));
    assert_eq!(observation.status, Some(Status::InReview { leaning: None }));
    assert_eq!(
        result(observation.report().unwrap(), CheckKind::RequestedNumber),
        Some(CheckResult::Inconclusive)
    );
    // A word that is neither yes nor no does not confirm the number.
    let (outcome, reasons) = validated(&json!({"Result": {"DNISolicitadoCoincide": "Puede"}}));
    assert_eq!(
        (outcome, reasons),
        (
            Outcome::Inconclusive,
            vec!["cannot_be_completed:DNISolicitadoCoincide".to_owned()]
        )
    );
}

#[test]
fn operator_overrides_only_visual_findings() {
    for (members, outcome, reasons) in [
        (
            json!({"Result": {"Resultado": -1}}),
            Outcome::Verified,
            vec![],
        ),
        (
            json!({"Result": {"Resultado": -2}}),
            Outcome::Verified,
            vec!["underage:-2"],
        ),
        (
            json!({"Result": {"Resultado": -3}}),
            Outcome::Verified,
            vec!["document_sides_mismatch:-3"],
        ),
        (
            json!({"Result": {"Resultado": -4}}),
            Outcome::Disputed,
            vec!["liveness_failed:-4"],
        ),
        (
            json!({"Result": {"Resultado": -5}}),
            Outcome::Inconclusive,
            vec!["document_expired:-5"],
        ),
        (
            json!({"Result": {"Resultado": -6}}),
            Outcome::Disputed,
            vec!["liveness_failed:-6"],
        ),
        (
            json!({"Result": {"Resultado": -7}}),
            Outcome::Verified,
            vec![],
        ),
        (
            json!({"Result": {"Resultado": -8}}),
            Outcome::Verified,
            vec!["face_mismatch:-8"],
        ),
        (
            json!({"Result": {"Resultado": 12}}),
            Outcome::Verified,
            vec![],
        ),
        (
            json!({"Result": {"Resultado": -42}}),
            Outcome::Verified,
            vec!["unknown:-42"],
        ),
        (
            json!({"Result": {"Resultado": 96, "PruebaDeVida": "No"}}),
            Outcome::Disputed,
            vec!["liveness_failed:PruebaDeVida"],
        ),
        (
            json!({"Result": {"ProcesoRealizadoMismaPersona": "No"}}),
            Outcome::Disputed,
            vec!["liveness_failed:ProcesoRelizadoMismaPersona"],
        ),
        (
            json!({"Result": {"AnversoReversoCoinciden": "No"}}),
            Outcome::Verified,
            vec!["document_sides_mismatch:AnversoReversoCoinciden"],
        ),
        (
            json!({"Result": {"DNI": {"Caducado": "Si"}}}),
            Outcome::Inconclusive,
            vec!["document_expired:Caducado"],
        ),
        (
            json!({"Result": {"DNI": {"Edad": 17}}}),
            Outcome::Verified,
            vec!["underage:Edad"],
        ),
        (
            json!({"Result": {"DNI": {"Edad": 18}}}),
            Outcome::Verified,
            vec![],
        ),
        (
            json!({"Result": {"PruebaDeVida": "Quizas"}}),
            Outcome::Verified,
            vec![],
        ),
    ] {
        let expected = (outcome, reasons.into_iter().map(str::to_owned).collect());
        assert_eq!(validated(&members), expected, "{members}");
    }
}

#[test]
fn document_expired_before_the_report_is_not_verified() {
    let at = |updated: &str, sent: &str, expires: &str, expired: &str| {
        let card = json!({"FechaExpira": expires, "Caducado": expired});
        validated(
            &json!({"UltimaActualizacion": updated, "FechaEnvio": sent, "Result": {"Resultado": 96, "DNI": card}}),
        )
    };
    let expired = (
        Outcome::Inconclusive,
        vec!["document_expired:FechaExpira".to_owned()],
    );
    assert_eq!(at("2021-10-10 10:10", "", "09/10/2021", "N/A"), expired);
    assert_eq!(at("2021-10-10 10:10", "", "09/10/2021", "No"), expired);
    assert_eq!(at("", "2021-10-10 10:10", "09/10/2021", "No"), expired);
    assert_eq!(
        at("2021-10-10 10:10", "2021-10-01 10:10", "09/10/2021", "No"),
        expired
    );
    assert_eq!(
        at("2021-10-10 10:10", "", "10/10/2021", "No"),
        (Outcome::Verified, vec![])
    );
    assert_eq!(
        at("", "", "09/10/2001", "No"),
        (Outcome::Verified, vec![]),
        "no day is known to compare with"
    );
    assert_eq!(
        at("2021-10-10 10:10", "", "2020", "No"),
        (Outcome::Verified, vec![])
    );
}

#[test]
fn unreadable_result_does_not_change_the_state() {
    for (result, kept) in [
        (json!("Array"), json!("Array")),
        (
            json!("{\"Resultado\":96.41,\"DNI\":{\"Ed"),
            json!("{\"Resultado\":96.41,\"DNI\":{\"Ed"),
        ),
        (json!("Resultado: 96.41"), json!("Resultado: 96.41")),
        (json!(7), json!(7)),
        (json!(["a", 1, true]), json!(["a", 1, true])),
    ] {
        for (estado, outcome) in [(5100, Outcome::Verified), (5500, Outcome::Rejected)] {
            let observation = observe(&told(estado, &json!({"Result": result})));
            assert_eq!(
                observation.status,
                Some(Status::Finished(outcome)),
                "{result}"
            );
            let report = observation.report().unwrap();
            assert_eq!(report.custom["Result"].expose(), &kept, "{result}");
            assert!(
                reasons(report).contains(&"vendor_error:Result".to_owned()),
                "{result}: {:?}",
                reasons(report)
            );
        }
        let observation = observe(&told(5001, &json!({"Result": result})));
        assert_eq!(
            observation.status,
            Some(Status::InReview { leaning: None }),
            "{result}"
        );
    }
    let observation = observe(&told(
        5100,
        &json!({"Result": {"Resultado": 96.41, "DNI": "{\"Nombre\":"}}),
    ));
    assert_eq!(
        observation.status,
        Some(Status::Finished(Outcome::Verified))
    );
    assert_eq!(
        reasons(observation.report().unwrap()),
        ["vendor_error:Result.DNI"]
    );
}

#[test]
fn number_instead_of_a_card_is_its_number() {
    for dni in [json!("12345678Z"), json!(12_345_678)] {
        let observation = observe(&told(
            5100,
            &json!({"Result": {"Resultado": 96.41, "DNI": dni}}),
        ));
        let report = observation.report().unwrap();
        let number = report.document.number.as_ref().unwrap().expose().unwrap();
        assert_eq!(
            (number.as_str(), reasons(report)),
            (dni.to_string().trim_matches('"'), vec![]),
            "{dni}"
        );
        assert!(!report.custom.contains_key("Result.DNI"));
    }
}

#[test]
fn arrays_of_pairs_give_the_same_report() {
    fn pairs(value: &Value) -> Value {
        match value {
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| json!([name, pairs(value)]))
                .collect(),
            other => other.clone(),
        }
    }
    let mut report: Value = serde_json::from_slice(&fixture("own-report-objects.json")).unwrap();
    let expected = observe(report.to_string().as_bytes());
    for part in ["Acceso", "Posicion", "Dispositivo", "Result"] {
        report[part] = pairs(&report[part]);
    }
    assert_eq!(observe(report.to_string().as_bytes()), expected);
    for part in ["Acceso", "Posicion", "Dispositivo", "Result"] {
        report[part] = report[part].to_string().into();
    }
    assert_eq!(observe(report.to_string().as_bytes()), expected);
}

#[test]
fn contradicting_states_never_verify() {
    for (form, status, code) in [
        (
            "Estado=5500&Estado=5100",
            Status::Finished(Outcome::Disputed),
            "5500, 5100",
        ),
        (
            "Estado=5100&Estado=5500",
            Status::Finished(Outcome::Disputed),
            "5100, 5500",
        ),
        (
            "Estado=5100&Estado=5999",
            Status::Finished(Outcome::Disputed),
            "5100, 5999",
        ),
        (
            "Estado=3000&Estado=5100",
            Status::Finished(Outcome::Disputed),
            "3000, 5100",
        ),
        (
            "Estado=3000&Estado=5001",
            Status::InReview { leaning: None },
            "3000, 5001",
        ),
        (
            "Estado=5100&Estado=5100",
            Status::Finished(Outcome::Verified),
            "5100",
        ),
    ] {
        let observation =
            observe(format!("Servicio=VERIFICACION_IDENTIDAD&ID=1&{form}").as_bytes());
        assert_eq!(
            (observation.status, observation.code.as_deref()),
            (Some(status), Some(code)),
            "{form}"
        );
        let report = observation.report().unwrap();
        assert_eq!(
            reasons(report).contains(&"vendor_error:Estado".to_owned()),
            code.contains(','),
            "{form}"
        );
        assert_eq!(report.evidence.is_empty(), code.contains(','), "{form}");
    }
    let json = br#"{"Servicio":"VERIFICACION_IDENTIDAD","ID":"1","Estado":"5500","Estado":5100}"#;
    assert_eq!(
        observe(json).status,
        Some(Status::Finished(Outcome::Disputed))
    );
}

#[test]
fn contradicting_findings_dispute_a_validation() {
    for (result, code) in [
        (r#"{"Resultado":-9,"Resultado":96.41}"#, "Result.Resultado"),
        (
            r#"[{"Resultado":96.41},{"Resultado":12}]"#,
            "Result.Resultado",
        ),
        (
            r#"{"DNI":{"DNI":"12345678Z"},"DNI":{"DNI":"87654321X"}}"#,
            "Result.DNI.DNI",
        ),
        (
            r#"{"PruebaDeVida":"No","PruebaDeVida":"Si"}"#,
            "Result.PruebaDeVida",
        ),
    ] {
        let json = format!(
            r#"{{"Servicio":"VERIFICACION_IDENTIDAD","ID":"1","Estado":5100,"Result":{result}}}"#
        );
        let observation = observe(json.as_bytes());
        assert_eq!(
            observation.status,
            Some(Status::Finished(Outcome::Disputed)),
            "{result}"
        );
        let report = observation.report().unwrap();
        assert!(
            reasons(report).contains(&format!("vendor_error:{code}")),
            "{result}: {:?}",
            reasons(report)
        );
        assert!(
            report.custom[code]
                .expose()
                .as_array()
                .is_some_and(|values| values.len() == 2),
            "{result}"
        );
    }
    let json =
        br#"{"Servicio":"VERIFICACION_IDENTIDAD","ID":"1","Estado":5100,"Result":{"PruebaDeVida":"No","PruebaDeVida":"Si"}}"#;
    assert_eq!(
        result(observe(json).report().unwrap(), CheckKind::Liveness),
        Some(CheckResult::Failed)
    );
}

#[test]
fn failed_check_makes_a_review_lean_to_rejection() {
    for (result, leaning) in [
        (json!({"Resultado": 96}), Some(Outcome::Verified)),
        (json!({"Resultado": "96,41"}), Some(Outcome::Verified)),
        (
            json!({"Resultado": 96, "PruebaDeVida": "No"}),
            Some(Outcome::Rejected),
        ),
        (
            json!({"Resultado": 96, "DNI": {"Edad": 17}}),
            Some(Outcome::Rejected),
        ),
        (
            json!({"Resultado": 96, "DNISolicitadoCoincide": "No"}),
            Some(Outcome::Rejected),
        ),
        (json!({"Resultado": 96, "PruebaDeVida": "Quizas"}), None),
        (json!({"Resultado": 96, "ParecidoPersonaDNI": 12}), None),
        (json!({"Resultado": 96, "DNI": "{\"Edad\":"}), None),
        (json!({"Resultado": 80}), None),
        (json!({"Resultado": 101}), None),
        (json!({"Resultado": -1}), None),
        (json!({"Resultado": -5}), Some(Outcome::Rejected)),
    ] {
        let observation = observe(&told(5001, &json!({"Result": result})));
        assert_eq!(
            observation.status,
            Some(Status::InReview { leaning }),
            "{result}"
        );
    }
}

#[test]
fn automatic_outcome_is_final_only_if_configured() {
    let rules = Rules::default().automatic_outcome_is_final(true);
    for (result, status) in [
        (
            json!({"Resultado": 96}),
            Status::Finished(Outcome::Verified),
        ),
        (
            json!({"Resultado": 96, "PruebaDeVida": "No"}),
            Status::Finished(Outcome::Rejected),
        ),
        (
            json!({"Resultado": 96, "DNISolicitadoCoincide": "No"}),
            Status::Finished(Outcome::Inconclusive),
        ),
        (
            json!({"Resultado": -9}),
            Status::Finished(Outcome::Inconclusive),
        ),
        (
            json!({"Resultado": -5}),
            Status::Finished(Outcome::Inconclusive),
        ),
        (
            json!({"Resultado": -6}),
            Status::Finished(Outcome::Rejected),
        ),
        (json!({"Resultado": 80}), Status::InReview { leaning: None }),
        (json!({"Resultado": -1}), Status::InReview { leaning: None }),
        (json!({"Resultado": -7}), Status::InReview { leaning: None }),
        (
            json!({"Resultado": 96, "PruebaDeVida": "Quizas"}),
            Status::InReview { leaning: None },
        ),
        (json!({}), Status::InReview { leaning: None }),
    ] {
        let bytes = told(
            5001,
            &json!({"UltimaActualizacion": "2021-10-10 10:10", "Result": result}),
        );
        let told = wire::Report::read(&bytes).unwrap();
        let observation = normalize::observe(&told, rules, Channel::Callback)
            .unwrap()
            .unwrap();
        assert_eq!(observation.status, Some(status), "{result}");
        let report = observation.report().unwrap();
        let is_final = matches!(status, Status::Finished(_));
        assert_eq!(
            (report.completed_at.is_some(), report.acceptance.is_some()),
            (is_final, is_final),
            "{result}"
        );
        assert!(
            report.evidence.is_empty(),
            "only a validated verification has a certificate"
        );
        assert!(
            matches!(observe(&bytes).status, Some(Status::InReview { .. })),
            "{result}"
        );
    }
    for (is_final, status) in [
        (
            false,
            Status::InReview {
                leaning: Some(Outcome::Verified),
            },
        ),
        (true, Status::Finished(Outcome::Verified)),
    ] {
        let client = client_of(
            with(|config| config.automatic_outcome_is_final = is_final),
            &idv_testkit::ScriptedTransport::new(),
        );
        let received = client
            .receive(&delivery(told(5001, &json!({"Result": {"Resultado": 96}}))))
            .unwrap();
        assert_eq!(received.observations[0].status, Some(status));
    }
}

#[test]
fn operators_reasons_are_findings_of_a_rejection() {
    for (members, expected) in [
        (
            json!({"Motivo": "Documento manipulado"}),
            vec![("Motivo", "Documento manipulado")],
        ),
        (
            json!({"Motivos": ["Foto", "Brillos"]}),
            vec![("Motivos", "Foto"), ("Motivos", "Brillos")],
        ),
        (
            json!({"Motivo": {"Codigo": 4, "Texto": "Manipulado"}}),
            vec![("Motivo", r#"{"Codigo":4,"Texto":"Manipulado"}"#)],
        ),
        (json!({"CodigoMotivo": 4}), vec![("CodigoMotivo", "4")]),
        (
            json!({"Result": {"Observaciones": "x"}}),
            vec![("Observaciones", "x")],
        ),
        (
            json!({"Motivo": "", "Otro": null, "Lista": [null, " "]}),
            vec![],
        ),
    ] {
        let observation = observe(&told(5500, &members));
        let report = observation.report().unwrap();
        let findings: Vec<_> = report
            .reasons
            .iter()
            .map(|it| {
                (
                    it.code.as_str(),
                    it.text.as_ref().unwrap().expose().as_str(),
                )
            })
            .collect();
        assert_eq!(findings, expected, "{members}");
        let name = members
            .as_object()
            .unwrap()
            .keys()
            .find(|name| *name != "Result");
        if let Some(name) = name.filter(|_| !expected.is_empty()) {
            assert_eq!(
                report.custom[name].expose(),
                &members[name],
                "it keeps its shape"
            );
        }
        assert!(
            observe(&told(5100, &members))
                .report()
                .unwrap()
                .reasons
                .is_empty(),
            "{members}"
        );
    }
}

#[test]
fn text_that_is_not_utf8_is_windows_1252() {
    let name = |bytes: &[u8]| {
        let report = observe(bytes).report().unwrap().clone();
        report.person.family_name.unwrap().expose().unwrap().clone()
    };
    let json = br#"{"Servicio":"VERIFICACION_IDENTIDAD","ID":"1","Estado":5100,"Result":{"DNI":{"Nombre":"MU#OZ,JOS%"}}}"#;
    let latin: Vec<u8> = json
        .iter()
        .map(|byte| if *byte == b'#' { 0xD1 } else { *byte })
        .collect();
    assert_eq!(name(&latin), "MUÑOZ");
    let wrapped =
        br#"{"Servicio":"VERIFICACION_IDENTIDAD","ID":"1","Estado":5100,"Result":"{\"DNI\":{\"Nombre\":\"MU#OZ,J\"}}"}"#;
    let latin: Vec<u8> = wrapped
        .iter()
        .map(|byte| if *byte == b'#' { 0xD1 } else { *byte })
        .collect();
    assert_eq!(name(&latin), "MUÑOZ");
    for escaped in ["%D1", "%C3%91"] {
        let form = format!(
            "Servicio=VERIFICACION_IDENTIDAD&ID=1&Estado=5100&Result=%7B%22DNI%22%3A%7B%22Nombre%22%3A%22MU{escaped}OZ%2CJ%22%7D%7D"
        );
        assert_eq!(name(form.as_bytes()), "MUÑOZ", "{escaped}");
    }
    let observation = normalize::kind(b"[{\"Res\":-3,\"Error\":\"par\xE1metro\"}]", "status")
        .unwrap()
        .observations
        .remove(0);
    assert_eq!(observation.code.as_deref(), Some("-3"));
    assert_eq!(
        observation.report().unwrap().custom["Error"].expose(),
        "parámetro"
    );
}

#[test]
fn word_overridden_by_a_code_is_kept() {
    let observation = observe(&told(
        5001,
        &json!({"Result": {"Resultado": -6, "PruebaDeVida": "Si", "AnversoReversoCoinciden": "Si"}}),
    ));
    let report = observation.report().unwrap();
    assert_eq!(
        result(report, CheckKind::Liveness),
        Some(CheckResult::Failed)
    );
    assert_eq!(report.custom["Result.PruebaDeVida"].expose(), "Si");
    assert!(
        !report.custom.contains_key("Result.AnversoReversoCoinciden"),
        "the check says it"
    );
}

#[test]
fn unknown_member_is_kept_by_its_path() {
    let observation = observe(&told(
        5001,
        &json!({
            "ID": 123_456_789_012_345_678_u64,
            "FechaEnvio": "2021-10-10 10:10",
            "UltimaActualizacion": "ayer",
            "DNIAnverso": "N/A",
            "DNISolicitado": "12345678Z",
            "Telefono": {"movil": "600"},
            "Posicion": ["Madrid", 7],
            "Result": {"DNISolicitado": "87654321X", "ParecidoPersonaDNI": "alto", "DNI": {"Edad": 66, "Nombre": "N/A", "Foto": [1]}},
        }),
    ));
    let report = observation.report().unwrap();
    for (path, value) in [
        ("FechaEnvio", json!("2021-10-10 10:10")),
        ("UltimaActualizacion", json!("ayer")),
        ("DNIAnverso", json!("N/A")),
        ("DNISolicitado", json!("12345678Z")),
        ("Telefono", json!({"movil": "600"})),
        ("Posicion.Madrid", json!(7)),
        ("Result.ParecidoPersonaDNI", json!("alto")),
        ("Result.DNI.Edad", json!("66")),
        ("Result.DNI.Foto", json!([1])),
    ] {
        assert_eq!(
            report.custom.get(path).map(Pii::expose),
            Some(&value),
            "{path}"
        );
    }
    assert_eq!(
        observation.subject.vendor_id.as_ref().unwrap().as_str(),
        "123456789012345678"
    );
    assert_eq!(
        report
            .document
            .number
            .as_ref()
            .unwrap()
            .submitted
            .as_ref()
            .unwrap()
            .expose(),
        "87654321X"
    );
    let name = report.person.family_name.as_ref().unwrap();
    assert_eq!(
        (name.expose(), name.raw.as_ref().unwrap().expose().as_str()),
        (None, "N/A")
    );
}

#[test]
fn long_number_keeps_its_digits() {
    let json = br#"{"Servicio":"VERIFICACION_IDENTIDAD","ID":123456789012345678901234567890,"Estado":5100,"Nuevo":12345678901234567890123}"#;
    let observation = observe(json);
    assert_eq!(
        observation.subject.vendor_id.as_ref().unwrap().as_str(),
        "123456789012345678901234567890"
    );
    assert_eq!(
        observation.report().unwrap().custom["Nuevo"].expose(),
        "12345678901234567890123"
    );
}

#[test]
fn response_keeps_credits_and_undocumented_members() {
    let observation = normalize::kind(
        br#"[{"Res":1,"ID":"7","Cred":12345.67,"Aviso":{"a":[1]}}]"#,
        "status",
    )
    .unwrap()
    .observations
    .remove(0);
    assert_eq!(observation.status, Some(Status::AwaitingPerson));
    let report = observation.report().unwrap();
    assert_eq!(report.custom["Cred"].expose(), "12345.67");
    assert_eq!(report.custom["Aviso"].expose(), &json!({"a": [1]}));
    assert!(
        normalize::kind(b"-1", "status").unwrap().observations[0]
            .report()
            .is_none()
    );
}
