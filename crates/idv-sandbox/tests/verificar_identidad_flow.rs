//! VerificarIdentidad from end to end: a request, its message, the person's part, the reports, the
//! certificate.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod support;
mod verificar_identidad;

use serde_json::{Value, json};
use support::{JSON, send};
use verificar_identidad::{Vi, reporting, request, with};

#[tokio::test]
async fn request_ends_with_a_certificate() {
    let (vi, script) = reporting(|_| {}).await;
    let id = vi.request(&request()).await;
    let messages = vi.sandbox.verificar_identidad().messages();
    let [message] = messages.as_slice() else {
        panic!("{messages:?}")
    };
    assert_eq!(
        (&message.id, message.to.as_str(), message.from.as_str()),
        (&id, "34600000001", "MiEmpresa")
    );
    let link = message
        .text
        .strip_prefix("Verifique su identidad: ")
        .unwrap();
    assert!(link.starts_with(&format!("{}/vi/", vi.base)), "{link}");

    let certificate = json!({ "Id": id, "Resp": "JSON" });
    assert_eq!(
        vi.said("GetCertificadoIdentidad", &certificate).await["Res"],
        -3,
        "not yet"
    );
    let steps = vi.sandbox.verificar_identidad().act(&id, "happy").unwrap();
    vi.seconds(steps.last().unwrap().after_seconds).await;
    assert_eq!(
        script.statuses(),
        [3000, 3001, 3002, 3003, 5000, 5001, 5100]
    );
    let reply = vi.call("GetCertificadoIdentidad", &certificate).await;
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, Some("application/pdf"))
    );
    assert!(reply.body.starts_with(b"%PDF-") && reply.body.ends_with(b"%%EOF\n"));
    assert!(
        reply
            .body
            .windows(id.len())
            .any(|window| window == id.as_bytes()),
        "it is the one of this request"
    );
    assert_eq!(
        reply.header("content-disposition").unwrap(),
        format!("attachment; filename=\"CertificadoIdentidad_{id}.pdf\"")
    );
}

#[tokio::test]
async fn each_scenario_has_its_statuses() {
    let scenarios: [(&str, &[i64], Option<f64>); 10] = [
        (
            "happy",
            &[3000, 3001, 3002, 3003, 5000, 5001, 5100],
            Some(93.957_847_595_214_84),
        ),
        (
            "data-changed",
            &[3000, 3001, 3002, 3003, 5000, 5001, 5100],
            Some(93.957_847_595_214_84),
        ),
        (
            "rejected",
            &[3000, 3001, 3002, 3003, 5000, 5001, 5500],
            Some(-5.0),
        ),
        (
            "fraud",
            &[3000, 3001, 3002, 3003, 5000, 5001, 5500],
            Some(-8.0),
        ),
        (
            "fraud-in-review",
            &[3000, 3001, 3002, 3003, 5000, 5001, 5500],
            Some(-1.0),
        ),
        (
            "aborted-then-success",
            &[3000, 3001, 3000, 3001, 3002, 3003, 5000, 5001, 5100],
            Some(93.957_847_595_214_84),
        ),
        (
            "canceled-in-review",
            &[3000, 3001, 3002, 3003, 5000, 5001, 5500],
            Some(-6.0),
        ),
        ("expired", &[], None),
        (
            "never-finishes",
            &[3000, 3001, 3002, 3003, 5000, 5001],
            Some(-1.0),
        ),
        (
            "unknown-status",
            &[3000, 3001, 3002, 3003, 5000, 4711],
            Some(-7.0),
        ),
    ];
    for (scenario, expected, result) in scenarios {
        let (vi, script) = reporting(|_| {}).await;
        let id = vi.finished(&request(), scenario).await;
        vi.seconds(90 * 24 * 3600).await;
        assert_eq!(script.statuses(), expected, "{scenario}");
        assert_eq!(vi.statuses(&id).await, expected, "{scenario}");
        let told = script
            .reports()
            .last()
            .map(|report| report.nested("Result")["Resultado"].as_f64().unwrap());
        assert_eq!(told, result, "{scenario}");
        let certificate = vi
            .call(
                "GetCertificadoIdentidad",
                &json!({ "Id": id, "Resp": "JSON" }),
            )
            .await;
        assert_eq!(
            certificate.body.starts_with(b"%PDF"),
            expected.last() == Some(&5100),
            "{scenario}"
        );
        let again = vi.sandbox.verificar_identidad().act(&id, "happy");
        assert_eq!(
            again.is_err(),
            matches!(expected.last(), Some(5100 | 5500)),
            "{scenario}: a finished request stays finished"
        );
    }
}

