//! Serialization, parsing and `Debug` of orders.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod fixture;
mod ordering;

use std::fmt;

use fixture::fixture;
use idv_core::{ErrorKind, Pii, Secret};
use idv_identity_tm::api::OrderId;
use idv_identity_tm::api::order::{
    AdditionalField, Address, Behaviors, FieldKind, Gender, IdentData, MultiSign, Order, Placement,
    Product, Purpose, PutOrderResponse, Redirects, SignDocument, SignHash, SignParameters, Stamp,
    VideoOrIdent, Webhooks,
};
use ordering::*;
use proptest::prelude::*;
use serde_json::{Value, json};

const MARK: &str = "canary";

#[test]
fn documents_sample_round_trips() {
    let mut built = order(Product::Esign);
    built.email = "e.mustermann@example.com ".into();
    built.behaviors = Behaviors::SIGN_ME_CREATE;
    built.reference = Some("Sign-me_Account_Creation_Test".to_owned());
    (built.target_link, built.deep_link, built.video_hashes) = (true, true, true);
    built.webhooks.on_final = Some("https://webhook.site/1234567_890?OnFinal=[OrderID]".to_owned());
    built.redirects = Redirects::new(
        Some("https://www.example.com/redirect/positive?OrderID=[OrderID]".to_owned()),
        Some("https://www.example.com/redirect/negative?OrderID=[OrderID]".to_owned()),
    );
    built.mobile = Some("+491711234567".into());
    built.address.street = Some("Heidestr. 17".into());
    built.address.zip_code = Some("43000".into());
    built.address.city = Some("Köln".into());
    let person = data(&mut built);
    person.firstname = Some("Erika".into());
    person.surname = Some("Mustermann".into());
    person.street = Some("Heidestr. 17".into());
    person.zip_code = Some("43000".into());
    person.city = Some("Köln".into());
    person.birthdate = Some(jiff::civil::date(1964, 8, 12).into());
    person.birthplace = Some("Berlin".into());
    let issued = AdditionalField::new(FieldKind::Date, "Date of Issue").with("2010-01-11");
    person
        .additional
        .insert("idCardDateOfIssue".to_owned(), issued);

    let sample: Value = serde_json::from_slice(&fixture("put-order-request.json")).unwrap();
    assert_eq!(refused(&built), None);
    assert_eq!(written(&built), sample);
    let back = read(&sample).unwrap();
    assert_eq!(refused(&back), None);
    assert_eq!(
        (
            back.address == built.address,
            back.ident_data == built.ident_data
        ),
        (true, true)
    );
    assert_eq!(
        (back.product, back.behaviors, &back.webhooks),
        (built.product, built.behaviors, &built.webhooks)
    );
    assert_eq!(written(&back), sample);
}

#[test]
fn documents_response_is_parsed() {
    let created = PutOrderResponse::read(&fixture("put-order-response.json")).unwrap();
    assert_eq!(created.order_id.as_str(), "99921269855041");
    assert_eq!(
        created.reference.as_deref(),
        Some("Sign-me_Account_Creation_Test")
    );
    assert_eq!(
        created.target_url.as_ref().unwrap().expose().as_str(),
        "https://www.identity.tm/status/37C4B60A72A1C6C74FC038282CED500B"
    );
    assert_eq!(
        created.deep_link_url.as_ref().unwrap().expose().as_str(),
        "https://www.identity.tm/ident/37C4B60A72A1C6C74FC038282CED500B"
    );
    let hashes = created.video_hashes.as_ref().unwrap();
    assert_eq!(hashes.short_code.as_ref().unwrap().expose(), "SHU8T");
    assert_eq!(
        hashes.long_code.as_ref().unwrap().expose(),
        "a9PPz-eFcNBifsk--bNJ"
    );
    let printed = format!("{created:?}");
    for secret in ["37C4B60A", "SHU8T", "a9PPz", "99921269855041"] {
        assert!(!printed.contains(secret), "{secret} is printed: {printed}");
    }
}

