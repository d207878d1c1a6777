//! Suspicions of fraud in histories: before, beside and after each end.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use idv_core::report::CheckResult;
use idv_core::{Observation, Outcome, Status};
use idv_identity_tm::normalize::{self, Flow};
use serde_json::{Value, json};

const SUSPICIONS: [u32; 5] = [89, 20_000, 20_001, 20_002, 20_003];

fn observe(status: &Value, flow: Flow) -> Observation {
    let payload = json!({ "OrderID": "99921269855041", "Ref": "our-reference", "Status": status });
    normalize::kind(payload.to_string().as_bytes(), "status", flow)
        .unwrap()
        .observations
        .remove(0)
}

/// A history of codes with their minutes.
fn timed(entries: &[(u32, u32)]) -> Value {
    entries.iter().map(|(kind, minute)| json!({ "Kind": kind, "Time": format!("2024-03-01T10:{minute:02}:00+01:00") })).collect()
}

fn outcome(observation: &Observation) -> Option<Outcome> {
    match observation.status {
        Some(Status::Finished(outcome)) => Some(outcome),
        _ => None,
    }
}

/// The codes of the failed checks.
fn failed(observation: &Observation) -> Vec<String> {
    let checks = &observation.report().unwrap().checks;
    checks
        .iter()
        .filter(|it| it.result == CheckResult::Failed)
        .map(|it| it.code.clone().unwrap())
        .collect()
}

#[test]
fn suspicion_newer_than_or_beside_a_positive_end_disputes_it() {
    use Outcome::{Disputed, Verified};
    for suspicion in SUSPICIONS {
        for (entries, flow, expected) in [
            (
                vec![(75, 1), (suspicion, 2), (6, 3)],
                Flow::Identification,
                Verified,
            ),
            (
                vec![(75, 1), (suspicion, 3), (6, 3)],
                Flow::Identification,
                Disputed,
            ),
            (
                vec![(75, 1), (6, 3), (suspicion, 3)],
                Flow::Identification,
                Disputed,
            ),
            (
                vec![(75, 1), (6, 3), (80, 4), (suspicion, 8)],
                Flow::Identification,
                Disputed,
            ),
            // Times override the order of the list.
            (
                vec![(suspicion, 8), (6, 3), (75, 1)],
                Flow::Identification,
                Disputed,
            ),
            (vec![(6, 3), (suspicion, 2)], Flow::Identification, Verified),
            // A repeated positive end does not erase the suspicion.
            (
                vec![(6, 1), (suspicion, 2), (6, 3)],
                Flow::Identification,
                Disputed,
            ),
            (
                vec![(suspicion, 1), (6, 2), (suspicion, 3)],
                Flow::Identification,
                Disputed,
            ),
            (vec![(suspicion, 1), (6, 2), (84, 3)], Flow::Esign, Verified),
            // A signature says nothing about the person.
            (vec![(6, 1), (suspicion, 2), (84, 3)], Flow::Esign, Disputed),
            (vec![(6, 1), (84, 3), (suspicion, 3)], Flow::Esign, Disputed),
            (vec![(84, 1), (suspicion, 2)], Flow::Esign, Disputed),
            (vec![(suspicion, 1), (84, 2)], Flow::Esign, Verified),
        ] {
            let observation = observe(&timed(&entries), flow);
            assert_eq!(
                outcome(&observation),
                Some(expected),
                "{entries:?} {flow:?}"
            );
            assert_eq!(
                failed(&observation),
                [suspicion.to_string()],
                "{entries:?} {flow:?}"
            );
            let code = if expected == Disputed {
                suspicion.to_string()
            } else {
                if flow == Flow::Esign { "84" } else { "6" }.to_owned()
            };
            assert_eq!(observation.code, Some(code), "{entries:?} {flow:?}");
            let reasons: Vec<_> = observation
                .report()
                .unwrap()
                .reasons
                .iter()
                .map(|it| it.code.as_str())
                .collect();
            assert_eq!(reasons, [suspicion.to_string()], "{entries:?} {flow:?}");
        }
    }
}

#[test]
fn negative_end_remains_beside_any_suspicion() {
    use Outcome::{Canceled, Expired, Rejected};
    for suspicion in SUSPICIONS {
        for (end, expected) in [
            (17, Rejected),
            (22, Canceled),
            (63, Canceled),
            (16, Canceled),
            (99, Expired),
            (100, Expired),
        ] {
            for entries in [
                vec![(suspicion, 1), (end, 2)],
                vec![(suspicion, 2), (end, 2)],
                vec![(end, 1), (suspicion, 2)],
                vec![(6, 1), (suspicion, 2), (end, 3)],
            ] {
                let observation = observe(&timed(&entries), Flow::Identification);
                assert_eq!(outcome(&observation), Some(expected), "{entries:?}");
                assert_eq!(failed(&observation), [suspicion.to_string()], "{entries:?}");
            }
        }
    }
}

