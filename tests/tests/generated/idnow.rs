//! The tables of the vendor's page.

use idv::idnow::normalize::{ATTACHMENTS, REASONS, RESULTS};

use super::*;

#[test]
fn page_has_tables_of_adapter() {
    let mut results = table(&["result", "state", "outcome or leaning", "chapter", "why"]);
    for row in RESULTS {
        let status = serde_json::to_value(row.status).unwrap();
        let word = |name: &str| status[name].as_str().unwrap_or_default().to_owned();
        let outcome = match (word("outcome"), word("leaning")) {
            (outcome, leaning) if leaning.is_empty() => outcome,
            (_, leaning) => format!("leans to {leaning}"),
        };
        line(&mut results, &[format!("`{}`", row.code), word("state"), outcome, row.source.into(), row.why.into()]);
    }
    keep("docs/src/vendors/idnow.md", "results", &results);

    let mut reasons = table(&["reason", "in the model", "permanent", "caused by the person", "failed check", "chapter"]);
    for row in REASONS {
        let yes = |said: Option<bool>| said.map_or("", |yes| if yes { "yes" } else { "no" }).to_owned();
        let check = row.failed.map(|check| name(&check)).unwrap_or_default();
        let cells = [
            format!("`{}`", row.code),
            row.reason.name().into(),
            yes(row.permanent),
            yes(row.by_person),
            check,
            row.source.into(),
        ];
        line(&mut reasons, &cells);
    }
    keep("docs/src/vendors/idnow.md", "reasons", &reasons);

    let mut attachments = table(&["key", "evidence", "chapter"]);
    for row in ATTACHMENTS {
        line(&mut attachments, &[format!("`{}`", row.key), name(&row.kind), row.source.into()]);
    }
    keep("docs/src/vendors/idnow.md", "attachments", &attachments);
}
