//! Identity.TM: an order from its creation to its deletion, and the statuses of each scenario.

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
use serde_json::json;

#[tokio::test]
async fn order_runs_from_creation_to_deletion() {
    let (tm, hooks) = (Tm::start().await, Hooks::start().await);
    let order = with(
        order(12),
        "WebhookURL",
        json!({ "OnFinal": format!("{}/final?order=[OrderID]&ref=[Ref]", hooks.url) }),
    );
    let id = tm.order(&order).await;
    assert_eq!(
        tm.get(&format!("getStatus/{id}")).await.json()["Status"],
        json!([])
    );
    assert_eq!(tm.get(&format!("getIdentData/{id}")).await.status, 400);
    assert_eq!(
        tm.call("DELETE", &format!("delIdentdata/{id}"), "")
            .await
            .status,
        406
    );
    tm.run(&id, "happy").await;
    assert_eq!(hooks.targets(), [format!("/final?order={id}&ref=T-1")]);
    let status = tm.get(&format!("getStatus/{id}")).await.json();
    let kinds: Vec<_> = status["Status"]
        .as_array()
        .unwrap()
        .iter()
        .map(|status| status["Kind"].as_u64().unwrap())
        .collect();
    assert_eq!(kinds, [75, 11, 30, 6, 80]);
    let result = tm.get(&format!("getIdentData/{id}")).await.json();
    assert_eq!(result["IdentData"][0]["Surname"], "Mustermann");
    assert_eq!(
        result["IdentData"][0]["Mobile"], "+491711234567",
        "it was verified by TAN"
    );
    assert_eq!(
        tm.call("DELETE", &format!("delIdentdata/{id}"), "")
            .await
            .status,
        202
    );
    assert_eq!(
        tm.call("DELETE", &format!("delIdentdata/{id}"), "")
            .await
            .status,
        404,
        "already deleted"
    );
    assert_eq!(tm.get(&format!("getIdentData/{id}")).await.status, 404);
    assert_eq!(
        tm.get(&format!("getStatus/{id}")).await.json()["Status"],
        status["Status"],
        "the history stays"
    );
}

/// The statuses, part by part.
type Parts<'a> = Vec<&'a [u64]>;

#[tokio::test]
async fn each_scenario_has_its_statuses_in_every_product() {
    let open = [25, 7];
    let call = [77, 78, 71, 75];
    let review = [104, 105, 11];
    let well = [106, 30, 6, 23];
    let sign = [101, 102, 83, 71, 84, 80];
    let video: [(&str, Parts<'_>, Parts<'_>); 10] = [
        (
            "happy",
            vec![&call, &review, &well, &[80]],
            vec![&call, &review, &well, &sign],
        ),
        (
            "data-changed",
            vec![&call, &review, &well, &[80]],
            vec![&call, &review, &well, &sign],
        ),
        ("rejected", vec![&call, &[108, 17]], vec![&call, &[108, 17]]),
        (
            "fraud",
            vec![&call, &[89, 108, 17]],
            vec![&call, &[89, 108, 17]],
        ),
        (
            "fraud-in-review",
            vec![&call, &review, &[89, 108, 17]],
            vec![&call, &review, &[89, 108, 17]],
        ),
        (
            "aborted-then-success",
            vec![&[77, 78, 79, 21, 7], &call, &review, &well, &[80]],
            vec![&[77, 78, 79, 21, 7], &call, &review, &well, &sign],
        ),
        (
            "canceled-in-review",
            vec![&call, &review, &[107, 22]],
            vec![&call, &review, &[107, 22]],
        ),
        ("expired", vec![&[99]], vec![&[99]]),
        ("never-finishes", vec![&call, &review], vec![&call, &review]),
        ("unknown-status", vec![&call, &[4711]], vec![&call, &[4711]]),
    ];
    let tm = Tm::start().await;
    for (scenario, identified, signed) in video {
        for (product, expected) in [(12, identified), (15, signed)] {
            let id = tm.finished(&order(product), scenario).await;
            assert_eq!(
                tm.kinds(&id).await,
                [open.to_vec(), expected.concat()].concat(),
                "{scenario} of product {product}"
            );
        }
    }
    let others: [(u64, &[u64]); 5] = [
        (8, &[25, 7, 105, 11, 30, 6, 23, 80]),
        (0, &[25, 7, 49, 50, 51, 6, 23, 80]),
        (19, &[25, 7, 49, 50, 51, 6, 23, 80]),
        (16, &[25, 7, 98, 71, 105, 11, 30, 6, 23, 80]),
        (17, &[25, 7, 71, 6, 80]),
    ];
    for (product, expected) in others {
        let id = tm.finished(&order(product), "happy").await;
        assert_eq!(tm.kinds(&id).await, expected, "product {product}");
    }
}

