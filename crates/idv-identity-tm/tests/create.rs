//! Creation: the order of a verification, the hand-off, and the resolution of lost responses.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod support;

use idv_core::call::CallPolicy;
use idv_core::report::{Country, DocumentKind, Gender};
use idv_core::{
    Client, CreateResponse, CreateSafety, Delivery, Effect, Error, ErrorKind, HandOff,
    NewVerification, Reference, Sent, TransportCause,
};
use idv_identity_tm::api::order::{Behaviors, Order, Product, SignDocument};
use idv_identity_tm::{IdentityTm, IdentityTmConfig, Link};
use idv_testkit::{Exchange, ScriptedTransport, environment};
use serde_json::{Value, json};
use support::*;

/// A verification with only the required inputs.
fn least() -> NewVerification {
    let mut new = NewVerification::new(reference());
    new.person.given_names = Some("Erika".into());
    new.person.family_name = Some("Mustermann".into());
    new.person.address.country = country("DE");
    new.contact.email = Some("e.mustermann@example.com".into());
    new
}

fn country(code: &str) -> Option<idv_core::Pii<Country>> {
    Some(Country::from_alpha2(code).unwrap().into())
}

/// A verification with every input of the model.
fn everything() -> NewVerification {
    let mut new = least();
    new.person.birth_name = Some("Gabler".into());
    new.person.birth_date = Some(jiff::civil::date(1964, 8, 12).into());
    new.person.birth_place = Some("Berlin".into());
    new.person.nationality = country("AT");
    new.person.gender = Some(Gender::Female.into());
    new.person.title = Some("Dr.".into());
    new.person.address.street = Some("Heidestr.".into());
    new.person.address.house_number = Some("17 a".into());
    new.person.address.postal_code = Some("51147".into());
    new.person.address.city = Some("Köln".into());
    new.contact.phone = Some("+491711234567".into());
    new.document.kind = Some(DocumentKind::IdCard.into());
    new.document.number = Some("T22000129".into());
    new.document.issuing_country = country("NL");
    new.document.issuer = Some("Stadt Köln".into());
    new.document.issued_on = Some(jiff::civil::date(2010, 11, 1).into());
    new.document.expires_on = Some(jiff::civil::date(2020, 10, 31).into());
    new.locale = Some("en-GB".parse().unwrap());
    new.return_urls.success = Some(
        "https://bank.example.com/positive?OrderID=[OrderID]"
            .parse()
            .unwrap(),
    );
    new.return_urls.failure = Some("https://bank.example.com/negative".parse().unwrap());
    new.callback_url = Some("https://bank.example.com/identity".parse().unwrap());
    new.purpose = Some("opening an account".into());
    new.custom.insert("custom1".into(), "287492_23552".into());
    new
}

/// The response and the order of a created verification.
async fn sent(config: IdentityTmConfig, new: &NewVerification) -> (CreateResponse, Value) {
    let transport = ScriptedTransport::new();
    transport.then_json(202, created());
    let created = client_of(config, &transport).create(new).await.unwrap();
    assert_eq!(lines(&transport), ["PUT putOrder"]);
    (
        created,
        serde_json::from_slice(transport.requests()[0].body()).unwrap(),
    )
}

/// The model's field that the error names; nothing must be sent.
async fn refused(config: IdentityTmConfig, new: &NewVerification) -> String {
    let transport = ScriptedTransport::new();
    let error = client_of(config, &transport).create(new).await.unwrap_err();
    assert_eq!(
        (transport.count(), error.effect()),
        (0, Effect::NotApplied),
        "{error}"
    );
    match error.kind() {
        ErrorKind::InvalidRequest { field } => field.to_string(),
        other => panic!("{other:?}"),
    }
}

fn visit(created: &CreateResponse) -> Option<&str> {
    match &created.hand_off {
        HandOff::Redirect(url) => Some(url.expose().as_str()),
        _ => None,
    }
}

