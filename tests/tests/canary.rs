//! Marked data passes through every operation of each vendor over HTTP, faults included. No mark
//! may appear in any log at TRACE, any error, any `Debug` output or any panic.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::error::Error as _;
use std::fmt::Debug;

use http::{HeaderMap, Method};
use idv::adapter::settings::SettingValue;
use idv::identity_tm::IdentityTmConfig;
use idv::identity_tm::api::order::{
    AdditionalField, Address, FieldKind, IdentData, Order, Product, SignDocument, SignHash, Stamp,
};
use idv::identity_tm::api::{IdentDataVariants, OrderId, SignatureType, StatusVariants, Tan};
use idv::{
    Delivery, EvidenceId, ListQuery, NewVerification, Pii, Secret, Verification, VerificationId,
};
use idv_sandbox::{Fault, FaultKind};
use idv_testkit::{Canary, Recording};
use serde_json::json;
use support::identity_tm::{self, Bank, Receiver, Vendor};
use support::{Setup, minutes};

/// Returns every way in which a careless program might print a value.
fn printed(value: &impl Debug) -> String {
    format!("{value:?} {value:#?}")
}

/// Returns every way in which a program might print a failure: the error and its sources.
fn failure<T: Debug>(result: idv::Result<T>) -> String {
    let error = result.expect_err("the call fails");
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut cause = error.source();
    while let Some(beneath) = cause {
        text += &format!(" {beneath} {beneath:?}");
        cause = beneath.source();
    }
    text
}

fn marked(setup: &Setup, canary: &mut Canary) -> NewVerification {
    let mut new = setup.new_verification();
    new.person.given_names = Some(canary.mark("given").into());
    new.person.family_name = Some(canary.mark("family").into());
    new.person.birth_name = Some(canary.mark("birthname").into());
    new.person.birth_place = Some(canary.mark("birthplace").into());
    new.person.title = Some(canary.mark("title").into());
    new.person.address.street = Some(canary.mark("street").into());
    new.person.address.city = Some(canary.mark("city").into());
    new.person.address.postal_code = Some(canary.mark("zip").into());
    new.contact.email = Some(format!("{}@example.com", canary.mark("mail")).into());
    new.custom
        .insert("custom1".into(), canary.mark("custom").into());
    // The reference opens the person's session, so it must not appear in full either.
    canary.watch(new.reference.as_str().get(8..).unwrap());
    new
}

