//! Identity.TM's putOrder (3.1): every row of its tables, refused and accepted.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod identity_tm;
mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use identity_tm::{Tm, accepted, order, refused, with, without};
use serde_json::{Value, json};

/// The request of 3.1.7.
fn sample() -> Value {
    json!({
        "Ref": "Sign-me_Account_Creation_Test", "Product": 15, "Add": 8,
        "getTargetLink": true, "getDeepLink": true, "getVideoHashes": true,
        "WebhookURL": { "OnFinal": "https://webhook.site/1234567_890?OnFinal=[OrderID]" },
        "RedirectURL": {
            "Success": "https://www.example.com/redirect/positive?OrderID=[OrderID]",
            "Abort": "https://www.example.com/redirect/negative?OrderID=[OrderID]"
        },
        "Email": "e.mustermann@example.com ", "Mobile": "+491711234567",
        "Address": {
            "Firstname": "Erika", "Surname": "Mustermann", "Street": "Heidestr. 17", "ZipCode": "43000", "City": "Köln",
            "Country": "DE"
        },
        "IdentData": {
            "Firstname": "Erika", "Surname": "Mustermann", "Street": "Heidestr. 17", "ZipCode": "43000", "City": "Köln",
            "Birthdate": "1964-08-12", "Birthplace": "Berlin",
            "Additional": { "idCardDateOfIssue": { "Type": 2, "Label": "Date of Issue", "Value": "2010-01-11" } }
        }
    })
}

/// Returns an order with every element of 3.1.4 that can be combined with the others.
fn full() -> Value {
    let pdf = || json!({ "Data": STANDARD.encode("%PDF-1.4\n(Sign here)\n%%EOF\n") });
    let mut full = order(15);
    let more = json!({
        "Lang": "de",
        "eIDSettings": {
            "VerifyMobileNumber": true, "EnableOCR": true, "CaptureImages": true, "NoVideoFallback": true, "DisableEID": false
        },
        "getTargetLink": true, "getVideoHashes": true, "getDeepLink": true, "getAutoIdLink": true,
        "RedirectURL": { "Success": "https://example.com/s", "Abort": "app://back" },
        "WebhookURL": {
            "AfterVideo": "https://example.com/a", "OnFinal": "https://example.com/f", "OnError": "https://example.com/e",
            "OnVideoError": "https://example.com/v", "OnStatusChange": "https://example.com/s/[statusCode]"
        },
        "Phone": "+4930123456",
        "IdentData": {
            "Firstname": "Erika", "Surname": "Mustermann", "Street": "Heidestr. 17", "ZipCode": "43000", "City": "Köln",
            "Country": "DE", "Birthdate": "1964-08-12", "Birthplace": "Berlin", "Birthname": "", "Nationality": "DE",
            "Title": "Dr.", "Artistname": "E", "Gender": "female", "Email": "e@example.com", "Mobile": "+491711234567",
            "CollectedBy": "agent 7",
            "IDCard": {
                "CardNo": "T22000129", "PlaceOfIssue": "Köln", "DateOfIssue": "2020-11-01", "CountryOfIssue": "DEU",
                "ValidUntil": "2030-10-31",
                "Images": { "Front": STANDARD.encode(b"\xff\xd8\xff\xe0"), "Back": STANDARD.encode(b"\xff\xd8\xff\xe0") }
            },
            "DriverLicence": {
                "LicenceNo": "B072RRE2I55", "Classes": "B", "CountryOfIssue": "DE", "DateOfIssue": "2013-02-22",
                "ValidUntil": "2028-02-21"
            },
            "Additional": { "color": { "Type": 1, "Label": "Color", "Value": "red" } }
        },
        "LegitimationDocument": ["Student card"],
        "eSignPDF": [pdf(), pdf()],
        "eSignHash": { "Hash": STANDARD.encode([7; 32]), "Filename": "hash" },
        "eSignOptions": { "AdditionalCheckboxes": ["I have read it"] },
        "IdentDataSigned": "nothing of ours",
        "EmailNotifications": {
            "OnPositiveIdent": "p@example.com", "OnNegativeIdent": "n@example.com", "OnTimeOut": "t@example.com",
            "OnLeave": "l@example.com"
        },
        "Purpose": { "de": "Kontoeröffnung", "EN": "Opening an account" },
        "eSignTanSmsText": "Your TAN is [TAN]", "verificationSmsText": "[TAN]", "CustomerRouteTag": "east"
    });
    let fields = more.as_object().unwrap().clone();
    full.as_object_mut().unwrap().extend(fields);
    for (name, value) in [
        ("Filename", json!("contract.pdf")),
        ("SignaturePosX", json!(100.5)),
        ("SignaturePosY", json!(100)),
        ("SignatureHeight", json!(60)),
        ("SignatureWidth", json!(200)),
        ("SignaturePage", json!(1)),
        ("SignatureOffsetPosX", json!(-1)),
        ("SignatureOffsetPosY", json!(1)),
        ("OffsetPosX", json!(1)),
        ("OffsetPosY", json!(1)),
        (
            "Stamping",
            json!([{
                "Page": 1, "PosX": 1, "PosY": 1.5, "Tag": "here", "OffsetPosX": 1, "OffsetPosY": 1, "Width": 200, "Height": 60,
                "Content": "[DATE] [SIGNEE]"
            }]),
        ),
    ] {
        full["eSignPDF"][0][name] = value;
    }
    full
}

