//! Personal data and secrets are not printed: not by logs, errors, or `Debug` of public values.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod support;

use bytes::Bytes;
use http::{HeaderMap, Method, Response};
use idv_core::report::{Country, Gender};
use idv_core::{
    Client, Delivery, EvidenceId, NewVerification, Operation, Pii, Reference, Secret, Sent,
    TransportCause, VendorId, VerificationId,
};
use idv_identity_tm::api::order::{
    AdditionalField, Address, FieldKind, Order, Product, PutOrderResponse, Redirects, SignDocument,
    SignHash, Stamp,
};
use idv_identity_tm::api::{Api, IdentDataVariants, OrderId, StatusVariants, Tan};
use idv_identity_tm::wire;
use idv_identity_tm::{IdentityTm, IdentityTmConfig, Images};
use idv_testkit::{Canary, Exchange, Recording, ScriptedTransport};
use support::{client_of, empty, file};

/// Marked values that must not be printed.
struct Marked {
    canary: Canary,
    password: String,
    callback_secret: String,
    crypt_key: String,
    tan: String,
    order: String,
    link: String,
    reference: Reference,
    values: Vec<String>,
}

impl Marked {
    fn new() -> Self {
        let mut canary = Canary::new();
        let (password, callback_secret) = (canary.mark("password"), canary.mark("callbacksecret"));
        // These have alphabets and lengths of their own.
        let (crypt_key, tan, order) = (
            "5ec4e75b".repeat(8),
            "9Q7Z5X".to_owned(),
            "99ORDERCANARY".to_owned(),
        );
        for value in [&crypt_key, &tan, &order] {
            canary.watch(value.as_str());
        }
        // The encoded password in the request.
        canary.watch("aWhyZWJhbms6");
        let link = canary.mark("link");
        let values = [
            "first",
            "last",
            "birthplace",
            "street",
            "email",
            "city",
            "custom",
            "text",
            "message",
            "agent",
            "file",
            "base",
        ]
        .map(|what| canary.mark(what))
        .into();
        canary.watch("+4917155555555");
        // `Debug` of a reference prints its first eight characters; the rest must not be guessable.
        let reference = Reference::parse(format!("ref-1234-{}", canary.mark("reference"))).unwrap();
        Self {
            canary,
            password,
            callback_secret,
            crypt_key,
            tan,
            order,
            link,
            reference,
            values,
        }
    }

    fn value(&self, index: usize) -> &str {
        &self.values[index]
    }

    fn pii(&self, index: usize) -> Pii<String> {
        self.value(index).into()
    }

    fn config(&self) -> IdentityTmConfig {
        let mut config = IdentityTmConfig::new("ihrebank", self.password.as_str().into());
        config.callback_secret = self.callback_secret.as_str().into();
        config.video_callback_url = Some("https://bank.example.com/video".parse().unwrap());
        config.include_identifier = true;
        config
    }

    fn encrypted(&self) -> IdentityTmConfig {
        let mut config = self.config();
        config.crypt_key = Some(self.crypt_key.as_str().into());
        config
    }

    fn id(&self) -> VerificationId {
        VerificationId::new(self.reference.clone(), Some(VendorId::new(&self.order)))
    }

    fn order_id(&self) -> OrderId {
        OrderId::parse(&self.order).unwrap()
    }

    fn verification(&self) -> NewVerification {
        let mut new = NewVerification::new(self.reference.clone());
        new.person.given_names = Some(self.pii(0));
        new.person.family_name = Some(self.pii(1));
        new.person.birth_place = Some(self.pii(2));
        new.person.gender = Some(Gender::Female.into());
        new.person.address.street = Some(self.pii(3));
        new.person.address.city = Some(self.pii(5));
        new.person.address.country = Country::from_alpha2("DE").map(Into::into);
        new.contact.email = Some(format!("{}@example.com", self.value(4)).into());
        new.contact.phone = Some("+4917155555555".into());
        new.document.number = Some(self.pii(6));
        new.callback_url = Some("https://bank.example.com/identity".parse().unwrap());
        new
    }

