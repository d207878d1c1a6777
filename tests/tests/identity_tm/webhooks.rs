//! The vendor's webhooks and their authentication (chapters 2.6 and 3.1.4).

use http::Method;
use idv::adapter::settings::{Secrets, SettingValue};
use idv::identity_tm::api::order::{Order, Webhooks};
use idv::identity_tm::callback::{Event, address};
use idv::{
    Client, Decision, Delivery, ErrorKind, Observation, Outcome, ProofKind, Status, Transition,
    Verification,
};
use idv_sandbox::{Fault, FaultKind};

use crate::support::identity_tm::{Bank, Receiver, Vendor, new_verification, order_of, poll};

/// Has the named webhooks sent to the receiver.
fn with_webhooks(vendor: &Vendor, names: &str) -> Bank {
    let wanted = SettingValue::read(&names.into()).unwrap();
    vendor.bank(|config| config.webhooks = wanted)
}

async fn create(bank: &Bank, receiver: &Receiver) -> Verification {
    let mut new = new_verification(&bank.client);
    new.callback_url = Some(receiver.url.clone());
    bank.create_with(&new).await
}

/// Parses a delivery. The reply is 200, the vendor's status for success.
fn read(client: &Client, delivery: &Delivery) -> Observation {
    let received = client.receive(delivery).unwrap();
    assert_eq!(
        (received.reply.status.as_u16(), received.reply.body.as_ref()),
        (200, "")
    );
    let [observation] = received.observations.as_slice() else {
        panic!("{} observations", received.observations.len())
    };
    observation.clone()
}

#[tokio::test]
async fn each_webhook_is_authenticated_and_requests_a_poll() {
    // The event, the scenario, a status that only the vendor sets, and the number of deliveries.
    let cases: [(&str, &str, &str, Option<u32>, usize); 6] = [
        ("after_ident", "AfterIdent", "happy", None, 1),
        ("after_video", "AfterVideo", "happy", None, 1),
        ("on_final", "OnFinal", "rejected", None, 1),
        ("on_error", "OnError", "never-finishes", Some(139), 1),
        (
            "on_video_error",
            "OnVideoError",
            "aborted-then-success",
            None,
            1,
        ),
        ("on_status_change", "OnStatusChange", "happy", None, 2),
    ];
    for (name, event, scenario, status, times) in cases {
        let (vendor, receiver) = (Vendor::new().await, Receiver::start().await);
        let bank = with_webhooks(&vendor, name);
        let mut verification = create(&bank, &receiver).await;
        let mut another = create(&bank, &receiver).await;
        vendor.play(&verification, scenario).await;
        if let Some(status) = status {
            vendor.set_status(&verification, status).await;
        }
        let deliveries = receiver.take();
        assert_eq!(deliveries.len(), times, "{name}");
        for delivery in &deliveries {
            assert_eq!(
                (&delivery.method, delivery.body.len()),
                (&Method::GET, 0),
                "{name}"
            );
            assert_eq!(delivery.query("event").as_deref(), Some(event));
            let observation = read(&bank.client, delivery);
            assert!(matches!(observation.trust, idv::Trust::Proven(_)), "{name}");
            assert!(observation.subject.is(verification.id()), "{name}");
            assert!(!observation.subject.is(another.id()), "{name}");
            // The callback settles nothing: the engine polls the vendor.
            let transition = verification.apply(&observation);
            assert!(
                matches!(
                    transition,
                    Transition::PollRequested | Transition::Progressed
                ),
                "{name}: {transition:?}"
            );
            assert!(
                matches!(verification.decision(), Decision::Open(_)),
                "{name}"
            );
            assert_eq!(
                another.apply(&observation),
                Transition::WrongSubject,
                "{name}"
            );
        }
        if scenario == "rejected" {
            assert_eq!(
                poll(&bank, &mut verification).await,
                Decision::Settled(Outcome::Rejected)
            );
        }
        let states: Vec<_> = vendor
            .sandbox
            .callbacks()
            .iter()
            .map(|callback| callback.state)
            .collect();
        assert!(
            states.iter().all(|state| *state == "delivered"),
            "{name}: {states:?}"
        );
    }
}

