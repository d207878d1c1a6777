//! A partner's account and the terms agreed with the vendor.

use serde::{Deserialize, Serialize};

use crate::callback::Reach;
use crate::part::Settings;

/// The settings of a partner's account, including behaviour that the document leaves open.
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
    /// The webhook address ("How to define webhook URL ?"), on the loopback interface. Without it,
    /// no webhooks are sent.
    pub callback_url: Option<String>,
    /// The statuses of idents, of which the document contains only one.
    pub statuses: Statuses,
    /// The minutes from the creation of an ident to its appointment; without it, there is no
    /// appointment.
    pub appointment_minutes: Option<u32>,
    /// The agent in the call (`agent_name` of the webhook).
    pub agent_name: String,
    /// The status of the scenario `unknown-status`.
    pub unknown_status: Status,
    /// Whether webhooks contain members that version 1.0.1 does not have, as later versions do.
    pub webhook_extras: bool,
    /// The form of `reject_reason` in webhooks.
    pub reject_reason_as: ReasonForm,
    /// Whether the response to ident/create contains the `conference_url` of the sample. The
    /// description only promises the `ident_id`.
    pub conference_url: bool,
    /// Whether a refusal has the HTTP status 200 and its code in `response_status`.
    pub failures_in_200: bool,
}

/// The form of a webhook's `reject_reason`, which is undocumented.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReasonForm {
    /// A string.
    #[default]
    Text,
    /// An array of two strings.
    Array,
    /// An object with a code and a text.
    Object,
}

/// A project of a partner ("project/get").
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Project {
    /// Its id, a string in responses.
    pub id: String,
    /// Its title.
    pub title: String,
    /// `Active`, or another word. In a project with another status, no idents can be created.
    pub status: String,
}

/// The status of each step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Statuses {
    /// The person is not identified yet: the document's own status.
    pub unidentified: Status,
    /// The video call failed and can be repeated.
    pub aborted: Status,
    /// The call has ended, and a review follows.
    pub in_review: Status,
    /// Fraud is suspected, and a review follows.
    pub fraud_suspected: Status,
    /// The person was identified.
    pub identified: Status,
    /// The person was rejected.
    pub rejected: Status,
    /// The review canceled the ident.
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
    /// The status in words.
    pub word: String,
}

impl Project {
    /// Returns a project. With the status `Active`, it accepts new idents.
    #[must_use]
    pub fn new(id: &str, title: &str, status: &str) -> Self {
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            status: status.to_owned(),
        }
    }

    /// Returns whether the project accepts new idents.
    pub(crate) fn is_active(&self) -> bool {
        self.status == "Active"
    }
}

impl Status {
    /// Returns a status.
    #[must_use]
    pub fn new(id: &str, word: &str) -> Self {
        Self {
            id: id.to_owned(),
            word: word.to_owned(),
        }
    }
}

impl Statuses {
    /// Returns every status.
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

    fn check(&self, reach: &Reach) -> Result<(), &'static str> {
        reach.demand(self.callback_url.as_ref())?;
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
            return Err("invalid unknown_status: expected a word other than those of the statuses");
        }
        Ok(())
    }
}

impl Account {
    /// Returns the first project that accepts new idents.
    pub(super) fn active_project(&self) -> Result<&Project, String> {
        let project = self.projects.iter().find(|project| project.is_active());
        project.ok_or_else(|| "The account has no active project.".to_owned())
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
