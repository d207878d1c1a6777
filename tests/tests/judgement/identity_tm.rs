use idv::identity_tm::normalize::{Flow, kind};

use super::*;

const FRAUD: &str = r#""kind":"fraud","result":"failed""#;

#[test]
fn suspicion_is_never_erased() {
    let rows = vec![
        row("plain success", history(&["25", "77", "78", "75", "6", "80"]), "finished:verified", &[]).without(&[FRAUD]),
        row("suspicion after success", history(&["25", "75", "6", "80", "89"]), "finished:disputed", &[FRAUD, r#""code":"89""#]),
        row("subcode after success", history(&["25", "6", "20002"]), "finished:disputed", &[FRAUD, r#""code":"20002""#]),
        row(
            "suspicion at the time of success",
            history(&["25", "6", "20000+"]),
            "finished:disputed",
            &[r#""result":"failed","code":"20000""#],
        ),
        row("suspicion before success", history(&["25", "20003", "75", "6"]), "finished:verified", &[FRAUD, r#""code":"20003""#]),
        row("89 before success", history(&["25", "89", "75", "6", "80"]), "finished:verified", &[FRAUD, r#""code":"89""#]),
        row(
            "suspicion, then refused",
            history(&["25", "20001", "17"]),
            "finished:rejected",
            &[r#""result":"failed","code":"20001""#],
        ),
        row("success, suspicion, then refused", history(&["25", "6", "89", "17"]), "finished:rejected", &[FRAUD]),
    ];
    check(rows, |payload| Ok(kind(payload, "status", Flow::of_product(12))?.observations));
}

fn person(extra: Value) -> Value {
    let mut result = json!({
        "Identified": "2026-03-01T10:00:00+01:00",
        "IdentifyMethod": "Video",
        "IdentData": [{ "Type": 1, "Firstname": "Erika", "Surname": "Mustermann", "Birthdate": "1970-01-01" }],
    });
    result.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    result
}

#[test]
fn flags_are_read_in_every_spelling() {
    let mut rows = Vec::new();
    for spelling in [json!(true), json!("True"), json!("yes"), json!("1"), json!(1), json!("TRUE")] {
        rows.push(row("fraud", person(json!({ "FraudAttempt": spelling })), "null", &[FRAUD, "FraudAttempt"]));
    }
    let flagged = check_of(&rows);
    assert!(flagged.iter().all(|report| report.contains(FRAUD)), "{flagged:?}");
    let device = check_of(&[row("device", person(json!({ "SecurityCheckFailed": "true" })), "", &[])]);
    assert!(device[0].contains(r#""result":"failed""#) && device[0].contains("SecurityCheckFailed"), "{device:?}");
    let clear = check_of(&[row("clear", person(json!({ "FraudAttempt": false, "SecurityCheckFailed": false })), "", &[])]);
    assert!(!clear[0].contains(r#""result":"failed""#), "{clear:?}");
}

fn check_of(rows: &[Row]) -> Vec<String> {
    let report = |row: &Row| {
        let page = kind(row.payload.to_string().as_bytes(), "result", Flow::of_product(12)).unwrap();
        let verified = matches!(page.observations[0].status, Some(idv::Status::Finished(idv::Outcome::Verified)));
        assert!(!verified, "{}", row.name);
        serde_json::to_value(page.observations[0].report()).unwrap().to_string()
    };
    rows.iter().map(report).collect()
}

#[test]
fn birth_date_at_epoch_is_kept() {
    assert!(check_of(&[row("born", person(json!({})), "", &[])])[0].contains("1970-01-01"));
}

#[test]
fn result_without_person_is_an_error() {
    let rows = [json!([]), json!(null), json!([{ "Type": 1 }]), json!({}), json!("x")]
        .map(|data| row("names no one", json!({ "Identified": "2026-03-01T10:00:00+01:00", "IdentData": data }), "error", &[]));
    for row in rows {
        assert!(kind(row.payload.to_string().as_bytes(), "result", Flow::of_product(12)).is_err(), "{}", row.payload);
    }
}
