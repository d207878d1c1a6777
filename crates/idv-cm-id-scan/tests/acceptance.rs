//! The rule that judges results: tasks, words and fields. Unknown values never verify.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

mod fixture;
mod judge;

use idv_cm_id_scan::api::Tasks;
use idv_cm_id_scan::normalize::Acceptance;
use idv_core::report::{CheckKind, CheckResult, Reason, Verdict};
use idv_core::{Outcome, Status};
use judge::{check, expect, field, judged, judged_payload, outcome, reasons, set, strict, with};
use serde_json::{Value, json};

#[test]
fn good_result_is_verified_with_all_checks_passed() {
    let observation = judged(&strict(), |_| {});
    expect(&observation, Outcome::Verified, &[]);
    let checks: Vec<_> = observation
        .report()
        .unwrap()
        .checks
        .iter()
        .map(|check| (check.kind, check.result))
        .collect();
    let passed = [
        CheckKind::Liveness,
        CheckKind::FaceMatch,
        CheckKind::DocumentData,
        CheckKind::DocumentExpiry,
        CheckKind::Age,
    ];
    // A photograph of a document does not check its authenticity.
    assert_eq!(checks, passed.map(|kind| (kind, CheckResult::Passed)));
    let scores: Vec<_> = observation
        .report()
        .unwrap()
        .checks
        .iter()
        .map(|check| check.score)
        .collect();
    assert_eq!(scores, [Some(0.99), Some(0.93), None, None, None]);
}

#[test]
fn requested_task_must_be_present() {
    for (index, kind, name) in [
        (0, None, "document_scan"),
        (1, Some(CheckKind::Liveness), "face_liveness"),
        (2, Some(CheckKind::FaceMatch), "face_match"),
    ] {
        let observation = judged(&strict(), |result| {
            _ = result["tasks"].as_array_mut().unwrap().remove(index);
        });
        assert_eq!(outcome(&observation), Outcome::Inconclusive, "{name}");
        assert_eq!(
            reasons(&observation)[0],
            (
                Reason::CannotBeCompleted,
                format!("{name}:missing").as_str()
            )
        );
        if let Some(kind) = kind {
            assert_eq!(check(&observation, kind), Some(CheckResult::NotPerformed));
        }
    }
    // If the requested tasks are unknown, a document is still required.
    let face_alone = |result: &mut Value| _ = result["tasks"].as_array_mut().unwrap().remove(0);
    assert_eq!(
        outcome(&judged(&Acceptance::strict(), face_alone)),
        Outcome::Inconclusive
    );
    assert_eq!(
        outcome(&judged(&Acceptance::strict(), |result| result["tasks"] = json!([]))),
        Outcome::Inconclusive
    );
    let document_alone = |result: &mut Value| result["tasks"].as_array_mut().unwrap().truncate(1);
    assert_eq!(
        outcome(&judged(&Acceptance::strict(), document_alone)),
        Outcome::Verified
    );
    let case = |result: &mut Value| result["tasks"][2]["type"] = " Face_Match ".into();
    expect(&judged(&strict(), case), Outcome::Verified, &[]);
}

#[test]
fn task_that_is_not_completed_counts_against_result() {
    for (state, code) in [
        (json!("pending"), "pending"),
        (json!("failed"), "failed"),
        (json!(null), "state"),
        (json!(1), "1"),
        (json!({}), "state"),
        (json!("a <b>"), "unknown"),
        (json!("x".repeat(65)), "unknown"),
    ] {
        for (index, name) in ["document_scan", "face_liveness", "face_match"]
            .into_iter()
            .enumerate()
        {
            let observation = judged(&strict(), |result| {
                result["tasks"][index]["state"] = state.clone();
            });
            expect(
                &observation,
                Outcome::Inconclusive,
                &[(Reason::CannotBeCompleted, &format!("{name}:{code}"))],
            );
        }
    }
    let pending = judged(&strict(), |result| {
        result["tasks"][2]["state"] = "pending".into();
    });
    assert_eq!(
        check(&pending, CheckKind::FaceMatch),
        Some(CheckResult::NotPerformed)
    );
}

