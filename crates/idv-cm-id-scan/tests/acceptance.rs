//! The rule that judges results: every row of its table, and that nothing unknown is ever good enough.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says what is wrong by failing"
)]

mod fixture;

use fixture::json;
use idv_cm_id_scan::api::Tasks;
use idv_cm_id_scan::normalize::{self, Acceptance};
use idv_core::report::{CheckKind, CheckResult, Reason, Verdict};
use idv_core::{Channel, Observation, Outcome, Status};
use serde_json::{Value, json};

/// What the rule makes of a good result with something changed in it.
fn judged(acceptance: &Acceptance, change: impl FnOnce(&mut Value)) -> Observation {
    let mut result = json("own-result-verified.json");
    change(&mut result);
    normalize::payload(result.to_string().as_bytes(), Channel::Fetch, acceptance).unwrap().remove(0)
}

fn strict() -> Acceptance {
    let mut acceptance = Acceptance::strict();
    acceptance.ordered = Some(Tasks::DocumentLivenessAndMatch);
    acceptance
}

#[track_caller]
fn expect(observation: &Observation, outcome: Outcome, reasons: &[(Reason, &str)]) {
    assert_eq!(observation.status, Some(Status::Finished(outcome)));
    let found: Vec<_> =
        observation.report().unwrap().reasons.iter().map(|finding| (finding.reason, finding.code.as_str())).collect();
    assert_eq!(found, reasons);
}

fn check(observation: &Observation, kind: CheckKind) -> Option<CheckResult> {
    let mut checks = observation.report().unwrap().checks.iter().filter(|check| check.kind == kind);
    let check = checks.next().map(|check| check.result);
    assert!(checks.next().is_none(), "{kind:?} stands twice");
    check
}

fn field<'v>(result: &'v mut Value, name: &str) -> &'v mut Value {
    let fields = result["tasks"][0]["result"].as_array_mut().unwrap();
    fields.iter_mut().find(|field| field["field"] == name).unwrap()
}

#[test]
fn a_good_result_is_verified_and_every_check_of_it_passed() {
    let observation = judged(&strict(), |_| {});
    expect(&observation, Outcome::Verified, &[]);
    for kind in [
        CheckKind::DocumentAuthenticity,
        CheckKind::Liveness,
        CheckKind::FaceMatch,
        CheckKind::DocumentData,
        CheckKind::DocumentExpiry,
        CheckKind::Age,
    ] {
        assert_eq!(check(&observation, kind), Some(CheckResult::Passed), "{kind:?}");
    }
}

#[test]
fn a_task_that_was_ordered_has_to_be_there() {
    for (index, kind, name) in [
        (0, CheckKind::DocumentAuthenticity, "document_scan"),
        (1, CheckKind::Liveness, "face_liveness"),
        (2, CheckKind::FaceMatch, "face_match"),
    ] {
        let observation = judged(&strict(), |result| {
            result["tasks"].as_array_mut().unwrap().remove(index);
        });
        assert_eq!(observation.status, Some(Status::Finished(Outcome::Inconclusive)), "{name}");
        let first = &observation.report().unwrap().reasons[0];
        assert_eq!((first.reason, first.code.clone()), (Reason::CannotBeCompleted, format!("{name}:missing")));
        assert_eq!(check(&observation, kind), Some(CheckResult::NotPerformed));
    }
    // Where nobody knows what was ordered, a document has to be there all the same.
    let face_alone = |result: &mut Value| _ = result["tasks"].as_array_mut().unwrap().remove(0);
    assert_eq!(judged(&Acceptance::strict(), face_alone).status, Some(Status::Finished(Outcome::Inconclusive)));
    let nothing = |result: &mut Value| result["tasks"] = json!([]);
    assert_eq!(judged(&Acceptance::strict(), nothing).status, Some(Status::Finished(Outcome::Inconclusive)));
}

#[test]
fn a_task_that_is_not_completed_speaks_against_the_result() {
    for state in [json!("pending"), json!("failed"), json!(null), json!(1), json!({})] {
        for index in 0..3 {
            let observation = judged(&strict(), |result| result["tasks"][index]["state"] = state.clone());
            assert_eq!(observation.status, Some(Status::Finished(Outcome::Inconclusive)), "{state} {index}");
        }
    }
    let unknown = judged(&strict(), |result| result["tasks"].as_array_mut().unwrap().push(json!({ "type": "voice_match" })));
    expect(&unknown, Outcome::Inconclusive, &[(Reason::CannotBeCompleted, "voice_match:state")]);
    let known_well = json!({ "type": "voice_match", "state": "completed", "score": 0.9 });
    let additional = judged(&strict(), |result| result["tasks"].as_array_mut().unwrap().push(known_well));
    expect(&additional, Outcome::Verified, &[]);
}

