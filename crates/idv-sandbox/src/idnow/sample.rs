//! The callbacks of the vendor one by one (14.2), for identifications with fictitious data.

use std::collections::BTreeMap;

use super::start::Submitted;
use super::{Moment, World, key};

/// The kinds of callback, and the scenario or the step that causes each.
pub(super) const EVENTS: &[(&str, &str)] = &[
    ("REALTIME", "agent-approves"),
    ("FINAL", "happy"),
    ("ABORTED", "agent-aborts"),
    ("CANCELED", "canceled-in-review"),
];

/// The transaction number and the data of the document's example (3.2.11).
const TRANSACTION_NUMBER: &str = "1234567890";
pub(super) const DATA: [(&str, &str); 12] = [
    ("birthday", "1975-12-20"),
    ("birthplace", "München"),
    ("city", "München"),
    ("country", "DE"),
    ("email", "sampleuser@example.com"),
    ("firstname", "Michael"),
    ("lastname", "Berger"),
    ("mobilephone", "0151 23411232"),
    ("nationality", "DE"),
    ("street", "Bahnstrasse"),
    ("streetnumber", "27"),
    ("zipcode", "80127"),
];

/// Creates the identification of the document's example and returns its key.
pub(super) fn create(world: &mut World, moment: &mut Moment<'_>) -> Result<String, String> {
    let account = world.first.clone();
    let fields: BTreeMap<String, String> = DATA
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let submitted = Submitted {
        fields,
        ..Submitted::default()
    };
    world
        .upsert(&account, TRANSACTION_NUMBER, submitted, moment)
        .map_err(|failure| failure.rule().requires.to_owned())?;
    Ok(key(&account.company, TRANSACTION_NUMBER))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::EVENTS;
    use crate::callback::Callback;
    use crate::idnow::Own;
    use crate::part::Part as _;
    use crate::sandbox::Sandbox;
    use crate::vendor::CALLBACK_SECRET;

    const URL: &str = "http://127.0.0.1:9/callback";

    fn trigger(sandbox: &Sandbox, event: &str) -> Result<Callback, String> {
        sandbox
            .worlds
            .unrecorded(|state, now| (Own::ENTRY.trigger)(state, now, event, URL))
    }

    #[tokio::test]
    async fn each_event_gives_its_authenticated_callback() {
        let sandbox = Sandbox::builder().in_process().start().await.unwrap();
        for ((event, _), result) in
            EVENTS
                .iter()
                .zip(["REVIEW_PENDING", "SUCCESS", "ABORTED", "CANCELED"])
        {
            let callback = trigger(&sandbox, event).unwrap();
            assert_eq!(callback.kind, *event);
            assert_eq!(callback.url, format!("{URL}?token={CALLBACK_SECRET}"));
            let (media_type, body) = callback.body.unwrap();
            assert_eq!(media_type, "application/json; charset=utf-8");
            let body: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body["identificationprocess"]["result"], result);
            assert_eq!(body["contactdata"]["email"], "sampleuser@example.com");
        }
        assert_eq!(sandbox.idnow().identifications(), 0);
        assert!(sandbox.callbacks().is_empty());
    }

    #[tokio::test]
    async fn event_is_refused_unless_account_wants_it() {
        let sandbox = Sandbox::builder().in_process().start().await.unwrap();
        let configured = sandbox
            .idnow()
            .configure(|account| account.callbacks.clear());
        configured.unwrap();
        let error = |event| trigger(&sandbox, event).unwrap_err();
        assert!(error("FINAL").contains("sends no callback"));
        assert!(error("LATER").contains("events: REALTIME"));
    }
}
