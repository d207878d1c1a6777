//! VerificarIdentidad's reports that are ambiguous or difficult to read: a number other than the
//! requested one, passports, members of unexpected types, and another charset.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod support;
mod verificar_identidad;

use idv_sandbox::{RejectionReason, ReportFormat, ReportNesting, SpoiledResult};
use serde_json::{Value, json};
use verificar_identidad::{Vi, reporting, request, with};

/// Returns the last report of a scenario for a request with this number, and its `Result`.
async fn last(number: Value, scenario: &str) -> (Value, Value) {
    let (vi, script) = reporting(|_| {}).await;
    vi.finished(&with("Dni", number), scenario).await;
    (script.last().json(), script.last().nested("Result"))
}

#[tokio::test]
async fn operator_can_validate_another_number_than_requested() {
    let (report, result) = last(json!("87654321X"), "wrong-number").await;
    assert_eq!(
        (&report["Estado"], &result["Resultado"]),
        (&json!("5100"), &json!(-9))
    );
    assert_eq!(
        (&report["DNISolicitado"], &report["DNIAnverso"]),
        (&json!("87654321X"), &json!("11111111H"))
    );
    assert_eq!(
        (&result["DNISolicitadoCoincide"], &result["DNI"]["DNI"]),
        (&json!("No"), &json!("11111111H"))
    );
    let (report, result) = last(json!("87654321X"), "wrong-number-alike").await;
    assert_eq!(
        (&report["Estado"], &result["DNISolicitadoCoincide"]),
        (&json!("5100"), &json!("No"))
    );
    assert!(result["Resultado"].as_f64().unwrap() > 80.0, "{result}");
}

#[tokio::test]
async fn no_number_can_be_wrong_if_none_was_requested() {
    let vi = Vi::start().await;
    let id = vi.request(&with("Dni", Value::Null)).await;
    for scenario in ["wrong-number", "wrong-number-alike", "wrong-passport"] {
        assert!(
            vi.sandbox.verificar_identidad().act(&id, scenario).is_err(),
            "{scenario}"
        );
    }
}

#[tokio::test]
async fn passport_has_a_number_and_no_back() {
    for (number, shown, coincides) in [
        (json!("PAB987654"), "PAB987654", "Si"),
        (Value::Null, "PAB123456", "N/A"),
    ] {
        let (report, result) = last(number, "passport").await;
        assert_eq!(
            (
                &report["Estado"],
                &report["DNIAnverso"],
                &report["DNIReverso"]
            ),
            (&json!("5100"), &json!(shown), &json!(""))
        );
        assert_eq!(
            (
                &result["DNISolicitadoCoincide"],
                &result["AnversoReversoCoinciden"]
            ),
            (&json!(coincides), &json!("N/A"))
        );
        assert_eq!(
            (&result["DNI"]["DNI"], &result["DNI"]["TipoDocumento"]),
            (&json!(shown), &json!("ID-3"))
        );
    }
    let (_, result) = last(json!("PAB987654"), "wrong-passport").await;
    assert_eq!(
        (&result["Resultado"], &result["DNI"]["DNI"]),
        (&json!(-9), &json!("XDB999999"))
    );
    let vi = Vi::start().await;
    let id = vi.finished(&request(), "passport").await;
    assert_eq!(
        vi.statuses(&id).await,
        [3000, 3001, 3002, 5000, 5001, 5100],
        "the back is not requested"
    );
}

#[tokio::test]
async fn differing_sides_can_be_validated() {
    let (report, result) = last(Value::Null, "sides-differ").await;
    assert_eq!(
        (&report["Estado"], &result["Resultado"]),
        (&json!("5100"), &json!(-3))
    );
    assert_eq!(
        (&result["DNIReverso"], &result["AnversoReversoCoinciden"]),
        (&json!("11111111H"), &json!("No"))
    );
}

#[tokio::test]
async fn positive_result_can_stay_unreviewed() {
    let (report, result) = last(Value::Null, "unreviewed").await;
    assert_eq!(report["Estado"], "5001");
    assert!(result["Resultado"].as_f64().unwrap() > 80.0, "{result}");
}

#[tokio::test]
async fn each_access_has_its_own_address() {
    let (vi, script) = reporting(|_| {}).await;
    vi.finished(&request(), "several-accesses").await;
    let accesses = script.last().nested("Acceso");
    let addresses: Vec<_> = accesses
        .as_array()
        .unwrap()
        .iter()
        .map(|access| access["IP"].as_str().unwrap())
        .collect();
    assert_eq!(addresses, ["85.10.20.221", "85.10.20.222", "85.10.20.223"]);
}

#[tokio::test]
async fn nested_parts_can_be_arrays_of_arrays() {
    let (vi, script) = reporting(|account| account.nested = ReportNesting::Pairs).await;
    vi.finished(&request(), "happy").await;
    let report = script.last().json();
    assert_eq!(
        report["Result"][0],
        json!(["Resultado", 93.957_847_595_214_84])
    );
    assert_eq!(report["Result"][6][0], "DNI");
    assert_eq!(report["Result"][6][1][2], json!(["DNI", "00000000T"]));
    assert_eq!(report["Acceso"][1], json!(["IP", "85.10.20.221"]));
    vi.finished(&request(), "several-accesses").await;
    assert_eq!(
        script.last().json()["Acceso"][1][1],
        json!(["IP", "85.10.20.222"])
    );
}