#[test]
fn unknown_task_needs_proof_like_a_face_task() {
    let with_task = |task: Value| {
        judged(&strict(), |result| {
            result["tasks"].as_array_mut().unwrap().push(task);
        })
    };
    let cannot = Reason::CannotBeCompleted;
    for (task, expected) in [
        (
            json!({ "type": "voice_match" }),
            vec![(cannot, "voice_match:state")],
        ),
        (
            json!({ "type": "voice_match", "state": "completed" }),
            vec![(cannot, "voice_match:unproven")],
        ),
        (
            json!({ "type": "voice_match", "state": "completed", "score": 0.9 }),
            vec![],
        ),
        (
            json!({ "type": "voice_match", "state": "completed", "score": 0.2 }),
            vec![(Reason::Other, "voice_match:score")],
        ),
        (
            json!({ "type": "faceMatch", "state": "completed", "match": false }),
            vec![(Reason::Other, "faceMatch:match")],
        ),
        (
            json!({ "state": "completed" }),
            vec![(cannot, "task:unproven")],
        ),
        (
            json!([["odd"]]),
            vec![(cannot, "task:state"), (Reason::Other, "task:entry")],
        ),
    ] {
        let observation = with_task(task.clone());
        let expected_outcome = if expected.is_empty() {
            Outcome::Verified
        } else {
            Outcome::Inconclusive
        };
        assert_eq!(
            (outcome(&observation), reasons(&observation)),
            (expected_outcome, expected),
            "{task}"
        );
    }
    // The configured exception applies only to face tasks.
    let task = json!({ "type": "voice_match", "state": "completed" });
    let observation = judged(&with(|rule| rule.completed_means_match = true), |result| {
        result["tasks"].as_array_mut().unwrap().push(task);
    });
    expect(
        &observation,
        Outcome::Inconclusive,
        &[(cannot, "voice_match:unproven")],
    );
}

#[test]
fn score_must_reach_the_minimum() {
    let code = [
        "document_scan:score",
        "face_liveness:score",
        "face_match:score",
    ];
    let reason = [
        Reason::DocumentOther,
        Reason::LivenessFailed,
        Reason::FaceMismatch,
    ];
    for index in 0..3 {
        let rejected = if index == 0 {
            Outcome::Inconclusive
        } else {
            Outcome::Rejected
        };
        for (score, expected) in [
            (json!(1), Outcome::Verified),
            (json!(0.8), Outcome::Verified),
            (json!(" 0.8 "), Outcome::Verified),
            (json!(0.799_999), Outcome::Inconclusive),
            (json!(0.5), Outcome::Inconclusive),
            (json!(0.499_999), rejected),
            (json!(0), rejected),
            // None of these is a score.
            (json!(97), Outcome::Inconclusive),
            (json!(-1), Outcome::Inconclusive),
            (json!("high"), Outcome::Inconclusive),
            (json!("NaN"), Outcome::Inconclusive),
            (json!("inf"), Outcome::Inconclusive),
            (json!(true), Outcome::Inconclusive),
            (json!([0.9]), Outcome::Inconclusive),
            (json!({ "value": 0.9 }), Outcome::Inconclusive),
        ] {
            let observation = judged(&strict(), |result| {
                result["tasks"][index]["score"] = score.clone();
            });
            let against = [(reason[index], code[index])];
            expect(
                &observation,
                expected,
                if expected == Outcome::Verified {
                    &[]
                } else {
                    &against
                },
            );
        }
    }
    let low = judged(&strict(), |result| result["tasks"][2]["score"] = json!(0.1));
    assert_eq!(check(&low, CheckKind::FaceMatch), Some(CheckResult::Failed));
    let unsure = judged(&strict(), |result| result["tasks"][2]["score"] = json!(0.6));
    assert_eq!(
        check(&unsure, CheckKind::FaceMatch),
        Some(CheckResult::Inconclusive)
    );
}

