//! The README lists every scenario, setting, route and fault, since clients in other languages
//! depend on it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use std::collections::BTreeSet;
use std::path::Path;

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

/// Returns the routes in the first column of the tables, as method and path.
fn routes(text: &str) -> BTreeSet<String> {
    let mut routes = BTreeSet::new();
    for line in text
        .lines()
        .filter(|line| line.starts_with("| `") && line.contains("/_control/"))
    {
        let mut methods: Vec<&str> = Vec::new();
        for code in line
            .split('|')
            .nth(1)
            .unwrap()
            .split('`')
            .skip(1)
            .step_by(2)
        {
            let (method, path) = code.split_once(' ').unwrap_or((code, ""));
            methods.push(method);
            if !path.is_empty() {
                routes.extend(methods.drain(..).map(|method| format!("{method} {path}")));
            }
        }
    }
    routes
}

#[tokio::test]
async fn readme_lists_every_route() {
    let (world, readme) = (World::start().await, readme());
    let overview = world.control("GET", "", "").await.json();
    let all = overview["routes"].as_array().unwrap();
    let is_of_another_vendor = |route: &str| {
        let vendors = world.sandbox.vendors();
        let others = vendors.iter().map(idv_sandbox::Vendor::id);
        others
            .filter(|vendor| *vendor != "idnow")
            .any(|vendor| route.contains(&format!("/{vendor}/")))
    };
    let known: BTreeSet<String> = all
        .iter()
        .map(|route| route.as_str().unwrap().to_owned())
        .filter(|route| !is_of_another_vendor(route))
        .collect();
    assert_eq!(routes(&readme), known);
    assert!(known.len() > 30, "{known:?}");
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
