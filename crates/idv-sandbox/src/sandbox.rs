//! Starting, driving and stopping the sandbox.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use jiff::Timestamp;
use tokio::task::JoinSet;

use crate::callback::{Post, RecordedCallback};
use crate::clock::{Clock, later};
use crate::cm_id_scan::handle::CmIdScan;
use crate::control;
use crate::fault::Fault;
use crate::identify24::handle::Identify24;
use crate::identity_tm::handle::IdentityTm;
use crate::idnow::handle::Idnow;
use crate::in_process::{self, Receive};
use crate::route::Port;
use crate::server::{bind, serve};
use crate::tls;
use crate::vendor::Vendor;
use crate::verificar_identidad::handle::VerificarIdentidad;
use crate::world::{RecordedRequest, Worlds};

/// How the sandbox is to be.
#[derive(Debug, Clone)]
pub struct Builder {
    listen: SocketAddr,
    tls: bool,
    speed: f64,
    start: Timestamp,
    seed: u64,
    in_process: bool,
    receive: Option<Receive>,
}

/// Why the sandbox did not start, or did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The address is not on the loopback interface.
    #[error("the sandbox listens on the loopback interface only: {0} is not on it")]
    NotLoopback(SocketAddr),
    /// A port could not be taken.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    /// The throwaway certificates could not be made.
    #[error("the throwaway certificates cannot be made")]
    Tls,
    /// The client that delivers callbacks could not be made.
    #[error("the client for callbacks cannot be made")]
    Client(#[source] reqwest::Error),
    /// What was asked for is not possible; in words.
    #[error("{0}")]
    Refused(String),
}

/// The vendors, running. They stop when it is dropped.
pub struct Sandbox {
    pub(crate) worlds: Arc<Worlds>,
    tasks: JoinSet<()>,
    /// Where all of them are: the authority of the address.
    shared: String,
    /// Where each vendor is.
    vendors: Vec<(Vendor, String)>,
    certificate: Option<String>,
}

impl Sandbox {
    /// A sandbox on free ports, without TLS, whose time begins on 1 January 2026 and runs as real time does.
    #[must_use]
    pub fn builder() -> Builder {
        Builder {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            tls: false,
            speed: 1.0,
            start: Timestamp::from_second(1_767_225_600).unwrap_or_default(),
            seed: 1,
            in_process: false,
            receive: None,
        }
    }

