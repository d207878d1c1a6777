use idv::cm_id_scan::normalize::{Acceptance, kind};

use super::*;

fn field(name: &str, value: &str, validity: &str) -> Value {
    json!({ "field": name, "validity": validity, "comparison": "match", "locale": null, "values": [{ "source": "mrz", "value": value }] })
}

fn result(expiry: Value, faces: &Value) -> Value {
    let mut tasks = vec![json!({ "type": "document_scan", "state": "completed", "score": 0.97, "result": [
        field("document_number", "SPECI2021", "valid"),
        field("surname", "DE BRUIJN", "valid"),
        field("given_names", "WILLEKE", "valid"),
        field("date_of_birth", "1965-03-10", "valid"),
        expiry,
    ] })];
    tasks.extend(faces.as_array().unwrap().iter().cloned());
    json!({ "id": "c3b92333-0000-4000-8000-000000000000", "state": "completed", "completed": "2026-03-01T10:00:00+00:00", "tasks": tasks })
}

fn valid() -> Value {
    field("date_of_expiry", "2031-03-09", "valid")
}

const FACE_PASSED: &str = r#""kind":"face_match","result":"passed""#;

#[test]
fn completed_task_is_no_passed_check() {
    let scored = json!([
        { "type": "face_liveness", "state": "completed", "score": 0.98 },
        { "type": "face_match", "state": "completed", "score": 0.96 },
    ]);
    let faces = |extra: Value| {
        let mut task = json!({ "type": "face_match", "state": "completed" });
        task.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!([{ "type": "face_liveness", "state": "completed", "score": 0.98 }, task])
    };
    let mut rows = vec![
        row("scores", result(valid(), &scored), "finished:verified", &[FACE_PASSED]).without(&["document_authenticity"]),
        row(
            "no score",
            result(valid(), &faces(json!({}))),
            "finished:inconclusive",
            &[r#""kind":"face_match","result":"not_performed""#],
        ),
    ];
    for extra in [
        json!({ "match": false }),
        json!({ "validity": "invalid" }),
        json!({ "verdict": "different person" }),
        json!({ "result": { "same": "no" } }),
        json!({ "confidence": 0.03 }),
        json!({ "score": 0.99, "match": false }),
    ] {
        rows.push(row("odd part", result(valid(), &faces(extra)), "finished:inconclusive", &[]).without(&[FACE_PASSED]));
    }
    check(rows, |payload| Ok(kind(payload, "result", &Acceptance::strict())?.observations));
}

#[test]
fn document_expired_by_date_is_not_verified() {
    let scored = json!([
        { "type": "face_liveness", "state": "completed", "score": 0.98 },
        { "type": "face_match", "state": "completed", "score": 0.96 },
    ]);
    for validity in ["valid", "not_checked", "invalid", "unknown_word"] {
        let payload = result(field("date_of_expiry", "2026-02-28", validity), &scored);
        let page = kind(payload.to_string().as_bytes(), "result", &Acceptance::strict()).unwrap();
        let status = page.observations[0].status;
        assert!(!matches!(status, Some(idv::Status::Finished(idv::Outcome::Verified))), "{validity}: {status:?}");
    }
}
