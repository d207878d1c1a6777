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
use idv_core::adapter::settings::Secrets;
use idv_core::{
    Delivery, NewVerification, Operation, Reference, Sent, TransportCause, VendorId, VerificationId,
};
use idv_identify24::api::{IdentId, NewIdent, Pdf};
use idv_identify24::wire::{Envelope, IdentAnswer, Webhook};
use idv_identify24::{Identify24, Identify24Config};
use idv_testkit::{Canary, Exchange, Recording, ScriptedTransport};
use support::{client_of, with};

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
            "first", "last", "place", "street", "email", "custom", "notes", "reason", "agent",
            "message", "company", "pdf",
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
        &self.values[index]
    }

    fn config(&self) -> Identify24Config {
        with(|config| {
            config.api_key = self.api_key.as_str().into();
            config.callback_secret = self.callback_secret.as_str().into();
        })
    }

    fn open(&self) -> Identify24Config {
        let mut config = self.config();
        config.callback_secret = Secrets::default();
        config
    }

    fn id(&self) -> VerificationId {
        VerificationId::new(self.reference.clone(), Some(VendorId::new(&self.ident_id)))
    }

    fn verification(&self) -> NewVerification {
        let mut new = support::new();
        new.reference = self.reference.clone();
        new.person.given_names = Some(self.value(0).into());
        new.person.family_name = Some(self.value(1).into());
        new.person.birth_place = Some(self.value(2).into());
        new.person.address.street = Some(self.value(3).into());
        new.contact.email = Some(format!("{}@example.com", self.value(4)).into());
        new.custom.insert("custom1".into(), self.value(5).into());
        new
    }

    fn login(&self) -> String {
        support::token(&self.token)
    }

    fn created(&self) -> String {
        support::created().replace(support::IDENT, &self.ident_id)
    }

    fn ident(&self) -> String {
        format!(
            r#"{{"result":true,"messages":["{}"],"data":{{"id":"{}","project_id":"6","person_first_name":"{}","person_last_name":"{}",
            "custom_id":"{}","custom1":"{}","status":"Unidentified","created_at":"02-01-2024 08:15:00"}}}}"#,
            self.value(9),
            self.ident_id,
            self.value(0),
            self.value(1),
            self.reference.as_str(),
            self.value(5),
        )
    }

    fn webhook(&self) -> String {
        format!(
            r#"{{"ident_id":"{}","status_id":"5","status":"{}","custom_id":"{}","company_name":"{}","first_name":"{}","last_name":"{}",
            "custom1":"{}","agent_notes":"{}","reject_reason":"{}","agent_name":"{}"}}"#,
            self.ident_id,
            support::REJECTED,
            self.reference.as_str(),
            self.value(10),
            self.value(0),
            self.value(1),
            self.value(5),
            self.value(6),
            self.value(7),
            self.value(8),
        )
    }

    fn delivery(&self, uri: &str, body: impl Into<Bytes>) -> Delivery {
        Delivery::callback(Method::POST, uri.parse().unwrap(), HeaderMap::new(), body)
    }

    fn proven(&self, body: impl Into<Bytes>) -> Delivery {
        self.delivery(&format!("/identify24?token={}", self.callback_secret), body)
    }

    fn logged_in(&self) -> ScriptedTransport {
        let transport = ScriptedTransport::new();
        transport.then_json(200, self.login());
        transport
    }
}