#[test]
fn a_score_has_to_reach_the_least_and_one_about_the_face_rejects_below_its_floor() {
    let code = ["document_scan:score", "face_liveness:score", "face_match:score"];
    let reason = [Reason::DocumentOther, Reason::LivenessFailed, Reason::FaceMismatch];
    for index in 0..3 {
        for (score, outcome) in [
            (json!(1), Outcome::Verified),
            (json!(0.8), Outcome::Verified),
            (json!("0.8"), Outcome::Verified),
            (json!(null), Outcome::Verified),
            (json!(0.799_999), Outcome::Inconclusive),
            (json!(0.5), Outcome::Inconclusive),
            (json!(0.499_999), if index == 0 { Outcome::Inconclusive } else { Outcome::Rejected }),
            (json!(0), if index == 0 { Outcome::Inconclusive } else { Outcome::Rejected }),
            // None of these is a score, and none is a good one.
            (json!(97), Outcome::Inconclusive),
            (json!(-1), Outcome::Inconclusive),
            (json!("high"), Outcome::Inconclusive),
            (json!("NaN"), Outcome::Inconclusive),
            (json!("inf"), Outcome::Inconclusive),
            (json!(true), Outcome::Inconclusive),
            (json!([0.9]), Outcome::Inconclusive),
            (json!({ "value": 0.9 }), Outcome::Inconclusive),
        ] {
            let observation = judged(&strict(), |result| result["tasks"][index]["score"] = score.clone());
            let reasons = [(reason[index], code[index])];
            expect(&observation, outcome, if outcome == Outcome::Verified { &[] } else { &reasons });
        }
    }
    let mut demanding = strict();
    demanding.require_scores = true;
    expect(&judged(&demanding, |_| {}), Outcome::Verified, &[]);
    let unscored = judged(&demanding, |result| result["tasks"][2]["score"] = json!(null));
    expect(&unscored, Outcome::Inconclusive, &[(Reason::FaceMismatch, "face_match:score")]);
}

#[test]
fn a_word_as_the_result_of_a_task_has_to_be_a_good_one() {
    for (word, outcome) in [
        (json!("match"), Outcome::Verified),
        (json!("MATCH"), Outcome::Verified),
        (json!(true), Outcome::Verified),
        (json!(null), Outcome::Verified),
        (json!([]), Outcome::Verified),
        (json!("no_match"), Outcome::Inconclusive),
        (json!(false), Outcome::Inconclusive),
        (json!(""), Outcome::Inconclusive),
        (json!({ "match": true }), Outcome::Inconclusive),
    ] {
        let observation = judged(&strict(), |result| result["tasks"][2]["result"] = word.clone());
        assert_eq!(observation.status, Some(Status::Finished(outcome)), "{word}");
        if word != json!(null) && word != json!([]) {
            let document = judged(&strict(), |result| result["tasks"][0]["result"] = word.clone());
            assert_eq!(document.status, Some(Status::Finished(Outcome::Inconclusive)), "a document is more than a word: {word}");
        }
    }
}

#[test]
fn a_field_that_is_invalid_or_of_which_nobody_knows_speaks_against_the_result() {
    for (name, rejects, reason) in [
        ("document_number", false, Reason::DocumentDataInconsistent),
        ("surname", false, Reason::DocumentDataInconsistent),
        ("personal_number", false, Reason::DocumentDataInconsistent),
        ("date_of_expiry", true, Reason::DocumentExpired),
        ("age", true, Reason::Other),
    ] {
        let observation = judged(&strict(), |result| field(result, name)["validity"] = "invalid".into());
        let outcome = if rejects { Outcome::Rejected } else { Outcome::Inconclusive };
        expect(&observation, outcome, &[(reason, &format!("{name}:invalid"))]);
        for unknown in [json!("probably"), json!(null), json!(1), json!([])] {
            let observation = judged(&strict(), |result| field(result, name)["validity"] = unknown.clone());
            expect(&observation, Outcome::Inconclusive, &[(Reason::Unknown, &format!("{name}:validity"))]);
        }
    }
    for fine in ["valid", "not_checked", "VALID"] {
        expect(&judged(&strict(), |result| field(result, "age")["validity"] = fine.into()), Outcome::Verified, &[]);
    }
    let broken = judged(&strict(), |result| result["tasks"][0]["result"].as_array_mut().unwrap().push(json!("x")));
    expect(&broken, Outcome::Inconclusive, &[(Reason::Unknown, "field:validity")]);
}

#[test]
fn sources_that_contradict_each_other_speak_against_the_result_by_whatever_word() {
    for word in [json!("mismatch"), json!("no_match"), json!("failed"), json!(""), json!(false), json!(0)] {
        let observation = judged(&strict(), |result| field(result, "date_of_birth")["comparison"] = word.clone());
        expect(&observation, Outcome::Inconclusive, &[(Reason::DocumentDataInconsistent, "date_of_birth:comparison")]);
        let birth_date = observation.report().unwrap().person.birth_date.as_ref().unwrap();
        assert_eq!(birth_date.verdict, Verdict::Invalid);
        assert_eq!(check(&observation, CheckKind::DocumentData), Some(CheckResult::Failed));
    }
    for word in [json!("match"), json!("not_performed"), json!(null)] {
        expect(&judged(&strict(), |result| field(result, "date_of_birth")["comparison"] = word.clone()), Outcome::Verified, &[]);
    }
}