#[test]
fn responses_are_parsed_in_both_spellings() {
    for key in ["AutoIdURL", "AutoldURL"] {
        let body = json!({"OrderID": 99921, "Ref": "r", key: "https://www.identity.tm/a/1", "UserID": 17, "UserToken": "t",
            "SignedDataAccepted": "false", "VideoHashes": null, "TargetURL": "", "Error": null, "New": [1]});
        let created = PutOrderResponse::read(body.to_string().as_bytes()).unwrap();
        assert_eq!(
            created.auto_id_url.unwrap().expose().as_str(),
            "https://www.identity.tm/a/1",
            "{key}"
        );
        assert_eq!(
            (created.order_id.as_str(), created.user_id.as_deref()),
            ("99921", Some("17"))
        );
        assert_eq!(
            (created.signed_data_accepted, created.target_url.is_none()),
            (Some(false), true)
        );
        assert_eq!(created.user_token.as_ref().map(Secret::expose), Some("t"));
    }
    let error = PutOrderResponse::read(br#"{"Error":"Product not enabled"}"#).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Malformed));
    assert_eq!(
        error.vendor_text().map(|text| text.expose().as_str()),
        Some("Product not enabled")
    );
    for other in [
        "[7]",
        "[\"99921269855041\",\"r\"]",
        "7",
        "null",
        "\"99921269855041\"",
        "",
    ] {
        let error = PutOrderResponse::read(other.as_bytes()).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Malformed),
            "{other}: no object names an order"
        );
    }
}

#[test]
fn full_order_round_trips() {
    let everything: Value = serde_json::from_slice(&fixture("put-order-everything.json")).unwrap();
    let order = read(&everything).unwrap();
    assert_eq!(refused(&order), None);
    assert_eq!(written(&order), everything);
}

#[test]
fn absent_values_are_omitted() {
    assert_eq!(
        written(&order(Product::AutoId)),
        json!({"Product": 16, "Add": 0, "Email": "e.mustermann@example.com",
            "Address": {"Firstname": "Erika", "Surname": "Mustermann", "Country": "DE"}})
    );
}

#[test]
fn single_entry_is_an_object_and_several_a_list() {
    let mut order = esign();
    order.esign_hashes.push(SignHash::new(vec![1], "1"));
    let mut parties = MultiSign::of(OrderId::parse("99920006C38842").unwrap());
    parties
        .sign_parameters
        .push(SignParameters::new("1", Placement::Field("f".to_owned())));
    order.multi_sign = Some(parties);
    let one = written(&order);
    for pointer in [
        "/eSignPDF",
        "/eSignHash",
        "/MultiSignOptions/SignParameters",
    ] {
        assert!(one.pointer(pointer).unwrap().is_object(), "{pointer}");
    }
    order.esign_pdfs.push(order.esign_pdfs[0].clone());
    order.esign_hashes.push(order.esign_hashes[0].clone());
    let parties = order.multi_sign.as_mut().unwrap();
    parties
        .sign_parameters
        .push(parties.sign_parameters[0].clone());
    let more = written(&order);
    for pointer in [
        "/eSignPDF",
        "/eSignHash",
        "/MultiSignOptions/SignParameters",
    ] {
        assert_eq!(
            more.pointer(pointer).unwrap().as_array().unwrap().len(),
            2,
            "{pointer}"
        );
    }
    assert_eq!(written(&read(&one).unwrap()), one);
    assert_eq!(written(&read(&more).unwrap()), more);
}