#[tokio::test]
async fn every_supported_input_is_sent() {
    let (created, order) = sent(config(), &everything()).await;
    assert_eq!(
        (
            created.id.clone(),
            created.already_existed,
            created.expires_at
        ),
        (id(), false, None)
    );
    assert_eq!(visit(&created), Some(TARGET));
    assert_eq!(created.at.to_string(), "2018-09-05T09:00:00Z");
    assert_eq!(created.unsupported_fields, ["document.kind", "custom"]);
    assert_eq!(
        order,
        json!({
            "Ref": REFERENCE, "Product": 12, "Add": 0, "Lang": "en", "getTargetLink": true,
            "RedirectURL": {
                "Success": "https://bank.example.com/positive?OrderID=[OrderID]",
                "Abort": "https://bank.example.com/negative",
            },
            "WebhookURL": {"OnFinal": "https://bank.example.com/identity?event=OnFinal&orderId=[OrderID]&ref=[Ref]"},
            "Mobile": "+491711234567", "Email": "e.mustermann@example.com", "Purpose": "opening an account",
            "Address": {"Firstname": "Erika", "Surname": "Mustermann", "Street": "Heidestr. 17 a", "ZipCode": "51147",
                "City": "Köln", "Country": "DE"},
            "IdentData": {"Firstname": "Erika", "Surname": "Mustermann", "Street": "Heidestr. 17 a", "ZipCode": "51147",
                "City": "Köln", "Country": "DE", "Birthdate": "1964-08-12", "Birthplace": "Berlin", "Birthname": "Gabler",
                "Nationality": "AT", "Title": "Dr.", "Gender": "female",
                "IDCard": {"CardNo": "T22000129", "PlaceOfIssue": "Stadt Köln", "DateOfIssue": "2010-11-01",
                    "CountryOfIssue": "NL", "ValidUntil": "2020-10-31"}},
        })
    );
}

#[tokio::test]
async fn absent_inputs_are_not_sent() {
    let (created, order) = sent(config(), &least()).await;
    assert!(created.unsupported_fields.is_empty());
    assert_eq!(
        order,
        json!({
            "Ref": REFERENCE, "Product": 12, "Add": 0, "getTargetLink": true, "Email": "e.mustermann@example.com",
            "Address": {"Firstname": "Erika", "Surname": "Mustermann", "Country": "DE"},
            "IdentData": {"Firstname": "Erika", "Surname": "Mustermann", "Country": "DE"},
        })
    );
}

#[tokio::test]
async fn product_behaviors_and_gender_have_the_vendors_values() {
    let mut new = least();
    for (gender, word) in [
        (Gender::Female, "female"),
        (Gender::Male, "male"),
        (Gender::Diverse, "diverse"),
    ] {
        new.person.gender = Some(gender.into());
        let (_, order) = sent(
            with(|config| (config.product, config.behaviors) = (16, 4096)),
            &new,
        )
        .await;
        assert_eq!(
            (
                &order["Product"],
                &order["Add"],
                &order["IdentData"]["Gender"]
            ),
            (&json!(16), &json!(4096), &json!(word))
        );
    }
    // A street without a number, and a number without a street, which is omitted.
    new.person.address.house_number = Some("17".into());
    assert_eq!(sent(config(), &new).await.1["Address"].get("Street"), None);
    (new.person.address.street, new.person.address.house_number) =
        (Some("Heidestr. 17".into()), None);
    assert_eq!(
        sent(config(), &new).await.1["Address"]["Street"],
        json!("Heidestr. 17")
    );
}

type Change = fn(&mut NewVerification);

