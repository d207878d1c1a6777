//! An account as an operator sees and controls it.

use idv_core::Timestamp;
use serde::Serialize;

use super::control::{AccountChange, AccountControl, AccountMode, StoredLimits};
use super::limits::AccountLimits;
use crate::audit::{AuditEntry, Event};
use crate::engine::Engine;
use crate::engine::repository::{Inner, VendorHandle};
use crate::error::Result;

/// The state of an account, for all programs together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AccountStatus {
    /// The name of the account.
    pub account: String,
    /// The provider's id.
    pub provider: String,
    /// Whether the account takes new flows and calls its vendor.
    pub mode: AccountMode,
    /// When an operator last set the mode.
    pub since: Option<Timestamp>,
    /// The limits of its calls.
    pub limits: AccountLimits,
    /// Whether an operator has set the limits. If not, they are those of the program's
    /// configuration.
    pub limits_are_set: bool,
    /// The number of calls that programs have under way or have reserved. Without a limit of
    /// concurrent calls, those of this program only.
    pub in_flight: u32,
    /// The number of outages in a row.
    pub outages: u32,
    /// The open circuit; `None` while calls are made normally.
    pub circuit: Option<CircuitStatus>,
    /// The latest changes by operators, oldest first.
    pub history: Vec<AccountChange>,
}

/// An open circuit: only probes are sent until one is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CircuitStatus {
    /// When the circuit opened.
    pub open_since: Timestamp,
    /// When the next call may probe the vendor.
    pub probe_at: Timestamp,
    /// The kind of the failure that opened it: see [`ErrorKind::name`](idv_core::ErrorKind::name).
    pub kind: String,
}

