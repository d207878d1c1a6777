//! Identity.TM's TANs: signing (5), verifying a phone (6), changing the password (9.2); and sign-me users (9.1).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod identity_tm;
mod support;

use identity_tm::{Hooks, Tm, order, with, without};
use serde_json::json;

/// Both chapters: first method, confirmation, resend.
const SIGN: [&str; 3] = ["requestSign", "confirmSign", "requestResendSignTan"];
const PHONE: [&str; 3] = [
    "requestPhoneVerification",
    "provePhoneControl",
    "requestResendPhoneTan",
];

/// A sandbox in which the customer performs both processes.
async fn world() -> Tm {
    let tm = Tm::start().await;
    let configured = tm.sandbox.identity_tm().configure(|account| {
        account.customer_side_signing = true;
        account.phone_verification = true;
    });
    configured.unwrap();
    tm
}

/// Returns an order that waits for its process to start.
async fn waiting(tm: &Tm, process: [&str; 3]) -> String {
    if process == SIGN {
        tm.finished(&order(15), "happy").await
    } else {
        tm.order(&order(17)).await
    }
}

async fn post(tm: &Tm, method: &str, order: &str) -> u16 {
    tm.post(&format!("{method}/{order}"), "").await.status
}

async fn confirm(tm: &Tm, method: &str, order: &str, tan: &str) -> u16 {
    tm.post(
        &format!("{method}/{order}"),
        &json!({ "tan": tan }).to_string(),
    )
    .await
    .status
}

/// Returns the TAN on the person's phone.
fn tan(tm: &Tm, order: &str) -> String {
    tm.sandbox.identity_tm().tan(order).unwrap()
}

/// Returns a TAN that is not on the person's phone.
fn wrong(tm: &Tm, order: &str) -> String {
    let right = tan(tm, order);
    right
        .chars()
        .map(|digit| if digit == '9' { '0' } else { '9' })
        .collect()
}

#[tokio::test]
async fn correct_tan_signs_and_verifies() {
    let tm = world().await;
    for (process, digits, ends) in [(SIGN, 6, [84, 80]), (PHONE, 5, [6, 80])] {
        let [start, prove, resend] = process;
        let id = waiting(&tm, process).await;
        assert_eq!(confirm(&tm, prove, &id, "123456").await, 412, "not started");
        assert_eq!(post(&tm, resend, &id).await, 412, "not started");
        assert_eq!(post(&tm, start, &id).await, 202);
        assert_eq!(tan(&tm, &id).len(), digits);
        let first = tan(&tm, &id);
        assert_eq!(post(&tm, resend, &id).await, 202);
        assert_ne!(tan(&tm, &id), first, "another one");
        assert_eq!(
            confirm(&tm, prove, &id, &first).await,
            409,
            "the first one is invalid"
        );
        assert_eq!(confirm(&tm, prove, &id, &tan(&tm, &id)).await, 202);
        let kinds = tm.kinds(&id).await;
        assert_eq!(kinds[kinds.len() - 2..], ends);
        for status in [
            post(&tm, start, &id).await,
            post(&tm, resend, &id).await,
            confirm(&tm, prove, &id, "123456").await,
        ] {
            assert_eq!(status, 410, "already processed");
        }
        assert_eq!(
            tm.get(&format!("getIdentData/{id}")).await.json()["IdentData"][0]["Mobile"],
            "+491711234567"
        );
        tm.call("DELETE", &format!("delIdentdata/{id}"), "").await;
        assert_eq!(post(&tm, start, &id).await, 404, "already deleted");
        assert_eq!(post(&tm, start, "99920000000000").await, 404);
    }
}

