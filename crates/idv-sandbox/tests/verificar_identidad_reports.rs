//! VerificarIdentidad's reports: contents, formats, credentials and retries; and its certificates.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod support;
mod verificar_identidad;

use std::collections::BTreeMap;

use idv_sandbox::{Fault, FaultKind, ReportFormat, ReportNesting};
use jiff::Timestamp;
use serde_json::{Value, json};
use verificar_identidad::{Report, Vi, basic, reporting, request, with};

/// The document's example of `Result`, with the slashes of its sample report, and the age in 2026.
const RESULT: &str = concat!(
    r#"{"Resultado":93.957847595214844,"DNIAnverso":"00000000T","DNIReverso":"00000000T","AnversoReversoCoinciden":"Si","#,
    r#""DNISolicitado":"","DNISolicitadoCoincide":"N\/A","DNI":{"Edad":70,"FechaNacimiento":"18\/12\/1955","DNI":"00000000T","#,
    r#""Nacionalidad":"ESP","Pais":"ESP","Nombre":"APARICIO LOPEZ,JUAN","NumeroSerie":"BGHR56776","TipoDocumento":"ID-1","#,
    r#""Sexo":"M","FechaExpira":"19\/10\/2027","Caducado":"No"},"ProcesoRelizadoMismaPersona":"Si","Barba":"No","Bigote":"No","#,
    r#""GafasLectura":"No","GafasSol":"No","Sexo":"Hombre con probabilidad de 99.599784851074%","RangoAparenteEdad":"44-62","#,
    r#""Dispositivo":"Android.v11-Chrome.v92.0.4515.131","ParecidoPersonaDNI":93.957847595214844,"PruebaDeVida":"Si"}"#,
);

/// The document's example of `Posicion`.
const POSITION: &str = concat!(
    r#"{"Direccion":"C. de las calles, 8B, 28333 Madrid, Spain","Coordenadas":{"Longitud":"-1.6592592","Latitud":"4.4577993","#,
    r#""Altura":75.70229058041491,"Precision":15.265999794006348}}"#,
);

/// The document's example of `Dispositivo`.
const DEVICE: &str =
    r#"{"browser":"Chrome 92.0.4515.131","SysOp":"Android 11","displayResolution":"360 x 800"}"#;

/// Returns the pairs of a form.
fn form(report: &Report) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(report.body.as_bytes())
        .into_owned()
        .collect()
}

