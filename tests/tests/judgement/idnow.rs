use idv::idnow::normalize::kind;

use super::*;

fn process(extra: Value) -> Value {
    let mut process = json!({
        "result": "SUCCESS", "companyid": "ihrebank", "transactionnumber": REFERENCE, "id": "IBA-H7GB6",
        "identificationtime": "2026-03-01T10:00:00Z",
    });
    process.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    json!({ "identificationprocess": process, "userdata": { "firstname": { "value": "ARMIN", "status": "MATCH" } } })
}

#[test]
fn history_of_identification_is_kept() {
    let signed = |result: &str| {
        let mut payload = process(json!({}));
        payload["esigning"] = json!({ "result": result });
        payload
    };
    let rows = vec![
        row("plain", process(json!({})), "finished:verified", &[]).without(&[r#""result":"failed""#]),
        row(
            "suspicion before",
            process(json!({ "previousresult": "FRAUD_SUSPICION_PENDING" })),
            "finished:verified",
            &[r#""kind":"fraud","result":"failed""#, "FRAUD_SUSPICION_PENDING"],
        ),
        row(
            "changes",
            process(json!({ "identchanges": true, "reviewchanges": true })),
            "finished:verified",
            &["identchanges", "reviewchanges"],
        ),
        row("signing failed", signed("FAILED"), "finished:verified", &[r#""kind":"signature","result":"failed""#]),
        row("failed", process(json!({ "result": "FAILED" })), "null", &[]),
        row("unknown", process(json!({ "result": "SUCCESSFUL" })), "null", &[]),
    ];
    check(rows, |payload| Ok(kind(payload, "result")?.observations));
}

#[test]
fn undocumented_members_are_kept() {
    let mut payload = process(json!({ "type": "APP" }));
    payload["userdata"]["personalnumber"] = json!({ "value": "85073003328", "status": "NEW" });
    payload["userdata"]["fullname"] = json!({ "value": "ARMIN BAUER", "status": "MATCH" });
    payload["identlanguage"] = json!("fr");
    payload["livenessleft"] = json!({ "score": [1, 2, { "deep": "kept-word" }] });
    payload["ticket"] =
        serde_json::from_str("123456789012345678901234567890").unwrap_or_else(|_| json!("123456789012345678901234567890"));
    let has: &[&str] = &["85073003328", "ARMIN BAUER", "kept-word", "APP"];
    check(vec![row("kept", payload, "finished:verified", has)], |payload| Ok(kind(payload, "result")?.observations));
}
