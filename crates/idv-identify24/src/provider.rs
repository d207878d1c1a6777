//! The [`Provider`] implementation.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use idv_core::adapter::Customize;
use idv_core::call::CallContext;
use idv_core::{
    CallbackAuth, CallbackMessage, CallbackSpec, Callbacks, Capabilities, Channel, CreateResponse,
    CreateSafety, Delivery, HandOff, HandOffKind, NewVerification, Observation, Polling, Provider,
    ProviderId, ReportSource, Result, VendorInfo, VerificationId, async_trait,
};

use crate::api::{Api, IdentId, NewIdent, read_ident};
use crate::callback;
use crate::config::Identify24Config;
use crate::create::{self, ACCEPTS, NAMES, REQUIRES};
use crate::normalize::{self, REPORT_FIELDS};
use crate::options::Identify24Options;

/// The lifetime of an ident ("Lifetime").
const LIFETIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The Identify24 provider.
///
/// ```
/// use idv_core::{Client, call::CallPolicy};
/// use idv_identify24::{Identify24, Identify24Config};
/// # use idv_testkit::{ManualClock, ScriptedTransport, environment};
/// # let clock = ManualClock::new(idv_core::Timestamp::UNIX_EPOCH);
/// # let environment = environment(&ScriptedTransport::new(), &clock);
///
/// let config = Identify24Config::new("911-internet", "example-api-key".into(), 6);
/// let client = Client::new(Identify24::new(config)?, environment, CallPolicy::default());
/// # Ok::<(), idv_core::Error>(())
/// ```
pub struct Identify24 {
    api: Api,
    auth: CallbackAuth,
    info: VendorInfo,
    config: Identify24Config,
    customize: Customize<NewIdent>,
}

impl Identify24 {
    /// The provider's id.
    pub const ID: ProviderId = normalize::PROVIDER;

    /// Creates the provider from a configuration, without sending anything.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// use idv_core::Provider as _;
    /// use idv_identify24::{Identify24, Identify24Config};
    /// # let config = account::config();
    ///
    /// let vendor = Identify24::new(config)?;
    /// assert_eq!(vendor.describe().provider, Identify24::ID);
    ///
    /// let config = Identify24Config::new("911 internet", "example-api-key".into(), 6);
    /// assert!(Identify24::new(config).unwrap_err().to_string().contains("partner"));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config), naming the key and the accepted values.
    pub fn new(config: Identify24Config) -> Result<Self> {
        let (api, auth) = (Api::new(&config)?, config.auth()?);
        let info = info(&auth);
        Ok(Self {
            api,
            auth,
            info,
            config,
            customize: Customize::default(),
        })
    }

    /// Sets a function that modifies each request before the adapter checks and sends it. It
    /// replaces an earlier function.
    ///
    /// Use it for parts of the request that neither the model nor
    /// [`Identify24Options`](crate::Identify24Options) covers.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// use idv_core::NewVerification;
    /// use idv_identify24::Identify24;
    /// # let client = &account.client;
    /// # account::answer_login(&account);
    /// # account.answer(200, r#"{"result":true,"messages":[],
    /// #     "ident_id":"3d1b2c4e-0000-4000-8000-00000000a001"}"#);
    /// # let new = account::person(client.reference());
    ///
    /// let vendor = client.vendor::<Identify24>().expect("the client was built with it");
    /// vendor.customize(|_: &NewVerification, ident| {
    ///     ident.company_city = Some("KÖLN".into());
    ///     Ok(())
    /// });
    /// client.create(&new).await?; // `new` has the required data of a person
    /// # let requests = account.transport.requests();
    /// # let body = std::str::from_utf8(requests[1].body())?;
    /// // `body` is that of the request.
    /// assert!(body.contains(r#""company_city":"KÖLN""#));
    /// # Ok(())
    /// # });
    /// ```
    pub fn customize(
        &self,
        function: impl Fn(&NewVerification, &mut NewIdent) -> Result<()> + Send + Sync + 'static,
    ) {
        self.customize.set(function);
    }