#[test]
fn a_required_field_has_to_have_a_value() {
    for values in [json!([]), json!(null), json!([{ "source": "mrz", "value": "" }]), json!([{ "source": "mrz", "value": null }])]
    {
        let observation = judged(&strict(), |result| field(result, "document_number")["values"] = values.clone());
        expect(&observation, Outcome::Inconclusive, &[(Reason::DocumentUnreadable, "document_number:missing")]);
    }
    let mut others = strict();
    others.required_fields = vec!["age".into(), "signature".into()];
    expect(&judged(&others, |_| {}), Outcome::Inconclusive, &[(Reason::DocumentUnreadable, "signature:missing")]);
}

#[test]
fn an_age_below_the_configured_one_rejects_whatever_the_vendor_says_of_it() {
    let mut adults = strict();
    adults.minimum_age = Some(18);
    let aged = |age: &str, validity: &str| {
        judged(&adults, |result| {
            field(result, "age")["values"] = json!([{ "source": "mrz", "value": age }]);
            field(result, "age")["validity"] = validity.into();
        })
    };
    expect(&aged("18", "valid"), Outcome::Verified, &[]);
    expect(&aged("17", "valid"), Outcome::Rejected, &[(Reason::Underage, "age:minimum")]);
    expect(&aged("17", "invalid"), Outcome::Rejected, &[(Reason::Underage, "age:invalid")]);
    expect(&aged("99", "invalid"), Outcome::Rejected, &[(Reason::Other, "age:invalid")]);
    let unreadable = [(Reason::Underage, "age:invalid"), (Reason::DocumentUnreadable, "age:missing")];
    expect(&aged("old", "invalid"), Outcome::Rejected, &unreadable);
    expect(&aged("", "valid"), Outcome::Inconclusive, &[(Reason::DocumentUnreadable, "age:missing")]);
    let renamed = judged(&adults, |result| field(result, "age")["field"] = "height".into());
    expect(&renamed, Outcome::Inconclusive, &[(Reason::DocumentUnreadable, "age:missing")]);
}

#[test]
fn what_is_tolerated_stays_visible_and_decides_nothing() {
    let mut tolerant = strict();
    tolerant.tolerated_fields = vec!["document_number".into()];
    let observation = judged(&tolerant, |result| field(result, "document_number")["validity"] = "invalid".into());
    expect(&observation, Outcome::Verified, &[]);
    assert_eq!(observation.report().unwrap().document.number.as_ref().unwrap().verdict, Verdict::Invalid);
    assert!(observation.report().unwrap().acceptance.as_ref().unwrap().contains("tolerated_fields=document_number"));
}

#[test]
fn a_rejection_stays_one_among_doubts() {
    let observation = judged(&strict(), |result| {
        result["tasks"][0]["score"] = json!(0.1);
        result["tasks"][2]["score"] = json!(0.1);
    });
    expect(
        &observation,
        Outcome::Rejected,
        &[(Reason::DocumentOther, "document_scan:score"), (Reason::FaceMismatch, "face_match:score")],
    );
}

#[test]
fn what_is_not_completed_is_not_judged() {
    for state in ["pending", "quarantined", "expired", "COMPLETED "] {
        let observation = judged(&strict(), |result| result["state"] = state.into());
        let report = observation.report().unwrap();
        if state == "COMPLETED " {
            assert_eq!(observation.status, Some(Status::Finished(Outcome::Verified)));
        } else {
            assert_ne!(observation.status, Some(Status::Finished(Outcome::Verified)), "{state}");
            assert!(report.acceptance.is_none() && report.reasons.is_empty());
        }
    }
}

#[test]
fn a_rule_is_named_with_every_number_in_it_and_one_that_cannot_be_is_refused() {
    let mut acceptance = strict();
    assert_eq!(
        acceptance.to_string(),
        "strict/1 min_score=0.8 face_floor=0.5 required_fields=document_number,surname tasks=document_scan,face_liveness,face_match"
    );
    let written = |min_score: f64, face_floor: f64| {
        let mut acceptance = strict();
        (acceptance.min_score, acceptance.face_floor) = (min_score, face_floor);
        acceptance.to_string()
    };
    for (min_score, face_floor) in [(Acceptance::MIN_SCORE, Acceptance::FACE_FLOOR), (0.85, 0.25), (1.0, 0.0)] {
        assert!(written(min_score, face_floor).starts_with(&format!("strict/1 min_score={min_score} face_floor={face_floor} ")));
    }
    (acceptance.require_scores, acceptance.minimum_age) = (true, Some(18));
    assert!(acceptance.to_string().contains("require_scores") && acceptance.to_string().contains("minimum_age=18"));
    assert!(acceptance.check().is_ok());
    for (min_score, face_floor) in [(1.1, 0.5), (-0.1, 0.0), (f64::NAN, 0.0), (0.8, 0.81), (0.8, -0.1), (0.8, f64::NAN)] {
        let mut acceptance = strict();
        (acceptance.min_score, acceptance.face_floor) = (min_score, face_floor);
        assert!(acceptance.check().is_err(), "{min_score} {face_floor}");
    }
    acceptance.required_fields.clear();
    assert!(acceptance.check().is_err());
}
