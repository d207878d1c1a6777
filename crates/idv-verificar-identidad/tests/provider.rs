//! The provider with scripted responses.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod support;

use idv_core::report::{Country, DocumentKind};
use idv_core::{
    Capability, CreateSafety, Effect, ErrorKind, EvidenceId, HandOff, HandOffKind, ListQuery,
    NewVerification, ProofKind, ReportSource, Requirements, Sent, TransportCause, VendorId,
    VerificationId,
};
use idv_testkit::{Exchange, ScriptedTransport};
use idv_verificar_identidad::{VerificarIdentidad, VerificarIdentidadConfig};
use serde_json::Value;
use support::*;

/// The request of a verification.
async fn sent(
    config: VerificarIdentidadConfig,
    change: impl FnOnce(&mut NewVerification),
) -> Value {
    let transport = scripted(&[(200, TAKEN)]);
    let mut new = new();
    change(&mut new);
    client_of(config, &transport).create(&new).await.unwrap();
    serde_json::from_slice(transport.requests()[0].body()).unwrap()
}

/// The field that the error names; nothing must be sent.
async fn refused(change: impl FnOnce(&mut NewVerification)) -> String {
    let transport = scripted(&[(200, TAKEN)]);
    let mut new = new();
    change(&mut new);
    let error = client(&transport).create(&new).await.unwrap_err();
    assert_eq!((error.effect(), transport.count()), (Effect::NotApplied, 0));
    match error.kind() {
        ErrorKind::InvalidRequest { field } => field.clone().into_owned(),
        other => panic!("{other:?}"),
    }
}

fn country(alpha2: &str) -> Option<idv_core::Pii<Country>> {
    Country::from_alpha2(alpha2).map(Into::into)
}

#[tokio::test]
async fn create_texts_the_person_and_returns_the_id() {
    let transport = scripted(&[(200, TAKEN)]);
    let client = client_of(
        with(|config| config.sender = Some("MiBanco".to_owned())),
        &transport,
    );
    let mut new = new();
    new.purpose = Some("Para abrir su cuenta.".to_owned());
    new.document.number = Some("00.000.000-t".into());
    new.person.given_names = Some("Juan".into());
    let created = client.create(&new).await.unwrap();
    assert_eq!(
        (
            created.hand_off,
            created.already_existed,
            created.expires_at
        ),
        (HandOff::VendorContactsPerson, false, None)
    );
    assert_eq!(
        (
            created.id.vendor_id.unwrap().as_str(),
            created.id.reference.as_str()
        ),
        (REQUEST, REFERENCE)
    );
    assert_eq!(created.unsupported_fields, ["person.given_names"]);
    let body: Value = serde_json::from_slice(transport.requests()[0].body()).unwrap();
    assert_eq!(
        body,
        serde_json::json!({
            "Mensaje": "Para abrir su cuenta. Por favor, verifique su identidad: [LINK]",
            "Dni": "00000000T",
            "Remitente": "MiBanco",
            "Telefono": "34600000001",
            "Resp": "JSON",
        })
    );
    assert!(
        !body.to_string().contains(REFERENCE),
        "the vendor does not accept the reference"
    );
}

#[tokio::test]
async fn phone_is_required_and_sent_as_digits() {
    for (phone, digits) in [
        ("+34600000001", "34600000001"),
        ("+34 600-00.00/01", "34600000001"),
        ("0034 (600) 000001", "34600000001"),
        ("+34\u{a0}600\u{202f}000‑001", "34600000001"),
    ] {
        assert_eq!(
            sent(config(), |new| new.contact.phone = Some(phone.into())).await["Telefono"],
            digits,
            "{phone}"
        );
    }
    assert_eq!(
        refused(|new| new.contact.phone = None).await,
        "contact.phone"
    );
    for phone in [
        "",
        "600000001",
        "34600000001",
        "+",
        "+34",
        "+34600000001x",
        "+3460000000100000",
        "00",
        "+0034600000001",
    ] {
        assert_eq!(
            refused(|new| new.contact.phone = Some(phone.into())).await,
            "contact.phone",
            "{phone}"
        );
    }
}

