//! The story of one scenario, and its expected ending.

use std::collections::BTreeMap;

use idv::report::Field;
use idv::{Capability, Channel, Decision, Observation, Outcome, Status, Transition, VendorInfo};
use idv_sandbox::{Ending, Scenario};
use serde::Serialize;
use serde_json::Value;

use crate::words::{self, FieldWords, word};

/// The events of one scenario at one vendor. Times are virtual seconds since the start.
#[derive(Debug, Serialize)]
pub(crate) struct Story {
    pub(crate) provider: &'static str,
    pub(crate) scenario: &'static str,
    pub(crate) reference: Option<String>,
    pub(crate) vendor_id: Option<String>,
    pub(crate) hand_off: Option<HandOffSeen>,
    pub(crate) person: Vec<Act>,
    pub(crate) observations: Vec<Seen>,
    pub(crate) forgery: Option<Forgery>,
    pub(crate) decision: Value,
    /// The decision in one line.
    pub(crate) outcome: String,
    pub(crate) changed: Vec<FieldWords>,
    /// The report's fields: paths and values.
    pub(crate) told: BTreeMap<String, String>,
    pub(crate) evidence: Option<EvidenceSeen>,
    pub(crate) deleted: Option<String>,
    pub(crate) requests: u64,
    pub(crate) expected: String,
    /// The deviations from the expected ending; empty if there are none.
    pub(crate) shortfalls: Vec<String>,
}

/// Some vendors report the house number in a field of its own, others as part of the street.
const HOUSE_NUMBER: &str = "person.address.house_number";
const STREET: &str = "person.address.street";

/// The vendors' reports of the same person.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    /// The vendors, in the order of the values.
    pub(crate) providers: Vec<&'static str>,
    pub(crate) features: Vec<Feature>,
}

/// One attribute of the person in the vendors' reports.
#[derive(Debug, Serialize)]
pub(crate) struct Feature {
    /// The path in the report.
    pub(crate) field: &'static str,
    /// The value of each vendor that reports the attribute.
    pub(crate) values: Vec<Option<String>>,
    /// Whether all reported values are equal, ignoring case.
    pub(crate) same: bool,
}

impl Comparison {
    /// Compares the reports of the scenario `happy`, in which every vendor verifies the same data.
    pub(crate) fn of(stories: &[Story]) -> Self {
        let happy: Vec<&Story> = stories
            .iter()
            .filter(|story| story.scenario == "happy")
            .collect();
        let person = |path: &&str| path.starts_with("person.") && *path != HOUSE_NUMBER;
        let features = Field::ALL
            .iter()
            .map(|field| field.path())
            .filter(person)
            .filter_map(|field| {
                let values: Vec<Option<String>> =
                    happy.iter().map(|story| story.line(field)).collect();
                let mut given = values.iter().flatten().map(|value| value.to_lowercase());
                let first = given.next()?;
                let same = given.all(|value| value == first);
                Some(Feature {
                    field,
                    values,
                    same,
                })
            });
        Self {
            providers: happy.iter().map(|story| story.provider).collect(),
            features: features.collect(),
        }
    }

    /// Returns the attributes in which the vendors' reports differ.
    pub(crate) fn differences(&self) -> impl Iterator<Item = &'static str> {
        self.features
            .iter()
            .filter(|feature| !feature.same)
            .map(|feature| feature.field)
    }
}

/// The hand-off to the vendor.
#[derive(Debug, Serialize)]
pub(crate) struct HandOffSeen {
    pub(crate) kind: &'static str,
    /// The status of the response to the person's browser.
    pub(crate) status: Option<u16>,
}

/// An action of the person or of the vendor's staff.
#[derive(Debug, Serialize)]
pub(crate) struct Act {
    pub(crate) after_seconds: u64,
    pub(crate) what: String,
}

/// An observation and its effect.
#[derive(Debug, Serialize)]
pub(crate) struct Seen {
    pub(crate) after_seconds: u64,
    pub(crate) channel: String,
    pub(crate) trust: String,
    /// The status in one line.
    pub(crate) status: String,
    pub(crate) code: Option<String>,
    pub(crate) transition: String,
}

/// A forged callback.
#[derive(Debug, Serialize)]
pub(crate) struct Forgery {
    /// The status of the reply.
    pub(crate) status: u16,
    /// Whether the callback changed the verification, which it must not.
    pub(crate) changed: bool,
}

/// The evidence in the report, and the piece that was downloaded.
#[derive(Debug, Serialize)]
pub(crate) struct EvidenceSeen {
    pub(crate) listed: usize,
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) length: u64,
    pub(crate) sha256: String,
    pub(crate) media_type: Option<String>,
}

impl Story {
    pub(crate) fn begin(provider: &'static str, scenario: Scenario) -> Self {
        Self {
            provider,
            scenario: scenario.name,
            reference: None,
            vendor_id: None,
            hand_off: None,
            person: Vec::new(),
            observations: Vec::new(),
            forgery: None,
            decision: Value::Null,
            outcome: String::new(),
            changed: Vec::new(),
            told: BTreeMap::new(),
            evidence: None,
            deleted: None,
            requests: 0,
            expected: String::new(),
            shortfalls: Vec::new(),
        }
    }

