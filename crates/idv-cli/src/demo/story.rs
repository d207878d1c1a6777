//! What is told of one scenario, and what must come of it.

use std::collections::BTreeMap;

use idv::report::Field;
use idv::{Capability, Channel, Decision, Observation, Outcome, Status, Transition, VendorInfo};
use idv_sandbox::{Ending, Scenario};
use serde::Serialize;
use serde_json::Value;

use crate::words::{self, FieldWords, word};

/// What happened in one scenario at one vendor. Times are virtual seconds since the creation.
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
    /// What the report says: its fields' paths, and their values.
    pub(crate) told: BTreeMap<String, String>,
    pub(crate) evidence: Option<EvidenceSeen>,
    pub(crate) deleted: Option<String>,
    pub(crate) requests: u64,
    pub(crate) expected: String,
    /// What came out otherwise than it must; nothing where all is well.
    pub(crate) shortfalls: Vec<String>,
}

/// Some vendors have a field of its own for it, others write it behind the street.
const HOUSE_NUMBER: &str = "person.address.house_number";
const STREET: &str = "person.address.street";

/// What the vendors say of one and the same person.
#[derive(Debug, Serialize)]
pub(crate) struct Portrait {
    /// The vendors, in the order of the values.
    pub(crate) providers: Vec<&'static str>,
    pub(crate) features: Vec<Feature>,
}

/// What the vendors say of one attribute of the person.
#[derive(Debug, Serialize)]
pub(crate) struct Feature {
    /// The path in the report.
    pub(crate) field: &'static str,
    /// The value of each vendor that gives the attribute.
    pub(crate) values: Vec<Option<String>>,
    /// Whether all that give it say the same; the case of letters, which vendors print as they like, does not count.
    pub(crate) same: bool,
}

impl Portrait {
    /// The person of whom the same is known at every vendor: that of the scenario in which nothing goes wrong.
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
                let mut told = values.iter().flatten().map(|value| value.to_lowercase());
                let first = told.next()?;
                let same = told.all(|value| value == first);
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

    /// The attributes of which vendors say different things.
    pub(crate) fn differences(&self) -> impl Iterator<Item = &'static str> {
        self.features
            .iter()
            .filter(|feature| !feature.same)
            .map(|feature| feature.field)
    }
}

/// How the person came to the vendor.
#[derive(Debug, Serialize)]
pub(crate) struct HandOffSeen {
    pub(crate) kind: &'static str,
    /// The status with which the address answered the person's browser.
    pub(crate) status: Option<u16>,
}

/// What somebody did.
#[derive(Debug, Serialize)]
pub(crate) struct Act {
    pub(crate) after_seconds: u64,
    pub(crate) what: String,
}

/// What was learnt, and what it changed.
#[derive(Debug, Serialize)]
pub(crate) struct Seen {
    pub(crate) after_seconds: u64,
    pub(crate) channel: String,
    pub(crate) trust: String,
    /// The state in one line.
    pub(crate) status: String,
    pub(crate) code: Option<String>,
    pub(crate) transition: String,
}

/// A callback that pretends to come from the vendor.
#[derive(Debug, Serialize)]
pub(crate) struct Forgery {
    /// What it was answered.
    pub(crate) status: u16,
    /// Whether it changed anything, which it must not.
    pub(crate) changed: bool,
}

/// The evidence that the report lists, and the one piece that was downloaded.
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

    pub(crate) fn fell_short(&self) -> bool {
        !self.shortfalls.is_empty()
    }

    /// A value of the report; the street with the number of the house.
    fn line(&self, field: &str) -> Option<String> {
        let value = self.told.get(field)?;
        let number = self.told.get(HOUSE_NUMBER).filter(|_| field == STREET);
        Some(number.map_or_else(|| value.clone(), |number| format!("{value} {number}")))
    }

    /// The vendor's code: of its latest answer where it was asked, else of its latest callback.
    pub(crate) fn code(&self) -> Option<&str> {
        let callback = word(&Channel::Callback);
        let (told, answered): (Vec<&Seen>, _) = self
            .observations
            .iter()
            .rev()
            .partition(|seen| seen.channel == callback);
        answered
            .into_iter()
            .chain(told)
            .find_map(|seen| seen.code.as_deref())
    }

    /// How the outcome was learnt: the channel of what settled it.
    pub(crate) fn learnt_by(&self) -> Option<&str> {
        self.observations
            .iter()
            .find(|seen| seen.transition.starts_with("settled"))
            .map(|seen| seen.channel.as_str())
    }

    /// Notes what was learnt.
    pub(crate) fn saw(
        &mut self,
        after_seconds: u64,
        observation: &Observation,
        transition: &Transition,
    ) {
        if *transition == Transition::WrongSubject {
            self.shortfalls.push(format!(
                "an observation was {}",
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

    /// Compares the decision with the ending of the scenario, at a vendor with these capabilities.
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
        let mut short = Vec::new();
        if !as_expected {
            short.push(format!(
                "it came out as {}, and should have been {}",
                self.outcome, self.expected
            ));
        }
        if capabilities.has(Capability::Polling)
            && self.learnt_by() == Some(&word(&Channel::Callback))
        {
            short.push("a callback decided, although the vendor can be asked".to_owned());
        }
        if capabilities.has(Capability::Evidence)
            && decision.is_verified()
            && self.evidence.is_none()
        {
            short.push("the person is verified, and no evidence could be downloaded".to_owned());
        }
        let told = self
            .observations
            .iter()
            .any(|seen| seen.channel == word(&Channel::Callback) && seen.trust == "proven");
        let untold = matches!(
            ending,
            Ending::Expired | Ending::AwaitingPerson | Ending::Unknown
        );
        if capabilities.has(Capability::Callbacks) && !untold && !told {
            short.push("no proven callback came".to_owned());
        }
        if self
            .forgery
            .as_ref()
            .is_none_or(|forgery| forgery.changed || forgery.status < 400)
        {
            short.push("a forged callback was not refused".to_owned());
        }
        if capabilities.has(Capability::Deletion) && self.deleted.is_none() {
            short.push("it was not deleted".to_owned());
        }
        self.shortfalls.extend(short);
    }
}

/// The outcome of an ending that settles.
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

/// An ending in words.
fn expected(ending: Ending) -> String {
    match ending {
        Ending::VerifiedWithChanges => "settled: verified, with changed fields".to_owned(),
        Ending::Disputed => words::decision(Decision::Disputed),
        Ending::InReview => "open: in_review".to_owned(),
        Ending::AwaitingPerson => "open: awaiting_person".to_owned(),
        Ending::Unknown => "open, the unknown code reported".to_owned(),
        other => outcome(other)
            .map(|outcome| words::decision(Decision::Settled(outcome)))
            .unwrap_or_default(),
    }
}
