//! Answers of the vendor's own calls: variants, encryption, samples, and invalid answers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod calls;
mod fixture;
mod support;

use calls::*;
use fixture::fixture;
use idv_core::{Effect, Error, ErrorKind, Operation, Reference, Secret};
use idv_identity_tm::api::order::TestRobot;
use idv_identity_tm::api::{IdentDataVariants, OrderId, SignatureType, StatusVariants, Tan};
use idv_identity_tm::wire;
use idv_testkit::{Exchange, ScriptedTransport};
use support::*;

#[tokio::test]
async fn history_has_the_documents_four_variants() {
    for (variants, path) in [
        (StatusVariants::default(), ""),
        (
            with_status(|variants| variants.include_sub_kind = true),
            "/IncludeSubKind",
        ),
        (
            with_status(|variants| variants.extended_list = true),
            "/ExtendedList",
        ),
        (StatusVariants::ALL, "/ExtendedList/IncludeSubKind"),
    ] {
        // A history cannot be encrypted.
        for config in [config(), encrypted()] {
            let transport = ScriptedTransport::new();
            transport.then_json(200, String::from_utf8(fixture("get-status.json")).unwrap());
            let (api, client) = api_of(config, &transport);
            let retrieved = api
                .status(&client.context(Operation::Poll), &order(), variants)
                .await
                .unwrap();
            let list = retrieved.read(wire::StatusList::read).unwrap();
            assert_eq!(list.status.unwrap().len(), 10);
            assert_eq!(lines(&transport), [format!("GET getStatus/{ORDER}{path}")]);
        }
    }
}

#[tokio::test]
async fn every_combination_of_result_variants_is_requested() {
    let names = [
        "IncludeInitialData",
        "IncludeIdentifyMethod",
        "IncludeIdentifier",
        "Signed",
    ];
    for bits in 0_u8..16 {
        let chosen = |index: usize| bits & (1 << index) != 0;
        let mut variants = IdentDataVariants::default();
        (variants.initial_data, variants.identify_method) = (chosen(0), chosen(1));
        (variants.identifier, variants.signed) = (chosen(2), chosen(3));
        let path: String = (0..4)
            .filter(|index| chosen(*index))
            .map(|index| format!("/{}", names[index]))
            .collect();
        for (config, end, answer) in [
            (
                config(),
                "",
                bytes::Bytes::from_static(b"{\"IdentData\":[]}"),
            ),
            (encrypted(), "/crypt", fixture("crypt/java.bin").into()),
        ] {
            let plain = if end.is_empty() {
                answer.to_vec()
            } else {
                fixture("crypt/plain.json")
            };
            let transport = ScriptedTransport::new();
            transport.then(file("application/json", answer));
            let (api, client) = api_of(config, &transport);
            let retrieved = api
                .ident_data(&client.context(Operation::Fetch), &order(), variants)
                .await
                .unwrap();
            assert_eq!(retrieved.body.as_ref(), plain);
            assert_eq!(
                lines(&transport),
                [format!("GET getIdentData/{ORDER}{path}{end}")]
            );
        }
    }
}

