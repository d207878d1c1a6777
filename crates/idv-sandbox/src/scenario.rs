//! Scenarios: the actions of a person and the vendor's staff, their effects, and their endings.

use serde::Serialize;

/// An action of the person or the vendor's staff, and its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Step {
    /// The action in plain words.
    pub what: String,
    /// The time since the start of the scenario, in virtual seconds.
    pub after_seconds: u64,
}

/// A scenario of a vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Scenario {
    /// The name.
    pub name: &'static str,
    /// The outcome that the vendor's messages prove in the end.
    pub ending: Ending,
}

/// The outcome that a vendor's messages prove at the end of a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Ending {
    /// The person is verified.
    Verified,
    /// The person is verified, and the vendor reports data that differs from the submitted data.
    VerifiedWithChanges,
    /// The person is rejected.
    Rejected,
    /// Nothing is proven for or against the person.
    Inconclusive,
    /// The vendor's staff canceled the verification.
    Canceled,
    /// The person's session expired.
    Expired,
    /// The messages contradict each other.
    Disputed,
    /// The review never ends.
    InReview,
    /// The vendor waits for the person without a limit.
    AwaitingPerson,
    /// The vendor sends a status code that no document contains.
    Unknown,
    /// The ending depends on the account, the request or the client.
    Unspecified,
}

/// The scenarios that every vendor has, with their usual endings.
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

/// Returns the names of the scenarios that every vendor has.
pub(crate) fn common() -> Vec<&'static str> {
    SCENARIOS.iter().map(|(name, _)| *name).collect()
}

/// Returns the scenarios of a vendor. A common scenario in `own` has another ending at this vendor.
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

/// The steps of a scenario and its effects at the vendor, each with its time in seconds.
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
    /// Returns a plan that starts after this number of seconds.
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

    /// Lets time pass until this number of seconds after the start.
    pub(crate) fn until(&mut self, seconds: u64) -> &mut Self {
        self.after = self.after.max(seconds);
        self
    }

    /// Starts the plan with the effect that ends the person's visit, or with the first effect if
    /// there is none. Earlier effects happen at the same time.
    pub(crate) fn hasten(&mut self, ends_visit: impl Fn(&E) -> bool) {
        let time = |(after, _): &(u64, E)| *after;
        let ends = self.effects.iter().filter(|(_, effect)| ends_visit(effect));
        let first = ends.map(time).min();
        let Some(first) = first.or_else(|| self.effects.iter().map(time).min()) else {
            return;
        };
        for step in &mut self.steps {
            step.after_seconds = step.after_seconds.saturating_sub(first);
        }
        for (after, _) in &mut self.effects {
            *after = after.saturating_sub(first);
        }
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
