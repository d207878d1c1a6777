//! The tables of the vendor's page.

use super::*;

#[test]
fn page_has_tables_of_adapter() {
    use idv::verificar_identidad::api::CALLS;
    use idv::verificar_identidad::normalize::{RESULTS, STATES};
    const PAGE: &str = "docs/src/vendors/verificar-identidad.md";
    let mut states = table(&["`Estado`", "name", "state", "has a report", "meaning"]);
    for row in STATES {
        let reports = if row.reports { "yes" } else { "" };
        line(&mut states, &[row.code.to_string(), row.name.into(), state(row.status), reports.into(), row.meaning.into()]);
    }
    keep(PAGE, "states", &states);

    let mut results = table(&["`Resultado`", "meaning", "check", "reason", "needs an operator"]);
    for row in RESULTS {
        let check = row.check.map(|(kind, result)| format!("{}: {}", name(&kind), name(&result))).unwrap_or_default();
        let reason = row.reason.as_ref().map(|reason| reason.name().to_owned()).unwrap_or_default();
        let judged = if row.to_be_judged { "yes" } else { "" };
        line(&mut results, &[row.code.to_string(), row.meaning.into(), check, reason, judged.into()]);
    }
    keep(PAGE, "results", &results);

    let mut calls = table(&["call", "section", "sends and costs", "failures"]);
    for call in CALLS {
        let failures: Vec<String> = call.failures.iter().map(|failure| format!("{}: {}", failure.res, failure.detail)).collect();
        let acts = if call.acts { "yes" } else { "" };
        line(&mut calls, &[format!("`{}`", call.name), call.section.into(), acts.into(), failures.join("; ")]);
    }
    keep(PAGE, "calls", &calls);
}