#[test]
fn tolerant_forms_of_an_order_are_parsed() {
    let names = [
        "Ref",
        "Add",
        "Lang",
        "eIDSettings",
        "getTargetLink",
        "RedirectURL",
        "WebhookURL",
        "Mobile",
        "IdentData",
        "LegitimationDocument",
        "eSignPDF",
        "eSignHash",
        "eSignOptions",
        "MultiSignOptions",
        "IdentDataSigned",
        "EmailNotifications",
        "Purpose",
        "eSignTanSmsText",
        "CustomerRouteTag",
    ];
    let nulls: serde_json::Map<_, _> = names
        .into_iter()
        .map(|name| (name.to_owned(), Value::Null))
        .collect();
    assert_eq!(
        written(&read(&least_with(&Value::Object(nulls))).unwrap()),
        written(&order(Product::Video))
    );
    let inner = json!({"IdentData": {"IDCard": null, "DriverLicence": null, "Additional": null, "Birthdate": null}, "Unknown": {}});
    assert!(read(&least_with(&inner)).unwrap().ident_data.unwrap() == IdentData::default());

    let loose = json!({"Product": "15", "Add": "128", "getAutoldLink": true,
        "eSignPDF": {"Data": "JVBERi0xLjc=", "SignaturePosX": "10", "SignaturePosY": 20, "SignaturePage": "1", "Stamping": null},
        "MultiSignOptions": {"FirstOrderID": 99920006, "SignParameters": null}, "Purpose": "one"});
    let order = read(&least_with(&loose)).unwrap();
    assert_eq!(
        (order.product, order.behaviors, order.auto_id_link),
        (Product::Esign, Behaviors::ADVANCED_SIGNATURE, true)
    );
    let placement = Placement::At {
        x: 10,
        y: 20,
        width: None,
        height: None,
        page: Some(1),
    };
    assert_eq!(order.esign_pdfs[0].placement, Some(placement));
    assert_eq!(
        order
            .multi_sign
            .as_ref()
            .unwrap()
            .first_order_id
            .as_ref()
            .unwrap()
            .as_str(),
        "99920006"
    );
    assert_eq!(order.purpose, Some(Purpose::Text("one".to_owned())));
    assert_eq!(written(&order)["getAutoIdLink"], json!(true));
}