#[test]
fn missing_score_counts_against_result_if_required() {
    let demanding = with(|rule| rule.require_scores = true);
    expect(&judged(&demanding, |_| {}), Outcome::Verified, &[]);
    for (index, reason, code) in [
        (0, Reason::DocumentOther, "document_scan:score"),
        (1, Reason::LivenessFailed, "face_liveness:score"),
        (2, Reason::FaceMismatch, "face_match:score"),
    ] {
        let unscored = |result: &mut Value| {
            result["tasks"][index]["score"] = json!(null);
            if index > 0 {
                result["tasks"][index]["result"] = "match".into();
            }
        };
        expect(
            &judged(&demanding, unscored),
            Outcome::Inconclusive,
            &[(reason, code)],
        );
        expect(&judged(&strict(), unscored), Outcome::Verified, &[]);
    }
}

#[test]
fn recognized_document_needs_a_sufficient_score() {
    let scored = |score: Value| {
        judged(&strict(), |result| {
            result["tasks"][0]["files"][0]["score"] = score;
        })
    };
    for good in [json!(0.8), json!(null)] {
        expect(&scored(good), Outcome::Verified, &[]);
    }
    for bad in [json!(0.02), json!(0.79), json!("?"), json!(85)] {
        expect(
            &scored(bad),
            Outcome::Inconclusive,
            &[(Reason::DocumentOther, "document_scan:file_score")],
        );
    }
    let face = judged(&strict(), |result| {
        result["tasks"][1]["files"][0]["score"] = json!(0.3);
    });
    expect(
        &face,
        Outcome::Inconclusive,
        &[(Reason::LivenessFailed, "face_liveness:file_score")],
    );
    assert_eq!(
        check(&face, CheckKind::Liveness),
        Some(CheckResult::Inconclusive)
    );
}

#[test]
fn document_without_any_evidence_is_inconclusive() {
    let unchecked = |result: &mut Value| {
        result["tasks"][0]["score"] = json!(null);
        for field in result["tasks"][0]["result"].as_array_mut().unwrap() {
            field["validity"] = "not_checked".into();
            field["comparison"] = "not_performed".into();
        }
    };
    expect(
        &judged(&strict(), unchecked),
        Outcome::Inconclusive,
        &[(Reason::CannotBeCompleted, "document_scan:unproven")],
    );
    let lenient = with(|rule| rule.completed_means_match = true);
    assert_eq!(
        outcome(&judged(&lenient, unchecked)),
        Outcome::Inconclusive,
        "the exception applies only to faces"
    );
    for (part, word) in [("validity", "valid"), ("comparison", "match")] {
        let observation = judged(&strict(), |result| {
            unchecked(result);
            field(result, "document_number")[part] = word.into();
        });
        expect(&observation, Outcome::Verified, &[]);
    }
    let word = judged(&strict(), |result| {
        result["tasks"][0]["result"] = "match".into();
    });
    assert_eq!(
        reasons(&word)[0],
        (Reason::DocumentOther, "document_scan:result"),
        "a document is more than a word"
    );
}

#[test]
fn invalid_or_unknown_validity_counts_against_result() {
    for (name, rejects, reason) in [
        ("document_number", false, Reason::DocumentDataInconsistent),
        ("surname", false, Reason::DocumentDataInconsistent),
        ("personal_number", false, Reason::DocumentDataInconsistent),
        ("date_of_expiry", false, Reason::DocumentDataInconsistent),
        ("age", true, Reason::Other),
    ] {
        let observation = judged(&strict(), |result| {
            field(result, name)["validity"] = "invalid".into();
        });
        let expected = if rejects {
            Outcome::Rejected
        } else {
            Outcome::Inconclusive
        };
        expect(
            &observation,
            expected,
            &[(reason, &format!("{name}:invalid"))],
        );
        for unknown in [
            json!("probably"),
            json!("\nvalid"),
            json!(null),
            json!(1),
            json!([]),
            json!({ "is": "valid" }),
        ] {
            let observation = judged(&strict(), |result| {
                field(result, name)["validity"] = unknown.clone();
            });
            expect(
                &observation,
                Outcome::Inconclusive,
                &[(Reason::Unknown, &format!("{name}:validity"))],
            );
        }
    }
    for fine in ["valid", "not_checked", "VALID"] {
        expect(
            &judged(&strict(), |result| {
                field(result, "age")["validity"] = fine.into();
            }),
            Outcome::Verified,
            &[],
        );
    }
    let broken = judged(&strict(), |result| {
        result["tasks"][0]["result"]
            .as_array_mut()
            .unwrap()
            .push(json!("x"));
    });
    expect(
        &broken,
        Outcome::Inconclusive,
        &[(Reason::Unknown, "field:validity")],
    );
    let nameless = |result: &mut Value| {
        let field = json!({ "validity": "valid", "values": ["x"] });
        result["tasks"][0]["result"]
            .as_array_mut()
            .unwrap()
            .push(field);
    };
    expect(
        &judged(&strict(), nameless),
        Outcome::Inconclusive,
        &[(Reason::Unknown, "field:validity")],
    );
}

