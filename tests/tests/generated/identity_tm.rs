//! The tables of the vendor's page.

use idv::identity_tm::api::CALLS;
use idv::identity_tm::normalize::{Flow, KINDS, SUB_KINDS};

use super::*;

#[test]
fn page_has_tables_of_adapter() {
    const PAGE: &str = "docs/src/vendors/identity-tm.md";
    let mut calls = table(&["call", "chapter", "method", "success", "failures"]);
    for call in CALLS {
        let failures: Vec<String> =
            call.failures.iter().map(|failure| format!("{}: {}", failure.status, failure.detail)).collect();
        let cells = [
            format!("`{}`", call.name),
            call.chapter.into(),
            call.method.to_string(),
            call.success.to_string(),
            failures.join("; "),
        ];
        line(&mut calls, &cells);
    }
    keep(PAGE, "calls", &calls);

    let mut codes = table(&["code", "meaning", "extended", "of an identification", "of a signature", "reason"]);
    for row in KINDS {
        let state = |flow: Flow| match (row.ends_with(flow), row.state) {
            (Some(outcome), _) => format!("ends: {}", outcome.name()),
            (None, Some(state)) => {
                let state = serde_json::to_value(state).unwrap();
                let leaning = state["leaning"].as_str().map(|leaning| format!(", leans to {leaning}")).unwrap_or_default();
                format!("{}{leaning}", state["state"].as_str().unwrap())
            }
            (None, None) => String::new(),
        };
        let reason = row.reason.as_ref().map(|reason| reason.name().to_owned()).unwrap_or_default();
        let extended = if row.extended { "yes" } else { "" };
        line(
            &mut codes,
            &[row.code.to_string(), row.meaning.into(), extended.into(), state(Flow::Identification), state(Flow::Esign), reason],
        );
    }
    keep(PAGE, "codes", &codes);

    let mut sub_codes = table(&["code", "meaning", "reason", "failed check"]);
    for row in SUB_KINDS {
        let reason = row.reason.as_ref().map(|reason| reason.name().to_owned()).unwrap_or_default();
        let check = row.failed.map(|check| name(&check)).unwrap_or_default();
        line(&mut sub_codes, &[format!("{}/{}", row.kind, row.sub_kind), row.meaning.into(), reason, check]);
    }
    keep(PAGE, "sub-codes", &sub_codes);
}
