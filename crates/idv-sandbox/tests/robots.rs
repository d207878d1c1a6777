//! The test robots of chapter 15, and the scenarios beside them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use support::{JSON, KEY, Reply, World, xml_fields};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// The person of every test.
fn person(robot: &str) -> Value {
    json!({
        "firstname": "Armin", "lastname": "Bauer", "birthday": "1982-05-22", "birthplace": "München", "nationality": "DE",
        "gender": "MALE", "title": "Dr.", "street": "Unertlstr.", "streetnumber": "40", "city": "München", "zipcode": "80469",
        "country": "DE", "custom1": robot
    })
}

/// Performs steps 1 and 3 of 15.2.4.
async fn prepared(robot: &str) -> World {
    let world = World::start().await;
    assert_eq!(
        world.create("T-1", &person(robot).to_string()).await.status,
        201
    );
    assert_eq!(start(&world).await.status, 200);
    world
}

async fn start(world: &World) -> Reply {
    let target = "/api/v1/ihrebank/identifications/T-1/start";
    world
        .send(
            "POST",
            target,
            &[("Host", "api.test.idnow.de"), KEY, JSON],
            "{}",
        )
        .await
}

/// Performs step 4 of 15.2.4, which needs no key.
async fn request_video_chat(world: &World) -> Reply {
    let target = "/api/v1/ihrebank/identifications/T-1/requestVideoChat";
    world
        .send("POST", target, &[("Host", "api.test.idnow.de"), JSON], "{}")
        .await
}

/// Returns the identification process after this number of seconds, if there is a result.
async fn process_after(world: &World, seconds: u64) -> Option<Value> {
    world.seconds(seconds).await;
    let reply = world.ask("GET", "/T-1").await;
    (reply.status == 200).then(|| reply.json()["identificationprocess"].clone())
}

fn word(process: Option<&Value>) -> Option<(&str, Option<&str>)> {
    let process = process?;
    Some((
        process["result"].as_str().unwrap(),
        process.get("reason").and_then(Value::as_str),
    ))
}

#[tokio::test]
async fn robot_cases_of_15_1_end_as_documented() {
    let cases = [
        ("HAPPYPATH", ("REVIEW_PENDING", None), ("SUCCESS", None)),
        (
            "CHANGEALL",
            ("REVIEW_PENDING", None),
            ("SUCCESS_DATA_CHANGED", None),
        ),
        (
            "CHANGEALLREVIEW",
            ("REVIEW_PENDING", None),
            ("SUCCESS_DATA_CHANGED", None),
        ),
        (
            "ABORTIDENT",
            ("ABORTED", Some("TECH_VIDEO")),
            ("ABORTED", Some("TECH_VIDEO")),
        ),
        (
            "FRAUDIDENT",
            ("FRAUD_SUSPICION_PENDING", Some("WARNING_PHOTO")),
            ("FRAUD_SUSPICION_CONFIRMED", Some("WARNING_PHOTO")),
        ),
        (
            "FRAUDREVIEW",
            ("REVIEW_PENDING", None),
            ("FRAUD_SUSPICION_CONFIRMED", Some("WARNING_ID_MANIPULATION")),
        ),
        (
            "FRAUDOK",
            ("FRAUD_SUSPICION_PENDING", Some("WARNING_BEHAVIOUR")),
            ("SUCCESS", None),
        ),
        (
            "CANCELED",
            ("REVIEW_PENDING", None),
            ("CANCELED", Some("TECH_PHOTO")),
        ),
    ];
    for (robot, first, last) in cases {
        let world = prepared(&format!("X-AUTOTEST-{robot}")).await;
        let reply = request_video_chat(&world).await;
        assert_eq!((reply.status, reply.text()), (200, "{}"), "{robot}");
        assert_eq!(
            word(process_after(&world, 0).await.as_ref()),
            None,
            "{robot}: the call goes on"
        );
        assert_eq!(
            word(process_after(&world, 8 * MINUTE).await.as_ref()),
            Some(first),
            "{robot}"
        );
        let process = process_after(&world, 12 * MINUTE).await;
        assert_eq!(word(process.as_ref()), Some(last), "{robot}");
        let process = process.unwrap();
        let id = process["id"].as_str().unwrap();
        assert!(id.starts_with("TST-") && id.len() == 9, "{id}");
        assert_eq!(process["agentname"], "TROBOT");
        // The preliminary result appears again beside the final one.
        let previous = (robot != "ABORTIDENT").then_some(first.0);
        assert_eq!(
            process.get("previousresult").and_then(Value::as_str),
            previous,
            "{robot}"
        );
    }
}

