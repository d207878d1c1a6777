//! The tables of the vendor's page.

use super::*;

#[test]
fn page_has_tables_of_adapter() {
    use idv::cm_id_scan::normalize::{DOCUMENT_KINDS, FIELDS, REPORT_FIELDS, STATES, Target};
    const PAGE: &str = "docs/src/vendors/cm-id-scan.md";
    let mut states = table(&["state", "before the person has begun", "once the person has", "source"]);
    for row in STATES {
        line(&mut states, &[format!("`{}`", row.state), state(row.untouched), state(row.begun), row.source.into()]);
    }
    keep(PAGE, "states", &states);

    let mut fields = table(&["field", "in the model", "in a sample"]);
    for row in FIELDS {
        // A target is named after the field of the report that it fills, with few exceptions.
        let target = format!("{:?}", row.target);
        let field = REPORT_FIELDS.iter().find(|field| format!("{field:?}") == target);
        let path = match (row.target, field) {
            (Target::Age, _) => "a check, and `custom`".to_owned(),
            (Target::Nationality, _) => format!("`{}`", Field::Nationalities),
            (_, field) => format!("`{}`", field.unwrap_or_else(|| panic!("no report has {target}"))),
        };
        line(&mut fields, &[format!("`{}`", row.field), path, if row.documented { "yes" } else { "" }.into()]);
    }
    keep(PAGE, "fields", &fields);

    let mut documents = table(&["type", "kind"]);
    for (word, kind) in DOCUMENT_KINDS {
        line(&mut documents, &[format!("`{word}`"), name(kind)]);
    }
    keep(PAGE, "documents", &documents);
}
