//! VerificarIdentidad: accepted and refused requests: credentials, parameters, dates, credits,
//! formats, empty connections.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod support;
mod verificar_identidad;

use idv_sandbox::{AnswerFormat, WrongCredentials};
use jiff::Timestamp;
use serde_json::{Value, json};
use support::{JSON, Reply, send, still};
use verificar_identidad::{FORM, Vi, basic, request, with};

/// Calls a function without a body, with this header.
async fn credits_by(vi: &Vi, header: Option<&str>, query: &str) -> Reply {
    let headers: Vec<_> = header
        .map(|value| ("Authorization", value))
        .into_iter()
        .collect();
    send(
        &vi.base,
        "POST",
        &format!("/v7/GetCreditos{query}"),
        &headers,
        "",
    )
    .await
    .unwrap()
}

#[tokio::test]
async fn only_the_accounts_credentials_are_accepted() {
    let right = basic("APIUser", "APIToken");
    let wrong = [
        None,
        Some(basic("APIUser", "apitoken")),
        Some(basic("Somebody", "APIToken")),
        Some(basic("APIUser", "")),
        Some(right.replace("Basic", "Bearer")),
        Some(right.replace("Basic ", "Basic")),
        Some("Basic APIUser:APIToken".to_owned()),
        Some("Basic".to_owned()),
    ];
    let vi = Vi::with(|account| account.block_after = 0).await;
    for header in &wrong {
        let reply = credits_by(&vi, header.as_deref(), "?Resp=JSON").await;
        assert_eq!(
            (reply.status, reply.json()),
            (200, json!([{ "Res": -1 }])),
            "{header:?}"
        );
    }
    for header in [right.clone(), right.replace("Basic", "basic")] {
        assert_eq!(
            credits_by(&vi, Some(&header), "?Resp=JSON").await.json()[0]["Res"],
            1
        );
    }
    for function in ["VerificarIdentidad", "GetCertificadoIdentidad"] {
        let reply = send(
            &vi.base,
            "POST",
            &format!("/v7/{function}"),
            &[JSON],
            request().to_string(),
        )
        .await
        .unwrap();
        assert_eq!(reply.json(), json!([{ "Res": -1 }]), "{function}");
    }
    assert_eq!(
        vi.sandbox.verificar_identidad().requests(),
        0,
        "nothing was sent"
    );
    vi.configure(|account| {
        (account.user, account.token) = ("other".into(), "secret:with:colons".into());
    });
    assert_eq!(
        credits_by(&vi, Some(&right), "?Resp=JSON").await.json()[0]["Res"],
        -1
    );
    let other = basic("other", "secret:with:colons");
    assert_eq!(
        credits_by(&vi, Some(&other), "?Resp=JSON").await.json()[0]["Res"],
        1
    );
}