#[tokio::test]
async fn absent_person_and_absent_signer_time_out() {
    let tm = Tm::start().await;
    let id = tm.order(&order(12)).await;
    tm.sandbox.identity_tm().act(&id, "expired").unwrap();
    tm.seconds(30 * DAY - 1).await;
    assert_eq!(tm.kinds(&id).await, [25, 7]);
    tm.seconds(1).await;
    assert_eq!(tm.kinds(&id).await, [25, 7, 99]);
    assert_eq!(
        tm.get(&format!("getIdentData/{id}")).await.status,
        404,
        "a time-out deletes the order"
    );
    tm.sandbox
        .identity_tm()
        .configure(|account| account.customer_side_signing = true)
        .unwrap();
    let id = tm.finished(&order(15), "happy").await;
    tm.seconds(30 * DAY).await;
    assert_eq!(
        tm.kinds(&id).await.last(),
        Some(&100),
        "identified, not signed"
    );
    let id = tm.finished(&order(12), "never-finishes").await;
    tm.seconds(90 * DAY).await;
    assert_eq!(
        tm.kinds(&id).await.last(),
        Some(&11),
        "the person completed their part"
    );
    tm.sandbox
        .identity_tm()
        .configure(|account| account.time_out_days = None)
        .unwrap();
    let id = tm.order(&order(12)).await;
    tm.seconds(1000 * DAY).await;
    assert_eq!(tm.kinds(&id).await, [25, 7]);
    assert!(
        tm.sandbox.identity_tm().act(&id, "expired").is_err(),
        "nothing expires"
    );
}

#[tokio::test]
async fn results_are_deleted_after_a_week() {
    let tm = Tm::start().await;
    let id = tm.finished(&order(12), "happy").await;
    tm.seconds(7 * DAY - 1).await;
    assert_eq!(tm.get(&format!("getIdentData/{id}")).await.status, 200);
    tm.seconds(1).await;
    assert_eq!(tm.get(&format!("getIdentData/{id}")).await.status, 404);
}

#[tokio::test]
async fn cancelled_order_stops_and_keeps_its_data() {
    let tm = Tm::start().await;
    let id = tm.order(&order(12)).await;
    tm.sandbox.identity_tm().act(&id, "happy").unwrap();
    assert_eq!(tm.post(&format!("cancelOrder/{id}"), "").await.status, 202);
    assert_eq!(tm.post(&format!("cancelOrder/{id}"), "").await.status, 406);
    tm.seconds(DAY).await;
    assert_eq!(tm.kinds(&id).await, [25, 7, 63]);
    assert!(tm.sandbox.identity_tm().act(&id, "happy").is_err());
    assert!(!tm.view(&id).await["deleted"].as_bool().unwrap());
    assert_eq!(
        tm.call("DELETE", &format!("delIdentdata/{id}"), "")
            .await
            .status,
        202
    );
    assert_eq!(tm.post("cancelOrder/99920000000000", "").await.status, 404);
}