#[test]
fn exclusive_members_are_refused() {
    let pdf = |more: Value| {
        let mut pdf = json!({"Data": "JVBERi0xLjc="});
        pdf.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!({"Product": 15, "eSignPDF": pdf})
    };
    for wrong in [
        pdf(json!({"SignaturePosX": 1, "SignaturePosY": 1, "SignatureFieldName": "f"})),
        pdf(json!({"SignaturePosX": 1, "SignaturePosY": 1, "SignatureTag": "t"})),
        pdf(json!({"SignatureFieldName": "f", "SignatureTag": "t"})),
        pdf(json!({"SignaturePosX": 1})),
        pdf(json!({"Stamping": [{"PosX": 1, "PosY": 1, "Tag": "t", "Content": "c"}]})),
        pdf(json!({"Stamping": [{"PosX": 1, "Content": "c"}]})),
        json!({"WebhookURL": {"AfterVideo": "https://example.com/1", "AfterIdent": "https://example.com/2"}}),
        json!({"Product": 13}),
        json!({"Product": -1}),
        json!({"IdentData": {"Gender": "FEMALE"}}),
        json!({"IdentData": {"Additional": {"a": {"Type": 5, "Label": "l"}}}}),
        json!({"IdentData": {"IDCard": {"Images": {"Front": "no base64!"}}}}),
    ] {
        assert!(read(&least_with(&wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn order_prints_no_personal_data_or_secret() {
    let mark = || Pii::new(MARK.to_owned());
    let mut order = esign();
    (order.email, order.phone, order.mobile) = (mark(), Some(mark()), Some(mark()));
    order.address = Address::new(mark(), mark(), mark());
    order.address.street = Some(mark());
    order.webhooks = Webhooks::default();
    order.webhooks.on_final = Some(format!("https://example.com/?secret={MARK}"));
    order.webhooks.after = Some(VideoOrIdent::AfterIdent(MARK.to_owned()));
    order.ident_data_signed = Some(Secret::new(MARK));
    order.email_notifications.on_leave = Some(mark());
    order.esign_pdfs = vec![SignDocument::new(MARK.as_bytes().to_vec(), mark())];
    order.esign_pdfs[0].stamps.push(Stamp::new(mark()));
    order.esign_hashes = vec![SignHash::new(MARK.as_bytes().to_vec(), mark())];
    let person = data(&mut order);
    person.birthname = Some(mark());
    person.gender = Some(Gender::Diverse.into());
    person.id_card.card_no = Some(mark());
    person.driver_licence.licence_no = Some(mark());
    person.additional.insert(
        "a".to_owned(),
        AdditionalField::new(FieldKind::Text, "label").with(mark()),
    );
    let printed = format!("{order:?} {order:#?}");
    assert!(
        !printed.contains(MARK) && !printed.contains("Diverse"),
        "{printed}"
    );
    let error = order.check().unwrap_err();
    assert!(!format!("{error} {error:?}").contains(MARK));
}

/// Every text in a value.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::Object(map) => map.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn full_order_prints_none_of_its_texts() {
    let everything: Value = serde_json::from_slice(&fixture("put-order-everything.json")).unwrap();
    let order = read(&everything).unwrap();
    let parts: &[(&str, &dyn fmt::Debug)] = &[
        ("Address", &order.address),
        ("IdentData", &order.ident_data),
        ("Email", &order.email),
        ("Phone", &order.phone),
        ("Mobile", &order.mobile),
        ("EmailNotifications", &order.email_notifications),
        ("IdentDataSigned", &order.ident_data_signed),
        ("Ref", &order),
    ];
    for (name, part) in parts {
        let printed = format!("{part:?} {part:#?} {order:?} {order:#?}");
        let texts = texts(&everything[*name]);
        assert!(!texts.is_empty(), "{name}");
        // The application chooses the labels of additional fields; shorter texts could occur
        // anywhere.
        for text in texts
            .iter()
            .filter(|text| text.len() > 3 && !printed.contains(&format!("label: \"{text}\"")))
        {
            assert!(
                !printed.contains(text.as_str()),
                "{name}: {text} in {printed}"
            );
        }
    }
}

/// Values of every kind, including those with a meaning for the vendor.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0_u32..30).prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "[A-Za-z]{2,3}|\\+[0-9]{0,9}|[a-z]@[a-z]|X-AUTOTEST-É?|[0-9]{4}-0[1-9]-1[0-9]|https://[a-z]{1,5}\\.de/\\[Ref\\]"
            .prop_map(Value::from),
        Just(json!("JVBERi0xLjc=")),
        Just(json!("/9j/4A==")),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let names = prop::sample::select(vec![
            "Firstname",
            "Surname",
            "Country",
            "IDCard",
            "Images",
            "Front",
            "Additional",
            "Type",
            "Label",
            "Value",
            "Document",
            "Data",
            "Filename",
            "SignaturePosX",
            "SignaturePosY",
            "SignaturePage",
            "SignatureTag",
            "Stamping",
            "Content",
            "PosX",
            "PosY",
            "Hash",
            "FirstOrderID",
            "SignParameters",
            "Success",
            "AfterVideo",
            "OnFinal",
            "de",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names, inner, 0..6).prop_map(|map| Value::Object(
                map.into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect()
            )),
        ]
    })
}

proptest! {
    #[test]
    fn parsed_order_can_be_checked_and_round_trips(
        product in prop::sample::select(vec![0, 8, 12, 15, 16, 17, 19]),
        behaviors in prop::sample::select(vec![0, 8, 128, 272, 4_194_304]),
        email in "\\PC{0,60}",
        names in prop::collection::vec("\\PC{0,60}", 3),
        elements in prop::collection::btree_map(prop::sample::select(vec![
            "Ref", "Lang", "eIDSettings", "RedirectURL", "WebhookURL", "Phone", "Mobile", "IdentData", "LegitimationDocument",
            "eSignPDF", "eSignHash", "eSignOptions", "MultiSignOptions", "IdentDataSigned", "EmailNotifications", "Purpose",
            "eSignTanSmsText", "CustomerRouteTag", "getTargetLink",
        ]), anything(), 0..5),
    ) {
        let mut value = json!({"Product": product, "Add": behaviors, "Email": email,
            "Address": {"Firstname": names[0], "Surname": names[1], "Country": names[2]}});
        for (name, element) in elements {
            value[name] = element;
        }
        if let Ok(order) = read(&value) {
            let _ = order.check();
            let once = written(&order);
            let again = written(&read(&once).unwrap());
            prop_assert_eq!(once, again);
        }
    }

    #[test]
    fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), value in anything()) {
        for bytes in [&bytes, &serde_json::to_vec(&value).unwrap()] {
            let _ = PutOrderResponse::read(bytes);
            if let Ok(order) = serde_json::from_slice::<Order>(bytes) {
                let _ = order.check();
            }
        }
    }
}