    /// IDnow.
    #[must_use]
    pub fn idnow(&self) -> Idnow<'_> {
        Idnow::new(self)
    }

    /// Identity.TM.
    #[must_use]
    pub const fn identity_tm(&self) -> IdentityTm<'_> {
        IdentityTm::new(self)
    }

    /// CM.com ID Scan.
    #[must_use]
    pub const fn cm_id_scan(&self) -> CmIdScan<'_> {
        CmIdScan::new(self)
    }

    /// Identify24.
    #[must_use]
    pub const fn identify24(&self) -> Identify24<'_> {
        Identify24::new(self)
    }

    /// VerificarIdentidad.
    #[must_use]
    pub const fn verificar_identidad(&self) -> VerificarIdentidad<'_> {
        VerificarIdentidad::new(self)
    }

    /// Time.
    #[must_use]
    pub fn clock(&self) -> VirtualClock {
        VirtualClock { worlds: Arc::clone(&self.worlds) }
    }

    /// The base address that serves every vendor by its `Host` header.
    #[must_use]
    pub fn shared_url(&self) -> String {
        self.url(&self.shared)
    }

    /// The base address of the control plane.
    #[must_use]
    pub fn control_url(&self) -> String {
        format!("{}/_control/", self.shared_url())
    }

    /// The authority's certificate in PEM, where TLS is on.
    #[must_use]
    pub fn ca_certificate_pem(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// Writes the authority's certificate out.
    ///
    /// # Errors
    ///
    /// Those of writing; [`io::ErrorKind::Unsupported`] where TLS is off.
    pub fn write_ca_certificate(&self, path: &Path) -> io::Result<()> {
        let pem = self.certificate.as_ref().ok_or_else(|| io::Error::new(io::ErrorKind::Unsupported, "TLS is off"))?;
        std::fs::write(path, pem)
    }

    /// Plans a fault.
    pub fn plan(&self, fault: Fault) {
        self.worlds.state().faults.add(fault);
    }

    /// Forgets the faults that are still planned.
    pub fn clear_faults(&self) {
        self.worlds.state().faults.clear();
    }

    /// Every request that a vendor's part has answered.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.worlds.state().requests.clone()
    }

    /// Every callback and what became of it.
    #[must_use]
    pub fn callbacks(&self) -> Vec<RecordedCallback> {
        self.worlds.state().callbacks.clone()
    }

    /// The subjects of the mails that the vendors' systems sent.
    #[must_use]
    pub fn mails(&self) -> Vec<String> {
        self.worlds.state().mails.clone()
    }

    /// Forgets identifications, settings, faults and records, and what was planned; the time stays.
    pub async fn reset(&self) {
        self.worlds.reset().await;
    }

    /// Sends a body to a callback address by POST, as anybody could. Returns the status, or 0 where none came.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Refused`] where the address is not on the loopback interface.
    pub async fn forge_callback(&self, url: &str, body: impl Into<String>) -> Result<u16, SandboxError> {
        control::forge(&self.worlds, Method::POST, url, Some(body.into())).await.map_err(SandboxError::Refused)
    }

    /// Asks for a callback address by GET, as anybody could. Returns the status, or 0 where none came.
    ///
    /// # Errors
    ///
    /// As [`Sandbox::forge_callback`].
    pub async fn forge_visit(&self, url: &str) -> Result<u16, SandboxError> {
        control::forge(&self.worlds, Method::GET, url, None).await.map_err(SandboxError::Refused)
    }

    /// Stops, and waits until every port is free.
    pub async fn shutdown(mut self) {
        self.tasks.shutdown().await;
    }

    /// The base address of a vendor.
    pub(crate) fn vendor_url(&self, vendor: Vendor) -> String {
        self.url(self.vendors.iter().find(|(known, _)| *known == vendor).map_or(&self.shared, |(_, authority)| authority))
    }

    /// Who alone is at an address.
    pub(crate) fn at(&self, authority: &str) -> Option<Vendor> {
        self.vendors.iter().find(|(_, known)| known.eq_ignore_ascii_case(authority)).map(|(vendor, _)| *vendor)
    }

    fn url(&self, authority: &str) -> String {
        format!("{}://{authority}", if self.certificate.is_some() { "https" } else { "http" })
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("shared", &self.shared).field("vendors", &self.vendors).finish_non_exhaustive()
    }
}

impl Builder {
    /// Listens here. The port is the shared one, and the next ones are the vendors'; with port 0 each is any free one.
    #[must_use]
    pub const fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Serves HTTPS, by a throwaway authority.
    #[must_use]
    pub const fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// How many virtual seconds pass in a real one. With 0 time stands still until it is advanced.
    #[must_use]
    pub const fn speed(mut self, speed: f64) -> Self {
        self.speed = speed;
        self
    }

    /// When virtual time begins.
    #[must_use]
    pub const fn start_time(mut self, start: Timestamp) -> Self {
        self.start = start;
        self
    }

    /// From what the ids are made; the same seed makes the same ids.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Starts no listener and no task, and opens no connection: requests are answered by [`Sandbox::exchange`] alone, and callbacks
    /// arrive where [`Builder::deliver_callbacks_to`] says, else nowhere. Time stands still until it is advanced. What is said of
    /// listening, TLS and speed means nothing then, and no runtime is needed.
    ///
    /// The vendors' addresses are names below `localhost`.
    #[must_use]
    pub const fn in_process(mut self) -> Self {
        self.in_process = true;
        self
    }