#[tokio::test]
async fn only_documented_calls_are_encrypted() {
    let plain = fixture("crypt/plain.json");
    for row in ROWS {
        // Chapters 3.3.2, 3.4.2, 3.5.2, 3.10.2 and 3.11.2.
        let can_be = matches!(
            row.name,
            "getIdentData"
                | "getIdentDataPDF"
                | "getESignPDF"
                | "getVideoFileBinary"
                | "getVoiceFiles"
        );
        let transport = ScriptedTransport::new();
        let media_type = if row.name == "getVideoFileBinary" {
            "video/mp4"
        } else {
            "application/json"
        };
        if can_be {
            transport.then(file(media_type, fixture("crypt/java.bin")));
        } else {
            transport.then(success(row));
        }
        let (api, client) = api_of(encrypted(), &transport);
        let result = (row.call)(&api, &client.context(Operation::Other)).await;
        assert!(result.is_ok(), "{}: {result:?}", row.name);
        let end = if can_be { "/crypt" } else { "" };
        assert!(
            lines(&transport)[0].ends_with(&format!(" {}{}{end}", row.name, row.rest)),
            "{:?}",
            lines(&transport)
        );
        if !can_be {
            continue;
        }
        // A modified response is not trusted, and no part of the file reaches the sink.
        let mut changed = fixture("crypt/java.bin");
        changed[30] ^= 1;
        let transport = ScriptedTransport::new();
        transport
            .then(file(media_type, changed))
            .then(file(media_type, plain.clone()));
        let (api, client) = api_of(encrypted(), &transport);
        let mut kinds = Vec::new();
        for _ in 0..2 {
            kinds.push(
                (row.call)(&api, &client.context(Operation::Fetch))
                    .await
                    .unwrap_err()
                    .kind()
                    .clone(),
            );
        }
        assert_eq!(
            kinds,
            [ErrorKind::Forged, ErrorKind::Forged],
            "{}",
            row.name
        );
    }
    for name in ["ident_data_pdf", "video"] {
        let transport = ScriptedTransport::new();
        let media_type = if name == "video" {
            "video/webm"
        } else {
            "application/pdf"
        };
        transport
            .then(file(media_type, fixture("crypt/java.bin")))
            .then(file(media_type, b"short".as_slice()));
        let (api, client) = api_of(encrypted(), &transport);
        let cx = client.context(Operation::Evidence);
        let mut sink = Vec::new();
        let downloaded = if name == "video" {
            api.video(&cx, &order(), 10_000, &mut sink).await
        } else {
            api.ident_data_pdf(&cx, &order(), 10_000, &mut sink).await
        };
        assert_eq!(
            (downloaded.unwrap().length, sink.as_slice()),
            (plain.len() as u64, plain.as_slice())
        );
        let mut sink = Vec::new();
        let error = api
            .ident_data_pdf(&cx, &order(), 10_000, &mut sink)
            .await
            .unwrap_err();
        assert_eq!((error.kind(), sink.len()), (&ErrorKind::Malformed, 0));
    }
}

#[tokio::test]
async fn documents_samples_are_parsed() {
    let transport = ScriptedTransport::new();
    let text = |name: &str| String::from_utf8(fixture(name)).unwrap();
    transport.then_json(202, text("put-order-response.json"));
    transport.then_json(200, text("get-orders-by-ref.txt"));
    transport.then_json(200, text("system-status.json"));
    transport.then_json(200, text("check-signme-user.json"));
    transport.then_json(200, text("confirm-new-password.json"));
    transport.then_json(200, text("own-esign-pdf.json"));
    transport.then_json(200, text("own-esign-hash.json"));
    transport.then_json(200, text("get-images.json"));
    transport.then_json(200, text("get-voice-files.json"));
    let (api, client) = api(&transport);
    let cx = client.context(Operation::Other);
    assert_eq!(
        api.put_order(&cx, &least())
            .await
            .unwrap()
            .order_id
            .as_str(),
        "99921269855041"
    );
    let found = api
        .orders_by_ref(&cx, &Reference::existing("543210").unwrap())
        .await
        .unwrap();
    assert_eq!(
        found.iter().map(OrderId::as_str).collect::<Vec<_>>(),
        ["99921801997040", "99921800019939"]
    );
    let systems = api.system_status(&cx).await.unwrap();
    assert_eq!(
        (
            systems.server_alive,
            systems.video_available,
            systems.esign.fes_available
        ),
        (Some(true), Some(true), Some(true))
    );
    assert_eq!(systems.iproov_available, None);
    let user = api
        .check_signme_user(&cx, &"e@example.com".into(), Some(SignatureType::Adv))
        .await
        .unwrap();
    assert_eq!(
        (user.user_exists, user.user_is_able_to_sign),
        (Some(false), Some(false))
    );
    let sent = transport.requests();
    assert_eq!(
        sent.last().unwrap().body().as_ref(),
        br#"{"Email":"e@example.com","signatureType":"ADV"}"#
    );
    assert_eq!(
        Secret::expose(&api.confirm_new_password(&cx, &tan()).await.unwrap()),
        "XXXXXXXXXXXX"
    );
    assert_eq!(
        api.signed_documents(&cx, &order())
            .await
            .unwrap()
            .read(wire::SignedDocuments::read)
            .unwrap()
            .pdfs
            .len(),
        2
    );
    assert!(
        !api.signed_hashes(&cx, &order())
            .await
            .unwrap()
            .read(wire::Hashes::read)
            .unwrap()
            .hashes
            .entries
            .is_empty()
    );
    assert_eq!(
        api.images(&cx, &order())
            .await
            .unwrap()
            .read(wire::Images::read)
            .unwrap()
            .images
            .len(),
        2
    );
    assert_eq!(
        api.voice_files(&cx, &order())
            .await
            .unwrap()
            .read(wire::VoiceFiles::read)
            .unwrap()
            .voice_files
            .len(),
        1
    );
}