#[tokio::test]
async fn report_matches_the_sample() {
    let (vi, script) = reporting(|_| {}).await;
    // 1 January 2026, 1:00 in Spain.
    let id = vi.finished(&with("Dni", Value::Null), "happy").await;
    let report = script.last();
    assert_eq!(report.line, "POST /reports?token=t HTTP/1.1");
    assert_eq!(report.header("content-type"), Some("application/json"));
    assert_eq!(report.header("authorization"), None);
    let mut body = report.json();
    let access: Value = report.nested("Acceso");
    assert_eq!(
        (&access["Fecha"], &access["IP"]),
        (&json!("2026-01-01 01:01:00"), &json!("85.10.20.221"))
    );
    assert!(
        access["Puerto"].as_str().unwrap().parse::<u16>().is_ok(),
        "{access}"
    );
    body.as_object_mut().unwrap().remove("Acceso");
    let expected = json!({
        "Servicio": "VERIFICACION_IDENTIDAD",
        "ID": id,
        "FechaEnvio": "2026-01-01 01:00",
        "Estado": "5100",
        "UltimaActualizacion": "2026-01-01 01:16",
        "Telefono": "34600000001",
        "DNIAnverso": "00000000T",
        "DNIReverso": "00000000T",
        "Posicion": POSITION,
        "Dispositivo": DEVICE,
        "Result": RESULT,
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn report_grows_with_the_statuses() {
    let (vi, script) = reporting(|_| {}).await;
    vi.finished(&request(), "happy").await;
    let always = [
        "Servicio",
        "ID",
        "FechaEnvio",
        "Estado",
        "UltimaActualizacion",
        "Telefono",
        "DNISolicitado",
    ];
    let accessed = ["Acceso", "Posicion", "Dispositivo"];
    for (report, more) in script.reports().iter().zip([
        &[][..],
        &[],
        &[],
        &["DNIAnverso"],
        &["DNIAnverso", "DNIReverso", "Result"],
        &["DNIAnverso", "DNIReverso", "Result"],
        &["DNIAnverso", "DNIReverso", "Result"],
    ]) {
        let mut expected: Vec<&str> = always
            .iter()
            .chain(&accessed)
            .chain(more)
            .copied()
            .collect();
        let body = report.json();
        let mut names: Vec<_> = body
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        expected.sort_unstable();
        names.sort_unstable();
        assert_eq!(names, expected, "{}", body["Estado"]);
    }
    let results: Vec<Value> = script.reports()[4..]
        .iter()
        .map(|report| report.nested("Result")["Resultado"].clone())
        .collect();
    assert_eq!(
        results,
        [
            json!(-7),
            json!(93.957_847_595_214_84),
            json!(93.957_847_595_214_84)
        ]
    );
    vi.configure(|account| (account.early_result, account.position_allowed) = (false, false));
    vi.finished(&request(), "unknown-status").await;
    let body = script.last().json();
    assert_eq!(
        (&body["Estado"], body.get("Result"), body.get("Posicion")),
        (&json!("4711"), None, None)
    );
    vi.configure(|account| account.empty_when_unknown = true);
    vi.finished(&with("Dni", Value::Null), "unknown-status")
        .await;
    let body = script.last().json();
    assert_eq!(
        (&body["Result"], &body["Posicion"], &body["DNISolicitado"]),
        (&json!(""), &json!(""), &json!(""))
    );
}

#[tokio::test]
async fn structured_values_have_configured_form() {
    let (vi, script) = reporting(|_| {}).await;
    vi.configure(|account| account.nested = ReportNesting::Object);
    vi.finished(&with("Dni", Value::Null), "happy").await;
    let report = script.last();
    assert!(
        report.body.contains(&format!("\"Result\":{RESULT}")),
        "{}",
        report.body
    );
    assert!(
        report.body.contains(&format!("\"Posicion\":{POSITION}"))
            && report.json()["Acceso"].is_object()
    );
    vi.configure(|account| account.nested = ReportNesting::Array);
    vi.finished(&with("Dni", Value::Null), "happy").await;
    let report = script.last();
    assert!(
        report.body.contains(&format!("\"Result\":[{RESULT}]")),
        "{}",
        report.body
    );
    assert!(
        report.body.contains(&format!("\"Dispositivo\":[{DEVICE}]"))
            && report.json()["Acceso"][0].is_object()
    );
    vi.configure(|account| account.nested = ReportNesting::Text);
    vi.finished(&request(), "aborted-then-success").await;
    let accesses = script.last().nested("Acceso");
    assert_eq!(
        accesses.as_array().unwrap().len(),
        2,
        "several are an array in any case: {accesses}"
    );
    assert_eq!(accesses[1]["Fecha"], "2026-01-01 02:05:30");
}

#[tokio::test]
async fn numbers_have_configured_type() {
    let (vi, script) = reporting(|account| account.report_numbers = true).await;
    let id = vi.finished(&request(), "rejected").await;
    let body = script.last().json();
    assert_eq!(
        (&body["Estado"], &body["Telefono"], &body["ID"]),
        (&json!(5500), &json!(34_600_000_001_u64), &json!(id)),
        "as the schema has them"
    );
}

#[tokio::test]
async fn reports_can_be_forms() {
    let (vi, script) = reporting(|account| account.report_format = ReportFormat::Form).await;
    let id = vi.finished(&with("Dni", Value::Null), "happy").await;
    let report = script.last();
    assert_eq!(
        report.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    let fields = form(&report);
    assert_eq!(
        (
            fields["ID"].as_str(),
            fields["Estado"].as_str(),
            fields["Result"].as_str()
        ),
        (id.as_str(), "5100", RESULT)
    );
    vi.configure(|account| (account.nested, account.report_numbers) = (ReportNesting::Array, true));
    vi.finished(&with("Dni", Value::Null), "happy").await;
    assert_eq!(form(&script.last())["Result"], format!("[{RESULT}]"));

    vi.configure(|account| {
        (account.report_format, account.nested) = (ReportFormat::Multipart, ReportNesting::Text);
    });
    vi.finished(&with("Dni", Value::Null), "happy").await;
    let report = script.last();
    let boundary = report
        .header("content-type")
        .unwrap()
        .strip_prefix("multipart/form-data; boundary=")
        .unwrap();
    let parts: Vec<&str> = report.body.split(&format!("--{boundary}")).collect();
    assert_eq!((parts[0], parts.last().copied()), ("", Some("--\r\n")));
    let fields: BTreeMap<&str, &str> = parts[1..parts.len() - 1]
        .iter()
        .map(|part| {
            let part = part
                .strip_prefix("\r\nContent-Disposition: form-data; name=\"")
                .unwrap()
                .strip_suffix("\r\n")
                .unwrap();
            part.split_once("\"\r\n\r\n").unwrap()
        })
        .collect();
    assert_eq!(
        (fields["Servicio"], fields["Estado"], fields["Result"]),
        ("VERIFICACION_IDENTIDAD", "5100", RESULT)
    );
}

#[tokio::test]
async fn reports_carry_configured_credentials() {
    let (vi, script) = reporting(|account| {
        (account.report_user, account.report_password) =
            (Some("vendor".into()), "päss:word".into());
    })
    .await;
    vi.finished(&request(), "happy").await;
    let reports = script.reports();
    assert_eq!(reports.len(), 7);
    for report in reports {
        assert_eq!(
            report.header("authorization"),
            Some(basic("vendor", "päss:word").as_str())
        );
    }
}

#[tokio::test]
async fn reports_of_other_services_can_precede() {
    let (vi, script) = reporting(|account| account.other_services = true).await;
    vi.finished(&request(), "happy").await;
    let services: Vec<_> = script
        .reports()
        .iter()
        .map(|report| report.json()["Servicio"].clone())
        .collect();
    assert_eq!(services.len(), 14);
    for pair in services.chunks(2) {
        assert_eq!(pair, ["SMSRECIBIDO", "VERIFICACION_IDENTIDAD"]);
    }
    let other = script.reports()[0].json();
    assert!(
        other.get("ID").is_none() && other.get("idMensaje").is_some(),
        "{other}"
    );
}

#[tokio::test]
async fn report_is_attempted_four_times() {
    let (vi, script) = reporting(|_| {}).await;
    script.will_answer([500, 404, 302, 503]);
    let id = vi.request(&request()).await;
    vi.control(
        "POST",
        &format!("requests/{id}/status"),
        r#"{"estado":3000}"#,
    )
    .await;
    vi.seconds(24 * 3600).await;
    let callback = &vi.sandbox.callbacks()[0];
    let times: Vec<i64> = callback
        .attempts
        .iter()
        .map(|attempt| attempt.at.parse::<Timestamp>().unwrap().as_second())
        .collect();
    let waits: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(
        (waits.as_slice(), callback.state),
        (&[60, 300, 1800][..], "given_up")
    );
    assert_eq!(
        (callback.vendor, callback.kind, &callback.reference),
        ("verificar-identidad", "VERIFICACION_IDENTIDAD-3000", &id)
    );
    assert!(
        script.reports().windows(2).all(|pair| pair[0] == pair[1]),
        "always the same report"
    );
    for status in [200, 201, 204] {
        script.will_answer([status]);
        vi.control(
            "POST",
            &format!("requests/{id}/status"),
            r#"{"estado":3001}"#,
        )
        .await;
        vi.seconds(0).await;
        assert_eq!(
            vi.sandbox.callbacks().last().unwrap().state,
            "delivered",
            "{status}"
        );
    }
}

#[tokio::test]
async fn reports_need_an_address_and_can_have_faults() {
    let vi = Vi::start().await;
    vi.finished(&request(), "happy").await;
    assert!(vi.sandbox.callbacks().is_empty());
    let (vi, script) = reporting(|_| {}).await;
    vi.sandbox
        .plan(Fault::new(FaultKind::CallbackDuplicated).at("/reports"));
    vi.finished(&request(), "happy").await;
    assert_eq!(
        script.statuses(),
        [3000, 3000, 3001, 3002, 3003, 5000, 5001, 5100]
    );
}

#[tokio::test]
async fn only_validated_requests_have_a_certificate() {
    let vi = Vi::with(|account| account.block_after = 0).await;
    let id = vi.finished(&request(), "happy").await;
    let rejected = vi.finished(&request(), "rejected").await;
    for body in [
        json!({ "Id": id }),
        json!({ "ID": id, "Resp": "XML" }),
        json!({ "id": id.parse::<u64>().unwrap() }),
    ] {
        let reply = vi.call("GetCertificadoIdentidad", &body).await;
        assert!(
            reply.status == 200 && reply.body.starts_with(b"%PDF"),
            "{body}"
        );
    }
    let query = vi
        .post(&format!("GetCertificadoIdentidad?Id={id}"), &[], "")
        .await;
    assert!(query.body.starts_with(b"%PDF"));
    for id in [
        json!(rejected),
        json!("1"),
        json!(""),
        json!("x"),
        json!("-1"),
        json!(1.5),
        json!([1]),
        Value::Null,
    ] {
        let said = vi
            .said(
                "GetCertificadoIdentidad",
                &json!({ "Id": id, "Resp": "JSON" }),
            )
            .await;
        assert_eq!(
            (&said["Res"], said["Error"].is_string()),
            (&json!(-3), true),
            "{id}"
        );
    }
    let reply = vi
        .call("GetCertificadoIdentidad", &json!({ "Id": rejected }))
        .await;
    assert_eq!(
        (reply.status, reply.header("content-type"), reply.text()),
        (200, Some("text/plain; charset=utf-8"), "-3")
    );
    vi.configure(|account| account.certificate_failure_status = 404);
    let reply = vi
        .call(
            "GetCertificadoIdentidad",
            &json!({ "Id": rejected, "Resp": "JSON" }),
        )
        .await;
    assert_eq!((reply.status, &reply.json()[0]["Res"]), (404, &json!(-3)));
    assert_eq!(
        vi.call("GetCertificadoIdentidad", &json!({ "Id": id }))
            .await
            .status,
        200
    );
    vi.configure(|account| {
        (account.certificate_type, account.certificate_length) =
            ("application/octet-stream".into(), 100_000);
    });
    let reply = vi
        .call("GetCertificadoIdentidad", &json!({ "Id": id }))
        .await;
    assert_eq!(
        (reply.header("content-type"), reply.body.len()),
        (Some("application/octet-stream"), 100_000)
    );
}
