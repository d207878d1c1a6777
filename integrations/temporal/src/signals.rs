//! Signals the workflows of changed flows, after the commit and in the background.
//!
//! A signal can be lost: the store keeps the change, and the [rounds](crate::rounds) find it.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use idv_flow::{FlowId, FlowObserver};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

tokio::task_local! {
    /// The flow whose activity runs: its workflow gets the new plan as the activity's result.
    pub(crate) static DRIVEN: FlowId;
}

/// A reason to signal a workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Notice {
    pub(crate) flow: FlowId,
    pub(crate) kind: NoticeKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum NoticeKind {
    /// The flow was changed.
    Changed,
    /// A message about the flow is in the inbox.
    Received,
}

/// Collects notices until they are sent. Equal notices that wait are one.
pub(crate) struct Notices {
    sender: UnboundedSender<Notice>,
    waiting: Arc<Mutex<HashSet<Notice>>>,
}

/// The receiving end of [`Notices`].
pub(crate) struct NoticeReceiver {
    receiver: UnboundedReceiver<Notice>,
    waiting: Arc<Mutex<HashSet<Notice>>>,
}

impl Notices {
    pub(crate) fn new() -> (Self, NoticeReceiver) {
        let (sender, receiver) = unbounded_channel();
        let waiting = Arc::default();
        let notices = Self {
            sender,
            waiting: Arc::clone(&waiting),
        };
        (notices, NoticeReceiver { receiver, waiting })
    }

    fn add(&self, flow: FlowId, kind: NoticeKind) {
        let notice = Notice { flow, kind };
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.insert(notice) {
            // The receiver is gone only if the program ends.
            let _ = self.sender.send(notice);
        }
    }
}

impl FlowObserver for Notices {
    fn changed(&self, flow: FlowId) {
        let is_driven = DRIVEN.try_with(|driven| *driven == flow).unwrap_or(false);
        if !is_driven {
            self.add(flow, NoticeKind::Changed);
        }
    }

    fn received(&self, flow: FlowId) {
        self.add(flow, NoticeKind::Received);
    }
}

impl fmt::Debug for Notices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notices")
    }
}

impl NoticeReceiver {
    /// Returns the next notice. From now on, an equal one is sent again.
    pub(crate) async fn next(&mut self) -> Option<Notice> {
        let notice = self.receiver.recv().await?;
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&notice);
        Some(notice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(bits: u8) -> FlowId {
        FlowId::from_bytes([bits; 16])
    }

    #[tokio::test]
    async fn equal_notices_that_wait_are_sent_once() {
        let (notices, mut receiver) = Notices::new();
        notices.changed(flow(1));
        notices.changed(flow(1));
        notices.received(flow(1));
        let changed = receiver.next().await.unwrap();
        assert_eq!((changed.flow, changed.kind), (flow(1), NoticeKind::Changed));
        assert_eq!(receiver.next().await.unwrap().kind, NoticeKind::Received);
        notices.changed(flow(1));
        assert_eq!(receiver.next().await, Some(changed), "it was sent before");
    }

    #[tokio::test]
    async fn driven_flow_is_not_signaled() {
        let (notices, mut receiver) = Notices::new();
        let change = async {
            notices.changed(flow(1));
            notices.changed(flow(2));
        };
        DRIVEN.scope(flow(1), change).await;
        assert_eq!(receiver.next().await.unwrap().flow, flow(2));
        drop(notices);
        assert_eq!(receiver.next().await, None);
    }
}
