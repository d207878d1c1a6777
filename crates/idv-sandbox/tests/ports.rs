//! The sandbox's ports, their vendors, and their certificate.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use idv_sandbox::{Sandbox, SandboxError};
use jiff::Timestamp;
use reqwest::{Certificate, Client, ClientBuilder};
use serde_json::json;
use support::{JSON, KEY, World, send, still};

const HOSTS: [&str; 8] = [
    "gateway.idnow.de",
    "gateway.test.idnow.de",
    "api.test.idnow.de",
    "go.idnow.de",
    "go.test.idnow.de",
    "gateway.online-ident.ch",
    "go.online-ident.ch",
    "gateway.idnow.ae",
];

fn client() -> ClientBuilder {
    Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(20))
}

/// Returns a client that trusts this authority only.
fn trusting(pem: &str) -> ClientBuilder {
    client().tls_certs_only([Certificate::from_pem(pem.as_bytes()).unwrap()])
}

/// Returns the socket address of a base address.
fn address(base: &str) -> SocketAddr {
    base.split_once("://").unwrap().1.parse().unwrap()
}

async fn status(client: &Client, url: &str) -> Result<u16, reqwest::Error> {
    Ok(client.get(url).send().await?.status().as_u16())
}

#[tokio::test]
async fn https_requires_the_written_certificate() {
    let sandbox = still().tls().start().await.unwrap();
    let file = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("authority-{}.pem", std::process::id()));
    sandbox.write_ca_certificate(&file).unwrap();
    let pem = std::fs::read_to_string(&file).unwrap();
    assert_eq!(Some(pem.as_str()), sandbox.ca_certificate_pem());
    let url = format!("{}/system_check", sandbox.idnow().base_url());
    assert!(url.starts_with("https://"), "{url}");

    assert_eq!(
        status(&trusting(&pem).build().unwrap(), &url)
            .await
            .unwrap(),
        200
    );
    let stranger = client().build().unwrap();
    assert!(
        status(&stranger, &url).await.unwrap_err().is_connect(),
        "no other authority is trusted"
    );
    let other = still().tls().start().await.unwrap();
    let other = trusting(other.ca_certificate_pem().unwrap())
        .build()
        .unwrap();
    assert!(
        status(&other, &url).await.unwrap_err().is_connect(),
        "each sandbox has an authority of its own"
    );
    let plain = status(&stranger, &url.replace("https://", "http://")).await;
    assert!(plain.is_err(), "with TLS on there is no plain HTTP");
}

#[tokio::test]
async fn certificate_covers_hosts_and_loopback_names() {
    let sandbox = still().tls().start().await.unwrap();
    let shared = address(&sandbox.shared_url());
    let pem = sandbox.ca_certificate_pem().unwrap();
    for host in HOSTS {
        let client = trusting(pem).resolve(host, shared).build().unwrap();
        let url = format!("https://{host}:{}/system_check", shared.port());
        assert_eq!(status(&client, &url).await.unwrap(), 200, "{host}");
    }
    let vendor = address(&sandbox.idnow().base_url());
    let client = trusting(pem)
        .resolve("localhost", vendor)
        .resolve("example.com", vendor)
        .build()
        .unwrap();
    assert_eq!(
        status(
            &client,
            &format!("https://localhost:{}/system_check", vendor.port())
        )
        .await
        .unwrap(),
        200
    );
    let elsewhere = status(
        &client,
        &format!("https://example.com:{}/system_check", vendor.port()),
    )
    .await;
    assert!(
        elsewhere.unwrap_err().is_connect(),
        "it is for no other host"
    );
}

#[tokio::test]
async fn certificate_covers_every_host_of_every_vendor() {
    let sandbox = still().tls().start().await.unwrap();
    let (shared, pem) = (
        address(&sandbox.shared_url()),
        sandbox.ca_certificate_pem().unwrap(),
    );
    // A path of each vendor that needs no credentials, and the response.
    let hosts = [
        ("customer.identity.tm", "/api/2.10/serverStatus", 200),
        ("www.identity.tm", "/api/2.10/serverStatus", 200),
        ("api.cm.com", "/id-scan/v1/transactions/1", 401),
        ("id-scan.identity.cm.com", "/id-scan/v1/transactions/1", 401),
        ("api.identify24.de", "/project/getAll", 401),
        ("identify24.de", "/project/getAll", 401),
    ];
    for (host, path, answer) in hosts {
        let client = trusting(pem).resolve(host, shared).build().unwrap();
        let url = format!("https://{host}:{}{path}", shared.port());
        assert_eq!(status(&client, &url).await.unwrap(), answer, "{host}");
    }
}