    /// Returns the vendor's own API.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// use idv_core::Operation;
    /// use idv_identify24::Identify24;
    /// # let client = &account.client;
    /// # account::answer_login(&account);
    /// # account.answer(200, r#"{"result":true,"data":[]}"#);
    ///
    /// let api = client.vendor::<Identify24>().expect("the client was built with it").api();
    /// assert!(api.projects(&client.context(Operation::Other)).await?.is_empty());
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub const fn api(&self) -> &Api {
        &self.api
    }

    fn ident(&self, new: &NewVerification) -> Result<NewIdent> {
        let mut ident = create::ident(new, self.config.project_id)?;
        self.customize
            .prepare::<Identify24Options>(new, &mut ident)?;
        ident
            .check()
            .map_err(|error| error.with_field_named(NAMES))?;
        Ok(ident)
    }
}

#[async_trait]
impl Provider for Identify24 {
    fn describe(&self) -> &VendorInfo {
        &self.info
    }

    async fn create(&self, cx: &CallContext, new: &NewVerification) -> Result<CreateResponse> {
        let ident = self.ident(new)?;
        let response = self.api.create_ident(cx, &ident).await?;
        let id = VerificationId::new(new.reference.clone(), Some(response.ident_id.into()));
        let at = cx.now();
        let mut created = CreateResponse::new(id, HandOff::Redirect(response.conference_url), at);
        created.expires_at = at.checked_add(LIFETIME).ok();
        Ok(created)
    }

    fn capabilities(&self) -> Capabilities<'_> {
        Capabilities {
            polling: Some(self),
            // No call returns the agent's findings.
            results: None,
            evidence: None,
            // The API can only query one ident at a time.
            listing: None,
            // No call finds an ident by the application's reference.
            lookup: None,
            deletion: None,
            callbacks: Some(self),
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[async_trait]
impl Polling for Identify24 {
    /// Polls the state of an ident.
    ///
    /// If webhooks are authenticated, they carry the report and a poll has none: the few fields of
    /// `ident/get` would replace a report with the agent's name and the reasons. Otherwise those
    /// fields are the only trusted personal data, and the poll reports them.
    async fn poll(&self, cx: &CallContext, id: &VerificationId) -> Result<Observation> {
        let ident_id = IdentId::try_from(id)?;
        let answer = self.api.ident(cx, &ident_id).await?;
        let read = read_ident(&answer)?;
        let statuses = &self.config.statuses;
        let observation = if self.auth.proof().is_some() {
            normalize::ident(read.ident()?, statuses, Channel::Poll)
        } else {
            normalize::answer(&read, statuses, Channel::Poll)?
        };
        Ok(observation.proven(answer.proof()))
    }
}

impl Callbacks for Identify24 {
    fn auth(&self) -> &CallbackAuth {
        &self.auth
    }

    fn spec(&self) -> CallbackSpec {
        callback::SPEC
    }

    fn receive(&self, delivery: &Delivery) -> Result<CallbackMessage> {
        callback::receive(&self.auth, &self.config.statuses, delivery)
    }
}

impl fmt::Debug for Identify24 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identify24")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

fn info(auth: &CallbackAuth) -> VendorInfo {
    let report_from = if auth.proof().is_some() {
        ReportSource::Callback
    } else {
        ReportSource::Poll
    };
    let mut info = VendorInfo::new(
        Identify24::ID,
        "Identify24 VideoIdent",
        CreateSafety::Unkeyed,
        HandOffKind::Redirect,
        report_from,
    );
    info.document = "Identify API, version 1.0.1 of 12 April 2022";
    info.version = env!("CARGO_PKG_VERSION");
    info.report_fields = REPORT_FIELDS;
    info.accepts = ACCEPTS;
    info.requires = REQUIRES.to_vec();
    info.lifetime = Some(LIFETIME);
    info.poll_interval = Duration::from_secs(60);
    info.manual_steps = "ask Identify24 to delete the ident by its ident_id, because the API has no call for it; \
         otherwise an ident lives for 90 days unless a data retention policy says otherwise";
    info
}
