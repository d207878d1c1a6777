//! Identity.TM's getStatus (3.2): the table of codes and its variants; authentication (2.7);
//! monitoring (8).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod identity_tm;
mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use identity_tm::{Tm, order, with};
use serde_json::{Value, json};

/// The table of 3.2.3, as printed: kind, final for identification, final for eSign, extended.
const CODES: &str = "
    6 Y N N, 7 N N Y, 11 N N N, 12 N N N, 14 N N N, 16 Y Y N, 17 Y Y N, 21 N N N, 22 Y Y N, 23 N N Y, 24 N N Y, 25 N N Y, 29 N N Y,
    30 N N N, 49 N N Y, 50 N N Y, 51 N N Y, 53 N N Y, 54 N N Y, 55 N N N, 56 N N N, 57 N N N, 58 Y Y N, 63 Y Y N, 68 N N N,
    70 N N Y, 71 N N Y, 73 N N N, 74 N N Y, 75 N N N, 77 N N Y, 78 N N Y, 79 N N Y, 80 N N N, 83 N N Y, 84 N Y Y, 87 N N N,
    89 N N Y, 94 N N Y, 95 N N Y, 96 N N Y, 98 N N N, 99 Y Y N, 100 Y Y N, 101 N N Y, 102 N N Y, 103 N Y N, 104 N N Y, 105 N N Y,
    106 N N Y, 107 N N Y, 108 N N Y, 109 N N Y, 139 N N Y, 153 N N Y, 10000 N N Y, 10001 N N Y, 10002 N N Y, 10003 N N Y,
    10004 N N Y, 10005 N N Y, 10006 N N Y, 10007 N N Y, 10008 N N Y, 10009 N N Y, 10010 N N Y, 20000 N N Y, 20001 N N Y,
    20002 N N Y, 20003 N N Y, 20004 N N Y, 20005 N N Y, 20006 N N Y, 20007 N N Y, 20008 N N Y, 20009 N N Y, 20010 N N Y, 20011 N N Y";

/// The table of 3.2.3.1.
const SUB_KINDS: [(u64, &[u64]); 10] = [
    (6, &[19]),
    (7, &[10, 12, 21, 24, 25, 28, 33, 37, 55, 58]),
    (17, &[43, 48, 61, 72, 73, 74, 75]),
    (
        21,
        &[
            14, 15, 18, 22, 27, 29, 32, 34, 36, 38, 39, 42, 47, 50, 53, 54,
        ],
    ),
    (23, &[20, 41]),
    (29, &[63, 64, 65, 76]),
    (58, &[30]),
    (71, &[16, 17, 23, 44, 46, 49, 56, 62]),
    (103, &[79]),
    (139, &[66]),
];