#[test]
fn order_of_entries_counts_without_times() {
    let kinds =
        |kinds: &[u32]| -> Value { kinds.iter().map(|kind| json!({ "Kind": kind })).collect() };
    let of = |status: Value| outcome(&observe(&status, Flow::Identification));
    assert_eq!(of(kinds(&[78, 89, 75, 6])), Some(Outcome::Verified));
    assert_eq!(of(kinds(&[78, 75, 6, 89])), Some(Outcome::Disputed));
    let time = "2024-03-01T10:00:00+01:00";
    for (status, expected) in [
        (
            json!([{ "Kind": 89 }, { "Kind": 6, "Time": time }]),
            Outcome::Verified,
        ),
        (
            json!([{ "Kind": 6, "Time": time }, { "Kind": 89 }]),
            Outcome::Disputed,
        ),
        (
            json!([{ "Kind": 89, "Time": time }, { "Kind": 6 }]),
            Outcome::Verified,
        ),
        // An unreadable time proves nothing.
        (
            json!([{ "Kind": 89, "Time": "01.03.2024 11:00" }, { "Kind": 6, "Time": time }]),
            Outcome::Disputed,
        ),
        (
            json!([{ "Kind": 89, "Time": time }, { "Kind": 6, "Time": "later" }]),
            Outcome::Disputed,
        ),
        (
            json!([{ "Kind": 89, "Time": "earlier" }, { "Kind": 6 }]),
            Outcome::Disputed,
        ),
        (
            json!([{ "Kind": 89, "Time": "2024-03-01T09:59:59.9+01:00" }, { "Kind": 6, "Time": time }]),
            Outcome::Verified,
        ),
        (
            json!([{ "Kind": 89, "Time": "2024-03-01T08:59:59Z" }, { "Kind": 6, "Time": time }]),
            Outcome::Verified,
        ),
        (
            json!([{ "Kind": 89, "Time": "2024-03-01T09:00:00Z" }, { "Kind": 6, "Time": time }]),
            Outcome::Disputed,
        ),
    ] {
        assert_eq!(of(status.clone()), Some(expected), "{status}");
    }
}

#[test]
fn suspicion_is_parsed_in_any_notation() {
    for code in [
        json!(89),
        json!("89"),
        json!(89.0),
        json!("089"),
        json!("89.0"),
        json!([89]),
        json!(["89"]),
        json!(" 89 "),
    ] {
        let observation = observe(
            &json!([{ "Kind": 6 }, { "Kind": code }]),
            Flow::Identification,
        );
        assert_eq!(outcome(&observation), Some(Outcome::Disputed), "{code}");
        assert_eq!(failed(&observation), ["89"], "{code}");
    }
}

#[test]
fn suspicion_without_an_end_is_a_review() {
    let review = Some(Status::InReview {
        leaning: Some(Outcome::Rejected),
    });
    let disputed = Some(Status::Finished(Outcome::Disputed));
    for (entries, flow, expected) in [
        (vec![(78, 1), (89, 2)], Flow::Identification, review),
        (
            vec![(78, 1), (89, 2), (75, 3), (104, 4), (21, 5)],
            Flow::Identification,
            review,
        ),
        (
            vec![(78, 1), (80, 2), (89, 3)],
            Flow::Identification,
            review,
        ),
        (
            vec![(78, 1), (89, 2), (75, 3), (80, 4)],
            Flow::Identification,
            disputed,
        ),
        (
            vec![(78, 1), (80, 2), (89, 2)],
            Flow::Identification,
            disputed,
        ),
        (vec![(89, 1), (80, 2)], Flow::Esign, disputed),
        // The order awaits the signature.
        (vec![(6, 1), (89, 2), (80, 3)], Flow::Esign, review),
        (vec![(89, 1), (6, 2), (80, 3)], Flow::Esign, review),
        (
            vec![(89, 2), (80, 4), (17, 5)],
            Flow::Identification,
            Some(Status::Finished(Outcome::Rejected)),
        ),
    ] {
        let observation = observe(&timed(&entries), flow);
        assert_eq!(observation.status, expected, "{entries:?}");
        assert_eq!(failed(&observation), ["89"], "{entries:?}");
    }
}

#[test]
fn rejection_for_another_face_is_a_failed_check() {
    let observation = observe(
        &json!([{ "Kind": 20_001 }, { "Kind": 17, "SubKind": 72 }, { "Kind": 20_001 }]),
        Flow::Identification,
    );
    assert_eq!(outcome(&observation), Some(Outcome::Rejected));
    assert_eq!(failed(&observation), ["20001", "17/72"]);
}
