//! Being asked to end: Ctrl-C, and on Unix the signal that `kill` sends.

/// Listens from the moment it is made, so that nothing begun afterwards can be cut off without being tidied up.
pub(crate) struct Interrupt {
    #[cfg(unix)]
    signals: Option<[tokio::signal::unix::Signal; 2]>,
}

impl Interrupt {
    #[cfg(unix)]
    pub(crate) fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        // Where signals cannot be received, they end the program at once, as they do without this.
        let signals = signal(SignalKind::interrupt()).and_then(|ctrl_c| Ok([ctrl_c, signal(SignalKind::terminate())?])).ok();
        Self { signals }
    }

    #[cfg(not(unix))]
    pub(crate) const fn listen() -> Self {
        Self {}
    }

    /// Waits until it comes.
    pub(crate) async fn come(&mut self) {
        #[cfg(unix)]
        if let Some([ctrl_c, terminate]) = &mut self.signals {
            tokio::select! {
                _ = ctrl_c.recv() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_ok() {
            return;
        }
        std::future::pending::<()>().await;
    }
}
