//! The bodies of the responses and their times.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::account::Project;
use super::ident::Ident;

/// Returns `data` of ident/get.
pub(crate) fn ident(ident: &Ident) -> Value {
    let text = |name: &str| ident.submitted.text(name);
    json!({
        "id": ident.id,
        "project_id": text("project_id"),
        "person_first_name": text("person_first_name"),
        "person_last_name": text("person_last_name"),
        "custom_id": text("custom_id"),
        "custom1": text("custom1"),
        "custom2": text("custom2"),
        "custom3": text("custom3"),
        "custom4": text("custom4"),
        "status": ident.word(),
        "created_at": local(ident.created, "%d-%m-%Y %H:%M:%S"),
        "appointment_date": ident.appointment.map(minute),
    })
}

/// Returns `data` of project/get, and each item of project/getAll.
pub(crate) fn project(project: &Project) -> Value {
    json!({ "id": project.id, "title": project.title, "status": project.status })
}

/// Formats the time of an appointment: `2019-10-24 11:11`.
pub(crate) fn minute(time: Timestamp) -> String {
    local(time, "%Y-%m-%d %H:%M")
}

/// Formats a time in Germany. The rule of the zone is spelled out, so that no time zone database is
/// needed.
fn local(time: Timestamp, format: &str) -> String {
    let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap_or(TimeZone::UTC);
    time.to_zoned_datetime(zone).strftime(format).to_string()
}
