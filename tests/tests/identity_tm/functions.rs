//! Functions that the model lacks: TANs, the password, sign-me, the systems' state, the test
//! robots, and reused identifications (chapters 5 to 9).

use std::time::Duration;

use idv::identity_tm::api::order::{Address, Behaviors, Order, Product, TestRobot};
use idv::identity_tm::api::{IdentDataVariants, OrderId, SignatureType, StatusVariants, Tan};
use idv::identity_tm::normalize::{self, Flow};
use idv::identity_tm::wire;
use idv::{Channel, Decision, Effect, Error, ErrorKind, Outcome, Pii, Secret, Status};

use crate::esign::{for_signing, with_contract};
use crate::support::identity_tm::{Bank, Vendor, order_of, poll};

pub(crate) fn tan(text: &str) -> Tan {
    Tan::parse(text).unwrap()
}

/// Returns another TAN of the same length.
fn wrong(right: &str) -> Tan {
    tan(&right
        .chars()
        .map(|digit| if digit == '9' { '0' } else { '9' })
        .collect::<String>())
}

pub(crate) fn order(product: Product) -> Order {
    let address = Address::new("Erika".into(), "Mustermann".into(), "DE".into());
    let mut order = Order::new(product, "e.mustermann@example.com".into(), address);
    order.mobile = Some("+491711234567".into());
    order
}

fn kind_of(error: &Error) -> (&ErrorKind, Option<u16>) {
    (error.kind(), error.http_status())
}

const INVALID_TAN: ErrorKind = ErrorKind::InvalidRequest {
    field: std::borrow::Cow::Borrowed("tan"),
};

async fn status_of(bank: &Bank, id: &OrderId) -> Option<Status> {
    let answer = bank
        .api()
        .status(&bank.call(), id, StatusVariants::ALL)
        .await
        .unwrap();
    normalize::status(
        &answer.read(wire::StatusList::read).unwrap(),
        Flow::Identification,
        Channel::Poll,
    )
    .status
}

/// Creates a bank that runs the signing itself, and an identified person.
async fn at_the_signature() -> (Vendor, Bank, idv::Verification) {
    let vendor = Vendor::with(|account| account.customer_side_signing = true).await;
    let bank = vendor.preparing(for_signing, with_contract);
    let mut verification = bank.create().await;
    vendor.play(&verification, "happy").await;
    assert_eq!(
        poll(&bank, &mut verification).await,
        Decision::Open(Status::InProgress)
    );
    (vendor, bank, verification)
}

#[tokio::test]
async fn person_signs_by_tan() {
    let (vendor, bank, mut verification) = at_the_signature().await;
    let (api, cx, id) = (bank.api(), bank.call(), order_of(verification.id()));

    let error = api
        .confirm_sign(&cx, &id, &tan("123456"))
        .await
        .unwrap_err();
    assert_eq!(
        kind_of(&error),
        (&ErrorKind::Conflict, Some(412)),
        "the TAN was not requested"
    );
    let error = api.resend_sign_tan(&cx, &id).await.unwrap_err();
    assert_eq!(kind_of(&error), (&ErrorKind::Conflict, Some(412)));

    api.request_sign(&cx, &id).await.unwrap();
    let first = vendor.sandbox.identity_tm().tan(id.as_str()).unwrap();
    let error = api
        .confirm_sign(&cx, &id, &wrong(&first))
        .await
        .unwrap_err();
    assert_eq!(kind_of(&error), (&INVALID_TAN, Some(409)));
    api.resend_sign_tan(&cx, &id).await.unwrap();
    let second = vendor.sandbox.identity_tm().tan(id.as_str()).unwrap();
    assert_ne!(first, second);
    let error = api.confirm_sign(&cx, &id, &tan(&first)).await.unwrap_err();
    assert_eq!(
        kind_of(&error),
        (&INVALID_TAN, Some(409)),
        "the first TAN is no longer valid"
    );
    api.confirm_sign(&cx, &id, &tan(&second)).await.unwrap();

    for error in [
        api.confirm_sign(&cx, &id, &tan(&second)).await.unwrap_err(),
        api.request_sign(&cx, &id).await.unwrap_err(),
        api.resend_sign_tan(&cx, &id).await.unwrap_err(),
    ] {
        assert_eq!(
            kind_of(&error),
            (&ErrorKind::Conflict, Some(410)),
            "the order is signed already"
        );
    }
    assert_eq!(
        poll(&bank, &mut verification).await,
        Decision::Settled(Outcome::Verified)
    );
    assert!(
        bank.evidence(verification.id(), "signed-document/1")
            .await
            .unwrap()
            .starts_with(b"%PDF-")
    );
}

