//! Identity.TM's webhooks (2.6): occasions, contents and retries.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod identity_tm;
mod support;

use identity_tm::{DAY, Hooks, Tm, order, with};
use jiff::Timestamp;
use serde_json::{Value, json};

const KINDS: [&str; 6] = [
    "AfterVideo",
    "AfterIdent",
    "OnFinal",
    "OnError",
    "OnVideoError",
    "OnStatusChange",
];

/// Returns an order with every webhook except this one.
fn hooked(hooks: &Hooks, product: u64, but: &str) -> Value {
    let urls = KINDS
        .into_iter()
        .filter(|kind| *kind != but)
        .map(|kind| (kind.to_owned(), json!(format!("{}/{kind}", hooks.url))));
    let mut body = with(order(product), "WebhookURL", Value::Object(urls.collect()));
    body["WebhookURL"]["OnStatusChange"] = json!(format!("{}/status/[statusCode]", hooks.url));
    body
}

#[tokio::test]
async fn each_scenario_sends_webhooks_in_order() {
    let scenarios: [(&str, &[&str]); 8] = [
        (
            "happy",
            &["/status/75", "/AfterVideo", "/status/11", "/OnFinal"],
        ),
        (
            "data-changed",
            &["/status/75", "/AfterVideo", "/status/11", "/OnFinal"],
        ),
        ("rejected", &["/status/75", "/AfterVideo", "/OnFinal"]),
        ("fraud", &["/status/75", "/AfterVideo", "/OnFinal"]),
        (
            "aborted-then-success",
            &[
                "/AfterVideo",
                "/OnVideoError",
                "/status/75",
                "/AfterVideo",
                "/status/11",
                "/OnFinal",
            ],
        ),
        (
            "canceled-in-review",
            &["/status/75", "/AfterVideo", "/status/11", "/OnFinal"],
        ),
        (
            "never-finishes",
            &["/status/75", "/AfterVideo", "/status/11"],
        ),
        ("expired", &["/OnFinal"]),
    ];
    for (scenario, expected) in scenarios {
        let (tm, hooks) = (Tm::start().await, Hooks::start().await);
        tm.finished(&hooked(&hooks, 12, "AfterIdent"), scenario)
            .await;
        assert_eq!(hooks.targets(), expected, "{scenario}");
    }
    let (tm, hooks) = (Tm::start().await, Hooks::start().await);
    let id = tm
        .finished(&hooked(&hooks, 15, "AfterVideo"), "happy")
        .await;
    assert_eq!(
        hooks.targets(),
        ["/status/75", "/AfterIdent", "/status/11", "/OnFinal"]
    );
    let final_at = tm.view(&id).await["statuses"]
        .as_array()
        .unwrap()
        .iter()
        .position(|status| status["kind"] == 84);
    assert!(final_at.is_some(), "an order with a signature ends with it");
    let (tm, hooks) = (Tm::start().await, Hooks::start().await);
    tm.finished(&hooked(&hooks, 15, "AfterVideo"), "signature-aborted")
        .await;
    assert_eq!(hooks.targets().last().unwrap(), "/OnFinal");
}

#[tokio::test]
async fn timeout_cancellation_and_error_send_webhooks() {
    let (tm, hooks) = (Tm::start().await, Hooks::start().await);
    tm.order(&hooked(&hooks, 12, "AfterIdent")).await;
    tm.seconds(30 * DAY).await;
    assert_eq!(hooks.targets(), ["/OnFinal"]);
    let id = tm.order(&hooked(&hooks, 12, "AfterIdent")).await;
    tm.post(&format!("cancelOrder/{id}"), "").await;
    tm.seconds(0).await;
    assert_eq!(hooks.targets(), ["/OnFinal"; 2]);
    let id = tm.order(&hooked(&hooks, 15, "AfterIdent")).await;
    tm.control(
        "POST",
        &format!("orders/{id}/status"),
        r#"{"kind":139,"sub_kind":66}"#,
    )
    .await;
    tm.seconds(0).await;
    assert_eq!(hooks.targets().last().unwrap(), "/OnError");
}

#[tokio::test]
async fn placeholders_are_filled_and_encoded() {
    let (tm, hooks) = (Tm::start().await, Hooks::start().await);
    tm.sandbox
        .identity_tm()
        .configure(|account| account.status_change_kinds = vec![17])
        .unwrap();
    let address = |path: &str| {
        json!(format!(
            "{}{path}?id=[OrderID]&ref=[Ref]&again=[OrderID]&code=[statusCode]",
            hooks.url
        ))
    };
    let body = with(
        order(12),
        "WebhookURL",
        json!({ "OnFinal": address("/f"), "OnStatusChange": address("/s") }),
    );
    let id = tm
        .finished(&with(body, "Ref", json!("ä&[OrderID]/ ")), "rejected")
        .await;
    let filled = format!("id={id}&ref=%C3%A4%26%5BOrderID%5D%2F%20&again={id}&code=");
    assert_eq!(
        hooks.targets(),
        [format!("/s?{filled}17"), format!("/f?{filled}[statusCode]")]
    );
}

#[tokio::test]
async fn webhooks_use_get_by_default() {
    let (tm, hooks) = (Tm::start().await, Hooks::start().await);
    let account = tm.control("GET", "accounts/example", "").await.json();
    for method in ["GET", "POST", "PUT"] {
        let set = tm
            .control(
                "PUT",
                "accounts/example",
                &with(account.clone(), "webhook_method", json!(method)).to_string(),
            )
            .await;
        assert_eq!(set.status, 200, "{}", set.text());
        tm.finished(
            &with(
                order(12),
                "WebhookURL",
                json!({ "OnFinal": format!("{}/{method}", hooks.url) }),
            ),
            "happy",
        )
        .await;
        let hook = hooks.received().pop().unwrap();
        assert_eq!(
            (hook.method.as_str(), hook.target, hook.body),
            (method, format!("/{method}"), Vec::new())
        );
    }
}

