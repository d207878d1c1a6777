//! The README lists every scenario, setting, route and fault, since clients in other languages
//! depend on it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::path::Path;

use serde_json::Value;
use support::World;

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

#[tokio::test]
async fn readme_lists_every_scenario_and_setting() {
    let (world, readme) = (
        World::start().await,
        readme() + include_str!("../vendors/idnow.md"),
    );
    let scenarios = world.control("GET", "idnow/scenarios", "").await.json();
    let account = world
        .control("GET", "idnow/accounts/ihrebank", "")
        .await
        .json();
    let scenarios = scenarios
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap());
    let settings = account.as_object().unwrap().keys().map(String::as_str);
    for name in scenarios.chain(settings) {
        assert!(readme.contains(&format!("`{name}`")), "{name}");
    }
}

#[tokio::test]
async fn every_route_in_readme_exists() {
    let (world, readme) = (World::start().await, readme());
    let mut routes = 0;
    for line in readme
        .lines()
        .filter(|line| line.starts_with("| `") && line.contains("/_control/"))
    {
        let cell = line.split('|').nth(1).unwrap().replace(['`', ','], " ");
        let words: Vec<&str> = cell.split_whitespace().collect();
        let (path, methods) = words.split_last().unwrap();
        let path = path
            .replace("{transaction}", "T-1")
            .replace("{company}", "ihrebank");
        for method in methods {
            routes += 1;
            let reply = world.send(method, &path, &[], "").await;
            assert_ne!(reply.status, 404, "{method} {path}");
            assert!(
                serde_json::from_slice::<Value>(&reply.body).is_ok(),
                "{method} {path}: {}",
                reply.text()
            );
        }
    }
    assert_eq!(routes, 17, "all routes of the control plane");
}

#[tokio::test]
async fn every_fault_in_readme_can_be_planned() {
    let (world, readme) = (World::start().await, readme());
    let table = readme
        .split("| `kind` |")
        .nth(1)
        .unwrap()
        .split("\n\n")
        .next()
        .unwrap();
    let mut kinds = 0;
    for cell in table
        .lines()
        .skip(2)
        .map(|line| line.split('|').nth(1).unwrap())
    {
        for kind in cell.split('`').skip(1).step_by(2) {
            kinds += 1;
            // Numbers are written as words.
            let kind = kind
                .replace("ms}", "1}")
                .replace("bytes}", "1}")
                .replace("seconds}", "1}");
            let reply = world
                .control("POST", "faults", &format!("{{\"kind\":{kind}}}"))
                .await;
            assert_eq!(reply.status, 200, "{kind}: {}", reply.text());
        }
    }
    assert_eq!(kinds, 20, "all kinds");
}
