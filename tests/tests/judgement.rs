//! Judgements of each adapter on hard payloads: one row a payload, with the outcome and the texts that the report has to show.
//!
//! The payloads are made for this test, in the shapes of the vendors' documents.

#![allow(clippy::needless_pass_by_value, reason = "a row reads best if it is written in place")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use idv::Observation;
use serde_json::{Value, json};

/// One payload and the judgement that is expected.
struct Row {
    name: &'static str,
    payload: Value,
    /// The status as `state` or `state:outcome`; "null" if the payload has none.
    status: &'static str,
    /// Texts that the report's JSON has to contain.
    has: &'static [&'static str],
    /// Texts that it must not contain.
    lacks: &'static [&'static str],
}

fn row(name: &'static str, payload: Value, status: &'static str, has: &'static [&'static str]) -> Row {
    Row { name, payload, status, has, lacks: &[] }
}

impl Row {
    fn without(mut self, lacks: &'static [&'static str]) -> Self {
        self.lacks = lacks;
        self
    }
}

fn check(rows: Vec<Row>, observe: impl Fn(&[u8]) -> idv::Result<Vec<Observation>>) {
    let mut failures = Vec::new();
    for row in rows {
        let observations = match observe(row.payload.to_string().as_bytes()) {
            Ok(observations) => observations,
            Err(error) => {
                if row.status != "error" {
                    failures.push(format!("{}: {error}", row.name));
                }
                continue;
            }
        };
        let json = serde_json::to_value(&observations[0]).unwrap();
        let status = match &json["status"] {
            Value::Null => "null".to_owned(),
            status => match status["outcome"].as_str() {
                Some(outcome) => format!("{}:{outcome}", status["state"].as_str().unwrap()),
                None => status["state"].as_str().unwrap().to_owned(),
            },
        };
        let report = json["report"].to_string();
        if status != row.status {
            failures.push(format!("{}: {status}, not {}; {report}", row.name, row.status));
        }
        failures.extend(
            row.has.iter().filter(|text| !report.contains(*text)).map(|text| format!("{}: lacks {text}: {report}", row.name)),
        );
        failures.extend(
            row.lacks.iter().filter(|text| report.contains(*text)).map(|text| format!("{}: has {text}: {report}", row.name)),
        );
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

const REFERENCE: &str = "0123456789abcdef0123456789abcdef";

/// A history of codes, one a minute; a code with `+` has the time of the one before.
fn history(codes: &[&str]) -> Value {
    let mut minute = 0;
    let statuses: Vec<Value> = codes
        .iter()
        .map(|code| {
            if !code.ends_with('+') {
                minute += 1;
            }
            let kind: u32 = code.trim_end_matches('+').parse().unwrap();
            json!({ "Kind": kind, "Time": format!("2026-03-01T10:{minute:02}:00+01:00") })
        })
        .collect();
    json!({ "OrderID": "99921269855041", "Ref": REFERENCE, "Status": statuses })
}

mod identity_tm {
    use idv::identity_tm::normalize::{Flow, kind};

    use super::*;

    const FRAUD: &str = r#""kind":"fraud","result":"failed""#;

    #[test]
    fn suspicion_is_never_erased() {
        let rows = vec![
            row("plain success", history(&["25", "77", "78", "75", "6", "80"]), "finished:verified", &[]).without(&[FRAUD]),
            row(
                "suspicion after success",
                history(&["25", "75", "6", "80", "89"]),
                "finished:disputed",
                &[FRAUD, r#""code":"89""#],
            ),
            row("subcode after success", history(&["25", "6", "20002"]), "finished:disputed", &[FRAUD, r#""code":"20002""#]),
            row(
                "suspicion at the time of success",
                history(&["25", "6", "20000+"]),
                "finished:disputed",
                &[r#""result":"failed","code":"20000""#],
            ),
            row(
                "suspicion before success",
                history(&["25", "20003", "75", "6"]),
                "finished:verified",
                &[FRAUD, r#""code":"20003""#],
            ),
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
    fn birth_date_of_the_epoch_is_one() {
        assert!(check_of(&[row("born", person(json!({})), "", &[])])[0].contains("1970-01-01"));
    }

    #[test]
    fn result_that_names_no_one_is_an_error() {
        let rows = [json!([]), json!(null), json!([{ "Type": 1 }]), json!({}), json!("x")].map(|data| {
            row("names no one", json!({ "Identified": "2026-03-01T10:00:00+01:00", "IdentData": data }), "error", &[])
        });
        for row in rows {
            assert!(kind(row.payload.to_string().as_bytes(), "result", Flow::of_product(12)).is_err(), "{}", row.payload);
        }
    }
}

mod cm_id_scan {
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
    fn done_is_not_passed() {
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
    fn expired_by_date_is_not_verified() {
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
}

mod idnow {
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
    fn history_of_an_identification_is_kept() {
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
    fn members_that_the_document_lacks_are_kept() {
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
}

mod identify24 {
    use idv::identify24::normalize::{Statuses, kind};

    use super::*;

    #[test]
    fn callback_keeps_all_its_parts() {
        let webhook = |status: &str| {
            json!({
                "ident_id": "3d1b2c4e-0000-4000-8000-00000000a001", "status_id": "7", "status": status, "custom_id": REFERENCE,
                "first_name": "ERIKA", "last_name": "MUSTERMANN", "agent_name": "Agentin Acht", "nationality_code": "D",
                "reject_reason": ["Gesicht verdeckt", { "code": 4, "text": "zu dunkel" }], "pdf": { "url": "https://example.com/a.pdf" },
            })
        };
        let has: &[&str] = &["Gesicht verdeckt", "zu dunkel", "nationality_code", "https://example.com/a.pdf", "Agentin Acht"];
        check(vec![row("unknown word", webhook("Identified"), "null", has)], |payload| {
            Ok(kind(payload, "callback", &Statuses::of_document())?.observations)
        });
    }
}

mod verificar_identidad {
    use idv::verificar_identidad::normalize::kind;

    use super::*;

    fn report(state: &str, result: Value, extra: Value) -> Value {
        let mut report = json!({
            "Servicio": "VERIFICACION_IDENTIDAD", "ID": "299846332", "Estado": state, "UltimaActualizacion": "2026-03-01 10:25",
            "Telefono": "34600000000", "DNISolicitado": "87654321X", "Result": result,
        });
        report.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        report
    }

    fn found(outcome: Value, number: &str, matches: Option<&str>) -> Value {
        let mut found = json!({ "Resultado": outcome, "DNISolicitado": "87654321X", "PruebaDeVida": "Si",
            "DNI": { "DNI": number, "Nombre": "APARICIO GARCIA,RAFAEL", "FechaNacimiento": "18/12/1955", "Caducado": "No" } });
        if let Some(word) = matches {
            found["DNISolicitadoCoincide"] = json!(word);
        }
        found
    }

    #[test]
    fn another_number_is_not_verified() {
        const WRONG: &[&str] = &["document_number_wrong", r#""kind":"requested_number","result":"failed""#];
        let rows = vec![
            row("right", report("5100", found(json!(96.4), "87654321X", Some("Si")), json!({})), "finished:verified", &[])
                .without(&["document_number_wrong"]),
            row(
                "written otherwise",
                report("5100", found(json!(96.4), "87.654.321-x", None), json!({})),
                "finished:verified",
                &[],
            )
            .without(&["document_number_wrong"]),
            row("code -9", report("5100", found(json!(-9), "12345678Z", None), json!({})), "finished:inconclusive", WRONG),
            row(
                "word no",
                report("5100", found(json!(96.4), "12345678Z", Some("No")), json!({})),
                "finished:inconclusive",
                WRONG,
            ),
            row(
                "by comparison",
                report("5100", found(json!(96.4), "12345678Z", None), json!({})),
                "finished:inconclusive",
                WRONG,
            ),
            row("rejected", report("5500", found(json!(-9), "12345678Z", Some("No")), json!({})), "finished:rejected", WRONG),
        ];
        check(rows, |payload| Ok(kind(payload, "callback")?.observations));
    }

    #[test]
    fn unreadable_result_leaves_the_state() {
        let pairs = json!([["Resultado", 96.41], ["DNI", [["DNI", "87654321X"], ["Nombre", "APARICIO GARCIA,RAFAEL"]]]]);
        let rows = vec![
            row("pairs", report("5100", pairs, json!({})), "finished:verified", &["APARICIO GARCIA", "96.41"]),
            row("word", report("5100", json!("Array"), json!({})), "finished:verified", &["Array"]),
            row("cut", report("5500", json!("{\"Resultado\":-1,\"DN"), json!({})), "finished:rejected", &["Resultado"]),
            row(
                "card",
                report("5500", json!({ "Resultado": -3, "DNI": "12345678Z" }), json!({})),
                "finished:rejected",
                &["12345678Z"],
            ),
        ];
        check(rows, |payload| Ok(kind(payload, "callback")?.observations));
    }

    #[test]
    fn reasons_of_every_shape_are_kept() {
        let found = || found(json!(-3), "87654321X", Some("Si"));
        let rows = vec![
            row(
                "text",
                report("5500", found(), json!({ "Motivo": "Documento manipulado" })),
                "finished:rejected",
                &["Documento manipulado"],
            ),
            row(
                "object",
                report("5500", found(), json!({ "Motivo": { "Codigo": 4, "Texto": "Sin luz" } })),
                "finished:rejected",
                &["Sin luz"],
            ),
            row(
                "list",
                report("5500", found(), json!({ "Motivos": ["Foto", "Brillos"] })),
                "finished:rejected",
                &["Foto", "Brillos"],
            ),
        ];
        check(rows, |payload| Ok(kind(payload, "callback")?.observations));
    }
}
