//! Orders: what is written, what is read, and what is refused before anything is sent.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod fixture;

use std::collections::BTreeMap;

use fixture::fixture;
use idv_core::{Error, ErrorKind, Pii, Secret};
use idv_identity_tm::api::OrderId;
use idv_identity_tm::api::order::{
    AdditionalField, Address, Behaviors, FieldKind, Gender, IdentData, LegitimationDocument, MultiSign, Order, OrderCreated,
    Placement, Product, Purpose, Redirects, SignDocument, SignHash, SignParameters, Stamp, StampPosition, TestRobot,
    VideoOrIdent, Webhooks,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const MARK: &str = "canary";

fn order(product: Product) -> Order {
    Order::new(product, "e.mustermann@example.com".into(), Address::new("Erika".into(), "Mustermann".into(), "DE".into()))
}

/// An order for a signature that is complete.
fn esign() -> Order {
    let mut order = order(Product::Esign);
    order.mobile = Some("+491711234567".into());
    order.esign_pdfs.push(SignDocument::new(b"%PDF-1.7".to_vec(), "contract.pdf"));
    order
}

fn data(order: &mut Order) -> &mut IdentData {
    order.ident_data.get_or_insert_with(IdentData::default)
}

/// The field that an order is refused for; none where it is not.
fn refused(order: &Order) -> Option<String> {
    let error: Error = order.check().err()?;
    match error.kind() {
        ErrorKind::InvalidRequest { field } => Some(field.to_string()),
        other => panic!("{other:?} is not about a field"),
    }
}

fn written(order: &Order) -> Value {
    serde_json::to_value(order).unwrap()
}

fn read(value: &Value) -> Result<Order, serde_json::Error> {
    serde_json::from_value(value.clone())
}

/// The least that the vendor takes, with this beside it.
fn least_with(more: &Value) -> Value {
    let mut value = written(&order(Product::Video));
    for (name, element) in more.as_object().unwrap() {
        value[name] = element.clone();
    }
    value
}

#[test]
fn the_documents_sample_is_written_value_for_value_and_read_back() {
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
    person.additional.insert("idCardDateOfIssue".to_owned(), issued);

    let sample: Value = serde_json::from_slice(&fixture("put-order-request.json")).unwrap();
    assert_eq!(refused(&built), None);
    assert_eq!(written(&built), sample);
    let back = read(&sample).unwrap();
    assert_eq!(refused(&back), None);
    assert_eq!((back.address == built.address, back.ident_data == built.ident_data), (true, true));
    assert_eq!((back.product, back.behaviors, &back.webhooks), (built.product, built.behaviors, &built.webhooks));
    assert_eq!(written(&back), sample);
}

#[test]
fn the_documents_answer_is_read() {
    let created = OrderCreated::read(&fixture("put-order-response.json")).unwrap();
    assert_eq!(created.order_id.as_str(), "99921269855041");
    assert_eq!(created.reference.as_deref(), Some("Sign-me_Account_Creation_Test"));
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
    assert_eq!(hashes.long_code.as_ref().unwrap().expose(), "a9PPz-eFcNBifsk--bNJ");
    let printed = format!("{created:?}");
    for secret in ["37C4B60A", "SHU8T", "a9PPz", "99921269855041"] {
        assert!(!printed.contains(secret), "{secret} is printed: {printed}");
    }
}

#[test]
fn answers_are_read_in_both_spellings_and_types() {
    for key in ["AutoIdURL", "AutoldURL"] {
        let body = json!({"OrderID": 99921, "Ref": "r", key: "https://www.identity.tm/a/1", "UserID": 17, "UserToken": "t",
            "SignedDataAccepted": "false", "VideoHashes": null, "TargetURL": "", "Error": null, "New": [1]});
        let created = OrderCreated::read(body.to_string().as_bytes()).unwrap();
        assert_eq!(created.auto_id_url.unwrap().expose().as_str(), "https://www.identity.tm/a/1", "{key}");
        assert_eq!((created.order_id.as_str(), created.user_id.as_deref()), ("99921", Some("17")));
        assert_eq!((created.signed_data_accepted, created.target_url.is_none()), (Some(false), true));
        assert_eq!(created.user_token.as_ref().map(Secret::expose), Some("t"));
    }
    let error = OrderCreated::read(br#"{"Error":"Product not enabled"}"#).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Malformed));
    assert_eq!(error.vendor_code(), Some("Product not enabled"));
    for other in ["[7]", "[\"99921269855041\",\"r\"]", "7", "null", "\"99921269855041\"", ""] {
        let error = OrderCreated::read(other.as_bytes()).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Malformed), "{other}: no object names an order");
    }
}