#[tokio::test]
async fn wrong_tans_cancel_the_order() {
    let (vendor, bank, mut verification) = at_the_signature().await;
    let (api, cx, id) = (bank.api(), bank.call(), order_of(verification.id()));
    api.request_sign(&cx, &id).await.unwrap();
    let wrong = wrong(&vendor.sandbox.identity_tm().tan(id.as_str()).unwrap());
    for _ in 0..2 {
        assert_eq!(
            kind_of(&api.confirm_sign(&cx, &id, &wrong).await.unwrap_err()),
            (&INVALID_TAN, Some(409))
        );
    }
    let before = vendor.calls("confirmSign");
    let error = api.confirm_sign(&cx, &id, &wrong).await.unwrap_err();
    assert_eq!(kind_of(&error), (&ErrorKind::Conflict, Some(429)));
    assert!(!error.is_transient());
    assert_eq!(
        (vendor.calls("confirmSign") - before, error.attempts()),
        (1, 1),
        "each attempt would count"
    );
    assert_eq!(
        poll(&bank, &mut verification).await,
        Decision::Settled(Outcome::Canceled)
    );
}

#[tokio::test]
async fn unidentified_person_cannot_sign() {
    let vendor = Vendor::with(|account| account.customer_side_signing = true).await;
    let bank = vendor.preparing(for_signing, with_contract);
    let verification = bank.create().await;
    let error = bank
        .api()
        .request_sign(&bank.call(), &order_of(verification.id()))
        .await
        .unwrap_err();
    assert_eq!(kind_of(&error), (&ErrorKind::Conflict, Some(406)));
    // An account for which the function is not enabled.
    vendor
        .sandbox
        .identity_tm()
        .configure(|account| account.customer_side_signing = false)
        .unwrap();
    let error = bank
        .api()
        .request_sign(&bank.call(), &order_of(verification.id()))
        .await
        .unwrap_err();
    assert_eq!(error.http_status(), Some(400));
    assert!(matches!(error.kind(), ErrorKind::InvalidRequest { .. }));
}

#[tokio::test]
async fn text_message_is_sent_once_when_its_answer_is_lost() {
    let (vendor, bank, verification) = at_the_signature().await;
    let id = order_of(verification.id());
    vendor
        .sandbox
        .plan(idv_sandbox::Fault::new(idv_sandbox::FaultKind::CutAfter).at("requestSign"));
    let error = bank
        .api()
        .request_sign(&bank.call(), &id)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.effect()),
        (&ErrorKind::Unavailable, Effect::Unknown)
    );
    assert_eq!(vendor.calls("requestSign"), 1);
    let tan = tan(&vendor.sandbox.identity_tm().tan(id.as_str()).unwrap());
    vendor
        .sandbox
        .plan(idv_sandbox::Fault::new(idv_sandbox::FaultKind::CutAfter).at("confirmSign"));
    let error = bank
        .api()
        .confirm_sign(&bank.call(), &id, &tan)
        .await
        .unwrap_err();
    assert_eq!(error.effect(), Effect::Unknown);
    assert_eq!(vendor.calls("confirmSign"), 1);
    assert_eq!(
        kind_of(
            &bank
                .api()
                .confirm_sign(&bank.call(), &id, &tan)
                .await
                .unwrap_err()
        )
        .1,
        Some(410),
        "the request had an effect"
    );
}

