//! A client that uses a vendor's own host names gets links to these hosts, and the vendors' test
//! robots play even if every verification plays itself.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod players;

use idv_sandbox::Sandbox;
use players::Players;
use serde_json::{Value, json};

/// The host of each vendor's API, the place of the link in the response, and the host for persons.
const LINKS: [(&str, &str, &str, &str); 2] = [
    ("cm-id-scan", "api.cm.com", "url", "id-scan.identity.cm.com"),
    (
        "identify24",
        "api.identify24.de",
        "conference_url",
        "identify24.de",
    ),
];

async fn players() -> Players {
    Players::start(Sandbox::builder().seed(1)).await
}

/// Returns the scheme, the host and the port of a link.
fn origin(link: &Value) -> String {
    let link = link.as_str().unwrap();
    link.split('/').take(3).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn links_lead_to_the_hosts_of_the_request() {
    let players = players().await;
    for (vendor, host, member, expected) in LINKS {
        let (_, created) = players
            .create_at(&format!("https://{host}"), vendor, "T-1")
            .await;
        assert_eq!(origin(&created[member]), format!("https://{expected}"));
        // The sandbox has another port than the vendor.
        let base = format!("http://{host}:7790");
        let (_, created) = players.create_at(&base, vendor, "T-2").await;
        assert_eq!(origin(&created[member]), format!("http://{expected}:7790"));
        let (_, created) = players.create(vendor, "T-3").await;
        let own = players.sandbox.vendor(vendor).unwrap().base_url();
        assert_eq!(origin(&created[member]), own);
    }
}

#[tokio::test]
async fn persons_link_leads_to_the_host_of_the_request() {
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

#[tokio::test]
async fn message_has_a_link_to_the_host_of_the_request() {
    let players = players().await;
    let base = "http://api.mensatek.com:7790";
    players.create_at(base, "verificar-identidad", "").await;
    let messages = players.get("verificar-identidad/messages").await;
    let text = messages[0]["text"].as_str().unwrap();
    assert!(text.contains("http://www.mensatek.com:7790/vi/"), "{text}");
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

#[tokio::test]
async fn robot_plays_instead_of_the_scenario_for_all() {
    let players = Players::start(Sandbox::builder().seed(1).auto("happy")).await;
    let sandbox = &players.sandbox;
    let emulator = sandbox.identity_tm();
    // The robots play for integration accounts only (9.5).
    emulator
        .configure(|account| account.integration = false)
        .unwrap();
    players.create("identity-tm", "X-AUTOTEST-NEGATIVE").await;
    emulator
        .configure(|account| account.integration = true)
        .unwrap();
    players.create("identity-tm", "X-AUTOTEST-NEGATIVE").await;
    let url = "http://idnow.localhost/api/v1/ihrebank/identifications/T-1/start";
    let headers = [
        ("x-api-key", "exampleApiKey"),
        ("content-type", "application/json"),
    ];
    let body = r#"{"lastname":"X-AUTOTEST-FRAUDIDENT"}"#;
    players.send("POST", url, &headers, body).await;
    players.seconds(86_400).await;
    for (vendor, index, expected) in [
        ("identity-tm", 0, "80 data ready"),
        ("identity-tm", 1, "17/48 identification negative"),
        ("idnow", 0, "not started"),
    ] {
        let id = &sandbox.vendor(vendor).unwrap().ids()[index];
        let verification = players.get(&format!("{vendor}/verifications/{id}")).await;
        assert_eq!(verification["state"], expected);
    }
}
