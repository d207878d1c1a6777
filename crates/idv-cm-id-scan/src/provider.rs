//! The vendor as the model sees it.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use idv_core::adapter::Customize;
use idv_core::call::CallContext;
use idv_core::{
    CallbackAuth, CallbackMessage, CallbackSpec, Callbacks, Capabilities, CreateResponse,
    CreateSafety, Delivery, Error, ErrorKind, HandOff, HandOffKind, NewVerification, Observation,
    Polling, Provider, ProviderId, ReportSource, Result, ResultHandle, Results, Url, VendorInfo,
    VerificationId, async_trait,
};

use crate::api::{
    Api, Locale, NewTransaction, NewWebhook, ResultId, TransactionId, WebhookCreated,
};
use crate::callback;
use crate::config::CmIdScanConfig;
use crate::create::{self, ACCEPTS, NAMES};
use crate::normalize::{self, Acceptance, REPORT_FIELDS};
use crate::options::CmIdScanOptions;
use crate::wire::Transaction;

/// CM.com ID Scan as a provider.
///
/// ```
/// use idv_cm_id_scan::{CmIdScan, CmIdScanConfig};
/// use idv_core::{Client, call::CallPolicy};
/// # use idv_testkit::{ManualClock, ScriptedTransport, environment};
/// # let environment = environment(&ScriptedTransport::new(), &ManualClock::new(idv_core::Timestamp::UNIX_EPOCH));
///
/// let config = CmIdScanConfig::new("3b438437-04a4-40bb-8389-54bb02766fba", "the account's secret".into());
/// let client = Client::new(CmIdScan::new(config)?, environment, CallPolicy::default());
/// # Ok::<(), idv_core::Error>(())
/// ```
pub struct CmIdScan {
    api: Api,
    guard: CallbackAuth,
    info: VendorInfo,
    acceptance: Acceptance,
    config: CmIdScanConfig,
    customize: Customize<NewTransaction>,
}

impl CmIdScan {
    /// The provider's id.
    pub const ID: ProviderId = normalize::PROVIDER;

    /// The provider as it is configured. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config), which names the key and says what to do.
    pub fn new(config: CmIdScanConfig) -> Result<Self> {
        config.check()?;
        let (api, guard, acceptance) = (Api::new(&config)?, config.auth()?, config.acceptance());
        Ok(Self {
            api,
            guard,
            info: info(&config),
            acceptance,
            config,
            customize: Customize::default(),
        })
    }

    /// The vendor's own API, with everything that the model has no place for.
    #[must_use]
    pub const fn api(&self) -> &Api {
        &self.api
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &CmIdScanConfig {
        &self.config
    }

    /// The webhook to be registered once for the account: at this address, for every event, with the secret that proves them.
    #[must_use]
    pub fn webhook(&self, url: Url) -> NewWebhook {
        self.config.webhook(url)
    }

    /// Registers that webhook. The vendor has webhooks by account and not by transaction, and no call that lists or removes one is documented:
    /// to be done once, and not at every start.
    ///
    /// # Errors
    ///
    /// As [`Api::create_webhook`].
    pub async fn register_webhook(&self, cx: &CallContext, url: Url) -> Result<WebhookCreated> {
        self.api.create_webhook(cx, &self.webhook(url)).await
    }

    /// Sets a function that changes each request before it is checked and sent, in place of an earlier one: for parts of a request that
    /// neither the model nor [`CmIdScanOptions`](crate::CmIdScanOptions) has a field for.
    ///
    /// ```
    /// use idv_core::{Client, NewVerification};
    /// use idv_cm_id_scan::CmIdScan;
    ///
    /// fn customize(client: &Client) {
    ///     if let Some(vendor) = client.vendor::<CmIdScan>() {
    ///         vendor.customize(|new: &NewVerification, transaction| {
    ///             transaction.settings.document_scan.minimum_age = Some(18);
    ///             Ok(())
    ///         });
    ///     }
    /// }
    /// ```
    pub fn customize(
        &self,
        function: impl Fn(&NewVerification, &mut NewTransaction) -> Result<()> + Send + Sync + 'static,
    ) {
        self.customize.set(function);
    }

    /// The transaction for a verification.
    fn transaction(&self, new: &NewVerification) -> Result<NewTransaction> {
        let mut transaction = create::transaction(new, &self.config);
        self.customize
            .prepare::<CmIdScanOptions>(new, &mut transaction)?;
        Ok(transaction)
    }
}

#[async_trait]
impl Provider for CmIdScan {
    fn describe(&self) -> &VendorInfo {
        &self.info
    }

