//! Creation with lost answers, and deletion (chapters 3.1, 3.12, 3.13 and 4.2).

use idv::report::Country;
use idv::{
    CreateSafety, Decision, DeleteOutcome, Effect, ErrorKind, HandOff, NewVerification, Outcome,
    Status, Verification,
};
use idv_sandbox::{Fault, FaultKind};

use crate::support::identity_tm::{Vendor, new_verification, order_of, poll};

#[tokio::test]
async fn order_is_placed_and_returns_link_of_vendor() {
    let vendor = Vendor::new().await;
    assert_eq!(
        vendor.bank.client.info().create_safety,
        CreateSafety::Findable
    );
    let new = new_verification(&vendor.bank.client);
    let created = vendor.bank.client.create(&new).await.unwrap();
    assert!(!created.already_existed);
    let HandOff::Redirect(link) = &created.hand_off else {
        panic!("{:?}", created.hand_off)
    };
    assert!(
        vendor
            .sandbox
            .identity_tm()
            .base_url()
            .contains(link.expose().authority()),
        "the link points to the sandbox"
    );
    assert_eq!(
        vendor.bank.client.find(&new.reference).await.unwrap(),
        [created.id]
    );
    assert_eq!(vendor.calls("putOrder"), 1);
}

#[tokio::test]
async fn lost_answer_is_settled_by_lookup() {
    for fault in [
        FaultKind::CutAfter,
        FaultKind::Truncated,
        FaultKind::WrongType,
    ] {
        let vendor = Vendor::new().await;
        vendor
            .sandbox
            .plan(Fault::new(fault.clone()).at("putOrder"));
        let new = new_verification(&vendor.bank.client);
        let created = vendor.bank.client.create(&new).await.unwrap();
        assert_eq!(vendor.sandbox.identity_tm().orders(), 1, "{fault:?}");
        assert_eq!(vendor.calls("putOrder"), 1, "{fault:?}");
        assert!(created.already_existed, "{fault:?}");
        assert!(
            matches!(created.hand_off, HandOff::VendorContactsPerson),
            "{fault:?}: the link was in the lost answer"
        );

        let mut verification = Verification::new(created.id, vendor.bank.client.info(), None);
        vendor.play(&verification, "happy").await;
        let decision = poll(&vendor.bank, &mut verification).await;
        assert_eq!(
            decision,
            Decision::Settled(Outcome::Verified),
            "{fault:?}: the lookup finds the placed order"
        );
    }
}

#[tokio::test]
async fn request_lost_before_effect_leaves_effect_unknown() {
    let faults = [
        FaultKind::CutBefore,
        FaultKind::Status {
            code: 500,
            retry_after: None,
        },
        FaultKind::Html,
        FaultKind::Status {
            code: 408,
            retry_after: None,
        },
    ];
    for fault in faults {
        let vendor = Vendor::new().await;
        vendor
            .sandbox
            .plan(Fault::new(fault.clone()).at("putOrder"));
        let new = new_verification(&vendor.bank.client);
        let error = vendor.bank.client.create(&new).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.effect()),
            (&ErrorKind::Unavailable, Effect::Unknown),
            "{fault:?}"
        );
        assert_eq!(vendor.sandbox.identity_tm().orders(), 0, "{fault:?}");
        assert_eq!(
            (vendor.calls("putOrder"), vendor.calls("getOrdersByRef")),
            (1, 1),
            "{fault:?}"
        );
        assert!(
            vendor
                .bank
                .client
                .find(&new.reference)
                .await
                .unwrap()
                .is_empty(),
            "{fault:?}"
        );
        assert_eq!(vendor.calls("putOrder"), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn failed_lookup_leaves_effect_unknown() {
    let lookups = [
        FaultKind::CutAfter,
        FaultKind::Truncated,
        FaultKind::Html,
        FaultKind::Status {
            code: 400,
            retry_after: None,
        },
    ];
    for fault in lookups {
        let vendor = Vendor::new().await;
        vendor
            .sandbox
            .plan(Fault::new(FaultKind::CutAfter).at("putOrder"));
        vendor
            .sandbox
            .plan(Fault::new(fault.clone()).at("getOrdersByRef").times(99));
        let new = new_verification(&vendor.bank.client);
        let error = vendor.bank.client.create(&new).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.effect()),
            (&ErrorKind::Unavailable, Effect::Unknown),
            "{fault:?}"
        );
        assert_eq!(vendor.calls("putOrder"), 1, "{fault:?}");
        // A later lookup finds the order.
        vendor.sandbox.clear_faults();
        assert_eq!(
            vendor.bank.client.find(&new.reference).await.unwrap().len(),
            1,
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn two_orders_under_one_reference_are_a_conflict() {
    let vendor = Vendor::new().await;
    let new = new_verification(&vendor.bank.client);
    vendor.bank.client.create(&new).await.unwrap();
    vendor
        .sandbox
        .plan(Fault::new(FaultKind::CutAfter).at("putOrder"));
    let error = vendor.bank.client.create(&new).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (&ErrorKind::Conflict, Effect::Unknown)
    );
    assert_eq!(
        (
            vendor.sandbox.identity_tm().orders(),
            vendor.calls("putOrder")
        ),
        (2, 2)
    );
    assert_eq!(
        vendor.bank.client.find(&new.reference).await.unwrap().len(),
        2
    );
}

#[tokio::test]
async fn refused_connection_is_retried() {
    let vendor = Vendor::new().await;
    // The port is bound, so that no other program gets it, and does not listen: no request can be
    // sent.
    let taken = tokio::net::TcpSocket::new_v4().unwrap();
    taken.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = format!("http://{}/api/2.10/", taken.local_addr().unwrap());
    let bank = vendor.bank(|config| config.base_url = Some(address.parse().unwrap()));
    let error = bank
        .client
        .create(&new_verification(&bank.client))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (&ErrorKind::Unavailable, Effect::NotApplied)
    );
    assert!(error.attempts() > 1, "{}", error.attempts());
}

