//! Driving and stopping the sandbox.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use tokio::task::JoinSet;

use crate::builder::Builder;
use crate::callback::RecordedCallback;
use crate::clock::later;
use crate::control;
use crate::fault::Fault;
use crate::vendor::{Entry, ForgedCallback, VENDORS, Vendor};
use crate::world::{RecordedRequest, Worlds};

/// An error of starting or driving the sandbox.
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
    /// The request is not possible; in words.
    #[error("{0}")]
    Refused(String),
}

/// The vendors, running. They stop when it is dropped.
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
    /// Returns a builder for a sandbox on free ports, without TLS, whose time begins on 1 January 2026 and runs as real time does.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Returns every vendor, in the order of their ports.
    #[must_use]
    pub fn vendors(&self) -> Vec<Vendor<'_>> {
        VENDORS
            .iter()
            .map(|entry| Vendor::new(self, entry))
            .collect()
    }

    /// Returns a vendor by its id.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Refused`] if there is no such vendor; it lists those that there are.
    pub fn vendor(&self, id: &str) -> Result<Vendor<'_>, SandboxError> {
        let entry = VENDORS.iter().find(|entry| entry.id == id).ok_or_else(|| {
            let ids: Vec<&str> = VENDORS.iter().map(|entry| entry.id).collect();
            SandboxError::Refused(format!(
                "there is no vendor `{id}`; there are: {}",
                ids.join(", ")
            ))
        })?;
        Ok(Vendor::new(self, entry))
    }

    /// Returns the environment variables that configure a client of this vendor, the choice of the vendor among them. There are none
    /// for an id that no vendor has.
    #[must_use]
    pub fn settings(&self, id: &str) -> Vec<(String, String)> {
        self.vendor(id)
            .map(|vendor| vendor.settings())
            .unwrap_or_default()
    }

    /// Time.
    #[must_use]
    pub fn clock(&self) -> VirtualClock {
        VirtualClock {
            worlds: Arc::clone(&self.worlds),
        }
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

    /// The seed of the ids. A sandbox with this seed gives the same ids for the same requests.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.worlds.seed
    }

    /// The authority's certificate in PEM, if TLS is on.
    #[must_use]
    pub fn ca_certificate_pem(&self) -> Option<&str> {
        self.certificate.as_deref()
    }

    /// Writes the authority's certificate out.
    ///
    /// # Errors
    ///
    /// Those of writing; [`io::ErrorKind::Unsupported`] if TLS is off.
    pub fn write_ca_certificate(&self, path: &Path) -> io::Result<()> {
        let pem = self
            .certificate
            .as_ref()
            .ok_or_else(|| io::Error::new(io::ErrorKind::Unsupported, "TLS is off"))?;
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

    /// Sends a body to a callback address by POST, as a stranger could. Returns the status, or 0 if there is none.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Refused`] if the address is not on the loopback interface.
    pub async fn forge_callback(
        &self,
        url: &str,
        body: impl Into<String>,
    ) -> Result<u16, SandboxError> {
        control::forge(&self.worlds, Method::POST, url, Some(body.into()))
            .await
            .map_err(SandboxError::Refused)
    }

    /// Requests a callback address by GET, as a stranger could. Returns the status, or 0 if there is none.
    ///
    /// # Errors
    ///
    /// As [`Sandbox::forge_callback`].
    pub async fn forge_visit(&self, url: &str) -> Result<u16, SandboxError> {
        control::forge(&self.worlds, Method::GET, url, None)
            .await
            .map_err(SandboxError::Refused)
    }

    /// Sends a forged callback, as a stranger could. Returns the status, or 0 if there is none.
    ///
    /// # Errors
    ///
    /// As [`Sandbox::forge_callback`].
    pub async fn forge(&self, forged: &ForgedCallback) -> Result<u16, SandboxError> {
        let body = Some(forged.body.clone()).filter(|body| !body.is_empty());
        control::forge(&self.worlds, forged.method.clone(), &forged.url, body)
            .await
            .map_err(SandboxError::Refused)
    }

    /// Stops, and waits until every port is free.
    pub async fn shutdown(mut self) {
        self.tasks.shutdown().await;
    }

    /// The base address of a vendor.
    pub(crate) fn vendor_url(&self, id: &str) -> String {
        self.url(
            self.vendors
                .iter()
                .find(|(known, _)| known.id == id)
                .map_or(&self.shared, |(_, authority)| authority),
        )
    }

    /// The vendor that is alone at an address.
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

/// Virtual time. Cheap to clone.
#[derive(Debug, Clone)]
pub struct VirtualClock {
    worlds: Arc<Worlds>,
}

impl VirtualClock {
    /// The time in the sandbox.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.worlds.clock.now()
    }

    /// The time of the next planned event: an action, an attempt at a callback. `None` if nothing is planned.
    #[must_use]
    pub fn next_due(&self) -> Option<Timestamp> {
        self.worlds.state().next_due()
    }

    /// Lets time pass: everything that becomes due is done in order, what comes of it included, and callbacks that become due have
    /// been tried when it returns.
    pub async fn advance(&self, by: Duration) {
        self.worlds
            .advance_to(later(self.worlds.clock.now(), by))
            .await;
    }
}