#[tokio::test]
async fn successful_operations_print_no_personal_data() {
    let (recording, marked) = (Recording::start(), Marked::new());
    for config in [marked.config(), marked.open()] {
        let transport = marked.logged_in();
        transport.then_json(200, marked.created());
        transport.then_json(200, marked.ident());
        let client = client_of(config, &transport);
        let new = marked.verification();
        let created = client.create(&new).await.unwrap();
        let polled = client.poll(&marked.id()).await.unwrap();
        marked.canary.check(
            "created and polled",
            &format!("{new:?} {created:?} {created:#?} {polled:?} {polled:#?} {client:?}"),
        );
        let requests = transport.requests();
        assert!(
            String::from_utf8_lossy(requests[0].body()).contains(&marked.api_key),
            "the key was sent"
        );
        assert!(
            String::from_utf8_lossy(requests[1].body()).contains(&marked.value(0).to_uppercase()),
            "the marks were sent"
        );
        for request in &requests {
            marked
                .canary
                .check("headers", &format!("{:?}", request.headers()));
        }
    }
    let delivery = marked.proven(marked.webhook());
    let received = client_of(marked.config(), &ScriptedTransport::new())
        .receive(&delivery)
        .unwrap();
    assert!(received.observations[0].trust.is_proven());
    assert_eq!(
        received.observations[0].report().unwrap().reasons[0]
            .text
            .as_ref()
            .unwrap()
            .expose(),
        marked.value(7)
    );
    marked.canary.check(
        "received",
        &format!("{delivery:?} {received:?} {received:#?}"),
    );

    let logged = recording.text();
    assert!(logged.contains("idv.call"), "something was recorded");
    marked.canary.check("logged", &logged);
}