#[test]
fn contradicting_sources_count_against_result() {
    let words = [
        json!("mismatch"),
        json!("no_match"),
        json!(""),
        json!(false),
        json!(0),
        json!([]),
        json!({ "a": "match" }),
    ];
    for word in words {
        let observation = judged(&strict(), |result| {
            field(result, "date_of_birth")["comparison"] = word.clone();
        });
        expect(
            &observation,
            Outcome::Inconclusive,
            &[(Reason::DocumentDataInconsistent, "date_of_birth:comparison")],
        );
        let birth_date = observation
            .report()
            .unwrap()
            .person
            .birth_date
            .as_ref()
            .unwrap();
        assert_eq!(birth_date.verdict, Verdict::Invalid);
        assert_eq!(
            check(&observation, CheckKind::DocumentData),
            Some(CheckResult::Failed)
        );
    }
    for word in [
        json!("match"),
        json!("not_performed"),
        json!("MATCH"),
        json!(null),
    ] {
        expect(
            &judged(&strict(), |result| {
                field(result, "date_of_birth")["comparison"] = word.clone();
            }),
            Outcome::Verified,
            &[],
        );
    }
}

#[test]
fn document_data_check_has_the_worst_result() {
    let all = |validity: &str, comparison: &str| {
        judged(&strict(), |result| {
            for field in result["tasks"][0]["result"].as_array_mut().unwrap() {
                field["validity"] = validity.into();
                field["comparison"] = comparison.into();
            }
        })
    };
    for (validity, comparison, result) in [
        ("valid", "not_performed", CheckResult::Passed),
        ("not_checked", "match", CheckResult::Passed),
        ("not_checked", "not_performed", CheckResult::NotPerformed),
        ("perhaps", "match", CheckResult::Inconclusive),
        ("invalid", "match", CheckResult::Failed),
        ("valid", "mismatch", CheckResult::Failed),
    ] {
        assert_eq!(
            check(&all(validity, comparison), CheckKind::DocumentData),
            Some(result),
            "{validity} {comparison}"
        );
    }
    let none = judged(&strict(), |result| result["tasks"][0]["result"] = json!([]));
    assert_eq!(check(&none, CheckKind::DocumentData), None);
}

#[test]
fn required_field_must_have_a_value() {
    let nothing = [
        json!([]),
        json!(null),
        json!([{ "source": "mrz", "value": "" }]),
        json!([{ "source": "mrz", "value": null }]),
        json!([{ "source": "mrz", "value": "N/A" }]),
        json!([{ "source": "mrz", "value": "--" }]),
        json!([{ "source": "mrz", "value": ["SPECI2021"] }]),
    ];
    for values in nothing {
        let observation = judged(&strict(), |result| {
            field(result, "document_number")["values"] = values.clone();
        });
        expect(
            &observation,
            Outcome::Inconclusive,
            &[(Reason::DocumentUnreadable, "document_number:missing")],
        );
    }
    let others = with(|rule| rule.required_fields = vec!["age".into(), "signature".into()]);
    expect(
        &judged(&others, |_| {}),
        Outcome::Inconclusive,
        &[(Reason::DocumentUnreadable, "signature:missing")],
    );
}

