//! The limit of concurrent calls to a provider.

use futures_channel::mpsc;
use futures_util::StreamExt as _;
use futures_util::lock::Mutex;

/// A fixed number of permits, granted in the order of the requests.
///
/// The permits are messages in a channel: receiving one acquires a permit, sending one releases it.
#[derive(Debug)]
pub(super) struct Limiter {
    permits: Mutex<mpsc::UnboundedReceiver<()>>,
    give_back: mpsc::UnboundedSender<()>,
}

/// The permit for one call, released on drop.
#[derive(Debug)]
pub(super) struct Permit(mpsc::UnboundedSender<()>);

impl Limiter {
    pub(super) fn new(permits: usize) -> Self {
        let (give_back, receiver) = mpsc::unbounded();
        for _ in 0..permits.max(1) {
            // The receiver is alive, because this function owns it.
            let _ = give_back.unbounded_send(());
        }
        Self {
            permits: Mutex::new(receiver),
            give_back,
        }
    }

    pub(super) async fn acquire(&self) -> Permit {
        // The channel never ends, because `self` holds a sender.
        let _ = self.permits.lock().await.next().await;
        Permit(self.give_back.clone())
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        // Fails only if the limiter was dropped, and with it every waiting call.
        let _ = self.0.unbounded_send(());
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn finished_call_admits_the_next_one() {
        let limiter = Limiter::new(2);
        let first = limiter.acquire().now_or_never().unwrap();
        let _second = limiter.acquire().now_or_never().unwrap();
        let mut third = Box::pin(limiter.acquire());
        assert!(third.as_mut().now_or_never().is_none());
        drop(first);
        assert!(third.as_mut().now_or_never().is_some());
    }

    #[test]
    fn abandoned_wait_takes_no_permit() {
        let limiter = Limiter::new(1);
        let held = limiter.acquire().now_or_never().unwrap();
        assert!(limiter.acquire().now_or_never().is_none());
        drop(held);
        assert!(limiter.acquire().now_or_never().is_some());
    }
}
