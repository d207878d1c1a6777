//! The suite of tests that every adapter has to pass.
//!
//! An adapter passes by its behaviour towards its vendor, usually an emulator, not by its
//! declarations. A [`Harness`] provides the vendor; [`conformance!`](crate::conformance!) generates
//! one test for each part of the contract. `tests/example.rs` of this crate shows both, for an
//! imaginary vendor.
//!
//! - **Capabilities.** One that is present keeps its promise; the client refuses one that is
//!   absent, without a request.
//! - **Scenarios.** Ten courses of a verification, followed by a [`Tracker`] alone, lead to the
//!   right outcome.
//! - **Faults.** A fault during a create call leaves at most one verification at the vendor, and
//!   the error says truthfully whether there is one. A failed poll reports its cause, and the next
//!   one succeeds.
//! - **Callbacks.** Lost, late, repeated, reordered or forged callbacks lead to the same outcome.
//!
//! If the vendor has no counterpart of a part, the test prints one line that begins with `skipped:`
//! and the reason.
//!
//! # Example
//!
//! The macro generates a test like this one for each part of the contract:
//!
//! ```
//! use idv_testkit::conformance::{self, Harness};
//!
//! fn polling<H: Harness>() {
//!     H::run(async {
//!         let harness = H::open().await;
//!         conformance::polling(&harness).await;
//!     });
//! }
//! ```
//!
//! # Panics
//!
//! Each function of this module except those of [`Harness`] is a test and panics if the adapter
//! breaks the contract.
//!
//! # Cancellation
//!
//! Each of these functions can be dropped at any point: its effects are confined to the harness.

#![allow(
    clippy::panic,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod callbacks;
mod capabilities;
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
pub use capabilities::*;
pub use faults::*;
pub use scenarios::*;

/// A vendor for the suite to drive: an emulator whose clock moves only on request.
#[async_trait]
pub trait Harness: Send + Sync + Sized + 'static {
    /// Runs a test on the runtime that the harness needs.
    fn run<F: Future<Output = ()>>(test: F);

    /// Opens a vendor without verifications and a client of it. Waits between attempts must take no
    /// real time.
    ///
    /// # Cancellation
    ///
    /// The suite does not cancel it.
    async fn open() -> Self;

    /// Returns the client under test.
    fn client(&self) -> &Client;

    /// Returns a person with every field that the vendor requires, and an address for callbacks.
    fn person(&self) -> NewVerification;

    /// Returns the time at the vendor. The client's clock has to follow it.
    fn now(&self) -> Timestamp;

    /// Moves the vendor's clock and delivers the callbacks that become due before it returns.
    ///
    /// # Cancellation
    ///
    /// The suite does not cancel it.
    async fn advance(&self, by: Duration);

    /// Lets the person and the vendor's staff act out a [scenario](SCENARIOS), from now on.
    ///
    /// Returns the moments at which something happens, counted from now.
    ///
    /// # Errors
    ///
    /// The reason that this vendor does not have the scenario.
    ///
    /// # Cancellation
    ///
    /// The suite does not cancel it.
    async fn act(&self, id: &VerificationId, scenario: &str) -> Result<Vec<Duration>, String>;

    /// Returns the callbacks that arrived since the last call, in order.
    ///
    /// # Cancellation
    ///
    /// The suite does not cancel it.
    async fn deliveries(&self) -> Vec<Delivery>;

    /// Returns a callback that claims that the person is verified, written with the vendor's
    /// document but without the secret; `None` if the vendor sends no callbacks.
    fn forgery(&self, id: &VerificationId) -> Option<Delivery>;

    /// Plans a fault for the next request or callback of its kind.
    fn plan(&self, fault: Fault);

    /// Returns the number of requests that reached the vendor, including those with a fault.
    fn requests(&self) -> usize;

    /// Returns the number of verifications that the vendor has created.
    fn verifications(&self) -> usize;
}

/// A planned fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The next create request fails.
    Create(RequestFault),
    /// The next poll fails.
    Poll(RequestFault),
    /// The next callback goes astray.
    Callback(CallbackFault),
}