#[test]
fn everything_that_can_be_ordered_is_written_by_the_documents_names_and_read_back() {
    let everything: Value = serde_json::from_slice(&fixture("put-order-everything.json")).unwrap();
    let order = read(&everything).unwrap();
    assert_eq!(refused(&order), None);
    assert_eq!(written(&order), everything);
}

#[test]
fn what_is_not_given_is_left_out() {
    assert_eq!(
        written(&order(Product::AutoId)),
        json!({"Product": 16, "Add": 0, "Email": "e.mustermann@example.com",
            "Address": {"Firstname": "Erika", "Surname": "Mustermann", "Country": "DE"}})
    );
}

#[test]
fn one_is_written_as_an_object_and_more_as_a_list() {
    let mut order = esign();
    order.esign_hashes.push(SignHash::new(vec![1], "1"));
    let mut parties = MultiSign::of(OrderId::parse("99920006C38842").unwrap());
    parties.sign_parameters.push(SignParameters::new("1", Placement::Field("f".to_owned())));
    order.multi_sign = Some(parties);
    let one = written(&order);
    for pointer in ["/eSignPDF", "/eSignHash", "/MultiSignOptions/SignParameters"] {
        assert!(one.pointer(pointer).unwrap().is_object(), "{pointer}");
    }
    order.esign_pdfs.push(order.esign_pdfs[0].clone());
    order.esign_hashes.push(order.esign_hashes[0].clone());
    let parties = order.multi_sign.as_mut().unwrap();
    parties.sign_parameters.push(parties.sign_parameters[0].clone());
    let more = written(&order);
    for pointer in ["/eSignPDF", "/eSignHash", "/MultiSignOptions/SignParameters"] {
        assert_eq!(more.pointer(pointer).unwrap().as_array().unwrap().len(), 2, "{pointer}");
    }
    assert_eq!(written(&read(&one).unwrap()), one);
    assert_eq!(written(&read(&more).unwrap()), more);
}

#[test]
fn reading_takes_nulls_text_for_numbers_and_both_spellings() {
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
    let nulls: serde_json::Map<_, _> = names.into_iter().map(|name| (name.to_owned(), Value::Null)).collect();
    assert_eq!(written(&read(&least_with(&Value::Object(nulls))).unwrap()), written(&order(Product::Video)));
    let inner =
        json!({"IdentData": {"IDCard": null, "DriverLicence": null, "Additional": null, "Birthdate": null}, "Unknown": {}});
    assert!(read(&least_with(&inner)).unwrap().ident_data.unwrap() == IdentData::default());

    let loose = json!({"Product": "15", "Add": "128", "getAutoldLink": true,
        "eSignPDF": {"Data": "JVBERi0xLjc=", "SignaturePosX": "10", "SignaturePosY": 20, "SignaturePage": "1", "Stamping": null},
        "MultiSignOptions": {"FirstOrderID": 99920006, "SignParameters": null}, "Purpose": "one"});
    let order = read(&least_with(&loose)).unwrap();
    assert_eq!((order.product, order.behaviors, order.auto_id_link), (Product::Esign, Behaviors::ADVANCED_SIGNATURE, true));
    let placement = Placement::At { x: 10, y: 20, width: None, height: None, page: Some(1) };
    assert_eq!(order.esign_pdfs[0].placement, Some(placement));
    assert_eq!(order.multi_sign.as_ref().unwrap().first_order_id.as_ref().unwrap().as_str(), "99920006");
    assert_eq!(order.purpose, Some(Purpose::Text("one".to_owned())));
    assert_eq!(written(&order)["getAutoIdLink"], json!(true));
}

type Fill = fn(&mut Order, String);
type Break = fn(&mut Order);