#[tokio::test]
async fn invalid_input_is_refused_by_the_models_name() {
    let table: &[(&str, Change)] = &[
        ("person.given_names", |new| new.person.given_names = None),
        ("person.given_names", |new| {
            new.person.given_names = Some(" ".into());
        }),
        ("person.given_names", |new| {
            new.person.given_names = Some("é".repeat(51).into());
        }),
        ("person.family_name", |new| new.person.family_name = None),
        ("person.family_name", |new| {
            new.person.family_name = Some("é".repeat(51).into());
        }),
        ("person.birth_name", |new| {
            new.person.birth_name = Some("é".repeat(76).into());
        }),
        ("person.birth_date", |new| {
            new.person.birth_date = Some(jiff::civil::date(964, 8, 12).into());
        }),
        ("person.birth_place", |new| {
            new.person.birth_place = Some("é".repeat(101).into());
        }),
        ("person.title", |new| {
            new.person.title = Some("é".repeat(51).into());
        }),
        ("person.address.street", |new| {
            // Together with the number the street is too long.
            new.person.address.street = Some("é".repeat(98).into());
            new.person.address.house_number = Some("17".into());
        }),
        ("person.address.postal_code", |new| {
            new.person.address.postal_code = Some("SW1A 1AA".into());
        }),
        ("person.address.city", |new| {
            new.person.address.city = Some("é".repeat(101).into());
        }),
        ("person.address.country", |new| {
            new.person.address.country = None;
        }),
        ("contact.email", |new| new.contact.email = None),
        ("contact.email", |new| {
            new.contact.email = Some("nobody".into());
        }),
        ("contact.email", |new| {
            new.contact.email = Some(format!("{}@example.com", "a".repeat(39)).into());
        }),
        ("contact.phone", |new| {
            new.contact.phone = Some("0171 1234567".into());
        }),
        ("document.number", |new| {
            new.document.number = Some("1".repeat(51).into());
        }),
        ("document.issuer", |new| {
            new.document.issuer = Some("é".repeat(101).into());
        }),
        ("document.issued_on", |new| {
            new.document.issued_on = Some(jiff::civil::date(10, 1, 1).into());
        }),
        ("document.expires_on", |new| {
            new.document.expires_on = Some(jiff::civil::date(20, 1, 1).into());
        }),
        ("return_urls.success", |new| {
            new.return_urls.success = Some(
                format!("https://bank.example.com/{}", "a".repeat(126))
                    .parse()
                    .unwrap(),
            );
        }),
        ("return_urls.failure", |new| {
            new.return_urls.failure = Some("bank:failed".parse().unwrap());
        }),
        ("callback_url", |new| {
            new.callback_url = Some("ftp://bank.example.com".parse().unwrap());
        }),
        ("callback_url", |new| {
            new.callback_url = Some(
                format!("https://bank.example.com/{}", "a".repeat(200))
                    .parse()
                    .unwrap(),
            );
        }),
        // The added parameters would be in the fragment, come second, or be left unchanged.
        ("callback_url", |new| {
            new.callback_url = Some("https://bank.example.com/#identity".parse().unwrap());
        }),
        ("callback_url", |new| {
            new.callback_url = Some("https://bank.example.com/?orderId=5".parse().unwrap());
        }),
        ("callback_url", |new| {
            new.callback_url = Some("https://bank.example.com/?token=5".parse().unwrap());
        }),
        ("callback_url", |new| {
            new.callback_url = Some("https://bank.example.com/?a=[statusCode]".parse().unwrap());
        }),
        ("purpose", |new| new.purpose = Some("é".repeat(151))),
        ("purpose", |new| new.purpose = Some(String::new())),
        // The reference would start a test robot.
        ("reference", |new| {
            new.reference = Reference::parse("x-autotest-positive").unwrap();
        }),
    ];
    for (number, (field, change)) in table.iter().enumerate() {
        let mut new = everything();
        change(&mut new);
        assert_eq!(refused(config(), &new).await, *field, "row {number}");
    }
}

