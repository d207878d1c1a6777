//! The demo: every scenario comes out as it must.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use serde_json::Value;
use support::Place;

const SCENARIOS: [(&str, &str); 10] = [
    ("happy", "settled: verified"),
    ("data-changed", "settled: verified"),
    ("rejected", "settled: rejected"),
    ("fraud", "settled: rejected"),
    ("fraud-in-review", "settled: rejected"),
    ("aborted-then-success", "settled: verified"),
    ("canceled-in-review", "settled: canceled"),
    ("expired", "settled: expired"),
    ("never-finishes", "open: in_review, leaning verified"),
    ("unknown-status", "open: awaiting_person"),
];

#[test]
fn every_scenario_comes_out_as_it_must_and_stands_in_the_table() {
    let ran = Place::new().run(&["demo"]);
    assert_eq!(ran.exit, 0, "{}\n{}", ran.out, ran.err);
    assert_eq!(ran.err, "");
    let table: Vec<&str> = ran.out.lines().rev().take(SCENARIOS.len()).collect();
    for (line, (scenario, outcome)) in table.iter().rev().zip(SCENARIOS) {
        assert!(line.contains(scenario) && line.contains(outcome) && line.ends_with("as expected"), "{line}");
    }
    assert!(ran.out.contains("birth_date: 1982-05-22 -> 1983-05-22"), "{}", ran.out);
    assert_eq!(ran.out.matches("a forged callback that says verified was answered with 403, and nothing changed").count(), 10);
}

#[test]
fn the_same_as_json() {
    let answer = Place::new().run(&["demo", "--provider", "idnow", "--json"]).json();
    assert_eq!(answer.get("fell_short").unwrap(), 0);
    let stories = answer.get("stories").unwrap().as_array().unwrap();
    let told: Vec<(&str, &str)> = stories
        .iter()
        .map(|story| (story.get("scenario").unwrap().as_str().unwrap(), story.get("outcome").unwrap().as_str().unwrap()))
        .collect();
    assert_eq!(told, SCENARIOS);
    for story in stories {
        let observations = story.get("observations").unwrap().as_array().unwrap();
        let by = |channel: &str| observations.iter().filter(|seen| seen.get("channel").unwrap() == channel).collect::<Vec<_>>();
        assert!(!by("poll").is_empty());
        assert!(by("callback").iter().all(|seen| seen.get("trust").unwrap() == "proven"));
        let settled_by_callback =
            by("callback").iter().any(|seen| seen.get("transition").unwrap().as_str().unwrap().starts_with("settled"));
        assert!(!settled_by_callback, "no callback decides at a vendor that can be asked");
    }
}

#[test]
fn one_scenario_of_one_vendor() {
    let answer = Place::new().run(&["demo", "--provider", "idnow", "--scenario", "happy", "--json"]).json();
    let stories = answer.get("stories").unwrap().as_array().unwrap();
    assert_eq!(stories.len(), 1);
    let evidence = stories[0].get("evidence").unwrap();
    assert!(evidence.get("length").and_then(Value::as_u64).unwrap() > 0);
}

#[test]
fn what_there_is_not_is_answered_with_what_there_is() {
    let place = Place::new();
    assert!(place.run(&["demo", "--scenario", "lucky"]).failed(2).contains("aborted-then-success"));
    assert!(place.run(&["demo", "--provider", "cm-id-scan"]).failed(2).contains("idnow"));
}
