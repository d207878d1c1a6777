//! Scenarios: the actions of a person and the vendor's people, what follows from them, and how they end.

use serde::Serialize;

/// An action of the person or the vendor's people, and its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Step {
    /// The action in plain words.
    pub what: String,
    /// The time since the scenario began, in virtual seconds.
    pub after_seconds: u64,
}

/// A scenario that a vendor's people can act out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Scenario {
    /// The name.
    pub name: &'static str,
    /// The state that the vendor's statements prove in the end.
    pub ending: Ending,
}

/// The state that a vendor's statements prove when a scenario is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ending {
    /// The person is verified.
    Verified,
    /// The person is verified, and the vendor reports data that differ from those submitted.
    VerifiedWithChanges,
    /// The person is rejected.
    Rejected,
    /// Nothing is proven, neither for nor against the person.
    Inconclusive,
    /// The vendor's people gave up.
    Canceled,
    /// The person's time is over.
    Expired,
    /// The statements contradict each other.
    Disputed,
    /// A review has no end.
    InReview,
    /// The vendor waits for the person, and names no end.
    AwaitingPerson,
    /// The vendor used a word that no document knows, and nothing else.
    Unknown,
    /// None of these: it depends on the account, the request or the client.
    Unspecified,
}

/// The scenarios that every vendor has, and how they end unless the vendor says otherwise.
pub(crate) const SCENARIOS: [(&str, Ending); 10] = [
    ("happy", Ending::Verified),
    ("data-changed", Ending::VerifiedWithChanges),
    ("rejected", Ending::Rejected),
    ("fraud", Ending::Rejected),
    ("fraud-in-review", Ending::Rejected),
    ("aborted-then-success", Ending::Verified),
    ("canceled-in-review", Ending::Canceled),
    ("expired", Ending::Expired),
    ("never-finishes", Ending::InReview),
    ("unknown-status", Ending::Unknown),
];

/// The names of the scenarios that every vendor has.
pub(crate) fn common() -> Vec<&'static str> {
    SCENARIOS.iter().map(|(name, _)| *name).collect()
}

/// The scenarios of a vendor. Those of `own` that every vendor has end there in another way.
pub(crate) fn of(own: &[(&'static str, Ending)]) -> Vec<Scenario> {
    let ending = |name| {
        own.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, ending)| *ending)
    };
    let common = SCENARIOS
        .iter()
        .map(|(name, usual)| (*name, ending(*name).unwrap_or(*usual)));
    let own = own
        .iter()
        .filter(|(name, _)| !SCENARIOS.iter().any(|(common, _)| common == name))
        .copied();
    common
        .chain(own)
        .map(|(name, ending)| Scenario { name, ending })
        .collect()
}

/// The steps of a scenario and their effects at the vendor, each with the seconds after which it happens.
#[derive(Debug)]
pub(crate) struct Plan<E> {
    pub(crate) steps: Vec<Step>,
    pub(crate) effects: Vec<(u64, E)>,
    after: u64,
}

impl<E> Default for Plan<E> {
    fn default() -> Self {
        Self::after(0)
    }
}

impl<E> Plan<E> {
    /// A plan that begins after so many seconds.
    pub(crate) const fn after(seconds: u64) -> Self {
        Self {
            steps: Vec::new(),
            effects: Vec::new(),
            after: seconds,
        }
    }

    /// Lets minutes pass.
    pub(crate) const fn later(&mut self, minutes: u64) -> &mut Self {
        self.seconds(minutes * 60)
    }

    /// Lets seconds pass.
    pub(crate) const fn seconds(&mut self, seconds: u64) -> &mut Self {
        self.after += seconds;
        self
    }

    /// Lets time pass until so many seconds after the beginning.
    pub(crate) fn until(&mut self, seconds: u64) -> &mut Self {
        self.after = self.after.max(seconds);
        self
    }

    /// Adds a step.
    pub(crate) fn say(&mut self, what: &str) -> &mut Self {
        self.steps.push(Step {
            what: what.to_owned(),
            after_seconds: self.after,
        });
        self
    }

    /// Adds an effect.
    pub(crate) fn effect(&mut self, effect: E) -> &mut Self {
        self.effects.push((self.after, effect));
        self
    }
}
