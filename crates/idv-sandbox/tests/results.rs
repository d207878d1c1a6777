//! IDnow's results and their lifetime: sections 2.2, 6, 8.3 and 13.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};
use std::time::Duration;

use serde_json::{Value, json};
use support::{JSON, KEY, World, send, still, xml_fields};

#[tokio::test]
async fn unfinished_identification_has_no_result() {
    let world = World::start().await;
    world.create("T-1", "{}").await;
    world.sandbox.idnow().act("T-1", "happy").unwrap();
    world.seconds(60).await;
    world
        .ask("GET", "/T-1")
        .await
        .assert_failure(404, "OBJECT_NOT_FOUND");
    assert_eq!(
        world.ask("GET", "?pending=true").await.json(),
        json!({ "identifications": [] })
    );
}

#[tokio::test]
async fn lists_accept_documented_filters_only() {
    let world = World::start().await;
    for query in ["?pending=true", "?canceled=true", "?aborted=true", ""] {
        assert_eq!(
            world.ask("GET", query).await.json(),
            json!({ "identifications": [] })
        );
    }
    // The spelling was `cancelled` until 2016.
    for query in [
        "?cancelled=true",
        "?failed=true",
        "?pending=yes",
        "?pending=true&aborted=true",
        "?page=2",
    ] {
        let reply = world.ask("GET", query).await;
        assert_eq!(
            (reply.status, reply.error().0.as_str()),
            (400, "BAD_REQUEST"),
            "{query}"
        );
    }
}

