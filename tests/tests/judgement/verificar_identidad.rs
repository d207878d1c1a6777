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
fn other_document_number_is_not_verified() {
    const WRONG: &[&str] = &["document_number_wrong", r#""kind":"requested_number","result":"failed""#];
    let rows = vec![
        row("right", report("5100", found(json!(96.4), "87654321X", Some("Si")), json!({})), "finished:verified", &[])
            .without(&["document_number_wrong"]),
        row("written otherwise", report("5100", found(json!(96.4), "87.654.321-x", None), json!({})), "finished:verified", &[])
            .without(&["document_number_wrong"]),
        row("code -9", report("5100", found(json!(-9), "12345678Z", None), json!({})), "finished:inconclusive", WRONG),
        row("word no", report("5100", found(json!(96.4), "12345678Z", Some("No")), json!({})), "finished:inconclusive", WRONG),
        row("by comparison", report("5100", found(json!(96.4), "12345678Z", None), json!({})), "finished:inconclusive", WRONG),
        row("rejected", report("5500", found(json!(-9), "12345678Z", Some("No")), json!({})), "finished:rejected", WRONG),
    ];
    check(rows, |payload| Ok(kind(payload, "callback")?.observations));
}

#[test]
fn unreadable_result_keeps_the_status() {
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