#[tokio::test]
async fn long_street_is_sent_only_where_it_fits() {
    for (length, fits) in [(47, true), (48, false), (97, false)] {
        let mut new = everything();
        new.person.address.street = Some("é".repeat(length).into());
        new.person.address.house_number = Some("17".into());
        let (_, order) = sent(config(), &new).await;
        let street = format!("{} 17", "é".repeat(length));
        assert_eq!(order["IdentData"]["Street"], json!(street));
        assert_eq!(
            order["Address"].get("Street"),
            fits.then(|| json!(street)).as_ref(),
            "{length}"
        );
    }
}

/// The error of a creation with a customized order.
async fn prepared(
    config: IdentityTmConfig,
    prepare: impl Fn(&mut Order) + Send + Sync + 'static,
) -> (Option<String>, Vec<String>) {
    let transport = ScriptedTransport::new();
    transport.then_json(202, created());
    let provider = IdentityTm::new(config).unwrap();
    provider.customize(move |_, order| {
        prepare(order);
        Ok(())
    });
    let client = Client::new(
        provider,
        environment(&transport, &clock()),
        CallPolicy::default(),
    );
    let field = client
        .create(&everything())
        .await
        .err()
        .map(|error| match error.kind() {
            ErrorKind::InvalidRequest { field } => field.to_string(),
            other => panic!("{other:?}"),
        });
    (field, lines(&transport))
}

#[tokio::test]
async fn customized_order_of_another_flow_is_refused() {
    let contract = || SignDocument::new(b"%PDF-1.7".to_vec(), "contract.pdf");
    let esign =
        |behaviors: u32| with(|config| (config.product, config.behaviors) = (15, behaviors));
    let sent = vec!["PUT putOrder".to_owned()];
    let to_esign = move |order: &mut Order| {
        order.product = Product::Esign;
        order.esign_pdfs.push(contract());
    };
    assert_eq!(
        prepared(config(), to_esign).await,
        (Some("Product".to_owned()), vec![])
    );
    assert_eq!(
        prepared(config(), |order| order.product = Product::PhoneVerification)
            .await
            .0
            .as_deref(),
        Some("Product")
    );
    assert_eq!(
        prepared(esign(0), |order| order.product = Product::Video)
            .await
            .0
            .as_deref(),
        Some("Product")
    );
    assert_eq!(
        prepared(esign(0), |order| order.behaviors =
            Behaviors::SIGN_ME_CREATE)
        .await
        .0
        .as_deref(),
        Some("Add")
    );
    let signed = move |order: &mut Order| {
        order.behaviors = Behaviors::NORMAL;
        order.esign_pdfs.push(contract());
    };
    assert_eq!(prepared(esign(8), signed).await.0.as_deref(), Some("Add"));
    // Another product of the same flow has the same final codes.
    assert_eq!(
        prepared(config(), |order| order.product = Product::AutoId).await,
        (None, sent.clone())
    );
    let signed = move |order: &mut Order| {
        order.behaviors = Behaviors::ADVANCED_SIGNATURE;
        order.esign_pdfs.push(contract());
    };
    assert_eq!(prepared(esign(0), signed).await, (None, sent));
    let documents = move |order: &mut Order| order.esign_pdfs.push(contract());
    assert_eq!(
        prepared(config(), documents).await,
        (Some("Product".to_owned()), vec![])
    );
}

#[tokio::test]
async fn accepted_fields_reach_the_vendor() {
    let client = client(&ScriptedTransport::new());
    let accepts = &client.info().accepts;
    let given = everything().given();
    assert_eq!(
        given
            .iter()
            .filter(|path| !accepts.contains(path))
            .collect::<Vec<_>>(),
        [&"document.kind", &"custom"]
    );
    assert!(
        accepts.iter().all(|path| given.contains(path)),
        "each is one of the model's"
    );
    assert_eq!(client.info().create_safety, CreateSafety::Findable);
    // Every accepted field changes the order.
    let (_, least_sent) = sent(config(), &least()).await;
    let (_, all_sent) = sent(config(), &everything()).await;
    assert_ne!(least_sent, all_sent);
}