#[tokio::test]
async fn sandbox_without_tls_has_no_certificate() {
    let sandbox = still().start().await.unwrap();
    assert_eq!(sandbox.ca_certificate_pem(), None);
    let written = sandbox.write_ca_certificate(Path::new("/nowhere"));
    assert_eq!(written.unwrap_err().kind(), std::io::ErrorKind::Unsupported);
}

#[tokio::test]
async fn shared_port_selects_vendor_by_host() {
    let sandbox = still().start().await.unwrap();
    let shared = sandbox.shared_url();
    for host in HOSTS {
        for host in [host.to_owned(), format!("{host}:443"), host.to_uppercase()] {
            let reply = send(&shared, "GET", "/system_check", &[("Host", &host)], "")
                .await
                .unwrap();
            assert_eq!(
                (reply.status, reply.text()),
                (200, "SYSTEM_CHECK_OK"),
                "{host}"
            );
        }
    }
    for host in [
        "127.0.0.1",
        "localhost:80",
        "idnow.de",
        "gateway.idnow.de.example.com",
        "example.com",
    ] {
        let reply = send(&shared, "GET", "/system_check", &[("Host", host)], "")
            .await
            .unwrap();
        assert_eq!(reply.status, 421, "{host}");
        assert!(
            reply.text().contains("gateway.test.idnow.de"),
            "the response lists the hosts: {}",
            reply.text()
        );
    }
}

#[tokio::test]
async fn vendors_port_accepts_any_host() {
    let world = World::start().await;
    world.create("T-1", "{}").await;
    for host in ["127.0.0.1", "go.idnow.de", "anything"] {
        for path in ["/system_check", "/ihrebank/identifications/T-1"] {
            assert_eq!(
                world.send("GET", path, &[("Host", host)], "").await.status,
                200,
                "{host}{path}"
            );
        }
    }
}

#[tokio::test]
async fn both_ports_share_their_state() {
    let world = World::start().await;
    world.create("T-1", "{}").await;
    let target = "/api/v1/ihrebank/identifications/T-1/start";
    let headers = [("Host", "gateway.idnow.de"), KEY, JSON];
    assert_eq!(
        send(&world.sandbox.shared_url(), "POST", target, &headers, "{}")
            .await
            .unwrap()
            .status,
        200
    );
}

#[tokio::test]
async fn control_plane_is_on_every_port() {
    let world = World::start().await;
    assert_eq!(
        world.sandbox.control_url(),
        format!("{}/_control/", world.sandbox.shared_url())
    );
    for base in [world.sandbox.shared_url(), world.base.clone()] {
        for path in ["/_control", "/_control/"] {
            let state = send(&base, "GET", path, &[], "").await.unwrap();
            assert_eq!(state.status, 200);
            assert_eq!(state.header("content-type"), Some("application/json"));
            assert_eq!(state.json()["now"], "2026-01-01T00:00:00Z");
        }
        let unknown = send(&base, "GET", "/_control/elsewhere", &[], "")
            .await
            .unwrap();
        assert_eq!(unknown.status, 404);
        assert!(unknown.json()["error"].is_string());
    }
}

