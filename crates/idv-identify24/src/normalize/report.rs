//! Builds reports from the personal data of a payload.

use idv_core::adapter::wire::Loose;
use idv_core::adapter::{is_blank, non_empty};
use idv_core::report::{Attribute, Field as ReportField, Finding, Method, Reason, Source, Verdict};
use idv_core::{Outcome, Pii, Report, Status, Timestamp, VendorId};
use serde_json::Value;

use super::{PROVIDER, time};
use crate::wire::{Field, Ident, IdentAnswer, Webhook};

/// The fields that a report of this vendor can fill. No documented call or message returns verified
/// data beyond the name.
pub const REPORT_FIELDS: &[ReportField] = &[
    ReportField::Method,
    ReportField::Agent,
    ReportField::GivenNames,
    ReportField::FamilyName,
    ReportField::Reasons,
    ReportField::Custom,
];

/// The members that show that an agent was involved.
const AGENT: [&str; 3] = ["agent_name", "agent_notes", "reject_reason"];

/// Builds the report of a webhook.
///
/// - Names are `unchecked`: the vendor does not say whether they were submitted or read from the
///   identity document.
/// - The vendor has no codes for reasons. A text in `reject_reason` becomes one reason, with the
///   member's name as its code. In another shape, each entry of an array is a reason, and an object
///   is one reason as JSON; `custom` keeps the value in its own shape.
/// - `custom` has `custom1` to `custom4` and, by the vendor's name, the values beyond the model:
///   `agent_notes`, `company_name`, `project_id`, `status_id`, `appointment_date` as a UTC time,
///   and members of newer versions in their own shape.
/// - The method is a video call if the payload shows that an agent was involved.
#[must_use]
pub fn webhook_report(webhook: &Webhook<'_>) -> Box<Report> {
    let mut report = named(&webhook.first_name, &webhook.last_name);
    report.reference = non_empty(webhook.custom_id.as_ref()).map(str::to_owned);
    report.vendor_id = non_empty(webhook.ident_id.as_ref()).map(VendorId::new);
    report.agent = non_empty(webhook.agent_name.as_ref()).map(Pii::from);
    let agent = [
        &webhook.agent_name,
        &webhook.agent_notes,
        &webhook.reject_reason,
    ];
    report.method = agent.into_iter().any(is_filled).then_some(Method::Video);
    report.reasons = reasons(&webhook.reject_reason);
    for (name, field) in [
        ("status_id", &webhook.status_id),
        ("project_id", &webhook.project_id),
        ("company_name", &webhook.company_name),
        ("custom1", &webhook.custom1),
        ("custom2", &webhook.custom2),
        ("custom3", &webhook.custom3),
        ("custom4", &webhook.custom4),
        ("agent_notes", &webhook.agent_notes),
    ] {
        add_text(&mut report, name, non_empty(field.as_ref()));
        add_other(&mut report, name, field);
    }
    for (name, field) in [
        ("ident_id", &webhook.ident_id),
        ("custom_id", &webhook.custom_id),
        ("status", &webhook.status),
        ("first_name", &webhook.first_name),
        ("last_name", &webhook.last_name),
        ("agent_name", &webhook.agent_name),
        ("reject_reason", &webhook.reject_reason),
    ] {
        add_other(&mut report, name, field);
    }
    add_time(
        &mut report,
        "appointment_date",
        &webhook.appointment_date,
        None,
    );
    add_members(&mut report, webhook.others.iter());
    report
}

/// Builds the report of an ident in a response of `ident/get`: the names and the custom data of the
/// request.
#[must_use]
pub fn ident_report(ident: &Ident<'_>, status: Option<Status>) -> Box<Report> {
    report_since(ident, status, None)
}

/// Builds the report of an ident, whose time of creation is parsed here unless it is `created`.
pub(super) fn report_since(
    ident: &Ident<'_>,
    status: Option<Status>,
    created: Option<Timestamp>,
) -> Box<Report> {
    let mut report = named(&ident.person_first_name, &ident.person_last_name);
    report.reference = non_empty(ident.custom_id.as_ref()).map(str::to_owned);
    report.vendor_id = non_empty(ident.id.as_ref()).map(VendorId::new);
    let identified = matches!(
        status,
        Some(Status::Finished(
            Outcome::Verified | Outcome::Rejected | Outcome::Inconclusive
        ))
    );
    report.method = identified.then_some(Method::Video);
    for (name, field) in [
        ("project_id", &ident.project_id),
        ("custom1", &ident.custom1),
        ("custom2", &ident.custom2),
        ("custom3", &ident.custom3),
        ("custom4", &ident.custom4),
    ] {
        add_text(&mut report, name, non_empty(field.as_ref()));
        add_other(&mut report, name, field);
    }
    for (name, field) in [
        ("id", &ident.id),
        ("custom_id", &ident.custom_id),
        ("status", &ident.status),
        ("person_first_name", &ident.person_first_name),
        ("person_last_name", &ident.person_last_name),
    ] {
        add_other(&mut report, name, field);
    }
    add_time(
        &mut report,
        "appointment_date",
        &ident.appointment_date,
        None,
    );
    add_time(&mut report, "created_at", &ident.created_at, created);
    add_members(&mut report, ident.others.iter());
    report
}

