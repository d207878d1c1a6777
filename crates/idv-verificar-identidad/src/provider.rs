//! The [`Provider`] implementation.

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

/// The VerificarIdentidad provider.
///
/// ```
/// use idv_core::{Client, call::CallPolicy};
/// use idv_verificar_identidad::{VerificarIdentidad, VerificarIdentidadConfig};
/// # use idv_testkit::{ManualClock, ScriptedTransport, environment};
/// # let clock = ManualClock::new(idv_core::Timestamp::UNIX_EPOCH);
/// # let environment = environment(&ScriptedTransport::new(), &clock);
///
/// let mut config = VerificarIdentidadConfig::new("api-user", "api-token".into());
/// config.callback_secret = "0123456789abcdef0123456789abcdef".into();
/// let client = Client::new(VerificarIdentidad::new(config)?, environment, CallPolicy::default());
/// # Ok::<(), idv_core::Error>(())
/// ```
pub struct VerificarIdentidad {
    api: Api,
    auth: CallbackAuth,
    info: VendorInfo,
    config: VerificarIdentidadConfig,
    customize: Customize<SendRequest>,
}

impl VerificarIdentidad {
    /// The provider's id.
    pub const ID: ProviderId = normalize::PROVIDER;

    /// Creates the provider from a configuration, without sending anything.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// use idv_core::Provider as _;
    /// use idv_verificar_identidad::{VerificarIdentidad, VerificarIdentidadConfig};
    /// # let config = account::config();
    ///
    /// let vendor = VerificarIdentidad::new(config)?;
    /// assert_eq!(vendor.describe().provider, VerificarIdentidad::ID);
    ///
    /// let open = VerificarIdentidadConfig::new("api-user", "api-token".into());
    /// let error = VerificarIdentidad::new(open).unwrap_err();
    /// assert!(error.to_string().contains("reports must be authenticated"));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config), naming the key and the accepted values; also if
    /// reports would not be authenticated.
    pub fn new(config: VerificarIdentidadConfig) -> Result<Self> {
        Ok(Self {
            api: Api::new(&config)?,
            auth: config.auth()?,
            info: info(&config),
            config,
            customize: Customize::default(),
        })
    }

    /// Sets a function that modifies each request before the adapter checks and sends it. It
    /// replaces an earlier function.
    ///
    /// Use it for parts of the request that neither the model nor
    /// [`VerificarIdentidadOptions`](crate::VerificarIdentidadOptions) covers.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// use idv_core::NewVerification;
    /// use idv_verificar_identidad::VerificarIdentidad;
    /// # let client = &account.client;
    /// # account.answer(200, r#"[{"Res":1,"ID":"1283876988","Cred":12345.67}]"#);
    ///
    /// let vendor = client.vendor::<VerificarIdentidad>().expect("the client was built with it");
    /// vendor.customize(|_: &NewVerification, request| {
    ///     request.sender = Some("MiBanco".to_owned());
    ///     Ok(())
    /// });
    /// let mut new = NewVerification::new(client.reference());
    /// new.contact.phone = Some("+34600000001".into());
    /// client.create(&new).await?;
    /// # let requests = account.transport.requests();
    /// # let body = std::str::from_utf8(requests[0].body())?;
    /// // `body` is that of the request.
    /// assert!(body.contains(r#""Remitente":"MiBanco""#));
    /// # Ok(())
    /// # });
    /// ```
    pub fn customize(
        &self,
        function: impl Fn(&NewVerification, &mut SendRequest) -> Result<()> + Send + Sync + 'static,
    ) {
        self.customize.set(function);
    }

    /// Returns the vendor's own API.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// use idv_core::Operation;
    /// use idv_verificar_identidad::VerificarIdentidad;
    /// # let client = &account.client;
    /// # account.answer(200, r#"[{"Res":1,"Cred":12345.67}]"#);
    ///
    /// let vendor = client.vendor::<VerificarIdentidad>().expect("the client was built with it");
    /// let credits = vendor.api().credits(&client.context(Operation::Other)).await?;
    /// assert!(credits.number() > 100.0, "top up the account");
    /// # Ok(())
    /// # });
    /// ```
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

    /// Asks the vendor to text the person.
    ///
    /// The request has no parameter for the application's reference. After a lost response the
    /// verification cannot be found or distinguished from another one.
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
            // The API has no call for a state.
            polling: None,
            // A report brings the result; no call returns it.
            results: None,
            evidence: Some(self),
            listing: None,
            // The vendor does not receive the application's reference.
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
        &self.auth
    }

    fn spec(&self) -> CallbackSpec {
        callback::SPEC
    }

    fn receive(&self, delivery: &Delivery) -> Result<CallbackMessage> {
        callback::receive(&self.auth, self.config.rules(), delivery)
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
    // The vendor reaches the person only by text message.
    info.requires = vec!["contact.phone"];
    // The document does not say when the link expires.
    info.lifetime = None;
    info.manual_steps = "use the vendor's panel to delete a person's data, to find a request after a lost \
         response and to look up a state; it also has the URL, the format and the HTTP Basic \
         credentials of reports";
    info
}
