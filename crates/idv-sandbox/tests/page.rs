//! The sandbox's page: its views, actions, protection and live updates.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "support/page.rs"]
mod support;

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use idv_sandbox::{Builder, Fault, FaultKind, Sandbox};
use support::{Browser, HOSTILE, encoded};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn sandbox() -> Sandbox {
    with(Sandbox::builder()).await
}

async fn with(builder: Builder) -> Sandbox {
    builder.in_process().seed(1).start().await.unwrap()
}

/// Creates an identification at IDnow.
async fn create(sandbox: &Sandbox, transaction: &str, last_name: &str) {
    let body = serde_json::json!({ "firstname": "Erika", "lastname": last_name });
    let address =
        format!("http://idnow.localhost/api/v1/ihrebank/identifications/{transaction}/start");
    let request = Request::post(address)
        .header("content-type", "application/json")
        .header("x-api-key", "exampleApiKey")
        .body(Bytes::from(body.to_string()))
        .unwrap();
    assert_eq!(sandbox.exchange(request).await.unwrap().status(), 201);
}

#[tokio::test]
async fn root_is_the_page_on_the_shared_port_only() {
    let sandbox = sandbox().await;
    let browser = Browser::at(&sandbox, "sandbox.localhost");
    let page = browser.get("/").await;
    assert_eq!(page.status, 200);
    assert!(
        page.text.contains("<h1>Verifications</h1>"),
        "{}",
        page.text
    );
    for vendor in sandbox.vendors() {
        let host = format!("{}.localhost", vendor.id());
        let client = Browser::at(&sandbox, &host);
        assert_ne!(
            client.get("/").await.status,
            303,
            "a client gets the vendor's response"
        );
        let answer = client.with("accept", "text/html,*/*").get("/").await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (303, Some("/_page/"))
        );
    }
    // The port serves a vendor under the vendor's own name.
    let vendor = browser.named("gateway.idnow.de").get("/").await;
    assert!(!vendor.text.contains("<h1>Verifications</h1>"));
    // A name of an attacker that leads to this machine.
    for path in ["/", "/_page/", "/_page/settings", "/_page/events"] {
        let answer = browser.named("attacker.example").get(path).await;
        assert_eq!(answer.status, 421, "{path}");
        assert!(!answer.text.contains("Verifications"));
    }
}

