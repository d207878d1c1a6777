//! Face tasks: a completed task has not necessarily passed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod fixture;
mod judge;

use idv_core::Outcome;
use idv_core::report::{CheckKind, CheckResult, Reason};
use judge::{check, expect, judged, outcome, reasons, strict, with};
use serde_json::{Value, json};

const FACES: [(usize, &str, CheckKind, Reason); 2] = [
    (
        1,
        "face_liveness",
        CheckKind::Liveness,
        Reason::LivenessFailed,
    ),
    (2, "face_match", CheckKind::FaceMatch, Reason::FaceMismatch),
];

/// Adds members to a completed task without other members.
fn bare(result: &mut Value, index: usize, members: &Value) {
    let mut task =
        json!({ "type": result["tasks"][index]["type"], "state": "completed", "attempts": 1 });
    task.as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    result["tasks"][index] = task;
}

#[test]
fn completed_face_task_without_evidence_is_not_performed() {
    for (index, name, kind, _) in FACES {
        for members in [
            json!({}),
            json!({ "score": null, "result": null }),
            json!({ "result": [] }),
            json!({ "result": {} }),
            json!({ "level": "advanced", "attemptsInvoiced": 1, "files": [{ "category": "image", "type": "selfie" }] }),
            json!({ "completed": "2024-06-01T12:00:00Z", "createdAt": "2024-06-01T12:00:00+00:00" }),
            json!({ "validity": "not_checked", "comparison": "not_performed" }),
            json!({ "result": [{ "field": "face", "validity": "not_checked", "comparison": "not_performed", "values": [] }] }),
            // Data of the document say nothing about a face.
            json!({ "result": [{ "field": "surname", "validity": "valid", "values": ["DE BRUIJN"] }] }),
        ] {
            let observation = judged(&strict(), |result| bare(result, index, &members));
            let expected = [(Reason::CannotBeCompleted, &*format!("{name}:unproven"))];
            expect(&observation, Outcome::Inconclusive, &expected);
            assert_eq!(
                check(&observation, kind),
                Some(CheckResult::NotPerformed),
                "{members}"
            );

            let lenient = with(|rule| rule.completed_means_match = true);
            let observation = judged(&lenient, |result| bare(result, index, &members));
            expect(&observation, Outcome::Verified, &[]);
            assert_eq!(check(&observation, kind), Some(CheckResult::Passed));
        }
    }
}

#[test]
fn documented_evidence_passes_a_face_task() {
    for (index, _, kind, _) in FACES {
        for members in [
            json!({ "score": 0.8 }),
            json!({ "result": "match" }),
            json!({ "result": "VALID" }),
            json!({ "result": [{ "field": "face", "validity": "valid", "values": ["0.97"] }] }),
            json!({ "result": [{ "field": "face", "validity": "not_checked", "comparison": "match" }] }),
            json!({ "result": { "validity": "valid" } }),
            json!({ "validity": "valid" }),
            json!({ "comparison": "match", "validity": "not_checked" }),
            json!({ "score": 0.9, "result": [{ "field": "surname", "validity": "not_checked", "values": ["DE BRUIJN"] }] }),
        ] {
            let observation = judged(&strict(), |result| bare(result, index, &members));
            assert_eq!(
                (outcome(&observation), reasons(&observation)),
                (Outcome::Verified, vec![]),
                "{members}"
            );
            assert_eq!(
                check(&observation, kind),
                Some(CheckResult::Passed),
                "{members}"
            );
        }
    }
}

