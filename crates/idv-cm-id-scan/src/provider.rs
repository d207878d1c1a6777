//! The [`Provider`] implementation.

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
    Api, CreateWebhookResponse, Locale, NewTransaction, NewWebhook, ResultId, TransactionId,
};
use crate::callback;
use crate::config::CmIdScanConfig;
use crate::create::{self, ACCEPTS, NAMES};
use crate::normalize::{self, Acceptance, REPORT_FIELDS};
use crate::options::CmIdScanOptions;
use crate::wire::Transaction;

/// The CM.com ID Scan provider.
///
/// ```
/// use idv_cm_id_scan::{CmIdScan, CmIdScanConfig};
/// use idv_core::{Client, call::CallPolicy};
/// # use idv_testkit::{ManualClock, ScriptedTransport, environment};
/// # let clock = ManualClock::new(idv_core::Timestamp::UNIX_EPOCH);
/// # let environment = environment(&ScriptedTransport::new(), &clock);
///
/// let key_id = "3b438437-04a4-40bb-8389-54bb02766fba";
/// let config = CmIdScanConfig::new(key_id, "the account's secret".into());
/// let client = Client::new(CmIdScan::new(config)?, environment, CallPolicy::default());
/// # Ok::<(), idv_core::Error>(())
/// ```
pub struct CmIdScan {
    api: Api,
    auth: CallbackAuth,
    info: VendorInfo,
    acceptance: Acceptance,
    config: CmIdScanConfig,
    customize: Customize<NewTransaction>,
}

impl CmIdScan {
    /// The provider's id.
    pub const ID: ProviderId = normalize::PROVIDER;

    /// Creates the provider from a configuration, without sending anything.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// use idv_cm_id_scan::{CmIdScan, CmIdScanConfig};
    /// # let config = account::config();
    ///
    /// let vendor = CmIdScan::new(config)?;
    /// assert_eq!(vendor.config().callback_header, "X-Callback-Secret");
    ///
    /// let error = CmIdScan::new(CmIdScanConfig::new("", "a secret".into())).unwrap_err();
    /// assert!(error.to_string().contains("key_id"));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config), naming the key and the accepted values.
    pub fn new(config: CmIdScanConfig) -> Result<Self> {
        config.check()?;
        let (api, auth, acceptance) = (Api::new(&config)?, config.auth()?, config.acceptance());
        Ok(Self {
            api,
            auth,
            info: info(&config),
            acceptance,
            config,
            customize: Customize::default(),
        })
    }

    /// Returns the vendor's own API.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// use idv_cm_id_scan::CmIdScan;
    /// use idv_cm_id_scan::api::TransactionId;
    /// use idv_core::Operation;
    /// # let client = &account.client;
    /// # account.answer(200, r#"{"id":"trx-1","state":"pending"}"#);
    ///
    /// let api = client.vendor::<CmIdScan>().expect("the client was built with it").api();
    /// let cx = client.context(Operation::Other);
    /// let answer = api.transaction(&cx, &TransactionId::parse("trx-1")?).await?;
    /// assert!(answer.status.is_success());
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub const fn api(&self) -> &Api {
        &self.api
    }

    /// Returns the configuration.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// # let vendor = account.vendor();
    /// // The settings that the configuration left out have their defaults.
    /// assert_eq!(vendor.config().token_lifetime, 300); // seconds
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub const fn config(&self) -> &CmIdScanConfig {
        &self.config
    }

    /// Builds the account's webhook for every event at this URL, with the secret that authenticates
    /// them. Register it once.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// # let vendor = account.vendor();
    /// let webhook = vendor.webhook("https://www.example.com/webhook".parse()?);
    /// assert_eq!(webhook.events.len(), 2); // every event
    /// assert!(webhook.headers.contains_key("X-Callback-Secret"));
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn webhook(&self, url: Url) -> NewWebhook {
        self.config.webhook(url)
    }

