//! The demo: every scenario comes out as it must.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod support;

use serde_json::Value;
use support::Place;

const PROVIDERS: [&str; 5] = ["cm-id-scan", "identify24", "identity-tm", "idnow", "verificar-identidad"];

/// What comes out otherwise than it comes elsewhere, and why stands in `Stage::comes_out` of the vendor.
const OTHERWISE: [(&str, &str, &str); 7] = [
    ("cm-id-scan", "data-changed", "settled: inconclusive"),
    ("cm-id-scan", "rejected", "settled: inconclusive"),
    ("cm-id-scan", "canceled-in-review", "settled: expired"),
    ("cm-id-scan", "never-finishes", "settled: expired"),
    ("verificar-identidad", "canceled-in-review", "settled: rejected"),
    ("verificar-identidad", "expired", "open: awaiting_person"),
    ("verificar-identidad", "unknown-status", "open: in_progress"),
];

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

/// The scenarios of one vendor alone.
const OWN: [(&str, &str, &str); 4] = [
    ("cm-id-scan", "faces-unscored", "settled: inconclusive"),
    ("cm-id-scan", "expired-unchecked", "settled: rejected"),
    ("identity-tm", "suspicion-then-success", "disputed"),
    ("identity-tm", "success-then-suspicion", "disputed"),
];

#[test]
fn demo_shows_one_story_and_one_line_for_the_rest() {
    let ran = Place::new().run(&["demo"]);
    assert_eq!((ran.exit, ran.err.as_str()), (0, ""), "{}", ran.out);
    assert!(ran.out.starts_with("idnow data-changed\n"), "{}", ran.out);
    assert!((10..=30).contains(&ran.out.lines().count()), "{}", ran.out);
    assert_eq!(ran.out.lines().last(), Some("54 stories at 5 vendors, all as expected; `idv demo --all` shows every story"));
}

#[test]
fn every_scenario_comes_out_as_it_must_and_stands_in_the_table() {
    let ran = Place::new().run(&["demo", "--all"]);
    assert_eq!(ran.exit, 0, "{}\n{}", ran.out, ran.err);
    assert_eq!(ran.err, "");
    let expected: Vec<(&str, (&str, &str))> = PROVIDERS
        .iter()
        .flat_map(|provider| {
            let own = OWN.iter().filter(move |row| row.0 == *provider).map(|row| (row.1, row.2));
            SCENARIOS.into_iter().chain(own).map(move |row| (*provider, row))
        })
        .collect();
    assert_eq!(ran.out.lines().last(), Some("54 stories at 5 vendors, all as expected"));
    let table: Vec<&str> = ran.out.lines().rev().skip(1).take(expected.len()).collect();
    for (line, (provider, (scenario, outcome))) in table.iter().rev().zip(&expected) {
        assert!(line.contains(provider) && line.contains(scenario) && line.ends_with("as expected"), "{line}");
        // Vendors differ in what they say of a verification that is not over.
        let outcome = if outcome.starts_with("open") { "open" } else { outcome };
        let otherwise = OTHERWISE.iter().find(|(at, when, _)| at == provider && when == scenario);
        let outcome = otherwise.map_or(outcome, |(_, _, outcome)| outcome);
        assert!(line.contains(outcome), "{line}");
    }
    assert_eq!(ran.out.matches("birth_date: 1982-05-22 -> 1983-05-22").count(), 2, "{}", ran.out);
    // How the outcome was learnt: a callback decides only at the vendor that cannot be asked.
    let learnt = |provider: &str, by: &str| {
        table.iter().any(|line| line.contains(&format!(" {provider} ")) && line.contains(" happy ") && line.contains(by))
    };
    assert!(learnt("cm-id-scan", " fetch ") && learnt("identify24", " poll ") && learnt("identity-tm", " poll "));
    assert!(learnt("idnow", " poll ") && learnt("verificar-identidad", " callback "));
    let forged = "a forged callback that says verified was answered with 403, and nothing changed";
    assert_eq!(ran.out.matches(forged).count(), expected.len());
}

#[test]
fn one_person_is_normalized_to_the_same_report_whichever_vendor_it_was() {
    let answer = Place::new().run(&["demo", "--scenario", "happy", "--json"]).json();
    let person = answer.get("person").unwrap();
    let providers: Vec<&str> = person["providers"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(providers, PROVIDERS);
    let features = person["features"].as_array().unwrap();
    assert!(features.iter().all(|feature| feature["same"] == true), "{features:?}");
    let given_by = |field: &str| {
        let feature = features.iter().find(|feature| feature["field"] == field).unwrap();
        feature["values"].as_array().unwrap().iter().filter(|value| !value.is_null()).count()
    };
    assert_eq!((given_by("person.family_name"), given_by("person.given_names")), (5, 5));
    assert_eq!((given_by("person.birth_date"), given_by("person.nationalities"), given_by("person.gender")), (4, 4, 4));
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
    assert!(place.run(&["demo", "--provider", "nobody"]).failed(2).contains("idnow"));
}