#[tokio::test]
async fn configured_webhooks_carry_event_order_and_secret() {
    let secret = "0123456789abcdef";
    let mut new = least();
    for base in [
        "https://bank.example.com/identity",
        "https://bank.example.com/identity?tenant=7",
    ] {
        new.callback_url = Some(base.parse().unwrap());
        for after in ["after_video", "after_ident"] {
            let toml = format!(
                "user = 'a'\npassword = {{ env = 'PATH' }}\nwebhooks = '{after},on_final,on_error,on_video_error,on_status_change'"
            );
            let mut config: IdentityTmConfig = toml::from_str(&toml).unwrap();
            config.callback_secret = secret.into();
            let receiver = client_of(config.clone(), &ScriptedTransport::new());
            let (_, order) = sent(config, &new).await;
            let webhooks = order["WebhookURL"].as_object().unwrap();
            let first = if after == "after_video" {
                "AfterVideo"
            } else {
                "AfterIdent"
            };
            let mut names: Vec<_> = webhooks.keys().map(String::as_str).collect();
            names.sort_unstable();
            let mut wanted = [
                first,
                "OnError",
                "OnFinal",
                "OnStatusChange",
                "OnVideoError",
            ];
            wanted.sort_unstable();
            assert_eq!(names, wanted);
            for (name, address) in webhooks {
                let address = address.as_str().unwrap();
                assert!(
                    address.starts_with(base) && address.chars().count() <= 250,
                    "{address}"
                );
                assert!(
                    address.contains("[OrderID]") && address.contains("[Ref]"),
                    "{address}"
                );
                assert_eq!(
                    address.contains("[statusCode]"),
                    name == "OnStatusChange",
                    "{address}"
                );
                assert!(
                    !address.contains(secret),
                    "the key itself stays here: {address}"
                );
                // The URL that the vendor calls is authenticated and names this order.
                let called = address
                    .replace("[OrderID]", ORDER)
                    .replace("[Ref]", REFERENCE)
                    .replace("[statusCode]", "6");
                let delivery = |uri: &str| {
                    Delivery::callback(
                        http::Method::GET,
                        uri.parse().unwrap(),
                        http::HeaderMap::new(),
                        Vec::new(),
                    )
                };
                let received = receiver.receive(&delivery(&called)).unwrap();
                assert!(
                    received.observations[0].trust.is_proven()
                        && received.observations[0].subject.is(&id())
                );
                let code = if name == "OnStatusChange" { "6" } else { name };
                assert_eq!(received.observations[0].code.as_deref(), Some(code));
                // The secret belongs to this order.
                let other = called.replace(REFERENCE, "ffffffffffffffffffffffffffffffff");
                assert_eq!(
                    receiver.receive(&delivery(&other)).unwrap_err().kind(),
                    &ErrorKind::Forged
                );
            }
        }
    }
}

#[tokio::test]
async fn no_webhooks_are_requested_without_callback_url() {
    let mut new = everything();
    new.callback_url = None;
    assert_eq!(sent(config(), &new).await.1.get("WebhookURL"), None);
    let none = with(|config| config.webhooks = idv_identity_tm::Webhooks::default());
    assert_eq!(sent(none, &everything()).await.1.get("WebhookURL"), None);
}