    /// Registers the account's webhook.
    ///
    /// Call this once and not at every start: the vendor has webhooks per account, each call adds
    /// another one, and no documented call lists or removes them.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// # let (vendor, cx) = (account.vendor(), account.context());
    /// # account.answer(201, r#"{"id":"0b6e2d6f-0000-4000-8000-000000000000",
    /// #     "events":["transaction.state.updated","task.state.updated"]}"#);
    /// let url = "https://www.example.com/webhook".parse()?;
    /// let created = vendor.register_webhook(&cx, url).await?;
    /// assert_eq!(created.id, "0b6e2d6f-0000-4000-8000-000000000000");
    /// assert_eq!(account.last_request(), "POST https://api.cm.com/id-scan/v1/webhooks");
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Api::create_webhook`].
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted.
    pub async fn register_webhook(
        &self,
        cx: &CallContext,
        url: Url,
    ) -> Result<CreateWebhookResponse> {
        self.api.create_webhook(cx, &self.webhook(url)).await
    }

    /// Sets a function that modifies each request before the adapter checks and sends it. It
    /// replaces an earlier function.
    ///
    /// Use it for parts of the request that neither the model nor
    /// [`CmIdScanOptions`](crate::CmIdScanOptions) covers.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// use idv_cm_id_scan::CmIdScan;
    /// use idv_core::NewVerification;
    /// # let client = &account.client;
    /// # account.answer(201, r#"{"id":"c3b92333-0000-4000-8000-000000000000","state":"pending",
    /// #     "url":"https://id-scan.identity.cm.com/en-us/identifications/8f14e45fceea167a"}"#);
    ///
    /// let vendor = client.vendor::<CmIdScan>().expect("the client was built with it");
    /// vendor.customize(|_: &NewVerification, transaction| {
    ///     transaction.settings.document_scan.minimum_age = Some(18);
    ///     Ok(())
    /// });
    /// client.create(&NewVerification::new(client.reference())).await?;
    /// # let requests = account.transport.requests();
    /// # let body = std::str::from_utf8(requests[0].body())?;
    /// // `body` is that of the request.
    /// assert!(body.contains(r#""minimumAge":18"#));
    /// # Ok(())
    /// # });
    /// ```
    pub fn customize(
        &self,
        function: impl Fn(&NewVerification, &mut NewTransaction) -> Result<()> + Send + Sync + 'static,
    ) {
        self.customize.set(function);
    }

    /// Builds the transaction of a verification.
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
            // The API can only query one transaction at a time.
            listing: None,
            // The vendor does not accept a reference.
            lookup: None,
            // The document has no call for it.
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
                "expected the id of a result, which an event or the person's browser brings",
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
        &self.auth
    }

    fn spec(&self) -> CallbackSpec {
        callback::SPEC
    }

    fn receive(&self, delivery: &Delivery) -> Result<CallbackMessage> {
        callback::receive(&self.auth, delivery)
    }
}

impl fmt::Debug for CmIdScan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CmIdScan")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// Turns the refusal of an impossible result id into [`NotFound`](ErrorKind::NotFound). The
/// vendor's ids are UUIDs, so any refusal of another id means that there is no such result.
fn unknown_result(error: Error, id: &ResultId) -> Error {
    if id.is_uuid() || !matches!(error.http_status(), Some(400 | 422)) {
        return error;
    }
    let mut not_found = Error::new(ErrorKind::NotFound)
        .detail("the vendor refused the id of the result, which is not a UUID")
        .with_effect(error.effect());
    if let Some(code) = error.vendor_code() {
        not_found = not_found.with_vendor_code(code);
    }
    if let Some(text) = error.vendor_text() {
        not_found = not_found.with_vendor_text(text.expose());
    }
    not_found
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
    // A transaction is valid for an hour, and an event usually arrives first.
    info.poll_interval = Duration::from_secs(30);
    info.manual_steps =
        "ask the account manager at CM.com to delete the transaction; no call for it is documented";
    info
}
