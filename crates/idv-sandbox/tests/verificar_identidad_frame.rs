//! The sandbox's common functions at VerificarIdentidad: the client's clock, a failure inside a
//! success, omitted settings.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;
mod verificar_identidad;

use idv_sandbox::{Fault, FaultKind};
use serde_json::json;
use support::{World, send, still};
use verificar_identidad::{Vi, request};

#[tokio::test]
async fn message_is_sent_at_once_if_past_by_virtual_time() {
    let wall = || "2026-01-01T00:00:00Z".parse().unwrap();
    let sandbox = still().wall_clock(wall).start().await.unwrap();
    let vi = Vi {
        base: sandbox.verificar_identidad().base_url(),
        sandbox,
    };
    vi.seconds(24 * 3600).await;
    // Ten minutes ahead of the client's clock, in Spain.
    let mut body = request();
    body["Fecha"] = json!("2026-01-01 01:10");
    let sent = vi.call("VerificarIdentidad", &body).await.json();
    assert_eq!(sent[0]["Res"], 1, "{sent}");
    assert_eq!(vi.sandbox.verificar_identidad().messages().len(), 1);
    vi.sandbox
        .verificar_identidad()
        .configure(|account| account.strict_clock = true)
        .unwrap();
    assert_eq!(
        vi.call("VerificarIdentidad", &body).await.json()[0]["Res"],
        -3
    );
}

#[tokio::test]
async fn failure_inside_success_is_a_refused_login() {
    let sandbox = still().start().await.unwrap();
    sandbox.plan(Fault::new(FaultKind::StatusInside(401)));
    let reply = send(
        &sandbox.verificar_identidad().base_url(),
        "GET",
        "/any",
        &[],
        "",
    )
    .await
    .unwrap();
    assert_eq!((reply.status, reply.json()), (200, json!([{ "Res": -1 }])));
}

#[tokio::test]
async fn patch_keeps_omitted_settings() {
    let world = World::start().await;
    let account = "verificar-identidad/account";
    let changed = world
        .control("PATCH", account, r#"{"cost_hundredths":7}"#)
        .await
        .json();
    let again = world
        .control("PATCH", account, r#"{"activated":false}"#)
        .await
        .json();
    assert_eq!(again["cost_hundredths"], changed["cost_hundredths"]);
}

#[tokio::test]
async fn certificate_covers_the_vendors_hosts() {
    let sandbox = still().tls().start().await.unwrap();
    let shared = sandbox
        .shared_url()
        .split_once("://")
        .unwrap()
        .1
        .parse::<std::net::SocketAddr>()
        .unwrap();
    let authority =
        reqwest::Certificate::from_pem(sandbox.ca_certificate_pem().unwrap().as_bytes()).unwrap();
    for host in ["api.mensatek.com", "www.mensatek.com"] {
        let client = reqwest::Client::builder()
            .no_proxy()
            .tls_certs_only([authority.clone()])
            .resolve(host, shared)
            .build()
            .unwrap();
        let answer = client
            .get(format!("https://{host}:{}/v7/GetCreditos", shared.port()))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 405, "{host}");
    }
}
