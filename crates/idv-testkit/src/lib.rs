//! Test tools for idv providers: a scripted transport, a clock that is moved by hand, checks that nothing personal is printed and nothing
//! is lost, and the suite of tests that every adapter is held to.
//!
//! Nothing here waits for real time or touches a network.

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod canary;
mod clock;
pub mod conformance;
mod fixtures;
mod leaves;
#[cfg(feature = "postgres")]
pub mod postgres;
mod transport;

pub use canary::{Canary, Recording, printed};
pub use clock::ManualClock;
pub use fixtures::Fixtures;
pub use leaves::Leaves;
pub use transport::{Exchange, ScriptedTransport, empty, file, header, line};

use idv_core::{Environment, Random};

/// An environment of a scripted transport, a manual clock and predictable random bits.
#[must_use]
pub fn environment(transport: &ScriptedTransport, clock: &ManualClock) -> Environment {
    Environment::new(transport.clone(), clock.clone()).with_random(PredictableRandom::default())
}

/// Random bits that are the same in every run: for tests only.
#[derive(Debug, Default)]
pub struct PredictableRandom(std::sync::atomic::AtomicU64);

impl Random for PredictableRandom {
    fn fill(&self, buffer: &mut [u8]) {
        for byte in buffer {
            // A linear congruential generator: any sequence will do that does not repeat at once.
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

/// The README's examples, kept compiling.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