#[tokio::test]
async fn third_wrong_tan_cancels_the_order() {
    let (tm, hooks) = (world().await, Hooks::start().await);
    tm.sandbox
        .identity_tm()
        .configure(|account| account.webhooks.on_final = Some(hooks.url.clone()))
        .unwrap();
    for (process, end) in [(SIGN, (103, 0)), (PHONE, (17, 61))] {
        let [start, prove, resend] = process;
        let id = waiting(&tm, process).await;
        post(&tm, start, &id).await;
        assert_eq!(confirm(&tm, prove, &id, &wrong(&tm, &id)).await, 409);
        assert_eq!(
            post(&tm, resend, &id).await,
            202,
            "another TAN does not reset the count"
        );
        assert_eq!(confirm(&tm, prove, &id, &wrong(&tm, &id)).await, 409);
        assert_eq!(
            post(&tm, start, &id).await,
            202,
            "starting again does not reset the count"
        );
        assert_eq!(confirm(&tm, prove, &id, &wrong(&tm, &id)).await, 429);
        assert_eq!(tm.statuses(&id).await.last(), Some(&end));
        assert_eq!(
            confirm(&tm, prove, &id, &tan(&tm, &id)).await,
            410,
            "too late"
        );
    }
    tm.seconds(0).await;
    assert_eq!(hooks.received().len(), 2);
}

#[tokio::test]
async fn signing_starts_after_identification() {
    let tm = world().await;
    let id = tm.order(&order(15)).await;
    assert_eq!(
        post(&tm, "requestSign", &id).await,
        406,
        "not identified yet"
    );
    tm.run(&id, "happy").await;
    assert_eq!(
        tm.kinds(&id).await.last(),
        Some(&101),
        "the customer has to start it"
    );
    assert_eq!(post(&tm, "requestSign", &id).await, 202);
    let kinds = tm.kinds(&id).await;
    assert_eq!(kinds[kinds.len() - 2..], [83, 71]);
    let video = tm.order(&order(12)).await;
    assert_eq!(
        post(&tm, "requestSign", &video).await,
        406,
        "nothing to sign"
    );
    let without_mobile = tm.order(&without(order(17), "Mobile")).await;
    assert_eq!(
        post(&tm, "requestPhoneVerification", &without_mobile).await,
        406,
        "no number"
    );
}

#[tokio::test]
async fn phone_is_verified_beside_identification() {
    let tm = world().await;
    let id = tm.order(&order(0)).await;
    post(&tm, "requestPhoneVerification", &id).await;
    assert_eq!(
        confirm(&tm, "provePhoneControl", &id, &tan(&tm, &id)).await,
        202
    );
    assert!(
        !tm.view(&id).await["final"].as_bool().unwrap(),
        "the identification follows"
    );
    assert_eq!(post(&tm, "requestPhoneVerification", &id).await, 410);
    tm.run(&id, "happy").await;
    assert_eq!(
        tm.get(&format!("getIdentData/{id}")).await.json()["IdentData"][0]["Mobile"],
        "+491711234567"
    );
    let unproven = tm.finished(&order(0), "happy").await;
    assert_eq!(
        tm.get(&format!("getIdentData/{unproven}")).await.json()["IdentData"][0].get("Mobile"),
        None
    );
}

#[tokio::test]
async fn sms_follows_the_order() {
    let tm = world().await;
    for (process, element) in [(SIGN, "eSignTanSmsText"), (PHONE, "verificationSmsText")] {
        let body = with(
            order(if process == SIGN { 15 } else { 17 }),
            element,
            json!("Say [TAN], [TAN]!"),
        );
        let id = tm.order(&body).await;
        if process == SIGN {
            tm.run(&id, "happy").await;
        }
        post(&tm, process[0], &id).await;
        let (phone, tan) = (tm.view(&id).await["phone"].clone(), tan(&tm, &id));
        assert_eq!(
            phone,
            json!({ "number": "+491711234567", "tan": tan, "text": format!("Say {tan}, {tan}!") })
        );
    }
}

#[tokio::test]
async fn processes_must_be_enabled_for_the_account() {
    let tm = Tm::start().await;
    let id = tm.order(&order(15)).await;
    for method in SIGN.into_iter().chain(PHONE) {
        assert_eq!(confirm(&tm, method, &id, "123456").await, 400, "{method}");
    }
}

#[tokio::test]
async fn tan_must_have_its_length() {
    let tm = world().await;
    let id = waiting(&tm, SIGN).await;
    post(&tm, "requestSign", &id).await;
    for body in [
        "{}",
        r#"{"tan":123456}"#,
        r#"{"tan":""}"#,
        r#"{"tan":"1234567"}"#,
        r#"{"tan":null}"#,
        "[]",
        "x",
    ] {
        assert_eq!(
            tm.post(&format!("confirmSign/{id}"), body).await.status,
            400,
            "{body}"
        );
    }
    assert_eq!(
        confirm(&tm, "confirmSign", &id, &tan(&tm, &id)).await,
        202,
        "none of these counted"
    );
}

