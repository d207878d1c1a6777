//! The tables of the vendor's page.

use super::*;

#[test]
fn page_has_tables_of_adapter() {
    use idv::identify24::api::{CALLS, FAILURES};
    use idv::identify24::normalize::STATUSES;
    const PAGE: &str = "docs/src/vendors/identify24.md";
    let mut states = table(&["word", "state", "source"]);
    for row in STATUSES {
        line(&mut states, &[format!("`{}`", row.word), state(row.status), row.source.into()]);
    }
    keep(PAGE, "states", &states);

    let mut calls = table(&["call", "method", "body"]);
    for call in CALLS {
        line(&mut calls, &[format!("`{}`", call.name), call.method.to_string(), if call.has_body { "JSON" } else { "" }.into()]);
    }
    keep(PAGE, "calls", &calls);

    let mut failures = table(&["status", "meaning"]);
    for failure in FAILURES {
        line(&mut failures, &[failure.status.to_string(), failure.detail.into()]);
    }
    keep(PAGE, "failures", &failures);
}
