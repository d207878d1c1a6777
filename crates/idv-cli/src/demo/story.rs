//! What is told of one scenario, and what must come of it.

use idv::{Channel, Decision, Observation, Outcome, Status, Transition};
use serde::Serialize;
use serde_json::Value;

use crate::words::{self, FieldWords, word};

/// What people do, and what must come of it whichever vendor it is.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) expected: Expected,
}

/// What must come of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// It is settled so.
    Settled(Outcome),
    /// It is settled as verified, and a field is told as changed.
    VerifiedWithChanges,
    /// It stays in review.
    InReview,
    /// Nothing is decided, and the word that nobody knows is reported.
    Undecided,
}

/// The scenarios.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario { name: "happy", expected: Expected::Settled(Outcome::Verified) },
    Scenario { name: "data-changed", expected: Expected::VerifiedWithChanges },
    Scenario { name: "rejected", expected: Expected::Settled(Outcome::Rejected) },
    Scenario { name: "fraud", expected: Expected::Settled(Outcome::Rejected) },
    Scenario { name: "fraud-in-review", expected: Expected::Settled(Outcome::Rejected) },
    Scenario { name: "aborted-then-success", expected: Expected::Settled(Outcome::Verified) },
    Scenario { name: "canceled-in-review", expected: Expected::Settled(Outcome::Canceled) },
    Scenario { name: "expired", expected: Expected::Settled(Outcome::Expired) },
    Scenario { name: "never-finishes", expected: Expected::InReview },
    Scenario { name: "unknown-status", expected: Expected::Undecided },
];

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
    pub(crate) evidence: Option<EvidenceSeen>,
    pub(crate) deleted: Option<String>,
    pub(crate) requests: u64,
    pub(crate) expected: String,
    /// What came out otherwise than it must; nothing where all is well.
    pub(crate) shortfalls: Vec<String>,
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
    pub(crate) fn begin(provider: &'static str, scenario: &Scenario) -> Self {
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
            evidence: None,
            deleted: None,
            requests: 0,
            expected: scenario.expected.words(),
            shortfalls: Vec::new(),
        }
    }

    pub(crate) fn fell_short(&self) -> bool {
        !self.shortfalls.is_empty()
    }

    /// What the vendor answered when it was asked, the latest first.
    pub(crate) fn answers(&self) -> impl Iterator<Item = &Seen> {
        let callback = word(&Channel::Callback);
        self.observations.iter().rev().filter(move |seen| seen.channel != callback)
    }

    /// Notes what was learnt. A callback that settles the outcome of a vendor that can be asked is a shortfall.
    pub(crate) fn saw(&mut self, after_seconds: u64, observation: &Observation, transition: &Transition) {
        if observation.channel == Channel::Callback && matches!(transition, Transition::Settled(_)) {
            self.shortfalls.push("a callback decided, although the vendor can be asked".to_owned());
        }
        if matches!(transition, Transition::Foreign | Transition::Disputed) {
            self.shortfalls.push(format!("an observation was {}", words::transition(transition)));
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

    /// Compares what came out with what must.
    pub(crate) fn judge(&mut self, expected: Expected, decision: Decision) {
        self.decision = words::decision_json(decision);
        self.outcome = words::decision(decision);
        let saw = |transition: &str| self.observations.iter().any(|seen| seen.transition == transition);
        let as_expected = match expected {
            Expected::Settled(outcome) => decision == Decision::Settled(outcome),
            Expected::VerifiedWithChanges => decision.is_verified() && !self.changed.is_empty(),
            Expected::InReview => matches!(decision, Decision::Open(Status::InReview { .. })),
            Expected::Undecided => matches!(decision, Decision::Open(_)) && saw("not understood"),
        };
        let mut short = Vec::new();
        if !as_expected {
            short.push(format!("it came out as {}, and should have been {}", self.outcome, expected.words()));
        }
        if decision.is_verified() && self.evidence.is_none() {
            short.push("the person is verified, and no evidence could be downloaded".to_owned());
        }
        let told = self.observations.iter().any(|seen| seen.channel == word(&Channel::Callback) && seen.trust == "proven");
        let should_be_told = !matches!(expected, Expected::Settled(Outcome::Expired) | Expected::Undecided);
        if should_be_told && !told {
            short.push("no proven callback came".to_owned());
        }
        if self.forgery.as_ref().is_none_or(|forgery| forgery.changed || forgery.status < 400) {
            short.push("a forged callback was not refused".to_owned());
        }
        if self.deleted.is_none() {
            short.push("it was not deleted".to_owned());
        }
        self.shortfalls.extend(short);
    }
}

impl Expected {
    pub(crate) fn words(self) -> String {
        match self {
            Self::Settled(outcome) => words::decision(Decision::Settled(outcome)),
            Self::VerifiedWithChanges => "settled: verified, with changed fields".to_owned(),
            Self::InReview => "open: in_review".to_owned(),
            Self::Undecided => "open, the unknown code reported".to_owned(),
        }
    }
}