#[tokio::test]
async fn accounts_webhooks_are_the_default() {
    let (tm, hooks) = (Tm::start().await, Hooks::start().await);
    tm.sandbox
        .identity_tm()
        .configure(|account| account.webhooks.on_final = Some(format!("{}/account", hooks.url)))
        .unwrap();
    tm.finished(&order(12), "happy").await;
    tm.finished(
        &with(
            order(12),
            "WebhookURL",
            json!({ "OnFinal": format!("{}/order", hooks.url) }),
        ),
        "happy",
    )
    .await;
    assert_eq!(hooks.targets(), ["/account", "/order"]);
    let both = tm.sandbox.identity_tm().configure(|account| {
        account.webhooks.after_video = Some(format!("{}/video", hooks.url));
        account.webhooks.after_ident = Some(format!("{}/ident", hooks.url));
    });
    assert!(both.is_err(), "only one of the two is sent");
    tm.sandbox
        .identity_tm()
        .configure(|account| account.webhooks.after_video = Some(format!("{}/video", hooks.url)))
        .unwrap();
    tm.finished(
        &with(
            order(12),
            "WebhookURL",
            json!({ "AfterIdent": format!("{}/ident", hooks.url) }),
        ),
        "happy",
    )
    .await;
    assert_eq!(
        hooks.targets()[2..],
        ["/ident", "/account"],
        "the order's address takes precedence"
    );
    let elsewhere = tm
        .sandbox
        .identity_tm()
        .configure(|account| account.webhooks.on_final = Some("https://example.com".into()));
    assert!(elsewhere.is_err(), "no request leaves this machine");
}

#[tokio::test]
async fn foreign_webhook_is_accepted_and_never_sent() {
    let tm = Tm::start().await;
    tm.finished(
        &with(
            order(12),
            "WebhookURL",
            json!({ "OnFinal": "https://example.com/hook" }),
        ),
        "happy",
    )
    .await;
    let callbacks = tm.sandbox.callbacks();
    assert_eq!(
        (
            callbacks.len(),
            callbacks[0].state,
            callbacks[0].attempts.len()
        ),
        (1, "lost", 0)
    );
    assert_eq!(
        (callbacks[0].vendor, callbacks[0].kind),
        ("identity-tm", "OnFinal")
    );
}

#[tokio::test]
async fn only_200_and_202_count_as_delivered() {
    for (status, attempts) in [
        (200, 1),
        (202, 1),
        (201, 2),
        (204, 2),
        (302, 2),
        (404, 2),
        (500, 2),
    ] {
        let (tm, hooks) = (Tm::start().await, Hooks::start().await);
        hooks.will_answer([status]);
        tm.finished(
            &with(order(12), "WebhookURL", json!({ "OnFinal": hooks.url })),
            "happy",
        )
        .await;
        tm.seconds(100).await;
        let callback = &tm.sandbox.callbacks()[0];
        assert_eq!(
            (callback.attempts.len(), callback.state),
            (attempts, "delivered"),
            "{status}"
        );
    }
}

#[tokio::test]
async fn webhook_is_retried_for_six_days() {
    let (tm, hooks) = (Tm::start().await, Hooks::start().await);
    hooks.will_answer(std::iter::repeat_n(503, 1000));
    tm.finished(
        &with(order(12), "WebhookURL", json!({ "OnFinal": hooks.url })),
        "happy",
    )
    .await;
    tm.seconds(10 * DAY).await;
    let callback = &tm.sandbox.callbacks()[0];
    assert_eq!(callback.state, "given_up");
    let times: Vec<i64> = callback
        .attempts
        .iter()
        .map(|attempt| attempt.at.parse::<Timestamp>().unwrap().as_millisecond())
        .collect();
    let seconds: Vec<f64> = times
        .iter()
        .map(|time| (time - times[0]) as f64 / 1000.0)
        .collect();
    let minutes = (0..13).map(|minute| 86.4 + 60.0 * f64::from(minute));
    let hours = (0..12).map(|hour| 864.0 + 3600.0 * f64::from(hour));
    let nights = (0..6).map(|night| 43_200.0 + 86_400.0 * f64::from(night));
    assert_eq!(
        seconds,
        [0.0]
            .into_iter()
            .chain(minutes)
            .chain(hours)
            .chain(nights)
            .collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn mails_go_to_the_orders_addresses() {
    let tm = Tm::start().await;
    let body = with(
        order(12),
        "EmailNotifications",
        json!({
            "OnPositiveIdent": "p@example.com", "OnNegativeIdent": "n@example.com", "OnTimeOut": "t@example.com",
            "OnLeave": "l@example.com"
        }),
    );
    for (scenario, expected) in [
        ("happy", vec!["OnLeave", "OnPositiveIdent"]),
        ("rejected", vec!["OnLeave", "OnNegativeIdent"]),
    ] {
        let id = tm.finished(&body, scenario).await;
        let view = tm.view(&id).await;
        let kinds: Vec<_> = view["mails"]
            .as_array()
            .unwrap()
            .iter()
            .map(|mail| mail["kind"].as_str().unwrap())
            .collect();
        assert_eq!(kinds, expected, "{scenario}");
    }
    let id = tm.order(&body).await;
    tm.seconds(30 * DAY).await;
    assert_eq!(
        tm.view(&id).await["mails"],
        json!([{ "kind": "OnTimeOut", "address": "t@example.com" }])
    );
}