#[tokio::test]
async fn refused_order_has_no_effect() {
    let vendor = Vendor::new().await;
    let wrong = vendor.bank(|config| config.password = "another".into());
    let error = wrong
        .client
        .create(&new_verification(&wrong.client))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (&ErrorKind::Unauthorized, Effect::NotApplied)
    );

    // An account for which the product is not enabled.
    vendor
        .sandbox
        .identity_tm()
        .configure(|account| account.products = vec![8])
        .unwrap();
    let error = vendor
        .bank
        .client
        .create(&new_verification(&vendor.bank.client))
        .await
        .unwrap_err();
    assert_eq!(error.effect(), Effect::NotApplied);
    assert!(
        matches!(error.kind(), ErrorKind::InvalidRequest { .. }),
        "{error}"
    );
    assert_eq!(
        (
            vendor.sandbox.identity_tm().orders(),
            vendor.calls("getOrdersByRef")
        ),
        (0, 0)
    );
}

#[tokio::test]
async fn invalid_input_is_refused_before_sending() {
    let vendor = Vendor::new().await;
    let client = &vendor.bank.client;
    type Spoil = fn(&mut NewVerification);
    let spoilt: [(&str, Spoil); 8] = [
        ("person.given_names", |new| new.person.given_names = None),
        ("person.family_name", |new| new.person.family_name = None),
        ("person.address.country", |new| {
            new.person.address.country = None;
        }),
        ("contact.email", |new| new.contact.email = None),
        ("contact.email", |new| {
            new.contact.email = Some(format!("{}@example.com", "e".repeat(50)).into());
        }),
        ("contact.phone", |new| {
            new.contact.phone = Some("0171 1234567".into());
        }),
        ("person.address.postal_code", |new| {
            new.person.address.postal_code = Some("511477".into());
        }),
        ("purpose", |new| new.purpose = Some("p".repeat(151))),
    ];
    for (field, spoil) in spoilt {
        let mut new = new_verification(client);
        spoil(&mut new);
        let error = client.create(&new).await.unwrap_err();
        assert_eq!(
            error.kind(),
            &ErrorKind::InvalidRequest {
                field: field.into()
            }
        );
        assert_eq!(error.effect(), Effect::NotApplied);
    }
    assert_eq!(vendor.count(), 0);
}

#[tokio::test]
async fn unsupported_fields_are_listed() {
    let vendor = Vendor::new().await;
    let mut new = new_verification(&vendor.bank.client);
    new.custom.insert("custom1".into(), "our own".into());
    new.document.issuing_country = Country::from_alpha2("DE").map(Into::into);
    let created = vendor.bank.client.create(&new).await.unwrap();
    assert_eq!(created.unsupported_fields, ["custom"]);
}