    pub(crate) fn has_failed(&self) -> bool {
        !self.shortfalls.is_empty()
    }

    /// Returns a value of the report; for the street, with the house number.
    fn line(&self, field: &str) -> Option<String> {
        let value = self.told.get(field)?;
        let number = self.told.get(HOUSE_NUMBER).filter(|_| field == STREET);
        Some(number.map_or_else(|| value.clone(), |number| format!("{value} {number}")))
    }

    /// Returns the vendor's code of the latest response, or of the latest callback if there was no
    /// response.
    pub(crate) fn code(&self) -> Option<&str> {
        let callback = word(&Channel::Callback);
        let (callbacks, responses): (Vec<&Seen>, _) = self
            .observations
            .iter()
            .rev()
            .partition(|seen| seen.channel == callback);
        responses
            .into_iter()
            .chain(callbacks)
            .find_map(|seen| seen.code.as_deref())
    }

    /// Returns the channel of the observation that settled the outcome.
    pub(crate) fn settled_by(&self) -> Option<&str> {
        self.observations
            .iter()
            .find(|seen| seen.transition.starts_with("settled"))
            .map(|seen| seen.channel.as_str())
    }

    /// Records an observation.
    pub(crate) fn record(
        &mut self,
        after_seconds: u64,
        observation: &Observation,
        transition: &Transition,
    ) {
        if *transition == Transition::WrongSubject {
            self.shortfalls.push(format!(
                "unexpected observation: {}",
                words::transition(transition)
            ));
        }
        self.observations.push(Seen {
            after_seconds,
            channel: word(&observation.channel),
            trust: word(&observation.trust),
            status: words::status(observation.status),
            code: observation.code.clone(),
            transition: words::transition(transition),
        });
    }

    /// Compares the decision with the expected ending of the scenario at this vendor.
    pub(crate) fn judge(&mut self, ending: Ending, decision: Decision, capabilities: &VendorInfo) {
        self.expected = expected(ending);
        self.decision = words::decision_json(decision);
        self.outcome = words::decision(decision);
        let saw = |transition: &str| {
            self.observations
                .iter()
                .any(|seen| seen.transition == transition)
        };
        let as_expected = match ending {
            Ending::VerifiedWithChanges => decision.is_verified() && !self.changed.is_empty(),
            Ending::Disputed => decision == Decision::Disputed,
            Ending::InReview => matches!(decision, Decision::Open(Status::InReview { .. })),
            Ending::AwaitingPerson => decision == Decision::Open(Status::AwaitingPerson),
            Ending::Unknown => matches!(decision, Decision::Open(_)) && saw("not understood"),
            other => outcome(other).is_some_and(|outcome| decision == Decision::Settled(outcome)),
        };
        let mut deviations = Vec::new();
        if !as_expected {
            deviations.push(format!(
                "the outcome is {}, expected {}",
                self.outcome, self.expected
            ));
        }
        if capabilities.has(Capability::Polling)
            && self.settled_by() == Some(&word(&Channel::Callback))
        {
            deviations.push(
                "a callback settled the outcome although the vendor can be polled".to_owned(),
            );
        }
        if capabilities.has(Capability::Evidence)
            && decision.is_verified()
            && self.evidence.is_none()
        {
            deviations
                .push("the person is verified but no evidence could be downloaded".to_owned());
        }
        let called_back = self
            .observations
            .iter()
            .any(|seen| seen.channel == word(&Channel::Callback) && seen.trust == "proven");
        let is_silent = matches!(
            ending,
            Ending::Expired | Ending::AwaitingPerson | Ending::Unknown
        );
        if capabilities.has(Capability::Callbacks) && !is_silent && !called_back {
            deviations.push("no authenticated callback arrived".to_owned());
        }
        if self
            .forgery
            .as_ref()
            .is_none_or(|forgery| forgery.changed || forgery.status < 400)
        {
            deviations.push("a forged callback was not refused".to_owned());
        }
        if capabilities.has(Capability::Deletion) && self.deleted.is_none() {
            deviations.push("the data was not deleted at the vendor".to_owned());
        }
        self.shortfalls.extend(deviations);
    }
}

/// Returns the outcome of an ending that settles the verification.
const fn outcome(ending: Ending) -> Option<Outcome> {
    match ending {
        Ending::Verified => Some(Outcome::Verified),
        Ending::Rejected => Some(Outcome::Rejected),
        Ending::Inconclusive => Some(Outcome::Inconclusive),
        Ending::Canceled => Some(Outcome::Canceled),
        Ending::Expired => Some(Outcome::Expired),
        _ => None,
    }
}

/// Formats an expected ending.
fn expected(ending: Ending) -> String {
    match ending {
        Ending::VerifiedWithChanges => "settled: verified, with changed fields".to_owned(),
        Ending::Disputed => words::decision(Decision::Disputed),
        Ending::InReview => "open: in_review".to_owned(),
        Ending::AwaitingPerson => "open: awaiting_person".to_owned(),
        Ending::Unknown => "open, with the unknown code reported".to_owned(),
        other => outcome(other)
            .map(|outcome| words::decision(Decision::Settled(outcome)))
            .unwrap_or_default(),
    }
}
