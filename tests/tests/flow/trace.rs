//! What happened in a world, in order.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use idv::Timestamp;

/// A record of what happened, where one is wanted: thousands of worlds are lived through without. Clones write to the same one.
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
