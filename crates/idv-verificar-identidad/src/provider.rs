//! The vendor as the model sees it.

use std::any::Any;
use std::fmt;

use idv_core::adapter::Customize;
use idv_core::call::CallContext;
use idv_core::{
    CallbackAuth, CallbackMessage, CallbackSpec, Callbacks, Capabilities, CreateResponse,
    CreateSafety, Delivery, HandOff, HandOffKind, NewVerification, Provider, ProviderId,
    ReportSource, Result, VendorInfo, VerificationId, async_trait,
};

use crate::api::{Api, SendRequest};
use crate::callback;
use crate::config::VerificarIdentidadConfig;
use crate::create::{self, ACCEPTS, ACCEPTS_WITHOUT_PURPOSE, NAMES};
use crate::normalize::{self, REPORT_FIELDS};
use crate::options::VerificarIdentidadOptions;

/// VerificarIdentidad as a provider.
///
/// ```
/// use idv_core::{Client, call::CallPolicy};
/// use idv_verificar_identidad::{VerificarIdentidad, VerificarIdentidadConfig};
/// # use idv_testkit::{ManualClock, ScriptedTransport, environment};
/// # let environment = environment(&ScriptedTransport::new(), &ManualClock::new(idv_core::Timestamp::UNIX_EPOCH));
///
/// let mut config = VerificarIdentidadConfig::new("api-user", "api-token".into());
/// config.callback_secret = "0123456789abcdef0123456789abcdef".into();
/// let client = Client::new(VerificarIdentidad::new(config)?, environment, CallPolicy::default());
/// # Ok::<(), idv_core::Error>(())
/// ```
pub struct VerificarIdentidad {
    api: Api,
    guard: CallbackAuth,
    info: VendorInfo,
    config: VerificarIdentidadConfig,
    customize: Customize<SendRequest>,
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
        Ok(Self {
            api: Api::new(&config)?,
            guard: config.auth()?,
            info: info(&config),
            config,
            customize: Customize::default(),
        })
    }

    /// Sets a function that changes each request before it is checked and sent, in place of an earlier one: for parts of a request that
    /// neither the model nor [`VerificarIdentidadOptions`](crate::VerificarIdentidadOptions) has a field for.
    ///
    /// ```
    /// use idv_core::{Client, NewVerification};
    /// use idv_verificar_identidad::VerificarIdentidad;
    ///
    /// fn customize(client: &Client) {
    ///     if let Some(vendor) = client.vendor::<VerificarIdentidad>() {
    ///         vendor.customize(|new: &NewVerification, request| {
    ///             request.number = new.document.number.clone();
    ///             Ok(())
    ///         });
    ///     }
    /// }
    /// ```
    pub fn customize(
        &self,
        function: impl Fn(&NewVerification, &mut SendRequest) -> Result<()> + Send + Sync + 'static,
    ) {
        self.customize.set(function);
    }

    /// The vendor's own API, for what the model has no place for.
    #[must_use]
    pub const fn api(&self) -> &Api {
        &self.api
    }

    fn request(&self, new: &NewVerification) -> Result<SendRequest> {
        let mut request = create::request(new, &self.config)?;
        self.customize
            .prepare::<VerificarIdentidadOptions>(new, &mut request)?;
        request
            .check()
            .map_err(|error| error.with_field_named(NAMES))?;
        Ok(request)
    }
}

#[async_trait]
impl Provider for VerificarIdentidad {
    fn describe(&self) -> &VendorInfo {
        &self.info
    }

    /// Has the vendor text the person. Our reference stays here: the vendor has no place for it, so that a creation whose answer was
    /// lost can neither be found nor told from another.
    async fn create(&self, cx: &CallContext, new: &NewVerification) -> Result<CreateResponse> {
        let request = self.request(new)?;
        let sent = self.api.send(cx, &request).await?;
        Ok(CreateResponse::new(
            VerificationId::new(new.reference.clone(), Some(sent.id)),
            HandOff::VendorContactsPerson,
            cx.now(),
        ))
    }

    fn capabilities(&self) -> Capabilities<'_> {
        Capabilities {
            // The API has no question for a state.
            polling: None,
            // Nor one for a result: it comes with a report, once.
            results: None,
            evidence: Some(self),
            listing: None,
            // The vendor never learns our reference.
            lookup: None,
            deletion: None,
            callbacks: Some(self),
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Callbacks for VerificarIdentidad {
    fn auth(&self) -> &CallbackAuth {
        &self.guard
    }

    fn spec(&self) -> CallbackSpec {
        callback::SPEC
    }

    fn receive(&self, delivery: &Delivery) -> Result<CallbackMessage> {
        callback::receive(&self.guard, self.config.rules(), delivery)
    }
}

impl fmt::Debug for VerificarIdentidad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerificarIdentidad")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

fn info(config: &VerificarIdentidadConfig) -> VendorInfo {
    let mut info = VendorInfo::new(
        VerificarIdentidad::ID,
        "VerificarIdentidad",
        CreateSafety::Unkeyed,
        HandOffKind::VendorContactsPerson,
        ReportSource::Callback,
    );
    info.document = "VerificarIdentidad (Mensatek), Identity Verification Send API, version 3.0";
    info.version = env!("CARGO_PKG_VERSION");
    info.report_fields = REPORT_FIELDS;
    info.accepts = if config.says_purposes() {
        ACCEPTS
    } else {
        ACCEPTS_WITHOUT_PURPOSE
    };
    // The vendor texts the person, and has no other way to reach them.
    info.requires = vec!["contact.phone"];
    // The document says of no time after which the link stops working.
    info.lifetime = None;
    info.manual_steps = "deleting a person's data, finding a request whose answer was lost, and looking up a state: in the vendor's panel; \
                       there also the address that reports are sent to, their format and their HTTP Basic credentials are set";
    info
}