/// A fault on the way to the vendor and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestFault {
    /// The vendor resets the connection before it reads the request.
    Refused,
    /// The vendor reads the request, does not act on it and does not respond.
    CutBefore,
    /// The vendor acts on the request and does not respond.
    CutAfter,
    /// The vendor does not act and responds with this status.
    Status(u16),
    /// The vendor does not act and responds with 429 and `Retry-After: 1`.
    RateLimited,
    /// The vendor does not act; a proxy responds with 502 and a page of HTML.
    Html,
    /// The vendor acts; its response breaks off.
    Truncated,
    /// The vendor acts; its response is JSON of another shape.
    WrongType,
    /// The vendor acts; its response exceeds every limit.
    Oversize,
}

/// A fault in the delivery of a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallbackFault {
    /// The callback never arrives.
    Lost,
    /// The callback arrives an hour late.
    Late,
    /// The callback arrives twice.
    Duplicated,
    /// The callback arrives after the next one.
    Reordered,
}

/// Generates a test for each part of the contract.
///
/// See [`conformance`](mod@crate::conformance).
#[macro_export]
macro_rules! conformance {
    ($harness:ty) => {
        $crate::conformance!(@tests $harness;
            profile_is_complete
            create_makes_one_verification_with_hand_off
            unsupported_fields_are_listed
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
            refused_create_is_retried_or_unknown
            create_cut_before_effect_makes_at_most_one
            create_cut_after_effect_makes_one
            create_answered_with_500_makes_at_most_one
            rate_limited_create_is_retried_or_not_created
            create_answered_by_proxy_makes_at_most_one
            create_with_truncated_response_makes_one
            create_with_unexpected_response_makes_one
            create_with_endless_response_makes_one
            failed_poll_reports_cause_and_next_succeeds
            lost_callback_changes_no_outcome
            late_callback_changes_no_outcome
            repeated_callback_changes_no_outcome
            reordered_callbacks_change_no_outcome
            forged_callback_changes_nothing
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

/// Reports that the vendor has no counterpart of a part of the contract, and the reason.
#[allow(clippy::print_stdout, reason = "it is for the tests' log")]
fn skip<H: Harness>(harness: &H, why: &str) {
    println!("skipped: {}: {why}", harness.client().info().provider);
}

/// One verification, followed by a [`Tracker`].
pub(super) struct Case<'h, H> {
    pub(super) harness: &'h H,
    tracker: Tracker,
    seen: Arc<Mutex<Seen>>,
}

/// The observations of a verification.
#[derive(Default)]
struct Seen {
    /// The effect of each observation, in order.
    transitions: Vec<Transition>,
    /// The reports of authenticated observations.
    reports: Vec<Observation>,
}

impl<'h, H: Harness> Case<'h, H> {
    /// Creates a verification at the vendor.
    pub(super) async fn create(harness: &'h H) -> Self {
        let client = harness.client();
        let created = client
            .create(&harness.person())
            .await
            .expect("the vendor creates the verification");
        let seen = Arc::new(Mutex::new(Seen::default()));
        let noted = Arc::clone(&seen);
        // The scenario's moments set the pace.
        let tracker = Tracker::new(client.clone(), &created)
            .poll_every(Duration::ZERO)
            .on_observation(move |observation, transition| {
                let mut noted = noted
                    .lock()
                    .expect("no test panics while it holds the lock");
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

    /// Returns the final report that the tracker gives to the application.
    pub(super) fn final_report(&self) -> Option<&Report> {
        self.tracker.report()
    }

    /// Returns the effects of all observations.
    pub(super) fn transitions(&self) -> Vec<Transition> {
        self.seen().transitions.clone()
    }

    /// Returns the last authenticated observation with a report.
    pub(super) fn last_report(&self) -> Option<Observation> {
        self.seen().reports.last().cloned()
    }

    /// Acts out a scenario to its end and follows it. Returns `false` if the vendor does not have
    /// it.
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

    /// Receives the callbacks that arrived and polls the vendor, then fetches the result if the
    /// poll makes that possible.
    pub(super) async fn follow(&mut self) {
        for delivery in self.harness.deliveries().await {
            self.deliver(&delivery);
        }
        // The limit ends a circle of polls and fetches.
        for _ in 0..3 {
            self.tracker
                .advance()
                .await
                .expect("the vendor answers the poll");
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
            panic!("the client refused the vendor's callback: {error}");
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
        self.seen
            .lock()
            .expect("no test panics while it holds the lock")
    }
}