/// Adds the members around an ident that carry information.
pub(super) fn add_envelope(report: &mut Report, answer: &IdentAnswer<'_>) {
    let messages = answer
        .messages
        .iter()
        .map(|messages| ("messages", messages));
    add_members(report, messages.chain(answer.others.iter()));
}

/// Returns whether one of an ident's undocumented members shows that an agent was involved.
pub(super) fn has_agent<'m>(mut members: impl Iterator<Item = (&'m str, &'m Pii<Value>)>) -> bool {
    members.any(|(name, value)| AGENT.contains(&name) && !is_blank(value.expose()))
}

/// Returns whether a member carries information.
pub(super) fn is_filled(field: &Field<'_>) -> bool {
    field.as_ref().is_some_and(|field| {
        non_empty(Some(field)).is_some() || field.other().is_some_and(|it| !is_blank(it.expose()))
    })
}

fn other<'f>(field: &'f Field<'_>) -> Option<&'f Pii<Value>> {
    field.as_ref().and_then(Loose::other)
}

fn named(first: &Field<'_>, last: &Field<'_>) -> Box<Report> {
    let name = |field: &Field<'_>| {
        non_empty(field.as_ref()).map(|name| {
            Attribute::new(Source::Vendor, Verdict::Unchecked).with_value(name.to_owned())
        })
    };
    // A report is large: building it in place avoids moving it.
    let mut report = Box::new(Report::new(PROVIDER));
    report.person.given_names = name(first);
    report.person.family_name = name(last);
    report
}

fn reasons(field: &Field<'_>) -> Vec<Finding> {
    let finding = |text: &str| {
        let mut finding = Finding::new(Reason::Unknown, "reject_reason");
        finding.text = Some(text.into());
        finding
    };
    let entries = match other(field).map(Pii::expose) {
        None => return non_empty(field.as_ref()).map(finding).into_iter().collect(),
        Some(Value::Array(entries)) => entries.as_slice(),
        Some(other) => std::slice::from_ref(other),
    };
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), |text| text.trim().to_owned())
    };
    entries
        .iter()
        .filter(|value| !is_blank(value))
        .map(|value| finding(&text(value)))
        .collect()
}

fn add_text(report: &mut Report, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        report.custom.insert(name.to_owned(), Pii::from(text));
    }
}

/// Adds a time in UTC, or the text unchanged if it is not a time. `known` is the time if it is
/// already parsed.
fn add_time(report: &mut Report, name: &str, field: &Field<'_>, known: Option<Timestamp>) {
    let time = known
        .or_else(|| non_empty(field.as_ref()).and_then(time))
        .map(|time| time.to_string());
    add_text(report, name, time.as_deref().or(non_empty(field.as_ref())));
    add_other(report, name, field);
}

/// Adds a field that is not text, in its own shape.
fn add_other(report: &mut Report, name: &str, field: &Field<'_>) {
    if let Some(value) = other(field) {
        add_members(report, std::iter::once((name, value)));
    }
}

/// Adds members in their own shape. A name that is already used gets the prefix `envelope.`.
fn add_members<'m>(report: &mut Report, members: impl Iterator<Item = (&'m str, &'m Pii<Value>)>) {
    for (name, value) in members.filter(|(_, value)| !is_blank(value.expose())) {
        let is_taken = report.custom.contains_key(name);
        let name = if is_taken {
            format!("envelope.{name}")
        } else {
            name.to_owned()
        };
        report.custom.insert(name, value.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn member_is_filled_unless_it_is_blank() {
        for (json, filled) in [
            ("null", false),
            (r#"" a ""#, true),
            (r#"" ""#, false),
            (r#""N/A""#, true),
            ("7", true),
            ("false", true),
            (r#"["a"]"#, true),
            (r#"{"a":0}"#, true),
            (r#"[" ",null,{"a":[]}]"#, false),
        ] {
            assert_eq!(
                is_filled(&idv_core::adapter::wire::read_json(json).unwrap()),
                filled,
                "{json}"
            );
        }
    }
}