#[tokio::test]
async fn status_webhook_carries_its_code() {
    let (vendor, receiver) = (Vendor::new().await, Receiver::start().await);
    vendor
        .sandbox
        .identity_tm()
        .configure(|account| account.status_change_kinds = vec![75, 6])
        .unwrap();
    let bank = with_webhooks(&vendor, "on_status_change");
    let mut verification = create(&bank, &receiver).await;
    vendor.play(&verification, "happy").await;
    let observations: Vec<_> = receiver
        .take()
        .iter()
        .map(|delivery| read(&bank.client, delivery))
        .collect();
    let codes: Vec<_> = observations
        .iter()
        .map(|observation| observation.code.as_deref().unwrap())
        .collect();
    assert_eq!(codes, ["75", "6"]);
    assert_eq!(observations[0].status, Some(Status::InProgress));
    assert_eq!(
        observations[1].status,
        Some(Status::Finished(Outcome::Verified))
    );
    verification.apply(&observations[1]);
    assert!(
        matches!(verification.decision(), Decision::Open(_)),
        "the callback reports the end, which only a poll settles"
    );
    assert_eq!(
        poll(&bank, &mut verification).await,
        Decision::Settled(Outcome::Verified)
    );
}

#[tokio::test]
async fn only_configured_webhooks_arrive() {
    for method in ["GET", "POST", "PUT"] {
        let (vendor, receiver) = (Vendor::new().await, Receiver::start().await);
        let wanted = serde_json::from_value(method.into()).unwrap();
        vendor
            .sandbox
            .identity_tm()
            .configure(|account| account.webhook_method = wanted)
            .unwrap();
        let bank = with_webhooks(&vendor, "after_ident, on_final");
        let verification = create(&bank, &receiver).await;
        vendor.play(&verification, "happy").await;
        let deliveries = receiver.take();
        let events: Vec<_> = deliveries
            .iter()
            .map(|delivery| delivery.query("event").unwrap())
            .collect();
        assert_eq!(events, ["AfterIdent", "OnFinal"], "{method}");
        for delivery in &deliveries {
            assert_eq!(delivery.method.as_str(), method);
            assert!(read(&bank.client, delivery).trust.is_proven(), "{method}");
        }
    }
}

#[tokio::test]
async fn order_without_callback_url_gets_no_webhook() {
    let (vendor, receiver) = (Vendor::new().await, Receiver::start().await);
    let bank = with_webhooks(
        &vendor,
        "after_ident, on_final, on_status_change, on_error, on_video_error",
    );
    let verification = bank.create().await;
    vendor.play(&verification, "happy").await;
    assert!(receiver.take().is_empty() && vendor.sandbox.callbacks().is_empty());
}

#[tokio::test]
async fn forged_callback_is_refused_or_a_claim() {
    let (vendor, receiver) = (Vendor::new().await, Receiver::start().await);
    let bank = with_webhooks(&vendor, "on_final");
    let mut verification = create(&bank, &receiver).await;
    let another = create(&bank, &receiver).await;
    vendor.play(&another, "happy").await;
    let [of_another] = receiver.take().try_into().unwrap();
    let stolen = of_another.query("token").unwrap();

    let (order, reference) = (
        order_of(verification.id()),
        verification.id().reference.as_str().to_owned(),
    );
    let query = format!(
        "event=OnStatusChange&orderId={}&ref={reference}&statusCode=6",
        order.as_str()
    );
    let forged = [
        format!("{query}&token=0123456789abcdef0123456789abcdef"),
        format!("{query}&token={stolen}"),
        format!("{query}&token="),
        format!("token={stolen}&{query}"),
        query.clone(),
    ];
    for query in forged {
        // An attacker sends the same request over the network.
        let url = format!("{}?{query}", receiver.url);
        assert_eq!(vendor.sandbox.forge_visit(&url).await.unwrap(), 200);
        assert_eq!(
            vendor.sandbox.forge_callback(&url, "{}").await.unwrap(),
            200
        );
    }
    let forged = receiver.take();
    assert_eq!(forged.len(), 10);
    let before = vendor.count();
    for delivery in &forged {
        assert_eq!(
            bank.client.receive(delivery).unwrap_err().kind(),
            &ErrorKind::Forged
        );
    }
    assert_eq!(vendor.count(), before, "the forgery causes no call");
    assert_eq!(
        verification.decision(),
        Decision::Open(Status::AwaitingPerson)
    );

    // Without a secret, every callback is a claim, and a claim is a reason to poll.
    let open = vendor.bank(|config| config.callback_secret = Secrets::default());
    assert_eq!(open.client.info().callback_proof, None);
    for delivery in &forged {
        let observation = read(&open.client, delivery);
        assert!(!observation.trust.is_proven());
        assert_eq!(verification.apply(&observation), Transition::PollRequested);
        assert_eq!(
            verification.decision(),
            Decision::Open(Status::AwaitingPerson)
        );
    }
    assert_eq!(
        poll(&bank, &mut verification).await,
        Decision::Open(Status::AwaitingPerson)
    );
}