#[tokio::test]
async fn empty_sandbox_says_what_to_do_next() {
    let sandbox = sandbox().await;
    let browser = Browser::at(&sandbox, "sandbox.localhost");
    let page = browser.get("/_page/").await;
    let welcome = page.between("<section class=\"card welcome\">", "</section>");
    assert_eq!(welcome.matches("<p>").count(), 3, "{welcome}");
    assert!(welcome.contains("/_page/settings") && welcome.contains("/_page/callbacks"));
    for path in ["/_page/requests", "/_page/callbacks"] {
        assert!(
            browser.get(path).await.text.contains("card welcome"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn every_view_is_secured_and_works_without_a_script() {
    let sandbox = sandbox().await;
    create(&sandbox, "T-1", "Mustermann").await;
    let browser = Browser::at(&sandbox, "sandbox.localhost");
    for path in [
        "/",
        "/_page/",
        "/_page/verifications/idnow/T-1",
        "/_page/callbacks",
        "/_page/requests",
        "/_page/requests/1",
        "/_page/faults",
        "/_page/settings",
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        page.assert_secured();
        assert_eq!(page.text.matches("<h1").count(), 1, "{path}");
        // Every form sends a real request, and nothing runs or loads but the script and the style.
        assert_eq!(
            page.text.matches("<form").count(),
            page.text.matches("method=\"post\"").count()
        );
        assert_eq!(page.text.matches("<script").count(), 1, "{path}");
        assert!(
            !page.text.contains(" onclick=") && !page.text.contains(" style="),
            "{path}"
        );
        assert!(
            !page.text.contains("src=\"http") && !page.text.contains("href=\"//"),
            "{path}"
        );
    }
    for (path, media_type) in [
        ("/_page/page.css", "text/css; charset=utf-8"),
        ("/_page/page.js", "text/javascript; charset=utf-8"),
        ("/_page/icon.svg", "image/svg+xml"),
    ] {
        let asset = browser.get(path).await;
        assert_eq!(
            (asset.status, asset.header("content-type")),
            (200, Some(media_type))
        );
        assert!(
            !asset.text.contains("http://") || path.ends_with("svg"),
            "{path}"
        );
    }
    for path in [
        "/_page/unknown",
        "/_page/verifications/idnow/T-9",
        "/_page/requests/9",
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status, 404, "{path}");
        page.assert_secured();
    }
}

#[tokio::test]
async fn verifications_are_listed_newest_first_and_filtered() {
    let sandbox = sandbox().await;
    for number in 1..=250 {
        create(&sandbox, &format!("T-{number}"), "Mustermann").await;
    }
    let browser = Browser::at(&sandbox, "sandbox.localhost");
    let page = browser.get("/_page/").await;
    assert_eq!(page.rows().len(), 100);
    assert!(page.rows()[0].contains(">T-250<") && page.rows()[99].contains(">T-151<"));
    assert!(page.text.contains("1–100 of 250"), "{}", page.text);
    let last = browser.get("/_page/?first=200").await;
    assert_eq!(last.rows().len(), 50);
    assert!(last.rows()[49].contains(">T-1<"));
    let all = browser.get("/_page/?size=1000&vendor=idnow").await;
    assert_eq!(all.rows().len(), 250);
    let none = browser.get("/_page/?vendor=identify24").await;
    assert!(none.rows().is_empty() && none.text.contains("This vendor has no verifications."));
    // Numbers outside the list are harmless.
    for query in [
        "first=99999999999999999999",
        "first=-1",
        "size=0",
        "first=250&size=1000000",
    ] {
        assert_eq!(
            browser.get(&format!("/_page/?{query}")).await.status,
            200,
            "{query}"
        );
    }
}

#[tokio::test]
async fn scenario_is_played_by_a_button() {
    let sandbox = sandbox().await;
    create(&sandbox, "T-1", "Mustermann").await;
    let browser = Browser::at(&sandbox, "sandbox.localhost");
    let path = "/_page/verifications/idnow/T-1";
    let page = browser.get(path).await;
    let vendor = sandbox.vendor("idnow").unwrap();
    for scenario in vendor.scenarios() {
        let action = format!("formaction=\"{path}/scenario/{}\"", scenario.name);
        assert!(page.text.contains(&action), "{action}");
    }
    for (step, description) in vendor.steps() {
        let action = format!("formaction=\"{path}/step/{step}\"");
        assert!(page.text.contains(&action) && page.text.contains(description));
    }
    assert!(page.text.contains("not started"), "{}", page.text);

    let answer = browser
        .post(&format!("{path}/scenario/happy"), &[("back", path)])
        .await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some(path))
    );
    let page = browser.get(path).await;
    assert!(page.text.contains("planned, in "), "{}", page.text);
    for _ in 0..10 {
        browser.post("/_page/clock", &[("move", "hour")]).await;
    }
    let page = browser.get(path).await;
    assert!(page.text.contains("SUCCESS") && page.text.contains("takes no more scenarios"));
    assert!(!page.text.contains("planned, in "));

    let refused = browser
        .post(&format!("{path}/scenario/happy"), &[("back", path)])
        .await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("role=\"alert\"") && refused.text.contains("is over"));
    assert!(
        refused.text.contains(&format!("href=\"{path}\"")),
        "{}",
        refused.text
    );
    for path in [
        "/_page/verifications/idnow/T-1/other/x",
        "/_page/verifications/x/T-1/step/x",
    ] {
        assert_eq!(browser.post(path, &[]).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn verification_is_created_and_deleted_by_buttons() {
    let sandbox = sandbox().await;
    let browser = Browser::at(&sandbox, "sandbox.localhost");
    for vendor in sandbox.vendors() {
        let button = format!("/_page/verifications/{}", vendor.id());
        let list = browser.get("/_page/").await;
        assert!(list.text.contains(&format!("formaction=\"{button}\"")));
        for reference in ["T-1", ""] {
            let answer = browser.post(&button, &[("reference", reference)]).await;
            let id = vendor.ids().pop().unwrap();
            let view = format!("{button}/{id}");
            assert_eq!(
                (answer.status, answer.header("location")),
                (303, Some(view.as_str()))
            );
            let page = browser.get(&view).await;
            // The other vendors' requests have no reference of the client.
            let takes = ["idnow", "identity-tm", "identify24"].contains(&vendor.id());
            assert_eq!(
                page.text.contains("<dt>Reference</dt><dd>T-1"),
                takes && !reference.is_empty(),
                "{view}"
            );
            let delete = format!("{view}/delete");
            let deletes = page.text.contains(&format!("action=\"{delete}\""));
            assert_eq!(
                deletes,
                ["idnow", "identity-tm"].contains(&vendor.id()),
                "{view}"
            );
            let answer = browser.post(&delete, &[("back", &view)]).await;
            let place = match vendor.id() {
                "idnow" => Some("/_page/"),
                // The order is canceled (4.2), since it has not ended.
                "identity-tm" => Some(view.as_str()),
                _ => None,
            };
            let status = if place.is_some() { 303 } else { 409 };
            assert_eq!((answer.status, answer.header("location")), (status, place));
        }
    }
    // The requests are those of a client: they are recorded, and faults and rules stop them.
    let requests = browser.get("/_page/requests?vendor=idnow").await;
    assert!(requests.text.contains("/login"), "{}", requests.text);
    sandbox.plan(Fault::new(FaultKind::CutBefore).at("/start"));
    let idnow = "/_page/verifications/idnow";
    let cut = browser.post(idnow, &[]).await;
    assert_eq!(cut.status, 409);
    assert!(cut.text.contains("A planned fault"), "{}", cut.text);
    let refused = browser
        .post(idnow, &[("reference", &"x".repeat(256))])
        .await;
    assert_eq!(refused.status, 409);
    assert!(
        refused.text.contains("The vendor refused the request (3.2"),
        "{}",
        refused.text
    );
    for path in [
        "/_page/verifications/x",
        "/_page/verifications/x/T-1/delete",
    ] {
        assert_eq!(browser.post(path, &[]).await.status, 404, "{path}");
    }
    let unknown = browser.post(&format!("{idnow}/x/delete"), &[]).await;
    assert_eq!(unknown.status, 409, "{}", unknown.text);
}

#[tokio::test]
async fn callback_option_reaches_a_client_of_each_vendor() {
    let url = "http://127.0.0.1:9/callbacks";
    let sandbox = with(Sandbox::builder().callback(url)).await;
    let browser = Browser::at(&sandbox, "sandbox.localhost");
    for vendor in sandbox.vendors() {
        let path = format!("/_page/verifications/{}", vendor.id());
        browser.post(&path, &[]).await;
        let id = vendor.ids().pop().unwrap();
        vendor.act(&id, "happy").unwrap();
        sandbox.clock().advance(Duration::from_secs(86_400)).await;
        let callbacks = sandbox.callbacks();
        assert!(
            callbacks
                .iter()
                .any(|callback| callback.vendor == vendor.id()),
            "{} sends no callback",
            vendor.id()
        );
    }
}

#[tokio::test]
async fn clock_is_moved_and_paused_by_buttons() {
    let sandbox = sandbox().await;
    create(&sandbox, "T-1", "Mustermann").await;
    let browser = Browser::at(&sandbox, "sandbox.localhost");
    let start = sandbox.clock().now();
    browser.post("/_page/clock", &[("move", "hour")]).await;
    browser.post("/_page/clock", &[("move", "day")]).await;
    assert_eq!(
        sandbox.clock().now().as_second() - start.as_second(),
        25 * 3600
    );
    assert!(browser.get("/_page/").await.text.contains("UTC, paused"));

    let next = sandbox.clock().next_due().unwrap();
    browser.post("/_page/clock", &[("move", "next")]).await;
    assert_eq!(sandbox.clock().now(), next);

    // Without a port, time stands still.
    let running = Sandbox::builder().start().await.unwrap();
    let host = running.shared_url().replace("http://", "");
    let other = Browser::at(&running, &host);
    assert!(other.get("/_page/").await.text.contains("UTC, running"));
    other.post("/_page/clock", &[("move", "pause")]).await;
    assert!(other.get("/_page/").await.text.contains("UTC, paused"));
    let stopped = running.clock().now();
    assert_eq!(running.clock().now(), stopped);
    other.post("/_page/clock", &[("move", "run")]).await;
    assert!(other.get("/_page/").await.text.contains("UTC, running"));
    running.shutdown().await;
    assert_eq!(
        browser.post("/_page/clock", &[("move", "x")]).await.status,
        404
    );
    assert_eq!(browser.get("/_page/clock").await.status, 404);
}

#[tokio::test]
async fn fault_is_planned_and_removed_by_a_form() {
    let sandbox = sandbox().await;
    let browser = Browser::at(&sandbox, "sandbox.localhost");
    let fields = [
        ("path", "/start"),
        ("method", ""),
        ("skip", "0"),
        ("count", "1"),
        ("kind", "status"),
        ("status", "503"),
        ("retry_after", "2"),
        ("back", "/_page/faults"),
    ];
    let answer = browser.post("/_page/faults", &fields).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some("/_page/faults"))
    );
    let page = browser.get("/_page/faults").await;
    assert!(
        page.text.contains(
            "<code>status: code 503, retry_after &quot;2&quot;</code> for the next request with"
        ),
        "{}",
        page.text
    );
    let request = || {
        Request::post("http://idnow.localhost/api/v1/ihrebank/identifications/T-1/start")
            .body(Bytes::new())
            .unwrap()
    };
    assert_eq!(sandbox.exchange(request()).await.unwrap().status(), 503);

    sandbox.plan(Fault::new(FaultKind::Html));
    browser.post("/_page/faults/clear", &[]).await;
    assert!(
        browser
            .get("/_page/faults")
            .await
            .text
            .contains("No fault is planned")
    );
    assert_ne!(sandbox.exchange(request()).await.unwrap().status(), 502);
    let refused = browser
        .post("/_page/faults", &[("kind", "delay"), ("delay", "x")])
        .await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("invalid `delay`"), "{}", refused.text);
}

