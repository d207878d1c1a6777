//! Formats observations, reports and decisions for people, and the JSON that is specific to this
//! program.

use idv::report::{CheckResult, Field, Report};
use idv::{
    CreateResponse, Decision, HandOff, Observation, Outcome, ResultState, Status, Transition,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::output::{Cell, Mark, plain, table};

/// Returns the word that a value serializes to.
pub(crate) fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

/// Formats a status: `in_review, leaning verified`.
pub(crate) fn status(status: Option<Status>) -> String {
    let Some(status) = status else {
        return "unknown".to_owned();
    };
    let Ok(parts) = serde_json::to_value(status) else {
        return String::new();
    };
    let part = |name: &str| parts.get(name).and_then(Value::as_str);
    let state = part("state").unwrap_or_default();
    match (part("outcome"), part("leaning")) {
        (Some(outcome), _) => format!("{state}: {outcome}"),
        (None, Some(leaning)) => format!("{state}, leaning {leaning}"),
        (None, None) => state.to_owned(),
    }
}

/// Formats a status, coloured by its outcome.
pub(crate) fn status_cell(status: Option<Status>) -> Cell {
    let text = self::status(status);
    match status {
        Some(Status::Finished(outcome)) => mark(outcome).on(&text),
        _ => Cell::from(text),
    }
}

/// Formats a decision in one line, coloured by its outcome.
pub(crate) fn decision_cell(decision: Decision) -> Cell {
    let text = self::decision(decision);
    match decision {
        Decision::Settled(outcome) => mark(outcome).on(&text),
        Decision::Disputed => Mark::Bad.on(&text),
        _ => Cell::from(text),
    }
}

const fn mark(outcome: Outcome) -> Mark {
    match outcome {
        Outcome::Verified => Mark::Good,
        Outcome::Rejected | Outcome::Disputed => Mark::Bad,
        _ => Mark::Open,
    }
}

/// Formats a decision in one line: `settled: verified`.
pub(crate) fn decision(decision: Decision) -> String {
    match decision {
        Decision::Settled(outcome) => format!("settled: {}", outcome.name()),
        Decision::Disputed => "disputed".to_owned(),
        Decision::Open(open) => format!("open: {}", status(Some(open))),
        _ => "unknown".to_owned(),
    }
}

/// Returns a decision as JSON: `{"state", "outcome", "status"}`.
pub(crate) fn decision_json(decision: Decision) -> Value {
    match decision {
        Decision::Settled(outcome) => {
            json!({ "state": "settled", "outcome": outcome, "status": null })
        }
        Decision::Disputed => json!({ "state": "disputed", "outcome": null, "status": null }),
        Decision::Open(status) => json!({ "state": "open", "outcome": null, "status": status }),
        _ => json!({ "state": "unknown", "outcome": null, "status": null }),
    }
}

/// Formats the effect of an observation in one or two words.
pub(crate) fn transition(transition: &Transition) -> String {
    match transition {
        Transition::Unchanged => "unchanged".to_owned(),
        Transition::PollRequested => "woken".to_owned(),
        Transition::Progressed => "progressed".to_owned(),
        Transition::Settled(outcome) => format!("settled: {}", outcome.name()),
        Transition::Disputed => "disputed".to_owned(),
        Transition::WrongSubject => "foreign".to_owned(),
        Transition::UnknownCode(_) => "not understood".to_owned(),
        _ => "other".to_owned(),
    }
}

/// Returns the response to a create call as JSON.
pub(crate) fn created_json(created: &CreateResponse) -> Value {
    json!({
        "id": { "reference": created.id.reference, "vendor_id": created.id.vendor_id },
        "hand_off": hand_off_json(&created.hand_off),
        "created_at": created.at.to_string(),
        "expires_at": created.expires_at.map(|at| at.to_string()),
        "already_existed": created.already_existed,
        "unsupported_fields": created.unsupported_fields,
    })
}

/// Formats the kind of a hand-off.
pub(crate) fn hand_off(hand_off: &HandOff) -> String {
    match hand_off {
        HandOff::Redirect(_) => "redirect".to_owned(),
        _ => "vendor contacts person".to_owned(),
    }
}

/// Returns the hand-off as JSON, with the URL that opens the person's session.
pub(crate) fn hand_off_json(hand_off: &HandOff) -> Value {
    match hand_off {
        HandOff::Redirect(url) => json!({ "kind": "visit", "url": url }),
        _ => json!({ "kind": "vendor_contacts_person", "url": null }),
    }
}

/// Returns the handle of the result for `idv fetch --handle`, if an observation has one.
pub(crate) fn result_handle(observation: &Observation) -> Option<&str> {
    match &observation.result {
        ResultState::Fetchable(handle) => Some(handle.as_str()),
        _ => None,
    }
}

/// Returns an observation as JSON, with its `result_handle`.
pub(crate) fn observation_json(observation: &Observation) -> Value {
    let mut json = serde_json::to_value(observation).unwrap_or_default();
    if let Some(members) = json.as_object_mut() {
        members.insert(
            "result_handle".to_owned(),
            json!(result_handle(observation)),
        );
    }
    json
}

/// Formats an observation as lines, with its report and thus the person's data in clear.
pub(crate) fn observation(observation: &Observation) -> String {
    let mut lines = table(&[]);
    let subject = &observation.subject;
    let none = || "-".to_owned();
    lines.add_row([
        "reference".to_owned(),
        subject.reference.clone().unwrap_or_else(none),
    ]);
    lines.add_row([
        "vendor id".to_owned(),
        subject
            .vendor_id
            .as_ref()
            .map_or_else(none, |id| id.as_str().to_owned()),
    ]);
    lines.add_row(["channel".to_owned(), word(&observation.channel)]);
    lines.add_row(["trust".to_owned(), word(&observation.trust)]);
    lines.add_row(["status".into(), status_cell(observation.status)]);
    lines.add_row([
        "code".to_owned(),
        observation.code.clone().unwrap_or_else(none),
    ]);
    lines.add_row([
        "at".to_owned(),
        observation.at.map_or_else(none, |at| at.to_string()),
    ]);
    if let Some(handle) = result_handle(observation) {
        lines.add_row(["result handle".to_owned(), handle.to_owned()]);
    }
    let mut text = plain(&lines);
    if let Some(found) = observation.report() {
        text.push('\n');
        text += &report(found);
    }
    text
}

/// Formats one observation as a table row.
pub(crate) fn row(observation: &Observation) -> [Cell; 5] {
    let none = || "-".to_owned();
    [
        observation
            .subject
            .reference
            .clone()
            .unwrap_or_else(none)
            .into(),
        observation
            .subject
            .vendor_id
            .as_ref()
            .map_or_else(none, |id| id.as_str().to_owned())
            .into(),
        status_cell(observation.status),
        observation.code.clone().unwrap_or_else(none).into(),
        observation.at.map_or_else(none, |at| at.to_string()).into(),
    ]
}

/// An attribute of a report as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct FieldWords {
    /// The path in the report.
    pub(crate) field: String,
    /// The value, or the vendor's own text if there is no value.
    pub(crate) value: Option<String>,
    /// The submitted value.
    pub(crate) submitted: Option<String>,
    /// The vendor's verdict.
    pub(crate) verdict: String,
    /// The source.
    pub(crate) source: String,
}