#[tokio::test]
async fn password_changes_with_number_and_tan() {
    let tm = Tm::start().await;
    let request = async |body: &str| tm.post("requestNewPassword", body).await.status;
    for body in [
        "{}",
        r#"{"mobile":49171123456}"#,
        r#"{"mobile":"0171123456"}"#,
    ] {
        assert_eq!(request(body).await, 400, "{body}");
    }
    let sample = r#"{"mobile":"+49171123456"}"#;
    assert_eq!(
        request(r#"{"mobile":"+49171999999"}"#).await,
        401,
        "another number"
    );
    assert_eq!(
        tm.post("confirmNewPassword", r#"{"tan":"123456"}"#)
            .await
            .status,
        401,
        "not requested"
    );
    let tan = async || {
        tm.control("GET", "accounts/example/phone", "").await.json()["tan"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(request(sample).await, 200);
    let first = tan().await;
    assert_eq!(first.len(), 6);
    let wrong = if first == "000000" {
        "111111"
    } else {
        "000000"
    };
    assert_eq!(
        tm.post("confirmNewPassword", &json!({ "tan": wrong }).to_string())
            .await
            .status,
        401
    );
    assert_eq!(
        tm.post("confirmNewPassword", &json!({ "tan": first }).to_string())
            .await
            .status,
        401,
        "to be requested again"
    );
    assert_eq!(request(sample).await, 200);
    let changed = tm
        .post(
            "confirmNewPassword",
            &json!({ "tan": tan().await }).to_string(),
        )
        .await;
    assert_eq!(changed.status, 200);
    let password = changed.json()["password"].as_str().unwrap().to_owned();
    assert_eq!(
        tm.get("systemStatus").await.status,
        401,
        "the old one is invalid"
    );
    assert_eq!(
        tm.call_as("example", &password, "GET", "systemStatus", "")
            .await
            .status,
        200
    );
    tm.sandbox
        .identity_tm()
        .configure(|account| account.mobile = None)
        .unwrap();
    assert_eq!(
        tm.call_as("example", &password, "POST", "requestNewPassword", sample)
            .await
            .status,
        400,
        "not enabled"
    );
}

#[tokio::test]
async fn sign_me_user_can_sign_once_verified() {
    let tm = Tm::start().await;
    let check = async |body: &str| tm.post("checkSignmeUser", body).await;
    let user = r#"{"Email":"e.mustermann@example.com"}"#;
    assert_eq!(
        check(user).await.json(),
        json!({ "UserExists": false, "UserIsAbleToSign": false })
    );
    let signing = with(order(15), "Add", json!(16));
    assert_eq!(
        tm.put_order(&signing).await.status,
        400,
        "there is no account to be used"
    );
    let id = tm
        .order(&with(without(order(15), "eSignPDF"), "Add", json!(8)))
        .await;
    assert_eq!(
        check(user).await.json(),
        json!({ "UserExists": true, "UserIsAbleToSign": false })
    );
    tm.run(&id, "happy").await;
    assert_eq!(
        check(user).await.json(),
        json!({ "UserExists": true, "UserIsAbleToSign": true })
    );
    let id = tm.finished(&signing, "happy").await;
    assert_eq!(
        tm.kinds(&id).await,
        [25, 7, 96, 101, 102, 83, 71, 84, 80],
        "a signature and no identification"
    );
    for kind in ["QES", "ADV", "BAS"] {
        let body = json!({ "Email": "e.mustermann@example.com", "signatureType": kind });
        assert_eq!(check(&body.to_string()).await.status, 200);
    }
    for body in [
        "{}",
        r#"{"Email":""}"#,
        r#"{"Email":"a@b","signatureType":"AES"}"#,
        r#"{"Email":"a@b","signatureType":1}"#,
    ] {
        assert_eq!(check(body).await.status, 400, "{body}");
    }
    tm.sandbox
        .identity_tm()
        .configure(|account| account.sign_me = false)
        .unwrap();
    assert_eq!(
        check(user).await.status,
        400,
        "the account does not use sign-me"
    );
}