#[tokio::test]
async fn operations_of_idnow_print_no_mark() {
    let setup = Setup::new().await;
    let mut canary = Canary::new();
    canary.watch(setup.sandbox.idnow().api_key());
    let recording = Recording::start();
    let mut out = String::new();

    let new = marked(&setup, &mut canary);
    out += &printed(&new);
    let created = setup.client.create(&new).await.unwrap();
    out += &printed(&created);
    canary.watch(created.id.vendor_id.as_ref().unwrap().as_str());
    let mut verification =
        Verification::new(created.id.clone(), setup.client.info(), created.expires_at);

    for (scenario, advance) in [("data-changed", 60), ("canceled-in-review", 60)] {
        let another = marked(&setup, &mut canary);
        let id = setup.client.create(&another).await.unwrap().id;
        setup
            .sandbox
            .idnow()
            .act(id.reference.as_str(), scenario)
            .unwrap();
        setup.sandbox.clock().advance(minutes(advance)).await;
        for format in ["json", "xml", "zip"] {
            let client = setup.client_with(&[("IDV_IDNOW_RESULT_FORMAT", format)]);
            let observation = client.fetch(&id, None).await.unwrap();
            out += &printed(&observation);
            out += &printed(&client);
        }
        let observation = setup.client.poll(&id).await.unwrap();
        out += &printed(&observation);
        out += &printed(&observation.report().unwrap().evidence);
        out += &format!("{:?}", verification.apply(&observation));
        for evidence in ["pdf", "idfrontside", "archive"] {
            let download = setup
                .client
                .evidence(&id, &EvidenceId::new(evidence), 1 << 20, &mut Vec::new())
                .await;
            out += &format!("{download:?}");
        }
        // Data of a callback.
        let body = serde_json::to_vec(&serde_json::json!({ "identificationprocess": {
            "result": "SUCCESS", "transactionnumber": id.reference.as_str() }, "userdata": { "lastname": { "value": canary.mark("hook") } } }));
        let delivery = Delivery::callback(
            Method::POST,
            "/hook?token=0123456789abcdef".parse().unwrap(),
            HeaderMap::new(),
            body.unwrap(),
        );
        out += &printed(&delivery);
        out += &printed(&setup.client.receive(&delivery).unwrap());
    }
    out += &printed(
        &setup
            .client
            .list(&ListQuery::default(), None)
            .await
            .unwrap(),
    );

    // Every fault at every operation.
    let id = created.id.clone();
    for kind in [
        FaultKind::CutAfter,
        FaultKind::Truncated,
        FaultKind::WrongType,
        FaultKind::Html,
        FaultKind::Status {
            code: 400,
            retry_after: None,
        },
        FaultKind::Status {
            code: 404,
            retry_after: None,
        },
        FaultKind::Oversize(40 << 20),
    ] {
        setup
            .sandbox
            .plan(Fault::new(kind.clone()).at("/identifications").times(9999));
        out += &failure(
            setup
                .client
                .create(&marked(&setup, &mut canary))
                .await
                .map(drop),
        );
        if !matches!(kind, FaultKind::Status { code: 404, .. }) {
            out += &failure(setup.client.poll(&id).await);
        }
        out += &failure(setup.client.fetch(&id, None).await);
        // A list of other content has no readable entry.
        if kind != FaultKind::WrongType {
            out += &failure(setup.client.list(&ListQuery::default(), None).await);
        }
        out += &failure(
            setup
                .client
                .evidence(
                    &id,
                    &EvidenceId::new("idfrontside"),
                    1 << 20,
                    &mut Vec::new(),
                )
                .await,
        );
        setup.sandbox.clear_faults();
    }
    // Requests that are refused before they are sent.
    let mut wrong = marked(&setup, &mut canary);
    wrong
        .custom
        .insert(canary.mark("key"), canary.mark("value").into());
    out += &failure(setup.client.create(&wrong).await);
    let garbage = Delivery::callback(
        Method::POST,
        "/hook".parse().unwrap(),
        HeaderMap::new(),
        canary.mark("garbage"),
    );
    out += &failure(setup.client.receive(&garbage));
    out += &format!("{:?}", setup.client.delete(&id).await);
    out += &printed(&verification);

    // A panic that prints all values in scope.
    let panic =
        std::panic::catch_unwind(|| panic!("{new:?} {created:?} {verification:?}")).unwrap_err();
    out += panic.downcast_ref::<String>().unwrap();

    let log = recording.text();
    assert!(
        log.contains("idv.call") && log.contains("operation=\"evidence\""),
        "the log is recorded: {log}"
    );
    assert_eq!(canary.found_in(&log), None, "in the log: {log}");
    assert_eq!(canary.found_in(&out), None, "printed: {out}");
}

/// Returns an order of Identity.TM with a mark in every personal field.
fn marked_order(bank: &Bank, canary: &mut Canary) -> NewVerification {
    let mut new = identity_tm::new_verification(&bank.client);
    let mut mark = |what| Some(Pii::from(canary.mark(what)));
    let person = &mut new.person;
    (person.given_names, person.family_name) = (mark("given"), mark("family"));
    (person.birth_name, person.birth_place, person.title) =
        (mark("birthname"), mark("birthplace"), mark("title"));
    (
        person.address.street,
        person.address.house_number,
        person.address.city,
    ) = (mark("street"), mark("house"), mark("city"));
    (new.document.number, new.document.issuer) = (mark("number"), mark("issuer"));
    new.contact.email = Some(format!("{}@example.com", canary.mark("mail")).into());
    new.contact.phone = Some("+4917100998877".into());
    canary.watch("17100998877");
    // The purpose is the application's own text.
    new.purpose = Some("opening an account".into());
    canary.watch(new.reference.as_str().get(8..).unwrap());
    new
}

