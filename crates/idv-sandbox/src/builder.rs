//! Starts the sandbox.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::callback::{CallbackSender, Reach};
use crate::clock::{Clock, WallClock, check_speed};
use crate::command::Command;
use crate::guard::Hosts;
use crate::in_process::{self, Receive};
use crate::journal::{self, Header, Opened};
use crate::random::{self, Random};
use crate::route::Port;
use crate::sandbox::{Sandbox, SandboxError};
use crate::server::serve;
use crate::state::{Options, State};
use crate::tls;
use crate::vendor::{Entry, VENDORS};
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
    speed: Option<f64>,
    start: Option<Timestamp>,
    seed: Option<u64>,
    state: Option<PathBuf>,
    wall_clock: Option<WallClock>,
    in_process: bool,
    options: Options,
    is_exposed: bool,
    public_host: Option<String>,
    callback_hosts: Vec<String>,
    receive: Option<Receive>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            tls: false,
            speed: None,
            start: None,
            seed: None,
            state: None,
            wall_clock: None,
            in_process: false,
            options: Options::default(),
            is_exposed: false,
            public_host: None,
            callback_hosts: Vec::new(),
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
        self.speed = Some(speed);
        self
    }

    /// Sets the initial time of the clock. Default: 1 January 2026.
    #[must_use]
    pub const fn start_time(mut self, start: Timestamp) -> Self {
        self.start = Some(start);
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

    /// Keeps the state in a file: if the file exists, the sandbox continues from it.
    ///
    /// The file is a journal of the inputs: the requests to the vendors, and the changes by the
    /// control plane, the pages and this crate's functions. Each is written before it has an effect,
    /// so that the state survives a crash of the program. The next start repeats the inputs, sends
    /// nothing meanwhile, and continues from the virtual time of the last one, with the same ids,
    /// states, timelines and planned events. Options that the start omits are those of the file.
    ///
    /// The file holds personal data and secrets in clear. Its owner alone can read it, and one
    /// sandbox at a time can use it.
    ///
    /// ```
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use idv_sandbox::Sandbox;
    ///
    /// # let path = std::env::temp_dir().join(format!("idv-sandbox-{}.state", std::process::id()));
    /// let builder = Sandbox::builder().in_process().state_file(&path);
    /// let sandbox = builder.clone().start().await?;
    /// sandbox.clock().advance(Duration::from_secs(60)).await;
    /// let now = sandbox.clock().now();
    /// drop(sandbox);
    /// assert_eq!(builder.start().await?.clock().now(), now);
    /// # std::fs::remove_file(path)?;
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run()).unwrap();
    /// ```
    #[must_use]
    pub fn state_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.state = Some(path.into());
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

    /// Lets every new verification play this scenario. Default: none, so that no person acts
    /// without a request.
    #[must_use]
    pub fn auto(mut self, scenario: impl Into<String>) -> Self {
        self.options.auto = Some(scenario.into());
        self
    }

    /// Sets the callback address of every vendor's first account, as [`Vendor::report_to`] does.
    /// A reset keeps it.
    ///
    /// [`Vendor::report_to`]: crate::Vendor::report_to
    #[must_use]
    pub fn callback(mut self, url: impl Into<String>) -> Self {
        self.options.callback = Some(url.into());
        self
    }

    /// Shows personal data and secrets in the inspector. Default: they are masked.
    #[must_use]
    pub const fn show_personal_data(mut self) -> Self {
        self.options.shows_personal_data = true;
        self
    }

    /// Allows any address to listen on, so that other machines can reach the sandbox.
    ///
    /// Its control plane has no password: everyone who reaches it can read and change everything.
    /// Default: the loopback interface only.
    #[must_use]
    pub const fn expose(mut self) -> Self {
        self.is_exposed = true;
        self
    }

    /// Sets the host name by which clients reach the sandbox, for its addresses and links, and for
    /// the certificate of [`Builder::tls`]. Default: the address to listen on; `localhost` if that
    /// is every address of the machine.
    #[must_use]
    pub fn public_host(mut self, name: impl Into<String>) -> Self {
        self.public_host = Some(name.into());
        self
    }

    /// Sends callbacks to this host as well, a name or an address. Default: to the loopback
    /// interface only.
    #[must_use]
    pub fn callback_host(mut self, name: impl Into<String>) -> Self {
        self.callback_hosts.push(name.into());
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
    /// the state file cannot be used, or the certificates or the HTTP client cannot be created.
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
        let ports = if self.in_process {
            None
        } else {
            Some(self.bind().await?)
        };
        let (acceptor, certificate) = if self.tls && !self.in_process {
            let (acceptor, certificate) = tls::authority(self.public_host.as_deref())?;
            (Some(acceptor), Some(certificate))
        } else {
            (None, None)
        };
        let (shared, vendors) = match &ports {
            Some(ports) => ports.authorities(self.public_host.as_deref()),
            None => in_process::authorities(),
        };
        let opened = self.state.as_deref().map(journal::open).transpose()?;
        let header = self.header(opened.as_ref())?;
        let worlds = Arc::new(self.worlds(sender, &header));
        let mut sandbox = Sandbox {
            worlds: Arc::clone(&worlds),
            tasks: JoinSet::new(),
            shared,
            vendors,
            certificate,
        };
        worlds
            .unrecorded(|state, now| {
                for vendor in VENDORS {
                    (vendor.serve_pages_at)(state, sandbox.vendor_url(vendor.id));
                }
                state.use_options(now, &header.options)
            })
            .map_err(SandboxError::Refused)?;
        match opened {
            None => {}
            Some(Opened::New(mut journal)) => {
                journal.begin(&header)?;
                worlds.record_in(journal);
            }
            Some(Opened::Existing(_, reader)) => {
                worlds.restore(reader)?;
                self.renew_options(&worlds)?;
            }
        }
        if let Some(ports) = ports {
            // The clock is frozen until here.
            let speed = worlds.state().speed.unwrap_or(header.speed);
            worlds.clock.set_speed(speed);
            if let Some(speed) = self.speed.filter(|given| *given != speed) {
                worlds.set_speed(speed).map_err(SandboxError::Refused)?;
            }
            for (listener, port) in ports.0 {
                let served = serve(listener, port, acceptor.clone(), Arc::clone(&worlds));
                sandbox.tasks.spawn(served);
            }
            sandbox.tasks.spawn(tick(worlds));
        }
        Ok(sandbox)
    }

    /// Returns the header of the state file: that of an existing one, or a new one.
    fn header(&self, opened: Option<&Opened>) -> Result<Header, SandboxError> {
        let Some(Opened::Existing(header, reader)) = opened else {
            return Ok(Header::new(
                self.seed.unwrap_or_else(random::fresh_seed),
                self.start.unwrap_or(DEFAULT_START),
                self.speed.unwrap_or(1.0),
                self.options.clone(),
            ));
        };
        let refused = |name: &str, of_file: String| {
            let text = format!("its {name} is {of_file}: omit another one, or use another file");
            Err(journal::problem(reader.path(), text))
        };
        if self.seed.is_some_and(|seed| seed != header.seed) {
            return refused("seed", header.seed.to_string());
        }
        if self.start.is_some_and(|start| start != header.start) {
            return refused("start time", header.start.to_string());
        }
        let mut header = (**header).clone();
        header.options.shows_personal_data = self.options.shows_personal_data;
        Ok(header)
    }

    /// Replaces the options of a state file that this start has as well.
    fn renew_options(&self, worlds: &Worlds) -> Result<(), SandboxError> {
        let known = worlds.state().options.clone();
        let given = self.options.clone();
        let options = Options {
            auto: given.auto.or_else(|| known.auto.clone()),
            callback: given.callback.or_else(|| known.callback.clone()),
            ..known.clone()
        };
        if options == known {
            return Ok(());
        }
        worlds
            .execute(&Command::Options(options))
            .map(drop)
            .map_err(SandboxError::Refused)
    }

    /// Builds the worlds, with a frozen clock.
    fn worlds(&self, sender: CallbackSender, header: &Header) -> Worlds {
        let wall_clock = match &self.wall_clock {
            None if !self.in_process => Some(WallClock::system()),
            known => known.clone(),
        };
        let state = State::new(
            Random::new(header.seed),
            wall_clock,
            header.options.clone(),
            Reach::new(&self.callback_hosts),
            Hosts {
                is_exposed: self.is_exposed,
                public: self.public_host.clone(),
            },
        );
        Worlds::new(
            Clock::new(header.start, 0.0),
            sender,
            header.seed,
            !self.in_process,
            state,
        )
    }

    /// Binds the ports.
    async fn bind(&self) -> Result<Ports, SandboxError> {
        if !self.listen.ip().is_loopback() && !self.is_exposed {
            return Err(SandboxError::NotLoopback(self.listen));
        }
        if let Some(speed) = self.speed {
            check_speed(speed).map_err(|error| SandboxError::Refused(error.to_owned()))?;
        }
        let all = std::iter::once(Port::Shared).chain(VENDORS.iter().map(Port::Only));
        let mut ports = Vec::new();
        for (port, offset) in all.zip(0..) {
            let number = match self.listen.port() {
                0 => 0,
                first => first.saturating_add(offset),
            };
            let wanted = SocketAddr::new(self.listen.ip(), number);
            let listener = TcpListener::bind(wanted)
                .await
                .map_err(|error| SandboxError::Listen(wanted, error))?;
            ports.push((listener, port));
        }
        Ok(Ports(ports))
    }
}

/// The initial time of the clock by default: 1 January 2026.
const DEFAULT_START: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// The listeners: the shared one, then those of the vendors.
struct Ports(Vec<(TcpListener, Port)>);

impl Ports {
    /// Returns the authority of the shared address, and those of the vendors.
    fn authorities(&self, public: Option<&str>) -> (String, Vec<(&'static Entry, String)>) {
        let (mut shared, mut vendors) = (String::new(), Vec::new());
        for (listener, port) in &self.0 {
            let authority = listener
                .local_addr()
                .map(|address| match public {
                    Some(host) => format!("{host}:{}", address.port()),
                    None if address.ip().is_unspecified() => {
                        format!("localhost:{}", address.port())
                    }
                    None => address.to_string(),
                })
                .unwrap_or_default();
            match port {
                Port::Shared => shared = authority,
                Port::Only(vendor) => vendors.push((*vendor, authority)),
            }
        }
        (shared, vendors)
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
        if worlds.clock.speed() <= 0.0 {
            continue;
        }
        let now = worlds.clock.now();
        let due = worlds.state().next_due().is_some_and(|at| at <= now);
        if due {
            worlds.run_due().await;
        }
    }
}