#[tokio::test]
async fn any_number_is_sent_and_spanish_letters_are_checked() {
    for (number, kind, issuing, dni) in [
        ("12345678Z", None, None, Some("12345678Z")),
        (
            "x1234567l",
            Some(DocumentKind::ResidencePermit),
            country("ES"),
            Some("X1234567L"),
        ),
        (
            "12345678Z",
            Some(DocumentKind::DrivingLicence),
            country("ES"),
            Some("12345678Z"),
        ),
        (
            "aaa-123456",
            Some(DocumentKind::Passport),
            country("ES"),
            Some("AAA123456"),
        ),
        ("T22 000 129", None, country("DE"), Some("T22000129")),
        (
            "T22000129",
            Some(DocumentKind::Passport),
            None,
            Some("T22000129"),
        ),
        ("T22000129", None, None, Some("T22000129")),
        ("K1234567L", None, country("ES"), Some("K1234567L")),
        // A foreign number has no Spanish check letter.
        ("12345678A", None, country("RO"), Some("12345678A")),
        (
            "12345678A",
            Some(DocumentKind::Passport),
            country("ES"),
            Some("12345678A"),
        ),
        (" ab/12-3 ", None, country("FR"), Some("ab/12-3")),
    ] {
        let body = sent(config(), |new| {
            new.document.number = Some(number.into());
            new.document.kind = kind.map(Into::into);
            new.document.issuing_country = issuing;
        })
        .await;
        assert_eq!(body.get("Dni").and_then(Value::as_str), dni, "{number}");
    }
    for number in ["12345678A", "x1234567-a", "", " - "] {
        assert_eq!(
            refused(|new| new.document.number = Some(number.into())).await,
            "document.number",
            "{number}"
        );
    }
}

#[tokio::test]
async fn message_is_in_the_persons_language() {
    let texts = with(|config| {
        config.language = "ca".to_owned();
        config.messages = [
            ("ca", "Verifiqui: [LINK] [PURPOSE]"),
            ("en", "Go to [LINK]"),
        ]
        .map(|(language, text)| (language.to_owned(), text.to_owned()))
        .into();
    });
    for (locale, purpose, message) in [
        (None, Some("Compte"), "Verifiqui: [LINK] Compte"),
        (None, None, "Verifiqui: [LINK]"),
        (Some("en-GB"), None, "Go to [LINK]"),
        (
            Some("de"),
            Some("Konto:"),
            "Konto: Bitte bestätigen Sie Ihre Identität: [LINK]",
        ),
        (Some("ja"), Some("x"), "Verifiqui: [LINK] x"),
    ] {
        let body = sent(texts.clone(), |new| {
            new.locale = locale.map(|locale| locale.parse().unwrap());
            new.purpose = purpose.map(str::to_owned);
        })
        .await;
        assert_eq!(body["Mensaje"], message, "{locale:?}");
    }
    for purpose in ["[LINK]", "a\u{0}"] {
        assert_eq!(
            refused(|new| new.purpose = Some(purpose.to_owned())).await,
            "purpose",
            "{purpose:?}"
        );
    }
    // Without the placeholder in every text, a purpose is not accepted.
    let accepts = |config| {
        VerificarIdentidad::new(config)
            .map(|it| idv_core::Provider::describe(&it).accepts)
            .unwrap()
    };
    assert!(accepts(config()).contains(&"purpose") && !accepts(texts).contains(&"purpose"));
}

#[tokio::test]
async fn customization_changes_the_request() {
    let transport = scripted(&[(200, TAKEN)]);
    let provider = VerificarIdentidad::new(config()).unwrap();
    provider.customize(|new, request| {
        request.sender = new.purpose.clone();
        Ok(())
    });
    let client = client_with(provider, &transport);
    let mut new = new();
    new.purpose = Some("MiBanco".to_owned());
    let mut options = idv_verificar_identidad::VerificarIdentidadOptions::default();
    options.send_at = Some("2022-05-01T13:10:00Z".parse().unwrap());
    new.set_options(&options).unwrap();
    client.create(&new).await.unwrap();
    let body: Value = serde_json::from_slice(transport.requests()[0].body()).unwrap();
    assert_eq!(
        (body["Fecha"].as_str(), body["Remitente"].as_str()),
        (Some("2022-05-01 15:10"), Some("MiBanco"))
    );
    // A customized request is checked, too.
    new.purpose = Some("longer than 11".to_owned());
    let error = client.create(&new).await.unwrap_err();
    assert_eq!(
        (error.kind(), transport.count()),
        (
            &ErrorKind::InvalidRequest {
                field: "Remitente".into()
            },
            1
        )
    );
}