/// Adds marked values to all fields of an order that the model lacks.
fn enrich(order: &mut Order, marks: &[String]) {
    let [file, hash, stamp, signed, field] = marks else {
        panic!("expected five marks")
    };
    let mut contract = SignDocument::new(
        format!("%PDF-1.4\n{file}").into_bytes(),
        format!("{file}.pdf"),
    );
    contract.stamps.push(Stamp::new(stamp.clone()));
    order.esign_pdfs.push(contract);
    order.esign_hashes.push(SignHash::new(
        hash.clone().into_bytes(),
        format!("{hash}.pdf"),
    ));
    order.ident_data_signed = Some(Secret::new(signed.clone()));
    order.email_notifications.on_positive_ident = Some(format!("{field}@example.com").into());
    let detail = AdditionalField::new(FieldKind::Text, "label").with(field.clone());
    order
        .ident_data
        .as_mut()
        .unwrap()
        .additional
        .insert("detail".into(), detail);
    order.video_hashes = true;
}

/// Makes every call of the API of Identity.TM with this order, and returns the printed results.
async fn every_call(
    bank: &Bank,
    id: &OrderId,
    email: &Pii<String>,
    tan: &Tan,
    url: &idv::Url,
    order: &Order,
) -> String {
    let (api, cx) = (bank.api(), bank.call());
    let mut out = String::new();
    macro_rules! print {
        ($($call:expr),* $(,)?) => {
            $(match $call.await {
                Ok(answer) => out += &printed(&answer),
                Err(error) => out += &failure::<()>(Err(error)),
            })*
        };
    }
    let all = IdentDataVariants::default();
    let mut signed = IdentDataVariants::default();
    signed.signed = true;
    let mut sink = Vec::new();
    print!(
        api.put_order(&cx, order),
        api.status(&cx, id, StatusVariants::ALL),
        api.ident_data(&cx, id, all)
    );
    print!(
        api.ident_data(&cx, id, signed),
        api.signed_documents(&cx, id),
        api.signed_hashes(&cx, id),
        api.images(&cx, id)
    );
    print!(
        api.ident_data_pdf(&cx, id, 1 << 20, &mut sink),
        api.audit_log(&cx, id, 1 << 20, &mut sink)
    );
    print!(
        api.provide_video(&cx, id, url),
        api.video(&cx, id, 1 << 20, &mut sink),
        api.voice_files(&cx, id)
    );
    print!(
        api.request_sign(&cx, id),
        api.resend_sign_tan(&cx, id),
        api.confirm_sign(&cx, id, tan)
    );
    print!(
        api.request_phone_verification(&cx, id),
        api.resend_phone_tan(&cx, id),
        api.prove_phone_control(&cx, id, tan)
    );
    print!(
        api.server_status(&cx),
        api.system_status(&cx),
        api.check_signme_user(&cx, email, Some(SignatureType::Qes))
    );
    print!(
        api.request_new_password(&cx, &"+4917100998877".into()),
        api.confirm_new_password(&cx, tan)
    );
    print!(api.cancel(&cx, id), api.delete(&cx, id));
    out
}

/// Runs every operation of the model on one verification, and returns the printed results.
async fn every_operation(bank: &Bank, new: &NewVerification, id: &VerificationId) -> String {
    let client = &bank.client;
    let mut out = String::new();
    macro_rules! print {
        ($($operation:expr),* $(,)?) => {
            $(match $operation.await {
                Ok(answer) => out += &printed(&answer),
                Err(error) => out += &failure::<()>(Err(error)),
            })*
        };
    }
    print!(
        client.create(new),
        client.poll(id),
        client.fetch(id, None),
        client.find(&id.reference)
    );
    for evidence in [
        "pdf",
        "video",
        "video/provided",
        "voice/1",
        "signed-document/1",
        "signed-hashes",
        "audit-log",
        "image/#1",
    ] {
        print!(client.evidence(id, &EvidenceId::new(evidence), 1 << 20, &mut Vec::new()));
    }
    out
}