/// Every length of the table of chapter 3.1.4: the field, how long it may be, and how it is set to plain text.
const LENGTHS: &[(&str, usize, Fill)] = &[
    ("Ref", 100, |order, text| order.reference = Some(text)),
    ("Address.Firstname", 50, |order, text| order.address.firstname = text.into()),
    ("Address.Surname", 50, |order, text| order.address.surname = text.into()),
    ("Address.CompanyName", 50, |order, text| order.address.company_name = Some(text.into())),
    ("Address.Street", 50, |order, text| order.address.street = Some(text.into())),
    ("Address.ZipCode", 5, |order, text| order.address.zip_code = Some(text.into())),
    ("Address.City", 100, |order, text| order.address.city = Some(text.into())),
    ("IdentData.Firstname", 50, |order, text| data(order).firstname = Some(text.into())),
    ("IdentData.Surname", 50, |order, text| data(order).surname = Some(text.into())),
    ("IdentData.Street", 100, |order, text| data(order).street = Some(text.into())),
    ("IdentData.ZipCode", 5, |order, text| data(order).zip_code = Some(text.into())),
    ("IdentData.City", 100, |order, text| data(order).city = Some(text.into())),
    ("IdentData.Birthplace", 100, |order, text| data(order).birthplace = Some(text.into())),
    ("IdentData.Birthname", 75, |order, text| data(order).birthname = Some(text.into())),
    ("IdentData.Nationality", 50, |order, text| data(order).nationality = Some(text.into())),
    ("IdentData.Title", 50, |order, text| data(order).title = Some(text.into())),
    ("IdentData.Artistname", 50, |order, text| data(order).artistname = Some(text.into())),
    ("IdentData.CollectedBy", 255, |order, text| data(order).collected_by = Some(text.into())),
    ("IdentData.IDCard.CardNo", 50, |order, text| data(order).id_card.card_no = Some(text.into())),
    ("IdentData.IDCard.PlaceOfIssue", 100, |order, text| data(order).id_card.place_of_issue = Some(text.into())),
    ("IdentData.DriverLicence.LicenceNo", 50, |order, text| data(order).driver_licence.licence_no = Some(text.into())),
    ("IdentData.DriverLicence.Classes", 50, |order, text| data(order).driver_licence.classes = Some(text.into())),
    ("IdentData.Additional", 50, |order, text| {
        data(order).additional.insert(text, AdditionalField::new(FieldKind::Text, "label"));
    }),
    ("IdentData.Additional.Label", 100, |order, text| {
        data(order).additional.insert("a".to_owned(), AdditionalField::new(FieldKind::Text, text));
    }),
    ("IdentData.Additional.Value", 150, |order, text| {
        data(order).additional.insert("a".to_owned(), AdditionalField::new(FieldKind::Text, "label").with(text));
    }),
    ("LegitimationDocument.Document", 50, |order, text| order.legitimation_documents = vec![LegitimationDocument::new(text)]),
    ("eSignPDF.Filename", 50, |order, text| order.esign_pdfs[0].filename = Some(text.into())),
    ("eSignPDF.Stamping.Content", 500, |order, text| order.esign_pdfs[0].stamps = vec![Stamp::new(text)]),
    ("eSignHash.Filename", 50, |order, text| order.esign_hashes = vec![SignHash::new(vec![1], text)]),
    ("eSignOptions.AdditionalCheckboxes", 300, |order, text| order.esign_options.additional_checkboxes = vec![text]),
    ("MultiSignOptions.SignParameters.Filename", 50, |order, text| {
        let mut parties = MultiSign::of(OrderId::parse("99920006C38842").unwrap());
        parties.sign_parameters = vec![SignParameters::new(text, Placement::Field("field".to_owned()))];
        order.multi_sign = Some(parties);
    }),
    ("Purpose", 150, |order, text| order.purpose = Some(Purpose::Text(text))),
    ("Purpose", 150, |order, text| order.purpose = Some(Purpose::ByLanguage(BTreeMap::from([("de".to_owned(), text)])))),
    ("CustomerRouteTag", 250, |order, text| order.customer_route_tag = Some(text)),
];

#[test]
fn every_length_is_taken_to_its_last_character_and_not_beyond() {
    for (field, most, fill) in LENGTHS {
        for (count, expected) in [(*most, None), (most + 1, Some((*field).to_owned()))] {
            let mut order = esign();
            order.behaviors = Behaviors::POINT_OF_SALE_SIGNATURE;
            // Two bytes each: the document counts characters.
            fill(&mut order, "ö".repeat(count));
            assert_eq!(refused(&order), expected, "{field}: {count} characters");
        }
    }
}

