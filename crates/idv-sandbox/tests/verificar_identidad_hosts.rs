//! A client that uses the vendor's own host names gets links to them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod players;

use idv_sandbox::Sandbox;
use players::Players;

async fn players() -> Players {
    Players::start(Sandbox::builder().seed(1)).await
}

#[tokio::test]
async fn message_has_a_link_to_the_host_of_the_request() {
    let players = players().await;
    let base = "http://api.mensatek.com:7790";
    players.create_at(base, "verificar-identidad", "").await;
    let messages = players.get("verificar-identidad/messages").await;
    let text = messages[0]["text"].as_str().unwrap();
    assert!(text.contains("http://www.mensatek.com:7790/vi/"), "{text}");
}