#[tokio::test]
async fn operations_of_identity_tm_print_no_mark() {
    let mut canary = Canary::new();
    let vendor = Vendor::with(|account| {
        account.encryption_key = Some(CRYPT_KEY.into());
        account.audio_recording = true;
        account.phone_verification = true;
    })
    .await;
    let receiver = Receiver::start().await;
    // The credentials, in clear and as the requests encode them.
    for secret in [
        "examplePassword",
        "ZXhhbXBsZTpleGFtcGxlUGFzc3dvcmQ",
        CRYPT_KEY,
        "zqtan9",
    ] {
        canary.watch(secret);
    }
    let callback_key = canary.mark("callbackkey");
    let marks: Vec<String> = ["file", "hash", "stamp", "signed", "field"]
        .map(|what| canary.mark(what))
        .into();
    let url = receiver.url.clone();
    let setting = |product: u32, crypt: bool| {
        let (url, key) = (url.clone(), callback_key.clone());
        move |config: &mut IdentityTmConfig| {
            config.product = product;
            config.callback_secret = Secret::new(format!("{key} which is long enough")).into();
            config.webhooks =
                SettingValue::read(&"after_ident, on_final, on_error, on_status_change".into())
                    .unwrap();
            config.recordings =
                SettingValue::read(&"video, voice, pdf, signed_documents, audit_log".into())
                    .unwrap();
            config.video_callback_url = Some(url);
            config.crypt_key = crypt.then(|| CRYPT_KEY.into());
            config.include_identifier = true;
        }
    };
    let recording = Recording::start();
    let mut out = String::new();

    let prepared = marks.clone();
    let signing = vendor.preparing(setting(15, false), move |order| enrich(order, &prepared));
    for (bank, scenario) in [
        (vendor.bank(setting(12, false)), "data-changed"),
        (vendor.bank(setting(12, true)), "fraud-in-review"),
        (vendor.bank(setting(0, false)), "aborted-then-success"),
        (signing.clone(), "happy"),
    ] {
        let mut new = marked_order(&bank, &mut canary);
        new.callback_url = Some(receiver.url.clone());
        out += &printed(&(&new, &bank.client, &bank.provider));
        let created = bank.client.create(&new).await.unwrap();
        if let idv::HandOff::Redirect(link) = &created.hand_off {
            canary.watch(link.expose().path());
        }
        canary.watch(created.id.vendor_id.as_ref().unwrap().as_str());
        out += &printed(&created);
        let mut verification =
            Verification::new(created.id.clone(), bank.client.info(), created.expires_at);
        out += &every_operation(&bank, &new, &created.id).await;
        vendor.play(&verification, scenario).await;
        out += &every_operation(&bank, &new, &created.id).await;
        let observation = bank.client.poll(&created.id).await.unwrap();
        out += &format!("{:?}", verification.apply(&observation));
        let fetched = bank.client.fetch(&created.id, None).await.unwrap();
        assert!(
            fetched.report().unwrap().person.family_name.is_some(),
            "{scenario}: something was printed"
        );
        out += &printed(&fetched.report().unwrap());
        vendor.pass(5).await;
        for delivery in receiver.take() {
            canary.watch(delivery.query("token").unwrap());
            out += &printed(&delivery);
            out += &printed(&bank.client.receive(&delivery).unwrap());
            let elsewhere = Delivery::callback(
                delivery.method,
                "/hook?orderId=1&token=x".parse().unwrap(),
                delivery.headers,
                "",
            );
            out += &failure(bank.client.receive(&elsewhere));
        }
        out += &printed(&verification);
        out += &format!("{:?}", bank.client.delete(&created.id).await);
        // A panic that prints all values in scope.
        let panic = std::panic::catch_unwind(|| panic!("{new:?} {created:?} {verification:?}"))
            .unwrap_err();
        out += panic.downcast_ref::<String>().unwrap();
    }

    // Every call of the API, with success and under every fault.
    let bank = signing;
    let email = Pii::from(format!("{}@example.com", canary.mark("signme")));
    let tan = Tan::parse("zqtan9").unwrap();
    let new = marked_order(&bank, &mut canary);
    let created = bank.client.create(&new).await.unwrap().id;
    let id = identity_tm::order_of(&created);
    let mut order = Order::new(
        Product::Esign,
        email.clone(),
        Address::new("A".into(), canary.mark("name").into(), "DE".into()),
    );
    order.ident_data = Some(IdentData::default());
    enrich(&mut order, &marks);
    order.reference = Some(canary.mark("reference"));
    order.customer_route_tag = Some(canary.mark("route"));
    out += &printed(&(&tan, &order, &id, &email));
    out += &every_call(&bank, &id, &email, &tan, &receiver.url, &order).await;
    for kind in [
        FaultKind::CutAfter,
        FaultKind::Truncated,
        FaultKind::WrongType,
        FaultKind::Html,
        FaultKind::Status {
            code: 400,
            retry_after: None,
        },
        FaultKind::Status {
            code: 404,
            retry_after: None,
        },
        FaultKind::Status {
            code: 429,
            retry_after: Some("1".into()),
        },
    ] {
        vendor
            .sandbox
            .plan(Fault::new(kind).at("/api/").times(9999));
        out += &every_call(&bank, &id, &email, &tan, &receiver.url, &order).await;
        let another = marked_order(&bank, &mut canary);
        out += &every_operation(&bank, &another, &created).await;
        vendor.sandbox.clear_faults();
    }

    // A vendor whose answers contain marks wherever possible.
    let liar = vendor.bank(|config| {
        setting(15, false)(config);
        config.base_url = Some(receiver.url.join("/api/2.10/").unwrap());
    });
    let said = canary.mark("said");
    for (status, body) in answers_with(&said) {
        receiver.say(status, &body, 500);
        out += &every_call(&liar, &id, &email, &tan, &receiver.url, &order).await;
        let another = marked_order(&liar, &mut canary);
        out += &every_operation(&liar, &another, &created).await;
        assert!(
            receiver.take().len() > 30,
            "{status}: the vendor was called"
        );
    }
    for answer in [
        "PutOrderResponse {",
        "SystemStatus {",
        "SignmeUser {",
        "Answer {",
        "Download {",
        "Observation {",
    ] {
        assert!(
            out.contains(answer),
            "{answer}: the answer was printed nowhere"
        );
    }

    let log = recording.text();
    assert!(
        log.contains("idv.call") && log.contains("operation=\"evidence\""),
        "the log is recorded: {log}"
    );
    assert_eq!(canary.found_in(&log), None, "in the log: {log}");
    assert_eq!(canary.found_in(&out), None, "printed: {out}");
}

