//! The vendor as the model sees it.

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

/// Identify24 as a provider.
///
/// ```
/// use idv_core::{Client, call::CallPolicy};
/// use idv_identify24::{Identify24, Identify24Config};
/// # use idv_testkit::{ManualClock, ScriptedTransport, environment};
/// # let environment = environment(&ScriptedTransport::new(), &ManualClock::new(idv_core::Timestamp::UNIX_EPOCH));
///
/// let config = Identify24Config::new("911-internet", "example-api-key".into(), 6);
/// let client = Client::new(Identify24::new(config)?, environment, CallPolicy::default());
/// # Ok::<(), idv_core::Error>(())
/// ```
pub struct Identify24 {
    api: Api,
    guard: CallbackAuth,
    info: VendorInfo,
    config: Identify24Config,
    customize: Customize<NewIdent>,
}

impl Identify24 {
    /// The provider's id.
    pub const ID: ProviderId = normalize::PROVIDER;

    /// The provider as it is configured. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config), which names the key and says what to do.
    pub fn new(config: Identify24Config) -> Result<Self> {
        let (api, guard) = (Api::new(&config)?, config.auth()?);
        let info = info(&guard);
        Ok(Self {
            api,
            guard,
            info,
            config,
            customize: Customize::default(),
        })
    }

    /// Sets a function that changes each request before it is checked and sent, in place of an earlier one: for parts of a request that
    /// neither the model nor [`Identify24Options`](crate::Identify24Options) has a field for.
    ///
    /// ```
    /// use idv_core::{Client, NewVerification};
    /// use idv_identify24::Identify24;
    ///
    /// fn customize(client: &Client) {
    ///     if let Some(vendor) = client.vendor::<Identify24>() {
    ///         vendor.customize(|new: &NewVerification, ident| {
    ///             ident.company_city = Some("KÖLN".into());
    ///             Ok(())
    ///         });
    ///     }
    /// }
    /// ```
    pub fn customize(
        &self,
        function: impl Fn(&NewVerification, &mut NewIdent) -> Result<()> + Send + Sync + 'static,
    ) {
        self.customize.set(function);
    }

    /// The vendor's own API, for what the model has no place for.
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
        let made = self.api.create_ident(cx, &ident).await?;
        let id = VerificationId::new(new.reference.clone(), Some(made.ident_id.into()));
        let at = cx.now();
        let mut created = CreateResponse::new(id, HandOff::Redirect(made.conference_url), at);
        created.expires_at = at.checked_add(LIFETIME).ok();
        Ok(created)
    }

    fn capabilities(&self) -> Capabilities<'_> {
        Capabilities {
            polling: Some(self),
            // No call gives what an agent found out.
            results: None,
            evidence: None,
            // The API asks about one ident at a time.
            listing: None,
            // No call finds an ident by our reference.
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
    /// Asks for the state.
    ///
    /// If webhooks are proven, they bring the report, and a poll brings none: the little that `ident/get` repeats of the person would
    /// stand for a report that lacks the agent and the reasons. If they are not, it is all that can be believed.
    async fn poll(&self, cx: &CallContext, id: &VerificationId) -> Result<Observation> {
        let ident_id = IdentId::try_from(id)?;
        let answer = self.api.ident(cx, &ident_id).await?;
        let read = read_ident(&answer)?;
        let statuses = &self.config.statuses;
        let observation = if self.guard.proof().is_some() {
            normalize::ident(read.ident()?, statuses, Channel::Poll)
        } else {
            normalize::answer(&read, statuses, Channel::Poll)?
        };
        Ok(observation.proven(answer.proof()))
    }
}

impl Callbacks for Identify24 {
    fn auth(&self) -> &CallbackAuth {
        &self.guard
    }

    fn spec(&self) -> CallbackSpec {
        callback::SPEC
    }

    fn receive(&self, delivery: &Delivery) -> Result<CallbackMessage> {
        callback::receive(&self.guard, &self.config.statuses, delivery)
    }
}

impl fmt::Debug for Identify24 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identify24")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

fn info(guard: &CallbackAuth) -> VendorInfo {
    let report_from = if guard.proof().is_some() {
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
    info.manual_steps = "have Identify24 delete the ident, by its ident_id: the API has no call for it; without that, an ident lives for \
                       90 days where no data retention policy says otherwise";
    info
}