#[tokio::test]
async fn test_robots_act_for_integration_accounts_only() {
    let tm = Tm::start().await;
    let robots: [(&str, &[(u64, u64)]); 3] = [
        (
            "X-AUTOTEST-POSITIVE",
            &[(25, 0), (7, 12), (75, 0), (6, 0), (23, 0), (80, 0)],
        ),
        ("X-AUTOTEST-NEGATIVE", &[(25, 0), (7, 12), (17, 48)]),
        ("X-AUTOTEST-FRAUD", &[(25, 0), (7, 12), (89, 0), (17, 72)]),
    ];
    for (reference, expected) in robots {
        let id = tm.order(&with(order(12), "Ref", json!(reference))).await;
        tm.seconds(19).await;
        assert_eq!(tm.statuses(&id).await, expected[..2], "{reference}");
        tm.seconds(1).await;
        assert_eq!(tm.statuses(&id).await, expected, "{reference}");
    }
    let signed = tm
        .order(&with(order(15), "Ref", json!("X-AUTOTEST-POSITIVE")))
        .await;
    tm.seconds(20).await;
    assert_eq!(tm.kinds(&signed).await, [25, 7, 75, 6, 23, 84, 80]);
    let other = tm
        .order(&with(order(12), "Ref", json!("X-AUTOTEST-OTHER")))
        .await;
    tm.sandbox
        .identity_tm()
        .configure(|account| account.integration = false)
        .unwrap();
    let productive = tm
        .order(&with(order(12), "Ref", json!("X-AUTOTEST-POSITIVE")))
        .await;
    tm.seconds(DAY).await;
    assert_eq!(tm.kinds(&other).await, [25, 7], "not one of the three");
    assert_eq!(tm.kinds(&productive).await, [25, 7]);
}

#[tokio::test]
async fn sign_me_order_matches_sample_3_2_9() {
    let tm = Tm::start().await;
    let body = with(
        with(order(15), "Add", json!(8)),
        "getTargetLink",
        json!(true),
    );
    let id = tm.finished(&body, "happy").await;
    let expected = [
        25, 71, 94, 77, 78, 71, 75, 104, 105, 11, 106, 30, 6, 23, 95, 80,
    ];
    assert_eq!(tm.kinds(&id).await, expected);
    let sent: Vec<_> = tm
        .statuses(&id)
        .await
        .into_iter()
        .filter(|(kind, _)| *kind == 71)
        .collect();
    assert_eq!(sent, [(71, 44), (71, 16)], "the password, the TAN");
    let texts = tm.get(&format!("getStatus/{id}/ExtendedList")).await.json();
    let texts: Vec<_> = texts["Status"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|status| status["Text"].as_str())
        .collect();
    assert_eq!(texts, ["signme Passwort", "TAN"]);
    let again = tm.finished(&with(body, "Add", json!(4)), "happy").await;
    assert_eq!(
        tm.kinds(&again).await[..2],
        [25, 96],
        "the account exists already"
    );
}

#[tokio::test]
async fn both_spellings_of_deletion_are_accepted() {
    let tm = Tm::start().await;
    for spelling in ["delIdentData", "delIdentdata"] {
        let id = tm.order(&order(12)).await;
        let delete = || format!("{spelling}/{id}");
        assert_eq!(
            tm.call("DELETE", &delete(), "").await.status,
            406,
            "{spelling}: it is not finished"
        );
        tm.run(&id, "happy").await;
        assert_eq!(
            tm.call("DELETE", &delete(), "").await.status,
            202,
            "{spelling}"
        );
        assert_eq!(
            tm.get(&format!("getIdentData/{id}")).await.status,
            404,
            "{spelling}: the data are gone"
        );
    }
}

#[tokio::test]
async fn json_responses_have_documented_media_type() {
    let tm = Tm::start().await;
    let put = tm.put_order(&order(15)).await;
    let id = put.json()["OrderID"].as_str().unwrap().to_owned();
    tm.run(&id, "happy").await;
    let calls = ["getStatus", "getIdentData", "getImages", "getESignPDF"]
        .map(|method| format!("{method}/{id}"));
    let mut replies = vec![
        put,
        tm.get("systemStatus").await,
        tm.get("getStatus/1").await,
    ];
    for call in calls {
        replies.push(tm.get(&call).await);
    }
    for reply in replies {
        assert_eq!(
            reply.header("content-type"),
            Some("application/json"),
            "{}",
            reply.text()
        );
    }
}
