//! The demo's transport, which counts requests, and its clock, which is the sandbox's.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use idv::transport::{ReqwestTransport, TransportOptions};
use idv::{Body, Clock, Result, Timestamp, Transport, TransportError};
use idv_sandbox::VirtualClock;

/// Sends requests and counts them.
#[derive(Debug, Clone)]
pub(crate) struct CountingTransport {
    transport: ReqwestTransport,
    requests: Arc<AtomicU64>,
}

impl CountingTransport {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            transport: ReqwestTransport::new(TransportOptions::default())?,
            requests: Arc::default(),
        })
    }

    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Transport for CountingTransport {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<Body>, TransportError> {
        self.requests.fetch_add(1, Ordering::SeqCst);
        self.transport.send(request).await
    }
}

/// The sandbox's clock.
///
/// Timeouts and waits between attempts take real time, since only the demo moves the sandbox's
/// clock.
#[derive(Debug, Clone)]
pub(crate) struct SandboxClock {
    clock: VirtualClock,
    started: Timestamp,
}

impl SandboxClock {
    pub(crate) fn new(clock: VirtualClock) -> Self {
        let started = clock.now();
        Self { clock, started }
    }
}

impl Clock for SandboxClock {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn monotonic(&self) -> Duration {
        // The clock never shows a time before its start.
        Duration::try_from(self.clock.now().duration_since(self.started)).unwrap_or_default()
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(duration))
    }
}
