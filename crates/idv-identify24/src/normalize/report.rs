//! What a payload tells of the person, as a report.

use std::collections::BTreeMap;

use idv_core::report::{Attribute, Field, Finding, Method, Reason, Source, Verdict};
use idv_core::{Outcome, Pii, Report, Status, Text, VendorId};

use super::{PROVIDER, time};
use crate::wire::{Ident, Webhook, filled};

/// The fields that a report of this vendor can ever fill. No documented call or message brings checked data beyond the name.
pub const REPORT_FIELDS: &[Field] =
    &[Field::Method, Field::Agent, Field::GivenNames, Field::FamilyName, Field::Reasons, Field::Custom];

/// The one part among those that come along that is a time.
const APPOINTMENT: &str = "appointment_date";

/// What a webhook tells.
///
/// - Names are the vendor's, and `unchecked`: it does not say whether they are what was submitted or what the document shows.
/// - The vendor has no codes for reasons: `reject_reason` is a text, kept as one, with the part's name as its code.
/// - `custom` has `custom1` to `custom4`, and what the model has no place for by the vendor's name: `agent_notes`, `company_name`,
///   `project_id`, `status_id`, and `appointment_date`, as a time of UTC.
/// - The method is a call by video once an agent or an outcome shows that there was one.
#[must_use]
pub fn webhook_report(webhook: &Webhook<'_>, status: Option<Status>) -> Box<Report> {
    let mut report = named(webhook.first_name.as_ref(), webhook.last_name.as_ref());
    report.reference = filled(webhook.custom_id.as_ref()).map(str::to_owned);
    report.vendor_id = filled(webhook.ident_id.as_ref()).map(VendorId::new);
    report.agent = filled(webhook.agent_name.as_ref()).map(Pii::from);
    report.method = method(status, report.agent.is_some());
    if let Some(text) = filled(webhook.reject_reason.as_ref()) {
        let mut finding = Finding::new(Reason::Unknown, "reject_reason");
        finding.text = Some(text.into());
        report.reasons = vec![finding];
    }
    report.custom = custom([
        ("status_id", webhook.status_id.as_ref()),
        ("project_id", webhook.project_id.as_ref()),
        ("custom4", webhook.custom4.as_ref()),
        ("custom3", webhook.custom3.as_ref()),
        ("custom2", webhook.custom2.as_ref()),
        ("custom1", webhook.custom1.as_ref()),
        ("company_name", webhook.company_name.as_ref()),
        (APPOINTMENT, webhook.appointment_date.as_ref()),
        ("agent_notes", webhook.agent_notes.as_ref()),
    ]);
    report
}

/// What `ident/get` tells: the names, and what was sent along.
#[must_use]
pub fn ident_report(ident: &Ident<'_>, status: Option<Status>) -> Box<Report> {
    let mut report = named(ident.person_first_name.as_ref(), ident.person_last_name.as_ref());
    report.reference = filled(ident.custom_id.as_ref()).map(str::to_owned);
    report.vendor_id = filled(ident.id.as_ref()).map(VendorId::new);
    report.method = method(status, false);
    report.custom = custom([
        ("project_id", ident.project_id.as_ref()),
        ("custom4", ident.custom4.as_ref()),
        ("custom3", ident.custom3.as_ref()),
        ("custom2", ident.custom2.as_ref()),
        ("custom1", ident.custom1.as_ref()),
        (APPOINTMENT, ident.appointment_date.as_ref()),
    ]);
    report
}

fn named(first: Option<&Text<'_>>, last: Option<&Text<'_>>) -> Box<Report> {
    let name = |text| filled(text).map(|name| Attribute::new(Source::Vendor, Verdict::Unchecked).with_value(name.to_owned()));
    // A report is long: it is made where it stays.
    let mut report = Box::new(Report::new(PROVIDER));
    report.person.given_names = name(first);
    report.person.family_name = name(last);
    report
}

/// VideoIdent is a call by video with an agent; before there was one, nobody was identified in any way.
fn method(status: Option<Status>, has_agent: bool) -> Option<Method> {
    let identified = matches!(status, Some(Status::Finished(Outcome::Verified | Outcome::Rejected | Outcome::Inconclusive)));
    (has_agent || identified).then_some(Method::Video)
}

/// What came along, by the vendor's names. They are given in descending order: a map compares each new one with the first alone then.
fn custom<const N: usize>(parts: [(&str, Option<&Text<'_>>); N]) -> BTreeMap<String, Pii<serde_json::Value>> {
    let mut custom = BTreeMap::new();
    for (name, text) in parts {
        let Some(text) = filled(text) else { continue };
        let text = if name == APPOINTMENT { appointment(text) } else { Some(text.to_owned()) };
        if let Some(text) = text {
            custom.insert(name.to_owned(), Pii::from(text.as_str()));
        }
    }
    custom
}

/// An appointment as a time of UTC. What is no time is kept as it is, unless it stands for none.
fn appointment(text: &str) -> Option<String> {
    match time(text) {
        Some(time) => Some(time.to_string()),
        None => (!text.starts_with("0000-00-00")).then(|| text.to_owned()),
    }
}