#[tokio::test]
async fn wrong_credentials_are_answered_as_configured() {
    let vi = Vi::start().await;
    let ask = async |query: &str| {
        let reply = credits_by(&vi, None, query).await;
        (reply.status, reply.text().to_owned())
    };
    assert_eq!(ask("?Resp=JSON").await, (200, r#"[{"Res":-1}]"#.into()));
    assert_eq!(
        ask("?Resp=XML").await,
        (
            200,
            r#"<?xml version="1.0"?><result><Res>-1</Res></result>"#.into()
        )
    );
    assert_eq!(ask("?Resp=TXT").await, (200, "Res:-1;\n".into()));
    assert_eq!(
        ask("").await,
        (200, "-1".into()),
        "without Resp as in old versions"
    );
    vi.configure(|account| account.wrong_credentials = WrongCredentials::Bare);
    assert_eq!(ask("?Resp=XML").await, (200, "-1".into()));
    vi.configure(|account| account.wrong_credentials = WrongCredentials::Unauthorized);
    assert_eq!(ask("?Resp=JSON").await.0, 401);
    vi.configure(|account| account.wrong_credentials = WrongCredentials::Forbidden);
    assert_eq!(ask("?Resp=JSON").await.0, 403);
}

#[tokio::test]
async fn functions_require_post_with_optional_version() {
    let vi = Vi::with(|account| account.block_after = 0).await;
    let authorization = basic("APIUser", "APIToken");
    for (path, status) in [
        ("/v7/GetCreditos", 200),
        ("/GetCreditos", 200),
        ("/v6/GetCreditos", 404),
        ("/v7/getcreditos", 404),
        ("/v7/GetCreditos/", 404),
        ("/v7/EnviarSMS", 404),
        ("/v7", 404),
        ("/", 404),
    ] {
        let reply = send(
            &vi.base,
            "POST",
            path,
            &[("Authorization", &authorization)],
            "",
        )
        .await
        .unwrap();
        assert_eq!(reply.status, status, "{path}");
    }
    for method in ["GET", "PUT", "DELETE", "PATCH"] {
        for function in [
            "VerificarIdentidad",
            "GetCertificadoIdentidad",
            "GetCreditos",
        ] {
            let target = format!("/v7/{function}?Telefono=34600000001&Id=1&Resp=JSON");
            let reply = send(
                &vi.base,
                method,
                &target,
                &[("Authorization", &authorization)],
                "",
            )
            .await
            .unwrap();
            assert_eq!(
                (reply.status, reply.header("allow")),
                (405, Some("POST")),
                "{method} {function}"
            );
        }
    }
    assert_eq!(vi.sandbox.verificar_identidad().requests(), 0);
}

#[tokio::test]
async fn parameters_come_in_json_form_or_query() {
    let vi = Vi::start().await;
    let form = "mensaje=Hola+%5BLINK%5D&TELEFONO=34600000002&resp=JSON&Remitente=Uno";
    let json =
        r#"{"MENSAJE":"Hola [LINK]","telefono":"34600000002","rEsP":"JSON","remitente":"Uno"}"#;
    let query =
        "VerificarIdentidad?MENSAJE=Hola%20[LINK]&telefono=34600000002&Resp=JSON&ReMiTeNtE=Uno";
    let no_type: [(&str, &str); 0] = [];
    for (target, headers, body) in [
        ("VerificarIdentidad", &[FORM][..], form),
        ("VerificarIdentidad", &[JSON][..], json),
        (query, &no_type[..], ""),
    ] {
        let said = vi.post(target, headers, body).await.json();
        assert_eq!(said[0]["Res"], 1, "{body}: {said}");
        let message = vi.sandbox.verificar_identidad().messages().pop().unwrap();
        assert_eq!(
            (message.to.as_str(), message.from.as_str()),
            ("34600000002", "Uno")
        );
        assert!(message.text.starts_with("Hola http"), "{}", message.text);
    }
    let both = vi
        .post(
            "VerificarIdentidad?Telefono=34600000003&Resp=XML",
            &[JSON],
            &request().to_string(),
        )
        .await;
    assert_eq!(
        both.json()[0]["Res"],
        1,
        "the body takes precedence over the query"
    );
    assert_eq!(
        vi.sandbox
            .verificar_identidad()
            .messages()
            .pop()
            .unwrap()
            .to,
        "34600000001"
    );
    let number = vi
        .said("VerificarIdentidad", &with("Telefono", 34_600_000_001_u64))
        .await;
    assert_eq!(number["Res"], 1, "digits are accepted as a number");
    let more = vi
        .said("VerificarIdentidad", &with("Otro", json!(["x"])))
        .await;
    assert_eq!(more["Res"], 1, "an undocumented parameter is ignored");
}

#[tokio::test]
async fn unreadable_body_is_refused() {
    let vi = Vi::with(|account| account.block_after = 0).await;
    let text = request().to_string();
    let bodies: [(&[(&str, &str)], &str); 6] = [
        (&[JSON], "{"),
        (&[JSON], "[]"),
        (&[JSON], "34600000001"),
        (&[FORM], &text),
        (&[("Content-Type", "text/plain")], &text),
        (&[], &text),
    ];
    for (headers, body) in bodies {
        let reply = vi.post("VerificarIdentidad?Resp=JSON", headers, body).await;
        assert_eq!(reply.json()[0]["Res"], -3, "{headers:?} {body}");
        assert!(!reply.json()[0]["Error"].as_str().unwrap().is_empty());
    }
    for value in [json!(["34600000001"]), json!({}), json!(true)] {
        assert!(
            vi.refused(&with("Telefono", value))
                .await
                .contains("Telefono")
        );
    }
    assert_eq!(vi.sandbox.verificar_identidad().requests(), 0);
}

#[tokio::test]
async fn phone_number_is_digits_with_country_code() {
    let vi = Vi::with(|account| account.block_after = 0).await;
    for phone in [
        "+34600000001",
        "0034600000001",
        "34 600 000 001",
        "34-600",
        "",
        "3460000",
        "1234567890123456",
        "٣٤٦٠٠٠٠٠٠٠",
    ] {
        assert!(
            vi.refused(&with("Telefono", phone))
                .await
                .contains("Telefono"),
            "{phone}"
        );
    }
    assert_eq!(
        vi.refused(&with("Telefono", Value::Null)).await,
        "Telefono is required"
    );
    assert_eq!(
        vi.refused(&json!({ "Resp": "JSON" })).await,
        "Telefono is required"
    );
    for phone in ["34600000001", "49171123456", "12345678", "123456789012345"] {
        vi.request(&with("Telefono", phone)).await;
    }
    vi.request(&json!({ "Telefono": "34600000001", "Resp": "JSON" }))
        .await;
    let message = vi.sandbox.verificar_identidad().messages().pop().unwrap();
    assert!(
        message.from == "MiEmpresa" && message.text.contains("/vi/"),
        "the rest is optional: {message:?}"
    );
}

#[tokio::test]
async fn message_requires_keyword_by_default() {
    let vi = Vi::start().await;
    for text in ["MiEmpresa", "[Link]", "LINK"] {
        assert!(
            vi.refused(&with("Mensaje", text)).await.contains("[LINK]"),
            "{text}"
        );
    }
    vi.request(&with("Mensaje", "A [LINK] b [LINK]")).await;
    let text = vi
        .sandbox
        .verificar_identidad()
        .messages()
        .pop()
        .unwrap()
        .text;
    assert!(
        !text.contains("[LINK]") && text.matches("/vi/").count() == 2,
        "{text}"
    );
    vi.configure(|account| account.link_demanded = false);
    vi.request(&with("Mensaje", "MiEmpresa")).await;
    assert!(
        vi.sandbox
            .verificar_identidad()
            .messages()
            .pop()
            .unwrap()
            .text
            .starts_with("MiEmpresa http")
    );
}

#[tokio::test]
async fn sender_has_at_most_11_characters() {
    let vi = Vi::start().await;
    assert!(
        vi.refused(&with("Remitente", "MiEmpresaSA1"))
            .await
            .contains("Remitente")
    );
    for sender in ["MiEmpresaSA", "Ñandú y Cía"] {
        vi.request(&with("Remitente", sender)).await;
        assert_eq!(
            vi.sandbox
                .verificar_identidad()
                .messages()
                .pop()
                .unwrap()
                .from,
            sender
        );
    }
}

#[tokio::test]
async fn document_number_is_returned_unchanged() {
    let vi = Vi::start().await;
    assert!(vi.refused(&with("Dni", "0\r\n--")).await.contains("Dni"));
    for (number, told) in [
        (json!("X-1234567 ñ"), json!("X-1234567 ñ")),
        (json!(12_345), json!("12345")),
        (json!(""), Value::Null),
    ] {
        let id = vi.request(&with("Dni", number)).await;
        assert_eq!(
            vi.control("GET", &format!("requests/{id}"), "")
                .await
                .json()["dni"],
            told
        );
    }
}

#[tokio::test]
async fn request_is_sent_at_its_time_in_spain() {
    let start: Timestamp = "2026-03-28T20:00:30Z".parse().unwrap();
    let sandbox = still().start_time(start).start().await.unwrap();
    let base = sandbox.verificar_identidad().base_url();
    let vi = Vi { sandbox, base };
    vi.configure(|account| account.block_after = 0);
    // 21:00:30 in Spain, in the night before summer time.
    for (date, why) in [
        ("2026-03-28 20:59", "past"),
        ("2025-12-31 10:00", "past"),
        ("2026-03-29 02:30", "clocks skip"),
        ("2026-03-28T22:00", "Fecha"),
        ("2026-03-28 22:00:00", "Fecha"),
        ("2026-3-28 22:00", "Fecha"),
        ("28/03/2026 22:00", "Fecha"),
        ("2026-02-30 22:00", "Fecha"),
        ("2026-04-28 24:00", "Fecha"),
        ("tomorrow", "Fecha"),
    ] {
        let error = vi.refused(&with("Fecha", date)).await;
        assert!(error.contains(why), "{date}: {error}");
    }
    let handle = vi.sandbox.verificar_identidad();
    vi.request(&with("Fecha", "2026-03-28 21:00")).await;
    assert_eq!(handle.messages().len(), 1, "the current minute is not past");
    for (date, utc) in [
        ("2026-03-28 22:00", "2026-03-28T21:00:00Z"),
        ("2026-03-29 03:00", "2026-03-29T01:00:00Z"),
        ("2026-07-01 12:00", "2026-07-01T10:00:00Z"),
        // This hour occurs twice.
        ("2026-10-25 02:30", "2026-10-25T00:30:00Z"),
    ] {
        let id = vi.request(&with("Fecha", date)).await;
        let view = vi
            .control("GET", &format!("requests/{id}"), "")
            .await
            .json();
        assert_eq!(
            (&view["send_at"], &view["message"]),
            (&json!(utc), &Value::Null),
            "{date}"
        );
    }
    vi.seconds(3569).await;
    assert_eq!(handle.messages().len(), 1);
    vi.seconds(1).await;
    assert_eq!(handle.messages().len(), 2, "at 22:00 the message comes");
}

#[tokio::test]
async fn person_cannot_come_before_the_message() {
    let vi = Vi::start().await;
    // 1 January 2026, 1:00 in Spain.
    let id = vi.request(&with("Fecha", "2026-01-01 02:00")).await;
    let steps = vi.sandbox.verificar_identidad().act(&id, "happy").unwrap();
    assert_eq!(steps[0].after_seconds, 3600 + 60);
    vi.seconds(3600).await;
    assert!(vi.statuses(&id).await.is_empty());
    vi.seconds(60).await;
    assert_eq!(vi.statuses(&id).await, [3000]);
}

#[tokio::test]
async fn each_request_costs_credits() {
    let vi =
        Vi::with(|account| (account.credit_hundredths, account.cost_hundredths) = (500, 200)).await;
    assert_eq!(vi.said("VerificarIdentidad", &request()).await["Cred"], 3);
    vi.refused(&with("Telefono", "x")).await;
    assert_eq!(
        vi.said("VerificarIdentidad", &request()).await["Cred"],
        1,
        "a refused request costs nothing"
    );
    let said = vi.said("VerificarIdentidad", &request()).await;
    assert_eq!(said, json!({ "Res": -2, "CredNecesarios": 2 }));
    assert_eq!(
        vi.said("GetCreditos", &json!({ "Resp": "JSON" })).await,
        json!({ "Res": 1, "Cred": 1 })
    );
    vi.configure(|account| account.needed_credits = false);
    assert_eq!(
        vi.said("VerificarIdentidad", &request()).await,
        json!({ "Res": -2 })
    );
    vi.configure(|account| account.credit_hundredths = 1_234_567);
    assert_eq!(
        vi.said("VerificarIdentidad", &request()).await["Cred"],
        json!(12_343.67)
    );
    assert_eq!(
        vi.sandbox.verificar_identidad().account().credit_hundredths,
        1_234_367
    );
    assert_eq!(vi.sandbox.verificar_identidad().requests(), 3);
}

#[tokio::test]
async fn refused_requests_send_nothing() {
    let vi = Vi::with(|account| account.activated = false).await;
    assert_eq!(
        vi.said("VerificarIdentidad", &request()).await,
        json!({ "Res": -4 })
    );
    for code in [-5, -6, -7] {
        vi.configure(|account| (account.activated, account.general_error) = (true, Some(code)));
        assert_eq!(
            vi.said("VerificarIdentidad", &request()).await,
            json!({ "Res": code })
        );
    }
    let handle = vi.sandbox.verificar_identidad();
    assert_eq!(
        (
            handle.requests(),
            handle.messages().len(),
            handle.account().credit_hundredths
        ),
        (0, 0, 100_000)
    );
}

#[tokio::test]
async fn responses_have_the_requested_format() {
    let vi = Vi::with(|account| account.block_after = 0).await;
    let ask = async |function: &str, body: Value| {
        let reply = vi.call(function, &body).await;
        assert_eq!(reply.status, 200);
        (
            reply.header("content-type").unwrap().to_owned(),
            reply.text().to_owned(),
        )
    };
    let last = || vi.sandbox.verificar_identidad().ids().pop().unwrap();
    let (media_type, text) = ask("VerificarIdentidad", with("Resp", "JSON")).await;
    assert_eq!(media_type, "application/json");
    assert_eq!(
        text,
        format!(r#"[{{"Res":1,"ID":"{}","Cred":999}}]"#, last())
    );
    let (media_type, text) = ask("VerificarIdentidad", with("Resp", "XML")).await;
    assert_eq!(media_type, "text/xml; charset=utf-8");
    let expected = format!(
        r#"<?xml version="1.0"?><result><Res>1</Res><ID>{}</ID><Cred>998</Cred></result>"#,
        last()
    );
    assert_eq!(text, expected);
    let (media_type, text) = ask("VerificarIdentidad", with("Resp", "TXT")).await;
    assert_eq!(media_type, "text/plain; charset=utf-8");
    assert_eq!(text, format!("Res:1;\nID:{};\nCred:997;\n", last()));
    for old in [json!("ANT"), Value::Null, json!("")] {
        let text = ask("VerificarIdentidad", with("Resp", old.clone())).await.1;
        assert_eq!(text, format!("Res:1;\nID:{};\n", last()), "{old}");
        assert_eq!(
            ask("GetCreditos", json!({ "Resp": old })).await.1,
            vi.credits()
        );
        let mut wrong = with("Resp", old);
        wrong["Telefono"] = json!("x");
        assert_eq!(ask("VerificarIdentidad", wrong).await.1, "-3");
    }
    let xml = ask(
        "VerificarIdentidad",
        json!({ "Mensaje": "<&>", "Telefono": "34600000001", "Resp": "XML" }),
    )
    .await
    .1;
    assert!(
        xml.contains("<Res>-3</Res><Error>") && xml.ends_with("</Error></result>"),
        "{xml}"
    );
    for unknown in ["json", "HTML", "0"] {
        let count = vi.sandbox.verificar_identidad().requests();
        assert_eq!(
            ask("VerificarIdentidad", with("Resp", unknown)).await.1,
            "-3",
            "{unknown}"
        );
        assert_eq!(
            vi.sandbox.verificar_identidad().requests(),
            count,
            "{unknown}"
        );
    }
}

#[tokio::test]
async fn responses_have_configured_variants() {
    let vi = Vi::with(|account| account.answer_as_object = true).await;
    let reply = vi.call("GetCreditos", &json!({ "Resp": "JSON" })).await;
    assert_eq!(reply.json(), json!({ "Res": 1, "Cred": 1000 }));
    vi.configure(|account| {
        (account.answer_as_object, account.answer_types_swapped) = (false, true);
    });
    let said = vi.said("VerificarIdentidad", &request()).await;
    assert_eq!(
        (&said["Res"], &said["Cred"], said["ID"].is_u64()),
        (&json!("1"), &json!("999"), true)
    );
    vi.configure(|account| {
        (
            account.answer_types_swapped,
            account.xml_items,
            account.xml_upper_case,
        ) = (false, true, true);
    });
    let xml = vi.call("GetCreditos", &json!({ "Resp": "XML" })).await;
    assert_eq!(
        xml.text(),
        r#"<?xml version="1.0"?><result><item0><RES>1</RES><CRED>999</CRED></item0></result>"#
    );
    vi.configure(|account| account.format_unless_told = AnswerFormat::Json);
    assert_eq!(
        vi.call("GetCreditos", &json!({})).await.json(),
        json!([{ "Res": 1, "Cred": 999 }])
    );
}

#[tokio::test]
async fn repeated_invalid_calls_block_the_sender() {
    let vi = Vi::start().await;
    let wrong = with("Telefono", "x");
    for _ in 0..9 {
        vi.refused(&wrong).await;
        vi.seconds(6).await;
    }
    vi.request(&request()).await;
    vi.seconds(6).await;
    vi.refused(&wrong).await;
    assert_eq!(
        vi.call("VerificarIdentidad", &request()).await.status,
        200,
        "the first one was a minute ago"
    );
    vi.refused(&wrong).await;
    let blocked = vi.call("VerificarIdentidad", &request()).await;
    assert_eq!(
        (blocked.status, blocked.header("retry-after")),
        (429, None),
        "ten within a minute"
    );
    let count = vi.sandbox.verificar_identidad().requests();
    vi.seconds(599).await;
    assert_eq!(vi.call("GetCreditos", &json!({})).await.status, 429);
    assert_eq!(vi.sandbox.verificar_identidad().requests(), count);
    vi.seconds(1).await;
    vi.request(&request()).await;
}

#[tokio::test]
async fn repeated_credit_queries_block_the_sender() {
    let vi = Vi::with(|account| (account.block_after, account.blocked_status) = (3, 403)).await;
    for _ in 0..3 {
        assert_eq!(
            vi.said("GetCreditos", &json!({ "Resp": "JSON" })).await["Res"],
            1
        );
    }
    assert_eq!(
        vi.call("GetCreditos", &json!({ "Resp": "JSON" }))
            .await
            .status,
        403
    );
    vi.seconds(600).await;
    for _ in 0..100 {
        vi.request(&request()).await;
    }
    vi.configure(|account| account.block_after = 0);
    for _ in 0..20 {
        vi.refused(&with("Telefono", "x")).await;
    }
}

#[tokio::test]
async fn both_hosts_are_on_the_shared_port() {
    let vi = Vi::start().await;
    let authorization = basic("APIUser", "APIToken");
    let shared = vi.sandbox.shared_url();
    for host in ["api.mensatek.com", "www.mensatek.com"] {
        let headers = [("Host", host), ("Authorization", authorization.as_str())];
        assert_eq!(
            send(&shared, "POST", "/v7/GetCreditos", &headers, "")
                .await
                .unwrap()
                .text(),
            "1000"
        );
    }
}

impl Vi {
    /// Returns the remaining credits, in the format of old versions.
    fn credits(&self) -> String {
        (self
            .sandbox
            .verificar_identidad()
            .account()
            .credit_hundredths
            / 100)
            .to_string()
    }
}
