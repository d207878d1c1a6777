//! The signals that end the program: Ctrl-C, and on Unix `SIGTERM`.

/// Listens for signals from its creation on, so that work begun afterwards is always cleaned up.
pub(crate) struct Interrupt {
    #[cfg(unix)]
    signals: Option<[tokio::signal::unix::Signal; 2]>,
}

impl Interrupt {
    #[cfg(unix)]
    pub(crate) fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        // Without a handler, signals end the program at once.
        let signals = signal(SignalKind::interrupt())
            .and_then(|ctrl_c| Ok([ctrl_c, signal(SignalKind::terminate())?]))
            .ok();
        Self { signals }
    }

    #[cfg(not(unix))]
    pub(crate) const fn listen() -> Self {
        Self {}
    }

    /// Waits for a signal.
    pub(crate) async fn wait(&mut self) {
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