#[tokio::test]
async fn each_order_has_its_own_callback_secret() {
    let (vendor, receiver) = (Vendor::new().await, Receiver::start().await);
    let bank = with_webhooks(&vendor, "on_final");
    assert_eq!(
        bank.client.info().callback_proof,
        Some(ProofKind::SecretUrl)
    );
    let mut secrets = Vec::new();
    for _ in 0..3 {
        let verification = create(&bank, &receiver).await;
        vendor.play(&verification, "happy").await;
        let [delivery] = receiver.take().try_into().unwrap();
        secrets.push(delivery.query("token").unwrap());
    }
    secrets.sort();
    secrets.dedup();
    assert_eq!(secrets.len(), 3);
    assert!(secrets.iter().all(|secret| secret.len() >= 32));
}

#[tokio::test]
async fn delivery_is_repeated_until_200_or_202() {
    for last in [200, 202] {
        let (vendor, receiver) = (Vendor::new().await, Receiver::start().await);
        let bank = with_webhooks(&vendor, "on_final");
        let mut verification = create(&bank, &receiver).await;
        receiver.answer([500, 201, 302, 404, last]);
        vendor.play(&verification, "happy").await;
        vendor.pass(24 * 60).await;
        let deliveries = receiver.take();
        assert_eq!(deliveries.len(), 5, "{last}");
        let [callback] = vendor.sandbox.callbacks().try_into().unwrap();
        assert_eq!(callback.state, "delivered");
        assert_eq!(
            callback
                .attempts
                .iter()
                .map(|attempt| attempt.status)
                .collect::<Vec<_>>(),
            [500, 201, 302, 404, last]
        );

        // The repetitions are the same message and change nothing.
        assert_eq!(
            poll(&bank, &mut verification).await,
            Decision::Settled(Outcome::Verified)
        );
        for delivery in &deliveries {
            assert_eq!(delivery.uri, deliveries[0].uri);
            verification.apply(&read(&bank.client, delivery));
            assert_eq!(
                verification.decision(),
                Decision::Settled(Outcome::Verified)
            );
        }
    }
}

#[tokio::test]
async fn order_without_urls_uses_those_of_the_account() {
    let (vendor, receiver) = (Vendor::new().await, Receiver::start().await);
    // As agreed with the vendor's service desk: placeholders only, without an order's secret.
    let url = address(&receiver.url, Event::OnFinal, None);
    vendor
        .sandbox
        .identity_tm()
        .configure(|account| account.webhooks.on_final = Some(url))
        .unwrap();
    let verification = vendor.bank.create().await;
    vendor.play(&verification, "happy").await;
    let [delivery] = receiver.take().try_into().unwrap();
    assert_eq!(
        vendor.bank.client.receive(&delivery).unwrap_err().kind(),
        &ErrorKind::Forged,
        "the URL has no secret"
    );
    let open = vendor.bank(|config| config.callback_secret = Secrets::default());
    assert!(read(&open.client, &delivery).subject.is(verification.id()));
}

