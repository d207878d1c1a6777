//! Personal data and secrets are not printed: not by logs, errors, or `Debug` of public values.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod support;

use bytes::Bytes;
use http::Response;
use idv_core::call::CallPolicy;
use idv_core::report::{Country, Gender};
use idv_core::{
    Client, Delivery, EvidenceId, ListQuery, NewVerification, Operation, Reference, Sent,
    TransportCause, VendorId, VerificationId,
};
use idv_idnow::api::documents::{
    Anchor, DefinitionId, DocumentDefinition, DocumentFile, DocumentUpdate, PDF, Position,
    Signature,
};
use idv_idnow::api::{Answer, StartRequest, Suffix, TransactionNumber};
use idv_idnow::links::{self, SigningInput};
use idv_idnow::{Idnow, IdnowConfig, LinkStyle, ResultFormat};
use idv_testkit::{Canary, Exchange, ManualClock, Recording, ScriptedTransport, environment};
use support::{archive, config, empty, file};

/// Marked values that must not be printed.
struct Marked {
    canary: Canary,
    api_key: String,
    token: String,
    callback_secret: String,
    ident_id: String,
    reference: Reference,
    values: Vec<String>,
}

impl Marked {
    fn new() -> Self {
        let mut canary = Canary::new();
        let mut mark = |what: &str| canary.mark(what);
        let (api_key, token, callback_secret, ident_id) = (
            mark("apikey"),
            mark("token"),
            mark("callbacksecret"),
            mark("identid"),
        );
        let values = [
            "first",
            "last",
            "birthplace",
            "street",
            "email",
            "phone",
            "custom",
            "reason",
            "message",
            "agent",
            "file",
            "zip",
        ]
        .map(&mut mark)
        .into();
        // `Debug` of a reference prints its first eight characters; the rest must not be guessable.
        let reference = Reference::parse(format!("ref-1234-{}", mark("reference"))).unwrap();
        Self {
            canary,
            api_key,
            token,
            callback_secret,
            ident_id,
            reference,
            values,
        }
    }

    fn value(&self, index: usize) -> &str {
        self.values.get(index).unwrap()
    }

    fn config(&self) -> IdnowConfig {
        let mut config = config();
        config.api_key = self.api_key.as_str().into();
        config.callback_secret = self.callback_secret.as_str().into();
        config.archive_password = Some(self.value(11).into());
        config
    }

    fn id(&self) -> VerificationId {
        VerificationId::new(self.reference.clone(), Some(VendorId::new(&self.ident_id)))
    }

    fn verification(&self) -> NewVerification {
        let mut new = NewVerification::new(self.reference.clone());
        new.person.given_names = Some(self.value(0).into());
        new.person.family_name = Some(self.value(1).into());
        new.person.birth_place = Some(self.value(2).into());
        new.person.gender = Some(Gender::Female.into());
        new.person.nationality = Country::from_alpha2("DE").map(Into::into);
        new.person.address.street = Some(self.value(3).into());
        new.contact.email = Some(self.value(4).into());
        new.contact.phone = Some(self.value(5).into());
        new.custom.insert("custom1".into(), self.value(6).into());
        new
    }

    /// A result with marks in every value except the code, which is the vendor's word.
    fn result(&self, code: &str) -> String {
        format!(
            r#"{{"identificationprocess":{{"result":"{code}","agentname":"{}","transactionnumber":"{}","id":"{}","filename":"{file}","href":"/{file}"}},
               "customdata":{{"custom1":"{}"}},"contactdata":{{"email":"{}","mobilephone":"{}"}},
               "userdata":{{"firstname":{{"value":"{}","status":"CHANGE","original":"{}"}},"address":{{"street":{{"value":"{}","status":"MATCH"}}}}}},
               "questions":{{"question":"{}"}},"attachments":{{"userface":"{file}"}}}}"#,
            self.value(9),
            self.reference.as_str(),
            self.ident_id,
            self.value(6),
            self.value(4),
            self.value(5),
            self.value(0),
            self.value(1),
            self.value(3),
            self.value(2),
            file = self.value(10),
        )
    }

    /// An error with marks in every free text.
    fn failure(&self, cause: &str) -> String {
        format!(
            r#"{{"errors":[{{"cause":"{cause}","id":"1","key":"{}","message":"{}"}}]}}"#,
            self.value(1),
            self.value(8)
        )
    }
}