#[tokio::test]
async fn settings_are_those_of_the_sandbox() {
    let sandbox = sandbox().await;
    let browser = Browser::at(&sandbox, "sandbox.localhost");
    let page = browser.get("/_page/settings").await;
    for vendor in sandbox.vendors() {
        for (name, value) in vendor.settings() {
            if name == "IDV_PROVIDER" {
                assert!(
                    page.text
                        .contains(&format!("export IDV_PROVIDER={value}\n"))
                );
            } else {
                let line = format!("export {name}='{}'", value.replace('&', "&amp;"));
                assert!(page.text.contains(&line), "{line}");
            }
        }
        assert!(page.text.contains(&vendor.base_url()));
    }
    assert!(
        page.text.contains("gateway.idnow.de")
            && page
                .text
                .contains("api_key = { env = &quot;IDV_IDNOW_API_KEY&quot; }")
    );

    create(&sandbox, "T-1", "Mustermann").await;
    let answer = browser.post("/_page/reset", &[]).await;
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some("/_page/"))
    );
    assert!(sandbox.vendor("idnow").unwrap().ids().is_empty());
}

#[tokio::test]
async fn page_of_another_origin_changes_nothing() {
    let sandbox = sandbox().await;
    create(&sandbox, "T-1", "Mustermann").await;
    let browser = Browser::at(&sandbox, "sandbox.localhost");
    let own = browser.with("origin", "http://sandbox.localhost");
    let foreign = [
        browser.with("origin", "http://localhost:3000"),
        browser.with("origin", "null"),
        browser.with("sec-fetch-site", "cross-site"),
        browser.with("sec-fetch-site", "same-site"),
        browser.named("attacker.example"),
        browser
            .named("attacker.example")
            .with("origin", "http://attacker.example"),
    ];
    let before = sandbox.clock().now();
    for browser in &foreign {
        for (path, fields) in [
            ("/_page/clock", ("move", "day")),
            ("/_page/masking", ("show", "all")),
            ("/_page/reset", ("", "")),
            ("/_page/verifications/idnow/T-1/scenario/happy", ("", "")),
            ("/_person/idnow/T-1/succeed", ("", "")),
        ] {
            let answer = browser.post(path, &[fields]).await;
            assert!(
                matches!(answer.status, 403 | 421),
                "{path}: {}",
                answer.status
            );
        }
    }
    assert_eq!(sandbox.clock().now(), before);
    assert_eq!(sandbox.vendor("idnow").unwrap().ids(), ["T-1"]);
    assert_eq!(
        own.post("/_page/clock", &[("move", "day")]).await.status,
        303
    );
    assert_ne!(sandbox.clock().now(), before);
}