#[tokio::test]
async fn control_plane_advances_clock_and_runs_events() {
    let world = World::start().await;
    world.create("T-1", "{}").await;
    assert_eq!(
        world
            .control(
                "POST",
                "idnow/identifications/T-1/act",
                r#"{"scenario":"rejected"}"#
            )
            .await
            .status,
        200
    );
    let due = world.control("GET", "", "").await.json();
    assert_eq!(
        (&due["idnow"], &due["next_due"]),
        (
            &json!({ "identifications": 1 }),
            &json!("2026-01-01T00:07:00Z")
        )
    );
    let moved = world
        .control("POST", "clock", r#"{"advance_seconds":3600}"#)
        .await;
    assert_eq!(
        (moved.status, &moved.json()["now"]),
        (200, &json!("2026-01-01T01:00:00Z"))
    );
    assert_eq!(
        world.ask("GET", "/T-1").await.json()["identificationprocess"]["identificationtime"],
        "2026-01-01T00:07:00Z"
    );
    for wrong in [
        "{}",
        r#"{"advance_seconds":-1}"#,
        r#"{"advance_seconds":1,"by":2}"#,
        "[]",
        "",
    ] {
        assert_eq!(
            world.control("POST", "clock", wrong).await.status,
            400,
            "{wrong}"
        );
    }
    assert_eq!(
        world.sandbox.clock().now().to_string(),
        "2026-01-01T01:00:00Z"
    );
}

#[tokio::test]
async fn control_plane_shows_and_changes_the_account() {
    let world = World::start().await;
    let mut account = world
        .control("GET", "idnow/accounts/ihrebank", "")
        .await
        .json();
    assert_eq!(
        (&account["company"], &account["redact"]),
        (&json!("ihrebank"), &json!(false))
    );
    account["redact"] = json!(true);
    let put = world
        .control("PUT", "idnow/accounts/ihrebank", &account.to_string())
        .await;
    assert_eq!((put.status, put.json()), (200, account.clone()));
    assert!(world.sandbox.idnow().account().redact);
    account["colour"] = json!("red");
    assert_eq!(
        world
            .control("PUT", "idnow/accounts/ihrebank", &account.to_string())
            .await
            .status,
        400,
        "an unknown setting"
    );
    assert_eq!(
        world
            .control(
                "PUT",
                "idnow/accounts/testbank",
                r#"{"company":"ihrebank"}"#
            )
            .await
            .status,
        400
    );
    assert_eq!(
        world
            .control("GET", "idnow/accounts/nobody", "")
            .await
            .status,
        400
    );
}

/// The second account of each vendor that has one, a setting, and the members that differ from the
/// first account.
const SECOND_ACCOUNTS: [(&str, &str, &[&str]); 4] = [
    (
        "idnow/accounts/testbank",
        r#"{"auto_ident":true}"#,
        &["company", "api_keys", "short_code", "name"],
    ),
    (
        "identity-tm/accounts/second",
        r#"{"audio_recording":true}"#,
        &["user", "password", "products", "namirial"],
    ),
    (
        "cm-id-scan/accounts/5d1f6a4e-2b90-4c7e-9f33-8a1c0e7b6d52",
        r#"{"image_length":9}"#,
        &["key_id", "secret"],
    ),
    (
        "identify24/accounts/second",
        r#"{"appointment_minutes":5}"#,
        &["partner", "api_key", "projects"],
    ),
];

#[tokio::test]
async fn put_resets_second_account_to_its_own_defaults() {
    let world = World::start().await;
    for (path, setting, own) in SECOND_ACCOUNTS {
        let before = world.control("GET", path, "").await.json();
        let put = world.control("PUT", path, setting).await;
        assert_eq!(put.status, 200, "{path}: {}", put.text());
        let (after, setting) = (
            put.json(),
            serde_json::from_str::<serde_json::Value>(setting).unwrap(),
        );
        for (name, value) in setting.as_object().unwrap() {
            assert_ne!(before[name], *value, "{path}: the test changes {name}");
            assert_eq!(after[name], *value, "{path}");
        }
        for name in own {
            assert_eq!(before[*name], after[*name], "{path}: {name}");
        }
        assert_eq!(
            world.control("PUT", path, "{}").await.json(),
            before,
            "{path}: everything has its default again"
        );
    }
}

#[tokio::test]
async fn patch_keeps_omitted_settings() {
    let world = World::start().await;
    for (path, setting, _) in SECOND_ACCOUNTS {
        let changed = world.control("PATCH", path, setting).await.json();
        assert_eq!(
            world.control("PATCH", path, "{}").await.json(),
            changed,
            "{path}"
        );
        assert_eq!(
            world
                .control("PATCH", path, r#"{"colour":"red"}"#)
                .await
                .status,
            400,
            "{path}: an unknown setting"
        );
    }
}

#[tokio::test]
async fn identifications_are_listed_without_personal_data() {
    let world = World::start().await;
    world.create("T-2", r#"{"lastname":"Canary"}"#).await;
    world.finish("T-1", "happy").await;
    let list = world.control("GET", "idnow/identifications", "").await;
    let rows: Vec<_> = list
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["transaction_number"].clone(), row["result"].clone()))
        .collect();
    assert_eq!(
        rows,
        [
            (json!("T-1"), json!("SUCCESS")),
            (json!("T-2"), json!(null))
        ]
    );
    assert!(
        !list.text().contains("Canary") && list.text().contains("IBA-"),
        "{}",
        list.text()
    );
}

#[tokio::test]
async fn requests_are_recorded_without_secrets() {
    let world = World::start().await;
    world.create("T-1", r#"{"lastname":"Canary"}"#).await;
    world
        .send(
            "GET",
            "/ihrebank/identifications/T-1?tid=Canary",
            &[("X-API-LOGIN-TOKEN", "Canary")],
            "",
        )
        .await;
    let requests = world.control("GET", "requests", "").await;
    let expected = json!([
        { "number": 1, "at": "2026-01-01T00:00:00Z", "vendor": "idnow", "method": "POST", "path": "/api/v1/ihrebank/identifications/T-1/start", "status": 201 },
        { "number": 2, "at": "2026-01-01T00:00:00Z", "vendor": "idnow", "method": "GET", "path": "/ihrebank/identifications/T-1", "status": 200 }
    ]);
    assert_eq!(
        requests.json(),
        expected,
        "without the control plane's own requests"
    );
}

#[tokio::test]
async fn sandbox_listens_on_loopback_only() {
    for address in ["0.0.0.0:0", "192.0.2.1:0", "[::]:0"] {
        let refused = Sandbox::builder()
            .listen(address.parse().unwrap())
            .start()
            .await;
        assert!(
            matches!(refused, Err(SandboxError::NotLoopback(_))),
            "{address}"
        );
    }
    let sandbox = still()
        .listen("127.0.0.2:0".parse().unwrap())
        .start()
        .await
        .unwrap();
    assert!(
        sandbox.shared_url().starts_with("http://127.0.0.2:"),
        "{}",
        sandbox.shared_url()
    );
}

#[tokio::test]
async fn occupied_port_is_named_in_the_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    match Sandbox::builder().listen(address).start().await {
        Err(SandboxError::Listen(named, _)) => assert_eq!(named, address),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn shutdown_frees_the_ports() {
    let sandbox = still().start().await.unwrap();
    let (shared, vendor) = (
        address(&sandbox.shared_url()),
        address(&sandbox.idnow().base_url()),
    );
    assert_ne!(shared, vendor);
    sandbox.shutdown().await;
    for address in [shared, vendor] {
        assert!(
            tokio::net::TcpStream::connect(address).await.is_err(),
            "{address}"
        );
    }
}

#[tokio::test]
async fn clock_follows_start_time_and_speed() {
    let start: Timestamp = "2030-05-06T07:08:09Z".parse().unwrap();
    let standing = still().start_time(start).start().await.unwrap();
    assert_eq!(standing.clock().now(), start);
    standing.clock().advance(Duration::from_secs(60)).await;
    assert_eq!(standing.clock().now().to_string(), "2030-05-06T07:09:09Z");

    // A day per second: a review ends while a client polls.
    let running = Sandbox::builder().speed(86_400.0).start().await.unwrap();
    let base = running.idnow().base_url();
    send(
        &base,
        "POST",
        "/api/v1/ihrebank/identifications/T-1/start",
        &[KEY, JSON],
        "{}",
    )
    .await
    .unwrap();
    running.idnow().act("T-1", "happy").unwrap();
    for _ in 0..100_000 {
        let state = send(&base, "GET", "/_control/", &[], "")
            .await
            .unwrap()
            .json();
        let now: Timestamp = state["now"].as_str().unwrap().parse().unwrap();
        let due: Option<Timestamp> = state["next_due"].as_str().map(|due| due.parse().unwrap());
        // Only events in ninety days remain.
        if due.is_some_and(|due| due.duration_since(now).as_hours() > 24 * 80) {
            return;
        }
    }
    panic!("nothing happened by itself");
}