    async fn create(&self, cx: &CallContext, new: &NewVerification) -> Result<CreateResponse> {
        let created = self
            .api
            .create_transaction(cx, &self.transaction(new)?)
            .await;
        let created = created.map_err(|error| error.with_field_named(NAMES))?;
        let now = cx.now();
        let id = VerificationId::new(new.reference.clone(), Some(created.id.into()));
        let mut result = CreateResponse::new(id, HandOff::Redirect(created.url), now);
        result.expires_at = created
            .expires
            .or_else(|| now.checked_add(self.config.lifetime()).ok());
        if new
            .locale
            .as_ref()
            .is_some_and(|locale| Locale::of(locale).is_none())
        {
            result.unsupported_fields.push("locale");
        }
        Ok(result)
    }

    fn capabilities(&self) -> Capabilities<'_> {
        Capabilities {
            polling: Some(self),
            results: Some(self),
            evidence: Some(self),
            // The API asks about one transaction at a time.
            listing: None,
            // The vendor does not take our reference.
            lookup: None,
            // No call is documented.
            deletion: None,
            callbacks: Some(self),
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[async_trait]
impl Polling for CmIdScan {
    async fn poll(&self, cx: &CallContext, id: &VerificationId) -> Result<Observation> {
        let transaction = TransactionId::try_from(id)?;
        let answer = self.api.transaction(cx, &transaction).await?;
        let details = answer.read(Transaction::read)?;
        Ok(normalize::status(&details, idv_core::Channel::Poll).proven(answer.proof()))
    }
}

#[async_trait]
impl Results for CmIdScan {
    async fn fetch(
        &self,
        cx: &CallContext,
        id: &VerificationId,
        handle: Option<&ResultHandle>,
    ) -> Result<Observation> {
        let transaction = TransactionId::try_from(id)?;
        let handle = handle.ok_or_else(|| {
            Error::invalid(
                "handle",
                "a result is known by an id of its own, which comes by an event or with the person's browser",
            )
        })?;
        let result_id = ResultId::try_from(handle)?;
        let answer = self
            .api
            .result(cx, &transaction, &result_id)
            .await
            .map_err(|error| unknown_result(error, &result_id))?;
        let result = answer.read(Transaction::read)?;
        let observation = normalize::result(
            &result,
            Some(&result_id),
            &self.acceptance,
            Some(cx.now()),
            idv_core::Channel::Fetch,
        );
        Ok(observation.proven(answer.proof()))
    }
}

impl Callbacks for CmIdScan {
    fn auth(&self) -> &CallbackAuth {
        &self.guard
    }

    fn spec(&self) -> CallbackSpec {
        callback::SPEC
    }

    fn receive(&self, delivery: &Delivery) -> Result<CallbackMessage> {
        callback::receive(&self.guard, delivery)
    }
}

impl fmt::Debug for CmIdScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CmIdScan")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// The error of a call for a result whose id the vendor cannot have given, since the vendor's are UUIDs: that it is refused means that there
/// is no such result, by whatever status the vendor says so.
fn unknown_result(error: Error, id: &ResultId) -> Error {
    if id.is_uuid() || !matches!(error.http_status(), Some(400 | 422)) {
        return error;
    }
    let not_found = Error::new(ErrorKind::NotFound)
        .detail("the vendor refused the id of the result, which is no UUID")
        .with_effect(error.effect());
    match error.vendor_code().map(str::to_owned) {
        Some(code) => not_found.with_vendor_code(code),
        None => not_found,
    }
}

fn info(config: &CmIdScanConfig) -> VendorInfo {
    let mut info = VendorInfo::new(
        CmIdScan::ID,
        "CM.com ID Scan",
        CreateSafety::Unkeyed,
        HandOffKind::Redirect,
        ReportSource::Fetch,
    );
    info.document = "CM.com ID Scan API, v1";
    info.version = env!("CARGO_PKG_VERSION");
    info.report_fields = REPORT_FIELDS;
    info.accepts = ACCEPTS;
    info.lifetime = Some(config.lifetime());
    // A transaction lives an hour; an event mostly comes first.
    info.poll_interval = Duration::from_secs(30);
    info.manual_steps =
        "ask the account manager at CM.com to delete the transaction; no call for it is documented";
    info
}
