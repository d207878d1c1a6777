//! IDnow's requirements for clients, rule by rule: chapters 3, 6.4, 8 and 12.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use serde_json::{Value, json};
use support::{JSON, KEY, Reply, World};

const START: &str = "/api/v1/ihrebank/identifications/T-1/start";

fn owned(
    cause: &str,
    key: Option<&str>,
    message: Option<&str>,
) -> (String, Option<String>, Option<String>) {
    (
        cause.to_owned(),
        key.map(str::to_owned),
        message.map(str::to_owned),
    )
}

/// Checks that a response refuses a field's format, in the document's words (chapter 12).
#[track_caller]
fn assert_bad_value(reply: &Reply, key: &str) {
    let message = format!("Please provide a correct value for ‘{key}’");
    assert_eq!(
        (reply.status, reply.error()),
        (400, owned("BAD_REQUEST", Some(key), Some(&message)))
    );
}

#[tokio::test]
async fn start_requires_a_valid_key() {
    let world = World::start().await;
    for headers in [
        vec![JSON],
        vec![("X-API-KEY", "exampleApiKez"), JSON],
        vec![("X-API-KEY", ""), JSON],
    ] {
        world
            .send("POST", START, &headers, "{}")
            .await
            .assert_failure(401, "INVALID_LOGIN_TOKEN");
    }
    // A company's key is invalid at another company, and at an unknown one.
    for company in ["testbank", "nobody"] {
        let target = format!("/api/v1/{company}/identifications/T-1/start");
        world
            .send("POST", &target, &[KEY, JSON], "{}")
            .await
            .assert_failure(401, "INVALID_LOGIN_TOKEN");
    }
    assert_eq!(
        world.sandbox.idnow().identifications(),
        0,
        "nothing was created"
    );
}

#[tokio::test]
async fn both_sample_keys_are_valid() {
    let world = World::start().await;
    for key in ["exampleApiKey", "BXCexampleexampleexampleexampleRP"] {
        let target = format!("/api/v1/ihrebank/identifications/{key}/start");
        assert_eq!(
            world
                .send("POST", &target, &[("X-API-KEY", key), JSON], "{}")
                .await
                .status,
            201
        );
    }
}

#[tokio::test]
async fn start_accepts_login_token_in_place_of_key() {
    let world = World::start().await;
    let token = world.token().await;
    assert_eq!(
        world
            .send("POST", START, &[("X-API-LOGIN-TOKEN", &token), JSON], "{}")
            .await
            .status,
        201
    );
}