#[tokio::test]
async fn operator_corrects_name_and_date_of_birth() {
    let (vi, script) = reporting(|_| {}).await;
    vi.finished(&request(), "data-changed").await;
    let cards: Vec<_> = script
        .reports()
        .iter()
        .filter(|report| ["5001", "5100"].contains(&report.json()["Estado"].as_str().unwrap()))
        .map(|report| report.nested("Result")["DNI"].clone())
        .collect();
    let told = |card: &Value| (card["Nombre"].clone(), card["FechaNacimiento"].clone());
    assert_eq!(
        told(&cards[0]),
        (json!("APARICIO LOPEZ,JUA"), json!("18/12/1954"))
    );
    assert_eq!(
        told(&cards[1]),
        (json!("APARICIO LOPEZ,JUAN"), json!("18/12/1955"))
    );
    let result = script.last().nested("Result");
    assert_eq!(
        (
            &result["DNISolicitadoCoincide"],
            &result["AnversoReversoCoinciden"]
        ),
        (&json!("Si"), &json!("Si"))
    );
}

#[tokio::test]
async fn new_scenario_replaces_the_previous_one() {
    let (vi, script) = reporting(|_| {}).await;
    let id = vi.request(&request()).await;
    vi.sandbox.verificar_identidad().act(&id, "fraud").unwrap();
    vi.seconds(100).await;
    vi.sandbox.verificar_identidad().act(&id, "happy").unwrap();
    vi.seconds(24 * 3600).await;
    assert_eq!(
        script.statuses(),
        [3000, 3001, 3000, 3001, 3002, 3003, 5000, 5001, 5100]
    );
    assert_eq!(script.last().nested("Acceso").as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn opening_the_link_is_an_access() {
    let (vi, script) = reporting(|_| {}).await;
    let id = vi.request(&request()).await;
    let text = vi
        .sandbox
        .verificar_identidad()
        .messages()
        .pop()
        .unwrap()
        .text;
    let path = text.split(&vi.base).nth(1).unwrap().to_owned();
    let open = async || send(&vi.base, "GET", &path, &[], "").await.unwrap();
    assert_eq!(open().await.status, 200);
    vi.seconds(0).await;
    assert_eq!(
        (vi.statuses(&id).await, script.statuses()),
        (vec![3000], vec![3000])
    );
    assert_eq!(
        send(&vi.base, "GET", "/vi/AAAAAAAAAAAA", &[], "")
            .await
            .unwrap()
            .status,
        404
    );
    assert_eq!(
        send(&vi.base, "POST", &path, &[], "").await.unwrap().status,
        404
    );
    vi.sandbox.verificar_identidad().act(&id, "happy").unwrap();
    vi.seconds(24 * 3600).await;
    let reports = script.reports().len();
    assert!(open().await.text().contains("ha terminado"));
    vi.seconds(0).await;
    assert_eq!(
        script.reports().len(),
        reports,
        "a finished request does not start again"
    );
}

#[tokio::test]
async fn control_plane_shows_and_drives_requests() {
    let (vi, script) = reporting(|_| {}).await;
    let id = vi.request(&request()).await;
    assert_eq!(vi.control("GET", "requests", "").await.json(), json!([id]));
    let phone = vi.control("GET", "phones/34600000001", "").await.json();
    assert_eq!(
        (&phone[0]["id"], &phone[0]["from"]),
        (&json!(id), &json!("MiEmpresa"))
    );
    assert_eq!(vi.control("GET", "messages", "").await.json(), phone);
    assert_eq!(
        vi.control("GET", "phones/34600000002", "").await.json(),
        json!([])
    );
    let view = vi
        .control("GET", &format!("requests/{id}"), "")
        .await
        .json();
    assert_eq!(
        (&view["phone"], &view["dni"], &view["final"]),
        (&json!("34600000001"), &json!("00000000T"), &json!(false))
    );
    assert_eq!(view["message"]["text"], phone[0]["text"]);

    let act = format!("requests/{id}/act");
    let unknown = vi.control("POST", &act, r#"{"scenario":"sad"}"#).await;
    assert!(
        unknown.status == 400 && unknown.text().contains("never-finishes"),
        "{}",
        unknown.text()
    );
    let steps = vi
        .control("POST", &act, r#"{"scenario":"happy"}"#)
        .await
        .json();
    assert_eq!(
        steps[0],
        json!({ "what": "opened the link: 3000", "after_seconds": 60 })
    );
    let set = vi
        .control(
            "POST",
            &format!("requests/{id}/status"),
            r#"{"estado":5001,"resultado":-2}"#,
        )
        .await
        .json();
    assert_eq!(set["statuses"][0]["estado"], 5001);
    vi.seconds(0).await;
    let result = script.last().nested("Result");
    assert_eq!(
        (&result["Resultado"], &result["DNI"]["Edad"]),
        (&json!(-2), &json!(16))
    );
    let set = vi
        .control(
            "POST",
            &format!("requests/{id}/status"),
            r#"{"estado":5500}"#,
        )
        .await
        .json();
    assert_eq!(set["final"], true);
    assert_eq!(
        vi.control(
            "POST",
            &format!("requests/{id}/status"),
            r#"{"estado":5100}"#
        )
        .await
        .status,
        400
    );
    for (method, path, body) in [
        ("GET", "requests/1", ""),
        ("POST", "requests/1/act", r#"{"scenario":"happy"}"#),
    ] {
        assert_eq!(vi.control(method, path, body).await.status, 400, "{path}");
    }
    let state = send(&vi.base, "GET", "/_control/", &[JSON], "")
        .await
        .unwrap()
        .json();
    assert_eq!(state["verificar-identidad"]["requests"], 1);
}

#[tokio::test]
async fn each_reason_has_consistent_data() {
    let (vi, script) = reporting(|_| {}).await;
    let agree: [(i64, &[&str], &str); 8] = [
        (-1, &["PruebaDeVida"], "Si"),
        (-2, &["DNI", "FechaNacimiento"], "18/12/2009"),
        (-3, &["AnversoReversoCoinciden"], "No"),
        (-4, &["ProcesoRelizadoMismaPersona"], "No"),
        (-5, &["DNI", "Caducado"], "Si"),
        (-6, &["PruebaDeVida"], "No"),
        (-8, &["DNISolicitadoCoincide"], "Si"),
        (-9, &["DNISolicitadoCoincide"], "No"),
    ];
    for (reason, path, value) in agree {
        let id = vi.request(&request()).await;
        let set = format!("{{\"estado\":5001,\"resultado\":{reason}}}");
        assert_eq!(
            vi.control("POST", &format!("requests/{id}/status"), &set)
                .await
                .status,
            200
        );
        vi.seconds(0).await;
        let result = script.last().nested("Result");
        let told = path.iter().fold(&result, |value, name| &value[name]);
        assert_eq!(
            (&result["Resultado"], told),
            (&json!(reason), &json!(value)),
            "{reason}"
        );
    }
    let id = vi.request(&with("Dni", Value::Null)).await;
    for reason in ["-9", "-7", "-10", "-1.5", "100.1", "\"-1\""] {
        let set = format!("{{\"estado\":5001,\"resultado\":{reason}}}");
        assert_eq!(
            vi.control("POST", &format!("requests/{id}/status"), &set)
                .await
                .status,
            400,
            "{reason}"
        );
    }
    assert!(
        vi.statuses(&id).await.is_empty(),
        "a refused request has no effect"
    );
    for (likeness, told) in [
        ("80", "80"),
        ("0.25", "0.25"),
        ("79.5", "79.5"),
        ("100", "100"),
    ] {
        let set = format!("{{\"estado\":5001,\"resultado\":{likeness}}}");
        assert_eq!(
            vi.control("POST", &format!("requests/{id}/status"), &set)
                .await
                .status,
            200,
            "{likeness}"
        );
        vi.seconds(0).await;
        let body = script.last().json();
        let result = body["Result"].as_str().unwrap();
        let told = [
            format!("\"Resultado\":{told},"),
            format!("\"ParecidoPersonaDNI\":{told},"),
        ];
        assert!(told.iter().all(|told| result.contains(told)), "{result}");
    }
}

#[tokio::test]
async fn reset_includes_the_vendor() {
    let vi = Vi::with(|account| account.credit_hundredths = 100).await;
    vi.request(&request()).await;
    vi.sandbox.reset().await;
    let handle = vi.sandbox.verificar_identidad();
    assert_eq!(
        (
            handle.requests(),
            handle.messages().len(),
            handle.account().credit_hundredths
        ),
        (0, 0, 100_000)
    );
    vi.request(&request()).await;
    assert!(
        handle.messages()[0].text.contains(&vi.base),
        "links still lead to the sandbox"
    );
}