fn client(config: IdnowConfig, transport: &ScriptedTransport) -> Client {
    let clock = ManualClock::leaping("2014-06-02T05:00:00Z".parse().unwrap());
    Client::new(
        Idnow::new(config).unwrap(),
        environment(transport, &clock),
        CallPolicy::default(),
    )
}

fn logged_in(marked: &Marked) -> ScriptedTransport {
    let transport = ScriptedTransport::new();
    transport.then_json(200, format!(r#"{{"authToken":"{}"}}"#, marked.token));
    transport
}

#[tokio::test]
async fn successful_operations_print_no_personal_data() {
    let (recording, marked) = (Recording::start(), Marked::new());
    for link in [LinkStyle::Long, LinkStyle::Short] {
        let transport = ScriptedTransport::new();
        transport.then_json(201, format!(r#"{{"id":"{}"}}"#, marked.ident_id));
        let mut config = marked.config();
        config.link = link;
        let new = marked.verification();
        let created = client(config, &transport).create(&new).await.unwrap();
        marked
            .canary
            .check("created", &format!("{new:?} {created:?} {created:#?}"));
        assert!(
            String::from_utf8_lossy(transport.requests()[0].body()).contains(marked.value(0)),
            "the marks were sent"
        );
    }
    for format in [ResultFormat::Json, ResultFormat::Xml, ResultFormat::Zip] {
        let transport = logged_in(&marked);
        transport.then_json(200, marked.result("SUCCESS_DATA_CHANGED"));
        transport.then_json(200, marked.result("SUCCESS_DATA_CHANGED"));
        transport.then_json(
            200,
            format!(r#"{{"identifications":[{}]}}"#, marked.result("SUCCESS")),
        );
        transport.then(file(
            "application/zip",
            archive(&support::result_xml("SUCCESS")),
        ));
        transport.then(empty(200));
        let mut config = marked.config();
        config.result_format = format;
        let client = client(config, &transport);
        let polled = client.poll(&marked.id()).await.unwrap();
        assert!(polled.report().unwrap().person.given_names.is_some());
        let fetched = client.fetch(&marked.id(), None).await.unwrap();
        let listed = client.list(&ListQuery::default(), None).await.unwrap();
        let downloaded = client
            .evidence(
                &marked.id(),
                &EvidenceId::new("archive"),
                10_000,
                &mut Vec::new(),
            )
            .await
            .unwrap();
        let deleted = client.delete(&marked.id()).await.unwrap();
        marked
            .canary
            .check("observed", &format!("{polled:?} {fetched:?} {listed:?} {downloaded:?} {deleted:?} {polled:#?} {client:?}"));
    }
    let uri = format!("/idnow?token={}", marked.callback_secret);
    let delivery = Delivery::callback(
        http::Method::POST,
        uri.parse().unwrap(),
        http::HeaderMap::new(),
        marked.result("ABORTED"),
    );
    let received = client(marked.config(), &ScriptedTransport::new())
        .receive(&delivery)
        .unwrap();
    assert!(received.observations[0].trust.is_proven());
    marked
        .canary
        .check("received", &format!("{delivery:?} {received:?}"));

    let logged = recording.text();
    assert!(logged.contains("idv.call"), "something was recorded");
    marked.canary.check("logged", &logged);
}

#[tokio::test]
async fn failed_operations_print_no_personal_data() {
    let (recording, marked) = (Recording::start(), Marked::new());
    let answers = |marked: &Marked| {
        let mut answers: Vec<(u16, String)> = Vec::new();
        for (status, cause) in [
            (400, "BAD_REQUEST"),
            (400, "UNRECOGNIZED_FIELD"),
            (401, "SECURITY_VIOLATION"),
            (404, "OBJECT_NOT_FOUND"),
            (404, marked.value(7)),
            (409, "EXISTING_IDENTIFICATION"),
            (412, "PRECONDITION_FAILED"),
            (500, "INTERNAL_SERVER_ERROR"),
        ] {
            answers.push((status, marked.failure(cause)));
        }
        // Invalid bodies: the parser must not quote them.
        answers.push((
            200,
            format!(r#"{{"id":["{}"],"authToken":["{0}"]}}"#, marked.value(1)),
        ));
        answers.push((200, format!("<identifications><{}", marked.value(1))));
        answers.push((200, marked.value(1).to_owned()));
        answers.push((201, format!(r#"{{"id":"../{}"}}"#, marked.ident_id)));
        answers.push((302, marked.value(8).to_owned()));
        answers.push((
            200,
            format!(
                r#"{{"identificationprocess":{{"result":"SUCCESS","transactionnumber":"{}"}}}}"#,
                marked.value(1)
            ),
        ));
        answers.push((
            200,
            format!(r#"{{"identificationprocess":"{}"}}"#, marked.value(1)),
        ));
        answers
    };
    for (status, body) in answers(&marked) {
        let scripted = |login: bool| {
            let transport = if login {
                logged_in(&marked)
            } else {
                ScriptedTransport::new()
            };
            for _ in 0..4 {
                transport.then_json(status, body.clone());
            }
            let mut config = marked.config();
            config.link = LinkStyle::Short;
            client(config, &transport)
        };
        let mut errors = Vec::new();
        errors.extend(scripted(false).create(&marked.verification()).await.err());
        errors.extend(scripted(false).poll(&marked.id()).await.err());
        errors.extend(scripted(true).poll(&marked.id()).await.err());
        errors.extend(scripted(true).fetch(&marked.id(), None).await.err());
        errors.extend(scripted(true).list(&ListQuery::default(), None).await.err());
        errors.extend(scripted(true).delete(&marked.id()).await.err());
        for evidence in ["archive", "pdf", marked.value(10)] {
            errors.extend(
                scripted(true)
                    .evidence(
                        &marked.id(),
                        &EvidenceId::new(evidence),
                        1000,
                        &mut Vec::new(),
                    )
                    .await
                    .err(),
            );
        }
        assert!(errors.len() >= 2, "{status} {body}");
        errors
            .iter()
            .for_each(|error| marked.canary.check_error(&body, error));
    }
    for uri in ["/idnow", "/idnow?token=wrong"] {
        let delivery = Delivery::callback(
            http::Method::POST,
            uri.parse().unwrap(),
            http::HeaderMap::new(),
            marked.result("SUCCESS"),
        );
        let error = client(marked.config(), &ScriptedTransport::new())
            .receive(&delivery)
            .unwrap_err();
        marked.canary.check_error("forged", &error);
    }
    for body in [
        marked.value(1).to_owned(),
        format!(r#"{{"{}":1"#, marked.value(1)),
        format!("<{}>", marked.value(1)),
    ] {
        let uri = format!("/idnow?token={}", marked.callback_secret)
            .parse()
            .unwrap();
        let delivery = Delivery::callback(http::Method::POST, uri, http::HeaderMap::new(), body);
        let error = client(marked.config(), &ScriptedTransport::new())
            .receive(&delivery)
            .unwrap_err();
        marked.canary.check_error("unreadable", &error);
    }
    marked.canary.check("logged", &recording.text());
}

#[tokio::test]
async fn transport_failures_print_no_personal_data() {
    let (recording, marked) = (Recording::start(), Marked::new());
    for sent in [Sent::No, Sent::Maybe] {
        let transport = ScriptedTransport::new();
        for _ in 0..4 {
            transport.then(Exchange::Fail(sent, TransportCause::Interrupted));
        }
        let error = client(marked.config(), &transport)
            .create(&marked.verification())
            .await
            .unwrap_err();
        marked.canary.check_error("create", &error);
    }
    let transport = logged_in(&marked);
    transport.then(Exchange::Break(Response::new(Bytes::from(
        marked.value(0).to_owned(),
    ))));
    let error = client(marked.config(), &transport)
        .evidence(
            &marked.id(),
            &EvidenceId::new("archive"),
            1000,
            &mut Vec::new(),
        )
        .await
        .unwrap_err();
    marked.canary.check_error("evidence", &error);
    marked.canary.check("logged", &recording.text());
}

#[tokio::test]
async fn vendor_api_calls_print_no_personal_data() {
    let (recording, marked) = (Recording::start(), Marked::new());
    let transport = logged_in(&marked);
    transport.then_json(200, marked.result("SUCCESS"));
    transport.then_json(201, format!(r#"{{"id":"{}"}}"#, marked.ident_id));
    transport.then_json(403, marked.failure("SECURITY_VIOLATION"));
    let client = client(marked.config(), &transport);
    let cx = client.context(Operation::Other);
    let idnow = Idnow::new(marked.config()).unwrap();
    let number = TransactionNumber::try_from(&marked.reference).unwrap();

    let mut request = StartRequest::of(&marked.verification()).unwrap();
    request
        .questions
        .insert("question".into(), Answer::Text(marked.value(2).into()));
    marked.canary.check(
        "request",
        &format!(
            "{request:?} {number:?} {idnow:?} {:?} {:?}",
            idnow.api(),
            marked.config()
        ),
    );
    request.questions.clear();
    let input = SigningInput::new(
        "ihrebank".into(),
        "https://go.test.idnow.de".parse().unwrap(),
        marked.api_key.as_str().into(),
        SigningInput::parameters_of(&number, &request).unwrap(),
        1,
    );
    let link = links::signed(&input).unwrap();
    assert!(link.expose().as_str().contains(marked.value(0)));
    marked.canary.check(
        "link",
        &format!("{input:?} {link:?} {:?}", idnow.api().links()),
    );

    let retrieved = idnow.api().identification(&cx, &number).await.unwrap();
    let payload = retrieved.read(idv_idnow::wire::read).unwrap();
    marked.canary.check(
        "retrieved",
        &format!("{retrieved:?} {payload:?} {payload:#?}"),
    );
    let copied = idnow
        .api()
        .copy(&cx, &number, "ihrebank", None)
        .await
        .unwrap();
    marked.canary.check("copied", &format!("{copied:?}"));
    marked.canary.check_error(
        "denied",
        &idnow
            .api()
            .copy(&cx, &number, "ihrebank", None)
            .await
            .unwrap_err(),
    );
    let broken = idnow
        .api()
        .download(&cx, &number, Suffix::Zip, 10, &mut Vec::new())
        .await
        .unwrap_err();
    marked
        .canary
        .check_error("nothing left in the script", &broken);
    for request in transport.requests() {
        marked
            .canary
            .check("headers", &format!("{:?}", request.headers()));
    }
    marked.canary.check("logged", &recording.text());
}

#[tokio::test]
async fn esigning_calls_print_no_personal_data() {
    let (recording, marked) = (Recording::start(), Marked::new());
    let transport = logged_in(&marked);
    let client = client(marked.config(), &transport);
    let cx = client.context(Operation::Other);
    let idnow = Idnow::new(marked.config()).unwrap();
    let number = TransactionNumber::try_from(&marked.reference).unwrap();
    let id = DefinitionId::parse("doc1").unwrap();

    // A contract contains the person's name, and so may its file name and the anchor text.
    let beside = || Signature::at(Position::new(Anchor::Text(marked.value(0).into()), 250, 35));
    let mut definition = DocumentDefinition::new(id.clone(), "Arbeitsvertrag", PDF);
    definition.signatures.insert("customer".into(), beside());
    let mut update = DocumentUpdate::default();
    update.name = Some(marked.value(1).into());
    update.signatures.insert("customer".into(), beside());
    let file = DocumentFile::pdf(format!("%PDF-1.4 {}", marked.value(2))).unwrap();
    marked.canary.check(
        "requests",
        &format!("{definition:?} {update:?} {file:?} {definition:#?} {update:#?} {file:#?}"),
    );

    let signed = file.bytes().clone();
    let document = format!(
        r#"[{{"name":"{}","status":"SIGNED","documentDefinition":{}}}]"#,
        marked.value(1),
        serde_json::to_string(&definition).unwrap()
    );
    transport.then_json(201, "{}");
    transport.then(empty(200));
    transport.then(empty(200));
    transport.then_json(200, document.clone());
    transport.then_json(200, document);
    transport.then(support::file("application/pdf", signed.clone()));
    let api = idnow.api();
    api.create_document_definition(&cx, &definition)
        .await
        .unwrap();
    api.update_document(&cx, &number, &id, &update)
        .await
        .unwrap();
    api.upload_document(&cx, &number, &id, &file).await.unwrap();
    let documents = api.documents(&cx, &number).await.unwrap();
    let one = api.document(&cx, &number, &id).await.unwrap();
    let mut sink = Vec::new();
    let download = api
        .download_signed_document(&cx, &number, &id, 1000, &mut sink)
        .await
        .unwrap();
    assert_eq!(sink, signed);
    let sent: Vec<_> = transport
        .requests()
        .iter()
        .map(|request| request.body().clone())
        .collect();
    for (call, index) in [(1, 0), (2, 1), (3, 2)] {
        assert!(
            String::from_utf8_lossy(&sent[call]).contains(marked.value(index)),
            "the marks were sent"
        );
    }
    marked.canary.check(
        "answers",
        &format!(
            "{documents:?} {one:?} {one:#?} {download:?} {:?}",
            one.effective_signatures()
        ),
    );

    // Errors with marks in every free text, and invalid responses.
    for (status, body) in [
        (400, marked.failure("BAD_REQUEST")),
        (401, marked.failure("SECURITY_VIOLATION")),
        (404, marked.failure("OBJECT_NOT_FOUND")),
        (404, marked.failure(marked.value(7))),
        (409, marked.failure("EXISTING_IDENTIFICATION")),
        (412, marked.failure("PRECONDITION_FAILED")),
        (200, format!(r#"[{{"name":"{}""#, marked.value(1))),
        (200, format!(r#""{}""#, marked.value(1))),
        (
            200,
            format!(
                r#"[{{"documentDefinition":{{"identifier":"{}"}}}}]"#,
                marked.value(1)
            ),
        ),
    ] {
        let transport = logged_in(&marked);
        for _ in 0..4 {
            transport.then_json(status, body.clone());
        }
        let client = self::client(marked.config(), &transport);
        let cx = client.context(Operation::Other);
        let api = Idnow::new(marked.config()).unwrap();
        let error = api.api().document(&cx, &number, &id).await.unwrap_err();
        marked.canary.check_error(&body, &error);
        let mut errors = Vec::new();
        errors.extend(
            api.api()
                .upload_document(&cx, &number, &id, &file)
                .await
                .err(),
        );
        errors.extend(
            api.api()
                .download_signed_document(&cx, &number, &id, 1, &mut Vec::new())
                .await
                .err(),
        );
        errors
            .iter()
            .for_each(|error| marked.canary.check_error(&body, error));
    }
    // Requests that are refused before they are sent.
    definition.name.clear();
    marked
        .canary
        .check_error("definition", &definition.check().unwrap_err());
    marked.canary.check_error(
        "identifier",
        &DefinitionId::parse(marked.value(1).to_uppercase()).unwrap_err(),
    );
    marked.canary.check_error(
        "file",
        &DocumentFile::pdf(marked.value(1).to_owned()).unwrap_err(),
    );
    for request in transport.requests() {
        marked
            .canary
            .check("headers", &format!("{:?}", request.headers()));
    }
    marked.canary.check("logged", &recording.text());
}

#[test]
fn refused_signature_prints_no_personal_data() {
    use idv_idnow::signature::PublicKey;

    let marked = Marked::new();
    let key = PublicKey::from_pem(include_str!("../fixtures/signature/rsa-2048.pem")).unwrap();
    let zip = archive(&support::result_xml(marked.value(1)));
    for error in [
        key.verify(marked.value(0).as_bytes(), marked.value(1).as_bytes())
            .unwrap_err(),
        key.verify_archive(&zip, &idv_idnow::wire::archive::Limits::default())
            .unwrap_err(),
        PublicKey::from_pem(marked.value(2)).unwrap_err(),
        PublicKey::from_pem(&format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            marked.value(2)
        ))
        .unwrap_err(),
    ] {
        marked.canary.check_error("signature", &error);
    }
}