#[tokio::test]
async fn every_signature_kind_has_the_documents_word() {
    for (kind, word) in [
        (SignatureType::Qes, "QES"),
        (SignatureType::Adv, "ADV"),
        (SignatureType::Bas, "BAS"),
    ] {
        let transport = ScriptedTransport::new();
        transport.then_json(200, r#"{"UserExists":true,"UserIsAbleToSign":true}"#);
        let (api, client) = api(&transport);
        api.check_signme_user(
            &client.context(Operation::Other),
            &"e@example.com".into(),
            Some(kind),
        )
        .await
        .unwrap();
        let body: serde_json::Value =
            serde_json::from_slice(transport.requests()[0].body()).unwrap();
        assert_eq!(body["signatureType"], word);
    }
}

#[tokio::test]
async fn forbidden_values_are_refused_before_sending() {
    let transport = ScriptedTransport::new();
    let (api, client) = api(&transport);
    let cx = client.context(Operation::Other);
    let field = |error: Error| match error.kind() {
        ErrorKind::InvalidRequest { field } => field.to_string(),
        other => panic!("{other:?}"),
    };
    for id in [
        "",
        "123456789012345678901",
        "9992 0006",
        "99920006/C",
        "..",
        "é",
    ] {
        assert_eq!(field(OrderId::parse(id).unwrap_err()), "vendor_id", "{id}");
    }
    assert!(OrderId::parse("12345678901234567890").is_ok());
    for tan in ["", "1234567", "12 45", "12345é"] {
        assert_eq!(field(Tan::parse(tan).unwrap_err()), "tan", "{tan}");
    }
    // Five by the table of chapter 6.2.3, six by its sample.
    assert!(
        ["12345", "123456"]
            .iter()
            .all(|tan| Tan::parse(*tan).is_ok())
    );
    for reference in [
        "a_b",
        "a/b",
        "..",
        ".",
        "a?b",
        "a#b",
        "a%2fb",
        &"a".repeat(101),
    ] {
        let reference = Reference::existing(reference).unwrap();
        assert_eq!(
            field(api.orders_by_ref(&cx, &reference).await.unwrap_err()),
            "reference",
            "{reference:?}"
        );
    }
    for mobile in [
        "",
        "+",
        "0171123456",
        "+49 171",
        "+49a",
        &format!("+{}", "1".repeat(64)),
    ] {
        assert_eq!(
            field(
                api.request_new_password(&cx, &mobile.into())
                    .await
                    .unwrap_err()
            ),
            "mobile",
            "{mobile}"
        );
    }
    assert_eq!(
        field(
            api.check_signme_user(&cx, &"nobody".into(), None)
                .await
                .unwrap_err()
        ),
        "Email"
    );
    let mut order = least();
    order.reference = Some(TestRobot::Fraud.reference().to_owned());
    assert_eq!(field(api.put_order(&cx, &order).await.unwrap_err()), "Ref");
    assert_eq!(transport.count(), 0);
}

#[tokio::test]
async fn unreadable_success_is_malformed_with_unknown_effect() {
    let huge = format!("[{}", "[".repeat(100_000));
    let wrongs = [
        "",
        "null",
        "5",
        "\"text\"",
        "OK",
        "<html><body>It works</body></html>",
        "{\"OrderID\":",
        "[{\"a\":1}",
        "\u{feff}",
        &huge,
    ];
    for row in ROWS {
        // Files have no status of their own, and undocumented responses only have their HTTP
        // status.
        let read = matches!(
            row.name,
            "putOrder"
                | "getOrdersByRef"
                | "systemStatus"
                | "checkSignmeUser"
                | "confirmNewPassword"
        );
        if !read {
            continue;
        }
        for wrong in wrongs {
            let (result, transport) = call(row, vec![Exchange::Answer(failed(200, wrong))]).await;
            let error = result.expect_err(&format!("{}: {wrong:.20}", row.name));
            assert_eq!(
                (error.kind(), error.http_status()),
                (&ErrorKind::Malformed, Some(200)),
                "{}: {wrong:.20}",
                row.name
            );
            assert_eq!(
                (error.effect(), transport.count()),
                (Effect::Unknown, 1),
                "{}: {wrong:.20}",
                row.name
            );
            assert!(!error.to_string().contains("html"), "{error}");
        }
    }
    for body in wrongs {
        let transport = ScriptedTransport::new();
        for _ in 0..6 {
            transport.then_json(200, body);
        }
        let (api, client) = api(&transport);
        let cx = client.context(Operation::Poll);
        let malformed =
            |error: Error| assert_eq!(error.kind(), &ErrorKind::Malformed, "{body:.20}");
        malformed(
            api.status(&cx, &order(), StatusVariants::ALL)
                .await
                .unwrap()
                .read(wire::StatusList::read)
                .unwrap_err(),
        );
        let result = api
            .ident_data(&cx, &order(), IdentDataVariants::default())
            .await
            .unwrap();
        malformed(result.read(wire::IdentResult::read).unwrap_err());
        malformed(
            api.images(&cx, &order())
                .await
                .unwrap()
                .read(wire::Images::read)
                .unwrap_err(),
        );
        malformed(
            api.voice_files(&cx, &order())
                .await
                .unwrap()
                .read(wire::VoiceFiles::read)
                .unwrap_err(),
        );
        malformed(
            api.signed_documents(&cx, &order())
                .await
                .unwrap()
                .read(wire::SignedDocuments::read)
                .unwrap_err(),
        );
        malformed(
            api.signed_hashes(&cx, &order())
                .await
                .unwrap()
                .read(wire::Hashes::read)
                .unwrap_err(),
        );
    }
}

#[tokio::test]
async fn response_above_the_limit_is_refused() {
    let long = format!(r#"{{"IdentData":[],"x":"{}"}}"#, "x".repeat(2000));
    let small = with(|config| config.max_embedded_bytes = 2000);
    for name in [
        "getStatus",
        "getIdentData",
        "getESignPDF",
        "getESignHash",
        "getImages",
        "getVoiceFiles",
    ] {
        let transport = ScriptedTransport::new();
        transport.then_json(200, long.clone());
        let (api, client) = api_of(small.clone(), &transport);
        let row = ROWS.iter().find(|row| row.name == name).unwrap();
        let error = (row.call)(&api, &client.context(Operation::Fetch))
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), transport.count()),
            (&ErrorKind::LimitExceeded, 1),
            "{name}"
        );
    }
    for name in [
        "getIdentDataPDF",
        "getESignAuditLogPDF",
        "getVideoFileBinary",
    ] {
        let transport = ScriptedTransport::new();
        transport.then(file("video/mp4", vec![0; 1001]));
        let (api, client) = api(&transport);
        let row = ROWS.iter().find(|row| row.name == name).unwrap();
        let error = (row.call)(&api, &client.context(Operation::Evidence))
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), transport.count()),
            (&ErrorKind::LimitExceeded, 1),
            "{name}"
        );
    }
}