    /// An order with marks in every text.
    fn order(&self) -> Order {
        let address = Address::new(self.pii(0), self.pii(1), "DE".into());
        let mut order = Order::new(
            Product::Esign,
            format!("{}@example.com", self.value(4)).into(),
            address,
        );
        order.reference = Some(self.reference.as_str().to_owned());
        order.mobile = Some("+4917155555555".into());
        order.address.company_name = Some(self.pii(7));
        order.redirects = Redirects::new(
            Some(format!("https://bank.example.com/{}", self.link)),
            None,
        );
        order.webhooks.on_final = Some(format!(
            "https://bank.example.com/?token={}",
            self.callback_secret
        ));
        let mut contract = SignDocument::new(
            format!("%PDF-1.4 {}", self.value(10)).into_bytes(),
            self.pii(10),
        );
        contract.stamps.push(Stamp::new(self.pii(8)));
        order.esign_pdfs.push(contract);
        order.esign_hashes.push(SignHash::new(
            self.value(10).as_bytes().to_vec(),
            self.pii(10),
        ));
        let mut data = idv_identity_tm::api::order::IdentData::default();
        data.birthplace = Some(self.pii(2));
        let field = AdditionalField::new(FieldKind::Text, "label").with(self.value(6));
        data.additional.insert("custom1".to_owned(), field);
        order.ident_data = Some(data);
        order.ident_data_signed = Some(Secret::new(self.value(11)));
        order
    }

    fn created(&self) -> String {
        format!(
            r#"{{"OrderID":"{}","Ref":"{}","TargetURL":"https://www.identity.tm/{link}","DeepLinkURL":"https://www.identity.tm/{link}",
               "AutoIdURL":"https://www.identity.tm/{link}","VideoHashes":{{"ShortCode":"{link}","LongCode":"{link}"}},
               "UserToken":"{link}","Error":"{}"}}"#,
            self.order,
            self.reference.as_str(),
            self.value(8),
            link = self.link,
        )
    }

    fn history(&self, kinds: &[u32]) -> String {
        let entry = |kind: &u32| {
            format!(
                r#"{{"Kind":{kind},"Time":"2018-09-05T11:06:21+02:00","Text":"{}"}}"#,
                self.value(7)
            )
        };
        let entries: Vec<_> = kinds.iter().map(entry).collect();
        format!(
            r#"{{"OrderID":"{}","Ref":"{}","Status":[{}]}}"#,
            self.order,
            self.reference.as_str(),
            entries.join(",")
        )
    }

    /// A result with marks in every value, of a suspected fraud.
    fn result(&self) -> String {
        let person = |kind: u32, first: usize| {
            format!(
                r#"{{"Type":{kind},"Firstname":"{}","Surname":"{}","Street":"{}","City":"{}","Birthplace":"{}","Email":"{}",
                   "Mobile":"+4917155555555","IDCard":{{"CardNo":"{}","PlaceOfIssue":"{}"}},"Additional":{{"custom1":"{}"}},
                   "Images":[{{"Image":"AAEC","Filename":"{}.jpg"}}]}}"#,
                self.value(first),
                self.value(1),
                self.value(3),
                self.value(5),
                self.value(2),
                self.value(4),
                self.value(6),
                self.value(5),
                self.value(6),
                self.value(10),
            )
        };
        format!(
            r#"{{"Identitfied":"2018-09-05T11:06:21+02:00","Identifier":"{}","UserIp":"{}","FraudAttempt":true,"IdentData":[{},{}]}}"#,
            self.value(9),
            self.value(7),
            person(1, 0),
            person(2, 11),
        )
    }
}

fn callback(uri: &str) -> Delivery {
    Delivery::callback(
        Method::GET,
        uri.parse().unwrap(),
        HeaderMap::new(),
        Vec::new(),
    )
}

/// The secret of an order's callbacks, extracted from the order that was sent.
fn secret_in(transport: &ScriptedTransport) -> String {
    let order: serde_json::Value = serde_json::from_slice(transport.requests()[0].body()).unwrap();
    let address = order["WebhookURL"]["OnFinal"].as_str().unwrap().to_owned();
    address.split_once("token=").unwrap().1.to_owned()
}