/// Returns every attribute of a report, in the order of [`Field::ALL`].
pub(crate) fn fields(report: &Report) -> Vec<FieldWords> {
    let Ok(report) = serde_json::to_value(report) else {
        return Vec::new();
    };
    let words = |field: &Field, attribute: &Value| {
        let verdict = attribute.get("verdict")?.as_str()?.to_owned();
        let source = attribute.get("source")?.as_str()?.to_owned();
        let value = attribute
            .get("value")
            .or_else(|| attribute.get("raw"))
            .map(scalar);
        let submitted = attribute.get("submitted").map(scalar);
        Some(FieldWords {
            field: field.path().to_owned(),
            value,
            submitted,
            verdict,
            source,
        })
    };
    Field::ALL
        .iter()
        .flat_map(|field| {
            match field
                .path()
                .split('.')
                .try_fold(&report, |value, key| value.get(key))
            {
                // A person may have several nationalities.
                Some(Value::Array(attributes)) => attributes
                    .iter()
                    .filter_map(|attribute| words(field, attribute))
                    .collect(),
                Some(attribute) => words(field, attribute).into_iter().collect(),
                None => Vec::new(),
            }
        })
        .collect()
}

/// Formats a report as tables, with the person's data in clear.
pub(crate) fn report(report: &Report) -> String {
    let none = || "-".to_owned();
    let mut parts = Vec::new();
    let mut attributes = table(&["field", "value", "verdict", "source", "submitted"]);
    let fields = fields(report);
    for field in &fields {
        attributes.add_row([
            field.field.clone(),
            field.value.clone().unwrap_or_else(none),
            field.verdict.clone(),
            field.source.clone(),
            field.submitted.clone().unwrap_or_else(none),
        ]);
    }
    if !fields.is_empty() {
        parts.push(plain(&attributes));
    }
    if !report.checks.is_empty() {
        let mut checks = table(&["check", "result", "score", "code"]);
        for check in &report.checks {
            let result = word(&check.result);
            checks.add_row([
                word(&check.kind).into(),
                match check.result {
                    CheckResult::Passed => Mark::Good.on(&result),
                    CheckResult::Failed => Mark::Bad.on(&result),
                    _ => Cell::from(result),
                },
                check
                    .score
                    .map_or_else(none, |score| format!("{score:.2}"))
                    .into(),
                check.code.clone().unwrap_or_else(none).into(),
            ]);
        }
        parts.push(plain(&checks));
    }
    if !report.reasons.is_empty() {
        let mut reasons = table(&["reason", "code", "permanent"]);
        for finding in &report.reasons {
            let permanent = finding.permanent.map_or_else(none, |permanent| {
                if permanent { "yes" } else { "no" }.to_owned()
            });
            reasons.add_row([word(&finding.reason), finding.code.clone(), permanent]);
        }
        parts.push(plain(&reasons));
    }
    if !report.evidence.is_empty() {
        let mut evidence = table(&["evidence", "kind", "media type"]);
        for piece in &report.evidence {
            let media_type = piece.media_type.clone().unwrap_or_else(none);
            evidence.add_row([piece.id.as_str().to_owned(), word(&piece.kind), media_type]);
        }
        parts.push(plain(&evidence));
    }
    for (head, members) in [("custom", &report.custom), ("answer", &report.answers)] {
        if !members.is_empty() {
            let mut lines = table(&[head, "value"]);
            lines.add_rows(
                members
                    .iter()
                    .map(|(name, value)| [name.clone(), scalar(value.expose())]),
            );
            parts.push(plain(&lines));
        }
    }
    parts.join("\n")
}