#[tokio::test]
async fn robot_case_can_be_in_any_name_or_custom_field() {
    for field in [
        "firstname",
        "lastname",
        "custom1",
        "custom2",
        "custom3",
        "custom4",
        "custom5",
    ] {
        let world = World::start().await;
        world
            .create("T-1", &json!({ field: "X-AUTOTEST-HAPPYPATH" }).to_string())
            .await;
        assert_eq!(
            start(&world).await.json()["testRobotName"],
            "happypath",
            "{field}"
        );
        assert_eq!(request_video_chat(&world).await.status, 200, "{field}");
    }
}

#[tokio::test]
async fn long_review_takes_a_day() {
    let world = prepared("X-AUTOTEST-LONGREVIEW").await;
    request_video_chat(&world).await;
    assert_eq!(
        word(process_after(&world, 24 * HOUR).await.as_ref()),
        Some(("REVIEW_PENDING", None))
    );
    assert_eq!(
        word(process_after(&world, HOUR).await.as_ref()),
        Some(("SUCCESS", None))
    );
}

#[tokio::test]
async fn unsupported_robot_cases_are_refused() {
    // The first case is for eSign only, which this account does not have.
    for robot in [
        "X-AUTOTEST-HOLDCERTIFICATE",
        "X-AUTOTEST-NOSUCHCASE",
        "X-AUTOTEST-happy",
        "X-AUTOTEST",
        "HAPPYPATH",
        "X-MANUALTEST-HAPPYPATH",
    ] {
        let world = prepared(robot).await;
        request_video_chat(&world)
            .await
            .assert_failure(412, "PRECONDITION_FAILED");
        assert_eq!(process_after(&world, HOUR).await, None, "{robot}");
    }
}

#[tokio::test]
async fn video_chat_requires_a_started_identification() {
    let world = World::start().await;
    request_video_chat(&world)
        .await
        .assert_failure(404, "OBJECT_NOT_FOUND");
    world
        .create("T-1", &person("X-AUTOTEST-HAPPYPATH").to_string())
        .await;
    request_video_chat(&world)
        .await
        .assert_failure(412, "PRECONDITION_FAILED");
    start(&world).await;
    assert_eq!(request_video_chat(&world).await.status, 200);
    world.seconds(HOUR).await;
    request_video_chat(&world)
        .await
        .assert_failure(409, "EXISTING_IDENTIFICATION");
    start(&world)
        .await
        .assert_failure(409, "EXISTING_IDENTIFICATION");
}

