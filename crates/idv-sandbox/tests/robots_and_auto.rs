//! A scenario for every verification leaves those alone that the vendors' test robots play.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod players;

use idv_sandbox::Sandbox;
use players::Players;

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
