//! A client that uses the vendor's own host names gets links to them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod players;

use idv_sandbox::Sandbox;
use players::Players;
use serde_json::json;

async fn players() -> Players {
    Players::start(Sandbox::builder().seed(1)).await
}

#[tokio::test]
async fn link_leads_to_the_host_of_the_request() {
    let players = players().await;
    players
        .assert_links("cm-id-scan", "api.cm.com", "url", "id-scan.identity.cm.com")
        .await;
}

#[tokio::test]
async fn files_are_at_the_host_of_the_api() {
    let players = players().await;
    let base = "http://api.cm.com:7790";
    let (_, created) = players.create_at(base, "cm-id-scan", "").await;
    let id = created["id"].as_str().unwrap();
    let act = json!({ "step": "person-shows-front" }).to_string();
    players
        .control("POST", &format!("cm-id-scan/verifications/{id}/act"), act)
        .await;
    players.seconds(1).await;
    let bearer = format!("Bearer {}", players.token());
    let url = format!("{base}/id-scan/v1/transactions/{id}");
    let (_, details) = players
        .send("GET", &url, &[("authorization", &bearer)], "")
        .await;
    let files = &details["tasks"][0]["documentScans"][0]["files"];
    let file = files.to_string();
    assert!(
        file.contains("http://api.cm.com:7790/id-scan/v1/downloads/"),
        "{details}"
    );
}