    /// Delivers every callback by calling this function, forged ones included, instead of over the network. It is given the request as
    /// a server sees it, with the path and the query in its address and the host in its `Host` header, and says with which status it
    /// is answered: `None` where nobody answers. Only callbacks to the loopback interface are sent, here too.
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
    /// Those of [`SandboxError`].
    pub async fn start(mut self) -> Result<Sandbox, SandboxError> {
        let post = match self.receive.take() {
            Some(receive) => Post::InProcess(receive),
            None if self.in_process => Post::Nobody,
            None => Post::Network(network()?),
        };
        let sandbox = if self.in_process { self.inside(post) } else { self.listening(post).await? };
        let pages = [Vendor::IdentityTm, Vendor::CmIdScan, Vendor::Identify24, Vendor::VerificarIdentidad];
        sandbox.worlds.state().serve_pages_at(pages.map(|vendor| sandbox.vendor_url(vendor)));
        Ok(sandbox)
    }

    /// The sandbox without a network.
    fn inside(&self, post: Post) -> Sandbox {
        Sandbox {
            worlds: Arc::new(Worlds::new(Clock::new(self.start, 0.0), post, self.seed)),
            tasks: JoinSet::new(),
            shared: "sandbox.localhost".to_owned(),
            vendors: Vendor::ALL.map(|vendor| (vendor, in_process::authority(vendor))).into(),
            certificate: None,
        }
    }

    /// The sandbox on its ports.
    async fn listening(self, post: Post) -> Result<Sandbox, SandboxError> {
        if !self.listen.ip().is_loopback() {
            return Err(SandboxError::NotLoopback(self.listen));
        }
        let speed = if self.speed.is_finite() { self.speed.max(0.0) } else { 1.0 };
        let worlds = Arc::new(Worlds::new(Clock::new(self.start, speed), post, self.seed));
        let (acceptor, certificate) = if self.tls {
            let (acceptor, certificate) = tls::authority()?;
            (Some(acceptor), Some(certificate))
        } else {
            (None, None)
        };
        let mut tasks = JoinSet::new();
        let mut take = async |port: Port, offset: u16| {
            let number = if self.listen.port() == 0 { 0 } else { self.listen.port().saturating_add(offset) };
            let wanted = SocketAddr::new(self.listen.ip(), number);
            let (listener, address) = bind(wanted).await.map_err(|error| SandboxError::Listen(wanted, error))?;
            tasks.spawn(serve(listener, port, acceptor.clone(), Arc::clone(&worlds)));
            Ok::<_, SandboxError>(address.to_string())
        };
        let shared = take(Port::Shared, 0).await?;
        let mut vendors = Vec::new();
        for (vendor, offset) in Vendor::ALL.into_iter().zip(1..) {
            vendors.push((vendor, take(Port::Only(vendor), offset).await?));
        }
        if speed > 0.0 {
            tasks.spawn(tick(Arc::clone(&worlds)));
        }
        Ok(Sandbox { worlds, tasks, shared, vendors, certificate })
    }
}

/// What callbacks leave by.
fn network() -> Result<reqwest::Client, SandboxError> {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(Duration::from_secs(10))
        .build()
        .map_err(SandboxError::Client)
}

/// Does what becomes due as time passes by itself.
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

/// Virtual time. Cheap to clone.
#[derive(Debug, Clone)]
pub struct VirtualClock {
    worlds: Arc<Worlds>,
}

impl VirtualClock {
    /// What time it is in the sandbox.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.worlds.clock.now()
    }

    /// When something happens by itself the next time: somebody acts, a callback is tried. `None` where nothing is planned.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.worlds.state().next_due()
    }

    /// Lets time pass: everything that becomes due is done in order, what comes of it included, and callbacks that become due have
    /// been tried when it returns.
    pub async fn advance(&self, by: Duration) {
        self.worlds.advance_to(later(self.worlds.clock.now(), by)).await;
    }
}
