//! Test tools for `idv` adapters and for applications that use them.
//!
//! - [`ScriptedTransport`] answers requests from a script and records them.
//! - [`ScriptedClient`] is a client of one vendor with such a transport.
//! - [`ManualClock`] moves only when a test moves it; [`PredictableRandom`] yields the same bytes
//!   in every run. [`environment`] combines the three.
//! - [`Canary`] and [`Recording`] show that no personal data and no secret reach logs and errors.
//! - [`Leaves`] shows that an adapter loses no part of a payload.
//! - [`conformance`](mod@conformance) is the suite that every adapter has to pass.
//!
//! Use the first three to test an application without a vendor, and all of them to write an adapter.
//! Nothing waits for real time or uses a network.
//!
//! # Example
//!
//! A function that polls a vendor, tested without a vendor and without waiting:
//!
//! ```
//! use std::time::Duration;
//!
//! use bytes::Bytes;
//! use http::Request;
//! use idv_core::{Environment, Timestamp, TransportError};
//! use idv_testkit::{ManualClock, ScriptedTransport, empty, environment};
//!
//! async fn wait_for_result(environment: &Environment) -> Result<(), TransportError> {
//!     loop {
//!         let request = Request::get("https://api.example.com/1").body(Bytes::new());
//!         let response = environment.transport.send(request.expect("a valid URL")).await?;
//!         if response.status() == 200 {
//!             return Ok(());
//!         }
//!         environment.clock.sleep(Duration::from_secs(10)).await;
//!     }
//! }
//!
//! # futures_executor::block_on(async {
//! let transport = ScriptedTransport::new();
//! transport.then(empty(404)).then(empty(200));
//! let clock = ManualClock::leaping(Timestamp::UNIX_EPOCH);
//!
//! wait_for_result(&environment(&transport, &clock)).await?;
//! assert_eq!(transport.count(), 2);
//! assert_eq!(clock.slept(), [Duration::from_secs(10)]);
//! # Ok::<(), TransportError>(())
//! # }).unwrap();
//! ```

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod canary;
mod client;
mod clock;
pub mod conformance;
mod fixtures;
mod leaves;
#[cfg(feature = "postgres")]
pub mod postgres;
mod transport;

pub use canary::{Canary, Recording, printed};
pub use client::ScriptedClient;
pub use clock::ManualClock;
pub use fixtures::Fixtures;
pub use leaves::Leaves;
pub use transport::{Exchange, ScriptedTransport, empty, file, header, line};

use idv_core::{Environment, Random};

/// Returns an environment with this transport, this clock and predictable random bytes.
///
/// ```
/// use idv_core::Timestamp;
/// use idv_testkit::{ManualClock, ScriptedTransport, environment};
///
/// let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
/// let environment = environment(&ScriptedTransport::new(), &clock);
/// assert_eq!(environment.clock.now(), Timestamp::UNIX_EPOCH);
/// ```
#[must_use]
pub fn environment(transport: &ScriptedTransport, clock: &ManualClock) -> Environment {
    Environment::new(transport.clone(), clock.clone()).with_random(PredictableRandom::default())
}

/// Random bytes that are the same in every run, for tests only.
#[derive(Debug, Default)]
pub struct PredictableRandom(std::sync::atomic::AtomicU64);

impl Random for PredictableRandom {
    fn fill(&self, buffer: &mut [u8]) {
        for byte in buffer {
            // A linear congruential generator suffices: the sequence only must not repeat at once.
            let state = self.0.fetch_update(
                std::sync::atomic::Ordering::SeqCst,
                std::sync::atomic::Ordering::SeqCst,
                |state| {
                    Some(
                        state
                            .wrapping_mul(6_364_136_223_846_793_005)
                            .wrapping_add(1_442_695_040_888_963_407),
                    )
                },
            );
            *byte = state.map_or(0, |state| (state >> 33).to_le_bytes()[0]);
        }
    }
}

/// Compiles the README's examples.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
