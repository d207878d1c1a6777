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
use idv_cm_id_scan::api::{ReportKind, ResultId, TransactionId};
use idv_cm_id_scan::wire::{Event, Transaction};
use idv_cm_id_scan::{CmIdScan, CmIdScanConfig};
use idv_core::{
    Client, Delivery, EvidenceId, NewVerification, Operation, Reference, ResultHandle, Sent,
    TransportCause, VendorId, VerificationId,
};
use idv_testkit::{Canary, Exchange, Recording, ScriptedTransport};
use support::file;

/// Marked values that must not be printed.
struct Marked {
    canary: Canary,
    secret: String,
    callback_secret: String,
    session: String,
    transaction: String,
    result: String,
    download: String,
    reference: Reference,
    values: Vec<String>,
}

impl Marked {
    fn new() -> Self {
        let mut canary = Canary::new();
        let mut mark = |what: &str| canary.mark(what);
        let (secret, callback_secret, session) = (
            mark("apisecretlongenough"),
            mark("callbacksecret"),
            mark("session"),
        );
        let (transaction, result, download) =
            (mark("transaction"), mark("result"), mark("download"));
        let values = [
            "given", "surname", "number", "country", "file", "message", "other",
        ]
        .map(&mut mark)
        .into();
        // `Debug` of a reference prints its first eight characters; the rest must not be guessable.
        let reference = Reference::parse(format!("ref-1234-{}", mark("reference"))).unwrap();
        Self {
            canary,
            secret,
            callback_secret,
            session,
            transaction,
            result,
            download,
            reference,
            values,
        }
    }

    fn value(&self, index: usize) -> &str {
        &self.values[index]
    }

    fn config(&self) -> CmIdScanConfig {
        let mut config = CmIdScanConfig::new(support::KEY_ID, self.secret.as_str().into());
        config.callback_secret = self.callback_secret.as_str().into();
        config
    }

    fn client(&self, transport: &ScriptedTransport) -> Client {
        support::client_of(self.config(), transport)
    }

    fn id(&self) -> VerificationId {
        VerificationId::new(
            self.reference.clone(),
            Some(VendorId::new(&self.transaction)),
        )
    }

    fn handle(&self) -> ResultHandle {
        ResultHandle::new(&self.result)
    }

    fn new_verification(&self) -> NewVerification {
        let mut new = NewVerification::new(self.reference.clone());
        new.person.given_names = Some(self.value(0).into());
        new.person.family_name = Some(self.value(1).into());
        new
    }

    fn created(&self) -> String {
        format!(
            r#"{{"id":"{}","state":"pending","tasks":["document_scan"],"url":"https://id-scan.example.com/{}","resultId":"{}"}}"#,
            self.transaction, self.session, self.result
        )
    }

    /// A result with marks in every value.
    fn answer(&self) -> String {
        let field = |name: &str, value: &str| {
            format!(
                r#"{{"field":"{name}","validity":"invalid","comparison":"match","locale":null,"values":[{{"source":"mrz","value":"{value}"}},{{"source":"visual","value":"{value}"}}]}}"#
            )
        };
        let fields = [
            field("given_names", self.value(0)),
            field("surname", self.value(1)),
            field("document_number", self.value(2)),
            field("nationality", self.value(3)),
            field("date_of_birth", self.value(3)),
            field("age", self.value(6)),
            field("unknown", self.value(6)),
        ];
        format!(
            r#"{{"id":"{}","state":"completed","tasks":[{{"type":"document_scan","state":"completed","score":0.9,"result":[{}],"files":[{{"category":"image","type":"portrait","name":"{}","url":"https://api.cm.com/id-scan/v1/downloads/{}"}}]}}]}}"#,
            self.transaction,
            fields.join(","),
            self.value(4),
            self.download
        )
    }

    fn event(&self) -> String {
        format!(
            r#"{{"id":"e","type":"transaction.state.updated","transaction":{{"id":"{}","state":"completed","resultId":"{}"}}}}"#,
            self.transaction, self.result
        )
    }