#[tokio::test]
async fn successful_operations_print_no_personal_data() {
    let (recording, mut marked) = (Recording::start(), Marked::new());
    let transport = ScriptedTransport::new();
    transport.then_json(202, marked.created());
    let new = marked.verification();
    let client = client_of(marked.config(), &transport);
    let created = client.create(&new).await.unwrap();
    let secret = secret_in(&transport);
    marked.canary.watch(secret.as_str());
    marked
        .canary
        .check("created", &format!("{new:?} {created:?} {created:#?}"));
    assert!(
        String::from_utf8_lossy(transport.requests()[0].body()).contains(marked.value(0)),
        "the marks were sent"
    );
    // A lost order that is found.
    transport
        .then(empty(503))
        .then_json(200, format!(r#"["{}"]"#, marked.order));
    marked.canary.check(
        "found",
        &format!("{:?}", client.create(&new).await.unwrap()),
    );

    transport.then_json(200, marked.history(&[25, 89]));
    transport
        .then_json(200, marked.history(&[25, 89]))
        .then_json(200, marked.result());
    transport.then_json(200, format!(r#"["{}"]"#, marked.order));
    transport.then_json(200, marked.result());
    transport.then(file("application/pdf", marked.value(10).to_owned()));
    transport.then(empty(202));
    let polled = client.poll(&marked.id()).await.unwrap();
    let fetched = client.fetch(&marked.id(), None).await.unwrap();
    assert!(fetched.report().unwrap().person.given_names.is_some());
    let found = client.find(&marked.reference).await.unwrap();
    let image = EvidenceId::new(format!("image/{}.jpg", marked.value(10)));
    let downloaded = client
        .evidence(&marked.id(), &image, 1000, &mut Vec::new())
        .await
        .unwrap();
    let pdf = client
        .evidence(&marked.id(), &EvidenceId::new("pdf"), 1000, &mut Vec::new())
        .await
        .unwrap();
    let deleted = client.delete(&marked.id()).await.unwrap();
    let observed = format!(
        "{polled:?} {fetched:?} {fetched:#?} {found:?} {downloaded:?} {pdf:?} {deleted:?} {client:?}"
    );
    marked.canary.check("observed", &observed);

    let called = callback(&format!(
        "/identity?event=OnFinal&orderId={}&ref={}&token={secret}",
        marked.order,
        marked.reference.as_str()
    ));
    let received = client.receive(&called).unwrap();
    assert!(received.observations[0].trust.is_proven());
    marked.canary.check(
        "received",
        &format!(
            "{called:?} {received:?} {:?}",
            received.observations[0].subject
        ),
    );

    let logged = recording.text();
    assert!(logged.contains("idv.call"), "something was recorded");
    marked.canary.check("logged", &logged);
}

#[tokio::test]
async fn failed_operations_print_no_personal_data() {
    let (recording, marked) = (Recording::start(), Marked::new());
    let mut answers: Vec<(u16, String)> = Vec::new();
    for status in [302, 400, 401, 403, 404, 406, 409, 410, 412, 429, 500] {
        // The vendor's description may repeat the request.
        answers.push((
            status,
            format!(r#"{{"Error":"{} {}"}}"#, marked.value(8), marked.value(1)),
        ));
        answers.push((status, marked.value(8).to_owned()));
    }
    // Invalid bodies: the parser must not quote them.
    for body in [
        format!(
            r#"{{"OrderID":["{0}"],"Status":"{0}","IdentData":"{0}","Images":"{0}"}}"#,
            marked.value(1)
        ),
        format!(
            r#"{{"OrderID":"../{0}","Status":[{{"Kind":"{0}"#,
            marked.value(1)
        ),
        format!(
            r#"{{"OrderID":"1","TargetURL":"{0}","IdentData":{{"{0}"#,
            marked.value(1)
        ),
        format!(r#"{{"Error":"{0}"}}"#, marked.value(1)),
        format!("<{0}>", marked.value(1)),
        marked.value(1).to_owned(),
    ] {
        answers.push((200, body));
    }
    for (status, body) in answers {
        let mut separate = marked.config();
        separate.images = Images::Separate;
        for config in [separate, marked.encrypted()] {
            let scripted = || {
                let transport = ScriptedTransport::new();
                for _ in 0..6 {
                    transport.then_json(status, body.clone());
                }
                client_of(config.clone(), &transport)
            };
            let mut errors = Vec::new();
            errors.extend(scripted().create(&marked.verification()).await.err());
            errors.extend(scripted().poll(&marked.id()).await.err());
            errors.extend(scripted().fetch(&marked.id(), None).await.err());
            errors.extend(scripted().find(&marked.reference).await.err());
            errors.extend(scripted().delete(&marked.id()).await.err());
            for evidence in [
                "pdf",
                "audit-log",
                "video",
                "video/provided",
                "voice/1",
                "signed-document/1",
                marked.value(10),
            ] {
                let id = EvidenceId::new(evidence);
                errors.extend(
                    scripted()
                        .evidence(&marked.id(), &id, 5, &mut Vec::new())
                        .await
                        .err(),
                );
            }
            assert!(errors.len() >= 6, "{status} {body}: {}", errors.len());
            errors
                .iter()
                .for_each(|error| marked.canary.check_error(&body, error));
        }
    }
    let client = client_of(marked.config(), &ScriptedTransport::new());
    let (order, reference) = (&marked.order, marked.reference.as_str());
    for uri in [
        format!("/identity?orderId={order}&ref={reference}"),
        format!(
            "/identity?orderId={order}&ref={reference}&token={}",
            marked.callback_secret
        ),
        format!("/{}", marked.value(1)),
    ] {
        marked
            .canary
            .check_error("forged", &client.receive(&callback(&uri)).unwrap_err());
    }
    marked.canary.check("logged", &recording.text());
}

#[tokio::test]
async fn refused_input_is_not_printed() {
    let marked = Marked::new();
    let transport = ScriptedTransport::new();
    let client = client_of(marked.config(), &transport);
    let long = |index: usize| Some(Pii::new(marked.value(index).repeat(20)));
    let changes: [&dyn Fn(&mut NewVerification); 6] = [
        &|new| new.person.given_names = long(0),
        &|new| new.person.address.postal_code = long(1),
        &|new| new.contact.email = Some(marked.pii(4)),
        &|new| new.contact.phone = Some(marked.pii(4)),
        &|new| new.document.number = long(6),
        &|new| {
            new.callback_url = Some(
                format!("https://bank.example.com/#{}", marked.link)
                    .parse()
                    .unwrap(),
            );
        },
    ];
    for change in changes {
        let mut new = marked.verification();
        change(&mut new);
        marked
            .canary
            .check_error("refused", &client.create(&new).await.unwrap_err());
    }
    assert_eq!(transport.count(), 0);
    let mut order = marked.order();
    marked
        .canary
        .check("order", &format!("{order:?} {order:#?}"));
    order.mobile = long(0);
    marked
        .canary
        .check_error("order", &order.check().unwrap_err());
    marked
        .canary
        .check_error("tan", &Tan::parse(marked.value(1)).unwrap_err());
    marked.canary.check_error(
        "order id",
        &OrderId::parse(format!("{}!", marked.order)).unwrap_err(),
    );
    for body in [
        format!(r#"{{"Email":"{}"#, marked.value(4)),
        format!(r#"{{"Product":"{}"}}"#, marked.value(1)),
    ] {
        assert!(serde_json::from_str::<Order>(&body).is_err());
    }
    let mut config = marked.config();
    config.password = format!("{}\n", marked.password).as_str().into();
    marked
        .canary
        .check_error("password", &config.check().unwrap_err());
    let mut config = marked.config();
    config.crypt_key = Some(format!("{}00", marked.crypt_key).as_str().into());
    marked
        .canary
        .check_error("key", &IdentityTm::new(config).unwrap_err());
}

#[tokio::test]
async fn transport_failures_print_no_personal_data() {
    let (recording, marked) = (Recording::start(), Marked::new());
    for sent in [Sent::No, Sent::Maybe] {
        let transport = ScriptedTransport::new();
        for _ in 0..8 {
            transport.then(Exchange::Fail(sent, TransportCause::Interrupted));
        }
        let client = client_of(marked.config(), &transport);
        marked.canary.check_error(
            "create",
            &client.create(&marked.verification()).await.unwrap_err(),
        );
    }
    for evidence in ["pdf", "voice/1"] {
        let transport = ScriptedTransport::new();
        for _ in 0..4 {
            transport.then(Exchange::Break(Response::new(Bytes::from(
                marked.value(0).to_owned(),
            ))));
        }
        let client = client_of(marked.config(), &transport);
        let error = client
            .evidence(
                &marked.id(),
                &EvidenceId::new(evidence),
                1000,
                &mut Vec::new(),
            )
            .await
            .unwrap_err();
        marked.canary.check_error("evidence", &error);
    }
    marked.canary.check("logged", &recording.text());
}

#[tokio::test]
async fn vendor_api_calls_print_no_personal_data() {
    let (recording, marked) = (Recording::start(), Marked::new());
    let transport = ScriptedTransport::new();
    let client: Client = client_of(marked.config(), &transport);
    let provider = IdentityTm::new(marked.config()).unwrap();
    let (api, cx, id): (&Api, _, _) = (
        provider.api(),
        client.context(Operation::Other),
        marked.order_id(),
    );
    let tan = Tan::parse(&marked.tan).unwrap();
    let order = marked.order();
    let requests = format!(
        "{order:?} {order:#?} {id:?} {tan:?} {provider:?} {api:?} {:?} {:?}",
        marked.config(),
        marked.encrypted()
    );
    marked.canary.check("requests", &requests);

    transport.then_json(202, marked.created());
    transport.then_json(200, marked.history(&[6]));
    transport.then_json(200, marked.result());
    transport.then_json(
        200,
        format!(
            r#"{{"PDFs":[{{"Base64Data":"AAEC","Filename":"{}"}}]}}"#,
            marked.value(10)
        ),
    );
    transport.then_json(
        200,
        format!(r#"{{"Hashes":[{{"{0}":"{0}"}}]}}"#, marked.value(10)),
    );
    transport.then_json(
        200,
        format!(
            r#"{{"Images":[{{"Image":"{0}","Filename":"{0}"}}]}}"#,
            marked.value(10)
        ),
    );
    transport.then_json(
        200,
        format!(
            r#"{{"Voicefiles":[{{"Base64Data":"{0}","Filename":"{0}"}}]}}"#,
            marked.value(10)
        ),
    );
    for _ in 0..6 {
        transport.then(empty(202));
    }
    transport.then_json(200, r#"{"UserExists":true,"UserIsAbleToSign":true}"#);
    transport.then(empty(200));
    transport.then_json(200, format!(r#"{{"password":"{}"}}"#, marked.password));

    let created = api.put_order(&cx, &order).await.unwrap();
    let body = String::from_utf8_lossy(transport.requests()[0].body()).into_owned();
    assert!(
        body.contains(marked.value(11)) && body.contains(marked.value(2)),
        "the marks were sent"
    );
    marked
        .canary
        .check("created", &format!("{created:?} {created:#?}"));
    let status = api.status(&cx, &id, StatusVariants::ALL).await.unwrap();
    let data = api
        .ident_data(&cx, &id, IdentDataVariants::default())
        .await
        .unwrap();
    let documents = api.signed_documents(&cx, &id).await.unwrap();
    let hashes = api.signed_hashes(&cx, &id).await.unwrap();
    let images = api.images(&cx, &id).await.unwrap();
    let voice = api.voice_files(&cx, &id).await.unwrap();
    marked.canary.check(
        "retrieved",
        &format!("{status:?} {data:?} {documents:?} {hashes:?} {images:?} {voice:?}"),
    );
    let read = format!(
        "{:?} {:?} {:?} {:?} {:?} {:?}",
        status.read(wire::StatusList::read).unwrap(),
        data.read(wire::IdentResult::read).unwrap(),
        documents.read(wire::SignedDocuments::read).unwrap(),
        hashes.read(wire::Hashes::read).unwrap(),
        images.read(wire::Images::read).unwrap(),
        voice.read(wire::VoiceFiles::read).unwrap(),
    );
    marked.canary.check("read", &read);
    api.request_sign(&cx, &id).await.unwrap();
    api.confirm_sign(&cx, &id, &tan).await.unwrap();
    assert!(
        String::from_utf8_lossy(transport.requests().last().unwrap().body()).contains(&marked.tan),
        "the TAN was sent"
    );
    api.resend_sign_tan(&cx, &id).await.unwrap();
    api.request_phone_verification(&cx, &id).await.unwrap();
    api.prove_phone_control(&cx, &id, &tan).await.unwrap();
    api.resend_phone_tan(&cx, &id).await.unwrap();
    let email = format!("{}@example.com", marked.value(4)).into();
    marked.canary.check(
        "user",
        &format!(
            "{:?}",
            api.check_signme_user(&cx, &email, None).await.unwrap()
        ),
    );
    api.request_new_password(&cx, &"+4917155555555".into())
        .await
        .unwrap();
    marked.canary.check(
        "new password",
        &format!("{:?}", api.confirm_new_password(&cx, &tan).await.unwrap()),
    );
    marked.canary.check_error(
        "nothing left in the script",
        &api.request_sign(&cx, &id).await.unwrap_err(),
    );
    for request in transport.requests() {
        marked
            .canary
            .check("headers", &format!("{:?}", request.headers()));
    }
    assert!(
        PutOrderResponse::read(marked.created().as_bytes())
            .unwrap()
            .error
            .is_some()
    );
    marked.canary.check("logged", &recording.text());
}
