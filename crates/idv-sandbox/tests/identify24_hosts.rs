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
async fn link_leads_to_the_host_of_the_request() {
    let players = players().await;
    players
        .assert_links(
            "identify24",
            "api.identify24.de",
            "conference_url",
            "identify24.de",
        )
        .await;
}