#[test]
fn addresses_numbers_and_ids_are_taken_to_their_last_character_and_not_beyond() {
    let table: &[(&str, usize, &str, &str, Fill)] = &[
        ("Email", 50, "", "@example.com", |order, text| order.email = text.into()),
        ("IdentData.Email", 50, "", "@example.com", |order, text| data(order).email = Some(text.into())),
        ("EmailNotifications.OnPositiveIdent", 150, "", "@b.de", |order, text| {
            order.email_notifications.on_positive_ident = Some(text.into());
        }),
        ("EmailNotifications.OnNegativeIdent", 150, "", "@b.de", |order, text| {
            order.email_notifications.on_negative_ident = Some(text.into());
        }),
        ("EmailNotifications.OnTimeOut", 150, "", "@b.de", |order, text| {
            order.email_notifications.on_time_out = Some(text.into());
        }),
        ("EmailNotifications.OnLeave", 150, "", "@b.de", |order, text| order.email_notifications.on_leave = Some(text.into())),
        ("Phone", 50, "+", "", |order, text| order.phone = Some(text.into())),
        ("Mobile", 50, "+", "", |order, text| order.mobile = Some(text.into())),
        ("IdentData.Mobile", 50, "+", "", |order, text| data(order).mobile = Some(text.into())),
        ("RedirectURL.Success", 150, "https://example.com/", "", |order, text| order.redirects.success = Some(text)),
        ("RedirectURL.Abort", 150, "https://example.com/", "", |order, text| order.redirects.abort = Some(text)),
        ("WebhookURL.AfterVideo", 250, "https://example.com/", "", |order, text| {
            order.webhooks.after = Some(VideoOrIdent::AfterVideo(text));
        }),
        ("WebhookURL.AfterIdent", 250, "https://example.com/", "", |order, text| {
            order.webhooks.after = Some(VideoOrIdent::AfterIdent(text));
        }),
        ("WebhookURL.OnFinal", 250, "https://example.com/", "", |order, text| order.webhooks.on_final = Some(text)),
        ("WebhookURL.OnError", 250, "https://example.com/", "", |order, text| order.webhooks.on_error = Some(text)),
        ("WebhookURL.OnVideoError", 250, "https://example.com/", "", |order, text| order.webhooks.on_video_error = Some(text)),
        ("WebhookURL.OnStatusChange", 250, "https://example.com/", "", |order, text| {
            order.webhooks.on_status_change = Some(text);
        }),
        ("MultiSignOptions.FirstOrderID", 14, "", "", |order, text| {
            order.multi_sign = Some(MultiSign::of(OrderId::parse(text).unwrap()));
        }),
    ];
    for (field, most, before, after, fill) in table {
        for (length, expected) in [(*most, None), (most + 1, Some((*field).to_owned()))] {
            let mut order = esign();
            fill(&mut order, format!("{before}{}{after}", "1".repeat(length - before.len() - after.len())));
            assert_eq!(refused(&order), expected, "{field}: {length} characters");
        }
    }
}