#[tokio::test]
async fn sample_3_1_7_is_answered_as_3_1_8() {
    let tm = Tm::start().await;
    let reply = tm.put_order(&sample()).await;
    assert_eq!(reply.status, 202, "{}", reply.text());
    let body = reply.json();
    let names: Vec<_> = body
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        names,
        ["OrderID", "Ref", "TargetURL", "DeepLinkURL", "VideoHashes"]
    );
    assert_eq!(body["Ref"], "Sign-me_Account_Creation_Test");
    let text = |path: &str| body.pointer(path).unwrap().as_str().unwrap().to_owned();
    let id = text("/OrderID");
    assert!(
        id.len() == 14 && id.starts_with("9992") && id.bytes().all(|byte| byte.is_ascii_digit()),
        "{id}"
    );
    let token = text("/TargetURL")
        .strip_prefix(&format!("{}/status/", tm.base))
        .unwrap()
        .to_owned();
    assert!(
        token.len() == 32
            && token
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F')),
        "{token}"
    );
    assert_eq!(text("/DeepLinkURL"), format!("{}/ident/{token}", tm.base));
    assert_eq!(
        (
            text("/VideoHashes/ShortCode").len(),
            text("/VideoHashes/LongCode").len()
        ),
        (5, 20)
    );
}