#[tokio::test]
async fn phone_is_verified_by_the_application() {
    let vendor = Vendor::with(|account| account.phone_verification = true).await;
    let (api, cx) = (vendor.bank.api(), vendor.bank.call());
    let mut wanted = order(Product::PhoneVerification);
    wanted.verification_sms_text = Some("Ihre TAN: [TAN]".into());
    let id = api.put_order(&cx, &wanted).await.unwrap().order_id;

    let early = api
        .prove_phone_control(&cx, &id, &tan("12345"))
        .await
        .unwrap_err();
    assert_eq!(kind_of(&early), (&ErrorKind::Conflict, Some(412)));
    assert_eq!(
        kind_of(&api.resend_phone_tan(&cx, &id).await.unwrap_err()),
        (&ErrorKind::Conflict, Some(412))
    );
    api.request_phone_verification(&cx, &id).await.unwrap();
    let first = vendor.sandbox.identity_tm().tan(id.as_str()).unwrap();
    let shown = vendor
        .control(
            "GET",
            &format!("identity-tm/orders/{}", id.as_str()),
            &().into(),
        )
        .await;
    assert_eq!(shown["phone"]["text"], format!("Ihre TAN: {first}"));
    let error = api
        .prove_phone_control(&cx, &id, &wrong(&first))
        .await
        .unwrap_err();
    assert_eq!(kind_of(&error), (&INVALID_TAN, Some(409)));
    api.resend_phone_tan(&cx, &id).await.unwrap();
    let second = vendor.sandbox.identity_tm().tan(id.as_str()).unwrap();
    api.prove_phone_control(&cx, &id, &tan(&second))
        .await
        .unwrap();
    assert_eq!(
        status_of(&vendor.bank, &id).await,
        Some(Status::Finished(Outcome::Verified))
    );
    for error in [
        api.prove_phone_control(&cx, &id, &tan(&second))
            .await
            .unwrap_err(),
        api.request_phone_verification(&cx, &id).await.unwrap_err(),
        api.resend_phone_tan(&cx, &id).await.unwrap_err(),
    ] {
        assert_eq!(kind_of(&error), (&ErrorKind::Conflict, Some(410)));
    }
}

#[tokio::test]
async fn wrong_tans_for_phone_reject_the_order() {
    let vendor = Vendor::with(|account| account.phone_verification = true).await;
    let (api, cx) = (vendor.bank.api(), vendor.bank.call());
    let id = api
        .put_order(&cx, &order(Product::PhoneVerification))
        .await
        .unwrap()
        .order_id;
    api.request_phone_verification(&cx, &id).await.unwrap();
    let wrong = wrong(&vendor.sandbox.identity_tm().tan(id.as_str()).unwrap());
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(
            api.prove_phone_control(&cx, &id, &wrong)
                .await
                .unwrap_err()
                .http_status(),
        );
    }
    assert_eq!(answers, [Some(409), Some(409), Some(429)]);
    assert_eq!(vendor.calls("provePhoneControl"), 3);
    assert_eq!(
        status_of(&vendor.bank, &id).await,
        Some(Status::Finished(Outcome::Rejected))
    );
}

#[tokio::test]
async fn password_is_changed_in_two_steps() {
    let vendor = Vendor::new().await;
    let (api, cx) = (vendor.bank.api(), vendor.bank.call());
    let number = Pii::from("+49171123456");
    let shown = async || {
        vendor
            .control("GET", "identity-tm/accounts/example/phone", &().into())
            .await["tan"]
            .clone()
    };

    let error = api
        .request_new_password(&cx, &Pii::from("+49171654321"))
        .await
        .unwrap_err();
    assert_eq!(
        kind_of(&error),
        (&ErrorKind::Unauthorized, Some(401)),
        "a phone number other than the agreed one"
    );
    assert!(shown().await.is_null());
    let before = vendor.count();
    assert!(matches!(
        api.request_new_password(&cx, &Pii::from("0171 123456")).await.unwrap_err().kind(),
        ErrorKind::InvalidRequest { field } if field == "mobile"
    ));
    assert_eq!(vendor.count(), before, "nothing was sent");

    api.request_new_password(&cx, &number).await.unwrap();
    let first = shown().await.as_str().unwrap().to_owned();
    let error = api
        .confirm_new_password(&cx, &wrong(&first))
        .await
        .unwrap_err();
    assert_eq!(kind_of(&error), (&ErrorKind::Unauthorized, Some(401)));
    let error = api
        .confirm_new_password(&cx, &tan(&first))
        .await
        .unwrap_err();
    assert_eq!(
        kind_of(&error),
        (&ErrorKind::Unauthorized, Some(401)),
        "after a wrong TAN, another one has to be requested"
    );

    api.request_new_password(&cx, &number).await.unwrap();
    let second = shown().await.as_str().unwrap().to_owned();
    let password = api.confirm_new_password(&cx, &tan(&second)).await.unwrap();
    assert!(password.expose().len() >= 8 && password.expose() != "examplePassword");

    let error = vendor
        .bank
        .client
        .find(&vendor.bank.client.reference())
        .await
        .unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::Unauthorized,
        "the old password no longer works"
    );
    let renewed = vendor.bank(|config| config.password = password);
    renewed.create().await;
    assert_eq!(vendor.sandbox.identity_tm().orders(), 1);
}

