//! The running sandbox, and its clock.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use tokio::task::JoinSet;

use crate::builder::Builder;
use crate::callback::RecordedCallback;
use crate::clock::{ClockMode, later};
use crate::command::Command;
use crate::control;
use crate::fault::Fault;
use crate::record::RecordedRequest;
use crate::vendor::{Entry, ForgedCallback, VENDORS, Vendor};
use crate::world::Worlds;

/// A failure to start or drive the sandbox.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The address is not on the loopback interface.
    #[error(
        "cannot listen on {0}: expected an address of the loopback interface, unless the sandbox is exposed"
    )]
    NotLoopback(SocketAddr),
    /// A port is not available.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    /// The temporary certificates could not be generated.
    #[error("cannot generate the certificates for TLS")]
    Tls,
    /// The HTTP client for callbacks could not be built.
    #[error("cannot build the HTTP client for callbacks")]
    Client(#[source] reqwest::Error),
    /// The state file cannot be used, for the given reason.
    #[error("cannot use the state file {}: {_1}", _0.display())]
    State(PathBuf, String),
    /// The operation is impossible, for the given reason.
    #[error("{0}")]
    Refused(String),
}

/// The running emulators, which stop when this is dropped.
///
/// ```
/// # async fn run() -> Result<(), idv_sandbox::SandboxError> {
/// use idv_sandbox::Sandbox;
///
/// let sandbox = Sandbox::builder().start().await?;
/// for vendor in sandbox.vendors() {
///     println!("{} is at {}", vendor.name(), vendor.base_url());
/// }
/// sandbox.shutdown().await;
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run()).unwrap();
/// ```
pub struct Sandbox {
    pub(crate) worlds: Arc<Worlds>,
    pub(crate) tasks: JoinSet<()>,
    /// The authority of the shared address.
    pub(crate) shared: String,
    /// The authority of each vendor's own address.
    pub(crate) vendors: Vec<(&'static Entry, String)>,
    pub(crate) certificate: Option<String>,
}

impl Sandbox {
    /// Returns a builder for a sandbox on free ports, without TLS, whose clock starts on 1 January
    /// 2026 at the speed of real time.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Returns all vendors, in the order of their ports.
    #[must_use]
    pub fn vendors(&self) -> Vec<Vendor<'_>> {
        VENDORS
            .iter()
            .map(|entry| Vendor::new(self, entry))
            .collect()
    }