#[test]
fn unknown_values_count_against_a_face_task() {
    let (inconclusive, failed) = (CheckResult::Inconclusive, CheckResult::Failed);
    for (members, code, result) in [
        (json!({ "match": false }), "match", failed),
        (json!({ "match": "false" }), "match", failed),
        (json!({ "match": true }), "match", inconclusive),
        (json!({ "similarity": 0.12 }), "similarity", inconclusive),
        (json!({ "matchScore": 0.12 }), "matchScore", inconclusive),
        (json!({ "passed": false }), "passed", failed),
        (json!({ "verdict": "rejected" }), "verdict", failed),
        (
            json!({ "details": { "deep": ["no match"] } }),
            "details",
            failed,
        ),
        (json!({ "spoofing": true }), "spoofing", failed),
        (json!({ "validity": "invalid" }), "validity", failed),
        (json!({ "validity": "perhaps" }), "validity", inconclusive),
        (json!({ "comparison": "mismatch" }), "comparison", failed),
        (json!({ "completed": "yes" }), "completed", inconclusive),
        (json!({ "result": false }), "result", failed),
        (json!({ "result": true }), "result", inconclusive),
        (json!({ "result": "passed" }), "result", inconclusive),
        (json!({ "result": "no_match" }), "result", failed),
        (json!({ "result": "" }), "result", inconclusive),
        (json!({ "result": { "match": false } }), "match", failed),
        (
            json!({ "result": { "match": true } }),
            "match",
            inconclusive,
        ),
        (json!({ "result": [[1]] }), "entry", inconclusive),
        (json!({ "result": ["live"] }), "entry", inconclusive),
        (
            json!({ "result": [{ "field": "face", "validity": "invalid" }] }),
            "invalid",
            failed,
        ),
        (
            json!({ "result": [{ "field": "face", "validity": "odd" }] }),
            "validity",
            inconclusive,
        ),
        (
            json!({ "result": [{ "field": "face", "validity": { "is": "valid" } }] }),
            "validity",
            inconclusive,
        ),
        (
            json!({ "result": [{ "field": "face", "validity": "valid", "comparison": "mismatch" }] }),
            "comparison",
            failed,
        ),
        (
            json!({ "result": [{ "field": "face", "validity": "valid", "distance": 3 }] }),
            "distance",
            inconclusive,
        ),
        (
            json!({ "result": [{ "field": "face", "validity": "valid", "values": [{ "value": "no match" }] }] }),
            "value",
            inconclusive,
        ),
        (
            json!({ "result": [{ "field": "face", "validity": "valid", "values": [{ "value": "0.12" }] }] }),
            "value",
            inconclusive,
        ),
        (
            json!({ "result": [{ "field": "face", "validity": "valid", "values": [{ "value": [1] }] }] }),
            "value",
            inconclusive,
        ),
        (
            json!({ "result": [{ "field": "face", "validity": "valid", "values": [{ "by": "x" }] }] }),
            "by",
            inconclusive,
        ),
        (
            json!({ "files": [{ "type": "selfie", "quality": 1 }] }),
            "quality",
            inconclusive,
        ),
        (
            json!({ "documentScans": [{ "code": "x" }] }),
            "documentScans",
            inconclusive,
        ),
    ] {
        for (index, name, kind, reason) in FACES {
            // Neither the exception nor a good score outweighs it.
            for (lenient, score) in [(false, None), (true, None), (false, Some(0.99))] {
                let rule = with(|rule| rule.completed_means_match = lenient);
                let observation = judged(&rule, |judged| {
                    bare(judged, index, &members);
                    judged["tasks"][index]["score"] = score.into();
                });
                expect(
                    &observation,
                    Outcome::Inconclusive,
                    &[(reason, &format!("{name}:{code}"))],
                );
                assert_eq!(check(&observation, kind), Some(result), "{members}");
            }
        }
    }
}

#[test]
fn every_unknown_member_of_a_face_task_is_named() {
    let observation = judged(&strict(), |result| {
        bare(result, 2, &json!({ "matchScore": 0.12, "passed": false }));
    });
    let against = [
        (Reason::FaceMismatch, "face_match:matchScore"),
        (Reason::FaceMismatch, "face_match:passed"),
    ];
    expect(&observation, Outcome::Inconclusive, &against);
    assert_eq!(
        check(&observation, CheckKind::FaceMatch),
        Some(CheckResult::Failed)
    );
    let report = observation.report().unwrap();
    assert_eq!(
        report.custom["face_match.matchScore"].expose(),
        &json!(0.12)
    );
    assert_eq!(report.custom["face_match.passed"].expose(), &json!(false));
}

#[test]
fn face_check_carries_state_and_score() {
    let observation = judged(&strict(), |_| {});
    let check = observation
        .report()
        .unwrap()
        .checks
        .iter()
        .find(|check| check.kind == CheckKind::FaceMatch)
        .unwrap();
    assert_eq!(
        (check.code.as_deref(), check.score),
        (Some("completed"), Some(0.93))
    );
    let face_data = judged(&strict(), |result| {
        result["tasks"][2]["result"] =
            json!([{ "field": "face", "validity": "invalid", "values": [] }]);
    });
    // It says nothing about the document's data.
    let data = face_data
        .report()
        .unwrap()
        .checks
        .iter()
        .find(|check| check.kind == CheckKind::DocumentData)
        .unwrap();
    assert_eq!(data.result, CheckResult::Passed);
}