#[tokio::test]
async fn status_of_systems_is_read() {
    let vendor = Vendor::new().await;
    let (api, cx) = (vendor.bank.api(), vendor.bank.call());
    assert!(api.server_status(&cx).await.unwrap());
    let status = api.system_status(&cx).await.unwrap();
    assert_eq!(
        [
            status.server_alive,
            status.api_available,
            status.video_available
        ],
        [Some(true); 3]
    );
    assert_eq!(
        (status.esign.qes_available, status.esign.fes_available),
        (Some(true), Some(true))
    );
    assert_eq!(
        status.assure_id_available, None,
        "not reported unless enabled"
    );

    let down = idv_sandbox::FaultKind::Status {
        code: 500,
        retry_after: None,
    };
    vendor
        .sandbox
        .plan(idv_sandbox::Fault::new(down).at("Status").times(99));
    assert_eq!(
        api.system_status(&cx).await.unwrap_err().kind(),
        &ErrorKind::Unavailable
    );
    assert!(!api.server_status(&cx).await.unwrap_or(false));
}

#[tokio::test]
async fn sign_me_account_is_looked_up() {
    let vendor = Vendor::new().await;
    let (api, cx) = (vendor.bank.api(), vendor.bank.call());
    let email = Pii::from("e.mustermann@example.com");
    let user = api.check_signme_user(&cx, &email, None).await.unwrap();
    assert_eq!(
        (user.user_exists, user.user_is_able_to_sign),
        (Some(false), Some(false))
    );

    let mut creating = order(Product::Esign);
    creating.behaviors = Behaviors::SIGN_ME_CREATE;
    let id = api.put_order(&cx, &creating).await.unwrap().order_id;
    let user = api
        .check_signme_user(&cx, &email, Some(SignatureType::Qes))
        .await
        .unwrap();
    assert_eq!(
        (user.user_exists, user.user_is_able_to_sign),
        (Some(true), Some(false))
    );

    // A person without an account cannot be asked to sign only; one with an account can.
    let mut signing = order(Product::Esign);
    signing.behaviors = Behaviors::SIGN_ME_USE;
    with_contract(&mut signing);
    let error = api.put_order(&cx, &signing).await.unwrap_err();
    assert_eq!(
        (error.http_status(), error.effect()),
        (Some(400), Effect::NotApplied)
    );
    vendor
        .sandbox
        .identity_tm()
        .act(id.as_str(), "happy")
        .unwrap();
    vendor.pass(60).await;
    for kind in [SignatureType::Qes, SignatureType::Adv, SignatureType::Bas] {
        let user = api
            .check_signme_user(&cx, &email, Some(kind))
            .await
            .unwrap();
        assert_eq!(
            (user.user_exists, user.user_is_able_to_sign),
            (Some(true), Some(true))
        );
    }
    api.put_order(&cx, &signing).await.unwrap();

    let before = vendor.count();
    let error = api
        .check_signme_user(&cx, &Pii::from("nobody"), None)
        .await
        .unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::InvalidRequest {
            field: "Email".into()
        }
    );
    assert_eq!(vendor.count(), before);
}

