//! Drives a vendor's emulator from Rust.

use std::sync::MutexGuard;

use crate::part::Part;
use crate::sandbox::{Sandbox, SandboxError};
use crate::scenario::Step;
use crate::vendor::Vendor;
use crate::world::State;

/// A vendor's emulator, with the settings `A` of its account.
#[derive(Debug)]
pub struct Emulator<'a, A> {
    sandbox: &'a Sandbox,
    vendor: Vendor<'a>,
    api: &'static str,
    account: fn(&State) -> A,
    configure: fn(&mut State, A) -> Result<(), &'static str>,
}

impl<'a, A: Clone> Emulator<'a, A> {
    pub(crate) const fn of<P: Part<Account = A>>(sandbox: &'a Sandbox) -> Self {
        Self {
            sandbox,
            vendor: Vendor::new(sandbox, P::ENTRY),
            api: P::API,
            account: |state| P::seen(state).first.clone(),
            configure: |state, account| P::of(state).0.configure(account),
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
        (self.configure)(&mut self.state(), account)
            .map_err(|error| SandboxError::Refused(error.to_owned()))
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

    /// Returns the whole state of the sandbox.
    pub(crate) fn state(&self) -> MutexGuard<'a, State> {
        self.sandbox.worlds.state()
    }
}