    fn failure(&self) -> String {
        format!(
            r#"{{"code":"{}","message":"{}"}}"#,
            self.value(5),
            self.value(1)
        )
    }

    fn delivery(&self, body: String, secret: &str) -> Delivery {
        let mut headers = HeaderMap::new();
        headers.insert("x-callback-secret", secret.parse().unwrap());
        Delivery::callback(Method::POST, "/webhook".parse().unwrap(), headers, body)
    }
}

#[tokio::test]
async fn successful_operations_print_no_personal_data() {
    let (recording, mut marked) = (Recording::start(), Marked::new());
    let transport = ScriptedTransport::new();
    let client = marked.client(&transport);
    transport.then_json(201, marked.created());
    transport.then_json(200, marked.created());
    transport.then_json(200, marked.answer());
    transport.then_json(200, marked.answer());
    transport.then(file("image/jpeg", marked.value(4).to_owned()));
    transport.then(file(
        "application/pdf",
        format!("%PDF-1.7 {}", marked.value(4)),
    ));
    let new = marked.new_verification();
    let created = client.create(&new).await.unwrap();
    let token = support::header(&transport.requests()[0], "authorization")
        .unwrap()
        .strip_prefix("Bearer ")
        .unwrap()
        .to_owned();
    marked.canary.watch(token);
    let polled = client.poll(&marked.id()).await.unwrap();
    let fetched = client
        .fetch(&marked.id(), Some(&marked.handle()))
        .await
        .unwrap();
    let report = fetched.report().unwrap();
    assert!(
        serde_json::to_string(report)
            .unwrap()
            .contains(marked.value(0)),
        "the marks came"
    );
    let mut sink = Vec::new();
    let image = client
        .evidence(&marked.id(), &report.evidence[0].id, 1_000, &mut sink)
        .await
        .unwrap();
    assert_eq!(sink, marked.value(4).as_bytes());
    let pdf = client
        .evidence(&marked.id(), &report.evidence[1].id, 1_000, &mut Vec::new())
        .await
        .unwrap();
    let delivery = marked.delivery(marked.event(), &marked.callback_secret);
    let received = client.receive(&delivery).unwrap();
    assert!(received.observations[0].trust.is_proven());
    let uri = format!(
        "/back?trxid={}&resultid={}",
        marked.transaction, marked.result
    );
    let returned = client
        .receive(&Delivery::returning(uri.parse().unwrap()))
        .unwrap();
    marked.canary.check(
        "held",
        &format!("{new:?} {created:?} {created:#?} {polled:?} {fetched:?} {fetched:#?} {image:?} {pdf:?} {delivery:?} {received:?} {returned:?} {client:?}"),
    );
    for request in transport.requests() {
        marked
            .canary
            .check("headers", &format!("{:?}", request.headers()));
    }
    let logged = recording.text();
    assert!(logged.contains("idv.call"), "something was recorded");
    marked.canary.check("logged", &logged);
}