#[tokio::test]
async fn test_robots_act_on_integration_accounts_only() {
    let vendor = Vendor::new().await;
    let (api, cx) = (vendor.bank.api(), vendor.bank.call());
    let cases = [
        (TestRobot::Positive, Outcome::Verified),
        (TestRobot::Negative, Outcome::Rejected),
        (TestRobot::Fraud, Outcome::Rejected),
    ];
    for (robot, outcome) in cases {
        let id = api
            .put_order(&cx, &order(Product::Video).test_robot(robot))
            .await
            .unwrap()
            .order_id;
        assert_eq!(
            status_of(&vendor.bank, &id).await,
            Some(Status::AwaitingPerson),
            "{robot:?}"
        );
        vendor
            .sandbox
            .clock()
            .advance(Duration::from_secs(20))
            .await;
        assert_eq!(
            status_of(&vendor.bank, &id).await,
            Some(Status::Finished(outcome)),
            "{robot:?}"
        );
    }
    // At other accounts they are ordinary references.
    vendor
        .sandbox
        .identity_tm()
        .configure(|account| account.integration = false)
        .unwrap();
    let id = api
        .put_order(&cx, &order(Product::Video).test_robot(TestRobot::Positive))
        .await
        .unwrap()
        .order_id;
    vendor.pass(60).await;
    assert_eq!(
        status_of(&vendor.bank, &id).await,
        Some(Status::AwaitingPerson)
    );
    // A generated reference starts no robot.
    let mut accident = order(Product::Video);
    accident.reference = Some(TestRobot::Positive.reference().to_owned());
    let error = api.put_order(&cx, &accident).await.unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::InvalidRequest {
            field: "Ref".into()
        }
    );
}

#[tokio::test]
async fn identification_is_reused_unless_it_was_altered() {
    let vendor = Vendor::new().await;
    let (api, cx) = (vendor.bank.api(), vendor.bank.call());
    let earlier = vendor.bank.create().await;
    vendor.play(&earlier, "happy").await;
    let mut variants = IdentDataVariants::default();
    variants.signed = true;
    let answer = api
        .ident_data(&cx, &order_of(earlier.id()), variants)
        .await
        .unwrap();
    let signed = std::str::from_utf8(&answer.body).unwrap().to_owned();

    let again = |data: &str| {
        let mut again = order(Product::Esign);
        with_contract(&mut again);
        again.ident_data_signed = Some(Secret::new(data.to_owned()));
        again
    };
    let created = api.put_order(&cx, &again(&signed)).await.unwrap();
    assert_eq!(created.signed_data_accepted, Some(true));
    // The person is not identified again: only the signature remains.
    vendor
        .sandbox
        .identity_tm()
        .act(created.order_id.as_str(), "happy")
        .unwrap();
    vendor.pass(10).await;
    let answer = api.signed_documents(&cx, &created.order_id).await.unwrap();
    assert_eq!(
        answer.read(wire::SignedDocuments::read).unwrap().pdfs.len(),
        1
    );
    let result = api
        .ident_data(&cx, &created.order_id, IdentDataVariants::default())
        .await
        .unwrap();
    let report = normalize::report(&result.read(wire::IdentResult::read).unwrap());
    assert_eq!(
        report.person.family_name.unwrap().expose().unwrap(),
        "Mustermann"
    );

    let middle = signed.len() / 2;
    let changed = |(index, letter): (usize, char)| match letter {
        _ if index != middle => letter,
        'A' => 'B',
        _ => 'A',
    };
    let tampered: String = signed.chars().enumerate().map(changed).collect();
    for data in [tampered.as_str(), "bm90IGF0IGFsbA=="] {
        let created = api.put_order(&cx, &again(data)).await.unwrap();
        assert_eq!(
            created.signed_data_accepted,
            Some(false),
            "the person is identified again"
        );
    }
}

#[tokio::test]
async fn malformed_tan_is_not_sent() {
    for text in ["", "1234567", "12 34", "12345ä", "12345\n"] {
        assert_eq!(
            Tan::parse(text).unwrap_err().kind(),
            &INVALID_TAN,
            "{text:?}"
        );
    }
}
