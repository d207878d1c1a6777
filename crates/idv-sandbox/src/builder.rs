//! Starts the sandbox.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use tokio::task::JoinSet;

use crate::callback::CallbackSender;
use crate::clock::{Clock, WallClock};
use crate::in_process::{self, Receive};
use crate::random;
use crate::route::Port;
use crate::sandbox::{Sandbox, SandboxError};
use crate::server::{bind, serve};
use crate::tls;
use crate::vendor::VENDORS;
use crate::world::Worlds;

/// Configures and starts a [`Sandbox`].
///
/// ```
/// # async fn run() -> Result<(), idv_sandbox::SandboxError> {
/// use idv_sandbox::Sandbox;
///
/// // Time stands still until the test advances it, and ids repeat in every run.
/// let sandbox = Sandbox::builder().speed(0.0).seed(7).start().await?;
/// assert_eq!(sandbox.seed(), 7);
/// # sandbox.shutdown().await;
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run()).unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct Builder {
    listen: SocketAddr,
    tls: bool,
    speed: f64,
    start: Timestamp,
    seed: Option<u64>,
    wall_clock: Option<WallClock>,
    in_process: bool,
    receive: Option<Receive>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            tls: false,
            speed: 1.0,
            start: Timestamp::from_second(1_767_225_600).unwrap_or_default(),
            seed: None,
            wall_clock: None,
            in_process: false,
            receive: None,
        }
    }

    /// Sets the address to listen on.
    ///
    /// Its port is the shared one, and the following ports are the vendors'. Port 0, the default,
    /// selects free ports.
    #[must_use]
    pub const fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Serves HTTPS with a certificate of a temporary authority. Default: HTTP.
    #[must_use]
    pub const fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Sets the speed of the clock: virtual seconds per real second. With 0 time stands still until
    /// it is advanced. Default: 1.
    #[must_use]
    pub const fn speed(mut self, speed: f64) -> Self {
        self.speed = speed;
        self
    }

    /// Sets the initial time of the clock. Default: 1 January 2026.
    #[must_use]
    pub const fn start_time(mut self, start: Timestamp) -> Self {
        self.start = start;
        self
    }

    /// Sets the seed of the ids: the same seed and the same requests give the same ids.
    ///
    /// Default: a new seed at every start, which [`Sandbox::seed`] returns.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Sets the clients' own clock.
    ///
    /// The sandbox checks the times that a client generates against it: the tokens of CM.com, the
    /// signed links of IDnow, and the times of scheduled messages. Such a time is accepted if it is
    /// right by this clock or by virtual time, unless the account has `strict_clock`. Default: the
    /// system's clock; a sandbox [in process](Self::in_process) has none and uses virtual time
    /// alone.
    #[must_use]
    pub fn wall_clock<F>(mut self, now: F) -> Self
    where
        F: Fn() -> Timestamp + Send + Sync + 'static,
    {
        self.wall_clock = Some(WallClock::new(now));
        self
    }

    /// Starts no listener and no task, and opens no connection.
    ///
    /// [`Sandbox::exchange`] alone answers requests, and callbacks go to the function of
    /// [`Builder::deliver_callbacks_to`], if there is one. Time stands still until it is advanced.
    /// The address, TLS and the speed have no effect, and no runtime is needed. The vendors'
    /// addresses are names below `localhost`.
    #[must_use]
    pub const fn in_process(mut self) -> Self {
        self.in_process = true;
        self
    }

    /// Delivers every callback, including forged ones, by a call of this function instead of a
    /// request over the network.
    ///
    /// The function takes the request as a server sees it, with the path and the query in its URI
    /// and the host in its `Host` header. It returns the status of the reply, or `None` for no
    /// reply. As over the network, only callbacks to the loopback interface are delivered.
    #[must_use]
    pub fn deliver_callbacks_to<F, A>(mut self, receive: F) -> Self
    where
        F: Fn(http::Request<Bytes>) -> A + Send + Sync + 'static,
        A: Future<Output = Option<StatusCode>> + Send + 'static,
    {
        self.receive = Some(Receive::new(receive));
        self
    }

    /// Starts the sandbox.
    ///
    /// # Errors
    ///
    /// [`SandboxError`] if the address is not on the loopback interface, a port is not available,
    /// or the certificates or the HTTP client cannot be created.
    ///
    /// # Cancellation
    ///
    /// Ports that are already open close.
    pub async fn start(mut self) -> Result<Sandbox, SandboxError> {
        let sender = match self.receive.take() {
            Some(receive) => CallbackSender::InProcess(receive),
            None if self.in_process => CallbackSender::Discard,
            None => CallbackSender::Network(network()?),
        };
        let sandbox = if self.in_process {
            self.inside(sender)
        } else {
            self.listening(sender).await?
        };
        for vendor in VENDORS {
            (vendor.serve_pages_at)(&mut sandbox.worlds.state(), sandbox.vendor_url(vendor.id));
        }
        Ok(sandbox)
    }

    /// Builds the worlds. `wall_clock` is the clients' own clock, if the sandbox knows it.
    fn worlds(
        &self,
        speed: f64,
        sender: CallbackSender,
        wall_clock: Option<WallClock>,
    ) -> Arc<Worlds> {
        let seed = self.seed.unwrap_or_else(random::fresh_seed);
        Arc::new(Worlds::new(
            Clock::new(self.start, speed),
            wall_clock,
            sender,
            seed,
        ))
    }

    /// Builds a sandbox without a network.
    fn inside(&self, sender: CallbackSender) -> Sandbox {
        Sandbox {
            worlds: self.worlds(0.0, sender, self.wall_clock.clone()),
            tasks: JoinSet::new(),
            shared: "sandbox.localhost".to_owned(),
            vendors: VENDORS
                .iter()
                .map(|vendor| (vendor, in_process::authority(vendor.id)))
                .collect(),
            certificate: None,
        }
    }

    /// Builds a sandbox that listens on its ports.
    async fn listening(self, sender: CallbackSender) -> Result<Sandbox, SandboxError> {
        if !self.listen.ip().is_loopback() {
            return Err(SandboxError::NotLoopback(self.listen));
        }
        let speed = if self.speed.is_finite() {
            self.speed.max(0.0)
        } else {
            1.0
        };
        let wall_clock = self.wall_clock.clone().unwrap_or_else(WallClock::system);
        let worlds = self.worlds(speed, sender, Some(wall_clock));
        let (acceptor, certificate) = if self.tls {
            let (acceptor, certificate) = tls::authority()?;
            (Some(acceptor), Some(certificate))
        } else {
            (None, None)
        };
        let mut tasks = JoinSet::new();
        let mut take = async |port: Port, offset: u16| {
            let number = if self.listen.port() == 0 {
                0
            } else {
                self.listen.port().saturating_add(offset)
            };
            let wanted = SocketAddr::new(self.listen.ip(), number);
            let (listener, address) = bind(wanted)
                .await
                .map_err(|error| SandboxError::Listen(wanted, error))?;
            tasks.spawn(serve(listener, port, acceptor.clone(), Arc::clone(&worlds)));
            Ok::<_, SandboxError>(address.to_string())
        };
        let shared = take(Port::Shared, 0).await?;
        let mut vendors = Vec::new();
        for (vendor, offset) in VENDORS.iter().zip(1..) {
            vendors.push((vendor, take(Port::Only(vendor), offset).await?));
        }
        if speed > 0.0 {
            tasks.spawn(tick(Arc::clone(&worlds)));
        }
        Ok(Sandbox {
            worlds,
            tasks,
            shared,
            vendors,
            certificate,
        })
    }
}

/// Builds the HTTP client that delivers callbacks.
fn network() -> Result<reqwest::Client, SandboxError> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(Duration::from_secs(10))
        .build()
        .map_err(SandboxError::Client)
}

/// Runs the events that become due as time passes.
async fn tick(worlds: Arc<Worlds>) {
    let mut interval = tokio::time::interval(Duration::from_millis(20));
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let now = worlds.clock.now();
        let due = worlds.state().next_due().is_some_and(|at| at <= now);
        if due {
            worlds.advance_to(now).await;
        }
    }
}