/// Formats a value: a string as it is, a list with commas, an object as JSON.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(scalar).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use idv::report::{Attribute, Source, Verdict};
    use idv::{PartialDate, Pii, ProviderId};

    use super::*;

    #[test]
    fn statuses_fit_on_one_line() {
        assert_eq!(status(None), "unknown");
        assert_eq!(status(Some(Status::AwaitingPerson)), "awaiting_person");
        assert_eq!(
            status(Some(Status::InReview {
                leaning: Some(Outcome::Rejected)
            })),
            "in_review, leaning rejected"
        );
        assert_eq!(
            status(Some(Status::Finished(Outcome::Verified))),
            "finished: verified"
        );
        assert_eq!(decision(Decision::Open(Status::Ended)), "open: ended");
        assert_eq!(
            status(Some(Status::Finished(Outcome::Disputed))),
            "finished: disputed"
        );
    }

    #[test]
    fn members_of_any_shape_are_listed() {
        let mut parts = Report::new(ProviderId::new("example"));
        parts
            .custom
            .insert("custom1".to_owned(), Pii::new(json!(["a\u{1b}", 7])));
        parts
            .answers
            .insert("q1".to_owned(), Pii::new(json!({ "a": { "b": "\u{9b}" } })));
        let text = report(&parts);
        assert!(
            text.contains("custom1") && text.contains("a\\u001b, 7"),
            "{text}"
        );
        assert!(text.contains(r#"{"a":{"b":"\u009b"}}"#), "{text}");
    }

    #[test]
    fn attributes_are_listed_with_submitted_values() {
        let mut report = Report::new(ProviderId::new("example"));
        let mut birth_date = Attribute::new(Source::Agent, Verdict::Changed)
            .with_value("1983-05-22".parse().unwrap());
        birth_date.submitted = Some(Pii::new("1982-05-22".parse::<PartialDate>().unwrap()));
        report.person.birth_date = Some(birth_date);
        let german =
            Attribute::new(Source::Agent, Verdict::Match).with_value("DE".parse().unwrap());
        report.person.nationalities =
            vec![german.clone(), german.with_value("AT".parse().unwrap())];
        report.document.number = Some(Attribute::new(Source::Agent, Verdict::Redacted));
        let listed: Vec<_> = fields(&report)
            .into_iter()
            .map(|field| (field.field, field.value, field.submitted, field.verdict))
            .collect();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            listed,
            [
                (
                    "person.birth_date".to_owned(),
                    text("1983-05-22"),
                    text("1982-05-22"),
                    "changed".to_owned()
                ),
                (
                    "person.nationalities".to_owned(),
                    text("DE"),
                    None,
                    "match".to_owned()
                ),
                (
                    "person.nationalities".to_owned(),
                    text("AT"),
                    None,
                    "match".to_owned()
                ),
                (
                    "document.number".to_owned(),
                    None,
                    None,
                    "redacted".to_owned()
                ),
            ]
        );
    }
}