async fn set(tm: &Tm, order: &str, kind: u64, sub_kind: Option<u64>) -> Value {
    let reply = tm
        .control(
            "POST",
            &format!("orders/{order}/status"),
            &json!({ "kind": kind, "sub_kind": sub_kind }).to_string(),
        )
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

async fn last(tm: &Tm, path: &str) -> Option<Value> {
    tm.get(path).await.json()["Status"]
        .as_array()
        .unwrap()
        .last()
        .cloned()
}

#[tokio::test]
async fn each_code_is_visible_and_final_as_documented() {
    let tm = Tm::start().await;
    let mut rows = 0;
    for row in CODES.split(',') {
        let words: Vec<&str> = row.split_whitespace().collect();
        let (kind, flags): (u64, Vec<bool>) = (
            words[0].parse().unwrap(),
            words[1..].iter().map(|word| *word == "Y").collect(),
        );
        for (product, is_final) in [(12, flags[0]), (15, flags[1])] {
            let id = tm.order(&order(product)).await;
            assert_eq!(
                set(&tm, &id, kind, None).await["final"],
                is_final,
                "{kind} of product {product}"
            );
            let normal = last(&tm, &format!("getStatus/{id}"))
                .await
                .map(|status| status["Kind"].as_u64().unwrap());
            assert_eq!(normal, (!flags[2]).then_some(kind), "{kind}");
            assert_eq!(
                last(&tm, &format!("getStatus/{id}/ExtendedList"))
                    .await
                    .unwrap()["Kind"],
                kind
            );
            let deletion = tm
                .call("DELETE", &format!("delIdentdata/{id}"), "")
                .await
                .status;
            assert_eq!(
                deletion,
                if is_final { 202 } else { 406 },
                "{kind} of product {product}"
            );
        }
        rows += 1;
    }
    assert_eq!(rows, 78);
}

#[tokio::test]
async fn sub_kinds_appear_in_their_variants_only() {
    let tm = Tm::start().await;
    let of_auto_id: Vec<u64> = (176..=209).collect();
    for (kind, sub_kinds) in SUB_KINDS.into_iter().chain([(153, of_auto_id.as_slice())]) {
        for sub_kind in sub_kinds {
            let id = tm.order(&order(15)).await;
            set(&tm, &id, kind, Some(*sub_kind)).await;
            let variant = async |rest: &str| last(&tm, &format!("getStatus/{id}{rest}")).await;
            assert_eq!(
                variant("/ExtendedList/IncludeSubKind").await.unwrap()["SubKind"],
                *sub_kind
            );
            assert_eq!(variant("/ExtendedList").await.unwrap().get("SubKind"), None);
            if let Some(status) = variant("").await {
                assert_eq!(
                    (&status["Kind"], status.get("SubKind")),
                    (&json!(kind), None)
                );
                assert_eq!(
                    variant("/IncludeSubKind").await.unwrap()["SubKind"],
                    *sub_kind
                );
            }
        }
    }
    let id = tm.order(&order(12)).await;
    let wrong = tm
        .control(
            "POST",
            &format!("orders/{id}/status"),
            r#"{"kind":6,"sub_kind":7}"#,
        )
        .await;
    assert_eq!(wrong.status, 400, "the table has no such sub-kind");
}

#[tokio::test]
async fn undocumented_code_is_reported_and_ends_nothing() {
    let tm = Tm::start().await;
    let id = tm.finished(&order(12), "unknown-status").await;
    assert_eq!(
        last(&tm, &format!("getStatus/{id}")).await.unwrap()["Kind"],
        4711
    );
    assert_eq!(tm.get(&format!("getIdentData/{id}")).await.status, 400);
}

#[tokio::test]
async fn status_has_the_members_of_3_2_6() {
    let tm = Tm::start().await;
    let id = tm.finished(&order(12), "happy").await;
    let body = tm
        .get(&format!("getStatus/{id}/ExtendedList/IncludeSubKind"))
        .await
        .json();
    let names: Vec<_> = body
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(names, ["OrderID", "Ref", "Executed", "Status"]);
    assert_eq!(
        (&body["OrderID"], &body["Ref"]),
        (&json!(id), &json!("T-1"))
    );
    let mut before = None;
    for status in body["Status"].as_array().unwrap() {
        let time = status["Time"].as_str().unwrap();
        assert!(
            time.ends_with("+01:00") || time.ends_with("+02:00"),
            "{time} is the vendor's, with its offset"
        );
        let time: jiff::Timestamp = time.parse().unwrap();
        assert!(before <= Some(time));
        before = Some(time);
    }
    assert!(before <= Some(body["Executed"].as_str().unwrap().parse().unwrap()));
    let sms = body["Status"]
        .as_array()
        .unwrap()
        .iter()
        .find(|status| status["Kind"] == 71)
        .unwrap();
    assert_eq!((&sms["SubKind"], &sms["Text"]), (&json!(16), &json!("TAN")));
}

#[tokio::test]
async fn get_status_has_four_variants() {
    let tm = Tm::start().await;
    let id = tm.order(&order(12)).await;
    for (rest, status) in [
        ("", 200),
        ("/IncludeSubKind", 200),
        ("/ExtendedList", 200),
        ("/ExtendedList/IncludeSubKind", 200),
        ("/IncludeSubKind/ExtendedList", 404),
        ("/extendedlist", 404),
        ("/Everything", 404),
    ] {
        assert_eq!(
            tm.get(&format!("getStatus/{id}{rest}")).await.status,
            status,
            "{rest}"
        );
    }
    assert_eq!(tm.get("getStatus/99920000000000").await.status, 404);
    let basic = format!("Basic {}", STANDARD.encode("example:examplePassword"));
    let at = async |path: &str| {
        support::send(&tm.base, "GET", path, &[("Authorization", &basic)], "")
            .await
            .unwrap()
            .status
    };
    assert_eq!(
        at(&format!("/api/2.0/getStatus/{id}/ExtendedList")).await,
        200,
        "the sample of 3.2.8"
    );
    assert_eq!(at(&format!("/api/2.0/getIdentData/{id}")).await, 404);
    assert_eq!(at(&format!("/api/2.11/getStatus/{id}")).await, 404);
}

#[tokio::test]
async fn only_own_credentials_authenticate() {
    let tm = Tm::start().await;
    let id = tm.order(&order(12)).await;
    let path = format!("/api/2.10/getStatus/{id}");
    let encode = |text: &str| format!("Basic {}", STANDARD.encode(text));
    let wrong = [
        encode("example:wrong"),
        encode("nobody:examplePassword"),
        encode("example"),
        encode("example:examplePassword").replace("Basic", "Bearer"),
        "Basic ?".to_owned(),
        "Basic".to_owned(),
        String::new(),
    ];
    for header in &wrong {
        let reply = support::send(&tm.base, "GET", &path, &[("Authorization", header)], "")
            .await
            .unwrap();
        assert_eq!(
            (reply.status, reply.header("www-authenticate").is_some()),
            (401, true),
            "{header}"
        );
    }
    assert_eq!(
        support::send(&tm.base, "GET", &path, &[], "")
            .await
            .unwrap()
            .status,
        401
    );
    assert_eq!(
        support::send(
            &tm.base,
            "PUT",
            "/api/2.10/putOrder",
            &[],
            order(12).to_string()
        )
        .await
        .unwrap()
        .status,
        401
    );
    let second = async |method: &str, path: &str| {
        tm.call_as("second", "secondPassword", method, path, "")
            .await
            .status
    };
    for (method, name) in [
        ("GET", "getStatus"),
        ("GET", "getIdentData"),
        ("GET", "getIdentDataPDF"),
        ("GET", "getESignPDF"),
        ("GET", "getESignHash"),
        ("GET", "getESignAuditLogPDF"),
        ("GET", "getImages"),
        ("GET", "getVideoFileBinary"),
        ("GET", "getVoiceFiles"),
        ("DELETE", "delIdentdata"),
        ("POST", "cancelOrder"),
    ] {
        assert_eq!(
            second(method, &format!("{name}/{id}")).await,
            404,
            "{name} of another account's order"
        );
    }
}

#[tokio::test]
async fn monitoring_reports_the_accounts_functions() {
    let tm = Tm::start().await;
    let alive = support::send(&tm.base, "GET", "/api/2.10/serverStatus", &[], "")
        .await
        .unwrap();
    assert_eq!(alive.status, 200, "it needs no credentials");
    assert_eq!(
        support::send(&tm.base, "GET", "/api/2.10/systemStatus", &[], "")
            .await
            .unwrap()
            .status,
        401
    );
    let mut expected = json!({
        "serverAlive": true, "apiAvailable": true, "videoAvailable": true, "mailingAvailable": true, "smsTanAvailable": true,
        "autoIdentAvailable": true,
        "eSign": { "serverAlive": true, "qesAvailable": true, "fesServerAlive": true, "fesAvailable": true }
    });
    assert_eq!(tm.get("systemStatus").await.json(), expected);
    tm.sandbox
        .identity_tm()
        .configure(|account| account.advanced_signatures = false)
        .unwrap();
    expected["eSign"] = json!({ "serverAlive": true, "qesAvailable": true });
    assert_eq!(
        tm.get("systemStatus").await.json(),
        expected,
        "AES only appears if it is configured"
    );
    let second = tm
        .call_as("second", "secondPassword", "GET", "systemStatus", "")
        .await
        .json();
    assert_eq!(
        (second.get("eSign"), second.get("autoIdentAvailable")),
        (None, None)
    );
}

#[tokio::test]
async fn methods_require_documented_http_methods() {
    let tm = Tm::start().await;
    let id = tm.finished(&order(12), "happy").await;
    for (method, path) in [
        ("GET", format!("delIdentdata/{id}")),
        ("DELETE", format!("delidentdata/{id}")),
        ("POST", format!("getStatus/{id}")),
        ("GET", format!("getstatus/{id}")),
        ("PUT", format!("cancelOrder/{id}")),
        ("GET", "getStatus".to_owned()),
        ("GET", "getShops".to_owned()),
        ("POST", format!("noSuchMethod/{id}")),
    ] {
        assert_eq!(
            tm.call(method, &path, "").await.status,
            404,
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn persons_links_redirect_when_finished() {
    let tm = Tm::start().await;
    let redirects = json!({ "Success": "https://example.com/yes/[OrderID]?ref=[Ref]", "Abort": "https://example.com/no" });
    let body = with(
        with(order(12), "getTargetLink", json!(true)),
        "RedirectURL",
        redirects,
    );
    let body = with(body, "Ref", json!("a b&c"));
    for (scenario, expected) in [
        ("happy", "https://example.com/yes/{id}?ref=a%20b%26c"),
        ("rejected", "https://example.com/no"),
    ] {
        let created = tm.put_order(&body).await.json();
        let id = created["OrderID"].as_str().unwrap();
        let path = created["TargetURL"]
            .as_str()
            .unwrap()
            .strip_prefix(tm.base.as_str())
            .unwrap();
        let open = async || {
            support::send(&tm.base, "GET", path, &[("Host", "www.identity.tm")], "")
                .await
                .unwrap()
        };
        let page = open().await;
        assert_eq!(
            (page.status, page.header("location")),
            (200, None),
            "the person has not come yet"
        );
        tm.run(id, scenario).await;
        let page = open().await;
        assert_eq!(
            (page.status, page.header("location")),
            (302, Some(expected.replace("{id}", id).as_str()))
        );
    }
    assert_eq!(
        support::send(&tm.base, "GET", "/status/0", &[], "")
            .await
            .unwrap()
            .status,
        404
    );
}

#[tokio::test]
async fn page_names_every_setting_scenario_and_route() {
    let (tm, readme) = (Tm::start().await, include_str!("../vendors/identity-tm.md"));
    let account = tm.control("GET", "accounts/example", "").await.json();
    for name in account
        .as_object()
        .unwrap()
        .keys()
        .filter(|name| *name != "user")
    {
        assert!(readme.contains(&format!("`{name}`")), "{name}");
    }
    let id = tm.order(&order(15)).await;
    let scenarios = support::send(&tm.base, "GET", "/_control/identity-tm/scenarios", &[], "")
        .await
        .unwrap()
        .json();
    assert_eq!(scenarios.as_array().unwrap().len(), 18);
    for name in scenarios
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
    {
        assert!(readme.contains(&format!("`{name}`")), "{name}");
        let id = tm.order(&order(15)).await;
        assert!(tm.sandbox.identity_tm().act(&id, name).is_ok(), "{name}");
    }
    let mut routes = 0;
    for line in readme.lines().filter(|line| line.starts_with("- `")) {
        let (method, path) = line.split('`').nth(1).unwrap().split_once(' ').unwrap();
        let path = path.replace("{user}", "example").replace("{order}", &id);
        let reply = support::send(&tm.base, method, &path, &[], "")
            .await
            .unwrap();
        assert_ne!(reply.status, 404, "{line}");
        routes += 1;
    }
    assert_eq!(routes, 6);
}

#[tokio::test]
async fn every_request_is_answered() {
    let tm = Tm::start().await;
    let id = tm.finished(&order(15), "happy").await;
    let whole = order(15).to_string().into_bytes();
    for index in 0..whole.len() {
        let mut altered = whole.clone();
        altered[index] = altered[index].wrapping_mul(31).wrapping_add(7);
        let body = String::from_utf8_lossy(&altered).into_owned();
        let status = tm.call("PUT", "putOrder", &body).await.status;
        assert!(matches!(status, 202 | 400), "{status}: {body}");
        let status = tm
            .call("PUT", "putOrder", &String::from_utf8_lossy(&whole[..index]))
            .await
            .status;
        assert_eq!(status, 400, "cut at {index}");
    }
    for path in [
        "",
        "/",
        "//",
        "/api",
        "/api/",
        "/api/2.10",
        "/api/2.10/",
        "/api/2.10//",
        "/api/2.10/getStatus//",
        "/%ff",
        "/status",
    ] {
        let reply = support::send(
            &tm.base,
            "GET",
            &format!("/{}", path.trim_start_matches('/')),
            &[],
            "",
        )
        .await
        .unwrap();
        assert!(
            matches!(reply.status, 401 | 404),
            "{path}: {}",
            reply.status
        );
    }
    for rest in ["/", "//", "/%00", "/%ff", "/..", "/crypt/", "/%F0%9F%98%80"] {
        for method in [
            "getStatus",
            "getIdentData",
            "getESignPDF",
            "getVideoFileBinary",
            "getOrdersByRef",
        ] {
            let status = tm.get(&format!("{method}/{id}{rest}")).await.status;
            assert!(matches!(status, 400 | 404), "{method}{rest}: {status}");
        }
    }
}