#[tokio::test]
async fn hand_off_is_the_configured_link() {
    let all = format!(
        r#"{{"OrderID":"{ORDER}","TargetURL":"{TARGET}","DeepLinkURL":"https://www.identity.tm/ident/1","AutoldURL":"https://auto.identity.tm/1"}}"#
    );
    let bare = format!(r#"{{"OrderID":"{ORDER}"}}"#);
    for (link, flags, wanted, fallback) in [
        (
            Link::Target,
            ["getTargetLink"].as_slice(),
            Some(TARGET),
            Some(TARGET),
        ),
        (
            Link::Deep,
            &["getDeepLink", "getTargetLink"],
            Some("https://www.identity.tm/ident/1"),
            Some(TARGET),
        ),
        (
            Link::AutoIdent,
            &["getAutoIdLink", "getTargetLink"],
            Some("https://auto.identity.tm/1"),
            Some(TARGET),
        ),
        (Link::Email, &[], None, None),
    ] {
        // Without any link the vendor sends the person an e-mail.
        for (answer, url) in [
            (all.clone(), wanted),
            (created(), fallback),
            (bare.clone(), None),
        ] {
            let transport = ScriptedTransport::new();
            transport.then_json(202, answer);
            let created = client_of(with(|config| config.link = link), &transport)
                .create(&least())
                .await
                .unwrap();
            assert_eq!(visit(&created), url, "{link:?}");
            assert!(url.is_some() || created.hand_off == HandOff::VendorContactsPerson);
            let order: Value = serde_json::from_slice(transport.requests()[0].body()).unwrap();
            let mut asked: Vec<_> = order
                .as_object()
                .unwrap()
                .keys()
                .filter(|key| key.starts_with("get"))
                .map(String::as_str)
                .collect();
            asked.sort_unstable();
            assert_eq!(asked, flags, "{link:?}");
        }
    }
}

fn losses() -> [Exchange; 4] {
    [
        Exchange::Fail(Sent::Maybe, TransportCause::Interrupted),
        Exchange::Hang,
        empty(503),
        // An unreadable answer with this status also means that the order may exist.
        Exchange::Answer(
            http::Response::builder()
                .status(202)
                .body("<html>".into())
                .unwrap(),
        ),
    ]
}

/// Creates a verification with a lost response and these responses afterwards.
async fn lost(
    loss: Exchange,
    then: &[(u16, &str)],
) -> (Result<CreateResponse, Error>, ScriptedTransport) {
    let transport = ScriptedTransport::new();
    transport.then(loss);
    for (status, body) in then {
        transport.then_json(*status, *body);
    }
    (client(&transport).create(&least()).await, transport)
}

#[tokio::test]
async fn order_is_looked_up_after_lost_response() {
    let lookup = format!("GET getOrdersByRef/{REFERENCE}");
    for loss in losses() {
        let (created, transport) = lost(loss, &[(200, r#"["99920006C38842"]"#)]).await;
        let created = created.unwrap();
        assert_eq!((created.id.clone(), created.already_existed), (id(), true));
        // The link is lost; the vendor's e-mail has one.
        assert_eq!(created.hand_off, HandOff::VendorContactsPerson);
        assert_eq!(lines(&transport), ["PUT putOrder", &lookup]);
    }
    for loss in losses() {
        let (created, transport) =
            lost(loss, &[(200, r#"["99920006C38842","99920006C38843"]"#)]).await;
        let error = created.unwrap_err();
        assert_eq!(
            (error.kind(), error.effect()),
            (&ErrorKind::Conflict, Effect::Unknown)
        );
        assert_eq!(lines(&transport), ["PUT putOrder", &lookup]);
    }
}

#[tokio::test]
async fn effect_is_unknown_if_the_lookup_finds_nothing() {
    let lookups: [&[(u16, &str)]; 6] = [
        &[(200, "[]")],
        &[(404, "")],
        &[(401, "")],
        &[(500, ""), (500, ""), (500, ""), (500, "")],
        &[(200, "<html>")],
        &[(200, r#"["not an id"]"#)],
    ];
    for lookup in lookups {
        for (number, loss) in losses().into_iter().enumerate() {
            let (created, transport) = lost(loss, lookup).await;
            let error = created.unwrap_err();
            let kind = if number == 3 {
                ErrorKind::Malformed
            } else {
                ErrorKind::Unavailable
            };
            assert_eq!(
                (error.kind(), error.effect()),
                (&kind, Effect::Unknown),
                "{lookup:?}"
            );
            assert_eq!(
                lines(&transport)
                    .iter()
                    .filter(|line| line.starts_with("PUT"))
                    .count(),
                1,
                "{lookup:?}"
            );
        }
    }
}

#[tokio::test]
async fn refused_order_is_not_looked_up() {
    for (status, kind) in [
        (
            400,
            ErrorKind::InvalidRequest {
                field: "request".into(),
            },
        ),
        (401, ErrorKind::Unauthorized),
        (403, ErrorKind::Unauthorized),
    ] {
        let transport = ScriptedTransport::new();
        transport.then_json(status, r#"{"Error":"Product not enabled"}"#);
        let error = client(&transport).create(&least()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.effect(), transport.count()),
            (&kind, Effect::NotApplied, 1)
        );
        assert_eq!(vendor_text(&error), Some("Product not enabled"));
    }
    // The request was not sent: it is repeated, and there is one order.
    let transport = ScriptedTransport::new();
    transport
        .then(Exchange::Fail(Sent::No, TransportCause::Connect))
        .then_json(202, created());
    assert!(
        !client(&transport)
            .create(&least())
            .await
            .unwrap()
            .already_existed
    );
    assert_eq!(lines(&transport), ["PUT putOrder", "PUT putOrder"]);
}

#[tokio::test]
async fn customized_order_is_checked() {
    let prepared = |tag: &'static str| {
        let provider = IdentityTm::new(config()).unwrap();
        provider.customize(move |new, order| {
            assert_eq!(new.reference.as_str(), REFERENCE);
            order.customer_route_tag = Some(tag.repeat(250));
            Ok(())
        });
        provider
    };
    let client = |provider, transport: &ScriptedTransport| {
        Client::new(
            provider,
            environment(transport, &clock()),
            CallPolicy::default(),
        )
    };
    let transport = ScriptedTransport::new();
    transport.then_json(202, created());
    client(prepared("a"), &transport)
        .create(&least())
        .await
        .unwrap();
    let order: Value = serde_json::from_slice(transport.requests()[0].body()).unwrap();
    assert_eq!(order["CustomerRouteTag"], json!("a".repeat(250)));

    let transport = ScriptedTransport::new();
    let error = client(prepared("ab"), &transport)
        .create(&least())
        .await
        .unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::InvalidRequest {
            field: "CustomerRouteTag".into()
        }
    );
    let refusing = client(IdentityTm::new(config()).unwrap(), &transport);
    refusing
        .vendor::<IdentityTm>()
        .unwrap()
        .customize(|_, _| Err(Error::invalid("purpose", "it is missing")));
    let error = refusing.create(&least()).await.unwrap_err();
    assert_eq!(
        (error.kind(), transport.count()),
        (
            &ErrorKind::InvalidRequest {
                field: "purpose".into()
            },
            0
        )
    );
}

#[tokio::test]
async fn vendor_options_are_sent_with_the_order() {
    let transport = ScriptedTransport::new();
    transport.then_json(202, created());
    let client = Client::new(
        IdentityTm::new(config()).unwrap(),
        environment(&transport, &clock()),
        CallPolicy::default(),
    );
    let mut options = idv_identity_tm::IdentityTmOptions::default();
    options.customer_route_tag = Some("branch-12".to_owned());
    options.purpose_by_language = Some([("de".to_owned(), "Kontoeröffnung".to_owned())].into());
    let mut new = least();
    new.set_options(&options).unwrap();
    client.create(&new).await.unwrap();
    let order: Value = serde_json::from_slice(transport.requests()[0].body()).unwrap();
    assert_eq!(
        (&order["CustomerRouteTag"], &order["Purpose"]),
        (&json!("branch-12"), &json!({"de": "Kontoeröffnung"}))
    );
}