#[tokio::test]
async fn hostile_values_are_escaped_everywhere() {
    let sandbox = sandbox().await;
    let browser = Browser::at(&sandbox, "sandbox.localhost");
    browser.post("/_page/masking", &[("show", "all")]).await;
    let orders = sandbox.vendor("identity-tm").unwrap();
    let address = format!(
        "{}/{}?{}=1&q={}",
        orders.base_url(),
        "%3Cscript%3E",
        "%3Cscript%3E",
        "%3Cscript%3E"
    );
    let request = Request::post(address)
        .header("content-type", "application/json")
        .header("x-hostile", HOSTILE)
        .body(Bytes::from(
            serde_json::json!({ HOSTILE: HOSTILE }).to_string(),
        ))
        .unwrap();
    sandbox.exchange(request).await.unwrap();
    create(&sandbox, "T-1", HOSTILE).await;
    sandbox.plan(Fault::new(FaultKind::Html).at(HOSTILE));
    for path in [
        "/_page/".to_owned(),
        "/_page/verifications/idnow/T-1".to_owned(),
        "/_page/requests".to_owned(),
        "/_page/requests/1".to_owned(),
        "/_page/requests/2".to_owned(),
        "/_page/faults".to_owned(),
        format!("/_page/?vendor={}", encoded(HOSTILE)),
        format!("/_page/{}", encoded(HOSTILE)),
        format!("/_page/verifications/idnow/{}", encoded(HOSTILE)),
    ] {
        browser.get(&path).await.assert_escaped(&path);
    }
    let fields = [("kind", HOSTILE), ("back", HOSTILE)];
    browser
        .post("/_page/faults", &fields)
        .await
        .assert_escaped("faults");
    let back = browser
        .post(
            "/_page/clock",
            &[("move", "hour"), ("back", "//attacker.example/")],
        )
        .await;
    assert_eq!(back.header("location"), Some("/_page/"));
}