#[tokio::test]
async fn response_that_is_not_a_video_is_refused() {
    for (media_type, taken) in [
        ("video/mp4", true),
        ("video/webm; codecs=vp8", true),
        ("application/json", false),
        ("text/html", false),
    ] {
        let transport = ScriptedTransport::new();
        // The adapter does not parse these bytes.
        transport.then(file(media_type, b"bytes".as_slice()));
        let (api, client) = api(&transport);
        let result = api
            .video(
                &client.context(Operation::Evidence),
                &order(),
                10,
                &mut Vec::new(),
            )
            .await;
        assert_eq!(result.is_ok(), taken, "{media_type}: {result:?}");
        if let Err(error) = result {
            assert_eq!(error.kind(), &ErrorKind::Malformed);
        }
    }
}

#[tokio::test]
async fn server_status_is_true_or_false() {
    for (status, up) in [
        (200, true),
        (500, false),
        (503, false),
        (404, false),
        (302, false),
    ] {
        let transport = ScriptedTransport::new();
        for _ in 0..4 {
            transport.then(empty(status));
        }
        let (api, client) = api(&transport);
        assert_eq!(
            api.server_status(&client.context(Operation::Other))
                .await
                .unwrap(),
            up,
            "{status}"
        );
    }
    let (api, client) = api(&ScriptedTransport::new());
    let error = api
        .server_status(&client.context(Operation::Other))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::Unavailable);
}

#[tokio::test]
async fn base_url_works_with_and_without_trailing_slash() {
    for base in [
        "https://identity.example.com/a/2.10",
        "https://identity.example.com/a/2.10/",
    ] {
        let transport = ScriptedTransport::new();
        transport.then(empty(200));
        let (api, client) = api_of(
            with(|config| config.base_url = Some(base.parse().unwrap())),
            &transport,
        );
        api.server_status(&client.context(Operation::Other))
            .await
            .unwrap();
        assert_eq!(
            line(&transport.requests()[0]),
            "GET https://identity.example.com/a/2.10/serverStatus"
        );
    }
}

fn with_status(change: impl FnOnce(&mut StatusVariants)) -> StatusVariants {
    let mut variants = StatusVariants::default();
    change(&mut variants);
    variants
}