    /// Returns a vendor by its id, such as `idnow`.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Refused`] with a list of the vendors, if there is no such vendor.
    pub fn vendor(&self, id: &str) -> Result<Vendor<'_>, SandboxError> {
        let entry = Entry::by_id(id).map_err(SandboxError::Refused)?;
        Ok(Vendor::new(self, entry))
    }

    /// Returns the environment variables that configure a client for a vendor, including
    /// `IDV_PROVIDER`.
    ///
    /// The result is empty if there is no such vendor.
    #[must_use]
    pub fn settings(&self, id: &str) -> Vec<(String, String)> {
        self.vendor(id)
            .map(|vendor| vendor.settings())
            .unwrap_or_default()
    }

    /// Returns the sandbox's clock.
    #[must_use]
    pub fn clock(&self) -> VirtualClock {
        VirtualClock {
            worlds: Arc::clone(&self.worlds),
        }
    }

    /// Returns the base address that serves every vendor, selected by the `Host` header.
    #[must_use]
    pub fn shared_url(&self) -> String {
        self.url(&self.shared)
    }

    /// Returns the base address of the control plane.
    #[must_use]
    pub fn control_url(&self) -> String {
        format!("{}/_control/", self.shared_url())
    }

    /// Returns the seed of the ids. A sandbox with the same seed gives the same ids for the same
    /// requests.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.worlds.seed
    }

    /// Returns the authority's certificate in PEM, if TLS is on.
    #[must_use]
    pub fn ca_certificate_pem(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// Writes the authority's certificate to a file in PEM.
    ///
    /// # Errors
    ///
    /// An I/O error if the file cannot be written; [`io::ErrorKind::Unsupported`] if TLS is off.
    pub fn write_ca_certificate(&self, path: &Path) -> io::Result<()> {
        let pem = self
            .certificate
            .as_ref()
            .ok_or_else(|| io::Error::new(io::ErrorKind::Unsupported, "TLS is off"))?;
        std::fs::write(path, pem)
    }

    /// Plans a fault.
    ///
    /// ```
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// use idv_sandbox::{Fault, FaultKind, Sandbox};
    ///
    /// let sandbox = Sandbox::builder().in_process().start().await?;
    /// // The vendor acts on the second create request, and its response is lost.
    /// sandbox.plan(Fault::new(FaultKind::CutAfter).at(sandbox.vendor("idnow")?.create_path()).after(1));
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run()).unwrap();
    /// ```
    pub fn plan(&self, fault: Fault) {
        // Only the state file could fail, and the next request reports that.
        let _ = self.worlds.execute(&Command::Plan(fault));
    }

    /// Removes all planned faults.
    pub fn clear_faults(&self) {
        let _ = self.worlds.execute(&Command::ClearFaults);
    }

    /// Returns the requests to the vendors, in order: the latest 100,000.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.worlds.state().requests.requests().cloned().collect()
    }

    /// Returns the callbacks and their states, in order: the latest 100,000.
    #[must_use]
    pub fn callbacks(&self) -> Vec<RecordedCallback> {
        self.worlds.state().callbacks.iter().cloned().collect()
    }

    /// Sends a callback again, at once, as the vendor's panel does. The reply is the callback's
    /// latest attempt. A successful one ends the vendor's own attempts.
    ///
    /// ```
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// use http::StatusCode;
    /// use idv_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::builder()
    ///     .in_process()
    ///     .deliver_callbacks_to(|_request| async { Some(StatusCode::OK) })
    ///     .start()
    ///     .await?;
    /// # let request = http::Request::post(format!("{}/api/v1/ihrebank/identifications/T-1/start", sandbox.idnow().base_url()))
    /// #     .header("content-type", "application/json")
    /// #     .header("x-api-key", sandbox.idnow().api_key())
    /// #     .body(bytes::Bytes::from(r#"{"firstname":"Erika","lastname":"Mustermann"}"#))?;
    /// # sandbox.vendor("idnow")?.report_to("http://127.0.0.1:8080/callbacks")?;
    /// # sandbox.exchange(request).await?;
    /// # sandbox.idnow().act("T-1", "happy")?;
    /// # sandbox.clock().advance(std::time::Duration::from_secs(3600)).await;
    /// // After the client has created a verification, and a scenario has sent callbacks:
    /// sandbox.resend(1).await?;
    /// assert_eq!(sandbox.callbacks()[0].attempts.len(), 2);
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run()).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`SandboxError::Refused`] if there is no callback with this [number](RecordedCallback::number),
    /// or if it is too old: the sandbox keeps the requests of the latest 1,000 callbacks.
    ///
    /// # Cancellation
    ///
    /// The callback may already have been sent.
    pub async fn resend(&self, callback: usize) -> Result<(), SandboxError> {
        self.worlds
            .resend(callback)
            .await
            .map_err(SandboxError::Refused)
    }

    /// Sends a callback again, at once, twice in a row.
    ///
    /// # Errors
    ///
    /// As [`Sandbox::resend`].
    ///
    /// # Cancellation
    ///
    /// As [`Sandbox::resend`].
    pub async fn duplicate(&self, callback: usize) -> Result<(), SandboxError> {
        self.worlds
            .duplicate(callback)
            .await
            .map_err(SandboxError::Refused)
    }

    /// Postpones a callback that is still to come by this virtual time, or sends it again after
    /// that time.
    ///
    /// # Errors
    ///
    /// As [`Sandbox::resend`].
    pub fn delay(&self, callback: usize, by: Duration) -> Result<(), SandboxError> {
        self.worlds
            .delay(callback, by.as_secs())
            .map_err(SandboxError::Refused)
    }

    /// Sends a callback with a wrong secret, at once, and records it as another callback. Returns
    /// the status of the reply, or 0 if there is none.
    ///
    /// # Errors
    ///
    /// As [`Sandbox::resend`], and if the callback has no secret.
    ///
    /// # Cancellation
    ///
    /// As [`Sandbox::resend`].
    pub async fn forge_like(&self, callback: usize) -> Result<u16, SandboxError> {
        self.worlds
            .forge_like(callback)
            .await
            .map_err(SandboxError::Refused)
    }

    /// Returns the subjects of the mails that the vendors sent about undelivered callbacks.
    #[must_use]
    pub fn mails(&self) -> Vec<String> {
        self.worlds.state().mails.clone()
    }

    /// Removes verifications, settings, faults, records and planned events. The clock keeps its
    /// time.
    ///
    /// # Cancellation
    ///
    /// The reset may then not have happened; it never happens in part.
    pub async fn reset(&self) {
        // Only the state file could fail, and the next request reports that.
        let _ = self.worlds.reset().await;
    }

    /// Sends a forged callback with this body by POST. Returns the status of the reply, or 0 if
    /// there is none.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Refused`] if the address is not on the loopback interface.
    ///
    /// # Cancellation
    ///
    /// The request may already have been sent.
    pub async fn forge_callback(
        &self,
        url: &str,
        body: impl Into<String>,
    ) -> Result<u16, SandboxError> {
        control::forge(&self.worlds, Method::POST, url, Some(body.into()))
            .await
            .map_err(SandboxError::Refused)
    }

    /// Sends a forged callback without a body by GET. Returns the status of the reply, or 0 if
    /// there is none.
    ///
    /// # Errors
    ///
    /// As [`Sandbox::forge_callback`].
    ///
    /// # Cancellation
    ///
    /// As [`Sandbox::forge_callback`].
    pub async fn forge_visit(&self, url: &str) -> Result<u16, SandboxError> {
        control::forge(&self.worlds, Method::GET, url, None)
            .await
            .map_err(SandboxError::Refused)
    }

    /// Sends a forged callback of a vendor. Returns the status of the reply, or 0 if there is none.
    ///
    /// ```
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// use http::StatusCode;
    /// use idv_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::builder()
    ///     .in_process()
    ///     .deliver_callbacks_to(|_request| async { Some(StatusCode::FORBIDDEN) })
    ///     .start()
    ///     .await?;
    /// let forged = sandbox.vendor("idnow")?.forgery("http://127.0.0.1:8080/callbacks", "T-1", "IBA-FORGE");
    /// assert_eq!(sandbox.forge(&forged).await?, 403);
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run()).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Sandbox::forge_callback`].
    ///
    /// # Cancellation
    ///
    /// As [`Sandbox::forge_callback`].
    pub async fn forge(&self, forged: &ForgedCallback) -> Result<u16, SandboxError> {
        let body = Some(forged.body.clone()).filter(|body| !body.is_empty());
        control::forge(&self.worlds, forged.method.clone(), &forged.url, body)
            .await
            .map_err(SandboxError::Refused)
    }

    /// Stops the sandbox and waits until its ports are free.
    ///
    /// # Cancellation
    ///
    /// The sandbox still stops, at some later time.
    pub async fn shutdown(mut self) {
        self.tasks.shutdown().await;
    }

    /// Returns the base address of a vendor.
    pub(crate) fn vendor_url(&self, id: &str) -> String {
        self.url(
            self.vendors
                .iter()
                .find(|(known, _)| known.id == id)
                .map_or(&self.shared, |(_, authority)| authority),
        )
    }

    /// Returns the vendor at its own address.
    pub(crate) fn at(&self, authority: &str) -> Option<&'static Entry> {
        self.vendors
            .iter()
            .find(|(_, known)| known.eq_ignore_ascii_case(authority))
            .map(|(vendor, _)| *vendor)
    }

    fn url(&self, authority: &str) -> String {
        format!(
            "{}://{authority}",
            if self.certificate.is_some() {
                "https"
            } else {
                "http"
            }
        )
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("shared", &self.shared)
            .field("vendors", &self.vendors)
            .finish_non_exhaustive()
    }
}

/// The sandbox's virtual clock. Clones are cheap and share the same time.
#[derive(Debug, Clone)]
pub struct VirtualClock {
    worlds: Arc<Worlds>,
}

impl VirtualClock {
    /// Returns the time in the sandbox.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.worlds.clock.now()
    }

    /// Returns the mode of the clock.
    #[must_use]
    pub fn mode(&self) -> ClockMode {
        ClockMode::of(self.worlds.clock.speed())
    }

    /// Sets the speed of the clock in virtual seconds per real second; 0 freezes it.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Refused`] unless the speed is a number from 0 to 1,000,000, or if the
    /// sandbox is [in process](Builder::in_process).
    pub fn set_speed(&self, speed: f64) -> Result<(), SandboxError> {
        self.worlds.set_speed(speed).map_err(SandboxError::Refused)
    }

    /// Moves the clock forward to the next planned event and runs what is due then. Returns whether
    /// there is an event.
    ///
    /// # Cancellation
    ///
    /// As [`VirtualClock::advance`].
    pub async fn advance_to_next(&self) -> bool {
        self.worlds.advance_to_next().await
    }

    /// Returns the time of the next planned event, such as an action or an attempt at a callback;
    /// `None` if there is none.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.worlds.state().next_due()
    }

    /// Moves the clock forward and runs every event that becomes due, in order, including those
    /// that follow from earlier ones.
    ///
    /// When it returns, the sandbox has attempted every callback that became due.
    ///
    /// ```
    /// # async fn run() -> Result<(), idv_sandbox::SandboxError> {
    /// use std::time::Duration;
    /// use idv_sandbox::Sandbox;
    ///
    /// let clock = Sandbox::builder().in_process().start().await?.clock();
    /// let before = clock.now();
    /// clock.advance(Duration::from_secs(24 * 3600)).await;
    /// assert_eq!(clock.now().as_second() - before.as_second(), 86_400);
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run()).unwrap();
    /// ```
    ///
    /// # Cancellation
    ///
    /// The clock may then stand between its old and its new time; events before that moment have
    /// run.
    pub async fn advance(&self, by: Duration) {
        self.worlds
            .advance_to(later(self.worlds.clock.now(), by))
            .await;
    }
}