#[tokio::test]
async fn person_plays_their_part_by_a_choice() {
    for (choice, state) in [
        ("succeed", Some("REVIEW_PENDING")),
        ("data-differ", Some("REVIEW_PENDING")),
        ("fail", Some("FRAUD_SUSPICION_CONFIRMED")),
        ("suspect-fraud", Some("FRAUD_SUSPICION_PENDING")),
        ("come-back-later", None),
    ] {
        let sandbox = sandbox().await;
        create(&sandbox, "T-1", "Mustermann").await;
        let browser = Browser::at(&sandbox, "idnow.localhost");
        let before = sandbox.clock().now();
        let answer = browser
            .post(&format!("/_person/idnow/T-1/{choice}"), &[])
            .await;
        assert_eq!(answer.status, 303, "{choice}");
        let place = answer.header("location").unwrap();
        assert!(place.starts_with("http://idnow.localhost/"), "{place}");
        assert_eq!(sandbox.clock().now(), before);
        let page = Browser::at(&sandbox, "sandbox.localhost")
            .get("/_page/verifications/idnow/T-1")
            .await;
        assert!(
            page.text.contains(state.unwrap_or("not started")),
            "{choice}: {}",
            page.text
        );
    }
    let sandbox = sandbox().await;
    let browser = Browser::at(&sandbox, "idnow.localhost");
    for path in [
        "/_person/idnow/T-1/other",
        "/_person/other/T-1/succeed",
        "/_person/idnow",
    ] {
        assert_eq!(browser.post(path, &[]).await.status, 404, "{path}");
    }
    let unknown = browser.post("/_person/idnow/T-9/succeed", &[]).await;
    assert_eq!(unknown.status, 409);
    unknown.assert_secured_person();
}

#[tokio::test]
async fn open_page_is_told_of_changes_until_the_end() {
    let sandbox = Sandbox::builder().speed(0.0).start().await.unwrap();
    let address = sandbox.shared_url();
    let address = address.strip_prefix("http://").unwrap().to_owned();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let request = format!("GET /_page/events HTTP/1.1\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut seen = String::new();
    read_until(&mut stream, &mut seen, "event: change").await;
    assert!(seen.contains("content-type: text/event-stream"), "{seen}");
    seen.clear();

    sandbox.clock().advance(Duration::from_secs(1)).await;
    read_until(&mut stream, &mut seen, "event: change").await;
    sandbox.shutdown().await;
    let mut rest = Vec::new();
    // The connection ends, in whatever way.
    let _ = stream.read_to_end(&mut rest).await;
}

async fn read_until(stream: &mut TcpStream, seen: &mut String, expected: &str) {
    let mut buffer = [0; 1024];
    while !seen.contains(expected) {
        let read = stream.read(&mut buffer).await.unwrap();
        assert_ne!(read, 0, "the stream ended: {seen}");
        seen.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
}

#[tokio::test]
async fn number_of_open_streams_is_limited() {
    let sandbox = Sandbox::builder().speed(0.0).start().await.unwrap();
    let address = sandbox.shared_url();
    let address = address.strip_prefix("http://").unwrap().to_owned();
    let request = format!("GET /_page/events HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let mut open = Vec::new();
    for number in 0..=64 {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let expected = if number < 64 { " 200 OK" } else { " 503 " };
        read_until(&mut stream, &mut String::new(), expected).await;
        open.push(stream);
    }
    let page = root_over_port(&address).await;
    assert!(page.contains(" 200 OK"), "{page}");
}

/// Returns the beginning of the page over a port.
async fn root_over_port(address: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn method_of_the_page_is_get_or_post() {
    let sandbox = sandbox().await;
    let request = Request::delete("http://sandbox.localhost/_page/")
        .body(Bytes::new())
        .unwrap();
    let answer = sandbox.exchange(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
}
