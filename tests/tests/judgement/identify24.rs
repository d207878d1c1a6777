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
