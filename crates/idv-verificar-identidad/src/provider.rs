//! The vendor as the model sees it.

use std::fmt;
use std::sync::Arc;

use idv_core::call::CallContext;
use idv_core::{
    Callbacks, CreateSafety, Created, Deletion, Delivery, EvidenceSource, Guard, HandOff, HandOffKind, Intake, Listing, Lookup,
    NewVerification, Polling, Profile, Provider, ProviderId, Received, ReportSource, Result, Results, VerificationId,
    async_trait,
};

use crate::api::{Api, SendRequest};
use crate::callback;
use crate::config::VerificarIdentidadConfig;
use crate::create::{self, ACCEPTS, ACCEPTS_WITHOUT_PURPOSE, NAMES};
use crate::normalize::{self, REPORT_FIELDS};

/// Changes a request before it is sent: see [`VerificarIdentidad::preparing_requests`].
type Prepare = Arc<dyn Fn(&NewVerification, &mut SendRequest) -> Result<()> + Send + Sync>;

/// VerificarIdentidad as a provider.
///
/// ```
/// use idv_core::{Client, call::CallPolicy};
/// use idv_verificar_identidad::{VerificarIdentidad, VerificarIdentidadConfig};
/// # use idv_testkit::{ManualClock, ScriptedTransport, environment};
/// # let environment = environment(&ScriptedTransport::new(), &ManualClock::new(idv_core::Timestamp::UNIX_EPOCH));
///
/// let mut config = VerificarIdentidadConfig::new("api-user", "api-token".into());
/// config.callback_secret = Some("0123456789abcdef0123456789abcdef".into());
/// let client = Client::new(VerificarIdentidad::new(config)?, environment, CallPolicy::default());
/// # Ok::<(), idv_core::Error>(())
/// ```
pub struct VerificarIdentidad {
    api: Api,
    guard: Guard,
    profile: Profile,
    config: VerificarIdentidadConfig,
    prepare: Option<Prepare>,
}

impl VerificarIdentidad {
    /// The provider's id.
    pub const ID: ProviderId = normalize::PROVIDER;

    /// The provider as it is configured. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config), which names the key and says what to do: also if nothing would prove reports.
    pub fn new(config: VerificarIdentidadConfig) -> Result<Self> {
        Ok(Self { api: Api::new(&config)?, guard: config.guard()?, profile: profile(&config), config, prepare: None })
    }

    /// The same, with `prepare` changing each request before it is checked and sent: for what the model has no place for, such as the
    /// time at which the message goes out.
    ///
    /// ```
    /// use idv_verificar_identidad::{VerificarIdentidad, VerificarIdentidadConfig};
    ///
    /// let mut config = VerificarIdentidadConfig::new("api-user", "api-token".into());
    /// config.callback_secret = Some("0123456789abcdef0123456789abcdef".into());
    /// let provider = VerificarIdentidad::new(config)?.preparing_requests(|_, request| {
    ///     request.sender = Some("MiBanco".to_owned());
    ///     Ok(())
    /// });
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub fn preparing_requests(
        mut self,
        prepare: impl Fn(&NewVerification, &mut SendRequest) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.prepare = Some(Arc::new(prepare));
        self
    }

    /// The vendor's own API, for what the model has no place for.
    #[must_use]
    pub const fn api(&self) -> &Api {
        &self.api
    }

    fn request(&self, new: &NewVerification) -> Result<SendRequest> {
        let mut request = create::request(new, &self.config)?;
        if let Some(prepare) = &self.prepare {
            prepare(new, &mut request)?;
        }
        request.check().map_err(|error| error.with_field_named(NAMES))?;
        Ok(request)
    }
}

#[async_trait]
impl Provider for VerificarIdentidad {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Has the vendor text the person. Our reference stays here: the vendor has no place for it, so that a creation whose answer was
    /// lost can neither be found nor told from another.
    async fn create(&self, cx: &CallContext, new: &NewVerification) -> Result<Created> {
        let request = self.request(new)?;
        let sent = self.api.send(cx, &request).await?;
        Ok(Created::new(VerificationId::new(new.reference.clone(), Some(sent.id)), HandOff::VendorContactsPerson, cx.now()))
    }

    fn polling(&self) -> Option<&dyn Polling> {
        // The API has no question for a state.
        None
    }

    fn results(&self) -> Option<&dyn Results> {
        // Nor one for a result: it comes with a report, once.
        None
    }

    fn evidence(&self) -> Option<&dyn EvidenceSource> {
        Some(self)
    }

    fn listing(&self) -> Option<&dyn Listing> {
        None
    }

    fn lookup(&self) -> Option<&dyn Lookup> {
        // The vendor never learns our reference.
        None
    }

    fn deletion(&self) -> Option<&dyn Deletion> {
        None
    }

    fn callbacks(&self) -> Option<&dyn Callbacks> {
        Some(self)
    }
}

impl Callbacks for VerificarIdentidad {
    fn guard(&self) -> &Guard {
        &self.guard
    }

    fn intake(&self) -> Intake {
        callback::INTAKE
    }

    fn receive(&self, delivery: &Delivery) -> Result<Received> {
        callback::receive(&self.guard, self.config.rules(), delivery)
    }
}

impl fmt::Debug for VerificarIdentidad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerificarIdentidad").field("config", &self.config).finish_non_exhaustive()
    }
}

fn profile(config: &VerificarIdentidadConfig) -> Profile {
    let mut profile = Profile::new(
        VerificarIdentidad::ID,
        "VerificarIdentidad",
        CreateSafety::Unkeyed,
        HandOffKind::VendorContactsPerson,
        ReportSource::Callback,
    );
    profile.document = "VerificarIdentidad (Mensatek), Identity Verification Send API, version 3.0";
    profile.report_fields = REPORT_FIELDS;
    profile.accepts = if config.says_purposes() { ACCEPTS } else { ACCEPTS_WITHOUT_PURPOSE };
    // The document says of no time after which the link stops working.
    profile.lifetime = None;
    profile.by_hand = "deleting a person's data, finding a request whose answer was lost, and looking up a state: in the vendor's panel; \
                       there also the address that reports are sent to, their format and their HTTP Basic credentials are set";
    profile
}
