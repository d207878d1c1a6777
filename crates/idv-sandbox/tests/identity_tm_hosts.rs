//! A client that uses the vendor's own host names gets links to them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod players;

use idv_sandbox::Sandbox;
use players::{Players, origin};
use serde_json::json;

async fn players() -> Players {
    Players::start(Sandbox::builder().seed(1)).await
}

#[tokio::test]
async fn link_leads_to_the_host_of_the_request() {
    let players = players().await;
    let order = json!({
        "Ref": "T-1", "Product": 12, "Add": 0, "getTargetLink": true,
        "Email": "e.mustermann@example.com", "Mobile": "+491711234567",
        "Address": { "Firstname": "Erika", "Surname": "Mustermann", "Country": "DE" },
    });
    for (base, expected) in [
        ("https://customer.identity.tm", "https://www.identity.tm"),
        (
            "http://customer.identity.tm:7790",
            "http://www.identity.tm:7790",
        ),
    ] {
        let url = format!("{base}/api/2.10/putOrder");
        let headers = [
            ("authorization", "Basic ZXhhbXBsZTpleGFtcGxlUGFzc3dvcmQ="),
            ("content-type", "application/json"),
        ];
        let (_, created) = players.send("PUT", &url, &headers, order.to_string()).await;
        assert_eq!(origin(&created["TargetURL"]), expected);
    }
}