#[test]
fn fields_are_required_or_tolerated_by_any_name() {
    let renamed = |result: &mut Value| {
        for field in result["tasks"][0]["result"].as_array_mut().unwrap() {
            if field["field"] == "surname" {
                field["field"] = "Last_Name".into();
            }
        }
    };
    expect(&judged(&strict(), renamed), Outcome::Verified, &[]);
    let tolerant = with(|rule| rule.tolerated_fields = vec!["first_name".into()]);
    let contradicting =
        |result: &mut Value| field(result, "given_names")["comparison"] = "mismatch".into();
    expect(&judged(&tolerant, contradicting), Outcome::Verified, &[]);
    assert_eq!(
        outcome(&judged(&strict(), contradicting)),
        Outcome::Inconclusive
    );
    let unknown = with(|rule| rule.required_fields = vec!["EYE_COLOUR".into()]);
    let named = |result: &mut Value| field(result, "age")["field"] = "eye_colour".into();
    expect(&judged(&unknown, named), Outcome::Verified, &[]);
    assert_eq!(outcome(&judged(&unknown, |_| {})), Outcome::Inconclusive);
}

#[test]
fn tolerated_field_is_reported_without_effect() {
    let tolerant = with(|rule| rule.tolerated_fields = vec!["document_number".into()]);
    for (part, word) in [
        ("validity", "invalid"),
        ("validity", "perhaps"),
        ("comparison", "mismatch"),
    ] {
        let observation = judged(&tolerant, |result| {
            field(result, "document_number")[part] = word.into();
        });
        expect(&observation, Outcome::Verified, &[]);
        let number = observation
            .report()
            .unwrap()
            .document
            .number
            .clone()
            .unwrap();
        assert_eq!(
            number.verdict == Verdict::Invalid,
            word != "perhaps",
            "{word}"
        );
        assert!(
            observation
                .report()
                .unwrap()
                .acceptance
                .as_ref()
                .unwrap()
                .contains("tolerated_fields=document_number")
        );
    }
}

#[test]
fn suspicion_outside_of_face_tasks_is_a_doubt() {
    for (place, code) in [
        ("", "transaction:fraud"),
        ("task", "document_scan:fraud"),
        ("field", "surname:fraud"),
        ("file", "file:fraud"),
    ] {
        let changed = |value: Value| {
            judged(&strict(), |result| match place {
                "" => result["fraud"] = value,
                "task" => result["tasks"][0]["fraud"] = value,
                "field" => field(result, "surname")["fraud"] = value,
                _ => result["tasks"][0]["files"][0]["fraud"] = value,
            })
        };
        expect(
            &changed(json!(true)),
            Outcome::Inconclusive,
            &[(Reason::Unknown, code)],
        );
        expect(&changed(json!(false)), Outcome::Verified, &[]);
    }
    // Unknown members that count against no person are kept, and change nothing.
    let added = judged(&strict(), |result| {
        result["tasks"][0]["capturedBy"] = json!({ "device": "phone" });
    });
    expect(&added, Outcome::Verified, &[]);
    let invalid = judged(&strict(), |result| {
        result["tasks"][0]["validity"] = "invalid".into();
    });
    expect(
        &invalid,
        Outcome::Inconclusive,
        &[(Reason::Unknown, "document_scan:validity")],
    );
}

#[test]
fn rejection_outweighs_doubts() {
    let observation = judged(&strict(), |result| {
        result["tasks"][0]["score"] = json!(0.1);
        result["tasks"][2]["score"] = json!(0.1);
    });
    let expected = [
        (Reason::DocumentOther, "document_scan:score"),
        (Reason::FaceMismatch, "face_match:score"),
    ];
    expect(&observation, Outcome::Rejected, &expected);
}

