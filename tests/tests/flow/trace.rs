//! The record of the events in a simulated world, in order.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use idv::Timestamp;

/// A record of events, kept on request only: thousands of worlds run without one. Clones write to
/// the same record.
#[derive(Debug, Clone, Default)]
pub struct Trace(Option<Arc<Mutex<String>>>);

impl Trace {
    pub fn kept() -> Self {
        Self(Some(Arc::default()))
    }

    pub fn note(&self, at: Timestamp, what: impl FnOnce() -> String) {
        if let Some(text) = &self.0 {
            let what = what();
            writeln!(text.lock().unwrap(), "{at:.3} {what}").unwrap();
        }
    }

    pub fn text(&self) -> String {
        self.0
            .as_ref()
            .map_or_else(String::new, |text| text.lock().unwrap().clone())
    }
}
