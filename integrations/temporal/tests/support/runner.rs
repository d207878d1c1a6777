//! Both engines by one interface.

use std::sync::atomic::{AtomicBool, Ordering};

use idv_flow::{
    Attention, Engine, FlowError, FlowId, FlowPlan, FlowStatus, Resolution, Retention, StartRequest,
};
use idv_temporal::{Host, HostError};

use super::until;

/// The account of the operator.
pub const BY: &str = "desk-1";

/// The engine that runs the bank's flows.
#[derive(Clone)]
pub enum Runner {
    Embedded(Engine),
    Hosted(Host),
}

impl Runner {
    pub fn engine(&self) -> &Engine {
        match self {
            Self::Embedded(engine) => engine,
            Self::Hosted(host) => host.engine(),
        }
    }

    /// Starts a flow, and returns its id.
    pub async fn start(&self, start: StartRequest) -> FlowId {
        match self {
            Self::Embedded(engine) => engine.submit(start).await.unwrap().id,
            Self::Hosted(host) => host.start(start).await.unwrap().id,
        }
    }

    pub async fn delete(&self, id: FlowId) {
        match self {
            Self::Embedded(engine) => drop(engine.delete(id, BY).await.unwrap()),
            Self::Hosted(host) => decide(async || host.delete(id, BY).await).await,
        }
    }

    /// Returns whether a deletion is refused now.
    pub async fn refuses_delete(&self, id: FlowId) -> bool {
        match self {
            Self::Embedded(engine) => {
                matches!(engine.delete(id, BY).await, Err(FlowError::Held { .. }))
            }
            Self::Hosted(host) => matches!(host.delete(id, BY).await, Err(HostError::Refused(_))),
        }
    }

    pub async fn retain(&self, id: FlowId, retention: Retention) {
        match self {
            Self::Embedded(engine) => engine.retain(id, retention, BY).await.unwrap(),
            Self::Hosted(host) => decide(async || host.retain(id, retention, BY).await).await,
        }
    }

    /// Has both copies deleted, and waits until they are gone.
    pub async fn delete_all(&self, id: FlowId, what: &str) {
        self.delete(id).await;
        self.deleted(id, what).await;
    }

    /// Waits until both copies are gone. Confirms the vendor's deletion by hand, if its interface
    /// has none.
    pub async fn deleted(&self, id: FlowId, what: &str) {
        let mut is_confirmed = false;
        until(&format!("{what} is deleted"), async || {
            let status = self.status(id).await;
            if status.attention == Some(Attention::DeleteByHand) && !is_confirmed {
                is_confirmed = true;
                self.resolve(id, &Resolution::DeletedByHand).await;
            }
            self.engine().receipt(id).await.unwrap().is_complete()
        })
        .await;
    }

    pub async fn resolve(&self, id: FlowId, resolution: &Resolution) {
        match self {
            Self::Embedded(engine) => engine.resolve(id, resolution, BY).await.unwrap(),
            Self::Hosted(host) => decide(async || host.resolve(id, resolution, BY).await).await,
        }
    }

    pub async fn status(&self, id: FlowId) -> FlowStatus {
        self.engine().status(id).await.unwrap()
    }
}

/// Repeats a decision while the server is away. The server may have recorded it before.
async fn decide(decision: impl AsyncFn() -> Result<FlowPlan, HostError>) {
    let is_repeated = AtomicBool::new(false);
    until("the decision is recorded", async || {
        match decision().await {
            Ok(_) => true,
            Err(HostError::Server { .. }) => {
                is_repeated.store(true, Ordering::Relaxed);
                false
            }
            Err(error) => {
                assert!(is_repeated.load(Ordering::Relaxed), "{error}");
                true
            }
        }
    })
    .await;
}
