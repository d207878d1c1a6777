//! A client whose vendor answers from a script.

use std::sync::Arc;

use idv_core::call::{CallContext, CallPolicy};
use idv_core::{Client, Operation, Provider, Timestamp};

use crate::{ManualClock, ScriptedTransport, environment, line};

/// A client of the vendor `V`, with the transport that answers in the vendor's place.
///
/// Time stands still at the moment of its creation.
#[derive(Debug)]
pub struct ScriptedClient<V> {
    /// The transport, which answers from the script and records the requests.
    pub transport: ScriptedTransport,
    /// The client.
    pub client: Client,
    vendor: Arc<V>,
}

impl<V: Provider> ScriptedClient<V> {
    /// Creates a client with an empty script, at the time `now`.
    pub fn new(vendor: V, now: Timestamp) -> Self {
        let transport = ScriptedTransport::new();
        let environment = environment(&transport, &ManualClock::new(now));
        let vendor = Arc::new(vendor);
        Self {
            client: Client::from_arc(vendor.clone(), environment, CallPolicy::default()),
            transport,
            vendor,
        }
    }

    /// Adds a JSON response to the script.
    pub fn answer(&self, status: u16, body: &str) {
        self.transport.then_json(status, body);
    }

    /// Returns the adapter.
    #[must_use]
    pub fn vendor(&self) -> &V {
        &self.vendor
    }

    /// Returns the context of a call of the vendor's own API.
    #[must_use]
    pub fn context(&self) -> CallContext {
        self.client.context(Operation::Other)
    }

    /// Returns the last request as a line; empty if there is none.
    #[must_use]
    pub fn last_request(&self) -> String {
        let requests = self.transport.requests();
        requests.last().map(line).unwrap_or_default()
    }
}