#[tokio::test]
async fn deletion_cancels_open_order_and_erases_finished_one() {
    let vendor = Vendor::new().await;
    let client = &vendor.bank.client;

    let mut open = vendor.bank.create().await;
    assert_eq!(
        poll(&vendor.bank, &mut open).await,
        Decision::Open(Status::AwaitingPerson)
    );
    assert_eq!(
        client.delete(open.id()).await.unwrap(),
        DeleteOutcome::CanceledOnly
    );
    assert_eq!(
        poll(&vendor.bank, &mut open).await,
        Decision::Settled(Outcome::Canceled)
    );
    assert_eq!(
        client.poll(open.id()).await.unwrap().code.as_deref(),
        Some("63")
    );
    // The canceled order is finished, so the vendor's remaining data is deleted too.
    assert_eq!(client.delete(open.id()).await.unwrap(), DeleteOutcome::Data);

    let mut finished = vendor.bank.create().await;
    vendor.play(&finished, "happy").await;
    assert_eq!(
        poll(&vendor.bank, &mut finished).await,
        Decision::Settled(Outcome::Verified)
    );
    assert_eq!(
        client.delete(finished.id()).await.unwrap(),
        DeleteOutcome::Data
    );
    assert_eq!(
        client.delete(finished.id()).await.unwrap(),
        DeleteOutcome::AlreadyGone
    );
    let order = order_of(finished.id());
    let error = vendor
        .bank
        .api()
        .images(&vendor.bank.call(), &order)
        .await
        .unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::NotFound,
        "the vendor has no data left"
    );
}

#[tokio::test]
async fn order_that_ends_during_deletion_is_deleted() {
    let vendor = Vendor::new().await;
    let verification = vendor.bank.create().await;
    // The vendor answers that the order is open, and then that it can no longer be canceled.
    vendor.sandbox.plan(
        Fault::new(FaultKind::Status {
            code: 406,
            retry_after: None,
        })
        .at("delIdentdata"),
    );
    vendor.play(&verification, "happy").await;
    assert_eq!(
        vendor.bank.client.delete(verification.id()).await.unwrap(),
        DeleteOutcome::Data
    );
    assert_eq!(
        (vendor.calls("delIdentdata"), vendor.calls("cancelOrder")),
        (2, 1)
    );
}

#[tokio::test]
async fn status_404_of_wrong_url_does_not_mean_gone() {
    let vendor = Vendor::new().await;
    let new = new_verification(&vendor.bank.client);
    let created = vendor.bank.client.create(&new).await.unwrap();
    let address = format!("{}nowhere/", vendor.sandbox.identity_tm().base_url());
    let lost = vendor.bank(|config| config.base_url = Some(address.parse().unwrap()));
    let error = lost.client.delete(&created.id).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (&ErrorKind::NotFound, Effect::NotApplied)
    );
    let error = lost.client.find(&new.reference).await.unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::NotFound);
    // A 404 of the vendor itself means that the order does not exist.
    assert!(
        vendor
            .bank
            .client
            .find(&vendor.bank.client.reference())
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(vendor.sandbox.identity_tm().orders(), 1);
}

#[tokio::test]
async fn order_of_other_account_is_not_found() {
    let vendor = Vendor::new().await;
    let new = new_verification(&vendor.bank.client);
    let created = vendor.bank.client.create(&new).await.unwrap();
    let second = vendor.bank(|config| {
        config.user = "second".into();
        config.password = "secondPassword".into();
    });
    assert_eq!(
        second.client.poll(&created.id).await.unwrap_err().kind(),
        &ErrorKind::NotFound
    );
    assert!(second.client.find(&new.reference).await.unwrap().is_empty());
    assert_eq!(
        second.client.delete(&created.id).await.unwrap(),
        DeleteOutcome::AlreadyGone
    );
    assert_eq!(
        vendor.bank.client.find(&new.reference).await.unwrap(),
        [created.id],
        "the order still exists"
    );
}

#[tokio::test]
async fn order_is_found_by_reference_for_ninety_days() {
    let vendor = Vendor::new().await;
    let new = new_verification(&vendor.bank.client);
    let created = vendor.bank.client.create(&new).await.unwrap();
    vendor.pass(89 * 24 * 60).await;
    assert_eq!(
        vendor.bank.client.find(&new.reference).await.unwrap(),
        [created.id]
    );
    vendor.pass(2 * 24 * 60).await;
    assert!(
        vendor
            .bank
            .client
            .find(&new.reference)
            .await
            .unwrap()
            .is_empty()
    );
}
