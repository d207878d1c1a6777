//! The contract that every adapter is held to, as a suite of tests.
//!
//! An adapter passes by what it does over its vendor (an emulator, usually), never by what it says of itself. A [`Harness`] brings
//! the vendor; [`conformance!`](crate::conformance!) makes a test of each part of the contract. `tests/example.rs` of this crate shows
//! both, for a vendor that does not exist.
//!
//! - **Capabilities.** One that is there does what it promises; for one that is absent the client refuses, and no request was made.
//! - **Scenarios.** Ten things that people do come out as they must, followed by a [`Tracker`] alone.
//! - **Faults.** Whatever happens to a creation on its way, the vendor has one verification at most, and the error tells the truth about
//!   it. A poll that fails says how, and the next one works.
//! - **Callbacks.** Lost, late, repeated, reordered or forged: the outcome is the same.
//!
//! A part that a vendor has no counterpart for says so in one line, which begins with `skipped:`; nothing is passed over in silence.

#![allow(
    clippy::panic,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod callbacks;
mod facets;
mod faults;
mod scenarios;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use idv_core::{
    Client, Decision, Delivery, EvidenceId, NewVerification, Observation, Report, Step, Timestamp,
    Tracker, Transition, Verification, VerificationId,
};

pub use callbacks::*;
pub use facets::*;
pub use faults::*;
pub use scenarios::*;

/// A vendor that the suite drives: an emulator whose time stands still until it is moved.
#[async_trait]
pub trait Harness: Send + Sync + Sized + 'static {
    /// Runs a test, on whatever runtime the harness needs.
    fn run<F: Future<Output = ()>>(test: F);

    /// A vendor with nothing in it, and a client of it. Waits between attempts take no real time.
    async fn open() -> Self;

    /// The client under test.
    fn client(&self) -> &Client;

    /// A person to be verified, with everything that the vendor demands, and an address for callbacks.
    fn person(&self) -> NewVerification;

    /// Returns the time at the vendor. The client's clock has to follow it.
    fn now(&self) -> Timestamp;

    /// Lets time pass at the vendor. Callbacks that become due have been delivered when it returns.
    async fn advance(&self, by: Duration);

    /// Lets the person and the vendor's people act out a [scenario](SCENARIOS), from now on: how long after the beginning something
    /// happens, each time. An error is why this vendor has no such scenario.
    async fn act(&self, id: &VerificationId, scenario: &str) -> Result<Vec<Duration>, String>;

    /// The callbacks that arrived since the last time, in their order.
    async fn deliveries(&self) -> Vec<Delivery>;

    /// A callback that says that the person is verified, as anybody could write it who knows the vendor's document and not the secret.
    /// None where the vendor does not call back.
    fn forgery(&self, id: &VerificationId) -> Option<Delivery>;

    /// Plans a fault, for the next time.
    fn plan(&self, fault: Fault);

    /// How many requests the vendor has seen, those that a fault befell included.
    fn requests(&self) -> usize;

    /// How many verifications the vendor has been asked for that it has taken.
    fn verifications(&self) -> usize;
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// To a creation.
    Create(Trouble),
    /// To a question about the state.
    Poll(Trouble),
    /// To a callback.
    Callback(Astray),
}

/// What can go wrong on the way to the vendor and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// The connection is reset before anything is read.
    Refused,
    /// The request is read and not acted on; no answer comes.
    CutBefore,
    /// The request is acted on; no answer comes.
    CutAfter,
    /// Not acted on; this status is answered.
    Status(u16),
    /// Not acted on; 429 is answered, and that it may be tried again in a second.
    RateLimited,
    /// Not acted on; a proxy's page of HTML is answered with 502.
    Html,
    /// Acted on; the answer breaks off.
    Truncated,
    /// Acted on; the answer is JSON of another shape.
    WrongType,
    /// Acted on; the answer is longer than anybody would take.
    Oversize,
}

/// What can happen to a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Astray {
    /// It never arrives.
    Lost,
    /// It arrives an hour later.
    Late,
    /// It arrives twice.
    Duplicated,
    /// It arrives after the next one.
    Reordered,
}

/// Makes a test of each part of the contract. See [`conformance`](mod@crate::conformance).
#[macro_export]
macro_rules! conformance {
    ($harness:ty) => {
        $crate::conformance!(@tests $harness;
            the_profile_says_who_it_is_and_what_it_can
            a_creation_is_one_verification_that_is_handed_to_the_person
            what_is_submitted_and_not_taken_is_listed
            polling
            results
            evidence
            listing
            lookup
            deletion
            callbacks
            happy
            data_changed
            rejected
            fraud
            fraud_in_review
            aborted_then_success
            canceled_in_review
            expired
            never_finishes
            unknown_status
            a_creation_that_is_refused_is_tried_again_or_unknown
            a_creation_cut_before_the_effect_makes_one_at_most
            a_creation_cut_after_the_effect_makes_one
            a_creation_answered_by_a_broken_vendor_makes_one_at_most
            a_creation_that_comes_too_often_waits_or_says_so
            a_creation_answered_by_a_proxy_makes_one_at_most
            a_creation_whose_answer_breaks_off_makes_one
            a_creation_whose_answer_is_something_else_makes_one
            a_creation_whose_answer_is_endless_makes_one
            a_poll_that_fails_says_how_and_the_next_one_works
            a_lost_callback_changes_no_outcome
            a_late_callback_changes_no_outcome
            a_repeated_callback_changes_no_outcome
            reordered_callbacks_change_no_outcome
            a_forged_callback_changes_nothing
        );
    };
    (@tests $harness:ty; $($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                <$harness as $crate::conformance::Harness>::run(async {
                    let harness = <$harness as $crate::conformance::Harness>::open().await;
                    $crate::conformance::$name(&harness).await;
                });
            }
        )*
    };
}

