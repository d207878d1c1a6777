//! Drives a vendor's emulator from Rust.

use serde::Serialize;

use crate::command::Command;
use crate::control;
use crate::part::Part;
use crate::sandbox::{Sandbox, SandboxError};
use crate::scenario::Step;
use crate::state::State;
use crate::vendor::{Entry, Vendor};
use crate::world::View;

/// A vendor's emulator, with the settings `A` of its account.
#[derive(Debug)]
pub struct Emulator<'a, A> {
    sandbox: &'a Sandbox,
    vendor: Vendor<'a>,
    api: &'static str,
    account: fn(&State) -> A,
    route: fn(&A) -> Vec<String>,
}

impl<'a, A: Clone + Serialize> Emulator<'a, A> {
    pub(crate) const fn of<P: Part<Account = A>>(sandbox: &'a Sandbox) -> Self {
        Self {
            sandbox,
            vendor: Vendor::new(sandbox, P::ENTRY),
            api: P::API,
            account: |state| P::seen(state).first.clone(),
            route: control::account_route::<P>,
        }
    }

    /// Returns the base address of the vendor's API.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}{}", self.vendor.base_url(), self.api)
    }

    /// Returns the account's settings.
    #[must_use]
    pub fn account(&self) -> A {
        (self.account)(&self.state())
    }

    /// Changes the account's settings.
    ///
    /// ```
    /// # async fn run() -> Result<(), idv_sandbox::SandboxError> {
    /// use idv_sandbox::Sandbox;
    ///
    /// let sandbox = Sandbox::builder().in_process().start().await?;
    /// sandbox.idnow().configure(|account| account.e_sign = true)?;
    /// assert!(sandbox.idnow().account().e_sign);
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run()).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`SandboxError::Refused`] if the settings are invalid.
    pub fn configure(&self, change: impl FnOnce(&mut A)) -> Result<(), SandboxError> {
        let mut account = self.account();
        change(&mut account);
        let settings = serde_json::to_string(&account)
            .map_err(|error| SandboxError::Refused(error.to_string()))?;
        self.change("PUT", (self.route)(&account), settings)
    }

    /// Lets the person and the vendor's staff act out a scenario, from now on, and returns their
    /// actions.
    ///
    /// # Errors
    ///
    /// [`SandboxError::Refused`] if there is no such scenario or verification, or if the
    /// verification is over.
    pub fn act(&self, id: &str, scenario: &str) -> Result<Vec<Step>, SandboxError> {
        self.vendor.act(id, scenario)
    }

    /// Returns the whole state of the sandbox, for reading.
    pub(crate) fn state(&self) -> View<'a> {
        self.sandbox.worlds.state()
    }

    /// Sends a request to a route of the control plane that belongs to the vendor.
    pub(crate) fn change(
        &self,
        method: &str,
        path: Vec<String>,
        body: String,
    ) -> Result<(), SandboxError> {
        let command = Command::Change {
            vendor: Entry::by_id(self.vendor.id()).map_err(SandboxError::Refused)?,
            method: method.to_owned(),
            path,
            body,
        };
        self.sandbox
            .worlds
            .execute(&command)
            .map(drop)
            .map_err(SandboxError::Refused)
    }

    /// Invalidates every token of the vendor.
    pub(crate) fn delete_tokens(&self) {
        // Only the state file could fail, and the next request reports that.
        let _ = self.change("DELETE", vec!["tokens".to_owned()], String::new());
    }
}
