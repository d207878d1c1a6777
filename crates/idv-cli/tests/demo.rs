//! The demo: every scenario ends as expected.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use idv::Capability;
use idv_sandbox::{Ending, Sandbox};
use serde_json::Value;
use support::Place;

/// The vendors, sorted by id.
fn providers() -> Vec<String> {
    idv::providers()
        .iter()
        .map(|vendor| vendor.provider.to_string())
        .collect()
}

/// Every story: the vendor, the scenario, and the decision that its ending means.
fn stories() -> Vec<(String, &'static str, &'static str)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let sandbox = runtime
        .block_on(Sandbox::builder().in_process().start())
        .unwrap();
    let of = |id: String| {
        let scenarios = sandbox.vendor(&id).unwrap().scenarios().into_iter();
        scenarios.filter_map(move |scenario| {
            Some((id.clone(), scenario.name, decision(scenario.ending)?))
        })
    };
    providers().into_iter().flat_map(of).collect()
}

fn decision(ending: Ending) -> Option<&'static str> {
    Some(match ending {
        Ending::Verified | Ending::VerifiedWithChanges => "settled: verified",
        Ending::Rejected => "settled: rejected",
        Ending::Inconclusive => "settled: inconclusive",
        Ending::Canceled => "settled: canceled",
        Ending::Expired => "settled: expired",
        Ending::Disputed => "disputed",
        Ending::InReview => "open: in_review",
        Ending::AwaitingPerson => "open: awaiting_person",
        // Vendors differ in the status that they sent before.
        Ending::Unknown => "open: ",
        _ => return None,
    })
}

#[test]
fn demo_shows_one_story_and_one_line_for_the_rest() {
    let ran = Place::new().run(&["demo"]);
    assert_eq!((ran.exit, ran.err.as_str()), (0, ""), "{}", ran.out);
    assert!(ran.out.starts_with("idnow data-changed\n"), "{}", ran.out);
    assert!((10..=30).contains(&ran.out.lines().count()), "{}", ran.out);
    let (stories, vendors) = (stories().len(), providers().len());
    let last = format!(
        "{stories} stories at {vendors} vendors, all as expected; `idv demo --all` prints every story"
    );
    assert_eq!(ran.out.lines().last(), Some(last.as_str()));
}

#[test]
fn all_scenarios_end_as_expected_in_the_table() {
    let ran = Place::new().run(&["demo", "--all"]);
    assert_eq!(ran.exit, 0, "{}\n{}", ran.out, ran.err);
    assert_eq!(ran.err, "");
    let expected = stories();
    let last = format!(
        "{} stories at {} vendors, all as expected",
        expected.len(),
        providers().len()
    );
    assert_eq!(ran.out.lines().last(), Some(last.as_str()));
    let table: Vec<&str> = ran.out.lines().rev().skip(1).take(expected.len()).collect();
    for (line, (provider, scenario, decision)) in table.iter().rev().zip(&expected) {
        assert!(
            line.contains(provider) && line.contains(scenario) && line.ends_with("as expected"),
            "{line}"
        );
        assert!(line.contains(decision), "{line}");
    }
    // Identity.TM and IDnow return the submitted values; IDnow has a second story with a changed
    // value.
    assert_eq!(
        ran.out
            .matches("birth_date: 1982-05-22 -> 1983-05-22")
            .count(),
        3,
        "{}",
        ran.out
    );
    // The channel that settled the outcome: a callback only if the vendor cannot be polled.
    let learnt = |provider: &str, by: &str| {
        table.iter().any(|line| {
            line.contains(&format!(" {provider} ")) && line.contains(" happy ") && line.contains(by)
        })
    };
    for vendor in idv::providers() {
        let by = match vendor.provider.as_str() {
            _ if !vendor.has(Capability::Polling) => " callback ",
            "cm-id-scan" => " fetch ",
            _ => " poll ",
        };
        assert!(learnt(vendor.provider.as_str(), by), "{}", vendor.provider);
    }
    let forged =
        "a forged callback that claims `verified` was answered with 403, and nothing changed";
    assert_eq!(ran.out.matches(forged).count(), expected.len());
}

#[test]
fn same_person_has_the_same_report_at_every_vendor() {
    let answer = Place::new()
        .run(&["demo", "--scenario", "happy", "--json"])
        .json();
    let person = answer.get("person").unwrap();
    let providers: Vec<&str> = person["providers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    assert_eq!(providers, self::providers());
    let features = person["features"].as_array().unwrap();
    assert!(
        features.iter().all(|feature| feature["same"] == true),
        "{features:?}"
    );
    let given_by = |field: &str| {
        let feature = features
            .iter()
            .find(|feature| feature["field"] == field)
            .unwrap();
        feature["values"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|value| !value.is_null())
            .count()
    };
    assert_eq!(
        (
            given_by("person.family_name"),
            given_by("person.given_names")
        ),
        (5, 5)
    );
    assert_eq!(
        (
            given_by("person.birth_date"),
            given_by("person.nationalities"),
            given_by("person.gender")
        ),
        (4, 4, 4)
    );
}

#[test]
fn json_contains_all_stories() {
    let answer = Place::new()
        .run(&["demo", "--provider", "idnow", "--json"])
        .json();
    assert_eq!(answer.get("fell_short").unwrap(), 0);
    let stories = answer.get("stories").unwrap().as_array().unwrap();
    let outcomes = stories
        .iter()
        .map(|story| story["scenario"].as_str().unwrap());
    let expected = self::stories();
    assert!(
        outcomes.eq(expected
            .iter()
            .filter(|(provider, ..)| provider == "idnow")
            .map(|(_, scenario, _)| *scenario))
    );
    for story in stories {
        let observations = story.get("observations").unwrap().as_array().unwrap();
        let by = |channel: &str| {
            observations
                .iter()
                .filter(|seen| seen.get("channel").unwrap() == channel)
                .collect::<Vec<_>>()
        };
        assert!(!by("poll").is_empty());
        assert!(
            by("callback")
                .iter()
                .all(|seen| seen.get("trust").unwrap() == "proven")
        );
        let settled_by_callback = by("callback").iter().any(|seen| {
            seen.get("transition")
                .unwrap()
                .as_str()
                .unwrap()
                .starts_with("settled")
        });
        assert!(
            !settled_by_callback,
            "no callback settles the outcome if the vendor can be polled"
        );
    }
}

#[test]
fn one_scenario_of_one_vendor_is_played() {
    let answer = Place::new()
        .run(&[
            "demo",
            "--provider",
            "idnow",
            "--scenario",
            "happy",
            "--json",
        ])
        .json();
    let stories = answer.get("stories").unwrap().as_array().unwrap();
    assert_eq!(stories.len(), 1);
    let evidence = stories[0].get("evidence").unwrap();
    assert!(evidence.get("length").and_then(Value::as_u64).unwrap() > 0);
}

#[test]
fn unknown_names_are_answered_with_known_ones() {
    let place = Place::new();
    assert!(
        place
            .run(&["demo", "--scenario", "lucky"])
            .failed(2)
            .contains("aborted-then-success")
    );
    assert!(
        place
            .run(&["demo", "--provider", "nobody"])
            .failed(2)
            .contains("idnow")
    );
}