#[tokio::test]
async fn video_chat_takes_an_empty_json_object() {
    let world = prepared("X-AUTOTEST-HAPPYPATH").await;
    let target = "/api/v1/ihrebank/identifications/T-1/requestVideoChat";
    assert_eq!(
        world.send("POST", target, &[], "{}").await.status,
        400,
        "no content type"
    );
    world
        .send("POST", target, &[JSON], "")
        .await
        .assert_failure(400, "UNPARSEABLE_JSON");
    world
        .send("POST", target, &[JSON], "[]")
        .await
        .assert_failure(400, "UNPARSEABLE_JSON");
    assert_eq!(
        world
            .send("POST", target, &[JSON], r#"{"a":1}"#)
            .await
            .error()
            .0,
        "UNRECOGNIZED_FIELD"
    );
}

#[tokio::test]
async fn aborted_test_can_be_repeated() {
    let world = prepared("X-AUTOTEST-ABORTIDENT").await;
    request_video_chat(&world).await;
    world.seconds(HOUR).await;
    assert_eq!(
        world
            .create("T-1", r#"{"custom1":"X-AUTOTEST-HAPPYPATH"}"#)
            .await
            .status,
        200
    );
    request_video_chat(&world).await;
    assert_eq!(
        word(process_after(&world, HOUR).await.as_ref()),
        Some(("SUCCESS", None))
    );
}

#[tokio::test]
async fn manual_test_waits_for_the_person() {
    let world = World::start().await;
    world
        .create("T-1", r#"{"firstname":"X-MANUALTEST-FRAUDIDENT"}"#)
        .await;
    assert_eq!(
        process_after(&world, HOUR).await,
        None,
        "the person has not opened the link"
    );
    let steps = world
        .control("POST", "idnow/identifications/T-1/act", "{}")
        .await;
    assert_eq!(steps.status, 200, "{}", steps.text());
    assert_eq!(
        steps.json()[0],
        json!({ "what": "opened the link", "after_seconds": 0 })
    );
    let process = process_after(&world, HOUR).await;
    assert_eq!(
        word(process.as_ref()).map(|(result, _)| result),
        Some("FRAUD_SUSPICION_CONFIRMED")
    );
    assert_eq!(process.unwrap()["agentname"], "TROBOT");
}

#[tokio::test]
async fn scenarios_have_their_results() {
    let ends = [
        ("happy", Some("SUCCESS")),
        ("data-changed", Some("SUCCESS_DATA_CHANGED")),
        ("rejected", Some("FRAUD_SUSPICION_CONFIRMED")),
        ("fraud", Some("FRAUD_SUSPICION_CONFIRMED")),
        ("fraud-in-review", Some("FRAUD_SUSPICION_CONFIRMED")),
        ("aborted-then-success", Some("SUCCESS")),
        ("canceled-in-review", Some("CANCELED")),
        ("expired", None),
        ("never-finishes", Some("REVIEW_PENDING")),
        ("unknown-status", Some("ESCALATED_TO_PARTNER")),
    ];
    let world = World::start().await;
    let names: Vec<&str> = ends.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        world.control("GET", "scenarios", "").await.json(),
        json!(names)
    );
    for (scenario, end) in ends {
        let world = World::start().await;
        world.finish("T-1", scenario).await;
        let process = process_after(&world, 30 * 24 * HOUR).await;
        assert_eq!(
            word(process.as_ref()).map(|(result, _)| result),
            end,
            "{scenario}"
        );
    }
}

#[tokio::test]
async fn reason_can_be_replaced() {
    let world = World::start().await;
    world.create("T-1", "{}").await;
    let act = r#"{"scenario":"rejected","reason":"WARNING_WRONG_CHECKSUM"}"#;
    assert_eq!(
        world
            .control("POST", "idnow/identifications/T-1/act", act)
            .await
            .status,
        200
    );
    let process = process_after(&world, HOUR).await;
    assert_eq!(
        word(process.as_ref()),
        Some(("FRAUD_SUSPICION_CONFIRMED", Some("WARNING_WRONG_CHECKSUM")))
    );
}

#[tokio::test]
async fn impossible_scenarios_are_refused() {
    let world = World::start().await;
    let act = async |transaction: &str, body: &str| {
        let path = format!("idnow/identifications/{transaction}/act");
        world.control("POST", &path, body).await.status
    };
    assert_eq!(
        act("T-1", r#"{"scenario":"happy"}"#).await,
        400,
        "no such identification"
    );
    world.create("T-1", "{}").await;
    assert_eq!(
        act("T-1", r#"{"scenario":"dance"}"#).await,
        400,
        "no such scenario"
    );
    assert_eq!(act("T-1", "{}").await, 400, "none named");
    assert_eq!(
        act("T-1", r#"{"scenario":"happy","company":"testbank"}"#).await,
        400,
        "another company"
    );
    assert_eq!(
        act("T-1", r#"{"scenario":"happy","company":"ihrebank"}"#).await,
        200
    );
    world.seconds(HOUR).await;
    assert_eq!(
        act("T-1", r#"{"scenario":"happy"}"#).await,
        400,
        "it is finished"
    );
}

#[tokio::test]
async fn changeall_is_equal_in_json_and_xml() {
    for (robot, review) in [("CHANGEALL", "MATCH"), ("CHANGEALLREVIEW", "CHANGE")] {
        let world = prepared(&format!("X-AUTOTEST-{robot}")).await;
        request_video_chat(&world).await;
        world.seconds(HOUR).await;
        let result = world.ask("GET", "/T-1").await.json();
        let xml = world.ask("GET", "/T-1.xml").await;
        let fields = xml_fields(xml.text());
        let user = result["userdata"].as_object().unwrap();
        let address = user["address"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, item)| (format!("address/{name}"), item));
        let items = user
            .iter()
            .filter(|(name, _)| *name != "address")
            .map(|(name, item)| (name.clone(), item))
            .chain(address);
        let mut seen = 0;
        for (name, item) in items.filter(|(name, _)| name != "birthname") {
            seen += 1;
            assert_eq!(
                (&item["status"], &item["reviewstatus"]),
                (&json!("CHANGE"), &json!(review)),
                "{robot}: {name} {item}"
            );
            assert_ne!(item["value"], item["original"], "{robot}: {name}");
            let from_json: BTreeMap<String, String> = item
                .as_object()
                .unwrap()
                .iter()
                .map(|(key, value)| (key.clone(), value.as_str().unwrap().to_owned()))
                .collect();
            assert_eq!(
                fields[&format!("identifications/identification/userdata/{name}")],
                from_json,
                "{robot}: {name}"
            );
        }
        assert_eq!(seen, 12, "every field that was submitted");
        let lastname = result["userdata"]["lastname"]["value"].as_str().unwrap();
        for letter in ['ẞ', 'Ł', '中', '&', '<', '>', '"', '\'', '«'] {
            assert!(lastname.contains(letter), "{letter} in {lastname}");
        }
        let process = &result["identificationprocess"];
        let changes = (robot == "CHANGEALL", robot == "CHANGEALLREVIEW");
        assert_eq!(
            (&process["identchanges"], &process["reviewchanges"]),
            (&json!(changes.0), &json!(changes.1))
        );
    }
}

#[tokio::test]
async fn changed_data_keeps_submitted_and_agents_values() {
    let world = World::start().await;
    world.create("T-1", &person("").to_string()).await;
    world.sandbox.idnow().act("T-1", "data-changed").unwrap();
    world.seconds(HOUR).await;
    let user = world.ask("GET", "/T-1").await.json()["userdata"].clone();
    let birthday = json!({ "value": "1983-05-22", "status": "CHANGE", "reviewstatus": "MATCH", "original": "1982-05-22" });
    assert_eq!(user["birthday"], birthday);
    assert_eq!(user["birthplace"]["reviewstatus"], "CHANGE");
    assert_eq!(user["birthplace"]["identification"], "MÜNCHEN");
    assert_eq!(
        user["lastname"],
        json!({ "value": "BAUER", "status": "MATCH", "reviewstatus": "MATCH" })
    );
}

#[tokio::test]
async fn new_scenario_replaces_planned_events() {
    let world = World::start().await;
    world.create("T-1", "{}").await;
    world.sandbox.idnow().act("T-1", "happy").unwrap();
    assert_eq!(
        word(process_after(&world, 10 * MINUTE).await.as_ref()),
        Some(("REVIEW_PENDING", None))
    );
    world.sandbox.idnow().act("T-1", "ABORTIDENT").unwrap();
    assert_eq!(
        word(process_after(&world, HOUR).await.as_ref()),
        Some(("ABORTED", Some("TECH_VIDEO")))
    );
}

#[tokio::test]
async fn robots_have_their_own_host() {
    let world = World::start().await;
    world
        .create("T-1", &person("X-AUTOTEST-HAPPYPATH").to_string())
        .await;
    let on = async |host: &str, path: &str| {
        let target = format!("/api/v1/ihrebank/identifications/T-1/{path}");
        world
            .send("POST", &target, &[("Host", host), KEY, JSON], "{}")
            .await
    };
    // On other hosts it is an update without changes.
    for host in [
        "gateway.test.idnow.de",
        "gateway.idnow.de",
        "gateway.online-ident.ch",
    ] {
        let reply = on(host, "start").await;
        assert_eq!(
            reply.json().as_object().unwrap().keys().collect::<Vec<_>>(),
            ["id"],
            "{host}"
        );
        on(host, "requestVideoChat")
            .await
            .assert_failure(404, "OBJECT_NOT_FOUND");
    }
    on("api.test.idnow.de", "requestVideoChat")
        .await
        .assert_failure(412, "PRECONDITION_FAILED");
    assert_eq!(
        on("api.test.idnow.de", "start").await.json()["status"],
        "STARTED"
    );
    assert_eq!(
        on("api.test.idnow.de", "requestVideoChat").await.status,
        200
    );
}