#[tokio::test]
async fn finished_result_can_be_unreadable() {
    for nested in [ReportNesting::Text, ReportNesting::Object] {
        for (spoiled, readable) in [
            (SpoiledResult::Truncated, false),
            (SpoiledResult::Word, false),
            (SpoiledResult::FlatCard, true),
        ] {
            let (vi, script) =
                reporting(|account| (account.nested, account.spoiled_result) = (nested, spoiled))
                    .await;
            vi.finished(&request(), "happy").await;
            let report = script.last().json();
            assert_eq!(report["Estado"], "5100", "the report itself can be read");
            let result = match &report["Result"] {
                Value::String(text) => serde_json::from_str(text).ok(),
                value => Some(value.clone()),
            };
            assert_eq!(result.is_some(), readable, "{spoiled:?}");
            if let Some(result) = result {
                assert_eq!(result["DNI"], "00000000T");
            }
        }
    }
}

#[tokio::test]
async fn rejection_has_its_reason_in_each_form() {
    for (form, expected) in [
        (RejectionReason::None, Value::Null),
        (
            RejectionReason::Text,
            json!("Documento manipulado según el operador"),
        ),
        (
            RejectionReason::Object,
            json!({ "Codigo": 4, "Texto": "Documento manipulado según el operador" }),
        ),
        (RejectionReason::Array, json!(["Foto", "Brillos"])),
    ] {
        let (vi, script) = reporting(|account| account.rejection_reason = form).await;
        vi.finished(&request(), "rejected").await;
        let reports = script.reports();
        let reasons: Vec<_> = reports
            .iter()
            .map(|report| report.json()["Motivo"].clone())
            .collect();
        assert_eq!(reasons.last(), Some(&expected));
        assert!(
            reasons.iter().rev().skip(1).all(Value::is_null),
            "only 5500 has a reason: {reasons:?}"
        );
    }
    let settings = |account: &mut idv_sandbox::VerificarIdentidadAccount| {
        (account.rejection_reason, account.report_format) =
            (RejectionReason::Array, ReportFormat::Form);
    };
    let (vi, script) = reporting(settings).await;
    vi.finished(&request(), "rejected").await;
    let form: Vec<_> = url::form_urlencoded::parse(script.last().body.as_bytes())
        .into_owned()
        .collect();
    assert!(
        form.contains(&("Motivo".to_owned(), r#"["Foto","Brillos"]"#.to_owned())),
        "{form:?}"
    );
}

#[tokio::test]
async fn reports_can_be_in_windows_1252() {
    for (format, name) in [
        (ReportFormat::Json, b"PE\xd1A L\xd3PEZ,JOS\xc9".as_slice()),
        (ReportFormat::Multipart, b"PE\xd1A L\xd3PEZ,JOS\xc9"),
        (ReportFormat::Form, b"PE%D1A+L%D3PEZ%2CJOS%C9"),
    ] {
        let settings = |account: &mut idv_sandbox::VerificarIdentidadAccount| {
            (account.windows_1252, account.report_format) = (true, format);
            account.person.name = "PEÑA LÓPEZ,JOSÉ".to_owned();
        };
        let (vi, script) = reporting(settings).await;
        vi.finished(&request(), "happy").await;
        let report = script.last();
        assert!(
            report
                .bytes
                .windows(name.len())
                .any(|window| window == name),
            "{format:?}: {}",
            report.body
        );
        assert!(
            !report.header("content-type").unwrap().contains("charset"),
            "it is omitted"
        );
    }
}

#[tokio::test]
async fn responses_can_be_in_windows_1252() {
    let vi = Vi::with(|account| account.windows_1252 = true).await;
    for (format, media_type) in [
        ("JSON", "application/json"),
        ("XML", "text/xml"),
        ("TXT", "text/plain"),
    ] {
        let mut body = with("Telefono", json!("1"));
        body["Resp"] = json!(format);
        let reply = vi.call("VerificarIdentidad", &body).await;
        assert_eq!(reply.header("content-type"), Some(media_type));
        assert!(
            reply
                .body
                .windows(9)
                .any(|window| window == b"Par\xe1metro"),
            "{format}"
        );
        assert!(std::str::from_utf8(&reply.body).is_err(), "{format}");
    }
    assert_eq!(
        vi.said("VerificarIdentidad", &request()).await["Res"],
        1,
        "ASCII is unchanged"
    );
}

#[tokio::test]
async fn unknown_estado_comes_from_the_settings() {
    let (vi, script) = reporting(|account| account.unknown_status = 5200).await;
    vi.finished(&request(), "unknown-status").await;
    assert_eq!(script.last().json()["Estado"], "5200");
    for known in [3000, 3003, 5001, 5100, 5500] {
        let set = vi
            .sandbox
            .verificar_identidad()
            .configure(|account| account.unknown_status = known);
        assert!(set.is_err(), "{known}");
    }
}