impl Engine {
    /// Returns the state of an account, read from the store.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_core::NewVerification;
    /// use idv_flow::AccountMode;
    ///
    /// let status = engine.account_status("idnow").await?;
    /// assert_eq!((status.mode, status.outages), (AccountMode::Active, 0));
    ///
    /// # bank.vendor_is_down(true);
    /// // The vendor is down.
    /// engine.start(NewVerification::new(engine.reference())).await?;
    /// assert_eq!(engine.account_status("idnow").await?.outages, 1);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`FlowError::UnknownAccount`](crate::FlowError::UnknownAccount);
    /// [`FlowError::Damaged`](crate::FlowError::Damaged) or
    /// [`FlowError::Newer`](crate::FlowError::Newer) if its control cannot be read: then this
    /// program makes no calls to its vendor.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn account_status(&self, account: &str) -> Result<AccountStatus> {
        let at = self.inner.account(account)?;
        self.inner.account_status(&at).await
    }

    /// Returns the audit trail of an account: the changes that operators have made to its control,
    /// in order. The account need not be configured.
    ///
    /// # Errors
    ///
    /// Those of the store.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn audit_of_account(&self, account: &str) -> Result<Vec<AuditEntry>> {
        let id = self.inner.keys.account_trail(account);
        Ok(self.inner.store.audit_of(id).await?)
    }

    /// Stops all calls to an account's vendor, by all programs. `by` is the operator's account,
    /// without personal data.
    ///
    /// Its flows wait, with their expiry, their deletion and the erasure of our own copies.
    /// Callbacks are still acknowledged and processed, and [`Engine::start`] commits the intent and
    /// sends nothing, as [`Engine::submit`]. Calls under way end normally. This program stops at
    /// once, the others within 5 seconds.
    ///
    /// The change is logged, remembered in [`AccountStatus::history`], and an entry of the account's
    /// audit trail: see [`Engine::audit_of_account`].
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_core::NewVerification;
    ///
    /// let status = engine.pause_account("idnow", "desk-3").await?;
    /// assert_eq!(status.mode.name(), "paused");
    /// assert_eq!(status.history[0].by, "desk-3");
    ///
    /// let started = engine.start(NewVerification::new(engine.reference())).await?;
    /// engine.run_due().await?;
    /// # assert_eq!(bank.requests(), 0);
    /// // Nothing was sent: the hand-off comes once the account is resumed.
    /// assert_eq!(started.hand_off, None);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Engine`](Engine#errors).
    /// [`FlowError::UnknownAccount`](crate::FlowError::UnknownAccount) if the account is not
    /// configured here; [`FlowError::Conflict`](crate::FlowError::Conflict) if others changed its
    /// control too often meanwhile.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the change is made as a whole or not at all; repeat the call to be
    /// sure.
    pub async fn pause_account(&self, account: &str, by: &str) -> Result<AccountStatus> {
        self.inner
            .set_mode(account, AccountMode::Paused, "pause", by)
            .await
    }

    /// Ends a pause or a drain of an account.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// # let clock = bank.clock.clone();
    /// use idv_core::NewVerification;
    ///
    /// engine.pause_account("idnow", "desk-3").await?;
    /// let started = engine.start(NewVerification::new(engine.reference())).await?;
    ///
    /// engine.resume_account("idnow", "desk-3").await?;
    /// clock.advance(std::time::Duration::from_secs(60));
    /// engine.run_due().await?;
    /// assert!(engine.status(started.id).await?.hand_off.is_some());
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Engine::pause_account`].
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the change is made as a whole or not at all; repeat the call to be
    /// sure.
    pub async fn resume_account(&self, account: &str, by: &str) -> Result<AccountStatus> {
        self.inner
            .set_mode(account, AccountMode::Active, "resume", by)
            .await
    }

    /// Refuses new flows at an account with [`FlowError::Draining`](crate::FlowError::Draining),
    /// and lets the others finish. Ends a pause.
    ///
    /// A repeated start of an earlier flow still returns that flow.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_core::NewVerification;
    /// use idv_flow::FlowError;
    /// # let open = bank.start(&engine).await?;
    ///
    /// engine.drain_account("idnow", "desk-3").await?;
    /// let error = engine.start(NewVerification::new(engine.reference())).await.unwrap_err();
    /// assert!(matches!(error, FlowError::Draining(account) if account == "idnow"));
    ///
    /// // Flows that were started earlier continue.
    /// assert!(engine.plan(open).await?.due.is_some());
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Engine::pause_account`].
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the change is made as a whole or not at all; repeat the call to be
    /// sure.
    pub async fn drain_account(&self, account: &str, by: &str) -> Result<AccountStatus> {
        self.inner
            .set_mode(account, AccountMode::Draining, "drain", by)
            .await
    }

    /// Sets the limits of the calls of all programs together at an account, in place of those of
    /// the configuration. `None` returns to the configuration's.
    ///
    /// In a period `t` at most `rate × (t + 0.5 s) + 1` calls start. Lowered limits hold for calls
    /// that start from then on: of this program at once, of others within 5 seconds.
    ///
    /// ```
    /// # mod bank { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/bank.rs")); }
    /// # bank::run(async |bank| {
    /// # let engine = bank.engine().await?;
    /// use idv_flow::AccountLimits;
    ///
    /// let limits = AccountLimits::none().per_minute(30);
    /// let status = engine.limit_account("idnow", Some(limits), "desk-3").await?;
    /// assert!(status.limits_are_set);
    /// assert_eq!(status.limits, limits);
    ///
    /// let status = engine.limit_account("idnow", None, "desk-3").await?;
    /// assert!(status.limits.is_none()); // as the program is configured
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Engine::pause_account`]; [`FlowError::Invalid`](crate::FlowError::Invalid) if the
    /// limits allow no call.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the change is made as a whole or not at all; repeat the call to be
    /// sure.
    pub async fn limit_account(
        &self,
        account: &str,
        limits: Option<AccountLimits>,
        by: &str,
    ) -> Result<AccountStatus> {
        if let Some(limits) = &limits {
            limits.check()?;
        }
        self.inner
            .change_account(account, "limit", by, |control, _| {
                control.limits = limits.map(StoredLimits::from);
            })
            .await
    }
}

impl Inner {
    pub(crate) async fn account_status(&self, at: &VendorHandle) -> Result<AccountStatus> {
        let control = self.read_control(&at.id).await?.control;
        Ok(self.status_of_control(at, control))
    }

    fn status_of_control(&self, at: &VendorHandle, control: AccountControl) -> AccountStatus {
        let limits = control.limits(at.limits);
        let circuit = control.open.as_ref().map(|open| CircuitStatus {
            open_since: open.since,
            probe_at: open.probe_at,
            kind: open.kind.clone(),
        });
        AccountStatus {
            account: at.id.clone(),
            provider: at.client.info().provider.to_string(),
            mode: control.mode,
            since: control.since,
            limits,
            limits_are_set: control.limits.is_some(),
            in_flight: match limits.concurrent {
                Some(_) => control.taken(self.now()),
                None => self.permits.in_use(&at.id),
            },
            outages: control.outages,
            circuit,
            history: control.history,
        }
    }

    async fn set_mode(
        &self,
        account: &str,
        mode: AccountMode,
        change: &'static str,
        by: &str,
    ) -> Result<AccountStatus> {
        self.change_account(account, change, by, |control, now| {
            if control.mode != mode || control.since.is_none() {
                control.since = Some(now);
            }
            control.mode = mode;
        })
        .await
    }

    /// Makes an operator's change, and has the workers take notice.
    async fn change_account(
        &self,
        account: &str,
        change: &'static str,
        by: &str,
        apply: impl Fn(&mut AccountControl, Timestamp),
    ) -> Result<AccountStatus> {
        let at = self.account(account)?;
        let now = self.now();
        let changed = self
            .change_audited(&at.id, |control| {
                apply(control, now);
                control.note(by, change, now);
                let event = Event::AccountChanged {
                    account: at.id.clone(),
                    change,
                    by: by.to_owned(),
                    mode: control.mode,
                    limits: control.set_limits(),
                    restored_from: None,
                };
                Some((control.clone(), Some(event)))
            })
            .await?;
        tracing::warn!(account = %at.id, change, by, "an operator changed the control of an account");
        self.permits.refuse_until(&at.id, now);
        self.wakeup.notify_one();
        Ok(self.status_of_control(&at, changed.unwrap_or_default()))
    }
}