/// Says that a part of the contract has no counterpart at a vendor, and why.
#[allow(clippy::print_stdout, reason = "it is for the log of the tests")]
fn skip<H: Harness>(harness: &H, why: &str) {
    println!("skipped: {}: {why}", harness.client().info().provider);
}

/// One verification, followed by a [`Tracker`].
pub(super) struct Case<'h, H> {
    pub(super) harness: &'h H,
    tracker: Tracker,
    seen: Arc<Mutex<Seen>>,
}

/// The observations of a case.
#[derive(Default)]
struct Seen {
    /// The effect of each observation.
    transitions: Vec<Transition>,
    /// The reports that came with proof.
    reports: Vec<Observation>,
}

impl<'h, H: Harness> Case<'h, H> {
    /// A verification at the vendor.
    pub(super) async fn create(harness: &'h H) -> Self {
        let client = harness.client();
        let created = client
            .create(&harness.person())
            .await
            .expect("a creation is taken");
        let seen = Arc::new(Mutex::new(Seen::default()));
        let noted = Arc::clone(&seen);
        // A scenario's moments are the pace.
        let tracker = Tracker::new(client.clone(), &created)
            .poll_every(Duration::ZERO)
            .on_observation(move |observation, transition| {
                let mut noted = noted.lock().expect("no test panics while it notes");
                noted.transitions.push(transition.clone());
                if observation.trust.is_proven() && observation.report().is_some() {
                    noted.reports.push(observation.clone());
                }
            });
        Self {
            harness,
            tracker,
            seen,
        }
    }

    pub(super) fn id(&self) -> &VerificationId {
        self.tracker.verification().id()
    }

    pub(super) const fn verification(&self) -> &Verification {
        self.tracker.verification()
    }

    pub(super) fn decision(&self) -> Decision {
        self.tracker.verification().decision()
    }

    /// Returns the final report that the tracker gives the application.
    pub(super) fn final_report(&self) -> Option<&Report> {
        self.tracker.report()
    }

    /// Returns the effects of all observations.
    pub(super) fn transitions(&self) -> Vec<Transition> {
        self.seen().transitions.clone()
    }

    /// Returns the last observation with a report that came with proof.
    pub(super) fn last_report(&self) -> Option<Observation> {
        self.seen().reports.last().cloned()
    }

    /// Acts a scenario out to its end, and follows it. Returns whether the vendor has it.
    pub(super) async fn play(&mut self, scenario: &str) -> bool {
        let moments = match self.harness.act(self.id(), scenario).await {
            Ok(moments) => moments,
            Err(why) => {
                skip(self.harness, &format!("{scenario}: {why}"));
                return false;
            }
        };
        let mut passed = Duration::ZERO;
        for moment in moments {
            self.harness.advance(moment.saturating_sub(passed)).await;
            passed = passed.max(moment);
            self.follow().await;
        }
        true
    }

    /// Takes in the callbacks that arrived, and asks the vendor: a poll, and the fetch that it makes possible.
    pub(super) async fn follow(&mut self) {
        for delivery in self.harness.deliveries().await {
            self.deliver(&delivery);
        }
        // A vendor that leads in circles is no reason to go on for ever.
        for _ in 0..3 {
            self.tracker
                .advance()
                .await
                .expect("a question is answered");
            if !matches!(
                self.verification().next_step(self.harness.client().info()),
                Step::Fetch(_)
            ) {
                break;
            }
        }
    }

    pub(super) fn deliver(&mut self, delivery: &Delivery) {
        if let Err(error) = self.tracker.receive(delivery) {
            panic!("a callback of the vendor is refused: {error}");
        }
    }

    pub(super) fn take(&mut self, observation: &Observation) {
        self.tracker.apply(observation);
    }

    /// Returns the evidence of the latest report.
    pub(super) fn evidence(&self) -> Vec<EvidenceId> {
        let last = self.last_report();
        let report = last.as_ref().and_then(Observation::report);
        report
            .map(|report| {
                report
                    .evidence
                    .iter()
                    .map(|piece| piece.id.clone())
                    .collect()
            })
            .unwrap_or_default()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().expect("no test panics while it notes")
    }
}