/// The key of the encrypted answers.
const CRYPT_KEY: &str = "c0ffee02030405060708090a0b0c0d0e0f101112131415161718191a1b1c1dee";

/// Returns answers with a mark in every text: valid answers, invalid ones, and errors.
fn answers_with(mark: &str) -> Vec<(u16, String)> {
    let person = json!({ "Type": 1, "Firstname": mark, "Surname": mark, "Street": mark, "ZipCode": mark, "City": mark, "Country": mark,
        "Birthdate": mark, "Birthplace": mark, "Nationality": mark, "Gender": mark, "Title": mark, "Mobile": mark,
        "IDCard": { "CardNo": mark, "Type": mark, "CountryOfIssue": mark, "ValidUntil": mark, "PlaceOfIssue": mark },
        "Additional": { "detail": mark }, "Images": [{ "Image": mark, "Filename": mark }] });
    let right = json!({ "OrderID": "99921269855041", "Ref": mark, "TargetURL": format!("https://www.identity.tm/status/{mark}"),
        "Executed": mark, "Status": [{ "Kind": 6, "Time": mark, "Text": mark }], "IdentData": [person], "Identifier": mark,
        "IdentifyMethod": mark, "Identified": mark, "UserIp": mark, "PDFs": [{ "Base64Data": mark, "Filename": mark }],
        "Hashes": [{ mark: mark }], "Images": [{ "Image": mark, "Filename": mark }],
        "Voicefiles": [{ "Filename": mark, "Base64Data": mark }], "password": mark, "UserToken": mark, "VideoHashes":
        { "ShortCode": mark, "LongCode": mark }, "Error": mark });
    let wrong = json!({ "OrderID": { mark: mark }, "TargetURL": mark, "Status": mark, "IdentData": mark, "UserExists": mark, "eSign": mark,
        "Images": mark, "PDFs": mark, "Hashes": mark, "Voicefiles": mark, "password": [mark] });
    let mut answers: Vec<(u16, String)> = [
        right.to_string(),
        wrong.to_string(),
        format!("[\"{mark}\"]"),
        format!("\"{mark}"),
        format!("{{\"{mark}\": {mark}"),
        mark.into(),
    ]
    .map(|body| (200, body))
    .into();
    answers.extend(
        [400, 401, 404, 406, 409, 410, 412, 429, 500]
            .map(|status| (status, json!({ "Error": mark }).to_string())),
    );
    answers.extend([400, 409, 500].map(|status| (status, format!("no {mark} here"))));
    answers
}

#[test]
fn canary_finds_printed_mark() {
    let mut canary = Canary::new();
    let name = canary.mark("name");
    let recording = Recording::start();
    tracing::trace!(person = %name, "careless");
    assert!(canary.found_in(&recording.text()).is_some());
}