#[tokio::test]
async fn failed_operations_print_no_personal_data() {
    let (recording, marked) = (Recording::start(), Marked::new());
    let mut answers: Vec<(u16, String)> = [302, 400, 401, 403, 404, 409, 422, 429, 500]
        .map(|status| (status, marked.failure()))
        .into();
    // Invalid bodies: the parser must not quote them.
    answers.push((
        200,
        format!(
            r#"{{"id":"{}","state":["{}"]}}"#,
            marked.transaction,
            marked.value(1)
        ),
    ));
    answers.push((200, format!(r#"{{"id":{}}}"#, marked.value(1))));
    answers.push((200, format!("<html>{}", marked.value(1))));
    answers.push((
        200,
        format!(r#"{{"id":"{}","state":"completed"}}"#, marked.value(1)),
    ));
    answers.push((
        200,
        marked.answer().replace("api.cm.com", "evil.example.com"),
    ));
    for (status, body) in answers {
        let scripted = || {
            let transport = ScriptedTransport::new();
            for _ in 0..4 {
                transport.then_json(status, body.clone());
            }
            marked.client(&transport)
        };
        let mut errors = Vec::new();
        errors.extend(scripted().create(&marked.new_verification()).await.err());
        errors.extend(scripted().poll(&marked.id()).await.err());
        errors.extend(
            scripted()
                .fetch(&marked.id(), Some(&marked.handle()))
                .await
                .err(),
        );
        for evidence in [
            "files/document_scan/image/portrait",
            "report",
            "report/extended",
            marked.value(4),
        ] {
            let evidence = EvidenceId::new(format!("results/{}/{evidence}", marked.result));
            errors.extend(
                scripted()
                    .evidence(&marked.id(), &evidence, 10, &mut Vec::new())
                    .await
                    .err(),
            );
        }
        assert!(errors.len() >= 4, "{status} {body}");
        errors
            .iter()
            .for_each(|error| marked.canary.check_error(&body, error));
    }
    let client = marked.client(&ScriptedTransport::new());
    for (body, secret) in [
        (marked.event(), "wrong"),
        (marked.value(1).to_owned(), marked.callback_secret.as_str()),
        (
            format!(r#"{{"{}":1"#, marked.value(1)),
            marked.callback_secret.as_str(),
        ),
        (
            format!(
                r#"{{"type":"task.state.updated","task":"{}"}}"#,
                marked.value(1)
            ),
            marked.callback_secret.as_str(),
        ),
    ] {
        marked.canary.check_error(
            "received",
            &client.receive(&marked.delivery(body, secret)).unwrap_err(),
        );
    }
    marked.canary.check_error(
        "id",
        &TransactionId::parse(&format!("{}/", marked.transaction)).unwrap_err(),
    );
    marked.canary.check_error(
        "handle",
        &ResultId::parse(&format!("{}/", marked.result)).unwrap_err(),
    );
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
        marked.canary.check_error(
            "create",
            &marked
                .client(&transport)
                .create(&marked.new_verification())
                .await
                .unwrap_err(),
        );
    }
    let transport = ScriptedTransport::new();
    transport.then(Exchange::Break(Response::new(Bytes::from(
        marked.value(0).to_owned(),
    ))));
    let evidence = EvidenceId::new(format!("results/{}/report", marked.result));
    let error = marked
        .client(&transport)
        .evidence(&marked.id(), &evidence, 1_000, &mut Vec::new())
        .await
        .unwrap_err();
    marked.canary.check_error("evidence", &error);
    marked.canary.check("logged", &recording.text());
}

#[tokio::test]
async fn vendor_api_calls_print_no_personal_data() {
    let (recording, marked) = (Recording::start(), Marked::new());
    let transport = ScriptedTransport::new();
    transport.then_json(200, marked.answer());
    transport.then_json(
        201,
        format!(
            r#"{{"id":"w","headers":{{"X-Callback-Secret":"{}"}}}}"#,
            marked.callback_secret
        ),
    );
    let client = marked.client(&transport);
    let cx = client.context(Operation::Other);
    let provider = CmIdScan::new(marked.config()).unwrap();
    let (transaction, result) = (
        TransactionId::parse(&marked.transaction).unwrap(),
        ResultId::parse(&marked.result).unwrap(),
    );
    let retrieved = provider
        .api()
        .result(&cx, &transaction, &result)
        .await
        .unwrap();
    let read = retrieved.read(Transaction::read).unwrap();
    marked.canary.check(
        "result",
        &format!("{transaction:?} {result:?} {retrieved:?} {read:?} {read:#?} {provider:?}"),
    );
    let url: idv_core::Url = "https://example.com/".parse().unwrap();
    let webhook = provider.register_webhook(&cx, url.clone()).await.unwrap();
    marked.canary.check(
        "webhook",
        &format!("{webhook:?} {:?}", provider.webhook(url)),
    );
    let event = marked.event();
    marked.canary.check(
        "event",
        &format!("{:?}", Event::read(event.as_bytes()).unwrap()),
    );
    let error = provider
        .api()
        .report(
            &cx,
            &transaction,
            &result,
            ReportKind::Extended,
            10,
            &mut Vec::new(),
        )
        .await
        .unwrap_err();
    marked
        .canary
        .check_error("nothing left in the script", &error);
    marked.canary.check("logged", &recording.text());
}