#[test]
fn what_has_another_form_than_the_documents_is_refused_by_its_name() {
    let table: &[(&str, Break)] = &[
        ("Address.Firstname", |order| order.address.firstname = " ".into()),
        ("Address.Surname", |order| order.address.surname = "".into()),
        ("Address.Country", |order| order.address.country = "D".into()),
        ("Address.Country", |order| order.address.country = "DEUT".into()),
        ("Address.Country", |order| order.address.country = "49".into()),
        ("IdentData.Country", |order| data(order).country = Some("DEU".into())),
        ("IdentData.IDCard.CountryOfIssue", |order| data(order).id_card.country_of_issue = Some("DEUT".into())),
        ("IdentData.DriverLicence.CountryOfIssue", |order| data(order).driver_licence.country_of_issue = Some("".into())),
        ("IdentData.Birthdate", |order| data(order).birthdate = Some(jiff::civil::date(64, 8, 12).into())),
        ("Lang", |order| order.language = Some("deu".to_owned())),
        ("Email", |order| order.email = "nobody".into()),
        ("Phone", |order| order.phone = Some("030123".into())),
        ("Mobile", |order| order.mobile = Some("+49 171 1234567".into())),
        ("Mobile", |order| order.mobile = Some("+".into())),
        ("IdentData.IDCard.Images.Front", |order| data(order).id_card.images.front = Some(Pii::new(b"\x89PNG".to_vec()))),
        ("IdentData.IDCard.Images.Back", |order| data(order).id_card.images.back = Some(Pii::new(Vec::new()))),
        ("eSignPDF.Data", |order| order.esign_pdfs[0].data = Some(Pii::new(b"PK\x03\x04".to_vec()))),
        ("eSignPDF.Data", |order| order.esign_pdfs[0].data = None),
        ("eSignHash.Hash", |order| order.esign_hashes = vec![SignHash::new(Vec::new(), "1")]),
        ("eSignPDF", |order| {
            order.esign_pdfs[0].placement = Some(Placement::At { x: 0, y: 0, width: None, height: None, page: Some(0) });
        }),
        ("eSignPDF", |order| order.esign_pdfs[0].placement = Some(Placement::Field(String::new()))),
        ("eSignPDF.Stamping", |order| {
            let mut stamp = Stamp::new("[DT]");
            stamp.position = Some(StampPosition::At(-1, 0));
            order.esign_pdfs[0].stamps.push(stamp);
        }),
        ("MultiSignOptions.FirstOrderID", |order| order.multi_sign = Some(MultiSign::default())),
        ("MultiSignOptions.SignParameters", |order| {
            let mut parties = MultiSign::of(OrderId::parse("99920006C38842").unwrap());
            let tag = Placement::Tag { tag: "tag".to_owned(), offset: None };
            parties.sign_parameters = vec![SignParameters::new("1", tag)];
            order.multi_sign = Some(parties);
        }),
        ("IdentDataSigned", |order| order.ident_data_signed = Some(Secret::new(""))),
        ("Purpose", |order| order.purpose = Some(Purpose::ByLanguage(BTreeMap::from([("deu".to_owned(), "x".to_owned())])))),
        ("eSignTanSmsText", |order| order.esign_tan_sms_text = Some("your TAN".to_owned())),
        ("verificationSmsText", |order| order.verification_sms_text = Some("[tan]".to_owned())),
        ("RedirectURL.Success", |order| order.redirects.success = Some("/done".to_owned())),
        ("WebhookURL.OnFinal", |order| order.webhooks.on_final = Some("ftp://example.com".to_owned())),
        ("WebhookURL", |order| order.webhooks.on_final = Some("https://example.com/?s=[statusCode]".to_owned())),
        ("WebhookURL", |order| {
            order.webhooks.after = Some(VideoOrIdent::AfterVideo("https://example.com/?s=[statusCode]".to_owned()));
        }),
    ];
    assert_eq!(refused(&esign()), None);
    for (number, (field, break_it)) in table.iter().enumerate() {
        let mut order = esign();
        break_it(&mut order);
        assert_eq!(refused(&order).as_deref(), Some(*field), "row {number}");
    }
}

#[test]
fn additional_fields_hold_what_their_type_says_and_are_not_too_many() {
    for (kind, good, bad) in [
        (FieldKind::Date, "2010-01-11", "11.01.2010"),
        (FieldKind::Date, "2012-02-29", "2011-02-29"),
        (FieldKind::Boolean, "true", "yes"),
        (FieldKind::Country, "AT", "A1"),
    ] {
        for (value, expected) in [(good, None), (bad, Some("IdentData.Additional.Value".to_owned()))] {
            let mut order = order(Product::Video);
            data(&mut order).additional.insert("a".to_owned(), AdditionalField::new(kind, "label").with(value));
            assert_eq!(refused(&order), expected, "{kind:?} {value}");
        }
    }
    for (product, most) in [(Product::Shop, 2), (Product::Video, 10)] {
        for (count, expected) in [(most, None), (most + 1, Some("IdentData.Additional".to_owned()))] {
            let mut order = order(product);
            data(&mut order).additional =
                (0..count).map(|number| (number.to_string(), AdditionalField::new(FieldKind::Text, "label"))).collect();
            assert_eq!(refused(&order), expected, "{product:?}: {count}");
        }
    }
}

#[test]
fn additions_that_exclude_each_other_are_refused_both_as_numbers_and_in_an_order() {
    for bits in [0, 4, 8, 16, 128, 4096, 8192, 4096 | 8192, 131_072, 4_194_304, 8_388_608, 4 | 128, 16 | 256] {
        assert_eq!(Behaviors::from_bits(bits).unwrap().bits(), bits);
    }
    for bits in [1, 2, 32, 64, 512, 1 << 31, 4 | 8, 4 | 16, 8 | 16, 4 | 8 | 16, 128 | 256, 4 | 128 | 256, 256] {
        assert!(Behaviors::from_bits(bits).is_err(), "{bits}");
        assert!(read(&least_with(&json!({"Product": 15, "Add": bits}))).is_err(), "{bits}");
    }
    let both = [
        Behaviors::SIGN_ME_USE.with(Behaviors::SIGN_ME_CREATE),
        Behaviors::ADVANCED_SIGNATURE.with(Behaviors::BASIC_SIGNATURE),
        Behaviors::BASIC_SIGNATURE,
    ];
    for behaviors in both {
        let mut order = esign();
        order.behaviors = behaviors;
        assert_eq!(refused(&order).as_deref(), Some("Add"), "{behaviors:?}");
    }
    for behaviors in [Behaviors::SIGN_ME_USE, Behaviors::ADVANCED_SIGNATURE, Behaviors::POINT_OF_SALE_SIGNATURE] {
        let mut order = order(Product::Video);
        order.behaviors = behaviors;
        assert_eq!(refused(&order).as_deref(), Some("Add"), "{behaviors:?}");
    }
}