#[tokio::test]
async fn raw_order_can_have_documented_urls() {
    let (vendor, receiver) = (Vendor::new().await, Receiver::start().await);
    // The sample of chapter 2.6.3: the event is the last part of the path.
    let on_final = format!("{}/onfinal?orderId=[OrderID]&ref=[Ref]", receiver.url);
    let bank = vendor.preparing(
        |config| config.callback_secret = Secrets::default(),
        move |order: &mut Order| {
            order.webhooks = Webhooks::default();
            order.webhooks.on_final = Some(on_final.clone());
        },
    );
    let verification = bank.create().await;
    vendor.play(&verification, "rejected").await;
    let [delivery] = receiver.take().try_into().unwrap();
    let observation = read(&bank.client, &delivery);
    assert!(observation.subject.is(verification.id()));
    assert_eq!(
        (observation.code.as_deref(), observation.status),
        (Some("OnFinal"), None)
    );
}

#[tokio::test]
async fn callback_from_other_address_is_forged() {
    let (vendor, receiver) = (Vendor::new().await, Receiver::start().await);
    let wanted = SettingValue::read(&"on_final".into()).unwrap();
    let bank = vendor.bank(|config| {
        config.webhooks = wanted;
        config.check_source = true;
    });
    let verification = create(&bank, &receiver).await;
    vendor.play(&verification, "happy").await;
    let [delivery] = receiver.take().try_into().unwrap();
    for elsewhere in [
        delivery.clone(),
        delivery.clone().from_source([127, 0, 0, 1].into()),
    ] {
        assert_eq!(
            bank.client.receive(&elsewhere).unwrap_err().kind(),
            &ErrorKind::Forged
        );
    }
    assert!(
        read(
            &bank.client,
            &delivery.from_source([212, 211, 189, 140].into())
        )
        .trust
        .is_proven()
    );
}

#[tokio::test]
async fn return_of_person_proves_nothing() {
    let vendor = Vendor::new().await;
    let mut verification = vendor.bank.create().await;
    let uri = format!("/back?onsuccess={}", order_of(verification.id()).as_str())
        .parse()
        .unwrap();
    let received = vendor
        .bank
        .client
        .receive(&Delivery::returning(uri))
        .unwrap();
    for observation in &received.observations {
        assert!(!observation.trust.is_proven());
        verification.apply(observation);
    }
    assert_eq!(
        verification.decision(),
        Decision::Open(Status::AwaitingPerson)
    );
}

#[tokio::test]
async fn unreliable_callbacks_change_no_outcome() {
    let cases = [
        (FaultKind::CallbackLost, 2, "lost"),
        (FaultKind::CallbackLate(7200), 3, "late"),
        (FaultKind::CallbackDuplicated, 4, "doubled"),
        (FaultKind::CallbackReordered, 3, "out of order"),
    ];
    for (fault, arrived, what) in cases {
        let (vendor, receiver) = (Vendor::new().await, Receiver::start().await);
        let bank = with_webhooks(&vendor, "after_ident, on_final, on_status_change");
        let mut verification = create(&bank, &receiver).await;
        vendor.sandbox.plan(Fault::new(fault).at("/hook"));
        vendor.play(&verification, "rejected").await;
        vendor.pass(24 * 60).await;
        let deliveries = receiver.take();
        // The conducted identification is delivered twice, because it is also a status; the end
        // follows.
        assert_eq!(deliveries.len(), arrived, "{what}");
        for delivery in &deliveries {
            verification.apply(&read(&bank.client, delivery));
            assert!(
                matches!(verification.decision(), Decision::Open(_)),
                "{what}"
            );
        }
        assert_eq!(
            poll(&bank, &mut verification).await,
            Decision::Settled(Outcome::Rejected),
            "{what}"
        );
        for delivery in deliveries.iter().rev() {
            verification.apply(&read(&bank.client, delivery));
            assert_eq!(
                verification.decision(),
                Decision::Settled(Outcome::Rejected),
                "{what}"
            );
        }
    }
}