#[tokio::test]
async fn response_contains_requested_links_only() {
    let tm = Tm::start().await;
    let names = async |order: &Value| -> Vec<String> {
        let body = tm.put_order(order).await.json();
        body.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(names(&order(12)).await, ["OrderID", "Ref"]);
    assert_eq!(
        names(&without(order(12), "Ref")).await,
        ["OrderID", "Ref"],
        "Ref always occurs"
    );
    for product in [0, 8, 12, 15, 16, 17, 19] {
        let asked = with(
            with(order(product), "getVideoHashes", json!(true)),
            "getAutoIdLink",
            json!(true),
        );
        let expected: &[&str] = match product {
            12 | 15 => &["OrderID", "Ref", "VideoHashes"],
            16 => &["OrderID", "Ref", "AutoIdURL"],
            _ => &["OrderID", "Ref"],
        };
        assert_eq!(names(&asked).await, expected, "product {product}");
    }
    tm.sandbox
        .identity_tm()
        .configure(|account| account.names_as_printed = true)
        .unwrap();
    assert_eq!(
        names(&with(order(16), "getAutoldLink", json!(true))).await,
        ["OrderID", "Ref", "AutoldURL"]
    );
}

#[tokio::test]
async fn order_with_every_element_is_accepted() {
    let tm = Tm::start().await;
    let id = tm.order(&full()).await;
    assert_eq!(tm.view(&id).await["unknown"], json!([]));
}

#[tokio::test]
async fn unknown_elements_are_ignored_and_recorded() {
    let tm = Tm::start().await;
    let body = with(
        with(order(12), "Colour", json!(1)),
        "Address.Planet",
        json!("Earth"),
    );
    let id = tm.order(&body).await;
    assert_eq!(
        tm.view(&id).await["unknown"],
        json!(["Address.Planet", "Colour"])
    );
}

#[tokio::test]
async fn required_elements_are_required() {
    let tm = Tm::start().await;
    let paths = [
        "Product",
        "Add",
        "Email",
        "Address",
        "Address.Firstname",
        "Address.Surname",
        "Address.Country",
    ];
    for path in paths {
        refused(&tm, &without(order(12), path), path).await;
        refused(&tm, &with(order(12), path, Value::Null), path).await;
    }
    for path in &paths[2..] {
        refused(&tm, &with(order(12), path, json!("")), path).await;
    }
    let all = full();
    for path in ["Type", "Label"].map(|name| format!("IdentData.Additional.color.{name}")) {
        refused(&tm, &without(all.clone(), &path), &path).await;
    }
    refused(&tm, &without(order(15), "eSignPDF.Data"), "eSignPDF.Data").await;
    refused(&tm, &without(order(15), "eSignPDF"), "eSignPDF").await;
    accepted(
        &tm,
        &with(without(order(15), "eSignPDF"), "Add", json!(8)),
        "an account alone",
    )
    .await;
}

#[tokio::test]
async fn optional_elements_can_be_null_or_absent() {
    let tm = Tm::start().await;
    let all = full();
    for name in all
        .as_object()
        .unwrap()
        .keys()
        .filter(|name| !matches!(name.as_str(), "Product" | "Add" | "Email" | "Address"))
    {
        accepted(&tm, &without(all.clone(), name), name).await;
        accepted(&tm, &with(all.clone(), name, Value::Null), name).await;
    }
}

#[tokio::test]
async fn lengths_of_elements_are_limited() {
    let tm = Tm::start().await;
    let lengths = [
        ("Ref", 100),
        ("Address.Firstname", 50),
        ("Address.Surname", 50),
        ("Address.CompanyName", 50),
        ("Address.Street", 50),
        ("Address.ZipCode", 5),
        ("Address.City", 100),
        ("IdentData.Firstname", 50),
        ("IdentData.Surname", 50),
        ("IdentData.Street", 100),
        ("IdentData.ZipCode", 5),
        ("IdentData.City", 100),
        ("IdentData.Birthplace", 100),
        ("IdentData.Birthname", 75),
        ("IdentData.Nationality", 50),
        ("IdentData.Title", 50),
        ("IdentData.Artistname", 50),
        ("IdentData.CollectedBy", 255),
        ("IdentData.IDCard.CardNo", 50),
        ("IdentData.IDCard.PlaceOfIssue", 100),
        ("IdentData.DriverLicence.LicenceNo", 50),
        ("IdentData.DriverLicence.Classes", 50),
        ("IdentData.Additional.color.Label", 100),
        ("IdentData.Additional.color.Value", 150),
        ("LegitimationDocument.0", 50),
        ("eSignPDF.0.Filename", 50),
        ("eSignPDF.0.Stamping.0.Content", 500),
        ("eSignHash.Filename", 50),
        ("eSignOptions.AdditionalCheckboxes.0", 300),
        ("Purpose", 150),
        ("Purpose.de", 150),
        ("CustomerRouteTag", 250),
    ];
    let all = full();
    for (path, length) in lengths {
        // Lengths are in characters, not in bytes.
        accepted(
            &tm,
            &with(all.clone(), path, json!("ü".repeat(length))),
            path,
        )
        .await;
        refused(
            &tm,
            &with(all.clone(), path, json!("ü".repeat(length + 1))),
            path,
        )
        .await;
        refused(&tm, &with(all.clone(), path, json!(7)), path).await;
    }
    let addresses = ["RedirectURL.Success", "RedirectURL.Abort"].map(|path| (path, 150));
    let webhooks = [
        "AfterVideo",
        "OnFinal",
        "OnError",
        "OnVideoError",
        "OnStatusChange",
    ]
    .map(|name| format!("WebhookURL.{name}"));
    for (path, length) in addresses
        .into_iter()
        .chain(webhooks.iter().map(|path| (path.as_str(), 250)))
    {
        let url = |length: usize| json!(format!("https://example.com/{}", "a".repeat(length - 20)));
        accepted(&tm, &with(all.clone(), path, url(length)), path).await;
        refused(&tm, &with(all.clone(), path, url(length + 1)), path).await;
        refused(&tm, &with(all.clone(), path, json!("example.com")), path).await;
    }
    refused(
        &tm,
        &with(
            all.clone(),
            "WebhookURL.OnFinal",
            json!("ftp://example.com"),
        ),
        "WebhookURL",
    )
    .await;
    let notifications = ["OnPositiveIdent", "OnNegativeIdent", "OnTimeOut", "OnLeave"]
        .map(|name| (format!("EmailNotifications.{name}"), 150));
    let mails = [("Email".to_owned(), 50), ("IdentData.Email".to_owned(), 50)]
        .into_iter()
        .chain(notifications);
    for (path, length) in mails {
        let mail = |length: usize| json!(format!("{}@example.com", "a".repeat(length - 12)));
        accepted(&tm, &with(all.clone(), &path, mail(length)), &path).await;
        refused(&tm, &with(all.clone(), &path, mail(length + 1)), &path).await;
        for wrong in [
            "example.com",
            "@example.com",
            "a@",
            "a b@example.com",
            "a@b@c",
        ] {
            refused(&tm, &with(all.clone(), &path, json!(wrong)), &path).await;
        }
    }
    refused(
        &tm,
        &with(
            all.clone(),
            "IdentData.Additional",
            json!({ ("a".repeat(51)): { "Type": 1, "Label": "a" } }),
        ),
        "IdentData",
    )
    .await;
    accepted(
        &tm,
        &with(
            all,
            "IdentData.Additional",
            json!({ ("a".repeat(50)): { "Type": 1, "Label": "a" } }),
        ),
        "IdentData",
    )
    .await;
}

#[tokio::test]
async fn types_of_elements_are_checked() {
    let tm = Tm::start().await;
    let all = full();
    let dates = [
        "Birthdate",
        "IDCard.DateOfIssue",
        "IDCard.ValidUntil",
        "DriverLicence.DateOfIssue",
        "DriverLicence.ValidUntil",
    ];
    let cases: Vec<(String, Vec<Value>, Vec<Value>)> = vec![
        (
            "Product".into(),
            vec![json!(15)],
            vec![
                json!("15"),
                json!(15.5),
                json!(-1),
                json!(1),
                json!(9),
                json!(20),
            ],
        ),
        (
            "Add".into(),
            vec![json!(0), json!(131_072)],
            vec![
                json!("0"),
                json!(0.5),
                json!(-4),
                json!(1),
                json!(2),
                json!(512),
            ],
        ),
        (
            "Lang".into(),
            vec![json!("en")],
            vec![json!("EN"), json!("xx"), json!("eng"), json!(1)],
        ),
        (
            "Purpose".into(),
            vec![json!("Opening")],
            vec![
                json!({ "xx": "Opening" }),
                json!(["Opening"]),
                json!({ "de": 1 }),
            ],
        ),
        (
            "IdentData.Gender".into(),
            vec![json!("diverse"), json!("male")],
            vec![json!("FEMALE"), json!("f")],
        ),
        (
            "eSignTanSmsText".into(),
            vec![json!("[TAN]!")],
            vec![json!("TAN"), json!("[tan]"), json!("")],
        ),
        (
            "verificationSmsText".into(),
            vec![json!("[TAN]!")],
            vec![json!("TAN")],
        ),
        ("IdentDataSigned".into(), vec![json!("x")], vec![json!({})]),
        (
            "LegitimationDocument".into(),
            vec![json!([]), json!([{ "Document": "x" }])],
            vec![json!("x"), json!([1]), json!([{}])],
        ),
        ("eSignOptions".into(), vec![json!({})], vec![json!([])]),
        (
            "eSignOptions.AdditionalCheckboxes".into(),
            vec![json!([])],
            vec![json!("x"), json!([1])],
        ),
        (
            "eSignHash".into(),
            vec![json!([{ "Hash": "AAAA" }])],
            vec![json!("AAAA"), json!([1]), json!({}), json!({ "Hash": "A" })],
        ),
        (
            "eSignPDF".into(),
            vec![],
            vec![
                json!("x"),
                json!([1]),
                json!({ "Data": "AAAA" }),
                json!({ "Data": "JVBERi0" }),
            ],
        ),
        (
            "eSignPDF.0.SignaturePage".into(),
            vec![json!(2)],
            vec![json!(0), json!(1.5), json!("1")],
        ),
        (
            "eSignPDF.0.Stamping".into(),
            vec![json!([])],
            vec![json!({}), json!([1])],
        ),
        (
            "IdentData.Additional".into(),
            vec![json!({})],
            vec![json!([]), json!({ "a": 1 })],
        ),
        (
            "IdentData.IDCard.Images.Front".into(),
            vec![],
            vec![json!("AAAA"), json!("?"), json!(1)],
        ),
        (
            "IdentData.IDCard.Images.Back".into(),
            vec![],
            vec![json!("AAAA")],
        ),
    ];
    let phones = ["Phone", "Mobile", "IdentData.Mobile"].map(|path| {
        let wrong = [
            "01711234567",
            "+49 171 1234567",
            "+49171-1234567",
            "0049171123456",
            "+0171123456",
            "+",
        ];
        (
            path.to_owned(),
            vec![json!("+4917112345678")],
            [wrong.map(Value::from).to_vec(), vec![json!(49)]].concat(),
        )
    });
    let dates = dates.map(|name| {
        let wrong = [
            "12.08.1964",
            "1964-8-12",
            "1964-02-30",
            "19640812",
            "1964-08-12T00:00:00",
        ];
        (
            format!("IdentData.{name}"),
            vec![json!("1964-08-12")],
            [wrong.map(Value::from).to_vec(), vec![json!(1964)]].concat(),
        )
    });
    let countries = [
        ("Address.Country", 3),
        ("IdentData.IDCard.CountryOfIssue", 3),
        ("IdentData.DriverLicence.CountryOfIssue", 3),
    ]
    .into_iter()
    .chain([("IdentData.Country", 2)])
    .map(|(path, length)| {
        let mut wrong = ["XX", "de", "Germany", "XXX"].map(Value::from).to_vec();
        let mut right = vec![json!("AT")];
        if length == 3 {
            right.push(json!("AUT"));
        } else {
            wrong.push(json!("AUT"));
        }
        (path.to_owned(), right, wrong)
    });
    for (path, right, wrong) in cases
        .into_iter()
        .chain(phones)
        .chain(dates)
        .chain(countries)
    {
        for value in right {
            accepted(
                &tm,
                &with(all.clone(), &path, value.clone()),
                &format!("{path} = {value}"),
            )
            .await;
        }
        for value in wrong {
            refused(
                &tm,
                &with(all.clone(), &path, value.clone()),
                &format!("{path} = {value}"),
            )
            .await;
        }
    }
    for path in [
        "getTargetLink",
        "getVideoHashes",
        "getDeepLink",
        "getAutoIdLink",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain(
        [
            "VerifyMobileNumber",
            "EnableOCR",
            "CaptureImages",
            "NoVideoFallback",
            "DisableEID",
        ]
        .map(|name| format!("eIDSettings.{name}")),
    ) {
        for wrong in [json!("true"), json!(1)] {
            refused(&tm, &with(all.clone(), &path, wrong), &path).await;
        }
    }
    for path in [
        "eIDSettings",
        "RedirectURL",
        "WebhookURL",
        "Address",
        "IdentData",
        "IdentData.IDCard",
        "IdentData.DriverLicence",
        "EmailNotifications",
    ] {
        refused(&tm, &with(all.clone(), path, json!("x")), path).await;
    }
    for name in [
        "SignaturePosX",
        "SignaturePosY",
        "SignatureHeight",
        "SignatureWidth",
        "SignatureOffsetPosX",
        "SignatureOffsetPosY",
    ] {
        refused(
            &tm,
            &with(all.clone(), &format!("eSignPDF.0.{name}"), json!("1")),
            "eSignPDF",
        )
        .await;
    }
    for name in [
        "Page",
        "PosX",
        "PosY",
        "OffsetPosX",
        "OffsetPosY",
        "Width",
        "Height",
    ] {
        refused(
            &tm,
            &with(
                all.clone(),
                &format!("eSignPDF.0.Stamping.0.{name}"),
                json!("1"),
            ),
            "eSignPDF",
        )
        .await;
    }
}