#[test]
fn ways_that_exclude_each_other_are_not_read_together() {
    let pdf = |more: Value| {
        let mut pdf = json!({"Data": "JVBERi0xLjc="});
        pdf.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
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
fn a_signature_needs_something_to_sign_and_a_number_for_the_tan() {
    let mut nothing = order(Product::Esign);
    nothing.mobile = Some("+491711234567".into());
    assert_eq!(refused(&nothing).as_deref(), Some("eSignPDF"));
    nothing.multi_sign = Some(MultiSign::of(OrderId::parse("99920006C38842").unwrap()));
    assert_eq!(refused(&nothing), None);

    let mut account = order(Product::Esign);
    account.behaviors = Behaviors::SIGN_ME_CREATE;
    assert_eq!(refused(&account), None);

    let mut silent = esign();
    silent.mobile = None;
    assert_eq!(refused(&silent).as_deref(), Some("Mobile"));
    silent.behaviors = Behaviors::ADVANCED_SIGNATURE;
    assert_eq!(refused(&silent).as_deref(), Some("Mobile"));
    silent.behaviors = Behaviors::BASIC_SIGNATURE.with(Behaviors::SIGN_ME_USE);
    assert_eq!(refused(&silent), None);
    silent.behaviors = Behaviors::NORMAL;
    data(&mut silent).mobile = Some("+491711234567".into());
    assert_eq!(refused(&silent), None);

    assert_eq!(refused(&order(Product::PhoneVerification)).as_deref(), Some("Mobile"));
    let mut text = order(Product::Video);
    text.esign_tan_sms_text = Some("[TAN]".to_owned());
    assert_eq!(refused(&text).as_deref(), Some("eSignTanSmsText"));
}

#[test]
fn a_test_robot_starts_only_where_it_is_asked_for() {
    for robot in [TestRobot::Positive, TestRobot::Negative, TestRobot::Fraud] {
        assert_eq!(refused(&order(Product::Video).test_robot(robot)), None);
        assert_eq!(written(&order(Product::Video).test_robot(robot))["Ref"], json!(robot.reference()));
        let mut by_hand = order(Product::Video);
        by_hand.reference = Some(robot.reference().to_lowercase());
        assert_eq!(refused(&by_hand).as_deref(), Some("Ref"));
    }
}

#[test]
fn who_collected_the_data_is_said_at_a_point_of_sale_only() {
    let mut order = esign();
    data(&mut order).collected_by = Some("Shop 1".into());
    assert_eq!(refused(&order).as_deref(), Some("IdentData.CollectedBy"));
    order.behaviors = Behaviors::POINT_OF_SALE_SIGNATURE;
    assert_eq!(refused(&order), None);
}

#[test]
fn nothing_personal_and_no_secret_is_printed() {
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
    person.additional.insert("a".to_owned(), AdditionalField::new(FieldKind::Text, "label").with(mark()));
    let printed = format!("{order:?} {order:#?}");
    assert!(!printed.contains(MARK) && !printed.contains("Diverse"), "{printed}");
    let error = order.check().unwrap_err();
    assert!(!format!("{error} {error:?}").contains(MARK));
}

/// Values of every kind, those among them that mean something to the vendor.
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
            prop::collection::btree_map(names, inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())),
        ]
    })
}

proptest! {
    #[test]
    fn an_order_that_can_be_read_can_be_checked_and_written_as_it_was_read(
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
    fn no_bytes_make_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), value in anything()) {
        for bytes in [&bytes, &serde_json::to_vec(&value).unwrap()] {
            let _ = OrderCreated::read(bytes);
            if let Ok(order) = serde_json::from_slice::<Order>(bytes) {
                let _ = order.check();
            }
        }
    }
}