#[tokio::test]
async fn list_contains_identifications_in_order_of_time() {
    let world = World::start().await;
    for transaction in ["b", "a", "c"] {
        world.finish(transaction, "happy").await;
    }
    let list = world.ask("GET", "").await.json();
    let number = |item: &Value| {
        item["identificationprocess"]["transactionnumber"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        list["identifications"]
            .as_array()
            .unwrap()
            .iter()
            .map(number)
            .collect::<Vec<_>>(),
        ["b", "a", "c"]
    );
    let single = world.ask("GET", "/a").await.json();
    assert_eq!(
        list["identifications"][1], single,
        "the list contains the single result"
    );
}

#[tokio::test]
async fn deleted_identification_is_gone() {
    let world = World::start().await;
    world.finish("T-1", "happy").await;
    assert_eq!(world.ask("DELETE", "/T-1").await.status, 200);
    for rest in ["/T-1", "/T-1.zip", "/T-1.xml"] {
        world
            .ask("GET", rest)
            .await
            .assert_failure(404, "OBJECT_NOT_FOUND");
    }
    world
        .ask("DELETE", "/T-1")
        .await
        .assert_failure(404, "OBJECT_NOT_FOUND");
    assert_eq!(
        world.create("T-1", "{}").await.status,
        201,
        "its number is free again"
    );
}

#[tokio::test]
async fn deletion_cancels_planned_events() {
    const DAY: u64 = 24 * 3600;
    let world = World::start().await;
    world.create("T-1", "{}").await;
    world.sandbox.idnow().act("T-1", "happy").unwrap();
    // Deleted during the review, and created again.
    world.seconds(600).await;
    assert_eq!(world.ask("DELETE", "/T-1").await.status, 200);
    assert_eq!(world.create("T-1", "{}").await.status, 201);
    world.sandbox.idnow().act("T-1", "expired").unwrap();
    world.seconds(3600).await;
    world
        .ask("GET", "/T-1")
        .await
        .assert_failure(404, "OBJECT_NOT_FOUND");
    world.ask("DELETE", "/T-1").await;
    world.seconds(20 * DAY).await;
    assert_eq!(world.create("T-1", "{}").await.status, 201);
    world.seconds(80 * DAY).await;
    assert_eq!(
        world.create("T-1", "{}").await.status,
        200,
        "it has ninety days of its own"
    );
}

#[tokio::test]
async fn identifications_are_kept_for_90_days() {
    const DAY: u64 = 24 * 3600;
    let world = World::start().await;
    world.create("waiting", "{}").await;
    world.finish("done", "happy").await;
    world.seconds(90 * DAY - 3600).await;
    assert_eq!(world.create("waiting", "{}").await.status, 200);
    assert_eq!(world.ask("GET", "/done").await.status, 200);
    world.seconds(3600).await;
    world
        .ask("GET", "/done")
        .await
        .assert_failure(404, "OBJECT_NOT_FOUND");
    assert_eq!(
        world.create("waiting", "{}").await.status,
        201,
        "the old one is gone"
    );
}

#[tokio::test]
async fn result_is_hidden_without_preliminary_results() {
    let world = World::start().await;
    world
        .sandbox
        .idnow()
        .configure(|account| account.preliminary_results = false)
        .unwrap();
    world.create("T-1", "{}").await;
    world.sandbox.idnow().act("T-1", "happy").unwrap();
    world.seconds(10 * 60).await;
    world
        .ask("GET", "/T-1")
        .await
        .assert_failure(404, "OBJECT_NOT_FOUND");
    assert_eq!(
        world.ask("GET", "?pending=true").await.json(),
        json!({ "identifications": [] })
    );
    world.seconds(3600).await;
    assert_eq!(
        world.ask("GET", "/T-1").await.json()["identificationprocess"]["result"],
        "SUCCESS"
    );
}

#[tokio::test]
async fn redaction_withholds_number_and_dates() {
    let world = World::start().await;
    world.finish("T-1", "happy").await;
    let number = |result: &Value| result["identificationdocument"]["number"].clone();
    assert_eq!(
        number(&world.ask("GET", "/T-1").await.json())["status"],
        "NEW"
    );
    world
        .sandbox
        .idnow()
        .configure(|account| account.redact = true)
        .unwrap();
    let result = world.ask("GET", "/T-1").await.json();
    for name in ["number", "validuntil"] {
        assert_eq!(
            result["identificationdocument"][name],
            json!({ "value": null, "status": "REDACTION" })
        );
    }
    let xml = world.ask("GET", "/T-1.xml").await;
    assert_eq!(
        xml.header("content-type"),
        Some("application/xml; charset=utf-8")
    );
    assert!(
        xml.text().contains(r#"<number status="REDACTION"/>"#),
        "{}",
        xml.text()
    );
    assert!(
        xml.text().contains(r#"<validuntil status="REDACTION"/>"#),
        "{}",
        xml.text()
    );
}

#[tokio::test]
async fn street_number_can_be_part_of_the_street() {
    let world = World::start().await;
    world
        .sandbox
        .idnow()
        .configure(|account| account.street_number_in_street = true)
        .unwrap();
    world
        .create("T-1", r#"{"street":"Unertlstr.","streetnumber":"40"}"#)
        .await;
    world.sandbox.idnow().act("T-1", "happy").unwrap();
    world.seconds(3600).await;
    let address = world.ask("GET", "/T-1").await.json()["userdata"]["address"].clone();
    assert_eq!(
        (&address["street"]["value"], address.get("streetnumber")),
        (&json!("UNERTLSTR. 40"), None)
    );
}

#[tokio::test]
async fn aborted_identification_can_be_repeated() {
    let world = World::start().await;
    world.finish("T-1", "ABORTIDENT").await;
    let aborted = world.ask("GET", "/T-1").await.json();
    let process = &aborted["identificationprocess"];
    assert_eq!(
        (&process["result"], &process["reason"]),
        (&json!("ABORTED"), &json!("TECH_VIDEO"))
    );
    assert_eq!(
        aborted["userdata"]["birthday"],
        json!({ "status": "ORIGINAL", "original": "1982-05-22" })
    );
    assert_eq!(
        (
            aborted.get("attachments"),
            aborted.get("identificationdocument")
        ),
        (None, None)
    );
    for rest in ["/T-1.pdf", "/T-1.mp3"] {
        world
            .ask("GET", rest)
            .await
            .assert_failure(404, "OBJECT_NOT_FOUND");
    }
    assert_eq!(world.create("T-1", "{}").await.status, 200);
    world.sandbox.idnow().act("T-1", "happy").unwrap();
    world.seconds(3600).await;
    let process = world.ask("GET", "/T-1").await.json()["identificationprocess"].clone();
    assert_eq!(
        (&process["result"], &process["previousresult"]),
        (&json!("SUCCESS"), &json!("REVIEW_PENDING"))
    );
}

#[tokio::test]
async fn attachments_have_their_type_and_length() {
    let world = World::start().await;
    world.finish("T-1", "happy").await;
    for (rest, media_type, start) in [
        ("/T-1.pdf", "application/pdf", b"%PDF-".as_slice()),
        ("/T-1.mp3", "audio/mpeg", b"ID3".as_slice()),
    ] {
        let reply = world.ask("GET", rest).await;
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (200, Some(media_type))
        );
        assert!(reply.body.starts_with(start));
        world
            .sandbox
            .idnow()
            .configure(|account| account.attachment_length = 1_000_000)
            .unwrap();
        let long = world.ask("GET", rest).await;
        assert_eq!(long.body.len(), 1_000_000);
        assert!(
            long.body.starts_with(&reply.body),
            "the padding follows the file"
        );
        world
            .sandbox
            .idnow()
            .configure(|account| account.attachment_length = 0)
            .unwrap();
    }
    world
        .sandbox
        .idnow()
        .configure(|account| account.attachments = false)
        .unwrap();
    assert_eq!(
        world.ask("GET", "/T-1").await.json().get("attachments"),
        None
    );
    world
        .ask("GET", "/T-1.pdf")
        .await
        .assert_failure(404, "OBJECT_NOT_FOUND");
}

#[tokio::test]
async fn waiting_time_comes_from_the_account() {
    let world = World::start().await;
    world
        .sandbox
        .idnow()
        .configure(|account| account.estimated_waiting_time = 120)
        .unwrap();
    let token = world.token().await;
    let reply = world
        .send(
            "GET",
            "/api/v1/ihrebank",
            &[("X-API-LOGIN-TOKEN", &token)],
            "",
        )
        .await;
    assert_eq!(reply.json()["estimatedWaitingTime"], 120);
}

#[tokio::test]
async fn persons_links_keep_the_tracking_id() {
    let world = World::start().await;
    let id = world.create("T-1", "{}").await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for target in [
        "/ihrebank/identifications/T-1",
        &format!("/{id}?tid=spring"),
        "/ihrebank/userdata",
        "/ihrebank/userdata/T-1",
    ] {
        let page = world.send("GET", target, &[], "").await;
        assert_eq!(
            (page.status, page.header("content-type")),
            (200, Some("text/html; charset=utf-8")),
            "{target}"
        );
    }
    for target in [
        "/ihrebank/identifications/T-2",
        "/IBA-00000",
        "/nobody/userdata",
        "/ihrebank/userdata/T-1/more",
    ] {
        assert_eq!(
            world.send("GET", target, &[], "").await.status,
            404,
            "{target}"
        );
    }
    world.sandbox.idnow().act("T-1", "happy").unwrap();
    world.seconds(3600).await;
    assert_eq!(
        world.ask("GET", "/T-1").await.json()["identificationprocess"]["trackingid"],
        "spring"
    );
}

#[tokio::test]
async fn same_seed_gives_same_ids() {
    let id = async |seed: u64| {
        let sandbox = still().seed(seed).start().await.unwrap();
        send(
            &sandbox.idnow().base_url(),
            "POST",
            "/api/v1/ihrebank/identifications/T-1/start",
            &[KEY, JSON],
            "{}",
        )
        .await
        .unwrap()
        .body
    };
    assert_eq!(id(7).await, id(7).await);
    assert_ne!(id(7).await, id(8).await);
}

#[tokio::test]
async fn every_start_gives_new_ids_without_a_seed() {
    let first = async |builder: idv_sandbox::Builder| {
        let sandbox = builder.start().await.unwrap();
        let answer = send(
            &sandbox.idnow().base_url(),
            "POST",
            "/api/v1/ihrebank/identifications/T-1/start",
            &[KEY, JSON],
            "{}",
        )
        .await;
        (sandbox.seed(), answer.unwrap().body)
    };
    let (one, other) = (first(still()).await, first(still()).await);
    assert_ne!(one.1, other.1);
    assert_eq!(
        first(still().seed(one.0)).await,
        one,
        "the returned seed repeats the ids"
    );
}

#[tokio::test]
async fn reset_keeps_only_the_clock() {
    let world = World::start().await;
    world.finish("T-1", "happy").await;
    world
        .sandbox
        .idnow()
        .configure(|account| account.redact = true)
        .unwrap();
    let before = world.sandbox.clock().now();
    assert_eq!(world.control("POST", "reset", "").await.status, 200);
    assert_eq!(world.sandbox.idnow().identifications(), 0);
    assert!(!world.sandbox.idnow().account().redact);
    assert!(world.sandbox.requests().is_empty());
    world.sandbox.clock().advance(Duration::from_secs(1)).await;
    assert_eq!(
        world.sandbox.clock().now().duration_since(before).as_secs(),
        1
    );
}

/// Returns the files of an archive: name and content.
fn files(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    let count = archive.len();
    let file = |index| {
        let mut file = archive.by_index(index).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        (file.name().unwrap().into_owned(), content)
    };
    (0..count).map(file).collect()
}

#[tokio::test]
async fn archive_contains_result_and_attachments() {
    for (json_too, auto_ident, length) in
        [(false, false, 0), (true, true, 0), (false, false, 100_000)]
    {
        let world = World::start().await;
        let set = |account: &mut idv_sandbox::Account| {
            account.json_in_archive = json_too;
            account.auto_ident = auto_ident;
            account.attachment_length = length;
        };
        world.sandbox.idnow().configure(set).unwrap();
        world.finish("T-1", "happy").await;
        let result = world.ask("GET", "/T-1").await.json();
        let files = files(&world.ask("GET", "/T-1.zip").await.body);
        let content = |name: &str| {
            files
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, content)| content.as_slice())
                .unwrap()
        };
        let named = result["attachments"]
            .as_object()
            .unwrap()
            .values()
            .map(|name| name.as_str().unwrap().to_owned());
        let mut expected: BTreeSet<String> = named.clone().chain(["T-1.xml".to_owned()]).collect();
        if json_too {
            expected.insert("T-1.json".to_owned());
            assert_eq!(
                serde_json::from_slice::<Value>(content("T-1.json")).unwrap(),
                result
            );
        }
        assert_eq!(
            files
                .iter()
                .map(|(name, _)| name.clone())
                .collect::<BTreeSet<_>>(),
            expected
        );
        assert_eq!(content("T-1.xml"), world.ask("GET", "/T-1.xml").await.body);
        assert_eq!(
            content("T-1.pdf"),
            world.ask("GET", "/T-1.pdf").await.body,
            "the same file in both ways"
        );
        for name in named {
            let start: &[u8] = match name.rsplit('.').next().unwrap() {
                "jpg" => b"\xff\xd8\xff",
                "pdf" => b"%PDF-",
                "mp3" => b"ID3",
                "mp4" => b"\0\0\0\x18ftyp",
                other => panic!("{other}"),
            };
            assert!(content(&name).starts_with(start), "{name}");
            assert!(content(&name).len() as u64 >= length, "{name}");
        }
        assert_eq!(
            result["attachments"].get("livenessleft").is_some(),
            auto_ident
        );
        assert_eq!(result["attachments"].get("videolog").is_some(), !auto_ident);
    }
}

#[tokio::test]
async fn xml_and_json_have_the_same_content() {
    for (scenario, has_data) in [
        ("happy", true),
        ("data-changed", true),
        ("fraud", true),
        ("ABORTIDENT", false),
    ] {
        let world = World::start().await;
        let body = json!({
            "firstname": "Armin & \"Söhne\" <GmbH>", "lastname": "O'Bauer", "birthday": "1982-05-22", "street": "Unertlstr.",
            "streetnumber": "40", "custom1": " a\tb\nc ", "email": "muster@idnow.de",
            "questions": { "question_key1": { "value": 1 }, "question_key2": { "value": "<value>" } }
        });
        assert_eq!(world.create("T-1", &body.to_string()).await.status, 201);
        world.sandbox.idnow().act("T-1", scenario).unwrap();
        world.seconds(3600).await;
        let result = world.ask("GET", "/T-1").await.json();
        let mut fields = xml_fields(world.ask("GET", "/T-1.xml").await.text());
        let mut check = |path: String, expected: Vec<(&str, String)>| {
            let path = format!("identifications/identification/{path}");
            let found = fields.remove(&path).unwrap_or_else(|| panic!("{path}"));
            assert_eq!(
                found,
                expected
                    .into_iter()
                    .map(|(name, text)| (name.to_owned(), text))
                    .collect(),
                "{scenario}: {path}"
            );
        };
        let text = |value: &Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
        for (section, value) in result.as_object().unwrap() {
            for (name, value) in value.as_object().unwrap() {
                match value.as_object() {
                    None => check(format!("{section}/{name}"), vec![("value", text(value))]),
                    Some(address) if name == "address" => {
                        for (name, item) in address {
                            let item = item
                                .as_object()
                                .unwrap()
                                .iter()
                                .map(|(key, value)| (key.as_str(), text(value)))
                                .collect();
                            check(format!("{section}/address/{name}"), item);
                        }
                    }
                    Some(item) => {
                        let item = item
                            .iter()
                            .map(|(key, value)| (key.as_str(), text(value)))
                            .collect();
                        check(format!("{section}/{name}"), item);
                    }
                }
            }
        }
        // The remaining characters are elements and line breaks.
        fields.retain(|_, fields| fields.values().any(|value| !value.trim().is_empty()));
        assert!(fields.is_empty(), "in XML alone: {fields:?}");
        assert_eq!(result.get("questions").is_some(), has_data, "{scenario}");
        assert_eq!(
            result.get("identificationdocument").is_some(),
            has_data,
            "{scenario}"
        );
        assert_eq!(
            result["customdata"]["custom1"], body["custom1"],
            "{scenario}: unchanged"
        );
    }
}
