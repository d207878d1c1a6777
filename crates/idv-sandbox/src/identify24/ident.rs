//! An ident: its submitted data and its history.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::account::{Account, ReasonForm, Status};
use super::create::Submitted;
use super::render;
use crate::callback::Callback;
use crate::part::Verification;

/// The kind of every callback.
pub(crate) const WEBHOOK: &str = "webhook";

/// An ident.
#[derive(Debug, Clone)]
pub(crate) struct Ident {
    pub(crate) id: String,
    pub(crate) partner: String,
    pub(crate) submitted: Submitted,
    pub(crate) created: Timestamp,
    pub(crate) appointment: Option<Timestamp>,
    /// Every status reached, the latest last.
    pub(crate) history: Vec<(Timestamp, Status)>,
    /// Whether the ident has ended.
    pub(crate) finished: bool,
    /// Whether its lifetime is over.
    pub(crate) gone: bool,
    /// Whether the person is in a call with an agent.
    pub(crate) in_call: bool,
    pub(crate) agent_name: Option<String>,
    pub(crate) agent_notes: Option<String>,
    pub(crate) reject_reason: Option<String>,
    pub(crate) attempt: u32,
}

impl Verification for Ident {
    fn account(&self) -> &str {
        &self.partner
    }

    fn is_over(&self) -> bool {
        self.finished
    }

    fn attempt(&mut self) -> &mut u32 {
        &mut self.attempt
    }
}

impl Ident {
    pub(crate) fn new(id: String, account: &Account, submitted: Submitted, now: Timestamp) -> Self {
        let appointment = account
            .appointment_minutes
            .map(|minutes| SignedDuration::from_mins(minutes.into()));
        Self {
            id,
            partner: account.partner.clone(),
            submitted,
            created: now,
            appointment: appointment.and_then(|after| now.checked_add(after).ok()),
            history: vec![(now, account.statuses.unidentified.clone())],
            finished: false,
            gone: false,
            in_call: false,
            agent_name: None,
            agent_notes: None,
            reject_reason: None,
            attempt: 0,
        }
    }

    /// Returns the current status in words.
    pub(crate) fn word(&self) -> &str {
        self.history
            .last()
            .map_or("", |(_, status)| status.word.as_str())
    }

    /// Returns whether a review follows or has begun, so that the person has done their part.
    pub(crate) fn is_in_review(&self, account: &Account) -> bool {
        let statuses = [
            &account.statuses.in_review,
            &account.statuses.fraud_suspected,
        ];
        let current = self.history.last();
        !self.finished && current.is_some_and(|(_, current)| statuses.contains(&current))
    }

    /// Lets an agent answer the person's call.
    pub(crate) fn answer(&mut self, account: &Account) {
        self.in_call = true;
        self.agent_name = Some(account.agent_name.clone());
    }

    /// Applies a status and returns the webhook for the partner, if there is an address for it.
    pub(crate) fn reach(
        &mut self,
        status: &Status,
        now: Timestamp,
        account: &Account,
    ) -> Option<Callback> {
        self.in_call = false;
        self.history.push((now, status.clone()));
        let url = account.callback_url.clone()?;
        Some(Callback::json(
            WEBHOOK,
            &self.id,
            url,
            &self.payload(status, account),
        ))
    }

    /// Ends its lifetime and deletes the person's data.
    pub(crate) fn end(&mut self) {
        self.attempt += 1;
        self.gone = true;
        self.finished = true;
        self.submitted.forget();
        (self.agent_notes, self.reject_reason) = (None, None);
    }

    /// Builds the webhook's body ("Sample Payload").
    fn payload(&self, status: &Status, account: &Account) -> Value {
        let text = |name: &str| self.submitted.text(name);
        let mut payload = json!({
            "ident_id": self.id,
            "status_id": status.id,
            "status": status.word,
            "project_id": text("project_id"),
            "custom_id": text("custom_id"),
            "company_name": text("company_name"),
            "first_name": text("person_first_name"),
            "last_name": text("person_last_name"),
            "custom1": text("custom1"),
            "custom2": text("custom2"),
            "custom3": text("custom3"),
            "custom4": text("custom4"),
            "agent_notes": self.agent_notes,
            "reject_reason": self.reason(account.reject_reason_as),
            "agent_name": self.agent_name,
            "appointment_date": self.appointment.map(render::minute),
        });
        if account.webhook_extras
            && let (Value::Object(payload), Value::Object(extras)) = (&mut payload, extras())
        {
            payload.extend(extras);
        }
        payload
    }

    /// Returns the reason of a rejection, in the account's form.
    fn reason(&self, form: ReasonForm) -> Value {
        match (&self.reject_reason, form) {
            (None, _) => Value::Null,
            (Some(reason), ReasonForm::Text) => json!(reason),
            (Some(reason), ReasonForm::Array) => json!([reason, "SECOND_REASON"]),
            (Some(reason), ReasonForm::Object) => {
                json!({ "code": reason, "text": "The agent's words" })
            }
        }
    }
}

/// Returns members of a webhook that version 1.0.1 does not have. Later versions have more; these
/// are the sandbox's own.
fn extras() -> Value {
    json!({
        "birthday": "1964-08-12",
        "birth_place": "Berlin",
        "nationality": "DE",
        "street": "Heidestr. 17",
        "id_number": "T22000129",
        "id_end_date": "2030-10-31",
        "pdf_url": "https://identify24.de/pdf/1",
        "company_hrb_number": "HRB 4711",
        "liveness": [1, 2, 5],
        "checks": { "mrz": true, "nfc": null },
    })
}