#[test]
fn incomplete_result_is_not_judged() {
    for state in ["pending", "quarantined", "expired"] {
        let observation = judged(&strict(), |result| result["state"] = state.into());
        assert_ne!(
            observation.status,
            Some(Status::Finished(Outcome::Verified)),
            "{state}"
        );
        let report = observation.report().unwrap();
        assert!(report.acceptance.is_none() && report.reasons.is_empty());
    }
    expect(
        &judged(&strict(), |result| result["state"] = "COMPLETED ".into()),
        Outcome::Verified,
        &[],
    );
}

#[test]
fn rule_is_named_with_every_setting() {
    let observation = judged(&strict(), |_| {});
    assert_eq!(
        observation.report().unwrap().acceptance.as_deref(),
        Some(
            "strict/2 min_score=0.8 face_floor=0.5 required_fields=document_number,surname \
             tasks=document_scan,face_liveness,face_match as_of=2024-06-01"
        )
    );
    let dated = judged(&strict(), |result| {
        result["completed"] = "2024-01-01T00:00:00Z".into();
    });
    assert!(
        !dated
            .report()
            .unwrap()
            .acceptance
            .as_ref()
            .unwrap()
            .contains("as_of")
    );
    let all = with(|rule| {
        (rule.min_score, rule.face_floor) = (0.85, 0.25);
        (rule.require_scores, rule.completed_means_match) = (true, true);
        rule.required_fields = vec!["surname".into()];
        rule.tolerated_fields = vec!["age".into(), "sex".into()];
        rule.allowed_expiration = Some(-90);
        (rule.minimum_age, rule.maximum_age) = (Some(18), Some(80));
        rule.ordered = Some(Tasks::Document);
    });
    assert_eq!(
        all.to_string(),
        "strict/2 min_score=0.85 face_floor=0.25 require_scores completed_means_match required_fields=surname \
         tolerated_fields=age,sex allowed_expiration=-90 minimum_age=18 maximum_age=80 tasks=document_scan"
    );
    assert_eq!(
        Acceptance::default().to_string(),
        "strict/2 min_score=0.8 face_floor=0.5 required_fields=document_number,surname"
    );
}

#[test]
fn impossible_rule_is_refused() {
    assert!(strict().check().is_ok());
    for (min_score, face_floor) in [
        (1.1, 0.5),
        (-0.1, 0.0),
        (f64::NAN, 0.0),
        (0.8, 0.81),
        (0.8, -0.1),
        (0.8, f64::NAN),
    ] {
        let rule = with(|rule| (rule.min_score, rule.face_floor) = (min_score, face_floor));
        assert!(rule.check().is_err(), "{min_score} {face_floor}");
    }
    for (min_score, face_floor) in [(1.0, 0.0), (0.8, 0.8), (0.0, 0.0)] {
        assert!(
            with(|rule| (rule.min_score, rule.face_floor) = (min_score, face_floor))
                .check()
                .is_ok()
        );
    }
    assert!(with(|rule| rule.required_fields.clear()).check().is_err());
    assert!(
        with(|rule| (rule.require_scores, rule.completed_means_match) = (true, true))
            .check()
            .is_err()
    );
    assert!(
        with(|rule| (rule.minimum_age, rule.maximum_age) = (Some(81), Some(80)))
            .check()
            .is_err()
    );
    assert!(
        with(|rule| (rule.minimum_age, rule.maximum_age) = (Some(80), Some(80)))
            .check()
            .is_ok()
    );
}

#[test]
fn fields_of_other_tasks_are_not_document_data() {
    let observation = judged(&strict(), |result| {
        set(result, "surname", "DE BRUIJN", "valid");
        judge::remove(result, "document_number");
        result["tasks"][2]["result"] =
            json!([{ "field": "document_number", "validity": "valid", "values": ["X1"] }]);
    });
    expect(
        &observation,
        Outcome::Inconclusive,
        &[(Reason::DocumentUnreadable, "document_number:missing")],
    );
    assert!(observation.report().unwrap().document.number.is_none());
    let twice = judged_payload(&strict(), &{
        let mut result = fixture::json("own-result-verified.json");
        let scan = result["tasks"][0].clone();
        result["tasks"].as_array_mut().unwrap().push(scan);
        result
    });
    expect(&twice, Outcome::Verified, &[]);
}
