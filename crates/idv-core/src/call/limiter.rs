//! The limit of concurrent calls to a provider.

use futures_channel::mpsc;
use futures_util::StreamExt as _;
use futures_util::lock::Mutex;

/// A fixed number of permits, given in the order of the requests for them.
///
/// The permits are messages in a channel: taking one is receiving, returning it is sending.
#[derive(Debug)]
pub(super) struct Limiter {
    permits: Mutex<mpsc::UnboundedReceiver<()>>,
    give_back: mpsc::UnboundedSender<()>,
}

/// The permit for one call. Dropping it returns it.
#[derive(Debug)]
pub(super) struct Permit(mpsc::UnboundedSender<()>);

impl Limiter {
    pub(super) fn new(permits: usize) -> Self {
        let (give_back, receiver) = mpsc::unbounded();
        for _ in 0..permits.max(1) {
            // The receiver is alive: it is in this function.
            let _ = give_back.unbounded_send(());
        }
        Self {
            permits: Mutex::new(receiver),
            give_back,
        }
    }

    pub(super) async fn acquire(&self) -> Permit {
        // The channel never ends: a sender is in `self`.
        let _ = self.permits.lock().await.next().await;
        Permit(self.give_back.clone())
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        // Fails only if the limiter is gone, and with it every waiting call.
        let _ = self.0.unbounded_send(());
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn each_finished_call_admits_the_next_within_the_limit() {
        let limiter = Limiter::new(2);
        let first = limiter.acquire().now_or_never().unwrap();
        let _second = limiter.acquire().now_or_never().unwrap();
        let mut third = Box::pin(limiter.acquire());
        assert!(third.as_mut().now_or_never().is_none());
        drop(first);
        assert!(third.as_mut().now_or_never().is_some());
    }

    #[test]
    fn who_gives_up_waiting_takes_no_permit_along() {
        let limiter = Limiter::new(1);
        let held = limiter.acquire().now_or_never().unwrap();
        assert!(limiter.acquire().now_or_never().is_none());
        drop(held);
        assert!(limiter.acquire().now_or_never().is_some());
    }
}