#[tokio::test]
async fn failed_operations_print_no_personal_data() {
    let (recording, marked) = (Recording::start(), Marked::new());
    let failure = format!(
        r#"{{"result":false,"messages":["{}","{}"]}}"#,
        marked.value(9),
        marked.value(1)
    );
    let mut answers: Vec<(u16, String)> = [400, 401, 402, 403, 404, 409, 418, 429, 500, 504, 200]
        .into_iter()
        .map(|status| (status, failure.clone()))
        .collect();
    // Invalid bodies and bodies of other servers: errors must not quote them.
    answers.extend([
        (
            200,
            format!(
                r#"{{"result":["{}"],"data":"{0}","ident_id":{{"{0}":1}},"token":["{0}"]}}"#,
                marked.value(1)
            ),
        ),
        (200, format!("<html>{}", marked.value(1))),
        (200, marked.value(1).to_owned()),
        (200, format!(r#"{{"{}":1"#, marked.value(1))),
        (
            200,
            format!(
                r#"{{"result":true,"ident_id":"../{}","conference_url":"javascript:{0}"}}"#,
                marked.ident_id
            ),
        ),
        (
            200,
            format!(
                r#"{{"result":true,"data":{{"id":"{}","status":"Unidentified"}}}}"#,
                marked.value(1)
            ),
        ),
        (302, marked.value(9).to_owned()),
    ]);
    for (status, body) in answers {
        for logged_in in [true, false] {
            let transport = if logged_in {
                marked.logged_in()
            } else {
                ScriptedTransport::new()
            };
            for _ in 0..8 {
                transport.then_json(status, body.clone());
            }
            let client = client_of(marked.config(), &transport);
            for error in [
                client.create(&marked.verification()).await.unwrap_err(),
                client.poll(&marked.id()).await.unwrap_err(),
                client.delete(&marked.id()).await.unwrap_err(),
            ] {
                marked.canary.check_error(&body, &error);
            }
        }
    }
    let client = client_of(marked.config(), &ScriptedTransport::new());
    let mut refused = marked.verification();
    refused.person.family_name = Some(format!("{}\n", marked.value(1)).into());
    marked
        .canary
        .check_error("refused", &client.create(&refused).await.unwrap_err());
    let strange = VerificationId::new(
        marked.reference.clone(),
        Some(VendorId::new(format!("../{}", marked.ident_id))),
    );
    marked
        .canary
        .check_error("strange id", &client.poll(&strange).await.unwrap_err());
    for uri in [
        "/identify24".to_owned(),
        format!("/identify24?token={}x", marked.callback_secret),
    ] {
        marked.canary.check_error(
            "forged",
            &client
                .receive(&marked.delivery(&uri, marked.webhook()))
                .unwrap_err(),
        );
    }
    for body in [
        marked.value(1).to_owned(),
        format!(r#"{{"{}":1"#, marked.value(1)),
        format!(r#"{{"first_name":"{}"}}"#, marked.value(1)),
    ] {
        marked.canary.check_error(
            "unreadable",
            &client.receive(&marked.proven(body)).unwrap_err(),
        );
    }
    for exchange in [
        Exchange::Fail(Sent::Maybe, TransportCause::Interrupted),
        Exchange::Break(Response::new(Bytes::from(marked.value(0).to_owned()))),
    ] {
        let transport = marked.logged_in();
        transport.then(exchange);
        let error = client_of(marked.config(), &transport)
            .create(&marked.verification())
            .await
            .unwrap_err();
        marked.canary.check_error("lost", &error);
    }
    marked.canary.check("logged", &recording.text());
}

#[tokio::test]
async fn vendor_api_calls_print_no_personal_data() {
    let (recording, marked) = (Recording::start(), Marked::new());
    let transport = marked.logged_in();
    transport.then_json(200, marked.created());
    transport.then_json(200, marked.ident());
    let client = client_of(marked.config(), &transport);
    let (cx, provider) = (
        client.context(Operation::Other),
        Identify24::new(marked.config()).unwrap(),
    );
    marked.canary.check(
        "provider",
        &format!(
            "{provider:?} {:?} {:?} {cx:?}",
            provider.api(),
            marked.config()
        ),
    );

    let ident = |pdf: Pdf| {
        let mut ident = NewIdent::new(6);
        ident.company_name = Some(marked.value(10).into());
        ident.custom_id = Some(marked.reference.as_str().into());
        ident.pdf = Some(pdf);
        ident
    };
    let url: idv_core::Url = format!("https://example.com/{}.pdf", marked.value(11))
        .parse()
        .unwrap();
    for pdf in [
        Pdf::Url(url.into()),
        Pdf::Content(format!("%PDF-{}", marked.value(11)).into()),
    ] {
        let ident = ident(pdf);
        assert!(
            serde_json::to_string(&ident)
                .unwrap()
                .contains(marked.value(10)),
            "it is sent"
        );
        marked
            .canary
            .check("ident", &format!("{ident:?} {ident:#?}"));
    }

    let prepared = Identify24::new(marked.config()).unwrap();
    prepared.customize(|_, _| Ok(()));
    marked.canary.check("prepared", &format!("{prepared:?}"));
    let whole = {
        let mut ident = ident(Pdf::Content("%PDF-".into()));
        let new = marked.verification();
        ident.person_first_name.clone_from(&new.person.given_names);
        ident.person_last_name.clone_from(&new.person.family_name);
        ident.birthday.clone_from(&new.person.birth_date);
        ident.birth_place.clone_from(&new.person.birth_place);
        ident.nationality.clone_from(&new.person.nationality);
        ident.gender = Some(idv_identify24::api::Gender::Female.into());
        ident.zip_code.clone_from(&new.person.address.postal_code);
        ident.city.clone_from(&new.person.address.city);
        ident.country.clone_from(&new.person.address.country);
        ident.email.clone_from(&new.contact.email);
        ident.mobile_phone.clone_from(&new.contact.phone);
        ident
    };
    let created = provider.api().create_ident(&cx, &whole).await.unwrap();
    let retrieved = provider
        .api()
        .ident(&cx, &IdentId::parse(marked.ident_id.as_str()).unwrap())
        .await
        .unwrap();
    let read = idv_identify24::api::read_ident(&retrieved).unwrap();
    marked.canary.check(
        "answers",
        &format!("{created:?} {retrieved:?} {read:?} {read:#?}"),
    );
    let (login, webhook, body) = (marked.login(), marked.webhook(), marked.ident());
    marked.canary.check(
        "wire",
        &format!(
            "{:?} {:?} {:?}",
            Envelope::read(login.as_bytes()).unwrap(),
            Webhook::read(webhook.as_bytes()).unwrap(),
            IdentAnswer::read(body.as_bytes()).unwrap()
        ),
    );
    marked.canary.check("logged", &recording.text());
}