#[tokio::test]
async fn creation_is_not_repeated_after_lost_response() {
    for exchange in [
        Exchange::Fail(Sent::Maybe, TransportCause::Interrupted),
        Exchange::Hang,
        file(500, "-2"),
        file(502, "<html>"),
        file(200, "[{\"Res\":"),
        file(200, ""),
    ] {
        let transport = ScriptedTransport::new();
        transport.then(exchange).then_json(200, TAKEN);
        let error = client(&transport).create(&new()).await.unwrap_err();
        assert_eq!(
            (error.effect(), transport.count()),
            (Effect::Unknown, 1),
            "{error}"
        );
    }
}

#[tokio::test]
async fn refused_creation_has_no_effect() {
    for (body, kind) in [
        ("-1", ErrorKind::Unauthorized),
        (r#"[{"Res":-2}]"#, ErrorKind::QuotaExhausted),
        (
            r#"[{"Res":-3,"Error":"x"}]"#,
            ErrorKind::InvalidRequest {
                field: "request".into(),
            },
        ),
        (r#"[{"Res":-4}]"#, ErrorKind::QuotaExhausted),
    ] {
        let transport = scripted(&[(200, body), (200, TAKEN)]);
        let error = client(&transport).create(&new()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.effect(), error.is_transient()),
            (&kind, Effect::NotApplied, false),
            "{body}"
        );
        assert_eq!((error.attempts(), transport.count()), (1, 1));
    }
}

#[tokio::test]
async fn certificate_is_the_only_evidence() {
    let transport = ScriptedTransport::new();
    transport.then(file(200, "%PDF-1.4"));
    let client = client(&transport);
    let mut sink = Vec::new();
    let download = client
        .evidence(&id(), &EvidenceId::new("certificate"), 100, &mut sink)
        .await
        .unwrap();
    assert_eq!(
        (download.length, sink.as_slice()),
        (8, b"%PDF-1.4".as_slice())
    );
    assert_eq!(
        client
            .evidence(&id(), &EvidenceId::new("pdf"), 100, &mut sink)
            .await
            .unwrap_err()
            .kind(),
        &ErrorKind::NotFound
    );
    for vendor_id in [None, Some(VendorId::new("../GetCreditos"))] {
        let id = VerificationId::new(reference(), vendor_id);
        let error = client
            .evidence(&id, &EvidenceId::new("certificate"), 100, &mut sink)
            .await
            .unwrap_err();
        assert_eq!(
            error.kind(),
            &ErrorKind::InvalidRequest {
                field: "vendor_id".into()
            }
        );
    }
    assert_eq!(transport.count(), 1, "only the certificate was asked for");
}

#[tokio::test]
async fn operation_without_a_call_is_unsupported() {
    let transport = ScriptedTransport::new();
    let client = client(&transport);
    let errors = [
        client.poll(&id()).await.unwrap_err(),
        client.fetch(&id(), None).await.unwrap_err(),
        client.list(&ListQuery::default(), None).await.unwrap_err(),
        client.find(&reference()).await.unwrap_err(),
        client.delete(&id()).await.unwrap_err(),
    ];
    assert!(
        errors
            .iter()
            .all(|error| error.kind() == &ErrorKind::Unsupported)
    );
    assert_eq!(transport.count(), 0);
}

#[test]
fn profile_lists_the_vendors_capabilities() {
    let client = client(&ScriptedTransport::new());
    let capabilities = client.info();
    assert_eq!(
        capabilities.capabilities,
        [Capability::Evidence, Capability::Callbacks]
    );
    assert_eq!(
        (capabilities.create_safety, capabilities.hand_off),
        (CreateSafety::Unkeyed, HandOffKind::VendorContactsPerson)
    );
    assert_eq!(
        (capabilities.report_from, capabilities.callback_proof),
        (ReportSource::Callback, Some(ProofKind::SecretUrl))
    );
    assert!(!capabilities.can_be_asked());
    assert!(
        client
            .require(
                &Requirements::new()
                    .proven_callbacks()
                    .input("contact.phone")
                    .capability(Capability::Evidence)
            )
            .is_ok()
    );
    assert!(
        client
            .require(&Requirements::new().repeatable_create())
            .is_err()
    );
    assert!(client.info().manual_steps.contains("panel"));
}