#[tokio::test]
async fn login_requires_company_and_key() {
    let world = World::start().await;
    let login = async |company: &str, body: &str| {
        world
            .send("POST", &format!("/api/v1/{company}/login"), &[JSON], body)
            .await
    };
    for (company, body) in [
        ("ihrebank", r#"{"apiKey":"wrong"}"#),
        ("ihrebank", r#"{"apiKey":"testbankApiKey"}"#),
        ("ihrebank", r#"{"apiKey":null}"#),
        ("ihrebank", "{}"),
        ("nobody", r#"{"apiKey":"exampleApiKey"}"#),
    ] {
        login(company, body)
            .await
            .assert_failure(401, "INVALID_LOGIN_TOKEN");
    }
    login("ihrebank", r#"{"apiKey""#)
        .await
        .assert_failure(400, "UNPARSEABLE_JSON");
    let unknown = login("ihrebank", r#"{"apiKey":"exampleApiKey","user":"me"}"#).await;
    assert_eq!(
        (unknown.status, unknown.error()),
        (400, owned("UNRECOGNIZED_FIELD", Some("user"), None))
    );
    let form = world
        .send(
            "POST",
            "/api/v1/ihrebank/login",
            &[],
            r#"{"apiKey":"exampleApiKey"}"#,
        )
        .await;
    assert_eq!((form.status, form.error().0.as_str()), (400, "BAD_REQUEST"));
}

#[tokio::test]
async fn every_login_yields_another_valid_token() {
    let world = World::start().await;
    let (first, second) = (world.token().await, world.token().await);
    assert_ne!(first, second);
    for token in [first, second] {
        assert_eq!(
            world
                .send(
                    "GET",
                    "/api/v1/ihrebank",
                    &[("X-API-LOGIN-TOKEN", &token)],
                    ""
                )
                .await
                .status,
            200
        );
    }
}

#[tokio::test]
async fn routes_require_a_valid_login_token() {
    let world = World::start().await;
    world.finish("T-1", "happy").await;
    for (method, target) in [
        ("GET", "/api/v1/ihrebank"),
        ("GET", "/api/v1/ihrebank/identifications"),
        ("GET", "/api/v1/ihrebank/identifications/T-1"),
        ("GET", "/api/v1/ihrebank/identifications/T-1.zip"),
        ("DELETE", "/api/v1/ihrebank/identifications/T-1"),
    ] {
        // The key alone is not sufficient.
        for headers in [
            vec![],
            vec![KEY],
            vec![("X-API-LOGIN-TOKEN", "7eb579f6-51b9-4a61-a32b-8bce0f84c6fa")],
        ] {
            world
                .send(method, target, &headers, "")
                .await
                .assert_failure(401, "INVALID_LOGIN_TOKEN");
        }
    }
    assert_eq!(
        world.ask("GET", "/T-1").await.status,
        200,
        "it is still there"
    );
}

#[tokio::test]
async fn token_expires_after_an_idle_hour() {
    let world = World::start().await;
    let token = world.token().await;
    let ask = async || {
        world
            .send(
                "GET",
                "/api/v1/ihrebank",
                &[("X-API-LOGIN-TOKEN", token.as_str())],
                "",
            )
            .await
    };
    // Repeated use within the hour extends its lifetime.
    for _ in 0..3 {
        world.seconds(3599).await;
        assert_eq!(ask().await.status, 200);
    }
    world.seconds(3600).await;
    ask().await.assert_failure(401, "INVALID_LOGIN_TOKEN");
    // An expired token stays invalid; another login helps.
    ask().await.assert_failure(401, "INVALID_LOGIN_TOKEN");
    assert_eq!(world.ask("GET", "").await.status, 200);
}

#[tokio::test]
async fn tokens_can_be_invalidated() {
    let world = World::start().await;
    let token = world.token().await;
    assert_eq!(
        world.control("DELETE", "idnow/tokens", "").await.status,
        200
    );
    world
        .send(
            "GET",
            "/api/v1/ihrebank",
            &[("X-API-LOGIN-TOKEN", &token)],
            "",
        )
        .await
        .assert_failure(401, "INVALID_LOGIN_TOKEN");
}

#[tokio::test]
async fn other_companys_identifications_are_not_accessible() {
    let world = World::start().await;
    world.finish("T-1", "happy").await;
    let login = world
        .send(
            "POST",
            "/api/v1/testbank/login",
            &[JSON],
            r#"{"apiKey":"testbankApiKey"}"#,
        )
        .await;
    let token = login.json()["authToken"].as_str().unwrap().to_owned();
    let token = [("X-API-LOGIN-TOKEN", token.as_str())];
    for (method, rest) in [
        ("GET", "/T-1"),
        ("GET", ""),
        ("GET", "/T-1.zip"),
        ("DELETE", "/T-1"),
    ] {
        let target = format!("/api/v1/ihrebank/identifications{rest}");
        world
            .send(method, &target, &token, "")
            .await
            .assert_failure(401, "SECURITY_VIOLATION");
    }
    // The company has no such identification of its own, and its list is empty.
    world
        .send("GET", "/api/v1/testbank/identifications/T-1", &token, "")
        .await
        .assert_failure(404, "OBJECT_NOT_FOUND");
    let list = world
        .send("GET", "/api/v1/testbank/identifications", &token, "")
        .await;
    assert_eq!(list.json(), json!({ "identifications": [] }));
}

#[tokio::test]
async fn body_must_have_json_media_type() {
    let world = World::start().await;
    for kind in [
        vec![],
        vec![("Content-Type", "text/plain")],
        vec![("Content-Type", "application/x-www-form-urlencoded")],
    ] {
        let reply = world
            .send("POST", START, &[vec![KEY], kind].concat(), "{}")
            .await;
        let (cause, key, message) = reply.error();
        assert_eq!(
            (reply.status, cause.as_str(), key),
            (400, "BAD_REQUEST", None)
        );
        assert!(message.unwrap().contains("Content-Type"));
    }
    let kind = ("Content-Type", "application/json; charset=UTF-8");
    assert_eq!(
        world.send("POST", START, &[KEY, kind], "{}").await.status,
        201,
        "a charset is accepted"
    );
}

#[tokio::test]
async fn body_must_be_a_json_object_in_utf_8() {
    let world = World::start().await;
    for body in [
        b"".as_slice(),
        b"{",
        b"[]",
        b"null",
        b"\"x\"",
        b"{\"city\":\"M\xfcnchen\"}",
        b"{}{}",
    ] {
        world
            .send("POST", START, &[KEY, JSON], body)
            .await
            .assert_failure(400, "UNPARSEABLE_JSON");
    }
}

#[tokio::test]
async fn undocumented_field_is_refused_by_name() {
    let world = World::start().await;
    for key in [
        "firstName",
        "surname",
        "timestamp",
        "transactionnumber",
        "apiKey",
        "custom6",
        "tid",
        "",
    ] {
        let reply = world.create("T-1", &json!({ key: "x" }).to_string()).await;
        assert_eq!(
            (reply.status, reply.error()),
            (400, owned("UNRECOGNIZED_FIELD", Some(key), None))
        );
    }
    assert_eq!(
        world.sandbox.idnow().identifications(),
        0,
        "nothing was created"
    );
}

#[tokio::test]
async fn every_documented_field_is_accepted() {
    let world = World::start().await;
    let body = json!({
        "birthday": "1975-12-20", "birthplace": "München", "birthname": "Meier", "city": "München", "country": "DE",
        "custom1": "1", "custom2": "2", "custom3": "3", "custom4": "4", "custom5": "5", "trackingid": "campaign",
        "email": "sampleuser@example.com", "firstname": "Michael", "gender": "MALE", "lastname": "Berger",
        "mobilephone": "0151 23411232", "nationality": "DE", "preferredLang": "en", "street": "Bahnstrasse",
        "streetnumber": "27", "title": "Dr.", "zipcode": "80127",
        "questions": {
            "question_key_str": { "value": "value" }, "question_key_int": { "value": 1 },
            "question_key_date": { "value": "1975-12-20" }
        }
    });
    assert_eq!(world.create("T-1", &body.to_string()).await.status, 201);
    world.sandbox.idnow().act("T-1", "happy").unwrap();
    world.seconds(3600).await;
    let result = world.ask("GET", "/T-1").await.json();
    assert_eq!(result["questions"], body["questions"]);
    assert_eq!(result["identificationprocess"]["trackingid"], "campaign");
    assert_eq!(
        result["contactdata"],
        json!({ "email": "sampleuser@example.com", "mobilephone": "0151 23411232" })
    );
    assert_eq!(result["customdata"]["custom5"], "5");
    for (pointer, value) in [
        ("/userdata/firstname", "MICHAEL"),
        ("/userdata/birthname", "MEIER"),
        ("/userdata/title", "Dr."),
        ("/userdata/gender", "MALE"),
        ("/userdata/address/city", "MÜNCHEN"),
        ("/userdata/address/streetnumber", "27"),
    ] {
        let expected = json!({ "value": value, "status": "MATCH", "reviewstatus": "MATCH" });
        assert_eq!(result.pointer(pointer), Some(&expected), "{pointer}");
    }
}

#[tokio::test]
async fn invalid_format_is_refused_by_field() {
    let world = World::start().await;
    let wrong: [(&str, &[Value]); 10] = [
        (
            "birthday",
            &[
                json!("1975-13-01"),
                json!("1975-02-30"),
                json!("20.12.1975"),
                json!("19751220"),
                json!("1975-12-20T00:00:00"),
                json!("1975-12-2"),
                json!(""),
                json!(1),
            ],
        ),
        (
            "country",
            &[
                json!("de"),
                json!("DEU"),
                json!("ZZ"),
                json!("D"),
                json!("Deutschland"),
                json!(""),
            ],
        ),
        (
            "nationality",
            &[json!("de"), json!("XK "), json!("UK"), json!(["DE"])],
        ),
        (
            "gender",
            &[json!("male"), json!("M"), json!("DIVERS"), json!(0)],
        ),
        (
            "email",
            &[
                json!("sampleuser"),
                json!("@example.com"),
                json!("a@b"),
                json!(""),
            ],
        ),
        (
            "preferredLang",
            &[
                json!("EN"),
                json!("eng"),
                json!("e"),
                json!("de-DE"),
                json!("xx"),
            ],
        ),
        (
            "mobilephone",
            &[json!("phone"), json!(""), json!("0151x"), json!(151)],
        ),
        (
            "firstname",
            &[json!(1), json!(true), json!({ "value": "Michael" })],
        ),
        ("custom1", &[json!(287_492), json!([])]),
        (
            "questions",
            &[
                json!([]),
                json!("x"),
                json!({ "a": 1 }),
                json!({ "a": {} }),
                json!({ "a b": { "value": 1 } }),
                json!({ "<a>": { "value": 1 } }),
                json!({ "a": { "value": null } }),
                json!({ "a": { "value": 1, "x": 1 } }),
            ],
        ),
    ];
    for (key, values) in wrong {
        for value in values {
            let reply = world
                .create("T-1", &json!({ key: value }).to_string())
                .await;
            assert_eq!(reply.status, 400, "{key}: {value}");
            assert_bad_value(&reply, key);
        }
    }
    assert_eq!(
        world.sandbox.idnow().identifications(),
        0,
        "nothing was created"
    );
}

#[tokio::test]
async fn null_counts_as_omitted() {
    let world = World::start().await;
    assert_eq!(
        world
            .create("T-1", r#"{"birthday":null,"firstname":null}"#)
            .await
            .status,
        201
    );
}

#[tokio::test]
async fn transaction_number_has_documented_form() {
    let world = World::start().await;
    for wrong in [
        "a.b",
        "a%20b",
        "a+b",
        "%C3%BC",
        "a:b",
        "a%2Fb",
        &"x".repeat(256),
    ] {
        assert_bad_value(&world.create(wrong, "{}").await, "transactionnumber");
    }
    for right in ["a", "azAZ09_-", &"x".repeat(255)] {
        assert_eq!(world.create(right, "{}").await.status, 201, "{right}");
    }
}

#[tokio::test]
async fn missing_transaction_number_has_its_own_cause() {
    let world = World::start().await;
    for target in [
        "/api/v1/ihrebank/identifications/start",
        "/api/v1/ihrebank/identifications//start",
    ] {
        world
            .send("POST", target, &[KEY, JSON], "{}")
            .await
            .assert_failure(400, "MISSING_TRANSACTION_TOKEN");
    }
    for rest in ["/", "/.zip"] {
        world
            .ask("GET", rest)
            .await
            .assert_failure(400, "MISSING_TRANSACTION_TOKEN");
    }
    world
        .ask("DELETE", "/")
        .await
        .assert_failure(400, "MISSING_TRANSACTION_TOKEN");
}

#[tokio::test]
async fn identification_is_created_updated_and_closed() {
    let world = World::start().await;
    let created = world
        .create("Abc-1", r#"{"firstname":"Armin","lastname":"Baur"}"#)
        .await;
    let updated = world.create("Abc-1", r#"{"lastname":"Bauer"}"#).await;
    assert_eq!((created.status, updated.status), (201, 200));
    assert_eq!(created.body, updated.body, "the Ident-ID is the same");
    world.sandbox.idnow().act("Abc-1", "happy").unwrap();
    world.seconds(3600).await;
    world
        .create("Abc-1", r#"{"lastname":"Braun"}"#)
        .await
        .assert_failure(409, "EXISTING_IDENTIFICATION");
    let result = world.ask("GET", "/Abc-1").await.json();
    // Fields that the update omits are kept.
    assert_eq!(result["userdata"]["firstname"]["value"], "ARMIN");
    assert_eq!(result["userdata"]["lastname"]["value"], "BAUER");
}

#[tokio::test]
async fn transaction_numbers_ignore_case() {
    let world = World::start().await;
    let created = world.create("Abc-1", "{}").await;
    let again = world.create("aBC-1", "{}").await;
    assert_eq!(
        (created.status, again.status, &created.body),
        (201, 200, &again.body)
    );
    world.sandbox.idnow().act("ABC-1", "happy").unwrap();
    world.seconds(3600).await;
    let result = world.ask("GET", "/abc-1").await.json();
    assert_eq!(
        result["identificationprocess"]["transactionnumber"],
        "Abc-1"
    );
    assert_eq!(world.ask("DELETE", "/ABC-1").await.status, 200);
}

#[tokio::test]
async fn results_follow_each_other_as_documented() {
    for (scenario, status) in [
        ("happy", 409),
        ("data-changed", 409),
        ("rejected", 409),
        ("canceled-in-review", 409),
        // An aborted identification can be repeated, and one in review is not finished.
        ("ABORTIDENT", 200),
        ("never-finishes", 200),
    ] {
        let world = World::start().await;
        world.finish("T-1", scenario).await;
        assert_eq!(world.create("T-1", "{}").await.status, status, "{scenario}");
    }
}

#[tokio::test]
async fn missing_objects_are_not_found() {
    let world = World::start().await;
    for (method, target) in [
        ("GET", "/api/v2/ihrebank"),
        ("GET", "/api/v1"),
        ("GET", "/api/v1/ihrebank/elsewhere"),
        ("PUT", "/api/v1/ihrebank/identifications/T-1"),
        ("GET", "/api/v1/ihrebank/identifications/T-1/start"),
        ("POST", "/elsewhere"),
    ] {
        let reply = world.send(method, target, &[KEY, JSON], "{}").await;
        assert_eq!(reply.status, 404, "{method} {target}");
        assert!(!reply.body.is_empty(), "{method} {target}");
    }
    for rest in ["/T-1", "/T-1.zip", "/T-1.pdf"] {
        world
            .ask("GET", rest)
            .await
            .assert_failure(404, "OBJECT_NOT_FOUND");
    }
    world
        .ask("DELETE", "/T-1")
        .await
        .assert_failure(404, "OBJECT_NOT_FOUND");
}
