//! A partner's account: who it is, and what is agreed with the vendor.

use serde::{Deserialize, Serialize};

use crate::callback::demand_loopback;
use crate::part::Settings;

/// The settings of a partner's account. What the document leaves open is set here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Account {
    /// The partner's user name ("auth").
    pub partner: String,
    /// The API key ("auth").
    pub api_key: String,
    /// The partner's projects ("project/getAll").
    pub projects: Vec<Project>,
    /// The address of webhooks ("How to define webhook URL ?"), on the loopback interface; without it, none are sent.
    pub callback_url: Option<String>,
    /// The words for what becomes of idents, of which the document has one alone.
    pub statuses: Statuses,
    /// The minutes from the creation of an ident to its appointment; without it, there is none.
    pub appointment_minutes: Option<u32>,
    /// The agent who speaks with the person (`agent_name` of the webhook).
    pub agent_name: String,
    /// The status of the scenario `unknown-status`.
    pub unknown_status: Status,
    /// Whether webhooks have parts that are not in version 1.0.1, as later versions added some.
    pub webhook_extras: bool,
    /// The form of `reject_reason` in webhooks.
    pub reject_reason_as: ReasonForm,
    /// Whether the answer to ident/create has the `conference_url` of the sample: its description promises the `ident_id` alone.
    pub conference_url: bool,
    /// Whether a refusal is answered with the HTTP status 200, and says its code in `response_status`.
    pub failures_in_200: bool,
}

/// The form of a webhook's `reject_reason`, which the document does not tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReasonForm {
    /// A text.
    #[default]
    Text,
    /// An array of texts, with a second one.
    Array,
    /// An object with a code and a text.
    Object,
}

/// A project of a partner ("project/get").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Project {
    /// Its id, which is a text in answers.
    pub id: String,
    /// Its title.
    pub title: String,
    /// `Active`, or any other word: then no idents can be created in it.
    pub status: String,
}

/// The status that each step has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Statuses {
    /// The person is not identified yet: the document's own word.
    pub unidentified: Status,
    /// The video call came to nothing and can be repeated.
    pub aborted: Status,
    /// The call is over, and a review follows.
    pub in_review: Status,
    /// Fraud is suspected, and a review follows.
    pub fraud_suspected: Status,
    /// The person was identified.
    pub identified: Status,
    /// The person was refused.
    pub rejected: Status,
    /// The ident was given up in the review.
    pub canceled: Status,
    /// The person was not identified within the lifetime of 90 days.
    pub expired: Status,
}

/// A status: `status_id` and `status` of the webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Status {
    /// The webhook's `status_id`.
    pub id: String,
    /// The word.
    pub word: String,
}

impl Project {
    /// A project. It is open for new idents with the status `Active`.
    #[must_use]
    pub fn new(id: &str, title: &str, status: &str) -> Self {
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            status: status.to_owned(),
        }
    }

    /// Whether idents can be created in it.
    pub(crate) fn is_active(&self) -> bool {
        self.status == "Active"
    }
}

impl Status {
    /// A status by its id and its word.
    #[must_use]
    pub fn new(id: &str, word: &str) -> Self {
        Self {
            id: id.to_owned(),
            word: word.to_owned(),
        }
    }
}

impl Statuses {
    /// Every status.
    pub(crate) fn all(&self) -> [&Status; 8] {
        [
            &self.unidentified,
            &self.aborted,
            &self.in_review,
            &self.fraud_suspected,
            &self.identified,
            &self.rejected,
            &self.canceled,
            &self.expired,
        ]
    }
}

impl Settings for Account {
    const ID: Option<&'static str> = Some("partner");

    fn id(&self) -> &str {
        &self.partner
    }

    fn others() -> Vec<Self> {
        vec![Self {
            partner: "second".to_owned(),
            api_key: "secondApiKey".to_owned(),
            projects: vec![Project::new("8", "Second business", "Active")],
            ..Self::default()
        }]
    }

    fn check(&self) -> Result<(), &'static str> {
        demand_loopback(self.callback_url.as_ref())?;
        if self
            .statuses
            .all()
            .iter()
            .any(|status| status.word.is_empty())
            || self.unknown_status.word.is_empty()
        {
            return Err("a status must have a word");
        }
        if self
            .statuses
            .all()
            .iter()
            .any(|status| status.word == self.unknown_status.word)
        {
            return Err("the word of unknown_status must be none of those of the statuses");
        }
        Ok(())
    }
}

impl Default for Account {
    fn default() -> Self {
        Self {
            partner: "911-internet".to_owned(),
            api_key: "exampleApiKey".to_owned(),
            projects: vec![
                Project::new("6", "911 Internet GmbH", "Active"),
                Project::new("7", "Closed business", "Inactive"),
            ],
            callback_url: None,
            statuses: Statuses::default(),
            appointment_minutes: None,
            agent_name: "Erika Beispiel".to_owned(),
            unknown_status: Status::new("4711", "EscalatedToPartner"),
            webhook_extras: false,
            reject_reason_as: ReasonForm::Text,
            conference_url: true,
            failures_in_200: false,
        }
    }
}

impl Default for Statuses {
    fn default() -> Self {
        Self {
            unidentified: Status::new("1", "Unidentified"),
            aborted: Status::new("2", "Aborted"),
            in_review: Status::new("3", "InReview"),
            fraud_suspected: Status::new("4", "FraudSuspected"),
            identified: Status::new("5", "Identified"),
            rejected: Status::new("6", "Rejected"),
            canceled: Status::new("7", "Canceled"),
            expired: Status::new("8", "Expired"),
        }
    }
}
